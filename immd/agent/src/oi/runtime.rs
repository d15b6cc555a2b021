//! Runtime objects and attributes.

use std::ffi::c_char;

use ais::{AisError, Attr, AttrModification, CcbOperation, Dn, ModificationType};
use cabi::{SaAisErrorT, SaNameT, answer};

use super::{Root, root};
use crate::ctypes::{SaImmAttrModificationT_2, SaImmAttrValuesT_2};
use crate::om::{Created, lock};
use crate::read;
use crate::read::ObjectName;

impl Root {
    /// BAD_OPERATION where the handle has no implementer's name, or an applier's.
    fn check_implements(&self) -> Result<(), AisError> {
        if self.is_applier() {
            return Err(AisError::BadOperation);
        }
        self.check_named().map_err(|_| AisError::BadOperation)
    }

    fn update(&self, operation: CcbOperation) -> Result<(), AisError> {
        self.ask(|session| async move {
            let implementer = session.implementer().await?;
            session.changed(implementer.update(&[operation]).await.map_err(|(error, _)| error))
        })?;
        Ok(())
    }

    /// Keeps the values that are being fetched; gives back the other changes.
    fn keep_fetched(&self, dn: &Dn, changes: Vec<AttrModification>) -> Vec<AttrModification> {
        let mut fetches = lock(&self.fetches);
        let Some(fetch) = fetches.iter_mut().find(|fetch| fetch.object == *dn) else {
            return changes;
        };
        let (wanted, others): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| fetch.names.contains(&change.attr.name));
        for change in wanted {
            keep(&mut fetch.got, change);
        }
        others
    }
}

/// Adds a change to the values that were fetched, of which there were none before.
fn keep(got: &mut Vec<Attr>, change: AttrModification) {
    let at = got.iter().position(|attr| attr.name == change.attr.name);
    match (at, change.kind) {
        (None, ModificationType::Add | ModificationType::Replace) => got.push(change.attr),
        (Some(at), ModificationType::Replace) => got[at] = change.attr,
        (Some(at), ModificationType::Add) => got[at].values.extend(change.attr.values),
        (Some(at), ModificationType::Delete) => {
            got[at].values.retain(|value| !change.attr.values.contains(value));
        }
        (None, ModificationType::Delete) => {}
    }
}

/// `saImmOiRtObjectCreate_2`
pub unsafe fn rt_object_create_2(
    handle: u64,
    class: *const c_char,
    parent: *const SaNameT,
    attributes: *const *const SaImmAttrValuesT_2,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let created = unsafe {
            Created {
                class: read::word(class)?,
                parent: read::object_or_root(parent)?,
                attrs: read::attrs(attributes)?.ok_or(AisError::InvalidParam)?,
            }
        };
        let root = root(handle)?;
        root.check_implements()?;
        root.ask(|session| async move {
            let work = async |operation: CcbOperation| {
                let implementer = session.implementer().await?;
                let updated = implementer.update(&[operation]).await;
                session.changed(updated.map_err(|(error, _)| error))
            };
            created.run(&session, work).await
        })?;
        Ok(())
    })
}

/// `saImmOiRtObjectCreate_o3`
pub unsafe fn rt_object_create_o3(
    handle: u64,
    class: *const c_char,
    object: *const c_char,
    attributes: *const *const SaImmAttrValuesT_2,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let (class, dn, attrs) = unsafe {
            let attrs = read::attrs(attributes)?.unwrap_or_default();
            (read::word(class)?, read::object(object)?, attrs)
        };
        let root = root(handle)?;
        root.needs(15)?;
        root.check_implements()?;
        if !attrs.is_empty() {
            let class = class.clone();
            let rdn = root.ask(|session| async move { session.rdn_of(&class, false).await })?;
            // The name stands in the DN, and nowhere else.
            if ais::find_attr(&attrs, &rdn.name).is_some() {
                return Err(AisError::InvalidParam);
            }
        }
        root.update(CcbOperation::Create { class, dn, attrs })
    })
}

unsafe fn delete<N: ObjectName>(handle: u64, object: *const N, minor: u8) -> Result<(), AisError> {
    // SAFETY: the program's promise.
    let dn = unsafe { read::object(object) }?;
    let root = root(handle)?;
    root.needs(minor)?;
    root.check_implements()?;
    root.update(CcbOperation::Delete { dn })
}

/// `saImmOiRtObjectDelete`
pub unsafe fn rt_object_delete(handle: u64, object: *const SaNameT) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { delete(handle, object, 0) })
}

/// `saImmOiRtObjectDelete_o3`
pub unsafe fn rt_object_delete_o3(handle: u64, object: *const c_char) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { delete(handle, object, 15) })
}

unsafe fn modify<N: ObjectName>(
    handle: u64,
    object: *const N,
    modifications: *const *const SaImmAttrModificationT_2,
    minor: u8,
) -> Result<(), AisError> {
    // SAFETY: the program's promise.
    let (dn, changes) = unsafe { (read::object(object)?, read::modifications(modifications)?) };
    let root = root(handle)?;
    root.needs(minor)?;
    root.check_implements()?;
    let changes = root.keep_fetched(&dn, changes);
    if changes.is_empty() {
        return Ok(());
    }
    root.update(CcbOperation::Modify { dn, changes })
}

/// `saImmOiRtObjectUpdate_2`
pub unsafe fn rt_object_update_2(
    handle: u64,
    object: *const SaNameT,
    modifications: *const *const SaImmAttrModificationT_2,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { modify(handle, object, modifications, 0) })
}

/// `saImmOiRtObjectUpdate_o3`
pub unsafe fn rt_object_update_o3(
    handle: u64,
    object: *const c_char,
    modifications: *const *const SaImmAttrModificationT_2,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { modify(handle, object, modifications, 15) })
}
