//! The server of the component API on the node's socket.
//!
//! Who may connect: processes of the same user. Who may register a component: a process that belongs to it. A process
//! that dies is noticed twice, by its pidfd and by the end of its connection; the engine hears of the death first.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use ais::amf::{CallbackKind, CauseId, ProtectionGroupNotification};
use ais::ntf::CorrelationIds;
use ais::{AisError, Dn};
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use futures::io::{BufReader, BufWriter};
use node_engine::{Event, Invocation, SessionId};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use schema::component_capnp::{amf, component_callbacks, component_session};
use schema::{Refused, WireError};
use tokio::io::unix::AsyncFd;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::input::{Input, Inputs, tell};
use crate::processes::{Processes, watch};

mod pace;
pub(crate) mod presence;
mod reach;
mod relay;
mod session;

use presence::DirectorPresence;
use relay::Relays;

/// Sessions that one process may have.
const SESSIONS_PER_CONNECTION: usize = 2048;
/// Connections that one process may have, so that none keeps the others out.
const CONNECTIONS_PER_PROCESS: usize = 32;
/// Changes of protection groups that a session may leave untaken; then its connection is cut.
const CHANGES_UNTAKEN_MAX: usize = 1000;
/// File descriptors kept for everything that is no connection.
const RESERVED_FILES: u64 = 128;
/// Connections where the limit of open files is not known.
const CONNECTIONS_DEFAULT: usize = 256;
/// How long a process may live on after its connection ended and still count as the cause of it. The kernel closes a
/// dying process's files just before it tells of the death.
const DEATH_FOLLOWS: Duration = Duration::from_millis(5);
/// The largest message of a component in words of eight bytes.
const MESSAGE_WORDS_MAX: usize = 1 << 18;
/// How long to wait when no connection can be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The sessions of all connected processes.
pub(crate) struct Components {
    inputs: Inputs,
    processes: Processes,
    director: Rc<DirectorPresence>,
    table: RefCell<Table>,
}

#[derive(Default)]
struct Table {
    next_session: u64,
    sessions: BTreeMap<u64, Session>,
    next_connection: u64,
    connections: BTreeMap<u64, Rc<Connection>>,
    relays: Relays,
}

struct Session {
    callbacks: component_callbacks::Client,
    connection: u64,
    /// With whether the process is the component's own, not its proxy's or container's.
    registered: BTreeMap<Dn, bool>,
    /// Whether its component was asked to terminate.
    leaves: bool,
    /// The callbacks that are not answered yet, with the stories that led to them.
    asked: Rc<RefCell<BTreeMap<u64, CauseId>>>,
    /// Changes of protection groups that are not taken yet.
    untaken: Rc<Cell<usize>>,
    stage: Stage,
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The process has dropped it.
    Finalised,
    /// The loop is being told.
    Ended,
}

/// One connected process.
struct Connection {
    id: u64,
    pid: Pid,
    /// Told when a session of it is finalised.
    finalised: Notify,
    /// Told when it is to be ended.
    cut: Notify,
}

impl Components {
    /// A server without sessions.
    pub(crate) fn new(inputs: Inputs, processes: Processes, director: Rc<DirectorPresence>) -> Components {
        Components {
            inputs,
            processes,
            director,
            table: RefCell::default(),
        }
    }

