//! Rust client of the information model daemon.
//!
//! [`Imm`] is a connection; the handles made from it close when they are dropped. Everything is `!Send` and
//! must run on a tokio `LocalSet` (Cap'n Proto RPC is single-threaded).

use std::path::Path;
use std::rc::Rc;

pub use ais::AttrChoice;
use ais::{AisError, Attr, CcbOperation, ClassDef, Dn, Object, Parameter, Refusal, Scope, Value};

/// Why a call did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ImmError {
    /// Nobody listens on the socket: no cluster runs in this directory.
    #[error("no information model daemon answers on {socket}")]
    NotRunning {
        /// The path of the socket.
        socket: String,
        /// Why the connection failed.
        #[source]
        source: std::io::Error,
    },
    /// The daemon refused; the texts are its explanations, the most important first.
    #[error("{error}")]
    Refused {
        /// The code.
        error: AisError,
        /// The explanations, one sentence each.
        texts: Vec<String>,
    },
    /// The connection broke; of a change in flight it is not known whether it was made.
    #[error("the connection to the information model daemon broke: {0}")]
    Disconnected(String),
}

/// What to search for.
#[derive(Debug, Clone)]
pub struct SearchParams {
    /// Where to begin; `None` is the whole tree.
    pub root: Option<Dn>,
    /// How deep; `Sublevel` or `Subtree`.
    pub scope: Scope,
    /// Only objects with this attribute and, if given, this value in it.
    pub filter: Option<(String, Option<Value>)>,
    /// What to return.
    pub attrs: AttrChoice,
}

/// A connection to immd.
#[derive(Clone)]
pub struct Imm {}

impl Imm {
    /// Connects to the daemon whose socket is `immd.sock` in the cluster's directory.
    pub async fn connect(_dir: &Path) -> Result<Imm, ImmError> {
        unimplemented!()
    }

    /// Creates a class, or changes an existing one where schema changes are allowed.
    pub async fn class_create(&self, _class: &ClassDef) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Deletes a class without instances.
    pub async fn class_delete(&self, _name: &str) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// The class with its system attributes, attributes in descending byte order of their names.
    pub async fn class_describe(&self, _name: &str) -> Result<ClassDef, ImmError> {
        unimplemented!()
    }

    /// The names of all classes in the order of their creation.
    pub async fn class_names(&self) -> Result<Vec<String>, ImmError> {
        unimplemented!()
    }

    /// One object.
    pub async fn get(&self, _dn: &Dn, _attrs: AttrChoice) -> Result<Object, ImmError> {
        unimplemented!()
    }

    /// Begins a search over a snapshot.
    pub async fn search(&self, _params: SearchParams) -> Result<Search, ImmError> {
        unimplemented!()
    }

    /// An admin owner by this name.
    pub async fn admin_owner(&self, _name: &str, _release_on_finalize: bool) -> Result<AdminOwner, ImmError> {
        unimplemented!()
    }

    /// Takes every owner from these objects.
    pub async fn admin_owner_clear(&self, _objects: &[Dn], _scope: Scope) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Becomes an implementer; `canonical_modify` makes modifications arrive as REPLACE with the resulting values.
    pub async fn implementer(
        &self,
        _callbacks: Rc<dyn ImplementerCallbacks>,
        _canonical_modify: bool,
    ) -> Result<Implementer, ImmError> {
        unimplemented!()
    }

    /// Whether the CCB with this id was committed; NOT_EXIST where that is not known.
    pub async fn ccb_outcome(&self, _id: u64) -> Result<bool, ImmError> {
        unimplemented!()
    }

    /// Completes when the connection is gone.
    pub async fn closed(&self) {
        unimplemented!()
    }
}

/// A search in progress.
pub struct Search {}

impl Search {
    /// The next objects, in ascending byte order of their DNs; empty at the end.
    pub async fn next_batch(&mut self) -> Result<Vec<Object>, ImmError> {
        unimplemented!()
    }

    /// All that is left.
    pub async fn collect(self) -> Result<Vec<Object>, ImmError> {
        unimplemented!()
    }
}

/// An admin owner handle.
pub struct AdminOwner {}

