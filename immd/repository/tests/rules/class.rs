use ais::{AisError, AttrDef, AttrFlags as F, ClassCategory, ClassDef, Value, ValueType};

use crate::fixture::{Fixture, attr, class, node, with_default};

fn create(fixture: &mut Fixture, def: &ClassDef) -> Result<(), AisError> {
    let prepared = fixture.repo.class_create_prepare(def).map_err(|refusal| {
        let text = refusal.text.to_ascii_lowercase();
        assert!(text.contains(&def.name.to_ascii_lowercase()), "{refusal}");
        refusal.error
    })?;
    fixture.repo.make_visible(prepared);
    Ok(())
}

fn config(attrs: Vec<AttrDef>) -> ClassDef {
    class("X", ClassCategory::Config, attrs)
}

fn rdn() -> AttrDef {
    attr("x", ValueType::String, F::CONFIG | F::RDN)
}

#[test]
fn names_are_checked() {
    for name in ["", "1a", "a b", "a-b", "ä", "objects", "CLASSES"] {
        let def = class(name, ClassCategory::Config, vec![rdn()]);
        assert_eq!(
            create(&mut Fixture::new(), &def),
            Err(AisError::InvalidParam),
            "{name}"
        );
    }
    for name in ["", "1a", "a b", "X"] {
        let def = config(vec![rdn(), attr(name, ValueType::Uint32, F::CONFIG)]);
        assert_eq!(
            create(&mut Fixture::new(), &def),
            Err(AisError::InvalidParam),
            "{name}"
        );
    }
    assert_eq!(
        create(
            &mut Fixture::new(),
            &class("node", ClassCategory::Config, vec![rdn()])
        ),
        Err(AisError::Exist)
    );
}

#[test]
fn flags_are_checked() {
    let good = [
        attr(
            "a",
            ValueType::Uint32,
            F::CONFIG | F::MULTI_VALUE | F::NO_DUPLICATES,
        ),
        attr("a", ValueType::String, F::CONFIG | F::DN | F::NO_DANGLING),
        attr("a", ValueType::Name, F::CONFIG | F::NO_DANGLING | F::WRITABLE),
        attr("a", ValueType::Uint32, F::RUNTIME),
        attr("a", ValueType::Uint32, F::RUNTIME | F::CACHED | F::NOTIFY),
        attr("a", ValueType::Uint32, F::CONFIG | F::from_bits_retain(1 << 40)),
        with_default("a", F::CONFIG | F::STRONG_DEFAULT, 1),
        with_default("a", F::RUNTIME | F::PERSISTENT, 1),
        with_default("a", F::CONFIG | F::MULTI_VALUE, 1),
    ];
    for def in good {
        assert_eq!(
            create(&mut Fixture::new(), &config(vec![rdn(), def.clone()])),
            Ok(()),
            "{def:?}"
        );
    }
    let bad = [
        attr("a", ValueType::Uint32, F::empty()),
        attr("a", ValueType::Uint32, F::CONFIG | F::RUNTIME),
        attr("a", ValueType::Uint32, F::CONFIG | F::CACHED),
        attr("a", ValueType::Uint32, F::CONFIG | F::PERSISTENT),
        attr("a", ValueType::Uint32, F::RUNTIME | F::WRITABLE),
        attr("a", ValueType::Uint32, F::RUNTIME | F::INITIALIZED),
        attr("a", ValueType::Uint32, F::CONFIG | F::NO_DUPLICATES),
        attr("a", ValueType::Uint32, F::RUNTIME | F::NOTIFY),
        attr("a", ValueType::Name, F::CONFIG | F::DN),
        attr("a", ValueType::Uint32, F::CONFIG | F::NO_DANGLING),
        attr("a", ValueType::String, F::CONFIG | F::NO_DANGLING),
        attr("a", ValueType::Name, F::RUNTIME | F::CACHED | F::NO_DANGLING),
        attr("a", ValueType::Uint32, F::CONFIG | F::DEFAULT_REMOVED),
        attr("a", ValueType::Uint32, F::CONFIG | F::STRONG_DEFAULT),
        with_default("a", F::CONFIG | F::INITIALIZED, 1),
        with_default("a", F::RUNTIME, 1),
        AttrDef {
            default: Some(Value::Int32(1)),
            ..attr("a", ValueType::Uint32, F::CONFIG)
        },
        attr("a", ValueType::String, F::CONFIG | F::RDN),
    ];
    for def in bad {
        let result = create(&mut Fixture::new(), &config(vec![rdn(), def.clone()]));
        assert_eq!(result, Err(AisError::InvalidParam), "{def:?}");
    }
}

