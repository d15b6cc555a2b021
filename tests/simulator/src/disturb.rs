//! What each kind of disturbance does. Whom it befalls is chosen among what is there at that moment, by the number that
//! the disturbance carries, so that it means the same in a run without the ones before it.

use ais::Dn;
use ais::amf::{AdminOperation, HaReadinessState, RecommendedRecovery};
use director_engine::ModelChange;
use node_engine::Event as NodeEvent;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::ccb;
use crate::process::Trouble;
use crate::story::{Disturbance, Kind};
use crate::world::{Happening, World};

/// The classes that administrative operations are for, and the DN's first name.
const ENTITIES: [&str; 8] = [
    "SaAmfSU",
    "SaAmfSI",
    "SaAmfSG",
    "SaAmfNode",
    "SaAmfNodeGroup",
    "SaAmfComp",
    "SaAmfApplication",
    "SaAmfCluster",
];

/// Lets it happen.
pub fn apply(world: &mut World, disturbance: Disturbance) {
    let rng = &mut SmallRng::seed_from_u64(disturbance.pick);
    match disturbance.kind {
        Kind::Crash => crash(world, rng),
        Kind::DoubleCrash => {
            crash(world, rng);
            crash(world, rng);
        }
        Kind::Hang => {
            if let Some((node, comp)) = any_process(world, rng) {
                world.tell(|| format!("{comp} hangs"));
                let place = world.nodes.get_mut(&node);
                if let Some(process) = place.and_then(|place| place.processes.get_mut(&comp)) {
                    process.hung = true;
                }
                // What is not asked does not notice; the process dies in the end.
                let boots = world.nodes[&node].boots;
                let session = world.nodes[&node].processes[&comp].session;
                let what = crate::world::Local::Exits { comp, session };
                world.later(
                    rng.random_range(1_000..20_000),
                    Happening::At { node, boots, what },
                );
            }
        }
        // A number of its own, so that the others mean what they always meant.
        Kind::ErrorReport if disturbance.pick.is_multiple_of(4) => readiness(world, rng),
        Kind::ErrorReport => error_report(world, rng),
        Kind::Trouble => trouble(world, rng),
        Kind::NodeCrash => node_crash(world, rng),
        Kind::Cut => cut(world, rng),
        Kind::SlowLink => {
            if let Some(node) = any(world, "SaAmfNode", rng) {
                let (by, span) = (rng.random_range(100..2_500), rng.random_range(100..10_000));
                world.tell(|| format!("messages of {} take {by} ms more", node.rdn()));
                world.slow_down(&node, by, span);
            }
        }
        Kind::DirectorCrash => director_crash(world, rng),
        Kind::Admin => {
            if let Some((dn, operation)) = any_operation(world, rng) {
                world.admin(&dn, operation);
            }
        }
        Kind::Retire => retire(world, rng),
        Kind::Ccb => {
            let changes = ccb::draw(world, rng);
            world.ccb(changes);
        }
        Kind::Leap => leap(world, rng),
    }
}

fn any(world: &World, class: &str, rng: &mut SmallRng) -> Option<Dn> {
    world.known.of(class).choose(rng).cloned()
}

/// An SA-aware component with a process, and where. Nobody watches the processes of others.
fn any_process(world: &World, rng: &mut SmallRng) -> Option<(Dn, Dn)> {
    let all = world
        .nodes
        .iter()
        .flat_map(|(node, place)| place.processes.keys().map(move |comp| (node, comp)));
    let watched: Vec<(&Dn, &Dn)> = all
        .filter(|(_, comp)| !world.known.scripts.contains(*comp))
        .collect();
    let (node, comp) = *watched.choose(rng)?;
    Some((node.clone(), comp.clone()))
}

fn crash(world: &mut World, rng: &mut SmallRng) {
    if let Some((node, comp)) = any_process(world, rng) {
        world.tell(|| format!("{comp} dies"));
        world.kill_process(&node, &comp);
    }
}

fn error_report(world: &mut World, rng: &mut SmallRng) {
    let Some((node, comp)) = any_process(world, rng) else {
        return;
    };
    // The strong ones are rare in life too.
    let recovery = match rng.random_range(0..20) {
        0 => RecommendedRecovery::ClusterReset,
        1 => RecommendedRecovery::ApplicationRestart,
        2 => RecommendedRecovery::ContainerRestart,
        3..5 => RecommendedRecovery::NodeFailfast,
        5..7 => RecommendedRecovery::NodeFailover,
        7..9 => RecommendedRecovery::NodeSwitchover,
        9..13 => RecommendedRecovery::ComponentFailover,
        13..17 => RecommendedRecovery::ComponentRestart,
        _ => RecommendedRecovery::NoRecommendation,
    };
    world.tell(|| format!("{comp} reports an error and recommends {recovery}"));
    world.report_error(&node, &comp, recovery);
}

