//! What the service asks, and how it is put to the program.

use std::ffi::c_char;

use ais::{AisError, Attr, AttrModification, Dn, Parameter, Refusal, Value};
use cabi::{Arena, SA_AIS_OK, SaAisErrorT, SaNameT};
use immd_client::AdminOperationReply;
use tokio::sync::oneshot::Sender;

use super::{Callbacks, Current, Fetch, Root};
use crate::ctypes::OiCallbacks;
use crate::om::lock;
use crate::session::Rdn;
use crate::write::{self, WriteName};

/// An answer to a question about a CCB.
pub(super) type Verdict = Result<(), Refusal>;

/// A question, with the place for its answer where there is one.
pub(super) enum Asked {
    Create(u64, Creation, Sender<Verdict>),
    Delete(u64, Dn, Sender<Verdict>),
    Modify(u64, Dn, Vec<AttrModification>, Sender<Verdict>),
    Completed(u64, Sender<Verdict>),
    Apply(u64),
    Abort(u64),
    Operation(Operation, Sender<AdminOperationReply>),
    Update(Dn, Vec<String>, Sender<Result<Vec<Attr>, Refusal>>),
}

/// An object that is to be created.
pub(super) struct Creation {
    pub(super) class: String,
    pub(super) dn: Dn,
    /// Without the one that names the object.
    pub(super) attrs: Vec<Attr>,
    pub(super) rdn: Rdn,
}

/// An administrative operation.
pub(super) struct Operation {
    pub(super) invocation: u64,
    pub(super) object: String,
    pub(super) id: u64,
    pub(super) parameters: Vec<Parameter>,
}

/// How names are put into callbacks: the parent's for a new object, or in the `_o3` variants its own.
trait Naming: WriteName + Sized {
    fn of_new(dn: &Dn, arena: &mut Arena) -> Result<*mut Self, AisError>;
    /// The attribute that names the object, where the program wants it.
    fn rdn_attr(creation: &Creation) -> Option<Attr>;
}

impl Naming for SaNameT {
    fn of_new(dn: &Dn, arena: &mut Arena) -> Result<*mut SaNameT, AisError> {
        let parent = dn.parent();
        SaNameT::write(parent.as_ref().map_or("", Dn::as_str), arena)
    }

    fn rdn_attr(creation: &Creation) -> Option<Attr> {
        let text = creation.dn.rdn().to_owned();
        Some(Attr::single(
            creation.rdn.name.clone(),
            match creation.rdn.value_type {
                ais::ValueType::Name => Value::Name(text),
                _ => Value::String(text),
            },
        ))
    }
}

impl Naming for c_char {
    fn of_new(dn: &Dn, arena: &mut Arena) -> Result<*mut c_char, AisError> {
        c_char::write(dn.as_str(), arena)
    }

    fn rdn_attr(_: &Creation) -> Option<Attr> {
        None
    }
}

/// The program refuses in its own words, or cannot be asked.
fn verdict(code: SaAisErrorT, text: Option<String>, allowed: &[AisError]) -> Verdict {
    if code == SA_AIS_OK {
        return Ok(());
    }
    let error = AisError::from_code(code)
        .filter(|error| allowed.contains(error))
        .unwrap_or(AisError::FailedOperation);
    Err(Refusal::new(error, text.unwrap_or_default()))
}

/// What a program may answer about a CCB; everything else counts as FAILED_OPERATION.
const CCB: [AisError; 3] = [AisError::NoMemory, AisError::NoResources, AisError::BadOperation];
const UPDATE: [AisError; 3] = [
    AisError::NoMemory,
    AisError::NoResources,
    AisError::FailedOperation,
];

impl Root {
    /// Puts the question to the program.
    ///
    /// # Errors
    /// BAD_HANDLE where an applier cannot be told because it knows no long names: it must not go on as if it knew all.
    pub(super) fn put(&self, handle: u64, asked: Asked) -> Result<(), AisError> {
        match self.callbacks {
            Callbacks::Names(callbacks) => self.put_to(handle, &callbacks, asked),
            Callbacks::Texts(callbacks) => self.put_to(handle, &callbacks, asked),
        }
    }

    fn put_to<N: Naming>(
        &self,
        handle: u64,
        callbacks: &OiCallbacks<N>,
        asked: Asked,
    ) -> Result<(), AisError> {
        let arena = &mut Arena::default();
        match asked {
            Asked::Create(ccb, creation, reply) => {
                self.about(ccb, reply, || create(handle, callbacks, ccb, &creation, arena))
            }
            Asked::Delete(ccb, dn, reply) => self.about(ccb, reply, || {
                let name = N::write(dn.as_str(), arena)?;
                // SAFETY: the program gave this function for this; the name lives until it returns.
                Ok(callbacks
                    .ccb_object_delete
                    .map(|run| unsafe { run(handle, ccb, name) }))
            }),
            Asked::Modify(ccb, dn, changes, reply) => self.about(ccb, reply, || {
                let name = N::write(dn.as_str(), arena)?;
                let changes = write::modifications(&changes, arena)?;
                // SAFETY: as above, also for the changes.
                let run = |run: unsafe extern "C" fn(_, _, *const N, _) -> _| unsafe {
                    run(handle, ccb, name, changes)
                };
                Ok(callbacks.ccb_object_modify.map(run))
            }),
            Asked::Completed(ccb, reply) => self.about(ccb, reply, || {
                // SAFETY: the program gave this function for this.
                Ok(callbacks.ccb_completed.map(|run| unsafe { run(handle, ccb) }))
            }),
            Asked::Apply(ccb) => {
                // SAFETY: the program gave this function for this.
                callbacks.ccb_apply.inspect(|run| unsafe { run(handle, ccb) });
                Ok(())
            }
            Asked::Abort(ccb) => {
                // SAFETY: the program gave this function for this.
                callbacks.ccb_abort.inspect(|run| unsafe { run(handle, ccb) });
                Ok(())
            }
            Asked::Operation(operation, reply) => {
                self.operate(handle, callbacks, operation, reply, arena);
                Ok(())
            }

            Asked::Update(object, names, reply) => {
                let answer = self.fetch(handle, callbacks, object, names, arena);
                // Nobody waits any more where the reader went away.
                drop(reply.send(answer));
                Ok(())
            }
        }
    }

