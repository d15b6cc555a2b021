//! N+M (AMF B.02.01 §3.7.3): an SI has one active and one standby SU; an SU is active for all its SIs or standby for all
//! of them; the rest are spares.
//!
//! How many SUs shall be active and standby follows from one rule, [`split`], which gives the steps of the reduction
//! procedure (§3.7.3.4.1). Assignments stay. An SI that lost its active SU gets its standby; only when no such SI is
//! left are SIs moved to fewer active SUs, where that gives standbys to more of them. SIs are spread evenly: in blocks by
//! rank, or one by one where all SUs have the same rank.

use ais::amf::HaState;

use super::board::{Board, Draft, Role};
use super::{Group, Target, warm};
use crate::reason::Reason;

pub(super) fn plan(group: &Group) -> Target {
    let board = Board::new(group);
    let mut pool = board.usable();
    pool.retain(|su| board.fits_any(*su));
    let split = split(&board, &pool);
    let mut plan = Plan {
        draft: Draft::new(&board, pool),
        split,
        equal_ranks: group.members.windows(2).all(|two| two[0].rank == two[1].rank),
        active: Vec::new(),
        standby: Vec::new(),
    };
    if group.adjust {
        plan.choose_by_rank(Role::Active);
        plan.keep_evenly(Role::Active);
        plan.fill(Role::Active);
        plan.choose_by_rank(Role::Standby);
        plan.keep_evenly(Role::Standby);
    } else {
        plan.keep_actives();
        let restored = plan.restore();
        if !restored {
            plan.reduce();
        }
        plan.fill(Role::Active);
        plan.keep_standbys();
    }
    plan.fill(Role::Standby);
    if group.adjust {
        warm::stage(&mut plan.draft);
    }
    plan.draft.into_target(&Reason::SuSpare)
}

/// How many SUs shall be active and standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Split {
    active: usize,
    standby: usize,
    /// How many SIs have a standby then.
    redundant: usize,
}

/// The most SIs active, then the most SIs with a standby, then the most active SUs, up to the preferred numbers. So
/// with fewer and fewer SUs there are first fewer spares, then fewer standby SUs, then fewer active SUs, then fewer SIs
/// with a standby, then fewer SIs with an active SU.
fn split(board: &Board<'_>, pool: &[usize]) -> Split {
    (0..=board.group.preferred.active.min(pool.len()))
        .map(|active| split_with(board, pool, active))
        .max_by_key(|(served, split)| (*served, split.redundant, split.active))
        .map_or(split_with(board, pool, 0).1, |(_, split)| split)
}

/// How many SIs are served with so many active SUs, and the split.
fn split_with(board: &Board<'_>, pool: &[usize], active: usize) -> (usize, Split) {
    let sis = board.wanted.len();
    let standby = (pool.len().saturating_sub(active)).min(board.group.preferred.standby);
    let served = capacity(board, Role::Active, pool, active).min(sis);
    let split = Split {
        active,
        standby,
        redundant: capacity(board, Role::Standby, pool, standby).min(served),
    };
    (served, split)
}

/// How many SIs so many of the SUs may have in the role, at most.
fn capacity(board: &Board<'_>, role: Role, sus: &[usize], number: usize) -> usize {
    let mut limits: Vec<usize> = sus.iter().map(|su| board.most(role, *su)).collect();
    limits.sort_unstable_by(|a, b| b.cmp(a));
    limits.iter().take(number).sum()
}

/// How much room each of so many of the SUs must have at least, if as many of the SIs as possible shall find room in them.
fn least_room(board: &Board<'_>, role: Role, sus: &[usize], number: usize, sis: usize) -> usize {
    let all = capacity(board, role, sus, number).min(sis);
    all.saturating_sub(capacity(board, role, sus, number.saturating_sub(1)))
}

struct Plan<'a> {
    draft: Draft<'a>,
    split: Split,
    equal_ranks: bool,
    /// The active SUs.
    active: Vec<usize>,
    /// The standby SUs.
    standby: Vec<usize>,
}

