//! Random models: a cluster, its types, applications, and service groups with their SUs, components and SIs.

mod group;
mod known;
mod limits;
mod objects;

use ais::Dn;
use ais::amf::RedundancyModel;
use director_engine::ModelChange;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

pub use group::{add_comp, add_si, add_su_objects};
pub use known::{Known, Promise, name, number};
pub use objects::{Objects, SECOND, attr_bool, attr_name, attr_names, attr_number, attr_text, attr_time};

/// The cluster of every model.
pub const CLUSTER: &str = "safAmfCluster=sim";
/// The type of components with a process that registers.
pub const COMP_TYPE: &str = "safVersion=1,safCompType=Sim";
/// The type of components that are only started and stopped.
pub const SCRIPT_TYPE: &str = "safVersion=1,safCompType=Script";
/// The type of every CSI.
pub const CS_TYPE: &str = "safVersion=1,safCSType=Sim";
/// The type of every SI.
pub const SVC_TYPE: &str = "safVersion=1,safSvcType=Sim";
/// The type of every SU.
pub const SU_TYPE: &str = "safVersion=1,safSuType=Sim";
/// The node group that has every node.
pub const NODE_GROUP: &str = "safAmfNodeGroup=All,safAmfCluster=sim";
/// The key of the healthcheck that components start.
pub const HEALTHCHECK: &str = "Sim";

/// The redundancy models that the director serves.
pub const SERVED: &[RedundancyModel] = RedundancyModel::ALL;

/// Whether groups adjust themselves: not before every planner does what an adjustment wants.
pub const ADJUSTS: bool = true;

/// What a model is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The largest number of nodes.
    pub nodes_max: usize,
    /// Only this redundancy model, where one is named.
    pub only: Option<RedundancyModel>,
}

/// How many nodes a cluster has: mostly few, now and then many.
fn node_count(rng: &mut SmallRng, most: usize) -> usize {
    let wanted = match rng.random_range(0..100) {
        0..60 => rng.random_range(2..=3),
        60..88 => rng.random_range(3..=5),
        88..98 => rng.random_range(5..=10),
        _ => rng.random_range(10..=50),
    };
    wanted.min(most.max(2))
}

/// The objects of a random model.
pub fn random(rng: &mut SmallRng, bounds: Bounds) -> Vec<ModelChange> {
    // Drawn apart, so that the other models are what they are without.
    let mut apart = SmallRng::seed_from_u64(rng.clone().random::<u64>() ^ LIMITS);
    let mut objects = Objects::default();
    let nodes = node_count(rng, bounds.nodes_max);
    add_cluster(&mut objects, rng, nodes);
    add_types(&mut objects, rng);
    let groups = match nodes {
        0..=3 if rng.random_bool(0.6) => 1,
        0..=5 => rng.random_range(1..=2),
        _ => rng.random_range(2..=nodes / 2),
    };
    let apps = if rng.random_bool(0.2) { 2 } else { 1 };
    for app in 0..apps {
        let app = format!("safApp=A{app}");
        objects.add(
            "SaAmfApplication",
            &app,
            vec![attr_name("saAmfAppType", "safVersion=1,safAppType=Sim")],
        );
    }
    let mut sis: Vec<Dn> = Vec::new();
    for index in 0..groups {
        let model = bounds.only.unwrap_or(SERVED[rng.random_range(0..SERVED.len())]);
        let app = format!("safApp=A{}", rng.random_range(0..apps));
        sis.extend(group::add(&mut objects, rng, index, &app, model, nodes));
    }
    if rng.random_bool(0.3) {
        add_dependencies(&mut objects, rng, &sis);
    }
    limits::draw(&mut objects, &mut apart);
    objects.0
}

/// What limits are drawn with.
const LIMITS: u64 = 0x11_4175;

/// A cluster with one service group: each SU has one component and a node of its own, each SI one CSI.
pub fn small(model: RedundancyModel, sus: usize, sis: usize) -> Vec<ModelChange> {
    let rng = &mut SmallRng::seed_from_u64(7);
    let mut objects = Objects::default();
    add_cluster(&mut objects, rng, sus);
    add_types(&mut objects, rng);
    objects.add("SaAmfApplication", "safApp=A0", vec![]);
    group::add_small(&mut objects, rng, model, sus, sis);
    objects.0
}

