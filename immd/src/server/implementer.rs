//! Object implementers: names, bindings and runtime data.

use std::rc::Rc;

use ais::{AisError, Author, CcbOperation, Millis, Refusal};
use capnp::Error;
use repository::{CcbId, ImplementerId, Repository};
use schema::imm_capnp::{implementer, implementer_callbacks};
use schema::value::{Refused, write_status};
use schema::{imm as wire, value};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Connection;
use super::augment::{AugmentOwnerServer, AugmentServer, Augmentation};
use super::owner::bytes_of;
use crate::core::{Core, detached};

/// The handle of an implementer.
pub(super) struct ImplementerServer {
    connection: Rc<Connection>,
    id: ImplementerId,
    /// Updates are carried out one after another, in the order in which they came.
    turn: Mutex<()>,
}

impl ImplementerServer {
    pub(super) fn begin(
        connection: Rc<Connection>,
        callbacks: implementer_callbacks::Client,
        canonical_modify: bool,
        callback_limit: Option<Millis>,
    ) -> ImplementerServer {
        let core = &connection.core;
        let id = core.change(|repository| {
            let id = repository.implementer_initialize(canonical_modify);
            repository.implementer_limit(id, callback_limit);
            id
        });
        core.callees.add(id, callbacks, connection.clone());
        ImplementerServer {
            id,
            turn: Mutex::new(()),
            connection,
        }
    }

    fn core(&self) -> &Rc<Core> {
        &self.connection.core
    }

    fn change(&self, change: impl FnOnce(&mut Repository) -> Result<(), Refusal>) -> Result<(), Refused> {
        Ok(self.core().change(change)?)
    }

    /// Changes runtime data; gives how many operations were taken.
    async fn carry_out(self: Rc<Self>, operations: Vec<CcbOperation>) -> (Result<(), Refusal>, usize) {
        let _turn = self.turn.lock().await;
        let core = self.core();
        let name = core.read(|repository| repository.implementer_name(self.id).map(ToString::to_string));
        let author = Author::Implementer(name.unwrap_or_default());
        let mut done = 0;
        loop {
            let settled = core.settled.notified();
            let change = core.change(|repository| repository.runtime_prepare(self.id, &operations[done..]));
            if let Err(refusal) = core
                .settle(change.prepared, author.clone(), self.connection.peer)
                .await
            {
                return (Err(refusal), done);
            }
            done += change.accepted;
            match change.refused {
                None => return (Ok(()), done),
                Some(refusal) if refusal.error == AisError::TryAgain => {
                    if timeout(core.callback_limit, settled).await.is_err() {
                        return (Err(refusal), done);
                    }
                }
                Some(refusal) => return (Err(refusal), done),
            }
        }
    }
}

impl Drop for ImplementerServer {
    fn drop(&mut self) {
        let core = self.core();
        let now = core.now();
        core.change(|repository| repository.implementer_finalize(self.id, now));
        core.callees.remove(self.id);
    }
}

impl implementer::Server for ImplementerServer {
    async fn set(
        self: Rc<Self>,
        params: implementer::SetParams,
        mut results: implementer::SetResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let name = params.get()?.get_name()?.to_string()?;
        let now = self.core().now();
        let answer = self.change(|repository| {
            repository.forget_idle_appliers(now);
            repository.implementer_set(self.id, &name)
        });
        if answer.is_ok() {
            tracing::info!(implementer = name, pid = self.connection.peer.pid, "attached");
        }
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn clear(
        self: Rc<Self>,
        _: implementer::ClearParams,
        mut results: implementer::ClearResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let now = self.core().now();
        let answer = self.change(|repository| repository.implementer_clear(self.id, now));
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn class_set(
        self: Rc<Self>,
        params: implementer::ClassSetParams,
        mut results: implementer::ClassSetResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let class = params.get()?.get_class()?.to_string()?;
        let answer = self.change(|repository| repository.class_implementer_set(self.id, &class));
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn class_release(
        self: Rc<Self>,
        params: implementer::ClassReleaseParams,
        mut results: implementer::ClassReleaseResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let class = params.get()?.get_class()?.to_string()?;
        let answer = self.change(|repository| repository.class_implementer_release(self.id, &class));
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn object_set(
        self: Rc<Self>,
        params: implementer::ObjectSetParams,
        mut results: implementer::ObjectSetResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let wanted = value::read_dn(fields.get_dn()?, "dn")
            .and_then(|dn| Ok((dn, wire::read_scope(fields.get_scope())?)));
        let answer = wanted.map_err(Refused::from).and_then(|(dn, scope)| {
            self.change(|repository| repository.object_implementer_set(self.id, &dn, scope))
        });
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn object_release(
        self: Rc<Self>,
        params: implementer::ObjectReleaseParams,
        mut results: implementer::ObjectReleaseResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let wanted = value::read_dn(fields.get_dn()?, "dn")
            .and_then(|dn| Ok((dn, wire::read_scope(fields.get_scope())?)));
        let answer = wanted.map_err(Refused::from).and_then(|(dn, scope)| {
            self.change(|repository| repository.object_implementer_release(self.id, &dn, scope))
        });
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn update(
        self: Rc<Self>,
        params: implementer::UpdateParams,
        mut results: implementer::UpdateResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = match wire::read_operations(params.get()?.get_operations()?) {
            Ok(operations) => {
                let _held = self.connection.budget.hold(bytes_of(&operations))?;
                match detached(self.clone().carry_out(operations)).await {
                    Ok((answer, done)) => {
                        results
                            .get()
                            .set_accepted(u32::try_from(done).unwrap_or(u32::MAX));
                        answer.map_err(Refused::from)
                    }
                    Err(refusal) => Err(refusal.into()),
                }
            }
            Err(error) => Err(error.into()),
        };
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn augment_ccb(
        self: Rc<Self>,
        params: implementer::AugmentCcbParams,
        mut results: implementer::AugmentCcbResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let ccb = CcbId(params.get()?.get_ccb());
        let begun = self
            .core()
            .change(|repository| repository.augment_begin(ccb, self.id));
        let answer = begun.map(|owner| {
            let augmentation = Rc::new(Augmentation::new(self.connection.clone(), ccb, self.id, owner));
            results
                .get()
                .set_augmentation(capnp_rpc::new_client(AugmentServer(augmentation.clone())));
            results
                .get()
                .set_owner(capnp_rpc::new_client(AugmentOwnerServer(augmentation)));
        });
        write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }
}
