//! The two objects of the information model service itself, whose attributes steer it and which no implementer guards.

use ais::{AisError, AttrDef, Dn, Millis, Refusal, Value};

use crate::overlay::Seen;
use crate::tree::Tree;
use crate::values::SHORT_NAME_MAX;
use crate::{AccessControl, AccessMode, ObjectBody, Repository, Rule, Settings};

/// The object that stands for the repository.
pub(crate) const MANAGEMENT: &str = "safRdn=immManagement,safApp=safImmService";
/// The object with limits and switches.
pub(crate) const OPENSAF_IMM: &str = "opensafImm=opensafImm,safApp=safImmService";
/// Its owner for ever.
pub(crate) const SERVICE_OWNER: &str = "safImmService";

const OPENSAF_IMM_CLASS: &str = "OpensafImm";
const MANAGEMENT_CLASS: &str = "SaImmMngt";

/// The flag of `opensafImmNostdFlags` that lets existing classes be changed.
pub const SCHEMA_CHANGE: u32 = 0x1;
/// The flags after a start: all steps of OpenSAF's protocol are there, classes stay as they are.
const FLAGS_AT_START: u32 = 0x3f6;

/// What the service knows of itself and shows in its objects' attributes; none of it is stored.
#[derive(Debug)]
pub(crate) struct ServiceState {
    /// `opensafImmNostdFlags`
    pub(crate) flags: u32,
    /// `opensafImmEpoch`
    pub(crate) epoch: Option<u32>,
    /// `saImmLastUpdate`: nanoseconds since the epoch.
    pub(crate) last_update: Option<i64>,
    /// `saImmExportFileUri`
    pub(crate) exported_to: Option<String>,
}

impl Default for ServiceState {
    fn default() -> ServiceState {
        ServiceState {
            flags: FLAGS_AT_START,
            epoch: None,
            last_update: None,
            exported_to: None,
        }
    }
}

impl Repository {
    /// The switches in `opensafImmNostdFlags`.
    pub const fn nostd_flags(&self) -> u32 {
        self.service.flags
    }

    /// Turns switches in `opensafImmNostdFlags` on or off; others stay. They are forgotten at the next start.
    pub const fn set_nostd_flags(&mut self, mask: u32, on: bool) {
        if on {
            self.service.flags |= mask;
        } else {
            self.service.flags &= !mask;
        }
    }

    /// Whether existing classes may be changed.
    pub const fn schema_change_allowed(&self) -> bool {
        self.service.flags & SCHEMA_CHANGE != 0
    }

    /// Notes how often the repository was started.
    pub fn note_epoch(&mut self, epoch: u64) {
        self.service.epoch = Some(u32::try_from(epoch).unwrap_or(u32::MAX));
    }

    /// Notes when the content was last changed durably, in nanoseconds since the epoch.
    pub const fn note_update(&mut self, time: i64) {
        self.service.last_update = Some(time);
    }

    /// Notes where the content was last exported to.
    pub fn note_export(&mut self, uri: &str) {
        self.service.exported_to = Some(uri.to_owned());
    }

    /// The values of an attribute of a service object that the service alone knows; `None` for all others.
    pub(crate) fn service_values(&self, object: &ObjectBody, def: &AttrDef) -> Option<Vec<Value>> {
        let values = self.known_values(object.class.name(), &def.name)?;
        // A model may define the classes otherwise.
        let fits = values.iter().all(|value| value.value_type() == def.value_type);
        fits.then_some(values)
    }

    /// The same for the attribute at this position.
    pub(crate) fn service_values_at(&self, object: &ObjectBody, at: u16) -> Option<Vec<Value>> {
        if !is_service_class(object.class.name()) {
            return None;
        }
        self.service_values(object, object.class.attr(at)?)
    }

    fn known_values(&self, class: &str, attr: &str) -> Option<Vec<Value>> {
        let count = |count: usize| vec![Value::Uint32(u32::try_from(count).unwrap_or(u32::MAX))];
        let state = &self.service;
        Some(match (class, attr) {
            (MANAGEMENT_CLASS, "saImmLastUpdate") => state.last_update.into_iter().map(Value::Time).collect(),
            (MANAGEMENT_CLASS, "saImmNumOis") => count(self.implementers.attached()),
            (MANAGEMENT_CLASS, "saImmNumAdminOwnedObjects") => count(self.tree.owned()),
            (MANAGEMENT_CLASS, "saImmNumInitializedCcbs") => count(self.ccbs.len()),
            (MANAGEMENT_CLASS, "saImmExportFileUri") => {
                state.exported_to.iter().cloned().map(Value::String).collect()
            }
            (OPENSAF_IMM_CLASS, "opensafImmNostdFlags") => vec![Value::Uint32(state.flags)],
            (OPENSAF_IMM_CLASS, "opensafImmEpoch") => vec![Value::Uint32(state.epoch?)],
            (OPENSAF_IMM_CLASS, "opensafImmClassNames") => {
                self.class_names().into_iter().map(Value::String).collect()
            }
            _ => return None,
        })
    }
}

/// Whether this is the object with limits and switches.
pub(crate) fn is_opensaf_imm(dn: &Dn) -> bool {
    dn.as_str() == OPENSAF_IMM
}

/// Whether this is one of the service's objects.
pub fn is_service_dn(dn: &Dn) -> bool {
    matches!(dn.as_str(), OPENSAF_IMM | MANAGEMENT)
}

/// Whether objects of this class belong to the service.
pub(crate) fn is_service_class(name: &str) -> bool {
    matches!(name, OPENSAF_IMM_CLASS | MANAGEMENT_CLASS)
}

