//! The simulated mesh as a whole: its nodes, the true time, and the queue of what happens next.

use super::chores::Chores;
use super::clock::SimClock;
use super::conduct::Conduct;
use super::courier::Courier;
use super::disk::Disks;
use super::errands::Errands;
use super::incident::Incidents;
use super::invariant::Watch;
use super::link::{Device, Link, LinkFaults, Profile, TRUNK_SECTOR, TRUNK_TOP};
use super::node::{
    AgentNode, ClusterInfo, FaultTable, Host, NodeId, SeatNode, SeatRole, SectorInfo,
};
use super::notary::Notaries;
use super::operate::Requests;
use super::post::Post;
use super::queue::EventQueue;
use super::sabotage::{Sabotage, Saboteur};
use super::scenario::Scenario;
use super::settle;
use super::signing::{Signatures, Signing};
use super::standing::Standing;
use super::strike::Trouble;
use super::truth::Truth;
use super::vault::Vault;
use mesh_core::chance::Chance;
use mesh_core::message::Epoch;
use mesh_core::place::{AgentId, Class, ClusterId, SectorId, Shape};
use mesh_core::role::{
    Agent, Coordinator, From, Input, Lead, Orchestrator, Outputs, Start, Ticket, WorkerEvent,
};
use mesh_core::time::{Micros, Moment, WallTime};
use mesh_core::trust::seat::{Seat, SeatAnswer, SeatTable};
use mesh_core::trust::{KeyId, Scheme, World as SignWorld};
use std::sync::Arc;

/// Wall time at the start of every run: nothing depends on when a run is made.
const WALL_START: WallTime = WallTime(1_750_000_000_000_000);

/// So many events are read ahead at once: enough to keep a processor's memory busy, few enough for its nearest cache.
const WARMED: usize = 8;

/// A mesh in virtual time.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) now: Moment,
    pub(super) queue: EventQueue<Event>,
    pub(super) chance: Chance,
    pub(super) shape: Shape,
    pub(super) seats: Vec<SeatNode>,
    /// Which of them have their seat: asked for every message upwards, and kept where that is near.
    pub(super) serving: Vec<bool>,
    pub(super) agents: Vec<AgentNode>,
    pub(super) clusters: Vec<ClusterInfo>,
    pub(super) sectors: Vec<SectorInfo>,
    pub(super) orchestrators: [u32; 2],
    pub(super) seat_table: SeatTable,
    pub(super) faults: FaultTable,
    pub(super) post: Post,
    pub(super) out: Outputs,
    pub(super) truth: Truth,
    pub(super) trouble: Trouble,
    pub(super) chores: Chores,
    pub(super) vault: Vault,
    pub(super) requests: Requests,
    pub(super) disks: Disks,
    pub(super) standing: Standing,
    pub(super) notaries: Notaries,
    pub(super) signing: Signing,
    pub(super) conduct: Conduct,
    pub(super) courier: Courier,
    pub(super) errands: Errands,
    pub(super) watch: Watch,
    pub(super) incidents: Incidents,
    pub(super) saboteur: Option<Saboteur>,
    /// All faults have ended.
    pub(super) calmed: bool,
    /// Time stands still: the run is over.
    pub(super) halted: bool,
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A role's deadline.
    Wake(NodeId),
    /// A parcel arrives.
    Deliver(NodeId, u32),
    /// An agent's worker is done preparing the throw with this number.
    Prepared(u32, u32),
    /// Nothing runs any more at an agent that was told to stop.
    Still(u32),
    /// The grantor of seats answers.
    Seat(u32, Epoch, SeatReply),
    /// A cascade of the standing load.
    Cascade,
    /// Somebody dies, by the standing churn.
    Churn,
    /// A dead node starts again.
    Restart(NodeId),
    /// A fault of the scenario strikes.
    Fault(u32),
    /// What a fault changed is over.
    Over(u32),
    /// The whole is looked at.
    Survey,
    /// A task's work at this agent has come to its next step.
    Chore(u32, u32),
    /// What this seat asked to be kept is on disk.
    Stored(u32, Ticket),
    /// This worker gives a task up.
    GivenUp(u32, u32),
    /// This worker says how a run stands.
    Say(u32, u32),
    /// The store tells this seat what it has.
    Recalled(u32),
    /// What a service brings has come.
    Brought(Ticket),
    /// Somebody delegates a task, by the standing load.
    Delegate,
    /// Somebody misbehaves once more.
    Misdeed(u32),
    /// A worker is done with this errand.
    Errand(u32),
}

/// A [`SeatAnswer`] that fits an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum SeatReply {
    Granted,
    Refused(KeyId, Epoch),
    Unknown,
}

