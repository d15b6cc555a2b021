//! What becomes of callbacks: answers, answers that do not come, and processes that end.

use ais::amf::{ErrorSource, HaState};
use ais::{AisError, Dn};

use crate::comp::{Call, CallKind, Comp};
use crate::cx::Cx;
use crate::event::{Invocation, ProcessEnd, RunId, RunOutcome, SessionId, WatchId};
use crate::holding::Target;
use crate::phase::Phase;
use crate::recovery::CompError;
use crate::su::Su;

impl Su {
    /// A callback was answered.
    pub(crate) fn callback_answered(
        &mut self,
        at: usize,
        invocation: Invocation,
        result: Result<(), AisError>,
        cx: &mut Cx,
    ) {
        let comp = self.comps[at].dn().clone();
        if matches!(
            self.comps[at].calls.get(&invocation),
            None | Some(Call {
                kind: CallKind::Quiescing { .. },
                ..
            })
        ) {
            cx.note(
                &comp,
                format!("callback {} is not awaited; the answer is ignored", invocation.0),
            );
            return;
        }
        let Some(call) = self.comps[at].close_call(invocation, cx) else {
            return;
        };
        let answered = |what: &str, error: AisError| format!("the {what} callback was answered {error}");
        match (call.kind, result) {
            (CallKind::Terminate, result) => {
                self.with_comp(at, cx, |comp, cx| comp.terminate_answered(result, cx));
            }
            (CallKind::Healthcheck { key, session }, Ok(())) => {
                self.comps[at].healthcheck_answered(&(key, session), cx);
            }
            (CallKind::Healthcheck { key, session }, Err(error)) => {
                let name = (key, session);
                let recommended = self.comps[at].healthcheck_recovery(&name);
                let cause = format!("'{}': {}", name.0, answered("healthcheck", error));
                let source = ErrorSource::HealthcheckFailed;
                self.component_failed(
                    at,
                    CompError {
                        source,
                        recommended,
                        cause,
                    },
                    cx,
                );
            }
            (CallKind::CsiSet { ha, csis, completed }, Ok(())) => {
                self.csi_set_answered(at, invocation, ha, csis, completed, cx);
            }
            (CallKind::CsiSet { .. }, Err(error)) => {
                let error = CompError::new(ErrorSource::CsiSetFailed, answered("CSI set", error));
                self.component_failed(at, error, cx);
            }
            (CallKind::CsiRemove { csis }, Ok(())) => self.record_given(&csis, None, cx),
            (CallKind::CsiRemove { .. }, Err(error)) => {
                let error = CompError::new(ErrorSource::CsiRemoveFailed, answered("CSI remove", error));
                self.component_failed(at, error, cx);
            }
            (CallKind::Instantiate | CallKind::Cleanup, result) => {
                self.with_comp(at, cx, |comp, cx| comp.manager_answered(result, cx));
            }
            (CallKind::AttributeChange, Err(error)) => {
                let cause = answered("CSI attribute change", error);
                self.component_failed(at, CompError::new(ErrorSource::CsiSetFailed, cause), cx);
            }
            (CallKind::AttributeChange, Ok(())) | (CallKind::Quiescing { .. }, _) => {}
        }
    }

    /// The process that registered a component is gone.
    pub(crate) fn process_gone(&mut self, at: usize, cause: &str, cx: &mut Cx) {
        if self.comps[at].kind.is_proxied() {
            if let Some(session) = self.comps[at].session {
                self.manager_gone(at, session, cx);
            }
            return;
        }
        if self.comps[at].phase.is_stopping_in_order() && !self.comps[at].is_asked_to_terminate() {
            if matches!(self.comps[at].phase, Phase::Exiting { .. }) {
                self.with_comp(at, cx, Comp::stopped);
                return;
            }
            if self.comps[at].phase != Phase::Unmonitoring {
                return;
            }
        }
        self.with_comp(at, cx, Comp::end_registration);
        let error = CompError::new(ErrorSource::ProcessDied, cause);
        self.component_failed(at, error, cx);
    }

    /// The connection of a component's manager is gone.
    pub(crate) fn manager_gone(&mut self, at: usize, session: SessionId, cx: &mut Cx) {
        self.comps[at].drop_healthchecks(session, cx);
        self.with_comp(at, cx, |comp, cx| comp.manager_gone(session, cx));
        let comp = self.comps[at].dn().clone();
        if self.comps[at].session.is_none() {
            self.holdings.unasked(&comp);
        }
    }

    /// A command of a component ended.
    pub(crate) fn run_ended(&mut self, at: usize, run: RunId, outcome: RunOutcome, cx: &mut Cx) {
        let error = self.with_comp(at, cx, |comp, cx| comp.any_run_ended(run, outcome, cx));
        if let Some(error) = error {
            if error.source == ErrorSource::ActiveMonitoring {
                self.fail_monitor_order(&error.cause, cx);
            }
            self.component_failed(at, error, cx);
        }
    }

    /// A process that is watched, or a descendant of one, ended.
    pub(crate) fn watched_ended(
        &mut self,
        at: usize,
        watch: WatchId,
        pid: u64,
        end: ProcessEnd,
        cx: &mut Cx,
    ) {
        if let Some(error) = self.comps[at].watched_ended(watch, pid, end) {
            self.component_failed(at, error, cx);
        }
    }

