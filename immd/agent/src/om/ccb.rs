//! Changing configuration.

use std::ffi::c_char;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ais::{AisError, AttrChoice, CcbOperation, Dn};
use cabi::{Arena, SaAisErrorT, SaNameT, answer};
use immd_client::{CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI, ImmError};

use super::accessor::choice;
use super::owner::owner;
use super::{CcbEntry, fresh_id, is_augmentation, lock, tables_of};
use crate::ctypes::{SaImmAttrModificationT_2, SaImmAttrValuesT_2};
use crate::failure::Failure;
use crate::read::ObjectName;
use crate::session::Session;
use crate::{place, read};

/// How long a program waits to hear what became of an apply that was not answered, and how often is asked.
const RECOVERY: Duration = Duration::from_secs(10);
const RECOVERY_PAUSE: Duration = Duration::from_millis(100);

fn entry(handle: u64) -> Result<Arc<CcbEntry>, AisError> {
    tables_of(handle).ccbs.get(handle)
}

impl CcbEntry {
    /// Keeps what the service said of a call, for `saImmOmCcbGetErrorStrings`.
    fn told<T>(&self, result: Result<T, Failure>) -> Result<T, AisError> {
        let mut errors = lock(&self.errors);
        errors.texts = match &result {
            Ok(_) => Vec::new(),
            Err(failure) => failure.texts.clone(),
        };
        Ok(result?)
    }
}

/// `saImmOmCcbInitialize`
pub unsafe fn ccb_initialize(owner_handle: u64, flags: u64, ccb: *mut u64) -> SaAisErrorT {
    answer(|| {
        let ccb = place(ccb)?;
        let owner = owner(owner_handle)?;
        if flags & !(CCB_REGISTERED_OI | CCB_ALLOW_NULL_OI) != 0 {
            return Err(AisError::InvalidParam);
        }
        if flags & CCB_ALLOW_NULL_OI != 0 {
            owner.root.needs(11)?;
            if flags & CCB_REGISTERED_OI == 0 {
                return Err(AisError::InvalidParam);
            }
        }
        let (id, owner_id) = (fresh_id(), owner.id);
        owner.root.ask(move |session| async move {
            let owner = session.owner(owner_id).await?;
            let made = session.changed(owner.ccb(flags).await)?;
            session.add_ccb(id, owner_id, made);
            Ok(())
        })?;
        let root = owner.root.clone();
        let made = tables_of(owner_handle)
            .ccbs
            .insert(|_| new_entry(root, owner_id, id))?;
        // SAFETY: not NULL.
        unsafe { ccb.write(made) };
        Ok(())
    })
}

pub(crate) fn new_entry(root: Arc<super::Root>, owner: u64, id: u64) -> CcbEntry {
    CcbEntry {
        root,
        owner,
        id,
        read: Mutex::default(),
        errors: Mutex::default(),
    }
}

/// `saImmOmCcbObjectCreate_2`
pub unsafe fn ccb_object_create_2(
    handle: u64,
    class: *const c_char,
    parent: *const SaNameT,
    attributes: *const *const SaImmAttrValuesT_2,
) -> SaAisErrorT {
    answer(|| {
        let entry = entry(handle)?;
        let _alone = entry.root.busy.enter()?;
        // SAFETY: the program's promise.
        let (class, parent, attrs) = unsafe {
            let attrs = read::attrs(attributes)?.ok_or(AisError::InvalidParam)?;
            (read::word(class)?, read::object_or_root(parent)?, attrs)
        };
        // An attribute without values counts as not given.
        let attrs = attrs.into_iter().filter(|attr| !attr.values.is_empty()).collect();
        let id = entry.id;
        let result = entry.root.ask_besides(move |session| async move {
            let created = Created { class, parent, attrs };
            let work = async |operation: CcbOperation| {
                let ccb = session.ccb(id).await?;
                session.changed(ccb.run(&[operation]).await.map_err(|(error, _)| error))
            };
            created.run(&session, work).await
        });
        entry.told(result)
    })
}

/// An object that is named by its parent and one of its attributes.
pub(crate) struct Created {
    pub(crate) class: String,
    pub(crate) parent: Option<Dn>,
    pub(crate) attrs: Vec<ais::Attr>,
}

