//! The command that checks a component's health each period (OpenSAF practice: `osafAmfCtRelPathHcCmd`).
//!
//! The first check comes one period after the instantiation. A status that is not 0, or a check that takes too long,
//! is an error whose recovery the component's configuration decides.

use ais::Millis;
use ais::amf::{ErrorSource, PresenceState};

use crate::command::failure;
use crate::comp::Comp;
use crate::cx::Cx;
use crate::effect::{CommandKind, Effect};
use crate::event::{RunId, RunOutcome};
use crate::recovery::CompError;

/// How far the checks of a component are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Check {
    /// None is due.
    #[default]
    Rest,
    /// The next one is due then.
    Waiting { due: Millis },
    /// One runs; without a deadline it was killed. The next one is due then.
    Running {
        run: RunId,
        deadline: Option<Millis>,
        next: Millis,
    },
}

impl Check {
    pub(crate) fn is_run(&self, other: RunId) -> bool {
        matches!(self, Check::Running { run, .. } if *run == other)
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        match self {
            Check::Rest => None,
            Check::Waiting { due } => Some(*due),
            Check::Running { deadline, .. } => *deadline,
        }
    }
}

impl Comp {
    fn wants_check(&self) -> bool {
        self.presence == PresenceState::Instantiated
            && !self.faulted
            && self.config.monitoring.healthcheck.is_some()
    }

    /// Begins the checks of a component that is up, ends those of one that is not.
    pub(crate) fn advance_check(&mut self, cx: &mut Cx) {
        let Some(period) = self.config.monitoring.healthcheck.as_ref().map(|hc| hc.period) else {
            return;
        };
        match self.check {
            Check::Rest if self.wants_check() => {
                let due = cx.now.after(period.max(Millis(1)));
                self.check = Check::Waiting { due };
            }
            Check::Waiting { .. } if !self.wants_check() => self.check = Check::Rest,
            Check::Running {
                run,
                deadline: Some(_),
                next,
            } if !self.wants_check() => {
                cx.emit(Effect::Kill { run });
                let deadline = None;
                self.check = Check::Running { run, deadline, next };
            }
            Check::Rest | Check::Waiting { .. } | Check::Running { .. } => {}
        }
    }

    /// Time has passed: runs a check that is due, ends one that takes too long.
    pub(crate) fn check_due(&mut self, cx: &mut Cx) {
        match self.check {
            Check::Waiting { due } if due <= cx.now => {
                let Some(check) = self.config.monitoring.healthcheck.clone() else {
                    self.check = Check::Rest;
                    return;
                };
                let deadline = Some(cx.now.after(check.command.timeout));
                let next = cx.now.after(check.period.max(Millis(1)));
                let run = self.run(CommandKind::Healthcheck, check.command, cx);
                self.check = Check::Running { run, deadline, next };
            }
            Check::Running {
                run,
                deadline: Some(at),
                next,
            } if at <= cx.now => {
                cx.emit(Effect::Kill { run });
                let deadline = None;
                self.check = Check::Running { run, deadline, next };
            }
            Check::Rest | Check::Waiting { .. } | Check::Running { .. } => {}
        }
    }

    /// A check ended; the error that it found.
    pub(crate) fn check_ended(&mut self, outcome: &RunOutcome, cx: &mut Cx) -> Option<CompError> {
        let Check::Running { deadline, next, .. } = self.check else {
            return None;
        };
        cx.moved = true;
        if !self.wants_check() {
            self.check = Check::Rest;
            return None;
        }
        self.check = Check::Waiting {
            due: next.max(cx.now),
        };
        let check = self.config.monitoring.healthcheck.as_ref()?;
        let mut failure = failure(CommandKind::Healthcheck, Some(&check.command), outcome)?;
        let source = if deadline.is_none() {
            failure.cause = format!("timed out after {}", check.command.timeout);
            ErrorSource::HealthcheckTimeout
        } else {
            ErrorSource::HealthcheckFailed
        };
        let cause = format!("HEALTHCHECK '{}': {}", failure.path, failure.cause);
        self.failure = Some(failure);
        Some(CompError::new(source, cause))
    }
}
