//! What holds when faults have stopped, everything was repaired and unlocked, and the cluster is at rest.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{HaState, OperState, PresenceState, ReadinessState, RedundancyModel};

use super::Actor;
use crate::model::{Promise, number};
use crate::process::serves;
use crate::world::World;

/// Everything that a settled cluster owes.
///
/// # Errors
/// The rule that does not hold, with the names.
pub fn check_settled(world: &World) -> Result<(), String> {
    if let Some(open) = world.pending.values().next() {
        return Err(format!("{open} was never answered"));
    }
    if let Some(si) = world.acting.doubled(&world.known) {
        return Err(format!("two SUs act for {si} still"));
    }
    if let Some(text) = world.duties.iter().find_map(|duty| duty.is_neglected(world)) {
        return Err(text);
    }
    sus_are_up(world)?;
    shown_as_it_is(world)?;
    nothing_unknown_runs(world)?;
    for (sg, promise) in &world.known.promises {
        Holdings::of(world, sg, *promise).check(world)?;
    }
    Ok(())
}

fn attribute(world: &World, dn: &Dn, attr: &str) -> Option<u32> {
    number(&world.repository.get(dn)?.1, attr)
}

fn expect(world: &World, dn: &Dn, attr: &str, wanted: u32) -> Result<(), String> {
    match attribute(world, dn, attr) {
        Some(present) if present == wanted => Ok(()),
        present => Err(format!("{dn} has {attr} {present:?}, expected {wanted}")),
    }
}

/// Every SU is enabled; as many as are preferred are instantiated and in service.
fn sus_are_up(world: &World) -> Result<(), String> {
    let mut up: BTreeMap<Dn, usize> = BTreeMap::new();
    for su in world.known.of("SaAmfSU") {
        let Some(sg) = su.parent() else { continue };
        let ready = up.entry(sg).or_default();
        if !has_comps(world, su) {
            continue;
        }
        expect(world, su, "saAmfSUOperState", OperState::Enabled.code())?;
        let instantiated =
            attribute(world, su, "saAmfSUPresenceState") == Some(PresenceState::Instantiated.code());
        if attribute(world, su, "saAmfSUPreInstantiable") != Some(1) || instantiated {
            let wanted = ReadinessState::InService.code();
            expect(world, su, "saAmfSUReadinessState", wanted)?;
            *ready += 1;
        }
    }
    for (sg, ready) in up {
        let all = world.known.of("SaAmfSU").iter();
        let all = all.filter(|su| su.is_within(&sg) && has_comps(world, su)).count();
        let preferred = attribute(world, &sg, "saAmfSGNumPrefInserviceSUs").unwrap_or(0) as usize;
        let wanted = if preferred == 0 { all } else { all.min(preferred) };
        if ready < wanted {
            return Err(format!("{ready} SUs of {sg} are in service, {wanted} should be"));
        }
    }
    Ok(())
}

fn has_comps(world: &World, su: &Dn) -> bool {
    world.known.of("SaAmfComp").iter().any(|comp| comp.is_within(su))
}

/// What the information model shows is what the processes do.
fn shown_as_it_is(world: &World) -> Result<(), String> {
    let mut shown: BTreeSet<(String, String, u32)> = BTreeSet::new();
    for (dn, (class, attrs)) in &world.repository {
        if class == "SaAmfCSIAssignment"
            && let (Some(csi), Some(ha)) = (dn.parent(), number(attrs, "saAmfCSICompHAState"))
        {
            shown.insert((csi.as_str().to_owned(), dn.rdn_value(), ha));
        }
    }
    let mut real: BTreeSet<(String, String, u32)> = BTreeSet::new();
    for place in world.nodes.values() {
        for (comp, process) in &place.processes {
            for (csi, ha) in &process.roles {
                real.insert((csi.as_str().to_owned(), comp.as_str().to_owned(), ha.code()));
            }
        }
    }
    if let Some((csi, comp, ha)) = shown.difference(&real).next() {
        return Err(format!(
            "{comp} is shown with HA state {ha} for {csi}, which it has not"
        ));
    }
    match real.difference(&shown).next() {
        Some((csi, comp, ha)) => Err(format!("{comp} has HA state {ha} for {csi}, which is not shown")),
        None => Ok(()),
    }
}

