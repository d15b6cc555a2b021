//! The director's orders about an SU: whether one can be taken, what it sets, and when it is done.
//!
//! An order sets the goal or targets and is done when the SU is as the order wants it; nothing is waited for
//! in between. An SU takes one order at a time.

use ais::Dn;
use ais::amf::{
    HaState, MonitorState, NodeReport, OperState, OrderId, OrderOutcome, OrderReport, PresenceState,
    SiAssignment, Term,
};

use crate::comp::{Comp, Kind};
use crate::cx::Cx;
use crate::escalation::Escalation;
use crate::monitor::Monitor;
use crate::presence::ClcEvent;
use crate::su::{Goal, RestartStage, Su};

/// What an order asks for.
#[derive(Debug)]
pub(crate) enum Task {
    Instantiate,
    Terminate,
    Restart(Option<Dn>),
    Assign { ha: HaState, sis: Vec<SiAssignment> },
    Remove(Vec<Dn>),
    Cleanup,
    Repair,
    Monitor { comp: Option<Dn>, run: bool },
}

/// What an order that was taken is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    Instantiate,
    Terminate,
    RestartComp(Dn),
    RestartSu,
    Assign(HaState),
    Remove,
    Cleanup,
    Repair,
    /// These components' monitors shall run, or not.
    Monitor(Vec<Dn>, bool),
}

impl Work {
    const fn name(&self) -> &'static str {
        match self {
            Work::Instantiate => "instantiate",
            Work::Terminate => "terminate",
            Work::RestartComp(_) => "restart of a component",
            Work::RestartSu => "restart",
            Work::Assign(_) => "assign",
            Work::Remove => "remove",
            Work::Cleanup => "cleanup",
            Work::Repair => "repair",
            Work::Monitor(_, true) => "start of monitors",
            Work::Monitor(_, false) => "stop of monitors",
        }
    }
}

/// The newest order that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    term: Term,
    id: OrderId,
    /// The session that gave it.
    session: u64,
    pub(crate) work: Work,
    outcome: OrderOutcome,
}

impl Order {
    pub(crate) fn is_in_progress(&self) -> bool {
        self.outcome == OrderOutcome::InProgress
    }

    /// What the session is told of it. Another session than the one that gave it cannot know what it was, and must
    /// fear for the assignments where it failed; it hears of no failure that cannot have touched them.
    pub(crate) fn report(&self, session: u64) -> Option<OrderReport> {
        let harmless = match (&self.outcome, &self.work) {
            // A cleanup may have cut an assignment short.
            (OrderOutcome::Failed(_), Work::Assign(_) | Work::Remove | Work::Terminate | Work::Cleanup)
            | (OrderOutcome::InProgress | OrderOutcome::Done, _) => false,
            (
                OrderOutcome::Failed(_),
                Work::Instantiate | Work::RestartComp(_) | Work::RestartSu | Work::Repair | Work::Monitor(..),
            ) => true,
        };
        (self.session == session || !harmless).then(|| OrderReport {
            term: self.term,
            id: self.id,
            outcome: self.outcome.clone(),
        })
    }
}

impl Su {
    /// Takes an order, or says in its outcome why not.
    pub(crate) fn take_order(&mut self, term: Term, id: OrderId, task: Task, cx: &mut Cx) {
        if let Some(order) = &self.order {
            if (term, id) == (order.term, order.id) {
                return cx.note(
                    &self.dn,
                    format!("order {} came again; it is not carried out twice", id.0),
                );
            }
            if (term, id) < (order.term, order.id) {
                let text = format!("order {} is older than order {}; it is ignored", id.0, order.id.0);
                return cx.note(&self.dn, text);
            }
            if order.is_in_progress()
                && let Err(text) = self.check_replacement(order, &task)
            {
                return self.refuse_order(term, id, text, cx);
            }
        }
        if cx.shutting_down {
            // A refusal would only bring the order again, as long as the node is there.
            let text = format!("order {} is not begun: the node director is ending", id.0);
            return cx.note(&self.dn, text);
        }
        match self.start_order(task, cx) {
            Ok(work) => {
                self.order = Some(Order {
                    term,
                    id,
                    session: self.session,
                    work,
                    outcome: OrderOutcome::InProgress,
                });
            }
            Err(text) => self.refuse_order(term, id, text, cx),
        }
    }

    /// Whether the order may replace the one in progress. A cleanup ends whatever else is going on; the director
    /// asks for it when it trusts the SU no more. Quiescing, which may take long, may be cut short by what makes the
    /// SU serve again or stop at once.
    fn check_replacement(&self, order: &Order, task: &Task) -> Result<(), String> {
        match (&order.work, task) {
            // Nothing waits for monitors.
            (_, Task::Cleanup) | (Work::Monitor(..), _) => Ok(()),
            (Work::Assign(HaState::Quiescing), Task::Assign { ha, sis }) => self.check_assign(*ha, sis),
            _ => Err(format!("busy with order {} ({})", order.id.0, order.work.name())),
        }
    }