impl Created {
    /// Finds the name and does the work. Where the service does not agree, the class may have been made anew with another
    /// RDN attribute: then it is looked up again.
    pub(crate) async fn run(
        self,
        session: &Session,
        work: impl AsyncFn(CcbOperation) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let rdn = session.rdn_of(&self.class, false).await?;
        let first = match self.operation(&rdn.name) {
            Ok(operation) => work(operation).await,
            Err(error) => Err(error.into()),
        };
        match first {
            Err(failure) if failure.error == AisError::InvalidParam => {
                let again = session.rdn_of(&self.class, true).await?;
                if again == rdn {
                    return Err(failure);
                }
                work(self.operation(&again.name)?).await
            }
            result => result,
        }
    }

    fn operation(&self, rdn: &str) -> Result<CcbOperation, AisError> {
        let attr = ais::find_attr(&self.attrs, rdn).ok_or(AisError::InvalidParam)?;
        let [value] = attr.values.as_slice() else {
            return Err(AisError::InvalidParam);
        };
        let value = value.as_str().ok_or(AisError::InvalidParam)?;
        let dn = Dn::child(value, self.parent.as_ref()).map_err(|error| read::dn_error(&error))?;
        Ok(CcbOperation::Create {
            class: self.class.clone(),
            dn,
            attrs: self.attrs.clone(),
        })
    }
}

/// An operation on a handle, whose caller keeps other calls out. Other calls are refused before anything that they are
/// handed is looked at: OpenSAF's programs rely on it.
fn run(entry: &CcbEntry, operation: CcbOperation) -> Result<(), AisError> {
    let id = entry.id;
    entry.told(entry.root.ask_besides(move |session| async move {
        let ccb = session.ccb(id).await?;
        session.changed(ccb.run(&[operation]).await.map_err(|(error, _)| error))
    }))
}

/// `saImmOmCcbObjectCreate_o3`
pub unsafe fn ccb_object_create_o3(
    handle: u64,
    class: *const c_char,
    object: *const c_char,
    attributes: *const *const SaImmAttrValuesT_2,
) -> SaAisErrorT {
    answer(|| {
        let entry = entry(handle)?;
        entry.root.needs(15)?;
        let _alone = entry.root.busy.enter()?;
        // SAFETY: the program's promise.
        let (class, dn, attrs) = unsafe {
            let attrs = read::attrs(attributes)?.unwrap_or_default();
            (read::word(class)?, read::object(object)?, attrs)
        };
        let attrs: Vec<_> = attrs.into_iter().filter(|attr| !attr.values.is_empty()).collect();
        if !attrs.is_empty() {
            let class = class.clone();
            let look = entry
                .root
                .ask_besides(move |session| async move { session.rdn_of(&class, false).await });
            // The name stands in the DN, and nowhere else.
            if ais::find_attr(&attrs, &entry.told(look)?.name).is_some() {
                return Err(AisError::InvalidParam);
            }
        }
        run(&entry, CcbOperation::Create { class, dn, attrs })
    })
}

/// `saImmOmCcbObjectDelete`
pub unsafe fn ccb_object_delete(handle: u64, object: *const SaNameT) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { delete(handle, object, 0) })
}

/// `saImmOmCcbObjectDelete_o3`
pub unsafe fn ccb_object_delete_o3(handle: u64, object: *const c_char) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { delete(handle, object, 15) })
}

unsafe fn delete<N: ObjectName>(handle: u64, object: *const N, minor: u8) -> Result<(), AisError> {
    let entry = entry(handle)?;
    entry.root.needs(minor)?;
    let _alone = entry.root.busy.enter()?;
    // SAFETY: the program's promise.
    let dn = unsafe { read::object(object) }?;
    run(&entry, CcbOperation::Delete { dn })
}

/// `saImmOmCcbObjectModify_2`
pub unsafe fn ccb_object_modify_2(
    handle: u64,
    object: *const SaNameT,
    modifications: *const *const SaImmAttrModificationT_2,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { modify(handle, object, modifications, 0) })
}

/// `saImmOmCcbObjectModify_o3`
pub unsafe fn ccb_object_modify_o3(
    handle: u64,
    object: *const c_char,
    modifications: *const *const SaImmAttrModificationT_2,
) -> SaAisErrorT {
    // SAFETY: the program's promise.
    answer(|| unsafe { modify(handle, object, modifications, 15) })
}

unsafe fn modify<N: ObjectName>(
    handle: u64,
    object: *const N,
    modifications: *const *const SaImmAttrModificationT_2,
    minor: u8,
) -> Result<(), AisError> {
    let entry = entry(handle)?;
    entry.root.needs(minor)?;
    let _alone = entry.root.busy.enter()?;
    // SAFETY: the program's promise.
    let (dn, changes) = unsafe { (read::object(object)?, read::modifications(modifications)?) };
    run(&entry, CcbOperation::Modify { dn, changes })
}

