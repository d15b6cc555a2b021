//! `amf-find`: finds the framework's objects by a short name of their class.

use std::ffi::OsString;
use std::process::ExitCode;

use ais::{AisError, Dn, Scope};
use clap::Parser;
use immd_client::AttrChoice;

use super::connect::{Limits, Session, with_session};
use super::immfind::{Names, find};
use super::output::{Failure, finish, is_code};
use super::usage::{CommandLine, Common, Help, parse, seconds};

const HELP: Help = Help {
    name: "amf-find",
    purpose: "finds objects of the framework",
    synopsis: &["amf-find [options] <class> [ancestor DN]"],
    description: &[
        "Prints the DN of each object of the class, one a line; with an ancestor, of those below it and of those that",
        "name it, as assignments name their service unit. Finding nothing below an ancestor is exit code 1.",
        "The classes are app, comp, csi, csiass, node, sg, si, siass, su, appbasetype, apptype, csbasetype, csiattr,",
        "cstype, cluster, compbasetype, compcstype, compglobalattr, comptype, ctcstype, hc, hctype, ng, nodeswbundle,",
        "sgbasetype, sgtype, sidep, sirankedsu, subasetype, sutype, sutcomptype, sibasetype, sitype, sitypecstype.",
    ],
    options: &[(
        "-t, --timeout SEC",
        "give up after this time; 60 seconds unless given",
    )],
    examples: &[
        ("amf-find su", "finds all service units"),
        (
            "amf-find comp safApp=demo",
            "finds the components of an application",
        ),
    ],
};

/// The short names and the classes.
const CLASSES: [(&str, &str); 34] = [
    ("app", "SaAmfApplication"),
    ("comp", "SaAmfComp"),
    ("csi", "SaAmfCSI"),
    ("csiass", "SaAmfCSIAssignment"),
    ("node", "SaAmfNode"),
    ("sg", "SaAmfSG"),
    ("si", "SaAmfSI"),
    ("siass", "SaAmfSIAssignment"),
    ("su", "SaAmfSU"),
    ("appbasetype", "SaAmfAppBaseType"),
    ("apptype", "SaAmfAppType"),
    ("csbasetype", "SaAmfCSBaseType"),
    ("csiattr", "SaAmfCSIAttribute"),
    ("cstype", "SaAmfCSType"),
    ("cluster", "SaAmfCluster"),
    ("compbasetype", "SaAmfCompBaseType"),
    ("compcstype", "SaAmfCompCsType"),
    ("compglobalattr", "SaAmfCompGlobalAttributes"),
    ("comptype", "SaAmfCompType"),
    ("ctcstype", "SaAmfCtCsType"),
    ("hc", "SaAmfHealthcheck"),
    ("hctype", "SaAmfHealthcheckType"),
    ("ng", "SaAmfNodeGroup"),
    ("nodeswbundle", "SaAmfNodeSwBundle"),
    ("sgbasetype", "SaAmfSGBaseType"),
    ("sgtype", "SaAmfSGType"),
    ("sidep", "SaAmfSIDependency"),
    ("sirankedsu", "SaAmfSIRankedSU"),
    ("subasetype", "SaAmfSUBaseType"),
    ("sutype", "SaAmfSUType"),
    ("sutcomptype", "SaAmfSutCompType"),
    ("sibasetype", "SaAmfSvcBaseType"),
    ("sitype", "SaAmfSvcType"),
    ("sitypecstype", "SaAmfSvcTypeCSTypes"),
];

/// The class with this short name.
pub(super) fn class_of(short: &str) -> Option<&'static str> {
    CLASSES
        .iter()
        .find(|(name, _)| *name == short)
        .map(|(_, class)| *class)
}

/// The command line.
#[derive(Debug, Parser)]
struct Line {
    #[arg(short, long, value_parser = seconds, default_value_t = 60)]
    timeout: u64,
    words: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl CommandLine for Line {
    fn common(&self) -> &Common {
        &self.common
    }
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let line = match parse::<Line>(&HELP, args) {
        Ok(line) => line,
        Err(code) => return code,
    };
    let (short, ancestor) = match line.words.as_slice() {
        [class] => (class, None),
        [class, ancestor] => (class, Some(ancestor.as_str())),
        _ => return HELP.refuse("error - wrong number of arguments"),
    };
    let Some(class) = class_of(short) else {
        return HELP.refuse(&format!("error - invalid class: {short}"));
    };
    let mut names = Names::default();
    let limits = Limits {
        program: HELP.name,
        timeout_s: line.timeout,
        try_again: true,
    };
    let outcome = with_session(limits, &line.common, async |session| {
        let all = find(session, None, Scope::Subtree, Some(class)).await?;
        let Some(ancestor) = ancestor else {
            names.set(all);
            return Ok(());
        };
        must_exist(session, ancestor).await?;
        names.set(all.into_iter().filter(|name| concerns(name, ancestor)).collect());
        Ok(())
    });
    let nothing = outcome.is_ok() && ancestor.is_some() && names.is_empty();
    let code = finish(line.common.json, &names, outcome);
    if nothing { ExitCode::FAILURE } else { code }
}

/// Refuses a name that is no object's.
///
/// # Errors
/// That there is no such object, or that the cluster could not be asked.
pub(super) async fn must_exist(session: &Session, name: &str) -> Result<(), Failure> {
    let dn = Dn::new(name)
        .map_err(|error| Failure::with_code(format!("error - {error}"), AisError::InvalidParam))?;
    let read = session
        .read(async |imm| imm.get(&dn, AttrChoice::None).await)
        .await;
    match read {
        Ok(_) => Ok(()),
        Err(error) if is_code(&error, AisError::NotExist) => Err(Failure::with_code(
            format!("error - object '{dn}' does not exist"),
            AisError::NotExist,
        )),
        Err(error) => Err(Failure::of_call("saImmOmAccessorGet_2", &error)),
    }
}

/// Whether the object `name` is `ancestor`, is below it, or names it in an RDN.
///
/// DEVIATION(CLI-002): the ancestor is a whole name, not a text to search for.
fn concerns(name: &str, ancestor: &str) -> bool {
    let name = name.replace("\\,", ",");
    let is_end = |at: usize| at == name.len() || name.as_bytes()[at] == b',';
    let is_start = |at: usize| at == 0 || matches!(name.as_bytes()[at - 1], b',' | b'=');
    let ancestor = ancestor.replace("\\,", ",");
    name.match_indices(&ancestor)
        .any(|(at, _)| is_start(at) && is_end(at + ancestor.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_name_is_told_in_the_help() {
        let help = HELP.text().replace('\n', " ");
        for (short, _) in CLASSES {
            let told = help.split([' ', ',', '.', '\t']).any(|word| word == short);
            assert!(told, "{short}");
        }
        assert_eq!(class_of("sitype"), Some("SaAmfSvcType"));
        assert_eq!(class_of("SaAmfSU"), None);
    }

    #[test]
    fn an_ancestor_is_a_whole_name() {
        let assignment = "safSISU=safSu=SU1\\,safSg=G\\,safApp=A,safSi=X,safApp=A";
        assert!(concerns(assignment, "safApp=A"));
        assert!(concerns(assignment, "safSi=X,safApp=A"));
        assert!(concerns(assignment, "safSu=SU1,safSg=G,safApp=A"));
        assert!(!concerns(assignment, "safSu=SU1"[..8].as_ref()));
        assert!(!concerns("safSg=G,safApp=AB", "safApp=A"));
        assert!(!concerns("safSg=G,xsafApp=A", "safApp=A"));
        assert!(concerns("safApp=A", "safApp=A"));
    }
}
