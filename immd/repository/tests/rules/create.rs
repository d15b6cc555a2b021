use ais::{AisError, CcbOperation, Value, ValueType};

use crate::fixture::{Fixture, SERVICE, create, delete, dn, names, node, replace, strings, task, u32s};
use immd_repository::{CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI};

#[test]
fn a_new_object_gets_defaults_and_its_owner() {
    let mut fixture = Fixture::new();
    fixture.commit(&[create(
        "Node",
        "node=a",
        vec![u32s("must", &[7]), u32s("size", &[]), u32s("admin", &[2])],
    )]);
    assert_eq!(fixture.number("node=a", "size"), Some(5));
    assert_eq!(fixture.number("node=a", "strong"), Some(3));
    assert_eq!(fixture.number("node=a", "must"), Some(7));
    assert_eq!(fixture.number("node=a", "fixed"), None);
    assert_eq!(
        fixture.number("node=a", "admin"),
        Some(2),
        "persistent runtime attributes may be given"
    );
    let object = fixture.object("node=a");
    assert_eq!(object.value("node"), Some(&Value::String("node=a".into())));
    assert_eq!(
        object.value("SaImmAttrAdminOwnerName"),
        Some(&Value::String("me".into()))
    );
    assert_eq!(object.class(), Some("Node"));
    assert_eq!(object.value("SaImmAttrImplementerName"), None);
}

#[test]
fn wrong_attributes_are_refused_with_their_code() {
    let must = || u32s("must", &[7]);
    let cases = [
        ("unknown", vec![must(), u32s("nothing", &[1])], AisError::NotExist),
        (
            "cached only",
            vec![must(), u32s("state", &[1])],
            AisError::InvalidParam,
        ),
        (
            "pure runtime",
            vec![must(), u32s("load", &[1])],
            AisError::InvalidParam,
        ),
        (
            "type",
            vec![must(), strings("size", &["1"])],
            AisError::InvalidParam,
        ),
        (
            "several values",
            vec![must(), u32s("size", &[1, 2])],
            AisError::InvalidParam,
        ),
        (
            "twice",
            vec![must(), u32s("size", &[1]), u32s("size", &[2])],
            AisError::InvalidParam,
        ),
        (
            "system",
            vec![must(), strings("SaImmAttrClassName", &["Node"])],
            AisError::InvalidParam,
        ),
        ("INITIALIZED missing", vec![], AisError::InvalidParam),
        (
            "INITIALIZED empty",
            vec![u32s("must", &[])],
            AisError::InvalidParam,
        ),
        (
            "duplicates",
            vec![must(), strings("tags", &["x", "x"])],
            AisError::InvalidParam,
        ),
        (
            "RDN differs",
            vec![must(), strings("node", &["node=b"])],
            AisError::InvalidParam,
        ),
        (
            "bad name",
            vec![must(), names("where", &["a b"])],
            AisError::InvalidParam,
        ),
        (
            "long name",
            vec![must(), names("where", &[&"x".repeat(256)])],
            AisError::NameTooLong,
        ),
    ];
    for (what, attrs, code) in cases {
        assert_eq!(
            Fixture::new().refused(&create("Node", "node=a", attrs)),
            code,
            "{what}"
        );
    }
    let mut fixture = Fixture::new();
    fixture.commit(&[create(
        "Node",
        "node=a",
        vec![must(), strings("node", &["node=a"])],
    )]);
}

#[test]
fn the_refusal_names_object_attribute_and_rule() {
    let mut fixture = Fixture::new();
    let ccb = fixture.ccb();
    let refusal = fixture
        .repo
        .ccb_operation(ccb, &create("Node", "node=a", vec![]))
        .unwrap_err();
    assert_eq!(
        refusal.text,
        "IMM: attribute 'must' of object 'node=a' must be given when the object is created (INITIALIZED) [ATTR-INITIALIZED]"
    );
    assert_eq!(fixture.repo.ccb_error_strings(ccb), [refusal.text]);
}

#[test]
fn wrong_names_and_places_are_refused_with_their_code() {
    let mut fixture = Fixture::with_nodes();
    fixture.load_service_object();
    let oi = fixture.implementer("tasks");
    fixture.update(oi, &[task("task=t,node=a", 1)]).unwrap();
    let long_rdn = format!("node={}", "x".repeat(60));
    let too_long = format!("node=x{}", ",node=y".repeat(36));
    let cases = [
        (create("Nope", "node=x", vec![]), AisError::NotExist),
        (create("Task", "task=x", vec![]), AisError::InvalidParam),
        (
            create("OpensafImm", "opensafImm=x", vec![]),
            AisError::BadOperation,
        ),
        (node("node=a"), AisError::Exist),
        (node("node=x,node=gone"), AisError::NotExist),
        (node("node=x,task=t,node=a"), AisError::NotExist),
        (node(&long_rdn), AisError::InvalidParam),
        (node(&too_long), AisError::NameTooLong),
    ];
    for (operation, code) in cases {
        assert_eq!(fixture.refused(&operation), code, "{operation:?}");
    }
    assert_eq!(long_rdn.len(), 65);
    fixture.commit(&[node(&long_rdn[..64])]);
    fixture.commit(&[replace(SERVICE, u32s("longDnsAllowed", &[1]))]);
    fixture.commit(&[node(&long_rdn)]);
    assert_eq!(
        fixture.refused(&node(&too_long)),
        AisError::NotExist,
        "now it is the parent that is missing"
    );
}

