//! No redundancy (AMF B.02.01 §3.7.6): one SU for each SI, one SI for each SU, no standby; the other SUs are spares.
//!
//! An SI that loses its SU gets a spare, and waits where there is none: no SI is taken from its SU for another
//! (§3.7.6.5).

use ais::amf::HaState;

use super::board::{Board, Draft, Role};
use super::{Group, Target};
use crate::reason::Reason;

/// The SIs in the order of their rank: each stays with the SU in service that has it, else it gets the best SU by rank
/// that has nothing. Where the group is adjusted, each gets the best SU.
pub(super) fn plan(group: &Group) -> Target {
    let board = Board::new(group);
    let pool = board.usable();
    let mut draft = Draft::new(&board, pool);
    if !group.adjust {
        // First those that stay, so that no more important SI takes the SU of one that is served.
        for states in [
            [HaState::Active, HaState::Quiescing],
            [HaState::Quiesced, HaState::Standby],
        ] {
            keep(&mut draft, states);
        }
    }
    for &si in &board.wanted {
        if draft.holders(Role::Active, si).is_empty() {
            place(&mut draft, si);
        }
    }
    draft.into_target(&Reason::SuSpare)
}

fn keep(draft: &mut Draft<'_>, states: [HaState; 2]) {
    for &si in &draft.board.wanted {
        let has = |su: &usize| states.iter().any(|ha| draft.board.has(*su, si, *ha));
        let mut holders = draft.pool.iter().copied().filter(has);
        let holder = holders.find(|su| draft.may(Role::Active, *su, si));
        if let Some(su) = holder.filter(|_| draft.holders(Role::Active, si).is_empty()) {
            draft.give(Role::Active, su, si);
        }
    }
}

/// The best SU with room; among equals the one that has the SI, then one that has nothing.
fn place(draft: &mut Draft<'_>, si: usize) {
    let board = draft.board;
    let free = draft.pool.iter().copied().filter(|su| {
        let member = board.member(*su);
        let vacant = member.holds.is_empty() && member.expects.is_empty() && member.uncertain.is_empty();
        draft.may(Role::Active, *su, si) && (board.group.adjust || vacant)
    });
    let best = free.min_by_key(|su| {
        let member = board.member(*su);
        let idle = member.expects.is_empty();
        let comes = !board.serves(*su, si);
        let late = comes && member.on_probation;
        (late, board.is_degraded(*su, si), member.rank, comes, !idle, *su)
    });
    if let Some(su) = best {
        draft.give(Role::Active, su, si);
    }
}

#[cfg(test)]
mod tests {
    use ais::amf::RedundancyModel;

    use super::super::tests_support::{dn, group, member};
    use super::*;

    #[test]
    fn each_si_has_its_own_su_and_keeps_it() {
        let sis = &["safSi=a", "safSi=b", "safSi=c"];
        let fresh = |name| member(name, &[]);
        let active = |name, si| member(name, &[(si, HaState::Active)]);
        let chosen = |members| {
            let target = plan(&group(RedundancyModel::NoRedundancy, members, sis));
            sis.map(|si| {
                target.sis[&dn(si)]
                    .active
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default()
            })
        };
        assert_eq!(chosen(vec![fresh("s=1"), fresh("s=2")]), ["s=1", "s=2", ""]);
        assert_eq!(
            chosen(vec![fresh("s=1"), active("s=2", "safSi=c"), fresh("s=3")]),
            ["s=1", "s=3", "s=2"]
        );
        let mut faulty = active("s=1", "safSi=a");
        faulty.usable = Err(Reason::SuLocked);
        assert_eq!(
            chosen(vec![faulty, fresh("s=2"), fresh("s=3")]),
            ["s=2", "s=3", ""]
        );
    }
}
