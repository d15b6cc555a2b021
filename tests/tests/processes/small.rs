//! Applications of one program: the smallest that there is, and the demo of OpenAIS, five SUs of two components each.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tests::cluster::{Cluster, processes_of, wait_for};

use super::stage::kill_all;

/// A model of one node and one application, whose components are all OpenSAF's demo component.
struct Model {
    text: String,
    script: String,
}

impl Model {
    /// With the types of components, each supporting the CSI type of its name.
    fn new(bundle: &Path, redundancy: &str, sg: &[(&str, &str)], comps: &[&str]) -> Model {
        let mut model = Model {
            text: String::new(),
            script: bundle.join("amf_demo_script").display().to_string(),
        };
        model.cluster();
        for (class, kind) in [("App", "App"), ("SG", "Sg"), ("SU", "Su"), ("Svc", "Svc")] {
            model.object(
                &format!("SaAmf{class}BaseType"),
                &format!("saf{kind}Type=small"),
                &[],
            );
        }
        let sg_type = ("saAmfApptSGTypes", "safVersion=1,safSgType=small");
        model.object("SaAmfAppType", "safVersion=1,safAppType=small", &[sg_type]);
        let attrs = [
            ("saAmfSgtRedundancyModel", redundancy),
            ("saAmfSgtValidSuTypes", "safVersion=1,safSuType=small"),
            ("saAmfSgtDefAutoAdjustProb", "100000000000"),
            ("saAmfSgtDefCompRestartProb", "100000000000"),
            ("saAmfSgtDefCompRestartMax", "100"),
            ("saAmfSgtDefSuRestartProb", "200000000000"),
            ("saAmfSgtDefSuRestartMax", "6"),
        ];
        model.object("SaAmfSGType", "safVersion=1,safSgType=small", &attrs);
        let attrs = [
            ("saAmfSutIsExternal", "0"),
            ("saAmfSutDefSUFailover", "0"),
            ("saAmfSutProvidesSvcTypes", "safVersion=1,safSvcType=small"),
        ];
        model.object("SaAmfSUType", "safVersion=1,safSuType=small", &attrs);
        model.object("SaAmfSvcType", "safVersion=1,safSvcType=small", &[]);
        for comp in comps {
            model.comp_type(comp);
        }
        let app = [("saAmfAppType", "safVersion=1,safAppType=small")];
        model.object("SaAmfApplication", "safApp=small", &app);
        let mut attrs = vec![("saAmfSGType", "safVersion=1,safSgType=small")];
        attrs.extend(sg);
        model.object("SaAmfSG", "safSg=small,safApp=small", &attrs);
        model
    }

    fn object(&mut self, class: &str, dn: &str, attrs: &[(&str, &str)]) {
        let _infallible = write!(self.text, "<object class=\"{class}\"><dn>{dn}</dn>");
        for (name, value) in attrs {
            let _infallible = write!(
                self.text,
                "<attr><name>{name}</name><value>{value}</value></attr>"
            );
        }
        self.text.push_str("</object>\n");
    }

    fn cluster(&mut self) {
        self.object("SaClmCluster", "safCluster=c", &[]);
        self.object("SaClmNode", "safNode=n,safCluster=c", &[]);
        let clm = [
            ("saAmfClusterClmCluster", "safCluster=c"),
            ("saAmfClusterStartupTimeout", "1000000000"),
        ];
        self.object("SaAmfCluster", "safAmfCluster=c", &clm);
        let attrs = [
            ("saAmfNodeClmNode", "safNode=n,safCluster=c"),
            ("saAmfNodeSuFailOverProb", "60000000000"),
            ("saAmfNodeSuFailoverMax", "10"),
        ];
        self.object("SaAmfNode", "safAmfNode=n,safAmfCluster=c", &attrs);
    }

    fn comp_type(&mut self, name: &str) {
        self.object("SaAmfCompBaseType", &format!("safCompType={name}"), &[]);
        self.object("SaAmfCSBaseType", &format!("safCSType={name}"), &[]);
        self.object("SaAmfCSType", &format!("safVersion=1,safCSType={name}"), &[]);
        let script = self.script.clone();
        let attrs = [
            ("saAmfCtCompCategory", "1"),
            ("saAmfCtDefClcCliTimeout", "10000000000"),
            ("saAmfCtDefCallbackTimeout", "10000000000"),
            ("saAmfCtDefQuiescingCompleteTimeout", "10000000000"),
            ("saAmfCtRelPathInstantiateCmd", script.as_str()),
            ("saAmfCtDefInstantiateCmdArgv", "instantiate"),
            ("saAmfCtRelPathCleanupCmd", script.as_str()),
            ("saAmfCtDefCleanupCmdArgv", "cleanup"),
            ("saAmfCtDefRecoveryOnError", "2"),
            ("saAmfCtDefDisableRestart", "0"),
        ];
        let comp_type = format!("safVersion=1,safCompType={name}");
        self.object("SaAmfCompType", &comp_type, &attrs);
        let supported = format!("safSupportedCsType=safVersion=1\\,safCSType={name},{comp_type}");
        self.object("SaAmfCtCsType", &supported, &[("saAmfCtCompCapability", "1")]);
        let checked = [
            ("saAmfHctDefPeriod", "1000000000"),
            ("saAmfHctDefMaxDuration", "10000000000"),
        ];
        let key = format!("safHealthcheckKey=AmfDemo,{comp_type}");
        self.object("SaAmfHealthcheckType", &key, &checked);
    }

