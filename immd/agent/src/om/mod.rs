//! Object management: what libSaImmOm exports.
//!
//! A root handle has one call in progress at a time, also over the handles made from it: a second thread gets LIBRARY, as
//! OpenSAF's programs expect. Reading a result that is there already, dispatching and freeing are not such calls.

mod accessor;
mod ccb;
mod class;
mod library;
mod operation;
mod owner;
mod search;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ais::{AisError, Object};
use cabi::{Arena, Busy, Handles, PerProcess, Pool, Queue, kind_of};
use immd_client::{AdminOperationReply, Imm, ImmError};

use crate::ctypes::{InvokeCallback, InvokeCallbackO2, SaImmAttrValuesT_2};
use crate::engine::{self, World};
use crate::failure::Failure;
use crate::session::Session;
use crate::write;

pub use accessor::*;
pub use ccb::*;
pub use class::*;
pub use library::*;
pub use operation::*;
pub use owner::*;
pub use search::*;

/// Kinds of handles.
const ROOT: u8 = 1;
const OWNER: u8 = 2;
const CCB: u8 = 3;
const SEARCH: u8 = 4;
const ACCESSOR: u8 = 5;
/// Handles for augmenting a CCB are of these kinds and belong to libSaImmOi.
const AUGMENTED: u8 = 0x40;

/// The handles of one library.
pub(crate) struct Tables {
    pub(crate) roots: Handles<Root>,
    pub(crate) owners: Handles<Owner>,
    pub(crate) ccbs: Handles<CcbEntry>,
    pub(crate) searches: Handles<SearchEntry>,
    pub(crate) accessors: Handles<AccessorEntry>,
    /// Memory that the program frees.
    pub(crate) lent: Pool,
}

impl Tables {
    fn new(base: u8) -> Tables {
        Tables {
            roots: Handles::new(base | ROOT),
            owners: Handles::new(base | OWNER),
            ccbs: Handles::new(base | CCB),
            searches: Handles::new(base | SEARCH),
            accessors: Handles::new(base | ACCESSOR),
            lent: Pool::default(),
        }
    }
}

static OM: PerProcess<Tables> = PerProcess::new(|| Tables::new(0));
static AUGMENTATIONS: PerProcess<Tables> = PerProcess::new(|| Tables::new(AUGMENTED));

/// Whether the handle is for augmenting a CCB.
pub fn is_augmentation(handle: u64) -> bool {
    kind_of(handle) & AUGMENTED != 0
}

/// The handles of libSaImmOm.
pub(crate) fn own() -> &'static Tables {
    OM.get()
}

/// The handles for augmenting CCBs.
pub(crate) fn augmentations() -> &'static Tables {
    AUGMENTATIONS.get()
}

/// The tables that this owner or CCB handle is in.
fn tables_of(handle: u64) -> &'static Tables {
    if is_augmentation(handle) {
        augmentations()
    } else {
        own()
    }
}

/// A `SaImmHandleT`.
pub(crate) struct Root {
    /// The number of what it has at the service.
    pub(crate) session: u64,
    /// The minor version that the program asked for.
    pub(crate) minor: u8,
    pub(crate) callback: Callback,
    pub(crate) busy: Busy,
    pub(crate) queue: Arc<Queue<Invoked>>,
    /// Asynchronous operations that are not answered.
    pub(crate) invocations: Arc<Mutex<Vec<u64>>>,
    /// How many searches and accessors it may have.
    pub(crate) searches_max: usize,
}

/// Where answers to asynchronous operations go.
#[derive(Clone, Copy)]
pub(crate) enum Callback {
    None,
    Plain(InvokeCallback),
    WithParameters(InvokeCallbackO2),
}

/// The answer to an asynchronous operation; an error is the call's.
pub(crate) struct Invoked {
    pub(crate) invocation: u64,
    pub(crate) answer: Result<AdminOperationReply, AisError>,
}

/// A `SaImmAdminOwnerHandleT`.
pub(crate) struct Owner {
    pub(crate) root: Arc<Root>,
    /// Its number in the session.
    pub(crate) id: u64,
}

