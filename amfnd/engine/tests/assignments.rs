//! Giving and taking work.

mod harness;

use ais::AisError;
use ais::amf::{
    CallbackKind, CompConfig, CsiTransition, ErrorSource, HaState, OrderOutcome, PresenceState,
    RecommendedRecovery,
};
use amfnd_engine::{ComponentRequest, Event};
use harness::{Act, Node, comp, comp_dn, csi, csi_dn, depends, script, si, su};

const NOTHING: [&str; 0] = [];

/// Two components, up.
fn pair() -> Node {
    Node::up(vec![su("SU1", vec![comp("A"), comp("B")])])
}

#[test]
fn active_goes_up_the_dependency_levels_and_quiesced_and_removal_down() {
    let mut node = pair();
    let csis = vec![csi("a", "A"), csi("b", "B"), depends(2, csi("c", "B"))];
    node.act("A set", Act::Hang);
    node.assign("SU1", HaState::Active, vec![si("S", csis.clone())]);
    assert_eq!(node.take_log(), ["A set ACTIVE a new", "B set ACTIVE b new"]);
    assert_eq!(node.holds("SU1"), NOTHING, "nothing is confirmed yet");
    node.answer("A", Ok(()));
    assert_eq!(node.take_log(), ["B set ACTIVE c new"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    assert_eq!(node.su("SU1").assignments[0].csis.len(), 3);

    node.behave("A set");
    node.assign("SU1", HaState::Quiesced, vec![si("S", csis.clone())]);
    // B has two CSIs on two levels, so each is told apart; A has one, which is all it has.
    assert_eq!(
        node.take_log(),
        ["B set QUIESCED c", "A set QUIESCED all", "B set QUIESCED b"]
    );
    node.remove("SU1", &["S"]);
    assert_eq!(node.take_log(), ["B remove c", "A remove all", "B remove all"]);
    assert_eq!(node.holds("SU1"), NOTHING);
    assert_eq!(node.engine.next_deadline(), None);
}

#[test]
fn one_callback_is_for_all_when_all_that_a_component_has_changes() {
    let mut node = pair();
    let both = || vec![si("S", vec![csi("a", "A")]), si("T", vec![csi("t@T", "A")])];
    node.assign("SU1", HaState::Standby, both());
    assert_eq!(node.take_log(), ["A set STANDBY a new", "A set STANDBY t new"]);
    node.assign("SU1", HaState::Active, both());
    assert_eq!(node.take_log(), ["A set ACTIVE all"]);
    assert_eq!(node.holds("SU1"), ["S ACTIVE", "T ACTIVE"]);
    node.assign("SU1", HaState::Quiesced, vec![si("T", vec![])]);
    assert_eq!(node.take_log(), ["A set QUIESCED t"]);
    assert_eq!(node.holds("SU1"), ["S ACTIVE", "T QUIESCED"]);
    node.remove("SU1", &["T"]);
    assert_eq!(node.take_log(), ["A remove t"]);
    node.remove("SU1", &["S"]);
    assert_eq!(node.take_log(), ["A remove all"]);
}

#[test]
fn what_a_component_has_not_answered_yet_is_not_meant_by_a_callback_for_all() {
    let mut node = pair();
    let both = vec![si("S", vec![csi("a", "A")]), si("T", vec![csi("t@T", "A")])];
    node.assign("SU1", HaState::Standby, both);
    node.act("A set", Act::Hang);
    node.die("A");
    node.answer("A", Ok(()));
    node.take_log();
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    assert_eq!(node.take_log(), ["A set ACTIVE a"], "t is asked for as STANDBY");
}

#[test]
fn the_attributes_come_with_a_new_csi_only() {
    let mut node = pair();
    node.act("A set", Act::Hang);
    let mut given = csi("a", "A");
    given.active_comp = Some(comp_dn("A@SU2"));
    given.standby_rank = 1;
    node.assign("SU1", HaState::Standby, vec![si("S", vec![given.clone()])]);
    let descriptor = |node: &Node| match node.calls.values().next() {
        Some((_, CallbackKind::CsiSet { csi, .. })) => csi.clone(),
        other => panic!("{other:?}"),
    };
    let first = descriptor(&node);
    assert_eq!(first.csi, Some(csi_dn("a")));
    assert!(first.is_new);
    assert_eq!(first.attributes, given.attributes);
    assert_eq!(
        (first.active_comp, first.standby_rank),
        (given.active_comp.clone(), 1)
    );
    node.answer("A", Ok(()));
    given.transition = CsiTransition::NotQuiesced;
    node.assign("SU1", HaState::Active, vec![si("S", vec![given])]);
    let second = descriptor(&node);
    assert_eq!(
        (second.csi, second.is_new, second.attributes.len()),
        (None, false, 0)
    );
    assert_eq!(second.transition, CsiTransition::NotQuiesced);
}

#[test]
fn new_attributes_of_a_csi_call_nobody_and_come_with_the_next_restart() {
    let mut node = pair();
    let mut given = csi("a", "A");
    node.assign("SU1", HaState::Active, vec![si("S", vec![given.clone()])]);
    node.take_log();
    given.attributes = vec![("port".to_owned(), vec!["8081".to_owned()])];
    node.assign("SU1", HaState::Active, vec![si("S", vec![given.clone()])]);
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    node.act("A set", Act::Hang);
    node.die("A");
    match node.calls.values().next() {
        Some((_, CallbackKind::CsiSet { csi, .. })) => assert_eq!(csi.attributes, given.attributes),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_csi_that_joins_its_si_is_told_alone_and_one_that_left_is_taken() {
    let mut node = pair();
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    node.take_log();
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
    );
    assert_eq!(node.take_log(), ["B set ACTIVE b new"]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("b", "B")])]);
    assert_eq!(node.take_log(), ["A remove all"]);
    assert_eq!(node.su("SU1").assignments[0].csis, [(csi_dn("b"), comp_dn("B"))]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("b", "A")])]);
    assert!(
        node.failed("SU1").contains("must be removed before"),
        "{}",
        node.failed("SU1")
    );
}

