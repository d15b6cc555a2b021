//! Who carries out an administrative operation.

use ais::{Millis, Refusal};

use crate::{AdminOwnerId, ImplementerId, Repository};

/// Who carries out an administrative operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminRoute {
    /// This implementer.
    Implementer(ImplementerId),
    /// The information model service itself: the object is one of its own.
    Service,
}

impl Repository {
    /// Whom to ask for an administrative operation on `target`: an object, or an implementer by its name where the
    /// owner has the same name.
    ///
    /// # Errors
    /// In this order: INVALID_PARAM (not a name), BAD_HANDLE, NOT_EXIST (object, implementer), TRY_AGAIN (implementer
    /// left within [`crate::DETACH_GRACE`]), BUSY (object in a CCB), BAD_OPERATION (another owner).
    pub fn route_admin_operation(
        &self,
        _owner: AdminOwnerId,
        _target: &str,
        _now: Millis,
    ) -> Result<AdminRoute, Refusal> {
        unimplemented!()
    }
}
