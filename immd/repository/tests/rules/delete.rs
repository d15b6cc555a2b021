use ais::{AisError, CcbOperation, Scope};

use crate::fixture::{Fixture, delete, dn, node, replace, task, u32s};

#[test]
fn a_deletion_takes_the_subtree_and_asks_for_each_object() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    fixture.update(oi, &[task("task=t,node=c,node=a", 1)]).unwrap();
    let ccb = fixture.ccb();
    let calls = fixture.run(ccb, &delete("node=a")).unwrap();
    let mut asked: Vec<String> = calls
        .iter()
        .map(|call| match &call.operation {
            CcbOperation::Delete { dn } => dn.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    asked.sort();
    assert_eq!(
        asked,
        [
            "node=a",
            "node=c,node=a",
            "node=d,node=c,node=a",
            "task=t,node=c,node=a"
        ]
    );
    assert_eq!(
        fixture.run(ccb, &delete("node=a")),
        Ok(vec![]),
        "again is no error"
    );
    assert_eq!(fixture.run(ccb, &delete("node=d,node=c,node=a")), Ok(vec![]));
    // What the implementer adds below until the commit goes as well.
    fixture
        .update(oi, &[task("task=late,node=d,node=c,node=a", 1)])
        .unwrap();
    let committed = fixture.apply(ccb).unwrap();
    assert_eq!(committed.apply_to, [oi]);
    assert_eq!(fixture.repo.object_count(), 1);
    assert!(fixture.exists("node=b"));
}

#[test]
fn wrong_deletions_are_refused_with_their_code() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("tasks");
    fixture.update(oi, &[task("task=t", 1)]).unwrap();
    assert_eq!(fixture.refused(&delete("node=x")), AisError::NotExist);
    assert_eq!(fixture.refused(&delete("task=t")), AisError::BadOperation);
    fixture.ccb_with(&[
        node("node=x,node=b"),
        replace("node=d,node=c,node=a", u32s("size", &[1])),
    ]);
    let other = fixture.ccb();
    for busy in ["node=b", "node=d,node=c,node=a", "node=a"] {
        assert_eq!(fixture.run(other, &delete(busy)), Err(AisError::Busy), "{busy}");
    }
    assert_eq!(
        fixture.run(other, &delete("node=x,node=b")),
        Err(AisError::NotExist)
    );
}

#[test]
fn every_object_of_the_subtree_must_be_owned() {
    let mut fixture = Fixture::with_nodes();
    let other = fixture.repo.admin_owner_initialize("other", false).unwrap();
    let inner = [dn("node=d,node=c,node=a")];
    fixture
        .repo
        .admin_owner_release(fixture.me, &inner, Scope::One)
        .unwrap();
    assert_eq!(fixture.refused(&delete("node=a")), AisError::BadOperation);
    fixture.repo.admin_owner_set(other, &inner, Scope::One).unwrap();
    assert_eq!(fixture.refused(&delete("node=a")), AisError::BadOperation);
    fixture
        .repo
        .admin_owner_release(other, &inner, Scope::One)
        .unwrap();
    fixture.own("node=a", Scope::Subtree).unwrap();
    fixture.commit(&[delete("node=a")]);
}

#[test]
fn an_aborted_deletion_leaves_everything() {
    let mut fixture = Fixture::with_nodes();
    let ccb = fixture.ccb_with(&[delete("node=a")]);
    fixture.repo.ccb_abort(ccb);
    fixture.check();
    assert_eq!(fixture.repo.object_count(), 4);
    fixture.commit(&[replace("node=c,node=a", u32s("size", &[1]))]);
}

#[test]
fn what_the_ccb_created_or_modified_can_be_deleted_by_it() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[
        node("node=x,node=b"),
        node("node=y,node=x,node=b"),
        replace("node=d,node=c,node=a", u32s("size", &[1])),
        node("node=z"),
    ]);
    let asked = |calls: Vec<immd_repository::ImplementerCall>| -> Vec<String> {
        let deleted = calls.iter().map(|call| match &call.operation {
            CcbOperation::Delete { dn } => dn.to_string(),
            other => panic!("{other:?}"),
        });
        deleted.collect()
    };
    let calls = fixture.run(ccb, &delete("node=x,node=b")).unwrap();
    assert_eq!(asked(calls), ["node=x,node=b", "node=y,node=x,node=b"]);
    assert_eq!(
        fixture.run(ccb, &delete("node=x,node=b")),
        Err(AisError::NotExist)
    );
    // The names are free again, for everyone.
    let other = fixture.ccb_with(&[node("node=x,node=b")]);
    assert_eq!(fixture.run(ccb, &node("node=x,node=b")), Err(AisError::Exist));
    fixture.repo.ccb_abort(other);
    fixture.run(ccb, &node("node=x,node=b")).unwrap();
    let calls = fixture.run(ccb, &delete("node=b")).unwrap();
    assert_eq!(asked(calls), ["node=b", "node=x,node=b"]);
    let calls = fixture.run(ccb, &delete("node=d,node=c,node=a")).unwrap();
    assert_eq!(asked(calls), ["node=d,node=c,node=a"]);
    assert_eq!(
        fixture.run(ccb, &node("node=d,node=c,node=a")),
        Err(AisError::Exist)
    );
    fixture.run(ccb, &delete("node=z")).unwrap();
    let committed = fixture.apply(ccb).unwrap();
    assert_eq!(committed.apply_to, [oi]);
    assert_eq!(fixture.repo.object_count(), 2);
    let empty = fixture.ccb_with(&[node("node=x"), delete("node=x")]);
    fixture.repo.ccb_prepare(empty).unwrap();
    fixture.repo.ccb_validated(empty).unwrap();
    assert!(fixture.repo.ccb_stored_changes(empty).unwrap().is_empty());
    fixture.repo.ccb_make_visible(empty);
    fixture.check();
}

#[test]
fn a_reference_goes_with_its_object() {
    use crate::fixture::{create, names};
    let mut fixture = Fixture::with_nodes();
    let new = |name: &str, peer: &str| create("Node", name, vec![u32s("must", &[7]), names("peer", &[peer])]);
    // Created and deleted with what it refers to, or before it.
    let ccb = fixture.ccb_with(&[
        node("node=x"),
        new("node=y,node=x", "node=x"),
        new("node=z", "node=b"),
    ]);
    assert_eq!(fixture.run(ccb, &delete("node=b")), Err(AisError::BadOperation));
    fixture.run(ccb, &delete("node=x")).unwrap();
    fixture.run(ccb, &delete("node=z")).unwrap();
    fixture.run(ccb, &delete("node=b")).unwrap();
    fixture.apply(ccb).unwrap();
    fixture.commit(&[node("node=b")]);
    let ccb = fixture.ccb_with(&[
        replace("node=c,node=a", names("peer", &["node=b"])),
        delete("node=c,node=a"),
    ]);
    let other = fixture.ccb_with(&[delete("node=b")]);
    fixture.apply(other).unwrap();
    fixture.apply(ccb).unwrap();
}
