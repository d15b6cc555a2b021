//! Protection groups: nodes whose processes track a CSI are told who holds it (AMF B.04.01 §7.8).
//!
//! Who is a member, and in which state, is what the repository shows. A node gets all members whenever they differ from
//! what it got last; what changed it finds itself.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{HaReadinessState, HaState, NodeOrder, PresenceState, ProtectionGroup, ProtectionGroupMember};

use crate::Director;
use crate::model::Rank;

/// What each node tracks, with what it was told last of each CSI.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracked(BTreeMap<Dn, BTreeMap<Dn, ProtectionGroup>>);

impl Director {
    /// A node tells all the CSIs that its processes track.
    pub(crate) fn node_tracks(&mut self, node: &Dn, csis: Vec<Dn>) {
        let mut before = self.tracked.0.remove(node).unwrap_or_default();
        let mut now = BTreeMap::new();
        for csi in csis {
            let group = before.remove(&csi).unwrap_or_else(|| {
                let group = self.protection_group(&csi, node);
                self.send(node, NodeOrder::ProtectionGroup(group.clone()));
                group
            });
            now.insert(csi, group);
        }
        if !now.is_empty() {
            self.tracked.0.insert(node.clone(), now);
        }
    }

    /// A node that begins a session says anew what it tracks.
    pub(crate) fn forget_tracks(&mut self, node: &Dn) {
        self.tracked.0.remove(node);
    }

    /// Tells nodes what changed in these SGs, once it is published.
    pub(crate) fn tell_groups(&mut self, touched: &BTreeSet<Dn>) {
        let concerned = |csi: &Dn| match self.sg_of_csi(csi) {
            Some(sg) => touched.contains(sg),
            None => true,
        };
        let mut changed = Vec::new();
        for (node, groups) in &self.tracked.0 {
            for (csi, known) in groups.iter().filter(|(csi, _)| concerned(csi)) {
                let now = self.protection_group(csi, node);
                if now != *known {
                    changed.push((node.clone(), now));
                }
            }
        }
        for (node, group) in changed {
            if let Some(groups) = self.tracked.0.get_mut(&node) {
                groups.insert(group.csi.clone(), group.clone());
            }
            self.send(&node, NodeOrder::ProtectionGroup(group));
        }
    }

    fn sg_of_csi(&self, csi: &Dn) -> Option<&Dn> {
        let si = csi.parent()?;
        let (sg, _, config) = self.model.si(&si)?;
        config.csis.iter().any(|known| known.dn == *csi).then_some(sg)
    }

    /// What the node is told of the group. Where the others are, it need not know while one of its own is active or about to be.
    fn protection_group(&self, csi: &Dn, node: &Dn) -> ProtectionGroup {
        let members = self.sg_of_csi(csi).map(|sg| {
            let held = self.published_holders(sg, csi);
            let mut members: Vec<ProtectionGroupMember> = held
                .filter_map(|(comp, ha, ha_readiness)| {
                    Some(ProtectionGroupMember {
                        rank: self.rank_of(&comp),
                        ha: HaState::from_code(ha)?,
                        ha_readiness: HaReadinessState::from_code(ha_readiness)
                            .unwrap_or(HaReadinessState::ReadyForAssignment),
                        comp,
                    })
                })
                .collect();
            members.sort_by(|one, other| one.comp.cmp(&other.comp));
            members
        });
        let is_led_here = self.is_led_on(node, csi);
        let comps = members
            .iter()
            .flatten()
            .map(|member: &ProtectionGroupMember| &member.comp);
        let nodes = comps.filter_map(|comp| Some((comp.clone(), self.node_of(comp)?)));
        ProtectionGroup {
            csi: csi.clone(),
            nodes: nodes.filter(|(_, at)| !is_led_here || at == node).collect(),
            members,
        }
    }

    /// Whether a component of the node is active for the CSI, or about to be: the plan gives it to its SU, or that is on its way
    /// up.
    fn is_led_on(&self, node: &Dn, csi: &Dn) -> bool {
        let (Some(sg), Some(si)) = (self.sg_of_csi(csi), csi.parent()) else {
            return false;
        };
        let mut holders = self.published_holders(sg, csi);
        let leads = |(comp, ha, _): (Dn, u32, u32)| {
            ha == HaState::Active.code() && self.node_of(&comp).as_ref() == Some(node)
        };
        let target = self
            .evaluations
            .get(sg)
            .and_then(|found| found.target.sis.get(&si));
        let comes = |su: &Dn| {
            let state = self.state.su(su);
            target.is_some_and(|target| target.active.contains(su))
                || state.is_some_and(|state| state.presence() == PresenceState::Instantiating)
        };
        let mut own = self.model.sus_on(node).filter(|(other, ..)| *other == sg);
        holders.any(leads) || own.any(|(_, su, _)| comes(su))
    }

    /// The node that hosts the component's SU.
    fn node_of(&self, comp: &Dn) -> Option<Dn> {
        let (_, su, _) = self.model.comp(comp)?;
        su.node.clone()
    }

    /// The node of a component whose proxy is on another one: nobody on its own is active for the CSI of the proxy, or about to
    /// be. `None` for every other component.
    pub fn proxied_from_elsewhere(&self, comp: &Dn) -> Option<Dn> {
        let (_, su, config) = self.model.comp(comp)?;
        let (node, csi) = (su.node.as_ref()?, config.proxy_csi()?);
        (!self.is_led_on(node, csi)).then(|| node.clone())
    }

    /// The configured rank of a component's SU; 0 where it has none.
    fn rank_of(&self, comp: &Dn) -> u32 {
        let su = comp.parent().and_then(|su| Some(self.model.su(&su)?.2));
        match su.map(|su| su.rank) {
            Some(Rank(u32::MAX)) | None => 0,
            Some(Rank(rank)) => rank,
        }
    }
}
