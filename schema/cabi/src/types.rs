//! The C types of saAis.h that have no module of their own. Enumerations that come from C are integers until checked.

use std::ffi::{c_char, c_int, c_uint};

/// `SaAisErrorT`; 1 is OK, the others are [`ais::AisError`].
pub type SaAisErrorT = c_uint;
/// `SA_AIS_OK`.
pub const SA_AIS_OK: SaAisErrorT = 1;
/// `SaBoolT`: 0 or 1, everything else is wrong.
pub type SaBoolT = c_uint;
/// `SaDispatchFlagsT`: 1 one, 2 all, 3 blocking.
pub type SaDispatchFlagsT = c_uint;
/// `SaStringT`.
pub type SaStringT = *mut c_char;
/// `SaConstStringT`.
pub type SaConstStringT = *const c_char;
/// `SaInvocationT`.
pub type SaInvocationT = u64;
/// `SaSelectionObjectT`: a file descriptor in 64 bits.
pub type SaSelectionObjectT = u64;
/// `SaTimeT`, nanoseconds.
pub type SaTimeT = i64;
/// `SaInt32T`.
pub type SaInt32T = c_int;

/// `SaAnyT`: bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAnyT {
    /// How many.
    pub buffer_size: u64,
    /// Where.
    pub buffer_addr: *mut u8,
}

/// `SaVersionT`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaVersionT {
    /// A letter.
    pub release_code: u8,
    /// The major version.
    pub major_version: u8,
    /// The minor version.
    pub minor_version: u8,
}
