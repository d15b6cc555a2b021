//! Recommended recoveries, what they become, and how restarts and failovers escalate (AMF B.02.01 §3.12).

mod harness;

use ais::Millis;
use ais::amf::{
    EscalationCounting, EscalationLimits, HaState, NodeOrder, NodeReport, PresenceState, RecommendedRecovery,
    Term,
};
use amfnd_engine::{ComponentRequest, EngineOptions, Event};
use harness::{Act, Node, comp, comp_dn, csi, si, su};

use RecommendedRecovery as R;

/// An SU with two components, both ACTIVE, and a second SU.
fn serving(max: u32, counting: EscalationCounting) -> Node {
    let mut node = Node::up(vec![
        su("SU1", vec![comp("A"), comp("B")]),
        su("SU2", vec![comp("C@SU2")]),
    ]);
    node.count(counting, max);
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
    );
    node.take_log();
    node
}

fn report(node: &mut Node, name: &str, recovery: R) {
    let session = node.new_session();
    let body = ComponentRequest::ErrorReport {
        comp: comp_dn(name),
        recovery,
    };
    assert_eq!(node.ask(session, body), "OK");
}

/// The director has moved the work of the SU and has it repaired.
fn repair(node: &mut Node, su: &str) {
    node.repair(su);
    node.instantiate(su);
    assert_eq!(node.fault(su), None);
    assert_eq!(node.presence(su), PresenceState::Instantiated);
}

/// What is done about an error with each recommendation.
fn done_about(node: &mut Node, recovery: R) -> R {
    let (comps, sus) = (node.comp("A").restart_count, node.su("SU1").restart_count);
    report(node, "A", recovery);
    match node.fault("SU1") {
        Some(fault) => fault.recovery,
        None if node.su("SU1").restart_count > sus => R::SuRestart,
        None if node.comp("A").restart_count > comps => R::ComponentRestart,
        None => R::NoRecommendation,
    }
}

#[test]
fn no_recovery_is_weaker_than_recommended_at_any_level() {
    for counting in [EscalationCounting::Specification, EscalationCounting::OpenSaf] {
        for recovery in R::ALL
            .iter()
            .copied()
            .filter(|r| *r != R::SuRestart && *r != R::SuFailover)
        {
            for errors_before in 0..6 {
                let mut node = serving(10, counting);
                for _ in 0..errors_before {
                    if node.comp("A").presence == PresenceState::Instantiated {
                        report(&mut node, "A", R::ComponentRestart);
                    }
                }
                // A component that is cleaned up already has no further errors.
                if node.comp("A").presence != PresenceState::Instantiated {
                    continue;
                }
                let wanted = match recovery {
                    R::NoRecommendation => R::ComponentRestart,
                    given => given,
                };
                let done = done_about(&mut node, recovery);
                assert!(
                    done.strength() >= wanted.strength(),
                    "{recovery} after {errors_before} errors became {done}"
                );
            }
        }
    }
}

#[test]
fn each_recommendation_becomes_what_the_component_is_configured_for() {
    let table = [
        // recommended, with restart disabled, as it is, in an SU that fails over as a whole
        (
            R::NoRecommendation,
            R::ComponentFailover,
            R::ComponentRestart,
            R::ComponentRestart,
        ),
        (
            R::ComponentRestart,
            R::ComponentFailover,
            R::ComponentRestart,
            R::ComponentRestart,
        ),
        (
            R::ComponentFailover,
            R::ComponentFailover,
            R::ComponentFailover,
            R::SuFailover,
        ),
        // There are no containers: the component itself is failed over, which is stronger than restarting it.
        (
            R::ContainerRestart,
            R::ComponentFailover,
            R::ComponentFailover,
            R::SuFailover,
        ),
        (
            R::ApplicationRestart,
            R::ApplicationRestart,
            R::ApplicationRestart,
            R::ApplicationRestart,
        ),
        (
            R::NodeSwitchover,
            R::NodeSwitchover,
            R::NodeSwitchover,
            R::NodeSwitchover,
        ),
        (R::NodeFailover, R::NodeFailover, R::NodeFailover, R::NodeFailover),
        (R::NodeFailfast, R::NodeFailfast, R::NodeFailfast, R::NodeFailfast),
        (R::ClusterReset, R::ClusterReset, R::ClusterReset, R::ClusterReset),
    ];
    for (recommended, no_restart, plain, whole_su) in table {
        for (disable, whole, expected) in [
            (true, false, no_restart),
            (false, false, plain),
            (false, true, whole_su),
        ] {
            let mut a = comp("A");
            a.disable_restart = disable;
            let mut config = su("SU1", vec![a, comp("B")]);
            config.su_failover = whole;
            let mut node = Node::up(vec![config]);
            node.count(EscalationCounting::Specification, 10);
            assert_eq!(
                done_about(&mut node, recommended),
                expected,
                "{recommended} disable={disable} whole={whole}"
            );
        }
    }
}

