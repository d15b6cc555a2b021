//! What the model may say about SIs that depend on each other (AMF B.04.01 §3.8.1.1, OpenSAF practice).

use std::collections::BTreeSet;

use ais::{Dn, Refusal};

use super::Check;
use super::objects::Objects;
use super::rule::ModelRule as R;
use crate::model::dependency::{is_misranked, sponsor};

const CLASS: &str = "SaAmfSIDependency";

impl Check<'_> {
    /// A new dependency: no SI depends on itself, however far around; the sponsor is as important as its dependent; and
    /// the dependent is not assigned yet.
    pub(super) fn si_dependency(&self, dn: &Dn) -> Result<(), Refusal> {
        let (Some(dependent), Some(sponsor)) = (dn.parent(), sponsor(dn)) else {
            return Ok(());
        };
        if dependent == sponsor {
            return R::SiDependency.bad(format!("{dn}: an SI cannot depend on itself"));
        }
        self.sponsor_rank(&dependent, &sponsor)?;
        self.leads_nowhere_back(dn, &dependent, &sponsor)?;
        let assigned = self.model.si(&dependent).is_some_and(|(_, sg, _)| {
            let states = sg.sus.keys().filter_map(|su| self.view.state.su(su));
            states
                .into_iter()
                .any(|state| state.held(&dependent).is_some() || state.may_act.contains(&dependent))
        });
        if assigned && !self.is_deleted(&dependent) {
            return R::SiDependency.bad(format!(
                "{dn}: a dependency cannot be added while {dependent} is assigned; lock it first (amf-adm lock)"
            ));
        }
        Ok(())
    }

    fn sponsor_rank(&self, dependent: &Dn, sponsor: &Dn) -> Result<(), Refusal> {
        let rank = |si: &Dn| self.after.get(si).and_then(|si| si.u32("saAmfSIRank"));
        if is_misranked(rank(sponsor), rank(dependent)) {
            return R::SiDependency.bad(format!(
                "saAmfSIRank of {sponsor} ({}) must be as important as that of {dependent} ({}), which depends on it: \
                 not greater, where 0 counts as the greatest",
                rank(sponsor).unwrap_or(0),
                rank(dependent).unwrap_or(0)
            ));
        }
        Ok(())
    }

    fn leads_nowhere_back(&self, dn: &Dn, dependent: &Dn, sponsor: &Dn) -> Result<(), Refusal> {
        let mut open = vec![sponsor.clone()];
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if &next == dependent {
                return R::SiDependency.bad(format!(
                    "{dn}: the dependencies of {sponsor} lead back to {dependent}"
                ));
            }
            if seen.insert(next.clone()) {
                open.extend(self.sponsors(&next));
            }
        }
        Ok(())
    }

    /// The sponsors of the SI as the CCB leaves them.
    fn sponsors(&self, si: &Dn) -> Vec<Dn> {
        let rows = self.after.children(si, CLASS);
        rows.into_iter().filter_map(|(dn, _)| sponsor(dn)).collect()
    }

    /// The rank of an SI changes: its sponsors stay as important as it is, and it as important as its dependents.
    pub(super) fn si_rank(&self, dn: &Dn) -> Result<(), Refusal> {
        for sponsor in self.sponsors(dn) {
            self.sponsor_rank(dn, &sponsor)?;
        }
        for (row, _) in self.after.referrers(dn, CLASS) {
            if let Some(dependent) = row.parent() {
                self.sponsor_rank(&dependent, dn)?;
            }
        }
        Ok(())
    }
}
