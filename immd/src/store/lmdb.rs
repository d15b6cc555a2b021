//! [`Store`] in an LMDB environment. This is the only file that knows of LMDB.
//!
//! The binding's iterators may dangle, so none leaves this module and each dies before its cursor; its errors are
//! all mapped here. The environment runs in LMDB's default mode, in which a commit is two syncs and survives a
//! power cut. The file's structure is checked before LMDB maps it, because LMDB trusts what it maps.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ::lmdb::{
    Cursor as _, Database, DatabaseFlags, Environment, Error, RwTransaction, Transaction as _, WriteFlags,
};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::{Records, Store, StoreError, Table, Visit, Write, check};

/// The name of LMDB's data file in the directory.
const DATA_FILE: &str = "data.mdb";

/// An environment with one database for each table.
pub struct LmdbStore {
    env: Environment,
    databases: [Database; Table::ALL.len()],
    path: PathBuf,
    map_size: usize,
    /// Keeps a second daemon out for as long as this lives.
    _lock: File,
}

impl LmdbStore {
    /// Opens the environment in the directory `path`, which is created where it is missing.
    ///
    /// `map_size` is the most bytes that the file may grow to; only address space is taken for it.
    ///
    /// # Errors
    /// [`StoreError::Open`] where another process has it open or the system refuses; [`StoreError::Damaged`].
    pub fn open(path: &Path, map_size: usize) -> Result<LmdbStore, StoreError> {
        let fail = |reason: String| StoreError::Open {
            path: path.to_owned(),
            reason,
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| fail(error.to_string()))?;
        let lock = take_lock(path)?;
        check::check_file(&path.join(DATA_FILE)).map_err(|fault| match fault {
            check::Fault::Damaged(reason) => StoreError::damaged(path, reason),
            check::Fault::Io(error) => fail(error.to_string()),
        })?;
        let env = Environment::new()
            .set_max_dbs(Table::ALL.len().try_into().unwrap_or(u32::MAX))
            .set_map_size(map_size)
            .open_with_permissions(path, 0o600)
            .map_err(|error| map_error(path, map_size, error))?;
        let open = |table: Table| env.create_db(Some(table.name()), DatabaseFlags::empty());
        let databases = open_all(open).map_err(|error| map_error(path, map_size, error))?;
        Ok(LmdbStore {
            env,
            databases,
            path: path.to_owned(),
            map_size,
            _lock: lock,
        })
    }

    /// Begins to write, as [`Store::commit`] does, what comes one after the other.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn fill(&mut self) -> Result<Filling<'_>, StoreError> {
        let transaction = self.env.begin_rw_txn().map_err(|error| self.error(error))?;
        Ok(Filling {
            store: self,
            transaction,
        })
    }

    fn database(&self, table: Table) -> Database {
        self.databases[table as usize]
    }

    fn error(&self, error: Error) -> StoreError {
        map_error(&self.path, self.map_size, error)
    }

    fn write(&self, transaction: &mut RwTransaction<'_>, write: &Write) -> Result<(), Error> {
        let (database, key) = (self.database(write.table), write.key.to_be_bytes());
        match &write.value {
            Some(value) => transaction.put(database, &key, value, WriteFlags::empty()),
            None => match transaction.del(database, &key, None) {
                Err(Error::NotFound) => Ok(()),
                other => other,
            },
        }
    }
}

/// Writes that belong together; none is made where this is dropped.
pub struct Filling<'a> {
    store: &'a LmdbStore,
    transaction: RwTransaction<'a>,
}

impl Filling<'_> {
    /// Adds a write.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn write(&mut self, write: &Write) -> Result<(), StoreError> {
        let written = self.store.write(&mut self.transaction, write);
        written.map_err(|error| self.store.error(error))
    }

    /// Makes the writes. `Ok` means that they survive a power cut.
    ///
    /// # Errors
    /// None of the writes was made.
    pub fn commit(self) -> Result<(), StoreError> {
        let Filling { store, transaction } = self;
        transaction.commit().map_err(|error| store.error(error))
    }
}

