//! Nodes that are asked to leave: what they do is moved first, then their SUs are terminated, and then they may go. The
//! wish is [`Stay`]; that the SUs of such a node are out of service and not wanted follows from it
//! ([`View::serving`](crate::state::View::serving), `life_cycle.rs`).

use ais::Dn;
use ais::amf::{NodeOrder, PresenceState};

use crate::Director;
use crate::reason::Reason;
use crate::state::{Stay, SuState, is_failed};

impl Director {
    /// The node's director was asked to end.
    pub(crate) fn node_leaves(&mut self, node: &Dn) {
        let Some(state) = self.state.nodes.get_mut(node) else {
            return;
        };
        if state.stay == Stay::Stays {
            state.stay = Stay::Leaves;
            self.begin_story(format!("{node} is to leave"));
            self.because(node, Reason::NodeLeaving { node: node.clone() });
            self.touch_node(node);
        }
    }

    /// Lets nodes go on which nothing is left to be moved or terminated.
    pub(crate) fn let_go(&mut self) {
        let open: Vec<Dn> = self.state.nodes.open().iter().cloned().collect();
        for node in open {
            let leaves = self.state.node(&node).is_some_and(|state| {
                let is_there = state.session.is_some() && state.reported;
                state.stay == Stay::Leaves && is_there && !state.is_rebooting()
            });
            // On a disabled node nothing is terminated.
            let is_disabled = self
                .state
                .node(&node)
                .is_some_and(|state| state.recovery.is_some());
            let done = |su: &SuState| is_through(su) || (is_disabled && !su.is_busy() && su.is_empty());
            if leaves && self.sus_of(&node).all(done) {
                if let Some(state) = self.state.nodes.get_mut(&node) {
                    state.stay = Stay::MayGo;
                }
                self.send(&node, NodeOrder::Leave);
            }
        }
    }
}

/// Whether nothing can be moved from the SU or terminated of it any more.
fn is_through(su: &SuState) -> bool {
    let presence = su.presence();
    let is_down = presence == PresenceState::Uninstantiated || is_failed(presence);
    let is_cleaned_up = su.fault().is_some_and(|fault| fault.isolated);
    !su.is_busy() && (is_failed(presence) || su.is_empty() && (is_down || is_cleaned_up))
}
