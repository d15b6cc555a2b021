//! The orders that follow from what a group holds and is to hold.

use std::fmt::Write as _;

use ais::amf::RedundancyModel;

use super::*;
use crate::plan::tests_support::{dn, group, member};
use crate::plan::{self, MemberFault, Need, Places, Seats};

const SIS: &[&str] = &["si=a", "si=b"];

fn both(name: &str, ha: HaState) -> Member {
    member(name, &[("si=a", ha), ("si=b", ha)])
}

fn locked(mut member: Member) -> Member {
    member.usable = Err(Reason::SuLocked);
    member
}

fn busy(mut member: Member) -> Member {
    member.orders = Availability::Busy;
    member
}

fn faulty(mut member: Member, whole_su: bool, isolated: bool) -> Member {
    member.usable = Err(Reason::SuWithdrawn);
    member.fault = Some(MemberFault { whole_su, isolated });
    member
}

/// The orders that a 2N group of these SUs gets.
fn orders(members: Vec<Member>) -> String {
    let group = group(RedundancyModel::TwoN, members, SIS);
    printed(&group)
}

/// The orders that a 2N group gets, in words.
pub(super) fn printed(group: &Group) -> String {
    let target = plan::plan(RedundancyModel::TwoN, group);
    let mut text = String::new();
    for (su, action) in next(group, &target).orders {
        match action {
            Action::Assign(ha, sis) => write!(text, "{su} {ha} {sis:?}; "),
            Action::Remove(sis) => write!(text, "{su} remove {sis:?}; "),
            Action::Cleanup => write!(text, "{su} cleanup; "),
        }
        .unwrap();
    }
    text
}

#[test]
fn each_situation_of_a_pair_has_its_next_orders() {
    use HaState::{Active, Quiesced, Standby};
    let fresh = |name: &str| member(name, &[]);
    let table: Vec<(&str, Vec<Member>, &str)> = vec![
        (
            "fresh: the active first",
            vec![fresh("s=1"), fresh("s=2")],
            "s=1 ACTIVE {si=a, si=b}; ",
        ),
        (
            "then the standby",
            vec![both("s=1", Active), fresh("s=2")],
            "s=2 STANDBY {si=a, si=b}; ",
        ),
        ("served", vec![both("s=1", Active), both("s=2", Standby)], ""),
        (
            "locked",
            vec![locked(both("s=1", Active)), both("s=2", Standby)],
            "s=1 QUIESCED {si=a, si=b}; ",
        ),
        (
            "quiescing is awaited",
            vec![busy(locked(both("s=1", Active))), both("s=2", Standby)],
            "",
        ),
        (
            "quiesced",
            vec![locked(both("s=1", Quiesced)), both("s=2", Standby)],
            "s=2 ACTIVE {si=a, si=b}; ",
        ),
        (
            "taken over",
            vec![locked(both("s=1", Quiesced)), both("s=2", Active)],
            "s=1 remove {si=a, si=b}; ",
        ),
        (
            "swapped",
            vec![both("s=1", Quiesced), both("s=2", Active)],
            "s=1 STANDBY {si=a, si=b}; ",
        ),
        (
            "component runs",
            vec![faulty(both("s=1", Active), false, false), both("s=2", Standby)],
            "",
        ),
        (
            "component cleaned up",
            vec![faulty(both("s=1", Active), false, true), both("s=2", Standby)],
            "s=1 QUIESCED {si=a, si=b}; ",
        ),
        (
            "SU runs",
            vec![faulty(both("s=1", Active), true, false), both("s=2", Standby)],
            "",
        ),
        (
            "SU cleaned up",
            vec![faulty(both("s=1", Active), true, true), both("s=2", Standby)],
            "s=1 cleanup; ",
        ),
        (
            "lost",
            vec![locked(fresh("s=1")), both("s=2", Standby)],
            "s=2 ACTIVE {si=a, si=b}; ",
        ),
    ];
    for (what, members, expected) in table {
        assert_eq!(orders(members), expected, "{what}");
    }
}

/// Of `si=a` and `si=b` no component can stand by for the second.
fn one_standby_at_most() -> Seats {
    let needs = vec![Need::Wants(vec![1, 0]), Need::Wants(vec![0, 1])];
    Seats {
        active: Places::new(vec![9, 9], needs.clone()),
        standby: Places::new(vec![1, 0], needs),
        shares: false,
    }
}

#[test]
fn what_an_su_cannot_stand_by_for_is_removed_when_it_is_served_elsewhere() {
    let mut left = both("s=1", HaState::Quiesced);
    left.seats = Some(one_standby_at_most());
    assert_eq!(
        orders(vec![left.clone(), both("s=2", HaState::Standby)]),
        "s=2 ACTIVE {si=a, si=b}; "
    );
    assert_eq!(
        orders(vec![left, both("s=2", HaState::Active)]),
        "s=1 remove {si=b}; "
    );
    let mut rest = member("s=1", &[("si=a", HaState::Quiesced)]);
    rest.seats = Some(one_standby_at_most());
    assert_eq!(
        orders(vec![rest, both("s=2", HaState::Active)]),
        "s=1 STANDBY {si=a}; "
    );
}

#[test]
fn who_may_not_serve_does_not_wait_for_a_successor_that_is_broken() {
    let broken = || faulty(both("s=2", HaState::Active), true, false);
    let left = both("s=1", HaState::Quiesced);
    let text = orders(vec![locked(left.clone()), broken(), member("s=3", &[])]);
    assert_eq!(text, "s=1 remove {si=a, si=b}; ");
    assert_eq!(orders(vec![left, broken()]), "", "it may be active again");
    // Nor for one that stands by for the broken one, and so can be active for nothing else.
    let half = |name, si, ha| member(name, &[(si, ha)]);
    let left = locked(half("s=1", "si=a", HaState::Quiesced));
    let broken = faulty(half("s=2", "si=b", HaState::Active), true, false);
    let standby = half("s=3", "si=b", HaState::Standby);
    assert_eq!(orders(vec![left, broken, standby]), "s=1 remove {si=a}; ");
}

#[test]
fn an_uncertain_su_blocks_others_and_is_cleared_first() {
    let mut uncertain = member("s=1", &[]);
    uncertain.usable = Err(Reason::SuWithdrawn);
    uncertain.uncertain = [dn("si=a")].into();
    uncertain.may_act = [dn("si=a")].into();
    let text = orders(vec![uncertain, member("s=2", &[])]);
    assert_eq!(text, "s=1 remove {si=a}; s=2 ACTIVE {si=b}; ");
}

#[test]
fn roles_do_not_mix_in_an_su() {
    let mut first = member("s=1", &[("si=a", HaState::Active)]);
    first.usable = Err(Reason::SuLocked);
    let text = orders(vec![first, both("s=2", HaState::Standby)]);
    assert_eq!(
        text, "s=1 QUIESCED {si=a}; ",
        "si=b waits until si=a can go with it"
    );
}

#[test]
fn what_an_su_gave_up_comes_back_only_where_there_is_room() {
    let limited = |active: usize| {
        let mut su = member("s=1", &[("si=a", HaState::Active), ("si=b", HaState::Quiesced)]);
        su.limits.active = active;
        group(RedundancyModel::NWayActive, vec![su], SIS)
    };
    let target = plan::plan(RedundancyModel::NWayActive, &limited(2));
    let comes_back = Action::Assign(HaState::Active, [dn("si=b")].into());
    assert_eq!(next(&limited(2), &target).orders, [(dn("s=1"), comes_back)]);
    // The limit has been lowered since.
    assert_eq!(next(&limited(1), &target).orders, []);
}
