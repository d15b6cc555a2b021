//! Golden transcripts: a file of command lines with what they print and how they exit.
//!
//! A line `$ immlist x` is run, with the lines after it that begin with `<` as its input; lines that begin with `|` are what it must print on stdout, with `!` on stderr, and the
//! last one is the exit code. `UPDATE=1` writes what was printed into the file; the difference is then for review.

use std::fmt::Write as _;
use std::io::{Seek as _, Write as _};
use std::process::{Command, Output};

use super::{Cluster, command, golden};

/// Where command lines run.
pub(crate) trait Scene {
    /// The command of a line.
    fn command(&self, line: &str) -> Command;
    /// What was printed, without what is different each time.
    fn scrub(&self, printed: String) -> String;
}

/// Without a cluster.
struct Nowhere;

impl Scene for Nowhere {
    fn command(&self, line: &str) -> Command {
        command(line)
    }

    fn scrub(&self, printed: String) -> String {
        printed
    }
}

/// Its directory is printed as `DIR`.
impl Scene for Cluster {
    fn command(&self, line: &str) -> Command {
        self.command(line)
    }

    fn scrub(&self, printed: String) -> String {
        let printed = printed.replace(&*self.dir().to_string_lossy(), "DIR");
        printed.split_inclusive('\n').map(steady).collect()
    }
}

/// Runs the command lines of a golden file and compares.
pub(crate) fn check(name: &str, cluster: Option<&Cluster>) {
    match cluster {
        Some(cluster) => check_in(name, cluster),
        None => check_in(name, &Nowhere),
    }
}

/// The same, elsewhere.
pub(crate) fn check_in(name: &str, scene: &dyn Scene) {
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
            record(&mut actual, run(command, input, scene), scene);
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
fn run(line: &str, input: String, scene: &dyn Scene) -> Output {
    let mut command = scene.command(line);
    if input.is_empty() {
        return command.output().unwrap();
    }
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    command.stdin(file).output().unwrap()
}

fn record(transcript: &mut String, output: Output, scene: &dyn Scene) {
    let text = |bytes: Vec<u8>| scene.scrub(String::from_utf8(bytes).unwrap());
    for (mark, text) in [('|', text(output.stdout)), ('!', text(output.stderr))] {
        for line in text.split_inclusive('\n') {
            write!(transcript, "{mark}{line}").unwrap();
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

/// The line without what differs from run to run.
fn steady(line: &str) -> String {
    without_marks(line).map_or_else(|| line.to_owned(), |line| format!("{line}\n"))
}

/// `None` where nothing differs.
fn without_marks(line: &str) -> Option<String> {
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
