//! Models that are broken in the store, in every way that one object can be: what is broken is told, and the application
//! beside it is served as if nothing were wrong.

use ais::{Attr, Dn, Value};
use amfd_director_engine::ModelChange;

use crate::world::World;

/// The application A, which is broken, and B, which is not, on the same nodes.
const CLUSTER: &[&str] = &[
    "quiet",
    "node N1",
    "node N2",
    "sg H model=2N app=B",
    "su SU5 node=N1",
    "su SU6 node=N2",
    "si x csis=2",
    "si y",
    "sg G model=N-way",
    "su SU1 node=N1 rank=1 comps=2",
    "su SU2 node=N2 rank=2 comps=2",
    "si a rank=1 csis=2",
    "si b rank=2",
    "ranked a SU2 SU1",
    "depend b on=a tolerance=1000",
];

const NOWHERE: &str = "safSmf=nowhere";

fn world() -> World {
    let mut world = World::default();
    for line in CLUSTER {
        world.command(line).unwrap();
    }
    world
}

/// Whether only the application A can miss the object.
fn is_of_a(dn: &Dn) -> bool {
    dn.as_str().ends_with("safApp=A") || dn.as_str() == "safVersion=G,safSgType=sg"
}

/// What an attribute may be instead of what it is.
fn corrupt(attr: &Attr) -> Vec<Attr> {
    let with = |value| Attr::single(&attr.name, value);
    let empty = Attr {
        values: Vec::new(),
        ..attr.clone()
    };
    let mut all = vec![empty, with(Value::String("?".to_owned()))];
    match attr.values.first() {
        Some(Value::Name(_)) => {
            all.push(with(Value::Name(NOWHERE.to_owned())));
            all.push(with(Value::Name(String::new())));
            all.push(with(Value::Name("safApp=A".to_owned())));
        }
        Some(Value::Uint32(_)) => all.extend([0, 3, 99, u32::MAX].map(|number| with(Value::Uint32(number)))),
        Some(Value::Time(_)) => all.extend([-1, i64::MAX].map(|time| with(Value::Time(time)))),
        _ => {}
    }
    all
}

/// Every model with one object of the application A broken, with words for what was done.
fn broken() -> Vec<(String, Vec<ModelChange>)> {
    let whole = world().objects_mut().clone();
    let mut all = Vec::new();
    for (at, object) in whole.iter().enumerate() {
        let ModelChange::Create { class, dn, attrs } = object else {
            continue;
        };
        if !is_of_a(dn) {
            continue;
        }
        let mut without = whole.clone();
        without.remove(at);
        all.push((format!("{dn} is missing"), without));
        for (position, attr) in attrs.iter().enumerate() {
            for other in corrupt(attr) {
                let mut changed = attrs.clone();
                let what = format!("{dn}: {} is {:?}", other.name, other.values);
                changed[position] = other;
                let mut objects = whole.clone();
                objects[at] = ModelChange::Create {
                    class: class.clone(),
                    dn: dn.clone(),
                    attrs: changed,
                };
                all.push((what, objects));
            }
        }
    }
    all
}

#[test]
fn whatever_is_broken_in_one_application_is_told_and_the_other_is_served() {
    let all = broken();
    assert!(all.len() > 100, "only {} broken models", all.len());
    for (what, objects) in all {
        let mut world = world();
        *world.objects_mut() = objects;
        for line in ["start", "up N1 N2", "settle", "wait 20000", "settle"] {
            world.command(line).unwrap();
        }
        for si in ["x", "y"] {
            assert_eq!(world.state_of(si), Some(2), "{what}: {si}: {}", world.explain(si));
        }
        let told = world.problems();
        assert!(
            !what.contains(NOWHERE) || told.iter().any(|text| text.contains(NOWHERE)),
            "{what} is not told: {told:?}"
        );
    }
}
