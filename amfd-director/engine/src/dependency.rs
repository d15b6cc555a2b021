//! What the dependencies between SIs allow at the moment (AMF B.02.01 §3.9.1).
//!
//! An SI may become active only while each of its sponsors is assigned, fully or partially, anywhere in the cluster. An
//! SI whose sponsor becomes unassigned goes on for the tolerance time of that dependency; then its active and quiescing
//! assignments end. The only state behind this is since when each sponsor is unassigned (`State::absences`); the rest is
//! computed from what is held and planned whenever the SG is evaluated. The step builder reads the result, one
//! [`Dependence`] for each SI, and knows nothing else of it.
//!
//! While a sponsor is unassigned but its SG has an SU for it, as in the middle of a failover, its dependents are
//! quiesced and keep their places, also as standby; where nobody is in sight for the sponsor, they are removed as if
//! they were locked (DEVIATION(AMF-040): standbys too). A restarted director does not know how long a sponsor has been
//! unassigned: DEVIATION(AMF-041): the tolerance time starts anew. A sponsor of which it is not known yet whether it is assigned lets its dependents go on, but nobody new.

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{AdminState, HaState, PresenceState};
use ais::{Dn, Millis};

use crate::Director;
use crate::model::{Changes, Sg, Su};
use crate::partial;
use crate::plan::{Group, Service, Target};
use crate::reason::Reason;
use crate::state::{Serving, SuState, View};

/// How an SI stands in the eyes of those that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Assigned, and stays so.
    Serves,
    /// Assigned, but every SU that serves it is being told to stop.
    Leaves,
    /// It is not known yet: some node has not reported.
    Unknown,
    /// Unassigned, but its SG has an SU for it.
    Expected,
    /// Unassigned, and nobody is there for it.
    Gone,
}

/// What its sponsors let an SI do; the later the stricter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Footing {
    /// Whatever is planned.
    #[default]
    Free,
    /// It goes on where it serves, but nobody new becomes active.
    Waits(Reason),
    /// Who serves it stops; other assignments stay as they are.
    Stops(Reason),
    /// It takes no part.
    Barred(Reason),
}

impl Footing {
    const fn strictness(&self) -> u8 {
        match self {
            Footing::Free => 0,
            Footing::Waits(_) => 1,
            Footing::Stops(_) => 2,
            Footing::Barred(_) => 3,
        }
    }

    fn stricter(self, other: Footing) -> Footing {
        if other.strictness() > self.strictness() {
            other
        } else {
            self
        }
    }

    /// Why nobody new may become active.
    pub(crate) const fn bar(&self) -> Option<&Reason> {
        match self {
            Footing::Free => None,
            Footing::Waits(reason) | Footing::Stops(reason) | Footing::Barred(reason) => Some(reason),
        }
    }

    /// Whether those that serve it must stop at once.
    pub(crate) const fn ends(&self) -> bool {
        match self {
            Footing::Free | Footing::Waits(_) => false,
            Footing::Stops(_) | Footing::Barred(_) => true,
        }
    }
}

/// What the step builder reads of an SI's dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dependence {
    pub(crate) footing: Footing,
    /// Its sponsors.
    pub(crate) sponsors: BTreeSet<Dn>,
    /// The SIs that depend on it.
    pub(crate) dependents: BTreeSet<Dn>,
    /// An SI of another SG that depends on it and is being stopped too; it goes first.
    pub(crate) outside: Option<Dn>,
}

/// What the sponsor's standing means for an SI, given how long the sponsor has been unassigned and how long the SI may
/// serve without it.
fn footing(sponsor: &Dn, standing: Standing, absent_for: Millis, tolerance: Millis) -> Footing {
    let sponsor = sponsor.clone();
    let tolerated = absent_for < tolerance;
    match standing {
        Standing::Serves => Footing::Free,
        Standing::Leaves => Footing::Waits(Reason::SponsorLeaving { sponsor }),
        Standing::Unknown => Footing::Waits(Reason::SponsorUnreported { sponsor }),
        Standing::Expected | Standing::Gone if tolerated => {
            Footing::Waits(Reason::SponsorTolerated { sponsor, tolerance })
        }
        Standing::Expected => Footing::Stops(Reason::SponsorUnassigned { sponsor }),
        Standing::Gone => Footing::Barred(Reason::SponsorUnassigned { sponsor }),
    }
}