#[test]
fn a_standby_hears_of_a_new_active_component() {
    let mut node = pair();
    let standby = |active: &str| {
        let mut csi = csi("a", "A");
        csi.active_comp = Some(comp_dn(active));
        vec![si("S", vec![csi])]
    };
    node.assign("SU1", HaState::Standby, standby("A@SU2"));
    node.take_log();
    node.assign("SU1", HaState::Standby, standby("A@SU2"));
    assert_eq!(node.take_log(), NOTHING);
    node.assign("SU1", HaState::Standby, standby("A@SU3"));
    assert_eq!(node.take_log(), ["A set STANDBY all"]);
}

#[test]
fn quiescing_is_done_when_every_component_completed_it() {
    let mut node = pair();
    let sis = || vec![si("S", vec![csi("a", "A"), csi("b", "B")])];
    node.assign("SU1", HaState::Active, sis());
    node.act("A set", Act::Hang);
    node.assign("SU1", HaState::Quiescing, sis());
    let invocation = node.answer("A", Ok(()));
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"], "what was confirmed before");
    let session = node.session("A");
    let get = || ComponentRequest::HaStateGet {
        comp: comp_dn("A"),
        csi: csi_dn("a"),
    };
    assert_eq!(node.ask(session, get()), "QUIESCING");
    let complete = || ComponentRequest::CsiQuiescingComplete {
        invocation,
        result: Ok(()),
    };
    assert_eq!(node.ask(session, complete()), "OK");
    assert_eq!(node.ask(session, get()), "QUIESCED");
    assert_eq!(node.ask(session, complete()), "NOT_EXIST");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.holds("SU1"), ["S QUIESCED"]);
    node.take_log();
    node.behave("A set");
    node.assign("SU1", HaState::Active, sis());
    assert_eq!(node.take_log(), ["A set ACTIVE all", "B set ACTIVE all"]);
}

