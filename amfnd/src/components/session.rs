//! One session of a component's process: reads requests, asks the loop, writes answers.

use std::cell::Cell;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;

use ais::AisError;
use ais::Dn;
use ais::amf::{PmErrors, PmStopQualifier, TrackFlags};
use ais::ntf::CorrelationIds;
use node_engine::{Answer, ComponentRequest, Invocation, SessionId};
use schema::component_capnp::component_session as wire;
use schema::value as read;
use schema::{Refused, WireError};
use tokio::sync::oneshot;

use super::{Components, Connection, Outstanding, Stage};
use crate::input::{Input, tell};

/// Requests that a session may have under way.
const REQUESTS_MAX: usize = 64;

/// Where a request of a proxy is about a component of another node, its director answers it, with what it is asked here.
macro_rules! relay {
    ($self:ident, $request:ident, $params:ident, $results:ident) => {
        let comp = read::read_dn($params.get()?.get_comp()?, "comp").ok();
        let host = comp.and_then(|comp| $self.components.host_of(&$self.connection, &comp));
        if let Some(host) = host {
            relay_to!(host, $self, $request, $params, $results);
        }
    };
}

/// The director of another node answers the request.
macro_rules! relay_to {
    ($host:ident, $self:ident, $request:ident, $params:ident, $results:ident) => {
        let Some(_outstanding) = Outstanding::begin(&$self.outstanding, REQUESTS_MAX) else {
            read::write_status(&Err(too_many()), $results.get().init_status());
            return Ok(());
        };
        let mut request = $host.$request();
        request.set($params.get()?)?;
        take_answer!(request, $results);
    };
}

/// The answer of the other node director is that to the request.
macro_rules! take_answer {
    ($request:ident, $results:ident) => {
        answers_first().await;
        match $request.send().promise.await {
            Ok(answer) => $results.set(answer.get()?)?,
            Err(error) => {
                let text = format!("the component's node is out of reach: {error}");
                let status: Result<(), Refused> = Err(refused(AisError::TryAgain, text));
                read::write_status(&status, $results.get().init_status());
            }
        }
        return Ok(());
    };
}

/// How often the task of a connection may have to run until an answer is on its way.
const ANSWER_STEPS: usize = 8;

/// The capability that a process holds for its session. Dropping it finalises the session.
pub(super) struct SessionServer {
    id: u64,
    components: Rc<Components>,
    connection: Rc<Connection>,
    /// The proxy of another node that it stands for.
    proxy: Option<Dn>,
    outstanding: Cell<usize>,
}

impl SessionServer {
    pub(super) fn new(
        id: u64,
        components: Rc<Components>,
        connection: Rc<Connection>,
        proxy: Option<Dn>,
    ) -> SessionServer {
        SessionServer {
            id,
            components,
            connection,
            proxy,
            outstanding: Cell::new(0),
        }
    }

    /// Asks the loop and waits for the answer.
    async fn ask(&self, body: Result<ComponentRequest, Refused>) -> Result<Answer, Refused> {
        let body = body?;
        let Some(_outstanding) = Outstanding::begin(&self.outstanding, REQUESTS_MAX) else {
            return Err(too_many());
        };
        let (answer, answered) = oneshot::channel();
        tell(
            &self.components.inputs,
            Input::Request {
                session: SessionId(self.id),
                body,
                answer,
            },
        );
        answered
            .await
            .map_err(|_| refused(AisError::TryAgain, "the node director is ending".into()))
    }

    /// Asks for something that is done or refused.
    async fn ask_done(&self, body: Result<ComponentRequest, Refused>) -> Result<(), Refused> {
        match self.ask(body).await? {
            Answer::Done(result) => result.map_err(Refused::from),
            Answer::HaState(_) | Answer::Members(_) => Err(refused(
                AisError::Library,
                "this is no answer to the request".into(),
            )),
        }
    }

    /// Asks for the report of an error or its end; what the director tells of it correlates to these. DEVIATION(AMF-075): of an
    /// end it tells with the repair.
    async fn ask_correlated(
        &self,
        body: Result<ComponentRequest, WireError>,
        ids: CorrelationIds,
    ) -> Result<(), Refused> {
        let body = body?;
        let subject: Option<(Dn, bool)> = match &body {
            ComponentRequest::ErrorReport { comp, .. } => Some((comp.clone(), false)),
            ComponentRequest::ErrorClear { comp } => Some((comp.clone(), true)),
            _ => None,
        };
        let subject = subject.filter(|_| ids.used().is_some());
        let director = &self.components.director;
        if let Some((comp, clears)) = &subject {
            director.correlate(comp, *clears, ids);
        }
        let answer = self.ask_done(Ok(body)).await;
        if let Some((comp, clears)) = subject.filter(|_| answer.is_err()) {
            // Nothing is told of it.
            director.correlate(&comp, clears, CorrelationIds::default());
        }
        answer
    }

