//! Conversions of `amf.capnp`: orders to a node director and its reports.

mod config;
mod group;
mod order;
mod report;

pub use config::{
    read_command, read_comp_config, read_healthcheck, read_su_config, write_command, write_comp_config,
    write_healthcheck, write_su_config,
};
pub use group::{
    read_notifications, read_protection_group, read_protection_group_member, write_notifications,
    write_protection_group, write_protection_group_member,
};
pub use order::{
    read_causes, read_csi_assignment, read_csi_attributes, read_node_order, read_node_orders,
    read_si_assignment, write_caused_orders, write_csi_assignment, write_csi_attributes, write_node_order,
    write_node_orders, write_si_assignment,
};
pub use report::{
    read_assignment_report, read_command_failure, read_comp_report, read_fault_report, read_node_report,
    read_node_reports, read_order_report, read_su_report, write_assignment_report, write_command_failure,
    write_comp_report, write_fault_report, write_node_report, write_node_reports, write_order_report,
    write_su_report,
};
