//! The state sets of the framework, with the numbers that the information model stores and the names that
//! OpenSAF's commands print.

use std::fmt;

macro_rules! numbered_states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $text:literal;)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum $name { $($(#[$vdoc])* $variant = $code,)* }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The number that the information model stores.
            pub const fn code(self) -> u32 { self as u32 }

            /// The value with this number; `None` where there is none.
            pub const fn from_code(code: u32) -> Option<$name> {
                match code { $($code => Some($name::$variant),)* _ => None }
            }

            /// The name that commands print.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.name()) }
        }
    )* };
}

numbered_states! {
    /// What the operator wants of an entity (`SaAmfAdminStateT`).
    AdminState {
        /// May be used.
        Unlocked = 1, "UNLOCKED";
        /// May not serve.
        Locked = 2, "LOCKED";
        /// May not even be instantiated.
        LockedInstantiation = 3, "LOCKED-INSTANTIATION";
        /// Finishes its work and then is locked.
        ShuttingDown = 4, "SHUTTING-DOWN";
    }
    /// Whether an entity works (`SaAmfOperationalStateT`).
    OperState {
        /// It works.
        Enabled = 1, "ENABLED";
        /// It failed and awaits repair.
        Disabled = 2, "DISABLED";
    }
    /// The life cycle of a component or SU (`SaAmfPresenceStateT`).
    PresenceState {
        /// Not there.
        Uninstantiated = 1, "UNINSTANTIATED";
        /// Being started.
        Instantiating = 2, "INSTANTIATING";
        /// There.
        Instantiated = 3, "INSTANTIATED";
        /// Being stopped.
        Terminating = 4, "TERMINATING";
        /// Being stopped and started again.
        Restarting = 5, "RESTARTING";
        /// Could not be started.
        InstantiationFailed = 6, "INSTANTIATION-FAILED";
        /// Could not be stopped.
        TerminationFailed = 7, "TERMINATION-FAILED";
    }
    /// Whether an SU or component may get work (`SaAmfReadinessStateT`).
    ReadinessState {
        /// May get none.
        OutOfService = 1, "OUT-OF-SERVICE";
        /// May get work.
        InService = 2, "IN-SERVICE";
        /// Finishes what it has and gets nothing new.
        Stopping = 3, "STOPPING";
    }
    /// The role of an SU for an SI, or of a component for a CSI (`SaAmfHAStateT`).
    HaState {
        /// Serves.
        Active = 1, "ACTIVE";
        /// Ready to take over.
        Standby = 2, "STANDBY";
        /// Stopped serving, state handed over.
        Quiesced = 3, "QUIESCED";
        /// Finishing its work, taking nothing new.
        Quiescing = 4, "QUIESCING";
    }
    /// How much of what an SI wants it has (`SaAmfAssignmentStateT`).
    AssignmentState {
        /// Nobody serves it.
        Unassigned = 1, "UNASSIGNED";
        /// It has all it prefers.
        FullyAssigned = 2, "FULLY_ASSIGNED";
        /// Served, with fewer assignments than preferred.
        PartiallyAssigned = 3, "PARTIALLY_ASSIGNED";
    }
    /// Whether a component could take work it does not have (`SaAmfHAReadinessStateT`).
    HaReadinessState {
        /// Any.
        ReadyForAssignment = 1, "READY_FOR_ASSIGNMENT";
        /// Active only with restrictions.
        ReadyForActiveDegraded = 2, "READY_FOR_ACTIVE_DEGRADED";
        /// Not active.
        NotReadyForActive = 3, "NOT_READY_FOR_ACTIVE";
        /// None.
        NotReadyForAssignment = 4, "NOT_READY_FOR_ASSIGNMENT";
    }
    /// How a service group protects its service instances (`SaAmfRedundancyModelT`).
    RedundancyModel {
        /// One active SU, one standby SU.
        TwoN = 1, "2N";
        /// N active SUs, M standby SUs.
        NPlusM = 2, "N+M";
        /// SUs active for some SIs and standby for others.
        NWay = 3, "N-way";
        /// Several active SUs for an SI, no standby.
        NWayActive = 4, "N-way-active";
        /// One SU for an SI.
        NoRedundancy = 5, "no-redundancy";
    }
    /// What shall be done about an error (`SaAmfRecommendedRecoveryT`).
    RecommendedRecovery {
        /// What the component's configuration says.
        NoRecommendation = 1, "NO_RECOMMENDATION";
        /// Restart the component.
        ComponentRestart = 2, "COMPONENT_RESTART";
        /// Fail the component over.
        ComponentFailover = 3, "COMPONENT_FAILOVER";
        /// Switch the node over, fail the component over.
        NodeSwitchover = 4, "NODE_SWITCHOVER";
        /// Fail the node over.
        NodeFailover = 5, "NODE_FAILOVER";
        /// Reboot the node at once.
        NodeFailfast = 6, "NODE_FAILFAST";
        /// Reboot every node.
        ClusterReset = 7, "CLUSTER_RESET";
        /// Restart the application.
        ApplicationRestart = 8, "APPLICATION_RESTART";
        /// Restart the container.
        ContainerRestart = 9, "CONTAINER_RESTART";
        /// Restart the SU; reached by escalation only (OpenSAF practice).
        SuRestart = 10, "SU_RESTART";
        /// Fail the SU over; reached by escalation and saAmfSUFailover only (OpenSAF practice).
        SuFailover = 11, "SU_FAILOVER";
    }
    /// The administrative operations of the framework, with their ids.
    AdminOperation {
        /// Let it serve.
        Unlock = 1, "unlock";
        /// Take its work away now.
        Lock = 2, "lock";
        /// Terminate it.
        LockInstantiation = 3, "lock-in";
        /// Let it be instantiated.
        UnlockInstantiation = 4, "unlock-in";
        /// Let it finish its work, then lock it.
        Shutdown = 5, "shutdown";
        /// Restart it.
        Restart = 6, "restart";
        /// Swap active and standby.
        SiSwap = 7, "si-swap";
        /// Bring the SG back to its preferred assignments.
        SgAdjust = 8, "sg-adjust";
        /// It has been repaired by hand.
        Repaired = 9, "repaired";
        /// Start external active monitoring.
        EamStart = 10, "eam-start";
        /// Stop external active monitoring.
        EamStop = 11, "eam-stop";
    }
    /// Where an error was noticed; a cleanup command gets the number in `OSAF_COMPONENT_ERROR_SOURCE`.
    ErrorSource {
        /// The component, or another one, reported it.
        ErrorReport = 1, "error report";
        /// A healthcheck that the component invokes did not come.
        Healthcheck = 2, "healthcheck";
        /// Passive monitoring of a process.
        PassiveMonitoring = 3, "passive monitoring";
        /// Active monitoring.
        ActiveMonitoring = 4, "active monitoring";
        /// A CLC command failed.
        ClcCommand = 5, "CLC command failed";
        /// No answer to a healthcheck callback.
        HealthcheckTimeout = 6, "healthcheck callback timeout";
        /// A bad answer to a healthcheck callback.
        HealthcheckFailed = 7, "healthcheck callback failed";
        /// The registered process died or closed its connection.
        ProcessDied = 8, "process died";
        /// The proxy did not register the component in time.
        ProxiedRegistrationTimeout = 9, "proxied registration timeout";
        /// No answer to a CSI set callback.
        CsiSetTimeout = 10, "CSI set callback timeout";
        /// No answer to a CSI remove callback.
        CsiRemoveTimeout = 11, "CSI remove callback timeout";
        /// A bad answer to a CSI set callback.
        CsiSetFailed = 12, "CSI set callback failed";
        /// A bad answer to a CSI remove callback.
        CsiRemoveFailed = 13, "CSI remove callback failed";
        /// Quiescing was not completed in time.
        QuiescingCompleteTimeout = 14, "quiescing complete timeout";
    }
}

