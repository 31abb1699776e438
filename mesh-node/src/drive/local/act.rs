//! What a role asks for beside messages: work, seats, the store, events; and what the lab does of itself.

use super::super::sim::node::{NodeId, SeatRole};
use super::config::{Devices, Situation};
use super::crew;
use super::post::Letter;
use super::shard::{Event, Shard};
use super::watch::Seen;
use super::{Mail, lock};
use crate::door::Request;
use crate::store::{Job, Point, Step, Told, Write};
use mesh_core::guard::level::Entry;
use mesh_core::message::{Body, MessageId};
use mesh_core::operation::follow::{Cursor, Sight};
use mesh_core::operation::refusal::Ground;
use mesh_core::operation::{Operation, Refusal, Seconds};
use mesh_core::place::scope::Region;
use mesh_core::place::{AgentId, ClusterId, Slots};
use mesh_core::registry::State;
use mesh_core::role::{
    Ask, Brought, Caller, Event as RoleEvent, HostAct, Input, Order, Output, Outputs, Record,
    Reply, Service, Ticket, Work,
};
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::Seat;
use mesh_core::unit::Weight;
use std::sync::Arc;

/// How long a process takes to start an agent again.
const RESTART: (Micros, Micros) = (Micros::seconds(1), Micros::seconds(3));
/// How long an agent of the lab that died stays away.
const AWAY: (Micros, Micros) = (Micros::seconds(5), Micros::seconds(30));
/// Under this id an operation is this driver's own.
const OWN: &str = "local-driver";

impl Shard {
    /// Does what a role asked for. Messages wait until all that is due now has been handled.
    pub(super) fn carry_out(&mut self, node: NodeId, out: &mut Outputs) {
        for output in out.0.drain(..) {
            match output {
                Output::Send { to, epoch, body } => {
                    if let (NodeId::Agent(index), Body::Beat(_)) = (node, &body) {
                        self.stir(index);
                    }
                    self.letters.push(Letter {
                        node,
                        to,
                        epoch,
                        body,
                    });
                }
                Output::Work(work) => self.work(node, work),
                Output::Claim(claim) => {
                    if let NodeId::Seat(index) = node {
                        self.ask_for_seat(index, claim);
                    }
                }
                Output::Vacate(seat, epoch) => {
                    let key = self.host(node).key;
                    match &mut self.wire {
                        Some(wire) => wire.vacate(seat, epoch),
                        None => {
                            lock(&self.shared.seats).release(self.now, seat, key, epoch);
                        }
                    }
                }
                Output::Event(event) => self.note(node, event),
                Output::Reply(id, reply) => self.porter.reply(&id, reply),
                Output::Store(ticket, record) => self.keep(node, ticket, record),
                Output::Depose(seat, epoch) => match &mut self.wire {
                    Some(wire) => wire.depose(seat, epoch),
                    None => lock(&self.shared.seats).depose(self.now, seat, epoch),
                },
                Output::Recall(epoch) => {
                    if let NodeId::Seat(index) = node {
                        self.shared.keeper.ask(Job::Recall(index, epoch));
                    }
                }
                Output::Host(act) => self.pass_host_act(act),
                Output::Service(ticket, service) => self.service(node, ticket, &service),
                Output::Keep(entries) => self.keep_levels(node, entries),
                Output::Record(row) => {
                    let write = Write::Row(Arc::from(row));
                    self.shared.keeper.ask(Job::Write(write));
                }
                Output::Hold(held) => {
                    let write = Write::Held(Arc::from(held));
                    self.shared.keeper.ask(Job::Write(write));
                }
            }
        }
    }

    fn work(&mut self, node: NodeId, work: Work) {
        let NodeId::Agent(index) = node else { return };
        let place = self.agents[index as usize].role.place();
        if let Some(host) = self.shared.worker_of(place) {
            let released = match &work {
                Work::Release {
                    operation, target, ..
                } => Some((*operation, *target)),
                _ => None,
            };
            host.give(place, work);
            if let Some((operation, target)) = released {
                self.release(index, operation, target);
            }
            self.show_load(index);
            return;
        }
        match work {
            Work::Prepare { header, .. } => {
                self.processes(index, header.weight, Event::Prepared(index, header.id));
            }
            Work::Errand(errand) => {
                self.processes(index, Weight::default(), Event::Did(index, errand.id));
            }
            Work::Release {
                operation, target, ..
            } => self.release(index, operation, target),
            Work::Task(order) => self.chore(index, order),
            Work::GiveUp(id) => self.give_up(index, &id),
            Work::Drop(id) => self.drop_chore(index, &id),
            Work::Freeze => self.stop_work(index),
            // What is prepared and not released has changed nothing; what was paused looks by itself whether it may go on;
            // contexts are loaded at once; modelled devices ask nothing of one another.
            Work::Cancel { .. } | Work::Thaw | Work::Reload(_) | Work::Returned(_) => {}
        }
    }

