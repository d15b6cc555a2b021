//! What may be added, and in which state of the running system.

use ais::amf::{AdminState, HaState};
use ais::{Dn, Refusal};

use super::Check;
use super::object::{complete, legal, place};
use super::objects::Objects;
use super::rule::ModelRule as R;
use super::rules::PERMANENT;
use crate::group;
use crate::model::Sg;
use crate::model::raw::RawObject;

impl Check<'_> {
    pub(super) fn create(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        let Some(object) = self.after.get(dn) else {
            return Ok(());
        };
        place(&self.after, class, dn)?;
        legal(&self.after, dn, object)?;
        complete(&self.after, dn, object)?;
        match class {
            _ if PERMANENT.contains(&class) => self.only_one(class, dn),
            "SaAmfComp" => match dn.parent().filter(|su| self.raw.get(su).is_some()) {
                Some(su) => self.needs_su_down(&su, &format!("{dn} cannot be added")),
                None => Ok(()),
            },
            "SaAmfCompCsType" => self.still_supports(dn),
            "SaAmfSU" => self.create_su(dn, object),
            "SaAmfCSI" => self.create_csi(dn, object),
            "SaAmfSIDependency" => self.si_dependency(dn),
            _ => Ok(()),
        }
    }

    fn only_one(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        match self.after.another(class, dn) {
            Some(other) => R::Once.bad(format!("{dn}: there is a {class} already, {other}")),
            None => Ok(()),
        }
    }

    fn create_su(&self, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        let admin = object.u32("saAmfSUAdminState").and_then(AdminState::from_code);
        if admin == Some(AdminState::LockedInstantiation) {
            return Ok(());
        }
        let node = object.dn("saAmfSUHostNodeOrNodeGroup");
        let node = node.filter(|node| self.after.of_class(node, "SaAmfNode").is_some());
        let node_away = node.is_some_and(|node| {
            let present = self.view.state.node(&node);
            self.admin_of(&node, "saAmfNodeAdminState") == AdminState::LockedInstantiation
                || present.is_none_or(|state| state.session.is_none())
        });
        let sg_down = dn
            .parent()
            .is_some_and(|sg| self.admin_of(&sg, "saAmfSGAdminState") == AdminState::LockedInstantiation);
        if node_away || sg_down {
            return Ok(());
        }
        R::SuState.bad(format!(
            "{dn}: saAmfSUAdminState must be LOCKED-INSTANTIATION (3) when an SU is added, unless its SG or node is"
        ))
    }

    /// The administrative state, of a new object the one that it is created with.
    fn admin_of(&self, dn: &Dn, attr: &str) -> AdminState {
        let given = self.after.get(dn).filter(|_| self.raw.get(dn).is_none());
        let given = given.and_then(|object| object.u32(attr));
        given
            .and_then(AdminState::from_code)
            .unwrap_or_else(|| self.view.state.admin(dn))
    }

    /// A component with rows of its own supports what they say and no more, so what it has must be among them.
    fn still_supports(&self, dn: &Dn) -> Result<(), Refusal> {
        let Some(comp) = dn.parent() else { return Ok(()) };
        let rows = self.after.children(&comp, "SaAmfCompCsType");
        for csi in self.csis_of(&comp) {
            let cs_type = self.raw.get(&csi).and_then(|csi| csi.dn("saAmfCSType"));
            let listed = |of: &Dn| rows.iter().any(|(row, _)| row.rdn_value() == of.as_str());
            if cs_type.as_ref().is_some_and(|of| !listed(of)) {
                return R::Assigned.bad(format!(
                    "{dn}: {comp} has {csi}, whose type its rows would not support any more"
                ));
            }
        }
        Ok(())
    }

    /// Whoever has the SI takes the new CSI too.
    fn create_csi(&self, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        let (Some(si), Some(cs_type)) = (dn.parent(), object.dn("saAmfCSType")) else {
            return Ok(());
        };
        let Some((_, sg, _)) = self.model.si(&si) else {
            return Ok(());
        };
        let known = self.raw.children_of_class(&si, "SaAmfCSI");
        let known: Vec<&Dn> = known.map(|(csi, _)| csi).collect();
        let new = self.after.children(&si, "SaAmfCSI");
        let new = new
            .into_iter()
            .filter(|(csi, of)| !known.contains(csi) && of.dn("saAmfCSType").as_ref() == Some(&cs_type));
        let wanted = new.count();
        for (su, ha) in self.view.holders(sg, &si) {
            if self.free(sg, &su, &cs_type, ha) < wanted {
                return R::NoComp.bad(format!(
                    "{dn}: {su} is {ha} for {si} and has no component that is free for another CSI of type {cs_type}"
                ));
            }
        }
        Ok(())
    }

    /// How many more CSIs of the type the SU can take.
    fn free(&self, sg: &Sg, su: &Dn, cs_type: &Dn, ha: HaState) -> usize {
        let (Some(config), Some(state)) = (sg.sus.get(su), self.view.state.su(su)) else {
            return 0;
        };
        let present = group::present(sg, config, state);
        let standby = ha == HaState::Standby;
        let free = config.comps.iter().filter_map(|comp| {
            let capacity = comp.capacities.get(cs_type)?;
            let limit = if standby {
                capacity.standby
            } else {
                capacity.active
            };
            let taken = present.iter().filter(|at| {
                at.cs_type == *cs_type && &at.comp == comp.dn() && (at.ha == HaState::Standby) == standby
            });
            Some((limit as usize).saturating_sub(taken.count()))
        });
        free.fold(0, usize::saturating_add)
    }
}
