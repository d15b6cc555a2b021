//! Changing a class that has instances: the table of OpenSAF's practice.

use ais::{
    AisError, AttrDef, AttrFlags as F, ClassCategory, ClassDef, ModificationType, Refusal, Value, ValueType,
};
use immd_repository::{CcbState, SCHEMA_CHANGE, StoredChange};

use crate::fixture::{
    Fixture, attr, change, classes, create, delete, names, node, replace, strings, u32s, with_default,
};
use crate::store::Store;

pub fn allowed() -> Fixture {
    let mut fixture = Fixture::with_nodes();
    fixture.repo.set_nostd_flags(SCHEMA_CHANGE, true);
    fixture
}

pub fn def(name: &str) -> ClassDef {
    classes().into_iter().find(|class| class.name == name).unwrap()
}

/// `Node` with one attribute put in the place of the one with its name, or added.
pub fn node_with(new: AttrDef) -> ClassDef {
    with(def("Node"), new)
}

fn with(mut class: ClassDef, new: AttrDef) -> ClassDef {
    match class.attrs.iter_mut().find(|attr| attr.name == new.name) {
        Some(old) => *old = new,
        None => class.attrs.push(new),
    }
    class
}

fn of(class: &ClassDef, name: &str) -> AttrDef {
    class.attr(name).unwrap().clone()
}

pub fn flags(name: &str, change: impl FnOnce(F) -> F) -> ClassDef {
    let node = def("Node");
    let old = of(&node, name);
    with(
        node,
        AttrDef {
            flags: change(old.flags),
            ..old
        },
    )
}

fn alter(fixture: &mut Fixture, class: &ClassDef) -> Result<(), Refusal> {
    let prepared = fixture.repo.class_create_prepare(class)?;
    fixture.repo.make_visible(prepared);
    fixture.check();
    Ok(())
}

pub const CONFIG: F = F::CONFIG.union(F::WRITABLE);

#[test]
fn a_switch_guards_it() {
    let mut fixture = Fixture::with_nodes();
    let more = node_with(with_default("more", CONFIG, 9));
    let refusal = alter(&mut fixture, &more).unwrap_err();
    assert_eq!(refusal.error, AisError::Exist);
    assert!(refusal.text.contains("opensafImmNostdFlags"), "{refusal}");
    fixture.repo.set_nostd_flags(SCHEMA_CHANGE, true);
    assert_eq!(alter(&mut fixture, &more), Ok(()));
    fixture.repo.set_nostd_flags(SCHEMA_CHANGE, false);
    assert_eq!(alter(&mut fixture, &more).unwrap_err().error, AisError::Exist);
}

