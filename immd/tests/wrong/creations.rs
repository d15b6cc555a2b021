//! saImmOmCcbObjectCreate_2 and saImmOiRtObjectCreate_2.

use ais::{AisError, Attr, CcbOperation, Value, ValueType};

use crate::Table;
use crate::common::{create, delete, dn, item, run};
use crate::stage::{Stage, TYPES, full, of_type, value};

const CREATE: &str = "saImmOmCcbObjectCreate_2";

fn one(name: &str, value: Value) -> Attr {
    Attr::single(name, value)
}

fn numbers(name: &str, values: &[u32]) -> Attr {
    Attr {
        name: name.to_owned(),
        value_type: ValueType::Uint32,
        values: values.iter().map(|number| Value::Uint32(*number)).collect(),
    }
}

/// Attributes that an object of class `Full` may not be created with.
fn wrong_attrs() -> Vec<(String, Vec<Attr>, AisError)> {
    let mut rows = Vec::new();
    let invalid = AisError::InvalidParam;
    let mut add = |what: String, attrs: Vec<Attr>, wanted| rows.push((what, attrs, wanted));
    for value_type in TYPES {
        let name = of_type(value_type);
        for other in TYPES.into_iter().filter(|other| *other != value_type) {
            add(
                format!("{other:?} in {value_type:?}"),
                vec![one(&name, value(other))],
                invalid,
            );
        }
        let twice = Attr {
            values: vec![value(value_type), value(value_type)],
            ..one(&name, value(value_type))
        };
        add(format!("two values of {value_type:?}"), vec![twice], invalid);
        let again = vec![one(&name, value(value_type)), one(&name, value(value_type))];
        add(format!("{name} twice"), again, invalid);
    }
    for name in ["none", "", "A2", "a2 "] {
        add(
            format!("attribute {name:?}"),
            vec![one(name, Value::Uint32(1))],
            AisError::NotExist,
        );
    }
    for name in [
        "SaImmAttrClassName",
        "SaImmAttrAdminOwnerName",
        "SaImmAttrImplementerName",
    ] {
        add(
            name.to_owned(),
            vec![one(name, Value::String("Full".to_owned()))],
            invalid,
        );
    }
    for name in ["cached", "live"] {
        add(
            format!("runtime attribute {name}"),
            vec![numbers(name, &[1])],
            invalid,
        );
    }
    add(
        "duplicates in a set".to_owned(),
        vec![numbers("set", &[1, 2, 1])],
        invalid,
    );
    for text in ["full=other", "a", "", "full=x,y"] {
        add(
            format!("RDN {text:?}"),
            vec![one("full", Value::String(text.to_owned()))],
            invalid,
        );
    }
    for text in ["a b", "a\u{e4}", "a\\#b", "bell\u{7}"] {
        for name in ["a6", "names", "refers"] {
            let bad = match name {
                "names" => Value::String(text.to_owned()),
                _ => Value::Name(text.to_owned()),
            };
            add(format!("{name} with {text:?}"), vec![one(name, bad)], invalid);
        }
    }
    for (name, long) in [
        ("a6", Value::Name("x".repeat(256))),
        ("names", Value::String("x".repeat(256))),
        ("refers", Value::Name("x".repeat(256))),
    ] {
        add(
            format!("256 bytes in {name}"),
            vec![one(name, long)],
            AisError::NameTooLong,
        );
    }
    for target in ["event=e", "lively=a"] {
        add(
            format!("reference to {target}"),
            vec![one("refers", Value::Name(target.to_owned()))],
            invalid,
        );
    }
    add(
        "reference to what another CCB creates".to_owned(),
        vec![one("refers", Value::Name("item=new".to_owned()))],
        AisError::Busy,
    );
    rows
}

