//! Reports of a node director.

use ais::amf::{
    AssignmentReport, CommandFailure, CompReport, FaultReport, MonitorState, NodeReport, OrderId,
    OrderOutcome, OrderReport, SuReport, Term,
};
use capnp::struct_list;

use crate::amf_capnp::{
    assignment_report, command_failure, comp_report, fault_report, node_report, order_report, su_report,
};
use crate::error::{WireError, list_len};
use crate::value::{
    checked, optional_dn, read_dn, read_dns, read_error_source, read_ha, read_ha_readiness, read_oper,
    read_optional_dn, read_presence, read_recovery, read_text, write_texts,
};

/// The failure of a CLC command.
pub fn read_command_failure(reader: command_failure::Reader<'_>) -> Result<CommandFailure, WireError> {
    Ok(CommandFailure {
        command: read_text(reader.get_command()?, "CommandFailure.command")?,
        path: read_text(reader.get_path()?, "CommandFailure.path")?,
        cause: read_text(reader.get_cause()?, "CommandFailure.cause")?,
        stderr: read_text(reader.get_stderr()?, "CommandFailure.stderr")?,
        forbids_retry: reader.get_forbids_retry(),
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
    builder.set_forbids_retry(from.forbids_retry);
    Ok(())
}

/// The state of a component.
pub fn read_comp_report(reader: comp_report::Reader<'_>) -> Result<CompReport, WireError> {
    Ok(CompReport {
        comp: read_dn(reader.get_comp()?, "CompReport.comp")?,
        presence: read_presence(reader.get_presence(), "CompReport.presence")?,
        oper: read_oper(reader.get_oper(), "CompReport.oper")?,
        restart_count: reader.get_restart_count(),
        failure: if reader.has_failure() {
            Some(read_command_failure(reader.get_failure()?)?)
        } else {
            None
        },
        monitor: match reader.get_monitor() {
            0 => MonitorState::None,
            1 => MonitorState::Stopped,
            2 => MonitorState::Running,
            other => return Err(WireError::number("CompReport.monitor", other)),
        },
        manager: read_optional_dn(reader.get_manager()?, "CompReport.manager")?,
        ha_readiness: reader
            .get_ha_readiness()?
            .iter()
            .map(|of| {
                Ok((
                    read_dn(of.get_csi()?, "CsiReadiness.csi")?,
                    read_ha_readiness(of.get_state(), "CsiReadiness.state")?,
                ))
            })
            .collect::<Result<_, WireError>>()?,
    })
}

/// Writes the state of a component.
pub fn write_comp_report(from: &CompReport, mut builder: comp_report::Builder<'_>) -> Result<(), WireError> {
    builder.set_comp(from.comp.as_str());
    builder.set_presence(from.presence.code());
    builder.set_oper(from.oper.code());
    builder.set_restart_count(from.restart_count);
    builder.set_monitor(match from.monitor {
        MonitorState::None => 0,
        MonitorState::Stopped => 1,
        MonitorState::Running => 2,
    });
    builder.set_manager(optional_dn(from.manager.as_ref()));
    let len = list_len(from.ha_readiness.len(), "CompReport.haReadiness")?;
    let mut list = builder.reborrow().init_ha_readiness(len);
    for (at, (csi, state)) in (0..).zip(&from.ha_readiness) {
        let mut of = list.reborrow().get(at);
        of.set_csi(csi.as_str());
        of.set_state(state.code());
    }
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
        with_application: reader.get_with_application(),
    })
}

/// Writes a fault.
pub fn write_fault_report(from: &FaultReport, mut builder: fault_report::Builder<'_>) {
    builder.set_comp(from.comp.as_str());
    builder.set_recovery(from.recovery.code());
    builder.set_source(from.source.code());
    builder.set_isolated(from.isolated);
    builder.set_with_application(from.with_application);
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
        fault: if reader.has_fault() {
            Some(read_fault_report(reader.get_fault()?)?)
        } else {
            None
        },
        order: if reader.has_order() {
            Some(read_order_report(reader.get_order()?)?)
        } else {
            None
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
            Which::Leaving(()) => NodeReport::Leaving,
            Which::NotRebooted(reason) => NodeReport::NotRebooted {
                reason: read_text(reason?, "NodeReport.notRebooted")?,
            },
            Which::Tracks(csis) => NodeReport::Tracks {
                csis: read_dns(csis?, "NodeReport.tracks")?,
            },
        },
    )
}

/// Writes a report.
pub fn write_node_report(from: &NodeReport, mut builder: node_report::Builder<'_>) -> Result<(), WireError> {
    match from {
        NodeReport::Su(report) => return write_su_report(report, builder.init_su()),
        NodeReport::UnknownSu { su } => builder.set_unknown_su(su.as_str()),
        NodeReport::AllReported => builder.set_all_reported(()),
        NodeReport::Leaving => builder.set_leaving(()),
        NodeReport::NotRebooted { reason } => {
            builder.set_not_rebooted(checked(reason, "NodeReport.notRebooted")?);
        }
        NodeReport::Tracks { csis } => {
            let len = list_len(csis.len(), "NodeReport.tracks")?;
            write_texts(csis, builder.init_tracks(len), "NodeReport.tracks")?;
        }
    }
    Ok(())
}

/// The reports of a list, without those of a kind that only newer node directors know: what they tell is nothing that
/// this director could act upon.
pub fn read_node_reports(
    list: struct_list::Reader<'_, node_report::Owned>,
) -> Result<Vec<NodeReport>, WireError> {
    list.iter()
        .filter(|report| report.which().is_ok())
        .map(read_node_report)
        .collect()
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
