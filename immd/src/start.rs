//! From the directory to a repository in memory: what the store holds, or in an empty store the model files.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Instant;

use ais::Refusal;
use repository::{Counters, DETACH_GRACE, Repository};

use crate::core::Core;
use crate::journal::{Entry, Journal};
use crate::metrics::Metrics;
use crate::store::record::journal::read_journal_head;
use crate::store::record::{self, RecordError, meta};
use crate::store::writer::Writer;
use crate::store::{LmdbStore, Store, StoreError, Table, Write};
use crate::{Error, Options, model};

/// The epoch is the upper half of a CCB's id.
const EPOCH_SHIFT: u32 = 32;

/// Opens the store and gives the daemon's state, with a new epoch that is durable.
///
/// # Errors
/// [`Error`]; the store holds then what it held before.
pub(crate) fn open(options: &Options) -> Result<Core, Error> {
    let begun = Instant::now();
    drop(empty(options)?);
    let path = options.dir.join(crate::STORE);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&options.dir)
        .map_err(|error| StoreError::Open {
            path: options.dir.clone(),
            reason: error.to_string(),
        })?;
    let mut store = LmdbStore::open(&path, options.map_size)?;
    let facts = Facts::read(&store, &path)?;
    let epoch = facts.epoch + 1;
    let is_new = facts.epoch == 0;
    if is_new {
        nothing_else(&store, &path)?;
        load_aside(store, options)?;
        store = LmdbStore::open(&path, options.map_size)?;
        tracing::info!(
            milliseconds = begun.elapsed().as_millis(),
            "the model files are stored"
        );
    } else if !options.models.is_empty() {
        tracing::info!("the store has a model already; the model files are not loaded");
    }
    let mut repository = empty(options)?;
    restore(&mut repository, &store, &path)?;
    let entries = read_journal(&store, &path)?;
    if let Some(last) = entries.last() {
        repository.note_update(last.time);
    }
    let (journal, mut writes) =
        Journal::restore(entries, facts.forgotten.max(1 << EPOCH_SHIFT), options.retention);
    if !is_new {
        // The daemon's clock begins now.
        repository.expect_implementers(DETACH_GRACE);
        writes.push(meta::write(meta::EPOCH, epoch));
        store.commit(&[&writes])?;
    }
    repository.note_epoch(epoch);
    repository.restore_counters(Counters {
        ccb: (epoch << EPOCH_SHIFT) + 1,
        ..Counters::default()
    });
    tracing::info!(
        epoch,
        classes = repository.class_count(),
        objects = repository.object_count(),
        milliseconds = begun.elapsed().as_millis(),
        "the model is loaded"
    );
    let metrics = Metrics::new();
    let measured = metrics.measured(store);
    let thread = Writer::start(Box::new(measured)).map_err(Error::system("a thread"))?;
    Ok(Core::new(repository, journal, thread, metrics, epoch, options))
}

/// A repository without a model, with what the options say about any.
fn empty(options: &Options) -> Result<Repository, Error> {
    let mut repository = Repository::new();
    if let Some(names) = &options.reserved_class_names {
        let reserved = repository.reserve_class_names(names);
        reserved.map_err(|refusal| Error::ReservedNames(refusal.text))?;
    }
    Ok(repository)
}

