//! What the repository shows of the running cluster: the runtime attributes and the assignment objects. Each step
//! publishes what differs from what was published before.

mod assignments;

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{AssignmentState, CompCategory, OperState, PresenceState, ReadinessState, SuReport};
use ais::{Attr, Dn, Value, ValueType};

use crate::Director;
use crate::effect::Publish;
use crate::life_cycle;
use crate::model::{Sg, Su};
use crate::notice::CURRENT_PROXY;
use crate::state::SuState;

pub(crate) use assignments::SI_ASSIGNMENT;
use assignments::{Assignments, Former};

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

/// What is shown in an attribute. Names become text when they are published, not before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Number(u32),
    Names(Vec<Dn>),
}

impl Shown {
    fn number(&self) -> Option<u32> {
        match self {
            Shown::Number(number) => Some(*number),
            Shown::Names(_) => None,
        }
    }

    /// Whether it says anything.
    fn is_some(&self) -> bool {
        match self {
            Shown::Number(_) => true,
            Shown::Names(names) => !names.is_empty(),
        }
    }

    fn attr(&self, name: &str) -> Attr {
        let (value_type, values) = match self {
            Shown::Number(number) => (ValueType::Uint32, vec![Value::Uint32(*number)]),
            Shown::Names(names) => {
                let names = names.iter().map(|name| Value::Name(name.to_string()));
                (ValueType::Name, names.collect())
            }
        };
        Attr {
            name: name.to_owned(),
            value_type,
            values,
        }
    }

    fn is(&self, values: &[Value]) -> bool {
        let same = |(name, value): (&Dn, &Value)| matches!(value, Value::Name(text) if text == name.as_str());
        match self {
            Shown::Number(number) => matches!(values, [Value::Uint32(value)] if value == number),
            Shown::Names(names) => names.len() == values.len() && names.iter().zip(values).all(same),
        }
    }
}

/// Runtime attributes of an object, each once.
pub(crate) type Values = Vec<(&'static str, Shown)>;

fn find<'a>(values: &'a Values, name: &str) -> Option<&'a Shown> {
    let found = values.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value)
}

/// What is about to be published.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    changed: BTreeMap<Dn, Values>,
    /// Objects of which it is not known yet what they show.
    unknown: BTreeSet<Dn>,
}

/// What the repository shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Published {
    attributes: BTreeMap<Dn, Values>,
    /// By SG, so that an SG's assignments are compared without looking at the others'.
    assignments: BTreeMap<Dn, Assignments>,
    /// Those of a former director.
    former: Former,
    /// By SG, the SIs that have less than they prefer.
    lacking: BTreeMap<Dn, BTreeMap<Dn, AssignmentState>>,
}

/// Those that have a proxy.
const PROXIED: CompCategory = CompCategory::PROXIED.union(CompCategory::PROXIED_NPI);

fn number(value: u32) -> Shown {
    Shown::Number(value)
}

fn count(value: usize) -> Shown {
    number(u32::try_from(value).unwrap_or(u32::MAX))
}

