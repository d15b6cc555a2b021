//! `immfind`: finds the names of objects.

use std::ffi::OsString;
use std::process::ExitCode;

use ais::{AisError, Dn, Scope, Value};
use clap::Parser;
use immd_client::{AttrChoice, SearchParams};
use serde::Serialize;

use super::connect::{Limits, Session, with_session};
use super::output::{Failure, Report, finish};
use super::usage::{CommandLine, Common, Help, parse, seconds};

const HELP: Help = Help {
    name: "immfind",
    purpose: "finds objects",
    synopsis: &["immfind [root DN] [options]"],
    description: &[
        "Prints the DN of each object below the root, one a line, the root included.",
        "Without a root, searches all objects. Finding nothing is no error.",
    ],
    options: &[
        ("-c, --class NAME", "objects of this class only"),
        (
            "-s, --scope sublevel|subtree",
            "the root and its children, or everything below; subtree unless given",
        ),
        (
            "-t, --timeout SEC",
            "give up after this time; 60 seconds unless given",
        ),
    ],
    examples: &[
        ("immfind", "finds all objects"),
        ("immfind -c SaAmfSU", "finds all service units"),
        (
            "immfind safApp=demo -s sublevel",
            "finds safApp=demo and its children",
        ),
    ],
};

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(short, long)]
    class: Option<String>,
    #[arg(short, long, default_value = "subtree")]
    scope: String,
    #[arg(short, long, value_parser = seconds, default_value_t = 60)]
    timeout: u64,
    roots: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// The names that were found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Names {
    objects: Vec<String>,
}

impl Names {
    /// Puts these names in the place of those found so far.
    pub(super) fn set(&mut self, objects: Vec<String>) {
        self.objects = objects;
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl Report for Names {
    fn text(&self) -> String {
        let size = self.objects.iter().map(|name| name.len() + 1).sum();
        let mut text = String::with_capacity(size);
        for name in &self.objects {
            text.push_str(name);
            text.push('\n');
        }
        text
    }
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    if line.roots.len() > 1 {
        return HELP.refuse("error - too many arguments");
    }
    let scope = match line.scope.as_str() {
        "sublevel" => Scope::Sublevel,
        "subtree" => Scope::Subtree,
        other => return HELP.refuse(&format!("error - illegal scope: {other}")),
    };
    let mut names = Names::default();
    let limits = Limits {
        program: HELP.name,
        timeout_s: line.timeout,
        try_again: true,
    };
    let outcome = with_session(limits, &line.common, async |session| {
        let root = line.roots.first().map(String::as_str);
        names.set(find(session, root, scope, line.class.as_deref()).await?);
        Ok(())
    });
    finish(line.common.json, &names, outcome)
}

/// The names of the objects below `root`, of one class or of all, in ascending byte order.
///
/// # Errors
/// That the root is no DN or does not exist, or that the search broke off.
pub(super) async fn find(
    session: &Session,
    root: Option<&str>,
    scope: Scope,
    class: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let root = root
        .map(Dn::new)
        .transpose()
        .map_err(|error| Failure::with_code(format!("error - {error}"), AisError::InvalidParam))?;
    let class_filter = |class: &str| {
        (
            "SaImmAttrClassName".to_owned(),
            Some(Value::String(class.to_owned())),
        )
    };
    let params = SearchParams {
        root,
        scope,
        filter: class.map(class_filter),
        attrs: AttrChoice::None,
    };
    let found = session.read(async |imm| {
        let mut names = Vec::new();
        let mut search = imm.search(params.clone()).await?;
        while let Some(page) = search.next_page().await? {
            for object in page.objects()? {
                names.push(object.dn()?.to_owned());
            }
        }
        Ok(names)
    });
    found
        .await
        .map_err(|error| Failure::of_call("saImmOmSearchInitialize_2", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::usage::try_parse;

    #[test]
    fn one_name_a_line_and_nothing_else() {
        assert_eq!(Names::default().text(), "");
        let names = Names {
            objects: vec!["a=1".to_owned(), "b=2,a=1".to_owned()],
        };
        assert_eq!(names.text(), "a=1\nb=2,a=1\n");
        assert_eq!(
            serde_json::to_string(&names).unwrap(),
            r#"{"objects":["a=1","b=2,a=1"]}"#
        );
    }

    #[test]
    fn the_root_may_stand_before_or_after_the_options() {
        for args in [["safApp=x", "-c", "C"], ["-c", "C", "safApp=x"]] {
            let args = std::iter::once("immfind").chain(args);
            let line: Line = try_parse(&HELP, args.map(OsString::from).collect()).unwrap();
            assert_eq!(
                (line.class.as_deref(), line.scope.as_str()),
                (Some("C"), "subtree")
            );
            assert_eq!(line.roots, ["safApp=x"]);
        }
    }
}
