//! The types of saAmf.h. Enumerations that come from C are integers until checked.

use cabi::{SaAisErrorT, SaInvocationT, SaNameT};

/// `SaAmfHandleT`
pub type SaAmfHandleT = u64;
/// `SaAmfHAStateT` and the other enumerations.
pub type Enumeration = u32;

/// The longest healthcheck key.
pub const HEALTHCHECK_KEY_MAX: usize = 32;

/// `SaAmfHealthcheckKeyT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfHealthcheckKeyT {
    /// The bytes.
    pub key: [u8; HEALTHCHECK_KEY_MAX],
    /// How many count.
    pub key_len: u16,
}

/// `SaAmfCSIActiveDescriptorT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfCSIActiveDescriptorT {
    /// `SaAmfCSITransitionDescriptorT`
    pub transition_descriptor: Enumeration,
    /// The component that was active before.
    pub active_comp_name: SaNameT,
}

/// `SaAmfCSIStandbyDescriptorT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfCSIStandbyDescriptorT {
    /// The component that is active.
    pub active_comp_name: SaNameT,
    /// 1 is the first to take over.
    pub standby_rank: u32,
}

/// `SaAmfCSIStateDescriptorT`
#[repr(C)]
#[derive(Clone, Copy)]
pub union SaAmfCSIStateDescriptorT {
    /// With ACTIVE.
    pub active_descriptor: SaAmfCSIActiveDescriptorT,
    /// With STANDBY.
    pub standby_descriptor: SaAmfCSIStandbyDescriptorT,
}

/// `SaAmfCSIAttributeT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfCSIAttributeT {
    /// A text with a NUL.
    pub attr_name: *mut u8,
    /// A text with a NUL.
    pub attr_value: *mut u8,
}

/// `SaAmfCSIAttributeListT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfCSIAttributeListT {
    /// The attributes; one with several values stands there several times.
    pub attr: *mut SaAmfCSIAttributeT,
    /// How many.
    pub number: u32,
}

/// `SA_AMF_CSI_ADD_ONE`
pub const CSI_ADD_ONE: u32 = 1;
/// `SA_AMF_CSI_TARGET_ONE`
pub const CSI_TARGET_ONE: u32 = 2;
/// `SA_AMF_CSI_TARGET_ALL`
pub const CSI_TARGET_ALL: u32 = 4;

/// `SaAmfCSIDescriptorT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfCSIDescriptorT {
    /// One of the three.
    pub csi_flags: u32,
    /// The CSI, or empty.
    pub csi_name: SaNameT,
    /// What the HA state needs.
    pub csi_state_descriptor: SaAmfCSIStateDescriptorT,
    /// The attributes.
    pub csi_attr: SaAmfCSIAttributeListT,
}

/// `SaAmfProtectionGroupMemberT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfProtectionGroupMemberT {
    /// The component.
    pub comp_name: SaNameT,
    /// Its HA state.
    pub ha_state: Enumeration,
    /// Its rank among the standby.
    pub rank: u32,
}

/// `SaAmfProtectionGroupNotificationT`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfProtectionGroupNotificationT {
    /// The member.
    pub member: SaAmfProtectionGroupMemberT,
    /// `SaAmfProtectionGroupChangesT`
    pub change: Enumeration,
}

/// `SaAmfProtectionGroupMemberT_4`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfProtectionGroupMemberT_4 {
    /// The component.
    pub comp_name: SaNameT,
    /// Its HA state.
    pub ha_state: Enumeration,
    /// Its HA readiness state.
    pub ha_readiness_state: Enumeration,
    /// Its rank among the standby.
    pub rank: u32,
}

/// `SaAmfProtectionGroupNotificationT_4`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SaAmfProtectionGroupNotificationT_4 {
    /// The member.
    pub member: SaAmfProtectionGroupMemberT_4,
    /// `SaAmfProtectionGroupChangesT`
    pub change: Enumeration,
}

/// `SaAmfProtectionGroupNotificationBufferT` and `SaAmfProtectionGroupNotificationBufferT_4`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NotificationBuffer<N> {
    /// How many there is room for, and then how many there are.
    pub number_of_items: u32,
    /// Where.
    pub notification: *mut N,
}

