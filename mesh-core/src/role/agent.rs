//! The agent: holds what it is thrown until T by its own clock, and says when it was ready and when it let go.

use super::ability;
use super::applied::{Applied, Turned};
use super::chores::Chores;
use super::dispute;
use super::errands::{Errands, Standing};
use super::mailbox::{Mailbox, Opened};
use super::notary::{is_genuine, is_new};
use super::uplink::{Due, Uplink};
use super::{
    Arrival, BUCKET, CASTS_MAX, Event, From, Input, Outputs, Refusal, Start, To, Work, WorkerEvent,
};
use crate::chance::Chance;
use crate::conflict::ConflictDetail;
use crate::message::errand::{Addressee, Passed};
use crate::message::{
    Ack, Answer, Beat, Body, Claims, Compensation, ConflictKind, Epoch, Hop, LamportClock,
    MessageId, Micros32, Probe, SkipReason, Taken, Targets,
};
use crate::place::scope::Name;
use crate::place::{AgentId, Class};
use crate::registry::HoldMode;
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// One agent.
#[derive(Debug)]
pub struct Agent {
    place: AgentId,
    class: Class,
    mode: HoldMode,
    uplink: Uplink,
    holds: Vec<Hold>,
    /// The last answers, kept for a parent that asks again.
    answered: Vec<Ack>,
    /// How many of the last of these are said again, and when: links here lose messages.
    again: u8,
    again_at: Moment,
    lossy: bool,
    mailbox: Mailbox,
    /// The orchestrator's commands that it has taken.
    taken: Taken,
    lamport: LamportClock,
    context: u64,
    queue: u16,
    /// Made when the first of it is needed.
    aside: Option<Box<Aside>>,
    /// Beats until its abilities are told again; they may be lost, and a new lead does not know them.
    tell_in: u8,
    told: Epoch,
    applied: Applied,
    /// What it says of itself: its own smoothed measurements.
    latency: Smoothed,
    processing: Smoothed,
}

/// What most agents have nothing of, most of the time.
#[derive(Debug, Default)]
struct Aside {
    chores: Chores,
    errands: Errands,
    /// Errands that its worker has asked for, which makes each another.
    asked: u64,
    /// What it can do, where that is not what its class can.
    abilities: Option<Box<[Name]>>,
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
    epoch: Epoch,
    /// A short hash of what it will answer.
    result: u64,
}

/// An average over the last eight, as the lead makes its own of the same messages.
#[derive(Debug, Clone, Copy, Default)]
struct Smoothed {
    micros: u32,
    samples: u8,
}

impl Smoothed {
    fn take(&mut self, span: Micros) {
        self.samples = (self.samples + 1).min(8);
        let (new, old) = (Micros32::from(span).0, self.micros);
        let step = (i64::from(new) - i64::from(old)) / i64::from(self.samples);
        self.micros = (i64::from(old) + step) as u32;
    }

    const fn get(self) -> Micros32 {
        Micros32(self.micros)
    }
}

/// For the jitter of what is asked for again: another at every agent and every moment, with nothing kept for it.
fn chance_of(place: AgentId, now: Moment) -> Chance {
    Chance::new(u64::from(place.pack())).split(now.0 as u64)
}

/// Answers kept for a parent that asks again: those of the last operations, as a window of half a second at one
/// operation every quarter second needs two.
const ANSWERED_MAX: usize = 4;
/// Beats between two tellings of abilities: a minute.
const TELL_EVERY: u8 = 12;

impl Agent {
    /// An agent at its place; it does nothing before [`Input::Start`].
    pub fn new(place: AgentId, class: Class) -> Self {
        Self {
            place,
            class,
            mode: if class.is_human() {
                HoldMode::Async
            } else {
                HoldMode::Hold
            },
            uplink: Uplink::new(),
            holds: Vec::new(),
            answered: Vec::new(),
            again: 0,
            again_at: Moment::NEVER,
            lossy: false,
            mailbox: Mailbox::default(),
            taken: Taken::default(),
            lamport: LamportClock::default(),
            context: 0,
            queue: 0,
            latency: Smoothed::default(),
            processing: Smoothed::default(),
            aside: None,
            tell_in: 0,
            told: Epoch::default(),
            applied: Applied::default(),
        }
    }