    /// Accepts connections for ever.
    pub(crate) async fn accept(self: Rc<Self>, listener: UnixListener) {
        let own = rustix::process::geteuid().as_raw();
        let connections_max = connections_max();
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::error!(%error, "no component can connect");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let peer = stream.peer_cred().ok().filter(|peer| peer.uid() == own);
            let Some(pid) = peer.and_then(|peer| peer.pid()).and_then(Pid::from_raw) else {
                tracing::warn!("a process of another user tried to connect");
                continue;
            };
            if let Err(why) = self.check_room(pid, connections_max) {
                tracing::warn!(pid = pid.as_raw_pid(), "no connection: {why}");
                continue;
            }
            // At once, so that the number cannot come to mean another process.
            match pidfd_open(pid, PidfdFlags::NONBLOCK).map(watch) {
                Ok(Ok(pidfd)) => {
                    let connection = self.enter(pid);
                    tokio::task::spawn_local(Rc::clone(&self).serve(stream, connection, pidfd));
                }
                Ok(Err(error)) => tracing::warn!(pid = pid.as_raw_pid(), %error, "cannot watch a process"),
                Err(error) => tracing::debug!(pid = pid.as_raw_pid(), %error, "gone before it was served"),
            }
        }
    }

    /// Whether there is room for one more connection of the process.
    fn check_room(&self, pid: Pid, connections_max: usize) -> Result<(), String> {
        let table = self.table.borrow();
        if table.connections.len() >= connections_max {
            return Err(format!("all processes together have {connections_max}"));
        }
        let own = table.connections.values().filter(|other| other.pid == pid);
        if own.count() >= CONNECTIONS_PER_PROCESS {
            return Err(format!("the process has {CONNECTIONS_PER_PROCESS}"));
        }
        Ok(())
    }

    /// Whether the process has a connection.
    pub(crate) fn is_connected(&self, pid: i32) -> bool {
        let table = self.table.borrow();
        table
            .connections
            .values()
            .any(|other| other.pid.as_raw_pid() == pid)
    }

    /// How many processes are connected, and how many components are registered.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let table = self.table.borrow();
        let registered = table.sessions.values().map(|session| session.registered.len());
        (table.connections.len(), registered.sum())
    }

    /// The process has registered the component on the session.
    pub(crate) fn note_registered(&self, session: SessionId, comp: Dn, own: bool) {
        if let Some(session) = self.table.borrow_mut().sessions.get_mut(&session.0) {
            session.registered.insert(comp, own);
        }
    }

    /// The registration on the session is over.
    pub(crate) fn forget(&self, session: SessionId, comp: &Dn) {
        if let Some(session) = self.table.borrow_mut().sessions.get_mut(&session.0) {
            session.registered.remove(comp);
        }
        self.end_relays();
    }

    /// The registered components of a process, with their sessions.
    pub(crate) fn registered_by(&self, pid: Pid) -> Vec<(SessionId, Dn)> {
        let table = self.table.borrow();
        table
            .sessions
            .iter()
            .filter(|(_, session)| {
                let connection = table.connections.get(&session.connection);
                connection.is_some_and(|connection| connection.pid == pid)
            })
            .flat_map(|(&id, session)| {
                session
                    .registered
                    .keys()
                    .map(move |comp| (SessionId(id), comp.clone()))
            })
            .collect()
    }

    /// Asks a component, because of this story; the answer, if one comes, goes to the loop.
    pub(crate) fn call_back(
        &self,
        session: SessionId,
        invocation: Invocation,
        comp: &Dn,
        kind: &CallbackKind,
        cause: CauseId,
    ) {
        let (callbacks, asked) = match self.table.borrow_mut().sessions.get_mut(&session.0) {
            Some(session) => {
                let own = session.registered.get(comp) == Some(&true);
                session.leaves |= own && *kind == CallbackKind::Terminate;
                (session.callbacks.clone(), Rc::clone(&session.asked))
            }
            None => return,
        };
        let mut request = callbacks.callback_request();
        let callback = request.get().init_callback();
        if let Err(error) = schema::component::write_callback(invocation.0, comp, kind, callback) {
            tracing::error!(%comp, %error, "a callback cannot be sent");
            let result = Err(AisError::TooBig);
            tell(
                &self.inputs,
                Input::Event(Event::CallbackAnswered { invocation, result }),
            );
            return;
        }
        asked.borrow_mut().insert(invocation.0, cause);
        let (inputs, director) = (self.inputs.clone(), Rc::clone(&self.director));
        let comp = comp.clone();
        tokio::task::spawn_local(async move {
            let answer = request.send().promise.await;
            asked.borrow_mut().remove(&invocation.0);
            let result = match answer {
                Ok(response) => response.get().map_or(Err(AisError::MessageError), |answer| {
                    let ids = CorrelationIds {
                        root: answer.get_root(),
                        parent: answer.get_parent(),
                    };
                    let result = result_of(answer.get_result());
                    if result.is_err() && ids.used().is_some() {
                        director.correlate(&comp, false, ids);
                    }
                    result
                }),
                // The end of the connection, by rubbish too, is told by itself.
                Err(error) if !is_answer(&error) => {
                    tracing::debug!(%comp, %error, "a callback is not answered: the connection is gone");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%comp, %error, "a callback failed in the component");
                    Err(AisError::FailedOperation)
                }
            };
            tell(
                &inputs,
                Input::Event(Event::CallbackAnswered { invocation, result }),
            );
        });
    }

    /// Tells a process of a change of a protection group. One that takes no changes loses them.
    pub(crate) fn tell_group(
        &self,
        session: SessionId,
        csi: &Dn,
        members: Result<u32, AisError>,
        notifications: &[ProtectionGroupNotification],
    ) {
        let table = self.table.borrow();
        let Some(own) = table.sessions.get(&session.0) else {
            return;
        };
        if own.untaken.get() >= CHANGES_UNTAKEN_MAX {
            if let Some(connection) = table.connections.get(&own.connection) {
                let pid = connection.pid.as_raw_pid();
                tracing::warn!(pid, "cut off: it takes no changes of its protection groups");
                connection.cut.notify_one();
            }
            return;
        }
        own.untaken.set(own.untaken.get() + 1);
        let untaken = Rc::clone(&own.untaken);
        let mut request = own.callbacks.protection_group_request();
        let mut params = request.get();
        params.set_csi(csi.as_str());
        params.set_error(schema::value::result_code(members.map(drop)));
        params.set_member_count(members.unwrap_or(0));
        let Ok(len) = schema::list_len(notifications.len(), "protectionGroup.notifications") else {
            return;
        };
        schema::amf::write_notifications(notifications, params.init_notifications(len));
        let csi = csi.clone();
        tokio::task::spawn_local(async move {
            if let Err(error) = request.send().promise.await {
                tracing::debug!(%csi, %error, "a change of a protection group was not taken");
            }
            untaken.set(untaken.get().saturating_sub(1));
        });
    }

    /// Serves one connection to its end.
    async fn serve(self: Rc<Self>, stream: UnixStream, connection: Rc<Connection>, pidfd: AsyncFd<OwnedFd>) {
        let bootstrap: amf::Client = capnp_rpc::new_client(AmfServer {
            components: Rc::clone(&self),
            connection: Rc::clone(&connection),
        });
        let mut rpc = Box::pin(paced_rpc(stream, Side::Server, Some(bootstrap.client)));
        loop {
            tokio::select! {
                biased;
                _ = &mut rpc => break,
                _ = pidfd.readable() => break,
                () = connection.cut.notified() => break,
                () = connection.finalised.notified() => self.finalise(&connection, &pidfd).await,
            }
        }
        if !has_ended(&pidfd) {
            // What waits for an answer is told that none comes. After a death nothing comes before the death itself.
            drop(rpc);
        }
        self.leave(&connection, &pidfd).await;
    }

    fn enter(&self, pid: Pid) -> Rc<Connection> {
        let mut table = self.table.borrow_mut();
        let id = table.next_connection;
        table.next_connection += 1;
        let connection = Rc::new(Connection {
            id,
            pid,
            finalised: Notify::new(),
            cut: Notify::new(),
        });
        table.connections.insert(id, Rc::clone(&connection));
        connection
    }

    /// Ends the sessions that the process has finalised. Those of a process that is on its way out end with it.
    async fn finalise(&self, connection: &Connection, pidfd: &AsyncFd<OwnedFd>) {
        if self.leaves(connection) {
            return;
        }
        self.end_sessions(connection, pidfd, |session| session.stage == Stage::Finalised)
            .await;
    }

    /// Ends all sessions of a connection and the connection.
    async fn leave(&self, connection: &Connection, pidfd: &AsyncFd<OwnedFd>) {
        if self.leaves(connection) {
            // It may still have something to write down; one that stays too long is cleaned up by the engine.
            let _ended_or_unknown = pidfd.readable().await;
        }
        self.end_sessions(connection, pidfd, |_| true).await;
        let connection = connection.id;
        tell(&self.inputs, Input::Disconnected { connection });
    }

    /// Whether all that the process had registered was asked to terminate, so that its own end is what counts.
    fn leaves(&self, connection: &Connection) -> bool {
        let table = self.table.borrow();
        let own = || {
            let sessions = table.sessions.values();
            sessions.filter(|session| session.connection == connection.id)
        };
        // One that has unregistered on its way out still leaves.
        own().any(|session| session.leaves)
            && own().all(|session| session.leaves || session.registered.is_empty())
    }

    async fn end_sessions(
        &self,
        connection: &Connection,
        pidfd: &AsyncFd<OwnedFd>,
        ends: impl Fn(&Session) -> bool,
    ) {
        let concerned = |session: &Session| {
            session.connection == connection.id && session.stage != Stage::Ended && ends(session)
        };
        let registered = self
            .table
            .borrow()
            .sessions
            .values()
            .any(|session| concerned(session) && !session.registered.is_empty());
        if registered
            && tokio::time::timeout(DEATH_FOLLOWS, pidfd.readable())
                .await
                .is_ok()
        {
            tell(&self.inputs, Input::ProcessEnded { pid: connection.pid });
        }
        let mut table = self.table.borrow_mut();
        for (&id, session) in table
            .sessions
            .iter_mut()
            .filter(|(_, session)| concerned(session))
        {
            // The entry stays while `ProcessEnded`, which needs it, is on its way to the loop.
            session.stage = Stage::Ended;
            let session = SessionId(id);
            tell(&self.inputs, Input::Event(Event::SessionClosed { session }));
        }
    }

    /// The story that led to a callback of the session that is not answered yet.
    fn cause_of(&self, session: u64, invocation: u64) -> Option<CauseId> {
        let table = self.table.borrow();
        let asked = table.sessions.get(&session)?.asked.borrow();
        asked.get(&invocation).copied()
    }

    /// The loop has been told of the session's end.
    pub(crate) fn remove(&self, session: SessionId) {
        let removed = self.table.borrow_mut().sessions.remove(&session.0);
        drop(removed);
        self.end_relays();
    }

    /// The loop has been told of the connection's end.
    pub(crate) fn disconnect(&self, connection: u64) {
        let mut table = self.table.borrow_mut();
        table.connections.remove(&connection);
        table.relays.end(connection);
        drop(table);
        self.director.forget(connection);
    }

    /// Begins a session for a process, or for this proxy of another node.
    fn begin(
        self: &Rc<Self>,
        connection: &Rc<Connection>,
        callbacks: component_callbacks::Client,
        proxy: Option<Dn>,
    ) -> Result<(u64, component_session::Client), Refused> {
        let mut table = self.table.borrow_mut();
        let theirs = |session: &&Session| session.connection == connection.id;
        if table.sessions.values().filter(theirs).count() >= SESSIONS_PER_CONNECTION {
            return Err(Refused {
                error: AisError::NoResources,
                texts: vec![format!(
                    "a process may have {SESSIONS_PER_CONNECTION} sessions on a connection"
                )],
            });
        }
        let id = table.next_session;
        table.next_session += 1;
        table.sessions.insert(
            id,
            Session {
                callbacks,
                connection: connection.id,
                registered: BTreeMap::new(),
                leaves: false,
                asked: Rc::default(),
                untaken: Rc::default(),
                stage: Stage::Open,
            },
        );
        let server = session::SessionServer::new(id, Rc::clone(self), Rc::clone(connection), proxy);
        Ok((id, capnp_rpc::new_client(server)))
    }
}

