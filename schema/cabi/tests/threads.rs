//! Where threads meet: the table of handles, the queue of callbacks, the mark of a call in progress,
//! the turns of who drives. Loom runs each scene
//! below in every order that the memory model allows, and fails where one of them breaks or comes to a halt.
//!
//! The modules are the library's own, with loom's locks in the place of the standard library's. Loom's do not work in
//! ordinary tests, so this program runs its scenes by itself.

#![allow(
    dead_code,
    missing_docs,
    unused_imports,
    reason = "the modules come whole, with tests that do not run here"
)]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::atomic::Ordering;

use ais::AisError;
use loom::thread;

mod sync {
    pub(crate) use loom::sync::atomic::AtomicBool;
    pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

    pub(crate) const PATIENCE: u32 = 8;

    /// A moment is over when another thread has had a turn.
    pub(crate) fn wait_a_moment<'a, T>(
        lock: impl Fn() -> MutexGuard<'a, T>,
        _: &Condvar,
        guard: MutexGuard<'a, T>,
        _: u32,
    ) -> MutexGuard<'a, T> {
        drop(guard);
        loom::thread::yield_now();
        lock()
    }
}
#[path = "../src/busy.rs"]
mod busy;
#[path = "../src/dispatch.rs"]
mod dispatch;
#[path = "../src/handle.rs"]
mod handle;
#[path = "../src/turns.rs"]
mod turns;

use busy::Busy;
use dispatch::{End, Queue};
use handle::Handles;
use sync::{Arc, AtomicBool, Condvar, Mutex};
use turns::Turns;

pub type SaDispatchFlagsT = u32;
pub type SaSelectionObjectT = u64;

const ALL: SaDispatchFlagsT = 2;
const BLOCKING: SaDispatchFlagsT = 3;

/// A selection object that only remembers whether it can be read from.
#[derive(Default)]
pub struct Selection(AtomicBool);

/// The readable state of the only selection object of a scene.
static READABLE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

impl Selection {
    pub fn new() -> Result<Selection, AisError> {
        Ok(Selection(AtomicBool::new(false)))
    }

    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
        READABLE.store(true, Ordering::SeqCst);
    }

    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
        READABLE.store(false, Ordering::SeqCst);
    }

    pub const fn number(&self) -> SaSelectionObjectT {
        7
    }
}

/// What a dispatch ran, in its order.
fn dispatch(queue: &Queue<u32>, flags: SaDispatchFlagsT) -> (Vec<u32>, Result<(), AisError>) {
    let mut ran = Vec::new();
    let result = queue.dispatch(flags, |callback| {
        ran.push(callback);
        Ok(())
    });
    (ran, result)
}

fn of_two_calls_one_is_refused_or_they_follow_each_other() {
    let (busy, inside) = (
        Arc::new(Busy::default()),
        Arc::new(loom::cell::UnsafeCell::new(0)),
    );
    let enter = |busy: Arc<Busy>, inside: Arc<loom::cell::UnsafeCell<u32>>| {
        let Ok(_call) = busy.enter() else {
            return false;
        };
        // Loom fails where two threads are here at once.
        inside.with_mut(|_| ());
        true
    };
    let (theirs, place) = (busy.clone(), inside.clone());
    let other = thread::spawn(move || enter(theirs, place));
    let own = enter(busy.clone(), inside);
    assert!(own | other.join().unwrap(), "somebody may");
    assert!(busy.enter().is_ok(), "nobody stays inside");
}

fn who_blocks_gets_all_in_order_and_ends_with_the_handle() {
    let queue: Arc<Queue<u32>> = Arc::default();
    let theirs = queue.clone();
    let service = thread::spawn(move || {
        theirs.push(1);
        theirs.push(2);
    });
    let theirs = queue.clone();
    let program = thread::spawn(move || dispatch(&theirs, BLOCKING));
    service.join().unwrap();
    queue.end(End::Finalized);
    let (ran, result) = program.join().unwrap();
    assert_eq!(result, Ok(()));
    assert!([1, 2].starts_with(&ran), "{ran:?}");
}

fn all_who_block_are_woken_by_the_end() {
    let queue: Arc<Queue<u32>> = Arc::default();
    let blocked: Vec<_> = (0..2)
        .map(|_| {
            let theirs = queue.clone();
            thread::spawn(move || dispatch(&theirs, BLOCKING))
        })
        .collect();
    queue.push(1);
    queue.end(End::Lost);
    let mut ran = Vec::new();
    for thread in blocked {
        let (some, result) = thread.join().unwrap();
        assert_eq!(result, Err(AisError::BadHandle));
        ran.extend(some);
    }
    assert_eq!(ran, [1], "what waited runs once, before the handle is lost");
}

fn a_callback_runs_once_whoever_dispatches() {
    let queue: Arc<Queue<u32>> = Arc::default();
    queue.push(1);
    queue.push(2);
    let theirs = queue.clone();
    let other = thread::spawn(move || dispatch(&theirs, ALL).0);
    let mut ran = dispatch(&queue, ALL).0;
    ran.extend(other.join().unwrap());
    ran.sort_unstable();
    assert_eq!(ran, [1, 2]);
}

fn the_selection_object_is_readable_while_something_waits() {
    READABLE.store(false, Ordering::SeqCst);
    let queue: Arc<Queue<u32>> = Arc::default();
    let theirs = queue.clone();
    let service = thread::spawn(move || theirs.push(1));
    let theirs = queue.clone();
    let program = thread::spawn(move || {
        theirs.selection().unwrap();
        dispatch(&theirs, ALL).0
    });
    service.join().unwrap();
    let ran = program.join().unwrap();
    assert_eq!(READABLE.load(Ordering::SeqCst), ran.is_empty());
    assert_eq!(dispatch(&queue, ALL).0.len() + ran.len(), 1);
    assert!(!READABLE.load(Ordering::SeqCst));
}

