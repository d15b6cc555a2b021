//! An SU: its last report, the order it works on, and for which SIs it may be acting.
//!
//! A report says what was *confirmed*. Between that and the truth lie the order in flight, orders that failed half
//! way, and faults that are not isolated yet; [`SuState::may_act`] covers all of them, and no other SU becomes active
//! for an SI that is in it.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{
    FaultReport, HaReadinessState, HaState, OrderId, OrderOutcome, PresenceState, RecommendedRecovery,
    SuConfig, SuReport, Term,
};
use ais::{Dn, Millis};

use super::Indexed;
use crate::model::{Attributes, Si};

/// What an order in flight does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderKind {
    Instantiate,
    Terminate,
    Restart(Option<Dn>),
    Assign {
        ha: HaState,
        sis: BTreeSet<Dn>,
    },
    Remove(BTreeSet<Dn>),
    Cleanup,
    Repair,
    /// The monitors of a component, or of all, shall run, or not.
    Monitor(Option<Dn>, bool),
}

/// In words, as the timeline has it.
impl std::fmt::Display for OrderKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |sis: &BTreeSet<Dn>| sis.iter().map(Dn::as_str).collect::<Vec<_>>().join(" ");
        match self {
            OrderKind::Instantiate => f.write_str("instantiate"),
            OrderKind::Terminate => f.write_str("terminate"),
            OrderKind::Restart(None) => f.write_str("restart"),
            OrderKind::Restart(Some(comp)) => write!(f, "restart {comp}"),
            OrderKind::Assign { ha, sis } => write!(f, "{ha} for {}", list(sis)),
            OrderKind::Remove(sis) => write!(f, "remove {}", list(sis)),
            OrderKind::Cleanup => f.write_str("clean up"),
            OrderKind::Repair => f.write_str("repair"),
            OrderKind::Monitor(_, true) => f.write_str("start monitors"),
            OrderKind::Monitor(_, false) => f.write_str("stop monitors"),
        }
    }
}

impl OrderKind {
    /// The HA state that it gives.
    pub(crate) fn assigns(&self) -> Option<HaState> {
        match self {
            OrderKind::Assign { ha, .. } => Some(*ha),
            OrderKind::Instantiate
            | OrderKind::Terminate
            | OrderKind::Restart(_)
            | OrderKind::Remove(_)
            | OrderKind::Cleanup
            | OrderKind::Monitor(..)
            | OrderKind::Repair => None,
        }
    }

    /// The SIs for which the SU may be acting because of the order.
    fn activates(&self) -> Option<&BTreeSet<Dn>> {
        match self {
            OrderKind::Assign {
                ha: HaState::Active | HaState::Quiescing,
                sis,
            } => Some(sis),
            OrderKind::Assign {
                ha: HaState::Standby | HaState::Quiesced,
                ..
            }
            | OrderKind::Instantiate
            | OrderKind::Terminate
            | OrderKind::Restart(_)
            | OrderKind::Remove(_)
            | OrderKind::Cleanup
            | OrderKind::Monitor(..)
            | OrderKind::Repair => None,
        }
    }
}

/// An order that was sent and not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) id: OrderId,
    pub(crate) kind: OrderKind,
}

/// The CSIs of an SI with their components, as they were ordered last.
pub(crate) type Given = BTreeMap<Dn, Dn>;

/// An SU.
#[derive(Debug, Clone, Default)]
pub(crate) struct SuState {
    /// What the present session was told.
    pub(crate) config: Option<SuConfig>,
    pub(crate) report: Option<SuReport>,
    pub(crate) in_flight: Option<InFlight>,
    /// SIs for which the SU may be serving, whatever was confirmed.
    pub(crate) may_act: BTreeSet<Dn>,
    /// SIs that an order failed for; what the SU has of them is not known until they are removed.
    pub(crate) uncertain: BTreeSet<Dn>,
    /// SIs of failed orders that the SU holds all the same: some of its components have another state than it reports,
    /// because they had stopped already, or were not told yet.
    pub(crate) half_done: BTreeSet<Dn>,
    /// What was ordered last for each SI.
    pub(crate) given: BTreeMap<Dn, Given>,
    /// The attributes that were ordered last for each CSI. Of one that it came back with they are not known.
    pub(crate) told: BTreeMap<Dn, Attributes>,
    /// The rank that it was given last as a standby for each SI. One that it came back with is not known.
    pub(crate) standby_ranks: BTreeMap<Dn, u32>,
    /// Orders that failed in a row, without a fault that explains it.
    pub(crate) failures: u32,
    /// No order before this time.
    pub(crate) hold_until: Option<Millis>,
    /// It was repaired, and no auto-adjustment moves work to it before this time (AMF B.02.01 §3.7.1.2).
    pub(crate) probation_until: Option<Millis>,
    /// The operator says that it was repaired.
    pub(crate) repair_wanted: bool,
}

