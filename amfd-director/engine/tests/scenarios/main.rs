//! Runs the scenario files of `tests/scenarios`: each has blocks of commands, a line `----`, and what they must print.
//! `UPDATE=1 cargo test` writes what they print now; the difference is reviewed like code.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test program: it reads files and variables, prints, and may end at the first surprise"
)]

mod broken;
mod fake_node;
mod fuzz;
mod model;
mod operations;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use amfd_director_engine::{ModelRule, Reason};

/// A block of a scenario file.
struct Block {
    /// Comments and commands, as they stand in the file.
    head: Vec<String>,
    expected: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while lines.peek().is_some() {
        let mut head = Vec::new();
        let mut expected = Vec::new();
        for line in lines.by_ref() {
            if line == "----" {
                break;
            }
            head.push(line.to_owned());
        }
        while let Some(line) = lines.next_if(|line| !line.is_empty()) {
            expected.push(line.to_owned());
        }
        while lines.next_if(|line| line.is_empty()).is_some() {}
        blocks.push(Block { head, expected });
    }
    blocks
}

fn run(path: &Path, codes: &mut BTreeSet<&'static str>) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut world = world::World::default();
    let mut printed = String::new();
    let mut wrong = None;
    for block in blocks(&text) {
        for line in block
            .head
            .iter()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            world
                .command(line)
                .map_err(|why| format!("{}: '{line}': {why}", path.display()))?;
        }
        let output = world.take_output();
        if output != block.expected && wrong.is_none() {
            wrong = Some(format!(
                "{} after\n{}\nexpected\n  {}\nbut got\n  {}",
                path.display(),
                block.head.join("\n"),
                block.expected.join("\n  "),
                output.join("\n  ")
            ));
        }
        if !printed.is_empty() {
            printed.push('\n');
        }
        writeln!(printed, "{}\n----", block.head.join("\n")).unwrap();
        for line in output {
            printed.push_str(&line);
            printed.push('\n');
        }
    }
    codes.extend(world.codes());
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(path, printed).map_err(|error| format!("{}: {error}", path.display()));
    }
    wrong.map_or(Ok(()), Err)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "txt") {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn every_scenario_prints_what_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let mut found = Vec::new();
    files(&folder, &mut found);
    assert!(!found.is_empty(), "no scenario files under {}", folder.display());
    let mut codes = BTreeSet::new();
    let wrong: Vec<String> = found
        .iter()
        .filter_map(|path| run(path, &mut codes).err())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} scenarios:\n{}",
        wrong.len(),
        found.len(),
        wrong.join("\n\n")
    );
    let never: Vec<&str> = Reason::CODES
        .iter()
        .copied()
        .filter(|code| !codes.contains(code))
        .collect();
    assert!(never.is_empty(), "no scenario gives the reasons {never:?}");
}

#[test]
fn every_rule_of_the_model_refuses_something_in_a_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let mut found = Vec::new();
    files(&folder, &mut found);
    let texts: Vec<String> = found
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let never: Vec<&str> = ModelRule::CODES
        .iter()
        .copied()
        .filter(|code| !texts.iter().any(|text| text.contains(&format!("[{code}]"))))
        .collect();
    assert!(never.is_empty(), "no scenario breaks {never:?}");
}
