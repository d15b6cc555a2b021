//! A node with components that behave, until a test says otherwise. Time moves only when a test moves it.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test file uses a part"
)]

mod node;

use ais::amf::{
    Command, CompCategory, CompConfig, CsiAssignment, CsiTransition, EscalationLimits, Healthcheck,
    ManagedBy, Monitoring, RecommendedRecovery, SiAssignment, SuConfig,
};
use ais::{Dn, Millis};
use amfnd_engine::RunOutcome;

pub use node::Node;

pub fn dn(text: &str) -> Dn {
    Dn::new(text).expect("a DN")
}

/// `SU1` is an SU, `A` a component of SU1; `B@SU2` one of SU2.
pub fn su_dn(name: &str) -> Dn {
    dn(&format!("safSu={name},safSg=G,safApp=X"))
}

pub fn comp_dn(name: &str) -> Dn {
    let (comp, su) = name.split_once('@').unwrap_or((name, "SU1"));
    dn(&format!("safComp={comp},safSu={su},safSg=G,safApp=X"))
}

pub fn si_dn(name: &str) -> Dn {
    dn(&format!("safSi={name},safApp=X"))
}

pub fn csi_dn(name: &str) -> Dn {
    let (csi, si) = name.split_once('@').unwrap_or((name, "S"));
    dn(&format!("safCsi={csi},safSi={si},safApp=X"))
}

pub fn command(path: &str) -> Command {
    Command {
        path: format!("/opt/x/{path}"),
        argv: Vec::new(),
        timeout: Millis(1000),
    }
}

/// An SA-aware component at level 1 with two quick retries and one delayed.
pub fn comp(name: &str) -> CompConfig {
    CompConfig {
        dn: comp_dn(name),
        category: CompCategory::SA_AWARE,
        instantiation_level: 1,
        instantiate: Some(command("start")),
        terminate: Some(command("stop")),
        cleanup: Some(command("clean")),
        env: vec!["MODE=test".to_owned()],
        instantiate_retries_without_delay: 1,
        instantiate_retries_with_delay: 1,
        instantiate_delay: Millis(50),
        terminate_callback_timeout: Millis(500),
        csi_set_timeout: Millis(300),
        csi_remove_timeout: Millis(400),
        quiescing_complete_timeout: Millis(700),
        recovery_on_error: RecommendedRecovery::ComponentRestart,
        disable_restart: false,
        healthchecks: vec![Healthcheck {
            key: "hc".to_owned(),
            period: Millis(100),
            max_duration: Millis(60),
        }],
        monitoring: Monitoring::default(),
        managed_by: ManagedBy::default(),
    }
}

pub fn at_level(level: u32, mut config: CompConfig) -> CompConfig {
    config.instantiation_level = level;
    config
}

/// A component with commands only.
pub fn script(name: &str) -> CompConfig {
    CompConfig {
        category: CompCategory::LOCAL,
        ..comp(name)
    }
}

/// Generous restarts: three component restarts, two SU restarts (by the specification one fewer each).
pub fn su(name: &str, comps: Vec<CompConfig>) -> SuConfig {
    SuConfig {
        dn: su_dn(name),
        su_failover: false,
        limits: EscalationLimits {
            comp_restart_max: 3,
            comp_restart_probation: Millis(4000),
            su_restart_max: 2,
            su_restart_probation: Millis(8000),
        },
        comps,
    }
}

/// `csi(name, comp)` at dependency level 1 with one attribute.
pub fn csi(name: &str, comp: &str) -> CsiAssignment {
    CsiAssignment {
        csi: csi_dn(name),
        comp: comp_dn(comp),
        dependency_level: 1,
        transition: CsiTransition::NewAssign,
        active_comp: None,
        standby_rank: 0,
        attributes: vec![("port".to_owned(), vec!["80".to_owned(), "81".to_owned()])],
        needs: Vec::new(),
    }
}

/// The CSI needs these, which are of the levels below.
pub fn needs(level: u32, names: &[&str], csi: CsiAssignment) -> CsiAssignment {
    let mut csi = depends(level, csi);
    csi.needs = names.iter().map(|name| csi_dn(name)).collect();
    csi
}

pub fn depends(level: u32, mut csi: CsiAssignment) -> CsiAssignment {
    csi.dependency_level = level;
    csi
}

pub fn si(name: &str, csis: Vec<CsiAssignment>) -> SiAssignment {
    SiAssignment {
        si: si_dn(name),
        csis,
    }
}

/// What a component does when it is asked for something.
#[derive(Debug, Clone)]
pub enum Act {
    /// Nothing; the test answers, or time does.
    Hang,
    /// A command ends so, a callback is answered with an error.
    Fail,
    /// INSTANTIATE exits with this.
    Exit(i32),
    /// A command cannot be started.
    Missing,
    /// INSTANTIATE succeeds and nobody registers.
    Mute,
    /// The terminate callback is answered, and the process stays.
    Stay,
}

pub fn exit(code: i32) -> RunOutcome {
    let stderr = if code == 0 {
        String::new()
    } else {
        format!("failing with {code}")
    };
    RunOutcome::Exited { code, stderr }
}
