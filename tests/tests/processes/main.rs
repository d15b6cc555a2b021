//! Real daemons, real components, real kills: the promises of the README, each shown once.

mod causes;
mod hang;
mod leaving;
mod loss;
mod metrics;
mod operations;
mod readiness;
mod samples;
mod small;
mod stage;
mod whole;

use std::path::Path;

use stage::{Stage, WEB_SI, WEB_SUS, pids, shared_models};
use tests::cluster::{Cluster, processes_of, wait_for};

const PROGRAM: &str = env!("CARGO_BIN_EXE_perdure-under-test");

fn program() -> &'static Path {
    Path::new(PROGRAM)
}

#[test]
fn a_killed_active_server_is_replaced_and_comes_back_as_standby() {
    let stage = Stage::up();
    let (active, standby) = stage.roles();
    let served = stage.page().expect("the active server serves the page");
    assert!(
        served.contains(&format!("safComp=Web,{active}")),
        "the page names its component: {served}"
    );

    stage.kill_component(active);
    stage.cluster.wait_ha(standby, WEB_SI, "1");
    wait_for("the page from the new active server", || {
        stage.page().is_ok_and(|p| p.contains(standby))
    })
    .expect("the service goes on");
    stage.cluster.wait_ha(active, WEB_SI, "2");
}

#[test]
fn the_operators_orders_move_the_work_without_loss() {
    let stage = Stage::up();
    let (active, standby) = stage.roles();
    stage.adm("si-swap", WEB_SI);
    assert_eq!(
        stage.cluster.ha_state(standby, WEB_SI),
        "1",
        "si-swap is answered when it is done"
    );
    assert_eq!(stage.cluster.ha_state(active, WEB_SI), "2");

    let before = pids(&stage, standby);
    stage.adm("lock", standby);
    assert_eq!(
        stage.cluster.ha_state(standby, WEB_SI),
        "",
        "a locked SU holds nothing"
    );
    assert_eq!(stage.cluster.ha_state(active, WEB_SI), "1");
    assert_eq!(pids(&stage, standby), before, "a locked SU stays instantiated");
    stage.adm("lock-in", standby);
    assert!(
        pids(&stage, standby).is_empty(),
        "nothing of a terminated component is left"
    );
    stage.adm("unlock-in", standby);
    stage.adm("unlock", standby);
    stage.cluster.wait_ha(standby, WEB_SI, "2");

    let refused = stage
        .cluster
        .done("amf-adm", &["unlock", standby])
        .expect_err("it is unlocked already");
    assert!(refused.contains("SA_AIS_ERR_NO_OP (28)"), "{refused}");

    stage.adm("shutdown", active);
    assert_eq!(
        stage.cluster.attr(active, "saAmfSUAdminState"),
        "2",
        "a shutdown ends LOCKED"
    );
    stage.cluster.wait_ha(standby, WEB_SI, "1");
}

#[test]
fn killed_daemons_disturb_no_component_and_lose_nothing() {
    let stage = Stage::up();
    let (active, standby) = stage.roles();
    let before: Vec<_> = WEB_SUS.iter().map(|su| pids(&stage, su)).collect();
    for daemon in ["amfd", "immd"] {
        stage.kill_daemon(daemon);
        wait_for(&format!("a new {daemon}"), || stage.daemon_pid(daemon).is_some()).expect("it is restarted");
        wait_for("status to say why it died", || {
            let status = stage.cluster.done("perdure", &["status"]).unwrap_or_default();
            let mut lines = status.lines();
            lines.any(|line| line.trim_start().starts_with(daemon) && line.contains("killed by signal 9"))
        })
        .unwrap_or_else(|e| panic!("{e}"));
        wait_for("an order to be carried out again", || {
            stage.cluster.done("amf-adm", &["si-swap", WEB_SI]).is_ok()
        })
        .expect("the cluster obeys");
        let after: Vec<_> = WEB_SUS.iter().map(|su| pids(&stage, su)).collect();
        assert_eq!(
            after, before,
            "no component was restarted when {daemon} was killed"
        );
    }
    // Two swaps: everybody is where it was.
    stage.cluster.wait_ha(active, WEB_SI, "1");
    stage.cluster.wait_ha(standby, WEB_SI, "2");
}

#[test]
fn the_second_start_needs_no_model() {
    let stage = Stage::up();
    let (_, standby) = stage.roles();
    stage.adm("lock", standby);
    stage
        .cluster
        .done("perdure", &["down"])
        .expect("the cluster goes down");
    assert!(processes_of(stage.cluster.dir(), &format!("safComp=Web,{}", WEB_SUS[0])).is_empty());
    stage
        .cluster
        .start(&[])
        .expect("the cluster comes up from what it stored");
    assert_eq!(
        stage.cluster.attr(standby, "saAmfSUAdminState"),
        "2",
        "admin states survive"
    );
    wait_for("one active SU", || {
        WEB_SUS.iter().any(|su| stage.cluster.ha_state(su, WEB_SI) == "1")
    })
    .expect("the service is back");
}

