//! Misconduct: agents that lie, err, refuse, flood or are copied, and seats in the wrong hands (§6.1, §9.2).
//!
//! Everything here is done to what passes between a role and the world, never to the role itself: the roles stay honest,
//! and what they cannot tell apart from honest traffic they must find by other means. Nodes that behave well pay one
//! comparison a message.

use super::node::{NodeId, SeatRole};
use super::scenario::{Claim, Misconduct, Seat as SeatKind, Whom};
use super::world::{Event, World};
use mesh_core::guard::level::{Author, Entry, Kind, Stamp, Value};
use mesh_core::message::delivery::Numbered;
use mesh_core::message::{
    self, Beat, Body, ConflictKind, Epoch, Fold, Header, Hop, MessageId, Micros32, Probe,
};
use mesh_core::place::scope::{Region, Scope};
use mesh_core::place::{SectorId, Slots};
use mesh_core::role::{Order, Signatory, To, WorkerEvent};
use mesh_core::time::{Boot, Micros, Moment};
use mesh_core::trust::key::Signature;
use mesh_core::trust::seat::Seat;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Messages a second that an agent sends when all is well: a beat in 5 s, and its answers (§8.2 counts ten for a cluster
/// of thirty).
const USUAL: f64 = 1.0 / 3.0;
/// A forger or a copy speaks up this often.
const PERSISTS: Micros = Micros::seconds(5);
/// Whoever has the orchestrator's console in the wrong hands does something this often.
const HURRY: Micros = Micros::seconds(2);

/// Who misbehaves, and how.
#[derive(Debug, Default)]
pub(super) struct Conduct {
    agents: BTreeMap<u32, Vice>,
    seats: BTreeMap<u32, Vec<Misconduct>>,
    /// When the last seat came back into the right hands.
    seats_right_since: Moment,
    deeds: Vec<Deed>,
    /// The last command that passed through a rogue seat, and the seat's epoch: what a forger builds on.
    seen: BTreeMap<u32, (Arc<Header>, Epoch)>,
}

/// How one agent misbehaves.
#[derive(Debug, Default, Clone)]
struct Vice {
    lies: Vec<(Claim, f64)>,
    wrong: f64,
    conflict: Option<(ConflictKind, f64)>,
}

impl Vice {
    fn is_none(&self) -> bool {
        self.lies.is_empty() && self.wrong <= 0.0 && self.conflict.is_none()
    }
}

/// Something that is done again and again.
#[derive(Debug, Clone)]
struct Deed {
    kind: DeedKind,
    every: Micros,
    until: Moment,
    done: u32,
}

#[derive(Debug, Clone, Copy)]
enum DeedKind {
    /// An agent sends more than it should.
    Flood(u32),
    /// A copy of the first agent's key speaks in the place of the second.
    Copy(u32, u32),
    /// A lead or coordinator gives commands of its own.
    Forge(u32),
    /// The orchestrator's console in the wrong hands.
    Run(u32),
}

/// What the end of a fault takes back.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amends {
    Lies(Claim),
    Answers,
    Conflicts,
    Seat(Misconduct),
}

impl World {
    /// Agents report something else than is so.
    pub(super) fn let_lie(&mut self, agents: &[u32], claim: Claim, factor: f64) {
        self.corrupt(agents, |vice| vice.lies.push((claim, factor)));
    }

    /// Agents answer wrongly.
    pub(super) fn let_err(&mut self, agents: &[u32], rate: f64) {
        self.corrupt(agents, |vice| vice.wrong = rate);
    }

    /// Agents answer with a conflict.
    pub(super) fn let_conflict(&mut self, agents: &[u32], kind: ConflictKind, rate: f64) {
        self.corrupt(agents, |vice| vice.conflict = Some((kind, rate)));
    }

    /// Agents hold something else than they were given.
    pub(super) fn corrupt_context(&mut self, agents: &[u32]) {
        for &agent in agents {
            let garbage = self.chance.bits() | 1;
            self.agents[agent as usize].role.set_context(garbage);
        }
    }

