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
fn will_answer(member: &Member) -> bool {
    let whole = member.fault.is_none_or(|fault| fault.isolated && !fault.whole_su);
    whole && member.orders != Availability::Unreachable
}
