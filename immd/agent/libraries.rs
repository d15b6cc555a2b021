//! Link arguments of the two libraries: sonames, and the symbol version that programs linked with OpenSAF's libraries
//! look for.

use std::path::PathBuf;
use std::{env, fs};

/// OpenSAF's version of all symbols of both libraries.
const VERSION: &str = "OPENSAF_IMM_A.02.01";

fn main() {
    println!("cargo:rerun-if-changed=../libraries.rs");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let library = if variable("CARGO_PKG_NAME").ends_with("-om") {
        "libSaImmOm.so.0"
    } else {
        "libSaImmOi.so.0"
    };
    let argument = |argument: &str| println!("cargo:rustc-cdylib-link-arg={argument}");
    argument(&format!("-Wl,-soname,{library}"));
    // The library has a thread, which must not lose its code.
    argument("-Wl,-z,nodelete");
    println!("cargo:rustc-check-cfg=cfg(symbol_versions)");
    // LLD, the linker of this target, takes a second version script beside the compiler's own; GNU ld does not.
    if variable("TARGET") == "x86_64-unknown-linux-gnu" {
        let script = PathBuf::from(variable("OUT_DIR")).join("versions.map");
        let text = format!("{VERSION} {{ }};\n");
        if let Err(error) = fs::write(&script, text) {
            println!("cargo:warning=no symbol versions: {}: {error}", script.display());
            return;
        }
        argument(&format!("-Wl,--version-script={}", script.display()));
        println!("cargo:rustc-cfg=symbol_versions");
    }
}
