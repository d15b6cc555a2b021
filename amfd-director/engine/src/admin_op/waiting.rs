//! What holds up an operation, a shutdown or a restart that concerns many: the one SU or SG that was found last. While it
//! still does, the others need not be looked at, so that an operation on the whole cluster does not make each event cost
//! what the cluster costs.

use ais::Dn;
use ais::amf::PresenceState;

use super::Pending;
use super::goal::Goal;
use crate::Director;
use crate::reason::Reason;

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

    /// The operations on the entity, or on an SG's entities, that are not answered, with what they wait for.
    pub(crate) fn operations_waiting(&self, dn: &Dn) -> Vec<Reason> {
        let concerned = self
            .pending
            .iter()
            .filter(|it| &it.dn == dn || it.sgs.contains(dn));
        let reason = |pending: &Pending| Reason::OperationWaits {
            operation: pending.op,
            object: pending.dn.clone(),
            waits_for: self.waited_in_words(pending),
        };
        concerned.map(reason).collect()
    }

    fn waited_in_words(&self, pending: &Pending) -> String {
        let states = |sg: &Dn| {
            let sus = self.model.sgs.get(sg).into_iter().flat_map(|sg| sg.sus.keys());
            sus.filter_map(|su| Some((su.clone(), self.state.su(su)?)))
                .collect::<Vec<_>>()
        };
        let mut sus = pending.sgs.iter().flat_map(states);
        let ordered = sus.find_map(|(su, state)| {
            let order = state.in_flight.as_ref()?;
            Some(format!("the answer of {su} to the order: {}", order.kind))
        });
        let waited = || self.find_waited(pending).map(|dn| dn.to_string());
        ordered
            .or_else(waited)
            .unwrap_or_else(|| "nothing that is known".to_owned())
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
