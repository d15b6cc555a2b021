//! `cargo xtask`: installs the project, takes an installation away, makes a Debian package.

use std::path::PathBuf;

use clap::Parser;
use xtask::{Build, Install, deb, uninstall};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
enum Task {
    /// Builds everything and lays it out under a prefix: bin, lib, include, share
    Install {
        /// The directory that programs will find it in
        #[arg(long, default_value = "/usr/local")]
        prefix: PathBuf,
        /// A directory in front of the prefix, for packages
        #[arg(long, value_name = "DIR")]
        destdir: Option<PathBuf>,
        /// Install what a debug build gives
        #[arg(long)]
        debug: bool,
    },
    /// Removes what the install step wrote, and nothing else
    Uninstall {
        /// As it was given to install
        #[arg(long, default_value = "/usr/local")]
        prefix: PathBuf,
        /// As it was given to install
        #[arg(long, value_name = "DIR")]
        destdir: Option<PathBuf>,
    },
    /// Makes a Debian package
    Deb {
        /// Where to
        #[arg(long, default_value = "target/debian")]
        out: PathBuf,
        /// Package what a debug build gives
        #[arg(long)]
        debug: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let build = |debug| if debug { Build::Debug } else { Build::Release };
    match Task::parse() {
        Task::Install {
            prefix,
            destdir,
            debug,
        } => {
            let install = Install {
                prefix: &prefix,
                destdir: destdir.as_deref(),
                lib: "lib",
            };
            let files = install.run(&build(debug).run()?)?;
            println!("{} files in {}", files.len(), install.root().display());
        }
        Task::Uninstall { prefix, destdir } => {
            let install = Install {
                prefix: &prefix,
                destdir: destdir.as_deref(),
                lib: "lib",
            };
            println!("{} files removed", uninstall(&install)?);
        }
        Task::Deb { out, debug } => match deb(&out, &build(debug).run()?)? {
            Some(package) => println!("{}", package.display()),
            None => println!("skipped: dpkg-deb is not installed"),
        },
    }
    Ok(())
}
