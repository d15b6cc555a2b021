//! An SU: what it shall be, and the next steps towards it (AMF B.04.01 §3.2.1.1).
//!
//! The goal says where the SU goes; [`Su::advance`] compares it with the components after every event and
//! starts what is possible now, level by level. Nothing here remembers a position in a procedure, so an event
//! at any moment only changes what the next look finds.

use ais::Dn;
use ais::amf::{EscalationLimits, OperState, PresenceState, SuConfig, SuReport};

use crate::comp::Comp;
use crate::cx::Cx;
use crate::escalation::Escalation;
use crate::holding::Holdings;
use crate::order::Order;
use crate::phase::Phase;
use crate::presence::ClcEvent;
use crate::recovery::Fault;

/// More looks than any real change needs; reaching it is a bug.
const LOOKS_MAX: u32 = 10_000;

/// Where an SU goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// All components terminated, in reverse order of level.
    Down,
    /// Pre-instantiable components instantiated, in order of level; the others as their CSIs say.
    Up,
    /// All components cleaned up at once, in no order; then down.
    Cleaned,
    /// All components stopped and started again; then up.
    Restart(RestartStage),
}

/// How far the restart of an SU is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RestartStage {
    /// Every component is being cleaned up. DEVIATION(AMF-003): at once, the healthy ones too.
    StopAbruptly,
    /// The components are being terminated, in reverse order of level.
    StopInOrder,
    /// The components are being started, in order of level.
    Start,
}

/// An SU.
#[derive(Debug, Clone)]
pub(crate) struct Su {
    pub(crate) dn: Dn,
    /// `saAmfSUFailover`: a component's failover is the whole SU's.
    pub(crate) fails_over_whole: bool,
    pub(crate) limits: EscalationLimits,
    /// By instantiation level and name.
    pub(crate) comps: Vec<Comp>,
    pub(crate) goal: Goal,
    pub(crate) holdings: Holdings,
    pub(crate) order: Option<Order>,
    pub(crate) fault: Option<Fault>,
    pub(crate) escalation: Escalation,
    pub(crate) restart_count: u32,
    /// The session of the director that configured it last.
    pub(crate) session: u64,
    /// To be forgotten when it is down.
    pub(crate) leaving: bool,
    pub(crate) last_report: Option<SuReport>,
}

impl Su {
    pub(crate) fn new(config: &SuConfig) -> Su {
        Su {
            dn: config.dn.clone(),
            fails_over_whole: config.su_failover,
            limits: config.limits,
            comps: Vec::new(),
            goal: Goal::Down,
            holdings: Holdings::default(),
            order: None,
            fault: None,
            escalation: Escalation::default(),
            restart_count: 0,
            session: 0,
            leaving: false,
            last_report: None,
        }
    }

    /// Takes new values. Components that are no longer configured are terminated and then dropped.
    pub(crate) fn configure(&mut self, config: SuConfig) {
        self.fails_over_whole = config.su_failover;
        self.limits = config.limits;
        self.leaving = false;
        for comp in &mut self.comps {
            comp.leaving = true;
        }
        for config in config.comps {
            if let Some(comp) = self.comps.iter_mut().find(|comp| *comp.dn() == config.dn) {
                comp.configure(config);
            } else {
                self.comps.push(Comp::new(config));
            }
        }
        self.comps
            .sort_by(|a, b| (a.next.instantiation_level, a.dn()).cmp(&(b.next.instantiation_level, b.dn())));
    }

    pub(crate) fn index(&self, comp: &Dn) -> Option<usize> {
        self.comps.iter().position(|known| known.dn() == comp)
    }

    pub(crate) fn is_down(&self) -> bool {
        self.comps.iter().all(Comp::is_down)
    }

    pub(crate) fn has_pre_instantiable(&self) -> bool {
        self.comps.iter().any(|comp| comp.kind.is_pre_instantiable())
    }

    /// Does something with a component, and draws the consequences for the SU.
    pub(crate) fn with_comp<T>(
        &mut self,
        at: usize,
        cx: &mut Cx,
        act: impl FnOnce(&mut Comp, &mut Cx) -> T,
    ) -> T {
        let before = self.comps[at].presence;
        let result = act(&mut self.comps[at], cx);
        let comp = &self.comps[at];
        let after = comp.presence;
        if comp.is_gone() || comp.phase == Phase::Held {
            self.holdings.stopped(comp.dn());
        } else if comp.starts_to_serve() {
            self.holdings.started(comp.dn());
        }
        if before != after {
            self.presence_changed(at, before, after, cx);
        }
        result
    }

    pub(crate) fn apply(&mut self, at: usize, event: ClcEvent, cx: &mut Cx) {
        self.with_comp(at, cx, |comp, cx| comp.apply(event, cx));
    }

