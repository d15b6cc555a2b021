//! Protection groups.

use std::collections::BTreeMap;

use ais::amf::{ProtectionGroup, ProtectionGroupChange, ProtectionGroupMember, ProtectionGroupNotification};
use capnp::struct_list;

use crate::amf_capnp::{protection_group, protection_group_member};
use crate::component_capnp::protection_group_notification;
use crate::error::{WireError, list_len};
use crate::value::{read_dn, read_ha, read_ha_readiness, read_optional_dn};

/// The member.
pub fn read_protection_group_member(
    reader: protection_group_member::Reader<'_>,
) -> Result<ProtectionGroupMember, WireError> {
    Ok(ProtectionGroupMember {
        comp: read_dn(reader.get_comp()?, "ProtectionGroupMember.comp")?,
        ha: read_ha(reader.get_ha(), "ProtectionGroupMember.ha")?,
        ha_readiness: read_ha_readiness(reader.get_ha_readiness(), "ProtectionGroupMember.haReadiness")?,
        rank: reader.get_rank(),
    })
}

/// Writes a member.
pub fn write_protection_group_member(
    from: &ProtectionGroupMember,
    mut builder: protection_group_member::Builder<'_>,
) {
    builder.set_comp(from.comp.as_str());
    builder.set_ha(from.ha.code());
    builder.set_ha_readiness(from.ha_readiness.code());
    builder.set_rank(from.rank);
}

/// The group.
pub fn read_protection_group(reader: protection_group::Reader<'_>) -> Result<ProtectionGroup, WireError> {
    let members = reader.get_members()?.iter().map(read_protection_group_member);
    let mut nodes = BTreeMap::new();
    for member in reader.get_members()? {
        if let Some(node) = read_optional_dn(member.get_node()?, "ProtectionGroupMember.node")? {
            nodes.insert(read_dn(member.get_comp()?, "ProtectionGroupMember.comp")?, node);
        }
    }
    Ok(ProtectionGroup {
        csi: read_dn(reader.get_csi()?, "ProtectionGroup.csi")?,
        members: if reader.get_exists() {
            Some(members.collect::<Result<_, _>>()?)
        } else {
            None
        },
        nodes,
    })
}

/// Writes a group.
pub fn write_protection_group(
    from: &ProtectionGroup,
    mut builder: protection_group::Builder<'_>,
) -> Result<(), WireError> {
    builder.set_csi(from.csi.as_str());
    builder.set_exists(from.members.is_some());
    let members = from.members.as_deref().unwrap_or_default();
    let len = list_len(members.len(), "ProtectionGroup.members")?;
    let mut list = builder.init_members(len);
    for (at, member) in (0..).zip(members) {
        let mut builder = list.reborrow().get(at);
        if let Some(node) = from.nodes.get(&member.comp) {
            builder.set_node(node.as_str());
        }
        write_protection_group_member(member, builder);
    }
    Ok(())
}

/// The notifications of a list.
pub fn read_notifications(
    list: struct_list::Reader<'_, protection_group_notification::Owned>,
) -> Result<Vec<ProtectionGroupNotification>, WireError> {
    list.iter()
        .map(|reader| {
            let change = u32::from(reader.get_change());
            Ok(ProtectionGroupNotification {
                member: read_protection_group_member(reader.get_member()?)?,
                change: ProtectionGroupChange::from_code(change)
                    .ok_or_else(|| WireError::number("ProtectionGroupNotification.change", change))?,
            })
        })
        .collect()
}

/// Fills a list that has as many places as there are notifications.
pub fn write_notifications(
    from: &[ProtectionGroupNotification],
    mut list: struct_list::Builder<'_, protection_group_notification::Owned>,
) {
    for (at, notification) in (0..).zip(from) {
        let mut builder = list.reborrow().get(at);
        builder.set_change(notification.change as u8);
        write_protection_group_member(&notification.member, builder.init_member());
    }
}