    /// Tells the outcome of an order that is not begun, once: it leaves nothing behind, and the newest order is still
    /// the one that was taken before.
    fn refuse_order(&mut self, term: Term, id: OrderId, text: String, cx: &mut Cx) {
        cx.note(&self.dn, format!("order {} is refused: {text}", id.0));
        let mut report = self.report();
        report.order = Some(OrderReport {
            term,
            id,
            outcome: OrderOutcome::Failed(text),
        });
        self.last_report = Some(report.clone());
        cx.report(NodeReport::Su(report));
    }

    fn start_order(&mut self, task: Task, cx: &mut Cx) -> Result<Work, String> {
        match task {
            Task::Instantiate => self.start_instantiate(),
            Task::Terminate => {
                self.retry_failed(ClcEvent::Terminate, cx);
                if self.goal != Goal::Cleaned {
                    self.goal = Goal::Down;
                }
                Ok(Work::Terminate)
            }
            Task::Cleanup => {
                self.fail_order("a cleanup was ordered", cx);
                self.retry_failed(ClcEvent::Cleanup, cx);
                self.goal = Goal::Cleaned;
                Ok(Work::Cleanup)
            }
            Task::Restart(comp) => self.start_restart(comp, cx),
            Task::Assign { ha, sis } => {
                self.check_assign(ha, &sis)?;
                if !self.has_pre_instantiable() && self.goal == Goal::Down {
                    self.goal = Goal::Up;
                }
                self.holdings.want(ha, sis);
                self.stop_quiescing(cx);
                Ok(Work::Assign(ha))
            }
            Task::Remove(sis) => {
                self.holdings.want_gone(&sis);
                Ok(Work::Remove)
            }
            Task::Repair => {
                self.start_repair(cx);
                Ok(Work::Repair)
            }
            Task::Monitor { comp, run } => self.start_monitor(comp.as_ref(), run),
        }
    }

    /// An order to stop gives a component that could not be stopped another try; one that could not be
    /// started needs only to be told.
    fn retry_failed(&mut self, event: ClcEvent, cx: &mut Cx) {
        for at in 0..self.comps.len() {
            let retry = match self.comps[at].presence {
                PresenceState::TerminationFailed => true,
                PresenceState::InstantiationFailed => event == ClcEvent::Terminate,
                PresenceState::Uninstantiated
                | PresenceState::Instantiating
                | PresenceState::Instantiated
                | PresenceState::Terminating
                | PresenceState::Restarting => false,
            };
            if retry {
                self.apply(at, event, cx);
            }
        }
    }

    fn start_monitor(&mut self, comp: Option<&Dn>, run: bool) -> Result<Work, String> {
        let mut names = Vec::new();
        for own in &mut self.comps {
            let has = own.monitor_state() != MonitorState::None;
            match comp {
                Some(comp) if own.dn() != comp => continue,
                Some(comp) if !has => return Err(format!("{comp} has no AM_START command")),
                Some(comp) if own.presence != PresenceState::Instantiated => {
                    return Err(format!("{comp} is {}", own.presence));
                }
                None if !has || own.presence != PresenceState::Instantiated => continue,
                Some(_) | None => {}
            }
            own.monitor_unwanted = !run;
            names.push(own.dn().clone());
        }
        if names.is_empty() {
            return Err("none of its components is instantiated and has an AM_START command".to_owned());
        }
        Ok(Work::Monitor(names, run))
    }

    /// The monitor that an order wants cannot be started.
    pub(crate) fn fail_monitor_order(&mut self, text: &str, cx: &mut Cx) {
        if let Some(Order {
            work: Work::Monitor(..),
            ..
        }) = &self.order
        {
            self.fail_order(text, cx);
        }
    }

    fn monitors_done(&self, names: &[Dn], run: bool) -> Option<OrderOutcome> {
        for name in names {
            let Some(comp) = self.index(name).map(|at| &self.comps[at]) else {
                return Some(OrderOutcome::Failed(format!("{name} is no longer configured")));
            };
            if comp.presence != PresenceState::Instantiated {
                return Some(OrderOutcome::Failed(format!("{name} is {}", comp.presence)));
            }
            match (&comp.monitor, run) {
                (Monitor::On, true) | (Monitor::Off, false) => {}
                (Monitor::Stuck, false) => {
                    return Some(OrderOutcome::Failed(format!("AM_STOP of {name} failed")));
                }
                (_, _) => return None,
            }
        }
        Some(OrderOutcome::Done)
    }

