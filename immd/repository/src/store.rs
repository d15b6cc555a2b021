//! What the store is told, and what it gives back at the start.

use std::sync::Arc;

use ais::{ClassDef, Dn, Refusal, Value};

use crate::{ClassId, ObjectBody, ObjectId, Repository};

/// One thing that the store must write. Changes of one list belong in one transaction, in their order.
#[derive(Debug, Clone)]
pub enum StoredChange {
    /// A new class.
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
    pub(crate) stored: Vec<StoredChange>,
}

impl Prepared {
    /// What the store must write before the change may be seen; empty where nothing of it is durable.
    pub fn stored(&self) -> &[StoredChange] {
        &self.stored
    }
}

impl Repository {
    /// An empty model.
    pub fn new() -> Repository {
        Repository::default()
    }

    /// Takes a class from the store; to be called in ascending order of ids, before any object.
    ///
    /// # Errors
    /// LIBRARY where the store holds nonsense.
    pub fn restore_class(&mut self, _id: ClassId, _class: ClassDef) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Takes an object from the store, in any order; to be followed by [`Repository::restore_finish`].
    ///
    /// # Errors
    /// LIBRARY where the store holds nonsense: an unknown class or attribute position, an id twice.
    pub fn restore_object(&mut self, _object: StoredObject) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// Builds the tree from the objects restored.
    ///
    /// # Errors
    /// LIBRARY where the store holds nonsense: an object without its parent, a name twice.
    pub fn restore_finish(&mut self) -> Result<(), Refusal> {
        unimplemented!()
    }

    /// The next numbers, to be stored now and then or with each commit.
    pub fn counters(&self) -> Counters {
        unimplemented!()
    }

    /// Continues with these numbers where they are higher than the present ones.
    pub fn restore_counters(&mut self, _counters: Counters) {
        unimplemented!()
    }

    /// Shows a prepared change to everyone; its durable part must be in the store by now.
    pub fn make_visible(&mut self, _change: Prepared) {
        unimplemented!()
    }

    /// Drops a prepared change.
    pub fn discard(&mut self, _change: Prepared) {
        unimplemented!()
    }

    /// How many objects there are.
    pub fn object_count(&self) -> usize {
        unimplemented!()
    }
}
