//! Deleting classes, and switching notification of their attributes.

use ais::{AisError, AttrChoice, AttrFlags, ClassDef, Dn, Parameter, SYSTEM_ATTRIBUTES, Scope, Value};
use immd_client::ImmError;

use super::object::describe;
use super::{Course, Done};
use crate::commands::output::{Failure, is_code};

/// The repository's own object, whose flags say whether classes may be changed.
const SERVICE_OBJECT: &str = "opensafImm=opensafImm,safApp=safImmService";
const FLAGS: &str = "opensafImmNostdFlags";
/// The flag that lets classes be changed.
const SCHEMA_CHANGE: u32 = 1;
/// The administrative operations that set and clear flags.
const FLAGS_ON: u64 = 1;
const FLAGS_OFF: u64 = 2;
/// How long a change of the flags may take.
const FLAGS_TIMEOUT_MS: u64 = 10_000;

/// Deletes classes in their order, up to the first one refused.
///
/// # Errors
/// The refusal.
pub(super) async fn delete(course: &Course<'_>, classes: &[String], done: &mut Done) -> Result<(), Failure> {
    let imm = course.session.imm();
    for class in classes {
        let deleted = course
            .session
            .patience
            .retry(async || imm.class_delete(class).await)
            .await;
        deleted.map_err(|error| {
            if is_code(&error, AisError::NotExist) {
                let line = format!("error - class does not exist :{class}");
                Failure::with_code(line, AisError::NotExist)
            } else {
                Failure::of_call("saImmOmClassDelete", &error)
            }
        })?;
        done.classes.push(class.clone());
    }
    Ok(())
}

/// Switches notification of attributes on or off by changing their class.
///
/// # Errors
/// That the class or an attribute does not exist, or the refusal.
pub(super) async fn notify(
    course: &Course<'_>,
    class: &str,
    attrs: &[String],
    enable: bool,
    done: &mut Done,
) -> Result<(), Failure> {
    let mut changed = describe(course, class).await?;
    changed
        .attrs
        .retain(|attr| !SYSTEM_ATTRIBUTES.contains(&attr.name.as_str()));
    if !set_notify(&mut changed, attrs, enable)? {
        course.note("every attribute is as asked for already");
        return Ok(());
    }
    let was_allowed = allow_schema_change(course).await?;
    let imm = course.session.imm();
    let created = course
        .session
        .patience
        .retry(async || imm.class_create(&changed).await)
        .await;
    if was_allowed == Allowed::Now {
        switch_flag(course, FLAGS_OFF).await?;
    }
    created.map_err(|error| {
        let failure = Failure::of_call("saImmOmClassCreate_2", &error);
        if is_code(&error, AisError::Exist) {
            failure.and(format!(
                "the class {class} cannot be changed: schema changes are off"
            ))
        } else {
            failure
        }
    })?;
    done.classes.push(class.to_owned());
    Ok(())
}

/// Sets or clears NOTIFY; says whether anything changed.
fn set_notify(class: &mut ClassDef, attrs: &[String], enable: bool) -> Result<bool, Failure> {
    let mut is_changed = false;
    for name in attrs {
        let missing = || {
            format!(
                "error - attribute '{name}' does not exist in the class {}",
                class.name
            )
        };
        let Some(attr) = class.attrs.iter_mut().find(|attr| attr.name == *name) else {
            return Err(Failure::with_code(missing(), AisError::NotExist));
        };
        is_changed |= attr.flags.contains(AttrFlags::NOTIFY) != enable;
        attr.flags.set(AttrFlags::NOTIFY, enable);
    }
    Ok(is_changed)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// Classes could be changed before, or nobody can tell.
    Before,
    /// This command allowed it and has to take it back.
    Now,
}

/// Lets classes be changed, where that can be read and is not so.
async fn allow_schema_change(course: &Course<'_>) -> Result<Allowed, Failure> {
    let Ok(dn) = Dn::new(SERVICE_OBJECT) else {
        return Ok(Allowed::Before);
    };
    let choice = AttrChoice::Some(vec![FLAGS.to_owned()]);
    let read = course
        .session
        .read(async |imm| imm.get(&dn, choice.clone()).await)
        .await;
    let flags = read
        .ok()
        .and_then(|object| object.value(FLAGS).and_then(Value::as_u32));
    match flags {
        Some(flags) if flags & SCHEMA_CHANGE == 0 => {
            switch_flag(course, FLAGS_ON).await?;
            Ok(Allowed::Now)
        }
        Some(_) | None => Ok(Allowed::Before),
    }
}

/// Switches the flag that lets classes be changed.
async fn switch_flag(course: &Course<'_>, operation: u64) -> Result<(), Failure> {
    let failed = |error: &ImmError| Failure::of_call("saImmOmAdminOperationInvoke_2", error);
    let dn = Dn::new(SERVICE_OBJECT).map_err(|error| Failure::new(format!("error - {error}")))?;
    let imm = course.session.imm();
    let owner = imm
        .admin_owner("safImmService", true)
        .await
        .map_err(|error| failed(&error))?;
    let names = [dn];
    owner
        .set(&names, Scope::One)
        .await
        .map_err(|error| failed(&error))?;
    let parameters = [Parameter {
        name: FLAGS.to_owned(),
        value: Value::Uint32(SCHEMA_CHANGE),
    }];
    let reply = owner.admin_operation(SERVICE_OBJECT, operation, &parameters, FLAGS_TIMEOUT_MS);
    let result = reply.await.map_err(|error| failed(&error))?.result;
    result.map_err(|code| {
        Failure::with_code(
            format!("error - could not switch the changing of classes on or off: {code}"),
            code,
        )
    })
}

#[cfg(test)]
mod tests {
    use ais::{AttrDef, ClassCategory, ValueType};

    use super::*;

    #[test]
    fn notify_is_set_once() {
        let mut class = ClassDef {
            name: "C".to_owned(),
            category: ClassCategory::Config,
            attrs: vec![AttrDef {
                name: "x".to_owned(),
                value_type: ValueType::Uint32,
                flags: AttrFlags::CONFIG,
                default: None,
            }],
        };
        let x = ["x".to_owned()];
        assert_eq!(set_notify(&mut class, &x, true), Ok(true));
        assert_eq!(set_notify(&mut class, &x, true), Ok(false));
        assert_eq!(set_notify(&mut class, &x, false), Ok(true));
        assert!(set_notify(&mut class, &["y".to_owned()], true).is_err());
    }
}
