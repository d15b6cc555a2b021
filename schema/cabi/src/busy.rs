//! One call at a time.

use std::sync::atomic::Ordering;

use ais::AisError;

use crate::sync::AtomicBool;

/// Whether a call is in progress on a handle.
///
/// OpenSAF answers `SA_AIS_ERR_LIBRARY` to a second thread that uses a handle while another waits for the service's
/// answer on it, and programs test for that.
#[derive(Debug, Default)]
pub struct Busy(AtomicBool);

/// A call in progress; it ends when this is dropped.
pub struct BusyGuard<'a>(&'a Busy);

impl Busy {
    /// Begins a call.
    ///
    /// # Errors
    /// LIBRARY where one is in progress.
    pub fn enter(&self) -> Result<BusyGuard<'_>, AisError> {
        // An attempt that fails writes nothing: the mark is only its holder's to take away.
        match self
            .0
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
        {
            Ok(_) => Ok(BusyGuard(self)),
            Err(_) => Err(AisError::Library),
        }
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}
