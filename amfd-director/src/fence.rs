//! The fence: a program that makes sure that nothing runs on a node any more.
//!
//! It is called with the node's DN and the reason. It has the cluster's directory in `PERDURE_DIR`, and in
//! `PERDURE_LOST_PID` the process that directed the node, where that was on this machine. Exit status 0 says that
//! nothing of it runs any more; anything else, and no answer in time, says that this is not known.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use ais::Dn;
use director_engine::{Event, FenceId};
use tokio::process::Command;
use tracing::{info, warn};

use crate::shell::Shell;

/// How nodes are fenced.
#[derive(Debug, Clone)]
pub struct Fence {
    /// The program.
    pub program: PathBuf,
    /// What stands before the node's DN on its command line.
    pub arguments: Vec<String>,
    /// How long it may take.
    pub limit: Duration,
}

/// A node that is to be fenced.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: FenceId,
    pub(crate) node: Dn,
    pub(crate) reason: String,
}

/// Calls the fence for each node that is to be fenced, all beside each other; never ends.
pub(crate) async fn run(shell: Rc<Shell>, fence: Option<Fence>, dir: PathBuf) {
    loop {
        let requests = std::mem::take(&mut *shell.fences.borrow_mut());
        for request in requests {
            let (shell, fence, dir) = (Rc::clone(&shell), fence.clone(), dir.clone());
            tokio::task::spawn_local(async move {
                let lost = shell.sessions.borrow().lost_process(&request.node);
                let result = match fence {
                    Some(fence) => fence.call(&dir, &request, lost).await,
                    None => Err("no fence command is configured".to_owned()),
                };
                match &result {
                    Ok(()) => info!(node = %request.node, "the node is fenced"),
                    Err(cause) => warn!(node = %request.node, cause, "the node cannot be fenced"),
                }
                shell.step(Event::FenceResult {
                    request: request.id,
                    result,
                });
            });
        }
        shell.fence_wanted.notified().await;
    }
}

impl Fence {
    async fn call(&self, dir: &Path, request: &Request, lost: Option<i32>) -> Result<(), String> {
        let program = self.program.display();
        let mut command = Command::new(&self.program);
        if let Some(pid) = lost {
            command.env("PERDURE_LOST_PID", pid.to_string());
        }
        let mut child = command
            .args(&self.arguments)
            .arg(request.node.as_str())
            .arg(&request.reason)
            .env("PERDURE_DIR", dir)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        match tokio::time::timeout(self.limit, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{program}: {status}")),
            Ok(Err(error)) => Err(format!("{program}: {error}")),
            Err(_) => Err(format!("{program} took longer than {:?}", self.limit)),
        }
    }
}
