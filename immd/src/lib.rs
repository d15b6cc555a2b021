//! The information model daemon: the shell around the pure [`repository`].
//!
//! It serves object management and object implementers over Cap'n Proto on a Unix socket, leads CCBs past the
//! implementers concerned, and makes every acknowledged change durable before anybody sees it. All decisions about
//! the model are the repository's. One thread has the repository and all connections; a second one writes.

mod access;
mod callbacks;
mod callee;
mod ccb;
mod continuation;
mod core;
mod export;
mod journal;
mod metrics;
mod migration;
mod model;
mod operation;
mod past;
mod server;
mod service;
mod start;
pub mod store;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::core::Core;
pub use crate::journal::Retention;
pub use crate::metrics::SOCKET as METRICS_SOCKET;
use crate::server::Listener;
pub use crate::store::StoreError;

/// The name of the socket in the cluster's directory.
pub const SOCKET: &str = "immd.sock";
/// The name of the store's directory in the cluster's directory.
pub const STORE: &str = "imm";
/// A search that nobody reads for so long is closed (OpenSAF's limit).
const SEARCH_IDLE: Duration = Duration::from_mins(10);

/// How the daemon is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cluster's directory.
    pub dir: PathBuf,
    /// Model files to load where the store is empty; where it is not, they are left alone.
    pub models: Vec<PathBuf>,
    /// The most bytes that the store may grow to. Only address space is taken for it.
    pub map_size: usize,
    /// An implementer that does not answer a callback of a CCB or a read for so long is given up.
    pub callback_limit: Duration,
    /// A search that nobody reads for so long is closed.
    pub search_idle: Duration,
    /// How much of the journal is kept.
    pub retention: Retention,
    /// Names that no class may get, separated by commas; OpenSAF's where it is `None`.
    pub reserved_class_names: Option<String>,
}

impl Options {
    /// The usual options for a cluster in this directory.
    pub fn new(dir: impl Into<PathBuf>) -> Options {
        Options {
            dir: dir.into(),
            models: Vec::new(),
            map_size: 64 << 30,
            callback_limit: Duration::from_secs(6),
            search_idle: SEARCH_IDLE,
            retention: Retention::default(),
            reserved_class_names: None,
        }
    }
}

/// Why the daemon could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A model file could not be read.
    #[error("the model file {path} cannot be read: {source}")]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The names to be reserved are none.
    #[error("{0}; separate the names by commas, without spaces")]
    ReservedNames(String),
    /// The model files are not right: one line for each problem. Nothing was loaded.
    #[error("{0}")]
    Model(String),
    /// The socket could not be opened.
    #[error("the socket {path} cannot be opened: {reason}")]
    Socket {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system gave no thread, timer or signal handler.
    #[error("the system refused {what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        source: std::io::Error,
    },
}

impl Error {
    fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::System { what, source }
    }
}

/// The daemon with its store open and its model loaded; clients that connect wait until it serves.
pub struct Daemon {
    core: Rc<Core>,
    listener: Listener,
}

impl Daemon {
    /// Opens the store, loads the model into an empty one, and opens the socket. Blocks meanwhile.
    ///
    /// # Errors
    /// [`Error`]; a store with a model is unchanged then, an empty one has none of a model that was refused.
    pub fn start(options: &Options) -> Result<Daemon, Error> {
        let core = Rc::new(start::open(options)?);
        core.search_idle.set(options.search_idle);
        // The store's lock is held: no other daemon lives in this directory, so a socket there is a dead one's.
        let listener = Listener::bind(&options.dir.join(SOCKET), &core.access.borrow())?;
        Ok(Daemon { core, listener })
    }

    /// Serves until `stop` completes. Must run on a `LocalSet`.
    ///
    /// # Errors
    /// [`Error::Socket`] where the runtime does not take the socket.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        self.listener.serve(&self.core, stop).await
    }
}

/// Runs the daemon in this thread until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// [`Error`], before anything was served.
pub fn run(options: &Options) -> Result<(), Error> {
    allow_many_connections();
    go_first();
    let daemon = Daemon::start(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::system("a runtime"))?;
    let local = tokio::task::LocalSet::new();
    let result = runtime.block_on(local.run_until(async move {
        let mut terminate =
            signal(SignalKind::terminate()).map_err(Error::system("a handler for SIGTERM"))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::system("a handler for SIGINT"))?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => (),
                _ = interrupt.recv() => (),
            }
        };
        daemon.serve(stop).await
    }));
    // What the tasks hold goes first, the store's writer last: all that was handed over to it is written.
    drop(local);
    result
}

/// Everybody waits for this daemon: its threads go before what computes all the time, as far as the system allows.
/// Without that each sync that is over may wait until another program has used up its time.
fn go_first() {
    const NICE: i32 = -10;
    use rustix::process::{getpriority_process, setpriority_process};
    // What the operator has chosen stays.
    if getpriority_process(None) == Ok(0)
        && let Err(error) = setpriority_process(None, NICE)
    {
        tracing::debug!(%error, "the daemon goes on at the usual priority");
    }
}

/// Each connection needs a file descriptor: takes as many as the system allows.
fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the number of file descriptors stays as it is");
    }
}
