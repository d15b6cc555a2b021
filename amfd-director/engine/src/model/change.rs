//! Changes of the model: only what a change concerns is built again.
//!
//! An SG is concerned by what stands below it or below its SIs, and by whatever it was built from: types, nodes, node
//! groups. The last is recorded while the SG is built, so nothing has to be kept in step by hand. The result is the
//! model that [`Model::build`] makes of the same objects.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;

use super::raw::{Raw, RawObject, Read, references};
use super::sg::{self, Surroundings};
use super::{Cluster, Dependencies, Model, Node, Problem, Sg, node, remove_from};
use crate::event::ModelChange;

/// What a series of changes concerns; noted before and after each of them.
#[derive(Debug, Default)]
pub(crate) struct Concern {
    /// Objects and classes that changed.
    changed: BTreeSet<Read>,
    objects: BTreeSet<Dn>,
    /// SGs that had or have a changed object below them.
    sgs: BTreeSet<Dn>,
}

impl Concern {
    /// Everything.
    fn all(raw: &Raw) -> Concern {
        let mut concern = Concern::default();
        for class in ["SaAmfCluster", "SaAmfNodeGroup", "SaAmfNode", "SaAmfSG"] {
            for (dn, _) in raw.class(class) {
                concern.note_object(raw, dn);
            }
        }
        concern
    }

    /// Notes what the change concerns, as it is now. Noted before the change is applied, and again after it.
    pub(crate) fn note(&mut self, raw: &Raw, change: &ModelChange) {
        match change {
            ModelChange::Create { dn, .. } | ModelChange::Modify { dn, .. } => self.note_object(raw, dn),
            ModelChange::Delete { dn } => {
                for dn in raw.subtree(dn) {
                    self.note_object(raw, &dn);
                }
            }
        }
    }

    fn note_object(&mut self, raw: &Raw, dn: &Dn) {
        let Some(object) = raw.get(dn) else { return };
        self.changed.insert(Read::Class(object.class().to_owned()));
        self.changed.insert(Read::Object(dn.clone()));
        self.changed.extend(dn.parent().map(Read::Object));
        self.changed
            .extend(references(dn, object).into_iter().map(Read::Referrers));
        self.sgs.extend(owner(raw, dn));
        self.objects.insert(dn.clone());
    }

    /// Whether nothing that the framework follows was changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Whether an object of the class was created, changed or deleted.
    fn is_about(&self, class: &str) -> bool {
        self.changed.contains(&Read::Class(class.to_owned()))
    }

    /// The objects that were created, changed or deleted.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Dn> {
        self.objects.iter()
    }
}

/// The SG that the object stands below, or that protects the SI that it stands below; the object itself counts.
fn owner(raw: &Raw, dn: &Dn) -> Option<Dn> {
    let mut next = Some(dn.clone());
    while let Some(dn) = next {
        let object = raw.get(&dn);
        match object.map(RawObject::class) {
            Some("SaAmfSG") => return Some(dn),
            Some("SaAmfSI") => return object?.dn("saAmfSIProtectedbySG"),
            _ => next = dn.parent(),
        }
    }
    None
}

/// What became of the model.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The SGs that are new, different or gone, as they were before.
    pub(crate) sgs: BTreeMap<Dn, Option<Sg>>,
    /// The nodes that are new, different or gone, as they were before.
    pub(crate) nodes: BTreeMap<Dn, Option<Node>>,
    /// What concerns the whole cluster is different.
    pub(crate) cluster: bool,
    /// What was not broken before.
    pub(crate) problems: Vec<Problem>,
    /// SGs that were not left alone as an application's of its own before, with the application.
    pub(crate) foreign_apps: BTreeSet<Dn>,
    /// SIs that depend on others, or that others depend on, in another way than before.
    pub(crate) dependencies: BTreeSet<Dn>,
    /// Dependents with sponsors that became less important than they are.
    pub(crate) misranked: BTreeSet<(Dn, Dn)>,
}

impl Model {
    /// The model of these objects. SUs stay where they are hosted in `before`, where the configuration lets them, and
    /// nodes keep their ids.
    pub(crate) fn build(raw: &Raw, foreign: &[Dn], before: &Model) -> (Model, Changes) {
        let mut model = Model::default();
        let mut changes = model.update_from(raw, foreign, &Concern::all(raw), before);
        model.update_dependencies(raw, foreign, &mut changes);
        (model, changes)
    }

    /// Builds again what the changes concern. `raw` is as they left it.
    pub(crate) fn update(&mut self, raw: &Raw, foreign: &[Dn], concern: &Concern) -> Changes {
        let mut changes = self.update_from(raw, foreign, concern, &Model::default());
        let depends = |si: &Dn| {
            let mut named = raw.referrers(si, "SaAmfSIDependency");
            self.dependencies.concern(si) || named.next().is_some()
        };
        if concern.is_about("SaAmfSIDependency") || concern.objects().any(depends) {
            self.update_dependencies(raw, foreign, &mut changes);
        }
        changes
    }

    fn update_dependencies(&mut self, raw: &Raw, foreign: &[Dn], changes: &mut Changes) {
        let now = Dependencies::build(raw, foreign);
        let before = std::mem::replace(&mut self.dependencies, now);
        let now = &self.dependencies;
        let is_new = |problem: &&Problem| !before.problems().any(|known| known == *problem);
        changes.problems.extend(now.problems().filter(is_new).cloned());
        changes.dependencies = now.differences(&before);
        changes.misranked = now.misranked() - before.misranked();
    }

