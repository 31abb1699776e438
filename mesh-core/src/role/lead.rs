//! The cluster lead: the authority on its agents. It schedules each of them, gathers their answers, folds them upwards.

use super::desired::{Desired, WriteError};
use super::dispute::Disputes;
use super::errands::Routes;
use super::mailbox::{Mailbox, Opened};
use super::mailing::{Letter, Mailing, NEWS_TTL};
use super::news::News;
use super::notary::is_genuine;
use super::notice::Steps;
use super::office::{Office, Turn};
use super::stops::{StopDue, Stops};
use super::uplink::{Due, Uplink};
use super::vigil::{self, Vigil};
use super::{
    Arrival, BEAT, BUCKET, CASTS_MAX, From, Input, KEPT_MAX, Outputs, Refusal, Start, To, is_due,
};
use crate::chance::Chance;
use crate::conflict::Tier;
use crate::guard::freeze::stop_bytes;
use crate::guard::level::{Author, Effective, Gate, Kind, Stamp, Value};
use crate::impedance::{Acknowledged, ClassSlopes, Lead as Frozen};
use crate::message::delivery::Verdict;
use crate::message::{
    Ack, Armed, Beat, Body, Changes, Claims, ClusterReport, ClusterTargets, Compensation, Echo,
    Epoch, Hop, LamportClock, MessageId, Probe, Proceed, SkipReason, Taken, Targets,
};
use crate::place::scope::Region;
use crate::place::{Class, ClusterId, Slots};
use crate::registry::{Capabilities, CapabilitySet};
use crate::throw::{Cast, CastDue, Timing};
use crate::time::{Boot, Micros, Moment};
use crate::trust::KeyId;
use crate::trust::seat::Seat;
use crate::unit::Share;
use std::sync::Arc;

/// The on-time rate that reports assume (PROTOCOL §3).
pub(super) const ON_TIME: Share = Share::new(0.99);

mod errands;
mod guards;
mod places;
mod post;
mod record;

