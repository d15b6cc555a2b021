//! Which processes belong to which component, and their end.
//!
//! A process belongs to a component when its environment says so (`SA_AMF_COMPONENT_NAME` with this node director's
//! socket in `PERDURE_AMFND_SOCKET`), else when its parent does, else when it is in the process group of one of the
//! component's commands. The node director is the reaper of all that its children leave behind, so that every process
//! of every component is below it in the process tree; only a former node director's leftovers are looked for among
//! all processes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ais::Dn;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

mod look;

pub(crate) use look::children;
use look::{Living, Look, stat};

/// How many processes one walk looks at.
const WALK_MAX: usize = 65_536;
/// How long killed processes may take to vanish.
const KILL_LIMIT: Duration = Duration::from_secs(2);
/// How long to wait at most before looking again, in case a process was missed.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How many process groups are remembered before those that are gone are forgotten.
const GROUPS_MAX: usize = 256;

/// The environment variable that names the component.
pub(crate) const COMPONENT_VARIABLE: &str = "SA_AMF_COMPONENT_NAME";
/// The environment variable that names the node director's socket.
pub(crate) const SOCKET_VARIABLE: &str = "PERDURE_AMFND_SOCKET";

/// Whose processes are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// One component's.
    Component(Dn),
    /// Every component's.
    Everyone,
}

impl Whose {
    fn includes(&self, owner: &str) -> bool {
        match self {
            Whose::Component(comp) => comp.as_str() == owner,
            Whose::Everyone => true,
        }
    }
}

/// The processes of the components under one node director.
#[derive(Clone)]
pub(crate) struct Processes {
    own: i32,
    socket: Arc<str>,
    groups: Rc<RefCell<BTreeMap<i32, Dn>>>,
    /// Who waits for the next walk over all processes.
    waiting: Rc<RefCell<Vec<oneshot::Sender<Found>>>>,
}

/// The living processes below the node director with the components that they belong to.
type Found = Rc<Vec<Living>>;

impl Processes {
    /// The processes whose environment names this socket.
    pub(crate) fn new(socket: &str) -> Processes {
        Processes {
            own: rustix::process::getpid().as_raw_pid(),
            socket: socket.into(),
            groups: Rc::default(),
            waiting: Rc::default(),
        }
    }

    /// Notes that a command of the component leads this process group.
    pub(crate) fn note_group(&self, group: Pid, comp: &Dn) {
        let mut groups = self.groups.borrow_mut();
        if groups.len() >= GROUPS_MAX {
            groups.retain(|&group, _| is_group(group));
        }
        groups.insert(group.as_raw_pid(), comp.clone());
    }

    /// The component that a process belongs to; `None` where nothing tells.
    pub(crate) fn owner(&self, pid: Pid) -> Option<String> {
        let mut pid = pid.as_raw_pid();
        for _ in 0..64 {
            if pid <= 1 || pid == self.own {
                return None;
            }
            if let Some(name) = look::owner(pid, &self.socket) {
                return Some(name);
            }
            let stat = stat(pid)?;
            if let Some(comp) = self.groups.borrow().get(&stat.group) {
                return Some(comp.to_string());
            }
            pid = stat.parent;
        }
        None
    }

    /// Kills every process of `whose` below the node director, again and again until none is left. Gives the ids of
    /// those that would not die.
    pub(crate) async fn kill(&self, whose: &Whose) -> Vec<i32> {
        let limit = Instant::now() + KILL_LIMIT;
        let left = loop {
            let found = self.below().await;
            let found: Vec<&Living> = found.iter().filter(|one| whose.includes(&one.owner)).collect();
            // What has ended since the look is not killed: its number may be another's.
            let there = found.iter().filter(|one| one.is_there());
            let there: Vec<i32> = there.map(|one| one.pid).collect();
            if found.is_empty() || Instant::now() >= limit {
                break there;
            }
            if !there.is_empty() {
                kill_and_wait(there).await;
            }
        };
        self.forget_groups(whose);
        left
    }

