//! A daemon on a real socket and a real store, in this process.

#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(dead_code, reason = "not every test file uses all of it")]

pub(crate) mod oi;

use std::path::Path;
use std::time::Duration;

use ais::{
    Attr, AttrDef, AttrFlags, AttrModification, CcbOperation, ClassCategory, ClassDef, Dn, ModificationType,
    Value, ValueType,
};
use immd::{Daemon, Options};
use immd_client::{AdminOwner, Imm, ImmError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Nothing in these tests takes so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a test on one thread, with a deadline.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    run_within(DEADLINE, test)
}

/// Runs a test that makes thousands of calls.
pub(crate) fn run_long<T>(test: impl Future<Output = T>) -> T {
    run_within(DEADLINE * 6, test)
}

fn run_within<T>(deadline: Duration, test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    runtime
        .block_on(local.run_until(async { tokio::time::timeout(deadline, test).await }))
        .expect("the test took too long")
}

/// A daemon that serves.
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), immd::Error>>,
}

impl Server {
    pub(crate) fn start(options: &Options) -> Server {
        let daemon = Daemon::start(options).unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::task::spawn_local(daemon.serve(async {
            let _gone = stopped.await;
        }));
        Server {
            stop: Some(stop),
            task,
        }
    }

    pub(crate) fn in_dir(dir: &Path) -> Server {
        Server::start(&Options::new(dir))
    }

    /// Stops and waits until the store is closed.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

pub(crate) fn attr_def(name: &str, value_type: ValueType, flags: AttrFlags) -> AttrDef {
    AttrDef {
        name: name.to_owned(),
        value_type,
        flags,
        default: None,
    }
}

/// A configuration class `Item` with RDN `item`, `weight`, `note`, `tags`, and runtime attributes `state` (cached),
/// `kept` (persistent) and `live` (asked for).
pub(crate) fn item_class() -> ClassDef {
    const WRITABLE: AttrFlags = AttrFlags::CONFIG.union(AttrFlags::WRITABLE);
    ClassDef {
        name: "Item".to_owned(),
        category: ClassCategory::Config,
        attrs: vec![
            attr_def("item", ValueType::String, AttrFlags::RDN | AttrFlags::CONFIG),
            attr_def("weight", ValueType::Uint32, WRITABLE),
            attr_def("note", ValueType::String, WRITABLE),
            attr_def("tags", ValueType::String, WRITABLE | AttrFlags::MULTI_VALUE),
            attr_def("state", ValueType::Uint32, AttrFlags::RUNTIME | AttrFlags::CACHED),
            attr_def(
                "kept",
                ValueType::Uint32,
                AttrFlags::RUNTIME | AttrFlags::PERSISTENT | AttrFlags::CACHED,
            ),
            attr_def("live", ValueType::Uint32, AttrFlags::RUNTIME),
        ],
    }
}

/// A runtime class `Event` with RDN `event` and `count`; persistent or not.
pub(crate) fn event_class(name: &str, persistent: bool) -> ClassDef {
    let mut flags = AttrFlags::RUNTIME | AttrFlags::CACHED;
    if persistent {
        flags |= AttrFlags::PERSISTENT;
    }
    ClassDef {
        name: name.to_owned(),
        category: ClassCategory::Runtime,
        attrs: vec![
            attr_def("event", ValueType::String, AttrFlags::RDN | flags),
            attr_def("count", ValueType::Uint32, flags),
        ],
    }
}

pub(crate) fn create(class: &str, name: &str, attrs: Vec<Attr>) -> CcbOperation {
    CcbOperation::Create {
        class: class.to_owned(),
        dn: dn(name),
        attrs,
    }
}

pub(crate) fn item(name: &str, weight: u32) -> CcbOperation {
    create("Item", name, vec![Attr::single("weight", Value::Uint32(weight))])
}

pub(crate) fn replace(name: &str, attr: &str, value: Value) -> CcbOperation {
    CcbOperation::Modify {
        dn: dn(name),
        changes: vec![AttrModification {
            kind: ModificationType::Replace,
            attr: Attr::single(attr, value),
        }],
    }
}

pub(crate) fn delete(name: &str) -> CcbOperation {
    CcbOperation::Delete { dn: dn(name) }
}

/// A client with class `Item`, and an owner.
pub(crate) async fn client(dir: &Path) -> (Imm, AdminOwner) {
    let imm = Imm::connect(dir).await.unwrap();
    if !imm.class_names().await.unwrap().contains(&"Item".to_owned()) {
        imm.class_create(&item_class()).await.unwrap();
    }
    let owner = imm.admin_owner("tester", true).await.unwrap();
    (imm, owner)
}

/// The code of a refusal; anything else fails the test.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, ImmError>) -> ais::AisError {
    match result {
        Err(ImmError::Refused { error, .. }) => error,
        other => panic!("expected a refusal, not {other:?}"),
    }
}

/// Asks until it is so; the test's deadline ends it.
pub(crate) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}
