//! Reading one object.

use ais::{Attr, AttrChoice, Dn, Millis, Object, Refusal};

use crate::{ImplementerId, Repository};

/// Runtime attributes that only the implementer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Whom to ask.
    pub implementer: ImplementerId,
    /// What to ask for.
    pub names: Vec<String>,
}

/// An object as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadObject {
    /// The object; the attributes to be fetched stand in it without values.
    pub object: Object,
    /// What must be fetched, if anything.
    pub fetch: Option<Fetch>,
}

impl ReadObject {
    /// Puts fetched values in their places.
    ///
    /// # Errors
    /// LIBRARY where the implementer gave another type than the class has; attributes not asked for are ignored.
    pub fn complete(self, _fetched: Vec<Attr>) -> Result<Object, Refusal> {
        unimplemented!()
    }
}

impl Repository {
    /// One object, without what a CCB has not committed.
    ///
    /// # Errors
    /// NOT_EXIST: the object, or an attribute that was named.
    pub fn get(&self, _dn: &Dn, _attrs: &AttrChoice, _now: Millis) -> Result<ReadObject, Refusal> {
        unimplemented!()
    }
}
