//! The command line of immcfg and the request that it means.

use std::path::PathBuf;

use clap::Parser;

use crate::commands::usage::{CommandLine, Common, Help, seconds};

pub(super) const HELP: Help = Help {
    name: "immcfg",
    purpose: "creates, changes and deletes objects and classes",
    synopsis: &[
        "immcfg [options] [-m] -a EXPR [-a EXPR]* <object DN> [object DN]*",
        "immcfg [options] -c <class name> [-a EXPR]* <object DN> [object DN]*",
        "immcfg [options] -d <object DN> [object DN]*",
        "immcfg [options] -f <file>",
        "immcfg [options] -L <file>",
        "immcfg [options] --delete-class <class name> [class name]*",
        "immcfg [options] --class-name <class name> --enable-attr-notify|--disable-attr-notify <attribute>*",
        "immcfg [options] --admin-owner-clear <object DN> [object DN]*",
        "immcfg",
    ],
    description: &[
        "All objects of one command are changed together or not at all. Success is silent.",
        "EXPR is name=value, name+=value, name-=value, or name= for no value at all. Several values of one attribute",
        "are several expressions. Every object of a command gets the same attributes.",
        "Without an operation, the explicit mode: each line of the input is an immcfg command, and all lines up to",
        "immcfg --ccb-apply, or to the end of the input, are changed together or not at all.",
    ],
    options: &[
        (
            "-a, --attribute EXPR",
            "set, add or remove a value; may be repeated",
        ),
        (
            "-m, --modify-object",
            "change objects; so unless another operation is given",
        ),
        ("-c, --create-object CLASS", "create objects of this class"),
        (
            "-d, --delete-object",
            "delete objects with all that is below them",
        ),
        (
            "-f, --file FILE",
            "load the classes and objects of an XML file; what is there already is left alone",
        ),
        ("--ignore-duplicates", "accepted; it is so in any case"),
        ("-L, --validate FILE", "check an XML file, change nothing"),
        (
            "--strict",
            "with -f or -L, a bad default value in a class is an error",
        ),
        (
            "-X, --xsd PATH",
            "accept flags of attributes that this schema, or one in this directory, lists",
        ),
        ("--delete-class", "delete classes that have no objects"),
        ("--class-name CLASS", "the class whose attributes are meant"),
        (
            "--enable-attr-notify",
            "let changes of the attributes be notified",
        ),
        (
            "--disable-attr-notify",
            "let changes of the attributes not be notified",
        ),
        (
            "--admin-owner-clear",
            "take the owner away from objects, whoever it is",
        ),
        ("-o, --admin-owner NAME", "own the objects under this name"),
        (
            "-u, --unsafe",
            "change objects although their implementer is not there",
        ),
        (
            "-t, --timeout SEC",
            "give up after this time; 60 seconds unless given",
        ),
        ("-v, --verbose", "tell each step on stderr"),
        (
            "--ccb-apply, --ccb-abort, --ccb-validate",
            "in the explicit mode: apply, drop or check what the lines so far have changed",
        ),
    ],
    examples: &[
        (
            "immcfg -a saAmfSURank=2 safSu=SU1,safSg=demo,safApp=demo",
            "changes an attribute",
        ),
        (
            "immcfg -c SaAmfCSIAttribute -a saAmfCSIAttriValue=80 safCsiAttr=port,safCsi=web,safSi=web,safApp=demo",
            "creates an object",
        ),
        (
            "immcfg -d safApp=demo",
            "deletes an application with all that is in it",
        ),
        ("immcfg -f AppConfig-2N.xml", "loads a file"),
    ],
};