use guards::plain;
use record::Record;

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
    lamport: LamportClock,
    mailbox: Mailbox,
    routes: Routes,
    taken: Taken,
    mailing: Mailing,
    lossy: bool,
    key: KeyId,
    vigil: Vigil,
    /// Whose impedance weights are locked, and who is in quarantine, by desired state.
    locked: Slots,
    quarantined: Slots,
    disputes: Disputes,
    steps: Steps,
    news: News,
    /// What the capability bits of its records mean.
    names: Arc<Capabilities>,
    desired: Desired,
    stops: Stops,
    /// Slots at which nobody sits any more.
    vacant: Slots,
    calibrating: places::Calibrations,
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
            lamport: LamportClock::default(),
            mailbox: Mailbox::default(),
            routes: Routes::default(),
            taken: Taken::default(),
            mailing: Mailing::new(),
            lossy: false,
            key: me,
            vigil: Vigil::new(cluster, 0, Moment(0)),
            locked: Slots::EMPTY,
            quarantined: Slots::EMPTY,
            disputes: Disputes::new(Tier::Lead),
            steps: Steps::default(),
            news: News::default(),
            names: Arc::default(),
            desired: Desired::new(Author::Lead(cluster)),
            stops: Stops::new(),
            vacant: Slots::EMPTY,
            calibrating: Vec::new(),
        }
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
            Input::Seated(sitters) => self.seated(now, &sitters, out),
            Input::Worker(_)
            | Input::Operation(_)
            | Input::Stored(_)
            | Input::Recalled(_)
            | Input::Brought(..)
            | Input::Clusters(_) => out.refuse(Refusal::Unexpected),
        }
        self.office.wake(now, out);
        self.wake_levels(now, out);
        self.wake_mail(now, out);
        self.advance_casts(now, out);
        self.guard(now, out);
        if self.news.due(now) {
            self.tell_changes(now, out);
        }
        if is_due(now, self.echo_at, BEAT) {
            self.echo(now, out);
            self.echo_at = now + BEAT;
        }
        while let Some(due) = self.uplink.due(now) {
            let body = match due {
                Due::Beat => Body::ClusterReport(Arc::new(self.report(now))),
                Due::Probe => Body::Probe(Probe {
                    boot: self.uplink.boot(),
                    epoch: self.uplink.epoch(),
                    obeys: self.uplink.obeys(),
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
            .min(self.news.next_wake())
            .min(self.office.next_wake())
            .min(self.desired.next_wake())
            .min(self.disputes.next_wake())
            .min(self.stops.next_wake())
            .min(self.mailbox.next_wake())
            .min(self.mailing.next_wake());
        casts.fold(own, Moment::min)
    }

    /// See [`crate::warm`]: for a message from the child at this slot, or for a wake.
    pub fn warm(&self, slot: Option<u16>) -> u64 {
        let own = self.next_wake().0 as u64 ^ self.uplink.warm();
        let Some(slot) = slot else { return own };
        let record = self.agents.get(usize::from(slot));
        own ^ record.map_or(0, Record::warm) ^ self.vigil.warm(slot as u8)
    }

    /// Which cluster it leads.
    pub const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// Writes a level in the name of this seat and spreads it at once; see [`Desired::write`].
    pub fn write(
        &mut self,
        now: Moment,
        kind: Kind,
        region: Region,
        value: Value,
        lasting: Option<Micros>,
        out: &mut Outputs,
    ) -> Result<Stamp, WriteError> {
        let stamp = self.desired.write(now, kind, region, value, lasting, out)?;
        self.levels_changed(now, out);
        Ok(stamp)
    }

    /// Desired state as it is known here.
    pub const fn desired(&self) -> &Desired {
        &self.desired
    }

    /// Operations open here; at most [`CASTS_MAX`].
    pub fn open(&self) -> usize {
        self.casts.iter().filter(|cast| !cast.is_over()).count()
    }

    /// The operations, open or over and kept for a while.
    pub fn casts(&self) -> &[Cast] {
        &self.casts
    }

    fn start(&mut self, now: Moment, start: &Start, out: &mut Outputs) {
        self.boot = start.boot;
        self.lossy = start.lossy;
        self.desired.start(start);
        self.disputes.start(now, start, self.key);
        self.chance = Chance::new(start.seed)
            .split(u64::from(self.cluster.agent(0).pack()) << 8 | u64::from(start.boot.0));
        self.mailing.start(now, start, self.chance.split(3));
        self.office.stand(now, self.chance.split(1), out);
    }

    /// The seat was won or lost. Whoever wins it knows only who sits here, and makes itself known at once.
    fn turn(&mut self, now: Moment, turn: Turn, out: &mut Outputs) {
        match turn {
            Turn::Same => {}
            Turn::Begun => {
                self.epoch = self.office.serving().unwrap_or_default();
                let mut names = Capabilities::default();
                self.desired.serve(now, self.epoch);
                self.slopes = Vec::new();
                for &class in self.classes.iter() {
                    if self.slopes.iter().all(|(known, _)| *known != class) {
                        self.slopes.push((class, ClassSlopes::default()));
                    }
                }
                let manner = |class| {
                    self.slopes
                        .iter()
                        .position(|(known, _)| *known == class)
                        .unwrap_or(0)
                };
                self.agents = self
                    .classes
                    .iter()
                    .map(|&class| Record::new(class, manner(class) as u8, &mut names))
                    .collect();
                self.names = Arc::new(names);
                self.news = News::default();
                self.uplink
                    .start(now, self.boot, self.chance.span(Micros::ZERO, BEAT));
                self.vigil = Vigil::new(self.cluster, self.agents.len(), now);
                self.vigil
                    .reseat(self.agents.len(), Slots::EMPTY, self.vacant, now);
                self.calibrating.clear();
                self.disputes.turn();
                self.mailbox.clear();
                self.taken = Taken::default();
                self.levels_changed(now, out);
                self.echo(now, out);
                self.echo_at = now + self.chance.span(Micros::ZERO, BEAT);
            }
            Turn::Ended => {
                self.agents = Vec::new();
                self.desired.retire();
                self.stops = Stops::new();
                self.casts = Vec::new();
                self.vigil = Vigil::new(self.cluster, 0, now);
                self.disputes.turn();
                self.news = News::default();
                self.uplink.stop();
                self.echo_at = Moment::NEVER;
            }
        }
    }

    fn message(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
        match arrival.from {
            From::Parent => self.hear_above(now, arrival, out),
            From::Child(slot) if usize::from(slot) < self.agents.len() => {
                self.hear_agent(now, slot as u8, arrival, out);
            }
            From::Child(_) | From::Peer(_) => out.refuse(Refusal::WrongPlace),
        }
    }

    fn hear_above(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
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
        match arrival.body {
            Body::Echo(echo) => {
                self.lamport.witness(echo.lamport);
                if let Some(entry) = echo.entry(u16::from(self.cluster.slot())) {
                    self.uplink.echoed(entry, arrival.sent, arrival.received);
                    let (last, floor) = (entry.last, entry.floor);
                    self.mailbox
                        .heard(now, arrival.epoch, last, floor, &mut opened);
                }
                self.desired.echoed(now, echo.levels, out);
            }
            Body::Probed(probed) => {
                self.uplink
                    .answered(probed.exchange, arrival.sent, arrival.received);
                let (last, floor) = (probed.last, probed.floor);
                self.mailbox
                    .heard(now, arrival.epoch, last, floor, &mut opened);
                self.desired.probed(now, probed.levels, out);
            }
            body @ (Body::Levels(_) | Body::LevelsHave(_) | Body::LevelsWanted(_)) => {
                self.take_levels(now, From::Parent, body, out);
            }
            Body::Hail => {
                let report = Arc::new(self.report(now));
                out.send(To::Parent, self.epoch, Body::ClusterReport(report));
            }
            Body::Numbered(ref content) if !is_genuine(self.desired.notary(), content) => {
                return out.refuse(Refusal::Forged);
            }
            Body::Numbered(ref content) => {
                let slot = u16::from(self.cluster.slot());
                let verdict =
                    self.mailbox
                        .take(now, slot, &arrival, content, self.epoch, &mut opened, out);
                if verdict == Verdict::Duplicate {
                    self.say_armed(content, out);
                }
            }
            Body::Tail(tail) => {
                let (last, floor) = (tail.last, tail.floor);
                self.mailbox
                    .heard(now, arrival.epoch, last, floor, &mut opened);
            }
            Body::Proceed(Proceed { operation, go }) => {
                if let Some(cast) = self.cast(operation) {
                    cast.proceed(now, go);
                }
            }
            Body::Prove(_) => self.stops.ask(now),
            Body::Handover(report) => self.inherit(now, &report),
            Body::Poll(operation) => {
                let epoch = self.epoch;
                if let Some(cast) = self.cast(operation) {
                    out.send(To::Parent, epoch, Body::Fold(Arc::new(cast.fold())));
                }
            }
            _ => out.refuse(Refusal::Unexpected),
        }
        self.open_all(now, opened, out);
    }

    /// Who became active or silent since those above were told.
    fn tell_changes(&mut self, now: Moment, out: &mut Outputs) {
        let (active, next) = self.vigil.active(now, &mut self.steps);
        let states = self.news.changes(active, next);
        if !states.is_empty() {
            let cluster = self.cluster.slot();
            let changes = Changes { cluster, states };
            out.send(To::Parent, self.epoch, Body::Changes(Arc::new(changes)));
        }
    }

    fn hear_agent(&mut self, now: Moment, slot: u8, arrival: Arrival, out: &mut Outputs) {
        if !self.believable(now, slot, &arrival, out) {
            return;
        }
        let locked = self.is_locked(slot);
        let record = &mut self.agents[usize::from(slot)];
        let (sent, received) = (arrival.sent, arrival.received);
        match arrival.body {
            Body::Beat(beat) => {
                let ours = self.office.is_obeyed(beat.epoch, beat.obeys);
                let exchange = beat.exchange.filter(|_| ours);
                let Some(measured) = record.hear(beat.boot, exchange, sent, received, locked)
                else {
                    return out.refuse(Refusal::OldBoot);
                };
                if ours {
                    record.link.outbox(self.epoch).acknowledged(beat.delivered);
                }
                let seen = vigil::Measured {
                    down: measured.down,
                    locked,
                };
                self.exchanged(slot, &measured, out);
                let record = &mut self.agents[usize::from(slot)];
                self.vigil.beat(slot, &beat, seen, now, &mut self.steps);
                record.link.owe_echo(sent, received);
                record.claims = beat.claims;
                record.context = beat.context;
                self.lamport.witness(beat.lamport);
                self.news.heard(slot, now);
                self.desired.beat(u16::from(slot), beat.levels, out);
                let turn = self.office.heard(now, beat.epoch, beat.obeys, out);
                self.turn(now, turn, out);
            }
            Body::Probe(probe) => {
                let ours = self.office.is_obeyed(probe.epoch, probe.obeys);
                let exchange = probe.exchange.filter(|_| ours);
                let Some(measured) = record.hear(probe.boot, exchange, sent, received, locked)
                else {
                    return out.refuse(Refusal::OldBoot);
                };
                self.exchanged(slot, &measured, out);
                self.vigil.heard(slot, now, &mut self.steps);
                let exchange = crate::message::Exchange { sent, received };
                let levels = self.desired.digest_for(u16::from(slot));
                let record = &mut self.agents[usize::from(slot)];
                let probed = record.link.probed(exchange, levels, now);
                out.send(To::Child(u16::from(slot)), self.epoch, Body::Probed(probed));
            }
            Body::Ack(ack) => self.ack(now, slot, &ack, out),
            Body::Errand(passed) => self.errand_from(now, slot, &passed, out),
            Body::Returned(returned) => self.returned_from(now, slot, &returned, out),
            Body::Missing(missing) => {
                let (link, slot) = (&mut record.link, u16::from(slot));
                Mailing::asked(now, self.epoch, slot, link, missing, out);
            }
            Body::Received(received) => Mailing::received(self.epoch, &mut record.link, received),
            Body::Conflict(report) if report.agent == self.cluster.agent(slot) => {
                self.dispute(now, &report, out);
            }
            Body::Able(abilities) => {
                let names = Arc::make_mut(&mut self.names);
                let known = abilities.iter().take(Capabilities::MAX);
                // What finds no room among the names is as if it were not there.
                record.abilities = known
                    .filter_map(|name| names.intern(name.as_str()).ok())
                    .fold(CapabilitySet::EMPTY, CapabilitySet::or);
            }
            Body::TaskNews(news) if news.agent == self.cluster.agent(slot) => {
                out.send(To::Parent, self.epoch, Body::TaskNews(news));
            }
            Body::TaskNews(_) => out.refuse(Refusal::WrongPlace),
            Body::Stopped(stopped) => {
                let agent = self.cluster.agent(slot);
                let bytes = stop_bytes(agent, stopped.epoch);
                let right = self.desired.vouches_for(agent, &bytes, &stopped.signature);
                if !right || !self.stops.stopped(now, slot, &stopped) {
                    out.refuse(Refusal::Unexpected);
                }
            }
            body @ (Body::Levels(_) | Body::LevelsHave(_) | Body::LevelsWanted(_)) => {
                self.take_levels(now, From::Child(u16::from(slot)), body, out);
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    fn ack(&mut self, now: Moment, slot: u8, ack: &Ack, out: &mut Outputs) {
        self.vigil.heard(slot, now, &mut self.steps);
        if ack.epoch == self.epoch {
            let link = &mut self.agents[usize::from(slot)].link;
            link.outbox(self.epoch).acknowledged(ack.sequence);
        }
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
            let took = plain(total, ack.processing, weight, ack.queue);
            let class = record.class;
            self.vigil
                .answered(slot, class, Some(took), now, &mut self.steps);
            self.vigil.result(ack.operation, slot, ack.result);
            if self.locked.has(slot) {
                return;
            }
            let acknowledged = Acknowledged {
                arrival: Some(ack.trip),
                processing: ack.processing,
                weight,
                queue: ack.queue,
            };
            record.profile.acknowledged(
                &acknowledged,
                &mut self.slopes[usize::from(record.manner)].1,
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
    fn arm(&mut self, now: Moment, hop: &Arc<Hop>, letter: &Opened, out: &mut Outputs) {
        let (sent, received) = (letter.sent, letter.received);
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
        let (target, own_bound) = translated.map_or((now, Micros::ZERO), |t| (t.target, t.bound));
        let mut cast = Cast::new(
            Arc::clone(&hop.header),
            target,
            hop.bound + own_bound,
            letter.expires(),
            hop.gated,
            self.lossy,
        );
        let blanket = if translated.is_none() {
            Some(SkipReason::Clock)
        } else if !self.desired.settled() {
            Some(SkipReason::Settling)
        } else if self.open() >= CASTS_MAX {
            Some(SkipReason::Busy)
        } else {
            None
        };
        cast.reserve(targets.agents.len());
        for slot in targets.agents.iter() {
            self.enter(now, &mut cast, slot, targets, blanket);
        }
        cast.plan(now);
        let armed = Armed {
            operation,
            seal: cast.seal_by(),
        };
        if self.casts.len() >= KEPT_MAX
            && let Some(oldest) = self.casts.iter().position(Cast::is_over)
        {
            self.casts.remove(oldest);
        }
        self.casts.push(cast);
        out.send(To::Parent, self.epoch, Body::Armed(armed));
    }

    fn enter(
        &self,
        now: Moment,
        cast: &mut Cast,
        slot: u8,
        targets: &ClusterTargets,
        blanket: Option<SkipReason>,
    ) {
        let Some(record) = self.agents.get(usize::from(slot)) else {
            return cast.missing(slot, Class::Edge);
        };
        let class = record.class;
        if self.vacant.has(slot) {
            return cast.missing(slot, class);
        }
        if let Some(reason) = blanket {
            return cast.exclude(slot, class, reason);
        }
        if class.is_human() {
            return cast.exclude(slot, class, SkipReason::Human);
        }
        let effective = self.desired.effective(self.cluster.agent(slot), class);
        let mut chance = Chance::new(cast.header().id.0 as u64).split(u64::from(slot));
        if let Some(reason) = barred(&effective) {
            return cast.exclude(slot, class, reason);
        }
        if !effective.breaker.admits(&mut chance) {
            return cast.exclude(slot, class, SkipReason::Breaker);
        }
        if self.vigil.is_crashed(slot) {
            return cast.missing(slot, class);
        }
        if !self.vigil.is_known(slot) {
            // Not heard since we took the seat: it lives as far as we know, and has no clock for us yet.
            return cast.exclude(slot, class, SkipReason::Clock);
        }
        let slopes = &self.slopes[usize::from(record.manner)].1;
        let outlook = record.profile.outlook(slopes);
        let (weight, on_time) = (cast.header().weight, cast.header().on_time);
        let mut timing = record.timing(&outlook, slopes, weight, on_time, second_copy(self.lossy));
        if let Some(&lead) = targets
            .leads
            .as_ref()
            .and_then(|leads| leads.get(usize::from(slot)))
            .filter(|lead| **lead > 0)
        {
            timing.lead = Micros(i64::from(lead) * 100);
        }
        let frozen = Frozen {
            median: timing.median,
            lead: timing.lead,
            bound: Micros::ZERO,
            total: timing.total,
        };
        timing.confidence = record.profile.confidence(&frozen, timing.lead, now);
        cast.include(slot, class, timing);
    }

    fn advance_casts(&mut self, now: Moment, out: &mut Outputs) {
        let mut index = 0;
        while index < self.casts.len() {
            match self.casts[index].due(now) {
                None => index += 1,
                Some(CastDue::Send(slots)) => self.send_bucket(now, index, slots, true, out),
                Some(CastDue::Repeat(slots)) => self.send_bucket(now, index, slots, false, out),
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
                    let cast = &mut self.casts[index];
                    let is_vote = cast.header().is_vote();
                    cast.answered(self.vigil.majority(cast.header().id));
                    let mut fold = cast.fold();
                    if is_vote {
                        fold.result = self.settled_on(&fold);
                    }
                    if fold.sealed {
                        self.closed(now, &fold, out);
                    }
                    out.send(To::Parent, self.epoch, Body::Fold(Arc::new(fold)));
                }
                Some(CastDue::Drop) => {
                    self.casts.swap_remove(index);
                }
            }
        }
    }

    /// The agents of one bucket, as one message.
    fn send_bucket(
        &mut self,
        now: Moment,
        index: usize,
        slots: Slots,
        fresh: bool,
        out: &mut Outputs,
    ) {
        if slots.is_empty() {
            return;
        }
        let cast = &self.casts[index];
        let part = |slot| {
            let timing: Timing = cast.timing(slot)?;
            Some(Compensation {
                slot,
                lead: timing.lead,
                processing: timing.processing,
                confidence: timing.confidence,
            })
        };
        let parts: Arc<[Compensation]> = slots.iter().filter_map(part).collect();
        let hop = Hop {
            header: Arc::clone(cast.header()),
            target: cast.target(),
            bound: cast.bound(),
            gated: false,
            targets: Targets::Agents(parts),
        };
        let letter = Letter {
            id: hop.header.id,
            expires: cast.expires(),
            body: Body::Throw(Arc::new(hop)),
        };
        let to = To::Children(slots);
        if fresh {
            self.post(now, to, letter, out);
        } else {
            Mailing::repeat(now, self.epoch, &mut self.agents, to, letter, out);
        }
    }

    fn echo(&mut self, now: Moment, out: &mut Outputs) {
        let entries: Vec<_> = self
            .agents
            .iter_mut()
            .enumerate()
            .filter_map(|(slot, record)| record.link.take_echo(slot as u16, now))
            .collect();
        let echo = Echo {
            entries,
            levels: self.desired.digest_for_all(),
            lamport: self.lamport.tick(),
        };
        out.send(To::Everyone, self.epoch, Body::Echo(Arc::new(echo)));
    }

    fn report(&mut self, now: Moment) -> ClusterReport {
        let beat = Beat {
            boot: self.uplink.boot(),
            exchange: self.uplink.exchange(),
            delivered: self.mailbox.delivered(),
            epoch: self.uplink.epoch(),
            obeys: self.uplink.obeys(),
            levels: self.desired.digest(),
            context: 0,
            lamport: self.lamport.tick(),
            claims: Claims::default(),
        };
        let rows = self
            .agents
            .iter()
            .zip(0u8..)
            .filter(|(_, slot)| !self.vacant.has(*slot))
            .map(|(record, slot)| {
                let active = self.vigil.is_active(slot);
                let slopes = &self.slopes[usize::from(record.manner)].1;
                record.row(slot, slopes, active, second_copy(self.lossy), now)
            })
            .collect();
        ClusterReport {
            beat,
            names: Arc::clone(&self.names),
            rows,
        }
    }

    /// A message about desired state.
    fn take_levels(&mut self, now: Moment, from: From, body: Body, out: &mut Outputs) {
        if !self.desired.take(now, from, body, out).is_empty() {
            self.levels_changed(now, out);
        }
    }

    fn wake_levels(&mut self, now: Moment, out: &mut Outputs) {
        if now >= self.desired.next_wake() && !self.desired.wake(now, out).is_empty() {
            self.levels_changed(now, out);
        }
        while let Some(due) = self.stops.due(now, self.cluster) {
            match due {
                StopDue::Tell(counts, bundles) => {
                    for count in counts {
                        out.send(To::Parent, self.epoch, Body::StopCount(count));
                    }
                    for bundle in bundles {
                        out.send(To::Parent, self.epoch, Body::StopBundle(Arc::new(bundle)));
                    }
                }
                StopDue::Missing(slots) => {
                    let alive = |slot: &u8| !self.vigil.is_crashed(*slot);
                    let slots: Slots = slots.iter().filter(alive).collect();
                    if !slots.is_empty() {
                        self.desired.offer_again(To::Children(slots), out);
                    }
                }
            }
        }
    }

    /// Something is in force, or no longer, that was not before: who must stop is waited for, and who must not be sent to
    /// any more is taken out of what is under way.
    fn levels_changed(&mut self, now: Moment, _out: &mut Outputs) {
        self.mind_levels();
        let frozen = |(slot, record): (usize, &Record)| {
            if self.vacant.has(slot as u8) {
                return None;
            }
            let agent = self.cluster.agent(slot as u8);
            let epoch = self.desired.effective(agent, record.class).frozen?;
            Some((slot as u8, epoch))
        };
        let wanted = self.agents.iter().enumerate().filter_map(frozen).collect();
        self.stops.want(now, wanted);
        for cast in &mut self.casts {
            cast.withhold(now, |slot, class| {
                barred(&self.desired.effective(self.cluster.agent(slot), class))
            });
        }
    }

    fn cast(&mut self, operation: MessageId) -> Option<&mut Cast> {
        self.casts
            .iter_mut()
            .find(|cast| cast.header().id == operation)
    }
}

/// How long after the first a second copy of a throw goes out: where messages get lost, and nowhere else.
pub(super) fn second_copy(lossy: bool) -> Option<Micros> {
    lossy.then_some(BUCKET)
}

/// Why nothing new may go to an agent for which this holds, if so.
fn barred(effective: &Effective) -> Option<SkipReason> {
    if effective.frozen.is_some() {
        Some(SkipReason::Frozen)
    } else if effective.quarantined {
        Some(SkipReason::Quarantined)
    } else if effective.avoided {
        Some(SkipReason::Avoided)
    } else if effective.breaker == Gate::Open {
        Some(SkipReason::Breaker)
    } else {
        None
    }
}
