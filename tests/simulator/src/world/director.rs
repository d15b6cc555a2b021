//! The director's process: its events, and what becomes of its effects.

use ais::amf::{CsiTransition, HaState, NodeOrder, Term};
use ais::{Dn, Millis};
use director_engine::{Director, Effect, Event, ModelChange, Publish, RequestId};
use rand::Rng;

use super::{Happening, World};

impl World {
    /// Gives the director an event and carries out what it wants.
    pub fn tell_director(&mut self, event: Event) {
        let Some(director) = self.director.as_mut() else {
            return;
        };
        self.counts.events += 1;
        let line = self.verbose.then(|| format!("director <- {event:?}"));
        let effects = director.step(Millis(self.now), event);
        self.director_deadline = director.next_deadline().map(|at| at.0);
        let sound = director_engine::check(director);
        if let Some(line) = line {
            self.note(|| line);
        }
        if let Err(rule) = sound {
            self.breaks(|| rule);
        }
        if effects.len() > 100 + 20 * self.repository.len() {
            let count = effects.len();
            self.breaks(|| format!("one event led to {count} effects"));
        }
        let mut batches: Vec<(Dn, u64, Vec<NodeOrder>)> = Vec::new();
        for effect in effects {
            self.note(|| format!("director -> {effect:?}"));
            match effect {
                Effect::Send {
                    node, session, order, ..
                } => {
                    self.count_order(&order);
                    match batches.last_mut() {
                        Some((to, on, orders)) if *to == node && *on == session.0 => orders.push(order),
                        _ => batches.push((node, session.0, vec![order])),
                    }
                }
                Effect::Publish(publish) => self.publish(publish),
                Effect::AdminReply { request, result } => {
                    self.reply = Some(result);
                    if self.pending.remove(&request.0).is_none() {
                        self.breaks(|| format!("operation {} is answered twice", request.0));
                    }
                }
                Effect::Disconnect { node, session } => self.drop_link(&node, session.0),
                // The fence is not switched on.
                Effect::Fence { .. } | Effect::Because(_) | Effect::Story(_) | Effect::Notify { .. } => {}
            }
        }
        for (node, session, orders) in batches {
            self.send_orders(node, session, orders);
        }
    }

    fn count_order(&mut self, order: &NodeOrder) {
        match order {
            NodeOrder::ConfigureNode(_)
            | NodeOrder::ConfigureSu(_)
            | NodeOrder::RemoveSu { .. }
            | NodeOrder::ReportAll => return,
            NodeOrder::Assign {
                ha: HaState::Active,
                sis,
                ..
            } => {
                let failed_over = sis.iter().filter(|si| {
                    let mut csis = si.csis.iter();
                    csis.any(|csi| csi.transition == CsiTransition::NotQuiesced)
                });
                self.counts.failovers += failed_over.count() as u64;
            }
            _ => {}
        }
        self.counts.orders += 1;
        self.last_act = self.now;
    }

    fn publish(&mut self, publish: Publish) {
        match publish {
            Publish::Create { class, dn, attrs } => {
                if self.repository.insert(dn.clone(), (class, attrs)).is_some() {
                    self.breaks(|| format!("{dn} is created, but it is there"));
                }
            }
            Publish::Delete { dn } => {
                // With an object of the configuration goes what is below it.
                let orphan = dn
                    .parent()
                    .is_some_and(|parent| !self.repository.contains_key(&parent));
                if self.repository.remove(&dn).is_none() && !orphan {
                    self.breaks(|| format!("{dn} is deleted, but it is not there"));
                }
            }
            Publish::Update { dn, attrs } => {
                let odd = attrs
                    .iter()
                    .filter(|attr| attr.name.starts_with("saAmfS") && attr.name.contains("NumCurr"))
                    .find(|attr| {
                        let value = attr.values.first().and_then(ais::Value::as_u32);
                        value.is_some_and(|value| value as usize > self.repository.len())
                    });
                if let Some(attr) = odd {
                    self.breaks(|| format!("{dn}: {} is {:?}", attr.name, attr.values));
                }
                self.update(&dn, &attrs);
            }
        }
    }

