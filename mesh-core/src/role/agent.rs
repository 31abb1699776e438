//! The agent: holds what it is thrown until T by its own clock, and says when it was ready and when it let go.

use super::uplink::{Due, Uplink};
use super::{Arrival, CASTS_MAX, From, Input, Outputs, Refusal, Start, To, Work, WorkerEvent};
use crate::chance::Chance;
use crate::message::{
    Ack, Answer, Beat, Body, Claims, Compensation, ConflictKind, Epoch, Hop, Lamport, MessageId,
    Micros32, Probe, SkipReason, Targets,
};
use crate::place::{AgentId, Class};
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// One agent.
#[derive(Debug)]
pub struct Agent {
    place: AgentId,
    class: Class,
    uplink: Uplink,
    holds: Vec<Hold>,
    /// The last answers, kept for a parent that asks again.
    answered: Vec<Ack>,
    delivered: u32,
    lamport: Lamport,
    context: u64,
    queue: u16,
}

/// A throw that has arrived and is not answered yet.
#[derive(Debug, Clone, Copy)]
struct Hold {
    operation: MessageId,
    target: Moment,
    bound: Micros,
    received: Moment,
    trip: Micros,
    ready: Option<Moment>,
    queue: u16,
    sequence: u32,
}

/// Answers kept for a parent that asks again: those of the last operations, as a window of half a second at one
/// operation every quarter second needs two.
const ANSWERED_MAX: usize = 4;

impl Agent {
    /// An agent at its place; it does nothing before [`Input::Start`].
    pub fn new(place: AgentId, class: Class) -> Self {
        Self {
            place,
            class,
            uplink: Uplink::new(),
            holds: Vec::new(),
            answered: Vec::new(),
            delivered: 0,
            lamport: Lamport::default(),
            context: 0,
            queue: 0,
        }
    }

