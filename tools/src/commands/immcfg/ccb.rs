//! One CCB: ownership, operations, and what to say when it is refused.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use ais::{AisError, AttrChoice, CcbOperation, Dn, Object, Scope};
use immd_client::{AdminOwner, CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI, Ccb, ImmError};

use super::{Course, HELP, UNKNOWN};
use crate::commands::output::{Failure, code_of, is_code, texts_of};
use crate::commands::progress::Progress;

/// How many operations travel in one message at most.
const OPERATIONS_IN_A_MESSAGE: usize = 1000;
/// How many names travel in one message at most.
const NAMES_IN_A_MESSAGE: usize = 5000;

/// What goes before the code where OpenSAF's commands say that `function` was refused.
fn refusal(operation: &CcbOperation, code: &str) -> String {
    match operation {
        CcbOperation::Create { .. } => format!("error - saImmOmCcbObjectCreate_2 FAILED with {code}"),
        CcbOperation::Modify { .. } => format!("error - saImmOmCcbObjectModify_2 FAILED: {code}"),
        CcbOperation::Delete { dn } => format!("error - saImmOmCcbObjectDelete for '{dn}' FAILED: {code}"),
    }
}

/// An owner for the whole command.
///
/// # Errors
/// The refusal.
async fn owner(course: &Course<'_>) -> Result<AdminOwner, Failure> {
    let name = match &course.request.owner {
        Some(name) => name.clone(),
        None => default_owner(),
    };
    let imm = course.session.imm();
    let owner = course
        .session
        .patience
        .retry(async || imm.admin_owner(&name, true).await);
    owner
        .await
        .map_err(|error| Failure::of_call("saImmOmAdminOwnerInitialize", &error))
}

/// `immcfg_<host>_<pid>`, which no other command uses.
fn default_owner() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{}_{host}_{}", HELP.name, std::process::id())
}

/// Becomes owner of these objects.
///
/// # Errors
/// The refusal; where an object does not exist, `missing` makes the line about it.
async fn own(
    course: &Course<'_>,
    owner: &AdminOwner,
    names: &[Dn],
    scope: Scope,
    missing: fn(&Dn) -> String,
) -> Result<(), Failure> {
    for names in names.chunks(NAMES_IN_A_MESSAGE) {
        let answer = course
            .session
            .patience
            .retry(async || owner.set(names, scope).await)
            .await;
        match answer {
            Ok(()) => {}
            Err(error) if is_code(&error, AisError::NotExist) => {
                return Err(first_missing(course, names, missing, &error).await);
            }
            Err(error) => return Err(Failure::of_call("saImmOmAdminOwnerSet", &error)),
        }
    }
    Ok(())
}

/// Names the first of these objects that does not exist.
async fn first_missing(
    course: &Course<'_>,
    names: &[Dn],
    missing: fn(&Dn) -> String,
    error: &ImmError,
) -> Failure {
    for name in names {
        let read = course.session.imm().get(name, ais::AttrChoice::None).await;
        if read.is_err_and(|error| is_code(&error, AisError::NotExist)) {
            return Failure::with_code(missing(name), AisError::NotExist);
        }
    }
    Failure::of_call("saImmOmAdminOwnerSet", error)
}

/// A refused CCB.
#[derive(Debug)]
pub(super) struct Refused {
    /// What to say.
    pub(super) failure: Failure,
    /// The object, where one operation was refused and not the CCB as a whole.
    pub(super) dn: Option<Dn>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        Refused { failure, dn: None }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Failure {
        refused.failure
    }
}

/// A CCB that commands add to, with its owner. Dropping it aborts what was not applied.
pub(super) struct Bundle {
    owner: AdminOwner,
    ccb: Ccb,
    /// The objects that the CCB creates; they have its owner.
    created: RefCell<BTreeSet<Dn>>,
}

impl Bundle {
    /// An empty one.
    ///
    /// # Errors
    /// The refusal.
    async fn new(course: &Course<'_>) -> Result<Bundle, Failure> {
        let owner = owner(course).await?;
        let flags = if course.request.is_unsafe {
            0
        } else {
            CCB_REGISTERED_OI | CCB_ALLOW_NULL_OI
        };
        let patience = &course.session.patience;
        let ccb = patience.retry(async || owner.ccb(flags).await).await;
        let ccb = ccb.map_err(|error| Failure::of_call("saImmOmCcbInitialize", &error))?;
        Ok(Bundle {
            owner,
            ccb,
            created: RefCell::default(),
        })
    }

