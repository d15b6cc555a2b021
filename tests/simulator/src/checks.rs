//! What must hold: always, and once a healed cluster has settled.

use std::collections::BTreeMap;

use ais::amf::{AssignmentState, OperState, PresenceState, ReadinessState};
use ais::{Attr, Dn, Value, find_attr};

use super::world::World;

/// The rules that hold after every event.
///
/// # Errors
/// The rule that does not hold, with the names.
pub fn check_always(world: &World) -> Result<(), String> {
    one_server_for_each_csi(world)?;
    match &world.director {
        Some(director) => director_engine::check(director),
        None => Ok(()),
    }
}

/// No two processes on nodes that are up are seen serving the same CSI (2N and no-redundancy groups).
fn one_server_for_each_csi(world: &World) -> Result<(), String> {
    let mut servers: BTreeMap<&Dn, &Dn> = BTreeMap::new();
    for place in world.nodes.values() {
        for (comp, process) in &place.processes {
            for csi in process.serving() {
                if let Some(other) = servers.insert(csi, comp) {
                    return Err(format!("{csi} is served by {other} and by {comp}"));
                }
            }
        }
    }
    Ok(())
}

/// What holds when faults have stopped, everything was repaired and unlocked, and time has passed.
///
/// # Errors
/// The rule that does not hold, with the names.
pub fn check_settled(world: &World) -> Result<(), String> {
    if let Some(open) = world.pending.values().next() {
        return Err(format!("{open} was never answered"));
    }
    for su in &world.model.sus {
        expect(world, su, "saAmfSUOperState", OperState::Enabled.code())?;
        expect(
            world,
            su,
            "saAmfSUReadinessState",
            ReadinessState::InService.code(),
        )?;
        if number(world, su, "saAmfSUPreInstantiable") == Some(1) {
            expect(
                world,
                su,
                "saAmfSUPresenceState",
                PresenceState::Instantiated.code(),
            )?;
        }
    }
    for si in &world.model.sis {
        let state = number(world, si, "saAmfSIAssignmentState");
        let alone = sus_of(world, si) < 2;
        let wanted = AssignmentState::FullyAssigned.code();
        if state != Some(wanted) && !(alone && state == Some(AssignmentState::PartiallyAssigned.code())) {
            return Err(format!(
                "{si} has saAmfSIAssignmentState {state:?}, expected {wanted}"
            ));
        }
    }
    Ok(())
}

/// How many SUs could serve the SI.
fn sus_of(world: &World, si: &Dn) -> usize {
    let group = world
        .repository
        .get(si)
        .and_then(|(_, attrs)| value(attrs, "saAmfSIProtectedbySG")?.as_dn());
    group.map_or(0, |sg| {
        world.model.sus.iter().filter(|su| su.is_within(&sg)).count()
    })
}

fn value<'a>(attrs: &'a [Attr], name: &str) -> Option<&'a Value> {
    find_attr(attrs, name)?.values.first()
}

fn number(world: &World, dn: &Dn, attr: &str) -> Option<u32> {
    value(&world.repository.get(dn)?.1, attr)?.as_u32()
}

fn expect(world: &World, dn: &Dn, attr: &str, wanted: u32) -> Result<(), String> {
    match number(world, dn, attr) {
        Some(present) if present == wanted => Ok(()),
        present => Err(format!("{dn} has {attr} {present:?}, expected {wanted}")),
    }
}
