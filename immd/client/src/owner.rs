//! Admin owners: CCBs and administrative operations.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ais::{AisError, AttrChoice, CcbOperation, Dn, Object, Parameter, Scope};
use schema::imm_capnp::{admin_owner, ccb};
use schema::{imm as wire, size, value};

use crate::acquired::{Acquired, Step, creations};
use crate::connection::{Connection, check, length};
use crate::{Imm, ImmError};

/// An admin owner handle.
pub struct AdminOwner {
    owner: admin_owner::Client,
    connection: Rc<Connection>,
    identity: Identity,
    acquired: Rc<Acquired>,
}

/// Who an owner is.
#[derive(Debug, Clone)]
enum Identity {
    /// The owner of this name, whose objects stay its own when the handle goes.
    Named(String),
    /// An owner that ends with its handle.
    Passing,
}

impl AdminOwner {
    pub(crate) fn named(
        owner: admin_owner::Client,
        connection: Rc<Connection>,
        name: &str,
        release_on_finalize: bool,
    ) -> AdminOwner {
        let identity = if release_on_finalize {
            Identity::Passing
        } else {
            Identity::Named(name.to_owned())
        };
        AdminOwner {
            owner,
            connection,
            identity,
            acquired: Rc::default(),
        }
    }

    pub(crate) fn passing(owner: admin_owner::Client, connection: Rc<Connection>) -> AdminOwner {
        AdminOwner {
            owner,
            connection,
            identity: Identity::Passing,
            acquired: Rc::default(),
        }
    }

    /// The same owner over a new connection after the daemon was started again: it has the name, and owns what was set
    /// and created through this handle and still exists.
    ///
    /// # Errors
    /// BAD_HANDLE where the owner was to be released with its handle, where an object has another owner now, or where
    /// more than 10,000 objects were acquired.
    pub async fn reestablish(&self, imm: &Imm) -> Result<AdminOwner, ImmError> {
        let Identity::Named(name) = &self.identity else {
            return Err(stale("the owner was released with its handle"));
        };
        let Some(steps) = self.acquired.steps() else {
            return Err(stale("more objects were acquired than are remembered"));
        };
        let mut again = imm.admin_owner(name, false).await?;
        for step in steps {
            let done = match &step {
                Step::Set(dn, scope) => again.set(std::slice::from_ref(dn), *scope).await,
                Step::Release(dn, scope) => again.release(std::slice::from_ref(dn), *scope).await,
            };
            match done.as_ref().map_err(ImmError::error) {
                Ok(()) | Err(Some(AisError::NotExist)) => {}
                Err(Some(AisError::Exist)) => return Err(stale("an object has another owner now")),
                Err(_) => return done.map(|()| again),
            }
        }
        again.acquired = self.acquired.clone();
        Ok(again)
    }

    /// Becomes owner of these objects and, by scope, of those below.
    pub async fn set(&self, objects: &[Dn], scope: Scope) -> Result<(), ImmError> {
        let mut request = self.owner.set_request();
        value::write_texts(
            objects,
            request.get().init_objects(length(objects.len())?),
            "objects",
        )?;
        request.get().set_scope(scope as u8);
        let response = self.connection.answer(request.send().promise).await?;
        check(response.get()?.get_status()?)?;
        self.acquired.set(objects, scope);
        Ok(())
    }

    /// Gives these objects up.
    pub async fn release(&self, objects: &[Dn], scope: Scope) -> Result<(), ImmError> {
        let mut request = self.owner.release_request();
        value::write_texts(
            objects,
            request.get().init_objects(length(objects.len())?),
            "objects",
        )?;
        request.get().set_scope(scope as u8);
        let response = self.connection.answer(request.send().promise).await?;
        check(response.get()?.get_status()?)?;
        self.acquired.release(objects, scope);
        Ok(())
    }

    /// A CCB with these `SaImmCcbFlagsT` ([`CCB_REGISTERED_OI`], [`CCB_ALLOW_NULL_OI`]).
    pub async fn ccb(&self, flags: u64) -> Result<Ccb, ImmError> {
        let mut request = self.owner.ccb_initialize_request();
        request.get().set_flags(flags);
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(Ccb {
            handle: answer.get_ccb()?,
            id: Cell::new(answer.get_id()),
            connection: self.connection.clone(),
            flags,
            acquired: self.acquired.clone(),
            content: Cell::new(Content::None),
            creations: RefCell::default(),
        })
    }

