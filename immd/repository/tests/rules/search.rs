use ais::{AisError, AttrChoice, Scope, Value};
use immd_repository::{SearchParams, Snapshot};

use crate::fixture::{Fixture, NOW, create, delete, dn, node, replace, strings, task, u32s};

fn params(root: Option<&str>, scope: Scope) -> SearchParams {
    SearchParams {
        root: root.map(dn),
        scope,
        filter: None,
        attrs: AttrChoice::All,
    }
}

fn by(name: &str, value: Option<Value>) -> SearchParams {
    SearchParams {
        filter: Some((name.into(), value)),
        ..params(None, Scope::Subtree)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a filter has an optional value")]
fn text(text: &str) -> Option<Value> {
    Some(Value::String(text.into()))
}

fn found(fixture: &Fixture, params: &SearchParams) -> Vec<String> {
    rest(fixture, fixture.repo.search(params, NOW).unwrap())
}

fn rest(fixture: &Fixture, mut snapshot: Snapshot) -> Vec<String> {
    let count = snapshot.len();
    let names: Vec<String> = std::iter::from_fn(|| fixture.repo.search_next(&mut snapshot, NOW))
        .map(|read| read.object.dn.to_string())
        .collect();
    assert_eq!(names.len(), count);
    assert!(snapshot.is_empty());
    assert!(names.is_sorted(), "{names:?}");
    names
}

#[test]
fn scope_and_root_limit_it() {
    let fixture = Fixture::with_nodes();
    let all = ["node=a", "node=b", "node=c,node=a", "node=d,node=c,node=a"];
    assert_eq!(found(&fixture, &params(None, Scope::Subtree)), all);
    assert_eq!(found(&fixture, &params(None, Scope::Sublevel)), all[..2]);
    assert_eq!(
        found(&fixture, &params(Some("node=a"), Scope::Sublevel)),
        [all[0], all[2]]
    );
    assert_eq!(
        found(&fixture, &params(Some("node=a"), Scope::Subtree)),
        [all[0], all[2], all[3]]
    );
    assert_eq!(found(&fixture, &params(Some("node=b"), Scope::Subtree)), [all[1]]);
    let code = |params: &SearchParams| fixture.repo.search(params, NOW).unwrap_err().error;
    assert_eq!(code(&params(Some("node=x"), Scope::Subtree)), AisError::NotExist);
    assert_eq!(code(&params(None, Scope::One)), AisError::InvalidParam);
    let none = SearchParams {
        attrs: AttrChoice::Some(vec![]),
        ..params(None, Scope::Subtree)
    };
    assert_eq!(code(&none), AisError::InvalidParam);
}

#[test]
fn filters_match_existence_or_a_value() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    fixture
        .update(oi, &[task("task=t,node=a", 1), task("task=u", 2)])
        .unwrap();
    fixture.commit(&[
        replace("node=b", strings("tags", &["x", "y"])),
        replace("node=b", u32s("size", &[9])),
    ]);
    assert_eq!(found(&fixture, &by("tags", None)), ["node=b"]);
    assert_eq!(found(&fixture, &by("tags", text("y"))), ["node=b"]);
    assert_eq!(found(&fixture, &by("tags", text("z"))), [""; 0]);
    assert_eq!(found(&fixture, &by("size", Some(Value::Uint32(9)))), ["node=b"]);
    assert_eq!(
        found(&fixture, &by("size", Some(Value::Int32(9)))),
        [""; 0],
        "another type is another value"
    );
    assert_eq!(found(&fixture, &by("size", None)).len(), 4);
    assert_eq!(found(&fixture, &by("nothing", None)), [""; 0]);
    assert_eq!(found(&fixture, &by("phase", Some(Value::Uint32(2)))), ["task=u"]);
    assert_eq!(found(&fixture, &by("node", text("node=b"))), ["node=b"]);
    assert_eq!(
        found(&fixture, &by("SaImmAttrClassName", text("Task"))),
        ["task=t,node=a", "task=u"]
    );
    assert_eq!(found(&fixture, &by("SaImmAttrClassName", text("Nope"))), [""; 0]);
    assert_eq!(found(&fixture, &by("SaImmAttrClassName", None)).len(), 6);
    assert_eq!(
        found(&fixture, &by("SaImmAttrAdminOwnerName", text("me"))).len(),
        4
    );
    assert_eq!(
        found(&fixture, &by("SaImmAttrImplementerName", text("nodes"))).len(),
        6
    );
    let below = SearchParams {
        root: Some(dn("node=a")),
        ..by("SaImmAttrClassName", text("Task"))
    };
    assert_eq!(found(&fixture, &below), ["task=t,node=a"]);
    let pure = fixture.repo.search(&by("progress", None), NOW).unwrap_err();
    assert_eq!(pure.error, AisError::NoResources);
    let unknown = SearchParams {
        attrs: AttrChoice::Some(vec!["phase".into()]),
        ..by("SaImmAttrClassName", text("Node"))
    };
    assert_eq!(
        fixture.repo.search(&unknown, NOW).unwrap_err().error,
        AisError::InvalidParam
    );
    let mixed = SearchParams {
        attrs: AttrChoice::Some(vec!["phase".into()]),
        ..params(None, Scope::Subtree)
    };
    assert_eq!(
        found(&fixture, &mixed).len(),
        6,
        "those without it come without it"
    );
}

#[test]
fn both_ways_to_a_class_in_a_subtree_agree() {
    let mut fixture = Fixture::with_nodes();
    let many: Vec<_> = (0..50)
        .map(|n| create("Link", &format!("link=l{n},node=b"), vec![]))
        .collect();
    fixture.commit(&many);
    let of = |class: &str, root: &str| SearchParams {
        root: Some(dn(root)),
        ..by("SaImmAttrClassName", text(class))
    };
    assert_eq!(found(&fixture, &of("Link", "node=b")).len(), 50);
    assert_eq!(found(&fixture, &of("Link", "node=a")).len(), 0);
    assert_eq!(found(&fixture, &of("Node", "node=b")), ["node=b"]);
    assert_eq!(found(&fixture, &of("Node", "node=a")).len(), 3);
}

#[test]
fn a_search_is_a_snapshot() {
    let mut fixture = Fixture::with_nodes();
    let mut snapshot = fixture.repo.search(&params(None, Scope::Subtree), NOW).unwrap();
    let first = fixture.repo.search_next(&mut snapshot, NOW).unwrap();
    assert_eq!(first.object.dn, dn("node=a"));
    fixture.commit(&[
        replace("node=b", u32s("size", &[9])),
        delete("node=a"),
        node("node=e"),
    ]);
    let second = fixture.repo.search_next(&mut snapshot, NOW).unwrap();
    assert_eq!(second.object.value("size"), Some(&Value::Uint32(5)));
    assert_eq!(
        rest(&fixture, snapshot),
        ["node=c,node=a", "node=d,node=c,node=a"]
    );
    assert_eq!(fixture.number("node=b", "size"), Some(9));
}

#[test]
fn a_dump_leaves_out_what_does_not_last() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.implementer("oi");
    fixture
        .update(oi, &[task("task=t", 1), create("Record", "record=r", vec![])])
        .unwrap();
    let dump = SearchParams {
        attrs: AttrChoice::Persistent,
        ..params(None, Scope::Subtree)
    };
    let names = found(&fixture, &dump);
    assert!(names.contains(&"record=r".to_owned()) && !names.contains(&"task=t".to_owned()));
}
