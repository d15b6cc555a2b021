//! Rust component API of the Availability Management Framework (SAI-AIS-AMF).
//!
//! [`Amf`] is a process's connection to its node director; callbacks arrive through [`Amf::next_callback`] and are
//! answered with [`Amf::response`]. Everything is `!Send` and must run on a tokio `LocalSet`.

use ais::amf::{CallbackKind, HaState, HealthcheckInvocation, RecommendedRecovery};
use ais::{AisError, Dn};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum AmfError {
    /// The environment does not say which component this is, or where the node director listens.
    #[error("{0} is not set; is this program started by a node director?")]
    NoEnvironment(&'static str),
    /// The node director does not answer.
    #[error("no node director answers on {socket}")]
    NotRunning {
        /// The path of the socket.
        socket: String,
        /// Why the connection failed.
        #[source]
        source: std::io::Error,
    },
    /// The node director refused.
    #[error("{error}: {text}")]
    Refused {
        /// The code.
        error: AisError,
        /// Why.
        text: String,
    },
    /// The connection broke: the node director is gone.
    #[error("the connection to the node director broke: {0}")]
    Disconnected(String),
}

/// A callback that awaits [`Amf::response`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Names the callback.
    pub invocation: u64,
    /// The component it is for.
    pub comp: Dn,
    /// What is asked.
    pub kind: CallbackKind,
}

/// A process's connection to its node director.
#[derive(Clone)]
pub struct Amf {}

impl Amf {
    /// Connects to the node director named by `PERDURE_AMFND_SOCKET`.
    pub async fn initialize() -> Result<Amf, AmfError> {
        unimplemented!()
    }

    /// The component that this process belongs to, from `SA_AMF_COMPONENT_NAME`.
    pub fn component_name() -> Result<Dn, AmfError> {
        unimplemented!()
    }

    /// Registers the component; from now on it gets callbacks.
    pub async fn register(&self, _comp: &Dn) -> Result<(), AmfError> {
        unimplemented!()
    }

    /// The next callback; `None` when the node director is gone.
    pub async fn next_callback(&self) -> Option<Callback> {
        unimplemented!()
    }

    /// Answers a callback.
    pub async fn response(&self, _invocation: u64, _result: Result<(), AisError>) -> Result<(), AmfError> {
        unimplemented!()
    }

    /// Starts a healthcheck.
    pub async fn healthcheck_start(
        &self,
        _comp: &Dn,
        _key: &str,
        _invocation: HealthcheckInvocation,
        _recovery: RecommendedRecovery,
    ) -> Result<(), AmfError> {
        unimplemented!()
    }

    /// Confirms a healthcheck that the component invokes.
    pub async fn healthcheck_confirm(
        &self,
        _comp: &Dn,
        _key: &str,
        _result: Result<(), AisError>,
    ) -> Result<(), AmfError> {
        unimplemented!()
    }

    /// Stops a healthcheck.
    pub async fn healthcheck_stop(&self, _comp: &Dn, _key: &str) -> Result<(), AmfError> {
        unimplemented!()
    }

    /// Quiescing, asked for by the callback with this invocation, is complete.
    pub async fn csi_quiescing_complete(
        &self,
        _invocation: u64,
        _result: Result<(), AisError>,
    ) -> Result<(), AmfError> {
        unimplemented!()
    }

    /// The HA state of the component for the CSI.
    pub async fn ha_state_get(&self, _comp: &Dn, _csi: &Dn) -> Result<HaState, AmfError> {
        unimplemented!()
    }

    /// Reports an error of a component.
    pub async fn error_report(&self, _comp: &Dn, _recovery: RecommendedRecovery) -> Result<(), AmfError> {
        unimplemented!()
    }

    /// Clears an error of a component.
    pub async fn error_clear(&self, _comp: &Dn) -> Result<(), AmfError> {
        unimplemented!()
    }
}
