//! Healthchecks that a component has started (AMF B.04.01 §7.1.2).
//!
//! AMF-invoked: one callback each period; where the answer is still out when the next is due, that one follows the
//! answer at once. Component-invoked: a confirmation within each period. They rest while the component is not
//! instantiated and end with its process.

use ais::amf::{CallbackKind, ErrorSource, HealthcheckInvocation, PresenceState, RecommendedRecovery};
use ais::{AisError, Millis, Refusal};

use crate::comp::{CallKind, Comp, Kind};
use crate::cx::Cx;
use crate::event::{Invocation, SessionId};
use crate::recovery::CompError;

/// A started healthcheck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Healthcheck {
    invocation: HealthcheckInvocation,
    pub(crate) recovery: RecommendedRecovery,
    period: Millis,
    max_duration: Millis,
    /// When the next callback, or the next confirmation, is due; `None` while it rests.
    due: Option<Millis>,
    /// The callback that is out.
    outstanding: Option<Invocation>,
}

/// What a process asks for when it starts a healthcheck.
pub(crate) struct HealthcheckStart {
    pub(crate) key: String,
    pub(crate) session: SessionId,
    pub(crate) invocation: HealthcheckInvocation,
    pub(crate) recovery: RecommendedRecovery,
}

impl Comp {
    /// Whether `saAmfHealthcheckStart` may be granted.
    pub(crate) fn check_healthcheck(&self, start: &HealthcheckStart) -> Result<(), Refusal> {
        if self.kind == Kind::NonSaAware {
            let text = format!("{} is not SA-aware", self.dn());
            return Err(Refusal::new(AisError::BadOperation, text));
        }
        if self.presence != PresenceState::Instantiated && !self.phase.is_starting() {
            let text = format!("{} is {}", self.dn(), self.presence);
            return Err(Refusal::new(AisError::TryAgain, text));
        }
        if self.configured_healthcheck(&start.key).is_none() {
            let text = format!("{} has no healthcheck with key '{}'", self.dn(), start.key);
            return Err(Refusal::new(AisError::NotExist, text));
        }
        if self
            .healthchecks
            .contains_key(&(start.key.clone(), start.session))
        {
            let text = format!("the healthcheck '{}' runs already", start.key);
            return Err(Refusal::new(AisError::Exist, text));
        }
        Ok(())
    }

    fn configured_healthcheck(&self, key: &str) -> Option<&ais::amf::Healthcheck> {
        self.config.healthchecks.iter().find(|hc| hc.key == key)
    }

    /// `saAmfHealthcheckStart`, granted.
    pub(crate) fn healthcheck_start(&mut self, start: HealthcheckStart, cx: &mut Cx) {
        let Some(config) = self.configured_healthcheck(&start.key) else {
            return;
        };
        let healthcheck = Healthcheck {
            invocation: start.invocation,
            recovery: start.recovery,
            period: config.period.max(Millis(1)),
            max_duration: config.max_duration,
            due: None,
            outstanding: None,
        };
        let name = (start.key, start.session);
        self.healthchecks.insert(name.clone(), healthcheck);
        if self.presence == PresenceState::Instantiated {
            self.begin_healthcheck(&name, cx);
        }
    }

    /// The component is up: healthchecks that were started before begin.
    pub(crate) fn start_healthchecks(&mut self, cx: &mut Cx) {
        let names: Vec<_> = self.healthchecks.keys().cloned().collect();
        for name in &names {
            self.begin_healthcheck(name, cx);
        }
    }

    fn begin_healthcheck(&mut self, name: &(String, SessionId), cx: &mut Cx) {
        let Some(healthcheck) = self.healthchecks.get_mut(name) else {
            return;
        };
        match healthcheck.invocation {
            HealthcheckInvocation::AmfInvoked => self.send_healthcheck(name, cx),
            HealthcheckInvocation::ComponentInvoked => {
                healthcheck.due = Some(cx.now.after(healthcheck.period));
            }
        }
    }

    fn send_healthcheck(&mut self, name: &(String, SessionId), cx: &mut Cx) {
        let Some(healthcheck) = self.healthchecks.get_mut(name) else {
            return;
        };
        healthcheck.due = Some(cx.now.after(healthcheck.period));
        let deadline = cx.now.after(healthcheck.max_duration);
        let (key, session) = name.clone();
        let callback = CallbackKind::Healthcheck { key: key.clone() };
        let kind = CallKind::Healthcheck { key, session };
        let invocation = self.call(session, callback, kind, Some(deadline), cx);
        if let Some(healthcheck) = self.healthchecks.get_mut(name) {
            healthcheck.outstanding = Some(invocation);
        }
    }

