//! The objects that everyone sees, and the indexes over them.
//!
//! Each index costs what it answers: children by parent, instances by class, referrers by target; the index by name is
//! in byte order, so that a search over the whole tree sorts nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use ais::Dn;

use crate::{ClassId, ObjectBody, ObjectId};

/// The parent of the objects that have none.
pub(crate) const ROOT: ObjectId = ObjectId(0);

#[derive(Debug)]
pub(crate) struct Tree {
    objects: BTreeMap<ObjectId, Arc<ObjectBody>>,
    by_dn: BTreeMap<Dn, ObjectId>,
    children: BTreeSet<(ObjectId, ObjectId)>,
    by_class: BTreeMap<ClassId, BTreeMap<Dn, ObjectId>>,
    /// Targets of NO_DANGLING attributes with the objects that name them.
    referrers: BTreeSet<(Dn, ObjectId)>,
    /// How many objects have an admin owner.
    owned: usize,
    next: u64,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree {
            objects: BTreeMap::new(),
            by_dn: BTreeMap::new(),
            children: BTreeSet::new(),
            by_class: BTreeMap::new(),
            referrers: BTreeSet::new(),
            owned: 0,
            next: 1,
        }
    }
}

impl Tree {
    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    /// How many objects have an admin owner, the loader apart, who is none.
    pub(crate) const fn owned(&self) -> usize {
        self.owned
    }

    pub(crate) fn get(&self, dn: &Dn) -> Option<&Arc<ObjectBody>> {
        self.by_dn.get(dn).and_then(|id| self.objects.get(id))
    }

    /// The number of the object whose name has this text.
    pub(crate) fn by_id_of(&self, dn: &str) -> Option<ObjectId> {
        self.by_dn.get(dn).copied()
    }

    pub(crate) fn by_id(&self, id: ObjectId) -> Option<&Arc<ObjectBody>> {
        self.objects.get(&id)
    }

    /// A number for a new object.
    pub(crate) const fn take_id(&mut self) -> ObjectId {
        let id = ObjectId(self.next);
        self.next += 1;
        id
    }

    /// The number that the next object gets.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Steps over all numbers below this one.
    pub(crate) fn reserve(&mut self, next: u64) {
        self.next = self.next.max(next);
    }

