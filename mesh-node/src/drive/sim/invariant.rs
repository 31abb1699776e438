//! What must hold whatever goes wrong: looked at after every event for what it touched, and as a whole at intervals.
//!
//! | | invariant |
//! |---|---|
//! | account | READY + CONFLICT + TRANSIT + SKIPPED + UNREACHABLE = targeted, and nobody is in two of them: at every lead, in every account that travels, on every sheet |
//! | truth | whoever an account counts as READY was READY |
//! | time | T as an agent has it is off by no more than its bound; nobody releases before it by its own clock |
//! | once | nobody releases an operation twice; an operation ends once, and no later than it said |
//! | fence | a child obeys one holder for each epoch of the seat above, and never an earlier one again; so do parents with the holders of seats below |
//! | age | nobody starts on what is past its time to live |
//! | delivery | an agent starts on what its lead sent in the order of its numbers and in time, and a lead forgets nothing that an agent has not got while there is time for it (`courier`) |
//! | bounds | no role has more open than it may, the post no more under way than the mesh can have |
//! | clockwork | no role sleeps through its own deadline, and time goes on |
//!
//! Each has a [`Sabotage`](super::Sabotage) that switches off what guards it.

use super::node::{NodeId, SeatRole};
use super::truth::ROUNDING;
use super::world::World;
use mesh_core::message::{Body, Epoch, Fold, Header, MessageId};
use mesh_core::place::ClusterId;
use mesh_core::role::{CASTS_MAX, From};
use mesh_core::throw::Sheet;
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::Seat;
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole is looked at with every tenth survey: every ten seconds.
const WHOLE_EVERY: u32 = 10;
/// Time that all translations of a time to live over three hops may be off together: half the slowest link's least delay.
const AGE_SLACK: Micros = Micros::millis(500);
/// How long after its deadline a role may be woken: clocks are read in whole microseconds, and one second is far past that.
const OVERSLEPT: Micros = Micros::seconds(1);
/// Messages under way for each node at most: a flood of fifty times the usual leaves a second's worth on a link.
const UNDERWAY_MAX: usize = 64;
/// The same for a mesh of three.
const UNDERWAY_LEAST: usize = 10_000;
/// Events of one instant for each node at most: a node has a handful of reasons to act.
const INSTANT_MAX: u32 = 20;
/// How long it takes at most to notice that a clock has stepped, and to have a new estimate: three beats, of which two may
/// be lost, and the probes.
const RELEARNT: Micros = Micros::seconds(16);
/// How long exchanges count (`time::clock`): what was seen while a clock ran wrong is in the estimate as long.
const FORGOTTEN: Micros = Micros::seconds(600);
/// No clock runs further from true time, in parts per million.
pub(super) const DRIFT_MAX: f64 = 100.5;
/// How long after its end the releases of an operation are remembered: past every window and time to live.
const REMEMBERED: Micros = Micros::seconds(120);

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Violation {
    /// The number of the event after which it was seen.
    pub event: u64,
    /// When, in seconds of true time.
    pub at_s: f64,
    /// What is broken.
    pub what: String,
}

/// What the invariants are held against.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// One for each operation, in the order of their numbers.
    books: Vec<Book>,
    /// The highest epoch that a holder has obeyed of the seat at this slot below it.
    below: BTreeMap<(NodeId, u16), Epoch>,
    /// Events since time last went on.
    instant: (Moment, u32),
    /// Books before this are closed and emptied.
    settled: usize,
}

/// One operation as it truly went.
#[derive(Debug)]
struct Book {
    accepted: Moment,
    top: NodeId,
    state: State,
    /// One bit an agent: it released this. Empty until somebody does.
    released: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Its orchestrator lost the seat or died: nobody is there to end it.
    Orphaned,
    Ended(Moment),
}

/// Whom a node obeys: the highest epoch of the seat above, and who showed it.
pub(super) type Obeys = Option<(Epoch, KeyId)>;

impl World {
    /// An operation was accepted by this orchestrator, with T at this true moment.
    pub(super) fn opened(&mut self, top: NodeId, operation: MessageId, target: Moment) {
        self.truth.thrown(operation, target);
        self.watch.books.push(Book {
            accepted: self.now,
            top,
            state: State::Open,
            released: Vec::new(),
        });
    }

    /// A new holder knows nothing of those below.
    pub(super) fn enthroned(&mut self, node: NodeId) {
        self.watch.below.retain(|(holder, _), _| *holder != node);
    }

