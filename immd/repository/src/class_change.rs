//! Creating and deleting classes.

use ais::{ClassDef, Refusal};

use crate::{Prepared, Repository};

impl Repository {
    /// Checks a new class and reserves its name.
    ///
    /// # Errors
    /// INVALID_PARAM where the definition breaks a rule, EXIST, BUSY where the same class is just being created or
    /// deleted, NO_RESOURCES at the limit of classes.
    pub fn class_create_prepare(&mut self, _class: &ClassDef) -> Result<Prepared, Refusal> {
        unimplemented!()
    }

    /// Checks that a class can be deleted and closes it for new instances.
    ///
    /// # Errors
    /// INVALID_PARAM for an empty name, NOT_EXIST, BUSY while it has instances, also ones pending in a CCB.
    pub fn class_delete_prepare(&mut self, _name: &str) -> Result<Prepared, Refusal> {
        unimplemented!()
    }
}
