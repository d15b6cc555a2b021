//! Who changed what, and how objects were at an earlier time.

use std::cell::RefCell;
use std::rc::Rc;

use ais::{AisError, AttrChoice, Dn, JournalEntry, JournalHead, Object, Refusal};
use capnp::Error;
use repository::{SearchParams, Snapshot};
use schema::imm_capnp::search;
use schema::value::{Refused, write_objects, write_status};
use schema::{list_len, size};
use tokio::sync::Mutex;

use super::Connection;
use super::budget::Share;
use super::imm::unsendable;
use crate::core::Core;
use crate::journal::Entry;
use crate::past::{Past, Range};
use crate::store::record::journal::{JournalPart, read_journal};

/// An answer looks at so many entries at most, whether they concern the object asked for or not.
const ENTRIES_AT_ONCE: usize = 256;

/// What the journal could not give.
fn unreadable(text: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        AisError::NoResources,
        format!("the journal cannot be read: {text}"),
    )
}

/// The records of an entry from this key on, as many as fit into a message.
async fn records(core: &Core, entry: &Entry, from: u64) -> Result<Vec<(u64, JournalPart)>, Refusal> {
    let read = core.read_journal(from..entry.keys().end, size::MESSAGE).await;
    let records = read.map_err(unreadable)?;
    if records.is_empty() {
        let text = "an entry was dropped meanwhile to make place for newer ones";
        return Err(Refusal::new(AisError::TryAgain, text));
    }
    records
        .into_iter()
        .map(|(key, bytes)| Ok((key, read_journal(key, &bytes).map_err(unreadable)?)))
        .collect()
}

/// Where to go on in an entry, the newest first: `cursor` is the key of the record that was sent last, 0 before the
/// first. `None` where all of it was sent.
fn begin(entry: &Entry, cursor: u64) -> Option<u64> {
    let keys = entry.keys();
    if cursor == 0 || keys.end <= cursor {
        Some(keys.start)
    } else {
        (keys.start <= cursor && cursor + 1 < keys.end).then_some(cursor + 1)
    }
}

/// Some entries after `since`, the newest first, from the cursor on; and the cursor that continues, 0 at the end.
pub(super) async fn page(
    core: &Core,
    since: i64,
    object: Option<&Dn>,
    cursor: u64,
) -> Result<(Vec<JournalEntry>, u64), Refusal> {
    let wanted: Vec<(Entry, u64)> = {
        let journal = core.journal.borrow();
        let left = |entry: Entry| Some((entry, begin(&entry, cursor)?));
        journal
            .after(since)
            .filter_map(left)
            .take(ENTRIES_AT_ONCE)
            .collect()
    };
    let mut page = Vec::new();
    let mut bytes = 0;
    let mut last = 0;
    for (entry, from) in &wanted {
        let head = head(core, entry).await?;
        for (key, part) in records(core, entry, *from).await? {
            let concerns = |name: &str| object.is_none_or(|dn| dn.as_str() == name);
            let mut changes = part.changes;
            changes.retain(|change| concerns(&change.name));
            bytes += changes.iter().map(size::journal_change).sum::<usize>();
            last = key;
            if object.is_none() || !changes.is_empty() {
                page.push(JournalEntry {
                    number: entry.first,
                    head: head.clone(),
                    changes,
                });
            }
        }
        if last + 1 < entry.keys().end || bytes >= size::MESSAGE {
            return Ok((page, last));
        }
    }
    let is_end = wanted.len() < ENTRIES_AT_ONCE;
    Ok((page, if is_end { 0 } else { last }))
}

/// Who made an entry and when.
async fn head(core: &Core, entry: &Entry) -> Result<JournalHead, Refusal> {
    let first = core
        .read_journal(entry.first..entry.first + 1, 1)
        .await
        .map_err(unreadable)?;
    let (key, bytes) = first.first().ok_or_else(|| unreadable("an entry is missing"))?;
    let part = read_journal(*key, bytes).map_err(unreadable)?;
    part.head.ok_or_else(|| unreadable("an entry has no head"))
}

