//! Objects as they are written: names and attributes.

use ais::{Attr, Dn, Value, ValueType};
use director_engine::ModelChange;

/// A second in the model's unit.
pub const SECOND: i64 = 1_000_000_000;

/// The objects so far.
#[derive(Debug, Clone, Default)]
pub struct Objects(pub Vec<ModelChange>);

impl Objects {
    /// Adds an object.
    pub fn add(&mut self, class: &str, object: &str, attrs: Vec<Attr>) -> Dn {
        let dn = Dn::new(object).expect("the generator writes well-formed names");
        self.0.push(ModelChange::Create {
            class: class.to_owned(),
            dn: dn.clone(),
            attrs,
        });
        dn
    }
}

/// A number.
pub fn attr_number(name: &str, value: u32) -> Attr {
    Attr::single(name, Value::Uint32(value))
}

/// 0 or 1.
pub fn attr_bool(name: &str, value: bool) -> Attr {
    attr_number(name, u32::from(value))
}

/// A span.
pub fn attr_time(name: &str, nanoseconds: i64) -> Attr {
    Attr::single(name, Value::Time(nanoseconds))
}

/// A text.
pub fn attr_text(name: &str, value: &str) -> Attr {
    Attr::single(name, Value::String(value.to_owned()))
}

/// The name of an object.
pub fn attr_name(name: &str, value: &str) -> Attr {
    Attr::single(name, Value::Name(value.to_owned()))
}

/// The names of objects.
pub fn attr_names(name: &str, values: &[String]) -> Attr {
    Attr {
        name: name.to_owned(),
        value_type: ValueType::Name,
        values: values.iter().cloned().map(Value::Name).collect(),
    }
}
