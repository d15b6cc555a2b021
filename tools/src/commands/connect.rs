//! Finds the cluster, opens the connection, and holds a command to its time limit.

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ais::AisError;
use immd_client::{Imm, ImmError, Limits as ClientLimits};
use rustix::fs::{FlockOperation, flock};

use super::output::Failure;
use super::retry::Patience;
use super::usage::Common;

/// How long to wait between two attempts to reach a daemon that has just been there.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);

/// A connection with the patience of the command that uses it.
pub(super) struct Session {
    imm: RefCell<Imm>,
    /// Decides what is tried again.
    pub(super) patience: Patience,
}

impl Session {
    /// The connection.
    pub(super) fn imm(&self) -> Imm {
        self.imm.borrow().clone()
    }

    /// The answer to a question that changes nothing: asked again after TRY_AGAIN, and after the daemon was restarted.
    ///
    /// # Errors
    /// The call's error.
    pub(super) async fn read<T>(
        &self,
        mut call: impl AsyncFnMut(Imm) -> Result<T, ImmError>,
    ) -> Result<T, ImmError> {
        loop {
            match self.patience.retry(async || call(self.imm()).await).await {
                Err(ImmError::Disconnected(_)) if self.patience.tries_again() => self.reconnect().await?,
                answer => return answer,
            }
        }
    }

    /// What `work` gives, for as long as `timeout` lasts.
    ///
    /// # Errors
    /// `work`'s failure; that the time is over.
    pub(super) async fn within<T>(
        &self,
        program: &str,
        timeout: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(timeout, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(time_is_over(program, self.patience.last_refusal())),
        }
    }

    /// Waits until the daemon is there again; the command's time limit ends the wait.
    async fn reconnect(&self) -> Result<(), ImmError> {
        loop {
            match self.imm().reconnect().await {
                Ok(imm) => {
                    *self.imm.borrow_mut() = imm;
                    return Ok(());
                }
                Err(ImmError::NotRunning { .. } | ImmError::Disconnected(_)) => {
                    tokio::time::sleep(RECONNECT_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// How a command wants to be connected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The command's name, for its complaints.
    pub(super) program: &'static str,
    /// When it gives up, in seconds.
    pub(super) timeout_s: u64,
    /// Whether TRY_AGAIN is tried again.
    pub(super) try_again: bool,
}

/// Runs `body` on a connection to the cluster, for as long as the limits allow.
///
/// # Errors
/// `body`'s failure; that no cluster runs; that the time is over.
pub(super) fn with_session(
    limits: Limits,
    common: &Common,
    body: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let started = Instant::now();
    with_open_session(limits, common, async |session| {
        let left = Duration::from_secs(limits.timeout_s).saturating_sub(started.elapsed());
        session.within(limits.program, left, body(session)).await
    })
}

/// As [`with_session`], but the limits are those of connecting only: `body` may take as long as it likes.
///
/// # Errors
/// `body`'s failure; that no cluster runs; that it does not answer in time.
pub(super) fn with_open_session<T>(
    limits: Limits,
    common: &Common,
    body: impl AsyncFnOnce(&Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let dir = cluster_dir(common.dir.as_deref());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("error - could not start: {error}")))?;
    tokio::task::LocalSet::new().block_on(&runtime, run(limits, dir, body))
}

async fn run<T>(
    limits: Limits,
    dir: PathBuf,
    body: impl AsyncFnOnce(&Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let time = Duration::from_secs(limits.timeout_s);
    let deadline = tokio::time::Instant::now() + time;
    // The command's own limit is the one that counts.
    let patient = ClientLimits {
        call: time,
        ..ClientLimits::default()
    };
    let imm = match tokio::time::timeout_at(deadline, open(&dir, patient)).await {
        Ok(Ok(imm)) => imm,
        Ok(Err(error)) => return Err(unreachable_cluster(&dir, &error)),
        Err(_) => {
            let dir = dir.display();
            let failure = time_is_over(limits.program, None);
            return Err(failure.and(format!("immd does not answer; see: perdure status --dir {dir}")));
        }
    };
    let session = Session {
        imm: RefCell::new(imm),
        patience: Patience::new(limits.try_again),
    };
    body(&session).await
}

/// Connects; where the cluster is up but its daemon is not, it is being started again, which is waited for.
async fn open(dir: &Path, limits: ClientLimits) -> Result<Imm, ImmError> {
    loop {
        match Imm::connect_with(dir, limits).await {
            Err(ImmError::NotRunning { .. } | ImmError::Disconnected(_)) if is_supervised(dir) => {
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// Whether a supervisor holds the lock of the cluster's directory.
fn is_supervised(dir: &Path) -> bool {
    File::open(dir.join("lock")).is_ok_and(|file| {
        let taken = flock(&file, FlockOperation::NonBlockingLockShared);
        taken == Err(rustix::io::Errno::WOULDBLOCK)
    })
}

/// What to say when the time is over, with the last answer where there was one.
fn time_is_over(program: &str, last_refusal: Option<Vec<String>>) -> Failure {
    let mut failure = Failure::new(format!("error - {program} command timed out (alarm)"));
    if let Some(texts) = last_refusal {
        failure.error = Some(AisError::TryAgain);
        failure = failure.and(format!("the last answer was {}", AisError::TryAgain));
        failure
            .lines
            .extend(texts.iter().map(|text| format!("error-string: {text}")));
    }
    failure
}

/// What to say when no daemon answers.
fn unreachable_cluster(dir: &Path, error: &ImmError) -> Failure {
    let dir = dir.display();
    match error {
        ImmError::NotRunning { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Failure::new(format!("the cluster in {dir} belongs to another user"))
        }
        ImmError::NotRunning { .. } => Failure::new(format!(
            "no cluster runs in {dir}; start one with: perdure up --dir {dir} MODEL.xml"
        )),
        other => Failure::of_call("saImmOmInitialize", other),
    }
}

/// The cluster's directory: the option, else `PERDURE_DIR`, else `.perdure` in the home directory.
pub(crate) fn cluster_dir(option: Option<&Path>) -> PathBuf {
    let from = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    option
        .map(Path::to_path_buf)
        .or_else(|| from("PERDURE_DIR").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from(from("HOME").unwrap_or_else(|| ".".into())).join(".perdure"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_comes_before_everything() {
        assert_eq!(cluster_dir(Some(Path::new("/d"))), Path::new("/d"));
    }

    #[test]
    fn a_missing_cluster_is_told_with_the_way_to_start_one() {
        let error = |kind: std::io::ErrorKind| ImmError::NotRunning {
            socket: "/d/immd.sock".to_owned(),
            source: kind.into(),
        };
        assert_eq!(
            unreachable_cluster(Path::new("/d"), &error(std::io::ErrorKind::NotFound)).lines,
            ["no cluster runs in /d; start one with: perdure up --dir /d MODEL.xml"]
        );
        assert_eq!(
            unreachable_cluster(Path::new("/d"), &error(std::io::ErrorKind::PermissionDenied)).lines,
            ["the cluster in /d belongs to another user"]
        );
    }

    #[test]
    fn the_alarm_tells_the_last_answer() {
        assert_eq!(
            time_is_over("immadm", None).lines,
            ["error - immadm command timed out (alarm)"]
        );
        let refused = time_is_over("immadm", Some(vec!["the SG is not stable".to_owned()]));
        assert_eq!(refused.lines.len(), 3);
        assert_eq!(refused.error, Some(AisError::TryAgain));
    }
}
