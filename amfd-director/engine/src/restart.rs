//! Restarting what is more than one SU, and SUs that cannot be restarted in place (AMF B.02.01 §7.4.7, §3.12.1.3): the
//! SUs give up their work and are terminated, and when all of them are down they may be instantiated again. The wish is
//! the scope in [`crate::state::State::restarts`]; everything else follows from it. Where a whole SG is in the scope
//! nobody is left to take the work, so it is not reassigned meanwhile.

use ais::Dn;
use ais::amf::PresenceState;

use crate::Director;
use crate::state::{NodeState, is_failed};

impl Director {
    /// Wants the SUs in the scope to be terminated and, when all are, to be instantiated again. A scope that is being
    /// restarted already goes on.
    pub(crate) fn begin_restart(&mut self, scope: &Dn) {
        self.state.restarts.insert(scope.clone());
        self.dirty.extend(self.concerned(scope));
    }

    /// Ends the restarts whose SUs are all down.
    pub(crate) fn advance_restarts(&mut self) {
        let scopes: Vec<Dn> = self.state.restarts.iter().cloned().collect();
        for scope in scopes {
            if self.all_below(&scope, Director::is_down) {
                self.state.restarts.remove(&scope);
                self.dirty.extend(self.concerned(&scope));
            }
        }
    }

    /// Whether nothing is to be terminated of the SU any more: it does not run, but for what could not be terminated, or
    /// its node is not there.
    fn is_down(&self, su: &Dn) -> bool {
        let Some((_, _, config)) = self.model.su(su) else {
            return true;
        };
        // A new director must not take an SU that it has not heard of yet for one that is down.
        let is_open = |node: &Dn| {
            let may_run = self.state.node(node).is_some_and(NodeState::may_run);
            may_run || self.view().is_unreported(node)
        };
        if config.node.as_ref().is_some_and(is_open) {
            return false;
        }
        let Some(state) = self.state.su(su).filter(|state| state.report.is_some()) else {
            return true;
        };
        if self.view().session(config).is_none() {
            return true;
        }
        let stays_down = state.is_empty() && state.presence() == PresenceState::Uninstantiated;
        let runs = state.has_comp(PresenceState::Instantiated) || state.has_comp(PresenceState::Terminating);
        !state.is_busy() && ((is_failed(state.presence()) && !runs) || stays_down)
    }
}
