//! Links to proxies that run on other nodes, through the directors of those. A link that breaks is made again, at once and then
//! at growing intervals, for as long as the engine wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use ais::Dn;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::components::Components;

/// The first and the longest interval between two attempts.
const RETRY_FIRST: Duration = Duration::from_millis(10);
const RETRY_MAX: Duration = Duration::from_millis(250);

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("no node director listens on {path}: {source}")]
    Connect { path: PathBuf, source: std::io::Error },
    #[error("who listens on {0} is another user's, or gone")]
    Stranger(PathBuf),
    #[error("its node director refuses: {0}")]
    Refused(ais::Refusal),
    #[error("its node director is gone, or it is not registered any more")]
    Gone,
    #[error("the connection broke: {0}")]
    Broken(#[from] capnp::Error),
    #[error("a message cannot be read: {0}")]
    Wire(#[from] schema::WireError),
}

impl From<schema::Refused> for LinkError {
    fn from(refused: schema::Refused) -> LinkError {
        LinkError::Refused(refused.into())
    }
}

/// What the engine wants of a link.
pub(crate) struct Wish {
    pub(crate) proxy: Dn,
    /// What the proxy manages here.
    pub(crate) comps: watch::Receiver<BTreeSet<Dn>>,
    /// Told when the link is not wanted any more.
    pub(crate) over: Rc<Notify>,
}

struct Link {
    node: Dn,
    comps: watch::Sender<BTreeSet<Dn>>,
    over: Rc<Notify>,
}

/// All links that are wanted.
pub(crate) struct Links {
    /// Where the nodes have their directories.
    dir: PathBuf,
    components: Rc<Components>,
    wanted: BTreeMap<Dn, Link>,
}

impl Links {
    /// No links yet, in the cluster in `dir`.
    pub(crate) fn new(dir: &Path, components: Rc<Components>) -> Links {
        Links {
            dir: dir.join("nodes"),
            components,
            wanted: BTreeMap::new(),
        }
    }

    /// Wants a link to the proxy, or other components on the one that there is.
    pub(crate) fn begin(&mut self, proxy: Dn, node: Dn, comps: BTreeSet<Dn>) {
        if let Some(link) = self.wanted.get(&proxy).filter(|link| link.node == node) {
            link.comps.send_replace(comps);
            return;
        }
        self.end(&proxy);
        let (comps, receiver) = watch::channel(comps);
        let over = Rc::new(Notify::new());
        let wish = Wish {
            proxy: proxy.clone(),
            comps: receiver,
            over: Rc::clone(&over),
        };
        let socket = self.dir.join(node.rdn_value()).join(crate::SOCKET);
        tokio::task::spawn_local(keep(Rc::clone(&self.components), socket, wish));
        self.wanted.insert(proxy, Link { node, comps, over });
    }

    /// The link is not wanted any more.
    pub(crate) fn end(&mut self, proxy: &Dn) {
        if let Some(link) = self.wanted.remove(proxy) {
            link.over.notify_one();
        }
    }
}

/// Makes the link and makes it again, until it is not wanted.
async fn keep(components: Rc<Components>, socket: PathBuf, mut wish: Wish) {
    let mut pause = RETRY_FIRST;
    let mut told = String::new();
    loop {
        let begun = Instant::now();
        let attempt = Rc::clone(&components).reach(&socket, &mut wish);
        let (linked, error) = match attempt.await {
            (_, Ok(())) => return,
            (linked, Err(error)) => (linked, error),
        };
        let text = error.to_string();
        if linked || told != text {
            tracing::info!(proxy = %wish.proxy, cause = text, "no link to a proxy of another node");
            told = text;
        }
        if begun.elapsed() > RETRY_MAX {
            pause = RETRY_FIRST;
        }
        tokio::select! {
            () = wish.over.notified() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(RETRY_MAX);
    }
}
