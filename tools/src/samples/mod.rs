//! The sample components: a web server, a proxy with its daemon, workers that share work, OpenSAF's demo component, and
//! those that are scripts only: a plain one, one with an external monitor, a virtual address.
//!
//! The programs are part of `perdure` itself; [`write_bundle`] writes the scripts that a model's commands name.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use amfnd_client::AmfError;
use tracing_subscriber::EnvFilter;

pub mod amf_demo;
pub mod proxy;
pub mod web;
pub mod worker;

/// The scripts of the bundle; `@PERDURE@` in them stands for the path of the program.
const SCRIPTS: [(&str, &str); 8] = [
    ("web.sh", include_str!("web.sh")),
    ("script.sh", include_str!("script.sh")),
    ("proxy.sh", include_str!("proxy.sh")),
    ("clockd.sh", include_str!("clockd.sh")),
    ("monitored.sh", include_str!("monitored.sh")),
    ("address.sh", include_str!("address.sh")),
    ("worker.sh", include_str!("worker.sh")),
    ("amf_demo_script", include_str!("amf_demo_script")),
];

/// Runs the sample with this name; `args[0]` is the name. `None` where there is no such sample.
pub fn run(name: &str, args: Vec<OsString>) -> Option<ExitCode> {
    let main: fn(Vec<OsString>) -> ExitCode = match name {
        "sample-web" => web::main,
        "sample-proxy" => proxy::main,
        "sample-worker" => worker::main,
        "sample-amf-demo" => amf_demo::main,
        _ => return None,
    };
    Some(main(args))
}

/// Writes the scripts of the sample components into `dir`, which is made; `perdure` is the program they start.
///
/// # Errors
/// A file cannot be written; the path of the program cannot stand in a script.
pub fn write_bundle(dir: &Path, perdure: &Path) -> io::Result<()> {
    let program = perdure.to_str().ok_or_else(|| {
        let text = format!("the path {} is not UTF-8", perdure.display());
        io::Error::new(io::ErrorKind::InvalidInput, text)
    })?;
    let quoted = format!("'{}'", program.replace('\'', r"'\''"));
    fs::create_dir_all(dir)?;
    for (name, text) in SCRIPTS {
        let path = dir.join(name);
        // Put in place whole: a running shell reads its script as it goes.
        let fresh = dir.join(format!(".{name}.new"));
        fs::write(&fresh, text.replace("@PERDURE@", &quoted))?;
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755))?;
        fs::rename(&fresh, &path)?;
    }
    Ok(())
}

/// Turns the end of a component into an exit status; logs go to stderr, which the node director keeps.
fn exit(name: &str, ended: Result<(), AmfError>) -> ExitCode {
    let Err(error) = ended else {
        return ExitCode::SUCCESS;
    };
    let source = std::error::Error::source(&error).map_or(String::new(), |source| format!(": {source}"));
    eprintln!("{name}: {error}{source}");
    ExitCode::FAILURE
}

/// Lets the sample log to stderr; `PERDURE_LOG` says how much.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("PERDURE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A log that cannot be written, as on a full disk, is told nowhere: telling it on stderr would panic.
        .log_internal_errors(false)
        .with_ansi(false)
        .with_target(false)
        .try_init();
    if let Err(error) = started {
        eprintln!("no log: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_holds_scripts_that_can_run_and_name_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("bundle");
        write_bundle(&bundle, Path::new("/opt/it's/perdure")).unwrap();
        write_bundle(&bundle, Path::new("/opt/it's/perdure")).unwrap();
        for (name, _) in SCRIPTS {
            let path = bundle.join(name);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("#!/bin/sh\n") && !text.contains("@PERDURE@"));
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
            let checked = std::process::Command::new("/bin/sh")
                .arg("-n")
                .arg(&path)
                .status();
            assert!(checked.unwrap().success(), "{name} is no shell script");
        }
        assert_eq!(fs::read_dir(&bundle).unwrap().count(), SCRIPTS.len());
        let web = fs::read_to_string(bundle.join("web.sh")).unwrap();
        assert!(web.contains(r"'/opt/it'\''s/perdure' sample-web"), "{web}");
    }
}