    fn presence_changed(&mut self, at: usize, before: PresenceState, after: PresenceState, cx: &mut Cx) {
        let comp = self.comps[at].dn().clone();
        if before == PresenceState::Instantiated {
            self.holdings.withdrawn(&comp);
        }
        match after {
            PresenceState::Instantiated if !self.comps[at].kind.is_pre_instantiable() => {
                self.holdings.instantiated(&comp);
            }
            PresenceState::InstantiationFailed => self.instantiation_failed(at, before, cx),
            PresenceState::TerminationFailed => self.termination_failed(at, before, cx),
            PresenceState::Uninstantiated
            | PresenceState::Instantiating
            | PresenceState::Instantiated
            | PresenceState::Terminating
            | PresenceState::Restarting => {}
        }
    }

    /// Starts all that is possible now; returns when nothing more is.
    pub(crate) fn advance(&mut self, cx: &mut Cx) {
        for _ in 0..LOOKS_MAX {
            cx.moved = false;
            self.advance_leaving(cx);
            self.advance_workless(cx);
            match self.goal {
                Goal::Down => self.advance_down(cx),
                Goal::Cleaned => self.advance_cleaned(cx),
                Goal::Up => self.advance_up(cx),
                Goal::Restart(stage) => self.advance_restart(stage, cx),
            }
            self.advance_assignments(cx);
            self.advance_attributes(cx);
            self.await_proxies(cx);
            for comp in &mut self.comps {
                comp.advance_check(cx);
            }
            for at in 0..self.comps.len() {
                self.with_comp(at, cx, Comp::advance_managed);
                self.with_comp(at, cx, Comp::advance_monitor);
            }
            self.judge_order(cx);
            if !cx.moved {
                return;
            }
        }
        debug_assert!(false, "{} does not come to rest", self.dn);
        cx.note(&self.dn, "does not come to rest; this is a bug");
    }

    fn advance_leaving(&mut self, cx: &mut Cx) {
        for at in (0..self.comps.len()).rev() {
            let comp = &self.comps[at];
            if !comp.leaving {
                continue;
            }
            match comp.presence {
                PresenceState::Instantiating | PresenceState::Instantiated | PresenceState::Restarting => {
                    self.apply(at, ClcEvent::Terminate, cx);
                }
                PresenceState::Terminating => {}
                PresenceState::Uninstantiated
                | PresenceState::InstantiationFailed
                | PresenceState::TerminationFailed => {
                    let comp = self.comps.remove(at);
                    self.holdings.drop_comp(comp.dn());
                    cx.note(
                        comp.dn(),
                        format!("{} is no longer configured; dropped", comp.dn()),
                    );
                    cx.moved = true;
                }
            }
        }
    }

    /// A component that is there for its work only is not started again where it has lost the work meanwhile: nobody would
    /// stop it. One that is being started may serve already; it is stopped when it is up.
    fn advance_workless(&mut self, cx: &mut Cx) {
        for at in 0..self.comps.len() {
            let comp = &self.comps[at];
            let due = matches!(
                comp.presence,
                PresenceState::Instantiating | PresenceState::Restarting
            ) && !comp.phase.is_starting()
                && !comp.phase.is_stopping_in_order();
            if due && !comp.kind.is_pre_instantiable() && !self.holdings.wants_active(comp.dn()) {
                self.apply(at, ClcEvent::Terminate, cx);
            }
        }
    }

    fn advance_down(&mut self, cx: &mut Cx) {
        let level = self
            .comps
            .iter()
            .filter(|comp| !comp.is_down())
            .map(Comp::level)
            .max();
        let Some(level) = level else {
            return self.drop_holdings(cx);
        };
        for at in 0..self.comps.len() {
            if self.comps[at].level() != level {
                continue;
            }
            match self.comps[at].presence {
                PresenceState::Instantiating | PresenceState::Instantiated | PresenceState::Restarting => {
                    self.apply(at, ClcEvent::Terminate, cx);
                }
                PresenceState::Terminating
                | PresenceState::Uninstantiated
                | PresenceState::InstantiationFailed
                | PresenceState::TerminationFailed => {}
            }
        }
    }

    fn advance_cleaned(&mut self, cx: &mut Cx) {
        for at in 0..self.comps.len() {
            self.clean(at, cx);
        }
        if self.is_down() {
            self.drop_holdings(cx);
            self.goal = Goal::Down;
            cx.moved = true;
        }
    }

    /// Cleans a component up, unless nothing of it is left or that is under way.
    pub(crate) fn clean(&mut self, at: usize, cx: &mut Cx) {
        match self.comps[at].presence {
            PresenceState::Instantiating | PresenceState::Instantiated | PresenceState::Restarting => {
                self.apply(at, ClcEvent::Cleanup, cx);
            }
            PresenceState::Terminating if self.comps[at].phase.is_stopping_in_order() => {
                self.apply(at, ClcEvent::Cleanup, cx);
            }
            PresenceState::Terminating
            | PresenceState::Uninstantiated
            | PresenceState::InstantiationFailed
            | PresenceState::TerminationFailed => {}
        }
    }

    /// An SU of which nothing runs holds nothing. Where something may still run, what it holds stays told.
    fn drop_holdings(&mut self, cx: &mut Cx) {
        if !self.holdings.is_empty() && self.comps.iter().all(Comp::is_gone) {
            self.holdings = Holdings::default();
            cx.moved = true;
        }
    }

