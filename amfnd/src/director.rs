//! The link to the director: orders come in, reports go out. When it breaks it is made again, at once and then at
//! growing intervals; what could not be reported is dropped, for a director asks for everything when it has the link.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use ais::amf::{NodeReport, Term};
use ais::{AisError, Dn};
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use futures::future::LocalBoxFuture;
use futures::io::{BufReader, BufWriter};
use futures::stream::{FuturesUnordered, StreamExt};
use node_engine::Event;
use schema::amf_capnp::{director, director_session, node_director};
use schema::{Refused, WireError};
use tokio::net::UnixStream;
use tokio::sync::{Notify, oneshot};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::components::Outstanding;
use crate::components::presence::DirectorPresence;
use crate::input::{Input, Inputs, tell};

/// Reports that wait to be sent; with more the link is made anew.
const REPORTS_MAX: usize = 8192;
/// Reports in one message.
const BATCH_MAX: usize = 256;
/// Messages with reports that are sent before the first is answered.
const BATCHES_UNANSWERED: usize = 16;
/// Messages with orders that wait for an answer.
const ORDERS_MAX: usize = 256;
/// The first and the longest interval between two attempts.
const RETRY_FIRST: Duration = Duration::from_millis(10);
const RETRY_MAX: Duration = Duration::from_millis(250);
/// How long a director may take to greet.
const GREETING_LIMIT: Duration = Duration::from_secs(10);

/// The reports that wait to be sent.
#[derive(Default)]
pub(crate) struct Reports {
    state: RefCell<Waiting>,
    wake: Notify,
}

#[derive(Default)]
enum Waiting {
    /// There is no link.
    #[default]
    Closed,
    Open(VecDeque<NodeReport>),
    /// More than fit came.
    Overflowed,
    /// What was reported is over; everything is reported anew on a new link.
    Ended,
}

impl Reports {
    /// Sends a report as soon as it can be, if there is a link.
    pub(crate) fn push(&self, report: NodeReport) {
        let mut state = self.state.borrow_mut();
        if let Waiting::Open(queue) = &mut *state {
            if queue.len() < REPORTS_MAX {
                queue.push_back(report);
            } else {
                *state = Waiting::Overflowed;
            }
            self.wake.notify_one();
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        match &*self.state.borrow() {
            Waiting::Open(queue) => queue.len(),
            Waiting::Closed | Waiting::Overflowed | Waiting::Ended => 0,
        }
    }

    /// Gives the link up, for what was reported on it does not hold any more; a new one is made.
    pub(crate) fn begin_anew(&self) {
        let mut state = self.state.borrow_mut();
        if !matches!(*state, Waiting::Closed) {
            *state = Waiting::Ended;
        }
        self.wake.notify_one();
    }

    fn open(&self) {
        *self.state.borrow_mut() = Waiting::Open(VecDeque::new());
    }

    fn close(&self) {
        *self.state.borrow_mut() = Waiting::Closed;
    }

    /// The next reports to send, oldest first; none where there are none.
    fn take(&self) -> Result<Vec<NodeReport>, LinkError> {
        match &mut *self.state.borrow_mut() {
            Waiting::Open(queue) => {
                let count = queue.len().min(BATCH_MAX);
                if queue.len() > count {
                    self.wake.notify_one();
                }
                Ok(queue.drain(..count).collect())
            }
            Waiting::Closed | Waiting::Overflowed => Err(LinkError::Overflow),
            Waiting::Ended => Err(LinkError::Anew),
        }
    }
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("no director listens on {path}: {source}")]
    Connect { path: PathBuf, source: std::io::Error },
    #[error("the director refuses this node: {0}")]
    Refused(ais::Refusal),
    #[error("the director does not answer")]
    NoGreeting,
    #[error("the director is gone")]
    Gone,
    #[error("the connection broke: {0}")]
    Broken(#[from] capnp::Error),
    #[error("a message cannot be read or written: {0}")]
    Wire(#[from] WireError),
    #[error("the director does not take {REPORTS_MAX} reports")]
    Overflow,
    #[error("everything was killed; a new session begins")]
    Anew,
}

/// Keeps the link to the director.
pub(crate) struct Link {
    socket: PathBuf,
    node: Dn,
    reports: Rc<Reports>,
    inputs: Inputs,
    /// Whether the director has greeted.
    presence: Rc<DirectorPresence>,
}

impl Link {
    /// A link, not yet made, to the director of the cluster in `dir`.
    pub(crate) fn new(
        dir: &Path,
        node: &Dn,
        reports: Rc<Reports>,
        inputs: Inputs,
        presence: Rc<DirectorPresence>,
    ) -> Link {
        Link {
            socket: dir.join("amfd.sock"),
            node: node.clone(),
            reports,
            inputs,
            presence,
        }
    }

    /// Makes the link and makes it again, for ever.
    pub(crate) async fn keep(self) -> Infallible {
        let mut pause = Duration::ZERO;
        let mut told = String::new();
        loop {
            let Err(error) = self.attend().await;
            self.reports.close();
            let text = error.to_string();
            if self.presence.is_present() {
                self.presence.went();
                tell(&self.inputs, Input::Event(Event::DirectorLost));
                pause = Duration::ZERO;
                tracing::warn!(cause = text, "the director is lost");
                told.clear();
            } else if told != text {
                tracing::info!(cause = text, "no director yet");
                told = text;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).clamp(RETRY_FIRST, RETRY_MAX);
        }
    }

    /// Makes the link once and serves it until it breaks.
    async fn attend(&self) -> Result<Infallible, LinkError> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| LinkError::Connect {
                path: self.socket.clone(),
                source,
            })?;
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            BufReader::new(reader.compat()),
            BufWriter::new(writer.compat_write()),
            Side::Client,
            capnp::message::ReaderOptions::new(),
        );
        let mut rpc = RpcSystem::new(Box::new(network), None);
        let director: director::Client = rpc.bootstrap(Side::Server);
        self.reports.open();
        tokio::select! {
            biased;
            ended = rpc => Err(ended.map_or_else(LinkError::Broken, |()| LinkError::Gone)),
            failed = self.converse(director) => failed,
        }
    }

    async fn converse(&self, director: director::Client) -> Result<Infallible, LinkError> {
        let greeting = tokio::time::timeout(GREETING_LIMIT, self.greet(director)).await;
        let session = greeting.map_err(|_| LinkError::NoGreeting)??;
        self.send_reports(&session).await
    }

    async fn greet(&self, director: director::Client) -> Result<director_session::Client, LinkError> {
        let mut request = director.node_up_request();
        request.get().set_node(self.node.as_str());
        request
            .get()
            .set_callbacks(capnp_rpc::new_client(NodeDirectorServer {
                inputs: self.inputs.clone(),
                outstanding: Cell::new(0),
            }));
        let response = request.send().promise.await?;
        let response = response.get()?;
        schema::value::read_status(response.get_status()?)?
            .map_err(|refused| LinkError::Refused(refused.into()))?;
        let session = response.get_session()?;
        self.presence.came(session.clone());
        tracing::info!(term = response.get_term(), "the director has this node");
        Ok(session)
    }

    async fn send_reports(&self, session: &director_session::Client) -> Result<Infallible, LinkError> {
        let mut unanswered = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(answered) = unanswered.next() => answered?,
                () = self.reports.wake.notified(), if unanswered.len() < BATCHES_UNANSWERED => {
                    let batch = self.reports.take()?;
                    if !batch.is_empty() {
                        unanswered.push(send(session, &batch)?);
                    }
                }
            }
        }
    }
}

