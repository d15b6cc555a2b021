//! The session with a director: which orders are taken, what is reported, and the ends.

mod harness;

use ais::Millis;
use ais::amf::{
    EscalationCounting, FailoverLimits, HaState, NodeConfig, NodeOrder, NodeReport, OrderId, OrderOutcome,
    PresenceState, Term,
};
use amfnd_engine::{EngineOptions, Event};
use harness::{Act, Node, at_level, comp, comp_dn, csi, dn, exit, si, su, su_dn};

const NOTHING: [&str; 0] = [];

fn orders(term: u64, orders: Vec<NodeOrder>) -> Event {
    Event::Orders {
        term: Term(term),
        orders,
    }
}

#[test]
fn a_repeated_order_is_not_carried_out_twice_and_an_older_one_not_at_all() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    let instantiate = |id| NodeOrder::Instantiate {
        id: OrderId(id),
        su: su_dn("SU1"),
    };
    let terminate = |id| NodeOrder::Terminate {
        id: OrderId(id),
        su: su_dn("SU1"),
    };
    node.send(vec![instantiate(5)]);
    node.send(vec![terminate(6)]);
    node.take_log();
    let sent = node.sent.len();
    node.send(vec![terminate(6), instantiate(5)]);
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.sent.len(), sent);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn an_order_that_comes_while_one_is_carried_out_is_refused() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    node.sent.clear();
    node.terminate("SU1");
    let outcomes: Vec<(OrderId, OrderOutcome)> = node
        .sent
        .iter()
        .map(|report| match report {
            NodeReport::Su(su) => su
                .order
                .as_ref()
                .map(|order| (order.id, order.outcome.clone()))
                .unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    let busy = OrderOutcome::Failed("busy with order 1 (instantiate)".to_owned());
    assert_eq!(
        outcomes,
        [(OrderId(2), busy), (OrderId(1), OrderOutcome::InProgress)]
    );
    node.register(&comp_dn("A"));
    node.end_run("A", exit(0));
    let order = node.su("SU1").order.as_ref().unwrap();
    assert_eq!((order.id, &order.outcome), (OrderId(1), &OrderOutcome::Done));
}

#[test]
fn an_order_that_was_not_begun_is_forgotten() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    let taken = node.su("SU1").order.clone();
    node.act("A INSTANTIATE", Act::Hang);
    node.die("A");
    node.restart("SU1", Some("A"));
    assert!(
        node.failed("SU1").contains("RESTARTING"),
        "{}",
        node.failed("SU1")
    );
    assert_eq!(node.su("SU1").order, taken);
}

#[test]
fn another_session_hears_of_a_failed_order_only_where_assignments_were_touched() {
    let known_to_another = |order: fn(&mut Node)| {
        let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
        node.act("A CLEANUP", Act::Fail);
        order(&mut node);
        assert!(!node.failed("SU1").is_empty());
        node.event(Event::DirectorLost);
        let config = NodeOrder::ConfigureSu(su("SU1", vec![comp("A")]));
        node.event(orders(2, vec![config, NodeOrder::ReportAll]));
        node.su("SU1").order.is_some()
    };
    assert!(!known_to_another(|node| {
        node.act("A terminate", Act::Fail);
        node.restart("SU1", None);
    }));
    assert!(known_to_another(|node| {
        node.act("A set", Act::Hang);
        node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
        node.die("A");
    }));
    assert!(known_to_another(|node| {
        node.act("A set", Act::Hang);
        node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
        node.clean("SU1");
    }));
}

#[test]
fn a_cleanup_ends_what_an_su_is_doing() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.act("A set", Act::Hang);
    node.act("A CLEANUP", Act::Fail);
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    node.clean("SU1");
    assert_eq!(node.take_log(), ["A set ACTIVE a new", "A forget", "A CLEANUP"]);
    assert!(
        node.failed("SU1").contains("TERMINATION-FAILED"),
        "{}",
        node.failed("SU1")
    );
    assert_eq!(node.holds("SU1"), ["S ACTIVE"], "A was asked and may be active");
}

