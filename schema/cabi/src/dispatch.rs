//! Callbacks that wait for the program to dispatch them.

use std::collections::VecDeque;
use std::sync::PoisonError;

use ais::AisError;

use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::{SaDispatchFlagsT, SaSelectionObjectT, Selection};

/// The callbacks of one handle, in the order in which they came.
///
/// They run on the thread that dispatches, without any lock held: a callback may call the library, also to finalise
/// the handle. Several threads may dispatch; each callback runs once.
pub struct Queue<C> {
    state: Mutex<State<C>>,
    changed: Condvar,
}

struct State<C> {
    waiting: VecDeque<C>,
    selection: Option<Selection>,
    end: Option<End>,
}

/// Why nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The program finalised the handle: who blocks in a dispatch gets OK.
    Finalized,
    /// The service is gone and the handle with it: BAD_HANDLE once what waited is dispatched.
    Lost,
}

const ONE: SaDispatchFlagsT = 1;
const ALL: SaDispatchFlagsT = 2;
const BLOCKING: SaDispatchFlagsT = 3;

impl<C> Default for Queue<C> {
    fn default() -> Queue<C> {
        Queue {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                selection: None,
                end: None,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<C> State<C> {
    /// Readable while a dispatch would do or say something.
    fn show(&self) {
        if let Some(selection) = &self.selection {
            if self.waiting.is_empty() && self.end.is_none() {
                selection.clear();
            } else {
                selection.raise();
            }
        }
    }
}

impl<C> Queue<C> {
    // Each change below is complete when the lock is given up.
    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a callback; one that comes after the end is dropped.
    pub fn push(&self, callback: C) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.waiting.push_back(callback);
            state.show();
            self.changed.notify_one();
        }
    }

    /// Nothing more comes. A finalised queue forgets what waits.
    pub fn end(&self, why: End) {
        let forgotten = {
            let mut state = self.lock();
            if state.end == Some(End::Finalized) {
                return;
            }
            state.end = Some(why);
            state.show();
            match why {
                End::Finalized => std::mem::take(&mut state.waiting),
                End::Lost => VecDeque::new(),
            }
        };
        self.changed.notify_all();
        drop(forgotten);
    }

    /// A lost queue goes on: the handle has come back to life.
    pub fn reopen(&self) {
        let mut state = self.lock();
        if state.end == Some(End::Lost) {
            state.end = None;
            state.show();
        }
    }

    /// The selection object; the same one each time.
    ///
    /// # Errors
    /// NO_RESOURCES where the process has too many descriptors.
    pub fn selection(&self) -> Result<SaSelectionObjectT, AisError> {
        let mut state = self.lock();
        if let Some(selection) = &state.selection {
            return Ok(selection.number());
        }
        let selection = Selection::new()?;
        let number = selection.number();
        state.selection = Some(selection);
        state.show();
        Ok(number)
    }

    /// Runs callbacks: one if there is one, all that wait, or all until the handle is finalised.
    ///
    /// # Errors
    /// INVALID_PARAM for other flags; BAD_HANDLE when the handle is lost; the error of `run`, which ends the dispatch.
    pub fn dispatch(
        &self,
        flags: SaDispatchFlagsT,
        mut run: impl FnMut(C) -> Result<(), AisError>,
    ) -> Result<(), AisError> {
        match flags {
            ONE => match self.take(false)? {
                Some(callback) => run(callback),
                None => Ok(()),
            },
            ALL | BLOCKING => {
                while let Some(callback) = self.take(flags == BLOCKING)? {
                    run(callback)?;
                }
                Ok(())
            }
            _ => Err(AisError::InvalidParam),
        }
    }

    /// The next callback; `None` where there is none and none is waited for.
    fn take(&self, wait: bool) -> Result<Option<C>, AisError> {
        let mut state = self.lock();
        loop {
            if let Some(callback) = state.waiting.pop_front() {
                state.show();
                return Ok(Some(callback));
            }
            match state.end {
                Some(End::Finalized) => return Ok(None),
                Some(End::Lost) => return Err(AisError::BadHandle),
                None if !wait => return Ok(None),
                None => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Arc;

    fn ran(queue: &Queue<u32>, flags: u32) -> (Vec<u32>, Result<(), AisError>) {
        let mut seen = Vec::new();
        let result = queue.dispatch(flags, |n| {
            seen.push(n);
            Ok(())
        });
        (seen, result)
    }

    #[test]
    fn callbacks_come_in_order_and_as_many_as_wanted() {
        let queue = Queue::default();
        assert_eq!(ran(&queue, ALL), (vec![], Ok(())));
        (1..=3).for_each(|n| queue.push(n));
        assert_eq!(ran(&queue, ONE), (vec![1], Ok(())));
        assert_eq!(ran(&queue, ALL), (vec![2, 3], Ok(())));
        assert_eq!(ran(&queue, 0).1, Err(AisError::InvalidParam));
        assert_eq!(ran(&queue, 4).1, Err(AisError::InvalidParam));
    }

    #[test]
    fn a_lost_handle_says_so_after_what_waited() {
        let queue = Queue::default();
        queue.push(1);
        queue.end(End::Lost);
        queue.push(2);
        assert_eq!(ran(&queue, BLOCKING), (vec![1], Err(AisError::BadHandle)));
        queue.reopen();
        assert_eq!(ran(&queue, ALL), (vec![], Ok(())));
    }

    #[test]
    fn finalising_wakes_who_blocks() {
        let queue = Arc::new(Queue::default());
        queue.push(1);
        let other = queue.clone();
        let blocked = std::thread::spawn(move || ran(&other, BLOCKING));
        queue.end(End::Finalized);
        let (seen, result) = blocked.join().unwrap();
        assert!(seen.len() <= 1 && result.is_ok());
    }

    #[test]
    fn a_callback_may_end_its_own_dispatch() {
        let queue = Queue::default();
        (1..=3).for_each(|n| queue.push(n));
        let mut seen = 0;
        let result = queue.dispatch(BLOCKING, |_| {
            seen += 1;
            queue.end(End::Finalized);
            Ok(())
        });
        assert_eq!((seen, result), (1, Ok(())));
    }
}
