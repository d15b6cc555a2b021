//! What stands in a file, before anybody asked whether it makes sense.

use std::borrow::Cow;
use std::sync::Arc;

use ais::ClassDef;

use crate::{Located, Position, Problem};

/// The content of a file: its classes, then its objects, in the order of the file. Its texts are those of the file where
/// that has them as they are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<'t> {
    /// The file's name, for messages.
    pub file: Arc<str>,
    /// The classes, without the system attributes that dumps show.
    pub classes: Vec<Located<ClassDef>>,
    /// The objects.
    pub objects: Vec<XmlObject<'t>>,
    /// What was stepped over: text between elements, which means nothing.
    pub warnings: Vec<Problem>,
}

/// An object as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlObject<'t> {
    /// Where it begins.
    pub at: Position,
    /// The name of its class.
    pub class: Arc<str>,
    /// Its name.
    pub dn: Located<Cow<'t, str>>,
    /// Its attributes in the order of the file.
    pub attrs: Vec<XmlAttr<'t>>,
}

/// An attribute of an object as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlAttr<'t> {
    /// Where it begins.
    pub at: Position,
    /// Its name.
    pub name: Cow<'t, str>,
    /// The texts of its values, base64 decoded.
    pub values: Vec<Located<Cow<'t, str>>>,
}

impl Document<'_> {
    /// The same, without the file's text.
    pub fn into_owned(self) -> Document<'static> {
        Document {
            file: self.file,
            classes: self.classes,
            objects: self.objects.into_iter().map(XmlObject::into_owned).collect(),
            warnings: self.warnings,
        }
    }
}

impl XmlObject<'_> {
    fn into_owned(self) -> XmlObject<'static> {
        XmlObject {
            at: self.at,
            class: self.class,
            dn: owned(self.dn),
            attrs: self.attrs.into_iter().map(XmlAttr::into_owned).collect(),
        }
    }
}

impl XmlAttr<'_> {
    fn into_owned(self) -> XmlAttr<'static> {
        XmlAttr {
            at: self.at,
            name: Cow::Owned(self.name.into_owned()),
            values: self.values.into_iter().map(owned).collect(),
        }
    }
}

fn owned(text: Located<Cow<'_, str>>) -> Located<Cow<'static, str>> {
    Located {
        at: text.at,
        it: Cow::Owned(text.it.into_owned()),
    }
}
