//! What one connection may have outstanding. Cap'n Proto itself pushes back on nobody.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use ais::{AisError, Refusal};
use futures::AsyncWrite;

/// So many calls may be unanswered.
const CALLS_MAX: usize = 1000;
/// So many bytes of answers may be unsent.
const REPLY_BYTES_MAX: usize = 32 << 20;
/// So many searches may be open (OpenSAF's limit).
const SEARCHES_MAX: usize = 100;

/// The counters of one connection.
#[derive(Default)]
pub(crate) struct Budget {
    calls: Rc<Cell<usize>>,
    searches: Rc<Cell<usize>>,
    owed: Rc<Cell<usize>>,
}

/// One thing that counts while it lives.
pub(crate) struct Share(Rc<Cell<usize>>);

impl Share {
    fn take(counter: &Rc<Cell<usize>>) -> Share {
        counter.set(counter.get() + 1);
        Share(counter.clone())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Budget {
    /// Room for one more call; its client may ask again when others are answered and their answers are read.
    pub(crate) fn admit(&self) -> Result<Share, capnp::Error> {
        if self.calls.get() >= CALLS_MAX {
            return Err(capnp::Error::overloaded(format!(
                "{CALLS_MAX} calls of this connection are unanswered; try again"
            )));
        }
        if self.owed.get() >= REPLY_BYTES_MAX {
            return Err(capnp::Error::overloaded(
                "the answers to earlier calls are not read; try again".to_owned(),
            ));
        }
        Ok(Share::take(&self.calls))
    }

    /// Room for one more search.
    pub(crate) fn search(&self) -> Result<Share, Refusal> {
        if self.searches.get() >= SEARCHES_MAX {
            return Err(Refusal::new(
                AisError::NoResources,
                format!("{SEARCHES_MAX} searches are open on this connection; finalize some"),
            ));
        }
        Ok(Share::take(&self.searches))
    }

    /// Notes that an answer of about so many bytes is to be sent.
    pub(crate) fn owe(&self, bytes: usize) {
        self.owed.set(self.owed.get().saturating_add(bytes));
    }

    /// The writer, counting what leaves.
    pub(crate) fn watch<W>(&self, inner: W) -> Watched<W> {
        Watched {
            inner,
            owed: self.owed.clone(),
        }
    }
}

/// A writer that pays off what [`Budget::owe`] noted.
pub(crate) struct Watched<W> {
    inner: W,
    owed: Rc<Cell<usize>>,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Watched<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.owed.set(self.owed.get().saturating_sub(*count));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_while_they_live() {
        let budget = Budget::default();
        let mut calls: Vec<Share> = (0..CALLS_MAX).map(|_| budget.admit().unwrap()).collect();
        assert!(budget.admit().is_err());
        calls.pop();
        assert!(budget.admit().is_ok());
    }

    #[test]
    fn unread_answers_stop_further_calls_until_they_are_sent() {
        let budget = Budget::default();
        budget.owe(REPLY_BYTES_MAX);
        assert!(budget.admit().is_err());
        let mut writer = budget.watch(futures::io::sink());
        let written = futures::executor::block_on(futures::AsyncWriteExt::write(&mut writer, &[0; 64]));
        assert_eq!(written.unwrap(), 64);
        assert!(budget.admit().is_ok());
    }
}
