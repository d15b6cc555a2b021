//! Whether the components of an SU have places for the CSIs of several SIs: for each CSI type and role a component has
//! no more of them than it may (AMF B.02.01 §3.6, §3.7.1.1).
//!
//! An SI that the SU has keeps the places that its CSIs have, all of them or none. Another takes one for each of its CSIs,
//! or as many as are left: with fewer than it wants it is partially assigned, and where none is left it cannot come.

use std::cmp::Reverse;

use super::Member;
use super::board::Role;

/// The places of an SU whose components may have fewer CSIs than the group has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seats {
    pub(crate) active: Places,
    pub(crate) standby: Places,
    /// Whether an SI may have to be partially assigned, because others have places that it could have.
    pub(crate) shares: bool,
}

/// The places for one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// How many, by CSI type.
    number: Vec<u32>,
    /// What each SI takes, in the order of the SIs.
    needs: Vec<Need>,
}

/// How many places of each type an SI takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// It has them.
    Has(Vec<u32>),
    /// It would take as many.
    Wants(Vec<u32>),
}

impl Need {
    fn counts(&self) -> &[u32] {
        match self {
            Need::Has(counts) | Need::Wants(counts) => counts,
        }
    }
}

impl Places {
    /// `number` of each type, and SIs that take so many of each.
    pub(crate) const fn new(number: Vec<u32>, needs: Vec<Need>) -> Places {
        Places { number, needs }
    }

    /// Whether some of these SIs, that would take so many places of each type, may have to do with fewer, where the SU has
    /// no more than `most` of them.
    pub(crate) fn shares(&self, wants: &[Vec<u32>], most: usize) -> bool {
        let has_several = wants.iter().any(|wants| wants.iter().sum::<u32>() > 1);
        has_several && !self.suffices(wants, most) && !self.is_multiple(wants)
    }

    /// Whether there are places for any `most` of the SIs.
    fn suffices(&self, wants: &[Vec<u32>], most: usize) -> bool {
        let mut types = self.number.iter().enumerate();
        types.all(|(at, number)| {
            let mut wanted: Vec<u32> = wants.iter().filter_map(|wants| wants.get(at).copied()).collect();
            wanted.sort_unstable_by_key(|wanted| Reverse(*wanted));
            *number >= wanted.iter().take(most).sum()
        })
    }

    /// Whether all SIs take the same, and that so often that nothing is left: each has all that it takes, or nothing.
    fn is_multiple(&self, wants: &[Vec<u32>]) -> bool {
        let mut taking = wants
            .iter()
            .filter(|wants| wants.iter().any(|wanted| *wanted > 0));
        let Some(first) = taking.next() else { return true };
        let counted = self.number.iter().zip(first).filter(|(_, wanted)| **wanted > 0);
        let mut times: Vec<(u32, u32)> = counted
            .map(|(number, wanted)| (number / wanted, number % wanted))
            .collect();
        times.dedup();
        taking.all(|wants| wants == first) && matches!(times[..], [(_, 0)])
    }
}

impl Seats {
    const fn of(&self, role: Role) -> &Places {
        match role {
            Role::Active => &self.active,
            Role::Standby => &self.standby,
        }
    }

    /// Brings the SIs into the order of these of their positions.
    pub(super) fn reorder(&mut self, order: &[usize]) {
        for places in [&mut self.active, &mut self.standby] {
            let needs = order.iter().filter_map(|at| places.needs.get(*at).cloned());
            places.needs = needs.collect();
        }
    }
}

impl Member {
    /// Whether an SI may have to be partially assigned to it, because others have places that it could have.
    pub(crate) fn shares(&self) -> bool {
        self.seats.as_ref().is_some_and(|seats| seats.shares)
    }

    /// Whether its components could have a CSI of the SI in the role, if they had nothing else.
    pub(crate) fn seats(&self, role: Role, si: usize) -> bool {
        let tally = Tally::new(self, role);
        tally.places.is_none() || tally.share(si).any(|share| share > 0)
    }

    /// Whether it could be active for the SI.
    pub(crate) fn leads(&self, si: usize) -> bool {
        self.fits.get(si).is_some_and(|fit| fit.leads()) && self.seats(Role::Active, si)
    }