    /// What led to a callback of this session.
    async fn correlation_ids(&self, invocation: u64) -> Result<CorrelationIds, Refused> {
        let Some(_outstanding) = Outstanding::begin(&self.outstanding, REQUESTS_MAX) else {
            return Err(too_many());
        };
        let cause = self.components.cause_of(self.id, invocation).ok_or_else(|| {
            let text = format!("no callback with the invocation {invocation} awaits an answer");
            refused(AisError::NotExist, text)
        })?;
        let ids = self.components.director.correlation_ids(cause).await;
        ids.map_err(|error| refused(error, "there is no director that knows; try again".to_owned()))
    }

    /// A registration, if the process belongs to the component.
    fn read_register(&self, params: wire::register_params::Reader<'_>) -> Result<ComponentRequest, Refused> {
        let comp = read::read_dn(params.get_comp().map_err(WireError::from)?, "register.comp")?;
        let proxy = read::read_optional_dn(params.get_proxy().map_err(WireError::from)?, "register.proxy")?;
        if proxy.as_ref() == Some(&comp) {
            let text = format!("{comp} cannot be its own proxy");
            return Err(refused(AisError::InvalidParam, text));
        }
        if let Some(own) = &self.proxy {
            // That the process is this one's, its own node director knows.
            return match proxy {
                Some(proxy) if proxy == *own => Ok(ComponentRequest::RegisterProxied { comp, proxy }),
                Some(_) | None => {
                    let text =
                        format!("{own}, which is on another node, registers {comp} by its own name only");
                    Err(refused(AisError::BadOperation, text))
                }
            };
        }
        let pid = self.connection.pid;
        let owner = self.components.processes.owner(pid);
        let owner = owner.and_then(|name| ais::Dn::new(&name).ok());
        match (owner, proxy) {
            (Some(owner), None) if owner == comp => Ok(ComponentRequest::Register { comp }),
            (Some(owner), Some(proxy)) if owner == proxy => {
                Ok(ComponentRequest::RegisterProxied { comp, proxy })
            }
            // Whether it is its container, the engine knows.
            (Some(container), None) => Ok(ComponentRequest::RegisterContained { comp, container }),
            (Some(owner), Some(proxy)) => Err(refused(
                AisError::BadOperation,
                format!(
                    "process {} belongs to {owner} and is not {proxy}",
                    pid.as_raw_pid()
                ),
            )),
            (None, _) => Err(refused(
                AisError::BadOperation,
                format!(
                    "process {} was not started by this node director, and so cannot register {comp}",
                    pid.as_raw_pid()
                ),
            )),
        }
    }
}

impl Drop for SessionServer {
    fn drop(&mut self) {
        let mut table = self.components.table.borrow_mut();
        if let Some(session) = table.sessions.get_mut(&self.id)
            && session.stage == Stage::Open
        {
            session.stage = Stage::Finalised;
            self.connection.finalised.notify_one();
        }
    }
}

