//! The samples that a newcomer copies, each with its model of `models/`: things are killed, the service goes on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tests::cluster::{Cluster, processes_of, wait_for};

use super::stage::{kill_all, signal};

/// A cluster with the model of a sample, whose files are in a directory of its own.
struct Sample {
    cluster: Cluster,
    files: PathBuf,
    _place: tempfile::TempDir,
}

impl Sample {
    fn up(model: &str) -> Sample {
        let place = tempfile::tempdir().expect("a temporary directory");
        let (bundle, files) = (place.path().join("bundle"), place.path().join("files"));
        tools::samples::write_bundle(&bundle, super::program()).expect("the bundle can be written");
        fs::create_dir(&files).expect("a directory can be made");
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../models")
            .join(model);
        let xml = fs::read_to_string(source)
            .expect("the model is there")
            .replace("/opt/perdure/demo", &bundle.display().to_string())
            .replace("/tmp/perdure-samples", &files.display().to_string());
        let path = place.path().join(model);
        fs::write(&path, xml).expect("the model can be written");
        let cluster = Cluster::up(super::program(), &[&path]).expect("the sample comes up");
        Sample {
            cluster,
            files,
            _place: place,
        }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.files.join(name)).unwrap_or_default()
    }

    fn lines(&self, name: &str) -> usize {
        self.text(name).lines().count()
    }

    fn wait(&self, what: &str, condition: impl FnMut() -> bool) {
        wait_for(what, condition).unwrap_or_else(|error| {
            let status = self.cluster.done("perdure", &["status"]).unwrap_or_default();
            panic!("{error}\n{status}\n{}", self.logs())
        });
    }

    /// What the components wrote, for a test that fails.
    fn logs(&self) -> String {
        let nodes = fs::read_dir(self.cluster.dir().join("nodes")).expect("the nodes have directories");
        let logs = nodes
            .flatten()
            .flat_map(|node| fs::read_dir(node.path().join("log")));
        let all = logs.flat_map(Iterator::flatten).map(|log| {
            let text = fs::read_to_string(log.path()).unwrap_or_default();
            format!("--- {}\n{text}", log.path().display())
        });
        all.collect()
    }

    /// The file grows from now on.
    fn goes_on(&self, name: &str) {
        let before = self.lines(name);
        self.wait(&format!("{name} to grow"), || self.lines(name) > before + 2);
    }

    fn adm(&self, operation: &str, dn: &str) {
        self.cluster
            .done("amf-adm", &[operation, dn])
            .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()));
    }

    /// The one SU of two that has the SI, and the other.
    fn active_of(&self, sus: [&'static str; 2], si: &str) -> (&'static str, &'static str) {
        let is_active = |su: &str| self.cluster.ha_state(su, si) == "1";
        self.wait("an active SU", || sus.iter().any(|su| is_active(su)));
        if is_active(sus[0]) {
            (sus[0], sus[1])
        } else {
            (sus[1], sus[0])
        }
    }

    fn pids(&self, comp: &str) -> BTreeSet<u32> {
        processes_of(self.cluster.dir(), comp).into_iter().collect()
    }
}

/// The process that wrote the last line of the file.
fn writer(sample: &Sample, name: &str) -> Option<i32> {
    let text = sample.text(name);
    text.lines().last()?.split(' ').nth(1)?.parse().ok()
}

#[test]
fn a_plain_daemon_is_kept_alive_by_its_proxy() {
    const SUS: [&str; 2] = [
        "safSu=SU1,safSg=Clock,safApp=Proxied",
        "safSu=SU2,safSg=Clock,safApp=Proxied",
    ];
    const SI: &str = "safSi=Clock,safApp=Proxied";
    let sample = Sample::up("proxy.xml");
    let (active, standby) = sample.active_of(SUS, SI);
    sample.goes_on("clock");
    sample.cluster.wait_ha(standby, SI, "2");

    // The daemon dies: its proxy starts it again.
    let first = writer(&sample, "clock").expect("the daemon writes who it is");
    signal(first, Signal::KILL);
    sample.wait("the next daemon", || {
        writer(&sample, "clock").is_some_and(|now| now != first)
    });
    sample.goes_on("clock");
    assert_eq!(
        sample.cluster.ha_state(active, SI),
        "1",
        "it was restarted where it was"
    );

    // The proxy dies: the daemon runs on, and the next proxy finds it.
    let proxy = active.replace("Clock", "Proxy");
    let comp = format!("safComp=Proxy,{proxy}");
    let (daemon, before) = (writer(&sample, "clock"), sample.pids(&comp));
    kill_all(&sample.cluster, &comp);
    sample.wait("the next proxy", || {
        let now = sample.pids(&comp);
        !now.is_empty() && now.is_disjoint(&before)
    });
    sample.goes_on("clock");
    assert_eq!(writer(&sample, "clock"), daemon, "the daemon did not notice");

    // The next proxy is obeyed: the work goes to the other node.
    sample.wait("the lock to be carried out", || {
        sample.cluster.done("amf-adm", &["lock", active]).is_ok()
            || sample.cluster.attr(active, "saAmfSUAdminState") == "2"
    });
    sample.cluster.wait_ha(standby, SI, "1");
    sample.goes_on("clock");
    assert_ne!(writer(&sample, "clock"), daemon);
    sample.adm("lock-in", active);
    assert!(
        sample.pids(&format!("safComp=Clock,{active}")).is_empty(),
        "its proxy has terminated it"
    );
}

