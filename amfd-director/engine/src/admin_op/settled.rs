//! Whether anything still moves in an SG.

use ais::Dn;
use ais::amf::{AdminState, PresenceState};

use super::obstacle::Obstacle;
use crate::Director;
use crate::state::SuState;

/// So many orders have to fail in a row before an operation stops waiting for the next attempt.
const PATIENCE: u32 = 3;

impl Director {
    /// Whether nothing is in flight in the SG, nothing is to be done and nothing will be tried again.
    pub(crate) fn is_settled(&self, sg: &Dn) -> bool {
        self.is_planned(sg) && self.is_quiet(sg)
    }

    /// Whether no SU of the SG is on its way from one state to another.
    pub(crate) fn is_quiet(&self, sg: &Dn) -> bool {
        let rests = |state: &SuState| state.hold_until.is_none();
        self.states(sg)
            .all(|(su, state)| self.is_steady(su, state) && rests(state))
    }

    /// Whether nothing is in flight in the SG and nothing is to be done, apart from orders that have failed so often that
    /// nobody waits for the next attempt.
    pub(crate) fn is_idle(&self, sg: &Dn) -> bool {
        let rests = |state: &SuState| state.hold_until.is_none() || state.failures >= PATIENCE;
        self.is_planned(sg)
            && self
                .states(sg)
                .all(|(su, state)| self.is_steady(su, state) && rests(state))
    }

    /// Whether the SG was looked at since something changed, and nothing was found to be done.
    fn is_planned(&self, sg: &Dn) -> bool {
        let done = || self.evaluations.get(sg).is_some_and(|evaluation| evaluation.done);
        !self.dirty.contains(sg) && done()
    }

    /// Whether the SU is not on its way from one state to another. What could not be terminated stays as it is; what a
    /// connected node has not told yet will come.
    fn is_steady(&self, su: &Dn, state: &SuState) -> bool {
        use PresenceState as P;
        let rests = !matches!(
            state.presence(),
            P::Instantiating | P::Terminating | P::Restarting
        );
        let stuck = state.presence() == P::TerminationFailed;
        let isolated = stuck || state.fault().is_none_or(|fault| fault.isolated);
        let connected = || {
            let config = self.model.su(su).map(|(_, _, config)| config);
            config.is_some_and(|config| self.view().session(config).is_some())
        };
        rests && isolated && !state.is_busy() && (state.report.is_some() || !connected())
    }

    /// The SG is settled, and no SU or SI in it is on its way out.
    ///
    /// # Errors
    /// TRY_AGAIN with what moves.
    pub(super) fn check_settled(&self, sg: &Dn) -> Result<(), Obstacle> {
        let moving = self.states(sg).find(|(su, state)| !self.is_steady(su, state));
        let why = if let Some((su, state)) = moving {
            match state.presence() {
                presence @ (PresenceState::Instantiating
                | PresenceState::Terminating
                | PresenceState::Restarting) => format!("{su} is {presence}"),
                PresenceState::Uninstantiated
                | PresenceState::Instantiated
                | PresenceState::InstantiationFailed
                | PresenceState::TerminationFailed => format!("{su} is working on an order or recovering"),
            }
        } else if let Some(stopping) = self.stopping_in(sg) {
            format!("{stopping} is shutting down")
        } else if !self.is_settled(sg) {
            "its assignments are being changed".to_owned()
        } else {
            return Ok(());
        };
        let sg = sg.clone();
        Err(Obstacle::Unsettled { sg, why })
    }

    fn stopping_in(&self, sg: &Dn) -> Option<Dn> {
        let group = self.model.sgs.get(sg)?;
        let is_stopping = |dn: &Dn| self.state.admin(dn) == AdminState::ShuttingDown;
        let above = group.sus.keys().map(|su| self.view().strictest(su));
        let mut above = above.filter(|(state, _)| *state == AdminState::ShuttingDown);
        let scope = above.next().map(|(_, scope)| scope);
        scope.or_else(|| group.sis.keys().find(|si| is_stopping(si)).cloned())
    }

    fn states<'a>(&'a self, sg: &Dn) -> impl Iterator<Item = (&'a Dn, &'a SuState)> {
        let sus = self.model.sgs.get(sg).map(|group| group.sus.keys());
        sus.into_iter()
            .flatten()
            .filter_map(|su| Some((su, self.state.su(su)?)))
    }
}
