//! The library's thread: all that talks to the service lives on it.
//!
//! There is one in each process that uses the library, from the first handle on; it ends with the process. It takes no
//! signals, runs nothing of the program, and never waits for the program.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::mpsc::sync_channel;

use ais::AisError;
use cabi::PerProcess;
use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};

use crate::pool::Pool;
use crate::session::Session;

/// What the thread has.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) pool: Pool,
    sessions: RefCell<HashMap<u64, Rc<Session>>>,
}

impl World {
    pub(crate) fn keep(&self, id: u64, session: Rc<Session>) {
        self.sessions.borrow_mut().insert(id, session);
    }

    pub(crate) fn session(&self, id: u64) -> Result<Rc<Session>, AisError> {
        self.sessions
            .borrow()
            .get(&id)
            .cloned()
            .ok_or(AisError::BadHandle)
    }

    pub(crate) fn forget(&self, id: u64) -> Option<Rc<Session>> {
        self.sessions.borrow_mut().remove(&id)
    }
}

type Job = Box<dyn FnOnce(&Rc<World>) + Send>;

static JOBS: PerProcess<OnceLock<Option<UnboundedSender<Job>>>> = PerProcess::new(OnceLock::new);

/// What `body` gives on the library's thread, where it may call the service; the caller waits.
///
/// # Errors
/// NO_RESOURCES where the system gives no thread; LIBRARY where `body` panicked.
pub(crate) fn ask<T, F, W>(body: F) -> Result<T, AisError>
where
    T: Send + 'static,
    F: FnOnce(Rc<World>) -> W + Send + 'static,
    W: Future<Output = T> + 'static,
{
    let jobs = JOBS
        .get()
        .get_or_init(start)
        .as_ref()
        .ok_or(AisError::NoResources)?;
    let (tell, told) = sync_channel(1);
    let job: Job = Box::new(move |world| {
        let work = body(world.clone());
        spawn_local(async move {
            // Whoever asked is waiting, unless the process ends.
            drop(tell.send(work.await));
        });
    });
    jobs.send(job).map_err(|_| AisError::Library)?;
    told.recv().map_err(|_| AisError::Library)
}

fn start() -> Option<UnboundedSender<Job>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let (tell, jobs) = unbounded_channel();
    // The new thread inherits the mask.
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok()?;
    let started = std::thread::Builder::new()
        .name("perdure-imm".to_owned())
        .spawn(move || LocalSet::new().block_on(&runtime, serve(jobs)));
    before.thread_set_mask().ok()?;
    started.ok().map(|_| tell)
}

async fn serve(mut jobs: UnboundedReceiver<Job>) {
    let world = Rc::new(World::default());
    while let Some(job) = jobs.recv().await {
        job(&world);
    }
}
