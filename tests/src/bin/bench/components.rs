//! Many components on one node director: what watching them costs, how soon a death is noticed, how soon all are back,
//! and what is left behind; and how soon a notification is there.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ais::ntf::{ClassId, Detail, EventType, Notification};
use amfd_director::client::Director;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{PidfdFlags, pidfd_open};
use tests::cluster::{Cluster, PATIENCE, wait_for};

use super::figures::{Processors, Report};
use super::processes::{cpu, cpu_below, kill, left, memory, process};
use super::{component, model};

/// How many components the node director has.
const COMPONENTS: usize = 200;
/// For how long the processor time of watching them is taken.
const WATCH: Duration = Duration::from_secs(10);
/// How long the cluster has for what a restart leads to after the component is ACTIVE: reports and publishing.
const SETTLE: Duration = Duration::from_millis(20);
/// Notifications whose way is timed.
const NOTIFICATIONS: usize = 200;
/// Notifications that come while a subscriber does not read.
const UNREAD: usize = 30_000;

/// A cluster with one node director that has all components, and what they told.
struct Stage {
    cluster: Cluster,
    socket: UnixDatagram,
    /// The process of each component that was told ACTIVE last.
    active: BTreeMap<String, i32>,
    _files: tempfile::TempDir,
}

/// Measures; `rounds` times a death of one, and `deaths` deaths in all.
pub fn measure(program: &Path, rounds: usize, deaths: usize, report: &mut Report) -> Result<(), String> {
    let mut stage = Stage::new(program)?;
    stage.watching(report)?;
    stage.notice(rounds, report)?;
    stage.all_at_once(deaths, report)?;
    notifications(stage.cluster.dir(), report)?;
    // What was measured before is worth printing whatever comes of this.
    if let Err(error) = stage.deaf_subscriber(report) {
        report.other("a subscriber that reads nothing", format!("FAILED: {error}"));
    }
    Ok(())
}

/// A death of all.
struct Round {
    took: Duration,
    /// Processor time of the node director and of what ended below it: the commands, and the components that were killed, which
    /// take what those take that follow them.
    own: Duration,
    /// Of all processes of the machine.
    all: Duration,
    /// Of a hundred.
    stolen: u64,
}

impl std::fmt::Display for Round {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let others = self.all.saturating_sub(self.own);
        write!(
            out,
            "node director and components {:.2} s, others {:.2} s, {} % stolen",
            self.own.as_secs_f64(),
            others.as_secs_f64(),
            self.stolen
        )
    }
}

