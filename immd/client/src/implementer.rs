//! The object implementer side: what immd asks, and the handle through which runtime data is changed.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use ais::{Attr, CcbOperation, Dn, Parameter, Refusal, Scope};
use schema::imm_capnp::{implementer, implementer_callbacks};
use schema::value::Refused;
use schema::{imm as wire, size, value};

use crate::connection::{Connection, check, length};
use crate::undecided::{Asked, Undecided};
use crate::{AdminOperationReply, AdminOwner, Ccb, Imm, ImmError};

/// A boxed future on the local thread.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// What immd asks an implementer. Calls of one CCB come in order; an administrative operation may take long and
/// others come meanwhile.
pub trait ImplementerCallbacks {
    /// Operations of a CCB, in their order. A refusal aborts the whole CCB.
    fn ccb_operations(
        self: Rc<Self>,
        ccb: u64,
        operations: Vec<CcbOperation>,
    ) -> LocalFuture<Result<(), Refusal>>;
    /// Whether the CCB as a whole can be applied.
    fn ccb_completed(self: Rc<Self>, ccb: u64) -> LocalFuture<Result<(), Refusal>>;
    /// The CCB is committed.
    fn ccb_apply(self: Rc<Self>, ccb: u64) -> LocalFuture<()>;
    /// The CCB is aborted.
    fn ccb_abort(self: Rc<Self>, ccb: u64) -> LocalFuture<()>;
    /// An administrative operation on an object, or on the implementer's own name.
    fn admin_operation(
        self: Rc<Self>,
        object: String,
        operation: u64,
        parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply>;
    /// The values of these runtime attributes that the repository does not hold.
    fn rt_attr_update(
        self: Rc<Self>,
        object: Dn,
        names: Vec<String>,
    ) -> LocalFuture<Result<Vec<Attr>, Refusal>>;
}

/// An implementer handle; dropping it detaches the name.
pub struct Implementer {
    pub(crate) handle: implementer::Client,
    pub(crate) connection: Rc<Connection>,
    pub(crate) callbacks: Rc<dyn ImplementerCallbacks>,
    pub(crate) undecided: Undecided,
    pub(crate) canonical_modify: bool,
    pub(crate) identity: RefCell<Identity>,
}

/// What an implementer is, so that it can be so again.
#[derive(Debug, Default, Clone)]
pub(crate) struct Identity {
    name: Option<String>,
    /// Classes and objects that were bound through the handle, in their order.
    bindings: Vec<Binding>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Binding {
    Class(String),
    Objects(Dn, Scope),
}

impl Identity {
    fn bind(&mut self, binding: Binding) {
        self.unbind(&binding);
        self.bindings.push(binding);
    }

    fn unbind(&mut self, binding: &Binding) {
        self.bindings.retain(|other| other != binding);
    }
}

impl Implementer {
    /// The same implementer over a new connection after the daemon was started again: the callbacks, the name, and the
    /// classes and objects that were bound through this handle. CCBs that it was asked about and did not hear the end
    /// of are ended first, each with apply or abort as it was decided.
    ///
    /// # Errors
    /// EXIST where another holds the name or a binding now; TRY_AGAIN where a CCB is not decided yet; what `set` and the
    /// bindings give. Objects and classes that are gone are left out.
    pub async fn reestablish(&self, imm: &Imm) -> Result<Implementer, ImmError> {
        self.undecided.settle(imm, &self.callbacks).await?;
        let identity = self.identity.borrow().clone();
        let again = imm
            .implementer(self.callbacks.clone(), self.canonical_modify)
            .await?;
        if let Some(name) = &identity.name {
            again.set(name).await?;
        }
        for binding in &identity.bindings {
            let bound = match binding {
                Binding::Class(class) => again.class_set(class).await,
                Binding::Objects(dn, scope) => again.object_set(dn, *scope).await,
            };
            if bound.as_ref().map_err(ImmError::error) != Err(Some(ais::AisError::NotExist)) {
                bound?;
            }
        }
        Ok(again)
    }

