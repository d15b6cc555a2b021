//! What the commands print about a whole cluster.

use crate::harness::check_in;
use crate::harness::whole::Whole;

#[test]
fn operators_see_the_cluster_in_text_and_in_json() {
    check_in("whole.txt", &Whole::up());
}
