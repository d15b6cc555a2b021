//! A few hundred seeds of the cluster simulation. `simulate` runs more.

use simulator::run_seed;

const SEEDS: u64 = 300;

#[test]
fn seeds_hold_every_rule() {
    for seed in 1..=SEEDS {
        if let Err(failure) = run_seed(seed, 4, false) {
            panic!(
                "seed {} at {} ms: {} (replay: simulate --seed {0} --count 1 --verbose)",
                failure.seed, failure.at, failure.rule
            );
        }
    }
}
