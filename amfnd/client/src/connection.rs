//! One connection: the session's capability, and the callbacks that wait.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use ais::AisError;
use capnp_rpc::{Disconnector, RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use futures::io::{BufReader, BufWriter};
use schema::component_capnp::{amf, component_callbacks, component_session};
use tokio::net::UnixStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::{AmfError, Callback, accepted};

/// Callbacks that may wait for the program; further ones are answered with `SA_AIS_ERR_TRY_AGAIN`.
const CALLBACKS_MAX: usize = 1024;
/// How long the orderly end of the connection may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A connection to a node director.
pub(crate) struct Connection {
    session: RefCell<Option<component_session::Client>>,
    waiting: Rc<Waiting>,
    disconnector: RefCell<Option<Disconnector<Side>>>,
    task: JoinHandle<()>,
}

/// The callbacks that the program has not taken or not answered yet.
#[derive(Default)]
struct Waiting {
    queue: RefCell<VecDeque<Callback>>,
    answers: RefCell<BTreeMap<u64, oneshot::Sender<u32>>>,
    closed: Cell<bool>,
    changed: Notify,
}

impl Connection {
    pub(crate) async fn open(socket: &str) -> Result<Connection, AmfError> {
        let stream = UnixStream::connect(socket)
            .await
            .map_err(|source| AmfError::NotRunning {
                socket: socket.to_owned(),
                source,
            })?;
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            BufReader::new(reader.compat()),
            BufWriter::new(writer.compat_write()),
            Side::Client,
            capnp::message::ReaderOptions::new(),
        );
        let mut rpc = RpcSystem::new(Box::new(network), None);
        let bootstrap: amf::Client = rpc.bootstrap(Side::Server);
        let disconnector = rpc.get_disconnector();
        let waiting = Rc::new(Waiting::default());
        let served = Rc::clone(&waiting);
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = rpc.await {
                tracing::debug!(%error, "the connection to the node director broke");
            }
            served.close();
        });
        let connection = Connection {
            session: RefCell::new(None),
            waiting: Rc::clone(&waiting),
            disconnector: RefCell::new(Some(disconnector)),
            task,
        };
        let mut request = bootstrap.initialize_request();
        request
            .get()
            .set_callbacks(capnp_rpc::new_client(CallbackServer { waiting }));
        let response = request.send().promise.await?;
        let response = response.get()?;
        accepted(response.get_status()?)?;
        *connection.session.borrow_mut() = Some(response.get_session()?);
        Ok(connection)
    }

    /// The session, while it lasts.
    pub(crate) fn session(&self) -> Result<component_session::Client, AmfError> {
        match self.session.borrow().clone() {
            Some(session) if !self.waiting.closed.get() => Ok(session),
            Some(_) => Err(AmfError::Disconnected("the node director is gone".to_owned())),
            None => Err(AmfError::Disconnected("it was finalised".to_owned())),
        }
    }

    pub(crate) async fn next_callback(&self) -> Option<Callback> {
        loop {
            let changed = self.waiting.changed.notified();
            let next = self.waiting.queue.borrow_mut().pop_front();
            if next.is_some() || self.waiting.closed.get() {
                return next;
            }
            changed.await;
        }
    }

    pub(crate) fn respond(&self, invocation: u64, code: u32) -> Result<(), AmfError> {
        let answer = self.waiting.answers.borrow_mut().remove(&invocation);
        match answer {
            Some(answer) => answer
                .send(code)
                .map_err(|_| AmfError::Disconnected("nobody awaits the answer".to_owned())),
            None if self.waiting.closed.get() => {
                Err(AmfError::Disconnected("the node director is gone".to_owned()))
            }
            None => Err(AmfError::refused(
                AisError::InvalidParam,
                format!("no callback with the invocation {invocation} awaits an answer"),
            )),
        }
    }

    pub(crate) async fn close(&self) {
        let session = self.session.borrow_mut().take();
        drop(session);
        let disconnector = self.disconnector.borrow_mut().take();
        if let Some(disconnector) = disconnector
            && tokio::time::timeout(CLOSE_LIMIT, disconnector).await.is_err()
        {
            tracing::debug!("the node director does not take the rest");
        }
        self.waiting.close();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Waiting {
    fn close(&self) {
        self.closed.set(true);
        self.answers.borrow_mut().clear();
        self.changed.notify_waiters();
    }

    /// Puts a callback where the program finds it; gives where its answer will come.
    fn enter(&self, callback: Callback) -> Option<oneshot::Receiver<u32>> {
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
        let code = match answered {
            Some(answered) => answered
                .await
                .map_err(|_| capnp::Error::disconnected("the component has finalised".to_owned()))?,
            None => AisError::TryAgain.code(),
        };
        results.get().set_result(code);
        Ok(())
    }
}
