//! What is done about an error (AMF B.04.01 §3.11.1.3 and §3.11.2).
//!
//! Restarts are carried out here; everything stronger is isolated here and dealt with by the director. A
//! recovery may become stronger than recommended, never weaker.

use ais::Dn;
use ais::amf::{
    CommandFailure, ErrorSource, EscalationCounting, FaultReport, OperState, PresenceState,
    RecommendedRecovery,
};

use crate::comp::{Comp, Kind};
use crate::cx::Cx;
use crate::escalation::Due;
use crate::order::Work;
use crate::presence::ClcEvent;
use crate::su::{Goal, RestartStage, Su};

/// An error of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompError {
    pub(crate) source: ErrorSource,
    pub(crate) recommended: RecommendedRecovery,
    /// For people.
    pub(crate) cause: String,
}

impl CompError {
    /// An error whose recovery the configuration decides.
    pub(crate) fn new(source: ErrorSource, cause: impl Into<String>) -> CompError {
        CompError {
            source,
            recommended: RecommendedRecovery::NoRecommendation,
            cause: cause.into(),
        }
    }
}

/// A fault that the director must deal with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    comp: Dn,
    recovery: RecommendedRecovery,
    source: ErrorSource,
    /// The whole SU is cleaned up, not only the faulty components.
    whole: bool,
    /// The restart of the application was asked for, whatever else was.
    with_application: bool,
}

/// What the node does about a recovery, before the director acts; the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Isolation {
    /// The faulty component is cleaned up.
    Component,
    /// Every component of the SU is cleaned up.
    Su,
    /// Every component of the node is cleaned up.
    Node,
    /// The node is to be rebooted as it is; nothing waits for the faulty component's cleanup.
    Reboot,
}

impl Isolation {
    fn of(recovery: RecommendedRecovery, su_failover: bool) -> Isolation {
        use RecommendedRecovery as R;
        match recovery {
            R::NodeSwitchover if su_failover => Isolation::Su,
            R::NoRecommendation
            | R::ComponentRestart
            | R::ContainerRestart
            | R::SuRestart
            | R::ComponentFailover
            | R::NodeSwitchover => Isolation::Component,
            R::SuFailover | R::ApplicationRestart => Isolation::Su,
            R::NodeFailover => Isolation::Node,
            R::NodeFailfast | R::ClusterReset => Isolation::Reboot,
        }
    }
}

impl Su {
    /// An error of a component.
    pub(crate) fn component_failed(&mut self, at: usize, error: CompError, cx: &mut Cx) {
        let comp = self.comps[at].dn().clone();
        match self.comps[at].presence {
            PresenceState::Uninstantiated
            | PresenceState::InstantiationFailed
            | PresenceState::TerminationFailed => {
                let text = format!("{}: {}; it is not there, ignored", error.source, error.cause);
                cx.note(&comp, text);
            }
            PresenceState::Instantiating => self.start_failed(at, &error, cx),
            PresenceState::Restarting | PresenceState::Terminating => {
                if !self.comps[at].phase.is_stopping_in_order() {
                    self.start_failed(at, &error, cx);
                } else if !is_healthcheck(error.source) {
                    let (cause, source) = (error.cause, error.source);
                    self.with_comp(at, cx, |comp, cx| comp.stop_failed(&cause, source, cx));
                }
            }
            PresenceState::Instantiated => self.recover(at, error, cx),
        }
    }

    /// An error while the component is being started makes the attempt fail; while it is being cleaned up, or
    /// waits, it is no news.
    fn start_failed(&mut self, at: usize, error: &CompError, cx: &mut Cx) {
        if !self.comps[at].phase.is_starting() {
            return;
        }
        let source = error.source;
        let failure: CommandFailure =
            self.comps[at].start_failure(format!("{}: {}", error.source, error.cause), String::new());
        self.with_comp(at, cx, |comp, cx| comp.attempt_failed(failure, source, cx));
    }

