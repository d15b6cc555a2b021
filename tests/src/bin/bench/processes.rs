//! Processes of the cluster: their end, and what they take.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Kills the process, if it still runs.
pub fn kill(pid: i32) -> Result<(), String> {
    match kill_process(process(pid)?, Signal::KILL) {
        // It is being restarted already.
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(format!("kill: {error}")),
    }
}

/// The process with this number.
pub fn process(pid: i32) -> Result<Pid, String> {
    Pid::from_raw(pid).ok_or_else(|| "the component told no process id".to_owned())
}

/// The processor time that the process has taken.
pub fn cpu(pid: i32) -> Result<Duration, String> {
    cpu_fields(pid, 2)
}

/// The processor time that the process and its children that ended have taken.
pub fn cpu_below(pid: i32) -> Result<Duration, String> {
    cpu_fields(pid, 4)
}

/// The sum of so many times: the process's own as user and system, then its children's.
fn cpu_fields(pid: i32, count: usize) -> Result<Duration, String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|e| e.to_string())?;
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    // They begin with field 14 of the file; the state is field 3.
    let ticks: Vec<u64> = fields
        .skip(11)
        .take(count)
        .map_while(|field| field.parse().ok())
        .collect();
    if ticks.len() < count {
        return Err("the stat file is short".to_owned());
    }
    // A tick is 10 ms.
    Ok(Duration::from_millis(10 * ticks.iter().sum::<u64>()))
}

/// The resident memory of a process in KiB.
pub fn memory(pid: i32) -> Result<u64, String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(|e| e.to_string())?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .ok_or_else(|| "no VmRSS".to_owned())
}

/// The processes below a node director, its descriptors, and the files of the cluster's nodes.
pub fn left(dir: &Path, pid: i32) -> Result<(usize, usize, usize), String> {
    let mut below = vec![pid];
    let mut at = 0;
    while at < below.len() {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", below[at]));
        let children = children.unwrap_or_default();
        below.extend(
            children
                .split_whitespace()
                .filter_map(|pid| pid.parse::<i32>().ok()),
        );
        at += 1;
    }
    let count = |path: PathBuf| {
        std::fs::read_dir(path)
            .map(Iterator::count)
            .map_err(|e| e.to_string())
    };
    let files = count(dir.join("nodes/node-1"))? + count(dir.join("nodes/node-1/log"))?;
    let descriptors = count(PathBuf::from(format!("/proc/{pid}/fd")))?;
    Ok((below.len() - 1, descriptors, files))
}