impl Store for LmdbStore {
    fn scan(&self, table: Table, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        let transaction = self.env.begin_ro_txn().map_err(|error| self.error(error))?;
        // The iterator uses the cursor without borrowing it: the cursor is declared first and so dropped last.
        let mut cursor = transaction
            .open_ro_cursor(self.database(table))
            .map_err(|error| self.error(error))?;
        for item in cursor.iter_start() {
            let (key, value) = item.map_err(|error| self.error(error))?;
            let key: [u8; 8] = key.try_into().map_err(|_| {
                StoreError::damaged(
                    &self.path,
                    format!("a key of table {} has {} bytes", table.name(), key.len()),
                )
            })?;
            visit(u64::from_be_bytes(key), value)?;
        }
        Ok(())
    }

    fn read(&self, table: Table, keys: Range<u64>, bytes: usize) -> Result<Records, StoreError> {
        let transaction = self.env.begin_ro_txn().map_err(|error| self.error(error))?;
        let mut records = Records::new();
        let mut size = 0;
        for key in keys {
            if size >= bytes && !records.is_empty() {
                break;
            }
            match transaction.get(self.database(table), &key.to_be_bytes()) {
                Ok(value) => {
                    size += value.len();
                    records.push((key, value.to_vec()));
                }
                Err(Error::NotFound) => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(records)
    }

    fn commit(&mut self, writes: &[&[Write]]) -> Result<(), StoreError> {
        let mut filling = self.fill()?;
        // Leaving drops the transaction, which aborts it.
        writes
            .iter()
            .copied()
            .flatten()
            .try_for_each(|write| filling.write(write))?;
        filling.commit()
    }
}

/// Opens the databases in the order of [`Table::ALL`].
fn open_all(open: impl Fn(Table) -> Result<Database, Error>) -> Result<[Database; Table::ALL.len()], Error> {
    let [meta, classes, objects, journal] = Table::ALL.map(open);
    Ok([meta?, classes?, objects?, journal?])
}

/// Takes the lock that says which process has the directory.
fn take_lock(path: &Path) -> Result<File, StoreError> {
    let fail = |reason: String| StoreError::Open {
        path: path.to_owned(),
        reason,
    };
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path.join("lock"))
        .map_err(|error| fail(error.to_string()))?;
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(Errno::WOULDBLOCK) => Err(fail("another daemon has it open".to_owned())),
        Err(error) => Err(fail(error.to_string())),
    }
}

fn map_error(path: &Path, map_size: usize, error: Error) -> StoreError {
    let path = path.to_owned();
    match error {
        Error::MapFull | Error::TxnFull => StoreError::Full {
            path,
            limit_mib: map_size >> 20,
        },
        Error::Corrupted | Error::PageNotFound | Error::Invalid | Error::VersionMismatch => {
            StoreError::Damaged {
                path,
                reason: error.to_string(),
            }
        }
        Error::Other(code) => {
            let errno = Errno::from_raw_os_error(code);
            let reason = std::io::Error::from_raw_os_error(code).to_string();
            let is_full = [Errno::NOSPC, Errno::DQUOT, Errno::FBIG].contains(&errno)
                || (errno == Errno::IO && is_short_of_space(&path));
            if is_full {
                StoreError::NoSpace { path, reason }
            } else {
                StoreError::Io { path, reason }
            }
        }
        other => StoreError::Io {
            path,
            reason: other.to_string(),
        },
    }
}

/// Whether the disk or the process's limit on files leaves next to nothing. LMDB says "input/output error" where a
/// write is cut short, as the first one that no longer fits is.
fn is_short_of_space(path: &Path) -> bool {
    const LITTLE: u64 = 16 << 20;
    let disk = rustix::fs::statvfs(path).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    let size = path.join(DATA_FILE).metadata().map(|file| file.len());
    let of_limit = limit
        .zip(size.ok())
        .map(|(limit, size)| limit.saturating_sub(size));
    disk.is_ok_and(|left| left < LITTLE) || of_limit.is_some_and(|left| left < LITTLE)
}
