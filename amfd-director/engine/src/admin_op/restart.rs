//! `restart`: of a component and of an SU in place where the configuration allows it; else, and of a node, an
//! application and the cluster, by terminating and instantiating (AMF B.02.01 §7.4.7).

use ais::Dn;
use ais::amf::{NodeOrder, PresenceState};

use super::goal::Goal;
use super::obstacle::Obstacle;
use super::table::Entity;
use crate::Director;
use crate::state::{OrderKind, SuState};

impl Director {
    pub(super) fn restart(&mut self, entity: Entity, dn: &Dn) -> Result<Goal, Obstacle> {
        match entity {
            Entity::Comp => self.restart_comp(dn),
            Entity::Su => self.restart_su(dn, None),
            Entity::Node => {
                self.check_node_enabled(dn)?;
                self.restart_scope(dn)
            }
            Entity::Cluster | Entity::Application | Entity::Sg | Entity::NodeGroup | Entity::Si => {
                self.restart_scope(dn)
            }
        }
    }

    /// All SUs in the scope are terminated, and none is instantiated before the last is down. Where others outside the
    /// scope can take their work they get it first.
    fn restart_scope(&mut self, scope: &Dn) -> Result<Goal, Obstacle> {
        let mut sus = self.sus_below(scope);
        sus.retain(|su| self.su_presence(su) == PresenceState::Instantiated && !self.is_disabled(su));
        if sus.is_empty() {
            let dn = scope.clone();
            return Err(Obstacle::NothingInstantiated { dn });
        }
        self.begin_restart(scope);
        let scope = scope.clone();
        Ok(Goal::Restarted { scope, sus })
    }

    fn restart_comp(&mut self, dn: &Dn) -> Result<Goal, Obstacle> {
        let Some((su, _, comp)) = self.model.comp(dn) else {
            return Err(Obstacle::Missing { dn: dn.clone() });
        };
        let in_place = !comp.config.disable_restart;
        let report = self.state.su(&su).and_then(|state| state.report.as_ref());
        let told = report.and_then(|report| report.comps.iter().find(|comp| &comp.comp == dn));
        let presence = told.map_or(PresenceState::Uninstantiated, |comp| comp.presence);
        if presence != PresenceState::Instantiated {
            let dn = dn.clone();
            return Err(Obstacle::NotInstantiated { dn, presence });
        }
        // Another SU has to serve meanwhile, so the whole SU is restarted.
        self.restart_su(&su, in_place.then(|| dn.clone()))
    }

    /// In place where that is wanted of one component, or allowed for all of them.
    fn restart_su(&mut self, su: &Dn, comp: Option<Dn>) -> Result<Goal, Obstacle> {
        let Some((_, _, config)) = self.model.su(su) else {
            return Err(Obstacle::Missing { dn: su.clone() });
        };
        if let Some(reason) = self.view().disabled(su, config) {
            return Err(Obstacle::Disabled {
                dn: su.clone(),
                why: reason.to_string(),
            });
        }
        let presence = self.su_presence(su);
        if presence != PresenceState::Instantiated {
            let dn = su.clone();
            return Err(Obstacle::NotInstantiated { dn, presence });
        }
        if self.state.su(su).is_some_and(SuState::is_busy) {
            return Err(Obstacle::Busy { su: su.clone() });
        }
        if comp.is_none() && !config.is_restartable() {
            return self.restart_scope(su);
        }
        let node = config.node.clone();
        let dn = su.clone();
        let order = self.order(su, OrderKind::Restart(comp.clone()), |id| NodeOrder::Restart {
            id,
            su: dn,
            comp,
        });
        let node = || node.unwrap_or_else(|| su.clone());
        let id = order.ok_or_else(|| Obstacle::NodeRebooting { node: node() })?;
        Ok(Goal::Ordered {
            su: su.clone(),
            id,
            outcome: None,
        })
    }

    pub(super) fn su_presence(&self, su: &Dn) -> PresenceState {
        self.state
            .su(su)
            .map_or(PresenceState::Uninstantiated, SuState::presence)
    }
}
