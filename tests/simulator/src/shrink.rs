//! Making a failing story short: disturbances and parts of the model are left out as long as the rest still breaks a rule
//! of the same kind.

use std::fmt::Write as _;

use ais::{Dn, Value};
use director_engine::ModelChange;

use crate::story::{Disturbance, Story};
use crate::{Failure, run_story};

/// The shortest story found that breaks the same rule as `story`, and how it breaks it; `None` where `story` breaks none.
pub fn shrink(story: &Story) -> Option<(Story, Failure)> {
    let failure = run_story(story, false).err()?;
    let wanted = kind(&failure.rule);
    let mut short = story.clone();
    loop {
        let before = (short.disturbances.len(), short.objects.len());
        short.disturbances = fewest(short.disturbances.clone(), |rest| {
            let story = Story {
                disturbances: rest.to_vec(),
                ..short.clone()
            };
            breaks(&story, &wanted)
        });
        drop_objects(&mut short, &wanted);
        if before == (short.disturbances.len(), short.objects.len()) {
            break;
        }
    }
    let failure = run_story(&short, true).err()?;
    Some((short, failure))
}

fn breaks(story: &Story, wanted: &str) -> bool {
    run_story(story, false).is_err_and(|failure| kind(&failure.rule) == wanted)
}

/// What is left when everything is left out that can be, halves first.
fn fewest(mut rest: Vec<Disturbance>, breaks: impl Fn(&[Disturbance]) -> bool) -> Vec<Disturbance> {
    let mut chunk = rest.len().div_ceil(2).max(1);
    loop {
        let mut shorter = false;
        let mut at = 0;
        while at < rest.len() {
            let mut without = rest.clone();
            without.drain(at..(at + chunk).min(rest.len()));
            if breaks(&without) {
                rest = without;
                shorter = true;
            } else {
                at += chunk;
            }
        }
        if chunk > 1 {
            chunk = chunk.div_ceil(2);
        } else if !shorter {
            return rest;
        }
    }
}

/// The classes whose objects are left out where that can be, big ones first.
const PARTS: [&str; 9] = [
    "SaAmfSG",
    "SaAmfNode",
    "SaAmfNodeGroup",
    "SaAmfApplication",
    "SaAmfSI",
    "SaAmfSU",
    "SaAmfCSI",
    "SaAmfComp",
    "SaAmfSIDependency",
];

fn drop_objects(story: &mut Story, wanted: &str) {
    for class in PARTS {
        let named = |object: &ModelChange| match object {
            ModelChange::Create { class: own, dn, .. } if own == class => Some(dn.clone()),
            _ => None,
        };
        let candidates: Vec<Dn> = story.objects.iter().filter_map(named).collect();
        for dn in candidates.into_iter().rev() {
            let shorter = Story {
                objects: without(&story.objects, &dn),
                ..story.clone()
            };
            if breaks(&shorter, wanted) {
                *story = shorter;
            }
        }
    }
}

/// The model without the object, what is below it, and what cannot be without it.
fn without(objects: &[ModelChange], gone: &Dn) -> Vec<ModelChange> {
    let mut left = Vec::new();
    let mut needing = Vec::new();
    for object in objects {
        let ModelChange::Create { class, dn, attrs } = object else {
            continue;
        };
        let points = Dn::new(&dn.rdn_value()).is_ok_and(|target| target.is_within(gone));
        if dn.is_within(gone) || points {
            continue;
        }
        let mut attrs = attrs.clone();
        for attr in &mut attrs {
            let names = |value: &Value| value.as_dn().is_some_and(|target| target.is_within(gone));
            let is_only = attr.values.iter().all(names) && !attr.values.is_empty();
            attr.values.retain(|value| !names(value));
            if is_only {
                needing.push(dn.clone());
            }
        }
        attrs.retain(|attr| !attr.values.is_empty());
        left.push(ModelChange::Create {
            class: class.clone(),
            dn: dn.clone(),
            attrs,
        });
    }
    needing.iter().fold(left, |left, dn| without(&left, dn))
}

/// The rule without names and numbers.
fn kind(rule: &str) -> String {
    let plain = |word: &&str| !word.contains('=') && !word.contains(|letter: char| letter.is_ascii_digit());
    rule.split_whitespace()
        .filter(plain)
        .collect::<Vec<&str>>()
        .join(" ")
}

/// The story in words: the model line by line, what went wrong, and what came of it.
pub fn describe(story: &Story, failure: &Failure) -> String {
    let mut text = format!("# seed {}: {}\n# {:?}\n", story.seed, failure.rule, story.pace);
    for object in &story.objects {
        if let ModelChange::Create { class, dn, attrs } = object {
            let values = attrs.iter().map(|attr| {
                let values: Vec<String> = attr.values.iter().map(ais::Value::to_text).collect();
                format!("{}={}", attr.name, values.join("|"))
            });
            let values: Vec<String> = values.collect();
            let _ = writeln!(text, "{class} {dn} {}", values.join(" "));
        }
    }
    text.push_str("----\n");
    for line in &failure.told {
        text.push_str(line);
        text.push('\n');
    }
    let _ = writeln!(text, "{:>8} {}", failure.at, failure.rule);
    text
}