    /// What it can do, where that is not what its class can ([`ability::of_class`]).
    pub fn set_abilities(&mut self, abilities: Vec<Name>) {
        self.aside().abilities = Some(abilities.into_boxed_slice());
        self.tell_in = 0;
    }

    /// How its worker meets T: one that cannot wait, as a function behind HTTP, is LEAD-ONLY, and lets go as soon as it is
    /// READY.
    pub const fn set_mode(&mut self, mode: HoldMode) {
        self.mode = mode;
    }

    /// Whether it can do this.
    pub fn can(&self, capability: &str) -> bool {
        match self.abilities() {
            Some(own) => own.iter().any(|name| name.as_str() == capability),
            None => ability::of_class(self.class).contains(&capability),
        }
    }

    /// How many of its tasks are open.
    pub fn chores(&self) -> usize {
        self.aside.as_ref().map_or(0, |aside| aside.chores.open())
    }

    fn abilities(&self) -> Option<&[Name]> {
        self.aside.as_ref()?.abilities.as_deref()
    }

    fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }

    /// One input; what is to be done is put in `out`.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Outputs) {
        match input {
            Input::Start(start) => self.start(now, &start, out),
            Input::Wake => {}
            Input::Message(arrival) => self.message(now, arrival, out),
            Input::Worker(WorkerEvent::Ready(operation)) => self.ready(now, operation, None),
            Input::Worker(WorkerEvent::Answered(operation, result)) => {
                self.ready(now, operation, Some(result));
            }
            Input::Worker(WorkerEvent::Task(id, said)) => {
                let place = self.place;
                self.aside().chores.said(place, id, said, out);
            }
            Input::Seat(..)
            | Input::Operation(_)
            | Input::Stored(_)
            | Input::Recalled(_)
            | Input::Brought(..)
            | Input::Seated(_)
            | Input::Clusters(_) => {
                out.refuse(Refusal::Unexpected);
            }
            Input::Worker(WorkerEvent::Ask(wish)) => {
                let Some(notary) = self.applied.notary().cloned() else {
                    return;
                };
                let place = self.place;
                let aside = self.aside();
                aside.asked += 1;
                let mut chance = chance_of(place, now).split(aside.asked);
                aside
                    .errands
                    .ask(now, place, *wish, &*notary, &mut chance, out);
            }
            Input::Worker(WorkerEvent::Did(id, outcome)) => {
                if let (Some(aside), Some(notary)) = (&mut self.aside, self.applied.notary()) {
                    let errands = &mut aside.errands;
                    errands.said(self.place, id, *outcome, &**notary, out);
                }
            }
            Input::Worker(WorkerEvent::Still) => self.applied.still(self.place, out),
            Input::Worker(WorkerEvent::Conflict(operation, kind)) => {
                self.conflict(now, operation, kind, None, out);
            }
            Input::Worker(WorkerEvent::Disputed(operation, detail)) => {
                let kind = detail.0.kind;
                self.conflict(now, operation, kind, Some(*detail), out);
            }
        }
        if now >= self.mailbox.next_wake() {
            let mut opened = Vec::new();
            let own = Epoch::default();
            let mut chance = chance_of(self.place, now);
            self.mailbox.wake(now, &mut chance, own, &mut opened, out);
            self.open_all(now, opened, out);
        }
        if let Some(aside) = &mut self.aside
            && now >= aside.errands.next_wake()
        {
            let mut chance = chance_of(self.place, now);
            aside.errands.wake(now, &mut chance, out);
        }
        self.release_due(now, out);
        if now >= self.again_at {
            self.answer_again(out);
        }
        while let Some(due) = self.uplink.due(now) {
            if due == Due::Beat && self.abilities().is_some() {
                self.tell_abilities(out);
            }
            let body = match due {
                Due::Beat => Body::Beat(self.beat()),
                Due::Probe => Body::Probe(Probe {
                    boot: self.uplink.boot(),
                    epoch: self.uplink.epoch(),
                    obeys: self.uplink.obeys(),
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
            .fold(self.uplink.next_wake().min(self.again_at), Moment::min)
            .min(self.mailbox.next_wake())
            .min(
                self.aside
                    .as_ref()
                    .map_or(Moment::NEVER, |aside| aside.errands.next_wake()),
            )
    }

    /// See [`crate::warm`].
    pub fn warm(&self) -> u64 {
        let held = self.holds.first().map_or(0, |hold| hold.sequence);
        let said = self.answered.last().map_or(0, |ack| ack.sequence);
        let own = self.applied.digest() ^ self.context ^ u64::from(self.processing.micros);
        self.uplink.warm() ^ own ^ u64::from(held ^ said ^ self.mailbox.warm())
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

    /// Short hash of the context that its worker has loaded; 0 is none.
    pub const fn set_context(&mut self, context: u64) {
        self.context = context;
    }

    /// What it has of its parent's numbered messages.
    pub const fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Throws that it has taken in and not answered; at most [`CASTS_MAX`].
    pub const fn open(&self) -> usize {
        self.holds.len()
    }

    /// Operations waiting, as the driver sees its worker's queue.
    pub const fn set_queue(&mut self, queue: u16) {
        self.queue = queue;
    }

    /// The desired state that it has applied.
    pub const fn applied(&self) -> &Applied {
        &self.applied
    }

    fn start(&mut self, now: Moment, start: &Start, out: &mut Outputs) {
        self.applied.start(self.place, self.class, start, out);
        let mut chance = Chance::new(start.seed).split(u64::from(self.place.pack()));
        let phase = chance.span(Micros::ZERO, super::BEAT);
        self.uplink.start(now, start.boot, phase);
        self.holds.clear();
        self.answered.clear();
        self.again = 0;
        self.again_at = Moment::NEVER;
        self.lossy = start.lossy;
        self.mailbox.clear();
        self.taken = Taken::default();
        if let Some(aside) = &mut self.aside {
            aside.chores.clear();
            aside.errands = Errands::default();
        }
    }

    /// Says what it can do: to a new lead at once, and every minute, since that may be lost.
    fn tell_abilities(&mut self, out: &mut Outputs) {
        if self.told != self.uplink.epoch() {
            (self.told, self.tell_in) = (self.uplink.epoch(), 0);
        }
        if self.tell_in == 0 {
            self.tell_in = TELL_EVERY;
            let names = self.abilities().unwrap_or_default();
            out.send(To::Parent, Epoch::default(), Body::Able(Arc::from(names)));
        }
        self.tell_in -= 1;
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
        let mut opened = Vec::new();
        match &arrival.body {
            Body::Numbered(content) if !is_genuine(self.applied.notary(), content) => {
                return out.refuse(Refusal::Forged);
            }
            Body::Numbered(content) => {
                let (slot, own) = (u16::from(self.place.slot()), Epoch::default());
                self.mailbox
                    .take(now, slot, &arrival, content, own, &mut opened, out);
                return self.open_all(now, opened, out);
            }
            Body::Tail(tail) => {
                let (last, floor) = (tail.last, tail.floor);
                self.mailbox
                    .heard(now, arrival.epoch, last, floor, &mut opened);
                return self.open_all(now, opened, out);
            }
            _ => {}
        }
        match arrival.body {
            Body::Echo(echo) => {
                self.lamport.witness(echo.lamport);
                if let Some(entry) = echo.entry(u16::from(self.place.slot())) {
                    self.uplink.echoed(entry, arrival.sent, arrival.received);
                    let (last, floor) = (entry.last, entry.floor);
                    self.mailbox
                        .heard(now, arrival.epoch, last, floor, &mut opened);
                }
                self.applied.compared(now, self.place, echo.levels, out);
            }
            Body::Probed(probed) => {
                self.uplink
                    .answered(probed.exchange, arrival.sent, arrival.received);
                let (last, floor) = (probed.last, probed.floor);
                self.mailbox
                    .heard(now, arrival.epoch, last, floor, &mut opened);
                self.applied.compared(now, self.place, probed.levels, out);
            }
            Body::Hail => {
                let beat = self.beat();
                out.send(To::Parent, Epoch::default(), Body::Beat(beat));
            }
            body @ (Body::Levels(_) | Body::LevelsHave(_) | Body::LevelsWanted(_)) => {
                if self.applied.take(self.place, self.class, body, out) == Turned::Frozen {
                    self.let_go(now, out);
                }
            }
            Body::Poll(operation) => {
                if let Some(ack) = self.answered.iter().find(|ack| ack.operation == operation) {
                    out.send(To::Parent, Epoch::default(), Body::Ack(*ack));
                }
            }
            _ => out.refuse(Refusal::Unexpected),
        }
        self.open_all(now, opened, out);
    }

    fn open_all(&mut self, now: Moment, opened: Vec<Opened>, out: &mut Outputs) {
        for letter in opened {
            self.opened(now, &letter, out);
        }
    }

    /// What must arrive has arrived, and its turn has come.
    fn opened(&mut self, now: Moment, letter: &Opened, out: &mut Outputs) {
        let command = &letter.content.body;
        if !is_new(&mut self.taken, command, out) {
            return;
        }
        match &letter.content.body {
            Body::Throw(hop) => self.catch(now, hop, letter, out),
            Body::Task(order) if order.agent == self.place => {
                if order.act == crate::message::TaskAct::Calibrate {
                    self.uplink.calibrate(now);
                }
                let mut chores = core::mem::take(&mut self.aside().chores);
                let open = self.applied.frozen().is_none();
                chores.order(self.place, order, |wanted| self.can(wanted), open, out);
                self.aside().chores = chores;
            }
            Body::Task(_) => out.refuse(Refusal::WrongPlace),
            Body::Errand(passed) => self.errand(passed, out),
            Body::Returned(returned) if returned.to == self.place => match &mut self.aside {
                Some(aside) => aside.errands.returned(returned, out),
                None => out.refuse(Refusal::Unexpected),
            },
            // A lead says when, the mesh's desired state says what: no lead makes an agent load something else.
            Body::Reload(context) if !self.is_head(*context) => out.refuse(Refusal::Forged),
            Body::Reload(context) => {
                self.context = *context;
                out.work(Work::Reload(*context));
            }
            // What was settled concerns its worker, which the driver tells.
            Body::Settled(settled) => {
                out.event(Event::Settled(Box::new(settled.resolution.clone())));
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    /// Whether this is the context that desired state names, where it names one.
    fn is_head(&self, context: u64) -> bool {
        let head = self.applied.effective(self.place, self.class).context;
        head.is_none_or(|head| head.short() == context)
    }

    /// Another worker asks something of the one here; whether it can and may is checked once more.
    fn errand(&mut self, passed: &Passed, out: &mut Outputs) {
        if passed.at != Some(self.place) {
            return out.refuse(Refusal::WrongPlace);
        }
        let Some(notary) = self.applied.notary().cloned() else {
            return;
        };
        let able = match &passed.errand.to {
            Addressee::At(agent) => *agent == self.place,
            Addressee::Able(name) => {
                self.can(name.as_str()) && !self.applied.denies(self.place, self.class, name)
            }
        };
        let standing = Standing {
            place: self.place,
            frozen: self.applied.frozen().is_some(),
            able,
        };
        let errands = &mut self.aside().errands;
        errands.take(&passed.errand, standing, &*notary, out);
    }

    /// A throw arrives: translate T, start preparing.
    fn catch(&mut self, now: Moment, hop: &Arc<Hop>, letter: &Opened, out: &mut Outputs) {
        if self.own_part(hop).is_none() {
            return out.refuse(Refusal::WrongPlace);
        }
        let (sent, received) = (letter.sent, letter.received);
        let operation = hop.header.id;
        if self.holds.iter().any(|hold| hold.operation == operation)
            || self.answered.iter().any(|ack| ack.operation == operation)
        {
            return out.refuse(Refusal::Duplicate);
        }
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
            sequence: letter.number,
            epoch: letter.epoch,
            result: hop.header.payload_hash.short(),
        };
        let declined = if self.applied.frozen().is_some() {
            Some(SkipReason::Frozen)
        } else if !self.applied.settled() {
            Some(SkipReason::Settling)
        } else if translated.is_none() {
            Some(SkipReason::Clock)
        } else if letter.is_over(now, trip) {
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
            self.answer(
                now,
                &hold,
                Answer::Conflict(ConflictKind::HashMismatch),
                out,
            );
            return self.report(operation, ConflictKind::HashMismatch, None, out);
        }
        self.holds.push(hold);
        out.work(Work::Prepare {
            header: Arc::clone(&hop.header),
            target,
        });
    }

    /// A freeze: nothing that is held is released; each throw ends here, and says why.
    fn let_go(&mut self, now: Moment, out: &mut Outputs) {
        for hold in core::mem::take(&mut self.holds) {
            out.work(Work::Cancel {
                operation: hold.operation,
            });
            self.answer(now, &hold, Answer::Declined(SkipReason::Frozen), out);
        }
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

    fn ready(&mut self, now: Moment, operation: MessageId, result: Option<u64>) {
        if let Some(hold) = self
            .holds
            .iter_mut()
            .find(|hold| hold.operation == operation)
        {
            hold.ready.get_or_insert(now);
            hold.result = result.unwrap_or(hold.result);
        }
    }

    fn conflict(
        &mut self,
        now: Moment,
        operation: MessageId,
        kind: ConflictKind,
        detail: Option<(ConflictDetail, Vec<u8>)>,
        out: &mut Outputs,
    ) {
        if let Some(index) = self
            .holds
            .iter()
            .position(|hold| hold.operation == operation)
        {
            let hold = self.holds.swap_remove(index);
            self.answer(now, &hold, Answer::Conflict(kind), out);
            self.report(operation, kind, detail, out);
        }
    }

    /// The detail of a CONFLICT, after its acknowledgement.
    fn report(
        &self,
        operation: MessageId,
        kind: ConflictKind,
        detail: Option<(ConflictDetail, Vec<u8>)>,
        out: &mut Outputs,
    ) {
        let report = dispute::report(self.place, operation, kind, self.context, detail);
        let body = Body::Conflict(Arc::new(report));
        out.send(To::Parent, Epoch::default(), body);
    }

    /// Everything that is ready and whose T has come is released before any answer is made.
    fn release_due(&mut self, now: Moment, out: &mut Outputs) {
        let holds = self.mode != HoldMode::LeadOnly;
        let due = |hold: &Hold| hold.ready.is_some() && (!holds || now >= hold.target);
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
        if answer == Answer::Ready {
            self.processing.take(ready.since(hold.received));
        }
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
            epoch: hold.epoch,
            result: hold.result,
        };
        if self.answered.len() == ANSWERED_MAX {
            self.answered.remove(0);
        }
        self.answered.push(ack);
        if self.lossy {
            self.again = (self.again + 1).min(ANSWERED_MAX as u8);
            self.again_at = self.again_at.min(now + BUCKET);
        }
        self.mailbox.answered(ack.epoch, ack.sequence);
        out.send(To::Parent, Epoch::default(), Body::Ack(ack));
    }

    /// The same answers once more: a lost one would cost its lead a poll, and the whole mesh the wait for that.
    fn answer_again(&mut self, out: &mut Outputs) {
        let said = self.answered.len() - usize::from(self.again);
        for ack in &self.answered[said..] {
            out.send(To::Parent, Epoch::default(), Body::Ack(*ack));
        }
        self.again = 0;
        self.again_at = Moment::NEVER;
    }

    fn beat(&mut self) -> Beat {
        let clock = self.uplink.clock();
        if let Some(exchange) = self.uplink.exchange()
            && clock.ready()
            && let Some((sent, _)) = clock.to_mine(exchange.sent)
        {
            self.latency.take(exchange.received.since(sent));
        }
        Beat {
            boot: self.uplink.boot(),
            exchange: self.uplink.exchange(),
            delivered: self.mailbox.delivered(),
            epoch: self.uplink.epoch(),
            obeys: self.uplink.obeys(),
            levels: self.applied.digest(),
            context: self.context,
            lamport: self.lamport.tick(),
            claims: Claims {
                processing: self.processing.get(),
                latency: self.latency.get(),
                queue: self.queue,
                reliability: 1_000,
                mode: self.mode,
            },
        }
    }
}
