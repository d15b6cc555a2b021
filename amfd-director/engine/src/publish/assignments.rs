//! The assignment objects: who holds which SI, and which component of it which CSI, with the HA states.
//!
//! They are compared by what they are about; their DNs, which hold the holder's DN in escaped form, are made only for what
//! is published.

use std::collections::BTreeMap;

use ais::amf::{AssignmentReport, HaReadinessState, HaState};
use ais::{Attr, Dn, DnError, Value};

use crate::Director;
use crate::effect::Publish;
use crate::event::ModelChange;
use crate::model::Sg;
use crate::state::{SuState, View};

pub(crate) const SI_ASSIGNMENT: &str = "SaAmfSIAssignment";
const CSI_ASSIGNMENT: &str = "SaAmfCSIAssignment";

/// Which of the two classes an assignment object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Csi,
    Si,
}

impl Kind {
    fn of_class(class: &str) -> Option<Kind> {
        match class {
            SI_ASSIGNMENT => Some(Kind::Si),
            CSI_ASSIGNMENT => Some(Kind::Csi),
            _ => None,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Kind::Csi => CSI_ASSIGNMENT,
            Kind::Si => SI_ASSIGNMENT,
        }
    }

    fn rdn_name(self) -> &'static str {
        match self {
            Kind::Csi => "safCSIComp",
            Kind::Si => "safSISU",
        }
    }

    /// The attributes that show the HA state and the HA readiness state.
    fn attributes(self) -> (&'static str, &'static str) {
        match self {
            Kind::Csi => ("saAmfCSICompHAState", "saAmfCSICompHAReadinessState"),
            Kind::Si => ("saAmfSISUHAState", "saAmfSISUHAReadinessState"),
        }
    }
}

/// What an assignment object is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    kind: Kind,
    /// The component or SU.
    holder: Dn,
    /// The CSI or SI.
    held: Dn,
}

impl Subject {
    fn dn(&self) -> Result<Dn, DnError> {
        let rdn = format!("{}={}", self.kind.rdn_name(), self.holder.escaped());
        Dn::child(&rdn, Some(&self.held))
    }

    /// What an object of this name is about; `None` where nothing would be published under that name.
    fn of(kind: Kind, dn: &Dn) -> Option<Subject> {
        let subject = Subject {
            kind,
            holder: Dn::new(&dn.rdn_value()).ok()?,
            held: dn.parent()?,
        };
        subject.dn().is_ok_and(|own| own == *dn).then_some(subject)
    }

    fn su(&self) -> Option<Dn> {
        match self.kind {
            Kind::Csi => self.holder.parent(),
            Kind::Si => Some(self.holder.clone()),
        }
    }
}

/// What an assignment object shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct States {
    ha: u32,
    readiness: u32,
}

/// Assignment objects.
pub(super) type Assignments = BTreeMap<Subject, States>;

/// Assignment objects of a former director.
pub(super) type Former = BTreeMap<Dn, (Kind, States)>;

impl Director {
    /// What a former director published, so that only differences follow.
    pub(crate) fn seed_published(&mut self, objects: &[ModelChange]) {
        for object in objects {
            let ModelChange::Create { class, dn, attrs } = object else {
                continue;
            };
            let Some(kind) = Kind::of_class(class) else {
                continue;
            };
            let (ha, readiness) = kind.attributes();
            let value = |name| ais::find_attr(attrs, name).and_then(|attr| attr.values.first()?.as_u32());
            let states = States {
                ha: value(ha).unwrap_or(0),
                readiness: value(readiness).unwrap_or(READY),
            };
            self.remember_active(kind, dn, states);
            self.published.former.insert(dn.clone(), (kind, states));
        }
    }

    /// Who was active under a former director, for the case that its node is not there any more.
    fn remember_active(&mut self, kind: Kind, dn: &Dn, states: States) {
        let serves = [HaState::Active.code(), HaState::Quiescing.code()].contains(&states.ha);
        if kind != Kind::Csi || !serves {
            return;
        }
        let csi = dn.parent();
        let si = csi.as_ref().and_then(Dn::parent);
        if let (Some(si), Some(csi), Ok(comp)) = (si, csi, Dn::new(&dn.rdn_value())) {
            self.state.last_active.entry(si).or_default().insert(csi, comp);
        }
    }

    /// Assignment objects of a former director whose SI, SG or class is not served any more.
    pub(super) fn publish_leftovers(&mut self, changes: &mut Vec<Publish>) {
        if self.published.former.is_empty() {
            return;
        }
        let former = std::mem::take(&mut self.published.former);
        for (dn, (kind, states)) in former {
            let subject = Subject::of(kind, &dn);
            let served = subject.and_then(|subject| {
                let si = match kind {
                    Kind::Csi => subject.held.parent()?,
                    Kind::Si => subject.held.clone(),
                };
                Some((self.model.si(&si)?.0.clone(), subject))
            });
            let mut foreign = self.options.foreign_applications.iter();
            match served {
                Some((sg, subject)) => {
                    let known = self.published.assignments.entry(sg.clone()).or_default();
                    known.insert(subject, states);
                    self.touched.insert(sg);
                }
                None if foreign.any(|app| dn.is_within(app)) => {}
                None => changes.push(Publish::Delete { dn }),
            }
        }
    }

