//! Loading a model as a whole: its classes and objects, all or nothing.

use ais::{Attr, ClassDef, Dn, Refusal};

use crate::{Prepared, Repository};

/// An object of a model to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Its class.
    pub class: String,
    /// Its name.
    pub dn: Dn,
    /// Its attributes. Class name and owner are ignored; the implementer's name is kept for persistent runtime objects.
    pub attrs: Vec<Attr>,
}

/// What of a model was refused, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadItem {
    /// A class.
    Class(usize),
    /// An object.
    Object(usize),
}

/// Why a model was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// The item at fault.
    pub item: LoadItem,
    /// Why.
    pub refusal: Refusal,
}

impl Repository {
    /// Checks a whole model; nothing of it is taken when anything in it is wrong.
    ///
    /// No owner and no implementer is asked, service objects may be created and persistent runtime objects too.
    /// Objects may stand in any order. A class that exists with the same definition is skipped, as is an object that
    /// exists with the same class (importer practice). Objects are owned by [`crate::LOADER_OWNER`].
    ///
    /// # Errors
    /// As for [`Repository::class_create_prepare`] and the creation of an object in a CCB; EXIST where a class exists
    /// with another definition.
    pub fn load_prepare(
        &mut self,
        _classes: &[ClassDef],
        _objects: &[NewObject],
    ) -> Result<Prepared, LoadError> {
        unimplemented!()
    }
}
