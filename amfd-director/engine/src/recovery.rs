//! What faults lead to (AMF B.02.01 §3.12): a failed SU is out of service by itself, and the plan moves its work; here
//! is what goes beyond the SU: counting failovers of a node's SUs, node switchover, failover and failfast, and the
//! reboot that repairs the node. Recovery is never weaker than recommended.

use ais::Dn;
use ais::amf::{NodeOrder, PresenceState, RecommendedRecovery as Recovery};

use crate::life_cycle;
use crate::reason::Reason;
use crate::state::{Applied, NodeRecovery, SuState, is_failed};
use crate::{Director, FailoverCounting};

impl Director {
    /// Deals with a fault or failed presence that a report brought. What a node reports when it connects is not counted:
    /// it was counted when it happened.
    pub(crate) fn recover(&mut self, su: &Dn, applied: &Applied, is_resync: bool) {
        if let Some(fault) = &applied.fault {
            self.because(
                su,
                Reason::Fault {
                    comp: fault.comp.clone(),
                    recovery: fault.recovery,
                    noticed: fault.source,
                },
            );
            let count = applied.is_new_fault && !is_resync;
            self.recover_from(su, fault.recovery, &fault.comp, count);
        }
        let presence = self
            .state
            .su(su)
            .map_or(PresenceState::Uninstantiated, SuState::presence);
        if applied.presence_before.is_some() && is_failed(presence) {
            self.presence_failed(su, presence);
        }
    }

    fn recover_from(&mut self, su: &Dn, recovery: Recovery, comp: &Dn, count: bool) {
        let Some(node) = self.model.su(su).and_then(|(_, _, config)| config.node.clone()) else {
            return;
        };
        match recovery {
            Recovery::NoRecommendation
            | Recovery::ComponentRestart
            | Recovery::ContainerRestart
            | Recovery::SuRestart
            | Recovery::ComponentFailover
            | Recovery::SuFailover => {
                if count {
                    self.count_failover(&node, comp);
                }
                self.tell_if_by_hand(su, recovery);
            }
            Recovery::NodeSwitchover => self.begin_recovery(&node, Recovery::NodeSwitchover, comp),
            // Restarting an application is not offered; its SUs' nodes failing over is stronger.
            Recovery::ApplicationRestart | Recovery::NodeFailover => {
                self.begin_recovery(&node, Recovery::NodeFailover, comp);
            }
            Recovery::NodeFailfast => self.begin_recovery(&node, Recovery::NodeFailfast, comp),
            Recovery::ClusterReset => {
                let nodes: Vec<Dn> = self.state.nodes.keys().cloned().collect();
                for node in nodes {
                    self.begin_recovery(&node, Recovery::ClusterReset, comp);
                }
            }
        }
    }

    fn tell_if_by_hand(&mut self, su: &Dn, recovery: Recovery) {
        let by_hand = self
            .model
            .su(su)
            .is_some_and(|(_, sg, config)| !life_cycle::is_automatic(self.view(), sg, config, recovery));
        if by_hand {
            self.because(su, Reason::RepairByHand);
        }
    }

    fn count_failover(&mut self, node: &Dn, comp: &Dn) {
        let (Some(config), Some(state)) = (self.model.nodes.get(node), self.state.nodes.get_mut(node)) else {
            return;
        };
        let count = state.count_failover(self.now, config.su_failover_probation);
        let limit = match self.options.failover_counting {
            FailoverCounting::Specification => config.su_failover_max,
            FailoverCounting::OpenSaf => config
                .su_failover_max
                .saturating_add(u32::from(config.su_failover_max > 0)),
        };
        if count >= limit {
            self.because(node, Reason::NodeEscalated { count });
            self.begin_recovery(node, Recovery::NodeFailover, comp);
        }
    }

