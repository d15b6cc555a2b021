//! What the store is told, and what it gives back at the start.

use std::collections::BTreeSet;
use std::sync::Arc;

use ais::{AisError, AttrFlags, ClassDef, Dn, Refusal, Value};

use crate::class::ClassStage;
use crate::locks::Holder;
use crate::overlay::Overlay;
use crate::tree::ROOT;
use crate::{Class, ClassId, ImplementerCall, Migration, ObjectBody, ObjectId, Repository, Values, service};

/// One thing that the store must write. Changes of one list belong in one transaction, in their order.
#[derive(Debug, Clone)]
pub enum StoredChange {
    /// A new or changed class; what a change does to its instances follows in the list.
    PutClass {
        /// Its key.
        id: ClassId,
        /// What [`Repository::restore_class`] wants back, without system attributes.
        class: ClassDef,
    },
    /// A class is gone.
    DeleteClass {
        /// Its key.
        id: ClassId,
        /// Its name, for the journal.
        name: String,
    },
    /// A new or changed object: to be kept are its id, name, class id, [`ObjectBody::stored_values`] and
    /// [`ObjectBody::stored_implementer`].
    Put {
        /// What it was; `None` for a new one.
        before: Option<Arc<ObjectBody>>,
        /// What it will be.
        after: Arc<ObjectBody>,
    },
    /// An object is gone.
    Delete {
        /// What it was.
        before: Arc<ObjectBody>,
    },
}

/// An object from the store.
#[derive(Debug, Clone)]
pub struct StoredObject {
    /// Its key.
    pub id: ObjectId,
    /// Its name.
    pub dn: Dn,
    /// Its class.
    pub class: ClassId,
    /// Values by position of the attribute in the class.
    pub values: Vec<(u16, Vec<Value>)>,
    /// The implementer of a persistent runtime object.
    pub implementer: Option<Arc<str>>,
}

/// Numbers to begin with after a start, so that none is used twice. Ids of restored objects and classes are stepped
/// over anyway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// The next object.
    pub object: u64,
    /// The next class.
    pub class: u32,
    /// The next CCB.
    pub ccb: u64,
}

/// A checked change that nobody sees yet. It must end in [`Repository::make_visible`] or [`Repository::discard`]:
/// until then it keeps its objects locked.
#[must_use = "an unfinished change keeps its objects locked"]
#[derive(Debug)]
pub struct Prepared {
    stored: Vec<StoredChange>,
    holder: Holder,
    content: Content,
}

/// What a prepared change is made of.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Classes being created.
    pub(crate) classes: Vec<ClassId>,
    /// The class being deleted.
    pub(crate) class_gone: Option<ClassId>,
    /// The class being changed.
    pub(crate) class_change: Option<Migration>,
    /// Objects.
    pub(crate) overlay: Overlay,
    /// Pending references: target and referrer.
    pub(crate) references: Vec<(Dn, Dn)>,
    /// What a special applier is to be told.
    pub(crate) notices: Vec<ImplementerCall>,
}

impl Prepared {
    /// What the store must write before the change may be seen. Where it is empty, nothing of the change is durable
    /// and nothing is locked: it must be made visible before anything else is asked of the repository.
    pub fn stored(&self) -> &[StoredChange] {
        &self.stored
    }
}

/// The refusal of a store that cannot be what this crate wrote.
fn corrupt(text: impl Into<String>) -> Refusal {
    Refusal::new(AisError::Library, text)
}

impl Repository {
    /// An empty model.
    pub fn new() -> Repository {
        Repository::default()
    }

    /// Takes a class from the store; to be called before any object.
    ///
    /// # Errors
    /// LIBRARY where the store holds nonsense.
    pub fn restore_class(&mut self, id: ClassId, class: ClassDef) -> Result<(), Refusal> {
        let name = class.name.clone();
        if self.classes.by_id(id).is_some() || self.classes.clash(&name).is_some() {
            return Err(corrupt(format!("the store holds class '{name}' twice")));
        }
        let class = Class::new(id, class)
            .ok_or_else(|| corrupt(format!("the store holds class '{name}' without an RDN attribute")))?;
        self.classes.insert(class, ClassStage::Present);
        Ok(())
    }

    /// Takes an object from the store, in any order; to be followed by [`Repository::restore_finish`].
    ///
    /// Attributes that do not survive a restart get their defaults.
    ///
    /// # Errors
    /// LIBRARY where the store holds nonsense: an unknown class or attribute position.
    pub fn restore_object(&mut self, object: StoredObject) -> Result<(), Refusal> {
        let class = self.classes.by_id(object.class).cloned().ok_or_else(|| {
            corrupt(format!(
                "the store holds object '{}' of class number {}, which it does not hold",
                object.dn, object.class
            ))
        })?;
        let mut values = unstored_defaults(&class);
        for (at, list) in object.values {
            let Some(place) = values.get_mut(usize::from(at)) else {
                return Err(corrupt(format!(
                    "the store holds attribute number {at} for object '{}' of class '{}', which has no such attribute",
                    object.dn,
                    class.name()
                )));
            };
            *place = list.into();
        }
        if let Some(name) = &object.implementer {
            self.implementers.remember(name);
        }
        self.restored.push(ObjectBody {
            id: object.id,
            parent: ROOT,
            owner: Some(self.owners.after_start(&object.dn)),
            dn: object.dn,
            class,
            values: values.into(),
            implementer: object.implementer,
        });
        Ok(())
    }