/// Cap'n Proto on a connection, with bounds.
fn paced_rpc(
    stream: UnixStream,
    side: Side,
    bootstrap: Option<capnp::capability::Client>,
) -> RpcSystem<Side> {
    let (reader, writer) = stream.into_split();
    let (reader, writer) = pace::paced(reader.compat(), writer.compat_write());
    let mut limits = capnp::message::ReaderOptions::new();
    limits.traversal_limit_in_words(Some(MESSAGE_WORDS_MAX));
    let network = twoparty::VatNetwork::new(BufReader::new(reader), BufWriter::new(writer), side, limits);
    RpcSystem::new(Box::new(network), bootstrap)
}

/// The bootstrap capability of one connection.
struct AmfServer {
    components: Rc<Components>,
    connection: Rc<Connection>,
}

impl amf::Server for AmfServer {
    async fn initialize(
        self: Rc<Self>,
        params: amf::InitializeParams,
        mut results: amf::InitializeResults,
    ) -> Result<(), capnp::Error> {
        let callbacks = params.get()?.get_callbacks()?;
        let begun = self.components.begin(&self.connection, callbacks, None);
        let mut results = results.get();
        let status = begun.map(|(_, session)| results.set_session(session));
        schema::value::write_status(&status, results.init_status());
        Ok(())
    }

