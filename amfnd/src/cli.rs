//! The daemon's command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use ais::{Dn, Millis};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::{EXIT_REBOOT, Ending, Options, RebootPolicy};

/// Directs one node of a cluster.
#[derive(Debug, Parser)]
#[command(name = "amfnd")]
struct Arguments {
    /// The directory of the cluster; otherwise the one in the environment variable `PERDURE_DIR`.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The DN of the node, a `SaAmfNode`.
    #[arg(long, value_parser = |text: &str| Dn::new(text))]
    node: Dn,
    /// The number that components see in `NCS_ENV_NODE_ID`.
    #[arg(long, default_value_t = 0)]
    node_id: u32,
    /// What a reboot of the node means, after every component was killed: `none`, `restart` of the node director (exit
    /// status 75), or a program's path, which is run before that.
    #[arg(long, default_value = "restart")]
    reboot: OsString,
    /// For how many milliseconds components go on without a director; then they are killed, and the node reboots as
    /// `--reboot` says. Without this they go on for ever.
    #[arg(long, value_name = "MS")]
    absence_limit: Option<u64>,
    /// How many milliseconds the director may take to move the work of a node director that is asked to end, before that
    /// terminates everything itself. 0: it is not asked to.
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    leave_limit: u64,
    /// The size in bytes at which a component's log is shortened.
    #[arg(long, default_value_t = 1 << 20)]
    log_size_max: u64,
}

/// The options that these arguments give; `args[0]` is the program's name.
///
/// # Errors
/// What is wrong with them, or the help that they ask for.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Options, clap::Error> {
    let arguments = Arguments::try_parse_from(args)?;
    let dir = arguments
        .dir
        .or_else(|| std::env::var_os("PERDURE_DIR").map(PathBuf::from));
    Ok(Options {
        dir: dir.ok_or_else(|| {
            Arguments::command().error(
                ErrorKind::MissingRequiredArgument,
                "give the directory of the cluster with --dir or PERDURE_DIR",
            )
        })?,
        node: arguments.node,
        node_id: arguments.node_id,
        reboot: match arguments.reboot.to_str() {
            Some("none") => RebootPolicy::None,
            Some("restart") => RebootPolicy::RestartNodeDirector,
            Some(_) | None => RebootPolicy::Command(arguments.reboot.into()),
        },
        log_size_max: arguments.log_size_max,
        absence_limit: arguments.absence_limit.map(Millis),
        leave_limit: Millis(arguments.leave_limit),
    })
}

/// Runs the daemon with these arguments. The exit status is 0 after an orderly end, [`EXIT_REBOOT`] after a reboot, 1
/// when it cannot run, 2 when the arguments are wrong.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match parse(args) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    match crate::run(options) {
        Ok(Ending::Shutdown) => ExitCode::SUCCESS,
        Ok(Ending::Reboot) => ExitCode::from(EXIT_REBOOT),
        Err(error) => {
            tracing::error!(%error, "the node director cannot run");
            eprintln!("amfnd: {error}");
            ExitCode::FAILURE
        }
    }
}
