//! The bootstrap capability: classes, reads, and the handles made from it.

use std::rc::Rc;

use ais::{AisError, Author, ClassDef, JournalEntry, Millis, Refusal};
use capnp::Error;
use repository::{CcbId, CcbState, ClassCreation, ReadObject, Repository};
use schema::imm_capnp::imm;
use schema::journal::write_entries;
use schema::value::{Refused, write_status};
use schema::{WireError, imm as wire, list_len, size, value};

use super::Connection;
use super::answer;
use super::implementer::ImplementerServer;
use super::journal::{self, PastServer};
use super::owner::OwnerServer;
use super::search::SearchServer;
use crate::core::{Core, detached};
use crate::past::Range;
use crate::{access, migration};

/// What every client begins with.
pub(super) struct ImmServer {
    pub(super) connection: Rc<Connection>,
}

impl ImmServer {
    fn core(&self) -> &Rc<Core> {
        &self.connection.core
    }

    /// Creates or changes a class. What of it is on its way to the store is waited for.
    async fn create_class(&self, class: &ClassDef) -> Result<(), Refused> {
        let core = self.core().clone();
        let peer = self.connection.peer;
        match self
            .begin(|repository| repository.class_create_begin(class))
            .await?
        {
            ClassCreation::New(new) => {
                Ok(detached(async move { core.settle(new, Author::Client, peer).await }).await??)
            }
            ClassCreation::Change(change) => {
                Ok(detached(async move { migration::carry_out(&core, change, peer).await }).await??)
            }
        }
    }

    async fn delete_class(&self, name: &str) -> Result<(), Refused> {
        let core = self.core().clone();
        let peer = self.connection.peer;
        let change = self
            .begin(|repository| repository.class_delete_prepare(name))
            .await?;
        Ok(detached(async move { core.settle(change, Author::Client, peer).await }).await??)
    }

    /// Begins a change; what is in its way to the store is waited for.
    async fn begin<T>(&self, begin: impl Fn(&mut Repository) -> Result<T, Refusal>) -> Result<T, Refused> {
        let core = self.core();
        loop {
            let settled = core.settled.notified();
            match core.change(&begin) {
                Err(refusal) if refusal.error == AisError::TryAgain => {
                    if tokio::time::timeout(core.callback_limit, settled).await.is_err() {
                        return Err(refusal.into());
                    }
                }
                other => return Ok(other?),
            }
        }
    }

    /// Writes the object where all that is chosen of it is held; otherwise gives it with what must be asked for.
    fn get_object(
        &self,
        params: &imm::GetParams,
        results: &mut imm::GetResults,
    ) -> Result<Option<ReadObject>, Refused> {
        let fields = params.get().map_err(WireError::from)?;
        let dn = value::read_dn(fields.get_dn().map_err(WireError::from)?, "dn")?;
        let attrs = wire::read_attr_choice(fields.get_attrs().map_err(WireError::from)?)?;
        let now = self.core().now();
        self.core().read(|repository| {
            let view = repository.look(&dn, &attrs, now)?;
            if view.is_asked_for() {
                return Ok(Some(view.read()));
            }
            self.connection.budget.owe(answer::size(&view));
            answer::write(&view, results.get().init_object())?;
            Ok(None)
        })
    }

    fn begin_search(&self, params: &imm::SearchParams) -> Result<SearchServer, Refused> {
        let fields = params.get().map_err(WireError::from)?;
        let root = fields.get_root().map_err(WireError::from)?;
        let name = value::read_text(fields.get_filter_name().map_err(WireError::from)?, "filterName")?;
        let mut values = value::read_values(fields.get_filter_value().map_err(WireError::from)?)?;
        let wanted = values.pop();
        if !values.is_empty() || (name.is_empty() && wanted.is_some()) {
            return Err(Refusal::new(
                AisError::InvalidParam,
                "a filter has a name and at most one value",
            )
            .into());
        }
        let params = repository::SearchParams {
            root: value::read_optional_dn(root, "root")?,
            scope: wire::read_scope(fields.get_scope())?,
            filter: (!name.is_empty()).then_some((name, wanted)),
            attrs: wire::read_attr_choice(fields.get_attrs().map_err(WireError::from)?)?,
        };
        let dependents_of = value::read_optional_dn(
            fields.get_dependents_of().map_err(WireError::from)?,
            "dependentsOf",
        )?;
        SearchServer::begin(&self.connection, &params, dependents_of.as_ref()).map_err(Refused::from)
    }