impl Director {
    /// What the SIs of the group should have, with what the dependencies allow put into the group; and which of its SIs
    /// have an SU to be active that others may hope for.
    ///
    /// Whether an SI has an SU is asked of a plan that no dependency restricts: so it depends on nothing but the group's
    /// own state, and SIs of several groups cannot take the ground from under each other in turns.
    pub(crate) fn plan_with_sponsors(
        &self,
        group: &mut Group,
        plan: impl Fn(&Group) -> Target,
    ) -> (Target, BTreeSet<Dn>) {
        let concerns = |service: &Service| self.model.dependencies.concern(&service.dn);
        if !group.services.iter().any(concerns) {
            return (plan(group), BTreeSet::new());
        }
        self.sort_after_sponsors(group);
        let free = plan(group);
        let mut planned = BTreeSet::new();
        let mut barred = false;
        for service in group.services.iter_mut().filter(|service| concerns(service)) {
            service.dependence = self.dependence(&service.dn, &planned);
            if service.dependence.footing.ends() {
                service.stopping = false;
            }
            if let (Ok(()), Footing::Barred(reason)) = (&service.wanted, &service.dependence.footing) {
                service.wanted = Err(reason.clone());
                barred = true;
            }
            let has_su = free
                .sis
                .get(&service.dn)
                .is_some_and(|target| !target.active.is_empty());
            if has_su && service.wanted.is_ok() {
                planned.insert(service.dn.clone());
            }
            // What nobody has takes nobody's place before it is known whether it may be served.
            if service.wanted.is_ok()
                && !self.view().is_held(&service.dn)
                && let Some(sponsor) = self.unreported_sponsor(&service.dn)
            {
                service.wanted = Err(Reason::SponsorUnreported { sponsor });
                barred = true;
            }
        }
        (if barred { plan(group) } else { free }, planned)
    }

    /// A sponsor, or one of a sponsor, of which it is not known yet whether it is assigned.
    fn unreported_sponsor(&self, si: &Dn) -> Option<Dn> {
        let view = self.view();
        let sponsors = self.model.dependencies.sponsors(si).map(|(sponsor, _)| sponsor);
        let mut unassigned = sponsors.filter(|sponsor| !view.is_assigned(sponsor));
        unassigned.find_map(|sponsor| {
            let (_, sg, _) = self.model.si(sponsor)?;
            let unreported = view.unreported_node(sg).map(|_| sponsor.clone());
            unreported.or_else(|| self.unreported_sponsor(sponsor))
        })
    }

    /// Another SG that is to be evaluated and has a sponsor of an SI of this one, or a sponsor of such a sponsor, and so on;
    /// none of those that are passed.
    pub(crate) fn sponsoring(&self, sg: &Dn, passed: &BTreeSet<&Dn>) -> Option<&Dn> {
        let mut left: Vec<&Dn> = self.model.sgs.get(sg)?.sis.keys().collect();
        let mut seen = BTreeSet::new();
        while let Some(si) = left.pop() {
            for (sponsor, _) in self.model.dependencies.sponsors(si) {
                let Some((other, ..)) = self.model.si(sponsor).filter(|_| seen.insert(sponsor)) else {
                    continue;
                };
                if other != sg && !passed.contains(other) && self.dirty.contains(other) {
                    return self.dirty.get(other);
                }
                left.push(sponsor);
            }
        }
        None
    }

    /// Sponsors before their dependents, by rank where that leaves a choice (AMF B.02.01 §3.7.3.3).
    fn sort_after_sponsors(&self, group: &mut Group) {
        let services = group.services.iter().enumerate();
        let mut left: BTreeMap<Dn, usize> = services.map(|(at, service)| (service.dn.clone(), at)).collect();
        let mut order: Vec<usize> = Vec::with_capacity(left.len());
        for service in &group.services {
            let mut path = vec![service.dn.clone()];
            while let Some(si) = path.last() {
                let mut sponsors = self.model.dependencies.sponsors(si).map(|(sponsor, _)| sponsor);
                if let Some(sponsor) = sponsors.find(|sponsor| left.contains_key(*sponsor)).cloned() {
                    path.push(sponsor);
                } else {
                    order.extend(left.remove(si));
                    path.pop();
                }
            }
        }
        if !order.is_sorted() {
            group.reorder(&order);
        }
    }

