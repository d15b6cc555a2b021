//! What is implemented.

use std::ffi::{c_char, c_uint};

use ais::AisError;
use cabi::{SaAisErrorT, SaNameT, answer};

use super::{Callbacks, Root, root};
use crate::ctypes::OiCallbacks;
use crate::om::lock;
use crate::read;
use crate::read::ObjectName;

/// The longest name of an implementer.
const NAME_MAX: usize = 254;

/// Whether the callbacks are enough for an applier.
const fn can_apply<N>(callbacks: &OiCallbacks<N>) -> bool {
    callbacks.ccb_apply.is_some()
        && callbacks.ccb_abort.is_some()
        && callbacks.ccb_object_modify.is_some()
        && callbacks.ccb_object_delete.is_some()
}

impl Root {
    const fn can_apply(&self) -> bool {
        match &self.callbacks {
            Callbacks::Names(callbacks) => can_apply(callbacks),
            Callbacks::Texts(callbacks) => can_apply(callbacks),
        }
    }

    const fn can_be_told_of_new_objects(&self) -> bool {
        match &self.callbacks {
            Callbacks::Names(callbacks) => callbacks.ccb_object_create.is_some(),
            Callbacks::Texts(callbacks) => callbacks.ccb_object_create.is_some(),
        }
    }
}

/// `saImmOiImplementerSet`
pub unsafe fn implementer_set(handle: u64, name: *const c_char) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let name = unsafe { read::word(name) }?;
        let root = root(handle)?;
        if name.len() > NAME_MAX || lock(&root.name).is_some() {
            return Err(AisError::InvalidParam);
        }
        if name.starts_with('@') {
            root.needs(11)?;
            if !root.can_apply() {
                return Err(AisError::Init);
            }
        }
        let taken = name.clone();
        root.ask(|session| async move {
            let implementer = session.implementer().await?;
            session.changed(implementer.set(&taken).await)
        })?;
        *lock(&root.name) = Some(name);
        Ok(())
    })
}

/// `saImmOiImplementerClear`
pub fn implementer_clear(handle: u64) -> SaAisErrorT {
    answer(|| {
        let root = root(handle)?;
        root.check_named()?;
        root.ask_to_release(|session| async move {
            let implementer = session.implementer().await?;
            session.changed(implementer.clear().await)
        })?;
        *lock(&root.name) = None;
        Ok(())
    })
}

/// `saImmOiClassImplementerSet`
pub unsafe fn class_implementer_set(handle: u64, class: *const c_char) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let class = unsafe { read::word(class) }?;
        let root = root(handle)?;
        root.check_named()?;
        if root.is_applier() && !root.can_be_told_of_new_objects() {
            return Err(AisError::Init);
        }
        root.ask(|session| async move {
            let implementer = session.implementer().await?;
            session.changed(implementer.class_set(&class).await)
        })?;
        Ok(())
    })
}

/// `saImmOiClassImplementerRelease`
pub unsafe fn class_implementer_release(handle: u64, class: *const c_char) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let class = unsafe { read::word(class) }?;
        let root = root(handle)?;
        root.check_named()?;
        root.ask_to_release(|session| async move {
            let implementer = session.implementer().await?;
            session.changed(implementer.class_release(&class).await)
        })?;
        Ok(())
    })
}

enum Change {
    Set,
    Release,
}

unsafe fn change<N: ObjectName>(
    handle: u64,
    object: *const N,
    scope: c_uint,
    what: Change,
    minor: u8,
) -> Result<(), AisError> {
    // SAFETY: the program's promise.
    let (dn, scope) = unsafe { (read::object(object)?, read::scope(scope)?) };
    let root = root(handle)?;
    root.needs(minor)?;
    root.check_named()?;
    root.ask_to_release(move |session| async move {
        let implementer = session.implementer().await?;
        session.changed(match what {
            Change::Set => implementer.object_set(&dn, scope).await,
            Change::Release => implementer.object_release(&dn, scope).await,
        })
    })?;
    Ok(())
}

/// `saImmOiObjectImplementerSet`
pub unsafe fn object_implementer_set(handle: u64, object: *const SaNameT, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, object, scope, Change::Set, 0) })
}

/// `saImmOiObjectImplementerSet_o3`
pub unsafe fn object_implementer_set_o3(handle: u64, object: *const c_char, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, object, scope, Change::Set, 15) })
}

/// `saImmOiObjectImplementerRelease`
pub unsafe fn object_implementer_release(handle: u64, object: *const SaNameT, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, object, scope, Change::Release, 0) })
}

/// `saImmOiObjectImplementerRelease_o3`
pub unsafe fn object_implementer_release_o3(
    handle: u64,
    object: *const c_char,
    scope: c_uint,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, object, scope, Change::Release, 15) })
}
