//! What is printed of an order.

use std::fmt::Write as _;

use ais::amf::{HaState, NodeOrder};

/// The order in words; `None` for those that say nothing about assignments and life cycle.
pub(super) fn describe(order: &NodeOrder, configuration: bool) -> Option<String> {
    Some(match order {
        NodeOrder::Instantiate { su, .. } => format!("INSTANTIATE {su}"),
        NodeOrder::Terminate { su, .. } => format!("TERMINATE {su}"),
        NodeOrder::Restart { su, comp, .. } => match comp {
            Some(comp) => format!("RESTART {comp}"),
            None => format!("RESTART {su}"),
        },
        NodeOrder::Assign { su, ha, sis, .. } => {
            let mut parts: Vec<String> = Vec::new();
            for part in sis {
                let mut text = part.si.to_string();
                if *ha == HaState::Active
                    && let Some(csi) = part.csis.first()
                {
                    write!(text, " ({:?})", csi.transition).unwrap();
                }
                if let Some(csi) = part.csis.first().filter(|csi| csi.standby_rank > 1) {
                    write!(text, "#{}", csi.standby_rank).unwrap();
                }
                for csi in part.csis.iter().filter(|_| configuration) {
                    write!(text, " {}={}", csi.csi.rdn_value(), csi.comp.rdn_value()).unwrap();
                }
                parts.push(text);
            }
            format!("ASSIGN {su} {ha} {}", parts.join(" "))
        }
        NodeOrder::Remove { su, sis, .. } => {
            let sis: Vec<String> = sis.iter().map(ToString::to_string).collect();
            format!("REMOVE {su} {}", sis.join(" "))
        }
        NodeOrder::Cleanup { su, .. } => format!("CLEANUP {su}"),
        NodeOrder::Repair { su, .. } => format!("REPAIR {su}"),
        NodeOrder::Reboot { .. } => "REBOOT".to_owned(),
        NodeOrder::ConfigureSu(config) if configuration => format!("CONFIGURE {}", config.dn),
        NodeOrder::RemoveSu { su } if configuration => format!("FORGET {su}"),
        NodeOrder::ConfigureNode(config) if configuration => format!("CONFIGURE {}", config.dn),
        NodeOrder::ConfigureNode(_)
        | NodeOrder::ConfigureSu(_)
        | NodeOrder::RemoveSu { .. }
        | NodeOrder::ReportAll => return None,
        NodeOrder::RepairNode => "REPAIR-NODE".to_owned(),
    })
}
