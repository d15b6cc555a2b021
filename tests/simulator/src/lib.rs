//! A seeded simulation of a whole cluster: disturbances, then healing, then liveness; invariants after every step.

mod checks;
mod model;
mod process;
mod rates;
mod world;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ais::Dn;
use ais::amf::AdminOperation;
use rand::Rng;
use rand::seq::IndexedRandom;

pub use checks::{check_always, check_settled};
pub use world::World;

use rates::happens;

/// How long the disturbed part of a run lasts, in simulated milliseconds.
const DISTURBED_MS: u64 = 60_000;
/// How long a healed cluster may take to settle, in simulated milliseconds.
const SETTLE_MS: u64 = 180_000;

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Events that the engines were given.
    pub events: u64,
    /// Disturbances.
    pub disturbances: u64,
    /// All that happened, where it was asked for.
    pub log: Vec<String>,
}

/// Why a run failed: the seed, the moment and the rule.
#[derive(Debug)]
pub struct Failure {
    /// Runs the same again.
    pub seed: u64,
    /// The simulated millisecond.
    pub at: u64,
    /// What does not hold.
    pub rule: String,
    /// What happened before, where it was asked for.
    pub log: Vec<String>,
}

/// Runs one seed.
///
/// # Errors
/// The first rule that does not hold.
pub fn run_seed(seed: u64, nodes_max: usize, verbose: bool) -> Result<Summary, Failure> {
    let mut world = World::new(seed, nodes_max);
    world.verbose = verbose;
    let mut summary = Summary::default();
    // An engine's own assertion is a broken rule like any other, and its log is wanted.
    let attempt = AssertUnwindSafe(|| run(&mut world, &mut summary));
    let outcome = catch_unwind(attempt).unwrap_or_else(|panic| Err(panic_text(panic.as_ref())));
    summary.events = world.events;
    match outcome {
        Ok(()) => {
            summary.log = world.log;
            Ok(summary)
        }
        Err(rule) => Err(Failure {
            seed,
            at: world.now,
            rule,
            log: world.log,
        }),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("without a text"))
}

fn run(world: &mut World, summary: &mut Summary) -> Result<(), String> {
    let mut check = |world: &World| check_always(world);
    let start_up = world.rng.random_range(0..15_000);
    world.run_until(start_up, &mut check)?;
    let end = world.now + DISTURBED_MS;
    while world.now < end {
        disturb(world);
        summary.disturbances += 1;
        let pause = world.rng.random_range(0..=world.rates.pause_max_ms);
        world.run_until((world.now + pause.max(1)).min(end), &mut check)?;
    }
    heal(world);
    world.run_until(world.now + SETTLE_MS, &mut check)?;
    mend(world);
    world.run_until(world.now + SETTLE_MS, &mut check)?;
    check_settled(world)
}

/// One thing goes wrong, or an operator does one thing.
fn disturb(world: &mut World) {
    let rates = world.rates;
    let comp = world.model.comps.choose(&mut world.rng).cloned();
    let node = world.model.nodes.choose(&mut world.rng).cloned();
    let (Some(comp), Some(node)) = (comp, node) else {
        return;
    };
    if happens(&mut world.rng, rates.crash) {
        for place in world.model.nodes.clone() {
            world.kill_process(&place, &comp);
        }
    }
    if happens(&mut world.rng, rates.hang) {
        for place in world.nodes.values_mut() {
            if let Some(process) = place.processes.get_mut(&comp) {
                process.hung = true;
            }
        }
    }
    if happens(&mut world.rng, rates.node_loss) {
        if world.nodes[&node].engine.is_some() {
            world.lose_node(&node);
        } else {
            world.start_node(&node);
        }
    }
    if happens(&mut world.rng, rates.director_crash) {
        if world.director.is_some() {
            world.kill_director();
        } else {
            world.start_director();
        }
    }
    if happens(&mut world.rng, rates.admin) {
        let (dn, operation) = any_operation(world);
        world.admin(&dn, operation);
    }
}

/// Any operation on any entity, sensible or not.
fn any_operation(world: &mut World) -> (Dn, u64) {
    let kinds = [
        &world.model.sus,
        &world.model.sis,
        &world.model.sgs,
        &world.model.nodes,
        &world.model.comps,
    ];
    let kind = kinds[world.rng.random_range(0..kinds.len())];
    let dn = kind
        .choose(&mut world.rng)
        .cloned()
        .unwrap_or_else(|| world.model.sgs[0].clone());
    let operation = AdminOperation::ALL
        .choose(&mut world.rng)
        .map_or(1, |op| u64::from(op.code()));
    (dn, operation)
}

/// Everything that was taken away comes back, and nothing goes wrong any more.
fn heal(world: &mut World) {
    world.rates = world.rates.calm();
    if world.director.is_none() {
        world.start_director();
    }
    for node in world.model.nodes.clone() {
        if world.nodes[&node].engine.is_none() {
            world.start_node(&node);
        }
    }
    for place in world.nodes.values_mut() {
        place
            .processes
            .values_mut()
            .for_each(|process| process.hung = false);
    }
}

/// The operator repairs and unlocks everything.
fn mend(world: &mut World) {
    let of = |operation: AdminOperation| u64::from(operation.code());
    let (nodes, sgs) = (world.model.nodes.clone(), world.model.sgs.clone());
    let (sus, sis) = (world.model.sus.clone(), world.model.sis.clone());
    let settle = 30_000;
    for entity in nodes.iter().chain(&sus) {
        world.admin(entity, of(AdminOperation::Repaired));
        quiet(world, settle);
    }
    for entity in nodes.iter().chain(&sgs).chain(&sus) {
        world.admin(entity, of(AdminOperation::UnlockInstantiation));
        quiet(world, settle);
    }
    for entity in nodes.iter().chain(&sgs).chain(&sus).chain(&sis) {
        world.admin(entity, of(AdminOperation::Unlock));
        quiet(world, settle);
    }
}

/// Lets pass some time in which an operation can end; what is wrong then is found by the next check.
fn quiet(world: &mut World, span: u64) {
    let end = world.now + span;
    let mut answered = |world: &World| {
        if world.pending.is_empty() {
            Err(String::new())
        } else {
            Ok(())
        }
    };
    // Ends early, as soon as nothing awaits an answer.
    let _early = world.run_until(end, &mut answered);
}
