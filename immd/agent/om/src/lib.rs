//! libSaImmOm: the functions of saImmOm.h. What they do stands in `immd_agent::om`.
#![allow(unsafe_code, non_snake_case)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(clippy::missing_safety_doc, reason = "saImmOm.h says what the pointers are")]
#![allow(clippy::too_many_arguments, reason = "the standard's")]

use core::ffi::{c_char, c_uint};

use immd_agent::{
    SaAisErrorT, SaBoolT, SaDispatchFlagsT, SaImmAdminOperationParamsT_2 as Params,
    SaImmAttrDefinitionT_2 as Definition, SaImmAttrModificationT_2 as Modification,
    SaImmAttrValuesT_2 as Values, SaImmCallbacksT, SaImmCallbacksT_o2, SaImmSearchParametersT_2, SaNameT,
    SaSelectionObjectT, SaVersionT, export, export_for_both, export_names, om,
};

export_names!();

export! {
    saImmOmInitialize = om::initialize, (handle: *mut u64, callbacks: *const SaImmCallbacksT, version: *mut SaVersionT);
    saImmOmInitialize_o2 = om::initialize_o2, (handle: *mut u64, callbacks: *const SaImmCallbacksT_o2, version: *mut SaVersionT);
    saImmOmSelectionObjectGet = om::selection_object_get, (handle: u64, selection: *mut SaSelectionObjectT);
    saImmOmDispatch = om::dispatch, (handle: u64, flags: SaDispatchFlagsT);
    saImmOmFinalize = om::finalize, (handle: u64);

    saImmOmClassCreate_2 = om::class_create_2, (handle: u64, name: *const c_char, category: c_uint, definitions: *const *const Definition);
    saImmOmClassDescriptionGet_2 = om::class_description_get_2, (handle: u64, name: *const c_char, category: *mut c_uint, definitions: *mut *mut *mut Definition);
    saImmOmClassDescriptionMemoryFree_2 = om::class_description_memory_free_2, (handle: u64, definitions: *mut *mut Definition);
    saImmOmClassDelete = om::class_delete, (handle: u64, name: *const c_char);

    saImmOmSearchInitialize_2 = om::search_initialize_2, (handle: u64, root: *const SaNameT, scope: c_uint, options: u64, param: *const SaImmSearchParametersT_2, names: *const *const c_char, search: *mut u64);
    saImmOmSearchInitialize_o3 = om::search_initialize_o3, (handle: u64, root: *const c_char, scope: c_uint, options: u64, param: *const SaImmSearchParametersT_2, names: *const *const c_char, search: *mut u64);
    saImmOmSearchNext_2 = om::search_next_2, (search: u64, object: *mut SaNameT, attributes: *mut *mut *mut Values);
    saImmOmSearchNext_o3 = om::search_next_o3, (search: u64, object: *mut *mut c_char, attributes: *mut *mut *mut Values);
    saImmOmSearchFinalize = om::search_finalize, (search: u64);

    saImmOmAccessorInitialize = om::accessor_initialize, (handle: u64, accessor: *mut u64);
    saImmOmAccessorGet_2 = om::accessor_get_2, (accessor: u64, object: *const SaNameT, names: *const *const c_char, attributes: *mut *mut *mut Values);
    saImmOmAccessorGet_o3 = om::accessor_get_o3, (accessor: u64, object: *const c_char, names: *const *const c_char, attributes: *mut *mut *mut Values);
    saImmOmAccessorFinalize = om::accessor_finalize, (accessor: u64);

    saImmOmAdminOwnerInitialize = om::admin_owner_initialize, (handle: u64, name: *const c_char, release_on_finalize: SaBoolT, owner: *mut u64);
    saImmOmAdminOwnerClear = om::admin_owner_clear, (handle: u64, objects: *const *const SaNameT, scope: c_uint);
    saImmOmAdminOwnerClear_o3 = om::admin_owner_clear_o3, (handle: u64, objects: *const *const c_char, scope: c_uint);

    saImmOmAdminOperationInvoke_2 = om::admin_operation_invoke_2, (owner: u64, object: *const SaNameT, continuation: u64, operation: u64, params: *const *const Params, returned: *mut SaAisErrorT, timeout: i64);
    saImmOmAdminOperationInvoke_o2 = om::admin_operation_invoke_o2, (owner: u64, object: *const SaNameT, continuation: u64, operation: u64, params: *const *const Params, returned: *mut SaAisErrorT, timeout: i64, return_params: *mut *mut *mut Params);
    saImmOmAdminOperationInvoke_o3 = om::admin_operation_invoke_o3, (owner: u64, object: *const c_char, continuation: u64, operation: u64, params: *const *const Params, returned: *mut SaAisErrorT, timeout: i64, return_params: *mut *mut *mut Params);
    saImmOmAdminOperationInvokeAsync_2 = om::admin_operation_invoke_async_2, (owner: u64, invocation: u64, object: *const SaNameT, continuation: u64, operation: u64, params: *const *const Params);
    saImmOmAdminOperationInvokeAsync_o3 = om::admin_operation_invoke_async_o3, (owner: u64, invocation: u64, object: *const c_char, continuation: u64, operation: u64, params: *const *const Params);
    saImmOmAdminOperationMemoryFree = om::admin_operation_memory_free, (owner: u64, params: *mut *mut Params);
}

