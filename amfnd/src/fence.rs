//! Ends a node director and all its components from outside: the fence for nodes that are on this machine.

use std::fs;
use std::path::Path;

use ais::Dn;

use crate::processes::{self, Processes};

/// Kills the node director with the process id `lost`, if it still is one of this node, and every process of its
/// components; waits until they are gone. What a successor, `present`, has started stays.
///
/// Gives how many processes of components were found.
///
/// # Errors
/// The ids of processes that would not die.
pub fn fence(dir: &Path, node: &Dn, lost: Option<i32>, present: Option<i32>) -> Result<usize, Vec<i32>> {
    let dir = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let socket = dir.join("nodes").join(node.rdn_value()).join("amfnd.sock");
    let processes = Processes::new(&socket.to_string_lossy());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else {
        return Err(lost.into_iter().collect());
    };
    let lost = lost.filter(|pid| present != Some(*pid) && directs(*pid, node));
    runtime.block_on(async {
        let left =
            processes::kill_until_none(|| lost.filter(|pid| directs(*pid, node)).into_iter().collect()).await;
        if !left.is_empty() {
            return Err(left);
        }
        let (found, left) = processes.kill_strangers(present).await;
        if left.is_empty() { Ok(found) } else { Err(left) }
    })
}

/// Whether the process is a living node director of this node.
fn directs(pid: i32, node: &Dn) -> bool {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let names = |text: &str| {
        arguments
            .split(|byte| *byte == 0)
            .any(|word| word == text.as_bytes())
    };
    processes::is_living(pid) && names("amfnd") && names(node.as_str())
}