/// `SaNtfCorrelationIdsT`
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaNtfCorrelationIdsT {
    /// The first of the chain.
    pub root_correlation_id: u64,
    /// The one just before.
    pub parent_correlation_id: u64,
    /// Its own.
    pub notification_id: u64,
}

/// A callback about a component: TERMINATE, and those of proxies and containers.
pub type ComponentCallback = unsafe extern "C" fn(SaInvocationT, *const SaNameT);
/// `SaAmfHealthcheckCallbackT`
pub type HealthcheckCallback = unsafe extern "C" fn(SaInvocationT, *const SaNameT, *mut SaAmfHealthcheckKeyT);
/// `SaAmfCSISetCallbackT`
pub type CsiSetCallback =
    unsafe extern "C" fn(SaInvocationT, *const SaNameT, Enumeration, SaAmfCSIDescriptorT);
/// `SaAmfCSIRemoveCallbackT`
pub type CsiRemoveCallback = unsafe extern "C" fn(SaInvocationT, *const SaNameT, *const SaNameT, u32);
/// `SaAmfProtectionGroupTrackCallbackT` and `SaAmfProtectionGroupTrackCallbackT_4`
pub type TrackCallback<N> =
    unsafe extern "C" fn(*const SaNameT, *mut NotificationBuffer<N>, u32, SaAisErrorT);
/// `OsafCsiAttributeChangeCallbackT`
pub type AttributeChangeCallback =
    unsafe extern "C" fn(SaInvocationT, *const SaNameT, SaAmfCSIAttributeListT);
/// `OsafAmfSCStatusChangeCallbackT`
pub type ScStatusCallback = unsafe extern "C" fn(Enumeration);

/// `SaAmfCallbacksT`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct SaAmfCallbacksT {
    /// HEALTHCHECK
    pub healthcheck: Option<HealthcheckCallback>,
    /// TERMINATE
    pub terminate: Option<ComponentCallback>,
    /// CSI SET
    pub csi_set: Option<CsiSetCallback>,
    /// CSI REMOVE
    pub csi_remove: Option<CsiRemoveCallback>,
    /// A protection group changed.
    pub track: Option<TrackCallback<SaAmfProtectionGroupNotificationT>>,
    /// Instantiate a proxied component.
    pub proxied_instantiate: Option<ComponentCallback>,
    /// Clean a proxied component up.
    pub proxied_cleanup: Option<ComponentCallback>,
}

/// `SaAmfCallbacksT_3`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct SaAmfCallbacksT_3 {
    /// Those of B.01.
    pub base: SaAmfCallbacksT,
    /// Instantiate a contained component.
    pub contained_instantiate: Option<ComponentCallback>,
    /// Clean a contained component up.
    pub contained_cleanup: Option<ComponentCallback>,
}

/// `SaAmfCallbacksT_4`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct SaAmfCallbacksT_4 {
    /// HEALTHCHECK
    pub healthcheck: Option<HealthcheckCallback>,
    /// TERMINATE
    pub terminate: Option<ComponentCallback>,
    /// CSI SET
    pub csi_set: Option<CsiSetCallback>,
    /// CSI REMOVE
    pub csi_remove: Option<CsiRemoveCallback>,
    /// A protection group changed.
    pub track: Option<TrackCallback<SaAmfProtectionGroupNotificationT_4>>,
    /// Instantiate a proxied component.
    pub proxied_instantiate: Option<ComponentCallback>,
    /// Clean a proxied component up.
    pub proxied_cleanup: Option<ComponentCallback>,
    /// Instantiate a contained component.
    pub contained_instantiate: Option<ComponentCallback>,
    /// Clean a contained component up.
    pub contained_cleanup: Option<ComponentCallback>,
}

/// `SaAmfCallbacksT_o4`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct SaAmfCallbacksT_o4 {
    /// Those of B.04.01.
    pub base: SaAmfCallbacksT_4,
    /// The attributes of a CSI changed.
    pub attribute_change: Option<AttributeChangeCallback>,
}