    fn refuse_fault(&self) -> Result<(), String> {
        if let Some(fault) = self.fault_report() {
            return Err(format!(
                "{} failed ({} is due); the SU must be repaired first",
                fault.comp, fault.recovery
            ));
        }
        let failed = |comp: &&Comp| comp.is_down() && comp.presence != PresenceState::Uninstantiated;
        match self.comps.iter().find(failed) {
            Some(comp) => Err(format!("{}; the SU must be repaired first", comp.failed_text())),
            None => Ok(()),
        }
    }

    fn start_instantiate(&mut self) -> Result<Work, String> {
        self.refuse_fault()?;
        match self.goal {
            Goal::Cleaned => return Err("it is being cleaned up".to_owned()),
            Goal::Down => self.goal = Goal::Up,
            Goal::Up | Goal::Restart(_) => {}
        }
        for comp in &mut self.comps {
            comp.oper = OperState::Enabled;
        }
        Ok(Work::Instantiate)
    }

    fn start_restart(&mut self, comp: Option<Dn>, cx: &mut Cx) -> Result<Work, String> {
        self.refuse_fault()?;
        if self.goal != Goal::Up {
            return Err(format!("it is {}", self.presence()));
        }
        let quiesced = |comp: &&Comp| self.holdings.is_quiesced(comp.dn());
        let Some(dn) = comp else {
            if let Some(comp) = self.comps.iter().find(quiesced) {
                return Err(format!(
                    "{} is quiesced and cannot be restarted in place",
                    comp.dn()
                ));
            }
            if !self
                .comps
                .iter()
                .any(|comp| comp.presence == PresenceState::Instantiated)
            {
                return Err(format!("it is {}", self.presence()));
            }
            self.restart_count = self.restart_count.saturating_add(1);
            self.goal = Goal::Restart(RestartStage::StopInOrder);
            return Ok(Work::RestartSu);
        };
        let at = self
            .index(&dn)
            .ok_or_else(|| format!("{dn} is not a component of it"))?;
        let comp = &mut self.comps[at];
        if comp.presence != PresenceState::Instantiated {
            return Err(format!("{dn} is {}", comp.presence));
        }
        if self.holdings.is_quiesced(&dn) {
            return Err(format!("{dn} is quiesced and cannot be restarted in place"));
        }
        comp.restart_count = comp.restart_count.saturating_add(1);
        self.apply(at, ClcEvent::Restart, cx);
        Ok(Work::RestartComp(dn))
    }

    fn check_assign(&self, ha: HaState, sis: &[SiAssignment]) -> Result<(), String> {
        let raises = matches!(ha, HaState::Active | HaState::Standby);
        if raises {
            self.refuse_fault()?;
            if self.goal != Goal::Up && self.has_pre_instantiable() && !matches!(self.goal, Goal::Restart(_))
            {
                return Err(format!("it is {}", self.presence()));
            }
        }
        for SiAssignment { si, csis } in sis {
            let held = self.holdings.0.get(si);
            if held.is_none() && (!raises || csis.is_empty()) {
                return Err(if raises {
                    format!("{si} has no CSI for it")
                } else {
                    format!("it does not hold {si}")
                });
            }
            for wanted in csis {
                let at = self.index(&wanted.comp).ok_or_else(|| {
                    format!(
                        "{} is for {}, which is not a component of it",
                        wanted.csi, wanted.comp
                    )
                })?;
                let comp = &self.comps[at];
                let other = held.and_then(|held| held.csis.get(&wanted.csi));
                if let Some(other) = other.filter(|other| other.wanted.comp != wanted.comp) {
                    return Err(format!(
                        "{} has {}; it must be removed before {} can get it",
                        other.wanted.comp, wanted.csi, wanted.comp
                    ));
                }
                let ready = match (comp.kind, comp.presence) {
                    (_, PresenceState::Instantiated | PresenceState::Restarting)
                    | (Kind::NonSaAware | Kind::ProxiedNpi, _) => true,
                    (Kind::SaAware | Kind::Proxied | Kind::Contained, _) => false,
                };
                if ha == HaState::Active && comp.kind == Kind::ProxiedNpi && comp.session.is_none() {
                    return Err(format!("{} waits for a proxy to register it", comp.dn()));
                }
                if raises && !ready {
                    return Err(format!(
                        "{} is for {}, which is {}",
                        wanted.csi, wanted.comp, comp.presence
                    ));
                }
            }
        }
        Ok(())
    }

