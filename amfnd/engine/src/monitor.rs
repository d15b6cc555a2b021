//! The external monitor of a component: `AM_START` and `AM_STOP` (AMF B.02.01 §4.7 and §4.8).
//!
//! The monitor runs while the component is instantiated, unless the operator stopped it. What is and what shall be
//! are compared after every event, as everywhere here. A monitor's commands run beside the component's own; a
//! component that is terminated in order waits for its monitor's end, one that is cleaned up does not: its CLEANUP
//! takes along what `AM_STOP` leaves.

use ais::Millis;
use ais::amf::{CommandFailure, ErrorSource, MonitorState, PresenceState};

use crate::command::failure;
use crate::comp::Comp;
use crate::cx::Cx;
use crate::effect::{CommandKind, Effect};
use crate::event::{RunId, RunOutcome};
use crate::phase::Phase;
use crate::recovery::CompError;

/// How far a component's monitor is. A command without a deadline was killed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Monitor {
    /// It does not run.
    #[default]
    Off,
    /// `AM_START` runs; so many attempts failed before.
    Starting {
        run: RunId,
        deadline: Option<Millis>,
        failed: u32,
    },
    /// `AM_STOP` runs after an `AM_START` that took too long, or a command of a former life of the component does.
    Clearing {
        run: RunId,
        deadline: Option<Millis>,
        failed: u32,
    },
    /// It runs.
    On,
    /// `AM_STOP` runs; so many attempts failed before.
    Stopping {
        run: RunId,
        deadline: Option<Millis>,
        failed: u32,
    },
    /// It could not be stopped; the component's CLEANUP ends it.
    Stuck,
}

impl Monitor {
    /// The command that runs, with the time at which it has taken too long.
    fn run(&self) -> Option<(RunId, Option<Millis>)> {
        match self {
            Monitor::Starting { run, deadline, .. }
            | Monitor::Clearing { run, deadline, .. }
            | Monitor::Stopping { run, deadline, .. } => Some((*run, *deadline)),
            Monitor::Off | Monitor::On | Monitor::Stuck => None,
        }
    }

    pub(crate) fn is_run(&self, other: RunId) -> bool {
        self.run().is_some_and(|(run, _)| run == other)
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.run()?.1
    }
}

impl Comp {
    /// What is reported of the monitor.
    pub(crate) fn monitor_state(&self) -> MonitorState {
        if self.config.monitoring.am_start.is_none() {
            return MonitorState::None;
        }
        match self.monitor {
            Monitor::On => MonitorState::Running,
            Monitor::Off
            | Monitor::Starting { .. }
            | Monitor::Clearing { .. }
            | Monitor::Stopping { .. }
            | Monitor::Stuck => MonitorState::Stopped,
        }
    }

    /// Whether the monitor shall run now.
    fn wants_monitor(&self) -> bool {
        self.config.monitoring.am_start.is_some()
            && self.presence == PresenceState::Instantiated
            && !self.monitor_unwanted
            && !self.faulted
            && !self.leaving
    }

    /// Takes the monitor a step towards what it shall be.
    pub(crate) fn advance_monitor(&mut self, cx: &mut Cx) {
        let wanted = self.wants_monitor();
        match self.monitor {
            Monitor::Off | Monitor::Stuck if wanted => self.run_am_start(0, cx),
            Monitor::On if !wanted => self.run_am_stop(0, cx),
            Monitor::Starting {
                run,
                deadline: Some(_),
                failed,
            } if !wanted => {
                cx.emit(Effect::Kill { run });
                let deadline = None;
                self.monitor = Monitor::Starting {
                    run,
                    deadline,
                    failed,
                };
            }
            Monitor::Off
            | Monitor::On
            | Monitor::Stuck
            | Monitor::Starting { .. }
            | Monitor::Clearing { .. }
            | Monitor::Stopping { .. } => {}
        }
        if self.phase == Phase::Unmonitoring && matches!(self.monitor, Monitor::Off | Monitor::Stuck) {
            self.phase = Phase::Idle;
            self.terminate_now(cx);
        }
    }

    fn run_am_start(&mut self, failed: u32, cx: &mut Cx) {
        let Some(command) = self.config.monitoring.am_start.clone() else {
            self.monitor = Monitor::Off;
            return;
        };
        let deadline = Some(cx.now.after(command.timeout));
        let run = self.run(CommandKind::AmStart, command, cx);
        self.monitor = Monitor::Starting {
            run,
            deadline,
            failed,
        };
    }

    fn run_am_stop(&mut self, failed: u32, cx: &mut Cx) {
        let Some(command) = self.config.monitoring.am_stop.clone() else {
            // Where the component ends, what is left of the monitor ends with it.
            self.monitor = Monitor::Stuck;
            cx.moved = true;
            return;
        };
        let deadline = Some(cx.now.after(command.timeout));
        let run = self.run(CommandKind::AmStop, command, cx);
        self.monitor = Monitor::Stopping {
            run,
            deadline,
            failed,
        };
    }

