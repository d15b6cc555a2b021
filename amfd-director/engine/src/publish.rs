//! What the repository shows of the running cluster: the runtime attributes and the assignment objects. Each step
//! publishes what differs from what was published before.

use std::collections::BTreeMap;

use ais::amf::{AdminState, HaReadinessState, OperState, PresenceState, ReadinessState};
use ais::{Attr, Dn, Value, ValueType};

use crate::Director;
use crate::effect::Publish;
use crate::event::ModelChange;
use crate::life_cycle;
use crate::model::{Sg, Su};
use crate::plan::{self, Protection};
use crate::state::SuState;

/// The attribute that holds the administrative state, class by class.
pub(crate) const ADMIN_ATTRIBUTES: &[(&str, &str)] = &[
    ("SaAmfCluster", "saAmfClusterAdminState"),
    ("SaAmfNode", "saAmfNodeAdminState"),
    ("SaAmfNodeGroup", "saAmfNGAdminState"),
    ("SaAmfApplication", "saAmfApplicationAdminState"),
    ("SaAmfSG", "saAmfSGAdminState"),
    ("SaAmfSU", "saAmfSUAdminState"),
    ("SaAmfSI", "saAmfSIAdminState"),
];

const SI_ASSIGNMENT: &str = "SaAmfSIAssignment";
const CSI_ASSIGNMENT: &str = "SaAmfCSIAssignment";

/// The runtime attributes of an object. `None` is an attribute without a value.
type Values = BTreeMap<&'static str, Vec<Value>>;

/// An assignment object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    class: &'static str,
    ha: u32,
}

/// What the repository shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Published {
    attributes: BTreeMap<Dn, Values>,
    /// By SG, so that an SG's assignments are compared without looking at the others'.
    assignments: BTreeMap<Dn, Assignment>,
}

/// The attributes that are published, with the type of those that may be empty.
const NAMES: &[(&str, ValueType)] = &[
    ("saAmfSUHostedByNode", ValueType::Name),
    ("saAmfSUAssignedSIs", ValueType::Name),
];

fn empty_type(name: &str) -> ValueType {
    NAMES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(ValueType::Uint32, |(_, kind)| *kind)
}

fn number(value: u32) -> Vec<Value> {
    vec![Value::Uint32(value)]
}

fn count(value: usize) -> Vec<Value> {
    number(u32::try_from(value).unwrap_or(u32::MAX))
}

impl Director {
    /// What a former director published, so that only differences follow.
    pub(crate) fn seed_published(&mut self, objects: &[ModelChange]) {
        for object in objects {
            let ModelChange::Create { class, dn, attrs } = object else {
                continue;
            };
            let (class, name) = match class.as_str() {
                SI_ASSIGNMENT => (SI_ASSIGNMENT, "saAmfSISUHAState"),
                CSI_ASSIGNMENT => (CSI_ASSIGNMENT, "saAmfCSICompHAState"),
                _ => continue,
            };
            let ha = ais::find_attr(attrs, name).and_then(|attr| attr.values.first()?.as_u32());
            let assignment = Assignment {
                class,
                ha: ha.unwrap_or(0),
            };
            self.published.assignments.insert(dn.clone(), assignment);
        }
    }

    /// The differences between what holds and what was published.
    pub(crate) fn publish_changes(&mut self) -> Vec<Publish> {
        let mut changes = Vec::new();
        let attributes = self.attributes();
        for (dn, values) in &attributes {
            let before = self.published.attributes.get(dn);
            // What was not published by this director is what the repository had when it started.
            let stored = self.raw.get(dn).filter(|_| before.is_none());
            let known = |name: &str| match before {
                Some(before) => before.get(name).map(Vec::as_slice),
                None => stored.map(|object| object.values(name)),
            };
            let changed: Vec<Attr> = values
                .iter()
                .filter(|(name, value)| known(name) != Some(value.as_slice()))
                .map(|(name, values)| Attr {
                    name: (*name).to_owned(),
                    value_type: values.first().map_or_else(|| empty_type(name), Value::value_type),
                    values: values.clone(),
                })
                .collect();
            if !changed.is_empty() {
                changes.push(Publish::Update {
                    dn: dn.clone(),
                    attrs: changed,
                });
            }
        }
        self.published.attributes = attributes;
        let assignments = self.assignment_objects();
        self.assignment_changes(&assignments, &mut changes);
        self.published.assignments = assignments;
        changes
    }

