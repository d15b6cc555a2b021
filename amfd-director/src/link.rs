//! The connection to immd: attach, read the model, publish, and all of it again when immd was away.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ais::{AisError, CcbOperation, ClassCategory, ClassDef, Dn, Scope, Value};
use futures::future::try_join_all;
use immd_client::{AttrChoice, Imm, ImmError, Implementer, ImplementerCallbacks, Limits, SearchParams};
use tracing::{debug, info, warn};

use crate::IMPLEMENTER;
use crate::callbacks::Callbacks;
use crate::model::{ASSIGNMENT_CLASSES, Image, Model};
use crate::publisher::instead_of_create;
use crate::shell::Shell;

/// The pause before the second attempt to attach; doubled with each further one.
const RETRY_FIRST: Duration = Duration::from_millis(20);
/// The longest pause between two attempts.
const RETRY_MOST: Duration = Duration::from_secs(1);
/// How long a call may take. An immd that is slow, over a long change of the model, is not gone: to attach again would
/// make it slower still. One that dies is noticed by the connection's end.
const CALL_MOST: Duration = Duration::from_mins(1);
/// How many operations one call publishes.
const BATCH: usize = 200;
/// How often a batch is sent again that immd puts off.
const PUT_OFF_MOST: u32 = 100;
/// The pause before it is.
const PUT_OFF_PAUSE: Duration = Duration::from_millis(20);

/// Attaches to immd and stays attached; never ends.
pub(crate) async fn run(shell: Rc<Shell>, dir: PathBuf) {
    let mut pause = RETRY_FIRST;
    let mut told = String::new();
    loop {
        match attach(&shell, &dir).await {
            Ok((imm, implementer)) => {
                pause = RETRY_FIRST;
                told.clear();
                info!("attached to immd as {IMPLEMENTER}");
                shell.repository_reachable(true);
                tokio::select! {
                    () = imm.closed() => {}
                    error = publish(&shell, &implementer) => warn!(%error, "publishing failed"),
                }
                warn!("the connection to immd is gone; services stay protected, attaching again");
                shell.repository_reachable(false);
            }
            Err(error) => {
                let text = error.to_string();
                if text != told {
                    warn!(%error, "cannot attach to immd yet");
                    told = text;
                }
                tokio::time::sleep(pause).await;
                pause = RETRY_MOST.min(pause * 2);
            }
        }
    }
}

/// Becomes the implementer of every SaAmf class, reads the model and brings the engine up to date.
async fn attach(shell: &Rc<Shell>, dir: &Path) -> Result<(Imm, Implementer), ImmError> {
    let limits = Limits::from_environment();
    let limits = Limits {
        call: limits.call.max(CALL_MOST),
        ..limits
    };
    let imm = Imm::connect_with(dir, limits).await?;
    let callbacks = Rc::new(Callbacks::new(Rc::clone(shell)));
    let implementer = imm
        .implementer(Rc::clone(&callbacks) as Rc<dyn ImplementerCallbacks>, true)
        .await?;
    implementer.set(IMPLEMENTER).await?;
    let model = read_model(&imm, &implementer).await?;
    let existing = model.assignment_objects();
    shell.board.borrow_mut().set_uncached(model.uncached());
    if shell.is_started() {
        let changes = shell.model.borrow().difference(&model);
        *shell.model.borrow_mut() = model;
        if !changes.is_empty() {
            info!(changes = changes.len(), "the model changed while immd was away");
            shell.change_model(changes);
        }
        shell.board.borrow_mut().republish(&existing);
        shell.publish_wanted.notify_one();
    } else {
        *shell.model.borrow_mut() = model;
        shell.start();
    }
    callbacks.set_ready();
    Ok((imm, implementer))
}

