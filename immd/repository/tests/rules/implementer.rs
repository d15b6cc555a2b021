use ais::{AisError, Refusal, Scope, Value};
use immd_repository::{CcbState, ImplementerId};

use crate::fixture::{Fixture, NOW, create, dn, node, replace, task, u32s};

fn code(result: Result<(), Refusal>) -> Result<(), AisError> {
    result.map_err(|refusal| refusal.error)
}

fn bound(fixture: &Fixture, name: &str) -> Option<String> {
    let object = fixture.object(name);
    object
        .value("SaImmAttrImplementerName")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

#[test]
fn one_name_one_handle() {
    let mut fixture = Fixture::new();
    let first = fixture.repo.implementer_initialize(false);
    let second = fixture.repo.implementer_initialize(false);
    for name in ["", "a b", &"x".repeat(255)] {
        assert_eq!(
            code(fixture.repo.implementer_set(first, name)),
            Err(AisError::InvalidParam),
            "{name}"
        );
    }
    assert_eq!(
        code(fixture.repo.implementer_clear(first, NOW)),
        Err(AisError::BadHandle)
    );
    assert_eq!(code(fixture.repo.implementer_set(first, "one")), Ok(()));
    assert_eq!(
        code(fixture.repo.implementer_set(first, "two")),
        Err(AisError::InvalidParam)
    );
    assert_eq!(
        code(fixture.repo.implementer_set(second, "one")),
        Err(AisError::Exist)
    );
    assert_eq!(code(fixture.repo.implementer_clear(first, NOW)), Ok(()));
    assert_eq!(code(fixture.repo.implementer_set(second, "one")), Ok(()));
    fixture.repo.implementer_finalize(second, NOW);
    assert_eq!(code(fixture.repo.implementer_set(first, "one")), Ok(()));
    assert_eq!(
        code(fixture.repo.implementer_set(second, "two")),
        Err(AisError::BadHandle)
    );
    assert_eq!(
        code(fixture.repo.implementer_set(ImplementerId(99), "x")),
        Err(AisError::BadHandle)
    );
    let infos = fixture.repo.implementers();
    assert_eq!(
        (infos.len(), &*infos[0].name, infos[0].holder),
        (1, "one", Some(first))
    );
}

#[test]
fn a_class_has_one_implementer() {
    let mut fixture = Fixture::with_nodes();
    let nameless = fixture.repo.implementer_initialize(false);
    let first = fixture.implementer("first");
    let second = fixture.implementer("second");
    let mut set = |id, class: &str| code(fixture.repo.class_implementer_set(id, class));
    assert_eq!(set(nameless, "Node"), Err(AisError::BadHandle));
    assert_eq!(set(first, "Nope"), Err(AisError::NotExist));
    assert_eq!(set(first, "Task"), Err(AisError::BadOperation));
    assert_eq!(set(first, "Node"), Ok(()));
    assert_eq!(set(first, "Node"), Ok(()), "again");
    assert_eq!(set(second, "Node"), Err(AisError::Exist));
    fixture.repo.implementer_finalize(first, NOW);
    assert_eq!(
        bound(&fixture, "node=a"),
        Some("first".into()),
        "the binding is the name's"
    );
    assert_eq!(
        code(fixture.repo.class_implementer_set(second, "Node")),
        Err(AisError::Exist)
    );
    let first = fixture.implementer("first");
    let mut release = |id, class: &str| code(fixture.repo.class_implementer_release(id, class));
    assert_eq!(release(second, "Node"), Err(AisError::NotExist));
    assert_eq!(release(first, "Nope"), Err(AisError::NotExist));
    assert_eq!(release(first, "Task"), Err(AisError::BadOperation));
    assert_eq!(release(first, "Node"), Ok(()));
    assert_eq!(release(first, "Node"), Ok(()), "it is released already");
    assert_eq!(code(fixture.repo.class_implementer_set(second, "Node")), Ok(()));
}

#[test]
fn objects_have_implementers_of_their_own() {
    let mut fixture = Fixture::with_nodes();
    let first = fixture.implementer("first");
    let second = fixture.implementer("second");
    fixture.update(second, &[task("task=t,node=b", 1)]).unwrap();
    let mut set = |id, name: &str, scope| code(fixture.repo.object_implementer_set(id, &dn(name), scope));
    assert_eq!(set(first, "node=x", Scope::One), Err(AisError::NotExist));
    assert_eq!(
        set(first, "task=t,node=b", Scope::One),
        Err(AisError::BadOperation)
    );
    assert_eq!(set(first, "node=b", Scope::Subtree), Err(AisError::BadOperation));
    assert_eq!(set(first, "node=c,node=a", Scope::One), Ok(()));
    assert_eq!(set(first, "node=c,node=a", Scope::One), Ok(()), "again");
    assert_eq!(set(second, "node=a", Scope::Subtree), Err(AisError::Exist));
    assert_eq!(set(second, "node=a", Scope::One), Ok(()));
    assert_eq!(
        code(fixture.repo.class_implementer_set(first, "Node")),
        Err(AisError::Exist)
    );
    let mut release =
        |id, name: &str, scope| code(fixture.repo.object_implementer_release(id, &dn(name), scope));
    assert_eq!(release(first, "node=a", Scope::Subtree), Err(AisError::NotExist));
    assert_eq!(release(first, "node=c,node=a", Scope::One), Ok(()));
    assert_eq!(release(second, "node=a", Scope::One), Ok(()));
    assert_eq!(code(fixture.repo.class_implementer_set(first, "Node")), Ok(()));
    let one = fixture
        .repo
        .object_implementer_set(second, &dn("node=a"), Scope::One);
    assert_eq!(code(one), Err(AisError::Exist), "the class has an implementer");
    fixture.check();
}

#[test]
fn coming_and_going_aborts_open_ccbs() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    let apart = fixture.ccb_with(&[create("Link", "link=x", vec![])]);
    fixture.repo.implementer_clear(oi, NOW).unwrap();
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Aborted));
    assert_eq!(fixture.repo.ccb_state(apart), Some(CcbState::Open));
    let aborted = fixture.repo.take_aborted();
    assert_eq!(
        (aborted[0].ccb, &aborted[0].tell),
        (ccb, &vec![]),
        "the one who left is not told"
    );
    assert!(aborted[0].text.starts_with("IMM: Resource abort: "));
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    assert_eq!(
        code(fixture.repo.implementer_set(oi, "nodes")),
        Err(AisError::TryAgain)
    );
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Aborted));
    assert_eq!(code(fixture.repo.implementer_set(oi, "nodes")), Ok(()));
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    fixture.repo.implementer_finalize(oi, NOW);
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Aborted));
    fixture.check();
}

