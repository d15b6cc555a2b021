//! Healing: what was taken away comes back. Mending: an operator repairs and unlocks everything.

use ais::amf::{AdminOperation, AdminState, HaReadinessState, OperState};

use ais::{AisError, Dn};

use crate::model::number;
use crate::world::World;

/// The classes with an administrative state, from the top down, and its attribute.
const ADMIN: [(&str, &str); 7] = [
    ("SaAmfCluster", "saAmfClusterAdminState"),
    ("SaAmfApplication", "saAmfApplicationAdminState"),
    ("SaAmfNodeGroup", "saAmfNGAdminState"),
    ("SaAmfNode", "saAmfNodeAdminState"),
    ("SaAmfSG", "saAmfSGAdminState"),
    ("SaAmfSU", "saAmfSUAdminState"),
    ("SaAmfSI", "saAmfSIAdminState"),
];

/// How long an operation may take, in simulated milliseconds.
const OPERATION_MS: u64 = 120_000;
/// How often an operation is tried again, 5 s apart.
const TRIES: usize = 20;

/// Everything that was taken away comes back, and nothing goes wrong any more.
pub fn heal(world: &mut World) {
    world.tell(|| "all is healed".to_owned());
    world.calm();
    if world.director.is_none() {
        world.start_director();
    }
    for node in world.known.of("SaAmfNode").to_vec() {
        world.start_node(&node);
    }
    for place in world.nodes.values_mut() {
        for process in place.processes.values_mut() {
            process.hung = false;
        }
    }
    let nodes = world.nodes.iter();
    let comps =
        nodes.flat_map(|(node, place)| place.processes.keys().map(|comp| (node.clone(), comp.clone())));
    for (node, comp) in comps.collect::<Vec<_>>() {
        world.say_ready(&node, &comp, HaReadinessState::ReadyForAssignment);
    }
}

fn attribute(world: &World, dn: &Dn, attr: &str) -> Option<u32> {
    number(&world.repository.get(dn)?.1, attr)
}

/// The operator repairs what is disabled and unlocks what is not unlocked, until there is nothing left to do.
///
/// # Errors
/// A rule that does not hold meanwhile, an operation that is not answered.
pub fn mend(world: &mut World) -> Result<(), String> {
    for _ in 0..3 {
        let mut done = true;
        for (class, attr) in [
            ("SaAmfNode", "saAmfNodeOperState"),
            ("SaAmfSU", "saAmfSUOperState"),
        ] {
            for dn in world.known.of(class).to_vec() {
                if attribute(world, &dn, attr) == Some(OperState::Disabled.code()) {
                    done = false;
                    operate(world, &dn, AdminOperation::Repaired)?;
                }
            }
        }
        for (class, attr) in ADMIN {
            for dn in world.known.of(class).to_vec() {
                if attribute(world, &dn, attr) == Some(AdminState::LockedInstantiation.code()) {
                    done = false;
                    operate(world, &dn, AdminOperation::UnlockInstantiation)?;
                }
            }
        }
        for (class, attr) in ADMIN {
            for dn in world.known.of(class).to_vec() {
                let state = attribute(world, &dn, attr);
                if state.is_some_and(|state| state != AdminState::Unlocked.code()) {
                    done = false;
                    operate(world, &dn, AdminOperation::Unlock)?;
                }
            }
        }
        if done {
            return Ok(());
        }
    }
    Ok(())
}

/// Invokes the operation and waits for its answer; again where it is told to try again.
fn operate(world: &mut World, dn: &Dn, operation: AdminOperation) -> Result<(), String> {
    for _ in 0..TRIES {
        world.reply = None;
        world.admin(dn, u64::from(operation.code()));
        let end = world.now + OPERATION_MS;
        while !world.pending.is_empty() && world.next_time() <= end {
            world.step()?;
        }
        if let Some(open) = world.pending.values().next() {
            return Err(format!("{open} is not answered within {OPERATION_MS} ms"));
        }
        let again = matches!(&world.reply, Some(Err(refusal)) if refusal.error == AisError::TryAgain);
        if !again {
            return Ok(());
        }
        world.run_until(world.now + 5_000)?;
    }
    Err(format!(
        "{operation} of {dn} is always to be tried again: {:?}",
        world.reply
    ))
}
