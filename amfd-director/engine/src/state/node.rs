//! A node: its connection, the recovery that acts on it, and the counter that leads to one.

use ais::amf::RecommendedRecovery;
use ais::{Dn, Millis};

use super::Indexed;
use crate::event::SessionId;

/// A recovery that acts on a whole node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeRecovery {
    /// NODE_SWITCHOVER or stronger.
    pub(crate) kind: RecommendedRecovery,
    /// Who caused it.
    pub(crate) comp: Dn,
    /// Whether the reboot that ends it was ordered.
    pub(crate) rebooting: bool,
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
    pub(crate) recovery: Option<NodeRecovery>,
    /// SU failovers within the probation.
    pub(crate) su_failovers: u32,
    /// When the counter starts again.
    pub(crate) probation_until: Option<Millis>,
}

impl Indexed for NodeState {
    fn due(&self) -> Option<Millis> {
        [self.report_until, self.probation_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// A recovery acts on the node.
    fn is_open(&self) -> bool {
        self.recovery.is_some()
    }
}

impl NodeState {
    /// Counts a failover of an SU; gives back the count within the probation.
    pub(crate) fn count_failover(&mut self, now: Millis, probation: Millis) -> u32 {
        if self.probation_until.is_none_or(|end| end <= now) {
            self.su_failovers = 0;
            self.probation_until = Some(now.after(probation));
        }
        self.su_failovers = self.su_failovers.saturating_add(1);
        self.su_failovers
    }

    /// The probation is over.
    pub(crate) fn end_probation(&mut self) {
        self.su_failovers = 0;
        self.probation_until = None;
    }

    pub(crate) fn is_rebooting(&self) -> bool {
        self.recovery.as_ref().is_some_and(|recovery| recovery.rebooting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failovers_count_within_the_probation_only() {
        let mut node = NodeState::default();
        let probation = Millis(1_000);
        assert_eq!(node.count_failover(Millis(0), probation), 1);
        assert_eq!(node.count_failover(Millis(999), probation), 2);
        assert_eq!(node.count_failover(Millis(1_000), probation), 1);
        node.end_probation();
        assert_eq!((node.su_failovers, node.probation_until), (0, None));
    }
}