    fn clear_owners(&self, params: &imm::AdminOwnerClearParams) -> Result<(), Refused> {
        let fields = params.get().map_err(WireError::from)?;
        let objects = value::read_dns(fields.get_objects().map_err(WireError::from)?, "objects")?;
        let scope = wire::read_scope(fields.get_scope())?;
        access::check_owner_clear(self.connection.peer, &self.core().access.borrow())?;
        Ok(self
            .core()
            .change(|repository| repository.admin_owner_clear(&objects, scope))?)
    }

    async fn journal_page(&self, params: &imm::JournalParams) -> Result<(Vec<JournalEntry>, u64), Refused> {
        let fields = params.get().map_err(WireError::from)?;
        let object = value::read_optional_dn(fields.get_object().map_err(WireError::from)?, "object")?;
        let (since, cursor) = (fields.get_since(), fields.get_cursor());
        Ok(journal::page(self.core(), since, object.as_ref(), cursor).await?)
    }

    async fn begin_past(&self, params: &imm::PastParams) -> Result<PastServer, Refused> {
        let fields = params.get().map_err(WireError::from)?;
        let range = Range {
            root: value::read_optional_dn(fields.get_root().map_err(WireError::from)?, "root")?,
            scope: wire::read_scope(fields.get_scope())?,
        };
        Ok(PastServer::begin(&self.connection, range, fields.get_at()).await?)
    }

    /// What became of a CCB; waits for one that is about to be committed.
    async fn outcome(&self, id: u64) -> Result<bool, Refusal> {
        let limit = self.core().callback_limit;
        loop {
            let settled = self.core().settled.notified();
            match self.core().read(|repository| repository.ccb_state(CcbId(id))) {
                None => break,
                Some(CcbState::Aborted) => return Ok(false),
                Some(CcbState::Open | CcbState::Prepared | CcbState::Validated | CcbState::Critical) => {
                    if tokio::time::timeout(limit, settled).await.is_err() {
                        return Err(Refusal::new(
                            AisError::TryAgain,
                            format!("CCB {id} is still open"),
                        ));
                    }
                }
            }
        }
        let next = self.core().read(|repository| repository.counters().ccb);
        self.core().journal.borrow().outcome(id, next)
    }
}

