//! `perdure journal`: who changed what, and when, with the values before and after.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;

use ais::{Author, Dn, JournalChange, JournalEntry, JournalKind, Value};
use serde::Serialize;

use super::failure::Failure;
use super::place::Place;
use crate::moment;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only what concerns this object
    #[arg(long, value_name = "DN", value_parser = |text: &str| Dn::new(text))]
    object: Option<Dn>,
    /// Only what happened after this time: a date and time, a time of today, or 10m for ten minutes ago
    #[arg(long, value_name = "TIME", value_parser = moment::argument)]
    since: Option<i64>,
    /// The newest so many entries
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 100)]
    last: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How much of the journal is kept, on the command lines of `up` and of the daemon.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Kept {
    /// How many changes the journal keeps
    #[arg(long, value_name = "COUNT")]
    journal_entries: Option<usize>,
    /// How large the journal may grow
    #[arg(long, value_name = "MIB")]
    journal_mib: Option<u64>,
}

impl Kept {
    /// The options as they are handed on to the daemon.
    pub(super) fn arguments(&self) -> Vec<String> {
        let entries = self
            .journal_entries
            .map(|count| format!("--journal-entries={count}"));
        let size = self.journal_mib.map(|mib| format!("--journal-mib={mib}"));
        entries.into_iter().chain(size).collect()
    }

    /// What they say, and the usual for the rest.
    pub(super) fn retention(&self) -> immd::Retention {
        let usual = immd::Retention::default();
        immd::Retention {
            entries: self.journal_entries.unwrap_or(usual.entries),
            bytes: self
                .journal_mib
                .map_or(usual.bytes, |mib| mib.saturating_mul(1 << 20)),
        }
    }
}

/// Runs the command: the oldest entry first.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    let entries = super::block_on(super::in_time(&place, read(&place, arguments)))?;
    if arguments.json {
        let entries: Vec<Shown<'_>> = entries.iter().map(Shown::of).collect();
        let text =
            serde_json::to_string_pretty(&entries).map_err(|error| Failure::failed("write JSON", &error))?;
        say!("{text}");
        return Ok(());
    }
    for entry in &entries {
        say!("{}", text(entry).trim_end());
    }
    Ok(())
}

async fn read(place: &Place, arguments: &Arguments) -> Result<VecDeque<JournalEntry>, Failure> {
    let imm = super::cluster::connect(place).await?;
    let mut entries: VecDeque<JournalEntry> = VecDeque::new();
    let mut cursor = 0;
    loop {
        let since = arguments.since.unwrap_or(i64::MIN);
        let page = imm.journal(since, arguments.object.as_ref(), cursor).await;
        let (page, next) = page.map_err(|error| Failure::imm("read the journal", &error))?;
        for part in page {
            let is_full = entries.len() >= arguments.last;
            match entries.front_mut() {
                Some(entry) if entry.number == part.number => entry.changes.extend(part.changes),
                _ if is_full => return Ok(entries),
                _ => entries.push_front(part),
            }
        }
        if next == 0 {
            return Ok(entries);
        }
        cursor = next;
    }
}

/// An entry as JSON has it.
#[derive(Serialize)]
struct Shown<'a> {
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ccb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    implementer: Option<&'a str>,
    uid: u32,
    pid: u32,
    changes: Vec<ShownChange<'a>>,
}

#[derive(Serialize)]
struct ShownChange<'a> {
    change: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    class: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attrs: Vec<ShownAttr<'a>>,
}

#[derive(Serialize)]
struct ShownAttr<'a> {
    name: &'a str,
    before: Vec<String>,
    after: Vec<String>,
}

