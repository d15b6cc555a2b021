//! An information model daemon alone, and what it takes of the machine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use immd_client::Imm;
use rustix::process::{Pid, Signal, kill_process};

use super::runtime;

/// A daemon that is not ready after so long will not be.
const PATIENCE: Duration = Duration::from_mins(10);

/// A daemon; killed when it is dropped.
pub struct Immd {
    child: Child,
    /// Its directory.
    pub dir: PathBuf,
    /// From its start to its first answer.
    pub began_in: Duration,
}

impl Immd {
    /// Starts one and waits for its first answer.
    pub fn start(program: &Path, dir: &Path, models: &[&Path]) -> Result<Immd, String> {
        let begin = Instant::now();
        let child = Command::new(program)
            .arg("immd")
            .arg("--dir")
            .arg(dir)
            .args(models)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("immd: {e}"))?;
        let mut immd = Immd {
            child,
            dir: dir.to_owned(),
            began_in: Duration::ZERO,
        };
        while runtime(first_answer(dir)).is_err() {
            if let Some(status) = immd.child.try_wait().map_err(|e| e.to_string())? {
                return Err(format!("immd ended: {status}"));
            }
            if begin.elapsed() > PATIENCE {
                return Err("immd does not answer".to_owned());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        immd.began_in = begin.elapsed();
        Ok(immd)
    }

    /// Ends it in good order.
    pub fn stop(mut self) -> Result<(), String> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or("no process")?, Signal::TERM).map_err(|e| e.to_string())?;
        self.child.wait().map(drop).map_err(|e| e.to_string())
    }

    /// Its resident memory in bytes.
    pub fn resident(&self) -> Result<u64, String> {
        resident(self.child.id())
    }

    /// The processor time that it took so far.
    pub fn cpu(&self) -> Result<Duration, String> {
        cpu(self.child.id())
    }
}

impl Drop for Immd {
    fn drop(&mut self) {
        // Both fail where it has ended.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}

async fn first_answer(dir: &Path) -> Result<(), String> {
    let imm = Imm::connect(dir).await.map_err(|e| e.to_string())?;
    imm.info().await.map(drop).map_err(|e| e.to_string())
}

/// The resident memory of a process in bytes.
pub fn resident(pid: u32) -> Result<u64, String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(|e| e.to_string())?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .ok_or("no VmRSS")?;
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .ok_or("no number in VmRSS")?;
    Ok(kib * 1024)
}

/// The processor time of a process, user and system, to a hundredth of a second.
pub fn cpu(pid: u32) -> Result<Duration, String> {
    times(&pid.to_string(), 13)
}

/// The processor time of the processes that this one started and waited for.
pub fn cpu_of_children() -> Result<Duration, String> {
    times("self", 15)
}

/// Two neighbouring fields of `/proc/PID/stat` in hundredths of a second.
fn times(pid: &str, first: usize) -> Result<Duration, String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|e| e.to_string())?;
    // The name in the second field may have spaces.
    let (_, rest) = stat.rsplit_once(')').ok_or("no name in the process's status")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |at: usize| fields.get(at - 2).and_then(|text| text.parse::<u64>().ok());
    let ticks = field(first).zip(field(first + 1)).ok_or("no times")?;
    Ok(Duration::from_millis(10 * (ticks.0 + ticks.1)))
}
