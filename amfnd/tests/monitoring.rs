//! Real processes that are watched: passively, by a monitor, by a command.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod harness;

use std::fs;

use ais::amf::{
    HealthcheckCommand, MonitorState, Monitoring, NodeOrder, OrderId, PmErrors, PmStopQualifier,
    PresenceState, RecommendedRecovery,
};
use ais::{AisError, Millis};
use amfnd_client::{Amf, AmfError};
use harness::{Cluster, comp, is_alive, run, signal, su};
use rustix::process::Signal;

async fn connect(cluster: &Cluster) -> Amf {
    let socket = cluster.path("nodes/N1/amfnd.sock");
    Amf::initialize_at(socket.to_str().unwrap()).await.unwrap()
}

/// An instantiated component that started `sh -c SCRIPT` as a helper before its process; gives the helper's id.
async fn with_helper(cluster: &Cluster, script: &str) -> u64 {
    let mut component = cluster.component("plain");
    let start = fs::read_to_string(cluster.path("instantiate")).unwrap();
    let start = start.trim_start_matches("#!/bin/sh\n");
    let helper = format!(
        "sh -c '{script}' & echo $! > {}\n{start}",
        cluster.path("helper").display()
    );
    component.instantiate = Some(cluster.script("instantiate", &helper, 10_000));
    cluster.instantiate(component).await;
    let text = fs::read_to_string(cluster.path("helper")).unwrap();
    text.trim().parse().unwrap()
}

async fn restarted(cluster: &Cluster, why: &str) {
    cluster
        .report("the restart", |su| {
            su.comps[0].restart_count == 1 && su.comps[0].presence == PresenceState::Instantiated
        })
        .await;
    assert!(cluster.log().contains(why), "{why} is not in {}", cluster.log());
}

#[test]
fn the_death_of_a_watched_process_is_an_error_of_the_component() {
    run(async {
        let cluster = Cluster::start().await;
        let helper = with_helper(&cluster, "sleep 1000").await;
        let amf = connect(&cluster).await;
        amf.pm_start(
            &comp(),
            helper,
            Some(0),
            PmErrors::ABNORMAL_END,
            RecommendedRecovery::ComponentRestart,
        )
        .await
        .unwrap();
        // Who asked may go.
        amf.finalize().await;
        signal(i32::try_from(helper).unwrap(), Signal::KILL);
        restarted(
            &cluster,
            &format!("passive monitoring: process {helper} was killed by signal 9"),
        )
        .await;
    });
}

#[test]
fn an_end_that_was_not_asked_for_is_none() {
    run(async {
        let cluster = Cluster::start().await;
        let go = cluster.path("helper-go");
        let script = format!("while [ ! -e {} ]; do sleep 0.01; done; exit 0", go.display());
        let helper = with_helper(&cluster, &script).await;
        let amf = connect(&cluster).await;
        let failures = PmErrors::NON_ZERO_EXIT | PmErrors::ABNORMAL_END;
        let recovery = RecommendedRecovery::ComponentRestart;
        amf.pm_start(&comp(), helper, Some(0), failures, recovery)
            .await
            .unwrap();
        fs::write(&go, "").unwrap();
        let pid = i32::try_from(helper).unwrap();
        cluster.until("the helper ends", || !is_alive(pid)).await;
        // The next request is handled after its end was told.
        let gone = amf
            .pm_start(&comp(), helper, Some(0), failures, recovery)
            .await
            .unwrap_err();
        assert!(
            matches!(
                gone,
                AmfError::Refused {
                    error: AisError::NotExist,
                    ..
                }
            ),
            "{gone}"
        );
        cluster.said("healthy", 3).await;
        assert_eq!(cluster.director.newest().unwrap().comps[0].restart_count, 0);
    });
}

#[test]
fn descendants_of_a_watched_process_are_watched_to_the_depth() {
    run(async {
        let cluster = Cluster::start().await;
        let file = cluster.path("grandchild");
        let script = format!(
            "sh -c \"sleep 1000 & echo \\$! > {}; wait\"; sleep 1000",
            file.display()
        );
        let helper = with_helper(&cluster, &script).await;
        cluster.until("the grandchild", || file.exists()).await;
        let amf = connect(&cluster).await;
        amf.pm_start(
            &comp(),
            helper,
            None,
            PmErrors::all(),
            RecommendedRecovery::ComponentRestart,
        )
        .await
        .unwrap();
        let grandchild = fs::read_to_string(&file).unwrap();
        signal(grandchild.trim().parse().unwrap(), Signal::KILL);
        restarted(&cluster, "passive monitoring: process").await;
    });
}