    /// A holder is gone: what it had open ends with it.
    pub(super) fn dethroned(&mut self, node: NodeId) {
        for book in &mut self.watch.books[self.watch.settled..] {
            if book.top == node && book.state == State::Open {
                book.state = State::Orphaned;
            }
        }
    }

    /// An event is about to happen. False when time stands still: then the run has to end.
    pub(super) fn advances(&mut self, at: Moment) -> bool {
        let (last, count) = &mut self.watch.instant;
        if *last == at {
            *count += 1;
        } else {
            (*last, *count) = (at, 0);
        }
        let nodes = (self.agents.len() + self.seats.len()) as u32;
        let count = *count;
        let stuck = count > INSTANT_MAX.saturating_mul(nodes).max(UNDERWAY_LEAST as u32);
        if stuck {
            self.broken(&format!(
                "time stands still: {count} events at this instant"
            ));
        }
        !stuck
    }

    /// A node has handled an input at `local` by its clock.
    pub(super) fn touched(&mut self, node: NodeId, local: Moment) {
        let open = match node {
            NodeId::Agent(index) => self.agents[index as usize].role.open(),
            NodeId::Seat(index) => {
                let wrong = match &self.seats[index as usize].role {
                    SeatRole::Lead(lead) => {
                        let off = lead.casts().iter().find(|cast| !cast.balanced());
                        off.map(|cast| unbalanced(cast.header().id))
                    }
                    SeatRole::Coordinator(role) => {
                        let off = role.accounts().find(|(_, fold)| !fold.balanced());
                        off.map(|(operation, _)| unbalanced(operation))
                    }
                    SeatRole::Orchestrator(role) => {
                        let late = role.open().find(|(_, end)| local >= *end);
                        late.map(|(operation, _)| format!("{operation} is open past its deadline"))
                    }
                };
                if let Some(what) = wrong {
                    self.blame(node, &what);
                }
                self.forgets_nothing(index);
                self.seats[index as usize].role.open()
            }
        };
        if open > CASTS_MAX {
            self.blame(
                node,
                &format!("{open} operations are open, and {CASTS_MAX} may be"),
            );
        }
        let underway = self.post.underway();
        let nodes = self.agents.len() + self.seats.len();
        if underway > (UNDERWAY_MAX * nodes).max(UNDERWAY_LEAST) {
            self.broken(&format!("{underway} messages are under way at once"));
        }
        self.truth.peak_pending = self.truth.peak_pending.max(underway);
    }

    /// Whether a message comes from a holder that this node may not obey any more.
    pub(super) fn is_stale(&self, node: NodeId, from: From, epoch: Epoch, signer: KeyId) -> bool {
        match from {
            From::Parent => self
                .host(node)
                .obeys
                .is_some_and(|(known, holder)| epoch < known || epoch == known && signer != holder),
            // Agents hold no seat.
            From::Child(_) if epoch == Epoch::default() && self.leads(node) => false,
            // Peers show their epochs to their own sectors.
            From::Peer(_) => false,
            From::Child(slot) => {
                let known = self.watch.below.get(&(node, slot));
                known.is_some_and(|known| epoch < *known)
            }
        }
    }

    fn leads(&self, node: NodeId) -> bool {
        match node {
            NodeId::Agent(_) => false,
            NodeId::Seat(index) => matches!(self.seats[index as usize].seat, Seat::Lead(_)),
        }
    }

    /// A node took a message in and did not refuse it.
    pub(super) fn obeyed(
        &mut self,
        node: NodeId,
        from: From,
        epoch: Epoch,
        signer: KeyId,
        stale: bool,
    ) {
        if stale {
            return self.blame(
                node,
                &format!("obeys epoch {} of another holder than it knows", epoch.0),
            );
        }
        match from {
            From::Parent => self.host_mut(node).obeys = Some((epoch, signer)),
            From::Peer(_) => {}
            // Agents hold no seat.
            From::Child(_) if epoch == Epoch::default() => {}
            From::Child(slot) => {
                self.watch.below.insert((node, slot), epoch);
            }
        }
    }

    /// An agent starts on a throw.
    pub(super) fn prepares(&mut self, agent: u32, throw: u32, header: &Header) {
        let Some(book) = self.watch.books.get(throw as usize) else {
            return;
        };
        let age = self.now.since(book.accepted);
        if age > header.ttl + AGE_SLACK && !self.is_odd(agent, header.id) {
            let what = format!(
                "starts on {} after {age}, and its time to live is {}",
                header.id, header.ttl
            );
            self.blame(NodeId::Agent(agent), &what);
        }
    }

