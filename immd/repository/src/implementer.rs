//! The implementer registry: who holds which name, and which names are bound to classes and objects.
//!
//! A handle holds at most one name and a name is held by at most one handle. Bindings belong to the name and survive
//! its holder. Names that begin with `@` are appliers: they are told what was committed and never asked.

use std::sync::Arc;

use ais::{Dn, Millis, Refusal, Scope};

use crate::{ImplementerId, Repository};

/// For this long after an implementer left, its cached values stay visible and administrative operations are answered
/// with TRY_AGAIN.
pub const DETACH_GRACE: Millis = Millis(6000);

/// An implementer's name, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplementerInfo {
    /// The name.
    pub name: Arc<str>,
    /// Who holds it; `None` while it is detached.
    pub holder: Option<ImplementerId>,
}

impl Repository {
    /// A handle without a name.
    ///
    /// `canonical_modify`: modifications arrive as REPLACE with the resulting values (A.02.17).
    pub fn implementer_initialize(&mut self, _canonical_modify: bool) -> ImplementerId {
        unimplemented!()
    }

    /// The handle is closed or its connection lost: gives the name back and aborts the CCBs it took part in.
    pub fn implementer_finalize(&mut self, _implementer: ImplementerId, _now: Millis) {
        unimplemented!()
    }

    /// Takes a name.
    ///
    /// # Errors
    /// BAD_HANDLE; EXIST: held by another handle; INVALID_PARAM: not a name, or the handle has one; NO_RESOURCES;
    /// TRY_AGAIN: open CCBs touch objects of this name (they are aborted unless critical); NOT_SUPPORTED: the names
    /// of special appliers.
    pub fn implementer_set(&mut self, _implementer: ImplementerId, _name: &str) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Gives the name back; its bindings stay.
    ///
    /// # Errors
    /// BAD_HANDLE where the handle has no name.
    pub fn implementer_clear(&mut self, _implementer: ImplementerId, _now: Millis) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Binds the handle's name to all instances of a configuration class.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST, BAD_OPERATION (runtime class), EXIST (another implementer of the class or of one of its
    /// instances), TRY_AGAIN (open CCBs on instances; they are aborted unless critical).
    pub fn class_implementer_set(
        &mut self,
        _implementer: ImplementerId,
        _class: &str,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Takes the name from a class.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST (class, or not bound to it), BAD_OPERATION (runtime class), BUSY (open CCBs).
    pub fn class_implementer_release(
        &mut self,
        _implementer: ImplementerId,
        _class: &str,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Binds the handle's name to configuration objects, all or none.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST, BAD_OPERATION (runtime object), EXIST, TRY_AGAIN (open CCBs on them).
    pub fn object_implementer_set(
        &mut self,
        _implementer: ImplementerId,
        _dn: &Dn,
        _scope: Scope,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Takes the name from configuration objects, all or none.
    ///
    /// # Errors
    /// BAD_HANDLE, NOT_EXIST (object, or not bound to it), BAD_OPERATION (runtime object), BUSY (open CCBs).
    pub fn object_implementer_release(
        &mut self,
        _implementer: ImplementerId,
        _dn: &Dn,
        _scope: Scope,
    ) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// The name that a handle holds.
    pub fn implementer_name(&self, _implementer: ImplementerId) -> Option<&Arc<str>> {
        unimplemented!()
    }

    /// All names, in byte order.
    pub fn implementers(&self) -> Vec<ImplementerInfo> {
        unimplemented!()
    }
}
