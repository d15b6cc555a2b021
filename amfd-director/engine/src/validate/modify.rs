//! What may be changed of an object, and in which state of the running system.
//!
//! DEVIATION(AMF-052): OpenSAF takes numbers, limits and adjustment of an SG only while it is locked, ranks and hosts of
//! SUs never.
//!
//! DEVIATION(AMF-053): nothing here asks whether an SG is stable, and a CCB may change as much as it likes.

use std::collections::BTreeSet;

use ais::amf::{AdminState, RedundancyModel};
use ais::{AisError, Attr, Dn, Refusal};

use super::object::{complete, legal, redundancy, values};
use super::objects::Objects;
use super::rule::ModelRule as R;
use super::rules::{CHANGEABLE, CHANGED_VALUES, KEPT};
use super::{Check, names};
use crate::model::raw::RawObject;

impl Check<'_> {
    pub(super) fn modify(&self, dn: &Dn, attrs: &[Attr]) -> Result<(), Refusal> {
        let (Some(object), Some(before)) = (self.after.get(dn), self.raw.get(dn)) else {
            return Ok(());
        };
        let class = object.class();
        if let Some((_, allowed)) = CHANGEABLE.iter().find(|(of, _)| *of == class)
            && let Some(attr) = names(attrs).find(|attr| !allowed.contains(attr))
        {
            return R::Fixed.refuse(AisError::NotSupported, format!("{dn}: {attr} cannot be changed"));
        }
        legal(&self.after, dn, object)?;
        values(CHANGED_VALUES, class, dn, object)?;
        let kept = KEPT.iter().find(|(of, _)| *of == class);
        let emptied = names(attrs).find(|attr| {
            let kept = kept.is_some_and(|(_, kept)| kept.contains(attr));
            kept && object.values(attr).is_empty()
        });
        if let Some(attr) = emptied {
            return R::Missing.bad(format!("{dn}: {attr} must keep a value"));
        }
        match class {
            "SaAmfSG" => self.change_sg(dn, attrs),
            "SaAmfSU" => self.change_su(dn, attrs, before, object),
            "SaAmfSI" => self.change_si(dn, attrs),
            "SaAmfCSI" => self.change_csi(dn, attrs),
            "SaAmfCSIAttribute" => different(dn, object, "saAmfCSIAttriValue"),
            "SaAmfComp" => self.change_comp(dn, attrs, object),
            "SaAmfNodeGroup" => self.change_node_group(dn, object),
            _ => Ok(()),
        }
    }

    fn change_sg(&self, dn: &Dn, attrs: &[Attr]) -> Result<(), Refusal> {
        let touches = |name: &str| names(attrs).any(|attr| attr == name);
        if touches("saAmfSGType") {
            self.change_sg_type(dn)?;
        }
        if touches("saAmfSGSuHostNodeGroup") {
            self.hosts_stay(dn)?;
        }
        let spare_model = matches!(
            redundancy(&self.after, dn),
            Some(RedundancyModel::TwoN | RedundancyModel::NPlusM | RedundancyModel::NWay)
        );
        let attr = "saAmfSGNumPrefInserviceSUs";
        let preferred = self.after.get(dn).and_then(|sg| sg.u32(attr));
        if spare_model && touches(attr) && preferred == Some(1) {
            return R::SgModel.bad(format!(
                "{dn}: {attr} must be at least 2 in this redundancy model"
            ));
        }
        Ok(())
    }

    /// Another type may mean another redundancy model: nothing of the SG may run, and all that stands below it must fit.
    fn change_sg_type(&self, dn: &Dn) -> Result<(), Refusal> {
        if self.view.state.admin(dn) != AdminState::LockedInstantiation {
            return R::SgState.bad(format!(
                "{dn}: saAmfSGType can be changed only while the SG is LOCKED-INSTANTIATION"
            ));
        }
        for (su, object) in self.after.children(dn, "SaAmfSU") {
            complete(&self.after, su, object)?;
            for (comp, object) in self.after.children(su, "SaAmfComp") {
                legal(&self.after, comp, object)?;
            }
        }
        Ok(())
    }

    /// The SG's node group, after the CCB, has the node of every SU that is mapped through it.
    fn hosts_stay(&self, sg: &Dn) -> Result<(), Refusal> {
        let group = self.after.get(sg).and_then(|sg| sg.dn("saAmfSGSuHostNodeGroup"));
        let nodes = group
            .and_then(|group| Some(self.after.get(&group)?.dns("saAmfNGNodeList")))
            .unwrap_or_default();
        let sus = self.model.sgs.get(sg).into_iter().flat_map(|sg| &sg.sus);
        for (su, config) in sus {
            let own = self
                .after
                .get(su)
                .and_then(|su| su.dn("saAmfSUHostNodeOrNodeGroup"));
            let stays = config.node.as_ref().is_none_or(|node| nodes.contains(node));
            if own.is_none() && !stays && !self.is_down(su) {
                return R::Host.bad(format!("{sg}: saAmfSGSuHostNodeGroup must keep the node of {su}"));
            }
        }
        Ok(())
    }

    fn change_su(&self, dn: &Dn, attrs: &[Attr], before: &RawObject, now: &RawObject) -> Result<(), Refusal> {
        for attr in names(attrs) {
            match attr {
                "saAmfSUType" => {
                    self.needs_su_down(dn, &format!("{dn}: saAmfSUType cannot be changed"))?;
                    complete(&self.after, dn, now)?;
                }
                "saAmfSUHostNodeOrNodeGroup" => {
                    complete(&self.after, dn, now)?;
                    self.host_stays(dn, now)?;
                }
                "saAmfSUMaintenanceCampaign" => {
                    let (old, new) = (before.text(attr), now.text(attr));
                    if old.is_some() && new.is_some() && old != new {
                        return R::Campaign.bad(format!("{dn}: another maintenance campaign holds the SU"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// An SU moves to another node only while nothing of it runs.
    fn host_stays(&self, dn: &Dn, now: &RawObject) -> Result<(), Refusal> {
        let attr = "saAmfSUHostNodeOrNodeGroup";
        let of_sg = dn
            .parent()
            .and_then(|sg| self.after.get(&sg)?.dn("saAmfSGSuHostNodeGroup"));
        let wanted = now.dn(attr).or(of_sg);
        let group = wanted
            .as_ref()
            .and_then(|of| self.after.of_class(of, "SaAmfNodeGroup"));
        let node = self.model.su(dn).and_then(|(_, _, su)| su.node.as_ref());
        let stays = node.is_none_or(|node| match group {
            Some(group) => group.dns("saAmfNGNodeList").contains(node),
            None => wanted.as_ref() == Some(node),
        });
        if stays {
            return Ok(());
        }
        self.needs_su_down(dn, &format!("{dn}: {attr} would move it to another node"))
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
                "saAmfSIProtectedbySG" | "saAmfSvcType" => {
                    let text = format!("{dn}: {attr} cannot be changed; delete the SI and create it anew");
                    return R::Fixed.bad(text);
                }
                _ => true,
            };
            if !fits {
                return R::SgModel.bad(format!(
                    "{dn}: {attr} has no meaning in the redundancy model of its SG"
                ));
            }
        }
        Ok(())
    }

    fn change_csi(&self, dn: &Dn, attrs: &[Attr]) -> Result<(), Refusal> {
        if !names(attrs).any(|attr| attr == "saAmfCSType") {
            return Ok(());
        }
        let Some(si) = dn.parent() else { return Ok(()) };
        if self.view.state.admin(&si) != AdminState::Locked {
            return R::SiState.bad(format!(
                "{dn}: saAmfCSType can be changed only while the SI is LOCKED"
            ));
        }
        match self.holder(&si) {
            Some(su) => R::Assigned.refuse(
                AisError::TryAgain,
                format!("{dn}: {su} has {si} still, though it is LOCKED"),
            ),
            None => Ok(()),
        }
    }

    fn change_comp(&self, dn: &Dn, attrs: &[Attr], object: &RawObject) -> Result<(), Refusal> {
        if !names(attrs).any(|attr| attr == "saAmfCompType") {
            return Ok(());
        }
        let Some(new_type) = object.dn("saAmfCompType") else {
            return Ok(());
        };
        let supports = |cs_type: &str| {
            let rows = self.after.children(&new_type, "SaAmfCtCsType");
            rows.iter().any(|(row, _)| row.rdn_value() == cs_type)
        };
        for (row, _) in self.after.children(dn, "SaAmfCompCsType") {
            if !supports(&row.rdn_value()) {
                return R::CsType.bad(format!("{dn}: {new_type} does not support the CSI type of {row}"));
            }
        }
        let su = dn.parent().filter(|su| !self.is_down(su));
        if su.is_none() {
            return Ok(());
        }
        for csi in self.csis_of(dn) {
            let cs_type = self.raw.get(&csi).and_then(|csi| csi.dn("saAmfCSType"));
            if cs_type.is_some_and(|of| !supports(of.as_str())) {
                return R::Assigned.bad(format!(
                    "{dn}: it has {csi}, whose type {new_type} does not support"
                ));
            }
        }
        let category = |comp: &RawObject| {
            let comp_type = comp.dn("saAmfCompType")?;
            self.after.get(&comp_type)?.u32("saAmfCtCompCategory")
        };
        if self.raw.get(dn).and_then(category) != category(object) {
            return R::SuState.bad(format!(
                "{dn}: {new_type} is of another category; the SU must be locked for instantiation (amf-adm lock, lock-in) first"
            ));
        }
        Ok(())
    }

    fn change_node_group(&self, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        let now: BTreeSet<Dn> = object.dns("saAmfNGNodeList").into_iter().collect();
        if now.is_empty() {
            return R::Missing.bad(format!("{dn}: saAmfNGNodeList must keep a value"));
        }
        let before = self.model.groups.get(dn).cloned().unwrap_or_default();
        for node in before.difference(&now) {
            if let Some(su) = self.su_mapped_by(dn, node) {
                return R::Host.bad(format!(
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
                let own = self
                    .after
                    .get(su)
                    .and_then(|su| su.dn("saAmfSUHostNodeOrNodeGroup"));
                let of_sg = self.after.get(sg).and_then(|sg| sg.dn("saAmfSGSuHostNodeGroup"));
                !self.is_deleted(su) && own.or(of_sg).as_ref() == Some(group)
            })
            .map(|(_, su, _)| su.clone())
    }
}

fn different(dn: &Dn, object: &RawObject, attr: &str) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    match object
        .texts(attr)
        .into_iter()
        .find(|text| !seen.insert(text.clone()))
    {
        Some(text) => R::Duplicate.bad(format!("{dn}: {attr} has the value '{text}' twice")),
        None => Ok(()),
    }
}
