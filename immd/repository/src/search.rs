//! Searching: a snapshot of shared objects, turned into answers page by page.

use std::sync::Arc;

use ais::{AttrChoice, Dn, Millis, Refusal, Scope, Value};

use crate::{ObjectBody, ReadObject, Repository};

/// What to search for.
#[derive(Debug, Clone)]
pub struct SearchParams {
    /// Where to begin; `None` is the whole tree.
    pub root: Option<Dn>,
    /// How deep; `Sublevel` or `Subtree`.
    pub scope: Scope,
    /// Only objects with this attribute and, if given, this value in it.
    pub filter: Option<(String, Option<Value>)>,
    /// What to return.
    pub attrs: AttrChoice,
}

/// The objects a search found, as they were then, in ascending byte order of their DNs.
#[derive(Debug)]
pub struct Snapshot {
    #[expect(dead_code)]
    objects: std::vec::IntoIter<Arc<ObjectBody>>,
    #[expect(dead_code)]
    attrs: AttrChoice,
}

impl Snapshot {
    /// How many objects are left.
    pub fn len(&self) -> usize {
        unimplemented!()
    }

    /// Whether no object is left.
    pub fn is_empty(&self) -> bool {
        unimplemented!()
    }
}

impl Repository {
    /// Finds objects; copies no attribute.
    ///
    /// # Errors
    /// NOT_EXIST (the root), INVALID_PARAM (scope ONE, no attribute named in `Some`, an unknown attribute with a
    /// filter on the class), NO_RESOURCES (filter on a runtime attribute that the repository does not hold).
    pub fn search(&self, _params: &SearchParams, _now: Millis) -> Result<Snapshot, Refusal> {
        unimplemented!()
    }

    /// The next object of a search; `None` at the end.
    pub fn search_next(&self, _snapshot: &mut Snapshot, _now: Millis) -> Option<ReadObject> {
        unimplemented!()
    }
}