    fn advance_up(&mut self, cx: &mut Cx) {
        for at in 0..self.comps.len() {
            if self.comps[at].phase == Phase::Held {
                self.apply(at, ClcEvent::Start, cx);
            }
        }
        if self.fault.is_some() {
            return;
        }
        let waiting = |comp: &&Comp| match comp.presence {
            PresenceState::Instantiated | PresenceState::Restarting => false,
            PresenceState::Uninstantiated
            | PresenceState::Instantiating
            | PresenceState::Terminating
            | PresenceState::InstantiationFailed
            | PresenceState::TerminationFailed => comp.kind.is_pre_instantiable() && !comp.leaving,
        };
        let Some(level) = self.comps.iter().filter(waiting).map(Comp::level).min() else {
            return;
        };
        for at in 0..self.comps.len() {
            let comp = &self.comps[at];
            let due = comp.kind.is_pre_instantiable() && !comp.leaving && comp.level() == level;
            if due && comp.presence == PresenceState::Uninstantiated && comp.can_start(cx) {
                self.apply(at, ClcEvent::Instantiate, cx);
            }
        }
    }

    fn advance_restart(&mut self, stage: RestartStage, cx: &mut Cx) {
        let stopped = |comp: &Comp| comp.is_down() || comp.phase == Phase::Held;
        match stage {
            RestartStage::StopAbruptly => {
                for at in 0..self.comps.len() {
                    if self.comps[at].presence == PresenceState::Instantiated {
                        self.apply(at, ClcEvent::Recover, cx);
                    }
                }
            }
            RestartStage::StopInOrder => {
                let running = self.comps.iter().filter(|comp| !stopped(comp));
                let level = running.map(Comp::level).max();
                for at in 0..self.comps.len() {
                    let comp = &self.comps[at];
                    if Some(comp.level()) == level && comp.presence == PresenceState::Instantiated {
                        self.apply(at, ClcEvent::Restart, cx);
                    }
                }
            }
            RestartStage::Start => return self.advance_restart_start(cx),
        }
        if matches!(self.goal, Goal::Restart(_)) && self.comps.iter().all(stopped) {
            self.goal = Goal::Restart(RestartStage::Start);
            cx.moved = true;
        }
    }

    fn advance_restart_start(&mut self, cx: &mut Cx) {
        let starting = |comp: &&Comp| comp.presence == PresenceState::Restarting;
        let Some(level) = self.comps.iter().filter(starting).map(Comp::level).min() else {
            self.goal = Goal::Up;
            cx.moved = true;
            return;
        };
        for at in 0..self.comps.len() {
            if self.comps[at].level() == level && self.comps[at].phase == Phase::Held {
                self.apply(at, ClcEvent::Start, cx);
            }
        }
    }

    /// The presence state, derived from the components' (AMF B.04.01 §3.2.1.1).
    ///
    /// DEVIATION(AMF-002): a component that was failed over does not count while others are there: they go on,
    /// and the SU is INSTANTIATED with a fault.
    pub(crate) fn presence(&self) -> PresenceState {
        use PresenceState as S;
        let any = |state| self.comps.iter().any(|comp| comp.presence == state);
        if any(S::TerminationFailed) {
            return S::TerminationFailed;
        }
        if any(S::InstantiationFailed) {
            return S::InstantiationFailed;
        }
        if matches!(self.goal, Goal::Restart(_)) {
            return S::Restarting;
        }
        let mut counted = self.counted();
        if counted.iter().all(|comp| comp.presence == S::Uninstantiated) {
            return S::Uninstantiated;
        }
        if counted.iter().any(|comp| comp.oper == OperState::Enabled) {
            counted.retain(|comp| comp.oper == OperState::Enabled || comp.presence == S::Instantiating);
        }
        let some = |state| counted.iter().any(|comp| comp.presence == state);
        if counted.iter().all(|comp| comp.presence == S::Restarting) {
            S::Restarting
        } else if some(S::Terminating) {
            S::Terminating
        } else if some(S::Instantiating) {
            S::Instantiating
        } else if !some(S::Uninstantiated) {
            S::Instantiated
        } else {
            match self.goal {
                Goal::Up | Goal::Restart(_) => S::Instantiating,
                Goal::Down | Goal::Cleaned => S::Terminating,
            }
        }
    }

    /// The components that the SU's presence follows: the pre-instantiable ones; in an SU without any, those
    /// that have work.
    fn counted(&self) -> Vec<&Comp> {
        let of_kind = |early: bool| {
            let comps = self.comps.iter();
            comps.filter(move |comp| comp.kind.is_pre_instantiable() == early)
        };
        if self.has_pre_instantiable() {
            return of_kind(true).collect();
        }
        let busy: Vec<&Comp> = of_kind(false)
            .filter(|comp| !comp.is_down() || self.holdings.wants_active(comp.dn()))
            .collect();
        if busy.is_empty() {
            of_kind(false).collect()
        } else {
            busy
        }
    }
}