    /// A director takes the lead and reads the model; the nodes connect to it.
    pub fn start_director(&mut self) {
        self.term += 1;
        self.lead_since = self.now;
        self.tell(|| "the director starts".to_owned());
        self.director = Some(Director::new());
        let objects = self
            .repository
            .iter()
            .map(|(dn, (class, attrs))| ModelChange::Create {
                class: class.clone(),
                dn: dn.clone(),
                attrs: attrs.clone(),
            })
            .collect();
        self.tell_director(Event::Start {
            term: Term(self.term),
            objects,
        });
        let idle = self.nodes.iter().filter(|(_, place)| place.link.is_none());
        let idle: Vec<Dn> = idle.map(|(dn, _)| dn.clone()).collect();
        for node in idle {
            let delay = self.delay();
            self.later(delay, Happening::Connect { node });
        }
    }

    /// The director process dies; operations in progress lose their answer. What it had sent still arrives, until the
    /// nodes notice; with `haunting`, once more afterwards.
    pub fn kill_director(&mut self, haunting: bool) {
        if self.director.take().is_none() {
            return;
        }
        self.tell(|| "the director dies".to_owned());
        self.director_deadline = None;
        self.pending.clear();
        if haunting {
            let sent: Vec<Happening> = self
                .queue
                .values()
                .filter_map(|what| match what {
                    Happening::Orders {
                        node, term, orders, ..
                    } => Some(Happening::StaleOrders {
                        node: node.clone(),
                        term: *term,
                        orders: orders.clone(),
                    }),
                    _ => None,
                })
                .collect();
            for what in sent {
                let span = self.rng.random_range(0..5_000);
                self.later(span, what);
            }
        }
        let linked = self.nodes.iter().filter_map(|(dn, place)| {
            let link = place.link.as_ref()?;
            Some((dn.clone(), link.session))
        });
        let linked: Vec<(Dn, u64)> = linked.collect();
        for (node, session) in linked {
            let delay = self.delay();
            self.later(delay, Happening::NodeSeesLoss { node, session });
        }
    }

    /// An operator invokes an operation.
    pub fn admin(&mut self, dn: &Dn, operation: u64) {
        if self.director.is_none() {
            return;
        }
        let request = self.fresh();
        let name = u32::try_from(operation).ok().and_then(|code| {
            let mut all = ais::amf::AdminOperation::ALL.iter();
            all.find(|op| op.code() == code)
        });
        let what = name.map_or_else(|| operation.to_string(), ToString::to_string);
        self.tell(|| format!("admin {what} {dn}"));
        self.pending
            .insert(request, format!("{what} of {dn} at {} ms", self.now));
        self.tell_director(Event::AdminOperation {
            request: RequestId(request),
            dn: dn.clone(),
            operation,
        });
    }

    /// An operator changes the model; gives whether the change was accepted.
    pub fn ccb(&mut self, changes: Vec<ModelChange>) -> bool {
        let Some(director) = self.director.as_ref() else {
            return false;
        };
        let gone = |dn: &Dn| !self.repository.contains_key(dn);
        let refers_to_nothing = changes.iter().any(|change| match change {
            ModelChange::Create { dn, .. } => !gone(dn),
            ModelChange::Modify { dn, .. } | ModelChange::Delete { dn } => gone(dn),
        });
        if changes.is_empty() || refers_to_nothing {
            return false;
        }
        if let Err(refusal) = director.validate(&changes) {
            self.note(|| format!("ccb refused: {refusal} {changes:?}"));
            return false;
        }
        self.tell(|| format!("ccb {changes:?}"));
        for change in &changes {
            self.store(change);
        }
        self.tell_director(Event::CcbApplied { changes });
        let new = self.known.of("SaAmfNode").iter();
        let new: Vec<Dn> = new.filter(|dn| self.nodes[*dn].boots == 0).cloned().collect();
        for node in new {
            self.start_node(&node);
        }
        true
    }
}