    /// What a look finds that begins after this call. One look answers all who asked before it began: where many
    /// components end at once, each would look at the processes of all of them. It takes milliseconds where there are
    /// hundreds of processes, and is done beside the loop, which meanwhile hears of deaths.
    async fn below(&self) -> Found {
        let (asks, answer) = oneshot::channel();
        self.waiting.borrow_mut().push(asks);
        if self.waiting.borrow().len() == 1 {
            let own = self.clone();
            tokio::task::spawn_local(async move {
                // Whoever is about to ask asks first.
                tokio::task::yield_now().await;
                let waiting = std::mem::take(&mut *own.waiting.borrow_mut());
                let found = own.look().await;
                for asks in waiting {
                    // Who does not wait any more needs no answer.
                    let _asked_or_gone = asks.send(Rc::clone(&found));
                }
            });
        }
        match answer.await {
            Ok(found) => found,
            Err(_) => self.look().await,
        }
    }

    async fn look(&self) -> Found {
        let look = Look {
            own: self.own,
            socket: Arc::clone(&self.socket),
            groups: self.groups.borrow().clone(),
        };
        match tokio::task::spawn_blocking(move || look.below()).await {
            Ok(found) => Rc::new(found),
            Err(error) => {
                tracing::error!(%error, "cannot look at the processes of components");
                Rc::default()
            }
        }
    }

    /// Kills every process on the machine that a former node director with this socket left behind. Gives how many
    /// were found and the ids of those that would not die.
    pub(crate) async fn kill_leftovers(&self) -> (usize, Vec<i32>) {
        let mut found = BTreeSet::new();
        let left = kill_until_none(|| {
            let now = self.anywhere();
            found.extend(now.iter().copied());
            now
        })
        .await;
        (found.len(), left)
    }

    /// As [`Processes::kill_leftovers`], but what another node director has started stays.
    pub(crate) async fn kill_strangers(&self, director: Option<i32>) -> (usize, Vec<i32>) {
        let mut found = BTreeSet::new();
        let left = kill_until_none(|| {
            let mut now = self.anywhere();
            now.retain(|pid| director.is_none_or(|director| !is_below(*pid, director)));
            found.extend(now.iter().copied());
            now
        })
        .await;
        (found.len(), left)
    }

    fn forget_groups(&self, whose: &Whose) {
        self.groups
            .borrow_mut()
            .retain(|_, comp| !whose.includes(comp.as_str()));
    }

    /// The living processes on the machine whose environment names this node director's socket, and all below them.
    fn anywhere(&self) -> Vec<i32> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let mut found: Vec<i32> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|&pid| pid != self.own && look::owner(pid, &self.socket).is_some())
            .collect();
        let mut known: BTreeSet<i32> = found.iter().copied().collect();
        let mut at = 0;
        while at < found.len() && at < WALK_MAX {
            for child in children(found[at]) {
                if known.insert(child) {
                    found.push(child);
                }
            }
            at += 1;
        }
        found.retain(|&pid| pid != self.own && stat(pid).is_some_and(|stat| stat.is_alive()));
        found
    }
}

/// Whether a process is left in the group.
fn is_group(group: i32) -> bool {
    Pid::from_raw(group).is_some_and(|group| rustix::process::test_kill_process_group(group).is_ok())
}

/// How a process ended whose parent has not taken its status yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remains {
    /// It exited with this status.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
}

