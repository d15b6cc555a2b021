//! Classes as the repository holds them.

use std::sync::Arc;

use ais::{AttrDef, ClassCategory, ClassDef};

use crate::{ClassId, Repository};

/// A class: its definition and the indexes that reading and checking need.
///
/// Attributes are known by their position in [`Class::def`], which never changes while the class exists: that
/// position is what the store keeps with an object's values.
#[derive(Debug)]
pub struct Class {
    id: ClassId,
    def: ClassDef,
    name: Arc<str>,
}

impl Class {
    /// The class's number.
    pub const fn id(&self) -> ClassId {
        self.id
    }

    /// The class's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Configuration or runtime.
    pub const fn category(&self) -> ClassCategory {
        self.def.category
    }

    /// The definition without the system attributes, PERSISTENT completed with CACHED.
    pub const fn def(&self) -> &ClassDef {
        &self.def
    }

    /// The position of the attribute with this name; `None` also for system attributes.
    pub fn position(&self, _name: &str) -> Option<u16> {
        unimplemented!()
    }

    /// The attribute at this position.
    pub fn attr(&self, _position: u16) -> Option<&AttrDef> {
        unimplemented!()
    }
}

impl Repository {
    /// The class with this name.
    ///
    /// # Errors
    /// NOT_EXIST.
    pub fn class(&self, _name: &str) -> Result<&Arc<Class>, ais::Refusal> {
        unimplemented!()
    }

    /// The class with its system attributes, attributes in descending byte order of their names.
    ///
    /// # Errors
    /// INVALID_PARAM for an empty name, NOT_EXIST.
    pub fn class_describe(&self, _name: &str) -> Result<ClassDef, ais::Refusal> {
        unimplemented!()
    }

    /// The names of all classes in the order of their creation.
    pub fn class_names(&self) -> Vec<String> {
        unimplemented!()
    }

    /// How many classes there are.
    pub fn class_count(&self) -> usize {
        unimplemented!()
    }
}
