//! Checks of the tree itself: what must hold for every file, so that nobody has to remember it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that decide and do no I/O, with the outside crates they may use.
const PURE: [(&str, &[&str]); 5] = [
    ("ais", &["bitflags", "thiserror"]),
    ("models", &["base64", "quick-xml", "thiserror"]),
    ("immd-repository", &["thiserror"]),
    ("amfd-director-engine", &["thiserror"]),
    ("amfnd-engine", &["thiserror"]),
];

/// The only folders at the top; a new one is a design fault.
const TOP_LEVEL: [&str; 8] = [
    "amfd-director",
    "amfnd",
    "docs",
    "immd",
    "models",
    "schema",
    "tests",
    "tools",
];

const FILE_LINES_MAX: usize = 1000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the workspace")
        .to_owned()
}

#[test]
fn every_metric_is_documented_with_its_type() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect("it is there");
    let names = read("tests/tests/processes/metrics.txt");
    let documented = read("docs/OPERATING.md");
    let rows: Vec<[&str; 2]> = documented
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let (name, kind) = (cells.next()?, cells.next()?);
            let name = name.trim().trim_end_matches('`');
            let is_metric = ["immd_", "amfd_", "amfnd_"]
                .iter()
                .any(|daemon| name.starts_with(daemon));
            is_metric.then_some([name, kind.trim()])
        })
        .collect();
    let mut wanted: Vec<[&str; 2]> = names
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| [name, kind])
        .collect();
    let mut found = rows.clone();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(
        found, wanted,
        "docs/OPERATING.md has a row for each metric and its type, and no other"
    );
}

/// The text without the tests at its end.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// What is between quotes and is written as variables of the environment are.
fn variables_in(text: &str) -> impl Iterator<Item = &str> {
    let is_variable = |word: &&str| {
        let has_form = word
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        has_form && word.len() > 1 && word.starts_with(|c: char| c.is_ascii_uppercase())
    };
    // Placeholders of a command line look alike.
    let lines = text.lines().filter(|line| !line.contains("value_name"));
    lines
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(is_variable)
}

#[test]
fn every_variable_of_the_environment_is_documented() {
    let reads = ["env::var", "var_os(", "from_env(", "sd_notify::"];
    let is_product = |path: &Path| {
        let path = path.to_string_lossy();
        let aside = ["tests/", "tools/xtask/", "immd/agent/libraries.rs"];
        !aside.iter().any(|aside| path.starts_with(aside)) && !path.contains("/tests/")
    };
    let sources = sources();
    let read: BTreeSet<&str> = sources
        .iter()
        .filter(|(path, _)| is_product(path))
        .map(|(_, text)| without_tests(text))
        .filter(|text| reads.iter().any(|call| text.contains(call)))
        .flat_map(variables_in)
        .collect();
    let documented = fs::read_to_string(root().join("docs/ADMINISTRATION.md")).expect("it is there");
    let (_, section) = documented
        .split_once("\n## The environment\n")
        .expect("the section");
    let rows: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('|').next())
        .flat_map(|names| names.split(['`', ',', ' ']).filter(|name| !name.is_empty()))
        .collect();
    assert_eq!(
        rows, read,
        "docs/ADMINISTRATION.md has a row for each variable that the programs read, and no other"
    );
}

/// The files that git tracks or would track, relative to the root.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git ls-files failed");
    let text = String::from_utf8(output.stdout).expect("file names are UTF-8");
    text.lines()
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect()
}

/// Rust files that people wrote, with their text.
fn sources() -> Vec<(PathBuf, String)> {
    files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter(|path| !path.to_string_lossy().ends_with("_capnp.rs"))
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).expect("a tracked file can be read");
            (path, text)
        })
        .collect()
}

