//! `perdure up`: starts a cluster and keeps its daemons alive.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ais::amf::OperState;
use ais::{Dn, Object};
use daemon::readiness::{self, Watchdog};
use immd_client::Imm;
use tokio::signal::unix::{SignalKind, signal};

use super::cluster;
use super::failure::Failure;
use super::place::Place;
use super::policy::{DirectorPolicy, NodePolicy};
use super::record::Record;
use super::supervisor::{Kept, Plan, Started, Supervisor};

/// What the detached process says when the cluster is up.
const READY: &str = "perdure-ready";
/// What a complaint of immd begins with.
const IMMD_SAYS: &str = "immd: ";
/// How long the nodes may take to come up before the start is called incomplete.
const NODES_LIMIT: Duration = Duration::from_secs(30);
/// The pause between two looks at something that is about to happen.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Return when the cluster is up; `perdure down` stops it
    #[arg(long)]
    detach: bool,
    /// An application that runs itself and is left alone; safApp=OpenSAF unless one is given
    #[arg(long, value_name = "DN", value_parser = |text: &str| Dn::new(text))]
    unmanaged: Vec<Dn>,
    /// Kill and restart a daemon that has not answered for so many seconds; 0 is never
    #[arg(long, value_name = "SEC", default_value_t = 60)]
    hang_limit: u64,
    /// Serve the metrics of all daemons at this address, for Prometheus; only on this machine
    #[arg(long, value_name = "IP:PORT", value_parser = super::metrics::local_address)]
    metrics: Option<std::net::SocketAddr>,
    #[command(flatten)]
    journal: super::journal::Kept,
    #[command(flatten)]
    director: DirectorPolicy,
    #[command(flatten)]
    node: NodePolicy,
    /// Models in IMM XML, loaded in this order; without any, the cluster has what it had
    #[arg(value_name = "MODEL.xml")]
    models: Vec<PathBuf>,
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    if arguments.detach {
        return detach(&place, arguments);
    }
    super::block_on(serve(place, arguments, || {}))
}

/// Runs the process that a detached cluster has: the same, but it lets go of its terminal.
pub(super) fn supervise(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    rustix::process::setsid().map_err(|error| Failure::failed("open a session", &error))?;
    let log_place = place.clone();
    super::block_on(serve(place, arguments, move || let_go(&log_place)))
}

/// Says that the cluster is up and puts the log in the place of the terminal.
fn let_go(place: &Place) {
    say!("{READY}");
    let redirected = std::io::stdout().flush().and_then(|()| {
        let log = place.open_log("supervisor")?;
        rustix::stdio::dup2_stdout(&log)?;
        rustix::stdio::dup2_stderr(&log)?;
        Ok(())
    });
    if let Err(error) = redirected {
        eprintln!("perdure: the supervisor keeps its output: {error}");
    }
}

/// Starts the supervisor as a process of its own and shows what it says until the cluster is up.
fn detach(place: &Place, arguments: &Arguments) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed("start the supervisor", &error);
    let mut child = Command::new(super::OWN_PROGRAM)
        .arg0("perdure")
        .args(["supervise", "--dir"])
        .arg(place.dir())
        .args(unmanaged_arguments(arguments))
        .args(["--hang-limit", &arguments.hang_limit.to_string()])
        .args(arguments.metrics.map(|address| format!("--metrics={address}")))
        .args(arguments.journal.arguments())
        .args(arguments.director.arguments())
        .args(arguments.node.arguments())
        .arg("--")
        .args(&arguments.models)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    for line in stdout.into_iter().flat_map(|pipe| BufReader::new(pipe).lines()) {
        let line = line.map_err(failed)?;
        if line == READY {
            return Ok(());
        }
        say!("{line}");
    }
    let mut said = String::new();
    if let Some(mut stderr) = stderr {
        stderr.read_to_string(&mut said).map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    let said = said
        .trim_end()
        .strip_prefix("perdure: ")
        .unwrap_or(said.trim_end());
    Err(Failure::new(if said.is_empty() {
        format!("the supervisor ended with {status}")
    } else {
        said.to_owned()
    }))
}

/// Brings the cluster up, keeps it until a signal comes, and brings it down.
async fn serve(place: Place, arguments: &Arguments, when_up: impl FnOnce()) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed("receive signals", &error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    check_models(&arguments.models)?;
    if arguments.models.is_empty() && !place.has_model() {
        let dir = place.dir().display();
        return Err(Failure::new(format!(
            "no model is stored in {dir}; perdure up --dir {dir} MODEL.xml loads one"
        )));
    }
    let is_new = place.create()?;
    let lock = place.lock()?;
    check_no_leftovers(&place)?;
    let supervisor = Rc::new(Supervisor::new(place.clone()));
    let mut running = Running::default();
    let bring_up = async {
        tokio::select! {
            result = bring_up(&supervisor, &place, arguments, &mut running) => result.map(|()| true),
            _ = terminate.recv() => Ok(false),
            _ = interrupt.recv() => Ok(false),
        }
    };
    let outcome = bring_up.await;
    if outcome == Ok(true) {
        when_up();
        readiness::ready();
        let mut watchdog = Watchdog::from_environment();
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => break,
                () = watchdog.beat() => {}
            }
        }
    }
    readiness::stopping();
    let has_started = running.immd.is_some();
    running.stop().await;
    if is_new && !has_started {
        drop(lock);
        place.remove();
    }
    outcome.map(|_| ())
}

