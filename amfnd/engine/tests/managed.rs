//! Components that others manage: by a proxy, by a container.

mod harness;

use ais::amf::{
    CallbackKind, CompCategory, CompConfig, HaState, ManagedBy, OrderOutcome, PresenceState,
    RecommendedRecovery,
};
use ais::{AisError, Millis};
use amfnd_engine::{ComponentRequest, SessionId};
use harness::{Act, Node, comp, comp_dn, csi, csi_dn, exit, si, su};

const NOTHING: [&str; 0] = [];

/// A component that another one manages as these categories say, by the CSI `m`.
fn managed(name: &str, category: CompCategory) -> CompConfig {
    let contained = category.contains(CompCategory::CONTAINED);
    let by = Some(csi_dn("m@M"));
    CompConfig {
        category,
        instantiate: None,
        terminate: None,
        managed_by: ManagedBy {
            proxy_csi: by.clone().filter(|_| !contained),
            container_csi: by.filter(|_| contained),
            instantiate_timeout: Millis(1000),
            cleanup_timeout: Millis(800),
        },
        ..comp(name)
    }
}

fn proxied(name: &str) -> CompConfig {
    managed(name, CompCategory::PROXIED | CompCategory::LOCAL)
}

/// `P` is the proxy or container, in SU1, active for `m`; what it manages is in SU2.
fn node(managed: Vec<CompConfig>) -> Node {
    let mut node = Node::new(vec![su("SU1", vec![comp("P")]), su("SU2", managed)]);
    node.instantiate("SU1");
    node.assign("SU1", HaState::Active, vec![si("M", vec![csi("m@M", "P")])]);
    node.log.clear();
    node
}

fn register(node: &mut Node, name: &str) -> String {
    let session = node.session("P");
    register_on(node, name, session)
}

fn register_on(node: &mut Node, name: &str, session: SessionId) -> String {
    let (comp, proxy) = (comp_dn(name), comp_dn("P"));
    node.ask(session, ComponentRequest::RegisterProxied { comp, proxy })
}

/// Instantiated and registered by the proxy.
fn up() -> Node {
    let mut node = node(vec![proxied("X@SU2")]);
    node.instantiate("SU2");
    assert_eq!(node.take_log(), ["X instantiate"]);
    assert_eq!(register(&mut node, "X@SU2"), "OK");
    assert_eq!(node.presence("SU2"), PresenceState::Instantiated);
    node
}

#[test]
fn the_active_proxy_instantiates_and_registers_and_gets_the_callbacks() {
    let mut node = node(vec![proxied("X@SU2")]);
    node.instantiate("SU2");
    assert_eq!(node.take_log(), ["X instantiate"]);
    assert_eq!(node.presence("SU2"), PresenceState::Instantiating);
    assert_eq!(node.comp("X@SU2").manager, None);
    assert_eq!(register(&mut node, "X@SU2"), "OK");
    assert_eq!(node.presence("SU2"), PresenceState::Instantiated);
    assert_eq!(*node.outcome("SU2"), OrderOutcome::Done);
    assert_eq!(node.comp("X@SU2").manager, Some(comp_dn("P")));
    assert_eq!(register(&mut node, "X@SU2"), "EXIST");

    let work = || vec![si("S", vec![csi("x", "X@SU2")])];
    node.assign("SU2", HaState::Active, work());
    assert_eq!(node.take_log(), ["X set ACTIVE x new"]);
    assert_eq!(node.holds("SU2"), ["S ACTIVE"]);
    node.remove("SU2", &["S"]);
    node.terminate("SU2");
    assert_eq!(node.take_log(), ["X remove all", "X terminate", "X kill-all"]);
    assert_eq!(node.presence("SU2"), PresenceState::Uninstantiated);
    // What was registered once need not be registered again.
    node.instantiate("SU2");
    assert_eq!(node.take_log(), ["X instantiate"]);
    assert_eq!(node.presence("SU2"), PresenceState::Instantiated);
}

