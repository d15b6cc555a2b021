//! What threads meet at. `tests/threads.rs` puts loom's in the place of these and tries every order in which threads may
//! come.

use std::sync::PoisonError;
pub(crate) use std::sync::atomic::AtomicBool;
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// How long no call may have begun until somebody else does what calls do beside their own work. So often at most a thread
/// looks whether calls have ceased; twice as long as it waits for that an event may lie that comes right after a call.
pub(crate) const QUIET: Duration = Duration::from_millis(2);

/// Where calls go on and on, the thread waits up to this many times as long, for each look takes a processor from them, and where the
/// system then puts who calls and who answers on two, a call takes twice as long.
pub(crate) const PATIENCE: u32 = 8;

/// Waits until it is notified, and no longer than `moments` times [`QUIET`]. `lock` is for loom, which knows no time.
pub(crate) fn wait_a_moment<'a, T>(
    _: impl Fn() -> MutexGuard<'a, T>,
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    moments: u32,
) -> MutexGuard<'a, T> {
    changed
        .wait_timeout(guard, QUIET * moments)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}
