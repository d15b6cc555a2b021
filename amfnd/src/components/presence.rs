//! Whether there is a director, for the processes that want to know; and what only the director knows.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use ais::amf::CauseId;
use ais::ntf::CorrelationIds;
use ais::{AisError, Dn};
use schema::amf_capnp::director_session;
use schema::component_capnp::director_watcher;

/// How long the director may take to answer a component's question.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Whether the node director has a director, and who is told when that changes.
#[derive(Default)]
pub(crate) struct DirectorPresence {
    present: Cell<bool>,
    /// The session with it, while it is present.
    session: RefCell<Option<director_session::Client>>,
    /// One for each connection.
    watchers: RefCell<BTreeMap<u64, director_watcher::Client>>,
}

impl DirectorPresence {
    pub(crate) fn is_present(&self) -> bool {
        self.present.get()
    }

    /// The director has greeted.
    pub(crate) fn came(&self, session: director_session::Client) {
        self.session.replace(Some(session));
        self.set(true);
    }

    /// The director is lost.
    pub(crate) fn went(&self) {
        let session = self.session.take();
        drop(session);
        self.set(false);
    }

    /// The first and the newest notification of a story.
    ///
    /// # Errors
    /// TRY_AGAIN where no director answers.
    pub(crate) async fn correlation_ids(&self, cause: CauseId) -> Result<CorrelationIds, AisError> {
        if cause.is_none() {
            return Ok(CorrelationIds::default());
        }
        let session = self.session.borrow().clone().ok_or(AisError::TryAgain)?;
        let mut request = session.correlation_ids_request();
        request.get().set_cause(cause.0);
        drop(session);
        let answer = tokio::time::timeout(ANSWER_LIMIT, request.send().promise).await;
        let ids = match answer {
            Ok(Ok(answer)) => answer.get().map(|ids| CorrelationIds {
                root: ids.get_root(),
                parent: ids.get_parent(),
            }),
            // An older director keeps none.
            Ok(Err(error)) if error.kind == capnp::ErrorKind::Unimplemented => Ok(CorrelationIds::default()),
            Ok(Err(error)) => Err(error),
            Err(_) => return Err(AisError::TryAgain),
        };
        ids.map_err(|error| {
            tracing::debug!(%error, "the director does not say what led to a callback");
            AisError::TryAgain
        })
    }

    /// The node of a component whose proxy is on another one; none for every other component.
    ///
    /// # Errors
    /// TRY_AGAIN where no director answers.
    pub(crate) async fn proxied_from_elsewhere(&self, comp: &Dn) -> Result<Option<Dn>, AisError> {
        let session = self.session.borrow().clone().ok_or(AisError::TryAgain)?;
        let mut request = session.proxied_from_elsewhere_request();
        request.get().set_comp(comp.as_str());
        drop(session);
        let answer = tokio::time::timeout(ANSWER_LIMIT, request.send().promise).await;
        let answer = match answer.map_err(|_| AisError::TryAgain)? {
            Ok(answer) => answer,
            // An older director knows of none.
            Err(error) if error.kind == capnp::ErrorKind::Unimplemented => return Ok(None),
            Err(error) => {
                tracing::debug!(%error, "the director does not say where a component is");
                return Err(AisError::TryAgain);
            }
        };
        let unreadable = |_| AisError::TryAgain;
        let node = answer.get().map_err(unreadable)?.get_node().map_err(unreadable)?;
        schema::value::read_optional_dn(node, "proxiedFromElsewhere.node").map_err(|_| AisError::TryAgain)
    }

    /// A program gave these with an error of the component, or with its end: the director hears of them before it hears of
    /// the error. Lost where there is no director, as the notification is.
    pub(crate) fn correlate(&self, comp: &Dn, clears: bool, ids: CorrelationIds) {
        let Some(session) = self.session.borrow().clone() else {
            return;
        };
        let mut request = session.correlate_request();
        let mut params = request.get();
        params.set_comp(comp.as_str());
        params.set_clears(clears);
        params.set_root(ids.root);
        params.set_parent(ids.parent);
        tokio::task::spawn_local(async move {
            if let Err(error) = request.send().promise.await {
                tracing::debug!(%error, "the director does not take the identifiers of an error");
            }
        });
    }

    fn set(&self, present: bool) {
        if self.present.replace(present) == present {
            return;
        }
        for watcher in self.watchers.borrow().values() {
            let mut request = watcher.changed_request();
            request.get().set_present(present);
            tokio::task::spawn_local(async move {
                if let Err(error) = request.send().promise.await {
                    tracing::debug!(%error, "a process does not hear of the director");
                }
            });
        }
    }

    /// From now on the process is told; the last watcher of a connection counts.
    pub(crate) fn watch(&self, connection: u64, watcher: director_watcher::Client) -> bool {
        self.watchers.borrow_mut().insert(connection, watcher);
        self.present.get()
    }

    /// The connection is gone.
    pub(crate) fn forget(&self, connection: u64) {
        let watcher = self.watchers.borrow_mut().remove(&connection);
        drop(watcher);
    }
}
