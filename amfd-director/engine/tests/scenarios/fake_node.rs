//! A node director that does what it is told at once, or when it is released.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{
    AssignmentReport, CommandFailure, FaultReport, HaReadinessState, HaState, NodeOrder, NodeReport,
    OperState, OrderOutcome, OrderReport, PresenceState, RecommendedRecovery, SuConfig, SuReport, Term,
};

/// An SU on the node.
struct FakeSu {
    config: SuConfig,
    report: SuReport,
    /// The order that is not carried out yet.
    open: Option<NodeOrder>,
    /// SIs that became active half way: not reported, but some component acts.
    half_done: BTreeSet<Dn>,
}

/// A node.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, not a state")]
pub(crate) struct FakeNode {
    sus: BTreeMap<Dn, FakeSu>,
    /// Orders for these wait.
    pub(crate) held: BTreeSet<Dn>,
    /// The next orders of these fail.
    pub(crate) failing: BTreeSet<Dn>,
    /// Their failure says that another attempt does not help.
    pub(crate) forbidding: BTreeSet<Dn>,
    pub(crate) term: Term,
    pub(crate) reports: Vec<NodeReport>,
    /// It went down as it was told, for a reboot or because it wanted to leave.
    pub(crate) rebooted: bool,
    is_leaving: bool,
    /// It connects the next time and says nothing.
    pub(crate) is_mute: bool,
    /// Its policy is to do nothing when it is told to reboot, beyond killing everything.
    pub(crate) never_reboots: bool,
    /// Its reboot takes longer than the scenario: the connection ends when the scenario says.
    pub(crate) slow_to_reboot: bool,
    not_rebooted: Option<String>,
}

fn set_presence(report: &mut SuReport, presence: PresenceState) {
    report.presence = presence;
    for comp in &mut report.comps {
        comp.presence = presence;
        comp.ha_readiness.clear();
    }
}

impl FakeNode {
    pub(crate) fn take(&mut self, order: NodeOrder) {
        if let Some((id, su)) = order.answered() {
            let su = su.clone();
            let term = self.term;
            let Some(fake) = self.sus.get_mut(&su) else { return };
            fake.report.order = Some(OrderReport {
                term,
                id,
                outcome: OrderOutcome::InProgress,
            });
            fake.open = Some(order);
            if !self.held.contains(&su) {
                self.finish(&su);
            }
            return;
        }
        match order {
            NodeOrder::ConfigureSu(config) => self.configure(config),
            NodeOrder::RemoveSu { su } => {
                self.sus.remove(&su);
            }
            NodeOrder::ReportAll if std::mem::take(&mut self.is_mute) => self.reports.clear(),
            NodeOrder::ReportAll => {
                if let Some(reason) = self.not_rebooted.clone() {
                    self.reports.push(NodeReport::NotRebooted { reason });
                }
                let all: Vec<NodeReport> = self
                    .sus
                    .values()
                    .map(|su| NodeReport::Su(su.report.clone()))
                    .collect();
                if self.is_leaving {
                    self.reports.push(NodeReport::Leaving);
                }
                self.reports.extend(all);
                self.reports.push(NodeReport::AllReported);
            }
            NodeOrder::Reboot { reason } => {
                self.rebooted = !self.slow_to_reboot;
                self.not_rebooted = Some(reason).filter(|_| self.never_reboots);
                self.sus.clear();
            }
            NodeOrder::RepairNode => self.not_rebooted = None,
            NodeOrder::Leave => {
                self.is_leaving = false;
                self.rebooted = true;
                self.sus.clear();
            }
            NodeOrder::ConfigureNode(_)
            | NodeOrder::Instantiate { .. }
            | NodeOrder::Terminate { .. }
            | NodeOrder::Restart { .. }
            | NodeOrder::Assign { .. }
            | NodeOrder::Remove { .. }
            | NodeOrder::Cleanup { .. }
            | NodeOrder::Monitor { .. }
            | NodeOrder::ProtectionGroup(_)
            | NodeOrder::Repair { .. } => {}
        }
    }

    /// Who really acts for which SI: what is confirmed, and what is being taken or given up.
    pub(crate) fn acting(&self) -> Vec<(Dn, Dn)> {
        let mut all = BTreeSet::new();
        for (dn, su) in &self.sus {
            for held in su
                .report
                .assignments
                .iter()
                .filter(|held| held.ha == HaState::Active)
            {
                all.insert((dn.clone(), held.si.clone()));
            }
            if let Some(NodeOrder::Assign {
                ha: HaState::Active,
                sis,
                ..
            }) = &su.open
            {
                all.extend(sis.iter().map(|part| (dn.clone(), part.si.clone())));
            }
            all.extend(su.half_done.iter().map(|si| (dn.clone(), si.clone())));
        }
        all.into_iter().collect()
    }

