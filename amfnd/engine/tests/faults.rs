//! Errors and what is done about them.

mod harness;

use ais::Millis;
use ais::amf::{
    CompConfig, ErrorSource, EscalationCounting, HaState, OperState, OrderOutcome, PresenceState,
    RecommendedRecovery, SuConfig,
};
use amfnd_engine::{ComponentRequest, Event};
use harness::{Act, Node, at_level, comp, comp_dn, csi, exit, script, si, su};

const NOTHING: [&str; 0] = [];

/// Two components, both ACTIVE.
fn serving(change: impl FnOnce(&mut SuConfig)) -> Node {
    let mut config = su("SU1", vec![comp("A"), comp("B")]);
    change(&mut config);
    let mut node = Node::up(vec![config]);
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
    );
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    node.take_log();
    node
}

fn report(node: &mut Node, name: &str, recovery: RecommendedRecovery) {
    let session = node.new_session();
    let body = ComponentRequest::ErrorReport {
        comp: comp_dn(name),
        recovery,
    };
    assert_eq!(node.ask(session, body), "OK");
}

#[test]
fn a_dead_component_is_cleaned_up_and_restarted_with_its_work() {
    let mut node = serving(|_| {});
    node.die("A");
    let log = ["A forget", "A CLEANUP", "A INSTANTIATE", "A set ACTIVE a new"];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.comp("A").restart_count, 1);
    assert_eq!(node.comp("A").oper, OperState::Enabled);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    assert_eq!(node.fault("SU1"), None);
    assert_eq!(node.engine.next_deadline(), None);
}

#[test]
fn restarts_escalate_to_the_su_and_then_to_a_failover() {
    let mut node = serving(|_| {});
    node.die("A");
    node.die("B");
    node.take_log();
    assert_eq!(node.su("SU1").restart_count, 0);
    node.die("A");
    let log = [
        "A forget",
        "A CLEANUP",
        "B forget",
        "B CLEANUP",
        "A INSTANTIATE",
        "B INSTANTIATE",
        "A set ACTIVE a new",
        "B set ACTIVE b new",
    ];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.su("SU1").restart_count, 1);
    assert_eq!(
        node.comp("A").restart_count,
        1,
        "the SU restart is not the component's"
    );
    node.die("B");
    let log = ["B forget", "A forget", "A CLEANUP", "B CLEANUP"];
    assert_eq!(node.take_log(), log, "level 2 fails the whole SU over");
    let fault = node.fault("SU1").unwrap();
    assert_eq!(fault.recovery, RecommendedRecovery::SuFailover);
    assert_eq!(fault.source, ErrorSource::ProcessDied);
    assert_eq!(fault.comp, comp_dn("B"));
    assert!(fault.isolated);
    assert_eq!(node.comp("B").oper, OperState::Disabled);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn after_its_probation_time_a_restart_counts_anew() {
    let mut node = serving(|_| {});
    for _ in 0..10 {
        node.die("A");
        node.pass(4000);
    }
    assert_eq!(node.comp("A").restart_count, 10);
    assert_eq!(node.su("SU1").restart_count, 0);
}

#[test]
fn opensaf_counting_allows_one_restart_more() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.count(EscalationCounting::OpenSaf, 10);
    node.instantiate("SU1");
    for _ in 0..3 {
        node.die("A");
    }
    assert_eq!(
        (node.comp("A").restart_count, node.su("SU1").restart_count),
        (3, 0)
    );
    node.die("A");
    node.die("A");
    assert_eq!(
        (node.comp("A").restart_count, node.su("SU1").restart_count),
        (3, 2)
    );
    node.die("A");
    assert!(node.fault("SU1").is_some());
}

#[test]
fn a_component_failover_is_repaired_by_instantiating_the_component_again() {
    let mut node = serving(|config| config.comps[0].disable_restart = true);
    node.die("A");
    assert_eq!(
        node.fault("SU1").unwrap().recovery,
        RecommendedRecovery::ComponentFailover
    );
    node.assign("SU1", HaState::Standby, vec![si("S", vec![csi("b", "B")])]);
    assert!(node.failed("SU1").contains("must be repaired first"));
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![])]);
    node.remove("SU1", &["S"]);
    node.take_log();
    node.act("A INSTANTIATE", Act::Hang);
    node.repair("SU1");
    assert_eq!(node.take_log(), ["A INSTANTIATE"]);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiating);
    assert_eq!(node.fault("SU1"), None);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    node.register(&comp_dn("A"));
    node.end_run("A", exit(0));
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    assert_eq!(node.comp("A").oper, OperState::Enabled);
    assert_eq!(node.take_log(), NOTHING);
}

