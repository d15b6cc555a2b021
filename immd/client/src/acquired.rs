//! What an owner holds through one handle, so that another handle can take it again.

use std::cell::RefCell;
use std::collections::BTreeSet;

use ais::{CcbOperation, Dn, Scope};

/// So much is remembered (OpenSAF finalises owners who touched more objects).
const MAX: usize = 10_000;

/// One thing that is to be done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// These become the owner's.
    Set(Dn, Scope),
    /// Of those, these are given up.
    Release(Dn, Scope),
}

/// What is owned through a handle.
#[derive(Debug, Default)]
pub(crate) struct Acquired(RefCell<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What was done to more than one object at once, in its order.
    ranges: Vec<Step>,
    /// Objects that are owned besides.
    single: BTreeSet<Dn>,
    /// There was more than is remembered.
    too_much: bool,
}

/// Whether everything in the second range is in the first one.
fn covers(outer: (&Dn, Scope), inner: (&Dn, Scope)) -> bool {
    let same = outer.0 == inner.0 && outer.1 >= inner.1;
    same || (outer.1 == Scope::Subtree && inner.0.is_within(outer.0))
}

impl Known {
    fn forget(&mut self, dn: &Dn, scope: Scope) {
        self.single.remove(dn);
        if scope != Scope::One {
            self.single
                .retain(|single| !covers((dn, scope), (single, Scope::One)));
            self.ranges.retain(|step| match step {
                Step::Set(earlier, range) | Step::Release(earlier, range) => {
                    !covers((dn, scope), (earlier, *range))
                }
            });
        }
    }
}

impl Acquired {
    /// The objects became the owner's.
    pub(crate) fn set(&self, objects: &[Dn], scope: Scope) {
        self.note(objects, |known, dn| {
            if scope == Scope::One {
                known.single.insert(dn.clone());
            } else {
                known.forget(dn, scope);
                known.ranges.push(Step::Set(dn.clone(), scope));
            }
        });
    }

    /// The objects were given up.
    pub(crate) fn release(&self, objects: &[Dn], scope: Scope) {
        self.note(objects, |known, dn| {
            known.forget(dn, scope);
            let above = |step: &Step| matches!(step, Step::Set(set, _) if dn.is_within(set));
            if known.ranges.iter().any(above) {
                known.ranges.push(Step::Release(dn.clone(), scope));
            }
        });
    }

    /// Objects were created, and are the owner's.
    pub(crate) fn created(&self, objects: impl IntoIterator<Item = Dn>) {
        let known = &mut *self.0.borrow_mut();
        for dn in objects {
            if known.too_much {
                return;
            }
            known.single.insert(dn);
            known.too_much = known.single.len() > MAX;
        }
    }

    fn note(&self, objects: &[Dn], note: impl Fn(&mut Known, &Dn)) {
        let known = &mut *self.0.borrow_mut();
        for dn in objects {
            note(known, dn);
        }
        known.too_much |= known.ranges.len() + known.single.len() > MAX;
    }

    /// What is to be done again, in this order; `None` where that is too much.
    pub(crate) fn steps(&self) -> Option<Vec<Step>> {
        let known = self.0.borrow();
        let single = known.single.iter().map(|dn| Step::Set(dn.clone(), Scope::One));
        (!known.too_much).then(|| known.ranges.iter().cloned().chain(single).collect())
    }
}

/// The objects that operations create.
pub(crate) fn creations(operations: &[CcbOperation]) -> impl Iterator<Item = Dn> {
    operations.iter().filter_map(|operation| match operation {
        CcbOperation::Create { dn, .. } => Some(dn.clone()),
        CcbOperation::Modify { .. } | CcbOperation::Delete { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    #[test]
    fn what_is_given_up_is_not_taken_again() {
        let acquired = Acquired::default();
        acquired.set(&[dn("a=1"), dn("b=1,a=1")], Scope::One);
        acquired.release(&[dn("c=1")], Scope::Subtree);
        assert_eq!(acquired.steps().unwrap().len(), 2);
        acquired.set(&[dn("a=1")], Scope::Subtree);
        let all = Step::Set(dn("a=1"), Scope::Subtree);
        assert_eq!(acquired.steps().unwrap(), std::slice::from_ref(&all));
        acquired.release(&[dn("b=1,a=1")], Scope::One);
        let without = Step::Release(dn("b=1,a=1"), Scope::One);
        assert_eq!(acquired.steps().unwrap(), [all.clone(), without.clone()]);
        acquired.created([dn("b=1,a=1")]);
        let again = Step::Set(dn("b=1,a=1"), Scope::One);
        assert_eq!(acquired.steps().unwrap(), [all, without, again]);
        acquired.release(&[dn("a=1")], Scope::Subtree);
        assert!(acquired.steps().unwrap().is_empty());
    }

    #[test]
    fn too_much_is_not_remembered() {
        let acquired = Acquired::default();
        let many = |range: std::ops::Range<usize>| range.map(|n| dn(&format!("a={n}")));
        acquired.created(many(0..MAX));
        assert_eq!(acquired.steps().unwrap().len(), MAX);
        acquired.created(many(MAX..MAX + 1));
        assert!(acquired.steps().is_none());
    }
}
