//! A process's connection to its node director, which any number of sessions share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use ais::AisError;
use capnp_rpc::{Disconnector, RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use futures::io::{BufReader, BufWriter};
use schema::component_capnp::{amf, component_callbacks, component_session, director_watcher};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::connection::Session;
use crate::{Amf, AmfError, SOCKET_VARIABLE, accepted};

/// How long the orderly end of a connection may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// Changes that may wait for the program.
const CHANGES_MAX: usize = 16;

/// A process's connection to its node director. Clones share it; when the last clone and the last session on it are
/// gone, it is cut.
#[derive(Clone)]
pub struct Link(Rc<Inner>);

struct Inner {
    bootstrap: amf::Client,
    disconnector: RefCell<Option<Disconnector<Side>>>,
    end: Rc<End>,
    task: JoinHandle<()>,
}

/// Whether a connection has ended.
#[derive(Default)]
pub(crate) struct End {
    over: Cell<bool>,
    came: Notify,
}

impl End {
    pub(crate) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Waits for the end.
    pub(crate) async fn wait(&self) {
        loop {
            let came = self.came.notified();
            if self.over.get() {
                return;
            }
            came.await;
        }
    }

    fn set(&self) {
        self.over.set(true);
        self.came.notify_waiters();
    }
}

impl Link {
    /// The socket that `PERDURE_AMFND_SOCKET` names.
    pub fn socket() -> Result<String, AmfError> {
        std::env::var(SOCKET_VARIABLE).map_err(|_| AmfError::NoEnvironment(SOCKET_VARIABLE))
    }

    /// Connects to the node director that listens on this socket.
    pub async fn open(socket: &str) -> Result<Link, AmfError> {
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
        let end = Rc::new(End::default());
        let seen = Rc::clone(&end);
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = rpc.await {
                tracing::debug!(%error, "the connection to the node director broke");
            }
            seen.set();
        });
        Ok(Link(Rc::new(Inner {
            bootstrap,
            disconnector: RefCell::new(Some(disconnector)),
            end,
            task,
        })))
    }

    /// Begins a session, which gets callbacks of its own.
    ///
    /// # Errors
    /// `SA_AIS_ERR_NO_RESOURCES` where the process has as many sessions as it may.
    pub async fn initialize(&self) -> Result<Amf, AmfError> {
        Session::begin(self).await.map(Amf::on)
    }

    /// Waits until the node director has taken all that was sent before, answers to callbacks included.
    pub async fn flush(&self) -> Result<(), AmfError> {
        self.0.bootstrap.flush_request().send().promise.await?;
        Ok(())
    }

    /// Whether the node director has a director now, and where each change of that comes from now on. The last call on
    /// a connection counts.
    pub async fn watch_director(&self) -> Result<(bool, mpsc::Receiver<bool>), AmfError> {
        let (changes, comes) = mpsc::channel(CHANGES_MAX);
        let mut request = self.0.bootstrap.director_watch_request();
        request
            .get()
            .set_watcher(capnp_rpc::new_client(WatcherServer { changes }));
        let response = request.send().promise.await?;
        Ok((response.get()?.get_present(), comes))
    }

    /// Whether the node director is gone.
    pub fn is_closed(&self) -> bool {
        self.0.end.is_over()
    }

    /// Waits until the node director is gone.
    pub async fn closed(&self) {
        self.0.end.wait().await;
    }

    /// Ends the connection in order: what was answered before is sent. All sessions on it end.
    pub async fn close(&self) {
        let disconnector = self.0.disconnector.borrow_mut().take();
        if let Some(disconnector) = disconnector
            && tokio::time::timeout(CLOSE_LIMIT, disconnector).await.is_err()
        {
            tracing::debug!("the node director does not take the rest");
        }
        self.0.end.set();
    }

    pub(crate) fn end(&self) -> &Rc<End> {
        &self.0.end
    }

    /// Whether nothing else uses the connection.
    pub(crate) fn is_last(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }

    pub(crate) async fn ask_session(
        &self,
        callbacks: component_callbacks::Client,
    ) -> Result<component_session::Client, AmfError> {
        if self.is_closed() {
            return Err(AmfError::refused(AisError::TryAgain, "the node director is gone"));
        }
        let mut request = self.0.bootstrap.initialize_request();
        request.get().set_callbacks(callbacks);
        let response = request.send().promise.await?;
        let response = response.get()?;
        accepted(response.get_status()?)?;
        Ok(response.get_session()?)
    }
}

/// What the node director tells of its director.
struct WatcherServer {
    changes: mpsc::Sender<bool>,
}

impl director_watcher::Server for WatcherServer {
    async fn changed(
        self: Rc<Self>,
        params: director_watcher::ChangedParams,
        _results: director_watcher::ChangedResults,
    ) -> Result<(), capnp::Error> {
        let present = params.get()?.get_present();
        self.changes
            .send(present)
            .await
            .map_err(|_| capnp::Error::failed("nobody wants to know any more".to_owned()))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.task.abort();
        self.end.set();
    }
}