#[test]
fn what_may_change_and_what_may_not() {
    let without = |name: &str| {
        let mut class = def("Node");
        class.attrs.retain(|attr| attr.name != name);
        class
    };
    let node = def("Node");
    let no_default = AttrDef {
        default: None,
        ..of(&node, "size")
    };
    let runtime = F::RUNTIME | F::CACHED;
    let good = [
        ("an attribute", node_with(attr("more", ValueType::Any, CONFIG))),
        (
            "a runtime attribute",
            node_with(attr("more", ValueType::Any, F::RUNTIME)),
        ),
        (
            "a cached one in a configuration class",
            node_with(attr("more", ValueType::Any, runtime)),
        ),
        ("another default", node_with(with_default("size", CONFIG, 6))),
        ("a default", node_with(with_default("fixed", F::CONFIG, 6))),
        ("MULTI_VALUE", flags("size", |f| f | F::MULTI_VALUE)),
        ("no NO_DUPLICATES", flags("tags", |f| f - F::NO_DUPLICATES)),
        ("WRITABLE", flags("fixed", |f| f | F::WRITABLE)),
        ("no INITIALIZED", flags("must", |f| f - F::INITIALIZED)),
        (
            "no PERSISTENT",
            flags("admin", |f| (f - F::PERSISTENT) | F::CACHED),
        ),
        ("NOTIFY", flags("size", |f| f | F::NOTIFY)),
        ("NO_DANGLING", flags("where", |f| f | F::NO_DANGLING)),
        ("no NO_DANGLING", flags("peer", |f| f - F::NO_DANGLING)),
        ("STRONG_DEFAULT", flags("size", |f| f | F::STRONG_DEFAULT)),
        ("no STRONG_DEFAULT", flags("strong", |f| f - F::STRONG_DEFAULT)),
        (
            "DEFAULT_REMOVED",
            node_with(AttrDef {
                flags: CONFIG | F::DEFAULT_REMOVED,
                ..no_default.clone()
            }),
        ),
        (
            "an unknown flag",
            flags("size", |f| f | F::from_bits_retain(1 << 40)),
        ),
    ];
    for (what, class) in good {
        assert_eq!(alter(&mut allowed(), &class), Ok(()), "{what}");
    }
    let bad = [
        ("nothing", def("Node")),
        ("an attribute gone", without("where")),
        (
            "its category",
            ClassDef {
                category: ClassCategory::Runtime,
                attrs: def("Task").attrs,
                ..def("Node")
            },
        ),
        ("a type", node_with(attr("fixed", ValueType::Int32, F::CONFIG))),
        (
            "CONFIG to RUNTIME",
            node_with(attr("fixed", ValueType::Uint32, F::RUNTIME)),
        ),
        ("CACHED", flags("load", |f| f | F::CACHED)),
        ("PERSISTENT", flags("load", |f| f | F::PERSISTENT)),
        ("PERSISTENT added", flags("state", |f| f | F::PERSISTENT)),
        ("no MULTI_VALUE", flags("peer", |f| f - F::MULTI_VALUE)),
        ("no WRITABLE", flags("where", |f| f - F::WRITABLE)),
        ("INITIALIZED", flags("where", |f| f | F::INITIALIZED)),
        (
            "DN",
            node_with(attr("node", ValueType::String, F::CONFIG | F::RDN)),
        ),
        ("a default gone", node_with(no_default)),
        (
            "DEFAULT_REMOVED without a default",
            flags("fixed", |f| f | F::DEFAULT_REMOVED),
        ),
        (
            "a new INITIALIZED",
            node_with(attr("more", ValueType::Uint32, CONFIG | F::INITIALIZED)),
        ),
        (
            "a new DEFAULT_REMOVED",
            node_with(attr("more", ValueType::Uint32, CONFIG | F::DEFAULT_REMOVED)),
        ),
        (
            "a new cached one without default in a runtime class",
            with(def("Task"), attr("more", ValueType::Uint32, runtime)),
        ),
    ];
    for (what, class) in bad {
        let refusal = alter(&mut allowed(), &class).unwrap_err();
        assert_eq!(refusal.error, AisError::Exist, "{what}: {refusal}");
        assert!(refusal.text.contains(&class.name), "{refusal}");
    }
    let invalid = flags("size", |f| f | F::NO_DUPLICATES);
    let refusal = alter(&mut allowed(), &invalid).unwrap_err();
    assert_eq!(refusal.error, AisError::InvalidParam, "wrong by itself");
}

#[test]
fn a_removed_default_comes_back_with_a_default_only() {
    let mut fixture = allowed();
    let removed = node_with(attr("size", ValueType::Uint32, CONFIG | F::DEFAULT_REMOVED));
    alter(&mut fixture, &removed).unwrap();
    assert_eq!(fixture.number("node=a", "size"), Some(5), "instances keep theirs");
    fixture.commit(&[node("node=x")]);
    assert_eq!(fixture.number("node=x", "size"), None);
    let neither = node_with(attr("size", ValueType::Uint32, CONFIG));
    assert_eq!(alter(&mut fixture, &neither).unwrap_err().error, AisError::Exist);
    assert_eq!(
        alter(&mut fixture, &node_with(with_default("size", CONFIG, 8))),
        Ok(())
    );
    assert_eq!(fixture.number("node=x", "size"), None, "instances are left alone");
    fixture.commit(&[node("node=y")]);
    assert_eq!(fixture.number("node=y", "size"), Some(8));
    // A model that was dumped with the flag can be loaded.
    let mut other = immd_repository::Repository::new();
    let loaded = other.load_prepare(&[removed], &[]).unwrap();
    other.make_visible(loaded);
}