impl Plan<'_> {
    const fn units(&self, role: Role) -> &Vec<usize> {
        match role {
            Role::Active => &self.active,
            Role::Standby => &self.standby,
        }
    }

    fn is_served(&self, si: usize) -> bool {
        !self.draft.holders(Role::Active, si).is_empty()
    }

    /// The SU has the role from now on.
    fn add(&mut self, role: Role, su: usize) {
        let units = match role {
            Role::Active => &mut self.active,
            Role::Standby => &mut self.standby,
        };
        if !units.contains(&su) {
            units.push(su);
            units.sort_unstable();
        }
    }

    fn give(&mut self, role: Role, su: usize, si: usize) {
        self.add(role, su);
        self.draft.give(role, su, si);
    }

    /// The SUs that the operator wants to exchange, if both are in service.
    fn swap(&self) -> Option<(usize, usize)> {
        let board = self.draft.board;
        let swap = board.group.swap.as_ref()?;
        let position = |dn| {
            self.draft
                .pool
                .iter()
                .copied()
                .find(|su| &board.member(*su).dn == dn)
        };
        Some((position(&swap.from)?, position(&swap.to)?))
    }

    /// Whether the SU serves the SI or has just stopped to.
    fn had(&self, su: usize, si: usize) -> bool {
        self.draft.board.serves(su, si) || self.draft.board.has(su, si, HaState::Quiesced)
    }

    /// The SU that stays active for the SI, or becomes so by the operator's wish.
    fn keeper(&self, si: usize) -> Option<usize> {
        let swapped = self
            .swap()
            .filter(|(from, to)| self.had(*from, si) && self.draft.may(Role::Active, *to, si));
        match swapped {
            Some((_, to)) => Some(to),
            None => self.draft.board.active_of(si, &self.draft.pool),
        }
    }

    fn keep_actives(&mut self) {
        for &si in &self.draft.board.wanted {
            let keeper = self.keeper(si);
            if let Some(su) = keeper.filter(|su| self.draft.may(Role::Active, *su, si)) {
                self.give(Role::Active, su, si);
            }
        }
    }

    /// Whether the SI is on its way from an SU in service: the plan moves it, and it was not lost.
    fn was_taken(&self, si: usize) -> bool {
        let mut sus = self.draft.pool.iter();
        sus.any(|su| self.draft.board.has(*su, si, HaState::Quiesced))
    }

    /// SIs that lost their active SU go to their standby. Gives back whether there were any.
    fn restore(&mut self) -> bool {
        let mut restored = false;
        for &si in &self.draft.board.wanted {
            let board = self.draft.board;
            let mut standbys = self.draft.pool.iter().copied();
            let standby = standbys.find(|su| board.has(*su, si, HaState::Standby));
            let may = |su: &usize| {
                !self.is_served(si) && !self.was_taken(si) && self.draft.may(Role::Active, *su, si)
            };
            if let Some(su) = standby.filter(may) {
                self.give(Role::Active, su, si);
                restored = true;
            }
        }
        restored
    }

    /// Fewer active SUs, where there are more than preferred or fewer give standbys to more SIs: the SIs of the least
    /// loaded one move to the others.
    fn reduce(&mut self) {
        while self.active.len() > self.split.active {
            let (_, now) = split_with(self.draft.board, &self.draft.pool, self.active.len());
            let least = self.active.iter().copied().rev();
            let least = least.min_by_key(|su| self.draft.load(Role::Active, *su));
            let Some(leaver) = least.filter(|_| {
                let preferred = self.draft.board.group.preferred.active;
                now.redundant < self.split.redundant || self.active.len() > preferred
            }) else {
                return;
            };
            if !self.relieve(leaver) {
                return;
            }
        }
    }

    /// Takes all from the active SU, if the other active SUs can have it, and what it could serve beside; gives back whether
    /// they could. Otherwise it would be active again, for what finds no room there.
    fn relieve(&mut self, leaver: usize) -> bool {
        let lacks = |si: &usize| !self.is_served(*si) && self.draft.may(Role::Active, leaver, *si);
        let sis = self.draft.board.wanted.iter().copied();
        let sis: Vec<(usize, bool)> = sis
            .filter_map(|si| {
                let has = self.draft.role(leaver, si) == Some(Role::Active);
                (has || lacks(&si)).then_some((si, has))
            })
            .collect();
        self.active.retain(|su| *su != leaver);
        let mut moved = Vec::new();
        for &(si, has) in &sis {
            let Some(su) = self
                .under_quota(Role::Active, si)
                .or_else(|| self.least_loaded(Role::Active, si))
            else {
                break;
            };
            if has {
                self.draft.take(Role::Active, leaver, si);
            }
            self.draft.give(Role::Active, su, si);
            moved.push((si, has, su));
        }
        if moved.len() == sis.len() {
            return true;
        }
        for (si, has, su) in moved {
            self.draft.take(Role::Active, su, si);
            if has {
                self.draft.give(Role::Active, leaver, si);
            }
        }
        self.active.push(leaver);
        self.active.sort_unstable();
        false
    }

    /// The SIs that lack the role, and could have it.
    fn lacking(&self, role: Role) -> Vec<usize> {
        let mut sis = self.draft.board.wanted.clone();
        sis.retain(|si| {
            let possible = role == Role::Active || self.is_served(*si);
            possible && self.draft.holders(role, *si).is_empty()
        });
        sis
    }

    fn fill(&mut self, role: Role) {
        self.open(role);
        for si in self.lacking(role) {
            self.place(role, si);
        }
        let draft = &self.draft;
        match role {
            Role::Active => self.active.retain(|su| draft.load(role, *su) > 0),
            Role::Standby => self.standby.retain(|su| draft.load(role, *su) > 0),
        }
    }

    /// Where SIs lack the role, as many SUs are used for it as there shall be, and such as have room for these SIs. Else
    /// more would be used, and then fewer again, in turns.
    fn open(&mut self, role: Role) {
        let shall = match role {
            Role::Active => self.split.active,
            Role::Standby => self.split.standby,
        };
        let lacking = self.lacking(role);
        let board = self.draft.board;
        while self.units(role).len() < shall {
            let rooms = self.units(role).iter();
            let rooms = rooms.map(|su| board.most(role, *su).saturating_sub(self.draft.load(role, *su)));
            let left = lacking.len().saturating_sub(rooms.sum());
            let mut free = self.draft.pool.clone();
            free.retain(|su| !self.is_used(*su));
            let least = least_room(board, role, &free, shall - self.units(role).len(), left);
            let Some(su) = lacking.iter().find_map(|si| self.unused(role, *si, least)) else {
                return;
            };
            self.add(role, su);
        }
    }

    /// The standbys of the SIs that are served stay where they are, unless the SU has become active.
    fn keep_standbys(&mut self) {
        for &si in &self.draft.board.wanted {
            let board = self.draft.board;
            let standbys = self.draft.pool.iter().copied();
            let present = standbys.filter(|su| board.has(*su, si, HaState::Standby));
            let swapped = self
                .swap()
                .filter(|(from, to)| self.had(*from, si) && self.draft.role(*to, si) == Some(Role::Active));
            let mut keepers = swapped.map(|(from, _)| from).into_iter().chain(present);
            let keeper =
                keepers.find(|su| !self.active.contains(su) && self.draft.may(Role::Standby, *su, si));
            if let Some(su) = keeper.filter(|_| self.is_served(si)) {
                self.give(Role::Standby, su, si);
            }
        }
    }

    /// Room for the SI: in an SU with less than its share, in any SU with room, in one more SU, or in place of a less
    /// important SI, which is then looked at again.
    fn place(&mut self, role: Role, si: usize) {
        let share = if self.equal_ranks {
            None
        } else {
            self.under_quota(role, si)
        };
        let room = share.or_else(|| self.least_loaded(role, si));
        if let Some(su) = room.or_else(|| self.another(role, si)) {
            self.add(role, su);
            self.draft.give(role, su, si);
        } else if let Some((other, su)) = self.draft.victim(role, si, |_| true) {
            self.draft.take(role, su, other);
            self.draft.give(role, su, si);
        }
    }

    /// The first SU of the role with less than its share of the SIs.
    fn under_quota(&self, role: Role, si: usize) -> Option<usize> {
        let mut units = self.units(role).iter().copied();
        units.find(|su| self.draft.may(role, *su, si) && self.has_share(role, *su))
    }

    /// Whether one SI more is not more than the SU's share of all.
    fn has_share(&self, role: Role, su: usize) -> bool {
        let wanted = match role {
            Role::Active => self.split.active,
            Role::Standby => self.split.standby,
        };
        let (sis, sus) = (
            self.draft.board.wanted.len(),
            self.units(role).len().max(wanted).max(1),
        );
        let load = self.draft.load(role, su);
        let beyond = |su: &&usize| self.draft.load(role, **su) > sis / sus;
        load < sis / sus || (load == sis / sus && self.units(role).iter().filter(beyond).count() < sis % sus)
    }

    /// Whether the SU stands by for another SI of the SU that is active for this one.
    fn is_near(&self, role: Role, su: usize, si: usize) -> bool {
        let active = self.draft.holders(Role::Active, si).first();
        role == Role::Standby
            && active.is_some_and(|active| {
                let both = |other: &usize| {
                    self.draft.role(su, *other) == Some(Role::Standby)
                        && self.draft.role(*active, *other) == Some(Role::Active)
                };
                self.draft.board.wanted.iter().any(both)
            })
    }

    fn least_loaded(&self, role: Role, si: usize) -> Option<usize> {
        let may = self
            .units(role)
            .iter()
            .copied()
            .filter(|su| self.draft.may(role, *su, si));
        may.min_by_key(|su| {
            let degraded = self.draft.board.is_degraded(*su, si);
            (
                degraded,
                self.draft.load(role, *su),
                !self.is_near(role, *su, si),
                *su,
            )
        })
    }

    /// One more SU for the role, where the SI can be served in no other way, up to the preferred number.
    fn another(&self, role: Role, si: usize) -> Option<usize> {
        let preferred = self.draft.board.group.preferred;
        let most = match role {
            Role::Active => preferred.active,
            Role::Standby => preferred.standby,
        };
        let loaded = self
            .units(role)
            .iter()
            .filter(|su| self.draft.load(role, **su) > 0);
        (loaded.count() < most)
            .then(|| self.unused(role, si, 0))
            .flatten()
    }

    fn is_used(&self, su: usize) -> bool {
        self.active.contains(&su) || self.standby.contains(&su)
    }

    /// The best SU without a role that has so much room: one that has the SI so, else one that stands by for few.
    fn unused(&self, role: Role, si: usize, least: usize) -> Option<usize> {
        let board = self.draft.board;
        let free = self.draft.pool.iter().copied();
        let may = |su: &usize| !self.is_used(*su) && self.draft.may(role, *su, si);
        free.filter(|su| may(su) && board.most(role, *su) >= least)
            .min_by_key(|su| {
                let standbys = board.wanted.iter();
                let standbys = standbys.filter(|si| board.has(*su, **si, HaState::Standby));
                let (has, others) = match role {
                    Role::Active => (self.had(*su, si), standbys.count()),
                    Role::Standby => (board.has(*su, si, HaState::Standby), 0),
                };
                (board.is_degraded(*su, si), !has, others, *su)
            })
    }

    /// The most preferred SUs for the role that have room for the SIs; among equals those that have it.
    fn choose_by_rank(&mut self, role: Role) {
        let board = self.draft.board;
        let (present, number) = match role {
            Role::Active => ([HaState::Active, HaState::Quiescing], self.split.active),
            Role::Standby => ([HaState::Standby; 2], self.split.standby),
        };
        let mut sus = self.draft.pool.clone();
        sus.retain(|su| !self.active.contains(su));
        sus.sort_by_cached_key(|su| {
            let member = board.member(*su);
            let comes = !board.has_any(*su, &present);
            (comes && member.on_probation, member.rank, comes, *su)
        });
        let mut chosen = Vec::with_capacity(number);
        let mut left = board.wanted.len();
        while chosen.len() < number {
            let least = least_room(board, role, &sus, number - chosen.len(), left);
            let Some(at) = sus.iter().position(|su| board.most(role, *su) >= least) else {
                break;
            };
            let su = sus.remove(at);
            left = left.saturating_sub(board.most(role, su));
            chosen.push(su);
        }
        chosen.sort_unstable();
        match role {
            Role::Active => self.active = chosen,
            Role::Standby => self.standby = chosen,
        }
    }

    /// What the chosen SUs have already stays, as far as it is not more than their share.
    fn keep_evenly(&mut self, role: Role) {
        for &si in &self.draft.board.wanted {
            let board = self.draft.board;
            let has = |su: &usize| match role {
                Role::Active => board.active_of(si, &self.draft.pool) == Some(*su),
                Role::Standby => self.is_served(si) && board.has(*su, si, HaState::Standby),
            };
            let mut units = self.units(role).iter().copied();
            let keeper =
                units.find(|su| has(su) && self.draft.may(role, *su, si) && self.has_share(role, *su));
            if let Some(su) = keeper {
                self.draft.give(role, su, si);
            }
        }
    }
}
