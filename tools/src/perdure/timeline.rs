//! `perdure timeline`: what happened, story by story, with the time of each step.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use ais::Dn;
use ais::amf::CauseId;
use amfd_director::Entry;
use amfd_director::client::Director;

use super::explain;
use super::failure::Failure;
use super::place::Place;

/// The most steps that are asked for.
const STEPS_MOST: u32 = 5_000;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only stories that concern this entity or what is below it
    #[arg(long, value_name = "DN", value_parser = |text: &str| Dn::new(text))]
    object: Option<Dn>,
    /// Only stories that went on after this: a date and time, a time of today, or 10m for ten minutes ago
    #[arg(long, value_name = "TIME", value_parser = crate::moment::argument)]
    since: Option<i64>,
    /// Only this story, as the logs name it
    #[arg(long, value_name = "ID")]
    cause: Option<CauseId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    let asking = async {
        let failed = |error| explain::failure(&place, "read the timeline", &error);
        let director = Director::connect(place.dir()).await.map_err(failed)?;
        let since = arguments.since.unwrap_or_default();
        let found = director.timeline(arguments.object.as_ref(), since, STEPS_MOST);
        found.await.map_err(failed)
    };
    let mut steps = super::block_on(super::in_time(&place, asking))?;
    steps.retain(|step| arguments.cause.is_none_or(|cause| cause == step.cause));
    let stories = stories(steps);
    if arguments.json {
        println!("{:#}", json(&stories));
    } else if stories.is_empty() {
        println!("nothing has happened");
    } else {
        print!("{}", text(&stories));
    }
    Ok(())
}

/// The steps of each story in their order; the stories in that of their beginnings.
fn stories(steps: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut places: BTreeMap<CauseId, usize> = BTreeMap::new();
    let mut all: Vec<Vec<Entry>> = Vec::new();
    for step in steps {
        let place = *places.entry(step.cause).or_insert_with(|| {
            all.push(Vec::new());
            all.len() - 1
        });
        all[place].push(step);
    }
    all
}

/// Milliseconds between two times in nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn millis(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1e6
}

/// How the story ended. Answers to operators may follow; work that was found after an end has an end of its own.
fn end_of(story: &[Entry]) -> Option<&Entry> {
    let is_end = |step: &&Entry| matches!(step.code.as_str(), "SETTLED" | "MERGED");
    let is_answer = |step: &&Entry| step.code == "ADMIN-ANSWERED";
    story.iter().rev().find(|step| !is_answer(step)).filter(is_end)
}

fn text(stories: &[Vec<Entry>]) -> String {
    let mut out = String::new();
    for story in stories {
        let Some(first) = story.first() else {
            continue;
        };
        let (cause, time) = (first.cause, crate::moment::text(first.time));
        let what = if first.code == "BEGAN" { &first.text } else { "" };
        let end = match end_of(story) {
            Some(end) if end.code == "MERGED" => end.text.clone(),
            Some(end) => format!("settled after {:.1} ms", millis(first.time, end.time)),
            None => "not settled".to_owned(),
        };
        writeln!(out, "{time}  {cause}  {what}; {end}").unwrap_or_default();
        for step in story {
            if matches!(step.code.as_str(), "BEGAN" | "SETTLED" | "MERGED") {
                continue;
            }
            let at = millis(first.time, step.time);
            let (subject, code, text) = (&step.subject, &step.code, &step.text);
            writeln!(out, "  +{at:>9.1} ms  {code:<18} {subject}: {text}").unwrap_or_default();
        }
    }
    out
}

fn json(stories: &[Vec<Entry>]) -> serde_json::Value {
    let step = |step: &Entry, first: i64| {
        serde_json::json!({
            "time": step.time,
            "millis": millis(first, step.time),
            "code": step.code,
            "subject": step.subject,
            "text": step.text,
        })
    };
    let story = |steps: &Vec<Entry>| {
        let first = steps.first()?;
        let list: Vec<_> = steps.iter().map(|it| step(it, first.time)).collect();
        let settled = end_of(steps).filter(|end| end.code == "SETTLED");
        Some(serde_json::json!({
            "cause": first.cause.to_string(),
            "settled_millis": settled.map(|end| millis(first.time, end.time)),
            "steps": list,
        }))
    };
    serde_json::json!({ "stories": stories.iter().filter_map(story).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use ais::amf::Term;

    use super::*;

    #[test]
    fn a_story_is_told_with_milliseconds_for_each_step() {
        let step = |number, millis: i64, code: &str, subject: &str, text: &str| Entry {
            cause: CauseId::new(Term(2), number),
            time: 1_700_000_000_000_000_000 + millis * 1_000_000,
            subject: subject.to_owned(),
            code: code.to_owned(),
            text: text.to_owned(),
        };
        let stories = stories(vec![
            step(1, 0, "BEGAN", "", "safComp=C failed (process died)"),
            step(2, 1, "BEGAN", "", "another"),
            step(1, 2, "ORDER", "safSu=2", "ACTIVE for safSi=a, on N2"),
            step(1, 5, "DONE", "safSu=2", "ACTIVE for safSi=a"),
            step(1, 5, "SETTLED", "", ""),
            step(1, 6, "ADMIN-ANSWERED", "safSu=2", "operation lock: done"),
        ]);
        let text = text(&stories);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5);
        assert!(
            lines[0].ends_with("  2.1  safComp=C failed (process died); settled after 5.0 ms"),
            "{text}"
        );
        assert_eq!(
            lines[1],
            "  +      2.0 ms  ORDER              safSu=2: ACTIVE for safSi=a, on N2"
        );
        assert!(lines[4].ends_with("2.2  another; not settled"), "{text}");
        assert_eq!(json(&stories)["stories"][0]["settled_millis"], 5.0);
    }
}
