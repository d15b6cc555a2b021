//! Stories: what happened first, and all that it leads to.
//!
//! Each step has at most one cause. A report that answers an order belongs to the story of its SG; a fault, a lost node, an
//! operation, a change of the model begins one. An SG is in a story from the first order until nothing is to be done any
//! more; a later one takes over an SG that an earlier one still moves. A story ends with its last SG. Nothing is decided by
//! any of this: it only names what belongs together.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{CauseId, OrderOutcome, Term};

use crate::Director;
use crate::effect::{Effect, Story};
use crate::event::Event;
use crate::state::InFlight;

/// The stories that are going on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stories {
    last: u64,
    /// What the present event is, in words for the beginning of a story.
    origin: String,
    /// The story of the present step.
    step: Option<CauseId>,
    /// The present step upsets the SGs that it touches: they are in its story even before the first order.
    upsets: bool,
    /// The story of the SG that is being evaluated, where the step has none.
    of_sg: Option<CauseId>,
    /// By SG.
    open: BTreeMap<Dn, CauseId>,
    /// How many SGs each story has.
    members: BTreeMap<CauseId, usize>,
    /// Those that the present step began and that have not ended.
    begun: Vec<CauseId>,
}

impl Stories {
    fn leave(&mut self, sg: &Dn) -> Option<(CauseId, bool)> {
        let cause = self.open.remove(sg)?;
        let left = self.members.get_mut(&cause).map_or(0, |count| {
            *count -= 1;
            *count
        });
        if left == 0 {
            self.members.remove(&cause);
        }
        Some((cause, left == 0))
    }
}

impl Director {
    /// Begins a step.
    pub(crate) fn begin_step(&mut self, event: &Event) {
        self.stories.step = None;
        self.stories.of_sg = None;
        self.stories.upsets = matches!(event, Event::NodeDown { .. });
        self.stories.origin = match event {
            Event::Start { .. } => "the director starts".to_owned(),
            Event::CcbApplied { .. } => "the model was changed".to_owned(),
            Event::AdminOperation { dn, .. } => format!("an operation on {dn}"),
            Event::NodeUp { node, .. } => format!("{node} connected"),
            Event::NodeDown { node, .. } => format!("the connection to {node} was lost"),
            Event::Report { node, .. } => format!("a report from {node}"),
            Event::FenceResult { .. } => "the fence answered".to_owned(),
            Event::AlarmsRaised { .. } | Event::Repository { .. } | Event::Deadline => {
                "a time was up".to_owned()
            }
        };
    }

    /// Ends the stories that this step began and that no SG is in: nothing is to be done about them.
    pub(crate) fn end_stories(&mut self) {
        for cause in std::mem::take(&mut self.stories.begun) {
            if !self.stories.members.contains_key(&cause) {
                self.out.because.push(Effect::Story(Story::Settled { cause }));
            }
        }
    }

    /// The present step goes on with the story of the SU's SG, where there is one.
    pub(crate) fn continue_story(&mut self, su: &Dn) {
        let sg = self.model.su(su).map(|(sg, ..)| sg);
        self.stories.step = sg.and_then(|sg| self.stories.open.get(sg)).copied();
    }

    /// The present step begins a story with this, whatever went on.
    pub(crate) fn begin_story(&mut self, origin: String) {
        self.stories.step = None;
        self.stories.origin = origin;
        self.stories.upsets = true;
    }

    /// The story that what is done now belongs to; begins one where there is none.
    pub(crate) fn cause(&mut self) -> CauseId {
        if let Some(cause) = self.stories.step.or(self.stories.of_sg) {
            return cause;
        }
        self.stories.last += 1;
        let cause = CauseId::new(Term(self.state.term.0), self.stories.last);
        self.stories.step = Some(cause);
        self.stories.begun.push(cause);
        let origin = std::mem::take(&mut self.stories.origin);
        self.out.send.push(Effect::Story(Story::Began { cause, origin }));
        cause
    }

    /// The story of the present step, otherwise the one that the SG of this object is in; begins none.
    pub(crate) fn story_about(&self, object: &str) -> Option<CauseId> {
        if self.stories.step.is_some() {
            return self.stories.step;
        }
        let mut next = Dn::new(object).ok();
        while let Some(dn) = next {
            let sg_of_su = self.model.su(&dn).map(|(sg, ..)| sg);
            let sg = sg_of_su.or_else(|| self.model.si(&dn).map(|(sg, ..)| sg));
            if let Some(cause) = self.stories.open.get(sg.unwrap_or(&dn)) {
                return Some(*cause);
            }
            next = dn.parent();
        }
        None
    }

    /// The evaluation of the SG begins.
    pub(crate) fn enter_story(&mut self, sg: &Dn) {
        self.stories.of_sg = self.stories.open.get(sg).copied();
    }

    /// The evaluation of the SG is over; `ordered` says whether it gave orders, `over` that nothing is to be done.
    pub(crate) fn leave_story(&mut self, sg: &Dn, ordered: bool, over: bool) {
        let upset = self.stories.upsets && self.stories.step.is_some() && !over;
        let joins = ordered || upset;
        if joins {
            let cause = self.cause();
            self.join_story(sg, cause);
        }
        if over && let Some((cause, true)) = self.stories.leave(sg) {
            self.stories.begun.retain(|begun| *begun != cause);
            self.out.because.push(Effect::Story(Story::Settled { cause }));
        }
        self.stories.of_sg = None;
    }

    /// The SG is in this story from now on.
    fn join_story(&mut self, sg: &Dn, cause: CauseId) {
        if self.stories.open.get(sg) == Some(&cause) {
            return;
        }
        if let Some((other, true)) = self.stories.leave(sg) {
            let into = cause;
            self.stories.begun.retain(|begun| *begun != other);
            self.out
                .because
                .push(Effect::Story(Story::Merged { cause: other, into }));
        }
        self.stories.open.insert(sg.clone(), cause);
        *self.stories.members.entry(cause).or_default() += 1;
    }

    /// An order was answered.
    pub(crate) fn tell_answer(&mut self, su: &Dn, order: &InFlight, outcome: &OrderOutcome) {
        let cause = self.cause();
        let su = su.clone();
        let ha = order.kind.assigns();
        let order = order.kind.to_string();
        let outcome = outcome.clone();
        self.out.because.push(Effect::Story(Story::Answered {
            cause,
            su,
            order,
            ha,
            outcome,
        }));
    }
}