#[test]
fn quiescing_may_be_cut_short_by_active_or_quiesced_only() {
    for (ha, answered) in [
        (HaState::Active, true),
        (HaState::Quiesced, true),
        (HaState::Quiesced, false),
    ] {
        let mut node = pair();
        let sis = || vec![si("S", vec![csi("a", "A"), csi("b", "B")])];
        node.assign("SU1", HaState::Active, sis());
        node.act("A set", Act::Hang);
        node.assign("SU1", HaState::Quiescing, sis());
        node.take_log();
        if answered {
            node.answer("A", Ok(()));
        }
        node.remove("SU1", &["S"]);
        let refused = OrderOutcome::Failed("busy with order 3 (assign)".to_owned());
        assert_eq!(*node.outcome("SU1"), refused);
        let goes_on = node.su("SU1").order.as_ref().map(|order| &order.outcome);
        assert_eq!(goes_on, Some(&OrderOutcome::InProgress));
        node.behave("A set");
        node.assign("SU1", ha, sis());
        if !answered {
            node.answer("A", Ok(()));
        }
        let mut log = vec![format!("A set {ha} all")];
        // B had completed quiescing already.
        if ha == HaState::Active {
            log.push("B set ACTIVE all".to_owned());
        }
        assert_eq!(node.take_log(), log);
        assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
        assert_eq!(node.holds("SU1"), [format!("S {ha}")]);
        node.pass(10_000);
        assert_eq!(node.fault("SU1"), None, "the quiescing time no longer counts");
    }
}

#[test]
fn quiescing_may_be_complete_before_the_callback_is_answered() {
    let mut node = pair();
    let sis = || vec![si("S", vec![csi("a", "A")])];
    node.assign("SU1", HaState::Active, sis());
    node.act("A set", Act::Hang);
    node.assign("SU1", HaState::Quiescing, sis());
    let invocation = *node.calls.keys().next().unwrap();
    let session = node.session("A");
    let body = ComponentRequest::CsiQuiescingComplete {
        invocation,
        result: Ok(()),
    };
    assert_eq!(node.ask(session, body), "OK");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    node.answer("A", Ok(()));
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn quiescing_that_is_not_completed_in_time_is_a_fault() {
    let mut node = pair();
    let sis = || vec![si("S", vec![csi("a", "A")])];
    node.assign("SU1", HaState::Active, sis());
    node.act("A set", Act::Hang);
    node.assign("SU1", HaState::Quiescing, sis());
    node.answer("A", Ok(()));
    node.pass(700);
    let fault = node.fault("SU1").unwrap();
    assert_eq!(fault.source, ErrorSource::QuiescingCompleteTimeout);
    assert!(fault.isolated);
    assert!(matches!(node.outcome("SU1"), OrderOutcome::Failed(_)));
    assert_eq!(
        node.holds("SU1"),
        ["S ACTIVE"],
        "the strongest that it may have been"
    );
}

#[test]
fn a_component_that_fails_during_an_order_is_restarted_and_told_again() {
    for act in [Act::Hang, Act::Fail] {
        let mut node = pair();
        node.act("A set", act);
        node.act("A CLEANUP", Act::Hang);
        node.assign(
            "SU1",
            HaState::Active,
            vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
        );
        node.pass(300);
        node.behave("A set");
        assert_eq!(node.comp("A").presence, PresenceState::Restarting);
        assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
        node.end_run("A", harness::exit(0));
        let log = [
            "A set ACTIVE a new",
            "B set ACTIVE b new",
            "A forget",
            "A CLEANUP",
            "A INSTANTIATE",
            "A set ACTIVE a new",
        ];
        assert_eq!(node.take_log(), log);
        assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
        assert_eq!(node.comp("A").restart_count, 1);
    }
}

#[test]
fn a_removal_that_is_not_answered_restarts_the_component_which_then_has_nothing() {
    let mut node = pair();
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    node.act("A remove", Act::Hang);
    node.take_log();
    node.remove("SU1", &["S"]);
    node.pass(400);
    assert_eq!(
        node.take_log(),
        ["A remove all", "A forget", "A CLEANUP", "A INSTANTIATE"]
    );
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.holds("SU1"), NOTHING);
}

