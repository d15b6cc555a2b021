//! What the simulator knows of the model as it is now: the names to act on, and the promises to check.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{CompCategory, RedundancyModel};
use ais::{Attr, Dn, Value, find_attr};
use director_engine::ModelChange;

use super::limits;

/// What a service group promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// Its redundancy model.
    pub model: RedundancyModel,
    /// The most SIs that an SU may be active for.
    pub max_active: u32,
    /// The most SIs that an SU may be standby for.
    pub max_standby: u32,
}

impl Promise {
    /// Whether an SI may have one active SU only.
    pub fn single_active(self) -> bool {
        self.model != RedundancyModel::NWayActive
    }
}

/// The names, in the order of their appearance, class by class.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// By class.
    names: BTreeMap<String, Vec<Dn>>,
    /// The SG of each SI.
    pub sg_of_si: BTreeMap<Dn, Dn>,
    /// The SI of each CSI.
    pub si_of: BTreeMap<Dn, Dn>,
    /// The SU of each component.
    pub su_of: BTreeMap<Dn, Dn>,
    /// The promise of each SG.
    pub promises: BTreeMap<Dn, Promise>,
    /// Components that are not pre-instantiable.
    pub scripts: BTreeSet<Dn>,
    /// The most active and standby CSIs of each component that has such limits.
    pub limits: BTreeMap<Dn, (u32, u32)>,
    types: BTreeMap<Dn, u32>,
}

impl Known {
    /// The objects of a class.
    pub fn of(&self, class: &str) -> &[Dn] {
        self.names.get(class).map_or(&[], Vec::as_slice)
    }

    /// Takes note of a change.
    pub fn apply(&mut self, change: &ModelChange) {
        match change {
            ModelChange::Create { class, dn, attrs } => self.add(class, dn, attrs),
            ModelChange::Modify { dn, attrs } => self.modify(dn, attrs),
            ModelChange::Delete { dn } => self.remove(dn),
        }
    }

    fn add(&mut self, class: &str, dn: &Dn, attrs: &[Attr]) {
        self.names.entry(class.to_owned()).or_default().push(dn.clone());
        let parent = dn.parent();
        match (class, parent) {
            ("SaAmfSGType" | "SaAmfCompType", _) => {
                let code = number(attrs, "saAmfSgtRedundancyModel").or(number(attrs, "saAmfCtCompCategory"));
                self.types.insert(dn.clone(), code.unwrap_or(0));
            }
            ("SaAmfSG", _) => {
                let code = name(attrs, "saAmfSGType").and_then(|of| self.types.get(&of).copied());
                let model = code
                    .and_then(RedundancyModel::from_code)
                    .unwrap_or(RedundancyModel::TwoN);
                let limit = |name| number(attrs, name).filter(|max| *max > 0).unwrap_or(u32::MAX);
                let promise = Promise {
                    model,
                    max_active: limit("saAmfSGMaxActiveSIsperSU"),
                    max_standby: limit("saAmfSGMaxStandbySIsperSU"),
                };
                self.promises.insert(dn.clone(), promise);
            }
            ("SaAmfSI", _) => {
                if let Some(sg) = name(attrs, "saAmfSIProtectedbySG") {
                    self.sg_of_si.insert(dn.clone(), sg);
                }
            }
            ("SaAmfCSI", Some(si)) => {
                self.si_of.insert(dn.clone(), si);
            }
            ("SaAmfCompCsType", Some(comp)) => {
                let limit = |name| number(attrs, name).unwrap_or(u32::MAX);
                let limits = (limit(limits::ACTIVE), limit(limits::STANDBY));
                // A script has one CSI at a time by its category; which, the simulator learns from its orders only.
                if limits != (u32::MAX, u32::MAX) && !self.scripts.contains(&comp) {
                    self.limits.insert(comp, limits);
                }
            }
            ("SaAmfComp", Some(su)) => {
                self.limits.remove(dn);
                self.su_of.insert(dn.clone(), su);
                let category = name(attrs, "saAmfCompType").and_then(|of| self.types.get(&of).copied());
                let category = CompCategory::from_bits_retain(category.unwrap_or(1));
                if !category.is_pre_instantiable() {
                    self.scripts.insert(dn.clone());
                }
            }
            _ => {}
        }
    }

    /// A limit that is made stricter binds what comes, not what is there: the loosest counts.
    fn modify(&mut self, dn: &Dn, attrs: &[Attr]) {
        if let Some(promise) = self.promises.get_mut(dn) {
            let wider = |present: u32, name| {
                find_attr(attrs, name).map_or(present, |_| {
                    number(attrs, name)
                        .filter(|max| *max > 0)
                        .unwrap_or(u32::MAX)
                        .max(present)
                })
            };
            promise.max_active = wider(promise.max_active, "saAmfSGMaxActiveSIsperSU");
            promise.max_standby = wider(promise.max_standby, "saAmfSGMaxStandbySIsperSU");
        }
        if let Some(limits) = dn.parent().and_then(|comp| self.limits.get_mut(&comp)) {
            let wider = |present: u32, name| number(attrs, name).map_or(present, |limit| limit.max(present));
            limits.0 = wider(limits.0, limits::ACTIVE);
            limits.1 = wider(limits.1, limits::STANDBY);
        }
    }

    /// How many CSIs the component may be active for.
    pub fn places(&self, comp: &Dn) -> u32 {
        if self.scripts.contains(comp) {
            return 1;
        }
        self.limits.get(comp).map_or(u32::MAX, |(active, _)| *active)
    }

    fn remove(&mut self, gone: &Dn) {
        let stays = |dn: &Dn| !dn.is_within(gone);
        for names in self.names.values_mut() {
            names.retain(stays);
        }
        // What is gone may still be acting for a moment: the relations stay.
        self.promises.retain(|dn, _| stays(dn));
    }
}

/// The first value as a number.
pub fn number(attrs: &[Attr], name: &str) -> Option<u32> {
    find_attr(attrs, name)?.values.first().and_then(Value::as_u32)
}

/// The first value as a name.
pub fn name(attrs: &[Attr], attr: &str) -> Option<Dn> {
    find_attr(attrs, attr)?.values.first().and_then(Value::as_dn)
}
