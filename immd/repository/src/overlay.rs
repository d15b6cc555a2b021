//! Changes that nobody else sees yet, laid over the tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ais::{Dn, Value};

use crate::tree::Tree;
use crate::{ObjectBody, ObjectId, StoredChange, Values};

/// What becomes of one object.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// It is new.
    Created(Arc<ObjectBody>),
    /// These attributes have these values; the others follow the tree.
    Modified(ObjectId, BTreeMap<u16, Values>),
    /// It goes, with all below it.
    Deleted(ObjectId),
    /// It goes, and a new one takes its name (runtime objects only).
    Replaced(ObjectId, Arc<ObjectBody>),
}

/// The changes of one CCB, or of one row of runtime changes.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) entries: BTreeMap<Dn, Entry>,
}

/// The tree as it would be with an overlay.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) overlay: &'a Overlay,
}

/// An object in a view.
pub(crate) struct Seen<'a> {
    pub(crate) body: &'a Arc<ObjectBody>,
    changed: Option<&'a BTreeMap<u16, Values>>,
}

impl<'a> Seen<'a> {
    /// The values at this position.
    pub(crate) fn values(&self, position: u16) -> &'a [Value] {
        match self.changed.and_then(|changed| changed.get(&position)) {
            Some(values) => values.as_slice(),
            None => self.body.values(position),
        }
    }

    /// Whether the overlay changes what is at this position, or brings the object.
    pub(crate) fn is_touched(&self, position: u16) -> bool {
        self.changed.is_none_or(|changed| changed.contains_key(&position))
    }

    /// The object as a whole.
    pub(crate) fn merged(&self) -> Cow<'a, Arc<ObjectBody>> {
        match self.changed {
            Some(changed) => Cow::Owned(with_changes(self.body, changed)),
            None => Cow::Borrowed(self.body),
        }
    }
}

impl<'a> View<'a> {
    /// The object with this name; `None` when it does not exist or goes.
    pub(crate) fn get(&self, dn: &Dn) -> Option<Seen<'a>> {
        match self.overlay.entries.get(dn) {
            None => self.tree.get(dn).map(|body| Seen { body, changed: None }),
            Some(Entry::Created(body) | Entry::Replaced(_, body)) => Some(Seen { body, changed: None }),
            Some(Entry::Modified(id, changed)) => self.tree.by_id(*id).map(|body| Seen {
                body,
                changed: Some(changed),
            }),
            Some(Entry::Deleted(_)) => None,
        }
    }
}

/// The object with these values in it.
pub(crate) fn with_changes(body: &Arc<ObjectBody>, changed: &BTreeMap<u16, Values>) -> Arc<ObjectBody> {
    let mut body = ObjectBody::clone(body);
    for (position, values) in changed {
        body.set_values(*position, values.clone());
    }
    Arc::new(body)
}

/// Whether the store has to know about these values.
fn differs(before: &ObjectBody, position: u16, new: &Values) -> bool {
    before.survives(position) && before.values(position) != new.as_slice()
}

impl Overlay {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The objects that go.
    pub(crate) fn removed(&self) -> impl Iterator<Item = ObjectId> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Deleted(id) | Entry::Replaced(id, _) => Some(*id),
            Entry::Created(_) | Entry::Modified(..) => None,
        })
    }

    /// The objects that come, parents before children.
    pub(crate) fn added(&self) -> Vec<&Arc<ObjectBody>> {
        let mut added: Vec<_> = self
            .entries
            .values()
            .filter_map(|entry| match entry {
                Entry::Created(body) | Entry::Replaced(_, body) => Some(body),
                Entry::Deleted(_) | Entry::Modified(..) => None,
            })
            .collect();
        added.sort_by_key(|body| body.id);
        added
    }

    /// What the store must write for these changes: deletions first, then what there is, parents before children.
    pub(crate) fn stored(&self, tree: &Tree) -> Vec<StoredChange> {
        let mut stored: Vec<StoredChange> = self
            .removed()
            .filter_map(|id| tree.by_id(id))
            .filter(|body| body.is_persistent())
            .map(|body| StoredChange::Delete { before: body.clone() })
            .collect();
        for body in self.added() {
            if body.is_persistent() {
                stored.push(StoredChange::Put {
                    before: None,
                    after: body.clone(),
                });
            }
        }
        for entry in self.entries.values() {
            let Entry::Modified(id, changed) = entry else {
                continue;
            };
            let Some(before) = tree.by_id(*id) else { continue };
            if before.is_persistent() && changed.iter().any(|(at, new)| differs(before, *at, new)) {
                stored.push(StoredChange::Put {
                    before: Some(before.clone()),
                    after: with_changes(before, changed),
                });
            }
        }
        stored
    }

    /// Makes the changes in the tree. What has gone meanwhile stays gone, so that no object is ever without its
    /// parent.
    pub(crate) fn install(self, tree: &mut Tree) {
        for id in self.removed() {
            for below in tree.subtree(id).into_iter().rev() {
                tree.remove(below);
            }
        }
        for body in self.added() {
            let placed = match crate::tree::parent_str(&body.dn) {
                None => true,
                Some(_) => tree.by_id(body.parent).is_some(),
            };
            if placed && tree.get(&body.dn).is_none() {
                tree.insert(body.clone());
            }
        }
        for entry in self.entries.into_values() {
            if let Entry::Modified(id, changed) = entry {
                tree.update(id, |body| {
                    for (position, values) in changed {
                        body.set_values(position, values);
                    }
                });
            }
        }
    }
}
