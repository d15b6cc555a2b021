//! What `/proc` says about processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use ais::Dn;
use rustix::fs::{CWD, Mode, OFlags, openat};

use super::{COMPONENT_VARIABLE, SOCKET_VARIABLE, WALK_MAX};

/// As much as is read at once; environments are rarely larger.
const READ_SIZE: usize = 16_384;
/// How often is looked again at what changes meanwhile.
const PASSES_MAX: usize = 100;
/// How long a program may take to begin.
const BEGINNING: Duration = Duration::from_millis(1);

/// A look at the processes below a node director.
pub(super) struct Look {
    /// The node director.
    pub(super) own: i32,
    /// What its components' environment names.
    pub(super) socket: Arc<str>,
    /// The process groups of commands.
    pub(super) groups: BTreeMap<i32, Dn>,
}

/// A living process of a component.
#[derive(Debug)]
pub(super) struct Living {
    /// The component.
    pub(super) owner: String,
    /// The process.
    pub(super) pid: i32,
    begun: u64,
}

/// What `/proc/PID/stat` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    state: char,
    pub(super) parent: i32,
    pub(super) group: i32,
    threads: usize,
    /// When it began, in ticks since the machine did: tells it from others that had its number.
    begun: u64,
    /// The size of its environment; `None` while it begins another program.
    environ: Option<u64>,
}

/// What one pass over the processes shows.
#[derive(Default)]
struct Pass {
    found: Vec<Living>,
    /// Those that had ended when it came to them, and those whose environment was empty.
    doubtful: BTreeSet<i32>,
    /// How many were beginning another program.
    beginning: usize,
}

/// The directory of a process in `/proc`: what is read through it is of this process, or not there.
struct Place(OwnedFd);

impl Look {
    /// The living processes of components below the node director.
    ///
    /// A process that ends meanwhile leaves its children to a process that was looked at before them, mostly the node
    /// director. One that is beginning another program has no environment for a moment, and then an empty one until the
    /// kernel has written it. So it is looked again until nothing had ended or was empty that was not so before, and all
    /// environments are there.
    pub(super) fn below(&self) -> Vec<Living> {
        let mut before = BTreeSet::new();
        let mut passes = 0;
        loop {
            let pass = self.once();
            passes += 1;
            let is_settled = pass.beginning == 0 && pass.doubtful.is_subset(&before);
            // Who makes processes that end without a pause does not keep the others from being ended.
            if is_settled || passes > PASSES_MAX {
                return pass.found;
            }
            before.extend(pass.doubtful);
            std::thread::sleep(BEGINNING);
        }
    }

    fn once(&self) -> Pass {
        let mut pass = Pass::default();
        let mut buffer = Vec::with_capacity(READ_SIZE);
        let below = children(self.own).into_iter().map(|pid| (pid, None));
        let mut walk: Vec<(i32, Option<String>)> = below.collect();
        let mut at = 0;
        while at < walk.len() && at < WALK_MAX {
            let (pid, inherited) = (walk[at].0, walk[at].1.take());
            at += 1;
            let place = Place::of(pid);
            let environ = place
                .as_ref()
                .and_then(|place| place.read("environ", &mut buffer));
            let owner = environ.and_then(|()| owner_in(&buffer, &self.socket));
            let size = environ.map(|()| buffer.len());
            let mut below = place
                .as_ref()
                .map_or_else(Vec::new, |place| place.children(pid, &mut buffer));
            // After its children: those of one that lives now were all there.
            let stat = place.and_then(|place| place.stat(&mut buffer));
            let Some(stat) = stat.filter(Stat::is_alive) else {
                pass.doubtful.insert(pid);
                continue;
            };
            if stat.threads > 1 {
                below = children(pid);
            }
            let is_beginning = stat.environ.is_none_or(|now| now > 0) && size == Some(0);
            pass.beginning += usize::from(is_beginning);
            if size == Some(0) && !is_beginning {
                pass.doubtful.insert(pid);
            }
            let owner = owner
                .or(inherited)
                .or_else(|| self.groups.get(&stat.group).map(Dn::to_string));
            walk.extend(below.into_iter().map(|child| (child, owner.clone())));
            if let Some(owner) = owner {
                let begun = stat.begun;
                pass.found.push(Living { owner, pid, begun });
            }
        }
        pass
    }
}

impl Living {
    /// Whether it still lives, and is no other process with the same number.
    pub(super) fn is_there(&self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.is_alive() && stat.begun == self.begun)
    }
}

impl Stat {
    /// Whether it runs: one whose first thread has ended may have others.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X') || self.threads > 1
    }
}

