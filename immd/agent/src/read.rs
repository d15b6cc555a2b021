//! From C: values, attributes, names and lists.
//!
//! What is read is copied. All functions want what the headers say behind the pointers; NULL is answered.

use std::ffi::{c_char, c_uint, c_void};

use ais::{
    AisError, Attr, AttrDef, AttrFlags, AttrModification, ClassCategory, Dn, DnError, ModificationType,
    Parameter, Scope, Value, ValueType,
};
use cabi::{SaAnyT, SaNameT};

use crate::ctypes::{
    SaImmAdminOperationParamsT_2, SaImmAttrDefinitionT_2, SaImmAttrModificationT_2, SaImmAttrValuesT_2,
};

/// A list that is longer has no end.
const LIST_MAX: usize = 1 << 20;
/// The longest name of a class, an attribute, an owner or an implementer that is read; the service has smaller limits.
const WORD_MAX: usize = 4096;
/// So many bytes has a value at most.
const BYTES_MAX: u64 = 16 << 20;

/// A name of a class, an attribute, an owner, an implementer; not NULL, not empty.
pub(crate) unsafe fn word(text: *const c_char) -> Result<String, AisError> {
    // SAFETY: the caller's promise.
    match unsafe { cabi::text_within(text, WORD_MAX) }? {
        None | Some("") => Err(AisError::InvalidParam),
        Some(text) => Ok(text.to_owned()),
    }
}

/// The DN in a text.
///
/// # Errors
/// NAME_TOO_LONG, or INVALID_PARAM for anything else.
pub(crate) fn dn(text: &str) -> Result<Dn, AisError> {
    Dn::new(text).map_err(|error| dn_error(&error))
}

pub(crate) const fn dn_error(error: &DnError) -> AisError {
    match error {
        DnError::TooLong(_) => AisError::NameTooLong,
        DnError::Empty
        | DnError::NotPrintable(..)
        | DnError::Reserved(_)
        | DnError::EmptyRdn(_)
        | DnError::NotOneRdn(_) => AisError::InvalidParam,
    }
}

/// How a call names objects: `SaNameT` or, in the `_o3` variants, text.
pub(crate) trait ObjectName {
    /// The text; `None` for NULL.
    unsafe fn read(name: *const Self) -> Result<Option<String>, AisError>;
}

impl ObjectName for SaNameT {
    unsafe fn read(name: *const SaNameT) -> Result<Option<String>, AisError> {
        // SAFETY: the caller's promise.
        unsafe { cabi::read_name(name) }
    }
}

impl ObjectName for c_char {
    unsafe fn read(name: *const c_char) -> Result<Option<String>, AisError> {
        // SAFETY: the caller's promise.
        let text = unsafe { cabi::text(name) }?;
        if text.is_some_and(|text| text.len() > 255) && !cabi::are_extended_names_enabled() {
            return Err(AisError::InvalidParam);
        }
        Ok(text.map(str::to_owned))
    }
}

/// The DN of an object; INVALID_PARAM for NULL.
pub(crate) unsafe fn object<N: ObjectName>(name: *const N) -> Result<Dn, AisError> {
    // SAFETY: the caller's promise.
    let text = unsafe { N::read(name) }?.ok_or(AisError::InvalidParam)?;
    dn(&text)
}

/// The DN of an object; `None` for NULL and for an empty name.
pub(crate) unsafe fn object_or_root<N: ObjectName>(name: *const N) -> Result<Option<Dn>, AisError> {
    // SAFETY: the caller's promise.
    match unsafe { N::read(name) }?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => dn(text).map(Some),
    }
}

/// The DNs of a list; INVALID_PARAM for NULL.
pub(crate) unsafe fn objects<N: ObjectName>(names: *const *const N) -> Result<Vec<Dn>, AisError> {
    // SAFETY: the caller's promise.
    let names = unsafe { cabi::list(names, LIST_MAX) }?.ok_or(AisError::InvalidParam)?;
    // SAFETY: each is a name by the caller's promise.
    names.into_iter().map(|name| unsafe { object(name) }).collect()
}

