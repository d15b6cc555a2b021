//! What is under way for a component: which command runs, what is waited for, until when.

use ais::Millis;
use ais::amf::CommandFailure;

use crate::event::{RunId, SessionId};

/// What is under way for a component, within its presence state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing.
    Idle,
    /// INSTANTIATE runs; the deadline covers the registration.
    Starting { run: RunId, deadline: Millis },
    /// The manager was asked to instantiate it; the deadline covers the registration.
    ManagerStarts { session: SessionId, deadline: Millis },
    /// There is no manager that could instantiate it, and none has until then to come.
    Unmanaged { deadline: Millis },
    /// The manager was asked to clean it up.
    ManagerCleans { session: SessionId, deadline: Millis },
    /// INSTANTIATE succeeded, the process has not registered yet.
    Registering { deadline: Millis },
    /// Waiting for the next attempt.
    Delaying { until: Millis },
    /// The terminate callback is out; the deadline covers the process's end.
    Asked { deadline: Millis },
    /// The terminate callback was answered, the process has not ended yet.
    Exiting { deadline: Millis },
    /// The external monitor is being stopped; terminating follows.
    Unmonitoring,
    /// TERMINATE runs.
    Stopping { run: RunId, deadline: Millis },
    /// A command was killed; CLEANUP follows its end.
    Aborting { run: RunId },
    /// CLEANUP runs.
    Cleaning { run: RunId, deadline: Millis },
    /// CLEANUP took too long and was killed.
    Overdue { run: RunId },
    /// All that is left is being killed; afterwards the cleanup has failed where there is a failure.
    Killing {
        run: RunId,
        failure: Option<CommandFailure>,
    },
    /// Stopped for a restart; waits for its turn.
    Held,
}

impl Phase {
    /// The command that runs.
    pub(crate) fn run(&self) -> Option<RunId> {
        match self {
            Phase::Starting { run, .. }
            | Phase::Stopping { run, .. }
            | Phase::Aborting { run }
            | Phase::Cleaning { run, .. }
            | Phase::Overdue { run }
            | Phase::Killing { run, .. } => Some(*run),
            Phase::Idle
            | Phase::ManagerStarts { .. }
            | Phase::Unmanaged { .. }
            | Phase::ManagerCleans { .. }
            | Phase::Registering { .. }
            | Phase::Delaying { .. }
            | Phase::Asked { .. }
            | Phase::Exiting { .. }
            | Phase::Unmonitoring
            | Phase::Held => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        match self {
            Phase::Starting { deadline, .. }
            | Phase::Registering { deadline }
            | Phase::Delaying { until: deadline }
            | Phase::Asked { deadline }
            | Phase::Exiting { deadline }
            | Phase::Stopping { deadline, .. }
            | Phase::ManagerStarts { deadline, .. }
            | Phase::ManagerCleans { deadline, .. }
            | Phase::Unmanaged { deadline }
            | Phase::Cleaning { deadline, .. } => Some(*deadline),
            Phase::Idle
            | Phase::Aborting { .. }
            | Phase::Overdue { .. }
            | Phase::Killing { .. }
            | Phase::Unmonitoring
            | Phase::Held => None,
        }
    }

    /// Whether an attempt to instantiate is under way, so that an error makes it fail.
    pub(crate) fn is_starting(&self) -> bool {
        matches!(
            self,
            Phase::Starting { .. } | Phase::ManagerStarts { .. } | Phase::Registering { .. }
        )
    }

    /// Whether an orderly stop is under way.
    pub(crate) fn is_stopping_in_order(&self) -> bool {
        matches!(
            self,
            Phase::Unmonitoring | Phase::Asked { .. } | Phase::Exiting { .. } | Phase::Stopping { .. }
        )
    }
}

/// The attempts to instantiate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// How many failed.
    pub(crate) failed: u32,
    /// No further one may be made (exit status 200, or there is no command).
    pub(crate) no_retry: bool,
    /// The last INSTANTIATE could not be started, so that there is nothing to clean up.
    pub(crate) never_started: bool,
}
