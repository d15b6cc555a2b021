//! The library as such: handles, selection objects, dispatching.

use std::ffi::c_char;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use ais::AisError;
use cabi::{
    Busy, End, Queue, SaAisErrorT, SaDispatchFlagsT, SaNameT, SaSelectionObjectT, SaVersionT, answer,
};
use immd_client::Limits;

use super::asked::Asked;
use super::bridge::Bridge;
use super::{Callbacks, ROOTS, Root, root};
use crate::ctypes::OiCallbacks;
use crate::failure::Failure;
use crate::om::{close, fresh_id, lock};
use crate::session::Session;
use crate::{engine, negotiate, place};

/// No callbacks at all.
const fn none<N>() -> OiCallbacks<N> {
    OiCallbacks {
        admin_operation: None,
        ccb_abort: None,
        ccb_apply: None,
        ccb_completed: None,
        ccb_object_create: None,
        ccb_object_delete: None,
        ccb_object_modify: None,
        rt_attr_update: None,
    }
}

/// `saImmOiInitialize_2`
pub unsafe fn initialize_2(
    handle: *mut u64,
    callbacks: *const OiCallbacks<SaNameT>,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { open(handle, callbacks, version, Callbacks::Names, 0) })
}

/// `saImmOiInitialize_o3`
pub unsafe fn initialize_o3(
    handle: *mut u64,
    callbacks: *const OiCallbacks<c_char>,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { open(handle, callbacks, version, Callbacks::Texts, 15) })
}

unsafe fn open<N: Copy>(
    handle: *mut u64,
    callbacks: *const OiCallbacks<N>,
    version: *mut SaVersionT,
    named: impl FnOnce(OiCallbacks<N>) -> Callbacks,
    needed: u8,
) -> Result<(), AisError> {
    let handle = place(handle)?;
    // SAFETY: not NULL.
    unsafe { handle.write(0) };
    // SAFETY: the program's promise.
    let minor = unsafe { negotiate(version) }?;
    if minor < needed {
        return Err(AisError::Version);
    }
    // SAFETY: NULL or callbacks.
    let callbacks = named(unsafe { callbacks.as_ref() }.copied().unwrap_or_else(none));
    let root = begin(minor, callbacks)?;
    let made = ROOTS.get().insert(|_| root)?;
    // SAFETY: not NULL.
    unsafe { handle.write(made) };
    Ok(())
}

fn begin(minor: u8, callbacks: Callbacks) -> Result<Root, AisError> {
    let session = fresh_id();
    let queue: Arc<Queue<Asked>> = Arc::default();
    let mut limits = Limits::from_environment();
    if minor < 14 {
        limits.callback = None;
    }
    let (asks, told) = (queue.clone(), queue.clone());
    engine::ask(move |world| async move {
        let on_stale = Box::new(move || told.end(End::Lost));
        let opened = Session::open(&world, limits, on_stale).await?;
        let bridge = Rc::new(Bridge::new(asks, &opened));
        // From A.02.17 on modifications come as what results from them.
        let implementer = opened.imm().await?.implementer(bridge, minor >= 17).await?;
        *opened.implementer.borrow_mut() = Some(Rc::new(implementer));
        world.keep(session, opened);
        Ok::<_, Failure>(())
    })??;
    Ok(Root {
        session,
        minor,
        callbacks,
        busy: Busy::default(),
        queue,
        name: Mutex::default(),
        operations: Mutex::default(),
        answered: AtomicBool::new(false),
        current: Mutex::default(),
        fetches: Mutex::default(),
    })
}

/// `saImmOiSelectionObjectGet`
pub unsafe fn selection_object_get(handle: u64, selection: *mut SaSelectionObjectT) -> SaAisErrorT {
    answer(|| {
        let selection = place(selection)?;
        let number = root(handle)?.queue.selection()?;
        // SAFETY: not NULL.
        unsafe { selection.write(number) };
        Ok(())
    })
}

/// `saImmOiDispatch`
pub fn dispatch(handle: u64, flags: SaDispatchFlagsT) -> SaAisErrorT {
    answer(|| {
        let root = root(handle)?;
        root.queue.dispatch(flags, |asked| {
            let put = root.put(handle, asked);
            engine::attend();
            put
        })
    })
}

/// `saImmOiFinalize`
pub fn finalize(handle: u64) -> SaAisErrorT {
    answer(|| {
        let root = root(handle)?;
        let _alone = root.busy.enter()?;
        ROOTS.get().remove(handle)?;
        root.queue.end(End::Finalized);
        // What the program has not answered is not going to be.
        lock(&root.operations).clear();
        close(root.session)
    })
}
