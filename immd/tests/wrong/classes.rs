//! saImmOmClassCreate_2, saImmOmClassDescriptionGet_2, saImmOmClassDelete.

use ais::{AisError, AttrDef, AttrFlags as F, ClassCategory, ClassDef, Value, ValueType};

use crate::Table;
use crate::common::{attr_def, run};
use crate::stage::{Stage, TYPES, value};

/// The tables of OpenSAF's persistent back end.
const RESERVED: [&str; 10] = [
    "attr_def",
    "attr_dflt",
    "ccb_commits",
    "classes",
    "objects",
    "objects_blob_multi",
    "objects_int_multi",
    "objects_real_multi",
    "objects_text_multi",
    "pbe_rep_version",
];

fn bad_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "", "1a", "a b", "a-b", "a.b", "\u{e4}", "a,b", "a=b", " a", "a\0b",
    ]
    .map(str::to_owned)
    .into();
    names.extend(["a/b", "a\n", "a'", "#a", "@a"].map(str::to_owned));
    names
}

fn config(attrs: Vec<AttrDef>) -> ClassDef {
    ClassDef {
        name: "Wrong".to_owned(),
        category: ClassCategory::Config,
        attrs,
    }
}

fn runtime(attrs: Vec<AttrDef>) -> ClassDef {
    ClassDef {
        category: ClassCategory::Runtime,
        ..config(attrs)
    }
}

fn rdn() -> AttrDef {
    attr_def("wrong", ValueType::String, F::CONFIG | F::RDN)
}

fn runtime_rdn() -> AttrDef {
    attr_def("wrong", ValueType::String, F::RUNTIME | F::CACHED | F::RDN)
}

fn with_default(def: AttrDef, default: Value) -> AttrDef {
    AttrDef {
        default: Some(default),
        ..def
    }
}

/// Classes whose names or RDN attributes are wrong.
fn wrong_classes() -> Vec<(String, ClassDef)> {
    let mut rows = Vec::new();
    let mut add = |what: String, class: ClassDef| rows.push((what, class));
    for name in bad_names() {
        let class = ClassDef {
            name: name.clone(),
            ..config(vec![rdn()])
        };
        add(format!("class name {name:?}"), class);
        let attr = attr_def(&name, ValueType::Uint32, F::CONFIG);
        add(format!("attribute name {name:?}"), config(vec![rdn(), attr]));
    }
    for name in RESERVED {
        for name in [name.to_owned(), name.to_ascii_uppercase()] {
            let class = ClassDef {
                name: name.clone(),
                ..config(vec![rdn()])
            };
            add(format!("reserved name {name}"), class);
        }
    }
    add("no attribute".to_owned(), config(vec![]));
    let plain = attr_def("a", ValueType::Uint32, F::CONFIG);
    add("no RDN".to_owned(), config(vec![plain.clone()]));
    let second = AttrDef {
        name: "second".to_owned(),
        ..rdn()
    };
    add("two RDNs".to_owned(), config(vec![rdn(), second]));
    for name in ["a", "A", "wrong", "WRONG"] {
        let again = attr_def(name, ValueType::Uint32, F::CONFIG);
        add(format!("{name} twice"), config(vec![rdn(), plain.clone(), again]));
    }
    for flag in [
        F::MULTI_VALUE,
        F::WRITABLE,
        F::NO_DANGLING,
        F::DN,
        F::DEFAULT_REMOVED,
        F::STRONG_DEFAULT,
    ] {
        let def = AttrDef {
            flags: rdn().flags | flag,
            ..rdn()
        };
        add(format!("RDN with {flag:?}"), config(vec![def]));
    }
    for value_type in TYPES
        .into_iter()
        .filter(|it| !matches!(it, ValueType::Name | ValueType::String))
    {
        add(
            format!("RDN of type {value_type:?}"),
            config(vec![AttrDef { value_type, ..rdn() }]),
        );
    }
    let text = Value::String("wrong=1".to_owned());
    add(
        "RDN with a default".to_owned(),
        config(vec![with_default(rdn(), text)]),
    );
    add(
        "runtime RDN in a configuration class".to_owned(),
        config(vec![runtime_rdn()]),
    );
    add(
        "configuration RDN in a runtime class".to_owned(),
        runtime(vec![rdn()]),
    );
    let pure = attr_def("wrong", ValueType::String, F::RUNTIME | F::RDN);
    add("RDN that is not cached".to_owned(), runtime(vec![pure]));
    let kept = attr_def("a", ValueType::Uint32, F::RUNTIME | F::CACHED | F::PERSISTENT);
    add(
        "persistent attribute beside a passing RDN".to_owned(),
        runtime(vec![runtime_rdn(), kept]),
    );
    add(
        "configuration attribute in a runtime class".to_owned(),
        runtime(vec![runtime_rdn(), plain]),
    );
    rows
}

