//! Objects as they travel: a name, a class and attributes; and the operations a CCB is made of.

use crate::{Dn, Value, ValueType};

/// An attribute with its values; no values is not the same as one empty value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attr {
    /// The attribute's name.
    pub name: String,
    /// The type of its values, also where there are none.
    pub value_type: ValueType,
    /// The values; the first one keeps its place, the order of the others means nothing.
    pub values: Vec<Value>,
}

impl Attr {
    /// An attribute with one value.
    pub fn single(name: impl Into<String>, value: Value) -> Attr {
        Attr {
            name: name.into(),
            value_type: value.value_type(),
            values: vec![value],
        }
    }
}

/// An object as a search or an accessor returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The object's name.
    pub dn: Dn,
    /// The attributes that were asked for, in descending byte order of their names (OpenSAF practice).
    pub attrs: Vec<Attr>,
}

impl Object {
    /// The attribute with this name.
    pub fn attr(&self, name: &str) -> Option<&Attr> {
        find_attr(&self.attrs, name)
    }

    /// The first value of the attribute with this name; `None` where it is missing or empty.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.attr(name).and_then(|a| a.values.first())
    }

    /// The class of the object, where the system attributes were asked for.
    pub fn class(&self) -> Option<&str> {
        self.value("SaImmAttrClassName").and_then(Value::as_str)
    }
}

/// The attribute with this name.
pub fn find_attr<'a>(attrs: &'a [Attr], name: &str) -> Option<&'a Attr> {
    attrs.iter().find(|a| a.name == name)
}

/// How the values of a modification are meant (`SaImmAttrModificationTypeT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ModificationType {
    /// Added to what is there.
    Add = 1,
    /// Taken away from what is there.
    Delete = 2,
    /// Put in the place of what is there.
    Replace = 3,
}

/// One change of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttrModification {
    /// How the values are meant.
    pub kind: ModificationType,
    /// The attribute and the values.
    pub attr: Attr,
}

/// One operation of a CCB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CcbOperation {
    /// Creates an object; its parent must exist.
    Create {
        /// The class of the new object.
        class: String,
        /// Its name; the RDN attribute is taken from it and need not be among `attrs`.
        dn: Dn,
        /// Its attributes.
        attrs: Vec<Attr>,
    },
    /// Changes attributes of an object.
    Modify {
        /// The object.
        dn: Dn,
        /// The changes; an attribute may stand here once.
        changes: Vec<AttrModification>,
    },
    /// Deletes an object with all that is below it.
    Delete {
        /// The object.
        dn: Dn,
    },
}

impl CcbOperation {
    /// The object that the operation is about.
    pub const fn dn(&self) -> &Dn {
        match self {
            CcbOperation::Create { dn, .. }
            | CcbOperation::Modify { dn, .. }
            | CcbOperation::Delete { dn } => dn,
        }
    }
}

/// A parameter or a result of an administrative operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// How much of the tree an operation is about (`SaImmScopeT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// The object alone.
    One = 1,
    /// The object and its direct children.
    Sublevel = 2,
    /// The object and everything below it.
    Subtree = 3,
}

/// Which attributes of an object a reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttrChoice {
    /// All of them.
    All,
    /// None, the DN alone.
    None,
    /// Configuration attributes; asks no implementer.
    Config,
    /// Configuration and persistent runtime attributes, as a dump holds them.
    Persistent,
    /// These.
    Some(Vec<String>),
}
