//! The library as such: handles, selection objects, dispatching.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ais::AisError;
use cabi::{Busy, End, Queue, SaAisErrorT, SaDispatchFlagsT, SaSelectionObjectT, SaVersionT, answer};
use immd_client::Limits;

use super::{Callback, Invoked, Root, own, root};
use crate::ctypes::{SaImmCallbacksT, SaImmCallbacksT_o2};
use crate::failure::Failure;
use crate::session::Session;
use crate::{engine, negotiate, place, write};

/// Searches and accessors of a handle where the environment says nothing.
const SEARCHES_MAX: usize = 100;

/// Numbers for what handles have at the service.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A number that was not used before.
pub(crate) fn fresh_id() -> u64 {
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// `saImmOmInitialize`
pub unsafe fn initialize(
    handle: *mut u64,
    callbacks: *const SaImmCallbacksT,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    answer(|| {
        let handle = place(handle)?;
        // SAFETY: the program's promise.
        let minor = unsafe { negotiate(version) }?;
        // SAFETY: NULL or callbacks.
        let invoke = unsafe { callbacks.as_ref() }.and_then(|callbacks| callbacks.invoke);
        let root = open(minor, invoke.map_or(Callback::None, Callback::Plain))?;
        // SAFETY: not NULL.
        unsafe { handle.write(own().roots.insert(|_| root)?) };
        Ok(())
    })
}

/// `saImmOmInitialize_o2`
pub unsafe fn initialize_o2(
    handle: *mut u64,
    callbacks: *const SaImmCallbacksT_o2,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    answer(|| {
        let handle = place(handle)?;
        // SAFETY: the program's promise.
        let minor = unsafe { negotiate(version) }?;
        if minor < 11 {
            return Err(AisError::Version);
        }
        // SAFETY: NULL or callbacks.
        let invoke = unsafe { callbacks.as_ref() }.and_then(|callbacks| callbacks.invoke);
        let root = open(minor, invoke.map_or(Callback::None, Callback::WithParameters))?;
        // SAFETY: not NULL.
        unsafe { handle.write(own().roots.insert(|_| root)?) };
        Ok(())
    })
}

fn open(minor: u8, callback: Callback) -> Result<Root, AisError> {
    let session = fresh_id();
    let queue: Arc<Queue<Invoked>> = Arc::default();
    let told = queue.clone();
    let limits = Limits::from_environment();
    engine::ask(move |world| async move {
        let on_stale = Box::new(move || told.end(End::Lost));
        let opened = Session::open(&world, limits, on_stale).await?;
        world.keep(session, opened);
        Ok::<_, Failure>(())
    })??;
    Ok(Root {
        session,
        minor,
        callback,
        busy: Busy::default(),
        queue,
        invocations: Arc::default(),
        searches_max: searches_max(),
    })
}

/// `IMMA_MAX_OPEN_SEARCHES_PER_HANDLE`; what is no number counts as not given.
fn searches_max() -> usize {
    let given = std::env::var("IMMA_MAX_OPEN_SEARCHES_PER_HANDLE");
    given
        .ok()
        .and_then(|given| given.trim().parse().ok())
        .unwrap_or(SEARCHES_MAX)
}

/// `saImmOmSelectionObjectGet`
pub unsafe fn selection_object_get(handle: u64, selection: *mut SaSelectionObjectT) -> SaAisErrorT {
    answer(|| {
        let selection = place(selection)?;
        let root = root(handle)?;
        if matches!(root.callback, Callback::None) {
            return Err(AisError::InvalidParam);
        }
        let number = root.queue.selection()?;
        // SAFETY: not NULL.
        unsafe { selection.write(number) };
        Ok(())
    })
}

/// `saImmOmDispatch`
pub fn dispatch(handle: u64, flags: SaDispatchFlagsT) -> SaAisErrorT {
    answer(|| {
        let root = root(handle)?;
        root.queue.dispatch(flags, |invoked| {
            call_back(root.callback, &invoked);
            Ok(())
        })
    })
}

fn call_back(callback: Callback, invoked: &Invoked) {
    let mut arena = cabi::Arena::default();
    let written = match (&invoked.answer, callback) {
        (Ok(reply), Callback::WithParameters(_)) => write::parameters(&reply.parameters, &mut arena),
        _ => Ok(std::ptr::null_mut()),
    };
    let call = match (&invoked.answer, &written) {
        (Err(error), _) | (Ok(_), Err(error)) => error.code(),
        (Ok(_), Ok(_)) => cabi::SA_AIS_OK,
    };
    // What the implementer said counts only where the call went well.
    let returned = match &invoked.answer {
        Ok(reply) => reply.result.map_or_else(AisError::code, |()| cabi::SA_AIS_OK),
        Err(_) => AisError::NoSections.code(),
    };
    match callback {
        Callback::None => {}
        // SAFETY: the program gave this function for this.
        Callback::Plain(run) => unsafe { run(invoked.invocation, returned, call) },
        Callback::WithParameters(run) => {
            let parameters = written.unwrap_or(std::ptr::null_mut());
            // SAFETY: the program gave this function for this; the parameters live until it returns.
            unsafe { run(invoked.invocation, returned, call, parameters) };
        }
    }
}

/// `saImmOmFinalize`
pub fn finalize(handle: u64) -> SaAisErrorT {
    answer(|| {
        let root = root(handle)?;
        let _alone = root.busy.enter()?;
        let tables = own();
        tables.roots.remove(handle)?;
        for ccb in tables.ccbs.remove_all(|ccb| Arc::ptr_eq(&ccb.root, &root)) {
            drop(ccb);
        }
        for owner in tables.owners.remove_all(|owner| Arc::ptr_eq(&owner.root, &root)) {
            drop(owner);
        }
        drop(
            tables
                .searches
                .remove_all(|search| Arc::ptr_eq(&search.root, &root)),
        );
        drop(
            tables
                .accessors
                .remove_all(|accessor| Arc::ptr_eq(&accessor.root, &root)),
        );
        tables.lent.forget(root.session);
        root.queue.end(End::Finalized);
        close(root.session)
    })
}

/// Ends what a root handle has at the service; a service that does not answer does not matter.
pub(crate) fn close(id: u64) -> Result<(), AisError> {
    engine::ask(move |world| async move {
        if let Some(session) = world.forget(id) {
            session.close().await;
        }
    })
}
