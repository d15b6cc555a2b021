//! Components that break every rule: the error code of the API for them, nothing for anyone else.
//!
//! Each story runs beside a neighbour on the same node that behaves; it is never restarted, and its healthchecks go on.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;

use ais::Millis;
use ais::amf::{CompConfig, HaState, NodeOrder, OperState, OrderId, PresenceState};
use harness::{Cluster, assignment, comp, is_alive, neighbour, neighbour_su, processes_of, run, su};

/// A cluster whose component misbehaves so, with a neighbour that is up.
async fn beside_a_neighbour() -> Cluster {
    let cluster = Cluster::start().await;
    fs::create_dir(cluster.path("neighbour")).unwrap();
    let mut orders = harness::configuration(harness::bare_component());
    let good = neighbour(&cluster);
    orders.push(NodeOrder::ConfigureSu(good));
    orders.push(NodeOrder::Instantiate {
        id: OrderId(900),
        su: neighbour_su(),
    });
    assert_eq!(cluster.director.order(1, orders).await, 1);
    cluster
        .until("the neighbour is up", || {
            let report = cluster.director.newest_of(&neighbour_su());
            report.is_some_and(|su| su.presence == PresenceState::Instantiated)
        })
        .await;
    cluster
}

/// The neighbour serves on as if nothing had happened.
async fn nothing_for_the_neighbour(cluster: &Cluster) {
    let said = || fs::read_to_string(cluster.path("neighbour/said")).unwrap_or_default();
    let healthy = || said().lines().filter(|line| *line == "healthy").count();
    let before = healthy();
    cluster
        .until("the neighbour's healthchecks", || healthy() >= before + 2)
        .await;
    let report = cluster.director.newest_of(&neighbour_su()).unwrap();
    assert_eq!(report.comps[0].restart_count, 0);
    assert_eq!(report.comps[0].oper, OperState::Enabled);
    assert_eq!(
        said().lines().filter(|line| *line == "registered").count(),
        1,
        "{}",
        said()
    );
}

/// A component that is patient with itself only where the story is about its patience.
fn bad(cluster: &Cluster, mode: &str) -> CompConfig {
    let mut config = cluster.component_as("harness::bad::bad_component_process", mode);
    config.healthchecks[0].max_duration = Millis(10_000);
    config
}

async fn order_active(cluster: &Cluster, config: CompConfig) {
    cluster.configure(config).await;
    let instantiate = NodeOrder::Instantiate {
        id: OrderId(1),
        su: su(),
    };
    assert_eq!(cluster.director.order(1, vec![instantiate]).await, 1);
    cluster
        .report("instantiated once", |su| {
            su.presence == PresenceState::Instantiated
        })
        .await;
    assign(cluster, HaState::Active).await;
}

async fn assign(cluster: &Cluster, ha: HaState) {
    let order = NodeOrder::Assign {
        id: OrderId(2),
        su: su(),
        ha,
        sis: vec![assignment()],
    };
    assert_eq!(cluster.director.order(1, vec![order]).await, 1);
}

/// It fails once, for this reason; its next process behaves and gets the work.
async fn restarted_once(cluster: &Cluster, why: &str) {
    let report = cluster
        .report("the work of the restarted component", |su| {
            su.comps[0].restart_count == 1
                && su.comps[0].presence == PresenceState::Instantiated
                && su.assignments.iter().any(|si| si.ha == HaState::Active)
        })
        .await;
    assert_eq!(report.assignments[0].csis[0].1, comp());
    assert!(cluster.log().contains(why), "no '{why}' in {}", cluster.log());
    nothing_for_the_neighbour(cluster).await;
}

/// It is told what it did wrong and is otherwise left alone.
async fn only_told(cluster: &Cluster, lines: &[&str]) {
    for line in lines {
        cluster.said(line, 1).await;
    }
    cluster
        .report("its work", |su| {
            su.assignments.iter().any(|si| si.ha == HaState::Active)
        })
        .await;
    assert_eq!(cluster.director.newest().unwrap().comps[0].restart_count, 0);
    nothing_for_the_neighbour(cluster).await;
}

macro_rules! refused {
    ($($name:ident: $mode:literal => [$($line:literal),*];)*) => { $(
        #[test]
        fn $name() {
            run(async {
                let cluster = beside_a_neighbour().await;
                order_active(&cluster, bad(&cluster, $mode)).await;
                only_told(&cluster, &[$($line),*]).await;
            });
        }
    )* };
}

