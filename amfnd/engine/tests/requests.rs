//! What components' processes ask for, healthchecks first.

mod harness;

use ais::AisError;
use ais::Millis;
use ais::amf::{
    CompConfig, ErrorSource, HaState, Healthcheck, HealthcheckInvocation, PresenceState, RecommendedRecovery,
};
use amfnd_engine::{ComponentRequest, Event, Invocation, RequestId, SessionId};
use harness::{Act, Node, comp, comp_dn, csi, csi_dn, exit, script, si, su};

const NOTHING: [&str; 0] = [];

fn start(comp: &str, key: &str, invocation: HealthcheckInvocation) -> ComponentRequest {
    ComponentRequest::HealthcheckStart {
        comp: comp_dn(comp),
        key: key.to_owned(),
        invocation,
        recovery: RecommendedRecovery::NoRecommendation,
    }
}

fn stop(comp: &str, key: &str) -> ComponentRequest {
    ComponentRequest::HealthcheckStop {
        comp: comp_dn(comp),
        key: key.to_owned(),
    }
}

fn confirm(comp: &str, key: &str, result: Result<(), AisError>) -> ComponentRequest {
    ComponentRequest::HealthcheckConfirm {
        comp: comp_dn(comp),
        key: key.to_owned(),
        result,
    }
}

fn register(comp: &str) -> ComponentRequest {
    ComponentRequest::Register { comp: comp_dn(comp) }
}

fn node() -> (Node, SessionId) {
    let node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let session = node.session("A");
    (node, session)
}

#[test]
fn the_framework_calls_at_once_and_then_each_period() {
    let (mut node, session) = node();
    assert_eq!(
        node.ask(session, start("A", "hc", HealthcheckInvocation::AmfInvoked)),
        "OK"
    );
    assert_eq!(node.take_log(), ["A healthcheck hc"]);
    node.pass(99);
    assert_eq!(node.take_log(), NOTHING);
    node.pass(1);
    assert_eq!(node.take_log(), ["A healthcheck hc"]);
    node.pass(200);
    assert_eq!(node.take_log().len(), 2);
    assert_eq!(node.ask(session, stop("A", "hc")), "OK");
    assert_eq!(node.engine.next_deadline(), None);
    assert_eq!(node.ask(session, stop("A", "hc")), "NOT_EXIST");
}

#[test]
fn a_late_answer_is_followed_by_the_next_call_at_once() {
    let slow = Healthcheck {
        key: "hc".to_owned(),
        period: Millis(100),
        max_duration: Millis(250),
    };
    let config = CompConfig {
        healthchecks: vec![slow],
        ..comp("A")
    };
    let mut node = Node::up(vec![su("SU1", vec![config])]);
    let session = node.session("A");
    node.act("A healthcheck", Act::Hang);
    node.ask(session, start("A", "hc", HealthcheckInvocation::AmfInvoked));
    node.pass(150);
    assert_eq!(node.take_log(), ["A healthcheck hc"]);
    node.answer("A", Ok(()));
    assert_eq!(node.take_log(), ["A healthcheck hc"]);
    node.pass(30);
    node.answer("A", Ok(()));
    node.pass(69);
    assert_eq!(node.take_log(), NOTHING);
    node.pass(1);
    assert_eq!(node.take_log(), ["A healthcheck hc"]);
}

#[test]
fn a_healthcheck_that_is_not_answered_or_answered_badly_is_an_error() {
    for (act, wait, source) in [(Act::Hang, 60, 6), (Act::Fail, 0, 7)] {
        let (mut node, session) = node();
        node.act("A healthcheck", act);
        node.act("A CLEANUP", Act::Hang);
        node.ask(session, start("A", "hc", HealthcheckInvocation::AmfInvoked));
        node.pass(wait);
        assert_eq!(node.take_log(), ["A healthcheck hc", "A forget", "A CLEANUP"]);
        let env = &node.env[&node.run_of("A")];
        assert!(
            env.contains(&format!("OSAF_COMPONENT_ERROR_SOURCE={source}")),
            "{env:?}"
        );
        node.end_run("A", exit(0));
        assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
        assert_eq!(
            node.engine.next_deadline(),
            None,
            "healthchecks ended with the process"
        );
    }
}

#[test]
fn the_recovery_given_at_the_start_counts() {
    let (mut node, session) = node();
    node.act("A healthcheck", Act::Fail);
    let body = ComponentRequest::HealthcheckStart {
        comp: comp_dn("A"),
        key: "hc".to_owned(),
        invocation: HealthcheckInvocation::AmfInvoked,
        recovery: RecommendedRecovery::NodeFailover,
    };
    node.ask(session, body);
    let fault = node.fault("SU1").unwrap();
    assert_eq!(fault.recovery, RecommendedRecovery::NodeFailover);
    assert_eq!(fault.source, ErrorSource::HealthcheckFailed);
}

