//! What the daemon counts and measures, for Prometheus. `docs/OPERATING.md` has a row for each.

use std::ops::Range;
use std::time::Instant;

use daemon::metrics::{Counter, Counters, Gauge, Histogram, Registry, number, page, times};
use repository::Repository;

use crate::core::Core;
use crate::store::{Records, Store, StoreError, Table, Visit, Write};

/// The name of the socket in the cluster's directory.
pub const SOCKET: &str = "immd.prom";

/// All of them.
pub(crate) struct Metrics {
    registry: Registry,
    objects: Gauge,
    classes: Gauge,
    ccbs_open: Gauge,
    implementers: Gauge,
    admin_owners: Gauge,
    searches: Gauge,
    held_bytes: Gauge,
    journal_entries: Gauge,
    journal_bytes: Gauge,
    store_bytes: Gauge,
    /// What is noted as it happens.
    ccbs: Counters,
    connections: Gauge,
    connections_refused: Counter,
    operations: Counter,
    operations_running: Gauge,
    commits_waiting: Gauge,
    commit: Histogram,
    commit_failures: Counter,
    written_bytes: Counter,
}

/// A gauge is one higher as long as this lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Counted {
        gauge.inc();
        Counted(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Registers a metric and gives it.
macro_rules! registered {
    ($registry:ident, $name:literal, $help:literal, $metric:expr) => {{
        let metric = $metric;
        $registry.register($name, $help, metric.clone());
        metric
    }};
}

impl Metrics {
    /// None noted yet.
    #[rustfmt::skip]
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("immd");
        let to = &mut registry;
        let metrics = Metrics {
            objects: registered!(to, "objects", "Objects", Gauge::default()),
            classes: registered!(to, "classes", "Classes", Gauge::default()),
            ccbs_open: registered!(to, "ccbs_open", "CCBs that are not applied or aborted yet", Gauge::default()),
            implementers: registered!(to, "implementers", "Implementers and appliers that are attached", Gauge::default()),
            admin_owners: registered!(to, "admin_owners", "Administrative owners", Gauge::default()),
            searches: registered!(to, "searches", "Searches that are open", Gauge::default()),
            held_bytes: registered!(to, "held_bytes", "Bytes that unanswered calls hold", Gauge::default()),
            journal_entries: registered!(to, "journal_entries", "Entries of the journal", Gauge::default()),
            journal_bytes: registered!(to, "journal_bytes", "Bytes of the journal", Gauge::default()),
            store_bytes: registered!(to, "store_bytes", "Bytes of the store's file", Gauge::default()),
            ccbs: registered!(to, "ccbs", "CCBs that were to be applied, by what became of them", Counters::default()),
            connections: registered!(to, "connections", "Connections", Gauge::default()),
            connections_refused: registered!(to, "connections_refused", "Connections that were refused", Counter::default()),
            operations: registered!(to, "operations", "Administrative operations invoked", Counter::default()),
            operations_running: registered!(to, "operations_running", "Administrative operations that implementers carry out", Gauge::default()),
            commits_waiting: registered!(to, "commits_waiting", "Commits that wait for the disk", Gauge::default()),
            commit: registered!(to, "commit_seconds", "Time of one transaction of the store with its fsync", times()),
            commit_failures: registered!(to, "commit_failures", "Transactions that the store did not take", Counter::default()),
            written_bytes: registered!(to, "written_bytes", "Bytes of records written to the store", Counter::default()),
            registry,
        };
        // What has not happened yet is shown as 0, so that the first time is seen as a change.
        for outcome in ["applied", "refused"] {
            drop(metrics.ccbs.get_or_create(&vec![("outcome", outcome.to_owned())]));
        }
        metrics
    }

    /// The page for a scraper.
    pub(crate) fn page(&self, core: &Core) -> String {
        let set = |gauge: &Gauge, count: usize| gauge.set(number(count));
        core.read(|repository: &Repository| {
            set(&self.objects, repository.object_count());
            set(&self.classes, repository.class_count());
            set(&self.ccbs_open, repository.ccb_count());
            set(&self.admin_owners, repository.admin_owners().len());
            let implementers = repository.implementers();
            let attached = implementers.iter().filter(|info| info.holder.is_some());
            set(&self.implementers, attached.count());
        });
        set(&self.searches, core.searches.get());
        set(&self.held_bytes, core.held.get());
        let (entries, bytes) = core.journal.borrow().size();
        set(&self.journal_entries, entries);
        self.journal_bytes.set(number(bytes));
        let file = core.dir.join(crate::STORE).join("data.mdb");
        if let Ok(file) = file.metadata() {
            self.store_bytes.set(number(file.len()));
        }
        page(&self.registry)
    }

    /// A CCB was to be applied.
    pub(crate) fn ccb(&self, applied: bool) {
        let outcome = if applied { "applied" } else { "refused" };
        self.ccbs
            .get_or_create(&vec![("outcome", outcome.to_owned())])
            .inc();
    }

    /// Somebody connected; as long as this lives.
    pub(crate) fn connected(&self) -> Counted {
        Counted::new(&self.connections)
    }

    /// A connection was refused.
    pub(crate) fn refused(&self) {
        self.connections_refused.inc();
    }

    /// An administrative operation was invoked.
    pub(crate) fn invoked(&self) {
        self.operations.inc();
    }

    /// An administrative operation is carried out as long as this lives.
    pub(crate) fn operating(&self) -> Counted {
        Counted::new(&self.operations_running)
    }

    /// A commit waits as long as this lives.
    pub(crate) fn committing(&self) -> Counted {
        Counted::new(&self.commits_waiting)
    }

    /// The store, with what it does measured.
    pub(crate) fn measured<S: Store>(&self, store: S) -> impl Store + use<S> {
        Measured {
            store,
            took: self.commit.clone(),
            failed: self.commit_failures.clone(),
            written: self.written_bytes.clone(),
        }
    }
}

/// A store whose commits are measured.
struct Measured<S> {
    store: S,
    took: Histogram,
    failed: Counter,
    written: Counter,
}

impl<S: Store> Store for Measured<S> {
    fn scan(&self, table: Table, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.store.scan(table, visit)
    }

    fn read(&self, table: Table, keys: Range<u64>, bytes: usize) -> Result<Records, StoreError> {
        self.store.read(table, keys, bytes)
    }

    fn commit(&mut self, writes: &[&[Write]]) -> Result<(), StoreError> {
        let begun = Instant::now();
        let result = self.store.commit(writes);
        self.took.observe(begun.elapsed().as_secs_f64());
        if result.is_ok() {
            let sizes = writes.iter().copied().flatten();
            let size: usize = sizes.filter_map(|write| write.value.as_ref()).map(Vec::len).sum();
            self.written.inc_by(size as u64);
        } else {
            self.failed.inc();
        }
        result
    }
}
