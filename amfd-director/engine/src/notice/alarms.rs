//! Which alarms hold, and what is told when one begins or ends.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{AdminState, AssignmentState, PresenceState, RecommendedRecovery};
use ais::ntf::{Detail, Item, Notification, Severity};

use super::{AlarmKind, NOTIFYING, info, name_item, notification};
use crate::Director;
use crate::model::Sg;
use crate::publish::Differences;
use crate::reason::Reason;

/// An alarm and its object.
type Alarm = (AlarmKind, Dn);

/// What is raised.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarms {
    /// By SG.
    of_sgs: BTreeMap<Dn, BTreeSet<Alarm>>,
    /// Those of the cluster.
    of_cluster: BTreeSet<Alarm>,
    /// Of a former director, not yet given to their SGs.
    former: Vec<Alarm>,
    /// The connection to the information model is lost.
    impaired: bool,
}

impl Director {
    /// Takes over what a former director raised.
    pub(crate) fn adopt_alarms(&mut self, alarms: Vec<(AlarmKind, Dn)>) {
        self.alarms.former.extend(alarms);
    }

    /// The information model is reachable, or is not.
    pub(crate) fn repository_reachable(&mut self, reachable: bool) {
        self.alarms.impaired = !reachable;
    }

    /// Tells which alarms begin and end, for the SGs that were evaluated in this step and the values that are about to be
    /// published.
    pub(crate) fn tell_alarms(&mut self, touched: &BTreeSet<Dn>, values: &Differences) {
        for dn in touched {
            let before = self.alarms.of_sgs.get(dn).cloned().unwrap_or_default();
            let now = match self.model.sgs.get(dn) {
                Some(sg) if self.gate(sg).is_some() => continue,
                Some(sg) => self.alarms_of(dn, sg, &before, values),
                None => BTreeSet::new(),
            };
            if before != now {
                self.tell_differences(&before, &now);
                if now.is_empty() {
                    self.alarms.of_sgs.remove(dn);
                } else {
                    self.alarms.of_sgs.insert(dn.clone(), now);
                }
            }
        }
        let now = self.alarms_of_cluster();
        if now != self.alarms.of_cluster {
            let before = std::mem::replace(&mut self.alarms.of_cluster, now.clone());
            self.tell_differences(&before, &now);
        }
    }

    /// Gives alarms of a former director to the SGs of their objects; those whose object is gone are over.
    pub(crate) fn sort_former_alarms(&mut self) {
        if self.state.term.0 == 0 {
            // Not started yet.
            return;
        }
        for alarm in std::mem::take(&mut self.alarms.former) {
            let (kind, dn) = &alarm;
            let sg = match kind {
                AlarmKind::SiUnassigned => self.model.si(dn).map(|(sg, ..)| sg.clone()),
                AlarmKind::InstantiationFailed | AlarmKind::CleanupFailed | AlarmKind::Unproxied => {
                    let su = self.model.comp(dn).map(|(su, ..)| su);
                    su.and_then(|su| self.model.su(&su).map(|(sg, ..)| sg.clone()))
                }
                AlarmKind::ServiceImpaired | AlarmKind::ClusterReset => {
                    self.alarms.of_cluster.insert(alarm.clone());
                    continue;
                }
            };
            match sg {
                Some(sg) => {
                    self.touched.insert(sg.clone());
                    self.alarms.of_sgs.entry(sg).or_default().insert(alarm);
                }
                None => self.tell_differences(&[alarm].into(), &BTreeSet::new()),
            }
        }
    }

