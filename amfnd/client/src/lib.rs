//! Rust component API of the Availability Management Framework (SAI-AIS-AMF).
//!
//! [`Amf`] is a process's connection to its node director; callbacks arrive through [`Amf::next_callback`] and are
//! answered with [`Amf::response`]. Everything is `!Send` and must run on a tokio `LocalSet`.
//!
//! Most programs need less: implement [`Component`] and call [`run`]. It connects, registers, starts healthchecks,
//! answers every callback, and comes back when the component shall end.
//!
//! ```no_run
//! use ais::AisError;
//! use ais::amf::{CsiDescriptor, HaState};
//! use amfnd_client::{AmfError, Component};
//!
//! struct Greeter;
//!
//! impl Component for Greeter {
//!     async fn csi_set(&mut self, ha: HaState, csi: CsiDescriptor) -> Result<(), AisError> {
//!         println!("now {ha} for {:?}", csi.csi);
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> Result<(), AmfError> {
//!     amfnd_client::run(Greeter)
//! }
//! ```

use std::rc::Rc;

use ais::amf::{
    CallbackKind, HaReadinessState, HaState, HealthcheckInvocation, PmErrors, PmStopQualifier,
    ProtectionGroupNotification, RecommendedRecovery, TrackFlags,
};
use ais::ntf::CorrelationIds;
use ais::{AisError, Dn};
use schema::WireError;
use schema::value::{healthcheck_invocation_code, optional_dn, read_ha, read_status, result_code};

mod component;
mod connection;
mod link;

pub use component::{Component, Quiescing, attend, run};
pub use link::Link;

use connection::Session;

/// The environment variable that names the component.
const COMPONENT_VARIABLE: &str = "SA_AMF_COMPONENT_NAME";
/// The environment variable that names the node director's socket.
const SOCKET_VARIABLE: &str = "PERDURE_AMFND_SOCKET";

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

impl AmfError {
    /// A refusal that this side makes.
    fn refused(error: AisError, text: impl Into<String>) -> AmfError {
        AmfError::Refused {
            error,
            text: text.into(),
        }
    }
}

impl From<capnp::Error> for AmfError {
    fn from(error: capnp::Error) -> AmfError {
        match error.kind {
            capnp::ErrorKind::Disconnected => AmfError::Disconnected(error.extra),
            // An older node director.
            capnp::ErrorKind::Unimplemented => AmfError::refused(AisError::NotSupported, error.extra),
            _ => AmfError::refused(AisError::Library, error.to_string()),
        }
    }
}

impl From<WireError> for AmfError {
    fn from(error: WireError) -> AmfError {
        match error {
            WireError::Capnp(error) => error.into(),
            error => AmfError::refused(AisError::Library, error.to_string()),
        }
    }
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

/// A change of a protection group (`SaAmfProtectionGroupTrackCallbackT_4`); it is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// The CSI.
    pub csi: Dn,
    /// How many members it has, or why there is no group any more.
    pub members: Result<u32, AisError>,
    /// The members that were asked for.
    pub notifications: Vec<ProtectionGroupNotification>,
}

/// A process's session with its node director. Clones share it; when the last is dropped, it is finalised.
#[derive(Clone)]
pub struct Amf {
    session: Rc<Session>,
}

/// Sends a request whose answer is only a status.
macro_rules! ask {
    ($amf:expr, $method:ident, |$params:ident| $fill:block) => {{
        let mut request = $amf.session.session()?.$method();
        let mut $params = request.get();
        $fill
        let response = request.send().promise.await?;
        accepted(response.get()?.get_status()?)
    }};
}

impl Amf {
    /// Connects to the node director named by `PERDURE_AMFND_SOCKET`.
    pub async fn initialize() -> Result<Amf, AmfError> {
        Amf::initialize_at(&Link::socket()?).await
    }

    /// Connects to the node director that listens on this socket.
    pub async fn initialize_at(socket: &str) -> Result<Amf, AmfError> {
        Link::open(socket).await?.initialize().await
    }

    pub(crate) fn on(session: Session) -> Amf {
        Amf {
            session: Rc::new(session),
        }
    }

    /// The connection that the session is on.
    pub fn link(&self) -> &Link {
        self.session.link()
    }

    /// Ends the session in order: what was answered before is sent. A registered component counts as gone. With the
    /// last session the connection ends.
    pub async fn finalize(&self) {
        self.session.close().await;
    }

    /// Whether the node director is gone or the connection finalised.
    pub fn is_closed(&self) -> bool {
        self.session.session().is_err()
    }

    /// The component that this process belongs to, from `SA_AMF_COMPONENT_NAME`.
    pub fn component_name() -> Result<Dn, AmfError> {
        let name =
            std::env::var(COMPONENT_VARIABLE).map_err(|_| AmfError::NoEnvironment(COMPONENT_VARIABLE))?;
        Dn::new(&name).map_err(|error| {
            AmfError::refused(AisError::InvalidParam, format!("{COMPONENT_VARIABLE}: {error}"))
        })
    }

    /// Registers the component; from now on it gets callbacks.
    pub async fn register(&self, comp: &Dn) -> Result<(), AmfError> {
        ask!(self, register_request, |params| {
            params.set_comp(comp.as_str());
        })
    }

    /// Ends the registration of the component.
    pub async fn unregister(&self, comp: &Dn) -> Result<(), AmfError> {
        ask!(self, unregister_request, |params| {
            params.set_comp(comp.as_str());
        })
    }

    /// The next callback; `None` when the node director is gone.
    pub async fn next_callback(&self) -> Option<Callback> {
        self.session.next_callback().await
    }

    /// Answers a callback. A program that ends after its answer calls [`Amf::finalize`] before: the answer may not be sent yet
    /// when this returns, and an end without one is a failure.
    ///
    /// # Errors
    /// `SA_AIS_ERR_INVALID_PARAM` where no callback with this invocation awaits an answer.
    pub async fn response(&self, invocation: u64, result: Result<(), AisError>) -> Result<(), AmfError> {
        self.response_with(invocation, result, CorrelationIds::default())
            .await
    }

    /// As [`Amf::response`]; with a failure, the notifications that led to it.
    pub async fn response_with(
        &self,
        invocation: u64,
        result: Result<(), AisError>,
        ids: CorrelationIds,
    ) -> Result<(), AmfError> {
        self.session.respond(invocation, result_code(result), ids)?;
        // Lets the connection's task write the answer before the caller goes on.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Starts a healthcheck.
    pub async fn healthcheck_start(
        &self,
        comp: &Dn,
        key: &str,
        invocation: HealthcheckInvocation,
        recovery: RecommendedRecovery,
    ) -> Result<(), AmfError> {
        ask!(self, healthcheck_start_request, |params| {
            params.set_comp(comp.as_str());
            params.set_key(key);
            params.set_invocation(healthcheck_invocation_code(invocation));
            params.set_recovery(recovery.code());
        })
    }

    /// Confirms a healthcheck that the component invokes.
    pub async fn healthcheck_confirm(
        &self,
        comp: &Dn,
        key: &str,
        result: Result<(), AisError>,
    ) -> Result<(), AmfError> {
        ask!(self, healthcheck_confirm_request, |params| {
            params.set_comp(comp.as_str());
            params.set_key(key);
            params.set_result(result_code(result));
        })
    }

    /// Stops a healthcheck.
    pub async fn healthcheck_stop(&self, comp: &Dn, key: &str) -> Result<(), AmfError> {
        ask!(self, healthcheck_stop_request, |params| {
            params.set_comp(comp.as_str());
            params.set_key(key);
        })
    }

    /// Quiescing, asked for by the callback with this invocation, is complete.
    pub async fn csi_quiescing_complete(
        &self,
        invocation: u64,
        result: Result<(), AisError>,
    ) -> Result<(), AmfError> {
        ask!(self, csi_quiescing_complete_request, |params| {
            params.set_invocation(invocation);
            params.set_result(result_code(result));
        })
    }

    /// The HA state of the component for the CSI.
    pub async fn ha_state_get(&self, comp: &Dn, csi: &Dn) -> Result<HaState, AmfError> {
        let mut request = self.session.session()?.ha_state_get_request();
        request.get().set_comp(comp.as_str());
        request.get().set_csi(csi.as_str());
        let response = request.send().promise.await?;
        let response = response.get()?;
        accepted(response.get_status()?)?;
        Ok(read_ha(response.get_ha(), "haStateGet.ha")?)
    }

    /// From now on changes of the attributes of CSIs that the component has are told at once. For the process that
    /// registered it.
    pub async fn attribute_changes_accept(&self, comp: &Dn) -> Result<(), AmfError> {
        ask!(self, attribute_changes_accept_request, |params| {
            params.set_comp(comp.as_str());
        })
    }

    /// Registers a component for which the component `proxy`, registered by this process, is the proxy.
    pub async fn register_proxied(&self, comp: &Dn, proxy: &Dn) -> Result<(), AmfError> {
        ask!(self, register_request, |params| {
            params.set_comp(comp.as_str());
            params.set_proxy(proxy.as_str());
        })
    }

    /// Ends the registration of a proxied component; it goes on.
    pub async fn unregister_proxied(&self, comp: &Dn, proxy: &Dn) -> Result<(), AmfError> {
        ask!(self, unregister_request, |params| {
            params.set_comp(comp.as_str());
            params.set_proxy(proxy.as_str());
        })
    }

    /// From now on the ends `errors` of a process, and of `depth` generations of its descendants (`None`: all), are
    /// errors of the component.
    pub async fn pm_start(
        &self,
        comp: &Dn,
        pid: u64,
        depth: Option<u32>,
        errors: PmErrors,
        recovery: RecommendedRecovery,
    ) -> Result<(), AmfError> {
        ask!(self, pm_start_request, |params| {
            params.set_comp(comp.as_str());
            params.set_pid(pid);
            params.set_depth(depth.map_or(-1, |depth| i32::try_from(depth).unwrap_or(i32::MAX)));
            params.set_errors(errors.bits());
            params.set_recovery(recovery.code());
        })
    }

    /// The ends `errors` of the processes are no errors any more.
    pub async fn pm_stop(
        &self,
        comp: &Dn,
        qualifier: PmStopQualifier,
        pid: u64,
        errors: PmErrors,
    ) -> Result<(), AmfError> {
        ask!(self, pm_stop_request, |params| {
            params.set_comp(comp.as_str());
            params.set_qualifier(qualifier as u8);
            params.set_pid(pid);
            params.set_errors(errors.bits());
        })
    }

    /// Begins to track the protection group of a CSI: changes come through [`Amf::next_protection_group`]. With
    /// [`TrackFlags::CURRENT`] its members come back, in the order of their names; otherwise nothing does.
    pub async fn protection_group_track(
        &self,
        csi: &Dn,
        flags: TrackFlags,
    ) -> Result<Vec<ProtectionGroupNotification>, AmfError> {
        let mut request = self.session.session()?.protection_group_track_request();
        request.get().set_csi(csi.as_str());
        request.get().set_flags(flags.bits());
        let response = request.send().promise.await?;
        let response = response.get()?;
        accepted(response.get_status()?)?;
        Ok(schema::amf::read_notifications(response.get_notifications()?)?)
    }

    /// Tracks the protection group no more.
    pub async fn protection_group_track_stop(&self, csi: &Dn) -> Result<(), AmfError> {
        ask!(self, protection_group_track_stop_request, |params| {
            params.set_csi(csi.as_str());
        })
    }

    /// The next change of a protection group that is tracked; `None` when the node director is gone.
    pub async fn next_protection_group(&self) -> Option<GroupChange> {
        self.session.next_group().await
    }

    /// How ready the component is for a CSI, or with `None` for all that it has.
    pub async fn ha_readiness_state_set(
        &self,
        comp: &Dn,
        csi: Option<&Dn>,
        state: HaReadinessState,
    ) -> Result<(), AmfError> {
        ask!(self, ha_readiness_state_set_request, |params| {
            params.set_comp(comp.as_str());
            params.set_csi(optional_dn(csi));
            params.set_state(state.code());
        })
    }

    /// Reports an error of a component.
    pub async fn error_report(&self, comp: &Dn, recovery: RecommendedRecovery) -> Result<(), AmfError> {
        self.error_report_at(comp, 0, recovery, CorrelationIds::default())
            .await
    }

    /// Reports an error that was detected at this time, in nanoseconds since 1970; 0 is now. What the framework tells of it
    /// correlates to `ids`.
    pub async fn error_report_at(
        &self,
        comp: &Dn,
        detected: i64,
        recovery: RecommendedRecovery,
        ids: CorrelationIds,
    ) -> Result<(), AmfError> {
        ask!(self, error_report_request, |params| {
            params.set_comp(comp.as_str());
            params.set_detection_time(detected);
            params.set_recovery(recovery.code());
            params.set_root(ids.root);
            params.set_parent(ids.parent);
        })
    }

    /// Clears an error of a component. What the framework tells of it correlates to `ids`.
    pub async fn error_clear(&self, comp: &Dn, ids: CorrelationIds) -> Result<(), AmfError> {
        ask!(self, error_clear_request, |params| {
            params.set_comp(comp.as_str());
            params.set_root(ids.root);
            params.set_parent(ids.parent);
        })
    }

    /// The notifications that led to a callback, which is not answered yet.
    ///
    /// # Errors
    /// NOT_EXIST where no callback with this invocation awaits an answer, TRY_AGAIN where there is no director.
    pub async fn correlation_ids(&self, invocation: u64) -> Result<CorrelationIds, AmfError> {
        let mut request = self.session.session()?.correlation_ids_get_request();
        request.get().set_invocation(invocation);
        let response = request.send().promise.await?;
        let response = response.get()?;
        accepted(response.get_status()?)?;
        Ok(CorrelationIds {
            root: response.get_root(),
            parent: response.get_parent(),
        })
    }
}

/// The status as a result.
fn accepted(status: schema::value_capnp::status::Reader<'_>) -> Result<(), AmfError> {
    read_status(status)?.map_err(|refused| AmfError::Refused {
        error: refused.error,
        text: refused.texts.join("; "),
    })
}