refused! {
    one_that_registers_twice_is_told_that_it_is_registered: "registers-twice" => [
        "again: SA_AIS_ERR_EXIST", "elsewhere: SA_AIS_ERR_EXIST", "stranger: SA_AIS_ERR_BAD_OPERATION"
    ];
    one_that_answers_twice_is_told_that_nobody_asks: "answers-twice" => [
        "second answer: SA_AIS_ERR_INVALID_PARAM", "third answer: SA_AIS_ERR_INVALID_PARAM", "ACTIVE"
    ];
    invocations_and_keys_that_nobody_gave_are_refused: "unknown-invocations" => [
        "response: SA_AIS_ERR_INVALID_PARAM", "quiescing: SA_AIS_ERR_NOT_EXIST", "key: SA_AIS_ERR_NOT_EXIST", "csi: SA_AIS_ERR_NOT_EXIST"
    ];
    one_that_floods_is_told_to_try_again: "floods" => ["flooded served=true later=true lost=0", "ACTIVE"];
    sessions_without_end_are_refused: "floods-sessions" => ["sessions true", "sessions: SA_AIS_ERR_NO_RESOURCES", "ACTIVE"];
    connections_without_end_are_refused: "floods-connections" => ["connections true", "ACTIVE"];
}

macro_rules! restarted {
    ($($name:ident: $mode:literal, $limit:expr => $why:literal;)*) => { $(
        #[test]
        fn $name() {
            run(async {
                let cluster = beside_a_neighbour().await;
                let mut config = bad(&cluster, $mode);
                let limit: fn(&mut CompConfig) = $limit;
                limit(&mut config);
                order_active(&cluster, config).await;
                restarted_once(&cluster, $why).await;
            });
        }
    )* };
}

restarted! {
    one_that_ends_after_registering_is_restarted: "exits-after-register", |_| {} => "exited with status 7";
    one_that_ends_while_it_is_told_of_a_csi_is_restarted: "exits-in-csi-set", |_| {} => "exited with status 7";
    one_that_ends_after_its_answer_is_restarted: "exits-after-csi-set", |_| {} => "exited with status 7";
    one_that_ends_in_a_healthcheck_is_restarted: "exits-in-healthcheck", |_| {} => "exited with status 7";
    one_that_holds_its_socket_and_hangs_is_restarted: "hangs-in-csi-set",
        |config| config.csi_set_timeout = Millis(1500) => "CSI set callback timeout";
    one_that_never_answers_is_restarted: "silent-in-csi-set",
        |config| config.csi_set_timeout = Millis(1500) => "CSI set callback timeout";
    one_that_never_answers_a_healthcheck_is_restarted: "silent-in-healthcheck",
        |config| config.healthchecks[0].max_duration = Millis(1500) => "healthcheck callback timeout";
    an_answer_to_no_question_ends_the_connection: "wire-unknown-answer", |_| {} => "its connection was closed";
    rubbish_on_the_wire_ends_the_connection: "wire-rubbish", |_| {} => "its connection was closed";
    a_message_larger_than_memory_ends_the_connection: "wire-huge-message", |_| {} => "its connection was closed";
    half_a_message_is_no_answer: "wire-half-message",
        |config| {
            config.csi_set_timeout = Millis(1500);
            config.healthchecks[0].max_duration = Millis(1500);
        } => "callback timeout";
}

#[test]
fn of_two_answers_on_the_wire_the_first_counts_or_the_connection_ends() {
    run(async {
        let cluster = beside_a_neighbour().await;
        order_active(&cluster, bad(&cluster, "wire-answers-twice")).await;
        cluster
            .report("its work", |su| {
                su.assignments.iter().any(|si| si.ha == HaState::Active)
            })
            .await;
        cluster.said("ACTIVE", 1).await;
        nothing_for_the_neighbour(&cluster).await;
        assert!(cluster.director.newest().unwrap().comps[0].restart_count <= 1);
    });
}

#[test]
fn one_that_ends_before_it_registers_is_an_attempt_that_failed() {
    run(async {
        let cluster = beside_a_neighbour().await;
        let mut config = bad(&cluster, "exits-before-register");
        config.instantiate.as_mut().unwrap().timeout = Millis(3000);
        config.instantiate_retries_without_delay = 1;
        order_active(&cluster, config).await;
        only_told(&cluster, &["ACTIVE"]).await;
        let why = "attempt 1 to instantiate failed";
        assert!(cluster.log().contains(why), "no '{why}' in {}", cluster.log());
        assert!(cluster.log().contains("its process has not registered"));
    });
}

/// An order that it spoils is still carried out: nothing of it is left.
async fn gone_after(mode: &str, why: &str, order: NodeOrder) {
    let cluster = beside_a_neighbour().await;
    let mut config = bad(&cluster, mode);
    config.terminate_callback_timeout = Millis(1500);
    order_active(&cluster, config).await;
    cluster.said("ACTIVE", 1).await;
    let remove = matches!(order, NodeOrder::Remove { .. });
    cluster.carry_out(order).await;
    assert!(cluster.log().contains(why), "no '{why}' in {}", cluster.log());
    let report = cluster.director.newest().unwrap();
    assert_eq!(report.assignments, []);
    if !remove {
        assert_eq!(report.presence, PresenceState::Uninstantiated);
        let left = processes_of(cluster.dir.path());
        let neighbour = "safComp=D,";
        for pid in left {
            let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let environ = String::from_utf8_lossy(&environ).into_owned();
            assert!(environ.contains(neighbour), "process {pid} is left");
        }
    }
    nothing_for_the_neighbour(&cluster).await;
}

