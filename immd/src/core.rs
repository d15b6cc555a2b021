//! What all connections share: the repository, the way to the store, and the implementers to be called.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use ais::{AisError, Author, JournalHead, Millis, Refusal};
use repository::{AccessControl, AdminOwnerId, Prepared, Repository, StoredChange};
use tokio::sync::{Notify, watch};

use crate::callee::Callees;
use crate::continuation::Continuations;
use crate::journal::{Entry, Journal};
use crate::metrics::Metrics;
use crate::server::Peer;
use crate::store::writer::Writer;
use crate::store::{Records, StoreError, Table, Write, record};

/// The daemon's state. Nothing here is borrowed while anything is awaited.
pub(crate) struct Core {
    repository: RefCell<Repository>,
    pub(crate) callees: Callees,
    /// The processes of the admin owners, for the operator.
    pub(crate) owners: RefCell<BTreeMap<AdminOwnerId, u32>>,
    pub(crate) continuations: Continuations,
    /// Who may connect.
    pub(crate) access: watch::Sender<AccessControl>,
    pub(crate) journal: RefCell<Journal>,
    writer: Writer,
    /// What is counted and measured.
    pub(crate) metrics: Metrics,
    /// Notified when a change that was on its way to the store is visible or dropped, or a CCB has ended.
    pub(crate) settled: Notify,
    /// Open searches of all connections, for the operator.
    pub(crate) searches: Cell<usize>,
    /// A search that nobody reads for so long is closed.
    pub(crate) search_idle: Cell<Duration>,
    /// Whether an export is in progress.
    pub(crate) exporting: Cell<bool>,
    pub(crate) callback_limit: Duration,
    /// Bytes that unanswered calls of all connections hold.
    pub(crate) held: Rc<Cell<usize>>,
    /// The cluster's directory.
    pub(crate) dir: PathBuf,
    epoch: u64,
    started: Instant,
}

impl Core {
    pub(crate) fn new(
        repository: Repository,
        journal: Journal,
        writer: Writer,
        metrics: Metrics,
        epoch: u64,
        options: &crate::Options,
    ) -> Core {
        Core {
            access: watch::Sender::new(repository.settings().access.clone()),
            repository: RefCell::new(repository),
            callees: Callees::default(),
            owners: RefCell::default(),
            continuations: Continuations::default(),
            journal: RefCell::new(journal),
            writer,
            metrics,
            settled: Notify::new(),
            searches: Cell::new(0),
            search_idle: Cell::new(crate::SEARCH_IDLE),
            exporting: Cell::new(false),
            held: Rc::default(),
            callback_limit: options.callback_limit,
            dir: options.dir.clone(),
            epoch,
            started: Instant::now(),
        }
    }

    /// The repository's time.
    pub(crate) fn now(&self) -> Millis {
        Millis(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// How often the repository was started.
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Asks the repository.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Repository) -> T) -> T {
        ask(&self.repository.borrow())
    }

    /// Changes the repository and tells the implementers of the CCBs that this aborted.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Repository) -> T) -> T {
        let (result, aborted, notices) = {
            let mut repository = self.repository.borrow_mut();
            let result = change(&mut repository);
            self.follow_access(&repository.settings().access);
            (result, repository.take_aborted(), repository.take_notices())
        };
        if !notices.is_empty() {
            self.tell_notices(notices);
        }
        for ccb in aborted {
            if !ccb.text.is_empty() {
                tracing::info!(ccb = %ccb.ccb, reason = ccb.text, "a CCB was aborted");
            }
            for implementer in ccb.tell {
                self.tell_abort(implementer, ccb.ccb);
            }
            self.settled.notify_waiters();
        }
        result
    }

    fn follow_access(&self, access: &AccessControl) {
        let differs = *self.access.borrow() != *access;
        if differs {
            self.access.send_replace(access.clone());
        }
    }

    /// Makes writes durable.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let _waiting = self.metrics.committing();
        let answer = self.writer.commit(writes).await;
        answer.unwrap_or_else(|_| Err(writer_ended()))
    }

    /// Who changes something, now.
    pub(crate) fn head(author: Author, peer: Peer) -> JournalHead {
        JournalHead {
            time: unix_time(),
            author,
            uid: peer.uid,
            pid: peer.pid,
        }
    }

    /// Stores changes with their journal entry, which is to be given to [`Journal::committed`] once they are visible.
    pub(crate) async fn store(
        &self,
        changes: &[StoredChange],
        author: Author,
        peer: Peer,
    ) -> Result<Entry, StoreError> {
        let head = Core::head(author, peer);
        let mut writes = record::writes(changes);
        let (entry, entered) = self.journal.borrow_mut().enter(&head, changes);
        writes.extend(entered);
        self.commit(writes).await?;
        Ok(entry)
    }

    /// Records of the journal, as [`crate::store::Store::read`] gives them.
    pub(crate) async fn read_journal(&self, keys: Range<u64>, bytes: usize) -> Result<Records, StoreError> {
        let answer = self.writer.read(Table::Journal, keys, bytes).await;
        answer.unwrap_or_else(|_| Err(writer_ended()))
    }

    /// Stores a prepared change and shows it to everyone, or drops it.
    ///
    /// Must not be dropped half-way: the change would stay locked.
    pub(crate) async fn settle(&self, change: Prepared, author: Author, peer: Peer) -> Result<(), Refusal> {
        if change.stored().is_empty() {
            self.change(|repository| repository.make_visible(change));
            return Ok(());
        }
        let result = match self.store(change.stored(), author, peer).await {
            Ok(entry) => {
                self.change(|repository| {
                    repository.note_update(entry.time);
                    repository.make_visible(change);
                });
                self.journal.borrow_mut().committed(entry);
                Ok(())
            }
            Err(error) => {
                self.change(|repository| repository.discard(change));
                Err(not_stored(&error))
            }
        };
        self.settled.notify_waiters();
        result
    }
}

fn writer_ended() -> StoreError {
    StoreError::Io {
        path: crate::STORE.into(),
        reason: "the writer thread has ended; restart the daemon".to_owned(),
    }
}

/// Nanoseconds since the epoch.
pub(crate) fn unix_time() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

/// The refusal of a change, other than a CCB, that the store did not take.
pub(crate) fn not_stored(error: &StoreError) -> Refusal {
    Refusal::new(
        AisError::NoResources,
        format!("the change could not be stored: {error}"),
    )
}

/// Runs a future to its end also where nobody waits for it any more: what a client leaves behind by closing its
/// connection must not stop half-way.
pub(crate) async fn detached<T: 'static>(future: impl Future<Output = T> + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_local(future)
        .await
        .map_err(|_| Refusal::new(AisError::Library, "the daemon failed to carry this out"))
}
