//! The newest notifications and the alarms that are raised, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use ais::ntf::{ClassId, Detail, ProbableCause, Recorded, Severity};

/// The most notifications that are kept for readers (OpenSAF practice).
const KEPT_MOST: usize = 10_000;
/// The most bytes of them.
const BYTES_MOST: usize = 16 << 20;
/// The most alarms that are raised by others than the framework itself.
pub(super) const ALARMS_MOST: usize = 10_000;

/// What makes two alarms the same.
type Key = (String, ClassId, ProbableCause);

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Store {
    kept: VecDeque<Rc<Recorded>>,
    bytes: usize,
    alarms: BTreeMap<Key, Rc<Recorded>>,
    last: u64,
}

/// The key and the severity of an alarm; `None` for what is none.
fn alarm_of(recorded: &Recorded) -> Option<(Key, Severity)> {
    let told = &recorded.notification;
    match &told.detail {
        Detail::Alarm { cause, severity, .. } => Some(((told.object.clone(), told.class, *cause), *severity)),
        Detail::StateChange { .. }
        | Detail::ObjectCreateDelete { .. }
        | Detail::AttributeChange { .. }
        | Detail::SecurityAlarm { .. }
        | Detail::Miscellaneous => None,
    }
}

impl Store {
    /// The number of the last one.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The alarms that are raised, older ones first.
    pub(super) fn alarms(&self) -> impl Iterator<Item = &Rc<Recorded>> {
        let mut all: Vec<_> = self.alarms.values().collect();
        all.sort_by_key(|recorded| recorded.id);
        all.into_iter()
    }

    /// Whether no more alarms of others are taken.
    pub(super) fn is_full(&self) -> bool {
        self.alarms.len() >= ALARMS_MOST
    }

    /// Adds one; the end of an alarm gets the number of the alarm.
    pub(super) fn add(&mut self, mut recorded: Recorded) -> Rc<Recorded> {
        if let Some((key, Severity::Cleared)) = alarm_of(&recorded)
            && let Some(raised) = self.alarms.get(&key)
            && recorded.notification.correlated.is_empty()
        {
            recorded.notification.correlated.push(raised.id);
        }
        let recorded = Rc::new(recorded);
        self.keep(&recorded);
        recorded
    }

    /// Takes one from the log. Raised alarms stand there again at the beginning of each file.
    pub(super) fn replay(&mut self, recorded: Recorded) {
        if recorded.id > self.last {
            self.keep(&Rc::new(recorded));
        } else if let Some((key, severity)) = alarm_of(&recorded)
            && severity != Severity::Cleared
        {
            self.alarms.entry(key).or_insert_with(|| Rc::new(recorded));
        }
    }

    fn keep(&mut self, recorded: &Rc<Recorded>) {
        self.last = recorded.id;
        match alarm_of(recorded) {
            Some((key, Severity::Cleared)) => {
                self.alarms.remove(&key);
            }
            Some((key, _)) => {
                self.alarms.insert(key, Rc::clone(recorded));
            }
            None => {}
        }
        self.bytes += schema::ntf::size(recorded);
        self.kept.push_back(Rc::clone(recorded));
        while self.kept.len() > KEPT_MOST || (self.bytes > BYTES_MOST && self.kept.len() > 1) {
            if let Some(oldest) = self.kept.pop_front() {
                self.bytes -= schema::ntf::size(&oldest);
            }
        }
    }

    /// Those after the number, older ones first, at most so many and so many bytes; and whether there are more.
    pub(super) fn after(&self, id: u64, most: usize, bytes: usize) -> (Vec<Rc<Recorded>>, bool) {
        let first = self.kept.partition_point(|recorded| recorded.id <= id);
        let mut size = 0;
        let mut found = Vec::new();
        for recorded in self.kept.range(first..) {
            size += schema::ntf::size(recorded);
            if !found.is_empty() && (found.len() >= most || size > bytes) {
                return (found, true);
            }
            found.push(Rc::clone(recorded));
        }
        (found, false)
    }
}

#[cfg(test)]
mod tests {
    use ais::ntf::{EventType, Notification};

    use super::*;

    fn alarm(id: u64, object: &str, severity: Severity) -> Recorded {
        Recorded {
            id,
            time: 0,
            notification: Notification {
                event: EventType::AlarmProcessing,
                object: object.to_owned(),
                notifying: String::new(),
                class: ClassId::amf(5),
                text: String::new(),
                info: Vec::new(),
                correlated: Vec::new(),
                detail: Detail::Alarm {
                    cause: ProbableCause::SOFTWARE_ERROR,
                    severity,
                    repair: None,
                },
            },
        }
    }

    fn raised(store: &Store) -> Vec<u64> {
        store.alarms().map(|recorded| recorded.id).collect()
    }

    #[test]
    fn an_alarm_lasts_until_it_is_cleared_and_its_end_names_it() {
        let mut store = Store::default();
        store.add(alarm(1, "b", Severity::Major));
        store.add(alarm(2, "a", Severity::Major));
        assert_eq!(raised(&store), [1, 2]);
        let over = store.add(alarm(3, "b", Severity::Cleared));
        assert_eq!(over.notification.correlated, [1]);
        assert_eq!(raised(&store), [2]);
        let over = store.add(alarm(4, "b", Severity::Cleared));
        assert!(over.notification.correlated.is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded_and_alarms_outlive_it() {
        let mut store = Store::default();
        store.add(alarm(1, "old", Severity::Major));
        for id in 2..=KEPT_MOST as u64 + 10 {
            store.add(alarm(id, "x", Severity::Cleared));
        }
        assert_eq!(store.kept.len(), KEPT_MOST);
        assert_eq!(raised(&store), [1]);
        let (found, more) = store.after(0, 3, usize::MAX);
        assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [11, 12, 13]);
        assert!(more);
        let (found, more) = store.after(KEPT_MOST as u64 + 8, 100, 1);
        assert_eq!((found.len(), more), (1, true), "one, however large");
    }

    #[test]
    fn the_log_gives_the_same_back() {
        let mut store = Store::default();
        // The beginning of a file repeats what is raised.
        store.replay(alarm(7, "a", Severity::Major));
        store.replay(alarm(9, "b", Severity::Cleared));
        store.replay(alarm(7, "a", Severity::Major));
        store.replay(alarm(10, "c", Severity::Minor));
        assert_eq!(raised(&store), [7, 10]);
        assert_eq!(store.last(), 10);
    }
}
