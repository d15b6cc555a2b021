//! Passive monitoring: watches processes and their descendants by pidfds.
//!
//! An end is noticed at once. New descendants give no sign, so that they are looked for each second and after each end.
//! How a process ended is read from its remains, as long as its parent has not taken them; the node director's own
//! children, adopted ones too, are told by its reaper.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use ais::Dn;
use node_engine::{Event, ProcessEnd, WatchId};
use rustix::process::{Pid, PidfdFlags, WaitStatus, pidfd_open};
use tokio::io::unix::AsyncFd;
use tokio::task::{AbortHandle, JoinSet};

use crate::input::{Input, Inputs, tell};
use crate::processes::{Remains, children, remains, watch};

/// How often new descendants are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Descendants of one watch.
const DESCENDANTS_MAX: usize = 1024;

/// All watches of a node director.
pub(crate) struct Watches {
    inputs: Inputs,
    tasks: BTreeMap<WatchId, AbortHandle>,
    reaped: Reaped,
}

/// The processes that are watched, and how the reaper saw them end.
#[derive(Clone, Default)]
struct Reaped(Rc<RefCell<BTreeMap<i32, Option<ProcessEnd>>>>);

/// One process that is watched.
struct Watched {
    pid: i32,
    pidfd: AsyncFd<OwnedFd>,
}

impl Watches {
    pub(crate) fn new(inputs: Inputs) -> Watches {
        Watches {
            inputs,
            tasks: BTreeMap::new(),
            reaped: Reaped::default(),
        }
    }

    /// Begins a watch. A process that has gone already is told as one that has just ended.
    pub(crate) fn begin(&mut self, id: WatchId, comp: Dn, pid: u64, depth: Option<u32>) {
        let Some(root) = i32::try_from(pid).ok().filter(|pid| *pid > 0) else {
            return;
        };
        let mut job = Job {
            id,
            comp,
            root,
            depth,
            inputs: self.inputs.clone(),
            reaped: self.reaped.clone(),
            known: BTreeSet::new(),
        };
        // At once: they may end before the task runs.
        let first: Vec<Watched> = job.open(root).into_iter().chain(job.look()).collect();
        let task = tokio::task::spawn_local(job.run(first));
        self.tasks.insert(id, task.abort_handle());
    }

    /// Ends a watch.
    pub(crate) fn end(&mut self, id: WatchId) {
        if let Some(task) = self.tasks.remove(&id) {
            task.abort();
        }
    }

    /// A child of the node director was reaped.
    pub(crate) fn reaped(&self, pid: i32, status: WaitStatus) {
        let end = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => ProcessEnd::Exited(code),
            (None, Some(signal)) => ProcessEnd::Killed(signal),
            (None, None) => return,
        };
        if let Some(place) = self.reaped.0.borrow_mut().get_mut(&pid) {
            *place = Some(end);
        }
    }
}

/// What one watch does.
struct Job {
    id: WatchId,
    comp: Dn,
    root: i32,
    depth: Option<u32>,
    inputs: Inputs,
    reaped: Reaped,
    known: BTreeSet<i32>,
}

impl Job {
    /// Begins to watch a process, if it is there.
    fn open(&mut self, pid: i32) -> Option<Watched> {
        let pidfd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::NONBLOCK).ok()?;
        let pidfd = watch(pidfd).ok()?;
        self.reaped.0.borrow_mut().entry(pid).or_default();
        self.known.insert(pid);
        Some(Watched { pid, pidfd })
    }

    async fn run(mut self, first: Vec<Watched>) {
        let mut ends = JoinSet::new();
        if !self.known.contains(&self.root) {
            self.tell(self.root, ProcessEnd::Unknown);
        }
        for watched in first {
            ends.spawn_local(watched.wait());
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Some(Ok(pid)) = ends.join_next() => self.ended(pid),
                _ = look.tick(), if self.depth != Some(0) => {}
                else => return,
            }
            for watched in self.look() {
                ends.spawn_local(watched.wait());
            }
        }
    }

    fn ended(&mut self, pid: i32) {
        self.known.remove(&pid);
        let end = match remains(pid) {
            Some(Remains::Exited(code)) => ProcessEnd::Exited(code),
            Some(Remains::Killed(signal)) => ProcessEnd::Killed(signal),
            None => {
                let reaped = self.reaped.0.borrow().get(&pid).copied().flatten();
                reaped.unwrap_or(ProcessEnd::Unknown)
            }
        };
        self.reaped.0.borrow_mut().remove(&pid);
        self.tell(pid, end);
    }

    fn tell(&self, pid: i32, end: ProcessEnd) {
        let event = Event::WatchedEnded {
            watch: self.id,
            comp: self.comp.clone(),
            pid: u64::try_from(pid).unwrap_or_default(),
            end,
        };
        tell(&self.inputs, Input::Event(event));
    }

    /// Begins to watch descendants that are new.
    fn look(&mut self) -> Vec<Watched> {
        let mut found = Vec::new();
        let mut generation: Vec<i32> = vec![self.root];
        let mut left = self.depth.unwrap_or(u32::MAX);
        // Descendants of one that has ended belong to others now; what was known before is watched on.
        while left > 0 && !generation.is_empty() && self.known.len() < DESCENDANTS_MAX {
            left -= 1;
            generation = generation.into_iter().flat_map(children).collect();
            for &pid in &generation {
                if !self.known.contains(&pid) {
                    found.extend(self.open(pid));
                }
            }
        }
        found
    }
}

impl Watched {
    /// Waits for the end of the process; gives its id.
    async fn wait(self) -> i32 {
        let _readable_or_broken = self.pidfd.readable().await;
        self.pid
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut reaped = self.reaped.0.borrow_mut();
        for pid in &self.known {
            reaped.remove(pid);
        }
    }
}
