use ais::{AisError, Scope, Value};
use immd_repository::{AdminOwnerId, LOADER_OWNER};

use crate::fixture::{Fixture, SERVICE, delete, dn, node, replace, u32s};

fn owner(fixture: &Fixture, name: &str) -> Option<String> {
    let object = fixture.object(name);
    object
        .value("SaImmAttrAdminOwnerName")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn code(result: Result<(), ais::Refusal>) -> Result<(), AisError> {
    result.map_err(|refusal| refusal.error)
}

#[test]
fn names_are_checked() {
    let mut fixture = Fixture::new();
    for name in ["", "a b", "ä", LOADER_OWNER, &"x".repeat(255)] {
        let refusal = fixture.repo.admin_owner_initialize(name, false).unwrap_err();
        assert_eq!(refusal.error, AisError::InvalidParam, "{name}");
    }
    fixture
        .repo
        .admin_owner_initialize(&"x".repeat(254), false)
        .unwrap();
}

#[test]
fn set_takes_all_or_nothing() {
    let mut fixture = Fixture::with_nodes();
    let other = fixture.repo.admin_owner_initialize("other", false).unwrap();
    let all = [dn("node=b"), dn("node=a")];
    assert_eq!(
        code(fixture.repo.admin_owner_set(other, &all, Scope::One)),
        Err(AisError::Exist)
    );
    let me = fixture.me;
    fixture
        .repo
        .admin_owner_release(me, &[dn("node=b")], Scope::One)
        .unwrap();
    assert_eq!(
        code(fixture.repo.admin_owner_set(other, &all, Scope::One)),
        Err(AisError::Exist)
    );
    assert_eq!(owner(&fixture, "node=b"), None);
    let missing = [dn("node=b"), dn("node=x")];
    assert_eq!(
        code(fixture.repo.admin_owner_set(other, &missing, Scope::One)),
        Err(AisError::NotExist)
    );
    assert_eq!(owner(&fixture, "node=b"), None);
    assert_eq!(
        code(fixture.repo.admin_owner_set(other, &all[..1], Scope::Subtree)),
        Ok(())
    );
    assert_eq!(
        code(fixture.repo.admin_owner_set(other, &all[..1], Scope::Subtree)),
        Ok(()),
        "again"
    );
    assert_eq!(owner(&fixture, "node=b"), Some("other".into()));
    assert_eq!(
        code(fixture.repo.admin_owner_set(AdminOwnerId(99), &all, Scope::One)),
        Err(AisError::BadHandle)
    );
}

#[test]
fn scope_says_how_deep() {
    let mut fixture = Fixture::with_nodes();
    let me = fixture.me;
    let names = ["node=a", "node=c,node=a", "node=d,node=c,node=a"];
    for (scope, depth) in [(Scope::One, 1), (Scope::Sublevel, 2), (Scope::Subtree, 3)] {
        fixture.own("node=a", Scope::Subtree).unwrap();
        fixture
            .repo
            .admin_owner_release(me, &[dn("node=a")], scope)
            .unwrap();
        let owned = names
            .iter()
            .filter(|name| owner(&fixture, name).is_some())
            .count();
        assert_eq!(owned, 3 - depth, "{scope:?}");
        let again = fixture.repo.admin_owner_release(me, &[dn("node=a")], Scope::One);
        assert_eq!(code(again), Err(AisError::NotExist));
    }
}

#[test]
fn objects_in_a_ccb_keep_their_owner() {
    let mut fixture = Fixture::with_nodes();
    let me = fixture.me;
    let ccb = fixture.ccb_with(&[
        replace("node=d,node=c,node=a", u32s("size", &[1])),
        node("node=x,node=b"),
    ]);
    let other = fixture.repo.admin_owner_initialize("other", false).unwrap();
    for name in ["node=a", "node=b"] {
        let root = [dn(name)];
        assert_eq!(
            code(fixture.repo.admin_owner_release(me, &root, Scope::Subtree)),
            Err(AisError::Busy)
        );
        assert_eq!(
            code(fixture.repo.admin_owner_clear(&root, Scope::Subtree)),
            Err(AisError::Busy)
        );
        assert_eq!(
            fixture.own(name, Scope::Subtree),
            Ok(()),
            "one's own CCB is no hindrance"
        );
    }
    fixture
        .repo
        .admin_owner_clear(&[dn("node=b")], Scope::One)
        .unwrap();
    assert_eq!(
        code(
            fixture
                .repo
                .admin_owner_set(other, &[dn("node=b")], Scope::Subtree)
        ),
        Err(AisError::Busy)
    );
    fixture.apply(ccb).unwrap();
    fixture
        .repo
        .admin_owner_clear(&[dn("node=a")], Scope::Subtree)
        .unwrap();
    assert_eq!(owner(&fixture, "node=d,node=c,node=a"), None);
}

#[test]
fn release_on_finalize_gives_up_what_the_handle_acquired() {
    let mut fixture = Fixture::with_nodes();
    fixture
        .repo
        .admin_owner_clear(&[dn("node=a"), dn("node=b")], Scope::Subtree)
        .unwrap();
    let keep = fixture.repo.admin_owner_initialize("o", false).unwrap();
    let release = fixture.repo.admin_owner_initialize("o", true).unwrap();
    fixture
        .repo
        .admin_owner_set(keep, &[dn("node=a")], Scope::One)
        .unwrap();
    fixture
        .repo
        .admin_owner_set(release, &[dn("node=a"), dn("node=b")], Scope::One)
        .unwrap();
    fixture.me = release;
    fixture.commit(&[node("node=new")]);
    fixture.repo.admin_owner_finalize(release);
    fixture.repo.admin_owner_finalize(keep);
    assert_eq!(owner(&fixture, "node=a"), Some("o".into()));
    assert_eq!(owner(&fixture, "node=b"), None);
    assert_eq!(owner(&fixture, "node=new"), None);
}

#[test]
fn a_handle_that_closes_takes_its_ccbs_along() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let open = fixture.ccb_with(&[delete("node=b")]);
    let critical = fixture.ccb_with(&[node("node=x")]);
    fixture.repo.ccb_prepare(critical).unwrap();
    fixture.repo.ccb_validated(critical).unwrap();
    fixture.repo.ccb_stored_changes(critical).unwrap();
    fixture.repo.admin_owner_finalize(fixture.me);
    assert_eq!(fixture.repo.ccb_state(open), None);
    let aborted = fixture.repo.take_aborted();
    assert_eq!(
        (aborted.len(), aborted[0].ccb, &aborted[0].tell),
        (1, open, &vec![oi])
    );
    fixture.repo.ccb_make_visible(critical);
    assert!(fixture.exists("node=x"), "what is on its way to the disk arrives");
    assert_eq!(owner(&fixture, "node=x"), Some("me".into()));
    fixture.check();
}

#[test]
fn the_service_keeps_its_object() {
    let mut fixture = Fixture::new();
    fixture.load_service_object();
    assert_eq!(owner(&fixture, SERVICE), Some("safImmService".into()));
    assert_eq!(owner(&fixture, "safApp=safImmService"), Some(LOADER_OWNER.into()));
    fixture.own(SERVICE, Scope::One).unwrap();
    fixture.own("safApp=safImmService", Scope::Subtree).unwrap();
    assert_eq!(owner(&fixture, SERVICE), Some("safImmService".into()));
    assert_eq!(
        owner(&fixture, "safApp=safImmService"),
        Some("me".into()),
        "the loader's objects are free"
    );
    fixture.commit(&[replace(SERVICE, u32s("accessControlMode", &[1]))]);
}

#[test]
fn there_is_a_limit_of_owners() {
    let mut fixture = Fixture::new();
    for n in 1..2000 {
        fixture
            .repo
            .admin_owner_initialize(&format!("o{n}"), false)
            .unwrap();
    }
    let refusal = fixture.repo.admin_owner_initialize("more", false).unwrap_err();
    assert_eq!(refusal.error, AisError::NoResources);
}
