//! The expressions of `-a`: `name=value`, `name+=value`, `name-=value` and `name=`.

use ais::{Attr, AttrDef, AttrFlags, AttrModification, ClassDef, ModificationType, Value, ValueType};

use crate::commands::output::Failure;

/// The changes that expressions mean for objects of a class; an attribute stands there once.
///
/// # Errors
/// What is wrong with the first expression that cannot be understood.
pub(super) fn changes(class: &ClassDef, expressions: &[String]) -> Result<Vec<AttrModification>, Failure> {
    let mut changes: Vec<AttrModification> = Vec::new();
    for expression in expressions {
        add(class, expression, &mut changes).map_err(|why| {
            Failure::new(why).and(format!("error - creating attribute from '{expression}'"))
        })?;
    }
    Ok(changes)
}

/// The attributes that expressions mean for a new object.
///
/// # Errors
/// As for [`changes`]; and that there is nothing yet to which a value could be added.
pub(super) fn attrs(class: &ClassDef, expressions: &[String]) -> Result<Vec<Attr>, Failure> {
    let changes = changes(class, expressions)?;
    if let Some(change) = changes
        .iter()
        .find(|change| change.kind != ModificationType::Replace)
    {
        let name = &change.attr.name;
        return Err(Failure::new(format!(
            "error - a new object has no values yet; write {name}=VALUE"
        )));
    }
    Ok(changes.into_iter().map(|change| change.attr).collect())
}

fn add(class: &ClassDef, expression: &str, changes: &mut Vec<AttrModification>) -> Result<(), String> {
    let (name, text) = expression
        .split_once('=')
        .ok_or_else(|| "name=value is wanted".to_owned())?;
    let (name, kind) = match name.as_bytes().last() {
        Some(b'+') => (&name[..name.len() - 1], ModificationType::Add),
        Some(b'-') => (&name[..name.len() - 1], ModificationType::Delete),
        _ => (name, ModificationType::Replace),
    };
    let def = class
        .attr(name)
        .ok_or_else(|| format!("Attribute '{name}' does not exist in the class {}", class.name))?;
    let value = if text.is_empty() && kind == ModificationType::Replace {
        None
    } else {
        Some(value(def, text)?)
    };
    if let Some(change) = changes.iter_mut().find(|change| change.attr.name == name) {
        return repeat(def, change, kind, value);
    }
    changes.push(AttrModification {
        kind,
        attr: Attr {
            name: name.to_owned(),
            value_type: def.value_type,
            values: value.into_iter().collect(),
        },
    });
    Ok(())
}

/// Another expression about an attribute that stands there already.
fn repeat(
    def: &AttrDef,
    change: &mut AttrModification,
    kind: ModificationType,
    value: Option<Value>,
) -> Result<(), String> {
    let name = &def.name;
    if change.kind != kind {
        return Err(format!("Attribute '{name}' is given with different operators"));
    }
    if !def.flags.contains(AttrFlags::MULTI_VALUE) {
        return Err(format!("Attribute '{name}' holds one value only"));
    }
    change.attr.values.extend(value);
    Ok(())
}

fn value(def: &AttrDef, text: &str) -> Result<Value, String> {
    let kind = match def.value_type {
        ValueType::Int32 => "int32",
        ValueType::Uint32 => "uint32",
        ValueType::Int64 => "int64",
        ValueType::Uint64 => "uint64",
        ValueType::Time => "time",
        ValueType::Name => "name",
        ValueType::Float => "float",
        ValueType::Double => "double",
        ValueType::String => "string",
        ValueType::Any => "any",
    };
    Value::parse(def.value_type, text).map_err(|error| format!("{kind} conversion failed: {error}"))
}

#[cfg(test)]
mod tests {
    use ais::ClassCategory;

    use super::*;

    fn class() -> ClassDef {
        let attr = |name: &str, value_type, flags| AttrDef {
            name: name.to_owned(),
            value_type,
            flags: AttrFlags::CONFIG | flags,
            default: None,
        };
        ClassDef {
            name: "Demo".to_owned(),
            category: ClassCategory::Config,
            attrs: vec![
                attr("limit", ValueType::Uint32, AttrFlags::WRITABLE),
                attr("list", ValueType::String, AttrFlags::MULTI_VALUE),
            ],
        }
    }

    fn read(expressions: &[&str]) -> Result<Vec<AttrModification>, Vec<String>> {
        let owned: Vec<String> = expressions.iter().map(|text| (*text).to_owned()).collect();
        changes(&class(), &owned).map_err(|failure| failure.lines)
    }

    #[test]
    fn operators_and_values_are_told_apart() {
        let read = read(&["limit=0x10", "list+=a=b", "list+=-c"]).unwrap();
        assert_eq!(read[0].kind, ModificationType::Replace);
        assert_eq!(read[0].attr.values, [Value::Uint32(16)]);
        assert_eq!(read[1].kind, ModificationType::Add);
        let texts: Vec<_> = read[1].attr.values.iter().filter_map(Value::as_str).collect();
        assert_eq!(texts, ["a=b", "-c"]);
    }

    #[test]
    fn nothing_after_the_sign_empties() {
        assert!(read(&["limit="]).unwrap()[0].attr.values.is_empty());
        assert_eq!(
            read(&["list-="]).unwrap()[0].attr.values,
            [Value::String(String::new())]
        );
        assert_eq!(read(&["list-=x"]).unwrap()[0].kind, ModificationType::Delete);
    }

    #[test]
    fn wrong_expressions_are_told_with_the_reason() {
        for (expressions, why) in [
            (
                &["limit=x"][..],
                "uint32 conversion failed: 'x' is not a value of type SA_UINT32_T",
            ),
            (&["limit"], "name=value is wanted"),
            (&["other=1"], "Attribute 'other' does not exist in the class Demo"),
            (&["limit=1", "limit=2"], "Attribute 'limit' holds one value only"),
            (
                &["list=1", "list+=2"],
                "Attribute 'list' is given with different operators",
            ),
        ] {
            let lines = read(expressions).unwrap_err();
            let last = expressions[expressions.len() - 1];
            assert_eq!(
                lines,
                [
                    why.to_owned(),
                    format!("error - creating attribute from '{last}'")
                ]
            );
        }
        assert!(attrs(&class(), &["list+=x".to_owned()]).is_err());
    }
}
