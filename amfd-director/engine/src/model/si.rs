//! Service instances and their component service instances.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ais::Dn;

use super::raw::{Raw, RawObject};
use super::{Problem, Rank, check};

/// The attributes of a CSI with their values, in the order of their names; shared with those who were told them.
pub(crate) type Attributes = Arc<Vec<(String, Vec<String>)>>;

/// A component service instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Csi {
    pub(crate) dn: Dn,
    pub(crate) cs_type: Dn,
    /// Assigned after those of a lower level, removed before them.
    pub(crate) level: u32,
    /// The CSIs that must be assigned for this one to be.
    pub(crate) needs: BTreeSet<Dn>,
    pub(crate) attributes: Attributes,
}

/// A service instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Si {
    pub(crate) rank: Rank,
    /// `saAmfSIPrefActiveAssignments`; `None` where it is 0 or missing: as many as there shall be assigned SUs.
    pub(crate) pref_active: Option<usize>,
    /// `saAmfSIPrefStandbyAssignments`, 1 where it is missing.
    pub(crate) pref_standby: usize,
    /// The SUs of its `SaAmfSIRankedSU` objects, the best first.
    pub(crate) ranked: Vec<Dn>,
    /// By level, then by name.
    pub(crate) csis: Vec<Csi>,
}

pub(crate) fn build(raw: &Raw, dn: &Dn, object: &RawObject, problems: &mut Vec<Problem>) -> Si {
    let mut csis = Vec::new();
    for (csi, object) in raw.children_of_class(dn, "SaAmfCSI") {
        if let Err(problem) = check(raw, csi, object) {
            problems.push(problem);
            continue;
        }
        match object.dn("saAmfCSType") {
            Some(cs_type) => csis.push(Csi {
                dn: csi.clone(),
                cs_type,
                level: 0,
                needs: object.dns("saAmfCSIDependencies").into_iter().collect(),
                attributes: attributes(raw, csi),
            }),
            None => problems.push(Problem::missing(csi, "saAmfCSType")),
        }
    }
    let levels = levels(&csis, problems);
    for csi in &mut csis {
        csi.level = levels.get(&csi.dn).copied().unwrap_or(1);
    }
    csis.sort_by(|a, b| (a.level, &a.dn).cmp(&(b.level, &b.dn)));
    Si {
        rank: Rank::from_config(object.u32("saAmfSIRank")),
        pref_active: object
            .u32("saAmfSIPrefActiveAssignments")
            .filter(|number| *number > 0)
            .map(|number| number as usize),
        pref_standby: object.u32("saAmfSIPrefStandbyAssignments").unwrap_or(1) as usize,
        ranked: ranked(raw, dn),
        csis,
    }
}

/// The RDN of a `SaAmfSIRankedSU` embeds the DN of the SU.
fn ranked(raw: &Raw, si: &Dn) -> Vec<Dn> {
    let mut order: Vec<(u32, Dn)> = raw
        .children_of_class(si, "SaAmfSIRankedSU")
        .filter_map(|(dn, object)| {
            let su = Dn::new(&dn.rdn_value()).ok()?;
            Some((object.u32("saAmfRank").unwrap_or(u32::MAX), su))
        })
        .collect();
    order.sort();
    order.into_iter().map(|(_, su)| su).collect()
}

fn attributes(raw: &Raw, csi: &Dn) -> Attributes {
    let all = raw
        .children_of_class(csi, "SaAmfCSIAttribute")
        .map(|(dn, object)| (dn.rdn_value(), object.texts("saAmfCSIAttriValue")))
        .collect();
    Arc::new(all)
}

/// 1 for a CSI that needs nothing, else one more than the highest it needs. CSIs in a cycle all get the level
/// above the rest, and the cycle is a problem.
fn levels(csis: &[Csi], problems: &mut Vec<Problem>) -> BTreeMap<Dn, u32> {
    let known: BTreeSet<&Dn> = csis.iter().map(|csi| &csi.dn).collect();
    let mut levels: BTreeMap<Dn, u32> = BTreeMap::new();
    let mut level = 1;
    while levels.len() < csis.len() {
        let ready: Vec<Dn> = csis
            .iter()
            .filter(|csi| !levels.contains_key(&csi.dn))
            .filter(|csi| {
                csi.needs
                    .iter()
                    .all(|need| !known.contains(need) || levels.contains_key(need))
            })
            .map(|csi| csi.dn.clone())
            .collect();
        if ready.is_empty() {
            for csi in csis.iter().filter(|csi| !levels.contains_key(&csi.dn)) {
                problems.push(Problem::new(
                    &csi.dn,
                    "saAmfCSIDependencies leads back to the CSI itself".to_owned(),
                ));
            }
            let rest: Vec<Dn> = csis.iter().map(|csi| csi.dn.clone()).collect();
            for dn in rest {
                levels.entry(dn).or_insert(level);
            }
        }
        for dn in ready {
            levels.insert(dn, level);
        }
        level += 1;
    }
    levels
}
