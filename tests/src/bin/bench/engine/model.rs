//! The objects of a large cluster: pairs of SUs, or larger groups, over many nodes.

use ais::{Attr, Dn, Value};
use director_engine::ModelChange;

/// What the cluster looks like.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Nodes; the SUs of a group stand on neighbouring ones.
    pub nodes: usize,
    /// Service groups.
    pub groups: usize,
    /// SUs of each group.
    pub sus: usize,
    /// SIs of each group.
    pub sis: usize,
    /// SUs that stand on the first node.
    pub on_first: usize,
    /// `saAmfSgtRedundancyModel`
    pub redundancy: u32,
}

const CLUSTER: &str = "safAmfCluster=bench";
const APP: &str = "safApp=Bench";
const CS_TYPE: &str = "safVersion=1,safCSType=Bench";
const COMP_TYPE: &str = "safVersion=1,safCompType=Bench";
const SU_TYPE: &str = "safVersion=1,safSuType=Bench";
const SG_TYPE: &str = "safVersion=1,safSgType=Bench";

/// The name of a node, SU, SI and so on.
///
/// # Panics
/// Never; the texts are legal names.
pub fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn node(number: usize) -> Dn {
    dn(&format!("safAmfNode=Node-{number:04},{CLUSTER}"))
}

pub fn su(group: usize, number: usize) -> Dn {
    dn(&format!("safSu=SU{number},safSg=Group-{group:05},{APP}"))
}

pub fn si(group: usize, number: usize) -> Dn {
    dn(&format!("safSi=Group-{group:05}-{number},{APP}"))
}

fn u32_attr(name: &str, value: u32) -> Attr {
    Attr::single(name, Value::Uint32(value))
}

fn name_attr(name: &str, value: &str) -> Attr {
    Attr::single(name, Value::Name(value.to_owned()))
}

fn text_attr(name: &str, value: &str) -> Attr {
    Attr::single(name, Value::String(value.to_owned()))
}

fn time_attr(name: &str, millis: i64) -> Attr {
    Attr::single(name, Value::Time(millis * 1_000_000))
}

fn object(class: &str, dn: Dn, attrs: Vec<Attr>) -> ModelChange {
    let class = class.to_owned();
    ModelChange::Create { class, dn, attrs }
}

impl Shape {
    /// Every object, types first.
    pub fn objects(&self) -> Vec<ModelChange> {
        let mut all = self.types();
        for number in 0..self.nodes {
            let attrs = vec![
                u32_attr("saAmfNodeSuFailoverMax", 1_000_000),
                time_attr("saAmfNodeSuFailOverProb", 1_200_000),
                name_attr(
                    "saAmfNodeClmNode",
                    &format!("safNode=Node-{number:04},safCluster=myClmCluster"),
                ),
            ];
            all.push(object("SaAmfNode", node(number), attrs));
        }
        for group in 0..self.groups {
            let sg = dn(&format!("safSg=Group-{group:05},{APP}"));
            let attrs = vec![
                name_attr("saAmfSGType", SG_TYPE),
                u32_attr("saAmfSGAutoRepair", 1),
                u32_attr("saAmfSGNumPrefInserviceSUs", 0),
            ];
            all.push(object("SaAmfSG", sg, attrs));
            for number in 0..self.sus {
                all.extend(Shape::su_objects(
                    group,
                    number,
                    &node(self.host(group, number)),
                    1,
                ));
            }
            for number in 0..self.sis {
                all.extend(Shape::si_objects(group, number));
            }
        }
        all
    }

    fn host(&self, group: usize, number: usize) -> usize {
        if number == 0 && group < self.on_first {
            return 0;
        }
        1 + (group * self.sus + number) % (self.nodes - 1).max(1)
    }

    /// An SU with a component.
    pub fn su_objects(group: usize, number: usize, host: &Dn, admin: u32) -> Vec<ModelChange> {
        let own = su(group, number);
        let comp = dn(&format!("safComp=Worker,{own}"));
        vec![
            object(
                "SaAmfSU",
                own,
                vec![
                    name_attr("saAmfSUType", SU_TYPE),
                    name_attr("saAmfSUHostNodeOrNodeGroup", host.as_str()),
                    u32_attr("saAmfSURank", u32::try_from(number + 1).unwrap_or(u32::MAX)),
                    u32_attr("saAmfSUAdminState", admin),
                ],
            ),
            object("SaAmfComp", comp, vec![name_attr("saAmfCompType", COMP_TYPE)]),
        ]
    }

    fn si_objects(group: usize, number: usize) -> Vec<ModelChange> {
        let own = si(group, number);
        let csi = dn(&format!("safCsi=Work,{own}"));
        let sg = format!("safSg=Group-{group:05},{APP}");
        vec![
            object(
                "SaAmfSI",
                own,
                vec![
                    name_attr("saAmfSIProtectedbySG", &sg),
                    u32_attr("saAmfSIRank", u32::try_from(number + 1).unwrap_or(u32::MAX)),
                    u32_attr("saAmfSIAdminState", 1),
                ],
            ),
            object("SaAmfCSI", csi, vec![name_attr("saAmfCSType", CS_TYPE)]),
        ]
    }

    fn types(&self) -> Vec<ModelChange> {
        let supports = format!("safSupportedCsType={},{COMP_TYPE}", dn(CS_TYPE).escaped());
        let commands = ["Instantiate", "Terminate", "Cleanup"];
        let mut comp_type = vec![
            u32_attr("saAmfCtCompCategory", 1),
            time_attr("saAmfCtDefClcCliTimeout", 10_000),
            time_attr("saAmfCtDefCallbackTimeout", 10_000),
            time_attr("saAmfCtDefQuiescingCompleteTimeout", 10_000),
            u32_attr("saAmfCtDefRecoveryOnError", 2),
        ];
        comp_type
            .extend(commands.map(|kind| text_attr(&format!("saAmfCtRelPath{kind}Cmd"), "/opt/bench/worker")));
        vec![
            object(
                "SaAmfCluster",
                dn(CLUSTER),
                vec![time_attr("saAmfClusterStartupTimeout", 10_000)],
            ),
            object(
                "SaAmfApplication",
                dn(APP),
                vec![u32_attr("saAmfApplicationAdminState", 1)],
            ),
            object("SaAmfCSType", dn(CS_TYPE), vec![]),
            object(
                "SaAmfSUType",
                dn(SU_TYPE),
                vec![u32_attr("saAmfSutDefSUFailover", 1)],
            ),
            object("SaAmfCompType", dn(COMP_TYPE), comp_type),
            object(
                "SaAmfCtCsType",
                dn(&supports),
                vec![
                    u32_attr("saAmfCtCompCapability", 1),
                    u32_attr("saAmfCtDefNumMaxActiveCSIs", 1_000),
                    u32_attr("saAmfCtDefNumMaxStandbyCSIs", 1_000),
                ],
            ),
            object(
                "SaAmfSGType",
                dn(SG_TYPE),
                vec![
                    u32_attr("saAmfSgtRedundancyModel", self.redundancy),
                    name_attr("saAmfSgtValidSuTypes", SU_TYPE),
                    u32_attr("saAmfSgtDefAutoRepair", 1),
                ],
            ),
        ]
    }
}
