//! `perdure model merge`: one file of several, each class and each object once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ais::ClassDef;
use clap::Args;
use models::{Document, Writer, XmlObject, class_difference};
use regex::Regex;

use super::{Stopped, read};

/// The exit code for a wrong command line.
const USAGE: u8 = 2;

/// The command line.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct Arguments {
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Sort the classes by name, and the objects by DN with parents first
    #[arg(short, long)]
    sort: bool,
    /// Of classes and objects that stand in several files with different content, take the first
    #[arg(long)]
    ignore_variants: bool,
    /// Take objects whose class is in no file and is no standard one
    #[arg(long)]
    ignore_missing_class: bool,
    /// Take only classes, and objects of classes, whose name matches this expression
    #[arg(long, value_name = "REGEX")]
    grep_class: Option<Regex>,
    /// Leave such classes and their objects out
    #[arg(long, value_name = "REGEX")]
    grep_v_class: Option<Regex>,
    /// Take only objects whose DN matches this expression
    #[arg(long, value_name = "REGEX")]
    grep_dn: Option<Regex>,
    /// Leave such objects out
    #[arg(long, value_name = "REGEX")]
    grep_v_dn: Option<Regex>,
    /// A schema, or a directory of schemas, whose flags are accepted and left out
    #[arg(long, value_name = "XSD")]
    schema: Option<PathBuf>,
    /// Accepted; comments are not kept
    #[arg(long)]
    keep_comment_elements: bool,
    /// Accepted
    #[arg(short, long)]
    trace: bool,
    /// Tell what was merged
    #[arg(short, long)]
    verbose: bool,
}

/// Merges the files.
///
/// # Errors
/// What is wrong with a file; classes or objects that differ; that the result cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Stopped> {
    if arguments
        .output
        .as_ref()
        .is_some_and(|output| arguments.files.contains(output))
    {
        return Err(Stopped::new("error - the output is one of the files that are read").with_code(USAGE));
    }
    let schema = arguments.schema.as_deref();
    let mut merged = Merged::default();
    for file in &arguments.files {
        merged.add(read(file, schema)?, arguments)?;
    }
    merged.check_classes(arguments)?;
    if arguments.sort {
        merged.sort();
    }
    if arguments.verbose {
        eprintln!(
            "{} classes, {} objects",
            merged.classes.len(),
            merged.objects.len()
        );
    }
    write(&merged, arguments.output.as_deref())
        .map_err(|error| Stopped::new(format!("error - the result cannot be written: {error}")))
}

/// What was taken so far, in the order of the files.
#[derive(Debug, Default)]
struct Merged {
    classes: Vec<ClassDef>,
    objects: Vec<XmlObject<'static>>,
    /// Where each class and object was found first, to find and to name it.
    class_at: BTreeMap<String, (usize, String)>,
    object_at: BTreeMap<String, (usize, String)>,
}

impl Merged {
    fn add(&mut self, document: Document<'static>, arguments: &Arguments) -> Result<(), Stopped> {
        for class in document
            .classes
            .into_iter()
            .filter(|class| wants_class(arguments, &class.it.name))
        {
            let place = format!("{}:{}", document.file, class.at);
            self.add_class(class.it, place, arguments.ignore_variants)?;
        }
        for object in document.objects {
            if wants_class(arguments, &object.class) && wants_dn(arguments, &object.dn.it) {
                let place = format!("{}:{}", document.file, object.dn.at);
                self.add_object(object, place, arguments.ignore_variants)?;
            }
        }
        Ok(())
    }

    fn add_class(&mut self, class: ClassDef, place: String, ignore_variants: bool) -> Result<(), Stopped> {
        let Some((index, first)) = self.class_at.get(&class.name) else {
            self.class_at
                .insert(class.name.clone(), (self.classes.len(), place));
            self.classes.push(class);
            return Ok(());
        };
        let difference = self
            .classes
            .get(*index)
            .and_then(|present| class_difference(present, &class));
        match difference.filter(|_| !ignore_variants) {
            Some(difference) => Err(Stopped::new(format!(
                "{place}: class {}: differs from {first}: {difference}",
                class.name
            ))),
            None => Ok(()),
        }
    }

