//! saImmOmCcbObjectModify_2, saImmOmCcbObjectDelete, saImmOiRtObjectUpdate_2, saImmOiRtObjectDelete.

use ais::{AisError, Attr, AttrModification, CcbOperation, ModificationType, Value, ValueType};

use crate::Table;
use crate::common::{create, delete, dn, item, replace, run};
use crate::stage::{Stage, TYPES, full, missing, of_type, value};

const MODIFY: &str = "saImmOmCcbObjectModify_2";
const KINDS: [ModificationType; 3] = [
    ModificationType::Add,
    ModificationType::Delete,
    ModificationType::Replace,
];

fn modify(name: &str, changes: Vec<(ModificationType, Attr)>) -> CcbOperation {
    let change = |(kind, attr)| AttrModification { kind, attr };
    CcbOperation::Modify {
        dn: dn(name),
        changes: changes.into_iter().map(change).collect(),
    }
}

fn numbers(name: &str, values: &[u32]) -> Attr {
    Attr {
        name: name.to_owned(),
        value_type: ValueType::Uint32,
        values: values.iter().map(|number| Value::Uint32(*number)).collect(),
    }
}

/// What is wrong, the changes, the code.
type WrongChange = (String, Vec<(ModificationType, Attr)>, AisError);

/// Changes that `full=a` does not take.
fn wrong_changes() -> Vec<WrongChange> {
    use ModificationType::{Add, Delete, Replace};
    let mut rows = Vec::new();
    let invalid = AisError::InvalidParam;
    for value_type in TYPES {
        let name = of_type(value_type);
        for kind in KINDS {
            for other in TYPES.into_iter().filter(|other| *other != value_type) {
                let what = format!("{kind:?} {other:?} in {value_type:?}");
                rows.push((
                    what,
                    vec![(kind, Attr::single(name.as_str(), value(other)))],
                    invalid,
                ));
            }
        }
        for kind in [Add, Delete] {
            let none = Attr {
                values: vec![],
                ..Attr::single(name.as_str(), value(value_type))
            };
            rows.push((
                format!("{kind:?} nothing in {value_type:?}"),
                vec![(kind, none)],
                invalid,
            ));
        }
        let two = Attr {
            values: vec![value(value_type), value(value_type)],
            ..Attr::single(name.as_str(), value(value_type))
        };
        rows.push((
            format!("two values in {value_type:?}"),
            vec![(Replace, two)],
            invalid,
        ));
    }
    for kind in KINDS {
        let mut add = |what: &str, attr: Attr, wanted| {
            rows.push((format!("{kind:?} {what}"), vec![(kind, attr)], wanted));
        };
        for name in ["none", "", "A2"] {
            add(
                &format!("attribute {name:?}"),
                numbers(name, &[1]),
                AisError::NotExist,
            );
        }
        for name in ["fixed", "cached", "live"] {
            add(name, numbers(name, &[1]), invalid);
        }
        let text = |name: &str| Attr::single(name, Value::String("full=a".to_owned()));
        for name in [
            "full",
            "SaImmAttrClassName",
            "SaImmAttrAdminOwnerName",
            "SaImmAttrImplementerName",
        ] {
            add(name, text(name), invalid);
        }
    }
    rows.push((
        "emptying INITIALIZED".to_owned(),
        vec![(Replace, numbers("must", &[]))],
        invalid,
    ));
    rows.push((
        "taking the value of INITIALIZED".to_owned(),
        vec![(Delete, numbers("must", &[1]))],
        invalid,
    ));
    rows.push((
        "a second value".to_owned(),
        vec![(Add, numbers("must", &[2]))],
        invalid,
    ));
    rows.push((
        "duplicates in a set".to_owned(),
        vec![(Replace, numbers("set", &[1, 1]))],
        invalid,
    ));
    let twice = vec![(Replace, numbers("a2", &[1])), (Replace, numbers("a2", &[2]))];
    rows.push(("an attribute twice".to_owned(), twice, invalid));
    for text in ["a b", "a\u{e4}", "bell\u{7}"] {
        let name = Attr::single("a6", Value::Name(text.to_owned()));
        rows.push((format!("the name {text:?}"), vec![(Replace, name)], invalid));
    }
    for (name, long) in [
        ("a6", Value::Name("x".repeat(256))),
        ("names", Value::String("x".repeat(256))),
    ] {
        rows.push((
            format!("256 bytes in {name}"),
            vec![(Replace, Attr::single(name, long))],
            AisError::BadOperation,
        ));
    }
    let refers = |target: &str| vec![(Replace, Attr::single("refers", Value::Name(target.to_owned())))];
    rows.push((
        "reference to a passing object".to_owned(),
        refers("event=e"),
        invalid,
    ));
    rows.push((
        "reference to what another CCB creates".to_owned(),
        refers("item=new"),
        AisError::Busy,
    ));
    rows
}

