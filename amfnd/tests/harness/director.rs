//! A director that gives orders and keeps the reports.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use ais::Dn;
use ais::amf::{NodeOrder, NodeReport, SuReport};
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use schema::amf_capnp::{director, director_session, node_director};
use tokio::net::UnixListener;
use tokio::sync::Notify;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use super::model::{NODE, su};

/// The director's side of the link.
pub(crate) struct Director {
    shared: Rc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: RefCell<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    node: Option<node_director::Client>,
    connections: usize,
    newest: BTreeMap<Dn, SuReport>,
    all: Vec<NodeReport>,
}

impl Director {
    pub(crate) fn listen(dir: &Path) -> Director {
        let shared = Rc::new(Shared::default());
        let socket = dir.join("amfd.sock");
        let _fresh_or_not = fs::remove_file(&socket);
        let listener = UnixListener::bind(socket).unwrap();
        let task = tokio::task::spawn_local(accept(listener, Rc::clone(&shared)));
        Director { shared, task }
    }

    /// Ends the director and its connection.
    pub(crate) async fn end(self) {
        self.task.abort();
        let _cancelled = self.task.await;
    }

    /// Waits for the next connection or report.
    pub(crate) async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.shared.state.borrow().node.is_some()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.state.borrow().connections
    }

    pub(crate) fn newest(&self) -> Option<SuReport> {
        self.newest_of(&su())
    }

    pub(crate) fn newest_of(&self, su: &Dn) -> Option<SuReport> {
        self.shared.state.borrow().newest.get(su).cloned()
    }

    pub(crate) fn all(&self) -> Vec<NodeReport> {
        self.shared.state.borrow().all.clone()
    }

    /// Gives orders at a term; gives the code of the answer, 1 where they are accepted.
    pub(crate) async fn order(&self, term: u64, orders: Vec<NodeOrder>) -> u32 {
        let node = self.shared.state.borrow().node.clone().unwrap();
        let mut request = node.order_request();
        request.get().set_term(term);
        let count = u32::try_from(orders.len()).unwrap();
        schema::amf::write_node_orders(&orders, request.get().init_orders(count)).unwrap();
        let response = request.send().promise.await.unwrap();
        response.get().unwrap().get_status().unwrap().get_code()
    }

    pub(crate) async fn heartbeat(&self) {
        let node = self.shared.state.borrow().node.clone().unwrap();
        node.heartbeat_request().send().promise.await.unwrap();
    }
}

/// Serves one node director after another.
async fn accept(listener: UnixListener, shared: Rc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            reader.compat(),
            writer.compat_write(),
            Side::Server,
            capnp::message::ReaderOptions::new(),
        );
        let server: director::Client = capnp_rpc::new_client(DirectorServer(Rc::clone(&shared)));
        let _ended = RpcSystem::new(Box::new(network), Some(server.client)).await;
        shared.state.borrow_mut().node = None;
        shared.changed.notify_waiters();
    }
}

struct DirectorServer(Rc<Shared>);

impl director::Server for DirectorServer {
    async fn node_up(
        self: Rc<Self>,
        params: director::NodeUpParams,
        mut results: director::NodeUpResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        assert_eq!(params.get_node()?.to_str().unwrap(), NODE);
        let mut state = self.0.state.borrow_mut();
        state.node = Some(params.get_callbacks()?);
        state.connections += 1;
        results.get().init_status().set_code(1);
        results.get().set_term(1);
        results
            .get()
            .set_session(capnp_rpc::new_client(SessionServer(Rc::clone(&self.0))));
        self.0.changed.notify_waiters();
        Ok(())
    }
}

struct SessionServer(Rc<Shared>);

impl director_session::Server for SessionServer {
    async fn report(
        self: Rc<Self>,
        params: director_session::ReportParams,
        _: director_session::ReportResults,
    ) -> Result<(), capnp::Error> {
        let reports = schema::amf::read_node_reports(params.get()?.get_reports()?).unwrap();
        let mut state = self.0.state.borrow_mut();
        for report in reports {
            if let NodeReport::Su(su) = &report {
                state.newest.insert(su.su.clone(), su.clone());
            }
            state.all.push(report);
        }
        self.0.changed.notify_waiters();
        Ok(())
    }
}
