//! Which SI depends on which (AMF B.02.01 §3.9.1; class SaAmfSIDependency of AMF B.04.01): the object stands below the
//! dependent SI and is named by its sponsor. Both directions are indexed, so that a change of an SI leads to those that
//! it concerns without looking at others. What is broken is left out with a [`Problem`].

use std::collections::{BTreeMap, BTreeSet};

use ais::{Dn, Millis};

use super::raw::Raw;
use super::{Problem, Rank};

/// The class of the objects.
const CLASS: &str = "SaAmfSIDependency";

/// All dependencies between SIs; without cycles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dependencies {
    sponsors: BTreeMap<Dn, BTreeMap<Dn, Millis>>,
    dependents: BTreeMap<Dn, BTreeSet<Dn>>,
    /// Each dependent with the sponsors that are less important than it is, though no CCB can make it so.
    misranked: BTreeSet<(Dn, Dn)>,
    problems: Vec<Problem>,
}

impl Dependencies {
    /// The dependencies of these objects. SIs of foreign applications sponsor nothing, because their assignments are
    /// not known here. A sponsor that exists but is not managed is kept: its dependents wait for it.
    pub(crate) fn build(raw: &Raw, foreign: &[Dn]) -> Dependencies {
        let is_foreign = |dn: &Dn| foreign.iter().any(|app| dn.is_within(app));
        let rank = |si: &Dn| raw.get(si).and_then(|si| si.u32("saAmfSIRank"));
        let mut all = Dependencies::default();
        for (dn, object) in raw.class(CLASS) {
            let Some(dependent) = dn.parent().filter(|dependent| !is_foreign(dependent)) else {
                continue;
            };
            let sponsor = match sponsor(dn) {
                Some(sponsor) if sponsor == dependent => {
                    all.problems
                        .push(Problem::new(dn, "an SI cannot depend on itself".to_owned()));
                    continue;
                }
                Some(sponsor) if raw.of_class(&sponsor, "SaAmfSI").is_some() && !is_foreign(&sponsor) => {
                    sponsor
                }
                Some(sponsor) => {
                    all.problems.push(Problem::new(
                        dn,
                        format!("its sponsor {sponsor} is not an SI that is managed here"),
                    ));
                    continue;
                }
                None => {
                    all.problems
                        .push(Problem::new(dn, "its RDN holds no DN".to_owned()));
                    continue;
                }
            };
            let tolerance = object.millis("saAmfToleranceTime").unwrap_or(Millis(0));
            all.add(&dependent, &sponsor, tolerance);
        }
        all.drop_cycles(raw);
        let pairs = all.pairs().map(|(dependent, sponsor, _)| (dependent, sponsor));
        let misranked = pairs.filter(|(dependent, sponsor)| is_misranked(rank(sponsor), rank(dependent)));
        all.misranked = misranked
            .map(|(dependent, sponsor)| (dependent.clone(), sponsor.clone()))
            .collect();
        all
    }

    pub(crate) fn add(&mut self, dependent: &Dn, sponsor: &Dn, tolerance: Millis) {
        let sponsors = self.sponsors.entry(dependent.clone()).or_default();
        sponsors.insert(sponsor.clone(), tolerance);
        let dependents = self.dependents.entry(sponsor.clone()).or_default();
        dependents.insert(dependent.clone());
    }

    fn remove(&mut self, dependent: &Dn, sponsor: &Dn) {
        if let Some(sponsors) = self.sponsors.get_mut(dependent) {
            sponsors.remove(sponsor);
            if sponsors.is_empty() {
                self.sponsors.remove(dependent);
            }
        }
        if let Some(dependents) = self.dependents.get_mut(sponsor) {
            dependents.remove(dependent);
            if dependents.is_empty() {
                self.dependents.remove(sponsor);
            }
        }
    }

    /// Leaves out the dependencies among SIs of which none could ever be the first to be assigned.
    fn drop_cycles(&mut self, raw: &Raw) {
        let knotted = self.knotted();
        let within: Vec<(Dn, Dn)> = self
            .pairs()
            .filter(|(dependent, sponsor, _)| knotted.contains(*dependent) && knotted.contains(*sponsor))
            .map(|(dependent, sponsor, _)| (dependent.clone(), sponsor.clone()))
            .collect();
        for (dependent, sponsor) in within {
            self.remove(&dependent, &sponsor);
            let object = raw
                .children_of_class(&dependent, CLASS)
                .find(|(dn, _)| self::sponsor(dn).as_ref() == Some(&sponsor));
            if let Some((dn, _)) = object {
                let text = "the dependencies of its sponsor lead back to it".to_owned();
                self.problems.push(Problem::new(dn, text));
            }
        }
    }

    /// The SIs on cycles, and those between two cycles.
    fn knotted(&self) -> BTreeSet<Dn> {
        let sis = self.sponsors.keys().chain(self.dependents.keys());
        let mut left: BTreeSet<Dn> = sis.cloned().collect();
        let mut open: Vec<Dn> = left.iter().cloned().collect();
        while let Some(si) = open.pop() {
            let above = self.sponsors(&si).any(|(sponsor, _)| left.contains(sponsor));
            let below = self.dependents(&si).any(|dependent| left.contains(dependent));
            if !(above && below) && left.remove(&si) {
                open.extend(self.sponsors(&si).map(|(sponsor, _)| sponsor.clone()));
                open.extend(self.dependents(&si).cloned());
            }
        }
        left
    }

