//! What the library's thread keeps: the connection, and a session for each handle.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ais::AisError;
use amfnd_client::{Amf, AmfError, Link};
use cabi::End;
use tokio::sync::mpsc;

use crate::handle::{Handle, Waiting};
use crate::library::Library;

/// The first and the longest interval between two attempts to find a new node director.
const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_millis(500);

/// The connection and the sessions of the process.
#[derive(Default)]
pub(crate) struct Room {
    link: RefCell<Option<Link>>,
    /// Held while a connection is made.
    connecting: tokio::sync::Mutex<()>,
    sessions: RefCell<BTreeMap<u64, Session>>,
    /// Whether the program wants to know of the director.
    watches: Cell<bool>,
}

struct Session {
    handle: Arc<Handle>,
    amf: Amf,
    /// Whether the node director keeps something for it that a new one would not know.
    is_bound: bool,
}

/// What the program is told of a failure.
pub(crate) fn code_of(error: AmfError) -> AisError {
    match error {
        AmfError::NoEnvironment(_) => AisError::Library,
        AmfError::NotRunning { .. } | AmfError::Disconnected(_) => AisError::TryAgain,
        AmfError::Refused { error, .. } => error,
    }
}

impl Room {
    /// Begins the session of a new handle.
    ///
    /// # Errors
    /// LIBRARY where the environment names no node director, TRY_AGAIN where none answers, NO_RESOURCES.
    pub(crate) async fn begin(self: &Rc<Self>, handle: Arc<Handle>) -> Result<(), AisError> {
        let amf = self.open_session(&handle).await?;
        let session = Session {
            handle: Arc::clone(&handle),
            amf,
            is_bound: false,
        };
        self.sessions.borrow_mut().insert(handle.number, session);
        Ok(())
    }

    /// Ends the session of a handle.
    pub(crate) async fn end(&self, handle: u64) {
        let session = self.sessions.borrow_mut().remove(&handle);
        if let Some(session) = session {
            session.amf.finalize().await;
        }
    }

    /// From now on the node director keeps something for the handle.
    pub(crate) fn bind(&self, handle: u64) {
        if let Some(session) = self.sessions.borrow_mut().get_mut(&handle) {
            session.is_bound = true;
        }
    }

    /// The session of a handle, a new one where the node director was restarted.
    ///
    /// # Errors
    /// TRY_AGAIN where no node director answers; BAD_HANDLE where there is a new one that does not know what the
    /// handle had begun.
    pub(crate) async fn session(self: &Rc<Self>, handle: u64) -> Result<Amf, AisError> {
        let (known, handle, is_bound) = {
            let sessions = self.sessions.borrow();
            let session = sessions.get(&handle).ok_or(AisError::BadHandle)?;
            (session.amf.clone(), Arc::clone(&session.handle), session.is_bound)
        };
        if !known.is_closed() {
            return Ok(known);
        }
        if is_bound {
            self.link().await?;
            handle.queue.end(End::Lost);
            return Err(AisError::BadHandle);
        }
        let fresh = self.open_session(&handle).await?;
        if let Some(session) = self.sessions.borrow_mut().get_mut(&handle.number) {
            session.amf = fresh.clone();
        }
        Ok(fresh)
    }

    /// From now on the program is told when the director comes or goes.
    ///
    /// # Errors
    /// LIBRARY, TRY_AGAIN
    pub(crate) async fn watch_director(self: &Rc<Self>) -> Result<(), AisError> {
        let link = self.link().await?;
        if !self.watches.get() {
            let (_present, changes) = link.watch_director().await.map_err(code_of)?;
            self.watches.set(true);
            tokio::task::spawn_local(pass_changes_on(changes));
        }
        Ok(())
    }

    /// As [`Room::watch_director`], on the connection to a new node director.
    async fn watch_again(self: &Rc<Self>) {
        if self.watches.replace(false)
            && let Err(error) = self.watch_director().await
        {
            tracing::warn!(?error, "what becomes of the director is not told any more");
        }
    }

    /// Opens a session, whose callbacks go to the handle.
    async fn open_session(self: &Rc<Self>, handle: &Arc<Handle>) -> Result<Amf, AisError> {
        let amf = self.link().await?.initialize().await.map_err(code_of)?;
        tokio::task::spawn_local(pass_on(amf.clone(), Arc::clone(handle)));
        tokio::task::spawn_local(pass_groups_on(amf.clone(), Arc::clone(handle)));
        Ok(amf)
    }

    /// The connection, a new one where there is none.
    async fn link(self: &Rc<Self>) -> Result<Link, AisError> {
        let _alone = self.connecting.lock().await;
        let present = self.link.borrow().clone();
        if let Some(link) = present.filter(|link| !link.is_closed()) {
            return Ok(link);
        }
        let socket = Link::socket().map_err(code_of)?;
        let link = Link::open(&socket).await.map_err(code_of)?;
        *self.link.borrow_mut() = Some(link.clone());
        tokio::task::spawn_local(Rc::clone(self).outlive(link.clone()));
        Ok(link)
    }

    /// When the node director goes, looks for a new one and tells the handles that are lost.
    async fn outlive(self: Rc<Self>, link: Link) {
        link.closed().await;
        drop(link);
        let mut pause = RETRY_FIRST;
        while self.watches.get() || !self.sessions.borrow().is_empty() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
            if self.link().await.is_ok() {
                self.watch_again().await;
                let sessions = self.sessions.borrow();
                for session in sessions.values().filter(|session| session.is_bound) {
                    if session.amf.is_closed() {
                        session.handle.queue.end(End::Lost);
                    }
                }
                return;
            }
        }
    }
}

/// Puts callbacks where the program dispatches them. One that it gave no function for fails at once.
async fn pass_on(amf: Amf, handle: Arc<Handle>) {
    while let Some(callback) = amf.next_callback().await {
        if handle.callbacks.takes(&callback.kind) {
            handle.queue.push(Waiting::Callback(callback));
        } else if let Err(error) = amf
            .response(callback.invocation, Err(AisError::FailedOperation))
            .await
        {
            tracing::debug!(%error, "a callback without a function cannot be refused");
        }
    }
}

/// Puts changes of protection groups where the program dispatches them.
async fn pass_groups_on(amf: Amf, handle: Arc<Handle>) {
    while let Some(change) = amf.next_protection_group().await {
        handle.queue.push(Waiting::Group(change));
    }
}

/// Tells the program whether there is a director.
async fn pass_changes_on(mut changes: mpsc::Receiver<bool>) {
    while let Some(present) = changes.recv().await {
        Library::get().tell_sc_status(present);
    }
}
