//! The durable copy of the repository: tables of checked records behind one small trait.
//!
//! [`Store`] knows bytes and numbers only; what a record means is written in [`record`]. One writer thread owns
//! the store and makes all commits that wait into one transaction ([`writer`]).

mod check;
mod lmdb;
pub mod record;
pub mod writer;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub use lmdb::LmdbStore;

/// The tables; each maps a number to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Single facts; the keys are in [`record::meta`].
    Meta,
    /// Classes by the number of their creation.
    Classes,
    /// Objects by their id.
    Objects,
    /// What was committed, by a number that grows with each record.
    Journal,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 4] = [Table::Meta, Table::Classes, Table::Objects, Table::Journal];

    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Meta => "meta",
            Table::Classes => "classes",
            Table::Objects => "objects",
            Table::Journal => "journal",
        }
    }
}

/// One record to put in the place of what is there, or to take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub table: Table,
    /// Which.
    pub key: u64,
    /// The record's bytes; `None` deletes, also what is not there.
    pub value: Option<Vec<u8>>,
}

/// Why the store did not do what was asked. Nothing of a failed commit is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The directory or a file in it cannot be used.
    #[error("the repository in {path} cannot be opened: {reason}")]
    Open {
        /// The directory of the store.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is no store, or is damaged; it was not touched.
    #[error(
        "the repository in {path} is damaged: {reason}; nothing was changed in it. Put a copy in its place, \
         or move the directory away to start from the model files"
    )]
    Damaged {
        /// The directory of the store.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The store has reached the size it may have.
    #[error("the repository in {path} is full: it may hold {limit_mib} MiB")]
    Full {
        /// The directory of the store.
        path: PathBuf,
        /// The limit.
        limit_mib: usize,
    },
    /// The disk, the quota or the process's file size limit is exhausted.
    #[error("no space is left for the repository in {path}: {reason}; free some and try again")]
    NoSpace {
        /// The directory of the store.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another failure of the system.
    #[error("the repository in {path} cannot be written: {reason}")]
    Io {
        /// The directory of the store.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl StoreError {
    /// A [`StoreError::Damaged`] about this directory.
    pub fn damaged(path: &Path, reason: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Records with their keys.
pub type Records = Vec<(u64, Vec<u8>)>;

/// Takes a record: its key and its bytes.
pub type Visit<'a> = dyn FnMut(u64, &[u8]) -> Result<(), StoreError> + 'a;

/// What keeps records safe.
pub trait Store: Send {
    /// Gives every record of a table, in ascending order of keys.
    ///
    /// # Errors
    /// What `visit` returned, or a failure of the store.
    fn scan(&self, table: Table, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// The records of a table with these keys, in ascending order, at most about `bytes` bytes of them but one at least.
    ///
    /// # Errors
    /// A failure of the store.
    fn read(&self, table: Table, keys: Range<u64>, bytes: usize) -> Result<Records, StoreError>;

    /// Makes all writes, in their order, or none. `Ok` means that they survive a power cut.
    ///
    /// # Errors
    /// None of the writes was made.
    fn commit(&mut self, writes: &[&[Write]]) -> Result<(), StoreError>;
}
