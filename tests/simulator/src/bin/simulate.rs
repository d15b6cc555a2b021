//! Runs seeds of the cluster simulation for as long as asked; prints one line to replay for a seed that fails.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ais::amf::RedundancyModel;
use clap::Parser;
use simulator::{Counts, Failure, SERVED, Scope, Story, describe, explore, run_story, shrink};

/// Simulates clusters: random models, random disturbances, healing, and what must hold.
#[derive(Parser)]
struct Options {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// Run seeds for this many seconds instead, however many they are.
    #[arg(long)]
    seconds: Option<u64>,
    /// How many threads.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// The largest number of nodes.
    #[arg(long, default_value_t = 50)]
    nodes: usize,
    /// Only service groups of this redundancy model: 2N, N+M, N-way, N-way-active, no-redundancy.
    #[arg(long, value_parser = redundancy_model)]
    model: Option<RedundancyModel>,
    /// Make this failing seed short, and print the story that is left.
    #[arg(long)]
    shrink: Option<u64>,
    /// Explore small clusters: every event at every point, two deep.
    #[arg(long)]
    exhaustive: bool,
    /// Print every event and effect.
    #[arg(long)]
    verbose: bool,
    /// Go on after a failure.
    #[arg(long)]
    keep_going: bool,
}

fn redundancy_model(text: &str) -> Result<RedundancyModel, String> {
    let mut all = RedundancyModel::ALL.iter();
    let found = all.find(|model| model.name().eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| "not a redundancy model".to_owned())
}

/// What all threads together have done.
#[derive(Default)]
struct Tally {
    next: AtomicU64,
    stop: AtomicBool,
    sums: Mutex<Sums>,
}

#[derive(Default)]
struct Sums {
    seeds: u64,
    failures: u64,
    counts: Counts,
}

fn work(options: &Options, tally: &Tally, started: Instant) {
    let limit = options.seconds.map(Duration::from_secs);
    while !tally.stop.load(Ordering::Relaxed) {
        let index = tally.next.fetch_add(1, Ordering::Relaxed);
        let over = limit.map_or(index >= options.count, |limit| started.elapsed() > limit);
        if over {
            return;
        }
        let seed = options.seed.wrapping_add(index);
        let story = Story::draw(seed, options.nodes, options.model);
        let outcome = run_story(&story, options.verbose);
        let Ok(mut sums) = tally.sums.lock() else { return };
        sums.seeds += 1;
        match outcome {
            Ok(summary) => {
                summary.log.iter().for_each(|line| println!("{line}"));
                sums.counts.events += summary.counts.events;
                sums.counts.failovers += summary.counts.failovers;
                sums.counts.orders += summary.counts.orders;
            }
            Err(failure) => {
                sums.failures += 1;
                report(options, &failure);
                if !options.keep_going {
                    tally.stop.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

fn report(options: &Options, failure: &Failure) {
    failure.log.iter().for_each(|line| println!("{line}"));
    let seed = failure.seed;
    println!("seed {seed} at {} ms: {}", failure.at, failure.rule);
    let model = options
        .model
        .map_or_else(String::new, |model| format!(" --model {model}"));
    println!(
        "replay: simulate --seed {seed} --count 1 --nodes {}{model} --verbose",
        options.nodes
    );
}

fn shorten(options: &Options, seed: u64) -> ExitCode {
    let story = Story::draw(seed, options.nodes, options.model);
    let Some((short, failure)) = shrink(&story) else {
        println!("seed {seed} breaks no rule");
        return ExitCode::SUCCESS;
    };
    if options.verbose {
        failure.log.iter().for_each(|line| println!("{line}"));
    }
    print!("{}", describe(&short, &failure));
    ExitCode::FAILURE
}

/// The scopes: two faults from a settled cluster, one from its start on, the small ones first.
fn scopes(options: &Options) -> Vec<Scope> {
    let mut all = Vec::new();
    for (sus, sis) in [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)] {
        for model in SERVED
            .iter()
            .filter(|model| options.model.is_none_or(|only| only == **model))
        {
            for (faults, from_start) in [(1, true), (2, false)] {
                all.push(Scope {
                    model: *model,
                    sus,
                    sis,
                    faults,
                    from_start,
                });
            }
        }
    }
    all
}

fn exhaust(options: &Options, started: Instant) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    let limit = options.seconds.map(Duration::from_secs);
    for scope in scopes(options) {
        if limit.is_some_and(|limit| started.elapsed() > limit) {
            break;
        }
        match explore(scope, options.jobs) {
            Ok(explored) => println!(
                "{scope:?}: {explored:?}, {:.1} s",
                started.elapsed().as_secs_f64()
            ),
            Err(broken) => {
                println!("{scope:?}: {}", broken.rule);
                broken.path.iter().for_each(|line| println!("  {line}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn main() -> ExitCode {
    let options = Options::parse();
    let started = Instant::now();
    // A panic of an engine is caught, and reported with the seed.
    std::panic::set_hook(Box::new(|_| {}));
    if let Some(seed) = options.shrink {
        return shorten(&options, seed);
    }
    if options.exhaustive {
        return exhaust(&options, started);
    }
    let tally = Tally::default();
    std::thread::scope(|scope| {
        for _ in 1..options.jobs {
            scope.spawn(|| work(&options, &tally, started));
        }
        work(&options, &tally, started);
    });
    let seconds = started.elapsed().as_secs_f64();
    let Ok(sums) = tally.sums.into_inner() else {
        return ExitCode::FAILURE;
    };
    let rate = |count: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let count = count as f64;
        count / seconds.max(0.001)
    };
    println!(
        "{} seeds, {} events, {} failovers, {} failures in {seconds:.1} s: {:.0} seeds/s, {:.0} events/s, {:.0} failovers/min",
        sums.seeds,
        sums.counts.events,
        sums.counts.failovers,
        sums.failures,
        rate(sums.seeds),
        rate(sums.counts.events),
        rate(sums.counts.failovers) * 60.0
    );
    if sums.failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
