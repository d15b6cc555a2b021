//! Who drives what the library has at the service: the threads that call, and between calls a thread of the library's.
//!
//! A call that drives by itself costs no change of threads. So the library's thread, the stand-in, keeps away while
//! calls follow each other, and takes over when none has begun for a moment. It sleeps while a call
//! takes long, and while it drives.

use std::sync::PoisonError;

use crate::sync::{Condvar, Mutex, MutexGuard, PATIENCE, wait_a_moment};

/// Where the two meet.
#[derive(Debug, Default)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Calls in progress; one of them drives.
    calls: usize,
    /// A call was in progress since the stand-in last looked.
    was_called: bool,
    /// Something is to be done at once that no call waits for.
    is_wanted: bool,
    stand_in: StandIn,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum StandIn {
    /// It looks every now and then whether calls have ceased.
    #[default]
    Looks,
    /// It sleeps until no call is in progress.
    Sleeps,
    /// It drives.
    Drives,
    /// It was told to stop driving.
    Leaves,
}

/// A call in progress, whose thread may drive; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn<'a>(&'a Turns);

impl Turns {
    // Each change below is complete when the lock is given up.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call. `call_off` makes the stand-in come back from driving; it is called where that is necessary.
    pub fn begin(&self, call_off: impl FnOnce()) -> Turn<'_> {
        let mut state = self.lock();
        state.calls += 1;
        state.was_called = true;
        if state.stand_in == StandIn::Drives {
            state.stand_in = StandIn::Leaves;
            drop(state);
            call_off();
        }
        Turn(self)
    }

    /// Has the stand-in drive at once where nobody else does: the program gave an answer that is to be sent.
    pub fn attend(&self) {
        let mut state = self.lock();
        match state.stand_in {
            StandIn::Looks | StandIn::Sleeps | StandIn::Leaves => state.is_wanted = true,
            StandIn::Drives => return,
        }
        if state.calls == 0 {
            self.changed.notify_one();
        }
    }

    /// For the stand-in: returns when it is to drive, which it does until it is called off.
    pub fn wait(&self) {
        let mut state = self.lock();
        state.stand_in = StandIn::Looks;
        let mut moments = 1;
        loop {
            if state.calls == 0 && (state.is_wanted || !state.was_called) {
                state.is_wanted = false;
                state.stand_in = StandIn::Drives;
                return;
            }
            if state.was_called {
                state.was_called = false;
                state = wait_a_moment(|| self.lock(), &self.changed, state, moments);
                moments = (moments * 2).min(PATIENCE);
            } else {
                moments = 1;
                state.stand_in = StandIn::Sleeps;
                while state.stand_in == StandIn::Sleeps {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.calls -= 1;
        if state.calls > 0 {
            return;
        }
        let sleeps = state.stand_in == StandIn::Sleeps;
        if sleeps {
            state.stand_in = StandIn::Looks;
            state.was_called = true;
        }
        if sleeps || (state.is_wanted && state.stand_in == StandIn::Looks) {
            self.0.changed.notify_one();
        }
    }
}
