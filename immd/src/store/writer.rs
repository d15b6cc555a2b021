//! The one thread that writes: it takes all commits that wait into one transaction, so that they share its syncs.

use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Store, StoreError, Write};

/// So many commits go into one transaction at most; the next ones wait for it no longer than for one sync.
const GROUP_MAX: usize = 1024;

struct Job {
    writes: Vec<Write>,
    done: oneshot::Sender<Result<(), StoreError>>,
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
            let _unsent = jobs.send(Job { writes, done });
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
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP_MAX - 1));
        let writes: Vec<&[Write]> = group.iter().map(|job| job.writes.as_slice()).collect();
        match store.commit(&writes) {
            Ok(()) => {
                for job in group {
                    answer(job, Ok(()));
                }
            }
            Err(error) if group.len() == 1 => {
                for job in group {
                    answer(job, Err(error.clone()));
                }
            }
            // One commit that is too large must not take the others with it.
            Err(_) => {
                for job in group {
                    let result = store.commit(&[&job.writes]);
                    answer(job, result);
                }
            }
        }
    }
}

fn answer(job: Job, result: Result<(), StoreError>) {
    if let Err(error) = &result {
        tracing::error!(%error, "a commit was refused");
    }
    // Whoever asked may be gone.
    let _unheard = job.done.send(result);
}