    /// Agents send `factor` times what they usually do.
    pub(super) fn let_flood(&mut self, agents: &[u32], factor: f64, lasts: Option<Micros>) {
        let every = Micros::seconds(1).scale(1.0 / (factor * USUAL).max(0.001));
        for &agent in agents {
            self.begin(DeedKind::Flood(agent), every, lasts);
        }
    }

    /// A second holder of an agent's key appears: beside it, or in the place of an agent of another cluster.
    pub(super) fn copy_keys(&mut self, agents: &[u32], at_place: Option<&str>) {
        for &agent in agents {
            let place = at_place.map_or(vec![agent], |scope| self.chosen(&Whom::scope(scope)));
            if let Some(&victim) = place.first() {
                self.begin(DeedKind::Copy(agent, victim), PERSISTS, None);
            }
        }
    }

    /// A seat's holder is in the wrong hands.
    pub(super) fn take_over(
        &mut self,
        role: SeatKind,
        whom: &Whom,
        conduct: Misconduct,
        lasts: Option<Micros>,
    ) -> Vec<u32> {
        let holders: Vec<u32> = self
            .holders_of(role, whom)
            .into_iter()
            .flatten()
            .filter(|&index| self.seats[index as usize].role.serving())
            .collect();
        for &index in &holders {
            self.conduct.seats.entry(index).or_default().push(conduct);
            self.seats[index as usize].host.rogue = true;
            match conduct {
                Misconduct::ForgeCommands => self.begin(DeedKind::Forge(index), PERSISTS, lasts),
                Misconduct::UnusualCommands => self.begin(DeedKind::Run(index), HURRY, lasts),
                Misconduct::FalseSummaries
                | Misconduct::SwallowCommands
                | Misconduct::AlterAnswers => {}
            }
        }
        holders
    }

    /// A fault is over for these agents or seats.
    pub(super) fn make_amends(&mut self, whom: &[u32], amends: Amends) {
        for &index in whom {
            if let Amends::Seat(conduct) = amends {
                let left = self.conduct.seats.entry(index).or_default();
                left.retain(|own| *own != conduct);
                if left.is_empty() {
                    self.conduct.seats.remove(&index);
                    self.conduct.seats_right_since = self.now;
                    self.seats[index as usize].host.rogue = false;
                }
                continue;
            }
            let Some(vice) = self.conduct.agents.get_mut(&index) else {
                continue;
            };
            match amends {
                Amends::Lies(claim) => vice.lies.retain(|(own, _)| *own != claim),
                Amends::Answers => vice.wrong = 0.0,
                Amends::Conflicts => vice.conflict = None,
                Amends::Seat(_) => {}
            }
            if vice.is_none() {
                self.conduct.agents.remove(&index);
                self.agents[index as usize].host.rogue = false;
            }
        }
    }

    /// Nobody misbehaves any more: copies, forgers and floods have no end of their own.
    pub(super) fn reform_all(&mut self) {
        let now = self.now;
        for deed in &mut self.conduct.deeds {
            deed.until = deed.until.min(now);
        }
    }

    /// Whether every seat has been in the right hands since then.
    pub(super) fn honest_since(&self, then: Moment) -> bool {
        self.conduct.seats.is_empty() && self.conduct.seats_right_since <= then
    }

    /// What a misbehaving node makes of something that its role wants sent; `None` is nothing at all.
    pub(super) fn twist(&mut self, node: NodeId, epoch: Epoch, to: To, body: Body) -> Option<Body> {
        match node {
            NodeId::Agent(index) => {
                let lies = self
                    .conduct
                    .agents
                    .get(&index)
                    .map_or(&[][..], |vice| &vice.lies);
                Some(lied(body, lies))
            }
            NodeId::Seat(index) => {
                if let Body::Throw(hop) = body.content() {
                    let seen = (Arc::clone(&hop.header), epoch);
                    self.conduct.seen.insert(index, seen);
                }
                let conduct = self.conduct.seats.get(&index).cloned().unwrap_or_default();
                self.misreported(index, &conduct, to, body)
            }
        }
    }

