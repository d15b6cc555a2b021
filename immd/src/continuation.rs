//! Results of administrative operations that somebody may come for later: those begun with a continuation.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use ais::{AisError, Refusal};
use tokio::sync::watch;

use crate::callbacks::Reply;

/// So many continuations are kept; results nobody came for are forgotten before, the oldest first.
const KEPT: usize = 1000;

/// How an operation ended.
pub(crate) type Outcome = Result<Reply, Refusal>;

/// An object and the number that the invoker gave.
type Key = (String, u64);

/// The operations with a continuation, by object and number.
#[derive(Default)]
pub(crate) struct Continuations(RefCell<Table>);

#[derive(Default)]
struct Table {
    outcomes: BTreeMap<Key, Entry>,
    /// Those that are finished, oldest first.
    finished: VecDeque<Key>,
    next: u64,
}

struct Entry {
    /// Tells it from one that had the number before.
    ticket: u64,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Continuations {
    /// Begins one; gives the ticket for its end.
    ///
    /// # Errors
    /// EXIST where the number is in use for this object; NO_RESOURCES where too many are in progress.
    pub(crate) fn begin(&self, object: &str, id: u64) -> Result<u64, Refusal> {
        let table = &mut *self.0.borrow_mut();
        let key = (object.to_owned(), id);
        if table.outcomes.contains_key(&key) {
            let text = format!("continuation {id} of an operation on '{object}' is in use; clear it first");
            return Err(Refusal::new(AisError::Exist, text));
        }
        if table.outcomes.len() >= KEPT {
            let Some(oldest) = table.finished.pop_front() else {
                let text = format!("{KEPT} operations with continuations are in progress");
                return Err(Refusal::new(AisError::NoResources, text));
            };
            table.outcomes.remove(&oldest);
        }
        table.next += 1;
        let entry = Entry {
            ticket: table.next,
            outcome: watch::Sender::new(None),
        };
        table.outcomes.insert(key, entry);
        Ok(table.next)
    }

    /// The operation has ended; nothing happens where it was cleared meanwhile.
    pub(crate) fn end(&self, object: &str, id: u64, ticket: u64, outcome: &Outcome) {
        let table = &mut *self.0.borrow_mut();
        let key = (object.to_owned(), id);
        if let Some(entry) = table.outcomes.get(&key).filter(|entry| entry.ticket == ticket) {
            entry.outcome.send_replace(Some(outcome.clone()));
            table.finished.push_back(key);
        }
    }

    /// What will say how the operation ended; dropped where it is cleared before.
    ///
    /// # Errors
    /// NOT_EXIST.
    pub(crate) fn find(&self, object: &str, id: u64) -> Result<watch::Receiver<Option<Outcome>>, Refusal> {
        let table = self.0.borrow();
        let found = table.outcomes.get(&(object.to_owned(), id));
        found
            .map(|entry| entry.outcome.subscribe())
            .ok_or_else(|| unknown(object, id))
    }

    /// Forgets the operation; it goes on, and its result is lost.
    ///
    /// # Errors
    /// NOT_EXIST.
    pub(crate) fn clear(&self, object: &str, id: u64) -> Result<(), Refusal> {
        let mut table = self.0.borrow_mut();
        let key = (object.to_owned(), id);
        if table.outcomes.remove(&key).is_none() {
            return Err(unknown(object, id));
        }
        table.finished.retain(|other| *other != key);
        Ok(())
    }
}

fn unknown(object: &str, id: u64) -> Refusal {
    let text = format!("no operation on '{object}' has the continuation {id}");
    Refusal::new(AisError::NotExist, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T, Refusal>) -> Option<AisError> {
        result.err().map(|refusal| refusal.error)
    }

    const DONE: Outcome = Ok(Reply {
        result: 1,
        parameters: Vec::new(),
    });

    #[test]
    fn a_result_waits_until_it_is_cleared() {
        let all = Continuations::default();
        let ticket = all.begin("a=1", 7).unwrap();
        assert_eq!(code(all.begin("a=1", 7)), Some(AisError::Exist));
        all.begin("a=2", 7).unwrap();
        let receiver = all.find("a=1", 7).unwrap();
        assert!(receiver.borrow().is_none());
        all.end("a=1", 7, ticket, &DONE);
        assert!(receiver.borrow().as_ref().unwrap().is_ok());
        assert!(all.find("a=1", 7).unwrap().borrow().is_some());
        all.clear("a=1", 7).unwrap();
        assert_eq!(code(all.find("a=1", 7)), Some(AisError::NotExist));
        assert_eq!(code(all.clear("a=1", 7)), Some(AisError::NotExist));
        all.begin("a=1", 7).unwrap();
        all.end("a=1", 7, ticket, &DONE);
        assert!(
            all.find("a=1", 7).unwrap().borrow().is_none(),
            "another operation's end"
        );
    }

    #[test]
    fn only_finished_ones_are_forgotten() {
        let all = Continuations::default();
        for id in 1..=KEPT as u64 {
            all.begin("a=1", id).unwrap();
        }
        assert_eq!(code(all.begin("a=1", 9999)), Some(AisError::NoResources));
        all.end("a=1", 5, 5, &DONE);
        all.begin("a=1", 9999).unwrap();
        assert_eq!(code(all.find("a=1", 5)), Some(AisError::NotExist));
        assert!(all.find("a=1", 6).is_ok());
    }
}
