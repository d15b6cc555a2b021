//! What follows from a moment depends on: the engines' state, what is on its way, what runs where, what the information model
//! shows, and what the checks still wait for. Left out are what is counted and told, and what never changes in an
//! exploration: the configuration, the pace and, where nothing takes any time, the chance.

use std::collections::BTreeMap;

use ais::Dn;

use super::{Happening, Node, Stored, World};
use crate::canonical::Canonical;

/// Attributes that are shown and that nothing depends on.
const SHOWN_ONLY: [&str; 2] = ["saAmfCompRestartCount", "saAmfSURestartCount"];

impl World {
    /// A number that is the same for moments from which the same follows, but for names and the time of day; `base` is
    /// what the information model held at first.
    pub fn situation(&self, base: &BTreeMap<Dn, Stored>) -> Canonical {
        let mut text = Canonical::new(self.now);
        text.add_drawn("Term", self.term);
        text.add_coming(self.last_act.saturating_add(crate::QUIET_MS));
        if let Some(director) = &self.director {
            text.add(&director.situation());
        }
        for request in self.pending.keys() {
            text.add_drawn("RequestId", *request);
        }
        for (dn, stored) in self
            .repository
            .iter()
            .filter(|(dn, own)| base.get(*dn) != Some(own))
        {
            let told = |name: &str| !SHOWN_ONLY.contains(&name);
            let attrs = stored.1.iter().filter(|attr| told(&attr.name));
            text.add(&(
                dn,
                &stored.0,
                attrs.map(|attr| (&attr.name, &attr.values)).collect::<Vec<_>>(),
            ));
        }
        let sections: BTreeMap<&Dn, usize> = self.nodes.keys().zip(1..).collect();
        for (dn, place) in &self.nodes {
            text.enter(sections[dn]);
            node(&mut text, place);
        }
        for ((at, _), what) in &self.queue {
            text.enter(0);
            text.add_coming(*at);
            self.happening(&mut text, what, &sections);
        }
        text.enter(0);
        self.acting.describe(&mut text);
        for duty in &self.duties {
            duty.describe(&mut text, self, |node| sections[node]);
        }
        text
    }

    fn happening(&self, text: &mut Canonical, what: &Happening, sections: &BTreeMap<&Dn, usize>) {
        match what {
            Happening::Orders {
                node,
                session,
                term,
                orders,
            } => {
                text.add_drawn("SessionId", *session);
                text.add(&(node, term, orders));
            }
            Happening::Report {
                node,
                session,
                report,
            } => {
                text.add_drawn("SessionId", *session);
                text.add(&(node, report));
            }
            Happening::DirectorSeesLoss { node, session } => {
                text.add_drawn("SessionId", *session);
                text.add(&("director sees", node));
            }
            Happening::NodeSeesLoss { node, session } => {
                text.add_drawn("SessionId", *session);
                text.add(&("node sees", node));
            }
            Happening::At { node, boots, what } => {
                text.enter(sections[node]);
                let is_past = self.nodes[node].boots != *boots;
                text.add(&(node, is_past, what));
            }
            Happening::StaleOrders { .. }
            | Happening::Connect { .. }
            | Happening::NodeStarts { .. }
            | Happening::LinkRecovers { .. }
            | Happening::DirectorStarts
            | Happening::DirectorDies
            | Happening::Operation { .. }
            | Happening::Deletion { .. } => text.add(what),
        }
    }
}

fn node(text: &mut Canonical, place: &Node) {
    text.add(&(
        &place.engine,
        &place.processes,
        &place.troubles,
        &place.given,
        &place.runs,
    ));
    text.add(&(place.is_disturbed, place.slow_ms));
    text.add_coming(place.offline_until);
    if let Some(link) = &place.link {
        text.add(&link.cut);
        text.add_coming(link.down);
        text.add_coming(link.up);
        text.enter(0);
        text.add_drawn("SessionId", link.session);
        text.add_drawn("Term", link.term);
    }
}
