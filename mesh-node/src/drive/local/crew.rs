//! Who sits where on one shard: nodes made from the configuration.

use super::super::nats::Wire;
use super::super::sim::clock::SimClock;
use super::super::sim::link::{Device, Link, Profile, TRUNK_SECTOR, TRUNK_TOP};
use super::super::sim::node::SeatRole;
use super::super::sim::scenario::ClassMix;
use super::super::sim::world::{deal, key_of, new_role};
use super::config::{Config, Devices, Situation};
use super::shard::Shard;
use crate::worker::Spec;
use mesh_core::chance::Chance;
use mesh_core::place::scope::Name;
use mesh_core::place::{Class, ClusterId, SectorId, Shape};
use mesh_core::role::{Agent, ability};
use mesh_core::time::{Boot, Micros, Moment};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::Seat;
use std::sync::Arc;

/// By how much a node's clock may be off, and how fast it may drift: nothing here may depend on clocks that agree.
const CLOCK_OFF: Micros = Micros::seconds(3_600);
const DRIFT_PPM: f64 = 50.0;
/// By how much the two directions of a link differ at most.
const ASYMMETRY: f64 = Link::ASYMMETRY;
/// The cluster of §7.2 with the two Raspberry Pis, their slots from zero, and how many times slower each is
/// while it waits.
const PIS: ((u16, u8), [(u8, f64); 2]) = ((7, 4), [(11, 4.6), (18, 3.2)]);
/// The cluster of §7.2 that could do their work.
const GPUS: (u16, u8) = (3, 2);

/// What all nodes have.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) clock: SimClock,
    pub(super) link: Link,
    /// The true moment of its earliest wake in the queue.
    pub(super) armed: Moment,
    pub(super) boot: Boot,
    pub(super) up: bool,
    pub(super) silent: bool,
    /// Factor on the processing that it reports.
    pub(super) lies: Option<f64>,
    pub(super) key: KeyId,
    /// Which of the shard's link faults apply.
    pub(super) faults: u16,
}

/// An agent on its device.
#[derive(Debug)]
pub(super) struct AgentNode {
    pub(super) host: Host,
    pub(super) role: Agent,
    pub(super) device: Device,
    /// Which of the shard's clusters it sits in.
    pub(super) cluster: u32,
    /// Tasks that wait at its worker, beside what the device has to do for itself.
    pub(super) waiting: u16,
}

/// A node that stands for a seat.
#[derive(Debug)]
pub(super) struct SeatNode {
    pub(super) host: Host,
    pub(super) role: SeatRole,
    pub(super) seat: Seat,
    /// It had operations open after its last input.
    pub(super) busy: bool,
}

/// A cluster: where its agents are kept, and who stands for its lead.
#[derive(Debug)]
pub(super) struct ClusterInfo {
    /// By slot; none where the agent is hosted elsewhere.
    pub(super) agents: Vec<Option<u32>>,
    /// By slot, wherever they are hosted.
    pub(super) classes: Arc<[Class]>,
    pub(super) leads: Candidates,
}

/// The nodes that stand for a seat: the holder at first and its standby; none where it is hosted elsewhere.
pub(super) type Candidates = [Option<u32>; 2];

/// A sector of this shard.
#[derive(Debug)]
pub(super) struct SectorInfo {
    pub(super) clusters: Vec<u32>,
    pub(super) coordinators: Candidates,
    /// Nothing passes between it and above.
    pub(super) cut: bool,
}

/// The classes of all clusters: a share of every class in each sector, and what a situation needs where it needs it.
pub(super) fn classes(config: &Config, shape: Shape) -> Arc<[Class]> {
    let mut classes = deal(&ClassMix::default().counts(shape.cluster_count()), shape);
    if config.situation == Situation::StuckPis {
        trade(&mut classes, shape, PIS.0, Class::Local);
        trade(&mut classes, shape, GPUS, Class::Gpu);
    }
    classes.into()
}

/// Gives a cluster this class, and the class it had to another of its sector that has this one, or to nobody.
fn trade(classes: &mut [Class], shape: Shape, (sector, cluster): (u16, u8), class: Class) {
    let first = usize::from(sector - 1) * usize::from(shape.clusters);
    let here = first + usize::from(cluster - 1);
    let own = first..first + usize::from(shape.clusters);
    let other = own.clone().find(|&index| classes[index] == class);
    if let Some(other) = other {
        classes.swap(here, other);
    } else {
        classes[here] = class;
    }
}

impl Shard {
    /// Makes the nodes of all sectors that this shard holds.
    pub(super) fn populate(&mut self, classes: &[Class]) {
        let shape = self.shared.shape;
        let mut chance = self.chance.split(2);
        let nobody = Arc::from([]);
        if self.index == 0 {
            self.orchestrators =
                self.add_seats(Seat::Orchestrator, TRUNK_TOP, &nobody, &mut chance);
        }
        self.sectors = (0..shape.sectors).map(|_| None).collect();
        let agents = self.shared.config.agents as usize;
        for sector in shape.all_sectors() {
            if self.shared.shard_of(sector) != self.index {
                continue;
            }
            let seat = Seat::Coordinator(sector);
            let coordinators = self.add_seats(seat, TRUNK_TOP, &nobody, &mut chance);
            let mut clusters = Vec::with_capacity(usize::from(shape.clusters));
            for slot in 0..shape.clusters {
                let index = sector.index() * usize::from(shape.clusters) + usize::from(slot);
                let left = agents.saturating_sub(index * usize::from(shape.agents));
                let places = left.min(usize::from(shape.agents)) as u8;
                clusters.push(self.clusters.len() as u32);
                self.add_cluster(sector.cluster(slot), classes[index], places, &mut chance);
            }
            self.sectors[sector.index()] = Some(SectorInfo {
                clusters,
                coordinators,
                cut: false,
            });
        }
    }

