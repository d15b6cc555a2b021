//! What one connection may have outstanding. Cap'n Proto itself pushes back on nobody.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use ais::{AisError, Refusal};
use futures::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

/// So many calls may be unanswered.
const CALLS_MAX: usize = 1000;
/// So many bytes of answers may be unsent.
const REPLY_BYTES_MAX: usize = 32 << 20;
/// So many bytes of calls to an implementer may be unsent; one that lets more gather is cut off.
const CALLBACK_BYTES_MAX: usize = 64 << 20;
/// So many bytes of unanswered calls are held for one connection.
const INPUT_MAX: usize = 128 << 20;
/// So many are held for all connections together.
const INPUT_MAX_OF_ALL: usize = 1 << 30;
/// So many bytes may the answer to a call to an implementer bring: they are no part of the implementer's next call.
const ANSWER_BYTES: usize = 64 << 10;
/// So many searches may be open (OpenSAF's limit).
const SEARCHES_MAX: usize = 100;

/// The counters of one connection.
#[derive(Default)]
pub(crate) struct Budget {
    calls: Rc<Cell<usize>>,
    searches: Rc<Cell<usize>>,
    out: Rc<Out>,
    /// Bytes that came since the last call was admitted.
    arrived: Rc<Cell<usize>>,
    /// Bytes of these that may be answers to calls that it was sent since then.
    answers: Cell<usize>,
    held: Rc<Cell<usize>>,
    held_of_all: Rc<Cell<usize>>,
    /// Notified when the connection is to be ended.
    cut_off: Notify,
}

/// What is on its way out.
#[derive(Default)]
struct Out {
    owed: Cell<usize>,
    /// All that was owed is sent. What is owed is only estimated: this takes the errors of the estimate away.
    flushed: Cell<bool>,
}

impl Out {
    fn owed(&self) -> usize {
        if self.flushed.get() { 0 } else { self.owed.get() }
    }

    fn owe(&self, bytes: usize) {
        self.owed.set(self.owed().saturating_add(bytes));
        self.flushed.set(false);
    }

    fn pay(&self, bytes: usize) {
        self.owed.set(self.owed.get().saturating_sub(bytes));
    }
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

/// Bytes that count while they are held.
pub(crate) struct Held {
    bytes: usize,
    own: Rc<Cell<usize>>,
    of_all: Rc<Cell<usize>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        for counter in [&self.own, &self.of_all] {
            counter.set(counter.get().saturating_sub(self.bytes));
        }
    }
}

/// A call that counts while it is carried out.
pub(crate) struct Call {
    _share: Share,
    _held: Held,
}

impl Budget {
    /// The counters of a new connection; `held_of_all` counts for all connections.
    pub(crate) fn new(held_of_all: &Rc<Cell<usize>>) -> Budget {
        Budget {
            held_of_all: held_of_all.clone(),
            ..Budget::default()
        }
    }

    /// Room for one more call; its client may ask again when others are answered and their answers are read.
    pub(crate) fn admit(&self) -> Result<Call, capnp::Error> {
        let brought = self.arrived.take().saturating_sub(self.answers.take());
        let held = self.hold(brought)?;
        if self.calls.get() >= CALLS_MAX {
            return Err(capnp::Error::overloaded(format!(
                "{CALLS_MAX} calls of this connection are unanswered; try again"
            )));
        }
        if self.out.owed() >= REPLY_BYTES_MAX {
            return Err(capnp::Error::overloaded(
                "the answers to earlier calls are not read; try again".to_owned(),
            ));
        }
        Ok(Call {
            _share: Share::take(&self.calls),
            _held: held,
        })
    }

    /// Room for so many bytes that a call brought.
    pub(crate) fn hold(&self, bytes: usize) -> Result<Held, capnp::Error> {
        let fits = |counter: &Rc<Cell<usize>>, max: usize| counter.get().saturating_add(bytes) <= max;
        if !fits(&self.held, INPUT_MAX) || !fits(&self.held_of_all, INPUT_MAX_OF_ALL) {
            return Err(capnp::Error::overloaded(
                "unanswered calls hold too much memory; try again".to_owned(),
            ));
        }
        for counter in [&self.held, &self.held_of_all] {
            counter.set(counter.get() + bytes);
        }
        Ok(Held {
            bytes,
            own: self.held.clone(),
            of_all: self.held_of_all.clone(),
        })
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
        self.out.owe(bytes);
    }

