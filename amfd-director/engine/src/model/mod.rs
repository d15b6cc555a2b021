//! The typed configuration, built from the objects of the repository. Defaults of types are filled in here and
//! nowhere else. What is broken is left out with a [`Problem`]; the rest is served.

mod change;
#[cfg(test)]
mod change_tests;
mod comp;
pub(crate) mod dependency;
mod node;
pub(crate) mod raw;
mod sg;
mod si;

use std::collections::{BTreeMap, BTreeSet};

use ais::{Dn, Refusal};

pub(crate) use change::{Changes, Concern};
pub(crate) use comp::{Capacity, Comp};
pub(crate) use dependency::Dependencies;
pub(crate) use node::{Cluster, Node};
pub(crate) use raw::Raw;
use raw::{RawObject, Read};
pub(crate) use sg::{Sg, Su, node_config};
pub(crate) use si::{Attributes, Csi, Si};

use crate::validate::legal;

/// How important an SU or SI is; less is more important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u32);

impl Rank {
    pub(crate) const FIRST: Rank = Rank(0);

    /// A configured rank; 0 and none are the least important (OpenSAF practice).
    fn from_config(rank: Option<u32>) -> Rank {
        Rank(match rank {
            None | Some(0) => u32::MAX,
            Some(rank) => rank,
        })
    }
}

/// Why an object is left unmanaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) dn: Dn,
    pub(crate) text: String,
}

impl Problem {
    fn new(dn: &Dn, text: String) -> Problem {
        Problem { dn: dn.clone(), text }
    }

    /// What a rule of the model says against the object.
    fn of(dn: &Dn, refusal: &Refusal) -> Problem {
        let own = format!("{dn}: ");
        let text = refusal.text.strip_prefix(&own).unwrap_or(&refusal.text);
        Problem::new(dn, text.to_owned())
    }

    fn missing(dn: &Dn, attribute: &str) -> Problem {
        Problem::new(dn, format!("{attribute} of {dn} has no legal value"))
    }

    fn dangling(dn: &Dn, attribute: &str, target: &Dn) -> Problem {
        Problem::new(dn, format!("{attribute} names {target}, which does not exist"))
    }
}

/// Whether the object keeps the rules that hold for all that is served.
fn check(raw: &Raw, dn: &Dn, object: &RawObject) -> Result<(), Problem> {
    legal(raw, dn, object).map_err(|refusal| Problem::of(dn, &refusal))
}

/// The configuration that is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) cluster: Cluster,
    pub(crate) nodes: BTreeMap<Dn, Node>,
    /// Each node group with its nodes.
    pub(crate) groups: BTreeMap<Dn, BTreeSet<Dn>>,
    /// The service groups that are managed.
    pub(crate) sgs: BTreeMap<Dn, Sg>,
    /// SGs of applications that are left unmanaged on purpose, with the application.
    foreign_sgs: BTreeMap<Dn, Dn>,
    /// What is broken, by the SG that it was found with.
    problems: BTreeMap<Dn, Vec<Problem>>,
    /// Which SIs depend on which.
    pub(crate) dependencies: Dependencies,
    su_sg: BTreeMap<Dn, Dn>,
    si_sg: BTreeMap<Dn, Dn>,
    /// The SUs that each node hosts.
    hosted: BTreeMap<Dn, BTreeSet<Dn>>,
    /// Those of them that have components which a proxy or container manages.
    proxied: BTreeMap<Dn, BTreeSet<Dn>>,
    /// The SUs that have components which are managed by who is active for the CSI, wherever that is.
    proxied_by: BTreeMap<Dn, BTreeSet<Dn>>,
    /// The managed SGs of each application.
    app_sgs: BTreeMap<Dn, BTreeSet<Dn>>,
    /// Which SGs were built from what, apart from what stands below them and their SIs.
    readers: BTreeMap<Read, BTreeSet<Dn>>,
    reads: BTreeMap<Dn, BTreeSet<Read>>,
}

