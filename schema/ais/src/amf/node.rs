//! What the director and a node director say to each other.
//!
//! The director gives *orders*; a node director answers with *reports of state*, not of events. A report about
//! an SU is complete: its presence, its components, what it holds, the fault it has, the order it works on. So
//! a lost, doubled or late report does no harm, and a restarted director learns everything by asking for all
//! reports once.

use super::{
    CompCategory, ErrorSource, EscalationCounting, EscalationLimits, FailoverLimits, HaReadinessState,
    HaState, ManagedBy, MonitorState, Monitoring, OperState, PresenceState, ProtectionGroup,
    RecommendedRecovery,
};
use crate::{Dn, Millis};

/// A number that grows with each director that took the lead. Orders of an older term are refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u64);

/// Names an order; grows within a term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub u64);

/// A component life-cycle (CLC) command, ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program: an absolute path, the path prefix of the software bundle already applied.
    pub path: String,
    /// Its arguments, the type's before the component's.
    pub argv: Vec<String>,
    /// How long it may take.
    pub timeout: Millis,
}

/// A healthcheck that a component may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healthcheck {
    /// Its key.
    pub key: String,
    /// The time between two.
    pub period: Millis,
    /// How long an answer may take.
    pub max_duration: Millis,
}

/// Who sets the pace of a healthcheck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthcheckInvocation {
    /// The framework calls the component each period.
    AmfInvoked,
    /// The component confirms within each period.
    ComponentInvoked,
}

/// All that a node director needs to run a component; type defaults are already filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompConfig {
    /// The component.
    pub dn: Dn,
    /// What kind of component it is.
    pub category: CompCategory,
    /// Lower levels are instantiated first, terminated last.
    pub instantiation_level: u32,
    /// INSTANTIATE; mandatory unless proxied.
    pub instantiate: Option<Command>,
    /// TERMINATE; mandatory for non-SA-aware components.
    pub terminate: Option<Command>,
    /// CLEANUP; mandatory for local components.
    pub cleanup: Option<Command>,
    /// `NAME=value`, the type's before the component's, so that later ones win.
    pub env: Vec<String>,
    /// Attempts after the first one failed, each right after a cleanup.
    pub instantiate_retries_without_delay: u32,
    /// Attempts after those, each after the delay.
    pub instantiate_retries_with_delay: u32,
    /// The delay between those attempts.
    pub instantiate_delay: Millis,
    /// How long the terminate callback of an SA-aware component may take until its process is gone.
    pub terminate_callback_timeout: Millis,
    /// How long a CSI set callback may take.
    pub csi_set_timeout: Millis,
    /// How long a CSI remove callback may take.
    pub csi_remove_timeout: Millis,
    /// How long quiescing may take after the callback was answered.
    pub quiescing_complete_timeout: Millis,
    /// The recovery where an error comes without a recommendation; never `NoRecommendation`.
    pub recovery_on_error: RecommendedRecovery,
    /// A restart is replaced by a failover.
    pub disable_restart: bool,
    /// The healthchecks it may start.
    pub healthchecks: Vec<Healthcheck>,
    /// How others watch it from outside.
    pub monitoring: Monitoring,
    /// Who manages it, for a proxied or contained component.
    pub managed_by: ManagedBy,
}

/// All that a node director needs to run an SU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuConfig {
    /// The SU.
    pub dn: Dn,
    /// `saAmfSUFailover`: a component's failover is the whole SU's.
    pub su_failover: bool,
    /// When restarts escalate.
    pub limits: EscalationLimits,
    /// Its components, by instantiation level and then by name.
    pub comps: Vec<CompConfig>,
}

/// What a node director needs to know about its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    /// The node.
    pub dn: Dn,
    /// The number that components see in `NCS_ENV_NODE_ID`.
    pub node_id: u32,
    /// When failovers of its SUs become the node's.
    pub failover: FailoverLimits,
    /// How restarts and failovers are counted.
    pub counting: EscalationCounting,
}

