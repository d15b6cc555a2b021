//! What an object must be like in itself and beside the objects that it names, whatever is running.
//!
//! [`legal`] holds for every object that is served, also for those that the store had already; [`complete`] says what a
//! CCB must bring beyond that.

use std::collections::BTreeSet;

use ais::amf::{CompCategory, RedundancyModel};
use ais::{AisError, DN_LENGTH_MAX, Dn, Refusal, Value};

use super::members;
use super::objects::Objects;
use super::rule::ModelRule as R;
use super::rules::{ASSOCIATIONS, PLACES, REFERENCES, Rule, VALUES};
use crate::model::raw::RawObject;

type Outcome = Result<(), Refusal>;

/// Whether the object's values mean something and its names lead somewhere.
pub(crate) fn legal(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    values(VALUES, object.class(), dn, object)?;
    name_length(object.class(), dn)?;
    references(objects, dn, object)?;
    match object.class() {
        "SaAmfCompType" => category(dn, object),
        "SaAmfSU" => local(objects, dn, object),
        "SaAmfComp" => members::capability(objects, dn, object),
        "SaAmfCompCsType" => comp_cs_type(objects, dn),
        "SaAmfSI" => same_application(dn, object),
        "SaAmfCSI" => csi_dependencies(objects, dn, object),
        "SaAmfSIRankedSU" => ranked_su(objects, dn),
        _ => Ok(()),
    }
}

/// How long the DN of an SU or component, with its commas escaped, and that of an SI or CSI may be: `safCSIComp=`, the one,
/// a comma and the other are the DN of an assignment object.
const NAME_IN_ASSIGNMENT_MAX: usize = (DN_LENGTH_MAX - "safCSIComp=,".len()) / 2;

/// DEVIATION(AMF-110): what could not be shown to be assigned is not taken.
fn name_length(class: &str, dn: &Dn) -> Outcome {
    let (length, how) = match class {
        "SaAmfSU" | "SaAmfComp" => (dn.escaped().len(), " with its commas escaped"),
        "SaAmfSI" | "SaAmfCSI" => (dn.as_str().len(), ""),
        _ => return Ok(()),
    };
    if length <= NAME_IN_ASSIGNMENT_MAX {
        return Ok(());
    }
    R::NameLength.bad(format!(
        "{dn}: the DN of a {class} has at most {NAME_IN_ASSIGNMENT_MAX} bytes{how}, so that those of its assignments fit \
         into {DN_LENGTH_MAX}; this one has {length}"
    ))
}

/// Whether the object has all that a new one must have.
pub(super) fn complete(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let required = REFERENCES.iter().filter(|reference| {
        reference.required && reference.class == object.class() && object.values(reference.attr).is_empty()
    });
    if let Some(reference) = required.into_iter().next() {
        return R::Missing.bad(format!("{dn}: {} must have a value", reference.attr));
    }
    match object.class() {
        "SaAmfCompType" => commands(dn, object),
        "SaAmfComp" => {
            members::component(objects, dn, object)?;
            bundle(objects, dn, object)
        }
        "SaAmfSU" => {
            members::su_type(objects, dn, object)?;
            host_group(objects, dn, object)
        }
        "SaAmfCSI" => members::csi(objects, dn, object),
        "SaAmfSIRankedSU" => rank(objects, dn, object),
        _ => Ok(()),
    }
}

/// Whether the object is named as its class says and stands below an object of the right class.
pub(super) fn place(objects: &dyn Objects, class: &str, dn: &Dn) -> Outcome {
    let Some(place) = PLACES.iter().find(|place| place.class == class) else {
        return Ok(());
    };
    let parent = dn.parent();
    let parent_class = match &parent {
        None => "",
        Some(parent) => objects.get(parent).map_or("nothing", RawObject::class),
    };
    if dn.rdn_name() == place.rdn && place.parents.contains(&parent_class) {
        return Ok(());
    }
    let under = match place.parents {
        [""] => "at the root".to_owned(),
        parents => format!("under a {}", parents.join(" or ")),
    };
    let text = format!("{dn}: a {class} is named {}=... and stands {under}", place.rdn);
    R::Place.refuse(AisError::InvalidParam, text)
}

