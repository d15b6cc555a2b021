//! Who does not read what it is sent is not read from either.
//!
//! Cap'n Proto queues answers without a bound. A process that asks without end and takes no answer would fill the node
//! director's memory; so its requests wait in its own socket until it has taken what it was sent.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::{AsyncRead, AsyncWrite};

/// Whether what is sent is stuck.
#[derive(Default)]
struct Gate {
    stuck: Cell<bool>,
    reader: RefCell<Option<Waker>>,
}

impl Gate {
    fn note<T>(&self, sent: &Poll<T>) {
        self.stuck.set(sent.is_pending());
        if sent.is_ready()
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
    }
}

/// Ties the two directions of a connection together.
pub(super) fn paced<R, W>(reader: R, writer: W) -> (PacedReader<R>, PacedWriter<W>) {
    let gate = Rc::new(Gate::default());
    let reader = PacedReader {
        inner: reader,
        gate: Rc::clone(&gate),
    };
    let writer = PacedWriter { inner: writer, gate };
    (reader, writer)
}

/// Reads while what is sent is taken.
pub(super) struct PacedReader<R> {
    inner: R,
    gate: Rc<Gate>,
}

impl<R: AsyncRead + Unpin> AsyncRead for PacedReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.gate.stuck.get() {
            self.gate.reader.replace(Some(cx.waker().clone()));
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_read(cx, bytes)
    }
}

/// Writes, and says whether that is stuck.
pub(super) struct PacedWriter<W> {
    inner: W,
    gate: Rc<Gate>,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for PacedWriter<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.gate.note(&sent);
        sent
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.inner).poll_flush(cx);
        self.gate.note(&sent);
        sent
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use futures::task::noop_waker;

    use super::*;

    /// A writer that takes bytes while it is open.
    struct Door(Rc<Cell<bool>>);

    impl AsyncWrite for Door {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            if self.0.get() {
                Poll::Ready(Ok(bytes.len()))
            } else {
                Poll::Pending
            }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn nothing_is_read_while_what_is_sent_is_stuck() {
        let open = Rc::new(Cell::new(true));
        let (mut reader, mut writer) = paced(futures::io::repeat(7), Door(Rc::clone(&open)));
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        let mut read = |cx: &mut Context<'_>| Pin::new(&mut reader).poll_read(cx, &mut [0; 8]).is_ready();
        assert!(read(&mut cx));
        open.set(false);
        assert!(Pin::new(&mut writer).poll_write(&mut cx, b"answer").is_pending());
        assert!(!read(&mut cx));
        open.set(true);
        assert!(Pin::new(&mut writer).poll_write(&mut cx, b"answer").is_ready());
        assert!(read(&mut cx));
    }
}
