//! What components' processes ask for (AMF B.04.01 §7).

use std::collections::BTreeSet;

use ais::amf::{ErrorSource, HaReadinessState, HaState, OperState, RecommendedRecovery};
use ais::{AisError, Dn, Refusal};

use crate::comp::{AttributeChanges, CallKind, Comp, Kind};
use crate::cx::Cx;
use crate::effect::{Answer, Effect};
use crate::event::{ComponentRequest, Invocation, RequestId, SessionId};
use crate::healthcheck::HealthcheckStart;
use crate::recovery::CompError;
use crate::su::Su;
use crate::watch::WatchStart;

/// The longest healthcheck key.
const KEY_LENGTH_MAX: usize = 32;

/// The component that a request is about; `None` for one that names only an invocation.
pub(crate) fn subject(body: &ComponentRequest) -> Option<&Dn> {
    match body {
        ComponentRequest::Register { comp }
        | ComponentRequest::Unregister { comp }
        | ComponentRequest::HealthcheckStart { comp, .. }
        | ComponentRequest::HealthcheckStop { comp, .. }
        | ComponentRequest::HealthcheckConfirm { comp, .. }
        | ComponentRequest::HaStateGet { comp, .. }
        | ComponentRequest::ErrorReport { comp, .. }
        | ComponentRequest::RegisterProxied { comp, .. }
        | ComponentRequest::RegisterContained { comp, .. }
        | ComponentRequest::UnregisterProxied { comp, .. }
        | ComponentRequest::AttributeChangesAccept { comp }
        | ComponentRequest::HaReadinessStateSet { comp, .. }
        | ComponentRequest::PmStart { comp, .. }
        | ComponentRequest::PmStop { comp, .. }
        | ComponentRequest::ErrorClear { comp } => Some(comp),
        ComponentRequest::CsiQuiescingComplete { .. }
        | ComponentRequest::ProtectionGroupTrack { .. }
        | ComponentRequest::ProtectionGroupTrackStop { .. } => None,
    }
}

/// The answer where the node has no such component, or no such invocation is open.
pub(crate) fn unknown(body: &ComponentRequest) -> Answer {
    let text = match subject(body) {
        Some(comp) => format!("{comp} is not a component of this node"),
        None => "no such callback is open".to_owned(),
    };
    match body {
        ComponentRequest::Register { .. }
        | ComponentRequest::RegisterProxied { .. }
        | ComponentRequest::RegisterContained { .. }
        | ComponentRequest::UnregisterProxied { .. }
        | ComponentRequest::Unregister { .. } => {
            Answer::Done(Err(Refusal::new(AisError::InvalidParam, text)))
        }
        ComponentRequest::HaStateGet { .. } => Answer::HaState(Err(AisError::InvalidParam)),
        ComponentRequest::HealthcheckStart { .. }
        | ComponentRequest::HealthcheckStop { .. }
        | ComponentRequest::HealthcheckConfirm { .. }
        | ComponentRequest::CsiQuiescingComplete { .. }
        | ComponentRequest::ErrorReport { .. }
        | ComponentRequest::AttributeChangesAccept { .. }
        | ComponentRequest::HaReadinessStateSet { .. }
        | ComponentRequest::ProtectionGroupTrack { .. }
        | ComponentRequest::ProtectionGroupTrackStop { .. }
        | ComponentRequest::PmStart { .. }
        | ComponentRequest::PmStop { .. }
        | ComponentRequest::ErrorClear { .. } => Answer::Done(Err(Refusal::new(AisError::NotExist, text))),
    }
}

/// The answer to a registration on a connection that registered another component.
pub(crate) fn registered_elsewhere(other: &Dn) -> Answer {
    let text = format!("this process registered {other}");
    Answer::Done(Err(Refusal::new(AisError::BadOperation, text)))
}

/// A recommendation that a component may give; AMF's own levels are refused.
///
/// DEVIATION(AMF-031): OpenSAF refuses APPLICATION_RESTART and CONTAINER_RESTART; they are carried out, the latter as a
/// failover of the component.
fn check_recovery(recovery: RecommendedRecovery) -> Result<(), Refusal> {
    use RecommendedRecovery as R;
    match recovery {
        R::SuRestart | R::SuFailover => Err(Refusal::new(
            AisError::Access,
            format!("{recovery} cannot be recommended"),
        )),
        R::NoRecommendation
        | R::ComponentRestart
        | R::ComponentFailover
        | R::NodeSwitchover
        | R::NodeFailover
        | R::NodeFailfast
        | R::ClusterReset
        | R::ApplicationRestart
        | R::ContainerRestart => Ok(()),
    }
}

