//! Which notifications belong together: the first one of each story is the root of all that follow it, the newest one the
//! parent of the next. What a program gave with an error that it reported comes before both.

use std::collections::{BTreeMap, VecDeque};

use ais::amf::CauseId;
use ais::ntf::{CorrelationIds, Detail, EventType, Notification, Severity};

/// So many ended stories are remembered.
const ENDED_MOST: usize = 1_000;
/// So many reports of programs wait for their notification.
const GIVEN_MOST: usize = 1_000;
/// What a program gave with an error is for a notification that follows within this time, in nanoseconds. What it gave with
/// an error's end waits for as long as the repair takes.
const GIVEN_LASTS: i64 = 60_000_000_000;

/// What a program gave.
#[derive(Debug)]
struct Given {
    comp: String,
    event: EventType,
    time: i64,
    ids: CorrelationIds,
}

/// The root and the newest notification of each story.
#[derive(Debug, Default)]
pub(super) struct Correlations {
    stories: BTreeMap<CauseId, CorrelationIds>,
    /// The stories that are over, the oldest first; in memory for those who still ask.
    ended: VecDeque<CauseId>,
    given: VecDeque<Given>,
}

impl Correlations {
    /// The ids of a story; unused ones where nothing was told in it, or where it was over long ago.
    pub(super) fn of(&self, cause: CauseId) -> CorrelationIds {
        self.stories.get(&cause).copied().unwrap_or_default()
    }

    /// The story is over.
    pub(super) fn end(&mut self, cause: CauseId) {
        self.ended.push_back(cause);
        if self.ended.len() > ENDED_MOST
            && let Some(oldest) = self.ended.pop_front()
        {
            self.stories.remove(&oldest);
        }
    }

    /// A program gave these with the report of an error of the component, or with its end; unused ones take back what it
    /// gave before.
    pub(super) fn give(&mut self, comp: String, clears: bool, ids: CorrelationIds, time: i64) {
        let event = if clears {
            EventType::ErrorClear
        } else {
            EventType::ErrorReport
        };
        self.given
            .retain(|given| given.event != event || given.comp != comp);
        if let Some(ids) = ids.used() {
            if self.given.len() >= GIVEN_MOST {
                self.given.pop_front();
            }
            self.given.push_back(Given {
                comp,
                event,
                time,
                ids,
            });
        }
    }

    /// The notification gets this id: those that it correlates to, the root first and then the parent; none for the first
    /// one of a story, and none for the end of an alarm, which names the alarm.
    pub(super) fn relate(&mut self, cause: CauseId, told: &Notification, id: u64, time: i64) -> Vec<u64> {
        let given = self.take_given(told, time);
        let story = self.stories.get(&cause).copied();
        if !cause.is_none() {
            let first = CorrelationIds {
                root: given.map_or(id, |given| given.root),
                parent: id,
            };
            self.stories.entry(cause).or_insert(first).parent = id;
        }
        match given.or(story) {
            Some(ids) if !ends_alarm(told) => vec![ids.root, ids.parent],
            Some(_) | None => Vec::new(),
        }
    }

    fn take_given(&mut self, told: &Notification, time: i64) -> Option<CorrelationIds> {
        if self.given.is_empty() {
            return None;
        }
        self.given.retain(|given| {
            given.event == EventType::ErrorClear || time.saturating_sub(given.time) <= GIVEN_LASTS
        });
        let mut all = self.given.iter();
        let at = all.position(|given| given.event == told.event && given.comp == told.object)?;
        self.given.remove(at).map(|given| given.ids)
    }
}

fn ends_alarm(told: &Notification) -> bool {
    match told.detail {
        Detail::Alarm { severity, .. } => severity == Severity::Cleared,
        Detail::StateChange { .. }
        | Detail::ObjectCreateDelete { .. }
        | Detail::AttributeChange { .. }
        | Detail::SecurityAlarm { .. }
        | Detail::Miscellaneous => false,
    }
}

#[cfg(test)]
mod tests {
    use ais::amf::Term;
    use ais::ntf::{ClassId, ProbableCause};

    use super::*;

    fn told(event: EventType, detail: Detail) -> Notification {
        Notification {
            event,
            object: "safComp=c".to_owned(),
            notifying: String::new(),
            class: ClassId::default(),
            text: String::new(),
            info: Vec::new(),
            correlated: Vec::new(),
            detail,
        }
    }

    fn change() -> Notification {
        told(EventType::ObjectStateChange, Detail::Miscellaneous)
    }

