//! A search: a snapshot that is read page by page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ais::{Object, Refusal};
use capnp::Error;
use repository::{SearchParams, Snapshot};
use schema::imm_capnp::search;
use schema::value::{Refused, write_objects, write_status};
use schema::{list_len, size};
use tokio::sync::Mutex;

use super::Connection;
use super::budget::Share;
use super::imm::unsendable;
use crate::core::Core;

/// The handle.
pub(super) struct SearchServer {
    connection: Rc<Connection>,
    snapshot: RefCell<Snapshot>,
    /// Pages are made one after another.
    turn: Mutex<()>,
    _share: Share,
    _open: OpenSearch,
}

/// Counts a search for the operator.
struct OpenSearch(Rc<Core>);

impl OpenSearch {
    fn count(core: &Rc<Core>) -> OpenSearch {
        let open: &Cell<usize> = &core.searches;
        open.set(open.get() + 1);
        OpenSearch(core.clone())
    }
}

impl Drop for OpenSearch {
    fn drop(&mut self) {
        self.0.searches.set(self.0.searches.get().saturating_sub(1));
    }
}

impl SearchServer {
    pub(super) fn begin(connection: &Rc<Connection>, params: &SearchParams) -> Result<SearchServer, Refusal> {
        let share = connection.budget.search()?;
        let core = &connection.core;
        let snapshot = core.read(|repository| repository.search(params, core.now()))?;
        Ok(SearchServer {
            snapshot: RefCell::new(snapshot),
            turn: Mutex::new(()),
            _share: share,
            _open: OpenSearch::count(core),
            connection: connection.clone(),
        })
    }

    /// The next objects, at most `max` and about one message full; and whether they are the last.
    async fn page(&self, max: usize) -> Result<(Vec<Object>, bool, usize), Refused> {
        let _turn = self.turn.lock().await;
        let core = &self.connection.core;
        let mut page = Vec::new();
        let mut bytes = 0;
        let done = {
            let mut snapshot = self.snapshot.borrow_mut();
            let now = core.now();
            while page.len() < max && bytes < size::MESSAGE {
                let next = core.read(|repository| repository.search_next(&mut snapshot, now));
                let Some(read) = next else { break };
                bytes += size::object(&read.object);
                page.push(read);
            }
            snapshot.is_empty()
        };
        Ok((core.complete_all(page).await?, done, bytes))
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
