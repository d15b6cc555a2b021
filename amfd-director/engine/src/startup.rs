//! When the first assignments need not wait any longer: each SU that should be instantiated is, or has failed; or the
//! cluster serves already.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::AdminState;

use crate::Director;
use crate::model::Sg;
use crate::state::View;

/// How far an SG is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Some SU is still on its way.
    Starting,
    /// Its SUs are ready.
    Ready,
    /// It has assignments, so the cluster was running before.
    InUse,
}

/// How far the cluster is, by the last evaluation of each SG.
#[derive(Debug, Clone, Default)]
pub(crate) struct Startup {
    starting: BTreeSet<Dn>,
    in_use: bool,
}

impl Startup {
    pub(crate) fn note(&mut self, sg: &Dn, progress: Progress) {
        match progress {
            Progress::Starting => {
                self.starting.insert(sg.clone());
            }
            Progress::Ready => self.forget(sg),
            Progress::InUse => self.in_use = true,
        }
    }

    /// The SG is not served any more.
    pub(crate) fn forget(&mut self, sg: &Dn) {
        self.starting.remove(sg);
    }
}

/// How far the SG is; `steady` where nothing of it is on its way or to be done.
pub(crate) fn progress(view: View<'_>, sg: &Sg, steady: bool) -> Progress {
    let state = |su: &Dn| view.state.su(su);
    let assigned = |su: &Dn| {
        let report = state(su).and_then(|state| state.report.as_ref());
        report.is_some_and(|report| !report.assignments.is_empty())
    };
    if sg.sus.keys().any(assigned) {
        return Progress::InUse;
    }
    let ready = sg.sus.iter().all(|(dn, su)| {
        let reported = || state(dn).is_some_and(|state| state.report.is_some() && !state.is_busy());
        let locked_in = || view.strictest(dn).0 == AdminState::LockedInstantiation;
        (su.node.is_some() && reported()) || locked_in()
    });
    if steady && ready && view.unreported_node(sg).is_none() {
        Progress::Ready
    } else {
        Progress::Starting
    }
}

impl Director {
    pub(crate) fn end_startup_early(&mut self) {
        if self.state.startup_until.is_some() && (self.startup.in_use || self.startup.starting.is_empty()) {
            self.state.startup_until = None;
            self.startup = Startup::default();
            self.touch_all();
        }
    }
}
