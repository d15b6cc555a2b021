//! `immdump`: writes classes and objects to a file that loads again.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ais::{
    Attr, AttrChoice, AttrFlags, ClassCategory, ClassDef, Dn, Object, SYSTEM_ATTRIBUTES, Scope, Value,
};
use clap::Parser;
use immd_client::{Imm, ImmError, Search, SearchParams};
use serde::Serialize;

mod stream;
mod target;

use stream::{Dumped, Undumped};
use target::Target;

use super::connect::{Limits, Session, with_session};
use super::json;
use super::output::{Failure, Report, complain, finish};
use super::progress::Progress;
use super::usage::{CommandLine, Common, Help, parse, seconds};
use crate::moment;

const HELP: Help = Help {
    name: "immdump",
    purpose: "writes the information model as XML",
    synopsis: &["immdump [options] [file]"],
    description: &[
        "Writes all classes and all objects that survive a restart, to the file or to stdout.",
        "What it writes loads again: perdure up, immcfg -f.",
    ],
    options: &[
        ("-x, --xmlwriter FILE", "the same as the file alone"),
        (
            "-c, --class CLASS",
            "this class and its objects only; may be repeated",
        ),
        (
            "-p, --pbe FILE",
            "not supported; the cluster keeps its own database",
        ),
        ("-a, --audit FILE", "not supported; there is no such database"),
        (
            "--at TIME",
            "objects as they were then: a date and time, a time of today, or 10m for ten minutes ago",
        ),
        (
            "-t, --timeout SEC",
            "give up after this time; 300 seconds unless given",
        ),
    ],
    examples: &[
        ("immdump backup.xml", "writes everything to a file"),
        (
            "immdump -c SaAmfSU -c SaAmfComp",
            "shows two classes with their objects",
        ),
    ],
};

/// The attribute that must come back with a persistent runtime object.
const IMPLEMENTER_NAME: &str = SYSTEM_ATTRIBUTES[2];

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(short, long)]
    xmlwriter: Option<PathBuf>,
    #[arg(short, long)]
    class: Vec<String>,
    #[arg(short, long)]
    pbe: Option<PathBuf>,
    #[arg(short, long)]
    audit: Option<PathBuf>,
    #[arg(short, long, value_parser = seconds, default_value_t = 300)]
    timeout: u64,
    #[arg(long, value_parser = moment::argument)]
    at: Option<i64>,
    files: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// What is dumped.
#[derive(Debug, Default)]
struct Dump {
    classes: Vec<ClassDef>,
    /// Each with its class, in the order in which they are written.
    objects: Vec<(String, Object)>,
}

impl Dump {
    fn write(&self, out: impl Write) -> io::Result<()> {
        let mut writer = models::Writer::new(out, &self.classes)?;
        for (class, object) in &self.objects {
            writer.object(class, &object.dn, &object.attrs)?;
        }
        writer.finish().map(drop)
    }
}

/// What is printed: the dump itself, or where it went.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Shown {
    Dump {
        classes: Vec<json::Class>,
        objects: Vec<JsonObject>,
        #[serde(skip)]
        xml: String,
    },
    Written {
        file: String,
        classes: usize,
        objects: usize,
    },
    Nothing {},
}

#[derive(Debug, Serialize)]
struct JsonObject {
    class: String,
    #[serde(flatten)]
    object: json::Object,
}

impl Report for Shown {
    fn text(&self) -> String {
        match self {
            Shown::Dump { xml, .. } => xml.clone(),
            Shown::Written { file, .. } => {
                format!("Dumping current IMM state to XML file {file} using XMLWriter\n")
            }
            Shown::Nothing {} => String::new(),
        }
    }
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let file = match file(&line) {
        Ok(file) => file,
        Err((complaint, code)) => {
            HELP.refuse(&complaint);
            return ExitCode::from(code);
        }
    };
    let limits = Limits {
        program: HELP.name,
        timeout_s: line.timeout,
        try_again: true,
    };
    let mut shown = Shown::Nothing {};
    let outcome = with_session(limits, &line.common, async |session| {
        shown = dump(session, &line, file).await?;
        Ok(())
    });
    finish(line.common.json, &shown, outcome)
}

