//! A daemon with a model in which everything that can be wrong can be.

use ais::{Attr, AttrDef, AttrFlags as F, ClassCategory, ClassDef, Dn, Object, Scope, Value, ValueType};
use immd_client::{AdminOwner, Ccb, Imm, Implementer, SearchParams};
use tempfile::TempDir;

use crate::common::{Server, attr_def, create, dn, event_class, item, item_class};

/// All value types.
pub(crate) const TYPES: [ValueType; 10] = [
    ValueType::Int32,
    ValueType::Uint32,
    ValueType::Int64,
    ValueType::Uint64,
    ValueType::Time,
    ValueType::Name,
    ValueType::Float,
    ValueType::Double,
    ValueType::String,
    ValueType::Any,
];

/// A value of each type.
pub(crate) fn value(value_type: ValueType) -> Value {
    match value_type {
        ValueType::Int32 => Value::Int32(1),
        ValueType::Uint32 => Value::Uint32(1),
        ValueType::Int64 => Value::Int64(1),
        ValueType::Uint64 => Value::Uint64(1),
        ValueType::Time => Value::Time(1),
        ValueType::Name => Value::Name("item=a".to_owned()),
        ValueType::Float => Value::Float(1.0),
        ValueType::Double => Value::Double(1.0),
        ValueType::String => Value::String("x".to_owned()),
        ValueType::Any => Value::Any(vec![1]),
    }
}

/// The name of the attribute of class `Full` with this type.
pub(crate) fn of_type(value_type: ValueType) -> String {
    format!("a{}", value_type as u8)
}

/// A class with an attribute of each type, and of each kind that has rules of its own.
fn full_class() -> ClassDef {
    let writable = F::CONFIG | F::WRITABLE;
    let mut attrs = vec![attr_def("full", ValueType::String, F::CONFIG | F::RDN)];
    attrs.extend(TYPES.map(|value_type| attr_def(&of_type(value_type), value_type, writable)));
    attrs.extend([
        attr_def("fixed", ValueType::Uint32, F::CONFIG),
        attr_def("must", ValueType::Uint32, writable | F::INITIALIZED),
        attr_def("several", ValueType::Uint32, writable | F::MULTI_VALUE),
        attr_def(
            "set",
            ValueType::Uint32,
            writable | F::MULTI_VALUE | F::NO_DUPLICATES,
        ),
        attr_def("names", ValueType::String, writable | F::DN),
        attr_def("refers", ValueType::Name, writable | F::NO_DANGLING),
        attr_def("cached", ValueType::Uint32, F::RUNTIME | F::CACHED),
        attr_def("live", ValueType::Uint32, F::RUNTIME),
        AttrDef {
            default: Some(Value::Uint32(5)),
            ..attr_def("strong", ValueType::Uint32, writable | F::STRONG_DEFAULT)
        },
    ]);
    ClassDef {
        name: "Full".to_owned(),
        category: ClassCategory::Config,
        attrs,
    }
}

/// A runtime class with an attribute of each type.
fn lively_class() -> ClassDef {
    let cached = F::RUNTIME | F::CACHED;
    let mut attrs = vec![attr_def("lively", ValueType::String, cached | F::RDN)];
    let held = |value_type| AttrDef {
        default: Some(value(value_type)),
        ..attr_def(&of_type(value_type), value_type, cached)
    };
    attrs.extend(TYPES.map(held));
    attrs.push(attr_def("wanted", ValueType::Uint32, cached));
    attrs.push(attr_def("pure", ValueType::Uint32, F::RUNTIME));
    ClassDef {
        name: "Lively".to_owned(),
        category: ClassCategory::Runtime,
        attrs,
    }
}

/// The daemon with `item=a` and `item=b,item=a` of owner `tester`, `item=others` of owner `other`, `item=loose` of
/// nobody, `item=busy` and `item=new` in an open CCB of `tester`, `full=a`, the runtime objects `event=e` and
/// `lively=a` of implementer `eventd`, `event=kept` persistent, `item=bound` implemented by `boundd`, and class `Item`
/// of the applier `@itemd`.
pub(crate) struct Stage {
    pub(crate) imm: Imm,
    pub(crate) owner: AdminOwner,
    pub(crate) other: AdminOwner,
    pub(crate) busy: Ccb,
    pub(crate) eventd: Implementer,
    pub(crate) boundd: Implementer,
    pub(crate) fulld: Implementer,
    pub(crate) applier: Implementer,
    pub(crate) nameless: Implementer,
    pub(crate) dir: TempDir,
    _server: Server,
}