    fn assignment_changes(&self, now: &BTreeMap<Dn, Assignment>, changes: &mut Vec<Publish>) {
        for (dn, before) in &self.published.assignments {
            if now.get(dn).is_none_or(|object| object.class != before.class) {
                changes.push(Publish::Delete { dn: dn.clone() });
            }
        }
        for (dn, object) in now {
            let (ha, readiness) = if object.class == SI_ASSIGNMENT {
                ("saAmfSISUHAState", "saAmfSISUHAReadinessState")
            } else {
                ("saAmfCSICompHAState", "saAmfCSICompHAReadinessState")
            };
            let state = Attr::single(ha, Value::Uint32(object.ha));
            match self.published.assignments.get(dn) {
                Some(before) if before == object => {}
                Some(before) if before.class == object.class => {
                    changes.push(Publish::Update {
                        dn: dn.clone(),
                        attrs: vec![state],
                    });
                }
                Some(_) | None => {
                    let ready = Value::Uint32(HaReadinessState::ReadyForAssignment.code());
                    changes.push(Publish::Create {
                        class: object.class.to_owned(),
                        dn: dn.clone(),
                        attrs: vec![state, Attr::single(readiness, ready)],
                    });
                }
            }
        }
    }

    /// The assignment objects that should be there.
    fn assignment_objects(&self) -> BTreeMap<Dn, Assignment> {
        let view = self.view();
        let mut all = BTreeMap::new();
        for sg in self.model.sgs.values() {
            // What a former director published stays until it is known what runs.
            if view.unreported_node(sg).is_some() {
                let former = self.published.assignments.iter().filter(|(dn, _)| {
                    dn.parent().is_some_and(|parent| {
                        sg.sis.contains_key(&parent)
                            || parent.parent().is_some_and(|si| sg.sis.contains_key(&si))
                    })
                });
                all.extend(former.map(|(dn, object)| (dn.clone(), object.clone())));
            }
            for (su, state) in sg.sus.keys().filter_map(|su| Some((su, self.state.su(su)?))) {
                for held in state.report.iter().flat_map(|report| &report.assignments) {
                    let object = |class| Assignment {
                        class,
                        ha: held.ha.code(),
                    };
                    if let Ok(dn) = Dn::child(&format!("safSISU={}", su.escaped()), Some(&held.si)) {
                        all.insert(dn, object(SI_ASSIGNMENT));
                    }
                    for (csi, comp) in &held.csis {
                        if let Ok(dn) = Dn::child(&format!("safCSIComp={}", comp.escaped()), Some(csi)) {
                            all.insert(dn, object(CSI_ASSIGNMENT));
                        }
                    }
                }
            }
        }
        all
    }

    /// The runtime attributes that should be shown.
    fn attributes(&self) -> BTreeMap<Dn, Values> {
        let mut all: BTreeMap<Dn, Values> = BTreeMap::new();
        for (class, name) in ADMIN_ATTRIBUTES {
            for (dn, _) in self.raw.class(class) {
                let state: AdminState = self.state.admin(dn);
                all.entry(dn.clone())
                    .or_default()
                    .insert(name, number(state.code()));
            }
        }
        for node in self.model.nodes.keys() {
            let oper = number(self.view().node_oper(node).code());
            all.entry(node.clone())
                .or_default()
                .insert("saAmfNodeOperState", oper);
        }
        for (dn, sg) in &self.model.sgs {
            let Some(protection) = plan::protection(sg.model) else {
                continue;
            };
            self.sg_attributes(dn, sg, &mut all);
            for si in sg.sis.keys() {
                self.si_attributes(sg, si, protection, all.entry(si.clone()).or_default());
            }
            for (su_dn, su) in &sg.sus {
                self.su_attributes(su_dn, su, all.entry(su_dn.clone()).or_default());
                self.comp_attributes(su_dn, su, &mut all);
            }
        }
        all
    }