    /// Takes the name; EXIST when another holds it.
    pub async fn set(&self, name: &str) -> Result<(), ImmError> {
        let mut request = self.handle.set_request();
        request.get().set_name(name);
        let response = self.connection.answer(request.send().promise).await?;
        check(response.get()?.get_status()?)?;
        self.identity.borrow_mut().name = Some(name.to_owned());
        Ok(())
    }

    /// Gives the name back.
    pub async fn clear(&self) -> Result<(), ImmError> {
        let sent = self.handle.clear_request().send().promise;
        check(self.connection.answer(sent).await?.get()?.get_status()?)?;
        *self.identity.borrow_mut() = Identity::default();
        Ok(())
    }

    /// Implements every instance of a configuration class.
    pub async fn class_set(&self, class: &str) -> Result<(), ImmError> {
        let mut request = self.handle.class_set_request();
        request.get().set_class(class);
        let response = self.connection.answer(request.send().promise).await?;
        check(response.get()?.get_status()?)?;
        self.identity.borrow_mut().bind(Binding::Class(class.to_owned()));
        Ok(())
    }

    /// No longer implements the class.
    pub async fn class_release(&self, class: &str) -> Result<(), ImmError> {
        let mut request = self.handle.class_release_request();
        request.get().set_class(class);
        let response = self.connection.answer(request.send().promise).await?;
        check(response.get()?.get_status()?)?;
        self.identity
            .borrow_mut()
            .unbind(&Binding::Class(class.to_owned()));
        Ok(())
    }

    /// Implements these objects.
    pub async fn object_set(&self, dn: &Dn, scope: Scope) -> Result<(), ImmError> {
        let mut request = self.handle.object_set_request();
        request.get().set_dn(dn.as_str());
        request.get().set_scope(scope as u8);
        let response = self.connection.answer(request.send().promise).await?;
        check(response.get()?.get_status()?)?;
        self.identity
            .borrow_mut()
            .bind(Binding::Objects(dn.clone(), scope));
        Ok(())
    }

    /// No longer implements these objects.
    pub async fn object_release(&self, dn: &Dn, scope: Scope) -> Result<(), ImmError> {
        let mut request = self.handle.object_release_request();
        request.get().set_dn(dn.as_str());
        request.get().set_scope(scope as u8);
        let response = self.connection.answer(request.send().promise).await?;
        check(response.get()?.get_status()?)?;
        self.identity
            .borrow_mut()
            .unbind(&Binding::Objects(dn.clone(), scope));
        Ok(())
    }

    /// Changes runtime data in the order given; stops at the first one refused, whose index is given with the error.
    pub async fn update(&self, operations: &[CcbOperation]) -> Result<(), (ImmError, usize)> {
        let mut before = 0;
        for row in size::rows(operations) {
            let (answer, accepted) = self.update_row(row).await.map_err(|error| (error, before))?;
            answer.map_err(|error| (error, before + accepted))?;
            before += row.len();
        }
        Ok(())
    }

    /// Adds to a CCB, within a callback about it: operations through the first handle, which must be applied before the
    /// callback is answered (an unapplied one with operations aborts the CCB), and objects acquired through the second,
    /// which are released at the end of the CCB. In the callback "completed" the CCB can only be read.
    pub async fn augment(&self, ccb: u64) -> Result<(Ccb, AdminOwner), ImmError> {
        let mut request = self.handle.augment_ccb_request();
        request.get().set_ccb(ccb);
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        let augmentation = Ccb::augmentation(answer.get_augmentation()?, ccb, self.connection.clone());
        let owner = AdminOwner::passing(answer.get_owner()?, self.connection.clone());
        Ok((augmentation, owner))
    }

