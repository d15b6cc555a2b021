//! Handles for augmenting a CCB: libSaImmOi makes them, and programs hand them to the functions of libSaImmOm.
//!
//! Each library has tables and a thread of its own. So libSaImmOm hands a call on such a handle over to libSaImmOi, whose
//! functions for it stand in [`AugmentedCalls`]; it finds them under a name that only the two know.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use cabi::{SaAisErrorT, SaNameT};

use crate::ctypes::{SaImmAttrModificationT_2, SaImmAttrValuesT_2};
use crate::om;

/// What a program may do with the handles.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "each is the function of this name in `om`")]
pub struct AugmentedCalls {
    pub admin_owner_set: unsafe fn(u64, *const *const SaNameT, c_uint) -> SaAisErrorT,
    pub admin_owner_set_o3: unsafe fn(u64, *const *const c_char, c_uint) -> SaAisErrorT,
    pub admin_owner_release: unsafe fn(u64, *const *const SaNameT, c_uint) -> SaAisErrorT,
    pub admin_owner_release_o3: unsafe fn(u64, *const *const c_char, c_uint) -> SaAisErrorT,
    pub admin_owner_finalize: fn(u64) -> SaAisErrorT,
    pub ccb_initialize: unsafe fn(u64, u64, *mut u64) -> SaAisErrorT,
    pub ccb_object_create_2:
        unsafe fn(u64, *const c_char, *const SaNameT, *const *const SaImmAttrValuesT_2) -> SaAisErrorT,
    pub ccb_object_create_o3:
        unsafe fn(u64, *const c_char, *const c_char, *const *const SaImmAttrValuesT_2) -> SaAisErrorT,
    pub ccb_object_delete: unsafe fn(u64, *const SaNameT) -> SaAisErrorT,
    pub ccb_object_delete_o3: unsafe fn(u64, *const c_char) -> SaAisErrorT,
    pub ccb_object_modify_2:
        unsafe fn(u64, *const SaNameT, *const *const SaImmAttrModificationT_2) -> SaAisErrorT,
    pub ccb_object_modify_o3:
        unsafe fn(u64, *const c_char, *const *const SaImmAttrModificationT_2) -> SaAisErrorT,
    pub ccb_apply: fn(u64) -> SaAisErrorT,
    pub ccb_validate: fn(u64) -> SaAisErrorT,
    pub ccb_abort: fn(u64) -> SaAisErrorT,
    pub ccb_finalize: fn(u64) -> SaAisErrorT,
    pub ccb_get_error_strings: unsafe fn(u64, *mut *const *mut c_char) -> SaAisErrorT,
    pub ccb_object_read:
        unsafe fn(u64, *const c_char, *const *const c_char, *mut *mut *mut SaImmAttrValuesT_2) -> SaAisErrorT,
}

/// The functions of this library.
pub const CALLS: AugmentedCalls = AugmentedCalls {
    admin_owner_set: om::admin_owner_set,
    admin_owner_set_o3: om::admin_owner_set_o3,
    admin_owner_release: om::admin_owner_release,
    admin_owner_release_o3: om::admin_owner_release_o3,
    admin_owner_finalize: om::admin_owner_finalize,
    ccb_initialize: om::ccb_initialize,
    ccb_object_create_2: om::ccb_object_create_2,
    ccb_object_create_o3: om::ccb_object_create_o3,
    ccb_object_delete: om::ccb_object_delete,
    ccb_object_delete_o3: om::ccb_object_delete_o3,
    ccb_object_modify_2: om::ccb_object_modify_2,
    ccb_object_modify_o3: om::ccb_object_modify_o3,
    ccb_apply: om::ccb_apply,
    ccb_validate: om::ccb_validate,
    ccb_abort: om::ccb_abort,
    ccb_finalize: om::ccb_finalize,
    ccb_get_error_strings: om::ccb_get_error_strings,
    ccb_object_read: om::ccb_object_read,
};

/// Where libSaImmOi exports a pointer to its [`CALLS`].
const SYMBOL: &CStr = c"perdureImmAugmentedCalls";
const LIBRARY: &CStr = c"libSaImmOi.so.0";
const RTLD_LAZY: c_int = 1;
const RTLD_NOLOAD: c_int = 4;

unsafe extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The functions of libSaImmOi where the handle is for augmenting a CCB and the program has loaded that library.
pub fn augmented_calls(handle: u64) -> Option<&'static AugmentedCalls> {
    om::is_augmentation(handle).then(calls)?
}

fn calls() -> Option<&'static AugmentedCalls> {
    // SAFETY: texts with a NUL; with these flags nothing is loaded and nothing runs.
    let found = unsafe {
        let library = dlopen(LIBRARY.as_ptr(), RTLD_LAZY | RTLD_NOLOAD);
        if library.is_null() {
            return None;
        }
        dlsym(library, SYMBOL.as_ptr())
    };
    // SAFETY: where the symbol is, it is a table of this type: the libraries are of one build. It stays, for the library is
    // linked so that it is not unloaded.
    unsafe { found.cast::<AugmentedCalls>().as_ref() }
}
