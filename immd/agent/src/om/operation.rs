//! Administrative operations.
//!
//! Continuations are NOT_SUPPORTED, as in OpenSAF; the number in an invocation is not looked at.

use std::ffi::c_char;
use std::sync::Arc;

use ais::{AisError, Parameter};
use cabi::{Arena, End, SA_AIS_OK, SaAisErrorT, SaNameT, answer};
use immd_client::ImmError;

use super::owner::owner;
use super::{Callback, Invoked, Owner, is_augmentation, lock, tables_of};
use crate::ctypes::SaImmAdminOperationParamsT_2;
use crate::read::ObjectName;
use crate::{engine, place, read, write};

/// Stands in the result until there is one, so that a program that does not look at the return code notices.
const NO_RESULT: AisError = AisError::NoSections;
/// Operations with ids from here on go by their name, which stands in a parameter.
const BY_NAME: u64 = 1 << 63;
const NAME: &str = "SaImmAdminOperationName";

/// What is invoked.
struct Invocation {
    object: String,
    operation: u64,
    parameters: Vec<Parameter>,
    timeout_ms: u64,
}

unsafe fn invocation<N: ObjectName>(
    object: *const N,
    operation: u64,
    parameters: *const *const SaImmAdminOperationParamsT_2,
    timeout_ms: u64,
) -> Result<Invocation, AisError> {
    // SAFETY: the caller's promise.
    let (object, parameters) = unsafe { (N::read(object)?, read::parameters(parameters)?) };
    // It may be the name of an implementer: the service looks at it.
    let object = object
        .filter(|object| !object.is_empty())
        .ok_or(AisError::InvalidParam)?;
    Ok(Invocation {
        object,
        operation,
        parameters: parameters.ok_or(AisError::InvalidParam)?,
        timeout_ms,
    })
}

fn check_name(owner: &Owner, invocation: &Invocation) -> Result<(), AisError> {
    let is_named = invocation
        .parameters
        .iter()
        .any(|parameter| parameter.name == NAME);
    if invocation.operation >= BY_NAME && owner.root.minor >= 11 && !is_named {
        return Err(AisError::InvalidParam);
    }
    Ok(())
}

/// Milliseconds for a span of nanoseconds: at least one, for 0 is none.
fn milliseconds(timeout: i64) -> Result<u64, AisError> {
    let nanoseconds = u64::try_from(timeout).map_err(|_| AisError::InvalidParam)?;
    Ok(nanoseconds.div_ceil(1_000_000).max(1))
}

/// Where the results go.
struct Places {
    returned: *mut SaAisErrorT,
    parameters: *mut *mut *mut SaImmAdminOperationParamsT_2,
}

/// `saImmOmAdminOperationInvoke_2`
pub unsafe fn admin_operation_invoke_2(
    handle: u64,
    object: *const SaNameT,
    _continuation: u64,
    operation: u64,
    parameters: *const *const SaImmAdminOperationParamsT_2,
    returned: *mut SaAisErrorT,
    timeout: i64,
) -> SaAisErrorT {
    let places = Places {
        returned,
        parameters: std::ptr::null_mut(),
    };
    answer(|| {
        // SAFETY: the program's promise.
        unsafe {
            let invocation = invocation(object, operation, parameters, milliseconds(timeout)?);
            invoke(handle, invocation, &places, 0)
        }
    })
}

/// `saImmOmAdminOperationInvoke_o2`
#[expect(clippy::too_many_arguments, reason = "OpenSAF's")]
pub unsafe fn admin_operation_invoke_o2(
    handle: u64,
    object: *const SaNameT,
    _continuation: u64,
    operation: u64,
    parameters: *const *const SaImmAdminOperationParamsT_2,
    returned: *mut SaAisErrorT,
    timeout: i64,
    return_parameters: *mut *mut *mut SaImmAdminOperationParamsT_2,
) -> SaAisErrorT {
    let places = Places {
        returned,
        parameters: return_parameters,
    };
    answer(|| {
        // SAFETY: the program's promise.
        unsafe {
            let invocation = invocation(object, operation, parameters, milliseconds(timeout)?);
            invoke(handle, invocation, &places, 11)
        }
    })
}

/// `saImmOmAdminOperationInvoke_o3`
#[expect(clippy::too_many_arguments, reason = "OpenSAF's")]
pub unsafe fn admin_operation_invoke_o3(
    handle: u64,
    object: *const c_char,
    _continuation: u64,
    operation: u64,
    parameters: *const *const SaImmAdminOperationParamsT_2,
    returned: *mut SaAisErrorT,
    timeout: i64,
    return_parameters: *mut *mut *mut SaImmAdminOperationParamsT_2,
) -> SaAisErrorT {
    let places = Places {
        returned,
        parameters: return_parameters,
    };
    answer(|| {
        // SAFETY: the program's promise.
        unsafe {
            let invocation = invocation(object, operation, parameters, milliseconds(timeout)?);
            invoke(handle, invocation, &places, 15)
        }
    })
}

