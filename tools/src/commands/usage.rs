//! Command lines as OpenSAF's commands read them: short and long options anywhere, long ones abbreviated, help in
//! blocks, and one complaint with a hint where an option is wrong.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::output;
use super::text::append;

/// The help of a command.
pub(super) struct Help {
    /// The command.
    pub(super) name: &'static str,
    /// What it does, in half a line.
    pub(super) purpose: &'static str,
    /// Its forms.
    pub(super) synopsis: &'static [&'static str],
    /// What it does, in lines.
    pub(super) description: &'static [&'static str],
    /// Its own options with what they mean; those of every command are added.
    pub(super) options: &'static [(&'static str, &'static str)],
    /// Command lines with what they do.
    pub(super) examples: &'static [(&'static str, &'static str)],
}

/// The options that every command has.
const COMMON_OPTIONS: [(&str, &str); 3] = [
    (
        "--dir DIR",
        "the directory of the cluster; else PERDURE_DIR, else ~/.perdure",
    ),
    ("--json", "print one JSON document instead of text"),
    ("-h, --help", "print this help"),
];

/// The options that every command has.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(super) struct Common {
    /// The directory of the cluster.
    #[arg(long)]
    pub(super) dir: Option<PathBuf>,
    /// One JSON document instead of text.
    #[arg(long)]
    pub(super) json: bool,
    /// Print the help.
    #[arg(short = 'h', long)]
    pub(super) help: bool,
}

/// A parsed command line that knows the common options.
pub(super) trait CommandLine: Parser {
    /// The common options.
    fn common(&self) -> &Common;
}

impl Help {
    /// The blocks NAME, SYNOPSIS, DESCRIPTION, OPTIONS and EXAMPLE, each after a blank line.
    pub(super) fn text(&self) -> String {
        self.text_with(&COMMON_OPTIONS)
    }

    fn text_with(&self, common: &[(&'static str, &'static str)]) -> String {
        let mut text = format!("\nNAME\n\t{} - {}\n", self.name, self.purpose);
        block(&mut text, "SYNOPSIS", self.synopsis);
        block(&mut text, "DESCRIPTION", self.description);
        pairs(&mut text, "OPTIONS", self.options.iter().chain(common));
        pairs(&mut text, "EXAMPLE", self.examples.iter());
        text
    }

    /// The line that follows a complaint about the command line.
    pub(super) fn hint(&self) -> String {
        format!("Try '{} --help' for more information", self.name)
    }

    /// Prints a complaint about the command line with the hint; gives the exit code.
    pub(super) fn refuse(&self, complaint: &str) -> ExitCode {
        output::complain(&[complaint, &self.hint()]);
        ExitCode::FAILURE
    }

    /// Prints the help; gives the exit code.
    pub(super) fn print(&self) -> ExitCode {
        print(&self.text())
    }

    /// The same, of a command that asks a node director and no cluster.
    pub(super) fn print_of_component(&self) -> ExitCode {
        print(&self.text_with(&COMMON_OPTIONS[2..]))
    }
}

fn print(text: &str) -> ExitCode {
    match output::print(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => code,
    }
}

fn block(text: &mut String, heading: &str, lines: &[&str]) {
    append(text, format_args!("\n{heading}\n"));
    for line in lines {
        append(text, format_args!("\t{line}\n"));
    }
}

fn pairs<'a>(
    text: &mut String,
    heading: &str,
    pairs: impl Iterator<Item = &'a (&'static str, &'static str)>,
) {
    append(text, format_args!("\n{heading}\n"));
    for (left, right) in pairs {
        append(text, format_args!("\t{left}\n\t\t{right}\n"));
    }
}

/// The command line in `args`, whose first element is the command's name.
///
/// # Errors
/// The exit code, where help was asked for or the command line is wrong; what was to be said has been printed.
pub(super) fn parse<T: CommandLine>(help: &Help, args: Vec<OsString>) -> Result<T, ExitCode> {
    match try_parse::<T>(help, args) {
        Ok(line) if line.common().help => Err(help.print()),
        Ok(line) => Ok(line),
        Err(complaint) => Err(help.refuse(&complaint)),
    }
}

/// The command line, or the complaint about it.
pub(super) fn try_parse<T: Parser>(help: &Help, args: Vec<OsString>) -> Result<T, String> {
    let matches = T::command()
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .infer_long_args(true)
        .args_override_self(true)
        .try_get_matches_from(args.into_iter().skip(1));
    matches
        .and_then(|matches| T::from_arg_matches(&matches))
        .map_err(|error| complaint(help.name, &error))
}

