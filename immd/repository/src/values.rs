//! What values an attribute may have.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ais::{
    AisError, Attr, AttrDef, AttrFlags, AttrModification, DN_LENGTH_MAX, Dn, ModificationType, Refusal,
    Value, ValueType,
};

use crate::{Rule, Settings};

/// The longest name in bytes without long DNs.
pub(crate) const SHORT_NAME_MAX: usize = 255;

/// A refusal that names object, attribute and rule.
pub(crate) fn refuse(
    rule: Rule,
    error: AisError,
    dn: &Dn,
    attr: &str,
    text: impl std::fmt::Display,
) -> Refusal {
    rule.refuse(error, format!("attribute '{attr}' of object '{dn}' {text}"))
}

/// Checks the values that are given for one attribute of one object.
///
/// `too_long` is the code for a name over 255 bytes where long DNs are off: it differs from call to call.
///
/// # Errors
/// INVALID_PARAM, `too_long`, and LIBRARY for a name over 2048 bytes (OpenSAF practice).
pub(crate) fn check(
    dn: &Dn,
    def: &AttrDef,
    values: &[Value],
    settings: &Settings,
    too_long: AisError,
) -> Result<(), Refusal> {
    let invalid = |rule: Rule, text: String| Err(refuse(rule, AisError::InvalidParam, dn, &def.name, text));
    if values.len() > 1 && !def.flags.contains(AttrFlags::MULTI_VALUE) {
        return invalid(
            Rule::AttrSingle,
            format!("has one value, {} were given", values.len()),
        );
    }
    for value in values {
        if value.value_type() != def.value_type {
            let (own, given) = (def.value_type, value.value_type());
            return invalid(
                Rule::AttrType,
                format!("is of type {own}, a value of type {given} was given"),
            );
        }
        if let Some((error, text)) = text_fault(def, value, settings, too_long) {
            let rule = match error {
                AisError::InvalidParam => Rule::ValueText,
                _ => Rule::ValueTooLong,
            };
            return Err(refuse(rule, error, dn, &def.name, text));
        }
    }
    if def.flags.contains(AttrFlags::NO_DUPLICATES) && has_duplicates(values) {
        return invalid(
            Rule::AttrDuplicates,
            "takes no value twice (NO_DUPLICATES)".to_owned(),
        );
    }
    Ok(())
}

/// What is wrong with the text of a value, if it is one.
pub(crate) fn text_fault(
    def: &AttrDef,
    value: &Value,
    settings: &Settings,
    too_long: AisError,
) -> Option<(AisError, String)> {
    let text = value.as_str()?;
    let is_name = def.value_type == ValueType::Name || def.flags.contains(AttrFlags::DN);
    if !is_name {
        return text.contains('\0').then(|| {
            (
                AisError::InvalidParam,
                "may not contain the character NUL".to_owned(),
            )
        });
    }
    if text.len() > DN_LENGTH_MAX {
        return Some((
            AisError::Library,
            format!("may have {DN_LENGTH_MAX} bytes, {} were given", text.len()),
        ));
    }
    if text.len() > SHORT_NAME_MAX && !settings.long_dns {
        let rule = format!(
            "may have {SHORT_NAME_MAX} bytes, {} were given; longer names need longDnsAllowed=1 in opensafImm=opensafImm,safApp=safImmService",
            text.len()
        );
        return Some((too_long, rule));
    }
    if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Some((
            AisError::InvalidParam,
            "is a name and takes printable ASCII characters only".to_owned(),
        ));
    }
    text.contains("\\#").then(|| {
        (
            AisError::InvalidParam,
            "is a name and may not contain '\\#', which is reserved".to_owned(),
        )
    })
}

pub(crate) fn has_duplicates(values: &[Value]) -> bool {
    let mut seen = BTreeSet::new();
    values.iter().any(|value| !seen.insert(bytes(value)))
}

