//! Proxies on other nodes (AMF B.02.01 §5): who is active for the CSI that a proxied component names may run anywhere.
//!
//! The director tells who that is, as the members of the CSI's protection group. The shell makes a link to the director of
//! the other node, which stands for the proxy's connection: it has a session as any connection has, and its end is the end
//! of that one. A proxy of the own node is preferred; where one is about to become active, the director names no others. One
//! that is not active any more keeps its link while it holds the CSI and has registered components, so that it can let go
//! of them; one that lost the CSI, or whose node is lost, does not.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::HaState;

use crate::comp::Comp;
use crate::cx::Cx;
use crate::effect::Effect;
use crate::event::SessionId;
use crate::groups::Groups;
use crate::su::Su;

/// A proxy that is to be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    node: Dn,
    /// What it manages here.
    comps: BTreeSet<Dn>,
    /// The CSIs that it is active for.
    leads: BTreeSet<Dn>,
}

/// The proxies on other nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Elsewhere {
    links: BTreeMap<Dn, Link>,
    sessions: BTreeMap<Dn, SessionId>,
}

/// A component that holds the CSI of a proxy, its node and its state.
type Holder<'a> = (&'a Dn, &'a Dn, HaState);

impl Elsewhere {
    /// The link stands.
    pub(crate) fn linked(&mut self, proxy: Dn, session: SessionId) {
        if self.links.contains_key(&proxy) {
            self.sessions.insert(proxy, session);
        }
    }

    /// A link is gone.
    pub(crate) fn session_closed(&mut self, session: SessionId) {
        self.sessions.retain(|_, own| *own != session);
    }

    /// Who is reached: the proxy, its session, and the CSIs that it is active for.
    pub(crate) fn reached(&self) -> impl Iterator<Item = (&Dn, SessionId, &BTreeSet<Dn>)> {
        let links = self.links.iter();
        links.filter_map(|(proxy, link)| Some((proxy, *self.sessions.get(proxy)?, &link.leads)))
    }

    /// Makes the links that the components of these SUs need, and ends the others.
    pub(crate) fn settle(&mut self, sus: &BTreeMap<Dn, Su>, groups: &mut Groups, own: &Dn, cx: &mut Cx) {
        let comps = sus.values().flat_map(|su| &su.comps);
        let proxied: Vec<(&Comp, &Dn)> = comps
            .filter(|comp| comp.kind.is_proxied())
            .filter_map(|comp| Some((comp, comp.manager_csi()?)))
            .collect();
        let csis: BTreeSet<Dn> = proxied.iter().map(|(_, csi)| (*csi).clone()).collect();
        let mut links: BTreeMap<Dn, Link> = BTreeMap::new();
        for (comp, csi) in proxied {
            let holders: Vec<Holder<'_>> = groups.holders(csi).collect();
            for (proxy, node, ha) in self.proxies(comp, &holders, own) {
                let link = links.entry(proxy.clone()).or_insert_with(|| Link {
                    node: node.clone(),
                    comps: BTreeSet::new(),
                    leads: BTreeSet::new(),
                });
                link.comps.insert(comp.dn().clone());
                if ha == HaState::Active {
                    link.leads.insert(csi.clone());
                }
            }
        }
        groups.follow(csis, cx);
        self.change(links, cx);
    }

    /// Who manages the component from elsewhere, or did and has to let go of it.
    fn proxies<'a>(&self, comp: &Comp, holders: &[Holder<'a>], own: &Dn) -> Vec<Holder<'a>> {
        let active = || holders.iter().filter(|(.., ha)| *ha == HaState::Active);
        let leads_here = active().any(|(_, node, _)| *node == own);
        let known = active().find(|(proxy, ..)| self.links.contains_key(*proxy));
        let leader = known.or_else(|| active().next()).filter(|_| !leads_here);
        let has_registered =
            |proxy: &Dn| comp.session.is_some() && self.sessions.get(proxy).copied() == comp.session;
        let registered = holders.iter().filter(|(proxy, ..)| has_registered(proxy));
        let mut found: Vec<Holder<'a>> = registered.copied().collect();
        found.extend(leader.filter(|(proxy, ..)| !has_registered(proxy)));
        found
    }

    fn change(&mut self, links: BTreeMap<Dn, Link>, cx: &mut Cx) {
        for proxy in self.links.keys().filter(|proxy| !links.contains_key(*proxy)) {
            self.sessions.remove(proxy);
            cx.emit(Effect::EndLink { proxy: proxy.clone() });
        }
        for (proxy, link) in &links {
            let before = self.links.get(proxy);
            if before.is_none_or(|before| (&before.node, &before.comps) != (&link.node, &link.comps)) {
                cx.emit(Effect::Link {
                    proxy: proxy.clone(),
                    node: link.node.clone(),
                    comps: link.comps.clone(),
                });
            }
        }
        self.links = links;
    }
}
