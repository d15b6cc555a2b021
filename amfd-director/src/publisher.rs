//! What the director has published, and what is still to be published.
//!
//! [`Board`] keeps the present value of everything published, so that it can be published again to an immd that
//! restarted, and a queue in which the last value wins. It decides nothing and does no I/O; `link` carries the
//! operations to immd.

use std::collections::{BTreeMap, BTreeSet};

use ais::{Attr, AttrModification, CcbOperation, Dn, ModificationType};
use director_engine::Publish;

/// The attributes of an object by name.
type Attrs = BTreeMap<String, Attr>;

/// An object with published values.
#[derive(Debug, Default)]
struct Published {
    /// The class, where the object itself was created by the director.
    class: Option<String>,
    attrs: Attrs,
}

/// What the queue holds for an object.
#[derive(Debug, PartialEq, Eq)]
enum Pending {
    Update(Attrs),
    Create {
        class: String,
        attrs: Attrs,
    },
    Delete,
    /// Deleted and created again before either was published.
    Replace {
        class: String,
        attrs: Attrs,
    },
}

/// All that is published or is to be.
#[derive(Debug, Default)]
pub(crate) struct Board {
    current: BTreeMap<Dn, Published>,
    pending: BTreeMap<Dn, Pending>,
    /// The objects in `pending`, in the order in which they were first queued.
    order: Vec<Dn>,
    /// Runtime attributes that the repository does not hold; they are kept for its readers' questions alone.
    uncached: BTreeSet<String>,
    queued: u64,
}

impl Board {
    /// Says which runtime attributes the repository does not hold.
    pub(crate) fn set_uncached(&mut self, names: BTreeSet<String>) {
        self.uncached = names;
    }

    /// How many changes were queued so far.
    pub(crate) fn queued(&self) -> u64 {
        self.queued
    }

    /// How many objects wait to be published.
    pub(crate) fn waiting(&self) -> usize {
        self.order.len()
    }

    /// The objects that something is published of.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Dn> {
        self.current.keys()
    }

    /// The class of an object that the director created.
    pub(crate) fn class(&self, dn: &Dn) -> Option<&str> {
        self.current.get(dn)?.class.as_deref()
    }

    /// The present value of an attribute that is a number.
    pub(crate) fn number(&self, dn: &Dn, attr: &str) -> Option<u32> {
        let attr = self.current.get(dn)?.attrs.get(attr)?;
        attr.values.first()?.as_u32()
    }

    /// Notes what a former director published; `class` says that the object itself is runtime data.
    pub(crate) fn adopt(&mut self, dn: Dn, class: Option<String>, attrs: Vec<Attr>) {
        let attrs = by_name(attrs);
        self.current.insert(dn, Published { class, attrs });
    }

    /// Notes a change and queues it.
    pub(crate) fn publish(&mut self, change: Publish) {
        self.queued += 1;
        match change {
            Publish::Update { dn, attrs } => {
                let known = self.current.entry(dn.clone()).or_default();
                known.attrs.extend(by_name(attrs.clone()));
                let held = self.held(attrs);
                if !held.is_empty() {
                    self.enqueue(dn, Pending::Update(held));
                }
            }
            Publish::Create { class, dn, attrs } => {
                let published = Published {
                    class: Some(class.clone()),
                    attrs: by_name(attrs.clone()),
                };
                self.current.insert(dn.clone(), published);
                let attrs = self.held(attrs);
                self.enqueue(dn, Pending::Create { class, attrs });
            }
            Publish::Delete { dn } => {
                self.current.remove(&dn);
                self.enqueue(dn, Pending::Delete);
            }
        }
    }

    /// Forgets what was published about an object that left the model.
    pub(crate) fn forget(&mut self, dn: &Dn) {
        self.current.remove(dn);
        if self.pending.remove(dn).is_some() {
            self.order.retain(|queued| queued != dn);
        }
    }

    /// Takes all that is queued, as operations in the order in which they were first asked for.
    pub(crate) fn take(&mut self) -> Vec<CcbOperation> {
        let mut pending = std::mem::take(&mut self.pending);
        let order = std::mem::take(&mut self.order);
        order
            .into_iter()
            .filter_map(|dn| pending.remove(&dn).map(|change| (dn, change)))
            .flat_map(|(dn, change)| operations(dn, change))
            .collect()
    }

    /// Queues everything anew for a repository that holds these runtime objects of the director's classes.
    pub(crate) fn republish(&mut self, existing: &BTreeSet<Dn>) {
        self.queued += 1;
        self.pending.clear();
        self.order.clear();
        for dn in existing.iter().filter(|dn| !self.current.contains_key(*dn)) {
            self.order.push(dn.clone());
            self.pending.insert(dn.clone(), Pending::Delete);
        }
        for (dn, published) in &self.current {
            let attrs: Attrs = published
                .attrs
                .iter()
                .filter(|(name, _)| !self.uncached.contains(*name))
                .map(|(name, attr)| (name.clone(), attr.clone()))
                .collect();
            let change = match &published.class {
                Some(class) if !existing.contains(dn) => Pending::Create {
                    class: class.clone(),
                    attrs,
                },
                _ if attrs.is_empty() => continue,
                _ => Pending::Update(attrs),
            };
            self.order.push(dn.clone());
            self.pending.insert(dn.clone(), change);
        }
    }

    /// The present values of these attributes of an object; those without a value are left out.
    pub(crate) fn values(&self, dn: &Dn, names: &[String]) -> Vec<Attr> {
        let Some(published) = self.current.get(dn) else {
            return Vec::new();
        };
        names
            .iter()
            .filter_map(|name| published.attrs.get(name).cloned())
            .collect()
    }

    /// The attributes that the repository holds.
    fn held(&self, attrs: Vec<Attr>) -> Attrs {
        attrs
            .into_iter()
            .filter(|attr| !self.uncached.contains(&attr.name))
            .map(|attr| (attr.name.clone(), attr))
            .collect()
    }

    fn enqueue(&mut self, dn: Dn, new: Pending) {
        let Some(old) = self.pending.remove(&dn) else {
            self.order.push(dn.clone());
            self.pending.insert(dn, new);
            return;
        };
        match merge(old, new) {
            Some(merged) => {
                self.pending.insert(dn, merged);
            }
            None => self.order.retain(|queued| *queued != dn),
        }
    }
}

