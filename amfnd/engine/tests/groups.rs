//! Protection groups, and how ready components say they are.

mod harness;

use std::collections::BTreeMap;

use ais::amf::{
    HaReadinessState, HaState, NodeOrder, NodeReport, ProtectionGroup, ProtectionGroupChange as Change,
    ProtectionGroupMember, TrackFlags,
};
use ais::{AisError, Dn};
use amfnd_engine::{ComponentRequest, Event, RequestId, SessionId};
use harness::{Node, comp, comp_dn, csi, csi_dn, si, su};

fn track(node: &mut Node, session: SessionId, flags: TrackFlags) -> String {
    let csi = csi_dn("a");
    node.ask(session, ComponentRequest::ProtectionGroupTrack { csi, flags })
}

/// Asks where the director has to be asked first.
fn track_later(node: &mut Node, session: SessionId, request: u64, flags: TrackFlags) {
    node.event(Event::Request {
        request: RequestId(request),
        session,
        body: ComponentRequest::ProtectionGroupTrack {
            csi: csi_dn("a"),
            flags,
        },
    });
    assert!(!node.answers.contains_key(&RequestId(request)));
}

fn told(node: &Node) -> Option<Vec<Dn>> {
    node.sent.iter().rev().find_map(|report| match report {
        NodeReport::Tracks { csis } => Some(csis.clone()),
        _ => None,
    })
}

fn members(node: &mut Node, members: Option<&[(&str, HaState)]>) {
    let member = |(comp, ha): &(&str, HaState)| ProtectionGroupMember {
        comp: comp_dn(comp),
        ha: *ha,
        ha_readiness: HaReadinessState::ReadyForAssignment,
        rank: 1,
    };
    node.send(vec![NodeOrder::ProtectionGroup(ProtectionGroup {
        csi: csi_dn("a"),
        members: members.map(|members| members.iter().map(member).collect()),
        nodes: BTreeMap::new(),
    })]);
}

/// The number of members, and for each notification its component and change.
type Told = (Result<u32, AisError>, Vec<(String, Change)>);

/// What was told to the session.
fn changes(node: &mut Node, session: SessionId) -> Vec<Told> {
    let all = std::mem::take(&mut node.changes);
    let own = all.iter().filter(|(to, ..)| *to == session);
    own.map(|(_, count, told)| {
        let told = told
            .iter()
            .map(|each| (each.member.comp.rdn_value(), each.change));
        (*count, told.collect())
    })
    .collect()
}

#[test]
fn members_come_once_all_at_each_change_or_only_the_changed_ones() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let (all, only) = (node.new_session(), node.new_session());
    track_later(&mut node, all, 1000, TrackFlags::CURRENT | TrackFlags::CHANGES);
    assert_eq!(told(&node), Some(vec![csi_dn("a")]));
    let (active, standby) = (HaState::Active, HaState::Standby);
    members(&mut node, Some(&[("A", active), ("B", standby)]));
    assert!(
        node.answers.remove(&RequestId(1000)).is_some(),
        "it is answered with the members"
    );
    assert_eq!(
        track(&mut node, only, TrackFlags::CHANGES_ONLY),
        "",
        "nothing was asked for now"
    );
    let third = node.new_session();
    assert_eq!(
        track(&mut node, third, TrackFlags::CURRENT),
        "A ACTIVE, B STANDBY"
    );
    assert!(node.changes.is_empty());

    members(&mut node, Some(&[("A", active), ("B", active), ("C", standby)]));
    let changed = node.changes.clone();
    assert_eq!(
        changes(&mut node, only),
        [(
            Ok(3),
            vec![
                ("B".to_owned(), Change::StateChange),
                ("C".to_owned(), Change::Added)
            ]
        )]
    );
    node.changes = changed;
    let to_all = changes(&mut node, all);
    assert_eq!(to_all[0].1[0], ("A".to_owned(), Change::NoChange));
    assert_eq!(to_all[0].1.len(), 3);
    members(&mut node, Some(&[("A", active), ("B", active), ("C", standby)]));
    assert!(node.changes.is_empty(), "nothing changed");
    members(&mut node, Some(&[("A", active)]));
    let gone = vec![
        ("B".to_owned(), Change::Removed),
        ("C".to_owned(), Change::Removed),
    ];
    assert_eq!(changes(&mut node, only), [(Ok(1), gone)]);

    // The group's CSI is deleted.
    members(&mut node, None);
    assert_eq!(changes(&mut node, only), [(Err(AisError::NotExist), vec![])]);
    assert_eq!(told(&node), Some(vec![]));
}

