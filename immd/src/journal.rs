//! What was committed: for clients that lost the answer to their apply, and for people who ask who changed what.
//!
//! The entries are in the store; here is what finds and bounds them.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use ais::{AisError, JournalHead, Refusal};
use repository::StoredChange;

use crate::store::record::journal::write_journal;
use crate::store::record::meta;
use crate::store::{Table, Write};

/// How much is kept: the oldest entries beyond either limit go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// So many entries.
    pub entries: usize,
    /// So many bytes.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            entries: 10_000,
            bytes: 256 << 20,
        }
    }
}

/// Where an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key of its first record.
    pub(crate) first: u64,
    /// How many records it has.
    pub(crate) records: u64,
    /// How many bytes they have.
    pub(crate) bytes: u64,
    /// Nanoseconds since the epoch.
    pub(crate) time: i64,
    /// The CCB; 0 where it was none.
    pub(crate) ccb: u64,
}

impl Entry {
    /// An entry of which this record was read, which has its head; [`Entry::grow`] adds the others.
    pub(crate) fn read(key: u64, bytes: usize, head: &JournalHead) -> Entry {
        Entry {
            first: key,
            records: 1,
            bytes: bytes as u64,
            time: head.time,
            ccb: head.ccb(),
        }
    }

    /// Another record of it.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.records += 1;
        self.bytes += bytes as u64;
    }

    /// The keys of its records.
    pub(crate) fn keys(&self) -> Range<u64> {
        self.first..self.first + self.records
    }
}

/// The entries whose changes are visible, oldest first.
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    ccbs: BTreeSet<u64>,
    bytes: u64,
    next: u64,
    /// The highest id of a CCB that was forgotten.
    forgotten: u64,
    /// Whether there was ever an entry that is not kept any more.
    is_cut: bool,
    retention: Retention,
}

impl Journal {
    /// How many entries there are, and how many bytes they have.
    pub(crate) fn size(&self) -> (usize, u64) {
        (self.entries.len(), self.bytes)
    }

    /// The journal that the store holds, and the writes that bound it again.
    pub(crate) fn restore(
        entries: Vec<Entry>,
        forgotten: u64,
        retention: Retention,
    ) -> (Journal, Vec<Write>) {
        let mut journal = Journal {
            next: entries.last().map_or(1, |entry| entry.keys().end),
            ccbs: entries.iter().map(|entry| entry.ccb).collect(),
            bytes: entries.iter().map(|entry| entry.bytes).sum(),
            is_cut: entries.first().is_some_and(|entry| entry.first > 1),
            entries: entries.into(),
            forgotten,
            retention,
        };
        let writes = journal.forget(retention.entries);
        (journal, writes)
    }

    /// The writes that enter a change; [`Journal::committed`] follows when they are durable and the change is visible.
    pub(crate) fn enter(&mut self, head: &JournalHead, changes: &[StoredChange]) -> (Entry, Vec<Write>) {
        let first = self.next;
        let records = write_journal(first, head, changes);
        self.next += records.len() as u64;
        let (entry, mut writes) = self.enter_at(first, head, &records);
        writes.extend(records);
        (entry, writes)
    }

    /// Keys for so many records of an entry that is still being made; [`Journal::enter_at`] follows, or nothing.
    pub(crate) fn reserve(&mut self, records: u64) -> u64 {
        let first = self.next;
        self.next += records;
        first
    }

    /// The entry of these records, which stand in a row from this key on, and the writes that make room for it.
    pub(crate) fn enter_at(
        &mut self,
        first: u64,
        head: &JournalHead,
        records: &[Write],
    ) -> (Entry, Vec<Write>) {
        let size = |write: &Write| write.value.as_ref().map_or(0, |value| value.len() as u64);
        let entry = Entry {
            first,
            records: records.len() as u64,
            bytes: records.iter().map(size).sum(),
            time: head.time,
            ccb: head.ccb(),
        };
        (entry, self.forget(self.retention.entries.saturating_sub(1)))
    }

    /// The entry is durable and its change visible.
    pub(crate) fn committed(&mut self, entry: Entry) {
        if entry.ccb != 0 {
            self.ccbs.insert(entry.ccb);
        }
        self.bytes += entry.bytes;
        // Answers of one transaction may be taken in another order.
        let place = self.entries.partition_point(|other| other.first < entry.first);
        self.entries.insert(place, entry);
    }