fn check_key(key: &str) -> Result<(), Refusal> {
    if key.is_empty() || key.len() > KEY_LENGTH_MAX {
        let text = format!(
            "a healthcheck key has 1 to {KEY_LENGTH_MAX} bytes, this one has {}",
            key.len()
        );
        return Err(Refusal::new(AisError::InvalidParam, text));
    }
    Ok(())
}

/// What follows a request that was granted, after its answer.
enum Then {
    Nothing,
    Registered,
    /// By this proxy.
    Proxied(Dn),
    Unproxied,
    Healthcheck(HealthcheckStart),
    Quiesced(Invocation, Result<(), AisError>),
    Error(CompError),
    /// The registration is over, which is an error.
    Unregistered(CompError),
}

impl Su {
    /// Answers a request about the component at `at`, and then does what follows from it.
    pub(crate) fn request(
        &mut self,
        at: usize,
        session: SessionId,
        request: RequestId,
        body: ComponentRequest,
        cx: &mut Cx,
    ) {
        if let ComponentRequest::HaStateGet { csi, .. } = &body {
            let answer = Answer::HaState(self.ha_state(at, csi));
            return cx.emit(Effect::Reply { request, answer });
        }
        let (answer, then) = match self.granted(at, session, body, cx) {
            Ok(then) => (Ok(()), then),
            Err(refusal) => (Err(refusal), Then::Nothing),
        };
        let answer = Answer::Done(answer);
        cx.emit(Effect::Reply { request, answer });
        match then {
            Then::Nothing => {}
            Then::Registered => self.with_comp(at, cx, |comp, cx| comp.registered(session, cx)),
            Then::Proxied(proxy) => {
                if let Some(left) = self.comps[at].session.filter(|own| *own != session) {
                    self.manager_gone(at, left, cx);
                }
                self.comps[at].manager = Some(proxy);
                self.with_comp(at, cx, |comp, cx| comp.registered(session, cx));
            }
            Then::Unproxied => self.manager_gone(at, session, cx),
            Then::Healthcheck(start) => self.comps[at].healthcheck_start(start, cx),
            Then::Quiesced(invocation, result) => self.quiescing_completed(at, invocation, result, cx),
            Then::Error(error) => self.component_failed(at, error, cx),
            Then::Unregistered(error) => {
                self.comps[at].end_registration(cx);
                self.component_failed(at, error, cx);
            }
        }
    }

    fn granted(
        &mut self,
        at: usize,
        session: SessionId,
        body: ComponentRequest,
        cx: &mut Cx,
    ) -> Result<Then, Refusal> {
        let comp = &mut self.comps[at];
        match body {
            ComponentRequest::Register { .. } => self.check_register(at, session),
            ComponentRequest::Unregister { .. } => self.check_unregister(at, session, cx),
            ComponentRequest::RegisterContained { container, .. } => {
                if comp.manager.as_ref() != Some(&container) || comp.kind != Kind::Contained {
                    let text = format!(
                        "the process belongs to {container}, which does not contain {}",
                        comp.dn()
                    );
                    return Err(Refusal::new(AisError::BadOperation, text));
                }
                self.check_register(at, session)
            }
            ComponentRequest::RegisterProxied { proxy, .. } => {
                comp.check_register_proxied(&proxy, session, cx)?;
                Ok(Then::Proxied(proxy))
            }
            ComponentRequest::UnregisterProxied { proxy, .. } => {
                comp.check_unregister_proxied(&proxy, session)?;
                Ok(Then::Unproxied)
            }
            ComponentRequest::AttributeChangesAccept { .. } => {
                if comp.session != Some(session) {
                    let text = format!("{} was registered on another connection", comp.dn());
                    return Err(Refusal::new(AisError::BadHandle, text));
                }
                comp.attribute_changes = AttributeChanges::AtOnce;
                Ok(Then::Nothing)
            }
            ComponentRequest::CsiQuiescingComplete { invocation, result } => {
                comp.check_quiescing_complete(session, invocation)?;
                Ok(Then::Quiesced(invocation, result))
            }
            ComponentRequest::ErrorReport { recovery, .. } => comp.check_error_report(recovery),
            ComponentRequest::ErrorClear { .. } => comp.check_error_clear(),
            ComponentRequest::HaReadinessStateSet { csi, state, .. } => {
                self.set_readiness(at, session, csi.as_ref(), state)?;
                Ok(Then::Nothing)
            }
            // Answered by the caller.
            ComponentRequest::HaStateGet { .. }
            | ComponentRequest::ProtectionGroupTrack { .. }
            | ComponentRequest::ProtectionGroupTrackStop { .. } => Ok(Then::Nothing),
            monitoring @ (ComponentRequest::HealthcheckStart { .. }
            | ComponentRequest::HealthcheckStop { .. }
            | ComponentRequest::HealthcheckConfirm { .. }
            | ComponentRequest::PmStart { .. }
            | ComponentRequest::PmStop { .. }) => comp.monitoring_granted(session, monitoring, cx),
        }
    }

