//! `perdure explain DN`: why an entity is as it is, in the director's words.

use std::path::Path;

use ais::Dn;
use amfd_director::client::{Director, ExplainError, Explanation, GivenReason};

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
    let found = super::block_on(super::in_time(&place, ask_all(&place, &arguments.dn)))?;
    if arguments.json {
        println!("{:#}", json(&arguments.dn, &found));
    } else if found.texts.is_empty() {
        println!("nothing hinders it");
    } else {
        for text in found.texts {
            println!("{text}");
        }
    }
    Ok(())
}

fn json(dn: &Dn, found: &Explanation) -> serde_json::Value {
    let reason = |reason: &GivenReason| {
        serde_json::json!({
            "code": reason.code,
            "subject": reason.subject,
            "text": reason.text,
            "help": Some(&reason.help).filter(|help| !help.is_empty()),
        })
    };
    serde_json::json!({
        "dn": dn.as_str(),
        "because": found.texts,
        "reasons": found.reasons.iter().map(reason).collect::<Vec<_>>(),
    })
}

/// The director's sentences about an entity.
pub(super) async fn ask(place: &Place, dn: &Dn) -> Result<Vec<String>, Failure> {
    Ok(ask_all(place, dn).await?.texts)
}

async fn ask_all(place: &Place, dn: &Dn) -> Result<Explanation, Failure> {
    let asking = async { Director::connect(place.dir()).await?.explain(dn).await };
    asking
        .await
        .map_err(|error| failure(place, &format!("explain {dn}"), &error))
}

/// Why the director did not answer.
pub(super) fn failure(place: &Place, what: &str, error: &ExplainError) -> Failure {
    match error {
        ExplainError::NotRunning { .. } if place.holder().is_none() => Failure::no_cluster(place.dir()),
        ExplainError::NotRunning { .. } | ExplainError::Refused { .. } | ExplainError::Broken(_) => {
            Failure::failed(what, error)
        }
    }
}