    async fn flush(
        self: Rc<Self>,
        _params: amf::FlushParams,
        _results: amf::FlushResults,
    ) -> Result<(), capnp::Error> {
        // Messages of a connection are taken in order: what came before was taken.
        Ok(())
    }

    async fn manage(
        self: Rc<Self>,
        params: amf::ManageParams,
        mut results: amf::ManageResults,
    ) -> Result<(), capnp::Error> {
        let proxy = schema::value::read_dn(params.get()?.get_proxy()?, "manage.proxy");
        let begun = proxy.map_err(Refused::from);
        let begun = begun.and_then(|proxy| self.components.begin_relay(&self.connection, proxy));
        let mut results = results.get();
        let status = begun.map(|(callbacks, link)| {
            results.set_callbacks(callbacks);
            results.set_link(link);
        });
        schema::value::write_status(&status, results.init_status());
        Ok(())
    }

    async fn director_watch(
        self: Rc<Self>,
        params: amf::DirectorWatchParams,
        mut results: amf::DirectorWatchResults,
    ) -> Result<(), capnp::Error> {
        let watcher = params.get()?.get_watcher()?;
        let present = self.components.director.watch(self.connection.id, watcher);
        results.get().set_present(present);
        Ok(())
    }
}

/// Whether the process of a pidfd has ended, as the kernel says at this moment.
fn has_ended(pidfd: &AsyncFd<OwnedFd>) -> bool {
    let mut watched = [PollFd::new(pidfd, PollFlags::IN)];
    rustix::event::poll(&mut watched, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Whether an error came from the process, not from the end of its connection.
fn is_answer(error: &capnp::Error) -> bool {
    error.kind != capnp::ErrorKind::Disconnected && error.extra.starts_with("remote exception")
}

/// A component's answer; a number that means nothing is a failure.
fn result_of(code: u32) -> Result<(), AisError> {
    let read: Result<_, WireError> = schema::value::read_result(code, "callback.result");
    read.unwrap_or(Err(AisError::FailedOperation))
}

/// How many connections the limit of open files leaves room for; each needs two.
fn connections_max() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match files.map(|files| usize::try_from(files.saturating_sub(RESERVED_FILES) / 2)) {
        Some(Ok(connections)) => connections,
        Some(Err(_)) | None => CONNECTIONS_DEFAULT,
    }
}

/// Counts what is under way, and takes it off when it is done or given up.
pub(crate) struct Outstanding<'a>(&'a Cell<usize>);

impl<'a> Outstanding<'a> {
    /// Counts one more, if there are less than `limit`.
    pub(crate) fn begin(count: &'a Cell<usize>, limit: usize) -> Option<Outstanding<'a>> {
        if count.get() >= limit {
            return None;
        }
        count.set(count.get() + 1);
        Some(Outstanding(count))
    }
}

impl Drop for Outstanding<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
