//! What goes where.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::{Built, VERSION, source};

/// The libraries: the name they are built and linked by, and the file that they are.
const LIBRARIES: [&str; 3] = ["libSaAmf.so", "libSaImmOm.so", "libSaImmOi.so"];
/// The part of a library's name that says which programs it can run.
const SONAME: &str = ".0";
/// The file behind the soname.
const REVISION: &str = ".0.2.1";
/// The list of what was installed.
const LIST: &str = "share/perdure/installed-files";
const EXECUTABLE: u32 = 0o755;
const PLAIN: u32 = 0o644;

/// An installation.
#[derive(Debug, Clone, Copy)]
pub struct Install<'a> {
    /// The directory that programs will find it in.
    pub prefix: &'a Path,
    /// A directory in front of it.
    pub destdir: Option<&'a Path>,
    /// The libraries' directory under the prefix.
    pub lib: &'a str,
}

/// What has been written, relative to the prefix.
struct Writer {
    root: PathBuf,
    written: BTreeSet<PathBuf>,
}

impl Install<'_> {
    /// The directory in which files are written.
    pub fn root(&self) -> PathBuf {
        match self.destdir {
            // A prefix is absolute, and `join` would forget the directory in front of it.
            Some(front) => front.join(self.prefix.strip_prefix("/").unwrap_or(self.prefix)),
            None => self.prefix.to_owned(),
        }
    }

    /// Writes all files; gives their paths relative to the prefix, in order.
    ///
    /// # Errors
    /// The prefix is not absolute; a file cannot be read or written, with its path.
    pub fn run(&self, built: &Built) -> anyhow::Result<Vec<PathBuf>> {
        ensure!(
            self.prefix.is_absolute(),
            "the prefix {} is not an absolute path",
            self.prefix.display()
        );
        let mut to = Writer {
            root: self.root(),
            written: BTreeSet::new(),
        };
        self.programs(&mut to, built)?;
        self.libraries(&mut to, built)?;
        documents(&mut to)?;
        shells(&mut to, built)?;
        let list: Vec<String> = to
            .written
            .iter()
            .map(|path| path.display().to_string())
            .chain([LIST.to_owned()])
            .collect();
        to.text(LIST, &format!("{}\n", list.join("\n")), PLAIN)?;
        Ok(to.written.into_iter().collect())
    }

    fn programs(&self, to: &mut Writer, built: &Built) -> anyhow::Result<()> {
        let program = built.dir.join("perdure");
        to.copy(&program, "bin/perdure", EXECUTABLE)?;
        for name in output(&program, &["setup", "names"])?.lines() {
            to.link("perdure", &format!("bin/{name}"))?;
        }
        let unit =
            include_str!("../files/perdure.service").replace("@PREFIX@", &self.prefix.display().to_string());
        to.text("lib/systemd/system/perdure.service", &unit, PLAIN)
    }

    fn libraries(&self, to: &mut Writer, built: &Built) -> anyhow::Result<()> {
        for library in LIBRARIES {
            let lib = self.lib;
            to.copy(
                &built.dir.join(library),
                &format!("{lib}/{library}{REVISION}"),
                PLAIN,
            )?;
            to.link(
                &format!("{library}{REVISION}"),
                &format!("{lib}/{library}{SONAME}"),
            )?;
            to.link(&format!("{library}{SONAME}"), &format!("{lib}/{library}"))?;
        }
        for (service, what, libs) in [
            ("amf", "Availability Management Framework", "-lSaAmf"),
            (
                "imm",
                "Information Model Management service",
                "-lSaImmOm -lSaImmOi",
            ),
        ] {
            let text = include_str!("../files/service.pc")
                .replace("@PREFIX@", &self.prefix.display().to_string())
                .replace("@LIB@", self.lib)
                .replace("@SERVICE@", service)
                .replace("@WHAT@", what)
                .replace("@LIBS@", libs)
                .replace("@VERSION@", VERSION);
            // Programs written for OpenSAF ask for its name.
            for owner in ["perdure", "opensaf"] {
                to.text(
                    &format!("{}/pkgconfig/{owner}-{service}.pc", self.lib),
                    &text,
                    PLAIN,
                )?;
            }
        }
        to.folder(&source().join("schema/include"), "include", "h")
    }
}

fn documents(to: &mut Writer) -> anyhow::Result<()> {
    to.folder(&source().join("models"), "share/perdure/models", "xml")?;
    to.folder(&source().join("docs"), "share/doc/perdure", "md")?;
    to.copy(&source().join("LICENSE"), "share/doc/perdure/LICENSE", PLAIN)?;
    let samples = source().join("tests/capi/samples");
    to.folder(&samples, "share/perdure/samples/imm", "c")?;
    for ending in ["c", "xml", "sh"] {
        to.folder(&samples.join("amf"), "share/perdure/samples/amf", ending)?;
    }
    to.copy(
        &samples.join("amf/Makefile"),
        "share/perdure/samples/amf/Makefile",
        PLAIN,
    )
}

