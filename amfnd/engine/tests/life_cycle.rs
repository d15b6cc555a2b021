//! Starting and stopping components and SUs.

mod harness;

use ais::Millis;
use ais::amf::{ErrorSource, HaState, OperState, OrderOutcome, PresenceState, RecommendedRecovery};
use amfnd_engine::{Event, RunOutcome};
use harness::{Act, Node, at_level, comp, comp_dn, csi, script, si, su, su_dn};

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
    node.end_run("B", harness::exit(0));
    assert_eq!(node.take_log(), ["C INSTANTIATE"]);
    assert_eq!(node.presence("SU1"), PresenceState::Instantiated);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
    assert_eq!(node.engine.next_deadline(), None);

    node.act("C terminate", Act::Hang);
    node.terminate("SU1");
    assert_eq!(node.take_log(), ["C terminate"]);
    assert_eq!(node.presence("SU1"), PresenceState::Terminating);
    node.behave("C terminate");
    node.answer("C", Ok(()));
    assert_eq!(node.take_log(), Vec::<String>::new());
    node.die("C");
    let log = ["C forget", "A terminate", "B terminate", "A forget", "B forget"];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.presence("SU1"), PresenceState::Uninstantiated);
    assert_eq!(*node.outcome("SU1"), OrderOutcome::Done);
}
