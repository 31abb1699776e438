//! Hosts of the simulated mesh at work: agents begin, leave and move at the orchestrator's word, and their nodes stand for
//! seats. Who sits where is told to the leads, as certificates of place tell them in life.

use super::link::{Device, Link, TRUNK_SECTOR, TRUNK_TOP};
use super::node::{AgentNode, Host, NodeId};
use super::world::{Event, World, key_of};
use mesh_core::place::{AgentId, Class, ClusterId, Slots};
use mesh_core::role::{Agent, HostAct, Input, Sitter};
use mesh_core::time::Micros;
use mesh_core::trust::seat::Seat;
use std::sync::Arc;

impl World {
    /// A host is asked to do something.
    pub(super) fn host_act(&mut self, act: HostAct) {
        match act {
            HostAct::Restart(agent) | HostAct::Replace(agent) => {
                if let Some(index) = self.agent_at(agent) {
                    self.starts_soon(NodeId::Agent(index));
                }
            }
            HostAct::Begin {
                cluster,
                class,
                slots,
            } => self.begin_agents(cluster, class, slots),
            HostAct::Retire(agent) => {
                if let Some(index) = self.agent_at(agent) {
                    self.retire(index);
                    self.reseat(agent.cluster);
                }
            }
            HostAct::Move { from, to } => self.rehouse(from, to),
        }
    }

    /// Whoever sits at a place; nobody where somebody has left.
    pub(super) fn agent_at(&self, agent: AgentId) -> Option<u32> {
        let sector = self.sectors.get(agent.sector().index())?;
        let cluster = *sector.clusters.get(usize::from(agent.cluster.slot()))?;
        let agents = &self.clusters[cluster as usize].agents;
        let index = *agents.get(usize::from(agent.slot()))?;
        (!self.agents[index as usize].host.retired).then_some(index)
    }

    fn starts_soon(&mut self, node: NodeId) {
        let wait = self.chance.span(Micros::seconds(1), Micros::seconds(3));
        self.queue.push(self.now + wait, Event::Restart(node));
    }

    fn retire(&mut self, index: u32) {
        let host = &mut self.agents[index as usize].host;
        (host.up, host.retired) = (false, true);
    }

    fn begin_agents(&mut self, id: ClusterId, class: Class, slots: Slots) {
        let Some(sector) = self.sectors.get(id.sector.index()) else {
            return;
        };
        let mut chance = self.chance.split(u64::from(id.agent(0).pack()));
        if usize::from(id.slot()) == sector.clusters.len() {
            let first = self.agents.len() as u32;
            let asymmetry = self.scenario.network.asymmetry;
            self.add_cluster(id, class, slots.len(), asymmetry, &mut chance);
            let leads = self.clusters[self.cluster_index(id)].leads;
            let agents = first..self.agents.len() as u32;
            for node in leads
                .map(NodeId::Seat)
                .into_iter()
                .chain(agents.map(NodeId::Agent))
            {
                self.host_mut(node).up = false;
                self.starts_soon(node);
            }
            self.tell_clusters(id);
            return;
        }
        if self
            .sectors
            .get(id.sector.index())
            .is_none_or(|sector| usize::from(id.slot()) > sector.clusters.len())
        {
            return;
        }
        let cluster = self.cluster_index(id);
        for slot in slots.iter() {
            let index = self.new_agent(id.agent(slot), class, cluster, &mut chance);
            if self.sit(cluster, slot, index) {
                self.starts_soon(NodeId::Agent(index));
            }
        }
        self.reseat(id);
    }

    fn new_agent(
        &mut self,
        place: AgentId,
        class: Class,
        cluster: usize,
        chance: &mut mesh_core::chance::Chance,
    ) -> u32 {
        let profile = self.profile_of(class);
        let asymmetry = self.scenario.network.asymmetry;
        let mut host = Host::new(
            self.any_clock(chance),
            Link::new(profile, asymmetry, chance),
            self.fresh_key(place),
        );
        host.up = false;
        self.agents.push(AgentNode {
            host,
            role: Agent::new(place, class),
            device: Device::new(class, chance),
            cluster: cluster as u32,
        });
        self.agents.len() as u32 - 1
    }

    /// Puts an agent's node at a slot; false when it is not free.
    fn sit(&mut self, cluster: usize, slot: u8, index: u32) -> bool {
        let slot = usize::from(slot);
        let agents = &mut self.clusters[cluster].agents;
        match agents.get(slot) {
            None if slot == agents.len() => agents.push(index),
            Some(&before) if self.agents[before as usize].host.retired => agents[slot] = index,
            None | Some(_) => return false,
        }
        true
    }

