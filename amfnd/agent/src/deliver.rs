//! Callbacks on their way into the program.

use std::sync::Arc;

use ais::amf::{CallbackKind, CsiDescriptor, HaState};
use ais::{AisError, Dn};
use amfnd_client::Callback;
use cabi::{Arena, SaNameT, are_extended_names_enabled, write_name};

use crate::callbacks::Callbacks;
use crate::handle::Handle;
use crate::types::{
    CSI_ADD_ONE, CSI_TARGET_ALL, CSI_TARGET_ONE, ComponentCallback, HEALTHCHECK_KEY_MAX,
    SaAmfCSIActiveDescriptorT, SaAmfCSIAttributeListT, SaAmfCSIAttributeT, SaAmfCSIDescriptorT,
    SaAmfCSIStandbyDescriptorT, SaAmfCSIStateDescriptorT, SaAmfHealthcheckKeyT,
};

/// Names of this many bytes are for programs that use long names.
const SHORT_NAME_MAX: usize = 255;
const NO_NAME: SaNameT = SaNameT {
    length: 0,
    value: [0; 256],
};

/// Calls the program's function. What its arguments point to lives until the function returns and the callback is
/// answered.
///
/// # Errors
/// NAME_TOO_LONG where a name is long and the program does not use long names; it is not called.
pub(crate) fn deliver(handle: &Handle, callback: Callback) -> Result<(), AisError> {
    let mut arena = Arena::default();
    let comp = name(Some(&callback.comp), &mut arena)?;
    let comp = arena.value(comp);
    let call = prepare(&handle.callbacks, callback.kind, &mut arena)?;
    let invocation = callback.invocation;
    let arena = Arc::new(arena);
    let quiesces = matches!(
        &call,
        Call::CsiSet {
            ha: HaState::Quiescing,
            ..
        }
    );
    handle.note_asked(invocation, quiesces, Arc::clone(&arena));
    let callbacks = &handle.callbacks;
    // SAFETY: the program gave these functions for these arguments; what they point to is in the arena, which outlives
    // the calls.
    unsafe {
        match call {
            Call::Healthcheck { key } => {
                if let Some(function) = callbacks.healthcheck {
                    function(invocation, comp, key);
                }
            }
            Call::AboutComponent(function) => function(invocation, comp),
            Call::AttributeChange { csi, attributes } => {
                if let Some(function) = callbacks.attribute_change {
                    function(invocation, csi, attributes);
                }
            }
            Call::CsiSet { ha, csi } => {
                if let Some(function) = callbacks.csi_set {
                    function(invocation, comp, ha.code(), *csi);
                }
            }
            Call::CsiRemove { csi, flags } => {
                if let Some(function) = callbacks.csi_remove {
                    function(invocation, comp, csi, flags);
                }
            }
        }
    }
    drop(arena);
    Ok(())
}

/// A callback with its arguments in C's form.
enum Call {
    Healthcheck {
        key: *mut SaAmfHealthcheckKeyT,
    },
    AboutComponent(ComponentCallback),
    AttributeChange {
        csi: *const SaNameT,
        attributes: SaAmfCSIAttributeListT,
    },
    CsiSet {
        ha: HaState,
        csi: Box<SaAmfCSIDescriptorT>,
    },
    CsiRemove {
        csi: *const SaNameT,
        flags: u32,
    },
}

fn prepare(callbacks: &Callbacks, kind: CallbackKind, arena: &mut Arena) -> Result<Call, AisError> {
    Ok(match kind {
        CallbackKind::Healthcheck { key } => Call::Healthcheck {
            key: arena.value(healthcheck_key(&key)?),
        },
        CallbackKind::Terminate => about_component(callbacks.terminate)?,
        CallbackKind::ProxiedInstantiate => about_component(callbacks.proxied_instantiate)?,
        CallbackKind::ProxiedCleanup => about_component(callbacks.proxied_cleanup)?,
        CallbackKind::ContainedInstantiate => about_component(callbacks.contained_instantiate)?,
        CallbackKind::ContainedCleanup => about_component(callbacks.contained_cleanup)?,
        CallbackKind::CsiAttributeChange { csi, attributes } => {
            let csi = name(Some(&csi), arena)?;
            Call::AttributeChange {
                csi: arena.value(csi),
                attributes: attribute_list(&attributes, arena)?,
            }
        }
        CallbackKind::CsiSet { ha, csi } => Call::CsiSet {
            ha,
            csi: Box::new(csi_descriptor(ha, &csi, arena)?),
        },
        CallbackKind::CsiRemove { csi } => {
            let flags = if csi.is_some() {
                CSI_TARGET_ONE
            } else {
                CSI_TARGET_ALL
            };
            let csi = name(csi.as_ref(), arena)?;
            Call::CsiRemove {
                csi: arena.value(csi),
                flags,
            }
        }
    })
}