#[test]
fn an_order_that_a_fault_ends_leaves_what_may_be_active_in_the_report() {
    let mut node = Node::up(vec![su(
        "SU1",
        vec![
            comp("A"),
            CompConfig {
                disable_restart: true,
                ..comp("B")
            },
        ],
    )]);
    node.act("B set", Act::Fail);
    node.act("B CLEANUP", Act::Hang);
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
    );
    assert!(
        node.failed("SU1").contains("COMPONENT_FAILOVER is due"),
        "{}",
        node.failed("SU1")
    );
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    assert!(!node.fault("SU1").unwrap().isolated, "B may still act");
    node.end_run("B", harness::exit(0));
    assert!(node.fault("SU1").unwrap().isolated);
    node.take_log();
    // The failed component is skipped, the other one is told.
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![])]);
    assert_eq!(node.take_log(), ["A set QUIESCED all"]);
    node.remove("SU1", &["S"]);
    assert_eq!(node.take_log(), ["A remove all"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.holds("SU1"), NOTHING);
}

#[test]
fn what_a_component_never_heard_of_does_not_come_when_the_order_is_given_up() {
    let failing = CompConfig {
        disable_restart: true,
        ..comp("A")
    };
    let mut node = Node::up(vec![su("SU1", vec![failing, comp("B")])]);
    node.assign("SU1", HaState::Standby, vec![si("S", vec![csi("a", "A")])]);
    node.act("A set", Act::Fail);
    node.take_log();
    let both = vec![csi("a", "A"), depends(2, csi("b", "B"))];
    node.assign("SU1", HaState::Active, vec![si("S", both)]);
    assert!(matches!(node.outcome("SU1"), OrderOutcome::Failed(_)));
    assert_eq!(node.take_log(), ["A set ACTIVE all", "A forget", "A CLEANUP"]);
    assert_eq!(node.su("SU1").assignments[0].csis, [(csi_dn("a"), comp_dn("A"))]);
}

#[test]
fn what_a_component_gave_up_does_not_come_back_when_the_order_is_given_up() {
    let failing = CompConfig {
        disable_restart: true,
        ..comp("A")
    };
    let mut node = Node::up(vec![su("SU1", vec![failing, comp("B")])]);
    let both = vec![csi("a", "A"), csi("b", "B")];
    node.assign("SU1", HaState::Standby, vec![si("S", both)]);
    node.act("A set", Act::Fail);
    node.take_log();
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    assert!(matches!(node.outcome("SU1"), OrderOutcome::Failed(_)));
    let told = node.take_log();
    assert_eq!(
        told,
        ["B remove all", "A set ACTIVE all", "A forget", "A CLEANUP"]
    );
    assert_eq!(node.su("SU1").assignments[0].csis, [(csi_dn("a"), comp_dn("A"))]);
}

#[test]
fn a_component_that_is_still_being_cleaned_up_keeps_its_work_in_the_report() {
    let failover = CompConfig {
        disable_restart: true,
        ..comp("B")
    };
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), failover])]);
    node.act("A set", Act::Hang);
    node.act("B set", Act::Hang);
    node.act("A CLEANUP", Act::Hang);
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A")]), si("T", vec![csi("b@T", "B")])],
    );
    node.pass(300);
    assert!(
        node.failed("SU1").contains("COMPONENT_FAILOVER is due"),
        "{}",
        node.failed("SU1")
    );
    assert!(node.fault("SU1").unwrap().isolated, "B is gone");
    assert_eq!(node.comp("A").presence, PresenceState::Restarting);
    assert_eq!(
        node.holds("SU1"),
        ["S ACTIVE", "T ACTIVE"],
        "A may act until it is cleaned up"
    );
}

#[test]
fn a_script_that_shall_run_does_not_hold_an_order_up_when_its_su_went_down() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), script("n1")])]);
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("n", "n1")])],
    );
    node.act("A INSTANTIATE", Act::Exit(200));
    node.act("n1 CLEANUP", Act::Fail);
    node.die("A");
    assert_eq!(node.presence("SU1"), PresenceState::TerminationFailed);
    node.remove("SU1", &["T"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn a_script_that_gets_another_csi_is_stopped_and_started_once() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), script("n1")])]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("n", "n1")])]);
    node.take_log();
    // Its first CSI has left the model.
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("m", "n1")])]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.take_log(), ["n1 TERMINATE", "n1 kill-all", "n1 INSTANTIATE"]);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
}