/// A search among the objects of an earlier time.
pub(super) struct PastServer {
    connection: Rc<Connection>,
    /// `None` where nothing of the range is there any more.
    present: RefCell<Option<Snapshot>>,
    past: RefCell<Past>,
    /// Objects that were there, not sent yet.
    ready: RefCell<std::collections::VecDeque<Object>>,
    /// Pages are made one after another.
    turn: Mutex<()>,
    _share: Share,
}

impl PastServer {
    /// The objects of the range as they were at the time.
    ///
    /// # Errors
    /// NOT_EXIST where the journal does not reach back so far.
    pub(super) async fn begin(
        connection: &Rc<Connection>,
        range: Range,
        at: i64,
    ) -> Result<PastServer, Refusal> {
        let share = connection.budget.search()?;
        let core = &connection.core;
        // The snapshot and the list of what happened since are of the same moment.
        let present = present(core, &range)?;
        let happened: Vec<Entry> = {
            let journal = core.journal.borrow();
            if let Some(earliest) = journal.reaches_back_to().filter(|earliest| at < *earliest) {
                let text = format!("the journal reaches back to {earliest} ns after 1970-01-01 UTC only");
                return Err(Refusal::new(AisError::NotExist, text));
            }
            journal.after(at).collect()
        };
        let mut past = Past::new(range);
        for entry in happened {
            let mut changes = Vec::new();
            let mut from = entry.first;
            while from < entry.keys().end {
                for (key, part) in records(core, &entry, from).await? {
                    from = key + 1;
                    changes.extend(part.changes);
                }
            }
            changes.into_iter().rev().for_each(|change| past.undo(change));
        }
        Ok(PastServer {
            present: RefCell::new(present),
            past: RefCell::new(past),
            ready: RefCell::default(),
            turn: Mutex::new(()),
            _share: share,
            connection: connection.clone(),
        })
    }

    /// The next objects, at most `max` and about one message full; and whether they are the last.
    fn page(&self, max: usize) -> (Vec<Object>, bool, usize) {
        let (mut past, mut ready) = (self.past.borrow_mut(), self.ready.borrow_mut());
        let mut page = Vec::new();
        let mut bytes = 0;
        let mut is_end = false;
        while page.len() < max && bytes < size::MESSAGE {
            if let Some(object) = ready.pop_front() {
                bytes += size::object(&object);
                page.push(object);
                continue;
            }
            if is_end {
                return (page, true, bytes);
            }
            if let Some(object) = self.next_present() {
                ready.extend(past.gone_before(Some(&object.dn)));
                ready.extend(past.as_it_was(object));
            } else {
                ready.extend(past.gone_before(None));
                is_end = true;
            }
        }
        (page, is_end && ready.is_empty(), bytes)
    }
}

impl PastServer {
    fn next_present(&self) -> Option<Object> {
        let core = &self.connection.core;
        let mut present = self.present.borrow_mut();
        let snapshot = present.as_mut()?;
        let now = core.now();
        core.read(|repository| repository.search_next(snapshot, now))
            .map(|read| read.object)
    }
}

/// The objects of the present in the range, with what survives a restart; `None` where its root was deleted since.
fn present(core: &Rc<Core>, range: &Range) -> Result<Option<Snapshot>, Refusal> {
    let now = core.now();
    let params = SearchParams {
        root: range.root.clone(),
        scope: range.scope,
        filter: None,
        attrs: AttrChoice::Persistent,
    };
    match core.read(|repository| repository.search(&params, now)) {
        Err(refusal) if refusal.error == AisError::NotExist => Ok(None),
        other => other.map(Some),
    }
}

impl search::Server for PastServer {
    async fn next(
        self: Rc<Self>,
        params: search::NextParams,
        mut results: search::NextResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let _turn = self.turn.lock().await;
        let max = usize::try_from(params.get()?.get_max().max(1)).unwrap_or(usize::MAX);
        let (objects, done, bytes) = self.page(max);
        self.connection.budget.owe(bytes);
        let places = list_len(objects.len(), "objects").map_err(unsendable)?;
        write_objects(&objects, results.get().init_objects(places)).map_err(unsendable)?;
        results.get().set_done(done);
        let answer: Result<(), Refused> = Ok(());
        write_status(&answer, results.get().init_status());
        Ok(())
    }
}