/// A `SaImmCcbHandleT`.
pub(crate) struct CcbEntry {
    pub(crate) root: Arc<Root>,
    pub(crate) owner: u64,
    pub(crate) id: u64,
    pub(crate) read: Mutex<Results>,
    pub(crate) errors: Mutex<ErrorStrings>,
}

/// What the service said of the last call that failed.
#[derive(Default)]
pub(crate) struct ErrorStrings {
    pub(crate) texts: Vec<String>,
    pub(crate) arena: Arena,
}

/// A `SaImmSearchHandleT`.
pub(crate) struct SearchEntry {
    pub(crate) root: Arc<Root>,
    pub(crate) id: u64,
    pub(crate) progress: Mutex<Progress>,
}

/// A `SaImmAccessorHandleT`.
pub(crate) struct AccessorEntry {
    pub(crate) root: Arc<Root>,
    pub(crate) results: Mutex<Results>,
}

/// What a call returned; it lives until the next call on the handle.
#[derive(Default)]
pub(crate) struct Results(Arena);

impl Results {
    /// Writes the attributes in place of the last ones.
    fn show(&mut self, object: &Object) -> Result<*mut *mut SaImmAttrValuesT_2, AisError> {
        self.0.clear();
        write::attrs(&object.attrs, &mut self.0)
    }
}

/// A lock whose content is never half changed: a panic leaves it as it was before the call.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Root {
    /// For the handles that augment a CCB, which belong to an implementer's session.
    pub(crate) fn within(session: u64, minor: u8) -> Root {
        Root {
            session,
            minor,
            callback: Callback::None,
            busy: Busy::default(),
            queue: Arc::default(),
            invocations: Arc::default(),
            searches_max: 0,
        }
    }

    /// Asks the service; one call at a time.
    ///
    /// # Errors
    /// LIBRARY where another thread is in a call; what `body` gives.
    pub(crate) fn ask<T, F, W>(&self, body: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(std::rc::Rc<Session>) -> W + Send + 'static,
        W: Future<Output = Result<T, Failure>> + 'static,
    {
        let _alone = self.busy.enter()?;
        self.ask_besides(body)
    }

    /// Asks the service beside whatever else is asked.
    pub(crate) fn ask_besides<T, F, W>(&self, body: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(std::rc::Rc<Session>) -> W + Send + 'static,
        W: Future<Output = Result<T, Failure>> + 'static,
    {
        let id = self.session;
        engine::ask(move |world: std::rc::Rc<World>| async move { body(world.session(id)?).await })?
    }

    /// What a call that changes nothing gives, as [`Session::read`].
    ///
    /// # Errors
    /// LIBRARY where another thread is in a call; what `ask` gives.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        ask: impl AsyncFnMut(Imm) -> Result<T, ImmError> + Send + 'static,
    ) -> Result<T, Failure> {
        let _alone = self.busy.enter()?;
        let id = self.session;
        engine::ask_at_once(move |world| async move { world.session(id)?.read(ask).await })?
    }

    /// VERSION where the program asked for an older version than has this.
    pub(crate) fn needs(&self, minor: u8) -> Result<(), AisError> {
        if self.minor < minor {
            return Err(AisError::Version);
        }
        Ok(())
    }
}

/// The handle's entry; BAD_HANDLE before anything else where the process has no handle at all.
fn root(handle: u64) -> Result<Arc<Root>, AisError> {
    own().roots.get(handle)
}

/// Attributes without the one that names the object, as the `_o3` variants want them.
fn without_rdn(object: &mut Object) {
    let dn = object.dn.clone();
    let named = |name: &str| name == dn.rdn_name();
    let by_name = object.attrs.iter().position(|attr| named(&attr.name));
    let holds = |attr: &ais::Attr| attr.values.first().and_then(ais::Value::as_str) == Some(dn.rdn());
    if let Some(at) = by_name.or_else(|| object.attrs.iter().position(holds)) {
        object.attrs.remove(at);
    }
}