    /// Forgets the oldest entries beyond so many, and beyond the bytes that may be kept.
    fn forget(&mut self, keep: usize) -> Vec<Write> {
        let mut writes = Vec::new();
        while self.entries.len() > keep || self.bytes > self.retention.bytes {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.ccbs.remove(&entry.ccb);
            self.bytes -= entry.bytes.min(self.bytes);
            self.forgotten = self.forgotten.max(entry.ccb);
            self.is_cut = true;
            writes.extend(entry.keys().map(|key| Write {
                table: Table::Journal,
                key,
                value: None,
            }));
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
        if self.ccbs.contains(&ccb) {
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

    /// The entries after this time, the newest first.
    pub(crate) fn after(&self, time: i64) -> impl Iterator<Item = Entry> + '_ {
        self.entries
            .iter()
            .rev()
            .copied()
            .filter(move |entry| entry.time > time)
    }

    /// The earliest time whose state is known; `None` where it is known from the beginning on.
    pub(crate) fn reaches_back_to(&self) -> Option<i64> {
        let oldest = self.entries.front().map_or(i64::MAX, |entry| entry.time);
        self.is_cut.then_some(oldest)
    }
}

#[cfg(test)]
mod tests {
    use ais::Author;

    use super::*;

    const ALL: Retention = Retention {
        entries: 4,
        bytes: 1 << 20,
    };

    fn head(ccb: u64) -> JournalHead {
        JournalHead {
            time: i64::try_from(ccb).unwrap(),
            author: Author::Owner {
                ccb,
                name: "test".to_owned(),
            },
            uid: 0,
            pid: 0,
        }
    }

    fn entry(first: u64, ccb: u64) -> Entry {
        Entry::read(first, 100, &head(ccb))
    }

    #[test]
    fn outcomes_are_true_false_or_unknown() {
        let (mut journal, writes) = Journal::restore(vec![entry(1, 10), entry(2, 9)], 0, ALL);
        assert!(writes.is_empty());
        assert_eq!(journal.outcome(10, 20), Ok(true));
        assert_eq!(journal.outcome(11, 20), Ok(false));
        assert!(journal.outcome(20, 20).is_err());
        let (entry, writes) = journal.enter(&head(12), &[]);
        assert_eq!((entry.first, writes.len()), (3, 1));
        assert_eq!(journal.outcome(12, 20), Ok(false));
        journal.committed(entry);
        assert_eq!(journal.outcome(12, 20), Ok(true));
    }

    #[test]
    fn what_is_forgotten_is_unknown_and_never_false() {
        let entries = (1..=9).map(|number| entry(number, number + 100)).collect();
        let (mut journal, writes) = Journal::restore(entries, 0, ALL);
        assert_eq!(writes.len(), 6, "five entries and the highest id of them");
        assert!(journal.outcome(105, 1 << 40).is_err());
        assert_eq!(journal.outcome(106, 1 << 40), Ok(true));
        let (entry, writes) = journal.enter(&head(500), &[]);
        assert_eq!(writes.len(), 3);
        journal.committed(entry);
        assert!(journal.outcome(106, 1 << 40).is_err());
        assert_eq!(journal.entries.len(), 4);
        assert_eq!(journal.reaches_back_to(), Some(107));
    }

    #[test]
    fn bytes_are_bounded_too() {
        let retention = Retention {
            entries: 1000,
            bytes: 250,
        };
        let (journal, _) = Journal::restore((1..=5).map(|n| entry(n, n)).collect(), 0, retention);
        assert_eq!((journal.entries.len(), journal.bytes), (2, 200));
    }

    #[test]
    fn entries_after_a_time_come_newest_first() {
        let (mut journal, _) = Journal::restore(vec![entry(1, 5)], 0, ALL);
        let (second, _) = journal.enter(&head(6), &[]);
        let (third, _) = journal.enter(&head(7), &[]);
        journal.committed(third);
        journal.committed(second);
        let times = |after| journal.after(after).map(|entry| entry.time).collect::<Vec<_>>();
        assert_eq!(times(0), [7, 6, 5]);
        assert_eq!(times(5), [7, 6]);
        assert_eq!(journal.reaches_back_to(), None);
    }
}