#[test]
fn without_a_proxy_the_instantiation_waits_for_one() {
    let mut node = Node::new(vec![
        su("SU1", vec![comp("P")]),
        su("SU2", vec![proxied("X@SU2")]),
    ]);
    node.instantiate("SU2");
    node.pass(100_000);
    assert_eq!(node.take_log(), NOTHING);
    assert!(
        node.failed("SU2").contains("active for safCsi=m"),
        "{}",
        node.failed("SU2")
    );
    node.instantiate("SU1");
    assert_eq!(node.take_log(), ["P INSTANTIATE"]);
    node.assign("SU1", HaState::Standby, vec![si("M", vec![csi("m@M", "P")])]);
    assert_eq!(node.take_log(), ["P set STANDBY m new"]);
    node.assign("SU1", HaState::Active, vec![si("M", vec![csi("m@M", "P")])]);
    assert_eq!(node.take_log(), ["P set ACTIVE all", "X instantiate"]);
    assert_eq!(register(&mut node, "X@SU2"), "OK");
    assert_eq!(node.presence("SU2"), PresenceState::Instantiated);
}

#[test]
fn registrations_by_proxies_are_refused_with_the_right_codes() {
    let mut node = node(vec![proxied("X@SU2"), comp("Y@SU2")]);
    assert_eq!(register(&mut node, "Z@SU2"), "INVALID_PARAM");
    assert_eq!(register(&mut node, "Y@SU2"), "INVALID_PARAM");
    let session = node.session("P");
    let ask = |node: &mut Node, proxy: &str| {
        let (comp, proxy) = (comp_dn("X@SU2"), comp_dn(proxy));
        node.ask(session, ComponentRequest::RegisterProxied { comp, proxy })
    };
    assert_eq!(ask(&mut node, "Q"), "NOT_EXIST");
    node.assign("SU1", HaState::Quiesced, vec![si("M", vec![])]);
    assert_eq!(
        ask(&mut node, "P"),
        "BAD_OPERATION",
        "it is not active for the CSI"
    );
    let own = ComponentRequest::Register {
        comp: comp_dn("X@SU2"),
    };
    let stranger = node.new_session();
    assert_eq!(node.ask(stranger, own), "BAD_OPERATION");
}

#[test]
fn a_proxy_lets_go_and_another_takes_over() {
    let mut node = up();
    node.assign("SU2", HaState::Active, vec![si("S", vec![csi("x", "X@SU2")])]);
    node.take_log();
    let session = node.session("P");
    let unregister = |comp: &str, proxy: Option<&str>| match proxy {
        Some(proxy) => ComponentRequest::UnregisterProxied {
            comp: comp_dn(comp),
            proxy: comp_dn(proxy),
        },
        None => ComponentRequest::Unregister { comp: comp_dn(comp) },
    };
    assert_eq!(
        node.ask(session, unregister("P", None)),
        "BAD_OPERATION",
        "it is still a proxy"
    );
    assert_eq!(node.ask(session, unregister("X@SU2", Some("Q"))), "BAD_OPERATION");
    assert_eq!(node.ask(session, unregister("X@SU2", Some("P"))), "OK");
    assert_eq!(node.ask(session, unregister("X@SU2", Some("P"))), "NOT_EXIST");
    assert_eq!(node.take_log(), NOTHING);
    assert_eq!(node.comp("X@SU2").manager, None);
    assert_eq!(node.holds("SU2"), ["S ACTIVE"], "it goes on");
    assert_eq!(register(&mut node, "X@SU2"), "OK");
    assert_eq!(node.comp("X@SU2").manager, Some(comp_dn("P")));
}

#[test]
fn the_death_of_the_proxy_is_no_failure_of_what_it_managed() {
    let mut node = up();
    node.assign("SU2", HaState::Active, vec![si("S", vec![csi("x", "X@SU2")])]);
    node.act("X set", Act::Hang);
    node.assign("SU2", HaState::Quiesced, vec![si("S", vec![])]);
    node.take_log();
    node.act("P INSTANTIATE", Act::Hang);
    let session = node.session("P");
    node.die("P");
    assert!(!node.take_log().iter().any(|line| line.starts_with('X')));
    assert_eq!(node.comp("X@SU2").presence, PresenceState::Instantiated);
    assert_eq!(node.comp("X@SU2").manager, None);
    assert_eq!(node.fault("SU2"), None);
    assert_eq!(*node.outcome("SU2"), OrderOutcome::InProgress);
    node.pass(900);
    assert_eq!(node.take_log(), NOTHING, "nobody is there who could be late");
    assert_eq!(register_on(&mut node, "X@SU2", session), "NOT_EXIST");

    // The next proxy is told what the first did not answer.
    node.behave("P INSTANTIATE");
    node.behave("X set");
    node.register(&comp_dn("P"));
    node.end_run("P", exit(0));
    node.settle();
    node.take_log();
    assert_eq!(register(&mut node, "X@SU2"), "OK");
    assert_eq!(node.take_log(), ["X set QUIESCED all"]);
    assert_eq!(*node.outcome("SU2"), OrderOutcome::Done);
}

