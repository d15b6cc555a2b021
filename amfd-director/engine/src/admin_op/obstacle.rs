//! Why an administrative operation is refused, or ends otherwise than it should. Each obstacle has a stable code word for
//! programs, the error code of the standard, and a sentence for people; `docs/ADMINISTRATION.md` lists them.

use ais::amf::{AdminOperation as Op, AdminState, PresenceState, RedundancyModel};
use ais::{AisError, Dn, Refusal};

macro_rules! obstacles {
    ($($(#[$doc:meta])* $variant:ident $({ $($field:ident: $ty:ty),* $(,)? })? = $error:ident, $code:literal, $text:literal;)*) => {
        /// What stands in the way of an operation.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub(crate) enum Obstacle { $(
            $(#[$doc])* #[error($text)]
            $variant $({ $($field: $ty,)* })?,
        )* }

        impl Obstacle {
            /// The code word, which never changes its meaning.
            pub(crate) const fn code(&self) -> &'static str {
                match self { $(Obstacle::$variant { .. } => $code,)* }
            }

            /// The standard's error code.
            pub(crate) const fn error(&self) -> AisError {
                match self { $(Obstacle::$variant { .. } => AisError::$error,)* }
            }

            /// Every obstacle: code word, error, and the sentence with the names of its fields.
            #[cfg(test)]
            pub(crate) const ALL: &'static [(&'static str, AisError, &'static str)] =
                &[$(($code, AisError::$error, $text),)*];
        }
    };
}