/// Dumps what the command line asks for.
async fn dump(session: &Session, line: &Line, file: Option<&Path>) -> Result<Shown, Failure> {
    let classes = classes(session, &line.class).await?;
    if line.common.json || !line.class.is_empty() {
        let dump = read(session, line, classes).await?;
        return match file {
            Some(file) => save(&dump, file),
            None => show(&dump, line.common.json),
        };
    }
    // Everything is written as it comes.
    let Some(file) = file else {
        let written = write(session, line.at, &classes, || Ok(Vec::new())).await?;
        return as_text(written.map_err(|error| unwritten(&error))?.0);
    };
    let target = Target::beside(file);
    let written = write(session, line.at, &classes, || target.create()).await;
    let written = written.and_then(|written| {
        let complete = |(out, objects)| target.complete(out).map(|()| objects);
        written.and_then(complete).map_err(|error| target.failed(&error))
    });
    let objects = written.inspect_err(|_| target.discard())?;
    Ok(Shown::Written {
        file: file.display().to_string(),
        classes: classes.len(),
        objects,
    })
}

/// Writes everything to what `sink` gives, anew where the daemon was started again meanwhile; gives the sink and how
/// many objects are in it.
async fn write<W: Write>(
    session: &Session,
    at: Option<i64>,
    classes: &[ClassDef],
    sink: impl Fn() -> io::Result<W>,
) -> Result<io::Result<(W, usize)>, Failure> {
    let written = session
        .read(async |imm| {
            let begun = sink().and_then(|out| models::Writer::new(out, classes));
            let (mut writer, mut count) = match begun {
                Ok(writer) => (writer, 0),
                Err(error) => return Ok(Err(error)),
            };
            let progress = Progress::counting("objects read");
            let dumped = Dumped::of(classes);
            let mut search = Wanted { class: None, at }.search(&imm).await?;
            while let Some(page) = search.next_page().await? {
                let objects = page.objects()?;
                progress.add(objects.len());
                for object in objects {
                    match dumped.write(object, &mut writer) {
                        Ok(is_kept) => count += usize::from(is_kept),
                        Err(Undumped::Unread(error)) => return Err(error),
                        Err(Undumped::Unwritten(error)) => return Ok(Err(error)),
                    }
                }
            }
            Ok(writer.finish().map(|out| (out, count)))
        })
        .await;
    written.map_err(|error| Failure::of_call("saImmOmSearchInitialize_2", &error))
}

/// The file to write; with what is not supported, the complaint and the exit code.
fn file(line: &Line) -> Result<Option<&Path>, (String, u8)> {
    match (&line.pbe, &line.audit) {
        (Some(_), Some(_)) => return Err(("error - -p and -a exclude each other".to_owned(), 1)),
        (Some(_), None) => {
            let why = "error - the cluster keeps its own database; there is no persistent back end to write";
            return Err((why.to_owned(), 1));
        }
        (None, Some(_)) => {
            let why = "Audit failed. There is no persistent back end; perdure checks its own database";
            return Err((why.to_owned(), 2));
        }
        (None, None) => {}
    }
    match (&line.xmlwriter, line.files.as_slice()) {
        (None, []) => Ok(None),
        (Some(file), []) | (None, [file]) => Ok(Some(file)),
        _ => Err(("error - too many arguments".to_owned(), 1)),
    }
}

/// The classes that are wanted: all, or those of these that exist.
async fn classes(session: &Session, wanted: &[String]) -> Result<Vec<ClassDef>, Failure> {
    let failed = |error: ImmError| Failure::of_call("saImmOmAccessorGet_2", &error);
    let all = session
        .read(async |imm| imm.class_names().await)
        .await
        .map_err(failed)?;
    for name in wanted.iter().filter(|name| !all.contains(name)) {
        complain(&[format!("Warning: Class '{name}' doesn't exist")]);
    }
    let names: Vec<String> = all
        .into_iter()
        .filter(|name| wanted.is_empty() || wanted.contains(name))
        .collect();
    if names.is_empty() && !wanted.is_empty() {
        return Err(Failure::new("No valid class - exiting"));
    }
    let mut classes = Vec::new();
    for name in &names {
        let described = session.read(async |imm| imm.class_describe(name).await).await;
        classes.push(stripped(described.map_err(failed)?));
    }
    Ok(classes)
}

/// Reads what is to be dumped at once: as JSON, or the objects of some classes, which are sorted.
async fn read(session: &Session, line: &Line, classes: Vec<ClassDef>) -> Result<Dump, Failure> {
    let (at, mut found) = (line.at, Vec::new());
    if line.class.is_empty() {
        found = objects(session, Wanted { class: None, at }, &classes).await?;
    } else {
        for class in &classes {
            let class = Some(class.name.as_str());
            found.extend(objects(session, Wanted { class, at }, &classes).await?);
        }
        // Parents first, so that the file loads wherever their own parents are.
        found.sort_by_cached_key(|(_, object)| reversed(&object.dn));
    }
    Ok(Dump {
        classes,
        objects: found,
    })
}