impl wire::Server for SessionServer {
    async fn register(
        self: Rc<Self>,
        params: wire::RegisterParams,
        mut results: wire::RegisterResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, register_request, params, results);
        let body = self.read_register(params.get()?);
        let proxied = match &body {
            Ok(ComponentRequest::RegisterProxied { comp, .. }) => Some(comp.clone()),
            Ok(_) | Err(_) => None,
        };
        let mut answer = self.ask_done(body).await;
        let is_unknown = answer
            .as_ref()
            .is_err_and(|refused| refused.error == AisError::InvalidParam);
        if let Some(comp) = proxied.filter(|_| is_unknown) {
            match self.components.await_host(&self.connection, &comp).await {
                Ok(Some(host)) => {
                    relay_to!(host, self, register_request, params, results);
                }
                Ok(None) => {}
                Err(refused) => answer = Err(refused),
            }
        }
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn unregister(
        self: Rc<Self>,
        params: wire::UnregisterParams,
        mut results: wire::UnregisterResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, unregister_request, params, results);
        let answer = self
            .ask_done(read_unregister(params.get()?).map_err(Refused::from))
            .await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn healthcheck_start(
        self: Rc<Self>,
        params: wire::HealthcheckStartParams,
        mut results: wire::HealthcheckStartResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, healthcheck_start_request, params, results);
        let body = read_healthcheck_start(params.get()?).map_err(Refused::from);
        let answer = self.ask_done(body).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn healthcheck_stop(
        self: Rc<Self>,
        params: wire::HealthcheckStopParams,
        mut results: wire::HealthcheckStopResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, healthcheck_stop_request, params, results);
        let body = read_healthcheck_stop(params.get()?).map_err(Refused::from);
        let answer = self.ask_done(body).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn healthcheck_confirm(
        self: Rc<Self>,
        params: wire::HealthcheckConfirmParams,
        mut results: wire::HealthcheckConfirmResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, healthcheck_confirm_request, params, results);
        let body = read_healthcheck_confirm(params.get()?).map_err(Refused::from);
        let answer = self.ask_done(body).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn csi_quiescing_complete(
        self: Rc<Self>,
        params: wire::CsiQuiescingCompleteParams,
        mut results: wire::CsiQuiescingCompleteResults,
    ) -> Result<(), capnp::Error> {
        if let Some((host, invocation)) = self.components.host_of_call(params.get()?.get_invocation()) {
            let result = params.get()?.get_result();
            let mut request = host.csi_quiescing_complete_request();
            request.get().set_invocation(invocation);
            request.get().set_result(result);
            take_answer!(request, results);
        }
        let body = read_quiescing_complete(params.get()?).map_err(Refused::from);
        let answer = self.ask_done(body).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn ha_state_get(
        self: Rc<Self>,
        params: wire::HaStateGetParams,
        mut results: wire::HaStateGetResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, ha_state_get_request, params, results);
        let body = read_ha_state_get(params.get()?).map_err(Refused::from);
        let answer = match self.ask(body).await {
            Ok(Answer::HaState(state)) => state.map_err(Refused::from),
            Ok(Answer::Done(Err(refusal))) => Err(refusal.into()),
            Ok(Answer::Done(Ok(())) | Answer::Members(_)) => {
                Err(refused(AisError::Library, "no HA state was given".into()))
            }
            Err(refused) => Err(refused),
        };
        let mut results = results.get();
        let status = answer.map(|state| results.set_ha(state.code()));
        read::write_status(&status, results.init_status());
        Ok(())
    }

    async fn error_report(
        self: Rc<Self>,
        params: wire::ErrorReportParams,
        mut results: wire::ErrorReportResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, error_report_request, params, results);
        let params = params.get()?;
        let ids = CorrelationIds {
            root: params.get_root(),
            parent: params.get_parent(),
        };
        let answer = self.ask_correlated(read_error_report(params), ids).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn attribute_changes_accept(
        self: Rc<Self>,
        params: wire::AttributeChangesAcceptParams,
        mut results: wire::AttributeChangesAcceptResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, attribute_changes_accept_request, params, results);
        let body = read_attribute_changes_accept(params.get()?).map_err(Refused::from);
        let answer = self.ask_done(body).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn protection_group_track(
        self: Rc<Self>,
        params: wire::ProtectionGroupTrackParams,
        mut results: wire::ProtectionGroupTrackResults,
    ) -> Result<(), capnp::Error> {
        let answer = match self.ask(read_track(params.get()?)).await {
            Ok(Answer::Members(members)) => members.map_err(Refused::from),
            Ok(Answer::Done(Err(refusal))) => Err(refusal.into()),
            Ok(Answer::Done(Ok(())) | Answer::HaState(_)) => {
                Err(refused(AisError::Library, "no members were given".into()))
            }
            Err(refused) => Err(refused),
        };
        let mut results = results.get();
        let status = answer.and_then(|members| {
            let len = schema::list_len(members.len(), "protectionGroupTrack.notifications")?;
            schema::amf::write_notifications(&members, results.reborrow().init_notifications(len));
            Ok(())
        });
        read::write_status(&status, results.init_status());
        Ok(())
    }

