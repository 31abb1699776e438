//! The simulated mesh: every role on a node of its own, with its own clock, joined by links.

use super::clock::SimClock;
use super::queue::EventQueue;
use mesh_core::chance::Chance;
use mesh_core::message::{Body, Epoch, MessageId};
use mesh_core::place::{Class, SectorId, Shape};
use mesh_core::role::{
    Agent, Arrival, Coordinator, Event as RoleEvent, From, Input, Lead, Orchestrator, Order,
    Output, Outputs, Start, To, Work, WorkerEvent,
};
use mesh_core::throw::Sheet;
use mesh_core::time::{Boot, Micros, Moment, WallTime};

pub struct World {
    now: Moment,
    end: Moment,
    queue: EventQueue<Event>,
    chance: Chance,
    shape: Shape,
    orchestrator: Node<Orchestrator>,
    coordinators: Vec<Node<Coordinator>>,
    leads: Vec<Node<Lead>>,
    agents: Vec<Node<Agent>>,
    devices: Vec<Device>,
    parcels: Vec<Option<Parcel>>,
    free: Vec<u32>,
    out: Outputs,
    targets: Vec<(MessageId, Moment)>,
    pub sheets: Vec<Sheet>,
    pub spread: Vec<u32>,
    pub violations: u64,
    pub events: u64,
    pub refusals: u64,
    pub hash: u64,
}

struct Node<R> {
    role: R,
    clock: SimClock,
    armed: Moment,
}

struct Device {
    one_way: Micros,
    asym: i64,
    base: Micros,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Wake(u32),
    Deliver(u32, u32),
    Ready(u32, MessageId),
    Cascade,
}

struct Parcel {
    from: From,
    epoch: Epoch,
    sent: Moment,
    body: Body,
}

trait Role {
    fn handle(&mut self, now: Moment, input: Input, out: &mut Outputs);
    fn next_wake(&self) -> Moment;
}
macro_rules! role {
    ($($t:ty),*) => {$(impl Role for $t {
        fn handle(&mut self, now: Moment, input: Input, out: &mut Outputs) { <$t>::handle(self, now, input, out) }
        fn next_wake(&self) -> Moment { <$t>::next_wake(self) }
    })*};
}
role!(Agent, Lead, Coordinator, Orchestrator);

impl World {
    pub fn new(shape: Shape, seconds: i64, seed: u64) -> Self {
        let chance = Chance::new(seed);
        let mut c = chance.split(1);
        let mut clock = || SimClock::any(Micros::seconds(3600), 100.0, &mut c);
        fn node<R>(role: R, clock: SimClock) -> Node<R> {
            Node {
                role,
                clock,
                armed: Moment::NEVER,
            }
        }
        let mut classes = Vec::new();
        let total = shape.cluster_count();
        for (class, share) in Class::ALL
            .iter()
            .map(|c| (*c, f64::from(c.prior().allocation) / 30_000.0))
        {
            let n = (share * total as f64).round() as usize;
            classes.extend(std::iter::repeat_n(class, n));
        }
        classes.resize(total, Class::Edge);
        // stride so that each sector has a share of each
        let class_of = |cluster: usize| {
            let sector = cluster / shape.clusters as usize;
            let slot = cluster % shape.clusters as usize;
            classes[(slot * shape.sectors as usize + sector) % total]
        };
        let orchestrator = node(Orchestrator::new(shape), clock());
        let coordinators = (0..shape.sectors as usize)
            .map(|s| node(Coordinator::new(SectorId::at(s), shape.clusters), clock()))
            .collect();
        let leads = shape
            .all_clusters()
            .enumerate()
            .map(|(i, id)| {
                node(
                    Lead::new(id, std::iter::repeat_n(class_of(i), shape.agents as usize)),
                    clock(),
                )
            })
            .collect();
        let agents: Vec<_> = shape
            .all_agents()
            .enumerate()
            .map(|(i, id)| node(Agent::new(id, class_of(i / shape.agents as usize)), clock()))
            .collect();
        let mut d = chance.split(2);
        let devices = agents
            .iter()
            .map(|a| {
                let (rtt, base) = match a.role.class() {
                    Class::Edge => (6.0, 10.0),
                    Class::Serverless => (110.0, 50.0),
                    Class::Persistent => (30.0, 200.0),
                    Class::Gpu => (30.0, 220.0),
                    Class::Local => (105.0, 150.0),
                    Class::Human => (100.0, 60000.0),
                };
                let rtt = rtt * d.between(0.7, 1.3);
                Device {
                    one_way: Micros::from_millis_f64(rtt / 2.0),
                    asym: (rtt * 1000.0 * d.between(-0.015, 0.015)) as i64,
                    base: Micros::from_millis_f64(base * d.between(0.9, 1.1)),
                }
            })
            .collect();
        let mut world = Self {
            now: Moment(0),
            end: Moment(seconds * 1_000_000),
            queue: EventQueue::new(),
            chance: chance.split(3),
            shape,
            orchestrator,
            coordinators,
            leads,
            agents,
            devices,
            parcels: Vec::new(),
            free: Vec::new(),
            out: Outputs::default(),
            targets: Vec::new(),
            sheets: Vec::new(),
            spread: vec![0; 10_001],
            violations: 0,
            events: 0,
            refusals: 0,
            hash: 0,
        };
        let count = 1 + world.coordinators.len() + world.leads.len() + world.agents.len();
        for n in 0..count as u32 {
            world.give(
                n,
                Input::Start(Start {
                    boot: Boot(1),
                    seed,
                    wall: WallTime(1_700_000_000_000_000),
                    lossy: true,
                }),
            );
        }
        world.queue.push(Moment(10_000_000), Event::Cascade);
        world
    }

