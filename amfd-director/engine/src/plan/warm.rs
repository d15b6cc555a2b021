//! Moving an active assignment with the least harm (AMF B.02.01 §3.7.2.3.3): an SU that shall take over from one that is
//! healthy first stands by for it. While it does not, the plan is that it does; then the two change places.

use ais::amf::HaState;

use super::board::{Draft, Role};

/// Holds those moves back whose SU does not stand by yet, where it can.
pub(super) fn stage(draft: &mut Draft<'_>) {
    if draft.board.group.protection.roles_mix {
        for &si in &draft.board.wanted {
            stage_si(draft, si);
        }
    } else {
        for su in draft.pool.clone() {
            stage_su(draft, su);
        }
    }
}

/// Who is active for the SI, healthy and ready to stay so, where somebody else shall be.
fn leaver(draft: &Draft<'_>, si: usize, to: usize) -> Option<usize> {
    let holder = draft.board.active_of(si, &draft.board.usable())?;
    (holder != to && draft.board.fits(Role::Active, holder, si)).then_some(holder)
}

/// Whether the SU has confirmed that it stands by for the SI.
fn stands_by(draft: &Draft<'_>, su: usize, si: usize) -> bool {
    let dn = &draft.board.group.services[si].dn;
    draft.board.member(su).holds.get(dn) == Some(&HaState::Standby)
}

fn stage_si(draft: &mut Draft<'_>, si: usize) {
    let Some(&to) = draft.holders(Role::Active, si).first() else {
        return;
    };
    let Some(from) = leaver(draft, si, to).filter(|_| !stands_by(draft, to, si)) else {
        return;
    };
    let preferred = draft.board.group.services[si].preferred.standby;
    let possible =
        preferred > 0 && draft.has_room(Role::Active, from, si) && draft.has_room(Role::Standby, to, si);
    if !possible {
        return;
    }
    if draft.role(from, si) == Some(Role::Standby) {
        draft.take(Role::Standby, from, si);
    } else if draft.holders(Role::Standby, si).len() >= preferred
        && let Some(&last) = draft.holders(Role::Standby, si).last()
    {
        draft.take(Role::Standby, last, si);
    }
    draft.take(Role::Active, to, si);
    draft.give(Role::Active, from, si);
    draft.give(Role::Standby, to, si);
}

/// Where an SU is standby for all its SIs or active for all: it stands by for all that it shall take over.
fn stage_su(draft: &mut Draft<'_>, to: usize) {
    let board = draft.board;
    let moves: Option<Vec<(usize, usize)>> = board
        .wanted
        .iter()
        .copied()
        .filter(|si| draft.role(to, *si) == Some(Role::Active))
        .map(|si| Some((si, leaver(draft, si, to)?)))
        .collect();
    let Some(moves) = moves.filter(|moves| !moves.is_empty()) else {
        return;
    };
    let serves = board.has_any(to, &[HaState::Active, HaState::Quiescing]);
    let is_warm = moves.iter().all(|(si, _)| stands_by(draft, to, *si));
    let all: Vec<usize> = moves.iter().map(|(si, _)| *si).collect();
    let has_room = moves.len() <= draft.limit(Role::Standby, to)
        && draft.has_seats(Role::Standby, to, &all)
        && moves.iter().all(|(_, from)| {
            let coming = moves.iter().filter(|(_, other)| other == from);
            let coming: Vec<usize> = coming.map(|(si, _)| *si).collect();
            coming.len() <= draft.room(Role::Active, *from) && draft.has_seats(Role::Active, *from, &coming)
        });
    if serves || is_warm || !has_room {
        return;
    }
    for (si, from) in moves {
        // Who keeps an SI active for now stands by for nothing.
        for &other in &board.wanted {
            if draft.role(from, other) == Some(Role::Standby) {
                draft.take(Role::Standby, from, other);
            }
        }
        for standby in draft.holders(Role::Standby, si).to_vec() {
            draft.take(Role::Standby, standby, si);
        }
        draft.take(Role::Active, to, si);
        draft.give(Role::Active, from, si);
        draft.give(Role::Standby, to, si);
    }
}