#[test]
fn the_component_must_confirm_within_each_period() {
    let (mut node, session) = node();
    let invocation = HealthcheckInvocation::ComponentInvoked;
    assert_eq!(node.ask(session, confirm("A", "hc", Ok(()))), "NOT_EXIST");
    assert_eq!(node.ask(session, start("A", "hc", invocation)), "OK");
    for _ in 0..5 {
        node.pass(99);
        assert_eq!(node.ask(session, confirm("A", "hc", Ok(()))), "OK");
    }
    assert_eq!(node.take_log(), NOTHING);
    node.pass(100);
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP", "A INSTANTIATE"]);
    let session = node.session("A");
    node.ask(session, start("A", "hc", invocation));
    assert_eq!(
        node.ask(session, confirm("A", "hc", Err(AisError::FailedOperation))),
        "OK"
    );
    assert_eq!(node.comp("A").restart_count, 2);
}

#[test]
fn several_keys_run_side_by_side() {
    let keys = ["x", "y"].map(|key| Healthcheck {
        key: key.to_owned(),
        period: Millis(if key == "x" { 10 } else { 25 }),
        max_duration: Millis(5),
    });
    let config = CompConfig {
        healthchecks: keys.to_vec(),
        ..comp("A")
    };
    let mut node = Node::up(vec![su("SU1", vec![config])]);
    let session = node.session("A");
    node.ask(session, start("A", "x", HealthcheckInvocation::AmfInvoked));
    node.ask(session, start("A", "y", HealthcheckInvocation::AmfInvoked));
    node.pass(50);
    let log = node.take_log();
    let count = |key: &str| log.iter().filter(|line| line.ends_with(key)).count();
    assert_eq!((count("x"), count("y")), (6, 3));
}

#[test]
fn healthchecks_go_on_while_a_callback_takes_its_time() {
    let (mut node, session) = node();
    node.ask(session, start("A", "hc", HealthcheckInvocation::AmfInvoked));
    node.take_log();
    node.act("A set", Act::Hang);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    node.pass(299);
    let log = ["A set ACTIVE a new", "A healthcheck hc", "A healthcheck hc"];
    assert_eq!(node.take_log(), log);
    node.answer("A", Ok(()));
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    assert_eq!(node.comp("A").restart_count, 0);
}

#[test]
fn healthcheck_requests_are_refused_with_the_right_codes() {
    let (mut node, session) = node();
    let amf = HealthcheckInvocation::AmfInvoked;
    assert_eq!(node.ask(session, start("A", "", amf)), "INVALID_PARAM");
    assert_eq!(
        node.ask(session, start("A", &"k".repeat(33), amf)),
        "INVALID_PARAM"
    );
    assert_eq!(node.ask(session, start("A", "other", amf)), "NOT_EXIST");
    assert_eq!(node.ask(session, start("Z", "hc", amf)), "NOT_EXIST");
    let with = |recovery| ComponentRequest::HealthcheckStart {
        comp: comp_dn("A"),
        key: "hc".to_owned(),
        invocation: amf,
        recovery,
    };
    assert_eq!(node.ask(session, with(RecommendedRecovery::SuFailover)), "ACCESS");
    assert_eq!(node.ask(session, start("A", "hc", amf)), "OK");
    assert_eq!(node.ask(session, start("A", "hc", amf)), "EXIST");
    let other = node.new_session();
    assert_eq!(
        node.ask(other, start("A", "hc", amf)),
        "OK",
        "another handle has its own"
    );
    assert_eq!(
        node.ask(session, confirm("A", "hc", Ok(()))),
        "NOT_EXIST",
        "it is AMF-invoked"
    );
    node.terminate("SU1");
    assert_eq!(node.ask(session, start("A", "hc", amf)), "TRY_AGAIN");
    let mut node = Node::up(vec![su("SU1", vec![script("n1")])]);
    assert_eq!(node.ask(session, start("n1", "hc", amf)), "BAD_OPERATION");
}

#[test]
fn a_healthcheck_started_before_the_component_is_up_begins_when_it_is() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    node.register(&comp_dn("A"));
    let session = node.session("A");
    assert_eq!(
        node.ask(session, start("A", "hc", HealthcheckInvocation::AmfInvoked)),
        "OK"
    );
    node.pass(500);
    assert_eq!(node.take_log(), ["A INSTANTIATE"]);
    node.end_run("A", exit(0));
    assert_eq!(node.take_log(), ["A healthcheck hc"]);
}