/// How the process ended; `None` where it lives or nothing of it is left.
pub(crate) fn remains(pid: i32) -> Option<Remains> {
    remains_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads the exit code, the last field but none of what `/proc/PID/stat` has.
fn remains_in(text: &str) -> Option<Remains> {
    let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_ascii_whitespace().collect();
    if !matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    // Field 52 of the file; the state is field 3.
    let status: i32 = fields.get(49)?.parse().ok()?;
    Some(match status & 0x7f {
        0 => Remains::Exited(status >> 8 & 0xff),
        signal => Remains::Killed(signal),
    })
}

/// Whether the process lives.
pub(crate) fn is_living(pid: i32) -> bool {
    stat(pid).is_some_and(|stat| stat.is_alive())
}

/// Whether the process is the other one or below it.
fn is_below(mut pid: i32, ancestor: i32) -> bool {
    for _ in 0..WALK_MAX {
        if pid == ancestor {
            return true;
        }
        match stat(pid) {
            Some(stat) if stat.parent > 1 => pid = stat.parent,
            Some(_) | None => return false,
        }
    }
    false
}

/// Whether the kernel tells the children of a process.
pub(crate) fn check_children_file() -> std::io::Result<()> {
    fs::read(format!(
        "/proc/self/task/{}/children",
        rustix::process::getpid().as_raw_pid()
    ))
    .map(drop)
}

/// Kills the process, its process group and all below it, once.
pub(crate) fn kill_tree(leader: Pid) {
    let mut tree = vec![leader.as_raw_pid()];
    let mut at = 0;
    while at < tree.len() && tree.len() < WALK_MAX {
        tree.extend(children(tree[at]));
        at += 1;
    }
    // The leader is not reaped yet, so its number and its group's are still its own.
    if let Err(error) = rustix::process::kill_process_group(leader, Signal::KILL) {
        tracing::debug!(pid = leader.as_raw_pid(), %error, "no process group to kill");
    }
    for pid in tree {
        kill_one(pid);
    }
}

fn kill_one(pid: i32) -> Option<OwnedFd> {
    let pidfd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::NONBLOCK).ok()?;
    match pidfd_send_signal(&pidfd, Signal::KILL) {
        Ok(()) => Some(pidfd),
        Err(error) => {
            tracing::warn!(pid, %error, "a process cannot be killed");
            None
        }
    }
}

/// Kills what `look` finds until it finds nothing, at most for [`KILL_LIMIT`]; gives what is left.
pub(crate) async fn kill_until_none(mut look: impl FnMut() -> Vec<i32>) -> Vec<i32> {
    let limit = Instant::now() + KILL_LIMIT;
    loop {
        let found = look();
        if found.is_empty() || Instant::now() >= limit {
            return found;
        }
        kill_and_wait(found).await;
    }
}

/// Kills the processes and waits a little for their end.
async fn kill_and_wait(found: Vec<i32>) {
    let dying: Vec<OwnedFd> = found.into_iter().filter_map(kill_one).collect();
    let again = Instant::now() + LOOK_AGAIN;
    let mut waited = false;
    for pidfd in dying {
        waited = true;
        wait_for_end(pidfd, again).await;
    }
    if !waited {
        tokio::time::sleep_until(again).await;
    }
}

/// Watches a pidfd; it becomes readable when its process ends.
pub(crate) fn watch(pidfd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    #[expect(
        deprecated,
        reason = "its successor is unsafe for types that change or close their descriptor, which OwnedFd does not"
    )]
    AsyncFd::with_interest(pidfd, tokio::io::Interest::READABLE)
}

/// Waits until the process has ended, at most until `limit`.
async fn wait_for_end(pidfd: OwnedFd, limit: Instant) {
    if let Ok(pidfd) = watch(pidfd) {
        // Running out of time is no failure here: the caller looks again.
        let _ended_or_late = timeout_at(limit, pidfd.readable()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remains_tell_how_a_process_ended() {
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", "exit 7"])
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        while stat(pid).is_some_and(|stat| stat.is_alive()) {
            std::thread::yield_now();
        }
        assert_eq!(remains(pid), Some(Remains::Exited(7)));
        child.wait().unwrap();
        assert_eq!(remains(pid), None);
        assert_eq!(remains(i32::try_from(std::process::id()).unwrap()), None);
    }

    #[test]
    fn the_kernel_tells_children() {
        check_children_file().unwrap();
        let mut child = std::process::Command::new("/bin/sleep")
            .arg("30")
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(children(rustix::process::getpid().as_raw_pid()).contains(&pid));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
