//! Measures what users wait for, with real daemons on this machine. Prints medians and 99th percentiles, the cost of
//! an fsync at the moment, and the ratio to what OpenSAF 5.18 took on a like machine.
//!
//! Build it in release mode: `cargo run --release -p tests --bin bench`.

mod amf;
mod component;
mod components;
mod engine;
mod figures;
mod imm;
mod model;
mod processes;

use std::process::ExitCode;

use clap::Parser;
use figures::Report;

/// Measures failover, commands, CCBs and loading.
#[derive(Parser)]
struct Options {
    /// How many failovers, restarts and commands of each kind.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
    /// How many objects to load and to search.
    #[arg(long, default_value_t = 100_000)]
    objects: usize,
    /// How many objects the large model has, which a daemon alone loads.
    #[arg(long, default_value_t = 1_000_000)]
    large: usize,
    /// How long to commit CCBs, in seconds, for each number of clients.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many components are killed in all, two hundred at a time.
    #[arg(long, default_value_t = 2_000)]
    deaths: usize,
    /// Only these: amf, components, imm; or parts of imm: commands, ccbs (CCBs alone), joins (CCBs while a node joins),
    /// large (the large model).
    #[arg(long)]
    only: Option<String>,
    /// Only the director's decisions, in clusters of growing size, without daemons.
    #[arg(long)]
    engine: bool,
}

fn main() -> ExitCode {
    let argv: Vec<_> = std::env::args_os().collect();
    let called = std::path::Path::new(&argv[0])
        .file_name()
        .map(|n| n.to_string_lossy().into_owned());
    let first = argv
        .get(1)
        .map(|a| a.to_string_lossy().into_owned())
        .unwrap_or_default();
    if first == component::NAME {
        return component::main();
    }
    // The daemons and commands that the measurement starts are this same program under their own names.
    if called.as_deref() != Some("bench") || (!first.is_empty() && !first.starts_with('-')) {
        return tools::dispatch(argv);
    }
    match measure(&Options::parse()) {
        Ok(report) => {
            report.print();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<Report, String> {
    if options.engine {
        let mut report = Report::default();
        engine::measure(options.rounds.max(1_000), &mut report)?;
        return Ok(report);
    }
    let program = std::env::current_exe().map_err(|e| format!("the program's own path: {e}"))?;
    let wanted = |part: &str| {
        options
            .only
            .as_deref()
            .is_none_or(|only| only.split(',').any(|p| p == part))
    };
    let mut report = Report::default();
    report.commit_floor(&std::env::temp_dir())?;
    if wanted("amf") {
        amf::measure(&program, options.rounds, &mut report)?;
    }
    if wanted("components") {
        components::measure(&program, options.rounds, options.deaths, &mut report)?;
    }
    let stage = imm::Stage {
        program: &program,
        objects: options.objects,
        large: options.large,
        seconds: options.seconds,
    };
    for (part, measure) in imm::PARTS {
        if wanted("imm") || wanted(part) {
            measure(&stage, &mut report)?;
        }
    }
    Ok(report)
}