impl Indexed for SuState {
    fn due(&self) -> Option<Millis> {
        [self.hold_until, self.probation_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// Nothing of an SU alone needs a look after each event; its SG is evaluated.
    fn is_open(&self) -> bool {
        false
    }
}

/// Whether the recovery takes the whole SU down, so that "isolated" is said of all its components.
pub(crate) fn takes_su_down(recovery: RecommendedRecovery) -> bool {
    recovery.strength() >= RecommendedRecovery::SuFailover.strength()
        && recovery != RecommendedRecovery::NodeSwitchover
}

/// Whether nothing of the SU runs. Its presence state alone does not say so where only some of its components are
/// pre-instantiable: it follows from these (AMF B.02.01 §3.3.1.1), and others may run.
pub(crate) fn is_down(report: &SuReport) -> bool {
    let comps = report.comps.iter().map(|comp| comp.presence);
    let mut all = comps.chain([report.presence]);
    all.all(|presence| match presence {
        PresenceState::Uninstantiated | PresenceState::InstantiationFailed => true,
        PresenceState::Instantiating
        | PresenceState::Instantiated
        | PresenceState::Terminating
        | PresenceState::Restarting
        | PresenceState::TerminationFailed => false,
    })
}

/// What a report changed.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The order that was answered, with its outcome.
    pub(crate) answered: Option<(InFlight, OrderOutcome)>,
    /// A fault that the report before did not have, or one that became stronger.
    pub(crate) fault: Option<FaultReport>,
    /// Whether there was no fault before it.
    pub(crate) is_new_fault: bool,
    /// Whether the restart of the application is due, and was not before.
    pub(crate) restarts_application: bool,
    /// The presence state before, where it changed.
    pub(crate) presence_before: Option<PresenceState>,
}

impl SuState {
    pub(crate) fn fault(&self) -> Option<&FaultReport> {
        self.report.as_ref().and_then(|report| report.fault.as_ref())
    }

    /// The presence as reported; not instantiated where nothing is.
    pub(crate) fn presence(&self) -> PresenceState {
        self.report
            .as_ref()
            .map_or(PresenceState::Uninstantiated, |report| report.presence)
    }

    /// Whether nothing of it runs, for all that was reported.
    pub(crate) fn is_down(&self) -> bool {
        self.report.as_ref().is_none_or(is_down)
    }

    /// Whether a component of it is in that presence state.
    pub(crate) fn has_comp(&self, presence: PresenceState) -> bool {
        let mut comps = self.report.iter().flat_map(|report| &report.comps);
        comps.any(|comp| comp.presence == presence)
    }

    /// The state that the SU has confirmed for the SI.
    pub(crate) fn held(&self, si: &Dn) -> Option<HaState> {
        let report = self.report.as_ref()?;
        report
            .assignments
            .iter()
            .find(|held| &held.si == si)
            .map(|held| held.ha)
    }

    /// What the SU has confirmed.
    pub(crate) fn holds(&self) -> BTreeMap<Dn, HaState> {
        self.report
            .iter()
            .flat_map(|report| &report.assignments)
            .map(|held| (held.si.clone(), held.ha))
            .collect()
    }

    /// Which component has each CSI of the SI, as confirmed.
    pub(crate) fn placed(&self, si: &Dn) -> Given {
        self.report
            .iter()
            .flat_map(|report| &report.assignments)
            .filter(|held| &held.si == si)
            .flat_map(|held| held.csis.iter().cloned())
            .collect()
    }

    /// How ready the least ready of its components says that it is for the SI.
    pub(crate) fn readiness(&self, si: &Si) -> HaReadinessState {
        let comps = self.report.iter().flat_map(|report| &report.comps);
        let said = comps.flat_map(|comp| &comp.ha_readiness);
        let of_si = said.filter(|(csi, _)| si.csis.iter().any(|own| &own.dn == csi));
        let worst = of_si.map(|(_, state)| *state).max_by_key(|state| state.code());
        worst.unwrap_or(HaReadinessState::ReadyForAssignment)
    }

    /// Whether an order, of whatever director, is being carried out.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight.is_some() || self.works_for_another()
    }