    pub fn run(&mut self) {
        while let Some((at, event)) = self.queue.pop() {
            if at > self.end {
                break;
            }
            self.now = at;
            self.events += 1;
            if self.events % 1_000_000 == 0 {
                eprintln!("{} {:?} {}", self.now, event, self.queue.len());
            }
            match event {
                Event::Wake(n) => {
                    if self.armed(n) == at {
                        self.set_armed(n, Moment::NEVER);
                        self.give(n, Input::Wake);
                    }
                }
                Event::Deliver(n, p) => {
                    let parcel = self.parcels[p as usize]
                        .take()
                        .expect("a parcel is delivered once");
                    self.free.push(p);
                    let received = self.local(n);
                    self.give(
                        n,
                        Input::Message(Arrival {
                            from: parcel.from,
                            epoch: parcel.epoch,
                            sent: parcel.sent,
                            received,
                            body: parcel.body,
                        }),
                    );
                }
                Event::Ready(n, op) => self.give(n, Input::Worker(WorkerEvent::Ready(op))),
                Event::Cascade => {
                    let now = self.orchestrator.clock.read(self.now);
                    let mut out = std::mem::take(&mut self.out);
                    let order = Order::default();
                    let id = self
                        .orchestrator
                        .role
                        .throw(now, &order, |_, _| true, &mut out);
                    if let Some(id) = id {
                        for o in &out.0 {
                            if let Output::Send {
                                body: Body::Throw(hop),
                                ..
                            } = o
                            {
                                let t = self.orchestrator.clock.when(hop.target);
                                self.targets.push((id, t));
                                break;
                            }
                        }
                    }
                    self.drain(0, now, &mut out);
                    self.out = out;
                    self.rearm(0);
                    self.queue
                        .push(self.now + Micros::seconds(10), Event::Cascade);
                }
            }
        }
    }

    fn split(&self, n: u32) -> (usize, usize) {
        let n = n as usize;
        let (c, l) = (
            1 + self.coordinators.len(),
            1 + self.coordinators.len() + self.leads.len(),
        );
        if n == 0 {
            (0, 0)
        } else if n < c {
            (1, n - 1)
        } else if n < l {
            (2, n - c)
        } else {
            (3, n - l)
        }
    }
    fn armed(&self, n: u32) -> Moment {
        match self.split(n) {
            (0, _) => self.orchestrator.armed,
            (1, i) => self.coordinators[i].armed,
            (2, i) => self.leads[i].armed,
            (_, i) => self.agents[i].armed,
        }
    }
    fn set_armed(&mut self, n: u32, at: Moment) {
        match self.split(n) {
            (0, _) => self.orchestrator.armed = at,
            (1, i) => self.coordinators[i].armed = at,
            (2, i) => self.leads[i].armed = at,
            (_, i) => self.agents[i].armed = at,
        }
    }
    fn local(&self, n: u32) -> Moment {
        let now = self.now;
        match self.split(n) {
            (0, _) => self.orchestrator.clock.read(now),
            (1, i) => self.coordinators[i].clock.read(now),
            (2, i) => self.leads[i].clock.read(now),
            (_, i) => self.agents[i].clock.read(now),
        }
    }

