//! The decisions of a node director: component and SU life cycle, healthchecks, command deadlines, and the
//! escalation that must not wait for a director. No I/O, no clock: [`NodeEngine::step`] gets an event and the
//! time, and gives back what is to be done.

mod effect;
mod event;

pub use effect::{Answer, CommandKind, Effect};
pub use event::{ComponentRequest, Event, Invocation, RequestId, RunId, RunOutcome, SessionId};

use ais::Millis;
use ais::amf::Term;

/// A node director's whole state.
#[derive(Debug, Default)]
pub struct NodeEngine {}

impl NodeEngine {
    /// A node director that runs nothing yet.
    pub fn new() -> NodeEngine {
        NodeEngine::default()
    }

    /// Whether orders of this term may be given to [`NodeEngine::step`]: none of a newer term has been seen.
    pub fn accepts(&self, _term: Term) -> bool {
        unimplemented!()
    }

    /// Applies one event and returns what must now be done, in order.
    ///
    /// `now` is on the caller's monotonic clock and never goes back.
    #[must_use]
    pub fn step(&mut self, _now: Millis, _event: Event) -> Vec<Effect> {
        unimplemented!()
    }

    /// When to call [`NodeEngine::step`] with [`Event::Deadline`] if nothing else happens first.
    pub fn next_deadline(&self) -> Option<Millis> {
        unimplemented!()
    }
}
