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

#[test]
fn a_filter_on_what_only_implementers_know_is_tested_with_them() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    fixture
        .update(oi, &[task("task=t,node=a", 1), task("task=u", 2)])
        .unwrap();
    let params = SearchParams {
        attrs: AttrChoice::Some(vec!["phase".into()]),
        ..by("progress", Some(Value::Uint32(7)))
    };
    let mut snapshot = fixture.repo.search(&params, NOW).unwrap();
    assert_eq!(snapshot.len(), 2, "nodes have no such attribute");
    let mut passed = Vec::new();
    for value in [7, 8] {
        let mut read = fixture.repo.search_next(&mut snapshot, NOW).unwrap();
        let test = read.test.take().unwrap();
        assert_eq!(read.fetch.as_ref().unwrap().names, ["progress"]);
        let object = read.complete(vec![u32s("progress", &[value])]).unwrap();
        passed.extend(test.passed(object));
    }
    assert_eq!(passed.len(), 1);
    assert_eq!(passed[0].dn, dn("task=t,node=a"));
    assert!(passed[0].attr("progress").is_none(), "it was not asked for");
    assert!(passed[0].attr("phase").is_some());
    // Existence, and the attribute itself is wanted.
    let mut snapshot = fixture.repo.search(&by("load", None), NOW).unwrap();
    let mut read = fixture.repo.search_next(&mut snapshot, NOW).unwrap();
    let test = read.test.take().unwrap();
    let object = read.complete(vec![u32s("load", &[1])]).unwrap();
    assert!(
        test.clone()
            .passed(object.clone())
            .is_some_and(|o| o.value("load").is_some())
    );
    let empty = ais::Object {
        attrs: vec![u32s("load", &[])],
        ..object
    };
    assert!(test.passed(empty).is_none());
    // Where the implementer has gone, before the search or during it, there is no value.
    fixture.repo.implementer_finalize(oi, NOW);
    assert!(fixture.repo.search_next(&mut snapshot, NOW).is_none());
    assert!(fixture.repo.search(&by("load", None), NOW).unwrap().is_empty());
}

#[test]
fn dependents_are_those_that_refer_with_no_dangling() {
    use crate::fixture::names;
    let mut fixture = Fixture::with_nodes();
    fixture.commit(&[
        replace("node=a", names("peer", &["node=b", "node=a"])),
        replace("node=d,node=c,node=a", names("peer", &["node=b"])),
        replace("node=c,node=a", names("where", &["node=b"])),
    ]);
    let search = |fixture: &Fixture, params: &SearchParams, target: &str| {
        let snapshot = fixture.repo.search_dependents(params, &dn(target));
        snapshot
            .map(|found| rest(fixture, found))
            .map_err(|refusal| refusal.error)
    };
    let all = params(None, Scope::Subtree);
    let both = ["node=a", "node=d,node=c,node=a"].map(str::to_owned);
    assert_eq!(search(&fixture, &all, "node=b"), Ok(both.to_vec()));
    assert_eq!(search(&fixture, &all, "node=a"), Ok(both[..1].to_vec()));
    assert_eq!(search(&fixture, &all, "node=c,node=a"), Ok(vec![]));
    let below = params(Some("node=c,node=a"), Scope::Subtree);
    assert_eq!(search(&fixture, &below, "node=b"), Ok(both[1..].to_vec()));
    let beside = params(Some("node=a"), Scope::Sublevel);
    assert_eq!(search(&fixture, &beside, "node=b"), Ok(both[..1].to_vec()));
    assert_eq!(
        search(&fixture, &params(None, Scope::Sublevel), "node=b"),
        Ok(both[..1].to_vec())
    );
    assert_eq!(search(&fixture, &all, "node=x"), Err(AisError::InvalidParam));
    let filtered = by("size", None);
    assert_eq!(search(&fixture, &filtered, "node=b"), Err(AisError::InvalidParam));
    assert_eq!(
        search(&fixture, &params(Some("node=x"), Scope::Subtree), "node=b"),
        Err(AisError::NotExist)
    );
    let one = params(None, Scope::One);
    assert_eq!(search(&fixture, &one, "node=b"), Err(AisError::InvalidParam));
    // What a CCB has not committed does not count.
    let ccb = fixture.ccb_with(&[replace("node=b", names("peer", &["node=b"]))]);
    assert_eq!(search(&fixture, &all, "node=b"), Ok(both.to_vec()));
    fixture.apply(ccb).unwrap();
    assert_eq!(search(&fixture, &all, "node=b").unwrap().len(), 3);
}