    /// `saAmfHealthcheckStop`
    pub(crate) fn healthcheck_stop(
        &mut self,
        key: &str,
        session: SessionId,
        cx: &mut Cx,
    ) -> Result<(), Refusal> {
        let Some(healthcheck) = self.healthchecks.remove(&(key.to_owned(), session)) else {
            return Err(not_running(key));
        };
        if let Some(invocation) = healthcheck.outstanding {
            self.close_call(invocation, cx);
        }
        Ok(())
    }

    /// `saAmfHealthcheckConfirm`; the error that it tells of, if it does.
    pub(crate) fn healthcheck_confirm(
        &mut self,
        key: &str,
        session: SessionId,
        result: Result<(), AisError>,
        now: Millis,
    ) -> Result<Option<CompError>, Refusal> {
        let healthcheck = self
            .healthchecks
            .get_mut(&(key.to_owned(), session))
            .filter(|hc| hc.invocation == HealthcheckInvocation::ComponentInvoked)
            .ok_or_else(|| not_running(key))?;
        if healthcheck.due.is_some() {
            healthcheck.due = Some(now.after(healthcheck.period));
        }
        Ok(result.err().map(|error| CompError {
            source: ErrorSource::Healthcheck,
            recommended: healthcheck.recovery,
            cause: format!("healthcheck '{key}' was confirmed with {error}"),
        }))
    }

    /// A healthcheck callback was answered well.
    pub(crate) fn healthcheck_answered(&mut self, name: &(String, SessionId), cx: &mut Cx) {
        let Some(healthcheck) = self.healthchecks.get_mut(name) else {
            return;
        };
        healthcheck.outstanding = None;
        if healthcheck.due.is_some_and(|due| due <= cx.now) {
            self.send_healthcheck(name, cx);
        }
    }

    /// The recovery given when the healthcheck was started.
    pub(crate) fn healthcheck_recovery(&self, name: &(String, SessionId)) -> RecommendedRecovery {
        self.healthchecks
            .get(name)
            .map_or(RecommendedRecovery::NoRecommendation, |hc| hc.recovery)
    }

    /// When the next healthcheck needs something done.
    pub(crate) fn healthcheck_due(&self) -> Option<Millis> {
        self.healthchecks
            .values()
            .filter(|hc| hc.outstanding.is_none())
            .filter_map(|hc| hc.due)
            .min()
    }

    /// Sends what is due; the error of the first confirmation that did not come.
    pub(crate) fn healthchecks_due(&mut self, cx: &mut Cx) -> Option<CompError> {
        let due: Vec<_> = self
            .healthchecks
            .iter()
            .filter(|(_, hc)| hc.outstanding.is_none() && hc.due.is_some_and(|due| due <= cx.now))
            .map(|(name, hc)| (name.clone(), hc.invocation))
            .collect();
        for (name, invocation) in due {
            match invocation {
                HealthcheckInvocation::AmfInvoked => self.send_healthcheck(&name, cx),
                HealthcheckInvocation::ComponentInvoked => {
                    let healthcheck = self.healthchecks.get_mut(&name)?;
                    healthcheck.due = Some(cx.now.after(healthcheck.period));
                    return Some(CompError {
                        source: ErrorSource::Healthcheck,
                        recommended: healthcheck.recovery,
                        cause: format!(
                            "healthcheck '{}' was not confirmed within {}",
                            name.0, healthcheck.period
                        ),
                    });
                }
            }
        }
        None
    }

    /// A connection is gone: its healthchecks end.
    pub(crate) fn drop_healthchecks(&mut self, session: SessionId, cx: &mut Cx) {
        let names: Vec<_> = self
            .healthchecks
            .keys()
            .filter(|(_, owner)| *owner == session)
            .cloned()
            .collect();
        for name in names {
            if let Some(invocation) = self.healthchecks.remove(&name).and_then(|hc| hc.outstanding) {
                self.close_call(invocation, cx);
            }
        }
    }
}

fn not_running(key: &str) -> Refusal {
    Refusal::new(
        AisError::NotExist,
        format!("no such healthcheck '{key}' was started on this connection"),
    )
}