fn a_handle_that_comes_back_loses_nothing() {
    let queue: Arc<Queue<u32>> = Arc::default();
    queue.end(End::Lost);
    let theirs = queue.clone();
    let service = thread::spawn(move || {
        theirs.reopen();
        theirs.push(1);
    });
    let (ran, result) = dispatch(&queue, ALL);
    service.join().unwrap();
    assert!(result == Ok(()) || (result == Err(AisError::BadHandle) && ran.is_empty()));
    assert_eq!(ran.len() + dispatch(&queue, ALL).0.len(), 1);
}

fn a_handle_is_taken_out_once_and_lives_on_with_who_uses_it() {
    let handles = Arc::new(Handles::new(1));
    let number = handles.insert(|_| 7).unwrap();
    let theirs = handles.clone();
    let reader = thread::spawn(move || theirs.get(number).map(|entry| *entry));
    let theirs = handles.clone();
    let other = thread::spawn(move || theirs.remove(number).is_ok());
    let own = handles.remove(number).is_ok();
    assert!(own ^ other.join().unwrap(), "one of two takes it out");
    let used = reader.join().unwrap();
    assert!(used == Ok(7) || used == Err(AisError::BadHandle));
    assert!(handles.is_empty());
}

fn handles_made_at_once_are_different() {
    let handles = Arc::new(Handles::new(1));
    let theirs = handles.clone();
    let other = thread::spawn(move || theirs.insert(|number| number).unwrap());
    let own = handles.insert(|number| number).unwrap();
    let other = other.join().unwrap();
    assert_ne!(own, other);
    assert_eq!(
        (*handles.get(own).unwrap(), *handles.get(other).unwrap()),
        (own, other)
    );
}

/// What threads that call and the stand-in share.
#[derive(Default)]
struct Driving {
    turns: Turns,
    /// Whoever holds it drives.
    core: Mutex<u32>,
    /// The stand-in is to come back.
    off: Mutex<bool>,
    called_off: Condvar,
}

impl Driving {
    fn call_off(&self) {
        *self.off.lock().unwrap() = true;
        self.called_off.notify_one();
    }

    fn call(&self) {
        let _turn = self.turns.begin(|| self.call_off());
        *self.core.lock().unwrap() += 1;
    }

    fn stand_in(&self) {
        self.turns.wait();
        let _core = self.core.lock().unwrap();
        let mut off = self.off.lock().unwrap();
        while !*off {
            off = self.called_off.wait(off).unwrap();
        }
        *off = false;
    }
}

fn a_call_never_waits_for_the_stand_in() {
    let driving: Arc<Driving> = Arc::default();
    let theirs = driving.clone();
    let stand_in = thread::spawn(move || theirs.stand_in());
    driving.call();
    driving.turns.attend();
    driving.call();
    // Whether or not it drove meanwhile, it comes back now.
    driving.call_off();
    stand_in.join().unwrap();
    assert_eq!(*driving.core.lock().unwrap(), 2);
}

fn calls_at_once_never_wait_for_the_stand_in() {
    let driving: Arc<Driving> = Arc::default();
    let theirs = driving.clone();
    let stand_in = thread::spawn(move || theirs.stand_in());
    let theirs = driving.clone();
    let other = thread::spawn(move || theirs.call());
    driving.call();
    other.join().unwrap();
    driving.call_off();
    stand_in.join().unwrap();
    assert_eq!(*driving.core.lock().unwrap(), 2);
}

fn the_stand_in_takes_over_after_a_call() {
    let driving: Arc<Driving> = Arc::default();
    let theirs = driving.clone();
    let caller = thread::spawn(move || {
        theirs.call();
        theirs.turns.attend();
    });
    // In no order does it sleep on.
    driving.turns.wait();
    caller.join().unwrap();
}

fn main() {
    let scenes: [(&str, fn()); 11] = [
        (
            "of two calls one is refused or they follow each other",
            of_two_calls_one_is_refused_or_they_follow_each_other,
        ),
        (
            "who blocks gets all in order and ends with the handle",
            who_blocks_gets_all_in_order_and_ends_with_the_handle,
        ),
        (
            "all who block are woken by the end",
            all_who_block_are_woken_by_the_end,
        ),
        (
            "a callback runs once whoever dispatches",
            a_callback_runs_once_whoever_dispatches,
        ),
        (
            "the selection object is readable while something waits",
            the_selection_object_is_readable_while_something_waits,
        ),
        (
            "a handle that comes back loses nothing",
            a_handle_that_comes_back_loses_nothing,
        ),
        (
            "a handle is taken out once and lives on with who uses it",
            a_handle_is_taken_out_once_and_lives_on_with_who_uses_it,
        ),
        (
            "handles made at once are different",
            handles_made_at_once_are_different,
        ),
        (
            "a call never waits for the stand-in",
            a_call_never_waits_for_the_stand_in,
        ),
        (
            "calls at once never wait for the stand-in",
            calls_at_once_never_wait_for_the_stand_in,
        ),
        (
            "the stand-in takes over after a call",
            the_stand_in_takes_over_after_a_call,
        ),
    ];
    for (name, scene) in scenes {
        let orders = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = orders.clone();
        loom::model(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            scene();
        });
        println!("{name}: {} orders", orders.load(Ordering::Relaxed));
    }
}
