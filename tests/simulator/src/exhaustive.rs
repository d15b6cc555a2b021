//! Small clusters, every event at every point: from each moment of a run another run branches off in which one thing
//! happens just then, and from each moment of that one another.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use ais::Dn;
use ais::amf::{AdminOperation, RecommendedRecovery, RedundancyModel};

use crate::canonical::EPOCH;
use crate::model::small;
use crate::process::Trouble;
use crate::story::{Pace, Story};
use crate::world::{Happening, Stored, World};
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

/// What was explored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Explored {
    /// How many things happened, each at a point of its own.
    pub branches: u64,
    /// How many of the runs came to a situation that another had come to, and were not followed further: before
    /// everything was healed.
    pub joined: u64,
    /// How many did so when everything was healed.
    pub joined_healed: u64,
    /// How many were followed to their end.
    pub runs: u64,
    /// How many situations there were.
    pub situations: u64,
}

/// A small cluster that has just been started: one service group, a component in each SU, a node for each SU, a CSI in
/// each SI. Nothing takes longer than a millisecond.
pub fn small_cluster(model: RedundancyModel, sus: usize, sis: usize) -> World {
    World::new(&small_story(model, sus, sis), false)
}

fn small_story(model: RedundancyModel, sus: usize, sis: usize) -> Story {
    Story {
        seed: 1,
        objects: small(model, sus, sis),
        pace: Pace {
            delay_max_ms: 0,
            healthchecks: false,
            early_registration: false,
        },
        disturbances: Vec::new(),
    }
}

/// Explores the scope with so many threads.
///
/// Two runs that come to the same situation go on alike, so one of them is followed. Situations are the same where all
/// that anything that follows depends on is the same, see [`World::situation`], but for the numbers that were drawn from
/// counters, which keep their order, and for the time of day. SUs are not alike, for they have ranks; no situation is left
/// out because another is like it with two of them exchanged.
///
/// # Errors
/// The first run that broke a rule.
pub fn explore(scope: Scope, jobs: usize) -> Result<Explored, Broken> {
    let story = small_story(scope.model, scope.sus, scope.sis);
    let mut world = World::starting_at(EPOCH, &story, false);
    let known = Known::new(world.repository.clone());
    let mut root = Search::new(&known, Vec::new());
    if !scope.from_start
        && let Err(rule) = world.settle(QUIET_MS, SETTLE_MS)
    {
        return Err(root.broken(rule));
    }
    let points = root.branch(world, scope.faults)?;
    let acts = points.into_iter().flat_map(|(world, step)| {
        let acts = acts(&world).into_iter();
        acts.map(move |act| (world.clone(), step, act))
    });
    let open = Mutex::new(acts);
    let sums = Mutex::new((root.counts, None));
    let work = || {
        while !known.stop.load(Ordering::Relaxed) {
            let Some((world, step, act)) = open.lock().ok().and_then(|mut open| open.next()) else {
                break;
            };
            let mut search = Search::new(&known, Vec::new());
            let outcome = search.act(&world, step, act, scope.faults.saturating_sub(1));
            let Ok(mut sums) = sums.lock() else { break };
            sums.0.add(search.counts);
            if let Err(broken) = outcome {
                known.stop.store(true, Ordering::Relaxed);
                sums.1.get_or_insert(broken);
            }
        }
    };
    std::thread::scope(|threads| {
        for _ in 1..jobs {
            threads.spawn(work);
        }
        work();
    });
    let (counts, broken) = sums.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.map_or(Ok(counts), Err)
}

impl Explored {
    fn add(&mut self, other: Explored) {
        self.branches += other.branches;
        self.joined += other.joined;
        self.joined_healed += other.joined_healed;
        self.runs += other.runs;
        self.situations += other.situations;
    }
}

/// Situations, each with how many things were to happen after it at most.
type Seen = Mutex<HashMap<u128, usize>>;

/// What all threads know.
struct Known {
    base: BTreeMap<Dn, Stored>,
    seen: Seen,
    healed: Seen,
    stop: AtomicBool,
}

impl Known {
    fn new(base: BTreeMap<Dn, Stored>) -> Known {
        Known {
            base,
            seen: Seen::default(),
            healed: Seen::default(),
            stop: AtomicBool::new(false),
        }
    }

    /// Whether nobody has come there with as much to happen after it.
    fn is_new(&self, of: &Seen, world: &World, faults: usize) -> bool {
        let situation = world.situation(&self.base).fingerprint();
        let mut seen = of.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.entry(situation) {
            Entry::Occupied(mut entry) => {
                let is_new = *entry.get() < faults;
                if is_new {
                    entry.insert(faults);
                }
                is_new
            }
            Entry::Vacant(entry) => {
                entry.insert(faults);
                true
            }
        }
    }
}

struct Search<'a> {
    known: &'a Known,
    counts: Explored,
    path: Vec<String>,
}

impl Search<'_> {
    fn new(known: &Known, path: Vec<String>) -> Search<'_> {
        let counts = Explored::default();
        Search { known, counts, path }
    }

    fn broken(&self, rule: String) -> Broken {
        Broken {
            path: self.path.clone(),
            rule,
        }
    }

    /// Lets something happen at this point, and follows what comes of it.
    fn act(&mut self, world: &World, step: u64, act: Act, faults: usize) -> Result<(), Broken> {
        let mut other = world.clone();
        self.path
            .push(format!("step {step}, {} ms: {act:?}", other.now - EPOCH));
        self.counts.branches += 1;
        apply(&mut other, act);
        for (world, step) in self.branch(other, faults)? {
            for act in acts(&world) {
                self.act(&world, step, act, faults - 1)?;
            }
        }
        self.path.pop();
        Ok(())
    }

    /// Follows the run until it is at rest, and ends it; gives the points at which something more is to happen, with the
    /// steps to each.
    fn branch(&mut self, mut world: World, faults: usize) -> Result<Vec<(World, u64)>, Broken> {
        let mut points = Vec::new();
        world.last_act = world.now;
        let mut steps = 0;
        loop {
            if self.known.stop.load(Ordering::Relaxed) {
                return Ok(points);
            }
            // Where nothing more is to happen a look at the end of each moment is enough.
            let looks = faults > 0 || world.next_time() > world.now;
            if looks && !self.known.is_new(&self.known.seen, &world, faults) {
                self.counts.joined += 1;
                return Ok(points);
            }
            self.counts.situations += u64::from(looks);
            if faults > 0 {
                points.push((world.clone(), steps));
            }
            if world.next_time() > world.last_act.saturating_add(QUIET_MS) {
                break;
            }
            steps += 1;
            world.step().map_err(|rule| self.broken(rule))?;
        }
        match self.end(&mut world) {
            Ok(()) => Ok(points),
            Err(rule) => Err(self.broken(rule)),
        }
    }

    /// As [`ends_well`], but what was healed to the same is mended once.
    fn end(&mut self, world: &mut World) -> Result<(), String> {
        healed(world)?;
        if !self.known.is_new(&self.known.healed, world, 0) {
            self.counts.joined_healed += 1;
            return Ok(());
        }
        self.counts.runs += 1;
        mended(world)
    }
}

/// All is healed and mended, and the cluster must be whole.
///
/// # Errors
/// The rule that does not hold.
pub fn ends_well(world: &mut World) -> Result<(), String> {
    healed(world)?;
    mended(world)
}

fn healed(world: &mut World) -> Result<(), String> {
    world.broken.take().map_or(Ok(()), Err)?;
    mend::heal(world);
    world.settle(QUIET_MS, SETTLE_MS)
}

fn mended(world: &mut World) -> Result<(), String> {
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