    /// Asks about a CCB. While the callback runs, the program may explain a refusal and augment the CCB.
    fn about(
        &self,
        ccb: u64,
        reply: Sender<Verdict>,
        run: impl FnOnce() -> Result<Option<SaAisErrorT>, AisError>,
    ) -> Result<(), AisError> {
        lock(&self.current).insert(ccb, Current::default());
        let said = run();
        let current = lock(&self.current).remove(&ccb).unwrap_or_default();
        self.end_augmentations(&current.augmentations);
        let answer = match &said {
            Ok(Some(code)) => verdict(*code, current.error, &CCB),
            Ok(None) => Err(Refusal::new(
                AisError::FailedOperation,
                "the implementer has no callback for this",
            )),
            Err(error) => Err((*error).into()),
        };
        // Nobody waits any more where the CCB was aborted meanwhile.
        drop(reply.send(answer));
        match said {
            Err(AisError::NameTooLong) if self.is_applier() => Err(AisError::BadHandle),
            _ => Ok(()),
        }
    }

    fn operate<N: Naming>(
        &self,
        handle: u64,
        callbacks: &OiCallbacks<N>,
        operation: Operation,
        reply: Sender<AdminOperationReply>,
        arena: &mut Arena,
    ) {
        let Some(run) = callbacks.admin_operation else {
            // An answer against the rules makes the call fail, which is what is wanted here.
            let text =
                Value::String("the implementer has no callback for administrative operations".to_owned());
            let broken = AdminOperationReply {
                result: Ok(()),
                parameters: vec![Parameter {
                    name: super::answers::ERROR.to_owned(),
                    value: text,
                }],
            };
            drop(reply.send(broken));
            return;
        };
        let written = write::parameters(&operation.parameters, arena);
        let (name, parameters) = match (N::write(&operation.object, arena), written) {
            (Ok(name), Ok(parameters)) => (name, parameters),
            (name, _) => {
                let error = if name.is_err() {
                    AisError::BadOperation
                } else {
                    AisError::NameTooLong
                };
                drop(reply.send(AdminOperationReply {
                    result: Err(error),
                    parameters: Vec::new(),
                }));
                return;
            }
        };
        lock(&self.operations).insert(operation.invocation, reply);
        // SAFETY: the program gave this function for this; what is pointed to lives until it returns.
        unsafe {
            run(handle, operation.invocation, name, operation.id, parameters);
        };
    }

    fn fetch<N: Naming>(
        &self,
        handle: u64,
        callbacks: &OiCallbacks<N>,
        object: Dn,
        names: Vec<String>,
        arena: &mut Arena,
    ) -> Result<Vec<Attr>, Refusal> {
        let run = callbacks.rt_attr_update.ok_or(AisError::FailedOperation)?;
        let name = N::write(object.as_str(), arena)?;
        let list = write::names(&names, arena);
        lock(&self.fetches).push(Fetch {
            object: object.clone(),
            names,
            got: Vec::new(),
        });
        // SAFETY: the program gave this function for this; what is pointed to lives until it returns.
        let code = unsafe { run(handle, name, list) };
        let fetch = {
            let mut fetches = lock(&self.fetches);
            let at = fetches.iter().position(|fetch| fetch.object == object);
            at.map(|at| fetches.remove(at))
        };
        verdict(code, None, &UPDATE)?;
        Ok(fetch.map(|fetch| fetch.got).unwrap_or_default())
    }
}

fn create<N: Naming>(
    handle: u64,
    callbacks: &OiCallbacks<N>,
    ccb: u64,
    creation: &Creation,
    arena: &mut Arena,
) -> Result<Option<SaAisErrorT>, AisError> {
    let name = N::of_new(&creation.dn, arena)?;
    let class = arena.text(&creation.class);
    let others = creation
        .attrs
        .iter()
        .filter(|attr| attr.name != creation.rdn.name);
    let attrs: Vec<Attr> = N::rdn_attr(creation).into_iter().chain(others.cloned()).collect();
    let attrs = write::attrs(&attrs, arena)?;
    // SAFETY: the program gave this function for this; what is pointed to lives until it returns.
    let run = |run: unsafe extern "C" fn(_, _, *const c_char, *const N, _) -> _| unsafe {
        run(handle, ccb, class, name, attrs)
    };
    Ok(callbacks.ccb_object_create.map(run))
}
