//! Making a failing story short: disturbances are left out as long as the rest still breaks a rule of the same kind.

use std::fmt::Write as _;

use crate::story::{Disturbance, Story};
use crate::{Failure, run_story};

/// The shortest story found that breaks the same rule as `story`, and how it breaks it; `None` where `story` breaks none.
pub fn shrink(story: &Story) -> Option<(Story, Failure)> {
    let failure = run_story(story, false).err()?;
    let wanted = kind(&failure.rule);
    let breaks = |part: &[Disturbance]| {
        let story = Story {
            disturbances: part.to_vec(),
            ..story.clone()
        };
        run_story(&story, false).is_err_and(|failure| kind(&failure.rule) == wanted)
    };
    let mut rest = story.disturbances.clone();
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
            break;
        }
    }
    let short = Story {
        disturbances: rest,
        ..story.clone()
    };
    let failure = run_story(&short, true).err()?;
    Some((short, failure))
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
        if let director_engine::ModelChange::Create { class, dn, attrs } = object {
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
