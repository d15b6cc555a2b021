//! `amfpm`: passive monitoring of a component's process, for the scripts that start one. Options are OpenSAF's.

use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use ais::amf::{PmErrors, PmStopQualifier, RecommendedRecovery};
use ais::{AisError, Dn};
use amfnd_client::{Amf, AmfError};
use tokio::task::LocalSet;

use super::usage::Help;

const HELP: Help = Help {
    name: "amfpm",
    purpose: "starts and stops passive monitoring of a component's process",
    synopsis: &["amfpm --start|--stop [-p PID | -f FILE] [-r RECOVERY] [component DN]"],
    description: &[
        "The end of the process becomes an error of the component. Without a DN the component of",
        "SA_AMF_COMPONENT_NAME is meant; without a process the one in /var/run/NAME.pid, which is waited for.",
        "Recoveries: norec, comprestart, compfailover, nodeswitchover, nodefailover, nodefailfast, clusterreset,",
        "apprestart, containerrestart. The node director of PERDURE_AMFND_SOCKET is asked.",
    ],
    options: &[
        ("-a, --start", "start monitoring"),
        ("-o, --stop", "stop it"),
        ("-p, --pid PID", "the process"),
        ("-f, --file FILE", "a file that holds the process's id"),
        (
            "-r, --recrec RECOVERY",
            "what to do when it ends; norec unless given",
        ),
        (
            "-d, --depth N",
            "generations of descendants, -1 for all; 0 unless given",
        ),
    ],
    examples: &[(
        "amfpm --start -f /run/squid.pid -r comprestart",
        "in an INSTANTIATE script",
    )],
};

/// Recoveries by OpenSAF's names.
const RECOVERIES: [(&str, RecommendedRecovery); 9] = [
    ("norec", RecommendedRecovery::NoRecommendation),
    ("comprestart", RecommendedRecovery::ComponentRestart),
    ("compfailover", RecommendedRecovery::ComponentFailover),
    ("nodeswitchover", RecommendedRecovery::NodeSwitchover),
    ("nodefailover", RecommendedRecovery::NodeFailover),
    ("nodefailfast", RecommendedRecovery::NodeFailfast),
    ("clusterreset", RecommendedRecovery::ClusterReset),
    ("apprestart", RecommendedRecovery::ApplicationRestart),
    ("containerrestart", RecommendedRecovery::ContainerRestart),
];

/// How long to wait before a file that is not there is looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The recovery with this name.
pub(super) fn recovery(name: &str) -> Result<RecommendedRecovery, String> {
    let found = RECOVERIES.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, recovery)| *recovery)
        .ok_or_else(|| format!("unknown recommended recovery: {name}"))
}

/// The component that is named, or the one of the environment.
pub(super) fn component(name: Option<&str>) -> Result<Dn, String> {
    match name {
        Some(name) => Dn::new(name).map_err(|error| format!("{name}: {error}")),
        None => Amf::component_name().map_err(|error| error.to_string()),
    }
}

/// Asks the node director one thing.
pub(super) fn ask<F: Future<Output = Result<(), AmfError>>>(
    what: impl FnOnce(Amf) -> F,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let asked = async {
        let amf = Amf::initialize().await?;
        what(amf.clone()).await?;
        amf.finalize().await;
        Ok::<(), AmfError>(())
    };
    LocalSet::new()
        .block_on(&runtime, asked)
        .map_err(|error| error.to_string())
}

/// The words after a command's name, where all are text.
pub(super) fn texts(args: Vec<OsString>) -> Result<Vec<String>, String> {
    let words = args.into_iter().skip(1).map(OsString::into_string);
    words
        .collect::<Result<_, _>>()
        .map_err(|_| "the arguments are not valid UTF-8".to_owned())
}

