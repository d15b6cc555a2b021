//! Objects, classes and parameters as the commands' JSON shows them.

use ais::{AttrFlags, ClassCategory, Parameter};
use serde::Serialize;

use super::text;

/// An object.
#[derive(Debug, Serialize)]
pub(super) struct Object {
    dn: String,
    attributes: Vec<Attribute>,
}

#[derive(Debug, Serialize)]
struct Attribute {
    name: String,
    #[serde(rename = "type")]
    value_type: &'static str,
    values: Vec<serde_json::Value>,
}

impl From<&ais::Object> for Object {
    fn from(object: &ais::Object) -> Object {
        Object {
            dn: object.dn.to_string(),
            attributes: object.attrs.iter().map(Attribute::from).collect(),
        }
    }
}

impl From<&ais::Attr> for Attribute {
    fn from(attr: &ais::Attr) -> Attribute {
        Attribute {
            name: attr.name.clone(),
            value_type: attr.value_type.name(),
            values: attr.values.iter().map(text::json).collect(),
        }
    }
}

/// A class with all its attributes, the system's too.
#[derive(Debug, Serialize)]
pub(super) struct Class {
    name: String,
    category: &'static str,
    attributes: Vec<Definition>,
}

#[derive(Debug, Serialize)]
struct Definition {
    name: String,
    #[serde(rename = "type")]
    value_type: &'static str,
    flags: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<serde_json::Value>,
}

impl From<&ais::ClassDef> for Class {
    fn from(class: &ais::ClassDef) -> Class {
        let definition = |attr: &ais::AttrDef| Definition {
            name: attr.name.clone(),
            value_type: attr.value_type.name(),
            flags: flags(attr.flags),
            default: attr.default.as_ref().map(text::json),
        };
        Class {
            name: class.name.clone(),
            category: match class.category {
                ClassCategory::Config => "CONFIG",
                ClassCategory::Runtime => "RUNTIME",
            },
            attributes: class.attrs.iter().map(definition).collect(),
        }
    }
}

/// The names of the flags, as the C headers spell them after `SA_IMM_ATTR_`.
fn flags(flags: AttrFlags) -> Vec<&'static str> {
    let names = flags.iter_names().map(|(name, _)| name);
    names.filter(|name| *name != "_").collect()
}

/// A parameter of an administrative operation.
#[derive(Debug, Serialize)]
pub(super) struct JsonParameter {
    name: String,
    #[serde(rename = "type")]
    value_type: &'static str,
    value: serde_json::Value,
}

impl From<&Parameter> for JsonParameter {
    fn from(parameter: &Parameter) -> JsonParameter {
        JsonParameter {
            name: parameter.name.clone(),
            value_type: parameter.value.value_type().name(),
            value: text::json(&parameter.value),
        }
    }
}
