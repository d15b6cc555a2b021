//! Components that misbehave, each in one way; when they are started again they behave.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ais::amf::{CallbackKind, HaState, HealthcheckInvocation, RecommendedRecovery};
use ais::{AisError, Dn};
use amfnd_client::{Amf, AmfError, Callback};

use super::model::csi;
use super::tamper::{Tampering, tamper};

/// What a bad component's process runs; does nothing when it runs as a test.
#[test]
fn bad_component_process() {
    let Ok(mode) = std::env::var("TEST_MODE") else {
        return;
    };
    let dir = PathBuf::from(std::env::var("TEST_DIR").unwrap());
    let fresh = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(dir.join("was-bad"));
    let bad = Bad {
        mode: if fresh.is_ok() { mode } else { "behaves".to_owned() },
        dir,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, bad.live());
}

struct Bad {
    mode: String,
    dir: PathBuf,
}

impl Bad {
    fn say(&self, line: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.dir.join("said"))
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }

    /// Ends the process here, if that is what it does.
    fn may_exit(&self, place: &str) {
        if self.mode == format!("exits-{place}") {
            std::process::exit(7);
        }
    }

    async fn live(&self) {
        self.may_exit("before-register");
        let amf = self.connect().await;
        let comp = Amf::component_name().unwrap();
        amf.register(&comp).await.unwrap();
        self.say("registered");
        self.registered(&amf, &comp).await;
        let (framework, recovery) = (
            HealthcheckInvocation::AmfInvoked,
            RecommendedRecovery::ComponentRestart,
        );
        match amf.healthcheck_start(&comp, "Test", framework, recovery).await {
            Ok(()) | Err(AmfError::Refused { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        while let Some(callback) = amf.next_callback().await {
            let last = callback.kind == CallbackKind::Terminate && self.mode != "silent-in-terminate";
            self.answer(&amf, callback).await;
            if last {
                amf.finalize().await;
                return;
            }
        }
        self.cut_off();
    }

    /// The connection is gone. Its process stays where the connection alone is to be the reason.
    fn cut_off(&self) {
        self.say("cut off");
        if self.mode.starts_with("wire-") {
            std::thread::sleep(Duration::from_secs(1000));
        }
    }

    /// Connects, through somebody who spoils what is sent where that is the story.
    async fn connect(&self) -> Amf {
        let tampering = match self.mode.as_str() {
            "wire-answers-twice" => Tampering::Twice,
            "wire-unknown-answer" => Tampering::Unknown,
            "wire-rubbish" => Tampering::Rubbish,
            "wire-half-message" => Tampering::Half,
            "wire-huge-message" => Tampering::Huge,
            _ => return Amf::initialize().await.unwrap(),
        };
        let real = std::env::var("PERDURE_AMFND_SOCKET").unwrap();
        let own = self.dir.join("spoilt.sock");
        tamper(Path::new(&real), &own, tampering);
        Amf::initialize_at(own.to_str().unwrap()).await.unwrap()
    }

    /// What it does once it is registered.
    async fn registered(&self, amf: &Amf, comp: &Dn) {
        self.may_exit("after-register");
        match self.mode.as_str() {
            "registers-twice" => {
                self.code("again", amf.register(comp).await);
                let other = Amf::initialize().await.unwrap();
                self.code("elsewhere", other.register(comp).await);
                let stranger = Dn::new("safComp=D,safSu=SU2,safSg=G,safApp=A").unwrap();
                self.code("stranger", other.register(&stranger).await);
                other.finalize().await;
            }
            "unknown-invocations" => {
                self.code("response", amf.response(987_654, Ok(())).await);
                self.code("quiescing", amf.csi_quiescing_complete(987_654, Ok(())).await);
                let huge = "x".repeat(5000);
                self.code("key", amf.healthcheck_stop(comp, &huge).await);
                self.code("csi", amf.ha_state_get(comp, &csi()).await.map(drop));
            }
            "floods" => self.flood(amf, comp).await,
            "floods-sessions" => {
                let mut sessions = Vec::new();
                let refused = loop {
                    match amf.link().initialize().await {
                        Ok(session) => sessions.push(session),
                        Err(error) => break Err(error),
                    }
                };
                self.say(&format!("sessions {}", sessions.len() > 1000));
                self.code("sessions", refused);
            }
            "floods-connections" => {
                let mut open = Vec::new();
                while let Ok(connection) = Amf::initialize().await {
                    open.push(connection);
                }
                self.say(&format!("connections {}", open.len() < 40));
            }
            "leaves-children" => {
                let mut child = Command::new("/usr/bin/setsid");
                child
                    .args(["sleep", "1000"])
                    .stdin(Stdio::null())
                    .process_group(0)
                    .env_clear();
                let child = child.spawn().unwrap();
                fs::write(self.dir.join("child"), child.id().to_string()).unwrap();
                std::process::exit(7);
            }
            "prints" => {
                let line = vec![b'x'; 1 << 16];
                let mut out = std::io::stdout();
                for _ in 0..(100 << 4) {
                    out.write_all(&line).unwrap();
                }
                out.flush().unwrap();
                self.say("printed");
            }
            _ => {}
        }
    }

    /// Asks much more at a time than a session may.
    async fn flood(&self, amf: &Amf, comp: &Dn) {
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..2_000 {
            let (amf, comp) = (amf.clone(), comp.clone());
            asked.spawn_local(async move { amf.ha_state_get(&comp, &csi()).await });
        }
        let (mut served, mut later, mut other) = (0, 0, 0);
        while let Some(answer) = asked.join_next().await {
            match answer.unwrap() {
                Err(AmfError::Refused {
                    error: AisError::TryAgain,
                    ..
                }) => later += 1,
                Err(AmfError::Refused { .. }) | Ok(_) => served += 1,
                Err(_) => other += 1,
            }
        }
        assert_eq!(served + later + other, 2_000);
        self.say(&format!(
            "flooded served={} later={} lost={other}",
            served > 0,
            later > 0
        ));
    }

    fn code(&self, what: &str, result: Result<(), AmfError>) {
        let code = match result {
            Ok(()) => "OK".to_owned(),
            Err(AmfError::Refused { error, .. }) => error.name().to_owned(),
            Err(other) => other.to_string(),
        };
        self.say(&format!("{what}: {code}"));
    }

    async fn answer(&self, amf: &Amf, callback: Callback) {
        let (place, set) = match &callback.kind {
            CallbackKind::CsiSet { ha, .. } => ("csi-set", Some(*ha)),
            CallbackKind::CsiRemove { .. } => ("csi-remove", None),
            CallbackKind::Healthcheck { .. } => ("healthcheck", None),
            CallbackKind::Terminate => ("terminate", None),
            _ => ("other", None),
        };
        self.may_exit(&format!("in-{place}"));
        if self.mode == format!("hangs-in-{place}") {
            // The socket stays open, nobody serves it.
            std::thread::sleep(Duration::from_secs(1000));
        }
        if self.mode == format!("silent-in-{place}") {
            return;
        }
        let invocation = callback.invocation;
        if amf.response(invocation, Ok(())).await.is_err() {
            return self.cut_off();
        }
        if self.mode == "answers-twice" && set.is_some() {
            self.code("second answer", amf.response(invocation, Ok(())).await);
            let failed = Err(AisError::FailedOperation);
            self.code("third answer", amf.response(invocation, failed).await);
        }
        amf.link().flush().await.ok();
        self.may_exit(&format!("after-{place}"));
        match set {
            Some(HaState::Active) => self.say("ACTIVE"),
            Some(_) => self.say("other state"),
            None if place == "csi-remove" => self.say("removed"),
            None => {}
        }
        if place == "terminate" {
            self.say("terminated");
        }
    }
}
