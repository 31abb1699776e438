//! The cluster lead: the authority on its agents. It schedules each of them, gathers their answers, folds them upwards.

use super::downlink::Downlink;
use super::office::{Office, Turn};
use super::uplink::{Due, Uplink};
use super::{Arrival, BEAT, CASTS_MAX, From, Input, Outputs, Refusal, Start, To};
use crate::chance::Chance;
use crate::impedance::{Acknowledged, ClassSlopes, Lead as Frozen, Profile};
use crate::message::{
    Ack, Armed, Beat, Body, Claims, ClusterReport, ClusterTargets, Compensation, Echo, Epoch, Hop,
    Lamport, MessageId, Micros32, Probe, Proceed, RowReport, SkipReason, Targets,
};
use crate::place::{Class, ClusterId, Slots};
use crate::throw::{Cast, CastDue, Timing};
use crate::time::{Boot, Micros, Moment};
use crate::trust::KeyId;
use crate::trust::seat::Seat;
use crate::unit::{Share, Weight};
use std::sync::Arc;

/// An agent silent for longer is taken to have crashed (§6.1).
pub const SILENCE_MAX: Micros = Micros::seconds(30);
/// The on-time rate that reports assume (PROTOCOL §3).
pub const ON_TIME: Share = Share::new(0.99);

/// One cluster lead.
#[derive(Debug)]
pub struct Lead {
    cluster: ClusterId,
    classes: Arc<[Class]>,
    boot: Boot,
    chance: Chance,
    uplink: Uplink,
    office: Office,
    epoch: Epoch,
    agents: Vec<Record>,
    /// What the classes here teach about weight and queue.
    slopes: Vec<(Class, ClassSlopes)>,
    casts: Vec<Cast>,
    echo_at: Moment,
    lamport: Lamport,
    delivered: u32,
    lossy: bool,
}

/// What the lead keeps of one agent.
#[derive(Debug)]
struct Record {
    class: Class,
    link: Downlink,
    profile: Profile,
    claims: Claims,
    context: u64,
}

