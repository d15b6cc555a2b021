//! What one root handle has at the service; used in tasks only.
//!
//! A connection that is lost is made again when the handle is next used, and what was made over it is made again as it
//! was; meanwhile calls give TRY_AGAIN. A handle that cannot be as it was is stale for good: a change was in flight, a CCB
//! had operations, an owner was to be released with its handle, a search was not read to its end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use ais::{AisError, Dn, ValueType};
use immd_client::{AdminOwner, Ccb, Imm, ImmError, Implementer, Limits, Search, SearchParams};
use tokio::sync::{Mutex, Notify};

use crate::engine::{self, World};
use crate::failure::Failure;
use crate::pool::Line;

/// How often an implementer looks whether the service is there again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Told once, when the handle becomes stale.
pub(crate) type OnStale = Box<dyn Fn()>;

pub(crate) struct Session {
    world: Weak<World>,
    limits: Limits,
    line: RefCell<Rc<Line>>,
    /// One connection at a time is made again.
    reviving: Mutex<()>,
    stale: Cell<bool>,
    /// Told when the connection was made again, and when the handle is no more.
    news: Rc<Notify>,
    on_stale: OnStale,
    owners: RefCell<BTreeMap<u64, Owned>>,
    ccbs: RefCell<BTreeMap<u64, Bundle>>,
    searches: RefCell<BTreeMap<u64, Search>>,
    /// Connections for searches beyond those that the service allows on one.
    spare: RefCell<Vec<Rc<Line>>>,
    pub(crate) implementer: RefCell<Option<Rc<Implementer>>>,
    rdns: RefCell<BTreeMap<String, Rdn>>,
}

/// The attribute that names the objects of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rdn {
    pub(crate) name: String,
    pub(crate) value_type: ValueType,
}

struct Owned {
    owner: Rc<AdminOwner>,
    release_on_finalize: bool,
}

struct Bundle {
    ccb: Rc<Ccb>,
    owner: u64,
}

impl Session {
    pub(crate) async fn open(
        world: &Rc<World>,
        limits: Limits,
        on_stale: OnStale,
    ) -> Result<Rc<Session>, Failure> {
        let line = world.pool.line(limits).await?;
        // A connection that is refused says so at its first call.
        line.imm.info().await.map_err(not_yet)?;
        let session = Rc::new(Session {
            world: Rc::downgrade(world),
            limits,
            line: RefCell::new(line),
            reviving: Mutex::new(()),
            stale: Cell::new(false),
            news: Rc::default(),
            on_stale,
            owners: RefCell::default(),
            ccbs: RefCell::default(),
            searches: RefCell::default(),
            spare: RefCell::default(),
            implementer: RefCell::default(),
            rdns: RefCell::default(),
        });
        engine::spawn(Box::pin(watch(Rc::downgrade(&session))));
        Ok(session)
    }

    /// The connection, made again where it was lost.
    ///
    /// # Errors
    /// BAD_HANDLE where the handle is stale; TRY_AGAIN where the service is not there.
    pub(crate) async fn imm(&self) -> Result<Imm, Failure> {
        if self.stale.get() {
            return Err(AisError::BadHandle.into());
        }
        let imm = self.line.borrow().imm.clone();
        if !imm.is_closed() {
            return Ok(imm);
        }
        self.revive().await
    }

    async fn revive(&self) -> Result<Imm, Failure> {
        let _alone = self.reviving.lock().await;
        let imm = self.line.borrow().imm.clone();
        if !imm.is_closed() {
            return Ok(imm);
        }
        if self.is_bound_to_connection() {
            self.become_stale();
        }
        if self.stale.get() {
            return Err(AisError::BadHandle.into());
        }
        let world = self.world.upgrade().ok_or(AisError::BadHandle)?;
        let line = world.pool.line(self.limits).await?;
        line.imm.info().await.map_err(not_yet)?;
        match self.reestablish(&line.imm).await {
            Ok(()) => {
                let imm = line.imm.clone();
                *self.line.borrow_mut() = line;
                self.news.notify_one();
                Ok(imm)
            }
            Err(ImmError::Refused {
                error: AisError::BadHandle,
                ..
            }) => {
                self.become_stale();
                Err(AisError::BadHandle.into())
            }
            Err(error) => Err(not_yet(error)),
        }
    }