    fn misreported(
        &mut self,
        index: u32,
        conduct: &[Misconduct],
        to: To,
        body: Body,
    ) -> Option<Body> {
        // A holder that lost its seat has nothing to abuse any more.
        if !self.seats[index as usize].role.serving() {
            return Some(body);
        }
        let does = |what: Misconduct| conduct.contains(&what);
        if let Body::Numbered(numbered) = &body {
            let content = numbered.body.clone();
            let content = self.misreported(index, conduct, to, content)?;
            return Some(Body::Numbered(Arc::new(numbered.with(content))));
        }
        Some(match body {
            Body::Throw(_) | Body::Proceed(_)
                if does(Misconduct::SwallowCommands) && to != To::Parent =>
            {
                return None;
            }
            Body::Fold(fold)
                if does(Misconduct::AlterAnswers) || does(Misconduct::FalseSummaries) =>
            {
                let made_up = self.chance.bits() | 1;
                Body::Fold(Arc::new(false_account(
                    &fold,
                    made_up,
                    does(Misconduct::FalseSummaries),
                )))
            }
            Body::SectorFold(sector) if does(Misconduct::FalseSummaries) => {
                let mut made_up = message::SectorFold::clone(&sector);
                for (_, fold) in &mut made_up.clusters {
                    *fold = Arc::new(false_account(fold, self.chance.bits() | 1, true));
                }
                Body::SectorFold(Arc::new(made_up))
            }
            Body::Throw(hop) if does(Misconduct::UnusualCommands) => {
                let header = Header {
                    source: String::from("nobody that anybody knows"),
                    ..Header::clone(&hop.header)
                };
                // Whoever has the console has the key of the seat.
                let notary = self.notary_of(NodeId::Seat(index));
                let who = Signatory::Seat(Author::Orchestrator);
                Body::Throw(Arc::new(Hop {
                    header: Arc::new(header.signed(|bytes| notary.sign(who, bytes))),
                    ..Hop::clone(&hop)
                }))
            }
            other => other,
        })
    }

    /// What a worker says when it is done with an operation.
    pub(super) fn verdict(&mut self, agent: u32, operation: MessageId) -> WorkerEvent {
        let Some(vice) = self.conduct.agents.get(&agent).cloned() else {
            return WorkerEvent::Ready(operation);
        };
        if let Some((kind, rate)) = vice.conflict
            && self.chance.happens(rate)
        {
            return WorkerEvent::Conflict(operation, kind);
        }
        if vice.wrong > 0.0 && self.chance.happens(vice.wrong) {
            return WorkerEvent::Answered(operation, self.chance.bits() | 1);
        }
        WorkerEvent::Ready(operation)
    }

    /// A deed is done once more.
    pub(super) fn misdeed(&mut self, number: u32) {
        let Some(deed) = self.conduct.deeds.get_mut(number as usize) else {
            return;
        };
        if self.now >= deed.until {
            return;
        }
        deed.done += 1;
        let Deed {
            kind, every, done, ..
        } = *deed;
        self.queue.push(self.now + every, Event::Misdeed(number));
        match kind {
            DeedKind::Flood(agent) => self.flood_once(agent),
            DeedKind::Copy(agent, victim) => self.copy_once(agent, victim),
            DeedKind::Forge(seat) => self.forge_once(seat, done),
            DeedKind::Run(seat) => self.run_once(seat, done),
        }
    }

    fn flood_once(&mut self, agent: u32) {
        let host = &self.agents[agent as usize].host;
        if !host.up {
            return;
        }
        let body = Body::Probe(Probe {
            boot: host.boot,
            epoch: Epoch::default(),
            obeys: None,
            exchange: None,
        });
        self.speak(NodeId::Agent(agent), Epoch::default(), To::Parent, body);
    }

