//! The component that the measurements are made with: it tells the time at which it is told something.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::ExitCode;

use ais::AisError;
use ais::amf::{CallbackKind, HaState, HealthcheckInvocation, RecommendedRecovery};
use amfnd_client::{Amf, AmfError};

/// The first argument that makes this program the component.
pub const NAME: &str = "bench-component";
/// The environment variable with the socket to tell.
pub const SOCKET: &str = "BENCH_SOCKET";

/// The key of its healthcheck, where the model has one.
pub const HEALTHCHECK: &str = "Bench";

/// Writes the command that starts the component, which is this program. Its allocator is the daemons', who ask for huge pages:
/// three for each process, and where the host takes back what is free, clearing one takes up to 8 ms. That is no part of what
/// is measured, and no component has this allocator unless it chooses it.
pub fn write_command(path: &Path, program: &Path) -> Result<(), String> {
    let text = format!("#!/bin/sh\nMIMALLOC_ALLOW_THP=0 {} {NAME} &\n", program.display());
    std::fs::write(path, text).map_err(|e| e.to_string())?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).map_err(|e| e.to_string())
}

/// Registers and answers every callback; tells each HA state on the socket as `STATE component pid`.
pub fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let local = tokio::task::LocalSet::new();
    match local.block_on(&runtime, serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(std::env::var(SOCKET)?)?;
    let amf = Amf::initialize().await?;
    let comp = Amf::component_name()?;
    amf.register(&comp).await?;
    let started = amf.healthcheck_start(
        &comp,
        HEALTHCHECK,
        HealthcheckInvocation::AmfInvoked,
        RecommendedRecovery::ComponentRestart,
    );
    match started.await {
        // Not every model has it.
        Ok(())
        | Err(AmfError::Refused {
            error: AisError::NotExist,
            ..
        }) => {}
        Err(error) => return Err(error.into()),
    }
    while let Some(callback) = amf.next_callback().await {
        if let CallbackKind::CsiSet { ha, .. } = &callback.kind {
            socket.send(format!("{ha} {comp} {}", std::process::id()).as_bytes())?;
        }
        amf.response(callback.invocation, Ok(())).await?;
        match callback.kind {
            CallbackKind::CsiSet {
                ha: HaState::Quiescing,
                ..
            } => {
                amf.csi_quiescing_complete(callback.invocation, Ok(())).await?;
            }
            CallbackKind::Terminate => {
                amf.finalize().await;
                return Ok(());
            }
            CallbackKind::CsiSet { .. }
            | CallbackKind::CsiRemove { .. }
            | CallbackKind::CsiAttributeChange { .. }
            | CallbackKind::ProxiedInstantiate
            | CallbackKind::ProxiedCleanup
            | CallbackKind::ContainedInstantiate
            | CallbackKind::ContainedCleanup
            | CallbackKind::Healthcheck { .. } => {}
        }
    }
    Ok(())
}
