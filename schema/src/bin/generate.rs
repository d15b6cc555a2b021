//! Writes the Rust code for the `.capnp` files, or checks that it is up to date.
//!
//! `cargo run -p schema --features generate --bin schema-generate [-- --check]`
//!
//! The compiler comes as a crate, so that nothing but cargo is needed. The output is checked in: a build of the
//! project does not run this.

use std::path::Path;
use std::process::ExitCode;

const SCHEMAS: [&str; 5] = ["value", "imm", "amf", "component", "ntf"];

fn main() -> ExitCode {
    let check = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: schema-generate [--check]");
            return ExitCode::from(2);
        }
    };
    match run(check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("schema-generate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<(), Box<dyn std::error::Error>> {
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let mut compiler = capnpc_embedded::CompileCommand::new();
    compiler.src_prefix(".").no_standard_import();
    for schema in SCHEMAS {
        compiler.file(format!("{schema}.capnp"));
    }
    let request = compiler.compile()?;
    let fresh = std::env::temp_dir().join(format!("schema-generate-{}", std::process::id()));
    std::fs::create_dir(&fresh)?;
    capnpc::codegen::CodeGenerationCommand::new()
        .output_directory(&fresh)
        .run(&request[..])?;
    let outcome = SCHEMAS.iter().try_for_each(|schema| {
        let name = format!("{schema}_capnp.rs");
        settle(&fresh.join(&name), &Path::new("src").join(&name), check)
    });
    std::fs::remove_dir_all(&fresh)?;
    outcome
}

/// Puts the fresh file in the place of the one that is checked in, or compares the two.
fn settle(fresh: &Path, kept: &Path, check: bool) -> Result<(), Box<dyn std::error::Error>> {
    let wanted = std::fs::read(fresh)?;
    if std::fs::read(kept).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    if check {
        return Err(format!(
            "schema/{} is not what its .capnp file generates; run without --check",
            kept.display()
        )
        .into());
    }
    Ok(std::fs::write(kept, wanted)?)
}