#[test]
fn instances_decide_as_well() {
    let bag = node_with(attr("bag", ValueType::Uint32, CONFIG | F::MULTI_VALUE));
    let set = node_with(attr(
        "bag",
        ValueType::Uint32,
        CONFIG | F::MULTI_VALUE | F::NO_DUPLICATES,
    ));
    let mut fixture = allowed();
    alter(&mut fixture, &bag).unwrap();
    fixture.commit(&[replace("node=a", u32s("bag", &[1, 2, 1]))]);
    let refusal = alter(&mut fixture, &set).unwrap_err();
    assert_eq!(refusal.error, AisError::Exist);
    assert!(
        refusal.text.contains("'node=a'") && refusal.text.contains("'bag'"),
        "{refusal}"
    );
    fixture.commit(&[replace("node=a", u32s("bag", &[1, 2]))]);
    assert_eq!(alter(&mut fixture, &set), Ok(()));
    let twice = change("node=a", ModificationType::Add, u32s("bag", &[1]));
    assert_eq!(fixture.refused(&twice), AisError::InvalidParam);

    let mut fixture = allowed();
    let strong = flags("size", |f| f | F::STRONG_DEFAULT);
    fixture.commit(&[replace("node=b", u32s("size", &[]))]);
    assert_eq!(alter(&mut fixture, &strong).unwrap_err().error, AisError::Exist);
    fixture.commit(&[replace("node=b", u32s("size", &[1]))]);
    assert_eq!(alter(&mut fixture, &strong), Ok(()));
    fixture.commit(&[replace("node=b", u32s("size", &[]))]);
    assert_eq!(fixture.number("node=b", "size"), Some(5));
}

#[test]
fn references_must_be_sound_before_they_are_guarded() {
    let guarded = flags("where", |f| f | F::NO_DANGLING);
    let mut fixture = allowed();
    let oi = fixture.implementer("oi");
    fixture
        .update(
            oi,
            &[
                crate::fixture::task("task=t", 1),
                create("Record", "record=r", vec![]),
            ],
        )
        .unwrap();
    for (target, right) in [
        ("node=gone", false),
        ("", false),
        ("task=t", false),
        ("record=r", true),
        ("node=b", true),
    ] {
        fixture.commit(&[replace("node=a", names("where", &[target]))]);
        assert_eq!(
            fixture
                .repo
                .class_create_prepare(&guarded)
                .map(|change| fixture.repo.discard(change))
                .is_ok(),
            right,
            "{target}"
        );
    }
    let going = fixture.ccb_with(&[delete("node=b")]);
    assert_eq!(alter(&mut fixture, &guarded).unwrap_err().error, AisError::Exist);
    fixture.repo.ccb_abort(going);
    assert_eq!(alter(&mut fixture, &guarded), Ok(()));
    let ccb = fixture.ccb_with(&[delete("node=b")]);
    assert!(fixture.repo.ccb_prepare(ccb).is_err(), "now it is guarded");
    fixture.repo.ccb_abort(ccb);
    let free = flags("where", |f| f);
    assert_eq!(alter(&mut fixture, &free), Ok(()));
    fixture.commit(&[delete("node=b")]);
}

