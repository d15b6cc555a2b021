//! Connections between node directors and the director: what travels, what is lost, and who notices when.

use ais::Dn;
use ais::amf::{NodeOrder, NodeReport, Term};
use director_engine::{DownCause, Event as DirectorEvent, SessionId};
use node_engine::{Effect as NodeEffect, Event as NodeEvent};

use super::{Happening, Link, World};

impl World {
    /// The node's director connects, where there is somebody to connect to.
    pub(super) fn connect(&mut self, node: &Dn) {
        let Some(place) = self.nodes.get(node) else { return };
        if self.director.is_none() || place.engine.is_none() || place.link.is_some() {
            return;
        }
        if place.offline_until > self.now {
            let at = place.offline_until;
            return self.schedule(at, Happening::Connect { node: node.clone() });
        }
        let session = self.fresh();
        let link = Link {
            session,
            term: self.term,
            cut: false,
            down: 0,
            up: 0,
        };
        self.nodes.get_mut(node).expect("it was there").link = Some(link);
        self.acting.reach(node, self.now);
        self.tell_director(DirectorEvent::NodeUp {
            node: node.clone(),
            session: SessionId(session),
        });
    }

    pub(super) fn send_orders(&mut self, node: Dn, session: u64, orders: Vec<NodeOrder>) {
        let (delay, now, term) = (self.delay(), self.now, Term(self.term));
        let Some(place) = self.nodes.get_mut(&node) else {
            return self.breaks(|| format!("orders for {node}, which is no node"));
        };
        let slow = place.slow_ms;
        let Some(link) = place
            .link
            .as_mut()
            .filter(|link| link.session == session && !link.cut)
        else {
            return;
        };
        link.down = link.down.max(now + delay + slow);
        let at = link.down;
        self.schedule(
            at,
            Happening::Orders {
                node,
                session,
                term,
                orders,
            },
        );
    }

    pub(super) fn send_report(&mut self, node: &Dn, report: NodeReport) {
        let (delay, now) = (self.delay(), self.now);
        self.last_act = now;
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        let slow = place.slow_ms;
        let Some(link) = place.link.as_mut().filter(|link| !link.cut) else {
            return;
        };
        link.up = link.up.max(now + delay + slow);
        let (at, session, node) = (link.up, link.session, node.clone());
        self.schedule(
            at,
            Happening::Report {
                node,
                session,
                report,
            },
        );
    }

    fn is_linked(&self, node: &Dn, session: u64) -> bool {
        let link = self.nodes.get(node).and_then(|place| place.link.as_ref());
        link.is_some_and(|link| link.session == session && !link.cut)
    }

    pub(super) fn orders_arrive(&mut self, node: &Dn, session: u64, term: Term, orders: Vec<NodeOrder>) {
        if self.is_linked(node, session) {
            self.remember_given(node, &orders);
            self.tell_node(node, NodeEvent::Orders { term, orders });
        }
    }

    /// A node that knows a newer director does nothing that an older one says.
    pub(super) fn stale_orders_arrive(&mut self, node: &Dn, term: Term, orders: Vec<NodeOrder>) {
        let place = self.nodes.get_mut(node);
        let Some(engine) = place.and_then(|place| place.engine.as_mut()) else {
            return;
        };
        if engine.accepts(term) {
            return;
        }
        let effects = engine.step(ais::Millis(self.now), NodeEvent::Orders { term, orders });
        let done = effects
            .into_iter()
            .find(|effect| !matches!(effect, NodeEffect::Note { .. }));
        if let Some(done) = done {
            self.breaks(|| format!("{node} obeys a director of term {}: {done:?}", term.0));
        }
    }

    pub(super) fn report_arrives(&mut self, node: Dn, session: u64, report: NodeReport) {
        let link = self.nodes.get(&node).and_then(|place| place.link.as_ref());
        if link.is_some_and(|link| link.session == session && link.term == self.term && !link.cut) {
            let session = SessionId(session);
            if let NodeReport::Su(report) = &report {
                let nodes = &self.nodes;
                self.duties
                    .iter_mut()
                    .for_each(|duty| duty.note_told(report, self.term, nodes));
            }
            self.tell_director(DirectorEvent::Report {
                node,
                session,
                report,
            });
        }
    }

    pub(super) fn director_sees_loss(&mut self, node: Dn, session: u64) {
        let session = SessionId(session);
        let cause = DownCause::Silent;
        self.tell_director(DirectorEvent::NodeDown { node, session, cause });
    }

    pub(super) fn node_sees_loss(&mut self, node: &Dn, session: u64) {
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        if place.link.as_ref().is_none_or(|link| link.session != session) {
            return;
        }
        place.link = None;
        self.tell_node(node, NodeEvent::DirectorLost);
        let delay = self.delay();
        self.later(delay, Happening::Connect { node: node.clone() });
    }

    /// The node is cut off: nothing passes any more, and each end notices after a while of its own.
    pub fn cut(&mut self, node: &Dn, director_notices: u64, node_notices: u64, back: u64) {
        let now = self.now;
        let Some(place) = self.nodes.get_mut(node) else {
            return;
        };
        let Some(link) = place.link.as_mut().filter(|link| !link.cut) else {
            return;
        };
        link.cut = true;
        let session = link.session;
        place.offline_until = now + back;
        place.is_disturbed = true;
        self.acting.cut(node);
        self.tell(|| {
            let times = format!("noticed after {director_notices} and {node_notices} ms, over after {back}");
            format!("{} is cut off: {times}", node.rdn())
        });
        self.later(
            director_notices,
            Happening::DirectorSeesLoss {
                node: node.clone(),
                session,
            },
        );
        self.later(
            node_notices,
            Happening::NodeSeesLoss {
                node: node.clone(),
                session,
            },
        );
    }

    /// The director ends the connection; the node notices.
    pub(super) fn drop_link(&mut self, node: &Dn, session: u64) {
        let link = self.nodes.get(node).and_then(|place| place.link.as_ref());
        if link.is_some_and(|link| link.session == session) {
            let delay = self.delay();
            self.cut(node, 0, delay, 0);
        }
    }

    /// Messages of the node take longer for a while.
    pub fn slow_down(&mut self, node: &Dn, by: u64, span: u64) {
        if let Some(place) = self.nodes.get_mut(node) {
            place.slow_ms = by;
            self.later(span, Happening::LinkRecovers { node: node.clone() });
        }
    }
}
