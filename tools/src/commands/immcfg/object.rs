//! Creating, changing and deleting objects, and taking their owners away.

use std::collections::BTreeSet;

use ais::{AisError, AttrChoice, CcbOperation, ClassDef, Dn, Scope};

use super::ccb::{Targets, change};
use super::expression::{attrs, changes};
use super::{Course, Done};
use crate::commands::output::{Failure, is_code};

/// Creates objects of a class.
///
/// # Errors
/// What is wrong with the request, or the refusal.
pub(super) async fn create(
    course: &Course<'_>,
    class: &str,
    expressions: &[String],
    objects: &[String],
    done: &mut Done,
) -> Result<(), Failure> {
    let names = names(objects)?;
    let attrs = attrs(&describe(course, class).await?, expressions)?;
    let targets = Targets {
        names: parents(&names),
        scope: Scope::One,
        missing: |dn| format!("error - parent '{dn}' does not exist"),
    };
    let create = |dn: Dn| CcbOperation::Create {
        class: class.to_owned(),
        dn,
        attrs: attrs.clone(),
    };
    let operations: Vec<_> = names.into_iter().map(create).collect();
    done.ccb = change(course, &targets, &operations).await?;
    done.objects = objects.to_vec();
    Ok(())
}

/// Changes attributes of objects, which are all of the first one's class.
///
/// # Errors
/// What is wrong with the request, or the refusal.
pub(super) async fn modify(
    course: &Course<'_>,
    expressions: &[String],
    objects: &[String],
    done: &mut Done,
) -> Result<(), Failure> {
    let names = names(objects)?;
    let class = match names.first() {
        Some(first) => class_of(course, first).await?,
        None => return Ok(()),
    };
    let changes = changes(&describe(course, &class).await?, expressions)?;
    let targets = Targets {
        names: names.clone(),
        scope: Scope::One,
        missing: |dn| format!("error - object '{dn}' does not exist"),
    };
    let modify = |dn: Dn| CcbOperation::Modify {
        dn,
        changes: changes.clone(),
    };
    let operations: Vec<_> = names.into_iter().map(modify).collect();
    done.ccb = change(course, &targets, &operations).await?;
    done.objects = objects.to_vec();
    Ok(())
}

/// Deletes objects with all that is below them.
///
/// # Errors
/// The refusal.
pub(super) async fn delete(course: &Course<'_>, objects: &[String], done: &mut Done) -> Result<(), Failure> {
    let names = names(objects)?;
    let targets = Targets {
        names: names.clone(),
        scope: Scope::Subtree,
        missing: |dn| format!("error - object '{dn}' does not exist"),
    };
    let operations: Vec<_> = names.into_iter().map(|dn| CcbOperation::Delete { dn }).collect();
    done.ccb = change(course, &targets, &operations).await?;
    done.objects = objects.to_vec();
    Ok(())
}

/// Takes the owners away from objects.
///
/// # Errors
/// The refusal.
pub(super) async fn clear_owner(
    course: &Course<'_>,
    objects: &[String],
    done: &mut Done,
) -> Result<(), Failure> {
    let names = names(objects)?;
    let imm = course.session.imm();
    let cleared = course
        .session
        .patience
        .retry(async || imm.admin_owner_clear(&names, Scope::One).await);
    cleared.await.map_err(|error| {
        if is_code(&error, AisError::NotExist) {
            Failure::with_code("error - object does not exist", AisError::NotExist)
        } else {
            Failure::of_call("saImmOmAdminOwnerClear", &error)
        }
    })?;
    done.objects = objects.to_vec();
    Ok(())
}

/// The DNs in these texts.
fn names(texts: &[String]) -> Result<Vec<Dn>, Failure> {
    let parse = |text: &String| {
        Dn::new(text).map_err(|error| Failure::with_code(format!("error - {error}"), AisError::InvalidParam))
    };
    texts.iter().map(parse).collect()
}

/// The parents that exist before the command, each once.
pub(super) fn parents(names: &[Dn]) -> Vec<Dn> {
    let created: BTreeSet<&Dn> = names.iter().collect();
    let parents: BTreeSet<Dn> = names.iter().filter_map(Dn::parent).collect();
    parents
        .into_iter()
        .filter(|parent| !created.contains(parent))
        .collect()
}

/// The definition of a class.
///
/// # Errors
/// That it does not exist, or could not be asked for.
pub(super) async fn describe(course: &Course<'_>, class: &str) -> Result<ClassDef, Failure> {
    let described = course
        .session
        .read(async |imm| imm.class_describe(class).await)
        .await;
    described.map_err(|error| {
        if is_code(&error, AisError::NotExist) {
            Failure::with_code(
                format!("error - class does not exist :{class}"),
                AisError::NotExist,
            )
        } else {
            Failure::of_call("saImmOmClassDescriptionGet_2", &error)
        }
    })
}

/// The class of an object.
async fn class_of(course: &Course<'_>, dn: &Dn) -> Result<String, Failure> {
    let choice = AttrChoice::Some(vec!["SaImmAttrClassName".to_owned()]);
    let open = course.open.and_then(|open| open.borrow().clone());
    let created = match &open {
        Some(bundle) => bundle.created(dn, choice.clone()).await,
        None => None,
    };
    let read = match created {
        Some(created) => created,
        None => {
            course
                .session
                .read(async |imm| imm.get(dn, choice.clone()).await)
                .await
        }
    };
    let object = read.map_err(|error| {
        if is_code(&error, AisError::NotExist) {
            Failure::with_code(
                format!("Object with DN '{dn}' does not exist"),
                AisError::NotExist,
            )
        } else {
            Failure::of_call("saImmOmAccessorGet_2", &error)
        }
    })?;
    object
        .class()
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("error - the object '{dn}' does not tell its class")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_in_the_same_command_need_no_owner() {
        let dns = ["a=1,r=0", "b=1,a=1,r=0", "c=1,r=0", "t=9"].map(|text| Dn::new(text).unwrap());
        assert_eq!(parents(&dns), [Dn::new("r=0").unwrap()]);
    }
}