    /// Notes that a call to an implementer of about so many bytes is to be sent.
    ///
    /// # Errors
    /// NO_RESOURCES where it does not read what it was sent; its connection is then ended.
    pub(crate) fn owe_call(&self, bytes: usize) -> Result<(), Refusal> {
        if self.out.owed() >= CALLBACK_BYTES_MAX {
            self.cut_off.notify_one();
            let text = "the implementer does not read what it is sent";
            return Err(Refusal::new(AisError::NoResources, text));
        }
        self.out.owe(bytes);
        self.answers.set(self.answers.get().saturating_add(ANSWER_BYTES));
        Ok(())
    }

    /// Completes when the connection is to be ended.
    pub(crate) async fn cut_off(&self) {
        self.cut_off.notified().await;
    }

    /// The writer, counting what leaves.
    pub(crate) fn watch<W>(&self, inner: W) -> Watched<W> {
        Watched {
            inner,
            out: self.out.clone(),
        }
    }

    /// The reader, counting what comes.
    pub(crate) fn count<R>(&self, inner: R) -> Counted<R> {
        Counted {
            inner,
            arrived: self.arrived.clone(),
        }
    }
}

/// A reader that counts what it reads.
pub(crate) struct Counted<R> {
    inner: R,
    arrived: Rc<Cell<usize>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, bytes);
        if let Poll::Ready(Ok(count)) = &read {
            self.arrived.set(self.arrived.get().saturating_add(*count));
        }
        read
    }
}

/// A writer that pays off what [`Budget::owe`] noted.
pub(crate) struct Watched<W> {
    inner: W,
    out: Rc<Out>,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Watched<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Messages are written one after another without a pause: what follows a flush at once was owed before it.
        self.out.flushed.set(false);
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.out.pay(*count);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if let Poll::Ready(Ok(())) = &flushed {
            self.out.flushed.set(true);
        }
        flushed
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn calls_are_counted_while_they_live() {
        let budget = Budget::default();
        let mut calls: Vec<Call> = (0..CALLS_MAX).map(|_| budget.admit().unwrap()).collect();
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
        assert_eq!(block_on(writer.write(&[0; 64])).unwrap(), 64);
        assert!(budget.admit().is_ok());
    }

    #[test]
    fn what_was_estimated_too_high_is_forgotten_when_all_is_sent() {
        let budget = Budget::default();
        let mut writer = budget.watch(futures::io::sink());
        for _ in 0..100 {
            budget.owe(REPLY_BYTES_MAX - 1);
            assert!(budget.admit().is_ok());
            block_on(writer.write(&[0; 64])).unwrap();
            block_on(writer.flush()).unwrap();
        }
        budget.owe(REPLY_BYTES_MAX);
        assert!(budget.admit().is_err());
    }

    #[test]
    fn what_calls_bring_is_bounded_for_one_and_for_all() {
        let all = Rc::default();
        let many: Vec<Budget> = (0..9).map(|_| Budget::new(&all)).collect();
        let held: Vec<Held> = many[..8]
            .iter()
            .map(|budget| budget.hold(INPUT_MAX).unwrap())
            .collect();
        assert!(many[0].hold(1).is_err(), "one connection's share");
        assert!(many[8].hold(1).is_err(), "the share of all");
        drop(held);
        assert!(many[8].hold(1).is_ok());
    }

    #[test]
    fn answers_to_an_implementers_callbacks_are_no_part_of_its_next_call() {
        let budget = Budget::default();
        let brings = |bytes: usize| {
            let come = vec![0; bytes];
            let mut reader = budget.count(come.as_slice());
            block_on(reader.read_to_end(&mut Vec::new())).unwrap();
        };
        let callbacks = INPUT_MAX / ANSWER_BYTES + 2;
        for _ in 0..callbacks {
            budget.owe_call(1).unwrap();
            brings(ANSWER_BYTES);
        }
        assert!(budget.admit().is_ok());
        brings(INPUT_MAX + 1);
        assert!(
            budget.admit().is_err(),
            "what no callback accounts for is the call's"
        );
    }

    #[test]
    fn an_implementer_that_reads_nothing_is_cut_off() {
        let budget = Budget::default();
        budget.owe_call(CALLBACK_BYTES_MAX).unwrap();
        assert_eq!(budget.owe_call(1).unwrap_err().error, AisError::NoResources);
        block_on(budget.cut_off());
    }
}
