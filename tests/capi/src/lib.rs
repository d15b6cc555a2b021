//! A stage for C programs: the libraries as they are installed, a C compiler, and a daemon that can be killed.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs};

/// How long a test waits for a condition before it fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The root of the source tree.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The headers.
pub fn include() -> PathBuf {
    root().join("schema/include")
}

/// The folder with the libraries under their sonames, and under the names that the linker looks for. They are built
/// first, once in a test program; the folder stays among the results of the build.
///
/// # Panics
/// Where they cannot be built.
pub fn libraries() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--offline",
            "--quiet",
            "-p",
            "immd-agent-om",
            "-p",
            "immd-agent-oi",
        ]);
        if is_release() {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(root()).status().expect("cargo runs");
        assert!(built.success(), "the libraries do not build");
        let dir = target().join("capi-libraries");
        fs::create_dir_all(&dir).expect("a folder");
        for name in ["libSaImmOm.so", "libSaImmOi.so"] {
            for link in [name.to_owned(), format!("{name}.0")] {
                match symlink(target().join(name), dir.join(link)) {
                    // Another test program was here before.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    made => made.expect("a link"),
                }
            }
        }
        dir
    })
}

const fn is_release() -> bool {
    !cfg!(debug_assertions)
}

/// The folder of this build's results.
fn target() -> PathBuf {
    let program = env::current_exe().expect("a program has a path");
    program
        .ancestors()
        .find(|folder| folder.ends_with("debug") || folder.ends_with("release"))
        .expect("the program was built by cargo")
        .to_owned()
}

/// A program built from C sources of `tests/capi/imm`, in a folder that goes with it.
pub struct Program {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

/// How a program is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// C99.
    C,
    /// C++11.
    Cpp,
}

/// Compiles a C program.
///
/// # Panics
/// With what the compiler says, where it is not content.
pub fn compile(source: &Path, language: Language, options: &[&str]) -> Program {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("program");
    let (compiler, standard, kind) = match language {
        Language::C => ("cc", "-std=gnu99", "c"),
        Language::Cpp => ("c++", "-std=c++11", "c++"),
    };
    let output = Command::new(compiler)
        .args([
            standard, "-Wall", "-Wextra", "-Werror", "-g", "-pthread", "-x", kind,
        ])
        .arg(source)
        .args(["-x", "none"])
        .arg("-I")
        .arg(include())
        .args(options)
        .arg("-o")
        .arg(&path)
        .arg("-L")
        .arg(libraries())
        .args(["-lSaImmOm", "-lSaImmOi"])
        .output()
        .expect("a C compiler is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{said}", source.display());
    Program { path, _dir: dir }
}

/// A C program of `tests/capi/imm`, by its name without the ending.
///
/// # Panics
/// With what the compiler says.
pub fn program(name: &str) -> Program {
    let source = root().join("tests/capi/imm").join(name).with_extension("c");
    compile(&source, Language::C, &[])
}

impl Program {
    /// The program with its libraries, for the daemon in this folder.
    pub fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.path);
        with_libraries(&mut command, dir);
        command
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Lets a program find the libraries and the daemon; no other setting of the environment reaches it.
pub fn with_libraries(command: &mut Command, dir: &Path) {
    command
        .env("LD_LIBRARY_PATH", libraries())
        .env("PERDURE_DIR", dir)
        .env_remove("SA_ENABLE_EXTENDED_NAMES")
        .env_remove("IMMA_SYNCR_TIMEOUT")
        .env_remove("IMMA_OI_CALLBACK_TIMEOUT")
        .env_remove("IMMA_MAX_OPEN_SEARCHES_PER_HANDLE")
        .env_remove("IMMA_TRACE_PATHNAME");
}

/// Runs a command to its end.
///
/// # Panics
/// With what it printed, where it fails or takes too long.
pub fn succeeds(command: &mut Command) -> String {
    let output = finished(command);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{command:?}: {}\n{out}{err}",
        output.status
    );
    out
}

/// Runs a command until it ends or is given up and killed.
///
/// # Panics
/// Where it cannot be started.
pub fn finished(command: &mut Command) -> Output {
    let mut guarded = Command::new("timeout");
    guarded
        .args(["-s", "ABRT", "120"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => guarded.env(name, value),
            None => guarded.env_remove(name),
        };
    }
    guarded.output().expect("the program starts")
}

/// A daemon in a folder of its own.
pub struct Daemon {
    program: PathBuf,
    dir: tempfile::TempDir,
    child: Option<Child>,
}

impl Daemon {
    /// Starts a daemon with the classes and objects of the service itself, and waits until it answers. `program` is
    /// `env!("CARGO_BIN_EXE_capi-immd")`.
    ///
    /// # Panics
    /// Where it does not come up.
    pub fn start(program: impl AsRef<OsStr>) -> Daemon {
        let mut daemon = Daemon {
            program: program.as_ref().into(),
            dir: tempfile::tempdir().expect("a temporary folder"),
            child: None,
        };
        daemon.restart();
        daemon
    }

    /// The cluster's directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it again, in the folder that it has.
    ///
    /// # Panics
    /// Where it does not come up.
    pub fn restart(&mut self) {
        self.kill();
        let models = root().join("models");
        let child = Command::new(&self.program)
            .arg(self.dir.path())
            .args([models.join("classes-imm.xml"), models.join("objects-imm.xml")])
            .stdout(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        self.child = Some(child);
        let begin = Instant::now();
        let socket = self.dir.path().join("immd.sock");
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(begin.elapsed() < PATIENCE, "the daemon does not come up");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it, and waits until it is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be gone already.
            let _gone = child.kill();
            let _waited = child.wait();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The text of a file of the source tree.
///
/// # Panics
/// Where it cannot be read.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