    fn rehouse(&mut self, from: AgentId, to: AgentId) {
        let (Some(index), None) = (self.agent_at(from), self.agent_at(to)) else {
            return;
        };
        let Some(sector) = self.sectors.get(to.sector().index()) else {
            return;
        };
        if usize::from(to.cluster.slot()) >= sector.clusters.len() {
            return;
        }
        let (old, new) = (
            self.cluster_index(from.cluster),
            self.cluster_index(to.cluster),
        );
        if !self.sit(new, to.slot(), index) {
            return;
        }
        let class = self.agents[index as usize].role.class();
        let mut chance = self.chance.split(u64::from(to.pack()) << 1);
        // Nobody sits at the old place any more.
        let nobody = self.new_agent(from, class, old, &mut chance);
        self.retire(nobody);
        self.clusters[old].agents[usize::from(from.slot())] = nobody;
        self.moved_house(index);
        let agent = &mut self.agents[index as usize];
        agent.role = Agent::new(to, class);
        agent.cluster = new as u32;
        agent.host.up = false;
        self.starts_soon(NodeId::Agent(index));
        self.reseat(from.cluster);
        self.reseat(to.cluster);
    }

    /// Tells those who stand for a cluster's lead who sits where.
    pub(super) fn reseat(&mut self, id: ClusterId) {
        let cluster = &self.clusters[self.cluster_index(id)];
        let sitters: Arc<[Option<Sitter>]> = cluster
            .agents
            .iter()
            .map(|&index| {
                let agent = &self.agents[index as usize];
                let sitter = Sitter {
                    class: agent.role.class(),
                    key: agent.host.key,
                };
                (!agent.host.retired).then_some(sitter)
            })
            .collect();
        for lead in cluster.leads {
            self.give(NodeId::Seat(lead), Input::Seated(Arc::clone(&sitters)));
        }
    }

    fn tell_clusters(&mut self, id: ClusterId) {
        let sector = &self.sectors[id.sector.index()];
        let count = sector.clusters.len() as u8;
        for coordinator in sector.coordinators {
            self.give(NodeId::Seat(coordinator), Input::Clusters(count));
        }
    }

    /// A node that stands for a seat has started: what has changed since the mesh began is told.
    pub(super) fn tell_places(&mut self, seat: Seat) {
        match seat {
            Seat::Orchestrator => {}
            Seat::Coordinator(sector) => {
                let clusters = &self.sectors[sector.index()].clusters;
                if clusters.len() != usize::from(self.shape.clusters) {
                    self.tell_clusters(sector.cluster(0));
                }
            }
            Seat::Lead(cluster) => {
                let agents = &self.clusters[self.cluster_index(cluster)].agents;
                let changed = |index: &u32| {
                    let host = &self.agents[*index as usize].host;
                    host.retired || host.key != key_of(self.agents[*index as usize].role.place())
                };
                if agents.iter().any(changed) {
                    self.reseat(cluster);
                }
            }
        }
    }

    /// The node that hosts an agent stands for a seat, in place of the one that stands by; nobody else gets the seat
    /// meanwhile.
    pub(super) fn appoint(
        &mut self,
        agent: AgentId,
        seat: Seat,
    ) -> Option<mesh_core::trust::KeyId> {
        self.agent_at(agent)?;
        let mut chance = self.chance.split(u64::from(agent.pack()) << 2);
        let (pair, one_way, classes) = match seat {
            Seat::Lead(cluster) => {
                let info = &self.clusters[self.cluster_index(cluster)];
                let classes: Arc<[Class]> =
                    std::iter::repeat_n(info.class, info.agents.len()).collect();
                (info.leads, TRUNK_SECTOR, classes)
            }
            Seat::Coordinator(sector) => {
                let pair = self.sectors[sector.index()].coordinators;
                (pair, TRUNK_TOP, Arc::from([]))
            }
            Seat::Orchestrator => return None,
        };
        let aside = pair
            .iter()
            .position(|&node| !self.seats[node as usize].role.serving())?;
        let index = self.add_seat(seat, one_way, &classes, &mut chance);
        let before = pair[aside];
        {
            let host = self.host_mut(NodeId::Seat(before));
            (host.up, host.retired) = (false, true);
        }
        match seat {
            Seat::Lead(cluster) => {
                let at = self.cluster_index(cluster);
                self.clusters[at].leads[aside] = index;
            }
            Seat::Coordinator(sector) => {
                self.sectors[sector.index()].coordinators[aside] = index;
            }
            Seat::Orchestrator => {}
        }
        let key = self.seats[index as usize].host.key;
        self.seat_table.appoint(self.now, seat, key);
        self.start(NodeId::Seat(index));
        self.tell_places(seat);
        Some(key)
    }
}
