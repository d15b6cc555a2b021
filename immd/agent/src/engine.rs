//! What talks to the service.
//!
//! All of it is made of tasks of one runtime that runs one task at a time. The thread that calls drives the runtime until
//! it has its answer, so that a call costs no more changes of threads than the client's own. Between calls a thread of
//! the library's does so: the stand-in, which there is in each process that uses the library, from the first handle on.
//! It ends with the process, takes no signals, runs nothing of the program, and never waits for the program. Where
//! threads call at once, one of them drives for all.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_int;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use ais::AisError;
use cabi::{PerProcess, Turns};
use immd_client::LocalFuture;
use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;

use crate::pool::Pool;
use crate::session::Session;

/// What the tasks share.
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

/// What only tasks use, one at a time, though on different threads.
struct Confined<T>(T);

// SAFETY: what is inside is made of values that count their users without synchronisation, and of nothing that belongs
// to a thread. All of them are reached by tasks of one runtime only: `World` by `Engine::world`, which only tasks call,
// and futures by the runtime, which polls and drops them. It runs one task at a time, on the thread that holds its
// scheduler, and hands the scheduler from thread to thread with acquire and release; the runtime itself is never dropped.
unsafe impl<T> Send for Confined<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Confined<T> {}

impl Future for Confined<LocalFuture<()>> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context)
    }
}

/// Begins a task. It may be called in tasks, and where the runtime is driven.
pub(crate) fn spawn(task: LocalFuture<()>) -> AbortHandle {
    tokio::spawn(Confined(task)).abort_handle()
}

struct Engine {
    runtime: Runtime,
    world: Confined<Rc<World>>,
    turns: Turns,
    /// Makes the stand-in come back.
    off: Notify,
    /// Told of each call.
    called: Arc<Notify>,
}

/// Sooner than the limit of a call.
const SOON: Duration = Duration::from_secs(1);

/// Keeps a timer that is due before those of calls, while there are calls. Whoever sets a timer that is due before all
/// others has to wake who waits for them: without this one, each call would wake itself, with two calls of the system.
async fn lead_the_timers(called: Arc<Notify>) {
    loop {
        called.notified().await;
        tokio::time::sleep(SOON).await;
    }
}

static ENGINE: PerProcess<OnceLock<Option<Arc<Engine>>>> = PerProcess::new(OnceLock::new);

/// What `body` gives in a task, where it may call the service; the caller waits. What has arrived since somebody last
/// drove comes first: a connection that is lost is not written to.
///
/// # Errors
/// NO_RESOURCES where the system gives no thread; LIBRARY where `body` panicked.
pub(crate) fn ask<T, F, W>(body: F) -> Result<T, AisError>
where
    T: Send + 'static,
    F: FnOnce(Rc<World>) -> W + Send + 'static,
    W: Future<Output = T> + 'static,
{
    ask_at_once(|world| async move {
        tokio::task::yield_now().await;
        body(world).await
    })
}

/// As [`ask`], but looks for nothing that has arrived: for what may be asked twice.
///
/// # Errors
/// Those of [`ask`].
pub(crate) fn ask_at_once<T, F, W>(body: F) -> Result<T, AisError>
where
    T: Send + 'static,
    F: FnOnce(Rc<World>) -> W + Send + 'static,
    W: Future<Output = T> + 'static,
{
    let engine = ENGINE.get().get_or_init(start);
    let engine: &'static Engine = engine.as_ref().ok_or(AisError::NoResources)?;
    let _uncancelled = Uncancelled::begin();
    let _turn = engine.turns.begin(|| engine.off.notify_one());
    engine.called.notify_one();
    let (tell, told) = oneshot::channel();
    let task = async move {
        let work = body(Rc::clone(&engine.world.0));
        // Whoever asked is waiting, unless the process ends.
        drop(tell.send(work.await));
    };
    engine.runtime.block_on(async move {
        spawn(Box::pin(task));
        told.await.map_err(|_| AisError::Library)
    })
}

/// Has that done at once for which no call waits.
pub(crate) fn attend() {
    if let Some(Some(engine)) = ENGINE.get().get() {
        engine.turns.attend();
    }
}

fn start() -> Option<Arc<Engine>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let engine = Arc::new(Engine {
        runtime,
        world: Confined(Rc::default()),
        turns: Turns::default(),
        off: Notify::new(),
        called: Arc::default(),
    });
    engine.runtime.spawn(lead_the_timers(Arc::clone(&engine.called)));
    let theirs = Arc::clone(&engine);
    // The new thread inherits the mask.
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).ok()?;
    let started = std::thread::Builder::new()
        .name("perdure-imm".to_owned())
        .spawn(move || stand_in(&theirs));
    before.thread_set_mask().ok()?;
    started.ok().map(|_| engine)
}

fn stand_in(engine: &Engine) -> ! {
    loop {
        engine.turns.wait();
        engine.runtime.block_on(engine.off.notified());
    }
}

const CANCEL_DISABLE: c_int = 1;

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// While this lives, the program's `pthread_cancel` waits: a thread that vanished while it drives would take what it
/// does for others with it.
struct Uncancelled {
    before: c_int,
}

impl Uncancelled {
    fn begin() -> Uncancelled {
        let mut before = CANCEL_DISABLE;
        // SAFETY: the state is one of the two that there are, and `before` has room for it.
        unsafe { pthread_setcancelstate(CANCEL_DISABLE, &raw mut before) };
        Uncancelled { before }
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        // SAFETY: the state is the one of before.
        unsafe { pthread_setcancelstate(self.before, std::ptr::null_mut()) };
    }
}