    fn alarms_of(&self, dn: &Dn, sg: &Sg, before: &BTreeSet<Alarm>, values: &Differences) -> BTreeSet<Alarm> {
        let number = |dn: &Dn, name: &str| self.number_to_show(values, dn, name);
        let unassigned = AssignmentState::Unassigned.code();
        let mut all = BTreeSet::new();
        for si in sg.sis.keys() {
            let alarm = || (AlarmKind::SiUnassigned, si.clone());
            let is_raised = !before.is_empty() && before.contains(&alarm());
            let holds = match number(si, "saAmfSIAssignmentState") {
                // Not known for now.
                None => is_raised,
                Some(state) => state == unassigned && (is_raised || self.is_unserved(dn, sg, si)),
            };
            all.extend(holds.then(alarm));
        }
        for comp in sg.sus.values().flat_map(|su| &su.comps) {
            let alarm = (AlarmKind::Unproxied, comp.dn().clone());
            if self.is_unproxied(comp.dn(), before.contains(&alarm), values) {
                all.insert(alarm);
            }
            let presence = number(comp.dn(), "saAmfCompPresenceState").and_then(PresenceState::from_code);
            let of_comp = |kind| (kind, comp.dn().clone());
            match presence {
                Some(PresenceState::InstantiationFailed) => {
                    all.insert(of_comp(AlarmKind::InstantiationFailed));
                }
                Some(PresenceState::TerminationFailed) => {
                    all.insert(of_comp(AlarmKind::CleanupFailed));
                }
                Some(
                    PresenceState::Uninstantiated
                    | PresenceState::Instantiating
                    | PresenceState::Instantiated
                    | PresenceState::Terminating
                    | PresenceState::Restarting,
                ) => {}
                None if before.is_empty() => {}
                None => {
                    let kept = before.iter().filter(|(_, object)| object == comp.dn());
                    all.extend(kept.cloned());
                }
            }
        }
        all
    }

    /// Whether the component had a proxy and has none any more, where it should have one.
    fn is_unproxied(&self, comp: &Dn, is_raised: bool, values: &Differences) -> bool {
        use PresenceState::{
            Instantiated, Instantiating, InstantiationFailed, Restarting, Terminating, TerminationFailed,
            Uninstantiated,
        };
        if !self.is_proxied(comp) {
            return false;
        }
        let presence = self.number_to_show(values, comp, "saAmfCompPresenceState");
        match (
            self.manager_to_show(values, comp),
            presence.and_then(PresenceState::from_code),
        ) {
            (Some(true), _) | (Some(false), Some(Uninstantiated)) => false,
            (None, _)
            | (_, None)
            | (Some(false), Some(Terminating | InstantiationFailed | TerminationFailed)) => is_raised,
            (Some(false), Some(Instantiated | Instantiating | Restarting)) => {
                is_raised || self.shown_manager(comp).is_some()
            }
        }
    }

    /// Whether nobody is about to serve the SI, which nobody serves.
    ///
    /// DEVIATION(AMF-101): while a recovery is giving the SI to another SU there is no alarm.
    fn is_unserved(&self, dn: &Dn, sg: &Sg, si: &Dn) -> bool {
        let view = self.view();
        let evaluation = self.evaluations.get(dn);
        let target = evaluation.and_then(|evaluation| evaluation.target.sis.get(si));
        if target.is_some_and(|target| !target.active.is_empty()) {
            return false;
        }
        let unassigned = AssignmentState::Unassigned.code();
        let was_served = self
            .shown_number(si, "saAmfSIAssignmentState")
            .is_some_and(|state| state != unassigned);
        // One that was never served is missed where the operator wants it served and nothing moves any more.
        let is_wanted = || {
            let free = |su: &Dn| view.strictest(su).0 == AdminState::Unlocked;
            view.si_wanted(si, &sg.sis[si]).is_ok() && sg.sus.keys().any(free)
        };
        was_served || (is_wanted() && self.is_settled(dn))
    }

    fn alarms_of_cluster(&mut self) -> BTreeSet<Alarm> {
        let mut all = BTreeSet::new();
        if self.alarms.impaired
            && let Ok(service) = Dn::new(NOTIFYING)
        {
            all.insert((AlarmKind::ServiceImpaired, service));
        }
        let in_recovery: Vec<Dn> = self.state.nodes.open().iter().cloned().collect();
        for node in in_recovery {
            let recovery = self.state.node(&node).and_then(|state| state.recovery.as_ref());
            if let Some(recovery) = recovery.filter(|it| it.kind == RecommendedRecovery::ClusterReset) {
                all.insert((AlarmKind::ClusterReset, recovery.comp.clone()));
            }
        }
        all
    }

