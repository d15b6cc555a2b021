//! What tests with an installation share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use xtask::{Build, Built, Install};

/// What is installed; built once.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let build = if cfg!(debug_assertions) {
            Build::Debug
        } else {
            Build::Release
        };
        build.run().expect("everything builds")
    })
}

/// An installation with this prefix.
pub const fn install(prefix: &Path) -> Install<'_> {
    Install {
        prefix,
        destdir: None,
        lib: "lib",
    }
}

/// Builds the C sample of a component in the installation; the folder that it is in, and its model.
pub fn build_sample(prefix: &Path, scratch: &Path) -> (PathBuf, PathBuf) {
    let sample = prefix.join("share/perdure/samples/amf");
    succeeds(
        Command::new("make")
            .arg("-C")
            .arg(&sample)
            .arg(format!("LDFLAGS=-Wl,-rpath,{}", prefix.join("lib").display()))
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")),
    );
    let model = std::fs::read_to_string(sample.join("model.xml")).expect("a model");
    let model = model.replace("/opt/perdure/sample", &sample.display().to_string());
    let path = scratch.join("model.xml");
    std::fs::write(&path, model).expect("the model can be written");
    (sample, path)
}

/// What a command printed.
///
/// # Panics
/// With what it printed, where it fails.
pub fn succeeds(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}