    fn add_object(
        &mut self,
        object: XmlObject<'static>,
        place: String,
        ignore_variants: bool,
    ) -> Result<(), Stopped> {
        let dn = object.dn.it.to_string();
        let Some((index, first)) = self.object_at.get(&dn) else {
            self.object_at.insert(dn, (self.objects.len(), place));
            self.objects.push(object);
            return Ok(());
        };
        let is_same = self
            .objects
            .get(*index)
            .is_some_and(|present| content(present) == content(&object));
        if is_same || ignore_variants {
            return Ok(());
        }
        Err(Stopped::new(format!(
            "{place}: object {dn}: differs from the one at {first}"
        )))
    }

    fn check_classes(&self, arguments: &Arguments) -> Result<(), Stopped> {
        if arguments.ignore_missing_class
            || arguments.grep_class.is_some()
            || arguments.grep_v_class.is_some()
        {
            return Ok(());
        }
        let standard = models::standard_classes();
        let is_known = |object: &&XmlObject<'_>| {
            self.class_at.contains_key(&*object.class)
                || standard.iter().any(|class| class.name == *object.class)
        };
        match self.objects.iter().find(|object| !is_known(object)) {
            Some(object) => Err(Stopped::new(format!(
                "object {}: the class '{}' is in no file; --ignore-missing-class takes the object all the same",
                object.dn.it, object.class
            ))),
            None => Ok(()),
        }
    }

    fn sort(&mut self) {
        self.classes.sort_by(|a, b| a.name.cmp(&b.name));
        // RDNs from the root on, so that a parent comes before what is below it.
        self.objects
            .sort_by_cached_key(|object| match ais::Dn::new(&object.dn.it) {
                Ok(dn) => from_root(&dn),
                Err(_) => vec![object.dn.it.to_string()],
            });
    }
}

fn from_root(dn: &ais::Dn) -> Vec<String> {
    let mut rdns = vec![dn.rdn().to_owned()];
    let mut parent = dn.parent();
    while let Some(dn) = parent {
        rdns.push(dn.rdn().to_owned());
        parent = dn.parent();
    }
    rdns.reverse();
    rdns
}

/// What an object says, without the places where it says it.
fn content<'a>(object: &'a XmlObject<'_>) -> (&'a str, BTreeMap<&'a str, Vec<&'a str>>) {
    let attrs = object.attrs.iter().map(|attr| {
        let values = attr.values.iter().map(|value| &*value.it).collect();
        (&*attr.name, values)
    });
    (&object.class, attrs.collect())
}

fn matches(expression: Option<&Regex>, without: Option<&Regex>, name: &str) -> bool {
    expression.is_none_or(|wanted| wanted.is_match(name))
        && without.is_none_or(|unwanted| !unwanted.is_match(name))
}

fn wants_class(arguments: &Arguments, name: &str) -> bool {
    matches(
        arguments.grep_class.as_ref(),
        arguments.grep_v_class.as_ref(),
        name,
    )
}

fn wants_dn(arguments: &Arguments, dn: &str) -> bool {
    matches(arguments.grep_dn.as_ref(), arguments.grep_v_dn.as_ref(), dn)
}

fn write(merged: &Merged, output: Option<&Path>) -> io::Result<()> {
    match output {
        Some(file) => write_to(merged, BufWriter::new(File::create(file)?)),
        None => write_to(merged, BufWriter::new(io::stdout().lock())),
    }
}

fn write_to(merged: &Merged, out: impl Write) -> io::Result<()> {
    let mut writer = Writer::new(out, &merged.classes)?;
    for object in &merged.objects {
        writer.raw_object(object)?;
    }
    writer.finish().map(drop)
}
