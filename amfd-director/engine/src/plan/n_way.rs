//! N-way (AMF B.02.01 §3.7.4): an SI has one active SU and any number of ranked standbys; an SU may be active for one SI
//! and standby for another.
//!
//! Assignments stay. An SI that lost its active SU gets its first standby that has room, else the SU that it prefers,
//! else the place of the least important SI. Then standbys are filled up, the most important SI first. Where SUs suit an
//! SI equally, the least loaded is taken.

use ais::amf::HaState;

use super::assigned;
use super::board::{Board, Draft, Role};
use super::{Group, Target, warm};
use crate::reason::Reason;

pub(super) fn plan(group: &Group) -> Target {
    let board = Board::new(group);
    let mut draft = Draft::new(&board, assigned::pool(&board));
    if group.adjust {
        prefer_actives(&mut draft);
        even_out(&mut draft);
        prefer_standbys(&mut draft);
        warm::stage(&mut draft);
    } else {
        keep_actives(&mut draft);
        swap(&mut draft);
        restore(&mut draft);
        place(&mut draft);
        keep_standbys(&mut draft);
    }
    fill_standbys(&mut draft);
    draft.into_target(&Reason::SuBeyondAssigned)
}

fn keep_actives(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        let holder = draft.board.active_of(si, &draft.pool);
        if let Some(su) = holder.filter(|su| draft.may(Role::Active, *su, si)) {
            draft.give(Role::Active, su, si);
        }
    }
}

/// The operator's wish: the SI goes to its standby.
fn swap(draft: &mut Draft<'_>) {
    let group = draft.board.group;
    let Some(swap) = &group.swap else { return };
    let position = |dn| group.members.iter().position(|member| &member.dn == dn);
    let si = group
        .services
        .iter()
        .position(|service| Some(&service.dn) == swap.si.as_ref());
    let (Some(from), Some(to), Some(si)) = (position(&swap.from), position(&swap.to), si) else {
        return;
    };
    let both = draft.pool.contains(&from) && draft.pool.contains(&to);
    if !both || !draft.board.wanted.contains(&si) || !draft.may(Role::Active, to, si) {
        return;
    }
    if draft.role(from, si) == Some(Role::Active) {
        draft.take(Role::Active, from, si);
    }
    draft.give(Role::Active, to, si);
    if group.services[si].preferred.standby > 0 && draft.may(Role::Standby, from, si) {
        draft.give(Role::Standby, from, si);
    }
}

/// SIs that nobody is active for go to their first standby with room.
fn restore(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        if !draft.holders(Role::Active, si).is_empty() {
            continue;
        }
        let board = draft.board;
        let standbys = draft.pool.iter().copied();
        let standbys = standbys.filter(|su| board.has(*su, si, HaState::Standby));
        let first = standbys
            .filter(|su| draft.may(Role::Active, *su, si))
            .min_by_key(|su| (board.class(*su, si), *su));
        if let Some(su) = first {
            draft.give(Role::Active, su, si);
        }
    }
}

/// SIs that still have no active SU get room, or the place of a less important SI, which is then looked at again.
fn place(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        if draft.holders(Role::Active, si).is_empty() {
            place_one(draft, Role::Active, si);
        }
    }
}

/// Gives back whether the SI got the role in one more SU.
fn place_one(draft: &mut Draft<'_>, role: Role, si: usize) -> bool {
    if let Some(su) = draft.best(role, si) {
        draft.give(role, su, si);
        return true;
    }
    let Some((other, su)) = draft.victim(role, si, |_| true) else {
        return false;
    };
    draft.take(role, su, other);
    draft.give(role, su, si);
    true
}

/// Present standbys stay, the best ones where there are too many.
fn keep_standbys(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        if draft.holders(Role::Active, si).is_empty() {
            continue;
        }
        let board = draft.board;
        let mut present: Vec<usize> = draft.pool.clone();
        present.retain(|su| board.has(*su, si, HaState::Standby) && draft.may(Role::Standby, *su, si));
        present.sort_by_key(|su| (board.class(*su, si), *su));
        let preferred = board.group.services[si].preferred.standby;
        present.truncate(preferred.saturating_sub(draft.holders(Role::Standby, si).len()));
        for su in present {
            draft.give(Role::Standby, su, si);
        }
    }
}

fn fill_standbys(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        let preferred = draft.board.group.services[si].preferred.standby;
        let is_served = !draft.holders(Role::Active, si).is_empty();
        while is_served && draft.holders(Role::Standby, si).len() < preferred {
            if !place_one(draft, Role::Standby, si) {
                break;
            }
        }
    }
}

/// As if assigned anew; among SUs that suit the SI equally it stays where it is.
fn prefer_actives(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        let board = draft.board;
        let may = draft.pool.iter().copied();
        let may = may.filter(|su| draft.may(Role::Active, *su, si));
        let best = may.min_by_key(|su| {
            let (comes, load) = (!board.serves(*su, si), draft.load(Role::Active, *su));
            let late = comes && board.member(*su).on_probation;
            (late, board.class(*su, si), comes, load, *su)
        });
        if let Some(su) = best {
            draft.give(Role::Active, su, si);
        }
    }
}

/// Moves SIs among SUs that suit them equally until these are evenly loaded; the least important SI first.
fn even_out(draft: &mut Draft<'_>) {
    for &si in draft.board.wanted.iter().rev() {
        let Some(&from) = draft.holders(Role::Active, si).first() else {
            continue;
        };
        let class = draft.board.class(from, si);
        let mut candidates = draft.candidates(Role::Active, si).into_iter();
        let least = candidates.find(|su| !draft.board.member(*su).on_probation);
        let Some(to) = least.filter(|to| draft.board.class(*to, si) == class) else {
            continue;
        };
        if draft.load(Role::Active, to) + 1 < draft.load(Role::Active, from) {
            draft.take(Role::Active, from, si);
            draft.give(Role::Active, to, si);
        }
    }
}

/// The best SUs that are left, as if assigned anew; among equals those that stand by already.
fn prefer_standbys(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        if draft.holders(Role::Active, si).is_empty() {
            continue;
        }
        let board = draft.board;
        let mut best: Vec<usize> = draft.pool.clone();
        best.retain(|su| draft.may(Role::Standby, *su, si));
        best.sort_by_key(|su| {
            let (comes, load) = (
                !board.has(*su, si, HaState::Standby),
                draft.load(Role::Standby, *su),
            );
            let late = comes && board.member(*su).on_probation;
            (late, board.class(*su, si), comes, load, *su)
        });
        best.truncate(board.group.services[si].preferred.standby);
        for su in best {
            draft.give(Role::Standby, su, si);
        }
    }
}