    fn check_register(&self, at: usize, session: SessionId) -> Result<Then, Refusal> {
        let comp = &self.comps[at];
        let refuse = |error, text: String| Err(Refusal::new(error, text));
        if !matches!(comp.kind, Kind::SaAware | Kind::Contained) {
            return refuse(AisError::BadOperation, format!("{} is not SA-aware", comp.dn()));
        }
        if comp.session.is_some() {
            return refuse(AisError::Exist, format!("{} is registered already", comp.dn()));
        }
        if let Some(other) = self.comps.iter().find(|other| other.session == Some(session)) {
            return refuse(
                AisError::BadOperation,
                format!("this process registered {}", other.dn()),
            );
        }
        if !comp.phase.is_starting() {
            return refuse(
                AisError::BadOperation,
                format!("{} is {}", comp.dn(), comp.presence),
            );
        }
        Ok(Then::Registered)
    }

    fn ha_state(&self, at: usize, csi: &Dn) -> Result<HaState, AisError> {
        let comp = &self.comps[at];
        if comp.kind == Kind::NonSaAware {
            return Err(AisError::BadOperation);
        }
        if comp.session.is_none() {
            return Err(AisError::NotExist);
        }
        self.holdings.given(comp.dn(), csi).ok_or(AisError::NotExist)
    }
}

impl Su {
    /// `saAmfHAReadinessStateSet`: of one CSI, or of all. These are the CSIs that the component has, and those that it
    /// was less than ready for: they may have been taken from it for that.
    fn set_readiness(
        &mut self,
        at: usize,
        session: SessionId,
        csi: Option<&Dn>,
        state: HaReadinessState,
    ) -> Result<(), Refusal> {
        let dn = self.comps[at].dn().clone();
        if self.comps[at].session != Some(session) {
            let text = format!("{dn} was registered on another connection");
            return Err(Refusal::new(AisError::BadHandle, text));
        }
        let held = self.holdings.of(&dn).map(|(_, name, _)| name);
        let known: BTreeSet<Dn> = held.chain(self.comps[at].ha_readiness.keys()).cloned().collect();
        let meant = match csi {
            Some(csi) if !known.contains(csi) => {
                let text = format!("{dn} does not have {csi}");
                return Err(Refusal::new(AisError::NotExist, text));
            }
            Some(csi) => BTreeSet::from([csi.clone()]),
            None => known,
        };
        for csi in meant {
            match state {
                HaReadinessState::ReadyForAssignment => {
                    self.comps[at].ha_readiness.remove(&csi);
                }
                HaReadinessState::ReadyForActiveDegraded
                | HaReadinessState::NotReadyForActive
                | HaReadinessState::NotReadyForAssignment => {
                    self.comps[at].ha_readiness.insert(csi, state);
                }
            }
        }
        Ok(())
    }

    /// A proxy must let go of what it manages first.
    fn check_unregister(&self, at: usize, session: SessionId, cx: &Cx) -> Result<Then, Refusal> {
        let comp = &self.comps[at];
        if cx.proxied_through.contains(&session) {
            let text = format!(
                "{} is the proxy of others, which must be unregistered first",
                comp.dn()
            );
            return Err(Refusal::new(AisError::BadOperation, text));
        }
        comp.check_unregister(session)
    }
}

impl Comp {
    fn check_unregister_proxied(&self, proxy: &Dn, session: SessionId) -> Result<(), Refusal> {
        let refuse = |error, text: String| Err(Refusal::new(error, text));
        if !self.kind.is_proxied() || self.session.is_none() {
            return refuse(AisError::NotExist, format!("{} is not registered", self.dn()));
        }
        if self.manager.as_ref() != Some(proxy) {
            return refuse(
                AisError::BadOperation,
                format!("{proxy} is not the proxy of {}", self.dn()),
            );
        }
        if self.session != Some(session) {
            let text = format!("{} was registered on another connection", self.dn());
            return refuse(AisError::BadHandle, text);
        }
        Ok(())
    }

