//! The socket, the connections, and the capabilities that clients hold.
//!
//! Handles are objects that live as long as their client holds them: their `Drop` finalises what they stand for. What
//! must not stop half-way when a client goes runs detached.

pub(crate) mod answer;
mod augment;
pub(crate) mod budget;
mod denied;
mod imm;
mod implementer;
mod journal;
mod owner;
mod search;

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use capnp::message::ReaderOptions;
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp, twoparty};
use daemon::readiness::{self, Watchdog};
use futures::AsyncReadExt as _;
use schema::imm_capnp;
use tokio::net::UnixStream;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use crate::Error;
use crate::access::{self, Verdict};
use crate::core::Core;
use budget::Budget;
use denied::DeniedServer;
use repository::AccessControl;

/// The largest message that is read, in 8-byte words (64 MiB); a larger one ends its connection.
const WORDS_MAX: usize = 8 << 20;
/// So many connections are served at once.
const CONNECTIONS_MAX: usize = 4000;
/// After a failed accept (no file descriptors, no memory) the listener rests.
const ACCEPT_REST: std::time::Duration = std::time::Duration::from_millis(100);
/// How long the end of a connection may take whose peer reads nothing.
const CUT_OFF_FOR: std::time::Duration = std::time::Duration::from_millis(100);
/// How long a peer that is not served may ask why.
const DENIED_FOR: std::time::Duration = std::time::Duration::from_secs(5);

/// The process at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Its user.
    pub(crate) uid: u32,
    /// Its group.
    pub(crate) gid: u32,
    /// Its id; 0 where the system does not say.
    pub(crate) pid: u32,
}

/// What the handles of one connection share.
pub(crate) struct Connection {
    pub(crate) core: Rc<Core>,
    pub(crate) peer: Peer,
    pub(crate) budget: Budget,
}

