//! What a proxy of this node does for components of other nodes: their directors ask it through here, and what it asks about
//! these components goes to them.
//!
//! A link belongs to the registration of the proxy and ends with it. The callbacks of another node are numbered anew, for the
//! proxy's process knows each by its number alone.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use ais::amf::{CallbackKind, HaState};
use ais::{AisError, Dn};
use schema::component_capnp::{component_callbacks, component_session, proxy_link};
use schema::{Refused, WireError};
use tokio::sync::Notify;

use super::{Components, Connection, Stage};

/// The first number of callbacks of other nodes; the engine's never get there.
const FIRST_NUMBER: u64 = 1 << 63;
/// How long a proxy's request waits until the node of the component has made its link.
const LINK_LIMIT: Duration = Duration::from_secs(5);

/// The links that other nodes have to proxies of this one, by their connections.
#[derive(Default)]
pub(super) struct Relays {
    links: BTreeMap<u64, Relay>,
    /// The callbacks that are not answered, and those whose work is not finished.
    asked: BTreeMap<u64, Asked>,
    asked_before: u64,
    /// Told when a link begins to serve components.
    pub(super) came: Rc<Notify>,
}

struct Relay {
    proxy: Dn,
    /// The session on which the proxy registered.
    session: u64,
    /// The components, and who is asked about them; none before the other node has said.
    serves: Option<(BTreeSet<Dn>, component_session::Client)>,
}

/// A callback of another node.
struct Asked {
    link: u64,
    comp: Dn,
    /// Its number there.
    invocation: u64,
    answered: bool,
}

impl Relays {
    /// Who is asked about what the process of the connection does for the component.
    fn host(&self, sessions: &BTreeSet<u64>, comp: &Dn) -> Option<component_session::Client> {
        let links = self
            .links
            .values()
            .filter(|link| sessions.contains(&link.session));
        let mut serving = links.filter_map(|link| link.serves.as_ref());
        let (_, host) = serving.find(|(comps, _)| comps.contains(comp))?;
        Some(host.clone())
    }

    /// Numbers a callback. Where it gives the component other work, what that has not finished is over.
    fn number(&mut self, link: u64, comp: Dn, kind: &CallbackKind, invocation: u64) -> u64 {
        let goes_on = matches!(
            kind,
            CallbackKind::Healthcheck { .. } | CallbackKind::CsiAttributeChange { .. }
        );
        let is_over = |asked: &Asked| asked.answered && asked.link == link && asked.comp == comp;
        self.asked.retain(|_, asked| goes_on || !is_over(asked));
        let number = FIRST_NUMBER | self.asked_before;
        self.asked_before += 1;
        let asked = Asked {
            link,
            comp,
            invocation,
            answered: false,
        };
        self.asked.insert(number, asked);
        number
    }

    /// The callback is answered; it stays known where its work is still to be finished.
    fn answered(&mut self, number: u64, goes_on: bool) {
        if !goes_on {
            self.asked.remove(&number);
        } else if let Some(asked) = self.asked.get_mut(&number) {
            asked.answered = true;
        }
    }

    pub(super) fn end(&mut self, link: u64) {
        self.links.remove(&link);
        self.asked.retain(|_, asked| asked.link != link);
    }
}

impl Components {
    /// The director of another node wants to reach a proxy.
    pub(super) fn begin_relay(
        self: &Rc<Self>,
        connection: &Connection,
        proxy: Dn,
    ) -> Result<(component_callbacks::Client, proxy_link::Client), Refused> {
        let mut table = self.table.borrow_mut();
        let registered = |id: &&u64| {
            let session = &table.sessions[id];
            session.stage == Stage::Open && session.registered.get(&proxy) == Some(&true)
        };
        let Some(&session) = table.sessions.keys().find(registered) else {
            return Err(Refused {
                error: AisError::NotExist,
                texts: vec![format!("{proxy} is not registered on this node")],
            });
        };
        tracing::info!(%proxy, "is reached from another node");
        let relay = Relay {
            proxy,
            session,
            serves: None,
        };
        table.relays.links.insert(connection.id, relay);
        let (components, link) = (Rc::clone(self), connection.id);
        let server = LinkServer {
            components: Rc::clone(&components),
            link,
        };
        Ok((
            capnp_rpc::new_client(RelayServer { components, link }),
            capnp_rpc::new_client(server),
        ))
    }

    /// Ends the links whose proxy is not registered any more.
    pub(super) fn end_relays(&self) {
        let table = self.table.borrow();
        for (id, link) in &table.relays.links {
            let session = table.sessions.get(&link.session);
            let stands = session.is_some_and(|session| session.registered.contains_key(&link.proxy));
            if let Some(connection) = table.connections.get(id).filter(|_| !stands) {
                connection.cut.notify_one();
            }
        }
    }

    /// Who is asked about what the process does for the component of another node.
    pub(super) fn host_of(&self, connection: &Connection, comp: &Dn) -> Option<component_session::Client> {
        let table = self.table.borrow();
        if table.relays.links.is_empty() {
            return None;
        }
        let own = table.sessions.iter();
        let own = own.filter(|(_, session)| session.connection == connection.id);
        table.relays.host(&own.map(|(id, _)| *id).collect(), comp)
    }

