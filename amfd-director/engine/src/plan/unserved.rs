//! Groups without a planner.

use super::{Group, SiTarget, Target};
use crate::reason::Reason;

/// Nobody gets anything.
pub(super) fn plan(group: &Group) -> Target {
    let sis = group.services.iter().map(|service| {
        let reason = service.wanted.clone().err().unwrap_or(Reason::NoSuForActive);
        let target = SiTarget {
            reasons: vec![reason],
            ..SiTarget::default()
        };
        (service.dn.clone(), target)
    });
    Target {
        sis: sis.collect(),
        ..Target::default()
    }
}
