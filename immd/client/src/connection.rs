//! The connection, and how answers become results.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use capnp::message::ReaderOptions;
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp, twoparty};
use futures::{AsyncRead, AsyncReadExt};
use schema::imm_capnp::imm;
use schema::value_capnp::status;
use schema::{WireError, value};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_util::compat::TokioAsyncReadCompatExt;

use crate::{ImmError, Limits, LocalFuture};

/// The largest message that is read, in 8-byte words; the daemon's pages are far smaller.
const WORDS_MAX: usize = 8 << 20;

/// A connection to immd; the RPC system runs until the last user of it is gone.
pub(crate) struct Connection {
    pub(crate) imm: imm::Client,
    pub(crate) dir: PathBuf,
    /// How long a call may take; see [`crate::Limits`].
    pub(crate) limits: Limits,
    closed: watch::Receiver<bool>,
    hung_up: Rc<Cell<bool>>,
    /// What began the task of this connection, and is to begin that of the next.
    pub(crate) spawn: Spawn,
    system: AbortHandle,
}

/// Begins a task that ends by itself or is aborted.
pub type Spawn = fn(LocalFuture<()>) -> AbortHandle;

/// A task of the `LocalSet` that runs.
pub(crate) fn spawn_local(task: LocalFuture<()>) -> AbortHandle {
    tokio::task::spawn_local(task).abort_handle()
}

impl Connection {
    pub(crate) async fn open(dir: &Path, limits: Limits, spawn: Spawn) -> Result<Rc<Connection>, ImmError> {
        let socket = dir.join("immd.sock");
        let stream = UnixStream::connect(&socket)
            .await
            .map_err(|source| unreachable_socket(&socket, source))?;
        let (reader, writer) = stream.compat().split();
        let hung_up = Rc::new(Cell::new(false));
        let reader = Watched {
            reader,
            hung_up: Rc::clone(&hung_up),
        };
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
        let system = spawn(Box::pin(async move {
            if let Err(error) = system.await {
                tracing::debug!(%error, "the connection to immd ended");
            }
            tell.send_replace(true);
        }));
        Ok(Rc::new(Connection {
            imm,
            dir: dir.to_owned(),
            limits,
            closed,
            hung_up,
            spawn,
            system,
        }))
    }

    /// The answer to a call, if it comes in time.
    pub(crate) async fn answer<T>(
        &self,
        call: impl Future<Output = Result<T, capnp::Error>>,
    ) -> Result<T, ImmError> {
        within(self.limits.call, call).await
    }

    /// The answer to a call that has a limit of its own, in milliseconds; 0 is none. The daemon keeps that limit: a
    /// daemon that does not answer even then is given up.
    pub(crate) async fn answer_to_operation<T>(
        &self,
        timeout_ms: u64,
        call: impl Future<Output = Result<T, capnp::Error>>,
    ) -> Result<T, ImmError> {
        if timeout_ms == 0 {
            return Ok(call.await?);
        }
        within(
            Duration::from_millis(timeout_ms).saturating_add(self.limits.call),
            call,
        )
        .await
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.hung_up.get() || *self.closed.borrow()
    }

    /// Completes when the connection is gone, without holding it.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut closed = self.closed.clone();
        async move {
            // An error means that the sender is gone, and with it the connection.
            let _closed = closed.wait_for(|closed| *closed).await;
        }
    }

    pub(crate) async fn closed(&self) {
        let mut closed = self.closed.clone();
        // An error means that the sender is gone, and with it the connection.
        let _closed = closed.wait_for(|closed| *closed).await;
    }
}

/// Notes that the other end is gone as soon as it is seen, which is before the RPC system has ended.
struct Watched<R> {
    reader: R,
    hung_up: Rc<Cell<bool>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = ready!(Pin::new(&mut self.reader).poll_read(context, buffer));
        if matches!(read, Ok(0) | Err(_)) {
            self.hung_up.set(true);
        }
        Poll::Ready(read)
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, capnp::Error>>,
) -> Result<T, ImmError> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(ImmError::TimedOut { limit }),
    }
}

/// Why the socket could not be connected to: the system keeps others out, or nobody listens.
fn unreachable_socket(socket: &Path, source: std::io::Error) -> ImmError {
    let socket = socket.display().to_string();
    if source.kind() == std::io::ErrorKind::PermissionDenied {
        return ImmError::Refused {
            error: ais::AisError::AccessDenied,
            texts: vec![format!(
                "{socket} may be used by root, by its owner, and by the group that authorizedGroup names"
            )],
        };
    }
    ImmError::NotRunning { socket, source }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.system.abort();
    }
}

impl ImmError {
    /// The code of a refusal; `None` where the daemon did not answer.
    pub fn error(&self) -> Option<ais::AisError> {
        match self {
            ImmError::Refused { error, .. } => Some(*error),
            ImmError::TimedOut { .. } => Some(ais::AisError::Timeout),
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
