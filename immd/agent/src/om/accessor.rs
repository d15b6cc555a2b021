//! Reading one object.

use std::ffi::c_char;
use std::sync::{Arc, Mutex};

use ais::{AisError, AttrChoice};
use cabi::{SaAisErrorT, SaNameT, answer};

use super::{AccessorEntry, Root, lock, own, root, without_rdn};
use crate::ctypes::SaImmAttrValuesT_2;
use crate::read::ObjectName;
use crate::{place, read};

/// Stands for all configuration attributes in a list of names.
const GET_CONFIG_ATTR: &str = "SA_IMM_SEARCH_GET_CONFIG_ATTR";

/// Whether a handle may have one more search or accessor.
pub(super) fn check_room(root: &Arc<Root>) -> Result<(), AisError> {
    let tables = own();
    let searches = tables.searches.count(|search| Arc::ptr_eq(&search.root, root));
    let accessors = tables
        .accessors
        .count(|accessor| Arc::ptr_eq(&accessor.root, root));
    if searches + accessors >= root.searches_max {
        return Err(AisError::NoResources);
    }
    Ok(())
}

/// Which attributes a reader wants by its list of names; `None` where it wants none and asks whether the object exists.
pub(super) fn choice(names: Option<Vec<String>>) -> AttrChoice {
    match names {
        None => AttrChoice::All,
        Some(names) if names == [GET_CONFIG_ATTR] => AttrChoice::Config,
        Some(names) if names.is_empty() => AttrChoice::None,
        Some(names) => AttrChoice::Some(names),
    }
}

/// `saImmOmAccessorInitialize`
pub unsafe fn accessor_initialize(handle: u64, accessor: *mut u64) -> SaAisErrorT {
    answer(|| {
        let accessor = place(accessor)?;
        let root = root(handle)?;
        check_room(&root)?;
        let made = own().accessors.insert(|_| AccessorEntry {
            root,
            results: Mutex::default(),
        })?;
        // SAFETY: not NULL.
        unsafe { accessor.write(made) };
        Ok(())
    })
}

/// `saImmOmAccessorGet_2`
pub unsafe fn accessor_get_2(
    accessor: u64,
    object: *const SaNameT,
    names: *const *const c_char,
    attributes: *mut *mut *mut SaImmAttrValuesT_2,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { get(accessor, object, names, attributes, 0) })
}

/// `saImmOmAccessorGet_o3`
pub unsafe fn accessor_get_o3(
    accessor: u64,
    object: *const c_char,
    names: *const *const c_char,
    attributes: *mut *mut *mut SaImmAttrValuesT_2,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { get(accessor, object, names, attributes, 15) })
}

unsafe fn get<N: ObjectName>(
    accessor: u64,
    object: *const N,
    names: *const *const c_char,
    attributes: *mut *mut *mut SaImmAttrValuesT_2,
    minor: u8,
) -> Result<(), AisError> {
    let entry = own().accessors.get(accessor)?;
    entry.root.needs(minor)?;
    // SAFETY: the program's promise.
    let (dn, names) = unsafe { (read::object(object)?, read::names(names)?) };
    let choice = choice(names);
    if attributes.is_null() && choice != AttrChoice::None {
        return Err(AisError::InvalidParam);
    }
    if choice == AttrChoice::Config {
        entry.root.needs(11)?;
    }
    let drops_rdn = minor > 0 && choice == AttrChoice::All;
    let mut found = entry
        .root
        .read(async move |imm| imm.get(&dn, choice.clone()).await)?;
    if drops_rdn {
        without_rdn(&mut found);
    }
    if !attributes.is_null() {
        let list = lock(&entry.results).show(&found)?;
        // SAFETY: not NULL.
        unsafe { attributes.write(list) };
    }
    Ok(())
}

/// `saImmOmAccessorFinalize`
pub fn accessor_finalize(accessor: u64) -> SaAisErrorT {
    answer(|| own().accessors.remove(accessor).map(drop))
}