#[test]
fn passive_monitoring_that_was_stopped_tells_nothing() {
    run(async {
        let cluster = Cluster::start().await;
        let helper = with_helper(&cluster, "sleep 1000").await;
        let amf = connect(&cluster).await;
        let all = PmErrors::all();
        let recovery = RecommendedRecovery::ComponentRestart;
        amf.pm_start(&comp(), helper, None, all, recovery).await.unwrap();
        amf.pm_stop(&comp(), PmStopQualifier::ProcessAndDescendants, helper, all)
            .await
            .unwrap();
        signal(i32::try_from(helper).unwrap(), Signal::KILL);
        let said = cluster
            .said("healthy", 1)
            .await
            .lines()
            .filter(|line| *line == "healthy")
            .count();
        cluster.said("healthy", said + 2).await;
        assert_eq!(cluster.director.newest().unwrap().comps[0].restart_count, 0);
        let bad = amf.pm_start(&comp(), 0, None, all, recovery).await.unwrap_err();
        assert!(
            matches!(
                bad,
                AmfError::Refused {
                    error: AisError::InvalidParam,
                    ..
                }
            ),
            "{bad}"
        );
    });
}

#[test]
fn a_monitor_runs_beside_its_component_and_reports_its_errors() {
    run(async {
        let cluster = Cluster::start().await;
        let mut component = cluster.component("plain");
        let pid_file = cluster.path("monitor.pid");
        let start = format!("sleep 1000 & echo $! > {}", pid_file.display());
        let stop = format!("kill $(cat {f}) && rm {f}", f = pid_file.display());
        component.monitoring = Monitoring {
            am_start: Some(cluster.script("am-start", &start, 10_000)),
            am_stop: Some(cluster.script("am-stop", &stop, 10_000)),
            am_start_attempts: 2,
            am_stop_attempts: 2,
            healthcheck: None,
        };
        cluster.instantiate(component).await;
        cluster
            .report("the monitor", |su| su.comps[0].monitor == MonitorState::Running)
            .await;
        let monitor: i32 = fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
        assert!(is_alive(monitor));
        // Any process of the user may report an error of any component.
        let amf = connect(&cluster).await;
        amf.error_report(&comp(), RecommendedRecovery::ComponentRestart)
            .await
            .unwrap();
        restarted(&cluster, "error report: COMPONENT_RESTART is recommended").await;
        assert!(!is_alive(monitor), "the old monitor is gone");
        cluster
            .report("the next monitor", |su| {
                su.comps[0].monitor == MonitorState::Running
            })
            .await;
        cluster
            .carry_out(NodeOrder::Terminate {
                id: OrderId(2),
                su: su(),
            })
            .await;
        assert!(!pid_file.exists(), "AM_STOP was run");
    });
}

#[test]
fn a_command_that_finds_a_component_ill_shows_why() {
    run(async {
        let cluster = Cluster::start().await;
        let mut component = cluster.component("plain");
        let ill = cluster.path("ill");
        let check = format!(
            "[ -e {f} ] || exit 0; rm {f}; echo the queue is stuck >&2; exit 3",
            f = ill.display()
        );
        component.monitoring.healthcheck = Some(HealthcheckCommand {
            command: cluster.script("check", &check, 5_000),
            period: Millis(50),
        });
        cluster.instantiate(component).await;
        fs::write(&ill, "").unwrap();
        restarted(&cluster, "healthcheck callback failed: HEALTHCHECK").await;
        let shown = cluster.director.all().into_iter().any(|report| match report {
            ais::amf::NodeReport::Su(su) => su.comps[0].failure.as_ref().is_some_and(|failure| {
                failure.command == "HEALTHCHECK"
                    && failure.cause == "exit status 3"
                    && failure.stderr.contains("the queue is stuck")
            }),
            _ => false,
        });
        assert!(shown, "the status and the last lines are reported");
    });
}
