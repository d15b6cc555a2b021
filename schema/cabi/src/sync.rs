//! What threads meet at. `tests/threads.rs` puts loom's in the place of these and tries every order in which threads may
//! come.

use std::sync::PoisonError;
pub(crate) use std::sync::atomic::AtomicBool;
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// How long no call may have begun until somebody else does what calls do beside their own work. Twice so long at most an
/// event may lie that comes right after a call; so often at most a thread looks whether calls have ceased.
pub(crate) const QUIET: Duration = Duration::from_millis(2);

/// Waits until it is notified, and no longer than [`QUIET`]. `lock` is for loom, which knows no time.
pub(crate) fn wait_a_moment<'a, T>(
    _: impl Fn() -> MutexGuard<'a, T>,
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    changed
        .wait_timeout(guard, QUIET)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}
