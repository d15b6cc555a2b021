//! A search: a snapshot that is read page by page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use ais::{AisError, Dn, Object, Refusal};
use capnp::Error;
use repository::{SearchParams, Snapshot};
use schema::imm_capnp::search;
use schema::value::{Refused, write_objects, write_status};
use schema::{list_len, size};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Connection;
use super::budget::Share;
use super::imm::unsendable;
use crate::core::Core;

/// So many searches may be open on all connections together (OpenSAF's limit).
const SEARCHES_MAX: usize = 5000;

/// A page holds about so many bytes: small ones, because nothing else is served while one is made.
const PAGE: usize = size::MESSAGE / 8;

/// The handle.
pub(super) struct SearchServer {
    connection: Rc<Connection>,
    open: Rc<Open>,
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
            turn: Mutex::new(()),
            connection: connection.clone(),
        })
    }

    /// The next objects, at most `max` and about a page full; and whether they are the last.
    async fn page(&self, max: usize) -> Result<(Vec<Object>, bool, usize), Refused> {
        let _turn = self.turn.lock().await;
        self.open.used.set(Instant::now());
        let core = &self.connection.core;
        let mut page = Vec::new();
        let mut tests = Vec::new();
        let mut bytes = 0;
        let done = {
            let mut content = self.open.content.borrow_mut();
            let Some(content) = content.as_mut() else {
                let idle = core.search_idle.get().as_secs();
                let text = format!("the search was not read for {idle} s and is closed");
                return Err(Refusal::new(AisError::BadHandle, text).into());
            };
            let now = core.now();
            while page.len() < max && bytes < PAGE {
                let next = core.read(|repository| repository.search_next(&mut content.snapshot, now));
                let Some(mut read) = next else { break };
                bytes += size::object(&read.object);
                tests.push(read.test.take());
                page.push(read);
            }
            content.snapshot.is_empty()
        };
        let objects = core.complete_all(page).await?;
        self.open.used.set(Instant::now());
        let passed = objects
            .into_iter()
            .zip(tests)
            .filter_map(|(object, test)| match test {
                None => Some(object),
                Some(test) => test.passed(object),
            });
        Ok((passed.collect(), done, bytes))
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
            Ok((objects, done, bytes)) => {
                self.connection.budget.owe(bytes);
                let places = list_len(objects.len(), "objects").map_err(unsendable)?;
                write_objects(&objects, results.get().init_objects(places)).map_err(unsendable)?;
                results.get().set_done(done);
                write_status(&Ok(()), results.get().init_status());
            }
            Err(refused) => write_status(&Err(refused), results.get().init_status()),
        }
        Ok(())
    }
}
