//! The error tables of the object implementer's functions (saImmOi*), a line for each code. What the other files of
//! this folder show about the functions as a whole stands there.

use ais::{AisError, ModificationType, Refusal, Scope};
use immd_repository::ImplementerId;

use crate::fixture::{Fixture, NOW, SERVICE, change, create, delete, dn, names, node, replace, task, u32s};

type Code = Result<(), AisError>;

fn code(result: Result<(), Refusal>) -> Code {
    result.map_err(|refusal| {
        assert!(
            !refusal.text.is_empty() || refusal.error == AisError::BadHandle,
            "a refusal without a word: {refusal:?}"
        );
        refusal.error
    })
}

const GONE: ImplementerId = ImplementerId(9_999);

/// With implementers: `own` of `node=c,node=a`, `other` of class `Link`, appliers `@class` of `Node` and `@object` of
/// `node=b`, one without a name; and a runtime object `task=t` of `own`.
struct Scene {
    fixture: Fixture,
    own: ImplementerId,
    other: ImplementerId,
    class_applier: ImplementerId,
    object_applier: ImplementerId,
    nameless: ImplementerId,
}

impl Scene {
    fn new() -> Scene {
        let mut fixture = Fixture::with_nodes();
        let own = fixture.implementer("own");
        let other = fixture.implementer("other");
        let class_applier = fixture.implementer("@class");
        let object_applier = fixture.implementer("@object");
        let nameless = fixture.repo.implementer_initialize(false);
        fixture
            .repo
            .object_implementer_set(own, &dn("node=c,node=a"), Scope::One)
            .unwrap();
        fixture.repo.class_implementer_set(other, "Link").unwrap();
        fixture.repo.class_implementer_set(class_applier, "Node").unwrap();
        fixture
            .repo
            .object_implementer_set(object_applier, &dn("node=b"), Scope::One)
            .unwrap();
        fixture.update(own, &[task("task=t", 1)]).unwrap();
        Scene {
            fixture,
            own,
            other,
            class_applier,
            object_applier,
            nameless,
        }
    }
}

#[test]
fn implementer_set_and_clear() {
    let mut scene = Scene::new();
    let repo = &mut scene.fixture.repo;
    let long = "x".repeat(254);
    let cases = [
        (GONE, "x", Err(AisError::BadHandle)),
        (scene.nameless, "", Err(AisError::InvalidParam)),
        (scene.nameless, "with space", Err(AisError::InvalidParam)),
        (scene.nameless, "bell\u{7}", Err(AisError::InvalidParam)),
        (scene.nameless, "grün", Err(AisError::InvalidParam)),
        (scene.nameless, "own", Err(AisError::Exist)),
        (scene.nameless, "@class", Err(AisError::Exist)),
        (scene.own, "second", Err(AisError::InvalidParam)),
        (scene.nameless, long.as_str(), Ok(())),
    ];
    for (id, name, wanted) in cases {
        assert_eq!(code(repo.implementer_set(id, name)), wanted, "{name}");
    }
    assert_eq!(code(repo.implementer_clear(GONE, NOW)), Err(AisError::BadHandle));
    assert_eq!(code(repo.implementer_clear(scene.nameless, NOW)), Ok(()));
    assert_eq!(
        code(repo.implementer_clear(scene.nameless, NOW)),
        Err(AisError::BadHandle)
    );
}

#[test]
fn the_limit_counts_names_and_not_handles() {
    let mut fixture = Fixture::new();
    for n in 0..3000 {
        let id = fixture.implementer(&format!("n{n}"));
        fixture.repo.implementer_finalize(id, NOW);
    }
    let id = fixture.repo.implementer_initialize(false);
    assert_eq!(
        code(fixture.repo.implementer_set(id, "one-more")),
        Err(AisError::NoResources)
    );
    assert_eq!(
        code(fixture.repo.implementer_set(id, "n7")),
        Ok(()),
        "it is known"
    );
}

