//! What is behind libSaImmOm and libSaImmOi.
//!
//! The two libraries export the functions of [`om`] and [`oi`] under the standard's names and add nothing. A function
//! checks and copies what it is handed, asks the service, and copies the answer out. What talks to the service is
//! driven by whoever calls ([`engine`]); callbacks wait until the program dispatches them on a thread of its own.
//!
//! All functions return a `SaAisErrorT`. Their pointers are promised by the program to be what the headers say; NULL is
//! allowed everywhere and answered with INVALID_PARAM where the standard wants something.
#![allow(unsafe_code)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(
    clippy::missing_safety_doc,
    reason = "the promise is the same for all functions and stands above"
)]

mod augmented;
mod ctypes;
mod engine;
mod export;
mod failure;
pub mod oi;
pub mod om;
mod pool;
mod read;
mod session;
mod trace;
mod write;

pub use augmented::{AugmentedCalls, CALLS, augmented_calls};
pub use cabi::{SaAisErrorT, SaBoolT, SaDispatchFlagsT, SaNameT, SaSelectionObjectT, SaVersionT};
pub use ctypes::*;
pub use trace::traced;

use ais::AisError;

/// The newest version of the interface: A.02.18.
const NEWEST: SaVersionT = SaVersionT {
    release_code: b'A',
    major_version: 2,
    minor_version: 18,
};

/// The minor version that the program asks for; what is offered is written back.
///
/// # Errors
/// INVALID_PARAM for NULL; VERSION where it is not A.02.
unsafe fn negotiate(version: *mut SaVersionT) -> Result<u8, AisError> {
    if version.is_null() {
        return Err(AisError::InvalidParam);
    }
    // SAFETY: not NULL, so it is a version.
    let wanted = unsafe { version.read() };
    // SAFETY: as above.
    unsafe { version.write(NEWEST) };
    if (wanted.release_code, wanted.major_version) == (NEWEST.release_code, NEWEST.major_version) {
        Ok(wanted.minor_version)
    } else {
        Err(AisError::Version)
    }
}

/// INVALID_PARAM where the program has no place for a result.
fn place<T>(pointer: *mut T) -> Result<*mut T, AisError> {
    if pointer.is_null() {
        return Err(AisError::InvalidParam);
    }
    Ok(pointer)
}
