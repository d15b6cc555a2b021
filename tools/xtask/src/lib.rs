//! Installing the project: what goes where, and how it is taken away again.
//!
//! | under the prefix | what |
//! |---|---|
//! | `bin/` | `perdure`, and links to it by the names of all commands and daemons |
//! | `lib/` | `libSaAmf.so.0`, `libSaImmOm.so.0`, `libSaImmOi.so.0`, with the names that linkers look for |
//! | `lib/pkgconfig/` | `perdure-amf.pc`, `perdure-imm.pc`, and the same by OpenSAF's names |
//! | `lib/systemd/system/` | `perdure.service` |
//! | `include/` | the C headers |
//! | `share/perdure/` | models, the C samples, the list of what was installed |
//! | `share/bash-completion/`, `share/zsh/`, `share/fish/` | completions |
//! | `share/man/man1/`, `share/doc/perdure/` | the manual page, the licence and the documents |

mod build;
mod debian;
mod layout;

pub use build::{Build, Built};
pub use debian::deb;
pub use layout::{Install, uninstall};

use std::path::{Path, PathBuf};

/// The root of the source tree.
fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The version of the project.
const VERSION: &str = env!("CARGO_PKG_VERSION");