    /// Whether it works on an order that this director, or this session of it, did not give.
    pub(crate) fn works_for_another(&self) -> bool {
        self.in_flight.is_none()
            && self
                .report
                .as_ref()
                .and_then(|report| report.order.as_ref())
                .is_some_and(|order| order.outcome == OrderOutcome::InProgress)
    }

    /// Whether it was told to finish its work for the SI, and has not answered that it has.
    pub(crate) fn is_quiescing(&self, si: &Dn) -> bool {
        let order = self.in_flight.as_ref().map(|order| &order.kind);
        matches!(order, Some(OrderKind::Assign { ha: HaState::Quiescing, sis }) if sis.contains(si))
    }

    /// Whether it holds nothing, is about to get nothing and cannot be acting.
    pub(crate) fn is_empty(&self) -> bool {
        let getting = matches!(
            &self.in_flight,
            Some(InFlight {
                kind: OrderKind::Assign { .. } | OrderKind::Remove(_),
                ..
            })
        );
        !getting
            && self.may_act.is_empty()
            && self.uncertain.is_empty()
            && self
                .report
                .as_ref()
                .is_none_or(|report| report.assignments.is_empty())
    }

    /// The connection to its node is gone. What was last known stays: it may still be so.
    pub(crate) fn disconnect(&mut self) {
        // How far its order came shows in `may_act`; nobody will tell.
        let own = self.in_flight.take().is_some();
        if let Some(report) = self.report.as_mut().filter(|_| own) {
            report.order = None;
        }
        self.config = None;
        self.hold_until = None;
    }

    /// Forgets all that belongs to a session: a new one reports everything anew, or nothing runs any more.
    pub(crate) fn lose_session(&mut self) {
        *self = SuState {
            probation_until: self.probation_until,
            ..SuState::default()
        };
    }

    /// Takes in a report of the present session.
    pub(crate) fn apply(&mut self, report: SuReport, term: Term) -> Applied {
        let mut applied = Applied::default();
        let before = self.report.as_ref();
        let strength = |fault: Option<&FaultReport>| fault.map_or(0, |fault| fault.recovery.strength());
        if strength(report.fault.as_ref()) > strength(before.and_then(|old| old.fault.as_ref())) {
            applied.fault.clone_from(&report.fault);
            applied.is_new_fault = before.is_none_or(|old| old.fault.is_none());
        }
        let restarts = |fault: Option<&FaultReport>| fault.is_some_and(FaultReport::restarts_application);
        applied.restarts_application =
            restarts(report.fault.as_ref()) && !restarts(before.and_then(|old| old.fault.as_ref()));
        let presence_before = self.presence();
        if presence_before != report.presence {
            applied.presence_before = Some(presence_before);
        }
        self.report = Some(report);
        applied.answered = self.take_answer(term);
        if let Some((order, outcome)) = &applied.answered {
            let (order, outcome) = (order.clone(), outcome.clone());
            self.settle(&order, &outcome);
        }
        self.update_may_act();
        applied
    }

    fn take_answer(&mut self, term: Term) -> Option<(InFlight, OrderOutcome)> {
        let answer = self.report.as_ref()?.order.as_ref()?;
        let waiting = self.in_flight.as_ref()?;
        if answer.term != term || answer.id != waiting.id || answer.outcome == OrderOutcome::InProgress {
            return None;
        }
        let outcome = answer.outcome.clone();
        Some((self.in_flight.take()?, outcome))
    }

    /// What an answered order leaves certain and uncertain.
    fn settle(&mut self, order: &InFlight, outcome: &OrderOutcome) {
        match (outcome, &order.kind) {
            (OrderOutcome::Failed(_), OrderKind::Assign { ha, sis }) => {
                // Leaving an active assignment may have failed half way too; it is still confirmed as ACTIVE then.
                if matches!(ha, HaState::Quiesced | HaState::Quiescing) {
                    self.half_done.extend(sis.iter().cloned());
                } else {
                    // What is told to some components of an SU counts for all.
                    let (held, failed): (Vec<Dn>, Vec<Dn>) =
                        sis.iter().cloned().partition(|si| self.held(si) == Some(*ha));
                    self.half_done.extend(held);
                    self.uncertain.extend(failed);
                }
            }
            (OrderOutcome::Done, OrderKind::Assign { sis, .. } | OrderKind::Remove(sis)) => {
                self.uncertain.retain(|si| !sis.contains(si));
                self.half_done.retain(|si| !sis.contains(si));
            }
            (OrderOutcome::Done, OrderKind::Cleanup | OrderKind::Terminate) => {
                self.uncertain.clear();
                self.half_done.clear();
            }
            // A repaired component has lost what it had; it is ordered anew.
            (OrderOutcome::Done, OrderKind::Repair) => {
                let mut given = std::mem::take(&mut self.given);
                given.retain(|si, comps| self.placed(si) == *comps);
                self.given = given;
            }
            (OrderOutcome::Done, OrderKind::Instantiate | OrderKind::Restart(_) | OrderKind::Monitor(..))
            | (
                OrderOutcome::Failed(_),
                OrderKind::Instantiate
                | OrderKind::Terminate
                | OrderKind::Restart(_)
                | OrderKind::Remove(_)
                | OrderKind::Cleanup
                | OrderKind::Monitor(..)
                | OrderKind::Repair,
            )
            | (OrderOutcome::InProgress, _) => {}
        }
        if let (OrderOutcome::Failed(_), Some(ordered)) = (outcome, order.kind.activates()) {
            self.may_act.extend(ordered.iter().cloned());
        }
    }

