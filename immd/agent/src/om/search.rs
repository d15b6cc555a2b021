//! Searching.

use std::collections::VecDeque;
use std::ffi::{c_char, c_uint};

use ais::{AisError, AttrChoice, Dn, Object, Scope, Value};
use cabi::{Arena, SaAisErrorT, SaNameT, answer};
use immd_client::SearchParams;

use super::accessor::check_room;
use super::{SearchEntry, fresh_id, lock, own, root, without_rdn};
use crate::ctypes::{SaImmAttrValuesT_2, SaImmSearchParametersT_2};
use crate::read::ObjectName;
use crate::{place, read, write};

const ONE_ATTR: u64 = 0x1;
const GET_ALL_ATTR: u64 = 0x100;
const GET_NO_ATTR: u64 = 0x200;
const GET_SOME_ATTR: u64 = 0x400;
const GET_CONFIG_ATTR: u64 = 0x1_0000;
const NO_DANGLING_DEPENDENTS: u64 = 0x1_0000_0000;
/// OpenSAF's own: configuration and persistent runtime attributes, for dumps.
const PERSISTENT_ATTRS: u64 = 0x10;
const KNOWN: u64 = ONE_ATTR
    | GET_ALL_ATTR
    | GET_NO_ATTR
    | GET_SOME_ATTR
    | GET_CONFIG_ATTR
    | NO_DANGLING_DEPENDENTS
    | PERSISTENT_ATTRS;

/// What came and was not returned yet.
pub(crate) struct Progress {
    pending: VecDeque<Object>,
    more: More,
    drops_rdn: bool,
    arena: Arena,
}

#[derive(PartialEq, Eq)]
enum More {
    Comes,
    IsOver,
}

/// What is asked for, once it is checked.
struct Wanted {
    params: SearchParams,
    dependents_of: Option<Dn>,
}

/// `saImmOmSearchInitialize_2`
pub unsafe fn search_initialize_2(
    handle: u64,
    root_name: *const SaNameT,
    scope: c_uint,
    options: u64,
    param: *const SaImmSearchParametersT_2,
    names: *const *const c_char,
    search: *mut u64,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { begin(handle, root_name, (scope, options), param, names, search, 0) })
}

/// `saImmOmSearchInitialize_o3`
pub unsafe fn search_initialize_o3(
    handle: u64,
    root_name: *const c_char,
    scope: c_uint,
    options: u64,
    param: *const SaImmSearchParametersT_2,
    names: *const *const c_char,
    search: *mut u64,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { begin(handle, root_name, (scope, options), param, names, search, 15) })
}

unsafe fn begin<N: ObjectName>(
    handle: u64,
    root_name: *const N,
    (scope, options): (c_uint, u64),
    param: *const SaImmSearchParametersT_2,
    names: *const *const c_char,
    search: *mut u64,
    minor: u8,
) -> Result<(), AisError> {
    let search = place(search)?;
    let root = root(handle)?;
    root.needs(minor)?;
    check_room(&root)?;
    let scope = match read::scope(scope)? {
        Scope::One => return Err(AisError::InvalidParam),
        scope => scope,
    };
    if options & GET_CONFIG_ATTR != 0 {
        root.needs(11)?;
    }
    if options & NO_DANGLING_DEPENDENTS != 0 {
        root.needs(13)?;
    }
    // SAFETY: the program's promise.
    let wanted = unsafe {
        let names = read::names(names)?;
        let attrs = choice(options, names)?;
        let (filter, dependents_of) = filter(options, param.as_ref())?;
        Wanted {
            params: SearchParams {
                root: read::object_or_root(root_name)?,
                scope,
                filter,
                attrs,
            },
            dependents_of,
        }
    };
    let drops_rdn = minor > 0 && options & GET_ALL_ATTR != 0;
    let id = fresh_id();
    root.ask(move |session| async move {
        let begun = session
            .begin_search(&wanted.params, wanted.dependents_of.as_ref())
            .await?;
        session.add_search(id, begun);
        Ok(())
    })?;
    let made = own().searches.insert(|_| SearchEntry {
        root,
        id,
        progress: Progress {
            pending: VecDeque::new(),
            more: More::Comes,
            drops_rdn,
            arena: Arena::default(),
        }
        .into(),
    })?;
    // SAFETY: not NULL.
    unsafe { search.write(made) };
    Ok(())
}