impl Lead {
    /// A node that may lead these agents, by the class of each slot; it does so once it has the seat.
    pub fn new(cluster: ClusterId, classes: Arc<[Class]>, me: KeyId) -> Self {
        Self {
            cluster,
            classes,
            boot: Boot::default(),
            chance: Chance::new(0),
            uplink: Uplink::new(),
            office: Office::new(Seat::Lead(cluster), me),
            epoch: Epoch(0),
            agents: Vec::new(),
            slopes: Vec::new(),
            casts: Vec::new(),
            echo_at: Moment::NEVER,
            lamport: Lamport::default(),
            delivered: 0,
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
        self.advance_casts(now, out);
        if now >= self.echo_at {
            self.echo(out);
            self.echo_at = now + BEAT;
        }
        while let Some(due) = self.uplink.due(now) {
            let body = match due {
                Due::Beat => Body::ClusterReport(Arc::new(self.report(now))),
                Due::Probe => Body::Probe(Probe {
                    boot: self.uplink.boot(),
                    epoch: self.uplink.epoch(),
                    exchange: self.uplink.exchange(),
                }),
            };
            out.send(To::Parent, self.epoch, body);
        }
    }

    /// Whether it has its seat.
    pub const fn serving(&self) -> bool {
        self.office.serving().is_some()
    }

    /// When it wants to be called next.
    pub fn next_wake(&self) -> Moment {
        let casts = self.casts.iter().map(Cast::next_deadline);
        let own = self
            .uplink
            .next_wake()
            .min(self.echo_at)
            .min(self.office.next_wake());
        casts.fold(own, Moment::min)
    }

    /// Which cluster it leads.
    pub const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// The open operations.
    pub fn casts(&self) -> &[Cast] {
        &self.casts
    }

    fn start(&mut self, now: Moment, start: &Start, out: &mut Outputs) {
        self.boot = start.boot;
        self.lossy = start.lossy;
        self.chance = Chance::new(start.seed)
            .split(u64::from(self.cluster.agent(0).pack()) << 8 | u64::from(start.boot.0));
        self.office.stand(now, self.chance.split(1), out);
    }

    /// The seat was won or lost. Whoever wins it knows only who sits here, and makes itself known at once.
    fn turn(&mut self, now: Moment, turn: Turn, out: &mut Outputs) {
        match turn {
            Turn::Same => {}
            Turn::Begun => {
                self.epoch = self.office.serving().unwrap_or_default();
                self.agents = self
                    .classes
                    .iter()
                    .map(|&class| Record::new(class))
                    .collect();
                self.uplink
                    .start(now, self.boot, self.chance.span(Micros::ZERO, BEAT));
                self.echo(out);
                self.echo_at = now + self.chance.span(Micros::ZERO, BEAT);
            }
            Turn::Ended => {
                self.agents = Vec::new();
                self.casts = Vec::new();
                self.uplink.stop();
                self.echo_at = Moment::NEVER;
            }
        }
    }

    fn message(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
        match arrival.from {
            From::Parent => self.from_above(now, arrival, out),
            From::Child(slot) if usize::from(slot) < self.agents.len() => {
                self.from_agent(now, slot as u8, arrival, out)
            }
            From::Child(_) => out.refuse(Refusal::WrongPlace),
        }
    }

    fn from_above(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
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
                if let Some(entry) = echo.entry(u16::from(self.cluster.slot())) {
                    self.uplink.echoed(entry, arrival.sent, arrival.received);
                }
            }
            Body::Probed(exchange) => {
                self.uplink
                    .answered(exchange, arrival.sent, arrival.received)
            }
            Body::Throw(hop) => self.arm(now, &hop, arrival.sent, arrival.received, out),
            Body::Proceed(Proceed { operation, go }) => {
                if let Some(cast) = self.cast(operation) {
                    cast.proceed(now, go);
                }
            }
            Body::Handover(report) => self.inherit(&report),
            Body::Poll(operation) => {
                let epoch = self.epoch;
                if let Some(cast) = self.cast(operation) {
                    out.send(To::Parent, epoch, Body::Fold(Arc::new(cast.fold())));
                }
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    /// What the lead before us knew of agents that we know nothing of.
    fn inherit(&mut self, report: &ClusterReport) {
        for row in &report.rows {
            if let Some(record) = self.agents.get_mut(usize::from(row.slot))
                && record.profile.heard().is_none()
            {
                record.profile = Profile::from_digest(record.class, &row.digest);
            }
        }
    }

    fn from_agent(&mut self, now: Moment, slot: u8, arrival: Arrival, out: &mut Outputs) {
        let record = &mut self.agents[usize::from(slot)];
        let (sent, received) = (arrival.sent, arrival.received);
        match arrival.body {
            Body::Beat(beat) => {
                let exchange = beat.exchange.filter(|_| beat.epoch == self.epoch);
                if !record.hear(beat.boot, exchange, sent, received) {
                    return out.refuse(Refusal::OldBoot);
                }
                record.link.owe_echo(sent, received);
                record.claims = beat.claims;
                record.context = beat.context;
                self.lamport.witness(beat.lamport);
                let turn = self.office.heard(now, beat.epoch, out);
                self.turn(now, turn, out);
            }
            Body::Probe(probe) => {
                let exchange = probe.exchange.filter(|_| probe.epoch == self.epoch);
                if !record.hear(probe.boot, exchange, sent, received) {
                    return out.refuse(Refusal::OldBoot);
                }
                let exchange = crate::message::Exchange { sent, received };
                out.send(
                    To::Child(u16::from(slot)),
                    self.epoch,
                    Body::Probed(exchange),
                );
            }
            Body::Ack(ack) => self.ack(now, slot, &ack, out),
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    fn ack(&mut self, now: Moment, slot: u8, ack: &Ack, out: &mut Outputs) {
        let Some(cast) = self
            .casts
            .iter_mut()
            .find(|cast| cast.header().id == ack.operation)
        else {
            return out.refuse(Refusal::Expired);
        };
        let (target, weight) = (cast.target(), cast.header().weight);
        let Some((timing, sent)) = cast.ack(now, slot, ack) else {
            return out.refuse(Refusal::Duplicate);
        };
        if ack.answer == crate::message::Answer::Ready {
            let total = (target + ack.ready).since(sent);
            let record = &mut self.agents[usize::from(slot)];
            let acknowledged = Acknowledged {
                arrival: Some(ack.trip),
                processing: ack.processing,
                weight,
                queue: ack.queue,
            };
            record.profile.acknowledged(
                &acknowledged,
                slopes_of(&mut self.slopes, record.class),
                now,
            );
            let frozen = Frozen {
                median: timing.median,
                lead: timing.lead,
                bound: Micros::ZERO,
                total: timing.total,
            };
            record.profile.outcome(&frozen, total);
        }
    }

    /// A throw from above: translate T, plan everybody, say that we are armed.
    fn arm(
        &mut self,
        now: Moment,
        hop: &Arc<Hop>,
        sent: Moment,
        received: Moment,
        out: &mut Outputs,
    ) {
        let Targets::Cluster(targets) = &hop.targets else {
            return out.refuse(Refusal::WrongPlace);
        };
        let operation = hop.header.id;
        if let Some(cast) = self.cast(operation) {
            // The parent did not hear that we armed: say it again, start nothing.
            let armed = Armed {
                operation,
                seal: cast.seal_by(),
            };
            out.refuse(Refusal::Duplicate);
            return out.send(To::Parent, self.epoch, Body::Armed(armed));
        }
        let translated = self.uplink.translate(hop.target, sent, received);
        let (target, own_bound) =
            translated.map_or((now, Micros::ZERO), |t| (t.target, t.bound));
        let mut cast = Cast::new(
            Arc::clone(&hop.header),
            target,
            hop.bound + own_bound,
            received + hop.ttl,
            hop.gated,
            self.lossy,
        );
        let blanket = if translated.is_none() {
            Some(SkipReason::Clock)
        } else if self.casts.len() >= CASTS_MAX {
            Some(SkipReason::Busy)
        } else {
            None
        };
        cast.reserve(targets.agents.len());
        for slot in targets.agents.iter() {
            self.enter(&mut cast, slot, targets, blanket, now);
        }
        cast.plan(now);
        let armed = Armed {
            operation,
            seal: cast.seal_by(),
        };
        self.casts.push(cast);
        out.send(To::Parent, self.epoch, Body::Armed(armed));
    }

    fn enter(
        &self,
        cast: &mut Cast,
        slot: u8,
        targets: &ClusterTargets,
        blanket: Option<SkipReason>,
        now: Moment,
    ) {
        let Some(record) = self.agents.get(usize::from(slot)) else {
            return cast.missing(slot, Class::Edge);
        };
        let class = record.class;
        if let Some(reason) = blanket {
            return cast.exclude(slot, class, reason);
        }
        if class.is_human() {
            return cast.exclude(slot, class, SkipReason::Human);
        }
        if !record.active(now) {
            return cast.missing(slot, class);
        }
        let slopes = self.slopes_for(class);
        let mut timing = record.timing(&slopes, cast.header().weight, cast.header().on_time);
        if let Some(&lead) = targets
            .leads
            .as_ref()
            .and_then(|leads| leads.get(usize::from(slot)))
        {
            timing.lead = Micros(i64::from(lead) * 100);
        }
        cast.include(slot, class, timing);
    }

    fn advance_casts(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.casts.len() {
            match self.casts[index].due(now) {
                None => index += 1,
                Some(CastDue::Send(slots)) => self.send_bucket(index, slots, true, out),
                Some(CastDue::Repeat(slots)) => self.send_bucket(index, slots, false, out),
                Some(CastDue::Nudge) => {
                    let cast = &self.casts[index];
                    let armed = Armed {
                        operation: cast.header().id,
                        seal: cast.seal_by(),
                    };
                    out.send(To::Parent, self.epoch, Body::Armed(armed));
                }
                Some(CastDue::Poll(slots)) => {
                    let operation = self.casts[index].header().id;
                    out.send(To::Children(slots), self.epoch, Body::Poll(operation));
                }
                Some(CastDue::Fold) => {
                    let fold = self.casts[index].fold();
                    out.send(To::Parent, self.epoch, Body::Fold(Arc::new(fold)));
                }
                Some(CastDue::Drop) => {
                    self.casts.swap_remove(index);
                }
            }
        }
    }

    /// The agents of one bucket, as one message.
    fn send_bucket(&mut self, index: usize, slots: Slots, fresh: bool, out: &mut Outputs) {
        if slots.is_empty() {
            return;
        }
        let cast = &self.casts[index];
        let agents = &mut self.agents;
        let parts: Arc<[Compensation]> = slots
            .iter()
            .filter_map(|slot| {
                let timing: Timing = cast.timing(slot)?;
                Some(Compensation {
                    slot,
                    sequence: agents.get_mut(usize::from(slot))?.link.number(fresh),
                    lead: timing.lead,
                    processing: timing.processing,
                    confidence: timing.confidence,
                })
            })
            .collect();
        let hop = Hop {
            header: Arc::clone(cast.header()),
            target: cast.target(),
            bound: cast.bound(),
            ttl: cast.header().ttl,
            gated: false,
            targets: Targets::Agents(parts),
        };
        out.send(To::Children(slots), self.epoch, Body::Throw(Arc::new(hop)));
    }

    fn echo(&mut self, out: &mut Outputs) {
        let entries: Vec<_> = self
            .agents
            .iter_mut()
            .enumerate()
            .filter_map(|(slot, record)| record.link.take_echo(slot as u16))
            .collect();
        let echo = Echo {
            entries,
            levels: 0,
            lamport: self.lamport.tick(),
        };
        out.send(To::Everyone, self.epoch, Body::Echo(Arc::new(echo)));
    }

    fn report(&mut self, now: Moment) -> ClusterReport {
        let beat = Beat {
            boot: self.uplink.boot(),
            exchange: self.uplink.exchange(),
            delivered: self.delivered,
            epoch: self.uplink.epoch(),
            levels: 0,
            context: 0,
            lamport: self.lamport.tick(),
            claims: Claims::default(),
        };
        let rows = self
            .agents
            .iter()
            .enumerate()
            .map(|(slot, record)| record.row(slot as u8, &self.slopes_for(record.class), now))
            .collect();
        ClusterReport { beat, rows }
    }

    fn slopes_for(&self, class: Class) -> ClassSlopes {
        let known = self.slopes.iter().find(|(of, _)| *of == class);
        known.map_or_else(ClassSlopes::default, |(_, slopes)| slopes.clone())
    }

    fn cast(&mut self, operation: MessageId) -> Option<&mut Cast> {
        self.casts
            .iter_mut()
            .find(|cast| cast.header().id == operation)
    }
}

impl Record {
    fn new(class: Class) -> Self {
        Self {
            class,
            link: Downlink::new(),
            profile: Profile::new(class),
            claims: Claims::default(),
            context: 0,
        }
    }

    fn hear(
        &mut self,
        boot: crate::time::Boot,
        exchange: Option<crate::message::Exchange>,
        sent: Moment,
        received: Moment,
    ) -> bool {
        let Some(measured) = self
            .link
            .exchange(Epoch::default(), boot, exchange, sent, received)
        else {
            return false;
        };
        if let Some(down) = measured.down {
            self.profile.one_way(down, received);
        }
        true
    }

    fn active(&self, now: Moment) -> bool {
        self.link
            .heard()
            .is_some_and(|heard| now.since(heard) < SILENCE_MAX)
    }

    fn timing(&self, slopes: &ClassSlopes, weight: Weight, on_time: Share) -> Timing {
        let network = self.profile.network();
        let total = self.profile.total(slopes, weight, self.claims.queue);
        let back = network.quantile(Share::new(0.99));
        let trip = network.median();
        Timing {
            median: total.median(),
            lead: total.at(on_time),
            limit: total.at(Share::new(0.999)),
            processing: total.median() - trip,
            back,
            round: trip + network.quantile(Share::new(0.999)),
            confidence: on_time,
            total,
        }
    }

    fn row(&self, slot: u8, slopes: &ClassSlopes, now: Moment) -> RowReport {
        let timing = self.timing(slopes, Weight::default(), ON_TIME);
        RowReport {
            slot,
            class: self.class,
            active: self.active(now),
            timed: self.link.clock().ready(),
            latency: Micros32::from(timing.median - timing.processing),
            processing: timing.processing.into(),
            impedance: timing.median.into(),
            lead: timing.lead.into(),
            queue: self.claims.queue,
            reliability: self.claims.reliability,
            drift: 0,
            silent: self
                .link
                .heard()
                .map_or(Micros::MAX, |heard| now.since(heard))
                .into(),
            context: self.context,
            digest: self.profile.digest(slopes, now),
        }
    }
}

fn slopes_of(all: &mut Vec<(Class, ClassSlopes)>, class: Class) -> &mut ClassSlopes {
    let index = all
        .iter()
        .position(|(of, _)| *of == class)
        .unwrap_or_else(|| {
            all.push((class, ClassSlopes::default()));
            all.len() - 1
        });
    &mut all[index].1
}