    /// Adds an order that was just sent.
    pub(crate) fn send(&mut self, order: InFlight) {
        if let Some(sis) = order.kind.activates() {
            self.may_act.extend(sis.iter().cloned());
        }
        // A cleanup may overtake an order; how far that one came will never be told.
        let overtaken = self.in_flight.replace(order);
        if let Some(OrderKind::Assign { sis, .. }) = overtaken.map(|order| order.kind) {
            self.uncertain.extend(sis);
        }
    }

    fn update_may_act(&mut self) {
        let Some(report) = &self.report else {
            return;
        };
        let all_cleaned = is_down(report)
            || (report.assignments.is_empty()
                && report
                    .fault
                    .as_ref()
                    .is_some_and(|fault| fault.isolated && takes_su_down(fault.recovery)));
        if all_cleaned && self.in_flight.is_none() {
            self.half_done.clear();
            self.uncertain.clear();
        }
        let fault_open = report.fault.as_ref().is_some_and(|fault| !fault.isolated);
        let keeps_all = fault_open || report.presence == PresenceState::TerminationFailed;
        let ordered = self.in_flight.as_ref().and_then(|order| order.kind.activates());
        let mut may_act: BTreeSet<Dn> = report
            .assignments
            .iter()
            .filter(|held| matches!(held.ha, HaState::Active | HaState::Quiescing))
            .map(|held| held.si.clone())
            .chain(ordered.into_iter().flatten().cloned())
            .collect();
        may_act.extend(
            self.may_act
                .iter()
                .filter(|si| keeps_all || self.uncertain.contains(*si))
                .cloned(),
        );
        self.may_act = may_act;
    }
}

#[cfg(test)]
mod tests {
    use ais::amf::{AssignmentReport, ErrorSource, OrderReport};

    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    fn report(presence: PresenceState, held: Option<HaState>) -> SuReport {
        let held = held.map(|ha| AssignmentReport {
            si: dn("si=a"),
            ha,
            csis: Vec::new(),
        });
        SuReport {
            su: dn("su=1"),
            presence,
            restart_count: 0,
            comps: Vec::new(),
            assignments: held.into_iter().collect(),
            fault: None,
            order: None,
        }
    }

    fn answered(mut report: SuReport, id: u64, outcome: OrderOutcome) -> SuReport {
        report.order = Some(OrderReport {
            term: Term(1),
            id: OrderId(id),
            outcome,
        });
        report
    }

    fn ordered(held: Option<HaState>, kind: OrderKind) -> SuState {
        let mut su = SuState::default();
        su.apply(report(PresenceState::Instantiated, held), Term(1));
        su.send(InFlight { id: OrderId(1), kind });
        su
    }

    fn assign(ha: HaState) -> OrderKind {
        OrderKind::Assign {
            ha,
            sis: [dn("si=a")].into(),
        }
    }

    /// Held before, the order, held after, its outcome, whether the SU may act then.
    type Case = (Option<HaState>, OrderKind, Option<HaState>, OrderOutcome, bool);