    /// An SU could not be started or stopped. The node may be configured to be rebooted for that.
    fn presence_failed(&mut self, su: &Dn, presence: PresenceState) {
        let Some((_, sg, config)) = self.model.su(su) else {
            return;
        };
        let Some((node, node_config)) = config
            .node
            .as_ref()
            .and_then(|node| self.model.nodes.get_key_value(node))
        else {
            return;
        };
        let flag = if presence == PresenceState::TerminationFailed {
            node_config.failfast_on_termination_failure
        } else {
            node_config.failfast_on_instantiation_failure
        };
        let restricted = self.model.cluster.restrict_auto_repair && config.in_maintenance;
        if flag && sg.auto_repair && node_config.auto_repair && !restricted {
            let node = node.clone();
            self.begin_recovery(&node, Recovery::NodeFailfast, su);
        } else {
            self.because(su, Reason::RepairByHand);
        }
    }

    /// Starts a recovery of the node, unless one as strong is under way.
    fn begin_recovery(&mut self, node: &Dn, kind: Recovery, comp: &Dn) {
        let Some(state) = self
            .state
            .nodes
            .get_mut(node)
            .filter(|state| state.session.is_some())
        else {
            return;
        };
        if state
            .recovery
            .as_ref()
            .is_some_and(|present| present.kind.strength() >= kind.strength())
        {
            return;
        }
        state.recovery = Some(NodeRecovery {
            kind,
            comp: comp.clone(),
            rebooting: false,
        });
        state.end_probation();
        self.because(
            node,
            Reason::NodeRecovery {
                recovery: kind,
                comp: comp.clone(),
            },
        );
        self.touch_node(node);
        match kind {
            Recovery::NodeFailover => self.clean_up_node(node),
            Recovery::NodeFailfast | Recovery::ClusterReset => self.reboot(node),
            Recovery::NodeSwitchover
            | Recovery::NoRecommendation
            | Recovery::ComponentRestart
            | Recovery::ComponentFailover
            | Recovery::ApplicationRestart
            | Recovery::ContainerRestart
            | Recovery::SuRestart
            | Recovery::SuFailover => {}
        }
    }

    fn clean_up_node(&mut self, node: &Dn) {
        let sus: Vec<Dn> = self
            .model
            .sus_on(node)
            .filter(|(_, dn, _)| {
                self.state.su(dn).is_some_and(|state| {
                    state.report.is_some()
                        && (state.presence() != PresenceState::Uninstantiated || !state.is_empty())
                })
            })
            .map(|(_, dn, _)| dn.clone())
            .collect();
        for su in sus {
            self.order_cleanup(&su);
        }
    }

    fn reboot(&mut self, node: &Dn) {
        let Some(recovery) = self
            .state
            .nodes
            .get_mut(node)
            .and_then(|state| state.recovery.as_mut())
        else {
            return;
        };
        recovery.rebooting = true;
        let cause = format!("{} because of {}", recovery.kind, recovery.comp);
        self.send(
            node,
            NodeOrder::Reboot {
                reason: cause.clone(),
            },
        );
        self.because(node, Reason::NodeReboot { cause });
    }

    /// Ends node recoveries whose work is moved: by a reboot where the node may be repaired so.
    pub(crate) fn advance_recoveries(&mut self) {
        let in_recovery: Vec<Dn> = self.state.nodes.open().iter().cloned().collect();
        let open = in_recovery.into_iter().filter(|node| {
            let state = self.state.node(node);
            state.is_some_and(|state| state.session.is_some() && !state.is_rebooting())
        });
        let open: Vec<Dn> = open.collect();
        for node in open {
            let stuck = self
                .sus_of(&node)
                .any(|state| state.presence() == PresenceState::TerminationFailed);
            let idle = self.sus_of(&node).all(|state| {
                !state.is_busy() && state.is_empty() && state.fault().is_none_or(|fault| fault.isolated)
            });
            let repairs = self
                .model
                .nodes
                .get(&node)
                .is_some_and(|config| config.auto_repair);
            // What could not be cleaned up can only be stopped by the reboot (OpenSAF practice).
            if stuck || (idle && repairs) {
                self.reboot(&node);
            }
        }
    }

    fn sus_of<'a>(&'a self, node: &Dn) -> impl Iterator<Item = &'a SuState> {
        self.model.sus_on(node).filter_map(|(_, dn, _)| self.state.su(dn))
    }
}
