//! `perdure setup`: what an installation needs and only the program knows.

use std::io::Write as _;

use clap::CommandFactory;
use clap_complete::Shell;

use super::failure::Failure;

/// The names by which the program is called, besides its own.
const NAMES: [&str; 18] = [
    "amf-adm",
    "amf-find",
    "amf-report-error",
    "amf-state",
    "amfclusterstatus",
    "amfd",
    "amfnd",
    "amfpm",
    "immadm",
    "immcfg",
    "immd",
    "immdump",
    "immfind",
    "immlist",
    "immload",
    "ntfread",
    "ntfsend",
    "ntfsubscribe",
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Arguments {
    /// The names by which it can be called, one a line
    Names,
    /// The completions for a shell
    Completions {
        /// Which one
        shell: Shell,
    },
    /// The manual page
    Man,
}

/// Prints it, for the command line that `C` parses.
pub(super) fn run<C: CommandFactory>(what: &Arguments) -> Result<(), Failure> {
    let mut text = Vec::new();
    let failed = |error: std::io::Error| Failure::failed("print", &error);
    match what {
        Arguments::Names => text = format!("{}\n", NAMES.join("\n")).into_bytes(),
        Arguments::Completions { shell } => {
            clap_complete::generate(*shell, &mut C::command(), "perdure", &mut text);
        }
        Arguments::Man => clap_mangen::Man::new(C::command())
            .render(&mut text)
            .map_err(failed)?,
    }
    std::io::stdout().write_all(&text).map_err(failed)
}