    /// Initialises a CCB, adds the operations and applies it; gives its id. What fits one message takes one round
    /// trip.
    pub async fn ccb_apply(&self, flags: u64, operations: &[CcbOperation]) -> Result<u64, ImmError> {
        if size::rows(operations).len() > 1 {
            let ccb = self.ccb(flags).await?;
            ccb.run(operations).await.map_err(|(error, _)| error)?;
            return ccb.apply().await;
        }
        let mut initialize = self.owner.ccb_initialize_request();
        initialize.get().set_flags(flags);
        let initialized = initialize.send();
        let mut run = initialized.pipeline.get_ccb().run_request();
        wire::write_operations(operations, run.get().init_operations(length(operations.len())?))?;
        run.get().set_apply(true);
        let running = run.send();
        let response = self.connection.answer(initialized.promise).await?;
        check(response.get()?.get_status()?)?;
        let response = self.connection.answer(running.promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        self.acquired.created(creations(operations));
        Ok(answer.get_id())
    }

    /// Invokes an administrative operation and waits for its result, at most `timeout_ms`; 0 is without a limit. The
    /// operation goes on where the time is over.
    ///
    /// `Err` is the call's failure; the implementer's own result stands in the reply.
    pub async fn admin_operation(
        &self,
        object: &str,
        operation: u64,
        parameters: &[Parameter],
        timeout_ms: u64,
    ) -> Result<AdminOperationReply, ImmError> {
        self.admin_operation_with(object, operation, parameters, timeout_ms, 0)
            .await
    }

    /// The same with a continuation: the result is kept under this number, which is the invoker's choice, until
    /// [`AdminOwner::admin_operation_clear`], also where this process dies. EXIST where the number is in use.
    pub async fn admin_operation_with(
        &self,
        object: &str,
        operation: u64,
        parameters: &[Parameter],
        timeout_ms: u64,
        continuation: u64,
    ) -> Result<AdminOperationReply, ImmError> {
        let mut request = self.owner.admin_operation_request();
        let mut fields = request.get();
        fields.set_object(object);
        fields.set_operation_id(operation);
        fields.set_timeout_ms(timeout_ms);
        fields.set_continuation_id(continuation);
        value::write_parameters(parameters, fields.init_parameters(length(parameters.len())?))?;
        let sent = request.send().promise;
        let response = self.connection.answer_to_operation(timeout_ms, sent).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        reply(answer.get_result(), answer.get_parameters()?)
    }

    /// Waits for the result of an operation that an owner of the same name began with this continuation; NOT_EXIST
    /// where there is none.
    pub async fn admin_operation_continue(
        &self,
        object: &str,
        continuation: u64,
        timeout_ms: u64,
    ) -> Result<AdminOperationReply, ImmError> {
        let mut request = self.owner.admin_operation_continue_request();
        let mut fields = request.get();
        fields.set_object(object);
        fields.set_continuation_id(continuation);
        fields.set_timeout_ms(timeout_ms);
        let sent = request.send().promise;
        let response = self.connection.answer_to_operation(timeout_ms, sent).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        reply(answer.get_result(), answer.get_parameters()?)
    }

    /// Forgets a continuation with its result.
    pub async fn admin_operation_clear(&self, object: &str, continuation: u64) -> Result<(), ImmError> {
        let mut request = self.owner.admin_operation_continuation_clear_request();
        request.get().set_object(object);
        request.get().set_continuation_id(continuation);
        let sent = request.send().promise;
        check(self.connection.answer(sent).await?.get()?.get_status()?)
    }
}

fn reply(
    result: u32,
    parameters: capnp::struct_list::Reader<'_, schema::value_capnp::parameter::Owned>,
) -> Result<AdminOperationReply, ImmError> {
    Ok(AdminOperationReply {
        result: value::read_result(result, "result")?,
        parameters: value::read_parameters(parameters)?,
    })
}

/// `SA_IMM_CCB_REGISTERED_OI`: refuse objects whose implementer is not attached.
pub const CCB_REGISTERED_OI: u64 = 0x1;
/// `SA_IMM_CCB_ALLOW_NULL_OI`: but allow objects that have no implementer at all.
pub const CCB_ALLOW_NULL_OI: u64 = 0x100;

/// What an implementer answered to an administrative operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminOperationReply {
    /// Its result.
    pub result: Result<(), AisError>,
    /// Its parameters; with an error `SaImmAdminOperationError` holds the explanation.
    pub parameters: Vec<Parameter>,
}

