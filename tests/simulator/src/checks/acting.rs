//! Who acts for which SI, as seen from outside: kept up to date with each word that a process hears or answers, so that
//! looking for two actives costs nothing.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;

use crate::canonical::Canonical;
use crate::model::{Known, Promise};

/// A component that acts for a CSI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Where.
    pub node: Dn,
    /// Its SU.
    pub su: Dn,
    /// The component.
    pub comp: Dn,
    /// The CSI.
    pub csi: Dn,
}

/// Everyone who acts.
#[derive(Debug, Clone, Default)]
pub struct Acting {
    by_si: BTreeMap<Dn, Vec<Actor>>,
    /// Nodes that are cut off, or were until shortly before the time given. What acts there is beyond reach: another may
    /// have been told to act in its place.
    beyond: BTreeMap<Dn, u64>,
    /// What is or was beyond reach, and may act beside another until the director has seen to it.
    stale: BTreeSet<(Dn, Dn)>,
}

/// How long after a node's return an order may still be on its way that was given because the node was lost: it is asked
/// what it has, answers, and is told what to do about it, and each of these messages may be slow.
const GRACE_MS: u64 = 9_000;

impl Acting {
    /// Someone begins to act.
    ///
    /// # Errors
    /// The rule that this breaks.
    pub fn begin(&mut self, known: &Known, now: u64, actor: Actor) -> Result<(), String> {
        let Some(si) = known.si_of.get(&actor.csi) else {
            return Ok(());
        };
        let of_si = self.by_si.entry(si.clone()).or_default();
        of_si.push(actor.clone());
        self.forgive(si, now);
        if self.beyond.get(&actor.node).is_some_and(|until| now < *until) {
            self.stale.insert((actor.node.clone(), si.clone()));
            return Ok(());
        }
        let promise = known.sg_of_si.get(si).and_then(|sg| known.promises.get(sg));
        let Some(promise) = promise.copied() else {
            return Ok(());
        };
        if let Some(other) = self.rival(si, &actor, promise) {
            return Err(format!(
                "{si} is served by {} ({}) beside {}",
                actor.comp, actor.csi, other.comp
            ));
        }
        let held = self
            .by_si
            .values()
            .filter(|actors| actors.iter().any(|other| other.su == actor.su))
            .count();
        if u32::try_from(held).is_ok_and(|held| held > promise.max_active) {
            return Err(format!(
                "{} acts for {held} SIs, at most {} are allowed",
                actor.su, promise.max_active
            ));
        }
        Ok(())
    }

    /// Another that acts where the actor alone may.
    fn rival(&self, si: &Dn, actor: &Actor, promise: Promise) -> Option<&Actor> {
        self.by_si.get(si)?.iter().find(|other| {
            let same = other.comp == actor.comp && other.node == actor.node;
            let excused = self.stale.contains(&(other.node.clone(), si.clone()))
                || self.stale.contains(&(actor.node.clone(), si.clone()));
            let doubled = if promise.single_active() {
                other.su != actor.su || other.csi == actor.csi
            } else {
                other.su == actor.su && other.csi == actor.csi
            };
            !same && !excused && doubled
        })
    }

    /// Someone has ceased to act, as it was told.
    pub fn end(&mut self, known: &Known, now: u64, node: &Dn, comp: &Dn, csi: &Dn) {
        self.break_off(known, node, comp, csi);
        if let Some(si) = known.si_of.get(csi) {
            self.forgive(si, now);
        }
    }

    /// Someone has ceased to act, and nobody told it to. What it did its node may give back to it, so that it is as
    /// excused as before.
    pub fn break_off(&mut self, known: &Known, node: &Dn, comp: &Dn, csi: &Dn) {
        let Some(si) = known.si_of.get(csi) else { return };
        if let Some(actors) = self.by_si.get_mut(si) {
            let gone = |actor: &Actor| &actor.node == node && &actor.comp == comp && &actor.csi == csi;
            actors.retain(|actor| !gone(actor));
            if actors.is_empty() {
                self.by_si.remove(si);
            }
        }
    }

    /// What acts alone again, and was within reach for a while, is as good as any.
    fn forgive(&mut self, si: &Dn, now: u64) {
        if self.stale.is_empty() {
            return;
        }
        let actors = self.by_si.get(si).map_or(&[][..], Vec::as_slice);
        let sus: BTreeSet<&Dn> = actors.iter().map(|actor| &actor.su).collect();
        let alone = sus.len() <= 1;
        let beyond = |node: &Dn| self.beyond.get(node).is_some_and(|until| now < *until);
        self.stale.retain(|(node, of)| of != si || beyond(node) || !alone);
    }

    /// The node is out of reach from now on.
    pub fn cut(&mut self, node: &Dn) {
        self.beyond.insert(node.clone(), u64::MAX);
        let there = self
            .by_si
            .iter()
            .filter(|(_, actors)| actors.iter().any(|actor| &actor.node == node));
        self.stale.extend(there.map(|(si, _)| (node.clone(), si.clone())));
    }

    /// The node is within reach again.
    pub fn reach(&mut self, node: &Dn, now: u64) {
        if let Some(until) = self.beyond.get_mut(node) {
            *until = now + GRACE_MS;
        }
    }

    /// Nothing runs on the node any more.
    pub fn lose(&mut self, node: &Dn) {
        self.beyond.remove(node);
        self.stale.retain(|(at, _)| at != node);
        for actors in self.by_si.values_mut() {
            actors.retain(|actor| &actor.node != node);
        }
        self.by_si.retain(|_, actors| !actors.is_empty());
    }

    /// Adds what later checks depend on.
    pub fn describe(&self, text: &mut Canonical) {
        text.add(&(&self.by_si, &self.stale));
        for (node, until) in &self.beyond {
            text.add(node);
            text.add_coming(*until);
        }
    }

    /// Those who act for the SI.
    pub fn of(&self, si: &Dn) -> &[Actor] {
        self.by_si.get(si).map_or(&[], Vec::as_slice)
    }

    /// An SI for which two SUs act where only one may.
    pub fn doubled(&self, known: &Known) -> Option<&Dn> {
        let doubled = |(si, actors): &(&Dn, &Vec<Actor>)| {
            let promise = known.sg_of_si.get(*si).and_then(|sg| known.promises.get(sg));
            let sus: BTreeSet<&Dn> = actors.iter().map(|actor| &actor.su).collect();
            promise.is_some_and(|promise| promise.single_active()) && sus.len() > 1
        };
        self.by_si.iter().find(doubled).map(|(si, _)| si)
    }
}
