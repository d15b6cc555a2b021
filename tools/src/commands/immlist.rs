//! `immlist`: shows objects and classes.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::process::ExitCode;

use ais::{AisError, AttrDef, AttrFlags, ClassCategory, ClassDef, Dn, Object, Scope};
use clap::Parser;
use immd_client::AttrChoice;
use serde::Serialize;

use super::connect::{Limits, Session, with_session};
use super::output::{Failure, Report, finish, is_code};
use super::text::append;
use super::usage::{CommandLine, Common, Help, parse, seconds};
use super::{json, text};
use crate::moment;

const HELP: Help = Help {
    name: "immlist",
    purpose: "shows the attributes of objects, or the definitions of classes",
    synopsis: &[
        "immlist [options] <object DN> [object DN]*",
        "immlist [options] -c <class name> [class name]*",
    ],
    description: &[
        "Prints all attributes of each object as a table, or as lines name=value for scripts.",
        "With -c, prints the definition of each class.",
    ],
    options: &[
        (
            "-a, --attribute NAME",
            "show this attribute only, as a line for scripts; may be repeated",
        ),
        ("-c, --class", "the arguments are names of classes"),
        (
            "-p, --pretty-print yes|no",
            "with no, print lines name=value for scripts",
        ),
        (
            "--at TIME",
            "as it was then, with what survives a restart: a date and time, a time of today, or 10m for ten minutes ago",
        ),
        (
            "-t, --timeout SEC",
            "give up after this time; 60 seconds unless given",
        ),
    ],
    examples: &[
        ("immlist safApp=demo", "shows all attributes of the object"),
        (
            "immlist -a saAmfSUAdminState safSu=SU1,safSg=demo,safApp=demo",
            "shows one attribute, for a script",
        ),
        ("immlist -c SaAmfSU", "shows the class"),
    ],
};

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(short, long, allow_hyphen_values = true)]
    attribute: Vec<String>,
    #[arg(short, long)]
    class: bool,
    #[arg(short, long, default_value = "yes")]
    pretty_print: String,
    #[arg(short, long, value_parser = seconds, default_value_t = 60)]
    timeout: u64,
    #[arg(long, value_parser = moment::argument)]
    at: Option<i64>,
    names: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// What was found.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Listing {
    Objects {
        objects: Vec<json::Object>,
        #[serde(skip)]
        plain: Vec<Object>,
        #[serde(skip)]
        pretty: bool,
    },
    Classes {
        classes: Vec<json::Class>,
        #[serde(skip)]
        plain: Vec<ClassDef>,
    },
}

impl Report for Listing {
    fn text(&self) -> String {
        match self {
            Listing::Objects { plain, pretty, .. } => plain
                .iter()
                .map(|object| if *pretty { table(object) } else { lines(object) })
                .collect(),
            Listing::Classes { plain, .. } => plain.iter().map(class_text).collect(),
        }
    }
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    if line.names.is_empty() {
        return HELP.refuse("error - wrong number of arguments");
    }
    let mut listing = if line.class {
        Listing::Classes {
            classes: Vec::new(),
            plain: Vec::new(),
        }
    } else {
        Listing::Objects {
            objects: Vec::new(),
            plain: Vec::new(),
            pretty: line.attribute.is_empty() && !line.pretty_print.eq_ignore_ascii_case("no"),
        }
    };
    let limits = Limits {
        program: HELP.name,
        timeout_s: line.timeout,
        try_again: true,
    };
    let outcome = with_session(limits, &line.common, async |session| {
        fill(session, &line, &mut listing).await
    });
    finish(line.common.json, &listing, outcome)
}

/// Asks for each name, up to the first one refused.
async fn fill(session: &Session, line: &Line, listing: &mut Listing) -> Result<(), Failure> {
    let choice = if line.attribute.is_empty() {
        AttrChoice::All
    } else {
        AttrChoice::Some(line.attribute.clone())
    };
    for name in &line.names {
        match listing {
            Listing::Objects { objects, plain, .. } => {
                let object = match line.at {
                    Some(at) => past_object(session, name, &line.attribute, at).await?,
                    None => object(session, name, &choice).await?,
                };
                objects.push(json::Object::from(&object));
                plain.push(object);
            }
            Listing::Classes { classes, plain } => {
                let class = session.read(async |imm| imm.class_describe(name).await).await;
                let class =
                    class.map_err(|error| Failure::of_call("saImmOmClassDescriptionGet_2", &error))?;
                classes.push(json::Class::from(&class));
                plain.push(class);
            }
        }
    }
    Ok(())
}

/// One object with the attributes that were asked for.
async fn object(session: &Session, name: &str, choice: &AttrChoice) -> Result<Object, Failure> {
    let dn = Dn::new(name)
        .map_err(|error| Failure::with_code(format!("error - {error}"), AisError::InvalidParam))?;
    let read = session.read(async |imm| imm.get(&dn, choice.clone()).await).await;
    read.map_err(|error| {
        if is_code(&error, AisError::NotExist) {
            Failure::explained("error - object or attribute does not exist", &error)
        } else {
            Failure::of_call("saImmOmAccessorGet_2", &error)
        }
    })
}

