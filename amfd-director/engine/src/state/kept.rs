//! The states of entities, with an index of when something is due and of what needs a look after each event, so that no
//! event looks through the whole cluster. A state can be changed only through the map, which notes the change; so the
//! index cannot be forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use ais::{Dn, Millis};

/// What is indexed of a state.
pub(crate) trait Indexed: Default {
    /// When something of it is due next.
    fn due(&self) -> Option<Millis>;
    /// Whether it is in a situation that is looked at after each event until it ends.
    fn is_open(&self) -> bool;
}

/// States by the entity's name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept<S> {
    states: BTreeMap<Dn, S>,
    /// Changed since [`Kept::take_changed`].
    changed: BTreeSet<Dn>,
    due: BTreeSet<(Millis, Dn)>,
    due_of: BTreeMap<Dn, Millis>,
    open: BTreeSet<Dn>,
}

impl<S: Indexed> Kept<S> {
    pub(crate) fn get(&self, dn: &Dn) -> Option<&S> {
        self.states.get(dn)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Dn, &S)> {
        self.states.iter()
    }

    pub(crate) fn get_mut(&mut self, dn: &Dn) -> Option<&mut S> {
        let state = self.states.get_mut(dn)?;
        self.changed.insert(dn.clone());
        Some(state)
    }

    /// The state, a new one where there is none.
    pub(crate) fn or_default(&mut self, dn: &Dn) -> &mut S {
        self.changed.insert(dn.clone());
        self.states.entry(dn.clone()).or_default()
    }

    pub(crate) fn remove(&mut self, dn: &Dn) {
        if self.states.remove(dn).is_some() {
            self.changed.insert(dn.clone());
        }
    }

    /// When the next of all is due; after [`Kept::file`].
    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.due.first().map(|(time, _)| *time)
    }

    /// Those for which something is due by now.
    pub(crate) fn due_by(&mut self, now: Millis) -> Vec<Dn> {
        self.file();
        let due = self.due.iter().take_while(|(time, _)| *time <= now);
        due.map(|(_, dn)| dn.clone()).collect()
    }

    /// Those that are in the situation that [`Indexed::is_open`] means.
    pub(crate) fn open(&mut self) -> &BTreeSet<Dn> {
        self.file();
        &self.open
    }

    /// Brings the index up to date.
    pub(crate) fn file(&mut self) {
        for dn in &self.changed {
            let state = self.states.get(dn);
            let due = state.and_then(Indexed::due);
            if due != self.due_of.get(dn).copied() {
                if let Some(old) = self.due_of.remove(dn) {
                    self.due.remove(&(old, dn.clone()));
                }
                if let Some(new) = due {
                    self.due_of.insert(dn.clone(), new);
                    self.due.insert((new, dn.clone()));
                }
            }
            if state.is_some_and(Indexed::is_open) {
                self.open.insert(dn.clone());
            } else {
                self.open.remove(dn);
            }
        }
    }

    /// What was changed since the last call.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<Dn> {
        self.file();
        take(&mut self.changed)
    }

    /// Whether the index says what a look at all states says. Holds between steps.
    pub(crate) fn is_filed(&self) -> bool {
        let due = self
            .iter()
            .filter_map(|(dn, state)| Some((state.due()?, dn.clone())));
        let open = self.iter().filter(|(_, state)| state.is_open());
        self.changed.is_empty()
            && self.due.iter().cloned().eq(due.collect::<BTreeSet<_>>())
            && self.open.iter().eq(open.map(|(dn, _)| dn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct State {
        due: Option<Millis>,
        open: bool,
    }

    impl Indexed for State {
        fn due(&self) -> Option<Millis> {
            self.due
        }

        fn is_open(&self) -> bool {
            self.open
        }
    }

    #[test]
    fn whatever_changes_is_found_again() {
        let dn = |name: &str| Dn::new(name).unwrap();
        let mut kept = Kept::<State>::default();
        kept.or_default(&dn("a=1")).due = Some(Millis(5));
        kept.or_default(&dn("a=2")).due = Some(Millis(7));
        kept.get_mut(&dn("a=2")).unwrap().open = true;
        assert_eq!(kept.due_by(Millis(6)), [dn("a=1")]);
        assert_eq!(kept.open().iter().collect::<Vec<_>>(), [&dn("a=2")]);
        kept.get_mut(&dn("a=1")).unwrap().due = Some(Millis(9));
        assert!(kept.due_by(Millis(6)).is_empty());
        assert!(!kept.is_filed());
        assert_eq!(kept.take_changed().len(), 2);
        assert!(kept.is_filed());
        assert_eq!(kept.next_due(), Some(Millis(7)));
        kept.remove(&dn("a=2"));
        assert_eq!(kept.take_changed().len(), 1);
        assert_eq!(kept.next_due(), Some(Millis(9)));
        assert!(kept.open().is_empty());
    }
}
