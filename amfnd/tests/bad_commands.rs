//! Commands that misbehave: the timeouts and retries hold, and the component's status says what they did last.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

use std::fs;

use ais::Millis;
use ais::amf::{
    Command, CommandFailure, CompCategory, CompConfig, HaState, NodeOrder, OrderId, PresenceState,
};
use harness::{Cluster, assignment, bare_component, is_alive, processes_of, run, su};

/// A component of scripts only; INSTANTIATE counts its runs in the file `runs`.
fn scripts(cluster: &Cluster, instantiate: &str, limit_ms: u64) -> CompConfig {
    let counted = format!("echo $$ >>\"$TEST_DIR/runs\"\n{instantiate}");
    CompConfig {
        category: CompCategory::LOCAL,
        instantiate: Some(cluster.script("instantiate", &counted, limit_ms)),
        terminate: Some(cluster.script("terminate", "exit 0", 10_000)),
        cleanup: Some(cluster.script("cleanup", "exit 0", 10_000)),
        env: vec![format!("TEST_DIR={}", cluster.dir.path().display())],
        instantiate_retries_without_delay: 1,
        instantiate_retries_with_delay: 1,
        instantiate_delay: Millis(100),
        ..bare_component()
    }
}

async fn give_work(cluster: &Cluster, config: CompConfig) {
    cluster.configure(config).await;
    let order = NodeOrder::Assign {
        id: OrderId(1),
        su: su(),
        ha: HaState::Active,
        sis: vec![assignment()],
    };
    assert_eq!(cluster.director.order(1, vec![order]).await, 1);
}

/// The component's failure once it is in this state; nothing of it runs then.
async fn failure_in(cluster: &Cluster, state: PresenceState) -> CommandFailure {
    let report = cluster
        .report(&state.to_string(), |su| su.comps[0].presence == state)
        .await;
    cluster
        .until("nothing to be left", || {
            processes_of(cluster.dir.path()).is_empty()
        })
        .await;
    report.comps[0].failure.clone().unwrap()
}

fn runs(cluster: &Cluster) -> usize {
    fs::read_to_string(cluster.path("runs")).unwrap().lines().count()
}

#[test]
fn a_command_that_hangs_and_is_deaf_is_killed_and_tried_as_often_as_configured() {
    run(async {
        let cluster = Cluster::start().await;
        let hang = "trap '' TERM INT HUP; echo 'waiting for the disk' >&2; while :; do sleep 1; done";
        give_work(&cluster, scripts(&cluster, hang, 500)).await;
        let failure = failure_in(&cluster, PresenceState::InstantiationFailed).await;
        assert_eq!(failure.cause, "timed out after 500 ms");
        assert_eq!(failure.stderr, "waiting for the disk");
        assert_eq!(runs(&cluster), 3, "one retry without delay, one with it");
    });
}

#[test]
fn a_command_that_fails_twice_and_then_works_has_failed_in_nothing() {
    run(async {
        let cluster = Cluster::start().await;
        let third = "[ $(wc -l <\"$TEST_DIR/runs\") -ge 3 ] || { echo not yet >&2; exit 1; }\nsleep 1000 &";
        give_work(&cluster, scripts(&cluster, third, 10_000)).await;
        let report = cluster
            .report("the third attempt", |su| {
                su.assignments.iter().any(|si| si.ha == HaState::Active)
            })
            .await;
        assert_eq!(report.comps[0].failure, None);
        assert_eq!(runs(&cluster), 3);
        assert!(cluster.log().contains("attempt 2 to instantiate failed"));
    });
}

#[test]
fn exit_status_200_forbids_further_attempts_and_is_shown() {
    run(async {
        let cluster = Cluster::start().await;
        let never = "echo 'no licence' >&2; exit 200";
        give_work(&cluster, scripts(&cluster, never, 10_000)).await;
        let failure = failure_in(&cluster, PresenceState::InstantiationFailed).await;
        assert_eq!(failure.cause, "exit status 200");
        assert_eq!(failure.stderr, "no licence");
        assert_eq!(runs(&cluster), 1);
    });
}

#[test]
fn what_cannot_be_executed_is_told_with_the_kernels_reason() {
    run(async {
        for (text, reason) in [
            (None, "Permission denied (13)"),
            (Some("#!/no/such/shell\n"), "No such file or directory (2)"),
            (Some("\u{7f}ELF rubbish"), "Exec format error (8)"),
        ] {
            let cluster = Cluster::start().await;
            let config = scripts(&cluster, "exit 0", 10_000);
            let path = cluster.path("instantiate");
            match text {
                None => {
                    use std::os::unix::fs::PermissionsExt;
                    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
                }
                Some(text) => fs::write(&path, text).unwrap(),
            }
            give_work(&cluster, config).await;
            let failure = failure_in(&cluster, PresenceState::InstantiationFailed).await;
            assert_eq!(failure.cause, reason, "{failure:?}");
        }
    });
}

