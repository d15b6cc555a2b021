//! `sg-adjust`: back to the preferred assignments, as far as the SUs in service allow it (AMF B.02.01 §7.4.9).

use ais::Dn;

use super::goal::Goal;
use super::obstacle::Obstacle;
use crate::Director;
use crate::group;

impl Director {
    /// The operator vouches for every SU: probations end.
    pub(super) fn adjust(&mut self, sg: &Dn) -> Result<Goal, Obstacle> {
        self.check_settled(sg)?;
        if let Some(config) = self.model.sgs.get(sg) {
            let group = group::build(self.view(), sg, config);
            if let Some(member) = group.members.iter().find(|member| member.shares()) {
                return Err(Obstacle::AdjustShared {
                    su: member.dn.clone(),
                });
            }
        }
        let sus: Vec<Dn> = self.sus_below(sg);
        for su in sus {
            if let Some(state) = self.state.sus.get_mut(&su) {
                state.probation_until = None;
            }
        }
        self.state.adjusts.insert(sg.clone());
        Ok(Goal::Adjusted { sg: sg.clone() })
    }
}
