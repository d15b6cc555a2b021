//! Running a component's commands and judging how they end.

use ais::Millis;
use ais::amf::{Command, CommandFailure, ErrorSource, PresenceState};

use crate::comp::{CallKind, Comp};
use crate::cx::Cx;
use crate::effect::{CommandKind, Effect};
use crate::event::{RunId, RunOutcome, SessionId};
use crate::monitor::Monitor;
use crate::phase::Phase;
use crate::presence::ClcEvent;
use crate::recovery::CompError;

/// The exit status of INSTANTIATE that forbids further attempts (AMF B.04.01 §4.6).
const EXIT_NO_RETRY: i32 = 200;

/// How a command failed; `None` where it succeeded.
pub(crate) fn failure(
    kind: CommandKind,
    command: Option<&Command>,
    outcome: &RunOutcome,
) -> Option<CommandFailure> {
    let (cause, stderr) = match outcome {
        RunOutcome::Exited { code: 0, .. } => return None,
        RunOutcome::Exited { code, stderr } => (format!("exit status {code}"), stderr.clone()),
        RunOutcome::Killed { signal, stderr } => (format!("killed by signal {signal}"), stderr.clone()),
        RunOutcome::NotStarted { error } => (error.clone(), String::new()),
    };
    let forbids_retry = kind == CommandKind::Instantiate
        && matches!(
            outcome,
            RunOutcome::Exited {
                code: EXIT_NO_RETRY,
                ..
            }
        );
    Some(CommandFailure {
        forbids_retry,
        ..named_failure(kind, command, cause, stderr)
    })
}

pub(crate) fn named_failure(
    kind: CommandKind,
    command: Option<&Command>,
    cause: String,
    stderr: String,
) -> CommandFailure {
    CommandFailure {
        command: kind.name().to_owned(),
        path: command.map_or_else(String::new, |command| command.path.clone()),
        cause,
        stderr,
        forbids_retry: false,
    }
}

/// The failure to kill all that is left; `None` where all is killed.
fn survivors(outcome: &RunOutcome) -> Option<CommandFailure> {
    let failure = failure(CommandKind::Cleanup, None, outcome)?;
    let cause = format!("not all of its processes could be killed: {}", failure.cause);
    Some(CommandFailure { cause, ..failure })
}

fn stderr_of(outcome: RunOutcome) -> String {
    match outcome {
        RunOutcome::Exited { stderr, .. } | RunOutcome::Killed { stderr, .. } => stderr,
        RunOutcome::NotStarted { .. } => String::new(),
    }
}

impl Comp {
    /// Runs INSTANTIATE.
    pub(crate) fn run_instantiate(&mut self, cx: &mut Cx) {
        if self.kind.is_managed() {
            return self.ask_to_instantiate(cx);
        }
        self.attempts.never_started = false;
        let Some(command) = self.config.instantiate.clone() else {
            self.attempts.no_retry = true;
            self.attempts.never_started = true;
            self.phase = Phase::Idle;
            let failure = self.start_failure("no such command is configured".to_owned(), String::new());
            return self.attempt_failed(failure, ErrorSource::ClcCommand, cx);
        };
        let deadline = cx.now.after(command.timeout);
        let run = self.run(CommandKind::Instantiate, command, cx);
        self.phase = Phase::Starting { run, deadline };
    }

    /// Runs TERMINATE; without one the component is cleaned up.
    pub(crate) fn run_terminate(&mut self, cx: &mut Cx) {
        let Some(command) = self.config.terminate.clone() else {
            return self.begin_cleanup(cx);
        };
        let deadline = cx.now.after(command.timeout);
        let run = self.run(CommandKind::Terminate, command, cx);
        self.phase = Phase::Stopping { run, deadline };
    }

    /// Runs CLEANUP; without one all that is left is killed.
    pub(crate) fn run_cleanup(&mut self, cx: &mut Cx) {
        let Some(command) = self.config.cleanup.clone() else {
            return self.kill_all(None, cx);
        };
        let deadline = cx.now.after(command.timeout);
        let run = self.run(CommandKind::Cleanup, command, cx);
        self.phase = Phase::Cleaning { run, deadline };
    }

    /// Kills all that is left; afterwards the cleanup has failed where there is a `failure`.
    pub(crate) fn kill_all(&mut self, failure: Option<CommandFailure>, cx: &mut Cx) {
        let run = cx.new_run(&self.config.dn);
        cx.emit(Effect::KillAll {
            run,
            comp: self.config.dn.clone(),
        });
        self.phase = Phase::Killing { run, failure };
    }

