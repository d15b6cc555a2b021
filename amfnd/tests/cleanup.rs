//! Nothing of a component survives its cleanup, whatever it does to survive.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

use std::fs;

use ais::amf::{CompCategory, CompConfig, HaState, NodeOrder, NodeReport, OrderId, PresenceState};
use harness::{Cluster, bare_component, is_alive, processes_of, run, signal, su};
use rustix::process::Signal;

/// Starts processes that try to stay, and notes their numbers in the file `pids`.
const STUBBORN: &str = r#"
cd "$TEST_DIR"
note='echo $$ >>pids; exec sleep 1000'
sh -c "$note" &
# Deaf to every signal that can be refused.
sh -c "trap '' TERM INT HUP QUIT; echo \$\$ >>pids; while :; do sleep 1000; done" &
# A session of its own, orphaned at once.
setsid sh -c "sh -c '$note' & exit 0" &
# Without a trace in its environment.
env -i TEST_DIR="$TEST_DIR" /bin/sh -c "$note" &
# A child of a child.
sh -c "sh -c '$note' & echo \$\$ >>pids; wait" &
while [ "$(wc -l <pids 2>/dev/null || echo 0)" -lt 6 ]; do sleep 0.01; done
"#;

fn pids(cluster: &Cluster) -> Vec<i32> {
    let text = fs::read_to_string(cluster.path("pids")).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// A component of scripts only that starts what `STUBBORN` starts.
fn stubborn(cluster: &Cluster) -> CompConfig {
    CompConfig {
        category: CompCategory::LOCAL,
        instantiate: Some(cluster.script("instantiate", STUBBORN, 10_000)),
        terminate: Some(cluster.script("terminate", "exit 0", 10_000)),
        cleanup: Some(cluster.script("cleanup", "exit 0", 10_000)),
        env: vec![format!("TEST_DIR={}", cluster.dir.path().display())],
        ..bare_component()
    }
}

fn cleanup_order(id: u64) -> NodeOrder {
    NodeOrder::Cleanup {
        id: OrderId(id),
        su: su(),
    }
}

fn terminate_order(id: u64) -> NodeOrder {
    NodeOrder::Terminate {
        id: OrderId(id),
        su: su(),
    }
}

#[test]
fn daemons_orphans_and_the_deaf_are_gone_when_the_cleanup_is_done() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.configure(stubborn(&cluster)).await;
        cluster.assign(1, HaState::Active).await;
        let pids = pids(&cluster);
        assert_eq!(pids.len(), 6);
        assert!(pids.iter().all(|&pid| is_alive(pid)), "{pids:?}");

        cluster.carry_out(cleanup_order(2)).await;
        assert_nothing_lives(&cluster, pids);
    });
}

/// Nothing that was started is alive.
fn assert_nothing_lives(cluster: &Cluster, pids: Vec<i32>) {
    let alive: Vec<_> = pids.into_iter().filter(|&pid| is_alive(pid)).collect();
    assert_eq!(alive, []);
    assert_eq!(processes_of(cluster.dir.path()), []);
}

#[test]
fn what_outlives_an_end_in_order_is_killed_without_a_cleanup() {
    run(async {
        let cluster = Cluster::start().await;
        let cleanup = "echo cleaned >>\"$TEST_DIR/said\"";
        let component = CompConfig {
            cleanup: Some(cluster.script("cleanup", cleanup, 10_000)),
            ..stubborn(&cluster)
        };
        cluster.configure(component).await;
        cluster.assign(1, HaState::Active).await;
        let pids = pids(&cluster);
        assert!(
            pids.len() == 6 && pids.iter().all(|&pid| is_alive(pid)),
            "{pids:?}"
        );

        cluster.carry_out(terminate_order(2)).await;
        assert_nothing_lives(&cluster, pids);
        assert!(!cluster.path("said").exists());
    });
}

#[test]
fn a_cleanup_may_be_repeated_and_does_what_its_script_says_then() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.configure(stubborn(&cluster)).await;
        cluster.assign(1, HaState::Active).await;
        cluster.carry_out(cleanup_order(2)).await;
        cluster.carry_out(cleanup_order(3)).await;
        assert_nothing_lives(&cluster, pids(&cluster));

        fs::remove_file(cluster.path("pids")).unwrap();
        cluster.assign(4, HaState::Active).await;
        // The operator edits the script; nothing else changes.
        cluster.script("cleanup", "echo cleaned >>\"$TEST_DIR/said\"", 10_000);
        cluster.carry_out(cleanup_order(5)).await;
        assert_nothing_lives(&cluster, pids(&cluster));
        cluster.said("cleaned", 1).await;
    });
}

#[test]
fn the_children_of_a_process_that_ended_in_order_are_killed() {
    run(async {
        let cluster = Cluster::start().await;
        let aware = cluster.component("plain");
        let start = aware.instantiate.as_ref().unwrap().path.clone();
        let leave = format!("sleep 1000 &\necho $! >\"$TEST_DIR/pids\"\nexec '{start}'");
        let component = CompConfig {
            instantiate: Some(cluster.script("leave", &leave, 10_000)),
            ..aware
        };
        cluster.instantiate(component).await;
        let pids = pids(&cluster);
        assert!(pids.len() == 1 && is_alive(pids[0]), "{pids:?}");

        cluster.carry_out(terminate_order(2)).await;
        cluster.said("terminated", 1).await;
        assert_nothing_lives(&cluster, pids);
    });
}

