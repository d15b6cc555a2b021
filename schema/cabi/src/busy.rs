//! One call at a time.

use std::sync::atomic::{AtomicBool, Ordering};

use ais::AisError;

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
        if self.0.swap(true, Ordering::Acquire) {
            return Err(AisError::Library);
        }
        Ok(BusyGuard(self))
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}
