//! Protection groups: the components that hold a CSI (AMF B.04.01 §7.8).

use std::collections::BTreeMap;

use super::{HaReadinessState, HaState};
use crate::Dn;

/// The protection group of a CSI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionGroup {
    /// The CSI.
    pub csi: Dn,
    /// Its members in the order of their names; `None` where there is no such CSI.
    pub members: Option<Vec<ProtectionGroupMember>>,
    /// The nodes of the members' SUs, for node directors: a member may be the proxy of a component elsewhere.
    pub nodes: BTreeMap<Dn, Dn>,
}

/// A component that holds the CSI (`SaAmfProtectionGroupMemberT_4`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionGroupMember {
    /// The component.
    pub comp: Dn,
    /// Its state for the CSI.
    pub ha: HaState,
    /// How ready it is.
    pub ha_readiness: HaReadinessState,
    /// The rank of its SU, from 1, the best; 0 where it has none.
    pub rank: u32,
}

/// What became of a member (`SaAmfProtectionGroupChangesT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtectionGroupChange {
    /// Nothing.
    NoChange = 1,
    /// It is new.
    Added = 2,
    /// It is one no more; its last state is told.
    Removed = 3,
    /// Its state, rank or readiness changed.
    StateChange = 4,
}

impl ProtectionGroupChange {
    /// The value with this number; `None` where there is none.
    pub const fn from_code(code: u32) -> Option<ProtectionGroupChange> {
        match code {
            1 => Some(ProtectionGroupChange::NoChange),
            2 => Some(ProtectionGroupChange::Added),
            3 => Some(ProtectionGroupChange::Removed),
            4 => Some(ProtectionGroupChange::StateChange),
            _ => None,
        }
    }

    /// Its number.
    pub const fn code(self) -> u32 {
        self as u32
    }
}

/// One member in a notification (`SaAmfProtectionGroupNotificationT_4`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionGroupNotification {
    /// The member.
    pub member: ProtectionGroupMember,
    /// What became of it.
    pub change: ProtectionGroupChange,
}

bitflags::bitflags! {
    /// What a process wants to know of a protection group (`SaUint8T trackFlags`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct TrackFlags: u8 {
        /// The members now, once.
        const CURRENT = 0x01;
        /// All members at each change.
        const CHANGES = 0x02;
        /// The members that changed, at each change.
        const CHANGES_ONLY = 0x04;
    }
}