/// Why a component gets the active state (`SaAmfCSITransitionDescriptorT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CsiTransition {
    /// Nobody was active before.
    NewAssign = 1,
    /// The former active component was quiesced.
    Quiesced = 2,
    /// The former active component was not quiesced: it failed.
    NotQuiesced = 3,
    /// The component is active already.
    StillActive = 4,
}

/// One CSI for one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsiAssignment {
    /// The CSI.
    pub csi: Dn,
    /// The component that gets it.
    pub comp: Dn,
    /// Assigned after the CSIs with a lower number, removed before them (CSI-CSI dependencies).
    pub dependency_level: u32,
    /// Why, for the active state.
    pub transition: CsiTransition,
    /// For ACTIVE the component that was active before, for STANDBY the one that is now.
    pub active_comp: Option<Dn>,
    /// For STANDBY the rank among the standbys, from 1; otherwise 0.
    pub standby_rank: u32,
    /// The attributes of the CSI: names with their values, in the order of their names.
    pub attributes: Vec<(String, Vec<String>)>,
    /// The CSIs of the SI that it directly depends on, in the order of their names.
    pub needs: Vec<Dn>,
}

/// One SI for one SU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiAssignment {
    /// The SI.
    pub si: Dn,
    /// Its CSIs and who gets them.
    pub csis: Vec<CsiAssignment>,
}

/// What a component is told about a CSI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsiDescriptor {
    /// The CSI; `None` means all the component has (`SA_AMF_CSI_TARGET_ALL`).
    pub csi: Option<Dn>,
    /// Whether the CSI is new to the component (`SA_AMF_CSI_ADD_ONE`).
    pub is_new: bool,
    /// Why, for the active state.
    pub transition: CsiTransition,
    /// As in [`CsiAssignment::active_comp`].
    pub active_comp: Option<Dn>,
    /// As in [`CsiAssignment::standby_rank`].
    pub standby_rank: u32,
    /// The attributes of the CSI.
    pub attributes: Vec<(String, Vec<String>)>,
}

/// What a component is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackKind {
    /// `SaAmfHealthcheckCallbackT`
    Healthcheck {
        /// The healthcheck.
        key: String,
    },
    /// `SaAmfComponentTerminateCallbackT`
    Terminate,
    /// `SaAmfCSISetCallbackT`
    CsiSet {
        /// The state to take.
        ha: HaState,
        /// For which CSI.
        csi: CsiDescriptor,
    },
    /// `SaAmfCSIRemoveCallbackT`
    CsiRemove {
        /// The CSI; `None` means all the component has.
        csi: Option<Dn>,
    },
    /// The attributes of a CSI that it has were changed (OpenSAF's `OsafCsiAttributeChangeCallbackT`).
    CsiAttributeChange {
        /// The CSI.
        csi: Dn,
        /// All its attributes.
        attributes: Vec<(String, Vec<String>)>,
    },
    /// `SaAmfProxiedComponentInstantiateCallbackT`: asked of the proxy about the component.
    ProxiedInstantiate,
    /// `SaAmfProxiedComponentCleanupCallbackT`: asked of the proxy about the component.
    ProxiedCleanup,
    /// `SaAmfContainedComponentInstantiateCallbackT`: asked of the container about the component.
    ContainedInstantiate,
    /// `SaAmfContainedComponentCleanupCallbackT`: asked of the container about the component.
    ContainedCleanup,
}