/// The command line.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct Line {
    #[arg(short, long, allow_hyphen_values = true)]
    attribute: Vec<String>,
    #[arg(short, long)]
    modify_object: bool,
    #[arg(short, long)]
    create_object: Vec<String>,
    #[arg(short, long)]
    delete_object: bool,
    #[arg(short, long)]
    file: Vec<PathBuf>,
    #[arg(long)]
    ignore_duplicates: bool,
    #[arg(short = 'L', long)]
    validate: Vec<PathBuf>,
    #[arg(long)]
    strict: bool,
    #[arg(short = 'X', long)]
    xsd: Option<PathBuf>,
    #[arg(long)]
    delete_class: bool,
    #[arg(long)]
    class_name: Option<String>,
    #[arg(long)]
    enable_attr_notify: bool,
    #[arg(long)]
    disable_attr_notify: bool,
    #[arg(long)]
    admin_owner_clear: bool,
    #[arg(short = 'o', long)]
    admin_owner: Vec<String>,
    #[arg(short, long)]
    r#unsafe: bool,
    #[arg(short, long, value_parser = seconds, default_value_t = 60)]
    timeout: u64,
    #[arg(short, long)]
    verbose: bool,
    #[arg(long)]
    ccb_apply: bool,
    #[arg(long)]
    ccb_abort: bool,
    #[arg(long)]
    ccb_validate: bool,
    words: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Create {
        class: String,
        expressions: Vec<String>,
        objects: Vec<String>,
    },
    Modify {
        expressions: Vec<String>,
        objects: Vec<String>,
    },
    Delete {
        objects: Vec<String>,
    },
    ClearOwner {
        objects: Vec<String>,
    },
    DeleteClass {
        classes: Vec<String>,
    },
    Notify {
        class: String,
        attrs: Vec<String>,
        enable: bool,
    },
    Import {
        file: PathBuf,
    },
    Validate {
        file: PathBuf,
    },
    /// Apply the open CCB.
    Apply,
    /// Drop the open CCB.
    Abort,
    /// Ask whether the open CCB could be applied.
    ValidateCcb,
    /// Read commands from the input.
    Explicit,
}

impl Action {
    /// The word for it in JSON.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Action::Create { .. } => "create",
            Action::Modify { .. } => "modify",
            Action::Delete { .. } => "delete",
            Action::ClearOwner { .. } => "admin-owner-clear",
            Action::DeleteClass { .. } => "delete-class",
            Action::Notify { enable: true, .. } => "enable-attr-notify",
            Action::Notify { enable: false, .. } => "disable-attr-notify",
            Action::Import { .. } => "import",
            Action::Validate { .. } => "validate",
            Action::Apply => "ccb-apply",
            Action::Abort => "ccb-abort",
            Action::ValidateCcb => "ccb-validate",
            Action::Explicit => "explicit",
        }
    }
}

impl Action {
    /// Whether it is about the open CCB of the explicit mode.
    pub(super) const fn is_on_ccb(&self) -> bool {
        matches!(self, Action::Apply | Action::Abort | Action::ValidateCcb)
    }
}

/// A checked request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) action: Action,
    /// The owner's name, where one was given.
    pub(super) owner: Option<String>,
    /// Whether implementers need not be there.
    pub(super) is_unsafe: bool,
    pub(super) xsd: Option<PathBuf>,
    pub(super) verbose: bool,
    pub(super) timeout_s: u64,
}

/// The request that a command line means, or what is wrong with it.
pub(super) fn request(line: &Line) -> Result<Request, String> {
    let action = action(line)?;
    if line.admin_owner.len() > 1 {
        return Err("error - the admin owner may be given once".to_owned());
    }
    Ok(Request {
        action,
        owner: line.admin_owner.first().cloned(),
        is_unsafe: line.r#unsafe,
        xsd: line.xsd.clone(),
        verbose: line.verbose,
        timeout_s: line.timeout,
    })
}

fn action(line: &Line) -> Result<Action, String> {
    let on_ccb = usize::from(line.ccb_apply) + usize::from(line.ccb_abort) + usize::from(line.ccb_validate);
    let toggles = usize::from(line.enable_attr_notify) + usize::from(line.disable_attr_notify);
    let given = usize::from(line.modify_object)
        + line.create_object.len()
        + usize::from(line.delete_object)
        + line.file.len()
        + line.validate.len()
        + usize::from(line.delete_class)
        + toggles
        + usize::from(line.admin_owner_clear)
        + on_ccb;
    if given > 1 {
        return Err("error - only one operation at a time supported".to_owned());
    }
    if given == 0 && line.attribute.is_empty() && line.words.is_empty() {
        return Ok(Action::Explicit);
    }
    if on_ccb > 0 {
        return ccb_action(line);
    }
    if let Some(file) = line.file.first().or(line.validate.first()) {
        return file_action(line, file.clone());
    }
    if line.words.is_empty() {
        return Err("error - specify at least one object or class".to_owned());
    }
    word_action(line, toggles > 0)
}

/// The actions on the open CCB, each of which stands alone.
fn ccb_action(line: &Line) -> Result<Action, String> {
    if !line.words.is_empty() || !line.attribute.is_empty() {
        return Err("error - an option that ends or checks the CCB stands alone".to_owned());
    }
    Ok(if line.ccb_apply {
        Action::Apply
    } else if line.ccb_abort {
        Action::Abort
    } else {
        Action::ValidateCcb
    })
}