impl SeatReply {
    pub(super) const fn of(answer: SeatAnswer) -> Self {
        match answer {
            SeatAnswer::Granted { .. } => Self::Granted,
            SeatAnswer::Refused { holder, epoch } => Self::Refused(holder, epoch),
            SeatAnswer::Unknown => Self::Unknown,
        }
    }

    const fn answer(self, asked: Epoch) -> SeatAnswer {
        match self {
            Self::Granted => SeatAnswer::Granted { epoch: asked },
            Self::Refused(holder, epoch) => SeatAnswer::Refused { holder, epoch },
            Self::Unknown => SeatAnswer::Unknown,
        }
    }
}

impl World {
    /// Everybody in place at true time 0, and started.
    pub fn new(scenario: Scenario) -> Self {
        let shape = scenario.shape();
        let chance = Chance::new(scenario.seed);
        let faults = vec![LinkFaults::new(&scenario.network.rates())];
        let mut world = Self {
            now: Moment(0),
            queue: EventQueue::new(),
            chance: chance.split(1),
            shape,
            seats: Vec::new(),
            serving: Vec::new(),
            agents: Vec::new(),
            clusters: Vec::new(),
            sectors: Vec::new(),
            orchestrators: [0, 0],
            seat_table: SeatTable::default(),
            faults,
            post: Post::default(),
            out: Outputs::default(),
            truth: Truth::default(),
            trouble: Trouble::default(),
            conduct: Conduct::default(),
            courier: Courier::default(),
            errands: Errands::default(),
            chores: Chores::default(),
            vault: Vault::default(),
            requests: Requests::default(),
            disks: Disks::default(),
            standing: Standing::default(),
            notaries: Notaries::new(scheme_of(&scenario)),
            signing: Signing::new(SignWorld::new(scenario.seed)),
            watch: Watch::default(),
            incidents: Incidents::default(),
            saboteur: None,
            calmed: false,
            halted: false,
            scenario,
        };
        world.populate(&mut chance.split(2));
        if world.scenario.signatures == Signatures::Ed25519 {
            world.issue_keys(WALL_START);
        }
        world.schedule();
        world
    }

    /// Runs until `until` of true time, or the scenario's end.
    pub fn run_until(&mut self, until: Moment) {
        self.advance(Moment(self.scenario.duration.0).min(until));
    }

    /// Runs until `end`, which may be past the scenario's.
    pub(super) fn advance(&mut self, end: Moment) {
        let mut warm = 0;
        while !self.halted && self.queue.next_at().is_some_and(|at| at <= end) {
            if warm == 0 {
                self.warm();
                warm = WARMED;
            }
            warm -= 1;
            // There is one: it was just looked at.
            let Some((at, event)) = self.queue.pop() else {
                return;
            };
            self.now = self.now.max(at);
            if self.calmed && settle::is_trouble(&event) {
                continue;
            }
            self.halted = !self.advances(self.now);
            self.truth.count(at, &event);
            self.happen(at, event);
        }
        self.now = self.now.max(end);
    }

    /// Has the memory of whoever is next fetched; see [`mesh_core::warm`].
    fn warm(&self) {
        let read = self.queue.upcoming(WARMED).map(|event| match *event {
            Event::Wake(NodeId::Agent(index)) | Event::Prepared(index, _) => {
                self.agents[index as usize].warm()
            }
            Event::Deliver(NodeId::Agent(index), parcel) => {
                let known = self.post.sender(parcel).is_some();
                self.agents[index as usize].warm() ^ u64::from(known)
            }
            Event::Wake(NodeId::Seat(index)) => self.seats[index as usize].warm(None),
            Event::Deliver(NodeId::Seat(index), parcel) => {
                let slot = match self.post.sender(parcel) {
                    Some(From::Child(slot)) => Some(slot),
                    Some(From::Parent | From::Peer(_)) | None => None,
                };
                self.seats[index as usize].warm(slot)
            }
            // Rare, all the others.
            _ => 0,
        });
        core::hint::black_box(read.fold(0, |mixed, word| mixed ^ word));
    }

    /// The whole run.
    pub fn run(&mut self) {
        self.run_until(Moment::NEVER);
    }

    /// True time.
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// Agents in all.
    pub fn agent_count(&self) -> usize {
        self.agents.len()
    }