    async fn protection_group_track_stop(
        self: Rc<Self>,
        params: wire::ProtectionGroupTrackStopParams,
        mut results: wire::ProtectionGroupTrackStopResults,
    ) -> Result<(), capnp::Error> {
        let body = read_track_stop(params.get()?).map_err(Refused::from);
        let answer = self.ask_done(body).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn ha_readiness_state_set(
        self: Rc<Self>,
        params: wire::HaReadinessStateSetParams,
        mut results: wire::HaReadinessStateSetResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, ha_readiness_state_set_request, params, results);
        let body = read_readiness(params.get()?).map_err(Refused::from);
        let answer = self.ask_done(body).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn pm_start(
        self: Rc<Self>,
        params: wire::PmStartParams,
        mut results: wire::PmStartResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, pm_start_request, params, results);
        let answer = self.ask_done(read_pm_start(params.get()?)).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn pm_stop(
        self: Rc<Self>,
        params: wire::PmStopParams,
        mut results: wire::PmStopResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, pm_stop_request, params, results);
        let answer = self.ask_done(read_pm_stop(params.get()?)).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn error_clear(
        self: Rc<Self>,
        params: wire::ErrorClearParams,
        mut results: wire::ErrorClearResults,
    ) -> Result<(), capnp::Error> {
        relay!(self, error_clear_request, params, results);
        let params = params.get()?;
        let ids = CorrelationIds {
            root: params.get_root(),
            parent: params.get_parent(),
        };
        let answer = self.ask_correlated(read_error_clear(params), ids).await;
        read::write_status(&answer, results.get().init_status());
        Ok(())
    }

    async fn correlation_ids_get(
        self: Rc<Self>,
        params: wire::CorrelationIdsGetParams,
        mut results: wire::CorrelationIdsGetResults,
    ) -> Result<(), capnp::Error> {
        if let Some((host, invocation)) = self.components.host_of_call(params.get()?.get_invocation()) {
            let mut request = host.correlation_ids_get_request();
            request.get().set_invocation(invocation);
            take_answer!(request, results);
        }
        let answer = self.correlation_ids(params.get()?.get_invocation()).await;
        let mut results = results.get();
        let status = answer.map(|ids| {
            results.set_root(ids.root);
            results.set_parent(ids.parent);
        });
        read::write_status(&status, results.init_status());
        Ok(())
    }
}

/// Whether the process may be watched: it lives, and is of the same user.
fn check_process(pid: u64) -> Result<(), Refused> {
    let gone = || refused(AisError::NotExist, format!("there is no process {pid}"));
    if pid == 0 {
        return Err(refused(AisError::InvalidParam, "a process id is not 0".into()));
    }
    let path = format!("/proc/{pid}");
    let owner = std::fs::metadata(path).map_err(|_| gone())?;
    let living = i32::try_from(pid).is_ok_and(crate::processes::is_living);
    if !living {
        return Err(gone());
    }
    if owner.uid() != rustix::process::geteuid().as_raw() {
        let text = format!("process {pid} belongs to another user");
        return Err(refused(AisError::Access, text));
    }
    Ok(())
}

fn read_attribute_changes_accept(
    params: wire::attribute_changes_accept_params::Reader<'_>,
) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::AttributeChangesAccept {
        comp: read::read_dn(params.get_comp()?, "attributeChangesAccept.comp")?,
    })
}

fn read_track(params: wire::protection_group_track_params::Reader<'_>) -> Result<ComponentRequest, Refused> {
    let flags = params.get_flags();
    let csi = params.get_csi().map_err(WireError::from)?;
    Ok(ComponentRequest::ProtectionGroupTrack {
        csi: read::read_dn(csi, "protectionGroupTrack.csi")?,
        flags: TrackFlags::from_bits(flags).ok_or_else(|| {
            let text = format!("{flags} are no flags of protection groups");
            refused(AisError::BadFlags, text)
        })?,
    })
}

fn read_track_stop(
    params: wire::protection_group_track_stop_params::Reader<'_>,
) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::ProtectionGroupTrackStop {
        csi: read::read_dn(params.get_csi()?, "protectionGroupTrackStop.csi")?,
    })
}

fn read_readiness(
    params: wire::ha_readiness_state_set_params::Reader<'_>,
) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::HaReadinessStateSet {
        comp: read::read_dn(params.get_comp()?, "haReadinessStateSet.comp")?,
        csi: read::read_optional_dn(params.get_csi()?, "haReadinessStateSet.csi")?,
        state: read::read_ha_readiness(params.get_state(), "haReadinessStateSet.state")?,
    })
}

fn read_pm_start(params: wire::pm_start_params::Reader<'_>) -> Result<ComponentRequest, Refused> {
    let pid = params.get_pid();
    let depth = match params.get_depth() {
        -1 => None,
        depth => Some(u32::try_from(depth).map_err(|_| {
            let text = format!("a depth is -1 or more, this one is {depth}");
            refused(AisError::InvalidParam, text)
        })?),
    };
    let request = ComponentRequest::PmStart {
        comp: read::read_dn(params.get_comp().map_err(WireError::from)?, "pmStart.comp")?,
        pid,
        depth,
        errors: read_pm_errors(params.get_errors())?,
        recovery: read::read_recovery(params.get_recovery(), "pmStart.recovery")?,
    };
    check_process(pid)?;
    Ok(request)
}