#[test]
fn instances_get_the_default_and_the_store_has_it() {
    let mut store = Store::default();
    let mut fixture = allowed();
    let runtime = F::RUNTIME | F::CACHED;
    let class = with(
        with(
            node_with(with_default("more", CONFIG, 9)),
            attr("empty", ValueType::String, CONFIG),
        ),
        with_default("seen", runtime, 4),
    );
    // Attributes may come in any order.
    let mut shuffled = class.clone();
    shuffled.attrs.reverse();
    for (id, class) in (0..).map(immd_repository::ClassId).zip(classes()) {
        store.classes.insert(id, class);
    }
    let ccb = fixture.ccb_with(&[node("node=x"), replace("node=a", u32s("size", &[8]))]);
    let prepared = fixture.repo.class_create_prepare(&shuffled).unwrap();
    let puts = prepared
        .stored()
        .iter()
        .filter(|c| matches!(c, StoredChange::Put { .. }));
    assert_eq!(puts.count(), 4);
    // Until it is durable nobody sees it, and nothing durable overtakes it.
    assert!(
        fixture
            .repo
            .class_describe("Node")
            .unwrap()
            .attr("more")
            .is_none()
    );
    assert_eq!(fixture.refused(&node("node=z")), AisError::TryAgain);
    assert_eq!(
        fixture.repo.class_create_prepare(&class).unwrap_err().error,
        AisError::Busy
    );
    assert_eq!(
        fixture.repo.class_delete_prepare("Node").unwrap_err().error,
        AisError::Busy
    );
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    assert_eq!(
        fixture.repo.ccb_stored_changes(ccb).unwrap_err().error,
        AisError::TryAgain
    );
    store_all(&fixture, &mut store);
    store.write(prepared.stored());
    fixture.repo.make_visible(prepared);
    fixture.check();
    let changes = fixture.repo.ccb_stored_changes(ccb).unwrap();
    store.write(&changes);
    fixture.repo.ccb_make_visible(ccb);
    fixture.check();
    for name in ["node=a", "node=d,node=c,node=a", "node=x"] {
        assert_eq!(fixture.number(name, "more"), Some(9), "{name}");
        assert_eq!(fixture.object(name).attr("empty").unwrap().values, []);
    }
    assert_eq!(fixture.number("node=a", "size"), Some(8));
    fixture.commit(&[
        replace("node=b", u32s("more", &[1])),
        replace("node=b", strings("empty", &["x"])),
    ]);
    fixture.repo = store.restore();
    let oi = fixture.implementer("nodes");
    fixture.repo.class_implementer_set(oi, "Node").unwrap();
    assert_eq!(fixture.number("node=x", "more"), Some(9));
    assert_eq!(fixture.number("node=x", "seen"), Some(4));
    assert_eq!(fixture.number("node=a", "size"), Some(8));
    assert_eq!(fixture.number("node=a", "must"), Some(7));
}

/// Puts the nodes of the fixture into the store, as their commits did.
fn store_all(fixture: &Fixture, store: &mut Store) {
    use ais::{AttrChoice, Scope};
    let params = immd_repository::SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: None,
        attrs: AttrChoice::None,
    };
    for body in fixture
        .repo
        .search(&params, crate::fixture::NOW)
        .unwrap()
        .bodies()
    {
        store.objects.insert(body.id(), crate::store::stored(&body));
    }
}

#[test]
fn open_ccbs_are_aborted_where_their_checks_no_longer_hold() {
    let interfering = [
        flags("tags", |f| f | F::NOTIFY),
        flags("where", |f| f | F::NO_DANGLING),
        flags("admin", |f| (f - F::PERSISTENT) | F::CACHED),
        flags("size", |f| f | F::STRONG_DEFAULT),
    ];
    for class in interfering {
        let mut fixture = allowed();
        let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[8]))]);
        let elsewhere = fixture.ccb_with(&[create("Link", "link=x", vec![])]);
        alter(&mut fixture, &class).unwrap();
        assert_eq!(fixture.repo.ccb_state(ccb), Some(CcbState::Aborted));
        let text = fixture.repo.ccb_error_strings(ccb).remove(0);
        assert!(text.starts_with("IMM: Resource abort: class 'Node'"), "{text}");
        assert_eq!(fixture.repo.ccb_state(elsewhere), Some(CcbState::Open));
    }
    let mut fixture = allowed();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[8])), node("node=x")]);
    alter(&mut fixture, &node_with(with_default("more", CONFIG, 9))).unwrap();
    fixture.run(ccb, &replace("node=x", u32s("more", &[2]))).unwrap();
    fixture.apply(ccb).unwrap();
    assert_eq!(fixture.number("node=x", "more"), Some(2));
}

