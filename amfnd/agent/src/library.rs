//! The library in one process: its handles and its thread.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ais::AisError;
use amfnd_client::{Amf, AmfError};
use cabi::{End, Handles, PerProcess};

use crate::callbacks::Callbacks;
use crate::groups::Lent;
use crate::handle::{Handle, Waiting};
use crate::release::Release;
use crate::room::code_of;
use crate::sc_status::{self, Installed};
use crate::worker::Worker;

/// The kind of AMF's handles.
const KIND: u8 = 0xa3;

static LIBRARY: PerProcess<Library> = PerProcess::new(|| Library {
    handles: Handles::new(KIND),
    worker: Mutex::new(None),
    sc_status: Mutex::new(None),
    lent: Lent::default(),
});

/// The state of the library.
pub(crate) struct Library {
    handles: Handles<Handle>,
    /// There while there are handles or a function that is told of the director without one.
    worker: Mutex<Option<Arc<Worker>>>,
    sc_status: Mutex<Option<Installed>>,
    /// What programs read and give back.
    pub(crate) lent: Lent,
}

impl Library {
    /// That of this process; a child that was forked begins with none of its parent's handles.
    pub(crate) fn get() -> &'static Library {
        LIBRARY.get()
    }

    // Each change below is an assignment.
    fn worker(&self) -> MutexGuard<'_, Option<Arc<Worker>>> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new handle with a session.
    ///
    /// # Errors
    /// LIBRARY, TRY_AGAIN, NO_RESOURCES, TIMEOUT
    pub(crate) fn initialize(&self, release: Release, callbacks: Callbacks) -> Result<u64, AisError> {
        let (worker, number) = {
            let mut present = self.worker();
            let worker = needed(&mut present)?;
            let number = self
                .handles
                .insert(|number| Handle::new(number, release, callbacks))?;
            (worker, number)
        };
        let handle = self.handles.get(number)?;
        let begun = worker.ask(move |room| async move { room.begin(handle).await });
        drop(worker);
        if let Err(error) = begun {
            self.finalize(number)?;
            return Err(error);
        }
        Ok(number)
    }

    /// The handle of this number.
    ///
    /// # Errors
    /// BAD_HANDLE
    pub(crate) fn handle(&self, number: u64) -> Result<Arc<Handle>, AisError> {
        self.handles.get(number)
    }

    /// Ends a handle; with the last one the library's thread ends.
    ///
    /// # Errors
    /// BAD_HANDLE
    pub(crate) fn finalize(&self, number: u64) -> Result<(), AisError> {
        let handle = self.handles.remove(number)?;
        handle.queue.end(End::Finalized);
        self.lent.forget(number);
        self.sc_status()
            .take_if(|installed| matches!(installed, Installed::Handle(theirs, _) if *theirs == number));
        let worker = self.worker().clone();
        if let Some(worker) = worker {
            // What cannot be told in time is noticed when the process ends.
            let _told = worker.ask(move |room| async move {
                room.end(number).await;
                Ok(())
            });
        }
        let last = {
            let mut present = self.worker();
            let is_needed =
                !self.handles.is_empty() || matches!(*self.sc_status(), Some(Installed::Thread(_)));
            if is_needed { None } else { present.take() }
        };
        if let Some(worker) = last {
            match Arc::try_unwrap(worker) {
                Ok(worker) => worker.join(),
                // Another thread is about to see that its handle is gone.
                Err(worker) => worker.stop(),
            }
        }
        Ok(())
    }

    /// Asks the node director on the session of a handle.
    ///
    /// # Errors
    /// BAD_HANDLE, TRY_AGAIN, TIMEOUT, and those of the node director.
    pub(crate) fn ask<T, F>(
        &self,
        handle: &Handle,
        work: impl FnOnce(Amf) -> F + Send + 'static,
    ) -> Result<T, AisError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AmfError>> + 'static,
    {
        let number = handle.number;
        self.present_worker()?.ask(move |room| async move {
            let amf = room.session(number).await?;
            work(amf).await.map_err(code_of)
        })
    }

    /// As [`Library::ask`]; what succeeds leaves something with the node director.
    pub(crate) fn ask_to_keep<T, F>(
        &self,
        handle: &Handle,
        work: impl FnOnce(Amf) -> F + Send + 'static,
    ) -> Result<T, AisError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AmfError>> + 'static,
    {
        let number = handle.number;
        self.present_worker()?.ask(move |room| async move {
            let amf = room.session(number).await?;
            let answer = work(amf).await.map_err(code_of)?;
            room.bind(number);
            Ok(answer)
        })
    }

    /// Tells a function of the program of each change of the director; one that was told before is not any more.
    ///
    /// # Errors
    /// LIBRARY
    pub(crate) fn install_sc_status(&self, installed: Installed) -> Result<(), AisError> {
        let worker = needed(&mut self.worker())?;
        *self.sc_status() = Some(installed);
        worker
            .ask(|room| async move { room.watch_director().await })
            .map_err(|_| AisError::Library)
    }

    /// The director came or went.
    pub(crate) fn tell_sc_status(&self, present: bool) {
        let status = sc_status::status(present);
        match &*self.sc_status() {
            None => {}
            Some(Installed::Handle(number, function)) => {
                if let Ok(handle) = self.handles.get(*number) {
                    handle.queue.push(Waiting::ScStatus(*function, status));
                }
            }
            Some(Installed::Thread(tell)) => {
                // The thread lives as long as the sender.
                let _told = tell.send(status);
            }
        }
    }

    fn sc_status(&self) -> MutexGuard<'_, Option<Installed>> {
        self.sc_status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present_worker(&self) -> Result<Arc<Worker>, AisError> {
        self.worker().clone().ok_or(AisError::BadHandle)
    }
}

/// The thread, started where there is none.
fn needed(present: &mut Option<Arc<Worker>>) -> Result<Arc<Worker>, AisError> {
    Ok(match present {
        Some(worker) => Arc::clone(worker),
        None => Arc::clone(present.insert(Arc::new(Worker::start()?))),
    })
}