/// `saImmOmCcbApply`
pub fn ccb_apply(handle: u64) -> SaAisErrorT {
    answer(|| {
        let entry = entry(handle)?;
        let id = entry.id;
        let result = entry.root.ask(move |session| async move {
            let ccb = session.ccb(id).await?;
            match ccb.apply().await {
                Err(ImmError::Disconnected(_)) => {
                    session.become_stale();
                    recovered(&session, ccb.id()).await
                }
                answer => Ok(answer.map(drop)?),
            }
        });
        entry.told(result)
    })
}

/// What became of an apply that was not answered, as soon as the service is there again and knows.
async fn recovered(session: &Session, id: u64) -> Result<(), Failure> {
    let begin = Instant::now();
    while begin.elapsed() < RECOVERY {
        match session.outcome(id).await {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(AisError::FailedOperation.into()),
            Err(failure) if failure.error == AisError::NotExist => break,
            Err(_) => tokio::time::sleep(RECOVERY_PAUSE).await,
        }
    }
    Err(AisError::Timeout.into())
}

/// `saImmOmCcbValidate`
pub fn ccb_validate(handle: u64) -> SaAisErrorT {
    answer(|| {
        let entry = entry(handle)?;
        entry.root.needs(14)?;
        if is_augmentation(handle) {
            return Err(AisError::BadOperation);
        }
        let id = entry.id;
        let result = entry.root.ask(move |session| async move {
            let ccb = session.ccb(id).await?;
            session.changed(ccb.validate().await)
        });
        entry.told(result)
    })
}

/// `saImmOmCcbAbort`
pub fn ccb_abort(handle: u64) -> SaAisErrorT {
    answer(|| {
        let entry = entry(handle)?;
        entry.root.needs(14)?;
        if is_augmentation(handle) {
            return Err(AisError::BadOperation);
        }
        let id = entry.id;
        let result = entry.root.ask(move |session| async move {
            let ccb = session.ccb(id).await?;
            session.changed(ccb.abort().await)
        });
        entry.told(result)
    })
}

/// `saImmOmCcbFinalize`
pub fn ccb_finalize(handle: u64) -> SaAisErrorT {
    answer(|| {
        let entry = entry(handle)?;
        let _alone = entry.root.busy.enter()?;
        tables_of(handle).ccbs.remove(handle)?;
        let id = entry.id;
        entry.root.ask_besides(move |session| async move {
            session.drop_handles(&[id]).await;
            Ok(())
        })?;
        Ok(())
    })
}

/// `saImmOmCcbGetErrorStrings`
pub unsafe fn ccb_get_error_strings(handle: u64, strings: *mut *const *mut c_char) -> SaAisErrorT {
    answer(|| {
        let strings = place(strings)?;
        let entry = entry(handle)?;
        entry.root.needs(11)?;
        let mut errors = lock(&entry.errors);
        let errors = &mut *errors;
        let list = if errors.texts.is_empty() {
            std::ptr::null()
        } else {
            errors.arena = Arena::default();
            crate::write::names(&errors.texts, &mut errors.arena).cast_const()
        };
        // SAFETY: not NULL.
        unsafe { strings.write(list) };
        Ok(())
    })
}

/// `saImmOmCcbObjectRead`
pub unsafe fn ccb_object_read(
    handle: u64,
    object: *const c_char,
    names: *const *const c_char,
    attributes: *mut *mut *mut SaImmAttrValuesT_2,
) -> SaAisErrorT {
    answer(|| {
        let entry = entry(handle)?;
        entry.root.needs(17)?;
        // SAFETY: the program's promise.
        let (dn, choice) = unsafe { (read::object(object)?, choice(read::names(names)?)) };
        if attributes.is_null() && choice != AttrChoice::None {
            return Err(AisError::InvalidParam);
        }
        let id = entry.id;
        let result = entry.root.ask(move |session| async move {
            let ccb = session.ccb(id).await?;
            session.changed(ccb.read(&dn, choice).await)
        });
        let found = entry.told(result)?;
        if !attributes.is_null() {
            let list = lock(&entry.read).show(&found)?;
            // SAFETY: not NULL.
            unsafe { attributes.write(list) };
        }
        Ok(())
    })
}
