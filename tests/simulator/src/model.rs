//! Random models: a cluster, its types, and service groups with their SUs, components and SIs.

use ais::{Attr, Dn, Value};
use director_engine::ModelChange;
use rand::Rng;
use rand::rngs::SmallRng;

const CLUSTER: &str = "safAmfCluster=sim";
const COMP_TYPE: &str = "safVersion=1,safCompType=Sim";
const SCRIPT_TYPE: &str = "safVersion=1,safCompType=Script";
const CS_TYPE: &str = "safVersion=1,safCSType=Sim";
const SVC_TYPE: &str = "safVersion=1,safSvcType=Sim";
const SU_TYPE: &str = "safVersion=1,safSuType=Sim";
const APP: &str = "safApp=Sim";
/// The key of the healthcheck that components start.
pub const HEALTHCHECK: &str = "Sim";
const SECOND: i64 = 1_000_000_000;

/// A model and the names that the simulator acts on.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Every object.
    pub objects: Vec<ModelChange>,
    /// The nodes.
    pub nodes: Vec<Dn>,
    /// The service groups.
    pub sgs: Vec<Dn>,
    /// The SUs.
    pub sus: Vec<Dn>,
    /// The components of all SUs.
    pub comps: Vec<Dn>,
    /// The SIs.
    pub sis: Vec<Dn>,
}

fn dn(text: &str) -> Dn {
    Dn::new(text).expect("the generator writes well-formed names")
}

fn number(name: &str, value: u32) -> Attr {
    Attr::single(name, Value::Uint32(value))
}

fn time(name: &str, nanoseconds: i64) -> Attr {
    Attr::single(name, Value::Time(nanoseconds))
}

fn text(name: &str, value: &str) -> Attr {
    Attr::single(name, Value::String(value.to_owned()))
}

fn name(attr: &str, value: &str) -> Attr {
    Attr::single(attr, Value::Name(value.to_owned()))
}

impl Model {
    /// A model with up to `nodes_max` nodes and a few service groups of the models that are planned so far.
    pub fn random(rng: &mut SmallRng, nodes_max: usize) -> Model {
        let mut model = Model::default();
        model.add_cluster(rng.random_range(2..=nodes_max.max(2)));
        model.add_types(rng);
        for group in 0..rng.random_range(1..=3) {
            if rng.random_bool(0.6) {
                model.add_two_n(rng, group);
            } else {
                model.add_no_redundancy(rng, group);
            }
        }
        model
    }

    fn add(&mut self, class: &str, object: &str, attrs: Vec<Attr>) -> Dn {
        let object = dn(object);
        self.objects.push(ModelChange::Create {
            class: class.to_owned(),
            dn: object.clone(),
            attrs,
        });
        object
    }

    fn add_cluster(&mut self, nodes: usize) {
        self.add(
            "SaAmfCluster",
            CLUSTER,
            vec![time("saAmfClusterStartupTimeout", 3 * SECOND)],
        );
        for index in 1..=nodes {
            let attrs = vec![
                name("saAmfNodeClmNode", &format!("safNode=N{index},safCluster=sim")),
                time("saAmfNodeSuFailOverProb", 60 * SECOND),
                number("saAmfNodeSuFailoverMax", 3),
                number("saAmfNodeAutoRepair", 1),
            ];
            let node = self.add("SaAmfNode", &format!("safAmfNode=N{index},{CLUSTER}"), attrs);
            self.nodes.push(node);
        }
    }

    fn add_types(&mut self, rng: &mut SmallRng) {
        self.add("SaAmfCompBaseType", "safCompType=Sim", vec![]);
        let recovery = [2, 2, 3][rng.random_range(0..3)];
        for (dn, category) in [(COMP_TYPE, 1), (SCRIPT_TYPE, 8)] {
            let mut attrs = vec![
                number("saAmfCtCompCategory", category),
                time("saAmfCtDefClcCliTimeout", 5 * SECOND),
                time("saAmfCtDefCallbackTimeout", 3 * SECOND),
                time("saAmfCtDefQuiescingCompleteTimeout", 3 * SECOND),
                number("saAmfCtDefRecoveryOnError", recovery),
                number("saAmfCtDefDisableRestart", 0),
                text("saAmfCtRelPathInstantiateCmd", "/sim/start"),
                text("saAmfCtRelPathCleanupCmd", "/sim/clean"),
            ];
            if category == 8 {
                attrs.push(text("saAmfCtRelPathTerminateCmd", "/sim/stop"));
            }
            self.add("SaAmfCompType", dn, attrs);
            let supported = format!("safSupportedCsType={},{dn}", CS_TYPE.replace(',', "\\,"));
            self.add(
                "SaAmfCtCsType",
                &supported,
                vec![number("saAmfCtCompCapability", 1)],
            );
        }
        let healthcheck = vec![
            time("saAmfHctDefPeriod", 7 * SECOND),
            time("saAmfHctDefMaxDuration", SECOND),
        ];
        let key = format!("safHealthcheckKey={HEALTHCHECK},{COMP_TYPE}");
        self.add("SaAmfHealthcheckType", &key, healthcheck);
        self.add("SaAmfCSType", CS_TYPE, vec![]);
        self.add("SaAmfSvcType", SVC_TYPE, vec![]);
        let su_type = vec![
            number("saAmfSutIsExternal", 0),
            number("saAmfSutDefSUFailover", u32::from(rng.random_bool(0.5))),
            name("saAmfSutProvidesSvcTypes", SVC_TYPE),
        ];
        self.add("SaAmfSUType", SU_TYPE, su_type);
        self.add(
            "SaAmfApplication",
            APP,
            vec![name("saAmfAppType", "safVersion=1,safAppType=Sim")],
        );
    }

