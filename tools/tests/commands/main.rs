//! The operator's commands against a real information model daemon: what they print, and how they exit.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panic")]

mod harness;
mod journal;
mod model_changes;
mod model_files;
mod terminal;
mod watch;
mod whole;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::implementer::Running;
use harness::{Cluster, check, command, golden};

/// A daemon with the small model and an implementer.
fn demo() -> (Cluster, Running) {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    let implementer = Running::start(cluster.dir());
    (cluster, implementer)
}

#[test]
fn immlist_shows_objects_and_classes() {
    let (cluster, _implementer) = demo();
    check("immlist.txt", Some(&cluster));
}

#[test]
fn immfind_finds_names() {
    let (cluster, _implementer) = demo();
    check("immfind.txt", Some(&cluster));
}

#[test]
fn immadm_and_amf_adm_invoke_operations() {
    let (cluster, _implementer) = demo();
    check("immadm.txt", Some(&cluster));
}

#[test]
fn immcfg_changes_all_or_nothing() {
    let (cluster, _implementer) = demo();
    check("immcfg.txt", Some(&cluster));
}

#[test]
fn immcfg_takes_many_commands_as_one_change() {
    let (cluster, _implementer) = demo();
    check("immcfg-explicit.txt", Some(&cluster));
}

#[test]
fn immcfg_loads_files_and_leaves_nothing_of_bad_ones() {
    let (cluster, _implementer) = demo();
    let before = cluster.must("immdump");
    check("import-refused.txt", Some(&cluster));
    assert_eq!(
        cluster.must("immdump"),
        before,
        "a refused file left something behind"
    );
    check("import.txt", Some(&cluster));
}

#[test]
fn bad_input_is_refused_with_its_reason_and_changes_nothing() {
    let (cluster, _implementer) = demo();
    let before = cluster.must("immdump");
    check("bad-input.txt", Some(&cluster));
    assert!(cluster.must("immdump") == before, "something was changed");
}

#[test]
fn arguments_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = std::ffi::OsStr::from_bytes(b"safApp=\xff");
    for name in ["immlist", "immfind", "immadm -o 1", "immcfg -d", "amf-adm lock"] {
        let output = command(name).arg(bytes).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {complaint}");
        assert!(complaint.contains("not valid UTF-8"), "{name}: {complaint}");
    }
}

#[test]
fn immdump_writes_what_survives() {
    let (cluster, _implementer) = demo();
    check("immdump.txt", Some(&cluster));
}

#[test]
fn amf_commands_show_states_and_names() {
    let (cluster, _implementer) = demo();
    check("amf.txt", Some(&cluster));
}

#[test]
fn notifications_are_sent_read_and_subscribed_to() {
    let mut cluster = Cluster::start(&[&golden().join("model.xml")]);
    // Nothing that the director could miss while the transcript runs.
    for si in cluster.must("immfind -c SaAmfSI").lines() {
        cluster.must(&format!("immcfg -d {si}"));
    }
    cluster.start_director();
    let subscriber = cluster
        .command("ntfsubscribe -a -v -t 60")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut subscriber = Ended(subscriber);
    check("notifications.txt", Some(&cluster));
    // Told from the subscription on; the last one that the transcript sends is an alarm.
    let mut lines = BufReader::new(subscriber.0.stdout.take().unwrap()).lines();
    loop {
        cluster.must("ntfsend -n again -E 1700000000000000000");
        let line = lines.next().unwrap().unwrap();
        if line.contains("Alarm") {
            break;
        }
    }
    cluster.must("ntfread --active");
}

/// Ends with the test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().unwrap();
        }
    }
}

#[test]
fn help_and_usage_errors() {
    check("usage.txt", None);
}

#[test]
fn without_a_cluster_the_commands_say_how_to_start_one() {
    let dir = tempfile::tempdir().unwrap();
    let shown = dir.path().display();
    for line in [
        "immlist safApp=demo",
        "immfind",
        "immadm -o 1 safApp=demo",
        "immcfg -d safApp=demo",
        "immdump",
        "amf-adm lock safApp=demo",
        "amf-find su",
        "amf-state",
        "amfclusterstatus",
        "ntfread",
        "ntfsend",
        "ntfsubscribe",
    ] {
        let output = command(line).env("PERDURE_DIR", dir.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!("no cluster runs in {shown}; start one with: perdure up --dir {shown} MODEL.xml\n"),
            "{line}"
        );
        assert!(output.stdout.is_empty(), "{line}");
    }
}

