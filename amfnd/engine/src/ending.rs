//! The end of a node director: it says that it wants to leave, the director moves its work and lets it go, and what is
//! left then is terminated.

use ais::amf::NodeReport;
use ais::{Dn, Millis};

use crate::cx::Cx;
use crate::node::NodeEngine;
use crate::su::Goal;

/// How far the end of the node director is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    #[default]
    No,
    /// The director moves the work away; what is left then is terminated without it.
    Leaving {
        until: Millis,
    },
    Terminating,
    Complete,
}

impl Ending {
    /// Whether every SU is being terminated, or is.
    pub(crate) const fn terminates(self) -> bool {
        matches!(self, Ending::Terminating | Ending::Complete)
    }

    /// When the director has had its time.
    pub(crate) const fn deadline(self) -> Option<Millis> {
        match self {
            Ending::Leaving { until } => Some(until),
            Ending::No | Ending::Terminating | Ending::Complete => None,
        }
    }
}

impl NodeEngine {
    /// Asks the director to move what runs here, where there is one.
    pub(crate) fn leave(&mut self, cx: &mut Cx) {
        if self.ending != Ending::No || !self.director {
            return self.shut_down(cx);
        }
        let limit = self.options.leave_limit;
        if limit == Millis(0) {
            return self.shut_down(cx);
        }
        self.ending = Ending::Leaving {
            until: cx.now.after(limit),
        };
        self.note(
            cx,
            &format!("is to end: its work is moved first, within {} ms", limit.0),
        );
        cx.report(NodeReport::Leaving);
    }

    /// Terminates what the director has not moved in time.
    pub(crate) fn end_leaving(&mut self, cx: &mut Cx) {
        if let Ending::Leaving { until } = self.ending
            && until <= cx.now
        {
            self.stop_waiting("the work of the node was not moved in time", cx);
        }
    }

    /// Terminates what there still is, where the end waits for the director.
    pub(crate) fn stop_waiting(&mut self, why: &str, cx: &mut Cx) {
        if matches!(self.ending, Ending::Leaving { .. }) {
            self.note(cx, &format!("{why}; what is left is terminated"));
            self.shut_down(cx);
        }
    }

    /// Terminates every SU.
    pub(crate) fn shut_down(&mut self, cx: &mut Cx) {
        if self.ending.terminates() {
            return;
        }
        self.ending = Ending::Terminating;
        cx.shutting_down = true;
        for su in self.sus.keys().cloned().collect::<Vec<Dn>>() {
            self.with_su(&su, cx, |su, cx| {
                su.fail_order("the node director is ending", cx);
                if su.goal != Goal::Cleaned {
                    su.goal = Goal::Down;
                }
            });
        }
    }
}