#[test]
fn binding_aborts_open_ccbs() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    let ccb = fixture.ccb_with(&[node("node=x")]);
    assert_eq!(
        code(fixture.repo.class_implementer_set(oi, "Node")),
        Err(AisError::TryAgain)
    );
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Aborted));
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    let set = fixture.repo.object_implementer_set(oi, &dn("node=a"), Scope::One);
    assert_eq!(code(set), Err(AisError::TryAgain));
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Aborted));
    fixture
        .repo
        .object_implementer_set(oi, &dn("node=a"), Scope::One)
        .unwrap();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    let release = fixture
        .repo
        .object_implementer_release(oi, &dn("node=a"), Scope::One);
    assert_eq!(code(release), Err(AisError::Busy));
    fixture.apply(ccb).unwrap();
    fixture
        .repo
        .object_implementer_release(oi, &dn("node=a"), Scope::One)
        .unwrap();
    fixture.repo.class_implementer_set(oi, "Node").unwrap();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    assert_eq!(
        code(fixture.repo.class_implementer_release(oi, "Node")),
        Err(AisError::Busy)
    );
    assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Open));
}

#[test]
fn a_critical_ccb_outlives_its_implementer() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[1]))]);
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    fixture.repo.ccb_stored_changes(ccb).unwrap();
    fixture.repo.implementer_finalize(oi, NOW);
    let again = fixture.repo.implementer_initialize(false);
    assert_eq!(
        code(fixture.repo.implementer_set(again, "nodes")),
        Err(AisError::TryAgain)
    );
    assert_eq!(fixture.repo.ccb_make_visible(ccb).apply_to, []);
    assert_eq!(code(fixture.repo.implementer_set(again, "nodes")), Ok(()));
    assert_eq!(fixture.number("node=a", "size"), Some(1));
}

#[test]
fn appliers_share() {
    let mut fixture = Fixture::with_nodes();
    let first = fixture.implementer("@first");
    let second = fixture.implementer("@second");
    let main = fixture.node_implementer();
    let open = fixture.ccb_with(&[node("node=x")]);
    for id in [first, second] {
        fixture.repo.class_implementer_set(id, "Node").unwrap();
    }
    assert_eq!(
        fixture.repo.ccb_state(open),
        Some(CcbState::Open),
        "appliers disturb nobody"
    );
    let set = fixture
        .repo
        .object_implementer_set(first, &dn("node=a"), Scope::One);
    assert_eq!(code(set), Err(AisError::Exist), "class applier already");
    fixture.apply(open).unwrap();
    let committed = fixture.commit(&[replace("node=a", u32s("size", &[1]))]);
    assert_eq!((committed.apply_to, committed.appliers.len()), (vec![main], 2));
    fixture.repo.class_implementer_release(first, "Node").unwrap();
    fixture
        .repo
        .object_implementer_set(first, &dn("node=b"), Scope::One)
        .unwrap();
    assert_eq!(
        code(fixture.repo.class_implementer_set(first, "Node")),
        Err(AisError::Exist)
    );
    assert_eq!(
        fixture
            .commit(&[replace("node=a", u32s("size", &[2]))])
            .appliers
            .len(),
        1
    );
    assert_eq!(
        fixture
            .commit(&[replace("node=b", u32s("size", &[2]))])
            .appliers
            .len(),
        2
    );
    fixture
        .repo
        .object_implementer_release(first, &dn("node=b"), Scope::One)
        .unwrap();
    assert_eq!(
        fixture.update(first, &[task("task=t", 1)]),
        Err(AisError::BadOperation)
    );
}
