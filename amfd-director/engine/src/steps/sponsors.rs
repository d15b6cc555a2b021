//! The order between SIs that depend on each other (AMF B.02.01 §3.9.1): who depends stops before its sponsor and
//! becomes active after it, in one SU, in one group and, as far as [`crate::dependency::Dependence`] tells, beyond it.

use ais::Dn;
use ais::amf::HaState;

use super::Builder;
use crate::dependency::Dependence;
use crate::plan::{Availability, Member, Service};
use crate::reason::Reason;

impl Builder<'_> {
    pub(super) fn service(&self, si: &Dn) -> Option<&Service> {
        self.services
            .get(si)
            .and_then(|position| self.group.services.get(*position))
    }

    fn dependence(&self, si: &Dn) -> Option<&Dependence> {
        self.service(si).map(|service| &service.dependence)
    }

    /// Whether who serves the SI must stop at once, because of a sponsor.
    pub(super) fn must_end(&self, si: &Dn) -> bool {
        self.dependence(si)
            .is_some_and(|dependence| dependence.footing.ends())
    }

    /// Why the SI may not become active anywhere now.
    pub(super) fn awaits_sponsor(&self, si: &Dn) -> Option<Reason> {
        let dependence = self.dependence(si)?;
        if let Some(reason) = dependence.footing.bar() {
            return Some(reason.clone());
        }
        let moving = dependence
            .sponsors
            .iter()
            .find(|sponsor| self.is_moving(sponsor))?;
        Some(Reason::SponsorLeaving {
            sponsor: moving.clone(),
        })
    }

    /// Whether everybody in the group who serves the SI stops at once.
    fn is_moving(&self, si: &Dn) -> bool {
        let mut servers = self.servers(si).peekable();
        servers.peek().is_some()
            && servers.all(|member| self.leaves_as(si, member) == Some(HaState::Quiesced))
    }

    fn servers(&self, si: &Dn) -> impl Iterator<Item = &Member> {
        self.serving.get(si).into_iter().flatten().copied()
    }

    /// The SI that must stop before an SU stops serving `si` in the way `how`: one that depends on it, and stops too.
    pub(super) fn awaits_dependent(&self, si: &Dn, how: HaState) -> Option<Dn> {
        let dependence = self.dependence(si)?;
        let inside = dependence.dependents.iter().find(|dependent| {
            self.servers(dependent).any(|member| {
                let in_time = match self.leaves_as(dependent, member) {
                    Some(HaState::Quiesced) => true,
                    // Finishing work may take long; only who finishes its own waits for it.
                    Some(HaState::Quiescing) => how == HaState::Quiescing,
                    Some(HaState::Active | HaState::Standby) | None => false,
                };
                in_time && will_answer(member)
            })
        });
        inside.or(dependence.outside.as_ref()).cloned()
    }

    /// How the SU stops serving the SI; `None` where it does not serve it, or goes on.
    pub(super) fn leaves_as(&self, si: &Dn, member: &Member) -> Option<HaState> {
        let goes_on = self.role(si, member) == Some(HaState::Active) && !self.must_end(si);
        (serves(si, member) && !goes_on).then(|| self.leaving_state(si, member))
    }

    /// Why SIs that are served wait for others, or serve on without them.
    pub(super) fn waits_of_dependences(&self) -> Vec<(Dn, Reason)> {
        let mut waits = Vec::new();
        for service in &self.group.services {
            let si = &service.dn;
            if let (Some(reason), true) = (
                service.dependence.footing.bar(),
                self.servers(si).next().is_some(),
            ) {
                waits.push((si.clone(), reason.clone()));
            }
            let leaves = self.servers(si).filter_map(|member| self.leaves_as(si, member));
            if let Some(dependent) = leaves.into_iter().find_map(|how| self.awaits_dependent(si, how)) {
                waits.push((si.clone(), Reason::DependentFirst { dependent }));
            }
        }
        waits
    }
}

fn serves(si: &Dn, member: &Member) -> bool {
    member
        .holds
        .get(si)
        .is_some_and(|ha| matches!(ha, HaState::Active | HaState::Quiescing))
}

/// Whether an order to stop reaches the SU and nothing broken keeps it from being carried out.
pub(super) fn will_answer(member: &Member) -> bool {
    let whole = member.fault.is_none_or(|fault| fault.isolated && !fault.whole_su);
    whole && member.orders != Availability::Unreachable
}

#[cfg(test)]
mod tests {
    use ais::amf::RedundancyModel;

    use super::super::tests::printed;
    use super::*;
    use crate::dependency::Footing;
    use crate::plan::tests_support::{dn, group, member};
    use crate::plan::{Group, MemberFault};

    /// The orders for these SUs of a 2N group in which `si=web` depends on `si=db`.
    fn orders(members: Vec<Member>, change: impl FnOnce(&mut Group)) -> String {
        let mut group = group(RedundancyModel::TwoN, members, &["si=db", "si=web"]);
        let sponsor = &mut group.services[0].dependence;
        sponsor.dependents = [dn("si=web")].into();
        group.services[1].dependence.sponsors = [dn("si=db")].into();
        change(&mut group);
        printed(&group)
    }

    /// An SU with these states for db and web.
    fn su(name: &str, db: Option<HaState>, web: Option<HaState>) -> Member {
        let held = [("si=db", db), ("si=web", web)];
        let held: Vec<(&str, HaState)> = held.into_iter().filter_map(|(si, ha)| Some((si, ha?))).collect();
        member(name, &held)
    }

