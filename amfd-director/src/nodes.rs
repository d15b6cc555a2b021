//! The node directors: their connections, the orders to them and the reports from them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use ais::amf::{CauseId, NodeOrder, Term};
use ais::ntf::CorrelationIds;
use ais::{AisError, Dn, Refusal};
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use director_engine::{DownCause, Event, SessionId};
use schema::amf_capnp::{director, director_session, node_director};
use schema::{Refused, WireError};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};
use tracing::{error, info, warn};

use crate::shell::Shell;
use crate::{Error, Heartbeat, SOCKET};

/// The most orders in one message.
const ORDERS_MOST: usize = 256;
/// The most messages a node director may leave unanswered.
const UNANSWERED_MOST: u32 = 10_000;

/// The class of the objects that node directors stand for.
const NODE_CLASS: &str = "SaAmfNode";

/// The connection of a node director.
struct Session {
    node: Dn,
    callbacks: node_director::Client,
    connection: Rc<Connection>,
    unanswered: Rc<Cell<u32>>,
    /// Its process.
    pid: Option<i32>,
}

/// A connection, whoever is at the other end.
#[derive(Default)]
struct Connection {
    give_up: Notify,
    session: Cell<Option<SessionId>>,
    /// The other end did not answer.
    silent: Cell<bool>,
}

impl Connection {
    /// Ends the connection to somebody who does not answer.
    fn give_up(&self) {
        self.silent.set(true);
        self.give_up.notify_one();
    }
}

/// The node directors that are connected.
#[derive(Default)]
pub(crate) struct Sessions {
    by_id: BTreeMap<SessionId, Session>,
    /// The process that was each node's director last, where it is gone.
    lost: BTreeMap<Dn, i32>,
    last: u64,
}

impl Sessions {
    /// Sends orders in their order; drops them where the connection is gone.
    pub(crate) fn send(&self, id: SessionId, term: Term, orders: Vec<(CauseId, NodeOrder)>) {
        let Some(session) = self.by_id.get(&id) else {
            return;
        };
        for part in orders.chunks(ORDERS_MOST) {
            if let Err(error) = session.send(term, part) {
                error!(node = %session.node, %error, "orders cannot be sent; the connection is given up");
                session.connection.give_up.notify_one();
                return;
            }
        }
    }

    /// Ends the connection.
    pub(crate) fn give_up(&self, id: SessionId) {
        if let Some(session) = self.by_id.get(&id) {
            session.connection.give_up();
        }
    }

    /// How many node directors are connected.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether no node director is connected.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The process that was the node's director before it was lost.
    pub(crate) fn lost_process(&self, node: &Dn) -> Option<i32> {
        self.lost.get(node).copied()
    }

    fn of_node(&self, node: &Dn) -> Option<&Session> {
        self.by_id.values().find(|session| session.node == *node)
    }
}

impl Session {
    fn send(&self, term: Term, orders: &[(CauseId, NodeOrder)]) -> Result<(), WireError> {
        let mut request = self.callbacks.order_request();
        let mut params = request.get();
        params.set_term(term.0);
        let list = params.init_orders(schema::list_len(orders.len(), "orders")?);
        schema::amf::write_caused_orders(orders, list)?;
        if self.unanswered.get() >= UNANSWERED_MOST {
            warn!(node = %self.node, "the node director leaves its orders unanswered; the connection is given up");
            self.connection.give_up();
            return Ok(());
        }
        self.unanswered.set(self.unanswered.get() + 1);
        let (answer, unanswered, node) = (request.send(), Rc::clone(&self.unanswered), self.node.clone());
        tokio::task::spawn_local(async move {
            let answer = answer.promise.await;
            unanswered.set(unanswered.get() - 1);
            // A connection that broke is noticed where it ends.
            if let Ok(answer) = answer {
                match read_order_status(&answer) {
                    Ok(Ok(())) => {}
                    Ok(Err(refused)) => {
                        error!(%node, term = term.0, error = %refused.error, texts = refused.texts.join("; "), "orders are refused");
                    }
                    Err(error) => error!(%node, %error, "the answer to orders is not understood"),
                }
            }
        });
        Ok(())
    }
}

fn read_order_status(
    answer: &capnp::capability::Response<node_director::order_results::Owned>,
) -> Result<Result<(), Refused>, WireError> {
    schema::value::read_status(answer.get()?.get_status()?)
}

/// Opens the director's socket for processes of the same user.
pub(crate) fn listen(dir: &Path) -> Result<UnixListener, Error> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join(SOCKET);
    let failed = |source| Error::Socket {
        path: path.clone(),
        source,
    };
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}