    /// One input; what is to be done is put in `out`.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Outputs) {
        match input {
            Input::Start(start) => self.start(now, &start),
            Input::Wake => {}
            Input::Message(arrival) => self.message(now, arrival, out),
            Input::Worker(WorkerEvent::Ready(operation)) => self.ready(now, operation),
            Input::Seat(..) => out.refuse(Refusal::Unexpected),
            Input::Worker(WorkerEvent::Conflict(operation, kind)) => {
                self.conflict(now, operation, kind, out)
            }
        }
        self.release_due(now, out);
        while let Some(due) = self.uplink.due(now) {
            let body = match due {
                Due::Beat => Body::Beat(self.beat()),
                Due::Probe => Body::Probe(Probe {
                    boot: self.uplink.boot(),
                    epoch: self.uplink.epoch(),
                    exchange: self.uplink.exchange(),
                }),
            };
            out.send(To::Parent, Epoch::default(), body);
        }
    }

    /// When it wants to be called next.
    pub fn next_wake(&self) -> Moment {
        self.holds
            .iter()
            .filter(|hold| hold.ready.is_some())
            .map(|hold| hold.target)
            .fold(self.uplink.next_wake(), Moment::min)
    }

    /// Where it sits.
    pub const fn place(&self) -> AgentId {
        self.place
    }

    /// What kind it is.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Its relation with its lead.
    pub const fn uplink(&self) -> &Uplink {
        &self.uplink
    }

    /// Throws that it has taken in and not answered; at most [`CASTS_MAX`].
    pub const fn open(&self) -> usize {
        self.holds.len()
    }

    /// Operations waiting, as the driver sees its worker's queue.
    pub const fn set_queue(&mut self, queue: u16) {
        self.queue = queue;
    }

    fn start(&mut self, now: Moment, start: &Start) {
        let phase = Chance::new(start.seed)
            .split(u64::from(self.place.pack()))
            .span(Micros::ZERO, super::BEAT);
        self.uplink.start(now, start.boot, phase);
        self.holds.clear();
        self.answered.clear();
        self.delivered = 0;
    }

    fn message(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
        if arrival.from != From::Parent {
            return out.refuse(Refusal::WrongPlace);
        }
        let accepted = self.uplink.accept(
            arrival.signer,
            arrival.epoch,
            arrival.sent,
            arrival.received,
        );
        if accepted.is_err() {
            return out.refuse(Refusal::StaleEpoch);
        }
        match arrival.body {
            Body::Echo(echo) => {
                self.lamport.witness(echo.lamport);
                if let Some(entry) = echo.entry(u16::from(self.place.slot())) {
                    self.uplink.echoed(entry, arrival.sent, arrival.received);
                }
            }
            Body::Probed(exchange) => {
                self.uplink
                    .answered(exchange, arrival.sent, arrival.received)
            }
            Body::Throw(hop) => self.catch(now, &hop, arrival.sent, arrival.received, out),
            Body::Poll(operation) => {
                if let Some(ack) = self.answered.iter().find(|ack| ack.operation == operation) {
                    out.send(To::Parent, Epoch::default(), Body::Ack(*ack));
                }
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    /// A throw arrives: translate T, start preparing.
    fn catch(
        &mut self,
        now: Moment,
        hop: &Arc<Hop>,
        sent: Moment,
        received: Moment,
        out: &mut Outputs,
    ) {
        let Some(mine) = self.own_part(hop) else {
            return out.refuse(Refusal::WrongPlace);
        };
        let operation = hop.header.id;
        if self.holds.iter().any(|hold| hold.operation == operation)
            || self.answered.iter().any(|ack| ack.operation == operation)
        {
            return out.refuse(Refusal::Duplicate);
        }
        self.delivered = self.delivered.max(mine.sequence);
        self.lamport.witness(hop.header.lamport);
        let translated = self.uplink.translate(hop.target, sent, received);
        let (target, own_bound, trip) = translated.map_or((now, Micros::ZERO, Micros::ZERO), |t| {
            (t.target, t.bound, t.trip)
        });
        let hold = Hold {
            operation,
            target,
            bound: hop.bound + own_bound,
            received,
            trip,
            ready: None,
            queue: self.queue,
            sequence: mine.sequence,
        };
        let declined = if translated.is_none() {
            Some(SkipReason::Clock)
        } else if trip > hop.ttl {
            Some(SkipReason::Expired)
        } else if hop
            .header
            .spread_max
            .is_some_and(|spread| hold.bound > spread)
        {
            Some(SkipReason::Spread)
        } else if self.holds.len() == CASTS_MAX {
            Some(SkipReason::Busy)
        } else {
            None
        };
        if let Some(reason) = declined {
            return self.answer(now, &hold, Answer::Declined(reason), out);
        }
        if !hop.header.intact() {
            return self.answer(
                now,
                &hold,
                Answer::Conflict(ConflictKind::HashMismatch),
                out,
            );
        }
        self.holds.push(hold);
        out.work(Work::Prepare {
            header: Arc::clone(&hop.header),
            target,
        });
    }

    fn own_part(&self, hop: &Hop) -> Option<Compensation> {
        let Targets::Agents(parts) = &hop.targets else {
            return None;
        };
        parts
            .iter()
            .find(|part| part.slot == self.place.slot())
            .copied()
    }

    fn ready(&mut self, now: Moment, operation: MessageId) {
        if let Some(hold) = self
            .holds
            .iter_mut()
            .find(|hold| hold.operation == operation)
        {
            hold.ready.get_or_insert(now);
        }
    }

    fn conflict(
        &mut self,
        now: Moment,
        operation: MessageId,
        kind: ConflictKind,
        out: &mut Outputs,
    ) {
        if let Some(index) = self
            .holds
            .iter()
            .position(|hold| hold.operation == operation)
        {
            let hold = self.holds.swap_remove(index);
            self.answer(now, &hold, Answer::Conflict(kind), out);
        }
    }

    /// Everything that is ready and whose T has come is released before any answer is made.
    fn release_due(&mut self, now: Moment, out: &mut Outputs) {
        let due = |hold: &Hold| hold.ready.is_some() && now >= hold.target;
        for hold in self.holds.iter().filter(|hold| due(hold)) {
            out.work(Work::Release {
                operation: hold.operation,
                target: hold.target,
                bound: hold.bound,
            });
        }
        while let Some(index) = self.holds.iter().position(due) {
            let hold = self.holds.swap_remove(index);
            self.answer(now, &hold, Answer::Ready, out);
        }
    }

    fn answer(&mut self, now: Moment, hold: &Hold, answer: Answer, out: &mut Outputs) {
        let ready = hold.ready.unwrap_or(now);
        let ack = Ack {
            operation: hold.operation,
            answer,
            ready: ready.since(hold.target),
            released: now.since(hold.target),
            processing: ready.since(hold.received),
            trip: hold.trip,
            bound: hold.bound,
            queue: hold.queue,
            sequence: hold.sequence,
        };
        if self.answered.len() == ANSWERED_MAX {
            self.answered.remove(0);
        }
        self.answered.push(ack);
        out.send(To::Parent, Epoch::default(), Body::Ack(ack));
    }

    fn beat(&mut self) -> Beat {
        Beat {
            boot: self.uplink.boot(),
            exchange: self.uplink.exchange(),
            delivered: self.delivered,
            epoch: self.uplink.epoch(),
            levels: 0,
            context: self.context,
            lamport: self.lamport.tick(),
            claims: Claims {
                processing: Micros32::default(),
                latency: Micros32::default(),
                queue: self.queue,
                reliability: 1_000,
            },
        }
    }
}
