//! A real cluster for tests and benchmarks: real daemons, real sockets, a directory of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// How long a test waits for a condition before it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running cluster; it is taken down when it is dropped.
pub struct Cluster {
    /// The program with all commands and daemons in it.
    program: PathBuf,
    /// The directory of the cluster; removed at the end.
    dir: tempfile::TempDir,
    /// Options of `perdure up`.
    options: Vec<String>,
    /// Variables of its environment.
    variables: Vec<(String, String)>,
}

impl Cluster {
    /// Brings up a cluster with these models and waits until its nodes are there.
    ///
    /// # Errors
    /// What `perdure up` printed.
    pub fn up(program: &Path, models: &[&Path]) -> Result<Cluster, String> {
        Cluster::up_with(program, models, &[])
    }

    /// As [`Cluster::up`], with options of `perdure up`.
    ///
    /// # Errors
    /// What `perdure up` printed.
    pub fn up_with(program: &Path, models: &[&Path], options: &[&str]) -> Result<Cluster, String> {
        Cluster::up_in(program, models, options, &[])
    }

    /// As [`Cluster::up_with`], with variables of its environment.
    ///
    /// # Errors
    /// What `perdure up` printed.
    pub fn up_in(
        program: &Path,
        models: &[&Path],
        options: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Cluster, String> {
        let dir = tempfile::Builder::new()
            .prefix("perdure-")
            .tempdir()
            .map_err(|e| e.to_string())?;
        let cluster = Cluster {
            program: program.to_owned(),
            dir,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            variables: variables
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        cluster.start(models)?;
        Ok(cluster)
    }

    /// Brings the cluster up again in the directory that it has.
    ///
    /// # Errors
    /// What `perdure up` printed.
    pub fn start(&self, models: &[&Path]) -> Result<(), String> {
        let mut args: Vec<&OsStr> = vec!["up".as_ref(), "--detach".as_ref()];
        args.extend(self.options.iter().map(AsRef::<OsStr>::as_ref));
        args.extend(models.iter().map(|path| path.as_os_str()));
        self.done("perdure", &args).map(|_| ())
    }

    /// The directory of the cluster.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A command of the cluster, ready to run.
    pub fn command<A: AsRef<OsStr>>(&self, name: &str, args: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(name).args(args).env("PERDURE_DIR", self.dir());
        if name == "perdure" {
            // The program is `perdure` unless a first argument says otherwise.
            command = Command::new(&self.program);
            command.args(args).env("PERDURE_DIR", self.dir());
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub fn run<A: AsRef<OsStr>>(&self, name: &str, args: &[A]) -> Output {
        self.command(name, args)
            .output()
            .unwrap_or_else(|e| panic!("{} does not start: {e}", self.program.display()))
    }

    /// Runs a command that must succeed; gives what it printed.
    ///
    /// # Errors
    /// What it printed to stderr, with its name.
    pub fn done<A: AsRef<OsStr>>(&self, name: &str, args: &[A]) -> Result<String, String> {
        let output = self.run(name, args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let args: Vec<_> = args
            .iter()
            .map(|a| a.as_ref().to_string_lossy().into_owned())
            .collect();
        Err(format!(
            "{name} {}: {}\n{}{}",
            args.join(" "),
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        ))
    }

    /// The value of an attribute as `immlist -a` prints it; empty where the object is not there.
    pub fn attr(&self, dn: &str, attr: &str) -> String {
        let text = self.done("immlist", &["-a", attr, dn]).unwrap_or_default();
        text.trim()
            .split_once('=')
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    }

    /// Waits until an attribute has a value.
    ///
    /// # Panics
    /// When it does not get it in time.
    pub fn wait_attr(&self, dn: &str, attr: &str, wanted: &str) {
        let mut last = String::new();
        wait_for(&format!("{attr} of {dn} to be {wanted}"), || {
            last = self.attr(dn, attr);
            last == wanted
        })
        .unwrap_or_else(|e| panic!("{e}; it is '{last}'"));
    }

    /// The process of a daemon, as `perdure status` says.
    pub fn daemon_pid(&self, name: &str) -> Option<i32> {
        let text = self.done("perdure", &["status", "--json"]).ok()?;
        let status: serde_json::Value = serde_json::from_str(&text).ok()?;
        let daemons = status["daemons"].as_array()?;
        let daemon = daemons.iter().find(|daemon| daemon["name"] == name)?;
        daemon["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok())
    }

    /// The HA state of an SU for an SI: 1 ACTIVE, 2 STANDBY; empty where it has none.
    pub fn ha_state(&self, su: &str, si: &str) -> String {
        self.attr(
            &format!("safSISU={},{si}", su.replace(',', "\\,")),
            "saAmfSISUHAState",
        )
    }

    /// Waits until the SU has the HA state for the SI.
    pub fn wait_ha(&self, su: &str, si: &str, wanted: &str) {
        self.wait_attr(
            &format!("safSISU={},{si}", su.replace(',', "\\,")),
            "saAmfSISUHAState",
            wanted,
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _output = self.run("perdure", &["down"]);
    }
}

/// Waits until the condition holds.
///
/// # Errors
/// That it did not within [`PATIENCE`].
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) -> Result<(), String> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if condition() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(format!("waited {} s in vain for {what}", PATIENCE.as_secs()))
}

/// The ids of the processes that belong to this component of the cluster in `dir`, from their environment.
pub fn processes_of(dir: &Path, comp: &str) -> Vec<u32> {
    let marks = [
        format!("SA_AMF_COMPONENT_NAME={comp}"),
        format!("PERDURE_DIR={}", dir.display()),
    ];
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let entries: Vec<&[u8]> = environ.split(|b| *b == 0).collect();
            marks.iter().all(|mark| entries.contains(&mark.as_bytes()))
        })
        .collect()
}
