//! The tables of alarms and states in the operator's guide are what the engine has. `UPDATE=1 cargo test` writes them.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test program: it reads files and variables, and may end at the first surprise"
)]

use std::fmt::Write as _;
use std::path::Path;

use amfd_director_engine::{AlarmKind, STATES};

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