    /// `planned` is what is known already of the SI's own group.
    fn dependence(&self, si: &Dn, planned: &BTreeSet<Dn>) -> Dependence {
        let all = &self.model.dependencies;
        let sponsors: BTreeSet<Dn> = all.sponsors(si).map(|(sponsor, _)| sponsor.clone()).collect();
        let dependents: BTreeSet<Dn> = all.dependents(si).cloned().collect();
        let view = self.view();
        Dependence {
            footing: self.footing_by(si, |sponsor| {
                if view.is_same_sg(si, sponsor) {
                    planned.contains(sponsor)
                } else {
                    self.has_su_in_sight(sponsor)
                }
            }),
            outside: dependents
                .iter()
                .find(|dependent| !view.is_same_sg(si, dependent) && self.is_being_stopped(dependent))
                .cloned(),
            sponsors,
            dependents,
        }
    }

    /// What its sponsors let the SI do.
    pub(crate) fn footing(&self, si: &Dn) -> Footing {
        self.footing_by(si, |sponsor| self.has_su_in_sight(sponsor))
    }

    fn footing_by(&self, si: &Dn, is_planned: impl Fn(&Dn) -> bool) -> Footing {
        let held = self.view().is_held(si);
        let mut strictest = Footing::Free;
        for (sponsor, tolerance) in self.model.dependencies.sponsors(si) {
            // A sponsor that is not managed is never evaluated; it has been away all the time.
            let known = self.model.si(sponsor).map(|_| self.now);
            let since = self.state.absences.since(sponsor).or(known);
            let since = since.unwrap_or(Millis(0));
            // There is nothing to tolerate where nothing is held.
            let tolerance = if held { tolerance } else { Millis(0) };
            let standing = self.standing_by(sponsor, &is_planned);
            let of_sponsor = footing(sponsor, standing, self.now.since(since), tolerance);
            strictest = strictest.stricter(of_sponsor);
        }
        strictest
    }

    /// One of these SIs that may not become active, of those that the SU is not active for yet.
    pub(crate) fn unsponsored(&self, su: &Dn, sis: &BTreeSet<Dn>) -> Option<Dn> {
        let state = self.state.su(su);
        let has = |si: &Dn| state.and_then(|state| state.held(si)) == Some(HaState::Active);
        let barred = |si: &&Dn| !has(si) && self.footing(si).bar().is_some();
        sis.iter().find(barred).cloned()
    }

    /// How the SI stands in the eyes of those that depend on it.
    fn standing_by(&self, si: &Dn, is_planned: impl Fn(&Dn) -> bool) -> Standing {
        let view = self.view();
        let Some((_, sg, _)) = self.model.si(si) else {
            return Standing::Gone;
        };
        match view.is_assigned(si) {
            true if view.stays(si) => Standing::Serves,
            true => Standing::Leaves,
            false if view.unreported_node(sg).is_some() => Standing::Unknown,
            false if is_planned(si) => Standing::Expected,
            false => Standing::Gone,
        }
    }

    /// Whether the SI has an SU to be active, or may have one for all that is known.
    fn has_su_in_sight(&self, si: &Dn) -> bool {
        let sg = self.model.si(si).map(|(sg, ..)| sg);
        let evaluation = sg.and_then(|sg| self.evaluations.get(sg));
        evaluation.is_none_or(|evaluation| evaluation.gate.is_some() || evaluation.planned.contains(si))
    }

    /// Whether the SI is still served by an SU that is going to be, or was, told to stop at once and will answer.
    fn is_being_stopped(&self, si: &Dn) -> bool {
        let view = self.view();
        let Some((_, sg, _)) = self.model.si(si) else {
            return false;
        };
        if self.state.startup_until.is_some() || view.unreported_node(sg).is_some() {
            return false;
        }
        let ends = view.is_si_locked(si) || self.footing(si).ends();
        view.servers(sg, si)
            .any(|(dn, su, state)| view.will_answer(su, state) && (ends || view.is_out(dn)))
    }

    /// Notes what the evaluation of an SG changed for SIs that its SIs depend on, or that depend on them.
    pub(crate) fn note_standings(&mut self, sg: &Dn) {
        let Some(group) = self.model.sgs.get(sg) else {
            return;
        };
        let concerned = group.sis.keys().filter(|si| self.model.dependencies.concern(si));
        let now: BTreeMap<Dn, (Standing, bool)> = concerned
            .map(|si| {
                let standing = self.standing_by(si, |si| self.has_su_in_sight(si));
                (si.clone(), (standing, self.is_being_stopped(si)))
            })
            .collect();
        if now.is_empty() && self.standings.get(sg).is_none_or(BTreeMap::is_empty) {
            return;
        }
        let before = self.standings.insert(sg.clone(), now.clone()).unwrap_or_default();
        for (si, seen) in now {
            if before.get(&si) != Some(&seen) {
                let all = &self.model.dependencies;
                let sponsors = all.sponsors(&si).map(|(sponsor, _)| sponsor);
                let touched = all.dependents(&si).chain(sponsors);
                let touched = touched.filter_map(|si| self.model.si(si));
                self.dirty.extend(touched.map(|(sg, ..)| sg.clone()));
            }
            self.note_absence(&si, seen.0);
        }
    }

