//! What is behind a handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ais::AisError;
use amfnd_client::{Callback, GroupChange};
use cabi::{Arena, Queue};

use crate::callbacks::Callbacks;
use crate::release::Release;
use crate::types::ScStatusCallback;

/// A handle of the program.
pub(crate) struct Handle {
    pub(crate) number: u64,
    pub(crate) release: Release,
    pub(crate) callbacks: Callbacks,
    pub(crate) queue: Queue<Waiting>,
    /// The callbacks that were dispatched and not answered yet.
    open: Mutex<BTreeMap<u64, Open>>,
    /// What the program was given to read until it finalizes.
    pub(crate) memory: Mutex<Arena>,
}

/// What waits for the program to dispatch it.
pub(crate) enum Waiting {
    /// It awaits an answer.
    Callback(Callback),
    /// A protection group.
    Group(GroupChange),
    /// Whether there is a director, for this function.
    ScStatus(ScStatusCallback, u32),
}

/// A callback that the program has and that awaits its answer.
struct Open {
    step: Step,
    /// What the callback's arguments point to; it stays until the answer, for programs that answer later.
    _arguments: Arc<Arena>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Awaits `saAmfResponse`.
    Asked,
    /// Asks for QUIESCING and awaits `saAmfResponse`.
    AskedToQuiesce,
    /// Was answered; awaits `saAmfCSIQuiescingComplete`.
    Quiesces,
}

impl Handle {
    pub(crate) fn new(number: u64, release: Release, callbacks: Callbacks) -> Handle {
        Handle {
            number,
            release,
            callbacks,
            queue: Queue::default(),
            open: Mutex::default(),
            memory: Mutex::default(),
        }
    }

    // Each change below is one call of the map.
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program is about to get the callback.
    pub(crate) fn note_asked(&self, invocation: u64, is_quiescing: bool, arguments: Arc<Arena>) {
        let step = if is_quiescing {
            Step::AskedToQuiesce
        } else {
            Step::Asked
        };
        self.open().insert(
            invocation,
            Open {
                step,
                _arguments: arguments,
            },
        );
    }

    /// The program answers: whether it may.
    ///
    /// # Errors
    /// What the release says of an invocation that awaits no answer.
    pub(crate) fn note_answered(&self, invocation: u64) -> Result<(), AisError> {
        let mut open = self.open();
        match open.get_mut(&invocation) {
            None => Err(self.release.unknown_invocation()),
            Some(call) => {
                match call.step {
                    Step::Asked => drop(open.remove(&invocation)),
                    Step::AskedToQuiesce => call.step = Step::Quiesces,
                    Step::Quiesces => return Err(self.release.unknown_invocation()),
                }
                Ok(())
            }
        }
    }

    /// An answer that failed in its first attempt can be given again, when it did not reach the node director.
    pub(crate) fn is_asked(&self, invocation: u64) -> Result<(), AisError> {
        match self.open().get(&invocation).map(|call| call.step) {
            Some(Step::Asked | Step::AskedToQuiesce) => Ok(()),
            Some(Step::Quiesces) | None => Err(self.release.unknown_invocation()),
        }
    }

    /// Whether quiescing may be told to be complete.
    ///
    /// # Errors
    /// INVALID_PARAM where the callback did not ask for it; what the release says of an unknown invocation.
    pub(crate) fn is_quiescing(&self, invocation: u64) -> Result<(), AisError> {
        match self.open().get(&invocation).map(|call| call.step) {
            Some(Step::AskedToQuiesce | Step::Quiesces) => Ok(()),
            Some(Step::Asked) => Err(AisError::InvalidParam),
            None => Err(self.release.unknown_invocation()),
        }
    }

    /// Quiescing is complete; one that was not answered yet still may be.
    pub(crate) fn note_quiesced(&self, invocation: u64) {
        let mut open = self.open();
        if let Some(call) = open.get_mut(&invocation) {
            match call.step {
                Step::AskedToQuiesce => call.step = Step::Asked,
                Step::Asked | Step::Quiesces => drop(open.remove(&invocation)),
            }
        }
    }
}
