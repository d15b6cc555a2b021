//! A client that requests the page in a loop and counts what it gets.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(2);
/// The pause after a request.
const PAUSE: Duration = Duration::from_micros(500);

/// What the client has seen since the last [`Load::begin`].
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Requests that were answered.
    pub(super) answered: u32,
    /// Requests that were not.
    pub(super) failed: u32,
    /// The longest time between two answers.
    pub(super) gap: Duration,
    /// The last page.
    pub(super) page: String,
    last_answer: Instant,
}

/// The client; it stops when it is dropped.
pub(super) struct Load {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts to request the page of the server on this port.
    pub(super) fn start(port: u16) -> Load {
        let seen = Arc::new(Mutex::new(Seen {
            answered: 0,
            failed: 0,
            gap: Duration::ZERO,
            page: String::new(),
            last_answer: Instant::now(),
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let page = request(port);
                lock(&shared).note(page);
                std::thread::sleep(PAUSE);
            }
        });
        Load {
            seen,
            stop,
            thread: Some(thread),
        }
    }

    /// Counts from now on.
    pub(super) fn begin(&self) {
        let mut seen = lock(&self.seen);
        seen.answered = 0;
        seen.failed = 0;
        seen.gap = Duration::ZERO;
        seen.last_answer = Instant::now();
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("perdure: the client of the demo failed");
        }
    }
}

impl Seen {
    fn note(&mut self, page: std::io::Result<String>) {
        match page {
            Ok(page) => {
                self.answered += 1;
                self.gap = self.gap.max(self.last_answer.elapsed());
                self.last_answer = Instant::now();
                self.page = page;
            }
            Err(_) => self.failed += 1,
        }
    }
}

/// The counts stay good when a thread that had them ended badly.
fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The page; anything but a complete answer with status 200 is an error.
fn request(port: u16) -> std::io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, REQUEST_LIMIT)?;
    stream.set_read_timeout(Some(REQUEST_LIMIT))?;
    stream.set_write_timeout(Some(REQUEST_LIMIT))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, page)) if head.starts_with("HTTP/1.1 200") && !page.is_empty() => Ok(page.to_owned()),
        _ => Err(std::io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_failures_and_gaps_are_counted() {
        let begin = Instant::now();
        let mut seen = Seen {
            answered: 0,
            failed: 0,
            gap: Duration::ZERO,
            page: String::new(),
            last_answer: begin.checked_sub(Duration::from_secs(3)).unwrap(),
        };
        seen.note(Err(std::io::ErrorKind::ConnectionRefused.into()));
        seen.note(Ok("a".into()));
        seen.note(Ok("b".into()));
        assert_eq!((seen.answered, seen.failed, seen.page.as_str()), (2, 1, "b"));
        assert!(seen.gap >= Duration::from_secs(3));
    }
}
