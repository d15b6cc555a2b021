//! The special appliers, which are told of changes of NOTIFY attributes.

use ais::{Attr, AttrFlags, AttrModification, CcbOperation, ClassCategory, Value, ValueType};
use immd_repository::{ImplementerCall, ImplementerId};

use crate::fixture::{Fixture, NOW, attr, class, create, delete, replace, strings, u32s};

/// `Lamp` (configuration) and `Flash` (runtime), each with an attribute that is told and one that is not; `Dark` has
/// none that is told.
fn fixture() -> Fixture {
    use AttrFlags as F;
    let config = F::CONFIG | F::WRITABLE;
    let runtime = F::RUNTIME | F::CACHED;
    let classes = [
        class(
            "Lamp",
            ClassCategory::Config,
            vec![
                attr("lamp", ValueType::String, F::CONFIG | F::RDN),
                attr("watts", ValueType::Uint32, config | F::NOTIFY),
                attr("place", ValueType::String, config),
                attr("lit", ValueType::Uint32, runtime | F::NOTIFY),
                attr("warm", ValueType::Uint32, runtime),
            ],
        ),
        class(
            "Flash",
            ClassCategory::Runtime,
            vec![
                attr("flash", ValueType::String, runtime | F::RDN),
                attr("count", ValueType::Uint32, runtime | F::NOTIFY),
            ],
        ),
        class(
            "Dark",
            ClassCategory::Config,
            vec![attr("dark", ValueType::String, F::CONFIG | F::RDN)],
        ),
    ];
    let mut fixture = Fixture::new();
    let loaded = fixture.repo.load_prepare(&classes, &[]).unwrap();
    fixture.repo.make_visible(loaded);
    fixture
}

/// What an operation says, in one line.
fn line(operation: &CcbOperation) -> String {
    let text = |value: &Value| match (value.as_u32(), value.as_str()) {
        (Some(number), _) => number.to_string(),
        (None, text) => text.unwrap_or_default().to_owned(),
    };
    let attr = |attr: &Attr| {
        let values: Vec<String> = attr.values.iter().map(text).collect();
        format!("{}={}", attr.name, values.join(":"))
    };
    match operation {
        CcbOperation::Create { class, dn, attrs } => {
            let attrs: Vec<String> = attrs.iter().map(attr).collect();
            format!("create {class} {dn} {}", attrs.join(" "))
        }
        CcbOperation::Modify { dn, changes } => {
            let change = |change: &AttrModification| attr(&change.attr);
            let changes: Vec<String> = changes.iter().map(change).collect();
            format!("modify {dn} {}", changes.join(" "))
        }
        CcbOperation::Delete { dn } => format!("delete {dn}"),
    }
}

fn told(calls: &[ImplementerCall], whom: ImplementerId) -> Vec<String> {
    assert!(calls.iter().all(|call| call.implementer == whom));
    calls.iter().map(|call| line(&call.operation)).collect()
}

fn lamp(name: &str) -> CcbOperation {
    create(
        "Lamp",
        name,
        vec![u32s("watts", &[60]), strings("place", &["hall"])],
    )
}

#[test]
fn a_ccb_tells_what_is_flagged_and_whose_it_is() {
    let mut fixture = fixture();
    let special = fixture.implementer("@OpenSafImmReplicatorA");
    let done = fixture.commit(&[
        lamp("lamp=a"),
        create("Dark", "dark=a", vec![]),
        replace("lamp=a", u32s("watts", &[40])),
    ]);
    assert_eq!(
        told(&done.appliers, special),
        [
            "create Lamp lamp=a lamp=lamp=a watts=60 SaImmAttrClassName=Lamp SaImmAttrAdminOwnerName=me",
            "modify lamp=a watts=40 SaImmAttrClassName=Lamp",
        ]
    );
    let done = fixture.commit(&[
        replace("lamp=a", strings("place", &["stairs"])),
        replace("lamp=a", u32s("watts", &[25])),
        replace("lamp=a", u32s("watts", &[15])),
    ]);
    assert_eq!(
        told(&done.appliers, special),
        [
            "modify lamp=a watts=25 SaImmAttrClassName=Lamp SaImmAttrAdminOwnerName=me",
            "modify lamp=a watts=15 SaImmAttrClassName=Lamp",
        ]
    );
    fixture.commit(&[lamp("lamp=b,lamp=a")]);
    let done = fixture.commit(&[delete("lamp=a"), delete("dark=a")]);
    let mut lines = told(&done.appliers, special);
    assert_eq!(lines.remove(0), "modify lamp=a SaImmAttrAdminOwnerName=me");
    assert_eq!(lines, ["delete lamp=a", "delete lamp=b,lamp=a"]);
    assert_eq!(fixture.repo.take_notices(), []);
}

#[test]
fn runtime_data_is_told_with_its_implementer() {
    let mut fixture = fixture();
    let special = fixture.implementer("@OpenSafImmReplicatorB");
    fixture.commit(&[lamp("lamp=a")]);
    let oi = fixture.implementer("oi");
    fixture.repo.class_implementer_set(oi, "Lamp").unwrap();
    fixture
        .update(
            oi,
            &[
                create("Flash", "flash=f", vec![u32s("count", &[1])]),
                replace("lamp=a", u32s("lit", &[1])),
                replace("lamp=a", u32s("warm", &[1])),
            ],
        )
        .unwrap();
    assert_eq!(
        told(&fixture.repo.take_notices(), special),
        [
            "create Flash flash=f flash=flash=f count=1 SaImmAttrClassName=Flash SaImmAttrImplementerName=oi",
            "modify lamp=a lit=1 SaImmAttrClassName=Lamp SaImmAttrImplementerName=oi",
        ]
    );
    fixture
        .update(oi, &[replace("lamp=a", u32s("warm", &[2]))])
        .unwrap();
    assert_eq!(fixture.repo.take_notices(), []);
    fixture.update(oi, &[delete("flash=f")]).unwrap();
    assert_eq!(told(&fixture.repo.take_notices(), special), ["delete flash=f"]);
}

#[test]
fn one_of_both_is_served_and_nobody_where_none_is_attached() {
    let mut fixture = fixture();
    let second = fixture.implementer("@OpenSafImmReplicatorB");
    let first = fixture.implementer("@OpenSafImmReplicatorA");
    // What it would be told as an ordinary applier it is not told twice.
    fixture.repo.class_implementer_set(first, "Lamp").unwrap();
    let done = fixture.commit(&[lamp("lamp=a")]);
    assert_eq!(told(&done.appliers, first).len(), 1);
    fixture.repo.implementer_finalize(first, NOW);
    let done = fixture.commit(&[lamp("lamp=b")]);
    assert_eq!(told(&done.appliers, second).len(), 1);
    fixture.repo.implementer_finalize(second, NOW);
    assert_eq!(fixture.commit(&[lamp("lamp=c")]).appliers, []);
}
