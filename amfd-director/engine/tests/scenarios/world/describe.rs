//! What is printed of an order.

use std::fmt::Write as _;

use ais::amf::{HaState, NodeOrder};
use ais::ntf::{Detail, Notification};
use amfd_director_engine::Story;

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
        NodeOrder::Monitor { su, comp, run, .. } => {
            let what = if *run { "MONITOR" } else { "STOP MONITOR" };
            format!("{what} {}", comp.as_ref().unwrap_or(su))
        }
        NodeOrder::ProtectionGroup(group) => format!("PROTECTION-GROUP {}", group.csi),
        NodeOrder::RepairNode => "REPAIR-NODE".to_owned(),
        NodeOrder::Leave => "LEAVE".to_owned(),
    })
}

/// A notification in a line: its minor class, what it is, its object, and for alarms the text.
pub(super) fn notification(told: &Notification) -> String {
    let (minor, object) = (told.class.minor, &told.object);
    let mut line = match &told.detail {
        Detail::Alarm { severity, .. } => {
            let severity = severity.name().trim_start_matches("SA_NTF_SEVERITY_");
            format!("told {minor:#x} alarm {severity} {object}: {}", told.text)
        }
        Detail::StateChange { changes, .. } if changes.is_empty() => {
            format!("told {minor:#x} {} {object}", told.event)
        }
        _ => format!("told {minor:#x} {}", told.text),
    };
    for item in &told.info {
        write!(line, " [{}={}]", item.id, item.value.to_text()).unwrap();
    }
    line
}

/// A step of a story in a line.
pub(super) fn story(step: &Story) -> String {
    match step {
        Story::Began { cause, origin } => format!("story {cause} began: {origin}"),
        Story::Answered {
            cause,
            su,
            order,
            outcome,
            ..
        } => format!("story {cause} {su} {order}: {outcome:?}"),
        Story::Merged { cause, into } => format!("story {cause} goes on as {into}"),
        Story::Settled { cause } => format!("story {cause} settled"),
    }
}