/// # Errors
/// INIT where there is no function, which was checked before the callback was put into the queue.
fn about_component(function: Option<ComponentCallback>) -> Result<Call, AisError> {
    function.map(Call::AboutComponent).ok_or(AisError::Init)
}

/// A name in C's form; none is an empty one.
pub(crate) fn name(dn: Option<&Dn>, arena: &mut Arena) -> Result<SaNameT, AisError> {
    let mut name = NO_NAME;
    if let Some(dn) = dn {
        if dn.as_str().len() > SHORT_NAME_MAX && !are_extended_names_enabled() {
            return Err(AisError::NameTooLong);
        }
        // SAFETY: there is room for a name.
        unsafe { write_name(dn.as_str(), &raw mut name, arena) };
    }
    Ok(name)
}

fn healthcheck_key(key: &str) -> Result<SaAmfHealthcheckKeyT, AisError> {
    let mut bytes = [0; HEALTHCHECK_KEY_MAX];
    let room = bytes.get_mut(..key.len()).ok_or(AisError::NameTooLong)?;
    room.copy_from_slice(key.as_bytes());
    let key_len = u16::try_from(key.len()).map_err(|_| AisError::NameTooLong)?;
    Ok(SaAmfHealthcheckKeyT { key: bytes, key_len })
}

fn csi_descriptor(
    ha: HaState,
    csi: &CsiDescriptor,
    arena: &mut Arena,
) -> Result<SaAmfCSIDescriptorT, AisError> {
    let csi_flags = match &csi.csi {
        None => CSI_TARGET_ALL,
        Some(_) if csi.is_new => CSI_ADD_ONE,
        Some(_) => CSI_TARGET_ONE,
    };
    let active_comp_name = name(csi.active_comp.as_ref(), arena)?;
    let csi_state_descriptor = match ha {
        HaState::Standby => SaAmfCSIStateDescriptorT {
            standby_descriptor: SaAmfCSIStandbyDescriptorT {
                active_comp_name,
                standby_rank: csi.standby_rank,
            },
        },
        HaState::Active | HaState::Quiesced | HaState::Quiescing => SaAmfCSIStateDescriptorT {
            active_descriptor: SaAmfCSIActiveDescriptorT {
                transition_descriptor: csi.transition as u32,
                active_comp_name,
            },
        },
    };
    Ok(SaAmfCSIDescriptorT {
        csi_flags,
        csi_name: name(csi.csi.as_ref(), arena)?,
        csi_state_descriptor,
        csi_attr: attribute_list(&csi.attributes, arena)?,
    })
}

/// One entry for each value; an attribute without a value has one with an empty text.
pub(crate) fn attribute_list(
    attributes: &[(String, Vec<String>)],
    arena: &mut Arena,
) -> Result<SaAmfCSIAttributeListT, AisError> {
    let empty = [String::new()];
    let mut list = Vec::new();
    for (name, values) in attributes {
        let values = if values.is_empty() {
            empty.as_slice()
        } else {
            values
        };
        for value in values {
            list.push(SaAmfCSIAttributeT {
                attr_name: arena.text(name).cast(),
                attr_value: arena.text(value).cast(),
            });
        }
    }
    let number = u32::try_from(list.len()).map_err(|_| AisError::TooBig)?;
    let attr = if list.is_empty() {
        std::ptr::null_mut()
    } else {
        arena.slice(&list)
    };
    Ok(SaAmfCSIAttributeListT { attr, number })
}
