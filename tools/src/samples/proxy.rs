//! A proxy component: it runs daemons that know nothing of the framework, and speaks for them (AMF B.02.01 §5).
//!
//! Its CSI says by `command` which program the daemons are, by `file` what it is given, and by `pids` the directory in
//! which the proxy notes their processes: a proxy that is restarted finds the daemons again, which ran on meanwhile.
//! A daemon serves after SIGUSR1, rests after SIGUSR2 and ends after SIGTERM.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;
use std::{fs, io};

use ais::amf::{CallbackKind, CsiDescriptor, HaState, PmErrors, RecommendedRecovery};
use ais::{AisError, Dn};
use amfnd_client::{Amf, AmfError, Callback};
use rustix::process::{Pid, Signal, kill_process};

/// How often the end of a daemon that was told to end is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the proxy until the framework terminates it.
pub fn main(_args: Vec<OsString>) -> ExitCode {
    super::log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sample-proxy: {error}");
            return ExitCode::FAILURE;
        }
    };
    super::exit(
        "sample-proxy",
        tokio::task::LocalSet::new().block_on(&runtime, live()),
    )
}

async fn live() -> Result<(), AmfError> {
    let amf = Amf::initialize().await?;
    let own = Amf::component_name()?;
    amf.register(&own).await?;
    let mut proxy = Proxy {
        amf,
        own,
        is_active: false,
        work: None,
    };
    while let Some(callback) = proxy.amf.next_callback().await {
        if proxy.serve(callback).await? {
            return Ok(());
        }
    }
    Err(AmfError::Disconnected("the node director is gone".to_owned()))
}

struct Proxy {
    amf: Amf,
    own: Dn,
    is_active: bool,
    /// What its CSI says.
    work: Option<Work>,
}

/// What the proxy shall run.
struct Work {
    command: PathBuf,
    file: String,
    pids: PathBuf,
    /// The components that it may speak for; each node has some of them.
    proxied: Vec<Dn>,
}

impl Proxy {
    /// Does what one callback asks; gives whether it was the last.
    async fn serve(&mut self, callback: Callback) -> Result<bool, AmfError> {
        let invocation = callback.invocation;
        if callback.comp != self.own {
            return self.serve_daemon(callback).await.map(|()| false);
        }
        match callback.kind {
            CallbackKind::CsiSet { ha, csi } => {
                // A standby is told it too, and not again when it becomes active.
                if let Some(work) = Work::read(&csi) {
                    self.work = Some(work);
                }
                // One that rests lets the daemons go on; the next proxy finds them.
                self.is_active = ha == HaState::Active;
                self.amf.response(invocation, Ok(())).await?;
                match ha {
                    HaState::Active => self.adopt().await,
                    HaState::Quiescing => self.amf.csi_quiescing_complete(invocation, Ok(())).await?,
                    HaState::Standby | HaState::Quiesced => {}
                }
            }
            CallbackKind::CsiRemove { .. } => {
                self.is_active = false;
                self.work = None;
                self.amf.response(invocation, Ok(())).await?;
            }
            CallbackKind::Terminate => {
                self.amf.response(invocation, Ok(())).await?;
                self.amf.finalize().await;
                return Ok(true);
            }
            _ => self.amf.response(invocation, Ok(())).await?,
        }
        Ok(false)
    }

    /// Speaks for the daemons that a former proxy left running.
    async fn adopt(&self) {
        let Some(work) = &self.work else { return };
        for comp in &work.proxied {
            if let Some(pid) = work.pid(comp) {
                tracing::info!(%comp, pid = pid.as_raw_pid(), "found running");
                self.speak_for(comp, pid).await;
            }
        }
    }

