//! Which SUs of an N-way or N-way active group are used at all (AMF B.02.01 §3.7.4.3, §3.7.5.3): as many as preferred,
//! the rest are spares.

use ais::amf::HaState;

use super::board::Board;
use crate::model::Rank;

/// The SUs that may be assigned, the best first: those that hold something stay; the others follow by rank. Where the
/// group is adjusted, rank alone decides, and an SU on probation gets nothing new. An SU that supports none of the SIs
/// can never be assigned, and takes no place of one that can.
pub(super) fn pool(board: &Board<'_>) -> Vec<usize> {
    let held = [HaState::Active, HaState::Quiescing, HaState::Standby];
    let mut sus = board.usable();
    sus.retain(|su| board.fits_any(*su) || board.has_any(*su, &held));
    sus.sort_by_cached_key(|su| {
        let member = board.member(*su);
        let idle = !board.has_any(*su, &held);
        if board.group.adjust {
            let last = idle && member.on_probation;
            (last, member.rank, idle, *su)
        } else {
            (idle, Rank::FIRST, idle, *su)
        }
    });
    let held = sus.iter().filter(|su| board.has_any(**su, &held)).count();
    let kept = if board.group.adjust { 0 } else { held };
    sus.truncate(board.group.preferred.assigned.max(kept));
    sus.sort_unstable();
    sus
}
