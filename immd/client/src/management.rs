//! The object management side: classes, reads, admin owners, CCBs and administrative operations.

use std::path::Path;
use std::rc::Rc;

use ais::{AisError, AttrChoice, CcbOperation, ClassDef, Dn, Object, Parameter, Scope, Value};
use schema::imm_capnp::{admin_owner, ccb, search};
use schema::{imm as wire, value};

use crate::connection::{Connection, check, length};
use crate::implementer::{Callbacks, Implementer, ImplementerCallbacks};
use crate::{ImmError, SearchParams};

/// How many objects a page of a search holds at most; the daemon bounds its bytes as well.
const PAGE_OBJECTS: u32 = 10_000;

/// A connection to immd.
#[derive(Clone)]
pub struct Imm {
    connection: Rc<Connection>,
}

/// What the daemon says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its process.
    pub pid: u32,
    /// How often the repository was started.
    pub epoch: u64,
    /// The objects it holds.
    pub objects: u64,
    /// The classes it holds.
    pub classes: u32,
}

impl Imm {
    /// Connects to the daemon whose socket is `immd.sock` in the cluster's directory.
    pub async fn connect(dir: &Path) -> Result<Imm, ImmError> {
        Ok(Imm {
            connection: Connection::open(dir).await?,
        })
    }

    /// Creates a class, or changes an existing one where schema changes are allowed.
    pub async fn class_create(&self, class: &ClassDef) -> Result<(), ImmError> {
        let mut request = self.connection.imm.class_create_request();
        wire::write_class_def(class, request.get().init_class())?;
        check(request.send().promise.await?.get()?.get_status()?)
    }

    /// Deletes a class without instances.
    pub async fn class_delete(&self, name: &str) -> Result<(), ImmError> {
        let mut request = self.connection.imm.class_delete_request();
        request.get().set_name(name);
        check(request.send().promise.await?.get()?.get_status()?)
    }

    /// The class with its system attributes, attributes in descending byte order of their names.
    pub async fn class_describe(&self, name: &str) -> Result<ClassDef, ImmError> {
        let mut request = self.connection.imm.class_describe_request();
        request.get().set_name(name);
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(wire::read_class_def(answer.get_class()?)?)
    }

    /// The names of all classes in the order of their creation.
    pub async fn class_names(&self) -> Result<Vec<String>, ImmError> {
        let response = self.connection.imm.class_names_request().send().promise.await?;
        Ok(value::read_texts(response.get()?.get_names()?, "names")?)
    }

    /// One object.
    pub async fn get(&self, dn: &Dn, attrs: AttrChoice) -> Result<Object, ImmError> {
        let mut request = self.connection.imm.get_request();
        request.get().set_dn(dn.as_str());
        wire::write_attr_choice(&attrs, request.get().init_attrs())?;
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(value::read_object(answer.get_object()?)?)
    }

    /// Begins a search over a snapshot.
    pub async fn search(&self, params: SearchParams) -> Result<Search, ImmError> {
        let mut request = self.connection.imm.search_request();
        let mut fields = request.get();
        fields.set_root(params.root.as_ref().map_or("", Dn::as_str));
        fields.set_scope(params.scope as u8);
        if let Some((name, wanted)) = &params.filter {
            fields.set_filter_name(name.as_str());
            let wanted: Vec<Value> = wanted.iter().cloned().collect();
            value::write_values(
                &wanted,
                fields.reborrow().init_filter_value(length(wanted.len())?),
            )?;
        }
        wire::write_attr_choice(&params.attrs, fields.init_attrs())?;
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(Search {
            snapshot: answer.get_search()?,
            done: false,
            _connection: self.connection.clone(),
        })
    }

    /// An admin owner by this name.
    pub async fn admin_owner(&self, name: &str, release_on_finalize: bool) -> Result<AdminOwner, ImmError> {
        let mut request = self.connection.imm.admin_owner_initialize_request();
        request.get().set_name(name);
        request.get().set_release_on_finalize(release_on_finalize);
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(AdminOwner {
            owner: answer.get_owner()?,
            connection: self.connection.clone(),
        })
    }

