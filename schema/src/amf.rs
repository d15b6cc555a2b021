//! Conversions of `amf.capnp`: orders to a node director and its reports.

use ais::amf::{
    AssignmentReport, Command, CommandFailure, CompCategory, CompConfig, CompReport, CsiAssignment,
    EscalationLimits, FaultReport, Healthcheck, NodeConfig, NodeOrder, NodeReport, OrderId, OrderOutcome,
    OrderReport, SiAssignment, SuConfig, SuReport, Term,
};
use ais::{Dn, Millis};
use capnp::struct_list;

use crate::amf_capnp::{
    assignment_report, command, command_failure, comp_config, comp_report, csi_assignment, csi_attribute,
    fault_report, healthcheck, node_order, node_report, order_report, si_assignment, su_config, su_report,
};
use crate::error::{WireError, list_len};
use crate::value::{
    checked, optional_dn, read_dn, read_dns, read_error_source, read_ha, read_oper, read_optional_dn,
    read_presence, read_recovery, read_text, read_texts, read_transition, write_texts,
};

/// The attributes of a CSI: names with their values.
type CsiAttributes = Vec<(String, Vec<String>)>;

// ---- configuration ----

/// The command.
pub fn read_command(reader: command::Reader<'_>) -> Result<Command, WireError> {
    Ok(Command {
        path: read_text(reader.get_path()?, "Command.path")?,
        argv: read_texts(reader.get_argv()?, "Command.argv")?,
        timeout: Millis(reader.get_timeout_ms()),
    })
}

/// Writes a command.
pub fn write_command(from: &Command, mut builder: command::Builder<'_>) -> Result<(), WireError> {
    builder.set_path(checked(&from.path, "Command.path")?);
    builder.set_timeout_ms(from.timeout.0);
    let len = list_len(from.argv.len(), "Command.argv")?;
    write_texts(&from.argv, builder.init_argv(len), "Command.argv")
}

/// The healthcheck.
pub fn read_healthcheck(reader: healthcheck::Reader<'_>) -> Result<Healthcheck, WireError> {
    Ok(Healthcheck {
        key: read_text(reader.get_key()?, "Healthcheck.key")?,
        period: Millis(reader.get_period_ms()),
        max_duration: Millis(reader.get_max_duration_ms()),
    })
}

/// Writes a healthcheck.
pub fn write_healthcheck(from: &Healthcheck, mut builder: healthcheck::Builder<'_>) -> Result<(), WireError> {
    builder.set_key(checked(&from.key, "Healthcheck.key")?);
    builder.set_period_ms(from.period.0);
    builder.set_max_duration_ms(from.max_duration.0);
    Ok(())
}

/// The configuration of a component.
pub fn read_comp_config(reader: comp_config::Reader<'_>) -> Result<CompConfig, WireError> {
    let command = |present: bool, command: capnp::Result<command::Reader<'_>>| match present {
        true => read_command(command?).map(Some),
        false => Ok(None),
    };
    Ok(CompConfig {
        dn: read_dn(reader.get_dn()?, "CompConfig.dn")?,
        category: CompCategory::from_bits(reader.get_category())
            .ok_or_else(|| WireError::number("CompConfig.category", reader.get_category()))?,
        instantiation_level: reader.get_instantiation_level(),
        instantiate: command(reader.has_instantiate(), reader.get_instantiate())?,
        terminate: command(reader.has_terminate(), reader.get_terminate())?,
        cleanup: command(reader.has_cleanup(), reader.get_cleanup())?,
        env: read_texts(reader.get_env()?, "CompConfig.env")?,
        instantiate_retries_without_delay: reader.get_instantiate_retries_without_delay(),
        instantiate_retries_with_delay: reader.get_instantiate_retries_with_delay(),
        instantiate_delay: Millis(reader.get_instantiate_delay_ms()),
        terminate_callback_timeout: Millis(reader.get_terminate_callback_timeout_ms()),
        csi_set_timeout: Millis(reader.get_csi_set_timeout_ms()),
        csi_remove_timeout: Millis(reader.get_csi_remove_timeout_ms()),
        quiescing_complete_timeout: Millis(reader.get_quiescing_complete_timeout_ms()),
        recovery_on_error: read_recovery(reader.get_recovery_on_error(), "CompConfig.recoveryOnError")?,
        disable_restart: reader.get_disable_restart(),
        healthchecks: reader
            .get_healthchecks()?
            .iter()
            .map(read_healthcheck)
            .collect::<Result<_, _>>()?,
    })
}