/// The scope.
pub(crate) const fn scope(scope: c_uint) -> Result<Scope, AisError> {
    match scope {
        1 => Ok(Scope::One),
        2 => Ok(Scope::Sublevel),
        3 => Ok(Scope::Subtree),
        _ => Err(AisError::InvalidParam),
    }
}

/// The category of a class.
pub(crate) const fn category(category: c_uint) -> Result<ClassCategory, AisError> {
    match category {
        1 => Ok(ClassCategory::Config),
        2 => Ok(ClassCategory::Runtime),
        _ => Err(AisError::InvalidParam),
    }
}

/// Names of attributes; `None` for NULL.
pub(crate) unsafe fn names(names: *const *const c_char) -> Result<Option<Vec<String>>, AisError> {
    // SAFETY: the caller's promise.
    let Some(names) = unsafe { cabi::list(names, LIST_MAX) }? else {
        return Ok(None);
    };
    // SAFETY: each is a text by the caller's promise.
    let names = names.into_iter().map(|name| unsafe { word(name) });
    names.collect::<Result<_, _>>().map(Some)
}

fn value_type(code: c_uint) -> Result<ValueType, AisError> {
    u8::try_from(code)
        .ok()
        .and_then(ValueType::from_code)
        .ok_or(AisError::InvalidParam)
}

/// The value behind the pointer.
pub(crate) unsafe fn value(code: c_uint, value: *const c_void) -> Result<Value, AisError> {
    let kind = value_type(code)?;
    if value.is_null() {
        return Err(AisError::InvalidParam);
    }
    // SAFETY: not NULL, so a value of the type that the program names lies there.
    unsafe {
        Ok(match kind {
            ValueType::Int32 => Value::Int32(value.cast::<i32>().read_unaligned()),
            ValueType::Uint32 => Value::Uint32(value.cast::<u32>().read_unaligned()),
            ValueType::Int64 => Value::Int64(value.cast::<i64>().read_unaligned()),
            ValueType::Uint64 => Value::Uint64(value.cast::<u64>().read_unaligned()),
            ValueType::Time => Value::Time(value.cast::<i64>().read_unaligned()),
            ValueType::Float => Value::Float(value.cast::<f32>().read_unaligned()),
            ValueType::Double => Value::Double(value.cast::<f64>().read_unaligned()),
            ValueType::Name => Value::Name(cabi::read_name(value.cast())?.ok_or(AisError::InvalidParam)?),
            ValueType::String => {
                let text = value.cast::<*const c_char>().read_unaligned();
                Value::String(cabi::text(text)?.ok_or(AisError::InvalidParam)?.to_owned())
            }
            ValueType::Any => Value::Any(bytes(value.cast::<SaAnyT>().read_unaligned())?),
        })
    }
}

/// # Safety
/// So many bytes lie there.
unsafe fn bytes(any: SaAnyT) -> Result<Vec<u8>, AisError> {
    if any.buffer_size == 0 {
        return Ok(Vec::new());
    }
    if any.buffer_addr.is_null() || any.buffer_size > BYTES_MAX {
        return Err(AisError::InvalidParam);
    }
    let length = usize::try_from(any.buffer_size).map_err(|_| AisError::InvalidParam)?;
    // SAFETY: the program says that so many bytes lie there.
    Ok(unsafe { std::slice::from_raw_parts(any.buffer_addr, length) }.to_vec())
}

unsafe fn attr(attr: &SaImmAttrValuesT_2) -> Result<Attr, AisError> {
    // SAFETY: the caller's promise.
    let name = unsafe { word(attr.attr_name) }?;
    let count = attr.attr_values_number as usize;
    if count > 0 && attr.attr_values.is_null() {
        return Err(AisError::InvalidParam);
    }
    let values = (0..count).map(|at| {
        // SAFETY: the program says that there are so many pointers, each to a value of this type.
        unsafe { value(attr.attr_value_type, attr.attr_values.add(at).read_unaligned()) }
    });
    Ok(Attr {
        name,
        value_type: value_type(attr.attr_value_type)?,
        values: values.collect::<Result<_, _>>()?,
    })
}

