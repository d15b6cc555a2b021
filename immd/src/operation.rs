//! Administrative operations on their way to who carries them out.

use std::rc::Rc;
use std::time::Duration;

use ais::{AisError, Dn, Parameter, Refusal, Value};
use repository::{AdminOwnerId, AdminRoute};
use tokio::sync::oneshot;

use crate::callbacks::Reply;
use crate::continuation::Outcome;
use crate::core::Core;
use crate::metrics::Counted;
use crate::server::Peer;
use crate::service::{self, text};

/// An operation of this id has its name in the parameter [`NAME`].
pub(crate) const NAMED: u64 = 1 << 63;
pub(crate) const NAME: &str = "SaImmAdminOperationName";
pub(crate) const ERROR: &str = "SaImmAdminOperationError";
pub(crate) const OK: u32 = 1;
const PARAMETER_NAME_MAX: usize = 254;

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
    core.metrics.invoked();
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
            let outcome = service::carry_out(core, peer, &object, operation, &parameters).await;
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
    _counted: Counted,
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
            _counted: core.metrics.operating(),
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
    if operation >= NAMED && text(parameters, NAME).is_none() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{parameter, string};

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