/// One object as it was at a time, with those of its attributes that survive a restart.
async fn past_object(session: &Session, name: &str, wanted: &[String], at: i64) -> Result<Object, Failure> {
    let dn = Dn::new(name)
        .map_err(|error| Failure::with_code(format!("error - {error}"), AisError::InvalidParam))?;
    let found = session
        .read(async |imm| imm.past(Some(&dn), Scope::Sublevel, at).await?.collect().await)
        .await;
    let found = found.map_err(|error| Failure::of_call("saImmOmSearchInitialize_2", &error))?;
    let missing = || Failure::with_code("error - object or attribute does not exist", AisError::NotExist);
    let mut object = found
        .into_iter()
        .find(|object| object.dn == dn)
        .ok_or_else(missing)?;
    if !wanted.is_empty() {
        if wanted.iter().any(|name| object.attr(name).is_none()) {
            return Err(missing());
        }
        object.attrs.retain(|attr| wanted.contains(&attr.name));
    }
    object.attrs.sort_by(|a, b| b.name.cmp(&a.name));
    Ok(object)
}

/// The object as a table for people.
fn table(object: &Object) -> String {
    let mut table = format!("{:<50} {:<12} Value(s)\n{}", "Name", "Type", "=".repeat(72));
    for attr in &object.attrs {
        let start = format!("\n{:<50} {:<12} ", attr.name, attr.value_type.name());
        table.push_str(&start);
        if attr.values.is_empty() {
            table.push_str("<Empty>");
        }
        for value in &attr.values {
            table.push_str(&text::pretty(value));
            table.push(' ');
        }
    }
    table + "\n\n"
}

/// The object as lines for scripts.
fn lines(object: &Object) -> String {
    let mut lines = String::new();
    for attr in &object.attrs {
        let values: Vec<String> = attr.values.iter().map(text::raw).collect();
        let joined = if values.is_empty() {
            "<Empty>".to_owned()
        } else {
            values.join(":")
        };
        append(&mut lines, format_args!("{}={joined}\n", attr.name));
    }
    lines
}

/// The definition of a class, one line an attribute, without the system attributes.
fn class_text(class: &ClassDef) -> String {
    let category = match class.category {
        ClassCategory::Config => "CONFIG",
        ClassCategory::Runtime => "RUNTIME",
    };
    let mut text = format!("\n<< {} - {category} >>\n", class.name);
    for attr in class
        .attrs
        .iter()
        .filter(|attr| !attr.name.starts_with("SaImmAttr"))
    {
        text.push_str(&attr_text(attr));
    }
    text
}

fn attr_text(attr: &AttrDef) -> String {
    let initialized = attr.flags.contains(AttrFlags::INITIALIZED);
    let many = if attr.flags.contains(AttrFlags::MULTI_VALUE) {
        "..*"
    } else {
        ""
    };
    let mut line = format!(
        "{} : {} [{}{many}]",
        attr.name,
        attr.value_type.name(),
        u8::from(initialized)
    );
    let config = attr.flags.contains(AttrFlags::CONFIG);
    // A String takes all text.
    match &attr.default {
        Some(default) if !(config && initialized) => {
            write!(line, " = {} ", text::pretty(default)).unwrap_or_default();
        }
        None if config && !initialized => line.push_str(" = Empty"),
        _ => {}
    }
    line + " {" + &flag_names(attr.flags).join(", ") + "}\n"
}

const CONFIG_FLAGS: [(AttrFlags, &str); 9] = [
    (AttrFlags::WRITABLE, "WRITEABLE"),
    (AttrFlags::INITIALIZED, "INITIALIZED"),
    (AttrFlags::MULTI_VALUE, "MULTI_VALUE"),
    (AttrFlags::NOTIFY, "NOTIFY"),
    (AttrFlags::NO_DUPLICATES, "NO_DUPLICATES"),
    (AttrFlags::NO_DANGLING, "NO_DANGLING"),
    (AttrFlags::DN, "DN"),
    (AttrFlags::DEFAULT_REMOVED, "DEFAULT_REMOVED"),
    (AttrFlags::STRONG_DEFAULT, "STRONG_DEFAULT"),
];

const RUNTIME_FLAGS: [(AttrFlags, &str); 8] = [
    (AttrFlags::CACHED, "CACHED"),
    (AttrFlags::PERSISTENT, "PERSISTENT"),
    (AttrFlags::MULTI_VALUE, "MULTI_VALUE"),
    (AttrFlags::NOTIFY, "NOTIFY"),
    (AttrFlags::NO_DUPLICATES, "NO_DUPLICATES"),
    (AttrFlags::DN, "DN"),
    (AttrFlags::DEFAULT_REMOVED, "DEFAULT_REMOVED"),
    (AttrFlags::STRONG_DEFAULT, "STRONG_DEFAULT"),
];

