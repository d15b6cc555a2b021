//! Who is about to change what.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;

use crate::overlay::{Entry, Overlay};
use crate::{CcbId, ClassId, ObjectBody, ObjectId};

/// Who holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// A CCB.
    Ccb(CcbId),
    /// A prepared change.
    Change(u64),
}

/// The first name in byte order.
fn least() -> Dn {
    Dn::new("!").expect("'!' is the least printable character")
}

/// All locks and all pending creations and references.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    /// Objects that a CCB creates, changes or deletes.
    exclusive: BTreeMap<Dn, CcbId>,
    /// Objects that CCBs have read.
    shared: BTreeSet<(Dn, CcbId)>,
    /// Objects whose change is on its way to the store; `true` where they go.
    in_flight: BTreeMap<Dn, bool>,
    /// Pending creations below a parent.
    creates: BTreeMap<(ObjectId, Dn), (Holder, ClassId)>,
    /// How many instances of a class are pending.
    instances: BTreeMap<ClassId, usize>,
    /// Pending NO_DANGLING references: target, who changes, and the object that refers.
    references: BTreeSet<(Dn, Holder, Dn)>,
}

impl Locks {
    /// The CCB that changes this object.
    pub(crate) fn writer(&self, dn: &Dn) -> Option<CcbId> {
        self.exclusive.get(dn).copied()
    }

    /// Whether a CCB other than this one has read the object.
    pub(crate) fn read_by_other(&self, dn: &Dn, ccb: CcbId) -> bool {
        self.shared
            .range((dn.clone(), CcbId(0))..=(dn.clone(), CcbId(u64::MAX)))
            .any(|(_, reader)| *reader != ccb)
    }

    /// Whether a change of this object is on its way to the store.
    pub(crate) fn is_in_flight(&self, dn: &Dn) -> bool {
        self.in_flight.contains_key(dn)
    }

    /// Whether the deletion of this object is on its way to the store.
    pub(crate) fn is_leaving(&self, dn: &Dn) -> bool {
        self.in_flight.get(dn).copied().unwrap_or(false)
    }

    /// The pending creations right below this object.
    pub(crate) fn creates_below(&self, parent: ObjectId) -> impl Iterator<Item = (Holder, &Dn)> {
        self.creates
            .range((parent, least())..)
            .take_while(move |((above, _), _)| *above == parent)
            .map(|((_, dn), (holder, _))| (*holder, dn))
    }

    /// Whether somebody is creating an instance of the class.
    pub(crate) fn has_pending_instance(&self, class: ClassId) -> bool {
        self.instances.contains_key(&class)
    }

    /// Whether an instance of the class is being created by a change on its way to the store.
    pub(crate) fn has_departed_instance(&self, class: ClassId) -> bool {
        self.has_pending_instance(class)
            && self
                .creates
                .values()
                .any(|(holder, of)| *of == class && matches!(holder, Holder::Change(_)))
    }

    /// The objects whose change is on its way to the store.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = &Dn> {
        self.in_flight.keys()
    }

    /// The pending references to this object: who makes them, and the objects that refer.
    pub(crate) fn references_to(&self, target: &Dn) -> impl Iterator<Item = (Holder, &Dn)> {
        self.references
            .range((target.clone(), Holder::Ccb(CcbId(0)), least())..)
            .take_while(move |(named, _, _)| named == target)
            .map(|(_, holder, referrer)| (*holder, referrer))
    }

    /// Locks an object for a CCB that writes it.
    pub(crate) fn lock(&mut self, dn: &Dn, ccb: CcbId) {
        self.exclusive.insert(dn.clone(), ccb);
    }

    /// Locks an object for a CCB that has read it.
    pub(crate) fn share(&mut self, dn: &Dn, ccb: CcbId) {
        self.shared.insert((dn.clone(), ccb));
    }

    /// Notes that a new object is pending.
    pub(crate) fn note_create(&mut self, body: &ObjectBody, holder: Holder) {
        let class = body.class.id();
        if self
            .creates
            .insert((body.parent, body.dn.clone()), (holder, class))
            .is_none()
        {
            *self.instances.entry(class).or_default() += 1;
        }
    }

    /// Notes a pending reference.
    pub(crate) fn note_reference(&mut self, target: Dn, holder: Holder, referrer: &Dn) {
        self.references.insert((target, holder, referrer.clone()));
    }

    /// Notes that all changes of the overlay are on their way to the store.
    pub(crate) fn depart(&mut self, overlay: &Overlay) {
        for (dn, entry) in &overlay.entries {
            self.in_flight.insert(
                dn.clone(),
                matches!(entry, Entry::Deleted(_) | Entry::Replaced(..)),
            );
        }
    }

    /// Takes back what `depart` noted.
    pub(crate) fn arrive(&mut self, overlay: &Overlay) {
        for dn in overlay.entries.keys() {
            self.in_flight.remove(dn);
        }
    }

    /// Takes back all that was noted for the overlay and its holder, in-flight marks apart.
    pub(crate) fn release(
        &mut self,
        holder: Holder,
        overlay: &Overlay,
        read: &BTreeSet<Dn>,
        references: &[(Dn, Dn)],
    ) {
        if let Holder::Ccb(ccb) = holder {
            for dn in overlay.entries.keys() {
                self.unlock(dn, ccb);
            }
            for dn in read {
                self.unshare(dn, ccb);
            }
        }
        for body in overlay.added() {
            self.forget_create(body, holder);
        }
        for (target, referrer) in references {
            self.forget_reference(target, holder, referrer);
        }
    }

    /// Takes back [`Locks::lock`].
    pub(crate) fn unlock(&mut self, dn: &Dn, ccb: CcbId) {
        if self.exclusive.get(dn) == Some(&ccb) {
            self.exclusive.remove(dn);
        }
    }

    /// Takes back [`Locks::share`].
    pub(crate) fn unshare(&mut self, dn: &Dn, ccb: CcbId) {
        self.shared.remove(&(dn.clone(), ccb));
    }

    /// Takes back [`Locks::note_create`].
    pub(crate) fn forget_create(&mut self, body: &ObjectBody, holder: Holder) {
        let key = (body.parent, body.dn.clone());
        if self.creates.get(&key).is_some_and(|(by, _)| *by == holder) {
            self.creates.remove(&key);
            self.forget_instance(body.class.id());
        }
    }

    /// Takes back [`Locks::note_reference`].
    pub(crate) fn forget_reference(&mut self, target: &Dn, holder: Holder, referrer: &Dn) {
        self.references
            .remove(&(target.clone(), holder, referrer.clone()));
    }

    fn forget_instance(&mut self, class: ClassId) {
        if let Some(count) = self.instances.get_mut(&class) {
            *count -= 1;
            if *count == 0 {
                self.instances.remove(&class);
            }
        }
    }

    /// Whether nobody holds anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.exclusive.is_empty()
            && self.shared.is_empty()
            && self.in_flight.is_empty()
            && self.creates.is_empty()
            && self.instances.is_empty()
            && self.references.is_empty()
    }
}