impl Director {
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
        let differences = self.differences(&touched, &above);
        self.tell_alarms(&touched, &differences);
        for (dn, values) in differences.changed {
            for (name, value) in &values {
                let before = self.shown_number(&dn, name);
                self.tell_attribute(&dn, name, before, value.number());
                if *name == CURRENT_PROXY && value.is_some() && self.gets_proxy(&dn) {
                    self.tell_proxied(&dn);
                }
            }
            let attrs = values.iter().map(|(name, value)| value.attr(name)).collect();
            self.keep(&dn, values);
            changes.push(Publish::Update { dn, attrs });
        }
        for sg in &touched {
            self.publish_assignments(sg, &mut changes);
            self.keep_lacking(sg);
        }
        self.tell_groups(&touched);
        changes
    }

    fn keep(&mut self, dn: &Dn, values: Values) {
        let known = self.published.attributes.entry(dn.clone()).or_default();
        for (name, value) in values {
            match known.iter_mut().find(|(other, _)| *other == name) {
                Some((_, old)) => *old = value,
                None => known.push((name, value)),
            }
        }
    }

    /// Notes which SIs of the SG have less than they prefer, so that nobody has to look for them among all.
    fn keep_lacking(&mut self, dn: &Dn) {
        let sg = self.model.sgs.get(dn);
        let lacking = sg.map(|sg| self.lacking_of(sg)).unwrap_or_default();
        if lacking.is_empty() {
            self.published.lacking.remove(dn);
        } else {
            self.published.lacking.insert(dn.clone(), lacking);
        }
    }

    fn lacking_of(&self, sg: &Sg) -> BTreeMap<Dn, AssignmentState> {
        let view = self.view();
        let states = sg.sis.keys().map(|si| (si, view.assignment_state(sg, si)));
        let lacking = states.filter(|(_, state)| *state != AssignmentState::FullyAssigned);
        lacking.map(|(si, state)| (si.clone(), state)).collect()
    }

    /// Whether what was noted of the SIs that have less than they prefer is what the states say.
    pub(crate) fn knows_lacking(&self) -> bool {
        let sgs = self.model.sgs.iter();
        let now = sgs.map(|(dn, sg)| (dn, self.lacking_of(sg)));
        let now: Vec<_> = now.filter(|(_, lacking)| !lacking.is_empty()).collect();
        let noted = &self.published.lacking;
        now.len() == noted.len() && now.iter().all(|(dn, lacking)| noted.get(*dn) == Some(lacking))
    }

    /// The SIs that have less than they prefer, SG by SG.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = (&Dn, &Sg, &Dn, AssignmentState)> {
        let sgs = self.published.lacking.iter();
        let sgs = sgs.filter_map(|(sg, sis)| Some((self.model.sgs.get_key_value(sg)?, sis)));
        sgs.flat_map(|((dn, sg), sis)| sis.iter().map(move |(si, state)| (dn, sg, si, *state)))
    }

    /// The number that the repository shows in an attribute, as far as this step has not changed it.
    pub(crate) fn shown_number(&self, dn: &Dn, name: &str) -> Option<u32> {
        let published = self.published.attributes.get(dn);
        match published.and_then(|values| find(values, name)) {
            Some(value) => value.number(),
            None => self.raw.get(dn)?.u32(name),
        }
    }

    /// Whether the component is one that has a proxy, not a container.
    pub(crate) fn is_proxied(&self, comp: &Dn) -> bool {
        let found = self.model.comp(comp);
        found.is_some_and(|(.., comp)| comp.config.category.intersects(PROXIED))
    }

    /// Whether the component is a proxied one that shows no proxy before this step.
    fn gets_proxy(&self, comp: &Dn) -> bool {
        self.is_proxied(comp) && self.shown_manager(comp).is_none()
    }

    /// The proxy or container that the component shows before this step.
    pub(crate) fn shown_manager(&self, comp: &Dn) -> Option<Dn> {
        let published = self.published.attributes.get(comp);
        match published.and_then(|values| find(values, CURRENT_PROXY)) {
            Some(Shown::Names(names)) => names.first().cloned(),
            Some(Shown::Number(_)) => None,
            None => self.raw.get(comp)?.dn(CURRENT_PROXY),
        }
    }

    /// Whether the component will show a proxy after this step; `None` where it is not known yet.
    pub(crate) fn manager_to_show(&self, differences: &Differences, comp: &Dn) -> Option<bool> {
        let changed = differences.changed.get(comp);
        match changed.and_then(|values| find(values, CURRENT_PROXY)) {
            Some(value) => Some(value.is_some()),
            None if differences.unknown.contains(comp) => None,
            None => Some(self.shown_manager(comp).is_some()),
        }
    }

    /// The number that an attribute will show after this step; `None` where it is not known yet what the object shows.
    pub(crate) fn number_to_show(&self, differences: &Differences, dn: &Dn, name: &str) -> Option<u32> {
        let changed = differences.changed.get(dn);
        match changed.and_then(|values| find(values, name)) {
            Some(value) => value.number(),
            None if differences.unknown.contains(dn) => None,
            None => self.shown_number(dn, name),
        }
    }

    /// Keeps of the values those that are not shown yet.
    fn compare(&self, dn: &Dn, mut values: Values, differences: &mut Differences) {
        let published = self.published.attributes.get(dn);
        // What was not published by this director is what the repository had when it started.
        values.retain(
            |(name, value)| match published.and_then(|known| find(known, name)) {
                Some(known) => known != value,
                None => self
                    .raw
                    .get(dn)
                    .is_none_or(|object| !value.is(object.values(name))),
            },
        );
        if !values.is_empty() {
            differences.changed.insert(dn.clone(), values);
        }
    }

    /// Forgets what was published of an object that is gone.
    pub(crate) fn forget_published(&mut self, dn: &Dn) {
        self.published.attributes.remove(dn);
    }

    /// What differs of the runtime attributes that these SGs and these entities above them should show.
    fn differences(&self, touched: &BTreeSet<Dn>, above: &BTreeSet<Dn>) -> Differences {
        let mut all = Differences::default();
        let view = self.view();
        for dn in above {
            self.compare(dn, self.attributes_above(dn), &mut all);
        }
        for (dn, sg) in touched.iter().filter_map(|dn| self.model.sgs.get_key_value(dn)) {
            let mut values = vec![("saAmfSGAdminState", self.admin_value(dn))];
            // What a former director published holds until it is known what runs.
            let known = view.unreported_node(sg).is_none();
            if known || self.is_unpublished(dn, "saAmfSGNumCurrAssignedSUs") {
                self.sg_attributes(sg, &mut values);
            }
            self.compare(dn, values, &mut all);
            for si in sg.sis.keys() {
                let mut values = vec![("saAmfSIAdminState", self.admin_value(si))];
                if known || self.is_unpublished(si, "saAmfSIAssignmentState") {
                    self.si_attributes(sg, si, &mut values);
                } else {
                    all.unknown.insert(si.clone());
                }
                self.compare(si, values, &mut all);
            }
            for (su_dn, su) in &sg.sus {
                let mut values = vec![("saAmfSUAdminState", self.admin_value(su_dn))];
                let reported = su.node.as_ref().is_none_or(|node| !view.is_unreported(node));
                if reported || self.is_unpublished(su_dn, "saAmfSUPresenceState") {
                    let readiness = view.su_readiness(su_dn);
                    self.su_attributes(su_dn, su, readiness, &mut values);
                    self.comp_attributes(su_dn, su, readiness, &mut all);
                } else {
                    all.unknown.extend(su.comps.iter().map(|comp| comp.dn().clone()));
                }
                self.compare(su_dn, values, &mut all);
            }
        }
        all
    }

    /// The runtime attributes of a cluster, application, node or node group; none for others.
    fn attributes_above(&self, dn: &Dn) -> Values {
        let class = self.raw.get(dn).map_or("", |object| object.class());
        let Some(name) = admin_attribute(class).filter(|_| !is_below_sg(class)) else {
            return Values::new();
        };
        let mut values = vec![(name, self.admin_value(dn))];
        if self.model.nodes.contains_key(dn) {
            values.push(("saAmfNodeOperState", number(self.view().node_oper(dn).code())));
        }
        if class == "SaAmfApplication" {
            let sgs = self.raw.children_of_class(dn, "SaAmfSG").count();
            values.push(("saAmfApplicationCurrNumSGs", count(sgs)));
        }
        values
    }

    fn admin_value(&self, dn: &Dn) -> Shown {
        number(self.state.admin(dn).code())
    }

    /// Whether nobody has published the attribute yet.
    fn is_unpublished(&self, dn: &Dn, name: &str) -> bool {
        let published = self.published.attributes.get(dn);
        published.is_none_or(|values| find(values, name).is_none())
            && self
                .raw
                .get(dn)
                .is_none_or(|object| object.values(name).is_empty())
    }

    fn sg_attributes(&self, sg: &Sg, values: &mut Values) {
        let states = || sg.sus.keys().filter_map(|su| self.state.su(su));
        let assigned = |state: &SuState| !state.holds().is_empty();
        let up = |state: &SuState| {
            matches!(
                state.presence(),
                PresenceState::Instantiated | PresenceState::Restarting
            )
        };
        let is_down = |su: &&Dn| self.state.su(su).is_none_or(|state| !up(state));
        let mut down: Vec<&Dn> = sg.sus.keys().filter(is_down).collect();
        if !down.is_empty() {
            let wanted = life_cycle::wanted(self.view(), sg);
            down.retain(|su| !wanted.contains(su));
        }
        values.extend([
            (
                "saAmfSGNumCurrAssignedSUs",
                count(states().filter(|state| assigned(state)).count()),
            ),
            (
                "saAmfSGNumCurrInstantiatedSpareSUs",
                count(states().filter(|state| up(state) && !assigned(state)).count()),
            ),
            ("saAmfSGNumCurrNonInstantiatedSpareSUs", count(down.len())),
        ]);
    }

    fn si_attributes(&self, sg: &Sg, si: &Dn, values: &mut Values) {
        let view = self.view();
        let (active, standby) = view.counts(sg, si);
        values.extend([
            (
                "saAmfSIAssignmentState",
                number(view.assignment_state(sg, si).code()),
            ),
            ("saAmfSINumCurrActiveAssignments", number(active)),
            ("saAmfSINumCurrStandbyAssignments", number(standby)),
        ]);
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
        values.extend([
            ("saAmfSUPreInstantiable", number(u32::from(su.pre_instantiable))),
            ("saAmfSUOperState", number(view.su_oper(dn, su).code())),
            ("saAmfSUReadinessState", number(readiness.code())),
            ("saAmfSUPresenceState", number(presence.code())),
            (
                "saAmfSUHostedByNode",
                Shown::Names(su.node.iter().cloned().collect()),
            ),
            (
                "saAmfSUAssignedSIs",
                Shown::Names(holds.keys().map(|si| (*si).clone()).collect()),
            ),
            ("saAmfSUNumCurrActiveSIs", with(&[Ha::Active, Ha::Quiescing])),
            ("saAmfSUNumCurrStandbySIs", with(&[Ha::Standby])),
            ("saAmfSURestartCount", number(restarts)),
        ]);
    }

    fn comp_attributes(&self, su_dn: &Dn, su: &Su, of_su: ReadinessState, all: &mut Differences) {
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
            let mut values = vec![
                ("saAmfCompOperState", number(oper.code())),
                ("saAmfCompReadinessState", number(readiness.code())),
                ("saAmfCompPresenceState", number(presence.code())),
                (
                    "saAmfCompRestartCount",
                    number(told.map_or(0, |told| told.restart_count)),
                ),
            ];
            if comp.is_managed() {
                let manager = told.and_then(|told| told.manager.clone());
                values.push((CURRENT_PROXY, Shown::Names(manager.into_iter().collect())));
            } else if let Some(proxied) = self.proxied_near(su, comp.dn(), report) {
                let managed = proxied.into_iter().flat_map(|su| self.managed_by(comp.dn(), su));
                values.push(("saAmfCompCurrProxiedNames", Shown::Names(managed.collect())));
            }
            self.compare(comp.dn(), values, all);
        }
    }

    /// The SUs whose components this one may manage: those of its node, and those that name a CSI which it holds. `None` where
    /// there is nobody whom it could.
    fn proxied_near(&self, su: &Su, manager: &Dn, report: Option<&SuReport>) -> Option<BTreeSet<&Dn>> {
        let own = su.node.as_ref().and_then(|node| self.model.proxied_on(node));
        if own.is_none() && !self.model.has_proxies() {
            return None;
        }
        let held = report.into_iter().flat_map(|report| &report.assignments);
        let csis = held
            .flat_map(|held| &held.csis)
            .filter(|(_, comp)| comp == manager);
        let elsewhere = csis.flat_map(|(csi, _)| self.model.proxied_by(csi));
        Some(own.into_iter().flatten().chain(elsewhere).collect())
    }

    /// The components of the SU that this one manages.
    fn managed_by(&self, manager: &Dn, su: &Dn) -> impl Iterator<Item = Dn> {
        let report = self.state.su(su).and_then(|state| state.report.as_ref());
        let comps = report.into_iter().flat_map(|report| &report.comps);
        comps
            .filter(move |comp| comp.manager.as_ref() == Some(manager))
            .map(|comp| comp.comp.clone())
    }
}

/// Whether objects of the class belong to an SG and are looked at with it.
fn is_below_sg(class: &str) -> bool {
    matches!(class, "SaAmfSG" | "SaAmfSU" | "SaAmfSI")
}
