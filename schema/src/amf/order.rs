//! Orders of the director, and the assignments in them.

use ais::Dn;
use ais::Millis;
use ais::amf::{
    CauseId, CsiAssignment, EscalationCounting, FailoverLimits, NodeConfig, NodeOrder, OrderId, SiAssignment,
};
use capnp::struct_list;

use super::{read_protection_group, read_su_config, write_protection_group, write_su_config};
use crate::amf_capnp::{csi_assignment, csi_attribute, node_order, si_assignment};
use crate::error::{WireError, list_len};
use crate::value::{
    checked, optional_dn, read_dn, read_dns, read_ha, read_optional_dn, read_text, read_texts,
    read_transition, write_texts,
};

/// The attributes of a CSI: names with their values.
type CsiAttributes = Vec<(String, Vec<String>)>;

/// The attributes of a CSI.
pub fn read_csi_attributes(
    list: struct_list::Reader<'_, csi_attribute::Owned>,
) -> Result<CsiAttributes, WireError> {
    list.iter()
        .map(|attribute| {
            Ok((
                read_text(attribute.get_name()?, "CsiAttribute.name")?,
                read_texts(attribute.get_values()?, "CsiAttribute.values")?,
            ))
        })
        .collect()
}

/// Fills a list that has as many places as there are attributes.
pub fn write_csi_attributes(
    from: &[(String, Vec<String>)],
    mut list: struct_list::Builder<'_, csi_attribute::Owned>,
) -> Result<(), WireError> {
    for (at, (name, values)) in (0..).zip(from) {
        let mut attribute = list.reborrow().get(at);
        attribute.set_name(checked(name, "CsiAttribute.name")?);
        let len = list_len(values.len(), "CsiAttribute.values")?;
        write_texts(values, attribute.init_values(len), "CsiAttribute.values")?;
    }
    Ok(())
}

/// One CSI for one component.
pub fn read_csi_assignment(reader: csi_assignment::Reader<'_>) -> Result<CsiAssignment, WireError> {
    Ok(CsiAssignment {
        csi: read_dn(reader.get_csi()?, "CsiAssignment.csi")?,
        comp: read_dn(reader.get_comp()?, "CsiAssignment.comp")?,
        dependency_level: reader.get_dependency_level(),
        transition: read_transition(reader.get_transition(), "CsiAssignment.transition")?,
        active_comp: read_optional_dn(reader.get_active_comp()?, "CsiAssignment.activeComp")?,
        standby_rank: reader.get_standby_rank(),
        attributes: read_csi_attributes(reader.get_attributes()?)?,
        needs: read_dns(reader.get_needs()?, "CsiAssignment.needs")?,
    })
}

/// Writes one CSI for one component.
pub fn write_csi_assignment(
    from: &CsiAssignment,
    mut builder: csi_assignment::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_csi(from.csi.as_str());
    builder.set_comp(from.comp.as_str());
    builder.set_dependency_level(from.dependency_level);
    builder.set_transition(from.transition as u8);
    builder.set_active_comp(optional_dn(from.active_comp.as_ref()));
    builder.set_standby_rank(from.standby_rank);
    let len = list_len(from.attributes.len(), "CsiAssignment.attributes")?;
    write_csi_attributes(&from.attributes, builder.reborrow().init_attributes(len))?;
    let len = list_len(from.needs.len(), "CsiAssignment.needs")?;
    write_texts(&from.needs, builder.init_needs(len), "CsiAssignment.needs")
}

/// One SI for one SU.
pub fn read_si_assignment(reader: si_assignment::Reader<'_>) -> Result<SiAssignment, WireError> {
    Ok(SiAssignment {
        si: read_dn(reader.get_si()?, "SiAssignment.si")?,
        csis: reader
            .get_csis()?
            .iter()
            .map(read_csi_assignment)
            .collect::<Result<_, _>>()?,
    })
}

/// Writes one SI for one SU.
pub fn write_si_assignment(
    from: &SiAssignment,
    mut builder: si_assignment::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_si(from.si.as_str());
    let mut list = builder.init_csis(list_len(from.csis.len(), "SiAssignment.csis")?);
    (0..)
        .zip(&from.csis)
        .try_for_each(|(at, c)| write_csi_assignment(c, list.reborrow().get(at)))
}