impl Stage {
    fn new(program: &Path) -> Result<Stage, String> {
        let files = tempfile::tempdir().map_err(|e| e.to_string())?;
        let path = files.path().join("told.sock");
        let socket = UnixDatagram::bind(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .map_err(|e| e.to_string())?;
        let script = files.path().join("instantiate");
        component::write_command(&script, program)?;
        let xml = files.path().join("many.xml");
        std::fs::write(&xml, model::many(COMPONENTS, &script, &path)).map_err(|e| e.to_string())?;
        // Another process reads, so that nothing is lost while this one brings the cluster up.
        let cluster = std::thread::scope(|scope| {
            let up = scope.spawn(|| Cluster::up(program, &[&xml]));
            let mut active = BTreeMap::new();
            while active.len() < COMPONENTS {
                let (comp, pid) = hear(&socket)?;
                active.insert(comp, pid);
            }
            let cluster = up.join().map_err(|_| "perdure up failed".to_owned())??;
            Ok::<_, String>((cluster, active))
        })?;
        Ok(Stage {
            cluster: cluster.0,
            active: cluster.1,
            socket,
            _files: files,
        })
    }

    fn node_director(&self) -> Result<i32, String> {
        daemon(&self.cluster, "amfnd-node-1")
    }

    /// The share of a core that the node director takes while it watches all of them each second.
    fn watching(&self, report: &mut Report) -> Result<(), String> {
        let pid = self.node_director()?;
        let before = cpu(pid)?;
        std::thread::sleep(WATCH);
        let share = cpu(pid)?.saturating_sub(before).as_secs_f64() / WATCH.as_secs_f64();
        report.other(
            &format!("{COMPONENTS} healthchecks a second, node director"),
            format!("{:.2} % of a core", share * 100.0),
        );
        Ok(())
    }

    /// How soon the node director knows of a death, by the time in its log: from the kill on, and from the end of the
    /// process on. Between the two is the kernel's own time to end it, as a bare poll of a pidfd shows it.
    fn notice(&mut self, rounds: usize, report: &mut Report) -> Result<(), String> {
        let (mut ended, mut after) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let (comp, pid) = self.victim(round)?;
            let log = self.log()?;
            let pidfd = pidfd_open(process(pid)?, PidfdFlags::empty()).map_err(|e| format!("pidfd: {e}"))?;
            let begin = Instant::now();
            kill(pid)?;
            poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], None).map_err(|e| format!("poll: {e}"))?;
            let wall = SystemTime::now();
            ended.push(begin.elapsed());
            self.until_active(&[&comp])?;
            after.push(log.since(&comp, wall)?);
        }
        let (mut noticed, mut back) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let (comp, pid) = self.victim(round)?;
            let log = self.log()?;
            let (wall, begin) = (SystemTime::now(), Instant::now());
            kill(pid)?;
            self.until_active(&[&comp])?;
            back.push(begin.elapsed());
            noticed.push(log.since(&comp, wall)?);
        }
        let mut meanwhile = Vec::new();
        for round in 0..rounds {
            let (first, pid) = self.victim(2 * round)?;
            kill(pid)?;
            let (second, pid) = self.other(2 * round + 1)?;
            // In the middle of the first one's cleanup, which takes a little longer in each round.
            std::thread::sleep(Duration::from_micros(1_000 + 100 * (round as u64 % 100)));
            let log = self.log()?;
            let wall = SystemTime::now();
            kill(pid)?;
            self.until_active(&[&first, &second])?;
            meanwhile.push(log.since(&second, wall)?);
        }
        report.times(
            "kill of a component to its end, bare poll of its pidfd",
            ended,
            None,
        );
        report.times("its end to its node director's knowledge", after, None);
        report.times(
            "kill of a component to its node director's knowledge",
            noticed,
            None,
        );
        report.times("  while another one is being restarted", meanwhile, None);
        report.times("kill of a component to its next process ACTIVE", back, None);
        Ok(())
    }

    /// Another component in each round, when what the round before led to is over.
    fn victim(&self, round: usize) -> Result<(String, i32), String> {
        std::thread::sleep(SETTLE);
        self.other(round)
    }

    fn other(&self, round: usize) -> Result<(String, i32), String> {
        let victim = self.active.iter().nth(round % self.active.len().max(1));
        let (comp, pid) = victim.ok_or("there are no components")?;
        Ok((comp.clone(), *pid))
    }

    /// Waits until these are told ACTIVE. On a machine with too much to do others may be restarted too.
    fn until_active(&mut self, comps: &[&str]) -> Result<(), String> {
        let mut left: Vec<&str> = comps.to_vec();
        while !left.is_empty() {
            let (comp, pid) = hear(&self.socket)?;
            left.retain(|wanted| *wanted != comp);
            self.active.insert(comp, pid);
        }
        Ok(())
    }

    fn log(&self) -> Result<Log, String> {
        let path = self.cluster.dir().join("log/amfnd-node-1.log");
        let seen = std::fs::metadata(&path).map_err(|e| e.to_string())?.len();
        Ok(Log { path, seen })
    }

    /// Kills all again and again: how soon all are back, and what is left in the end.
    fn all_at_once(&mut self, deaths: usize, report: &mut Report) -> Result<(), String> {
        let pid = self.node_director()?;
        let before = left(self.cluster.dir(), pid)?;
        let mut rounds = Vec::new();
        for _ in 0..deaths.div_ceil(COMPONENTS).max(1) {
            rounds.push(self.kill_all(pid)?);
        }
        report.times(
            &format!("kill of all {COMPONENTS} to all restarted and ACTIVE"),
            rounds.iter().map(|round| round.took).collect(),
            None,
        );
        if let Some(slowest) = rounds.iter().max_by_key(|round| round.took) {
            report.other("  processor time in the slowest round", slowest.to_string());
        }
        let rounds = rounds.len();
        let after = wait_for("nothing to be left", || {
            left(self.cluster.dir(), pid).is_ok_and(|now| now <= before)
        });
        let now = left(self.cluster.dir(), pid)?;
        let verdict = if after.is_ok() { "nothing left" } else { "LEFT" };
        report.other(
            &format!(
                "after {} deaths: processes, descriptors, files",
                rounds * COMPONENTS
            ),
            format!("{verdict}: {before:?} before, {now:?} after"),
        );
        Ok(())
    }

    /// Kills all and waits until all are back.
    fn kill_all(&mut self, node_director: i32) -> Result<Round, String> {
        let (own, all, begin) = (cpu_below(node_director)?, Processors::now()?, Instant::now());
        for &pid in self.active.values() {
            kill(pid)?;
        }
        let mut back = BTreeMap::new();
        while back.len() < COMPONENTS {
            let (comp, pid) = hear(&self.socket)?;
            back.insert(comp, pid);
        }
        self.active = back;
        Ok(Round {
            took: begin.elapsed(),
            own: cpu_below(node_director)?.saturating_sub(own),
            all: all.used()?,
            stolen: all.stolen_percent()?,
        })
    }

    /// What a subscriber that stops reading costs.
    fn deaf_subscriber(&self, report: &mut Report) -> Result<(), String> {
        let director = daemon(&self.cluster, "amfd")?;
        let mut deaf = self
            .cluster
            .command("ntfsubscribe", &["-v"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .map_err(|e| format!("ntfsubscribe: {e}"))?;
        let before = memory(director)?;
        let count = UNREAD.to_string();
        // Nobody reads the pipe: it fills, the subscriber stops, and the director goes on.
        self.cluster.done("ntfsend", &["-T", "0x4000", "-r", &count])?;
        let after = memory(director)?;
        deaf.kill().map_err(|e| format!("kill: {e}"))?;
        deaf.wait().map_err(|e| format!("wait: {e}"))?;
        report.other(
            &format!("{UNREAD} notifications beside a subscriber that reads none"),
            format!("director {before} KiB before, {after} KiB after"),
        );
        Ok(())
    }
}

/// The way of a notification from its sender to a subscriber.
fn notifications(dir: &Path, report: &mut Report) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let times = tokio::task::LocalSet::new().block_on(&runtime, async {
        let failed = |error: amfd_director::client::ExplainError| error.to_string();
        let sender = Director::connect(dir).await.map_err(failed)?;
        let reader = Director::connect(dir).await.map_err(failed)?;
        let came = Rc::new(tokio::sync::Notify::new());
        let told = Rc::clone(&came);
        let take = move |_, _| told.notify_one();
        let _subscription = reader.subscribe(0, take).await.map_err(failed)?;
        let mut times = Vec::new();
        for _ in 0..NOTIFICATIONS {
            let begin = Instant::now();
            let sent = sender.notify(notification(), 0);
            let (sent, ()) = futures::future::join(sent, came.notified()).await;
            sent.map_err(failed)?;
            times.push(begin.elapsed());
        }
        Ok::<_, String>(times)
    })?;
    report.times("notification from its sender to a subscriber", times, None);
    Ok(())
}

