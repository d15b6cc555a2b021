//! The exported functions. Each copies in, calls, and copies out; what it means stands in `calls`.
#![expect(
    missing_docs,
    clippy::missing_safety_doc,
    reason = "the functions, and what a program may hand in, are the standard's"
)]

use ais::AisError;
use ais::ntf::CorrelationIds;
use cabi::{
    SaAisErrorT, SaConstStringT, SaDispatchFlagsT, SaInvocationT, SaNameT, SaSelectionObjectT, SaTimeT,
    SaVersionT, answer, borrow_name, lend_name, read_name,
};

use crate::callbacks::Callbacks;
use crate::calls::{self, Monitored};
use crate::groups::{Filled, Room, Wish};
use crate::release::Release;
use crate::types::{
    Enumeration, NotificationBuffer, SaAmfCallbacksT, SaAmfCallbacksT_3, SaAmfCallbacksT_4,
    SaAmfCallbacksT_o4, SaAmfHandleT, SaAmfHealthcheckKeyT, SaAmfProtectionGroupNotificationT,
    SaAmfProtectionGroupNotificationT_4, SaNtfCorrelationIdsT, ScStatusCallback,
};

// ---- arguments ----

/// A name that must be there.
///
/// # Safety
/// As [`read_name`].
unsafe fn required(name: *const SaNameT) -> Result<String, AisError> {
    // SAFETY: the caller's promise.
    unsafe { optional(name) }?.ok_or(AisError::InvalidParam)
}

/// A name that may be NULL.
///
/// # Safety
/// As [`read_name`].
unsafe fn optional(name: *const SaNameT) -> Result<Option<String>, AisError> {
    // SAFETY: the caller's promise.
    unsafe { read_name(name) }.map_err(|_| AisError::InvalidParam)
}

/// What a pointer from the program leads to, wherever it lies.
///
/// # Safety
/// NULL, or there is a `T`.
unsafe fn read<T: Copy>(from: *const T) -> Option<T> {
    if from.is_null() {
        return None;
    }
    // SAFETY: not NULL, so there is a `T`.
    Some(unsafe { from.read_unaligned() })
}

/// Gives the program a value.
///
/// # Safety
/// There is room for a `T`.
unsafe fn write<T>(to: *mut T, value: T) {
    // SAFETY: the caller's promise.
    unsafe { to.write_unaligned(value) };
}

/// # Safety
/// NULL, or there is a key.
unsafe fn key(from: *const SaAmfHealthcheckKeyT) -> Result<String, AisError> {
    // SAFETY: the caller's promise.
    let key = unsafe { read(from) }.ok_or(AisError::InvalidParam)?;
    calls::read_key(
        key.key
            .get(..usize::from(key.key_len))
            .ok_or(AisError::InvalidParam)?,
    )
}

/// # Safety
/// Each pointer is NULL or leads to what its type says.
unsafe fn initialize<C: Copy + Into<Callbacks>>(
    release: Release,
    handle: *mut SaAmfHandleT,
    callbacks: *const C,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    answer(|| {
        if handle.is_null() {
            return Err(AisError::InvalidParam);
        }
        // SAFETY: the caller's promise.
        let mut wanted = unsafe { read(version) }.ok_or(AisError::InvalidParam)?;
        let negotiated = release.negotiate(&mut wanted);
        // SAFETY: a version was just read there.
        unsafe { write(version, wanted) };
        negotiated?;
        // SAFETY: the caller's promise.
        let callbacks = unsafe { read(callbacks) }.map(Into::into).unwrap_or_default();
        let number = calls::initialize(release, callbacks)?;
        // SAFETY: it is not NULL.
        unsafe { write(handle, number) };
        Ok(())
    })
}

