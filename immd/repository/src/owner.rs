//! Admin ownership: who may change an object through CCBs and administrative operations.

use ais::{Dn, Refusal, Scope};

use crate::{AdminOwnerId, Repository};

impl Repository {
    /// A handle for this owner name.
    ///
    /// # Errors
    /// INVALID_PARAM for an empty, too long, not printable or reserved name; NO_RESOURCES at the limit.
    pub fn admin_owner_initialize(
        &mut self,
        _name: &str,
        _release_on_finalize: bool,
    ) -> Result<AdminOwnerId, Refusal> {
        unimplemented!()
    }

    /// Closes the handle: its CCBs are aborted (see [`Repository::take_aborted`]), and with release-on-finalize the
    /// objects acquired through it are released. A CCB whose commit is under way goes through. Unknown ids are ignored.
    pub fn admin_owner_finalize(&mut self, _owner: AdminOwnerId) {
        unimplemented!()
    }

    /// Becomes owner of all these objects, or of none.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST, EXIST (another owner), BUSY (an object in a CCB of another owner).
    pub fn admin_owner_set(
        &mut self,
        _owner: AdminOwnerId,
        _objects: &[Dn],
        _scope: Scope,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Gives all these objects up, or none.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST (no such object, or not owned by this name), BUSY (in a CCB).
    pub fn admin_owner_release(
        &mut self,
        _owner: AdminOwnerId,
        _objects: &[Dn],
        _scope: Scope,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Takes every owner from these objects.
    ///
    /// # Errors
    /// NOT_EXIST, BUSY (in a CCB).
    pub fn admin_owner_clear(&mut self, _objects: &[Dn], _scope: Scope) -> Result<(), Refusal> {
        unimplemented!()
    }
}
