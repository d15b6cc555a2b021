//! CSIs that depend on other CSIs of their SI (AMF B.02.01 §3.9.1.3).
//!
//! The dependency levels give the order in which an order is carried out. What remains is a component that is restarted
//! in place: its CSIs are taken from it, and with them go, from other components, the CSIs that depend on them; they come
//! back after those that they need. Only active assignments depend on others.

use ais::Dn;
use ais::amf::{HaState, PresenceState};

use crate::assign::Progress;
use crate::holding::{Csi, Target};
use crate::su::Su;

/// Whether the CSIs that an active one needs are there; the later the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Support {
    /// All are active.
    Firm,
    /// Some are going to be active.
    Coming,
    /// Some will not become active.
    Never,
    /// Some were lost with a component that is being restarted.
    Lost,
}

impl Su {
    /// Whether the CSIs that this one of the SI needs are there. Needed CSIs stand on lower levels.
    pub(crate) fn support(&self, si: &Dn, csi: &Csi) -> Support {
        let Some(holding) = self.holdings.0.get(si) else {
            return Support::Firm;
        };
        let needed = csi
            .wanted
            .needs
            .iter()
            .filter_map(|name| holding.csis.get_key_value(name));
        let of_level = |(_, other): &(&Dn, &Csi)| {
            other.target == Target::Have(HaState::Active)
                && other.wanted.dependency_level < csi.wanted.dependency_level
        };
        needed
            .filter(of_level)
            .map(|(name, other)| self.support(si, other).max(self.as_support(si, name, other)))
            .max()
            .unwrap_or(Support::Firm)
    }

    /// What a CSI is for those that need it.
    fn as_support(&self, si: &Dn, name: &Dn, csi: &Csi) -> Support {
        let comp = self.index(&csi.wanted.comp).map(|at| &self.comps[at]);
        if comp.is_some_and(|comp| comp.presence == PresenceState::Restarting) {
            Support::Lost
        } else if csi.given == Some(HaState::Active) {
            Support::Firm
        } else if self.progress_alone(si, name, csi) == Progress::Settled {
            Support::Never
        } else {
            Support::Coming
        }
    }

    /// What the component shall be told of a CSI now: its target, unless what it needs was lost.
    pub(crate) fn target_now(&self, si: &Dn, csi: &Csi) -> Target {
        let is_active = csi.target == Target::Have(HaState::Active) && csi.given == Some(HaState::Active);
        if is_active && self.support(si, csi) == Support::Lost {
            Target::Gone
        } else {
            csi.target
        }
    }
}
