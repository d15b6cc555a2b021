//! Starting, stopping and restarting components and SUs.

mod harness;

use ais::Millis;
use ais::amf::{CompConfig, HaState, NodeOrder, OperState, OrderOutcome, PresenceState};
use amfnd_engine::{Event, RunOutcome};
use harness::{Act, Node, at_level, comp, comp_dn, csi, exit, script, si, su, su_dn};

const NOTHING: [&str; 0] = [];

#[test]
fn an_su_is_instantiated_level_by_level_and_terminated_in_reverse() {
    let comps = vec![comp("A"), comp("B"), at_level(2, comp("C"))];
    let mut node = Node::new(vec![su("SU1", comps)]);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    node.act("B INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    assert_eq!(node.take_log(), ["A INSTANTIATE", "B INSTANTIATE"]);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiating);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    node.register(&comp_dn("B"));
    node.end_run("B", exit(0));
    assert_eq!(node.take_log(), ["C INSTANTIATE"]);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.engine.next_deadline(), None);

    node.act("C terminate", Act::Hang);
    node.terminate("SU1");
    assert_eq!(node.take_log(), ["C terminate"]);
    assert_eq!(node.presence("SU1"), PresenceState::Terminating);
    node.answer("C", Ok(()));
    assert_eq!(node.take_log(), NOTHING, "an answer is not the process's end");
    node.die("C");
    let log = [
        "C forget",
        "C kill-all",
        "A terminate",
        "B terminate",
        "A forget",
        "A kill-all",
        "B forget",
        "B kill-all",
    ];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn the_timeout_covers_the_registration() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Mute);
    node.instantiate("SU1");
    node.pass(999);
    assert_eq!(node.take_log(), ["A INSTANTIATE"]);
    node.behave("A INSTANTIATE");
    node.pass(1);
    assert_eq!(node.take_log(), ["A CLEANUP", "A INSTANTIATE"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert!(
        node.notes.iter().any(|note| note.contains("has not registered")),
        "{:?}",
        node.notes
    );
}

#[test]
fn a_command_that_takes_too_long_is_killed_before_the_cleanup() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    node.quietly(Event::Deadline);
    assert_eq!(node.take_log(), ["A INSTANTIATE"]);
    node.now = Millis(2000);
    node.quietly(Event::Deadline);
    assert_eq!(node.take_log(), ["A kill INSTANTIATE"]);
    node.behave("A INSTANTIATE");
    node.settle();
    assert_eq!(node.take_log(), ["A CLEANUP", "A INSTANTIATE"]);
}

#[test]
fn attempts_are_repeated_at_once_then_after_the_delay_and_then_given_up() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A"), at_level(2, comp("B"))])]);
    node.act("A INSTANTIATE", Act::Fail);
    node.instantiate("SU1");
    let two = ["A INSTANTIATE", "A CLEANUP", "A INSTANTIATE", "A CLEANUP"];
    assert_eq!(node.take_log(), two);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiating);
    node.pass(49);
    assert_eq!(node.take_log(), NOTHING);
    node.pass(1);
    assert_eq!(node.take_log(), ["A INSTANTIATE", "A CLEANUP"]);
    assert_eq!(node.presence("SU1"), PresenceState::InstantiationFailed);
    let report = node.comp("A");
    assert_eq!(
        (report.presence, report.oper),
        (PresenceState::InstantiationFailed, OperState::Disabled)
    );
    let failure = report.failure.as_ref().unwrap();
    assert_eq!(failure.command, "INSTANTIATE");
    assert_eq!(failure.path, "/opt/x/start");
    assert_eq!(failure.cause, "exit status 1");
    assert_eq!(failure.stderr, "failing with 1");
    assert!(
        node.failed("SU1").contains("'/opt/x/start': exit status 1"),
        "{}",
        node.failed("SU1")
    );
    assert_eq!(node.fault("SU1"), None, "nothing was held, nothing must move");
}

