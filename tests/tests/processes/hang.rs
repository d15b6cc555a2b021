//! Daemons that hang are killed and started again, and nobody's service is disturbed.

use rustix::process::Signal;
use tests::cluster::wait_for;

use crate::stage::{Stage, WEB_SI, signal};

#[test]
fn a_daemon_that_hangs_is_killed_and_started_again() {
    let stage = Stage::up_as(|xml| xml, &["--hang-limit=2"]);
    let (active, _) = stage.roles();
    for daemon in ["amfd", "immd"] {
        let hung = stage.daemon_pid(daemon).expect("it runs");
        signal(hung, Signal::STOP);
        wait_for("another process of the daemon", || {
            stage.daemon_pid(daemon).is_some_and(|pid| pid != hung)
        })
        .expect("the watchdog kills it");
        stage.cluster.wait_ha(active, WEB_SI, "1");
    }
}
