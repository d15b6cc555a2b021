//! One session: its capability, and the callbacks that wait.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use ais::AisError;
use ais::ntf::CorrelationIds;
use schema::component_capnp::{component_callbacks, component_session};
use schema::value::{read_dn, read_result};
use tokio::sync::{Notify, oneshot};

use crate::link::{End, Link};
use crate::{AmfError, Callback, GroupChange};

/// Callbacks that may wait for the program; further ones are answered with `SA_AIS_ERR_TRY_AGAIN`.
const CALLBACKS_MAX: usize = 1024;
/// How long the orderly end of a session may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A session with a node director.
pub(crate) struct Session {
    link: Link,
    capability: RefCell<Option<component_session::Client>>,
    waiting: Rc<Waiting>,
}

/// The callbacks that the program has not taken or not answered yet.
struct Waiting {
    end: Rc<End>,
    queue: RefCell<VecDeque<Callback>>,
    answers: RefCell<BTreeMap<u64, oneshot::Sender<(u32, CorrelationIds)>>>,
    groups: RefCell<VecDeque<GroupChange>>,
    finalised: std::cell::Cell<bool>,
    changed: Notify,
}

impl Session {
    pub(crate) async fn begin(link: &Link) -> Result<Session, AmfError> {
        let waiting = Rc::new(Waiting {
            end: Rc::clone(link.end()),
            queue: RefCell::default(),
            answers: RefCell::default(),
            groups: RefCell::default(),
            finalised: std::cell::Cell::default(),
            changed: Notify::new(),
        });
        let server = CallbackServer {
            waiting: Rc::clone(&waiting),
        };
        let session = link.ask_session(capnp_rpc::new_client(server)).await?;
        Ok(Session {
            link: link.clone(),
            capability: RefCell::new(Some(session)),
            waiting,
        })
    }

    /// The connection that it is on.
    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// The session, while it lasts.
    pub(crate) fn session(&self) -> Result<component_session::Client, AmfError> {
        match self.capability.borrow().clone() {
            Some(session) if !self.waiting.is_closed() => Ok(session),
            Some(_) => Err(AmfError::Disconnected("the node director is gone".to_owned())),
            None => Err(AmfError::Disconnected("it was finalised".to_owned())),
        }
    }

    pub(crate) async fn next_callback(&self) -> Option<Callback> {
        loop {
            let changed = self.waiting.changed.notified();
            let next = self.waiting.queue.borrow_mut().pop_front();
            if next.is_some() || self.waiting.is_closed() {
                return next;
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = self.waiting.end.wait() => {}
            }
        }
    }

    pub(crate) async fn next_group(&self) -> Option<GroupChange> {
        loop {
            let changed = self.waiting.changed.notified();
            let next = self.waiting.groups.borrow_mut().pop_front();
            if next.is_some() || self.waiting.is_closed() {
                return next;
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = self.waiting.end.wait() => {}
            }
        }
    }

    pub(crate) fn respond(&self, invocation: u64, code: u32, ids: CorrelationIds) -> Result<(), AmfError> {
        let answer = self.waiting.answers.borrow_mut().remove(&invocation);
        match answer {
            Some(answer) => answer
                .send((code, ids))
                .map_err(|_| AmfError::Disconnected("nobody awaits the answer".to_owned())),
            None if self.waiting.is_closed() => {
                Err(AmfError::Disconnected("the node director is gone".to_owned()))
            }
            None => Err(AmfError::refused(
                AisError::InvalidParam,
                format!("no callback with the invocation {invocation} awaits an answer"),
            )),
        }
    }

    /// Ends the session; with the last one the connection ends too.
    pub(crate) async fn close(&self) {
        let ended = async {
            // What was answered counts before the end of the session does, and before that of the process.
            if let Err(error) = self.link.flush().await {
                tracing::debug!(%error, "the node director is gone");
            }
            let session = self.capability.borrow_mut().take();
            drop(session);
            if self.link.is_last() {
                self.link.close().await;
            } else if let Err(error) = self.link.flush().await {
                tracing::debug!(%error, "the node director is gone");
            }
        };
        if tokio::time::timeout(CLOSE_LIMIT, ended).await.is_err() {
            tracing::debug!("the node director does not take the rest");
        }
        self.capability.borrow_mut().take();
        self.waiting.close();
    }
}

impl Waiting {
    fn is_closed(&self) -> bool {
        self.finalised.get() || self.end.is_over()
    }

    fn close(&self) {
        self.finalised.set(true);
        self.answers.borrow_mut().clear();
        self.changed.notify_waiters();
    }

    /// Puts a callback where the program finds it; gives where its answer will come.
    fn enter(&self, callback: Callback) -> Option<oneshot::Receiver<(u32, CorrelationIds)>> {
        let mut answers = self.answers.borrow_mut();
        if answers.len() >= CALLBACKS_MAX {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        answers.insert(callback.invocation, answer);
        self.queue.borrow_mut().push_back(callback);
        self.changed.notify_waiters();
        Some(answered)
    }
}

/// What the node director calls.
struct CallbackServer {
    waiting: Rc<Waiting>,
}

impl component_callbacks::Server for CallbackServer {
    async fn callback(
        self: Rc<Self>,
        params: component_callbacks::CallbackParams,
        mut results: component_callbacks::CallbackResults,
    ) -> Result<(), capnp::Error> {
        let (invocation, comp, kind) = schema::component::read_callback(params.get()?.get_callback()?)
            .map_err(|error| capnp::Error::failed(error.to_string()))?;
        let answered = self.waiting.enter(Callback {
            invocation,
            comp,
            kind,
        });
        let (code, ids) = match answered {
            Some(answered) => answered
                .await
                .map_err(|_| capnp::Error::disconnected("the component has finalised".to_owned()))?,
            None => (AisError::TryAgain.code(), CorrelationIds::default()),
        };
        let mut results = results.get();
        results.set_result(code);
        results.set_root(ids.root);
        results.set_parent(ids.parent);
        Ok(())
    }

    async fn protection_group(
        self: Rc<Self>,
        params: component_callbacks::ProtectionGroupParams,
        _: component_callbacks::ProtectionGroupResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let failed = |error: schema::WireError| capnp::Error::failed(error.to_string());
        let change = GroupChange {
            csi: read_dn(params.get_csi()?, "protectionGroup.csi").map_err(failed)?,
            members: read_result(params.get_error(), "protectionGroup.error")
                .map_err(failed)?
                .map(|()| params.get_member_count()),
            notifications: schema::amf::read_notifications(params.get_notifications()?).map_err(failed)?,
        };
        let mut groups = self.waiting.groups.borrow_mut();
        if groups.len() >= CALLBACKS_MAX {
            return Err(capnp::Error::overloaded(
                "the program takes no changes".to_owned(),
            ));
        }
        groups.push_back(change);
        self.waiting.changed.notify_waiters();
        Ok(())
    }
}
