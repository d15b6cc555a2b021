//! `perdure model validate`: every rule of a model that can be checked without a cluster.

use std::path::{Path, PathBuf};

use clap::Args;
use models::{Document, Options};

use super::{Stopped, read};

/// The exit code for a file that breaks a rule.
const INVALID: u8 = 2;

/// The command line.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct Arguments {
    /// The files; each must make sense alone
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Check the files as one model, as they are loaded by one `perdure up`
    #[arg(long)]
    together: bool,
    /// A schema, or a directory of schemas, whose flags are accepted
    #[arg(long, value_name = "XSD")]
    schema: Option<PathBuf>,
    /// Values of type SA_NAME_T need not be names of objects
    #[arg(long)]
    ignore_attribute_refs: bool,
    /// RDNs of type SA_NAME_T need not be names of objects
    #[arg(long)]
    ignore_rdn_association_refs: bool,
    /// Accepted
    #[arg(short, long)]
    trace: bool,
    /// Tell what is checked
    #[arg(short, long)]
    verbose: bool,
}

/// Checks the files; the verdict on each goes to stderr.
///
/// # Errors
/// Every problem of the files, with exit code 2.
pub(super) fn run(arguments: &Arguments) -> Result<(), Stopped> {
    let names: Vec<String> = arguments
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let mut groups: Vec<(String, Vec<&Path>)> = Vec::new();
    if arguments.together {
        groups.push((
            names.join(" "),
            arguments.files.iter().map(PathBuf::as_path).collect(),
        ));
    } else {
        groups.extend(
            names
                .into_iter()
                .zip(arguments.files.iter().map(|file| vec![file.as_path()])),
        );
    }
    let mut lines = Vec::new();
    for (name, files) in groups {
        match check(arguments, &files) {
            Ok(told) => {
                if arguments.verbose {
                    eprintln!("{told}");
                }
                eprintln!("Validation succeeded for file: {name}");
            }
            Err(stopped) => {
                lines.extend(stopped.lines);
                lines.push(format!("Validation failed for file: {name}"));
            }
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    Err(Stopped { lines, code: INVALID })
}

fn check(arguments: &Arguments, files: &[&Path]) -> Result<String, Stopped> {
    let schema = arguments.schema.as_deref();
    let documents: Vec<Document<'_>> = files
        .iter()
        .map(|file| read(file, schema))
        .collect::<Result<_, _>>()?;
    let options = Options {
        references: !arguments.ignore_attribute_refs,
        rdn_references: !arguments.ignore_rdn_association_refs,
        ..Options::default()
    };
    // What every cluster has, a model may refer to.
    let known = models::missing_standard_classes(&documents);
    let service = models::standard_objects();
    let exists = |dn: &ais::Dn| service.iter().any(|operation| operation.dn() == dn);
    match models::check(&documents, &known, &options, exists) {
        Ok(operations) => {
            let classes: usize = documents.iter().map(|document| document.classes.len()).sum();
            Ok(format!("{classes} classes, {} objects", operations.len()))
        }
        Err(problems) => Err(Stopped {
            lines: problems.to_string().lines().map(str::to_owned).collect(),
            code: INVALID,
        }),
    }
}
