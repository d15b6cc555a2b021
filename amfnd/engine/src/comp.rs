//! A component: its life cycle, its registration, and what it has been asked.
//!
//! The table in `presence.rs` decides where the life cycle goes; this file carries the actions out and turns
//! the ends of commands and the passing of time into the table's events. Of a component at most one command
//! runs at a time: an action that needs another one ends the first and waits for its end.

use std::collections::BTreeMap;
use std::mem;

use ais::amf::{
    CallbackKind, CommandFailure, CompCategory, CompConfig, CsiDescriptor, ErrorSource, HaReadinessState,
    HaState, OperState, PresenceState,
};
use ais::{AisError, Dn, Millis};

use crate::check::Check;
use crate::cx::Cx;
use crate::effect::Effect;
use crate::event::{Invocation, SessionId, WatchId};
use crate::healthcheck::Healthcheck;
use crate::monitor::Monitor;
use crate::phase::{Attempts, Phase};
use crate::presence::{ClcAction, ClcEvent, transition};
use crate::watch::Watch;

/// How a component is managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Registers, gets callbacks. Proxies and containers too.
    SaAware,
    /// Commands only; instantiated when it gets its active CSI.
    NonSaAware,
    /// Its proxy registers it and gets its callbacks.
    Proxied,
    /// The same; instantiated by giving it its active CSI.
    ProxiedNpi,
    /// Instantiated and cleaned up by its container; registers and gets callbacks itself.
    Contained,
}

impl Kind {
    pub(crate) fn of(category: CompCategory) -> Kind {
        let aware = CompCategory::SA_AWARE
            .union(CompCategory::PROXY)
            .union(CompCategory::CONTAINER);
        if category.intersects(CompCategory::PROXIED_NPI) {
            Kind::ProxiedNpi
        } else if category.intersects(CompCategory::CONTAINED) {
            Kind::Contained
        } else if category.intersects(CompCategory::PROXIED) {
            Kind::Proxied
        } else if category.intersects(aware) {
            Kind::SaAware
        } else {
            Kind::NonSaAware
        }
    }

    /// Whether it can be there before it has work.
    pub(crate) const fn is_pre_instantiable(self) -> bool {
        match self {
            Kind::SaAware | Kind::Proxied | Kind::Contained => true,
            Kind::NonSaAware | Kind::ProxiedNpi => false,
        }
    }

    /// Whether another component registers it and gets its callbacks.
    pub(crate) const fn is_proxied(self) -> bool {
        match self {
            Kind::Proxied | Kind::ProxiedNpi => true,
            Kind::SaAware | Kind::NonSaAware | Kind::Contained => false,
        }
    }

    /// Whether another component takes part in its life cycle.
    pub(crate) const fn is_managed(self) -> bool {
        match self {
            Kind::Proxied | Kind::ProxiedNpi | Kind::Contained => true,
            Kind::SaAware | Kind::NonSaAware => false,
        }
    }
}

/// What a component was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallKind {
    Healthcheck {
        key: String,
        session: SessionId,
    },
    Terminate,
    /// Its manager was asked to instantiate it.
    Instantiate,
    /// Its manager was asked to clean it up.
    Cleanup,
    /// Attributes of a CSI changed.
    AttributeChange,
    /// Set these CSIs, each with its SI.
    CsiSet {
        ha: HaState,
        csis: Vec<(Dn, Dn)>,
        /// Quiescing was completed before the callback was answered.
        completed: Option<Result<(), AisError>>,
    },
    /// QUIESCING was accepted; its completion is awaited.
    Quiescing {
        csis: Vec<(Dn, Dn)>,
    },
    CsiRemove {
        csis: Vec<(Dn, Dn)>,
    },
}

/// An open callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) kind: CallKind,
    /// `None` where the phase watches the time.
    pub(crate) deadline: Option<Millis>,
}

/// When the component's process hears of changed attributes of a CSI that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttributeChanges {
    WithNextAssignment,
    /// It asked for the callback.
    AtOnce,
}

