//! Real processes that take part in the life cycle of other components: a proxy of a component that lives by its CSI, and a
//! container. `tests/processes/samples.rs` has the proxy of components that are instantiated before they get work.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use ais::amf::{
    CallbackKind, CompCategory, CompConfig, HaState, ManagedBy, NodeOrder, OrderId, OrderOutcome,
    PresenceState, RecommendedRecovery, SiAssignment, SuConfig, SuReport,
};
use ais::{Dn, Millis};
use amfnd_client::{Amf, Callback};
use harness::{Cluster, assignment, bare_component, comp, csi, id_of, neighbour_su, run, signal};
use rustix::process::Signal;

/// The component that is managed.
fn managed() -> Dn {
    Dn::new("safComp=E,safSu=SU2,safSg=G,safApp=A").unwrap()
}

/// What the manager's process runs; does nothing when it runs as a test.
#[test]
fn manager_process() {
    let Ok(dir) = std::env::var("TEST_DIR") else {
        return;
    };
    run(manage(PathBuf::from(dir)));
}

fn say(dir: &Path, line: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(dir.join("said"))
        .unwrap();
    writeln!(file, "{line}").unwrap();
}

/// What a callback asks, in words.
fn asked(callback: &Callback) -> String {
    let what = match &callback.kind {
        CallbackKind::CsiSet { ha, .. } => ha.to_string(),
        CallbackKind::CsiRemove { .. } => "remove".to_owned(),
        CallbackKind::Terminate => "terminate".to_owned(),
        CallbackKind::ProxiedInstantiate | CallbackKind::ContainedInstantiate => "instantiate".to_owned(),
        CallbackKind::ProxiedCleanup | CallbackKind::ContainedCleanup => "cleanup".to_owned(),
        CallbackKind::Healthcheck { .. } | CallbackKind::CsiAttributeChange { .. } => "other".to_owned(),
    };
    format!("{} {what}", callback.comp.rdn_value())
}