    fn update_from(&mut self, raw: &Raw, foreign: &[Dn], concern: &Concern, former: &Model) -> Changes {
        let mut changes = Changes::default();
        let cluster = Cluster::build(raw);
        changes.cluster = cluster != self.cluster;
        self.cluster = cluster;
        self.update_nodes(raw, concern, former, &mut changes);
        let mut sgs = concern.sgs.clone();
        for read in &concern.changed {
            sgs.extend(self.readers.get(read).into_iter().flatten().cloned());
        }
        for node in changes.nodes.keys() {
            let read = Read::Object(node.clone());
            sgs.extend(self.readers.get(&read).into_iter().flatten().cloned());
        }
        let mut before = BTreeMap::new();
        let foreign_before: BTreeSet<Dn> = self.foreign_sgs.values().cloned().collect();
        for dn in &sgs {
            before.insert(dn.clone(), self.take_sg(dn));
        }
        for (dn, (sg, problems)) in before {
            let former = sg.as_ref().or_else(|| former.sgs.get(&dn));
            self.build_sg(raw, foreign, &dn, former);
            let new = self.problems.get(&dn).into_iter().flatten();
            changes
                .problems
                .extend(new.filter(|problem| !problems.contains(problem)).cloned());
            if self.sgs.get(&dn) != sg.as_ref() {
                changes.sgs.insert(dn, sg);
            }
        }
        let foreign_now: BTreeSet<Dn> = self.foreign_sgs.values().cloned().collect();
        changes.foreign_apps = &foreign_now - &foreign_before;
        changes
    }

    fn update_nodes(&mut self, raw: &Raw, concern: &Concern, former: &Model, changes: &mut Changes) {
        let mut nodes: BTreeSet<Dn> = BTreeSet::new();
        for dn in &concern.objects {
            let group = raw.of_class(dn, "SaAmfNodeGroup").map(node::members);
            let before = self.groups.remove(dn).unwrap_or_default();
            nodes.extend(before);
            nodes.extend(group.iter().flatten().cloned());
            self.groups.extend(group.map(|members| (dn.clone(), members)));
            for dn in [Some(dn.clone()), dn.parent()].into_iter().flatten() {
                if self.nodes.contains_key(&dn) || raw.of_class(&dn, "SaAmfNode").is_some() {
                    nodes.insert(dn);
                }
            }
        }
        let before: BTreeMap<Dn, Option<Node>> = nodes
            .into_iter()
            .map(|dn| (dn.clone(), self.nodes.remove(&dn)))
            .collect();
        // Those that have an id keep it; then the new ones get what is left.
        let mut new = Vec::new();
        for (dn, node) in &before {
            let known = node.as_ref().or_else(|| former.nodes.get(dn));
            match (raw.of_class(dn, "SaAmfNode"), known) {
                (Some(object), Some(known)) => {
                    let node = Node::build(raw, dn, object, known.id);
                    self.nodes.insert(dn.clone(), node);
                }
                (Some(object), None) => new.push((dn, object)),
                (None, _) => {}
            }
        }
        let mut ids = node::free_ids(&self.nodes);
        for (dn, object) in new {
            let node = Node::build(raw, dn, object, ids.next().unwrap_or(u32::MAX));
            self.nodes.insert(dn.clone(), node);
        }
        let differs = |(dn, node): &(Dn, Option<Node>)| self.nodes.get(dn) != node.as_ref();
        changes.nodes = before.into_iter().filter(differs).collect();
    }

    /// Takes the SG out of the model, with what was broken about it.
    fn take_sg(&mut self, dn: &Dn) -> (Option<Sg>, Vec<Problem>) {
        let sg = self.sgs.remove(dn);
        if let Some(sg) = &sg {
            self.unfile(dn, sg);
        }
        self.foreign_sgs.remove(dn);
        for read in self.reads.remove(dn).unwrap_or_default() {
            remove_from(&mut self.readers, &read, dn);
        }
        (sg, self.problems.remove(dn).unwrap_or_default())
    }

    fn build_sg(&mut self, raw: &Raw, foreign: &[Dn], dn: &Dn, before: Option<&Sg>) {
        let Some(object) = raw.of_class(dn, "SaAmfSG") else {
            return;
        };
        if let Some(app) = foreign.iter().find(|app| dn.is_within(app)) {
            self.foreign_sgs.insert(dn.clone(), app.clone());
            return;
        }
        let mut problems = Vec::new();
        let around = Surroundings::new(raw, self, before);
        let (built, mut reads) = raw.traced(|| sg::build(&around, dn, object, &mut problems));
        match built {
            Ok(sg) => {
                self.file(dn, &sg);
                self.sgs.insert(dn.clone(), sg);
            }
            Err(problem) => problems.push(problem),
        }
        if !problems.is_empty() {
            self.problems.insert(dn.clone(), problems);
        }
        // What stands below it finds it by itself.
        reads.retain(|read| match read {
            Read::Object(object) => owner(raw, object).as_ref() != Some(dn),
            Read::Class(_) | Read::Referrers(_) => true,
        });
        for read in &reads {
            self.readers.entry(read.clone()).or_default().insert(dn.clone());
        }
        self.reads.insert(dn.clone(), reads);
    }
}
