//! The connection to immd over which changes of the information model come.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use ais::ntf::Notification;
use ais::{AisError, Attr, CcbOperation, Dn, Parameter, Refusal};
use immd_client::{AdminOperationReply, Imm, ImmError, Implementer, ImplementerCallbacks, LocalFuture};
use tracing::{debug, info};

use super::told;
use crate::shell::Shell;

/// The names of the special appliers; one that is taken leaves the other.
const NAMES: [&str; 2] = ["@OpenSafImmReplicatorA", "@OpenSafImmReplicatorB"];
/// The pause before immd is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Tells changes for as long as the daemon runs.
pub(crate) async fn run(shell: Rc<Shell>, dir: PathBuf) {
    // What changed before the first start of all was never to be told.
    let mut may_have_missed = !shell.notifications.borrow().is_new();
    // The director's own attachment comes first; immd is there then.
    shell.started().await;
    loop {
        match attach(&shell, &dir).await {
            Ok((imm, _implementer)) => {
                info!("changes of the information model are told");
                if std::mem::replace(&mut may_have_missed, true) {
                    tell(&shell, vec![told::lost()]);
                }
                imm.closed().await;
            }
            Err(error) => debug!(%error, "changes of the information model are not told yet"),
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn attach(shell: &Rc<Shell>, dir: &Path) -> Result<(Imm, Implementer), ImmError> {
    let imm = Imm::connect(dir).await?;
    let callbacks = Rc::new(Changes {
        shell: Rc::clone(shell),
        ccbs: RefCell::default(),
    });
    let implementer = imm.implementer(callbacks, false).await?;
    let first = implementer.set(NAMES[0]).await;
    if first.as_ref().map_err(ImmError::error) == Err(Some(AisError::Exist)) {
        implementer.set(NAMES[1]).await?;
    } else {
        first?;
    }
    Ok((imm, implementer))
}

fn tell(shell: &Shell, notifications: Vec<Notification>) {
    let mut service = shell.notifications.borrow_mut();
    for notification in notifications {
        service.tell(notification, None);
    }
}

/// What immd tells; it is never refused.
struct Changes {
    shell: Rc<Shell>,
    /// What belongs to CCBs that are not decided yet.
    ccbs: RefCell<BTreeMap<u64, Vec<CcbOperation>>>,
}

impl ImplementerCallbacks for Changes {
    fn ccb_operations(
        self: Rc<Self>,
        ccb: u64,
        operations: Vec<CcbOperation>,
    ) -> LocalFuture<Result<(), Refusal>> {
        if ccb == 0 {
            tell(&self.shell, told::notifications(0, &operations));
        } else {
            let mut ccbs = self.ccbs.borrow_mut();
            ccbs.entry(ccb).or_default().extend(operations);
        }
        Box::pin(async { Ok(()) })
    }

    fn ccb_completed(self: Rc<Self>, _ccb: u64) -> LocalFuture<Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    fn ccb_apply(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        let operations = self.ccbs.borrow_mut().remove(&ccb).unwrap_or_default();
        tell(&self.shell, told::notifications(ccb, &operations));
        Box::pin(async {})
    }

    fn ccb_abort(self: Rc<Self>, ccb: u64) -> LocalFuture<()> {
        self.ccbs.borrow_mut().remove(&ccb);
        Box::pin(async {})
    }

    fn admin_operation(
        self: Rc<Self>,
        _object: String,
        _operation: u64,
        _parameters: Vec<Parameter>,
    ) -> LocalFuture<AdminOperationReply> {
        Box::pin(async {
            AdminOperationReply {
                result: Err(AisError::NotSupported),
                parameters: Vec::new(),
            }
        })
    }

    fn rt_attr_update(
        self: Rc<Self>,
        _object: Dn,
        _names: Vec<String>,
    ) -> LocalFuture<Result<Vec<Attr>, Refusal>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
