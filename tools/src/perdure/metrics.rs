//! `perdure metrics`: the metrics of all daemons of a cluster as one page, printed, or served on a local address.
//!
//! Each daemon has a socket that only its user may open. Prometheus wants an address: then one is opened, on the loopback
//! device alone, and each scrape asks the daemons anew. One that does not answer in time is left out.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::Semaphore;

use super::failure::Failure;
use super::place::Place;

/// How long a daemon may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// The largest page that is read from a daemon.
const PAGE_MOST: u64 = 16 << 20;
/// So many scrapers are answered at once.
const SCRAPERS_MOST: usize = 4;
/// What ends a page in the OpenMetrics format.
const END: &str = "# EOF";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Serve the page at this address instead, for Prometheus; only on this machine
    #[arg(long, value_name = "IP:PORT", value_parser = local_address)]
    listen: Option<SocketAddr>,
}

/// An address that only this machine reaches.
pub(super) fn local_address(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| format!("'{text}' is no address; 127.0.0.1:9464 is one"))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!(
            "{} is reached from elsewhere, and metrics are not protected; use 127.0.0.1 or [::1]",
            address.ip()
        ))
    }
}

/// Runs the command.
pub(super) fn run(dir: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let place = Place::find(dir)?;
    super::block_on(async {
        if let Some(address) = arguments.listen {
            let listener = listen(address).await?;
            if let Ok(address) = listener.local_addr() {
                say!("http://{address}/metrics");
            }
            serve(&place, &listener).await;
            return Ok(());
        }
        let pages = ask_all(place.dir()).await;
        if pages.is_empty() {
            let dir = place.dir().display();
            return Err(Failure::unreachable(format!(
                "no daemon in {dir} answers; is the cluster up? see: perdure status --dir {dir}"
            )));
        }
        print!("{}", merged(&pages));
        Ok(())
    })
}

/// Opens the address.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::failed(format!("serve metrics on {address}"), &error))
}

/// Serves the page; never ends.
pub(super) async fn serve(place: &Place, listener: &TcpListener) {
    let places = Rc::new(Semaphore::new(SCRAPERS_MOST));
    loop {
        let free = places.acquire().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let (dir, places) = (place.dir().to_owned(), Rc::clone(&places));
                if let Ok(free) = free {
                    free.forget();
                }
                tokio::task::spawn_local(async move {
                    let page = merged(&ask_all(&dir).await);
                    daemon::metrics::answer(stream, || page).await;
                    places.add_permits(1);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a scraper could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// The sockets of the daemons that are there.
fn sockets(dir: &Path) -> Vec<PathBuf> {
    let mut all = vec![
        dir.join(immd::METRICS_SOCKET),
        dir.join(amfd_director::METRICS_SOCKET),
    ];
    let nodes = std::fs::read_dir(dir.join("nodes"))
        .into_iter()
        .flatten()
        .flatten();
    let mut nodes: Vec<PathBuf> = nodes
        .map(|node| node.path().join(amfnd::METRICS_SOCKET))
        .collect();
    nodes.sort();
    all.append(&mut nodes);
    all
}

/// The pages of those that answer in time.
async fn ask_all(dir: &Path) -> Vec<String> {
    let asked = sockets(dir).into_iter().map(|socket| async move {
        match tokio::time::timeout(ANSWER_MAX, ask(&socket)).await {
            Ok(Ok(page)) => Some(page),
            Ok(Err(error)) => {
                tracing::debug!(socket = %socket.display(), %error, "no metrics");
                None
            }
            Err(_) => {
                tracing::warn!(socket = %socket.display(), "no metrics in time");
                None
            }
        }
    });
    let pages = futures::future::join_all(asked).await;
    pages.into_iter().flatten().collect()
}

async fn ask(socket: &Path) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket).await?;
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut text = String::new();
    stream.take(PAGE_MOST).read_to_string(&mut text).await?;
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer is no page of metrics");
    let (head, page) = text.split_once("\r\n\r\n").ok_or_else(wrong)?;
    if head.starts_with("HTTP/1.1 200 ") && page.trim_end().ends_with(END) {
        Ok(page.to_owned())
    } else {
        Err(wrong())
    }
}

/// One page of several: each family once, with the rows of all.
fn merged(pages: &[String]) -> String {
    let mut families: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for page in pages {
        let mut family = "";
        for line in page.lines().filter(|line| *line != END) {
            match line.strip_prefix("# ") {
                Some(said) => {
                    family = said.split(' ').nth(1).unwrap_or_default();
                    let (heads, _) = families.entry(family).or_default();
                    if !heads.contains(&line) {
                        heads.push(line);
                    }
                }
                None => families.entry(family).or_default().1.push(line),
            }
        }
    }
    let lines = families
        .into_values()
        .flat_map(|(heads, rows)| heads.into_iter().chain(rows));
    let mut text: String = lines.flat_map(|line| [line, "\n"]).collect();
    text.push_str(END);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_two_daemons_stands_once() {
        let page = |node: &str| {
            format!(
                "# HELP amfnd_x Things.\n# TYPE amfnd_x gauge\namfnd_x{{node=\"{node}\"}} 1\n# HELP amfnd_y Others.\n\
                 # TYPE amfnd_y counter\namfnd_y_total{{node=\"{node}\"}} 2\n# EOF\n"
            )
        };
        assert_eq!(
            merged(&[page("N1"), page("N2")]),
            "# HELP amfnd_x Things.\n# TYPE amfnd_x gauge\namfnd_x{node=\"N1\"} 1\namfnd_x{node=\"N2\"} 1\n\
             # HELP amfnd_y Others.\n# TYPE amfnd_y counter\namfnd_y_total{node=\"N1\"} 2\n\
             amfnd_y_total{node=\"N2\"} 2\n# EOF\n"
        );
    }

    #[test]
    fn only_addresses_of_this_machine_are_taken() {
        assert!(local_address("127.0.0.1:9464").is_ok());
        assert!(local_address("[::1]:0").is_ok());
        for wrong in ["0.0.0.0:9464", "10.0.0.1:80", "localhost", "9464"] {
            assert!(local_address(wrong).is_err(), "{wrong}");
        }
    }
}
