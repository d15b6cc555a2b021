//! Nodes, node groups and the cluster.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::FailoverLimits;
use ais::{Dn, Millis};

use super::raw::{Raw, RawObject};

/// The cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub(crate) dn: Option<Dn>,
    /// `saAmfClusterStartupTimeout`; 2 s where it is 0 or missing (OpenSAF practice).
    pub(crate) startup_timeout: Millis,
    /// `osafAmfRestrictAutoRepairEnable`
    pub(crate) restrict_auto_repair: bool,
    /// `osafAmfDelayNodeFailoverTimeout`, in seconds: how long a lost node may take to come back.
    pub(crate) node_loss_delay: Option<Millis>,
    /// `osafAmfDelayNodeFailoverNodeWaitTimeout`, in seconds: how long a node that is back may take to report.
    pub(crate) node_wait: Option<Millis>,
}

impl Cluster {
    pub(crate) fn build(raw: &Raw) -> Cluster {
        let found = raw.class("SaAmfCluster").next();
        let timeout = found
            .and_then(|(_, object)| object.millis("saAmfClusterStartupTimeout"))
            .filter(|timeout| timeout.0 > 0);
        let seconds = |name: &str| {
            let value = raw
                .class("OpenSafAmfConfig")
                .find_map(|(_, object)| object.u32(name));
            value.map(|seconds| Millis(u64::from(seconds) * 1_000))
        };
        Cluster {
            dn: found.map(|(dn, _)| dn.clone()),
            startup_timeout: timeout.unwrap_or(Millis(2_000)),
            restrict_auto_repair: raw
                .class("OpenSafAmfConfig")
                .any(|(_, object)| object.u32("osafAmfRestrictAutoRepairEnable") == Some(1)),
            node_loss_delay: seconds("osafAmfDelayNodeFailoverTimeout"),
            node_wait: seconds("osafAmfDelayNodeFailoverNodeWaitTimeout").filter(|wait| wait.0 > 0),
        }
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// What components see in `NCS_ENV_NODE_ID`.
    pub(crate) id: u32,
    pub(crate) failover: FailoverLimits,
    pub(crate) auto_repair: bool,
    pub(crate) failfast_on_termination_failure: bool,
    pub(crate) failfast_on_instantiation_failure: bool,
    /// Where the software bundles are installed.
    pub(crate) bundles: BTreeMap<Dn, String>,
    /// The node groups that the node is in.
    pub(crate) groups: BTreeSet<Dn>,
}

impl Node {
    /// The node with this id.
    pub(crate) fn build(raw: &Raw, dn: &Dn, object: &RawObject, id: u32) -> Node {
        let flag = |name: &str, default: bool| object.u32(name).map_or(default, |value| value != 0);
        let bundles = raw
            .children_of_class(dn, "SaAmfNodeSwBundle")
            .filter_map(|(child, bundle)| {
                let name = Dn::new(&child.rdn_value()).ok()?;
                Some((name, bundle.text("saAmfNodeSwBundlePathPrefix")?.to_owned()))
            })
            .collect();
        Node {
            id,
            failover: FailoverLimits {
                su_failover_max: object.u32("saAmfNodeSuFailoverMax").unwrap_or(0),
                su_failover_probation: object.millis("saAmfNodeSuFailOverProb").unwrap_or(Millis(0)),
            },
            auto_repair: flag("saAmfNodeAutoRepair", true),
            failfast_on_termination_failure: flag("saAmfNodeFailfastOnTerminationFailure", false),
            failfast_on_instantiation_failure: flag("saAmfNodeFailfastOnInstantiationFailure", false),
            bundles,
            groups: raw
                .referrers(dn, "SaAmfNodeGroup")
                .filter(|(_, group)| members(group).contains(dn))
                .map(|(group, _)| group.clone())
                .collect(),
        }
    }
}

/// The nodes of a node group, in the order of their names, whether they exist or not.
pub(crate) fn members(group: &RawObject) -> BTreeSet<Dn> {
    group.dns("saAmfNGNodeList").into_iter().collect()
}

/// The ids that no node has, the least first. Nodes keep theirs, so that one that is added changes nothing for others.
pub(crate) fn free_ids(nodes: &BTreeMap<Dn, Node>) -> impl Iterator<Item = u32> + use<> {
    let taken: BTreeSet<u32> = nodes.values().map(|node| node.id).collect();
    let ids = (1..=u32::MAX >> 8).map(|position| 0x2000f_u32.saturating_add(position << 8));
    ids.filter(move |id| !taken.contains(id))
}