    /// The attributes of an object that the CCB creates; `None` for any other.
    pub(super) async fn created(&self, dn: &Dn, attrs: AttrChoice) -> Option<Result<Object, ImmError>> {
        if !self.created.borrow().contains(dn) {
            return None;
        }
        Some(self.ccb.read(dn, attrs).await)
    }

    /// Becomes owner of these objects where the CCB does not create them.
    async fn own(&self, course: &Course<'_>, targets: &Targets) -> Result<(), Failure> {
        let is_other = |name: &&Dn| !self.created.borrow().contains(*name);
        let names: Vec<Dn> = targets.names.iter().filter(is_other).cloned().collect();
        own(course, &self.owner, &names, targets.scope, targets.missing).await
    }

    async fn add(&self, course: &Course<'_>, operations: &[CcbOperation]) -> Result<(), Refused> {
        let progress = (operations.len() > OPERATIONS_IN_A_MESSAGE)
            .then(|| Progress::towards("operations sent", operations.len()));
        for operations in operations.chunks(OPERATIONS_IN_A_MESSAGE) {
            run(course, &self.ccb, operations).await?;
            if let Some(progress) = &progress {
                progress.add(operations.len());
            }
        }
        let created = operations.iter().filter_map(|operation| match operation {
            CcbOperation::Create { dn, .. } => Some(dn.clone()),
            CcbOperation::Modify { .. } | CcbOperation::Delete { .. } => None,
        });
        self.created.borrow_mut().extend(created);
        Ok(())
    }

    /// Asks whether the CCB could be applied; it stays as it is.
    ///
    /// # Errors
    /// The refusal with every explanation.
    pub(super) async fn validate(&self, course: &Course<'_>) -> Result<(), Failure> {
        let validated = course
            .session
            .patience
            .retry(async || self.ccb.validate().await)
            .await;
        validated.map_err(|error| explained(format!("error - saImmOmCcbValidate FAILED: {error}"), &error))
    }

    /// Applies the CCB; gives its id.
    ///
    /// # Errors
    /// The refusal with every explanation of the daemon and of the implementers; nothing was changed then.
    pub(super) async fn apply(&self, course: &Course<'_>) -> Result<u64, Failure> {
        // Stays set where the command's time is over in the middle of it.
        course.is_applying.set(true);
        let applied = course
            .session
            .patience
            .retry(async || self.ccb.apply().await)
            .await;
        course.is_applying.set(false);
        match applied {
            Ok(id) => Ok(id),
            Err(ImmError::Disconnected(why)) => outcome(course, self.ccb.id(), why).await,
            Err(error) => Err(apply_refused(&error)),
        }
    }
}

/// Whom a change needs as owner of what.
pub(super) struct Targets {
    pub(super) names: Vec<Dn>,
    pub(super) scope: Scope,
    /// The line about one that does not exist.
    pub(super) missing: fn(&Dn) -> String,
}

/// Adds these operations to the open CCB, or applies them as one of their own where none is open; gives its id if so.
///
/// # Errors
/// The refusal with every explanation of the daemon and of the implementers.
pub(super) async fn change(
    course: &Course<'_>,
    targets: &Targets,
    operations: &[CcbOperation],
) -> Result<Option<u64>, Refused> {
    let Some(open) = course.open else {
        let bundle = Bundle::new(course).await?;
        bundle.own(course, targets).await?;
        bundle.add(course, operations).await?;
        course.note(&format!("applying {} operations", operations.len()));
        return Ok(Some(bundle.apply(course).await?));
    };
    let present = open.borrow().clone();
    let bundle = match present {
        Some(_) if course.request.owner.is_some() => {
            return Err(Failure::new("error - the open CCB has an admin owner already; end it first").into());
        }
        Some(bundle) => bundle,
        None => {
            let bundle = Rc::new(Bundle::new(course).await?);
            *open.borrow_mut() = Some(bundle.clone());
            bundle
        }
    };
    bundle.own(course, targets).await?;
    bundle.add(course, operations).await?;
    Ok(None)
}

