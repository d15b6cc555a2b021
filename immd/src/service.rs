//! Administrative operations: on their way to implementers, and those that the service itself carries out.

use std::rc::Rc;
use std::time::Duration;

use ais::{AisError, Dn, Parameter, Refusal, Value};
use repository::{AdminOwnerId, AdminRoute, Repository};
use tokio::sync::oneshot;

use crate::callbacks::Reply;
use crate::continuation::Outcome;
use crate::core::{Core, detached};
use crate::export;
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
/// An operation of this id has its name in the parameter [`NAME`].
const NAMED: u64 = 1 << 63;
const NAME: &str = "SaImmAdminOperationName";
const ERROR: &str = "SaImmAdminOperationError";
const PARAMETER_NAME_MAX: usize = 254;
const OK: u32 = 1;

/// An administrative operation as it is invoked.
pub(crate) struct Invocation {
    pub(crate) owner: AdminOwnerId,
    pub(crate) peer: Peer,
    pub(crate) object: String,
    pub(crate) operation: u64,
    pub(crate) parameters: Vec<Parameter>,
    /// 0 where nobody will come for the result later.
    pub(crate) continuation: u64,
}

/// Carries an administrative operation out; waits for the result, at most as long as the limit says. The operation goes
/// on where the limit is over or nobody waits any more. `Err` is the call's failure; a result of the operation is in
/// the reply.
///
/// # Errors
/// The codes of saImmOmAdminOperationInvoke.
pub(crate) async fn invoke(
    core: &Rc<Core>,
    invocation: Invocation,
    limit: Option<Duration>,
) -> Result<Reply, Refusal> {
    check_parameters(invocation.operation, &invocation.parameters)?;
    let Invocation {
        owner,
        peer,
        object,
        operation,
        parameters,
        continuation,
    } = invocation;
    let route = core.read(|repository| repository.route_admin_operation(owner, &object, core.now()))?;
    let ticket = match continuation {
        0 => None,
        id => Some((id, core.continuations.begin(&object, id)?)),
    };
    let asked = match route {
        AdminRoute::Implementer(implementer) => {
            core.ask_admin_operation(implementer, &object, operation, &parameters)
        }
        AdminRoute::Service => {
            let outcome = carry_out(core, peer, &object, operation, &parameters).await;
            end(core, &object, ticket, &outcome);
            return outcome;
        }
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(refusal) => {
            if let Some((id, _)) = ticket {
                core.continuations.clear(&object, id)?;
            }
            return Err(refusal);
        }
    };
    let (tell, told) = oneshot::channel();
    let running = Running::begin(core, &object);
    let about = object.clone();
    tokio::task::spawn_local(async move {
        let outcome = asked.await.and_then(checked_reply);
        end(&running.core, &about, ticket, &outcome);
        drop(running);
        // Nobody may be waiting any more.
        drop(tell.send(outcome));
    });
    let lost = || Refusal::new(AisError::Library, "the daemon failed to carry this out");
    within(limit, &object, async {
        told.await.unwrap_or_else(|_| Err(lost()))
    })
    .await
}

/// Waits for the result of an operation that was begun with a continuation.
///
/// # Errors
/// The codes of saImmOmAdminOperationContinue; NOT_EXIST where there is no such continuation, or it is cleared while
/// it is waited for.
pub(crate) async fn resume(
    core: &Core,
    owner: AdminOwnerId,
    object: &str,
    continuation: u64,
    limit: Option<Duration>,
) -> Result<Reply, Refusal> {
    core.read(|repository| repository.check_owned(owner, object))?;
    let mut outcome = core.continuations.find(object, continuation)?;
    let cleared = || Refusal::new(AisError::NotExist, "the continuation was cleared");
    within(limit, object, async {
        let found = outcome.wait_for(Option::is_some).await.map_err(|_| cleared())?;
        found.clone().unwrap_or_else(|| Err(cleared()))
    })
    .await
}

/// Forgets a continuation.
///
/// # Errors
/// The codes of saImmOmAdminOperationContinuationClear.
pub(crate) fn clear(
    core: &Core,
    owner: AdminOwnerId,
    object: &str,
    continuation: u64,
) -> Result<(), Refusal> {
    core.read(|repository| repository.check_owned(owner, object))?;
    core.continuations.clear(object, continuation)
}

/// While it lives the object's owner and implementer are not released.
struct Running {
    core: Rc<Core>,
    object: Option<Dn>,
}