    fn give(&mut self, n: u32, input: Input) {
        let mut out = std::mem::take(&mut self.out);
        let now = self.local(n);
        match self.split(n) {
            (0, _) => self.orchestrator.role.handle(now, input, &mut out),
            (1, i) => self.coordinators[i].role.handle(now, input, &mut out),
            (2, i) => self.leads[i].role.handle(now, input, &mut out),
            (_, i) => self.agents[i].role.handle(now, input, &mut out),
        }
        self.hash = (self.hash ^ (self.now.0 as u64) ^ u64::from(n) << 40)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29);
        self.drain(n, now, &mut out);
        self.out = out;
        self.rearm(n);
    }

    fn rearm(&mut self, n: u32) {
        fn next<R: Role>(node: &mut Node<R>) -> Option<Moment> {
            let at = node.clock.when(node.role.next_wake());
            (at < node.armed).then(|| {
                node.armed = at;
                at
            })
        }
        let at = match self.split(n) {
            (0, _) => next(&mut self.orchestrator),
            (1, i) => next(&mut self.coordinators[i]),
            (2, i) => next(&mut self.leads[i]),
            (_, i) => next(&mut self.agents[i]),
        };
        if let Some(at) = at {
            self.set_armed(n, at.max(self.now));
            self.queue.push(at.max(self.now), Event::Wake(n));
        }
    }

    fn drain(&mut self, n: u32, now: Moment, out: &mut Outputs) {
        for output in out.0.drain(..) {
            match output {
                Output::Send { to, epoch, body } => self.send(n, now, to, epoch, body),
                Output::Work(work) => self.work(n, work),
                Output::Event(RoleEvent::Sealed(sheet)) => {
                    if !sheet.account.balanced() {
                        self.violations += 1;
                    }
                    self.sheets.push(*sheet);
                }
                Output::Event(RoleEvent::Refused(_)) => self.refusals += 1,
            }
        }
    }

    fn work(&mut self, n: u32, work: Work) {
        let (_, i) = self.split(n);
        match work {
            Work::Prepare { header, .. } => {
                let jitter = 1.0 + 0.08 * self.chance.normal();
                let at = self.now + self.devices[i].base.scale(jitter.max(0.5));
                self.queue.push(at, Event::Ready(n, header.id));
            }
            Work::Release {
                operation,
                target,
                bound,
            } => {
                let Some((_, truth)) = self.targets.iter().rev().find(|(id, _)| *id == operation)
                else {
                    return;
                };
                let mine = self.agents[i].clock.when(target);
                let error = mine.since(*truth).abs();
                if error > bound + Micros(2) {
                    self.violations += 1;
                }
                let late = self.now.since(mine);
                if late <= Micros(1) {
                    let bin = (self.now.since(*truth).abs().0 / 100).min(10_000);
                    self.spread[bin as usize] += 1;
                }
            }
            Work::Cancel { .. } => {}
        }
    }

    fn send(&mut self, n: u32, now: Moment, to: To, epoch: Epoch, body: Body) {
        let s = self.coordinators.len() as u32;
        let (tier, i) = self.split(n);
        let (clusters, agents) = (u32::from(self.shape.clusters), u32::from(self.shape.agents));
        let first_lead = 1 + s;
        let first_agent = first_lead + self.leads.len() as u32;
        let i = i as u32;
        let (base, count) = match tier {
            0 => (1, s),
            1 => (first_lead + i * clusters, clusters),
            _ => (first_agent + i * agents, agents),
        };
        match to {
            To::Parent => {
                let (parent, slot) = match tier {
                    1 => (0, i),
                    2 => (1 + i / clusters, i % clusters),
                    _ => (first_lead + i / agents, i % agents),
                };
                self.deliver(n, parent, From::Child(slot as u16), epoch, now, body);
            }
            To::Child(slot) => {
                self.deliver(n, base + u32::from(slot), From::Parent, epoch, now, body)
            }
            To::Children(slots) => {
                for slot in slots.iter() {
                    self.deliver(
                        n,
                        base + u32::from(slot),
                        From::Parent,
                        epoch,
                        now,
                        body.clone(),
                    );
                }
            }
            To::Everyone => {
                for slot in 0..count {
                    self.deliver(n, base + slot, From::Parent, epoch, now, body.clone());
                }
            }
        }
    }

    fn deliver(
        &mut self,
        source: u32,
        target: u32,
        from: From,
        epoch: Epoch,
        sent: Moment,
        body: Body,
    ) {
        if self.chance.happens(0.01) {
            return;
        }
        let (far, down) = if from == From::Parent {
            (target, true)
        } else {
            (source, false)
        };
        let delay = match self.split(far) {
            (1, _) => Micros(25_000 + self.chance.below(2_000) as i64),
            (2, _) => Micros(15_000 + self.chance.below(2_000) as i64),
            (_, i) => {
                let d = &self.devices[i];
                let sign = if down { 1 } else { -1 };
                let u = self.chance.unit();
                let jitter = d.one_way.0 as f64 * 0.1 * u / (1.02 - u);
                d.one_way + Micros(sign * d.asym) + Micros(jitter as i64)
            }
        };
        let parcel = Parcel {
            from,
            epoch,
            sent,
            body,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.parcels[index as usize] = Some(parcel);
                index
            }
            None => {
                self.parcels.push(Some(parcel));
                self.parcels.len() as u32 - 1
            }
        };
        self.queue
            .push(self.now + delay, Event::Deliver(target, index));
    }
}