/// Adds operations; one that cannot be done now is tried again.
async fn run(course: &Course<'_>, ccb: &Ccb, operations: &[CcbOperation]) -> Result<(), Refused> {
    let mut rest = operations;
    while let Err((error, accepted)) = ccb.run(rest).await {
        rest = &rest[accepted.min(rest.len())..];
        let patience = &course.session.patience;
        if is_code(&error, AisError::TryAgain) && patience.tries_again() {
            patience.pause(texts_of(&error).to_vec()).await;
        } else {
            return Err(Refused {
                failure: operation_refused(course, rest.first(), &error),
                dn: rest.first().map(|operation| operation.dn().clone()),
            });
        }
    }
    Ok(())
}

fn operation_refused(course: &Course<'_>, operation: Option<&CcbOperation>, error: &ImmError) -> Failure {
    let Some(operation) = operation else {
        return Failure::of_call("saImmOmCcbInitialize", error);
    };
    let failure = explained(refusal(operation, &error.to_string()), error);
    if matches!(error, ImmError::Disconnected(_)) {
        return failure.and("nothing was changed; try again");
    }
    if !course.request.is_unsafe && texts_of(error).is_empty() && is_code(error, AisError::NotExist) {
        let dn = operation.dn();
        return failure.and(format!(
            "the object '{dn}', one of the attributes, or the implementer does not exist (-u does without the last)"
        ));
    }
    failure
}

fn apply_refused(error: &ImmError) -> Failure {
    let failure = explained(format!("error - saImmOmCcbApply FAILED: {error}"), error);
    if is_code(error, AisError::Timeout) {
        return failure.and(UNKNOWN);
    }
    failure
}

/// Asks what became of a CCB whose apply was not answered, once the daemon is there again.
async fn outcome(course: &Course<'_>, ccb: u64, why: String) -> Result<u64, Failure> {
    course.note("the connection broke while the change was applied; asking for its outcome");
    let known = course.session.read(async |imm| imm.ccb_outcome(ccb).await).await;
    let broke = || format!("error - saImmOmCcbApply FAILED: the connection broke: {why}");
    match known {
        Ok(true) => Ok(ccb),
        Ok(false) => Err(Failure::new(broke()).and("nothing was changed; try again")),
        Err(_) => Err(Failure::new(broke()).and(UNKNOWN)),
    }
}

/// A line with every explanation that came with the error.
fn explained(line: String, error: &ImmError) -> Failure {
    let mut failure = Failure {
        lines: vec![line],
        error: code_of(error),
    };
    failure
        .lines
        .extend(texts_of(error).iter().map(|text| format!("OI reports: {text}")));
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_in_opensafs_lines() {
        let dn = Dn::new("a=1").unwrap();
        let delete = CcbOperation::Delete { dn: dn.clone() };
        let modify = CcbOperation::Modify {
            dn: dn.clone(),
            changes: Vec::new(),
        };
        let create = CcbOperation::Create {
            class: "C".to_owned(),
            dn,
            attrs: Vec::new(),
        };
        let code = AisError::BadOperation.to_string();
        assert_eq!(
            refusal(&delete, &code),
            "error - saImmOmCcbObjectDelete for 'a=1' FAILED: SA_AIS_ERR_BAD_OPERATION (20)"
        );
        assert_eq!(
            refusal(&modify, &code),
            "error - saImmOmCcbObjectModify_2 FAILED: SA_AIS_ERR_BAD_OPERATION (20)"
        );
        assert_eq!(
            refusal(&create, &code),
            "error - saImmOmCcbObjectCreate_2 FAILED with SA_AIS_ERR_BAD_OPERATION (20)"
        );
    }

    #[test]
    fn every_explanation_is_reported() {
        let error = ImmError::Refused {
            error: AisError::Timeout,
            texts: vec!["one".to_owned(), "two".to_owned()],
        };
        let lines = apply_refused(&error).lines;
        assert_eq!(lines[0], "error - saImmOmCcbApply FAILED: SA_AIS_ERR_TIMEOUT (5)");
        assert_eq!(lines[1..3], ["OI reports: one", "OI reports: two"]);
        assert!(lines[3].contains("not known"));
    }

    #[test]
    fn the_default_owner_is_a_name_that_the_repository_takes() {
        let name = default_owner();
        assert!(name.starts_with("immcfg_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
    }
}
