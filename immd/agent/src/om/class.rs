//! Classes.

use std::ffi::{c_char, c_uint};

use ais::{AisError, AttrFlags, ClassDef};
use cabi::{Arena, SaAisErrorT, answer};

use super::{own, root};
use crate::ctypes::SaImmAttrDefinitionT_2;
use crate::{place, read, write};

/// Flags of attributes with the minor version that brought them.
const FLAGS: [(AttrFlags, u8); 4] = [
    (AttrFlags::NO_DANGLING, 13),
    (AttrFlags::DN, 15),
    (AttrFlags::DEFAULT_REMOVED, 16),
    (AttrFlags::STRONG_DEFAULT, 17),
];

/// `saImmOmClassCreate_2`
pub unsafe fn class_create_2(
    handle: u64,
    name: *const c_char,
    category: c_uint,
    definitions: *const *const SaImmAttrDefinitionT_2,
) -> SaAisErrorT {
    answer(|| {
        let root = root(handle)?;
        // SAFETY: the program's promise.
        let class = unsafe {
            ClassDef {
                name: read::word(name)?,
                category: read::category(category)?,
                attrs: read::definitions(definitions)?,
            }
        };
        for (flag, minor) in FLAGS {
            if class.attrs.iter().any(|attr| attr.flags.contains(flag)) {
                root.needs(minor)?;
            }
        }
        root.ask(|session| async move {
            let imm = session.imm().await?;
            session.changed(imm.class_create(&class).await)
        })?;
        Ok(())
    })
}

/// `saImmOmClassDescriptionGet_2`
pub unsafe fn class_description_get_2(
    handle: u64,
    name: *const c_char,
    category: *mut c_uint,
    definitions: *mut *mut *mut SaImmAttrDefinitionT_2,
) -> SaAisErrorT {
    answer(|| {
        let (category, definitions) = (place(category)?, place(definitions)?);
        let root = root(handle)?;
        // SAFETY: the program's promise.
        let name = unsafe { read::word(name) }?;
        let class = root.read(async move |imm| imm.class_describe(&name).await)?;
        let mut arena = Arena::default();
        let list = write::definitions(&class, &mut arena)?;
        own().lent.lend(root.session, list, arena);
        // SAFETY: not NULL.
        unsafe {
            category.write(class.category as c_uint);
            definitions.write(list);
        }
        Ok(())
    })
}

/// `saImmOmClassDescriptionMemoryFree_2`
pub unsafe fn class_description_memory_free_2(
    handle: u64,
    definitions: *mut *mut SaImmAttrDefinitionT_2,
) -> SaAisErrorT {
    answer(|| {
        root(handle)?;
        // DEVIATION(C-002): nothing is freed that was not lent.
        if definitions.is_null() || own().lent.give_back(definitions) {
            Ok(())
        } else {
            Err(AisError::InvalidParam)
        }
    })
}

/// `saImmOmClassDelete`
pub unsafe fn class_delete(handle: u64, name: *const c_char) -> SaAisErrorT {
    answer(|| {
        let root = root(handle)?;
        // SAFETY: the program's promise.
        let name = unsafe { read::word(name) }?;
        root.ask(|session| async move {
            let imm = session.imm().await?;
            session.changed(imm.class_delete(&name).await)
        })?;
        Ok(())
    })
}
