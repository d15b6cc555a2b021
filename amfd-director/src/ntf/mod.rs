//! Notifications: what operators are told, kept and delivered.
//!
//! Each one gets a number and a time, goes to the subscribers at once, and to the log on disk by a thread of its own:
//! neither a slow disk nor a subscriber that stops reading delays the director, and both cost bounded memory.

pub(crate) mod changes;
mod correlations;
mod log;
mod server;
mod store;
mod subscribers;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ais::Dn;
use ais::amf::CauseId;
use ais::ntf::{ClassId, CorrelationIds, Detail, Notification, Recorded, Severity};
use director_engine::AlarmKind;

pub(crate) use server::NotificationServer;

use correlations::Correlations;
use log::Writer;
use store::Store;
use subscribers::Subscribers;

/// The folder of the log in the cluster's directory.
const FOLDER: &str = "notifications";

/// All about notifications.
#[derive(Default)]
pub(crate) struct Service {
    store: Store,
    correlations: Correlations,
    subscribers: Subscribers,
    writer: Option<Writer>,
    /// How many were told, by type.
    told: BTreeMap<&'static str, u64>,
}

impl Service {
    /// With what the log holds.
    pub(crate) fn open(dir: &Path) -> Service {
        let folder = dir.join(FOLDER);
        let mut store = Store::default();
        log::read(&folder, &mut |recorded| store.replay(recorded));
        let writer = Writer::start(folder, store.last());
        Service {
            store,
            correlations: Correlations::default(),
            subscribers: Subscribers::default(),
            writer: Some(writer),
            told: BTreeMap::new(),
        }
    }

    /// The alarms of the framework that were raised and not cleared, with their objects.
    pub(crate) fn raised(&self) -> Vec<(AlarmKind, Dn)> {
        let own = self.store.alarms().filter(|recorded| {
            let class = recorded.notification.class;
            class == ClassId::amf(class.minor)
        });
        own.filter_map(|recorded| {
            let kind = AlarmKind::from_minor(recorded.notification.class.minor)?;
            Some((kind, Dn::new(&recorded.notification.object).ok()?))
        })
        .collect()
    }

    /// Tells everybody; `time` is that of the event in nanoseconds since the epoch, where it is known. Gives the number.
    pub(crate) fn tell(&mut self, notification: Notification, time: Option<i64>) -> u64 {
        let recorded = Recorded {
            id: self.store.last() + 1,
            time: time.unwrap_or_else(now),
            notification,
        };
        let kind = recorded.notification.detail.notification_type().name();
        *self.told.entry(kind).or_default() += 1;
        let recorded = self.store.add(recorded);
        self.subscribers.tell(&recorded);
        if let Some(writer) = &self.writer {
            writer.write(&recorded, || self.store.alarms().cloned().collect());
        }
        recorded.id
    }

    /// As [`Service::tell`], of a story of the framework: it correlates to what was told in it before.
    pub(crate) fn tell_of(&mut self, cause: CauseId, mut notification: Notification, time: i64) -> u64 {
        let id = self.store.last() + 1;
        notification.correlated = self.correlations.relate(cause, &notification, id, time);
        self.tell(notification, Some(time))
    }

    /// The first and the newest notification of a story.
    pub(crate) fn correlation_ids(&self, cause: CauseId) -> CorrelationIds {
        self.correlations.of(cause)
    }

    /// The story is over.
    pub(crate) fn end_story(&mut self, cause: CauseId) {
        self.correlations.end(cause);
    }

    /// A program gave these with the report of an error of the component, or with its end.
    pub(crate) fn correlate(&mut self, comp: &Dn, clears: bool, ids: CorrelationIds) {
        self.correlations.give(comp.to_string(), clears, ids, now());
    }

    /// Whether nothing was ever told.
    pub(crate) fn is_new(&self) -> bool {
        self.store.last() == 0
    }

    /// How many subscribers there are.
    pub(crate) fn subscribers(&self) -> usize {
        self.subscribers.len()
    }

    /// How many notifications wait for subscribers.
    pub(crate) fn waiting(&self) -> usize {
        self.subscribers.waiting()
    }

    /// How many notifications were left out because subscribers did not read.
    pub(crate) fn lost(&self) -> u64 {
        self.subscribers.lost()
    }

    /// How many were told, by type.
    pub(crate) fn told(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.told.iter().map(|(kind, count)| (*kind, *count))
    }

    /// The severities of the alarms that are raised, one for each.
    pub(crate) fn severities(&self) -> impl Iterator<Item = Severity> {
        self.store
            .alarms()
            .filter_map(|recorded| match recorded.notification.detail {
                Detail::Alarm { severity, .. } => Some(severity),
                _ => None,
            })
    }
}

/// The time in nanoseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
