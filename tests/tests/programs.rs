//! C programs with a whole cluster: components, those who watch them, and the samples for the information model.

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
            .env("PERDURE_AMFND_SOCKET", node)
            .env("SA_AMF_COMPONENT_NAME", format!("safComp=Counter,{}", SUS[0]))
            .env("TEST_CSI", CSI);
        command
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

#[test]
fn a_program_follows_a_protection_group() {
    let stage = Stage::up(Some("worker"));
    let mut child = stage
        .outsider("groups")
        .arg(CSI)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut steps = child.stdin.take().expect("a pipe");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut step = |line: &str| {
        steps.write_all(line.as_bytes()).expect("the program reads");
        let answer = said.next().map(|answer| answer.expect("the program writes"));
        assert_eq!(answer.as_deref(), Some("done"), "at {line:?}");
    };
    step("begin\n");
    stage.adm("si-swap", SI);
    step("swap\n");
    stage.adm("lock", SUS[0]);
    step("lock\n");
    step("stop\n");
    drop(steps);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_component_takes_changes_of_csi_attributes_and_tells_its_readiness() {
    let stage = Stage::up(Some("worker"));
    let attribute = format!("safCsiAttr=step,{CSI}");
    stage
        .cluster
        .done("immcfg", &["-a", "saAmfCSIAttriValue=7", &attribute])
        .unwrap_or_else(|error| panic!("{error}"));
    wait_for("the change", || stage.said().contains("changed step=7")).unwrap_or_else(|error| {
        panic!("{error}: {}", stage.said());
    });
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