impl<'a> Shown<'a> {
    fn of(entry: &'a JournalEntry) -> Shown<'a> {
        let (owner, implementer) = match &entry.head.author {
            Author::Owner { name, .. } => (Some(name.as_str()), None),
            Author::Implementer(name) => (None, Some(name.as_str())),
            Author::Client => (None, None),
        };
        Shown {
            time: moment::text(entry.head.time),
            ccb: Some(entry.head.ccb()).filter(|ccb| *ccb != 0),
            owner,
            implementer,
            uid: entry.head.uid,
            pid: entry.head.pid,
            changes: entry.changes.iter().map(ShownChange::of).collect(),
        }
    }
}

impl<'a> ShownChange<'a> {
    fn of(change: &'a JournalChange) -> ShownChange<'a> {
        let texts = |values: &[Value]| values.iter().map(Value::to_text).collect();
        ShownChange {
            change: word(change.kind),
            name: &change.name,
            class: &change.class,
            attrs: change
                .attrs
                .iter()
                .map(|attr| ShownAttr {
                    name: &attr.name,
                    before: texts(&attr.before),
                    after: texts(&attr.after),
                })
                .collect(),
        }
    }
}

const fn word(kind: JournalKind) -> &'static str {
    match kind {
        JournalKind::Created => "created",
        JournalKind::Deleted => "deleted",
        JournalKind::Changed => "changed",
        JournalKind::ClassPut => "class defined",
        JournalKind::ClassDeleted => "class deleted",
    }
}

/// An entry for people.
fn text(entry: &JournalEntry) -> String {
    let head = &entry.head;
    let author = match &head.author {
        Author::Owner { ccb, name } => format!("CCB {ccb} of {name}"),
        Author::Implementer(name) => format!("implementer {name}"),
        Author::Client => "classes".to_owned(),
    };
    let mut text = format!(
        "{} {author} (uid {}, pid {})\n",
        moment::text(head.time),
        head.uid,
        head.pid
    );
    for change in &entry.changes {
        add_change(&mut text, change);
    }
    text
}

fn add_change(text: &mut String, change: &JournalChange) {
    let class = if change.class.is_empty() {
        String::new()
    } else {
        format!(" ({})", change.class)
    };
    // Writing into a text does not fail.
    let _infallible = writeln!(text, "  {} {}{class}", word(change.kind), change.name);
    for attr in &change.attrs {
        let values = match change.kind {
            JournalKind::Created => values(&attr.after),
            JournalKind::Deleted => values(&attr.before),
            JournalKind::Changed | JournalKind::ClassPut | JournalKind::ClassDeleted => {
                format!("{} -> {}", values(&attr.before), values(&attr.after))
            }
        };
        let _infallible = writeln!(text, "    {}: {values}", attr.name);
    }
}

fn values(values: &[Value]) -> String {
    if values.is_empty() {
        return "<Empty>".to_owned();
    }
    values.iter().map(Value::to_text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use ais::{JournalAttr, JournalHead};

    use super::*;

    #[test]
    fn an_entry_says_who_what_before_and_after() {
        let change = |kind, before: &[u32], after: &[u32]| JournalChange {
            kind,
            name: "a=1".to_owned(),
            class: "Thing".to_owned(),
            attrs: vec![JournalAttr {
                name: "weight".to_owned(),
                before: before.iter().copied().map(Value::Uint32).collect(),
                after: after.iter().copied().map(Value::Uint32).collect(),
            }],
        };
        let entry = JournalEntry {
            number: 1,
            head: JournalHead {
                time: 0,
                author: Author::Owner {
                    ccb: 9,
                    name: "me".to_owned(),
                },
                uid: 1,
                pid: 2,
            },
            changes: vec![
                change(JournalKind::Created, &[], &[1]),
                change(JournalKind::Changed, &[1], &[2, 3]),
                change(JournalKind::Deleted, &[2, 3], &[]),
            ],
        };
        let text = text(&entry);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("CCB 9 of me (uid 1, pid 2)"), "{text}");
        assert_eq!(
            lines[1..],
            [
                "  created a=1 (Thing)",
                "    weight: 1",
                "  changed a=1 (Thing)",
                "    weight: 1 -> 2, 3",
                "  deleted a=1 (Thing)",
                "    weight: 2, 3",
            ]
        );
    }
}