/// What the director wants a node director to do. Sent to the node that hosts the SU; each order that has an
/// id is answered by an [`OrderReport`] with it in a report about that SU. An SU works on one order at a time and
/// refuses a further one, except that `Cleanup` replaces any, and that `Assign` replaces one for QUIESCING.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeOrder {
    /// First of a session and whenever it changes. Not answered.
    ConfigureNode(NodeConfig),
    /// A new SU, or new values for one. Running components keep what they were started with. Answered by a report
    /// without an order id.
    ConfigureSu(SuConfig),
    /// The SU left the model or the node; it is uninstantiated already. Not answered.
    RemoveSu {
        /// The SU.
        su: Dn,
    },
    /// Start its pre-instantiable components, level by level. Done when the SU is INSTANTIATED.
    Instantiate {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
    },
    /// Stop all its components in reverse order of level. Done when the SU is UNINSTANTIATED.
    Terminate {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
    },
    /// Restart a component (or, without one, all of the SU) on the operator's behalf; it gets its work back.
    Restart {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
        /// The component; `None` for the whole SU.
        comp: Option<Dn>,
    },
    /// Give the SU an HA state for these SIs. Done when every component answered; for QUIESCING when every
    /// component completed quiescing, and then the state is QUIESCED.
    Assign {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
        /// The state for all of them.
        ha: HaState,
        /// The SIs, with what each component gets.
        sis: Vec<SiAssignment>,
    },
    /// Take these SIs from the SU. Done when every component answered.
    Remove {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
        /// The SIs.
        sis: Vec<Dn>,
    },
    /// Clean up every component of the SU at once and drop what it holds, as for an SU failover. Done when all
    /// are cleaned up.
    Cleanup {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
    },
    /// The SU's fault has been dealt with: failed states are cleared; after a component failover the component
    /// is instantiated again. Done when no component is failed or disabled.
    Repair {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
    },
    /// Reboot, by whatever hook the node is configured with; every component is killed first. Not answered; the
    /// session ends.
    Reboot {
        /// Why, for the log.
        reason: String,
    },
    /// Report every SU. Asked for by a director that has just got the session.
    ReportAll,
    /// Start or stop the external monitors of a component, or of all of the SU that have one
    /// (`SA_AMF_ADMIN_EAM_START`, `SA_AMF_ADMIN_EAM_STOP`). Done when they run, or are stopped. They start anew with
    /// the next instantiation.
    Monitor {
        /// The order.
        id: OrderId,
        /// The SU.
        su: Dn,
        /// The component; `None` for all of the SU.
        comp: Option<Dn>,
        /// Whether they shall run.
        run: bool,
    },
    /// The members of a CSI's protection group, for a node whose processes track it ([`NodeReport::Tracks`]). Sent when
    /// the node begins to track it and at each change. Not answered.
    ProtectionGroup(ProtectionGroup),
    /// The operator says that the node was repaired: a reboot that did not come is no longer due, and failovers are
    /// counted from the start. Not answered.
    RepairNode,
    /// The node director that wants to leave may: whatever was needed there runs elsewhere. Not answered; the session
    /// ends.
    Leave,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderOutcome {
    /// Being carried out.
    InProgress,
    /// Carried out.
    Done,
    /// Not carried out, or given up because of a fault; the text says why.
    Failed(String),
}

/// The newest order of an SU and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReport {
    /// The term of the director that gave it.
    pub term: Term,
    /// The order.
    pub id: OrderId,
    /// What became of it.
    pub outcome: OrderOutcome,
}

/// A CLC command that failed, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFailure {
    /// INSTANTIATE, TERMINATE, CLEANUP, `AM_START`, `AM_STOP` or HEALTHCHECK.
    pub command: String,
    /// The program.
    pub path: String,
    /// `No such file or directory (2)`, `exit status 1`, `killed by signal 9`, `timed out after 10000 ms`.
    pub cause: String,
    /// The last lines that it wrote to stderr.
    pub stderr: String,
    /// INSTANTIATE said with status 200 that neither another attempt nor a reboot of the node helps.
    pub forbids_retry: bool,
}

/// The state of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompReport {
    /// The component.
    pub comp: Dn,
    /// Its life cycle.
    pub presence: PresenceState,
    /// Whether it works.
    pub oper: OperState,
    /// `saAmfCompRestartCount`
    pub restart_count: u32,
    /// The newest command failure, until the component has been started well.
    pub failure: Option<CommandFailure>,
    /// Whether its external monitor runs.
    pub monitor: MonitorState,
    /// The component that manages it now (`saAmfCompCurrProxyName`).
    pub manager: Option<Dn>,
    /// The CSIs for which it is less than ready (`saAmfHAReadinessStateSet`), in the order of their names.
    pub ha_readiness: Vec<(Dn, HaReadinessState)>,
}

