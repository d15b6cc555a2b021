//! The change of a class that has instances: a few of them at a time on the thread that serves, so that nobody waits long;
//! what the store is told of them is made by another thread.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;

use ais::{AisError, Author, Refusal};
use repository::{Migration, MigrationPlan, ObjectBody};
use tokio::task::{JoinHandle, yield_now};

use crate::core::{Core, not_stored};
use crate::journal::Entry;
use crate::server::Peer;
use crate::store::record::journal::JournalParts;
use crate::store::{StoreError, Write, record};

/// So many instances are taken in one turn.
const SLICE: usize = 256;

/// Carries a class change out that was begun.
///
/// Must not be dropped half-way: the class would stay closed.
pub(crate) async fn carry_out(core: &Rc<Core>, mut migration: Migration, peer: Peer) -> Result<(), Refusal> {
    let result = match stored(core, &mut migration, peer).await {
        Ok(entry) => {
            while !core.change(|repository| repository.migration_show(&mut migration, SLICE)) {
                yield_now().await;
            }
            core.change(|repository| repository.note_update(entry.time));
            core.journal.borrow_mut().committed(entry);
            Ok(())
        }
        Err(refusal) => {
            core.change(|repository| repository.migration_discard(migration));
            Err(refusal)
        }
    };
    core.settled.notify_waiters();
    result
}

/// Looks at all instances and stores what becomes of them.
async fn stored(core: &Core, migration: &mut Migration, peer: Peer) -> Result<Entry, Refusal> {
    let encoding = Encoding::start(migration.plan());
    loop {
        let instances = core.change(|repository| repository.migration_instances(migration, SLICE))?;
        if instances.is_empty() {
            break;
        }
        encoding.take(instances);
        yield_now().await;
    }
    let encoded = encoding.finish().await?;
    let stored = core.store_encoded(encoded, Author::Client, peer).await;
    stored.map_err(|error| not_stored(&error))
}

/// What the store is told of a large change.
#[derive(Default)]
pub(crate) struct Encoded {
    pub(crate) writes: Vec<Write>,
    pub(crate) journal: JournalParts,
}

/// The thread that makes it.
struct Encoding {
    instances: mpsc::Sender<Vec<Arc<ObjectBody>>>,
    thread: JoinHandle<Encoded>,
}

impl Encoding {
    fn start(plan: MigrationPlan) -> Encoding {
        let (instances, queue) = mpsc::channel();
        Encoding {
            instances,
            thread: tokio::task::spawn_blocking(move || encode(&plan, &queue)),
        }
    }

    fn take(&self, instances: Vec<Arc<ObjectBody>>) {
        // Where the thread is gone, its end says so.
        let _unsent = self.instances.send(instances);
    }

    async fn finish(self) -> Result<Encoded, Refusal> {
        drop(self.instances);
        let failed = |_| Refusal::new(AisError::Library, "the daemon failed to carry this out");
        self.thread.await.map_err(failed)
    }
}

fn encode(plan: &MigrationPlan, queue: &mpsc::Receiver<Vec<Arc<ObjectBody>>>) -> Encoded {
    let mut encoded = Encoded::default();
    let mut add = |change| {
        encoded.writes.push(record::write(&change));
        encoded.journal.add(&change);
    };
    add(plan.class());
    for instances in queue {
        instances
            .iter()
            .filter_map(|body| plan.instance(body))
            .for_each(&mut add);
    }
    encoded
}

impl Core {
    /// Stores a large change with its journal entry, as [`Core::store`] does for others.
    async fn store_encoded(&self, encoded: Encoded, author: Author, peer: Peer) -> Result<Entry, StoreError> {
        let head = Core::head(author, peer);
        let Encoded { mut writes, journal } = encoded;
        let first = self.journal.borrow_mut().reserve(journal.record_count());
        let ended = |_| StoreError::Io {
            path: crate::STORE.into(),
            reason: "the records could not be made".to_owned(),
        };
        let records = tokio::task::spawn_blocking(move || (journal.records(first, &head), head));
        let (records, head) = records.await.map_err(ended)?;
        let (entry, forgotten) = self.journal.borrow_mut().enter_at(first, &head, &records);
        let joined = tokio::task::spawn_blocking(move || {
            writes.extend(forgotten);
            writes.extend(records);
            writes
        });
        self.commit(joined.await.map_err(ended)?).await?;
        Ok(entry)
    }
}