#[test]
fn the_only_components_failover_leaves_the_su_uninstantiated_until_repair() {
    let mut node = Node::up(vec![su(
        "SU1",
        vec![CompConfig {
            disable_restart: true,
            ..comp("A")
        }],
    )]);
    node.die("A");
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    assert!(node.fault("SU1").unwrap().isolated);
    node.repair("SU1");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
}

#[test]
fn an_su_failover_cleans_everything_up_at_once_and_drops_the_assignments() {
    let mut node = serving(|config| {
        config.su_failover = true;
        config.comps[0].disable_restart = true;
        config.comps.push(at_level(2, comp("C")));
    });
    node.act("C CLEANUP", Act::Hang);
    node.die("A");
    let log = [
        "A forget",
        "A CLEANUP",
        "B forget",
        "B CLEANUP",
        "C forget",
        "C CLEANUP",
    ];
    assert_eq!(node.take_log(), log);
    let fault = node.fault("SU1").unwrap();
    assert_eq!(fault.recovery, RecommendedRecovery::SuFailover);
    assert!(!fault.isolated);
    assert_eq!(node.presence("SU1"), PresenceState::Terminating);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"], "something may still act");
    node.end_run("C", exit(0));
    assert!(node.fault("SU1").unwrap().isolated);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    assert_eq!(node.holds("SU1"), NOTHING);
    node.instantiate("SU1");
    assert!(node.failed("SU1").contains("must be repaired first"));
    node.repair("SU1");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(
        node.presence("SU1"),
        PresenceState::Uninstantiated,
        "the director says when"
    );
    node.instantiate("SU1");
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
}

#[test]
fn a_quiesced_component_is_failed_over_instead_of_restarted() {
    let mut node = serving(|_| {});
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![])]);
    node.die("A");
    assert_eq!(
        node.fault("SU1").unwrap().recovery,
        RecommendedRecovery::ComponentFailover
    );
    assert_eq!(node.comp("A").restart_count, 0);
}

#[test]
fn errors_join_the_fault_of_their_su_and_may_make_it_stronger() {
    let mut node = serving(|config| config.comps[0].disable_restart = true);
    node.act("B CLEANUP", Act::Hang);
    node.die("A");
    assert!(node.fault("SU1").unwrap().isolated);
    node.die("B");
    let fault = node.fault("SU1").unwrap();
    assert_eq!(
        (fault.recovery, fault.isolated),
        (RecommendedRecovery::ComponentFailover, false)
    );
    assert_eq!(fault.comp, comp_dn("A"));
    assert_eq!(node.comp("B").restart_count, 0);
    node.end_run("B", exit(0));
    assert!(node.fault("SU1").unwrap().isolated);

    let mut node = serving(|config| config.comps[0].disable_restart = true);
    node.die("A");
    report(&mut node, "B", RecommendedRecovery::NodeSwitchover);
    assert_eq!(
        node.fault("SU1").unwrap().recovery,
        RecommendedRecovery::NodeSwitchover
    );
}

#[test]
fn the_restart_of_the_application_stays_due_beside_what_is_due_for_the_node() {
    use RecommendedRecovery as R;
    let mut node = serving(|_| {});
    node.act("A CLEANUP", Act::Hang);
    report(&mut node, "A", R::NodeSwitchover);
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP"]);
    report(&mut node, "B", R::ApplicationRestart);
    let fault = node.fault("SU1").unwrap();
    assert_eq!(
        (fault.recovery, fault.with_application),
        (R::NodeSwitchover, true)
    );
    assert!(!fault.isolated);
    assert_eq!(
        node.take_log(),
        ["B forget", "B CLEANUP"],
        "the whole SU is cleaned up"
    );
    node.end_run("A", exit(0));
    assert!(node.fault("SU1").unwrap().isolated);
    let mut node = serving(|_| {});
    report(&mut node, "A", R::NodeSwitchover);
    report(&mut node, "B", R::ComponentFailover);
    assert!(!node.fault("SU1").unwrap().restarts_application());
}

#[test]
fn a_node_switchover_cleans_up_what_its_su_says() {
    let mut node = serving(|_| {});
    report(&mut node, "A", RecommendedRecovery::NodeSwitchover);
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP"]);
    assert!(node.fault("SU1").unwrap().isolated);
    let mut node = serving(|config| config.su_failover = true);
    report(&mut node, "A", RecommendedRecovery::NodeSwitchover);
    assert_eq!(
        node.take_log(),
        ["A forget", "A CLEANUP", "B forget", "B CLEANUP"]
    );
    assert_eq!(
        node.fault("SU1").unwrap().recovery,
        RecommendedRecovery::NodeSwitchover
    );
}