    /// Builds the tree from the objects restored.
    ///
    /// # Errors
    /// LIBRARY where the store holds nonsense: an object without its parent, a name or an id twice.
    pub fn restore_finish(&mut self) -> Result<(), Refusal> {
        let restored = std::mem::take(&mut self.restored);
        self.tree.build(restored).map_err(corrupt)?;
        self.refresh_settings();
        Ok(())
    }

    /// The next numbers, to be stored now and then or with each commit.
    pub const fn counters(&self) -> Counters {
        Counters {
            object: self.tree.next(),
            class: self.classes.next().0,
            ccb: self.next_ccb,
        }
    }

    /// Continues with these numbers where they are higher than the present ones.
    pub fn restore_counters(&mut self, counters: Counters) {
        self.tree.reserve(counters.object);
        self.classes.reserve(counters.class);
        self.next_ccb = self.next_ccb.max(counters.ccb);
    }

    /// A prepared change; what of it is durable is locked from now on.
    pub(crate) fn prepared(&mut self, stored: Vec<StoredChange>, content: Content) -> Prepared {
        self.next_change += 1;
        let holder = Holder::Change(self.next_change);
        if !stored.is_empty() {
            self.unfinished += 1;
            self.locks.depart(&content.overlay);
            for body in content.overlay.added() {
                self.locks.note_create(body, holder);
            }
            for (target, referrer) in &content.references {
                self.locks.note_reference(target.clone(), holder, referrer);
            }
        }
        Prepared {
            stored,
            holder,
            content,
        }
    }

    /// Gives back what [`Repository::prepared`] locked.
    fn unlock(&mut self, change: &Prepared) {
        if !change.stored.is_empty() {
            let content = &change.content;
            self.unfinished -= 1;
            self.locks.arrive(&content.overlay);
            self.locks.release(
                change.holder,
                &content.overlay,
                &BTreeSet::new(),
                &content.references,
            );
        }
    }

    /// Shows a prepared change to everyone; its durable part must be in the store by now.
    pub fn make_visible(&mut self, change: Prepared) {
        self.unlock(&change);
        for id in change.content.classes {
            self.classes.set_stage(id, ClassStage::Present);
        }
        if let Some(mut migration) = change.content.class_change {
            while !self.migration_show(&mut migration, usize::MAX) {}
            return;
        }
        self.install(change.content.overlay);
        self.notices.extend(change.content.notices);
        if let Some(id) = change.content.class_gone {
            self.classes.remove(id);
            self.implementers.forget_class(id);
        }
    }

    /// Drops a prepared change.
    pub fn discard(&mut self, change: Prepared) {
        self.unlock(&change);
        for id in change.content.classes {
            self.classes.remove(id);
        }
        if let Some(migration) = change.content.class_change {
            self.migration_discard(migration);
        }
        if let Some(id) = change.content.class_gone {
            self.classes.set_stage(id, ClassStage::Present);
        }
    }

    /// Puts an overlay into the tree and follows what depends on it.
    pub(crate) fn install(&mut self, overlay: Overlay) {
        let service = overlay.entries.keys().any(service::is_service_dn);
        self.implementers.forget_objects(&overlay);
        overlay.install(&mut self.tree);
        if service {
            self.refresh_settings();
        }
    }

    /// How many objects there are.
    pub fn object_count(&self) -> usize {
        self.tree.len()
    }

    /// What in the repository contradicts itself. Empty, or there is a fault in this crate; costs a full pass.
    pub fn check_invariants(&self) -> Vec<String> {
        let mut found = self.tree.contradictions();
        if self
            .ccbs
            .values()
            .all(|ccb| ccb.overlay.is_empty() && ccb.read.is_empty())
            && self.unfinished == 0
            && !self.locks.is_idle()
        {
            found.push("no CCB holds anything, but there are locks".to_owned());
        }
        found
    }
}

/// What an object from the store has at positions that the store does not keep: the defaults of attributes that are
/// cached only.
fn unstored_defaults(class: &Class) -> Vec<Values> {
    const KEPT: AttrFlags = AttrFlags::CONFIG.union(AttrFlags::PERSISTENT);
    class
        .def()
        .attrs
        .iter()
        .map(|attr| match &attr.default {
            Some(value) if !attr.flags.intersects(KEPT) => Values::One(value.clone()),
            Some(_) | None => Values::None,
        })
        .collect()
}