/// A component.
#[derive(Debug, Clone)]
pub(crate) struct Comp {
    /// What it runs with.
    pub(crate) config: CompConfig,
    /// What its next instantiation runs with.
    pub(crate) next: CompConfig,
    pub(crate) kind: Kind,
    pub(crate) presence: PresenceState,
    pub(crate) phase: Phase,
    pub(crate) oper: OperState,
    pub(crate) attempts: Attempts,
    /// The connection that registered it.
    pub(crate) session: Option<SessionId>,
    pub(crate) restart_count: u32,
    /// The source of the last error, for CLEANUP's environment.
    pub(crate) error_source: Option<ErrorSource>,
    /// The last command that failed.
    pub(crate) failure: Option<CommandFailure>,
    /// A fault that the director must deal with is this component's.
    pub(crate) faulted: bool,
    /// No longer configured; to be dropped when it is down.
    pub(crate) leaving: bool,
    /// The attributes of the CSI that a non-SA-aware component has: `NAME=value`.
    pub(crate) csi_env: Vec<String>,
    /// The CSI by which a proxied component without instantiation is started.
    pub(crate) first_csi: Option<CsiDescriptor>,
    /// Its proxy or container, since it registered it or instantiated it.
    pub(crate) manager: Option<Dn>,
    /// Until when a proxy has to come that can tell it of its CSIs.
    pub(crate) proxy_due: Option<Millis>,
    pub(crate) attribute_changes: AttributeChanges,
    /// The CSIs for which it is less than ready.
    pub(crate) ha_readiness: BTreeMap<Dn, HaReadinessState>,
    pub(crate) calls: BTreeMap<Invocation, Call>,
    pub(crate) healthchecks: BTreeMap<(String, SessionId), Healthcheck>,
    pub(crate) monitor: Monitor,
    /// The operator stopped the monitor, or it could not be started.
    pub(crate) monitor_unwanted: bool,
    pub(crate) check: Check,
    pub(crate) watches: BTreeMap<WatchId, Watch>,
}

impl Comp {
    pub(crate) fn new(config: CompConfig) -> Comp {
        Comp {
            kind: Kind::of(config.category),
            next: config.clone(),
            config,
            presence: PresenceState::Uninstantiated,
            phase: Phase::Idle,
            oper: OperState::Enabled,
            attempts: Attempts::default(),
            session: None,
            restart_count: 0,
            error_source: None,
            failure: None,
            faulted: false,
            leaving: false,
            csi_env: Vec::new(),
            first_csi: None,
            manager: None,
            proxy_due: None,
            attribute_changes: AttributeChanges::WithNextAssignment,
            ha_readiness: BTreeMap::new(),
            calls: BTreeMap::new(),
            healthchecks: BTreeMap::new(),
            monitor: Monitor::Off,
            monitor_unwanted: false,
            check: Check::Rest,
            watches: BTreeMap::new(),
        }
    }

    /// Takes new values; a component that is there keeps what it was started with.
    pub(crate) fn configure(&mut self, config: CompConfig) {
        self.leaving = false;
        self.next = config;
        if self.presence == PresenceState::Uninstantiated {
            self.take_next_config();
        }
    }

    fn take_next_config(&mut self) {
        self.config = self.next.clone();
        self.kind = Kind::of(self.config.category);
    }

    pub(crate) fn dn(&self) -> &Dn {
        &self.config.dn
    }

    pub(crate) fn level(&self) -> u32 {
        self.config.instantiation_level
    }

    /// Whether it is at rest and not there: nothing more will happen to it by itself.
    pub(crate) fn is_down(&self) -> bool {
        match self.presence {
            PresenceState::Uninstantiated
            | PresenceState::InstantiationFailed
            | PresenceState::TerminationFailed => true,
            PresenceState::Instantiating
            | PresenceState::Instantiated
            | PresenceState::Terminating
            | PresenceState::Restarting => false,
        }
    }

