//! The object management side: classes, reads, and the handles made from a connection.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use ais::{AttrChoice, ClassDef, Dn, JournalEntry, Object, Scope, Value};
use capnp::capability::Response;
use schema::imm_capnp::search;
use schema::journal::read_entries;
use schema::{imm as wire, value};

use crate::connection::{self, Connection, Spawn, check, length};
use crate::implementer::{Callbacks, Implementer, ImplementerCallbacks};
use crate::undecided::Undecided;
use crate::{AdminOwner, ImmError, Limits, Page, SearchParams};

/// How many objects a page of a search holds at most; the daemon bounds its bytes as well.
const PAGE_OBJECTS: u32 = 20_000;

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
    /// Connects to the daemon whose socket is `immd.sock` in the cluster's directory, with the limits that the
    /// environment gives.
    pub async fn connect(dir: &Path) -> Result<Imm, ImmError> {
        Imm::connect_with(dir, Limits::from_environment()).await
    }

    /// Connects with limits of one's own.
    pub async fn connect_with(dir: &Path, limits: Limits) -> Result<Imm, ImmError> {
        Imm::connect_by(dir, limits, connection::spawn_local).await
    }

    /// Connects where something else than a tokio `LocalSet` runs the tasks of a connection.
    pub async fn connect_by(dir: &Path, limits: Limits, spawn: Spawn) -> Result<Imm, ImmError> {
        Ok(Imm {
            connection: Connection::open(dir, limits, spawn).await?,
        })
    }

    /// A new connection to the same place with the same limits. What was made from this one stays with it.
    pub async fn reconnect(&self) -> Result<Imm, ImmError> {
        let Connection {
            dir, limits, spawn, ..
        } = &*self.connection;
        Imm::connect_by(dir, *limits, *spawn).await
    }

    /// Creates a class, or changes an existing one where schema changes are allowed.
    pub async fn class_create(&self, class: &ClassDef) -> Result<(), ImmError> {
        let mut request = self.connection.imm.class_create_request();
        wire::write_class_def(class, request.get().init_class())?;
        check(
            self.connection
                .answer(request.send().promise)
                .await?
                .get()?
                .get_status()?,
        )
    }

    /// Deletes a class without instances.
    pub async fn class_delete(&self, name: &str) -> Result<(), ImmError> {
        let mut request = self.connection.imm.class_delete_request();
        request.get().set_name(name);
        check(
            self.connection
                .answer(request.send().promise)
                .await?
                .get()?
                .get_status()?,
        )
    }

    /// The class with its system attributes, attributes in descending byte order of their names.
    pub async fn class_describe(&self, name: &str) -> Result<ClassDef, ImmError> {
        let mut request = self.connection.imm.class_describe_request();
        request.get().set_name(name);
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(wire::read_class_def(answer.get_class()?)?)
    }

    /// The names of all classes in the order of their creation.
    pub async fn class_names(&self) -> Result<Vec<String>, ImmError> {
        let response = self
            .connection
            .answer(self.connection.imm.class_names_request().send().promise)
            .await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(value::read_texts(answer.get_names()?, "names")?)
    }

    /// One object.
    pub async fn get(&self, dn: &Dn, attrs: AttrChoice) -> Result<Object, ImmError> {
        let mut request = self.connection.imm.get_request();
        request.get().set_dn(dn.as_str());
        wire::write_attr_choice(&attrs, request.get().init_attrs())?;
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(value::read_object(answer.get_object()?)?)
    }

    /// Begins a search among the objects as they were at a time, in nanoseconds since the epoch, with the attributes that
    /// survive a restart.
    ///
    /// Refused with NOT_EXIST where the journal does not reach back so far.
    pub async fn past(&self, root: Option<&Dn>, scope: Scope, at: i64) -> Result<Search, ImmError> {
        let mut request = self.connection.imm.past_request();
        request.get().set_root(root.map_or("", Dn::as_str));
        request.get().set_scope(scope as u8);
        request.get().set_at(at);
        let begun = request.send();
        let first = begun.pipeline.get_search();
        let response = self.connection.answer(begun.promise).await?;
        check(response.get()?.get_status()?)?;
        Ok(Search::begin(first, self.connection.clone()))
    }

    /// What was committed after a time, in nanoseconds since the epoch, the newest entry first and the parts of one in
    /// their order; with an object, what concerns it. Ask with cursor 0 first, then with the cursor of each answer until it is 0.
    pub async fn journal(
        &self,
        since: i64,
        object: Option<&Dn>,
        cursor: u64,
    ) -> Result<(Vec<JournalEntry>, u64), ImmError> {
        let mut request = self.connection.imm.journal_request();
        request.get().set_since(since);
        request.get().set_object(object.map_or("", Dn::as_str));
        request.get().set_cursor(cursor);
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok((read_entries(answer.get_entries()?)?, answer.get_cursor()))
    }

    /// Begins a search over a snapshot.
    pub async fn search(&self, params: SearchParams) -> Result<Search, ImmError> {
        self.begin_search(&params, None).await
    }

    async fn begin_search(
        &self,
        params: &SearchParams,
        dependents_of: Option<&Dn>,
    ) -> Result<Search, ImmError> {
        let mut request = self.connection.imm.search_request();
        let mut fields = request.get();
        fields.set_dependents_of(dependents_of.map_or("", Dn::as_str));
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
        let begun = request.send();
        // The first page is asked for at once, of a search that is still to begin.
        let search = Search::begin(begun.pipeline.get_search(), self.connection.clone());
        let response = self.connection.answer(begun.promise).await?;
        check(response.get()?.get_status()?)?;
        Ok(search)
    }

    /// The objects whose NO_DANGLING attributes name `target`; `params` takes no filter.
    pub async fn search_dependents(&self, params: SearchParams, target: &Dn) -> Result<Search, ImmError> {
        self.begin_search(&params, Some(target)).await
    }

    /// An admin owner by this name.
    pub async fn admin_owner(&self, name: &str, release_on_finalize: bool) -> Result<AdminOwner, ImmError> {
        let mut request = self.connection.imm.admin_owner_initialize_request();
        request.get().set_name(name);
        request.get().set_release_on_finalize(release_on_finalize);
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(AdminOwner::named(
            answer.get_owner()?,
            self.connection.clone(),
            name,
            release_on_finalize,
        ))
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
        check(
            self.connection
                .answer(request.send().promise)
                .await?
                .get()?
                .get_status()?,
        )
    }

    /// Becomes an implementer; `canonical_modify` makes modifications arrive as REPLACE with the resulting values.
    pub async fn implementer(
        &self,
        callbacks: Rc<dyn ImplementerCallbacks>,
        canonical_modify: bool,
    ) -> Result<Implementer, ImmError> {
        let undecided = Undecided::default();
        let server = Callbacks {
            callbacks: callbacks.clone(),
            undecided: undecided.clone(),
        };
        let mut request = self.connection.imm.implementer_initialize_request();
        request.get().set_callbacks(capnp_rpc::new_client(server));
        request.get().set_canonical_modify(canonical_modify);
        let limit = self.connection.limits.callback.unwrap_or_default();
        request
            .get()
            .set_callback_timeout_ms(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(Implementer {
            handle: answer.get_implementer()?,
            connection: self.connection.clone(),
            callbacks,
            undecided,
            canonical_modify,
            identity: RefCell::default(),
        })
    }

    /// Whether the CCB with this id was committed; NOT_EXIST where that is not known.
    pub async fn ccb_outcome(&self, id: u64) -> Result<bool, ImmError> {
        let mut request = self.connection.imm.ccb_outcome_request();
        request.get().set_id(id);
        let response = self.connection.answer(request.send().promise).await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(answer.get_committed())
    }

    /// What the daemon says of itself.
    pub async fn info(&self) -> Result<Info, ImmError> {
        let response = self
            .connection
            .answer(self.connection.imm.info_request().send().promise)
            .await?;
        let answer = response.get()?;
        check(answer.get_status()?)?;
        Ok(Info {
            pid: answer.get_pid(),
            epoch: answer.get_epoch(),
            objects: answer.get_objects(),
            classes: answer.get_classes(),
        })
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// As [`Imm::closed`], without holding the connection open; completes also when its last user is gone.
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        self.connection.ended()
    }

    /// Completes when the connection is gone.
    pub async fn closed(&self) {
        self.connection.closed().await;
    }
}