#[test]
fn exit_status_200_forbids_further_attempts() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Exit(200));
    node.instantiate("SU1");
    assert_eq!(node.take_log(), ["A INSTANTIATE", "A CLEANUP"]);
    assert_eq!(node.presence("SU1"), PresenceState::InstantiationFailed);
}

#[test]
fn a_missing_program_is_an_instantiation_failure_with_its_errno() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Missing);
    node.act("A CLEANUP", Act::Missing);
    node.instantiate("SU1");
    node.pass(1000);
    assert_eq!(node.presence("SU1"), PresenceState::InstantiationFailed);
    assert_eq!(
        node.comp("A").failure.as_ref().unwrap().cause,
        "No such file or directory (2)"
    );
    assert!(node.log.contains(&"A kill-all".to_owned()));
}

#[test]
fn a_failed_instantiation_takes_the_other_components_down() {
    let comps = vec![comp("A"), at_level(2, comp("B"))];
    let mut node = Node::new(vec![su("SU1", comps)]);
    node.act("B INSTANTIATE", Act::Exit(200));
    node.instantiate("SU1");
    let log = [
        "A INSTANTIATE",
        "B INSTANTIATE",
        "B CLEANUP",
        "A terminate",
        "A forget",
        "A kill-all",
    ];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.presence("SU1"), PresenceState::InstantiationFailed);
    assert_eq!(node.comp("A").presence, PresenceState::Uninstantiated);
    node.instantiate("SU1");
    assert!(node.failed("SU1").contains("must be repaired first"));
    node.behave("B INSTANTIATE");
    node.repair("SU1");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    node.instantiate("SU1");
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
}

#[test]
fn a_process_that_dies_while_it_starts_makes_the_attempt_fail() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    node.register(&comp_dn("A"));
    node.settle();
    node.behave("A INSTANTIATE");
    node.die("A");
    let log = [
        "A INSTANTIATE",
        "A forget",
        "A kill INSTANTIATE",
        "A CLEANUP",
        "A INSTANTIATE",
    ];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
}

#[test]
fn after_an_end_in_order_a_component_is_down_when_all_it_left_is_killed() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.act("A kill-all", Act::Hang);
    node.terminate("SU1");
    assert_eq!(node.take_log(), ["A terminate", "A forget", "A kill-all"]);
    assert_eq!(node.presence("SU1"), PresenceState::Terminating);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    assert_eq!(node.engine.next_deadline(), None);
    node.end_run("A", exit(0));
    assert_eq!(node.take_log(), NOTHING, "no CLEANUP");
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn a_component_starts_again_when_all_it_left_is_killed() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.act("A kill-all", Act::Hang);
    node.restart("SU1", Some("A"));
    assert_eq!(node.take_log(), ["A terminate", "A forget", "A kill-all"]);
    assert_eq!(node.comp("A").presence, PresenceState::Restarting);
    node.end_run("A", exit(0));
    assert_eq!(node.take_log(), ["A INSTANTIATE"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);

    node.restart("SU1", Some("A"));
    node.take_log();
    node.clean("SU1");
    assert_eq!(node.take_log(), NOTHING, "all that is left is being killed");
    assert_eq!(node.presence("SU1"), PresenceState::Terminating);
    node.end_run("A", exit(0));
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn what_survives_an_end_in_order_is_a_termination_failure() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.act("A kill-all", Act::Fail);
    node.terminate("SU1");
    assert_eq!(node.take_log(), ["A terminate", "A forget", "A kill-all"]);
    assert_eq!(node.presence("SU1"), PresenceState::TerminationFailed);
    let failure = node.comp("A").failure.as_ref().unwrap();
    assert!(failure.cause.contains("could be killed"), "{failure:?}");
    node.behave("A kill-all");
    node.repair("SU1");
    assert_eq!(node.take_log(), ["A kill-all"]);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn a_component_that_does_not_stop_is_cleaned_up() {
    for (act, wait) in [(Act::Hang, 500), (Act::Stay, 500), (Act::Fail, 0)] {
        let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
        node.act("A terminate", act);
        node.terminate("SU1");
        node.pass(wait);
        assert_eq!(node.take_log(), ["A terminate", "A forget", "A CLEANUP"]);
        assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    }
}

#[test]
fn a_process_that_dies_before_it_answers_the_terminate_callback_is_cleaned_up() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.act("A terminate", Act::Hang);
    node.terminate("SU1");
    node.die("A");
    assert_eq!(node.take_log(), ["A terminate", "A forget", "A CLEANUP"]);
}