impl Running {
    fn begin(core: &Rc<Core>, object: &str) -> Running {
        let object = Dn::new(object).ok();
        if let Some(dn) = &object {
            core.change(|repository| repository.admin_operation_began(dn));
        }
        Running {
            core: core.clone(),
            object,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(dn) = &self.object {
            self.core
                .change(|repository| repository.admin_operation_ended(dn));
        }
    }
}

fn end(core: &Core, object: &str, ticket: Option<(u64, u64)>, outcome: &Outcome) {
    if let Some((id, ticket)) = ticket {
        core.continuations.end(object, id, ticket, outcome);
    }
}

async fn within(limit: Option<Duration>, object: &str, outcome: impl Future<Output = Outcome>) -> Outcome {
    let Some(limit) = limit else {
        return outcome.await;
    };
    tokio::time::timeout(limit, outcome).await.unwrap_or_else(|_| {
        let text = format!(
            "the implementer of '{object}' gave no answer within {} ms; whether the operation is carried out is not known",
            limit.as_millis()
        );
        Err(Refusal::new(AisError::Timeout, text))
    })
}

fn check_parameters(operation: u64, parameters: &[Parameter]) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal::new(AisError::InvalidParam, text));
    for parameter in parameters {
        let length = parameter.name.len();
        if length == 0 {
            return refuse("a parameter has no name".to_owned());
        }
        if length > PARAMETER_NAME_MAX {
            return refuse(format!(
                "the name of a parameter has {length} bytes, {PARAMETER_NAME_MAX} are allowed"
            ));
        }
    }
    if operation >= NAMED && name(parameters).is_none() {
        return refuse(format!("an operation by name needs the string parameter {NAME}"));
    }
    Ok(())
}

/// An implementer's answer, if it follows the convention for error texts (OpenSAF practice).
fn checked_reply(reply: Reply) -> Outcome {
    let refuse = |rule: &str| {
        let text = format!("the implementer answered against the rules: {rule}");
        Err(Refusal::new(AisError::FailedOperation, text))
    };
    for parameter in reply
        .parameters
        .iter()
        .filter(|parameter| parameter.name == ERROR)
    {
        if !matches!(parameter.value, Value::String(_)) {
            return refuse("SaImmAdminOperationError is not a string");
        }
        if reply.result == OK {
            return refuse("SaImmAdminOperationError comes with the result OK");
        }
    }
    if reply.result != OK && AisError::from_code(reply.result).is_none() {
        return refuse("its result is no SaAisErrorT");
    }
    Ok(reply)
}

fn find<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Value> {
    let found = parameters.iter().find(|parameter| parameter.name == name);
    found.map(|parameter| &parameter.value)
}

fn text<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    match find(parameters, name) {
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    }
}

fn name(parameters: &[Parameter]) -> Option<&str> {
    text(parameters, NAME)
}

fn parameter(name: &str, value: Value) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value,
    }
}

fn string(name: &str, text: impl Into<String>) -> Parameter {
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
async fn carry_out(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code(parameters: &[Parameter], operation: u64) -> Option<AisError> {
        check_parameters(operation, parameters)
            .err()
            .map(|refusal| refusal.error)
    }

    #[test]
    fn parameters_have_names_and_named_operations_too() {
        let invalid = Some(AisError::InvalidParam);
        assert_eq!(code(&[], 1), None);
        assert_eq!(code(&[string("", "x")], 1), invalid);
        assert_eq!(code(&[string(&"x".repeat(254), "x")], 1), None);
        assert_eq!(code(&[string(&"x".repeat(255), "x")], 1), invalid);
        assert_eq!(code(&[], NAMED), invalid);
        assert_eq!(code(&[parameter(NAME, Value::Uint32(1))], NAMED), invalid);
        assert_eq!(code(&[string(NAME, "display")], NAMED), None);
    }

    #[test]
    fn answers_follow_the_convention_for_error_texts() {
        let code = |result, parameters| {
            let reply = Reply { result, parameters };
            checked_reply(reply).err().map(|refusal| refusal.error)
        };
        let failed = Some(AisError::FailedOperation);
        assert_eq!(code(OK, vec![]), None);
        assert_eq!(code(OK, vec![string(ERROR, "why")]), failed);
        assert_eq!(code(20, vec![string(ERROR, "why")]), None);
        assert_eq!(code(20, vec![parameter(ERROR, Value::Uint32(1))]), failed);
        assert_eq!(code(0, vec![]), failed);
        assert_eq!(code(999, vec![]), failed);
    }
}
