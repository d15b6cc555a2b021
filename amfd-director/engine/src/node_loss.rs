//! Nodes that are lost and nodes that come back.
//!
//! A connection that ends says that nobody can be told anything there any more; it does not say that nothing runs there.
//! Where the configuration wants it, the node may come back for a while and nothing happens; then the fence is asked,
//! where there is one; and when it has done its work, or where there is none, the node's work is given to others. What
//! the node may still be doing blocks others until then ([`View::may_act`](crate::state::View::may_act)). A node that
//! comes back after that and still runs something is told to drop everything before it gets work: consistency goes
//! before availability.

use ais::amf::{AdminState, NodeReport, RecommendedRecovery, SuReport};
use ais::{Dn, Millis};

use crate::Director;
use crate::effect::Effect;
use crate::event::{DownCause, FenceId, ModelChange, SessionId};
use crate::publish::SI_ASSIGNMENT;
use crate::reason::Reason;
use crate::state::{Departure, Loss, NodeRecovery, NodeState, Stage, is_down};

impl Director {
    pub(crate) fn node_down(&mut self, node: &Dn, session: SessionId, cause: DownCause) {
        let present = self.state.nodes.get_mut(node);
        let Some(state) = present.filter(|state| state.session == Some(session)) else {
            return;
        };
        let departure = state.departs(cause);
        state.departure = Some(departure);
        self.because(node, departure.reason());
        self.lose_connection(node);
        if !self.model.nodes.contains_key(node) {
            // It left the model before.
            self.state.nodes.remove(node);
        }
    }

    /// The connection of the node is gone.
    pub(crate) fn lose_connection(&mut self, node: &Dn) {
        let locked_in = self.state.admin(node) == AdminState::LockedInstantiation;
        let Some(state) = self.state.nodes.get_mut(node) else {
            return;
        };
        state.session = None;
        state.enabled_away = state.recovery.is_none() && locked_in;
        state.reported = false;
        state.report_until = None;
        state.seen = true;
        let was_taken_over = state.loss == Loss::TakenOver;
        let is_rebooting = state.is_rebooting();
        self.state.strangers.retain(|_, stranger| stranger.node != *node);
        for su in self.sus_on(node) {
            if let Some(state) = self.state.sus.get_mut(&su) {
                state.disconnect();
            }
        }
        let delay = self.loss_delay(node);
        if was_taken_over || is_rebooting || delay == Millis(0) || !self.has_work(node) {
            self.fence_or_take_over(node);
        } else {
            self.because(node, Reason::NodeAwaited { millis: delay.0 });
            let until = self.now.after(delay);
            self.set_loss(node, Loss::Awaited { until });
        }
        self.advance_reset(node);
        self.touch_node(node);
    }

    fn loss_delay(&self, node: &Dn) -> Millis {
        let own = &self.options.node_loss_delays;
        let own = own.get(node.as_str()).or_else(|| own.get(&node.rdn_value()));
        let general = self.model.cluster.node_loss_delay;
        own.copied().or(general).unwrap_or(self.options.node_loss_delay)
    }

    /// How long the work of a node that is connected waits for the node to report what it does.
    pub(crate) fn report_limit(&self) -> Millis {
        let wait = self.model.cluster.node_wait;
        wait.unwrap_or(self.options.node_sync)
    }

    /// A node that is connected has not reported what it does in time. What it does is not known, so it counts as lost;
    /// it may come back with a new connection.
    pub(crate) fn give_up(&mut self, node: &Dn) {
        let Some(state) = self.state.nodes.get_mut(node) else {
            return;
        };
        state.report_until = None;
        let Some(session) = state.session else { return };
        state.departure = Some(Departure::Silent);
        self.because(node, Reason::NodeLost);
        self.out.send.push(Effect::Disconnect {
            node: node.clone(),
            session,
        });
        self.lose_connection(node);
    }

    /// The nodes that may run something for a former director are waited for like others, and fenced where they do not
    /// come.
    pub(crate) fn await_former_holders(&mut self, objects: &[ModelChange]) {
        let Some(until) = self.state.sync_until.filter(|_| self.options.fencing) else {
            return;
        };
        for object in objects {
            let ModelChange::Create { class, dn, .. } = object else {
                continue;
            };
            let su = Some(dn).filter(|_| class == SI_ASSIGNMENT);
            let su = su.and_then(|dn| Dn::new(&dn.rdn_value()).ok());
            let node = su.and_then(|su| self.model.su(&su)?.2.node.clone());
            if let Some(node) = node {
                self.state.nodes.or_default(&node).loss = Loss::Awaited { until };
            }
        }
    }

    fn set_loss(&mut self, node: &Dn, loss: Loss) {
        if let Some(state) = self.state.nodes.get_mut(node) {
            state.loss = loss;
        }
    }

    fn sus_on(&self, node: &Dn) -> Vec<Dn> {
        self.model.sus_on(node).map(|(_, dn, _)| dn.clone()).collect()
    }

    /// Whether some SU of the node holds anything, or may.
    fn has_work(&self, node: &Dn) -> bool {
        self.sus_of(node).any(|su| su.report.is_none() || !su.is_empty())
    }