/// Implements every SaAmf class there is, so that nothing changes unseen, and then reads their objects.
async fn read_model(imm: &Imm, implementer: &Implementer) -> Result<Model, ImmError> {
    let names = imm.class_names().await?;
    let names: Vec<&String> = names.iter().filter(|name| name.starts_with("SaAmf")).collect();
    let classes = try_join_all(names.iter().map(|name| imm.class_describe(name))).await?;
    let configured = classes
        .iter()
        .filter(|class| class.category == ClassCategory::Config);
    try_join_all(configured.map(|class| implementer.class_set(&class.name))).await?;
    let is_read = |class: &&ClassDef| {
        class.category == ClassCategory::Config || ASSIGNMENT_CLASSES.contains(&class.name.as_str())
    };
    let read = try_join_all(
        classes
            .iter()
            .filter(is_read)
            .map(|class| read_objects(imm, class)),
    )
    .await?;
    Ok(Model {
        objects: read.into_iter().flatten().collect(),
        classes: classes
            .into_iter()
            .map(|class| (class.name.clone(), class))
            .collect(),
    })
}

/// The objects of a class, with the attributes that the repository holds itself.
async fn read_objects(imm: &Imm, class: &ClassDef) -> Result<Vec<(Dn, Image)>, ImmError> {
    let params = SearchParams {
        root: None,
        scope: Scope::Subtree,
        filter: Some((
            "SaImmAttrClassName".to_owned(),
            Some(Value::String(class.name.clone())),
        )),
        attrs: AttrChoice::Some(Model::held_attributes(class)),
    };
    let found = imm.search(params).await?.collect().await?;
    let image = |attrs| Image {
        class: class.name.clone(),
        attrs,
    };
    Ok(found
        .into_iter()
        .map(|object| (object.dn, image(object.attrs)))
        .collect())
}

/// Publishes whatever is queued; ends when the connection does.
async fn publish(shell: &Shell, implementer: &Implementer) -> ImmError {
    loop {
        let (operations, queued) = {
            let mut board = shell.board.borrow_mut();
            (board.take(), board.queued())
        };
        for batch in operations.chunks(BATCH) {
            let begun = Instant::now();
            if let Err(error) = publish_batch(implementer, batch).await {
                return error;
            }
            shell.metrics.published(begun.elapsed());
        }
        shell.published.send_replace(queued);
        shell.publish_wanted.notified().await;
    }
}

/// Publishes a batch; what is refused is logged and left out, and what has no room is tried until it has.
async fn publish_batch(implementer: &Implementer, batch: &[CcbOperation]) -> Result<(), ImmError> {
    let mut rest = batch.to_vec();
    let mut put_off = 0;
    let mut is_told = false;
    while !rest.is_empty() {
        let Err((error, index)) = implementer.update(&rest).await else {
            return Ok(());
        };
        let ImmError::Refused { error: code, texts } = &error else {
            return Err(error);
        };
        rest.drain(..index.min(rest.len()));
        let Some(refused) = rest.first() else {
            return Ok(());
        };
        let instead = instead_of_create(refused).filter(|_| *code == AisError::Exist);
        if let Some(instead) = instead {
            rest[0] = instead;
        } else if *code == AisError::TryAgain && put_off < PUT_OFF_MOST {
            put_off += 1;
            tokio::time::sleep(PUT_OFF_PAUSE).await;
        } else if *code == AisError::NoResources {
            // A disk that is full now is not full for ever. What waits for this, as the answer to an operator, waits on:
            // a state that is not stored would be lost with this director.
            if !is_told {
                warn!(texts = texts.join("; "), "publishing waits for immd");
                is_told = true;
            }
            tokio::time::sleep(RETRY_MOST).await;
        } else {
            report_refused(refused, *code, texts);
            rest.remove(0);
        }
    }
    Ok(())
}

/// An object that is gone meanwhile is in order; anything else is worth a look.
fn report_refused(operation: &CcbOperation, code: AisError, texts: &[String]) {
    let texts = texts.join("; ");
    if code == AisError::NotExist {
        debug!(dn = %operation.dn(), texts, "not published: the object is gone");
    } else {
        warn!(dn = %operation.dn(), %code, texts, "not published");
    }
}
