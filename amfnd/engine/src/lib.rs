//! The decisions of a node director: component and SU life cycle, healthchecks, command deadlines, and the
//! escalation that must not wait for a director. No I/O, no clock: [`NodeEngine::step`] gets an event and the
//! time, and gives back what is to be done.
//!
//! Inside, an SU has a goal and each of its CSIs a target (`su.rs`, `holding.rs`). Orders and faults change only
//! these (`order.rs`, `recovery.rs`); after every event the SU is compared with them and the next possible steps
//! are started (`assign.rs`). The life cycle of a component is one table (`presence.rs`), carried out by `comp.rs` and
//! `command.rs`.

mod assign;
mod callback;
mod check;
mod command;
mod comp;
mod cx;
mod effect;
mod elsewhere;
mod ending;
mod escalation;
mod event;
mod groups;
mod healthcheck;
mod holding;
mod manager;
mod monitor;
mod node;
mod order;
mod phase;
mod presence;
mod recovery;
mod report;
mod request;
mod su;
mod support;
mod watch;

pub use effect::{Answer, CommandKind, Effect};
pub use event::{
    ComponentRequest, Event, Invocation, ProcessEnd, RequestId, RunId, RunOutcome, SessionId, WatchId,
};
pub use node::{EngineOptions, NodeEngine};
