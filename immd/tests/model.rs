//! Classes and names over the socket and over restarts.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use ais::{
    AisError, Attr, AttrChoice, AttrDef, AttrFlags as F, ClassCategory, ClassDef, Parameter, Value, ValueType,
};
use common::{Server, attr_def, client, code, create, dn, item, item_class, replace, run};
use immd_client::AdminOwner;

const SERVICE: &str = "opensafImm=opensafImm,safApp=safImmService";
const CONFIG: F = F::CONFIG.union(F::WRITABLE);

/// Lets classes be changed.
async fn allow_changes(owner: &AdminOwner) {
    let mask = [Parameter {
        name: "opensafImmNostdFlags".to_owned(),
        value: Value::Uint32(1),
    }];
    let reply = owner.admin_operation(SERVICE, 1, &mask, 1000).await.unwrap();
    assert_eq!(reply.result, Ok(()));
}

fn item_with_colour() -> ClassDef {
    let mut class = item_class();
    class.attrs.push(AttrDef {
        default: Some(Value::String("red".to_owned())),
        ..attr_def("colour", ValueType::String, CONFIG | F::from_bits_retain(1 << 40))
    });
    class
}

#[test]
fn a_changed_class_and_its_instances_survive_a_restart() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let items: Vec<_> = (0..100).map(|n| item(&format!("item={n}"), n)).collect();
        owner.ccb_apply(0, &items).await.unwrap();
        let waiting = owner.ccb(0).await.unwrap();
        waiting
            .run(&[
                replace("item=3", "weight", Value::Uint32(333)),
                item("item=new", 1),
            ])
            .await
            .unwrap();
        let class = item_with_colour();
        assert_eq!(code(imm.class_create(&class).await), AisError::Exist);
        allow_changes(&owner).await;
        imm.class_create(&class).await.unwrap();
        // The class and commits of its instances at once: none undoes another.
        let mut shinier = class.clone();
        shinier.attrs.push(attr_def("shine", ValueType::Float, CONFIG));
        let blue = [replace("item=4", "colour", Value::String("blue".to_owned()))];
        let (changed, applied, other) = tokio::join!(
            imm.class_create(&shinier),
            waiting.apply(),
            owner.ccb_apply(0, &blue),
        );
        changed.unwrap();
        applied.unwrap();
        other.unwrap();
        drop((imm, owner, waiting));
        server.stop().await;
        let _server = Server::in_dir(dir.path());
        let (imm, _owner) = client(dir.path()).await;
        let colour = async |name: &str| {
            let object = imm.get(&dn(name), AttrChoice::All).await.unwrap();
            assert!(object.attr("shine").unwrap().values.is_empty());
            object.value("colour").map(Value::to_text)
        };
        assert_eq!(colour("item=3").await.as_deref(), Some("red"));
        assert_eq!(colour("item=4").await.as_deref(), Some("blue"));
        assert_eq!(colour("item=new").await.as_deref(), Some("red"));
        let object = imm.get(&dn("item=3"), AttrChoice::All).await.unwrap();
        assert_eq!(object.value("weight"), Some(&Value::Uint32(333)));
        let described = imm.class_describe("Item").await.unwrap();
        let flags = described.attr("colour").unwrap().flags;
        assert!(
            flags.contains(F::from_bits_retain(1 << 40)),
            "unknown flags come back"
        );
        // The switch does not survive the restart.
        assert_eq!(code(imm.class_create(&item_class()).await), AisError::Exist);
    });
}

#[test]
fn names_of_2048_bytes_and_values_of_all_types_survive_a_restart() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let class = ClassDef {
            name: "Every".to_owned(),
            category: ClassCategory::Config,
            attrs: std::iter::once(attr_def("every", ValueType::String, F::RDN | F::CONFIG))
                .chain(ValueType::ALL.map(|kind| attr_def(kind.name(), kind, CONFIG | F::MULTI_VALUE)))
                .collect(),
        };
        imm.class_create(&class).await.unwrap();
        let long = format!("every={}", "x".repeat(2042));
        let values = [
            [Value::Int32(i32::MIN), Value::Int32(i32::MAX)],
            [Value::Uint32(0), Value::Uint32(u32::MAX)],
            [Value::Int64(i64::MIN), Value::Int64(i64::MAX)],
            [Value::Uint64(0), Value::Uint64(u64::MAX)],
            [Value::Time(i64::MIN), Value::Time(i64::MAX)],
            [Value::Name(String::new()), Value::Name(long.clone())],
            [Value::Float(-0.0), Value::Float(f32::NAN)],
            [Value::Double(f64::MIN_POSITIVE), Value::Double(f64::INFINITY)],
            [
                Value::String(String::new()),
                Value::String("two words, ä\n".to_owned()),
            ],
            [Value::Any(Vec::new()), Value::Any(vec![0, 255])],
        ];
        let attrs: Vec<Attr> = values
            .iter()
            .map(|pair| Attr {
                name: pair[0].value_type().name().to_owned(),
                value_type: pair[0].value_type(),
                values: pair.to_vec(),
            })
            .collect();
        let new = [create("Every", &long, attrs)];
        assert_eq!(code(owner.ccb_apply(0, &new).await), AisError::NameTooLong);
        let on = [replace(SERVICE, "longDnsAllowed", Value::Uint32(1))];
        owner.ccb_apply(0, &on).await.unwrap();
        owner.ccb_apply(0, &new).await.unwrap();
        drop((imm, owner));
        server.stop().await;
        let _server = Server::in_dir(dir.path());
        let (imm, owner) = client(dir.path()).await;
        let object = imm.get(&dn(&long), AttrChoice::All).await.unwrap();
        for pair in &values {
            let attr = object.attr(pair[0].value_type().name()).unwrap();
            assert_eq!(attr.values, pair, "by exact bytes");
        }
        let off = [replace(SERVICE, "longDnsAllowed", Value::Uint32(0))];
        assert_eq!(code(owner.ccb_apply(0, &off).await), AisError::BadOperation);
    });
}
