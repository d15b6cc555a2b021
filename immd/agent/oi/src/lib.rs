//! libSaImmOi: the functions of saImmOi.h. What they do stands in `immd_agent::oi`.
#![allow(unsafe_code, non_snake_case, non_upper_case_globals)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(clippy::missing_safety_doc, reason = "saImmOi.h says what the pointers are")]

use core::ffi::{c_char, c_uint};

use immd_agent::{
    AugmentedCalls, CALLS, OiCallbacks, SaAisErrorT, SaDispatchFlagsT,
    SaImmAdminOperationParamsT_2 as Params, SaImmAttrModificationT_2 as Modification,
    SaImmAttrValuesT_2 as Values, SaNameT, SaSelectionObjectT, SaVersionT, export, export_names, oi,
};

export_names!();

export! {
    saImmOiInitialize_2 = oi::initialize_2, (handle: *mut u64, callbacks: *const OiCallbacks<SaNameT>, version: *mut SaVersionT);
    saImmOiInitialize_o3 = oi::initialize_o3, (handle: *mut u64, callbacks: *const OiCallbacks<c_char>, version: *mut SaVersionT);
    saImmOiSelectionObjectGet = oi::selection_object_get, (handle: u64, selection: *mut SaSelectionObjectT);
    saImmOiDispatch = oi::dispatch, (handle: u64, flags: SaDispatchFlagsT);
    saImmOiFinalize = oi::finalize, (handle: u64);

    saImmOiImplementerSet = oi::implementer_set, (handle: u64, name: *const c_char);
    saImmOiImplementerClear = oi::implementer_clear, (handle: u64);
    saImmOiClassImplementerSet = oi::class_implementer_set, (handle: u64, class: *const c_char);
    saImmOiClassImplementerRelease = oi::class_implementer_release, (handle: u64, class: *const c_char);
    saImmOiObjectImplementerSet = oi::object_implementer_set, (handle: u64, object: *const SaNameT, scope: c_uint);
    saImmOiObjectImplementerSet_o3 = oi::object_implementer_set_o3, (handle: u64, object: *const c_char, scope: c_uint);
    saImmOiObjectImplementerRelease = oi::object_implementer_release, (handle: u64, object: *const SaNameT, scope: c_uint);
    saImmOiObjectImplementerRelease_o3 = oi::object_implementer_release_o3, (handle: u64, object: *const c_char, scope: c_uint);

    saImmOiRtObjectCreate_2 = oi::rt_object_create_2, (handle: u64, class: *const c_char, parent: *const SaNameT, attributes: *const *const Values);
    saImmOiRtObjectCreate_o3 = oi::rt_object_create_o3, (handle: u64, class: *const c_char, object: *const c_char, attributes: *const *const Values);
    saImmOiRtObjectDelete = oi::rt_object_delete, (handle: u64, object: *const SaNameT);
    saImmOiRtObjectDelete_o3 = oi::rt_object_delete_o3, (handle: u64, object: *const c_char);
    saImmOiRtObjectUpdate_2 = oi::rt_object_update_2, (handle: u64, object: *const SaNameT, modifications: *const *const Modification);
    saImmOiRtObjectUpdate_o3 = oi::rt_object_update_o3, (handle: u64, object: *const c_char, modifications: *const *const Modification);

    saImmOiAdminOperationResult = oi::admin_operation_result, (handle: u64, invocation: u64, result: SaAisErrorT);
    saImmOiAdminOperationResult_o2 = oi::admin_operation_result_o2, (handle: u64, invocation: u64, result: SaAisErrorT, params: *const *const Params);
    saImmOiCcbSetErrorString = oi::ccb_set_error_string, (handle: u64, ccb: u64, text: *const c_char);
    saImmOiAugmentCcbInitialize = oi::augment_ccb_initialize, (handle: u64, ccb: u64, bundle: *mut u64, owner: *mut u64);
}

/// What libSaImmOm calls for the handles of `saImmOiAugmentCcbInitialize`.
#[unsafe(no_mangle)]
pub static perdureImmAugmentedCalls: AugmentedCalls = CALLS;
