//! The decisions of the director: the model, the state, the plan for each service group, the steps that lead there,
//! recovery and administrative operations. No I/O, no clock: [`Director::step`] gets an event and the time, and gives
//! back what is to be done.

mod effect;
mod event;

pub use effect::{Because, Effect, Publish};
pub use event::{Event, ModelChange, RequestId, SessionId};

use ais::{Dn, Millis, Refusal};

/// Why something was, or was not, done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {}

/// The director's whole state.
#[derive(Debug, Default)]
pub struct Director {}

impl Director {
    /// A director that knows nothing yet; its first event is [`Event::Start`].
    pub fn new() -> Director {
        Director::default()
    }

    /// Whether a CCB with these changes would leave a model that can be served, without applying it.
    pub fn validate(&self, _changes: &[ModelChange]) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Applies one event and returns what must now be done, in order.
    ///
    /// `now` is on the caller's monotonic clock and never goes back.
    #[must_use]
    pub fn step(&mut self, _now: Millis, _event: Event) -> Vec<Effect> {
        unimplemented!()
    }

    /// When to call [`Director::step`] with [`Event::Deadline`] if nothing else happens first.
    pub fn next_deadline(&self) -> Option<Millis> {
        unimplemented!()
    }

    /// Why the entity is as it is: sentences, the most important first. Empty for a DN that is not in the model.
    pub fn explain(&self, _dn: &Dn) -> Vec<String> {
        unimplemented!()
    }
}
