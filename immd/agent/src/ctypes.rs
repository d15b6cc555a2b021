//! The C types of saImm.h, saImmOm.h and saImmOi.h. Enumerations are integers until checked.
#![allow(non_camel_case_types, reason = "the standard's names")]

use std::ffi::{c_char, c_uint, c_void};

use cabi::SaAisErrorT;

/// `SaImmAttrDefinitionT_2`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaImmAttrDefinitionT_2 {
    /// The attribute's name.
    pub attr_name: *mut c_char,
    /// `SaImmValueTypeT`.
    pub attr_value_type: c_uint,
    /// `SaImmAttrFlagsT`.
    pub attr_flags: u64,
    /// A value, or NULL.
    pub attr_default_value: *mut c_void,
}

/// `SaImmAttrValuesT_2`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaImmAttrValuesT_2 {
    /// The attribute's name.
    pub attr_name: *mut c_char,
    /// `SaImmValueTypeT`.
    pub attr_value_type: c_uint,
    /// How many values.
    pub attr_values_number: u32,
    /// So many pointers to values.
    pub attr_values: *mut *mut c_void,
}

/// `SaImmAttrModificationT_2`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaImmAttrModificationT_2 {
    /// `SaImmAttrModificationTypeT`.
    pub mod_type: c_uint,
    /// The attribute and its values.
    pub mod_attr: SaImmAttrValuesT_2,
}

/// `SaImmAdminOperationParamsT_2`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaImmAdminOperationParamsT_2 {
    /// The parameter's name.
    pub param_name: *mut c_char,
    /// `SaImmValueTypeT`.
    pub param_type: c_uint,
    /// A value.
    pub param_buffer: *mut c_void,
}

/// `SaImmSearchParametersT_2`, which is a union of this one member.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaImmSearchParametersT_2 {
    /// The attribute's name, or NULL.
    pub attr_name: *mut c_char,
    /// `SaImmValueTypeT`.
    pub attr_value_type: c_uint,
    /// A value, or NULL.
    pub attr_value: *mut c_void,
}

/// `SaImmOmAdminOperationInvokeCallbackT`.
pub type InvokeCallback = unsafe extern "C" fn(u64, SaAisErrorT, SaAisErrorT);
/// `SaImmOmAdminOperationInvokeCallbackT_o2`.
pub type InvokeCallbackO2 =
    unsafe extern "C" fn(u64, SaAisErrorT, SaAisErrorT, *mut *mut SaImmAdminOperationParamsT_2);

/// `SaImmCallbacksT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaImmCallbacksT {
    /// The answer to an asynchronous operation.
    pub invoke: Option<InvokeCallback>,
}

/// `SaImmCallbacksT_o2`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaImmCallbacksT_o2 {
    /// The answer to an asynchronous operation.
    pub invoke: Option<InvokeCallbackO2>,
}

/// `SaImmOiCallbacksT_2` and `SaImmOiCallbacksT_o3`: `N` is how an object is named.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct OiCallbacks<N> {
    /// An administrative operation.
    pub admin_operation:
        Option<unsafe extern "C" fn(u64, u64, *const N, u64, *mut *mut SaImmAdminOperationParamsT_2)>,
    /// The CCB is aborted.
    pub ccb_abort: Option<unsafe extern "C" fn(u64, u64)>,
    /// The CCB is committed.
    pub ccb_apply: Option<unsafe extern "C" fn(u64, u64)>,
    /// Whether the CCB can be applied.
    pub ccb_completed: Option<unsafe extern "C" fn(u64, u64) -> SaAisErrorT>,
    /// An object is created: its class, the parent's name (in `_o3` its own), its attributes.
    pub ccb_object_create: Option<
        unsafe extern "C" fn(u64, u64, *const c_char, *const N, *mut *mut SaImmAttrValuesT_2) -> SaAisErrorT,
    >,
    /// An object is deleted.
    pub ccb_object_delete: Option<unsafe extern "C" fn(u64, u64, *const N) -> SaAisErrorT>,
    /// An object is modified.
    pub ccb_object_modify:
        Option<unsafe extern "C" fn(u64, u64, *const N, *mut *mut SaImmAttrModificationT_2) -> SaAisErrorT>,
    /// Values of runtime attributes are wanted.
    pub rt_attr_update: Option<unsafe extern "C" fn(u64, *const N, *mut *mut c_char) -> SaAisErrorT>,
}
