//! Calls to implementers, each with its limit of time.

use std::time::Duration;

use ais::{AisError, Attr, CcbOperation, Dn, Millis, Object, Parameter, Refusal};
use futures::StreamExt as _;
use repository::{CcbId, Committed, Fetch, ImplementerCall, ImplementerId, ReadObject};
use schema::imm_capnp::implementer_callbacks::Client;
use schema::{imm as wire, list_len, size, value};

use tokio::time::timeout;

use crate::callee::left;
use crate::core::Core;

/// So many implementers are asked at once for the attributes of a page of objects.
const FETCHES_MAX: usize = 64;

/// An implementer's answer to an administrative operation.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// Its result, a `SaAisErrorT`.
    pub(crate) result: u32,
    /// Its parameters.
    pub(crate) parameters: Vec<Parameter>,
}

/// What a message is taken to need beside its content.
const CALL_BYTES: usize = 128;

impl Core {
    /// The limit for answers about CCBs.
    fn ccb_limit(&self, implementer: ImplementerId) -> Duration {
        let default = millis(self.callback_limit);
        duration(self.read(|repository| repository.callback_limit(implementer, default)))
    }

    /// Waits for an implementer's answer about a CCB as long as its limit allows. While it augments the CCB it is at
    /// work: each of its calls gives it as much time again.
    async fn answer_in_ccb<T>(
        &self,
        ccb: CcbId,
        implementer: ImplementerId,
        call: impl Future<Output = Result<T, capnp::Error>>,
    ) -> Result<T, Refusal> {
        let limit = self.ccb_limit(implementer);
        let mut call = std::pin::pin!(call);
        let mut seen = None;
        loop {
            if let Ok(answer) = timeout(limit, &mut call).await {
                return answer.map_err(|error| lost(&error));
            }
            let calls = self.read(|repository| repository.augment_calls(ccb, implementer));
            if calls.is_none() || calls == seen {
                return Err(late(limit));
            }
            seen = calls;
        }
    }

    /// Asks an implementer about operations of a CCB, message by message.
    pub(crate) async fn ask_operations(
        &self,
        implementer: ImplementerId,
        ccb: CcbId,
        operations: Vec<CcbOperation>,
    ) -> Result<(), Refusal> {
        self.change(|repository| repository.ccb_asks(ccb, implementer));
        let answer = self.send_operations(implementer, ccb, operations).await;
        let ended = self.change(|repository| repository.ccb_answered(ccb, implementer));
        answer.and(ended)
    }

    async fn send_operations(
        &self,
        implementer: ImplementerId,
        ccb: CcbId,
        operations: Vec<CcbOperation>,
    ) -> Result<(), Refusal> {
        for row in size::rows(&operations) {
            let client = self.callees.client(implementer, row_bytes(row))?;
            let promise = operations_call(&client, ccb, row)?;
            let response = self.answer_in_ccb(ccb, implementer, promise).await?;
            let answer = response.get().map_err(nonsense)?;
            read_status(answer.get_status()).map_err(allowed_in_ccb)?;
        }
        Ok(())
    }

    /// Asks an implementer whether the CCB as a whole can be applied.
    pub(crate) async fn ask_completed(&self, implementer: ImplementerId, ccb: CcbId) -> Result<(), Refusal> {
        self.change(|repository| repository.ccb_asks(ccb, implementer));
        let answer = self.send_completed(implementer, ccb).await;
        let ended = self.change(|repository| repository.ccb_answered(ccb, implementer));
        answer.and(ended)
    }

    async fn send_completed(&self, implementer: ImplementerId, ccb: CcbId) -> Result<(), Refusal> {
        let mut request = self
            .callees
            .client(implementer, CALL_BYTES)?
            .ccb_completed_request();
        request.get().set_ccb(ccb.0);
        let promise = request.send().promise;
        let response = self.answer_in_ccb(ccb, implementer, promise).await?;
        let answer = response.get().map_err(nonsense)?;
        read_status(answer.get_status()).map_err(allowed_in_ccb)
    }

    /// Tells an implementer that a CCB is aborted. Sent at once, so that it comes before what is sent later.
    pub(crate) fn tell_abort(&self, implementer: ImplementerId, ccb: CcbId) {
        if let Ok(client) = self.callees.client(implementer, CALL_BYTES) {
            let mut request = client.ccb_abort_request();
            request.get().set_ccb(ccb.0);
            unheeded(request.send().promise);
        }
    }