    fn failure() -> Notification {
        told(EventType::ErrorReport, Detail::Miscellaneous)
    }

    fn ids(root: u64, parent: u64) -> CorrelationIds {
        CorrelationIds { root, parent }
    }

    const STORY: CauseId = CauseId::new(Term(1), 1);
    const OTHER: CauseId = CauseId::new(Term(1), 2);

    #[test]
    fn the_first_of_a_story_is_the_root_and_the_one_before_the_parent() {
        let mut all = Correlations::default();
        assert_eq!(all.of(STORY), ids(0, 0));
        assert!(all.relate(STORY, &change(), 4, 0).is_empty());
        assert!(all.relate(OTHER, &change(), 5, 0).is_empty());
        assert_eq!(all.relate(STORY, &change(), 6, 0), [4, 4]);
        assert_eq!(all.relate(STORY, &change(), 7, 0), [4, 6]);
        assert_eq!((all.of(STORY), all.of(OTHER)), (ids(4, 7), ids(5, 5)));
        // What is in no story has nothing to do with anything.
        assert!(all.relate(CauseId::default(), &change(), 8, 0).is_empty());
        assert!(all.relate(CauseId::default(), &change(), 9, 0).is_empty());
        assert_eq!(all.of(CauseId::default()), ids(0, 0));
    }

    #[test]
    fn the_end_of_an_alarm_is_left_to_name_its_alarm() {
        let mut all = Correlations::default();
        let alarm = |severity| {
            let detail = Detail::Alarm {
                cause: ProbableCause::SOFTWARE_ERROR,
                severity,
                repair: None,
            };
            told(EventType::AlarmProcessing, detail)
        };
        assert!(all.relate(STORY, &change(), 1, 0).is_empty());
        assert!(all.relate(STORY, &alarm(Severity::Cleared), 2, 0).is_empty());
        assert_eq!(all.relate(STORY, &alarm(Severity::Major), 3, 0), [1, 2]);
    }

    #[test]
    fn what_a_program_gave_comes_first_and_once() {
        let mut all = Correlations::default();
        all.give("safComp=c".to_owned(), false, ids(0, 90), 0);
        all.give("safComp=other".to_owned(), false, ids(91, 0), 0);
        assert!(all.relate(OTHER, &change(), 1, 0).is_empty(), "another event");
        assert_eq!(all.relate(STORY, &failure(), 2, 0), [90, 90]);
        assert_eq!(all.relate(STORY, &change(), 3, 0), [90, 2]);
        assert_eq!(all.relate(STORY, &failure(), 4, 0), [90, 3]);
        assert_eq!(all.of(STORY), ids(90, 4));
        // Taken back; too long ago.
        all.give("safComp=c".to_owned(), false, ids(92, 93), 0);
        all.give("safComp=c".to_owned(), false, ids(0, 0), 0);
        assert_eq!(all.relate(STORY, &failure(), 5, 0), [90, 4]);
        all.give("safComp=c".to_owned(), false, ids(92, 93), 0);
        assert_eq!(all.relate(STORY, &failure(), 6, GIVEN_LASTS + 1), [90, 5]);
        assert!(all.given.is_empty());
    }

    #[test]
    fn what_a_program_gave_with_an_end_waits_for_the_repair() {
        let mut all = Correlations::default();
        all.give("safComp=c".to_owned(), true, ids(92, 93), 0);
        let repaired = 100 * GIVEN_LASTS;
        assert!(all.relate(STORY, &failure(), 1, repaired).is_empty());
        let over = told(EventType::ErrorClear, Detail::Miscellaneous);
        assert_eq!(all.relate(OTHER, &over, 2, repaired), [92, 93]);
        assert_eq!(all.relate(OTHER, &over, 3, repaired), [92, 2]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_stories_that_go_on_stay() {
        let mut all = Correlations::default();
        assert!(all.relate(STORY, &change(), 1, 0).is_empty());
        for number in 2..3_000 {
            let cause = CauseId::new(Term(1), number);
            assert!(all.relate(cause, &change(), number, 0).is_empty());
            all.end(cause);
            all.give(format!("safComp={number}"), true, ids(number, 0), 0);
        }
        assert_eq!(all.of(STORY), ids(1, 1));
        assert_eq!(all.of(CauseId::new(Term(1), 2_999)), ids(2_999, 2_999));
        assert_eq!(all.of(OTHER), ids(0, 0));
        assert_eq!(all.stories.len(), ENDED_MOST + 1);
        assert_eq!(all.given.len(), GIVEN_MOST);
    }
}