    fn happen(&mut self, at: Moment, event: Event) {
        match event {
            Event::Wake(node) => self.wake(node, at),
            Event::Deliver(node, parcel) => self.deliver(node, parcel),
            Event::Prepared(agent, throw) => self.prepared(agent, throw),
            Event::Still(agent) => {
                self.give(NodeId::Agent(agent), Input::Worker(WorkerEvent::Still));
            }
            Event::Seat(node, asked, reply) => {
                self.give(NodeId::Seat(node), Input::Seat(asked, reply.answer(asked)));
            }
            Event::Cascade => self.cascade(),
            Event::Churn => self.churn(),
            Event::Restart(node) => self.restart(node),
            Event::Fault(index) => self.strike(index),
            Event::Over(index) => self.relent(index),
            Event::Survey => self.survey(),
            Event::Misdeed(number) => self.misdeed(number),
            Event::Errand(number) => self.errand_done(number),
            Event::Chore(agent, run) => self.step(agent, run),
            Event::Stored(seat, ticket) => self.give(NodeId::Seat(seat), Input::Stored(ticket)),
            Event::GivenUp(agent, run) => self.given_up(agent, run),
            Event::Say(agent, run) => self.say(agent, run),
            Event::Recalled(seat) => self.recalled(seat),
            Event::Delegate => self.delegate(),
            Event::Brought(ticket) => self.service_done(ticket),
        }
    }

    /// A node's timer has fired.
    fn wake(&mut self, node: NodeId, at: Moment) {
        let host = self.host_mut(node);
        if host.armed != at {
            return;
        }
        (host.armed, host.armed_next) = (host.armed_next, Moment::NEVER);
        if self.broken_by(Sabotage::EndlessWake) {
            self.host_mut(node).armed = at;
            self.queue.push(at, Event::Wake(node));
        }
        if !self.deprived(node, true) {
            self.give(node, Input::Wake);
        }
    }

    /// One input for one node; its outputs are carried out and its timer is set again.
    pub(super) fn give(&mut self, node: NodeId, input: Input) {
        if !self.host(node).up || self.deprived(node, false) {
            return;
        }
        let told = self.told_time(node, self.host(node).clock.read(self.now));
        let mut out = core::mem::take(&mut self.out);
        let (local, next) = match node {
            NodeId::Agent(index) => {
                let agent = &mut self.agents[index as usize];
                agent.role.handle(told, input, &mut out);
                (told, agent.role.next_wake())
            }
            NodeId::Seat(index) => {
                let seat = &mut self.seats[index as usize];
                seat.role.handle(told, input, &mut out);
                self.serving[index as usize] = seat.role.serving();
                (told, seat.role.next_wake())
            }
        };
        self.carry_out(node, local, &mut out);
        self.out = out;
        self.arm(node, next);
        self.touched(node, local);
    }

    /// Sets the node's timer where the new deadline is earlier than the one set.
    pub(super) fn arm(&mut self, node: NodeId, next: Moment) {
        let now = self.now;
        let host = self.host_mut(node);
        let at = host.clock.when(next).max(now);
        if at < host.armed {
            // The one that was set stays in the queue, and is the next when this one has fired.
            (host.armed, host.armed_next) = (at, host.armed);
            self.queue.push(at, Event::Wake(node));
        }
    }

    pub(super) fn host(&self, node: NodeId) -> &Host {
        match node {
            NodeId::Agent(index) => &self.agents[index as usize].host,
            NodeId::Seat(index) => &self.seats[index as usize].host,
        }
    }

    pub(super) fn host_mut(&mut self, node: NodeId) -> &mut Host {
        match node {
            NodeId::Agent(index) => &mut self.agents[index as usize].host,
            NodeId::Seat(index) => &mut self.seats[index as usize].host,
        }
    }

    /// Wall time.
    pub(super) fn wall(&self) -> WallTime {
        WALL_START + self.now.since(Moment(0))
    }

    /// What a role is told at a start.
    pub(super) fn start_of(&self, node: NodeId) -> Start {
        let boot = self.host(node).boot;
        let wall = self.wall();
        Start {
            boot,
            seed: self.scenario.seed,
            wall,
            lossy: self.scenario.network.loss > 0.0,
            notary: self.notary_of(node),
            levels: self.disks.read(node),
        }
    }

    fn populate(&mut self, chance: &mut Chance) {
        let asymmetry = self.scenario.network.asymmetry;
        let count = self.scenario.agent_count();
        let classes = deal(
            &self.scenario.classes.counts(self.shape.cluster_count()),
            self.shape,
        );
        self.orchestrators =
            [0, 1].map(|_| self.add_seat(Seat::Orchestrator, TRUNK_TOP, &Arc::from([]), chance));
        for sector in self.shape.all_sectors() {
            let coordinators = [0, 1].map(|_| {
                self.add_seat(Seat::Coordinator(sector), TRUNK_TOP, &Arc::from([]), chance)
            });
            self.sectors.push(SectorInfo {
                clusters: Vec::new(),
                coordinators,
            });
        }
        for (index, id) in self.shape.all_clusters().enumerate() {
            let left = count.saturating_sub(index * usize::from(self.shape.agents));
            let places = left.min(usize::from(self.shape.agents));
            self.add_cluster(id, classes[index], places, asymmetry, chance);
        }
    }

