//! A seeded simulation of a whole cluster: disturbances, then healing, then mending, then liveness; what must hold is
//! checked all the time.

mod canonical;
mod ccb;
mod checks;
mod disturb;
mod exhaustive;
mod mend;
mod model;
mod process;
mod shrink;
mod story;
mod world;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ais::amf::RedundancyModel;

pub use checks::check_settled;
pub use exhaustive::{Broken, Explored, Scope, ends_well, explore, small_cluster};
pub use model::SERVED;
pub use process::Trouble;
pub use shrink::{describe, shrink};
pub use story::{Disturbance, Kind, Pace, Story};
pub use world::{Counts, World};

/// With nothing done for so long, in simulated milliseconds, a cluster is at rest. Longer than every timeout, delay and
/// probation time of the models.
const QUIET_MS: u64 = 40_000;
/// How long a healed cluster may take to come to rest.
const SETTLE_MS: u64 = 900_000;

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What was counted.
    pub counts: Counts,
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
    /// What went wrong and was done about it, in words, where it was asked for.
    pub told: Vec<String>,
}

/// Runs one seed.
///
/// # Errors
/// The first rule that does not hold.
pub fn run_seed(seed: u64, nodes_max: usize, verbose: bool) -> Result<Summary, Failure> {
    run_story(&Story::draw(seed, nodes_max, None), verbose)
}

/// Runs one seed with service groups of one redundancy model only.
///
/// # Errors
/// The first rule that does not hold.
pub fn run_seed_of(
    model: RedundancyModel,
    seed: u64,
    nodes_max: usize,
    verbose: bool,
) -> Result<Summary, Failure> {
    run_story(&Story::draw(seed, nodes_max, Some(model)), verbose)
}

/// Plays a story.
///
/// # Errors
/// The first rule that does not hold.
pub fn run_story(story: &Story, verbose: bool) -> Result<Summary, Failure> {
    let mut world = None;
    // An engine's own assertion is a broken rule like any other, and its log is wanted.
    let attempt = AssertUnwindSafe(|| {
        let world = world.insert(World::new(story, verbose));
        play(world, story)
    });
    let outcome = catch_unwind(attempt).unwrap_or_else(|panic| Err(panic_text(panic.as_ref())));
    let (now, counts, log, told) = world.map_or_else(
        || (0, Counts::default(), Vec::new(), Vec::new()),
        |world| (world.now, world.counts, world.log, world.told),
    );
    match outcome {
        Ok(()) => Ok(Summary {
            counts,
            disturbances: story.disturbances.len() as u64,
            log,
        }),
        Err(rule) => Err(Failure {
            seed: story.seed,
            at: now,
            rule,
            log,
            told,
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

fn play(world: &mut World, story: &Story) -> Result<(), String> {
    for disturbance in &story.disturbances {
        world.run_until(disturbance.at)?;
        disturb::apply(world, *disturbance);
        world.broken.take().map_or(Ok(()), Err)?;
    }
    let last = story.disturbances.last().map_or(0, |last| last.pick % 8);
    world.run_until(world.now + last * 1_000)?;
    mend::heal(world);
    world.settle(QUIET_MS, SETTLE_MS)?;
    mend::mend(world)?;
    world.settle(QUIET_MS, SETTLE_MS)?;
    check_settled(world)?;
    stays(world)?;
    survives_its_director(world)
}

/// A settled cluster does nothing more.
fn stays(world: &mut World) -> Result<(), String> {
    let before = world.counts;
    world.run_until(world.now + 2 * QUIET_MS)?;
    if world.counts.orders == before.orders && world.counts.actions == before.actions {
        Ok(())
    } else {
        Err("a settled cluster began to act again".to_owned())
    }
}

/// A director that takes over a settled cluster disturbs nothing, and sees it as the one before did.
fn survives_its_director(world: &mut World) -> Result<(), String> {
    let (before, shown) = (world.counts, world.repository.clone());
    world.kill_director(false);
    world.run_until(world.now + 1_000)?;
    world.start_director();
    world.settle(QUIET_MS, SETTLE_MS)?;
    if world.counts.orders != before.orders || world.counts.actions != before.actions {
        return Err("a new director disturbed a settled cluster".to_owned());
    }
    for (dn, (_, attrs)) in &shown {
        let now = world.repository.get(dn);
        let differs = attrs.iter().find(|attr| {
            let own = now.and_then(|(_, now)| ais::find_attr(now, &attr.name));
            own.is_none_or(|own| own.values != attr.values)
        });
        if let Some(attr) = differs {
            return Err(format!(
                "a new director shows another {} of {dn} than {:?}",
                attr.name, attr.values
            ));
        }
    }
    match world.repository.keys().find(|dn| !shown.contains_key(*dn)) {
        Some(new) => Err(format!("a new director shows {new}, which was not there")),
        None => check_settled(world),
    }
}