#[test]
fn class_implementer_set_and_release() {
    let mut scene = Scene::new();
    let ids = [scene.own, scene.other, scene.class_applier, scene.object_applier];
    let [own, other, class_applier, object_applier] = ids;
    let repo = &mut scene.fixture.repo;
    let cases = [
        (GONE, "Link", Err(AisError::BadHandle)),
        (scene.nameless, "Link", Err(AisError::BadHandle)),
        (own, "None", Err(AisError::NotExist)),
        (own, "Task", Err(AisError::BadOperation)),
        (own, "Link", Err(AisError::Exist)),
        (own, "Node", Err(AisError::Exist)),
        (other, "Node", Err(AisError::Exist)),
        (object_applier, "Node", Err(AisError::Exist)),
        (class_applier, "Node", Ok(())),
        (other, "Link", Ok(())),
    ];
    for (id, class, wanted) in cases {
        assert_eq!(
            code(repo.class_implementer_set(id, class)),
            wanted,
            "{id} {class}"
        );
    }
    let cases = [
        (GONE, "Link", Err(AisError::BadHandle)),
        (scene.nameless, "Link", Err(AisError::BadHandle)),
        (other, "None", Err(AisError::NotExist)),
        (other, "Task", Err(AisError::BadOperation)),
        (own, "Link", Err(AisError::NotExist)),
        (own, "Node", Ok(())),
        (object_applier, "Node", Err(AisError::NotExist)),
        (class_applier, "Node", Ok(())),
        (class_applier, "Node", Ok(())),
        (other, "Link", Ok(())),
        (other, "Link", Ok(())),
        (own, "Link", Ok(())),
    ];
    for (id, class, wanted) in cases {
        assert_eq!(
            code(repo.class_implementer_release(id, class)),
            wanted,
            "{id} {class}"
        );
    }
}

#[test]
fn object_implementer_set_and_release() {
    let mut scene = Scene::new();
    scene.fixture.commit(&[create("Link", "link=x", vec![])]);
    let ids = [scene.own, scene.other, scene.class_applier, scene.object_applier];
    let [own, other, class_applier, object_applier] = ids;
    let repo = &mut scene.fixture.repo;
    let cases = [
        (GONE, "node=b", Scope::One, Err(AisError::BadHandle)),
        (scene.nameless, "node=b", Scope::One, Err(AisError::BadHandle)),
        (own, "node=none", Scope::One, Err(AisError::NotExist)),
        (own, "task=t", Scope::One, Err(AisError::BadOperation)),
        (own, "link=x", Scope::One, Err(AisError::Exist)),
        (other, "link=x", Scope::One, Err(AisError::Exist)),
        (other, "node=a", Scope::Sublevel, Err(AisError::Exist)),
        (other, "node=a", Scope::Subtree, Err(AisError::Exist)),
        (class_applier, "node=b", Scope::One, Err(AisError::Exist)),
        (object_applier, "node=b", Scope::One, Ok(())),
        (own, "node=a", Scope::Subtree, Ok(())),
    ];
    for (id, name, scope, wanted) in cases {
        let set = code(repo.object_implementer_set(id, &dn(name), scope));
        assert_eq!(set, wanted, "{id} {name} {scope:?}");
    }
    let cases = [
        (GONE, "node=a", Scope::One, Err(AisError::BadHandle)),
        (scene.nameless, "node=a", Scope::One, Err(AisError::BadHandle)),
        (own, "node=none", Scope::One, Err(AisError::NotExist)),
        (own, "task=t", Scope::One, Err(AisError::BadOperation)),
        (own, "node=b", Scope::One, Ok(())),
        (other, "node=a", Scope::One, Err(AisError::NotExist)),
        (other, "link=x", Scope::One, Err(AisError::NotExist)),
        (class_applier, "node=a", Scope::One, Err(AisError::NotExist)),
        (object_applier, "node=b", Scope::One, Ok(())),
        (own, "node=a", Scope::Subtree, Ok(())),
        (own, "node=a", Scope::One, Ok(())),
    ];
    for (id, name, scope, wanted) in cases {
        let released = code(repo.object_implementer_release(id, &dn(name), scope));
        assert_eq!(released, wanted, "{id} {name} {scope:?}");
    }
}

