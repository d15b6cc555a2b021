//! Limits and switches, which are attributes of the object `opensafImm=opensafImm,safApp=safImmService`.

use std::sync::Arc;

use ais::{AisError, Millis, Refusal};

use crate::class_change::name_fault;
use crate::{Repository, service};

/// Names that OpenSAF's persistent back end uses for tables and therefore refuses to classes.
const RESERVED_NAMES: &str = "attr_def,attr_dflt,ccb_commits,classes,objects,objects_blob_multi,objects_int_multi,\
                              objects_real_multi,objects_text_multi,pbe_rep_version";

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
    /// Names that no class may get, whatever their case, separated by commas.
    pub(crate) reserved_class_names: Arc<str>,
}

impl Settings {
    /// Whether no class may have this name.
    pub(crate) fn is_reserved(&self, class: &str) -> bool {
        let mut names = self.reserved_class_names.split(',');
        names.any(|name| name.eq_ignore_ascii_case(class))
    }
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
            reserved_class_names: RESERVED_NAMES.into(),
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
        let reserved_class_names = self.settings.reserved_class_names.clone();
        self.settings = Settings {
            reserved_class_names,
            ..service::settings(&self.tree)
        };
    }

    /// Reserves these names, separated by commas, in the place of OpenSAF's; classes that exist stay.
    ///
    /// # Errors
    /// INVALID_PARAM where one of them could not be the name of a class.
    pub fn reserve_class_names(&mut self, names: &str) -> Result<(), Refusal> {
        for name in names.split(',') {
            if let Some(fault) = name_fault(name) {
                let text = format!("the reserved class name '{name}' {fault}");
                return Err(Refusal::new(AisError::InvalidParam, text));
            }
        }
        self.settings.reserved_class_names = names.into();
        Ok(())
    }
}
