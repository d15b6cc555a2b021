//! Small clusters, every event at every point: a part of what `simulate --exhaustive` does.

use ais::amf::RedundancyModel;
use simulator::{SERVED, Scope, explore};

fn holds(scope: Scope) {
    match explore(scope, 2) {
        Ok(explored) => assert!(explored.branches > 100, "{scope:?}: only {explored:?}"),
        Err(broken) => panic!("{scope:?}: {}\n{}", broken.rule, broken.path.join("\n")),
    }
}

#[test]
fn one_event_at_every_point_from_the_start_on() {
    for &model in SERVED {
        for (sus, sis) in [(2, 1), (2, 2), (3, 2)] {
            holds(Scope {
                model,
                sus,
                sis,
                faults: 1,
                from_start: true,
            });
        }
    }
}

#[test]
fn two_events_at_every_point_of_a_settled_pair() {
    holds(Scope {
        model: RedundancyModel::TwoN,
        sus: 2,
        sis: 1,
        faults: 2,
        from_start: false,
    });
}
