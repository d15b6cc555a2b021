//! External monitors, health commands and watched processes.

mod harness;

use ais::Millis;
use ais::amf::{
    CompConfig, HealthcheckCommand, MonitorState, Monitoring, NodeOrder, NodeReport, OrderOutcome, PmErrors,
    PmStopQualifier, PresenceState, RecommendedRecovery,
};
use amfnd_engine::{ComponentRequest, Event, ProcessEnd, WatchId};
use harness::{Act, Node, command, comp, comp_dn, script, su, su_dn};

/// A component with a monitor that may be started three and stopped two times.
fn monitored(name: &str) -> CompConfig {
    CompConfig {
        monitoring: Monitoring {
            am_start: Some(command("watch")),
            am_stop: Some(command("unwatch")),
            am_start_attempts: 3,
            am_stop_attempts: 2,
            healthcheck: None,
        },
        ..comp(name)
    }
}

fn monitor(node: &mut Node, comp: Option<&str>, run: bool) {
    let id = node.new_order();
    let comp = comp.map(comp_dn);
    node.send(vec![NodeOrder::Monitor {
        id,
        su: su_dn("SU1"),
        comp,
        run,
    }]);
}

#[test]
fn the_monitor_starts_after_the_component_and_stops_before_it() {
    let mut node = Node::new(vec![su("SU1", vec![monitored("A")])]);
    node.act("A INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    assert_eq!(node.take_log(), ["A INSTANTIATE"]);
    assert_eq!(node.comp("A").monitor, MonitorState::Stopped);
    node.register(&comp_dn("A"));
    node.end_run("A", harness::exit(0));
    assert_eq!(node.take_log(), ["A AM_START"]);
    assert_eq!(node.comp("A").monitor, MonitorState::Running);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);

    node.act("A AM_STOP", Act::Hang);
    node.terminate("SU1");
    assert_eq!(
        node.take_log(),
        ["A AM_STOP"],
        "the component waits for its monitor"
    );
    node.end_run("A", harness::exit(0));
    assert_eq!(node.take_log(), ["A terminate", "A forget", "A kill-all"]);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn a_monitor_that_does_not_start_is_tried_again_and_then_the_component_has_failed() {
    let mut node = Node::new(vec![su("SU1", vec![monitored("A")])]);
    node.act("A AM_START", Act::Fail);
    node.instantiate("SU1");
    let log = node.take_log();
    let starts = log.iter().filter(|line| *line == "A AM_START").count();
    assert!(starts > 3 && log[..4] == ["A INSTANTIATE", "A AM_START", "A AM_START", "A AM_START"]);
    assert!(
        log[4..6] == ["A AM_STOP", "A forget"] || log[4] == "A forget",
        "{log:?}"
    );
    assert!(
        node.notes
            .iter()
            .any(|note| note.contains("active monitoring: AM_START failed 3 times")),
        "{:?}",
        node.notes
    );
    let told = |report: &NodeReport| match report {
        NodeReport::Su(su) => su.comps[0]
            .failure
            .as_ref()
            .is_some_and(|failure| failure.command == "AM_START"),
        _ => false,
    };
    assert!(node.sent.iter().any(told), "the operator is shown the command");
}

#[test]
fn a_start_that_takes_too_long_is_killed_and_cleared_before_the_next() {
    let mut node = Node::new(vec![su("SU1", vec![monitored("A")])]);
    node.act("A AM_START", Act::Hang);
    node.instantiate("SU1");
    node.take_log();
    node.pass(999);
    assert_eq!(node.take_log().len(), 0);
    node.pass(1);
    assert_eq!(node.take_log(), ["A kill AM_START", "A AM_STOP", "A AM_START"]);
    assert_eq!(
        node.comp("A").failure.as_ref().unwrap().cause,
        "timed out after 1000 ms"
    );
    node.behave("A AM_START");
    node.end_run("A", harness::exit(0));
    assert_eq!(node.comp("A").monitor, MonitorState::Running);
}

#[test]
fn a_monitor_that_does_not_stop_is_left_to_the_cleanup() {
    let mut node = Node::up(vec![su("SU1", vec![monitored("A")])]);
    node.act("A AM_STOP", Act::Fail);
    node.terminate("SU1");
    let log = ["A AM_STOP", "A AM_STOP", "A terminate", "A forget", "A CLEANUP"];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn a_recovery_does_not_wait_for_the_monitor() {
    let mut node = Node::up(vec![su("SU1", vec![monitored("A")])]);
    node.act("A AM_STOP", Act::Hang);
    node.die("A");
    let log = ["A forget", "A AM_STOP", "A CLEANUP", "A INSTANTIATE"];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.comp("A").presence, PresenceState::Instantiated);
    // The old one is still on its way out; then the new one starts.
    node.behave("A AM_STOP");
    node.end_run("A", harness::exit(9));
    assert_eq!(node.take_log(), ["A AM_START"]);
    assert_eq!(node.comp("A").monitor, MonitorState::Running);
}

#[test]
fn the_operator_stops_and_starts_monitors() {
    let mut node = Node::up(vec![su("SU1", vec![monitored("A"), comp("B")])]);
    monitor(&mut node, None, false);
    assert_eq!(node.take_log(), ["A AM_STOP"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.comp("A").monitor, MonitorState::Stopped);
    assert_eq!(node.comp("B").monitor, MonitorState::None);
    monitor(&mut node, Some("A"), true);
    assert_eq!(node.take_log(), ["A AM_START"]);
    assert_eq!(node.comp("A").monitor, MonitorState::Running);

    monitor(&mut node, Some("B"), true);
    assert!(
        node.failed("SU1").contains("no AM_START"),
        "{}",
        node.failed("SU1")
    );
    node.act("A AM_STOP", Act::Fail);
    monitor(&mut node, Some("A"), false);
    assert!(node.failed("SU1").contains("AM_STOP"), "{}", node.failed("SU1"));
    // A restart begins anew.
    node.behave("A AM_STOP");
    node.die("A");
    assert_eq!(node.comp("A").monitor, MonitorState::Running);
}

/// A component whose health a command checks each 200 ms.
fn checked(config: CompConfig) -> CompConfig {
    let mut check = command("check");
    check.timeout = Millis(50);
    CompConfig {
        monitoring: Monitoring {
            healthcheck: Some(HealthcheckCommand {
                command: check,
                period: Millis(200),
            }),
            ..Monitoring::default()
        },
        ..config
    }
}

#[test]
fn a_command_checks_the_health_each_period() {
    let mut node = Node::up(vec![su("SU1", vec![checked(comp("A"))])]);
    node.pass(199);
    assert_eq!(node.take_log().len(), 0);
    node.pass(401);
    assert_eq!(
        node.take_log(),
        ["A HEALTHCHECK", "A HEALTHCHECK", "A HEALTHCHECK"]
    );

    node.act("A HEALTHCHECK", Act::Fail);
    node.pass(200);
    assert_eq!(
        node.take_log(),
        ["A HEALTHCHECK", "A forget", "A CLEANUP", "A INSTANTIATE"]
    );
    assert!(
        node.notes
            .iter()
            .any(|note| note.contains("HEALTHCHECK '/opt/x/check': exit status 1"))
    );
    node.act("A HEALTHCHECK", Act::Hang);
    node.pass(250);
    assert_eq!(
        node.take_log(),
        [
            "A HEALTHCHECK",
            "A kill HEALTHCHECK",
            "A forget",
            "A CLEANUP",
            "A INSTANTIATE"
        ]
    );
}

#[test]
fn the_health_of_a_script_is_checked_while_it_runs() {
    let si = harness::si("S", vec![harness::csi("a", "n1")]);
    let mut node = Node::new(vec![su("SU1", vec![checked(script("n1"))])]);
    node.pass(1000);
    assert_eq!(node.take_log().len(), 0);
    node.assign("SU1", ais::amf::HaState::Active, vec![si]);
    node.take_log();
    node.pass(200);
    assert_eq!(node.take_log(), ["n1 HEALTHCHECK"]);
    node.remove("SU1", &["S"]);
    node.take_log();
    node.pass(1000);
    assert_eq!(node.take_log().len(), 0);
}

fn pm_start(node: &mut Node, pid: u64, depth: Option<u32>, errors: PmErrors) -> String {
    let session = node.new_session();
    let comp = comp_dn("A");
    node.ask(
        session,
        ComponentRequest::PmStart {
            comp,
            pid,
            depth,
            errors,
            recovery: RecommendedRecovery::ComponentRestart,
        },
    )
}

fn pm_stop(node: &mut Node, qualifier: PmStopQualifier, pid: u64, errors: PmErrors) -> String {
    let session = node.new_session();
    let comp = comp_dn("A");
    node.ask(
        session,
        ComponentRequest::PmStop {
            comp,
            qualifier,
            pid,
            errors,
        },
    )
}

fn end(node: &mut Node, watched: u64, pid: u64, end: ProcessEnd) {
    let watch: WatchId = *node
        .watches
        .iter()
        .find(|(_, root)| **root == watched)
        .expect("it is watched")
        .0;
    node.event(Event::WatchedEnded {
        watch,
        comp: comp_dn("A"),
        pid,
        end,
    });
}

#[test]
fn the_ends_that_were_asked_for_are_errors() {
    let restarted = ["unwatch 77", "A forget", "A CLEANUP", "A INSTANTIATE"];
    for (errors, how, fails) in [
        (PmErrors::NON_ZERO_EXIT, ProcessEnd::Exited(3), true),
        (PmErrors::NON_ZERO_EXIT, ProcessEnd::Exited(0), false),
        (PmErrors::NON_ZERO_EXIT, ProcessEnd::Killed(9), false),
        (PmErrors::ZERO_EXIT, ProcessEnd::Exited(0), true),
        (PmErrors::ABNORMAL_END, ProcessEnd::Killed(11), true),
        (PmErrors::ABNORMAL_END, ProcessEnd::Exited(1), false),
        (PmErrors::ZERO_EXIT, ProcessEnd::Unknown, true),
    ] {
        let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
        assert_eq!(pm_start(&mut node, 77, None, errors), "OK");
        assert_eq!(node.take_log(), ["A watch 77"]);
        // A descendant's end counts as the process's.
        end(&mut node, 77, 78, how);
        let log = node.take_log();
        assert_eq!(log == restarted, fails, "{errors:?} {how:?}: {log:?}");
        assert_eq!(log.is_empty(), !fails, "{log:?}");
    }
}

#[test]
fn passive_monitoring_ends_when_it_is_stopped_and_with_the_component() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let all = PmErrors::all();
    assert_eq!(pm_stop(&mut node, PmStopQualifier::Process, 77, all), "NOT_EXIST");
    assert_eq!(pm_start(&mut node, 77, Some(0), all), "OK");
    assert_eq!(pm_start(&mut node, 79, Some(0), all), "OK");
    assert_eq!(
        pm_stop(&mut node, PmStopQualifier::Process, 77, PmErrors::ZERO_EXIT),
        "OK"
    );
    assert_eq!(node.take_log(), ["A watch 77", "A watch 79"]);
    let others = PmErrors::NON_ZERO_EXIT | PmErrors::ABNORMAL_END;
    assert_eq!(pm_stop(&mut node, PmStopQualifier::Process, 77, others), "OK");
    assert_eq!(node.take_log(), ["unwatch 77"]);
    assert_eq!(pm_stop(&mut node, PmStopQualifier::AllProcesses, 0, all), "OK");
    assert_eq!(node.take_log(), ["unwatch 79"]);

    assert_eq!(pm_start(&mut node, 80, None, all), "OK");
    node.take_log();
    node.terminate("SU1");
    assert!(node.take_log().contains(&"unwatch 80".to_owned()));
    assert!(node.watches.is_empty());
}

#[test]
fn passive_monitoring_is_refused_with_the_right_codes() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    let all = PmErrors::all();
    assert_eq!(pm_start(&mut node, 77, None, all), "TRY_AGAIN");
    node.instantiate("SU1");
    assert_eq!(pm_start(&mut node, 0, None, all), "INVALID_PARAM");
    assert_eq!(pm_start(&mut node, 77, None, PmErrors::empty()), "INVALID_PARAM");
    let session = node.new_session();
    let mut ask = |comp: &str, recovery| {
        node.ask(
            session,
            ComponentRequest::PmStart {
                comp: comp_dn(comp),
                pid: 77,
                depth: None,
                errors: all,
                recovery,
            },
        )
    };
    assert_eq!(ask("Z", RecommendedRecovery::ComponentRestart), "NOT_EXIST");
    assert_eq!(ask("A", RecommendedRecovery::SuFailover), "ACCESS");
    assert_eq!(ask("A", RecommendedRecovery::ComponentRestart), "OK");
}
