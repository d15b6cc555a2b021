//! Object implementers: what libSaImmOi exports.
//!
//! What the service asks waits in a queue; a dispatch runs the program's callbacks on the program's thread, with no lock
//! held and no call in progress, so that a callback may call the library. The service waits for the answers; one that is
//! never given, because the handle is finalised, is a refusal.

mod answers;
mod asked;
mod augment;
mod binding;
mod bridge;
mod library;
mod runtime;

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ais::{AisError, Attr, Dn};
use cabi::{Busy, Handles, PerProcess, Queue, SaNameT};
use immd_client::AdminOperationReply;
use tokio::sync::oneshot;

use crate::ctypes::OiCallbacks;
use crate::engine;
use crate::failure::Failure;
use crate::session::Session;
use asked::Asked;

pub use answers::*;
pub use augment::*;
pub use binding::*;
pub use library::*;
pub use runtime::*;

/// The kind of a `SaImmOiHandleT`.
const ROOT: u8 = 6;

static ROOTS: PerProcess<Handles<Root>> = PerProcess::new(|| Handles::new(ROOT));

/// A `SaImmOiHandleT`.
pub(crate) struct Root {
    /// The number of what it has at the service.
    pub(crate) session: u64,
    /// The minor version that the program asked for.
    pub(crate) minor: u8,
    callbacks: Callbacks,
    pub(crate) busy: Busy,
    queue: Arc<Queue<Asked>>,
    /// The implementer's name.
    name: Mutex<Option<String>>,
    /// Administrative operations that the program has been asked for and has not answered.
    operations: Mutex<BTreeMap<u64, oneshot::Sender<AdminOperationReply>>>,
    /// Whether an operation was answered since the service was last heard.
    answered: AtomicBool,
    /// The callbacks about CCBs that run.
    current: Mutex<BTreeMap<u64, Current>>,
    /// The callbacks that fetch values which run.
    fetches: Mutex<Vec<Fetch>>,
}

/// The program's callbacks, by how they name objects.
#[derive(Clone, Copy)]
enum Callbacks {
    Names(OiCallbacks<SaNameT>),
    Texts(OiCallbacks<c_char>),
}

/// A callback about a CCB that runs.
#[derive(Default)]
struct Current {
    /// Why the program refuses.
    error: Option<String>,
    /// Numbers of what augments the CCB.
    augmentations: Vec<u64>,
}

/// A callback that fetches values.
struct Fetch {
    object: Dn,
    names: Vec<String>,
    got: Vec<Attr>,
}

fn root(handle: u64) -> Result<Arc<Root>, AisError> {
    ROOTS.get().get(handle)
}

impl Root {
    /// Asks the service; one call at a time.
    ///
    /// # Errors
    /// LIBRARY where another thread is in a call; what `body` gives.
    fn ask<T, F, W>(&self, body: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(std::rc::Rc<Session>) -> W + Send + 'static,
        W: Future<Output = Result<T, Failure>> + 'static,
    {
        let _alone = self.busy.enter()?;
        let id = self.session;
        engine::ask(move |world| async move { body(world.session(id)?).await })?
    }

    /// Asks the service to give something up. What was answered before has to have arrived: nothing is given up on which an
    /// operation is in progress.
    fn ask_to_release<T, F, W>(&self, body: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(std::rc::Rc<Session>) -> W + Send + 'static,
        W: Future<Output = Result<T, Failure>> + 'static,
    {
        let answered = self.answered.swap(false, Ordering::AcqRel);
        self.ask(move |session| async move {
            if answered {
                session.settle().await;
                session.settle().await;
            }
            body(session).await
        })
    }

    /// VERSION where the program asked for an older version than has this.
    fn needs(&self, minor: u8) -> Result<(), AisError> {
        if self.minor < minor {
            return Err(AisError::Version);
        }
        Ok(())
    }

    /// BAD_HANDLE where the handle has no implementer's name.
    fn check_named(&self) -> Result<(), AisError> {
        crate::om::lock(&self.name)
            .as_ref()
            .map(drop)
            .ok_or(AisError::BadHandle)
    }

    fn is_applier(&self) -> bool {
        crate::om::lock(&self.name)
            .as_ref()
            .is_some_and(|name| name.starts_with('@'))
    }
}