#[test]
fn a_node_failover_cleans_up_every_su() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")]), su("SU2", vec![comp("B@SU2")])]);
    node.assign("SU2", HaState::Standby, vec![si("S", vec![csi("b", "B@SU2")])]);
    node.take_log();
    report(&mut node, "A", RecommendedRecovery::NodeFailover);
    assert_eq!(
        node.take_log(),
        ["A forget", "A CLEANUP", "B forget", "B CLEANUP"]
    );
    let fault = node.fault("SU1").unwrap();
    assert_eq!(
        (fault.recovery, fault.isolated),
        (RecommendedRecovery::NodeFailover, true)
    );
    assert_eq!(node.fault("SU2"), None);
    assert_eq!(node.presence("SU2"), PresenceState::Uninstantiated);
    assert_eq!(node.holds("SU2"), NOTHING);
}

#[test]
fn a_failfast_is_the_directors_unless_there_is_none() {
    let mut node = serving(|_| {});
    report(&mut node, "A", RecommendedRecovery::NodeFailfast);
    assert_eq!(node.take_log(), ["A forget", "A CLEANUP"]);
    let fault = node.fault("SU1").unwrap();
    assert_eq!(
        (fault.recovery, fault.isolated),
        (RecommendedRecovery::NodeFailfast, false)
    );
    // The reboot did not come.
    node.repair("SU1");
    assert_eq!(node.take_log(), ["A INSTANTIATE", "A set ACTIVE a new"]);

    let mut node = serving(|_| {});
    node.event(Event::DirectorLost);
    report(&mut node, "A", RecommendedRecovery::NodeFailfast);
    assert_eq!(
        node.take_log(),
        ["A forget", "A kill-all", "B forget", "B kill-all", "reboot"]
    );
}

#[test]
fn a_restart_that_cannot_be_completed_fails_the_su_over() {
    let mut node = serving(|_| {});
    node.act("A INSTANTIATE", Act::Exit(200));
    node.die("A");
    let fault = node.fault("SU1").unwrap();
    assert_eq!(
        (fault.recovery, fault.isolated),
        (RecommendedRecovery::SuFailover, true)
    );
    assert_eq!(node.presence("SU1"), PresenceState::InstantiationFailed);
    assert_eq!(node.comp("B").presence, PresenceState::Uninstantiated);
    assert_eq!(node.holds("SU1"), NOTHING);
}

#[test]
fn what_cannot_be_cleaned_up_is_not_isolated() {
    let mut node = serving(|_| {});
    node.act("A CLEANUP", Act::Fail);
    node.die("A");
    let fault = node.fault("SU1").unwrap();
    assert_eq!(
        (fault.recovery, fault.isolated),
        (RecommendedRecovery::ComponentFailover, false)
    );
    assert_eq!(node.presence("SU1"), PresenceState::TerminationFailed);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    assert_eq!(node.comp("B").presence, PresenceState::Instantiated);
    // Cleaning all up again does not help as long as A cannot be cleaned up.
    node.clean("SU1");
    assert!(
        node.failed("SU1").contains("TERMINATION-FAILED"),
        "{}",
        node.failed("SU1")
    );
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    node.behave("A CLEANUP");
    node.clean("SU1");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.holds("SU1"), NOTHING);
    assert!(node.fault("SU1").unwrap().isolated);
}

#[test]
fn a_repaired_component_starts_without_the_work_it_had() {
    let mut node = serving(|_| {});
    node.act("A CLEANUP", Act::Fail);
    node.die("A");
    assert_eq!(node.presence("SU1"), PresenceState::TerminationFailed);
    node.behave("A CLEANUP");
    node.take_log();
    node.repair("SU1");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    // Another may serve by now: nothing is set before the director says so.
    assert!(node.take_log().iter().all(|line| !line.contains("set")));
}

