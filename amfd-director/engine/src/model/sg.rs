//! Service groups with their SUs and SIs.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{EscalationCounting, EscalationLimits, NodeConfig, RedundancyModel, SuConfig};
use ais::{Dn, Millis};

use super::comp::{self, Comp};
use super::node::Node;
use super::raw::{Raw, RawObject, Read};
use super::si::{self, Si};
use super::{Model, Problem, Rank, check};

/// A service unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Su {
    pub(crate) rank: Rank,
    /// The node that hosts it; `None` where none of its node group is left for it.
    pub(crate) node: Option<Dn>,
    /// `saAmfSUFailover`; always so where the SU is not pre-instantiable (OpenSAF practice).
    pub(crate) failover: bool,
    pub(crate) pre_instantiable: bool,
    /// Whether a maintenance campaign holds it.
    pub(crate) in_maintenance: bool,
    /// By instantiation level, then by name.
    pub(crate) comps: Vec<Comp>,
    limits: EscalationLimits,
}

impl Su {
    /// What its node director is told about it.
    pub(crate) fn config(&self, dn: &Dn) -> SuConfig {
        SuConfig {
            dn: dn.clone(),
            su_failover: self.failover,
            limits: self.limits,
            comps: self.comps.iter().map(|comp| comp.config.clone()).collect(),
        }
    }

    /// Whether some component could take some CSI of the SI.
    pub(crate) fn supports(&self, si: &Si) -> bool {
        si.csis.iter().any(|csi| {
            self.comps
                .iter()
                .any(|comp| comp.capacities.contains_key(&csi.cs_type))
        })
    }

    /// Whether all of its components may be restarted in place.
    pub(crate) fn is_restartable(&self) -> bool {
        self.comps.iter().all(|comp| !comp.config.disable_restart)
    }
}

/// A service group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sg {
    pub(crate) model: RedundancyModel,
    pub(crate) app: Option<Dn>,
    pub(crate) auto_repair: bool,
    /// `saAmfSGNumPrefInserviceSUs`; the number of SUs where it is 0 or missing (OpenSAF practice).
    pub(crate) pref_in_service: usize,
    /// `saAmfSGNumPrefActiveSUs`, 1 where it is 0 or missing.
    pub(crate) pref_active: usize,
    /// `saAmfSGNumPrefStandbySUs`, 1 where it is missing.
    pub(crate) pref_standby: usize,
    /// `saAmfSGNumPrefAssignedSUs`; as many as shall be in service where it is 0 or missing.
    pub(crate) pref_assigned: usize,
    /// For how many SIs an SU may be active; `None` where there is no limit.
    pub(crate) max_active: Option<usize>,
    /// For how many SIs an SU may be standby; `None` where there is no limit.
    pub(crate) max_standby: Option<usize>,
    /// `saAmfSGAutoAdjust`, else the type's.
    pub(crate) auto_adjust: bool,
    /// How long a repaired SU is not used for an auto-adjustment.
    pub(crate) auto_adjust_probation: Millis,
    pub(crate) sus: BTreeMap<Dn, Su>,
    pub(crate) sis: BTreeMap<Dn, Si>,
}

impl Sg {
    /// The SUs, the most important first.
    pub(crate) fn sus_by_rank(&self) -> Vec<&Dn> {
        let mut order: Vec<(Rank, &Dn)> = self.sus.iter().map(|(dn, su)| (su.rank, dn)).collect();
        order.sort();
        order.into_iter().map(|(_, dn)| dn).collect()
    }
}

/// What an SG is built from. Whatever is looked at is recorded ([`Raw::traced`]).
pub(crate) struct Surroundings<'a> {
    raw: &'a Raw,
    model: &'a Model,
    /// The SG so far: its SUs stay where they are hosted as long as their configuration allows it.
    before: Option<&'a Sg>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(raw: &'a Raw, model: &'a Model, before: Option<&'a Sg>) -> Surroundings<'a> {
        Surroundings { raw, model, before }
    }

    fn node(&self, dn: &Dn) -> Option<&'a Node> {
        self.raw.note(|| Read::Object(dn.clone()));
        self.model.nodes.get(dn)
    }

    fn group(&self, dn: &Dn) -> Option<&'a BTreeSet<Dn>> {
        self.raw.note(|| Read::Object(dn.clone()));
        self.model.groups.get(dn)
    }

    fn hosted(&self, su: &Dn) -> Option<Dn> {
        self.before?.sus.get(su)?.node.clone()
    }
}