#[test]
fn the_third_failover_of_the_nodes_sus_is_the_nodes() {
    let mut node = serving(3, EscalationCounting::Specification);
    report(&mut node, "A", R::ComponentFailover);
    assert_eq!(node.fault("SU1").unwrap().recovery, R::ComponentFailover);
    repair(&mut node, "SU1");
    report(&mut node, "C@SU2", R::ComponentFailover);
    assert_eq!(node.fault("SU2").unwrap().recovery, R::ComponentFailover);
    repair(&mut node, "SU2");
    node.take_log();
    report(&mut node, "A", R::ComponentFailover);
    let fault = node.fault("SU1").unwrap();
    assert_eq!((fault.recovery, fault.isolated), (R::NodeFailover, true));
    assert_eq!(
        node.presence("SU2"),
        PresenceState::Uninstantiated,
        "everything on the node is cleaned up"
    );
    // The counter begins anew.
    repair(&mut node, "SU1");
    node.instantiate("SU2");
    report(&mut node, "A", R::ComponentFailover);
    assert_eq!(node.fault("SU1").unwrap().recovery, R::ComponentFailover);
}

#[test]
fn opensaf_lets_one_failover_more_pass() {
    let mut node = serving(1, EscalationCounting::OpenSaf);
    report(&mut node, "A", R::ComponentFailover);
    assert_eq!(node.fault("SU1").unwrap().recovery, R::ComponentFailover);
    repair(&mut node, "SU1");
    report(&mut node, "A", R::ComponentFailover);
    assert_eq!(node.fault("SU1").unwrap().recovery, R::NodeFailover);
}

#[test]
fn failovers_are_forgotten_after_their_probation_and_by_the_repair_of_the_node() {
    let mut node = serving(2, EscalationCounting::Specification);
    report(&mut node, "A", R::ComponentFailover);
    repair(&mut node, "SU1");
    node.now = Millis(node.now.0 + 10_000);
    report(&mut node, "A", R::ComponentFailover);
    assert_eq!(node.fault("SU1").unwrap().recovery, R::ComponentFailover);
    repair(&mut node, "SU1");
    node.send(vec![NodeOrder::RepairNode]);
    report(&mut node, "A", R::ComponentFailover);
    assert_eq!(node.fault("SU1").unwrap().recovery, R::ComponentFailover);
}

#[test]
fn all_levels_follow_each_other() {
    // comp_restart_max 3 and su_restart_max 2 in the harness: two component restarts, one SU restart, the SU failover.
    for (counting, restarts) in [
        (
            EscalationCounting::Specification,
            [R::ComponentRestart, R::ComponentRestart, R::SuRestart].as_slice(),
        ),
        (
            EscalationCounting::OpenSaf,
            &[
                R::ComponentRestart,
                R::ComponentRestart,
                R::ComponentRestart,
                R::SuRestart,
                R::SuRestart,
            ],
        ),
    ] {
        let mut node = serving(1, counting);
        let done: Vec<R> = restarts
            .iter()
            .map(|_| done_about(&mut node, R::ComponentRestart))
            .collect();
        assert_eq!(done, restarts);
        let above = done_about(&mut node, R::ComponentRestart);
        match counting {
            // A maximum of 1: the first failover is the node's.
            EscalationCounting::Specification => assert_eq!(above, R::NodeFailover),
            EscalationCounting::OpenSaf => {
                assert_eq!(above, R::ComponentFailover);
                repair(&mut node, "SU1");
                for _ in restarts {
                    report(&mut node, "A", R::ComponentRestart);
                }
                assert_eq!(done_about(&mut node, R::ComponentRestart), R::NodeFailover);
            }
        }
    }
}