    /// What differs of the SG's assignment objects.
    pub(super) fn publish_assignments(&mut self, sg: &Dn, changes: &mut Vec<Publish>) {
        let now = self.assignment_objects(sg);
        // An SG that left the model leaves nothing behind.
        let before = self.published.assignments.remove(sg).unwrap_or_default();
        if now != before {
            assignment_changes(&before, &now, changes);
            self.tell_ha_states(&before, &now);
        }
        if !now.is_empty() {
            self.published.assignments.insert(sg.clone(), now);
        }
    }

    fn tell_ha_states(&mut self, before: &Assignments, now: &Assignments) {
        for (subject, states) in now.iter().filter(|(subject, _)| subject.kind == Kind::Si) {
            let (su, si) = (&subject.holder, &subject.held);
            let old = before.get(subject);
            if old.is_none_or(|old| old.ha != states.ha) {
                self.tell_ha(su, si, old.map(|old| old.ha), states.ha);
            }
            // A new assignment is ready unless something is said.
            if old.map_or(READY, |old| old.readiness) != states.readiness {
                self.tell_ha_readiness(su, si, old.map(|old| old.readiness), states.readiness);
            }
        }
    }

    /// The components that are shown to hold a CSI, with their HA and HA readiness states.
    pub(crate) fn published_holders<'a>(
        &'a self,
        sg: &Dn,
        csi: &'a Dn,
    ) -> impl Iterator<Item = (Dn, u32, u32)> + 'a {
        let objects = self.published.assignments.get(sg).into_iter().flatten();
        objects
            .filter(move |(subject, _)| subject.kind == Kind::Csi && subject.held == *csi)
            .map(|(subject, states)| (subject.holder.clone(), states.ha, states.readiness))
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
        let stays = |(subject, _): &(&Subject, &States)| is_unknown(view, sg, subject);
        all.extend(
            former
                .filter(stays)
                .map(|(subject, states)| (subject.clone(), *states)),
        );
        for (su, state) in sg.sus.keys().filter_map(|su| Some((su, self.state.su(su)?))) {
            for held in state.report.iter().flat_map(|report| &report.assignments) {
                let subject = Subject {
                    kind: Kind::Si,
                    holder: su.clone(),
                    held: held.si.clone(),
                };
                let ha = shown(
                    state,
                    held,
                    published.and_then(|published| published.get(&subject)),
                );
                let states = |readiness| States {
                    ha: ha.code(),
                    readiness,
                };
                let mut worst = READY;
                for (csi, comp) in &held.csis {
                    let readiness = readiness(state, csi, comp);
                    worst = worst.max(readiness);
                    let subject = Subject {
                        kind: Kind::Csi,
                        holder: comp.clone(),
                        held: csi.clone(),
                    };
                    all.insert(subject, states(readiness));
                }
                all.insert(subject, states(worst));
            }
        }
        all
    }
}

/// Whether it is not known yet what the SU of this object holds.
fn is_unknown(view: View<'_>, sg: &Sg, subject: &Subject) -> bool {
    let su = subject.su();
    let node = su.and_then(|su| sg.sus.get(&su)?.node.as_ref());
    node.is_some_and(|node| view.is_unreported(node))
}

/// The state that is shown of what an SU holds: as confirmed, and QUIESCING while it finishes its work, until it has
/// answered the order that ends that.
fn shown(state: &SuState, held: &AssignmentReport, before: Option<&States>) -> HaState {
    let goes_on = state.is_busy() && before.is_some_and(|before| before.ha == HaState::Quiescing.code());
    match held.ha {
        HaState::Active if goes_on || state.is_quiescing(&held.si) => HaState::Quiescing,
        HaState::Active | HaState::Standby | HaState::Quiesced | HaState::Quiescing => held.ha,
    }
}

/// A component that is ready for whatever it is given.
const READY: u32 = HaReadinessState::ReadyForAssignment.code();

/// How ready the component says that it is for the CSI.
fn readiness(state: &SuState, csi: &Dn, comp: &Dn) -> u32 {
    let mut comps = state.report.iter().flat_map(|report| &report.comps);
    let told = comps.find(|told| told.comp == *comp);
    let mut said = told.into_iter().flat_map(|told| &told.ha_readiness);
    said.find(|(of, _)| of == csi)
        .map_or(READY, |(_, state)| state.code())
}

fn assignment_changes(before: &Assignments, now: &Assignments, changes: &mut Vec<Publish>) {
    for subject in before.keys().filter(|subject| !now.contains_key(*subject)) {
        changes.extend(subject.dn().ok().map(|dn| Publish::Delete { dn }));
    }
    for (subject, states) in now {
        let old = before.get(subject);
        if old == Some(states) {
            continue;
        }
        // The rules of the model refuse names that would be too long here.
        let Ok(dn) = subject.dn() else { continue };
        let (ha, ready) = subject.kind.attributes();
        let ha = Attr::single(ha, Value::Uint32(states.ha));
        let ready = Attr::single(ready, Value::Uint32(states.readiness));
        changes.push(match old {
            Some(old) if old.readiness == states.readiness => Publish::Update { dn, attrs: vec![ha] },
            Some(_) => Publish::Update {
                dn,
                attrs: vec![ha, ready],
            },
            None => Publish::Create {
                class: subject.kind.class().to_owned(),
                dn,
                attrs: vec![ha, ready],
            },
        });
    }
}
