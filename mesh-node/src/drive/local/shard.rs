//! One thread with the sectors that it holds: what is due, what has come, how long to rest.

use super::super::nats::Wire;
use super::super::sim::disk::Disks;
use super::super::sim::link::{FaultRates, LinkFaults};
use super::super::sim::node::NodeId;
use super::super::sim::notary::Notaries;
use super::super::sim::queue::EventQueue;
use super::super::sim::world::new_role;
use super::chores::Chores;
use super::config::Devices;
use super::crew::{self, AgentNode, Candidates, ClusterInfo, Host, SeatNode, SectorInfo};
use super::post::{Letter, Post};
use super::watch::Spread;
use super::{Mail, Shared, lock};
use crate::door::Porter;
use crate::store::Step;
use mesh_core::chance::Chance;
use mesh_core::guard::level::Author;
use mesh_core::message::errand::Outcome;
use mesh_core::message::{Epoch, MessageId, TaskSaid};
use mesh_core::operation::task::TaskId;
use mesh_core::place::scope::Scope;
use mesh_core::place::{Class, ClusterId, SectorId};
use mesh_core::role::{Brought, Input, Notary, Outputs, Start, Ticket, WorkerEvent};
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::{Claim, NOBODY, Seat, SeatAnswer};
use mesh_core::trust::{Scheme, World as SignWorld};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How long a shard on which nothing is open rests at least: beats are no finer than that, and are stamped when they go.
const IDLE_TICK: Micros = Micros::millis(5);
/// The same where messages go over a wire: each waking costs several threads theirs.
const WIRE_TICK: Micros = Micros::millis(20);
/// How long after something came in a shard keeps to the microsecond though nothing is open yet.
const ALERT: Micros = Micros::millis(1_500);
/// Events at once that are handled before due ones are looked for again.
const SOON_BATCH: usize = 128;
/// How long a shard rests at most.
const REST_MAX: Duration = Duration::from_millis(500);

/// One shard.
pub(super) struct Shard {
    pub(super) index: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) porter: Arc<Porter>,
    pub(super) now: Moment,
    pub(super) chance: Chance,
    pub(super) queue: EventQueue<Event>,
    /// What is to be done at once, in order.
    pub(super) soon: VecDeque<Event>,
    pub(super) seats: Vec<SeatNode>,
    pub(super) agents: Vec<AgentNode>,
    pub(super) clusters: Vec<ClusterInfo>,
    /// Sectors by index; none where another shard holds it.
    pub(super) sectors: Vec<Option<SectorInfo>>,
    pub(super) orchestrators: Candidates,
    pub(super) faults: Vec<LinkFaults>,
    pub(super) over: Vec<Option<super::Fault>>,
    pub(super) post: Post,
    /// What roles want sent, until all that is due has been handled.
    pub(super) letters: Vec<Letter>,
    pub(super) disks: Disks,
    pub(super) chores: Chores,
    pub(super) spread: Spread,
    /// The operation that was released last, with its T in true time.
    pub(super) releasing: Option<(MessageId, Moment)>,
    /// The event that is handled is a deadline of its node's own.
    pub(super) in_wake: bool,
    /// The way to other processes; without it everybody is in this one.
    pub(super) wire: Option<Wire>,
    notaries: Notaries,
    out: Outputs,
    busy: u32,
    alert_until: Moment,
    stopped: bool,
    handled: u64,
}

/// What happens next.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A role's deadline.
    Wake(NodeId),
    /// A parcel arrives.
    Deliver(NodeId, u32),
    /// A device is done preparing.
    Prepared(u32, MessageId),
    /// A device is done with what another asked of it.
    Did(u32, MessageId),
    /// Nothing runs any more at an agent that was told to stop.
    Still(u32),
    /// The grantor of seats has answered.
    Seat(u32, Epoch, SeatAnswer),
    /// A dead node starts again.
    Restart(NodeId),
    /// A fault's time is over.
    Over(u32),
    /// A task on a device comes to its next step.
    Chore(u32),
    /// A worker says how a task stands.
    Said(u32, Box<(TaskId, TaskSaid)>),
    /// A service of this seat has brought something.
    Brought(u32, Ticket, Box<Brought>),
    /// The registry is looked at, for history.
    Look,
    /// The lab's own load: a throw to all.
    Load,
    /// The lab's own churn: an agent dies.
    Churn,
    /// What a situation begins with.
    Situation,
}

