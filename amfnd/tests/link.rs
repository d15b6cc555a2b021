//! The link between a node director and the director.

mod harness;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command as Program;

use ais::AisError;
use ais::amf::{HaState, NodeOrder, NodeReport, PresenceState};
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use harness::{Cluster, Director, configuration, is_alive, run};
use schema::component_capnp::{amf, component_callbacks};
use tokio::net::UnixStream;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

#[test]
fn components_live_on_without_a_director_and_the_next_one_learns_all() {
    run(async {
        let mut cluster = Cluster::start().await;
        cluster.director.heartbeat().await;
        cluster.instantiate(cluster.component("plain")).await;
        cluster.assign(2, HaState::Active).await;
        let pid = cluster.pid().await;

        let fresh = Director::listen(cluster.dir.path());
        std::mem::replace(&mut cluster.director, fresh).end().await;
        cluster
            .until("the node director connects again", || {
                cluster.director.is_connected()
            })
            .await;
        assert_eq!(cluster.director.newest(), None);
        let mut orders = configuration(cluster.component("plain"));
        orders.push(NodeOrder::ReportAll);
        assert_eq!(cluster.director.order(2, orders).await, 1);
        cluster
            .until("every report", || {
                cluster.director.all().last() == Some(&NodeReport::AllReported)
            })
            .await;
        let report = cluster.director.newest().unwrap();
        assert_eq!(report.presence, PresenceState::Instantiated);
        assert_eq!(report.assignments[0].ha, HaState::Active);
        assert!(is_alive(pid));
        assert_eq!(cluster.pid().await, pid);

        // A director of the former term is refused with SA_AIS_ERR_BAD_OPERATION.
        assert_eq!(cluster.director.order(1, vec![NodeOrder::ReportAll]).await, 20);
    });
}

#[test]
fn a_second_node_director_for_the_same_node_does_not_start() {
    run(async {
        let cluster = Cluster::start().await;
        let second = Program::new(env!("CARGO_BIN_EXE_amfnd"))
            .args(["--node", "safAmfNode=N1,safAmfCluster=c", "--dir"])
            .arg(cluster.dir.path())
            .output()
            .unwrap();
        assert_eq!(second.status.code(), Some(1));
        let text = String::from_utf8_lossy(&second.stderr);
        assert!(
            text.contains("another node director runs for safAmfNode=N1"),
            "{text}"
        );
        cluster.director.heartbeat().await;
    });
}

#[test]
fn the_component_socket_is_the_users_own_and_a_process_has_a_bounded_number_of_sessions() {
    run(async {
        let cluster = Cluster::start().await;
        let socket = cluster.path("nodes/N1/amfnd.sock");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&socket), 0o600);
        assert_eq!(mode(&cluster.path("nodes/N1")), 0o700);

        let stream = UnixStream::connect(socket).await.unwrap();
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            reader.compat(),
            writer.compat_write(),
            Side::Client,
            capnp::message::ReaderOptions::new(),
        );
        let mut rpc = RpcSystem::new(Box::new(network), None);
        let amf: amf::Client = rpc.bootstrap(Side::Server);
        tokio::task::spawn_local(rpc);
        let mut sessions = Vec::new();
        loop {
            let mut request = amf.initialize_request();
            let nobody = capnp_rpc::new_client(Nobody);
            request.get().set_callbacks(nobody);
            let response = request.send().promise.await.unwrap();
            let response = response.get().unwrap();
            let code = response.get_status().unwrap().get_code();
            if code != 1 {
                assert_eq!(AisError::from_code(code), Some(AisError::NoResources));
                break;
            }
            sessions.push(response.get_session().unwrap());
        }
        assert_eq!(sessions.len(), 2048);
    });
}

/// Takes no callbacks.
struct Nobody;

impl component_callbacks::Server for Nobody {}