/// Limits may be raised above their defaults and set back.
const LIMITS: [(&str, u32); 4] = [
    ("maxClasses", 1000),
    ("maxImplementers", 3000),
    ("maxAdminowners", 2000),
    ("maxCcbs", 10_000),
];

const OI_TIMEOUT: &str = "saImmOiTimeout";
/// The least time that an implementer can be given, in nanoseconds.
const LEAST_TIMEOUT: i64 = 1_000_000;

/// Checks a modification of a service object: `object` is what it would become.
///
/// # Errors
/// BAD_OPERATION with the rule.
pub(crate) fn check_modify(object: &ObjectBody, tree: &Tree) -> Result<(), Refusal> {
    let refuse = |attr: &str, rule: String| {
        Err(crate::values::refuse(
            Rule::ServiceValue,
            AisError::BadOperation,
            &object.dn,
            attr,
            rule,
        ))
    };
    if object.class.name() == MANAGEMENT_CLASS {
        if time(object, OI_TIMEOUT).is_some_and(|limit| limit < LEAST_TIMEOUT) {
            let rule = format!("must be at least {LEAST_TIMEOUT} ns (1 ms), or have no value");
            return refuse(OI_TIMEOUT, rule);
        }
        return match number(object, "saImmRepositoryInit") {
            Some(1 | 2) | None => Ok(()),
            Some(_) => refuse(
                "saImmRepositoryInit",
                "must be 1 (keep the repository) or 2 (from a file)".to_owned(),
            ),
        };
    }
    let attr = "accessControlMode";
    if changed(object, attr).is_some() && !matches!(number(object, attr), Some(0..=2)) {
        return refuse(
            attr,
            "must be 0 (disabled), 1 (permissive) or 2 (enforcing)".to_owned(),
        );
    }
    for (attr, least) in LIMITS {
        if number(object, attr).is_some_and(|limit| limit < least) {
            return refuse(attr, format!("may not be less than {least}"));
        }
    }
    let was = |attr: &str| {
        let seen = tree.get(&object.dn)?;
        seen.class.position(attr).map(|at| seen.values(at))
    };
    let attr = "longDnsAllowed";
    let off = |values: &[Value]| values.first().and_then(Value::as_u32).unwrap_or(0) == 0;
    let goes_off = changed(object, attr).is_some_and(off) && was(attr).is_some_and(|values| !off(values));
    if goes_off && let Some(long) = tree.all().find(|body| is_long(body)) {
        return refuse(
            attr,
            format!("must stay on: object '{}' is a long name or holds one", long.dn),
        );
    }
    Ok(())
}

fn changed<'a>(object: &'a ObjectBody, attr: &str) -> Option<&'a [Value]> {
    object.class.position(attr).map(|at| object.values(at))
}

fn number(object: &ObjectBody, attr: &str) -> Option<u32> {
    changed(object, attr)?.first()?.as_u32()
}

fn time(object: &ObjectBody, attr: &str) -> Option<i64> {
    match changed(object, attr)?.first()? {
        Value::Time(time) => Some(*time),
        _ => None,
    }
}

fn text<'a>(object: &'a ObjectBody, attr: &str) -> Option<&'a str> {
    changed(object, attr)?.first()?.as_str()
}

/// Whether the object could not be where long DNs are off.
fn is_long(body: &ObjectBody) -> bool {
    let attrs = (0u16..).zip(&body.class.def().attrs);
    body.dn.as_str().len() > SHORT_NAME_MAX
        || (body.class.rdn().value_type == ais::ValueType::String
            && body.dn.rdn().len() > crate::create::SHORT_RDN_MAX)
        || attrs.into_iter().any(|(at, def)| {
            let is_name = def.value_type == ais::ValueType::Name || def.flags.contains(ais::AttrFlags::DN);
            let long = |value: &Value| value.as_str().is_some_and(|text| text.len() > SHORT_NAME_MAX);
            is_name && body.values(at).iter().any(long)
        })
}

/// The limits that the service objects' attributes give.
pub(crate) fn settings(tree: &Tree) -> Settings {
    let find = |name: &str| tree.by_id_of(name).and_then(|id| tree.by_id(id));
    let mut settings = Settings::default();
    let oi_timeout = find(MANAGEMENT).and_then(|object| time(object, OI_TIMEOUT));
    settings.oi_timeout = oi_timeout
        .and_then(|time| u64::try_from(time / LEAST_TIMEOUT).ok())
        .filter(|milliseconds| *milliseconds > 0)
        .map(Millis);
    let Some(object) = find(OPENSAF_IMM) else {
        return settings;
    };
    // A smaller limit than the default would be refused to an operator; a model file may still hold one.
    let limit = |attr: &str, least: &mut u32| {
        *least = number(object, attr).map_or(*least, |limit| limit.max(*least));
    };
    limit("maxClasses", &mut settings.classes_max);
    limit("maxImplementers", &mut settings.implementers_max);
    limit("maxAdminowners", &mut settings.admin_owners_max);
    limit("maxCcbs", &mut settings.ccbs_max);
    settings.long_dns = number(object, "longDnsAllowed").is_some_and(|flag| flag != 0);
    settings.applier_timeout = number(object, "minApplierTimeout")
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Millis(u64::from(seconds) * 1000));
    settings.access = AccessControl {
        mode: match number(object, "accessControlMode") {
            Some(1) => AccessMode::Permissive,
            Some(2) => AccessMode::Enforcing,
            _ => AccessMode::Disabled,
        },
        group: text(object, "authorizedGroup")
            .filter(|group| !group.is_empty())
            .map(Into::into),
    };
    settings
}

/// Whether the object in this view belongs to the service.
pub(crate) fn is_service_object(seen: &Seen<'_>) -> bool {
    is_service_class(seen.body.class.name())
}
