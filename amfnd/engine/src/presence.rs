//! The life cycle of a component, as one table (AMF B.04.01 §3.2.2.1 and §4.6).
//!
//! The table knows nothing of categories: whether "terminate" is a callback or a command is decided by
//! the component that carries the action out. `RESTARTING` keeps the component's CSIs; giving them up is
//! terminating followed by instantiating.

use ais::amf::PresenceState;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            #[cfg(test)]
            pub(crate) const ALL: &'static [$name] = &[$($name::$variant,)*];

            pub(crate) const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }
    };
}

named! {
    /// What happens to a component's life cycle.
    ClcEvent {
        /// It shall be started.
        Instantiate = "instantiate",
        /// INSTANTIATE succeeded, and the process registered where it must.
        InstantiateSucceeded = "instantiate succeeded",
        /// INSTANTIATE failed, the registration did not come, or the process failed before it was up.
        InstantiateFailed = "instantiate failed",
        /// Cleaned up after a failed attempt; another one is due.
        Retry = "retry",
        /// Cleaned up after the last attempt.
        RetriesExhausted = "retries exhausted",
        /// It shall be stopped in order.
        Terminate = "terminate",
        /// It stopped in order.
        TerminateSucceeded = "terminate succeeded",
        /// It did not stop in order.
        TerminateFailed = "terminate failed",
        /// It shall be stopped abruptly.
        Cleanup = "cleanup",
        /// Nothing of it is left.
        CleanupSucceeded = "cleanup succeeded",
        /// Something of it may be left.
        CleanupFailed = "cleanup failed",
        /// It shall be stopped in order and started again.
        Restart = "restart",
        /// It failed; it shall be cleaned up and started again.
        Recover = "recover",
        /// Stopped for a restart, its turn to start has come.
        Start = "start",
        /// Its failure has been dealt with.
        Repair = "repair",
    }
}

named! {
    /// What a component does on entering a state.
    ClcAction {
        /// Run INSTANTIATE.
        RunInstantiate = "run INSTANTIATE",
        /// It may get work.
        Serve = "serve",
        /// Send the terminate callback, or run TERMINATE.
        RunTerminate = "terminate",
        /// Run CLEANUP, after ending the command that still runs.
        RunCleanup = "run CLEANUP",
        /// Kill what may be left.
        KillAll = "kill all",
        /// Wait for the turn to start.
        Hold = "hold",
        /// Nothing.
        Rest = "rest",
    }
}

