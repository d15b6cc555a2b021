//! The administrative state machine (AMF B.02.01 §7.4.1) and which operation applies to which entity.

use ais::Dn;
use ais::amf::{AdminOperation as Op, AdminState as S};

use super::obstacle::Obstacle;

/// What an object is to an administrative operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entity {
    Cluster,
    Application,
    Sg,
    Node,
    NodeGroup,
    Su,
    Si,
    Comp,
}

impl Entity {
    pub(crate) const ALL: [Entity; 8] = [
        Entity::Cluster,
        Entity::Application,
        Entity::Sg,
        Entity::Node,
        Entity::NodeGroup,
        Entity::Su,
        Entity::Si,
        Entity::Comp,
    ];

    /// The entity that objects of the class are.
    pub(crate) fn of_class(class: &str) -> Option<Entity> {
        Entity::ALL.into_iter().find(|entity| entity.class() == class)
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            Entity::Cluster => "SaAmfCluster",
            Entity::Application => "SaAmfApplication",
            Entity::Sg => "SaAmfSG",
            Entity::Node => "SaAmfNode",
            Entity::NodeGroup => "SaAmfNodeGroup",
            Entity::Su => "SaAmfSU",
            Entity::Si => "SaAmfSI",
            Entity::Comp => "SaAmfComp",
        }
    }
}

/// Whether the operation is offered for the entity (AMF B.02.01 §7.5, table 17). Node groups, which the standard does not
/// know, have those that OpenSAF gives them.
pub(crate) const fn is_offered(entity: Entity, op: Op) -> bool {
    match op {
        Op::Unlock | Op::Lock | Op::Shutdown => !matches!(entity, Entity::Comp),
        Op::LockInstantiation | Op::UnlockInstantiation => !matches!(entity, Entity::Comp | Entity::Si),
        Op::Restart => matches!(
            entity,
            Entity::Cluster | Entity::Application | Entity::Node | Entity::Su | Entity::Comp
        ),
        Op::SiSwap => matches!(entity, Entity::Si),
        Op::SgAdjust => matches!(entity, Entity::Sg),
        Op::Repaired => matches!(entity, Entity::Su | Entity::Node),
        Op::EamStart | Op::EamStop => matches!(entity, Entity::Su | Entity::Comp),
    }
}

/// The classes that the operation is offered for, as a sentence has them.
pub(crate) fn offering(op: Op) -> String {
    let classes: Vec<&str> = Entity::ALL
        .into_iter()
        .filter(|entity| is_offered(*entity, op))
        .map(Entity::class)
        .collect();
    classes.join(", ")
}

/// Where an operation leads from a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// To this state; from SHUTTING_DOWN the entity goes on to LOCKED by itself.
    To(S),
    /// Nowhere: the entity is there already.
    NoEffect,
    /// Nowhere; what has to be done before.
    Illegal(&'static str),
}

/// The administrative state machine (AMF B.02.01 §7.4.1, figure 26). Operations that change no administrative state are
/// illegal in it.
pub(crate) const fn edge(from: S, op: Op) -> Edge {
    match (from, op) {
        (S::Locked | S::ShuttingDown, Op::Unlock) => Edge::To(S::Unlocked),
        (S::Unlocked | S::ShuttingDown, Op::Lock) | (S::LockedInstantiation, Op::UnlockInstantiation) => {
            Edge::To(S::Locked)
        }
        (S::Unlocked, Op::Shutdown) => Edge::To(S::ShuttingDown),
        (S::Locked, Op::LockInstantiation) => Edge::To(S::LockedInstantiation),
        (S::Unlocked, Op::Unlock)
        | (S::Locked, Op::Lock | Op::UnlockInstantiation)
        | (S::ShuttingDown, Op::Shutdown)
        | (S::LockedInstantiation, Op::LockInstantiation) => Edge::NoEffect,
        (S::Unlocked | S::ShuttingDown, Op::LockInstantiation) => Edge::Illegal("lock it first"),
        (S::Unlocked | S::ShuttingDown, Op::UnlockInstantiation) => {
            Edge::Illegal("it is not locked for instantiation")
        }
        (S::Locked, Op::Shutdown) => Edge::Illegal("it has no work left to finish"),
        (S::LockedInstantiation, Op::Unlock | Op::Lock | Op::Shutdown) => {
            Edge::Illegal("unlock it for instantiation first")
        }
        (
            S::Unlocked | S::Locked | S::ShuttingDown | S::LockedInstantiation,
            Op::Restart | Op::SiSwap | Op::SgAdjust | Op::Repaired | Op::EamStart | Op::EamStop,
        ) => Edge::Illegal("it changes no administrative state"),
    }
}