/// The class without the attributes that the repository adds itself.
fn stripped(mut class: ClassDef) -> ClassDef {
    class
        .attrs
        .retain(|attr| !SYSTEM_ATTRIBUTES.contains(&attr.name.as_str()));
    class
}

/// The RDNs, root first: the order of parents before children.
fn reversed(dn: &Dn) -> Vec<String> {
    let mut rdns: Vec<String> = dn.rdns().map(str::to_owned).collect();
    rdns.reverse();
    rdns
}

/// Which objects are wanted.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    /// Those of this class; of all without one.
    class: Option<&'a str>,
    /// As they were at this time; as they are without one.
    at: Option<i64>,
}

impl Wanted<'_> {
    /// Begins to read them, in ascending order of their names. Those of a past time are of all classes.
    async fn search(self, imm: &Imm) -> Result<Search, ImmError> {
        if let Some(at) = self.at {
            return imm.past(None, Scope::Subtree, at).await;
        }
        let filter = |class: &str| {
            (
                "SaImmAttrClassName".to_owned(),
                Some(Value::String(class.to_owned())),
            )
        };
        imm.search(SearchParams {
            root: None,
            scope: Scope::Subtree,
            filter: self.class.map(filter),
            attrs: AttrChoice::Persistent,
        })
        .await
    }
}

/// The objects, in ascending order of their names.
async fn objects(
    session: &Session,
    wanted: Wanted<'_>,
    classes: &[ClassDef],
) -> Result<Vec<(String, Object)>, Failure> {
    let found = session
        .read(async |imm| {
            let progress = Progress::counting("objects read");
            let mut search = wanted.search(&imm).await?;
            let mut all = Vec::new();
            loop {
                let batch = search.next_batch().await?;
                if batch.is_empty() {
                    return Ok(all);
                }
                progress.add(batch.len());
                all.extend(batch.into_iter().filter_map(|object| kept(object, classes)));
            }
        })
        .await;
    let found = found.map_err(|error| Failure::of_call("saImmOmSearchInitialize_2", &error))?;
    Ok(found
        .into_iter()
        .filter(|(class, _)| wanted.class.is_none_or(|wanted| wanted == *class))
        .map(|(class, object)| (class.to_owned(), object))
        .collect())
}

/// The object with its class and what is dumped of it; `None` where it does not survive a restart.
///
/// DEVIATION(CLI-001): system attributes are left out: the class stands in the file anyway, the owner is a matter of the moment, and the
/// implementer attaches itself again. Only for runtime objects is the implementer's name theirs.
fn kept(object: Object, classes: &[ClassDef]) -> Option<(&str, Object)> {
    let class = object.class()?;
    let definition = classes.iter().find(|definition| definition.name == class)?;
    let is_runtime = definition.category == ClassCategory::Runtime;
    let persists = definition
        .rdn()
        .is_some_and(|rdn| rdn.flags.contains(AttrFlags::PERSISTENT));
    if is_runtime && !persists {
        return None;
    }
    let is_kept = |attr: &Attr| {
        let is_system = SYSTEM_ATTRIBUTES.contains(&attr.name.as_str());
        !attr.values.is_empty() && (!is_system || (is_runtime && attr.name == IMPLEMENTER_NAME))
    };
    let Object { dn, mut attrs } = object;
    attrs.retain(is_kept);
    Some((&definition.name, Object { dn, attrs }))
}

/// The dump as it goes to stdout.
fn show(dump: &Dump, as_json: bool) -> Result<Shown, Failure> {
    if as_json {
        let object = |(class, object): &(String, Object)| JsonObject {
            class: class.clone(),
            object: json::Object::from(object),
        };
        return Ok(Shown::Dump {
            classes: dump.classes.iter().map(json::Class::from).collect(),
            objects: dump.objects.iter().map(object).collect(),
            xml: String::new(),
        });
    }
    let mut bytes = Vec::new();
    dump.write(&mut bytes).map_err(|error| unwritten(&error))?;
    as_text(bytes)
}

/// A dump in XML for stdout.
fn as_text(bytes: Vec<u8>) -> Result<Shown, Failure> {
    Ok(Shown::Dump {
        classes: Vec::new(),
        objects: Vec::new(),
        xml: String::from_utf8(bytes).map_err(|error| unwritten(&error))?,
    })
}

fn unwritten(error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("error - could not write the dump: {error}"))
}

