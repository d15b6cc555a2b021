//! Administrative operations: those for implementers, and those that the service itself carries out.

use std::rc::Rc;
use std::time::Duration;

use ais::{AisError, Parameter, Refusal, Value};
use repository::{AdminOwnerId, AdminRoute};

use crate::callbacks::Reply;
use crate::core::Core;

/// The object with limits and switches; the other one stands for the repository.
const OPENSAF_IMM: &str = "opensafImm=opensafImm,safApp=safImmService";

/// `SA_IMM_ADMIN_ABORT_CCBS`
const ABORT_CCBS: u64 = 202;
/// An operation of this id has its name in the parameter [`NAME`].
const NAMED: u64 = 1 << 63;
const NAME: &str = "SaImmAdminOperationName";
const ERROR: &str = "SaImmAdminOperationError";
const OK: u32 = 1;

/// Carries an administrative operation out. `Err` is the call's failure; a result of the operation is in the reply.
pub(crate) async fn admin_operation(
    core: &Rc<Core>,
    owner: AdminOwnerId,
    object: &str,
    operation: u64,
    parameters: &[Parameter],
    limit: Duration,
) -> Result<Reply, Refusal> {
    check_parameters(operation, parameters)?;
    match core.read(|repository| repository.route_admin_operation(owner, object, core.now()))? {
        AdminRoute::Implementer(implementer) => {
            core.ask_admin_operation(implementer, object, operation, parameters, limit)
                .await
        }
        AdminRoute::Service if object == OPENSAF_IMM => Ok(opensaf_imm(core, operation, parameters)),
        AdminRoute::Service => Ok(management(core, operation)),
    }
}

fn check_parameters(operation: u64, parameters: &[Parameter]) -> Result<(), Refusal> {
    let refuse = |text: &str| Err(Refusal::new(AisError::InvalidParam, text));
    if parameters.iter().any(|parameter| parameter.name.is_empty()) {
        return refuse("a parameter has no name");
    }
    if operation >= NAMED && name(parameters).is_none() {
        return refuse("an operation by name needs the string parameter SaImmAdminOperationName");
    }
    Ok(())
}

fn text<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|parameter| parameter.name == name)
        .and_then(|parameter| match &parameter.value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
}

fn name(parameters: &[Parameter]) -> Option<&str> {
    text(parameters, NAME)
}

fn string(name: &str, text: impl Into<String>) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value: Value::String(text.into()),
    }
}

fn refused(error: AisError, why: &str) -> Reply {
    Reply {
        result: error.code(),
        parameters: vec![string(ERROR, why)],
    }
}

/// Operations on the object that stands for the repository.
fn management(core: &Core, operation: u64) -> Reply {
    if operation != ABORT_CCBS {
        return refused(
            AisError::NotSupported,
            "operation 202 (abort all CCBs that are not being committed) is the only one here",
        );
    }
    core.change(|repository| repository.ccb_abort_all("an operator aborted all CCBs"));
    Reply {
        result: OK,
        parameters: Vec::new(),
    }
}

/// Operations on the object with limits and switches: how much of what there is.
fn opensaf_imm(core: &Core, operation: u64, parameters: &[Parameter]) -> Reply {
    const RESOURCES: &str = "implementers, searches";
    match name(parameters).filter(|_| operation >= NAMED) {
        Some("display-help") => Reply {
            result: OK,
            parameters: vec![string("supportedResources", RESOURCES)],
        },
        Some("display") => {
            let implementers = || core.read(repository::Repository::implementers).len();
            let count = match text(parameters, "resource") {
                Some("implementers") => implementers(),
                Some("searches") => core.searches.get(),
                _ => {
                    return refused(
                        AisError::InvalidParam,
                        "the string parameter 'resource' is one of implementers, searches",
                    );
                }
            };
            Reply {
                result: OK,
                parameters: vec![Parameter {
                    name: "count".to_owned(),
                    value: Value::Int64(i64::try_from(count).unwrap_or(i64::MAX)),
                }],
            }
        }
        _ => refused(
            AisError::NotSupported,
            "the operations by name 'display' and 'display-help' are the only ones here",
        ),
    }
}
