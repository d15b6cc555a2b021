//! Which CCBs were committed, for clients that lost the answer to their apply.

use std::collections::{BTreeSet, VecDeque};

use ais::{AisError, Refusal};

use crate::store::record::{self, JournalHead, meta};
use crate::store::{Table, Write};
use repository::StoredChange;

/// So many commits are remembered.
const REMEMBERED: usize = 10_000;

/// The remembered commits, as far as the outcome of a CCB needs them.
pub(crate) struct Journal {
    /// Their ids by the number of the commit, oldest first.
    commits: VecDeque<(u64, u64)>,
    ids: BTreeSet<u64>,
    next: u64,
    /// The highest id that was forgotten.
    forgotten: u64,
}

impl Journal {
    /// The journal that the store holds: commit numbers with ids, in order; and the writes that bound it again.
    pub(crate) fn restore(commits: Vec<(u64, u64)>, forgotten: u64) -> (Journal, Vec<Write>) {
        let mut journal = Journal {
            next: commits.last().map_or(1, |(number, _)| number + 1),
            ids: commits.iter().map(|(_, id)| *id).collect(),
            commits: commits.into(),
            forgotten,
        };
        let writes = journal.forget(REMEMBERED);
        (journal, writes)
    }

    /// The writes that enter a commit; [`Journal::committed`] follows when they are durable.
    pub(crate) fn enter(&mut self, head: &JournalHead, changes: &[StoredChange]) -> (u64, Vec<Write>) {
        let number = self.next;
        self.next += 1;
        let mut writes = self.forget(REMEMBERED - 1);
        writes.push(record::write_journal(number, head, changes));
        (number, writes)
    }

    /// The commit with this number is durable.
    pub(crate) fn committed(&mut self, number: u64, ccb: u64) {
        self.ids.insert(ccb);
        self.commits.push_back((number, ccb));
    }

    /// Forgets the oldest commits beyond so many.
    fn forget(&mut self, keep: usize) -> Vec<Write> {
        let mut writes = Vec::new();
        while self.commits.len() > keep {
            let Some((number, id)) = self.commits.pop_front() else {
                break;
            };
            self.ids.remove(&id);
            self.forgotten = self.forgotten.max(id);
            writes.push(Write {
                table: Table::Journal,
                key: number,
                value: None,
            });
        }
        if !writes.is_empty() {
            writes.push(meta::write(meta::FORGOTTEN, self.forgotten));
        }
        writes
    }

    /// Whether a CCB that is no longer open was committed; `next` is the id that comes next.
    ///
    /// # Errors
    /// NOT_EXIST for ids that were never given out or are forgotten.
    pub(crate) fn outcome(&self, ccb: u64, next: u64) -> Result<bool, Refusal> {
        if self.ids.contains(&ccb) {
            Ok(true)
        } else if ccb > self.forgotten && ccb < next {
            Ok(false)
        } else {
            Err(Refusal::new(
                AisError::NotExist,
                format!("CCB {ccb} is not known, or not any more"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(ccb: u64) -> JournalHead {
        JournalHead {
            ccb,
            time: 0,
            owner: "test".to_owned(),
            uid: 0,
            pid: 0,
        }
    }

    #[test]
    fn outcomes_are_true_false_or_unknown() {
        let (mut journal, writes) = Journal::restore(vec![(1, 10), (2, 9)], 0);
        assert!(writes.is_empty());
        assert_eq!(journal.outcome(10, 20), Ok(true));
        assert_eq!(journal.outcome(11, 20), Ok(false));
        assert!(journal.outcome(20, 20).is_err());
        let (number, writes) = journal.enter(&head(12), &[]);
        assert_eq!((number, writes.len()), (3, 1));
        assert_eq!(journal.outcome(12, 20), Ok(false));
        journal.committed(number, 12);
        assert_eq!(journal.outcome(12, 20), Ok(true));
    }

    #[test]
    fn what_is_forgotten_is_unknown_and_never_false() {
        let commits = (1..=REMEMBERED as u64 + 5).map(|n| (n, n + 100)).collect();
        let (mut journal, writes) = Journal::restore(commits, 0);
        assert_eq!(writes.len(), 6, "five entries and the highest id of them");
        assert!(journal.outcome(105, 1 << 40).is_err());
        assert_eq!(journal.outcome(106, 1 << 40), Ok(true));
        let (number, writes) = journal.enter(&head(50_000), &[]);
        assert_eq!(writes.len(), 3);
        journal.committed(number, 50_000);
        assert!(journal.outcome(106, 1 << 40).is_err());
        assert_eq!(journal.commits.len(), REMEMBERED);
    }
}