#[test]
fn a_failed_cleanup_is_a_termination_failure_until_an_order_tries_again() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.act("A terminate", Act::Fail);
    node.act("A CLEANUP", Act::Hang);
    node.terminate("SU1");
    node.pass(1000);
    let log = ["A terminate", "A forget", "A CLEANUP", "A kill CLEANUP"];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.presence("SU1"), PresenceState::TerminationFailed);
    let failure = node.comp("A").failure.as_ref().unwrap();
    assert_eq!(
        (failure.command.as_str(), failure.cause.as_str()),
        ("CLEANUP", "timed out after 1000 ms")
    );
    assert_eq!(failure.stderr, "stuck");
    assert!(node.failed("SU1").contains("CLEANUP"), "{}", node.failed("SU1"));
    node.behave("A CLEANUP");
    node.clean("SU1");
    assert_eq!(node.take_log(), ["A CLEANUP"]);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn a_cleanup_that_cannot_be_started_kills_all_and_has_failed() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.act("A CLEANUP", Act::Missing);
    node.clean("SU1");
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP", "A kill-all"]);
    assert_eq!(node.presence("SU1"), PresenceState::TerminationFailed);
    node.repair("SU1");
    assert_eq!(node.take_log(), ["A kill-all"]);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    assert_eq!(node.comp("A").oper, OperState::Enabled);
}

#[test]
fn without_a_cleanup_command_all_is_killed() {
    let config = CompConfig {
        cleanup: None,
        ..comp("A")
    };
    let mut node = Node::up(vec![su("SU1", vec![config])]);
    node.clean("SU1");
    assert_eq!(node.take_log(), ["A forget", "A kill-all"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn the_operator_restarts_a_component_in_order() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), comp("B")])]);
    node.assign("SU1", HaState::Standby, vec![si("S", vec![csi("a", "A")])]);
    node.take_log();
    node.act("A INSTANTIATE", Act::Hang);
    node.restart("SU1", Some("A"));
    assert_eq!(
        node.take_log(),
        ["A terminate", "A forget", "A kill-all", "A INSTANTIATE"]
    );
    assert_eq!(node.comp("A").presence, PresenceState::Restarting);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    assert_eq!(node.holds("SU1"), ["S STANDBY"]);
    node.register(&comp_dn("A"));
    node.end_run("A", exit(0));
    assert_eq!(node.take_log(), ["A set STANDBY a new"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.comp("A").restart_count, 1);
}

#[test]
fn the_operator_restarts_an_su_in_reverse_order_and_then_in_order() {
    let comps = vec![comp("A"), at_level(2, comp("B"))];
    let mut node = Node::up(vec![su("SU1", comps)]);
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
    );
    node.take_log();
    node.act("A INSTANTIATE", Act::Hang);
    node.restart("SU1", None);
    let stop = [
        "B terminate",
        "B forget",
        "B kill-all",
        "A terminate",
        "A forget",
        "A kill-all",
        "A INSTANTIATE",
    ];
    assert_eq!(node.take_log(), stop);
    assert_eq!(node.presence("SU1"), PresenceState::Restarting);
    node.register(&comp_dn("A"));
    node.end_run("A", exit(0));
    assert_eq!(
        node.take_log(),
        ["B INSTANTIATE", "A set ACTIVE a new", "B set ACTIVE b new"]
    );
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.su("SU1").restart_count, 1);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
}

