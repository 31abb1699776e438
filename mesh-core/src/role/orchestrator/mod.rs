//! The orchestrator: plans throws, opens the first gate, decides quorum, writes the proof sheet.

mod act;
mod ask;
mod board;
mod campaign;
mod chart;
mod contexts;
mod door;
mod eyes;
mod follow;
mod growth;
mod guards;
mod heals;
mod keep;
mod levels;
mod look;
mod replica;
mod series;
mod service;
mod throws;

pub use throws::Order;

use crate::chance::Chance;
use crate::conflict::Tier;
use crate::guard::level::Author;
use crate::message::{
    Body, Echo, Epoch, Exchange, IdMint, LamportClock, Need, Proceed, SectorReport, Warrant,
};
use crate::operation::event::Event as Happened;
use crate::place::scope::Region;
use crate::place::{SectorId, Shape};
use crate::registry::State;
use crate::role::desired::Desired;
use crate::role::dispute::Disputes;
use crate::role::downlink::Downlink;
use crate::role::freezes::Freezes;
use crate::role::lookout::Lookout;
use crate::role::mailing::{Linked, Mailing};
use crate::role::notice::Steps;
use crate::role::office::{Office, Turn};
use crate::role::trip::Trip;
use crate::role::{Arrival, BEAT, From, Input, Output, Outputs, Refusal, Start, To, is_due};
use crate::time::{Boot, Micros, Moment, WallTime};
use crate::trust::KeyId;
use crate::trust::key::Signature;
use crate::trust::seat::Seat;
use crate::unit::Share;
use board::Board;
use campaign::Campaign;
use door::Door;
use replica::{Replica, Turned};
use std::sync::Arc;
use throws::Toss;

/// Between two looks at the mode, at schedules and at watches.
const CLOCK_EVERY: Micros = Micros::seconds(1);

/// The orchestrator.
#[derive(Debug)]
pub struct Orchestrator {
    shape: Shape,
    office: Office,
    chance: Chance,
    epoch: Epoch,
    sectors: Vec<Record>,
    tosses: Vec<Toss>,
    mailing: Mailing,
    /// Commands given since the seat was taken.
    commands: u64,
    mint: IdMint,
    lamport: LamportClock,
    wall: WallTime,
    started: Moment,
    echo_at: Moment,
    lossy: bool,
    key: KeyId,
    lookout: Lookout,
    disputes: Disputes,
    steps: Steps,
    replica: Replica,
    campaigns: Vec<Campaign>,
    campaigns_begun: u32,
    survey_at: Moment,
    /// When the mode and what is scheduled are looked at next.
    clock_at: Moment,
    door: Door,
    board: Board,
    tickets: u64,
    /// When the seat was taken.
    begun: Moment,
    desired: Desired,
    freezes: Freezes,
}

/// What the orchestrator keeps of one sector.
#[derive(Debug, Default)]
struct Record {
    link: Downlink,
    trip: Trip,
    need: Need,
    /// How often its seat changed hands since this one was taken.
    takeovers: u16,
}

impl Orchestrator {
    /// A node that may orchestrate a mesh of this shape; it does so once it has the seat.
    pub fn new(shape: Shape, me: KeyId) -> Self {
        Self {
            shape,
            office: Office::new(Seat::Orchestrator, me),
            chance: Chance::new(0),
            epoch: Epoch(0),
            sectors: Vec::new(),
            tosses: Vec::new(),
            mailing: Mailing::new(),
            commands: 0,
            mint: IdMint::new(Chance::new(0)),
            lamport: LamportClock::default(),
            wall: WallTime::default(),
            started: Moment::default(),
            echo_at: Moment::NEVER,
            lossy: false,
            key: me,
            lookout: Lookout::of_mesh(shape, Moment(0)),
            disputes: Disputes::new(Tier::Orchestrator),
            steps: Steps::default(),
            replica: Replica::default(),
            campaigns: Vec::new(),
            campaigns_begun: 0,
            survey_at: Moment::NEVER,
            clock_at: Moment::NEVER,
            door: Door::new(Moment::default()),
            board: Board::default(),
            tickets: 0,
            begun: Moment::default(),
            desired: Desired::new(Author::Orchestrator),
            freezes: Freezes::default(),
        }
    }

