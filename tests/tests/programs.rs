//! C programs with a whole cluster: components, those who watch them, and the samples for the information model.

mod proxy;
mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use support::{built, succeeds};
use tests::cluster::{Cluster, processes_of, wait_for};

const SI: &str = "safSi=Counter,safApp=Sample";
const CSI: &str = "safCsi=Counter,safSi=Counter,safApp=Sample";
const SUS: [&str; 2] = [
    "safSu=SU1,safSg=Counter,safApp=Sample",
    "safSu=SU2,safSg=Counter,safApp=Sample",
];

/// An installation with a cluster of the sample's model.
struct Stage {
    // First, so that it ends before its programs go.
    cluster: Cluster,
    /// Where the components' program is.
    sample: PathBuf,
    scratch: tempfile::TempDir,
}

impl Stage {
    /// With this program of `tests/capi/amf` as the component, or with the sample itself.
    fn up(component: Option<&str>) -> Stage {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let prefix = scratch.path().join("opt");
        support::install(&prefix).run(built()).expect("it installs");
        let (sample, model) = support::build_sample(&prefix, scratch.path());
        if let Some(source) = component {
            let program = compile(&prefix, &source_of(source), "amf");
            fs::copy(program, sample.join("counter")).expect("the component's program");
        }
        let cluster = Cluster::up(&prefix.join("bin/perdure"), &[&model]).expect("the model comes up");
        cluster.wait_ha(SUS[0], SI, "1");
        cluster.wait_ha(SUS[1], SI, "2");
        Stage {
            cluster,
            sample,
            scratch,
        }
    }

    fn prefix(&self) -> PathBuf {
        self.scratch.path().join("opt")
    }

    /// A program beside the components of the first node.
    fn outsider(&self, source: &str) -> Command {
        let program = compile(&self.prefix(), &source_of(source), "amf");
        let node = self.cluster.dir().join("nodes/node-1/amfnd.sock");
        let mut command = Command::new(program);
        command
            .env("PERDURE_AMFND_SOCKET", &node)
            .env("TEST_SOCKET", &node)
            .env("SA_AMF_COMPONENT_NAME", format!("safComp=Counter,{}", SUS[0]))
            .env("TEST_CSI", CSI);
        command
    }

    /// Who follows the protection group, and is of no component.
    fn groups(&self) -> Stepwise {
        Stepwise::start(
            self.outsider("groups")
                .arg(CSI)
                .env_remove("PERDURE_AMFND_SOCKET"),
        )
    }

    fn said(&self) -> String {
        fs::read_to_string(self.sample.join("said")).unwrap_or_default()
    }

    fn adm(&self, operation: &str, dn: &str) {
        self.cluster
            .done("amf-adm", &[operation, dn])
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

fn source_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("capi/amf")
        .join(name)
        .with_extension("c")
}

/// Compiles a C program with what pkg-config says of the installation.
fn compile(prefix: &Path, source: &Path, library: &str) -> PathBuf {
    let flags = succeeds(
        Command::new("pkg-config")
            .args(["--cflags", "--libs", &format!("perdure-{library}")])
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")),
    );
    let program = prefix.join(source.file_stem().expect("a name"));
    succeeds(
        Command::new("cc")
            .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&program)
            .arg(source)
            .args(flags.split_whitespace())
            .arg(format!("-Wl,-rpath,{}", prefix.join("lib").display())),
    );
    program
}

/// A program that does one step for each line that it reads, and says when it is done.
struct Stepwise {
    child: Child,
    steps: Option<ChildStdin>,
    said: Lines<BufReader<ChildStdout>>,
}

impl Stepwise {
    fn start(command: &mut Command) -> Stepwise {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Stepwise {
            steps: child.stdin.take(),
            said: BufReader::new(child.stdout.take().expect("a pipe")).lines(),
            child,
        }
    }

