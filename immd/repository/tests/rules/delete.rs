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
    let ccb = fixture.ccb_with(&[
        node("node=x,node=b"),
        replace("node=d,node=c,node=a", u32s("size", &[1])),
    ]);
    for own in ["node=x,node=b", "node=b", "node=d,node=c,node=a", "node=a"] {
        assert_eq!(
            fixture.run(ccb, &delete(own)),
            Err(AisError::BadOperation),
            "{own}"
        );
    }
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
