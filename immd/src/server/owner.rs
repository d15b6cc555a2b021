//! Admin owners and CCBs.

use std::rc::Rc;
use std::time::Duration;

use ais::{CcbOperation, Dn, Scope};
use capnp::Error;
use repository::AdminOwnerId;
use schema::imm_capnp::{admin_owner, ccb};
use schema::value::{Refused, write_status};
use schema::{WireError, imm as wire, list_len, size, value};

use super::Connection;
use super::answer;
use super::imm::unsendable;
use crate::callbacks::Reply;
use crate::ccb::CcbHandle;
use crate::core::{Core, detached};
use crate::operation::{self, Invocation};

/// The handle of an admin owner.
pub(super) struct OwnerServer {
    connection: Rc<Connection>,
    id: AdminOwnerId,
}

impl OwnerServer {
    pub(super) fn new(connection: Rc<Connection>, id: AdminOwnerId) -> OwnerServer {
        let owners = &connection.core.owners;
        owners.borrow_mut().insert(id, connection.peer.pid);
        OwnerServer { connection, id }
    }

    fn core(&self) -> &Rc<Core> {
        &self.connection.core
    }

    async fn operate(&self, params: &admin_owner::AdminOperationParams) -> Result<Reply, Refused> {
        let fields = params.get().map_err(WireError::from)?;
        let invocation = Invocation {
            owner: self.id,
            peer: self.connection.peer,
            object: value::read_text(fields.get_object().map_err(WireError::from)?, "object")?,
            operation: fields.get_operation_id(),
            parameters: value::read_parameters(fields.get_parameters().map_err(WireError::from)?)?,
            continuation: fields.get_continuation_id(),
        };
        let limit = limit(fields.get_timeout_ms());
        Ok(operation::invoke(self.core(), invocation, limit).await?)
    }

    async fn resume(&self, params: &admin_owner::AdminOperationContinueParams) -> Result<Reply, Refused> {
        let fields = params.get().map_err(WireError::from)?;
        let object = value::read_text(fields.get_object().map_err(WireError::from)?, "object")?;
        let limit = limit(fields.get_timeout_ms());
        let id = fields.get_continuation_id();
        Ok(operation::resume(self.core(), self.id, &object, id, limit).await?)
    }
}

/// The limit of an operation; 0 is none.
fn limit(timeout_ms: u64) -> Option<Duration> {
    (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms))
}

/// About how many bytes operations hold.
pub(super) fn bytes_of(operations: &[CcbOperation]) -> usize {
    operations.iter().map(size::operation).sum()
}

impl Drop for OwnerServer {
    fn drop(&mut self) {
        self.core().owners.borrow_mut().remove(&self.id);
        self.core()
            .change(|repository| repository.admin_owner_finalize(self.id));
    }
}

pub(super) fn objects_and_scope(
    objects: Result<capnp::text_list::Reader<'_>, Error>,
    scope: u8,
) -> Result<(Vec<Dn>, Scope), Refused> {
    let objects = value::read_dns(objects.map_err(WireError::from)?, "objects")?;
    Ok((objects, wire::read_scope(scope)?))
}

