//! When to look again: the director says that something changed, or came or went itself.
//!
//! What the director tells is shown by the information model a moment later, so that a look follows at once and another
//! when it is quiet again. Daemons that are restarted are not told of: for their sake there is a look now and then.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use ais::ntf::Recorded;
use amfd_director::client::{Director, ExplainError, Subscription};
use tokio::sync::{Notify, mpsc};

use crate::perdure::failure::Failure;
use crate::perdure::place::Place;
use crate::perdure::status::{self, Status};

/// How many of the last events are kept.
const EVENTS_MOST: usize = 200;
/// What comes within so long is shown together.
const TOGETHER: Duration = Duration::from_millis(100);
/// After so long without another event what was told is shown by the information model too.
const QUIET: Duration = Duration::from_millis(700);
/// After so long without an event there is a look all the same.
const NOW_AND_THEN: Duration = Duration::from_secs(5);
/// The pause before the director is looked for again.
const RETRY: Duration = Duration::from_secs(1);

/// What is known at one time.
pub(super) struct Look {
    pub(super) status: Result<Status, Failure>,
    /// The alarms that nobody has ended, and what was told last, older ones first.
    pub(super) alarms: Vec<Recorded>,
    pub(super) events: Vec<Recorded>,
    /// Whether the director says when something changes.
    pub(super) live: bool,
}

/// What was told.
#[derive(Default)]
struct Told {
    events: RefCell<VecDeque<Recorded>>,
    came: Notify,
}

impl Told {
    fn take(&self, list: Vec<Recorded>) {
        let mut events = self.events.borrow_mut();
        events.extend(list);
        while events.len() > EVENTS_MOST {
            events.pop_front();
        }
        self.came.notify_one();
    }
}

/// Sends a look whenever something may have changed; ends when nobody takes them.
pub(super) async fn run(place: Place, looks: mpsc::Sender<Look>) {
    let told = Rc::new(Told::default());
    loop {
        let linked = link(&place, &told).await;
        let lost = match linked {
            Ok((director, subscription)) => follow(&place, &told, director, subscription, &looks).await,
            Err(_) => send(&place, &told, None, &looks).await,
        };
        if lost.is_err() {
            return;
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Nobody takes looks any more.
struct Unwatched;

async fn link(place: &Place, told: &Rc<Told>) -> Result<(Director, Subscription), ExplainError> {
    let director = Director::connect(place.dir()).await?;
    if told.events.borrow().is_empty() {
        // Only the newest of what was told before are shown.
        let (mut list, mut more) = director.read(0).await?;
        while more {
            let (next, again) = director.read(list.last().map_or(0, |last| last.id)).await?;
            list = next;
            more = again;
        }
        told.take(list);
    }
    let into = Rc::clone(told);
    let subscription = director.subscribe(0, move |list, _lost| into.take(list)).await?;
    Ok((director, subscription))
}

/// Looks when something is told, until the director is gone.
async fn follow(
    place: &Place,
    told: &Told,
    mut director: Director,
    _subscription: Subscription,
    looks: &mpsc::Sender<Look>,
) -> Result<(), Unwatched> {
    loop {
        send(place, told, Some(&director), looks).await?;
        tokio::select! {
            () = told.came.notified() => {}
            () = tokio::time::sleep(NOW_AND_THEN) => continue,
            () = director.closed() => return Ok(()),
            () = looks.closed() => return Err(Unwatched),
        }
        tokio::time::sleep(TOGETHER).await;
        send(place, told, Some(&director), looks).await?;
        while tokio::time::timeout(QUIET, told.came.notified()).await.is_ok() {
            send(place, told, Some(&director), looks).await?;
            tokio::time::sleep(TOGETHER).await;
        }
    }
}

async fn send(
    place: &Place,
    told: &Told,
    director: Option<&Director>,
    looks: &mpsc::Sender<Look>,
) -> Result<(), Unwatched> {
    let alarms = match director {
        Some(director) => crate::perdure::in_time(place, async {
            let asked = director.alarms().await;
            asked.map_err(|error| Failure::failed("read the alarms", &error))
        })
        .await
        .unwrap_or_default(),
        None => Vec::new(),
    };
    let look = Look {
        status: crate::perdure::in_time(place, status::read(place)).await,
        alarms,
        events: told.events.borrow().iter().cloned().collect(),
        live: director.is_some(),
    };
    looks.send(look).await.map_err(|_| Unwatched)
}