    /// Who is asked about a callback of another node, and its number there.
    pub(super) fn host_of_call(&self, number: u64) -> Option<(component_session::Client, u64)> {
        let table = self.table.borrow();
        let asked = table.relays.asked.get(&number)?;
        let (_, host) = table.relays.links.get(&asked.link)?.serves.as_ref()?;
        Some((host.clone(), asked.invocation))
    }

    /// A proxy registers what may be a component of another node: waits until that one has made its link. `None` where no other
    /// node looks for a proxy of it here.
    ///
    /// # Errors
    /// TRY_AGAIN where the other node has not made a link in time, or no director says whose component it is.
    pub(super) async fn await_host(
        &self,
        connection: &Connection,
        comp: &Dn,
    ) -> Result<Option<component_session::Client>, Refused> {
        let try_again = |why: &str| Refused {
            error: AisError::TryAgain,
            texts: vec![format!("{comp} is not a component of this node, and {why}")],
        };
        match self.director.proxied_from_elsewhere(comp).await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(_) => return Err(try_again("no director says whose it is")),
        }
        let came = Rc::clone(&self.table.borrow().relays.came);
        let host = async {
            loop {
                let told = came.notified();
                if let Some(host) = self.host_of(connection, comp) {
                    return host;
                }
                told.await;
            }
        };
        let host = tokio::time::timeout(LINK_LIMIT, host).await;
        host.map(Some)
            .map_err(|_| try_again("its node does not look for a proxy here"))
    }
}

/// By which another node's director says what the proxy manages there.
struct LinkServer {
    components: Rc<Components>,
    link: u64,
}

/// By which another node's director asks the proxy.
struct RelayServer {
    components: Rc<Components>,
    link: u64,
}

impl RelayServer {
    /// The number that the callback gets here, whether it begins work that is finished later, and the callback for the proxy.
    fn renumber(
        &self,
        params: component_callbacks::CallbackParams,
    ) -> Result<(u64, bool, Forwarded), capnp::Error> {
        let failed = |error: WireError| capnp::Error::failed(error.to_string());
        let read = schema::component::read_callback(params.get()?.get_callback()?);
        let (invocation, comp, kind) = read.map_err(failed)?;
        let mut table = self.components.table.borrow_mut();
        let link = table.relays.links.get(&self.link);
        let session = link.and_then(|link| table.sessions.get(&link.session));
        let Some(callbacks) = session.map(|session| session.callbacks.clone()) else {
            return Err(capnp::Error::disconnected("the proxy is gone".to_owned()));
        };
        let number = table.relays.number(self.link, comp.clone(), &kind, invocation);
        let mut request = callbacks.callback_request();
        let callback = request.get().init_callback();
        schema::component::write_callback(number, &comp, &kind, callback).map_err(failed)?;
        let quiesces = matches!(
            kind,
            CallbackKind::CsiSet {
                ha: HaState::Quiescing,
                ..
            }
        );
        Ok((number, quiesces, request))
    }
}

type Forwarded = capnp::capability::Request<
    component_callbacks::callback_params::Owned,
    component_callbacks::callback_results::Owned,
>;

impl component_callbacks::Server for RelayServer {
    async fn callback(
        self: Rc<Self>,
        params: component_callbacks::CallbackParams,
        mut results: component_callbacks::CallbackResults,
    ) -> Result<(), capnp::Error> {
        let (number, quiesces, request) = self.renumber(params)?;
        let answer = request.send().promise.await;
        let code = answer
            .as_ref()
            .ok()
            .and_then(|answer| Some(answer.get().ok()?.get_result()));
        let goes_on = quiesces && code.is_some_and(|code| super::result_of(code).is_ok());
        let mut table = self.components.table.borrow_mut();
        table.relays.answered(number, goes_on);
        drop(table);
        results.set(answer?.get()?)
    }
}

impl proxy_link::Server for LinkServer {
    async fn serve(
        self: Rc<Self>,
        params: proxy_link::ServeParams,
        _results: proxy_link::ServeResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let comps = schema::value::read_dns(params.get_comps()?, "serve.comps")
            .map_err(|error| capnp::Error::failed(error.to_string()))?;
        let serves = (comps.into_iter().collect(), params.get_session()?);
        let mut table = self.components.table.borrow_mut();
        if let Some(link) = table.relays.links.get_mut(&self.link) {
            link.serves = Some(serves);
        }
        table.relays.came.notify_waiters();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_work_is_known_until_it_is_finished_or_other_work_comes() {
        let mut relays = Relays::default();
        let comp = || Dn::new("safComp=C,safSu=S").unwrap();
        let check = CallbackKind::Healthcheck { key: "k".to_owned() };
        let remove = CallbackKind::CsiRemove { csi: None };
        let quiescing = relays.number(1, comp(), &remove, 7);
        relays.answered(quiescing, true);
        let checked = relays.number(1, comp(), &check, 8);
        relays.answered(checked, false);
        assert_eq!(relays.asked.keys().collect::<Vec<_>>(), [&quiescing]);
        let elsewhere = relays.number(2, comp(), &remove, 7);
        relays.answered(elsewhere, true);
        assert_ne!(elsewhere, quiescing);
        let removed = relays.number(1, comp(), &remove, 9);
        assert_eq!(relays.asked.keys().collect::<Vec<_>>(), [&elsewhere, &removed]);
        relays.end(2);
        assert_eq!(relays.asked.keys().collect::<Vec<_>>(), [&removed]);
    }
}
