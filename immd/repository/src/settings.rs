//! Limits and switches, which are attributes of the object `opensafImm=opensafImm,safApp=safImmService`.

use std::sync::Arc;

use ais::Millis;

use crate::{Repository, service};

/// Who may use the service: `accessControlMode` and `authorizedGroup`. Root and the service's own user always may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessControl {
    /// The mode.
    pub mode: AccessMode,
    /// The group whose members may.
    pub group: Option<Arc<str>>,
}

/// `accessControlMode`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccessMode {
    /// 0: the group is not looked at.
    #[default]
    Disabled,
    /// 1: everyone may; who would not be allowed with 2 is noted.
    Permissive,
    /// 2: members of the group may.
    Enforcing,
}

/// The limits in force: the service objects' attributes, or these defaults without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `longDnsAllowed`: DNs and names may have up to 2048 bytes, not only 255.
    pub long_dns: bool,
    /// `maxClasses`
    pub classes_max: u32,
    /// `maxImplementers`
    pub implementers_max: u32,
    /// `maxAdminowners`
    pub admin_owners_max: u32,
    /// `maxCcbs`
    pub ccbs_max: u32,
    /// `minApplierTimeout`: so long after it left, the name of an applier is forgotten; never where it is `None`.
    pub applier_timeout: Option<Millis>,
    /// `saImmOiTimeout`: how long an implementer may take to answer; `None` is the daemon's own limit.
    pub oi_timeout: Option<Millis>,
    /// Who may use the service.
    pub access: AccessControl,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            long_dns: false,
            classes_max: 1000,
            implementers_max: 3000,
            admin_owners_max: 2000,
            ccbs_max: 10_000,
            applier_timeout: None,
            oi_timeout: None,
            access: AccessControl::default(),
        }
    }
}

impl Repository {
    /// The limits in force.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads the limits again, after the service object changed.
    pub(crate) fn refresh_settings(&mut self) {
        self.settings = service::settings(&self.tree);
    }
}