    /// Tells everyone concerned that a CCB is committed. Sent at once and in order; no answer is awaited.
    pub(crate) fn tell_committed(&self, ccb: CcbId, committed: Committed) {
        for implementer in committed.apply_to {
            self.tell_apply(implementer, ccb);
        }
        for (implementer, operations) in by_implementer(committed.appliers) {
            self.tell_operations(implementer, ccb, &operations);
            if let Ok(client) = self.callees.client(implementer, CALL_BYTES) {
                let mut request = client.ccb_completed_request();
                request.get().set_ccb(ccb.0);
                unheeded(request.send().promise);
            }
            self.tell_apply(implementer, ccb);
        }
    }

    /// Tells the special applier of changes of runtime data.
    pub(crate) fn tell_notices(&self, notices: Vec<ImplementerCall>) {
        for (implementer, operations) in by_implementer(notices) {
            self.tell_operations(implementer, CcbId(0), &operations);
        }
    }

    fn tell_operations(&self, implementer: ImplementerId, ccb: CcbId, operations: &[CcbOperation]) {
        for row in size::rows(operations) {
            let client = self.callees.client(implementer, row_bytes(row));
            match client.and_then(|client| operations_call(&client, ccb, row)) {
                Ok(promise) => unheeded(promise),
                Err(error) => tracing::warn!(%ccb, %error, "an applier misses operations"),
            }
        }
    }

    fn tell_apply(&self, implementer: ImplementerId, ccb: CcbId) {
        if let Ok(client) = self.callees.client(implementer, CALL_BYTES) {
            let mut request = client.ccb_apply_request();
            request.get().set_ccb(ccb.0);
            unheeded(request.send().promise);
        }
    }

    /// Has an implementer carry out an administrative operation. The call is sent at once; what is given waits for the
    /// answer, without a limit.
    ///
    /// # Errors
    /// NO_RESOURCES where the implementer left, TRY_AGAIN where it has too many operations.
    pub(crate) fn ask_admin_operation(
        &self,
        implementer: ImplementerId,
        object: &str,
        operation: u64,
        parameters: &[Parameter],
    ) -> Result<impl Future<Output = Result<Reply, Refusal>> + use<>, Refusal> {
        let mut unanswered = self.callees.operation(implementer)?;
        let bytes = CALL_BYTES + object.len() + size::parameters(parameters);
        let mut request = self.callees.client(implementer, bytes)?.admin_operation_request();
        let mut fields = request.get();
        fields.set_object(object);
        fields.set_operation_id(operation);
        let places = list_len(parameters.len(), "parameters")?;
        value::write_parameters(parameters, fields.init_parameters(places))?;
        let promise = request.send().promise;
        let object = object.to_owned();
        Ok(async move {
            let response = tokio::select! {
                biased;
                response = promise => response.map_err(|error| not_carried_out(&object, &error))?,
                () = unanswered.left() => return Err(left_during(&object)),
            };
            let answer = response.get().map_err(nonsense)?;
            Ok(Reply {
                result: answer.get_result(),
                parameters: value::read_parameters(answer.get_parameters().map_err(nonsense)?)?,
            })
        })
    }

    /// The object with what only its implementer knows.
    pub(crate) async fn complete(&self, read: ReadObject) -> Result<Object, Refusal> {
        let attrs = match &read.fetch {
            None => return Ok(read.object),
            Some(fetch) => self.fetch(&read.object.dn, fetch).await?,
        };
        read.complete(attrs)
    }

    /// The objects, in their order, with what only their implementers know.
    pub(crate) async fn complete_all(&self, page: Vec<ReadObject>) -> Result<Vec<Object>, Refusal> {
        if page.iter().all(|read| read.fetch.is_none()) {
            return Ok(page.into_iter().map(|read| read.object).collect());
        }
        let mut objects = Vec::with_capacity(page.len());
        let mut calls = futures::stream::iter(page)
            .map(|read| self.complete(read))
            .buffered(FETCHES_MAX);
        while let Some(object) = calls.next().await {
            objects.push(object?);
        }
        Ok(objects)
    }

    async fn fetch(&self, dn: &Dn, fetch: &Fetch) -> Result<Vec<Attr>, Refusal> {
        let bytes = CALL_BYTES + fetch.names.iter().map(|name| 16 + name.len()).sum::<usize>();
        let mut request = self
            .callees
            .client(fetch.implementer, bytes)?
            .rt_attr_update_request();
        request.get().set_object(dn.as_str());
        let places = list_len(fetch.names.len(), "names")?;
        value::write_texts(&fetch.names, request.get().init_names(places), "names")?;
        let default = millis(self.callback_limit);
        let limit = self.read(|repository| repository.fetch_limit(fetch.implementer, default));
        let limit = duration(limit);
        let response = match timeout(limit, request.send().promise).await {
            Ok(answer) => answer.map_err(|error| lost(&error))?,
            Err(_) => return Err(late(limit)),
        };
        let answer = response.get().map_err(nonsense)?;
        read_status(answer.get_status()).map_err(allowed_in_fetch)?;
        Ok(value::read_attrs(answer.get_attrs().map_err(nonsense)?)?)
    }
}