obstacles! {
    /// The number names no operation.
    Unknown { id: u64 } = InvalidParam, "OP-UNKNOWN", "there is no administrative operation {id}";
    /// The class has no operations at all.
    Class { class: String } = InvalidParam, "OP-CLASS", "objects of class {class} have no administrative operations";
    /// There is no such object.
    Missing { dn: Dn } = NotExist, "OP-NO-OBJECT", "{dn} does not exist";
    /// The class has operations, but not this one.
    NotOffered { op: Op, class: &'static str, offered: String } = NotSupported, "OP-NOT-OFFERED",
        "{op} is no operation of {class}; it is one of {offered}";
    /// Nothing has an external monitor.
    NoMonitors { dn: Dn } = NotSupported, "OP-NO-MONITORS",
        "{dn} has no external monitor; its component type has no AM_START command";
    /// They run already, or are stopped already.
    MonitorState { dn: Dn, state: &'static str } = NoOp, "OP-MONITOR-STATE", "the external monitors of {dn} are {state} already";
    /// The framework leaves the object alone.
    Unmanaged { dn: Dn, why: String } = BadOperation, "OP-UNMANAGED", "{dn}: {why}";
    /// The entity is in that state already.
    NoEffect { dn: Dn, state: AdminState } = NoOp, "OP-NO-EFFECT", "{dn} is {state} already";
    /// The state machine has no such transition.
    State { dn: Dn, op: Op, state: AdminState, first: &'static str } = BadOperation, "OP-STATE",
        "{op} is not possible while {dn} is {state}; {first}";
    /// Another operation has not been answered.
    Pending { op: Op, on: Dn } = TryAgain, "OP-PENDING", "the operation {op} on {on} is still under way";
    /// A recovery acts.
    Recovery { on: Dn, why: String } = TryAgain, "OP-RECOVERY", "{on} is being recovered: {why}";
    /// Assignments are on their way.
    Reassigning { su: Dn, what: String } = TryAgain, "OP-REASSIGNING", "{su} is {what}";
    /// The SUs of a scope are being terminated to be instantiated again.
    Restarting { scope: Dn } = TryAgain, "OP-RESTARTING", "{scope} is being restarted";
    /// Something would have to be idle.
    Unsettled { sg: Dn, why: String } = TryAgain, "OP-SG-UNSETTLED", "{sg} is not settled: {why}";
    /// An SU works on an order.
    Busy { su: Dn } = TryAgain, "OP-SU-BUSY", "{su} is working on an order";
    /// Work is still there.
    Assigned { su: Dn } = TryAgain, "OP-SU-ASSIGNED", "{su} still has assignments";
    /// Only what is instantiated can be restarted.
    NotInstantiated { dn: Dn, presence: PresenceState } = BadOperation, "OP-NOT-INSTANTIATED", "{dn} is {presence}";
    /// Nothing in the scope can be restarted.
    NothingInstantiated { dn: Dn } = BadOperation, "OP-NONE-INSTANTIATED", "no SU of {dn} is instantiated and enabled";
    /// What is disabled has to be repaired first.
    Disabled { dn: Dn, why: String } = BadOperation, "OP-DISABLED", "{dn}: {why}";
    /// Nobody is there to carry it out.
    NodeAbsent { node: Dn } = BadOperation, "OP-NODE-ABSENT", "{node} is not connected";
    /// The reboot is the repair.
    NodeRebooting { node: Dn } = TryAgain, "OP-NODE-REBOOTING", "{node} is being rebooted";
    /// There is nothing to repair.
    Enabled { dn: Dn } = NoOp, "OP-ENABLED", "{dn} is enabled";
    /// The model has no pair that could swap.
    SwapModel { model: RedundancyModel } = BadOperation, "SWAP-MODEL", "si-swap has no meaning in the redundancy model {model}";
    /// Only an unlocked SI is swapped.
    SwapState { si: Dn, state: AdminState } = BadOperation, "SWAP-SI-STATE", "{si} is {state}";
    /// Nobody is active.
    SwapNoActive { si: Dn } = BadOperation, "SWAP-NO-ACTIVE", "{si} has no active assignment";
    /// Nobody is standby.
    SwapNoStandby { si: Dn, why: String } = BadOperation, "SWAP-NO-STANDBY", "{si} has no standby assignment ({why})";
    /// One of the two would have too many SIs.
    SwapNoRoom { su: Dn, attribute: &'static str } = BadOperation, "SWAP-NO-ROOM", "{su} would have more SIs than {attribute} allows";
    /// The components of an SU may have fewer CSIs than the SIs have that it may get.
    AdjustShared { su: Dn } = NotSupported, "ADJUST-SHARED-COMPS",
        "components of {su} may have so few CSIs that an SI may be partially assigned to it; such an SG is not adjusted, lock and unlock what is to move";
    /// The components of who would become active have no room for all of it.
    SwapNoSeats { su: Dn } = BadOperation, "SWAP-NO-ROOM-COMPS", "components of {su} would have more CSIs than saAmfCompNumMaxActiveCSIs or their capability allows";
    /// Who would become active is not ready to.
    SwapNotReady { su: Dn, si: Dn } = BadOperation, "SWAP-NOT-READY", "a component of {su} says that it is not ready to be active for {si}";
    /// One of the two fell out while they swapped.
    SwapGivenUp { su: Dn, why: String } = FailedOperation, "SWAP-GIVEN-UP", "the swap was given up, {su}: {why}";
    /// Another operation took the place of a shutdown.
    Overtaken { by: Op } = Interrupt, "OP-OVERTAKEN", "the operation {by} overtook the shutdown";
    /// The object went while the operation waited.
    Deleted { dn: Dn } = NotExist, "OP-OBJECT-DELETED", "{dn} was deleted meanwhile";
    /// An SU that was to take work failed instead.
    FailedMeanwhile { su: Dn, why: String } = Timeout, "OP-SU-FAILED", "{su} failed meanwhile: {why}";
    /// Done as far as it goes; the rest needs a repair.
    RepairPending { su: Dn, why: String } = RepairPending, "OP-REPAIR-PENDING", "{su}: {why}";
}

impl From<Obstacle> for Refusal {
    fn from(obstacle: Obstacle) -> Refusal {
        Refusal::new(obstacle.error(), format!("{obstacle} [{}]", obstacle.code()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test compares with the document")]
    fn the_document_lists_every_obstacle_with_its_error() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ADMINISTRATION.md");
        let document = std::fs::read_to_string(path).unwrap();
        let mut words: Vec<&str> = Obstacle::ALL.iter().map(|(code, ..)| *code).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Obstacle::ALL.len(), "a code word means two things");
        for (code, error, text) in Obstacle::ALL {
            let error = error.name().trim_start_matches("SA_AIS_ERR_");
            let row = format!("| `{code}` | {error} | {text} |");
            assert!(
                document.contains(&row),
                "docs/ADMINISTRATION.md lacks the row\n{row}"
            );
        }
    }
}