/// Attributes with their values; `None` for NULL.
pub(crate) unsafe fn attrs(list: *const *const SaImmAttrValuesT_2) -> Result<Option<Vec<Attr>>, AisError> {
    // SAFETY: the caller's promise.
    let Some(entries) = unsafe { cabi::list(list, LIST_MAX) }? else {
        return Ok(None);
    };
    // SAFETY: each leads to an attribute by the caller's promise.
    let attrs = entries
        .into_iter()
        .map(|entry| unsafe { attr(&entry.read_unaligned()) });
    attrs.collect::<Result<_, _>>().map(Some)
}

/// Changes of attributes; INVALID_PARAM for NULL and for none.
pub(crate) unsafe fn modifications(
    list: *const *const SaImmAttrModificationT_2,
) -> Result<Vec<AttrModification>, AisError> {
    // SAFETY: the caller's promise.
    let entries = unsafe { cabi::list(list, LIST_MAX) }?.ok_or(AisError::InvalidParam)?;
    if entries.is_empty() {
        return Err(AisError::InvalidParam);
    }
    let changes = entries.into_iter().map(|entry| {
        // SAFETY: it leads to a modification by the caller's promise.
        let entry = unsafe { entry.read_unaligned() };
        let kind = match entry.mod_type {
            1 => ModificationType::Add,
            2 => ModificationType::Delete,
            3 => ModificationType::Replace,
            _ => return Err(AisError::InvalidParam),
        };
        // SAFETY: as above.
        let attr = unsafe { attr(&entry.mod_attr) }?;
        Ok(AttrModification { kind, attr })
    });
    changes.collect()
}

/// As [`value`]; the service does not keep parameters, so that a text may be any bytes.
unsafe fn parameter_value(code: c_uint, buffer: *const c_void) -> Result<Value, AisError> {
    if buffer.is_null() || value_type(code)? != ValueType::String {
        // SAFETY: the caller's promise.
        return unsafe { value(code, buffer) };
    }
    // SAFETY: as above: a pointer to a text.
    let text = unsafe { cabi::any_text(buffer.cast::<*const c_char>().read_unaligned()) }?;
    Ok(Value::String(text.ok_or(AisError::InvalidParam)?))
}

/// Parameters of an administrative operation; `None` for NULL.
pub(crate) unsafe fn parameters(
    list: *const *const SaImmAdminOperationParamsT_2,
) -> Result<Option<Vec<Parameter>>, AisError> {
    // SAFETY: the caller's promise.
    let Some(entries) = unsafe { cabi::list(list, LIST_MAX) }? else {
        return Ok(None);
    };
    let parameters = entries.into_iter().map(|entry| {
        // SAFETY: it leads to a parameter by the caller's promise.
        let entry = unsafe { entry.read_unaligned() };
        // SAFETY: as above.
        unsafe {
            Ok(Parameter {
                name: word(entry.param_name)?,
                value: parameter_value(entry.param_type, entry.param_buffer)?,
            })
        }
    });
    parameters.collect::<Result<_, _>>().map(Some)
}

/// Definitions of attributes; INVALID_PARAM for NULL.
pub(crate) unsafe fn definitions(
    list: *const *const SaImmAttrDefinitionT_2,
) -> Result<Vec<AttrDef>, AisError> {
    // SAFETY: the caller's promise.
    let entries = unsafe { cabi::list(list, LIST_MAX) }?.ok_or(AisError::InvalidParam)?;
    let definitions = entries.into_iter().map(|entry| {
        // SAFETY: it leads to a definition by the caller's promise.
        let entry = unsafe { entry.read_unaligned() };
        let default = if entry.attr_default_value.is_null() {
            None
        } else {
            // SAFETY: as above.
            Some(unsafe { value(entry.attr_value_type, entry.attr_default_value) }?)
        };
        Ok(AttrDef {
            // SAFETY: as above.
            name: unsafe { word(entry.attr_name) }?,
            value_type: value_type(entry.attr_value_type)?,
            flags: AttrFlags::from_bits_retain(entry.attr_flags),
            default,
        })
    });
    definitions.collect()
}