    async fn update_row(&self, row: &[CcbOperation]) -> Result<(Result<(), ImmError>, usize), ImmError> {
        let mut request = self.handle.update_request();
        wire::write_operations(row, request.get().init_operations(length(row.len())?))?;
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        Ok((check(answer.get_status()?), answer.get_accepted() as usize))
    }
}

/// The capability that immd calls.
pub(crate) struct Callbacks {
    pub(crate) callbacks: Rc<dyn ImplementerCallbacks>,
    pub(crate) undecided: Undecided,
}

impl implementer_callbacks::Server for Callbacks {
    async fn ccb_operations(
        self: Rc<Self>,
        params: implementer_callbacks::CcbOperationsParams,
        mut results: implementer_callbacks::CcbOperationsResults,
    ) -> Result<(), capnp::Error> {
        let fields = params.get()?;
        let answer = match wire::read_operations(fields.get_operations()?) {
            Ok(operations) => {
                let ccb = fields.get_ccb();
                self.undecided.asked(ccb, Asked::Operations);
                self.callbacks.clone().ccb_operations(ccb, operations).await
            }
            Err(error) => Err(Refusal::new(ais::AisError::InvalidParam, error.to_string())),
        };
        value::write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }

    async fn ccb_completed(
        self: Rc<Self>,
        params: implementer_callbacks::CcbCompletedParams,
        mut results: implementer_callbacks::CcbCompletedResults,
    ) -> Result<(), capnp::Error> {
        let ccb = params.get()?.get_ccb();
        self.undecided.asked(ccb, Asked::Completed);
        let answer = self.callbacks.clone().ccb_completed(ccb).await;
        value::write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }

    async fn ccb_apply(
        self: Rc<Self>,
        params: implementer_callbacks::CcbApplyParams,
        _results: implementer_callbacks::CcbApplyResults,
    ) -> Result<(), capnp::Error> {
        let ccb = params.get()?.get_ccb();
        self.undecided.ended(ccb);
        self.callbacks.clone().ccb_apply(ccb).await;
        Ok(())
    }

    async fn ccb_abort(
        self: Rc<Self>,
        params: implementer_callbacks::CcbAbortParams,
        _results: implementer_callbacks::CcbAbortResults,
    ) -> Result<(), capnp::Error> {
        let ccb = params.get()?.get_ccb();
        self.undecided.ended(ccb);
        self.callbacks.clone().ccb_abort(ccb).await;
        Ok(())
    }

    async fn admin_operation(
        self: Rc<Self>,
        params: implementer_callbacks::AdminOperationParams,
        mut results: implementer_callbacks::AdminOperationResults,
    ) -> Result<(), capnp::Error> {
        let fields = params.get()?;
        let object = value::read_text(fields.get_object()?, "object").map_err(failed)?;
        let parameters = value::read_parameters(fields.get_parameters()?).map_err(failed)?;
        let reply = self
            .callbacks
            .clone()
            .admin_operation(object, fields.get_operation_id(), parameters)
            .await;
        results.get().set_result(value::result_code(reply.result));
        let places =
            u32::try_from(reply.parameters.len()).map_err(|e| capnp::Error::failed(e.to_string()))?;
        value::write_parameters(&reply.parameters, results.get().init_parameters(places)).map_err(failed)
    }

    async fn rt_attr_update(
        self: Rc<Self>,
        params: implementer_callbacks::RtAttrUpdateParams,
        mut results: implementer_callbacks::RtAttrUpdateResults,
    ) -> Result<(), capnp::Error> {
        let fields = params.get()?;
        let object = value::read_dn(fields.get_object()?, "object").map_err(failed)?;
        let names = value::read_texts(fields.get_names()?, "names").map_err(failed)?;
        match self.callbacks.clone().rt_attr_update(object, names).await {
            Ok(attrs) => {
                value::write_status(&Ok(()), results.get().init_status());
                let places = u32::try_from(attrs.len()).map_err(|e| capnp::Error::failed(e.to_string()))?;
                value::write_attrs(&attrs, results.get().init_attrs(places)).map_err(failed)
            }
            Err(refusal) => {
                value::write_status(&Err(refusal.into()), results.get().init_status());
                Ok(())
            }
        }
    }
}

fn failed(error: schema::WireError) -> capnp::Error {
    capnp::Error::failed(error.to_string())
}
