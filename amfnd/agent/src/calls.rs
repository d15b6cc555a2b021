//! What the standard says of each function before the node director is asked, and the question.
//!
//! Wrong arguments come before a wrong handle, a wrong handle before a wrong release, as in OpenSAF.

use std::sync::Arc;

use ais::amf::{
    HaReadinessState, HaState, HealthcheckInvocation, PmErrors, PmStopQualifier, ProtectionGroupNotification,
    RecommendedRecovery, TrackFlags,
};
use ais::ntf::CorrelationIds;
use ais::{AisError, Dn};
use amfnd_client::{AmfError, GroupChange};
use cabi::{SaDispatchFlagsT, SaNameT, SaSelectionObjectT};

use crate::callbacks::Callbacks;
use crate::deliver::{self, deliver};
use crate::groups::{self, CNotification, Filled, Wish};
use crate::handle::{Handle, Waiting};
use crate::library::Library;
use crate::release::Release;
use crate::sc_status::Installed;
use crate::types::{HEALTHCHECK_KEY_MAX, SaNtfCorrelationIdsT, ScStatusCallback};

/// The environment variable that names the component.
const COMPONENT_VARIABLE: &str = "SA_AMF_COMPONENT_NAME";

type Answer = Result<(), AisError>;

fn handle(number: u64) -> Result<Arc<Handle>, AisError> {
    Library::get().handle(number)
}

/// A name as a DN; what is none is a component or CSI that does not exist.
fn dn(name: &str, unknown: AisError) -> Result<Dn, AisError> {
    Dn::new(name).map_err(|_| unknown)
}

// ---- life of a handle ----

/// DEVIATION(AMF-072): callbacks for contained components are taken; OpenSAF refuses a program that has them.
pub(crate) fn initialize(release: Release, callbacks: Callbacks) -> Result<u64, AisError> {
    Library::get().initialize(release, callbacks)
}

pub(crate) fn selection_object(number: u64) -> Result<SaSelectionObjectT, AisError> {
    handle(number)?.queue.selection()
}

pub(crate) fn dispatch(number: u64, flags: SaDispatchFlagsT) -> Answer {
    if !(1..=3).contains(&flags) {
        return Err(AisError::InvalidParam);
    }
    let handle = handle(number)?;
    handle.queue.dispatch(flags, |waiting| match waiting {
        Waiting::Callback(callback) => {
            let invocation = callback.invocation;
            deliver(&handle, callback).inspect_err(|_| {
                // The program cannot be asked: that is its component's failure.
                let _gone = Library::get().ask(&handle, move |amf| async move {
                    amf.response(invocation, Err(AisError::FailedOperation)).await
                });
            })
        }
        Waiting::Group(group) => groups::tell(&handle, &group),
        Waiting::ScStatus(function, status) => {
            // SAFETY: the program gave this function for this argument.
            unsafe { function(status) };
            Ok(())
        }
    })
}

pub(crate) fn finalize(number: u64) -> Answer {
    Library::get().finalize(number)
}

// ---- registration ----

/// The program's component, of which `named` must be the name.
fn check_own(named: &str) -> Answer {
    let own = std::env::var(COMPONENT_VARIABLE).map_err(|_| AisError::Library)?;
    if own.len() != named.len() || own.len() > ais::DN_LENGTH_MAX {
        return Err(AisError::InvalidParam);
    }
    if own == named {
        Ok(())
    } else {
        Err(AisError::BadOperation)
    }
}

pub(crate) fn register(number: u64, comp: &str, proxy: Option<&str>) -> Answer {
    let handle = handle(number)?;
    check_own(proxy.unwrap_or(comp))?;
    if !handle.callbacks.can_register(proxy.is_some()) {
        return Err(AisError::Init);
    }
    if handle.release == Release::B42 && handle.callbacks.attribute_change.is_none() {
        return Err(AisError::Init);
    }
    let comp = dn(comp, AisError::InvalidParam)?;
    let proxy = proxy.map(|proxy| dn(proxy, AisError::InvalidParam)).transpose()?;
    let takes_changes = handle.callbacks.attribute_change.is_some() && proxy.is_none();
    Library::get().ask_to_keep(&handle, move |amf| async move {
        match proxy {
            None if takes_changes => {
                amf.register(&comp).await?;
                match amf.attribute_changes_accept(&comp).await {
                    // A node director without them: changes come with the next assignment.
                    Err(AmfError::Refused {
                        error: AisError::NotSupported,
                        ..
                    }) => Ok(()),
                    answer => answer,
                }
            }
            None => amf.register(&comp).await,
            Some(proxy) => amf.register_proxied(&comp, &proxy).await,
        }
    })
}