#[test]
fn commands_get_the_environment_and_cleanup_the_error_source() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    let run = node.run_of("A");
    assert_eq!(node.env[&run], ["MODE=test"]);
    node.act("A CLEANUP", Act::Hang);
    node.end_run("A", exit(1));
    let run = node.run_of("A");
    assert_eq!(node.env[&run], ["MODE=test", "OSAF_COMPONENT_ERROR_SOURCE=5"]);
}

#[test]
fn new_values_count_from_the_next_instantiation_on() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let slow = CompConfig {
        terminate_callback_timeout: Millis(5000),
        ..comp("A")
    };
    node.send(vec![NodeOrder::ConfigureSu(su("SU1", vec![slow]))]);
    node.act("A terminate", Act::Hang);
    node.restart("SU1", Some("A"));
    node.pass(500);
    assert_eq!(
        node.comp("A").presence,
        PresenceState::Instantiated,
        "the old timeout was used"
    );
    node.take_log();
    node.terminate("SU1");
    node.pass(4999);
    assert_eq!(node.take_log(), ["A terminate"]);
    node.pass(1);
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP"]);
}

#[test]
fn a_component_that_is_no_longer_configured_is_terminated_and_dropped() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), comp("B")])]);
    node.send(vec![NodeOrder::ConfigureSu(su(
        "SU1",
        vec![comp("A"), comp("C")],
    ))]);
    assert_eq!(
        node.take_log(),
        ["B terminate", "C INSTANTIATE", "B forget", "B kill-all"]
    );
    let names: Vec<String> = node
        .su("SU1")
        .comps
        .iter()
        .map(|comp| comp.comp.rdn_value())
        .collect();
    assert_eq!(names, ["A", "C"]);
    node.send(vec![NodeOrder::RemoveSu { su: su_dn("SU1") }]);
    assert_eq!(
        node.take_log(),
        ["A forget", "A CLEANUP", "C forget", "C CLEANUP"]
    );
    let sent = node.sent.len();
    node.instantiate("SU1");
    assert_eq!(node.sent.len(), sent, "it is not known any more");
}

#[test]
fn a_script_runs_while_it_is_active_with_the_attributes_of_its_csi() {
    let mut node = Node::up(vec![su("SU1", vec![script("n1")])]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    node.act("n1 INSTANTIATE", Act::Hang);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "n1")])]);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiating);
    assert_eq!(node.holds("SU1"), Vec::<String>::new());
    assert_eq!(node.env[&node.run_of("n1")], ["MODE=test", "port=80"]);
    node.end_run("n1", exit(0));
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    node.act("n1 TERMINATE", Act::Hang);
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![csi("a", "n1")])]);
    assert_eq!(node.env[&node.run_of("n1")], ["MODE=test", "port=80"]);
    node.end_run("n1", exit(0));
    assert_eq!(node.take_log(), ["n1 INSTANTIATE", "n1 TERMINATE", "n1 kill-all"]);
    assert_eq!(node.holds("SU1"), ["S QUIESCED"]);
    node.remove("SU1", &["S"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.holds("SU1"), Vec::<String>::new());
}

#[test]
fn a_script_that_does_not_stop_is_cleaned_up() {
    let mut node = Node::up(vec![su("SU1", vec![script("n1")])]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "n1")])]);
    node.act("n1 TERMINATE", Act::Hang);
    node.take_log();
    node.remove("SU1", &["S"]);
    node.pass(1000);
    assert_eq!(
        node.take_log(),
        ["n1 TERMINATE", "n1 kill TERMINATE", "n1 CLEANUP"]
    );
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn the_end_of_a_command_that_nobody_awaits_is_ignored() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let run = amfnd_engine::RunId(77);
    let outcome = RunOutcome::NotStarted {
        error: "?".to_owned(),
    };
    node.event(Event::RunEnded { run, outcome });
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
}