    /// The sponsors of the SI, each with how long the SI may serve without it.
    pub(crate) fn sponsors<'a>(&'a self, si: &Dn) -> impl Iterator<Item = (&'a Dn, Millis)> + use<'a> {
        let sponsors = self.sponsors.get(si).into_iter().flatten();
        sponsors.map(|(sponsor, tolerance)| (sponsor, *tolerance))
    }

    /// The SIs that depend on the SI.
    pub(crate) fn dependents<'a>(&'a self, si: &Dn) -> impl Iterator<Item = &'a Dn> + use<'a> {
        self.dependents.get(si).into_iter().flatten()
    }

    /// Whether the SI depends on another or another on it.
    pub(crate) fn concern(&self, si: &Dn) -> bool {
        self.sponsors.contains_key(si) || self.dependents.contains_key(si)
    }

    /// What is broken.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    /// The dependents with those of their sponsors that are less important than they are.
    pub(crate) const fn misranked(&self) -> &BTreeSet<(Dn, Dn)> {
        &self.misranked
    }

    /// The SIs that depend on others, or that others depend on, in another way than in `before`.
    pub(crate) fn differences(&self, before: &Dependencies) -> BTreeSet<Dn> {
        let both = [self, before].map(|all| all.pairs().collect::<BTreeSet<_>>());
        let different = both[0].symmetric_difference(&both[1]);
        different
            .flat_map(|(dependent, sponsor, _)| [(*dependent).clone(), (*sponsor).clone()])
            .collect()
    }

    /// Every dependency: the dependent, its sponsor, the tolerance time.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Dn, &Dn, Millis)> {
        self.sponsors.iter().flat_map(|(dependent, sponsors)| {
            sponsors
                .iter()
                .map(move |(sponsor, tolerance)| (dependent, sponsor, *tolerance))
        })
    }
}

/// The SI that the dependency object names.
pub(crate) fn sponsor(object: &Dn) -> Option<Dn> {
    Dn::new(&object.rdn_value()).ok()
}

/// Whether the sponsor is less important than the dependent, which the model must not have.
pub(crate) fn is_misranked(sponsor: Option<u32>, dependent: Option<u32>) -> bool {
    Rank::from_config(sponsor) > Rank::from_config(dependent)
}

#[cfg(test)]
mod tests {
    use ais::{Attr, Value};

    use super::*;
    use crate::event::ModelChange;

    fn dn(text: &str) -> Dn {
        Dn::new(text).unwrap()
    }

    /// SIs `a` to `e` with these dependencies, each as dependent and sponsor.
    fn build(pairs: &[(&str, &str)]) -> (Dependencies, Vec<String>) {
        let mut raw = Raw::default();
        for si in ["a", "b", "c", "d", "e"] {
            raw.apply(&ModelChange::Create {
                class: "SaAmfSI".to_owned(),
                dn: dn(&format!("safSi={si},safApp=A")),
                attrs: Vec::new(),
            });
        }
        for (number, (dependent, sponsor)) in pairs.iter().enumerate() {
            let nanos = i64::try_from(number).unwrap() * 1_000_000;
            raw.apply(&ModelChange::Create {
                class: CLASS.to_owned(),
                dn: dn(&format!(
                    "safDepend=safSi={sponsor}\\,safApp=A,safSi={dependent},safApp=A"
                )),
                attrs: vec![Attr::single("saAmfToleranceTime", Value::Time(nanos))],
            });
        }
        let all = Dependencies::build(&raw, &[dn("safApp=OpenSAF")]);
        let texts = all
            .problems()
            .map(|problem| format!("{}: {}", problem.dn.parent().unwrap().rdn_value(), problem.text))
            .collect();
        (all, texts)
    }

    fn text(all: &Dependencies) -> String {
        let pairs = all.pairs().map(|(dependent, sponsor, tolerance)| {
            assert!(all.dependents(sponsor).any(|other| other == dependent));
            format!(
                "{}>{} {}",
                dependent.rdn_value(),
                sponsor.rdn_value(),
                tolerance.0
            )
        });
        pairs.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn both_directions_and_the_tolerance_are_known() {
        let (all, problems) = build(&[("b", "a"), ("c", "b"), ("c", "a")]);
        assert_eq!(text(&all), "b>a 0 c>a 2 c>b 1");
        assert!(problems.is_empty());
        assert!(all.concern(&dn("safSi=a,safApp=A")) && !all.concern(&dn("safSi=d,safApp=A")));
    }

    #[test]
    fn only_what_is_broken_is_left_out() {
        let (all, problems) = build(&[("a", "a"), ("b", "x"), ("c", "d")]);
        assert_eq!(text(&all), "c>d 2");
        assert_eq!(
            problems,
            [
                "a: an SI cannot depend on itself",
                "b: its sponsor safSi=x,safApp=A is not an SI that is managed here"
            ]
        );
        // d and e hang on a cycle of three; they are served.
        let (all, problems) = build(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("a", "e")]);
        assert_eq!(text(&all), "a>e 4 d>a 3");
        assert_eq!(problems.len(), 3);
        assert!(problems.iter().all(|text| text.contains("lead back")));
    }

    #[test]
    fn the_sponsor_is_as_important_as_its_dependent() {
        for (sponsor, dependent, bad) in [
            (Some(1), Some(1), false),
            (Some(1), Some(2), false),
            (Some(1), Some(0), false),
            (None, Some(0), false),
            (Some(2), Some(1), true),
            (Some(0), Some(9), true),
        ] {
            assert_eq!(is_misranked(sponsor, dependent), bad, "{sponsor:?} {dependent:?}");
        }
    }
}
