//! Owning objects.

use std::ffi::{c_char, c_uint};
use std::sync::Arc;

use ais::{AisError, Dn, Scope};
use cabi::{SaAisErrorT, SaBoolT, SaNameT, answer};

use super::{Owner, fresh_id, own, root, tables_of};
use crate::read::ObjectName;
use crate::{place, read};

/// The entry of an owner handle.
pub(super) fn owner(handle: u64) -> Result<Arc<Owner>, AisError> {
    tables_of(handle).owners.get(handle)
}

/// `saImmOmAdminOwnerInitialize`
pub unsafe fn admin_owner_initialize(
    handle: u64,
    name: *const c_char,
    release_on_finalize: SaBoolT,
    owner: *mut u64,
) -> SaAisErrorT {
    answer(|| {
        let owner = place(owner)?;
        let root = root(handle)?;
        // SAFETY: the program's promise.
        let name = unsafe { read::word(name) }?;
        let release_on_finalize = match release_on_finalize {
            0 => false,
            1 => true,
            _ => return Err(AisError::InvalidParam),
        };
        let id = fresh_id();
        root.ask(move |session| async move {
            let imm = session.imm().await?;
            let made = session.changed(imm.admin_owner(&name, release_on_finalize).await)?;
            session.add_owner(id, made, release_on_finalize);
            Ok(())
        })?;
        let made = own().owners.insert(|_| Owner { root, id })?;
        // SAFETY: not NULL.
        unsafe { owner.write(made) };
        Ok(())
    })
}

enum Change {
    Set,
    Release,
}

/// `saImmOmAdminOwnerSet`
pub unsafe fn admin_owner_set(handle: u64, objects: *const *const SaNameT, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, objects, scope, Change::Set, 0) })
}

/// `saImmOmAdminOwnerSet_o3`
pub unsafe fn admin_owner_set_o3(handle: u64, objects: *const *const c_char, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, objects, scope, Change::Set, 15) })
}

/// `saImmOmAdminOwnerRelease`
pub unsafe fn admin_owner_release(handle: u64, objects: *const *const SaNameT, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, objects, scope, Change::Release, 0) })
}

/// `saImmOmAdminOwnerRelease_o3`
pub unsafe fn admin_owner_release_o3(
    handle: u64,
    objects: *const *const c_char,
    scope: c_uint,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { change(handle, objects, scope, Change::Release, 15) })
}

/// The objects and the scope; INVALID_PARAM for none.
unsafe fn range<N: ObjectName>(
    objects: *const *const N,
    scope: c_uint,
) -> Result<(Vec<Dn>, Scope), AisError> {
    // SAFETY: the caller's promise.
    let objects = unsafe { read::objects(objects) }?;
    if objects.is_empty() {
        return Err(AisError::InvalidParam);
    }
    Ok((objects, read::scope(scope)?))
}

unsafe fn change<N: ObjectName>(
    handle: u64,
    objects: *const *const N,
    scope: c_uint,
    what: Change,
    minor: u8,
) -> Result<(), AisError> {
    // SAFETY: the program's promise.
    let (objects, scope) = unsafe { range(objects, scope) }?;
    let entry = owner(handle)?;
    entry.root.needs(minor)?;
    let id = entry.id;
    entry.root.ask(move |session| async move {
        let owner = session.owner(id).await?;
        session.changed(match what {
            Change::Set => owner.set(&objects, scope).await,
            Change::Release => owner.release(&objects, scope).await,
        })
    })?;
    Ok(())
}

/// `saImmOmAdminOwnerClear`
pub unsafe fn admin_owner_clear(handle: u64, objects: *const *const SaNameT, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { clear(handle, objects, scope, 0) })
}

/// `saImmOmAdminOwnerClear_o3`
pub unsafe fn admin_owner_clear_o3(handle: u64, objects: *const *const c_char, scope: c_uint) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { clear(handle, objects, scope, 15) })
}

unsafe fn clear<N: ObjectName>(
    handle: u64,
    objects: *const *const N,
    scope: c_uint,
    minor: u8,
) -> Result<(), AisError> {
    // SAFETY: the program's promise.
    let (objects, scope) = unsafe { range(objects, scope) }?;
    let root = root(handle)?;
    root.needs(minor)?;
    root.ask(move |session| async move {
        let imm = session.imm().await?;
        session.changed(imm.admin_owner_clear(&objects, scope).await)
    })?;
    Ok(())
}

/// `saImmOmAdminOwnerFinalize`
pub fn admin_owner_finalize(handle: u64) -> SaAisErrorT {
    answer(|| {
        let entry = owner(handle)?;
        let _alone = entry.root.busy.enter()?;
        let tables = tables_of(handle);
        tables.owners.remove(handle)?;
        let is_mine = |ccb: &super::CcbEntry| ccb.owner == entry.id && Arc::ptr_eq(&ccb.root, &entry.root);
        let mut ids: Vec<u64> = tables.ccbs.remove_all(is_mine).iter().map(|ccb| ccb.id).collect();
        ids.push(entry.id);
        tables.lent.forget(handle);
        entry.root.ask_besides(move |session| async move {
            session.drop_handles(&ids).await;
            Ok(())
        })?;
        Ok(())
    })
}
