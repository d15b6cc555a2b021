//! CSIs that depend on others of their SI, when a component is restarted in place (AMF B.02.01 §3.9.1.3).

mod harness;

use ais::amf::{CallbackKind, CsiTransition, HaState, OrderOutcome};
use harness::{Act, Node, comp, csi, exit, needs, script, si, su};

/// A has a; B has b, which needs a; C has c, which needs b, and the independent d.
fn chain(ha: HaState) -> Node {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), comp("B"), comp("C")])]);
    let mut b = needs(2, &["a"], csi("b", "B"));
    b.transition = CsiTransition::Quiesced;
    let csis = vec![csi("a", "A"), b, needs(3, &["b"], csi("c", "C")), csi("d", "C")];
    node.assign("SU1", ha, vec![si("S", csis)]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    node.take_log();
    node
}

#[test]
fn dependents_go_with_a_component_that_is_restarted_and_come_back_after_it() {
    let mut node = chain(HaState::Active);
    node.act("A CLEANUP", Act::Hang);
    node.die("A");
    assert_eq!(
        node.take_log(),
        ["A forget", "A CLEANUP", "C remove c", "B remove all"]
    );
    assert_eq!(
        node.holds("SU1"),
        ["S ACTIVE"],
        "a restart is no change of assignments"
    );
    node.act("B set", Act::Hang);
    node.end_run("A", exit(0));
    assert_eq!(
        node.take_log(),
        ["A INSTANTIATE", "A set ACTIVE a new", "B set ACTIVE b new"]
    );
    let (_, told) = node.calls.values().next().expect("B is asked").clone();
    let CallbackKind::CsiSet { csi, .. } = told else {
        panic!("{told:?}")
    };
    assert_eq!(
        csi.transition,
        CsiTransition::NewAssign,
        "nobody else was active meanwhile"
    );
    node.answer("B", Ok(()));
    assert_eq!(node.take_log(), ["C set ACTIVE c new"]);
}

#[test]
fn a_dependent_that_is_restarted_disturbs_nobody_it_needs() {
    let mut node = chain(HaState::Active);
    node.die("C");
    assert_eq!(
        node.take_log(),
        [
            "C forget",
            "C CLEANUP",
            "C INSTANTIATE",
            "C set ACTIVE d new",
            "C set ACTIVE c new"
        ]
    );
}

#[test]
fn the_operators_restart_is_done_when_the_dependents_are_back() {
    let mut node = chain(HaState::Active);
    node.act("C set", Act::Hang);
    node.restart("SU1", Some("A"));
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    node.answer("C", Ok(()));
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn standby_assignments_depend_on_nothing() {
    let mut node = chain(HaState::Standby);
    node.die("A");
    assert_eq!(
        node.take_log(),
        ["A forget", "A CLEANUP", "A INSTANTIATE", "A set STANDBY a new"]
    );
}

#[test]
fn an_order_to_stop_finds_the_dependents_stopped() {
    let mut node = chain(HaState::Active);
    node.act("A CLEANUP", Act::Hang);
    node.die("A");
    node.take_log();
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![])]);
    node.end_run("A", exit(0));
    // d is all that C has left.
    assert_eq!(node.take_log(), ["C set QUIESCED all", "A INSTANTIATE"]);
    assert_eq!(node.holds("SU1"), ["S QUIESCED"]);
}

#[test]
fn scripts_that_depend_are_stopped_and_started() {
    let mut node = Node::up(vec![su("SU1", vec![script("n1"), script("n2")])]);
    let csis = vec![csi("a", "n1"), needs(2, &["a"], csi("b", "n2"))];
    node.assign("SU1", HaState::Active, vec![si("S", csis)]);
    assert_eq!(node.take_log(), ["n1 INSTANTIATE", "n2 INSTANTIATE"]);
    node.restart("SU1", Some("n1"));
    assert_eq!(
        node.take_log(),
        [
            "n1 TERMINATE",
            "n2 TERMINATE",
            "n1 kill-all",
            "n2 kill-all",
            "n1 INSTANTIATE",
            "n2 INSTANTIATE"
        ]
    );
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}