#[test]
fn work_that_nobody_can_be_told_of_fails_when_no_proxy_comes_in_time() {
    let mut node = up();
    node.assign("SU2", HaState::Active, vec![si("S", vec![csi("x", "X@SU2")])]);
    node.act("P INSTANTIATE", Act::Hang);
    node.die("P");
    node.take_log();
    node.pass(5_000);
    assert_eq!(
        node.fault("SU2"),
        None,
        "nothing is to be told: it stays as it is"
    );
    assert_eq!(node.comp("X@SU2").presence, PresenceState::Instantiated);

    node.assign("SU2", HaState::Quiesced, vec![si("S", vec![])]);
    assert_eq!(*node.outcome("SU2"), OrderOutcome::InProgress);
    node.pass(10_000);
    assert!(
        matches!(node.outcome("SU2"), OrderOutcome::Failed(_)),
        "{:?}",
        node.outcome("SU2")
    );
    // It is cleaned up without its proxy, and no proxy comes to instantiate it again.
    let log = node.take_log();
    let of_it: Vec<_> = log.iter().filter(|line| line.starts_with('X')).collect();
    assert!(of_it.iter().all(|line| *line == "X CLEANUP"), "{of_it:?}");
    assert_eq!(node.comp("X@SU2").presence, PresenceState::Uninstantiated);
    let fault = node.fault("SU2").unwrap();
    assert_eq!(fault.recovery, RecommendedRecovery::ComponentFailover);
    assert!(fault.isolated, "others may get its work");
}

#[test]
fn a_proxy_that_does_not_come_back_fails_what_waits_to_be_instantiated() {
    let mut node = up();
    node.act("P INSTANTIATE", Act::Hang);
    node.die("P");
    let other = node.new_session();
    let comp = comp_dn("X@SU2");
    let recovery = RecommendedRecovery::ComponentRestart;
    assert_eq!(
        node.ask(other, ComponentRequest::ErrorReport { comp, recovery }),
        "OK"
    );
    assert_eq!(node.comp("X@SU2").presence, PresenceState::Restarting);
    node.pass(20_000);
    let comp = node.comp("X@SU2");
    assert_eq!(comp.presence, PresenceState::InstantiationFailed);
    assert_eq!(
        comp.failure.clone().unwrap().cause,
        "no proxy came within 1000 ms",
        "the operator is told"
    );
}

#[test]
fn a_failed_proxied_component_is_cleaned_up_and_instantiated_by_its_proxy() {
    let mut node = up();
    node.assign("SU2", HaState::Active, vec![si("S", vec![csi("x", "X@SU2")])]);
    node.take_log();
    let report = |node: &mut Node| {
        let session = node.new_session();
        let comp = comp_dn("X@SU2");
        let recovery = RecommendedRecovery::ComponentRestart;
        node.ask(session, ComponentRequest::ErrorReport { comp, recovery })
    };
    assert_eq!(report(&mut node), "OK");
    let log = ["X cleanup", "X CLEANUP", "X instantiate", "X set ACTIVE x new"];
    assert_eq!(node.take_log(), log);
    assert_eq!(node.comp("X@SU2").restart_count, 1);

    // A proxy that cannot clean up leaves it to the command.
    node.act("X cleanup", Act::Fail);
    assert_eq!(report(&mut node), "OK");
    assert_eq!(node.take_log(), log);
    // A proxy that does not answer does so in the end.
    node.act("X cleanup", Act::Hang);
    node.pass(10_000);
    assert_eq!(report(&mut node), "OK");
    node.pass(799);
    assert_eq!(node.take_log(), ["X cleanup"]);
    node.pass(1);
    assert_eq!(node.take_log(), log[1..]);
}

