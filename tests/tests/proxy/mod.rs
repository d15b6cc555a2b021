//! A proxy component that is a C program, in a whole cluster.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use tests::cluster::{Cluster, processes_of, wait_for};

use super::support::{self, built};
use super::{compile, kill, source_of, told_of, wait_for_correlated};

const CLOCK: &str = "safSi=Clock,safApp=Proxied";
const CLOCKS: [&str; 2] = [
    "safSu=SU1,safSg=Clock,safApp=Proxied",
    "safSu=SU2,safSg=Clock,safApp=Proxied",
];

/// An installation with a cluster of the sample proxy's model, where the proxy is the C program.
struct Stage {
    // First, so that it ends before its programs go.
    cluster: Cluster,
    scratch: tempfile::TempDir,
    /// The SUs of the daemons that serves and that stands by.
    active: &'static str,
    standby: &'static str,
}

impl Stage {
    /// One proxy on each node, active.
    fn up() -> Stage {
        Stage::up_with(|model| model)
    }

    fn up_with(edit: impl FnOnce(String) -> String) -> Stage {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let place = |name: &str| scratch.path().join(name);
        support::install(&place("opt")).run(built()).expect("it installs");
        let perdure = place("opt/bin/perdure");
        tools::samples::write_bundle(&place("bundle"), &perdure).expect("the sample's programs");
        fs::create_dir(place("files")).expect("a directory");
        let program = compile(&place("opt"), &source_of("proxy"), "amf");
        let start = format!(
            "#!/bin/sh\n[ \"$1\" != instantiate ] || {} &\n",
            program.display()
        );
        fs::write(place("bundle/proxy.sh"), start).expect("the proxy's command");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/proxy.xml");
        let model = fs::read_to_string(source)
            .expect("the model")
            .replace("/opt/perdure/demo", &place("bundle").display().to_string())
            .replace("/tmp/perdure-samples", &place("files").display().to_string());
        fs::write(place("proxy.xml"), edit(model)).expect("the model can be written");
        let cluster = Cluster::up(&perdure, &[&place("proxy.xml")]).expect("the model comes up");
        // The first proxy that is there decides which daemon is the active one.
        let mut active = None;
        wait_for("an active daemon", || {
            active = CLOCKS
                .into_iter()
                .find(|clock| cluster.ha_state(clock, CLOCK) == "1");
            active.is_some()
        })
        .unwrap_or_else(|error| panic!("{error}"));
        let active = active.expect("an active daemon");
        let standby = CLOCKS.into_iter().find(|clock| *clock != active);
        let standby = standby.expect("the other");
        cluster.wait_ha(standby, CLOCK, "2");
        Stage {
            cluster,
            scratch,
            active,
            standby,
        }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn said(&self) -> String {
        fs::read_to_string(self.place("opt/said")).unwrap_or_default()
    }

    fn wait(&self, what: &str, condition: impl FnMut() -> bool) {
        wait_for(what, condition).unwrap_or_else(|error| panic!("{error}\n{}", self.said()));
    }

    fn adm(&self, operation: &str, dn: &str) {
        self.cluster
            .done("amf-adm", &[operation, dn])
            .unwrap_or_else(|error| panic!("{error}\n{}", self.said()));
    }

    /// The process that speaks for the daemon that was active.
    fn proxies(&self) -> Vec<u32> {
        let proxy = format!("safComp=Proxy,{}", self.active.replace("Clock", "Proxy"));
        processes_of(self.cluster.dir(), &proxy)
    }

    /// Tells the proxy something by a signal, and waits for what it says to it.
    fn tell(&self, signal: Signal, answer: &str) {
        let before = self.said();
        for pid in self.proxies() {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            kill_process(pid.expect("a process id"), signal).expect("the proxy runs");
        }
        self.wait("the proxy's answer", || self.said().len() > before.len());
        assert_eq!(self.said(), format!("{before}{answer}\n"));
    }
}

/// The model of the sample proxy, with a proxy that is a C program.
#[test]
fn a_proxy_in_c_speaks_for_daemons_that_know_nothing() {
    let stage = Stage::up();
    let (active, standby) = (stage.active, stage.standby);
    let clock = || fs::read_to_string(stage.place("files/clock")).unwrap_or_default();
    let writer = || clock().lines().last()?.split(' ').nth(1)?.parse::<i64>().ok();
    let goes_on = || {
        let before = clock().len();
        stage.wait("the daemon to work", || clock().len() > before);
    };
    goes_on();

    let first = writer().expect("the daemon says who it is");
    kill(first);
    stage.wait("the next daemon", || writer().is_some_and(|now| now != first));
    goes_on();
    let daemon = writer();
    let before = stage.proxies();
    for pid in &before {
        kill(i64::from(*pid));
    }
    stage.wait("the next proxy", || {
        stage.proxies().iter().any(|pid| !before.contains(pid))
    });
    goes_on();
    assert_eq!(writer(), daemon, "the daemon did not notice");

    stage.wait("the next proxy to speak for it", || {
        let locked = stage.cluster.done("amf-adm", &["lock", active]);
        locked.is_ok() || stage.cluster.attr(active, "saAmfSUAdminState") == "2"
    });
    stage.cluster.wait_ha(standby, CLOCK, "1");
    goes_on();
    assert_ne!(writer(), daemon, "the other node serves");
    stage.adm("lock-in", active);
    let left = processes_of(stage.cluster.dir(), &format!("safComp=Clock,{active}"));
    assert!(left.is_empty(), "its proxy has terminated it");
    assert_eq!(stage.said(), "");
}

/// Only who is registered and DISABLED can be cleared: what a proxy speaks for is both, from its failure to its repair.
#[test]
fn what_a_proxy_gives_with_the_end_of_an_error_is_named_by_the_notification() {
    let stage = Stage::up();
    let comp = format!("safComp=Clock,{}", stage.active);
    // The SU fails with its component, and stays as it is until it is repaired.
    for (attribute, dn) in [
        ("saAmfSUFailover=1", stage.active),
        ("saAmfSGAutoRepair=0", "safSg=Clock,safApp=Proxied"),
    ] {
        stage
            .cluster
            .done("immcfg", &["-a", attribute, dn])
            .unwrap_or_else(|error| panic!("{error}"));
    }
    // 28 is NO_OP. What is refused is no reason of what follows.
    stage.tell(Signal::USR2, "clear 28: 60 61 7");
    let fails = || {
        stage.tell(Signal::USR1, "report 1: 40 41 7");
        stage.cluster.wait_attr(&comp, "saAmfCompOperState", "2");
        stage.cluster.wait_attr(stage.active, "saAmfSUOperState", "2");
        stage.cluster.wait_ha(stage.standby, CLOCK, "1");
    };
    let ends = || -> Vec<serde_json::Value> {
        let mut told = told_of(&stage.cluster, &comp);
        told.retain(|told| told["text"].as_str().is_some_and(|text| text.contains("is over")));
        told
    };
    fails();
    wait_for_correlated(&stage.cluster, &comp, "failed", [40, 41]);
    stage.adm("repaired", stage.active);
    stage.wait("the end of the first error", || ends().len() == 1);
    stage.cluster.wait_attr(&comp, "saAmfCompOperState", "1");
    stage.cluster.wait_ha(stage.active, CLOCK, "2");

    fails();
    stage.tell(Signal::USR2, "clear 1: 60 61 7");
    stage.adm("repaired", stage.active);
    wait_for_correlated(&stage.cluster, &comp, "is over", [60, 61]);
    stage.cluster.wait_attr(&comp, "saAmfCompOperState", "1");

    // Once, and not for the error before.
    stage.cluster.wait_ha(stage.active, CLOCK, "2");
    fails();
    stage.adm("repaired", stage.active);
    stage.wait("the end of the third error", || ends().len() == 3);
    let named = ends()
        .iter()
        .map(|end| end["correlated"] == serde_json::json!([60, 61]))
        .collect::<Vec<_>>();
    assert_eq!(named, [false, true, false], "{:#?}", ends());
}

const PROXIES: &str = "safSi=Proxy,safApp=Proxied";

/// Of two proxies one is active, for the daemons of both nodes: that of the other one is managed through the directors of
/// both nodes.
struct OneProxy {
    stage: Stage,
    /// The SUs of the proxies: the active one, and the other, which stands by.
    first: String,
    second: String,
}

/// The component of each daemon.
fn clocks() -> [String; 2] {
    CLOCKS.map(|clock| format!("safComp=Clock,{clock}"))
}

fn comp_of(proxy: &str) -> String {
    format!("safComp=Proxy,{proxy}")
}

impl OneProxy {
    fn up() -> OneProxy {
        let stage = Stage::up_with(|model| {
            let attr = |name: &str, value: u32| format!("<name>{name}</name>\n      <value>{value}</value>");
            let replace = |model: String, name: &str, from: u32, to: u32| {
                assert!(model.contains(&attr(name, from)), "{name}");
                model.replacen(&attr(name, from), &attr(name, to), 1)
            };
            // The first is the proxies': 2N, and components that may be active and standby.
            let model = replace(model, "saAmfSgtRedundancyModel", 4, 1);
            replace(model, "saAmfCtCompCapability", 5, 1)
        });
        let [first, second] = CLOCKS.map(|clock| clock.replace("Clock", "Proxy"));
        let leads = stage.cluster.ha_state(&first, PROXIES) == "1";
        let (first, second) = if leads { (first, second) } else { (second, first) };
        stage.cluster.wait_ha(&second, PROXIES, "2");
        let both = OneProxy { stage, first, second };
        both.wait_managed_by(&both.first);
        both
    }