#[test]
fn configuration_objects() {
    run(async {
        let stage = Stage::new().await;
        let before = stage.objects().await;
        let mut table = Table::default();
        let ccb = stage.owner.ccb(0).await.unwrap();
        for (what, changes, wanted) in wrong_changes() {
            let answer = ccb
                .run(&[modify("full=a", changes)])
                .await
                .map_err(|(error, _)| error);
            table.row(MODIFY, what, wanted, answer);
        }
        let mut objects: Vec<(String, AisError)> = missing()
            .into_iter()
            .map(|name| (name.to_string(), AisError::NotExist))
            .collect();
        for (name, wanted) in [
            ("item=new", AisError::NotExist),
            ("item=others", AisError::BadOperation),
            ("item=loose", AisError::BadOperation),
            ("item=busy", AisError::Busy),
        ] {
            objects.push((name.to_owned(), wanted));
        }
        for (name, wanted) in objects {
            let operation = replace(&name, "weight", Value::Uint32(9));
            let answer = ccb.run(&[operation]).await.map_err(|(error, _)| error);
            table.row(MODIFY, &name, wanted, answer);
            let answer = ccb.run(&[delete(&name)]).await.map_err(|(error, _)| error);
            table.row("saImmOmCcbObjectDelete", &name, wanted, answer);
        }
        for name in ["event=e", "event=kept"] {
            let answer = ccb
                .run(&[replace(name, "count", Value::Uint32(9))])
                .await
                .map_err(|(error, _)| error);
            table.row(
                MODIFY,
                format!("the runtime object {name}"),
                AisError::InvalidParam,
                answer,
            );
            let answer = ccb.run(&[delete(name)]).await.map_err(|(error, _)| error);
            table.row(
                "saImmOmCcbObjectDelete",
                format!("the runtime object {name}"),
                AisError::BadOperation,
                answer,
            );
        }
        ccb.run(&[delete("item=b,item=a")]).await.unwrap();
        let again = replace("item=b,item=a", "weight", Value::Uint32(9));
        let answer = ccb.run(&[again]).await.map_err(|(error, _)| error);
        table.row(MODIFY, "what the CCB deletes", AisError::NotExist, answer);
        ccb.abort().await.unwrap();
        assert_eq!(stage.objects().await, before);
        service_objects(&stage, &mut table).await;
        references(&stage, &mut table).await;
        table.end(330);
    });
}

/// The objects of the service stay.
async fn service_objects(stage: &Stage, table: &mut Table) {
    for name in [
        "opensafImm=opensafImm,safApp=safImmService",
        "safRdn=immManagement,safApp=safImmService",
    ] {
        let service = stage.imm.admin_owner("safImmService", false).await.unwrap();
        let own = service.ccb(0).await.unwrap();
        if name.starts_with("safRdn") {
            service.set(&[dn(name)], ais::Scope::One).await.unwrap();
        }
        let answer = own.run(&[delete(name)]).await.map_err(|(error, _)| error);
        table.row("saImmOmCcbObjectDelete", name, AisError::BadOperation, answer);
    }
}

/// Deleting what others refer to.
async fn references(stage: &Stage, table: &mut Table) {
    let function = "saImmOmCcbObjectDelete";
    let refers = |target: &str| Attr::single("refers", Value::Name(target.to_owned()));
    let to_kept = full("full=kept", vec![refers("event=kept")]);
    stage
        .owner
        .ccb_apply(0, &[to_kept, full("full=b", vec![refers("item=b,item=a")])])
        .await
        .unwrap();
    let answer = stage
        .eventd
        .update(&[delete("event=kept")])
        .await
        .map_err(|(error, _)| error);
    table.row(
        "saImmOiRtObjectDelete",
        "a referrer is left",
        AisError::BadOperation,
        answer,
    );
    let ccb = stage.owner.ccb(0).await.unwrap();
    ccb.run(&[full("full=c", vec![refers("item=bound")])])
        .await
        .unwrap();
    let answer = ccb.run(&[delete("item=bound")]).await.map_err(|(error, _)| error);
    table.row(
        function,
        "a referrer that the CCB creates",
        AisError::BadOperation,
        answer,
    );
    let other = stage.owner.ccb(0).await.unwrap();
    let answer = other
        .run(&[delete("item=bound")])
        .await
        .map_err(|(error, _)| error);
    table.row(
        function,
        "a referrer that another CCB creates",
        AisError::Busy,
        answer,
    );
    ccb.abort().await.unwrap();
    other.run(&[delete("item=b,item=a")]).await.unwrap();
    table.row(
        "saImmOmCcbApply",
        "a referrer is left",
        AisError::FailedOperation,
        other.apply().await,
    );
    let ccb = stage.owner.ccb(0).await.unwrap();
    let answer = ccb.run(&[delete("item=a")]).await.map_err(|(error, _)| error);
    assert!(answer.is_ok(), "{answer:?}");
    ccb.abort().await.unwrap();
    stage
        .owner
        .ccb_apply(0, &[item("item=deep,item=a", 1)])
        .await
        .unwrap();
    stage
        .owner
        .release(&[dn("item=deep,item=a")], ais::Scope::One)
        .await
        .unwrap();
    stage
        .other
        .set(&[dn("item=deep,item=a")], ais::Scope::One)
        .await
        .unwrap();
    let answer = ccb.run(&[delete("item=a")]).await.map_err(|(error, _)| error);
    table.row(
        function,
        "another owner's object below",
        AisError::BadOperation,
        answer,
    );
}

