//! A web server that is idle until the framework gives it work, and serves its CSI's text only while it is ACTIVE.
//!
//! The CSI's attributes are `port` (on 127.0.0.1; 0 takes any free one) and `text`. While STANDBY it knows the page and does not listen;
//! its healthcheck asks for the page as a client does. On QUIESCING it takes no new connection, finishes the requests it has, and says so.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use ais::amf::{CsiDescriptor, HaState, RecommendedRecovery};
use ais::{AisError, Dn};
use amfnd_client::{Amf, Component, Quiescing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Connections served at the same time.
const CONNECTIONS_MAX: usize = 256;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 128;
/// The largest head of a request.
const HEAD_MAX: usize = 8192;
/// How long a client may take to ask and to take the answer.
const CLIENT_LIMIT: Duration = Duration::from_secs(5);

/// Runs the web server until the framework terminates it.
pub fn main(_args: Vec<OsString>) -> ExitCode {
    super::log_to_stderr();
    super::exit("sample-web", amfnd_client::run(Web::default()))
}

#[derive(Default)]
struct Web {
    comp: String,
    pages: BTreeMap<Dn, Page>,
    servers: BTreeMap<Dn, Server>,
}

/// What a CSI wants served.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    port: u16,
    text: String,
}

/// A listener with its connections.
struct Server {
    page: Page,
    port: u16,
    quiesce: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Component for Web {
    fn healthchecks(&self) -> Vec<(String, RecommendedRecovery)> {
        vec![("Web".to_owned(), RecommendedRecovery::ComponentRestart)]
    }

    fn registered(&mut self, _amf: &Amf, comp: &Dn) {
        self.comp = comp.to_string();
        tracing::info!(%comp, pid = std::process::id(), "registered, idle");
    }

    async fn csi_set(&mut self, ha: HaState, csi: CsiDescriptor) -> Result<(), AisError> {
        let active = csi.active_comp.as_ref().map_or("nobody", Dn::as_str).to_owned();
        for csi in self.learn(csi)? {
            match ha {
                HaState::Active => self.serve(&csi).await?,
                HaState::Standby => {
                    self.stop(&csi).await;
                    tracing::info!(%csi, active, "STANDBY");
                }
                HaState::Quiesced | HaState::Quiescing => {
                    self.stop(&csi).await;
                    tracing::info!(%csi, "QUIESCED");
                }
            }
        }
        Ok(())
    }

    fn quiesce(&mut self, csi: CsiDescriptor) -> Quiescing {
        let csis = csi
            .csi
            .map_or_else(|| self.pages.keys().cloned().collect(), |csi| vec![csi]);
        let servers: Vec<Server> = csis.iter().filter_map(|csi| self.servers.remove(csi)).collect();
        tracing::info!(csis = csis.len(), "QUIESCING: no new connections");
        Box::pin(async move {
            for server in servers {
                server.finish().await;
            }
            tracing::info!("every request is answered");
            Ok(())
        })
    }

    /// Whether each page that it should serve is really served: it asks for them as a client does.
    async fn healthcheck(&mut self, _key: &str) -> Result<(), AisError> {
        for (csi, server) in &self.servers {
            if let Err(error) = probe(server.port).await {
                tracing::error!(%csi, %error, "not served on 127.0.0.1:{}", server.port);
                return Err(AisError::FailedOperation);
            }
        }
        Ok(())
    }

    async fn csi_remove(&mut self, csi: Option<Dn>) -> Result<(), AisError> {
        let csis = csi.map_or_else(|| self.pages.keys().cloned().collect(), |csi| vec![csi]);
        for csi in csis {
            self.stop(&csi).await;
            self.pages.remove(&csi);
            tracing::info!(%csi, "removed");
        }
        Ok(())
    }
}

impl Web {
    /// Takes what the descriptor says of its CSI; gives the CSIs it is about.
    fn learn(&mut self, csi: CsiDescriptor) -> Result<Vec<Dn>, AisError> {
        let Some(name) = csi.csi else {
            return Ok(self.pages.keys().cloned().collect());
        };
        if csi.is_new || !csi.attributes.is_empty() || !self.pages.contains_key(&name) {
            let page = Page::from_attributes(&csi.attributes).map_err(|error| {
                tracing::error!(csi = %name, error, "the CSI's attributes are wrong");
                AisError::FailedOperation
            })?;
            self.pages.insert(name.clone(), page);
        }
        Ok(vec![name])
    }