    /// The group with its type; gives its DN.
    fn add_group(&mut self, rng: &mut SmallRng, group: usize, redundancy_model: u32) -> String {
        let sg_type = format!("safVersion=1,safSgType=T{group}");
        let attrs = vec![
            number("saAmfSgtRedundancyModel", redundancy_model),
            name("saAmfSgtValidSuTypes", SU_TYPE),
            number("saAmfSgtDefAutoRepair", 1),
            time("saAmfSgtDefAutoAdjustProb", SECOND),
            time("saAmfSgtDefCompRestartProb", 10 * SECOND),
            number("saAmfSgtDefCompRestartMax", rng.random_range(0..4)),
            time("saAmfSgtDefSuRestartProb", 20 * SECOND),
            number("saAmfSgtDefSuRestartMax", rng.random_range(0..3)),
        ];
        self.add("SaAmfSGType", &sg_type, attrs);
        let sg = format!("safSg=G{group},{APP}");
        let attrs = vec![
            name("saAmfSGType", &sg_type),
            number("saAmfSGNumPrefInserviceSUs", 10),
            number("saAmfSGNumPrefAssignedSUs", 10),
        ];
        let object = self.add("SaAmfSG", &sg, attrs);
        self.sgs.push(object);
        sg
    }

    /// An SU on the node with this index, with `comps` components of a type.
    fn add_su(&mut self, sg: &str, index: usize, node: usize, comp_type: &str, comps: usize) {
        let su = format!("safSu=SU{index},{sg}");
        let node = self.nodes[node % self.nodes.len()].as_str().to_owned();
        let attrs = vec![
            name("saAmfSUType", SU_TYPE),
            number("saAmfSURank", u32::try_from(index).unwrap_or(1)),
            name("saAmfSUHostNodeOrNodeGroup", &node),
        ];
        let object = self.add("SaAmfSU", &su, attrs);
        self.sus.push(object);
        for comp in 0..comps {
            let comp = format!("safComp=C{comp},{su}");
            let object = self.add("SaAmfComp", &comp, vec![name("saAmfCompType", comp_type)]);
            self.comps.push(object);
            let supported = format!("safSupportedCsType={},{comp}", CS_TYPE.replace(',', "\\,"));
            self.add("SaAmfCompCsType", &supported, vec![]);
        }
    }

    fn add_si(&mut self, sg: &str, si: &str, csis: usize) {
        let attrs = vec![name("saAmfSvcType", SVC_TYPE), name("saAmfSIProtectedbySG", sg)];
        let object = self.add("SaAmfSI", si, attrs);
        self.sis.push(object);
        for csi in 0..csis {
            self.add(
                "SaAmfCSI",
                &format!("safCsi=W{csi},{si}"),
                vec![name("saAmfCSType", CS_TYPE)],
            );
        }
    }

    fn add_two_n(&mut self, rng: &mut SmallRng, group: usize) {
        let sg = self.add_group(rng, group, 1);
        let comps = rng.random_range(1..=2);
        let first = rng.random_range(0..self.nodes.len());
        for index in 1..=rng.random_range(2..=self.nodes.len().min(4)) {
            self.add_su(&sg, index, first + index, COMP_TYPE, comps);
        }
        for si in 0..rng.random_range(1..=3) {
            self.add_si(
                &sg,
                &format!("safSi=G{group}I{si},{APP}"),
                rng.random_range(1..=comps),
            );
        }
    }

    fn add_no_redundancy(&mut self, rng: &mut SmallRng, group: usize) {
        let sg = self.add_group(rng, group, 5);
        let comp_type = if rng.random_bool(0.5) {
            COMP_TYPE
        } else {
            SCRIPT_TYPE
        };
        let sus = rng.random_range(1..=self.nodes.len().min(4));
        for index in 1..=sus {
            self.add_su(&sg, index, index, comp_type, 1);
        }
        for si in 0..rng.random_range(1..=sus) {
            self.add_si(&sg, &format!("safSi=G{group}I{si},{APP}"), 1);
        }
    }
}
