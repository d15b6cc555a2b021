//! The administrative state machine (AMF B.02.01 §8.2.1) and which operation applies to which entity.

use ais::AisError;
use ais::amf::{AdminOperation as Op, AdminState as S};

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

/// Whether the operation is offered for the entity; where it is not, the code that says so.
pub(crate) const fn applicable(entity: Entity, op: Op) -> Result<(), AisError> {
    let offered = match op {
        Op::Unlock | Op::Lock | Op::Shutdown => {
            matches!(
                entity,
                Entity::Sg | Entity::Node | Entity::NodeGroup | Entity::Su | Entity::Si
            )
        }
        Op::LockInstantiation | Op::UnlockInstantiation => {
            matches!(entity, Entity::Sg | Entity::Node | Entity::NodeGroup | Entity::Su)
        }
        Op::Restart => matches!(entity, Entity::Su | Entity::Comp),
        Op::SiSwap => matches!(entity, Entity::Si),
        Op::Repaired => matches!(entity, Entity::Su | Entity::Node),
        Op::SgAdjust | Op::EamStart | Op::EamStop => false,
    };
    if offered {
        Ok(())
    } else {
        Err(AisError::NotSupported)
    }
}

/// The state that the operation leads to, or why it may not be invoked in this state. `None` for operations that
/// change no administrative state.
pub(crate) const fn transition(from: S, op: Op) -> Option<Result<S, AisError>> {
    Some(match (from, op) {
        (S::Locked | S::ShuttingDown, Op::Unlock) => Ok(S::Unlocked),
        (S::Unlocked | S::ShuttingDown, Op::Lock) | (S::LockedInstantiation, Op::UnlockInstantiation) => {
            Ok(S::Locked)
        }
        (S::Unlocked, Op::Shutdown) => Ok(S::ShuttingDown),
        (S::Locked, Op::LockInstantiation) => Ok(S::LockedInstantiation),
        (S::Unlocked, Op::Unlock)
        | (S::Locked, Op::Lock | Op::UnlockInstantiation)
        | (S::ShuttingDown, Op::Shutdown)
        | (S::LockedInstantiation, Op::LockInstantiation) => Err(AisError::NoOp),
        (S::Unlocked | S::ShuttingDown, Op::LockInstantiation | Op::UnlockInstantiation)
        | (S::Locked, Op::Shutdown)
        | (S::LockedInstantiation, Op::Unlock | Op::Lock | Op::Shutdown) => Err(AisError::BadOperation),
        (
            S::Unlocked | S::Locked | S::ShuttingDown | S::LockedInstantiation,
            Op::Restart | Op::SiSwap | Op::SgAdjust | Op::Repaired | Op::EamStart | Op::EamStop,
        ) => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_state_machine_is_the_standards() {
        let mut table = String::new();
        for &from in S::ALL {
            for &op in Op::ALL {
                if let Some(outcome) = transition(from, op) {
                    let text = match outcome {
                        Ok(to) => to.to_string(),
                        Err(error) => error.name().trim_start_matches("SA_AIS_ERR_").to_owned(),
                    };
                    writeln!(table, "{from} {op}: {text}").unwrap();
                }
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

    #[test]
    fn what_is_offered_for_which_entity() {
        let offered = |op| -> Vec<&str> {
            Entity::ALL
                .into_iter()
                .filter(|entity| applicable(*entity, op).is_ok())
                .map(Entity::class)
                .collect()
        };
        assert_eq!(
            offered(Op::Lock),
            ["SaAmfSG", "SaAmfNode", "SaAmfNodeGroup", "SaAmfSU", "SaAmfSI"]
        );
        assert_eq!(
            offered(Op::LockInstantiation),
            ["SaAmfSG", "SaAmfNode", "SaAmfNodeGroup", "SaAmfSU"]
        );
        assert_eq!(offered(Op::Restart), ["SaAmfSU", "SaAmfComp"]);
        assert_eq!(offered(Op::SiSwap), ["SaAmfSI"]);
        assert_eq!(offered(Op::Repaired), ["SaAmfNode", "SaAmfSU"]);
        assert!(offered(Op::SgAdjust).is_empty() && offered(Op::EamStart).is_empty());
    }
}