/// The SG, or why it cannot be managed. What is wrong below it is put into `problems` and left out.
pub(crate) fn build(
    around: &Surroundings<'_>,
    dn: &Dn,
    object: &RawObject,
    problems: &mut Vec<Problem>,
) -> Result<Sg, Problem> {
    let raw = around.raw;
    check(raw, dn, object)?;
    let type_dn = object
        .dn("saAmfSGType")
        .ok_or_else(|| Problem::missing(dn, "saAmfSGType"))?;
    let sg_type = raw
        .of_class(&type_dn, "SaAmfSGType")
        .ok_or_else(|| Problem::dangling(dn, "saAmfSGType", &type_dn))?;
    check(raw, &type_dn, sg_type)?;
    let model = sg_type
        .u32("saAmfSgtRedundancyModel")
        .and_then(RedundancyModel::from_code)
        .ok_or_else(|| Problem::missing(&type_dn, "saAmfSgtRedundancyModel"))?;
    let limits = limits(object, sg_type);
    let hosts = map_to_nodes(around, dn, object);
    let mut sus = BTreeMap::new();
    for (su_dn, su_object) in raw.children_of_class(dn, "SaAmfSU") {
        match build_su(around, su_dn, su_object, hosts.get(su_dn), limits) {
            Ok(su) => {
                sus.insert(su_dn.clone(), su);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let mut sis = BTreeMap::new();
    for (si, object) in raw.referrers(dn, "SaAmfSI") {
        if object.dn("saAmfSIProtectedbySG").as_ref() != Some(dn) {
            continue;
        }
        match check(raw, si, object) {
            Ok(()) => {
                sis.insert(si.clone(), si::build(raw, si, object, problems));
            }
            Err(problem) => problems.push(problem),
        }
    }
    let number = |name: &str| {
        object
            .u32(name)
            .filter(|value| *value > 0)
            .map(|value| value as usize)
    };
    let pref_in_service = number("saAmfSGNumPrefInserviceSUs").unwrap_or(sus.len());
    Ok(Sg {
        model,
        app: dn.parent(),
        auto_repair: object
            .u32("saAmfSGAutoRepair")
            .or_else(|| sg_type.u32("saAmfSgtDefAutoRepair"))
            .is_none_or(|value| value != 0),
        pref_in_service,
        pref_active: number("saAmfSGNumPrefActiveSUs").unwrap_or(1),
        pref_standby: object.u32("saAmfSGNumPrefStandbySUs").unwrap_or(1) as usize,
        pref_assigned: number("saAmfSGNumPrefAssignedSUs").unwrap_or(pref_in_service),
        max_active: number("saAmfSGMaxActiveSIsperSU"),
        max_standby: number("saAmfSGMaxStandbySIsperSU"),
        auto_adjust: object
            .u32("saAmfSGAutoAdjust")
            .or_else(|| sg_type.u32("saAmfSgtDefAutoAdjust"))
            .is_some_and(|value| value != 0),
        auto_adjust_probation: object
            .millis("saAmfSGAutoAdjustProb")
            .or_else(|| sg_type.millis("saAmfSgtDefAutoAdjustProb"))
            .unwrap_or(Millis(0)),
        sus,
        sis,
    })
}

fn limits(object: &RawObject, sg_type: &RawObject) -> EscalationLimits {
    let number = |own: &str, of_type: &str| object.u32(own).or_else(|| sg_type.u32(of_type)).unwrap_or(0);
    let span = |own: &str, of_type: &str| {
        object
            .millis(own)
            .or_else(|| sg_type.millis(of_type))
            .unwrap_or(Millis(0))
    };
    EscalationLimits {
        comp_restart_max: number("saAmfSGCompRestartMax", "saAmfSgtDefCompRestartMax"),
        comp_restart_probation: span("saAmfSGCompRestartProb", "saAmfSgtDefCompRestartProb"),
        su_restart_max: number("saAmfSGSuRestartMax", "saAmfSgtDefSuRestartMax"),
        su_restart_probation: span("saAmfSGSuRestartProb", "saAmfSgtDefSuRestartProb"),
    }
}

fn build_su(
    around: &Surroundings<'_>,
    dn: &Dn,
    object: &RawObject,
    host: Option<&Dn>,
    limits: EscalationLimits,
) -> Result<Su, Problem> {
    let raw = around.raw;
    check(raw, dn, object)?;
    let type_dn = object
        .dn("saAmfSUType")
        .ok_or_else(|| Problem::missing(dn, "saAmfSUType"))?;
    let su_type = raw
        .of_class(&type_dn, "SaAmfSUType")
        .ok_or_else(|| Problem::dangling(dn, "saAmfSUType", &type_dn))?;
    check(raw, &type_dn, su_type)?;
    let node = host.and_then(|node| around.node(node));
    let mut comps = Vec::new();
    for (comp_dn, comp_object) in raw.children_of_class(dn, "SaAmfComp") {
        // A component that is broken breaks its SU: half an SU gives half a service.
        comps.push(comp::build(raw, comp_dn, comp_object, node)?);
    }
    comps.sort_by(|a, b| (a.config.instantiation_level, a.dn()).cmp(&(b.config.instantiation_level, b.dn())));
    let pre_instantiable = comps.iter().any(Comp::is_pre_instantiable);
    let failover = object
        .u32("saAmfSUFailover")
        .or_else(|| su_type.u32("saAmfSutDefSUFailover"))
        .is_some_and(|value| value != 0);
    Ok(Su {
        rank: Rank::from_config(object.u32("saAmfSURank")),
        node: host.cloned(),
        failover: failover || !pre_instantiable,
        pre_instantiable,
        in_maintenance: object.text("saAmfSUMaintenanceCampaign").is_some(),
        comps,
        limits,
    })
}

/// Which node hosts each SU of the SG: the one that its configuration names; or the one it has so far, as long as it
/// is in the SU's node group; or the first of the group without an SU of the SG; or the first of the group.
fn map_to_nodes(around: &Surroundings<'_>, sg: &Dn, object: &RawObject) -> BTreeMap<Dn, Dn> {
    let sg_group = object.dn("saAmfSGSuHostNodeGroup");
    let mut hosts: BTreeMap<Dn, Dn> = BTreeMap::new();
    let mut open: Vec<(Dn, &BTreeSet<Dn>)> = Vec::new();
    for (su, su_object) in around.raw.children_of_class(sg, "SaAmfSU") {
        let wanted = su_object
            .dn("saAmfSUHostNodeOrNodeGroup")
            .or_else(|| sg_group.clone());
        let Some(wanted) = wanted else { continue };
        if around.node(&wanted).is_some() {
            hosts.insert(su.clone(), wanted);
        } else if let Some(group) = around.group(&wanted) {
            let present = around.hosted(su).or_else(|| su_object.dn("saAmfSUHostedByNode"));
            match present.filter(|node| group.contains(node)) {
                Some(node) => {
                    hosts.insert(su.clone(), node);
                }
                None => open.push((su.clone(), group)),
            }
        }
    }
    for (su, group) in open {
        let taken: BTreeSet<&Dn> = hosts.values().collect();
        let node = group
            .iter()
            .find(|node| !taken.contains(node))
            .or_else(|| group.iter().next());
        if let Some(node) = node.cloned() {
            hosts.insert(su, node);
        }
    }
    hosts
}

/// What a node director is told about its node.
pub(crate) fn node_config(dn: &Dn, node: &Node, counting: EscalationCounting) -> NodeConfig {
    NodeConfig {
        dn: dn.clone(),
        node_id: node.id,
        failover: node.failover,
        counting,
    }
}
