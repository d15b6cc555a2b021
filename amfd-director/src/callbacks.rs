//! What immd asks the director as the implementer of the SaAmf classes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use ais::amf::AdminOperation;
use ais::{AisError, Attr, CcbOperation, Dn, Parameter, Refusal, Value};
use director_engine::ModelChange;
use immd_client::{AdminOperationReply, ImplementerCallbacks, LocalFuture};
use tracing::{info, warn};

use crate::IMPLEMENTER;
use crate::dump;
use crate::shell::Shell;

/// The parameter that carries the explanation of a refused administrative operation (OpenSAF practice).
const ERROR_PARAMETER: &str = "SaImmAdminOperationError";

/// The callbacks of one connection.
pub(crate) struct Callbacks {
    shell: Rc<Shell>,
    /// Set when the model has been read over this connection; before that nothing may change.
    ready: Cell<bool>,
    ccbs: RefCell<BTreeMap<u64, Vec<ModelChange>>>,
}

impl Callbacks {
    /// Callbacks that put everything off until the model has been read.
    pub(crate) fn new(shell: Rc<Shell>) -> Callbacks {
        Callbacks {
            shell,
            ready: Cell::new(false),
            ccbs: RefCell::default(),
        }
    }

    /// The model has been read.
    pub(crate) fn set_ready(&self) {
        self.ready.set(true);
    }

    fn check_ready(&self) -> Result<(), Refusal> {
        if self.ready.get() {
            Ok(())
        } else {
            let text = "the director is reading the model; try again";
            Err(Refusal::new(AisError::TryAgain, text))
        }
    }

    fn collect(&self, ccb: u64, operations: Vec<CcbOperation>) -> Result<(), Refusal> {
        self.check_ready()?;
        let model = self.shell.model.borrow();
        for operation in operations {
            let changes = model.changes(operation)?;
            self.ccbs.borrow_mut().entry(ccb).or_default().extend(changes);
        }
        Ok(())
    }

    /// An operation on the director itself.
    fn operate_self(&self, operation: u64, parameters: &[Parameter]) -> Result<Vec<Parameter>, Refusal> {
        if operation != dump::OPERATION {
            let text = format!(
                "{operation} is no operation of the director; {} writes its state down",
                dump::OPERATION
            );
            return Err(Refusal::new(AisError::InvalidParam, text));
        }
        self.check_ready()?;
        let path = dump::path(parameters, self.shell.next_dump())?;
        let answer = dump::write(&path, &self.shell.dump())?;
        info!(path = %path.display(), "the state is written down");
        Ok(answer)
    }

    async fn operate(self: Rc<Self>, object: String, operation: u64) -> AdminOperationReply {
        let begin = Instant::now();
        let name = u32::try_from(operation)
            .ok()
            .and_then(AdminOperation::from_code)
            .map_or_else(|| operation.to_string(), |known| known.to_string());
        let result = match (self.check_ready(), Dn::new(&object)) {
            (Err(refusal), _) => Err(refusal),
            (_, Err(error)) => Err(Refusal::new(AisError::InvalidParam, error.to_string())),
            (Ok(()), Ok(dn)) => Rc::clone(&self.shell).admin_operation(dn, operation).await,
        };
        let ms = begin.elapsed().as_millis();
        match &result {
            Ok(()) => info!(object, operation = name, ms, "administrative operation done"),
            Err(refusal) => info!(object, operation = name, ms, %refusal, "administrative operation refused"),
        }
        reply(result)
    }
}

/// The answer as it travels: the code as result, the sentence as parameter.
fn reply(result: Result<(), Refusal>) -> AdminOperationReply {
    match result {
        Ok(()) => AdminOperationReply {
            result: Ok(()),
            parameters: Vec::new(),
        },
        Err(refusal) => AdminOperationReply {
            result: Err(refusal.error),
            parameters: vec![Parameter {
                name: ERROR_PARAMETER.to_owned(),
                value: Value::String(refusal.text),
            }],
        },
    }
}

impl ImplementerCallbacks for Callbacks {
    fn ccb_operations(
        self: Rc<Self>,
        ccb: u64,
        operations: Vec<CcbOperation>,
    ) -> LocalFuture<Result<(), Refusal>> {
        let result = self.collect(ccb, operations);
        Box::pin(async move { result })
    }

    fn ccb_completed(self: Rc<Self>, ccb: u64) -> LocalFuture<Result<(), Refusal>> {
        let result = match self.ccbs.borrow().get(&ccb) {
            Some(changes) => self.shell.validate(changes),
            None => Ok(()),
        };
        if let Err(refusal) = &result {
            info!(ccb, %refusal, "a CCB is refused");
        }
        Box::pin(async move { result })
    }

    fn ccb_apply(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        let changes = self.ccbs.borrow_mut().remove(&ccb);
        if let Some(changes) = changes {
            info!(ccb, changes = changes.len(), "a CCB is applied");
            self.shell.change_model(changes);
        } else {
            warn!(ccb, "a CCB without operations for the director is applied");
        }
        Box::pin(async {})
    }

    fn ccb_abort(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        self.ccbs.borrow_mut().remove(&ccb);
        Box::pin(async {})
    }

    fn admin_operation(
        self: Rc<Self>,
        object: String,
        operation: u64,
        parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply> {
        if object == IMPLEMENTER {
            let answer = match self.operate_self(operation, &parameters) {
                Ok(parameters) => AdminOperationReply {
                    result: Ok(()),
                    parameters,
                },
                Err(refusal) => reply(Err(refusal)),
            };
            return Box::pin(async move { answer });
        }
        Box::pin(self.operate(object, operation))
    }

    fn rt_attr_update(
        self: Rc<Self>,
        object: Dn,
        names: Vec<String>,
    ) -> LocalFuture<Result<Vec<Attr>, Refusal>> {
        let values = self.shell.board.borrow().values(&object, &names);
        Box::pin(async move { Ok(values) })
    }
}
