//! What a run is: a seed, the model it draws, the pace of its cluster, and the list of what goes wrong. A run of a part
//! of the list is a run too, which is how a failing one is made short.

use ais::amf::RedundancyModel;
use director_engine::ModelChange;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::model::{self, Bounds};

/// What goes wrong, or what an operator does. Whom it befalls, and how, follows from the number beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A component's process dies.
    Crash,
    /// Two processes die in the same moment.
    DoubleCrash,
    /// A process hangs.
    Hang,
    /// A component reports an error, with any recovery, or says how ready it is for its work.
    ErrorReport,
    /// The next command or callback of a component goes wrong.
    Trouble,
    /// A node is lost with all on it, and comes back later.
    NodeCrash,
    /// A node is cut off and goes on alone; director and node notice it at different times.
    Cut,
    /// Messages of a node become slow for a while.
    SlowLink,
    /// The director dies and comes back, perhaps to die again at once.
    DirectorCrash,
    /// Any administrative operation on any entity.
    Admin,
    /// An operator takes something out of service step by step, and deletes it.
    Retire,
    /// A change of the model.
    Ccb,
    /// Time leaps forward.
    Leap,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 13] = [
        Kind::Crash,
        Kind::DoubleCrash,
        Kind::Hang,
        Kind::ErrorReport,
        Kind::Trouble,
        Kind::NodeCrash,
        Kind::Cut,
        Kind::SlowLink,
        Kind::DirectorCrash,
        Kind::Admin,
        Kind::Retire,
        Kind::Ccb,
        Kind::Leap,
    ];
}

/// Something that goes wrong at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disturbance {
    /// Simulated milliseconds since the start.
    pub at: u64,
    /// What.
    pub kind: Kind,
    /// Whom, and how.
    pub pick: u64,
}

/// How fast things go in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The longest time a message travels, and an answer or a command takes.
    pub delay_max_ms: u64,
    /// Whether components start healthchecks.
    pub healthchecks: bool,
    /// Whether processes may register before their command has ended.
    pub early_registration: bool,
}

/// A run, ready to be played.
#[derive(Debug, Clone)]
pub struct Story {
    /// All chance comes from it.
    pub seed: u64,
    /// The model.
    pub objects: Vec<ModelChange>,
    /// How fast things go.
    pub pace: Pace,
    /// What goes wrong, in the order of time.
    pub disturbances: Vec<Disturbance>,
}

impl Story {
    /// The story of a seed.
    pub fn draw(seed: u64, nodes_max: usize, only: Option<RedundancyModel>) -> Story {
        let mut rng = SmallRng::seed_from_u64(seed);
        let bounds = Bounds { nodes_max, only };
        let objects = model::random(&mut rng, bounds);
        let pace = Pace {
            delay_max_ms: [0, 1, 3, 20, 200][rng.random_range(0..5)],
            healthchecks: rng.random_bool(0.1),
            early_registration: rng.random_bool(0.5),
        };
        Story {
            seed,
            objects,
            pace,
            disturbances: draw_disturbances(&mut rng),
        }
    }
}

/// Each run has a character of its own: kinds that do not occur, and kinds that are frequent.
fn draw_disturbances(rng: &mut SmallRng) -> Vec<Disturbance> {
    let mut weighted: Vec<(Kind, u32)> = Vec::new();
    for kind in Kind::ALL {
        if rng.random_bool(0.5) {
            weighted.push((kind, rng.random_range(1..=8)));
        }
    }
    if weighted.is_empty() {
        weighted.push((Kind::Crash, 1));
    }
    let count = match rng.random_range(0..10) {
        0..5 => rng.random_range(1..=8),
        5..8 => rng.random_range(5..=20),
        _ => rng.random_range(15..=60),
    };
    let pause_max = [5, 50, 500, 4_000][rng.random_range(0..4)];
    // Mostly the cluster has settled when the first thing goes wrong.
    let mut at = if rng.random_bool(0.2) {
        rng.random_range(0..1_000)
    } else {
        15_000
    };
    let mut disturbances = Vec::new();
    for _ in 0..count {
        if let Ok((kind, _)) = weighted.choose_weighted(rng, |(_, weight)| *weight) {
            let pick = rng.random();
            disturbances.push(Disturbance {
                at,
                kind: *kind,
                pick,
            });
        }
        at += if rng.random_bool(0.1) {
            rng.random_range(0..=20_000)
        } else {
            rng.random_range(0..=pause_max)
        };
    }
    disturbances
}