/// Finds what is wrong with the file names before anything is started.
fn check_models(models: &[PathBuf]) -> Result<(), Failure> {
    for model in models {
        std::fs::File::open(model)
            .map_err(|error| Failure::failed(format!("read {}", model.display()), &error))?;
    }
    Ok(())
}

/// The daemons outlive a supervisor that is killed; two of each would be one too many.
fn check_no_leftovers(place: &Place) -> Result<(), Failure> {
    let record = Record::load(&place.record()).unwrap_or_default();
    let living = record.living(place.dir());
    if living.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = living
        .iter()
        .map(|(name, pid)| format!("{name} (pid {pid})"))
        .collect();
    let dir = place.dir().display();
    Err(Failure::new(format!(
        "the supervisor of {dir} is gone, but {} still run; end them with: perdure down --dir {dir}",
        names.join(", ")
    )))
}

/// The daemons that are kept alive.
#[derive(Default)]
struct Running {
    /// The information model while it is being loaded.
    loading: Option<Started>,
    immd: Option<Kept>,
    amfd: Option<Kept>,
    nodes: Vec<Kept>,
}

impl Running {
    /// Stops the daemons in order: the director first, so that it does not take the end of a node for a fault; then
    /// the node directors, which terminate their components; the information model last.
    async fn stop(self) {
        if let Some(loading) = self.loading {
            loading.abandon().await;
        }
        for group in [
            self.amfd.into_iter().collect(),
            self.nodes,
            self.immd.into_iter().collect(),
        ] {
            let group: Vec<Kept> = group;
            group.iter().for_each(Kept::ask_to_stop);
            for daemon in group {
                let name = daemon.name.clone();
                match daemon.stopped().await {
                    Some(said) => say!("{said}"),
                    None => say!("{name} stopped"),
                }
            }
        }
    }
}

async fn bring_up(
    supervisor: &Rc<Supervisor>,
    place: &Place,
    arguments: &Arguments,
    running: &mut Running,
) -> Result<(), Failure> {
    let begin = Instant::now();
    place.link_commands()?;
    if let Some(address) = arguments.metrics {
        let (listener, place) = (super::metrics::listen(address).await?, place.clone());
        tokio::task::spawn_local(async move { super::metrics::serve(&place, &listener).await });
    }
    if place.has_model() && !arguments.models.is_empty() {
        say!("the cluster has its model already; the files are not loaded (immcfg -f FILE adds to it)");
    }
    let immd = running.loading.insert(supervisor.start(immd_plan(arguments))?);
    let imm = wait_for_immd(place, immd).await?;
    running.immd = running.loading.take().map(|immd| supervisor.keep(immd));
    say!("immd is ready ({} ms)", begin.elapsed().as_millis());
    let nodes = nodes(&imm).await?;
    for node in &nodes {
        place.check_node(&node.rdn_value())?;
    }
    running.amfd = Some(supervisor.keep(supervisor.start(amfd_plan(arguments))?));
    for (number, node) in (1..).zip(&nodes) {
        let started = supervisor.start(amfnd_plan(node, number, &arguments.node, hang_limit(arguments)))?;
        running.nodes.push(supervisor.keep(started));
    }
    if nodes.is_empty() {
        say!("the model has no object of class SaAmfNode, so no node is started");
    }
    wait_for_nodes(supervisor, place, &nodes).await?;
    let dir = place.dir().display();
    say!(
        "the cluster is up: {} node{} ({} ms)",
        nodes.len(),
        if nodes.len() == 1 { "" } else { "s" },
        begin.elapsed().as_millis()
    );
    say!(
        "look around:  export PERDURE_DIR={dir} PATH={}:$PATH",
        place.bin().display()
    );
    say!("              perdure status --watch;  amf-state su;  immfind -c SaAmfSI;  logs in {dir}/log");
    Ok(())
}

/// How long a daemon may leave a question unanswered.
const fn hang_limit(arguments: &Arguments) -> Duration {
    Duration::from_secs(arguments.hang_limit)
}

fn immd_plan(arguments: &Arguments) -> Plan {
    let kept = arguments.journal.arguments();
    let models = arguments.models.iter().map(|model| model.display().to_string());
    Plan {
        name: "immd".to_owned(),
        role: "immd",
        arguments: kept.iter().cloned().chain(models).collect(),
        restart_arguments: kept,
        node: None,
        stop_limit: Duration::from_secs(30),
        hang_limit: hang_limit(arguments),
    }
}