#[test]
fn an_error_while_a_component_stops_leads_to_its_cleanup() {
    let mut node = serving(|_| {});
    node.act("A terminate", Act::Hang);
    node.act("B terminate", Act::Hang);
    node.terminate("SU1");
    report(&mut node, "A", RecommendedRecovery::NodeFailover);
    assert_eq!(
        node.take_log(),
        ["A terminate", "B terminate", "A forget", "A CLEANUP"]
    );
    assert_eq!(node.fault("SU1"), None);
    node.answer("B", Ok(()));
    node.die("B");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn an_error_in_an_su_that_goes_down_is_cleaned_up_without_counting() {
    let comps = vec![comp("A"), at_level(2, comp("B"))];
    let mut node = Node::up(vec![su("SU1", comps)]);
    node.act("B terminate", Act::Hang);
    node.terminate("SU1");
    node.die("A");
    assert_eq!(node.take_log(), ["B terminate", "A forget", "A CLEANUP"]);
    assert_eq!(node.comp("A").restart_count, 0);
    assert_eq!(node.fault("SU1"), None);
}

#[test]
fn an_su_with_an_assignment_on_the_way_is_failed_over_instead_of_restarted() {
    let mut node = serving(|config| config.limits.comp_restart_max = 0);
    node.act("B set", Act::Hang);
    node.assign(
        "SU1",
        HaState::Standby,
        vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
    );
    node.die("A");
    assert_eq!(
        node.fault("SU1").unwrap().recovery,
        RecommendedRecovery::SuFailover
    );
    assert_eq!(node.su("SU1").restart_count, 0);
    assert!(matches!(node.outcome("SU1"), OrderOutcome::Failed(_)));
}

#[test]
fn components_go_on_being_restarted_without_a_director() {
    let mut node = serving(|_| {});
    node.event(Event::DirectorLost);
    node.die("A");
    assert_eq!(node.comp("A").presence, PresenceState::Instantiated);
    assert_eq!(node.comp("A").restart_count, 1);
}

#[test]
fn a_script_is_restarted_when_another_process_reports_it() {
    let mut node = Node::up(vec![su("SU1", vec![script("n1")])]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "n1")])]);
    node.take_log();
    report(&mut node, "n1", RecommendedRecovery::NoRecommendation);
    assert_eq!(node.take_log(), ["n1 CLEANUP", "n1 INSTANTIATE"]);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    report(&mut node, "n1", RecommendedRecovery::ComponentFailover);
    assert_eq!(node.take_log(), ["n1 CLEANUP"]);
    assert!(node.fault("SU1").unwrap().isolated);
    node.remove("SU1", &["S"]);
    node.repair("SU1");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.take_log(), NOTHING);
}

#[test]
fn the_first_probation_starts_with_the_first_restart() {
    let mut node = serving(|_| {});
    node.die("A");
    node.now = Millis(node.now.0 + 3999);
    node.die("A");
    assert_eq!(node.su("SU1").restart_count, 0);
    node.now = Millis(node.now.0 + 1);
    node.die("A");
    assert_eq!(node.su("SU1").restart_count, 0, "a new probation time");
    assert_eq!(node.comp("A").restart_count, 3);
}

#[test]
fn a_script_that_starts_while_another_component_fails_stays_told_of() {
    let mut failing = comp("A");
    failing.recovery_on_error = RecommendedRecovery::ComponentFailover;
    let mut node = Node::up(vec![su("SU1", vec![failing, script("n1")])]);
    node.act("n1 INSTANTIATE", Act::Hang);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("n", "n1")])]);
    node.die("A");
    assert!(matches!(node.outcome("SU1"), OrderOutcome::Failed(_)));
    node.end_run("n1", exit(0));
    assert_eq!(node.comp("n1").presence, PresenceState::Instantiated);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"], "n1 is active by being there");
    node.remove("SU1", &["S"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.comp("n1").presence, PresenceState::Uninstantiated);
}

#[test]
fn a_script_that_loses_its_work_while_it_is_restarted_is_not_started_again() {
    let lost_while = |held: &str| {
        let mut node = Node::up(vec![su("SU1", vec![script("n1")])]);
        node.assign("SU1", HaState::Active, vec![si("S", vec![csi("n", "n1")])]);
        node.act(held, Act::Hang);
        report(&mut node, "n1", RecommendedRecovery::NoRecommendation);
        node.assign("SU1", HaState::Quiescing, vec![si("S", vec![])]);
        assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
        node.behave(held);
        node.take_log();
        node.end_run("n1", exit(0));
        assert_eq!(node.holds("SU1"), ["S QUIESCED"]);
        node.remove("SU1", &["S"]);
        assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
        assert_eq!(node.comp("n1").presence, PresenceState::Uninstantiated);
        node.take_log()
    };
    assert_eq!(lost_while("n1 CLEANUP"), NOTHING);
    assert_eq!(lost_while("n1 INSTANTIATE"), ["n1 TERMINATE", "n1 kill-all"]);
}

#[test]
fn a_script_that_loses_its_work_is_not_tried_again() {
    let mut node = Node::up(vec![su("SU1", vec![script("n1")])]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("n", "n1")])]);
    node.act("n1 INSTANTIATE", Act::Fail);
    report(&mut node, "n1", RecommendedRecovery::NoRecommendation);
    assert_eq!(
        node.comp("n1").presence,
        PresenceState::Restarting,
        "another attempt is due"
    );
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![])]);
    node.behave("n1 INSTANTIATE");
    node.take_log();
    node.pass(60_000);
    assert!(!node.take_log().contains(&"n1 INSTANTIATE".to_owned()));
    assert_eq!(node.comp("n1").presence, PresenceState::Uninstantiated);
}