fn read_pm_stop(params: wire::pm_stop_params::Reader<'_>) -> Result<ComponentRequest, Refused> {
    let qualifier = u32::from(params.get_qualifier());
    Ok(ComponentRequest::PmStop {
        comp: read::read_dn(params.get_comp().map_err(WireError::from)?, "pmStop.comp")?,
        qualifier: PmStopQualifier::from_code(qualifier).ok_or_else(|| {
            let text = format!("there is no stop qualifier {qualifier}");
            refused(AisError::InvalidParam, text)
        })?,
        pid: params.get_pid(),
        errors: read_pm_errors(params.get_errors())?,
    })
}

fn read_pm_errors(bits: u32) -> Result<PmErrors, Refused> {
    PmErrors::from_bits(bits)
        .filter(|errors| !errors.is_empty())
        .ok_or_else(|| {
            let text = format!("{bits} is no set of ends of a process");
            refused(AisError::InvalidParam, text)
        })
}

/// Lets the answers to callbacks go out that the process gave before a request of it which is relayed: they pass through the task
/// of the other connection, which stands in the queue of this thread since they came.
async fn answers_first() {
    for _ in 0..ANSWER_STEPS {
        tokio::task::yield_now().await;
    }
}

fn too_many() -> Refused {
    let text = format!("the session has {REQUESTS_MAX} requests under way");
    refused(AisError::TryAgain, text)
}

fn refused(error: AisError, text: String) -> Refused {
    Refused {
        error,
        texts: vec![text],
    }
}

fn read_unregister(params: wire::unregister_params::Reader<'_>) -> Result<ComponentRequest, WireError> {
    let comp = read::read_dn(params.get_comp()?, "unregister.comp")?;
    Ok(
        match read::read_optional_dn(params.get_proxy()?, "unregister.proxy")? {
            Some(proxy) => ComponentRequest::UnregisterProxied { comp, proxy },
            None => ComponentRequest::Unregister { comp },
        },
    )
}

fn read_healthcheck_start(
    params: wire::healthcheck_start_params::Reader<'_>,
) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::HealthcheckStart {
        comp: read::read_dn(params.get_comp()?, "healthcheckStart.comp")?,
        key: read::read_text(params.get_key()?, "healthcheckStart.key")?,
        invocation: read::read_healthcheck_invocation(
            params.get_invocation(),
            "healthcheckStart.invocation",
        )?,
        recovery: read::read_recovery(params.get_recovery(), "healthcheckStart.recovery")?,
    })
}

fn read_healthcheck_stop(
    params: wire::healthcheck_stop_params::Reader<'_>,
) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::HealthcheckStop {
        comp: read::read_dn(params.get_comp()?, "healthcheckStop.comp")?,
        key: read::read_text(params.get_key()?, "healthcheckStop.key")?,
    })
}

fn read_healthcheck_confirm(
    params: wire::healthcheck_confirm_params::Reader<'_>,
) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::HealthcheckConfirm {
        comp: read::read_dn(params.get_comp()?, "healthcheckConfirm.comp")?,
        key: read::read_text(params.get_key()?, "healthcheckConfirm.key")?,
        result: read::read_result(params.get_result(), "healthcheckConfirm.result")?,
    })
}

fn read_quiescing_complete(
    params: wire::csi_quiescing_complete_params::Reader<'_>,
) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::CsiQuiescingComplete {
        invocation: Invocation(params.get_invocation()),
        result: read::read_result(params.get_result(), "csiQuiescingComplete.result")?,
    })
}

fn read_ha_state_get(params: wire::ha_state_get_params::Reader<'_>) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::HaStateGet {
        comp: read::read_dn(params.get_comp()?, "haStateGet.comp")?,
        csi: read::read_dn(params.get_csi()?, "haStateGet.csi")?,
    })
}

fn read_error_report(params: wire::error_report_params::Reader<'_>) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::ErrorReport {
        comp: read::read_dn(params.get_comp()?, "errorReport.comp")?,
        recovery: read::read_recovery(params.get_recovery(), "errorReport.recovery")?,
    })
}

fn read_error_clear(params: wire::error_clear_params::Reader<'_>) -> Result<ComponentRequest, WireError> {
    Ok(ComponentRequest::ErrorClear {
        comp: read::read_dn(params.get_comp()?, "errorClear.comp")?,
    })
}
