//! Proxies and containers: components that take part in the life cycle of others (AMF B.02.01 §5, B.04.01 §6).
//!
//! The manager of a component is who is active for the CSI that its configuration names, or, without one, the proxy
//! that registered it. Managers are looked up anew after every event; a component whose manager is gone waits for
//! the next one. The loss of a proxy is no failure of what it managed; a container takes what it contained with it.

use std::collections::BTreeMap;

use ais::amf::{CallbackKind, CommandFailure, ErrorSource, HaState};
use ais::{AisError, Dn, Millis, Refusal};

use crate::comp::{CallKind, Comp, Kind};
use crate::cx::Cx;
use crate::elsewhere::Elsewhere;
use crate::event::SessionId;
use crate::phase::Phase;
use crate::presence::ClcEvent;
use crate::su::Su;

/// Who may manage others now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Managers {
    /// The components that are active for each CSI that somebody names as the one of its manager; those of the node first.
    of_csis: BTreeMap<Dn, Vec<Dn>>,
    /// The connections of registered components.
    sessions: BTreeMap<Dn, SessionId>,
}

impl Managers {
    /// The managers among the components of a node, which come first, and elsewhere.
    pub(crate) fn among<'a>(sus: impl Iterator<Item = &'a Su> + Clone, elsewhere: &Elsewhere) -> Managers {
        let mut found = Managers::default();
        let wanted: Vec<&Dn> = sus
            .clone()
            .flat_map(|su| &su.comps)
            .filter_map(Comp::manager_csi)
            .collect();
        for su in sus {
            for comp in su.comps.iter().filter(|comp| !comp.kind.is_managed()) {
                if let Some(session) = comp.session {
                    found.sessions.insert(comp.dn().clone(), session);
                }
            }
            for (_, csi, state) in su.holdings.csis() {
                if state.given == Some(HaState::Active) && wanted.contains(&csi) {
                    let active = found.of_csis.entry(csi.clone()).or_default();
                    active.push(state.wanted.comp.clone());
                }
            }
        }
        for (proxy, session, csis) in elsewhere.reached() {
            found.sessions.insert(proxy.clone(), session);
            for csi in csis {
                found.of_csis.entry(csi.clone()).or_default().push(proxy.clone());
            }
        }
        found
    }

    /// Nobody can be asked by this connection any more.
    pub(crate) fn session_closed(&mut self, session: SessionId) {
        self.sessions.retain(|_, own| *own != session);
    }

    /// Of those who are active for the CSI, the one that manages the component already, else the first.
    fn leader(&self, csi: &Dn, comp: &Comp) -> Option<&Dn> {
        let active = self.of_csis.get(csi)?;
        let present = active.iter().find(|name| comp.manager.as_ref() == Some(*name));
        present.or_else(|| active.first())
    }

    fn is_active(&self, csi: &Dn, comp: &Dn) -> bool {
        self.of_csis.get(csi).is_some_and(|active| active.contains(comp))
    }

    fn of(&self, comp: &Comp) -> Option<(Dn, SessionId)> {
        let name = match comp.manager_csi() {
            Some(csi) => self.leader(csi, comp)?,
            None => comp.manager.as_ref()?,
        };
        Some((name.clone(), *self.sessions.get(name)?))
    }
}

impl Comp {
    /// The CSI by which it is managed.
    pub(crate) fn manager_csi(&self) -> Option<&Dn> {
        let managed_by = &self.config.managed_by;
        match self.kind {
            Kind::Proxied | Kind::ProxiedNpi => managed_by.proxy_csi.as_ref(),
            Kind::Contained => managed_by.container_csi.as_ref(),
            Kind::SaAware | Kind::NonSaAware => None,
        }
    }

    /// Whether it could be instantiated now.
    pub(crate) fn can_start(&self, cx: &Cx) -> bool {
        !self.kind.is_managed() || cx.managers.of(self).is_some()
    }

    /// Asks the manager to instantiate the component, or waits for one.
    pub(crate) fn ask_to_instantiate(&mut self, cx: &mut Cx) {
        cx.moved = true;
        if self.kind == Kind::ProxiedNpi {
            return self.give_first_csi(cx);
        }
        let Some((manager, session)) = cx.managers.of(self) else {
            // A manager that does not come back takes its time from the component's attempts.
            return self.await_manager(cx);
        };
        let deadline = cx.now.after(self.config.managed_by.instantiate_timeout);
        self.phase = Phase::ManagerStarts { session, deadline };
        let callback = if self.kind == Kind::Contained {
            self.manager = Some(manager);
            CallbackKind::ContainedInstantiate
        } else {
            CallbackKind::ProxiedInstantiate
        };
        self.call(session, callback, CallKind::Instantiate, None, cx);
    }

