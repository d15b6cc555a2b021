//! Orders in words, as logs and timelines have them.

use std::fmt;

use super::{NodeOrder, OrderId};
use crate::Dn;

impl NodeOrder {
    /// The SU that it is about; `None` where it is about the node.
    pub const fn su(&self) -> Option<&Dn> {
        match self {
            NodeOrder::RemoveSu { su } => Some(su),
            NodeOrder::ConfigureSu(config) => Some(&config.dn),
            order => match order.answered() {
                Some((_, su)) => Some(su),
                None => None,
            },
        }
    }

    /// For an order that is answered: its id and the SU that it is about.
    pub const fn answered(&self) -> Option<(OrderId, &Dn)> {
        match self {
            NodeOrder::Instantiate { id, su }
            | NodeOrder::Terminate { id, su }
            | NodeOrder::Restart { id, su, .. }
            | NodeOrder::Assign { id, su, .. }
            | NodeOrder::Remove { id, su, .. }
            | NodeOrder::Cleanup { id, su }
            | NodeOrder::Repair { id, su }
            | NodeOrder::Monitor { id, su, .. } => Some((*id, su)),
            NodeOrder::ConfigureNode(_)
            | NodeOrder::ConfigureSu(_)
            | NodeOrder::RemoveSu { .. }
            | NodeOrder::Reboot { .. }
            | NodeOrder::ReportAll
            | NodeOrder::ProtectionGroup(_)
            | NodeOrder::RepairNode
            | NodeOrder::Leave => None,
        }
    }

    /// Whether it only tells the node about the model, or asks it what there is.
    pub const fn is_configuration(&self) -> bool {
        matches!(
            self,
            NodeOrder::ConfigureNode(_)
                | NodeOrder::ConfigureSu(_)
                | NodeOrder::RemoveSu { .. }
                | NodeOrder::ReportAll
                | NodeOrder::ProtectionGroup(_)
        )
    }
}

/// What is ordered, without whom: `ACTIVE for safSi=web,safApp=demo`.
impl fmt::Display for NodeOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeOrder::ConfigureNode(_) => f.write_str("configure the node"),
            NodeOrder::ConfigureSu(_) => f.write_str("configure"),
            NodeOrder::RemoveSu { .. } => f.write_str("forget"),
            NodeOrder::Instantiate { .. } => f.write_str("instantiate"),
            NodeOrder::Terminate { .. } => f.write_str("terminate"),
            NodeOrder::Restart { comp: None, .. } => f.write_str("restart"),
            NodeOrder::Restart { comp: Some(comp), .. } => write!(f, "restart {comp}"),
            NodeOrder::Assign { ha, sis, .. } => {
                write!(f, "{ha} for")?;
                sis.iter().try_for_each(|part| write!(f, " {}", part.si))
            }
            NodeOrder::Remove { sis, .. } => {
                f.write_str("remove")?;
                sis.iter().try_for_each(|si| write!(f, " {si}"))
            }
            NodeOrder::Cleanup { .. } => f.write_str("clean up"),
            NodeOrder::Repair { .. } => f.write_str("repair"),
            NodeOrder::Reboot { reason } => write!(f, "reboot: {reason}"),
            NodeOrder::ReportAll => f.write_str("report all"),
            NodeOrder::RepairNode => f.write_str("the node is repaired"),
            NodeOrder::Monitor { comp, run, .. } => {
                f.write_str(if *run {
                    "start the monitors"
                } else {
                    "stop the monitors"
                })?;
                comp.iter().try_for_each(|comp| write!(f, " of {comp}"))
            }
            NodeOrder::ProtectionGroup(group) => write!(f, "the protection group of {}", group.csi),
            NodeOrder::Leave => f.write_str("the node may leave"),
        }
    }
}
