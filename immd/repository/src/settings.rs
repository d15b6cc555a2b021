//! Limits and switches, which are attributes of the object `opensafImm=opensafImm,safApp=safImmService`.

use crate::Repository;

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

impl Repository {
    /// The limits in force.
    pub fn settings(&self) -> &Settings {
        unimplemented!()
    }
}
