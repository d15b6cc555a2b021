//! The node director daemon: runs the commands of components, watches their processes, talks with them and with the
//! director.
//!
//! It decides nothing: the engine (`amfnd-engine`) does. What happens here becomes events, in the order in which it
//! happened, and what the engine answers is carried out, in order, on one thread. Nothing that a component does or
//! leaves undone holds up another: commands and callbacks run beside each other, and every queue has a bound.
//!
//! | module | what it does |
//! |---|---|
//! | `shell` | the loop: event, engine, effects; reaps children |
//! | `spawn` | starts commands, keeps what they write |
//! | `processes` | whose a process is; kills what is left |
//! | `watches` | passive monitoring |
//! | `components` | the socket of the component API |
//! | `links` | the links to proxies of other nodes |
//! | `director` | the link to the director |

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ais::{Dn, Millis};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

pub mod cli;
mod components;
mod director;
mod fence;
mod input;
mod links;
mod metrics;
mod processes;
mod shell;
mod spawn;
mod stories;
mod watches;

pub use fence::fence;
pub use metrics::SOCKET as METRICS_SOCKET;

/// The exit status of a node director that ended because it was told to reboot; whoever started it starts it again.
pub const EXIT_REBOOT: u8 = 75;

/// The component socket, in the node's directory.
const SOCKET: &str = "amfnd.sock";
/// The longest path of a Unix socket, without the byte that ends it.
const SOCKET_PATH_MAX: usize = 107;

/// What a reboot of the node means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RebootPolicy {
    /// Every component is killed, and the director is told that nothing more happens: the node is out of service until the
    /// operator has repaired it.
    None,
    /// Every component is killed, then the node director ends with [`EXIT_REBOOT`].
    RestartNodeDirector,
    /// Every component is killed, then this program is run, then the node director ends with [`EXIT_REBOOT`].
    Command(PathBuf),
}

/// How a node director runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of the cluster.
    pub dir: PathBuf,
    /// The node that it directs, a `SaAmfNode`.
    pub node: Dn,
    /// The number that components see in `NCS_ENV_NODE_ID`.
    pub node_id: u32,
    /// What a reboot of the node means.
    pub reboot: RebootPolicy,
    /// The size in bytes at which a component's log is shortened.
    pub log_size_max: u64,
    /// How long components may run without a director before the node reboots; `None`: for ever.
    pub absence_limit: Option<Millis>,
    /// How long the director may take to move the work of a node director that is asked to end.
    pub leave_limit: Millis,
}

impl Options {
    /// The usual settings.
    pub fn new(dir: impl Into<PathBuf>, node: Dn, node_id: u32) -> Options {
        Options {
            dir: dir.into(),
            node,
            node_id,
            reboot: RebootPolicy::RestartNodeDirector,
            log_size_max: 1 << 20,
            absence_limit: None,
            leave_limit: Millis(30_000),
        }
    }
}

/// Why a node director ended in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to end, and every component is terminated.
    Shutdown,
    /// It was told to reboot; every component is killed. The process should end with [`EXIT_REBOOT`].
    Reboot,
}

/// Why a node director cannot run.
#[derive(Debug, thiserror::Error)]
pub enum NodeDirectorError {
    /// The node's name cannot be a directory's.
    #[error("the node {0} has a name that cannot be a directory's")]
    NodeName(Dn),
    /// A file or directory cannot be made or opened.
    #[error("cannot {what} {path}: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another node director has the node.
    #[error("another node director runs for {node} under {dir}; end it first")]
    Running {
        /// The node.
        node: Dn,
        /// The directory of the cluster.
        dir: PathBuf,
    },
    /// The path of the socket is too long for the kernel.
    #[error(
        "the path of the socket {0} has {len} bytes, at most {SOCKET_PATH_MAX} are allowed; use a shorter directory",
        len = .0.as_os_str().len()
    )]
    SocketPath(PathBuf),
    /// The kernel refused something that supervision needs.
    #[error("cannot {what}: {source}")]
    Kernel {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Processes of components that a former node director left behind cannot be killed.
    #[error("processes {0:?} of a former node director's components cannot be killed")]
    Leftovers(Vec<i32>),
}

