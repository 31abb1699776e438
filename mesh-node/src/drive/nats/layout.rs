//! Who is hosted where, when one mesh is spread over some processes: no parent beside its children.

use super::keys::{Derived, Keys};
use crate::drive::local::{Config, Hosting, Part};
use mesh_core::place::{AgentId, ClusterId, SectorId, Shape, Slots};
use mesh_core::trust::Refusal;
use mesh_core::trust::seat::Seat;

/// A mesh spread over processes. The first stands for the orchestrator's seat; the others share sectors, each tier of a
/// sector in another process.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    shape: Shape,
    agents: u32,
    hosts: u32,
    standbys: bool,
}

/// Tiers of a sector, by how many processes further each is.
const AGENTS: u32 = 0;
const LEADS: u32 = 1;
const COORDINATOR: u32 = 2;
const SPARE_LEADS: u32 = 3;
const SPARE_COORDINATOR: u32 = 4;

impl Layout {
    /// Processes at least: one for the orchestrator and three for the tiers below it.
    pub const HOSTS_MIN: u32 = 4;
    /// Processes at least where every seat has a standby elsewhere.
    pub const SPARE_MIN: u32 = 6;

    /// Spreads the mesh of this configuration. None for too few processes.
    pub fn new(config: &Config, hosts: u32, standbys: bool) -> Option<Self> {
        let least = if standbys {
            Self::SPARE_MIN
        } else {
            Self::HOSTS_MIN
        };
        let shape = config.shape().ok()?;
        (hosts >= least).then_some(Self {
            shape,
            agents: config.agents,
            hosts,
            standbys,
        })
    }

    fn host(self, sector: SectorId, tier: u32) -> u32 {
        1 + (sector.index() as u32 + tier) % (self.hosts - 1)
    }

    fn clusters(self, sector: SectorId) -> impl Iterator<Item = (ClusterId, u8)> {
        (0..self.shape.clusters).map(move |slot| {
            let before = (sector.index() * usize::from(self.shape.clusters) + usize::from(slot))
                as u32
                * u32::from(self.shape.agents);
            let left = self.agents.saturating_sub(before);
            let places = left.min(u32::from(self.shape.agents)) as u8;
            (sector.cluster(slot), places)
        })
    }

    /// All clusters, with how many agents each has.
    pub fn all_clusters(self) -> impl Iterator<Item = (ClusterId, u8)> {
        self.shape
            .all_sectors()
            .flat_map(move |sector| self.clusters(sector))
            .filter(|(_, places)| *places > 0)
    }

    /// What a process hosts.
    pub fn hosting(self, host: u32) -> Hosting {
        let mut part = Part::default();
        if host == 0 {
            part.orchestrator = Some(0);
        } else if host == 1 && self.standbys {
            part.orchestrator = Some(1);
        }
        for sector in self.shape.all_sectors() {
            let here = |tier| host > 0 && self.host(sector, tier) == host;
            let spare = |tier| self.standbys && here(tier);
            if here(COORDINATOR) {
                part.coordinators.insert(sector, 0);
            } else if spare(SPARE_COORDINATOR) {
                part.coordinators.insert(sector, 1);
            }
            for (cluster, places) in self.clusters(sector) {
                if here(LEADS) {
                    part.leads.insert(cluster, 0);
                } else if spare(SPARE_LEADS) {
                    part.leads.insert(cluster, 1);
                }
                if here(AGENTS) && places > 0 {
                    part.agents.insert(cluster, Slots::first(places));
                }
            }
        }
        Hosting::Part(Box::new(part))
    }

    /// The keys of a process, with the certificates of all whom it hears or believes.
    pub fn keys(self, derived: &Derived, host: u32) -> Result<Keys, Refusal> {
        let own = self.agents_where(|sector| host > 0 && self.host(sector, AGENTS) == host);
        let keys = derived.keys(host, own)?;
        for node in 0..self.hosts {
            derived.seat(&keys, node, self.seats(node))?;
        }
        // A lead hears its agents; the orchestrator checks their own word for a stop.
        let heard = self.agents_where(|sector| {
            let leads = self.host(sector, LEADS) == host;
            let spare = self.standbys && self.host(sector, SPARE_LEADS) == host;
            host == 0 || leads || spare || host == 1 && self.standbys
        });
        for place in heard {
            let node = self.host(place.sector(), AGENTS);
            derived.place(&keys, node, place)?;
        }
        Ok(keys)
    }

    fn agents_where(self, wanted: impl Fn(SectorId) -> bool) -> Vec<AgentId> {
        let sectors = self.shape.all_sectors().filter(|sector| wanted(*sector));
        let clusters = sectors.flat_map(|sector| self.clusters(sector));
        clusters
            .flat_map(|(cluster, places)| (0..places).map(move |slot| cluster.agent(slot)))
            .collect()
    }

    fn seats(self, node: u32) -> Vec<Seat> {
        let hosting = self.hosting(node);
        let Hosting::Part(part) = hosting else {
            return Vec::new();
        };
        let top = part.orchestrator.map(|_| Seat::Orchestrator);
        let coordinators = part.coordinators.into_keys().map(Seat::Coordinator);
        let leads = part.leads.into_keys().map(Seat::Lead);
        top.into_iter().chain(coordinators).chain(leads).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seat_has_its_holders_and_every_agent_its_host_and_no_parent_is_beside_its_child() {
        let config = Config::bare(2_500);
        for (hosts, standbys) in [(4, false), (8, false), (6, true), (8, true)] {
            let layout = Layout::new(&config, hosts, standbys).expect("enough processes");
            let parts: Vec<Hosting> = (0..hosts).map(|host| layout.hosting(host)).collect();
            let at = |seat: Seat, holder: u8| {
                let stands = |hosting: &&Hosting| hosting.stands(seat, holder);
                let all: Vec<usize> = (0..parts.len())
                    .filter(|index| stands(&&parts[*index]))
                    .collect();
                all
            };
            let mut agents = 0;
            for sector in layout.shape.all_sectors() {
                let coordinator = at(Seat::Coordinator(sector), 0);
                assert_eq!(coordinator.len(), 1);
                assert_eq!(
                    at(Seat::Coordinator(sector), 1).len(),
                    usize::from(standbys)
                );
                for (cluster, places) in layout.clusters(sector) {
                    let lead = at(Seat::Lead(cluster), 0);
                    assert_eq!(lead.len(), 1);
                    assert_ne!(lead, coordinator);
                    assert_eq!(at(Seat::Lead(cluster), 1).len(), usize::from(standbys));
                    let hosts: Vec<usize> = (0..parts.len())
                        .filter(|host| !parts[*host].slots(cluster).is_empty())
                        .collect();
                    assert!(hosts.len() == usize::from(places > 0) && hosts != lead);
                    agents += u32::from(places);
                }
            }
            assert_eq!(agents, config.agents);
            assert_eq!(at(Seat::Orchestrator, 0), [0]);
        }
        assert!(Layout::new(&config, 3, false).is_none());
    }
}