fn readiness(world: &mut World, rng: &mut SmallRng) {
    let states = HaReadinessState::ALL;
    if let Some(((node, comp), state)) = any_process(world, rng).zip(states.choose(rng).copied()) {
        world.tell(|| format!("{comp} says that it is {state}"));
        world.say_ready(&node, &comp, state);
    }
}

fn trouble(world: &mut World, rng: &mut SmallRng) {
    let comp = any(world, "SaAmfComp", rng);
    let Some((comp, trouble)) = comp.zip(Trouble::ALL.choose(rng).copied()) else {
        return;
    };
    for place in world.nodes.values_mut() {
        if place.processes.contains_key(&comp) {
            place.troubles.insert(comp.clone(), trouble);
        }
    }
}

fn node_crash(world: &mut World, rng: &mut SmallRng) {
    let Some(node) = any(world, "SaAmfNode", rng) else {
        return;
    };
    let back = [50, 2_000, 15_000][rng.random_range(0..3)];
    let back = rng.random_range(1..=back);
    // Some are asked to leave instead, and come back when they have.
    let leaves = rng.random_bool(0.3);
    let was_there = world.nodes.get(&node).is_some_and(|place| place.engine.is_some());
    if leaves && was_there {
        world.tell(|| format!("{} is asked to leave", node.rdn()));
        world.tell_node(&node, NodeEvent::Leave);
    } else if world.lose_node(&node) {
        let node = node.clone();
        world.later(back, Happening::NodeStarts { node });
    }
    if let Some(place) = world.nodes.get_mut(&node).filter(|_| was_there) {
        place.is_disturbed = true;
    }
}

fn cut(world: &mut World, rng: &mut SmallRng) {
    let Some(node) = any(world, "SaAmfNode", rng) else {
        return;
    };
    let mut span = || [0, 50, 1_000, 8_000][rng.random_range(0..4)];
    let (director, own, back) = (span(), span(), span());
    world.cut(&node, director, own, back);
}

fn director_crash(world: &mut World, rng: &mut SmallRng) {
    world.kill_director(rng.random_bool(0.5));
    let most = [10, 1_000, 10_000][rng.random_range(0..3)];
    let mut at = rng.random_range(1..=most);
    world.later(at, Happening::DirectorStarts);
    if rng.random_bool(0.3) {
        at += rng.random_range(0..500);
        world.later(at, Happening::DirectorDies);
        at += rng.random_range(1..1_000);
        world.later(at, Happening::DirectorStarts);
    }
}

/// Any operation on any entity, sensible or not.
fn any_operation(world: &World, rng: &mut SmallRng) -> Option<(Dn, u64)> {
    let at = [0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 7][rng.random_range(0..12)];
    let dn = any(world, ENTITIES[at], rng)?;
    let operation = AdminOperation::ALL.choose(rng)?;
    Some((dn, u64::from(operation.code())))
}

/// Locked, locked for instantiation, deleted: each after a while, whatever became of the one before.
fn retire(world: &mut World, rng: &mut SmallRng) {
    let class = ["SaAmfSU", "SaAmfSU", "SaAmfSI", "SaAmfNode"][rng.random_range(0..4)];
    let Some(dn) = any(world, class, rng) else { return };
    let first = [AdminOperation::Lock, AdminOperation::Shutdown][rng.random_range(0..2)];
    world.tell(|| format!("{dn} is to be retired"));
    let mut at = 0;
    for operation in [first, AdminOperation::LockInstantiation] {
        let operation = u64::from(operation.code());
        world.later(
            at,
            Happening::Operation {
                dn: dn.clone(),
                operation,
            },
        );
        at += rng.random_range(1..3_000);
    }
    if rng.random_bool(0.5) {
        world.later(at, Happening::Deletion { dn });
    }
}

/// Time leaps, but not while a connection is being made or missed: how long that may take is known to the directors.
fn leap(world: &mut World, rng: &mut SmallRng) {
    let span = [3_000, 60_000, 3_600_000][rng.random_range(0..3)];
    let nodes = world.known.of("SaAmfNode");
    let connected = nodes.iter().all(|node| world.nodes[node].is_connected());
    let known = world.now > world.lead_since + 12_000;
    if connected && known && world.director.is_some() {
        world.tell(|| format!("time leaps by {span} ms"));
        world.now += span;
    }
}

/// The deletion of an object.
pub fn deletion(dn: &Dn) -> ModelChange {
    ModelChange::Delete { dn: dn.clone() }
}
