//! A link to a proxy of another node. The director of that node stands for the proxy's process: its connection has a session,
//! as those have that processes make here.

use std::path::Path;
use std::rc::Rc;

use ais::Dn;
use capnp_rpc::rpc_twoparty_capnp::Side;
use node_engine::{Event, SessionId};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use schema::WireError;
use schema::component_capnp::{amf, proxy_link};
use tokio::net::UnixStream;

use super::{Components, Connection, paced_rpc};
use crate::input::{Input, tell};
use crate::links::{LinkError, Wish};
use crate::processes::watch;

impl Components {
    /// Makes a link once, and keeps it until it breaks or is not wanted any more. Gives back whether the proxy was reached, and
    /// why not any more.
    pub(crate) async fn reach(
        self: Rc<Self>,
        socket: &Path,
        wish: &mut Wish,
    ) -> (bool, Result<(), LinkError>) {
        let (stream, pid) = match connect(socket).await {
            Ok(found) => found,
            Err(error) => return (false, Err(error)),
        };
        let Ok(Ok(pidfd)) = pidfd_open(pid, PidfdFlags::NONBLOCK).map(watch) else {
            return (false, Err(LinkError::Gone));
        };
        let connection = self.enter(pid);
        let mut rpc = Box::pin(paced_rpc(stream, Side::Client, None));
        let service: amf::Client = rpc.bootstrap(Side::Server);
        let mut linked = false;
        let over = Rc::clone(&wish.over);
        let ended = tokio::select! {
            biased;
            _ = &mut rpc => Err(LinkError::Gone),
            _ = pidfd.readable() => Err(LinkError::Gone),
            () = connection.cut.notified() => Err(LinkError::Gone),
            () = connection.finalised.notified() => Err(LinkError::Gone),
            () = over.notified() => Ok(()),
            error = self.manage_through(service, &connection, wish, &mut linked) => Err(error),
        };
        drop(rpc);
        self.leave(&connection, &pidfd).await;
        (linked, ended)
    }

    /// Begins, and tells what is managed whenever that changes. Ends with an error only.
    async fn manage_through(
        self: &Rc<Self>,
        service: amf::Client,
        connection: &Rc<Connection>,
        wish: &mut Wish,
        linked: &mut bool,
    ) -> LinkError {
        let mut request = service.manage_request();
        request.get().set_proxy(wish.proxy.as_str());
        let link = async {
            let response = request.send().promise.await?;
            let response = response.get()?;
            schema::value::read_status(response.get_status()?)??;
            let (id, session) =
                self.begin(connection, response.get_callbacks()?, Some(wish.proxy.clone()))?;
            Ok::<_, LinkError>((id, session, response.get_link()?))
        };
        let (id, session, link) = match link.await {
            Ok(begun) => begun,
            Err(error) => return error,
        };
        *linked = true;
        tracing::info!(proxy = %wish.proxy, "a proxy of another node is reached");
        let linked = Event::Linked {
            proxy: wish.proxy.clone(),
            session: SessionId(id),
        };
        // Before the proxy can ask anything.
        tell(&self.inputs, Input::Event(linked));
        loop {
            let mut request = link.serve_request();
            let comps: Vec<Dn> = wish.comps.borrow_and_update().iter().cloned().collect();
            request.get().set_session(session.clone());
            if let Err(error) = write_comps(&comps, request.get()) {
                return error.into();
            }
            if let Err(error) = request.send().promise.await {
                return error.into();
            }
            if wish.comps.changed().await.is_err() {
                return LinkError::Gone;
            }
        }
    }
}

fn write_comps(comps: &[Dn], mut params: proxy_link::serve_params::Builder<'_>) -> Result<(), WireError> {
    let len = schema::list_len(comps.len(), "serve.comps")?;
    schema::value::write_texts(comps, params.reborrow().init_comps(len), "serve.comps")
}

async fn connect(socket: &Path) -> Result<(UnixStream, Pid), LinkError> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|source| LinkError::Connect {
            path: socket.to_owned(),
            source,
        })?;
    let own = rustix::process::geteuid().as_raw();
    let peer = stream.peer_cred().ok().filter(|peer| peer.uid() == own);
    let pid = peer.and_then(|peer| peer.pid()).and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| LinkError::Stranger(socket.to_owned()))?;
    Ok((stream, pid))
}
