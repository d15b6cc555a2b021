//! Failover, restart, and the operator's commands.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tests::cluster::{Cluster, PATIENCE, wait_for};

use super::figures::Report;
use super::{component, model};

const SUS: [&str; 2] = [
    "safSu=SU1,safSg=Bench,safApp=Bench",
    "safSu=SU2,safSg=Bench,safApp=Bench",
];
const SI: &str = "safSi=Bench,safApp=Bench";

/// What a component told: the HA state, its name and its process.
struct Told {
    state: String,
    comp: String,
    pid: i32,
    at: Instant,
}

/// A cluster with the bench components and the socket on which they tell what they are told.
struct Stage {
    cluster: Cluster,
    socket: UnixDatagram,
    active: Told,
    _files: tempfile::TempDir,
}

/// Measures with each recovery.
pub fn measure(program: &Path, rounds: usize, report: &mut Report) -> Result<(), String> {
    let mut stage = Stage::new(program, 3)?;
    let times = stage.kill_rounds(rounds)?;
    report.times(
        "kill of the active component to standby told ACTIVE",
        times,
        Some(22.0),
    );
    stage.commands(rounds, report)?;
    drop(stage);
    let mut stage = Stage::new(program, 2)?;
    let times = stage.kill_rounds(rounds)?;
    report.times(
        "kill of the active component to restarted one ACTIVE",
        times,
        Some(58.0),
    );
    Ok(())
}

impl Stage {
    fn new(program: &Path, recovery: u32) -> Result<Stage, String> {
        let files = tempfile::tempdir().map_err(|e| e.to_string())?;
        let path = files.path().join("told.sock");
        let socket = UnixDatagram::bind(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .map_err(|e| e.to_string())?;
        let script = files.path().join("instantiate");
        component::write_command(&script, program)?;
        let xml = files.path().join("bench.xml");
        std::fs::write(&xml, model::two_n(&script, &path, recovery)).map_err(|e| e.to_string())?;
        let cluster = Cluster::up(program, &[&xml])?;
        let active = hear(&socket, "ACTIVE")?;
        let stage = Stage {
            cluster,
            socket,
            active,
            _files: files,
        };
        stage.settle()?;
        Ok(stage)
    }

    /// Waits until one SU is active and the other standby, and nothing is on its way.
    fn settle(&self) -> Result<(), String> {
        wait_for("one SU ACTIVE and one STANDBY", || {
            let mut states = SUS.map(|su| self.cluster.ha_state(su, SI));
            states.sort();
            states == ["1", "2"] && self.cluster.attr(SI, "saAmfSIAssignmentState") == "2"
        })?;
        self.socket.set_nonblocking(true).map_err(|e| e.to_string())?;
        let mut buffer = [0; 512];
        while self.socket.recv(&mut buffer).is_ok() {}
        self.socket.set_nonblocking(false).map_err(|e| e.to_string())
    }

    /// Kills the active component again and again; the time until one is told ACTIVE.
    fn kill_rounds(&mut self, rounds: usize) -> Result<Vec<Duration>, String> {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let victim = Pid::from_raw(self.active.pid).ok_or("the component told no process id")?;
            let begin = Instant::now();
            kill_process(victim, Signal::KILL).map_err(|e| format!("kill: {e}"))?;
            self.active = hear(&self.socket, "ACTIVE")?;
            times.push(self.active.at - begin);
            self.settle()?;
        }
        Ok(times)
    }

    /// The operator's commands as processes, from their start to their end.
    fn commands(&mut self, rounds: usize, report: &mut Report) -> Result<(), String> {
        let (mut swaps, mut locks, mut unlocks, mut lists) = (vec![], vec![], vec![], vec![]);
        for _ in 0..rounds {
            swaps.push(self.timed("amf-adm", &["si-swap", SI])?);
            self.settle()?;
            let active = SUS
                .into_iter()
                .find(|su| self.cluster.ha_state(su, SI) == "1")
                .ok_or("nobody is ACTIVE")?;
            locks.push(self.timed("amf-adm", &["lock", active])?);
            unlocks.push(self.timed("amf-adm", &["unlock", active])?);
            self.settle()?;
            lists.push(self.timed("immlist", &[SI])?);
        }
        report.times("amf-adm si-swap", swaps, Some(20.0));
        report.times("amf-adm lock of the active SU", locks, None);
        report.times("amf-adm unlock", unlocks, None);
        report.times("immlist of one object", lists, Some(6.4));
        // The components were swapped meanwhile: the last one told ACTIVE is not known any more.
        self.timed("amf-adm", &["si-swap", SI])?;
        Ok(())
    }

    fn timed(&self, name: &str, args: &[&str]) -> Result<Duration, String> {
        let begin = Instant::now();
        self.cluster.done(name, args)?;
        Ok(begin.elapsed())
    }
}

/// The next time that a component is told this state.
fn hear(socket: &UnixDatagram, state: &str) -> Result<Told, String> {
    let mut buffer = [0; 512];
    loop {
        let length = socket
            .recv(&mut buffer)
            .map_err(|e| format!("no component was told {state}: {e}"))?;
        let at = Instant::now();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let mut words = text.split(' ').map(str::to_owned);
        let told = Told {
            state: words.next().unwrap_or_default(),
            comp: words.next().unwrap_or_default(),
            pid: words.next().and_then(|pid| pid.parse().ok()).unwrap_or_default(),
            at,
        };
        if told.state == state && told.pid > 0 && !told.comp.is_empty() {
            return Ok(told);
        }
    }
}