    fn recover(&mut self, at: usize, error: CompError, cx: &mut Cx) {
        use RecommendedRecovery as R;
        let comp = self.comps[at].dn().clone();
        self.comps[at].error_source = Some(error.source);
        if error.recommended == R::ContainerRestart
            && self.comps[at].kind == Kind::Contained
            && let Some(container) = self.comps[at].manager.clone()
        {
            // With it ends what it contains, and is recovered then.
            cx.containers
                .push((container, format!("{} asks for it: {}", comp, error.cause)));
            return;
        }
        let wanted = self.transformed(at, error.recommended);
        let what = format!("{}: {}", error.source, error.cause);
        let below_node = wanted.strength() < R::NodeSwitchover.strength();
        if cx.shutting_down || (matches!(self.goal, Goal::Down | Goal::Cleaned) && below_node) {
            cx.note(&comp, format!("{what}; it is being terminated: cleaned up"));
            return self.clean(at, cx);
        }
        if let Some(fault) = &self.fault {
            let text = format!("{what}; joins the fault of {} ({})", fault.comp, fault.recovery);
            cx.note(&comp, text);
            return self.raise_fault(at, wanted, error.source, cx);
        }
        if wanted != R::ComponentRestart {
            cx.note(&comp, format!("{what}; recovery is {wanted}"));
            return self.raise_fault(at, wanted, error.source, cx);
        }
        match self.escalated(cx) {
            Due::CompRestart { count, max } => {
                cx.note(
                    &comp,
                    format!("{what}; component restart {count} (limit {max} in the probation time)"),
                );
                self.comps[at].restart_count = self.comps[at].restart_count.saturating_add(1);
                self.apply(at, ClcEvent::Recover, cx);
            }
            Due::SuRestart { count, max } => {
                cx.note(
                    &comp,
                    format!("{what}; escalated to SU restart {count} (limit {max} in the probation time)"),
                );
                self.restart_count = self.restart_count.saturating_add(1);
                self.goal = Goal::Restart(RestartStage::StopAbruptly);
                cx.moved = true;
            }
            Due::Failover => {
                let recovery = match cx.counting {
                    EscalationCounting::Specification => R::SuFailover,
                    EscalationCounting::OpenSaf => self.failover(),
                };
                cx.note(&comp, format!("{what}; escalated to {recovery}"));
                self.raise_fault(at, recovery, error.source, cx);
            }
        }
    }

    /// The recovery that a recommendation asks for in the component's situation, before restarts are counted.
    fn transformed(&self, at: usize, recommended: RecommendedRecovery) -> RecommendedRecovery {
        use RecommendedRecovery as R;
        let comp = &self.comps[at];
        let wanted = match recommended {
            R::NoRecommendation => comp.config.recovery_on_error,
            given => given,
        };
        match wanted {
            R::ComponentRestart if comp.config.disable_restart || self.holdings.is_quiesced(comp.dn()) => {
                self.failover()
            }
            R::NoRecommendation => R::ComponentRestart,
            R::ComponentFailover | R::SuRestart | R::ContainerRestart => self.failover(),
            R::ComponentRestart
            | R::NodeSwitchover
            | R::NodeFailover
            | R::NodeFailfast
            | R::ClusterReset
            | R::ApplicationRestart
            | R::SuFailover => wanted,
        }
    }

    fn failover(&self) -> RecommendedRecovery {
        if self.fails_over_whole {
            RecommendedRecovery::SuFailover
        } else {
            RecommendedRecovery::ComponentFailover
        }
    }

    /// Counts a component restart. An SU whose restart is not safe now skips that level.
    fn escalated(&mut self, cx: &Cx) -> Due {
        let assigning = self.order.as_ref().is_some_and(|order| {
            order.is_in_progress() && matches!(order.work, Work::Assign(_) | Work::Remove)
        });
        let restartable = |comp: &Comp| !comp.config.disable_restart && !self.holdings.is_quiesced(comp.dn());
        let can_restart = self.goal == Goal::Up
            && !assigning
            && self.comps.iter().all(restartable)
            && !self
                .comps
                .iter()
                .any(|comp| comp.presence == PresenceState::Instantiating);
        self.escalation
            .next(&self.limits, cx.counting, can_restart, cx.now)
    }

    /// Isolates what failed and leaves the rest to the director. What is due for an earlier failure stays due.
    pub(crate) fn raise_fault(
        &mut self,
        at: usize,
        wanted: RecommendedRecovery,
        source: ErrorSource,
        cx: &mut Cx,
    ) {
        let comp = self.comps[at].dn().clone();
        let wanted = if self.fault.is_none() {
            count_failover(&comp, wanted, cx)
        } else {
            wanted
        };
        let recovery = self.at_least(wanted);
        let isolation =
            Isolation::of(recovery, self.fails_over_whole).max(Isolation::of(wanted, self.fails_over_whole));
        let fault = self.fault.get_or_insert_with(|| Fault {
            comp: comp.clone(),
            recovery,
            source,
            whole: false,
            with_application: false,
        });
        fault.recovery = recovery;
        fault.whole |= isolation != Isolation::Component;
        fault.with_application |= wanted == RecommendedRecovery::ApplicationRestart;
        cx.moved = true;
        self.comps[at].faulted = true;
        self.comps[at].oper = OperState::Disabled;
        self.fail_order(&format!("{comp} failed: {recovery} is due"), cx);
        match isolation {
            Isolation::Component => self.clean(at, cx),
            Isolation::Su => self.goal = Goal::Cleaned,
            Isolation::Node => {
                self.goal = Goal::Cleaned;
                cx.node_failover = Some(format!("{recovery} of {comp}"));
            }
            Isolation::Reboot => {
                if recovery == RecommendedRecovery::NodeFailfast && !cx.director {
                    cx.reboot = Some(format!("{recovery} of {comp}, and no director is there"));
                } else {
                    // DEVIATION(AMF-001): nothing waits for this cleanup, and the reboot may not come.
                    self.clean(at, cx);
                }
            }
        }
    }