/// The daemon's socket.
pub(crate) struct Listener {
    listener: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Opens the socket in the place of one that a dead daemon left.
    pub(crate) fn bind(path: &Path, access: &AccessControl) -> Result<Listener, Error> {
        let fail = |error: std::io::Error| Error::Socket {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        // Nobody connects in between: others are not let in before their credentials are looked at.
        let listener = UnixListener::bind(path).map_err(fail)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
        access::open_socket_for(path, access);
        listener.set_nonblocking(true).map_err(fail)?;
        Ok(Listener {
            listener,
            path: path.to_owned(),
        })
    }

    /// Accepts connections until `stop` completes; then the socket is removed.
    pub(crate) async fn serve(self, core: &Rc<Core>, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let listener = tokio::net::UnixListener::from_std(self.listener).map_err(|error| Error::Socket {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        tracing::info!(socket = %self.path.display(), "serving");
        let mut connections = tokio::task::JoinSet::new();
        let mut access = core.access.subscribe();
        let mut stop = std::pin::pin!(stop);
        let mut watchdog = Watchdog::from_environment();
        let metrics = tokio::task::spawn_local(serve_metrics(core.clone()));
        readiness::ready();
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = watchdog.beat() => {}
                Some(_) = connections.join_next() => {}
                Ok(()) = access.changed() => {
                    let wanted = access.borrow_and_update().clone();
                    tracing::info!(mode = ?wanted.mode, group = ?wanted.group, "access control changed");
                    access::open_socket_for(&self.path, &wanted);
                }
                accepted = listener.accept() => match accepted {
                    Ok(_) if connections.len() >= CONNECTIONS_MAX => {
                        core.metrics.refused();
                        tracing::warn!(limit = CONNECTIONS_MAX, "a connection was refused: there are too many");
                    }
                    Ok((stream, _)) => {
                        connections.spawn_local(enter(core.clone(), stream));
                    }
                    Err(error) => {
                        tracing::error!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
            }
        }
        readiness::stopping();
        tracing::info!("stopping");
        metrics.abort();
        // What clients hold refers to the core; what is to be called keeps their connections: both must go.
        connections.shutdown().await;
        core.callees.clear();
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "the socket could not be removed");
        }
        Ok(())
    }
}

/// Serves what is counted and measured; ends where its socket cannot be opened.
async fn serve_metrics(core: Rc<Core>) {
    let path = core.dir.join(crate::METRICS_SOCKET);
    let page = move || core.metrics.page(&core);
    daemon::metrics::serve(&path, page).await;
}

/// The process at the other end; `None` where the system does not say.
fn peer_of(stream: &UnixStream) -> Option<Peer> {
    match stream.peer_cred() {
        Ok(credentials) => Some(Peer {
            uid: credentials.uid(),
            gid: credentials.gid(),
            pid: credentials
                .pid()
                .and_then(|pid| u32::try_from(pid).ok())
                .unwrap_or(0),
        }),
        Err(error) => {
            tracing::warn!(%error, "a connection was refused: its process is not known");
            None
        }
    }
}

/// Looks at who connects, and serves it or tells it why it is not served.
async fn enter(core: Rc<Core>, stream: UnixStream) {
    let Some(peer) = peer_of(&stream) else { return };
    let access = core.access.borrow().clone();
    let verdict = if access::is_privileged(peer) {
        Verdict::Allowed
    } else {
        // The system's tables may be far away.
        let decided = tokio::task::spawn_blocking(move || access::decide(&access, peer)).await;
        decided.unwrap_or_else(|error| Verdict::Denied(error.to_string()))
    };
    match verdict {
        Verdict::Allowed => serve(core, stream, peer).await,
        Verdict::Noted(why) => {
            tracing::warn!(uid = peer.uid, pid = peer.pid, why, "access violation");
            serve(core, stream, peer).await;
        }
        Verdict::Denied(why) => {
            core.metrics.refused();
            tracing::warn!(uid = peer.uid, pid = peer.pid, why, "access denied");
            let budget = Budget::new(&core.held);
            let told = protocol(stream, &budget, capnp_rpc::new_client(DeniedServer { why }));
            // It has time to ask one question.
            drop(tokio::time::timeout(DENIED_FOR, told).await);
        }
    }
}

/// Serves one connection to its end.
async fn serve(core: Rc<Core>, stream: UnixStream, peer: Peer) {
    tracing::debug!(uid = peer.uid, pid = peer.pid, "connected");
    let _counted = core.metrics.connected();
    let connection = Rc::new(Connection {
        budget: Budget::new(&core.held),
        core,
        peer,
    });
    let server = imm::ImmServer {
        connection: connection.clone(),
    };
    let mut system = protocol(stream, &connection.budget, capnp_rpc::new_client(server));
    let disconnector = system.get_disconnector();
    tokio::select! {
        ended = &mut system => match ended {
            Ok(()) => tracing::debug!(pid = peer.pid, "disconnected"),
            Err(error) => tracing::debug!(pid = peer.pid, %error, "disconnected"),
        },
        () = connection.budget.cut_off() => {
            tracing::warn!(pid = peer.pid, "a connection was ended: its implementer does not read what it is sent");
            // What its handles stand for is finalised at once; that the peer hears of it cannot be waited for.
            drop(tokio::time::timeout(CUT_OFF_FOR, disconnector).await);
        }
    }
}

/// The protocol on a connection; runs while it is awaited.
fn protocol(
    stream: UnixStream,
    budget: &Budget,
    bootstrap: imm_capnp::imm::Client,
) -> RpcSystem<rpc_twoparty_capnp::Side> {
    let (reader, writer) = stream.compat().split();
    let mut options = ReaderOptions::new();
    options.traversal_limit_in_words(Some(WORDS_MAX));
    let network = twoparty::VatNetwork::new(
        budget.count(futures::io::BufReader::new(reader)),
        budget.watch(futures::io::BufWriter::new(writer)),
        rpc_twoparty_capnp::Side::Server,
        options,
    );
    RpcSystem::new(Box::new(network), Some(bootstrap.client))
}
