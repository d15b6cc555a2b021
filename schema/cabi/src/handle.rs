//! Handles: numbers that the program holds for what the library keeps.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use ais::AisError;

use crate::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What is behind the handles of one kind. Belongs into a [`crate::PerProcess`].
///
/// A number says its kind (8 bits) and its process (24 bits), so that a handle of another kind and one that was
/// inherited over `fork` are never found here, and is not used twice.
pub struct Handles<T> {
    base: u64,
    entries: RwLock<Entries<T>>,
}

struct Entries<T> {
    last: u32,
    map: BTreeMap<u64, Arc<T>>,
}

/// The kind of handle that this number claims to be.
pub const fn kind_of(handle: u64) -> u8 {
    (handle >> 56) as u8
}

impl<T> Handles<T> {
    /// An empty table for this process; `kind` is not 0 and no other table's.
    pub fn new(kind: u8) -> Handles<T> {
        let process = u64::from(std::process::id()) & 0xff_ffff;
        Handles {
            base: u64::from(kind) << 56 | process << 32,
            entries: RwLock::new(Entries {
                last: 0,
                map: BTreeMap::new(),
            }),
        }
    }

    // A panic while the lock was held left nothing half done: each change is one call of the map.
    fn read(&self) -> RwLockReadGuard<'_, Entries<T>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries<T>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new handle for what `make` gives; `make` is told the handle.
    ///
    /// # Errors
    /// NO_RESOURCES after 2³² handles.
    pub fn insert(&self, make: impl FnOnce(u64) -> T) -> Result<u64, AisError> {
        let handle = {
            let mut entries = self.write();
            entries.last = entries.last.checked_add(1).ok_or(AisError::NoResources)?;
            self.base | u64::from(entries.last)
        };
        let entry = Arc::new(make(handle));
        self.write().map.insert(handle, entry);
        Ok(handle)
    }

    /// What is behind the handle.
    ///
    /// # Errors
    /// BAD_HANDLE where it was not issued here or is no more.
    pub fn get(&self, handle: u64) -> Result<Arc<T>, AisError> {
        self.read().map.get(&handle).cloned().ok_or(AisError::BadHandle)
    }

    /// Takes the handle out of the table.
    ///
    /// # Errors
    /// BAD_HANDLE where it was not issued here or is no more.
    pub fn remove(&self, handle: u64) -> Result<Arc<T>, AisError> {
        self.write().map.remove(&handle).ok_or(AisError::BadHandle)
    }

    /// Takes out all that `is_meant` accepts, in the order in which they were issued.
    pub fn remove_all(&self, is_meant: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
        let mut entries = self.write();
        let meant: Vec<u64> = entries
            .map
            .iter()
            .filter(|(_, entry)| is_meant(entry))
            .map(|(handle, _)| *handle)
            .collect();
        meant
            .iter()
            .filter_map(|handle| entries.map.remove(handle))
            .collect()
    }

    /// How many there are that `is_meant` accepts.
    pub fn count(&self, is_meant: impl Fn(&T) -> bool) -> usize {
        self.read().map.values().filter(|entry| is_meant(entry)).count()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.read().map.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_known_to_its_own_table_until_it_is_removed() {
        let (numbers, texts) = (Handles::new(1), Handles::new(2));
        let number = numbers.insert(|_| 7).unwrap();
        let text = texts.insert(|handle| handle.to_string()).unwrap();
        assert_eq!((kind_of(number), kind_of(text)), (1, 2));
        assert_eq!(*numbers.get(number).unwrap(), 7);
        assert_eq!(*texts.get(text).unwrap(), text.to_string());
        assert_eq!(numbers.get(text), Err(AisError::BadHandle));
        assert_eq!(numbers.get(0), Err(AisError::BadHandle));
        assert!(numbers.remove(number).is_ok());
        assert_eq!(numbers.remove(number), Err(AisError::BadHandle));
        assert_ne!(numbers.insert(|_| 8).unwrap(), number);
    }
}