/// Serves every connection; never ends.
pub(crate) async fn accept(shell: Rc<Shell>, listener: UnixListener, heartbeat: Heartbeat) {
    let own = rustix::process::getuid().as_raw();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => match stream.peer_cred() {
                Ok(peer) if peer.uid() == own => {
                    let pid = peer.pid();
                    let heartbeat = heartbeat.clone();
                    tokio::task::spawn_local(serve(Rc::clone(&shell), stream, pid, heartbeat));
                }
                Ok(peer) => warn!(uid = peer.uid(), "a process of another user is turned away"),
                Err(error) => warn!(%error, "a process without credentials is turned away"),
            },
            Err(error) => {
                // Out of descriptors, for example; that passes when a connection ends.
                warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves a connection to its end; then the node director on it, if there was one, is gone.
async fn serve(shell: Rc<Shell>, stream: UnixStream, pid: Option<i32>, heartbeat: Heartbeat) {
    let connection = Rc::new(Connection::default());
    let (reader, writer) = stream.into_split();
    let network = twoparty::VatNetwork::new(
        futures::io::BufReader::new(reader.compat()),
        futures::io::BufWriter::new(writer.compat_write()),
        Side::Server,
        capnp::message::ReaderOptions::default(),
    );
    let bootstrap: director::Client = capnp_rpc::new_client(DirectorServer {
        shell: Rc::clone(&shell),
        connection: Rc::clone(&connection),
        pid,
        heartbeat,
    });
    let system = RpcSystem::new(Box::new(network), Some(bootstrap.client));
    tokio::select! {
        _ = system => {}
        () = connection.give_up.notified() => {}
    }
    let Some(id) = connection.session.take() else {
        return;
    };
    let session = shell.sessions.borrow_mut().by_id.remove(&id);
    if let Some(session) = session {
        if let Some(pid) = session.pid {
            let mut sessions = shell.sessions.borrow_mut();
            sessions.lost.insert(session.node.clone(), pid);
        }
        let cause = if connection.silent.get() {
            DownCause::Silent
        } else {
            DownCause::Ended
        };
        warn!(node = %session.node, session = id.0, ?cause, "the node director is gone");
        shell.step(Event::NodeDown {
            node: session.node.clone(),
            session: id,
            cause,
        });
    }
}

/// The director as a node director sees it before it has a session.
struct DirectorServer {
    shell: Rc<Shell>,
    connection: Rc<Connection>,
    pid: Option<i32>,
    heartbeat: Heartbeat,
}

impl DirectorServer {
    fn check_node_up(&self, node: &Dn) -> Result<(), Refusal> {
        if !self.shell.is_started() {
            let text = "the director has not read the model yet; try again";
            return Err(Refusal::new(AisError::TryAgain, text));
        }
        if !self.shell.model.borrow().has(node, NODE_CLASS) {
            let text = format!(
                "{node} is not an object of class {NODE_CLASS}; the model must have one for each node"
            );
            return Err(Refusal::new(AisError::NotExist, text));
        }
        if self.connection.session.get().is_some() || self.shell.sessions.borrow().of_node(node).is_some() {
            let text = format!("a node director is connected for {node} already");
            return Err(Refusal::new(AisError::Exist, text));
        }
        Ok(())
    }

    /// Takes the node director in; the engine is told after the answer is on its way.
    fn open_session(&self, node: Dn, callbacks: node_director::Client) -> director_session::Client {
        let id = {
            let mut sessions = self.shell.sessions.borrow_mut();
            sessions.last += 1;
            let id = SessionId(sessions.last);
            let session = Session {
                node: node.clone(),
                callbacks: callbacks.clone(),
                connection: Rc::clone(&self.connection),
                unanswered: Rc::default(),
                pid: self.pid,
            };
            sessions.by_id.insert(id, session);
            id
        };
        self.connection.session.set(Some(id));
        info!(%node, session = id.0, "the node director is connected");
        let heartbeat = watch_heartbeat(
            node.clone(),
            callbacks,
            Rc::clone(&self.connection),
            &self.heartbeat,
        );
        let beating = tokio::task::spawn_local(heartbeat);
        let shell = Rc::clone(&self.shell);
        let up = Event::NodeUp {
            node: node.clone(),
            session: id,
        };
        tokio::task::spawn_local(async move { shell.step(up) });
        capnp_rpc::new_client(SessionServer {
            shell: Rc::clone(&self.shell),
            node,
            id,
            connection: Rc::clone(&self.connection),
            beating: RefCell::new(Some(beating)),
        })
    }
}

/// Gives the connection up when the node director does not answer in time.
fn watch_heartbeat(
    node: Dn,
    callbacks: node_director::Client,
    connection: Rc<Connection>,
    heartbeat: &Heartbeat,
) -> impl Future<Output = ()> + use<> {
    let (interval, limit) = (heartbeat.interval, heartbeat.limit_of(&node));
    async move {
        loop {
            tokio::time::sleep(interval).await;
            let answer = callbacks.heartbeat_request().send().promise;
            match tokio::time::timeout(limit, answer).await {
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return,
                Err(_) => {
                    error!(%node, "no answer to a heartbeat in {limit:?}; the connection is given up");
                    connection.give_up();
                    return;
                }
            }
        }
    }
}

impl director::Server for DirectorServer {
    async fn node_up(
        self: Rc<Self>,
        params: director::NodeUpParams,
        mut results: director::NodeUpResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let node = schema::value::read_dn(params.get_node()?, "node");
        // A node director that came before the model need not come again.
        self.shell.wait_started().await;
        let checked = match node {
            Ok(node) => self.check_node_up(&node).map(|()| node).map_err(Refused::from),
            Err(error) => Err(error.into()),
        };
        let mut results = results.get();
        results.set_term(self.shell.term.0);
        match checked {
            Ok(node) => {
                let session = self.open_session(node, params.get_callbacks()?);
                results.set_session(session);
                schema::value::write_status(&Ok(()), results.init_status());
            }
            Err(refused) => {
                warn!(error = %refused.error, texts = refused.texts.join("; "), "a node director is turned away");
                schema::value::write_status(&Err(refused), results.init_status());
            }
        }
        Ok(())
    }

    async fn notifications(
        self: Rc<Self>,
        _: director::NotificationsParams,
        mut results: director::NotificationsResults,
    ) -> Result<(), capnp::Error> {
        let service = Rc::clone(&self.shell.notifications);
        let server = crate::ntf::NotificationServer { service };
        results.get().set_service(capnp_rpc::new_client(server));
        Ok(())
    }

    async fn timeline(
        self: Rc<Self>,
        params: director::TimelineParams,
        results: director::TimelineResults,
    ) -> Result<(), capnp::Error> {
        crate::answers::timeline(&self.shell, params.get()?, results)
    }

    async fn explain(
        self: Rc<Self>,
        params: director::ExplainParams,
        results: director::ExplainResults,
    ) -> Result<(), capnp::Error> {
        crate::answers::explain(&self.shell, params.get()?, results)
    }
}

/// A node director's session.
struct SessionServer {
    shell: Rc<Shell>,
    node: Dn,
    id: SessionId,
    connection: Rc<Connection>,
    beating: RefCell<Option<tokio::task::JoinHandle<()>>>,
}

impl Drop for SessionServer {
    fn drop(&mut self) {
        if let Some(beating) = self.beating.borrow_mut().take() {
            beating.abort();
        }
        // A node director that gave its session back is gone, even where its connection is not.
        self.connection.give_up.notify_one();
    }
}

impl director_session::Server for SessionServer {
    async fn report(
        self: Rc<Self>,
        params: director_session::ReportParams,
        _results: director_session::ReportResults,
    ) -> Result<(), capnp::Error> {
        let reports = schema::amf::read_node_reports(params.get()?.get_reports()?)
            .map_err(|error| capnp::Error::failed(error.to_string()))?;
        for report in reports {
            tracing::debug!(node = %self.node, ?report, "report");
            self.shell.step(Event::Report {
                node: self.node.clone(),
                session: self.id,
                report,
            });
        }
        Ok(())
    }

    async fn correlation_ids(
        self: Rc<Self>,
        params: director_session::CorrelationIdsParams,
        mut results: director_session::CorrelationIdsResults,
    ) -> Result<(), capnp::Error> {
        let cause = CauseId(params.get()?.get_cause());
        let ids = self.shell.notifications.borrow().correlation_ids(cause);
        results.get().set_root(ids.root);
        results.get().set_parent(ids.parent);
        Ok(())
    }

    async fn proxied_from_elsewhere(
        self: Rc<Self>,
        params: director_session::ProxiedFromElsewhereParams,
        mut results: director_session::ProxiedFromElsewhereResults,
    ) -> Result<(), capnp::Error> {
        let comp = schema::value::read_dn(params.get()?.get_comp()?, "proxiedFromElsewhere.comp")
            .map_err(|error| capnp::Error::failed(error.to_string()))?;
        if let Some(node) = self.shell.proxied_from_elsewhere(&comp) {
            results.get().set_node(node.as_str());
        }
        Ok(())
    }

    async fn correlate(
        self: Rc<Self>,
        params: director_session::CorrelateParams,
        _results: director_session::CorrelateResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let comp = schema::value::read_dn(params.get_comp()?, "correlate.comp")
            .map_err(|error| capnp::Error::failed(error.to_string()))?;
        let ids = CorrelationIds {
            root: params.get_root(),
            parent: params.get_parent(),
        };
        let mut notifications = self.shell.notifications.borrow_mut();
        notifications.correlate(&comp, params.get_clears(), ids);
        Ok(())
    }
}
