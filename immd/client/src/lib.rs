//! Rust client of the information model daemon.
//!
//! [`Imm`] is a connection; the handles made from it close when they are dropped. Everything is `!Send` and
//! must run on a tokio `LocalSet` (Cap'n Proto RPC is single-threaded), or by [`Imm::connect_by`] on what else runs one
//! task at a time.
//!
//! No call waits for ever: a daemon that does not answer within the connection's [`Limits`] is answered for with
//! [`ImmError::TimedOut`].
//!
//! A connection that is lost stays lost, and the daemon has finalised all that was made from it: CCBs are aborted,
//! owners released where they wanted it, implementers detached. [`Imm::reconnect`] begins anew; whether a change in
//! flight was made tells [`Imm::ccb_outcome`]. A program whose handles are to outlive a restart of the daemon asks
//! [`Imm::is_closed`], and has each handle made again over the new connection, as it was and under its name, by
//! [`AdminOwner::reestablish`], [`Ccb::reestablish`] and [`Implementer::reestablish`]. What cannot be as it was is
//! refused with BAD_HANDLE: owners that release on finalize, CCBs with operations that were not applied. A search that
//! was begun ends with the connection.

mod acquired;
mod connection;
mod implementer;
mod limits;
mod management;
mod owner;
mod page;
mod undecided;

pub use ais::AttrChoice;
use ais::{AisError, Dn, Scope, Value};

pub use connection::Spawn;
pub use implementer::{Implementer, ImplementerCallbacks, LocalFuture};
pub use limits::Limits;
pub use management::{Imm, Info, Search};
pub use owner::{AdminOperationReply, AdminOwner, CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI, Ccb};
pub use page::{AttrView, ObjectView, Page};

/// Why a call did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ImmError {
    /// Nobody listens on the socket: no cluster runs in this directory.
    #[error("no information model daemon answers on {socket}")]
    NotRunning {
        /// The path of the socket.
        socket: String,
        /// Why the connection failed.
        #[source]
        source: std::io::Error,
    },
    /// The daemon refused; the texts are its explanations, the most important first.
    #[error("{error}")]
    Refused {
        /// The code.
        error: AisError,
        /// The explanations, one sentence each.
        texts: Vec<String>,
    },
    /// The daemon did not answer in time; of a change in flight it is not known whether it was made.
    #[error("the information model daemon gave no answer within {} s", limit.as_secs_f32())]
    TimedOut {
        /// How long was waited.
        limit: std::time::Duration,
    },
    /// The connection broke; of a change in flight it is not known whether it was made.
    #[error("the connection to the information model daemon broke: {0}")]
    Disconnected(String),
}

/// What to search for.
#[derive(Debug, Clone)]
pub struct SearchParams {
    /// Where to begin; `None` is the whole tree.
    pub root: Option<Dn>,
    /// How deep; `Sublevel` or `Subtree`.
    pub scope: Scope,
    /// Only objects with this attribute and, if given, this value in it.
    pub filter: Option<(String, Option<Value>)>,
    /// What to return.
    pub attrs: AttrChoice,
}
