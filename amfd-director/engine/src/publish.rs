//! What the repository shows of the running cluster: the runtime attributes and the assignment objects. Each step
//! publishes what differs from what was published before.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{
    AssignmentReport, CompCategory, HaReadinessState, HaState, OperState, PresenceState, ReadinessState,
};
use ais::{Attr, Dn, Value, ValueType};

use crate::Director;
use crate::effect::Publish;
use crate::event::ModelChange;
use crate::life_cycle;
use crate::model::{Sg, Su};
use crate::state::SuState;

/// The attribute that holds the administrative state, class by class.
const ADMIN_ATTRIBUTES: &[(&str, &str)] = &[
    ("SaAmfCluster", "saAmfClusterAdminState"),
    ("SaAmfNode", "saAmfNodeAdminState"),
    ("SaAmfNodeGroup", "saAmfNGAdminState"),
    ("SaAmfApplication", "saAmfApplicationAdminState"),
    ("SaAmfSG", "saAmfSGAdminState"),
    ("SaAmfSU", "saAmfSUAdminState"),
    ("SaAmfSI", "saAmfSIAdminState"),
];

/// The attribute that holds the administrative state of objects of the class.
pub(crate) fn admin_attribute(class: &str) -> Option<&'static str> {
    let entry = ADMIN_ATTRIBUTES.iter().find(|(of, _)| *of == class);
    entry.map(|(_, name)| *name)
}

pub(crate) const SI_ASSIGNMENT: &str = "SaAmfSIAssignment";
const CSI_ASSIGNMENT: &str = "SaAmfCSIAssignment";

/// The runtime attributes of an object.
pub(crate) type Values = BTreeMap<&'static str, Vec<Value>>;

/// An assignment object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    class: &'static str,
    ha: u32,
    readiness: u32,
}

/// Assignment objects.
type Assignments = BTreeMap<Dn, Assignment>;

/// What the repository shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Published {
    attributes: BTreeMap<Dn, Values>,
    /// By SG, so that an SG's assignments are compared without looking at the others'.
    assignments: BTreeMap<Dn, Assignments>,
    /// Those of a former director.
    former: Assignments,
}

/// Components that others manage.
const MANAGED: CompCategory = CompCategory::PROXIED
    .union(CompCategory::PROXIED_NPI)
    .union(CompCategory::CONTAINED);