impl admin_owner::Server for OwnerServer {
    async fn set(
        self: Rc<Self>,
        params: admin_owner::SetParams,
        mut results: admin_owner::SetResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let answer =
            objects_and_scope(fields.get_objects(), fields.get_scope()).and_then(|(objects, scope)| {
                let set = |repository: &mut repository::Repository| {
                    repository.admin_owner_set(self.id, &objects, scope)
                };
                Ok(self.core().change(set)?)
            });
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn release(
        self: Rc<Self>,
        params: admin_owner::ReleaseParams,
        mut results: admin_owner::ReleaseResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let answer =
            objects_and_scope(fields.get_objects(), fields.get_scope()).and_then(|(objects, scope)| {
                let release = |repository: &mut repository::Repository| {
                    repository.admin_owner_release(self.id, &objects, scope)
                };
                Ok(self.core().change(release)?)
            });
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn ccb_initialize(
        self: Rc<Self>,
        params: admin_owner::CcbInitializeParams,
        mut results: admin_owner::CcbInitializeResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let flags = params.get()?.get_flags();
        let answer = CcbHandle::new(self.core().clone(), self.id, flags, self.connection.peer);
        let answer = answer.map(|(handle, id)| {
            let server = CcbServer {
                connection: self.connection.clone(),
                handle: Rc::new(handle),
            };
            results.get().set_ccb(capnp_rpc::new_client(server));
            results.get().set_id(id.0);
        });
        write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }

    async fn admin_operation(
        self: Rc<Self>,
        params: admin_owner::AdminOperationParams,
        mut results: admin_owner::AdminOperationResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        match self.operate(&params).await {
            Ok(reply) => {
                self.connection.budget.owe(size::parameters(&reply.parameters));
                results.get().set_result(reply.result);
                let places = list_len(reply.parameters.len(), "parameters").map_err(unsendable)?;
                value::write_parameters(&reply.parameters, results.get().init_parameters(places))
                    .map_err(unsendable)?;
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refused) => write_status(&Err(refused), results.get().init_status()),
        }
        Ok(())
    }

    async fn admin_operation_continue(
        self: Rc<Self>,
        params: admin_owner::AdminOperationContinueParams,
        mut results: admin_owner::AdminOperationContinueResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        match self.resume(&params).await {
            Ok(reply) => {
                self.connection.budget.owe(size::parameters(&reply.parameters));
                results.get().set_result(reply.result);
                let places = list_len(reply.parameters.len(), "parameters").map_err(unsendable)?;
                value::write_parameters(&reply.parameters, results.get().init_parameters(places))
                    .map_err(unsendable)?;
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refused) => write_status(&Err(refused), results.get().init_status()),
        }
        Ok(())
    }

    async fn admin_operation_continuation_clear(
        self: Rc<Self>,
        params: admin_owner::AdminOperationContinuationClearParams,
        mut results: admin_owner::AdminOperationContinuationClearResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let object = fields.get_object()?.to_string()?;
        let answer = operation::clear(self.core(), self.id, &object, fields.get_continuation_id());
        write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }
}

/// The handle of a CCB. Its calls run detached: once begun they go to their end also where the client goes.
struct CcbServer {
    connection: Rc<Connection>,
    handle: Rc<CcbHandle>,
}

impl ccb::Server for CcbServer {
    async fn run(self: Rc<Self>, params: ccb::RunParams, mut results: ccb::RunResults) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let answer = match wire::read_operations(fields.get_operations()?) {
            Ok(operations) => {
                let _held = self.connection.budget.hold(bytes_of(&operations))?;
                let run = self.handle.clone().run(operations, fields.get_apply());
                match detached(run).await {
                    Ok(ran) => {
                        results
                            .get()
                            .set_accepted(u32::try_from(ran.accepted).unwrap_or(u32::MAX));
                        results.get().set_id(ran.id);
                        ran.result
                    }
                    Err(refusal) => Err(refusal.into()),
                }
            }
            Err(error) => Err(error.into()),
        };
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn validate(
        self: Rc<Self>,
        _: ccb::ValidateParams,
        mut results: ccb::ValidateResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = match detached(self.handle.clone().validate()).await {
            Ok(answer) => answer,
            Err(refusal) => Err(refusal.into()),
        };
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn apply(self: Rc<Self>, _: ccb::ApplyParams, mut results: ccb::ApplyResults) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = match detached(self.handle.clone().apply()).await {
            Ok((answer, id)) => {
                results.get().set_id(id);
                answer
            }
            Err(refusal) => Err(refusal.into()),
        };
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn abort(self: Rc<Self>, _: ccb::AbortParams, mut results: ccb::AbortResults) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = detached(self.handle.clone().abort()).await;
        write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }

    async fn read(
        self: Rc<Self>,
        params: ccb::ReadParams,
        mut results: ccb::ReadResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let wanted = value::read_dn(fields.get_dn()?, "dn")
            .and_then(|dn| Ok((dn, wire::read_attr_choice(fields.get_attrs()?)?)));
        let (dn, attrs) = match wanted {
            Ok((dn, attrs)) => (dn, Rc::new(attrs)),
            Err(error) => {
                write_status(&Err(error.into()), results.get().init_status());
                return Ok(());
            }
        };
        let read = detached(self.handle.clone().read(dn, attrs.clone())).await;
        match read.map_err(Refused::from).flatten() {
            Ok(object) => {
                answer::write_one(&self.connection, &object, &attrs, results.get().init_object())
                    .map_err(unsendable)?;
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refused) => write_status(&Err(refused), results.get().init_status()),
        }
        Ok(())
    }
}