/// Writes the configuration of a component.
pub fn write_comp_config(from: &CompConfig, mut builder: comp_config::Builder<'_>) -> Result<(), WireError> {
    builder.set_dn(from.dn.as_str());
    builder.set_category(from.category.bits());
    builder.set_instantiation_level(from.instantiation_level);
    if let Some(command) = &from.instantiate {
        write_command(command, builder.reborrow().init_instantiate())?;
    }
    if let Some(command) = &from.terminate {
        write_command(command, builder.reborrow().init_terminate())?;
    }
    if let Some(command) = &from.cleanup {
        write_command(command, builder.reborrow().init_cleanup())?;
    }
    let len = list_len(from.env.len(), "CompConfig.env")?;
    write_texts(&from.env, builder.reborrow().init_env(len), "CompConfig.env")?;
    builder.set_instantiate_retries_without_delay(from.instantiate_retries_without_delay);
    builder.set_instantiate_retries_with_delay(from.instantiate_retries_with_delay);
    builder.set_instantiate_delay_ms(from.instantiate_delay.0);
    builder.set_terminate_callback_timeout_ms(from.terminate_callback_timeout.0);
    builder.set_csi_set_timeout_ms(from.csi_set_timeout.0);
    builder.set_csi_remove_timeout_ms(from.csi_remove_timeout.0);
    builder.set_quiescing_complete_timeout_ms(from.quiescing_complete_timeout.0);
    builder.set_recovery_on_error(from.recovery_on_error.code());
    builder.set_disable_restart(from.disable_restart);
    let len = list_len(from.healthchecks.len(), "CompConfig.healthchecks")?;
    let mut list = builder.init_healthchecks(len);
    (0..)
        .zip(&from.healthchecks)
        .try_for_each(|(at, h)| write_healthcheck(h, list.reborrow().get(at)))
}

/// The configuration of an SU.
pub fn read_su_config(reader: su_config::Reader<'_>) -> Result<SuConfig, WireError> {
    Ok(SuConfig {
        dn: read_dn(reader.get_dn()?, "SuConfig.dn")?,
        su_failover: reader.get_su_failover(),
        limits: EscalationLimits {
            comp_restart_max: reader.get_comp_restart_max(),
            comp_restart_probation: Millis(reader.get_comp_restart_probation_ms()),
            su_restart_max: reader.get_su_restart_max(),
            su_restart_probation: Millis(reader.get_su_restart_probation_ms()),
        },
        comps: reader
            .get_comps()?
            .iter()
            .map(read_comp_config)
            .collect::<Result<_, _>>()?,
    })
}

/// Writes the configuration of an SU.
pub fn write_su_config(from: &SuConfig, mut builder: su_config::Builder<'_>) -> Result<(), WireError> {
    builder.set_dn(from.dn.as_str());
    builder.set_su_failover(from.su_failover);
    builder.set_comp_restart_max(from.limits.comp_restart_max);
    builder.set_comp_restart_probation_ms(from.limits.comp_restart_probation.0);
    builder.set_su_restart_max(from.limits.su_restart_max);
    builder.set_su_restart_probation_ms(from.limits.su_restart_probation.0);
    let mut list = builder.init_comps(list_len(from.comps.len(), "SuConfig.comps")?);
    (0..)
        .zip(&from.comps)
        .try_for_each(|(at, c)| write_comp_config(c, list.reborrow().get(at)))
}

// ---- assignments ----

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
    write_csi_attributes(&from.attributes, builder.init_attributes(len))
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

// ---- orders ----

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
    }
    Ok(())
}

/// The id and the SU of an order that is about an SU; the id 0 where it has none.
const fn addressee(order: &NodeOrder) -> Option<(OrderId, &Dn)> {
    match order {
        NodeOrder::Instantiate { id, su }
        | NodeOrder::Terminate { id, su }
        | NodeOrder::Restart { id, su, .. }
        | NodeOrder::Assign { id, su, .. }
        | NodeOrder::Remove { id, su, .. }
        | NodeOrder::Cleanup { id, su }
        | NodeOrder::Repair { id, su } => Some((*id, su)),
        NodeOrder::RemoveSu { su } => Some((OrderId(0), su)),
        NodeOrder::ConfigureNode(_)
        | NodeOrder::ConfigureSu(_)
        | NodeOrder::Reboot { .. }
        | NodeOrder::ReportAll => None,
    }
}

