//! How often what goes wrong: drawn anew for each seed, so that each run has a character of its own.

use rand::Rng;
use rand::rngs::SmallRng;

/// Chances in a thousand, and spans in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// A component's process dies, at each disturbance.
    pub crash: u32,
    /// A component's process hangs.
    pub hang: u32,
    /// A node with all on it is lost.
    pub node_loss: u32,
    /// The director is killed.
    pub director_crash: u32,
    /// An operator does something.
    pub admin: u32,
    /// A command fails.
    pub bad_command: u32,
    /// A component answers a callback with an error.
    pub bad_answer: u32,
    /// The longest time between two disturbances.
    pub pause_max_ms: u64,
    /// The longest time a message travels.
    pub delay_max_ms: u64,
}

impl Rates {
    /// Rates for one run: each kind of disturbance is left out of some runs and frequent in others.
    pub fn draw(rng: &mut SmallRng) -> Rates {
        let mut rate = |max: u32| {
            if rng.random_bool(0.4) {
                0
            } else {
                rng.random_range(1..=max)
            }
        };
        let (crash, hang, node_loss) = (rate(1000), rate(300), rate(300));
        let (director_crash, admin) = (rate(300), rate(800));
        let (bad_command, bad_answer) = (rate(100), rate(60));
        Rates {
            crash,
            hang,
            node_loss,
            director_crash,
            admin,
            bad_command,
            bad_answer,
            pause_max_ms: [20, 200, 3000, 20_000][rng.random_range(0..4)],
            delay_max_ms: [0, 2, 20, 200][rng.random_range(0..4)],
        }
    }

    /// The world heals: nothing goes wrong any more.
    pub fn calm(self) -> Rates {
        Rates {
            crash: 0,
            hang: 0,
            node_loss: 0,
            director_crash: 0,
            admin: 0,
            bad_command: 0,
            bad_answer: 0,
            ..self
        }
    }
}

/// Whether something with this chance in a thousand happens now.
pub fn happens(rng: &mut SmallRng, per_thousand: u32) -> bool {
    rng.random_range(0..1000) < per_thousand
}