    /// All objects in byte order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<ObjectBody>> {
        self.by_dn.values().filter_map(|id| self.objects.get(id))
    }

    /// The numbers of the direct children, ascending.
    pub(crate) fn children(&self, parent: ObjectId) -> impl Iterator<Item = ObjectId> {
        self.children
            .range((parent, ROOT)..=(parent, ObjectId(u64::MAX)))
            .map(|(_, child)| *child)
    }

    /// The object and all below it, parents before children; `None` when there are more than `limit`.
    pub(crate) fn subtree_within(&self, root: ObjectId, limit: usize) -> Option<Vec<ObjectId>> {
        let mut found = vec![root];
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            found.extend(self.children(parent));
            if found.len() > limit {
                return None;
            }
            at += 1;
        }
        Some(found)
    }

    /// The object and all below it, parents before children.
    pub(crate) fn subtree(&self, root: ObjectId) -> Vec<ObjectId> {
        self.subtree_within(root, usize::MAX).unwrap_or_default()
    }

    /// The instances of a class in byte order of their names.
    pub(crate) fn instances(&self, class: ClassId) -> impl Iterator<Item = &Arc<ObjectBody>> {
        self.instances_from(class, Bound::Unbounded)
    }

    /// The instances of a class from this name on.
    pub(crate) fn instances_from(
        &self,
        class: ClassId,
        from: Bound<&Dn>,
    ) -> impl Iterator<Item = &Arc<ObjectBody>> {
        self.by_class
            .get(&class)
            .into_iter()
            .flat_map(move |names| names.range::<Dn, _>((from, Bound::Unbounded)))
            .filter_map(|(_, id)| self.objects.get(id))
    }

    /// How many instances a class has.
    pub(crate) fn instance_count(&self, class: ClassId) -> usize {
        self.by_class.get(&class).map_or(0, BTreeMap::len)
    }

    /// The objects whose NO_DANGLING attributes name this one.
    pub(crate) fn referrers(&self, target: &Dn) -> impl Iterator<Item = &Arc<ObjectBody>> {
        self.referrers
            .range((target.clone(), ROOT)..=(target.clone(), ObjectId(u64::MAX)))
            .filter_map(|(_, id)| self.objects.get(id))
    }

    /// Adds an object whose parent is there and whose name is free.
    pub(crate) fn insert(&mut self, body: Arc<ObjectBody>) {
        let id = body.id;
        self.owned += usize::from(body.is_owned());
        self.reserve(id.0 + 1);
        self.by_dn.insert(body.dn.clone(), id);
        self.children.insert((body.parent, id));
        self.by_class
            .entry(body.class.id())
            .or_default()
            .insert(body.dn.clone(), id);
        self.referrers
            .extend(body.references().map(|target| (target, id)));
        self.objects.insert(id, body);
    }

    /// Takes one object out; its children, if any, must follow.
    pub(crate) fn remove(&mut self, id: ObjectId) -> Option<Arc<ObjectBody>> {
        let body = self.objects.remove(&id)?;
        self.owned -= usize::from(body.is_owned());
        self.by_dn.remove(&body.dn);
        self.children.remove(&(body.parent, id));
        if let Some(instances) = self.by_class.get_mut(&body.class.id()) {
            instances.remove(&body.dn);
            if instances.is_empty() {
                self.by_class.remove(&body.class.id());
            }
        }
        for target in body.references() {
            self.referrers.remove(&(target, id));
        }
        Some(body)
    }

    /// Changes an object in place, or a copy where a reader still holds it. Name, class and parent must stay.
    pub(crate) fn update(&mut self, id: ObjectId, change: impl FnOnce(&mut ObjectBody)) {
        let Some(body) = self.objects.get_mut(&id) else {
            return;
        };
        for target in body.references() {
            self.referrers.remove(&(target, id));
        }
        self.owned -= usize::from(body.is_owned());
        change(Arc::make_mut(body));
        self.owned += usize::from(body.is_owned());
        self.referrers
            .extend(body.references().map(|target| (target, id)));
    }

    /// Builds the tree from objects whose parents are not known yet; the tree must be empty.
    ///
    /// # Errors
    /// A sentence that names the object that cannot be: a name twice, an id twice, a missing parent.
    pub(crate) fn build(&mut self, mut bodies: Vec<ObjectBody>) -> Result<(), String> {
        let count = bodies.len();
        bodies.sort_by_key(|body| body.id);
        // Names are long and compared often: they are sorted once, for the index of all and for those of the classes.
        let mut in_order: Vec<&ObjectBody> = bodies.iter().collect();
        in_order.sort_by(|a, b| a.dn.cmp(&b.dn));
        let by_dn: BTreeMap<Dn, ObjectId> = in_order.iter().map(|b| (b.dn.clone(), b.id)).collect();
        let mut classes: BTreeMap<ClassId, Vec<(Dn, ObjectId)>> = BTreeMap::new();
        for body in in_order {
            classes
                .entry(body.class.id())
                .or_default()
                .push((body.dn.clone(), body.id));
        }
        self.by_class = classes
            .into_iter()
            .map(|(id, list)| (id, list.into_iter().collect()))
            .collect();
        let mut last: Option<(Dn, ObjectId)> = None;
        for body in &mut bodies {
            let Some(parent) = parent_str(&body.dn) else {
                continue;
            };
            if let Some((dn, id)) = &last
                && dn.as_str() == parent
            {
                body.parent = *id;
                continue;
            }
            let (dn, id) = by_dn
                .get_key_value(parent)
                .ok_or_else(|| format!("object '{}' has no parent in the store", body.dn))?;
            body.parent = *id;
            last = Some((dn.clone(), *id));
        }
        self.reserve(bodies.last().map_or(1, |body| body.id.0 + 1));
        self.children = bodies.iter().map(|b| (b.parent, b.id)).collect();
        self.referrers = bodies
            .iter()
            .flat_map(|b| b.references().map(|target| (target, b.id)))
            .collect();
        self.owned = bodies.iter().filter(|body| body.is_owned()).count();
        self.by_dn = by_dn;
        self.objects = bodies.into_iter().map(|b| (b.id, Arc::new(b))).collect();
        if self.by_dn.len() != count || self.objects.len() != count {
            return Err(format!("{count} objects in the store share names or ids"));
        }
        Ok(())
    }

    /// What contradicts itself: nothing, or there is a fault in this crate.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let count = self.objects.len();
        let instances: usize = self.by_class.values().map(BTreeMap::len).sum();
        for (what, have) in [
            ("names", self.by_dn.len()),
            ("parents", self.children.len()),
            ("classes", instances),
        ] {
            if have != count {
                found.push(format!(
                    "{count} objects, but {have} entries in the index by {what}"
                ));
            }
        }
        let owned = self.objects.values().filter(|body| body.is_owned()).count();
        if owned != self.owned {
            found.push(format!(
                "{owned} objects have an owner, {} are counted",
                self.owned
            ));
        }
        let mut references = 0;
        for (id, body) in &self.objects {
            let parent = body.dn.parent();
            let parent_is_right = match &parent {
                None => body.parent == ROOT,
                Some(dn) => self.get(dn).is_some_and(|p| p.id == body.parent),
            };
            let listed = self.by_class.get(&body.class.id()).and_then(|c| c.get(&body.dn)) == Some(id);
            if *id != body.id
                || self.by_dn.get(&body.dn) != Some(id)
                || !parent_is_right
                || !listed
                || !self.children.contains(&(body.parent, *id))
                || body.values.len() != body.class.def().attrs.len()
            {
                found.push(format!("object '{}' is not where its indexes say", body.dn));
            }
            let targets: BTreeSet<Dn> = body.references().collect();
            references += targets.len();
            if targets
                .into_iter()
                .any(|target| !self.referrers.contains(&(target, *id)))
            {
                found.push(format!("a reference of '{}' is not in the index", body.dn));
            }
        }
        if references != self.referrers.len() {
            found.push(format!(
                "{references} references, but {} in the index",
                self.referrers.len()
            ));
        }
        found
    }
}

/// The text of the parent's name, without making a name of it.
pub(crate) fn parent_str(dn: &Dn) -> Option<&str> {
    dn.as_str().get(dn.rdn().len() + 1..)
}
