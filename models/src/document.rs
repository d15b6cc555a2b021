//! What stands in a file, before anybody asked whether it makes sense.

use std::sync::Arc;

use ais::ClassDef;

use crate::{Located, Position, Problem};

/// The content of a file: its classes, then its objects, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file's name, for messages.
    pub file: Arc<str>,
    /// The classes, without the system attributes that dumps show.
    pub classes: Vec<Located<ClassDef>>,
    /// The objects.
    pub objects: Vec<XmlObject>,
    /// What was stepped over: text between elements, which means nothing.
    pub warnings: Vec<Problem>,
}

/// An object as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlObject {
    /// Where it begins.
    pub at: Position,
    /// The name of its class.
    pub class: String,
    /// Its name.
    pub dn: Located<String>,
    /// Its attributes in the order of the file.
    pub attrs: Vec<XmlAttr>,
}

/// An attribute of an object as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlAttr {
    /// Where it begins.
    pub at: Position,
    /// Its name.
    pub name: String,
    /// The texts of its values, base64 decoded.
    pub values: Vec<Located<String>>,
}
