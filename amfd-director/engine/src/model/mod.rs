//! The typed configuration, built from the objects of the repository. Defaults of types are filled in here and
//! nowhere else. What is broken is left out with a [`Problem`]; the rest is served.

mod comp;
mod node;
pub(crate) mod raw;
mod sg;
mod si;

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;

pub(crate) use comp::Comp;
pub(crate) use node::{Cluster, Node};
pub(crate) use raw::Raw;
pub(crate) use sg::{Sg, Su, node_config};
pub(crate) use si::{Csi, Si};

/// How important an SU or SI is; less is more important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(pub(crate) u32);

impl Rank {
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

    fn missing(dn: &Dn, attribute: &str) -> Problem {
        Problem::new(dn, format!("{attribute} of {dn} has no legal value"))
    }

    fn dangling(dn: &Dn, attribute: &str, target: &Dn) -> Problem {
        Problem::new(dn, format!("{attribute} names {target}, which does not exist"))
    }
}

/// The configuration that is served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) cluster: Cluster,
    pub(crate) nodes: BTreeMap<Dn, Node>,
    /// Each node group with its nodes.
    pub(crate) groups: BTreeMap<Dn, BTreeSet<Dn>>,
    /// The service groups that are managed.
    pub(crate) sgs: BTreeMap<Dn, Sg>,
    /// The applications that are left unmanaged on purpose, as far as the model has them.
    pub(crate) foreign_apps: BTreeSet<Dn>,
    pub(crate) problems: Vec<Problem>,
    su_sg: BTreeMap<Dn, Dn>,
    si_sg: BTreeMap<Dn, Dn>,
}

impl Model {
    /// The model of these objects. `before` is the one so far: SUs stay on their nodes where the configuration
    /// lets them.
    pub(crate) fn build(raw: &Raw, foreign_apps: &BTreeSet<Dn>, before: &Model) -> Model {
        let (nodes, groups) = node::build(raw);
        let mut model = Model {
            cluster: Cluster::build(raw),
            nodes,
            groups,
            ..Model::default()
        };
        let hosted = before.hosting();
        let mut sis_of: BTreeMap<Dn, Vec<Dn>> = BTreeMap::new();
        for (si, object) in raw.class("SaAmfSI") {
            if let Some(sg) = object.dn("saAmfSIProtectedbySG") {
                sis_of.entry(sg).or_default().push(si.clone());
            }
        }
        for (dn, object) in raw.class("SaAmfSG") {
            if let Some(app) = foreign_apps.iter().find(|app| dn.is_within(app)) {
                model.foreign_apps.insert(app.clone());
                continue;
            }
            let around = sg::Surroundings {
                raw,
                nodes: &model.nodes,
                groups: &model.groups,
                hosted: &hosted,
                sis: sis_of.get(dn).map_or(&[], Vec::as_slice),
            };
            match sg::build(&around, dn, object, &mut model.problems) {
                Ok(sg) => {
                    model.sgs.insert(dn.clone(), sg);
                }
                Err(problem) => model.problems.push(problem),
            }
        }
        model.index();
        model
    }

    fn index(&mut self) {
        for (dn, sg) in &self.sgs {
            for su in sg.sus.keys() {
                self.su_sg.insert(su.clone(), dn.clone());
            }
            for si in sg.sis.keys() {
                self.si_sg.insert(si.clone(), dn.clone());
            }
        }
    }

    fn hosting(&self) -> BTreeMap<Dn, Dn> {
        self.sus()
            .filter_map(|(_, dn, su)| Some((dn.clone(), su.node.clone()?)))
            .collect()
    }

    /// Every managed SU with its SG.
    pub(crate) fn sus(&self) -> impl Iterator<Item = (&Dn, &Dn, &Su)> {
        self.sgs
            .iter()
            .flat_map(|(sg, group)| group.sus.iter().map(move |(dn, su)| (sg, dn, su)))
    }

    pub(crate) fn sus_on<'a>(&'a self, node: &'a Dn) -> impl Iterator<Item = (&'a Dn, &'a Dn, &'a Su)> {
        self.sus()
            .filter(move |(_, _, su)| su.node.as_ref() == Some(node))
    }

    pub(crate) fn su(&self, dn: &Dn) -> Option<(&Dn, &Sg, &Su)> {
        let sg = self.su_sg.get(dn)?;
        let group = self.sgs.get(sg)?;
        Some((sg, group, group.sus.get(dn)?))
    }

    pub(crate) fn si(&self, dn: &Dn) -> Option<(&Dn, &Sg, &Si)> {
        let sg = self.si_sg.get(dn)?;
        let group = self.sgs.get(sg)?;
        Some((sg, group, group.sis.get(dn)?))
    }

    /// The component with its SU.
    pub(crate) fn comp(&self, dn: &Dn) -> Option<(Dn, &Su, &Comp)> {
        let su_dn = dn.parent()?;
        let (_, _, su) = self.su(&su_dn)?;
        let comp = su.comps.iter().find(|comp| comp.dn() == dn)?;
        Some((su_dn, su, comp))
    }
}