/// A shard's life.
pub(super) fn run(
    index: usize,
    shared: &Arc<Shared>,
    porter: &Arc<Porter>,
    wire: Option<Wire>,
    inbox: &Receiver<Mail>,
) {
    let mut shard = Shard::new(index, shared, porter, wire);
    shard.begin();
    while !shard.stopped {
        while let Ok(mail) = inbox.try_recv() {
            shard.take(mail);
        }
        shard.turn(inbox);
        if shard.stopped {
            break;
        }
        match inbox.recv_timeout(shard.rest()) {
            Ok(mail) => shard.take(mail),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
}

impl Shard {
    fn new(index: usize, shared: &Arc<Shared>, porter: &Arc<Porter>, wire: Option<Wire>) -> Self {
        let chance = Chance::new(shared.config.seed).split(100 + index as u64);
        let now = shared.clock.now();
        let mut shard = Self {
            index,
            now,
            chance,
            queue: EventQueue::new(),
            soon: VecDeque::new(),
            seats: Vec::new(),
            agents: Vec::new(),
            clusters: Vec::new(),
            sectors: Vec::new(),
            orchestrators: [None; 2],
            faults: vec![LinkFaults::new(&FaultRates::NONE)],
            over: Vec::new(),
            post: Post::default(),
            letters: Vec::new(),
            disks: Disks::default(),
            chores: Chores::default(),
            spread: Spread::default(),
            releasing: None,
            in_wake: false,
            wire,
            notaries: Notaries::new(Scheme::StandIn(SignWorld::new(shared.config.seed))),
            out: Outputs::default(),
            busy: 0,
            alert_until: now + Micros::seconds(4),
            stopped: false,
            handled: 0,
            shared: Arc::clone(shared),
            porter: Arc::clone(porter),
        };
        shard.populate(&crew::classes(&shared.config, shared.shape));
        shard.recollect();
        shard
    }

    /// What nodes here kept before this process was there is on their disks.
    fn recollect(&mut self) {
        let seats = (0..self.seats.len() as u32).map(NodeId::Seat);
        let agents = (0..self.agents.len() as u32).map(NodeId::Agent);
        let shared = Arc::clone(&self.shared);
        if !shared.keeper.lasts() {
            return;
        }
        for node in seats.chain(agents) {
            let kept = shared.keeper.levels(&self.holder_name(node));
            if !kept.is_empty() {
                self.disks.keep(self.now, node, kept.into());
            }
        }
    }

    /// Everybody starts: seats first, so that agents find somebody.
    fn begin(&mut self) {
        for index in 0..self.seats.len() as u32 {
            self.start(NodeId::Seat(index));
        }
        self.settle_soon();
        for index in 0..self.agents.len() as u32 {
            self.start(NodeId::Agent(index));
        }
        if self.index == 0 {
            if self.shared.keeper.lasts() {
                let at = self.now + Step::Minute.length();
                self.queue.push(at, Event::Look);
            }
            if let Some(every) = self.shared.config.load_every {
                let at = self.now + Micros::seconds(2).min(every);
                self.queue.push(at, Event::Load);
            }
            self.queue
                .push(self.now + Micros::seconds(1), Event::Situation);
        }
        self.schedule_churn();
    }

    /// Handles what is due and what is to be done at once, until nothing is.
    fn turn(&mut self, inbox: &Receiver<Mail>) {
        loop {
            self.post.give_back_log(&self.shared);
            self.hear_workers();
            let due = self.handle_due();
            self.flush();
            let mut at_once = 0;
            while at_once < SOON_BATCH
                && let Some(event) = self.soon.pop_front()
            {
                self.now = self.shared.clock.now();
                self.happen(event);
                at_once += 1;
            }
            self.flush();
            while let Ok(mail) = inbox.try_recv() {
                self.take(mail);
            }
            if self.stopped || !due && at_once == 0 && self.soon.is_empty() {
                return;
            }
        }
    }

    /// Everything whose time has come. Nothing is sent before all of it is handled.
    fn handle_due(&mut self) -> bool {
        self.now = self.shared.clock.now();
        let mut any = false;
        while self.queue.next_at().is_some_and(|at| at <= self.now) {
            let Some((at, event)) = self.queue.pop() else {
                break;
            };
            any = true;
            self.now = self.shared.clock.now();
            if let Event::Wake(node) = event {
                if self.host(node).armed == at {
                    self.host_mut(node).armed = Moment::NEVER;
                    self.in_wake = true;
                    self.give(node, Input::Wake);
                    self.in_wake = false;
                }
            } else if let Event::Deliver(node, parcel) = event {
                self.deliver(node, parcel, at);
            } else {
                self.happen(event);
            }
        }
        any
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake(node) => self.give(node, Input::Wake),
            Event::Deliver(node, parcel) => self.deliver(node, parcel, self.now),
            Event::Prepared(agent, operation) => {
                let said = WorkerEvent::Ready(operation);
                self.give(NodeId::Agent(agent), Input::Worker(said));
            }
            Event::Did(agent, errand) => {
                let outcome = Box::new(Outcome::Done(Arc::from(&b"done"[..])));
                let said = WorkerEvent::Did(errand, outcome);
                self.give(NodeId::Agent(agent), Input::Worker(said));
            }
            Event::Still(agent) => {
                self.give(NodeId::Agent(agent), Input::Worker(WorkerEvent::Still));
            }
            Event::Seat(seat, asked, answer) => {
                self.give(NodeId::Seat(seat), Input::Seat(asked, answer));
            }
            Event::Restart(node) => self.restart(node),
            Event::Over(number) => self.relent(number),
            Event::Chore(run) => self.step(run),
            Event::Said(agent, what) => self.said(agent, what.0, what.1),
            Event::Brought(seat, ticket, brought) => {
                self.give(NodeId::Seat(seat), Input::Brought(ticket, brought));
            }
            Event::Look => self.look(),
            Event::Load => self.load(),
            Event::Churn => self.churn(),
            Event::Situation => self.situation(),
        }
    }

    /// One piece of mail.
    fn take(&mut self, mail: Mail) {
        self.now = self.shared.clock.now();
        match mail {
            Mail::Parcel(crossing) => self.arrive(*crossing),
            Mail::Door(request) => self.knock(request),
            Mail::Throw(order) => {
                self.wake_up();
                self.throw(&order);
            }
            Mail::Fault(fault, lasts) => self.strike(fault, lasts),
            Mail::Host(act) => self.host_act(act),
            Mail::Spread(to) => {
                let _ = to.send(std::mem::take(&mut self.spread));
            }
            Mail::Heard(heard) => heard.iter().for_each(|one| self.hear(one)),
            Mail::Seated(cluster) => self.reseat(cluster),
            Mail::Seat(seat, asked, answer) => {
                self.soon.push_back(Event::Seat(seat, asked, answer));
            }
            Mail::Told(told) => self.told(told),
            // They are heard in the turn that follows.
            Mail::Worked => {}
            Mail::Leave => {
                self.flush();
                if let Some(wire) = &mut self.wire {
                    wire.leave();
                }
            }
            Mail::Stop => self.stopped = true,
        }
    }

    /// One input for one node; its outputs are carried out and its timer is set again.
    pub(super) fn give(&mut self, node: NodeId, input: Input) {
        let host = self.host(node);
        if !host.up {
            return;
        }
        let local = host.clock.read(self.now);
        self.handled += 1;
        let mut out = core::mem::take(&mut self.out);
        let next = match node {
            NodeId::Agent(index) => {
                let agent = &mut self.agents[index as usize];
                agent.role.handle(local, input, &mut out);
                agent.role.next_wake()
            }
            NodeId::Seat(index) => {
                let seat = &mut self.seats[index as usize];
                seat.role.handle(local, input, &mut out);
                let busy = seat.role.open() > 0;
                if busy != seat.busy {
                    seat.busy = busy;
                    self.busy = if busy { self.busy + 1 } else { self.busy - 1 };
                }
                seat.role.next_wake()
            }
        };
        self.carry_out(node, &mut out);
        self.out = out;
        self.arm(node, next);
    }

    /// Sets the node's timer where the new deadline is earlier than the one set.
    fn arm(&mut self, node: NodeId, next: Moment) {
        let now = self.now;
        let host = self.host_mut(node);
        let at = host.clock.when(next).max(now);
        if at < host.armed {
            host.armed = at;
            self.queue.push(at, Event::Wake(node));
        }
    }

    /// How long nothing is due. A shard on which nothing is open lets small things come together.
    fn rest(&mut self) -> Duration {
        let counted = core::mem::take(&mut self.handled);
        self.shared.handled.fetch_add(counted, Ordering::Relaxed);
        self.post.count(&self.shared);
        if let Some(wire) = &self.wire {
            wire.set_wall(self.shared.clock.wall());
        }
        let Some(at) = self.queue.next_at() else {
            return REST_MAX;
        };
        let now = self.shared.clock.now();
        let calm = self.busy == 0 && now >= self.alert_until && self.post.is_clear();
        let tick = if self.wire.is_some() {
            WIRE_TICK
        } else {
            IDLE_TICK
        };
        let at = if calm { at.max(now + tick) } else { at };
        self.shared.clock.until(at).min(REST_MAX)
    }

    /// Something may begin: no coarse ticks for a while.
    pub(super) fn wake_up(&mut self) {
        self.alert_until = self.shared.clock.now() + ALERT;
    }

    /// What was put in order to be done at once, done.
    fn settle_soon(&mut self) {
        self.flush();
        while let Some(event) = self.soon.pop_front() {
            self.now = self.shared.clock.now();
            self.happen(event);
            self.flush();
        }
    }

    fn start(&mut self, node: NodeId) {
        self.now = self.shared.clock.now();
        let start = Start {
            boot: self.host(node).boot,
            seed: self.shared.config.seed,
            wall: self.shared.clock.wall(),
            lossy: false,
            notary: self.notary_of(node),
            levels: self.disks.read(node),
        };
        self.give(node, Input::Start(start));
        if let NodeId::Seat(index) = node
            && let Seat::Lead(cluster) = self.seats[index as usize].seat
        {
            self.reseat(cluster);
        }
    }

    /// Tells those here who stand for a cluster's lead who sits where, as certificates say. Modelled devices have none: there
    /// everybody is where the mesh was told.
    fn reseat(&mut self, cluster: ClusterId) {
        if self.shared.config.devices != Devices::Real {
            return;
        }
        let Some(wire) = &self.wire else { return };
        let sitters = wire.sitters(cluster, self.shared.shape.agents);
        for lead in self.candidates(Seat::Lead(cluster)).into_iter().flatten() {
            let seated = Input::Seated(Arc::clone(&sitters));
            self.give(NodeId::Seat(lead), seated);
        }
    }

    /// A dead node starts again: a new boot on a clock with another origin.
    pub(super) fn restart(&mut self, node: NodeId) {
        if self.host(node).up {
            return;
        }
        let origin = Moment(self.chance.below(1_000_000_000) as i64);
        let now = self.now;
        self.reset(node);
        let host = self.host_mut(node);
        host.up = true;
        host.boot.0 += 1;
        host.clock.reboot(now, origin);
        self.start(node);
    }

    /// A role that knows nothing.
    pub(super) fn reset(&mut self, node: NodeId) {
        match node {
            NodeId::Agent(index) => {
                let role = &self.agents[index as usize].role;
                if let Some(host) = self.shared.worker_of(role.place()) {
                    host.crash(role.place());
                }
                let new = self.new_agent(role.place(), role.class());
                self.agents[index as usize].role = new;
            }
            NodeId::Seat(index) => {
                let seat = &self.seats[index as usize];
                let classes: Arc<[Class]> = match seat.seat {
                    Seat::Lead(cluster) => self
                        .cluster(cluster)
                        .map_or_else(|| Arc::from([]), |info| Arc::clone(&info.classes)),
                    Seat::Coordinator(_) | Seat::Orchestrator => Arc::from([]),
                };
                let role = new_role(seat.seat, self.shared.shape, &classes, seat.host.key);
                let seat = &mut self.seats[index as usize];
                if seat.busy {
                    seat.busy = false;
                    self.busy -= 1;
                }
                seat.role = role;
            }
        }
    }

    fn notary_of(&self, node: NodeId) -> Arc<dyn Notary> {
        if let Some(wire) = &self.wire {
            return wire.notary();
        }
        let NodeId::Seat(index) = node else {
            return self.notaries.of_agents();
        };
        let seat = self.seats[index as usize].seat;
        let author = match seat {
            Seat::Orchestrator => Author::Orchestrator,
            Seat::Coordinator(sector) => Author::Coordinator(sector),
            Seat::Lead(cluster) => Author::Lead(cluster),
        };
        let second = self.candidates(seat)[1] == Some(index);
        self.notaries.of_seat(author, u8::from(second))
    }

    /// The node that holds a seat of this shard.
    pub(super) fn holder(&self, seat: Seat) -> Option<NodeId> {
        let serves = |index: &u32| self.seats[*index as usize].role.serving();
        let mut both = self.candidates(seat).into_iter().flatten();
        both.find(serves).map(NodeId::Seat)
    }

    /// The nodes of this shard that stand for a seat.
    pub(super) fn candidates(&self, seat: Seat) -> Candidates {
        let nobody = [None; 2];
        match seat {
            Seat::Orchestrator => self.orchestrators,
            Seat::Coordinator(sector) => {
                self.sector(sector).map_or(nobody, |info| info.coordinators)
            }
            Seat::Lead(cluster) => self.cluster(cluster).map_or(nobody, |info| info.leads),
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

    pub(super) fn sector(&self, id: SectorId) -> Option<&SectorInfo> {
        self.sectors.get(id.index())?.as_ref()
    }

    pub(super) fn sector_mut(&mut self, id: SectorId) -> Option<&mut SectorInfo> {
        self.sectors.get_mut(id.index())?.as_mut()
    }

    pub(super) fn cluster(&self, id: ClusterId) -> Option<&ClusterInfo> {
        let index = *self
            .sector(id.sector)?
            .clusters
            .get(usize::from(id.slot()))?;
        self.clusters.get(index as usize)
    }

    /// Agents of this shard that a scope names by place and class.
    pub(super) fn agents_in(&self, scope: &Scope) -> Vec<u32> {
        let inside = |agent: &AgentNode| {
            let (place, class) = (agent.role.place(), agent.role.class());
            scope.matches_place(place, class).unwrap_or(false)
        };
        let all = self.agents.iter().enumerate();
        all.filter(|(_, agent)| inside(agent))
            .map(|(index, _)| index as u32)
            .collect()
    }

    pub(super) fn each(&mut self, scope: &Scope, change: impl Fn(&mut AgentNode)) {
        for index in self.agents_in(scope) {
            change(&mut self.agents[index as usize]);
        }
    }

    /// The number of link faults, for hosts to carry.
    pub(super) fn link_faults(&mut self, faults: LinkFaults) -> u16 {
        let known = self.faults.iter().position(|known| *known == faults);
        let index = known.unwrap_or_else(|| {
            self.faults.push(faults);
            self.faults.len() - 1
        });
        u16::try_from(index).unwrap_or(0)
    }

    /// Asks whoever grants seats.
    pub(super) fn ask_for_seat(&mut self, index: u32, claim: Claim) {
        // Whoever orchestrates writes to the store, which has seen epochs from before this process.
        let fence = self.shared.keeper.fence();
        if claim.seat == Seat::Orchestrator && claim.epoch <= fence && !claim.renewal {
            let answer = SeatAnswer::Refused {
                holder: NOBODY,
                epoch: fence,
            };
            return self.soon.push_back(Event::Seat(index, claim.epoch, answer));
        }
        if let Some(wire) = &mut self.wire {
            return wire.claim(index, claim);
        }
        let answer = lock(&self.shared.seats).claim(self.now, claim);
        self.soon.push_back(Event::Seat(index, claim.epoch, answer));
    }
}