    fn check_unregister(&self, session: SessionId) -> Result<Then, Refusal> {
        let refuse = |error, text: &str| Err(Refusal::new(error, format!("{} {text}", self.dn())));
        if !matches!(self.kind, Kind::SaAware | Kind::Contained) {
            return refuse(AisError::BadOperation, "is not SA-aware");
        }
        match self.session {
            None => refuse(AisError::NotExist, "is not registered"),
            Some(own) if own != session => {
                refuse(AisError::BadHandle, "was registered on another connection")
            }
            // The process's end is awaited; unregistering is part of it.
            Some(_) if self.phase.is_stopping_in_order() => Ok(Then::Nothing),
            Some(_) => Ok(Then::Unregistered(CompError::new(
                ErrorSource::ProcessDied,
                "it unregistered without having been asked to terminate",
            ))),
        }
    }

    fn check_quiescing_complete(&self, session: SessionId, invocation: Invocation) -> Result<(), Refusal> {
        if self.session != Some(session) {
            let text = format!("{} was registered on another connection", self.dn());
            return Err(Refusal::new(AisError::BadHandle, text));
        }
        match self.calls.get(&invocation).map(|call| &call.kind) {
            Some(
                CallKind::Quiescing { .. }
                | CallKind::CsiSet {
                    ha: HaState::Quiescing,
                    ..
                },
            ) => Ok(()),
            Some(
                CallKind::CsiSet { .. }
                | CallKind::CsiRemove { .. }
                | CallKind::Healthcheck { .. }
                | CallKind::Instantiate
                | CallKind::Cleanup
                | CallKind::AttributeChange
                | CallKind::Terminate,
            ) => Err(Refusal::new(
                AisError::InvalidParam,
                "the callback did not ask for QUIESCING",
            )),
            None => Err(Refusal::new(AisError::NotExist, "no such callback is open")),
        }
    }

    fn check_error_report(&self, recovery: RecommendedRecovery) -> Result<Then, Refusal> {
        check_recovery(recovery)?;
        if self.is_down() {
            let text = format!("{} is {}", self.dn(), self.presence);
            return Err(Refusal::new(AisError::InvalidParam, text));
        }
        Ok(Then::Error(CompError {
            source: ErrorSource::ErrorReport,
            recommended: recovery,
            cause: format!("{recovery} is recommended"),
        }))
    }

    fn check_error_clear(&self) -> Result<Then, Refusal> {
        if self.kind == Kind::NonSaAware || self.session.is_none() {
            let text = format!("{} is not registered", self.dn());
            return Err(Refusal::new(AisError::BadOperation, text));
        }
        match self.oper {
            OperState::Enabled => Err(Refusal::new(AisError::NoOp, format!("{} is ENABLED", self.dn()))),
            OperState::Disabled => Ok(Then::Nothing),
        }
    }
}

impl Comp {
    /// Healthchecks and passive monitoring.
    fn monitoring_granted(
        &mut self,
        session: SessionId,
        body: ComponentRequest,
        cx: &mut Cx,
    ) -> Result<Then, Refusal> {
        match body {
            ComponentRequest::HealthcheckStart {
                key,
                invocation,
                recovery,
                ..
            } => {
                let start = HealthcheckStart {
                    key,
                    session,
                    invocation,
                    recovery,
                };
                check_key(&start.key)?;
                check_recovery(recovery)?;
                self.check_healthcheck(&start)?;
                Ok(Then::Healthcheck(start))
            }
            ComponentRequest::HealthcheckStop { key, .. } => {
                self.healthcheck_stop(&key, session, cx)?;
                Ok(Then::Nothing)
            }
            ComponentRequest::HealthcheckConfirm { key, result, .. } => {
                let error = self.healthcheck_confirm(&key, session, result, cx.now)?;
                Ok(error.map_or(Then::Nothing, Then::Error))
            }
            ComponentRequest::PmStart {
                pid,
                depth,
                errors,
                recovery,
                ..
            } => {
                let start = WatchStart {
                    pid,
                    depth,
                    errors,
                    recovery,
                };
                check_recovery(recovery)?;
                self.check_watch(&start)?;
                // Before the answer: what ends after it is noticed.
                self.watch(start, cx);
                Ok(Then::Nothing)
            }
            ComponentRequest::PmStop {
                qualifier,
                pid,
                errors,
                ..
            } => {
                self.watch_stop(qualifier, pid, errors, cx)?;
                Ok(Then::Nothing)
            }
            _ => Ok(Then::Nothing),
        }
    }
}
