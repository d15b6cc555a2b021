//! The one question that operators' tools have for the director itself.

use std::path::Path;

use ais::{AisError, Dn};
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty};
use schema::WireError;
use schema::amf_capnp::director;
use tokio::net::UnixStream;
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

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

/// Why an entity is as it is, in sentences, the most important first. Must run on a tokio `LocalSet`.
///
/// # Errors
/// [`ExplainError`]; an entity that the director does not know is refused.
pub async fn explain(dir: &Path, dn: &Dn) -> Result<Vec<String>, ExplainError> {
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
    let answer = ask(&director, dn).await;
    connection.abort();
    answer
}

async fn ask(director: &director::Client, dn: &Dn) -> Result<Vec<String>, ExplainError> {
    let mut request = director.explain_request();
    request.get().set_dn(dn.as_str());
    let answer = request.send().promise.await?;
    let answer = answer.get()?;
    if let Err(refused) = schema::value::read_status(answer.get_status()?)? {
        return Err(ExplainError::Refused {
            error: refused.error,
            texts: refused.texts,
        });
    }
    Ok(schema::value::read_texts(answer.get_text()?, "text")?)
}