/// The rules of the table for single values.
pub(super) fn values(table: &[(&str, &str, Rule)], class: &str, dn: &Dn, object: &RawObject) -> Outcome {
    for (_, attr, rule) in table.iter().filter(|(of, ..)| *of == class) {
        for value in object.values(attr) {
            if let Some(rule) = broken(*rule, value) {
                return R::Value.bad(format!("{dn}: {attr} is {}, but must be {rule}", value.to_text()));
            }
        }
    }
    Ok(())
}

/// What the value should have been, where it breaks the rule.
fn broken(rule: Rule, value: &Value) -> Option<String> {
    match rule {
        Rule::Bool => value
            .as_u32()
            .is_none_or(|number| number > 1)
            .then(|| "0 or 1".to_owned()),
        Rule::Between(low, high) => {
            let fits = value
                .as_u32()
                .is_some_and(|number| (low..=high).contains(&number));
            let high = if high == u32::MAX {
                "the greatest number".to_owned()
            } else {
                high.to_string()
            };
            (!fits).then(|| format!("from {low} to {high}"))
        }
        Rule::AtLeastMillis(least) => {
            let fits = value.as_time().is_some_and(|time| time.to_millis().0 >= least);
            (!fits).then(|| format!("at least {} ns", least * 1_000_000))
        }
        Rule::NotNegative => {
            let fits = value.as_time().is_some_and(|time| time.0 >= 0);
            (!fits).then(|| "at least 0 ns".to_owned())
        }
        Rule::AbsolutePath => {
            let fits = value.as_str().is_some_and(|path| path.starts_with('/'));
            (!fits).then(|| "an absolute path".to_owned())
        }
    }
}

fn references(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    for reference in REFERENCES
        .iter()
        .filter(|reference| reference.class == object.class())
    {
        let mut seen = BTreeSet::new();
        for target in object.dns(reference.attr) {
            is_there(objects, dn, reference.attr, &target, reference.targets)?;
            if !seen.insert(target.clone()) {
                return R::Duplicate.bad(format!("{dn}: {} names {target} twice", reference.attr));
            }
        }
    }
    for (_, target_class) in ASSOCIATIONS.iter().filter(|(of, _)| *of == object.class()) {
        let Ok(target) = Dn::new(&dn.rdn_value()) else {
            let text = format!("the RDN of {dn} must hold a DN");
            return R::Place.refuse(AisError::InvalidParam, text);
        };
        is_there(objects, dn, dn.rdn_name(), &target, &[target_class])?;
    }
    Ok(())
}

fn is_there(objects: &dyn Objects, dn: &Dn, attr: &str, target: &Dn, classes: &[&str]) -> Outcome {
    match objects.get(target) {
        Some(found) if classes.contains(&found.class()) => Ok(()),
        Some(found) => R::Reference.bad(format!(
            "{dn}: {attr} names {target}, which is a {} and not a {}",
            found.class(),
            classes.join(" or ")
        )),
        None => R::Reference.bad(format!("{dn}: {attr} names {target}, which does not exist")),
    }
}

/// The redundancy model of the SG.
pub(super) fn redundancy(objects: &dyn Objects, sg: &Dn) -> Option<RedundancyModel> {
    let sg_type = objects.of_class(sg, "SaAmfSG")?.dn("saAmfSGType")?;
    let code = objects.get(&sg_type)?.u32("saAmfSgtRedundancyModel")?;
    RedundancyModel::from_code(code)
}

