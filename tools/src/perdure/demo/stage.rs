//! The cluster that the demo plays on, and what the demo wants to know of it.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ais::amf::{AdminOperation, HaState};
use ais::{Attr, AttrModification, CcbOperation, Dn, ModificationType, Scope, Value};
use immd_client::{AdminOwner, Imm};
use rustix::process::{Pid, Signal, kill_process};

use crate::perdure::cluster;
use crate::perdure::failure::Failure;
use crate::perdure::place::Place;
use crate::perdure::record::Record;

/// How long anything may take before the demo calls it failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_micros(500);
/// The directory and the port that the model names.
const MODEL_BUNDLE: &str = "/opt/perdure/demo";
const MODEL_PORT: &str = "<value>8080</value>";

/// Who does what for the web SI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Roles {
    pub(super) active: Dn,
    pub(super) standby: Dn,
}

/// The demo's cluster.
pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) port: u16,
}

impl Stage {
    /// A stage in this directory; without one, in a new temporary one.
    pub(super) fn prepare(dir: Option<&Path>, port: Option<u16>) -> Result<Stage, Failure> {
        let port = match port {
            Some(port) => usable(port)?,
            None => usable(0)?,
        };
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("perdure-demo-{}", &unique[..8]);
        let dir = dir.map_or_else(|| std::env::temp_dir().join(name), Path::to_path_buf);
        let place = Place::find(Some(&dir))?;
        if let Some(pid) = place.holder() {
            let dir = place.dir().display();
            return Err(Failure::new(format!(
                "a cluster already runs in {dir} (pid {pid})"
            )));
        }
        place.create()?;
        Ok(Stage { place, port })
    }

    /// Starts the cluster with the demo's model.
    pub(super) fn up(&self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::failed("prepare the demo", &error);
        let program = std::env::current_exe().map_err(failed)?;
        let bundle = self.place.dir().join("bundle");
        crate::samples::write_bundle(&bundle, &program).map_err(failed)?;
        let port = format!("<value>{}</value>", self.port);
        let model = models::DEMO
            .replace(MODEL_BUNDLE, &bundle.display().to_string())
            .replace(MODEL_PORT, &port);
        let path = self.place.dir().join("demo.xml");
        std::fs::write(&path, model).map_err(failed)?;
        self.perdure(&["up", "--detach"], Some(path))
    }

    /// Stops the cluster.
    pub(super) fn down(&self) -> Result<(), Failure> {
        self.perdure(&["down"], None)
    }

    fn perdure(&self, arguments: &[&str], file: Option<PathBuf>) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::failed("run perdure", &error);
        let output = Command::new(crate::perdure::OWN_PROGRAM)
            .arg0("perdure")
            .args(arguments)
            .arg("--dir")
            .arg(self.place.dir())
            .args(file)
            .stdin(Stdio::null())
            .output()
            .map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        Err(Failure::new(format!(
            "perdure {} ended with {}",
            arguments.join(" "),
            output.status
        ))
        .and(said))
    }

    /// A connection to the cluster, waited for where immd is away.
    pub(super) async fn connect(&self) -> Result<Imm, Failure> {
        let begin = Instant::now();
        loop {
            match cluster::connect(&self.place).await {
                Ok(imm) => return Ok(imm),
                Err(failure) if begin.elapsed() > PATIENCE => return Err(failure),
                Err(_) => tokio::time::sleep(LOOK_PAUSE).await,
            }
        }
    }

    /// The recorded process of a daemon.
    pub(super) fn daemon(&self, name: &str) -> Option<u32> {
        let record = Record::load(&self.place.record())?;
        record.daemons.iter().find(|daemon| daemon.name == name)?.pid
    }

    /// The processes of a component, in ascending order.
    pub(super) fn processes(&self, comp: &str) -> Vec<u32> {
        let name = format!("SA_AMF_COMPONENT_NAME={comp}");
        let socket = format!("PERDURE_AMFND_SOCKET={}/", self.place.dir().display());
        let Ok(entries) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        let mut pids: Vec<u32> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| has_environment(*pid, name.as_bytes(), socket.as_bytes()))
            .collect();
        pids.sort_unstable();
        pids
    }
}

/// Whether a process has this variable, and one that begins like this.
fn has_environment(pid: u32, variable: &[u8], beginning: &[u8]) -> bool {
    let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    let has = |test: &dyn Fn(&[u8]) -> bool| environment.split(|byte| *byte == 0).any(test);
    has(&|entry| entry == variable) && has(&|entry| entry.starts_with(beginning))
}

/// A port that can be listened on; 0 stands for any.
fn usable(port: u16) -> Result<u16, Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("use port {port} on 127.0.0.1"), &error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(failed)
}

/// Waits until the condition holds; says how long that took.
pub(super) async fn wait_for(
    what: &str,
    mut condition: impl AsyncFnMut() -> bool,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    while !condition().await {
        if begin.elapsed() > PATIENCE {
            return Err(Failure::new(format!(
                "waited {} s in vain for {what}",
                PATIENCE.as_secs()
            )));
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
    Ok(begin.elapsed())
}

/// Kills a process as nothing can prevent.
pub(super) fn kill(pid: u32) -> Result<(), Failure> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let process = process.ok_or_else(|| Failure::new(format!("{pid} is not a process")))?;
    kill_process(process, Signal::KILL)
        .map_err(|error| Failure::failed(format!("kill process {pid}"), &error))
}

/// Who is active and who is standby for the SI; `None` while either is nobody.
pub(super) async fn roles(imm: &Imm, si: &str) -> Option<Roles> {
    let objects = cluster::objects(imm, "SaAmfSIAssignment", &["saAmfSISUHAState"])
        .await
        .ok()?;
    let holder = |wanted: HaState| {
        let held = objects.iter().find(|object| {
            object.dn.parent().is_some_and(|parent| parent.as_str() == si)
                && cluster::number(object, "saAmfSISUHAState") == Some(wanted.code())
        });
        Dn::new(&held?.dn.rdn_value()).ok()
    };
    Some(Roles {
        active: holder(HaState::Active)?,
        standby: holder(HaState::Standby)?,
    })
}

/// An administrative operation, and how long it took.
pub(super) async fn operate(
    owner: &AdminOwner,
    dn: &Dn,
    operation: AdminOperation,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    cluster::operate_as_owner(owner, dn, operation).await?;
    Ok(begin.elapsed())
}

/// Gives an attribute a text, and says how long that took.
pub(super) async fn change(owner: &AdminOwner, dn: &Dn, attr: &str, text: &str) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let failed = |error| Failure::imm(format!("change {dn}"), &error);
    let operation = CcbOperation::Modify {
        dn: dn.clone(),
        changes: vec![AttrModification {
            kind: ModificationType::Replace,
            attr: Attr::single(attr, Value::String(text.to_owned())),
        }],
    };
    owner
        .set(std::slice::from_ref(dn), Scope::One)
        .await
        .map_err(failed)?;
    owner.ccb_apply(0, &[operation]).await.map_err(failed)?;
    owner
        .release(std::slice::from_ref(dn), Scope::One)
        .await
        .map_err(failed)?;
    Ok(begin.elapsed())
}
