//! The model as it is when the director starts, and as CCBs change it while it serves. Only what a change concerns is
//! told to node directors, planned again and published again.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{AdminState, NodeOrder, OperState, Term};

use crate::Director;
use crate::event::ModelChange;
use crate::explain;
use crate::model::{Changes, Concern, Model, Node, Sg, node_config};
use crate::publish::admin_attribute;
use crate::reason::Reason;

impl Director {
    pub(crate) fn start(&mut self, term: Term, objects: &[ModelChange]) {
        self.state.term = term;
        self.state.sync_until = Some(self.now.after(self.options.node_sync));
        self.seed_published(objects);
        for object in objects {
            self.raw.apply(object);
            self.take_admin_state(object);
            self.take_oper_state(object);
        }
        let (model, changes) = Model::build(&self.raw, &self.options.foreign_applications, &self.model);
        self.model = model;
        let all: Vec<Dn> = self.raw.names().cloned().collect();
        self.follow(&all, &changes);
        self.await_former_holders(objects);
        self.state.startup_until = Some(self.now.after(self.model.cluster.startup_timeout));
    }

    pub(crate) fn change_model(&mut self, changes: &[ModelChange]) {
        let mut concern = Concern::default();
        for change in changes {
            concern.note(&self.raw, change);
            if let ModelChange::Delete { dn } = change {
                for dn in self.raw.subtree(dn) {
                    self.state.admin.remove(&dn);
                    self.forget_published(&dn);
                }
            }
            self.raw.apply(change);
            concern.note(&self.raw, change);
            self.take_admin_state(change);
        }
        if concern.is_empty() {
            return;
        }
        self.state.change_rules();
        let changes = self
            .model
            .update(&self.raw, &self.options.foreign_applications, &concern);
        debug_assert!(self.is_built_anew(), "the changed model differs from a new one");
        let objects: Vec<Dn> = concern.objects().cloned().collect();
        self.follow(&objects, &changes);
    }

    /// Whether the model is the one that its objects make; looked at in small clusters only.
    fn is_built_anew(&self) -> bool {
        const SGS_MAX: usize = 50;
        let build = || Model::build(&self.raw, &self.options.foreign_applications, &self.model).0;
        self.model.sgs.len() > SGS_MAX || self.model == build()
    }

    /// A node that a former director knew to have gone while it was locked for instantiation stays enabled.
    fn take_oper_state(&mut self, object: &ModelChange) {
        let ModelChange::Create { class, dn, .. } = object else {
            return;
        };
        let oper = self.raw.get(dn).and_then(|node| node.u32("saAmfNodeOperState"));
        let enabled = oper == Some(OperState::Enabled.code());
        if class == "SaAmfNode" && enabled && self.state.admin(dn) == AdminState::LockedInstantiation {
            self.state.nodes.or_default(dn).enabled_away = true;
        }
    }

    /// The administrative state that an object is created with.
    fn take_admin_state(&mut self, change: &ModelChange) {
        let ModelChange::Create { class, dn, attrs } = change else {
            return;
        };
        let state = admin_attribute(class)
            .and_then(|name| ais::find_attr(attrs, name))
            .and_then(|attr| attr.values.first()?.as_u32())
            .and_then(AdminState::from_code);
        if let Some(state) = state {
            self.state.admin.insert(dn.clone(), state);
        }
    }

    /// Does what follows from a model that was just changed: `objects` were created, changed or deleted.
    fn follow(&mut self, objects: &[Dn], changes: &Changes) {
        self.tell_problems(changes);
        for dn in objects {
            if let Some(reason) = explain::stray(self, dn) {
                self.because(dn, reason);
            }
            if self.raw.get(dn).is_some() {
                self.state.admin.publish(dn);
            }
            // How many SGs an application has is shown.
            if let Some(app) = dn.parent().filter(|_| dn.rdn_name() == "safSg") {
                self.state.admin.publish(&app);
            }
        }
        self.remove_sus(&changes.sgs);
        self.forget_what_is_gone(changes);
        for sg in changes.sgs.keys() {
            let sus = self.model.sgs.get(sg).into_iter().flat_map(|sg| sg.sus.keys());
            for su in sus {
                if self.state.su(su).is_none() {
                    self.state.sus.or_default(su);
                }
            }
        }
        self.configure_nodes(&changes.nodes);
        for sg in changes.sgs.keys() {
            self.configure_sg(sg);
        }
        self.dirty.extend(changes.sgs.keys().cloned());
        for node in changes.nodes.keys() {
            self.touch_node(node);
        }
        if changes.cluster {
            self.touch_all();
        }
        self.follow_dependencies(changes);
    }