    fn su(&mut self, name: &str, rank: &str, comps: &[&str]) -> Vec<String> {
        let su = format!("safSu={name},safSg=small,safApp=small");
        let attrs = [
            ("saAmfSUType", "safVersion=1,safSuType=small"),
            ("saAmfSURank", rank),
            ("saAmfSUHostNodeOrNodeGroup", "safAmfNode=n,safAmfCluster=c"),
        ];
        self.object("SaAmfSU", &su, &attrs);
        let mut dns = Vec::new();
        for comp in comps {
            let dn = format!("safComp={comp},{su}");
            let comp_type = format!("safVersion=1,safCompType={comp}");
            self.object("SaAmfComp", &dn, &[("saAmfCompType", &comp_type)]);
            let supported = format!("safSupportedCsType=safVersion=1\\,safCSType={comp},{dn}");
            self.object("SaAmfCompCsType", &supported, &[]);
            dns.push(dn);
        }
        dns
    }

    fn si(&mut self, name: &str, csis: &[&str]) -> String {
        let si = format!("safSi={name},safApp=small");
        let attrs = [
            ("saAmfSvcType", "safVersion=1,safSvcType=small"),
            ("saAmfSIProtectedbySG", "safSg=small,safApp=small"),
        ];
        self.object("SaAmfSI", &si, &attrs);
        for csi in csis {
            let cs_type = format!("safVersion=1,safCSType={csi}");
            let dn = format!("safCsi={csi},{si}");
            self.object("SaAmfCSI", &dn, &[("saAmfCSType", &cs_type)]);
        }
        si
    }

    fn up(self, dir: &Path) -> Cluster {
        let head =
            "<?xml version=\"1.0\"?>\n<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\">\n";
        let path = dir.join("small.xml");
        fs::write(&path, format!("{head}{}</imm:IMM-contents>\n", self.text))
            .expect("the model can be written");
        Cluster::up(super::program(), &[&path]).expect("the application comes up")
    }
}

fn bundle() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a temporary directory");
    tools::samples::write_bundle(place.path(), super::program()).expect("the bundle can be written");
    place
}

/// The processes of the components; each has at least one.
fn processes(cluster: &Cluster, comps: &[String]) -> Option<BTreeSet<u32>> {
    let mut all = BTreeSet::new();
    for comp in comps {
        let own = processes_of(cluster.dir(), comp);
        if own.is_empty() {
            return None;
        }
        all.extend(own);
    }
    Some(all)
}

#[test]
fn one_program_on_one_node_is_an_application() {
    let bundle = bundle();
    let mut model = Model::new(bundle.path(), "5", &[], &["only"]);
    let comps = model.su("1", "1", &["only"]);
    let si = model.si("work", &["only"]);
    assert!(
        model.text.lines().count() <= 25,
        "the smallest model is small:\n{}",
        model.text
    );
    let cluster = model.up(bundle.path());
    let su = "safSu=1,safSg=small,safApp=small";
    cluster.wait_ha(su, &si, "1");
    let before = processes(&cluster, &comps).expect("it runs");
    assert_eq!(before.len(), 1);
    kill_all(&cluster, &comps[0]);
    wait_for("its next process", || {
        processes(&cluster, &comps).is_some_and(|now| now.is_disjoint(&before))
    })
    .expect("it is restarted");
    cluster.wait_ha(su, &si, "1");
}

#[test]
fn openais_demo_is_ten_processes_of_one_program() {
    let bundle = bundle();
    let sg = [
        ("saAmfSGNumPrefActiveSUs", "3"),
        ("saAmfSGMaxActiveSIsperSU", "3"),
        ("saAmfSGNumPrefStandbySUs", "2"),
        ("saAmfSGMaxStandbySIsperSU", "4"),
        ("saAmfSGNumPrefInserviceSUs", "5"),
    ];
    let kinds = ["comp_a", "comp_b"];
    let mut model = Model::new(bundle.path(), "2", &sg, &kinds);
    let mut comps = Vec::new();
    for rank in ["1", "2", "3", "4", "5"] {
        comps.extend(model.su(rank, rank, &kinds));
    }
    let sis: Vec<String> = ["a", "b", "c", "d"].map(|si| model.si(si, &kinds)).into();
    let cluster = model.up(bundle.path());
    for si in &sis {
        cluster.wait_attr(si, "saAmfSIAssignmentState", "2");
    }
    wait_for("ten processes", || {
        processes(&cluster, &comps).is_some_and(|all| all.len() == 10)
    })
    .expect("each component is a process");
    let before = processes(&cluster, &comps).expect("they run");

    // One of them is killed: it alone is replaced.
    kill_all(&cluster, &comps[3]);
    wait_for("the next process", || {
        processes(&cluster, &comps).is_some_and(|now| now.len() == 10 && now != before)
    })
    .expect("it is restarted");
    let now = processes(&cluster, &comps).expect("they run");
    assert_eq!(now.intersection(&before).count(), 9);
    cluster.wait_attr(&comps[3], "saAmfCompRestartCount", "1");
}
