//! The information model itself: classes, objects, CCBs, search, admin ownership and the implementer registry.
//!
//! Everything is decided here and nothing is done here: no I/O, no clock, no waiting. A change goes through two
//! stages, because an answer may only be given for what is durable and nobody may see what is not:
//!
//! 1. A `*_prepare` function (for CCBs [`Repository::ccb_stored_changes`]) checks the change, locks what it touches
//!    and says what the store must write. Where there is nothing to write, the second stage follows at once.
//! 2. `make_visible` (for CCBs [`Repository::ccb_make_visible`]) shows the change to readers; `discard`
//!    ([`Repository::ccb_store_failed`]) drops it.
//!
//! Between the two, changes of the same objects are refused with TRY_AGAIN; the caller may wait and ask again.
//!
//! A CCB: [`Repository::ccb_initialize`], [`Repository::ccb_operation`] (whose calls go to the implementers; a refusal
//! of theirs goes to [`Repository::ccb_refused`]), [`Repository::ccb_prepare`] (whose implementers are sent
//! "completed"), [`Repository::ccb_validated`], `ccb_stored_changes`, the store, `ccb_make_visible`, and the "apply"
//! calls that it names. Many things abort CCBs: whoever calls into the repository drains
//! [`Repository::take_aborted`] afterwards and tells the implementers named there.

use std::collections::BTreeMap;

mod admin;
mod binding;
mod ccb;
mod class;
mod class_change;
mod create;
mod ids;
mod implementer;
mod load;
mod locks;
mod migration;
mod notify;
mod object;
mod overlay;
mod owner;
mod read;
mod rule;
mod runtime;
mod schema_change;
mod search;
mod service;
mod settings;
mod store;
mod tree;
mod values;
mod view;

pub use admin::AdminRoute;
pub use ccb::{AbortedCcb, CCB_ALLOW_NULL_OI, CCB_REGISTERED_OI, CcbState, Committed, ImplementerCall};
pub use class::Class;
pub use class_change::ClassCreation;
pub use ids::{AdminOwnerId, CcbId, ClassId, ImplementerId, ObjectId};
pub use implementer::{DETACH_GRACE, ImplementerInfo};
pub use load::{LoadError, LoadItem, Loading, NewObject};
pub use migration::{Migration, MigrationPlan};
pub use object::{ObjectBody, Values};
pub use read::{Fetch, ReadObject};
pub use rule::Rule;
pub use runtime::RuntimeChange;
pub use search::{Found, SearchParams, Snapshot, Test};
pub use service::{SCHEMA_CHANGE, is_service_dn};
pub use settings::{AccessControl, AccessMode, Settings};
pub use store::{Counters, Prepared, StoredChange, StoredObject};
pub use view::{AttrView, ObjectView, ValuesView};

/// The owner that objects have after a start, which anyone may replace.
pub const LOADER_OWNER: &str = "IMMLOADER";

/// The information model in memory.
#[derive(Debug)]
pub struct Repository {
    classes: class::Classes,
    tree: tree::Tree,
    locks: locks::Locks,
    implementers: implementer::Implementers,
    owners: owner::Owners,
    ccbs: BTreeMap<CcbId, ccb::Ccb>,
    settings: Settings,
    service: service::ServiceState,
    next_ccb: u64,
    next_change: u64,
    /// Durable changes that are prepared and neither visible nor discarded.
    unfinished: usize,
    /// Aborted since the caller last asked.
    aborted: Vec<AbortedCcb>,
    /// Objects with administrative operations in progress, and how many.
    admin_operations: BTreeMap<ais::Dn, usize>,
    /// For special appliers since the caller last asked.
    notices: Vec<ImplementerCall>,
    /// Objects from the store, until the tree is built.
    restored: Vec<ObjectBody>,
    /// Until then implementers are expected to come back after a restart.
    reattach_until: ais::Millis,
}

impl Default for Repository {
    fn default() -> Repository {
        Repository {
            classes: class::Classes::default(),
            tree: tree::Tree::default(),
            locks: locks::Locks::default(),
            implementers: implementer::Implementers::default(),
            owners: owner::Owners::default(),
            ccbs: BTreeMap::new(),
            settings: Settings::default(),
            service: service::ServiceState::default(),
            next_ccb: 1,
            next_change: 0,
            unfinished: 0,
            aborted: Vec::new(),
            admin_operations: BTreeMap::new(),
            notices: Vec::new(),
            restored: Vec::new(),
            reattach_until: ais::Millis(0),
        }
    }
}
