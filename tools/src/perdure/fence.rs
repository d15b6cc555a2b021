//! `perdure fence`: the fence for nodes on this machine. Ends a node director that is lost and all its components, and
//! says with its exit status whether nothing of them runs any more.

use std::path::Path;

use ais::Dn;

use super::failure::Failure;
use super::place::Place;
use super::record::Record;

/// The environment variable in which the director names the process that is lost.
const LOST_VARIABLE: &str = "PERDURE_LOST_PID";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The node, a SaAmfNode
    #[arg(value_parser = |text: &str| Dn::new(text))]
    node: Dn,
    /// Why, for the log
    reason: Option<String>,
    /// The process of the node director that is lost; otherwise the one in PERDURE_LOST_PID, or the one that runs
    #[arg(long, value_name = "PID")]
    lost: Option<i32>,
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    let record = Record::load(&place.record()).unwrap_or_default();
    let name = format!("amfnd-{}", arguments.node.rdn_value());
    let living = record.living(place.dir());
    let present = living
        .iter()
        .find(|(daemon, _)| *daemon == name)
        .and_then(|(_, pid)| i32::try_from(*pid).ok());
    // Unless another one took its place, the one that runs is the one that is lost.
    let told = std::env::var(LOST_VARIABLE).ok().and_then(|pid| pid.parse().ok());
    let lost = arguments.lost.or(told).or(present);
    let present = present.filter(|pid| lost != Some(*pid));
    match amfnd::fence(place.dir(), &arguments.node, lost, present) {
        Ok(killed) => {
            let reason = arguments.reason.as_deref().unwrap_or("asked for");
            say!(
                "{} is fenced ({reason}): {killed} processes of its components were killed",
                arguments.node
            );
            Ok(())
        }
        Err(left) => Err(Failure::new(format!(
            "processes {left:?} of {} cannot be killed",
            arguments.node
        ))),
    }
}