/// The state that the operation leads the entity to.
///
/// # Errors
/// NO_OP and BAD_OPERATION as the state machine has them.
pub(super) fn transition(from: S, dn: &Dn, op: Op) -> Result<S, Obstacle> {
    let dn = dn.clone();
    match edge(from, op) {
        Edge::To(to) => Ok(to),
        Edge::NoEffect => Err(Obstacle::NoEffect { dn, state: from }),
        Edge::Illegal(first) => Err(Obstacle::State {
            dn,
            op,
            state: from,
            first,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_state_machine_is_the_standards() {
        let ops = [
            Op::Unlock,
            Op::Lock,
            Op::LockInstantiation,
            Op::UnlockInstantiation,
            Op::Shutdown,
        ];
        let mut table = String::new();
        for &from in S::ALL {
            for op in ops {
                let text = match edge(from, op) {
                    Edge::To(to) => to.to_string(),
                    Edge::NoEffect => "NO_OP".to_owned(),
                    Edge::Illegal(_) => "BAD_OPERATION".to_owned(),
                };
                writeln!(table, "{from} {op}: {text}").unwrap();
            }
        }
        assert_eq!(
            table,
            "UNLOCKED unlock: NO_OP\nUNLOCKED lock: LOCKED\nUNLOCKED lock-in: BAD_OPERATION\n\
             UNLOCKED unlock-in: BAD_OPERATION\nUNLOCKED shutdown: SHUTTING-DOWN\n\
             LOCKED unlock: UNLOCKED\nLOCKED lock: NO_OP\nLOCKED lock-in: LOCKED-INSTANTIATION\n\
             LOCKED unlock-in: NO_OP\nLOCKED shutdown: BAD_OPERATION\n\
             LOCKED-INSTANTIATION unlock: BAD_OPERATION\nLOCKED-INSTANTIATION lock: BAD_OPERATION\n\
             LOCKED-INSTANTIATION lock-in: NO_OP\nLOCKED-INSTANTIATION unlock-in: LOCKED\n\
             LOCKED-INSTANTIATION shutdown: BAD_OPERATION\n\
             SHUTTING-DOWN unlock: UNLOCKED\nSHUTTING-DOWN lock: LOCKED\nSHUTTING-DOWN lock-in: BAD_OPERATION\n\
             SHUTTING-DOWN unlock-in: BAD_OPERATION\nSHUTTING-DOWN shutdown: NO_OP\n"
        );
    }

    /// The state machine and what is offered, as people read it.
    fn document() -> String {
        let mut text = String::from(
            "# The administrative state machine: the state that each operation leads to, or its refusal.\n\
             # SHUTTING-DOWN goes on to LOCKED when the work is finished.\n",
        );
        for &from in S::ALL {
            writeln!(text, "\n{from}").unwrap();
            for op in Op::ALL
                .iter()
                .copied()
                .filter(|op| S::ALL.iter().any(|from| matches!(edge(*from, *op), Edge::To(_))))
            {
                let to = match edge(from, op) {
                    Edge::To(to) => to.to_string(),
                    Edge::NoEffect => "NO_OP".to_owned(),
                    Edge::Illegal(first) => format!("BAD_OPERATION, {first}"),
                };
                writeln!(text, "    {:<10} -> {to}", op.to_string()).unwrap();
            }
        }
        writeln!(text, "\n# What is offered for which class.\n").unwrap();
        for &op in Op::ALL {
            writeln!(text, "{:<10} {}", op.to_string(), offering(op)).unwrap();
        }
        text
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test compares with the document")]
    fn the_document_shows_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tables/admin-states.txt");
        if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
            std::fs::write(path, document()).unwrap();
        }
        let shown = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            shown,
            document(),
            "run the test with UPDATE=1 and review the difference"
        );
    }

    #[test]
    fn what_is_offered_for_which_entity() {
        let stateful = "SaAmfCluster, SaAmfApplication, SaAmfSG, SaAmfNode, SaAmfNodeGroup, SaAmfSU";
        for op in [Op::LockInstantiation, Op::UnlockInstantiation] {
            assert_eq!(offering(op), stateful);
        }
        for op in [Op::Unlock, Op::Lock, Op::Shutdown] {
            assert_eq!(offering(op), format!("{stateful}, SaAmfSI"));
        }
        let rest = [
            (
                Op::Restart,
                "SaAmfCluster, SaAmfApplication, SaAmfNode, SaAmfSU, SaAmfComp",
            ),
            (Op::SiSwap, "SaAmfSI"),
            (Op::SgAdjust, "SaAmfSG"),
            (Op::Repaired, "SaAmfNode, SaAmfSU"),
            (Op::EamStart, "SaAmfSU, SaAmfComp"),
            (Op::EamStop, "SaAmfSU, SaAmfComp"),
        ];
        for (op, classes) in rest {
            assert_eq!(offering(op), classes, "{op}");
        }
    }
}
