//! What a new object must be like.

use ais::amf::{AdminState, CompCategory};
use ais::{AisError, Dn, Refusal};

use super::rules::PLACES;
use super::{Check, bad, check_values, refuse};
use crate::model::raw::RawObject;

impl Check<'_> {
    pub(super) fn create(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        let Some(object) = self.get(dn) else {
            return Ok(());
        };
        self.place(class, dn)?;
        check_values(class, dn, object)?;
        self.references(class, dn, object)?;
        match class {
            "SaAmfCluster" | "SaAmfCompGlobalAttributes" => self.only_one(class, dn),
            "SaAmfCompType" => comp_type(dn, object),
            "SaAmfComp" => self.comp(dn, object),
            "SaAmfCompCsType" => self.comp_cs_type(dn),
            "SaAmfSU" => self.su(dn, object),
            "SaAmfSI" => si(dn, object),
            "SaAmfCSI" => csi(dn, object),
            "SaAmfSIDependency" => self.si_dependency(dn),
            _ => Ok(()),
        }
    }

    fn place(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        let Some(place) = PLACES.iter().find(|place| place.class == class) else {
            return Ok(());
        };
        let parent = dn.parent();
        let parent_class = match &parent {
            None => "",
            Some(parent) => self.get(parent).map_or("nothing", |object| object.class()),
        };
        if dn.rdn_name() == place.rdn && place.parents.contains(&parent_class) {
            return Ok(());
        }
        let under = match place.parents {
            [""] => "at the root".to_owned(),
            parents => format!("under a {}", parents.join(" or ")),
        };
        refuse(
            AisError::InvalidParam,
            format!("{dn}: a {class} is named {}=... and stands {under}", place.rdn),
        )
    }

    fn only_one(&self, class: &str, dn: &Dn) -> Result<(), Refusal> {
        match self.class(class).find(|(other, _)| *other != dn) {
            Some((other, _)) => bad(format!("{dn}: there is a {class} already, {other}")),
            None => Ok(()),
        }
    }

    fn comp(&self, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        let Some(su) = dn.parent() else {
            return Ok(());
        };
        if self.raw.get(&su).is_some() {
            self.needs_su_down(&su, &format!("{dn} cannot be added"))?;
        }
        self.bundle_is_installed(dn, object, &su)
    }

    /// A relative path needs the bundle on the SU's node. Where the node is chosen from a group, each of the group may
    /// be it, and the model says at run time.
    fn bundle_is_installed(&self, dn: &Dn, object: &RawObject, su: &Dn) -> Result<(), Refusal> {
        let Some(comp_type) = object.dn("saAmfCompType").and_then(|of| self.get(&of)) else {
            return Ok(());
        };
        let relative = comp_type
            .text("saAmfCtRelPathInstantiateCmd")
            .is_some_and(|path| !path.starts_with('/'));
        let host = self
            .get(su)
            .and_then(|su| su.dn("saAmfSUHostNodeOrNodeGroup"))
            .filter(|host| self.get(host).is_some_and(|host| host.class() == "SaAmfNode"));
        let (Some(bundle), Some(node), true) = (comp_type.dn("saAmfCtSwBundle"), host, relative) else {
            return Ok(());
        };
        let installed = Dn::child(&format!("safInstalledSwBundle={}", bundle.escaped()), Some(&node));
        match installed {
            Ok(installed) if self.get(&installed).is_some() => Ok(()),
            _ => bad(format!(
                "{dn}: the bundle {bundle} is not installed on {node} (no SaAmfNodeSwBundle)"
            )),
        }
    }

    fn comp_cs_type(&self, dn: &Dn) -> Result<(), Refusal> {
        let comp_type = dn.parent().and_then(|comp| self.get(&comp)?.dn("saAmfCompType"));
        let Some(comp_type) = comp_type else {
            return Ok(());
        };
        match Dn::child(dn.rdn(), Some(&comp_type)) {
            Ok(of_type) if self.get(&of_type).is_some() => Ok(()),
            _ => bad(format!(
                "{dn}: its component type {comp_type} does not support the CSI type"
            )),
        }
    }

    fn su(&self, dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
        let admin = object.u32("saAmfSUAdminState").and_then(AdminState::from_code);
        if admin == Some(AdminState::LockedInstantiation) {
            return Ok(());
        }
        let node = object.dn("saAmfSUHostNodeOrNodeGroup");
        let node_away = node
            .as_ref()
            .filter(|node| self.get(node).is_some_and(|node| node.class() == "SaAmfNode"))
            .is_some_and(|node| {
                let locked = self.view.state.admin(node) == AdminState::LockedInstantiation;
                locked
                    || self
                        .view
                        .state
                        .node(node)
                        .is_none_or(|state| state.session.is_none())
            });
        let sg = dn.parent();
        let new_sg = sg.as_ref().is_some_and(|sg| self.raw.get(sg).is_none());
        let sg_down = sg.is_some_and(|sg| {
            let given = self.get(&sg).and_then(|sg| sg.u32("saAmfSGAdminState"));
            let state = given.and_then(AdminState::from_code).filter(|_| new_sg);
            state.unwrap_or_else(|| self.view.state.admin(&sg)) == AdminState::LockedInstantiation
        });
        if node_away || sg_down {
            return Ok(());
        }
        bad(format!(
            "{dn}: saAmfSUAdminState must be LOCKED-INSTANTIATION (3) when an SU is added, unless its SG or node is"
        ))
    }
}

