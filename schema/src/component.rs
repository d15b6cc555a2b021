//! Conversions of `component.capnp`.

use ais::Dn;
use ais::amf::{CallbackKind, CsiDescriptor};

use crate::amf::{read_csi_attributes, write_csi_attributes};
use crate::component_capnp::callback;
use crate::error::{WireError, list_len};
use crate::value::{checked, optional_dn, read_dn, read_ha, read_optional_dn, read_text, read_transition};

/// The invocation, the component and what it is asked.
pub fn read_callback(reader: callback::Reader<'_>) -> Result<(u64, Dn, CallbackKind), WireError> {
    use callback::Which;
    let comp = read_dn(reader.get_comp()?, "Callback.comp")?;
    let kind = match reader.which().map_err(|e| WireError::union("Callback", e))? {
        Which::Healthcheck(key) => CallbackKind::Healthcheck {
            key: read_text(key?, "Callback.healthcheck")?,
        },
        Which::Terminate(()) => CallbackKind::Terminate,
        Which::CsiSet(set) => read_csi_set(set)?,
        Which::CsiRemove(csi) => CallbackKind::CsiRemove {
            csi: read_optional_dn(csi?, "Callback.csiRemove")?,
        },
        Which::CsiAttributeChange(change) => CallbackKind::CsiAttributeChange {
            csi: read_dn(change.get_csi()?, "Callback.csiAttributeChange.csi")?,
            attributes: read_csi_attributes(change.get_attributes()?)?,
        },
        Which::ProxiedInstantiate(()) => CallbackKind::ProxiedInstantiate,
        Which::ProxiedCleanup(()) => CallbackKind::ProxiedCleanup,
        Which::ContainedInstantiate(()) => CallbackKind::ContainedInstantiate,
        Which::ContainedCleanup(()) => CallbackKind::ContainedCleanup,
    };
    Ok((reader.get_invocation(), comp, kind))
}

fn read_csi_set(set: callback::csi_set::Reader<'_>) -> Result<CallbackKind, WireError> {
    Ok(CallbackKind::CsiSet {
        ha: read_ha(set.get_ha(), "Callback.csiSet.ha")?,
        csi: CsiDescriptor {
            csi: read_optional_dn(set.get_csi()?, "Callback.csiSet.csi")?,
            is_new: set.get_is_new(),
            transition: read_transition(set.get_transition(), "Callback.csiSet.transition")?,
            active_comp: read_optional_dn(set.get_active_comp()?, "Callback.csiSet.activeComp")?,
            standby_rank: set.get_standby_rank(),
            attributes: read_csi_attributes(set.get_attributes()?)?,
        },
    })
}

/// Writes a callback.
pub fn write_callback(
    invocation: u64,
    comp: &Dn,
    kind: &CallbackKind,
    mut builder: callback::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_invocation(invocation);
    builder.set_comp(comp.as_str());
    match kind {
        CallbackKind::Healthcheck { key } => {
            builder.set_healthcheck(checked(key, "Callback.healthcheck")?);
        }
        CallbackKind::Terminate => builder.set_terminate(()),
        CallbackKind::CsiSet { ha, csi } => {
            let mut set = builder.init_csi_set();
            set.set_ha(ha.code());
            set.set_csi(optional_dn(csi.csi.as_ref()));
            set.set_is_new(csi.is_new);
            set.set_transition(csi.transition as u8);
            set.set_active_comp(optional_dn(csi.active_comp.as_ref()));
            set.set_standby_rank(csi.standby_rank);
            let len = list_len(csi.attributes.len(), "Callback.csiSet.attributes")?;
            write_csi_attributes(&csi.attributes, set.init_attributes(len))?;
        }
        CallbackKind::CsiRemove { csi } => builder.set_csi_remove(optional_dn(csi.as_ref())),
        CallbackKind::CsiAttributeChange { csi, attributes } => {
            let mut change = builder.init_csi_attribute_change();
            change.set_csi(csi.as_str());
            let len = list_len(attributes.len(), "Callback.csiAttributeChange.attributes")?;
            write_csi_attributes(attributes, change.init_attributes(len))?;
        }
        CallbackKind::ProxiedInstantiate => builder.set_proxied_instantiate(()),
        CallbackKind::ProxiedCleanup => builder.set_proxied_cleanup(()),
        CallbackKind::ContainedInstantiate => builder.set_contained_instantiate(()),
        CallbackKind::ContainedCleanup => builder.set_contained_cleanup(()),
    }
    Ok(())
}
