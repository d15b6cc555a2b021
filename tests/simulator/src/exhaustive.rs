//! Small clusters, every event at every point: from each moment of a run another run branches off in which one thing
//! happens just then, and from each moment of that one another.

use ais::Dn;
use ais::amf::{AdminOperation, RecommendedRecovery, RedundancyModel};

use crate::model::small;
use crate::process::Trouble;
use crate::story::{Pace, Story};
use crate::world::{Happening, World};
use crate::{QUIET_MS, SETTLE_MS, check_settled, mend};

/// What is explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The redundancy model of the one service group.
    pub model: RedundancyModel,
    /// How many SUs it has, each on a node of its own.
    pub sus: usize,
    /// How many SIs.
    pub sis: usize,
    /// How many things happen in a run.
    pub faults: usize,
    /// Whether things happen during the start too.
    pub from_start: bool,
}

/// A run that broke a rule.
#[derive(Debug)]
pub struct Broken {
    /// What happened.
    pub path: Vec<String>,
    /// What does not hold.
    pub rule: String,
}

/// Something that happens at a point.
#[derive(Debug, Clone)]
enum Act {
    Crash(Dn, Dn),
    Report(Dn, Dn, RecommendedRecovery),
    Trouble(Dn, Dn, Trouble),
    NodeCrash(Dn),
    Cut(Dn),
    DirectorCrash,
    Admin(Dn, AdminOperation),
}

/// A small cluster that has just been started: one service group, a component in each SU, a node for each SU, a CSI in
/// each SI. Nothing takes longer than a millisecond.
pub fn small_cluster(model: RedundancyModel, sus: usize, sis: usize) -> World {
    let story = Story {
        seed: 1,
        objects: small(model, sus, sis),
        pace: Pace {
            delay_max_ms: 0,
            healthchecks: false,
            early_registration: false,
        },
        disturbances: Vec::new(),
    };
    World::new(&story, false)
}

/// Explores the scope; gives how many runs there were.
///
/// # Errors
/// The first run that broke a rule.
pub fn explore(scope: Scope) -> Result<u64, Broken> {
    let mut world = small_cluster(scope.model, scope.sus, scope.sis);
    let mut search = Search {
        runs: 0,
        path: Vec::new(),
    };
    if !scope.from_start
        && let Err(rule) = world.settle(QUIET_MS, SETTLE_MS)
    {
        return Err(search.broken(rule));
    }
    search.branch(world, scope.faults)?;
    Ok(search.runs)
}

struct Search {
    runs: u64,
    path: Vec<String>,
}

impl Search {
    fn broken(&self, rule: String) -> Broken {
        Broken {
            path: self.path.clone(),
            rule,
        }
    }

    /// Lets something happen at each moment of the run until it is at rest, and ends the run itself.
    fn branch(&mut self, mut world: World, faults: usize) -> Result<(), Broken> {
        world.last_act = world.now;
        let mut steps = 0;
        loop {
            if faults > 0 {
                for act in acts(&world) {
                    let mut other = world.clone();
                    self.path.push(format!("step {steps}, {} ms: {act:?}", other.now));
                    apply(&mut other, act);
                    self.branch(other, faults - 1)?;
                    self.path.pop();
                }
            }
            if world.next_time() > world.last_act.saturating_add(QUIET_MS) {
                break;
            }
            steps += 1;
            world.step().map_err(|rule| self.broken(rule))?;
        }
        self.runs += 1;
        ends_well(&mut world).map_err(|rule| self.broken(rule))
    }
}

/// All is healed and mended, and the cluster must be whole.
///
/// # Errors
/// The rule that does not hold.
pub fn ends_well(world: &mut World) -> Result<(), String> {
    world.broken.take().map_or(Ok(()), Err)?;
    mend::heal(world);
    world.settle(QUIET_MS, SETTLE_MS)?;
    mend::mend(world)?;
    world.settle(QUIET_MS, SETTLE_MS)?;
    check_settled(world)
}

/// Everything that could happen now.
fn acts(world: &World) -> Vec<Act> {
    let mut all = Vec::new();
    for (node, place) in &world.nodes {
        if place.engine.is_none() {
            continue;
        }
        all.push(Act::NodeCrash(node.clone()));
        if place.is_connected() {
            all.push(Act::Cut(node.clone()));
        }
        for (comp, process) in &place.processes {
            all.push(Act::Crash(node.clone(), comp.clone()));
            for trouble in [Trouble::CommandFails, Trouble::BadAnswer, Trouble::NoAnswer] {
                all.push(Act::Trouble(node.clone(), comp.clone(), trouble));
            }
            if process.registered {
                let recoveries = [
                    RecommendedRecovery::ComponentFailover,
                    RecommendedRecovery::NodeSwitchover,
                    RecommendedRecovery::NodeFailover,
                ];
                let reports = recoveries.map(|recovery| Act::Report(node.clone(), comp.clone(), recovery));
                all.extend(reports);
            }
        }
    }
    if world.director.is_some() {
        all.push(Act::DirectorCrash);
        operations(world, &mut all);
    }
    all
}

fn operations(world: &World, all: &mut Vec<Act>) {
    use AdminOperation as Op;
    let mut add = |class: &str, operations: &[Op]| {
        for dn in world.known.of(class) {
            all.extend(
                operations
                    .iter()
                    .map(|operation| Act::Admin(dn.clone(), *operation)),
            );
        }
    };
    add("SaAmfSU", &[Op::Lock, Op::Unlock, Op::Shutdown, Op::Restart]);
    add("SaAmfSI", &[Op::Lock, Op::Shutdown, Op::SiSwap]);
    add("SaAmfNode", &[Op::Lock]);
    add("SaAmfSG", &[Op::Lock, Op::Unlock]);
}

fn apply(world: &mut World, act: Act) {
    match act {
        Act::Crash(node, comp) => world.kill_process(&node, &comp),
        Act::Report(node, comp, recovery) => world.report_error(&node, &comp, recovery),
        Act::Trouble(node, comp, trouble) => {
            if let Some(place) = world.nodes.get_mut(&node) {
                place.troubles.insert(comp, trouble);
            }
        }
        Act::NodeCrash(node) => {
            world.lose_node(&node);
            world.later(1_000, Happening::NodeStarts { node });
        }
        Act::Cut(node) => world.cut(&node, 0, 0, 1_000),
        Act::DirectorCrash => {
            world.kill_director(false);
            world.later(100, Happening::DirectorStarts);
        }
        Act::Admin(dn, operation) => world.admin(&dn, u64::from(operation.code())),
    }
}
