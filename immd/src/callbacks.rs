//! Calls to implementers, each with its limit of time.

use ais::{AisError, Attr, CcbOperation, Dn, Object, Parameter, Refusal};
use futures::StreamExt as _;
use repository::{CcbId, Committed, Fetch, ImplementerId, ReadObject};
use schema::imm_capnp::implementer_callbacks::Client;
use schema::{imm as wire, list_len, size, value};

use crate::core::Core;

/// So many implementers are asked at once for the attributes of a page of objects.
const FETCHES_MAX: usize = 64;

/// An implementer's answer to an administrative operation.
pub(crate) struct Reply {
    /// Its result, a `SaAisErrorT`.
    pub(crate) result: u32,
    /// Its parameters.
    pub(crate) parameters: Vec<Parameter>,
}

impl Core {
    fn client(&self, implementer: ImplementerId) -> Result<Client, Refusal> {
        let callbacks = self.callbacks.borrow();
        callbacks.get(&implementer).cloned().ok_or_else(left)
    }

    /// Waits for an implementer's answer as long as the limit allows.
    async fn answer<T>(&self, call: impl Future<Output = Result<T, capnp::Error>>) -> Result<T, Refusal> {
        match tokio::time::timeout(self.callback_limit, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(lost(&error)),
            Err(_) => Err(Refusal::new(
                AisError::Timeout,
                format!("no answer within {} s", self.callback_limit.as_secs_f32()),
            )),
        }
    }

    /// Asks an implementer about operations of a CCB, message by message.
    pub(crate) async fn ask_operations(
        &self,
        implementer: ImplementerId,
        ccb: CcbId,
        operations: Vec<CcbOperation>,
    ) -> Result<(), Refusal> {
        let client = self.client(implementer)?;
        for row in size::rows(&operations) {
            let promise = operations_call(&client, ccb, row)?;
            let response = self.answer(promise).await?;
            let answer = response.get().map_err(nonsense)?;
            read_status(answer.get_status())?;
        }
        Ok(())
    }

    /// Asks an implementer whether the CCB as a whole can be applied.
    pub(crate) async fn ask_completed(&self, implementer: ImplementerId, ccb: CcbId) -> Result<(), Refusal> {
        let mut request = self.client(implementer)?.ccb_completed_request();
        request.get().set_ccb(ccb.0);
        let response = self.answer(request.send().promise).await?;
        let answer = response.get().map_err(nonsense)?;
        read_status(answer.get_status())
    }

    /// Tells an implementer that a CCB is aborted. Sent at once, so that it comes before what is sent later.
    pub(crate) fn tell_abort(&self, implementer: ImplementerId, ccb: CcbId) {
        if let Ok(client) = self.client(implementer) {
            let mut request = client.ccb_abort_request();
            request.get().set_ccb(ccb.0);
            unheeded(request.send().promise);
        }
    }

    /// Tells everyone concerned that a CCB is committed. Sent at once and in order; no answer is awaited.
    pub(crate) fn tell_committed(&self, ccb: CcbId, committed: Committed) {
        let mut appliers: Vec<(ImplementerId, Vec<CcbOperation>)> = Vec::new();
        for call in committed.appliers {
            match appliers.iter_mut().find(|(id, _)| *id == call.implementer) {
                Some((_, operations)) => operations.push(call.operation),
                None => appliers.push((call.implementer, vec![call.operation])),
            }
        }
        for implementer in committed.apply_to {
            if let Ok(client) = self.client(implementer) {
                tell_apply(&client, ccb);
            }
        }
        for (implementer, operations) in appliers {
            let Ok(client) = self.client(implementer) else {
                continue;
            };
            for row in size::rows(&operations) {
                match operations_call(&client, ccb, row) {
                    Ok(promise) => unheeded(promise),
                    Err(error) => tracing::warn!(%ccb, %error, "an applier misses operations"),
                }
            }
            let mut request = client.ccb_completed_request();
            request.get().set_ccb(ccb.0);
            unheeded(request.send().promise);
            tell_apply(&client, ccb);
        }
    }

    /// Has an implementer carry out an administrative operation.
    pub(crate) async fn ask_admin_operation(
        &self,
        implementer: ImplementerId,
        object: &str,
        operation: u64,
        parameters: &[Parameter],
        limit: std::time::Duration,
    ) -> Result<Reply, Refusal> {
        let mut request = self.client(implementer)?.admin_operation_request();
        let mut fields = request.get();
        fields.set_object(object);
        fields.set_operation_id(operation);
        let places = list_len(parameters.len(), "parameters")?;
        value::write_parameters(parameters, fields.init_parameters(places))?;
        let unknown = "whether the operation is carried out is not known";
        let response = match tokio::time::timeout(limit, request.send().promise).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let text = format!(
                    "the implementer of '{object}' left before it answered; {unknown} ({})",
                    error.extra
                );
                return Err(Refusal::new(AisError::Timeout, text));
            }
            Err(_) => {
                let text = format!(
                    "the implementer of '{object}' gave no answer within {} ms; {unknown}",
                    limit.as_millis()
                );
                return Err(Refusal::new(AisError::Timeout, text));
            }
        };
        let answer = response.get().map_err(nonsense)?;
        Ok(Reply {
            result: answer.get_result(),
            parameters: value::read_parameters(answer.get_parameters().map_err(nonsense)?)?,
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
        let mut request = self.client(fetch.implementer)?.rt_attr_update_request();
        request.get().set_object(dn.as_str());
        let places = list_len(fetch.names.len(), "names")?;
        value::write_texts(&fetch.names, request.get().init_names(places), "names")?;
        let response = self.answer(request.send().promise).await?;
        let answer = response.get().map_err(nonsense)?;
        read_status(answer.get_status())?;
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

fn tell_apply(client: &Client, ccb: CcbId) {
    let mut request = client.ccb_apply_request();
    request.get().set_ccb(ccb.0);
    unheeded(request.send().promise);
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

fn left() -> Refusal {
    Refusal::new(AisError::NoResources, "the implementer left before it answered")
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