    /// A device works on something so heavy, and then comes `done`.
    fn processes(&mut self, index: u32, weight: Weight, done: Event) {
        if self.shared.config.devices != Devices::Modelled {
            return self.soon.push_back(done);
        }
        let agent = &self.agents[index as usize];
        let queue = u32::from(agent.device.queue()) + u32::from(agent.waiting);
        let took = agent.device.processing(weight, queue, &mut self.chance);
        self.queue.push(self.now + took, done);
    }

    /// An agent lets go. How far that is from T counts for those that held.
    fn release(&mut self, index: u32, operation: MessageId, held_until: Moment) {
        if !self.in_wake {
            return;
        }
        if self.releasing.is_none_or(|(known, _)| known != operation) {
            let target = self.shared.target(operation);
            self.releasing = target.map(|target| (operation, target));
        }
        let own = self.agents[index as usize].host.clock.when(held_until);
        let target = self.releasing.map_or(own, |(_, target)| target);
        self.spread.add(self.now.since(target));
    }

    /// A device's own work changes from beat to beat.
    fn stir(&mut self, index: u32) {
        if self.show_load(index) || self.shared.config.devices != Devices::Modelled {
            return;
        }
        let agent = &mut self.agents[index as usize];
        let own = u16::from(agent.device.stir(&mut self.chance));
        agent.role.set_queue(own + agent.waiting);
    }

    fn note(&mut self, node: NodeId, event: RoleEvent) {
        match event {
            RoleEvent::Thrown(operation, target) => {
                let target = self.host(node).clock.when(target);
                self.shared.thrown(operation, target);
                self.shared.tell(&Seen::Thrown(operation, self.now, target));
            }
            RoleEvent::Told(event) => self.porter.tell(*event),
            RoleEvent::Sealed(sheet) => self.shared.tell(&Seen::Sealed(self.now, sheet)),
            RoleEvent::Freezing(report) => self.shared.tell(&Seen::Freezing(self.now, report)),
            RoleEvent::Frozen(report, _) => self.shared.tell(&Seen::Frozen(self.now, report)),
            RoleEvent::Serving(seat, _) => {
                if let Some(wire) = &mut self.wire {
                    wire.serve(seat, true);
                }
                self.shared.tell(&Seen::Serving(self.now, seat));
            }
            RoleEvent::Stopped(seat, _) => {
                if let Some(wire) = &mut self.wire {
                    wire.serve(seat, false);
                }
            }
            RoleEvent::Refused(_)
            | RoleEvent::Notice(_)
            | RoleEvent::Unprotected(_)
            | RoleEvent::Conflict(_)
            | RoleEvent::Settled(_)
            | RoleEvent::ConflictAlert { .. }
            | RoleEvent::ConflictAction(..)
            | RoleEvent::ConflictDropped(_)
            | RoleEvent::LevelRefused(..) => {}
        }
    }

    /// Somebody is at the door.
    pub(super) fn knock(&mut self, request: Request) {
        match request {
            Request::Ask(ask) => {
                self.wake_up();
                self.ask(*ask);
            }
            Request::Look(since, answer) => {
                // Whoever looked may be gone.
                let _ = answer.send(self.sight(since));
            }
        }
    }

    fn sight(&mut self, since: Option<Cursor>) -> (Sight, Cursor) {
        self.now = self.shared.clock.now();
        let Some(NodeId::Seat(index)) = self.holder(Seat::Orchestrator) else {
            return (Sight::Nobody, Cursor::default());
        };
        let seat = &mut self.seats[index as usize];
        let local = seat.host.clock.read(self.now);
        match &mut seat.role {
            SeatRole::Orchestrator(role) => role.sight(local, since),
            SeatRole::Coordinator(_) | SeatRole::Lead(_) => (Sight::Nobody, Cursor::default()),
        }
    }

