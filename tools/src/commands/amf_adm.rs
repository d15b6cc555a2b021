//! `amf-adm`: administrative operations of the framework by name. The same code as immadm's carries them out.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use ais::amf::AdminOperation;

use super::immadm::{Request, invoke};
use super::usage::{Common, Help, seconds};

const HELP: Help = Help {
    name: "amf-adm",
    purpose: "steers the cluster, applications, nodes, service groups, units and instances, and components",
    synopsis: &["amf-adm [-t SEC] <operation> <object DN>"],
    description: &[
        "Invokes one operation and waits for its result. Options stand before the operation. Success is silent.",
        "unlock, lock and shutdown are for the cluster, applications, nodes, node groups, SGs, SUs and SIs;",
        "lock-in and unlock-in for the same but SIs; restart for components, SUs, nodes, applications and the",
        "cluster; si-swap for SIs; sg-adjust for SGs; repaired for SUs and nodes; eam-start and eam-stop, for SUs and",
        "components, start and stop external monitors.",
    ],
    options: &[("-t SEC", "give up after this time; 60 seconds unless given")],
    examples: &[
        (
            "amf-adm lock safSu=SU1,safSg=demo,safApp=demo",
            "takes the service unit's work away",
        ),
        (
            "amf-adm restart safAmfNode=N1,safAmfCluster=c",
            "moves the node's work, terminates its service units, instantiates them again",
        ),
        (
            "amf-adm -t 120 si-swap safSi=demo,safApp=demo",
            "swaps active and standby",
        ),
    ],
};

/// The operator's order.
#[derive(Debug, PartialEq)]
struct Order {
    common: Common,
    timeout_s: u64,
    operation: AdminOperation,
    object: String,
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let words: Option<Vec<String>> = args
        .into_iter()
        .skip(1)
        .map(|word| word.into_string().ok())
        .collect();
    match words.as_deref().map(order) {
        Some(Ok(Some(order))) => {
            let id = u64::from(order.operation.code());
            invoke(
                &Request::simple(HELP.name, id, order.object, order.timeout_s),
                &order.common,
            )
        }
        Some(Ok(None)) => HELP.print(),
        Some(Err(complaint)) => HELP.refuse(&complaint),
        None => HELP.refuse("amf-adm: the arguments are not valid UTF-8"),
    }
}

/// The order in the words after the command's name; `None` where help is wanted.
fn order(words: &[String]) -> Result<Option<Order>, String> {
    let mut common = Common {
        dir: None,
        json: false,
        help: false,
    };
    let mut timeout_s = 60;
    let mut words = words.iter().map(String::as_str);
    let mut rest = Vec::new();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| format!("amf-adm: option '{word}' requires an argument"))
        };
        match word {
            "-h" | "--help" => return Ok(None),
            "-t" | "--timeout" => {
                let text = value()?;
                timeout_s =
                    seconds(text).map_err(|why| format!("error - illegal timeout '{text}': {why}"))?;
            }
            "--dir" => common.dir = Some(PathBuf::from(value()?)),
            "--json" => common.json = true,
            _ if word.starts_with("--dir=") => common.dir = Some(PathBuf::from(&word["--dir=".len()..])),
            _ if word.starts_with('-') => return Err(format!("amf-adm: invalid option '{word}'")),
            operation => {
                rest.push(operation);
                rest.extend(words.by_ref());
            }
        }
    }
    let [operation, object] = rest.as_slice() else {
        return Err("error - wrong number of arguments".to_owned());
    };
    let known = AdminOperation::ALL
        .iter()
        .find(|known| known.name() == *operation);
    let operation = *known.ok_or_else(|| format!("error - illegal operation: {operation}"))?;
    Ok(Some(Order {
        common,
        timeout_s,
        operation,
        object: (*object).to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Order>, String> {
        order(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_operation_has_its_id() {
        let ids = [
            ("unlock", 1),
            ("lock", 2),
            ("lock-in", 3),
            ("unlock-in", 4),
            ("shutdown", 5),
            ("restart", 6),
            ("si-swap", 7),
            ("sg-adjust", 8),
            ("repaired", 9),
            ("eam-start", 10),
            ("eam-stop", 11),
        ];
        for (name, id) in ids {
            let order = read(&[name, "safSu=1"]).unwrap().unwrap();
            assert_eq!((order.operation.code(), order.timeout_s), (id, 60), "{name}");
        }
    }

    /// The complaint that the time is over has to name the command that was given.
    #[test]
    fn the_request_is_its_own() {
        let request = Request::simple(HELP.name, 6, "safAmfNode=N1,safAmfCluster=c".to_owned(), 5);
        assert_eq!(request.program, "amf-adm");
    }

    #[test]
    fn options_stand_before_the_operation() {
        let order = read(&["-t", "5", "--dir", "/d", "--json", "lock", "safSu=1"])
            .unwrap()
            .unwrap();
        assert_eq!((order.timeout_s, order.common.json), (5, true));
        assert_eq!(order.common.dir, Some(PathBuf::from("/d")));
        for wrong in [
            &["lock", "safSu=1", "-t", "5"][..],
            &["lock", "-t", "5", "safSu=1"],
            &["lock"],
            &[],
        ] {
            assert_eq!(
                read(wrong).unwrap_err(),
                "error - wrong number of arguments",
                "{wrong:?}"
            );
        }
        assert_eq!(
            read(&["swap", "safSu=1"]).unwrap_err(),
            "error - illegal operation: swap"
        );
        assert!(read(&["-t", "0", "lock", "safSu=1"]).is_err());
        assert!(read(&["-x", "lock", "safSu=1"]).is_err());
        assert_eq!(read(&["-h"]), Ok(None));
    }
}
