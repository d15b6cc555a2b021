//! What the parts of the shell tell its loop.

use ais::amf::{CauseId, NodeOrder, Term};
use node_engine::{Answer, ComponentRequest, Event, SessionId};
use rustix::process::Pid;
use tokio::sync::{mpsc, oneshot};

/// One thing that happened outside the loop.
#[derive(Debug)]
pub(crate) enum Input {
    /// Something that the engine can be told as it is.
    Event(Event),
    /// A component's process asks something.
    Request {
        /// The connection it came on.
        session: SessionId,
        /// What it asks.
        body: ComponentRequest,
        /// Where the answer goes.
        answer: oneshot::Sender<Answer>,
    },
    /// The director gave orders.
    Orders {
        /// Its term.
        term: Term,
        /// The orders.
        orders: Vec<NodeOrder>,
        /// The stories that they belong to, in their order.
        causes: Vec<CauseId>,
        /// Whether they are accepted.
        answer: oneshot::Sender<bool>,
    },
    /// Children of this process have ended.
    ChildrenEnded,
    /// A connected process has ended; tells nothing of its connection.
    ProcessEnded {
        /// Which one.
        pid: Pid,
    },
    /// A connection has ended; comes after everything about its process and sessions.
    Disconnected {
        /// Which one.
        connection: u64,
    },
}

/// Where inputs go.
///
/// The channel itself has no bound, so that nothing here ever waits for the loop; what feeds it has: sessions, requests
/// in each session, orders under way, callbacks and runs that the engine began.
pub(crate) type Inputs = mpsc::UnboundedSender<Input>;

/// Tells the loop; when it has ended nobody needs to know.
pub(crate) fn tell(inputs: &Inputs, input: Input) {
    if inputs.send(input).is_err() {
        tracing::debug!("an input came after the end");
    }
}
