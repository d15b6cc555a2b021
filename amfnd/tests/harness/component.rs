//! The component that the tests run: this test program, started again by an INSTANTIATE command.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use ais::amf::{CsiDescriptor, HaState, RecommendedRecovery};
use ais::{AisError, Dn};
use amfnd_client::{Amf, Component, Quiescing};

/// What a component's process runs; does nothing when it runs as a test.
#[test]
fn component_process() {
    let Ok(mode) = std::env::var("TEST_MODE") else {
        return;
    };
    let dir = PathBuf::from(std::env::var("TEST_DIR").unwrap());
    let lingers = (mode == "lingers").then(|| dir.join("last-words"));
    let component = Tested {
        dir,
        mode,
        connected: None,
        checks: 0,
    };
    amfnd_client::run(component).unwrap();
    if let Some(path) = lingers {
        std::thread::sleep(Duration::from_millis(200));
        fs::write(path, "all is written").unwrap();
    }
}

struct Tested {
    dir: PathBuf,
    mode: String,
    connected: Option<(Amf, Dn)>,
    /// How often it was asked whether it is healthy.
    checks: u32,
}

impl Tested {
    fn say(&self, line: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.dir.join("said"))
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }

    /// The first of its processes reports an error of its component.
    fn report_once(&self) {
        if self.first("reported") {
            let (amf, comp) = self.connected.clone().unwrap();
            // Another task, for the answer to this callback need not wait for it.
            tokio::task::spawn_local(async move {
                amf.error_report(&comp, RecommendedRecovery::ComponentRestart)
                    .await
                    .unwrap();
            });
        }
    }

    /// Whether this is the first time; later processes of the component are told apart so.
    fn first(&self, what: &str) -> bool {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(self.dir.join(what))
            .is_ok()
    }
}

impl Component for Tested {
    fn healthchecks(&self) -> Vec<(String, RecommendedRecovery)> {
        vec![("Test".to_owned(), RecommendedRecovery::ComponentRestart)]
    }

    fn registered(&mut self, amf: &Amf, comp: &Dn) {
        self.connected = Some((amf.clone(), comp.clone()));
        fs::write(self.dir.join("pid"), std::process::id().to_string()).unwrap();
        self.say("registered");
    }

    async fn csi_set(&mut self, ha: HaState, csi: CsiDescriptor) -> Result<(), AisError> {
        let values: Vec<String> = csi
            .attributes
            .iter()
            .map(|(name, values)| format!("{name}={}", values.join(",")))
            .collect();
        self.say(&format!("{ha} {}", values.join(" ")));
        if self.mode == "reports-error" {
            self.report_once();
        }
        if self.mode == "fails-once" && self.first("failed") {
            return Err(AisError::FailedOperation);
        }
        Ok(())
    }

    fn quiesce(&mut self, _csi: CsiDescriptor) -> Quiescing {
        self.say("QUIESCING");
        let go_on = self.dir.join("go-on");
        Box::pin(async move {
            while !go_on.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        })
    }

    async fn csi_remove(&mut self, _csi: Option<Dn>) -> Result<(), AisError> {
        self.say("removed");
        Ok(())
    }

    async fn healthcheck(&mut self, _key: &str) -> Result<(), AisError> {
        self.say("healthy");
        self.checks += 1;
        if self.mode == "reports-after-ten" && self.checks == 10 {
            self.report_once();
        }
        Ok(())
    }

    async fn terminate(&mut self) {
        self.say("terminated");
    }
}
