//! Handles with which an implementer adds to a CCB while it is asked about it.
//!
//! They share what they stand for: when the first of them goes, nothing happens; when both are gone, the augmentation
//! is over.

use std::rc::Rc;

use ais::{AisError, AttrChoice, CcbOperation, Dn, Refusal};
use capnp::Error;
use repository::{AdminOwnerId, CcbId, ImplementerId, Repository};
use schema::imm_capnp::{admin_owner, ccb};
use schema::value::{Refused, write_status};
use schema::{imm as wire, value};
use tokio::sync::Mutex;

use super::Connection;
use super::answer::{self, Answered};
use super::imm::unsendable;
use super::owner::{bytes_of, objects_and_scope};
use crate::ccb::add;
use crate::core::{Core, detached};

/// An augmentation in progress.
pub(super) struct Augmentation {
    connection: Rc<Connection>,
    ccb: CcbId,
    implementer: ImplementerId,
    owner: AdminOwnerId,
    /// Calls are carried out one after another.
    turn: Mutex<()>,
}

impl Augmentation {
    pub(super) fn new(
        connection: Rc<Connection>,
        ccb: CcbId,
        implementer: ImplementerId,
        owner: AdminOwnerId,
    ) -> Augmentation {
        Augmentation {
            connection,
            ccb,
            implementer,
            owner,
            turn: Mutex::new(()),
        }
    }

    fn core(&self) -> &Rc<Core> {
        &self.connection.core
    }

    /// Adds operations and asks the other implementers; with `apply` completes the augmentation.
    async fn run(self: Rc<Self>, operations: Vec<CcbOperation>, apply: bool) -> (usize, Result<(), Refusal>) {
        let _turn = self.turn.lock().await;
        let record = |repository: &mut Repository, operation: &CcbOperation| {
            repository.augment_operation(self.ccb, self.implementer, operation)
        };
        let (accepted, result) = add(self.core(), self.ccb, self.connection.peer, operations, record).await;
        let result = match result {
            Ok(()) if apply => self.apply(),
            other => other,
        };
        (accepted, result)
    }

    fn apply(&self) -> Result<(), Refusal> {
        self.core()
            .change(|repository| repository.augment_apply(self.ccb, self.implementer))
    }

    /// An object as the CCB sees it.
    async fn read(&self, dn: &Dn, attrs: &AttrChoice) -> Result<Answered, Refusal> {
        let now = self.core().now();
        let found = self
            .core()
            .change(|repository| repository.augment_read(self.ccb, self.implementer, dn, attrs, now))?;
        Answered::of(self.core(), found).await
    }

    fn check(&self) -> Result<(), Refusal> {
        self.core()
            .change(|repository| repository.augment_check(self.ccb, self.implementer))
    }
}

impl Drop for Augmentation {
    fn drop(&mut self) {
        let ended = self
            .core()
            .change(|repository| repository.augment_end(self.ccb, self.implementer));
        if let Err(refusal) = ended {
            tracing::info!(ccb = %self.ccb, %refusal, "an augmentation was given up");
        }
    }
}

/// The augmentation as a CCB.
pub(super) struct AugmentServer(pub(super) Rc<Augmentation>);

fn not_here<T>(error: AisError, what: &str) -> Result<T, Refused> {
    let text = format!("the handle of an augmentation cannot {what}");
    Err(Refusal::new(error, text).into())
}

impl ccb::Server for AugmentServer {
    async fn run(self: Rc<Self>, params: ccb::RunParams, mut results: ccb::RunResults) -> Result<(), Error> {
        let budget = &self.0.connection.budget;
        let _call = budget.admit()?;
        let fields = params.get()?;
        let answer = match wire::read_operations(fields.get_operations()?) {
            Ok(operations) => {
                let _held = budget.hold(bytes_of(&operations))?;
                match detached(self.0.clone().run(operations, fields.get_apply())).await {
                    Ok((accepted, result)) => {
                        results
                            .get()
                            .set_accepted(u32::try_from(accepted).unwrap_or(u32::MAX));
                        results.get().set_id(self.0.ccb.0);
                        result.map_err(Refused::from)
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
        let _call = self.0.connection.budget.admit()?;
        let answer = not_here(AisError::BadOperation, "validate the CCB");
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn apply(self: Rc<Self>, _: ccb::ApplyParams, mut results: ccb::ApplyResults) -> Result<(), Error> {
        let _call = self.0.connection.budget.admit()?;
        let _turn = self.0.turn.lock().await;
        let answer = self.0.apply().map_err(Refused::from);
        results.get().set_id(self.0.ccb.0);
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn abort(self: Rc<Self>, _: ccb::AbortParams, mut results: ccb::AbortResults) -> Result<(), Error> {
        let _call = self.0.connection.budget.admit()?;
        let answer = not_here(
            AisError::BadOperation,
            "abort the CCB; refuse the callback instead",
        );
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn read(
        self: Rc<Self>,
        params: ccb::ReadParams,
        mut results: ccb::ReadResults,
    ) -> Result<(), Error> {
        let _call = self.0.connection.budget.admit()?;
        let fields = params.get()?;
        let wanted = value::read_dn(fields.get_dn()?, "dn")
            .and_then(|dn| Ok((dn, wire::read_attr_choice(fields.get_attrs()?)?)));
        let own = &self.0;
        let read = match wanted {
            Ok((dn, attrs)) => own.read(&dn, &attrs).await.map(|object| (object, attrs)),
            Err(error) => Err(error.into()),
        };
        match read {
            Ok((object, attrs)) => {
                answer::write_one(&own.connection, &object, &attrs, results.get().init_object())
                    .map_err(unsendable)?;
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refusal) => write_status(&Err(refusal.into()), results.get().init_status()),
        }
        Ok(())
    }
}

/// The owner that goes with an augmentation.
pub(super) struct AugmentOwnerServer(pub(super) Rc<Augmentation>);

impl admin_owner::Server for AugmentOwnerServer {
    async fn set(
        self: Rc<Self>,
        params: admin_owner::SetParams,
        mut results: admin_owner::SetResults,
    ) -> Result<(), Error> {
        let own = &self.0;
        let _call = own.connection.budget.admit()?;
        let fields = params.get()?;
        let wanted = objects_and_scope(fields.get_objects(), fields.get_scope());
        let answer = wanted.and_then(|(objects, scope)| {
            own.check()?;
            let set = |repository: &mut Repository| repository.admin_owner_set(own.owner, &objects, scope);
            Ok(own.core().change(set)?)
        });
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn release(
        self: Rc<Self>,
        _: admin_owner::ReleaseParams,
        mut results: admin_owner::ReleaseResults,
    ) -> Result<(), Error> {
        let _call = self.0.connection.budget.admit()?;
        let answer = not_here(AisError::Busy, "release objects before the CCB ends");
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn ccb_initialize(
        self: Rc<Self>,
        _: admin_owner::CcbInitializeParams,
        mut results: admin_owner::CcbInitializeResults,
    ) -> Result<(), Error> {
        let _call = self.0.connection.budget.admit()?;
        let answer = not_here(AisError::NoResources, "begin other CCBs");
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn admin_operation(
        self: Rc<Self>,
        _: admin_owner::AdminOperationParams,
        mut results: admin_owner::AdminOperationResults,
    ) -> Result<(), Error> {
        let _call = self.0.connection.budget.admit()?;
        let answer = not_here(AisError::NoResources, "invoke administrative operations");
        write_status(&answer, results.get().init_status());
        Ok(())
    }
}
