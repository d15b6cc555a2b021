//! A node: its connection, what became of its work when the connection was lost, and the recovery that acts on it.

use std::collections::BTreeSet;

use ais::amf::RecommendedRecovery;
use ais::{Dn, Millis};

use super::Indexed;
use crate::event::{DownCause, FenceId, SessionId};
use crate::reason::Reason;

/// How far a recovery of a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its work is being moved.
    Moving,
    /// The reboot that ends it was ordered.
    Rebooting,
    /// The node was told to reboot and its policy is to do nothing: the operator repairs it.
    NotRebooted { reason: String },
}

/// A recovery that acts on a whole node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeRecovery {
    /// NODE_SWITCHOVER or stronger.
    pub(crate) kind: RecommendedRecovery,
    /// Who caused it.
    pub(crate) comp: Dn,
    pub(crate) stage: Stage,
}

/// What becomes of the work of a node whose connection is lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing is in question: the node is connected, or nothing ran there.
    #[default]
    None,
    /// It may come back with its work until then.
    Awaited { until: Millis },
    /// The fence was asked to make sure that nothing runs there.
    Fencing { request: FenceId },
    /// The fence could not; it is asked again then.
    FenceFailed { retry_at: Millis, cause: String },
    /// Its work was given to others. If it still runs something when it comes back, it is told to drop it.
    TakenOver,
}

/// Whether the node stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Stay {
    #[default]
    Stays,
    /// Its director was asked to end: its work is moved and its SUs are terminated.
    Leaves,
    /// That is done, and it was told that it may go.
    MayGo,
}

/// How a node that is not there went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// In order: it had said so, and its work was moved.
    Left,
    /// It was told to reboot.
    Rebooted,
    /// Its director ended without a word.
    Died,
    /// Its director does not answer any more.
    Silent,
}

impl Departure {
    /// The same as a reason.
    pub(crate) const fn reason(self) -> Reason {
        match self {
            Departure::Left => Reason::NodeLeft,
            Departure::Rebooted => Reason::NodeWentDown,
            Departure::Died => Reason::NodeDied,
            Departure::Silent => Reason::NodeLost,
        }
    }
}

/// A node of the cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeState {
    pub(crate) session: Option<SessionId>,
    /// Whether the present session has reported every SU.
    pub(crate) reported: bool,
    /// Until when a session that has not reported holds up the SGs of its SUs.
    pub(crate) report_until: Option<Millis>,
    /// Whether some session has reported since the director started, or one was lost.
    pub(crate) seen: bool,
    pub(crate) loss: Loss,
    pub(crate) recovery: Option<NodeRecovery>,
    pub(crate) stay: Stay,
    /// How it went last.
    pub(crate) departure: Option<Departure>,
    /// While it is away it counts as enabled: it was, and it was locked for instantiation.
    pub(crate) enabled_away: bool,
    /// SUs that could not be instantiated and that the node was rebooted for, once.
    pub(crate) rebooted_for: BTreeSet<Dn>,
}

impl Indexed for NodeState {
    fn due(&self) -> Option<Millis> {
        let of_loss = match self.loss {
            Loss::Awaited { until } => Some(until),
            Loss::FenceFailed { retry_at, .. } => Some(retry_at),
            Loss::None | Loss::Fencing { .. } | Loss::TakenOver => None,
        };
        self.report_until.into_iter().chain(of_loss).min()
    }

    /// A recovery acts on the node, or it leaves.
    fn is_open(&self) -> bool {
        self.recovery.is_some() || self.leaves()
    }
}

impl NodeState {
    /// Whether it is there and wants to go.
    pub(crate) fn leaves(&self) -> bool {
        self.session.is_some() && self.stay != Stay::Stays
    }

    /// How its connection ended.
    pub(crate) fn departs(&self, cause: DownCause) -> Departure {
        match (self.is_rebooting(), self.stay, cause) {
            (true, ..) => Departure::Rebooted,
            (false, Stay::MayGo, _) => Departure::Left,
            (false, Stay::Stays | Stay::Leaves, DownCause::Ended) => Departure::Died,
            (false, Stay::Stays | Stay::Leaves, DownCause::Silent) => Departure::Silent,
        }
    }

    pub(crate) fn is_rebooting(&self) -> bool {
        self.recovery
            .as_ref()
            .is_some_and(|recovery| recovery.stage == Stage::Rebooting)
    }

    /// Whether the connection is lost and the node may come back with its work.
    pub(crate) fn is_awaited(&self) -> bool {
        match self.loss {
            Loss::Awaited { .. } => self.session.is_none(),
            Loss::None | Loss::Fencing { .. } | Loss::FenceFailed { .. } | Loss::TakenOver => false,
        }
    }

    /// Whether the connection is lost and its work was not given to others yet: what ran there may still run.
    pub(crate) fn may_run(&self) -> bool {
        match self.loss {
            Loss::Awaited { .. } | Loss::Fencing { .. } | Loss::FenceFailed { .. } => self.session.is_none(),
            Loss::None | Loss::TakenOver => false,
        }
    }
}
