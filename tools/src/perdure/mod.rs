//! `perdure`: brings clusters up and down, shows, upgrades and demonstrates them.
//!
//! | module | what it does |
//! |---|---|
//! | `place` | the cluster's directory and what lies where in it |
//! | `supervisor` | starts the daemons, restarts those that die, stops them in order |
//! | `record` | what the supervisor knows of its daemons, as a file for `status` and `down` |
//! | `restarts` | how often a daemon may die |
//! | `cluster` | the questions and orders that several commands have for a running cluster |

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Prints a line; where nobody reads it, nothing is lost that has to end a supervisor.
macro_rules! say {
    ($($text:tt)*) => { $crate::perdure::print_line(format_args!($($text)*)) };
}

mod cluster;
pub mod daemons;
mod demo;
mod down;
mod explain;
mod failure;
mod fence;
mod hang;
mod journal;
mod locked;
mod metrics;
mod place;
mod policy;
mod record;
mod restarts;
mod setup;
mod status;
mod supervisor;
mod timeline;
mod up;
mod upgrade;
mod watch;

use failure::Failure;

/// Perdure keeps services alive: an information model (IMM) and an availability manager (AMF) in one program.
#[derive(Debug, Parser)]
#[command(name = "perdure", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The cluster's directory; otherwise `PERDURE_DIR`, otherwise `.perdure` in the home directory.
    #[arg(long, global = true, value_name = "D")]
    dir: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
The operator's commands are the same program: perdure immlist, immfind, immadm, immcfg, immload, immdump, amf-adm, amf-find, \
amf-state, amfclusterstatus, ntfread, ntfsubscribe, ntfsend. A running cluster has links to them in D/bin.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a cluster: the information model, the director, and a node director for each node of the model
    Up(up::Arguments),
    /// Stops the cluster in order
    Down(down::Arguments),
    /// Shows nodes, service units, who is active, and the daemons
    Status(status::Arguments),
    /// Says why an entity is as it is
    Explain(explain::Arguments),
    /// Says what happened, step by step, with milliseconds
    Timeline(timeline::Arguments),
    /// Says who changed what, and when, with the values before and after
    Journal(journal::Arguments),
    /// Prints the metrics of all daemons, or serves them for Prometheus
    Metrics(metrics::Arguments),
    /// Upgrades service units one after another, and undoes what fails
    Upgrade(upgrade::Arguments),
    /// Shows on this machine what the cluster does when things die
    Demo(demo::Arguments),
    /// Checks, merges and makes model files, without a cluster
    Model(crate::model::Arguments),
    /// Writes the scripts of the sample components, for models to name
    Bundle {
        /// Where to
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
    /// Ends a lost node director and its components; what up --fence kill calls
    #[command(hide = true)]
    Fence(fence::Arguments),
    /// Prints what an installation needs: names, completions, the manual page
    #[command(hide = true, subcommand)]
    Setup(setup::Arguments),
    /// The process that `up --detach` leaves behind
    #[command(hide = true)]
    Supervise(up::Arguments),
}

/// The program that runs, the same bytes even where its file was replaced meanwhile: a cluster's daemons are of one
/// version.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Runs `perdure` with these arguments; `argv[0]` is its name.
pub fn main(argv: Vec<OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(argv) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let dir = arguments.dir.as_deref();
    let outcome = match arguments.command {
        Command::Up(arguments) => up::run(dir, &arguments),
        Command::Supervise(arguments) => up::supervise(dir, &arguments),
        Command::Down(arguments) => down::run(dir, &arguments),
        Command::Status(arguments) => status::run(dir, &arguments),
        Command::Explain(arguments) => explain::run(dir, &arguments),
        Command::Timeline(arguments) => timeline::run(dir, &arguments),
        Command::Journal(arguments) => journal::run(dir, &arguments),
        Command::Metrics(arguments) => metrics::run(dir, &arguments),
        Command::Fence(arguments) => fence::run(dir, &arguments),
        Command::Upgrade(arguments) => upgrade::run(dir, &arguments),
        Command::Demo(arguments) => demo::run(dir, &arguments),
        Command::Bundle { to } => write_bundle(&to),
        Command::Setup(what) => setup::run::<Arguments>(&what),
        Command::Model(arguments) => return crate::model::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("perdure: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn print_line(text: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("nobody reads the output");
    }
}

fn write_bundle(to: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("write to {}", to.display()), &error);
    let program = std::env::current_exe().map_err(failed)?;
    crate::samples::write_bundle(to, &program).map_err(failed)
}

/// Runs a future on a thread of its own kind: Cap'n Proto clients stay on one thread.
/// How long a question may take; a daemon that is stopped or hangs answers nothing.
const ANSWER_MAX: std::time::Duration = std::time::Duration::from_secs(10);

/// The answer to a question, or that it did not come in time.
async fn in_time<T>(
    place: &place::Place,
    question: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = |_| {
        let (limit, dir) = (ANSWER_MAX.as_secs(), place.dir().display());
        Failure::new(format!(
            "the daemons in {dir} do not answer within {limit} s; their logs are in {dir}/log"
        ))
    };
    tokio::time::timeout(ANSWER_MAX, question).await.map_err(late)?
}

fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("start the runtime", &error))?;
    tokio::task::LocalSet::new().block_on(&runtime, future)
}