    fn tell_problems(&mut self, changes: &Changes) {
        for problem in &changes.problems {
            let rule = problem.text.clone();
            self.because(&problem.dn, Reason::Unmanageable { rule });
        }
        for app in &changes.foreign_apps {
            self.because(app, Reason::ForeignApplication);
        }
    }

    /// Tells nodes about SUs that they do not host any more.
    fn remove_sus(&mut self, before: &BTreeMap<Dn, Option<Sg>>) {
        let before = before.values().flatten().flat_map(|sg| &sg.sus);
        for (su, config) in before {
            let now = self.model.su(su).and_then(|(_, _, su)| su.node.as_ref());
            let Some(node) = config.node.as_ref().filter(|node| now != Some(node)) else {
                continue;
            };
            if let Some(state) = self.state.sus.get_mut(su) {
                state.lose_session();
            }
            self.send(node, NodeOrder::RemoveSu { su: su.clone() });
        }
    }

    fn forget_what_is_gone(&mut self, changes: &Changes) {
        for (dn, before) in &changes.sgs {
            let Some(before) = before else { continue };
            if !self.model.sgs.contains_key(dn) {
                self.state.forget_sg(dn);
            }
            for su in before.sus.keys().filter(|su| self.model.su(su).is_none()) {
                self.state.forget_su(su);
            }
            for si in before.sis.keys().filter(|si| self.model.si(si).is_none()) {
                self.state.forget_si(si);
            }
        }
        for node in changes.nodes.keys() {
            let connected = self.state.node(node).is_some_and(|state| state.session.is_some());
            if !connected && !self.model.nodes.contains_key(node) {
                self.state.nodes.remove(node);
            }
        }
    }

    /// Tells connected nodes what changed of themselves.
    fn configure_nodes(&mut self, before: &BTreeMap<Dn, Option<Node>>) {
        for (dn, before) in before {
            let counting = self.options.counting;
            let config = self.model.nodes.get(dn);
            let config = config.map(|node| node_config(dn, node, counting));
            let told = before.as_ref().map(|node| node_config(dn, node, counting));
            if let Some(config) = config.filter(|config| told.as_ref() != Some(config)) {
                self.send(dn, NodeOrder::ConfigureNode(config));
            }
        }
    }

    /// Tells connected nodes about the SUs of the SG that they do not know, or not like this.
    fn configure_sg(&mut self, sg: &Dn) {
        let sus = self.model.sgs.get(sg).into_iter().flat_map(|sg| sg.sus.keys());
        for su in sus.cloned().collect::<Vec<_>>() {
            self.configure_su(&su);
        }
    }

    /// Tells the node about those of its SUs that it does not know, or not like this.
    pub(crate) fn configure_sus(&mut self, node: &Dn) {
        let sus: Vec<Dn> = self.model.sus_on(node).map(|(_, su, _)| su.clone()).collect();
        for su in sus {
            self.configure_su(&su);
        }
    }

    fn configure_su(&mut self, dn: &Dn) {
        let Some((_, _, su)) = self.model.su(dn) else {
            return;
        };
        let Some(node) = &su.node else { return };
        let connected = self.state.node(node).is_some_and(|state| state.session.is_some());
        if !connected {
            return;
        }
        let (node, config) = (node.clone(), su.config(dn));
        let known = self.state.su(dn).and_then(|state| state.config.as_ref());
        if known == Some(&config) {
            return;
        }
        if let Some(state) = self.state.sus.get_mut(dn) {
            state.config = Some(config.clone());
            self.send(&node, NodeOrder::ConfigureSu(config));
        }
    }
}