    fn ask(&mut self, ask: Ask) {
        if let Some(node) = self.holder(Seat::Orchestrator) {
            self.give(node, Input::Operation(Box::new(ask)));
        } else {
            let why = "nobody has the orchestrator's seat now; ask again in some seconds";
            let refusal = Refusal::new(Ground::Unavailable, why);
            self.porter
                .reply(&ask.id, Reply::Refused(Box::new(refusal)));
        }
    }

    /// A record for the store, which fences off whoever writes with an epoch below the highest.
    fn keep(&self, node: NodeId, ticket: Ticket, record: Record) {
        if let NodeId::Seat(seat) = node {
            let job = Job::Keep(seat, ticket, Arc::new(record));
            self.shared.keeper.ask(job);
        }
    }

    /// Desired state counts now, and is to be there at the next start: of this role, and of this process where its store
    /// lasts. Modelled agents begin as new ones, and hear of it from their leads.
    fn keep_levels(&mut self, node: NodeId, entries: Arc<[Entry]>) {
        let keeper = &self.shared.keeper;
        let real = self.shared.config.devices == Devices::Real;
        if keeper.lasts() && (real || matches!(node, NodeId::Seat(_))) {
            keeper.ask(Job::Write(Write::Levels {
                holder: self.holder_name(node),
                entries: Arc::clone(&entries),
                all: matches!(node, NodeId::Agent(_)),
            }));
        }
        self.disks.keep(self.now, node, entries);
    }

    /// Under which name a node's desired state is kept.
    pub(super) fn holder_name(&self, node: NodeId) -> Arc<str> {
        match node {
            NodeId::Agent(index) => self.agents[index as usize].role.place().to_string(),
            NodeId::Seat(index) => self.seats[index as usize].seat.to_string(),
        }
        .into()
    }

    /// The store has answered.
    pub(super) fn told(&mut self, told: Told) {
        let (seat, input) = match told {
            Told::Stored(seat, ticket) => (seat, Input::Stored(ticket)),
            Told::Recalled(seat, saved) => (seat, Input::Recalled(saved)),
            Told::Brought(seat, ticket, brought) => (seat, Input::Brought(ticket, brought)),
        };
        self.give(NodeId::Seat(seat), input);
    }

    /// What the orchestrator's registry says of every agent becomes a minute of history.
    pub(super) fn look(&mut self) {
        self.queue
            .push(self.now + Step::Minute.length(), Event::Look);
        let Some(NodeId::Seat(index)) = self.holder(Seat::Orchestrator) else {
            return;
        };
        let SeatRole::Orchestrator(role) = &self.seats[index as usize].role else {
            return;
        };
        let (table, wall) = (role.registry(), self.shared.clock.wall());
        let point = |(cluster, _): (ClusterId, Slots)| {
            let rows = table.rows(Region::Cluster(cluster));
            let seen = rows.map(|row| {
                let impedance = row.impedance().map(|impedance| impedance.0);
                (row.place().slot(), row.state() == State::Active, impedance)
            });
            Point::look(cluster, wall, seen)
        };
        let points: Vec<Point> = table.clusters().map(point).collect();
        self.shared.keeper.ask(Job::Write(points.into()));
    }

    /// Something that only whoever drives the orchestrator can do.
    fn service(&mut self, node: NodeId, ticket: Ticket, service: &Service) {
        let NodeId::Seat(seat) = node else { return };
        let keeper = &self.shared.keeper;
        let why = match service {
            Service::ReadBackup => return keeper.ask(Job::ReadBackup(seat, ticket)),
            Service::Verify(log) => return keeper.ask(Job::Verify(seat, ticket, *log)),
            Service::Keys(_) if self.wire.is_some() => "use `mesh-node keys` where the root key is",
            Service::Keys(_) => "nothing leaves this process, so nobody here has a key",
            Service::Appoint { .. } if self.wire.is_some() => {
                "stop the node that holds the seat: its standby takes it"
            }
            Service::Appoint { .. } => "in one process every seat has its one standby",
        };
        let nothing = Box::new(Brought::Nothing(Ground::Unavailable, why.into()));
        self.soon.push_back(Event::Brought(seat, ticket, nothing));
    }

    fn pass_host_act(&mut self, act: HostAct) {
        let sector = match act {
            HostAct::Restart(agent) | HostAct::Replace(agent) | HostAct::Retire(agent) => {
                agent.sector()
            }
            HostAct::Begin { cluster, .. } => cluster.sector,
            HostAct::Move { from, .. } => from.sector(),
        };
        let shard = self.shared.shard_of(sector);
        if shard == self.index {
            self.host_act(act);
        } else {
            // Lost where there is no room: whoever asked for it looks whether it happened.
            let _ = self.shared.boxes[shard].try_send(Mail::Host(act));
        }
    }