    /// An agent releases a throw whose T is `target` by its clock, which is `off` from the true one and said to be off by
    /// no more than `bound`.
    pub(super) fn releases(
        &mut self,
        agent: u32,
        operation: MessageId,
        target: Moment,
        off: Micros,
        bound: Micros,
    ) {
        let node = NodeId::Agent(agent);
        if off > bound + ROUNDING && !self.is_odd(agent, operation) {
            let what = format!("has T of {operation} off by {off}, more than its bound of {bound}");
            self.blame(node, &what);
        }
        let local = self.host(node).clock.read(self.now);
        if local < target {
            let early = target.since(local);
            self.blame(node, &format!("releases {operation} {early} before T"));
        }
        let words = self.agents.len().div_ceil(64);
        let Some(book) = self
            .truth
            .number(operation)
            .and_then(|throw| self.watch.books.get_mut(throw as usize))
        else {
            return;
        };
        if book.released.len() < words {
            book.released.resize(words, 0);
        }
        let word = &mut book.released[agent as usize / 64];
        let bit = 1 << (agent % 64);
        let again = *word & bit != 0;
        *word |= bit;
        if again {
            self.blame(node, &format!("releases {operation} a second time"));
        }
    }

    /// Whether a clock on the way of this operation to this agent did what no clock may while it was under way. Bounds
    /// hold between clocks that neither step nor stop: what lies between a step and the next exchange nobody can know.
    fn is_odd(&self, agent: u32, operation: MessageId) -> bool {
        let throw = self.truth.number(operation);
        let Some(book) = throw.and_then(|throw| self.watch.books.get(throw as usize)) else {
            return false;
        };
        let cluster = &self.clusters[self.agents[agent as usize].cluster as usize];
        let sector = &self.sectors[cluster.sector as usize];
        let seats = [cluster.leads, sector.coordinators, self.orchestrators];
        let seats = seats.into_iter().flatten().map(NodeId::Seat);
        seats
            .chain([NodeId::Agent(agent)])
            .any(|node| self.host(node).odd_until >= book.accepted)
    }

    /// A clock was changed in a way that no clock changes by itself.
    pub(super) fn upset(&mut self, node: NodeId) {
        let now = self.now;
        let host = self.host_mut(node);
        let wrong = host.clock.is_stopped() || host.clock.drift().abs() > DRIFT_MAX;
        host.odd_until = if wrong {
            Moment::NEVER
        } else if host.odd_until == Moment::NEVER {
            now + FORGOTTEN
        } else {
            host.odd_until.max(now + RELEARNT)
        };
    }

    /// Accounts leave a node.
    pub(super) fn reports(&mut self, node: NodeId, body: &Body) {
        let NodeId::Seat(index) = node else { return };
        match (body, self.seats[index as usize].seat) {
            (Body::Fold(fold), Seat::Lead(cluster)) => self.accounts_for(node, cluster, fold),
            (Body::SectorFold(sector), Seat::Coordinator(of)) => {
                for (slot, fold) in &sector.clusters {
                    self.accounts_for(node, of.cluster(*slot), fold);
                }
            }
            _ => {}
        }
    }

    fn accounts_for(&mut self, node: NodeId, cluster: ClusterId, fold: &Fold) {
        if !self.honest(node) {
            return;
        }
        if !fold.balanced() {
            return self.blame(node, &unbalanced(fold.operation));
        }
        let Some(throw) = self.truth.number(fold.operation) else {
            return self.blame(
                node,
                &format!("accounts for {}, which nobody threw", fold.operation),
            );
        };
        let book = &self.watch.books[throw as usize];
        let agents = &self.clusters[self.cluster_index(cluster)].agents;
        let idle = fold.ready.iter().find(|slot| {
            let agent = agents.get(usize::from(*slot));
            !agent.is_some_and(|agent| book.has_released(*agent))
        });
        // A lead in the wrong hands may have made it up, and its coordinator passes on what it is told.
        let honest = self.honest_since(book.accepted);
        if let (Some(slot), true) = (idle, honest && throw as usize >= self.watch.settled) {
            let what = format!(
                "counts {} as READY for {}, and it was not",
                cluster.agent(slot),
                fold.operation
            );
            self.blame(node, &what);
        }
    }

