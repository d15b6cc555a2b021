//! To C: results in memory of the library.

use std::ffi::{c_char, c_uint, c_void};
use std::mem::MaybeUninit;

use ais::{AisError, Attr, AttrModification, ClassDef, Parameter, Value};
use cabi::{Arena, SaAnyT, SaNameT};

use crate::ctypes::{
    SaImmAdminOperationParamsT_2, SaImmAttrDefinitionT_2, SaImmAttrModificationT_2, SaImmAttrValuesT_2,
};

/// How a call or a callback names objects: `SaNameT` or, in the `_o3` variants, text.
pub(crate) trait WriteName {
    /// The name; NAME_TOO_LONG where the program cannot read it.
    fn write(text: &str, arena: &mut Arena) -> Result<*mut Self, AisError>;
}

impl WriteName for SaNameT {
    fn write(text: &str, arena: &mut Arena) -> Result<*mut SaNameT, AisError> {
        let name = arena.value([MaybeUninit::<u16>::zeroed(); 129]).cast();
        // SAFETY: there is room for a name, which is 129 halfwords.
        unsafe { name_into(text, name, arena) }?;
        Ok(name)
    }
}

impl WriteName for c_char {
    fn write(text: &str, arena: &mut Arena) -> Result<*mut c_char, AisError> {
        check_length(text)?;
        Ok(arena.text(text))
    }
}

fn check_length(text: &str) -> Result<(), AisError> {
    if text.len() > 255 && !cabi::are_extended_names_enabled() {
        return Err(AisError::NameTooLong);
    }
    Ok(())
}

/// Writes the name to where the program wants it.
///
/// # Safety
/// There is room for a name.
pub(crate) unsafe fn name_into(text: &str, name: *mut SaNameT, arena: &mut Arena) -> Result<(), AisError> {
    check_length(text)?;
    // SAFETY: the caller's promise.
    unsafe { cabi::write_name(text, name, arena) };
    Ok(())
}

fn value(value: &Value, arena: &mut Arena) -> Result<*mut c_void, AisError> {
    Ok(match value {
        Value::Int32(v) => arena.value(*v).cast(),
        Value::Uint32(v) => arena.value(*v).cast(),
        Value::Int64(v) | Value::Time(v) => arena.value(*v).cast(),
        Value::Uint64(v) => arena.value(*v).cast(),
        Value::Float(v) => arena.value(*v).cast(),
        Value::Double(v) => arena.value(*v).cast(),
        Value::Name(v) => SaNameT::write(v, arena)?.cast(),
        Value::String(v) => {
            let text = arena.text(v);
            arena.value(text).cast()
        }
        Value::Any(v) => {
            let any = SaAnyT {
                buffer_size: v.len() as u64,
                buffer_addr: arena.slice(v),
            };
            arena.value(any).cast()
        }
    })
}

fn values(attr: &Attr, arena: &mut Arena) -> Result<SaImmAttrValuesT_2, AisError> {
    let written: Vec<*mut c_void> = attr
        .values
        .iter()
        .map(|v| value(v, arena))
        .collect::<Result<_, _>>()?;
    Ok(SaImmAttrValuesT_2 {
        attr_name: arena.text(&attr.name),
        attr_value_type: attr.value_type as c_uint,
        attr_values_number: u32::try_from(written.len()).map_err(|_| AisError::TooBig)?,
        attr_values: if written.is_empty() {
            std::ptr::null_mut()
        } else {
            arena.slice(&written)
        },
    })
}

/// A list of pointers to what `one` makes of each entry.
fn list<A, B: Copy>(
    entries: &[A],
    arena: &mut Arena,
    one: impl Fn(&A, &mut Arena) -> Result<B, AisError>,
) -> Result<*mut *mut B, AisError> {
    let written: Vec<*mut B> = entries
        .iter()
        .map(|entry| one(entry, arena).map(|written| arena.value(written)))
        .collect::<Result<_, _>>()?;
    Ok(arena.list(&written))
}

/// Attributes, with a NULL behind the last.
pub(crate) fn attrs(from: &[Attr], arena: &mut Arena) -> Result<*mut *mut SaImmAttrValuesT_2, AisError> {
    list(from, arena, values)
}

/// Changes of attributes, with a NULL behind the last.
pub(crate) fn modifications(
    from: &[AttrModification],
    arena: &mut Arena,
) -> Result<*mut *mut SaImmAttrModificationT_2, AisError> {
    list(from, arena, |change, arena| {
        Ok(SaImmAttrModificationT_2 {
            mod_type: change.kind as c_uint,
            mod_attr: values(&change.attr, arena)?,
        })
    })
}

/// Parameters, with a NULL behind the last.
pub(crate) fn parameters(
    from: &[Parameter],
    arena: &mut Arena,
) -> Result<*mut *mut SaImmAdminOperationParamsT_2, AisError> {
    list(from, arena, |parameter, arena| {
        Ok(SaImmAdminOperationParamsT_2 {
            param_name: arena.text(&parameter.name),
            param_type: parameter.value.value_type() as c_uint,
            param_buffer: parameter_value(&parameter.value, arena)?,
        })
    })
}

/// As [`value`]; a text may be any bytes.
fn parameter_value(from: &Value, arena: &mut Arena) -> Result<*mut c_void, AisError> {
    let Value::String(text) = from else {
        return value(from, arena);
    };
    let text = arena.bytes(&cabi::any_bytes(text));
    Ok(arena.value(text).cast())
}

/// Definitions of attributes, with a NULL behind the last.
pub(crate) fn definitions(
    from: &ClassDef,
    arena: &mut Arena,
) -> Result<*mut *mut SaImmAttrDefinitionT_2, AisError> {
    list(&from.attrs, arena, |attr, arena| {
        Ok(SaImmAttrDefinitionT_2 {
            attr_name: arena.text(&attr.name),
            attr_value_type: attr.value_type as c_uint,
            attr_flags: attr.flags.bits(),
            attr_default_value: match &attr.default {
                Some(default) => value(default, arena)?,
                None => std::ptr::null_mut(),
            },
        })
    })
}

/// Names, with a NULL behind the last.
pub(crate) fn names(from: &[String], arena: &mut Arena) -> *mut *mut c_char {
    let texts: Vec<*mut c_char> = from.iter().map(|name| arena.text(name)).collect();
    arena.list(&texts)
}