#[test]
fn pure_crates_depend_only_on_pure_crates() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages: BTreeMap<&str, &serde_json::Value> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| (package["name"].as_str().expect("a name"), package))
        .collect();
    let mut wrong = Vec::new();
    for (name, outside) in PURE {
        let package = packages
            .get(name)
            .unwrap_or_else(|| panic!("{name} is a member of the workspace"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let dependency_name = dependency["name"].as_str().expect("a name");
            let is_normal = dependency["kind"].is_null();
            let is_pure = PURE.iter().any(|(pure, _)| *pure == dependency_name);
            if is_normal && !is_pure && !outside.contains(&dependency_name) {
                wrong.push(format!("{name} depends on {dependency_name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "pure crates may not: {wrong:#?}");
}

#[test]
fn pure_crates_have_the_lint_configuration_of_pure_crates() {
    let wanted =
        fs::read_to_string(root().join("schema/ais/clippy.toml")).expect("the first pure crate has one");
    for folder in [
        "models",
        "immd/repository",
        "amfd-director/engine",
        "amfnd/engine",
    ] {
        let present = fs::read_to_string(root().join(folder).join("clippy.toml")).unwrap_or_default();
        assert_eq!(
            present, wanted,
            "{folder}/clippy.toml differs from schema/ais/clippy.toml"
        );
    }
}

#[test]
fn the_top_level_shows_the_components_and_nothing_else() {
    let mut present: Vec<String> = files()
        .iter()
        .filter(|path| path.components().count() > 1)
        .filter_map(|path| {
            path.components()
                .next()
                .map(|c| c.as_os_str().to_string_lossy().into_owned())
        })
        .filter(|folder| !folder.starts_with('.'))
        .collect();
    present.sort();
    present.dedup();
    assert_eq!(present, TOP_LEVEL);
}

#[test]
fn one_file_names_the_storage_library() {
    let users: Vec<PathBuf> = sources()
        .into_iter()
        // The folder's own mod.rs speaks of the module, which has the library's name.
        .filter(|(path, _)| !path.ends_with("tidy.rs") && !path.ends_with("immd/src/store/mod.rs"))
        .filter(|(_, text)| {
            text.lines()
                .any(|line| line.contains("lmdb::") || line.contains("use lmdb"))
        })
        .map(|(path, _)| path)
        .collect();
    assert_eq!(users, [PathBuf::from("immd/src/store/lmdb.rs")]);
    let lines = fs::read_to_string(root().join("immd/src/store/lmdb.rs"))
        .expect("it exists")
        .lines()
        .count();
    assert!(
        lines < 300,
        "the module that owns the storage library has {lines} lines, fewer than 300 are allowed"
    );
}

/// Whether the line opens unsafe code, or allows it; the word alone, in a text or a name, does not.
fn is_unsafe_code(line: &str) -> bool {
    let openers = ["{", "fn ", "impl ", "extern "];
    let mut uses = line
        .match_indices("unsafe")
        .map(|(at, word)| (&line[..at], &line[at + word.len()..]));
    uses.any(|(before, after)| {
        let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '#');
        (is_word
            && openers
                .iter()
                .any(|opener| after.trim_start().starts_with(opener)))
            || (before.ends_with('(') && after.starts_with("_code"))
    })
}

/// What stands between C programs and safe Rust, and what calls it as they do.
const C_INTERFACES: [&str; 4] = ["schema/cabi/src", "immd/agent", "amfnd/agent", "tests/capi/fuzz"];

/// What the system and the allocator offer in no other way.
const UNSAFE_MODULES: [&str; 2] = ["amfnd/src/spawn.rs", "tools/src/allocator.rs"];

#[test]
fn unsafe_code_stands_in_two_modules_and_the_c_interfaces_only() {
    let users: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|(path, text)| {
            let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            !path.ends_with("tidy.rs") && code.any(is_unsafe_code)
        })
        .map(|(path, _)| path)
        .filter(|path| !UNSAFE_MODULES.iter().any(|module| path == Path::new(module)))
        .filter(|path| !C_INTERFACES.iter().any(|folder| path.starts_with(folder)))
        .collect();
    assert!(users.is_empty(), "unsafe code in {users:?}");
}

#[test]
fn no_file_is_too_long_to_be_one_idea() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "more than {FILE_LINES_MAX} lines: {long:#?}");
}

#[test]
fn sources_hold_no_unfinished_work() {
    let marks = ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX"];
    let mut found = Vec::new();
    for (path, text) in sources() {
        if path.ends_with("tidy.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Deviations are marked `DEVIATION(AMF-012)` in the code and listed in docs/DEVIATIONS.md.
#[test]
fn every_deviation_is_listed_and_every_listed_one_exists() {
    let listed = fs::read_to_string(root().join("docs/DEVIATIONS.md")).expect("the list exists");
    let marks = |text: &str, open: &str, close: char| -> Vec<String> {
        text.match_indices(open)
            .filter_map(|(at, _)| {
                text[at + open.len()..]
                    .split_once(close)
                    .map(|(id, _)| id.to_owned())
            })
            .collect()
    };
    let mut in_code: Vec<String> = sources()
        .iter()
        .filter(|(path, _)| !path.ends_with("tidy.rs"))
        .flat_map(|(_, text)| marks(text, "DEVIATION(", ')'))
        .collect();
    let mut in_list: Vec<String> = listed.lines().flat_map(|line| marks(line, "| `", '`')).collect();
    in_code.sort();
    in_code.dedup();
    in_list.sort();
    assert_eq!(
        in_code, in_list,
        "left: marked in the code, right: listed in docs/DEVIATIONS.md"
    );
}

/// Every reason code that the director can give is explained to operators.
#[test]
fn every_reason_code_is_documented() {
    let documented = fs::read_to_string(root().join("docs/REASONS.md")).expect("the list exists");
    let missing: Vec<&str> = director_engine::Reason::CODES
        .iter()
        .copied()
        .filter(|code| !documented.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "not in docs/REASONS.md: {missing:?}");
}

/// Every rule that the director can refuse a CCB with is explained to those who write models.
#[test]
fn every_rule_of_the_model_is_documented() {
    let documented = fs::read_to_string(root().join("docs/MODELS.md")).expect("the list exists");
    let missing: Vec<&str> = director_engine::ModelRule::CODES
        .iter()
        .copied()
        .filter(|code| !documented.contains(&format!("| `{code}` |")))
        .collect();
    assert!(missing.is_empty(), "not in docs/MODELS.md: {missing:?}");
}

/// Each function that a C header declares has a row in the table of the C interfaces.
#[test]
fn every_function_of_a_c_header_stands_in_its_conformance_table() {
    let table = fs::read_to_string(root().join("docs/CONFORMANCE-C.md")).expect("the table exists");
    let mut missing = Vec::new();
    for header in ["saImmOm.h", "saImmOi.h"] {
        let path = root().join("schema/include").join(header);
        let text = fs::read_to_string(path).expect("the header exists");
        let declared: Vec<&str> = text
            .split("extern SaAisErrorT ")
            .skip(1)
            .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
            .collect();
        assert!(
            declared.len() > 20,
            "{header} declares functions in another way now"
        );
        let stands = |name: &&str| table.contains(&format!("| `{name}` |"));
        missing.extend(
            declared
                .into_iter()
                .filter(|name| !stands(name))
                .map(str::to_owned),
        );
    }
    assert!(missing.is_empty(), "not in docs/CONFORMANCE-C.md: {missing:?}");
}

/// What a conformance table names as its test must be there: `file::function`, or a file.
#[test]
fn every_mutation_fits_the_tree() {
    let check = Command::new(root().join("tests/mutations/run"))
        .arg("--check")
        .output()
        .expect("python3 is there");
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{said}");
}

#[test]
fn the_conformance_tables_name_tests_that_exist() {
    let mut missing = Vec::new();
    for table in files() {
        let name = table.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("CONFORMANCE-") {
            continue;
        }
        let text = fs::read_to_string(root().join(&table)).expect("a tracked file can be read");
        for row in text.lines().filter(|line| line.starts_with("| ")) {
            let shown_by = row.rsplit('|').nth(1).unwrap_or_default();
            for named in shown_by.split('`').skip(1).step_by(2) {
                if !is_test(named) {
                    missing.push(format!("{}: {named}", table.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "named as tests, but not there: {missing:#?}");
}

fn is_test(named: &str) -> bool {
    let (file, function) = named.split_once("::").unwrap_or((named, ""));
    let Ok(text) = fs::read_to_string(root().join(file)) else {
        return false;
    };
    function.is_empty() || text.contains(&format!("fn {function}("))
}