/// The daemon is killed while a change waits for its implementer, and started again: the command asks what became of it.
#[test]
fn a_change_whose_daemon_dies_is_cleared_up() {
    let (mut cluster, implementer) = demo();
    let change = command("immcfg -a demoLimit=14 demoId=all")
        .env("PERDURE_DIR", cluster.dir())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    implementer.waits.recv_timeout(Duration::from_secs(30)).unwrap();
    cluster.kill();
    cluster.restart();
    let output = change.wait_with_output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(
        complaint.contains("nothing was changed; try again"),
        "{complaint}"
    );
    assert_eq!(cluster.must("immlist -a demoLimit demoId=all"), "demoLimit=16\n");
}

/// Where a supervisor holds the lock, the daemon is being started again, and a command waits for it.
#[test]
fn a_question_waits_for_a_daemon_that_is_started_again() {
    let mut cluster = Cluster::start(&[&golden().join("model.xml")]);
    cluster.kill();
    let lock = File::create(cluster.dir().join("lock")).unwrap();
    lock.lock().unwrap();
    let question = command("immlist -a demoLimit demoId=all")
        .env("PERDURE_DIR", cluster.dir())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    cluster.restart();
    let output = question.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "demoLimit=16\n");
}

#[test]
fn a_dump_loads_again_and_is_the_same() {
    let (cluster, _implementer) = demo();
    dump_loads_again(&cluster);
}

/// The middleware's own model and an application of its demo, changed as its README says.
#[test]
fn the_model_that_opensaf_made_takes_its_demo_and_dumps_again() {
    let Some((middleware, application)) = opensaf_models() else {
        println!("skipped: ../shared/models is not there");
        return;
    };
    let cluster = Cluster::start(&[&middleware]);
    cluster.must(&format!("immcfg -f {}", application.display()));
    for node in ["SC-1", "SC-2"] {
        let bundle =
            format!("safInstalledSwBundle=safSmfBundle=AmfDemo,safAmfNode={node},safAmfCluster=myAmfCluster");
        let prefix = "saAmfNodeSwBundlePathPrefix";
        // The attribute is not WRITABLE, so the object is put in the place of the old one.
        let refused = cluster.run(&format!("immcfg -a {prefix}=/opt/demo {bundle}"));
        let complaint = String::from_utf8_lossy(&refused.stderr);
        assert!(complaint.contains("is not WRITABLE"), "{complaint}");
        cluster.must(&format!("immcfg -d {bundle}"));
        cluster.must(&format!(
            "immcfg -c SaAmfNodeSwBundle -a {prefix}=/opt/demo {bundle}"
        ));
        assert_eq!(
            cluster.must(&format!("immlist -a {prefix} {bundle}")),
            format!("{prefix}=/opt/demo\n")
        );
    }
    let attribute = "safCsiAttr=AmfDemo1,safCsi=AmfDemo,safSi=AmfDemo,safApp=AmfDemo1";
    cluster.must(&format!("immcfg -a saAmfCSIAttriValue+=CCCC {attribute}"));
    assert_eq!(
        cluster.must(&format!("immlist -a saAmfCSIAttriValue {attribute}")),
        "saAmfCSIAttriValue=AAAA:BBBB:CCCC\n"
    );
    dump_loads_again(&cluster);
}

/// Dumps, loads the dump into an empty cluster, dumps again, and compares.
fn dump_loads_again(cluster: &Cluster) {
    let first = cluster.dir().join("dump.xml");
    cluster.must(&format!("immdump {}", first.display()));
    let other = Cluster::start(&[&first]);
    let again = other.must("immdump");
    let first = std::fs::read_to_string(first).unwrap();
    let differs = first.lines().zip(again.lines()).find(|(one, two)| one != two);
    assert!(first == again, "the dumps differ, first here: {differs:?}");
    assert!(first.contains("<object"), "the dump is empty");
}

fn opensaf_models() -> Option<(PathBuf, PathBuf)> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    let middleware = models.join("immsv/opensaf-3-nodes-imm.xml");
    let application = models.join("amf/AppConfig-2N.xml");
    (middleware.exists() && application.exists()).then_some((middleware, application))
}