    /// Serves the CSI's page, unless it does already.
    async fn serve(&mut self, csi: &Dn) -> Result<(), AisError> {
        let Some(page) = self.pages.get(csi).cloned() else {
            return Err(AisError::FailedOperation);
        };
        if self.servers.get(csi).is_some_and(|server| server.page == page) {
            return Ok(());
        }
        self.stop(csi).await;
        let server = Server::start(page, &self.comp).map_err(|(port, error)| {
            tracing::error!(%csi, %error, "cannot serve on 127.0.0.1:{port}");
            AisError::FailedOperation
        })?;
        tracing::info!(%csi, "ACTIVE: serving on 127.0.0.1:{}", server.port);
        self.servers.insert(csi.clone(), server);
        Ok(())
    }

    async fn stop(&mut self, csi: &Dn) {
        if let Some(server) = self.servers.remove(csi) {
            server.stop().await;
        }
    }
}

impl Page {
    fn from_attributes(attributes: &[(String, Vec<String>)]) -> Result<Page, String> {
        let first = |name: &str| {
            let attribute = attributes.iter().find(|(other, _)| other == name);
            attribute.and_then(|(_, values)| values.first()).cloned()
        };
        let port = first("port").ok_or("there is no attribute 'port'")?;
        Ok(Page {
            port: port
                .parse()
                .map_err(|_| format!("the port '{port}' is no number from 0 to 65535"))?,
            text: first("text").unwrap_or_default(),
        })
    }
}

impl Server {
    /// Listens and serves; the error comes with the port.
    fn start(page: Page, comp: &str) -> Result<Server, (u16, io::Error)> {
        let listening = listen(page.port).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = listening.map_err(|error| (page.port, error))?;
        let (quiesce, quiesced) = oneshot::channel();
        let body = format!("{}\n{comp}\n", page.text);
        let task = tokio::task::spawn_local(accept(listener, body, quiesced));
        Ok(Server {
            page,
            port: address.port(),
            quiesce,
            task,
        })
    }

    /// Takes no new connection and waits until those it has are answered.
    async fn finish(self) {
        if self.quiesce.send(()).is_ok()
            && let Err(error) = self.task.await
        {
            tracing::error!(%error, "serving failed");
        }
    }

