use ais::{AisError, AttrFlags as F, ClassCategory, Value, ValueType};
use immd_repository::{LOADER_OWNER, LoadItem, NewObject, Repository};

use crate::fixture::{Fixture, SERVICE, attr, class, classes, dn, names, strings, u32s, with_default};

fn object(class: &str, name: &str, attrs: Vec<ais::Attr>) -> NewObject {
    NewObject {
        class: class.into(),
        dn: dn(name),
        attrs,
    }
}

fn new_node(name: &str) -> NewObject {
    object("Node", name, vec![u32s("must", &[1])])
}

#[test]
fn a_model_is_loaded_in_any_order() {
    let mut repo = Repository::new();
    let dumped = object(
        "Record",
        "record=r,node=a",
        vec![
            strings("SaImmAttrClassName", &["Record"]),
            strings("SaImmAttrAdminOwnerName", &["gone"]),
            strings("SaImmAttrImplementerName", &["oi"]),
            u32s("value", &[4]),
        ],
    );
    let peer = object(
        "Node",
        "node=b,node=a",
        vec![u32s("must", &[1]), names("peer", &["node=a"])],
    );
    let loaded = repo
        .load_prepare(&classes(), &[dumped, peer, new_node("node=a")])
        .unwrap();
    assert_eq!(loaded.stored().len(), 7);
    assert_eq!(repo.object_count(), 0);
    repo.make_visible(loaded);
    let me = repo.admin_owner_initialize("me", false).unwrap();
    let fixture = Fixture { repo, me };
    let record = fixture.object("record=r,node=a");
    let text = |text: &str| Some(Value::String(text.into()));
    assert_eq!(
        record.value("SaImmAttrAdminOwnerName").cloned(),
        text(LOADER_OWNER)
    );
    assert_eq!(record.value("SaImmAttrImplementerName").cloned(), text("oi"));
    assert_eq!(record.value("value"), Some(&Value::Uint32(4)));
    fixture.check();
}

#[test]
fn what_is_there_already_is_skipped() {
    let mut fixture = Fixture::with_nodes();
    let again = [new_node("node=a"), new_node("node=new,node=a")];
    let loaded = fixture.repo.load_prepare(&classes(), &again).unwrap();
    assert_eq!(loaded.stored().len(), 1);
    fixture.repo.make_visible(loaded);
    assert_eq!(
        fixture.number("node=a", "must"),
        Some(7),
        "the values are not compared"
    );
    assert_eq!(fixture.repo.class_count(), 4);
    let nothing = fixture.repo.load_prepare(&classes(), &again).unwrap();
    assert_eq!(nothing.stored().len(), 0);
    fixture.repo.make_visible(nothing);
    fixture.check();
}

/// Which of a model's items is at fault.
enum Faulty {
    Class(usize),
    Object(usize),
}

