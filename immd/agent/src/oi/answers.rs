//! The program's answers.

use std::ffi::c_char;
use std::sync::atomic::Ordering;

use ais::{AisError, Parameter, Value};
use cabi::{SA_AIS_OK, SaAisErrorT, answer};
use immd_client::AdminOperationReply;

use super::root;
use crate::ctypes::SaImmAdminOperationParamsT_2;
use crate::om::lock;
use crate::{engine, read};

/// The parameter in which a refusal is explained.
pub(super) const ERROR: &str = "SaImmAdminOperationError";
/// The longest name of a parameter.
const NAME_MAX: usize = 254;

/// `saImmOiAdminOperationResult`
pub fn admin_operation_result(handle: u64, invocation: u64, result: SaAisErrorT) -> SaAisErrorT {
    answer(|| reply(handle, invocation, result, Vec::new()))
}

/// `saImmOiAdminOperationResult_o2`
pub unsafe fn admin_operation_result_o2(
    handle: u64,
    invocation: u64,
    result: SaAisErrorT,
    parameters: *const *const SaImmAdminOperationParamsT_2,
) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let parameters = unsafe { read::parameters(parameters) }?;
        if parameters.is_some() {
            root(handle)?.needs(11)?;
        }
        reply(handle, invocation, result, parameters.unwrap_or_default())
    })
}

fn reply(
    handle: u64,
    invocation: u64,
    result: SaAisErrorT,
    parameters: Vec<Parameter>,
) -> Result<(), AisError> {
    let root = root(handle)?;
    let result = match result {
        SA_AIS_OK => Ok(()),
        // DEVIATION(C-001): what is no code is not passed on.
        code => Err(AisError::from_code(code).ok_or(AisError::InvalidParam)?),
    };
    let is_wrong = |parameter: &Parameter| {
        let explains = parameter.name == ERROR;
        parameter.name.len() > NAME_MAX
            || (explains && (result.is_ok() || !matches!(parameter.value, Value::String(_))))
    };
    if parameters.iter().any(is_wrong) {
        return Err(AisError::InvalidParam);
    }
    let waiting = lock(&root.operations).remove(&invocation);
    let answer = AdminOperationReply { result, parameters };
    root.answered.store(true, Ordering::Release);
    // Who invoked it may have gone away meanwhile.
    drop(waiting.ok_or(AisError::InvalidParam)?.send(answer));
    engine::attend();
    Ok(())
}

/// `saImmOiCcbSetErrorString`
pub unsafe fn ccb_set_error_string(handle: u64, ccb: u64, text: *const c_char) -> SaAisErrorT {
    answer(|| {
        // SAFETY: the program's promise.
        let text = unsafe { cabi::text(text) }?.filter(|text| !text.is_empty());
        let text = text.ok_or(AisError::InvalidParam)?;
        let root = root(handle)?;
        root.needs(11)?;
        if root.is_applier() {
            return Err(AisError::BadOperation);
        }
        let mut running = lock(&root.current);
        let current = running.get_mut(&ccb).ok_or(AisError::BadOperation)?;
        current.error = Some(text.to_owned());
        Ok(())
    })
}
