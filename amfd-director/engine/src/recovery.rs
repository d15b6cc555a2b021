//! What faults lead to (AMF B.02.01 §3.12): a failed SU is out of service by itself, and the plan moves its work; here
//! is what goes beyond the SU: the restart of an application, node switchover, failover and failfast, the reset of the
//! cluster, and the reboot that repairs a node. Recovery is never weaker than recommended; node directors escalate.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::{NodeOrder, PresenceState, RecommendedRecovery as Recovery, SuReport};

use crate::Director;
use crate::life_cycle;
use crate::reason::Reason;
use crate::startup::Startup;
use crate::state::{Applied, NodeRecovery, NodeState, Stage, SuState, is_failed};

impl Director {
    /// Deals with a fault or failed presence that a report brought.
    pub(crate) fn recover(&mut self, su: &Dn, applied: &Applied) {
        if let Some(fault) = &applied.fault {
            self.because(
                su,
                Reason::Fault {
                    comp: fault.comp.clone(),
                    recovery: fault.recovery,
                    noticed: fault.source,
                },
            );
            self.recover_from(su, fault.recovery, &fault.comp);
        }
        if applied.restarts_application {
            self.restart_application(su);
        }
        let presence = self
            .state
            .su(su)
            .map_or(PresenceState::Uninstantiated, SuState::presence);
        if applied.presence_before.is_some() && is_failed(presence) {
            self.presence_failed(su, presence);
        }
        if presence == PresenceState::Instantiated {
            self.reboot_has_helped(su);
        }
    }