#[derive(Debug, PartialEq)]
struct Order {
    starts: bool,
    pid: Option<u64>,
    file: Option<String>,
    recovery: RecommendedRecovery,
    depth: Option<u32>,
    comp: Option<String>,
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let order = match texts(args).and_then(|words| order(&words)) {
        Ok(Some(order)) => order,
        Ok(None) => return HELP.print_of_component(),
        Err(complaint) => return HELP.refuse(&format!("amfpm: {complaint}")),
    };
    match carry_out(&order) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("amfpm: {error}");
            ExitCode::FAILURE
        }
    }
}

fn order(words: &[String]) -> Result<Option<Order>, String> {
    let (mut start, mut stop) = (false, false);
    let mut order = Order {
        starts: true,
        pid: None,
        file: None,
        recovery: RecommendedRecovery::NoRecommendation,
        depth: Some(0),
        comp: None,
    };
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let (name, given) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (word, None),
        };
        let mut value = || {
            let next = given.or_else(|| words.next());
            next.ok_or_else(|| format!("option '{name}' requires an argument"))
        };
        match name {
            "-h" | "--help" => return Ok(None),
            "-a" | "--start" => start = true,
            "-o" | "--stop" => stop = true,
            "-p" | "--pid" => order.pid = Some(number(value()?)?),
            "-f" | "--file" => order.file = Some(value()?.to_owned()),
            "-r" | "--recrec" => order.recovery = recovery(value()?)?,
            "-d" | "--depth" => {
                let text = value()?;
                order.depth = if text == "-1" { None } else { Some(number(text)?) };
            }
            _ if name.starts_with('-') => return Err(format!("invalid option '{name}'")),
            _ if order.comp.is_none() => order.comp = Some(word.to_owned()),
            _ => return Err("more than one component is named".to_owned()),
        }
    }
    if start == stop {
        return Err("specify either --start or --stop".to_owned());
    }
    if order.pid.is_some() && order.file.is_some() {
        return Err("specify either --file or --pid".to_owned());
    }
    order.starts = start;
    Ok(Some(order))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("'{text}' is no number that fits"))
}

fn carry_out(order: &Order) -> Result<(), String> {
    let comp = component(order.comp.as_deref())?;
    let pid = match (order.pid, &order.file) {
        (Some(pid), _) => pid,
        (None, Some(file)) => pid_in(file)?,
        (None, None) => pid_in(&format!("/var/run/{}.pid", comp.rdn_value()))?,
    };
    let errors = PmErrors::all();
    if order.starts {
        let (depth, recovery) = (order.depth, order.recovery);
        ask(async |amf| amf.pm_start(&comp, pid, depth, errors, recovery).await)
    } else {
        let qualifier = PmStopQualifier::ProcessAndDescendants;
        ask(
            async |amf| match amf.pm_stop(&comp, qualifier, pid, errors).await {
                // What is to be so is so already (OpenSAF practice).
                Err(AmfError::Refused {
                    error: AisError::NotExist,
                    ..
                }) => Ok(()),
                answer => answer,
            },
        )
    }
}

/// The id in a file, which is waited for; the timeout of the command that runs this bounds it.
fn pid_in(file: &str) -> Result<u64, String> {
    loop {
        match std::fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') || !text.is_empty() => return number(&text),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{file}: {error}")),
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Order>, String> {
        order(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_become_an_order_or_a_complaint() {
        let order = read(&[
            "--start",
            "--pid=7",
            "-r",
            "comprestart",
            "-d",
            "-1",
            "safComp=a,safSu=b",
        ]);
        let order = order.unwrap().unwrap();
        assert!(order.starts && order.pid == Some(7) && order.depth.is_none());
        assert_eq!(order.recovery, RecommendedRecovery::ComponentRestart);
        assert_eq!(order.comp.as_deref(), Some("safComp=a,safSu=b"));
        assert!(read(&["-h"]).unwrap().is_none());
        for wrong in [
            &["-p", "7"][..],
            &["--start", "--stop"],
            &["-a", "-p", "x"],
            &["-a", "-r", "reboot"],
            &["-a", "-p", "1", "-f", "x"],
            &["-a", "a", "b"],
            &["-a", "-p"],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