#[test]
fn an_association_object_is_named_by_a_dn() {
    let mut fixture = Fixture::with_nodes();
    let name = "link=node=c\\,node=a,node=b";
    let rdn = names("link", &["link=node=c\\,node=a"]);
    fixture.commit(&[create("Link", name, vec![rdn])]);
    assert_eq!(
        fixture.object(name).value("link"),
        Some(&Value::Name("link=node=c\\,node=a".into()))
    );
}

#[test]
fn the_parent_must_be_owned() {
    let mut fixture = Fixture::with_nodes();
    let other = fixture.repo.admin_owner_initialize("other", false).unwrap();
    let ccb = fixture.repo.ccb_initialize(other, 0).unwrap();
    assert_eq!(
        fixture.run(ccb, &node("node=x,node=a")),
        Err(AisError::BadOperation)
    );
    assert_eq!(fixture.run(ccb, &node("node=x")), Ok(vec![]));
    assert_eq!(fixture.run(ccb, &node("node=y,node=x")), Ok(vec![]));
}

#[test]
fn ccbs_keep_out_of_each_others_way() {
    let mut fixture = Fixture::with_nodes();
    let first = fixture.ccb_with(&[node("node=x"), delete("node=b")]);
    let second = fixture.ccb();
    assert_eq!(fixture.run(second, &node("node=x")), Err(AisError::Exist));
    assert_eq!(
        fixture.run(second, &node("node=y,node=x")),
        Err(AisError::NotExist)
    );
    assert_eq!(
        fixture.run(second, &node("node=y,node=b")),
        Err(AisError::NotExist)
    );
    assert_eq!(
        fixture.run(first, &node("node=y,node=b")),
        Err(AisError::NotExist)
    );
    assert_eq!(fixture.run(first, &node("node=b")), Err(AisError::Exist));
    assert_eq!(fixture.run(first, &node("node=x")), Err(AisError::Exist));
    assert!(!fixture.exists("node=x"), "nobody sees what is not committed");
    fixture.repo.ccb_abort(first);
    assert_eq!(fixture.run(second, &node("node=x")), Ok(vec![]));
    assert_eq!(fixture.run(second, &node("node=y,node=b")), Ok(vec![]));
    fixture.apply(second).unwrap();
    assert!(fixture.exists("node=y,node=b"));
}

#[test]
fn the_implementer_gets_the_completed_list() {
    let mut fixture = Fixture::new();
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb();
    let calls = fixture.run(ccb, &node("node=a")).unwrap();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(call.implementer, oi);
    let CcbOperation::Create {
        class,
        dn: name,
        attrs,
    } = &call.operation
    else {
        panic!()
    };
    assert_eq!((class.as_str(), name), ("Node", &dn("node=a")));
    let got: Vec<(&str, usize)> = attrs.iter().map(|a| (a.name.as_str(), a.values.len())).collect();
    assert_eq!(
        got,
        [
            ("size", 1),
            ("tags", 0),
            ("must", 1),
            ("fixed", 0),
            ("strong", 1),
            ("peer", 0),
            ("where", 0),
            ("admin", 1)
        ]
    );
    assert_eq!(attrs[5].value_type, ValueType::Name);
    assert_eq!(fixture.repo.ccb_prepare(ccb).unwrap(), [oi]);
}

#[test]
fn the_flags_demand_an_implementer() {
    let mut fixture = Fixture::new();
    let both = CCB_REGISTERED_OI | CCB_ALLOW_NULL_OI;
    let run = |fixture: &mut Fixture, flags: u64| {
        let ccb = fixture.repo.ccb_initialize(fixture.me, flags).unwrap();
        let result = fixture.run(ccb, &node("node=a"));
        fixture.repo.ccb_abort(ccb);
        result.map(|calls| calls.len())
    };
    assert_eq!(run(&mut fixture, 0), Ok(0));
    assert_eq!(run(&mut fixture, CCB_REGISTERED_OI), Err(AisError::NotExist));
    assert_eq!(run(&mut fixture, both), Ok(0));
    let oi = fixture.node_implementer();
    for flags in [0, CCB_REGISTERED_OI, both] {
        assert_eq!(run(&mut fixture, flags), Ok(1));
    }
    fixture.repo.implementer_finalize(oi, crate::fixture::NOW);
    assert_eq!(run(&mut fixture, 0), Ok(0));
    assert_eq!(run(&mut fixture, CCB_REGISTERED_OI), Err(AisError::NotExist));
    assert_eq!(
        run(&mut fixture, both),
        Err(AisError::NotExist),
        "bound, but detached"
    );
}

#[test]
fn every_rule_has_a_code_of_its_own_that_is_documented() {
    use immd_repository::Rule;
    let documented = include_str!("../../../../docs/REASONS.md");
    let codes: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len());
    for code in codes {
        assert!(documented.contains(&format!("| `{code}` |")), "{code}");
    }
}