fn category(dn: &Dn, object: &RawObject) -> Outcome {
    let category = CompCategory::from_bits_retain(object.u32("saAmfCtCompCategory").unwrap_or(0));
    let both = |one, other| category.intersects(one) && category.intersects(other);
    let proxied = CompCategory::PROXIED | CompCategory::PROXIED_NPI;
    let contradiction = [
        (
            CompCategory::CONTAINER,
            CompCategory::CONTAINED,
            "a container and contained",
        ),
        (proxied, CompCategory::CONTAINED, "proxied and contained"),
        (proxied, CompCategory::SA_AWARE, "proxied and SA-aware"),
        (proxied, CompCategory::PROXY, "proxied and a proxy"),
    ]
    .into_iter()
    .find(|(one, other, _)| both(*one, *other));
    if let Some((_, _, what)) = contradiction {
        return R::Category.bad(format!(
            "{dn}: saAmfCtCompCategory {} says {what}, which no component is at once",
            category.bits()
        ));
    }
    Ok(())
}

/// An external SU stands for resources outside the cluster and runs on no node (AMF B.02.01 §3.2.4); nobody serves it.
fn local(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let su_type = object.dn("saAmfSUType");
    let external = su_type.filter(|su_type| {
        let su_type = objects.get(su_type);
        su_type.and_then(|su_type| su_type.u32("saAmfSutIsExternal")) == Some(1)
    });
    match external {
        Some(su_type) => R::Category.bad(format!(
            "{dn}: its type {su_type} is external (saAmfSutIsExternal is 1), and external SUs are not served; \
             a component on a node may act for the resource"
        )),
        None => Ok(()),
    }
}

fn commands(dn: &Dn, object: &RawObject) -> Outcome {
    let category = CompCategory::from_bits_retain(object.u32("saAmfCtCompCategory").unwrap_or(0));
    let proxied = category.intersects(CompCategory::PROXIED | CompCategory::PROXIED_NPI);
    let contained = category.contains(CompCategory::CONTAINED);
    let aware = category.contains(CompCategory::SA_AWARE);
    let mut needed = Vec::new();
    if !proxied && !contained {
        needed.extend([
            "saAmfCtRelPathInstantiateCmd",
            "saAmfCtRelPathCleanupCmd",
            "saAmfCtDefClcCliTimeout",
        ]);
    }
    if !proxied && !contained && !aware {
        needed.push("saAmfCtRelPathTerminateCmd");
    }
    if aware || proxied || contained {
        needed.extend(["saAmfCtDefCallbackTimeout", "saAmfCtDefQuiescingCompleteTimeout"]);
    }
    if let Some(missing) = needed.into_iter().find(|attr| object.values(attr).is_empty()) {
        let category = category.bits();
        return R::Command.bad(format!("{dn}: components of category {category} need {missing}"));
    }
    for kind in ["Instantiate", "Terminate", "Cleanup"] {
        let attr = format!("saAmfCtRelPath{kind}Cmd");
        let relative = object.text(&attr).is_some_and(|path| !path.starts_with('/'));
        if relative && object.dn("saAmfCtSwBundle").is_none() {
            return R::Command.bad(format!(
                "{dn}: {attr} is a relative path, so saAmfCtSwBundle must have a value"
            ));
        }
    }
    Ok(())
}

/// A relative path needs the bundle on the SU's node. Where the node is chosen from a group, each of the group may be
/// it, and the model says at run time.
fn bundle(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let Some(comp_type) = object.dn("saAmfCompType").and_then(|of| objects.get(&of)) else {
        return Ok(());
    };
    let relative = comp_type
        .text("saAmfCtRelPathInstantiateCmd")
        .is_some_and(|path| !path.starts_with('/'));
    let host = dn
        .parent()
        .and_then(|su| objects.get(&su)?.dn("saAmfSUHostNodeOrNodeGroup"))
        .filter(|host| objects.of_class(host, "SaAmfNode").is_some());
    let (Some(bundle), Some(node), true) = (comp_type.dn("saAmfCtSwBundle"), host, relative) else {
        return Ok(());
    };
    let installed = Dn::child(&format!("safInstalledSwBundle={}", bundle.escaped()), Some(&node));
    match installed {
        Ok(installed) if objects.get(&installed).is_some() => Ok(()),
        _ => R::Bundle.bad(format!(
            "{dn}: the bundle {bundle} is not installed on {node} (no SaAmfNodeSwBundle)"
        )),
    }
}