#[test]
fn a_process_that_ends_in_order_may_take_its_time_after_it_disconnected() {
    run(async {
        let cluster = Cluster::start().await;
        cluster.instantiate(cluster.component("lingers")).await;
        let pid = cluster.pid().await;
        cluster.carry_out(terminate_order(2)).await;
        assert!(cluster.path("last-words").exists());
        assert_nothing_lives(&cluster, vec![pid]);
    });
}

#[test]
fn the_leftovers_of_a_killed_node_director_are_killed_at_the_next_start() {
    run(async {
        let mut cluster = Cluster::start().await;
        cluster.configure(stubborn(&cluster)).await;
        cluster.assign(1, HaState::Active).await;
        let pids = pids(&cluster);
        signal(cluster.node_pid(), Signal::KILL);
        assert_eq!(cluster.node_status().await, None);
        assert!(processes_of(cluster.dir.path()).len() >= 5);

        cluster.restart_node().await;
        assert_eq!(processes_of(cluster.dir.path()), []);
        // One has nothing in its environment, and its parents are gone: nothing tells whose it is any more.
        let alive: Vec<_> = pids.into_iter().filter(|&pid| is_alive(pid)).collect();
        assert!(alive.len() <= 1, "{alive:?}");
        for pid in alive {
            signal(pid, Signal::KILL);
        }
    });
}

#[test]
fn an_end_in_order_and_a_reboot_leave_nothing() {
    run(async {
        let mut cluster = Cluster::start().await;
        cluster.instantiate(cluster.component("plain")).await;
        signal(cluster.node_pid(), Signal::TERM);
        cluster
            .until("the wish to leave", || {
                cluster.director.all().last() == Some(&NodeReport::Leaving)
            })
            .await;
        assert_eq!(cluster.director.order(1, vec![NodeOrder::Leave]).await, 1);
        assert_eq!(cluster.node_status().await, Some(0));
        cluster.said("terminated", 1).await;
        assert_eq!(processes_of(cluster.dir.path()), []);

        cluster.restart_node().await;
        cluster.instantiate(cluster.component("plain")).await;
        let reboot = NodeOrder::Reboot {
            reason: "a test".to_owned(),
        };
        assert_eq!(cluster.director.order(1, vec![reboot]).await, 1);
        assert_eq!(cluster.node_status().await, Some(75));
        assert_eq!(processes_of(cluster.dir.path()), []);
    });
}

#[test]
fn a_command_that_does_not_end_is_killed_with_what_it_started() {
    run(async {
        let cluster = Cluster::start().await;
        let component = CompConfig {
            instantiate: Some(cluster.script(
                "hang",
                "trap '' TERM; echo $$ >>\"$TEST_DIR/pids\"; sleep 1000 & echo $! >>\"$TEST_DIR/pids\"; wait",
                300,
            )),
            ..stubborn(&cluster)
        };
        cluster.configure(component).await;
        let order = NodeOrder::Assign {
            id: OrderId(1),
            su: su(),
            ha: HaState::Active,
            sis: vec![harness::assignment()],
        };
        assert_eq!(cluster.director.order(1, vec![order]).await, 1);
        let report = cluster
            .report("INSTANTIATION-FAILED", |su| {
                su.comps[0].presence == PresenceState::InstantiationFailed
            })
            .await;
        let failure = report.comps[0].failure.clone().unwrap();
        assert!(failure.cause.contains("300 ms"), "{failure:?}");
        let pids = pids(&cluster);
        assert!(
            pids.len() >= 2 && !pids.iter().any(|&pid| is_alive(pid)),
            "{pids:?}"
        );
    });
}

#[test]
fn megabytes_of_output_and_a_daemon_that_keeps_it_open_hold_nothing_up() {
    run(async {
        let cluster = Cluster::start().await;
        let talk = "sleep 1000 &\nyes 'a line of no use' | head -c 8000000\necho 'the last word' >&2\nexit 3";
        let component = CompConfig {
            instantiate: Some(cluster.script("talk", talk, 15_000)),
            ..stubborn(&cluster)
        };
        cluster.configure(component).await;
        let order = NodeOrder::Assign {
            id: OrderId(1),
            su: su(),
            ha: HaState::Active,
            sis: vec![harness::assignment()],
        };
        assert_eq!(cluster.director.order(1, vec![order]).await, 1);
        let report = cluster
            .report("INSTANTIATION-FAILED", |su| {
                su.comps[0].presence == PresenceState::InstantiationFailed
            })
            .await;
        let failure = report.comps[0].failure.clone().unwrap();
        assert_eq!(failure.cause, "exit status 3");
        assert!(failure.stderr.ends_with("the last word"), "{}", failure.stderr);
        assert!(failure.stderr.len() <= 4096 && failure.stderr.lines().count() <= 20);
        assert_eq!(processes_of(cluster.dir.path()), []);
    });
}