    /// Closes everything at once.
    async fn stop(self) {
        self.task.abort();
        match self.task.await {
            Err(error) if !error.is_cancelled() => tracing::error!(%error, "serving failed"),
            Ok(()) | Err(_) => {}
        }
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A server that was killed leaves its answered connections behind; they must not keep the next one from the port.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, body: String, mut quiesce: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut quiesce => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    let body = body.clone();
                    connections.spawn_local(async move {
                        // A client that leaves or asks nothing is its own affair.
                        if let Ok(Err(error)) = tokio::time::timeout(CLIENT_LIMIT, answer(stream, &body)).await {
                            tracing::debug!(%error, "a client left");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Asks the own server for the page, without taking it.
async fn probe(port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(b"HEAD / HTTP/1.1\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let status = answer.lines().next().unwrap_or("nothing");
    Err(io::Error::other(format!("the answer is {status}")))
}

/// Reads one request and answers it.
async fn answer(mut stream: TcpStream, body: &str) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        if head.len() > HEAD_MAX {
            return respond(&mut stream, "431 Request Header Fields Too Large", "", true).await;
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    match head.split(|&byte| byte == b' ').next() {
        Some(b"GET") => respond(&mut stream, "200 OK", body, true).await,
        Some(b"HEAD") => respond(&mut stream, "200 OK", body, false).await,
        _ => respond(&mut stream, "405 Method Not Allowed", "", true).await,
    }
}

async fn respond(stream: &mut TcpStream, status: &str, body: &str, with_body: bool) -> io::Result<()> {
    let mut text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    if with_body {
        text.push_str(body);
    }
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use ais::amf::CsiTransition;

    fn descriptor(port: u16, new: bool) -> CsiDescriptor {
        let attributes = vec![
            ("port".to_owned(), vec![port.to_string()]),
            ("text".to_owned(), vec!["hello".to_owned()]),
        ];
        CsiDescriptor {
            csi: Some(Dn::new("safCsi=Web,safSi=Web,safApp=Web").unwrap()),
            is_new: new,
            transition: CsiTransition::NewAssign,
            active_comp: None,
            standby_rank: 0,
            attributes: if new { attributes } else { Vec::new() },
        }
    }

    async fn connect(port: u16) -> io::Result<TcpStream> {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    fn with_runtime(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, test);
    }

    #[test]
    fn it_listens_only_while_active_and_quiescing_finishes_what_it_has() {
        with_runtime(async {
            let mut web = Web::default();
            web.csi_set(HaState::Standby, descriptor(0, true)).await.unwrap();
            assert!(web.servers.is_empty());
            web.csi_set(HaState::Active, descriptor(0, false)).await.unwrap();
            let port = web.servers.values().next().unwrap().port;
            let mut slow = connect(port).await.unwrap();
            slow.write_all(b"GET / HT").await.unwrap();
            let mut quick = connect(port).await.unwrap();
            quick.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            let answer = rest(quick).await;
            assert!(
                answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\r\n\r\nhello\n"),
                "{answer}"
            );

            let quiescing = tokio::task::spawn_local(web.quiesce(descriptor(port, false)));
            // The slow request was accepted before the quick one was answered, and is not finished yet.
            while connect(port).await.is_ok() {
                tokio::task::yield_now().await;
            }
            assert!(!quiescing.is_finished());
            slow.write_all(b"TP/1.1\r\n\r\n").await.unwrap();
            assert!(rest(slow).await.contains("hello"));
            quiescing.await.unwrap().unwrap();
        });
    }

    #[test]
    fn a_port_in_use_and_wrong_attributes_are_failed_operations() {
        with_runtime(async {
            let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = taken.local_addr().unwrap().port();
            let mut web = Web::default();
            let result = web.csi_set(HaState::Active, descriptor(port, true)).await;
            assert_eq!(result, Err(AisError::FailedOperation));
            let mut wrong = descriptor(port, true);
            wrong.attributes[0].1 = vec!["http".to_owned()];
            assert_eq!(
                web.csi_set(HaState::Standby, wrong).await,
                Err(AisError::FailedOperation)
            );
        });
    }

    #[test]
    fn the_healthcheck_asks_for_the_page() {
        with_runtime(async {
            let mut web = Web::default();
            assert_eq!(web.healthcheck("Web").await, Ok(()), "there is nothing to serve");
            web.csi_set(HaState::Active, descriptor(0, true)).await.unwrap();
            assert_eq!(web.healthcheck("Web").await, Ok(()));
            // The process lives, its service does not.
            let server = web.servers.values_mut().next().unwrap();
            server.task.abort();
            assert!((&mut server.task).await.is_err());
            assert_eq!(web.healthcheck("Web").await, Err(AisError::FailedOperation));
        });
    }

    #[test]
    fn removal_closes_the_listener() {
        with_runtime(async {
            let mut web = Web::default();
            web.csi_set(HaState::Active, descriptor(0, true)).await.unwrap();
            let port = web.servers.values().next().unwrap().port;
            assert!(connect(port).await.is_ok());
            web.csi_remove(None).await.unwrap();
            assert!(connect(port).await.is_err());
        });
    }
}