    /// Whether it could stand by for the SI.
    pub(crate) fn stands_by(&self, si: usize) -> bool {
        self.fits.get(si).is_some_and(|fit| fit.stands_by()) && self.seats(Role::Standby, si)
    }
}

/// The places of an SU for a role, and who takes them. Where its components are not limited there is room for all, and
/// nothing is counted.
#[derive(Debug, Clone)]
pub(crate) struct Tally<'a> {
    places: Option<&'a Places>,
    left: Vec<u32>,
    /// How many of each type each SI took.
    taken: Vec<(usize, Vec<u32>)>,
}

impl<'a> Tally<'a> {
    /// Nothing is taken.
    pub(crate) fn new(member: &'a Member, role: Role) -> Tally<'a> {
        let places = member.seats.as_ref().map(|seats| seats.of(role));
        Tally {
            places,
            left: places.map_or_else(Vec::new, |places| places.number.clone()),
            taken: Vec::new(),
        }
    }

    /// What the SI could take of what is left.
    fn share(&self, si: usize) -> impl Iterator<Item = u32> {
        let need = self.places.and_then(|places| places.needs.get(si));
        let needs = need.map_or(&[][..], Need::counts);
        needs.iter().zip(&self.left).map(|(need, left)| *need.min(left))
    }

    /// Whether there is room for what the SI has, or for a CSI of it, beside what is taken.
    pub(crate) fn has_room(&self, si: usize) -> bool {
        self.places.is_none_or(|places| {
            // Where a limit has become less it has what there is.
            let limited = |(need, number): (&u32, &u32)| *need.min(number);
            let keeps = match places.needs.get(si) {
                Some(Need::Has(all)) => self.share(si).eq(all.iter().zip(&places.number).map(limited)),
                Some(Need::Wants(_)) | None => true,
            };
            keeps && self.share(si).any(|share| share > 0)
        })
    }

    /// Whether there would be room for the SI if another left, which has its places now.
    pub(crate) fn has_room_without(&self, other: usize, si: usize) -> bool {
        let mut rest = self.clone();
        rest.remove(other);
        rest.has_room(si)
    }

    /// The SI takes its places.
    pub(crate) fn add(&mut self, si: usize) {
        if self.places.is_none() {
            return;
        }
        let share: Vec<u32> = self.share(si).collect();
        for (left, share) in self.left.iter_mut().zip(&share) {
            *left = left.saturating_sub(*share);
        }
        self.taken.push((si, share));
    }

    /// The SI takes its places, if there is room; gives back whether there was.
    pub(crate) fn admit(&mut self, si: usize) -> bool {
        let has_room = self.has_room(si);
        if has_room {
            self.add(si);
        }
        has_room
    }

    /// The SI leaves its places.
    pub(crate) fn remove(&mut self, si: usize) {
        if let Some(at) = self.taken.iter().position(|(other, _)| *other == si) {
            let (_, share) = self.taken.swap_remove(at);
            for (left, share) in self.left.iter_mut().zip(share) {
                *left = left.saturating_add(share);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sis_share_places_where_one_may_get_fewer_than_it_takes() {
        let shares = |number: &[u32], wants: &[&[u32]], most| {
            let wants: Vec<Vec<u32>> = wants.iter().map(|wants| wants.to_vec()).collect();
            Places::new(number.to_vec(), Vec::new()).shares(&wants, most)
        };
        let three: &[&[u32]] = &[&[2], &[2], &[2]];
        assert!(!shares(&[6], three, usize::MAX), "there is room for all");
        assert!(shares(&[5], three, usize::MAX));
        assert!(!shares(&[5], three, 2), "there is room for as many as the SU has");
        assert!(
            !shares(&[4], three, usize::MAX),
            "two have all, the third nothing"
        );
        assert!(shares(&[4], &[&[2], &[3], &[2]], usize::MAX));
        assert!(shares(&[4], &[&[2], &[3]], 2));
        assert!(!shares(&[4], &[&[2], &[3]], 1));
        assert!(
            !shares(&[1], &[&[1], &[1]], usize::MAX),
            "one CSI is there or not"
        );
        let both: &[&[u32]] = &[&[1, 1], &[1, 1], &[1, 1], &[0, 0]];
        assert!(!shares(&[2, 2], both, usize::MAX));
        assert!(
            shares(&[2, 1], both, usize::MAX),
            "the second has the one and not the other"
        );
    }
}