    /// Time has passed: whatever is due happens.
    pub(crate) fn deadline(&mut self, cx: &mut Cx) {
        for at in 0..self.comps.len() {
            if self.comps[at].phase_is_due(cx.now) {
                self.with_comp(at, cx, Comp::phase_timed_out);
            }
            self.comps[at].monitor_timed_out(cx);
            self.comps[at].check_due(cx);
            let overdue: Vec<Invocation> = self.comps[at]
                .calls
                .iter()
                .filter(|(_, call)| call.deadline.is_some_and(|deadline| deadline <= cx.now))
                .map(|(invocation, _)| *invocation)
                .collect();
            for invocation in overdue {
                if let Some(call) = self.comps[at].close_call(invocation, cx) {
                    self.call_timed_out(at, call, cx);
                }
            }
            self.proxy_overdue(at, cx);
            if let Some(error) = self.comps[at].healthchecks_due(cx) {
                self.component_failed(at, error, cx);
            }
        }
    }

    fn call_timed_out(&mut self, at: usize, call: Call, cx: &mut Cx) {
        let config = &self.comps[at].config;
        let late =
            |what: &str, timeout: ais::Millis| format!("no answer to the {what} callback within {timeout}");
        let error = match call.kind {
            CallKind::Healthcheck { key, session } => {
                let name = (key, session);
                CompError {
                    source: ErrorSource::HealthcheckTimeout,
                    recommended: self.comps[at].healthcheck_recovery(&name),
                    cause: format!("no answer to the callback of healthcheck '{}' in time", name.0),
                }
            }
            CallKind::CsiSet { .. } => CompError::new(
                ErrorSource::CsiSetTimeout,
                late("CSI set", config.csi_set_timeout),
            ),
            CallKind::CsiRemove { .. } => CompError::new(
                ErrorSource::CsiRemoveTimeout,
                late("CSI remove", config.csi_remove_timeout),
            ),
            CallKind::Quiescing { .. } => CompError::new(
                ErrorSource::QuiescingCompleteTimeout,
                format!(
                    "quiescing was not completed within {}",
                    config.quiescing_complete_timeout
                ),
            ),
            CallKind::AttributeChange => CompError::new(
                ErrorSource::CsiSetTimeout,
                late("CSI attribute change", config.csi_set_timeout),
            ),
            // Their time is the phase's.
            CallKind::Terminate | CallKind::Instantiate | CallKind::Cleanup => return,
        };
        self.component_failed(at, error, cx);
    }

    /// A CSI set callback was answered well.
    fn csi_set_answered(
        &mut self,
        at: usize,
        invocation: Invocation,
        ha: HaState,
        csis: Vec<(Dn, Dn)>,
        completed: Option<Result<(), AisError>>,
        cx: &mut Cx,
    ) {
        self.record_given(&csis, Some(ha), cx);
        if ha != HaState::Quiescing || !self.is_quiescing(&csis) {
            return;
        }
        let comp = &mut self.comps[at];
        let deadline = Some(cx.now.after(comp.config.quiescing_complete_timeout));
        let kind = CallKind::Quiescing { csis };
        cx.reopen_invocation(invocation, comp.dn());
        comp.calls.insert(invocation, Call { kind, deadline });
        if let Some(result) = completed {
            self.quiescing_completed(at, invocation, result, cx);
        }
    }

    /// Whether any of the CSIs still shall quiesce.
    fn is_quiescing(&self, csis: &[(Dn, Dn)]) -> bool {
        let quiescing = Target::Have(HaState::Quiescing);
        let shall = |name| self.holdings.csi(name).is_some_and(|csi| csi.target == quiescing);
        csis.iter().any(shall)
    }

    /// Quiescing that was cut short is not waited for any more.
    pub(crate) fn stop_quiescing(&mut self, cx: &mut Cx) {
        for at in 0..self.comps.len() {
            let calls = self.comps[at].calls.iter();
            let idle: Vec<Invocation> = calls
                .filter(|(_, call)| match &call.kind {
                    CallKind::Quiescing { csis } => !self.is_quiescing(csis),
                    CallKind::CsiSet { .. }
                    | CallKind::CsiRemove { .. }
                    | CallKind::Healthcheck { .. }
                    | CallKind::Instantiate
                    | CallKind::Cleanup
                    | CallKind::AttributeChange
                    | CallKind::Terminate => false,
                })
                .map(|(invocation, _)| *invocation)
                .collect();
            for invocation in idle {
                self.comps[at].close_call(invocation, cx);
            }
        }
    }

    /// `saAmfCSIQuiescingComplete`, granted.
    pub(crate) fn quiescing_completed(
        &mut self,
        at: usize,
        invocation: Invocation,
        result: Result<(), AisError>,
        cx: &mut Cx,
    ) {
        if let Some(Call {
            kind: CallKind::CsiSet { completed, .. },
            ..
        }) = self.comps[at].calls.get_mut(&invocation)
        {
            // Complete before the callback is answered: it counts with the answer.
            *completed = Some(result);
            return;
        }
        let Some(Call {
            kind: CallKind::Quiescing { csis },
            ..
        }) = self.comps[at].close_call(invocation, cx)
        else {
            return;
        };
        match result {
            Ok(()) => self.record_given(&csis, Some(HaState::Quiesced), cx),
            Err(error) => {
                let cause = format!("quiescing was completed with {error}");
                self.component_failed(at, CompError::new(ErrorSource::CsiSetFailed, cause), cx);
            }
        }
    }
}
