//! What threads meet at. `tests/threads.rs` puts loom's in the place of these and tries every order in which threads may
//! come.

pub(crate) use std::sync::atomic::AtomicBool;
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
