//! How many there may be of what: the components of an SU by its type, the CSIs of an SI by its service type, and which
//! capabilities a redundancy model takes.
//!
//! DEVIATION(AMF-051): OpenSAF stores these numbers and lists and does not look at them.

use ais::amf::RedundancyModel;
use ais::{Dn, Refusal};

use super::object::redundancy;
use super::objects::Objects;
use super::rule::ModelRule as R;
use crate::model::raw::RawObject;

type Outcome = Result<(), Refusal>;

/// `saAmfCtCompCapability`: active for some CSIs and standby for others at the same time.
const ACTIVE_AND_STANDBY: u32 = 1;

/// In an N-way SG each component must be able to be active and standby at once (AMF B.02.01 §3.6).
pub(super) fn capability(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let sg = dn.parent().and_then(|su| su.parent());
    if sg.and_then(|sg| redundancy(objects, &sg)) != Some(RedundancyModel::NWay) {
        return Ok(());
    }
    let Some(comp_type) = object.dn("saAmfCompType") else {
        return Ok(());
    };
    let own = objects.children(dn, "SaAmfCompCsType");
    for (row, supports) in objects.children(&comp_type, "SaAmfCtCsType") {
        let used = own.is_empty() || own.iter().any(|(own, _)| own.rdn() == row.rdn());
        let capability = supports
            .u32("saAmfCtCompCapability")
            .unwrap_or(ACTIVE_AND_STANDBY);
        if used && capability != ACTIVE_AND_STANDBY {
            // DEVIATION(AMF-050): OpenSAF takes every capability in every model.
            return R::Capability.bad(format!(
                "{dn}: saAmfCtCompCapability of {row} is {capability}, but an N-way SG needs {ACTIVE_AND_STANDBY} (active and standby at once)"
            ));
        }
    }
    Ok(())
}

/// The SU's type is one that the type of its SG allows.
pub(super) fn su_type(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let sg = dn.parent();
    let group_type = sg.and_then(|sg| objects.get(&sg)?.dn("saAmfSGType"));
    let (Some(own), Some(group_type)) = (object.dn("saAmfSUType"), group_type) else {
        return Ok(());
    };
    let valid = objects
        .get(&group_type)
        .map(|of| of.dns("saAmfSgtValidSuTypes"))
        .unwrap_or_default();
    if valid.is_empty() || valid.contains(&own) {
        return Ok(());
    }
    R::SuType.bad(format!(
        "{dn}: saAmfSUType is {own}, which saAmfSgtValidSuTypes of {group_type} does not have"
    ))
}

/// The rows of the SU's type that say which components it has.
fn member_rows<'a>(objects: &'a dyn Objects, su: &Dn) -> Vec<(&'a Dn, &'a RawObject)> {
    let su_type = objects.get(su).and_then(|su| su.dn("saAmfSUType"));
    su_type.map_or_else(Vec::new, |of| objects.children(&of, "SaAmfSutCompType"))
}

/// How many components of the type the SU has.
fn count(objects: &dyn Objects, su: &Dn, comp_type: &str) -> usize {
    let comps = objects.children(su, "SaAmfComp");
    let of_type = |comp: &RawObject| {
        comp.dn("saAmfCompType")
            .is_some_and(|of| of.as_str() == comp_type)
    };
    comps.into_iter().filter(|(_, comp)| of_type(comp)).count()
}

fn is_above(found: usize, limit: Option<u32>) -> Option<u32> {
    limit.filter(|limit| usize::try_from(*limit).is_ok_and(|limit| found > limit))
}

/// A new component is of a type that the SU's type has, and not one too many.
pub(super) fn component(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let (Some(su), Some(comp_type)) = (dn.parent(), object.dn("saAmfCompType")) else {
        return Ok(());
    };
    let rows = member_rows(objects, &su);
    if rows.is_empty() {
        return Ok(());
    }
    let Some((row, limits)) = rows
        .into_iter()
        .find(|(row, _)| row.rdn_value() == comp_type.as_str())
    else {
        return R::Members.bad(format!(
            "{dn}: the SU's type has no components of type {comp_type} (no SaAmfSutCompType)"
        ));
    };
    let found = count(objects, &su, comp_type.as_str());
    match is_above(found, limits.u32("saAmfSutMaxNumComponents")) {
        Some(limit) => R::Members.bad(format!(
            "{dn}: {su} would have {found} components of type {comp_type}, but saAmfSutMaxNumComponents of {row} is {limit}"
        )),
        None => Ok(()),
    }
}

/// An SU that stays keeps as many components of each type as its type wants; one without any is not made yet.
pub(super) fn enough_components(objects: &dyn Objects, su: &Dn) -> Outcome {
    if objects.children(su, "SaAmfComp").is_empty() {
        return Ok(());
    }
    for (row, limits) in member_rows(objects, su) {
        let comp_type = row.rdn_value();
        let found = count(objects, su, &comp_type);
        let least = limits.u32("saAmfSutMinNumComponents").unwrap_or(1);
        if usize::try_from(least).is_ok_and(|least| found < least) {
            return R::Members.bad(format!(
                "{su} would have {found} components of type {comp_type}, but saAmfSutMinNumComponents of {row} is {least}"
            ));
        }
    }
    Ok(())
}

/// A new CSI is of a type that the SI's service type has, and not one too many.
pub(super) fn csi(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let (Some(si), Some(cs_type)) = (dn.parent(), object.dn("saAmfCSType")) else {
        return Ok(());
    };
    let Some(svc_type) = objects.get(&si).and_then(|si| si.dn("saAmfSvcType")) else {
        return Ok(());
    };
    let rows = objects.children(&svc_type, "SaAmfSvcTypeCSTypes");
    if rows.is_empty() {
        return Ok(());
    }
    let Some((row, limits)) = rows
        .into_iter()
        .find(|(row, _)| row.rdn_value() == cs_type.as_str())
    else {
        return R::CsiMembers.bad(format!(
            "{dn}: the SI's service type {svc_type} has no CSIs of type {cs_type} (no SaAmfSvcTypeCSTypes)"
        ));
    };
    let csis = objects.children(&si, "SaAmfCSI");
    let same = |csi: &RawObject| csi.dn("saAmfCSType").as_ref() == Some(&cs_type);
    let found = csis.into_iter().filter(|(_, csi)| same(csi)).count();
    match is_above(found, limits.u32("saAmfSvctMaxNumCSIs")) {
        Some(limit) => R::CsiMembers.bad(format!(
            "{dn}: {si} would have {found} CSIs of type {cs_type}, but saAmfSvctMaxNumCSIs of {row} is {limit}"
        )),
        None => Ok(()),
    }
}