    /// Keeps since when a sponsor is unassigned.
    fn note_absence(&mut self, si: &Dn, standing: Standing) {
        let dependents: Vec<Dn> = self.model.dependencies.dependents(si).cloned().collect();
        let absences = &mut self.state.absences;
        let changed = match standing {
            Standing::Unknown => false,
            Standing::Serves | Standing::Leaves => absences.end(si),
            Standing::Expected | Standing::Gone => absences.begin(si, self.now, &self.model.dependencies),
        };
        let held = |dependent: &Dn| changed && self.view().is_held(dependent);
        let affected: Vec<Dn> = dependents.into_iter().filter(held).collect();
        for dependent in affected {
            let sponsor = si.clone();
            let reason = match self.footing(&dependent).bar() {
                Some(reason) => reason.clone(),
                None => Reason::SponsorAssigned { sponsor },
            };
            self.because(&dependent, reason);
        }
    }

    /// Does what follows from dependencies that changed.
    pub(crate) fn follow_dependencies(&mut self, changes: &Changes) {
        for (dependent, sponsor) in &changes.misranked {
            let sponsor = sponsor.clone();
            self.because(dependent, Reason::SponsorMisranked { sponsor });
        }
        if changes.dependencies.is_empty() {
            return;
        }
        self.state.absences.follow(self.now, &self.model.dependencies);
        let sgs = changes.dependencies.iter().filter_map(|si| self.model.si(si));
        self.dirty.extend(sgs.map(|(sg, ..)| sg.clone()));
    }

    /// Marks the SGs of the SIs whose tolerance time is over.
    pub(crate) fn pass_tolerances(&mut self) {
        for si in self.state.absences.pass(self.now) {
            if let Some((sg, ..)) = self.model.si(&si) {
                self.dirty.insert(sg.clone());
            }
            if let Some(reason) = self
                .footing(&si)
                .bar()
                .filter(|_| self.view().is_held(&si))
                .cloned()
            {
                self.because(&si, reason);
            }
        }
    }
}

impl<'a> View<'a> {
    fn is_same_sg(self, si: &Dn, other: &Dn) -> bool {
        let sg = |si| self.model.si(si).map(|(sg, ..)| sg);
        sg(si) == sg(other)
    }

    /// The SUs that are confirmed active or quiescing for the SI.
    fn servers(self, sg: &'a Sg, si: &Dn) -> impl Iterator<Item = (&'a Dn, &'a Su, &'a SuState)> {
        sg.sus.iter().filter_map(move |(dn, su)| {
            let state = self.state.su(dn)?;
            let serves = matches!(state.held(si)?, HaState::Active | HaState::Quiescing);
            serves.then_some((dn, su, state))
        })
    }

    /// Whether the SI is fully or partially assigned (AMF B.02.01 §3.3.3.2): some SU is active or quiescing for it.
    pub(crate) fn is_assigned(self, si: &Dn) -> bool {
        self.model
            .si(si)
            .is_some_and(|(_, sg, _)| self.servers(sg, si).next().is_some())
    }

    /// Whether any SU has the SI in any state.
    fn is_held(self, si: &Dn) -> bool {
        let states = self.model.si(si).into_iter().flat_map(|(_, sg, _)| sg.sus.keys());
        states
            .filter_map(|su| self.state.su(su))
            .any(|state| state.held(si).is_some() || state.may_act.contains(si))
    }

    /// Whether some SU that serves the SI goes on, or finishes its work for it.
    fn stays(self, si: &Dn) -> bool {
        let Some((_, sg, _)) = self.model.si(si).filter(|_| !self.is_si_locked(si)) else {
            return false;
        };
        self.servers(sg, si).any(|(dn, _, state)| {
            if state.fault().is_none() {
                return !self.is_out(dn);
            }
            partial::kept(self, sg, dn, state).is_some_and(|kept| kept.contains(si))
        })
    }

