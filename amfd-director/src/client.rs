//! The questions that operators' tools have for the director itself.

use std::path::Path;
use std::rc::Rc;

use ais::amf::CauseId;
use ais::ntf::{Notification, Recorded};
use ais::{AisError, Dn};
use capnp::any_pointer;
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use schema::WireError;
use schema::amf_capnp::director;
use schema::ntf_capnp::{notifications, subscriber, subscription};
use schema::value_capnp::status;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

use crate::timeline::Entry;

/// Why the question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Nobody listens on the socket.
    #[error("no director answers on {socket}")]
    NotRunning {
        /// The path of the socket.
        socket: String,
        /// Why the connection failed.
        #[source]
        source: std::io::Error,
    },
    /// The director refused.
    #[error("{error}: {}", texts.join("; "))]
    Refused {
        /// The code.
        error: AisError,
        /// Why.
        texts: Vec<String>,
    },
    /// The connection broke, or the answer is not understood.
    #[error("the director's answer did not come: {0}")]
    Broken(String),
}

impl From<WireError> for ExplainError {
    fn from(error: WireError) -> ExplainError {
        ExplainError::Broken(error.to_string())
    }
}

impl From<capnp::Error> for ExplainError {
    fn from(error: capnp::Error) -> ExplainError {
        ExplainError::Broken(error.to_string())
    }
}

/// A connection to the director of a cluster. Must live on a tokio `LocalSet`.
pub struct Director {
    director: director::Client,
    connection: JoinHandle<Result<(), capnp::Error>>,
}

impl Drop for Director {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// A reason of the director, as [`Director::explain`] gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenReason {
    /// A code of docs/REASONS.md.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// The sentence.
    pub text: String,
    /// What helps; empty where nothing need be done.
    pub help: String,
}

/// Why an entity is as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Sentences, the most important first.
    pub texts: Vec<String>,
    /// The reasons among them.
    pub reasons: Vec<GivenReason>,
}

impl Director {
    /// Connects to the director of the cluster in this directory.
    ///
    /// # Errors
    /// [`ExplainError::NotRunning`].
    pub async fn connect(dir: &Path) -> Result<Director, ExplainError> {
        let socket = dir.join(crate::SOCKET);
        let stream = UnixStream::connect(&socket)
            .await
            .map_err(|source| ExplainError::NotRunning {
                socket: socket.display().to_string(),
                source,
            })?;
        let (reader, writer) = stream.into_split();
        let network = twoparty::VatNetwork::new(
            futures::io::BufReader::new(reader.compat()),
            futures::io::BufWriter::new(writer.compat_write()),
            Side::Client,
            capnp::message::ReaderOptions::default(),
        );
        let mut system = RpcSystem::new(Box::new(network), None);
        let director: director::Client = system.bootstrap(Side::Server);
        let connection = tokio::task::spawn_local(system);
        Ok(Director { director, connection })
    }

    /// Why the entity is as it is.
    ///
    /// # Errors
    /// [`ExplainError`]; an entity that the director does not know is refused.
    pub async fn explain(&self, dn: &Dn) -> Result<Explanation, ExplainError> {
        let mut request = self.director.explain_request();
        request.get().set_dn(dn.as_str());
        let answer = request.send().promise.await?;
        let answer = answer.get()?;
        check(answer.get_status()?)?;
        let read = schema::value::read_text;
        let reasons = answer.get_reasons()?.iter().map(|reason| {
            Ok(GivenReason {
                code: read(reason.get_code()?, "Reason.code")?,
                subject: read(reason.get_subject()?, "Reason.subject")?,
                text: read(reason.get_text()?, "Reason.text")?,
                help: read(reason.get_help()?, "Reason.help")?,
            })
        });
        Ok(Explanation {
            texts: schema::value::read_texts(answer.get_text()?, "text")?,
            reasons: reasons.collect::<Result<_, ExplainError>>()?,
        })
    }