    fn sg_attributes(&self, dn: &Dn, sg: &Sg, all: &mut BTreeMap<Dn, Values>) {
        let states = || sg.sus.keys().filter_map(|su| self.state.su(su));
        let assigned = |state: &SuState| !state.holds().is_empty();
        let up = |state: &SuState| {
            matches!(
                state.presence(),
                PresenceState::Instantiated | PresenceState::Restarting
            )
        };
        let values = all.entry(dn.clone()).or_default();
        values.insert(
            "saAmfSGNumCurrAssignedSUs",
            count(states().filter(|state| assigned(state)).count()),
        );
        values.insert(
            "saAmfSGNumCurrInstantiatedSpareSUs",
            count(states().filter(|state| up(state) && !assigned(state)).count()),
        );
        let wanted = life_cycle::wanted(self.view(), sg);
        let idle = sg
            .sus
            .keys()
            .filter(|su| !wanted.contains(su) && self.state.su(su).is_none_or(|state| !up(state)));
        values.insert("saAmfSGNumCurrNonInstantiatedSpareSUs", count(idle.count()));
    }

    fn si_attributes(&self, sg: &Sg, si: &Dn, protection: Protection, values: &mut Values) {
        let view = self.view();
        let (active, standby) = view.counts(sg, si);
        values.insert(
            "saAmfSIAssignmentState",
            number(view.assignment_state(sg, si, protection).code()),
        );
        values.insert("saAmfSINumCurrActiveAssignments", number(active));
        values.insert("saAmfSINumCurrStandbyAssignments", number(standby));
    }

    fn su_attributes(&self, dn: &Dn, su: &Su, values: &mut Values) {
        use ais::amf::HaState as Ha;
        let view = self.view();
        let state = self.state.su(dn);
        let holds = state.map(SuState::holds).unwrap_or_default();
        let with = |wanted: &[Ha]| count(holds.values().filter(|ha| wanted.contains(ha)).count());
        let restarts = state
            .and_then(|state| state.report.as_ref())
            .map_or(0, |report| report.restart_count);
        let presence = state.map_or(PresenceState::Uninstantiated, SuState::presence);
        values.insert("saAmfSUPreInstantiable", number(u32::from(su.pre_instantiable)));
        values.insert("saAmfSUOperState", number(view.su_oper(dn, su).code()));
        values.insert("saAmfSUReadinessState", number(view.su_readiness(dn).code()));
        values.insert("saAmfSUPresenceState", number(presence.code()));
        let node = su.node.iter().map(|node| Value::Name(node.to_string())).collect();
        values.insert("saAmfSUHostedByNode", node);
        let sis = holds.keys().map(|si| Value::Name(si.to_string())).collect();
        values.insert("saAmfSUAssignedSIs", sis);
        values.insert("saAmfSUNumCurrActiveSIs", with(&[Ha::Active, Ha::Quiescing]));
        values.insert("saAmfSUNumCurrStandbySIs", with(&[Ha::Standby]));
        values.insert("saAmfSURestartCount", number(restarts));
    }

    fn comp_attributes(&self, su_dn: &Dn, su: &Su, all: &mut BTreeMap<Dn, Values>) {
        let report = self.state.su(su_dn).and_then(|state| state.report.as_ref());
        let su_readiness = self.view().su_readiness(su_dn);
        for comp in &su.comps {
            let told = report.and_then(|report| report.comps.iter().find(|told| &told.comp == comp.dn()));
            let oper = told.map_or(OperState::Disabled, |told| told.oper);
            let readiness = if oper == OperState::Enabled {
                su_readiness
            } else {
                ReadinessState::OutOfService
            };
            let presence = told.map_or(PresenceState::Uninstantiated, |told| told.presence);
            let values = all.entry(comp.dn().clone()).or_default();
            values.insert("saAmfCompOperState", number(oper.code()));
            values.insert("saAmfCompReadinessState", number(readiness.code()));
            values.insert("saAmfCompPresenceState", number(presence.code()));
            values.insert(
                "saAmfCompRestartCount",
                number(told.map_or(0, |told| told.restart_count)),
            );
        }
    }
}
