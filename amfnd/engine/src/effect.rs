//! What a node director must do.

use std::collections::BTreeSet;

use ais::amf::{CallbackKind, Command, HaState, NodeReport, ProtectionGroupNotification};
use ais::{AisError, Dn};

use crate::event::{Invocation, RequestId, RunId, SessionId, WatchId};

/// Which of a component's commands runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandKind {
    /// Start it.
    Instantiate,
    /// Stop it in order.
    Terminate,
    /// Stop it abruptly. Afterwards the shell kills whatever is left of the component, before it says that the
    /// command ended.
    Cleanup,
    /// Start its external monitor; runs beside the others.
    AmStart,
    /// Stop its external monitor.
    AmStop,
    /// Check its health.
    Healthcheck,
}

impl CommandKind {
    /// Whether it runs beside the commands of the component's life cycle.
    pub const fn is_monitoring(self) -> bool {
        match self {
            CommandKind::Instantiate | CommandKind::Terminate | CommandKind::Cleanup => false,
            CommandKind::AmStart | CommandKind::AmStop | CommandKind::Healthcheck => true,
        }
    }

    /// The specification's word.
    pub const fn name(self) -> &'static str {
        match self {
            CommandKind::Instantiate => "INSTANTIATE",
            CommandKind::Terminate => "TERMINATE",
            CommandKind::Cleanup => "CLEANUP",
            CommandKind::AmStart => "AM_START",
            CommandKind::AmStop => "AM_STOP",
            CommandKind::Healthcheck => "HEALTHCHECK",
        }
    }
}

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done, or refused with this code and text.
    Done(Result<(), ais::Refusal>),
    /// The HA state asked for.
    HaState(Result<HaState, AisError>),
    /// The members of a protection group, as far as they were asked for.
    Members(Result<Vec<ProtectionGroupNotification>, ais::Refusal>),
}

/// One thing to do. Effects are carried out in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start a command; answered by [`crate::Event::RunEnded`].
    Run {
        /// Names the run.
        run: RunId,
        /// For which component.
        comp: Dn,
        /// Which command.
        kind: CommandKind,
        /// The program, its arguments; the engine watches the timeout.
        command: Command,
        /// The environment beside the component's name: `NAME=value`.
        env: Vec<String>,
    },
    /// Kill all that is left of a component that ended in order, that has no CLEANUP command, or whose CLEANUP could
    /// not be started. Answered by [`crate::Event::RunEnded`]: with exit code 0 where nothing is left, else with another.
    KillAll {
        /// Names the run.
        run: RunId,
        /// The component.
        comp: Dn,
    },
    /// Kill a command that took too long, with all that it started; [`crate::Event::RunEnded`] follows.
    Kill {
        /// Which run.
        run: RunId,
    },
    /// Ask a component something; answered by [`crate::Event::CallbackAnswered`].
    Callback {
        /// Names the callback.
        invocation: Invocation,
        /// The connection to use.
        session: SessionId,
        /// The component.
        comp: Dn,
        /// What.
        kind: CallbackKind,
    },
    /// Watch a process, and so many generations of its descendants (`None`: all), until [`Effect::Unwatch`]. Each end
    /// is told by [`crate::Event::WatchedEnded`].
    Watch {
        /// Names the watch.
        watch: WatchId,
        /// The component.
        comp: Dn,
        /// The process.
        pid: u64,
        /// How many generations.
        depth: Option<u32>,
    },
    /// Watch no more.
    Unwatch {
        /// Which watch.
        watch: WatchId,
    },
    /// The registration of a component is over; its connection may be closed and its death is no longer news.
    Forget {
        /// The component.
        comp: Dn,
        /// The connection on which it had registered.
        session: SessionId,
    },
    /// Tell a process of a change of a protection group. Not answered.
    GroupChange {
        /// The connection.
        session: SessionId,
        /// The CSI.
        csi: Dn,
        /// How many members the group has, or why there is none any more.
        members: Result<u32, AisError>,
        /// The members that were asked for.
        notifications: Vec<ProtectionGroupNotification>,
    },
    /// Reach a proxy of another node through that node's director, as often as it takes, and name it these components of
    /// this node; where it is reached already, on the same node, only name it these. Each link is told by
    /// [`crate::Event::Linked`], and its end by [`crate::Event::SessionClosed`].
    Link {
        /// The proxy.
        proxy: Dn,
        /// Its node.
        node: Dn,
        /// What it manages here.
        comps: BTreeSet<Dn>,
    },
    /// Reach the proxy no more; [`crate::Event::SessionClosed`] follows where it was reached.
    EndLink {
        /// The proxy.
        proxy: Dn,
    },
    /// Answer a request.
    Reply {
        /// Which one.
        request: RequestId,
        /// With what.
        answer: Answer,
    },
    /// Tell the director, if there is one; a report that cannot be sent is dropped, for a new director asks for all.
    Report(NodeReport),
    /// Reboot by the configured hook.
    Reboot {
        /// Why.
        reason: String,
    },
    /// Everything is terminated after [`crate::Event::Shutdown`]; the process may end.
    ShutdownComplete,
    /// For the log: one sentence with names, what was decided and why.
    Note {
        /// The entity it is about.
        subject: Dn,
        /// The sentence.
        text: String,
    },
}