type OperationsPromise = capnp::capability::Promise<
    capnp::capability::Response<schema::imm_capnp::implementer_callbacks::ccb_operations_results::Owned>,
    capnp::Error,
>;

fn operations_call(client: &Client, ccb: CcbId, row: &[CcbOperation]) -> Result<OperationsPromise, Refusal> {
    let mut request = client.ccb_operations_request();
    request.get().set_ccb(ccb.0);
    let places = list_len(row.len(), "operations")?;
    wire::write_operations(row, request.get().init_operations(places))?;
    Ok(request.send().promise)
}

/// Lets a call go on to its end; whoever drops its promise cancels it.
fn unheeded<T: 'static>(promise: impl Future<Output = Result<T, capnp::Error>> + 'static) {
    tokio::task::spawn_local(async move {
        if let Err(error) = promise.await {
            tracing::debug!(%error, "an implementer did not take a notice");
        }
    });
}

fn read_status(status: Result<schema::value_capnp::status::Reader<'_>, capnp::Error>) -> Result<(), Refusal> {
    match value::read_status(status.map_err(nonsense)?) {
        Ok(answer) => answer.map_err(Refusal::from),
        Err(error) => Err(error.into()),
    }
}

/// The calls of each implementer in their order.
fn by_implementer(calls: Vec<ImplementerCall>) -> Vec<(ImplementerId, Vec<CcbOperation>)> {
    let mut rows: Vec<(ImplementerId, Vec<CcbOperation>)> = Vec::new();
    for call in calls {
        match rows.iter_mut().find(|(id, _)| *id == call.implementer) {
            Some((_, operations)) => operations.push(call.operation),
            None => rows.push((call.implementer, vec![call.operation])),
        }
    }
    rows
}

fn row_bytes(row: &[CcbOperation]) -> usize {
    CALL_BYTES + row.iter().map(size::operation).sum::<usize>()
}

fn millis(limit: Duration) -> Millis {
    Millis(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
}

const fn duration(limit: Millis) -> Duration {
    Duration::from_millis(limit.0)
}

fn late(limit: Duration) -> Refusal {
    let text = format!("no answer within {} s", limit.as_secs_f32());
    Refusal::new(AisError::Timeout, text)
}

/// An implementer's refusal of a CCB. Of the codes that it may not give those that say "not now" become NO_RESOURCES,
/// the others FAILED_OPERATION.
fn allowed_in_ccb(refusal: Refusal) -> Refusal {
    match refusal.error {
        AisError::NoMemory | AisError::NoResources | AisError::BadOperation => refusal,
        AisError::TryAgain | AisError::Busy | AisError::Timeout => {
            Refusal::new(AisError::NoResources, refusal.text)
        }
        _ => Refusal::new(AisError::FailedOperation, refusal.text),
    }
}

/// An implementer's refusal to give runtime attributes.
fn allowed_in_fetch(refusal: Refusal) -> Refusal {
    match refusal.error {
        AisError::NoMemory | AisError::NoResources => refusal,
        _ => Refusal::new(AisError::FailedOperation, refusal.text),
    }
}

/// Why an administrative operation has no answer.
fn not_carried_out(object: &str, error: &capnp::Error) -> Refusal {
    match error.kind {
        capnp::ErrorKind::Unimplemented => Refusal::new(
            AisError::FailedOperation,
            format!("the implementer of '{object}' takes no administrative operations"),
        ),
        capnp::ErrorKind::Disconnected => left_during(object),
        _ => Refusal::new(
            AisError::FailedOperation,
            format!("the implementer of '{object}' failed: {}; {UNKNOWN}", error.extra),
        ),
    }
}

const UNKNOWN: &str = "whether the operation is carried out is not known";

fn left_during(object: &str) -> Refusal {
    Refusal::new(
        AisError::Timeout,
        format!("the implementer of '{object}' left before it answered; {UNKNOWN}"),
    )
}

fn lost(error: &capnp::Error) -> Refusal {
    match error.kind {
        capnp::ErrorKind::Disconnected => left(),
        _ => Refusal::new(
            AisError::FailedOperation,
            format!("the implementer failed: {}", error.extra),
        ),
    }
}

fn nonsense(error: capnp::Error) -> Refusal {
    schema::WireError::from(error).into()
}
