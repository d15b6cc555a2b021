//! What an operation on an entity concerns.

use std::collections::BTreeSet;

use ais::Dn;

use crate::Director;

impl Director {
    /// The SGs with SUs or SIs that an operation on the entity concerns.
    pub(crate) fn concerned(&self, dn: &Dn) -> BTreeSet<Dn> {
        let su = self.model.comp(dn).map_or_else(|| dn.clone(), |(su, ..)| su);
        let of_su = self.model.su(&su).map(|(sg, ..)| sg);
        let own = of_su.or_else(|| self.model.si(dn).map(|(sg, ..)| sg));
        if let Some(sg) = own.or_else(|| self.model.sgs.get_key_value(dn).map(|(sg, _)| sg)) {
            return BTreeSet::from([sg.clone()]);
        }
        let sus = self.sus_below(dn);
        sus.iter()
            .filter_map(|su| self.model.su(su).map(|(sg, ..)| sg.clone()))
            .collect()
    }

    /// The managed SUs in the scope of an SU, an SG, a node, a node group, an application or the cluster.
    pub(crate) fn sus_below(&self, dn: &Dn) -> Vec<Dn> {
        self.model.sus_within(dn).into_iter().cloned().collect()
    }
}
