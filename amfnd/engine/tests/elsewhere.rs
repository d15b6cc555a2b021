//! Components whose proxy runs on another node.

mod harness;

use std::collections::BTreeMap;

use ais::amf::{
    CompCategory, CompConfig, EscalationCounting, HaReadinessState, HaState, ManagedBy, NodeOrder,
    NodeReport, OrderOutcome, PresenceState, ProtectionGroup, ProtectionGroupMember,
};
use ais::{Dn, Millis};
use amfnd_engine::{ComponentRequest, Event, SessionId};
use harness::{Act, Node, comp, comp_dn, csi, csi_dn, si, su};

const NOTHING: [&str; 0] = [];

fn proxied(name: &str) -> CompConfig {
    CompConfig {
        category: CompCategory::PROXIED | CompCategory::LOCAL,
        instantiate: None,
        terminate: None,
        managed_by: ManagedBy {
            proxy_csi: Some(csi_dn("m@M")),
            container_csi: None,
            instantiate_timeout: Millis(1000),
            cleanup_timeout: Millis(800),
        },
        ..comp(name)
    }
}

fn dn(node: &str) -> Dn {
    Dn::new(&format!("safAmfNode={node},safAmfCluster=C")).expect("a DN")
}

/// A component of an SG that has no SU on the node.
fn far(name: &str) -> Dn {
    Dn::new(&format!("safComp={name},safSu={name},safSg=Proxies,safApp=X")).expect("a DN")
}

/// The director tells who holds the proxies' CSI, and where: `("P", "N2", ACTIVE)`. The node itself is `N`.
fn held(node: &mut Node, by: &[(&str, &str, HaState)]) {
    let by: Vec<(Dn, &str, HaState)> = by.iter().map(|(comp, at, ha)| (far(comp), *at, *ha)).collect();
    held_by(node, &by);
}

fn held_by(node: &mut Node, by: &[(Dn, &str, HaState)]) {
    let member = |(comp, _, ha): &(Dn, &str, HaState)| ProtectionGroupMember {
        comp: comp.clone(),
        ha: *ha,
        ha_readiness: HaReadinessState::ReadyForAssignment,
        rank: 1,
    };
    node.send(vec![NodeOrder::ProtectionGroup(ProtectionGroup {
        csi: csi_dn("m@M"),
        members: Some(by.iter().map(member).collect()),
        nodes: by
            .iter()
            .map(|(comp, at, _)| (comp.clone(), dn(at)))
            .collect::<BTreeMap<Dn, Dn>>(),
    })]);
}

/// A node that knows its name, with `X` in SU1, and `Y` in SU2.
fn node() -> Node {
    let sus = vec![su("SU1", vec![proxied("X")]), su("SU2", vec![proxied("Y@SU2")])];
    let mut node = Node::new(sus);
    node.count(EscalationCounting::default(), 10);
    node
}

/// The shell has reached the proxy.
fn linked(node: &mut Node, proxy: &str) -> SessionId {
    let session = node.new_session();
    let proxy = far(proxy);
    node.sessions.insert(proxy.clone(), session);
    node.event(Event::Linked { proxy, session });
    session
}

fn register(node: &mut Node, name: &str, proxy: &str) -> String {
    let proxy = far(proxy);
    let (session, comp) = (node.sessions[&proxy], comp_dn(name));
    node.ask(session, ComponentRequest::RegisterProxied { comp, proxy })
}

/// `X` is instantiated, and registered by `P` on N2.
fn up() -> (Node, SessionId) {
    let mut node = node();
    held(
        &mut node,
        &[("P", "N2", HaState::Active), ("Q", "N3", HaState::Standby)],
    );
    let session = linked(&mut node, "P");
    node.instantiate("SU1");
    assert_eq!(register(&mut node, "X", "P"), "OK");
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    node.log.clear();
    (node, session)
}

#[test]
fn the_proxy_of_another_node_is_reached_and_instantiates() {
    let mut node = node();
    let tracks = node.sent.iter().rev().find_map(|report| match report {
        NodeReport::Tracks { csis } => Some(csis.clone()),
        _ => None,
    });
    assert_eq!(
        tracks,
        Some(vec![csi_dn("m@M")]),
        "the director is asked who holds the CSI"
    );
    node.instantiate("SU1");
    assert_eq!(node.take_log(), NOTHING, "nobody is there who could");
    held(
        &mut node,
        &[("P", "N2", HaState::Active), ("Q", "N3", HaState::Standby)],
    );
    assert_eq!(node.take_log(), ["link P N2 X Y"]);
    assert!(
        node.failed("SU1").contains("active for safCsi=m"),
        "{}",
        node.failed("SU1")
    );
    linked(&mut node, "P");
    assert_eq!(node.take_log(), ["X instantiate"]);
    assert_eq!(register(&mut node, "X", "P"), "OK");
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    assert_eq!(node.comp("X").manager, Some(far("P")));
    let work = vec![si("S", vec![csi("x", "X")])];
    node.assign("SU1", HaState::Active, work);
    assert_eq!(node.take_log(), ["X set ACTIVE x new"]);
    assert_eq!(node.holds("SU1"), ["S ACTIVE"]);
    node.terminate("SU1");
    assert!(node.take_log().contains(&"X terminate".to_owned()));
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
}

