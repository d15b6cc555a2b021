//! The library's thread, which talks with the node director.

use std::future::Future;
use std::rc::Rc;
use std::sync::mpsc as blocking;
use std::thread;
use std::time::Duration;

use ais::AisError;
use futures::future::LocalBoxFuture;
use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::room::Room;

/// How long a call waits for the node director's answer (OpenSAF's limit).
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce(Rc<Room>) -> LocalBoxFuture<'static, ()> + Send>;

enum Message {
    Job(Job),
    Stop,
}

/// The thread; it lives as long as the process has handles.
pub(crate) struct Worker {
    messages: mpsc::UnboundedSender<Message>,
    thread: thread::JoinHandle<()>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// NO_RESOURCES where there is no room for one more thread or for its descriptors.
    pub(crate) fn start() -> Result<Worker, AisError> {
        let (messages, queue) = mpsc::unbounded_channel();
        let (started, is_started) = blocking::sync_channel(1);
        let body = move || run(queue, &started);
        let thread = without_signals(|| thread::Builder::new().name("libSaAmf".to_owned()).spawn(body))?
            .map_err(|_| AisError::NoResources)?;
        match is_started.recv() {
            Ok(()) => Ok(Worker { messages, thread }),
            Err(_) => Err(AisError::NoResources),
        }
    }

    /// Lets the thread do something and waits for what comes of it.
    ///
    /// # Errors
    /// TIMEOUT after ten seconds; BAD_HANDLE where the last handle was finalised meanwhile; those of `work`.
    pub(crate) fn ask<T, F>(&self, work: impl FnOnce(Rc<Room>) -> F + Send + 'static) -> Result<T, AisError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AisError>> + 'static,
    {
        let (answer, answered) = blocking::sync_channel(1);
        let job: Job = Box::new(move |room| {
            Box::pin(async move {
                // Who asked may have given up.
                let _given_up = answer.send(work(room).await);
            })
        });
        self.messages
            .send(Message::Job(job))
            .map_err(|_| AisError::BadHandle)?;
        match answered.recv_timeout(ANSWER_LIMIT) {
            Ok(result) => result,
            Err(blocking::RecvTimeoutError::Timeout) => Err(AisError::Timeout),
            Err(blocking::RecvTimeoutError::Disconnected) => Err(AisError::BadHandle),
        }
    }

    /// Ends the thread and waits until it has ended.
    pub(crate) fn stop(&self) {
        // One that has ended needs not be told.
        let _ended = self.messages.send(Message::Stop);
    }

    /// Waits until the thread has ended.
    pub(crate) fn join(self) {
        self.stop();
        // What it panicked with was printed.
        let _panicked = self.thread.join();
    }
}

/// Starts a thread that gets no signals: those are for the program's threads.
pub(crate) fn without_signals<T>(start: impl FnOnce() -> T) -> Result<T, AisError> {
    let program = SigSet::all()
        .thread_swap_mask(SigmaskHow::SIG_SETMASK)
        .map_err(|_| AisError::Library)?;
    let started = start();
    program.thread_set_mask().map_err(|_| AisError::Library)?;
    Ok(started)
}

fn run(mut queue: mpsc::UnboundedReceiver<Message>, started: &blocking::SyncSender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
    else {
        return;
    };
    LocalSet::new().block_on(&runtime, async move {
        let room = Rc::new(Room::default());
        let _nobody_waits = started.send(());
        while let Some(Message::Job(job)) = queue.recv().await {
            tokio::task::spawn_local(job(Rc::clone(&room)));
        }
    });
}
