//! What the director knows beside the configuration: what the operator wants, who is connected, what was reported,
//! which orders are out. Whatever can be derived from that is a function of [`View`], not a field.

mod absence;
mod admin;
mod kept;
mod node;
mod su;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use ais::amf::{AdminState, OrderId, Term};
use ais::{Dn, Millis};

pub(crate) use absence::Absences;
pub(crate) use admin::AdminStates;
pub(crate) use kept::{Indexed, Kept};
pub(crate) use node::{Departure, Loss, NodeRecovery, NodeState, Stage, Stay};
pub(crate) use su::{Applied, Given, InFlight, OrderKind, SuState, is_down, takes_su_down};
pub(crate) use view::{Serving, View, is_failed};

use crate::adjust::Available;
use crate::event::FenceId;
use crate::plan::Swap;

/// Who was active for an SI last, as long as nobody has been quiesced since.
pub(crate) type LastActive = BTreeMap<Dn, Dn>;

/// An SU that runs without being in the model, and is being cleaned up.
#[derive(Debug, Clone)]
pub(crate) struct Stranger {
    pub(crate) node: Dn,
    /// The cleanup.
    pub(crate) order: OrderId,
    /// When it is ordered again, where it failed: no operator can repair what is not in the model.
    pub(crate) retry_at: Option<Millis>,
}

/// All state.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) term: Term,
    pub(crate) admin: AdminStates,
    pub(crate) nodes: Kept<NodeState>,
    pub(crate) sus: Kept<SuState>,
    /// For each SI, which component was active last for each CSI; forgotten when an SU is quiesced for it.
    pub(crate) last_active: BTreeMap<Dn, LastActive>,
    /// For each SG.
    pub(crate) swaps: BTreeMap<Dn, Swap>,
    /// SGs that shall be brought to their most preferred assignments, by `sg-adjust` or by the option auto-adjust; an SG
    /// leaves the set when it is settled so.
    pub(crate) adjusts: BTreeSet<Dn>,
    /// For each SG that adjusts itself, what an adjustment could use when the SG was looked at last.
    pub(crate) available: BTreeMap<Dn, Available>,
    /// Scopes (an SU, a node, an application, the cluster) whose SUs are all terminated before any is instantiated
    /// again. While a scope stands here, its SUs get no work.
    pub(crate) restarts: BTreeSet<Dn>,
    /// The SIs that others depend on and that are unassigned.
    pub(crate) absences: Absences,
    /// Nodes that are still to go down for a reset of the cluster; nothing is started or assigned meanwhile.
    pub(crate) resetting: BTreeSet<Dn>,
    /// SUs that run without being in the model, being cleaned up on that node.
    pub(crate) strangers: BTreeMap<Dn, Stranger>,
    /// Until when the first assignments wait for the cluster; `None` when they need not any more.
    pub(crate) startup_until: Option<Millis>,
    /// Until when nodes that have never reported may still come with running SUs; `None` when that is past.
    pub(crate) sync_until: Option<Millis>,
    /// The first node, in the order of their names, that has never reported; none is missing before it.
    pub(crate) sync_waits_for: Option<Dn>,
    last_order: u64,
    /// The newest order when the model was changed last: it and those before it were given by other rules.
    changed_at: u64,
    last_fence: u64,
}

impl State {
    pub(crate) fn next_order(&mut self) -> OrderId {
        self.last_order += 1;
        OrderId(self.last_order)
    }

    /// Notes that the model is changed.
    pub(crate) fn change_rules(&mut self) {
        self.changed_at = self.last_order;
    }

    /// Whether the order was given by the model as it is now.
    pub(crate) fn is_by_present_rules(&self, order: OrderId) -> bool {
        order.0 > self.changed_at
    }

    pub(crate) fn next_fence(&mut self) -> FenceId {
        self.last_fence += 1;
        FenceId(self.last_fence)
    }

    /// The operator's wish; unlocked where none was expressed.
    pub(crate) fn admin(&self, dn: &Dn) -> AdminState {
        self.admin.get(dn)
    }

    pub(crate) fn node(&self, dn: &Dn) -> Option<&NodeState> {
        self.nodes.get(dn)
    }

    pub(crate) fn su(&self, dn: &Dn) -> Option<&SuState> {
        self.sus.get(dn)
    }

    /// Forgets what is known of an SU that is not in the model any more.
    pub(crate) fn forget_su(&mut self, su: &Dn) {
        self.sus.remove(su);
    }

    /// Forgets what is known of an SI that is not in the model any more.
    pub(crate) fn forget_si(&mut self, si: &Dn) {
        self.last_active.remove(si);
    }

    /// Forgets what is known of an SG that is not in the model any more.
    pub(crate) fn forget_sg(&mut self, sg: &Dn) {
        self.swaps.remove(sg);
        self.adjusts.remove(sg);
        self.available.remove(sg);
    }

    /// When something is due next; after each step.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        [
            self.startup_until,
            self.sync_until,
            self.nodes.next_due(),
            self.sus.next_due(),
            self.absences.next_end(),
            self.strangers.values().filter_map(|su| su.retry_at).min(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
