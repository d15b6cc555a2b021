//! Metrics in the OpenMetrics format, on a Unix socket that only the daemon's user may open.
//!
//! A scrape is one HTTP request. What a scraper may cost is bounded: so many connections at once, so many bytes of a
//! request, so much time for it; the page is made by the daemon's own thread from what it has in memory.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::family::Family;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
pub use prometheus_client::registry::Registry;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// The media type of the page.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// So many scrapers are answered at once; others wait to be accepted.
const SCRAPERS_MOST: usize = 4;
/// The longest request, and the most header fields in it.
const REQUEST_MOST: usize = 8 << 10;
const FIELDS_MOST: usize = 64;
/// How long a request and its answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// After a failed accept (no file descriptors, no memory) the listener rests.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// The labels of one row of a family.
pub type Labels = Vec<(&'static str, String)>;
/// Numbers that go up and down.
pub type Gauges = Family<Labels, Gauge>;
/// Numbers that grow.
pub type Counters = Family<Labels, Counter>;
/// How often what took how many seconds.
pub type Times = Family<Labels, Histogram, fn() -> Histogram>;

/// The bounds of [`times`], in seconds.
const BOUNDS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    60.0,
];

/// An empty histogram of seconds, from a tenth of a millisecond to a minute.
pub fn times() -> Histogram {
    Histogram::new(BOUNDS)
}

/// An empty family of them.
pub fn time_family() -> Times {
    Family::new_with_constructor(times as fn() -> Histogram)
}

/// A number of things as a gauge takes it.
pub fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// The page of what is registered.
pub fn page(registry: &Registry) -> String {
    let mut text = String::new();
    if encode(&mut text, registry).is_err() {
        // Writing into a text does not fail; what was written stands.
        tracing::debug!("the metrics are not complete");
    }
    text
}

/// Opens the socket in the place of one that a dead daemon left. Must be called on a tokio runtime.
///
/// # Errors
/// The system's.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the page on this socket until it is dropped; a daemon whose socket cannot be opened says so and goes on
/// without. Must run on a `LocalSet`.
pub async fn serve(path: &Path, page: impl Fn() -> String + 'static) {
    match listen(path) {
        Ok(listener) => accept(&listener, Rc::new(page)).await,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "no metrics: the socket cannot be opened");
        }
    }
}

async fn accept(listener: &UnixListener, page: Rc<dyn Fn() -> String>) {
    let places = Arc::new(Semaphore::new(SCRAPERS_MOST));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) if is_own(&stream) => {
                let page = Rc::clone(&page);
                tokio::task::spawn_local(async move {
                    answer(stream, || page()).await;
                    drop(place);
                });
            }
            Ok(_) => tracing::warn!("a scraper of another user was refused"),
            Err(error) => {
                tracing::warn!(%error, "a scraper could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// Whether the other end is of this daemon's user, or root.
fn is_own(stream: &UnixStream) -> bool {
    let own = rustix::process::getuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

/// Reads one request and answers it, or gives it up when it takes too long.
pub async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, page: impl FnOnce() -> String) {
    answer_within(PATIENCE, stream, page).await;
}

async fn answer_within(
    limit: Duration,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    page: impl FnOnce() -> String,
) {
    let exchange = async {
        let (status, body) = match read_request(&mut stream).await? {
            Request::Page => ("200 OK", page()),
            Request::Head => ("200 OK", String::new()),
            Request::Elsewhere => ("404 Not Found", "the metrics are at /metrics\n".to_owned()),
            Request::OtherMethod => ("405 Method Not Allowed", "GET is understood\n".to_owned()),
            Request::Wrong => ("400 Bad Request", "this is no request\n".to_owned()),
        };
        let kind = if status.starts_with("200") {
            MEDIA_TYPE
        } else {
            "text/plain"
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.shutdown().await
    };
    match tokio::time::timeout(limit, exchange).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a scraper left"),
        Err(_) => tracing::debug!("a scraper took too long"),
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Page,
    Head,
    Elsewhere,
    OtherMethod,
    Wrong,
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let mut limited = stream.take(REQUEST_MOST as u64);
    loop {
        if limited.read_buf(&mut bytes).await? == 0 {
            return Ok(Request::Wrong);
        }
        if let Some(request) = understand(&bytes) {
            return Ok(request);
        }
    }
}

/// The request in these bytes; `None` where there is more of it to come.
fn understand(bytes: &[u8]) -> Option<Request> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MOST];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Err(_) => return Some(Request::Wrong),
    }
    let path = request.path.unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    Some(match (request.method.unwrap_or_default(), path) {
        ("GET", "/" | "/metrics") => Request::Page,
        ("HEAD", "/" | "/metrics") => Request::Head,
        ("GET" | "HEAD", _) => Request::Elsewhere,
        _ => Request::OtherMethod,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No request of these tests comes in parts but the one that never ends.
    const LIMIT: Duration = Duration::from_millis(300);

    /// What a scraper that writes this gets, with a page of one line.
    async fn ask(request: &[u8]) -> String {
        let (mut near, far) = tokio::io::duplex(64 << 10);
        let answering = answer_within(LIMIT, far, || "a_metric 1\n".to_owned());
        let asking = async {
            near.write_all(request).await.unwrap();
            let mut text = String::new();
            near.read_to_string(&mut text).await.unwrap();
            text
        };
        tokio::join!(answering, asking).1
    }

    #[tokio::test]
    async fn one_page_is_served_and_nothing_else() {
        let page = ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.ends_with("\r\n\r\na_metric 1\n"), "{page}");
        let head = ask(b"HEAD / HTTP/1.0\r\n\r\n").await;
        assert!(head.ends_with("\r\n\r\n"), "{head}");
        for (request, wanted) in [
            (&b"GET /etc/passwd HTTP/1.1\r\n\r\n"[..], "404"),
            (b"POST /metrics HTTP/1.1\r\n\r\n", "405"),
            (b"\0\x01\x02 rubbish\r\n\r\n", "400"),
        ] {
            let answer = ask(request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {wanted} ")), "{answer}");
        }
    }

    #[tokio::test]
    async fn long_and_slow_requests_end() {
        let mut long = b"GET / HTTP/1.1\r\nX: ".to_vec();
        long.resize(REQUEST_MOST, b'x');
        assert!(ask(&long).await.starts_with("HTTP/1.1 400 "));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(FIELDS_MOST + 1));
        assert!(ask(many.as_bytes()).await.starts_with("HTTP/1.1 400 "));
        assert_eq!(
            ask(b"GET / HT").await,
            "",
            "whoever never ends its request gets nothing"
        );
    }
}