#[test]
fn a_script_is_stopped_for_what_is_taken_from_it_while_it_is_started_again() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), script("n1")])]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("n", "n1")])]);
    node.act("n1 INSTANTIATE", Act::Hang);
    let report = ComponentRequest::ErrorReport {
        comp: comp_dn("n1"),
        recovery: RecommendedRecovery::ComponentRestart,
    };
    let session = node.session("A");
    assert_eq!(node.ask(session, report), "OK");
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![])]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    node.take_log();
    node.end_run("n1", harness::exit(0));
    assert_eq!(node.take_log()[0], "n1 TERMINATE");
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}

#[test]
fn quiescing_an_su_waits_until_a_failed_component_is_cleaned_up() {
    let mut node = pair();
    let sis = || vec![si("S", vec![csi("a", "A"), csi("b", "B")])];
    node.assign("SU1", HaState::Active, sis());
    node.act("A CLEANUP", Act::Hang);
    node.die("A");
    node.take_log();
    node.assign("SU1", HaState::Quiesced, sis());
    assert_eq!(node.take_log(), ["B set QUIESCED all"]);
    assert_eq!(
        *node.outcome("SU1"),
        OrderOutcome::InProgress,
        "A may still be active"
    );
    node.end_run("A", harness::exit(0));
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(
        node.take_log(),
        ["A INSTANTIATE"],
        "A knows of no CSI, there is nothing to quiesce"
    );
    node.assign("SU1", HaState::Active, sis());
    assert_eq!(node.take_log(), ["A set ACTIVE a new", "B set ACTIVE all"]);
}

#[test]
fn orders_that_cannot_be_carried_out_say_why() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    assert_eq!(node.failed("SU1"), "it is UNINSTANTIATED");
    node.instantiate("SU1");
    node.assign("SU1", HaState::Active, vec![si("S", vec![])]);
    assert!(
        node.failed("SU1").contains("has no CSI"),
        "{}",
        node.failed("SU1")
    );
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "Z")])]);
    assert!(
        node.failed("SU1").contains("not a component of it"),
        "{}",
        node.failed("SU1")
    );
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![csi("a", "A")])]);
    assert!(
        node.failed("SU1").contains("does not hold"),
        "{}",
        node.failed("SU1")
    );
    node.remove("SU1", &["S"]);
    assert_eq!(
        *node.outcome("SU1"),
        OrderOutcome::Done,
        "what is not held is gone"
    );
}

#[test]
fn a_script_in_an_su_with_others_runs_while_it_is_active() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), script("n1")])]);
    let sis = || vec![si("S", vec![csi("a", "A"), depends(2, csi("n", "n1"))])];
    node.assign("SU1", HaState::Active, sis());
    assert_eq!(node.take_log(), ["A set ACTIVE a new", "n1 INSTANTIATE"]);
    node.assign("SU1", HaState::Quiescing, sis());
    assert_eq!(
        node.take_log(),
        ["n1 TERMINATE", "n1 kill-all", "A set QUIESCING all"]
    );
    assert_eq!(node.holds("SU1"), ["S QUIESCED"]);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
}

#[test]
fn a_script_that_cannot_be_started_fails_the_su_over() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), script("n1")])]);
    node.act("n1 INSTANTIATE", Act::Exit(200));
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("n", "n1")])],
    );
    assert!(matches!(node.outcome("SU1"), OrderOutcome::Failed(_)));
    assert_eq!(node.presence("SU1"), PresenceState::InstantiationFailed);
    let fault = node.fault("SU1").unwrap();
    assert!(fault.isolated);
    assert_eq!(node.holds("SU1"), NOTHING);
}

#[test]
fn a_stray_answer_is_ignored() {
    let mut node = pair();
    node.act("A set", Act::Hang);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    let invocation = node.answer("A", Ok(()));
    node.event(Event::CallbackAnswered {
        invocation,
        result: Err(AisError::FailedOperation),
    });
    assert_eq!(node.fault("SU1"), None);
    assert!(node.notes.iter().all(|note| !note.contains("restart")));
}