pub(crate) fn unregister(number: u64, comp: &str, proxy: Option<&str>) -> Answer {
    let handle = handle(number)?;
    if handle.release.is_b4() {
        return Err(AisError::Version);
    }
    check_own(proxy.unwrap_or(comp))?;
    let comp = dn(comp, AisError::InvalidParam)?;
    let proxy = proxy.map(|proxy| dn(proxy, AisError::InvalidParam)).transpose()?;
    Library::get().ask(&handle, move |amf| async move {
        match proxy {
            None => amf.unregister(&comp).await,
            Some(proxy) => amf.unregister_proxied(&comp, &proxy).await,
        }
    })
}

/// The name of the program's component; a long one lives until the handle is finalized.
pub(crate) fn component_name(number: u64) -> Result<SaNameT, AisError> {
    let handle = handle(number)?;
    let name = std::env::var(COMPONENT_VARIABLE).map_err(|_| AisError::NotExist)?;
    let name = dn(&name, AisError::NotExist)?;
    let mut memory = handle.memory.lock().map_err(|_| AisError::Library)?;
    deliver::name(Some(&name), &mut memory)
}

// ---- passive monitoring ----

/// Which processes are monitored, and for what.
pub(crate) struct Monitored {
    pub(crate) pid: u64,
    pub(crate) depth: i32,
    pub(crate) errors: u32,
}

/// DEVIATION(AMF-071): ends by a signal can be monitored; OpenSAF does not support them.
const PM_ERRORS: u32 = 7;

pub(crate) fn pm_start(number: u64, comp: &str, what: &Monitored, recovery: u32) -> Answer {
    if what.depth < -1 || what.errors == 0 || what.errors & !PM_ERRORS != 0 || what.pid == 0 {
        return Err(AisError::InvalidParam);
    }
    let handle = handle(number)?;
    let recovery = read_recovery(&handle, recovery)?;
    let comp = dn(comp, AisError::NotExist)?;
    let (pid, depth, errors) = (what.pid, u32::try_from(what.depth).ok(), what.errors);
    Library::get().ask_to_keep(&handle, move |amf| async move {
        amf.pm_start(&comp, pid, depth, PmErrors::from_bits_truncate(errors), recovery)
            .await
    })
}

pub(crate) fn pm_stop(number: u64, comp: &str, qualifier: u32, pid: i64, errors: u32) -> Answer {
    let qualifier = PmStopQualifier::from_code(qualifier).ok_or(AisError::InvalidParam)?;
    let pid = u64::try_from(pid).map_err(|_| AisError::InvalidParam)?;
    if errors == 0 || errors & !PM_ERRORS != 0 || pid == 0 {
        return Err(AisError::InvalidParam);
    }
    let handle = handle(number)?;
    let comp = dn(comp, AisError::NotExist)?;
    Library::get().ask(&handle, move |amf| async move {
        amf.pm_stop(&comp, qualifier, pid, PmErrors::from_bits_truncate(errors))
            .await
    })
}

// ---- healthchecks ----

/// A healthcheck's key.
///
/// # Errors
/// INVALID_PARAM where it is empty, too long or no text.
pub(crate) fn read_key(key: &[u8]) -> Result<String, AisError> {
    if key.is_empty() || key.len() > HEALTHCHECK_KEY_MAX {
        return Err(AisError::InvalidParam);
    }
    String::from_utf8(key.to_vec()).map_err(|_| AisError::InvalidParam)
}

fn read_recovery(handle: &Handle, code: u32) -> Result<RecommendedRecovery, AisError> {
    let refused = handle.release.refused_recovery();
    if code > handle.release.recovery_max() {
        return Err(refused);
    }
    RecommendedRecovery::from_code(code).ok_or(refused)
}

pub(crate) fn healthcheck_start(
    number: u64,
    comp: &str,
    key: String,
    invocation: u32,
    recovery: u32,
) -> Answer {
    let invocation = match invocation {
        1 => HealthcheckInvocation::AmfInvoked,
        2 => HealthcheckInvocation::ComponentInvoked,
        _ => return Err(AisError::InvalidParam),
    };
    let handle = handle(number)?;
    let recovery = read_recovery(&handle, recovery)?;
    if invocation == HealthcheckInvocation::AmfInvoked && handle.callbacks.healthcheck.is_none() {
        return Err(AisError::Init);
    }
    let comp = dn(comp, AisError::NotExist)?;
    Library::get().ask_to_keep(&handle, move |amf| async move {
        amf.healthcheck_start(&comp, &key, invocation, recovery).await
    })
}