impl Place {
    fn of(pid: i32) -> Option<Place> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, format!("/proc/{pid}"), flags, Mode::empty())
            .ok()
            .map(Place)
    }

    fn stat(&self, buffer: &mut Vec<u8>) -> Option<Stat> {
        self.read("stat", buffer)?;
        stat_in(&String::from_utf8_lossy(buffer))
    }

    /// The children of the process's first thread.
    fn children(&self, pid: i32, buffer: &mut Vec<u8>) -> Vec<i32> {
        let name = format!("task/{pid}/children");
        alike(|| match self.read(&name, buffer) {
            Some(()) => children_in(buffer),
            None => Vec::new(),
        })
    }

    fn read(&self, name: &str, buffer: &mut Vec<u8>) -> Option<()> {
        buffer.clear();
        let file = openat(
            self.0.as_fd(),
            name,
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .ok()?;
        loop {
            buffer.reserve(READ_SIZE);
            match rustix::io::read(&file, rustix::buffer::spare_capacity(buffer)) {
                Ok(0) => return Some(()),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }
}

/// The component that the environment of a process names, with this socket.
pub(super) fn owner(pid: i32, socket: &str) -> Option<String> {
    owner_in(&fs::read(format!("/proc/{pid}/environ")).ok()?, socket)
}

/// Reads the owner from the bytes of an environment.
fn owner_in(environ: &[u8], socket: &str) -> Option<String> {
    let mut owner = None;
    let mut ours = false;
    for variable in environ.split(|&byte| byte == 0) {
        let Some(at) = variable.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let (name, value) = (&variable[..at], &variable[at + 1..]);
        if name == COMPONENT_VARIABLE.as_bytes() {
            owner = Some(value);
        } else if name == SOCKET_VARIABLE.as_bytes() {
            ours = value == socket.as_bytes();
        }
    }
    owner
        .filter(|_| ours)
        .map(|name| String::from_utf8_lossy(name).into_owned())
}

/// What `/proc/PID/stat` says of the process, if there is one.
pub(super) fn stat(pid: i32) -> Option<Stat> {
    stat_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads the fields; the program's name in parentheses may itself hold any character.
fn stat_in(text: &str) -> Option<Stat> {
    let mut fields = text[text.rfind(')')? + 1..].split_ascii_whitespace();
    Some(Stat {
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        // Fields 20 and 22 of the file; the group is field 5.
        threads: fields.nth(14)?.parse().ok()?,
        begun: fields.nth(1)?.parse().ok()?,
        // Fields 50 and 51.
        environ: {
            let begin: u64 = fields.nth(27)?.parse().ok()?;
            let end: u64 = fields.next()?.parse().ok()?;
            end.checked_sub(begin).filter(|_| end > 0)
        },
    })
}

/// The children of all threads of a process.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    alike(|| {
        let mut found = Vec::new();
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
            return found;
        };
        for thread in threads.flatten() {
            if let Ok(text) = fs::read(thread.path().join("children")) {
                found.extend(children_in(&text));
            }
        }
        found
    })
}

/// What is read twice alike: where one of several children ends meanwhile, the kernel may leave out another one.
fn alike(mut read: impl FnMut() -> Vec<i32>) -> Vec<i32> {
    let mut last = read();
    for _ in 0..PASSES_MAX {
        if last.is_empty() {
            break;
        }
        let now = read();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

fn children_in(text: &[u8]) -> Vec<i32> {
    let text = String::from_utf8_lossy(text);
    let pids = text.split_ascii_whitespace();
    pids.filter_map(|pid| pid.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_owner_only_under_this_socket() {
        let environ = b"PATH=/bin\0SA_AMF_COMPONENT_NAME=safComp=A,safSu=B\0PERDURE_AMFND_SOCKET=/d/s\0";
        assert_eq!(owner_in(environ, "/d/s"), Some("safComp=A,safSu=B".into()));
        assert_eq!(owner_in(environ, "/d/other"), None);
        assert_eq!(owner_in(b"PERDURE_AMFND_SOCKET=/d/s\0", "/d/s"), None);
        assert_eq!(owner_in(b"", "/d/s"), None);
    }

    #[test]
    fn a_program_name_may_hold_blanks_and_parentheses() {
        let rest: Vec<String> = (23..53).map(|field| field.to_string()).collect();
        let begin = "42 (a) S b (c) Z 7 41 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 5763";
        assert_eq!(
            stat_in(&format!("{begin} {}", rest.join(" "))),
            Some(Stat {
                state: 'Z',
                parent: 7,
                group: 41,
                threads: 3,
                begun: 5763,
                environ: Some(1),
            })
        );
        assert_eq!(stat_in("42 (a"), None);
    }

    #[test]
    fn what_is_left_by_one_that_ends_meanwhile_is_found() {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
        let look = Look {
            own: rustix::process::getpid().as_raw_pid(),
            socket: "/look/orphans".into(),
            groups: BTreeMap::new(),
        };
        for round in 0..100 {
            let mut child = std::process::Command::new("/bin/sh")
                .args(["-c", "/bin/sleep 30 & echo $!"])
                .env(COMPONENT_VARIABLE, "safComp=B")
                .env(SOCKET_VARIABLE, "/look/orphans")
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
            std::io::BufRead::read_line(&mut output, &mut line).unwrap();
            let sleeper: i32 = line.trim().parse().unwrap();
            // The shell ends at about this moment, and is not reaped.
            let found = look.below();
            assert!(found.iter().any(|one| one.pid == sleeper), "{round}: {found:?}");
            let sleeper = rustix::process::Pid::from_raw(sleeper).unwrap();
            rustix::process::kill_process(sleeper, rustix::process::Signal::KILL).unwrap();
            child.wait().unwrap();
            // Whoever is its parent by now takes it; the shell may have.
            let _status_or_none =
                rustix::process::waitpid(Some(sleeper), rustix::process::WaitOptions::empty());
        }
    }

    #[test]
    fn a_look_finds_whom_the_environment_names_and_all_below() {
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", "env -i /bin/sleep 30 & wait"])
            .env(COMPONENT_VARIABLE, "safComp=A")
            .env(SOCKET_VARIABLE, "/look/test")
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let look = Look {
            own: rustix::process::getpid().as_raw_pid(),
            socket: "/look/test".into(),
            groups: BTreeMap::new(),
        };
        let found = loop {
            let found = look.below();
            // The shell and, without an environment of its own, what it starts.
            if found.len() == 2 {
                break found;
            }
            std::thread::yield_now();
        };
        assert!(found.iter().all(|one| one.owner == "safComp=A" && one.is_there()));
        assert_eq!(found[0].pid, pid);
        let below = rustix::process::Pid::from_raw(found[1].pid).unwrap();
        rustix::process::kill_process(below, rustix::process::Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(!found[0].is_there());
        assert!(look.below().is_empty());
    }
}
