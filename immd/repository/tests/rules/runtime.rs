use ais::{AisError, ModificationType, Scope, Value};

use crate::fixture::{Fixture, NOW, change, create, delete, dn, names, node, replace, strings, task, u32s};

#[test]
fn a_runtime_object_belongs_to_its_creator() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    fixture.update(oi, &[task("task=t,node=a", 1)]).unwrap();
    let object = fixture.object("task=t,node=a");
    assert_eq!(
        object.value("SaImmAttrImplementerName"),
        Some(&Value::String("oi".into()))
    );
    assert_eq!(object.value("task"), Some(&Value::String("task=t".into())));
    let other = fixture.implementer("other");
    let phase = [replace("task=t,node=a", u32s("phase", &[2]))];
    assert_eq!(fixture.update(other, &phase), Err(AisError::BadOperation));
    assert_eq!(
        fixture.update(other, &[delete("task=t,node=a")]),
        Err(AisError::BadOperation)
    );
    fixture.update(oi, &phase).unwrap();
    assert_eq!(fixture.number("task=t,node=a", "phase"), Some(2));
    fixture.update(oi, &[delete("task=t,node=a")]).unwrap();
    assert!(!fixture.exists("task=t,node=a"));
}

#[test]
fn wrong_creations_are_refused_with_their_code() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    fixture.update(oi, &[task("task=t", 1)]).unwrap();
    let phase = || u32s("phase", &[1]);
    let cases = [
        (create("Nope", "task=x", vec![]), AisError::NotExist),
        (node("node=x"), AisError::InvalidParam),
        (task("task=t", 1), AisError::Exist),
        (task("task=x,task=none", 1), AisError::NotExist),
        (
            create("Record", "record=x,task=t", vec![]),
            AisError::InvalidParam,
        ),
        (create("Task", "task=x", vec![]), AisError::InvalidParam),
        (
            create("Task", "task=x", vec![phase(), u32s("progress", &[1])]),
            AisError::InvalidParam,
        ),
        (
            create("Task", "task=x", vec![phase(), u32s("other", &[1])]),
            AisError::NotExist,
        ),
        (
            create("Task", "task=x", vec![phase(), strings("task", &["task=y"])]),
            AisError::InvalidParam,
        ),
        (
            create("Task", "task=x", vec![u32s("phase", &[1, 2])]),
            AisError::InvalidParam,
        ),
        (
            create("Task", "task=x", vec![strings("phase", &["1"])]),
            AisError::InvalidParam,
        ),
        (
            create("Task", "task=x", vec![phase(), phase()]),
            AisError::InvalidParam,
        ),
        (
            create(
                "Task",
                "task=x",
                vec![phase(), strings("SaImmAttrClassName", &["Task"])],
            ),
            AisError::InvalidParam,
        ),
        (
            create("Task", &format!("task=x{}", ",node=y".repeat(36)), vec![phase()]),
            AisError::NameTooLong,
        ),
    ];
    for (operation, code) in cases {
        assert_eq!(
            fixture.update(oi, std::slice::from_ref(&operation)),
            Err(code),
            "{operation:?}"
        );
    }
    fixture
        .update(oi, &[create("Task", "task=x", vec![u32s("phase", &[])])])
        .unwrap();
    let nameless = fixture.repo.implementer_initialize(false);
    assert_eq!(
        fixture.update(nameless, &[task("task=y", 1)]),
        Err(AisError::BadOperation)
    );
    fixture.repo.implementer_finalize(nameless, NOW);
    assert_eq!(
        fixture.update(nameless, &[task("task=y", 1)]),
        Err(AisError::BadHandle)
    );
}

#[test]
fn wrong_updates_are_refused_with_their_code() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    fixture.update(oi, &[task("task=t", 1)]).unwrap();
    let cases = [
        (replace("node=x", u32s("state", &[1])), AisError::NotExist),
        (replace("node=a", u32s("nothing", &[1])), AisError::NotExist),
        (replace("node=a", u32s("size", &[1])), AisError::InvalidParam),
        (replace("node=a", u32s("load", &[1])), AisError::InvalidParam),
        (
            replace("node=a", strings("state", &["1"])),
            AisError::InvalidParam,
        ),
        (replace("node=a", u32s("state", &[1, 2])), AisError::InvalidParam),
        (
            replace("node=a", strings("SaImmAttrClassName", &["x"])),
            AisError::InvalidParam,
        ),
        (
            replace("task=t", strings("task", &["task=u"])),
            AisError::InvalidParam,
        ),
        (
            change("task=t", ModificationType::Add, u32s("phase", &[])),
            AisError::InvalidParam,
        ),
        (
            change("task=t", ModificationType::Add, u32s("phase", &[2])),
            AisError::InvalidParam,
        ),
    ];
    for (operation, code) in cases {
        assert_eq!(
            fixture.update(oi, std::slice::from_ref(&operation)),
            Err(code),
            "{operation:?}"
        );
    }
    let other = fixture.implementer("other");
    assert_eq!(
        fixture.update(other, &[replace("node=a", u32s("state", &[2]))]),
        Err(AisError::BadOperation)
    );
}

#[test]
fn a_row_is_taken_up_to_the_first_one_refused() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let row = [
        task("task=t", 1),
        replace("task=t", u32s("phase", &[2])),
        task("task=u,task=t", 1),
        delete("task=x"),
        task("task=v", 1),
    ];
    let change = fixture.repo.runtime_prepare(oi, &row);
    assert_eq!(change.accepted, 3);
    assert_eq!(change.refused.unwrap().error, AisError::NotExist);
    fixture.repo.make_visible(change.prepared);
    assert_eq!(fixture.number("task=t", "phase"), Some(2));
    assert!(fixture.exists("task=u,task=t") && !fixture.exists("task=v"));
}

