//! `immload`: loads a file of classes and objects, as `immcfg -f` does.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use super::line::{Action, Request};
use crate::commands::usage::{CommandLine, Common, Help, parse, seconds};

const HELP: Help = Help {
    name: "immload",
    purpose: "loads classes and objects from XML",
    synopsis: &["immload [options] <file>"],
    description: &[
        "Adds the classes and objects of the file to the model, all of them or nothing; what is there already is left",
        "alone. The same as immcfg -f. An empty cluster gets its model from: perdure up FILE...",
    ],
    options: &[
        ("--strict", "a bad default value in a class is an error"),
        (
            "-X, --xsd PATH",
            "accept flags of attributes that this schema, or one in this directory, lists",
        ),
        (
            "-t, --timeout SEC",
            "give up after this time; 300 seconds unless given",
        ),
        ("-v, --verbose", "tell each step on stderr"),
    ],
    examples: &[("immload AppConfig-2N.xml", "adds an application")],
};

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(long)]
    strict: bool,
    #[arg(short = 'X', long)]
    xsd: Option<PathBuf>,
    #[arg(short, long, value_parser = seconds, default_value_t = 300)]
    timeout: u64,
    #[arg(short, long)]
    verbose: bool,
    files: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// Runs the command; `args[0]` is its name.
pub(in crate::commands) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let [file] = line.files.as_slice() else {
        return HELP.refuse("error - specify one file; several become one with: perdure model merge");
    };
    let request = Request {
        action: Action::Import { file: file.clone() },
        owner: None,
        is_unsafe: false,
        xsd: line.xsd.clone(),
        verbose: line.verbose,
        timeout_s: line.timeout,
    };
    super::change(HELP.name, &request, &line.common)
}