    /// Whether some SU of the node may be acting for an SI.
    fn may_act(&self, node: &Dn) -> bool {
        let was_taken_over = self
            .state
            .node(node)
            .is_some_and(|state| state.loss == Loss::TakenOver);
        !was_taken_over
            && self
                .sus_of(node)
                .any(|su| su.report.is_none() || !su.may_act.is_empty() || su.works_for_another())
    }

    fn fence_or_take_over(&mut self, node: &Dn) {
        if !self.options.fencing || !self.may_act(node) {
            return self.take_over(node);
        }
        let request = self.state.next_fence();
        self.set_loss(node, Loss::Fencing { request });
        self.because(node, Reason::NodeFencing { node: node.clone() });
        self.out.send.push(Effect::Fence {
            request,
            node: node.clone(),
            reason: format!("the connection to {node} is lost"),
        });
        self.touch_node(node);
    }

    /// The fence has answered.
    pub(crate) fn fence_result(&mut self, request: FenceId, result: Result<(), String>) {
        let asked = |state: &NodeState| state.session.is_none() && state.loss == Loss::Fencing { request };
        let found = self.state.nodes.iter().find(|(_, state)| asked(state));
        let Some(node) = found.map(|(node, _)| node.clone()) else {
            // It came back meanwhile: if the fence has struck, its connection ends.
            return;
        };
        match result {
            Ok(()) => {
                self.because(&node, Reason::NodeFenced);
                self.take_over(&node);
            }
            Err(cause) => {
                let retry_at = self.now.after(self.options.fence_retry);
                let told = cause.clone();
                self.set_loss(&node, Loss::FenceFailed { retry_at, cause });
                let reason = Reason::FenceFailed {
                    node: node.clone(),
                    cause: told,
                };
                self.because(&node, reason);
                self.touch_node(&node);
            }
        }
    }

    /// What the node ran does not run any more, or does not count: others get its work.
    fn take_over(&mut self, node: &Dn) {
        let mut ran = self
            .state
            .node(node)
            .is_some_and(|state| state.loss == Loss::TakenOver);
        for su in self.sus_on(node) {
            if let Some(state) = self.state.sus.get_mut(&su) {
                ran |= state.report.as_ref().is_none_or(runs);
                state.lose_session();
            }
        }
        if ran {
            self.because(node, Reason::NodeTakenOver);
        }
        self.set_loss(node, if ran { Loss::TakenOver } else { Loss::None });
        self.touch_node(node);
    }

    /// Lost nodes whose time is over, and fences that are asked again.
    pub(crate) fn pass_loss_deadlines(&mut self) {
        let now = self.now;
        let due = |state: &NodeState| match state.loss {
            Loss::Awaited { until: at } | Loss::FenceFailed { retry_at: at, .. } => {
                state.session.is_none() && at <= now
            }
            Loss::None | Loss::Fencing { .. } | Loss::TakenOver => false,
        };
        for node in self.state.nodes.due_by(now) {
            if !self.state.node(&node).is_some_and(due) {
                continue;
            }
            if let Some(state) = self.state.nodes.get_mut(&node) {
                state.seen = true;
            }
            self.fence_or_take_over(&node);
        }
    }

    /// Whether the report comes from a node whose work was given to others and that does not know it: the node is told
    /// to drop everything, and nothing that it says counts.
    pub(crate) fn is_returned(&mut self, node: &Dn, report: &NodeReport) -> bool {
        let Some(state) = self
            .state
            .nodes
            .get_mut(node)
            .filter(|state| state.loss == Loss::TakenOver)
        else {
            return false;
        };
        let is_rebooting = state.is_rebooting();
        let still_runs = match report {
            NodeReport::Su(report) => runs(report),
            NodeReport::UnknownSu { .. } => true,
            NodeReport::NotRebooted { .. } | NodeReport::Tracks { .. } | NodeReport::Leaving => false,
            NodeReport::AllReported => {
                if !is_rebooting {
                    state.loss = Loss::None;
                }
                false
            }
        };
        if still_runs && !is_rebooting {
            state.reported = true;
            state.report_until = None;
            state.recovery = Some(NodeRecovery {
                kind: RecommendedRecovery::NodeFailfast,
                comp: node.clone(),
                stage: Stage::Moving,
            });
            self.because(node, Reason::NodeReturned);
            self.reboot(node, "its work was given to others while it was away".to_owned());
            self.touch_node(node);
        }
        // What it dropped, or drops now, may have failed for more than the node.
        if let NodeReport::Su(report) = report
            && (still_runs || is_rebooting)
        {
            self.recover_beyond_node(report);
        }
        still_runs || is_rebooting
    }

    /// The node was told to reboot and its policy is to do nothing.
    pub(crate) fn not_rebooted(&mut self, node: &Dn, reason: String) {
        self.because(
            node,
            Reason::NodeNotRebooted {
                cause: reason.clone(),
            },
        );
        if let Some(state) = self.state.nodes.get_mut(node) {
            state.recovery = Some(NodeRecovery {
                kind: RecommendedRecovery::NodeFailfast,
                comp: node.clone(),
                stage: Stage::NotRebooted { reason },
            });
        }
        self.touch_node(node);
    }
}

/// Whether something of the SU may run.
pub(crate) fn runs(report: &SuReport) -> bool {
    !report.assignments.is_empty() || !is_down(report)
}