fn choice(options: u64, names: Option<Vec<String>>) -> Result<AttrChoice, AisError> {
    if options & !KNOWN != 0 || (options & GET_SOME_ATTR != 0) != names.is_some() {
        return Err(AisError::InvalidParam);
    }
    if let Some(names) = names {
        return Ok(AttrChoice::Some(names));
    }
    Ok(if options & GET_CONFIG_ATTR != 0 {
        AttrChoice::Config
    } else if options & PERSISTENT_ATTRS != 0 {
        AttrChoice::Persistent
    } else if options & GET_NO_ATTR != 0 {
        AttrChoice::None
    } else {
        AttrChoice::All
    })
}

type Filter = Option<(String, Option<Value>)>;

/// What filters: an attribute with a value or any, or the object that is referred to.
unsafe fn filter(
    options: u64,
    param: Option<&SaImmSearchParametersT_2>,
) -> Result<(Filter, Option<Dn>), AisError> {
    let value = |param: &SaImmSearchParametersT_2| {
        if param.attr_value.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL, so a value of that type.
        unsafe { read::value(param.attr_value_type, param.attr_value) }.map(Some)
    };
    if options & NO_DANGLING_DEPENDENTS != 0 {
        let param = param.ok_or(AisError::InvalidParam)?;
        if !param.attr_name.is_null() {
            return Err(AisError::InvalidParam);
        }
        return match value(param)? {
            Some(Value::Name(name) | Value::String(name)) => Ok((None, Some(read::dn(&name)?))),
            _ => Err(AisError::InvalidParam),
        };
    }
    let Some(param) = param else {
        return Ok((None, None));
    };
    if param.attr_name.is_null() {
        return if param.attr_value.is_null() {
            Ok((None, None))
        } else {
            Err(AisError::InvalidParam)
        };
    }
    if options & ONE_ATTR == 0 {
        return Err(AisError::InvalidParam);
    }
    // SAFETY: the program's promise.
    let name = unsafe { read::word(param.attr_name) }?;
    Ok((Some((name, value(param)?)), None))
}

/// `saImmOmSearchNext_2`
pub unsafe fn search_next_2(
    search: u64,
    object: *mut SaNameT,
    attributes: *mut *mut *mut SaImmAttrValuesT_2,
) -> SaAisErrorT {
    answer(|| {
        let (object, attributes) = (place(object)?, place(attributes)?);
        next(search, 0, |found, arena| {
            let list = write::attrs(&found.attrs, arena)?;
            // SAFETY: not NULL.
            unsafe {
                write::name_into(found.dn.as_str(), object, arena)?;
                attributes.write(list);
            }
            Ok(())
        })
    })
}

/// `saImmOmSearchNext_o3`
pub unsafe fn search_next_o3(
    search: u64,
    object: *mut *mut c_char,
    attributes: *mut *mut *mut SaImmAttrValuesT_2,
) -> SaAisErrorT {
    answer(|| {
        let (object, attributes) = (place(object)?, place(attributes)?);
        next(search, 15, |found, arena| {
            let list = write::attrs(&found.attrs, arena)?;
            let name = <c_char as write::WriteName>::write(found.dn.as_str(), arena)?;
            // SAFETY: not NULL.
            unsafe {
                object.write(name);
                attributes.write(list);
            }
            Ok(())
        })
    })
}

fn next(
    search: u64,
    minor: u8,
    show: impl FnOnce(&Object, &mut Arena) -> Result<(), AisError>,
) -> Result<(), AisError> {
    let entry = own().searches.get(search)?;
    entry.root.needs(minor)?;
    let mut progress = lock(&entry.progress);
    let progress = &mut *progress;
    if progress.pending.is_empty() && progress.more == More::Comes {
        let id = entry.id;
        let batch = entry.root.ask(move |session| async move {
            session.imm().await?;
            let mut search = session.take_search(id).ok_or(AisError::BadHandle)?;
            let batch = search.next_batch().await;
            // What comes after an object that could not be read can still be read.
            if !matches!(&batch, Ok(batch) if batch.is_empty()) {
                session.add_search(id, search);
            }
            session.changed(batch)
        })?;
        if batch.is_empty() {
            progress.more = More::IsOver;
        }
        progress.pending = batch.into();
    }
    let mut found = progress.pending.pop_front().ok_or(AisError::NotExist)?;
    if progress.drops_rdn {
        without_rdn(&mut found);
    }
    progress.arena = Arena::default();
    show(&found, &mut progress.arena)
}

/// `saImmOmSearchFinalize`
pub fn search_finalize(search: u64) -> SaAisErrorT {
    answer(|| {
        let entry = own().searches.remove(search)?;
        let id = entry.id;
        entry.root.ask_besides(move |session| async move {
            session.take_search(id);
            Ok(())
        })?;
        Ok(())
    })
}
