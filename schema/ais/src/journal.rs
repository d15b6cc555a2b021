//! The journal: who changed what and when.

use crate::Value;

/// In whose name a change was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// A CCB of this admin owner.
    Owner {
        /// The CCB.
        ccb: u64,
        /// The owner's name.
        name: String,
    },
    /// An implementer, of runtime data.
    Implementer(String),
    /// A client, of classes.
    Client,
}

/// Who made a change and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalHead {
    /// Nanoseconds since the epoch.
    pub time: i64,
    /// In whose name.
    pub author: Author,
    /// The user of the client's process.
    pub uid: u32,
    /// The client's process.
    pub pid: u32,
}

impl JournalHead {
    /// The CCB; 0 where it was none.
    pub const fn ccb(&self) -> u64 {
        match &self.author {
            Author::Owner { ccb, .. } => *ccb,
            Author::Implementer(_) | Author::Client => 0,
        }
    }
}

/// What was done to an object or a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum JournalKind {
    /// The object was created.
    Created = 1,
    /// The object was deleted.
    Deleted = 2,
    /// Attributes of the object were changed.
    Changed = 3,
    /// The class was created or changed.
    ClassPut = 4,
    /// The class was deleted.
    ClassDeleted = 5,
}

impl JournalKind {
    /// The kind with this number.
    pub const fn from_code(code: u8) -> Option<JournalKind> {
        Some(match code {
            1 => JournalKind::Created,
            2 => JournalKind::Deleted,
            3 => JournalKind::Changed,
            4 => JournalKind::ClassPut,
            5 => JournalKind::ClassDeleted,
            _ => return None,
        })
    }
}

/// An attribute with its values before and after a change. Attributes are those that survive a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalAttr {
    /// Its name.
    pub name: String,
    /// The values before; none for an object that was created.
    pub before: Vec<Value>,
    /// The values after; none for an object that was deleted.
    pub after: Vec<Value>,
}

/// What was done to one object or class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalChange {
    /// What.
    pub kind: JournalKind,
    /// The name of the object or class.
    pub name: String,
    /// The object's class; empty where it is about a class.
    pub class: String,
    /// Every attribute with values of an object that was created or deleted; those that changed otherwise.
    pub attrs: Vec<JournalAttr>,
}

/// A change bundle, or as much of it as one message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Grows with each entry. Parts of one have the same.
    pub number: u64,
    /// Who and when.
    pub head: JournalHead,
    /// What.
    pub changes: Vec<JournalChange>,
}
