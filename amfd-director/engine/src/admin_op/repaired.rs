//! `repaired`: the operator has mended an SU or a node.

use ais::Dn;
use ais::amf::{NodeOrder, PresenceState};

use super::goal::Goal;
use super::obstacle::Obstacle;
use crate::Director;
use crate::state::Stage;

impl Director {
    pub(super) fn repaired_su(&mut self, su: &Dn) -> Result<Goal, Obstacle> {
        let Some((_, _, config)) = self.model.su(su) else {
            return Err(Obstacle::Missing { dn: su.clone() });
        };
        let Some(node) = config.node.clone() else {
            return Err(self.disabled_by(su));
        };
        self.check_node_enabled(&node)?;
        let Some((_, _, config)) = self.model.su(su) else {
            return Err(Obstacle::Missing { dn: su.clone() });
        };
        if self.view().disabled(su, config).is_none() {
            return Err(Obstacle::Enabled { dn: su.clone() });
        }
        self.want_repair(su);
        Ok(Goal::Enabled {
            sus: vec![su.clone()],
        })
    }

    /// The node serves again, and with it those of its SUs that were disabled.
    pub(super) fn repaired_node(&mut self, node: &Dn) -> Result<Goal, Obstacle> {
        let absent = || Obstacle::NodeAbsent { node: node.clone() };
        let Some(state) = self.state.node(node) else {
            return Err(absent());
        };
        // It is enabled when it is back (AMF B.02.01 §3.3.6.2).
        let is_back = state.session.is_some();
        let Some(recovery) = &state.recovery else {
            return Err(if is_back {
                Obstacle::Enabled { dn: node.clone() }
            } else {
                absent()
            });
        };
        if state.is_rebooting() {
            return Err(Obstacle::NodeRebooting { node: node.clone() });
        }
        let sus = self.sus_below(node);
        if let Some(su) = sus.iter().find(|su| self.is_being_vacated(su)) {
            return Err(Obstacle::Recovery {
                on: node.clone(),
                why: format!("{}, and {su} still has assignments", recovery.kind),
            });
        }
        if let Some(state) = self.state.nodes.get_mut(node) {
            state.recovery = None;
        }
        self.send(node, NodeOrder::RepairNode);
        let mut sus: Vec<Dn> = sus.into_iter().filter(|su| self.is_disabled(su)).collect();
        sus.retain(|_| is_back);
        for su in &sus {
            self.want_repair(su);
        }
        Ok(Goal::Enabled { sus })
    }

    /// The node is connected and enabled.
    pub(super) fn check_node_enabled(&self, node: &Dn) -> Result<(), Obstacle> {
        let Some(state) = self.state.node(node).filter(|state| state.session.is_some()) else {
            return Err(Obstacle::NodeAbsent { node: node.clone() });
        };
        match &state.recovery {
            Some(recovery) if recovery.stage == Stage::Rebooting => {
                Err(Obstacle::NodeRebooting { node: node.clone() })
            }
            Some(recovery) => Err(Obstacle::Disabled {
                dn: node.clone(),
                why: format!("the node is disabled by {} and has to be repaired", recovery.kind),
            }),
            None => Ok(()),
        }
    }

    fn disabled_by(&self, su: &Dn) -> Obstacle {
        let config = self.model.su(su).map(|(_, _, config)| config);
        let why = config.and_then(|config| self.view().disabled(su, config));
        Obstacle::Disabled {
            dn: su.clone(),
            why: why.map_or_else(String::new, |reason| reason.to_string()),
        }
    }

    fn is_being_vacated(&self, su: &Dn) -> bool {
        self.su_presence(su) != PresenceState::TerminationFailed
            && self
                .state
                .su(su)
                .is_some_and(|state| state.is_busy() || !state.is_empty())
    }

    fn want_repair(&mut self, su: &Dn) {
        if let Some(state) = self.state.sus.get_mut(su) {
            state.repair_wanted = true;
        }
        self.touch_su(su);
    }

    /// The operator has been told that it did not succeed.
    pub(super) fn forget_repair(&mut self, sus: &[Dn]) {
        for su in sus {
            if let Some(state) = self.state.sus.get_mut(su) {
                state.repair_wanted = false;
            }
        }
    }
}
