//! Since when SIs that others depend on are unassigned, and when the tolerance times that follow are over.

use std::collections::{BTreeMap, BTreeSet};

use ais::{Dn, Millis};

use crate::model::Dependencies;

/// The sponsors that are unassigned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Absences {
    since: BTreeMap<Dn, Millis>,
    /// The ends of tolerance times that are to come, each with the dependent.
    ends: BTreeSet<(Millis, Dn)>,
}

impl Absences {
    /// Since when the sponsor is unassigned; `None` where it is assigned, or nobody depends on it.
    pub(crate) fn since(&self, sponsor: &Dn) -> Option<Millis> {
        self.since.get(sponsor).copied()
    }

    /// The SI is unassigned. Gives back whether that is new and matters to anybody.
    pub(crate) fn begin(&mut self, si: &Dn, now: Millis, all: &Dependencies) -> bool {
        if self.since.contains_key(si) || all.dependents(si).next().is_none() {
            return false;
        }
        self.since.insert(si.clone(), now);
        self.add_ends(si, now, now, all);
        true
    }

    fn add_ends(&mut self, sponsor: &Dn, since: Millis, now: Millis, all: &Dependencies) {
        for dependent in all.dependents(sponsor) {
            let tolerance = all.sponsors(dependent).find(|(other, _)| *other == sponsor);
            let end = tolerance.map(|(_, tolerance)| since.after(tolerance));
            if let Some(end) = end.filter(|end| *end > now) {
                self.ends.insert((end, dependent.clone()));
            }
        }
    }

    /// The SI is assigned. Gives back whether that is new.
    ///
    /// Ends of tolerance times that are void now stay, and are found so when they come.
    pub(crate) fn end(&mut self, si: &Dn) -> bool {
        self.since.remove(si).is_some()
    }

    /// The dependencies changed: sponsors without dependents are forgotten, and tolerance times are reckoned anew.
    pub(crate) fn follow(&mut self, now: Millis, all: &Dependencies) {
        self.since.retain(|si, _| all.dependents(si).next().is_some());
        self.ends.clear();
        for (sponsor, since) in self.since.clone() {
            self.add_ends(&sponsor, since, now, all);
        }
    }

    /// When the next tolerance time is over.
    pub(crate) fn next_end(&self) -> Option<Millis> {
        self.ends.first().map(|(end, _)| *end)
    }

    /// Takes out the ends that have come: the SIs that they concern.
    pub(crate) fn pass(&mut self, now: Millis) -> BTreeSet<Dn> {
        let mut passed = BTreeSet::new();
        while self.next_end().is_some_and(|end| end <= now) {
            passed.extend(self.ends.pop_first().map(|(_, dependent)| dependent));
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    #[test]
    fn each_pair_has_its_own_end() {
        let mut all = Dependencies::default();
        all.add(&dn("si=web"), &dn("si=db"), Millis(5));
        all.add(&dn("si=log"), &dn("si=db"), Millis(0));
        all.add(&dn("si=log"), &dn("si=fs"), Millis(3));
        let mut absences = Absences::default();
        assert!(
            !absences.begin(&dn("si=web"), Millis(1), &all),
            "nobody depends on it"
        );
        assert!(absences.begin(&dn("si=db"), Millis(10), &all));
        assert!(
            !absences.begin(&dn("si=db"), Millis(12), &all),
            "it is away already"
        );
        assert!(absences.begin(&dn("si=fs"), Millis(11), &all));
        assert_eq!(absences.since(&dn("si=db")), Some(Millis(10)));
        assert_eq!(absences.next_end(), Some(Millis(14)));
        assert_eq!(absences.pass(Millis(14)), [dn("si=log")].into());
        assert!(absences.end(&dn("si=db")) && !absences.end(&dn("si=db")));
        assert!(absences.begin(&dn("si=db"), Millis(20), &all));
        assert_eq!(
            absences.pass(Millis(15)),
            [dn("si=web")].into(),
            "void, but harmless"
        );
        assert_eq!(absences.next_end(), Some(Millis(25)));
        all.add(&dn("si=web"), &dn("si=db"), Millis(9));
        absences.follow(Millis(21), &all);
        assert_eq!(absences.next_end(), Some(Millis(29)));
        absences.follow(Millis(21), &Dependencies::default());
        assert_eq!((absences.next_end(), absences.since(&dn("si=db"))), (None, None));
    }
}