pub(crate) fn healthcheck_stop(number: u64, comp: &str, key: String) -> Answer {
    let handle = handle(number)?;
    let comp = dn(comp, AisError::NotExist)?;
    Library::get().ask(&handle, move |amf| async move {
        amf.healthcheck_stop(&comp, &key).await
    })
}

pub(crate) fn healthcheck_confirm(number: u64, comp: &str, key: String, result: u32) -> Answer {
    let result = read_result(result)?;
    let handle = handle(number)?;
    let comp = dn(comp, AisError::NotExist)?;
    Library::get().ask(&handle, move |amf| async move {
        amf.healthcheck_confirm(&comp, &key, result).await
    })
}

// ---- HA states ----

/// OK or FAILED_OPERATION, the only answers there are.
fn read_result(code: u32) -> Result<Result<(), AisError>, AisError> {
    match code {
        1 => Ok(Ok(())),
        21 => Ok(Err(AisError::FailedOperation)),
        _ => Err(AisError::InvalidParam),
    }
}

pub(crate) fn quiescing_complete(number: u64, invocation: u64, result: u32) -> Answer {
    let result = read_result(result)?;
    if invocation == 0 {
        return Err(AisError::InvalidParam);
    }
    let handle = handle(number)?;
    handle.is_quiescing(invocation)?;
    Library::get().ask(&handle, move |amf| async move {
        amf.csi_quiescing_complete(invocation, result).await
    })?;
    handle.note_quiesced(invocation);
    Ok(())
}

pub(crate) fn ha_state(number: u64, comp: &str, csi: &str) -> Result<HaState, AisError> {
    let handle = handle(number)?;
    let comp = dn(comp, AisError::InvalidParam)?;
    let csi = dn(csi, AisError::NotExist)?;
    Library::get().ask(
        &handle,
        move |amf| async move { amf.ha_state_get(&comp, &csi).await },
    )
}

pub(crate) fn ha_readiness_set(number: u64, comp: &str, csi: Option<&str>, state: u32) -> Answer {
    let state = HaReadinessState::from_code(state).ok_or(AisError::InvalidParam)?;
    let handle = handle(number)?;
    if !handle.release.is_b4() {
        return Err(AisError::Version);
    }
    let comp = dn(comp, AisError::InvalidParam)?;
    let csi = csi.map(|csi| dn(csi, AisError::NotExist)).transpose()?;
    Library::get().ask(&handle, move |amf| async move {
        amf.ha_readiness_state_set(&comp, csi.as_ref(), state).await
    })
}

// ---- protection groups ----

/// The members, if the program has a buffer for them; otherwise they come through the callback.
pub(crate) fn track<N: CNotification>(
    number: u64,
    csi: &str,
    wish: &Wish,
) -> Result<Option<Filled<N>>, AisError> {
    wish.check_flags()?;
    let handle = handle(number)?;
    wish.check(handle.callbacks.tracks::<N>())?;
    let csi = dn(csi, AisError::NotExist)?;
    let members = begin_to_track(&handle, &csi, wish.flags)?;
    if wish.flags & TrackFlags::CURRENT.bits() == 0 {
        return Ok(None);
    }
    if let Some(room) = wish.buffer {
        return groups::fill(&handle, room, &members).map(Some);
    }
    let count = u32::try_from(members.len()).map_err(|_| AisError::TooBig)?;
    handle.queue.push(Waiting::Group(GroupChange {
        csi,
        members: Ok(count),
        notifications: members,
    }));
    Ok(None)
}

/// As [`track`], with what B.04 says first.
pub(crate) fn track_4<N: CNotification>(
    number: u64,
    csi: Option<&str>,
    wish: &Wish,
) -> Result<Option<Filled<N>>, AisError> {
    b4(number)?;
    track(number, csi.ok_or(AisError::InvalidParam)?, wish)
}

fn begin_to_track(
    handle: &Handle,
    csi: &Dn,
    flags: u8,
) -> Result<Vec<ProtectionGroupNotification>, AisError> {
    let flags = TrackFlags::from_bits_truncate(flags);
    let csi = csi.clone();
    let goes_on = flags.intersects(TrackFlags::CHANGES | TrackFlags::CHANGES_ONLY);
    let question = move |amf: amfnd_client::Amf| async move { amf.protection_group_track(&csi, flags).await };
    if goes_on {
        Library::get().ask_to_keep(handle, question)
    } else {
        Library::get().ask(handle, question)
    }
}