    /// Takes every owner from these objects.
    pub async fn admin_owner_clear(&self, objects: &[Dn], scope: Scope) -> Result<(), ImmError> {
        let mut request = self.connection.imm.admin_owner_clear_request();
        value::write_texts(
            objects,
            request.get().init_objects(length(objects.len())?),
            "objects",
        )?;
        request.get().set_scope(scope as u8);
        check(request.send().promise.await?.get()?.get_status()?)
    }

    /// Becomes an implementer; `canonical_modify` makes modifications arrive as REPLACE with the resulting values.
    pub async fn implementer(
        &self,
        callbacks: Rc<dyn ImplementerCallbacks>,
        canonical_modify: bool,
    ) -> Result<Implementer, ImmError> {
        let mut request = self.connection.imm.implementer_initialize_request();
        request
            .get()
            .set_callbacks(capnp_rpc::new_client(Callbacks { callbacks }));
        request.get().set_canonical_modify(canonical_modify);
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(Implementer {
            implementer: answer.get_implementer()?,
            _connection: self.connection.clone(),
        })
    }

    /// Whether the CCB with this id was committed; NOT_EXIST where that is not known.
    pub async fn ccb_outcome(&self, id: u64) -> Result<bool, ImmError> {
        let mut request = self.connection.imm.ccb_outcome_request();
        request.get().set_id(id);
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(answer.get_committed())
    }

    /// What the daemon says of itself.
    pub async fn info(&self) -> Result<Info, ImmError> {
        let response = self.connection.imm.info_request().send().promise.await?;
        let answer = response.get()?;
        Ok(Info {
            pid: answer.get_pid(),
            epoch: answer.get_epoch(),
            objects: answer.get_objects(),
            classes: answer.get_classes(),
        })
    }

    /// Completes when the connection is gone.
    pub async fn closed(&self) {
        self.connection.closed().await;
    }
}

/// A search in progress.
pub struct Search {
    snapshot: search::Client,
    done: bool,
    _connection: Rc<Connection>,
}

impl Search {
    /// The next objects, in ascending byte order of their DNs; empty at the end.
    pub async fn next_batch(&mut self) -> Result<Vec<Object>, ImmError> {
        while !self.done {
            let mut request = self.snapshot.next_request();
            request.get().set_max(PAGE_OBJECTS);
            let response = request.send().promise.await?;
            let answer = response.get()?;
            check(answer.get_status()?)?;
            self.done = answer.get_done();
            let objects = value::read_objects(answer.get_objects()?)?;
            if !objects.is_empty() {
                return Ok(objects);
            }
        }
        Ok(Vec::new())
    }

    /// All that is left.
    pub async fn collect(mut self) -> Result<Vec<Object>, ImmError> {
        let mut all = Vec::new();
        loop {
            let batch = self.next_batch().await?;
            if batch.is_empty() {
                return Ok(all);
            }
            all.extend(batch);
        }
    }
}

/// An admin owner handle.
pub struct AdminOwner {
    owner: admin_owner::Client,
    connection: Rc<Connection>,
}

impl AdminOwner {
    /// Becomes owner of these objects and, by scope, of those below.
    pub async fn set(&self, objects: &[Dn], scope: Scope) -> Result<(), ImmError> {
        let mut request = self.owner.set_request();
        value::write_texts(
            objects,
            request.get().init_objects(length(objects.len())?),
            "objects",
        )?;
        request.get().set_scope(scope as u8);
        check(request.send().promise.await?.get()?.get_status()?)
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
        check(request.send().promise.await?.get()?.get_status()?)
    }

