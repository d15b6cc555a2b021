//! The socket, the connections, and the capabilities that clients hold.
//!
//! Handles are objects that live as long as their client holds them: their `Drop` finalises what they stand for. What
//! must not stop half-way when a client goes runs detached.

mod budget;
mod imm;
mod implementer;
mod owner;
mod search;

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use capnp::message::ReaderOptions;
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp, twoparty};
use futures::AsyncReadExt as _;
use schema::imm_capnp;
use tokio::net::UnixStream;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use crate::Error;
use crate::core::Core;
use budget::Budget;

/// The largest message that is read, in 8-byte words (64 MiB); a larger one ends its connection.
const WORDS_MAX: usize = 8 << 20;
/// So many connections are served at once.
const CONNECTIONS_MAX: usize = 1000;
/// After a failed accept (no file descriptors, no memory) the listener rests.
const ACCEPT_REST: std::time::Duration = std::time::Duration::from_millis(100);

/// The process at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Its user.
    pub(crate) uid: u32,
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
    pub(crate) fn bind(path: &Path) -> Result<Listener, Error> {
        let fail = |error: std::io::Error| Error::Socket {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(fail)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
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
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok(_) if connections.len() >= CONNECTIONS_MAX => {
                        tracing::warn!(limit = CONNECTIONS_MAX, "a connection was refused: there are too many");
                    }
                    Ok((stream, _)) => {
                        if let Some(peer) = admitted(&stream) {
                            connections.spawn_local(connection(core.clone(), stream, peer));
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
            }
        }
        tracing::info!("stopping");
        // What clients hold refers to the core; what is to be called keeps their connections: both must go.
        connections.shutdown().await;
        let callbacks = core.callbacks.take();
        drop(callbacks);
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "the socket could not be removed");
        }
        Ok(())
    }
}

/// The peer, if it may be served: processes of the same user and of root.
fn admitted(stream: &UnixStream) -> Option<Peer> {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(credentials) if credentials.uid() == own || credentials.uid() == 0 => Some(Peer {
            uid: credentials.uid(),
            pid: credentials
                .pid()
                .and_then(|pid| u32::try_from(pid).ok())
                .unwrap_or(0),
        }),
        Ok(credentials) => {
            tracing::warn!(
                uid = credentials.uid(),
                pid = credentials.pid(),
                "a connection was refused: its process is of another user"
            );
            None
        }
        Err(error) => {
            tracing::warn!(%error, "a connection was refused: its process is not known");
            None
        }
    }
}

/// Serves one connection to its end.
async fn connection(core: Rc<Core>, stream: UnixStream, peer: Peer) {
    tracing::debug!(uid = peer.uid, pid = peer.pid, "connected");
    let budget = Budget::default();
    let (reader, writer) = stream.compat().split();
    let writer = budget.watch(futures::io::BufWriter::new(writer));
    let mut options = ReaderOptions::new();
    options.traversal_limit_in_words(Some(WORDS_MAX));
    let network = twoparty::VatNetwork::new(
        futures::io::BufReader::new(reader),
        writer,
        rpc_twoparty_capnp::Side::Server,
        options,
    );
    let connection = Rc::new(Connection { core, peer, budget });
    let bootstrap: imm_capnp::imm::Client = capnp_rpc::new_client(imm::ImmServer { connection });
    match RpcSystem::new(Box::new(network), Some(bootstrap.client)).await {
        Ok(()) => tracing::debug!(pid = peer.pid, "disconnected"),
        Err(error) => tracing::debug!(pid = peer.pid, %error, "disconnected"),
    }
}