    /// Whether anything runs here.
    pub(crate) fn runs(&self) -> bool {
        !self.sus.is_empty()
    }

    fn configure(&mut self, config: SuConfig) {
        let report = SuReport::uninstantiated(&config);
        let dn = config.dn.clone();
        let known = self.sus.get_mut(&dn);
        match known {
            Some(su) => su.config = config,
            None => {
                self.sus.insert(
                    dn.clone(),
                    FakeSu {
                        config,
                        report,
                        open: None,
                        half_done: BTreeSet::new(),
                    },
                );
            }
        }
        self.report(&dn);
    }

    fn report(&mut self, su: &Dn) {
        if let Some(su) = self.sus.get(su) {
            self.reports.push(NodeReport::Su(su.report.clone()));
        }
    }

    /// Carries out the open order of the SU.
    pub(crate) fn finish(&mut self, dn: &Dn) {
        let fails = self.failing.remove(dn);
        let Some(su) = self.sus.get_mut(dn) else { return };
        let Some(order) = su.open.take() else { return };
        let pre_instantiable = su
            .config
            .comps
            .iter()
            .any(|comp| comp.category.is_pre_instantiable());
        let outcome = if fails {
            su.half_done.extend(activates(&order));
            match order {
                NodeOrder::Instantiate { .. } => {
                    set_presence(&mut su.report, PresenceState::InstantiationFailed);
                    let forbids_retry = self.forbidding.remove(dn);
                    su.report.comps[0].failure = Some(CommandFailure {
                        command: "INSTANTIATE".to_owned(),
                        path: "/bin/start".to_owned(),
                        cause: "as the scenario wants".to_owned(),
                        stderr: String::new(),
                        forbids_retry,
                    });
                }
                NodeOrder::Terminate { .. } => {
                    set_presence(&mut su.report, PresenceState::TerminationFailed);
                }
                _ => {}
            }
            OrderOutcome::Failed("as the scenario wants".to_owned())
        } else {
            su.half_done.retain(|si| !settles(&order, si));
            carry_out(&mut su.report, order, pre_instantiable);
            OrderOutcome::Done
        };
        if let Some(order) = &mut su.report.order {
            order.outcome = outcome;
        }
        self.report(dn);
    }

    /// A component of the SU fails.
    pub(crate) fn fail(&mut self, dn: &Dn, recovery: RecommendedRecovery, isolated: bool) {
        let Some(su) = self.sus.get_mut(dn) else { return };
        let comp = su.report.comps[0].comp.clone();
        su.report.comps[0].oper = OperState::Disabled;
        // What is due for an earlier failure stays due.
        let before = su.report.fault.take();
        let stronger = before
            .as_ref()
            .map(|fault| fault.recovery)
            .filter(|due| due.strength() > recovery.strength());
        su.report.fault = Some(FaultReport {
            comp: before.as_ref().map_or(comp, |fault| fault.comp.clone()),
            recovery: stronger.unwrap_or(recovery),
            source: ais::amf::ErrorSource::ErrorReport,
            isolated: false,
            with_application: recovery == RecommendedRecovery::ApplicationRestart
                || before.is_some_and(|fault| fault.with_application),
        });
        if let Some(order) = su
            .report
            .order
            .as_mut()
            .filter(|order| order.outcome == OrderOutcome::InProgress)
        {
            order.outcome = OrderOutcome::Failed("a component failed".to_owned());
            su.half_done.extend(su.open.iter().flat_map(activates));
            su.open = None;
        }
        self.report(dn);
        if isolated {
            self.isolate(dn);
        }
    }

    /// A component of the SU failed and cannot be cleaned up; the others go on.
    pub(crate) fn stick(&mut self, dn: &Dn) {
        self.fail(dn, RecommendedRecovery::ComponentFailover, false);
        if let Some(su) = self.sus.get_mut(dn) {
            su.report.presence = PresenceState::TerminationFailed;
            su.report.comps[0].presence = PresenceState::TerminationFailed;
            su.report.comps[0].ha_readiness.clear();
        }
        self.report(dn);
    }

    /// The node has restarted the first component, or the whole SU, by itself.
    pub(crate) fn restart(&mut self, dn: &Dn, whole: bool) {
        let Some(su) = self.sus.get_mut(dn) else { return };
        if whole {
            su.report.restart_count += 1;
        } else {
            su.report.comps[0].restart_count += 1;
        }
        self.report(dn);
    }