/// The option as it is handed on.
fn unmanaged_arguments(arguments: &Arguments) -> Vec<String> {
    let pairs = arguments
        .unmanaged
        .iter()
        .map(|dn| ["--unmanaged".to_owned(), dn.to_string()]);
    pairs.flatten().collect()
}

fn amfd_plan(arguments: &Arguments) -> Plan {
    let mut handed_on = unmanaged_arguments(arguments);
    handed_on.extend(arguments.director.arguments());
    Plan {
        name: "amfd".to_owned(),
        role: "amfd",
        arguments: handed_on.clone(),
        restart_arguments: handed_on,
        node: None,
        stop_limit: Duration::from_secs(5),
        hang_limit: hang_limit(arguments),
    }
}

fn amfnd_plan(node: &Dn, number: u32, policy: &NodePolicy, hang_limit: Duration) -> Plan {
    let mut arguments = vec![
        "--node".to_owned(),
        node.as_str().to_owned(),
        "--node-id".to_owned(),
        number.to_string(),
    ];
    arguments.extend(policy.arguments());
    Plan {
        name: format!("amfnd-{}", node.rdn_value()),
        role: "amfnd",
        restart_arguments: arguments.clone(),
        arguments,
        node: Some(node.clone()),
        // Components may take their time to terminate.
        stop_limit: Duration::from_mins(1),
        hang_limit,
    }
}

/// The nodes of the model, by name.
async fn nodes(imm: &Imm) -> Result<Vec<Dn>, Failure> {
    let objects = cluster::objects(imm, "SaAmfNode", &["safAmfNode"]).await?;
    Ok(objects.into_iter().map(|object| object.dn).collect())
}

/// Waits until immd answers, or has ended with a complaint.
async fn wait_for_immd(place: &Place, immd: &mut Started) -> Result<Imm, Failure> {
    loop {
        if let Ok(imm) = Imm::connect(place.dir()).await {
            return Ok(imm);
        }
        if let Some(cause) = immd.ended() {
            return Err(complaint(immd.output(place), &cause));
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// What immd said before it ended: its complaint, or all where it has none.
fn complaint(lines: Vec<String>, cause: &str) -> Failure {
    let mut said = lines
        .iter()
        .position(|line| line.starts_with(IMMD_SAYS))
        .map_or(lines.clone(), |at| {
            let mut said = lines[at..].to_vec();
            said[0].drain(..IMMD_SAYS.len());
            said
        });
    if said.is_empty() {
        said.push(format!("immd ended with {cause}"));
    }
    let first = said.remove(0);
    said.into_iter().fold(Failure::new(first), Failure::and)
}

/// Waits until the director runs and has all nodes; a node that does not come is said, and the cluster goes on without it.
async fn wait_for_nodes(supervisor: &Supervisor, place: &Place, nodes: &[Dn]) -> Result<(), Failure> {
    let begin = Instant::now();
    loop {
        if let Some(failure) = supervisor
            .fails_to_start("amfd")
            .or_else(|| supervisor.fails_to_start("immd"))
        {
            return Err(failure);
        }
        let up = nodes_up(place).await.unwrap_or_default();
        let missing: Vec<&Dn> = nodes.iter().filter(|node| !up.contains(node)).collect();
        let director = tokio::net::UnixStream::connect(place.dir().join(amfd_director::SOCKET));
        if missing.is_empty() && director.await.is_ok() {
            return Ok(());
        }
        if begin.elapsed() > NODES_LIMIT {
            for node in missing {
                let log = place.log(&format!("amfnd-{}", node.rdn_value()));
                say!(
                    "{node} is not up after {} s; see {}",
                    NODES_LIMIT.as_secs(),
                    log.display()
                );
            }
            return Ok(());
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// The nodes that the director has.
async fn nodes_up(place: &Place) -> Result<Vec<Dn>, Failure> {
    let imm = cluster::connect(place).await?;
    let nodes = cluster::objects(&imm, "SaAmfNode", &["saAmfNodeOperState"]).await?;
    let enabled = Some(OperState::Enabled.code());
    let is_up = |node: &Object| cluster::number(node, "saAmfNodeOperState") == enabled;
    Ok(nodes.into_iter().filter(is_up).map(|node| node.dn).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_shown_without_the_log_before_it() {
        let lines = [
            "12:00 INFO begins",
            "immd: a.xml:3:7: no such class",
            "a.xml:9:1: more",
        ]
        .map(str::to_owned);
        let failure = complaint(lines.to_vec(), "exit status 1");
        assert_eq!(failure.lines, ["a.xml:3:7: no such class", "a.xml:9:1: more"]);
        assert_eq!(
            complaint(Vec::new(), "exit status 1").lines,
            ["immd ended with exit status 1"]
        );
    }
}
