//! `perdure explain DN`: why an entity is as it is, in the director's words.

use std::path::Path;

use ais::Dn;

use super::failure::Failure;
use super::place::Place;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A service instance, service unit, component, service group or node
    #[arg(value_name = "DN", value_parser = |text: &str| Dn::new(text))]
    dn: Dn,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    let texts = super::block_on(super::in_time(&place, ask(&place, &arguments.dn)))?;
    if arguments.json {
        let answer = serde_json::json!({ "dn": arguments.dn.as_str(), "because": texts });
        println!("{answer:#}");
    } else if texts.is_empty() {
        println!("nothing hinders it");
    } else {
        for text in texts {
            println!("{text}");
        }
    }
    Ok(())
}

/// The director's sentences about an entity.
pub(super) async fn ask(place: &Place, dn: &Dn) -> Result<Vec<String>, Failure> {
    use amfd_director::client::ExplainError;
    amfd_director::client::explain(place.dir(), dn)
        .await
        .map_err(|error| match &error {
            ExplainError::NotRunning { .. } if place.holder().is_none() => Failure::no_cluster(place.dir()),
            ExplainError::NotRunning { .. } | ExplainError::Refused { .. } | ExplainError::Broken(_) => {
                Failure::failed(format!("explain {dn}"), &error)
            }
        })
}
