//! Golden transcripts: a file of command lines with what they print and how they exit.
//!
//! A line `$ immlist x` is run, with the lines after it that begin with `<` as its input; lines that begin with `|` are what it must print on stdout, with `!` on stderr, and the
//! last one is the exit code. `UPDATE=1` writes what was printed into the file; the difference is then for review.

use std::fmt::Write as _;
use std::io::{Seek as _, Write as _};
use std::process::Output;

use super::{Cluster, command, golden};

/// Runs the command lines of a golden file and compares.
///
/// Without a cluster, `DIR` in a line stands for nothing; with one, its directory is printed as `DIR`.
pub(crate) fn check(name: &str, cluster: Option<&Cluster>) {
    let path = golden().join(name);
    let expected = std::fs::read_to_string(&path).unwrap();
    let mut actual = String::new();
    let is_result = |line: &&str| !line.starts_with(['|', '!']) && !line.starts_with("exit ");
    let mut lines = expected.lines().filter(is_result).peekable();
    while let Some(line) = lines.next() {
        writeln!(actual, "{line}").unwrap();
        if let Some(command) = line.strip_prefix("$ ") {
            let mut input = String::new();
            while let Some(given) = lines.next_if(|line| line.starts_with('<')) {
                writeln!(actual, "{given}").unwrap();
                writeln!(input, "{}", given.strip_prefix("< ").unwrap_or_default()).unwrap();
            }
            record(&mut actual, run(command, input, cluster), cluster);
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, actual).unwrap();
    } else if actual != expected {
        let number = 1 + expected
            .lines()
            .zip(actual.lines())
            .take_while(|(e, a)| e == a)
            .count();
        panic!("{name}:{number} differs; UPDATE=1 writes what was printed\n--- printed:\n{actual}");
    }
}

/// Runs a command line with this input.
fn run(line: &str, input: String, cluster: Option<&Cluster>) -> Output {
    let mut command = match cluster {
        Some(cluster) => cluster.command(line),
        None => command(line),
    };
    if input.is_empty() {
        return command.output().unwrap();
    }
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    command.stdin(file).output().unwrap()
}

fn record(transcript: &mut String, output: Output, cluster: Option<&Cluster>) {
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let dir = cluster.map(|cluster| cluster.dir().to_string_lossy().into_owned());
        dir.map_or(text.clone(), |dir| text.replace(&dir, "DIR"))
    };
    for (mark, text) in [('|', text(output.stdout)), ('!', text(output.stderr))] {
        for line in text.split_inclusive('\n') {
            match steady(line) {
                Some(line) => writeln!(transcript, "{mark}{line}").unwrap(),
                None => write!(transcript, "{mark}{line}").unwrap(),
            }
            if !line.ends_with('\n') {
                writeln!(transcript, "\\no newline").unwrap();
            }
        }
    }
    let code = output
        .status
        .code()
        .map_or("signal".to_owned(), |code| code.to_string());
    writeln!(transcript, "exit {code}").unwrap();
}

/// The line without what differs from run to run; `None` where nothing does.
fn steady(line: &str) -> Option<String> {
    // Ids of CCBs count all of a transcript, so that each new line would change those after it.
    let marks = [
        ("\"ccb\": ", "ID"),
        ("\"uid\": ", "UID"),
        ("\"pid\": ", "PID"),
        ("\"time\": \"", "TIME"),
    ];
    for (mark, name) in marks {
        if let Some((before, _)) = line.split_once(mark) {
            return Some(format!("{before}{mark}{name}"));
        }
    }
    // An entry of the journal begins with its time and its author.
    let (head, _) = line.split_once(" (uid ")?;
    let (_, author) = head.split_at_checked("2026-11-21 08:00:00.000000".len())?;
    let author = match author.split_once(" of ") {
        Some((_, owner)) => format!(" CCB ID of {owner}"),
        None => author.to_owned(),
    };
    Some(format!("TIME{author} (uid UID, pid PID)"))
}