impl AdminOwner {
    /// Becomes owner of these objects and, by scope, of those below.
    pub async fn set(&self, _objects: &[Dn], _scope: Scope) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Gives these objects up.
    pub async fn release(&self, _objects: &[Dn], _scope: Scope) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// A CCB with these `SaImmCcbFlagsT` ([`CCB_REGISTERED_OI`], [`CCB_ALLOW_NULL_OI`]).
    pub async fn ccb(&self, _flags: u64) -> Result<Ccb, ImmError> {
        unimplemented!()
    }

    /// Initialises a CCB, adds the operations and applies it, in one round trip; gives its id.
    pub async fn ccb_apply(&self, _flags: u64, _operations: &[CcbOperation]) -> Result<u64, ImmError> {
        unimplemented!()
    }

    /// Invokes an administrative operation and waits for its result.
    ///
    /// `Err` is the call's failure; the implementer's own result stands in the reply.
    pub async fn admin_operation(
        &self,
        _object: &str,
        _operation: u64,
        _parameters: &[Parameter],
        _timeout_ms: u64,
    ) -> Result<AdminOperationReply, ImmError> {
        unimplemented!()
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
pub struct Ccb {}

impl Ccb {
    /// Adds operations in their order; stops at the first one refused, whose index is in the second field of the error.
    pub async fn run(&self, _operations: &[CcbOperation]) -> Result<(), (ImmError, usize)> {
        unimplemented!()
    }

    /// Asks the implementers whether the CCB could be applied.
    pub async fn validate(&self) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Applies; OK means durable. Gives the CCB's id.
    pub async fn apply(&self) -> Result<u64, ImmError> {
        unimplemented!()
    }

    /// Drops all operations; the handle can be used again.
    pub async fn abort(&self) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// An object as the CCB sees it.
    pub async fn read(&self, _dn: &Dn, _attrs: AttrChoice) -> Result<Object, ImmError> {
        unimplemented!()
    }
}

/// What immd asks an implementer. Calls of one CCB come in order; an administrative operation may take long and
/// others come meanwhile.
pub trait ImplementerCallbacks {
    /// Operations of a CCB, in their order. A refusal aborts the whole CCB.
    fn ccb_operations(
        self: Rc<Self>,
        ccb: u64,
        operations: Vec<CcbOperation>,
    ) -> LocalFuture<Result<(), Refusal>>;
    /// Whether the CCB as a whole can be applied.
    fn ccb_completed(self: Rc<Self>, ccb: u64) -> LocalFuture<Result<(), Refusal>>;
    /// The CCB is committed.
    fn ccb_apply(self: Rc<Self>, ccb: u64) -> LocalFuture<()>;
    /// The CCB is aborted.
    fn ccb_abort(self: Rc<Self>, ccb: u64) -> LocalFuture<()>;
    /// An administrative operation on an object, or on the implementer's own name.
    fn admin_operation(
        self: Rc<Self>,
        object: String,
        operation: u64,
        parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply>;
    /// The values of these runtime attributes that the repository does not hold.
    fn rt_attr_update(
        self: Rc<Self>,
        object: Dn,
        names: Vec<String>,
    ) -> LocalFuture<Result<Vec<Attr>, Refusal>>;
}

/// A boxed future on the local thread.
pub type LocalFuture<T> = std::pin::Pin<Box<dyn Future<Output = T>>>;

/// An implementer handle; dropping it detaches the name.
pub struct Implementer {}

impl Implementer {
    /// Takes the name; EXIST when another holds it.
    pub async fn set(&self, _name: &str) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Gives the name back.
    pub async fn clear(&self) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Implements every instance of a configuration class.
    pub async fn class_set(&self, _class: &str) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// No longer implements the class.
    pub async fn class_release(&self, _class: &str) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Implements these objects.
    pub async fn object_set(&self, _dn: &Dn, _scope: Scope) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// No longer implements these objects.
    pub async fn object_release(&self, _dn: &Dn, _scope: Scope) -> Result<(), ImmError> {
        unimplemented!()
    }

    /// Changes runtime data in the order given; stops at the first one refused, whose index is given with the error.
    pub async fn update(&self, _operations: &[CcbOperation]) -> Result<(), (ImmError, usize)> {
        unimplemented!()
    }
}