    pub(crate) fn run(&self, kind: CommandKind, command: Command, cx: &mut Cx) -> RunId {
        let mut env = self.config.env.clone();
        env.extend(self.csi_env.iter().cloned());
        if kind == CommandKind::Cleanup {
            let source = self.error_source.map_or(0, ErrorSource::code);
            env.push(format!("OSAF_COMPONENT_ERROR_SOURCE={source}"));
        }
        let run = cx.new_run(&self.config.dn);
        cx.emit(Effect::Run {
            run,
            comp: self.config.dn.clone(),
            kind,
            command,
            env,
        });
        run
    }

    /// How an attempt to instantiate failed.
    pub(crate) fn start_failure(&self, cause: String, stderr: String) -> CommandFailure {
        named_failure(
            CommandKind::Instantiate,
            self.config.instantiate.as_ref(),
            cause,
            stderr,
        )
    }

    /// A command of the component ended; the error that a monitoring one found.
    pub(crate) fn any_run_ended(
        &mut self,
        run: RunId,
        outcome: RunOutcome,
        cx: &mut Cx,
    ) -> Option<CompError> {
        if self.monitor.is_run(run) {
            self.monitor_ended(&outcome, cx)
        } else if self.check.is_run(run) {
            self.check_ended(&outcome, cx)
        } else {
            self.run_ended(run, outcome, cx);
            None
        }
    }