/// Loads in a thread of its own and closes the store: the thread's memory is a heap of its own, which goes back to the
/// system as a whole, and with the store go the pages that it keeps for the next transaction.
fn load_aside(store: LmdbStore, options: &Options) -> Result<(), Error> {
    std::thread::scope(|scope| {
        let loader = std::thread::Builder::new().name("loader".to_owned());
        let loading = loader
            .spawn_scoped(scope, move || load(store, options))
            .map_err(Error::system("a thread"))?;
        loading
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What goes to the thread that fills the store.
enum Part {
    Writes(Vec<Write>),
    /// There is nothing more, and all of it is good.
    End,
}

/// So many records go to the thread at once.
const PART: usize = 1000;
/// So many parts may wait for it.
const PARTS_MAX: usize = 16;

/// Puts the model files into a new store, with the first epoch; all or nothing. What is served is then read from the
/// store, as at every start: nothing of what loading takes stays in memory.
fn load(store: LmdbStore, options: &Options) -> Result<(), Error> {
    std::thread::scope(|scope| {
        let (parts, queue) = mpsc::sync_channel(PARTS_MAX);
        let filling = std::thread::Builder::new().name("store".to_owned());
        let filling = filling
            .spawn_scoped(scope, move || fill(store, &queue))
            .map_err(Error::system("a thread"))?;
        read(options, parts)?;
        filling
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            .map_err(Error::from)
    })
}

/// Reads the model files and hands over what the store must hold. A store that takes no more says why at its end.
fn read(options: &Options, parts: SyncSender<Part>) -> Result<(), Error> {
    let mut repository = empty(options)?;
    let mut part = vec![meta::write(meta::EPOCH, 1)];
    model::read(&mut repository, &options.models, |change| {
        part.extend(change.map(record::write));
        if part.len() >= PART || change.is_none() {
            let full = std::mem::replace(&mut part, Vec::with_capacity(PART));
            let _untaken = parts.send(Part::Writes(full));
        }
        if change.is_none() {
            let _untaken = parts.send(Part::End);
        }
    })
}

/// Makes all writes, or none where the queue ends without saying so.
fn fill(mut store: LmdbStore, queue: &Receiver<Part>) -> Result<(), StoreError> {
    let mut filling = store.fill()?;
    for part in queue {
        match part {
            Part::Writes(writes) => writes.iter().try_for_each(|write| filling.write(write))?,
            Part::End => return filling.commit(),
        }
    }
    Ok(())
}

/// What the store says of itself.
struct Facts {
    /// How often it was started; 0 where it is new.
    epoch: u64,
    forgotten: u64,
}

impl Facts {
    fn read(store: &LmdbStore, path: &Path) -> Result<Facts, StoreError> {
        let mut facts = Facts {
            epoch: 0,
            forgotten: 0,
        };
        store.scan(Table::Meta, &mut |key, bytes| {
            let number = meta::read(key, bytes).map_err(|error| unreadable(path, &error))?;
            match key {
                meta::EPOCH => facts.epoch = number,
                meta::FORGOTTEN => facts.forgotten = number,
                // A later version may know more facts.
                _ => {}
            }
            Ok(())
        })?;
        if facts.epoch >= 1 << EPOCH_SHIFT {
            return Err(StoreError::damaged(path, "it was started impossibly often"));
        }
        Ok(facts)
    }
}

/// A store without an epoch is new and empty.
fn nothing_else(store: &LmdbStore, path: &Path) -> Result<(), StoreError> {
    for table in Table::ALL {
        store.scan(table, &mut |_, _| {
            Err(StoreError::damaged(
                path,
                format!("it has records in table {} and no epoch", table.name()),
            ))
        })?;
    }
    Ok(())
}

fn unreadable(path: &Path, error: &RecordError) -> StoreError {
    StoreError::damaged(path, error.to_string())
}

fn restore(repository: &mut Repository, store: &LmdbStore, path: &Path) -> Result<(), StoreError> {
    let nonsense = |refusal: Refusal| StoreError::damaged(path, refusal.text);
    store.scan(Table::Classes, &mut |key, bytes| {
        let (id, class) = record::read_class(key, bytes).map_err(|error| unreadable(path, &error))?;
        repository.restore_class(id, class).map_err(nonsense)
    })?;
    store.scan(Table::Objects, &mut |key, bytes| {
        let object = record::read_object(key, bytes).map_err(|error| unreadable(path, &error))?;
        repository.restore_object(object).map_err(nonsense)
    })?;
    repository.restore_finish().map_err(nonsense)
}

fn read_journal(store: &LmdbStore, path: &Path) -> Result<Vec<Entry>, StoreError> {
    let mut entries: Vec<Entry> = Vec::new();
    store.scan(Table::Journal, &mut |key, bytes| {
        let head = read_journal_head(key, bytes).map_err(|error| unreadable(path, &error))?;
        match (head, entries.last_mut()) {
            (Some(head), _) => entries.push(Entry::read(key, bytes.len(), &head)),
            (None, Some(last)) if last.keys().end == key => last.grow(bytes.len()),
            (None, _) => {
                let text = format!("record {key} of the journal continues an entry that is not there");
                return Err(StoreError::damaged(path, text));
            }
        }
        Ok(())
    })?;
    Ok(entries)
}
