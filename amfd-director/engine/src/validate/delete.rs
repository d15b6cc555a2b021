//! What may be deleted, and in which state of the running system.

use ais::amf::AdminState;
use ais::{AisError, Dn, Refusal};

use super::rules::{ASSOCIATIONS, PERMANENT, REFERENCES};
use super::{Check, bad, refuse};
use crate::state::SuState;

impl Check<'_> {
    /// Checks the object and everything below it.
    pub(super) fn delete(&self, dn: &Dn) -> Result<(), Refusal> {
        let mut open = vec![dn.clone()];
        while let Some(dn) = open.pop() {
            let Some(object) = self.raw.get(&dn) else {
                continue;
            };
            if !self.is_deleted(&dn) {
                continue;
            }
            let class = object.class().to_owned();
            self.delete_one(&class, &dn)?;
            open.extend(self.raw.children(&dn).cloned());
        }
        Ok(())
    }

    fn delete_one(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        if PERMANENT.contains(&class) {
            return bad(format!("{dn}: a {class} is never deleted"));
        }
        self.not_referenced(class, dn)?;
        match class {
            "SaAmfNode" => self.delete_node(dn),
            "SaAmfNodeGroup" => self.delete_node_group(dn),
            "SaAmfNodeSwBundle" => self.bundle_unused(dn),
            "SaAmfSU" => self.needs_su_down(dn, &format!("{dn} cannot be deleted")),
            "SaAmfComp" => match dn.parent() {
                Some(su) => self.needs_su_down(&su, &format!("{dn} cannot be deleted")),
                None => Ok(()),
            },
            "SaAmfSI" => self.delete_si(dn),
            "SaAmfCSI" => self.delete_csi(dn),
            "SaAmfCompCsType" | "SaAmfHealthcheck" => self.delete_of_comp(dn),
            _ => Ok(()),
        }
    }

    /// Whether an object that stays names the one that goes.
    fn not_referenced(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        for reference in REFERENCES
            .iter()
            .filter(|reference| reference.targets.contains(&class))
        {
            let user = self
                .class(reference.class)
                .find(|(_, object)| object.dns(reference.attr).contains(dn));
            if let Some((user, _)) = user {
                return bad(format!("{dn} is in use: {} of {user} names it", reference.attr));
            }
        }
        for (of, _) in ASSOCIATIONS.iter().filter(|(_, target)| *target == class) {
            let user = self.class(of).find(|(user, _)| user.rdn_value() == dn.as_str());
            if let Some((user, _)) = user {
                return bad(format!("{dn} is in use: {user} names it"));
            }
        }
        Ok(())
    }

    fn delete_node(&self, dn: &Dn) -> Result<(), Refusal> {
        if self
            .view
            .state
            .node(dn)
            .is_some_and(|node| node.session.is_some())
        {
            return bad(format!("{dn} cannot be deleted: it is connected"));
        }
        match self.model.sus_on(dn).find(|(_, su, _)| !self.is_deleted(su)) {
            Some((_, su, _)) => bad(format!("{dn} cannot be deleted: it hosts {su}")),
            None => Ok(()),
        }
    }

    fn delete_node_group(&self, dn: &Dn) -> Result<(), Refusal> {
        if self.view.state.admin(dn) == AdminState::ShuttingDown {
            return bad(format!("{dn} cannot be deleted: it is shutting down"));
        }
        let nodes = self.model.groups.get(dn).into_iter().flatten();
        match nodes.into_iter().find_map(|node| self.su_mapped_by(dn, node)) {
            Some(su) => bad(format!("{dn} cannot be deleted: {su} is mapped through it")),
            None => Ok(()),
        }
    }

    fn delete_si(&self, dn: &Dn) -> Result<(), Refusal> {
        let Some((_, sg, _)) = self.model.si(dn) else {
            return Ok(());
        };
        let holder = sg.sus.keys().find(|su| {
            self.view
                .state
                .su(su)
                .is_some_and(|state| state.held(dn).is_some() || state.may_act.contains(dn))
        });
        match holder {
            Some(su) => bad(format!(
                "{dn} cannot be deleted: it is assigned to {su}; lock it first"
            )),
            None => Ok(()),
        }
    }

    fn delete_csi(&self, dn: &Dn) -> Result<(), Refusal> {
        let Some(si) = dn.parent().filter(|si| !self.is_deleted(si)) else {
            return Ok(());
        };
        let Some((_, sg, config)) = self.model.si(&si) else {
            return Ok(());
        };
        let states = || sg.sus.keys().filter_map(|su| self.view.state.su(su));
        if !states().any(|state| state.held(&si).is_some()) {
            return Ok(());
        }
        let left = config.csis.iter().filter(|csi| !self.is_deleted(&csi.dn)).count();
        if left == 0 {
            return bad(format!(
                "{dn} cannot be deleted: it is the last CSI of {si}, which is assigned"
            ));
        }
        if states().any(SuState::is_busy) {
            return refuse(
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
        let report = comp
            .parent()
            .and_then(|su| self.view.state.su(&su))
            .and_then(|state| state.report.as_ref());
        let assigned = report
            .into_iter()
            .flat_map(|report| &report.assignments)
            .flat_map(|held| &held.csis)
            .find(|(_, of)| of == &comp);
        match assigned {
            Some((csi, _)) => bad(format!("{dn} cannot be deleted: {comp} has {csi}")),
            None => Ok(()),
        }
    }
}