#[test]
fn runtime_objects() {
    run(async {
        use ModificationType::{Add, Delete, Replace};
        let stage = Stage::new().await;
        let before = stage.objects().await;
        let mut table = Table::default();
        let function = "saImmOiRtObjectUpdate_2";
        let invalid = AisError::InvalidParam;
        let mut rows: Vec<(String, CcbOperation, AisError)> = Vec::new();
        let lively = |kind, attr| modify("lively=a", vec![(kind, attr)]);
        for value_type in TYPES {
            let name = of_type(value_type);
            for kind in KINDS {
                for other in TYPES.into_iter().filter(|other| *other != value_type) {
                    let attr = Attr::single(name.as_str(), value(other));
                    rows.push((
                        format!("{kind:?} {other:?} in {value_type:?}"),
                        lively(kind, attr),
                        invalid,
                    ));
                }
            }
            for kind in [Add, Delete] {
                let none = Attr {
                    values: vec![],
                    ..Attr::single(name.as_str(), value(value_type))
                };
                rows.push((
                    format!("{kind:?} nothing in {value_type:?}"),
                    lively(kind, none),
                    invalid,
                ));
            }
        }
        let rdn = Attr::single("lively", Value::String("lively=a".to_owned()));
        rows.push(("the RDN".to_owned(), lively(Replace, rdn), invalid));
        rows.push((
            "an unknown attribute".to_owned(),
            lively(Replace, numbers("none", &[1])),
            AisError::NotExist,
        ));
        let twice = vec![
            (Replace, numbers("wanted", &[1])),
            (Replace, numbers("wanted", &[2])),
        ];
        rows.push((
            "an attribute twice".to_owned(),
            modify("lively=a", twice),
            invalid,
        ));
        let long = Attr::single("a6", Value::Name("x".repeat(256)));
        rows.push((
            "256 bytes in a name".to_owned(),
            lively(Replace, long),
            AisError::BadOperation,
        ));
        for (what, operation, wanted) in rows {
            let answer = stage
                .eventd
                .update(&[operation])
                .await
                .map_err(|(error, _)| error);
            table.row(function, what, wanted, answer);
        }
        let own_state = |name: &str| replace(name, "state", Value::Uint32(1));
        let count = |name: &str| replace(name, "count", Value::Uint32(1));
        let config = replace("item=bound", "weight", Value::Uint32(1));
        for (who, implementer, operation, wanted) in [
            ("config attribute", &stage.boundd, config, invalid),
            (
                "missing object",
                &stage.eventd,
                count("event=none"),
                AisError::NotExist,
            ),
            (
                "object in a CCB",
                &stage.eventd,
                own_state("item=new"),
                AisError::NotExist,
            ),
            (
                "another's runtime object",
                &stage.boundd,
                count("event=e"),
                AisError::BadOperation,
            ),
            (
                "another's object",
                &stage.eventd,
                own_state("item=bound"),
                AisError::BadOperation,
            ),
            (
                "nobody's object",
                &stage.eventd,
                own_state("item=a"),
                AisError::BadOperation,
            ),
            (
                "an applier",
                &stage.applier,
                own_state("item=a"),
                AisError::BadOperation,
            ),
            (
                "no name",
                &stage.nameless,
                count("event=e"),
                AisError::BadOperation,
            ),
        ] {
            let answer = implementer.update(&[operation]).await.map_err(|(error, _)| error);
            table.row(function, who, wanted, answer);
        }
        let below = create("Event", "event=below,event=e", vec![numbers("count", &[1])]);
        stage.eventd.update(&[below]).await.unwrap();
        for (what, implementer, name, wanted) in [
            (
                "a missing object",
                &stage.eventd,
                "event=none",
                AisError::NotExist,
            ),
            (
                "an object in a CCB",
                &stage.eventd,
                "item=new",
                AisError::NotExist,
            ),
            (
                "a configuration object",
                &stage.eventd,
                "item=a",
                AisError::BadOperation,
            ),
            (
                "another's object",
                &stage.boundd,
                "event=e",
                AisError::BadOperation,
            ),
            ("an applier", &stage.applier, "event=e", AisError::BadOperation),
            ("no name", &stage.nameless, "event=e", AisError::BadOperation),
        ] {
            let answer = implementer
                .update(&[delete(name)])
                .await
                .map_err(|(error, _)| error);
            table.row("saImmOiRtObjectDelete", what, wanted, answer);
        }
        table.end(300);
        assert_eq!(stage.objects().await, before);
    });
}