    /// The process that hosts agents is asked to do something.
    pub(super) fn host_act(&mut self, act: HostAct) {
        let agent = match act {
            HostAct::Restart(agent) | HostAct::Replace(agent) => agent,
            // A lab has the places that it began with; whoever asked for more or fewer finds that nothing happened.
            HostAct::Begin { .. } | HostAct::Retire(_) | HostAct::Move { .. } => return,
        };
        if let Some(index) = self.agent_at(agent) {
            let node = NodeId::Agent(index);
            let host = self.host_mut(node);
            host.up = false;
            host.armed = Moment::NEVER;
            host.silent = false;
            let after = self.chance.span(RESTART.0, RESTART.1);
            self.queue.push(self.now + after, Event::Restart(node));
        }
    }

    pub(super) fn agent_at(&self, agent: AgentId) -> Option<u32> {
        let info = self.cluster(agent.cluster)?;
        info.agents.get(usize::from(agent.slot())).copied()?
    }

    /// A throw to everybody, past the door.
    pub(super) fn throw(&mut self, order: &Order) {
        let Some(NodeId::Seat(index)) = self.holder(Seat::Orchestrator) else {
            return;
        };
        let seat = &mut self.seats[index as usize];
        let local = seat.host.clock.read(self.now);
        let SeatRole::Orchestrator(role) = &mut seat.role else {
            return;
        };
        let mut out = Outputs::default();
        role.throw(local, order, |_, _| true, &mut out);
        self.carry_out(NodeId::Seat(index), &mut out);
        // It has deadlines of its own now; a wake sets the timer and counts what is open.
        self.give(NodeId::Seat(index), Input::Wake);
    }

    /// The lab's own load.
    pub(super) fn load(&mut self) {
        let Some(every) = self.shared.config.load_every else {
            return;
        };
        self.wake_up();
        self.throw(&Order::default());
        self.queue.push(self.now + every, Event::Load);
    }

    pub(super) fn schedule_churn(&mut self) {
        let per_minute = self.shared.config.churn * self.agents.len() as f64 / 1_000.0;
        if per_minute > 0.0 {
            let gap = -libm::log(1.0 - self.chance.unit()) * 60e6 / per_minute;
            self.queue.push(self.now + Micros(gap as i64), Event::Churn);
        }
    }

    /// An agent of the lab dies, and comes back later.
    pub(super) fn churn(&mut self) {
        let index = self.chance.below(self.agents.len() as u64) as u32;
        let node = NodeId::Agent(index);
        let place = self.agents[index as usize].role.place();
        let wanted = self.shared.config.situation == Situation::StuckPis && crew::is_pi(place)
            || self.shared.worker_of(place).is_some();
        if self.host(node).up && !wanted {
            self.reset(node);
            let host = self.host_mut(node);
            host.up = false;
            host.armed = Moment::NEVER;
            let after = self.chance.span(AWAY.0, AWAY.1);
            self.queue.push(self.now + after, Event::Restart(node));
        }
        self.schedule_churn();
    }

    /// What is so from the beginning: the tasks that the two Raspberry Pis of §7.2 were given.
    pub(super) fn situation(&mut self) {
        if self.shared.config.situation != Situation::StuckPis {
            return;
        }
        let again = self.now + Micros::seconds(1);
        let known = self.holder(Seat::Orchestrator).is_some();
        for (number, agent) in crew::pis().enumerate() {
            let line = format!("agent:{agent}");
            let operation = Operation::Delegate {
                task: "Process large language model inference request".to_owned(),
                to: line.parse().ok(),
                timeout_s: Some(Seconds(Micros::seconds(6 * 3_600))),
                requires: Some("llm_inference".to_owned()),
                priority: None,
                idempotent: Some(true),
            };
            let ask = Ask {
                id: Arc::from(format!("{OWN}-situation-{number}")),
                caller: Caller::owner(),
                operation,
                confirmed: true,
            };
            if let Some(node) = self.holder(Seat::Orchestrator) {
                self.give(node, Input::Operation(Box::new(ask)));
            }
        }
        if !known {
            self.queue.push(again, Event::Situation);
        }
    }
}
