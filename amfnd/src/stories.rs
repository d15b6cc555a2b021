//! Which story of the director each SU is in, for the log: one search for its id finds what every node did for it.

use std::collections::BTreeMap;

use ais::Dn;
use ais::amf::{CauseId, NodeOrder};

/// The newest story of each SU.
#[derive(Debug, Default)]
pub(crate) struct Stories {
    of_sus: BTreeMap<Dn, CauseId>,
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
                    self.of_sus.insert(su.clone(), *cause);
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
        let own = self.of_sus.get(dn).copied();
        let parent = || dn.parent().and_then(|su| self.of_sus.get(&su).copied());
        own.or_else(parent).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ais::amf::{OrderId, Term};

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
