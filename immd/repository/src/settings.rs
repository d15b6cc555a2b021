//! Limits and switches, which are attributes of the object `opensafImm=opensafImm,safApp=safImmService`.

use crate::{Repository, service};

/// The limits in force: the service object's attributes, or these defaults without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            long_dns: false,
            classes_max: 1000,
            implementers_max: 3000,
            admin_owners_max: 2000,
            ccbs_max: 10_000,
        }
    }
}

/// The flag of `opensafImmNostdFlags` that lets existing classes be changed.
pub const SCHEMA_CHANGE: u32 = 0x1;

impl Repository {
    /// Turns switches in `opensafImmNostdFlags` on or off; others stay. They are forgotten at the next start.
    pub const fn set_nostd_flags(&mut self, mask: u32, on: bool) {
        if on {
            self.nostd_flags |= mask;
        } else {
            self.nostd_flags &= !mask;
        }
    }

    /// Whether existing classes may be changed.
    pub const fn schema_change_allowed(&self) -> bool {
        self.nostd_flags & SCHEMA_CHANGE != 0
    }

    /// The limits in force.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads the limits again, after the service object changed.
    pub(crate) fn refresh_settings(&mut self) {
        self.settings = service::settings(&self.tree);
    }
}
