//! The one thread that writes: it takes all commits that wait into one transaction, so that they share its syncs.

use std::ops::Range;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Records, Store, StoreError, Table, Write};

/// So many commits go into one transaction at most; the next ones wait for it no longer than for one sync.
const GROUP_MAX: usize = 1024;

struct Commit {
    writes: Vec<Write>,
    done: oneshot::Sender<Result<(), StoreError>>,
}

struct Read {
    table: Table,
    keys: Range<u64>,
    bytes: usize,
    done: oneshot::Sender<Result<Records, StoreError>>,
}

enum Job {
    Commit(Commit),
    Read(Read),
}

/// The way to the writer thread.
///
/// The queue needs no limit of its own: each commit in it belongs to a call that some connection's budget counts.
pub struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, which owns the store from now on.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn start(mut store: Box<dyn Store>) -> std::io::Result<Writer> {
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || write_all(store.as_mut(), &queue))?;
        Ok(Writer {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Hands writes over; they belong together. The answer comes when they are durable, or are not made at all.
    ///
    /// The writes are made even where nobody waits for the answer.
    pub fn commit(&self, writes: Vec<Write>) -> oneshot::Receiver<Result<(), StoreError>> {
        let (done, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // Where the thread is gone the sender is dropped, which the receiver sees.
            let _unsent = jobs.send(Job::Commit(Commit { writes, done }));
        }
        answer
    }

    /// Reads records as [`Store::read`] does, with all that was handed over before.
    pub fn read(
        &self,
        table: Table,
        keys: Range<u64>,
        bytes: usize,
    ) -> oneshot::Receiver<Result<Records, StoreError>> {
        let (done, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            let read = Read {
                table,
                keys,
                bytes,
                done,
            };
            let _unsent = jobs.send(Job::Read(read));
        }
        answer
    }
}

impl Drop for Writer {
    /// Waits until all that was handed over is written.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread has panicked");
        }
    }
}

fn write_all(store: &mut dyn Store, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut commits = Vec::new();
        let mut reads = Vec::new();
        for job in std::iter::once(first).chain(queue.try_iter().take(GROUP_MAX - 1)) {
            match job {
                Job::Commit(commit) => commits.push(commit),
                Job::Read(read) => reads.push(read),
            }
        }
        commit_all(store, commits);
        for read in reads {
            let records = store.read(read.table, read.keys, read.bytes);
            // Whoever asked may be gone.
            let _unheard = read.done.send(records);
        }
    }
}

fn commit_all(store: &mut dyn Store, group: Vec<Commit>) {
    if group.is_empty() {
        return;
    }
    let writes: Vec<&[Write]> = group.iter().map(|commit| commit.writes.as_slice()).collect();
    match store.commit(&writes) {
        Ok(()) => {
            for commit in group {
                answer(commit, Ok(()));
            }
        }
        Err(error) if group.len() == 1 => {
            for commit in group {
                answer(commit, Err(error.clone()));
            }
        }
        // One commit that is too large must not take the others with it.
        Err(_) => {
            for commit in group {
                let result = store.commit(&[&commit.writes]);
                answer(commit, result);
            }
        }
    }
}

fn answer(commit: Commit, result: Result<(), StoreError>) {
    if let Err(error) = &result {
        tracing::error!(%error, "a commit was refused");
    }
    // Whoever asked may be gone.
    let _unheard = commit.done.send(result);
}
