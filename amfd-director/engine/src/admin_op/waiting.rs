//! What holds up an operation, a shutdown or a restart that concerns many: the one SU or SG that was found last. While it
//! still does, the others need not be looked at, so that an operation on the whole cluster does not make each event cost
//! what the cluster costs.

use ais::Dn;
use ais::amf::PresenceState;

use super::Pending;
use super::goal::Goal;
use crate::Director;

impl Director {
    /// Whether what held the operation up at the last look still does, and still moves.
    pub(super) fn still_waits(&self, pending: &Pending) -> bool {
        let Some(last) = &pending.waits_for else {
            return false;
        };
        let sg = self.model.su(last).map_or(last, |(sg, ..)| sg);
        let moves = pending.sgs.contains(sg) && !self.is_idle(sg);
        moves && self.raw.get(&pending.dn).is_some() && self.holds_up(pending, last)
    }

    /// What holds the operation up now, where it waits for all of many.
    pub(super) fn find_waited(&self, pending: &Pending) -> Option<Dn> {
        let found = match &pending.goal {
            Goal::Released { sus } | Goal::Terminated { sus } => {
                sus.iter().find(|su| self.holds_up(pending, su))
            }
            Goal::Settled { .. } | Goal::Restarted { .. } => {
                pending.sgs.iter().find(|sg| self.holds_up(pending, sg))
            }
            Goal::SiReleased
            | Goal::Instantiated { .. }
            | Goal::Swapped { .. }
            | Goal::Adjusted { .. }
            | Goal::Ordered { .. }
            | Goal::Enabled { .. } => None,
        };
        found.cloned()
    }

    fn holds_up(&self, pending: &Pending, dn: &Dn) -> bool {
        match &pending.goal {
            Goal::Released { .. } => !self.is_released(dn),
            Goal::Terminated { .. } => !matches!(
                self.su_presence(dn),
                PresenceState::Uninstantiated | PresenceState::InstantiationFailed
            ),
            Goal::Settled { .. } | Goal::Restarted { .. } => !self.is_idle(dn),
            Goal::SiReleased
            | Goal::Instantiated { .. }
            | Goal::Swapped { .. }
            | Goal::Adjusted { .. }
            | Goal::Ordered { .. }
            | Goal::Enabled { .. } => false,
        }
    }

    /// Whether all SUs in the scope are so; the one that was not at the last look is asked first.
    pub(crate) fn all_below(&mut self, scope: &Dn, is_so: impl Fn(&Director, &Dn) -> bool) -> bool {
        let last = self.waited.get(scope);
        let is_below = |su: &Dn| self.view().scopes(su).any(|above| above == scope);
        if last.is_some_and(|su| is_below(su) && !is_so(self, su)) {
            return false;
        }
        let found = self.sus_below(scope).into_iter().find(|su| !is_so(self, su));
        let Some(su) = found else {
            self.waited.remove(scope);
            return true;
        };
        self.waited.insert(scope.clone(), su);
        false
    }
}