#[test]
fn a_row_sees_its_own_changes() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    fixture
        .update(
            oi,
            &[
                task("task=t", 1),
                task("task=u,task=t", 1),
                task("task=v,task=u,task=t", 1),
            ],
        )
        .unwrap();
    // Deleted, created anew with one child, changed; a new one created and deleted again with its child.
    fixture
        .update(
            oi,
            &[
                delete("task=t"),
                task("task=t", 5),
                task("task=u,task=t", 6),
                replace("task=t", u32s("phase", &[7])),
                task("task=w", 1),
                task("task=w,task=w", 1),
                delete("task=w"),
            ],
        )
        .unwrap();
    assert_eq!(fixture.number("task=t", "phase"), Some(7));
    assert_eq!(fixture.number("task=u,task=t", "phase"), Some(6));
    assert!(!fixture.exists("task=v,task=u,task=t") && !fixture.exists("task=w"));
    fixture
        .update(oi, &[delete("task=t"), task("task=t", 8), delete("task=t")])
        .unwrap();
    assert!(!fixture.exists("task=t"));
    assert_eq!(fixture.repo.object_count(), 4);
}

#[test]
fn only_what_lasts_is_stored() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    let stored = |fixture: &mut Fixture, operations: &[ais::CcbOperation]| {
        let change = fixture.repo.runtime_prepare(oi, operations);
        assert_eq!(change.refused, None);
        let count = change.prepared.stored().len();
        fixture.repo.make_visible(change.prepared);
        count
    };
    assert_eq!(stored(&mut fixture, &[task("task=t", 1)]), 0);
    assert_eq!(
        stored(
            &mut fixture,
            &[replace("task=t", u32s("phase", &[2])), delete("task=t")]
        ),
        0
    );
    assert_eq!(stored(&mut fixture, &[create("Record", "record=r", vec![])]), 1);
    assert_eq!(
        stored(&mut fixture, &[replace("record=r", u32s("seen", &[2]))]),
        0
    );
    assert_eq!(
        stored(&mut fixture, &[replace("record=r", u32s("value", &[2]))]),
        1
    );
    assert_eq!(
        stored(&mut fixture, &[replace("record=r", u32s("value", &[2]))]),
        0,
        "no change, no write"
    );
    assert_eq!(stored(&mut fixture, &[replace("node=a", u32s("state", &[2]))]), 0);
    assert_eq!(
        stored(
            &mut fixture,
            &[replace("node=a", u32s("admin", &[2])), delete("record=r")]
        ),
        2
    );
}

#[test]
fn deletion_is_of_ones_own_runtime_objects_only() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    let other = fixture.implementer("other");
    fixture.update(oi, &[task("task=t", 1)]).unwrap();
    fixture.update(other, &[task("task=u,task=t", 1)]).unwrap();
    assert_eq!(
        fixture.update(oi, &[delete("task=t")]),
        Err(AisError::BadOperation)
    );
    assert_eq!(
        fixture.update(oi, &[delete("node=a")]),
        Err(AisError::BadOperation)
    );
    assert_eq!(fixture.update(oi, &[delete("task=x")]), Err(AisError::NotExist));
    fixture.update(other, &[delete("task=u,task=t")]).unwrap();
    fixture.update(oi, &[delete("task=t")]).unwrap();
}

#[test]
fn nothing_is_made_below_what_is_leaving() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    let ccb = fixture.ccb_with(&[delete("node=a")]);
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    let record = create("Record", "record=r,node=c,node=a", vec![]);
    let coming = fixture.repo.runtime_prepare(oi, std::slice::from_ref(&record));
    assert_eq!(coming.refused, None);
    assert_eq!(
        fixture.repo.ccb_stored_changes(ccb).unwrap_err().error,
        AisError::TryAgain
    );
    fixture.repo.make_visible(coming.prepared);
    let stored = fixture.repo.ccb_stored_changes(ccb).unwrap();
    assert_eq!(stored.len(), 4, "the late record goes from the store, too");
    assert_eq!(
        fixture.update(oi, &[task("task=t,node=c,node=a", 1)]),
        Err(AisError::TryAgain)
    );
    fixture.repo.ccb_make_visible(ccb);
    assert_eq!(fixture.update(oi, &[record]), Err(AisError::NotExist));
    assert_eq!(fixture.repo.object_count(), 1);
}

#[test]
fn runtime_objects_can_be_owned_and_nothing_lasting_hangs_on_them() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    fixture.update(oi, &[task("task=t", 1)]).unwrap();
    fixture.own("task=t", Scope::One).unwrap();
    assert_eq!(
        fixture.object("task=t").value("SaImmAttrAdminOwnerName"),
        Some(&Value::String("me".into()))
    );
    assert_eq!(
        fixture.refused(&replace("node=a", names("peer", &["task=t"]))),
        AisError::InvalidParam
    );
    assert_eq!(fixture.refused(&node("node=x,task=t")), AisError::NotExist);
    assert_eq!(
        fixture
            .repo
            .get(&dn("task=t"), &ais::AttrChoice::None, NOW)
            .unwrap()
            .object
            .attrs,
        []
    );
}

#[test]
fn a_record_made_anew_under_an_open_deletion_goes_with_it() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    let record = [create("Record", "record=r,node=b", vec![])];
    fixture.update(oi, &record).unwrap();
    let ccb = fixture.ccb_with(&[delete("node=b")]);
    fixture.update(oi, &[delete("record=r,node=b")]).unwrap();
    fixture.update(oi, &record).unwrap();
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    assert_eq!(fixture.repo.ccb_stored_changes(ccb).unwrap().len(), 2);
    fixture.repo.ccb_make_visible(ccb);
    fixture.check();
    assert!(!fixture.exists("record=r,node=b"));
}