#[test]
fn a_service_that_hangs_is_found_by_its_external_monitor() {
    const SUS: [&str; 2] = [
        "safSu=SU1,safSg=Beat,safApp=Monitored",
        "safSu=SU2,safSg=Beat,safApp=Monitored",
    ];
    let sample = Sample::up("monitored.xml");
    let (active, _) = sample.active_of(SUS, "safSi=Beat,safApp=Monitored");
    let comp = format!("safComp=Beat,{active}");
    let state = |suffix: &str| {
        let nodes = fs::read_dir(sample.cluster.dir().join("nodes")).expect("nodes");
        let mut files = nodes
            .flatten()
            .map(|node| node.path().join(format!("{comp}.{suffix}")));
        let text = files.find_map(|file| fs::read_to_string(file).ok());
        text.and_then(|text| text.trim().parse::<i32>().ok())
    };
    sample.goes_on("beat");
    sample.wait("the monitor", || state("monitor").is_some());

    // It hangs: nothing but the monitor can notice.
    let first = state("service").expect("the service runs");
    signal(first, Signal::STOP);
    sample.wait("another service", || {
        state("service").is_some_and(|now| now != first)
    });
    sample.goes_on("beat");
    sample.wait("the monitor again", || state("monitor").is_some());

    // The operator takes the monitor away and brings it back.
    sample.adm("eam-stop", &comp);
    assert_eq!(state("monitor"), None, "AM_STOP has ended it");
    sample.adm("eam-start", &comp);
    assert!(state("monitor").is_some());
    let second = state("service").expect("the service runs");
    assert_ne!(second, first);
    signal(second, Signal::STOP);
    sample.wait("a third service", || {
        state("service").is_some_and(|now| now != second)
    });
    sample.goes_on("beat");
}

#[test]
fn a_virtual_address_is_where_the_active_su_is() {
    const SUS: [&str; 2] = [
        "safSu=SU1,safSg=Address,safApp=Address",
        "safSu=SU2,safSg=Address,safApp=Address",
    ];
    const SI: &str = "safSi=Address,safApp=Address";
    let sample = Sample::up("address.xml");
    let (active, standby) = sample.active_of(SUS, SI);
    let noted = |su: &str| sample.text(&format!("address.safComp=Address,{su}"));
    sample.wait("the address", || noted(active) == "192.0.2.1/32 lo\n");
    assert_eq!(noted(standby), "");

    // Somebody takes it away: the health command finds out.
    fs::remove_file(sample.files.join(format!("address.safComp=Address,{active}"))).expect("it is there");
    sample.wait("the address to be back", || !noted(active).is_empty());
    // It moves in order, and back.
    sample.adm("lock", active);
    sample.wait("the address to move", || noted(standby) == "192.0.2.1/32 lo\n");
    assert_eq!(noted(active), "");
    sample.adm("unlock", active);
    sample.adm("lock", standby);
    sample.wait("the address to come back", || !noted(active).is_empty());
    assert_eq!(noted(standby), "");
}

#[test]
fn workers_share_the_jobs_and_take_over_the_shares_of_who_fails() {
    let sample = Sample::up("workers.xml");
    for name in ["todo", "done"] {
        fs::create_dir(sample.files.join(name)).expect("a directory can be made");
    }
    let add = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            fs::write(sample.files.join(format!("todo/{number}")), "").expect("a job");
        }
    };
    let done = || {
        let entries = fs::read_dir(sample.files.join("done")).expect("the directory is there");
        let names = entries
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned());
        names.collect::<Vec<String>>()
    };
    add(0..30);
    sample.wait("thirty jobs", || done().len() == 30);
    let workers = |names: &[String]| -> BTreeSet<String> {
        let who = names.iter().filter_map(|name| name.split_once('.'));
        who.map(|(_, worker)| worker.to_owned()).collect()
    };
    let all = workers(&done());
    assert_eq!(all.len(), 3, "each had a share: {all:?}");

    // One fails; its share goes on elsewhere, also while it comes back.
    let victim = all.iter().next().expect("a worker");
    kill_all(&sample.cluster, victim);
    add(30..60);
    sample.wait("sixty jobs", || done().len() == 60);

    // A whole node goes: the other does everything.
    sample.adm("lock", "safAmfNode=node-1,safAmfCluster=demo");
    add(60..90);
    sample.wait("ninety jobs", || done().len() == 90);
    let last: Vec<String> = done()
        .into_iter()
        .filter(|name| name.split('.').next().and_then(|n| n.parse::<u32>().ok()) >= Some(60))
        .collect();
    assert_eq!(workers(&last).len(), 1, "{last:?}");

    // The attribute of a CSI changes while it is assigned: the share is another one at once.
    let csi_attr = |name: &str, share: u32| {
        format!("safCsiAttr={name},safCsi=Worker,safSi=Share-{share},safApp=Workers")
    };
    for share in 0..3 {
        let value = format!("saAmfCSIAttriValue={}", 2 - share);
        let args = ["-m", "-a", &value, &csi_attr("share", share)];
        sample
            .cluster
            .done("immcfg", &args)
            .expect("the attribute is changed");
    }
    add(90..120);
    sample.wait("all jobs", || done().len() == 120);
}
