//! The tables of alarms and states in the operator's guide are what the engine has. `UPDATE=1 cargo test` writes them.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test program: it reads files and variables, and may end at the first surprise"
)]

use std::fmt::Write as _;
use std::path::Path;

use amfd_director_engine::{AlarmKind, ERROR_CLEAR, ERROR_REPORT, STATES};

fn tables() -> String {
    let mut text = String::from(
        "| class | alarm | object | severity, probable cause | raised when | cleared when | what helps |\n|---|---|---|---|---|---|---|\n",
    );
    for kind in AlarmKind::ALL {
        let alarm = kind.definition();
        let severity = alarm.severity.name().trim_start_matches("SA_NTF_SEVERITY_");
        writeln!(
            text,
            "| {:#04x} | {} | {} | {severity}, {} | {} | {} | {} |",
            alarm.minor,
            alarm.name,
            alarm.object,
            alarm.cause.name(),
            alarm.raised,
            alarm.cleared,
            alarm.help
        )
        .unwrap();
    }
    text.push_str("\n| class | state | of | attribute |\n|---|---|---|---|\n");
    for state in STATES {
        let (minor, name, object) = (state.minor, state.name, state.object);
        writeln!(
            text,
            "| {minor:#04x} | {name} | {object} | `{}` |",
            state.attribute.1
        )
        .unwrap();
    }
    text
}

#[test]
fn the_guide_has_the_tables_of_the_engine() {
    const BEGIN: &str = "<!-- tables: begin -->\n";
    const END: &str = "<!-- tables: end -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATING.md");
    let guide = std::fs::read_to_string(&path).unwrap();
    let begin = guide.find(BEGIN).unwrap() + BEGIN.len();
    let end = guide.find(END).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let new = format!("{}{}{}", &guide[..begin], tables(), &guide[end..]);
        std::fs::write(&path, new).unwrap();
    } else {
        assert_eq!(&guide[begin..end], tables());
    }
}

/// The scenarios' fake nodes have no proxies; `tests/shown.rs` has a test for these two.
const ELSEWHERE: [u16; 2] = [0x06, 0x70];

fn scenarios(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scenarios(&path, text);
        } else {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn each_kind_is_told_in_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let mut text = String::new();
    scenarios(&folder, &mut text);
    let alarms = AlarmKind::ALL.iter().map(|kind| kind.definition());
    let mut wanted: Vec<(u16, String)> = Vec::new();
    for alarm in alarms {
        let severity = alarm.severity.name().trim_start_matches("SA_NTF_SEVERITY_");
        for severity in [severity, "CLEARED"] {
            wanted.push((alarm.minor, format!("told {:#x} alarm {severity} ", alarm.minor)));
        }
    }
    let others = STATES
        .iter()
        .map(|state| state.minor)
        .chain([ERROR_REPORT, ERROR_CLEAR]);
    wanted.extend(others.map(|minor| (minor, format!("told {minor:#x} "))));
    wanted.retain(|(minor, told)| !ELSEWHERE.contains(minor) && !text.contains(told));
    assert!(wanted.is_empty(), "no scenario has: {wanted:?}");
}
