//! What happened, step by step, with the story that each step belongs to: the newest of it, in memory.

use std::collections::{BTreeSet, VecDeque};

use ais::Dn;
use ais::amf::{CauseId, NodeOrder, OrderOutcome};
use director_engine::{Because, Story};

/// The most steps that are kept.
const KEPT_MOST: usize = 20_000;
/// The most steps that an answer has.
pub(crate) const ANSWER_MOST: u32 = 5_000;

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The story.
    pub cause: CauseId,
    /// Nanoseconds since the epoch.
    pub time: i64,
    /// The entity; empty where it is about the story.
    pub subject: String,
    /// BEGAN, ORDER, DONE, FAILED, MERGED, SETTLED, or a code of docs/REASONS.md.
    pub code: String,
    /// For people.
    pub text: String,
}

/// What is kept.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    kept: VecDeque<Entry>,
}

impl Timeline {
    fn push(&mut self, cause: CauseId, time: i64, subject: &str, code: &str, text: String) {
        self.kept.push_back(Entry {
            cause,
            time,
            subject: subject.to_owned(),
            code: code.to_owned(),
            text,
        });
        if self.kept.len() > KEPT_MOST {
            self.kept.pop_front();
        }
    }

    /// An order was sent. That a node is told about the model is no step.
    pub(crate) fn ordered(&mut self, time: i64, cause: CauseId, node: &Dn, order: &NodeOrder) {
        if !order.is_configuration() {
            let subject = order.su().unwrap_or(node);
            let text = match order.su() {
                Some(_) => format!("{order}, on {}", node.rdn_value()),
                None => order.to_string(),
            };
            self.push(cause, time, subject.as_str(), "ORDER", text);
        }
    }

    /// A reason was given.
    pub(crate) fn because(&mut self, time: i64, because: &Because) {
        let (subject, reason) = (because.subject.as_str(), &because.reason);
        self.push(because.cause, time, subject, reason.code(), reason.to_string());
    }

    /// A story went on.
    pub(crate) fn story(&mut self, time: i64, story: &Story) {
        match story {
            Story::Began { cause, origin } => self.push(*cause, time, "", "BEGAN", origin.clone()),
            Story::Answered {
                cause,
                su,
                order,
                outcome,
                ..
            } => match outcome {
                OrderOutcome::Failed(why) => {
                    self.push(*cause, time, su.as_str(), "FAILED", format!("{order}: {why}"));
                }
                OrderOutcome::Done | OrderOutcome::InProgress => {
                    self.push(*cause, time, su.as_str(), "DONE", order.clone());
                }
            },
            Story::Merged { cause, into } => {
                self.push(*cause, time, "", "MERGED", format!("goes on as {into}"));
            }
            Story::Settled { cause } => {
                self.push(
                    *cause,
                    time,
                    "",
                    "SETTLED",
                    "nothing is to be done any more".to_owned(),
                );
            }
        }
    }

    /// The steps of whole stories, older ones first: of those with a step after `since`, and about the object or what is
    /// below it, where one is named. Of many, the newest.
    pub(crate) fn find(&self, object: Option<&Dn>, since: i64, most: usize) -> Vec<Entry> {
        let concerns = |entry: &Entry| {
            object.is_none_or(|object| {
                entry.text.contains(object.as_str())
                    || Dn::new(&entry.subject).is_ok_and(|subject| subject.is_within(object))
            })
        };
        let late: BTreeSet<CauseId> = self
            .kept
            .iter()
            .filter(|entry| entry.time >= since)
            .map(|entry| entry.cause)
            .collect();
        let found: BTreeSet<CauseId> = self
            .kept
            .iter()
            .filter(|entry| late.contains(&entry.cause) && concerns(entry))
            .map(|entry| entry.cause)
            .collect();
        let mut all: Vec<Entry> = self
            .kept
            .iter()
            .rev()
            .filter(|entry| found.contains(&entry.cause))
            .take(most)
            .cloned()
            .collect();
        all.reverse();
        all
    }
}

#[cfg(test)]
mod tests {
    use ais::amf::{OrderId, Term};

    use super::*;

    #[test]
    fn whole_stories_are_found_by_what_they_concern() {
        let dn = |text: &str| Dn::new(text).unwrap();
        let mut timeline = Timeline::default();
        let (first, second) = (CauseId::new(Term(1), 1), CauseId::new(Term(1), 2));
        let su = dn("safSu=S,safSg=G,safApp=A");
        for (cause, time, su) in [(first, 10, &su), (second, 20, &dn("safSu=T,safSg=H,safApp=B"))] {
            let origin = "something".to_owned();
            timeline.story(time, &Story::Began { cause, origin });
            let order = NodeOrder::Instantiate {
                id: OrderId(1),
                su: su.clone(),
            };
            timeline.ordered(time + 1, cause, &dn("safAmfNode=N"), &order);
            timeline.ordered(time + 1, cause, &dn("safAmfNode=N"), &NodeOrder::ReportAll);
            timeline.story(time + 3, &Story::Settled { cause });
        }
        let codes = |found: Vec<Entry>| found.into_iter().map(|entry| entry.code).collect::<Vec<_>>();
        let whole = ["BEGAN", "ORDER", "SETTLED"];
        assert_eq!(codes(timeline.find(Some(&dn("safApp=A")), 0, 100)), whole);
        assert_eq!(timeline.find(Some(&su), 0, 100)[0].cause, first);
        assert_eq!(codes(timeline.find(None, 23, 100)), whole);
        assert_eq!(codes(timeline.find(None, 0, 2)), ["ORDER", "SETTLED"]);
        assert_eq!(timeline.find(Some(&dn("safApp=C")), 0, 100), []);
        for _ in 0..KEPT_MOST {
            timeline.story(30, &Story::Settled { cause: second });
        }
        assert_eq!(timeline.kept.len(), KEPT_MOST);
        assert_eq!(timeline.find(None, 0, usize::MAX).len(), KEPT_MOST);
    }
}