fn si(dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
    let sg = object.dn("saAmfSIProtectedbySG");
    if sg.is_some_and(|sg| sg.parent() != dn.parent()) {
        return bad(format!(
            "{dn}: saAmfSIProtectedbySG must name an SG of the same application"
        ));
    }
    Ok(())
}

fn comp_type(dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
    let category = CompCategory::from_bits_retain(object.u32("saAmfCtCompCategory").unwrap_or(0));
    let unsupported = CompCategory::PROXY | CompCategory::CONTAINER | CompCategory::CONTAINED;
    if category.intersects(unsupported) {
        return bad(format!(
            "{dn}: saAmfCtCompCategory {} is not supported (proxy, container and contained components)",
            category.bits()
        ));
    }
    let proxied = category.intersects(CompCategory::PROXIED | CompCategory::PROXIED_NPI);
    let aware = category.contains(CompCategory::SA_AWARE);
    let mut needed = Vec::new();
    if !proxied {
        needed.extend([
            "saAmfCtRelPathInstantiateCmd",
            "saAmfCtRelPathCleanupCmd",
            "saAmfCtDefClcCliTimeout",
        ]);
    }
    if !proxied && !aware {
        needed.push("saAmfCtRelPathTerminateCmd");
    }
    if aware || proxied {
        needed.extend(["saAmfCtDefCallbackTimeout", "saAmfCtDefQuiescingCompleteTimeout"]);
    }
    if let Some(missing) = needed.into_iter().find(|attr| object.values(attr).is_empty()) {
        return bad(format!(
            "{dn}: components of category {} need {missing}",
            category.bits()
        ));
    }
    for kind in ["Instantiate", "Terminate", "Cleanup"] {
        let attr = format!("saAmfCtRelPath{kind}Cmd");
        let relative = object.text(&attr).is_some_and(|path| !path.starts_with('/'));
        if relative && object.dn("saAmfCtSwBundle").is_none() {
            return bad(format!(
                "{dn}: {attr} is a relative path, so saAmfCtSwBundle must have a value"
            ));
        }
    }
    Ok(())
}

fn csi(dn: &Dn, object: &RawObject) -> Result<(), Refusal> {
    let si = dn.parent();
    for needed in object.dns("saAmfCSIDependencies") {
        if &needed == dn || needed.parent() != si {
            return bad(format!(
                "{dn}: saAmfCSIDependencies must name other CSIs of the same SI"
            ));
        }
    }
    Ok(())
}