/// Sends reports; the future is ready when the director has them.
fn send(
    session: &director_session::Client,
    reports: &[NodeReport],
) -> Result<LocalBoxFuture<'static, Result<(), LinkError>>, LinkError> {
    let mut request = session.report_request();
    let length = schema::list_len(reports.len(), "report.reports")?;
    schema::amf::write_node_reports(reports, request.get().init_reports(length))?;
    let promise = request.send().promise;
    Ok(Box::pin(async move { Ok(promise.await.map(drop)?) }))
}

/// The capability through which the director gives orders.
struct NodeDirectorServer {
    inputs: Inputs,
    outstanding: Cell<usize>,
}

impl NodeDirectorServer {
    async fn take_orders(&self, params: node_director::OrderParams) -> Result<(), Refused> {
        let params = params.get().map_err(WireError::from)?;
        let list = params.get_orders().map_err(WireError::from)?;
        let causes = schema::amf::read_causes(list);
        let orders = schema::amf::read_node_orders(list)?;
        let Some(_outstanding) = Outstanding::begin(&self.outstanding, ORDERS_MAX) else {
            return Err(AisError::TryAgain.into());
        };
        let term = Term(params.get_term());
        let (answer, answered) = oneshot::channel();
        tell(
            &self.inputs,
            Input::Orders {
                term,
                orders,
                causes,
                answer,
            },
        );
        match answered.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused {
                error: AisError::BadOperation,
                texts: vec![format!("term {} is over; a newer director has been seen", term.0)],
            }),
            Err(_) => Err(AisError::TryAgain.into()),
        }
    }
}

impl node_director::Server for NodeDirectorServer {
    async fn order(
        self: Rc<Self>,
        params: node_director::OrderParams,
        mut results: node_director::OrderResults,
    ) -> Result<(), capnp::Error> {
        let status = self.take_orders(params).await;
        schema::value::write_status(&status, results.get().init_status());
        Ok(())
    }

    fn heartbeat(
        self: Rc<Self>,
        _: node_director::HeartbeatParams,
        _: node_director::HeartbeatResults,
    ) -> impl Future<Output = Result<(), capnp::Error>> + 'static {
        // The loop runs on this thread too, so that an answer shows that it turns.
        std::future::ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_link_reports_are_dropped_and_too_many_break_it() {
        let reports = Reports::default();
        reports.push(NodeReport::AllReported);
        reports.open();
        assert_eq!(reports.take().unwrap(), Vec::new());
        for _ in 0..=BATCH_MAX {
            reports.push(NodeReport::AllReported);
        }
        assert_eq!(reports.take().unwrap().len(), BATCH_MAX);
        assert_eq!(reports.take().unwrap().len(), 1);
        for _ in 0..=REPORTS_MAX {
            reports.push(NodeReport::AllReported);
        }
        assert!(matches!(reports.take(), Err(LinkError::Overflow)));
    }
}