    /// Starts a proxied component that cannot be instantiated before it has work.
    fn give_first_csi(&mut self, cx: &mut Cx) {
        let (Some(session), Some(csi)) = (self.session, self.first_csi.clone()) else {
            return self.await_manager(cx);
        };
        let deadline = cx.now.after(self.config.csi_set_timeout);
        self.phase = Phase::ManagerStarts { session, deadline };
        let callback = CallbackKind::CsiSet {
            ha: HaState::Active,
            csi,
        };
        self.call(session, callback, CallKind::Instantiate, None, cx);
    }

    /// How long its manager may take to start it.
    fn manager_timeout(&self) -> Millis {
        if self.kind == Kind::ProxiedNpi {
            self.config.csi_set_timeout
        } else {
            self.config.managed_by.instantiate_timeout
        }
    }

    /// How long what it has to be told may wait for a proxy.
    pub(crate) fn proxy_timeout(&self) -> Millis {
        self.config
            .csi_set_timeout
            .max(self.config.managed_by.instantiate_timeout)
    }

    /// Waits for somebody who can start it, no longer than he may take.
    fn await_manager(&mut self, cx: &mut Cx) {
        let deadline = cx.now.after(self.manager_timeout());
        self.phase = Phase::Unmanaged { deadline };
    }

    /// A manager may have come.
    pub(crate) fn advance_managed(&mut self, cx: &mut Cx) {
        let can_start = match self.kind {
            Kind::ProxiedNpi => self.session.is_some() && self.first_csi.is_some(),
            Kind::Proxied | Kind::Contained => cx.managers.of(self).is_some(),
            Kind::SaAware | Kind::NonSaAware => false,
        };
        if matches!(self.phase, Phase::Unmanaged { .. }) && can_start {
            self.ask_to_instantiate(cx);
        }
    }

    /// Cleans up: the manager, if there is one, and then the command.
    pub(crate) fn begin_cleanup(&mut self, cx: &mut Cx) {
        let manager = match (self.kind.is_managed(), self.session) {
            (false, _) => None,
            (true, Some(session)) if self.kind.is_proxied() => Some(session),
            (true, _) => cx.managers.of(self).map(|(_, session)| session),
        };
        let Some(session) = manager else {
            return self.run_cleanup(cx);
        };
        let deadline = cx.now.after(self.config.managed_by.cleanup_timeout);
        self.phase = Phase::ManagerCleans { session, deadline };
        let callback = if self.kind == Kind::Contained {
            CallbackKind::ContainedCleanup
        } else {
            CallbackKind::ProxiedCleanup
        };
        self.call(session, callback, CallKind::Cleanup, None, cx);
    }

    /// The manager answered.
    pub(crate) fn manager_answered(&mut self, result: Result<(), AisError>, cx: &mut Cx) {
        cx.moved = true;
        match (&self.phase, result) {
            (Phase::ManagerStarts { deadline, .. }, Ok(())) => {
                let deadline = *deadline;
                self.phase = Phase::Registering { deadline };
                if self.session.is_some() {
                    self.apply(ClcEvent::InstantiateSucceeded, cx);
                }
            }
            (Phase::ManagerStarts { .. }, Err(error)) => {
                // Only TRY_AGAIN says that another attempt may help (AMF B.02.01 §6.9.2).
                self.attempts.no_retry = error != AisError::TryAgain && self.kind != Kind::ProxiedNpi;
                let cause = format!("its manager answered {error}");
                self.manager_failed("INSTANTIATE", cause, cx);
            }
            (Phase::ManagerCleans { .. }, Ok(())) => self.run_cleanup(cx),
            (Phase::ManagerCleans { .. }, Err(error)) => {
                self.manager_did_not_clean(format!("its manager answered {error}"), cx);
            }
            _ => {}
        }
    }