#[test]
fn a_proxy_of_the_own_node_is_preferred() {
    let sus = vec![su("SU1", vec![proxied("X")]), su("SU2", vec![comp("P@SU2")])];
    let mut node = Node::new(sus);
    node.count(EscalationCounting::default(), 10);
    node.instantiate("SU2");
    node.assign("SU2", HaState::Active, vec![si("M", vec![csi("m@M", "P@SU2")])]);
    let (own, other) = (comp_dn("P@SU2"), far("Q"));
    let both = [
        (own.clone(), "N", HaState::Active),
        (other.clone(), "N3", HaState::Active),
    ];
    held_by(&mut node, &both);
    node.instantiate("SU1");
    let ask = ComponentRequest::RegisterProxied {
        comp: comp_dn("X"),
        proxy: own.clone(),
    };
    assert_eq!(node.ask(node.sessions[&own], ask), "OK");
    assert!(!node.take_log().iter().any(|line| line.starts_with("link")));
    // It stands by from now on; what it managed stays as it is until the next one comes.
    held_by(
        &mut node,
        &[(own, "N", HaState::Standby), (other, "N3", HaState::Active)],
    );
    assert_eq!(node.take_log(), ["link Q N3 X"]);
}

#[test]
fn the_end_of_the_link_is_no_failure_and_the_next_link_is_asked_again() {
    let (mut node, session) = up();
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("x", "X")])]);
    node.log.clear();
    node.event(Event::SessionClosed { session });
    assert_eq!(node.comp("X").manager, None);
    assert_eq!(node.comp("X").presence, PresenceState::Instantiated);
    assert_eq!(node.fault("SU1"), None);
    assert_eq!(
        node.take_log(),
        NOTHING,
        "the shell makes the link again by itself"
    );
    node.assign("SU1", HaState::Quiesced, vec![si("S", vec![])]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::InProgress);
    linked(&mut node, "P");
    assert_eq!(register(&mut node, "X", "P"), "OK");
    assert_eq!(node.take_log(), ["X set QUIESCED all"]);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    // The director is gone: nobody says otherwise, so the link stays.
    node.event(Event::DirectorLost);
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.comp("X").manager, Some(far("P")));
}

#[test]
fn a_proxy_that_is_told_to_rest_lets_go_or_is_relieved_by_the_next() {
    for lets_go in [true, false] {
        let (mut node, _) = up();
        held(
            &mut node,
            &[("P", "N2", HaState::Quiesced), ("Q", "N3", HaState::Active)],
        );
        assert_eq!(node.take_log(), ["link P N2 X", "link Q N3 X Y"]);
        linked(&mut node, "Q");
        assert_eq!(
            register(&mut node, "Y@SU2", "P"),
            "BAD_OPERATION",
            "it is not active any more"
        );
        if lets_go {
            let session = node.sessions[&far("P")];
            let (comp, proxy) = (comp_dn("X"), far("P"));
            let ask = ComponentRequest::UnregisterProxied { comp, proxy };
            assert_eq!(node.ask(session, ask), "OK");
            assert_eq!(node.take_log(), ["end link P"]);
        }
        assert_eq!(register(&mut node, "X", "Q"), "OK");
        assert_eq!(node.comp("X").manager, Some(far("Q")));
        assert_eq!(register(&mut node, "X", "Q"), "EXIST");
        if !lets_go {
            assert_eq!(node.take_log(), ["end link P"]);
        }
    }
}

/// Who is gone is not asked to clean up.
#[test]
fn what_is_terminated_when_the_link_ends_is_killed() {
    let (mut node, session) = up();
    node.act("X terminate", Act::Hang);
    node.event(Event::Shutdown);
    assert_eq!(node.take_log(), ["X terminate"]);
    node.quietly(Event::SessionClosed { session });
    node.settle();
    assert_eq!(node.take_log(), ["X CLEANUP", "shutdown complete"]);
}

/// It may live on, and its link stand: the director has given the CSI to another, and that is what counts.
#[test]
fn a_proxy_on_a_lost_node_is_cut_off() {
    let (mut node, session) = up();
    node.assign("SU1", HaState::Active, vec![si("S", vec![csi("x", "X")])]);
    node.log.clear();
    held(&mut node, &[("Q", "N3", HaState::Active)]);
    assert_eq!(node.take_log(), ["end link P", "link Q N3 X Y"]);
    let ask = ComponentRequest::RegisterProxied {
        comp: comp_dn("X"),
        proxy: far("P"),
    };
    assert_eq!(node.ask(session, ask.clone()), "NOT_EXIST", "at once");
    node.event(Event::SessionClosed { session });
    assert_eq!(node.ask(session, ask), "NOT_EXIST");
    linked(&mut node, "Q");
    assert_eq!(register(&mut node, "X", "Q"), "OK");
    assert_eq!(node.comp("X").manager, Some(far("Q")));
    assert_eq!(node.holds("SU1"), ["S ACTIVE"], "it went on meanwhile");
}