#[test]
fn a_command_that_becomes_a_daemon_holds_nothing_up_and_is_cleaned_up() {
    run(async {
        let cluster = Cluster::start().await;
        let daemon = "setsid sh -c 'echo $$ >\"$TEST_DIR/daemon\"; exec sleep 1000' </dev/null &\n\
                      while [ ! -s \"$TEST_DIR/daemon\" ]; do sleep 0.01; done";
        give_work(&cluster, scripts(&cluster, daemon, 10_000)).await;
        cluster
            .report("its work", |su| {
                su.assignments.iter().any(|si| si.ha == HaState::Active)
            })
            .await;
        let pid: i32 = fs::read_to_string(cluster.path("daemon"))
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert!(is_alive(pid));
        let order = NodeOrder::Cleanup {
            id: OrderId(2),
            su: su(),
        };
        cluster.carry_out(order).await;
        assert!(!is_alive(pid));
    });
}

/// A component that has its work and then is terminated, with these commands.
async fn terminated(cluster: &Cluster, change: impl Fn(&mut CompConfig)) {
    let mut config = scripts(cluster, "sleep 1000 &", 10_000);
    change(&mut config);
    give_work(cluster, config).await;
    cluster
        .report("its work", |su| {
            su.assignments.iter().any(|si| si.ha == HaState::Active)
        })
        .await;
    let order = NodeOrder::Terminate {
        id: OrderId(2),
        su: su(),
    };
    assert_eq!(cluster.director.order(1, vec![order]).await, 1);
}

fn hanging(cluster: &Cluster, name: &str) -> Command {
    let text = "trap '' TERM; echo 'asking the daemon to stop' >&2; sleep 1000 & wait; wait; sleep 1000";
    cluster.script(name, text, 500)
}

#[test]
fn a_terminate_that_hangs_is_followed_by_the_cleanup() {
    run(async {
        let cluster = Cluster::start().await;
        terminated(&cluster, |config| {
            config.terminate = Some(hanging(&cluster, "terminate"));
            config.cleanup = Some(cluster.script("cleanup", "echo cleaned >>\"$TEST_DIR/said\"", 10_000));
        })
        .await;
        cluster
            .report("the end", |su| {
                su.comps[0].presence == PresenceState::Uninstantiated
            })
            .await;
        cluster.said("cleaned", 1).await;
        assert_eq!(processes_of(cluster.dir.path()), []);
        assert!(cluster.log().contains("TERMINATE timed out after 500 ms"));
    });
}

#[test]
fn a_cleanup_that_fails_or_hangs_leaves_the_component_failed_with_its_words() {
    run(async {
        let cluster = Cluster::start().await;
        terminated(&cluster, |config| {
            config.terminate = Some(cluster.script("terminate", "exit 1", 10_000));
            let cleanup = "echo 'the volume is busy' >&2; exit 9";
            config.cleanup = Some(cluster.script("cleanup", cleanup, 10_000));
        })
        .await;
        let report = cluster
            .report("TERMINATION-FAILED", |su| {
                su.comps[0].presence == PresenceState::TerminationFailed
            })
            .await;
        let failure = report.comps[0].failure.clone().unwrap();
        assert_eq!(
            (
                failure.command.as_str(),
                failure.cause.as_str(),
                failure.stderr.as_str()
            ),
            ("CLEANUP", "exit status 9", "the volume is busy")
        );

        let cluster = Cluster::start().await;
        terminated(&cluster, |config| {
            config.terminate = Some(cluster.script("terminate", "exit 1", 10_000));
            config.cleanup = Some(hanging(&cluster, "cleanup"));
        })
        .await;
        let report = cluster
            .report("TERMINATION-FAILED", |su| {
                su.comps[0].presence == PresenceState::TerminationFailed
            })
            .await;
        let failure = report.comps[0].failure.clone().unwrap();
        assert_eq!(failure.cause, "timed out after 500 ms");
        assert_eq!(failure.stderr, "asking the daemon to stop");
    });
}

#[test]
fn rounds_of_start_kill_and_cleanup_leave_no_process_file_or_socket() {
    run(async {
        let cluster = Cluster::start().await;
        let files = || {
            fs::read_dir(format!("/proc/{}/fd", cluster.node_pid()))
                .unwrap()
                .count()
        };
        let mut config = cluster.component("plain");
        config.healthchecks[0].max_duration = Millis(10_000);
        cluster.configure(config).await;
        let mut first = None;
        for round in 0..30 {
            let instantiate = NodeOrder::Instantiate {
                id: OrderId(2 * round + 1),
                su: su(),
            };
            cluster.carry_out(instantiate).await;
            let cleanup = NodeOrder::Cleanup {
                id: OrderId(2 * round + 2),
                su: su(),
            };
            cluster.carry_out(cleanup).await;
            assert_eq!(processes_of(cluster.dir.path()), []);
            // The connection's last descriptors go with its end, which is told after that of the process.
            let most = *first.get_or_insert_with(files);
            cluster
                .until(&format!("no descriptor more after round {round}"), || {
                    files() <= most
                })
                .await;
        }
        let entries = |dir: &str| fs::read_dir(cluster.path(dir)).unwrap().count();
        assert_eq!(entries("nodes/N1/log"), 1, "one log for one component");
    });
}
