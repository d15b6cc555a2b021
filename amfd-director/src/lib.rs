//! The director daemon `amfd`: the shell around the director engine.
//!
//! It decides nothing. It attaches to immd as the object implementer `safAmfService`, accepts the node directors on
//! `amfd.sock`, turns what both say into events for [`director_engine::Director`], and carries out the effects: orders
//! to node directors first, then answers, then the publishing of runtime data, which never delays an order.
//!
//! What it keeps can be rebuilt: the term is the only thing on disk. Without immd it goes on protecting services from
//! memory, and catches up when immd is back.

mod answers;
mod callbacks;
pub mod client;
mod clock;
mod dump;
mod fence;
mod link;
mod metrics;
mod model;
mod nodes;
mod ntf;
mod publisher;
mod shell;
mod term;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ais::Dn;
use ais::amf::Term;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

use daemon::readiness::{self, Watchdog};

pub use crate::fence::Fence;
pub use crate::metrics::SOCKET as METRICS_SOCKET;
use crate::shell::Shell;
pub use crate::timeline::Entry;
pub use director_engine::Reason;

/// The name of the director's socket in the cluster's directory.
pub const SOCKET: &str = "amfd.sock";
/// The implementer name that the director takes, the one that OpenSAF's director has.
pub const IMPLEMENTER: &str = "safAmfService";

/// How hung node directors are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The time between two questions.
    pub interval: Duration,
    /// How long an answer may take.
    pub limit: Duration,
    /// The same for single nodes, by their DNs or their names.
    pub limits: BTreeMap<String, Duration>,
}

impl Heartbeat {
    /// How long the answer of this node may take.
    fn limit_of(&self, node: &Dn) -> Duration {
        let own = self.limits.get(node.as_str());
        let own = own.or_else(|| self.limits.get(&node.rdn_value()));
        own.copied().unwrap_or(self.limit)
    }
}

impl Default for Heartbeat {
    fn default() -> Heartbeat {
        Heartbeat {
            interval: Duration::from_secs(1),
            limit: Duration::from_secs(5),
            limits: BTreeMap::new(),
        }
    }
}

/// How the daemon is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cluster's directory.
    pub dir: PathBuf,
    /// How often a node director is asked whether it is there, and how long its answer may take before it is given up.
    pub heartbeat: Heartbeat,
    /// Who makes sure that nothing runs on a lost node; without one its work is given to others at once.
    pub fence: Option<Fence>,
    /// What may be chosen about the decisions.
    pub engine: director_engine::Options,
}

impl Options {
    /// The usual options for a cluster in this directory.
    pub fn new(dir: impl Into<PathBuf>) -> Options {
        Options {
            dir: dir.into(),
            heartbeat: Heartbeat::default(),
            fence: None,
            engine: director_engine::Options::default(),
        }
    }
}

/// Why the daemon could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file that holds the term could not be read or written.
    #[error("the term in {path} cannot be {verb}")]
    Term {
        /// The file.
        path: PathBuf,
        /// What was tried.
        verb: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The file that holds the term holds something else; starting with a lower term would let orders be refused.
    #[error("{path} holds '{text}', which is not a term; write the number of the last term into it")]
    BadTerm {
        /// The file.
        path: PathBuf,
        /// What it holds.
        text: String,
    },
    /// The socket could not be opened.
    #[error("the socket {path} cannot be opened")]
    Socket {
        /// The path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The runtime could not be set up.
    #[error("the daemon's runtime cannot be set up")]
    Runtime(#[source] std::io::Error),
}

/// Runs the daemon until SIGTERM or SIGINT.
///
/// # Errors
/// [`Error`] where the daemon cannot start; once it runs, it goes on.
pub fn run(options: &Options) -> Result<(), Error> {
    let term = term::next(&options.dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, serve(options, term))
}

/// Starts all tasks and waits for the signal to stop.
async fn serve(options: &Options, term: Term) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Runtime)?;
    let mut engine = options.engine.clone();
    engine.fencing = options.fence.is_some();
    let shell = Rc::new(Shell::new(term, engine));
    shell.notifications.replace(ntf::Service::open(&options.dir));
    let listener = nodes::listen(&options.dir)?;
    info!(term = term.0, dir = %options.dir.display(), "the director starts");
    tokio::task::spawn_local(clock::run(Rc::clone(&shell)));
    tokio::task::spawn_local(nodes::accept(
        Rc::clone(&shell),
        listener,
        options.heartbeat.clone(),
    ));
    tokio::task::spawn_local(fence::run(
        Rc::clone(&shell),
        options.fence.clone(),
        options.dir.clone(),
    ));
    tokio::task::spawn_local(link::run(Rc::clone(&shell), options.dir.clone()));
    tokio::task::spawn_local(ntf::changes::run(Rc::clone(&shell), options.dir.clone()));
    tokio::task::spawn_local(serve_metrics(Rc::clone(&shell), options.dir.join(METRICS_SOCKET)));
    tokio::task::spawn_local(say_ready(Rc::clone(&shell)));
    let mut watchdog = Watchdog::from_environment();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = watchdog.beat() => {}
        }
    }
    readiness::stopping();
    info!("the director stops; components go on");
    Ok(())
}

/// Serves what is counted and measured; ends where its socket cannot be opened.
async fn serve_metrics(shell: Rc<Shell>, path: PathBuf) {
    let page = move || shell.metrics.page(&shell);
    daemon::metrics::serve(&path, page).await;
}

/// Tells the service manager when the model is read and nodes are served.
async fn say_ready(shell: Rc<Shell>) {
    if shell.started().await {
        readiness::ready();
    }
}
