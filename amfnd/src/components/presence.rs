//! Whether there is a director, for the processes that want to know.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use schema::component_capnp::director_watcher;

/// Whether the node director has a director, and who is told when that changes.
#[derive(Default)]
pub(crate) struct DirectorPresence {
    present: Cell<bool>,
    /// One for each connection.
    watchers: RefCell<BTreeMap<u64, director_watcher::Client>>,
}

impl DirectorPresence {
    pub(crate) fn is_present(&self) -> bool {
        self.present.get()
    }

    /// The director came or went.
    pub(crate) fn set(&self, present: bool) {
        if self.present.replace(present) == present {
            return;
        }
        for watcher in self.watchers.borrow().values() {
            let mut request = watcher.changed_request();
            request.get().set_present(present);
            tokio::task::spawn_local(async move {
                if let Err(error) = request.send().promise.await {
                    tracing::debug!(%error, "a process does not hear of the director");
                }
            });
        }
    }

    /// From now on the process is told; the last watcher of a connection counts.
    pub(crate) fn watch(&self, connection: u64, watcher: director_watcher::Client) -> bool {
        self.watchers.borrow_mut().insert(connection, watcher);
        self.present.get()
    }

    /// The connection is gone.
    pub(crate) fn forget(&self, connection: u64) {
        let watcher = self.watchers.borrow_mut().remove(&connection);
        drop(watcher);
    }
}