#[test]
fn instantiation_by_a_proxy_is_tried_again_only_where_that_helps() {
    let mut node = node(vec![proxied("X@SU2")]);
    node.act("X instantiate", Act::Hang);
    node.instantiate("SU2");
    node.take_log();
    node.answer("X@SU2", Err(AisError::TryAgain));
    assert_eq!(node.take_log(), ["X cleanup", "X CLEANUP", "X instantiate"]);
    node.pass(1000);
    let log = node.take_log();
    assert_eq!(log, ["X cleanup", "X CLEANUP"], "then after the delay");
    node.calls.clear();
    node.pass(50);
    assert_eq!(node.take_log(), ["X instantiate"]);
    node.answer("X@SU2", Err(AisError::FailedOperation));
    assert_eq!(node.presence("SU2"), PresenceState::InstantiationFailed);
    assert!(
        node.failed("SU2").contains("FAILED_OPERATION"),
        "{}",
        node.failed("SU2")
    );

    let mut node = self::node(vec![proxied("X@SU2")]);
    node.act("X instantiate", Act::Fail);
    node.instantiate("SU2");
    assert_eq!(
        node.take_log(),
        ["X instantiate", "X cleanup", "X CLEANUP"],
        "FAILED_OPERATION says that another attempt is useless"
    );
    assert_eq!(node.presence("SU2"), PresenceState::InstantiationFailed);
}

#[test]
fn a_proxied_component_without_instantiation_lives_by_its_csi() {
    let config = managed("X@SU2", CompCategory::PROXIED_NPI | CompCategory::LOCAL);
    let mut node = node(vec![config]);
    let work = || vec![si("S", vec![csi("x", "X@SU2")])];
    node.assign("SU2", HaState::Active, work());
    assert!(
        node.failed("SU2").contains("waits for a proxy"),
        "{}",
        node.failed("SU2")
    );
    assert_eq!(register(&mut node, "X@SU2"), "OK");
    node.assign("SU2", HaState::Active, work());
    assert_eq!(node.take_log(), ["X set ACTIVE x new"]);
    assert_eq!(node.presence("SU2"), PresenceState::Instantiated);
    assert_eq!(node.holds("SU2"), ["S ACTIVE"]);
    node.remove("SU2", &["S"]);
    assert_eq!(node.take_log(), ["X remove all", "X kill-all"]);
    assert_eq!(node.comp("X@SU2").presence, PresenceState::Uninstantiated);

    // An error or no answer is a failed attempt to instantiate it.
    node.act("X set", Act::Fail);
    node.assign("SU2", HaState::Active, work());
    let log = node.take_log();
    assert_eq!(log[..3], ["X set ACTIVE x new", "X cleanup", "X CLEANUP"]);
    assert_eq!(log[3], "X set ACTIVE x new");
    node.act("X set", Act::Hang);
    node.pass(50);
    assert_eq!(node.take_log(), ["X set ACTIVE x new"]);
    node.pass(300);
    assert_eq!(node.comp("X@SU2").presence, PresenceState::InstantiationFailed);
}

fn contained(name: &str) -> CompConfig {
    managed(
        name,
        CompCategory::CONTAINED | CompCategory::SA_AWARE | CompCategory::LOCAL,
    )
}

fn register_contained(node: &mut Node, name: &str) -> String {
    let session = node.new_session();
    let comp = comp_dn(name);
    node.sessions.insert(comp.clone(), session);
    let container = comp_dn("P");
    node.ask(session, ComponentRequest::RegisterContained { comp, container })
}

#[test]
fn a_container_instantiates_what_it_contains_which_registers_itself() {
    let mut node = node(vec![contained("X@SU2"), contained("Y@SU2")]);
    let stranger = ComponentRequest::RegisterContained {
        comp: comp_dn("X@SU2"),
        container: comp_dn("Q"),
    };
    node.instantiate("SU2");
    assert_eq!(node.take_log(), ["X instantiate", "Y instantiate"]);
    let session = node.new_session();
    assert_eq!(node.ask(session, stranger), "BAD_OPERATION");
    assert_eq!(register_contained(&mut node, "X@SU2"), "OK");
    assert_eq!(register_contained(&mut node, "Y@SU2"), "OK");
    assert_eq!(node.presence("SU2"), PresenceState::Instantiated);
    assert_eq!(node.comp("X@SU2").manager, Some(comp_dn("P")));
    node.assign("SU2", HaState::Active, vec![si("S", vec![csi("x", "X@SU2")])]);
    assert_eq!(node.take_log(), ["X set ACTIVE x new"]);

    // One fails alone.
    let session = node.new_session();
    let comp = comp_dn("X@SU2");
    let recovery = RecommendedRecovery::ComponentRestart;
    assert_eq!(
        node.ask(session, ComponentRequest::ErrorReport { comp, recovery }),
        "OK"
    );
    node.sessions.remove(&comp_dn("X@SU2"));
    assert_eq!(
        node.take_log(),
        ["X forget", "X cleanup", "X CLEANUP", "X instantiate"]
    );
    assert_eq!(register_contained(&mut node, "X@SU2"), "OK");
    assert_eq!(node.take_log(), ["X set ACTIVE x new"]);
    // An answer ends it; its process is the container's.
    node.remove("SU2", &["S"]);
    node.terminate("SU2");
    let log = node.take_log();
    assert!(log.contains(&"X terminate".to_owned()), "{log:?}");
    assert_eq!(node.presence("SU2"), PresenceState::Uninstantiated);
}