#[test]
fn an_owner_is_not_released_while_an_administrative_operation_runs_and_an_implementer_is() {
    let mut scene = Scene::new();
    scene.fixture.commit(&[create("Link", "link=x", vec![])]);
    let me = scene.fixture.me;
    let repo = &mut scene.fixture.repo;
    let child = dn("node=c,node=a");
    for object in [&child, &dn("link=x")] {
        repo.admin_operation_began(object);
        repo.admin_operation_began(object);
        repo.admin_operation_ended(object);
    }
    assert_eq!(
        code(repo.admin_owner_release(me, &[dn("node=a")], Scope::Subtree)),
        Err(AisError::Busy)
    );
    // As in OpenSAF, whose programs let go of an object that they will not answer for.
    assert_eq!(
        code(repo.object_implementer_release(scene.own, &child, Scope::One)),
        Ok(())
    );
    assert_eq!(code(repo.class_implementer_release(scene.other, "Link")), Ok(()));
    for object in [&child, &dn("link=x")] {
        repo.admin_operation_ended(object);
    }
    assert_eq!(
        code(repo.admin_owner_release(me, &[dn("node=a")], Scope::Subtree)),
        Ok(())
    );
}

#[test]
fn runtime_functions_know_who_may() {
    let mut scene = Scene::new();
    let record = create("Record", "record=r", vec![]);
    let referring = create(
        "Node",
        "node=r",
        vec![u32s("must", &[1]), names("peer", &["record=r"])],
    );
    scene
        .fixture
        .update(scene.own, std::slice::from_ref(&record))
        .unwrap();
    scene.fixture.commit(&[referring]);
    let cases = [
        (GONE, task("task=x", 1), Err(AisError::BadHandle)),
        (scene.nameless, task("task=x", 1), Err(AisError::BadOperation)),
        (
            scene.class_applier,
            task("task=x", 1),
            Err(AisError::BadOperation),
        ),
        (scene.class_applier, delete("task=t"), Err(AisError::BadOperation)),
        (
            scene.class_applier,
            replace("node=a", u32s("state", &[1])),
            Err(AisError::BadOperation),
        ),
        (scene.other, delete("task=t"), Err(AisError::BadOperation)),
        (
            scene.other,
            replace("task=t", u32s("phase", &[1])),
            Err(AisError::BadOperation),
        ),
        (
            scene.other,
            replace("node=a", u32s("state", &[1])),
            Err(AisError::BadOperation),
        ),
        (scene.own, delete("record=r"), Err(AisError::BadOperation)),
        (scene.own, delete("node=b"), Err(AisError::BadOperation)),
        (scene.own, delete("task=none"), Err(AisError::NotExist)),
        (scene.own, task("task=t", 1), Err(AisError::Exist)),
        (scene.own, node("node=x"), Err(AisError::InvalidParam)),
        (
            scene.own,
            change("task=t", ModificationType::Delete, u32s("phase", &[])),
            Err(AisError::InvalidParam),
        ),
        (scene.own, replace("node=c,node=a", u32s("state", &[4])), Ok(())),
        (scene.own, delete("task=t"), Ok(())),
    ];
    for (id, operation, wanted) in cases {
        let result = scene.fixture.update(id, std::slice::from_ref(&operation));
        assert_eq!(result, wanted, "{id} {operation:?}");
    }
}

#[test]
fn the_services_objects_need_no_implementer() {
    let mut fixture = Fixture::new();
    fixture.load_service_object();
    let watch = fixture.implementer("watch");
    fixture.repo.class_implementer_set(watch, "OpensafImm").unwrap();
    let ccb = fixture.ccb();
    let calls = fixture
        .run(ccb, &replace(SERVICE, u32s("maxCcbs", &[10_001])))
        .unwrap();
    assert_eq!(calls, [], "the service guards its objects itself");
}
