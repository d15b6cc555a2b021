//! What the director is told about an SU.

use ais::amf::{CompReport, NodeReport, OperState, PresenceState, SuReport};

use crate::comp::Comp;
use crate::cx::Cx;
use crate::su::Su;

impl Comp {
    fn report(&self) -> CompReport {
        let failed = match self.presence {
            PresenceState::InstantiationFailed | PresenceState::TerminationFailed => true,
            PresenceState::Uninstantiated
            | PresenceState::Instantiating
            | PresenceState::Instantiated
            | PresenceState::Terminating
            | PresenceState::Restarting => false,
        };
        CompReport {
            comp: self.dn().clone(),
            presence: self.presence,
            oper: if failed { OperState::Disabled } else { self.oper },
            restart_count: self.restart_count,
            failure: self.failure.clone(),
            monitor: self.monitor_state(),
            manager: self.manager.clone().filter(|_| self.session.is_some()),
            ha_readiness: self
                .ha_readiness
                .iter()
                .map(|(csi, state)| (csi.clone(), *state))
                .collect(),
        }
    }
}

impl Su {
    /// All about the SU.
    pub(crate) fn report(&self) -> SuReport {
        SuReport {
            su: self.dn.clone(),
            presence: self.presence(),
            restart_count: self.restart_count,
            comps: self.comps.iter().map(Comp::report).collect(),
            assignments: self.holdings.reports(),
            fault: self.fault_report(),
            order: self.order.as_ref().and_then(|order| order.report(self.session)),
        }
    }

    /// Reports the SU if anything differs from what was reported last.
    pub(crate) fn report_change(&mut self, cx: &mut Cx) {
        let report = self.report();
        if self.last_report.as_ref() != Some(&report) {
            self.last_report = Some(report.clone());
            cx.report(NodeReport::Su(report));
        }
    }

    /// Reports the SU whether or not anything changed.
    pub(crate) fn report_all(&mut self, cx: &mut Cx) {
        self.last_report = None;
        self.report_change(cx);
    }
}