/// What two queued changes of an object come to; `None` where they cancel each other.
fn merge(old: Pending, new: Pending) -> Option<Pending> {
    use Pending::{Create, Delete, Replace, Update};
    Some(match (old, new) {
        (Update(mut attrs), Update(newer)) => {
            attrs.extend(newer);
            Update(attrs)
        }
        (Create { class, mut attrs }, Update(newer)) => {
            attrs.extend(newer);
            Create { class, attrs }
        }
        (Replace { class, mut attrs }, Update(newer)) => {
            attrs.extend(newer);
            Replace { class, attrs }
        }
        (Create { .. }, Delete) => return None,
        (Update(_) | Replace { .. } | Delete, Delete) | (Delete, Update(_)) => Delete,
        (Delete | Replace { .. }, Create { class, attrs } | Replace { class, attrs })
        | (Update(_) | Create { .. }, Replace { class, attrs }) => Replace { class, attrs },
        (Update(_) | Create { .. }, Create { class, attrs }) => Create { class, attrs },
    })
}

/// The operations that carry a change out.
fn operations(dn: Dn, change: Pending) -> Vec<CcbOperation> {
    let create = |dn: Dn, class: String, attrs: Attrs| CcbOperation::Create {
        class,
        dn,
        attrs: attrs.into_values().collect(),
    };
    match change {
        Pending::Update(attrs) => vec![modify(dn, attrs.into_values())],
        Pending::Create { class, attrs } => vec![create(dn, class, attrs)],
        Pending::Delete => vec![CcbOperation::Delete { dn }],
        Pending::Replace { class, attrs } => {
            vec![CcbOperation::Delete { dn: dn.clone() }, create(dn, class, attrs)]
        }
    }
}

/// An operation that gives attributes all their values.
fn modify(dn: Dn, attrs: impl Iterator<Item = Attr>) -> CcbOperation {
    let changes = attrs
        .map(|attr| AttrModification {
            kind: ModificationType::Replace,
            attr,
        })
        .collect();
    CcbOperation::Modify { dn, changes }
}

/// The operation to try instead of a creation, where the object is there already.
pub(crate) fn instead_of_create(operation: &CcbOperation) -> Option<CcbOperation> {
    match operation {
        CcbOperation::Create { dn, attrs, .. } => {
            // The RDN attribute cannot be changed.
            let rdn = dn.rdn_name();
            let others = attrs.iter().filter(|attr| attr.name != rdn).cloned();
            Some(modify(dn.clone(), others))
        }
        CcbOperation::Modify { .. } | CcbOperation::Delete { .. } => None,
    }
}