#[test]
fn registrations_are_refused_with_the_right_codes() {
    let mut node = Node::new(vec![
        su("SU1", vec![comp("A"), script("n1")]),
        su("SU2", vec![comp("B@SU2")]),
    ]);
    let session = node.new_session();
    assert_eq!(node.ask(session, register("Z")), "INVALID_PARAM");
    assert_eq!(
        node.ask(session, register("A")),
        "BAD_OPERATION",
        "it is not being instantiated"
    );
    assert_eq!(node.ask(session, register("n1")), "BAD_OPERATION");
    node.act("A INSTANTIATE", Act::Hang);
    node.act("B INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    node.instantiate("SU2");
    assert_eq!(node.ask(session, register("A")), "OK");
    assert_eq!(node.ask(session, register("A")), "EXIST");
    assert_eq!(
        node.ask(session, register("B@SU2")),
        "BAD_OPERATION",
        "one component for one process"
    );
    let other = node.new_session();
    assert_eq!(node.ask(other, register("A")), "EXIST");
}

#[test]
fn unregistering_without_having_been_asked_is_a_failure() {
    let (mut node, session) = node();
    let unregister = || ComponentRequest::Unregister { comp: comp_dn("A") };
    let other = node.new_session();
    assert_eq!(node.ask(other, unregister()), "BAD_HANDLE");
    assert_eq!(node.ask(session, unregister()), "OK");
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP", "A INSTANTIATE"]);
    node.act("A terminate", Act::Hang);
    node.terminate("SU1");
    let session = node.session("A");
    assert_eq!(node.ask(session, unregister()), "OK");
    node.answer("A", Ok(()));
    node.event(Event::SessionClosed { session });
    assert_eq!(node.take_log(), ["A terminate", "A forget", "A kill-all"]);
    assert_eq!(node.ask(session, unregister()), "NOT_EXIST");
}

#[test]
fn the_ha_state_is_told_to_anyone() {
    let (mut node, _) = node();
    let session = node.new_session();
    let get = |comp: &str, csi: &str| ComponentRequest::HaStateGet {
        comp: comp_dn(comp),
        csi: csi_dn(csi),
    };
    assert_eq!(node.ask(session, get("Z", "a")), "INVALID_PARAM");
    assert_eq!(node.ask(session, get("A", "a")), "NOT_EXIST");
    node.assign("SU1", HaState::Standby, vec![si("S", vec![csi("a", "A")])]);
    assert_eq!(node.ask(session, get("A", "a")), "STANDBY");
    assert_eq!(node.ask(session, get("A", "b")), "NOT_EXIST");
    node.terminate("SU1");
    assert_eq!(node.ask(session, get("A", "a")), "NOT_EXIST");
}

#[test]
fn an_error_report_is_answered_before_anything_is_done() {
    let (mut node, _) = node();
    let session = node.new_session();
    let report = |comp: &str, recovery| ComponentRequest::ErrorReport {
        comp: comp_dn(comp),
        recovery,
    };
    let default = RecommendedRecovery::NoRecommendation;
    assert_eq!(node.ask(session, report("Z", default)), "NOT_EXIST");
    assert_eq!(
        node.ask(session, report("A", RecommendedRecovery::SuRestart)),
        "ACCESS"
    );
    let body = report("A", default);
    let effects = node.engine.step(
        node.now,
        Event::Request {
            request: RequestId(900),
            session,
            body,
        },
    );
    let at = |what: &str| {
        effects
            .iter()
            .position(|effect| format!("{effect:?}").starts_with(what))
            .unwrap()
    };
    assert!(
        at("Reply") < at("Forget") && at("Forget") < at("Run"),
        "{effects:?}"
    );
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    assert_eq!(
        node.ask(session, report("A", default)),
        "INVALID_PARAM",
        "it is not there"
    );
}

#[test]
fn an_error_is_cleared_where_there_is_one() {
    let (mut node, session) = node();
    let clear = |comp: &str| ComponentRequest::ErrorClear { comp: comp_dn(comp) };
    assert_eq!(node.ask(session, clear("Z")), "NOT_EXIST");
    assert_eq!(node.ask(session, clear("A")), "NO_OP");
    node.terminate("SU1");
    assert_eq!(node.ask(session, clear("A")), "BAD_OPERATION");
}

#[test]
fn quiescing_complete_is_refused_where_nobody_asked_for_it() {
    let (mut node, session) = node();
    let complete = |invocation| ComponentRequest::CsiQuiescingComplete {
        invocation,
        result: Ok(()),
    };
    assert_eq!(node.ask(session, complete(Invocation(99))), "NOT_EXIST");
    node.act("A set", Act::Hang);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    let active = *node.calls.keys().next().unwrap();
    assert_eq!(node.ask(session, complete(active)), "INVALID_PARAM");
    node.answer("A", Ok(()));
    node.assign("SU1", HaState::Quiescing, vec![si("S", vec![])]);
    let quiescing = *node.calls.keys().next().unwrap();
    let other = node.new_session();
    assert_eq!(node.ask(other, complete(quiescing)), "BAD_HANDLE");
    node.answer("A", Ok(()));
    let body = ComponentRequest::CsiQuiescingComplete {
        invocation: quiescing,
        result: Err(AisError::FailedOperation),
    };
    assert_eq!(node.ask(session, body), "OK");
    assert_eq!(node.fault("SU1").unwrap().source, ErrorSource::CsiSetFailed);
}

#[test]
fn a_connection_that_registered_nothing_may_close() {
    let (mut node, _) = node();
    let other = node.new_session();
    node.ask(other, start("A", "hc", HealthcheckInvocation::ComponentInvoked));
    assert!(node.engine.next_deadline().is_some());
    node.event(Event::SessionClosed { session: other });
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.engine.next_deadline(), None);
}

#[test]
fn a_registered_connection_that_closes_is_a_dead_component() {
    let (mut node, session) = node();
    node.event(Event::SessionClosed { session });
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP", "A INSTANTIATE"]);
    node.event(Event::SessionClosed { session });
    assert_eq!(node.take_log(), NOTHING);
}