    /// A CCB with these `SaImmCcbFlagsT` ([`CCB_REGISTERED_OI`], [`CCB_ALLOW_NULL_OI`]).
    pub async fn ccb(&self, flags: u64) -> Result<Ccb, ImmError> {
        let mut request = self.owner.ccb_initialize_request();
        request.get().set_flags(flags);
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(Ccb {
            ccb: answer.get_ccb()?,
            id: answer.get_id(),
            _connection: self.connection.clone(),
        })
    }

    /// Initialises a CCB, adds the operations and applies it, in one round trip; gives its id.
    pub async fn ccb_apply(&self, flags: u64, operations: &[CcbOperation]) -> Result<u64, ImmError> {
        let mut initialize = self.owner.ccb_initialize_request();
        initialize.get().set_flags(flags);
        let initialized = initialize.send();
        let mut run = initialized.pipeline.get_ccb().run_request();
        wire::write_operations(operations, run.get().init_operations(length(operations.len())?))?;
        run.get().set_apply(true);
        let running = run.send();
        let response = initialized.promise.await?;
        check(response.get()?.get_status()?)?;
        let response = running.promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(answer.get_id())
    }

    /// Invokes an administrative operation and waits for its result.
    ///
    /// `Err` is the call's failure; the implementer's own result stands in the reply.
    pub async fn admin_operation(
        &self,
        object: &str,
        operation: u64,
        parameters: &[Parameter],
        timeout_ms: u64,
    ) -> Result<AdminOperationReply, ImmError> {
        let mut request = self.owner.admin_operation_request();
        let mut fields = request.get();
        fields.set_object(object);
        fields.set_operation_id(operation);
        fields.set_timeout_ms(timeout_ms);
        value::write_parameters(parameters, fields.init_parameters(length(parameters.len())?))?;
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        let result = value::read_result(answer.get_result(), "result")?;
        Ok(AdminOperationReply {
            result,
            parameters: value::read_parameters(answer.get_parameters()?)?,
        })
    }
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
    ccb: ccb::Client,
    id: u64,
    _connection: Rc<Connection>,
}

impl Ccb {
    /// The id by which [`Imm::ccb_outcome`] knows the CCB.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Adds operations in their order; stops at the first one refused, whose index is in the second field of the error.
    pub async fn run(&self, operations: &[CcbOperation]) -> Result<(), (ImmError, usize)> {
        let whole = |error: ImmError| (error, 0);
        let mut request = self.ccb.run_request();
        let places = length(operations.len()).map_err(whole)?;
        wire::write_operations(operations, request.get().init_operations(places))
            .map_err(|e| whole(e.into()))?;
        let response = request.send().promise.await.map_err(|e| whole(e.into()))?;
        let answer = response.get().map_err(|e| whole(e.into()))?;
        let accepted = answer.get_accepted() as usize;
        answer
            .get_status()
            .map_err(ImmError::from)
            .and_then(check)
            .map_err(|error| (error, accepted))
    }

    /// Asks the implementers whether the CCB could be applied.
    pub async fn validate(&self) -> Result<(), ImmError> {
        check(
            self.ccb
                .validate_request()
                .send()
                .promise
                .await?
                .get()?
                .get_status()?,
        )
    }

    /// Applies; OK means durable. Gives the CCB's id.
    pub async fn apply(&self) -> Result<u64, ImmError> {
        let response = self.ccb.apply_request().send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(answer.get_id())
    }

    /// Drops all operations; the handle can be used again.
    pub async fn abort(&self) -> Result<(), ImmError> {
        check(
            self.ccb
                .abort_request()
                .send()
                .promise
                .await?
                .get()?
                .get_status()?,
        )
    }

    /// An object as the CCB sees it.
    pub async fn read(&self, dn: &Dn, attrs: AttrChoice) -> Result<Object, ImmError> {
        let mut request = self.ccb.read_request();
        request.get().set_dn(dn.as_str());
        wire::write_attr_choice(&attrs, request.get().init_attrs())?;
        let response = request.send().promise.await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(value::read_object(answer.get_object()?)?)
    }
}