#[test]
fn what_is_on_its_way_to_the_store_comes_first() {
    let more = node_with(with_default("more", CONFIG, 9));
    let mut fixture = allowed();
    let ccb = fixture.ccb_with(&[replace("node=a", u32s("size", &[8]))]);
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    fixture.repo.ccb_stored_changes(ccb).unwrap();
    assert_eq!(alter(&mut fixture, &more).unwrap_err().error, AisError::TryAgain);
    fixture.repo.ccb_make_visible(ccb);
    let oi = fixture.node_implementer();
    let admin = fixture
        .repo
        .runtime_prepare(oi, &[replace("node=a", u32s("admin", &[3]))]);
    assert_eq!(alter(&mut fixture, &more).unwrap_err().error, AisError::TryAgain);
    fixture.repo.make_visible(admin.prepared);
    let record = [create("Record", "record=r", vec![])];
    let born = fixture.repo.runtime_prepare(oi, &record);
    let records = with(def("Record"), with_default("more", F::RUNTIME | F::PERSISTENT, 2));
    assert_eq!(
        alter(&mut fixture, &records).unwrap_err().error,
        AisError::TryAgain
    );
    fixture.repo.make_visible(born.prepared);
    let changed = fixture.repo.class_create_prepare(&records).unwrap();
    let value = [replace("record=r", u32s("value", &[1]))];
    assert_eq!(fixture.update(oi, &value), Err(AisError::TryAgain));
    assert_eq!(
        fixture.update(oi, &[create("Record", "record=s", vec![])]),
        Err(AisError::TryAgain)
    );
    fixture.repo.discard(changed);
    fixture.update(oi, &value).unwrap();
    assert_eq!(alter(&mut fixture, &records), Ok(()));
    assert_eq!(fixture.number("record=r", "more"), Some(2));
    assert_eq!(alter(&mut fixture, &more), Ok(()));
}

#[test]
fn a_runtime_class_may_stop_to_survive_a_restart() {
    let mut fixture = allowed();
    let oi = fixture.implementer("oi");
    let records = ["record=r", "record=s,record=r"].map(|name| create("Record", name, vec![]));
    fixture.update(oi, &records).unwrap();
    let mut fleeting = def("Record");
    for attr in &mut fleeting.attrs {
        attr.flags = (attr.flags - F::PERSISTENT) | F::CACHED;
    }
    fixture.commit(&[replace("node=a", names("peer", &["record=r"]))]);
    assert_eq!(alter(&mut fixture, &fleeting).unwrap_err().error, AisError::Exist);
    fixture.commit(&[replace("node=a", names("peer", &[]))]);
    let prepared = fixture.repo.class_create_prepare(&fleeting).unwrap();
    let gone = prepared
        .stored()
        .iter()
        .filter(|c| matches!(c, StoredChange::Delete { .. }));
    assert_eq!(gone.count(), 2, "the store forgets the instances");
    fixture.repo.make_visible(prepared);
    fixture.check();
    assert!(fixture.exists("record=s,record=r"));
    fixture.update(oi, &[delete("record=r")]).unwrap();
}

#[test]
fn readers_keep_what_they_found() {
    let mut fixture = allowed();
    let params = immd_repository::SearchParams {
        root: None,
        scope: ais::Scope::Subtree,
        filter: None,
        attrs: ais::AttrChoice::All,
    };
    let mut snapshot = fixture.repo.search(&params, crate::fixture::NOW).unwrap();
    alter(&mut fixture, &node_with(with_default("more", CONFIG, 9))).unwrap();
    let read = fixture
        .repo
        .search_next(&mut snapshot, crate::fixture::NOW)
        .unwrap();
    assert_eq!(read.object.attr("more"), None);
    assert_eq!(read.object.value("size"), Some(&Value::Uint32(5)));
}