    fn start_repair(&mut self, cx: &mut Cx) {
        self.fault = None;
        self.escalation = Escalation::Calm;
        for at in 0..self.comps.len() {
            let comp = &mut self.comps[at];
            comp.oper = OperState::Enabled;
            comp.faulted = false;
            match comp.presence {
                PresenceState::InstantiationFailed | PresenceState::TerminationFailed => {
                    // What it had may be another's by now; the director gives it anew.
                    let dn = comp.dn().clone();
                    self.holdings.abandon(&dn);
                    self.apply(at, ClcEvent::Repair, cx);
                }
                PresenceState::Instantiated
                | PresenceState::Uninstantiated
                | PresenceState::Instantiating
                | PresenceState::Terminating
                | PresenceState::Restarting => {}
            }
        }
    }

    /// Ends the order where it is carried out, or where it cannot be any more.
    pub(crate) fn judge_order(&mut self, cx: &mut Cx) {
        let Some(order) = self.order.as_ref().filter(|order| order.is_in_progress()) else {
            return;
        };
        let (id, work) = (order.id, order.work.clone());
        let waits = self.waits_for_manager(cx).filter(|_| work == Work::Instantiate);
        let Some(outcome) = waits.map(OrderOutcome::Failed).or_else(|| self.verdict(&work)) else {
            return;
        };
        if matches!(work, Work::Assign(_) | Work::Remove) {
            self.holdings.confirm();
        }
        let said = match &outcome {
            OrderOutcome::Failed(text) => format!("failed: {text}"),
            OrderOutcome::Done | OrderOutcome::InProgress => "done".to_owned(),
        };
        cx.note(&self.dn, format!("order {} ({}) is {said}", id.0, work.name()));
        self.end_order(outcome, cx);
    }

    /// What a component waits for that could be instantiated if only its manager were there. It is instantiated as soon
    /// as there is one; the order does not wait for that.
    fn waits_for_manager(&self, cx: &Cx) -> Option<String> {
        let moving = |comp: &Comp| comp.presence == PresenceState::Instantiating;
        let waits = |comp: &&Comp| {
            comp.kind.is_pre_instantiable()
                && comp.presence == PresenceState::Uninstantiated
                && !comp.leaving
                && !comp.can_start(cx)
        };
        if self.goal != Goal::Up || self.comps.iter().any(moving) {
            return None;
        }
        let comp = self.comps.iter().find(waits)?;
        Some(match comp.manager_csi() {
            Some(csi) => format!("{} waits for a component that is active for {csi}", comp.dn()),
            None => format!("{} waits for a proxy to register it", comp.dn()),
        })
    }

    fn end_order(&mut self, outcome: OrderOutcome, cx: &mut Cx) {
        if let Some(order) = &mut self.order {
            order.outcome = outcome;
            cx.moved = true;
        }
    }

    fn verdict(&self, work: &Work) -> Option<OrderOutcome> {
        let up =
            |comp: &Comp| !comp.kind.is_pre_instantiable() || comp.presence == PresenceState::Instantiated;
        let done = match work {
            Work::Instantiate => self.goal == Goal::Up && self.comps.iter().all(up),
            Work::Terminate | Work::Cleanup => {
                if self.goal != Goal::Down || !self.is_down() {
                    return None;
                }
                let failed = |comp: &&Comp| comp.presence == PresenceState::TerminationFailed;
                if let Some(comp) = self.comps.iter().find(failed) {
                    return Some(OrderOutcome::Failed(comp.failed_text()));
                }
                true
            }
            Work::RestartComp(dn) => match self.index(dn) {
                Some(at) => self.comps[at].presence == PresenceState::Instantiated && self.is_settled(),
                None => return Some(OrderOutcome::Failed(format!("{dn} is no longer configured"))),
            },
            Work::RestartSu => self.goal == Goal::Up && self.comps.iter().all(up) && self.is_settled(),
            Work::Assign(_) | Work::Remove => self.is_settled(),
            Work::Repair => match self.goal {
                Goal::Up => self.comps.iter().all(up) && self.is_settled(),
                Goal::Down => self.is_down(),
                Goal::Cleaned | Goal::Restart(_) => false,
            },
            Work::Monitor(names, run) => return self.monitors_done(names, *run),
        };
        done.then_some(OrderOutcome::Done)
    }

    /// Gives the order up, because of a fault or the end of the node director. Orders to stop go on.
    pub(crate) fn fail_order(&mut self, text: &str, cx: &mut Cx) {
        let Some(order) = self.order.as_ref().filter(|order| order.is_in_progress()) else {
            return;
        };
        let (id, work) = (order.id, order.work.clone());
        match work {
            Work::Terminate | Work::Cleanup => return,
            Work::Assign(_) | Work::Remove => self.holdings.roll_back(),
            Work::Instantiate | Work::RestartComp(_) | Work::RestartSu | Work::Repair | Work::Monitor(..) => {
            }
        }
        cx.note(
            &self.dn,
            format!("order {} ({}) is given up: {text}", id.0, work.name()),
        );
        self.end_order(OrderOutcome::Failed(text.to_owned()), cx);
    }
}