    /// An operation has ended.
    pub(super) fn ended(&mut self, node: NodeId, sheet: &Sheet) {
        let operation = sheet.operation;
        if !sheet.account.balanced() {
            let what = format!("{}: {:?}", unbalanced(operation), sheet.account);
            self.blame(node, &what);
        }
        let Some(throw) = self.truth.number(operation) else {
            return self.blame(node, &format!("ends {operation}, which nobody threw"));
        };
        let now = self.now;
        let book = &mut self.watch.books[throw as usize];
        let accepted = book.accepted;
        let before = core::mem::replace(&mut book.state, State::Ended(now));
        let released: u32 = book.released.iter().map(|word| word.count_ones()).sum();
        if let State::Ended(_) = before {
            self.blame(node, &format!("{operation} ends a second time"));
        }
        // A seat in the wrong hands may have made its part of the sheet up.
        if sheet.account.ready > released && self.honest_since(accepted) {
            let what = format!(
                "the sheet of {operation} says that {} were READY, and {released} were",
                sheet.account.ready
            );
            self.blame(node, &what);
        }
    }

    /// The whole, with every tenth survey.
    pub(super) fn look_at_all(&mut self) {
        if !self.truth.surveys.is_multiple_of(WHOLE_EVERY) {
            return;
        }
        self.sort_slips();
        let now = self.now;
        let mut broken = Vec::new();
        let nodes = (0..self.seats.len() as u32).map(NodeId::Seat);
        for node in nodes.chain((0..self.agents.len() as u32).map(NodeId::Agent)) {
            let host = self.host(node);
            if !host.up {
                continue;
            }
            let next = match node {
                NodeId::Agent(index) => self.agents[index as usize].role.next_wake(),
                NodeId::Seat(index) => self.seats[index as usize].role.next_wake(),
            };
            let due = host.clock.when(next);
            if due < now - OVERSLEPT {
                broken.push((node, format!("sleeps past its deadline at {due}")));
            }
        }
        for (throw, book) in self.watch.books.iter().enumerate().skip(self.watch.settled) {
            let operation = self.truth.operation(throw as u32);
            let NodeId::Seat(top) = book.top else {
                continue;
            };
            if book.state != State::Open {
                continue;
            }
            let SeatRole::Orchestrator(role) = &self.seats[top as usize].role else {
                continue;
            };
            match role.open().find(|(open, _)| *open == operation) {
                Some((_, end)) if self.host(book.top).clock.read(now) > end + OVERSLEPT => {
                    broken.push((book.top, format!("{operation} is open past its deadline")));
                }
                Some(_) => {}
                None => {
                    broken.push((book.top, format!("{operation} is gone without an outcome")));
                }
            }
        }
        for (node, what) in broken {
            self.blame(node, &what);
        }
        self.watch.forget(now);
    }

    /// Whether a node does what its role says: nobody's invariants are held against those in the wrong hands.
    pub(super) fn honest(&self, node: NodeId) -> bool {
        matches!(node, NodeId::Agent(_)) || !self.host(node).rogue
    }

    /// An invariant is broken by this node.
    pub(super) fn blame(&mut self, node: NodeId, what: &str) {
        let who = self.name_of(node);
        self.broken(&format!("{who}: {what}"));
    }

    /// What people call a node.
    pub(super) fn name_of(&self, node: NodeId) -> String {
        match node {
            NodeId::Agent(index) => self.agents[index as usize].role.place().to_string(),
            NodeId::Seat(index) => {
                let seat = self.seats[index as usize].seat;
                format!("{seat} at node {index}")
            }
        }
    }

    fn broken(&mut self, what: &str) {
        self.truth.violate(self.now, what);
    }
}

impl Watch {
    /// Empties the books that nothing can be held against any more.
    fn forget(&mut self, now: Moment) {
        while let Some(book) = self.books.get_mut(self.settled) {
            let closed = match book.state {
                State::Open => false,
                State::Orphaned => now.since(book.accepted) > REMEMBERED,
                State::Ended(at) => now.since(at) > REMEMBERED,
            };
            if !closed {
                return;
            }
            book.released = Vec::new();
            self.settled += 1;
        }
    }
}

impl Book {
    fn has_released(&self, agent: u32) -> bool {
        let word = self.released.get(agent as usize / 64);
        word.is_some_and(|word| word & (1 << (agent % 64)) != 0)
    }
}

fn unbalanced(operation: MessageId) -> String {
    format!("the account of {operation} does not add up")
}