/// The cell of the life-cycle table for `(from, event)`; `None` where the event is not legal.
#[expect(
    clippy::too_many_lines,
    clippy::match_same_arms,
    reason = "a transition table, read by state"
)]
pub(crate) const fn transition(from: PresenceState, event: ClcEvent) -> Option<(PresenceState, ClcAction)> {
    use ClcAction as A;
    use ClcEvent as E;
    use PresenceState as S;
    match (from, event) {
        (S::Uninstantiated, E::Instantiate) => Some((S::Instantiating, A::RunInstantiate)),
        (
            S::Uninstantiated,
            E::InstantiateSucceeded
            | E::InstantiateFailed
            | E::Retry
            | E::RetriesExhausted
            | E::Terminate
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::Cleanup
            | E::CleanupSucceeded
            | E::CleanupFailed
            | E::Restart
            | E::Recover
            | E::Start
            | E::Repair,
        ) => None,

        (S::Instantiating, E::InstantiateSucceeded) => Some((S::Instantiated, A::Serve)),
        (S::Instantiating, E::InstantiateFailed) => Some((S::Instantiating, A::RunCleanup)),
        (S::Instantiating, E::Retry) => Some((S::Instantiating, A::RunInstantiate)),
        (S::Instantiating, E::RetriesExhausted) => Some((S::InstantiationFailed, A::Rest)),
        // Half-started, it may not be able to stop in order.
        (S::Instantiating, E::Terminate | E::Cleanup) => Some((S::Terminating, A::RunCleanup)),
        (S::Instantiating, E::CleanupFailed) => Some((S::TerminationFailed, A::Rest)),
        (
            S::Instantiating,
            E::Instantiate
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::CleanupSucceeded
            | E::Restart
            | E::Recover
            | E::Start
            | E::Repair,
        ) => None,

        (S::Instantiated, E::Terminate) => Some((S::Terminating, A::RunTerminate)),
        (S::Instantiated, E::Cleanup) => Some((S::Terminating, A::RunCleanup)),
        (S::Instantiated, E::Restart) => Some((S::Restarting, A::RunTerminate)),
        (S::Instantiated, E::Recover) => Some((S::Restarting, A::RunCleanup)),
        (
            S::Instantiated,
            E::Instantiate
            | E::InstantiateSucceeded
            | E::InstantiateFailed
            | E::Retry
            | E::RetriesExhausted
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::CleanupSucceeded
            | E::CleanupFailed
            | E::Start
            | E::Repair,
        ) => None,

        // It ended in order and may have left processes behind; no CLEANUP is due for them.
        (S::Terminating, E::TerminateSucceeded) => Some((S::Terminating, A::KillAll)),
        (S::Terminating, E::CleanupSucceeded) => Some((S::Uninstantiated, A::Rest)),
        (S::Terminating, E::TerminateFailed | E::Cleanup) => Some((S::Terminating, A::RunCleanup)),
        (S::Terminating, E::CleanupFailed) => Some((S::TerminationFailed, A::Rest)),
        (
            S::Terminating,
            E::Instantiate
            | E::InstantiateSucceeded
            | E::InstantiateFailed
            | E::Retry
            | E::RetriesExhausted
            | E::Terminate
            | E::Restart
            | E::Recover
            | E::Start
            | E::Repair,
        ) => None,

        (S::Restarting, E::TerminateSucceeded) => Some((S::Restarting, A::KillAll)),
        (S::Restarting, E::CleanupSucceeded) => Some((S::Restarting, A::Hold)),
        (S::Restarting, E::TerminateFailed) => Some((S::Restarting, A::RunCleanup)),
        (S::Restarting, E::Start | E::Retry) => Some((S::Restarting, A::RunInstantiate)),
        (S::Restarting, E::InstantiateSucceeded) => Some((S::Instantiated, A::Serve)),
        (S::Restarting, E::InstantiateFailed) => Some((S::Restarting, A::RunCleanup)),
        (S::Restarting, E::RetriesExhausted) => Some((S::InstantiationFailed, A::Rest)),
        (S::Restarting, E::Terminate | E::Cleanup) => Some((S::Terminating, A::RunCleanup)),
        (S::Restarting, E::CleanupFailed) => Some((S::TerminationFailed, A::Rest)),
        (S::Restarting, E::Instantiate | E::Restart | E::Recover | E::Repair) => None,

        // A failed state is left by an order only: nothing of the component is left here ...
        (S::InstantiationFailed, E::Repair | E::Terminate) => Some((S::Uninstantiated, A::Rest)),
        // ... and something may be here, so an order gives it another try.
        (S::TerminationFailed, E::Repair) => Some((S::Terminating, A::KillAll)),
        (S::TerminationFailed, E::Terminate | E::Cleanup) => Some((S::Terminating, A::RunCleanup)),
        (
            S::InstantiationFailed,
            E::Instantiate
            | E::InstantiateSucceeded
            | E::InstantiateFailed
            | E::Retry
            | E::RetriesExhausted
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::Cleanup
            | E::CleanupSucceeded
            | E::CleanupFailed
            | E::Restart
            | E::Recover
            | E::Start,
        )
        | (
            S::TerminationFailed,
            E::Instantiate
            | E::InstantiateSucceeded
            | E::InstantiateFailed
            | E::Retry
            | E::RetriesExhausted
            | E::TerminateSucceeded
            | E::TerminateFailed
            | E::CleanupSucceeded
            | E::CleanupFailed
            | E::Restart
            | E::Recover
            | E::Start,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn table() -> String {
        let mut text = String::from(
            "# The life cycle of a component: what happens in a state leads to which state, with which action.\n\
             # A pair that is not listed is not legal.\n",
        );
        for from in PresenceState::ALL {
            writeln!(text, "\n{from}").unwrap();
            for event in ClcEvent::ALL {
                if let Some((to, action)) = transition(*from, *event) {
                    writeln!(text, "    {:<22} -> {to}: {}", event.name(), action.name()).unwrap();
                }
            }
        }
        text
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test compares with the document")]
    fn the_document_shows_this_table() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/tables/component-presence.txt"
        );
        if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
            std::fs::write(path, table()).unwrap();
        }
        let document = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            document,
            table(),
            "run the test with UPDATE=1 and review the difference"
        );
    }

    #[test]
    fn every_state_can_be_left_and_every_action_has_its_place() {
        let cells = |from: &PresenceState| {
            let from = *from;
            ClcEvent::ALL
                .iter()
                .filter_map(move |event| transition(from, *event))
        };
        for from in PresenceState::ALL {
            assert!(cells(from).any(|(to, _)| to != *from), "{from} cannot be left");
        }
        for action in ClcAction::ALL {
            let mut all = PresenceState::ALL.iter().flat_map(cells);
            assert!(
                all.any(|(_, used)| used == *action),
                "'{}' is never done",
                action.name()
            );
        }
    }
}
