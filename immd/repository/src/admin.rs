//! Who carries out an administrative operation.

use ais::{AisError, Dn, Millis, Refusal};

use crate::implementer::check_client_name;
use crate::owner::{may_change, not_owner};
use crate::{AdminOwnerId, ImplementerId, Repository, service};

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
    /// left within [`crate::DETACH_GRACE`], or none yet after a restart), BUSY (object in a CCB), BAD_OPERATION (another owner).
    pub fn route_admin_operation(
        &self,
        owner: AdminOwnerId,
        target: &str,
        now: Millis,
    ) -> Result<AdminRoute, Refusal> {
        let dn = Dn::new(target).map_err(|error| Refusal::new(AisError::InvalidParam, error.to_string()))?;
        let name = &self.owners.get(owner)?.name;
        let Some(body) = self.tree.get(&dn) else {
            if &**name == target
                && check_client_name("implementer", target).is_ok()
                && self.implementers.is_known(target)
            {
                return self.attached(target, &dn, now).map(AdminRoute::Implementer);
            }
            return Err(crate::binding::no_object(&dn));
        };
        let route = match self.implementers.bound(body) {
            Some(bound) => AdminRoute::Implementer(self.attached(bound, &dn, now)?),
            None if service::is_service_class(body.class.name()) => AdminRoute::Service,
            None => return Err(self.no_implementer(&dn, now)),
        };
        if let Some(ccb) = self.locks.writer(&dn) {
            return Err(Refusal::new(
                AisError::Busy,
                format!("object '{dn}' is in CCB {ccb}"),
            ));
        }
        if !may_change(body, name) {
            return Err(not_owner(body, name));
        }
        Ok(route)
    }

    /// Whether this owner may deal with operations on `target`: an object that it owns, or its namesake implementer.
    ///
    /// # Errors
    /// INVALID_PARAM (not a name), BAD_HANDLE, NOT_EXIST (object), BAD_OPERATION (another owner).
    pub fn check_owned(&self, owner: AdminOwnerId, target: &str) -> Result<(), Refusal> {
        let dn = Dn::new(target).map_err(|error| Refusal::new(AisError::InvalidParam, error.to_string()))?;
        let name = &self.owners.get(owner)?.name;
        match self.tree.get(&dn) {
            Some(body) if may_change(body, name) => Ok(()),
            Some(body) => Err(not_owner(body, name)),
            None if &**name == target => Ok(()),
            None => Err(crate::binding::no_object(&dn)),
        }
    }

    /// An implementer begins an administrative operation on this object; until [`Repository::admin_operation_ended`]
    /// the object's owner is not released.
    pub fn admin_operation_began(&mut self, object: &Dn) {
        *self.admin_operations.entry(object.clone()).or_default() += 1;
    }

    /// The operation is answered, or its implementer left.
    pub fn admin_operation_ended(&mut self, object: &Dn) {
        if let Some(count) = self.admin_operations.get_mut(object) {
            *count -= 1;
            if *count == 0 {
                self.admin_operations.remove(object);
            }
        }
    }

    /// Refuses to release an object from its owner while an administrative operation is in progress on it.
    ///
    /// DEVIATION(IMM-020): as the standard says of owners. An implementer may go, as in OpenSAF.
    pub(crate) fn check_no_admin_operation(&self, dn: &Dn) -> Result<(), Refusal> {
        if self.admin_operations.contains_key(dn) {
            let text = format!("an administrative operation on object '{dn}' is in progress");
            return Err(Refusal::new(AisError::Busy, text));
        }
        Ok(())
    }

    /// After a restart implementers need a moment to come back: until then an operation on an object that has none is
    /// refused with TRY_AGAIN instead of NOT_EXIST.
    pub fn expect_implementers(&mut self, until: Millis) {
        self.reattach_until = until;
    }

    fn no_implementer(&self, dn: &Dn, now: Millis) -> Refusal {
        if now < self.reattach_until {
            let text = format!("object '{dn}' has no implementer yet; the service has just been restarted");
            return Refusal::new(AisError::TryAgain, text);
        }
        let text = format!("object '{dn}' has no implementer to carry out the operation");
        Refusal::new(AisError::NotExist, text)
    }

    fn attached(&self, name: &str, dn: &Dn, now: Millis) -> Result<ImplementerId, Refusal> {
        self.implementers.holder(name).ok_or_else(|| {
            let (error, when) = if self.implementers.is_in_grace(name, now) {
                (AisError::TryAgain, "has just left")
            } else {
                (AisError::NotExist, "is not attached")
            };
            Refusal::new(error, format!("the implementer '{name}' of '{dn}' {when}"))
        })
    }
}