/// Writes the dump to a file. One that is there is replaced only when the new one is complete.
fn save(dump: &Dump, file: &Path) -> Result<Shown, Failure> {
    let target = Target::beside(file);
    let written = target.create().and_then(|mut out| {
        dump.write(&mut out)?;
        target.complete(out)
    });
    if let Err(error) = written {
        target.discard();
        return Err(target.failed(&error));
    }
    Ok(Shown::Written {
        file: file.display().to_string(),
        classes: dump.classes.len(),
        objects: dump.objects.len(),
    })
}

#[cfg(test)]
mod tests {
    use ais::{AttrDef, ValueType};

    use super::*;
    use crate::commands::usage::try_parse;

    fn class(name: &str, category: ClassCategory, rdn_flags: AttrFlags) -> ClassDef {
        ClassDef {
            name: name.to_owned(),
            category,
            attrs: vec![AttrDef {
                name: "id".to_owned(),
                value_type: ValueType::String,
                flags: AttrFlags::RDN | rdn_flags,
                default: None,
            }],
        }
    }

    fn object(class: &str) -> Object {
        let text = |name: &str, value: &str| Attr::single(name, Value::String(value.to_owned()));
        Object {
            dn: Dn::new("id=1").unwrap(),
            attrs: vec![
                text("id", "id=1"),
                text("SaImmAttrImplementerName", "oi"),
                text("SaImmAttrClassName", class),
                text("SaImmAttrAdminOwnerName", "IMMLOADER"),
            ],
        }
    }

    #[test]
    fn only_what_survives_is_dumped() {
        let classes = [
            class("Config", ClassCategory::Config, AttrFlags::CONFIG),
            class(
                "Passing",
                ClassCategory::Runtime,
                AttrFlags::RUNTIME | AttrFlags::CACHED,
            ),
            class(
                "Lasting",
                ClassCategory::Runtime,
                AttrFlags::RUNTIME | AttrFlags::PERSISTENT,
            ),
        ];
        let names = |class: &str| {
            let (_, object) = kept(object(class), &classes)?;
            Some(object.attrs.into_iter().map(|attr| attr.name).collect::<Vec<_>>())
        };
        assert_eq!(names("Config"), Some(vec!["id".to_owned()]));
        assert_eq!(names("Passing"), None);
        assert_eq!(
            names("Lasting"),
            Some(vec!["id".to_owned(), "SaImmAttrImplementerName".to_owned()])
        );
    }

    #[test]
    fn parents_sort_before_their_children() {
        let mut dns = ["b=1,a=1", "a=1", "c=1,b=1,a=1", "a=0"].map(|text| Dn::new(text).unwrap());
        dns.sort_by_cached_key(reversed);
        assert_eq!(
            dns.map(|dn| dn.to_string()),
            ["a=0", "a=1", "b=1,a=1", "c=1,b=1,a=1"]
        );
    }

    #[test]
    fn a_dump_is_replaced_only_by_a_complete_one() {
        let dir = std::env::temp_dir().join(format!("immdump-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("dump.xml");
        assert!(matches!(
            save(&Dump::default(), &file),
            Ok(Shown::Written { objects: 0, .. })
        ));
        assert!(save(&Dump::default(), &dir.join("none/dump.xml")).is_err());
        // A device, which is always full.
        let why = save(&Dump::default(), Path::new("/dev/full")).unwrap_err();
        assert!(format!("{why:?}").contains("No space left"), "{why:?}");
        let left: Vec<_> = std::fs::read_dir(&dir).unwrap().collect();
        assert_eq!(left.len(), 1);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_is_not_supported_says_so() {
        let read = |args: &[&str]| {
            let args = std::iter::once("immdump").chain(args.iter().copied());
            try_parse::<Line>(&HELP, args.map(OsString::from).collect()).unwrap()
        };
        assert_eq!(file(&read(&["-p", "x"])).unwrap_err().1, 1);
        assert_eq!(file(&read(&["-a", "x"])).unwrap_err().1, 2);
        assert_eq!(file(&read(&["-p", "x", "-a", "y"])).unwrap_err().1, 1);
        assert_eq!(
            file(&read(&["a", "b"])).unwrap_err().0,
            "error - too many arguments"
        );
        assert_eq!(file(&read(&["-x", "f"])), Ok(Some(Path::new("f"))));
        assert_eq!(file(&read(&["f", "-c", "C"])), Ok(Some(Path::new("f"))));
        assert_eq!(file(&read(&[])), Ok(None));
    }
}