/// What getopt would say about a wrong command line.
fn complaint(program: &str, error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let argument = text(ContextKind::InvalidArg);
    // clap names an option with its value: `--timeout <SEC>`.
    let option = argument.split([' ', '=']).next().unwrap_or_default();
    let value = text(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument if option.starts_with("--") => {
            format!("{program}: unrecognized option '{option}'")
        }
        ErrorKind::UnknownArgument if option.starts_with('-') => {
            format!(
                "{program}: invalid option -- '{}'",
                option.trim_start_matches('-')
            )
        }
        ErrorKind::UnknownArgument => format!("{program}: unexpected argument '{argument}'"),
        ErrorKind::InvalidValue if value.is_empty() && !option.starts_with('-') => {
            format!("{program}: an argument may not be empty")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{program}: option '{option}' requires an argument")
        }
        ErrorKind::TooManyValues => format!("{program}: option '{option}' doesn't allow an argument"),
        ErrorKind::InvalidUtf8 => format!("{program}: the arguments are not valid UTF-8"),
        ErrorKind::ArgumentConflict => format!("{program}: option '{option}' may be given once"),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let mut line = format!("{program}: illegal value '{value}' of option '{option}'");
            if let Some(source) = std::error::Error::source(error) {
                write!(line, ": {source}").unwrap_or_default();
            }
            line
        }
        _ => format!("{program}: wrong arguments"),
    }
}

/// A number of seconds above zero, for `-t`.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("a timeout is at least 1 second".to_owned()),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err("a timeout is a number of seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: Help = Help {
        name: "immthing",
        purpose: "does a thing",
        synopsis: &["immthing [options] <object DN>"],
        description: &["Does a thing", "to objects."],
        options: &[("-t, --timeout SEC", "how long")],
        examples: &[("immthing a=1", "does it to a=1")],
    };

    #[derive(Debug, Parser)]
    struct Line {
        #[arg(short, long, value_parser = seconds, default_value_t = 60)]
        timeout: u64,
        #[arg(short, long, allow_hyphen_values = true)]
        value: Vec<String>,
        names: Vec<String>,
        #[command(flatten)]
        common: Common,
    }

    fn read(args: &[&str]) -> Result<Line, String> {
        let args = std::iter::once("immthing").chain(args.iter().copied());
        try_parse(&HELP, args.map(OsString::from).collect())
    }

    #[test]
    fn help_is_in_blocks() {
        assert_eq!(
            HELP.text(),
            "\nNAME\n\timmthing - does a thing\n\
             \nSYNOPSIS\n\timmthing [options] <object DN>\n\
             \nDESCRIPTION\n\tDoes a thing\n\tto objects.\n\
             \nOPTIONS\n\t-t, --timeout SEC\n\t\thow long\n\
             \t--dir DIR\n\t\tthe directory of the cluster; else PERDURE_DIR, else ~/.perdure\n\
             \t--json\n\t\tprint one JSON document instead of text\n\
             \t-h, --help\n\t\tprint this help\n\
             \nEXAMPLE\n\timmthing a=1\n\t\tdoes it to a=1\n"
        );
    }

    #[test]
    fn options_stand_anywhere_and_may_be_abbreviated() {
        let line = read(&["a=1", "--time", "5", "b=2", "-t7", "--value=-3", "-v", "-4"]).unwrap();
        assert_eq!((line.timeout, line.names.len()), (7, 2));
        assert_eq!(line.value, ["-3", "-4"]);
        assert!(!line.common.help);
        assert!(read(&["-h"]).unwrap().common.help);
        assert_eq!(read(&["--", "-t"]).unwrap().names, ["-t"]);
    }

    #[test]
    fn wrong_options_get_getopts_words() {
        for (args, complaint) in [
            (&["-z"][..], "immthing: invalid option -- 'z'"),
            (&["--foo=1"], "immthing: unrecognized option '--foo'"),
            (&["-t"], "immthing: option '--timeout' requires an argument"),
            (
                &["--json=yes"],
                "immthing: option '--json' doesn't allow an argument",
            ),
            (
                &["-t", "x"],
                "immthing: illegal value 'x' of option '--timeout': a timeout is a number of seconds",
            ),
            (
                &["-t", "0"],
                "immthing: illegal value '0' of option '--timeout': a timeout is at least 1 second",
            ),
        ] {
            assert_eq!(read(args).unwrap_err(), complaint, "{args:?}");
        }
        assert_eq!(HELP.hint(), "Try 'immthing --help' for more information");
    }
}
