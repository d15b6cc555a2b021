//! How many entities are in each state, counted from what is published.

use ais::Dn;
use ais::amf::{AssignmentState, HaState, OperState, PresenceState, ReadinessState};
use daemon::metrics::Gauges;

use crate::shell::Shell;

/// A state of a class of entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    NodeOper,
    SuPresence,
    SuReadiness,
    SuOper,
    CompPresence,
    SiAssignment,
    SuHa,
}

impl State {
    pub(super) const ALL: [State; 7] = [
        State::NodeOper,
        State::SuPresence,
        State::SuReadiness,
        State::SuOper,
        State::CompPresence,
        State::SiAssignment,
        State::SuHa,
    ];

    pub(super) const fn metric(self) -> &'static str {
        match self {
            State::NodeOper => "nodes",
            State::SuPresence => "sus_presence",
            State::SuReadiness => "sus_readiness",
            State::SuOper => "sus_operational",
            State::CompPresence => "components_presence",
            State::SiAssignment => "sis_assignment",
            State::SuHa => "assignments",
        }
    }

    pub(super) const fn help(self) -> &'static str {
        match self {
            State::NodeOper => "Nodes by operational state",
            State::SuPresence => "SUs by presence state",
            State::SuReadiness => "SUs by readiness state",
            State::SuOper => "SUs by operational state",
            State::CompPresence => "Components by presence state",
            State::SiAssignment => "SIs by assignment state",
            State::SuHa => "Assignments of SIs to SUs, by HA state",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            State::NodeOper => "SaAmfNode",
            State::SuPresence | State::SuReadiness | State::SuOper => "SaAmfSU",
            State::CompPresence => "SaAmfComp",
            State::SiAssignment => "SaAmfSI",
            State::SuHa => "SaAmfSIAssignment",
        }
    }

    const fn attr(self) -> &'static str {
        match self {
            State::NodeOper => "saAmfNodeOperState",
            State::SuPresence => "saAmfSUPresenceState",
            State::SuReadiness => "saAmfSUReadinessState",
            State::SuOper => "saAmfSUOperState",
            State::CompPresence => "saAmfCompPresenceState",
            State::SiAssignment => "saAmfSIAssignmentState",
            State::SuHa => "saAmfSISUHAState",
        }
    }

    /// The names of all states, by their numbers.
    fn names(self) -> Vec<(u32, &'static str)> {
        macro_rules! all {
            ($of:ident) => {
                $of::ALL.iter().map(|it| (it.code(), it.name())).collect()
            };
        }
        match self {
            State::NodeOper | State::SuOper => all!(OperState),
            State::SuPresence | State::CompPresence => all!(PresenceState),
            State::SuReadiness => all!(ReadinessState),
            State::SiAssignment => all!(AssignmentState),
            State::SuHa => all!(HaState),
        }
    }
}

/// Sets the gauges: a row for each state, those that nobody is in too.
pub(super) fn count(shell: &Shell, gauges: &[(State, Gauges)]) {
    let model = shell.model.borrow();
    let board = shell.board.borrow();
    let class_of = |dn: &Dn| match model.objects.get(dn) {
        Some(image) => Some(image.class.as_str()),
        None => board.class(dn),
    };
    let rows = gauges
        .iter()
        .map(|(state, gauges)| (state, gauges, state.names()));
    let mut rows: Vec<_> = rows
        .map(|(state, gauges, names)| {
            (
                state,
                gauges,
                names
                    .iter()
                    .map(|(code, name)| (*code, *name, 0))
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    for dn in board.objects() {
        let Some(class) = class_of(dn) else { continue };
        for (state, _, counts) in rows.iter_mut().filter(|(state, ..)| state.class() == class) {
            let value = board.number(dn, state.attr());
            if let Some((.., count)) = counts.iter_mut().find(|(code, ..)| Some(*code) == value) {
                *count += 1;
            }
        }
    }
    for (_, gauges, counts) in rows {
        for (_, name, count) in counts {
            gauges.get_or_create(&vec![("state", name.to_owned())]).set(count);
        }
    }
}