#[test]
fn tracking_is_refused_with_the_right_codes_and_ends_in_each_way() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let session = node.new_session();
    let both = TrackFlags::CHANGES | TrackFlags::CHANGES_ONLY;
    assert_eq!(track(&mut node, session, TrackFlags::empty()), "BAD_FLAGS");
    assert_eq!(track(&mut node, session, both), "BAD_FLAGS");
    let stop = || ComponentRequest::ProtectionGroupTrackStop { csi: csi_dn("a") };
    assert_eq!(node.ask(session, stop()), "NOT_EXIST");
    track_later(&mut node, session, 1000, TrackFlags::CHANGES);
    members(&mut node, None);
    assert!(format!("{:?}", node.answers.remove(&RequestId(1000))).contains("NotExist"));

    track_later(&mut node, session, 1001, TrackFlags::CHANGES);
    members(&mut node, Some(&[("A", HaState::Active)]));
    node.event(Event::DirectorLost);
    assert_eq!(track(&mut node, session, TrackFlags::CURRENT), "TRY_AGAIN");
    // The next director is told what is tracked, and what changed meanwhile is noticed.
    node.sent.clear();
    node.send(vec![NodeOrder::ReportAll]);
    assert_eq!(told(&node), Some(vec![csi_dn("a")]));
    members(&mut node, Some(&[("B", HaState::Active)]));
    assert_eq!(changes(&mut node, session).len(), 1);
    assert_eq!(node.ask(session, stop()), "OK");
    assert_eq!(told(&node), Some(vec![]));

    track_later(&mut node, session, 1002, TrackFlags::CHANGES);
    members(&mut node, Some(&[]));
    node.event(Event::SessionClosed { session });
    assert_eq!(told(&node), Some(vec![]));
}

#[test]
fn a_component_says_how_ready_it_is_for_what_it_has() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let work = vec![si("S", vec![csi("a", "A"), csi("b", "A")])];
    node.assign("SU1", HaState::Standby, work);
    let session = node.session("A");
    let ask = |node: &mut Node, session, csi: Option<&str>, state| {
        let (comp, csi) = (comp_dn("A"), csi.map(csi_dn));
        node.ask(
            session,
            ComponentRequest::HaReadinessStateSet { comp, csi, state },
        )
    };
    let not_active = HaReadinessState::NotReadyForActive;
    assert_eq!(ask(&mut node, session, Some("z"), not_active), "NOT_EXIST");
    let stranger = node.new_session();
    assert_eq!(ask(&mut node, stranger, Some("a"), not_active), "BAD_HANDLE");
    assert_eq!(ask(&mut node, session, Some("a"), not_active), "OK");
    assert_eq!(node.comp("A").ha_readiness, [(csi_dn("a"), not_active)]);
    assert_eq!(ask(&mut node, session, None, not_active), "OK");
    assert_eq!(node.comp("A").ha_readiness.len(), 2);
    assert_eq!(
        ask(&mut node, session, None, HaReadinessState::ReadyForAssignment),
        "OK"
    );
    assert!(node.comp("A").ha_readiness.is_empty());
    // What was taken from it because it was not ready, it may be ready for again.
    let not_ready = HaReadinessState::NotReadyForAssignment;
    assert_eq!(ask(&mut node, session, Some("a"), not_ready), "OK");
    node.remove("SU1", &["S"]);
    assert_eq!(node.comp("A").ha_readiness, [(csi_dn("a"), not_ready)]);
    assert_eq!(ask(&mut node, session, Some("b"), not_ready), "NOT_EXIST");
    let ready = HaReadinessState::ReadyForAssignment;
    assert_eq!(ask(&mut node, session, Some("a"), ready), "OK");
    assert!(node.comp("A").ha_readiness.is_empty());
    let work = vec![si("S", vec![csi("a", "A"), csi("b", "A")])];
    node.assign("SU1", HaState::Standby, work);
    // A new process says it anew.
    assert_eq!(ask(&mut node, session, Some("a"), not_active), "OK");
    node.die("A");
    assert!(node.comp("A").ha_readiness.is_empty());
}

#[test]
fn a_director_that_does_not_tell_is_not_waited_for_for_ever() {
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    let session = node.new_session();
    track_later(&mut node, session, 1000, TrackFlags::CURRENT);
    node.pass(4_000);
    track_later(&mut node, session, 1001, TrackFlags::CHANGES);
    assert!(!node.answers.contains_key(&RequestId(1000)));
    node.pass(1_000);
    let answer = format!("{:?}", node.answers.remove(&RequestId(1000)));
    assert!(answer.contains("TryAgain"), "{answer}");
    assert!(!node.answers.contains_key(&RequestId(1001)));
    // The members come late; who still waits gets them, who was sent away gets nothing.
    members(&mut node, Some(&[("A", HaState::Active)]));
    assert!(node.answers.contains_key(&RequestId(1001)));
    node.pass(10_000);
    members(&mut node, Some(&[]));
    assert_eq!(changes(&mut node, session).len(), 1, "the second request tracks");
}