/// Objects that cannot be created for what they are or where they are.
fn wrong_objects() -> Vec<(String, CcbOperation, AisError)> {
    let mut rows = Vec::new();
    let mut add = |what: &str, operation, wanted| rows.push((what.to_owned(), operation, wanted));
    for class in ["None", "item", "", "Full "] {
        add(
            &format!("class {class:?}"),
            create(class, "item=x", vec![]),
            AisError::NotExist,
        );
    }
    for class in ["Event", "Kept", "Lively"] {
        add(
            &format!("runtime class {class}"),
            create(class, "event=x", vec![]),
            AisError::InvalidParam,
        );
    }
    for class in ["OpensafImm", "SaImmMngt"] {
        add(
            &format!("service class {class}"),
            create(class, "x=1", vec![]),
            AisError::BadOperation,
        );
    }
    add(
        "INITIALIZED missing",
        create("Full", "full=x", vec![]),
        AisError::InvalidParam,
    );
    add(
        "INITIALIZED empty",
        create("Full", "full=x", vec![numbers("must", &[])]),
        AisError::InvalidParam,
    );
    for name in ["item=a", "item=b,item=a", "event=e", "event=kept", "item=others"] {
        add(&format!("{name} exists"), item(name, 1), AisError::Exist);
    }
    add("another CCB creates it", item("item=new", 1), AisError::Exist);
    for name in [
        "item=x,item=none",
        "item=x,item=new",
        "item=x,event=e",
        "item=x,event=kept",
    ] {
        add(&format!("parent of {name}"), item(name, 1), AisError::NotExist);
    }
    for name in ["item=x,item=others", "item=x,item=loose"] {
        add(
            &format!("parent of {name} is another's"),
            item(name, 1),
            AisError::BadOperation,
        );
    }
    let rdn = format!("item={}", "x".repeat(60));
    add("RDN of 65 bytes", item(&rdn, 1), AisError::InvalidParam);
    let parents = "item=b,item=a";
    let long = format!("item=x\\,{},{parents}", "y".repeat(250));
    add("name of 256 bytes", item(&long, 1), AisError::NameTooLong);
    rows
}

#[test]
fn configuration_objects() {
    run(async {
        let stage = Stage::new().await;
        let before = stage.objects().await;
        let mut table = Table::default();
        let ccb = stage.owner.ccb(0).await.unwrap();
        for (what, attrs, wanted) in wrong_attrs() {
            let answer = ccb
                .run(&[full("full=x", attrs)])
                .await
                .map_err(|(error, _)| error);
            table.row(CREATE, what, wanted, answer);
        }
        for (what, operation, wanted) in wrong_objects() {
            let answer = ccb.run(&[operation]).await.map_err(|(error, _)| error);
            table.row(CREATE, what, wanted, answer);
        }
        ccb.run(&[delete("item=b,item=a"), item("item=c", 1)])
            .await
            .unwrap();
        for (name, wanted) in [
            ("item=b,item=a", AisError::Exist),
            ("item=c", AisError::Exist),
            ("item=x,item=b,item=a", AisError::NotExist),
        ] {
            let answer = ccb.run(&[item(name, 1)]).await.map_err(|(error, _)| error);
            table.row(CREATE, format!("{name} in the same CCB"), wanted, answer);
        }
        let refers = one("refers", Value::Name("item=b,item=a".to_owned()));
        let answer = ccb
            .run(&[full("full=x", vec![refers])])
            .await
            .map_err(|(error, _)| error);
        table.row(
            CREATE,
            "reference to what the CCB deletes",
            AisError::BadOperation,
            answer,
        );
        ccb.abort().await.unwrap();
        // Where the flags demand an implementer.
        for flags in [1, 0x101] {
            let ccb = stage.owner.ccb(flags).await.unwrap();
            if flags == 1 {
                let answer = ccb.run(&[item("item=x", 1)]).await.map_err(|(error, _)| error);
                table.row(CREATE, "no implementer", AisError::NotExist, answer);
            }
            stage.fulld.clear().await.unwrap();
            let answer = ccb
                .run(&[full("full=x", vec![])])
                .await
                .map_err(|(error, _)| error);
            table.row(
                CREATE,
                format!("a detached implementer, flags {flags:#x}"),
                AisError::NotExist,
                answer,
            );
            stage.fulld.set("fulld").await.unwrap();
        }
        table.end(170);
        assert_eq!(stage.objects().await, before);
    });
}

