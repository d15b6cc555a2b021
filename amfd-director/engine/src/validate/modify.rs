//! What may be changed of an object, and in which state of the running system.

use std::collections::BTreeSet;

use ais::amf::{AdminState, RedundancyModel};
use ais::{AisError, Attr, Dn, Refusal};

use super::rules::{CHANGEABLE, SG_UNLOCKED};
use super::{Check, bad, check_values, names, refuse};
use crate::model::raw::RawObject;

impl Check<'_> {
    pub(super) fn modify(&self, dn: &Dn, attrs: &[Attr]) -> Result<(), Refusal> {
        let (Some(object), Some(before)) = (self.get(dn), self.raw.get(dn)) else {
            return Ok(());
        };
        let class = object.class();
        if let Some((_, allowed)) = CHANGEABLE.iter().find(|(of, _)| *of == class)
            && let Some(attr) = names(attrs).find(|attr| !allowed.contains(attr))
        {
            return refuse(AisError::NotSupported, format!("{dn}: {attr} cannot be changed"));
        }
        check_values(class, dn, object)?;
        self.references(class, dn, object)?;
        match class {
            "SaAmfSG" => self.change_sg(dn, attrs),
            "SaAmfSU" => self.change_su(dn, attrs, before),
            "SaAmfSI" => self.change_si(dn, attrs),
            "SaAmfCSI" => self.change_csi(dn, attrs, object),
            "SaAmfComp" => self.change_comp(dn, attrs, object),
            "SaAmfNodeGroup" => self.change_node_group(dn, object),
            "SaAmfNodeSwBundle" => self.bundle_unused(dn),
            _ => Ok(()),
        }
    }

    fn change_sg(&self, dn: &Dn, attrs: &[Attr]) -> Result<(), Refusal> {
        let admin = self.view.state.admin(dn);
        for attr in names(attrs) {
            let needed = match attr {
                "saAmfSGType" => &[AdminState::LockedInstantiation][..],
                _ if SG_UNLOCKED.contains(&attr) => continue,
                _ => &[AdminState::Locked, AdminState::LockedInstantiation],
            };
            if !needed.contains(&admin) {
                return bad(format!(
                    "{dn}: {attr} can be changed only while the SG is {}",
                    needed[0]
                ));
            }
        }
        if names(attrs).any(|attr| attr == "saAmfSGSuHostNodeGroup") {
            self.hosts_stay(dn)?;
        }
        let model = self.model.sgs.get(dn).map(|sg| sg.model);
        let spare_model = matches!(
            model,
            Some(RedundancyModel::TwoN | RedundancyModel::NPlusM | RedundancyModel::NWay)
        );
        let preferred = self.get(dn).and_then(|sg| sg.u32("saAmfSGNumPrefInserviceSUs"));
        if spare_model
            && names(attrs).any(|attr| attr == "saAmfSGNumPrefInserviceSUs")
            && preferred == Some(1)
        {
            return bad(format!(
                "{dn}: saAmfSGNumPrefInserviceSUs must be at least 2 in this redundancy model"
            ));
        }
        Ok(())
    }

    /// The SG's node group, after the CCB, has the node of every SU that is mapped through it.
    fn hosts_stay(&self, sg: &Dn) -> Result<(), Refusal> {
        let group = self.get(sg).and_then(|sg| sg.dn("saAmfSGSuHostNodeGroup"));
        let nodes = group
            .and_then(|group| Some(self.get(&group)?.dns("saAmfNGNodeList")))
            .unwrap_or_default();
        let sus = self.model.sgs.get(sg).into_iter().flat_map(|sg| &sg.sus);
        for (su, config) in sus {
            let own = self.get(su).and_then(|su| su.dn("saAmfSUHostNodeOrNodeGroup"));
            let stays = config.node.as_ref().is_none_or(|node| nodes.contains(node));
            if own.is_none() && !stays {
                return bad(format!("{sg}: saAmfSGSuHostNodeGroup must keep the node of {su}"));
            }
        }
        Ok(())
    }

    fn change_su(&self, dn: &Dn, attrs: &[Attr], before: &RawObject) -> Result<(), Refusal> {
        for attr in names(attrs) {
            match attr {
                "saAmfSUType" => self.needs_su_down(dn, &format!("{dn}: saAmfSUType cannot be changed"))?,
                "saAmfSUMaintenanceCampaign" => {
                    let now = self.get(dn).and_then(|su| su.text(attr));
                    if before.text(attr).is_some() && now.is_some() && before.text(attr) != now {
                        return bad(format!("{dn}: another maintenance campaign holds the SU"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn change_si(&self, dn: &Dn, attrs: &[Attr]) -> Result<(), Refusal> {
        let model = self.model.si(dn).map(|(_, sg, _)| sg.model);
        if names(attrs).any(|attr| attr == "saAmfSIRank") {
            self.si_rank(dn)?;
        }
        for attr in names(attrs) {
            let fits = match attr {
                "saAmfSIPrefActiveAssignments" => model == Some(RedundancyModel::NWayActive),
                "saAmfSIPrefStandbyAssignments" => model == Some(RedundancyModel::NWay),
                "saAmfSIProtectedbySG" | "saAmfSvcType" => false,
                _ => true,
            };
            if !fits {
                return bad(format!(
                    "{dn}: {attr} cannot be changed in the redundancy model of its SG"
                ));
            }
        }
        Ok(())
    }

    fn change_csi(&self, dn: &Dn, attrs: &[Attr], object: &RawObject) -> Result<(), Refusal> {
        let locked = dn
            .parent()
            .is_none_or(|si| self.view.state.admin(&si) == AdminState::Locked);
        for attr in names(attrs) {
            if attr == "saAmfCSType" && !locked {
                return bad(format!(
                    "{dn}: saAmfCSType can be changed only while the SI is LOCKED"
                ));
            }
            if attr == "saAmfCSIDependencies" {
                self.dependencies(dn, object)?;
            }
        }
        Ok(())
    }

    /// Dependencies stay within the SI and lead nowhere back.
    fn dependencies(&self, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        let mut open = object.dns("saAmfCSIDependencies");
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if &next == dn {
                return bad(format!("{dn}: saAmfCSIDependencies leads back to the CSI itself"));
            }
            if next.parent() != dn.parent() {
                return bad(format!(
                    "{dn}: saAmfCSIDependencies must name CSIs of the same SI"
                ));
            }
            if seen.insert(next.clone())
                && let Some(needed) = self.get(&next)
            {
                open.extend(needed.dns("saAmfCSIDependencies"));
            }
        }
        Ok(())
    }

    fn change_comp(&self, dn: &Dn, attrs: &[Attr], object: &RawObject) -> Result<(), Refusal> {
        if !names(attrs).any(|attr| attr == "saAmfCompType") {
            return Ok(());
        }
        let Some(new_type) = object.dn("saAmfCompType") else {
            return Ok(());
        };
        for (row, _) in self
            .class("SaAmfCompCsType")
            .filter(|(row, _)| row.parent().as_ref() == Some(dn))
        {
            let of_type = Dn::child(row.rdn(), Some(&new_type));
            if !of_type.is_ok_and(|of_type| self.get(&of_type).is_some()) {
                return bad(format!("{dn}: {new_type} does not support the CSI type of {row}"));
            }
        }
        Ok(())
    }

    fn change_node_group(&self, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        let now: BTreeSet<Dn> = object.dns("saAmfNGNodeList").into_iter().collect();
        let before = self.model.groups.get(dn).cloned().unwrap_or_default();
        for node in before.difference(&now) {
            if let Some(su) = self.su_mapped_by(dn, node) {
                return bad(format!(
                    "{dn}: {node} hosts {su}, which was mapped through the group"
                ));
            }
        }
        Ok(())
    }

    /// An SU that is on the node because of the group.
    pub(super) fn su_mapped_by(&self, group: &Dn, node: &Dn) -> Option<Dn> {
        self.model
            .sus_on(node)
            .find(|(sg, su, _)| {
                let own = self.get(su).and_then(|su| su.dn("saAmfSUHostNodeOrNodeGroup"));
                let of_sg = self.get(sg).and_then(|sg| sg.dn("saAmfSGSuHostNodeGroup"));
                !self.is_deleted(su) && own.or(of_sg).as_ref() == Some(group)
            })
            .map(|(_, su, _)| su.clone())
    }

    /// Every SU that runs from the bundle is locked for instantiation.
    pub(super) fn bundle_unused(&self, dn: &Dn) -> Result<(), Refusal> {
        let (Some(node), Ok(bundle)) = (dn.parent(), Dn::new(&dn.rdn_value())) else {
            return Ok(());
        };
        for (_, su, config) in self.model.sus_on(&node) {
            let uses = config.comps.iter().any(|comp| {
                let comp_type = self.raw.get(comp.dn()).and_then(|comp| comp.dn("saAmfCompType"));
                let of_type = comp_type.and_then(|of| self.raw.get(&of)?.dn("saAmfCtSwBundle"));
                of_type.as_ref() == Some(&bundle)
            });
            if uses {
                self.needs_su_down(su, &format!("{dn} is in use"))?;
            }
        }
        Ok(())
    }
}