#[test]
fn a_command_that_does_not_exist_is_shown_with_path_and_error() {
    let stage = Stage::up_with(|xml| xml.replace("script.sh", "no-such-script.sh"));
    let comp = "safComp=Script,safSu=SU1,safSg=Script,safApp=Demo";
    stage.cluster.wait_attr(comp, "saAmfCompPresenceState", "6");
    let status = stage.cluster.done("perdure", &["status"]).expect("status works");
    assert!(
        status.contains("no-such-script.sh"),
        "status names the path:\n{status}"
    );
    assert!(
        status.contains("No such file or directory (2)"),
        "status names the error:\n{status}"
    );
    let why = stage
        .cluster
        .done("perdure", &["explain", "safSu=SU1,safSg=Script,safApp=Demo"]);
    let why = why.expect("explain works");
    assert!(
        why.contains("no-such-script.sh") && why.contains("repaired"),
        "explain says what helps: {why}"
    );
}

#[test]
fn a_second_up_is_refused_in_one_line_and_harms_nothing() {
    let stage = Stage::up();
    let error = stage
        .cluster
        .start(&[])
        .expect_err("a cluster runs there already");
    assert!(error.contains("already"), "{error}");
    assert!(stage.page().is_ok(), "the first cluster goes on");
}

#[test]
fn up_without_a_model_says_how_to_give_one() {
    let error = match Cluster::up(program(), &[]) {
        Ok(_) => String::new(),
        Err(error) => error,
    };
    assert!(
        error.contains("no model is stored") && error.contains("MODEL.xml"),
        "{error}"
    );
}

#[test]
fn bad_models_are_refused_with_their_place_and_nothing_is_loaded() {
    let files = tempfile::tempdir().expect("a temporary directory");
    let cases = [
        ("syntax", "</object>", "", "is </object> missing"),
        (
            "class",
            "class=\"SaAmfApplication\"",
            "class=\"SaAmfNothing\"",
            "SaAmfNothing",
        ),
        ("type", "<value>1</value>", "<value>one</value>", "one"),
        (
            "parent",
            "<dn>safSi=Web,safApp=Demo</dn>",
            "<dn>safSi=Web,safApp=None</dn>",
            "safApp=None",
        ),
        (
            "reference",
            "<value>safSg=Web,safApp=Demo</value>",
            "<value>safSg=None,safApp=Demo</value>",
            "safSg=None",
        ),
    ];
    for (name, from, to, said) in cases {
        let path = files.path().join(format!("{name}.xml"));
        std::fs::write(&path, models::DEMO.replacen(from, to, 1)).expect("the model can be written");
        let Err(error) = Cluster::up(program(), &[&path]) else {
            panic!("{name}: the model must be refused");
        };
        let place = format!("{name}.xml:");
        assert!(
            error.contains(&place),
            "{name}: the message names the file and the line: {error}"
        );
        assert!(error.contains(said), "{name}: {error}");
    }
}

#[test]
fn a_corrupt_store_is_one_clear_line_and_stays_as_it_was() {
    let stage = Stage::up();
    stage
        .cluster
        .done("perdure", &["down"])
        .expect("the cluster goes down");
    let store = stage.cluster.dir().join("imm/data.mdb");
    std::fs::write(&store, b"this is not a database, though it once was")
        .expect("the store can be overwritten");
    let before = std::fs::read(&store).expect("it can be read");
    let error = stage.cluster.start(&[]).expect_err("a corrupt store is refused");
    assert!(error.contains("data.mdb") || error.contains("imm"), "{error}");
    assert_eq!(
        std::fs::read(&store).expect("it can be read"),
        before,
        "nothing was damaged further"
    );
}