/// A proxy or a container, as it is asked to be.
async fn manage(dir: PathBuf) {
    let amf = Amf::initialize().await.unwrap();
    let own = Amf::component_name().unwrap();
    amf.register(&own).await.unwrap();
    fs::write(dir.join("pid"), std::process::id().to_string()).unwrap();
    say(&dir, "registered");
    let is_proxy = std::env::var("TEST_MODE").unwrap() == "proxy";
    while let Some(callback) = amf.next_callback().await {
        say(&dir, &asked(&callback));
        amf.response(callback.invocation, Ok(())).await.unwrap();
        match callback.kind {
            CallbackKind::CsiSet {
                ha: HaState::Active, ..
            } if is_proxy && callback.comp == own => {
                // It may still be registered through the process before this one.
                while amf.register_proxied(&managed(), &own).await.is_err() {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                say(&dir, "E registered");
            }
            CallbackKind::ContainedInstantiate => {
                let session = amf.link().initialize().await.unwrap();
                tokio::task::spawn_local(be_contained(session, dir.clone()));
            }
            CallbackKind::Terminate if callback.comp == own => return amf.finalize().await,
            _ => {}
        }
    }
}

/// A component that lives in the process of its container.
async fn be_contained(amf: Amf, dir: PathBuf) {
    amf.register(&managed()).await.unwrap();
    while let Some(callback) = amf.next_callback().await {
        say(&dir, &asked(&callback));
        amf.response(callback.invocation, Ok(())).await.unwrap();
        if callback.kind == CallbackKind::Terminate {
            return amf.finalize().await;
        }
    }
}

/// The manager is up and active for its CSI; the component that it manages is configured.
async fn with_manager(mode: &str, category: CompCategory, kind: CompCategory) -> Cluster {
    let cluster = Cluster::start().await;
    let mut manager = cluster.component_as("manager_process", mode);
    manager.category = CompCategory::SA_AWARE | CompCategory::LOCAL | category;
    manager.healthchecks.clear();
    cluster.instantiate(manager).await;
    cluster.assign(2, HaState::Active).await;
    let own_csi = || Some(csi());
    let config = CompConfig {
        dn: managed(),
        category: kind | CompCategory::LOCAL,
        managed_by: ManagedBy {
            proxy_csi: own_csi().filter(|_| mode == "proxy"),
            container_csi: own_csi().filter(|_| mode == "container"),
            instantiate_timeout: Millis(10_000),
            cleanup_timeout: Millis(10_000),
        },
        healthchecks: Vec::new(),
        cleanup: Some(cluster.script("cleanup-e", "exit 0", 10_000)),
        ..bare_component()
    };
    let NodeOrder::ConfigureSu(su) = harness::configuration(config).remove(1) else {
        panic!("the second order configures the SU");
    };
    let su = SuConfig {
        dn: neighbour_su(),
        ..su
    };
    assert_eq!(
        cluster.director.order(1, vec![NodeOrder::ConfigureSu(su)]).await,
        1
    );
    cluster
}

fn work() -> SiAssignment {
    let mut work = assignment();
    work.si = Dn::new("safSi=T,safApp=A").unwrap();
    work.csis[0].csi = Dn::new("safCsi=Y,safSi=T,safApp=A").unwrap();
    work.csis[0].comp = managed();
    work
}

fn newest(cluster: &Cluster) -> Option<SuReport> {
    cluster.director.newest_of(&neighbour_su())
}

/// Gives an order to the SU of the managed component and waits until it is done.
async fn carry_out(cluster: &Cluster, order: NodeOrder) {
    let id = id_of(&order);
    assert_eq!(cluster.director.order(1, vec![order.clone()]).await, 1);
    let done = || {
        let answered = newest(cluster).and_then(|su| su.order);
        answered.is_some_and(|order| order.id == id && order.outcome == OrderOutcome::Done)
    };
    cluster.until(&format!("the end of {order:?}"), done).await;
}

async fn assign_active(cluster: &Cluster, id: u64) {
    let order = NodeOrder::Assign {
        id: OrderId(id),
        su: neighbour_su(),
        ha: HaState::Active,
        sis: vec![work()],
    };
    carry_out(cluster, order).await;
    let su = newest(cluster).unwrap();
    assert_eq!(su.presence, PresenceState::Instantiated);
    assert_eq!(su.assignments[0].ha, HaState::Active);
}

async fn remove(cluster: &Cluster, id: u64) {
    let order = NodeOrder::Remove {
        id: OrderId(id),
        su: neighbour_su(),
        sis: vec![work().si],
    };
    carry_out(cluster, order).await;
}

/// Reports an error of the managed component from another process.
async fn report_error(cluster: &Cluster) {
    let socket = cluster.path("nodes/N1/amfnd.sock");
    let amf = Amf::initialize_at(socket.to_str().unwrap()).await.unwrap();
    let recovery = RecommendedRecovery::ComponentRestart;
    amf.error_report(&managed(), recovery).await.unwrap();
    amf.finalize().await;
}

async fn restarts(cluster: &Cluster, su: &Dn, count: u32) {
    let restarted = || {
        let report = cluster.director.newest_of(su);
        report.is_some_and(|su| {
            su.comps[0].restart_count == count
                && su.comps[0].presence == PresenceState::Instantiated
                && su.assignments.iter().any(|si| si.ha == HaState::Active)
        })
    };
    cluster
        .until(&format!("restart {count} of {su}"), restarted)
        .await;
}

#[test]
fn a_proxied_component_lives_by_its_csi_and_outlives_its_proxy() {
    run(async {
        let cluster = with_manager("proxy", CompCategory::PROXY, CompCategory::PROXIED_NPI).await;
        cluster.said("E registered", 1).await;
        assign_active(&cluster, 3).await;
        let manager = newest(&cluster).unwrap().comps[0].manager.clone();
        assert_eq!(manager, Some(comp()));
        cluster.said("E ACTIVE", 1).await;

        report_error(&cluster).await;
        restarts(&cluster, &neighbour_su(), 1).await;
        cluster.said("E cleanup", 1).await;
        cluster.said("E ACTIVE", 2).await;

        // The proxy dies; what it managed does not notice, and the next process of the proxy speaks for it again.
        signal(cluster.pid().await, Signal::KILL);
        cluster.said("E registered", 2).await;
        let report = newest(&cluster).unwrap();
        assert_eq!(report.comps[0].restart_count, 1);
        assert_eq!(report.presence, PresenceState::Instantiated);
        remove(&cluster, 4).await;
        let said = cluster.said("E remove", 1).await;
        assert_eq!(said.matches("E ACTIVE").count(), 2, "{said}");
        assert_eq!(newest(&cluster).unwrap().presence, PresenceState::Uninstantiated);
    });
}

#[test]
fn a_container_runs_what_it_contains_and_takes_it_along() {
    run(async {
        let cluster = with_manager("container", CompCategory::CONTAINER, CompCategory::CONTAINED).await;
        let instantiate = NodeOrder::Instantiate {
            id: OrderId(3),
            su: neighbour_su(),
        };
        carry_out(&cluster, instantiate).await;
        cluster.said("E instantiate", 1).await;
        assign_active(&cluster, 4).await;
        assert_eq!(newest(&cluster).unwrap().comps[0].manager, Some(comp()));

        // It fails alone: its container cleans it up and starts it again.
        report_error(&cluster).await;
        restarts(&cluster, &neighbour_su(), 1).await;
        cluster.said("E cleanup", 1).await;
        let said = cluster.said("E ACTIVE", 2).await;
        assert_eq!(said.matches("registered").count(), 1, "{said}");

        // The container dies: both come back, with their work.
        signal(cluster.pid().await, Signal::KILL);
        cluster.said("registered", 2).await;
        cluster.said("E instantiate", 3).await;
        cluster.said("E ACTIVE", 3).await;
        restarts(&cluster, &harness::su(), 1).await;

        remove(&cluster, 5).await;
        let terminate = NodeOrder::Terminate {
            id: OrderId(6),
            su: neighbour_su(),
        };
        carry_out(&cluster, terminate).await;
        cluster.said("E terminate", 1).await;
        let pid = cluster.pid().await;
        assert!(harness::is_alive(pid), "the container goes on");
    });
}
