//! Who is told whether there is a director (OpenSAF's system controllers).

use std::sync::mpsc;
use std::thread;

use ais::AisError;

use crate::types::ScStatusCallback;
use crate::worker::without_signals;

/// `OSAF_AMF_SC_PRESENT`
const PRESENT: u32 = 1;
/// `OSAF_AMF_SC_ABSENT`
const ABSENT: u32 = 2;

/// The number for the program.
pub(crate) const fn status(present: bool) -> u32 {
    if present { PRESENT } else { ABSENT }
}

/// The program's function, and how it is called.
pub(crate) enum Installed {
    /// Through the dispatching of this handle.
    Handle(u64, ScStatusCallback),
    /// On a thread of its own.
    Thread(mpsc::Sender<u32>),
}

impl Installed {
    /// Starts the thread that calls the function. It ends when the function is replaced.
    ///
    /// # Errors
    /// LIBRARY where there is no room for one more thread.
    pub(crate) fn on_thread(function: ScStatusCallback) -> Result<Installed, AisError> {
        let (tell, told) = mpsc::channel();
        let body = move || {
            while let Ok(status) = told.recv() {
                // SAFETY: the program gave this function for this argument.
                unsafe { function(status) };
            }
        };
        without_signals(|| {
            thread::Builder::new()
                .name("libSaAmf-status".to_owned())
                .spawn(body)
        })?
        .map_err(|_| AisError::Library)?;
        Ok(Installed::Thread(tell))
    }
}
