//! A new object's name and values, whoever creates it.

use std::collections::BTreeSet;

use ais::{AisError, Attr, AttrDef, AttrFlags, Dn, Refusal, Value, ValueType};

use crate::class::AttrRef;
use crate::values::{self, SHORT_NAME_MAX, refuse};
use crate::{Class, Rule, Settings, Values};

/// The longest RDN of type SA_STRING_T in bytes without long DNs.
pub(crate) const SHORT_RDN_MAX: usize = 64;

/// Who creates an object; it decides which attributes may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creator {
    /// A CCB: configuration attributes, and persistent runtime attributes as real models have them.
    Ccb,
    /// An implementer, which must mention each cached attribute without a default.
    Implementer,
    /// The loader, which may give whatever is held.
    Loader,
}

/// Checks the lengths of a new object's name.
///
/// # Errors
/// NAME_TOO_LONG for the DN, INVALID_PARAM for the RDN.
pub(crate) fn check_name(dn: &Dn, class: &Class, settings: &Settings) -> Result<(), Refusal> {
    if settings.long_dns {
        return Ok(());
    }
    let hint = "longer ones need longDnsAllowed=1 in opensafImm=opensafImm,safApp=safImmService";
    let length = dn.as_str().len();
    if length > SHORT_NAME_MAX {
        return Err(Rule::NameTooLong.refuse(
            AisError::NameTooLong,
            format!("the name '{dn}' has {length} bytes, {SHORT_NAME_MAX} are allowed; {hint}"),
        ));
    }
    let length = dn.rdn().len();
    if class.rdn().value_type == ValueType::String && length > SHORT_RDN_MAX {
        return Err(Rule::RdnTooLong.refuse(
            AisError::InvalidParam,
            format!("the RDN of '{dn}' has {length} bytes, {SHORT_RDN_MAX} are allowed; {hint}"),
        ));
    }
    Ok(())
}

/// The values of a new object: those given, completed with defaults.
///
/// # Errors
/// INVALID_PARAM, NOT_EXIST (an unknown attribute), NAME_TOO_LONG, LIBRARY.
pub(crate) fn complete(
    dn: &Dn,
    class: &Class,
    attrs: &[Attr],
    creator: Creator,
    settings: &Settings,
) -> Result<Box<[Values]>, Refusal> {
    let mut given: Vec<Option<&Attr>> = vec![None; class.def().attrs.len()];
    let mut system = BTreeSet::new();
    for attr in attrs {
        let invalid =
            |rule: Rule, text: &str| Err(refuse(rule, AisError::InvalidParam, dn, &attr.name, text));
        match class.lookup(&attr.name) {
            None => {
                let text = format!("does not exist in class '{}'", class.name());
                let rule = Rule::AttrUnknown;
                return Err(refuse(rule, AisError::NotExist, dn, &attr.name, text));
            }
            Some(AttrRef::Own(at)) => {
                let place = &mut given[usize::from(at)];
                if place.is_some() {
                    return invalid(Rule::AttrTwice, "was given twice");
                }
                *place = Some(attr);
            }
            Some(_) if creator != Creator::Loader => {
                return invalid(Rule::AttrSystem, "is set by the system alone");
            }
            Some(_) if !system.insert(&attr.name) => return invalid(Rule::AttrTwice, "was given twice"),
            Some(_) => {}
        }
    }
    let mut all = Vec::with_capacity(given.len());
    for ((at, def), given) in (0u16..).zip(&class.def().attrs).zip(given) {
        let is_rdn = at == class.rdn_position();
        all.push(value_of(dn, def, is_rdn, given, creator, settings)?);
    }
    Ok(all.into())
}

/// The values of one attribute of a new object.
fn value_of(
    dn: &Dn,
    def: &AttrDef,
    is_rdn: bool,
    attr: Option<&Attr>,
    creator: Creator,
    settings: &Settings,
) -> Result<Values, Refusal> {
    let given = attr.map_or(&[][..], |attr| &attr.values);
    let invalid = |rule: Rule, text: &str| Err(refuse(rule, AisError::InvalidParam, dn, &def.name, text));
    values::check(dn, def, given, settings, AisError::NameTooLong)?;
    if is_rdn {
        return match given {
            [] => Ok(Values::None),
            [value] if value.as_str() == Some(dn.rdn()) => Ok(Values::None),
            _ => invalid(Rule::AttrRdn, "is the RDN and must agree with the object's name"),
        };
    }
    let flags = def.flags;
    let held = flags.intersects(AttrFlags::CONFIG | AttrFlags::CACHED);
    if !given.is_empty() {
        if !held {
            return invalid(
                Rule::AttrRuntime,
                "is a runtime attribute that its implementer gives when it is read; it takes no value here",
            );
        }
        // DEVIATION(IMM-003): persistent runtime attributes may be given.
        if creator == Creator::Ccb && !flags.intersects(AttrFlags::CONFIG | AttrFlags::PERSISTENT) {
            return invalid(
                Rule::AttrRuntime,
                "is a runtime attribute that does not survive a restart; a CCB cannot set it",
            );
        }
        return Ok(given.into());
    }
    if flags.contains(AttrFlags::INITIALIZED) {
        return invalid(
            Rule::AttrInitialized,
            "must be given when the object is created (INITIALIZED)",
        );
    }
    match &def.default {
        Some(default) if held => Ok(Values::One(Value::clone(default))),
        _ if creator == Creator::Implementer && held && attr.is_none() => invalid(
            Rule::AttrUnmentioned,
            "is cached and has no default, so it must be mentioned, if need be without a value",
        ),
        _ => Ok(Values::None),
    }
}