#[test]
fn the_rdn_attribute_has_rules_of_its_own() {
    let runtime = F::RUNTIME | F::RDN;
    let cases = [
        (ClassCategory::Config, vec![], false),
        (
            ClassCategory::Config,
            vec![attr("x", ValueType::Name, F::CONFIG | F::RDN)],
            true,
        ),
        (
            ClassCategory::Config,
            vec![attr("x", ValueType::Uint32, F::CONFIG | F::RDN)],
            false,
        ),
        (
            ClassCategory::Config,
            vec![attr("x", ValueType::String, runtime | F::CACHED)],
            false,
        ),
        (
            ClassCategory::Config,
            vec![attr("x", ValueType::String, F::CONFIG | F::RDN | F::WRITABLE)],
            false,
        ),
        (
            ClassCategory::Config,
            vec![attr("x", ValueType::String, F::CONFIG | F::RDN | F::MULTI_VALUE)],
            false,
        ),
        (
            ClassCategory::Runtime,
            vec![attr("x", ValueType::String, runtime | F::CACHED)],
            true,
        ),
        (
            ClassCategory::Runtime,
            vec![attr("x", ValueType::String, runtime)],
            false,
        ),
        (
            ClassCategory::Runtime,
            vec![
                attr("x", ValueType::String, runtime | F::CACHED),
                attr("y", ValueType::Uint32, F::RUNTIME | F::PERSISTENT),
            ],
            false,
        ),
        (
            ClassCategory::Runtime,
            vec![attr("x", ValueType::String, F::CONFIG | F::RDN)],
            false,
        ),
    ];
    for (category, attrs, right) in cases {
        let def = class("X", category, attrs);
        assert_eq!(create(&mut Fixture::new(), &def).is_ok(), right, "{def:?}");
    }
}

#[test]
fn a_description_has_the_system_attributes_and_descends() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.repo.class_names(), ["Node", "Link", "Task", "Record"]);
    let record = fixture.repo.class_describe("Record").unwrap();
    let names: Vec<&str> = record.attrs.iter().map(|a| a.name.as_str()).collect();
    let mut descending = names.clone();
    descending.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(names, descending);
    let of = |name: &str| record.attr(name).unwrap();
    assert_eq!(
        of("SaImmAttrClassName").default,
        Some(Value::String("Record".into()))
    );
    assert_eq!(
        of("SaImmAttrImplementerName").flags,
        F::RUNTIME | F::CACHED | F::PERSISTENT
    );
    assert_eq!(of("value").flags, F::RUNTIME | F::PERSISTENT | F::CACHED);
    let node = fixture.repo.class_describe("Node").unwrap();
    assert_eq!(node.attr("SaImmAttrAdminOwnerName").unwrap().flags, F::CONFIG);
    let task = fixture.repo.class_describe("Task").unwrap();
    assert_eq!(
        task.attr("SaImmAttrAdminOwnerName").unwrap().flags,
        F::RUNTIME | F::CACHED
    );
    // What was read can be given: system attributes are ignored.
    let mut again = node.clone();
    again.name = "Again".into();
    assert_eq!(create(&mut fixture, &again), Ok(()));
    assert_eq!(
        fixture.repo.class_describe("node").unwrap_err().error,
        AisError::NotExist
    );
    assert_eq!(
        fixture.repo.class_describe("").unwrap_err().error,
        AisError::InvalidParam
    );
}

#[test]
fn a_class_with_instances_stays() {
    let mut fixture = Fixture::new();
    let code = |fixture: &mut Fixture, name: &str| match fixture.repo.class_delete_prepare(name) {
        Ok(prepared) => {
            fixture.repo.make_visible(prepared);
            Ok(())
        }
        Err(refusal) => Err(refusal.error),
    };
    assert_eq!(code(&mut fixture, ""), Err(AisError::InvalidParam));
    assert_eq!(code(&mut fixture, "None"), Err(AisError::NotExist));
    let ccb = fixture.ccb_with(&[node("node=a")]);
    assert_eq!(code(&mut fixture, "Node"), Err(AisError::Busy));
    fixture.apply(ccb).unwrap();
    assert_eq!(code(&mut fixture, "Node"), Err(AisError::Busy));
    fixture.commit(&[crate::fixture::delete("node=a")]);
    assert_eq!(code(&mut fixture, "Node"), Ok(()));
    assert_eq!(
        fixture.repo.class_describe("Node").unwrap_err().error,
        AisError::NotExist
    );
    fixture.check();
}

#[test]
fn a_class_is_closed_while_it_is_on_its_way() {
    let mut fixture = Fixture::new();
    let def = config(vec![rdn()]);
    let prepared = fixture.repo.class_create_prepare(&def).unwrap();
    assert_eq!(prepared.stored().len(), 1);
    assert_eq!(
        fixture.repo.class_create_prepare(&def).unwrap_err().error,
        AisError::Busy
    );
    assert_eq!(
        fixture.repo.class_describe("X").unwrap_err().error,
        AisError::NotExist
    );
    let instance = crate::fixture::create("X", "x=1", vec![]);
    assert_eq!(fixture.refused(&instance), AisError::TryAgain);
    fixture.repo.discard(prepared);
    assert_eq!(fixture.refused(&instance), AisError::NotExist);
    assert_eq!(create(&mut fixture, &def), Ok(()));
    assert_eq!(create(&mut fixture, &def), Err(AisError::Exist));
    let gone = fixture.repo.class_delete_prepare("X").unwrap();
    assert_eq!(fixture.refused(&instance), AisError::TryAgain);
    assert_eq!(
        fixture.repo.class_delete_prepare("X").unwrap_err().error,
        AisError::Busy
    );
    fixture.repo.discard(gone);
    fixture.commit(&[instance]);
}

#[test]
fn an_attribute_of_several_values_has_one_default() {
    let mut fixture = Fixture::new();
    let many = with_default("a", F::CONFIG | F::WRITABLE | F::MULTI_VALUE, 4);
    assert_eq!(create(&mut fixture, &config(vec![rdn(), many])), Ok(()));
    fixture.commit(&[crate::fixture::create("X", "x=1", vec![])]);
    let object = fixture.object("x=1");
    assert_eq!(object.attr("a").unwrap().values, [Value::Uint32(4)]);
}