    /// Whether nothing can act for it any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_down() && self.presence != PresenceState::TerminationFailed
    }

    /// Whether it is just being started, and serves by being there from then on.
    pub(crate) fn starts_to_serve(&self) -> bool {
        let starts = matches!(self.phase, Phase::Starting { .. } | Phase::ManagerStarts { .. });
        starts && !self.kind.is_pre_instantiable()
    }

    /// What is wrong with it, for an order that needs it.
    pub(crate) fn failed_text(&self) -> String {
        let state = format!("{} is {}", self.dn(), self.presence);
        match &self.failure {
            Some(failure) => {
                format!(
                    "{state}: {} '{}': {}",
                    failure.command, failure.path, failure.cause
                )
            }
            None => state,
        }
    }

    /// Takes one step of the life cycle.
    pub(crate) fn apply(&mut self, event: ClcEvent, cx: &mut Cx) {
        let Some((to, action)) = transition(self.presence, event) else {
            let text = format!(
                "'{}' is not possible while {} is {}; it is ignored",
                event.name(),
                self.dn(),
                self.presence
            );
            debug_assert!(false, "{text}");
            cx.note(&self.config.dn, text);
            return;
        };
        cx.moved = true;
        if to != self.presence {
            cx.note(
                &self.config.dn,
                format!("{} -> {to}: {}; {}", self.presence, event.name(), action.name()),
            );
        }
        self.presence = to;
        self.act(event, action, cx);
    }

    fn act(&mut self, event: ClcEvent, action: ClcAction, cx: &mut Cx) {
        match action {
            ClcAction::RunInstantiate => {
                if event != ClcEvent::Retry {
                    self.attempts = Attempts::default();
                    self.take_next_config();
                }
                if event == ClcEvent::Instantiate {
                    self.restart_count = 0;
                }
                self.run_instantiate(cx);
            }
            ClcAction::Serve => self.serve(cx),
            ClcAction::RunTerminate => self.terminate(cx),
            ClcAction::RunCleanup => self.clean_up(cx),
            ClcAction::KillAll => {
                self.end_registration(cx);
                self.kill_all(None, cx);
            }
            ClcAction::Hold => {
                self.end_registration(cx);
                self.phase = Phase::Held;
            }
            ClcAction::Rest => self.rest(cx),
        }
    }

    fn serve(&mut self, cx: &mut Cx) {
        self.phase = Phase::Idle;
        self.ha_readiness.clear();
        self.attempts = Attempts::default();
        self.failure = None;
        self.error_source = None;
        self.oper = OperState::Enabled;
        self.faulted = false;
        self.start_healthchecks(cx);
    }

    fn rest(&mut self, cx: &mut Cx) {
        self.end_registration(cx);
        self.phase = Phase::Idle;
        self.ha_readiness.clear();
        self.csi_env.clear();
        match self.presence {
            PresenceState::InstantiationFailed | PresenceState::TerminationFailed => {
                self.oper = OperState::Disabled;
                if let Some(failure) = &self.failure {
                    let text = format!(
                        "{}: {} '{}' failed: {}",
                        self.presence, failure.command, failure.path, failure.cause
                    );
                    cx.note(&self.config.dn, text);
                }
            }
            PresenceState::Uninstantiated => {
                self.failure = None;
                self.take_next_config();
            }
            PresenceState::Instantiating
            | PresenceState::Instantiated
            | PresenceState::Terminating
            | PresenceState::Restarting => {}
        }
    }

    /// Stops the component in order, its monitor first.
    fn terminate(&mut self, cx: &mut Cx) {
        self.forget_work(cx);
        self.phase = Phase::Unmonitoring;
        self.advance_monitor(cx);
    }

    /// The monitor is out of the way.
    pub(crate) fn terminate_now(&mut self, cx: &mut Cx) {
        let (callback, timeout) = match self.kind {
            Kind::NonSaAware => return self.run_terminate(cx),
            Kind::SaAware | Kind::Proxied | Kind::Contained => {
                (CallbackKind::Terminate, self.config.terminate_callback_timeout)
            }
            // Taking its work away ends it.
            Kind::ProxiedNpi => (
                CallbackKind::CsiRemove { csi: None },
                self.config.csi_remove_timeout,
            ),
        };
        let Some(session) = self.session else {
            // There is nobody to ask.
            return self.clean_up(cx);
        };
        let deadline = cx.now.after(timeout);
        self.phase = Phase::Asked { deadline };
        self.call(session, callback, CallKind::Terminate, None, cx);
    }

    /// Ends the command that runs, if one does, and cleans up.
    fn clean_up(&mut self, cx: &mut Cx) {
        self.end_registration(cx);
        if self.phase == Phase::Unmonitoring {
            self.phase = Phase::Idle;
        }
        self.advance_monitor(cx);
        match self.phase {
            Phase::Starting { run, .. } | Phase::Stopping { run, .. } => {
                cx.emit(Effect::Kill { run });
                self.phase = Phase::Aborting { run };
            }
            // Already on the way.
            Phase::Aborting { .. }
            | Phase::Cleaning { .. }
            | Phase::Overdue { .. }
            | Phase::ManagerCleans { .. }
            | Phase::Killing { .. } => {}
            Phase::Idle
            | Phase::ManagerStarts { .. }
            | Phase::Unmanaged { .. }
            | Phase::Registering { .. }
            | Phase::Delaying { .. }
            | Phase::Unmonitoring
            | Phase::Asked { .. }
            | Phase::Exiting { .. }
            | Phase::Held => self.begin_cleanup(cx),
        }
    }

    /// Nothing of it is left: decides between another attempt, the end of the attempts, and the plain end.
    pub(crate) fn cleaned_up(&mut self, cx: &mut Cx) {
        self.phase = Phase::Idle;
        self.monitor_is_gone();
        let attempting = match self.presence {
            PresenceState::Instantiating => true,
            PresenceState::Restarting => self.attempts.failed > 0,
            PresenceState::Terminating
            | PresenceState::Uninstantiated
            | PresenceState::Instantiated
            | PresenceState::InstantiationFailed
            | PresenceState::TerminationFailed => false,
        };
        if !attempting {
            return self.apply(ClcEvent::CleanupSucceeded, cx);
        }
        let at_once = self.config.instantiate_retries_without_delay;
        let all = at_once.saturating_add(self.config.instantiate_retries_with_delay);
        if self.attempts.no_retry || self.attempts.failed > all {
            self.apply(ClcEvent::RetriesExhausted, cx);
        } else if self.attempts.failed <= at_once {
            self.apply(ClcEvent::Retry, cx);
        } else {
            let until = cx.now.after(self.config.instantiate_delay);
            self.phase = Phase::Delaying { until };
            cx.moved = true;
        }
    }

    /// An attempt to instantiate failed.
    pub(crate) fn attempt_failed(&mut self, failure: CommandFailure, source: ErrorSource, cx: &mut Cx) {
        let made = self.attempts.failed.saturating_add(1);
        cx.note(
            &self.config.dn,
            format!(
                "attempt {made} to instantiate failed: {} '{}': {}",
                failure.command, failure.path, failure.cause
            ),
        );
        self.attempts.failed = made;
        self.failure = Some(failure);
        self.error_source = Some(source);
        self.apply(ClcEvent::InstantiateFailed, cx);
    }

    /// An orderly stop failed.
    pub(crate) fn stop_failed(&mut self, cause: &str, source: ErrorSource, cx: &mut Cx) {
        cx.note(&self.config.dn, format!("terminating in order failed: {cause}"));
        self.error_source = Some(source);
        self.apply(ClcEvent::TerminateFailed, cx);
    }

    /// Asks the component something.
    pub(crate) fn call(
        &mut self,
        session: SessionId,
        callback: CallbackKind,
        kind: CallKind,
        deadline: Option<Millis>,
        cx: &mut Cx,
    ) -> Invocation {
        let invocation = cx.new_invocation(&self.config.dn);
        self.calls.insert(invocation, Call { kind, deadline });
        cx.emit(Effect::Callback {
            invocation,
            session,
            comp: self.config.dn.clone(),
            kind: callback,
        });
        invocation
    }

    /// An open callback, which is closed by this.
    pub(crate) fn close_call(&mut self, invocation: Invocation, cx: &mut Cx) -> Option<Call> {
        cx.close_invocation(invocation);
        self.calls.remove(&invocation)
    }

    /// Drops callbacks and healthchecks: answers to them no longer matter.
    pub(crate) fn forget_work(&mut self, cx: &mut Cx) {
        self.forget_calls(cx);
        self.healthchecks.clear();
        self.unwatch_all(cx);
    }

    /// Drops callbacks.
    pub(crate) fn forget_calls(&mut self, cx: &mut Cx) {
        for invocation in mem::take(&mut self.calls).into_keys() {
            cx.close_invocation(invocation);
        }
    }

    /// The process no longer counts: neither its answers nor its death.
    ///
    /// A proxied component stays registered through its life cycle, as in OpenSAF; its proxy may register it anew.
    pub(crate) fn end_registration(&mut self, cx: &mut Cx) {
        self.forget_work(cx);
        if self.kind.is_proxied() {
            return;
        }
        self.attribute_changes = AttributeChanges::WithNextAssignment;
        if let Some(session) = self.session.take() {
            cx.emit(Effect::Forget {
                comp: self.config.dn.clone(),
                session,
            });
        }
    }

    /// The next time at which something is due.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        let calls = self.calls.values().filter_map(|call| call.deadline);
        self.phase
            .deadline()
            .into_iter()
            .chain(calls)
            .chain(self.healthcheck_due())
            .chain(self.proxy_due)
            .chain(self.monitor.deadline())
            .chain(self.check.deadline())
            .min()
    }

    /// Whether what is under way took too long.
    pub(crate) fn phase_is_due(&self, now: Millis) -> bool {
        self.phase.deadline().is_some_and(|deadline| deadline <= now)
    }
}