    fn copy_once(&mut self, agent: u32, victim: u32) {
        let stolen = self.agents[agent as usize].host.key;
        let cluster = self.agents[victim as usize].cluster;
        let beat = Beat {
            boot: Boot(1),
            exchange: None,
            delivered: 0,
            epoch: Epoch(0),
            obeys: None,
            levels: 0,
            context: 0,
            lamport: message::Lamport::default(),
            claims: message::Claims::default(),
        };
        let leads = self.clusters[cluster as usize].leads;
        self.speak_as(NodeId::Agent(victim), stolen, leads, Body::Beat(beat));
    }

    /// In turn: a command of its own, an old command played again, and desired state in the orchestrator's name.
    fn forge_once(&mut self, index: u32, done: u32) {
        let seat = &self.seats[index as usize];
        let (of, true) = (seat.seat, seat.role.serving() && seat.host.up) else {
            return;
        };
        let Some((header, epoch)) = self.conduct.seen.get(&index).cloned() else {
            return;
        };
        let node = NodeId::Seat(index);
        let id = MessageId(u128::from(self.chance.bits()));
        let header = match done % 3 {
            1 => Arc::new(self.own_command(node, id, &header)),
            2 => header,
            _ => {
                let entry = self.own_level(node);
                let levels = Body::Levels([entry].into());
                return self.speak(node, epoch, To::Everyone, levels);
            }
        };
        let local = self.host(node).clock.read(self.now);
        let hop = |targets| Hop {
            header: Arc::clone(&header),
            target: local + Micros::seconds(1),
            bound: Micros::ZERO,
            gated: false,
            targets,
        };
        let numbered = |slot: u16, targets| Numbered {
            id: header.id,
            ttl: Micros::seconds(5),
            numbers: vec![(slot, 1)],
            body: Body::Throw(Arc::new(hop(targets))),
        };
        let (children, targets): (usize, Box<dyn Fn(u8) -> message::Targets>) = match of {
            Seat::Orchestrator => return,
            Seat::Coordinator(sector) => (
                self.sectors[sector.index()].clusters.len(),
                Box::new(|slot| {
                    message::Targets::Cluster(message::ClusterTargets {
                        slot,
                        agents: (0..100).collect(),
                        leads: None,
                    })
                }),
            ),
            Seat::Lead(cluster) => (
                self.clusters[self.cluster_index(cluster)].agents.len(),
                Box::new(|slot| message::Targets::Agents([everything(slot)].into())),
            ),
        };
        for slot in 0..children as u8 {
            let letter = numbered(u16::from(slot), targets(slot));
            let body = Body::Numbered(Arc::new(letter));
            self.speak(node, epoch, To::Child(u16::from(slot)), body);
        }
    }

    /// A command that nobody gave, as well signed as this node can.
    fn own_command(&self, node: NodeId, id: MessageId, like: &Header) -> Header {
        let notary = self.notary_of(node);
        let mut header = Header {
            id,
            verb: message::Verb::Act,
            ..like.clone()
        };
        header.warrant.sequence += 1;
        header.signed(|bytes| notary.sign(Signatory::Seat(Author::Orchestrator), bytes))
    }

    /// A freeze of everything in the orchestrator's name.
    fn own_level(&self, node: NodeId) -> Entry {
        let notary = self.notary_of(node);
        let entry = Entry {
            kind: Kind::Freeze,
            region: Region::All,
            value: Value::Hold,
            stamp: Stamp {
                term: 1 << 40,
                counter: 1,
            },
            author: Author::Orchestrator,
            lasting: None,
            signature: Signature::default(),
        };
        entry.signed(|bytes| notary.sign(Signatory::Seat(Author::Orchestrator), bytes))
    }

