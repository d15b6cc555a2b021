//! The operator's commands, with OpenSAF's names, options, output and exit codes.
//!
//! Each command is a file: a command line is parsed and checked into a request, the request is carried out on one
//! connection within a time limit, and one report is printed as text or as JSON. Exit codes are 0 and 1.

use std::ffi::OsString;
use std::process::ExitCode;

mod amf_adm;
mod amf_find;
mod amf_report_error;
mod amf_state;
mod amfclusterstatus;
mod amfpm;
pub(crate) mod connect;
mod director;
mod immadm;
mod immcfg;
mod immdump;
mod immfind;
mod immlist;
mod json;
mod ntf;
mod output;
mod progress;
mod retry;
mod text;
mod usage;

/// Runs the command with this name; `args[0]` is the name. `None` where there is no such command.
pub fn run(name: &str, args: Vec<OsString>) -> Option<ExitCode> {
    let main = match name {
        "amf-adm" => amf_adm::main,
        "amf-find" => amf_find::main,
        "amf-report-error" => amf_report_error::main,
        "amf-state" => amf_state::main,
        "amfpm" => amfpm::main,
        "immadm" => immadm::main,
        "immcfg" => immcfg::main,
        "immdump" => immdump::main,
        "immfind" => immfind::main,
        "immload" => immcfg::load,
        "immlist" => immlist::main,
        "amfclusterstatus" => amfclusterstatus::main,
        "ntfread" => ntf::read::main,
        "ntfsend" => ntf::send::main,
        "ntfsubscribe" => ntf::subscribe::main,
        _ => return None,
    };
    Some(main(args))
}