fn comp_cs_type(objects: &dyn Objects, dn: &Dn) -> Outcome {
    let comp_type = dn
        .parent()
        .and_then(|comp| objects.get(&comp)?.dn("saAmfCompType"));
    let Some(comp_type) = comp_type else {
        return Ok(());
    };
    match Dn::child(dn.rdn(), Some(&comp_type)) {
        Ok(of_type) if objects.get(&of_type).is_some() => Ok(()),
        _ => R::CsType.bad(format!(
            "{dn}: its component type {comp_type} does not support the CSI type"
        )),
    }
}

fn same_application(dn: &Dn, object: &RawObject) -> Outcome {
    let sg = object.dn("saAmfSIProtectedbySG");
    if sg.is_some_and(|sg| sg.parent() != dn.parent()) {
        return R::Together.bad(format!(
            "{dn}: saAmfSIProtectedbySG must name an SG of the same application"
        ));
    }
    Ok(())
}

/// The SU's own node group is part of its SG's (AMF B.04.01, information model).
fn host_group(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let attr = "saAmfSUHostNodeOrNodeGroup";
    let nodes = |of: &Dn| -> BTreeSet<Dn> {
        match objects.of_class(of, "SaAmfNodeGroup") {
            Some(group) => group.dns("saAmfNGNodeList").into_iter().collect(),
            None => BTreeSet::from([of.clone()]),
        }
    };
    let of_sg = dn
        .parent()
        .and_then(|sg| objects.get(&sg)?.dn("saAmfSGSuHostNodeGroup"));
    let (Some(own), Some(of_sg)) = (object.dn(attr), of_sg) else {
        return Ok(());
    };
    let allowed = nodes(&of_sg);
    match nodes(&own).into_iter().find(|node| !allowed.contains(node)) {
        Some(node) => R::Host.bad(format!(
            "{dn}: {attr} has {node}, which is not in {of_sg}, the node group of its SG"
        )),
        None => Ok(()),
    }
}

/// Dependencies stay within the SI and lead nowhere back.
fn csi_dependencies(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let mut open = object.dns("saAmfCSIDependencies");
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if &next == dn {
            return R::CsiDependency.bad(format!("{dn}: saAmfCSIDependencies leads back to the CSI itself"));
        }
        if next.parent() != dn.parent() {
            return R::CsiDependency.bad(format!(
                "{dn}: saAmfCSIDependencies must name other CSIs of the same SI"
            ));
        }
        if seen.insert(next.clone())
            && let Some(needed) = objects.get(&next)
        {
            open.extend(needed.dns("saAmfCSIDependencies"));
        }
    }
    Ok(())
}

fn ranked_su(objects: &dyn Objects, dn: &Dn) -> Outcome {
    let sg = dn
        .parent()
        .and_then(|si| objects.get(&si)?.dn("saAmfSIProtectedbySG"));
    let su = Dn::new(&dn.rdn_value()).ok();
    match (sg, su) {
        (Some(sg), Some(su)) if su.parent().as_ref() != Some(&sg) => {
            R::Together.bad(format!("{dn}: {su} is not an SU of {sg}, which protects the SI"))
        }
        _ => Ok(()),
    }
}

fn rank(objects: &dyn Objects, dn: &Dn, object: &RawObject) -> Outcome {
    let Some(rank) = object.u32("saAmfRank") else {
        return R::Missing.bad(format!("{dn}: saAmfRank must have a value"));
    };
    let Some(si) = dn.parent() else { return Ok(()) };
    let others = objects.children(&si, "SaAmfSIRankedSU");
    match others
        .into_iter()
        .find(|(other, of)| *other != dn && of.u32("saAmfRank") == Some(rank))
    {
        Some((other, _)) => R::Rank.bad(format!("{dn}: saAmfRank is {rank}, which {other} has already")),
        None => Ok(()),
    }
}