    /// A cluster of one class with its lead, its standby and so many agents.
    pub(super) fn add_cluster(
        &mut self,
        id: ClusterId,
        class: Class,
        places: usize,
        asymmetry: f64,
        chance: &mut Chance,
    ) {
        let of: Arc<[Class]> = std::iter::repeat_n(class, places).collect();
        let leads = [0, 1].map(|_| self.add_seat(Seat::Lead(id), TRUNK_SECTOR, &of, chance));
        let cluster = self.clusters.len() as u32;
        let profile = self.profile_of(class);
        let mut agents = Vec::with_capacity(places);
        for slot in 0..places {
            let place = id.agent(slot as u8);
            agents.push(self.agents.len() as u32);
            let host = Host::new(
                self.any_clock(chance),
                Link::new(profile, asymmetry, chance),
                key_of(place),
            );
            let device = Device::new(class, chance);
            self.agents.push(AgentNode {
                host,
                role: Agent::new(place, class),
                device,
                cluster,
            });
        }
        let sector = id.sector.index() as u32;
        self.sectors[sector as usize].clusters.push(cluster);
        self.clusters.push(ClusterInfo {
            id,
            class,
            agents,
            leads,
            sector,
        });
    }

    /// The network of agents of a class.
    pub(super) fn profile_of(&self, class: Class) -> Profile {
        self.scenario.network.profile.unwrap_or(Profile::of(class))
    }

    pub(super) fn add_seat(
        &mut self,
        seat: Seat,
        one_way: Micros,
        classes: &Arc<[Class]>,
        chance: &mut Chance,
    ) -> u32 {
        let index = self.seats.len() as u32;
        let key = KeyId(1 + u64::from(index));
        let link = Link::trunk(one_way, self.scenario.network.asymmetry, chance);
        let host = Host::new(self.any_clock(chance), link, key);
        let role = new_role(seat, self.shape, classes, key);
        self.seats.push(SeatNode { host, role, seat });
        self.serving.push(false);
        index
    }

    pub(super) fn any_clock(&self, chance: &mut Chance) -> SimClock {
        SimClock::any(
            self.scenario.clocks.offset,
            self.scenario.clocks.drift_ppm,
            chance,
        )
    }

    /// The first starts, the standing load and the faults.
    fn schedule(&mut self) {
        for index in 0..self.seats.len() as u32 {
            self.start(NodeId::Seat(index));
        }
        for index in 0..self.agents.len() as u32 {
            self.start(NodeId::Agent(index));
        }
        if self.scenario.load.every > Micros::ZERO {
            self.queue
                .push(Moment(self.scenario.load.start.0), Event::Cascade);
        }
        self.queue.push(Moment(1_000_000), Event::Survey);
        self.schedule_churn();
        self.schedule_tasks();
        self.schedule_faults();
    }

    pub(super) fn start(&mut self, node: NodeId) {
        let start = self.start_of(node);
        self.give(node, Input::Start(start));
    }
}

/// How desired state, proofs and commands are signed.
fn scheme_of(scenario: &Scenario) -> Scheme {
    match scenario.signatures {
        Signatures::StandIn => Scheme::StandIn(SignWorld::new(scenario.seed)),
        Signatures::Ed25519 => Scheme::Ed25519,
    }
}

/// A new role for a node that stands for a seat.
pub(in crate::drive) fn new_role(
    seat: Seat,
    shape: Shape,
    classes: &Arc<[Class]>,
    key: KeyId,
) -> SeatRole {
    match seat {
        Seat::Orchestrator => SeatRole::Orchestrator(Box::new(Orchestrator::new(shape, key))),
        Seat::Coordinator(sector) => {
            SeatRole::Coordinator(Box::new(Coordinator::new(sector, shape.clusters, key)))
        }
        Seat::Lead(cluster) => {
            SeatRole::Lead(Box::new(Lead::new(cluster, Arc::clone(classes), key)))
        }
    }
}

/// An agent's key, in the stand-in of identities: its first place, and a mark that no seat's key has.
pub(in crate::drive) const fn key_of(place: AgentId) -> KeyId {
    KeyId(1 << 40 | place.pack() as u64)
}

/// Classes of clusters so that each sector has a share of every class: dealt out sector by sector.
pub(in crate::drive) fn deal(counts: &[usize; 6], shape: Shape) -> Vec<Class> {
    let mut deck = Class::ALL
        .into_iter()
        .zip(counts)
        .flat_map(|(class, &count)| std::iter::repeat_n(class, count));
    let mut classes = vec![Class::Edge; shape.cluster_count()];
    for slot in 0..usize::from(shape.clusters) {
        for sector in 0..usize::from(shape.sectors) {
            if let Some(class) = deck.next() {
                classes[sector * usize::from(shape.clusters) + slot] = class;
            }
        }
    }
    classes
}

/// The sector at `index`.
pub(super) const fn sector_at(index: u32) -> SectorId {
    SectorId::at(index as usize)
}