    fn step(&mut self, name: &str) {
        let steps = self.steps.as_mut().expect("a pipe");
        writeln!(steps, "{name}").expect("the program reads");
        let answer = self.said.next().map(|answer| answer.expect("the program writes"));
        if answer.as_deref() != Some("done") {
            let status = self.child.wait().expect("it ends");
            panic!("at {name}: {answer:?}, then {status}");
        }
    }

    fn end(mut self) {
        self.steps = None;
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[test]
fn a_program_follows_a_protection_group() {
    let stage = Stage::up(Some("worker"));
    let mut groups = stage.groups();
    groups.step("begin");
    stage.adm("si-swap", SI);
    groups.step("swap");
    stage.adm("lock", SUS[0]);
    groups.step("lock");
    groups.step("stop");
    groups.end();
}

/// What docs/C.md says of restarts: components are ended and started again; who is none is told, and may begin anew.
#[test]
fn a_restart_of_the_node_director_is_told_to_who_had_begun_something() {
    let stage = Stage::up(Some("worker"));
    let comp = format!("safComp=Counter,{}", SUS[0]);
    let component = || processes_of(stage.cluster.dir(), &comp);
    let mut groups = stage.groups();
    groups.step("begin");
    let before = component();
    assert!(!before.is_empty());
    kill_daemon(&stage.cluster, "amfnd-node-1");
    groups.step("lost");
    wait_for("another process of the component", || {
        let now = component();
        !now.is_empty() && now.iter().all(|pid| !before.contains(pid))
    })
    .unwrap_or_else(|error| panic!("{error}"));
    stage.cluster.wait_ha(SUS[1], SI, "1");
    stage.cluster.wait_ha(SUS[0], SI, "2");
    groups.step("begin");
    groups.step("stop");
    groups.end();
    assert!(!stage.said().contains("gives"), "{}", stage.said());
}

/// Kills a daemon by its name in `perdure status`.
fn kill_daemon(cluster: &Cluster, name: &str) {
    let text = cluster
        .done("perdure", &["status", "--json"])
        .unwrap_or_else(|error| panic!("{error}"));
    let status: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let daemons = status["daemons"].as_array().expect("the daemons");
    let daemon = daemons.iter().find(|daemon| daemon["name"] == name);
    kill(daemon.and_then(|daemon| daemon["pid"].as_i64()).expect("it runs"));
}

fn kill(pid: i64) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process id"), Signal::KILL).expect("it runs");
}

#[test]
fn a_component_takes_changes_of_csi_attributes_and_tells_its_readiness() {
    let stage = Stage::up(Some("worker"));
    set_step(&stage, "7");
    stage.adm("shutdown", SUS[0]);
    stage.cluster.wait_ha(SUS[1], SI, "1");
    stage.adm("lock-in", SUS[0]);
    wait_for("the component to end when it is asked to", || {
        processes_of(stage.cluster.dir(), &format!("safComp=Counter,{}", SUS[0])).is_empty()
    })
    .unwrap_or_else(|error| panic!("{error}"));
    // A line for each answer that was not the expected one would be here.
    let said = stage.said();
    assert!(!said.contains("gives"), "{said}");
    assert!(
        said.contains("state active") && said.contains("state standby"),
        "{said}"
    );
}

/// The notifications about this object, the oldest first.
fn told_of(cluster: &Cluster, dn: &str) -> Vec<serde_json::Value> {
    let read = cluster.done("ntfread", &["--all", "--json", "-n", dn]);
    let read: serde_json::Value = serde_json::from_str(&read.unwrap_or_default()).unwrap_or_default();
    read["notifications"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_component_learns_which_notification_led_to_its_state_and_says_what_led_to_its_error() {
    let stage = Stage::up(Some("worker"));
    // The lock takes the first one's state, and makes the other one active: both come of the first notification of the lock.
    stage.adm("lock", SUS[0]);
    stage.cluster.wait_ha(SUS[1], SI, "1");
    let lock = told_of(&stage.cluster, SUS[0])
        .into_iter()
        .find(|told| {
            told["text"]
                .as_str()
                .is_some_and(|text| text.contains("administrative state"))
        })
        .expect("the lock is told");
    let said = stage.said();
    let led_to = |state: &str| -> Vec<u64> {
        let start = format!("led to {state} ");
        let line = said.lines().rfind(|line| line.starts_with(&start));
        let ids = line.map_or("", |line| &line[start.len()..]).split(' ');
        ids.filter_map(|id| id.parse().ok()).collect()
    };
    let id = lock["id"].as_u64().expect("it has a number");
    for state in ["leaving", "active"] {
        let ids = led_to(state);
        assert!(ids.len() == 2 && ids[0] == id && ids[1] >= id, "{lock}\n{said}");
    }

    // What a program gives with an error comes back in the notification of it.
    let comp = format!("safComp=Counter,{}", SUS[1]);
    set_step(&stage, "report");
    wait_for_correlated(&stage.cluster, &comp, "failed", [40, 41]);
    // It is given its work again by its node, not by an order: no notification led to that.
    wait_for("its work again", || {
        stage.said().lines().rfind(|line| line.starts_with("led to")) == Some("led to active 0 0")
    })
    .unwrap_or_else(|error| panic!("{error}: {}", stage.said()));

    // And what it gives with an answer that refuses.
    set_step(&stage, "refuse");
    for pid in processes_of(stage.cluster.dir(), &comp) {
        kill(i64::from(pid));
    }
    wait_for_correlated(&stage.cluster, &comp, "failed", [50, 51]);
    assert!(!stage.said().contains("gives"), "{}", stage.said());
}

/// Says in an attribute of the CSI what its component is to do, and waits until it has heard of it.
fn set_step(stage: &Stage, step: &str) {
    let (value, attribute) = (
        format!("saAmfCSIAttriValue={step}"),
        format!("safCsiAttr=step,{CSI}"),
    );
    stage
        .cluster
        .done("immcfg", &["-a", &value, &attribute])
        .unwrap_or_else(|error| panic!("{error}"));
    let heard = format!("changed step={step}");
    wait_for("the component to hear of it", || {
        stage.said().lines().any(|line| line == heard)
    })
    .unwrap_or_else(|error| panic!("{error}: {}", stage.said()));
}

/// Waits for a notification about the component that says this and names these.
fn wait_for_correlated(cluster: &Cluster, comp: &str, says: &str, ids: [u64; 2]) {
    let mut told = Vec::new();
    wait_for("the notification", || {
        told = told_of(cluster, comp);
        told.iter().any(|told| {
            let says = told["text"].as_str().is_some_and(|text| text.contains(says));
            says && told["correlated"] == serde_json::json!(ids)
        })
    })
    .unwrap_or_else(|error| panic!("{error}: {says} {ids:?} of {told:#?}"));
}

#[test]
fn no_call_about_protection_groups_leaves_memory_behind() {
    let stage = Stage::up(None);
    let said = succeeds(stage.outsider("leak").arg("120"));
    assert!(
        said.contains("group_by_callback") && !said.contains("LEAKS"),
        "{said}"
    );
}

/// `cargo test --release -p tests --test programs -- --ignored --nocapture hundred_thousand`
#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_calls_of_each_kind_leave_no_memory_behind() {
    let stage = Stage::up(None);
    println!("{}", succeeds(stage.outsider("leak").arg("100000")));
}

#[test]
fn the_samples_of_the_information_model_run_in_a_cluster() {
    let stage = Stage::up(None);
    let run = |name: &str| {
        let source = stage.prefix().join("share/perdure/samples/imm").join(name);
        let mut command = Command::new(compile(&stage.prefix(), &source.with_extension("c"), "imm"));
        command.env("PERDURE_DIR", stage.cluster.dir());
        command
    };
    let mut implementer = run("implementer")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = BufReader::new(implementer.stdout.take().expect("a pipe")).lines();
    assert_eq!(said.next().and_then(Result::ok).as_deref(), Some("ready"));
    let output = succeeds(&mut run("manager"));
    implementer.kill().expect("it runs");
    implementer.wait().expect("it ends");
    assert!(output.contains("incremented by 3: 8"), "{output}");
}