impl imm::Server for ImmServer {
    async fn class_create(
        self: Rc<Self>,
        params: imm::ClassCreateParams,
        mut results: imm::ClassCreateResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = match wire::read_class_def(params.get()?.get_class()?) {
            Ok(class) => self.create_class(&class).await,
            Err(error) => Err(error.into()),
        };
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn class_delete(
        self: Rc<Self>,
        params: imm::ClassDeleteParams,
        mut results: imm::ClassDeleteResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let name = params.get()?.get_name()?.to_string()?;
        let answer = self.delete_class(&name).await;
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn class_describe(
        self: Rc<Self>,
        params: imm::ClassDescribeParams,
        mut results: imm::ClassDescribeResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let name = params.get()?.get_name()?.to_string()?;
        match self.core().read(|repository| repository.class_describe(&name)) {
            Ok(class) => {
                self.connection.budget.owe(size::class(&class));
                wire::write_class_def(&class, results.get().init_class()).map_err(unsendable)?;
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refusal) => write_status(&Err(refusal.into()), results.get().init_status()),
        }
        Ok(())
    }

    async fn class_names(
        self: Rc<Self>,
        _: imm::ClassNamesParams,
        mut results: imm::ClassNamesResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let names = self.core().read(Repository::class_names);
        self.connection
            .budget
            .owe(names.iter().map(|name| name.len() + 16).sum());
        let places = list_len(names.len(), "names").map_err(unsendable)?;
        write_status(&Ok(()), results.get().init_status());
        value::write_texts(&names, results.get().init_names(places), "names").map_err(unsendable)
    }

    async fn get(self: Rc<Self>, params: imm::GetParams, mut results: imm::GetResults) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let object = match self.get_object(&params, &mut results) {
            Ok(Some(read)) => self.core().complete(read).await.map(Some).map_err(Refused::from),
            Ok(None) => Ok(None),
            Err(refused) => Err(refused),
        };
        if let Ok(Some(object)) = &object {
            self.connection.budget.owe(size::object(object));
            value::write_object(object, results.get().init_object()).map_err(unsendable)?;
        }
        write_status(&object.map(drop), results.get().init_status());
        Ok(())
    }

    async fn search(
        self: Rc<Self>,
        params: imm::SearchParams,
        mut results: imm::SearchResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = self.begin_search(&params).map(|search| {
            results.get().set_search(capnp_rpc::new_client(search));
        });
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn admin_owner_initialize(
        self: Rc<Self>,
        params: imm::AdminOwnerInitializeParams,
        mut results: imm::AdminOwnerInitializeResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let name = fields.get_name()?.to_string()?;
        let release = fields.get_release_on_finalize();
        let answer = self
            .core()
            .change(|repository| repository.admin_owner_initialize(&name, release))
            .map(|id| {
                let owner = OwnerServer::new(self.connection.clone(), id);
                results.get().set_owner(capnp_rpc::new_client(owner));
            });
        write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }

    async fn admin_owner_clear(
        self: Rc<Self>,
        params: imm::AdminOwnerClearParams,
        mut results: imm::AdminOwnerClearResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        write_status(&self.clear_owners(&params), results.get().init_status());
        Ok(())
    }

    async fn implementer_initialize(
        self: Rc<Self>,
        params: imm::ImplementerInitializeParams,
        mut results: imm::ImplementerInitializeResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let fields = params.get()?;
        let implementer = ImplementerServer::begin(
            self.connection.clone(),
            fields.get_callbacks()?,
            fields.get_canonical_modify(),
            Some(Millis(fields.get_callback_timeout_ms())).filter(|limit| limit.0 > 0),
        );
        results.get().set_implementer(capnp_rpc::new_client(implementer));
        write_status(&Ok(()), results.get().init_status());
        Ok(())
    }

    async fn ccb_outcome(
        self: Rc<Self>,
        params: imm::CcbOutcomeParams,
        mut results: imm::CcbOutcomeResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = self.outcome(params.get()?.get_id()).await.map(|committed| {
            results.get().set_committed(committed);
        });
        write_status(&answer.map_err(Refused::from), results.get().init_status());
        Ok(())
    }

    async fn journal(
        self: Rc<Self>,
        params: imm::JournalParams,
        mut results: imm::JournalResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        match self.journal_page(&params).await {
            Ok((entries, cursor)) => {
                let changes = entries.iter().flat_map(|entry| &entry.changes);
                let bytes = changes.map(size::journal_change).sum::<usize>() + 128 * entries.len();
                self.connection.budget.owe(bytes);
                let places = list_len(entries.len(), "entries").map_err(unsendable)?;
                write_entries(&entries, results.get().init_entries(places)).map_err(unsendable)?;
                results.get().set_cursor(cursor);
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refused) => write_status(&Err(refused), results.get().init_status()),
        }
        Ok(())
    }

    async fn past(
        self: Rc<Self>,
        params: imm::PastParams,
        mut results: imm::PastResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let answer = self.begin_past(&params).await.map(|search| {
            results.get().set_search(capnp_rpc::new_client(search));
        });
        write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn info(self: Rc<Self>, _: imm::InfoParams, mut results: imm::InfoResults) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let mut fields = results.get();
        fields.set_pid(std::process::id());
        fields.set_epoch(self.core().epoch());
        let (objects, classes) = self
            .core()
            .read(|repository| (repository.object_count(), repository.class_count()));
        fields.set_objects(objects as u64);
        fields.set_classes(u32::try_from(classes).unwrap_or(u32::MAX));
        write_status(&Ok(()), results.get().init_status());
        Ok(())
    }
}

/// The failure of a call whose answer no message can hold.
pub(super) fn unsendable(error: WireError) -> Error {
    Error::failed(format!("the answer cannot be sent: {error}"))
}