type NextPage = capnp::capability::Promise<Response<search::next_results::Owned>, capnp::Error>;

/// A search in progress. While one page is looked at the next one is on its way.
pub struct Search {
    snapshot: search::Client,
    next: Option<NextPage>,
    connection: Rc<Connection>,
}

impl Search {
    fn begin(snapshot: search::Client, connection: Rc<Connection>) -> Search {
        let mut search = Search {
            snapshot,
            next: None,
            connection,
        };
        search.ask();
        search
    }

    fn ask(&mut self) {
        let mut request = self.snapshot.next_request();
        request.get().set_max(PAGE_OBJECTS);
        self.next = Some(request.send().promise);
    }

    /// The next answer, while the one after it is under way already; `None` at the end.
    async fn answer(&mut self) -> Result<Option<Response<search::next_results::Owned>>, ImmError> {
        let Some(next) = self.next.take() else {
            return Ok(None);
        };
        let response = self.connection.answer(next).await?;
        let answer = response.get()?;
        let status = check(answer.get_status()?);
        // What comes after a page that failed can still be read.
        if status.is_err() || !answer.get_done() {
            self.ask();
            // What is asked leaves this process only when the connection has its turn; without that the daemon would rest
            // until the caller is through with this answer.
            tokio::task::yield_now().await;
        }
        status.map(|()| Some(response))
    }

    /// The next objects, in ascending byte order of their DNs; empty at the end.
    pub async fn next_batch(&mut self) -> Result<Vec<Object>, ImmError> {
        while let Some(response) = self.answer().await? {
            let objects = value::read_objects(response.get()?.get_objects()?)?;
            if !objects.is_empty() {
                return Ok(objects);
            }
        }
        Ok(Vec::new())
    }

    /// The next objects as [`Search::next_batch`] gives them, but as they came; `None` at the end.
    pub async fn next_page(&mut self) -> Result<Option<Page>, ImmError> {
        while let Some(response) = self.answer().await? {
            if !response.get()?.get_objects()?.is_empty() {
                return Ok(Some(Page(response)));
            }
        }
        Ok(None)
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