    /// In turn: a throw of a stranger's, and a sector taken out.
    fn run_once(&mut self, index: u32, done: u32) {
        if !self.seats[index as usize].role.serving() {
            return;
        }
        let order = Order {
            verb: message::Verb::Act,
            ..Order::default()
        };
        self.throw(&order, &Scope::ALL);
        let sector = SectorId::at(done as usize % self.sectors.len());
        let node = NodeId::Seat(index);
        let seat = &mut self.seats[index as usize];
        let SeatRole::Orchestrator(role) = &mut seat.role else {
            return;
        };
        let local = seat.host.clock.read(self.now);
        let mut out = core::mem::take(&mut self.out);
        let region = Region::Sector(sector);
        let written = role.write(local, Kind::Quarantine, region, Value::Hold, None, &mut out);
        let next = role.next_wake();
        self.carry_out(node, local, &mut out);
        self.out = out;
        self.arm(node, next);
        // Nothing stands above the orchestrator that could refuse it.
        debug_assert!(written.is_ok(), "{written:?}");
    }

    fn corrupt(&mut self, agents: &[u32], change: impl Fn(&mut Vice)) {
        for &agent in agents {
            change(self.conduct.agents.entry(agent).or_default());
            self.agents[agent as usize].host.rogue = true;
        }
    }

    fn begin(&mut self, kind: DeedKind, every: Micros, lasts: Option<Micros>) {
        let number = self.conduct.deeds.len() as u32;
        let until = lasts.map_or(Moment::NEVER, |lasts| self.now + lasts);
        self.conduct.deeds.push(Deed {
            kind,
            every,
            until,
            done: 0,
        });
        // Not all at the same microsecond.
        let first = self.chance.span(Micros(1), every + Micros(2));
        self.queue.push(self.now + first, Event::Misdeed(number));
    }
}

/// What is said of a target when nobody has worked it out.
const fn everything(slot: u8) -> message::Compensation {
    message::Compensation {
        slot,
        lead: Micros::ZERO,
        processing: Micros::ZERO,
        confidence: mesh_core::unit::Share::ALL,
    }
}

/// A claim that is not so.
fn lied(body: Body, lies: &[(Claim, f64)]) -> Body {
    let mut body = body;
    for &(claim, factor) in lies {
        body = match body {
            Body::Beat(mut beat) => {
                let claims = &mut beat.claims;
                let scaled = |span: Micros32| Micros32::from(Micros::from(span).scale(factor));
                match claim {
                    Claim::Latency => claims.latency = scaled(claims.latency),
                    Claim::Processing => claims.processing = scaled(claims.processing),
                    Claim::Queue => claims.queue = (f64::from(claims.queue) * factor) as u16,
                    Claim::Ready | Claim::Released => {}
                }
                Body::Beat(beat)
            }
            Body::Ack(mut ack) => {
                match claim {
                    Claim::Latency => ack.trip = ack.trip.scale(factor),
                    Claim::Processing => ack.processing = ack.processing.scale(factor),
                    Claim::Queue => ack.queue = (f64::from(ack.queue) * factor) as u16,
                    Claim::Ready => ack.ready = ack.ready.scale(factor),
                    Claim::Released => ack.released = ack.released.scale(factor),
                }
                Body::Ack(ack)
            }
            other => other,
        };
    }
    body
}

/// An account that is not what the children said: other answers, or everybody READY.
fn false_account(fold: &Fold, answer: u64, all_ready: bool) -> Fold {
    let mut made_up = Fold::clone(fold);
    made_up.result = answer;
    if all_ready {
        made_up.ready = fold.targeted;
        made_up.conflict = Slots::EMPTY;
        made_up.transit = Slots::EMPTY;
        made_up.skipped = Slots::EMPTY;
        made_up.unreachable = Slots::EMPTY;
        made_up.late = Slots::EMPTY;
        made_up.skips.clear();
        for tally in &mut made_up.tallies {
            tally.eligible = tally.targeted;
            (tally.ready, tally.conflict) = (tally.targeted, 0);
            (tally.in_window, tally.within_50) = (tally.targeted, tally.targeted);
        }
    }
    made_up
}
