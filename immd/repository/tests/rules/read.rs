use ais::{AisError, Attr, AttrChoice, Millis, Value};
use immd_repository::{DETACH_GRACE, Fetch};

use crate::fixture::{Fixture, NOW, create, dn, replace, strings, u32s};

fn names_of(fixture: &Fixture, name: &str, choice: &AttrChoice) -> Vec<String> {
    let read = fixture.repo.get(&dn(name), choice, NOW).unwrap();
    read.object.attrs.into_iter().map(|attr| attr.name).collect()
}

#[test]
fn choices_choose() {
    let mut fixture = Fixture::with_nodes();
    let oi = fixture.node_implementer();
    fixture
        .update(oi, &[create("Record", "record=r", vec![])])
        .unwrap();
    let all = names_of(&fixture, "node=a", &AttrChoice::All);
    assert_eq!(
        all,
        [
            "where",
            "tags",
            "strong",
            "state",
            "size",
            "peer",
            "node",
            "must",
            "load",
            "fixed",
            "admin",
            "SaImmAttrImplementerName",
            "SaImmAttrClassName",
            "SaImmAttrAdminOwnerName"
        ]
    );
    let config = names_of(&fixture, "node=a", &AttrChoice::Config);
    assert_eq!(config.len(), all.len() - 3);
    let persistent = names_of(&fixture, "node=a", &AttrChoice::Persistent);
    assert_eq!(persistent.len(), all.len() - 2);
    assert_eq!(names_of(&fixture, "node=a", &AttrChoice::None), [""; 0]);
    assert_eq!(names_of(&fixture, "record=r", &AttrChoice::Config), [""; 0]);
    assert_eq!(names_of(&fixture, "record=r", &AttrChoice::Persistent).len(), 5);
    let some = AttrChoice::Some(vec!["size".into(), "SaImmAttrClassName".into()]);
    assert_eq!(
        names_of(&fixture, "node=a", &some),
        ["size", "SaImmAttrClassName"]
    );
    let unknown = AttrChoice::Some(vec!["size".into(), "nothing".into()]);
    let code = |name: &str, choice| fixture.repo.get(&dn(name), choice, NOW).unwrap_err().error;
    assert_eq!(code("node=a", &unknown), AisError::NotExist);
    assert_eq!(code("node=x", &AttrChoice::All), AisError::NotExist);
}

#[test]
fn cached_values_stay_for_the_grace_time() {
    let mut fixture = Fixture::with_nodes();
    let see = |fixture: &Fixture, attr: &str, now| {
        let read = fixture.repo.get(&dn("node=a"), &AttrChoice::All, now).unwrap();
        read.object.value(attr).and_then(Value::as_u32)
    };
    assert_eq!(see(&fixture, "state", NOW), None, "nobody vouches for it");
    assert_eq!(see(&fixture, "admin", NOW), Some(1));
    let oi = fixture.node_implementer();
    assert_eq!(see(&fixture, "state", NOW), Some(1));
    fixture
        .update(oi, &[replace("node=a", u32s("state", &[4]))])
        .unwrap();
    fixture.repo.implementer_finalize(oi, NOW);
    let almost = NOW.after(Millis(DETACH_GRACE.0 - 1));
    assert_eq!(see(&fixture, "state", almost), Some(4));
    assert_eq!(see(&fixture, "state", NOW.after(DETACH_GRACE)), None);
    assert_eq!(see(&fixture, "admin", NOW.after(DETACH_GRACE)), Some(1));
    fixture.node_implementer();
    assert_eq!(see(&fixture, "state", NOW.after(DETACH_GRACE)), Some(4));
}

#[test]
fn pure_runtime_attributes_are_fetched() {
    let mut fixture = Fixture::with_nodes();
    let read = |fixture: &Fixture, choice: &AttrChoice| fixture.repo.get(&dn("node=a"), choice, NOW).unwrap();
    assert_eq!(
        read(&fixture, &AttrChoice::All).fetch,
        None,
        "there is nobody to ask"
    );
    let oi = fixture.node_implementer();
    let fetch = Some(Fetch {
        implementer: oi,
        names: vec!["load".into()],
    });
    let all = read(&fixture, &AttrChoice::All);
    assert_eq!(all.fetch, fetch);
    assert_eq!(
        read(&fixture, &AttrChoice::Some(vec!["load".into()])).fetch,
        fetch
    );
    for choice in [
        AttrChoice::Config,
        AttrChoice::Persistent,
        AttrChoice::Some(vec!["state".into()]),
    ] {
        assert_eq!(read(&fixture, &choice).fetch, None, "{choice:?}");
    }
    let whole = all
        .clone()
        .complete(vec![u32s("load", &[42]), u32s("size", &[1])])
        .unwrap();
    assert_eq!(whole.value("load"), Some(&Value::Uint32(42)));
    assert_eq!(whole.value("size"), Some(&Value::Uint32(5)), "not asked for");
    let wrong: Vec<Attr> = vec![strings("load", &["42"])];
    assert_eq!(all.complete(wrong).unwrap_err().error, AisError::Library);
}
