//! The orchestrator: plans throws, opens the first gate, decides quorum, writes the proof sheet.

use super::coordinator::unheard;
use super::downlink::Downlink;
use super::office::{Office, Turn};
use super::trip::Trip;
use super::{Arrival, BEAT, CASTS_MAX, Event, From, Input, Outputs, Refusal, Start, To};
use crate::chance::Chance;
use crate::message::{
    Body, ClusterReport, ClusterTargets, Echo, Epoch, Exchange, Fold, Header, Hop, IdMint, Lamport,
    MessageId, Need, Priority, Proceed, RowReport, SectorFold, Strategy, Targets, Verb,
};
use crate::place::{AgentId, Class, SectorId, Shape, Slots};
use crate::throw::quorum::{self, Counts, Outlook, Thresholds, Trinary};
use crate::throw::{Relay, RelayDue, Sheet};
use crate::time::{Boot, Micros, Moment, WallTime};
use crate::trust::KeyId;
use crate::trust::seat::Seat;
use crate::unit::{Digest, Share, Weight};
use std::sync::Arc;

/// Of the eligible, this share shall make T when the order leaves T open.
const SHARE_WANTED: Share = Share::new(0.995);
/// The latest T that is chosen for an order that leaves it open: whoever needs longer is skipped, and told so.
const EARLIEST_MAX: Micros = Micros::seconds(5);
/// How long after T a throw may still be started on: as long as the answers to it are kept.
const LIVES: Micros = Micros::seconds(5);
/// What a role's own work and a bucket may add on each hop.
const HOP_SLACK: Micros = Micros::millis(5);

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
    lamport: Lamport,
    wall: WallTime,
    started: Moment,
    echo_at: Moment,
    lossy: bool,
}

/// What the orchestrator keeps of one sector.
#[derive(Debug, Default)]
struct Record {
    link: Downlink,
    trip: Trip,
    need: Need,
    clusters: Vec<Option<Arc<ClusterReport>>>,
}

/// An order for a throw.
#[derive(Debug, Clone)]
pub struct Order {
    /// What to do.
    pub verb: Verb,
    /// How it goes down.
    pub strategy: Strategy,
    /// The content.
    pub payload: Arc<[u8]>,
    /// Its complexity.
    pub weight: Weight,
    /// How long after T answers count.
    pub window: Micros,
    /// T from now; left open, the earliest instant that the wanted share can make.
    pub within: Option<Micros>,
    /// What quorum asks for.
    pub thresholds: Thresholds,
    /// On-time rate wanted of each agent.
    pub on_time: Share,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            verb: Verb::Sync,
            strategy: Strategy::Wave,
            payload: Arc::from(&b""[..]),
            weight: Weight::default(),
            window: Micros::millis(500),
            within: None,
            thresholds: Thresholds::DEFAULT,
            on_time: super::lead::ON_TIME,
        }
    }
}

#[derive(Debug)]
struct Toss {
    header: Arc<Header>,
    thresholds: Thresholds,
    accepted: Moment,
    target: Moment,
    relay: Relay,
    parts: Vec<Part>,
    close_at: Moment,
}