/// The attributes that are published, with the type of those that may be empty.
const NAMES: &[(&str, ValueType)] = &[
    ("saAmfSUHostedByNode", ValueType::Name),
    ("saAmfSUAssignedSIs", ValueType::Name),
    ("saAmfCompCurrProxyName", ValueType::Name),
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
            let class = match class.as_str() {
                SI_ASSIGNMENT => SI_ASSIGNMENT,
                CSI_ASSIGNMENT => CSI_ASSIGNMENT,
                _ => continue,
            };
            let (ha, readiness) = state_attributes(class);
            let value = |name| ais::find_attr(attrs, name).and_then(|attr| attr.values.first()?.as_u32());
            let assignment = Assignment {
                class,
                ha: value(ha).unwrap_or(0),
                readiness: value(readiness).unwrap_or(READY),
            };
            self.remember_active(dn, &assignment);
            self.published.former.insert(dn.clone(), assignment);
        }
    }

    /// Who was active under a former director, for the case that its node is not there any more.
    fn remember_active(&mut self, dn: &Dn, assignment: &Assignment) {
        let serves = [HaState::Active.code(), HaState::Quiescing.code()].contains(&assignment.ha);
        if assignment.class != CSI_ASSIGNMENT || !serves {
            return;
        }
        let csi = dn.parent();
        let si = csi.as_ref().and_then(Dn::parent);
        if let (Some(si), Some(csi), Ok(comp)) = (si, csi, Dn::new(&dn.rdn_value())) {
            self.state.last_active.entry(si).or_default().insert(csi, comp);
        }
    }

    /// The differences between what holds and what was published. Only SGs that were evaluated since, and what changed
    /// above them, are looked at.
    pub(crate) fn publish_changes(&mut self) -> Vec<Publish> {
        let mut changes = Vec::new();
        self.publish_leftovers(&mut changes);
        self.sort_former_alarms();
        let touched = std::mem::take(&mut self.touched);
        let mut above = self.state.admin.take_changed();
        above.append(&mut self.state.nodes.take_changed());
        self.state.sus.take_changed();
        let attributes = self.attributes(&touched, &above);
        self.tell_alarms(&touched, &attributes);
        for (dn, values) in attributes {
            let attrs = self.changed(&dn, &values);
            for attr in &attrs {
                let before = self.shown_values(&dn, &attr.name).map(<[Value]>::to_vec);
                self.tell_attribute(&dn, attr, before.as_deref());
            }
            if !attrs.is_empty() {
                self.published
                    .attributes
                    .entry(dn.clone())
                    .or_default()
                    .extend(values);
                changes.push(Publish::Update { dn, attrs });
            }
        }
        for sg in &touched {
            let now = self.assignment_objects(sg);
            // An SG that left the model leaves nothing behind.
            let before = self.published.assignments.remove(sg).unwrap_or_default();
            assignment_changes(&before, &now, &mut changes);
            self.tell_ha_states(&before, &now);
            if !now.is_empty() {
                self.published.assignments.insert(sg.clone(), now);
            }
        }
        self.tell_groups(&touched);
        changes
    }

    /// The components that are shown to hold a CSI, with their HA and HA readiness states.
    pub(crate) fn published_holders(&self, sg: &Dn, csi: &Dn) -> impl Iterator<Item = (Dn, u32, u32)> {
        let objects = self.published.assignments.get(sg).into_iter().flatten();
        objects
            .filter(move |(dn, object)| object.class == CSI_ASSIGNMENT && dn.parent().as_ref() == Some(csi))
            .filter_map(|(dn, object)| Some((Dn::new(&dn.rdn_value()).ok()?, object.ha, object.readiness)))
    }

    fn tell_ha_states(&mut self, before: &Assignments, now: &Assignments) {
        for (dn, object) in now.iter().filter(|(_, object)| object.class == SI_ASSIGNMENT) {
            let old = before.get(dn).map(|old| old.ha);
            if old != Some(object.ha) {
                self.tell_ha(dn, old, object.ha);
            }
        }
    }

    /// What the repository shows of an attribute; `None` where nothing is known of the object.
    pub(crate) fn shown_values(&self, dn: &Dn, name: &str) -> Option<&[Value]> {
        let published = self.published.attributes.get(dn);
        match published.and_then(|values| values.get(name)) {
            Some(values) => Some(values),
            None => self.raw.get(dn).map(|object| object.values(name)),
        }
    }

    fn changed(&self, dn: &Dn, values: &Values) -> Vec<Attr> {
        let published = self.published.attributes.get(dn);
        // What was not published by this director is what the repository had when it started.
        let is_known = |name: &str, value: &[Value]| match published.and_then(|known| known.get(name)) {
            Some(known) => known == value,
            None => self.shown_values(dn, name) == Some(value),
        };
        values
            .iter()
            .filter(|(name, value)| !is_known(name, value))
            .map(|(name, values)| Attr {
                name: (*name).to_owned(),
                value_type: values.first().map_or_else(|| empty_type(name), Value::value_type),
                values: values.clone(),
            })
            .collect()
    }

    /// Assignment objects of a former director whose SI, SG or class is not served any more.
    fn publish_leftovers(&mut self, changes: &mut Vec<Publish>) {
        if self.published.former.is_empty() {
            return;
        }
        let former = std::mem::take(&mut self.published.former);
        for (dn, object) in former {
            let si = if object.class == SI_ASSIGNMENT {
                dn.parent()
            } else {
                dn.parent().and_then(|csi| csi.parent())
            };
            let served = si.and_then(|si| {
                let (sg, ..) = self.model.si(&si)?;
                Some(sg.clone())
            });
            let foreign = self
                .options
                .foreign_applications
                .iter()
                .any(|app| dn.is_within(app));
            match served {
                Some(sg) => {
                    self.published
                        .assignments
                        .entry(sg.clone())
                        .or_default()
                        .insert(dn, object);
                    self.touched.insert(sg);
                }
                None if foreign => {}
                None => changes.push(Publish::Delete { dn }),
            }
        }
    }

    /// Forgets what was published of an object that is gone.
    pub(crate) fn forget_published(&mut self, dn: &Dn) {
        self.published.attributes.remove(dn);
    }

    /// The assignment objects of the SG that should be there.
    fn assignment_objects(&self, dn: &Dn) -> Assignments {
        let mut all = Assignments::new();
        let Some(sg) = self.model.sgs.get(dn) else {
            return all;
        };
        let view = self.view();
        let published = self.published.assignments.get(dn);
        // What was published of an SU stays until it is known what it holds.
        let is_open = view.unreported_node(sg).is_some();
        let former = published.filter(|_| is_open).into_iter().flatten();
        let unknown = |object: &Dn| {
            Dn::new(&object.rdn_value()).is_ok_and(|holder| {
                let of_comp = holder.parent().filter(|_| object.rdn_name() == "safCSIComp");
                let su = of_comp.unwrap_or(holder);
                let node = sg.sus.get(&su).and_then(|su| su.node.as_ref());
                node.is_some_and(|node| view.is_unreported(node))
            })
        };
        all.extend(
            former
                .filter(|(dn, _)| unknown(dn))
                .map(|(dn, object)| (dn.clone(), object.clone())),
        );
        for (su, state) in sg.sus.keys().filter_map(|su| Some((su, self.state.su(su)?))) {
            for held in state.report.iter().flat_map(|report| &report.assignments) {
                let Ok(dn) = Dn::child(&format!("safSISU={}", su.escaped()), Some(&held.si)) else {
                    continue;
                };
                let ha = shown(state, held, published.and_then(|published| published.get(&dn)));
                let object = |class, readiness| Assignment {
                    class,
                    ha: ha.code(),
                    readiness,
                };
                let mut worst = READY;
                for (csi, comp) in &held.csis {
                    let readiness = readiness(state, csi, comp);
                    worst = worst.max(readiness);
                    if let Ok(dn) = Dn::child(&format!("safCSIComp={}", comp.escaped()), Some(csi)) {
                        all.insert(dn, object(CSI_ASSIGNMENT, readiness));
                    }
                }
                all.insert(dn, object(SI_ASSIGNMENT, worst));
            }
        }
        all
    }

    /// The runtime attributes that should be shown of these SGs and of these entities above them.
    fn attributes(&self, touched: &BTreeSet<Dn>, above: &BTreeSet<Dn>) -> BTreeMap<Dn, Values> {
        let mut all: BTreeMap<Dn, Values> = BTreeMap::new();
        let view = self.view();
        for dn in above {
            self.attributes_above(dn, &mut all);
        }
        for (dn, sg) in touched.iter().filter_map(|dn| self.model.sgs.get_key_value(dn)) {
            all.entry(dn.clone())
                .or_default()
                .insert("saAmfSGAdminState", self.admin_value(dn));
            // What a former director published holds until it is known what runs.
            let known = view.unreported_node(sg).is_none();
            if known || self.is_unpublished(dn, "saAmfSGNumCurrAssignedSUs") {
                self.sg_attributes(dn, sg, &mut all);
            }
            for si in sg.sis.keys() {
                let values = all.entry(si.clone()).or_default();
                values.insert("saAmfSIAdminState", self.admin_value(si));
                if known || self.is_unpublished(si, "saAmfSIAssignmentState") {
                    self.si_attributes(sg, si, values);
                }
            }
            for (su_dn, su) in &sg.sus {
                let values = all.entry(su_dn.clone()).or_default();
                values.insert("saAmfSUAdminState", self.admin_value(su_dn));
                let reported = su.node.as_ref().is_none_or(|node| !view.is_unreported(node));
                if reported || self.is_unpublished(su_dn, "saAmfSUPresenceState") {
                    let readiness = view.su_readiness(su_dn);
                    self.su_attributes(su_dn, su, readiness, values);
                    self.comp_attributes(su_dn, su, readiness, &mut all);
                }
            }
        }
        all
    }

    /// The runtime attributes of a cluster, application, node or node group; nothing for others.
    fn attributes_above(&self, dn: &Dn, all: &mut BTreeMap<Dn, Values>) {
        let class = self.raw.get(dn).map_or("", |object| object.class());
        let Some(name) = admin_attribute(class).filter(|_| !is_below_sg(class)) else {
            return;
        };
        let values = all.entry(dn.clone()).or_default();
        values.insert(name, self.admin_value(dn));
        if self.model.nodes.contains_key(dn) {
            values.insert("saAmfNodeOperState", number(self.view().node_oper(dn).code()));
        }
        if class == "SaAmfApplication" {
            let sgs = self.raw.children_of_class(dn, "SaAmfSG").count();
            values.insert("saAmfApplicationCurrNumSGs", count(sgs));
        }
    }

    fn admin_value(&self, dn: &Dn) -> Vec<Value> {
        number(self.state.admin(dn).code())
    }

    /// Whether nobody has published the attribute yet.
    fn is_unpublished(&self, dn: &Dn, name: &str) -> bool {
        let published = self
            .published
            .attributes
            .get(dn)
            .is_some_and(|values| values.contains_key(name));
        !published
            && self
                .raw
                .get(dn)
                .is_none_or(|object| object.values(name).is_empty())
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
        let is_down = |su: &&Dn| self.state.su(su).is_none_or(|state| !up(state));
        let mut down: Vec<&Dn> = sg.sus.keys().filter(is_down).collect();
        if !down.is_empty() {
            let wanted = life_cycle::wanted(self.view(), sg);
            down.retain(|su| !wanted.contains(su));
        }
        values.insert("saAmfSGNumCurrNonInstantiatedSpareSUs", count(down.len()));
    }

    fn si_attributes(&self, sg: &Sg, si: &Dn, values: &mut Values) {
        let view = self.view();
        let (active, standby) = view.counts(sg, si);
        values.insert(
            "saAmfSIAssignmentState",
            number(view.assignment_state(sg, si).code()),
        );
        values.insert("saAmfSINumCurrActiveAssignments", number(active));
        values.insert("saAmfSINumCurrStandbyAssignments", number(standby));
    }

    fn su_attributes(&self, dn: &Dn, su: &Su, readiness: ReadinessState, values: &mut Values) {
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
        values.insert("saAmfSUReadinessState", number(readiness.code()));
        values.insert("saAmfSUPresenceState", number(presence.code()));
        let node = su.node.iter().map(|node| Value::Name(node.to_string())).collect();
        values.insert("saAmfSUHostedByNode", node);
        let sis = holds.keys().map(|si| Value::Name(si.to_string())).collect();
        values.insert("saAmfSUAssignedSIs", sis);
        values.insert("saAmfSUNumCurrActiveSIs", with(&[Ha::Active, Ha::Quiescing]));
        values.insert("saAmfSUNumCurrStandbySIs", with(&[Ha::Standby]));
        values.insert("saAmfSURestartCount", number(restarts));
    }

    fn comp_attributes(&self, su_dn: &Dn, su: &Su, of_su: ReadinessState, all: &mut BTreeMap<Dn, Values>) {
        let report = self.state.su(su_dn).and_then(|state| state.report.as_ref());
        for comp in &su.comps {
            let told = report.and_then(|report| report.comps.iter().find(|told| &told.comp == comp.dn()));
            let oper = told.map_or(OperState::Disabled, |told| told.oper);
            let readiness = if oper == OperState::Enabled {
                of_su
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
            if comp.config.category.intersects(MANAGED) {
                let manager = told.and_then(|told| told.manager.as_ref());
                let name = manager.map(|manager| Value::Name(manager.to_string()));
                values.insert("saAmfCompCurrProxyName", name.into_iter().collect());
            }
        }
    }
}

