//! Which story of the director each SU is in: one search for its id in the logs finds what every node did for it, and a
//! component that is called back is told what led to it.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{CauseId, NodeOrder, OrderId, OrderOutcome, SuReport};

/// The newest story of each SU.
#[derive(Debug, Default)]
pub(crate) struct Stories {
    of_sus: BTreeMap<Dn, Story>,
}

#[derive(Debug)]
struct Story {
    cause: CauseId,
    /// The order that it gave, until that is answered.
    order: Option<OrderId>,
}

impl Stories {
    /// Notes and logs the orders.
    pub(crate) fn note(&mut self, orders: &[NodeOrder], causes: &[CauseId]) {
        for (order, cause) in orders.iter().zip(causes) {
            let su = order.su();
            match (order, su) {
                (NodeOrder::RemoveSu { su }, _) => {
                    self.of_sus.remove(su);
                }
                (order, Some(su)) if !order.is_configuration() => {
                    let story = Story {
                        cause: *cause,
                        order: order.answered().map(|(id, _)| id),
                    };
                    self.of_sus.insert(su.clone(), story);
                }
                (_, Some(_) | None) => {}
            }
            let su = su.map(tracing::field::display);
            if order.is_configuration() {
                tracing::debug!(%cause, su, "order: {order}");
            } else {
                tracing::info!(%cause, su, "order: {order}");
            }
        }
    }

    /// The story of the SU or of the component's SU; none where it is in none.
    pub(crate) fn of(&self, dn: &Dn) -> CauseId {
        self.find(dn).map_or(CauseId::default(), |story| story.cause)
    }

    /// As [`Stories::of`], while an order of the story is carried out: what the node does by itself, as a restart after a
    /// fault, has another reason than the newest order.
    pub(crate) fn led_to(&self, dn: &Dn) -> CauseId {
        let ordered = self.find(dn).filter(|story| story.order.is_some());
        ordered.map_or(CauseId::default(), |story| story.cause)
    }

    /// The director is told this: an order that it answers leads to nothing more.
    pub(crate) fn note_report(&mut self, report: &SuReport) {
        if let Some(order) = &report.order
            && order.outcome != OrderOutcome::InProgress
            && let Some(story) = self.of_sus.get_mut(&report.su)
        {
            story.order = story.order.filter(|id| *id != order.id);
        }
    }

    fn find(&self, dn: &Dn) -> Option<&Story> {
        let parent = || dn.parent().and_then(|su| self.of_sus.get(&su));
        self.of_sus.get(dn).or_else(parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ais::amf::{OrderReport, PresenceState, Term};

    #[test]
    fn an_order_leads_to_callbacks_until_it_is_answered() {
        let su = Dn::new("safSu=S,safSg=G").unwrap();
        let comp = Dn::new("safComp=C,safSu=S,safSg=G").unwrap();
        let report = |id, outcome| SuReport {
            su: su.clone(),
            presence: PresenceState::Instantiated,
            restart_count: 0,
            comps: Vec::new(),
            assignments: Vec::new(),
            fault: None,
            order: Some(OrderReport {
                term: Term(3),
                id: OrderId(id),
                outcome,
            }),
        };
        let mut stories = Stories::default();
        assert!(stories.led_to(&comp).is_none());
        let (id, sis) = (OrderId(2), Vec::new());
        let order = NodeOrder::Remove {
            id,
            su: su.clone(),
            sis,
        };
        let cause = CauseId::new(Term(3), 9);
        stories.note(&[order], &[cause]);
        stories.note_report(&report(1, OrderOutcome::Done));
        stories.note_report(&report(2, OrderOutcome::InProgress));
        assert_eq!(stories.led_to(&comp), cause);
        stories.note_report(&report(2, OrderOutcome::Failed(String::new())));
        assert!(stories.led_to(&comp).is_none());
        assert_eq!(stories.of(&comp), cause);
    }

    #[test]
    fn a_component_is_in_the_story_of_its_su() {
        let dn = |text: &str| Dn::new(text).unwrap();
        let mut stories = Stories::default();
        let su = dn("safSu=S,safSg=G");
        let order = NodeOrder::Instantiate {
            id: OrderId(1),
            su: su.clone(),
        };
        let cause = CauseId::new(Term(3), 9);
        stories.note(&[order], &[cause]);
        assert_eq!(stories.of(&dn("safComp=C,safSu=S,safSg=G")), cause);
        assert_eq!(stories.of(&su), cause);
        assert!(stories.of(&dn("safSu=T,safSg=G")).is_none());
        stories.note(&[NodeOrder::RemoveSu { su: su.clone() }], &[cause]);
        assert!(stories.of(&su).is_none());
    }
}