    /// Makes everything again over the new connection; nothing changes where one thing fails.
    async fn reestablish(&self, imm: &Imm) -> Result<(), ImmError> {
        let owners: Vec<_> = self
            .owners
            .borrow()
            .iter()
            .map(|(id, o)| (*id, o.owner.clone()))
            .collect();
        let mut new_owners = BTreeMap::new();
        for (id, owner) in owners {
            new_owners.insert(id, Rc::new(owner.reestablish(imm).await?));
        }
        let ccbs: Vec<_> = self
            .ccbs
            .borrow()
            .iter()
            .map(|(id, bundle)| (*id, bundle.owner, bundle.ccb.clone()))
            .collect();
        let mut new_ccbs = BTreeMap::new();
        for (id, owner, ccb) in ccbs {
            if let Some(owner) = new_owners.get(&owner) {
                new_ccbs.insert(id, Rc::new(ccb.reestablish(owner).await?));
            }
        }
        let implementer = self.implementer.borrow().clone();
        if let Some(implementer) = implementer {
            let again = implementer.reestablish(imm).await?;
            *self.implementer.borrow_mut() = Some(Rc::new(again));
        }
        for (id, owner) in new_owners {
            if let Some(owned) = self.owners.borrow_mut().get_mut(&id) {
                owned.owner = owner;
            }
        }
        for (id, ccb) in new_ccbs {
            if let Some(bundle) = self.ccbs.borrow_mut().get_mut(&id) {
                bundle.ccb = ccb;
            }
        }
        self.rdns.borrow_mut().clear();
        Ok(())
    }

    fn is_bound_to_connection(&self) -> bool {
        !self.searches.borrow().is_empty()
            || self
                .owners
                .borrow()
                .values()
                .any(|owned| owned.release_on_finalize)
    }

    pub(crate) fn become_stale(&self) {
        if !self.stale.replace(true) {
            (self.on_stale)();
        }
    }

    /// The result of a call that changes something. Where the connection broke while it was in flight, the handle is
    /// stale.
    pub(crate) fn changed<T>(&self, result: Result<T, ImmError>) -> Result<T, Failure> {
        if let Err(ImmError::Disconnected(_)) = &result {
            self.become_stale();
        }
        Ok(result?)
    }

    /// What a call that changes nothing gives; asked again where the connection broke.
    pub(crate) async fn read<T>(
        &self,
        mut ask: impl AsyncFnMut(Imm) -> Result<T, ImmError>,
    ) -> Result<T, Failure> {
        match ask(self.imm().await?).await {
            Err(ImmError::Disconnected(_)) => Ok(ask(self.imm().await?).await.map_err(not_yet)?),
            answer => Ok(answer?),
        }
    }

    /// The class's RDN attribute; looked up again where `afresh`.
    pub(crate) async fn rdn_of(&self, class: &str, afresh: bool) -> Result<Rdn, Failure> {
        let known = self.rdns.borrow().get(class).cloned();
        if let (Some(known), false) = (known, afresh) {
            return Ok(known);
        }
        let described = self.read(async |imm| imm.class_describe(class).await).await?;
        let attr = described.rdn().ok_or(AisError::Library)?;
        let rdn = Rdn {
            name: attr.name.clone(),
            value_type: attr.value_type,
        };
        self.rdns.borrow_mut().insert(class.to_owned(), rdn.clone());
        Ok(rdn)
    }

    /// The implementer, over a connection that is there.
    pub(crate) async fn implementer(&self) -> Result<Rc<Implementer>, Failure> {
        self.imm().await?;
        Ok(self.implementer.borrow().clone().ok_or(AisError::BadHandle)?)
    }

    pub(crate) fn add_owner(&self, id: u64, owner: AdminOwner, release_on_finalize: bool) {
        let owner = Rc::new(owner);
        self.owners.borrow_mut().insert(
            id,
            Owned {
                owner,
                release_on_finalize,
            },
        );
    }

    pub(crate) async fn owner(&self, id: u64) -> Result<Rc<AdminOwner>, Failure> {
        self.imm().await?;
        let owners = self.owners.borrow();
        Ok(owners.get(&id).ok_or(AisError::BadHandle)?.owner.clone())
    }