    fn locked(mut member: Member) -> Member {
        member.usable = Err(Reason::SuLocked);
        member
    }

    fn stopping(mut member: Member) -> Member {
        member.stopping = true;
        locked(member)
    }

    fn reason() -> Reason {
        Reason::SponsorUnassigned { sponsor: dn("si=db") }
    }

    fn waits(group: &mut Group) {
        group.services[1].dependence.footing = Footing::Waits(reason());
    }

    fn stops(group: &mut Group) {
        group.services[1].dependence.footing = Footing::Stops(reason());
    }

    fn barred(group: &mut Group) {
        group.services[1].dependence.footing = Footing::Barred(reason());
        group.services[1].wanted = Err(reason());
    }

    const A: Option<HaState> = Some(HaState::Active);
    const S: Option<HaState> = Some(HaState::Standby);
    const Q: Option<HaState> = Some(HaState::Quiesced);

    #[test]
    fn dependents_stop_first_and_follow_last() {
        let standby = || su("s=2", S, S);
        // The sponsor is not assigned yet.
        let both = vec![su("s=1", None, None), su("s=2", None, None)];
        assert_eq!(orders(both, waits), "s=1 ACTIVE {si=db}; ");
        let both = vec![su("s=1", A, None), su("s=2", None, None)];
        assert_eq!(orders(both, |_| ()), "s=1 ACTIVE {si=web}; s=2 STANDBY {si=db}; ");
        // Locked: web, then db; and on the other SU db, then web.
        let both = vec![locked(su("s=1", A, A)), standby()];
        assert_eq!(orders(both, |_| ()), "s=1 QUIESCED {si=web}; ");
        let both = vec![locked(su("s=1", A, Q)), standby()];
        assert_eq!(orders(both, |_| ()), "s=1 QUIESCED {si=db}; ");
        let both = vec![locked(su("s=1", Q, Q)), standby()];
        assert_eq!(orders(both, stops), "s=2 ACTIVE {si=db}; ");
        let both = vec![locked(su("s=1", Q, Q)), su("s=2", A, S)];
        assert_eq!(orders(both, |_| ()), "s=1 remove {si=db}; s=2 ACTIVE {si=web}; ");
        // Shut down: the same with quiescing.
        let both = vec![stopping(su("s=1", A, A)), standby()];
        assert_eq!(orders(both, |_| ()), "s=1 QUIESCING {si=web}; ");
        let both = vec![stopping(su("s=1", A, Q)), standby()];
        assert_eq!(orders(both, |_| ()), "s=1 QUIESCING {si=db}; ");
    }

    #[test]
    fn a_locked_sponsor_does_not_wait_for_users_of_its_dependent() {
        let mut first = su("s=1", A, A);
        first.expects.insert(dn("si=web"), HaState::Quiescing);
        first.orders = Availability::Quiescing;
        let locked_db = |group: &mut Group| {
            group.services[0].wanted = Err(Reason::SiLocked);
            group.services[1].wanted = Err(Reason::ShuttingDown { scope: dn("si=web") });
            group.services[1].stopping = true;
        };
        // The SU works on the order for web; db is told as soon as it can be told anything.
        assert_eq!(orders(vec![first.clone(), su("s=2", S, S)], locked_db), "");
        first.orders = Availability::Free;
        let text = orders(vec![first, su("s=2", S, S)], locked_db);
        assert_eq!(text, "s=1 QUIESCED {si=db}; ");
    }

    #[test]
    fn what_its_sponsor_forbids_ends_at_once() {
        let both = || vec![su("s=1", A, A), su("s=2", S, S)];
        assert_eq!(orders(both(), waits), "", "tolerated");
        assert_eq!(orders(both(), stops), "s=1 QUIESCED {si=web}; ");
        assert_eq!(
            orders(vec![su("s=1", A, Q), su("s=2", S, S)], stops),
            "",
            "it keeps its places"
        );
        assert_eq!(orders(both(), barred), "s=1 QUIESCED {si=web}; ");
        assert_eq!(
            orders(vec![su("s=1", A, Q), su("s=2", S, S)], barred),
            "s=1 remove {si=web}; s=2 remove {si=web}; "
        );
        // An SU that finishes its work for it stops too, and is not told to go on.
        for change in [stops, barred] {
            let mut first = su("s=1", A, A);
            first.expects.insert(dn("si=web"), HaState::Quiescing);
            first.orders = Availability::Quiescing;
            let text = orders(vec![first, su("s=2", S, S)], change);
            assert_eq!(text, "s=1 QUIESCED {si=web}; ");
        }
    }

    #[test]
    fn nobody_waits_for_what_is_broken() {
        let broken = |isolated, whole_su| {
            let mut first = locked(su("s=1", None, A));
            first.fault = Some(MemberFault { whole_su, isolated });
            orders(vec![first, locked(su("s=2", A, None))], |_| ())
        };
        assert_eq!(broken(false, false), "s=2 QUIESCED {si=db}; ");
        assert_eq!(broken(true, false), "s=1 QUIESCED {si=web}; ");
        assert_eq!(broken(true, true), "s=1 cleanup; s=2 QUIESCED {si=db}; ");
        let mut gone = locked(su("s=1", None, A));
        gone.orders = Availability::Unreachable;
        let text = orders(vec![gone, locked(su("s=2", A, None))], |_| ());
        assert_eq!(text, "s=2 QUIESCED {si=db}; ");
    }
}