/// # Safety
/// The places are NULL or have room.
unsafe fn invoke(
    handle: u64,
    invocation: Result<Invocation, AisError>,
    places: &Places,
    minor: u8,
) -> Result<(), AisError> {
    let returned = place(places.returned)?;
    let invocation = invocation?;
    // SAFETY: not NULL where written.
    unsafe {
        returned.write(NO_RESULT.code());
        if !places.parameters.is_null() {
            places.parameters.write(std::ptr::null_mut());
        }
    }
    let owner = owner(handle)?;
    if is_augmentation(handle) {
        return Err(AisError::NoResources);
    }
    owner.root.needs(minor)?;
    check_name(&owner, &invocation)?;
    let id = owner.id;
    let reply = owner.root.ask(move |session| async move {
        let owner = session.owner(id).await?;
        let (object, parameters) = (&invocation.object, &invocation.parameters);
        let asked = owner.admin_operation(object, invocation.operation, parameters, invocation.timeout_ms);
        match asked.await {
            // Whether it was carried out is not known.
            Err(ImmError::Disconnected(_)) => {
                session.become_stale();
                Err(AisError::Timeout.into())
            }
            answer => Ok(answer?),
        }
    })?;
    if !places.parameters.is_null() && !reply.parameters.is_empty() {
        let mut arena = Arena::default();
        let list = write::parameters(&reply.parameters, &mut arena)?;
        tables_of(handle).lent.lend(handle, list, arena);
        // SAFETY: not NULL.
        unsafe { places.parameters.write(list) };
    }
    // SAFETY: not NULL.
    unsafe { returned.write(reply.result.map_or_else(AisError::code, |()| SA_AIS_OK)) };
    Ok(())
}

/// `saImmOmAdminOperationInvokeAsync_2`
pub unsafe fn admin_operation_invoke_async_2(
    handle: u64,
    number: u64,
    object: *const SaNameT,
    _continuation: u64,
    operation: u64,
    parameters: *const *const SaImmAdminOperationParamsT_2,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let invocation = unsafe { invocation(object, operation, parameters, 0) }?;
        invoke_async(handle, number, invocation, 0)
    })
}

/// `saImmOmAdminOperationInvokeAsync_o3`
pub unsafe fn admin_operation_invoke_async_o3(
    handle: u64,
    number: u64,
    object: *const c_char,
    _continuation: u64,
    operation: u64,
    parameters: *const *const SaImmAdminOperationParamsT_2,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let invocation = unsafe { invocation(object, operation, parameters, 0) }?;
        invoke_async(handle, number, invocation, 15)
    })
}

fn invoke_async(handle: u64, number: u64, invocation: Invocation, minor: u8) -> Result<(), AisError> {
    let owner = owner(handle)?;
    if is_augmentation(handle) {
        return Err(AisError::NoResources);
    }
    owner.root.needs(minor)?;
    if matches!(owner.root.callback, Callback::None) {
        return Err(AisError::Init);
    }
    check_name(&owner, &invocation)?;
    let invocations = owner.root.invocations.clone();
    {
        let mut open = lock(&invocations);
        if open.contains(&number) {
            return Err(AisError::InvalidParam);
        }
        open.push(number);
    }
    let (id, queue, open) = (owner.id, owner.root.queue.clone(), invocations.clone());
    let begun = owner.root.ask(move |session| async move {
        let owner = session.owner(id).await?;
        engine::spawn(Box::pin(async move {
            let (object, parameters) = (&invocation.object, &invocation.parameters);
            let answer = owner
                .admin_operation(object, invocation.operation, parameters, 0)
                .await;
            let is_lost = matches!(answer, Err(ImmError::Disconnected(_)));
            lock(&open).retain(|other| *other != number);
            queue.push(Invoked {
                invocation: number,
                answer: answer.map_err(code),
            });
            if is_lost {
                queue.end(End::Lost);
                session.become_stale();
            }
        }));
        Ok(())
    });
    // The answer may come soon.
    engine::attend();
    if begun.is_err() {
        lock(&invocations).retain(|other| *other != number);
    }
    Ok(begun?)
}

/// The call's error; where the connection broke, it is not known whether the operation was carried out.
fn code(error: ImmError) -> AisError {
    match error {
        ImmError::Disconnected(_) => AisError::Timeout,
        error => crate::failure::Failure::from(error).error,
    }
}

/// `saImmOmAdminOperationMemoryFree`
pub unsafe fn admin_operation_memory_free(
    handle: u64,
    parameters: *mut *mut SaImmAdminOperationParamsT_2,
) -> SaAisErrorT {
    answer(|| {
        let owner: Arc<Owner> = owner(handle)?;
        owner.root.needs(11)?;
        if parameters.is_null() || tables_of(handle).lent.give_back(parameters) {
            Ok(())
        } else {
            Err(AisError::InvalidParam)
        }
    })
}

/// `saImmOmAdminOperationContinue` and the five other functions about continuations.
pub fn not_supported() -> SaAisErrorT {
    AisError::NotSupported.code()
}
