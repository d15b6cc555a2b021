//! Passive monitoring: processes of components whose end is an error (AMF B.04.01 §7.1.1, `saAmfPmStart`).
//!
//! The shell watches the processes and their descendants; here it is decided which end is an error. A watch outlives
//! the connection that asked for it, for scripts ask and end, and ends with the component's process.

use ais::amf::{ErrorSource, PmErrors, PmStopQualifier, PresenceState, RecommendedRecovery};
use ais::{AisError, Refusal};

use crate::comp::Comp;
use crate::cx::Cx;
use crate::effect::Effect;
use crate::event::{ProcessEnd, WatchId};
use crate::recovery::CompError;

/// Watches that a component may have.
const WATCHES_MAX: usize = 256;

/// A process that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watch {
    pid: u64,
    /// How many generations of descendants are watched too; `None` for all.
    depth: Option<u32>,
    errors: PmErrors,
    recovery: RecommendedRecovery,
}

/// What a process asks for when it starts passive monitoring.
pub(crate) struct WatchStart {
    pub(crate) pid: u64,
    pub(crate) depth: Option<u32>,
    pub(crate) errors: PmErrors,
    pub(crate) recovery: RecommendedRecovery,
}

impl Comp {
    /// Whether `saAmfPmStart` may be granted.
    pub(crate) fn check_watch(&self, start: &WatchStart) -> Result<(), Refusal> {
        if start.pid == 0 || start.errors.is_empty() {
            let text = "a process id is not 0, and at least one kind of error is asked for";
            return Err(Refusal::new(AisError::InvalidParam, text.to_owned()));
        }
        if self.presence != PresenceState::Instantiated && !self.phase.is_starting() {
            let text = format!("{} is {}", self.dn(), self.presence);
            return Err(Refusal::new(AisError::TryAgain, text));
        }
        let again = self.watches.values().any(|watch| watch.pid == start.pid);
        if self.watches.len() >= WATCHES_MAX && !again {
            let text = format!("{} has {WATCHES_MAX} watched processes", self.dn());
            return Err(Refusal::new(AisError::NoResources, text));
        }
        Ok(())
    }

    /// `saAmfPmStart`, granted; a process that is watched already gets the new terms.
    pub(crate) fn watch(&mut self, start: WatchStart, cx: &mut Cx) {
        self.unwatch(|watch| watch.pid == start.pid, cx);
        let WatchStart {
            pid,
            depth,
            errors,
            recovery,
        } = start;
        let watch = cx.new_watch();
        cx.emit(Effect::Watch {
            watch,
            comp: self.config.dn.clone(),
            pid,
            depth,
        });
        let record = Watch {
            pid,
            depth,
            errors,
            recovery,
        };
        self.watches.insert(watch, record);
    }

    /// `saAmfPmStop`
    ///
    /// DEVIATION(AMF-073): also for another connection than the one that asked for it.
    pub(crate) fn watch_stop(
        &mut self,
        qualifier: PmStopQualifier,
        pid: u64,
        errors: PmErrors,
        cx: &mut Cx,
    ) -> Result<(), Refusal> {
        let meant = |watch: &Watch| qualifier == PmStopQualifier::AllProcesses || watch.pid == pid;
        let missing = || {
            let text = format!("no such process of {} is watched", self.config.dn);
            Refusal::new(AisError::NotExist, text)
        };
        if !self
            .watches
            .values()
            .any(|watch| meant(watch) && watch.errors.intersects(errors))
        {
            return Err(missing());
        }
        for watch in self.watches.values_mut().filter(|watch| meant(watch)) {
            watch.errors.remove(errors);
        }
        self.unwatch(|watch| watch.errors.is_empty(), cx);
        Ok(())
    }

    fn unwatch(&mut self, meant: impl Fn(&Watch) -> bool, cx: &mut Cx) {
        self.watches.retain(|&watch, record| {
            let ends = meant(record);
            if ends {
                cx.emit(Effect::Unwatch { watch });
            }
            !ends
        });
    }

    /// The component's process ends: nothing of it is watched any more.
    pub(crate) fn unwatch_all(&mut self, cx: &mut Cx) {
        self.unwatch(|_| true, cx);
    }

    /// A watched process, or a descendant of one, ended; the error that this is.
    ///
    /// DEVIATION(AMF-060): how a process ended is known only where its parent has not taken its status yet; an end of
    /// unknown kind is an error whatever the mask says, as in OpenSAF.
    pub(crate) fn watched_ended(&mut self, watch: WatchId, pid: u64, end: ProcessEnd) -> Option<CompError> {
        let record = self.watches.get(&watch)?;
        let (counts, how) = match end {
            ProcessEnd::Exited(0) => (PmErrors::ZERO_EXIT, "exited with status 0".to_owned()),
            ProcessEnd::Exited(code) => (PmErrors::NON_ZERO_EXIT, format!("exited with status {code}")),
            ProcessEnd::Killed(signal) => (PmErrors::ABNORMAL_END, format!("was killed by signal {signal}")),
            ProcessEnd::Unknown => (PmErrors::all(), "ended".to_owned()),
        };
        let error = record.errors.intersects(counts).then(|| CompError {
            source: ErrorSource::PassiveMonitoring,
            recommended: record.recovery,
            cause: format!("process {pid} {how}"),
        });
        if record.pid == pid && record.depth == Some(0) {
            self.watches.remove(&watch);
        }
        error
    }
}
