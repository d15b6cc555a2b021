//! Those who want to be told at once. Each has a queue that is bounded: while it does not answer, the oldest that wait are
//! left out, and it is told how many. One that does not answer for a minute is given up.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use ais::ntf::Recorded;
use schema::ntf_capnp::subscriber;
use tokio::sync::Notify;
use tracing::{debug, warn};

/// The most that wait for one subscriber.
const QUEUE_MOST: usize = 1_000;
/// The most bytes of them.
const BYTES_MOST: usize = 1 << 20;
/// The most in one call.
const BATCH_MOST: usize = 100;
/// The most subscribers.
const SUBSCRIBERS_MOST: usize = 256;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What waits for a subscriber.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Rc<Recorded>>,
    bytes: usize,
    lost: u64,
    /// The same since it subscribed.
    lost_ever: u64,
}

impl Queue {
    fn push(&mut self, recorded: &Rc<Recorded>) {
        self.bytes += schema::ntf::size(recorded);
        self.waiting.push_back(Rc::clone(recorded));
        while self.waiting.len() > QUEUE_MOST || (self.bytes > BYTES_MOST && self.waiting.len() > 1) {
            self.take();
            self.lost += 1;
            self.lost_ever += 1;
        }
    }

    fn take(&mut self) -> Option<Rc<Recorded>> {
        let oldest = self.waiting.pop_front()?;
        self.bytes -= schema::ntf::size(&oldest);
        Some(oldest)
    }

    fn clear(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
    }

    /// What the next call tells.
    fn batch(&mut self) -> (Vec<Rc<Recorded>>, u64) {
        let lost = std::mem::take(&mut self.lost);
        let batch = std::iter::from_fn(|| self.take()).take(BATCH_MOST).collect();
        (batch, lost)
    }
}

/// Somebody who wants to be told.
struct Subscriber {
    /// A bit for each type.
    types: u32,
    queue: RefCell<Queue>,
    wanted: Notify,
    gone: Cell<bool>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Subscribers {
    all: BTreeMap<u64, Rc<Subscriber>>,
    last: u64,
    /// What those that are gone lost.
    lost: u64,
}

impl Subscribers {
    /// How many notifications wait for all of them.
    pub(super) fn waiting(&self) -> usize {
        let queues = self.all.values().map(|it| it.queue.borrow().waiting.len());
        queues.sum()
    }

    /// How many notifications were left out so far.
    pub(super) fn lost(&self) -> u64 {
        let present = self.all.values().map(|it| it.queue.borrow().lost_ever);
        self.lost + present.sum::<u64>()
    }

    pub(super) fn len(&self) -> usize {
        self.all
            .values()
            .filter(|subscriber| !subscriber.gone.get())
            .count()
    }

    /// Queues the notification for those that want it.
    pub(super) fn tell(&mut self, recorded: &Rc<Recorded>) {
        let lost = &mut self.lost;
        self.all.retain(|_, subscriber| {
            let gone = subscriber.gone.get();
            if gone {
                *lost += subscriber.queue.borrow().lost_ever;
            }
            !gone
        });
        let own = 1_u32 << (recorded.notification.detail.notification_type().code() >> 12);
        for subscriber in self.all.values().filter(|it| it.types & own != 0) {
            subscriber.queue.borrow_mut().push(recorded);
            subscriber.wanted.notify_one();
        }
    }

    /// Adds one and starts telling it; `None` where there are too many. Must run on a tokio `LocalSet`.
    pub(super) fn add(&mut self, types: u32, client: subscriber::Client) -> Option<u64> {
        if self.len() >= SUBSCRIBERS_MOST {
            return None;
        }
        self.last += 1;
        let subscriber = Rc::new(Subscriber {
            types: if types == 0 { u32::MAX } else { types },
            queue: RefCell::default(),
            wanted: Notify::new(),
            gone: Cell::new(false),
        });
        self.all.insert(self.last, Rc::clone(&subscriber));
        tokio::task::spawn_local(async move {
            pump(&subscriber, client).await;
            subscriber.gone.set(true);
            subscriber.queue.borrow_mut().clear();
        });
        Some(self.last)
    }

    /// Its subscription ended.
    pub(super) fn remove(&mut self, id: u64) {
        if let Some(subscriber) = self.all.remove(&id) {
            self.lost += subscriber.queue.borrow().lost_ever;
            subscriber.gone.set(true);
            subscriber.wanted.notify_one();
        }
    }
}

/// Tells a subscriber whatever waits, one call at a time, until it is gone.
async fn pump(subscriber: &Subscriber, client: subscriber::Client) {
    while !subscriber.gone.get() {
        let (batch, lost) = subscriber.queue.borrow_mut().batch();
        if batch.is_empty() {
            subscriber.wanted.notified().await;
            continue;
        }
        let answer = match call(&client, &batch, lost) {
            Ok(answer) => answer,
            Err(error) => {
                warn!(%error, "a notification cannot be delivered");
                continue;
            }
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                debug!(%error, "a subscriber is gone");
                return;
            }
            Err(_) => {
                warn!("a subscriber has not answered for {PATIENCE:?} and is given up");
                return;
            }
        }
    }
}

/// The answer to a call that is on its way.
type Answer = capnp::capability::Promise<
    capnp::capability::Response<schema::ntf_capnp::subscriber::tell_results::Owned>,
    capnp::Error,
>;

fn call(client: &subscriber::Client, batch: &[Rc<Recorded>], lost: u64) -> Result<Answer, schema::WireError> {
    let mut request = client.tell_request();
    let mut params = request.get();
    params.set_lost(lost);
    let len = schema::list_len(batch.len(), "tell.notifications")?;
    schema::ntf::write_notifications(batch.iter().map(Rc::as_ref), params.init_notifications(len))?;
    Ok(request.send().promise)
}

#[cfg(test)]
mod tests {
    use ais::ntf::{ClassId, Detail, EventType, Notification};

    use super::*;

    fn told(id: u64, length: usize) -> Rc<Recorded> {
        Rc::new(Recorded {
            id,
            time: 0,
            notification: Notification {
                event: EventType::ApplicationEvent,
                object: "o".repeat(length),
                notifying: String::new(),
                class: ClassId::default(),
                text: String::new(),
                info: Vec::new(),
                correlated: Vec::new(),
                detail: Detail::Miscellaneous,
            },
        })
    }

    #[test]
    fn who_does_not_read_loses_the_oldest_and_is_told_how_many() {
        let mut queue = Queue::default();
        for id in 0..QUEUE_MOST as u64 + 7 {
            queue.push(&told(id, 1));
        }
        assert_eq!(queue.waiting.len(), QUEUE_MOST);
        let (batch, lost) = queue.batch();
        assert_eq!((batch[0].id, batch.len(), lost), (7, BATCH_MOST, 7));
        assert_eq!(queue.batch().1, 0);
        for id in 0..10 {
            queue.push(&told(id, BYTES_MOST / 4));
        }
        assert!(queue.bytes <= BYTES_MOST + BYTES_MOST / 4);
        assert!(queue.waiting.len() < 5);
    }
}
