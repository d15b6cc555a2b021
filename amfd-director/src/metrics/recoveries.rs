//! How long recoveries take: from the fault to the SU that is active instead, and to the end of its story.

use std::collections::BTreeMap;
use std::time::Instant;

use ais::amf::{CauseId, HaState, OrderOutcome};
use director_engine::{Because, Reason, Story};

/// So many stories are followed at once; of more than that nothing is measured.
const FOLLOWED_MOST: usize = 10_000;

/// What makes a story a recovery.
pub(super) const NODE_LOSS: &str = "NODE-LOSS";

/// A story that goes on.
#[derive(Debug)]
struct Open {
    began: Instant,
    /// What is recovered from; `None` as long as nothing says that it is a recovery.
    from: Option<&'static str>,
}

/// Something to be written down, with the recovery that it belongs to and the seconds since its beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Measured {
    /// A recovery began.
    Began(&'static str),
    /// An SU became active in the place of another.
    Active(&'static str, f64),
    /// Nothing is to be done any more.
    Settled(&'static str, f64),
}

/// The stories that go on.
#[derive(Debug, Default)]
pub(super) struct Recoveries {
    open: BTreeMap<CauseId, Open>,
}

/// What the reason says is recovered from.
fn recovers_from(reason: &Reason) -> Option<&'static str> {
    match reason {
        Reason::Fault { recovery, .. } => Some(recovery.name()),
        Reason::NodeLost | Reason::NodeDied | Reason::NodeWentDown => Some(NODE_LOSS),
        _ => None,
    }
}

impl Recoveries {
    /// How many stories go on.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// A reason was given.
    pub(super) fn because(&mut self, because: &Because, now: Instant) -> Option<Measured> {
        let from = recovers_from(&because.reason)?;
        if self.open.len() >= FOLLOWED_MOST && !self.open.contains_key(&because.cause) {
            return None;
        }
        let open = self.open.entry(because.cause).or_insert(Open {
            began: now,
            from: None,
        });
        // A story that several faults belong to is named by the first.
        open.from.get_or_insert(from);
        Some(Measured::Began(from))
    }

    /// A story went on.
    pub(super) fn story(&mut self, story: &Story, now: Instant) -> Option<Measured> {
        let since = |began: Instant| now.saturating_duration_since(began).as_secs_f64();
        match story {
            Story::Began { cause, .. } => {
                if self.open.len() < FOLLOWED_MOST {
                    let (began, from) = (now, None);
                    self.open.insert(*cause, Open { began, from });
                }
                None
            }
            Story::Answered {
                cause, ha, outcome, ..
            } => {
                let open = self.open.get(cause)?;
                let is_active = *ha == Some(HaState::Active) && *outcome == OrderOutcome::Done;
                is_active.then_some(Measured::Active(open.from?, since(open.began)))
            }
            Story::Merged { cause, into } => {
                let old = self.open.remove(cause)?;
                let new = self.open.get_mut(into)?;
                if new.from.is_none() && old.from.is_some() {
                    *new = old;
                }
                None
            }
            Story::Settled { cause } => {
                let open = self.open.remove(cause)?;
                Some(Measured::Settled(open.from?, since(open.began)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ais::Dn;
    use ais::amf::Term;

    use super::*;

    fn answered(cause: CauseId, ha: Option<HaState>) -> Story {
        Story::Answered {
            cause,
            su: Dn::new("safSu=S").unwrap(),
            order: String::new(),
            ha,
            outcome: OrderOutcome::Done,
        }
    }

    #[test]
    fn a_recovery_lasts_from_its_fault_to_the_end_of_its_story() {
        let mut recoveries = Recoveries::default();
        let begin = Instant::now();
        let at = |millis| begin + Duration::from_millis(millis);
        let (cause, other) = (CauseId::new(Term(1), 1), CauseId::new(Term(1), 2));
        for cause in [cause, other] {
            let origin = String::new();
            assert_eq!(recoveries.story(&Story::Began { cause, origin }, at(0)), None);
        }
        let because = Because {
            subject: Dn::new("safAmfNode=N").unwrap(),
            reason: Reason::NodeLost,
            cause,
        };
        assert_eq!(
            recoveries.because(&because, at(0)),
            Some(Measured::Began(NODE_LOSS))
        );
        let standby = answered(cause, Some(HaState::Standby));
        assert_eq!(recoveries.story(&standby, at(100)), None);
        let active = answered(cause, Some(HaState::Active));
        assert_eq!(
            recoveries.story(&active, at(250)),
            Some(Measured::Active(NODE_LOSS, 0.25))
        );
        let active = answered(other, Some(HaState::Active));
        assert_eq!(recoveries.story(&active, at(250)), None, "no fault belongs to it");
        let merged = Story::Merged { cause, into: other };
        assert_eq!(recoveries.story(&merged, at(300)), None);
        let settled = Story::Settled { cause: other };
        assert_eq!(
            recoveries.story(&settled, at(500)),
            Some(Measured::Settled(NODE_LOSS, 0.5)),
            "what takes a recovery over counts from its fault"
        );
        assert_eq!(recoveries.open(), 0);
    }
}
