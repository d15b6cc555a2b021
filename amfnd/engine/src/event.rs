//! What can happen to a node director.

use ais::amf::{
    HaReadinessState, HealthcheckInvocation, NodeOrder, PmErrors, PmStopQualifier, RecommendedRecovery, Term,
    TrackFlags,
};
use ais::{AisError, Dn};

/// Names a command run; given by the engine in [`crate::Effect::Run`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// Names a callback; given by the engine in [`crate::Effect::Callback`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Invocation(pub u64);

/// Names a connection of a component's process; given by the shell, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Names a request of a component; given by the shell, answered once by [`crate::Effect::Reply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a watch of passive monitoring; given by the engine in [`crate::Effect::Watch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub u64);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It exited with this status.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
    /// Its parent took the status first.
    Unknown,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// It exited with this status; 0 is success.
    Exited {
        /// The exit status.
        code: i32,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// A signal ended it, the shell's own after [`crate::Effect::Kill`] included.
    Killed {
        /// The signal's number.
        signal: i32,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// It could not be started.
    NotStarted {
        /// For people, with the number: `No such file or directory (2)`.
        error: String,
    },
}

/// A request of a component's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentRequest {
    /// `saAmfComponentRegister` without a proxy.
    Register {
        /// The component.
        comp: Dn,
    },
    /// `saAmfComponentUnregister`
    Unregister {
        /// The component.
        comp: Dn,
    },
    /// `saAmfHealthcheckStart`
    HealthcheckStart {
        /// The component.
        comp: Dn,
        /// The healthcheck's key.
        key: String,
        /// Who sets the pace.
        invocation: HealthcheckInvocation,
        /// What to do when it fails.
        recovery: RecommendedRecovery,
    },
    /// `saAmfHealthcheckStop`
    HealthcheckStop {
        /// The component.
        comp: Dn,
        /// The healthcheck's key.
        key: String,
    },
    /// `saAmfHealthcheckConfirm`
    HealthcheckConfirm {
        /// The component.
        comp: Dn,
        /// The healthcheck's key.
        key: String,
        /// What the component found.
        result: Result<(), AisError>,
    },
    /// `saAmfCSIQuiescingComplete`
    CsiQuiescingComplete {
        /// The invocation of the QUIESCING callback.
        invocation: Invocation,
        /// How it ended.
        result: Result<(), AisError>,
    },
    /// `saAmfHAStateGet`
    HaStateGet {
        /// The component.
        comp: Dn,
        /// The CSI.
        csi: Dn,
    },
    /// `saAmfComponentErrorReport`
    ErrorReport {
        /// The faulty component, the caller's own or another.
        comp: Dn,
        /// What the reporter recommends.
        recovery: RecommendedRecovery,
    },
    /// `saAmfComponentErrorClear`
    ErrorClear {
        /// The component.
        comp: Dn,
    },
    /// `saAmfComponentRegister` by a proxy; the shell has seen that the process is the proxy's.
    RegisterProxied {
        /// The proxied component.
        comp: Dn,
        /// The proxy.
        proxy: Dn,
    },
    /// `saAmfComponentRegister` of a contained component by a process of its container.
    RegisterContained {
        /// The contained component.
        comp: Dn,
        /// The component that the process belongs to.
        container: Dn,
    },
    /// `saAmfComponentUnregister` by a proxy.
    UnregisterProxied {
        /// The proxied component.
        comp: Dn,
        /// The proxy.
        proxy: Dn,
    },
    /// The process that registered the component takes changes of the attributes of its CSIs.
    AttributeChangesAccept {
        /// The component.
        comp: Dn,
    },
    /// `saAmfPmStart`; the shell has seen that the process lives.
    PmStart {
        /// The component.
        comp: Dn,
        /// The process.
        pid: u64,
        /// How many generations of its descendants are meant; `None` for all.
        depth: Option<u32>,
        /// Which ends are errors.
        errors: PmErrors,
        /// What to do about one.
        recovery: RecommendedRecovery,
    },
    /// `saAmfProtectionGroupTrack`
    ProtectionGroupTrack {
        /// The CSI.
        csi: Dn,
        /// What is to be told.
        flags: TrackFlags,
    },
    /// `saAmfProtectionGroupTrackStop`
    ProtectionGroupTrackStop {
        /// The CSI.
        csi: Dn,
    },
    /// `saAmfHAReadinessStateSet`
    HaReadinessStateSet {
        /// The component.
        comp: Dn,
        /// The CSI; `None` for all that it has.
        csi: Option<Dn>,
        /// How ready it is.
        state: HaReadinessState,
    },
    /// `saAmfPmStop`
    PmStop {
        /// The component.
        comp: Dn,
        /// Which watches are meant.
        qualifier: PmStopQualifier,
        /// The process.
        pid: u64,
        /// Which ends are no errors any more.
        errors: PmErrors,
    },
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The director, at this term, gave orders. Orders of an older term than one seen are refused by the shell's
    /// caller through [`crate::NodeEngine::accepts`].
    Orders {
        /// The director's term.
        term: Term,
        /// The orders, in their order.
        orders: Vec<NodeOrder>,
    },
    /// The connection to the director is gone. Components go on; restarts go on.
    DirectorLost,
    /// A command ended.
    RunEnded {
        /// Which one.
        run: RunId,
        /// How.
        outcome: RunOutcome,
    },
    /// A component's process asks something.
    Request {
        /// Answer to this.
        request: RequestId,
        /// The connection it came on.
        session: SessionId,
        /// What it asks.
        body: ComponentRequest,
    },
    /// A callback was answered. Where the connection is gone, [`Event::SessionClosed`] comes instead.
    CallbackAnswered {
        /// Which one.
        invocation: Invocation,
        /// The component's answer.
        result: Result<(), AisError>,
    },
    /// A connection of a component's process is gone, because it died, finalised or closed it.
    SessionClosed {
        /// Which one.
        session: SessionId,
    },
    /// The process that registered the component died; comes with or before [`Event::SessionClosed`].
    ProcessDied {
        /// The component.
        comp: Dn,
        /// The connection on which it had registered.
        session: SessionId,
        /// For people: `killed by signal 9`.
        cause: String,
    },
    /// A proxy of another node is reached, and it is asked by this connection.
    Linked {
        /// The proxy.
        proxy: Dn,
        /// The connection.
        session: SessionId,
    },
    /// A process that is watched, or a descendant of one, ended.
    WatchedEnded {
        /// The watch.
        watch: WatchId,
        /// Its component.
        comp: Dn,
        /// The process.
        pid: u64,
        /// How it ended.
        end: ProcessEnd,
    },
    /// The node director is asked to end. Where there is a director and something runs, that is told so, moves the work
    /// and terminates the SUs, for as long as [`crate::EngineOptions::leave_limit`] allows; then, and where there is none,
    /// it goes on as with [`Event::Shutdown`].
    Leave,
    /// The node director is asked to end at once: every SU is terminated in reverse order of instantiation level.
    Shutdown,
    /// The time that [`crate::NodeEngine::next_deadline`] gave has come.
    Deadline,
}