    fn wait_managed_by(&self, proxy: &str) {
        let (cluster, proxy) = (&self.stage.cluster, comp_of(proxy));
        self.stage.wait("the proxy to speak for both daemons", || {
            let manager = |clock: &String| cluster.attr(clock, "saAmfCompCurrProxyName");
            clocks().iter().all(|clock| manager(clock) == proxy)
        });
        cluster.wait_attr(&proxy, "saAmfCompCurrProxiedNames", &clocks().join(":"));
    }

    /// The daemons' processes, as the proxy notes them.
    fn daemons(&self) -> [Option<i64>; 2] {
        clocks().map(|clock| {
            let note = fs::read_to_string(self.stage.place("files").join(format!("{clock}.pid")));
            note.ok()?.trim().parse().ok()
        })
    }

    /// Kills a daemon of the cluster, and waits for the next one.
    fn replace(&self, name: &str) {
        let cluster = &self.stage.cluster;
        let pid = cluster.daemon_pid(name).expect("it runs");
        kill(i64::from(pid));
        self.stage.wait("the next one", || {
            cluster.daemon_pid(name).is_some_and(|now| now != pid)
        });
    }
}

#[test]
fn one_proxy_speaks_for_the_daemons_of_two_nodes() {
    let both = OneProxy::up();
    let (stage, cluster) = (&both.stage, &both.stage.cluster);
    // The work of the daemons moves, though one proxy speaks for both.
    stage.adm("si-swap", CLOCK);
    cluster.wait_ha(stage.standby, CLOCK, "1");
    cluster.wait_ha(stage.active, CLOCK, "2");

    // What runs on another node than the proxy finishes its work when it is asked to.
    for (clock, other) in [(stage.standby, stage.active), (stage.active, stage.standby)] {
        stage.adm("shutdown", clock);
        cluster.wait_ha(other, CLOCK, "1");
        stage.adm("unlock", clock);
        cluster.wait_ha(clock, CLOCK, "2");
    }

    // Each daemon's death is noticed, and each is started again by the one proxy.
    for at in 0..2 {
        let before = both.daemons()[at];
        kill(before.expect("the daemon runs"));
        stage.wait("the next daemon", || {
            both.daemons()[at].is_some_and(|now| Some(now) != before)
        });
    }
    both.wait_managed_by(&both.first);

    // The next process of the proxy finds both.
    let runs = processes_of(cluster.dir(), &comp_of(&both.first));
    for pid in &runs {
        kill(i64::from(*pid));
    }
    stage.wait("the next proxy", || {
        let now = processes_of(cluster.dir(), &comp_of(&both.first));
        now.iter().any(|pid| !runs.contains(pid))
    });
    both.wait_managed_by(&both.first);

    // The other proxy takes over, and finds both.
    stage.adm("lock", &both.first);
    cluster.wait_ha(&both.second, PROXIES, "1");
    both.wait_managed_by(&both.second);
    stage.adm("si-swap", CLOCK);
    assert_eq!(stage.said(), "");
}

/// With a node director go the processes that were started there: those of both daemons, as the active proxy's.
#[test]
fn a_proxy_speaks_for_a_daemon_of_another_node_whatever_dies() {
    let both = OneProxy::up();
    let cluster = &both.stage.cluster;
    let before = both.daemons();
    both.replace("amfd");
    both.wait_managed_by(&both.first);
    assert_eq!(both.daemons(), before);

    let node = cluster.attr(&both.first, "saAmfSUHostedByNode");
    let node = node.trim_start_matches("safAmfNode=").split(',').next();
    both.replace(&format!("amfnd-{}", node.expect("a node")));
    both.stage.wait("the next daemons", || {
        let now = both.daemons();
        now.iter()
            .zip(&before)
            .all(|(now, before)| now.is_some() && now != before)
    });
    cluster.wait_ha(&both.second, PROXIES, "1");
    both.wait_managed_by(&both.second);

    // The first is there again, and finds both.
    both.stage.adm("lock", &both.second);
    cluster.wait_ha(&both.first, PROXIES, "1");
    both.wait_managed_by(&both.first);
}