fn terminate() -> NodeOrder {
    NodeOrder::Terminate {
        id: OrderId(3),
        su: su(),
    }
}

#[test]
fn one_that_ends_while_it_is_told_to_terminate_is_cleaned_up() {
    run(gone_after(
        "exits-in-terminate",
        "exited with status 7",
        terminate(),
    ));
}

#[test]
fn one_that_hangs_when_it_is_told_to_terminate_is_cleaned_up() {
    run(gone_after(
        "hangs-in-terminate",
        "was not answered within 1500 ms",
        terminate(),
    ));
}

#[test]
fn one_that_never_says_that_it_terminates_is_cleaned_up() {
    run(gone_after(
        "silent-in-terminate",
        "was not answered within 1500 ms",
        terminate(),
    ));
}

#[test]
fn one_that_ends_while_its_work_is_taken_has_none_afterwards() {
    let order = NodeOrder::Remove {
        id: OrderId(3),
        su: su(),
        sis: vec![assignment().si],
    };
    run(gone_after("exits-in-csi-remove", "exited with status 7", order));
}

#[test]
fn children_that_outlive_their_parent_do_not_outlive_its_cleanup() {
    run(async {
        let cluster = beside_a_neighbour().await;
        let config = bad(&cluster, "leaves-children");
        // The first process ends before the order to instantiate is answered, or just after.
        cluster.configure(config).await;
        let instantiate = NodeOrder::Instantiate {
            id: OrderId(1),
            su: su(),
        };
        assert_eq!(cluster.director.order(1, vec![instantiate]).await, 1);
        cluster
            .report("the second process", |su| {
                su.comps[0].restart_count == 1 && su.comps[0].presence == PresenceState::Instantiated
            })
            .await;
        let child: i32 = fs::read_to_string(cluster.path("child"))
            .unwrap()
            .parse()
            .unwrap();
        assert!(!is_alive(child));
        nothing_for_the_neighbour(&cluster).await;
    });
}

#[test]
fn one_that_closes_its_output_works_on() {
    run(async {
        let cluster = beside_a_neighbour().await;
        let mut config = bad(&cluster, "behaves");
        let start = fs::read_to_string(cluster.path("instantiate")).unwrap();
        let start = start.replace("--nocapture &", ">&- 2>&- <&- &");
        config.instantiate = Some(cluster.script("silent", &start, 10_000));
        order_active(&cluster, config).await;
        only_told(&cluster, &["ACTIVE"]).await;
    });
}

#[test]
fn output_without_end_neither_fills_the_disk_nor_holds_anyone_up() {
    run(async {
        let cluster = beside_a_neighbour().await;
        order_active(&cluster, bad(&cluster, "prints")).await;
        only_told(&cluster, &["printed", "ACTIVE"]).await;
        let logs = || fs::read_dir(cluster.path("nodes/N1/log")).unwrap().flatten();
        let size = || logs().map(|log| log.metadata().unwrap().len()).sum::<u64>();
        cluster.until("the logs to be short", || size() < 4 << 20).await;
        let old = logs().any(|log| log.file_name().to_string_lossy().ends_with(".log.old"));
        assert!(old, "the end of what was written is kept");
    });
}

#[test]
fn one_that_asks_without_end_and_reads_nothing_waits_in_its_own_socket() {
    run(async {
        let cluster = beside_a_neighbour().await;
        let memory = || {
            let status = fs::read_to_string(format!("/proc/{}/status", cluster.node_pid())).unwrap();
            let line = status
                .lines()
                .find(|line| line.starts_with("VmRSS"))
                .unwrap()
                .to_owned();
            line.split_ascii_whitespace()
                .nth(1)
                .unwrap()
                .parse::<u64>()
                .unwrap()
        };
        let before = memory();
        let mut stream = UnixStream::connect(cluster.path("nodes/N1/amfnd.sock")).unwrap();
        stream.set_nonblocking(true).unwrap();
        let many: Vec<u8> = (0..1000).flat_map(bootstrap).collect();
        let mut sent = 0;
        // As long as the neighbour goes on, and no longer than it takes to send a lot.
        for _ in 0..3 {
            while let Ok(count) = stream.write(&many[sent % many.len()..]) {
                sent += count;
                if sent > 256 << 20 {
                    break;
                }
                tokio::task::yield_now().await;
            }
            nothing_for_the_neighbour(&cluster).await;
        }
        assert!(
            sent < 16 << 20,
            "{sent} bytes were taken from one that reads nothing"
        );
        assert!(memory() < before + (64 << 10), "{before} KiB became {}", memory());
    });
}

/// The message by which a connection asks for its first capability.
fn bootstrap(question: u32) -> Vec<u8> {
    let mut message = capnp::message::Builder::new_default();
    let root: capnp_rpc::rpc_capnp::message::Builder<'_> = message.init_root();
    root.init_bootstrap().set_question_id(question);
    let mut bytes = Vec::new();
    capnp::serialize::write_message(&mut bytes, &message).unwrap();
    bytes
}
