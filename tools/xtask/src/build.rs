//! Building what is installed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};

/// What is installed, by the names of its packages.
const PACKAGES: [&str; 4] = ["tools", "amfnd-agent", "immd-agent-om", "immd-agent-oi"];

/// Which of cargo's builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Quick to build.
    Debug,
    /// Quick to run.
    Release,
}

/// The results of a build.
#[derive(Debug)]
pub struct Built {
    /// The folder that they are in.
    pub dir: PathBuf,
}

impl Build {
    /// Builds what is installed.
    ///
    /// # Errors
    /// What cargo says.
    pub fn run(self) -> anyhow::Result<Built> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(crate::source()).args(["build", "--quiet"]);
        for package in PACKAGES {
            cargo.args(["--package", package]);
        }
        if self == Build::Release {
            cargo.arg("--release");
        }
        let status = cargo.status().context("run cargo")?;
        ensure!(status.success(), "cargo build: {status}");
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let folder = match self {
            Build::Debug => "debug",
            Build::Release => "release",
        };
        Ok(Built {
            dir: crate::source().join(target).join(folder),
        })
    }
}
