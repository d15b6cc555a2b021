//! What an error report demands: the recovery that follows is never weaker than the one recommended.

use std::collections::{BTreeMap, BTreeSet};

use ais::Dn;
use ais::amf::{RecommendedRecovery as Recovery, SuReport};
use node_engine::SessionId;

use crate::canonical::Canonical;
use crate::world::{Node, World};

/// A recovery that was recommended and must have taken place once the cluster has settled.
#[derive(Debug, Clone)]
pub struct Duty {
    /// What was recommended.
    pub recovery: Recovery,
    /// The faulty component.
    pub comp: Dn,
    /// Processes that may not be there any more.
    pub gone: BTreeSet<(Dn, SessionId)>,
    /// The node where it happened.
    pub node: Dn,
    /// Nodes that must have been started anew, with how often they had been.
    pub reboots: Vec<(Dn, u32)>,
    /// How often the node where it happened had been started.
    pub boots: u32,
    /// The term of the director that was there, or had been, when it happened.
    pub since: u64,
    /// The term of the last director that a report told of the fault.
    pub told: Option<u64>,
}

/// All that is due.
pub type Duties = Vec<Duty>;

impl Duty {
    /// What the report of this component asks for; nothing where it leaves the choice to the configuration.
    pub fn of(world: &World, node: &Dn, comp: &Dn, session: SessionId, recovery: Recovery) -> Option<Duty> {
        let mut gone = BTreeSet::new();
        gone.insert((node.clone(), session));
        let all_on = |node: &Dn| -> Vec<(Dn, SessionId)> {
            world.nodes[node]
                .processes
                .values()
                .map(|process| (node.clone(), process.session))
                .collect()
        };
        let mut reboots = Vec::new();
        match recovery {
            Recovery::NoRecommendation => return None,
            Recovery::ComponentRestart
            | Recovery::ComponentFailover
            | Recovery::NodeSwitchover
            | Recovery::ContainerRestart
            | Recovery::SuRestart
            | Recovery::SuFailover => {}
            Recovery::NodeFailover => gone.extend(all_on(node)),
            Recovery::NodeFailfast => reboots.push((node.clone(), world.nodes[node].boots)),
            Recovery::ClusterReset => {
                let up = world.nodes.iter().filter(|(_, place)| place.is_connected());
                reboots.extend(up.map(|(dn, place)| (dn.clone(), place.boots)));
            }
            Recovery::ApplicationRestart => {
                let app = comp
                    .parent()
                    .and_then(|su| su.parent())
                    .and_then(|sg| sg.parent());
                for (dn, place) in &world.nodes {
                    let of_app = place
                        .processes
                        .iter()
                        .filter(|(comp, _)| app.as_ref().is_some_and(|app| comp.is_within(app)));
                    gone.extend(of_app.map(|(_, process)| (dn.clone(), process.session)));
                }
            }
        }
        Some(Duty {
            recovery,
            comp: comp.clone(),
            gone,
            node: node.clone(),
            reboots,
            boots: world.nodes[node].boots,
            since: world.term,
            told: None,
        })
    }

    /// A director of this term was told of a fault. What its node tells after a reboot is another one; to a later
    /// director than the one of the time a node where nothing runs comes as it does after a reboot, with nothing to be
    /// reset.
    pub fn note_told(&mut self, report: &SuReport, term: u64, nodes: &BTreeMap<Dn, Node>) {
        let fault = report.fault.as_ref().filter(|_| self.comp.is_within(&report.su));
        let Some(fault) = fault.filter(|_| nodes[&self.node].boots == self.boots) else {
            return;
        };
        // The fault of an SU is that of the first component that failed, with the strongest recovery.
        let is_told = if self.recovery == Recovery::ApplicationRestart {
            fault.restarts_application() || fault.recovery == Recovery::ClusterReset
        } else {
            fault.recovery.strength() >= self.recovery.strength()
        };
        if is_told {
            if term > self.since {
                let own = &self.node;
                self.reboots
                    .retain(|(node, _)| node == own || !nodes[node].processes.is_empty());
            }
            self.told = Some(term);
        }
    }

    /// Whether anything is due on this node. A node that starts anew has done its part; where it did so before a
    /// director heard of the fault, nothing more follows. A node that was out of reach had left the cluster for the
    /// director that was told; what it brings back to a later one, that one finds in service.
    fn concerns(&self, node: &Dn, world: &World) -> bool {
        let has_forgotten = world.nodes[&self.node].boots != self.boots;
        let is_told = self.told == Some(world.term);
        let had_left = world.nodes[node].is_disturbed && self.told.is_some();
        *node == self.node || is_told || !(has_forgotten || had_left)
    }

    /// Adds what later checks depend on: nothing where there is nothing left that could be neglected.
    pub fn describe(&self, text: &mut Canonical, world: &World, section: impl Fn(&Dn) -> usize) {
        let lives = |(node, session): &&(Dn, SessionId)| {
            let mut processes = world.nodes[node].processes.values();
            processes.any(|process| process.session == *session)
        };
        let gone: Vec<&(Dn, SessionId)> = self.gone.iter().filter(lives).collect();
        let due = |(node, boots): &&(Dn, u32)| world.nodes[node].boots == *boots;
        let reboots: Vec<&Dn> = self.reboots.iter().filter(due).map(|(node, _)| node).collect();
        if gone.is_empty() && reboots.is_empty() {
            return;
        }
        let is_same = world.nodes[&self.node].boots == self.boots;
        text.add(&(self.recovery, &self.comp, &self.node, is_same, reboots));
        text.add_drawn("Term", self.since);
        if let Some(told) = self.told {
            text.add_drawn("Term", told);
        }
        for (node, session) in gone {
            text.enter(section(node));
            text.add(session);
            text.enter(0);
        }
    }

    /// What of it was not done.
    pub fn is_neglected(&self, world: &World) -> Option<String> {
        let (recovery, comp) = (self.recovery, &self.comp);
        // What left the model meanwhile is only cleaned up.
        if !world.repository.contains_key(comp) {
            return None;
        }
        let due = self.gone.iter().filter(|(node, _)| self.concerns(node, world));
        for (node, session) in due {
            let left = world.nodes[node]
                .processes
                .iter()
                .find(|(_, process)| process.session == *session);
            if let Some((other, _)) = left {
                return Some(format!(
                    "{recovery} was due for {comp}, but the process of {other} goes on"
                ));
            }
        }
        // The report may never have arrived where its own node was rebooted at once, or not have been passed on.
        let spared = |node: &Dn| world.nodes[node].is_disturbed || world.nodes[&self.node].is_disturbed;
        let due = |node: &Dn| node == &self.node || (self.told == Some(world.term) && !spared(node));
        let (node, _) = self
            .reboots
            .iter()
            .find(|(node, boots)| due(node) && world.nodes[node].boots == *boots)?;
        Some(format!(
            "{recovery} was due for {comp}, but {node} was not rebooted"
        ))
    }
}
