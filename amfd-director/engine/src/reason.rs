//! Why something was, or was not, done. Each reason has a stable code for programs and a sentence for people.

mod help;

use ais::Dn;
use ais::amf::{PresenceState, RecommendedRecovery};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $({ $($(#[$fdoc:meta])* $field:ident: $ty:ty),* $(,)? })? = $code:literal, $text:literal;)*) => {
        /// Why something was, or was not, done.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Reason { $(
            $(#[$doc])* #[error($text)]
            $variant $({ $($(#[$fdoc])* $field: $ty,)* })?,
        )* }

        impl Reason {
            /// The code, which never changes its meaning.
            pub const fn code(&self) -> &'static str {
                match self { $(Reason::$variant { .. } => $code,)* }
            }

            /// Every code, in the order of their definition.
            pub const CODES: &'static [&'static str] = &[$($code,)*];
        }
    };
}

reasons! {
    /// An object is broken and left out.
    Unmanageable {
        /// The rule it breaks.
        rule: String
    } = "MODEL-BROKEN", "left unmanaged: {rule}";
    /// The application belongs to the middleware.
    ForeignApplication = "APP-FOREIGN", "the middleware's own application is left unmanaged";
    /// The cluster is starting.
    ClusterStarting = "CLUSTER-STARTING", "waits for the SUs of the cluster to be instantiated, at most for the cluster startup timeout";
    /// The cluster is being reset.
    ClusterResetting {
        /// A node that is still up.
        node: Dn
    } = "CLUSTER-RESETTING", "waits for {node}, which is to go down for the reset of the cluster";
    /// A node has not reported yet.
    NodesUnreported {
        /// The node.
        node: Dn
    } = "NODE-UNREPORTED", "waits until {node} has reported what runs on it";
    /// The SU is locked.
    SuLocked = "SU-LOCKED", "the SU is locked";
    /// Something above the SU is locked.
    ScopeLocked {
        /// What.
        scope: Dn
    } = "SCOPE-LOCKED", "{scope} is locked";
    /// Something is shutting down.
    ShuttingDown {
        /// What.
        scope: Dn
    } = "SHUTTING-DOWN", "{scope} is shutting down";
    /// No node hosts the SU.
    SuWithoutNode = "SU-WITHOUT-NODE", "no node of its node group is there for the SU";
    /// Its node is not there.
    NodeAbsent {
        /// The node.
        node: Dn
    } = "NODE-ABSENT", "its node {node} is not connected";
    /// Its node is disabled.
    NodeDisabled {
        /// The node.
        node: Dn
    } = "NODE-DISABLED", "its node {node} is disabled and awaits repair";
    /// The SU is disabled.
    SuDisabled {
        /// The cause.
        cause: String
    } = "SU-DISABLED", "the SU is disabled: {cause}";
    /// The SU is not instantiated.
    SuNotInstantiated {
        /// Its state.
        presence: PresenceState
    } = "SU-NOT-INSTANTIATED", "the SU is {presence}";
    /// It is being restarted for the operator.
    SuWithdrawn = "SU-WITHDRAWN", "the SU gives up its work for a restart";
    /// Something above the SU is being restarted.
    ScopeRestarting {
        /// What.
        scope: Dn
    } = "SCOPE-RESTARTING", "{scope} is being restarted: all its SUs are terminated first";
    /// Enough SUs are instantiated.
    SuSpareUninstantiated = "SU-NOT-NEEDED", "as many SUs as preferred are in service already";
    /// It may serve, others do.
    SuSpare = "SU-SPARE", "ready as a spare; SUs before it by rank or by present assignment serve";
    /// It takes no CSI of any SI.
    SuUnfit = "SU-UNFIT", "no component of the SU supports the CSI types of the SI";
    /// Its components are not ready for it.
    SuNotReady = "SU-NOT-READY", "components that support the SI say that they are not ready for it";
    /// The SI is locked.
    SiLocked = "SI-LOCKED", "the SI is locked";
    /// The SI has nothing to assign.
    SiWithoutCsi = "SI-WITHOUT-CSI", "the SI has no CSI";
    /// No SU can be active for the SI.
    NoSuForActive = "SI-NO-ACTIVE-SU", "no SU in service is free to be active for it";
    /// No SU can be standby for the SI.
    NoSuForStandby = "SI-NO-STANDBY-SU", "no second SU in service is free to be standby for it";
    /// SUs that could be active for the SI are full.
    NoRoomForActive {
        /// The least important SI that they serve.
        least: Dn
    } = "SI-NO-ROOM-ACTIVE", "the SUs that could be active for it have as many SIs as they may; the least important of these is {least}";
    /// SUs that could be standby for the SI are full.
    NoRoomForStandby {
        /// The least important SI that they stand by for.
        least: Dn
    } = "SI-NO-ROOM-STANDBY", "the SUs that could be standby for it have as many SIs as they may; the least important of these is {least}";
    /// The components of an SU that could have one more SI have as many CSIs as they may.
    CompsFull {
        /// The SU.
        su: Dn
    } = "SI-NO-ROOM-COMPS", "the components of {su} that could take its CSIs have as many CSIs as they may";
    /// Enough SUs are assigned.
    SuBeyondAssigned = "SU-BEYOND-PREF-ASSIGNED", "as many SUs as preferred are assigned already";
    /// Why another SU is not used.
    PassedOver {
        /// The SU.
        su: Dn,
        /// Why.
        why: String,
    } = "SU-PASSED-OVER", "{su}: {why}";
    /// SUs whose components are not pre-instantiable cannot stand by.
    StandbyImpossible = "SI-STANDBY-IMPOSSIBLE", "the components of the SU cannot stand by";
    /// The former holder may still act.
    AwaitsRelease {
        /// Who.
        holder: Dn
    } = "SI-AWAITS-RELEASE", "waits until {holder} can no longer act for it";
    /// A sponsor is unassigned.
    SponsorUnassigned {
        /// The sponsor.
        sponsor: Dn
    } = "SPONSOR-UNASSIGNED", "{sponsor}, which it depends on, is unassigned";
    /// A sponsor is unassigned, and the tolerance time is not over.
    SponsorTolerated {
        /// The sponsor.
        sponsor: Dn,
        /// How long it may go on.
        tolerance: ais::Millis,
    } = "SPONSOR-TOLERATED", "{sponsor}, which it depends on, is unassigned; it may go on without it for {tolerance}";
    /// A sponsor is on its way to another SU, or is being stopped.
    SponsorLeaving {
        /// The sponsor.
        sponsor: Dn
    } = "SPONSOR-LEAVING", "waits until {sponsor}, which it depends on, has moved";
    /// It is not known whether a sponsor is assigned.
    SponsorUnreported {
        /// The sponsor.
        sponsor: Dn
    } = "SPONSOR-UNREPORTED", "waits until all nodes have reported whether {sponsor}, which it depends on, is assigned";
    /// A sponsor is assigned again.
    SponsorAssigned {
        /// The sponsor.
        sponsor: Dn
    } = "SPONSOR-ASSIGNED", "{sponsor}, which it depends on, is assigned again";
    /// A dependent stops first.
    DependentFirst {
        /// The dependent.
        dependent: Dn
    } = "SI-DEPENDENT-FIRST", "waits until {dependent}, which depends on it, has stopped";
    /// A sponsor is less important than the SI.
    SponsorMisranked {
        /// The sponsor.
        sponsor: Dn
    } = "SPONSOR-MISRANKED", "{sponsor}, which it depends on, is less important by saAmfSIRank; the dependency holds all the same";
    /// A CSI has no component.
    CsiWithoutComp {
        /// The SU.
        su: Dn,
        /// The CSI.
        csi: Dn
    } = "CSI-NO-COMP", "no component of {su} is free for {csi}";
    /// A component or SU failed.
    Fault {
        /// The faulty component.
        comp: Dn,
        /// What is done.
        recovery: RecommendedRecovery,
        /// How it was noticed.
        noticed: ais::amf::ErrorSource,
    } = "FAULT", "{comp} failed ({noticed}); recovery {recovery}";
    /// A recovery of the whole node.
    NodeRecovery {
        /// Which.
        recovery: RecommendedRecovery,
        /// Who failed.
        comp: Dn,
    } = "NODE-RECOVERY", "recovery {recovery} because of {comp}";
    /// A node is rebooted.
    NodeReboot {
        /// Why.
        cause: String
    } = "NODE-REBOOT", "the node is rebooted: {cause}";
    /// A node came.
    NodeUp = "NODE-UP", "the node is connected";
    /// A node was lost.
    NodeLost = "NODE-LOST", "the node does not answer any more; contact with it is lost";
    /// A node director ended without a word.
    NodeDied = "NODE-DIED", "the node's director ended without a word";
    /// A node that was told to reboot went down.
    NodeWentDown = "NODE-DOWN", "the node went down for its reboot";
    /// A node director was asked to end.
    NodeLeaving {
        /// The node.
        node: Dn
    } = "NODE-LEAVING", "{node} is to leave; its work is moved first";
    /// A node left in order.
    NodeLeft = "NODE-LEFT", "the node left in order";
    /// A lost node may come back.
    NodeAwaited {
        /// How long.
        millis: u64
    } = "NODE-AWAITED", "it may come back with its work within {millis} ms";
    /// A lost node is being fenced.
    NodeFencing {
        /// The node.
        node: Dn
    } = "NODE-FENCING", "{node} is lost and being fenced; its work is not given to others before that is done";
    /// A lost node was fenced.
    NodeFenced = "NODE-FENCED", "the node is fenced: nothing runs there any more";
    /// A lost node could not be fenced.
    FenceFailed {
        /// The node.
        node: Dn,
        /// Why.
        cause: String,
    } = "FENCE-FAILED", "{node} is lost and cannot be fenced ({cause}); its work is not given to others, and the fence is asked again";
    /// The work of a lost node is given to others.
    NodeTakenOver = "NODE-TAKEN-OVER", "what ran on the node is given to others";
    /// A lost node is back and does not know what happened.
    NodeReturned = "NODE-RETURNED", "the node is back and still runs what was given to others; it drops everything";
    /// A node was not rebooted.
    NodeNotRebooted {
        /// Why the reboot was due.
        cause: String
    } = "NODE-NOT-REBOOTED", "the node should be rebooted ({cause}) and is configured not to be; the operation 'repaired' is awaited";
    /// An application is restarted.
    ApplicationRestart = "APP-RESTART", "all SUs of the application are terminated, and then instantiated again";
    /// A node has told all.
    NodeReported = "NODE-REPORTED", "the node has reported what runs on it";
    /// A command of a component failed.
    CommandFailed {
        /// Which.
        command: String,
        /// The program.
        path: String,
        /// How.
        cause: String,
    } = "COMMAND-FAILED", "{command} command {path} failed: {cause}";
    /// An order failed.
    OrderFailed {
        /// Why.
        cause: String
    } = "ORDER-FAILED", "an order failed: {cause}";
    /// Its node restarted a component by itself.
    CompRestarted {
        /// How often since the probation began.
        count: u32
    } = "COMP-RESTARTED", "its node restarts the component after an error; restart {count} of those that count";
    /// Its node restarted an SU by itself.
    SuRestarted {
        /// How often since the probation began.
        count: u32
    } = "SU-RESTARTED", "its node restarts the SU after errors of its components; restart {count} of those that count";
    /// An operation is not answered yet.
    OperationWaits {
        /// Which.
        operation: ais::amf::AdminOperation,
        /// On what.
        object: Dn,
        /// What it waits for.
        waits_for: String,
    } = "OPERATION-WAITS", "operation {operation} on {object} is under way; it waits for {waits_for}";
    /// An order is out.
    OrderUnanswered {
        /// In words.
        order: String
    } = "ORDER-UNANSWERED", "its node has not answered yet the order: {order}";
    /// An order failed and is given again later.
    OrderRetried {
        /// When.
        millis: u64
    } = "ORDER-RETRIED", "an order failed; it is given again in {millis} ms";
    /// Repair is ordered.
    Repair = "REPAIR", "its work is moved; it is repaired";
    /// Repair is not allowed.
    RepairByHand = "REPAIR-BY-HAND", "automatic repair is off: the operation 'repaired' is awaited";
    /// A report that fits nothing.
    StaleReport = "REPORT-STALE", "a report that belongs to no present connection is ignored";
    /// An SU that runs without being in the model.
    UnknownSu {
        /// The node.
        node: Dn
    } = "SU-UNKNOWN", "runs on {node} but is not in the model there; it is cleaned up";
    /// An SU came back after a failure.
    OnProbation = "SU-ON-PROBATION", "came back after a failure; until its probation ends no adjustment uses it";
    /// An SG is adjusted by itself.
    AutoAdjust {
        /// What came.
        entity: Dn
    } = "SG-AUTO-ADJUST", "adjusted to the preferred assignments because {entity} is available";
    /// An administrative operation began.
    AdminStarted {
        /// Which.
        operation: ais::amf::AdminOperation
    } = "ADMIN-STARTED", "operation {operation} began";
    /// An administrative operation was answered.
    AdminAnswered {
        /// Which.
        operation: ais::amf::AdminOperation,
        /// How.
        outcome: String,
    } = "ADMIN-ANSWERED", "operation {operation}: {outcome}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_means_two_things() {
        let mut codes = Reason::CODES.to_vec();
        codes.sort_unstable();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
