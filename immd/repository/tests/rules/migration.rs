//! A class change whose instances are taken some at a time.

use ais::{AisError, AttrFlags as F, ClassDef};
use immd_repository::{ClassCreation, Migration};

use crate::fixture::{Fixture, create, delete, names, node, replace, u32s, with_default};
use crate::schema_change::{CONFIG, allowed, def, flags, node_with};

/// A change of `Node` that was begun.
fn begun(fixture: &mut Fixture, class: &ClassDef) -> Migration {
    match fixture.repo.class_create_begin(class).unwrap() {
        ClassCreation::Change(migration) => migration,
        ClassCreation::New(_) => panic!("the class is there"),
    }
}

#[test]
fn instances_may_be_taken_some_at_a_time() {
    let more = node_with(with_default("more", CONFIG, 9));
    let mut fixture = allowed();
    let open = fixture.ccb_with(&[node("node=x"), replace("node=a", u32s("size", &[8]))]);
    let mut migration = begun(&mut fixture, &more);
    let plan = migration.plan();
    let mut changes = vec![plan.class()];
    loop {
        let some = fixture.repo.migration_instances(&mut migration, 3).unwrap();
        assert!(some.len() <= 3);
        changes.extend(some.iter().filter_map(|body| plan.instance(body)));
        // Whoever reads, reads; nothing durable becomes of an instance meanwhile.
        assert_eq!(fixture.number("node=a", "size"), Some(5));
        assert_eq!(fixture.refused(&node("node=z")), AisError::TryAgain);
        let _asked = fixture.repo.ccb_prepare(open);
        let _validated = fixture.repo.ccb_validated(open);
        let refusal = fixture.repo.ccb_stored_changes(open).unwrap_err();
        assert_eq!(refusal.error, AisError::TryAgain);
        if some.is_empty() {
            break;
        }
    }
    assert_eq!(changes.len(), 5, "the class and its four instances");
    assert!(!fixture.repo.migration_show(&mut migration, 1));
    let have = |fixture: &Fixture, name: &str| fixture.object(name).attr("more").is_some();
    assert!(have(&fixture, "node=a") && !have(&fixture, "node=b"));
    while !fixture.repo.migration_show(&mut migration, 1) {
        fixture.check();
        let described = fixture.repo.class_describe("Node").unwrap();
        assert!(described.attr("more").is_none(), "the class changes last");
    }
    fixture.check();
    fixture.repo.ccb_stored_changes(open).unwrap();
    fixture.repo.ccb_make_visible(open);
    for name in ["node=a", "node=b", "node=x"] {
        assert_eq!(fixture.number(name, "more"), Some(9), "{name}");
    }
    assert_eq!(fixture.number("node=a", "size"), Some(8));
    fixture.check();
}

#[test]
fn a_change_that_is_given_up_leaves_no_trace() {
    let mut fixture = allowed();
    fixture.commit(&[replace("node=a", names("where", &["node=b"]))]);
    let mut migration = begun(&mut fixture, &flags("where", |f| f | F::NO_DANGLING));
    while !fixture
        .repo
        .migration_instances(&mut migration, 1)
        .unwrap()
        .is_empty()
    {}
    assert_eq!(
        fixture.refused(&delete("node=b")),
        AisError::Busy,
        "what is going to be guarded stays"
    );
    fixture.repo.migration_discard(migration);
    fixture.check();
    fixture.commit(&[delete("node=b")]);

    // An instance that breaks a rule is found whenever it comes.
    let mut migration = begun(&mut fixture, &flags("where", |f| f | F::NO_DANGLING));
    let refusal = loop {
        match fixture.repo.migration_instances(&mut migration, 1) {
            Ok(some) => assert!(!some.is_empty(), "the fault was not found"),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal.error, AisError::Exist);
    fixture.repo.migration_discard(migration);
    fixture.check();
    fixture.commit(&[replace("node=a", u32s("size", &[3]))]);
}

#[test]
fn nothing_that_lasts_comes_to_instances_that_are_to_be_lost() {
    let mut fixture = allowed();
    let oi = fixture.implementer("oi");
    fixture
        .update(oi, &[create("Record", "record=r", vec![])])
        .unwrap();
    let mut record = def("Record");
    for attr in &mut record.attrs {
        attr.flags = (attr.flags - F::PERSISTENT) | F::CACHED;
    }
    let mut migration = begun(&mut fixture, &record);
    while !fixture
        .repo
        .migration_instances(&mut migration, 1)
        .unwrap()
        .is_empty()
    {}
    let referring = replace("node=a", names("peer", &["record=r"]));
    assert_eq!(fixture.refused(&referring), AisError::InvalidParam);
    let deleted = fixture.update(oi, &[delete("record=r")]);
    assert_eq!(deleted, Err(AisError::TryAgain));
    while !fixture.repo.migration_show(&mut migration, 1) {}
    fixture.check();
    assert_eq!(fixture.update(oi, &[delete("record=r")]), Ok(()));
}