impl CompReport {
    /// A component that has never been started and works.
    pub const fn uninstantiated(comp: Dn) -> CompReport {
        CompReport {
            comp,
            presence: PresenceState::Uninstantiated,
            oper: OperState::Enabled,
            restart_count: 0,
            failure: None,
            monitor: MonitorState::None,
            manager: None,
            ha_readiness: Vec::new(),
        }
    }
}

/// What an SU holds. While an order changes it, this is what was confirmed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentReport {
    /// The SI.
    pub si: Dn,
    /// The state that every component of the SU has confirmed for it.
    pub ha: HaState,
    /// The CSIs with the component that has each.
    pub csis: Vec<(Dn, Dn)>,
}

/// A fault that the node director cannot recover from alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultReport {
    /// The faulty component.
    pub comp: Dn,
    /// The recovery that is due after the node's own escalation: `ComponentFailover` or stronger, never `SuRestart`.
    pub recovery: RecommendedRecovery,
    /// Where the error was noticed.
    pub source: ErrorSource,
    /// Whether nothing can act any more for what failed: the component for a component failover, the whole SU for
    /// an SU failover. Until then its work may not be given to another.
    pub isolated: bool,
    /// The restart of the application was asked for, whatever stronger recovery of the node is due too.
    pub with_application: bool,
}

impl FaultReport {
    /// Whether the restart of the application is due, alone or beside another recovery.
    pub fn restarts_application(&self) -> bool {
        self.with_application || self.recovery == RecommendedRecovery::ApplicationRestart
    }
}

/// All about an SU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuReport {
    /// The SU.
    pub su: Dn,
    /// Its life cycle, derived from its components.
    pub presence: PresenceState,
    /// `saAmfSURestartCount`
    pub restart_count: u32,
    /// Its components in the order of their configuration.
    pub comps: Vec<CompReport>,
    /// What it holds, in the order of the SIs' names.
    pub assignments: Vec<AssignmentReport>,
    /// The fault that awaits the director.
    pub fault: Option<FaultReport>,
    /// The newest order with an id.
    pub order: Option<OrderReport>,
}

impl SuReport {
    /// An SU that has never been started.
    pub fn uninstantiated(config: &SuConfig) -> SuReport {
        let comps = config.comps.iter().map(|comp| comp.dn.clone());
        SuReport {
            su: config.dn.clone(),
            presence: PresenceState::Uninstantiated,
            restart_count: 0,
            comps: comps.map(CompReport::uninstantiated).collect(),
            assignments: Vec::new(),
            fault: None,
            order: None,
        }
    }
}

/// What a node director tells the director.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeReport {
    /// The state of an SU; sent at each change that another could notice.
    Su(SuReport),
    /// An SU that the node runs is not, or no longer, configured by the director's orders: sent for each such SU on
    /// [`NodeOrder::ReportAll`], so that the director can have it cleaned up.
    UnknownSu {
        /// The SU.
        su: Dn,
    },
    /// The node was told to reboot, every component is killed, and its policy is to do nothing more: it is out of
    /// service until the operator has repaired it ([`NodeOrder::RepairNode`]). Sent on [`NodeOrder::ReportAll`].
    NotRebooted {
        /// Why the reboot was due.
        reason: String,
    },
    /// The CSIs whose protection groups processes of the node track, in the order of their names: all of them, whenever
    /// they change and on [`NodeOrder::ReportAll`] where there are any.
    Tracks {
        /// The CSIs.
        csis: Vec<Dn>,
    },
    /// The node director was asked to end: its work is to be moved, its SUs are to be terminated, and then it may
    /// [leave](NodeOrder::Leave). Sent when it is asked, and on [`NodeOrder::ReportAll`].
    Leaving,
    /// Every SU has been reported; closes the answer to [`NodeOrder::ReportAll`].
    AllReported,
}
