//! Selection objects.

use std::os::fd::{AsRawFd, OwnedFd};

use ais::AisError;
use rustix::event::{EventfdFlags, eventfd};

use crate::SaSelectionObjectT;

/// A file descriptor that can be read from while something waits for the program.
#[derive(Debug)]
pub struct Selection {
    event: OwnedFd,
}

impl Selection {
    /// A quiet one.
    ///
    /// # Errors
    /// NO_RESOURCES where the process has too many descriptors.
    pub fn new() -> Result<Selection, AisError> {
        let event =
            eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).map_err(|_| AisError::NoResources)?;
        Ok(Selection { event })
    }

    /// Makes it readable.
    pub fn raise(&self) {
        // The only failure is a counter that is full, and then it is readable.
        let _full = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }

    /// Makes it quiet.
    pub fn clear(&self) {
        let mut count = [0; 8];
        // The only failure is that it was quiet.
        let _quiet = rustix::io::read(&self.event, &mut count);
    }

    /// The number for the program.
    pub fn number(&self) -> SaSelectionObjectT {
        // Descriptors are not negative.
        SaSelectionObjectT::from(self.event.as_raw_fd().unsigned_abs())
    }
}