    /// A command of the monitor ended; the error that follows for the component, if one does.
    pub(crate) fn monitor_ended(&mut self, outcome: &RunOutcome, cx: &mut Cx) -> Option<CompError> {
        cx.moved = true;
        match std::mem::take(&mut self.monitor) {
            Monitor::Starting { deadline, failed, .. } => {
                self.am_start_ended(outcome, deadline.is_none(), failed, cx)
            }
            Monitor::Clearing { failed, .. } => self.am_start_failed(failed, cx),
            Monitor::Stopping { deadline, failed, .. } => {
                self.am_stop_ended(outcome, deadline.is_none(), failed, cx);
                None
            }
            other @ (Monitor::Off | Monitor::On | Monitor::Stuck) => {
                self.monitor = other;
                None
            }
        }
    }

    fn am_start_ended(
        &mut self,
        outcome: &RunOutcome,
        late: bool,
        failed: u32,
        cx: &mut Cx,
    ) -> Option<CompError> {
        let command = self.config.monitoring.am_start.as_ref();
        let Some(failure) = failure(CommandKind::AmStart, command, outcome) else {
            self.monitor = Monitor::On;
            return None;
        };
        self.note_monitor(failure, late, cx);
        let failed = failed.saturating_add(1);
        let Some(command) = self.config.monitoring.am_stop.clone().filter(|_| late) else {
            return self.am_start_failed(failed, cx);
        };
        let deadline = Some(cx.now.after(command.timeout));
        let run = self.run(CommandKind::AmStop, command, cx);
        self.monitor = Monitor::Clearing {
            run,
            deadline,
            failed,
        };
        None
    }

    /// So many attempts to start the monitor have failed: another one, or an error of the component.
    fn am_start_failed(&mut self, failed: u32, cx: &mut Cx) -> Option<CompError> {
        if !self.wants_monitor() {
            return None;
        }
        if failed < self.config.monitoring.am_start_attempts.max(1) {
            self.run_am_start(failed, cx);
            return None;
        }
        // Another try comes with the next instantiation only.
        self.monitor_unwanted = true;
        let cause = format!("AM_START failed {failed} times");
        Some(CompError::new(ErrorSource::ActiveMonitoring, cause))
    }

    fn am_stop_ended(&mut self, outcome: &RunOutcome, late: bool, failed: u32, cx: &mut Cx) {
        let command = self.config.monitoring.am_stop.as_ref();
        let Some(failure) = failure(CommandKind::AmStop, command, outcome) else {
            return;
        };
        if self.presence != PresenceState::Instantiated && self.phase != Phase::Unmonitoring {
            // The component's cleanup ended it, and what it left.
            return;
        }
        self.note_monitor(failure, late, cx);
        let failed = failed.saturating_add(1);
        if failed < self.config.monitoring.am_stop_attempts.max(1) {
            self.run_am_stop(failed, cx);
        } else {
            self.monitor = Monitor::Stuck;
        }
    }

    fn note_monitor(&mut self, mut failure: CommandFailure, late: bool, cx: &mut Cx) {
        let monitoring = &self.config.monitoring;
        let command = if failure.command == CommandKind::AmStart.name() {
            &monitoring.am_start
        } else {
            &monitoring.am_stop
        };
        if let Some(command) = command.as_ref().filter(|_| late) {
            failure.cause = format!("timed out after {}", command.timeout);
        }
        let text = format!("{} '{}' failed: {}", failure.command, failure.path, failure.cause);
        cx.note(&self.config.dn, text);
        self.failure = Some(failure);
    }

    /// A command of the monitor took too long.
    pub(crate) fn monitor_timed_out(&mut self, cx: &mut Cx) {
        let now = cx.now;
        match &mut self.monitor {
            Monitor::Starting { run, deadline, .. }
            | Monitor::Clearing { run, deadline, .. }
            | Monitor::Stopping { run, deadline, .. } => {
                if deadline.is_some_and(|at| at <= now) {
                    *deadline = None;
                    let run = *run;
                    cx.emit(Effect::Kill { run });
                }
            }
            Monitor::Off | Monitor::On | Monitor::Stuck => {}
        }
    }

    /// Nothing of the component is left, so nothing of its monitor is. A command that still runs ends by itself.
    pub(crate) fn monitor_is_gone(&mut self) {
        self.monitor = match self.monitor.run() {
            Some((run, deadline)) => Monitor::Clearing {
                run,
                deadline,
                failed: 0,
            },
            None => Monitor::Off,
        };
        self.monitor_unwanted = false;
    }
}