/// A CCB; dropping it aborts what was not applied.
pub struct Ccb {
    handle: ccb::Client,
    id: Cell<u64>,
    connection: Rc<Connection>,
    flags: u64,
    acquired: Rc<Acquired>,
    content: Cell<Content>,
    /// What it would create.
    creations: RefCell<Vec<Dn>>,
}

/// Whether a CCB holds anything that would be lost with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    None,
    Some,
}

fn stale(why: &str) -> ImmError {
    ImmError::Refused {
        error: AisError::BadHandle,
        texts: vec![format!("the handle does not outlive the daemon: {why}")],
    }
}

impl Ccb {
    pub(crate) fn augmentation(handle: ccb::Client, id: u64, connection: Rc<Connection>) -> Ccb {
        Ccb {
            handle,
            id: Cell::new(id),
            connection,
            flags: 0,
            acquired: Rc::default(),
            content: Cell::new(Content::Some),
            creations: RefCell::default(),
        }
    }

    /// The same handle under its owner's new one after the daemon was started again; see [`AdminOwner::reestablish`].
    ///
    /// # Errors
    /// BAD_HANDLE where anything was added and not applied, or what became of the last call is not known.
    pub async fn reestablish(&self, owner: &AdminOwner) -> Result<Ccb, ImmError> {
        match self.content.get() {
            Content::None => owner.ccb(self.flags).await,
            Content::Some => Err(stale("the CCB had operations that were not applied")),
        }
    }

    /// What was added is applied or dropped: the handle is empty.
    fn emptied<T>(&self, answer: &Result<T, ImmError>) {
        let kept = matches!(
            answer.as_ref().map_err(ImmError::error),
            Err(None | Some(AisError::TryAgain | AisError::Timeout))
        );
        if !kept {
            self.content.set(Content::None);
            let creations = self.creations.take();
            if answer.is_ok() {
                self.acquired.created(creations);
            }
        }
    }

    /// The id by which [`Imm::ccb_outcome`] knows the CCB that the last operations were added to.
    pub fn id(&self) -> u64 {
        self.id.get()
    }

    /// Adds operations in their order; stops at the first one refused, whose index is in the second field of the error.
    pub async fn run(&self, operations: &[CcbOperation]) -> Result<(), (ImmError, usize)> {
        let mut before = 0;
        for row in size::rows(operations) {
            let (answer, accepted) = self.run_row(row).await.map_err(|error| (error, before))?;
            answer.map_err(|error| (error, before + accepted))?;
            before += row.len();
        }
        Ok(())
    }

    async fn run_row(&self, row: &[CcbOperation]) -> Result<(Result<(), ImmError>, usize), ImmError> {
        self.content.set(Content::Some);
        let mut request = self.handle.run_request();
        wire::write_operations(row, request.get().init_operations(length(row.len())?))?;
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        let accepted = answer.get_accepted() as usize;
        if answer.get_id() != 0 {
            self.id.set(answer.get_id());
        }
        let taken = &row[..accepted.min(row.len())];
        self.creations.borrow_mut().extend(creations(taken));
        Ok((check(answer.get_status()?), accepted))
    }

    /// Asks the implementers whether the CCB could be applied. A failure aborts it.
    pub async fn validate(&self) -> Result<(), ImmError> {
        check(
            self.connection
                .answer(self.handle.validate_request().send().promise)
                .await?
                .get()?
                .get_status()?,
        )
    }

    /// Applies; OK means durable. Gives the CCB's id. After a failure the handle is empty and can be used again;
    /// FAILED_OPERATION also where nothing was added since the last apply.
    pub async fn apply(&self) -> Result<u64, ImmError> {
        let applied = self.send_apply().await;
        self.emptied(&applied);
        applied
    }

    async fn send_apply(&self) -> Result<u64, ImmError> {
        let sent = self.handle.apply_request().send().promise;
        let response = self.connection.answer(sent).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(answer.get_id())
    }

    /// Drops all operations; the handle can be used again.
    pub async fn abort(&self) -> Result<(), ImmError> {
        let sent = self.handle.abort_request().send().promise;
        check(self.connection.answer(sent).await?.get()?.get_status()?)?;
        self.content.set(Content::None);
        self.creations.take();
        Ok(())
    }

    /// An object as the CCB sees it.
    pub async fn read(&self, dn: &Dn, attrs: AttrChoice) -> Result<Object, ImmError> {
        let mut request = self.handle.read_request();
        request.get().set_dn(dn.as_str());
        wire::write_attr_choice(&attrs, request.get().init_attrs())?;
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(value::read_object(answer.get_object()?)?)
    }
}