    /// The first component says how ready it is for the CSI.
    pub(crate) fn say_ready(&mut self, dn: &Dn, csi: &Dn, state: HaReadinessState) {
        let Some(su) = self.sus.get_mut(dn) else { return };
        let said = &mut su.report.comps[0].ha_readiness;
        said.retain(|(of, _)| of != csi);
        if state != HaReadinessState::ReadyForAssignment {
            said.push((csi.clone(), state));
        }
        self.report(dn);
    }

    /// What failed cannot be cleaned up.
    pub(crate) fn fail_cleanup(&mut self, dn: &Dn) {
        if let Some(su) = self.sus.get_mut(dn) {
            su.report.presence = PresenceState::TerminationFailed;
            su.report.comps[0].presence = PresenceState::TerminationFailed;
            self.report(dn);
        }
    }

    /// What failed is cleaned up.
    pub(crate) fn isolate(&mut self, dn: &Dn) {
        let Some(su) = self.sus.get_mut(dn) else { return };
        let Some(fault) = &mut su.report.fault else { return };
        fault.isolated = true;
        if fault.recovery.strength() >= RecommendedRecovery::SuFailover.strength()
            && fault.recovery != RecommendedRecovery::NodeSwitchover
        {
            set_presence(&mut su.report, PresenceState::Uninstantiated);
            su.report.assignments.clear();
            su.half_done.clear();
        }
        self.report(dn);
    }

    /// It is asked to end.
    pub(crate) fn leave(&mut self) {
        self.is_leaving = true;
        self.reports.push(NodeReport::Leaving);
    }

    /// The process died: nothing runs any more.
    pub(crate) fn crash(&mut self) {
        self.is_leaving = false;
        self.sus.clear();
        self.reports.clear();
    }
}

/// The SIs for which the order makes the SU act.
fn activates(order: &NodeOrder) -> Vec<Dn> {
    match order {
        NodeOrder::Assign {
            ha: HaState::Active,
            sis,
            ..
        } => sis.iter().map(|part| part.si.clone()).collect(),
        _ => Vec::new(),
    }
}

/// Whether the order, carried out, leaves no doubt about the SI.
fn settles(order: &NodeOrder, si: &Dn) -> bool {
    match order {
        NodeOrder::Assign { sis, .. } => sis.iter().any(|part| &part.si == si),
        NodeOrder::Remove { sis, .. } => sis.contains(si),
        NodeOrder::Cleanup { .. } | NodeOrder::Terminate { .. } => true,
        _ => false,
    }
}

fn carry_out(report: &mut SuReport, order: NodeOrder, pre_instantiable: bool) {
    match order {
        NodeOrder::Instantiate { .. } => set_presence(report, PresenceState::Instantiated),
        NodeOrder::Terminate { .. } => set_presence(report, PresenceState::Uninstantiated),
        NodeOrder::Assign { ha, sis, .. } => {
            // Quiescing is done when it is complete.
            let ha = if ha == HaState::Quiescing {
                HaState::Quiesced
            } else {
                ha
            };
            for part in sis {
                let csis = part
                    .csis
                    .iter()
                    .map(|csi| (csi.csi.clone(), csi.comp.clone()))
                    .collect();
                report.assignments.retain(|held| held.si != part.si);
                report.assignments.push(AssignmentReport {
                    si: part.si,
                    ha,
                    csis,
                });
            }
            report.assignments.sort_by(|a, b| a.si.cmp(&b.si));
            if !pre_instantiable {
                let runs = report.assignments.iter().any(|held| held.ha == HaState::Active);
                let presence = if runs {
                    PresenceState::Instantiated
                } else {
                    PresenceState::Uninstantiated
                };
                set_presence(report, presence);
            }
        }
        NodeOrder::Remove { sis, .. } => report.assignments.retain(|held| !sis.contains(&held.si)),
        NodeOrder::Cleanup { .. } => {
            report.assignments.clear();
            if let Some(fault) = &mut report.fault {
                fault.isolated = true;
            }
            set_presence(report, PresenceState::Uninstantiated);
        }
        NodeOrder::Repair { .. } => {
            report.fault = None;
            for comp in &mut report.comps {
                comp.oper = OperState::Enabled;
            }
            if matches!(
                report.presence,
                PresenceState::InstantiationFailed | PresenceState::TerminationFailed
            ) {
                set_presence(report, PresenceState::Uninstantiated);
                report.assignments.clear();
                for comp in &mut report.comps {
                    comp.failure = None;
                }
            }
        }
        NodeOrder::Restart { .. }
        | NodeOrder::ConfigureNode(_)
        | NodeOrder::ConfigureSu(_)
        | NodeOrder::RemoveSu { .. }
        | NodeOrder::Reboot { .. }
        | NodeOrder::ReportAll
        | NodeOrder::Monitor { .. }
        | NodeOrder::ProtectionGroup(_)
        | NodeOrder::RepairNode
        | NodeOrder::Leave => {}
    }
}