/// The order.
pub fn read_node_order(reader: node_order::Reader<'_>) -> Result<NodeOrder, WireError> {
    use node_order::Which;
    let id = OrderId(reader.get_id());
    // Orders about the node name no SU, so it is read only where it must be there.
    let su = || read_dn(reader.get_su()?, "NodeOrder.su");
    Ok(
        match reader.which().map_err(|e| WireError::union("NodeOrder", e))? {
            Which::ConfigureNode(node) => NodeOrder::ConfigureNode(NodeConfig {
                dn: read_dn(node.get_dn()?, "NodeOrder.configureNode.dn")?,
                node_id: node.get_node_id(),
                failover: FailoverLimits {
                    su_failover_max: node.get_su_failover_max(),
                    su_failover_probation: Millis(node.get_su_failover_probation_ms()),
                },
                counting: EscalationCounting::from_code(node.get_counting()).ok_or_else(|| {
                    WireError::number("NodeOrder.configureNode.counting", node.get_counting())
                })?,
            }),
            Which::ConfigureSu(config) => NodeOrder::ConfigureSu(read_su_config(config?)?),
            Which::RemoveSu(()) => NodeOrder::RemoveSu { su: su()? },
            Which::Instantiate(()) => NodeOrder::Instantiate { id, su: su()? },
            Which::Terminate(()) => NodeOrder::Terminate { id, su: su()? },
            Which::Restart(comp) => NodeOrder::Restart {
                id,
                su: su()?,
                comp: read_optional_dn(comp?, "NodeOrder.restart")?,
            },
            Which::Assign(assign) => NodeOrder::Assign {
                id,
                su: su()?,
                ha: read_ha(assign.get_ha(), "NodeOrder.assign.ha")?,
                sis: assign
                    .get_sis()?
                    .iter()
                    .map(read_si_assignment)
                    .collect::<Result<_, _>>()?,
            },
            Which::Remove(sis) => NodeOrder::Remove {
                id,
                su: su()?,
                sis: read_dns(sis?, "NodeOrder.remove")?,
            },
            Which::Cleanup(()) => NodeOrder::Cleanup { id, su: su()? },
            Which::Repair(()) => NodeOrder::Repair { id, su: su()? },
            Which::Reboot(reason) => NodeOrder::Reboot {
                reason: read_text(reason?, "NodeOrder.reboot")?,
            },
            Which::ReportAll(()) => NodeOrder::ReportAll,
            Which::RepairNode(()) => NodeOrder::RepairNode,
            Which::Monitor(monitor) => NodeOrder::Monitor {
                id,
                su: su()?,
                comp: read_optional_dn(monitor.get_comp()?, "NodeOrder.monitor.comp")?,
                run: monitor.get_run(),
            },
            Which::ProtectionGroup(group) => NodeOrder::ProtectionGroup(read_protection_group(group?)?),
            Which::Leave(()) => NodeOrder::Leave,
        },
    )
}

/// Writes an order.
pub fn write_node_order(from: &NodeOrder, mut builder: node_order::Builder<'_>) -> Result<(), WireError> {
    if let Some((id, su)) = addressee(from) {
        builder.set_id(id.0);
        builder.set_su(su.as_str());
    }
    match from {
        NodeOrder::ConfigureNode(node) => {
            let mut group = builder.init_configure_node();
            group.set_dn(node.dn.as_str());
            group.set_node_id(node.node_id);
            group.set_su_failover_max(node.failover.su_failover_max);
            group.set_su_failover_probation_ms(node.failover.su_failover_probation.0);
            group.set_counting(node.counting.code());
        }
        NodeOrder::ConfigureSu(config) => {
            builder.set_su(config.dn.as_str());
            write_su_config(config, builder.init_configure_su())?;
        }
        NodeOrder::RemoveSu { .. } => builder.set_remove_su(()),
        NodeOrder::Instantiate { .. } => builder.set_instantiate(()),
        NodeOrder::Terminate { .. } => builder.set_terminate(()),
        NodeOrder::Restart { comp, .. } => builder.set_restart(optional_dn(comp.as_ref())),
        NodeOrder::Assign { ha, sis, .. } => {
            let mut group = builder.init_assign();
            group.set_ha(ha.code());
            let mut list = group.init_sis(list_len(sis.len(), "NodeOrder.assign.sis")?);
            for (at, si) in (0..).zip(sis) {
                write_si_assignment(si, list.reborrow().get(at))?;
            }
        }
        NodeOrder::Remove { sis, .. } => {
            let len = list_len(sis.len(), "NodeOrder.remove")?;
            write_texts(sis, builder.init_remove(len), "NodeOrder.remove")?;
        }
        NodeOrder::Cleanup { .. } => builder.set_cleanup(()),
        NodeOrder::Repair { .. } => builder.set_repair(()),
        NodeOrder::Reboot { reason } => builder.set_reboot(checked(reason, "NodeOrder.reboot")?),
        NodeOrder::ReportAll => builder.set_report_all(()),
        NodeOrder::RepairNode => builder.set_repair_node(()),
        NodeOrder::Monitor { comp, run, .. } => {
            let mut group = builder.init_monitor();
            group.set_comp(optional_dn(comp.as_ref()));
            group.set_run(*run);
        }
        NodeOrder::ProtectionGroup(group) => {
            write_protection_group(group, builder.init_protection_group())?;
        }
        NodeOrder::Leave => builder.set_leave(()),
    }
    Ok(())
}

/// The id and the SU of an order that is about an SU; the id 0 where it has none.
const fn addressee(order: &NodeOrder) -> Option<(OrderId, &Dn)> {
    match order {
        NodeOrder::RemoveSu { su } => Some((OrderId(0), su)),
        order => order.answered(),
    }
}

/// The orders of a list.
pub fn read_node_orders(
    list: struct_list::Reader<'_, node_order::Owned>,
) -> Result<Vec<NodeOrder>, WireError> {
    list.iter().map(read_node_order).collect()
}

/// Fills a list that has as many places as there are orders, each with the story that it belongs to.
pub fn write_caused_orders(
    from: &[(CauseId, NodeOrder)],
    mut list: struct_list::Builder<'_, node_order::Owned>,
) -> Result<(), WireError> {
    (0..).zip(from).try_for_each(|(at, (cause, order))| {
        let mut builder = list.reborrow().get(at);
        builder.set_cause(cause.0);
        write_node_order(order, builder)
    })
}

/// The stories that the orders of a list belong to, in their order.
pub fn read_causes(list: struct_list::Reader<'_, node_order::Owned>) -> Vec<CauseId> {
    list.iter().map(|order| CauseId(order.get_cause())).collect()
}

/// Fills a list that has as many places as there are orders.
pub fn write_node_orders(
    from: &[NodeOrder],
    mut list: struct_list::Builder<'_, node_order::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, o)| write_node_order(o, list.reborrow().get(at)))
}
