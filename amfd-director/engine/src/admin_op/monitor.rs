//! `eam-start` and `eam-stop`: the external monitors of a component, or of all components of an SU that have one
//! (AMF B.02.01 §7.4.11 and §7.4.12).

use ais::Dn;
use ais::amf::{MonitorState, NodeOrder, PresenceState};

use super::goal::Goal;
use super::obstacle::Obstacle;
use super::table::Entity;
use crate::Director;
use crate::state::{OrderKind, SuState};

impl Director {
    pub(super) fn monitor(&mut self, entity: Entity, dn: &Dn, run: bool) -> Result<Goal, Obstacle> {
        let (su, comp) = match entity {
            Entity::Comp => {
                let missing = || Obstacle::Missing { dn: dn.clone() };
                let (su, _, _) = self.model.comp(dn).ok_or_else(missing)?;
                (su, Some(dn.clone()))
            }
            Entity::Su
            | Entity::Cluster
            | Entity::Application
            | Entity::Node
            | Entity::NodeGroup
            | Entity::Sg
            | Entity::Si => (dn.clone(), None),
        };
        self.check_monitors(&su, comp.as_ref(), dn, run)?;
        if self.state.su(&su).is_some_and(SuState::is_busy) {
            return Err(Obstacle::Busy { su });
        }
        let node = self.model.su(&su).and_then(|(_, _, config)| config.node.clone());
        let kind = OrderKind::Monitor(comp.clone(), run);
        let order = self.order(&su, kind, |id| NodeOrder::Monitor {
            id,
            su: su.clone(),
            comp,
            run,
        });
        let node = || node.unwrap_or_else(|| su.clone());
        let id = order.ok_or_else(|| Obstacle::NodeRebooting { node: node() })?;
        Ok(Goal::Ordered {
            su: su.clone(),
            id,
            outcome: None,
        })
    }

    /// Whether there is a monitor that would change.
    fn check_monitors(&self, su: &Dn, comp: Option<&Dn>, dn: &Dn, run: bool) -> Result<(), Obstacle> {
        let report = self.state.su(su).and_then(|state| state.report.as_ref());
        let comps = report.map_or(&[][..], |report| report.comps.as_slice());
        let meant = comps
            .iter()
            .filter(|told| comp.is_none_or(|comp| told.comp == *comp));
        let mut with_monitor = meant.filter(|told| told.monitor != MonitorState::None).peekable();
        if with_monitor.peek().is_none() {
            return Err(Obstacle::NoMonitors { dn: dn.clone() });
        }
        let mut up = with_monitor
            .filter(|told| told.presence == PresenceState::Instantiated)
            .peekable();
        if up.peek().is_none() {
            let presence = self.su_presence(su);
            let dn = dn.clone();
            return Err(Obstacle::NotInstantiated { dn, presence });
        }
        if up.all(|told| (told.monitor == MonitorState::Running) == run) {
            return Err(Obstacle::MonitorState {
                dn: dn.clone(),
                state: if run { "running" } else { "stopped" },
            });
        }
        Ok(())
    }
}