    pub(crate) fn add_ccb(&self, id: u64, owner: u64, ccb: Ccb) {
        let ccb = Rc::new(ccb);
        self.ccbs.borrow_mut().insert(id, Bundle { ccb, owner });
    }

    pub(crate) async fn ccb(&self, id: u64) -> Result<Rc<Ccb>, Failure> {
        self.imm().await?;
        let ccbs = self.ccbs.borrow();
        Ok(ccbs.get(&id).ok_or(AisError::BadHandle)?.ccb.clone())
    }

    /// Whether a CCB was committed, asked over a connection of the moment.
    pub(crate) async fn outcome(&self, id: u64) -> Result<bool, Failure> {
        let world = self.world.upgrade().ok_or(AisError::BadHandle)?;
        let line = world.pool.line(self.limits).await?;
        Ok(line.imm.ccb_outcome(id).await?)
    }

    /// Begins a search, on another connection where the first has too many.
    pub(crate) async fn begin_search(
        &self,
        params: &SearchParams,
        dependents_of: Option<&Dn>,
    ) -> Result<Search, Failure> {
        let search = async |imm: Imm| match dependents_of {
            None => imm.search(params.clone()).await,
            Some(target) => imm.search_dependents(params.clone(), target).await,
        };
        let mut begun = search(self.imm().await?).await;
        let spare = self.spare.borrow().clone();
        for line in &spare {
            if is_full(&begun) {
                begun = search(line.imm.clone()).await;
            }
        }
        if is_full(&begun) {
            let world = self.world.upgrade().ok_or(AisError::BadHandle)?;
            let line = world.pool.fresh(self.limits).await?;
            begun = search(line.imm.clone()).await;
            self.spare.borrow_mut().push(line);
        }
        self.changed(begun)
    }

    pub(crate) fn add_search(&self, id: u64, search: Search) {
        self.searches.borrow_mut().insert(id, search);
    }

    /// Takes the search out, to put it back where it goes on.
    pub(crate) fn take_search(&self, id: u64) -> Option<Search> {
        self.searches.borrow_mut().remove(&id)
    }

    /// Finalises these, and returns when the service has done so.
    pub(crate) async fn drop_handles(&self, ids: &[u64]) {
        let dropped = ids.iter().fold(false, |dropped, id| {
            let ccb = self.ccbs.borrow_mut().remove(id);
            let owner = self.owners.borrow_mut().remove(id);
            let search = self.searches.borrow_mut().remove(id);
            dropped || ccb.is_some() || owner.is_some() || search.is_some()
        });
        if dropped {
            self.settle().await;
        }
    }

    /// Finalises everything.
    pub(crate) async fn close(&self) {
        self.searches.take();
        self.spare.take();
        self.ccbs.take();
        self.owners.take();
        self.implementer.take();
        self.settle().await;
    }

    /// Waits until the service has heard of what was dropped: an answer comes after what was said before the question.
    pub(crate) async fn settle(&self) {
        let imm = self.line.borrow().imm.clone();
        if !imm.is_closed() {
            // Without an answer the connection is gone, and what was dropped with it.
            let _gone = imm.info().await;
        }
    }
}

/// Whether a connection has too many searches.
fn is_full(begun: &Result<Search, ImmError>) -> bool {
    matches!(
        begun,
        Err(ImmError::Refused {
            error: AisError::NoResources,
            ..
        })
    )
}

/// A failure to begin: the service is there, or will be.
fn not_yet(error: ImmError) -> Failure {
    match error {
        ImmError::Disconnected(_) => AisError::TryAgain.into(),
        error => error.into(),
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.news.notify_one();
    }
}

/// Notices the loss of the connection: says at once what is stale, and makes an implementer again as soon as the service is
/// there. It holds neither the handle nor the connection.
async fn watch(watched: Weak<Session>) {
    while let Some(session) = watched.upgrade() {
        let ended = session.line.borrow().imm.ended();
        let news = session.news.clone();
        if session.line.borrow().imm.is_closed() {
            if session.is_bound_to_connection() {
                session.become_stale();
            }
            if session.stale.get() {
                return;
            }
            if session.implementer.borrow().is_none() {
                drop(session);
                news.notified().await;
            } else if session.revive().await.is_err() {
                drop(session);
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            continue;
        }
        drop(session);
        tokio::select! {
            () = ended => {}
            () = news.notified() => {}
        }
    }
}
