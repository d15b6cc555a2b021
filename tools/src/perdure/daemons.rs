//! The daemons' command lines.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use ais::Dn;
use clap::Parser;

/// What the director exits with when it is wrong about itself; whoever started it starts it again.
const EXIT_PANIC: i32 = 101;

/// Names that no class may get, separated by commas (OpenSAF's variable).
const RESERVED_CLASS_NAMES: &str = "IMMSV_RESERVED_CLASS_NAMES";

/// Holds the information model of a cluster.
#[derive(Debug, Parser)]
#[command(name = "immd")]
struct ImmdArguments {
    /// The cluster's directory.
    #[arg(long)]
    dir: PathBuf,
    #[command(flatten)]
    journal: super::journal::Kept,
    /// Models in IMM XML, loaded where the cluster has none yet.
    #[arg(value_name = "MODEL.xml")]
    models: Vec<PathBuf>,
}

/// Decides what the service units of a cluster do.
#[derive(Debug, Parser)]
#[command(name = "amfd")]
struct AmfdArguments {
    /// The cluster's directory.
    #[arg(long)]
    dir: PathBuf,
    #[command(flatten)]
    policy: super::policy::DirectorPolicy,
    /// An application that runs itself and is left alone; the middleware's own, safApp=OpenSAF, unless one is given.
    #[arg(long, value_name = "DN", value_parser = |text: &str| Dn::new(text))]
    unmanaged: Vec<Dn>,
}

/// Runs the daemon with this name; `args[0]` is the name. `None` where there is no such daemon.
pub fn run(name: &str, args: &[OsString]) -> Option<ExitCode> {
    let main: fn(&[OsString]) -> ExitCode = match name {
        "immd" => immd,
        "amfd" => amfd,
        "amfnd" => |args| amfnd::cli::main(args.iter().cloned()),
        _ => return None,
    };
    daemon::log::begin();
    end_on_panic();
    Some(main(args))
}

fn immd(args: &[OsString]) -> ExitCode {
    let arguments = match ImmdArguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let mut options = immd::Options::new(arguments.dir);
    options.models = arguments.models;
    options.retention = arguments.journal.retention();
    options.reserved_class_names = std::env::var(RESERVED_CLASS_NAMES).ok();
    exit("immd", immd::run(&options))
}

fn amfd(args: &[OsString]) -> ExitCode {
    let arguments = match AmfdArguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let mut options = amfd_director::Options::new(arguments.dir);
    arguments.policy.set(&mut options);
    if !arguments.unmanaged.is_empty() {
        options.engine.foreign_applications = arguments.unmanaged;
    }
    exit("amfd", amfd_director::run(&options))
}

/// Success, or what is wrong on stderr.
fn exit<E: std::error::Error>(name: &str, result: Result<(), E>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        // Some errors tell their source themselves.
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    eprintln!("{name}: {text}");
    ExitCode::FAILURE
}

/// A daemon that finds itself wrong dies at once, in whatever task: its state can be rebuilt, and the supervisor starts
/// it again.
fn end_on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(EXIT_PANIC);
    }));
}