fn notification() -> Notification {
    Notification {
        event: EventType::ApplicationEvent,
        object: "safApp=Bench".to_owned(),
        notifying: "safApp=Bench".to_owned(),
        class: ClassId::amf(0),
        text: String::new(),
        info: Vec::new(),
        correlated: Vec::new(),
        detail: Detail::Miscellaneous,
    }
}

/// The next component that is told ACTIVE, with its process.
fn hear(socket: &UnixDatagram) -> Result<(String, i32), String> {
    let mut buffer = [0; 512];
    loop {
        let length = socket
            .recv(&mut buffer)
            .map_err(|e| format!("no component was told ACTIVE: {e}"))?;
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let words: Vec<&str> = text.split(' ').collect();
        if let ["ACTIVE", comp, pid] = words[..] {
            let pid = pid.parse().map_err(|_| format!("no process id: {text}"))?;
            return Ok((comp.to_owned(), pid));
        }
    }
}

fn daemon(cluster: &Cluster, name: &str) -> Result<i32, String> {
    let text = cluster.done("perdure", &["status", "--json"])?;
    let status: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let daemons = status["daemons"].as_array().ok_or("no daemons")?;
    let found = daemons.iter().find(|daemon| daemon["name"] == name);
    let pid = found.and_then(|daemon| daemon["pid"].as_i64());
    pid.and_then(|pid| i32::try_from(pid).ok())
        .ok_or_else(|| format!("{name} does not run"))
}

/// The log of a node director from a byte on.
struct Log {
    path: PathBuf,
    seen: u64,
}

impl Log {
    /// How long after `wall` it tells of the death of the component.
    fn since(&self, comp: &str, wall: SystemTime) -> Result<Duration, String> {
        let read = || {
            let bytes = std::fs::read(&self.path).unwrap_or_default();
            let from = usize::try_from(self.seen).unwrap_or_default();
            String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned()
        };
        let mut at = None;
        wait_for("the death to stand in the log", || {
            let text = read();
            let mut lines = text.lines();
            let subject = format!("subject={comp}");
            let line = lines.find(|line| line.contains("process died") && line.ends_with(&subject));
            at = line.and_then(time_of_day);
            at.is_some()
        })?;
        let day = Duration::from_hours(24);
        let wall = wall.duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
        let of_day =
            Duration::from_nanos(u64::try_from(wall.as_nanos() % day.as_nanos()).unwrap_or_default());
        Ok(at.unwrap_or_default().saturating_sub(of_day))
    }
}

/// The time of day of a line of a log: `2026-11-21T15:05:37.086720Z ...`.
fn time_of_day(line: &str) -> Option<Duration> {
    let time = line.split_once('T')?.1.split_once('Z')?.0;
    let (clock, fraction) = time.split_once('.')?;
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let seconds = parts.next()?? * 3600 + parts.next()?? * 60 + parts.next()??;
    let micros = format!("{fraction:0<6}").get(..6)?.parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
}