/// Attributes that no class may have, each by what is wrong.
fn wrong_attrs() -> Vec<(String, AttrDef)> {
    let mut rows = Vec::new();
    let number = |flags| attr_def("a", ValueType::Uint32, flags);
    for flags in [
        F::empty(),
        F::WRITABLE,
        F::CONFIG | F::RUNTIME,
        F::CONFIG | F::CACHED,
        F::CONFIG | F::PERSISTENT,
        F::RUNTIME | F::WRITABLE,
        F::RUNTIME | F::INITIALIZED,
        F::RUNTIME | F::CACHED | F::WRITABLE,
        F::RUNTIME | F::CACHED | F::INITIALIZED,
        F::CONFIG | F::NO_DUPLICATES,
        F::RUNTIME | F::CACHED | F::NO_DUPLICATES,
        F::RUNTIME | F::NOTIFY,
        F::CONFIG | F::DEFAULT_REMOVED,
        F::CONFIG | F::STRONG_DEFAULT,
    ] {
        rows.push((format!("flags {flags:?}"), number(flags)));
    }
    for value_type in TYPES {
        let of_type = |flags| attr_def("a", value_type, flags);
        if value_type != ValueType::String {
            rows.push((format!("DN flag on {value_type:?}"), of_type(F::CONFIG | F::DN)));
        }
        if value_type != ValueType::Name {
            rows.push((
                format!("NO_DANGLING on {value_type:?}"),
                of_type(F::CONFIG | F::NO_DANGLING),
            ));
        }
        for other in TYPES.into_iter().filter(|other| *other != value_type) {
            let def = with_default(of_type(F::CONFIG), value(other));
            rows.push((format!("default {other:?} of {value_type:?}"), def));
        }
        let first = with_default(of_type(F::CONFIG | F::INITIALIZED), value(value_type));
        rows.push((format!("INITIALIZED {value_type:?} with a default"), first));
        let pure = with_default(of_type(F::RUNTIME), value(value_type));
        rows.push((format!("pure runtime {value_type:?} with a default"), pure));
    }
    let refers = attr_def("a", ValueType::Name, F::CONFIG | F::NO_DANGLING);
    let target = Value::Name("item=a".to_owned());
    rows.push((
        "NO_DANGLING with a default".to_owned(),
        with_default(refers, target.clone()),
    ));
    let cached = F::RUNTIME | F::CACHED | F::NO_DANGLING;
    rows.push((
        "NO_DANGLING at run time".to_owned(),
        attr_def("a", ValueType::Name, cached),
    ));
    for text in ["a b", "a\u{e4}", "a\\#b"] {
        let def = attr_def("a", ValueType::Name, F::CONFIG);
        rows.push((
            format!("default {text:?} of a name"),
            with_default(def, Value::Name(text.to_owned())),
        ));
    }
    rows
}

#[test]
fn classes() {
    run(async {
        let stage = Stage::new().await;
        let before = stage.class_names().await;
        let mut table = Table::default();
        let create = "saImmOmClassCreate_2";
        for (what, class) in wrong_classes() {
            table.row(
                create,
                what,
                AisError::InvalidParam,
                stage.imm.class_create(&class).await,
            );
        }
        for (what, def) in wrong_attrs() {
            let class = config(vec![rdn(), def.clone()]);
            let answer = stage.imm.class_create(&class).await;
            table.row(
                create,
                format!("{what}, config class"),
                AisError::InvalidParam,
                answer,
            );
            if def.flags.contains(F::RUNTIME) && !def.flags.contains(F::CONFIG) {
                let class = runtime(vec![runtime_rdn(), def]);
                let answer = stage.imm.class_create(&class).await;
                table.row(
                    create,
                    format!("{what}, runtime class"),
                    AisError::InvalidParam,
                    answer,
                );
            }
        }
        for name in ["Item", "ITEM", "item", "OpensafImm", "SaImmMngt"] {
            let class = ClassDef {
                name: name.to_owned(),
                ..config(vec![rdn()])
            };
            table.row(
                create,
                format!("{name} exists"),
                AisError::Exist,
                stage.imm.class_create(&class).await,
            );
        }
        let long = with_default(
            attr_def("a", ValueType::Name, F::CONFIG),
            Value::Name("x".repeat(256)),
        );
        let answer = stage.imm.class_create(&config(vec![rdn(), long])).await;
        table.row(create, "a default of 256 bytes", AisError::Library, answer);
        for name in ["", "None", "item", "a b"] {
            let wanted = if name.is_empty() {
                AisError::InvalidParam
            } else {
                AisError::NotExist
            };
            let answer = stage.imm.class_describe(name).await;
            table.row(
                "saImmOmClassDescriptionGet_2",
                format!("{name:?}"),
                wanted,
                answer,
            );
            table.row(
                "saImmOmClassDelete",
                format!("{name:?}"),
                wanted,
                stage.imm.class_delete(name).await,
            );
        }
        for (name, why) in [
            ("Item", "instances"),
            ("Event", "a runtime instance"),
            ("Kept", "a persistent one"),
        ] {
            let answer = stage.imm.class_delete(name).await;
            table.row(
                "saImmOmClassDelete",
                format!("{name} has {why}"),
                AisError::Busy,
                answer,
            );
        }
        table.end(250);
        assert_eq!(stage.class_names().await, before);
    });
}