/// The state that is shown of what an SU holds: as confirmed, and QUIESCING while it finishes its work, until it has
/// answered the order that ends that.
fn shown(state: &SuState, held: &AssignmentReport, before: Option<&Assignment>) -> HaState {
    let goes_on = state.is_busy() && before.is_some_and(|before| before.ha == HaState::Quiescing.code());
    match held.ha {
        HaState::Active if goes_on || state.is_quiescing(&held.si) => HaState::Quiescing,
        HaState::Active | HaState::Standby | HaState::Quiesced | HaState::Quiescing => held.ha,
    }
}

/// A component that is ready for whatever it is given.
const READY: u32 = HaReadinessState::ReadyForAssignment.code();

/// The attributes that show the HA state and the HA readiness state in objects of the class.
fn state_attributes(class: &str) -> (&'static str, &'static str) {
    if class == SI_ASSIGNMENT {
        ("saAmfSISUHAState", "saAmfSISUHAReadinessState")
    } else {
        ("saAmfCSICompHAState", "saAmfCSICompHAReadinessState")
    }
}

/// How ready the component says that it is for the CSI.
fn readiness(state: &SuState, csi: &Dn, comp: &Dn) -> u32 {
    let mut comps = state.report.iter().flat_map(|report| &report.comps);
    let told = comps.find(|told| told.comp == *comp);
    let mut said = told.into_iter().flat_map(|told| &told.ha_readiness);
    said.find(|(of, _)| of == csi)
        .map_or(READY, |(_, state)| state.code())
}

/// Whether objects of the class belong to an SG and are looked at with it.
fn is_below_sg(class: &str) -> bool {
    matches!(class, "SaAmfSG" | "SaAmfSU" | "SaAmfSI")
}

fn assignment_changes(before: &Assignments, now: &Assignments, changes: &mut Vec<Publish>) {
    for (dn, object) in before {
        if now.get(dn).is_none_or(|left| left.class != object.class) {
            changes.push(Publish::Delete { dn: dn.clone() });
        }
    }
    for (dn, object) in now {
        let (ha, readiness) = state_attributes(object.class);
        let state = Attr::single(ha, Value::Uint32(object.ha));
        let ready = Attr::single(readiness, Value::Uint32(object.readiness));
        match before.get(dn) {
            Some(old) if old == object => {}
            Some(old) if old.class == object.class => changes.push(Publish::Update {
                dn: dn.clone(),
                attrs: if old.readiness == object.readiness {
                    vec![state]
                } else {
                    vec![state, ready]
                },
            }),
            Some(_) | None => {
                changes.push(Publish::Create {
                    class: object.class.to_owned(),
                    dn: dn.clone(),
                    attrs: vec![state, ready],
                });
            }
        }
    }
}
