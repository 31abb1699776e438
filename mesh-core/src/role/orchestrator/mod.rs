//! The orchestrator: plans throws, opens the first gate, decides quorum, writes the proof sheet.

mod campaign;
mod chart;
mod levels;
mod replica;
mod series;
mod throws;

pub use throws::Order;

use crate::chance::Chance;
use crate::guard::level::Author;
use crate::trust::key::Signature;
use crate::message::{
    Body, Echo, Epoch, Exchange, IdMint, LamportClock, Need, Probed, Proceed, SectorReport,
};
use crate::place::{SectorId, Shape};
use crate::role::desired::Desired;
use crate::role::downlink::Downlink;
use crate::role::freezes::Freezes;
use crate::role::office::{Office, Turn};
use crate::role::trip::Trip;
use crate::role::{Arrival, BEAT, From, Input, Outputs, Refusal, Start, To};
use crate::time::{Boot, Micros, Moment, WallTime};
use crate::trust::KeyId;
use crate::trust::seat::Seat;
use campaign::Campaign;
use replica::Replica;
use std::sync::Arc;
use throws::Toss;

/// The orchestrator.
#[derive(Debug)]
pub struct Orchestrator {
    shape: Shape,
    office: Office,
    chance: Chance,
    epoch: Epoch,
    sectors: Vec<Record>,
    tosses: Vec<Toss>,
    mint: IdMint,
    lamport: LamportClock,
    wall: WallTime,
    started: Moment,
    echo_at: Moment,
    lossy: bool,
    replica: Replica,
    campaigns: Vec<Campaign>,
    campaigns_begun: u32,
    survey_at: Moment,
    desired: Desired,
    freezes: Freezes,
}

/// What the orchestrator keeps of one sector.
#[derive(Debug, Default)]
struct Record {
    link: Downlink,
    trip: Trip,
    need: Need,
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
            mint: IdMint::new(Chance::new(0)),
            lamport: LamportClock::default(),
            wall: WallTime::default(),
            started: Moment::default(),
            echo_at: Moment::NEVER,
            lossy: false,
            replica: Replica::default(),
            campaigns: Vec::new(),
            campaigns_begun: 0,
            survey_at: Moment::NEVER,
            desired: Desired::new(Author::Orchestrator),
            freezes: Freezes::default(),
        }
    }

    /// One input; what is to be done is put in `out`.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Outputs) {
        match input {
            Input::Start(start) => self.start(now, &start, out),
            Input::Wake => {}
            Input::Message(arrival) if self.office.serving().is_some() => {
                self.message(now, arrival, out)
            }
            Input::Message(_) => out.refuse(Refusal::NotServing),
            Input::Seat(asked, answer) => {
                let turn = self.office.answered(now, asked, answer, out);
                self.turn(now, turn, out);
            }
            Input::Operation(_) | Input::Stored(_) | Input::Recalled(_) | Input::Worker(_) => {
                out.refuse(Refusal::Unexpected)
            }
        }
        self.office.wake(now, out);
        self.wake_levels(now, out);
        self.advance_tosses(now, out);
        if now >= self.survey_at {
            self.survey_at = now + replica::MAP_EVERY;
            let map = self.replica.survey(None, now);
            out.send(To::Everyone, self.epoch, Body::Map(map));
            // Reports that have come since may have brought those whom a freeze concerns.
            if !self.desired.levels().is_empty() {
                self.levels_changed(now, out);
            }
        }
        if now >= self.echo_at {
            self.echo(out);
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
            .min(self.desired.next_wake())
            .min(self.freezes.next_wake())
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
                self.sectors = (0..self.shape.sectors).map(|_| Record::default()).collect();
                self.replica = Replica::default();
                self.survey_at = now + replica::MAP_EVERY;
                self.echo(out);
                self.echo_at = now + self.chance.span(Micros::ZERO, BEAT);
            }
            Turn::Ended => {
                self.sectors = Vec::new();
                self.tosses = Vec::new();
                self.campaigns = Vec::new();
                self.desired.retire();
                self.freezes.retire();
                self.replica = Replica::default();
                self.survey_at = Moment::NEVER;
                self.echo_at = Moment::NEVER;
            }
        }
    }

    fn echo(&mut self, out: &mut Outputs) {
        let due = |(slot, record): (usize, &mut Record)| record.link.take_echo(slot as u16);
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

    fn message(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
        let From::Child(slot) = arrival.from else {
            return out.refuse(Refusal::WrongPlace);
        };
        let Some(record) = self.sectors.get_mut(usize::from(slot)) else {
            return out.refuse(Refusal::WrongPlace);
        };
        let (sent, received) = (arrival.sent, arrival.received);
        if arrival.epoch < record.link.epoch() {
            return out.refuse(Refusal::StaleEpoch);
        }
        match arrival.body {
            Body::SectorReport(report) => {
                if record
                    .hear(
                        arrival.epoch,
                        report.beat.boot,
                        report.beat.exchange,
                        sent,
                        received,
                    )
                    .is_none()
                {
                    return out.refuse(Refusal::OldBoot);
                }
                record.link.owe_echo(sent, received);
                record.need = report.trunk;
                self.lamport.witness(report.beat.lamport);
                self.desired.beat(slot, report.beat.levels, out);
                self.take_report(now, slot, &report, out);
                let turn = self.office.heard(now, report.beat.epoch, out);
                self.turn(now, turn, out);
            }
            Body::Probe(probe) => {
                if record
                    .hear(arrival.epoch, probe.boot, probe.exchange, sent, received)
                    .is_none()
                {
                    return out.refuse(Refusal::OldBoot);
                }
                let exchange = Exchange { sent, received };
                let probed = Probed {
                    exchange,
                    levels: self.desired.digest_for(slot),
                };
                out.send(To::Child(slot), self.epoch, Body::Probed(probed));
            }
            Body::Armed(armed) => {
                let trunk = record.need.round;
                let operation = armed.operation;
                let toss = self
                    .tosses
                    .iter_mut()
                    .find(|toss| toss.header.id == operation);
                if let Some(go) = toss.and_then(|toss| toss.relay.armed(slot, armed.seal + trunk)) {
                    out.send(
                        To::Child(slot),
                        self.epoch,
                        Body::Proceed(Proceed { operation, go }),
                    );
                }
            }
            Body::Changes(changes) => {
                let cluster = SectorId::at(usize::from(slot)).cluster(changes.cluster);
                self.replica.change(cluster, &changes, now, |_| {});
            }
            Body::SectorFold(fold) => self.fold(now, slot, &fold),
            body @ (Body::Levels(_) | Body::LevelsHave(_) | Body::LevelsWanted(_)) => {
                self.take_levels(now, From::Child(slot), body, out)
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
        let _ = out;
        let sector = SectorId::at(usize::from(slot));
        for forwarded in &report.clusters {
            let cluster = sector.cluster(forwarded.slot);
            self.replica
                .take(cluster, forwarded, now, |_, _| {}, |_| {});
        }
    }

    fn sealed(
        &mut self,
        now: Moment,
        purpose: throws::Purpose,
        sheet: &crate::throw::Sheet,
        out: &mut Outputs,
    ) {
        if let throws::Purpose::Phase(number) = purpose {
            self.phase_sealed(now, number, sheet, out);
        }
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
