//! A search: a snapshot that is read page by page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use ais::{AisError, AttrChoice, Dn, Refusal};
use capnp::Error;
use repository::{Found, SearchParams, Snapshot};
use schema::imm_capnp::search;
use schema::value::{Refused, write_status};
use schema::{WireError, list_len, size};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Connection;
use super::answer::{self, Answered};
use super::budget::Share;
use super::imm::unsendable;
use crate::core::Core;

/// So many searches may be open on all connections together (OpenSAF's limit).
const SEARCHES_MAX: usize = 5000;

/// A page holds about so many bytes: small ones, because nothing else is served while one is made.
const PAGE: usize = size::MESSAGE / 32;

/// The handle.
pub(super) struct SearchServer {
    connection: Rc<Connection>,
    open: Rc<Open>,
    attrs: AttrChoice,
    /// Pages are made one after another.
    turn: Mutex<()>,
    /// Closes the search where nobody reads it.
    watch: JoinHandle<()>,
}

/// What an open search holds.
struct Open {
    content: RefCell<Option<Content>>,
    used: Cell<Instant>,
}

struct Content {
    snapshot: Snapshot,
    _share: Share,
    _open: OpenSearch,
}

/// Counts a search for the operator.
struct OpenSearch(Rc<Core>);

impl OpenSearch {
    fn count(core: &Rc<Core>) -> Result<OpenSearch, Refusal> {
        let open: &Cell<usize> = &core.searches;
        if open.get() >= SEARCHES_MAX {
            return Err(Refusal::new(
                AisError::NoResources,
                format!("{SEARCHES_MAX} searches are open, as many as there may be"),
            ));
        }
        open.set(open.get() + 1);
        Ok(OpenSearch(core.clone()))
    }
}

impl Drop for OpenSearch {
    fn drop(&mut self) {
        self.0.searches.set(self.0.searches.get().saturating_sub(1));
    }
}

/// Closes the search when nobody has read it for so long.
async fn watch(open: Rc<Open>, idle: Duration) {
    loop {
        let due = open.used.get() + idle;
        if due <= Instant::now() {
            open.content.replace(None);
            return;
        }
        tokio::time::sleep_until(due).await;
    }
}

impl Drop for SearchServer {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl SearchServer {
    pub(super) fn begin(
        connection: &Rc<Connection>,
        params: &SearchParams,
        dependents_of: Option<&Dn>,
    ) -> Result<SearchServer, Refusal> {
        let share = connection.budget.search()?;
        let core = &connection.core;
        let counted = OpenSearch::count(core)?;
        let snapshot = core.read(|repository| match dependents_of {
            None => repository.search(params, core.now()),
            Some(target) => repository.search_dependents(params, target),
        })?;
        let open = Rc::new(Open {
            content: RefCell::new(Some(Content {
                snapshot,
                _share: share,
                _open: counted,
            })),
            used: Cell::new(Instant::now()),
        });
        Ok(SearchServer {
            watch: tokio::task::spawn_local(watch(open.clone(), core.search_idle.get())),
            open,
            attrs: params.attrs.clone(),
            turn: Mutex::new(()),
            connection: connection.clone(),
        })
    }

    /// The next objects, at most `max` and about a page full; and whether they are the last.
    async fn page(&self, max: usize) -> Result<(Vec<Answered>, bool, usize), Refused> {
        let _turn = self.turn.lock().await;
        self.open.used.set(Instant::now());
        let (page, done, bytes) = self.found(max)?;
        let page = self.completed(page).await?;
        self.open.used.set(Instant::now());
        Ok((page, done, bytes))
    }

    /// What the search found next.
    fn found(&self, max: usize) -> Result<(Vec<Found>, bool, usize), Refusal> {
        let core = &self.connection.core;
        let mut content = self.open.content.borrow_mut();
        let Some(content) = content.as_mut() else {
            let idle = core.search_idle.get().as_secs();
            let text = format!("the search was not read for {idle} s and is closed");
            return Err(Refusal::new(AisError::BadHandle, text));
        };
        let now = core.now();
        let (mut page, mut bytes) = (Vec::new(), 0);
        core.read(|repository| {
            while page.len() < max && bytes < PAGE {
                let next = repository.search_step(&mut content.snapshot, now);
                let Some(found) = next else { break };
                bytes += match &found {
                    Found::Held(body) => answer::size(&repository.view(body, &self.attrs, now)),
                    Found::Asked(read) => size::object(&read.object),
                };
                page.push(found);
            }
        });
        Ok((page, content.snapshot.is_empty(), bytes))
    }

    /// The same with what only implementers know, without objects that then prove not to be asked for.
    async fn completed(&self, page: Vec<Found>) -> Result<Vec<Answered>, Refusal> {
        let (mut asked, mut tests) = (Vec::new(), Vec::new());
        let mut answered: Vec<Option<Answered>> = Vec::with_capacity(page.len());
        for found in page {
            match found {
                Found::Held(body) => answered.push(Some(Answered::Held(body))),
                Found::Asked(mut read) => {
                    tests.push((answered.len(), read.test.take()));
                    asked.push(read);
                    answered.push(None);
                }
            }
        }
        if !asked.is_empty() {
            let objects = self.connection.core.complete_all(asked).await?;
            for (object, (place, test)) in objects.into_iter().zip(tests) {
                let passed = match test {
                    None => Some(object),
                    Some(test) => test.passed(object),
                };
                answered[place] = passed.map(Answered::Fetched);
            }
        }
        Ok(answered.into_iter().flatten().collect())
    }

    fn write(
        &self,
        page: &[Answered],
        mut results: search::next_results::Builder<'_>,
    ) -> Result<(), WireError> {
        let core = &self.connection.core;
        let now = core.now();
        let mut objects = results.reborrow().init_objects(list_len(page.len(), "objects")?);
        core.read(|repository| {
            (0..).zip(page).try_for_each(|(at, object)| {
                object.write(repository, &self.attrs, now, objects.reborrow().get(at))
            })
        })
    }
}

impl search::Server for SearchServer {
    async fn next(
        self: Rc<Self>,
        params: search::NextParams,
        mut results: search::NextResults,
    ) -> Result<(), Error> {
        let _call = self.connection.budget.admit()?;
        let max = usize::try_from(params.get()?.get_max().max(1)).unwrap_or(usize::MAX);
        match self.page(max).await {
            Ok((page, done, bytes)) => {
                self.connection.budget.owe(bytes);
                self.write(&page, results.get()).map_err(unsendable)?;
                results.get().set_done(done);
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refused) => write_status(&Err(refused), results.get().init_status()),
        }
        Ok(())
    }
}
