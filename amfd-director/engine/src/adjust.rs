//! When a service group with the option auto-adjust is brought back to its preferred assignments (AMF B.02.01 §3.7.1.2):
//! when something became available that could be used for that, namely an SU that is in service or could be
//! instantiated, or an unlocked SI. An SU that comes back after a failure is on probation first: it takes over from
//! others, but no adjustment moves anything to it; the end of the probation makes it available.
//!
//! What was available before is all that is remembered. A director that starts takes what it finds for granted and
//! adjusts nothing.

use std::collections::BTreeSet;

use ais::Dn;
use ais::amf::{AdminState, OperState};

use crate::Director;
use crate::model::{Sg, Su};
use crate::reason::Reason;
use crate::state::View;

/// What an adjustment of an SG could use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Available {
    /// SUs and SIs.
    entities: BTreeSet<Dn>,
    /// SUs that have failed and have not come back.
    failed: BTreeSet<Dn>,
}

impl Director {
    /// Looks at what is available in the SG; wants an adjustment where something came, and puts SUs on probation that
    /// come back after a failure.
    pub(crate) fn notice_available(&mut self, dn: &Dn) {
        let Some(sg) = self.model.sgs.get(dn) else {
            self.state.available.remove(dn);
            return;
        };
        if !sg.auto_adjust {
            self.state.available.remove(dn);
            return;
        }
        let before = self.state.available.remove(dn);
        let (mut now, on_probation) = available(self.view(), sg, before.as_ref());
        let end = self.now.after(sg.auto_adjust_probation);
        for su in &on_probation {
            if let Some(state) = self.state.sus.get_mut(su) {
                state.probation_until = Some(end);
            }
            now.entities.remove(su);
            self.because(su, Reason::OnProbation);
        }
        let came = before.and_then(|before| now.entities.difference(&before.entities).next().cloned());
        if let Some(entity) = came
            && self.state.adjusts.insert(dn.clone())
        {
            self.because(dn, Reason::AutoAdjust { entity });
        }
        self.state.available.insert(dn.clone(), now);
    }
}

/// What is available, and the SUs whose probation begins.
fn available(view: View<'_>, sg: &Sg, before: Option<&Available>) -> (Available, Vec<Dn>) {
    let mut now = Available::default();
    let mut on_probation = Vec::new();
    let failed_before = |su: &Dn| before.is_some_and(|before| before.failed.contains(su));
    for (dn, su) in &sg.sus {
        if has_failed(view, dn, su) {
            now.failed.insert(dn.clone());
        } else if !is_usable(view, dn, su) {
            if failed_before(dn) {
                now.failed.insert(dn.clone());
            }
        } else if failed_before(dn) && sg.auto_adjust_probation.0 > 0 {
            on_probation.push(dn.clone());
        } else if !view.is_on_probation(dn) {
            now.entities.insert(dn.clone());
        }
    }
    let unlocked = |si: &&Dn| view.state.admin(si) == AdminState::Unlocked;
    now.entities.extend(sg.sis.keys().filter(unlocked).cloned());
    (now, on_probation)
}

/// Whether the SU is disabled, by its own failure or its node's. A node that has never been there has not failed.
fn has_failed(view: View<'_>, dn: &Dn, su: &Su) -> bool {
    let node = su.node.as_ref().and_then(|node| view.state.node(node));
    let Some(node) = node.filter(|node| node.seen) else {
        return false;
    };
    let reported = node.session.is_none() || view.state.su(dn).is_some_and(|state| state.report.is_some());
    reported && (view.disabled(dn, su).is_some() || node.recovery.is_some())
}

/// Whether nothing keeps the SU from being instantiated and serving. On its way up or down it stays available, so that
/// what an adjustment starts never asks for another one.
fn is_usable(view: View<'_>, dn: &Dn, su: &Su) -> bool {
    let enabled = su
        .node
        .as_ref()
        .is_some_and(|node| view.node_oper(node) == OperState::Enabled && !view.leaves(node));
    enabled
        && view.disabled(dn, su).is_none()
        && view.restarting(dn).is_none()
        && view.strictest(dn).0 == AdminState::Unlocked
}
