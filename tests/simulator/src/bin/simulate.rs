//! Runs seeds of the cluster simulation for as long as asked; prints one line to replay for a seed that fails.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use simulator::run_seed;

/// Simulates clusters: random models, random disturbances, healing, and what must hold.
#[derive(Parser)]
struct Options {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// Stop after this many seconds even if seeds are left.
    #[arg(long)]
    seconds: Option<u64>,
    /// The largest number of nodes.
    #[arg(long, default_value_t = 4)]
    nodes: usize,
    /// Print every event and effect.
    #[arg(long)]
    verbose: bool,
    /// Go on after a failure.
    #[arg(long)]
    keep_going: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let started = Instant::now();
    let limit = options.seconds.map(Duration::from_secs);
    let (mut runs, mut events, mut failures) = (0u64, 0u64, 0u64);
    for seed in options.seed..options.seed.saturating_add(options.count) {
        if limit.is_some_and(|limit| started.elapsed() > limit) {
            break;
        }
        runs += 1;
        match run_seed(seed, options.nodes, options.verbose) {
            Ok(summary) => {
                summary.log.iter().for_each(|line| println!("{line}"));
                events += summary.events;
            }
            Err(failure) => {
                failures += 1;
                failure.log.iter().for_each(|line| println!("{line}"));
                println!("seed {seed} at {} ms: {}", failure.at, failure.rule);
                println!(
                    "replay: simulate --seed {seed} --count 1 --nodes {} --verbose",
                    options.nodes
                );
                if !options.keep_going {
                    break;
                }
            }
        }
    }
    println!(
        "{runs} seeds, {events} events, {failures} failures, {:.1} s",
        started.elapsed().as_secs_f64()
    );
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