    fn recover_from(&mut self, su: &Dn, recovery: Recovery, comp: &Dn) {
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
                self.tell_if_by_hand(su, recovery);
            }
            Recovery::NodeSwitchover => self.begin_recovery(&node, Recovery::NodeSwitchover, comp),
            // It may be due beside a stronger one, too.
            Recovery::ApplicationRestart => {}
            Recovery::NodeFailover => self.begin_recovery(&node, Recovery::NodeFailover, comp),
            Recovery::NodeFailfast => self.begin_recovery(&node, Recovery::NodeFailfast, comp),
            Recovery::ClusterReset => self.reset_cluster(comp),
        }
    }

    /// Every node is rebooted, also one that is away or has not connected yet and may run something: when it comes, or not
    /// before it is taken over. Nothing is started before all are down; then the cluster starts as it does at first.
    fn reset_cluster(&mut self, comp: &Dn) {
        let connected = self
            .state
            .nodes
            .iter()
            .filter(|(_, state)| state.session.is_some());
        let connected: BTreeSet<Dn> = connected.map(|(node, _)| node.clone()).collect();
        for node in &connected {
            self.begin_recovery(node, Recovery::ClusterReset, comp);
        }
        let view = self.view();
        let may_run = |node: &&Dn| {
            let state = self.state.node(node);
            state.is_some_and(NodeState::may_run) || view.is_unreported(node)
        };
        let away: Vec<Dn> = self.model.nodes.keys().filter(may_run).cloned().collect();
        self.state.resetting.extend(connected);
        self.state.resetting.extend(away);
        self.touch_all();
    }

    /// A node that the reset of the cluster waits for has told what runs on it: something does, so it is rebooted too.
    pub(crate) fn reset_late_node(&mut self, node: &Dn) {
        if self.state.resetting.contains(node) {
            self.begin_recovery(node, Recovery::ClusterReset, node);
        }
    }

    /// A node that the reset of the cluster waits for has told all; where nothing was to be rebooted it is down.
    pub(crate) fn reset_idle_node(&mut self, node: &Dn) {
        if !self.state.node(node).is_some_and(NodeState::is_rebooting) {
            self.advance_reset(node);
        }
    }

    /// Nodes that have not come in time, or were taken over, are not waited for any more.
    pub(crate) fn end_reset_of_absent(&mut self) {
        let view = self.view();
        let open = |node: &Dn| {
            let state = self.state.node(node);
            state.is_some_and(|state| state.session.is_some() || state.may_run()) || view.is_unreported(node)
        };
        let absent = self.state.resetting.iter().filter(|node| !open(node));
        for node in absent.cloned().collect::<Vec<Dn>>() {
            self.advance_reset(&node);
        }
    }

    /// A node is down; the reset of the cluster goes on when all are.
    pub(crate) fn advance_reset(&mut self, node: &Dn) {
        if self.state.resetting.remove(node) && self.state.resetting.is_empty() {
            self.state.startup_until = Some(self.now.after(self.model.cluster.startup_timeout));
            self.startup = Startup::default();
            self.touch_all();
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

    /// A fault of a node that drops everything anyway may concern more than the node.
    pub(crate) fn recover_beyond_node(&mut self, report: &SuReport) {
        let Some(fault) = &report.fault else {
            return;
        };
        if fault.recovery == Recovery::ClusterReset {
            self.recover_from(&report.su, fault.recovery, &fault.comp);
        }
        if fault.restarts_application() {
            self.restart_application(&report.su);
        }
    }

    /// All SUs of the application are terminated; then they may be instantiated again.
    fn restart_application(&mut self, su: &Dn) {
        if let Some(app) = self.model.su(su).and_then(|(_, sg, _)| sg.app.clone()) {
            self.because(&app, Reason::ApplicationRestart);
            self.begin_restart(&app);
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
            node_config.failfast_on_instantiation_failure && self.reboot_may_help(su, node)
        };
        let restricted = self.model.cluster.restrict_auto_repair && config.in_maintenance;
        if flag && sg.auto_repair && node_config.auto_repair && !restricted {
            let node = node.clone();
            if let Some(state) = self.state.nodes.get_mut(&node) {
                state.rebooted_for.insert(su.clone());
            }
            self.begin_recovery(&node, Recovery::NodeFailfast, su);
        } else {
            self.because(su, Reason::RepairByHand);
        }
    }

    /// Whether a reboot may help an SU that could not be instantiated: once, and not where the component says with its
    /// exit status that it does not (AMF B.02.01 §4.6).
    fn reboot_may_help(&self, su: &Dn, node: &Dn) -> bool {
        let was_tried = self
            .state
            .node(node)
            .is_some_and(|state| state.rebooted_for.contains(su));
        let report = self.state.su(su).and_then(|state| state.report.as_ref());
        let mut failures = report
            .into_iter()
            .flat_map(|report| &report.comps)
            .filter_map(|comp| comp.failure.as_ref());
        !was_tried && !failures.any(|failure| failure.forbids_retry)
    }

    /// An SU that was instantiated may be helped by a reboot again when it fails again.
    fn reboot_has_helped(&mut self, su: &Dn) {
        let node = self.model.su(su).and_then(|(_, _, config)| config.node.clone());
        let was_tried = |node: &Dn| {
            let state = self.state.node(node);
            state.is_some_and(|state| state.rebooted_for.contains(su))
        };
        if let Some(node) = node.filter(was_tried)
            && let Some(state) = self.state.nodes.get_mut(&node)
        {
            state.rebooted_for.remove(su);
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
        if state.recovery.as_ref().is_some_and(|present| {
            present.stage == Stage::Rebooting || present.kind.strength() >= kind.strength()
        }) {
            return;
        }
        state.recovery = Some(NodeRecovery {
            kind,
            comp: comp.clone(),
            stage: Stage::Moving,
        });
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
            Recovery::NodeFailfast | Recovery::ClusterReset => self.reboot_for_recovery(node),
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
                self.state
                    .su(dn)
                    .is_some_and(|state| state.report.is_some() && !(state.is_down() && state.is_empty()))
            })
            .map(|(_, dn, _)| dn.clone())
            .collect();
        for su in sus {
            self.order_cleanup(&su);
        }
    }

    fn reboot_for_recovery(&mut self, node: &Dn) {
        let recovery = self.state.node(node).and_then(|state| state.recovery.as_ref());
        if let Some(recovery) = recovery {
            let cause = format!("{} because of {}", recovery.kind, recovery.comp);
            self.reboot(node, cause);
        }
    }

    /// Ends the recovery of the node by a reboot.
    pub(crate) fn reboot(&mut self, node: &Dn, cause: String) {
        let Some(recovery) = self
            .state
            .nodes
            .get_mut(node)
            .and_then(|state| state.recovery.as_mut())
        else {
            return;
        };
        recovery.stage = Stage::Rebooting;
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
            let state = self.state.node(node).filter(|state| state.session.is_some());
            let recovery = state.and_then(|state| state.recovery.as_ref());
            recovery.is_some_and(|recovery| recovery.stage == Stage::Moving)
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
                self.reboot_for_recovery(&node);
            }
        }
    }

    pub(crate) fn sus_of<'a>(&'a self, node: &Dn) -> impl Iterator<Item = &'a SuState> {
        self.model.sus_on(node).filter_map(|(_, dn, _)| self.state.su(dn))
    }
}
