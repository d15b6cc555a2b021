//! Conversions of `imm.capnp`.

use ais::{
    AttrChoice, AttrDef, AttrFlags, AttrModification, CcbOperation, ClassCategory, ClassDef,
    ModificationType, Scope,
};
use capnp::struct_list;

use crate::error::{WireError, list_len};
use crate::imm_capnp::{attr_choice, attr_def, attr_modification, class_def, operation};
use crate::value::{
    checked, read_attr, read_attrs, read_dn, read_list, read_text, read_texts, read_value, read_value_type,
    write_attr, write_attrs, write_texts, write_value,
};

/// The scope with this number.
pub fn read_scope(number: u8) -> Result<Scope, WireError> {
    match number {
        1 => Ok(Scope::One),
        2 => Ok(Scope::Sublevel),
        3 => Ok(Scope::Subtree),
        _ => Err(WireError::number("scope", number)),
    }
}

/// The number for [`read_scope`].
pub const fn scope_code(scope: Scope) -> u8 {
    scope as u8
}

/// The class category with this number.
pub fn read_category(number: u8) -> Result<ClassCategory, WireError> {
    match number {
        1 => Ok(ClassCategory::Config),
        2 => Ok(ClassCategory::Runtime),
        _ => Err(WireError::number("ClassDef.category", number)),
    }
}

/// The definition of an attribute.
pub fn read_attr_def(reader: attr_def::Reader<'_>) -> Result<AttrDef, WireError> {
    let default = reader.get_default()?;
    Ok(AttrDef {
        name: read_text(reader.get_name()?, "AttrDef.name")?,
        value_type: read_value_type(reader.get_type(), "AttrDef.type")?,
        flags: AttrFlags::from_bits_retain(reader.get_flags()),
        default: match default.len() {
            0 => None,
            1 => Some(read_value(default.get(0))?),
            more => return Err(WireError::number("AttrDef.default", more)),
        },
    })
}

/// Writes the definition of an attribute.
pub fn write_attr_def(from: &AttrDef, mut builder: attr_def::Builder<'_>) -> Result<(), WireError> {
    builder.set_name(checked(&from.name, "AttrDef.name")?);
    builder.set_type(from.value_type as u8);
    builder.set_flags(from.flags.bits());
    match &from.default {
        Some(value) => write_value(value, builder.init_default(1).get(0)),
        None => Ok(()),
    }
}

/// The definition of a class.
pub fn read_class_def(reader: class_def::Reader<'_>) -> Result<ClassDef, WireError> {
    Ok(ClassDef {
        name: read_text(reader.get_name()?, "ClassDef.name")?,
        category: read_category(reader.get_category())?,
        attrs: read_list(reader.get_attrs()?.iter(), read_attr_def)?,
    })
}

/// Writes the definition of a class.
pub fn write_class_def(from: &ClassDef, mut builder: class_def::Builder<'_>) -> Result<(), WireError> {
    builder.set_name(checked(&from.name, "ClassDef.name")?);
    builder.set_category(from.category as u8);
    let mut attrs = builder.init_attrs(list_len(from.attrs.len(), "ClassDef.attrs")?);
    (0..)
        .zip(&from.attrs)
        .try_for_each(|(at, a)| write_attr_def(a, attrs.reborrow().get(at)))
}

/// The change of an attribute.
pub fn read_attr_modification(reader: attr_modification::Reader<'_>) -> Result<AttrModification, WireError> {
    Ok(AttrModification {
        kind: match reader.get_kind() {
            1 => ModificationType::Add,
            2 => ModificationType::Delete,
            3 => ModificationType::Replace,
            other => return Err(WireError::number("AttrModification.kind", other)),
        },
        attr: read_attr(reader.get_attr()?)?,
    })
}

/// Writes the change of an attribute.
pub fn write_attr_modification(
    from: &AttrModification,
    mut builder: attr_modification::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_kind(from.kind as u8);
    write_attr(&from.attr, builder.init_attr())
}

/// The operation.
pub fn read_operation(reader: operation::Reader<'_>) -> Result<CcbOperation, WireError> {
    use operation::Which;
    let dn = read_dn(reader.get_dn()?, "Operation.dn")?;
    Ok(
        match reader.which().map_err(|e| WireError::union("Operation", e))? {
            Which::Create(create) => CcbOperation::Create {
                class: read_text(create.get_class()?, "Operation.create.class")?,
                dn,
                attrs: read_attrs(create.get_attrs()?)?,
            },
            Which::Modify(changes) => CcbOperation::Modify {
                dn,
                changes: read_list(changes?.iter(), read_attr_modification)?,
            },
            Which::Delete(()) => CcbOperation::Delete { dn },
        },
    )
}

/// Writes an operation.
pub fn write_operation(from: &CcbOperation, mut builder: operation::Builder<'_>) -> Result<(), WireError> {
    builder.set_dn(from.dn().as_str());
    match from {
        CcbOperation::Create { class, attrs, .. } => {
            let mut create = builder.init_create();
            create.set_class(checked(class, "Operation.create.class")?);
            let len = list_len(attrs.len(), "Operation.create.attrs")?;
            write_attrs(attrs, create.init_attrs(len))
        }
        CcbOperation::Modify { changes, .. } => {
            let mut list = builder.init_modify(list_len(changes.len(), "Operation.modify")?);
            (0..)
                .zip(changes)
                .try_for_each(|(at, c)| write_attr_modification(c, list.reborrow().get(at)))
        }
        CcbOperation::Delete { .. } => {
            builder.set_delete(());
            Ok(())
        }
    }
}

/// The operations of a list.
pub fn read_operations(
    list: struct_list::Reader<'_, operation::Owned>,
) -> Result<Vec<CcbOperation>, WireError> {
    read_list(list.iter(), read_operation)
}

/// Fills a list that has as many places as there are operations.
pub fn write_operations(
    from: &[CcbOperation],
    mut list: struct_list::Builder<'_, operation::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, o)| write_operation(o, list.reborrow().get(at)))
}

/// Which attributes a reader wants.
pub fn read_attr_choice(reader: attr_choice::Reader<'_>) -> Result<AttrChoice, WireError> {
    use attr_choice::Which;
    Ok(
        match reader.which().map_err(|e| WireError::union("AttrChoice", e))? {
            Which::All(()) => AttrChoice::All,
            Which::None(()) => AttrChoice::None,
            Which::Config(()) => AttrChoice::Config,
            Which::Persistent(()) => AttrChoice::Persistent,
            Which::Some(names) => AttrChoice::Some(read_texts(names?, "AttrChoice.some")?),
        },
    )
}

/// Writes which attributes a reader wants.
pub fn write_attr_choice(from: &AttrChoice, mut builder: attr_choice::Builder<'_>) -> Result<(), WireError> {
    match from {
        AttrChoice::All => builder.set_all(()),
        AttrChoice::None => builder.set_none(()),
        AttrChoice::Config => builder.set_config(()),
        AttrChoice::Persistent => builder.set_persistent(()),
        AttrChoice::Some(names) => {
            let len = list_len(names.len(), "AttrChoice.some")?;
            return write_texts(names, builder.init_some(len), "AttrChoice.some");
        }
    }
    Ok(())
}