/// The words in the braces after an attribute; `WRITEABLE` is spelt as OpenSAF spells it.
fn flag_names(flags: AttrFlags) -> Vec<&'static str> {
    let mut names = Vec::new();
    if flags.contains(AttrFlags::RDN) {
        names.push("RDN");
    }
    let table: &[(AttrFlags, &str)] = if flags.contains(AttrFlags::CONFIG) {
        names.push("CONFIG");
        &CONFIG_FLAGS
    } else {
        names.push("RUNTIME");
        &RUNTIME_FLAGS
    };
    names.extend(
        table
            .iter()
            .filter(|(flag, _)| flags.contains(*flag))
            .map(|(_, name)| name),
    );
    names
}

#[cfg(test)]
mod tests {
    use ais::{Attr, Value, ValueType};

    use super::*;

    fn demo() -> Object {
        let attr = |name: &str, value_type, values| Attr {
            name: name.to_owned(),
            value_type,
            values,
        };
        Object {
            dn: Dn::new("safApp=demo").unwrap(),
            attrs: vec![
                attr(
                    "safApp",
                    ValueType::String,
                    vec![Value::String("safApp=demo".into())],
                ),
                attr("saDemoNote", ValueType::String, vec![]),
                attr(
                    "saDemoList",
                    ValueType::Uint32,
                    vec![Value::Uint32(5), Value::Uint32(7)],
                ),
                attr(
                    "saAmfAppType",
                    ValueType::Name,
                    vec![Value::Name("safVersion=1,safAppType=demo".into())],
                ),
            ],
        }
    }

    #[test]
    fn the_table_is_opensafs() {
        let rule = "=".repeat(72);
        assert_eq!(
            table(&demo()),
            format!(
                "Name                                               Type         Value(s)\n\
                 {rule}\n\
                 safApp                                             SA_STRING_T  safApp=demo \n\
                 saDemoNote                                         SA_STRING_T  <Empty>\n\
                 saDemoList                                         SA_UINT32_T  5 (0x5) 7 (0x7) \n\
                 saAmfAppType                                       SA_NAME_T    safVersion=1,safAppType=demo (28) \n\
                 \n"
            )
        );
    }

    #[test]
    fn the_lines_are_bare() {
        assert_eq!(
            lines(&demo()),
            "safApp=safApp=demo\nsaDemoNote=<Empty>\nsaDemoList=5:7\n\
             saAmfAppType=safVersion=1,safAppType=demo\n"
        );
    }

    #[test]
    fn a_class_is_shown_as_opensaf_shows_it() {
        let attr = |name: &str, value_type, flags, default| AttrDef {
            name: name.to_owned(),
            value_type,
            flags,
            default,
        };
        let config = AttrFlags::CONFIG | AttrFlags::WRITABLE;
        let class = ClassDef {
            name: "DemoClass".to_owned(),
            category: ClassCategory::Config,
            attrs: vec![
                attr(
                    "demoState",
                    ValueType::Uint32,
                    AttrFlags::RUNTIME | AttrFlags::CACHED,
                    None,
                ),
                attr(
                    "demoOwner",
                    ValueType::Name,
                    config | AttrFlags::INITIALIZED,
                    None,
                ),
                attr("demoLimit", ValueType::Uint32, config, Some(Value::Uint32(5))),
                attr(
                    "demoList",
                    ValueType::String,
                    config | AttrFlags::MULTI_VALUE | AttrFlags::NO_DUPLICATES,
                    None,
                ),
                attr(
                    "demoId",
                    ValueType::String,
                    AttrFlags::CONFIG | AttrFlags::RDN,
                    None,
                ),
                attr("SaImmAttrClassName", ValueType::String, AttrFlags::CONFIG, None),
            ],
        };
        assert_eq!(
            class_text(&class),
            "\n<< DemoClass - CONFIG >>\n\
             demoState : SA_UINT32_T [0] {RUNTIME, CACHED}\n\
             demoOwner : SA_NAME_T [1] {CONFIG, WRITEABLE, INITIALIZED}\n\
             demoLimit : SA_UINT32_T [0] = 5 (0x5)  {CONFIG, WRITEABLE}\n\
             demoList : SA_STRING_T [0..*] = Empty {CONFIG, WRITEABLE, MULTI_VALUE, NO_DUPLICATES}\n\
             demoId : SA_STRING_T [0] = Empty {RDN, CONFIG}\n"
        );
    }

    #[test]
    fn json_has_the_same_content() {
        let plain = vec![demo()];
        let listing = Listing::Objects {
            objects: plain.iter().map(json::Object::from).collect(),
            plain,
            pretty: true,
        };
        let value = serde_json::to_value(&listing).unwrap();
        assert_eq!(value["objects"][0]["dn"], "safApp=demo");
        assert_eq!(value["objects"][0]["attributes"][2]["values"][1], 7);
        assert_eq!(
            value["objects"][0]["attributes"][1]["values"]
                .as_array()
                .map(Vec::len),
            Some(0)
        );
    }
}
