//! The headers, and what the libraries export.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use capi::{Language, compile, libraries, root, succeeds, text};

#[test]
fn sizes_offsets_and_values_are_the_standards_in_c_and_cpp() {
    let source = root().join("tests/capi/header/imm.c");
    for language in [Language::C, Language::Cpp] {
        for options in [&[][..], &["-DSA_EXTENDED_NAME_SOURCE"]] {
            let program = compile(&source, language, options);
            succeeds(&mut program.command(Path::new("/nonexistent")));
        }
    }
}

#[test]
fn each_header_stands_alone() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for header in ["saAis.h", "saImm.h", "saImmOm.h", "saImmOi.h"] {
        let source = dir.path().join("alone.c");
        let code = format!("#include <{header}>\n#include <{header}>\nint main(void) {{ return 0; }}\n");
        std::fs::write(&source, code).expect("a file");
        compile(&source, Language::C, &["-pedantic"]);
        compile(&source, Language::Cpp, &["-pedantic"]);
    }
}

/// The functions that a header declares.
fn declared(header: &str) -> BTreeSet<String> {
    let text = text(&format!("schema/include/{header}"));
    text.split("extern SaAisErrorT ")
        .skip(1)
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name.to_owned()))
        .collect()
}

#[test]
fn the_libraries_export_what_the_headers_declare_and_no_more() {
    for (library, header, private) in [
        ("libSaImmOm.so.0", "saImmOm.h", None),
        ("libSaImmOi.so.0", "saImmOi.h", Some("perdureImmAugmentedCalls")),
    ] {
        let file = libraries().join(library);
        let listed = succeeds(Command::new("nm").args(["-D", "--defined-only"]).arg(&file));
        let symbols: Vec<&str> = listed
            .lines()
            .filter_map(|line| line.split_whitespace().nth(2))
            .collect();
        let exported: BTreeSet<String> = symbols
            .iter()
            .filter_map(|symbol| symbol.split('@').next())
            .map(str::to_owned)
            .collect();
        let mut wanted = declared(header);
        wanted.extend(["saAisNameLend", "saAisNameBorrow"].map(str::to_owned));
        wanted.extend(private.map(str::to_owned));
        // The version node stands in the table itself.
        let exported: BTreeSet<String> = exported
            .into_iter()
            .filter(|symbol| !symbol.starts_with("OPENSAF"))
            .collect();
        assert_eq!(exported, wanted, "{library}");
        if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            for symbol in symbols.iter().filter(|symbol| symbol.starts_with("sa")) {
                assert!(symbol.ends_with("@@OPENSAF_IMM_A.02.01"), "{symbol}");
            }
        }
        let dynamic = succeeds(Command::new("readelf").arg("-d").arg(&file));
        assert!(
            dynamic.contains(&format!("Library soname: [{library}]")),
            "{dynamic}"
        );
    }
}