#[test]
fn a_container_that_dies_takes_along_what_it_contains_and_brings_it_back() {
    let mut node = node(vec![contained("X@SU2")]);
    node.instantiate("SU2");
    assert_eq!(register_contained(&mut node, "X@SU2"), "OK");
    node.assign("SU2", HaState::Active, vec![si("S", vec![csi("x", "X@SU2")])]);
    node.take_log();
    node.act("P INSTANTIATE", Act::Hang);
    node.die("P");
    node.die("X@SU2");
    let log = node.take_log();
    assert_eq!(
        log,
        ["P forget", "P CLEANUP", "P INSTANTIATE", "X forget", "X CLEANUP"]
    );
    assert_eq!(node.comp("X@SU2").presence, PresenceState::Restarting);
    node.register(&comp_dn("P"));
    node.end_run("P", exit(0));
    assert_eq!(node.take_log(), ["P set ACTIVE m new", "X instantiate"]);
    assert_eq!(register_contained(&mut node, "X@SU2"), "OK");
    assert_eq!(node.take_log(), ["X set ACTIVE x new"]);
}

#[test]
fn a_container_that_does_not_come_back_fails_what_it_contained() {
    let mut node = node(vec![contained("X@SU2")]);
    node.instantiate("SU2");
    assert_eq!(register_contained(&mut node, "X@SU2"), "OK");
    node.assign("SU2", HaState::Active, vec![si("S", vec![csi("x", "X@SU2")])]);
    node.act("P INSTANTIATE", Act::Fail);
    node.die("P");
    node.die("X@SU2");
    node.pass(10_000);
    assert_eq!(node.comp("X@SU2").presence, PresenceState::InstantiationFailed);
    assert_eq!(
        node.fault("SU2").unwrap().recovery,
        RecommendedRecovery::SuFailover
    );
}

#[test]
fn a_contained_component_may_ask_for_the_restart_of_its_container() {
    let mut node = node(vec![contained("X@SU2")]);
    node.instantiate("SU2");
    assert_eq!(register_contained(&mut node, "X@SU2"), "OK");
    node.take_log();
    let session = node.session("X@SU2");
    let comp = comp_dn("X@SU2");
    let recovery = RecommendedRecovery::ContainerRestart;
    assert_eq!(
        node.ask(session, ComponentRequest::ErrorReport { comp, recovery }),
        "OK"
    );
    assert_eq!(
        node.take_log(),
        ["P forget", "P CLEANUP", "P INSTANTIATE", "P set ACTIVE m new"]
    );
}

/// Whoever takes changes of attributes is told at once.
#[test]
fn changed_attributes_are_told_to_who_takes_them() {
    let work = |port: &str| {
        let mut csi = csi("a", "A");
        csi.attributes = vec![("port".to_owned(), vec![port.to_owned()])];
        vec![si("S", vec![csi])]
    };
    let mut node = Node::up(vec![su("SU1", vec![comp("A")])]);
    node.assign("SU1", HaState::Active, work("80"));
    node.take_log();
    node.assign("SU1", HaState::Active, work("81"));
    assert_eq!(node.take_log(), NOTHING, "nobody asked for changes");
    let session = node.session("A");
    let comp = comp_dn("A");
    assert_eq!(
        node.ask(session, ComponentRequest::AttributeChangesAccept { comp }),
        "OK"
    );
    node.assign("SU1", HaState::Active, work("81"));
    assert_eq!(node.take_log(), NOTHING, "they are known");
    node.act("A attributes", Act::Hang);
    node.assign("SU1", HaState::Active, work("82"));
    assert_eq!(node.take_log(), ["A attributes a"]);
    let told = node.calls.values().any(|(_, kind)| {
        matches!(kind, CallbackKind::CsiAttributeChange { attributes, .. } if attributes[0].1 == ["82"])
    });
    assert!(told, "{:?}", node.calls);
    // No answer is a failure, as an error is.
    node.pass(300);
    assert_eq!(
        node.take_log(),
        ["A forget", "A CLEANUP", "A INSTANTIATE", "A set ACTIVE a new"]
    );
}