    fn tell_differences(&mut self, before: &BTreeSet<Alarm>, now: &BTreeSet<Alarm>) {
        for (kind, dn) in before.difference(now) {
            let text = format!("{}: over", alarm_sentence(*kind, dn));
            let mut told = alarm(*kind, dn, Severity::Cleared, text, None);
            told.info.extend(self.alarm_node(*kind, dn));
            self.tell(told);
        }
        for (kind, dn) in now.difference(before) {
            let (cause, repair) = self.alarm_cause(*kind, dn);
            let sentence = alarm_sentence(*kind, dn);
            let text = format!("{sentence}: {cause}; next: {repair}");
            let severity = kind.definition().severity;
            let mut told = alarm(*kind, dn, severity, text, Some(repair));
            told.info.extend(self.alarm_node(*kind, dn));
            self.tell(told);
        }
    }

    /// Why it is so, and the command that comes next.
    fn alarm_cause(&self, kind: AlarmKind, dn: &Dn) -> (String, String) {
        match kind {
            AlarmKind::ServiceImpaired => (
                "the information model is not reachable; services stay protected".to_owned(),
                "perdure status".to_owned(),
            ),
            AlarmKind::InstantiationFailed | AlarmKind::CleanupFailed => {
                let su = self.model.comp(dn).map_or_else(|| dn.clone(), |(su, ..)| su);
                let report = self.state.su(&su).and_then(|state| state.report.as_ref());
                let comps = report.into_iter().flat_map(|report| &report.comps);
                let mut own = comps.filter(|comp| &comp.comp == dn);
                let failure = own.find_map(|comp| comp.failure.as_ref());
                let cause = failure.map_or_else(
                    || "no command says why".to_owned(),
                    |failure| {
                        let (command, path, cause) = (&failure.command, &failure.path, &failure.cause);
                        format!("{command} command {path} failed: {cause}")
                    },
                );
                (cause, format!("mend it, then amf-adm repaired {su}"))
            }
            AlarmKind::ClusterReset => (
                "it recommended that all nodes are rebooted".to_owned(),
                format!("perdure explain {dn}"),
            ),
            AlarmKind::SiUnassigned => {
                let reasons = crate::explain::reasons(self, dn);
                let first = reasons
                    .iter()
                    .find(|reason| !matches!(reason, Reason::NoSuForActive));
                let first = first.or(reasons.first());
                let cause =
                    first.map_or_else(|| "no SU in service serves it".to_owned(), ToString::to_string);
                (cause, format!("perdure explain {dn}"))
            }
            AlarmKind::Unproxied => {
                let proxy = self.shown_manager(dn);
                let proxy =
                    proxy.map_or_else(|| "its proxy".to_owned(), |proxy| format!("its proxy {proxy}"));
                let cause = format!("{proxy} is gone and no other has taken over");
                (cause, format!("perdure explain {dn}"))
            }
        }
    }

    /// The node of the component, as the standard wants it in the alarms of failed commands.
    fn alarm_node(&self, kind: AlarmKind, dn: &Dn) -> Option<Item> {
        if !matches!(kind, AlarmKind::InstantiationFailed | AlarmKind::CleanupFailed) {
            return None;
        }
        let (su, ..) = self.model.comp(dn)?;
        let node = self.model.su(&su)?.2.node.as_ref()?;
        Some(name_item(info::NODE_NAME, node))
    }
}

fn alarm(
    kind: AlarmKind,
    object: &Dn,
    severity: Severity,
    text: String,
    repair: Option<String>,
) -> Notification {
    let definition = kind.definition();
    let detail = Detail::Alarm {
        cause: definition.cause,
        severity,
        repair,
    };
    notification(definition.event, object, definition.minor, text, detail)
}

/// The sentence that the standard wants.
fn alarm_sentence(kind: AlarmKind, dn: &Dn) -> String {
    match kind {
        AlarmKind::ServiceImpaired => "AMF service impaired".to_owned(),
        AlarmKind::InstantiationFailed => format!("Instantiation of Component {dn} failed"),
        AlarmKind::CleanupFailed => format!("Cleanup of Component {dn} failed"),
        AlarmKind::ClusterReset => format!("Failure of Component {dn} triggered cluster reset"),
        AlarmKind::SiUnassigned => {
            format!("SI designated by {dn} has no current active assignments to any SU")
        }
        AlarmKind::Unproxied => format!("Component {dn} has no proxy any more"),
    }
}
