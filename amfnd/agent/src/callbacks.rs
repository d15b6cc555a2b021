//! The functions that a program gave when it initialized.

use ais::amf::CallbackKind;

use crate::groups::CNotification;
use crate::types::{
    AttributeChangeCallback, ComponentCallback, CsiRemoveCallback, CsiSetCallback, HealthcheckCallback,
    SaAmfCallbacksT, SaAmfCallbacksT_3, SaAmfCallbacksT_4, SaAmfCallbacksT_o4,
    SaAmfProtectionGroupNotificationT, SaAmfProtectionGroupNotificationT_4, TrackCallback,
};

/// The callbacks of a handle, of whatever release.
#[derive(Clone, Copy, Default)]
pub(crate) struct Callbacks {
    pub(crate) healthcheck: Option<HealthcheckCallback>,
    pub(crate) terminate: Option<ComponentCallback>,
    pub(crate) csi_set: Option<CsiSetCallback>,
    pub(crate) csi_remove: Option<CsiRemoveCallback>,
    pub(crate) track: Track,
    pub(crate) proxied_instantiate: Option<ComponentCallback>,
    pub(crate) proxied_cleanup: Option<ComponentCallback>,
    pub(crate) contained_instantiate: Option<ComponentCallback>,
    pub(crate) contained_cleanup: Option<ComponentCallback>,
    pub(crate) attribute_change: Option<AttributeChangeCallback>,
}

/// The callback for protection groups.
#[derive(Clone, Copy, Default)]
pub(crate) enum Track {
    #[default]
    None,
    B1(TrackCallback<SaAmfProtectionGroupNotificationT>),
    B4(TrackCallback<SaAmfProtectionGroupNotificationT_4>),
}

impl Callbacks {
    /// Whether a component can be registered: itself, or as another's proxy.
    pub(crate) const fn can_register(&self, as_proxy: bool) -> bool {
        let itself = self.csi_set.is_some() && self.csi_remove.is_some() && self.terminate.is_some();
        itself && (!as_proxy || self.proxied_instantiate.is_some() && self.proxied_cleanup.is_some())
    }

    /// Whether there is a function for protection groups of the release that `N` belongs to.
    pub(crate) fn tracks<N: CNotification>(&self) -> bool {
        match self.track {
            Track::None => false,
            Track::B1(_) | Track::B4(_) => N::fits(self.track),
        }
    }

    /// Whether there is a function for it.
    pub(crate) const fn takes(&self, kind: &CallbackKind) -> bool {
        match kind {
            CallbackKind::Healthcheck { .. } => self.healthcheck.is_some(),
            CallbackKind::Terminate => self.terminate.is_some(),
            CallbackKind::CsiSet { .. } => self.csi_set.is_some(),
            CallbackKind::CsiRemove { .. } => self.csi_remove.is_some(),
            CallbackKind::CsiAttributeChange { .. } => self.attribute_change.is_some(),
            CallbackKind::ProxiedInstantiate => self.proxied_instantiate.is_some(),
            CallbackKind::ProxiedCleanup => self.proxied_cleanup.is_some(),
            CallbackKind::ContainedInstantiate => self.contained_instantiate.is_some(),
            CallbackKind::ContainedCleanup => self.contained_cleanup.is_some(),
        }
    }
}

impl From<SaAmfCallbacksT> for Callbacks {
    fn from(given: SaAmfCallbacksT) -> Callbacks {
        Callbacks {
            healthcheck: given.healthcheck,
            terminate: given.terminate,
            csi_set: given.csi_set,
            csi_remove: given.csi_remove,
            track: given.track.map_or(Track::None, Track::B1),
            proxied_instantiate: given.proxied_instantiate,
            proxied_cleanup: given.proxied_cleanup,
            ..Callbacks::default()
        }
    }
}

impl From<SaAmfCallbacksT_3> for Callbacks {
    fn from(given: SaAmfCallbacksT_3) -> Callbacks {
        Callbacks {
            contained_instantiate: given.contained_instantiate,
            contained_cleanup: given.contained_cleanup,
            ..given.base.into()
        }
    }
}

impl From<SaAmfCallbacksT_4> for Callbacks {
    fn from(given: SaAmfCallbacksT_4) -> Callbacks {
        Callbacks {
            healthcheck: given.healthcheck,
            terminate: given.terminate,
            csi_set: given.csi_set,
            csi_remove: given.csi_remove,
            track: given.track.map_or(Track::None, Track::B4),
            proxied_instantiate: given.proxied_instantiate,
            proxied_cleanup: given.proxied_cleanup,
            contained_instantiate: given.contained_instantiate,
            contained_cleanup: given.contained_cleanup,
            attribute_change: None,
        }
    }
}

impl From<SaAmfCallbacksT_o4> for Callbacks {
    fn from(given: SaAmfCallbacksT_o4) -> Callbacks {
        Callbacks {
            attribute_change: given.attribute_change,
            ..given.base.into()
        }
    }
}