#[test]
fn runtime_objects() {
    run(async {
        let stage = Stage::new().await;
        let before = stage.objects().await;
        let mut table = Table::default();
        let function = "saImmOiRtObjectCreate_2";
        let wanted = || numbers("wanted", &[1]);
        let lively = |attrs| create("Lively", "lively=x", attrs);
        let event = |name: &str| create("Event", name, vec![numbers("count", &[1])]);
        let kept = |name: &str| create("Kept", name, vec![numbers("count", &[1])]);
        let mut rows: Vec<(String, CcbOperation, AisError)> = Vec::new();
        let mut add = |what: &str, operation, wanted| rows.push((what.to_owned(), operation, wanted));
        for value_type in TYPES {
            let name = of_type(value_type);
            for other in TYPES.into_iter().filter(|other| *other != value_type) {
                let attrs = vec![wanted(), one(&name, value(other))];
                add(
                    &format!("{other:?} in {value_type:?}"),
                    lively(attrs),
                    AisError::InvalidParam,
                );
            }
            let two = Attr {
                values: vec![value(value_type), value(value_type)],
                ..one(&name, value(value_type))
            };
            add(
                &format!("two values of {value_type:?}"),
                lively(vec![wanted(), two]),
                AisError::InvalidParam,
            );
        }
        add(
            "a cached attribute not mentioned",
            lively(vec![]),
            AisError::InvalidParam,
        );
        add(
            "a pure attribute given",
            lively(vec![wanted(), numbers("pure", &[1])]),
            AisError::InvalidParam,
        );
        add(
            "an attribute twice",
            lively(vec![wanted(), wanted()]),
            AisError::InvalidParam,
        );
        add(
            "an unknown attribute",
            lively(vec![wanted(), numbers("none", &[1])]),
            AisError::NotExist,
        );
        let owner = one("SaImmAttrAdminOwnerName", Value::String("x".to_owned()));
        add(
            "a system attribute",
            lively(vec![wanted(), owner]),
            AisError::InvalidParam,
        );
        let rdn = one("lively", Value::String("lively=y".to_owned()));
        add("another RDN", lively(vec![wanted(), rdn]), AisError::InvalidParam);
        add("a configuration class", item("item=x", 1), AisError::InvalidParam);
        add(
            "an unknown class",
            create("None", "event=x", vec![]),
            AisError::NotExist,
        );
        add("a missing parent", event("event=x,item=none"), AisError::NotExist);
        add("a parent in a CCB", event("event=x,item=new"), AisError::NotExist);
        add("an object that exists", event("event=e"), AisError::Exist);
        add("a name that a CCB takes", event("item=new"), AisError::Exist);
        add(
            "persistent below passing",
            kept("event=x,event=e"),
            AisError::InvalidParam,
        );
        add(
            "RDN of 65 bytes",
            event(&format!("event={}", "x".repeat(59))),
            AisError::InvalidParam,
        );
        let long = format!("event=x\\,{},item=a", "y".repeat(250));
        add("name of 256 bytes", event(&long), AisError::NameTooLong);
        for (what, operation, wanted) in rows {
            let answer = stage
                .eventd
                .update(&[operation])
                .await
                .map_err(|(error, _)| error);
            table.row(function, what, wanted, answer);
        }
        for (who, implementer) in [("no name", &stage.nameless), ("an applier", &stage.applier)] {
            let answer = implementer
                .update(&[event("event=x")])
                .await
                .map_err(|(error, _)| error);
            table.row(function, who, AisError::BadOperation, answer);
        }
        assert!(
            stage
                .imm
                .get(&dn("lively=x"), ais::AttrChoice::None)
                .await
                .is_err()
        );
        table.end(115);
        assert_eq!(stage.objects().await, before);
    });
}
