//! What all connections share: the repository, the way to the store, and the implementers to be called.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ais::{AisError, Millis, Refusal};
use repository::{ImplementerId, Prepared, Repository};
use schema::imm_capnp::implementer_callbacks;
use tokio::sync::Notify;

use crate::journal::Journal;
use crate::store::writer::Writer;
use crate::store::{StoreError, Write, record};

/// The daemon's state. Nothing here is borrowed while anything is awaited.
pub(crate) struct Core {
    repository: RefCell<Repository>,
    pub(crate) callbacks: RefCell<BTreeMap<ImplementerId, implementer_callbacks::Client>>,
    pub(crate) journal: RefCell<Journal>,
    writer: Writer,
    /// Notified when a change that was on its way to the store is visible or dropped, or a CCB has ended.
    pub(crate) settled: Notify,
    /// Open searches of all connections, for the operator.
    pub(crate) searches: Cell<usize>,
    /// A search that nobody reads for so long is closed.
    pub(crate) search_idle: Cell<Duration>,
    pub(crate) callback_limit: Duration,
    epoch: u64,
    started: Instant,
}

impl Core {
    pub(crate) fn new(
        repository: Repository,
        journal: Journal,
        writer: Writer,
        epoch: u64,
        callback_limit: Duration,
    ) -> Core {
        Core {
            repository: RefCell::new(repository),
            callbacks: RefCell::new(BTreeMap::new()),
            journal: RefCell::new(journal),
            writer,
            settled: Notify::new(),
            searches: Cell::new(0),
            search_idle: Cell::new(crate::SEARCH_IDLE),
            callback_limit,
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
        let (result, aborted) = {
            let mut repository = self.repository.borrow_mut();
            let result = change(&mut repository);
            (result, repository.take_aborted())
        };
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

    /// Makes writes durable.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.writer.commit(writes).await.unwrap_or_else(|_| {
            Err(StoreError::Io {
                path: crate::STORE.into(),
                reason: "the writer thread has ended; restart the daemon".to_owned(),
            })
        })
    }

    /// Stores a prepared change and shows it to everyone, or drops it.
    ///
    /// Must not be dropped half-way: the change would stay locked.
    pub(crate) async fn settle(&self, change: Prepared) -> Result<(), Refusal> {
        let writes = record::writes(change.stored());
        if writes.is_empty() {
            self.change(|repository| repository.make_visible(change));
            return Ok(());
        }
        let result = match self.commit(writes).await {
            Ok(()) => {
                self.change(|repository| repository.make_visible(change));
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

/// The refusal of a change, other than a CCB, that the store did not take.
fn not_stored(error: &StoreError) -> Refusal {
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