    /// The attempts to start a component are used up.
    pub(crate) fn instantiation_failed(&mut self, at: usize, before: PresenceState, cx: &mut Cx) {
        if matches!(self.goal, Goal::Down | Goal::Cleaned) {
            return;
        }
        if before == PresenceState::Restarting || !self.holdings.is_empty() {
            let source = self.comps[at].error_source.unwrap_or(ErrorSource::ClcCommand);
            return self.raise_fault(at, RecommendedRecovery::SuFailover, source, cx);
        }
        self.goal = Goal::Down;
        self.fail_order_for(at, cx);
    }

    /// A component could not be cleaned up.
    pub(crate) fn termination_failed(&mut self, at: usize, before: PresenceState, cx: &mut Cx) {
        if self.comps[at].faulted || matches!(self.goal, Goal::Down | Goal::Cleaned) {
            return;
        }
        if before == PresenceState::Restarting || !self.holdings.is_empty() {
            let whole = matches!(self.goal, Goal::Restart(_));
            let recovery = if whole {
                RecommendedRecovery::SuFailover
            } else {
                self.failover()
            };
            return self.raise_fault(at, recovery, ErrorSource::ClcCommand, cx);
        }
        self.goal = Goal::Down;
        self.fail_order_for(at, cx);
    }

    /// The recovery, or that of the pending fault where it is stronger.
    fn at_least(&self, recovery: RecommendedRecovery) -> RecommendedRecovery {
        match &self.fault {
            Some(fault) if fault.recovery.strength() > recovery.strength() => fault.recovery,
            Some(_) | None => recovery,
        }
    }

    fn fail_order_for(&mut self, at: usize, cx: &mut Cx) {
        let text = self.comps[at].failed_text();
        self.fail_order(&text, cx);
    }

    /// Whether nothing can act any more for what failed.
    fn isolated(&self, fault: &Fault) -> bool {
        self.comps
            .iter()
            .filter(|comp| fault.whole || comp.faulted)
            .all(Comp::is_gone)
    }

    pub(crate) fn fault_report(&self) -> Option<FaultReport> {
        let fault = self.fault.as_ref()?;
        Some(FaultReport {
            comp: fault.comp.clone(),
            recovery: fault.recovery,
            source: fault.source,
            isolated: self.isolated(fault),
            with_application: fault.with_application,
        })
    }
}

/// Counts a failover of an SU, and gives back the recovery that is due: the node's failover where there were too many.
fn count_failover(comp: &Dn, recovery: RecommendedRecovery, cx: &mut Cx) -> RecommendedRecovery {
    let counts = matches!(
        recovery,
        RecommendedRecovery::ComponentFailover | RecommendedRecovery::SuFailover
    );
    let Some(limits) = cx.failover_limits.filter(|_| counts) else {
        return recovery;
    };
    match cx.failovers.next(&limits, cx.counting, cx.director, cx.now) {
        Some(count) => {
            let text =
                format!("failover {count} of an SU of the node in the probation time; the node fails over");
            cx.note(comp, text);
            RecommendedRecovery::NodeFailover
        }
        None => recovery,
    }
}

/// Whether the error comes from a healthcheck; those do not matter to a component that is stopping.
fn is_healthcheck(source: ErrorSource) -> bool {
    match source {
        ErrorSource::Healthcheck | ErrorSource::HealthcheckTimeout | ErrorSource::HealthcheckFailed => true,
        ErrorSource::ErrorReport
        | ErrorSource::PassiveMonitoring
        | ErrorSource::ActiveMonitoring
        | ErrorSource::ClcCommand
        | ErrorSource::ProcessDied
        | ErrorSource::ProxiedRegistrationTimeout
        | ErrorSource::CsiSetTimeout
        | ErrorSource::CsiRemoveTimeout
        | ErrorSource::CsiSetFailed
        | ErrorSource::CsiRemoveFailed
        | ErrorSource::QuiescingCompleteTimeout => false,
    }
}