async fn implementer(imm: &Imm, name: Option<&str>) -> Implementer {
    let callbacks = std::rc::Rc::new(crate::common::oi::Scripted::default());
    let implementer = imm.implementer(callbacks, false).await.unwrap();
    if let Some(name) = name {
        implementer.set(name).await.unwrap();
    }
    implementer
}

impl Stage {
    pub(crate) async fn new() -> Stage {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::in_dir(dir.path());
        let imm = Imm::connect(dir.path()).await.unwrap();
        for class in [
            item_class(),
            full_class(),
            lively_class(),
            event_class("Event", false),
            event_class("Kept", true),
        ] {
            imm.class_create(&class).await.unwrap();
        }
        let owner = imm.admin_owner("tester", true).await.unwrap();
        let tree = ["item=a", "item=b,item=a", "item=loose", "item=busy", "item=bound"];
        owner.ccb_apply(0, &tree.map(|name| item(name, 1))).await.unwrap();
        owner.ccb_apply(0, &[full("full=a", vec![])]).await.unwrap();
        owner.release(&[dn("item=loose")], Scope::One).await.unwrap();
        let other = imm.admin_owner("other", true).await.unwrap();
        other.ccb_apply(0, &[item("item=others", 1)]).await.unwrap();

        let eventd = implementer(&imm, Some("eventd")).await;
        let boundd = implementer(&imm, Some("boundd")).await;
        let fulld = implementer(&imm, Some("fulld")).await;
        let applier = implementer(&imm, Some("@itemd")).await;
        let nameless = implementer(&imm, None).await;
        let runtime = [
            create("Event", "event=e", vec![Attr::single("count", Value::Uint32(1))]),
            create(
                "Kept",
                "event=kept",
                vec![Attr::single("count", Value::Uint32(1))],
            ),
            create(
                "Lively",
                "lively=a",
                vec![Attr::single("wanted", Value::Uint32(1))],
            ),
        ];
        eventd.update(&runtime).await.unwrap();
        boundd.object_set(&dn("item=bound"), Scope::One).await.unwrap();
        fulld.class_set("Full").await.unwrap();
        applier.class_set("Item").await.unwrap();
        let busy = owner.ccb(0).await.unwrap();
        let operations = [
            crate::common::replace("item=busy", "weight", Value::Uint32(2)),
            item("item=new", 1),
        ];
        busy.run(&operations).await.unwrap();
        Stage {
            imm,
            owner,
            other,
            busy,
            eventd,
            boundd,
            fulld,
            applier,
            nameless,
            dir,
            _server: server,
        }
    }

    /// All objects with what survives: the same before and after whatever is refused.
    pub(crate) async fn objects(&self) -> Vec<Object> {
        let params = SearchParams {
            root: None,
            scope: Scope::Subtree,
            filter: None,
            attrs: ais::AttrChoice::Persistent,
        };
        self.imm.search(params).await.unwrap().collect().await.unwrap()
    }

    pub(crate) async fn class_names(&self) -> Vec<String> {
        self.imm.class_names().await.unwrap()
    }
}

/// The creation of an object of class `Full` with what it must have.
pub(crate) fn full(name: &str, mut attrs: Vec<Attr>) -> ais::CcbOperation {
    attrs.push(Attr::single("must", Value::Uint32(1)));
    create("Full", name, attrs)
}

/// Names that are none for owners, implementers and parameters of OpenSAF's limits.
pub(crate) fn bad_client_names() -> Vec<String> {
    let mut names: Vec<String> = ["", " ", "a b", "bell\u{7}", "gr\u{fc}n", "tab\t", "line\n"]
        .map(str::to_owned)
        .into();
    names.push("x".repeat(255));
    names.push("x".repeat(5_000));
    names
}

/// Names of objects that are not there.
pub(crate) fn missing() -> [Dn; 4] {
    ["item=none", "item=none,item=a", "none=a", "item=A"].map(dn)
}