impl RecommendedRecovery {
    /// How strong the recovery is; a stronger one disturbs more. Recovery may be escalated, never weakened
    /// (AMF B.04.01 §3.11.1.3).
    pub const fn strength(self) -> u8 {
        match self {
            RecommendedRecovery::NoRecommendation => 0,
            RecommendedRecovery::ComponentRestart => 1,
            RecommendedRecovery::ContainerRestart => 2,
            RecommendedRecovery::SuRestart => 3,
            RecommendedRecovery::ComponentFailover => 4,
            RecommendedRecovery::SuFailover => 5,
            RecommendedRecovery::ApplicationRestart => 6,
            RecommendedRecovery::NodeSwitchover => 7,
            RecommendedRecovery::NodeFailover => 8,
            RecommendedRecovery::NodeFailfast => 9,
            RecommendedRecovery::ClusterReset => 10,
        }
    }
}

bitflags::bitflags! {
    /// What kind of component it is (`SaAmfCompCategoryT`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct CompCategory: u32 {
        /// Has a process that registers.
        const SA_AWARE = 0x01;
        /// Manages other components.
        const PROXY = 0x02;
        /// Managed by a proxy.
        const PROXIED = 0x04;
        /// Runs on a node of the cluster.
        const LOCAL = 0x08;
        /// Runs other components in itself.
        const CONTAINER = 0x10;
        /// Runs in a container.
        const CONTAINED = 0x20;
        /// Managed by a proxy and not pre-instantiable.
        const PROXIED_NPI = 0x40;
    }
}

impl CompCategory {
    /// Whether the component can be instantiated before it gets work.
    pub const fn is_pre_instantiable(self) -> bool {
        self.intersects(
            CompCategory::SA_AWARE
                .union(CompCategory::PROXY)
                .union(CompCategory::PROXIED)
                .union(CompCategory::CONTAINER.union(CompCategory::CONTAINED)),
        ) && !self.contains(CompCategory::PROXIED_NPI)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_the_models() {
        assert_eq!(AdminState::from_code(3), Some(AdminState::LockedInstantiation));
        assert_eq!(
            AdminState::LockedInstantiation.to_string(),
            "LOCKED-INSTANTIATION"
        );
        assert_eq!(PresenceState::from_code(8), None);
        assert!(CompCategory::SA_AWARE.is_pre_instantiable());
        assert!(!CompCategory::LOCAL.is_pre_instantiable());
        assert!(!CompCategory::PROXIED_NPI.is_pre_instantiable());
    }

    #[test]
    fn strengths_are_a_strict_order() {
        let mut seen: Vec<u8> = RecommendedRecovery::ALL.iter().map(|r| r.strength()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), RecommendedRecovery::ALL.len());
    }
}
