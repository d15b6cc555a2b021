//! The daemon without immd: a node director connects to a shell that has a small model.

mod told;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use ais::amf::{NodeOrder, Term};
use ais::{AisError, Attr, Dn, Value};
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use director_engine::Options;
use schema::Refused;
use schema::amf_capnp::{director, director_session, node_director};
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

use crate::Heartbeat;
use crate::model::Image;
use crate::shell::Shell;
use crate::{client, nodes};

const NODE: &str = "safAmfNode=N1,safAmfCluster=C";
const PATIENCE: Duration = Duration::from_secs(10);

/// A node director that only remembers what it is told, or does not even answer.
struct FakeNode {
    orders: Orders,
    is_deaf: bool,
}

impl node_director::Server for FakeNode {
    async fn order(
        self: Rc<Self>,
        params: node_director::OrderParams,
        mut results: node_director::OrderResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let orders = schema::amf::read_node_orders(params.get_orders()?).unwrap();
        let term = params.get_term();
        self.orders
            .borrow_mut()
            .extend(orders.into_iter().map(|order| (term, order)));
        schema::value::write_status(&Ok(()), results.get().init_status());
        Ok(())
    }

    async fn heartbeat(
        self: Rc<Self>,
        _params: node_director::HeartbeatParams,
        _results: node_director::HeartbeatResults,
    ) -> Result<(), capnp::Error> {
        if self.is_deaf {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

fn object(class: &str, attrs: Vec<Attr>) -> Image {
    Image {
        class: class.to_owned(),
        attrs,
    }
}

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

/// A shell with one node in its model, listening in `dir`.
fn shell_in(dir: &Path) -> Rc<Shell> {
    let shell = Rc::new(Shell::new(Term(7), Options::default()));
    let clm = Attr::single("saAmfNodeClmNode", Value::Name("safNode=N1,safCluster=c".into()));
    let objects = [
        (dn("safAmfCluster=C"), object("SaAmfCluster", vec![])),
        (dn(NODE), object("SaAmfNode", vec![clm])),
    ];
    shell.model.borrow_mut().objects.extend(objects);
    let listener = nodes::listen(dir).unwrap();
    tokio::task::spawn_local(nodes::accept(
        Rc::clone(&shell),
        listener,
        Heartbeat {
            interval: Duration::from_millis(50),
            limit: Duration::from_millis(50),
            limits: BTreeMap::new(),
        },
    ));
    shell
}

/// A connection to the director; it ends when the task is aborted.
async fn connect(dir: &Path) -> (director::Client, JoinHandle<Result<(), capnp::Error>>) {
    let stream = UnixStream::connect(dir.join(crate::SOCKET)).await.unwrap();
    let (reader, writer) = stream.into_split();
    let network = twoparty::VatNetwork::new(
        futures::io::BufReader::new(reader.compat()),
        futures::io::BufWriter::new(writer.compat_write()),
        Side::Client,
        capnp::message::ReaderOptions::default(),
    );
    let mut system = RpcSystem::new(Box::new(network), None);
    let director = system.bootstrap(Side::Server);
    (director, tokio::task::spawn_local(system))
}

async fn node_up(
    director: &director::Client,
    node: &str,
    fake: FakeNode,
) -> Result<(u64, director_session::Client), Refused> {
    let mut request = director.node_up_request();
    request.get().set_node(node);
    request.get().set_callbacks(capnp_rpc::new_client(fake));
    let answer = request.send().promise.await.unwrap();
    let answer = answer.get().unwrap();
    schema::value::read_status(answer.get_status().unwrap()).unwrap()?;
    Ok((answer.get_term(), answer.get_session().unwrap()))
}

/// The orders with their terms.
type Orders = Rc<RefCell<Vec<(u64, NodeOrder)>>>;

fn fake() -> (FakeNode, Orders) {
    let orders = Orders::default();
    let node = FakeNode {
        orders: Rc::clone(&orders),
        is_deaf: false,
    };
    (node, orders)
}

async fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test);
}

#[test]
fn a_node_director_gets_orders_with_the_term_and_a_second_one_is_refused() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let shell = shell_in(dir.path());
        let (director, first) = connect(dir.path()).await;

