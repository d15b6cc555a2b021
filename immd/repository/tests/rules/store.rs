//! What the store is told is enough to come back.

use std::collections::BTreeMap;
use std::sync::Arc;

use ais::{AisError, AttrChoice, ClassDef, Value};
use immd_repository::{ClassId, ObjectBody, ObjectId, Repository, StoredChange, StoredObject};

use crate::fixture::{Fixture, NOW, classes, create, delete, dn, node, replace, task, u32s};

/// A store as simple as can be.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) classes: BTreeMap<ClassId, ClassDef>,
    pub(crate) objects: BTreeMap<ObjectId, StoredObject>,
}

impl Store {
    pub(crate) fn write(&mut self, changes: &[StoredChange]) {
        for change in changes {
            match change {
                StoredChange::PutClass { id, class } => {
                    self.classes.insert(*id, class.clone());
                }
                StoredChange::DeleteClass { id, .. } => {
                    self.classes.remove(id).expect("the class is stored");
                }
                StoredChange::Put { before, after } => {
                    let old = self.objects.insert(after.id(), stored(after));
                    assert_eq!(old.is_some(), before.is_some(), "{}", after.dn());
                }
                StoredChange::Delete { before } => {
                    self.objects.remove(&before.id()).expect("the object is stored");
                }
            }
        }
    }

    pub(crate) fn restore(&self) -> Repository {
        let mut repo = Repository::new();
        for (id, class) in &self.classes {
            repo.restore_class(*id, class.clone()).unwrap();
        }
        for object in self.objects.values() {
            repo.restore_object(object.clone()).unwrap();
        }
        repo.restore_finish().unwrap();
        assert_eq!(repo.check_invariants(), Vec::<String>::new());
        repo
    }
}

pub(crate) fn stored(body: &ObjectBody) -> StoredObject {
    StoredObject {
        id: body.id(),
        dn: body.dn().clone(),
        class: body.class().id(),
        values: body
            .stored_values()
            .map(|(at, values)| (at, values.to_vec()))
            .collect(),
        implementer: body.stored_implementer().map(Arc::from),
    }
}

#[test]
fn a_restored_model_is_the_same() {
    let mut store = Store::default();
    let mut repo = Repository::new();
    let loaded = repo.load_prepare(&classes(), &[]).unwrap();
    store.write(loaded.stored());
    repo.make_visible(loaded);
    let me = repo.admin_owner_initialize("me", false).unwrap();
    let mut fixture = Fixture { repo, me };
    let oi = fixture.node_implementer();
    let ccb = fixture.ccb_with(&[node("node=b,node=a")][..0]);
    for operation in [
        node("node=a"),
        node("node=b,node=a"),
        replace("node=a", u32s("size", &[])),
    ] {
        fixture.repo.ccb_operation(ccb, &operation).unwrap();
    }
    fixture.repo.ccb_prepare(ccb).unwrap();
    fixture.repo.ccb_validated(ccb).unwrap();
    store.write(&fixture.repo.ccb_stored_changes(ccb).unwrap());
    fixture.repo.ccb_make_visible(ccb);
    let change = fixture.repo.runtime_prepare(
        oi,
        &[
            create("Record", "record=r", vec![u32s("seen", &[9])]),
            task("task=t", 1),
            replace("node=a", u32s("state", &[5])),
            replace("node=a", u32s("admin", &[6])),
        ],
    );
    store.write(change.prepared.stored());
    fixture.repo.make_visible(change.prepared);
    let gone = fixture.repo.class_delete_prepare("Link").unwrap();
    store.write(gone.stored());
    fixture.repo.make_visible(gone);

    let mut repo = store.restore();
    let counters = fixture.repo.counters();
    repo.restore_counters(counters);
    assert_eq!(repo.counters(), counters);
    assert_eq!(repo.class_names(), ["Node", "Task", "Record"]);
    let me = repo.admin_owner_initialize("me", false).unwrap();
    let mut fixture = Fixture { repo, me };
    assert_eq!(fixture.repo.object_count(), 3);
    fixture.node_implementer();
    assert_eq!(fixture.number("node=a", "size"), None, "empty is not the default");
    assert_eq!(
        fixture.number("node=a", "state"),
        Some(1),
        "cached only: the default again"
    );
    assert_eq!(fixture.number("node=a", "admin"), Some(6));
    assert_eq!(fixture.number("record=r", "seen"), Some(0));
    let record = fixture.object("record=r");
    assert_eq!(
        record.value("SaImmAttrImplementerName"),
        Some(&Value::String("nodes".into()))
    );
    fixture.own("node=a", ais::Scope::Subtree).unwrap();
    fixture.commit(&[delete("node=a")]);
}

#[test]
fn nonsense_in_the_store_is_named() {
    let store = |objects: Vec<StoredObject>| {
        let mut repo = Repository::new();
        repo.restore_class(ClassId(3), classes().remove(1)).unwrap();
        for object in objects {
            repo.restore_object(object)?;
        }
        repo.restore_finish()
    };
    let object = |id: u64, name: &str| StoredObject {
        id: ObjectId(id),
        dn: dn(name),
        class: ClassId(3),
        values: vec![],
        implementer: None,
    };
    assert!(store(vec![object(2, "link=b,link=a"), object(1, "link=a")]).is_ok());
    let cases = [
        vec![StoredObject {
            class: ClassId(9),
            ..object(1, "link=a")
        }],
        vec![StoredObject {
            values: vec![(7, vec![])],
            ..object(1, "link=a")
        }],
        vec![object(1, "link=b,link=a")],
        vec![object(1, "link=a"), object(1, "link=b")],
        vec![object(1, "link=a"), object(2, "link=a")],
    ];
    for objects in cases {
        let refusal = store(objects).unwrap_err();
        assert_eq!(refusal.error, AisError::Library);
        assert!(refusal.text.contains("store"), "{refusal}");
    }
    let mut repo = Repository::new();
    repo.restore_class(ClassId(3), classes().remove(1)).unwrap();
    assert!(repo.restore_class(ClassId(4), classes().remove(1)).is_err());
    assert!(repo.get(&dn("link=a"), &AttrChoice::None, NOW).is_err());
}
