//! What can happen to the director.

use ais::amf::{NodeReport, Term};
use ais::{Attr, Dn};

/// Names a request of an administrative operation; given by the shell, answered once by
/// [`crate::Effect::AdminReply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a connection of a node director; given by the shell, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Names a request to fence a node; given by the engine in [`crate::Effect::Fence`], answered by [`Event::FenceResult`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FenceId(pub u64);

/// One object of the model, or one change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelChange {
    /// An object is there. The persistent runtime attributes, such as admin states, stand among its attributes.
    Create {
        /// Its class.
        class: String,
        /// Its name.
        dn: Dn,
        /// Its attributes, empty ones may be missing.
        attrs: Vec<Attr>,
    },
    /// Attributes changed: each is given with all its values after the change; no values means empty.
    Modify {
        /// The object.
        dn: Dn,
        /// The attributes that changed.
        attrs: Vec<Attr>,
    },
    /// The object is gone.
    Delete {
        /// Its name.
        dn: Dn,
    },
}

/// How the connection of a node director ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownCause {
    /// The other end closed it, as it does when the process ends or dies.
    Ended,
    /// There was no answer in time.
    Silent,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The director starts: the whole model as the repository holds it, and the term it leads with. First event.
    Start {
        /// The term.
        term: Term,
        /// Only [`ModelChange::Create`], in any order; the assignment objects of a former director among them.
        objects: Vec<ModelChange>,
    },
    /// What a former director raised and did not clear; before [`Event::Start`].
    AlarmsRaised {
        /// The alarms and their objects.
        alarms: Vec<(crate::AlarmKind, Dn)>,
    },
    /// The information model is reachable, or is not any more.
    Repository {
        /// Whether it is.
        reachable: bool,
    },
    /// A CCB that [`crate::Director::validate`] had accepted was applied.
    CcbApplied {
        /// Its operations in their order.
        changes: Vec<ModelChange>,
    },
    /// An administrative operation was invoked.
    AdminOperation {
        /// Answer to this.
        request: RequestId,
        /// The object.
        dn: Dn,
        /// The operation's id; may be one that does not exist.
        operation: u64,
    },
    /// A node director has connected. The engine configures it and asks for all reports.
    NodeUp {
        /// The node.
        node: Dn,
        /// The connection.
        session: SessionId,
    },
    /// The connection of a node director is gone.
    NodeDown {
        /// The node.
        node: Dn,
        /// The connection; of an older one than the present it means nothing.
        session: SessionId,
        /// How it ended.
        cause: DownCause,
    },
    /// A node director reported.
    Report {
        /// The node.
        node: Dn,
        /// The connection it came on.
        session: SessionId,
        /// The report.
        report: NodeReport,
    },
    /// A request to fence a node was carried out, or could not be.
    FenceResult {
        /// The request.
        request: FenceId,
        /// Nothing runs on the node any more; or why that is not known.
        result: Result<(), String>,
    },
    /// The time that [`crate::Director::next_deadline`] gave has come.
    Deadline,
}