    /// The registry as it is known here: for whoever keeps its history (§7.1).
    pub const fn registry(&self) -> &crate::registry::Table {
        &self.replica.table
    }

    /// One input; what is to be done is put in `out`.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Outputs) {
        match input {
            Input::Start(start) => self.start(now, &start, out),
            Input::Wake => {}
            Input::Message(arrival) if self.office.serving().is_some() => {
                self.message(now, arrival, out);
            }
            Input::Message(_) => out.refuse(Refusal::NotServing),
            Input::Seat(asked, answer) => {
                let turn = self.office.answered(now, asked, answer, out);
                self.turn(now, turn, out);
            }
            Input::Operation(ask) => self.asked(now, *ask, out),
            Input::Stored(ticket) => {
                if !self.service_stored(now, ticket, out) {
                    self.task_stored(now, ticket, out);
                }
            }
            Input::Brought(ticket, brought) => self.brought(now, ticket, *brought, out),
            Input::Recalled(saved) if self.serving() => self.recalled(now, *saved),
            Input::Recalled(_) | Input::Worker(_) | Input::Seated(_) | Input::Clusters(_) => {
                out.refuse(Refusal::Unexpected);
            }
        }
        self.office.wake(now, out);
        self.wake_levels(now, out);
        self.mailing.wake(now, self.epoch, &mut self.sectors, out);
        self.advance_tosses(now, out);
        self.guard(now, out);
        if self.serving() {
            self.advance_door(now, out);
            self.advance_tasks(now, out);
        }
        if is_due(now, self.clock_at, CLOCK_EVERY) {
            self.clock_at = now + CLOCK_EVERY;
            self.advance_clocked(now, out);
        }
        if is_due(now, self.survey_at, replica::MAP_EVERY) {
            self.survey_at = now + replica::MAP_EVERY;
            let arrivals = core::mem::take(&mut self.door.arrivals);
            let arrival = Share::of(arrivals.0 as usize, arrivals.1 as usize);
            let map = self.replica.survey(arrival, now);
            out.send(To::Everyone, self.epoch, Body::Map(map));
            // Reports that have come since may have brought those whom a freeze concerns.
            if !self.desired.levels().is_empty() {
                self.levels_changed(now, out);
            }
        }
        if is_due(now, self.echo_at, BEAT) {
            self.echo(now, out);
            self.echo_at = now + BEAT;
        }
    }

    /// Whether it has its seat.
    pub const fn serving(&self) -> bool {
        self.office.serving().is_some()
    }

    /// When it wants to be called next.
    pub fn next_wake(&self) -> Moment {
        let tosses = self
            .tosses
            .iter()
            .map(|toss| toss.relay.next_deadline().min(toss.close_at));
        let own = self
            .echo_at
            .min(self.survey_at)
            .min(self.clock_at)
            .min(self.mailing.next_wake())
            .min(self.board.next_wake())
            .min(self.door.next_wake())
            .min(self.desired.next_wake())
            .min(self.freezes.next_wake())
            .min(self.disputes.next_wake())
            .min(self.lookout.next_wake())
            .min(self.office.next_wake());
        tosses.fold(own, Moment::min)
    }

    fn start(&mut self, now: Moment, start: &Start, out: &mut Outputs) {
        self.chance = Chance::new(start.seed).split(u64::from(start.boot.0));
        self.mint = IdMint::new(self.chance.split(1));
        self.wall = start.wall;
        self.started = now;
        self.lossy = start.lossy;
        self.desired.start(start);
        self.disputes.start(now, start, self.key);
        self.mailing.start(now, start, self.chance.split(3));
        self.office.stand(now, self.chance.split(2), out);
    }

    /// The seat was won or lost.
    fn turn(&mut self, now: Moment, turn: Turn, out: &mut Outputs) {
        match turn {
            Turn::Same => {}
            Turn::Begun => {
                self.epoch = self.office.serving().unwrap_or_default();
                self.desired.serve(now, self.epoch);
                self.freezes.serve(now);
                self.commands = 0;
                self.sectors = (0..self.shape.sectors).map(|_| Record::default()).collect();
                self.lookout = Lookout::of_mesh(self.shape, now);
                self.lookout
                    .resume(self.desired.levels(), Author::Orchestrator, now);
                self.disputes.turn();
                self.replica = Replica::default();
                self.survey_at = now + replica::MAP_EVERY;
                self.clock_at = now + CLOCK_EVERY;
                self.begun = now;
                (self.door, self.board) = (Door::new(now), Board::default());
                out.0.push(Output::Recall(self.epoch));
                self.echo(now, out);
                self.echo_at = now + self.chance.span(Micros::ZERO, BEAT);
            }
            Turn::Ended => {
                self.sectors = Vec::new();
                self.tosses = Vec::new();
                self.campaigns = Vec::new();
                self.lookout = Lookout::of_mesh(self.shape, now);
                self.disputes.turn();
                self.desired.retire();
                self.freezes.retire();
                self.replica = Replica::default();
                (self.survey_at, self.clock_at) = (Moment::NEVER, Moment::NEVER);
                self.board = Board::default();
                self.retire_door();
                self.echo_at = Moment::NEVER;
            }
        }
    }

    /// The number of the next command; its signature is made when all of it is written.
    fn warrant(&mut self) -> Warrant {
        self.commands += 1;
        Warrant {
            epoch: self.epoch,
            sequence: self.commands,
            ..Warrant::default()
        }
    }

    fn echo(&mut self, now: Moment, out: &mut Outputs) {
        let due = |(slot, record): (usize, &mut Record)| record.link.take_echo(slot as u16, now);
        let entries = self
            .sectors
            .iter_mut()
            .enumerate()
            .filter_map(due)
            .collect();
        let echo = Echo {
            entries,
            levels: self.desired.digest_for_all(),
            lamport: self.lamport.tick(),
        };
        out.send(To::Everyone, self.epoch, Body::Echo(Arc::new(echo)));
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each message")]
    fn message(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
        let From::Child(slot) = arrival.from else {
            return out.refuse(Refusal::WrongPlace);
        };
        let Some(record) = self.sectors.get_mut(usize::from(slot)) else {
            return out.refuse(Refusal::WrongPlace);
        };
        let (sent, received) = (arrival.sent, arrival.received);
        // Whatever the first message of a new holder is, the one before is not heard any more.
        if !record.link.admit(arrival.epoch) {
            return out.refuse(Refusal::StaleEpoch);
        }
        if !self.believable(now, slot, &arrival.body, out) {
            return;
        }
        let record = &mut self.sectors[usize::from(slot)];
        match arrival.body {
            Body::SectorReport(report) => {
                let (known, obeys) = (report.beat.epoch, report.beat.obeys);
                let ours = self.office.is_obeyed(known, obeys);
                if record
                    .hear(
                        arrival.epoch,
                        report.beat.boot,
                        report.beat.exchange.filter(|_| ours),
                        sent,
                        received,
                    )
                    .is_none()
                {
                    return out.refuse(Refusal::OldBoot);
                }
                record.link.owe_echo(sent, received);
                if ours {
                    let outbox = record.link.outbox(self.epoch);
                    outbox.acknowledged(report.beat.delivered);
                }
                record.need = report.trunk;
                self.lamport.witness(report.beat.lamport);
                self.desired.beat(slot, report.beat.levels, out);
                self.take_report(now, slot, &report, out);
                self.reported(now, slot, &report);
                let turn = self.office.heard(now, known, obeys, out);
                self.turn(now, turn, out);
            }
            Body::Probe(probe) => {
                let ours = self.office.is_obeyed(probe.epoch, probe.obeys);
                if record
                    .hear(
                        arrival.epoch,
                        probe.boot,
                        probe.exchange.filter(|_| ours),
                        sent,
                        received,
                    )
                    .is_none()
                {
                    return out.refuse(Refusal::OldBoot);
                }
                let exchange = Exchange { sent, received };
                let levels = self.desired.digest_for(slot);
                let probed = record.link.probed(exchange, levels, now);
                out.send(To::Child(slot), self.epoch, Body::Probed(probed));
            }
            Body::Missing(missing) => {
                Mailing::asked(now, self.epoch, slot, &mut record.link, missing, out);
            }
            Body::Received(received) => Mailing::received(self.epoch, &mut record.link, received),
            Body::Armed(armed) => {
                let trunk = record.need.round;
                let operation = armed.operation;
                let toss = self
                    .tosses
                    .iter_mut()
                    .find(|toss| toss.header.id == operation);
                let stamp = self.replica.table.stamp();
                if let Some(go) =
                    toss.and_then(|toss| toss.armed(now, slot, armed.seal + trunk, stamp))
                {
                    out.send(
                        To::Child(slot),
                        self.epoch,
                        Body::Proceed(Proceed { operation, go }),
                    );
                }
            }
            Body::Changes(changes) => {
                let cluster = SectorId::at(usize::from(slot)).cluster(changes.cluster);
                let mut turned = Vec::new();
                self.replica
                    .change(cluster, &changes, now, |turn| turned.push(turn));
                self.tell_turned(now, &turned, out);
            }
            Body::TaskNews(news) if news.agent.sector().index() == usize::from(slot) => {
                self.task_news(now, &news, out);
            }
            Body::SectorFold(fold) => self.fold(now, slot, &fold),
            body @ (Body::Notice(_) | Body::Escalated(_) | Body::Settled(_)) => {
                self.told(now, slot, body, out);
            }
            body @ (Body::Levels(_) | Body::LevelsHave(_) | Body::LevelsWanted(_)) => {
                self.take_levels(now, From::Child(slot), body, out);
            }
            Body::StopCount(count) if count.cluster.sector.index() == usize::from(slot) => {
                self.freezes.count(now, count);
            }
            Body::StopBundle(bundle) if bundle.cluster.sector.index() == usize::from(slot) => {
                let desired = &self.desired;
                let verify = |agent, bytes: &[u8], signature: &Signature| {
                    desired.vouches_for(agent, bytes, signature)
                };
                self.freezes.bundle(now, &bundle, verify, out);
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }
}

impl Orchestrator {
    /// What a sector says of its agents.
    fn take_report(&mut self, now: Moment, slot: u16, report: &SectorReport, out: &mut Outputs) {
        let sector = SectorId::at(usize::from(slot));
        let (mut turned, mut added) = (Vec::new(), Vec::new());
        for forwarded in &report.clusters {
            let cluster = sector.cluster(forwarded.slot);
            self.replica.take(
                cluster,
                forwarded,
                now,
                |agent, _| added.push(agent),
                |turn| turned.push(turn),
            );
        }
        for &agent in &added {
            self.newcomer(now, agent);
        }
        if !added.is_empty() && !self.desired.levels().is_empty() {
            // A frozen mesh stays frozen for late joiners.
            let desired = &self.desired;
            let effective = |agent, class| desired.effective(agent, class);
            self.replica.mark(Region::All, effective, now);
        }
        self.tell_turned(now, &turned, out);
    }

    /// Agents whose state is another now.
    fn tell_turned(&mut self, now: Moment, turned: &[Turned], out: &mut Outputs) {
        for turn in turned {
            if turn.to == State::Offline {
                self.replica.lost = self.replica.lost.saturating_add(1);
            }
            let event = Happened::AgentState {
                agent: turn.agent,
                from: turn.from,
                to: turn.to,
            };
            self.tell(now, event, out);
        }
    }

    /// The seat is lost: what was asked here is asked again of whoever has it; the store has what was accepted.
    fn retire_door(&mut self) {
        self.door = Door::new(self.begun);
    }
}

impl Linked for Record {
    fn link(&mut self) -> &mut Downlink {
        &mut self.link
    }
}

impl Record {
    /// A beat or probe: what it measured teaches the trip. Whether another node than before speaks; `None` when it is from
    /// before what is known.
    fn hear(
        &mut self,
        epoch: Epoch,
        boot: Boot,
        exchange: Option<Exchange>,
        sent: Moment,
        received: Moment,
    ) -> Option<bool> {
        let measured = self.link.exchange(epoch, boot, exchange, sent, received)?;
        measured
            .round
            .into_iter()
            .for_each(|round| self.trip.observe(round));
        Some(measured.fresh)
    }
}