        // One that comes before the model is read waits for its answer.
        let early = node_up(&director, "safAmfNode=Y,safAmfCluster=C", fake().0);
        let (early, ()) = futures::join!(early, async { shell.start() });
        assert_eq!(early.err().unwrap().error, AisError::NotExist);
        let refused = node_up(&director, "safAmfNode=X,safAmfCluster=C", fake().0)
            .await
            .err()
            .unwrap();
        assert_eq!(refused.error, AisError::NotExist);

        let (node, orders) = fake();
        let (term, _session) = node_up(&director, NODE, node).await.ok().unwrap();
        assert_eq!(term, 7);
        wait_for("orders", || {
            orders
                .borrow()
                .iter()
                .any(|(_, order)| *order == NodeOrder::ReportAll)
        })
        .await;
        let first_order = orders.borrow()[0].clone();
        assert!(matches!(&first_order, (7, NodeOrder::ConfigureNode(config)) if config.dn.as_str() == NODE));

        let (second, _connection) = connect(dir.path()).await;
        let refused = node_up(&second, NODE, fake().0).await.err().unwrap();
        assert_eq!(refused.error, AisError::Exist);
        first.abort();
        wait_for("the first to be gone", || shell.sessions.borrow().is_empty()).await;
        assert!(node_up(&second, NODE, fake().0).await.is_ok());
    });
}

#[test]
fn a_node_director_that_answers_no_heartbeat_or_gives_its_session_back_is_gone() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let shell = shell_in(dir.path());
        shell.start();
        let (director, _connection) = connect(dir.path()).await;
        let (mut deaf, _orders) = fake();
        deaf.is_deaf = true;
        let (_, session) = node_up(&director, NODE, deaf).await.ok().unwrap();
        wait_for("the heartbeat's limit", || shell.sessions.borrow().is_empty()).await;
        drop(session);

        let (director, _connection) = connect(dir.path()).await;
        let (_, session) = node_up(&director, NODE, fake().0).await.ok().unwrap();
        drop(session);
        wait_for("the session's end", || shell.sessions.borrow().is_empty()).await;
    });
}

#[test]
fn a_node_has_its_own_limit_of_heartbeats() {
    let node = |name: &str| Dn::new(name).unwrap();
    let own = [("PL-3", 7), ("safAmfNode=PL-4,safAmfCluster=c", 9)];
    let limits = own.map(|(node, seconds)| (node.to_owned(), Duration::from_secs(seconds)));
    let heartbeat = Heartbeat {
        limits: limits.into(),
        ..Heartbeat::default()
    };
    let limit = |name: &str| heartbeat.limit_of(&node(name)).as_secs();
    assert_eq!(limit("safAmfNode=PL-3,safAmfCluster=c"), 7);
    assert_eq!(limit("safAmfNode=PL-4,safAmfCluster=c"), 9);
    assert_eq!(limit("safAmfNode=PL-5,safAmfCluster=c"), 5);
}

#[test]
fn explain_is_answered_and_strange_names_are_refused() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let shell = shell_in(dir.path());
        shell.start();
        let said = client::explain(dir.path(), &dn(NODE)).await.unwrap();
        assert!(!said.is_empty());
        let refused = client::explain(dir.path(), &dn("safSu=no")).await.unwrap_err();
        assert!(refused.to_string().contains("safSu=no"), "{refused}");
        let other = tempfile::tempdir().unwrap();
        assert!(matches!(
            client::explain(other.path(), &dn(NODE)).await,
            Err(client::ExplainError::NotRunning { .. })
        ));
    });
}
