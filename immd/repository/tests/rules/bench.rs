//! Figures, not tests: `cargo test --release -p immd-repository --test rules bench -- --ignored --nocapture`.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "measures time and memory and prints them"
)]

use std::time::Instant;

use ais::{AttrChoice, CcbOperation, Scope, Value};
use immd_repository::{ClassId, NewObject, ObjectId, Repository, SearchParams, StoredObject};

use crate::fixture::{Fixture, NOW, classes, dn, node, replace, u32s};

fn timed<T>(what: &str, count: usize, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let result = work();
    let took = begin.elapsed();
    let each = took.as_nanos() / count.max(1) as u128;
    println!("{what}: {} ms, {each} ns each", took.as_millis());
    result
}

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<usize> = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

/// 1,000 groups of equal size, in the order of their creation.
fn names(count: usize) -> impl Iterator<Item = String> {
    let below = count / 1000;
    (0..1000).flat_map(move |group| {
        let top = format!("node=group{group}");
        let rest = (1..below).map(move |n| format!("node=object{n},node=group{group}"));
        std::iter::once(top).chain(rest)
    })
}

/// As in the store: five attributes with values.
fn stored(count: usize) -> impl Iterator<Item = StoredObject> {
    names(count).zip(1..).map(|(name, id)| StoredObject {
        id: ObjectId(id),
        dn: dn(&name),
        class: ClassId(0),
        values: vec![
            (1, vec![Value::Uint32(5)]),
            (2, vec![Value::String("a tag".into())]),
            (3, vec![Value::Uint32(7)]),
            (5, vec![Value::Uint32(3)]),
            (9, vec![Value::Uint32(1)]),
        ],
        implementer: None,
    })
}

fn restored(objects: impl Iterator<Item = StoredObject>) -> Repository {
    let mut repo = Repository::new();
    for (id, class) in (0..).zip(classes()) {
        repo.restore_class(ClassId(id), class)
            .expect("the class is sound");
    }
    for object in objects {
        repo.restore_object(object).expect("the object is sound");
    }
    repo.restore_finish().expect("the objects have parents");
    repo
}

#[test]
#[ignore = "prints figures"]
fn restore_and_search_a_million() {
    const COUNT: usize = 1_000_000;
    let before = resident_bytes();
    let repo = restored(stored(COUNT));
    println!(
        "{} bytes resident, an object",
        (resident_bytes() - before) / COUNT
    );
    let objects: Vec<StoredObject> = stored(COUNT).collect();
    timed("restore", COUNT, || restored(objects.into_iter()));
    let all = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: None,
        attrs: AttrChoice::All,
    };
    let of_class = SearchParams {
        filter: Some(("SaImmAttrClassName".into(), Some(Value::String("Node".into())))),
        ..all.clone()
    };
    let below = SearchParams {
        root: Some(dn("node=group7")),
        ..all.clone()
    };
    let snapshot = timed("search all", COUNT, || repo.search(&all, NOW).unwrap());
    assert_eq!(snapshot.len(), COUNT);
    drop(snapshot);
    timed("search by class", COUNT, || repo.search(&of_class, NOW).unwrap());
    let mut snapshot = timed("search a subtree", 1000, || repo.search(&below, NOW).unwrap());
    timed("read a page", 1000, || {
        while repo.search_next(&mut snapshot, NOW).is_some() {}
    });
    timed("get", 1, || {
        repo.get(&dn("node=object9,node=group9"), &AttrChoice::All, NOW)
            .unwrap()
    });
}

#[test]
#[ignore = "prints figures"]
fn load_and_change_a_hundred_thousand() {
    const COUNT: usize = 100_000;
    let objects: Vec<NewObject> = names(COUNT)
        .map(|name| NewObject {
            class: "Node".into(),
            dn: dn(&name),
            attrs: vec![u32s("must", &[7])],
        })
        .collect();
    let mut fixture = Fixture::new();
    let loaded = timed("load, prepare", COUNT, || {
        fixture.repo.load_prepare(&[], &objects).unwrap()
    });
    timed("load, make visible", COUNT, || fixture.repo.make_visible(loaded));
    fixture.own("node=group1", Scope::Subtree).unwrap();
    timed("one CCB each", 1000, || {
        for n in 0..1000 {
            fast_commit(&mut fixture, &[node(&format!("node=new{n},node=group1"))]);
        }
    });
    let changes: Vec<CcbOperation> = (0..1000)
        .map(|n| replace(&format!("node=new{n},node=group1"), u32s("size", &[n])))
        .collect();
    timed("one CCB for all", 1000, || fast_commit(&mut fixture, &changes));
    let oi = fixture.repo.implementer_initialize(false);
    fixture.repo.implementer_set(oi, "nodes").unwrap();
    fixture.repo.class_implementer_set(oi, "Node").unwrap();
    let updates: Vec<CcbOperation> = (0..1000)
        .map(|n| replace(&format!("node=new{n},node=group1"), u32s("state", &[n])))
        .collect();
    timed("runtime updates", 1000, || {
        let change = fixture.repo.runtime_prepare(oi, &updates);
        fixture.repo.make_visible(change.prepared);
    });
    fixture.check();
}

/// Without the costly check of the whole.
fn fast_commit(fixture: &mut Fixture, operations: &[CcbOperation]) {
    let ccb = fixture.ccb_with(operations);
    fixture.repo.ccb_prepare(ccb).expect("nothing dangles");
    fixture.repo.ccb_validated(ccb).expect("nobody was asked");
    fixture
        .repo
        .ccb_stored_changes(ccb)
        .expect("nothing is in the way");
    fixture.repo.ccb_make_visible(ccb);
}