/// The steps of OpenSAF's own demo, on the model that OpenSAF generated for itself.
#[test]
fn opensafs_demo_runs_by_its_own_steps() {
    let Some(shared) = shared_models() else {
        println!("skipped: the models of OpenSAF are not beside the project");
        return;
    };
    let cluster = Cluster::up(program(), &[&shared.join("immsv/opensaf-3-nodes-imm.xml")])
        .expect("OpenSAF's own model comes up");
    let nodes = cluster
        .done("immfind", &["-c", "SaAmfNode"])
        .expect("immfind works");
    for node in nodes.lines() {
        cluster.wait_attr(node, "saAmfNodeOperState", "1");
    }
    assert_eq!(nodes.lines().count(), 3);
    let demo = shared.join("amf/AppConfig-2N.xml");
    cluster
        .done("immcfg", &["-f".as_ref(), demo.as_os_str()])
        .expect("the demo model loads");
    let bundle = cluster.dir().join("bundle");
    tools::samples::write_bundle(&bundle, program()).expect("the bundle can be written");
    // The attribute is not writable in OpenSAF's own class: the object is made anew.
    for node in ["SC-1", "SC-2"] {
        let dn =
            format!("safInstalledSwBundle=safSmfBundle=AmfDemo,safAmfNode={node},safAmfCluster=myAmfCluster");
        let set = format!("saAmfNodeSwBundlePathPrefix={}", bundle.display());
        cluster
            .done("immcfg", &["-d", &dn])
            .expect("the bundle can be removed");
        cluster
            .done("immcfg", &["-c", "SaAmfNodeSwBundle", "-a", &set, &dn])
            .expect("and installed elsewhere");
    }
    let sus = [
        "safSu=SU1,safSg=AmfDemo,safApp=AmfDemo1",
        "safSu=SU2,safSg=AmfDemo,safApp=AmfDemo1",
    ];
    for operation in ["unlock-in", "unlock"] {
        for su in sus {
            cluster.done("amf-adm", &[operation, su]).expect("the SU obeys");
        }
    }
    let si = "safSi=AmfDemo,safApp=AmfDemo1";
    cluster.wait_ha(sus[0], si, "1");
    cluster.wait_ha(sus[1], si, "2");
    cluster.done("amf-adm", &["si-swap", si]).expect("si-swap");
    assert_eq!(cluster.ha_state(sus[1], si), "1");

    escalates_as_its_sg_type_says(&cluster, sus[1], si);

    let attribute = "safCsiAttr=AmfDemo1,safCsi=AmfDemo,safSi=AmfDemo,safApp=AmfDemo1";
    cluster
        .done("immcfg", &["-a", "saAmfCSIAttriValue+=CCCC", attribute])
        .expect("a CSI attribute can be changed");
    assert_eq!(cluster.attr(attribute, "saAmfCSIAttriValue"), "AAAA:BBBB:CCCC");

    dump_loads_again(&cluster);
    proxied_components_wait_for_a_proxy(&cluster, &shared.join("amf/proxied.xml"));
}

/// A model with proxied components loads and is managed; without a proxy nothing of it runs.
fn proxied_components_wait_for_a_proxy(cluster: &Cluster, proxied: &Path) {
    cluster
        .done("immcfg", &["-f".as_ref(), proxied.as_os_str()])
        .expect("the model loads");
    let su = "safSu=1,safSg=2N,safApp=Proxied";
    assert_eq!(cluster.attr(su, "saAmfSUPresenceState"), "1");
    assert_eq!(cluster.attr(su, "saAmfSUPreInstantiable"), "0");
}

/// The component is restarted in place; the tenth error within the probation restarts the SU
/// (saAmfSgtDefCompRestartMax is 10). On a slow machine a probation may end in between, and more errors are needed.
fn escalates_as_its_sg_type_says(cluster: &Cluster, su: &str, si: &str) {
    let comp = format!("safComp=AmfDemo,{su}");
    let mut kills = 0;
    while cluster.attr(su, "saAmfSURestartCount") == "0" {
        let before = processes_of(cluster.dir(), &comp);
        stage::kill_all(cluster, &comp);
        kills += 1;
        wait_for("the component to be another process, and ACTIVE", || {
            let now = processes_of(cluster.dir(), &comp);
            let fresh = !now.is_empty() && now.iter().all(|pid| !before.contains(pid));
            fresh && cluster.attr(&comp, "saAmfCompPresenceState") == "3" && cluster.ha_state(su, si) == "1"
        })
        .expect("it is restarted in place");
        assert!(kills <= 200, "component restarts never escalate");
    }
    assert!(kills >= 10, "the SU was restarted after {kills} errors already");
    assert_eq!(
        cluster.attr(su, "saAmfSUOperState"),
        "1",
        "a restart disables nothing"
    );
}

/// `immdump` of a cluster loads into an empty one, and the two dumps are equal.
fn dump_loads_again(cluster: &Cluster) {
    let file = cluster.dir().join("dump.xml");
    let dump = cluster.done("immdump", &[] as &[&str]).expect("immdump works");
    std::fs::write(&file, &dump).expect("the dump can be written");
    let second = Cluster::up(program(), &[&file]).expect("the dump comes up");
    let again = second.done("immdump", &[] as &[&str]).expect("immdump works");
    assert_eq!(stage::configuration(&again), stage::configuration(&dump));
}
