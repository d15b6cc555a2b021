use ais::{AisError, AttrModification, CcbOperation, ModificationType, Value};

use crate::fixture::{Fixture, SERVICE, change, delete, dn, names, node, replace, strings, task, u32s};

#[test]
fn a_modification_shows_after_the_commit() {
    let mut fixture = Fixture::with_nodes();
    let ccb = fixture.ccb_with(&[
        replace("node=a", u32s("size", &[9])),
        change("node=a", ModificationType::Add, strings("tags", &["x"])),
        change("node=a", ModificationType::Add, strings("tags", &["y"])),
        change("node=a", ModificationType::Delete, strings("tags", &["x"])),
    ]);
    assert_eq!(fixture.number("node=a", "size"), Some(5));
    fixture.apply(ccb).unwrap();
    assert_eq!(fixture.number("node=a", "size"), Some(9));
    assert_eq!(
        fixture.object("node=a").attr("tags").unwrap().values,
        [Value::String("y".into())]
    );
}

#[test]
fn what_was_created_in_the_ccb_can_be_modified() {
    let mut fixture = Fixture::with_nodes();
    fixture.commit(&[node("node=x"), replace("node=x", u32s("size", &[9]))]);
    assert_eq!(fixture.number("node=x", "size"), Some(9));
}

#[test]
fn wrong_modifications_are_refused_with_their_code() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("tasks");
    fixture.update(oi, &[task("task=t", 1)]).unwrap();
    let twice = CcbOperation::Modify {
        dn: dn("node=a"),
        changes: [1, 2]
            .map(|n| AttrModification {
                kind: ModificationType::Replace,
                attr: u32s("size", &[n]),
            })
            .into(),
    };
    let cases = [
        (replace("node=x", u32s("size", &[1])), AisError::NotExist),
        (replace("node=a", u32s("nothing", &[1])), AisError::NotExist),
        (replace("task=t", u32s("phase", &[1])), AisError::InvalidParam),
        (replace("node=a", u32s("state", &[1])), AisError::InvalidParam),
        (replace("node=a", u32s("admin", &[1])), AisError::InvalidParam),
        (replace("node=a", u32s("fixed", &[1])), AisError::InvalidParam),
        (
            replace("node=a", strings("node", &["node=b"])),
            AisError::InvalidParam,
        ),
        (
            replace("node=a", strings("SaImmAttrAdminOwnerName", &["x"])),
            AisError::InvalidParam,
        ),
        (replace("node=a", strings("size", &["1"])), AisError::InvalidParam),
        (replace("node=a", u32s("must", &[])), AisError::InvalidParam),
        (replace("node=a", u32s("size", &[1, 2])), AisError::InvalidParam),
        (
            replace("node=a", strings("tags", &["x", "x"])),
            AisError::InvalidParam,
        ),
        (
            replace("node=a", names("where", &[&"x".repeat(256)])),
            AisError::BadOperation,
        ),
        (
            change("node=a", ModificationType::Add, u32s("size", &[1])),
            AisError::InvalidParam,
        ),
        (
            change("node=a", ModificationType::Delete, u32s("size", &[])),
            AisError::InvalidParam,
        ),
        (twice, AisError::InvalidParam),
    ];
    for (operation, code) in cases {
        assert_eq!(fixture.refused(&operation), code, "{operation:?}");
    }
}

#[test]
fn owners_and_locks_keep_others_out() {
    let mut fixture = Fixture::with_nodes();
    let other = fixture.repo.admin_owner_initialize("other", false).unwrap();
    let ccb = fixture.repo.ccb_initialize(other, 0).unwrap();
    let size = |n| replace("node=a", u32s("size", &[n]));
    assert_eq!(fixture.run(ccb, &size(1)), Err(AisError::BadOperation));
    let first = fixture.ccb_with(&[size(1)]);
    let second = fixture.ccb();
    assert_eq!(fixture.run(second, &size(2)), Err(AisError::Busy));
    assert_eq!(fixture.run(second, &delete("node=a")), Err(AisError::Busy));
    assert_eq!(
        fixture.run(second, &node("node=x,node=a")),
        Ok(vec![]),
        "a changed parent is still a parent"
    );
    fixture.repo.ccb_abort(first);
    assert_eq!(fixture.run(second, &size(2)), Ok(vec![]));
    assert_eq!(fixture.run(second, &delete("node=b")), Ok(vec![]));
    assert_eq!(
        fixture.run(second, &replace("node=b", u32s("size", &[1]))),
        Err(AisError::NotExist)
    );
    fixture.apply(second).unwrap();
}

#[test]
fn the_implementer_gets_what_it_asked_for() {
    let mut fixture = Fixture::with_nodes();
    let raw = fixture.node_implementer();
    let add = change("node=a", ModificationType::Add, strings("tags", &["x"]));
    fixture.commit(&[add]);
    let more = change("node=a", ModificationType::Add, strings("tags", &["y"]));
    let ccb = fixture.ccb();
    let calls = fixture.run(ccb, &more).unwrap();
    assert_eq!(calls[0].operation, more);
    fixture.repo.ccb_abort(ccb);
    fixture.repo.implementer_finalize(raw, crate::fixture::NOW);
    let canonical = fixture.repo.implementer_initialize(true);
    fixture.repo.implementer_set(canonical, "nodes").unwrap();
    let ccb = fixture.ccb();
    let calls = fixture.run(ccb, &more).unwrap();
    assert_eq!(
        calls[0].operation,
        replace("node=a", strings("tags", &["x", "y"]))
    );
}

#[test]
fn the_service_object_has_rules_of_its_own() {
    let mut fixture = Fixture::new();
    fixture.load_service_object();
    let cases = [
        ("accessControlMode", vec![3]),
        ("accessControlMode", vec![]),
        ("maxCcbs", vec![9999]),
    ];
    for (attr, values) in cases {
        let operation = replace(SERVICE, u32s(attr, &values));
        assert_eq!(
            fixture.refused(&operation),
            AisError::BadOperation,
            "{attr} {values:?}"
        );
    }
    assert_eq!(fixture.refused(&delete(SERVICE)), AisError::BadOperation);
    fixture.commit(&[
        replace(SERVICE, u32s("longDnsAllowed", &[1])),
        replace(SERVICE, u32s("maxCcbs", &[10_001])),
    ]);
    assert!(fixture.repo.settings().long_dns);
    assert_eq!(fixture.repo.settings().ccbs_max, 10_001);
    let long = format!("node={}", "x".repeat(70));
    fixture.commit(&[node(&long)]);
    let off = replace(SERVICE, u32s("longDnsAllowed", &[0]));
    assert_eq!(fixture.refused(&off), AisError::BadOperation);
    fixture.commit(&[delete(&long)]);
    fixture.commit(&[off]);
    assert!(!fixture.repo.settings().long_dns);
}