fn shells(to: &mut Writer, built: &Built) -> anyhow::Result<()> {
    let program = built.dir.join("perdure");
    for (shell, path) in [
        ("bash", "share/bash-completion/completions/perdure"),
        ("zsh", "share/zsh/site-functions/_perdure"),
        ("fish", "share/fish/vendor_completions.d/perdure.fish"),
    ] {
        to.text(path, &output(&program, &["setup", "completions", shell])?, PLAIN)?;
    }
    to.text(
        "share/man/man1/perdure.1",
        &output(&program, &["setup", "man"])?,
        PLAIN,
    )
}

impl Writer {
    fn text(&mut self, path: &str, text: &str, mode: u32) -> anyhow::Result<()> {
        self.place(path, mode, |to| fs::write(to, text))
    }

    fn copy(&mut self, from: &Path, path: &str, mode: u32) -> anyhow::Result<()> {
        self.place(path, mode, |to| fs::copy(from, to).map(|_bytes| ()))
            .with_context(|| format!("copy {}", from.display()))
    }

    /// Copies the files of a folder that have this ending; none where there is no folder.
    fn folder(&mut self, from: &Path, path: &str, ending: &str) -> anyhow::Result<()> {
        let Ok(entries) = fs::read_dir(from) else {
            return Ok(());
        };
        for entry in entries {
            let file = entry?.path();
            let name = file.file_name().and_then(OsStr::to_str);
            if let Some(name) = name.filter(|_| file.extension() == Some(OsStr::new(ending))) {
                let mode = if ending == "sh" { EXECUTABLE } else { PLAIN };
                self.copy(&file, &format!("{path}/{name}"), mode)?;
            }
        }
        Ok(())
    }

    fn link(&mut self, target: &str, path: &str) -> anyhow::Result<()> {
        self.fresh(path, |to| symlink(target, to))
    }

    fn place(
        &mut self,
        path: &str,
        mode: u32,
        write: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        self.fresh(path, |to| {
            write(to)?;
            fs::set_permissions(to, fs::Permissions::from_mode(mode))
        })
    }

    /// Writes beside the file and puts it in its place whole: a program that runs keeps the file that it has.
    fn fresh(&mut self, path: &str, write: impl FnOnce(&Path) -> std::io::Result<()>) -> anyhow::Result<()> {
        let to = self.root.join(path);
        let fresh = to.with_file_name(format!(
            ".{}.new",
            to.file_name().and_then(OsStr::to_str).unwrap_or_default()
        ));
        let written = || -> std::io::Result<()> {
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            if fresh.symlink_metadata().is_ok() {
                fs::remove_file(&fresh)?;
            }
            write(&fresh)?;
            fs::rename(&fresh, &to)
        };
        written().with_context(|| format!("write {}", to.display()))?;
        self.written.insert(path.into());
        Ok(())
    }
}

/// Removes what the list of an installation names, and the folders that are empty then. Gives how many files there were.
///
/// # Errors
/// There is no list; a file cannot be removed.
pub fn uninstall(install: &Install<'_>) -> anyhow::Result<usize> {
    let root = install.root();
    let list = fs::read_to_string(root.join(LIST))
        .with_context(|| format!("{} has no installation: {LIST} is not there", root.display()))?;
    let mut removed = 0;
    for path in list.lines() {
        // The list is a file that anybody with the right may have changed: nothing outside goes.
        let inside = Path::new(path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        ensure!(
            inside,
            "{LIST} names {path}, which is not below {}",
            root.display()
        );
        let file = root.join(path);
        if file.symlink_metadata().is_ok() {
            fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
            removed += 1;
        }
        for folder in Path::new(path).ancestors().skip(1) {
            // One that is not empty, or a prefix that others use, stays.
            if folder.as_os_str().is_empty() || fs::remove_dir(root.join(folder)).is_err() {
                break;
            }
        }
    }
    Ok(removed)
}

/// What a program prints.
fn output(program: &Path, words: &[&str]) -> anyhow::Result<String> {
    let said = Command::new(program)
        .args(words)
        .output()
        .with_context(|| format!("run {}", program.display()))?;
    ensure!(
        said.status.success(),
        "{} {}: {}\n{}",
        program.display(),
        words.join(" "),
        said.status,
        String::from_utf8_lossy(&said.stderr)
    );
    Ok(String::from_utf8(said.stdout)?)
}
