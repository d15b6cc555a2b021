//! Random small groups of every model: planned, brought there step by step, disturbed, planned again. Whatever happens,
//! limits and roles hold in the plan and on the way, the steps come to an end, and no important SI goes without where
//! a less important one has its place.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{HaState, RedundancyModel};

use super::tests_support::{group, member};
use super::{Availability, Fit, Group, Limits, Load, Swap, Swaps, Target, Wanted, plan};
use crate::model::Rank;
use crate::reason::Reason;
use crate::steps::{self, Action};

/// A small generator; the same seed gives the same group.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }

    fn limit(&mut self) -> usize {
        *[1, 2, 2, 3, 4, usize::MAX].get(self.below(6)).unwrap()
    }
}

struct World {
    model: RedundancyModel,
    group: Group,
    random: Random,
    in_flight: BTreeMap<Dn, Action>,
    log: Vec<String>,
}

const SEEDS: u64 = 200;

/// What a component may say of itself.
const UNREADY: [Fit; 3] = [Fit::NotReady, Fit::StandbyOnly, Fit::Degraded];

const SIS: [&str; 7] = ["si=1", "si=2", "si=3", "si=4", "si=5", "si=6", "si=7"];

impl World {
    fn new(model: RedundancyModel, seed: u64) -> World {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let sus = 1 + random.below(6);
        let sis = 1 + random.below(7);
        let members = (1..=sus)
            .map(|number| member(&format!("su={number}"), &[]))
            .collect();
        let mut group = group(model, members, &SIS[..sis]);
        let limits = Limits {
            active: random.limit(),
            standby: random.limit(),
        };
        let ties = 1 + random.below(2);
        let (ranked, equal, unlike) = (random.below(3) == 0, random.below(3) == 0, random.below(4) == 0);
        let unready = random.below(4) == 0;
        for (position, member) in group.members.iter_mut().enumerate() {
            member.rank = Rank(if equal {
                1
            } else {
                u32::try_from(position / ties).unwrap()
            });
            if group.protection.load == Load::Configured {
                member.limits = limits;
                if !group.protection.has_standbys {
                    member.limits.standby = 0;
                }
            }
            for fit in &mut member.fits {
                if unlike && random.below(3) == 0 {
                    *fit = Fit::Unsupported;
                } else if unready && random.below(3) == 0 {
                    *fit = UNREADY[random.below(UNREADY.len())];
                }
            }
        }
        for service in &mut group.services {
            if group.protection.actives == Wanted::Configured {
                service.preferred.active = 1 + random.below(4);
            }
            if group.protection.standbys == Wanted::Configured {
                service.preferred.standby = random.below(4);
            }
            if ranked && random.below(2) == 0 {
                service.ranked = (0..=random.below(sus)).map(|_| random.below(sus)).collect();
            }
        }
        group.preferred.active = 1 + random.below(4);
        group.preferred.standby = random.below(4);
        group.preferred.assigned = 1 + random.below(sus);
        World {
            model,
            group,
            random,
            in_flight: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    fn plan(&mut self) -> Target {
        let target = plan(self.model, &self.group);
        let text: Vec<String> = target
            .sis
            .iter()
            .map(|(si, wish)| format!("{si}:{:?}/{:?}", wish.active, wish.standby))
            .collect();
        self.log.push(format!("  plan {}", text.join(" ")));
        target
    }

    /// Sends what follows and answers some of it; gives back whether nothing is left to do.
    fn step(&mut self) -> bool {
        let target = self.plan();
        self.check_target(&target);
        for (su, action) in steps::next(&self.group, &target).orders {
            self.log.push(format!("  {su} {action:?}"));
            let member = self.member(&su);
            if let Action::Assign(HaState::Standby, sis) = &action {
                let ranks = sis.iter().map(|si| (si.clone(), target.standby_rank(si, &su)));
                member.standby_ranks.extend(ranks);
            }
            member.orders = Availability::Busy;
            match &action {
                Action::Assign(ha, sis) => {
                    member.expects.extend(sis.iter().map(|si| (si.clone(), *ha)));
                    if *ha == HaState::Active {
                        member.may_act.extend(sis.iter().cloned());
                    }
                }
                Action::Remove(sis) => member.expects.retain(|si, _| !sis.contains(si)),
                Action::Cleanup => member.expects.clear(),
            }
            self.in_flight.insert(su, action);
            self.check_held();
        }
        let Some(at) = (!self.in_flight.is_empty()).then(|| self.random.below(self.in_flight.len())) else {
            return true;
        };
        let su = self.in_flight.keys().nth(at).unwrap().clone();
        let action = self.in_flight.remove(&su).unwrap();
        let member = self.member(&su);
        match action {
            Action::Assign(ha, sis) => {
                member.holds.extend(sis.into_iter().map(|si| (si, ha)));
            }
            Action::Remove(sis) => member.holds.retain(|si, _| !sis.contains(si)),
            Action::Cleanup => member.holds.clear(),
        }
        member.orders = Availability::Free;
        member.expects = member.holds.clone();
        let acts = |(si, ha): (&Dn, &HaState)| (*ha == HaState::Active).then(|| si.clone());
        member.may_act = member.holds.iter().filter_map(acts).collect();
        member.appointed = member.may_act.clone();
        self.check_held();
        false
    }

    fn member(&mut self, su: &Dn) -> &mut super::Member {
        self.group
            .members
            .iter_mut()
            .find(|member| &member.dn == su)
            .unwrap()
    }

    fn fail(&self, what: &str) -> ! {
        panic!(
            "{:?}: {what}\n{:#?}\n{}",
            self.model,
            self.group,
            self.log.join("\n")
        );
    }

    fn settle(&mut self) {
        for _ in 0..400 {
            if self.step() {
                self.check_settled();
                return;
            }
        }
        self.fail("does not settle");
    }

    fn check_target(&self, target: &Target) {
        for member in &self.group.members {
            let count = |of: fn(&super::SiTarget) -> &Vec<Dn>| {
                target
                    .sis
                    .values()
                    .filter(|si| of(si).contains(&member.dn))
                    .count()
            };
            let (active, standby) = (count(|si| &si.active), count(|si| &si.standby));
            if active > member.limits.active || standby > member.limits.standby {
                self.fail("the plan is beyond a limit");
            }
            if !self.group.protection.roles_mix && active > 0 && standby > 0 {
                self.fail("the plan mixes roles");
            }
            if member.usable.is_err() && active + standby > 0 {
                self.fail("the plan uses an SU that is not in service");
            }
        }
        for (service, position) in self.group.services.iter().zip(0..) {
            let wish = &target.sis[&service.dn];
            let both: BTreeSet<&Dn> = wish.active.iter().chain(&wish.standby).collect();
            let fit = |su: &Dn| self.group.member(su).unwrap().fits[position];
            if wish.active.len() > service.preferred.active
                || wish.standby.len() > service.preferred.standby
                || both.len() != wish.active.len() + wish.standby.len()
                || (wish.active.is_empty() && !wish.standby.is_empty())
                || (service.wanted.is_err() && !both.is_empty())
                || !wish.active.iter().all(|su| fit(su).leads())
                || !wish.standby.iter().all(|su| fit(su).stands_by())
            {
                self.fail("the plan gives an SI too much");
            }
            let full = wish.active.len() == service.preferred.active
                && wish.standby.len() == service.preferred.standby;
            if full != wish.reasons.is_empty() {
                self.fail("a reason is missing, or one is too many");
            }
        }
    }

    fn check_held(&self) {
        for member in &self.group.members {
            let of = |ha: HaState| member.holds.values().filter(|have| **have == ha).count();
            if member.held_active() > member.limits.active || of(HaState::Standby) > member.limits.standby {
                self.fail("an SU holds more than its limits");
            }
            if !self.group.protection.roles_mix && of(HaState::Active) > 0 && of(HaState::Standby) > 0 {
                self.fail("an SU mixes roles");
            }
        }
        for service in &self.group.services {
            let acting = self
                .group
                .members
                .iter()
                .filter(|member| member.may_act.contains(&service.dn));
            if self.group.protection.single_active && acting.count() > 1 {
                self.fail("two SUs act for an SI");
            }
        }
    }

    /// What must hold when nothing is left to do.
    fn check_settled(&mut self) {
        let target = self.plan();
        for (si, wish) in &target.sis {
            let held = |wanted: HaState| {
                let members = self.group.members.iter();
                let holders = members.filter(move |member| member.holds.get(si) == Some(&wanted));
                holders.map(|member| member.dn.clone()).collect::<BTreeSet<Dn>>()
            };
            let planned = |sus: &Vec<Dn>| sus.iter().cloned().collect::<BTreeSet<Dn>>();
            let others = held(HaState::Quiesced).len() + held(HaState::Quiescing).len();
            if held(HaState::Active) != planned(&wish.active)
                || held(HaState::Standby) != planned(&wish.standby)
                || others > 0
            {
                self.fail("what is held is not what is planned");
            }
        }
        if self.group.protection.load != Load::One {
            self.check_importance(&target);
        }
        let active: BTreeSet<&Dn> = target.sis.values().flat_map(|wish| &wish.active).collect();
        let alike = self
            .group
            .members
            .iter()
            .all(|member| member.fits.iter().all(|fit| *fit == Fit::Full));
        let places = self.group.members[0]
            .limits
            .active
            .saturating_mul(self.group.preferred.active);
        let sound = alike && places >= self.group.services.len();
        if self.model == RedundancyModel::NPlusM && sound && active.len() > self.group.preferred.active {
            self.fail("more SUs than preferred are active");
        }
    }

    fn check_importance(&self, target: &Target) {
        let count = |si: &Dn| target.sis[si].active.len();
        for (position, service) in self.group.services.iter().enumerate() {
            if service.wanted.is_err() || count(&service.dn) > 0 {
                continue;
            }
            for other in &self.group.services {
                let fits = target.sis[&other.dn]
                    .active
                    .iter()
                    .any(|su| self.group.member(su).unwrap().fits[position].leads());
                let can_spare = service.rank < other.rank || count(&other.dn) > 1;
                if fits && can_spare {
                    self.fail(&format!(
                        "{} goes without, and {} has its place",
                        service.dn, other.dn
                    ));
                }
            }
        }
    }

    fn disturb(&mut self) {
        let at = self.random.below(self.group.members.len());
        let si = self.random.below(self.group.services.len());
        let what = self.random.below(10);
        let ready = [UNREADY[0], UNREADY[1], UNREADY[2], Fit::Full][self.random.below(4)];
        self.log.push(format!(
            "disturb {what} SU {} SI {}",
            self.group.members[at].dn, SIS[si]
        ));
        let member = &mut self.group.members[at];
        match what {
            0 | 1 => {
                member.usable = Err(Reason::SuLocked);
                self.in_flight.remove(&member.dn);
                member.holds.clear();
                member.expects.clear();
                member.may_act.clear();
                member.orders = Availability::Unreachable;
            }
            2 => member.usable = Err(Reason::SuLocked),
            3 | 4 => {
                member.usable = Ok(());
                if member.orders == Availability::Unreachable {
                    member.orders = Availability::Free;
                }
            }
            5 => {
                let service = &mut self.group.services[si];
                service.wanted = if service.wanted.is_ok() {
                    Err(Reason::SiLocked)
                } else {
                    Ok(())
                };
            }
            6 => self.group.adjust = true,
            9 if member.fits[si] != Fit::Unsupported => member.fits[si] = ready,
            8 => member.on_probation = !member.on_probation,
            _ => self.swap(si),
        }
    }

    fn swap(&mut self, si: usize) {
        let si = self.group.services[si].dn.clone();
        let with = |ha: HaState| {
            let mut members = self.group.members.iter();
            members
                .find(|member| member.holds.get(&si) == Some(&ha))
                .map(|member| member.dn.clone())
        };
        let (Some(from), Some(to)) = (with(HaState::Active), with(HaState::Standby)) else {
            return;
        };
        let one = self.group.protection.swaps == Swaps::Instance;
        self.group.swap = Some(Swap {
            from,
            to,
            si: one.then_some(si),
        });
    }
}

fn run(model: RedundancyModel, seed: u64) {
    let mut world = World::new(model, seed);
    world.log.push(format!("seed {seed}"));
    world.settle();
    for _ in 0..12 {
        world.disturb();
        if world.random.below(3) == 0 {
            for _ in 0..world.random.below(4) {
                world.step();
            }
            world.disturb();
        }
        world.settle();
        // A wish ends when nothing is left to do, and nothing goes back then.
        let before = world.plan();
        let adjusted = std::mem::take(&mut world.group.adjust);
        world.group.swap = None;
        // The specification takes the SUs of a group to be alike; where they are not, all must still come to rest.
        let alike = world
            .group
            .members
            .iter()
            .all(|member| member.fits.iter().all(|fit| *fit == Fit::Full));
        if adjusted && alike && world.plan().sis != before.sis {
            world.fail("what was adjusted does not stay");
        }
        world.settle();
    }
}

#[test]
fn random_groups_come_to_rest_within_their_limits() {
    let models = [
        RedundancyModel::TwoN,
        RedundancyModel::NPlusM,
        RedundancyModel::NWay,
        RedundancyModel::NWayActive,
        RedundancyModel::NoRedundancy,
    ];
    for seed in 1..=SEEDS {
        for model in models {
            run(model, seed);
        }
    }
}