    /// The command that runs ended.
    fn run_ended(&mut self, run: RunId, outcome: RunOutcome, cx: &mut Cx) {
        if self.phase.run() != Some(run) {
            cx.note(
                &self.config.dn,
                format!("the end of run {} is not awaited; it is ignored", run.0),
            );
            return;
        }
        cx.moved = true;
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Starting { deadline, .. } => self.instantiate_ended(deadline, outcome, cx),
            Phase::Stopping { .. } => {
                let command = self.config.terminate.as_ref();
                match failure(CommandKind::Terminate, command, &outcome) {
                    None => self.stopped(cx),
                    Some(failure) => {
                        let cause = format!("TERMINATE '{}': {}", failure.path, failure.cause);
                        self.stop_failed(&cause, ErrorSource::ClcCommand, cx);
                    }
                }
            }
            Phase::Aborting { .. } => {
                self.add_stderr(outcome);
                self.begin_cleanup(cx);
            }
            Phase::Cleaning { .. } => self.cleanup_ended(outcome, cx),
            Phase::Overdue { .. } => {
                self.add_stderr(outcome);
                self.apply(ClcEvent::CleanupFailed, cx);
            }
            Phase::Killing { failure, .. } => match failure.or_else(|| survivors(&outcome)) {
                None => self.cleaned_up(cx),
                Some(failure) => {
                    self.failure = Some(failure);
                    self.apply(ClcEvent::CleanupFailed, cx);
                }
            },
            Phase::Idle
            | Phase::Registering { .. }
            | Phase::ManagerStarts { .. }
            | Phase::Unmanaged { .. }
            | Phase::ManagerCleans { .. }
            | Phase::Delaying { .. }
            | Phase::Asked { .. }
            | Phase::Exiting { .. }
            | Phase::Unmonitoring
            | Phase::Held => debug_assert!(false, "a phase without a run"),
        }
    }

    /// It stopped in order. A monitor that could not be stopped is left to CLEANUP (AMF B.02.01 §4.8).
    pub(crate) fn stopped(&mut self, cx: &mut Cx) {
        if self.monitor == Monitor::Stuck && self.config.cleanup.is_some() {
            self.apply(ClcEvent::TerminateFailed, cx);
        } else {
            self.apply(ClcEvent::TerminateSucceeded, cx);
        }
    }

    fn instantiate_ended(&mut self, deadline: Millis, outcome: RunOutcome, cx: &mut Cx) {
        let command = self.config.instantiate.as_ref();
        match failure(CommandKind::Instantiate, command, &outcome) {
            None if !self.kind.is_pre_instantiable() || self.session.is_some() => {
                self.apply(ClcEvent::InstantiateSucceeded, cx);
            }
            None => self.phase = Phase::Registering { deadline },
            Some(failure) => {
                self.attempts.never_started = matches!(outcome, RunOutcome::NotStarted { .. });
                self.attempts.no_retry = failure.forbids_retry;
                self.attempt_failed(failure, ErrorSource::ClcCommand, cx);
            }
        }
    }

    fn cleanup_ended(&mut self, outcome: RunOutcome, cx: &mut Cx) {
        let Some(failure) = failure(CommandKind::Cleanup, self.config.cleanup.as_ref(), &outcome) else {
            return self.cleaned_up(cx);
        };
        cx.note(
            &self.config.dn,
            format!("CLEANUP '{}' failed: {}", failure.path, failure.cause),
        );
        match outcome {
            RunOutcome::NotStarted { .. } => {
                // DEVIATION(AMF-004): where INSTANTIATE could not be started either, killing leaves nothing
                // behind: it is the missing INSTANTIATE that must be told.
                let failure = (!self.attempts.never_started).then_some(failure);
                self.kill_all(failure, cx);
            }
            RunOutcome::Exited { .. } | RunOutcome::Killed { .. } => {
                self.failure = Some(failure);
                self.apply(ClcEvent::CleanupFailed, cx);
            }
        }
    }

    fn add_stderr(&mut self, outcome: RunOutcome) {
        if let Some(failure) = &mut self.failure
            && failure.stderr.is_empty()
        {
            failure.stderr = stderr_of(outcome);
        }
    }

    /// What is under way took too long.
    pub(crate) fn phase_timed_out(&mut self, cx: &mut Cx) {
        let overdue = |command: Option<&Command>| {
            let timeout = command.map_or(Millis(0), |command| command.timeout);
            format!("timed out after {timeout}")
        };
        let instantiate = overdue(self.config.instantiate.as_ref());
        let terminate = overdue(self.config.terminate.as_ref());
        let callback = self.config.terminate_callback_timeout;
        match self.phase {
            Phase::Starting { .. } => {
                let failure = self.start_failure(instantiate, String::new());
                self.attempt_failed(failure, ErrorSource::ClcCommand, cx);
            }
            Phase::Registering { .. } => {
                let cause = format!("{instantiate}: its process has not registered");
                let failure = self.start_failure(cause, String::new());
                self.attempt_failed(failure, ErrorSource::ClcCommand, cx);
            }
            Phase::ManagerStarts { .. } | Phase::ManagerCleans { .. } | Phase::Unmanaged { .. } => {
                self.manager_timed_out(cx);
            }
            Phase::Delaying { .. } => self.apply(ClcEvent::Retry, cx),
            Phase::Asked { .. } => {
                let cause = format!("the terminate callback was not answered within {callback}");
                self.stop_failed(&cause, ErrorSource::ClcCommand, cx);
            }
            Phase::Exiting { .. } => {
                let cause = format!("the process did not end within {callback}");
                self.stop_failed(&cause, ErrorSource::ClcCommand, cx);
            }
            Phase::Stopping { .. } => {
                let cause = format!("TERMINATE {terminate}");
                self.stop_failed(&cause, ErrorSource::ClcCommand, cx);
            }
            Phase::Cleaning { run, .. } => {
                let command = self.config.cleanup.as_ref();
                let cause = overdue(command);
                self.failure = Some(named_failure(CommandKind::Cleanup, command, cause, String::new()));
                cx.emit(Effect::Kill { run });
                self.phase = Phase::Overdue { run };
            }
            Phase::Idle
            | Phase::Aborting { .. }
            | Phase::Overdue { .. }
            | Phase::Killing { .. }
            | Phase::Unmonitoring
            | Phase::Held => {}
        }
    }

    /// The process registered.
    pub(crate) fn registered(&mut self, session: SessionId, cx: &mut Cx) {
        self.session = Some(session);
        cx.moved = true;
        match self.phase {
            Phase::Registering { .. } => self.apply(ClcEvent::InstantiateSucceeded, cx),
            _ if self.kind.is_proxied() && self.presence == PresenceState::Instantiated => {
                self.start_healthchecks(cx);
            }
            _ => {}
        }
    }

    /// The terminate callback was answered.
    pub(crate) fn terminate_answered(&mut self, result: Result<(), ais::AisError>, cx: &mut Cx) {
        let Phase::Asked { deadline } = self.phase else {
            return;
        };
        match result {
            // Its process, if it has one, is its manager's.
            Ok(()) if self.kind.is_managed() => self.stopped(cx),
            Ok(()) => {
                cx.moved = true;
                self.phase = Phase::Exiting { deadline };
            }
            Err(error) => {
                let cause = format!("the terminate callback was answered {error}");
                self.stop_failed(&cause, ErrorSource::ClcCommand, cx);
            }
        }
    }

    /// Whether the terminate callback is open.
    pub(crate) fn is_asked_to_terminate(&self) -> bool {
        self.calls.values().any(|call| call.kind == CallKind::Terminate)
    }
}