/// No process runs that the model does not have, or that runs where it should not.
fn nothing_unknown_runs(world: &World) -> Result<(), String> {
    for (node, place) in &world.nodes {
        for comp in place.processes.keys() {
            if !world.repository.contains_key(comp) {
                return Err(format!("{comp} runs on {node}, but is not in the model"));
            }
        }
    }
    Ok(())
}

/// Who holds what in a group.
struct Holdings<'a> {
    sg: &'a Dn,
    promise: Promise,
    /// The SIs of each SU that is in service, by role.
    sus: BTreeMap<&'a Dn, (BTreeSet<Dn>, BTreeSet<Dn>)>,
    sis: Vec<&'a Dn>,
    /// The most SIs that an SU may be active for now.
    max_active: u32,
    /// SUs that have a component that takes any number of CSIs.
    roomy: BTreeSet<Dn>,
}

impl<'a> Holdings<'a> {
    fn of(world: &'a World, sg: &'a Dn, promise: Promise) -> Holdings<'a> {
        let mut sus: BTreeMap<&Dn, (BTreeSet<Dn>, BTreeSet<Dn>)> = BTreeMap::new();
        for su in world.known.of("SaAmfSU").iter().filter(|su| su.is_within(sg)) {
            let in_service = ReadinessState::InService.code();
            if attribute(world, su, "saAmfSUReadinessState") == Some(in_service) && has_comps(world, su) {
                sus.insert(su, Default::default());
            }
        }
        let sis: Vec<&Dn> = world
            .known
            .of("SaAmfSI")
            .iter()
            .filter(|si| world.known.sg_of_si.get(*si) == Some(sg))
            .collect();
        for (dn, (class, attrs)) in &world.repository {
            if class != "SaAmfSIAssignment" {
                continue;
            }
            let (Some(si), Ok(su)) = (dn.parent(), Dn::new(&dn.rdn_value())) else {
                continue;
            };
            let ha = number(attrs, "saAmfSISUHAState").and_then(HaState::from_code);
            if let (Some((active, standby)), Some(ha)) = (sus.get_mut(&su), ha) {
                if serves(ha) {
                    active.insert(si);
                } else if ha == HaState::Standby {
                    standby.insert(si);
                }
            }
        }
        Holdings {
            sg,
            promise,
            sus,
            sis,
            max_active: attribute(world, sg, "saAmfSGMaxActiveSIsperSU")
                .filter(|max| *max > 0)
                .unwrap_or(u32::MAX),
            roomy: roomy(world),
        }
    }

    fn check(&self, world: &World) -> Result<(), String> {
        for (su, (active, standby)) in &self.sus {
            let over = |held: &BTreeSet<Dn>, max: u32| u32::try_from(held.len()).is_ok_and(|held| held > max);
            if over(active, self.promise.max_active) || over(standby, self.promise.max_standby) {
                return Err(format!("{su} has more SIs than the limits of {} allow", self.sg));
            }
            let mixes = !active.is_empty() && !standby.is_empty();
            let one_role = matches!(
                self.promise.model,
                RedundancyModel::TwoN | RedundancyModel::NPlusM
            );
            if mixes && one_role {
                return Err(format!("{su} is active and standby at once"));
            }
        }
        for si in &self.sis {
            self.check_si(world, si)?;
        }
        Ok(())
    }

    /// An SI that nobody serves has a reason: no SU could take it, it needs another that nobody serves, or it is empty.
    fn check_si(&self, world: &World, si: &Dn) -> Result<(), String> {
        let actives = self
            .sus
            .values()
            .filter(|(active, _)| active.contains(si))
            .count();
        if actives > 1 && self.promise.single_active() {
            return Err(format!("{si} has {actives} active SUs"));
        }
        if actives > 0 {
            self.all_csis_are_served(world, si)?;
        }
        let has_csis = world.known.of("SaAmfCSI").iter().any(|csi| csi.is_within(si));
        if actives > 0 || !has_csis || waits_for_sponsor(world, si) {
            return Ok(());
        }
        let room = |active: &BTreeSet<Dn>, standby: &BTreeSet<Dn>| match self.promise.model {
            // Whoever serves serves all.
            RedundancyModel::TwoN => !active.is_empty(),
            RedundancyModel::NoRedundancy => active.is_empty(),
            RedundancyModel::NPlusM => !active.is_empty() && self.has_room(active) && standby.is_empty(),
            RedundancyModel::NWay | RedundancyModel::NWayActive => {
                !active.is_empty() && self.has_room(active)
            }
        };
        let could = |su: &Dn, active: &BTreeSet<Dn>| {
            (active.is_empty() || self.roomy.contains(su)) && has_place(world, su)
        };
        let found = self
            .sus
            .iter()
            .find(|(su, (active, standby))| room(active, standby) && could(su, active));
        match found {
            Some((su, _)) => Err(format!("nobody serves {si}, but {su} could")),
            None if self.sus.values().all(|(active, _)| active.is_empty()) && !self.sus.is_empty() => Err(
                format!("nobody serves {si}, and no SU of {} serves anything", self.sg),
            ),
            None => Ok(()),
        }
    }

    /// Where a component of it could have one more CSI, whoever serves an SI serves all of it.
    fn all_csis_are_served(&self, world: &World, si: &Dn) -> Result<(), String> {
        let mut comps = world
            .known
            .of("SaAmfComp")
            .iter()
            .filter(|comp| comp.is_within(self.sg));
        if comps.any(|comp| world.known.scripts.contains(comp)) {
            return Ok(());
        }
        let actors = world.acting.of(si);
        let full = |actor: &Actor| !has_place(world, &actor.su);
        if actors.iter().any(full) {
            return Ok(());
        }
        let mut csis = world.known.of("SaAmfCSI").iter().filter(|csi| csi.is_within(si));
        match csis.find(|csi| !actors.iter().any(|actor| actor.csi == **csi)) {
            Some(csi) => Err(format!("{si} is served, but nobody serves {csi}")),
            None => Ok(()),
        }
    }

    fn has_room(&self, active: &BTreeSet<Dn>) -> bool {
        u32::try_from(active.len()).is_ok_and(|count| count < self.max_active)
    }
}

/// Whether the components of the SU could have one more active CSI.
fn has_place(world: &World, su: &Dn) -> bool {
    let comps = world.known.of("SaAmfComp").iter();
    let mut comps = comps.filter(|comp| comp.is_within(su));
    comps.any(|comp| {
        let mut places = world.nodes.values();
        let active = places.find_map(|place| place.processes.get(comp));
        let active = active.map_or(0, |process| process.counts().0);
        active < world.known.places(comp)
    })
}

/// SUs with an SA-aware component.
fn roomy(world: &World) -> BTreeSet<Dn> {
    let aware = world.known.of("SaAmfComp").iter();
    aware
        .filter(|comp| !world.known.scripts.contains(*comp))
        .filter_map(Dn::parent)
        .collect()
}

/// Whether the SI depends on one that nobody serves.
fn waits_for_sponsor(world: &World, si: &Dn) -> bool {
    let sponsors = world.known.of("SaAmfSIDependency").iter();
    let mut sponsors = sponsors
        .filter(|depends| depends.parent().as_ref() == Some(si))
        .filter_map(|depends| Dn::new(&depends.rdn_value()).ok());
    sponsors.any(|sponsor| world.acting.of(&sponsor).is_empty())
}
