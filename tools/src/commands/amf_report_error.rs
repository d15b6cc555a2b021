//! `amf-report-error`: reports and clears errors of components, for external monitors that are scripts.

use std::ffi::OsString;
use std::process::ExitCode;

use ais::amf::RecommendedRecovery;
use ais::ntf::CorrelationIds;

use super::amfpm::{ask, component, recovery, texts};
use super::usage::Help;

const HELP: Help = Help {
    name: "amf-report-error",
    purpose: "reports an error of a component, or clears it",
    synopsis: &[
        "amf-report-error [-r RECOVERY] [component DN]",
        "amf-report-error --clear [component DN]",
    ],
    description: &[
        "For external monitors: the component is recovered as RECOVERY says, or as it is configured. Without a DN",
        "the component of SA_AMF_COMPONENT_NAME is meant. The node director of PERDURE_AMFND_SOCKET is asked.",
    ],
    options: &[
        ("-r, --recrec RECOVERY", "as for amfpm; norec unless given"),
        ("-c, --clear", "the error is over"),
    ],
    examples: &[(
        "curl -fs localhost:8080/health || amf-report-error -r comprestart",
        "in a monitor",
    )],
};

#[derive(Debug, PartialEq)]
struct Order {
    /// `None` clears.
    recovery: Option<RecommendedRecovery>,
    comp: Option<String>,
}

/// Runs the command; `args[0]` is its name.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let order = match texts(args).and_then(|words| order(&words)) {
        Ok(Some(order)) => order,
        Ok(None) => return HELP.print_of_component(),
        Err(complaint) => return HELP.refuse(&format!("amf-report-error: {complaint}")),
    };
    let done = component(order.comp.as_deref()).and_then(|comp| match order.recovery {
        Some(recovery) => ask(async |amf| amf.error_report(&comp, recovery).await),
        None => ask(async |amf| amf.error_clear(&comp, CorrelationIds::default()).await),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("amf-report-error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn order(words: &[String]) -> Result<Option<Order>, String> {
    let mut order = Order {
        recovery: Some(RecommendedRecovery::NoRecommendation),
        comp: None,
    };
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-h" | "--help" => return Ok(None),
            "-c" | "--clear" => order.recovery = None,
            "-r" | "--recrec" => {
                let name = words.next().ok_or("option '-r' requires an argument")?;
                order.recovery = Some(recovery(name)?);
            }
            _ if word.starts_with("--recrec=") => {
                order.recovery = Some(recovery(&word["--recrec=".len()..])?);
            }
            _ if word.starts_with('-') => return Err(format!("invalid option '{word}'")),
            _ if order.comp.is_none() => order.comp = Some(word.to_owned()),
            _ => return Err("more than one component is named".to_owned()),
        }
    }
    Ok(Some(order))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_a_report_or_a_complaint() {
        let read = |words: &[&str]| order(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let report = read(&["-r", "nodefailfast", "safComp=a,safSu=b"])
            .unwrap()
            .unwrap();
        assert_eq!(report.recovery, Some(RecommendedRecovery::NodeFailfast));
        assert_eq!(read(&["--clear"]).unwrap().unwrap().recovery, None);
        assert!(read(&["-r"]).is_err() && read(&["-x"]).is_err() && read(&["a", "b"]).is_err());
    }
}