#[derive(Debug)]
struct Part {
    sector: SectorId,
    targets: Arc<[ClusterTargets]>,
    folds: Vec<Option<Arc<Fold>>>,
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
            lamport: Lamport::default(),
            wall: WallTime::default(),
            started: Moment::default(),
            echo_at: Moment::NEVER,
            lossy: false,
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
            Input::Worker(_) => out.refuse(Refusal::Unexpected),
        }
        self.office.wake(now, out);
        self.advance_tosses(now, out);
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
        tosses.fold(self.echo_at.min(self.office.next_wake()), Moment::min)
    }

    /// Plans a throw to everybody for whom `wanted` is true and sends it on its way.
    pub fn throw(
        &mut self,
        now: Moment,
        order: &Order,
        wanted: impl Fn(AgentId, Class) -> bool,
        out: &mut Outputs,
    ) -> Option<MessageId> {
        if self.tosses.len() >= CASTS_MAX || !self.serving() {
            return None;
        }
        let parts = self.targets(&wanted);
        let earliest = || self.earliest(order, &parts).min(EARLIEST_MAX);
        let within = order.within.unwrap_or_else(earliest);
        let target = now + within;
        let header = Arc::new(self.header(now, order, within));
        let children = parts.iter().map(|part| {
            let slot = part.sector.index();
            (slot as u16, self.sectors[slot].trip.round())
        });
        let gated = order.strategy == Strategy::Wave;
        let relay = Relay::new(
            now,
            target,
            children,
            gated.then_some(Thresholds::SECTOR_GATE.ready),
            false,
            self.lossy,
        );
        let toss = Toss {
            thresholds: order.thresholds,
            accepted: now,
            target,
            relay,
            parts,
            close_at: target + order.window + self.return_time(),
            header,
        };
        for part in &toss.parts {
            out.send(
                To::Child(part.sector.index() as u16),
                self.epoch,
                Body::Throw(toss.hop_for(part)),
            );
        }
        let id = toss.header.id;
        self.tosses.push(toss);
        self.advance_tosses(now, out);
        Some(id)
    }

    /// The open operations, each with the moment by which it ends whatever happens; at most [`CASTS_MAX`].
    pub fn open(&self) -> impl Iterator<Item = (MessageId, Moment)> {
        let tosses = self.tosses.iter();
        tosses.map(|toss| (toss.header.id, toss.close_at))
    }

    fn start(&mut self, now: Moment, start: &Start, out: &mut Outputs) {
        self.chance = Chance::new(start.seed).split(u64::from(start.boot.0));
        self.mint = IdMint::new(self.chance.split(1));
        self.wall = start.wall;
        self.started = now;
        self.lossy = start.lossy;
        self.office.stand(now, self.chance.split(2), out);
    }

    /// The seat was won or lost.
    fn turn(&mut self, now: Moment, turn: Turn, out: &mut Outputs) {
        match turn {
            Turn::Same => {}
            Turn::Begun => {
                self.epoch = self.office.serving().unwrap_or_default();
                let clusters = usize::from(self.shape.clusters);
                let record = || Record {
                    clusters: vec![None; clusters],
                    ..Record::default()
                };
                self.sectors = (0..self.shape.sectors).map(|_| record()).collect();
                self.echo(out);
                self.echo_at = now + self.chance.span(Micros::ZERO, BEAT);
            }
            Turn::Ended => {
                self.sectors = Vec::new();
                self.tosses = Vec::new();
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
            levels: 0,
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
        if !record.link.admit(arrival.epoch) {
            return out.refuse(Refusal::StaleEpoch);
        }
        match arrival.body {
            Body::SectorReport(report) => {
                let beat = &report.beat;
                let exchange = beat.exchange.filter(|_| beat.epoch == self.epoch);
                if record
                    .hear(
                        arrival.epoch,
                        beat.boot,
                        exchange,
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
                for (cluster, rows) in &report.clusters {
                    if let Some(place) = record.clusters.get_mut(usize::from(*cluster)) {
                        *place = Some(Arc::clone(rows));
                    }
                }
                let turn = self.office.heard(now, report.beat.epoch, out);
                self.turn(now, turn, out);
            }
            Body::Probe(probe) => {
                let exchange = probe.exchange.filter(|_| probe.epoch == self.epoch);
                if record
                    .hear(arrival.epoch, probe.boot, exchange, sent, received)
                    .is_none()
                {
                    return out.refuse(Refusal::OldBoot);
                }
                let exchange = Exchange { sent, received };
                out.send(To::Child(slot), self.epoch, Body::Probed(exchange));
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
            Body::SectorFold(fold) => self.fold(now, slot, &fold),
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    fn fold(&mut self, _now: Moment, slot: u16, sector: &SectorFold) {
        let Some(toss) = self
            .tosses
            .iter_mut()
            .find(|toss| toss.header.id == sector.operation)
        else {
            return;
        };
        let Some(part) = toss
            .parts
            .iter_mut()
            .find(|part| part.sector.index() == usize::from(slot))
        else {
            return;
        };
        for (cluster, fold) in &sector.clusters {
            let Some(index) = part
                .targets
                .iter()
                .position(|targets| targets.slot == *cluster)
            else {
                continue;
            };
            let newer = part.folds[index]
                .as_ref()
                .is_none_or(|known| known.version < fold.version);
            if newer && fold.targeted == part.targets[index].agents && fold.balanced() {
                part.folds[index] = Some(Arc::clone(fold));
            }
        }
        if sector.sealed
            && part
                .folds
                .iter()
                .all(|fold| fold.as_ref().is_some_and(|fold| fold.sealed))
        {
            toss.relay.sealed(slot);
        }
    }

    fn advance_tosses(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.tosses.len() {
            let toss = &mut self.tosses[index];
            while let Some(due) = toss.relay.due(now) {
                let operation = toss.header.id;
                match due {
                    RelayDue::Resend(child) => {
                        if let Some(part) = toss
                            .parts
                            .iter()
                            .find(|part| part.sector.index() == usize::from(child))
                        {
                            out.send(
                                To::Child(child),
                                self.epoch,
                                Body::Throw(toss.hop_for(part)),
                            );
                        }
                    }
                    RelayDue::Poll(child) => {
                        out.send(To::Child(child), self.epoch, Body::Poll(operation))
                    }
                    RelayDue::Gate(go) => out.send(
                        To::Everyone,
                        self.epoch,
                        Body::Proceed(Proceed { operation, go }),
                    ),
                    // Nobody is above.
                    RelayDue::Nudge => {}
                    RelayDue::Lost(child, armed) => {
                        let record = &self.sectors[usize::from(child)];
                        toss.lose(child, armed, record);
                    }
                }
            }
            let hopeless = || {
                matches!(
                    quorum::outlook(toss.counts(), toss.thresholds),
                    Outlook::Lost { certain: Some(_) }
                )
            };
            if toss.relay.complete()
                || now >= toss.close_at
                || toss.relay.next_deadline() == Moment::NEVER && hopeless()
            {
                let toss = self.tosses.swap_remove(index);
                out.event(Event::Sealed(Box::new(self.sheet(now, &toss))));
            } else {
                index += 1;
            }
        }
    }

    fn sheet(&self, now: Moment, toss: &Toss) -> Sheet {
        let mut sheet = Sheet::new(&toss.header, toss.accepted, toss.target);
        sheet.elapsed = now.since(toss.accepted);
        for part in &toss.parts {
            let record = &self.sectors[part.sector.index()];
            for (targets, fold) in part.targets.iter().zip(&part.folds) {
                let cluster = part.sector.cluster(targets.slot);
                match fold {
                    Some(fold) => sheet.add(cluster, fold),
                    None => sheet.add(
                        cluster,
                        &unheard(
                            toss.header.id,
                            targets.agents,
                            true,
                            record.report(targets.slot),
                        ),
                    ),
                }
            }
        }
        let eligible = |pick: fn(&crate::throw::ClassTally32) -> u32| {
            sheet.classes.iter().map(pick).sum::<u32>()
        };
        let counts = Counts {
            ready: eligible(|class| class.ready),
            conflict: eligible(|class| class.conflict),
            transit: sheet.account.transit,
            unreachable: sheet.account.unreachable,
        };
        sheet.decision = quorum::decide_final(counts, toss.thresholds).decision;
        sheet
    }

    /// Whom it is for, as bitmaps, resolved once.
    fn targets(&self, wanted: &impl Fn(AgentId, Class) -> bool) -> Vec<Part> {
        let mut parts = Vec::new();
        for (index, record) in self.sectors.iter().enumerate() {
            let sector = SectorId::at(index);
            let targets: Arc<[ClusterTargets]> = record
                .clusters
                .iter()
                .enumerate()
                .filter_map(|(slot, report)| {
                    let cluster = sector.cluster(slot as u8);
                    let rows = &report.as_ref()?.rows;
                    let agents: Slots = rows
                        .iter()
                        .filter(|row| wanted(cluster.agent(row.slot), row.class))
                        .map(|row| row.slot)
                        .collect();
                    (!agents.is_empty()).then_some(ClusterTargets {
                        slot: slot as u8,
                        agents,
                        leads: None,
                    })
                })
                .collect();
            if !targets.is_empty() {
                parts.push(Part {
                    sector,
                    folds: vec![None; targets.len()],
                    targets,
                });
            }
        }
        parts
    }

    /// The earliest T, from now, that the wanted share of the eligible can make.
    fn earliest(&self, order: &Order, parts: &[Part]) -> Micros {
        let mut leads: Vec<i64> = Vec::new();
        let mut tree = Micros::ZERO;
        for part in parts {
            let record = &self.sectors[part.sector.index()];
            let gate = if order.strategy == Strategy::Wave {
                record.trip.round()
            } else {
                Micros::ZERO
            };
            tree = tree.max(gate + record.trip.down() + record.need.down);
            for targets in part.targets.iter() {
                let rows = record
                    .report(targets.slot)
                    .map_or(&[][..], |report| &report.rows);
                let can = |row: &&RowReport| {
                    row.active && row.timed && !row.class.is_human() && targets.agents.has(row.slot)
                };
                leads.extend(rows.iter().filter(can).map(|row| Micros::from(row.lead).0));
            }
        }
        if leads.is_empty() {
            return tree;
        }
        let rank = (((leads.len() as f64) * SHARE_WANTED.value()) as usize).min(leads.len() - 1);
        let (_, lead, _) = leads.select_nth_unstable(rank);
        let weight = 1.0 + 0.5 * order.weight.value();
        tree + Micros(*lead).scale(weight) + HOP_SLACK + HOP_SLACK + HOP_SLACK
    }

    /// How long the last answers may be on their way up.
    fn return_time(&self) -> Micros {
        let longest = self
            .sectors
            .iter()
            .map(|record| record.trip.round() + record.need.round)
            .max();
        longest.unwrap_or(Micros::ZERO) + Micros::millis(200)
    }

    fn header(&mut self, now: Moment, order: &Order, within: Micros) -> Header {
        let wall = self.wall + now.since(self.started);
        let id = self.mint.next(wall);
        Header {
            id,
            correlation: id,
            causation: None,
            source: String::from("orchestrator"),
            routing: crate::message::Routing::ScatterGather,
            strategy: order.strategy,
            created: wall,
            ttl: within + LIVES,
            priority: Priority::Normal,
            weight: order.weight,
            requires: Vec::new(),
            verb: order.verb,
            payload: Arc::clone(&order.payload),
            payload_hash: Digest::of(&order.payload),
            expectation: Trinary::Ready,
            lamport: self.lamport.tick(),
            on_time: order.on_time,
            window: order.window,
            spread_max: None,
            quorum: order.thresholds.ready,
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

    fn report(&self, slot: u8) -> Option<&ClusterReport> {
        self.clusters.get(usize::from(slot))?.as_deref()
    }
}

impl Toss {
    fn hop_for(&self, part: &Part) -> Arc<Hop> {
        Arc::new(Hop {
            header: Arc::clone(&self.header),
            target: self.target,
            bound: Micros::ZERO,
            ttl: self.header.ttl,
            gated: self.header.strategy == Strategy::Wave,
            targets: Targets::Sector(Arc::clone(&part.targets)),
        })
    }

    fn lose(&mut self, child: u16, armed: bool, record: &Record) {
        let operation = self.header.id;
        let Some(part) = self
            .parts
            .iter_mut()
            .find(|part| part.sector.index() == usize::from(child))
        else {
            return;
        };
        for (targets, fold) in part.targets.iter().zip(&mut part.folds) {
            let fresh = match fold {
                Some(known) if known.sealed => continue,
                Some(known) => Fold {
                    version: known.version + 1,
                    sealed: true,
                    ..Fold::clone(known)
                },
                None => unheard(
                    operation,
                    targets.agents,
                    armed,
                    record.report(targets.slot),
                ),
            };
            *fold = Some(Arc::new(fresh));
        }
    }

    /// How the eligible stand; clusters from which nothing came yet are in transit.
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for part in &self.parts {
            for (targets, fold) in part.targets.iter().zip(&part.folds) {
                match fold {
                    Some(fold) => {
                        counts.ready += fold.ready.len() as u32;
                        counts.conflict += fold.conflict.len() as u32;
                        counts.transit += fold.transit.len() as u32;
                        counts.unreachable += fold.unreachable.len() as u32;
                    }
                    None => counts.transit += targets.agents.len() as u32,
                }
            }
        }
        counts
    }
}