#[test]
fn four_component_restarts_then_six_su_restarts_then_the_failover() {
    // component_restart_max=4 in 100 s and unit_restart_max=6 in 200 s, as openais counts; by the specification the error
    // that reaches the maximum escalates, one earlier.
    for (counting, comp_restarts, su_restarts) in [
        (EscalationCounting::OpenSaf, 4, 6),
        (EscalationCounting::Specification, 3, 5),
    ] {
        let mut config = su("SU1", vec![comp("A"), comp("B")]);
        config.su_failover = true;
        config.limits = EscalationLimits {
            comp_restart_max: 4,
            comp_restart_probation: Millis(100_000),
            su_restart_max: 6,
            su_restart_probation: Millis(200_000),
        };
        let mut node = Node::up(vec![config]);
        node.count(counting, 10);
        let mut done = Vec::new();
        for _ in 0..comp_restarts + su_restarts {
            done.push(done_about(&mut node, R::ComponentRestart));
            node.pass(20_000);
        }
        let mut wanted = vec![R::ComponentRestart; comp_restarts];
        wanted.extend(vec![R::SuRestart; su_restarts]);
        assert_eq!(done, wanted);
        report(&mut node, "A", R::ComponentRestart);
        assert_eq!(node.fault("SU1").unwrap().recovery, R::SuFailover);

        // With quiet times the level falls again.
        repair(&mut node, "SU1");
        for _ in 0..3 * comp_restarts {
            assert_eq!(done_about(&mut node, R::ComponentRestart), R::ComponentRestart);
            node.pass(100_000);
        }
    }
}

#[test]
fn counters_outlive_the_director() {
    let mut node = serving(2, EscalationCounting::Specification);
    report(&mut node, "A", R::ComponentRestart);
    report(&mut node, "C@SU2", R::ComponentFailover);
    node.event(Event::DirectorLost);
    let config = vec![
        NodeOrder::ConfigureSu(su("SU1", vec![comp("A"), comp("B")])),
        NodeOrder::ConfigureSu(su("SU2", vec![comp("C@SU2")])),
        NodeOrder::ReportAll,
    ];
    node.event(Event::Orders {
        term: Term(2),
        orders: config,
    });
    assert_eq!(node.comp("A").restart_count, 1);
    assert_eq!(
        node.fault("SU2").unwrap().recovery,
        R::ComponentFailover,
        "the fault still awaits a director"
    );
    assert_eq!(done_about(&mut node, R::ComponentRestart), R::ComponentRestart);
    assert_eq!(
        done_about(&mut node, R::ComponentRestart),
        R::SuRestart,
        "the third"
    );
    assert_eq!(
        done_about(&mut node, R::ComponentFailover),
        R::NodeFailover,
        "the second failover"
    );
}

#[test]
fn without_a_director_the_node_does_not_give_up_what_nobody_would_take() {
    let mut node = serving(1, EscalationCounting::Specification);
    node.event(Event::DirectorLost);
    report(&mut node, "C@SU2", R::ComponentFailover);
    assert_eq!(node.fault("SU2").unwrap().recovery, R::ComponentFailover);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
}

#[test]
fn a_node_that_no_director_comes_back_to_gives_itself_up_where_it_is_told_so() {
    let options = EngineOptions {
        absence_limit: Some(Millis(5000)),
        ..EngineOptions::default()
    };
    let mut node = Node::with_options(options, vec![su("SU1", vec![comp("A")])]);
    node.instantiate("SU1");
    node.event(Event::DirectorLost);
    node.take_log();
    let until = node.engine.next_deadline().unwrap();
    assert_eq!(until, Millis(node.now.0 + 5000));
    // A connection that breaks before it has brought orders does not prolong the time.
    node.now = Millis(node.now.0 + 4000);
    node.event(Event::DirectorLost);
    assert_eq!(node.engine.next_deadline(), Some(until));
    // A director that comes back in time ends it.
    node.send(vec![NodeOrder::ReportAll]);
    assert_eq!(node.engine.next_deadline(), None);
    node.event(Event::DirectorLost);
    node.now = Millis(node.now.0 + 5000);
    node.event(Event::Deadline);
    assert_eq!(node.take_log(), ["A forget", "A kill-all", "reboot"]);
}

#[test]
fn a_reboot_that_does_not_come_is_told_until_the_node_is_repaired() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let reason = "because".to_owned();
    node.send(vec![NodeOrder::Reboot {
        reason: reason.clone(),
    }]);
    node.sent.clear();
    node.send(vec![NodeOrder::ReportAll]);
    assert_eq!(
        node.sent,
        [NodeReport::NotRebooted { reason }, NodeReport::AllReported]
    );
    node.sent.clear();
    node.send(vec![NodeOrder::RepairNode, NodeOrder::ReportAll]);
    assert_eq!(node.sent, [NodeReport::AllReported]);
}

#[test]
fn exit_status_200_is_told_to_the_director() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Exit(200));
    node.instantiate("SU1");
    assert_eq!(node.presence("SU1"), PresenceState::InstantiationFailed);
    assert!(node.comp("A").failure.as_ref().unwrap().forbids_retry);
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Exit(1));
    node.instantiate("SU1");
    assert!(
        node.comp("A")
            .failure
            .as_ref()
            .is_none_or(|failure| !failure.forbids_retry)
    );
}