/// The orders of a list.
pub fn read_node_orders(
    list: struct_list::Reader<'_, node_order::Owned>,
) -> Result<Vec<NodeOrder>, WireError> {
    list.iter().map(read_node_order).collect()
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

// ---- reports ----

/// The failure of a CLC command.
pub fn read_command_failure(reader: command_failure::Reader<'_>) -> Result<CommandFailure, WireError> {
    Ok(CommandFailure {
        command: read_text(reader.get_command()?, "CommandFailure.command")?,
        path: read_text(reader.get_path()?, "CommandFailure.path")?,
        cause: read_text(reader.get_cause()?, "CommandFailure.cause")?,
        stderr: read_text(reader.get_stderr()?, "CommandFailure.stderr")?,
    })
}

/// Writes the failure of a CLC command.
pub fn write_command_failure(
    from: &CommandFailure,
    mut builder: command_failure::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_command(checked(&from.command, "CommandFailure.command")?);
    builder.set_path(checked(&from.path, "CommandFailure.path")?);
    builder.set_cause(checked(&from.cause, "CommandFailure.cause")?);
    builder.set_stderr(checked(&from.stderr, "CommandFailure.stderr")?);
    Ok(())
}

/// The state of a component.
pub fn read_comp_report(reader: comp_report::Reader<'_>) -> Result<CompReport, WireError> {
    Ok(CompReport {
        comp: read_dn(reader.get_comp()?, "CompReport.comp")?,
        presence: read_presence(reader.get_presence(), "CompReport.presence")?,
        oper: read_oper(reader.get_oper(), "CompReport.oper")?,
        restart_count: reader.get_restart_count(),
        failure: match reader.has_failure() {
            true => Some(read_command_failure(reader.get_failure()?)?),
            false => None,
        },
    })
}

/// Writes the state of a component.
pub fn write_comp_report(from: &CompReport, mut builder: comp_report::Builder<'_>) -> Result<(), WireError> {
    builder.set_comp(from.comp.as_str());
    builder.set_presence(from.presence.code());
    builder.set_oper(from.oper.code());
    builder.set_restart_count(from.restart_count);
    match &from.failure {
        Some(failure) => write_command_failure(failure, builder.init_failure()),
        None => Ok(()),
    }
}

/// What an SU holds of an SI.
pub fn read_assignment_report(reader: assignment_report::Reader<'_>) -> Result<AssignmentReport, WireError> {
    Ok(AssignmentReport {
        si: read_dn(reader.get_si()?, "AssignmentReport.si")?,
        ha: read_ha(reader.get_ha(), "AssignmentReport.ha")?,
        csis: reader
            .get_csis()?
            .iter()
            .map(|holder| {
                Ok((
                    read_dn(holder.get_csi()?, "CsiHolder.csi")?,
                    read_dn(holder.get_comp()?, "CsiHolder.comp")?,
                ))
            })
            .collect::<Result<_, WireError>>()?,
    })
}

/// Writes what an SU holds of an SI.
pub fn write_assignment_report(
    from: &AssignmentReport,
    mut builder: assignment_report::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_si(from.si.as_str());
    builder.set_ha(from.ha.code());
    let mut list = builder.init_csis(list_len(from.csis.len(), "AssignmentReport.csis")?);
    for (at, (csi, comp)) in (0..).zip(&from.csis) {
        let mut holder = list.reborrow().get(at);
        holder.set_csi(csi.as_str());
        holder.set_comp(comp.as_str());
    }
    Ok(())
}

/// The fault.
pub fn read_fault_report(reader: fault_report::Reader<'_>) -> Result<FaultReport, WireError> {
    Ok(FaultReport {
        comp: read_dn(reader.get_comp()?, "FaultReport.comp")?,
        recovery: read_recovery(reader.get_recovery(), "FaultReport.recovery")?,
        source: read_error_source(reader.get_source(), "FaultReport.source")?,
        isolated: reader.get_isolated(),
    })
}

/// Writes a fault.
pub fn write_fault_report(from: &FaultReport, mut builder: fault_report::Builder<'_>) {
    builder.set_comp(from.comp.as_str());
    builder.set_recovery(from.recovery.code());
    builder.set_source(from.source.code());
    builder.set_isolated(from.isolated);
}

/// What became of an order.
pub fn read_order_report(reader: order_report::Reader<'_>) -> Result<OrderReport, WireError> {
    use order_report::Which;
    Ok(OrderReport {
        term: Term(reader.get_term()),
        id: OrderId(reader.get_id()),
        outcome: match reader.which().map_err(|e| WireError::union("OrderReport", e))? {
            Which::InProgress(()) => OrderOutcome::InProgress,
            Which::Done(()) => OrderOutcome::Done,
            Which::Failed(text) => OrderOutcome::Failed(read_text(text?, "OrderReport.failed")?),
        },
    })
}

/// Writes what became of an order.
pub fn write_order_report(
    from: &OrderReport,
    mut builder: order_report::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_term(from.term.0);
    builder.set_id(from.id.0);
    match &from.outcome {
        OrderOutcome::InProgress => builder.set_in_progress(()),
        OrderOutcome::Done => builder.set_done(()),
        OrderOutcome::Failed(text) => builder.set_failed(checked(text, "OrderReport.failed")?),
    }
    Ok(())
}

/// All about an SU.
pub fn read_su_report(reader: su_report::Reader<'_>) -> Result<SuReport, WireError> {
    Ok(SuReport {
        su: read_dn(reader.get_su()?, "SuReport.su")?,
        presence: read_presence(reader.get_presence(), "SuReport.presence")?,
        restart_count: reader.get_restart_count(),
        comps: reader
            .get_comps()?
            .iter()
            .map(read_comp_report)
            .collect::<Result<_, _>>()?,
        assignments: reader
            .get_assignments()?
            .iter()
            .map(read_assignment_report)
            .collect::<Result<_, _>>()?,
        fault: match reader.has_fault() {
            true => Some(read_fault_report(reader.get_fault()?)?),
            false => None,
        },
        order: match reader.has_order() {
            true => Some(read_order_report(reader.get_order()?)?),
            false => None,
        },
    })
}

/// Writes all about an SU.
pub fn write_su_report(from: &SuReport, mut builder: su_report::Builder<'_>) -> Result<(), WireError> {
    builder.set_su(from.su.as_str());
    builder.set_presence(from.presence.code());
    builder.set_restart_count(from.restart_count);
    let len = list_len(from.comps.len(), "SuReport.comps")?;
    let mut comps = builder.reborrow().init_comps(len);
    for (at, comp) in (0..).zip(&from.comps) {
        write_comp_report(comp, comps.reborrow().get(at))?;
    }
    let len = list_len(from.assignments.len(), "SuReport.assignments")?;
    let mut assignments = builder.reborrow().init_assignments(len);
    for (at, assignment) in (0..).zip(&from.assignments) {
        write_assignment_report(assignment, assignments.reborrow().get(at))?;
    }
    if let Some(fault) = &from.fault {
        write_fault_report(fault, builder.reborrow().init_fault());
    }
    match &from.order {
        Some(order) => write_order_report(order, builder.init_order()),
        None => Ok(()),
    }
}

/// The report.
pub fn read_node_report(reader: node_report::Reader<'_>) -> Result<NodeReport, WireError> {
    use node_report::Which;
    Ok(
        match reader.which().map_err(|e| WireError::union("NodeReport", e))? {
            Which::Su(report) => NodeReport::Su(read_su_report(report?)?),
            Which::UnknownSu(su) => NodeReport::UnknownSu {
                su: read_dn(su?, "NodeReport.unknownSu")?,
            },
            Which::AllReported(()) => NodeReport::AllReported,
        },
    )
}

/// Writes a report.
pub fn write_node_report(from: &NodeReport, mut builder: node_report::Builder<'_>) -> Result<(), WireError> {
    match from {
        NodeReport::Su(report) => return write_su_report(report, builder.init_su()),
        NodeReport::UnknownSu { su } => builder.set_unknown_su(su.as_str()),
        NodeReport::AllReported => builder.set_all_reported(()),
    }
    Ok(())
}

/// The reports of a list.
pub fn read_node_reports(
    list: struct_list::Reader<'_, node_report::Owned>,
) -> Result<Vec<NodeReport>, WireError> {
    list.iter().map(read_node_report).collect()
}

/// Fills a list that has as many places as there are reports.
pub fn write_node_reports(
    from: &[NodeReport],
    mut list: struct_list::Builder<'_, node_report::Owned>,
) -> Result<(), WireError> {
    (0..)
        .zip(from)
        .try_for_each(|(at, r)| write_node_report(r, list.reborrow().get(at)))
}