    fn is_si_locked(self, si: &Dn) -> bool {
        match self.state.admin(si) {
            AdminState::Locked | AdminState::LockedInstantiation => true,
            AdminState::Unlocked | AdminState::ShuttingDown => false,
        }
    }

    /// Whether the SU must stop serving at once.
    fn is_out(self, su: &Dn) -> bool {
        match self.serving(su) {
            Serving::No(_) => true,
            Serving::InService | Serving::Stopping(_) => false,
        }
    }

    /// Whether an order to stop reaches the SU, and nothing that is broken keeps it from being carried out.
    fn will_answer(self, su: &Su, state: &SuState) -> bool {
        self.session(su).is_some()
            && state.fault().is_none()
            && matches!(
                state.presence(),
                PresenceState::Instantiated | PresenceState::Restarting
            )
    }
}

/// No SU that can be told otherwise serves an SI whose sponsor has been away for longer than the tolerance time.
///
/// # Errors
/// Names the SU, the SI and the sponsor.
pub(crate) fn check(director: &Director) -> Result<(), String> {
    let view = director.view();
    for (si, sponsor, tolerance) in director.model.dependencies.pairs() {
        let since = director.state.absences.since(sponsor);
        let is_over = since.is_some_and(|since| since.after(tolerance) <= director.now);
        let Some((sg_dn, sg, _)) = director.model.si(si).filter(|_| is_over) else {
            continue;
        };
        let is_gated = director
            .evaluations
            .get(sg_dn)
            .is_none_or(|evaluation| evaluation.gate.is_some());
        // While it is open what runs on a node of the sponsor, its dependents wait.
        let sponsors = director.model.si(sponsor).map(|(_, sg, _)| sg);
        if sponsors.is_some_and(|sg| view.unreported_node(sg).is_some()) {
            continue;
        }
        // What depends on the SI itself goes first.
        let mut dependents = director.model.dependencies.dependents(si);
        // A node that has come may have brought the sponsor.
        let sponsor_group = director.model.si(sponsor).map(|(_, group, _)| group);
        let is_unknown = sponsor_group.is_some_and(|group| view.unreported_node(group).is_some());
        if is_gated || is_unknown || dependents.any(|dependent| view.is_assigned(dependent)) {
            continue;
        }
        let free = |(_, su, state): &(&Dn, &Su, &SuState)| view.will_answer(su, state) && !state.is_busy();
        if let Some((su, ..)) = view.servers(sg, si).find(free) {
            return Err(format!(
                "{su} serves {si}, but its sponsor {sponsor} is away for longer than it tolerates"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_standing_of_a_sponsor_has_its_meaning() {
        let dn = Dn::new("safSi=a").unwrap();
        let code = |standing, absent, tolerance| {
            let footing = footing(&dn, standing, Millis(absent), Millis(tolerance));
            let code = footing.bar().map_or("", Reason::code);
            (footing.strictness(), code)
        };
        let table = [
            (Standing::Serves, 0, 0, (0, "")),
            (Standing::Serves, 9, 5, (0, "")),
            (Standing::Leaves, 0, 0, (1, "SPONSOR-LEAVING")),
            (Standing::Unknown, 9, 0, (1, "SPONSOR-UNREPORTED")),
            (Standing::Expected, 0, 0, (2, "SPONSOR-UNASSIGNED")),
            (Standing::Expected, 4, 5, (1, "SPONSOR-TOLERATED")),
            (Standing::Expected, 5, 5, (2, "SPONSOR-UNASSIGNED")),
            (Standing::Gone, 0, 0, (3, "SPONSOR-UNASSIGNED")),
            (Standing::Gone, 4, 5, (1, "SPONSOR-TOLERATED")),
            (Standing::Gone, 5, 5, (3, "SPONSOR-UNASSIGNED")),
        ];
        for (standing, absent, tolerance, expected) in table {
            assert_eq!(
                code(standing, absent, tolerance),
                expected,
                "{standing:?} {absent} {tolerance}"
            );
        }
    }

    #[test]
    fn the_strictest_sponsor_decides() {
        let reason = |name: &str| Reason::SponsorUnassigned {
            sponsor: Dn::new(name).unwrap(),
        };
        let waits = || Footing::Waits(reason("safSi=a"));
        let stops = || Footing::Stops(reason("safSi=b"));
        assert_eq!(waits().stricter(stops()), stops());
        assert_eq!(stops().stricter(waits()), stops());
        assert_eq!(stops().stricter(Footing::Free), stops());
        assert!(stops().ends() && !waits().ends());
    }
}