impl Model {
    /// Everything that is broken.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems
            .values()
            .flatten()
            .chain(self.dependencies.problems())
    }

    /// The applications that are left unmanaged on purpose, as far as the model has them.
    pub(crate) fn foreign_apps(&self) -> BTreeSet<&Dn> {
        self.foreign_sgs.values().collect()
    }

    /// The managed SUs that the node hosts.
    pub(crate) fn sus_on(&self, node: &Dn) -> impl Iterator<Item = (&Dn, &Dn, &Su)> {
        let hosted = self.hosted.get(node).into_iter().flatten();
        hosted.filter_map(|dn| {
            let (sg, _, su) = self.su(dn)?;
            Some((sg, dn, su))
        })
    }

    /// The SUs that the node hosts and that have components which a proxy or container manages; none where there are
    /// none.
    pub(crate) fn proxied_on(&self, node: &Dn) -> Option<&BTreeSet<Dn>> {
        self.proxied.get(node)
    }

    /// The SUs that have components which are managed by who is active for the CSI.
    pub(crate) fn proxied_by(&self, csi: &Dn) -> impl Iterator<Item = &Dn> {
        self.proxied_by.get(csi).into_iter().flatten()
    }

    /// Whether there are components whose proxy may be on any node.
    pub(crate) fn has_proxies(&self) -> bool {
        !self.proxied_by.is_empty()
    }

    /// The managed SUs that an SU, SG, node, node group, application or cluster has in its scope, each once.
    pub(crate) fn sus_within(&self, scope: &Dn) -> BTreeSet<&Dn> {
        let of_sg = |sg: &Dn| self.sgs.get(sg).into_iter().flat_map(|sg| sg.sus.keys());
        if let Some((su, _)) = self.su_sg.get_key_value(scope) {
            [su].into()
        } else if self.sgs.contains_key(scope) {
            of_sg(scope).collect()
        } else if let Some(sgs) = self.app_sgs.get(scope) {
            sgs.iter().flat_map(of_sg).collect()
        } else if let Some(nodes) = self.groups.get(scope) {
            let on = |node| self.sus_on(node).map(|(_, su, _)| su);
            nodes.iter().flat_map(on).collect()
        } else if self.cluster.dn.as_ref() == Some(scope) {
            self.su_sg.keys().collect()
        } else {
            self.sus_on(scope).map(|(_, su, _)| su).collect()
        }
    }

    pub(crate) fn su(&self, dn: &Dn) -> Option<(&Dn, &Sg, &Su)> {
        let sg = self.su_sg.get(dn)?;
        let (sg, group) = self.sgs.get_key_value(sg)?;
        Some((sg, group, group.sus.get(dn)?))
    }

    pub(crate) fn si(&self, dn: &Dn) -> Option<(&Dn, &Sg, &Si)> {
        let sg = self.si_sg.get(dn)?;
        let (sg, group) = self.sgs.get_key_value(sg)?;
        Some((sg, group, group.sis.get(dn)?))
    }

    /// The component with its SU.
    pub(crate) fn comp(&self, dn: &Dn) -> Option<(Dn, &Su, &Comp)> {
        let su_dn = dn.parent()?;
        let (_, _, su) = self.su(&su_dn)?;
        let comp = su.comps.iter().find(|comp| comp.dn() == dn)?;
        Some((su_dn, su, comp))
    }

    /// Enters the SG into the indexes.
    fn file(&mut self, dn: &Dn, sg: &Sg) {
        for (su, config) in &sg.sus {
            self.su_sg.insert(su.clone(), dn.clone());
            for csi in config.comps.iter().filter_map(Comp::proxy_csi) {
                self.proxied_by.entry(csi.clone()).or_default().insert(su.clone());
            }
            if let Some(node) = &config.node {
                self.hosted.entry(node.clone()).or_default().insert(su.clone());
                if config.comps.iter().any(Comp::is_managed) {
                    self.proxied.entry(node.clone()).or_default().insert(su.clone());
                }
            }
        }
        for si in sg.sis.keys() {
            self.si_sg.insert(si.clone(), dn.clone());
        }
        if let Some(app) = &sg.app {
            self.app_sgs.entry(app.clone()).or_default().insert(dn.clone());
        }
    }

    /// Takes the SG out of the indexes.
    fn unfile(&mut self, dn: &Dn, sg: &Sg) {
        for (su, config) in &sg.sus {
            self.su_sg.remove(su);
            for csi in config.comps.iter().filter_map(Comp::proxy_csi) {
                remove_from(&mut self.proxied_by, csi, su);
            }
            if let Some(node) = &config.node {
                remove_from(&mut self.hosted, node, su);
                remove_from(&mut self.proxied, node, su);
            }
        }
        for si in sg.sis.keys() {
            self.si_sg.remove(si);
        }
        if let Some(app) = &sg.app {
            remove_from(&mut self.app_sgs, app, dn);
        }
    }
}

/// Takes `value` out of the set of `key`.
fn remove_from<K: Ord>(sets: &mut BTreeMap<K, BTreeSet<Dn>>, key: &K, value: &Dn) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