    /// The newest steps of whole stories, older ones first: of those that concern the object, where one is named, and that
    /// have a step after `since`, in nanoseconds since the epoch.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub async fn timeline(
        &self,
        object: Option<&Dn>,
        since: i64,
        most: u32,
    ) -> Result<Vec<Entry>, ExplainError> {
        let mut request = self.director.timeline_request();
        let mut params = request.get();
        params.set_object(schema::value::optional_dn(object));
        params.set_since(since);
        params.set_most(most);
        let answer = request.send().promise.await?;
        let answer = answer.get()?;
        check(answer.get_status()?)?;
        let read = schema::value::read_text;
        let entries = answer.get_entries()?.iter().map(|entry| {
            Ok(Entry {
                cause: CauseId(entry.get_cause()),
                time: entry.get_time(),
                subject: read(entry.get_subject()?, "StoryEntry.subject")?,
                code: read(entry.get_code()?, "StoryEntry.code")?,
                text: read(entry.get_text()?, "StoryEntry.text")?,
            })
        });
        entries.collect()
    }

    /// Sends a notification; gives its number. A time of 0 is now.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub async fn notify(&self, notification: Notification, time: i64) -> Result<u64, ExplainError> {
        let sent = Recorded {
            id: 0,
            time,
            notification,
        };
        let service = self.notifications();
        let mut request = service.send_request();
        schema::ntf::write_notification(&sent, request.get().init_notification())?;
        let answer = request.send().promise.await?;
        let answer = answer.get()?;
        check(answer.get_status()?)?;
        Ok(answer.get_id())
    }

    /// Notifications with greater numbers than `after`, older ones first, and whether there are more.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub async fn read(&self, after: u64) -> Result<(Vec<Recorded>, bool), ExplainError> {
        let service = self.notifications();
        let mut request = service.read_request();
        request.get().set_after(after);
        request.get().set_most(u32::MAX);
        let answer = request.send().promise.await?;
        let answer = answer.get()?;
        let found = schema::ntf::read_notifications(answer.get_notifications()?)?;
        Ok((found, answer.get_more()))
    }

    /// The alarms that are raised, older ones first.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub async fn alarms(&self) -> Result<Vec<Recorded>, ExplainError> {
        let answer = self.notifications().alarms_request().send().promise.await?;
        Ok(schema::ntf::read_notifications(
            answer.get()?.get_notifications()?,
        )?)
    }

    /// Has what is told from now on given to `take`, with how many were left out before; of the types whose bit
    /// `1 << (type >> 12)` is set, 0 is all. Lasts as long as the subscription.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub async fn subscribe(
        &self,
        types: u32,
        take: impl Fn(Vec<Recorded>, u64) + 'static,
    ) -> Result<Subscription, ExplainError> {
        let mut request = self.notifications().subscribe_request();
        let mut params = request.get();
        params.set_types(types);
        params.set_subscriber(capnp_rpc::new_client(Subscriber { take }));
        let answer = request.send().promise.await?;
        let answer = answer.get()?;
        check(answer.get_status()?)?;
        Ok(Subscription {
            _held: answer.get_subscription()?,
        })
    }

    /// Waits until the connection is gone.
    pub async fn closed(&mut self) {
        let ended = (&mut self.connection).await;
        tracing::debug!(?ended, "the connection to the director is gone");
    }

    fn notifications(&self) -> notifications::Client {
        self.director
            .notifications_request()
            .send()
            .pipeline
            .get_service()
    }
}

/// A subscription; ends where it is dropped.
pub struct Subscription {
    _held: subscription::Client,
}

struct Subscriber<F> {
    take: F,
}

impl<F: Fn(Vec<Recorded>, u64) + 'static> subscriber::Server for Subscriber<F> {
    async fn tell(
        self: Rc<Self>,
        params: subscriber::TellParams,
        _: subscriber::TellResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let told = schema::ntf::read_notifications(params.get_notifications()?)
            .map_err(|error| capnp::Error::failed(error.to_string()))?;
        (self.take)(told, params.get_lost());
        Ok(())
    }
}

fn check(status: status::Reader<'_>) -> Result<(), ExplainError> {
    schema::value::read_status(status)?.map_err(|refused| ExplainError::Refused {
        error: refused.error,
        texts: refused.texts,
    })
}

/// Why an entity is as it is, in sentences, the most important first. Must run on a tokio `LocalSet`.
///
/// # Errors
/// [`ExplainError`]; an entity that the director does not know is refused.
pub async fn explain(dir: &Path, dn: &Dn) -> Result<Vec<String>, ExplainError> {
    Ok(Director::connect(dir).await?.explain(dn).await?.texts)
}

/// What a socket says about the daemon behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// It answers.
    Yes,
    /// Nobody listens, or the connection ended.
    NotListening,
}

/// The number of an interface that no daemon has; the numbers that Cap'n Proto gives have their upper bit set.
const UNKNOWN_INTERFACE: u64 = 0;

/// Asks whatever daemon of the cluster listens on the socket whether it answers at all; waits for ever where it does not.
/// Must run on a tokio `LocalSet`.
pub async fn answers(socket: &Path) -> Answers {
    let Ok(stream) = UnixStream::connect(socket).await else {
        return Answers::NotListening;
    };
    let (reader, writer) = stream.into_split();
    let network = twoparty::VatNetwork::new(
        futures::io::BufReader::new(reader.compat()),
        futures::io::BufWriter::new(writer.compat_write()),
        Side::Client,
        capnp::message::ReaderOptions::default(),
    );
    let mut system = RpcSystem::new(Box::new(network), None);
    let any: director::Client = system.bootstrap(Side::Server);
    // A call that no daemon knows, since a bootstrap alone never resolves (capnp-rpc 0.27.3): that it is unknown is an answer.
    let question = any.client.new_call::<any_pointer::Owned, any_pointer::Owned>(
        UNKNOWN_INTERFACE,
        0,
        Some(capnp::MessageSize {
            word_count: 0,
            cap_count: 0,
        }),
    );
    tokio::select! {
        answer = question.send().promise => match answer {
            Err(error) if error.kind == capnp::ErrorKind::Disconnected => Answers::NotListening,
            Ok(_) | Err(_) => Answers::Yes,
        },
        _ = system => Answers::NotListening,
    }
}