    #[test]
    fn an_su_may_act_from_the_order_until_the_answer_that_ends_it() {
        use HaState::{Active, Quiesced, Quiescing, Standby};
        let done = OrderOutcome::Done;
        let failed = || OrderOutcome::Failed(String::new());
        let table: Vec<Case> = vec![
            (None, assign(Active), Some(Active), done.clone(), true),
            (Some(Standby), assign(Active), Some(Standby), failed(), true),
            (
                Some(Standby),
                assign(Active),
                Some(Standby),
                OrderOutcome::InProgress,
                true,
            ),
            (
                Some(Active),
                assign(Quiesced),
                Some(Active),
                OrderOutcome::InProgress,
                true,
            ),
            (
                Some(Active),
                assign(Quiesced),
                Some(Quiesced),
                done.clone(),
                false,
            ),
            (
                Some(Active),
                assign(Quiescing),
                Some(Quiesced),
                done.clone(),
                false,
            ),
            (
                Some(Active),
                OrderKind::Remove([dn("si=a")].into()),
                None,
                done.clone(),
                false,
            ),
            (None, assign(Standby), Some(Standby), done, false),
            (None, assign(Standby), None, failed(), false),
        ];
        for (before, kind, after, outcome, acts) in table {
            let what = format!("{before:?} {kind:?} {after:?} {outcome:?}");
            let mut su = ordered(before, kind);
            su.apply(
                answered(report(PresenceState::Instantiated, after), 1, outcome),
                Term(1),
            );
            assert_eq!(su.may_act.contains(&dn("si=a")), acts, "{what}");
        }
    }

    #[test]
    fn an_order_that_failed_half_way_is_given_again_for_what_is_held() {
        for ha in [HaState::Active, HaState::Standby] {
            let mut su = ordered(Some(HaState::Standby), assign(ha));
            let failed = OrderOutcome::Failed("a component failed".to_owned());
            su.apply(
                answered(report(PresenceState::Instantiated, Some(ha)), 1, failed),
                Term(1),
            );
            assert!(su.half_done.contains(&dn("si=a")) && su.uncertain.is_empty());
            su.send(InFlight {
                id: OrderId(2),
                kind: assign(ha),
            });
            su.apply(
                answered(
                    report(PresenceState::Instantiated, Some(ha)),
                    2,
                    OrderOutcome::Done,
                ),
                Term(1),
            );
            assert!(su.half_done.is_empty());
        }
    }

    #[test]
    fn a_fault_that_is_not_isolated_and_a_failed_termination_keep_the_work() {
        let mut su = ordered(Some(HaState::Active), assign(HaState::Quiesced));
        let mut open = report(PresenceState::Instantiated, Some(HaState::Quiesced));
        open.fault = Some(FaultReport {
            comp: dn("comp=1"),
            recovery: RecommendedRecovery::ComponentFailover,
            source: ErrorSource::ProcessDied,
            isolated: false,
            with_application: false,
        });
        su.apply(open.clone(), Term(1));
        assert!(!su.may_act.is_empty());
        open.presence = PresenceState::TerminationFailed;
        su.apply(open, Term(1));
        assert!(!su.may_act.is_empty());
        su.in_flight = None;
        su.apply(report(PresenceState::Uninstantiated, None), Term(1));
        assert!(su.may_act.is_empty());
    }

    #[test]
    fn a_script_that_runs_keeps_the_work_of_an_su_whose_other_components_are_down() {
        let mut su = ordered(None, assign(HaState::Active));
        let failed = OrderOutcome::Failed(String::new());
        let mut down = answered(report(PresenceState::Uninstantiated, None), 1, failed);
        let comp = |presence| ais::amf::CompReport {
            comp: dn("comp=script"),
            presence,
            oper: ais::amf::OperState::Enabled,
            restart_count: 0,
            failure: None,
            monitor: ais::amf::MonitorState::None,
            manager: None,
            ha_readiness: Vec::new(),
        };
        down.comps = vec![comp(PresenceState::Instantiated)];
        su.apply(down.clone(), Term(1));
        assert!(su.may_act.contains(&dn("si=a")) && su.uncertain.contains(&dn("si=a")));
        down.comps = vec![comp(PresenceState::Uninstantiated)];
        su.apply(down, Term(1));
        assert!(su.may_act.is_empty() && su.uncertain.is_empty());
    }

    #[test]
    fn answers_of_another_term_or_order_are_not_taken() {
        let mut su = ordered(None, OrderKind::Instantiate);
        let done = |id| answered(report(PresenceState::Instantiated, None), id, OrderOutcome::Done);
        assert!(su.apply(done(1), Term(2)).answered.is_none());
        assert!(su.apply(done(2), Term(1)).answered.is_none());
        assert!(su.is_busy());
        assert!(su.apply(done(1), Term(1)).answered.is_some());
        assert!(!su.is_busy());
    }

    #[test]
    fn the_open_order_of_a_former_director_keeps_the_su_busy() {
        let mut su = SuState::default();
        su.apply(
            answered(
                report(PresenceState::Instantiated, None),
                7,
                OrderOutcome::InProgress,
            ),
            Term(2),
        );
        assert!(su.works_for_another());
    }
}
