//! The size of each planner, as `docs/tables/planners.txt` has it: small enough to be read beside the specification.
//! `UPDATE=1` writes the file anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The planners with the clause of AMF B.02.01 that each follows, then what they share.
const FILES: [(&str, &str); 10] = [
    ("two_n.rs", "2N, §3.7.2"),
    ("n_plus_m.rs", "N+M, §3.7.3"),
    ("n_way.rs", "N-way, §3.7.4"),
    ("n_way_active.rs", "N-way active, §3.7.5"),
    ("no_redundancy.rs", "no redundancy, §3.7.6"),
    ("board.rs", "the group by positions, a draft of assignments"),
    ("fit.rs", "what an SU could be for an SI"),
    ("seats.rs", "what the components of an SU have places for"),
    (
        "assigned.rs",
        "the SUs that may be used where their number is limited",
    ),
    ("warm.rs", "who shall take over stands by first"),
];

/// More would be a second idea in one function.
const FUNCTION_LINES_MAX: usize = 60;

/// The functions of a source without its tests, with how many lines each has.
fn functions(source: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let Some((before, after)) = text.split_once("fn ") else {
            continue;
        };
        let qualifies = |word: &str| word.starts_with("pub") || matches!(word, "const" | "super)" | "crate)");
        if !before.split_whitespace().all(qualifies) {
            continue;
        }
        let name: String = after
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let end = format!("{}}}", " ".repeat(indent));
        let rest = lines.by_ref().take_while(|line| *line != end).count();
        found.push((name, rest + 2));
    }
    found
}

#[test]
fn the_table_of_planners_is_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the workspace");
    let mut table = String::from(
        "# What decides who serves what: lines without tests, functions, the longest function.\n",
    );
    for (file, what) in FILES {
        let path = root.join("amfd-director/engine/src/plan").join(file);
        let source = fs::read_to_string(&path).expect("the planner is there");
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let all = functions(source);
        let (name, lines) = all
            .iter()
            .max_by_key(|(_, lines)| *lines)
            .expect("it has functions");
        assert!(
            *lines <= FUNCTION_LINES_MAX,
            "{file}: {name} has {lines} lines, more than {FUNCTION_LINES_MAX}"
        );
        writeln!(
            table,
            "{file:<18}{:>4} lines, {:>2} functions, longest {name} ({lines} lines): {what}",
            source.lines().count(),
            all.len()
        )
        .expect("a String takes all");
    }
    let path = root.join("docs/tables/planners.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &table).expect("the table can be written");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == table,
        "docs/tables/planners.txt is not current; UPDATE=1 writes it:\n{table}"
    );
}

#[test]
fn functions_are_counted_with_their_first_and_last_lines() {
    let source = "fn one() {\n    a();\n}\n\nimpl X {\n    pub(super) const fn two(\n        a: u8,\n    ) {\n    }\n}\n";
    assert_eq!(functions(source), [("one".to_owned(), 3), ("two".to_owned(), 4)]);
}