#[test]
fn a_faulty_model_leaves_nothing() {
    let mut other_node = classes().remove(0);
    other_node.attrs[1].default = None;
    let extra = class(
        "Extra",
        ClassCategory::Config,
        vec![attr("e", ValueType::String, F::CONFIG | F::RDN)],
    );
    let broken = class("Broken", ClassCategory::Config, vec![]);
    let good = || new_node("node=x");
    let dangling = object(
        "Node",
        "node=y",
        vec![u32s("must", &[1]), names("peer", &["node=gone"])],
    );
    let cases = [
        (
            vec![extra.clone(), other_node],
            vec![good()],
            Faulty::Class(1),
            AisError::Exist,
        ),
        (
            vec![extra.clone(), broken],
            vec![good()],
            Faulty::Class(1),
            AisError::InvalidParam,
        ),
        (
            vec![extra.clone()],
            vec![good(), object("Nope", "n=1", vec![])],
            Faulty::Object(1),
            AisError::NotExist,
        ),
        (
            vec![extra.clone()],
            vec![object("Node", "node=y", vec![]), good()],
            Faulty::Object(0),
            AisError::InvalidParam,
        ),
        (
            vec![extra.clone()],
            vec![good(), new_node("node=y,node=gone")],
            Faulty::Object(1),
            AisError::NotExist,
        ),
        (
            vec![extra.clone()],
            vec![good(), good()],
            Faulty::Object(1),
            AisError::Exist,
        ),
        (
            vec![extra.clone()],
            vec![good(), object("Link", "node=a", vec![])],
            Faulty::Object(1),
            AisError::Exist,
        ),
        (
            vec![extra.clone()],
            vec![good(), object("Task", "task=t", vec![u32s("phase", &[1])])],
            Faulty::Object(1),
            AisError::InvalidParam,
        ),
        (
            vec![extra],
            vec![good(), dangling],
            Faulty::Object(1),
            AisError::FailedOperation,
        ),
    ];
    let mut fixture = Fixture::with_nodes();
    for (classes, objects, item, error) in cases {
        let item = match item {
            Faulty::Class(at) => LoadItem::Class(classes[at].name.clone()),
            Faulty::Object(at) => LoadItem::Object(objects[at].dn.clone()),
        };
        let fault = fixture.repo.load_prepare(&classes, &objects).unwrap_err();
        assert_eq!((&fault.item, fault.refusal.error), (&item, error), "{fault:?}");
        assert!(
            fault.refusal.text.contains('\''),
            "names what it is about: {fault:?}"
        );
        assert_eq!((fixture.repo.class_count(), fixture.repo.object_count()), (4, 4));
        assert_eq!(
            fixture.repo.class_describe("Extra").unwrap_err().error,
            AisError::NotExist
        );
        fixture.check();
    }
}

#[test]
fn a_model_may_allow_its_own_long_names() {
    let mut fixture = Fixture::new();
    let own = class(
        "OpensafImm",
        ClassCategory::Config,
        vec![
            attr("opensafImm", ValueType::String, F::CONFIG | F::RDN),
            with_default("longDnsAllowed", F::CONFIG | F::WRITABLE, 0),
        ],
    );
    let top = class(
        "SafApp",
        ClassCategory::Config,
        vec![attr("safApp", ValueType::Name, F::CONFIG | F::RDN)],
    );
    let long = new_node(&format!("node={}", "x".repeat(300)));
    let mut model = vec![
        long,
        object("SafApp", "safApp=safImmService", vec![]),
        object("OpensafImm", SERVICE, vec![]),
    ];
    let classes = [own, top];
    let fault = fixture.repo.load_prepare(&classes, &model).unwrap_err();
    assert_eq!(
        (fault.item, fault.refusal.error),
        (LoadItem::Object(model[0].dn.clone()), AisError::NameTooLong)
    );
    model[2].attrs.push(u32s("longDnsAllowed", &[1]));
    let loaded = fixture.repo.load_prepare(&classes, &model).unwrap();
    fixture.repo.make_visible(loaded);
    assert!(fixture.repo.settings().long_dns);
    fixture.check();
}

#[test]
fn a_default_beside_no_dangling_is_dropped() {
    let mut repo = Repository::new();
    let peer = ais::AttrDef {
        default: Some(Value::Name("node=a".into())),
        ..attr("peer", ValueType::Name, F::CONFIG | F::NO_DANGLING)
    };
    let def = class(
        "X",
        ClassCategory::Config,
        vec![attr("x", ValueType::String, F::CONFIG | F::RDN), peer],
    );
    assert_eq!(
        repo.class_create_prepare(&def).unwrap_err().error,
        AisError::InvalidParam
    );
    let loaded = repo.load_prepare(&[def], &[object("X", "x=1", vec![])]).unwrap();
    repo.make_visible(loaded);
    assert_eq!(
        repo.class_describe("X").unwrap().attr("peer").unwrap().default,
        None
    );
}