    fn add_cluster(&mut self, id: ClusterId, class: Class, places: u8, chance: &mut Chance) {
        let workers = &self.shared.config.workers;
        // An agent is of its cluster's class, unless its worker is of another.
        let of: Arc<[Class]> = (0..places)
            .map(|slot| workers.get(&id.agent(slot)).map_or(class, Spec::class))
            .collect();
        let leads = self.add_seats(Seat::Lead(id), TRUNK_SECTOR, &of, chance);
        let cluster = self.clusters.len() as u32;
        let here = self.shared.config.hosting.slots(id);
        let mut agents = vec![None; usize::from(places)];
        for slot in (0..places).filter(|slot| here.has(*slot)) {
            let place = id.agent(slot);
            let class = of[usize::from(slot)];
            agents[usize::from(slot)] = Some(self.agents.len() as u32);
            let link = Link::new(Profile::of(class), ASYMMETRY, chance);
            let host = self.new_host(link, key_of(place), chance);
            self.agents.push(AgentNode {
                host,
                role: self.new_agent(place, class),
                device: Device::new(class, chance),
                cluster,
                waiting: 0,
            });
        }
        self.clusters.push(ClusterInfo {
            agents,
            classes: of,
            leads,
        });
    }

    /// Those of the two that stand for a seat which are hosted here.
    fn add_seats(
        &mut self,
        seat: Seat,
        one_way: Micros,
        classes: &Arc<[Class]>,
        chance: &mut Chance,
    ) -> Candidates {
        [0, 1].map(|holder| {
            let here = self.shared.config.hosting.stands(seat, holder);
            here.then(|| self.add_seat(seat, holder, one_way, classes, chance))
        })
    }

    /// An agent that knows nothing yet but what it can do.
    pub(super) fn new_agent(&self, place: mesh_core::place::AgentId, class: Class) -> Agent {
        let mut agent = Agent::new(place, class);
        if self.shared.config.situation == Situation::StuckPis && is_pi(place) {
            let own = ability::of_class(class).iter().copied();
            let claimed = own
                .chain(["llm_inference"])
                .filter_map(|name| Name::new(name).ok());
            agent.set_abilities(claimed.collect());
        }
        self.employ(&mut agent);
        agent
    }

    fn add_seat(
        &mut self,
        seat: Seat,
        holder: u8,
        one_way: Micros,
        classes: &Arc<[Class]>,
        chance: &mut Chance,
    ) -> u32 {
        let index = self.seats.len() as u32;
        let derived = || seat_key(seat, self.shared.shape, holder);
        let key = self.wire.as_ref().map_or_else(derived, Wire::node);
        let link = Link::trunk(one_way, ASYMMETRY, chance);
        let host = self.new_host(link, key, chance);
        self.seats.push(SeatNode {
            host,
            role: new_role(seat, self.shared.shape, classes, key),
            seat,
            busy: false,
        });
        index
    }

    fn new_host(&self, link: Link, key: KeyId, chance: &mut Chance) -> Host {
        let clock = match self.shared.config.devices {
            Devices::Modelled => SimClock::any(CLOCK_OFF, DRIFT_PPM, chance),
            Devices::Bare | Devices::Real => SimClock::TRUE,
        };
        Host {
            clock,
            link,
            armed: Moment::NEVER,
            boot: self
                .wire
                .as_ref()
                .map_or(self.shared.keeper.boot(), Wire::boot),
            up: true,
            silent: false,
            lies: None,
            key,
            faults: 0,
        }
    }
}

/// How many times slower a device is while it tries to get what it does not have.
pub(super) fn busy_waiting(place: mesh_core::place::AgentId) -> f64 {
    let (_, slots) = PIS;
    let known = slots
        .iter()
        .find(|(slot, _)| is_pi(place) && *slot == place.slot());
    known.map_or(4.0, |(_, factor)| *factor)
}

/// Whether an agent is one of the two Raspberry Pis of §7.2.
pub(super) fn is_pi(place: mesh_core::place::AgentId) -> bool {
    let ((sector, cluster), slots) = PIS;
    place.sector().index() + 1 == usize::from(sector)
        && place.cluster.slot() + 1 == cluster
        && slots.iter().any(|(slot, _)| *slot == place.slot())
}

/// The places of the two Raspberry Pis of §7.2.
pub(super) fn pis() -> impl Iterator<Item = mesh_core::place::AgentId> {
    let ((sector, cluster), slots) = PIS;
    let cluster = SectorId::at(usize::from(sector - 1)).cluster(cluster - 1);
    slots.into_iter().map(move |(slot, _)| cluster.agent(slot))
}

/// The key of the first (0) or second (1) node that stands for a seat; no agent has one of these.
fn seat_key(seat: Seat, shape: Shape, holder: u8) -> KeyId {
    let number = match seat {
        Seat::Orchestrator => 0,
        Seat::Coordinator(sector) => 1 + sector.index(),
        Seat::Lead(cluster) => {
            let own = cluster.sector.index() * usize::from(Shape::CHILDREN_MAX);
            1 + usize::from(shape.sectors) + own + usize::from(cluster.slot())
        }
    };
    KeyId(1 + 2 * number as u64 + u64::from(holder))
}