/// Runs a node director until it is asked to end or told to reboot.
///
/// It wants a process to itself: it takes the status of every child of the process and the signals SIGCHLD, SIGTERM
/// and SIGINT.
///
/// # Errors
/// [`NodeDirectorError`] when it cannot start; nothing is left running then.
pub fn run(options: Options) -> Result<Ending, NodeDirectorError> {
    let place = Place::prepare(&options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(kernel("start the runtime"))?;
    let local = LocalSet::new();
    local.block_on(&runtime, direct(options, place))
}

/// The node's own directory, locked for this process.
struct Place {
    dir: PathBuf,
    node_dir: PathBuf,
    socket: PathBuf,
    _lock: File,
}

impl Place {
    fn prepare(options: &Options) -> Result<Place, NodeDirectorError> {
        let name = options.node.rdn_value();
        if name.is_empty() || name == "." || name == ".." || name.contains('/') {
            return Err(NodeDirectorError::NodeName(options.node.clone()));
        }
        // The path as it is without links, so that every start finds the same mark in processes' environments.
        let dir = fs::canonicalize(&options.dir).map_err(file("find", &options.dir))?;
        let node_dir = dir.join("nodes").join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&node_dir)
            .map_err(file("make", &node_dir))?;
        let socket = node_dir.join(SOCKET);
        if socket.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(NodeDirectorError::SocketPath(socket));
        }
        let lock_path = node_dir.join("amfnd.lock");
        let lock = File::create(&lock_path).map_err(file("open", &lock_path))?;
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let node = options.node.clone();
                return Err(NodeDirectorError::Running { node, dir });
            }
            Err(error) => return Err(file("lock", &lock_path)(error.into())),
        }
        Ok(Place {
            dir,
            node_dir,
            socket,
            _lock: lock,
        })
    }

    /// Listens on the component socket, which only this user may open.
    fn listen(&self) -> Result<UnixListener, NodeDirectorError> {
        match fs::remove_file(&self.socket) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(file("remove", &self.socket)(error)),
        }
        let listener = UnixListener::bind(&self.socket).map_err(file("listen on", &self.socket))?;
        fs::set_permissions(&self.socket, fs::Permissions::from_mode(0o600))
            .map_err(file("protect", &self.socket))?;
        Ok(listener)
    }
}

async fn direct(options: Options, place: Place) -> Result<Ending, NodeDirectorError> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| kernel("become the reaper of orphaned processes")(error.into()))?;
    processes::check_children_file().map_err(kernel("read the children of a process in /proc"))?;
    let signals = shell::Signals::new().map_err(kernel("receive signals"))?;
    let socket = place.socket.to_string_lossy().into_owned();
    let processes = processes::Processes::new(&socket);
    kill_leftovers(&processes).await?;
    let spawner = spawn::Spawner::new(
        &place.dir,
        &place.node_dir,
        &place.socket,
        options.node_id,
        options.log_size_max,
    )
    .map_err(file("make the log directory in", &place.node_dir))?;

    tokio::task::spawn_local(spawner.keep_logs_short());
    let (inputs, queue) = mpsc::unbounded_channel();
    let presence = Rc::new(components::presence::DirectorPresence::default());
    let components = Rc::new(components::Components::new(
        inputs.clone(),
        processes.clone(),
        Rc::clone(&presence),
    ));
    let metrics = Rc::new(metrics::Metrics::new(options.node.rdn_value()));
    let listener = place.listen()?;
    tokio::task::spawn_local(Rc::clone(&components).accept(listener));
    let reports = Rc::new(director::Reports::default());
    let link = director::Link::new(
        &place.dir,
        &options.node,
        Rc::clone(&reports),
        inputs.clone(),
        Rc::clone(&presence),
    );
    tokio::task::spawn_local(link.keep());
    tokio::task::spawn_local(serve_metrics(
        place.node_dir.join(METRICS_SOCKET),
        Rc::clone(&metrics),
        Rc::clone(&components),
        Rc::clone(&reports),
        presence,
    ));
    tracing::info!(node = %options.node, socket, "node director is ready");
    let shell = shell::Shell::new(shell::Parts {
        inputs,
        links: links::Links::new(&place.dir, Rc::clone(&components)),
        components,
        processes,
        reports,
        metrics,
        spawner,
        reboot: options.reboot,
        engine: node_engine::EngineOptions {
            absence_limit: options.absence_limit,
            leave_limit: options.leave_limit,
        },
    });
    let ending = shell.run(signals, queue).await;
    remove_quietly(&place.socket);
    Ok(ending)
}

/// Kills what a former node director has left behind.
async fn kill_leftovers(processes: &processes::Processes) -> Result<(), NodeDirectorError> {
    let (found, left) = processes.kill_leftovers().await;
    if !left.is_empty() {
        return Err(NodeDirectorError::Leftovers(left));
    }
    if found > 0 {
        tracing::warn!(
            processes = found,
            "killed what a former node director left behind"
        );
    }
    Ok(())
}

/// Serves what is counted and measured; ends where its socket cannot be opened.
async fn serve_metrics(
    path: PathBuf,
    metrics: Rc<metrics::Metrics>,
    components: Rc<components::Components>,
    reports: Rc<director::Reports>,
    director: Rc<components::presence::DirectorPresence>,
) {
    let page = move || {
        let (connections, registered) = components.counts();
        metrics.page(&metrics::Present {
            director: director.is_present(),
            connections,
            registered,
            reports: reports.waiting(),
        })
    };
    daemon::metrics::serve(&path, page).await;
}

fn remove_quietly(socket: &Path) {
    if let Err(error) = fs::remove_file(socket) {
        tracing::debug!(socket = %socket.display(), %error, "the socket is not removed");
    }
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> NodeDirectorError {
    let path = path.to_owned();
    move |source| NodeDirectorError::File { what, path, source }
}

fn kernel(what: &'static str) -> impl FnOnce(io::Error) -> NodeDirectorError {
    move |source| NodeDirectorError::Kernel { what, source }
}
