//! N-way active (AMF B.02.01 §3.7.5): an SI has any number of active SUs and no standby.
//!
//! Assignments stay. In the order of importance each SI gets as many SUs as it prefers, the SUs that it prefers first,
//! as long as enough is left to serve each later SI by one. Where nothing is left it gets the places of less important
//! SIs, but the last place of an SI only if it has none itself.

use super::assigned;
use super::board::{Board, Draft, Role};
use super::{Group, Target};
use crate::reason::Reason;

pub(super) fn plan(group: &Group) -> Target {
    let board = Board::new(group);
    let mut draft = Draft::new(&board, assigned::pool(&board));
    if !group.adjust {
        keep(&mut draft);
    }
    for &si in &board.wanted {
        fill(&mut draft, si);
    }
    if group.adjust {
        even_out(&mut draft);
    }
    for &si in &board.wanted {
        if draft.holders(Role::Active, si).is_empty() {
            first_place(&mut draft, si);
        }
    }
    draft.into_target(&Reason::SuBeyondAssigned)
}

fn preferred(draft: &Draft<'_>, si: usize) -> usize {
    draft.board.group.services[si].preferred.active
}

/// What is active stays, the best SUs where there are too many.
fn keep(draft: &mut Draft<'_>) {
    for &si in &draft.board.wanted {
        let mut present = draft.pool.clone();
        present.retain(|su| draft.board.serves(*su, si) && draft.may(Role::Active, *su, si));
        present.sort_by_key(|su| (draft.board.class(*su, si), *su));
        present.truncate(preferred(draft, si));
        for su in present {
            draft.give(Role::Active, su, si);
        }
    }
}

fn fill(draft: &mut Draft<'_>, si: usize) {
    let mut candidates = draft.candidates(Role::Active, si);
    if draft.board.group.adjust {
        candidates.sort_by_key(|su| {
            let (comes, load) = (!draft.board.serves(*su, si), draft.load(Role::Active, *su));
            let late = comes && draft.board.member(*su).on_probation;
            (late, draft.board.class(*su, si), comes, load, *su)
        });
    }
    let mut candidates = candidates.into_iter();
    while draft.holders(Role::Active, si).len() < preferred(draft, si) {
        let is_first = draft.holders(Role::Active, si).is_empty();
        if let Some(su) = candidates.find(|su| is_first || is_spare(draft, *su, si)) {
            draft.give(Role::Active, su, si);
            continue;
        }
        let more_than_one = |other: usize| draft.holders(Role::Active, other).len() > 1;
        let Some((other, su)) = draft.victim(Role::Active, si, more_than_one) else {
            break;
        };
        draft.take(Role::Active, su, other);
        draft.give(Role::Active, su, si);
    }
}

/// Whether each SI that has nothing yet, and could be served, can still be when this SU gives a place to `si`.
fn is_spare(draft: &Draft<'_>, su: usize, si: usize) -> bool {
    let waiting = draft.board.wanted.iter().copied();
    let waiting: Vec<usize> = waiting
        .filter(|other| *other != si && draft.holders(Role::Active, *other).is_empty())
        .collect();
    if waiting.len() < draft.room(Role::Active, su) {
        return true;
    }
    let mut rooms: Vec<usize> = vec![0; draft.board.group.members.len()];
    for &other in &draft.pool {
        rooms[other] = draft.room(Role::Active, other).min(waiting.len());
    }
    if draft.board.all_fit() {
        return waiting.len() < rooms.iter().sum();
    }
    let before = Matching::new(draft, rooms.clone()).serves(&waiting);
    rooms[su] -= 1;
    Matching::new(draft, rooms).serves(&waiting) == before
}

/// A distribution of SIs over rooms, one for each.
struct Matching<'a, 'b> {
    draft: &'a Draft<'b>,
    rooms: Vec<usize>,
    guests: Vec<Vec<usize>>,
}

impl<'a, 'b> Matching<'a, 'b> {
    fn new(draft: &'a Draft<'b>, rooms: Vec<usize>) -> Matching<'a, 'b> {
        let guests = vec![Vec::new(); rooms.len()];
        Matching { draft, rooms, guests }
    }

    /// How many of the SIs find room.
    fn serves(&mut self, sis: &[usize]) -> usize {
        let admitted = sis.iter().filter(|si| {
            let mut seen = vec![false; self.rooms.len()];
            self.admit(**si, &mut seen)
        });
        admitted.count()
    }

    /// Finds room for the SI, moving others where that helps.
    fn admit(&mut self, si: usize, seen: &mut [bool]) -> bool {
        for su in self.draft.pool.clone() {
            if seen[su] || !self.draft.could(Role::Active, su, si) {
                continue;
            }
            seen[su] = true;
            if self.guests[su].len() < self.rooms[su] {
                self.guests[su].push(si);
                return true;
            }
            for at in 0..self.guests[su].len() {
                if self.admit(self.guests[su][at], seen) {
                    self.guests[su][at] = si;
                    return true;
                }
            }
        }
        false
    }
}

/// An SI without an SU gets a place that another SI can spare, else the only place of a less important one.
fn first_place(draft: &mut Draft<'_>, si: usize) {
    if let Some(su) = draft.best(Role::Active, si) {
        draft.give(Role::Active, su, si);
        return;
    }
    let others = draft.board.wanted.iter().rev().copied();
    let spared = others
        .filter(|other| draft.holders(Role::Active, *other).len() > 1)
        .find_map(|other| Some((other, draft.place_of(Role::Active, other, si)?)));
    let place = spared.or_else(|| draft.victim(Role::Active, si, |_| true));
    if let Some((other, su)) = place {
        draft.take(Role::Active, su, other);
        draft.give(Role::Active, su, si);
    }
}

/// Moves SIs among SUs that suit them equally until these are evenly loaded; the least important SI first.
fn even_out(draft: &mut Draft<'_>) {
    for &si in draft.board.wanted.iter().rev() {
        for from in draft.holders(Role::Active, si).to_vec() {
            let class = draft.board.class(from, si);
            let mut candidates = draft.candidates(Role::Active, si).into_iter();
            let least = candidates.find(|su| !draft.board.member(*su).on_probation);
            let to = least.filter(|to| draft.board.class(*to, si) == class);
            if let Some(to) =
                to.filter(|to| draft.load(Role::Active, *to) + 1 < draft.load(Role::Active, from))
            {
                draft.take(Role::Active, from, si);
                draft.give(Role::Active, to, si);
            }
        }
    }
}
