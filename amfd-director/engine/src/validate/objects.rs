//! The objects as they are, or as a CCB leaves them.

use std::collections::BTreeSet;

use ais::Dn;

use crate::event::ModelChange;
use crate::model::Raw;
use crate::model::raw::RawObject;

/// Objects that rules look at.
pub(crate) trait Objects {
    fn get(&self, dn: &Dn) -> Option<&RawObject>;

    /// The direct children of one class.
    fn children(&self, dn: &Dn, class: &'static str) -> Vec<(&Dn, &RawObject)>;

    /// Those of the class that name `dn`, in an attribute or in their RDN.
    fn referrers(&self, dn: &Dn, class: &'static str) -> Vec<(&Dn, &RawObject)>;

    /// The object when it is of the class.
    fn of_class(&self, dn: &Dn, class: &str) -> Option<&RawObject> {
        self.get(dn).filter(|object| object.class() == class)
    }
}

impl Objects for Raw {
    fn get(&self, dn: &Dn) -> Option<&RawObject> {
        Raw::get(self, dn)
    }

    fn children(&self, dn: &Dn, class: &'static str) -> Vec<(&Dn, &RawObject)> {
        self.children_of_class(dn, class).collect()
    }

    fn referrers(&self, dn: &Dn, class: &'static str) -> Vec<(&Dn, &RawObject)> {
        Raw::referrers(self, dn, class).collect()
    }
}

/// The objects as a CCB leaves them.
pub(crate) struct After<'a> {
    before: &'a Raw,
    /// Created or modified.
    changed: Raw,
    deleted: BTreeSet<Dn>,
}

impl<'a> After<'a> {
    pub(super) fn new(before: &'a Raw, changes: &[ModelChange]) -> After<'a> {
        let mut after = After {
            before,
            changed: Raw::default(),
            deleted: BTreeSet::new(),
        };
        for change in changes {
            match change {
                ModelChange::Create { dn, .. } => {
                    after.deleted.remove(dn);
                    after.changed.apply(change);
                }
                ModelChange::Modify { dn, attrs } => {
                    if let Some(mut object) = after.get(dn).cloned() {
                        object.modify(attrs);
                        after.changed.put(dn, object);
                    }
                }
                ModelChange::Delete { dn } => {
                    after.deleted.extend(before.subtree(dn));
                    after.deleted.extend(after.changed.subtree(dn));
                    after.changed.apply(change);
                }
            }
        }
        after
    }

    pub(super) fn is_deleted(&self, dn: &Dn) -> bool {
        self.deleted.contains(dn)
    }

    /// Whether the CCB leaves the object as it was.
    fn is_untouched(&self, dn: &Dn) -> bool {
        !self.deleted.contains(dn) && self.changed.get(dn).is_none()
    }

    /// An object of the class apart from `dn`.
    pub(super) fn another(&self, class: &str, dn: &Dn) -> Option<&Dn> {
        let untouched = self.before.class(class).filter(|(dn, _)| self.is_untouched(dn));
        let mut all = untouched.chain(self.changed.class(class)).map(|(dn, _)| dn);
        all.find(|other| *other != dn)
    }

    fn join<'b>(
        &'b self,
        before: Vec<(&'b Dn, &'b RawObject)>,
        changed: Vec<(&'b Dn, &'b RawObject)>,
    ) -> Vec<(&'b Dn, &'b RawObject)> {
        let untouched = before.into_iter().filter(|(dn, _)| self.is_untouched(dn));
        let mut all: Vec<_> = untouched.chain(changed).collect();
        all.sort_by_key(|(dn, _)| *dn);
        all
    }
}

impl Objects for After<'_> {
    fn get(&self, dn: &Dn) -> Option<&RawObject> {
        let before = || self.before.get(dn).filter(|_| !self.deleted.contains(dn));
        self.changed.get(dn).or_else(before)
    }

    fn children(&self, dn: &Dn, class: &'static str) -> Vec<(&Dn, &RawObject)> {
        self.join(self.before.children(dn, class), self.changed.children(dn, class))
    }

    fn referrers(&self, dn: &Dn, class: &'static str) -> Vec<(&Dn, &RawObject)> {
        self.join(
            Objects::referrers(self.before, dn, class),
            Objects::referrers(&self.changed, dn, class),
        )
    }
}