export_for_both! {
    saImmOmAdminOwnerSet = admin_owner_set, (owner: u64, objects: *const *const SaNameT, scope: c_uint);
    saImmOmAdminOwnerSet_o3 = admin_owner_set_o3, (owner: u64, objects: *const *const c_char, scope: c_uint);
    saImmOmAdminOwnerRelease = admin_owner_release, (owner: u64, objects: *const *const SaNameT, scope: c_uint);
    saImmOmAdminOwnerRelease_o3 = admin_owner_release_o3, (owner: u64, objects: *const *const c_char, scope: c_uint);
    saImmOmAdminOwnerFinalize = admin_owner_finalize, (owner: u64);

    saImmOmCcbInitialize = ccb_initialize, (owner: u64, flags: u64, ccb: *mut u64);
    saImmOmCcbObjectCreate_2 = ccb_object_create_2, (ccb: u64, class: *const c_char, parent: *const SaNameT, attributes: *const *const Values);
    saImmOmCcbObjectCreate_o3 = ccb_object_create_o3, (ccb: u64, class: *const c_char, object: *const c_char, attributes: *const *const Values);
    saImmOmCcbObjectDelete = ccb_object_delete, (ccb: u64, object: *const SaNameT);
    saImmOmCcbObjectDelete_o3 = ccb_object_delete_o3, (ccb: u64, object: *const c_char);
    saImmOmCcbObjectModify_2 = ccb_object_modify_2, (ccb: u64, object: *const SaNameT, modifications: *const *const Modification);
    saImmOmCcbObjectModify_o3 = ccb_object_modify_o3, (ccb: u64, object: *const c_char, modifications: *const *const Modification);
    saImmOmCcbApply = ccb_apply, (ccb: u64);
    saImmOmCcbValidate = ccb_validate, (ccb: u64);
    saImmOmCcbAbort = ccb_abort, (ccb: u64);
    saImmOmCcbFinalize = ccb_finalize, (ccb: u64);
    saImmOmCcbGetErrorStrings = ccb_get_error_strings, (ccb: u64, strings: *mut *const *mut c_char);
    saImmOmCcbObjectRead = ccb_object_read, (ccb: u64, object: *const c_char, names: *const *const c_char, attributes: *mut *mut *mut Values);
}

// Continuations.
export! {
    saImmOmAdminOperationContinue = not_supported4, (owner: u64, object: *const SaNameT, continuation: u64, returned: *mut SaAisErrorT);
    saImmOmAdminOperationContinue_o2 = not_supported5, (owner: u64, object: *const SaNameT, continuation: u64, returned: *mut SaAisErrorT, return_params: *mut *mut *mut Params);
    saImmOmAdminOperationContinue_o3 = not_supported5, (owner: u64, object: *const c_char, continuation: u64, returned: *mut SaAisErrorT, return_params: *mut *mut *mut Params);
    saImmOmAdminOperationContinueAsync = not_supported4, (owner: u64, invocation: u64, object: *const SaNameT, continuation: u64);
    saImmOmAdminOperationContinueAsync_o3 = not_supported4, (owner: u64, invocation: u64, object: *const c_char, continuation: u64);
    saImmOmAdminOperationContinuationClear = not_supported3, (owner: u64, object: *const SaNameT, continuation: u64);
    saImmOmAdminOperationContinuationClear_o3 = not_supported3, (owner: u64, object: *const c_char, continuation: u64);
}

fn not_supported3<A, B, C>(_: A, _: B, _: C) -> SaAisErrorT {
    om::not_supported()
}

fn not_supported4<A, B, C, D>(_: A, _: B, _: C, _: D) -> SaAisErrorT {
    om::not_supported()
}

fn not_supported5<A, B, C, D, E>(_: A, _: B, _: C, _: D, _: E) -> SaAisErrorT {
    om::not_supported()
}
