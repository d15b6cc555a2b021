//! The connection, and how answers become results.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use capnp::message::ReaderOptions;
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp, twoparty};
use futures::AsyncReadExt;
use schema::imm_capnp::imm;
use schema::value_capnp::status;
use schema::{WireError, value};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio_util::compat::TokioAsyncReadCompatExt;

use crate::ImmError;

/// The largest message that is read, in 8-byte words; the daemon's pages are far smaller.
const WORDS_MAX: usize = 8 << 20;

/// A connection to immd; the RPC system runs until the last user of it is gone.
pub(crate) struct Connection {
    pub(crate) imm: imm::Client,
    closed: watch::Receiver<bool>,
    system: RefCell<Option<tokio::task::JoinHandle<()>>>,
}

impl Connection {
    pub(crate) async fn open(dir: &Path) -> Result<Rc<Connection>, ImmError> {
        let socket = dir.join("immd.sock");
        let stream = UnixStream::connect(&socket)
            .await
            .map_err(|source| ImmError::NotRunning {
                socket: socket.display().to_string(),
                source,
            })?;
        let (reader, writer) = stream.compat().split();
        let mut options = ReaderOptions::new();
        options.traversal_limit_in_words(Some(WORDS_MAX));
        let network = twoparty::VatNetwork::new(
            futures::io::BufReader::new(reader),
            futures::io::BufWriter::new(writer),
            rpc_twoparty_capnp::Side::Client,
            options,
        );
        let mut system = RpcSystem::new(Box::new(network), None);
        let imm = system.bootstrap(rpc_twoparty_capnp::Side::Server);
        let (tell, closed) = watch::channel(false);
        let system = tokio::task::spawn_local(async move {
            if let Err(error) = system.await {
                tracing::debug!(%error, "the connection to immd ended");
            }
            tell.send_replace(true);
        });
        Ok(Rc::new(Connection {
            imm,
            closed,
            system: RefCell::new(Some(system)),
        }))
    }

    pub(crate) async fn closed(&self) {
        let mut closed = self.closed.clone();
        // An error means that the sender is gone, and with it the connection.
        let _closed = closed.wait_for(|closed| *closed).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(system) = self.system.borrow_mut().take() {
            system.abort();
        }
    }
}

impl ImmError {
    /// The code of a refusal; `None` where the daemon did not answer.
    pub fn error(&self) -> Option<ais::AisError> {
        match self {
            ImmError::Refused { error, .. } => Some(*error),
            ImmError::NotRunning { .. } | ImmError::Disconnected(_) => None,
        }
    }
}

impl From<capnp::Error> for ImmError {
    fn from(error: capnp::Error) -> ImmError {
        match error.kind {
            capnp::ErrorKind::Overloaded => ImmError::Refused {
                error: ais::AisError::TryAgain,
                texts: vec![error.to_string()],
            },
            _ => ImmError::Disconnected(error.to_string()),
        }
    }
}

impl From<WireError> for ImmError {
    fn from(error: WireError) -> ImmError {
        ImmError::Refused {
            error: ais::AisError::MessageError,
            texts: vec![error.to_string()],
        }
    }
}

/// The answer in a status.
pub(crate) fn check(status: status::Reader<'_>) -> Result<(), ImmError> {
    value::read_status(status)?.map_err(|refused| ImmError::Refused {
        error: refused.error,
        texts: refused.texts,
    })
}

/// The length of a list as the wire wants it.
pub(crate) fn length(length: usize) -> Result<u32, ImmError> {
    u32::try_from(length).map_err(|_| ImmError::Refused {
        error: ais::AisError::TooBig,
        texts: vec![format!("a list of {length} elements cannot be sent")],
    })
}