fn file_action(line: &Line, file: PathBuf) -> Result<Action, String> {
    if !line.words.is_empty() || !line.attribute.is_empty() {
        return Err("error - a file stands alone; neither objects nor attributes belong to it".to_owned());
    }
    Ok(if line.file.is_empty() {
        Action::Validate { file }
    } else {
        Action::Import { file }
    })
}

/// The actions on the words after the options.
fn word_action(line: &Line, toggles_notify: bool) -> Result<Action, String> {
    let words = line.words.clone();
    let needs_no_attribute = |action| {
        if line.attribute.is_empty() {
            Ok(action)
        } else {
            Err("error - attributes belong to creating and changing only".to_owned())
        }
    };
    if let Some(class) = line.create_object.first() {
        return Ok(Action::Create {
            class: class.clone(),
            expressions: line.attribute.clone(),
            objects: words,
        });
    }
    if toggles_notify {
        let class = line.class_name.clone();
        return needs_no_attribute(Action::Notify {
            class: class.ok_or("error - specify the class with --class-name")?,
            attrs: words,
            enable: line.enable_attr_notify,
        });
    }
    if line.delete_object {
        return needs_no_attribute(Action::Delete { objects: words });
    }
    if line.delete_class {
        return needs_no_attribute(Action::DeleteClass { classes: words });
    }
    if line.admin_owner_clear {
        return needs_no_attribute(Action::ClearOwner { objects: words });
    }
    if line.attribute.is_empty() {
        return Err("error - specify at least one attribute".to_owned());
    }
    Ok(Action::Modify {
        expressions: line.attribute.clone(),
        objects: words,
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::commands::usage::try_parse;

    fn read(args: &[&str]) -> Result<Request, String> {
        let args = std::iter::once("immcfg").chain(args.iter().copied());
        request(&try_parse::<Line>(&HELP, args.map(OsString::from).collect())?)
    }

    fn name(args: &[&str]) -> Result<&'static str, String> {
        read(args).map(|request| request.action.name())
    }

    #[test]
    fn each_operation_is_told_by_its_option() {
        for (args, action) in [
            (&["-a", "x=1", "a=1"][..], "modify"),
            (&["-m", "-a", "x+=1", "a=1", "b=1"], "modify"),
            (&["a=1", "-a", "x=-1"], "modify"),
            (&["-c", "C", "a=1"], "create"),
            (&["--create-object=C", "-a", "x=1", "a=1"], "create"),
            (&["-d", "a=1", "b=1"], "delete"),
            (&["-f", "x.xml", "--strict", "--ignore-duplicates"], "import"),
            (&["-L", "x.xml", "-X", "dir"], "validate"),
            (&["--delete-class", "C", "D"], "delete-class"),
            (
                &["--class-name", "C", "--enable-attr-notify", "x"],
                "enable-attr-notify",
            ),
            (
                &["--class-name", "C", "--disable-attr-notify", "x"],
                "disable-attr-notify",
            ),
            (&["--admin-owner-clear", "a=1"], "admin-owner-clear"),
            (&["--ccb-apply"], "ccb-apply"),
            (&["--ccb-abort"], "ccb-abort"),
            (&["--ccb-validate"], "ccb-validate"),
            (&[], "explicit"),
        ] {
            assert_eq!(name(args), Ok(action), "{args:?}");
        }
    }

    #[test]
    fn wrong_lines_are_refused() {
        for (args, complaint) in [
            (
                &["-c", "C", "-d", "a=1"][..],
                "error - only one operation at a time supported",
            ),
            (
                &["-c", "C", "-c", "D", "a=1"],
                "error - only one operation at a time supported",
            ),
            (
                &["-f", "x", "-L", "x"],
                "error - only one operation at a time supported",
            ),
            (&["-d"], "error - specify at least one object or class"),
            (&["a=1"], "error - specify at least one attribute"),
            (
                &["-d", "-a", "x=1", "a=1"],
                "error - attributes belong to creating and changing only",
            ),
            (
                &["--enable-attr-notify", "x"],
                "error - specify the class with --class-name",
            ),
            (
                &["-o", "x", "-o", "y", "-d", "a=1"],
                "error - the admin owner may be given once",
            ),
            (
                &["--ccb-apply", "a=1"],
                "error - an option that ends or checks the CCB stands alone",
            ),
            (
                &["--ccb-apply", "--ccb-abort"],
                "error - only one operation at a time supported",
            ),
            (&["-f"], "immcfg: option '--file' requires an argument"),
        ] {
            assert_eq!(name(args), Err(complaint.to_owned()), "{args:?}");
        }
    }
}