fn add_cluster(objects: &mut Objects, rng: &mut SmallRng, nodes: usize) {
    let timeout = rng.random_range(1..=4) * SECOND;
    objects.add(
        "SaAmfCluster",
        CLUSTER,
        vec![attr_time("saAmfClusterStartupTimeout", timeout)],
    );
    let (auto_repair, failfast) = (rng.random_bool(0.8), rng.random_bool(0.15));
    for index in 1..=nodes {
        let name = node_name(index);
        let clm = format!("safNode=N{index},safCluster=sim");
        let attrs = vec![
            attr_name("saAmfNodeClmNode", &clm),
            attr_time("saAmfNodeSuFailOverProb", 10 * SECOND),
            attr_number(
                "saAmfNodeSuFailoverMax",
                [0, 1, 2, 3, 3, 10][rng.random_range(0..6)],
            ),
            attr_bool("saAmfNodeAutoRepair", auto_repair),
            attr_bool("saAmfNodeFailfastOnTerminationFailure", failfast),
            attr_bool("saAmfNodeFailfastOnInstantiationFailure", failfast),
        ];
        objects.add("SaAmfNode", &name, attrs);
    }
    let all: Vec<String> = (1..=nodes).map(node_name).collect();
    objects.add(
        "SaAmfNodeGroup",
        NODE_GROUP,
        vec![attr_names("saAmfNGNodeList", &all)],
    );
    if nodes > 2 && rng.random_bool(0.3) {
        let part: Vec<String> = (1..=nodes / 2 + 1).map(node_name).collect();
        let name = format!("safAmfNodeGroup=Part,{CLUSTER}");
        objects.add(
            "SaAmfNodeGroup",
            &name,
            vec![attr_names("saAmfNGNodeList", &part)],
        );
    }
}

/// The node with this number.
pub fn node_name(index: usize) -> String {
    format!("safAmfNode=N{index},{CLUSTER}")
}

fn add_types(objects: &mut Objects, rng: &mut SmallRng) {
    for (dn, category) in [(COMP_TYPE, 1), (SCRIPT_TYPE, 8)] {
        let mut attrs = vec![
            attr_number("saAmfCtCompCategory", category),
            attr_time("saAmfCtDefClcCliTimeout", 5 * SECOND),
            attr_time("saAmfCtDefCallbackTimeout", 3 * SECOND),
            attr_time("saAmfCtDefQuiescingCompleteTimeout", 3 * SECOND),
            attr_number("saAmfCtDefRecoveryOnError", [2, 2, 3][rng.random_range(0..3)]),
            attr_bool("saAmfCtDefDisableRestart", false),
            attr_text("saAmfCtRelPathInstantiateCmd", "/sim/start"),
            attr_text("saAmfCtRelPathCleanupCmd", "/sim/clean"),
        ];
        if category == 8 {
            attrs.push(attr_text("saAmfCtRelPathTerminateCmd", "/sim/stop"));
        }
        objects.add("SaAmfCompType", dn, attrs);
        objects.add(
            "SaAmfCtCsType",
            &supported(dn),
            vec![attr_number("saAmfCtCompCapability", 1)],
        );
    }
    let healthcheck = vec![
        attr_time("saAmfHctDefPeriod", 7 * SECOND),
        attr_time("saAmfHctDefMaxDuration", SECOND),
    ];
    let key = format!("safHealthcheckKey={HEALTHCHECK},{COMP_TYPE}");
    objects.add("SaAmfHealthcheckType", &key, healthcheck);
    objects.add("SaAmfCSType", CS_TYPE, vec![]);
    objects.add("SaAmfSvcType", SVC_TYPE, vec![]);
    let su_type = vec![
        attr_bool("saAmfSutIsExternal", false),
        attr_bool("saAmfSutDefSUFailover", false),
        attr_name("saAmfSutProvidesSvcTypes", SVC_TYPE),
    ];
    objects.add("SaAmfSUType", SU_TYPE, su_type);
}

/// The association of `owner` with the type of every CSI.
pub fn supported(owner: &str) -> String {
    format!("safSupportedCsType={},{owner}", CS_TYPE.replace(',', "\\,"))
}

/// SIs that need others: each only such as came before it, so that no circle comes about.
fn add_dependencies(objects: &mut Objects, rng: &mut SmallRng, sis: &[Dn]) {
    for (at, si) in sis.iter().enumerate().skip(1) {
        let sponsor = &sis[rng.random_range(0..at)];
        if sponsor.parent() != si.parent() || rng.random_bool(0.4) {
            continue;
        }
        let tolerance = [0, 0, 1, 5][rng.random_range(0..4)] * SECOND;
        objects.add(
            "SaAmfSIDependency",
            &format!("safDepend={},{si}", sponsor.escaped()),
            vec![attr_time("saAmfToleranceTime", tolerance)],
        );
    }
}
