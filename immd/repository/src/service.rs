//! The two objects of the information model service itself, whose attributes steer it and which no implementer guards.

use ais::{AisError, Dn, Refusal, Value};

use crate::overlay::Seen;
use crate::tree::Tree;
use crate::values::SHORT_NAME_MAX;
use crate::{ObjectBody, Settings};

/// The object with limits and switches.
pub(crate) const OPENSAF_IMM: &str = "opensafImm=opensafImm,safApp=safImmService";
/// Its owner for ever.
pub(crate) const SERVICE_OWNER: &str = "safImmService";

const OPENSAF_IMM_CLASS: &str = "OpensafImm";
const MANAGEMENT_CLASS: &str = "SaImmMngt";

/// Whether this is the object with limits and switches.
pub(crate) fn is_opensaf_imm(dn: &Dn) -> bool {
    dn.as_str() == OPENSAF_IMM
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

/// Checks a modification of a service object: `object` is what it would become.
///
/// # Errors
/// BAD_OPERATION with the rule.
pub(crate) fn check_modify(object: &ObjectBody, tree: &Tree) -> Result<(), Refusal> {
    let refuse = |attr: &str, rule: String| {
        Err(crate::values::refuse(
            AisError::BadOperation,
            &object.dn,
            attr,
            rule,
        ))
    };
    let was = |attr: &str| {
        let seen = tree.get(&object.dn)?;
        seen.class.position(attr).map(|at| seen.values(at))
    };
    if object.class.name() == MANAGEMENT_CLASS {
        if changed(object, "saImmOiTimeout").is_some_and(|now| Some(now) != was("saImmOiTimeout")) {
            return refuse(
                "saImmOiTimeout",
                "is not supported and cannot be changed".to_owned(),
            );
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

/// The limits that the service object's attributes give.
pub(crate) fn settings(tree: &Tree) -> Settings {
    let defaults = Settings::default();
    let Some(object) = Dn::new(OPENSAF_IMM).ok().and_then(|dn| tree.get(&dn)) else {
        return defaults;
    };
    // A smaller limit than the default would be refused to an operator; a model file may still hold one.
    let limit = |attr: &str, least: u32| number(object, attr).map_or(least, |limit| limit.max(least));
    Settings {
        long_dns: number(object, "longDnsAllowed").is_some_and(|flag| flag != 0),
        classes_max: limit("maxClasses", defaults.classes_max),
        implementers_max: limit("maxImplementers", defaults.implementers_max),
        admin_owners_max: limit("maxAdminowners", defaults.admin_owners_max),
        ccbs_max: limit("maxCcbs", defaults.ccbs_max),
    }
}

/// Whether the object in this view belongs to the service.
pub(crate) fn is_service_object(seen: &Seen<'_>) -> bool {
    is_service_class(seen.body.class.name())
}