// ---- life of a handle ----

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfInitialize(
    handle: *mut SaAmfHandleT,
    callbacks: *const SaAmfCallbacksT,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    unsafe { initialize(Release::B1, handle, callbacks, version) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfInitialize_3(
    handle: *mut SaAmfHandleT,
    callbacks: *const SaAmfCallbacksT_3,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    unsafe { initialize(Release::B3, handle, callbacks, version) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfInitialize_4(
    handle: *mut SaAmfHandleT,
    callbacks: *const SaAmfCallbacksT_4,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    unsafe { initialize(Release::B4, handle, callbacks, version) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfInitialize_o4(
    handle: *mut SaAmfHandleT,
    callbacks: *const SaAmfCallbacksT_o4,
    version: *mut SaVersionT,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    unsafe { initialize(Release::B42, handle, callbacks, version) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfSelectionObjectGet(
    handle: SaAmfHandleT,
    selection: *mut SaSelectionObjectT,
) -> SaAisErrorT {
    answer(|| {
        if selection.is_null() {
            return Err(AisError::InvalidParam);
        }
        let number = calls::selection_object(handle)?;
        // SAFETY: it is not NULL.
        unsafe { write(selection, number) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn saAmfDispatch(handle: SaAmfHandleT, flags: SaDispatchFlagsT) -> SaAisErrorT {
    answer(|| calls::dispatch(handle, flags))
}

#[unsafe(no_mangle)]
pub extern "C" fn saAmfFinalize(handle: SaAmfHandleT) -> SaAisErrorT {
    answer(|| calls::finalize(handle))
}

// ---- registration ----

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfComponentRegister(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    proxy: *const SaNameT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, proxy) = unsafe { (required(comp)?, optional(proxy)?) };
        calls::register(handle, &comp, proxy.as_deref())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfComponentUnregister(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    proxy: *const SaNameT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, proxy) = unsafe { (required(comp)?, optional(proxy)?) };
        calls::unregister(handle, &comp, proxy.as_deref())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfComponentNameGet(handle: SaAmfHandleT, comp: *mut SaNameT) -> SaAisErrorT {
    answer(|| {
        if comp.is_null() {
            return Err(AisError::InvalidParam);
        }
        let name = calls::component_name(handle)?;
        // SAFETY: it is not NULL.
        unsafe { write(comp, name) };
        Ok(())
    })
}

// ---- passive monitoring ----

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfPmStart(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    pid: u64,
    depth: i32,
    errors: u32,
    recovery: Enumeration,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let comp = unsafe { required(comp) }?;
        calls::pm_start(handle, &comp, &Monitored { pid, depth, errors }, recovery)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfPmStart_3(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    pid: i64,
    depth: i32,
    errors: u32,
    recovery: Enumeration,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let comp = unsafe { required(comp) }?;
        let pid = u64::try_from(pid).map_err(|_| AisError::InvalidParam)?;
        calls::pm_start(handle, &comp, &Monitored { pid, depth, errors }, recovery)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfPmStop(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    qualifier: Enumeration,
    pid: i64,
    errors: u32,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let comp = unsafe { required(comp) }?;
        calls::pm_stop(handle, &comp, qualifier, pid, errors)
    })
}

// ---- healthchecks ----

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfHealthcheckStart(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    healthcheck: *const SaAmfHealthcheckKeyT,
    invocation: Enumeration,
    recovery: Enumeration,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, key) = unsafe { (required(comp)?, key(healthcheck)?) };
        calls::healthcheck_start(handle, &comp, key, invocation, recovery)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfHealthcheckConfirm(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    healthcheck: *const SaAmfHealthcheckKeyT,
    result: SaAisErrorT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, key) = unsafe { (required(comp)?, key(healthcheck)?) };
        calls::healthcheck_confirm(handle, &comp, key, result)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfHealthcheckStop(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    healthcheck: *const SaAmfHealthcheckKeyT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, key) = unsafe { (required(comp)?, key(healthcheck)?) };
        calls::healthcheck_stop(handle, &comp, key)
    })
}

// ---- HA states ----

#[unsafe(no_mangle)]
pub extern "C" fn saAmfCSIQuiescingComplete(
    handle: SaAmfHandleT,
    invocation: SaInvocationT,
    error: SaAisErrorT,
) -> SaAisErrorT {
    answer(|| calls::quiescing_complete(handle, invocation, error))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfHAReadinessStateSet(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    csi: *const SaNameT,
    state: Enumeration,
    _ids: *mut SaNtfCorrelationIdsT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, csi) = unsafe { (required(comp)?, optional(csi)?) };
        calls::ha_readiness_set(handle, &comp, csi.as_deref(), state)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfHAStateGet(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    csi: *const SaNameT,
    state: *mut Enumeration,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, csi) = unsafe { (required(comp)?, required(csi)?) };
        if state.is_null() {
            return Err(AisError::InvalidParam);
        }
        let ha = calls::ha_state(handle, &comp, &csi)?;
        // SAFETY: it is not NULL.
        unsafe { write(state, ha.code()) };
        Ok(())
    })
}

// ---- protection groups ----

/// What the program asks for.
///
/// # Safety
/// NULL, or there is a buffer.
unsafe fn wish<N: Copy>(flags: u8, buffer: *const NotificationBuffer<N>) -> Wish {
    // SAFETY: the caller's promise.
    let buffer = unsafe { read(buffer) }.map(|buffer| {
        if buffer.notification.is_null() {
            Room::Wanted
        } else {
            Room::Given(buffer.number_of_items)
        }
    });
    Wish { flags, buffer }
}

/// Fills the program's buffer.
///
/// # Safety
/// There is a buffer, with room for as many items as it says.
unsafe fn fill<N: Copy>(buffer: *mut NotificationBuffer<N>, filled: Filled<N>) -> Result<(), AisError> {
    let (items, count) = match filled {
        Filled::Lent(lent) => {
            // SAFETY: the caller's promise.
            unsafe { write(buffer, lent) };
            return Ok(());
        }
        Filled::Copied(items) => {
            let count = u32::try_from(items.len()).map_err(|_| AisError::TooBig)?;
            (items, count)
        }
        Filled::Cut(items, count) => (items, count),
    };
    let is_cut = items.len() < count as usize;
    // SAFETY: the caller's promise; there are no more items than there was room for.
    unsafe {
        let present = buffer.read_unaligned();
        for (at, item) in items.into_iter().enumerate() {
            present.notification.add(at).write_unaligned(item);
        }
        write(
            buffer,
            NotificationBuffer {
                number_of_items: count,
                ..present
            },
        );
    }
    if is_cut { Err(AisError::NoSpace) } else { Ok(()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfProtectionGroupTrack(
    handle: SaAmfHandleT,
    csi: *const SaNameT,
    flags: u8,
    buffer: *mut NotificationBuffer<SaAmfProtectionGroupNotificationT>,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (csi, wish) = unsafe { (required(csi)?, wish(flags, buffer)) };
        match calls::track(handle, &csi, &wish)? {
            None => Ok(()),
            // SAFETY: the wish had a buffer.
            Some(filled) => unsafe { fill(buffer, filled) },
        }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfProtectionGroupTrack_4(
    handle: SaAmfHandleT,
    csi: *const SaNameT,
    flags: u8,
    buffer: *mut NotificationBuffer<SaAmfProtectionGroupNotificationT_4>,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (csi, wish) = unsafe { (optional(csi).unwrap_or_default(), wish(flags, buffer)) };
        match calls::track_4(handle, csi.as_deref(), &wish)? {
            None => Ok(()),
            // SAFETY: the wish had a buffer.
            Some(filled) => unsafe { fill(buffer, filled) },
        }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfProtectionGroupTrackStop(
    handle: SaAmfHandleT,
    csi: *const SaNameT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let csi = unsafe { required(csi) }?;
        calls::track_stop(handle, &csi)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn saAmfProtectionGroupNotificationFree(
    handle: SaAmfHandleT,
    notification: *mut SaAmfProtectionGroupNotificationT,
) -> SaAisErrorT {
    answer(|| calls::free(handle, notification))
}

#[unsafe(no_mangle)]
pub extern "C" fn saAmfProtectionGroupNotificationFree_4(
    handle: SaAmfHandleT,
    notification: *mut SaAmfProtectionGroupNotificationT_4,
) -> SaAisErrorT {
    answer(|| calls::free_4(handle, notification))
}

// ---- errors ----

/// Before B.04 a program names the one notification that it sent of the error, or none.
fn told(notification: u64) -> CorrelationIds {
    CorrelationIds {
        root: 0,
        parent: notification,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfComponentErrorReport(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    detected: SaTimeT,
    recovery: Enumeration,
    notification: u64,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let comp = unsafe { required(comp) }?;
        calls::error_report(handle, &comp, detected, recovery, told(notification))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfComponentErrorReport_4(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    detected: SaTimeT,
    recovery: Enumeration,
    ids: *mut SaNtfCorrelationIdsT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, ids) = unsafe { (optional(comp), read(ids)) };
        calls::error_report_4(
            handle,
            comp.unwrap_or_default().as_deref(),
            detected,
            recovery,
            ids.as_ref(),
        )
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfCorrelationIdsGet(
    handle: SaAmfHandleT,
    invocation: SaInvocationT,
    ids: *mut SaNtfCorrelationIdsT,
) -> SaAisErrorT {
    answer(|| {
        if ids.is_null() {
            return Err(AisError::InvalidParam);
        }
        let known = calls::correlation_ids(handle, invocation)?;
        // SAFETY: it is not NULL.
        unsafe { write(ids, known) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfComponentErrorClear(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    notification: u64,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let comp = unsafe { required(comp) }?;
        calls::error_clear(handle, &comp, told(notification))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfComponentErrorClear_4(
    handle: SaAmfHandleT,
    comp: *const SaNameT,
    ids: *mut SaNtfCorrelationIdsT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (comp, ids) = unsafe { (optional(comp), read(ids)) };
        calls::error_clear_4(handle, comp.unwrap_or_default().as_deref(), ids.as_ref())
    })
}

// ---- answers to callbacks ----

#[unsafe(no_mangle)]
pub extern "C" fn saAmfResponse(
    handle: SaAmfHandleT,
    invocation: SaInvocationT,
    error: SaAisErrorT,
) -> SaAisErrorT {
    answer(|| calls::response(handle, invocation, error, CorrelationIds::default()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAmfResponse_4(
    handle: SaAmfHandleT,
    invocation: SaInvocationT,
    ids: *mut SaNtfCorrelationIdsT,
    error: SaAisErrorT,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let ids = unsafe { read(ids) };
        calls::response_4(handle, invocation, ids.as_ref(), error)
    })
}

// ---- OpenSAF's ----

#[unsafe(no_mangle)]
pub extern "C" fn osafAmfInstallSCStatusChangeCallback(
    handle: SaAmfHandleT,
    callback: Option<ScStatusCallback>,
) -> SaAisErrorT {
    answer(|| calls::install_sc_status(handle, callback.ok_or(AisError::InvalidParam)?))
}

// ---- long names ----

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAisNameLend(value: SaConstStringT, name: *mut SaNameT) {
    // SAFETY: the program's promise.
    unsafe { lend_name(value, name) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn saAisNameBorrow(name: *const SaNameT) -> SaConstStringT {
    // SAFETY: the program's promise.
    unsafe { borrow_name(name) }
}