#[test]
fn an_older_term_is_refused() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.event(orders(7, vec![]));
    assert!(node.engine.accepts(Term(7)) && node.engine.accepts(Term(8)) && !node.engine.accepts(Term(6)));
    node.event(orders(
        6,
        vec![NodeOrder::Instantiate {
            id: OrderId(1),
            su: su_dn("SU1"),
        }],
    ));
    assert_eq!(node.take_log(), NOTHING);
    node.event(orders(
        8,
        vec![NodeOrder::Instantiate {
            id: OrderId(1),
            su: su_dn("SU1"),
        }],
    ));
    assert_eq!(node.take_log(), ["A INSTANTIATE"]);
}

#[test]
fn a_new_director_learns_everything_and_disturbs_nothing() {
    let configs = || vec![su("SU1", vec![comp("A")]), su("SU2", vec![comp("B@SU2")])];
    let mut node = Node::up(configs());
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("a", "A")])]);
    node.event(Event::DirectorLost);
    node.take_log();
    node.sent.clear();
    let config = NodeConfig {
        dn: dn("safAmfNode=N,safAmfCluster=C"),
        node_id: 1,
        failover: FailoverLimits {
            su_failover_max: 10,
            su_failover_probation: Millis(60_000),
        },
        counting: EscalationCounting::Specification,
    };
    let mut all = vec![NodeOrder::ConfigureNode(config)];
    all.push(NodeOrder::ConfigureSu(configs().remove(0)));
    all.push(NodeOrder::ReportAll);
    node.event(orders(2, all));
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.sent.pop(), Some(NodeReport::AllReported));
    assert_eq!(node.sent.pop(), Some(NodeReport::UnknownSu { su: su_dn("SU2") }));
    assert_eq!(node.sent.pop(), Some(NodeReport::Su(node.su("SU1").clone())));
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    // The SU that the new director does not know is cleaned up and forgotten.
    let clean = NodeOrder::Cleanup {
        id: OrderId(1),
        su: su_dn("SU2"),
    };
    node.event(orders(2, vec![clean]));
    node.event(orders(2, vec![NodeOrder::RemoveSu { su: su_dn("SU2") }]));
    assert_eq!(node.take_log(), ["B forget", "B CLEANUP"]);
    node.sent.clear();
    node.event(orders(2, vec![NodeOrder::ReportAll]));
    assert_eq!(node.sent.len(), 2);
}

#[test]
fn a_configured_su_is_answered_by_a_report_even_where_nothing_changed() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.sent.clear();
    node.send(vec![NodeOrder::ConfigureSu(su("SU1", vec![comp("A")]))]);
    assert_eq!(node.sent, [NodeReport::Su(node.su("SU1").clone())]);
}

#[test]
fn nothing_is_reported_twice() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), at_level(2, comp("B"))])]);
    node.assign(
        "SU1",
        HaState::Active,
        vec![si("S", vec![csi("a", "A"), csi("b", "B")])],
    );
    node.die("A");
    node.terminate("SU1");
    for pair in node.sent.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn a_reboot_kills_everything_first() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A"), comp("B")])]);
    node.act("B CLEANUP", Act::Hang);
    node.die("B");
    node.take_log();
    node.quietly(orders(
        1,
        vec![NodeOrder::Reboot {
            reason: "node failover".to_owned(),
        }],
    ));
    assert_eq!(
        node.take_log(),
        ["A forget", "A kill-all", "B kill CLEANUP", "B kill-all", "reboot"]
    );
    assert_eq!(node.engine.next_deadline(), None);
    node.settle();
    assert_eq!(node.take_log(), NOTHING);
}

#[test]
fn shutdown_terminates_every_su_in_reverse_order_and_says_when_it_is_over() {
    let comps = vec![comp("A"), at_level(2, comp("B"))];
    let mut node = Node::up(vec![su("SU1", comps), su("SU2", vec![comp("C@SU2")])]);
    node.act("C terminate", Act::Hang);
    node.event(Event::Shutdown);
    let log = [
        "B terminate",
        "C terminate",
        "B forget",
        "B kill-all",
        "A terminate",
        "A forget",
        "A kill-all",
    ];
    assert_eq!(node.take_log(), log);
    // An order is neither begun nor refused: a director that is refused gives it again at once.
    let newest = node.su("SU1").order.clone();
    node.instantiate("SU1");
    assert_eq!(node.su("SU1").order, newest);
    node.event(Event::Shutdown);
    assert_eq!(node.take_log(), NOTHING);
    node.pass(500);
    assert_eq!(node.take_log(), ["C forget", "C CLEANUP", "shutdown complete"]);
    node.event(Event::Shutdown);
    assert_eq!(node.take_log(), NOTHING);
}