pub(crate) fn track_stop(number: u64, csi: &str) -> Answer {
    let handle = handle(number)?;
    let csi = dn(csi, AisError::NotExist)?;
    Library::get().ask(&handle, move |amf| async move {
        amf.protection_group_track_stop(&csi).await
    })
}

pub(crate) fn free<N>(number: u64, notification: *const N) -> Answer {
    handle(number)?;
    Library::get().lent.give_back(notification)
}

pub(crate) fn free_4<N>(number: u64, notification: *const N) -> Answer {
    b4(number)?;
    Library::get().lent.give_back(notification)
}

// ---- errors ----

pub(crate) fn error_report(
    number: u64,
    comp: &str,
    detected: i64,
    recovery: u32,
    ids: CorrelationIds,
) -> Answer {
    let handle = handle(number)?;
    let recovery = read_recovery(&handle, recovery)?;
    let comp = dn(comp, AisError::NotExist)?;
    Library::get().ask(&handle, move |amf| async move {
        amf.error_report_at(&comp, detected, recovery, ids).await
    })
}

pub(crate) fn error_report_4(
    number: u64,
    comp: Option<&str>,
    detected: i64,
    recovery: u32,
    ids: Option<&SaNtfCorrelationIdsT>,
) -> Answer {
    let handle = b4(number)?;
    read_recovery(&handle, recovery)?;
    let ids = led_to(ids.ok_or(AisError::InvalidParam)?);
    let comp = comp.ok_or(AisError::InvalidParam)?;
    error_report(number, comp, detected, recovery, ids)
}

pub(crate) fn error_clear(number: u64, comp: &str, ids: CorrelationIds) -> Answer {
    let handle = handle(number)?;
    let comp = dn(comp, AisError::NotExist)?;
    Library::get().ask(
        &handle,
        move |amf| async move { amf.error_clear(&comp, ids).await },
    )
}

pub(crate) fn error_clear_4(number: u64, comp: Option<&str>, ids: Option<&SaNtfCorrelationIdsT>) -> Answer {
    b4(number)?;
    let ids = led_to(ids.ok_or(AisError::InvalidParam)?);
    error_clear(number, comp.ok_or(AisError::InvalidParam)?, ids)
}

/// The handle, if it is of B.04.
fn b4(number: u64) -> Result<Arc<Handle>, AisError> {
    let handle = handle(number)?;
    if handle.release.is_b4() {
        Ok(handle)
    } else {
        Err(AisError::Version)
    }
}

fn led_to(ids: &SaNtfCorrelationIdsT) -> CorrelationIds {
    CorrelationIds {
        root: ids.root_correlation_id,
        parent: ids.parent_correlation_id,
    }
}

/// What led to a callback that is not answered yet. DEVIATION(AMF-074): without `notificationId`.
pub(crate) fn correlation_ids(number: u64, invocation: u64) -> Result<SaNtfCorrelationIdsT, AisError> {
    let handle = b4(number)?;
    handle.is_asked(invocation)?;
    let ids = Library::get().ask(&handle, move |amf| async move {
        amf.correlation_ids(invocation).await
    })?;
    Ok(SaNtfCorrelationIdsT {
        root_correlation_id: ids.root,
        parent_correlation_id: ids.parent,
        notification_id: 0,
    })
}

// ---- answers ----

pub(crate) fn response(number: u64, invocation: u64, result: u32, ids: CorrelationIds) -> Answer {
    let result = read_result(result)?;
    if invocation == 0 {
        return Err(AisError::InvalidParam);
    }
    let handle = handle(number)?;
    handle.is_asked(invocation)?;
    // The program may end as soon as this returns: the answer must have arrived.
    Library::get().ask(&handle, move |amf| async move {
        amf.response_with(invocation, result, ids).await?;
        amf.link().flush().await
    })?;
    handle.note_answered(invocation)
}

pub(crate) fn response_4(
    number: u64,
    invocation: u64,
    ids: Option<&SaNtfCorrelationIdsT>,
    result: u32,
) -> Answer {
    b4(number)?;
    if ids.is_some() {
        if result == cabi::SA_AIS_OK {
            return Err(AisError::InvalidParam);
        }
        if result == AisError::NotReady.code() {
            return Err(AisError::NotSupported);
        }
    }
    let ids = ids.map(led_to).unwrap_or_default();
    response(number, invocation, result, ids)
}

// ---- OpenSAF's ----

pub(crate) fn install_sc_status(number: u64, function: ScStatusCallback) -> Answer {
    let installed = if number == 0 {
        Installed::on_thread(function)?
    } else {
        handle(number)?;
        Installed::Handle(number, function)
    };
    Library::get().install_sc_status(installed)
}
