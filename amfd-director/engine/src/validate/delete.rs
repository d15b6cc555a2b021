//! What may be deleted, and in which state of the running system.

use ais::amf::AdminState;
use ais::{AisError, Dn, Refusal};

use super::objects::Objects;
use super::rule::ModelRule as R;
use super::rules::{ASSOCIATIONS, PERMANENT, REFERENCES};
use super::{Check, members};
use crate::state::SuState;

impl Check<'_> {
    /// Checks the object and everything below it.
    pub(super) fn delete(&self, dn: &Dn) -> Result<(), Refusal> {
        for dn in self.raw.subtree(dn) {
            if let Some(object) = self.raw.get(&dn).filter(|_| self.is_deleted(&dn)) {
                self.delete_one(object.class(), &dn)?;
            }
        }
        Ok(())
    }

    fn delete_one(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        if PERMANENT.contains(&class) {
            return R::Permanent.bad(format!("{dn}: a {class} is never deleted"));
        }
        self.not_referenced(class, dn)?;
        match class {
            "SaAmfNode" => self.delete_node(dn),
            "SaAmfNodeGroup" => self.delete_node_group(dn),
            "SaAmfNodeSwBundle" => self.bundle_unused(dn),
            "SaAmfSU" => self.needs_su_down(dn, &format!("{dn} cannot be deleted")),
            "SaAmfComp" => self.delete_comp(dn),
            "SaAmfSI" => match self.holder(dn) {
                Some(su) => R::Assigned.bad(format!(
                    "{dn} cannot be deleted: it is assigned to {su}; lock it first"
                )),
                None => Ok(()),
            },
            "SaAmfCSI" => self.delete_csi(dn),
            "SaAmfCompCsType" | "SaAmfHealthcheck" => self.delete_of_comp(dn),
            "SaAmfCtCsType" => self.delete_support(dn),
            _ => Ok(()),
        }
    }

    /// Whether an object that stays names the one that goes.
    fn not_referenced(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        for reference in REFERENCES
            .iter()
            .filter(|reference| reference.targets.contains(&class))
        {
            let mut users = self.after.referrers(dn, reference.class).into_iter();
            if let Some((user, _)) = users.find(|(_, object)| object.dns(reference.attr).contains(dn)) {
                let attr = reference.attr;
                return R::InUse.bad(format!("{dn} is in use: {attr} of {user} names it"));
            }
        }
        for (of, _) in ASSOCIATIONS.iter().filter(|(_, target)| *target == class) {
            let mut users = self.after.referrers(dn, of).into_iter();
            if let Some((user, _)) = users.find(|(user, _)| user.rdn_value() == dn.as_str()) {
                return R::InUse.bad(format!("{dn} is in use: {user} names it"));
            }
        }
        Ok(())
    }

    fn delete_node(&self, dn: &Dn) -> Result<(), Refusal> {
        let connected = |dn: &Dn| {
            let state = self.view.state.node(dn);
            state.is_some_and(|node| node.session.is_some() || node.may_run())
        };
        if connected(dn) {
            return R::NodeState.bad(format!(
                "{dn} cannot be deleted: it is connected; stop its node director first"
            ));
        }
        if self.view.state.admin(dn) != AdminState::LockedInstantiation {
            return R::NodeState.bad(format!(
                "{dn} cannot be deleted: it must be locked for instantiation (amf-adm lock, lock-in) first"
            ));
        }
        match self.model.sus_on(dn).find(|(_, su, _)| !self.is_deleted(su)) {
            Some((_, su, _)) => R::Host.bad(format!("{dn} cannot be deleted: it hosts {su}")),
            None => Ok(()),
        }
    }

    fn delete_node_group(&self, dn: &Dn) -> Result<(), Refusal> {
        if self.view.state.admin(dn) == AdminState::ShuttingDown {
            return R::NodeState.bad(format!("{dn} cannot be deleted: it is shutting down"));
        }
        let nodes = self.model.groups.get(dn).into_iter().flatten();
        match nodes.into_iter().find_map(|node| self.su_mapped_by(dn, node)) {
            Some(su) => R::Host.bad(format!("{dn} cannot be deleted: {su} is mapped through it")),
            None => Ok(()),
        }
    }

    /// Every SU that runs from the bundle is locked for instantiation.
    fn bundle_unused(&self, dn: &Dn) -> Result<(), Refusal> {
        let (Some(node), Ok(bundle)) = (dn.parent(), Dn::new(&dn.rdn_value())) else {
            return Ok(());
        };
        for (_, su, config) in self.model.sus_on(&node) {
            let uses = config.comps.iter().any(|comp| {
                let comp_type = self.raw.get(comp.dn()).and_then(|comp| comp.dn("saAmfCompType"));
                let of_type = comp_type.and_then(|of| self.raw.get(&of)?.dn("saAmfCtSwBundle"));
                of_type.as_ref() == Some(&bundle)
            });
            if uses && !self.is_deleted(su) {
                self.needs_su_down(su, &format!("{dn} is in use"))?;
            }
        }
        Ok(())
    }

    fn delete_comp(&self, dn: &Dn) -> Result<(), Refusal> {
        let Some(su) = dn.parent() else { return Ok(()) };
        self.needs_su_down(&su, &format!("{dn} cannot be deleted"))?;
        if self.is_deleted(&su) {
            return Ok(());
        }
        members::enough_components(&self.after, &su)
    }

    /// An SU that has the SI, or may be acting for it.
    pub(super) fn holder(&self, si: &Dn) -> Option<&Dn> {
        let (_, sg, _) = self.model.si(si)?;
        sg.sus.keys().find(|su| {
            let state = self.view.state.su(su);
            state.is_some_and(|state| state.held(si).is_some() || state.may_act.contains(si))
        })
    }

    fn delete_csi(&self, dn: &Dn) -> Result<(), Refusal> {
        let Some(si) = dn.parent().filter(|si| !self.is_deleted(si)) else {
            return Ok(());
        };
        let Some((_, sg, config)) = self.model.si(&si) else {
            return Ok(());
        };
        if self.holder(&si).is_none() {
            return Ok(());
        }
        let left = config.csis.iter().filter(|csi| !self.is_deleted(&csi.dn)).count();
        if left == 0 {
            return R::Assigned.bad(format!(
                "{dn} cannot be deleted: it is the last CSI of {si}, which is assigned"
            ));
        }
        let mut states = sg.sus.keys().filter_map(|su| self.view.state.su(su));
        if states.any(SuState::is_busy) {
            return R::Busy.refuse(
                AisError::TryAgain,
                format!("{dn}: assignments of {si} are being changed"),
            );
        }
        Ok(())
    }

    /// A row of a component that has no CSI.
    fn delete_of_comp(&self, dn: &Dn) -> Result<(), Refusal> {
        let Some(comp) = dn.parent().filter(|comp| !self.is_deleted(comp)) else {
            return Ok(());
        };
        match self.csis_of(&comp).first() {
            Some(csi) => R::Assigned.bad(format!("{dn} cannot be deleted: {comp} has {csi}")),
            None => Ok(()),
        }
    }

    /// A component type stops to support a CSI type: none of its components has such a CSI.
    fn delete_support(&self, dn: &Dn) -> Result<(), Refusal> {
        let Some(comp_type) = dn.parent().filter(|of| !self.is_deleted(of)) else {
            return Ok(());
        };
        for (comp, _) in self.after.referrers(&comp_type, "SaAmfComp") {
            let row = Dn::child(dn.rdn(), Some(comp));
            if row.is_ok_and(|row| self.after.get(&row).is_some()) {
                return R::InUse.bad(format!("{dn} is in use: a SaAmfCompCsType of {comp} needs it"));
            }
            for csi in self.csis_of(comp) {
                let cs_type = self.raw.get(&csi).and_then(|csi| csi.dn("saAmfCSType"));
                if cs_type.is_some_and(|of| of.as_str() == dn.rdn_value()) {
                    return R::Assigned.bad(format!("{dn} cannot be deleted: {comp} has {csi}"));
                }
            }
        }
        Ok(())
    }
}