fn by_name(attrs: Vec<Attr>) -> Attrs {
    attrs.into_iter().map(|attr| (attr.name.clone(), attr)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ais::{Value, find_attr};

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    fn attr(name: &str, value: u32) -> Attr {
        Attr::single(name, Value::Uint32(value))
    }

    fn update(name: &str, attrs: &[(&str, u32)]) -> Publish {
        Publish::Update {
            dn: dn(name),
            attrs: attrs.iter().map(|(n, v)| attr(n, *v)).collect(),
        }
    }

    fn create(name: &str, value: u32) -> Publish {
        Publish::Create {
            class: "C".into(),
            dn: dn(name),
            attrs: vec![attr("ha", value)],
        }
    }

    fn values_of(operation: &CcbOperation) -> Vec<u32> {
        match operation {
            CcbOperation::Modify { changes, .. } => {
                changes.iter().filter_map(|c| c.attr.values[0].as_u32()).collect()
            }
            CcbOperation::Create { attrs, .. } => find_attr(attrs, "ha")
                .and_then(|a| a.values[0].as_u32())
                .into_iter()
                .collect(),
            CcbOperation::Delete { .. } => vec![],
        }
    }

    #[test]
    fn the_last_value_of_an_attribute_wins_and_the_first_place_stays() {
        let mut board = Board::default();
        board.publish(update("su=1", &[("a", 1), ("b", 1)]));
        board.publish(update("su=2", &[("a", 5)]));
        board.publish(update("su=1", &[("a", 2)]));
        let taken = board.take();
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].dn(), &dn("su=1"));
        assert_eq!(values_of(&taken[0]), [2, 1]);
        assert_eq!(values_of(&taken[1]), [5]);
        assert!(board.take().is_empty());
    }

    #[test]
    fn an_object_that_came_and_went_is_never_published() {
        let mut board = Board::default();
        board.publish(create("a=1", 1));
        board.publish(Publish::Delete { dn: dn("a=1") });
        assert!(board.take().is_empty());
        board.publish(create("a=1", 1));
        board.publish(update("a=1", &[("ha", 2)]));
        let taken = board.take();
        assert!(matches!(taken[..], [CcbOperation::Create { .. }]));
        assert_eq!(values_of(&taken[0]), [2]);
    }

    #[test]
    fn an_object_that_went_and_came_back_is_replaced() {
        let mut board = Board::default();
        board.publish(Publish::Delete { dn: dn("a=1") });
        board.publish(create("a=1", 4));
        assert!(matches!(
            board.take()[..],
            [CcbOperation::Delete { .. }, CcbOperation::Create { .. }]
        ));
    }

    #[test]
    fn everything_is_published_again_to_a_repository_that_forgot() {
        let mut board = Board::default();
        board.publish(update("su=1", &[("a", 1)]));
        board.publish(create("a=1", 1));
        board.publish(create("a=2", 1));
        board.take();
        board.republish(&[dn("a=2"), dn("a=3")].into());
        let taken = board.take();
        let shown: Vec<String> = taken
            .iter()
            .map(|o| match o {
                CcbOperation::Create { dn, .. } => format!("create {dn}"),
                CcbOperation::Modify { dn, .. } => format!("modify {dn}"),
                CcbOperation::Delete { dn } => format!("delete {dn}"),
            })
            .collect();
        assert_eq!(shown, ["delete a=3", "create a=1", "modify a=2", "modify su=1"]);
    }

    #[test]
    fn what_a_former_director_published_is_published_again_too() {
        let mut board = Board::default();
        board.adopt(dn("a=1"), Some("C".into()), vec![attr("ha", 1)]);
        board.adopt(dn("su=1"), None, vec![attr("a", 1)]);
        assert!(board.take().is_empty(), "the repository has it");
        board.publish(update("su=1", &[("b", 2)]));
        board.take();
        board.republish(&BTreeSet::new());
        let taken = board.take();
        assert!(matches!(
            taken[..],
            [CcbOperation::Create { .. }, CcbOperation::Modify { .. }]
        ));
        assert_eq!(values_of(&taken[1]), [1, 2]);
    }

    #[test]
    fn attributes_that_the_repository_does_not_hold_are_answered_and_not_sent() {
        let mut board = Board::default();
        board.set_uncached(["count".to_owned()].into());
        board.publish(update("su=1", &[("count", 7)]));
        assert!(board.take().is_empty());
        assert_eq!(
            board.values(&dn("su=1"), &["count".into(), "x".into()]),
            [attr("count", 7)]
        );
    }
}
