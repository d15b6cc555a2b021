//! `perdure model`: models as files, without a cluster. Under OpenSAF's names `immxml-validate`, `immxml-merge` and
//! `immxml-nodegen` the same programs with the same options.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use models::Document;

mod merge;
mod nodegen;
mod validate;

/// The largest file that is read, in bytes.
const FILE_MAX: u64 = 1 << 30;

/// `perdure model`, for the command line of `perdure`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks files: syntax, classes, values, names, parents and references
    Validate(validate::Arguments),
    /// Makes one file of several
    Merge(merge::Arguments),
    /// Makes the files of nodes from templates
    Nodegen(nodegen::Arguments),
}

/// What stopped a command: the lines for stderr, and the exit code.
#[derive(Debug, PartialEq, Eq)]
struct Stopped {
    lines: Vec<String>,
    code: u8,
}

impl Stopped {
    /// With this line and exit code 1.
    fn new(line: impl Into<String>) -> Stopped {
        Stopped {
            lines: vec![line.into()],
            code: 1,
        }
    }

    /// The same with another exit code.
    fn with_code(self, code: u8) -> Stopped {
        Stopped { code, ..self }
    }
}

/// Runs `perdure model`; gives its exit code.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let outcome = match &arguments.command {
        Command::Validate(arguments) => validate::run(arguments),
        Command::Merge(arguments) => merge::run(arguments),
        Command::Nodegen(arguments) => nodegen::run(arguments),
    };
    let Err(stopped) = outcome else {
        return ExitCode::SUCCESS;
    };
    for line in &stopped.lines {
        eprintln!("{line}");
    }
    ExitCode::from(stopped.code)
}

/// The command line of a program that has one of OpenSAF's names.
#[derive(Debug, Parser)]
struct Alone<A: Args> {
    #[command(flatten)]
    arguments: A,
}

/// Runs the program with this name; `args[0]` is the name. `None` where there is no such program.
pub(crate) fn run_by_name(name: &str, args: &[OsString]) -> Option<ExitCode> {
    let command = match name {
        "immxml-validate" => alone(args).map(Command::Validate),
        "immxml-merge" => alone(args).map(Command::Merge),
        "immxml-nodegen" => alone(args).map(Command::Nodegen),
        _ => return None,
    };
    Some(match command {
        Ok(command) => run(&Arguments { command }),
        Err(error) => error.exit(),
    })
}

fn alone<A: Args>(args: &[OsString]) -> Result<A, clap::Error> {
    Alone::try_parse_from(args).map(|line: Alone<A>| line.arguments)
}

/// Reads and parses a file; flags that `schema` lists are accepted.
fn read(file: &Path, schema: Option<&Path>) -> Result<Document<'static>, Stopped> {
    let bytes = bytes_of(file)?;
    let flags = match schema {
        Some(schema) => flags_of(schema)?,
        None => BTreeSet::new(),
    };
    models::parse_with_flags(&file.display().to_string(), &bytes, &flags)
        .map(Document::into_owned)
        .map_err(|problem| Stopped::new(problem.to_string()))
}

/// The content of a file.
fn bytes_of(file: &Path) -> Result<Vec<u8>, Stopped> {
    let failed = |error: std::io::Error| Stopped::new(format!("error - {}: {error}", file.display()));
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > FILE_MAX {
        let text = format!(
            "{}: the file has {size} bytes, {FILE_MAX} are allowed",
            file.display()
        );
        return Err(Stopped::new(format!("error - {text}")));
    }
    std::fs::read(file).map_err(failed)
}

/// The flags that a schema lists, or all schemas of a directory.
pub(crate) fn schema_flags(path: &Path) -> Result<BTreeSet<String>, String> {
    let files: Vec<PathBuf> = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| file.extension().is_some_and(|extension| extension == "xsd"))
            .collect()
    } else {
        vec![path.to_owned()]
    };
    let mut flags = BTreeSet::new();
    for file in files {
        let named = |error: String| format!("{}: {error}", file.display());
        let text = std::fs::read_to_string(&file).map_err(|error| named(error.to_string()))?;
        flags.extend(models::schema_values(&text).map_err(named)?);
    }
    Ok(flags)
}

fn flags_of(schema: &Path) -> Result<BTreeSet<String>, Stopped> {
    schema_flags(schema).map_err(|error| Stopped::new(format!("error - {error}")))
}