/// The exact bytes of a value; equal where values of one type are.
fn bytes(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::Int32(v) => Cow::Owned(v.to_le_bytes().to_vec()),
        Value::Uint32(v) => Cow::Owned(v.to_le_bytes().to_vec()),
        Value::Int64(v) | Value::Time(v) => Cow::Owned(v.to_le_bytes().to_vec()),
        Value::Uint64(v) => Cow::Owned(v.to_le_bytes().to_vec()),
        Value::Float(v) => Cow::Owned(v.to_bits().to_le_bytes().to_vec()),
        Value::Double(v) => Cow::Owned(v.to_bits().to_le_bytes().to_vec()),
        Value::Name(v) | Value::String(v) => Cow::Borrowed(v.as_bytes()),
        Value::Any(v) => Cow::Borrowed(v),
    }
}

/// The values an attribute has after a modification.
///
/// # Errors
/// INVALID_PARAM where a rule is broken, BAD_OPERATION for a name that is too long.
pub(crate) fn modified(
    dn: &Dn,
    def: &AttrDef,
    current: &[Value],
    change: &AttrModification,
    settings: &Settings,
) -> Result<Vec<Value>, Refusal> {
    let given: &Attr = &change.attr;
    let invalid = |rule: Rule, text: &str| Err(refuse(rule, AisError::InvalidParam, dn, &def.name, text));
    for value in &given.values {
        check(
            dn,
            def,
            std::slice::from_ref(value),
            settings,
            AisError::BadOperation,
        )?;
    }
    let mut result = match change.kind {
        ModificationType::Add | ModificationType::Delete if given.values.is_empty() => {
            return invalid(
                Rule::AttrNoValue,
                "was to be changed by ADD or DELETE, which need a value",
            );
        }
        ModificationType::Add => {
            if !def.flags.contains(AttrFlags::MULTI_VALUE) && !current.is_empty() {
                return invalid(
                    Rule::AttrSingle,
                    "has one value already and takes no second one; use REPLACE",
                );
            }
            [current, &given.values].concat()
        }
        ModificationType::Delete => {
            let going: BTreeSet<_> = given.values.iter().map(bytes).collect();
            current
                .iter()
                .filter(|value| !going.contains(&bytes(value)))
                .cloned()
                .collect()
        }
        ModificationType::Replace => given.values.clone(),
    };
    if result.is_empty() {
        if def.flags.contains(AttrFlags::INITIALIZED) {
            return invalid(Rule::AttrInitialized, "must have a value (INITIALIZED)");
        }
        if def.flags.contains(AttrFlags::STRONG_DEFAULT) {
            result.extend(def.default.clone());
        }
    }
    check(dn, def, &result, settings, AisError::BadOperation)?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn def(value_type: ValueType, flags: AttrFlags) -> AttrDef {
        AttrDef {
            name: "a".into(),
            value_type,
            flags,
            default: None,
        }
    }

    fn change(kind: ModificationType, values: &[u32]) -> AttrModification {
        let values = values.iter().map(|v| Value::Uint32(*v)).collect();
        AttrModification {
            kind,
            attr: Attr {
                name: "a".into(),
                value_type: ValueType::Uint32,
                values,
            },
        }
    }

    fn run(
        def: &AttrDef,
        current: &[u32],
        kind: ModificationType,
        values: &[u32],
    ) -> Result<Vec<u32>, AisError> {
        let dn = Dn::new("x=1").unwrap();
        let current: Vec<Value> = current.iter().map(|v| Value::Uint32(*v)).collect();
        modified(&dn, def, &current, &change(kind, values), &Settings::default())
            .map(|values| values.iter().filter_map(Value::as_u32).collect())
            .map_err(|refusal| refusal.error)
    }

    #[test]
    fn modifications_follow_the_flags() {
        use ModificationType::{Add, Delete, Replace};
        let invalid = Err(AisError::InvalidParam);
        let one = def(ValueType::Uint32, AttrFlags::CONFIG);
        let bag = def(ValueType::Uint32, AttrFlags::MULTI_VALUE);
        let set = def(
            ValueType::Uint32,
            AttrFlags::MULTI_VALUE | AttrFlags::NO_DUPLICATES,
        );
        let must = def(ValueType::Uint32, AttrFlags::INITIALIZED);
        let strong = AttrDef {
            default: Some(Value::Uint32(9)),
            ..def(ValueType::Uint32, AttrFlags::STRONG_DEFAULT)
        };
        assert_eq!(run(&one, &[], Add, &[1]), Ok(vec![1]));
        assert_eq!(run(&one, &[1], Add, &[2]), invalid);
        assert_eq!(run(&one, &[], Add, &[1, 2]), invalid);
        assert_eq!(run(&one, &[1], Add, &[]), invalid);
        assert_eq!(run(&one, &[1], Delete, &[]), invalid);
        assert_eq!(run(&one, &[1], Delete, &[1]), Ok(vec![]));
        assert_eq!(run(&one, &[1], Delete, &[7]), Ok(vec![1]));
        assert_eq!(run(&one, &[1], Replace, &[]), Ok(vec![]));
        assert_eq!(run(&one, &[1], Replace, &[1, 2]), invalid);
        assert_eq!(run(&bag, &[1, 2, 1], Add, &[1]), Ok(vec![1, 2, 1, 1]));
        assert_eq!(run(&bag, &[1, 2, 1], Delete, &[1]), Ok(vec![2]));
        assert_eq!(run(&set, &[1, 2], Add, &[2]), invalid);
        assert_eq!(run(&set, &[1], Replace, &[3, 3]), invalid);
        assert_eq!(run(&must, &[1], Replace, &[]), invalid);
        assert_eq!(run(&must, &[1], Delete, &[1]), invalid);
        assert_eq!(run(&strong, &[1], Replace, &[]), Ok(vec![9]));
        assert_eq!(run(&strong, &[1], Delete, &[1]), Ok(vec![9]));
    }

    #[test]
    fn texts_are_checked_by_what_they_are_for() {
        let dn = Dn::new("x=1").unwrap();
        let short = Settings::default();
        let long = Settings {
            long_dns: true,
            ..short.clone()
        };
        let name = def(ValueType::Name, AttrFlags::CONFIG);
        let string = def(ValueType::String, AttrFlags::CONFIG);
        let dn_string = def(ValueType::String, AttrFlags::DN);
        let code = |def: &AttrDef, value: Value, settings: &Settings| {
            check(&dn, def, &[value], settings, AisError::NameTooLong).map_err(|r| r.error)
        };
        let text = |n: usize| "x".repeat(n);
        assert_eq!(code(&name, Value::Name(String::new()), &short), Ok(()));
        assert_eq!(code(&name, Value::Name(text(255)), &short), Ok(()));
        assert_eq!(
            code(&name, Value::Name(text(256)), &short),
            Err(AisError::NameTooLong)
        );
        assert_eq!(code(&name, Value::Name(text(2048)), &long), Ok(()));
        assert_eq!(
            code(&name, Value::Name(text(2049)), &long),
            Err(AisError::Library)
        );
        assert_eq!(
            code(&name, Value::Name("a b".into()), &short),
            Err(AisError::InvalidParam)
        );
        assert_eq!(
            code(&name, Value::Name("a\\#b".into()), &short),
            Err(AisError::InvalidParam)
        );
        assert_eq!(
            code(&name, Value::String("a".into()), &short),
            Err(AisError::InvalidParam)
        );
        assert_eq!(
            code(&dn_string, Value::String("a b".into()), &short),
            Err(AisError::InvalidParam)
        );
        assert_eq!(
            code(&dn_string, Value::String(text(256)), &short),
            Err(AisError::NameTooLong)
        );
        assert_eq!(code(&string, Value::String(text(5000)), &short), Ok(()));
        assert_eq!(
            code(&string, Value::String("two words é\n".into()), &short),
            Ok(())
        );
        assert_eq!(
            code(&string, Value::String("a\0".into()), &short),
            Err(AisError::InvalidParam)
        );
    }
}