#[test]
fn a_node_that_is_asked_to_leave_waits_for_its_work_to_be_moved() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.sent.clear();
    node.event(Event::Leave);
    assert_eq!(node.sent, [NodeReport::Leaving]);
    assert_eq!(node.take_log(), NOTHING);
    node.send(vec![NodeOrder::ReportAll]);
    assert!(
        node.sent
            .iter()
            .skip(1)
            .any(|report| *report == NodeReport::Leaving)
    );
    // The director moves the work as ever, and its faults are dealt with as ever.
    node.terminate("SU1");
    assert_eq!(node.take_log(), ["A terminate", "A forget", "A kill-all"]);
    node.send(vec![NodeOrder::Leave]);
    assert_eq!(node.take_log(), ["shutdown complete"]);
}

#[test]
fn a_node_leaves_without_a_director_or_when_that_takes_too_long() {
    let end = ["A terminate", "A forget", "A kill-all", "shutdown complete"];
    let mut alone = Node::up(vec![su("SU1", vec![comp("A")])]);
    alone.event(Event::DirectorLost);
    alone.event(Event::Leave);
    assert_eq!(alone.take_log(), end);

    let mut left_alone = Node::up(vec![su("SU1", vec![comp("A")])]);
    left_alone.event(Event::Leave);
    left_alone.event(Event::DirectorLost);
    assert_eq!(left_alone.take_log(), end);

    let mut waiting = Node::up(vec![su("SU1", vec![comp("A")])]);
    waiting.event(Event::Leave);
    waiting.pass(29_999);
    assert_eq!(waiting.take_log(), NOTHING);
    waiting.pass(1);
    assert_eq!(waiting.take_log(), end);

    let options = EngineOptions {
        leave_limit: Millis(0),
        ..EngineOptions::default()
    };
    let mut hasty = Node::with_options(options, vec![su("SU1", vec![comp("A")])]);
    hasty.instantiate("SU1");
    hasty.take_log();
    hasty.event(Event::Leave);
    assert_eq!(hasty.take_log(), end);
}

#[test]
fn a_shutdown_ends_what_is_under_way() {
    let mut node = Node::new(vec![su("SU1", vec![comp("A")])]);
    node.act("A INSTANTIATE", Act::Hang);
    node.instantiate("SU1");
    node.event(Event::Shutdown);
    assert!(node.failed("SU1").contains("ending"));
    assert_eq!(
        node.take_log(),
        [
            "A INSTANTIATE",
            "A kill INSTANTIATE",
            "A CLEANUP",
            "shutdown complete"
        ]
    );
    let mut node = Node::new(vec![]);
    node.event(Event::Shutdown);
    assert_eq!(node.take_log(), ["shutdown complete"]);
}

#[test]
fn an_error_during_the_shutdown_is_cleaned_up_only() {
    let comps = vec![comp("A"), at_level(2, comp("B"))];
    let mut node = Node::up(vec![su("SU1", comps)]);
    node.act("B terminate", Act::Hang);
    node.event(Event::Shutdown);
    node.die("A");
    assert_eq!(node.take_log(), ["B terminate", "A forget", "A CLEANUP"]);
    assert_eq!(node.fault("SU1"), None);
    node.pass(500);
    assert_eq!(node.take_log(), ["B forget", "B CLEANUP", "shutdown complete"]);
}

#[test]
fn orders_for_an_unknown_su_are_noted() {
    let mut node = Node::new(vec![]);
    node.terminate("SU9");
    assert!(
        node.notes.iter().any(|note| note.contains("is not configured")),
        "{:?}",
        node.notes
    );
}