    /// The manager took too long, or none came.
    pub(crate) fn manager_timed_out(&mut self, cx: &mut Cx) {
        let timeout = self.manager_timeout();
        match self.phase {
            Phase::ManagerStarts { .. } => {
                let cause = format!("its manager did not answer within {timeout}");
                self.manager_failed("INSTANTIATE", cause, cx);
            }
            Phase::Unmanaged { .. } => {
                let manager = if self.kind == Kind::Contained {
                    "container"
                } else {
                    "proxy"
                };
                self.manager_failed("INSTANTIATE", format!("no {manager} came within {timeout}"), cx);
            }
            Phase::ManagerCleans { .. } => {
                let timeout = self.config.managed_by.cleanup_timeout;
                let cause = format!("its manager did not answer within {timeout}");
                self.manager_did_not_clean(cause, cx);
            }
            _ => {}
        }
    }

    fn manager_failed(&mut self, command: &str, cause: String, cx: &mut Cx) {
        self.forget_work(cx);
        let failure = self.manager_failure(command, cause);
        self.attempt_failed(failure, ErrorSource::ClcCommand, cx);
    }

    fn manager_failure(&self, command: &str, cause: String) -> CommandFailure {
        CommandFailure {
            command: command.to_owned(),
            path: self.manager.as_ref().map(Dn::to_string).unwrap_or_default(),
            cause,
            stderr: String::new(),
            forbids_retry: self.attempts.no_retry,
        }
    }

    /// What the manager could not clean up is left to CLEANUP; without one the cleanup failed.
    fn manager_did_not_clean(&mut self, cause: String, cx: &mut Cx) {
        self.forget_work(cx);
        cx.note(&self.config.dn, format!("cleanup failed: {cause}"));
        if self.config.cleanup.is_some() {
            return self.run_cleanup(cx);
        }
        self.failure = Some(self.manager_failure("CLEANUP", cause));
        self.apply(ClcEvent::CleanupFailed, cx);
    }

    /// Whether the manager was asked something on this connection.
    pub(crate) fn is_asked_through(&self, session: SessionId) -> bool {
        match self.phase {
            Phase::ManagerStarts { session: own, .. } | Phase::ManagerCleans { session: own, .. } => {
                own == session
            }
            _ => false,
        }
    }

    /// The connection of the manager is gone. What it was asked is asked of the next one, or done without one.
    pub(crate) fn manager_gone(&mut self, session: SessionId, cx: &mut Cx) {
        let asked = self.is_asked_through(session);
        if self.kind.is_proxied() && self.session == Some(session) {
            self.session = None;
            self.manager = None;
            self.forget_calls(cx);
            cx.note(&self.config.dn, "its proxy is gone; it stays as it is");
            cx.moved = true;
            match self.phase {
                // There is nobody left who could stop it in order.
                Phase::Asked { .. } => self.stop_failed("its proxy is gone", ErrorSource::ClcCommand, cx),
                Phase::Registering { .. } => self.await_manager(cx),
                _ => {}
            }
        }
        if asked {
            self.forget_calls(cx);
            match self.phase {
                Phase::ManagerStarts { .. } => self.ask_to_instantiate(cx),
                Phase::ManagerCleans { .. } => self.run_cleanup(cx),
                _ => {}
            }
        }
    }

    /// Whether its proxy is not active any more for the CSI by which it is proxied, so that the next one takes it over.
    /// DEVIATION(AMF-076): the standard answers EXIST.
    fn is_left(&self, cx: &Cx) -> bool {
        let manager = self.manager_csi().zip(self.manager.as_ref());
        manager.is_some_and(|(csi, manager)| !cx.managers.is_active(csi, manager))
    }

    /// Whether a proxy may register the component; the terms are AMF B.02.01 §6.5.1's.
    pub(crate) fn check_register_proxied(
        &self,
        proxy: &Dn,
        session: SessionId,
        cx: &Cx,
    ) -> Result<(), Refusal> {
        let refuse = |error, text: String| Err(Refusal::new(error, text));
        if !self.kind.is_proxied() {
            return refuse(AisError::InvalidParam, format!("{} is not proxied", self.dn()));
        }
        if !cx.managers.sessions.contains_key(proxy) {
            return refuse(AisError::NotExist, format!("{proxy} is not registered"));
        }
        if let Some(csi) = self.manager_csi()
            && !cx.managers.is_active(csi, proxy)
        {
            return refuse(
                AisError::BadOperation,
                format!(
                    "{proxy} is not active for {csi}, by which {} is proxied",
                    self.dn()
                ),
            );
        }
        let same = self.session == Some(session);
        let again = same && self.presence != ais::amf::PresenceState::Instantiated;
        if self.session.is_some() && !again && !self.is_left(cx) {
            return refuse(AisError::Exist, format!("{} is registered already", self.dn()));
        }
        Ok(())
    }
}
