//! A few hundred seeds of the cluster simulation. `simulate` runs more.

use simulator::run_seed;

const SEEDS: u64 = 300;

/// Seeds of large clusters that broke a rule once.
const BROKE_A_RULE: [u64; 25] = [
    5_400, 14_161, 44_408, 139_250, 205_436, 30_382, 30_388, 34_028, 199_464, 347_049, 356_374, 364_737,
    413_610, 416_682, 617_681, 663_509, 640_451, 982_573, 311_877, 920_026, 820_479, 959_457, 455_726,
    513_333, 975_144,
];

fn holds_every_rule(seed: u64, nodes: usize) {
    if let Err(failure) = run_seed(seed, nodes, false) {
        panic!(
            "seed {} at {} ms: {} (replay: simulate --seed {0} --count 1 --nodes {nodes} --verbose)",
            failure.seed, failure.at, failure.rule
        );
    }
}

#[test]
fn seeds_hold_every_rule() {
    for seed in 1..=SEEDS {
        holds_every_rule(seed, 4);
    }
}

#[test]
fn seeds_that_broke_a_rule_hold_it_now() {
    for seed in BROKE_A_RULE {
        holds_every_rule(seed, 50);
    }
}
