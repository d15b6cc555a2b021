//! Administrative operations that the service itself carries out, on its own objects.

use std::rc::Rc;

use ais::{AisError, Parameter, Value};
use repository::Repository;

use crate::callbacks::Reply;
use crate::continuation::Outcome;
use crate::core::{Core, detached};
use crate::export;
use crate::operation::{ERROR, NAME, NAMED, OK};
use crate::server::Peer;

/// The object with limits and switches; the other one stands for the repository.
const OPENSAF_IMM: &str = "opensafImm=opensafImm,safApp=safImmService";

/// `SA_IMM_ADMIN_EXPORT`
const EXPORT: u64 = 1;
/// `SA_IMM_ADMIN_INIT_FROM_FILE`
const INIT_FROM_FILE: u64 = 100;
/// `SA_IMM_ADMIN_ABORT_CCBS`
const ABORT_CCBS: u64 = 202;
/// Setting and clearing bits of `opensafImmNostdFlags`.
const FLAGS_ON: u64 = 1;
const FLAGS_OFF: u64 = 2;
const FLAGS: &str = "opensafImmNostdFlags";
/// The parameter and the attribute that name the file of an export.
pub(crate) const EXPORT_URI: &str = "saImmExportFileUri";

fn find<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Value> {
    let found = parameters.iter().find(|parameter| parameter.name == name);
    found.map(|parameter| &parameter.value)
}

pub(crate) fn text<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    match find(parameters, name) {
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    }
}

fn name(parameters: &[Parameter]) -> Option<&str> {
    text(parameters, NAME)
}

pub(crate) fn parameter(name: &str, value: Value) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value,
    }
}

pub(crate) fn string(name: &str, text: impl Into<String>) -> Parameter {
    parameter(name, Value::String(text.into()))
}

fn refused(error: AisError, why: impl Into<String>) -> Reply {
    Reply {
        result: error.code(),
        parameters: vec![string(ERROR, why)],
    }
}

const fn done(parameters: Vec<Parameter>) -> Reply {
    Reply {
        result: OK,
        parameters,
    }
}

/// Operations on the service's own objects.
pub(crate) async fn carry_out(
    core: &Rc<Core>,
    peer: Peer,
    object: &str,
    operation: u64,
    parameters: &[Parameter],
) -> Outcome {
    if object == OPENSAF_IMM {
        return Ok(opensaf_imm(core, operation, parameters));
    }
    match operation {
        ABORT_CCBS => {
            core.change(|repository| repository.ccb_abort_all("an operator aborted all CCBs"));
            Ok(done(Vec::new()))
        }
        EXPORT => {
            let Some(uri) = text(parameters, EXPORT_URI) else {
                let why = format!("the string parameter {EXPORT_URI} names the file to be written");
                return Ok(refused(AisError::InvalidParam, why));
            };
            let written = export::export(core.clone(), peer, uri.to_owned());
            Ok(match detached(written).await? {
                Ok(uri) => done(vec![string(EXPORT_URI, uri)]),
                Err(refusal) => refused(refusal.error, refusal.text),
            })
        }
        // DEVIATION(IMM-022): the store is always the repository; there is no other mode to go to.
        INIT_FROM_FILE => Ok(refused(
            AisError::NotSupported,
            "the repository is always kept in its store; load a file into an empty directory instead",
        )),
        _ => Ok(refused(
            AisError::NotSupported,
            "the operations here are 1 (export) and 202 (abort all CCBs that are not being committed)",
        )),
    }
}

/// Operations on the object with limits and switches.
fn opensaf_imm(core: &Core, operation: u64, parameters: &[Parameter]) -> Reply {
    match name(parameters).filter(|_| operation >= NAMED) {
        Some("display-help") => done(vec![string("supportedResources", RESOURCES)]),
        Some("display") => display(core, parameters),
        Some("displayverbose") => display_verbose(core, parameters),
        None if matches!(operation, FLAGS_ON | FLAGS_OFF) => match find(parameters, FLAGS) {
            Some(Value::Uint32(mask)) => {
                let on = operation == FLAGS_ON;
                core.change(|repository| repository.set_nostd_flags(*mask, on));
                tracing::info!(flags = core.read(Repository::nostd_flags), "{FLAGS} changed");
                done(Vec::new())
            }
            _ => refused(
                AisError::InvalidParam,
                format!("the SA_UINT32_T parameter {FLAGS} says which bits"),
            ),
        },
        _ => refused(
            AisError::NotSupported,
            format!(
                "the operations here are 1 and 2 (bits of {FLAGS} on and off) and by name display, displayverbose, \
                 display-help"
            ),
        ),
    }
}

const RESOURCES: &str = "implementers, adminowners, ccbs, searches";

/// How much of a resource there is.
fn display(core: &Core, parameters: &[Parameter]) -> Reply {
    let count = match text(parameters, "resource") {
        Some("implementers") => implementers(core).len(),
        Some("adminowners") => core.read(|repository| repository.admin_owners().len()),
        Some("ccbs") => core.read(Repository::ccb_count),
        Some("searches") => core.searches.get(),
        _ => {
            let why = format!("the string parameter 'resource' is one of {RESOURCES}");
            return refused(AisError::InvalidParam, why);
        }
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    done(vec![parameter("count", Value::Int64(count))])
}

/// Who holds a resource: each by name with its process, 0 where it is detached.
///
/// DEVIATION(IMM-023): processes, where OpenSAF shows nodes, and always all of them.
fn display_verbose(core: &Core, parameters: &[Parameter]) -> Reply {
    let held: Vec<(String, u32)> = match text(parameters, "resource") {
        Some("implementers") => implementers(core),
        Some("adminowners") => {
            let pids = core.owners.borrow();
            let owners = core.read(Repository::admin_owners);
            let shown = owners.into_iter().map(|(id, name)| {
                let pid = pids.get(&id).copied().unwrap_or(0);
                (name.to_string(), pid)
            });
            shown.collect()
        }
        _ => {
            return refused(
                AisError::InvalidParam,
                "the string parameter 'resource' is one of implementers, adminowners",
            );
        }
    };
    let shown = held
        .into_iter()
        .map(|(name, pid)| parameter(&name, Value::Int64(pid.into())));
    done(shown.collect())
}

/// The implementers and appliers with their processes.
fn implementers(core: &Core) -> Vec<(String, u32)> {
    let now = core.now();
    core.change(|repository| repository.forget_idle_appliers(now));
    let all = core.read(Repository::implementers);
    all.into_iter()
        .map(|info| {
            let pid = info.holder.and_then(|id| core.callees.pid(id)).unwrap_or(0);
            (info.name.to_string(), pid)
        })
        .collect()
}