    /// Registers a daemon's component and lets the framework watch its process.
    async fn speak_for(&self, comp: &Dn, pid: Pid) {
        let recovery = RecommendedRecovery::ComponentRestart;
        let number = u64::from(pid.as_raw_nonzero().get().unsigned_abs());
        let registered = match self.amf.register_proxied(comp, &self.own).await {
            // It stays registered while it is restarted.
            Err(AmfError::Refused {
                error: AisError::Exist,
                ..
            }) => Ok(()),
            other => other,
        };
        let watched = match registered {
            Ok(()) => {
                self.amf
                    .pm_start(comp, number, Some(0), PmErrors::all(), recovery)
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = watched {
            tracing::warn!(%comp, %error, "cannot speak for it");
        }
    }

    /// Does for a daemon what the framework asks of its component.
    async fn serve_daemon(&self, callback: Callback) -> Result<(), AmfError> {
        let (comp, invocation) = (callback.comp, callback.invocation);
        let Some(work) = self.work.as_ref().filter(|_| self.is_active) else {
            return self.amf.response(invocation, Err(AisError::TryAgain)).await;
        };
        match callback.kind {
            CallbackKind::ProxiedInstantiate => {
                let started = work.start(&comp);
                let answer = started.as_ref().map(drop).map_err(|error| {
                    tracing::error!(%comp, %error, "cannot be started");
                    AisError::FailedOperation
                });
                self.amf.response(invocation, answer).await?;
                if let Ok(pid) = started {
                    self.speak_for(&comp, pid).await;
                }
                return Ok(());
            }
            CallbackKind::CsiSet {
                ha: HaState::Active, ..
            } => work.signal(&comp, Signal::USR1),
            CallbackKind::CsiSet {
                ha: HaState::Quiescing,
                ..
            } => {
                work.signal(&comp, Signal::USR2);
                self.amf.response(invocation, Ok(())).await?;
                return self.amf.csi_quiescing_complete(invocation, Ok(())).await;
            }
            CallbackKind::CsiSet { .. } | CallbackKind::CsiRemove { .. } => work.signal(&comp, Signal::USR2),
            CallbackKind::Terminate => work.end(&comp, Signal::TERM).await,
            CallbackKind::ProxiedCleanup => work.end(&comp, Signal::KILL).await,
            _ => {}
        }
        self.amf.response(invocation, Ok(())).await
    }
}

impl Work {
    fn read(csi: &CsiDescriptor) -> Option<Work> {
        let all = |name: &str| {
            let attribute = csi.attributes.iter().find(|(other, _)| other == name);
            attribute.map(|(_, values)| values.clone()).unwrap_or_default()
        };
        let first = |name: &str| all(name).into_iter().next();
        Some(Work {
            command: first("command")?.into(),
            file: first("file")?,
            pids: first("pids")?.into(),
            proxied: all("proxied")
                .iter()
                .filter_map(|name| Dn::new(name).ok())
                .collect(),
        })
    }

    fn pid_file(&self, comp: &Dn) -> PathBuf {
        self.pids.join(format!("{comp}.pid"))
    }

    /// The daemon's process, if it lives.
    fn pid(&self, comp: &Dn) -> Option<Pid> {
        let text = fs::read_to_string(self.pid_file(comp)).ok()?;
        let pid = Pid::from_raw(text.trim().parse().ok()?)?;
        rustix::process::test_kill_process(pid).is_ok().then_some(pid)
    }

    /// Starts the daemon.
    fn start(&self, comp: &Dn) -> io::Result<Pid> {
        let mut command = std::process::Command::new(&self.command);
        command
            .arg(&self.file)
            .stdin(Stdio::null())
            // Its own group and name: it is not the proxy's, and does not end with it.
            .process_group(0)
            .env("SA_AMF_COMPONENT_NAME", comp.as_str());
        let mut child = tokio::process::Command::from(command).spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.ok_or_else(|| io::Error::other("it has no process"))?;
        fs::write(self.pid_file(comp), pid.as_raw_pid().to_string())?;
        tracing::info!(%comp, pid = pid.as_raw_pid(), "started");
        // Takes its status when it ends; the framework itself notices the end.
        tokio::task::spawn_local(async move { child.wait().await });
        Ok(pid)
    }

    fn signal(&self, comp: &Dn, signal: Signal) {
        match self.pid(comp).map(|pid| kill_process(pid, signal)) {
            Some(Ok(())) => tracing::info!(%comp, ?signal, "told"),
            Some(Err(error)) => tracing::warn!(%comp, %error, "cannot be told"),
            None => tracing::info!(%comp, "does not run"),
        }
    }

    /// Ends the daemon and waits until it is gone; the framework's timeout is the limit.
    async fn end(&self, comp: &Dn, signal: Signal) {
        self.signal(comp, signal);
        while self.pid(comp).is_some() {
            tokio::time::sleep(LOOK).await;
        }
    }
}
