//! The sector coordinator: passes throws to its leads behind the gate, folds their accounts, keeps the sector's replica.

use super::desired::{Desired, WriteError};
use super::dispute::{Disputes, Mail};
use super::downlink::Downlink;
use super::errands::Routes;
use super::lookout::{Lookout, is_healthy};
use super::mailbox::{Mailbox, Opened};
use super::mailing::{Linked, Mailing};
use super::notary::is_genuine;
use super::notice::Steps;
use super::office::{Office, Turn};
use super::trip::Trip;
use super::unheard::unheard;
use super::uplink::{Due, Uplink};
use super::{
    Arrival, BEAT, BUCKET, CASTS_MAX, COPIES, From, Input, KEPT_MAX, Outputs, Refusal, Start, To,
    is_due,
};
use crate::chance::Chance;
use crate::conflict::Tier;
use crate::guard::level::Gate;
use crate::guard::level::{Author, Kind, Stamp, Value};
use crate::message::delivery::Verdict;
use crate::message::{
    Armed, Beat, Body, Claims, ClusterReport, ClusterTargets, Echo, Epoch, Exchange, Fold,
    Forwarded, Hop, LamportClock, MessageId, Need, Probe, Proceed, SectorReport, SkipReason, Taken,
    Targets,
};
use crate::place::scope::Region;
use crate::place::{Class, SectorId, Slots};
use crate::registry::GlobalReport;
use crate::throw::quorum::Thresholds;
use crate::throw::{Relay, RelayDue};
use crate::time::{Boot, Micros, Moment};
use crate::trust::KeyId;
use crate::trust::seat::Seat;
use std::sync::Arc;

/// Where a coordinator stands.
const TIER: Tier = Tier::Coordinator;
/// How long after a change the orchestrator is told of it.
const FOLD_GAP: Micros = Micros::millis(200);
/// The same after T, when everybody waits for what is still open.
const FOLD_GAP_AFTER: Micros = Micros::millis(5);
/// How long a sealed operation is kept for a parent that asks again.
const KEEP: Micros = Micros::seconds(5);

mod errands;
mod guards;
mod post;
mod toss;

use guards::priority;
use toss::{Part, Toss};

/// One sector coordinator.
#[derive(Debug)]
pub struct Coordinator {
    sector: SectorId,
    clusters: u8,
    boot: Boot,
    chance: Chance,
    uplink: Uplink,
    office: Office,
    epoch: Epoch,
    leads: Vec<Record>,
    tosses: Vec<Toss>,
    mailbox: Mailbox,
    routes: Routes,
    taken: Taken,
    mailing: Mailing,
    echo_at: Moment,
    lamport: LamportClock,
    lossy: bool,
    /// What the orchestrator last said of all clusters (§4.3); shared, since a large mesh's is large.
    map: Option<Arc<GlobalReport>>,
    desired: Desired,
    key: KeyId,
    lookout: Lookout,
    disputes: Disputes,
    steps: Steps,
}

/// What the coordinator keeps of one lead.
#[derive(Debug, Default)]
struct Record {
    link: Downlink,
    trip: Trip,
    report: Option<Arc<ClusterReport>>,
    fresh: bool,
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

impl Coordinator {
    /// A node that may coordinate a sector of so many clusters; it does so once it has the seat.
    pub fn new(sector: SectorId, clusters: u8, me: KeyId) -> Self {
        Self {
            sector,
            clusters,
            boot: Boot::default(),
            chance: Chance::new(0),
            uplink: Uplink::new(),
            office: Office::new(Seat::Coordinator(sector), me),
            epoch: Epoch(0),
            leads: Vec::new(),
            tosses: Vec::new(),
            mailbox: Mailbox::default(),
            routes: Routes::default(),
            taken: Taken::default(),
            mailing: Mailing::new(),
            echo_at: Moment::NEVER,
            lamport: LamportClock::default(),
            lossy: false,
            key: me,
            lookout: Lookout::of_sector(sector, Moment(0)),
            disputes: Disputes::new(Tier::Coordinator),
            steps: Steps::default(),
            map: None,
            desired: Desired::new(Author::Coordinator(sector)),
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
            Input::Clusters(clusters) => {
                self.clusters = clusters;
                if self.serving() {
                    let wanted = usize::from(clusters);
                    self.leads.resize_with(wanted, Record::default);
                }
            }
            Input::Worker(_)
            | Input::Operation(_)
            | Input::Stored(_)
            | Input::Recalled(_)
            | Input::Brought(..)
            | Input::Seated(_) => out.refuse(Refusal::Unexpected),
        }
        self.office.wake(now, out);
        self.wake_levels(now, out);
        self.wake_mail(now, out);
        self.advance_tosses(now, out);
        self.guard(now, out);
        if is_due(now, self.echo_at, BEAT) {
            self.echo(now, out);
            self.echo_at = now + BEAT;
        }
        while let Some(due) = self.uplink.due(now) {
            let body = match due {
                Due::Beat => Body::SectorReport(Arc::new(self.report(now))),
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
        let tosses = self.tosses.iter().map(Toss::next_deadline);
        let own = self
            .uplink
            .next_wake()
            .min(self.echo_at)
            .min(self.office.next_wake())
            .min(self.desired.next_wake())
            .min(self.disputes.next_wake())
            .min(self.lookout.next_wake())
            .min(self.mailbox.next_wake())
            .min(self.mailing.next_wake());
        tosses.fold(own, Moment::min)
    }

    /// What it knows of all clusters, its own sector's and the others' (§4.3); enough to route by without orchestrator.
    pub fn map(&self) -> Option<&GlobalReport> {
        self.map.as_deref()
    }

    /// Which sector it coordinates.
    pub const fn sector(&self) -> SectorId {
        self.sector
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
        self.desired.write(now, kind, region, value, lasting, out)
    }

    /// Desired state as it is known here.
    pub const fn desired(&self) -> &Desired {
        &self.desired
    }

    /// Operations open here; at most [`CASTS_MAX`].
    pub fn open(&self) -> usize {
        self.tosses.iter().filter(|toss| !toss.told).count()
    }

    /// The last account of each cluster, by operation.
    pub fn accounts(&self) -> impl Iterator<Item = (MessageId, &Fold)> {
        self.tosses.iter().flat_map(|toss| {
            let folds = toss.parts.iter().filter_map(|part| part.fold.as_deref());
            folds.map(|fold| (toss.hop.header.id, fold))
        })
    }

    fn start(&mut self, now: Moment, start: &Start, out: &mut Outputs) {
        self.boot = start.boot;
        self.lossy = start.lossy;
        self.desired.start(start);
        self.disputes.start(now, start, self.key);
        self.chance =
            Chance::new(start.seed).split(u64::from(self.sector.0) << 40 | u64::from(start.boot.0));
        self.mailing.start(now, start, self.chance.split(3));
        self.office.stand(now, self.chance.split(1), out);
    }

    /// The seat was won or lost. Whoever wins it makes itself known at once and learns the rest from the next beats.
    fn turn(&mut self, now: Moment, turn: Turn, out: &mut Outputs) {
        match turn {
            Turn::Same => {}
            Turn::Begun => {
                self.epoch = self.office.serving().unwrap_or_default();
                self.desired.serve(now, self.epoch);
                self.lookout = Lookout::of_sector(self.sector, now);
                self.lookout
                    .resume(self.desired.levels(), Author::Coordinator(self.sector), now);
                self.disputes.turn();
                self.mailbox.clear();
                self.taken = Taken::default();
                self.leads = (0..self.clusters).map(|_| Record::default()).collect();
                self.uplink
                    .start(now, self.boot, self.chance.span(Micros::ZERO, BEAT));
                self.echo(now, out);
                self.echo_at = now + self.chance.span(Micros::ZERO, BEAT);
            }
            Turn::Ended => {
                self.leads = Vec::new();
                self.lookout = Lookout::of_sector(self.sector, now);
                self.disputes.turn();
                self.desired.retire();
                self.tosses = Vec::new();
                self.uplink.stop();
                self.echo_at = Moment::NEVER;
            }
        }
    }

    fn message(&mut self, now: Moment, arrival: Arrival, out: &mut Outputs) {
        match arrival.from {
            From::Parent => self.hear_above(now, arrival, out),
            From::Child(slot) if usize::from(slot) < self.leads.len() => {
                self.hear_lead(now, slot, arrival, out);
            }
            From::Peer(slot) => self.hear_peer(now, slot, arrival, out),
            From::Child(_) => out.refuse(Refusal::WrongPlace),
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
                if let Some(entry) = echo.entry(self.sector.index() as u16) {
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
                out.send(To::Parent, self.epoch, Body::SectorReport(report));
            }
            Body::Numbered(ref content) if !is_genuine(self.desired.notary(), content) => {
                return out.refuse(Refusal::Forged);
            }
            Body::Numbered(ref content) => {
                let slot = self.sector.index() as u16;
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
            Body::Map(map) => self.map = Some(map),
            Body::Prove(prove) => {
                let to = match prove.region {
                    Region::Cluster(cluster) => To::Child(u16::from(cluster.slot())),
                    Region::Agent(agent) => To::Child(u16::from(agent.cluster.slot())),
                    Region::All | Region::Sector(_) | Region::Class(_) => To::Everyone,
                };
                out.send(to, self.epoch, Body::Prove(prove));
            }
            Body::Proceed(Proceed { operation, go }) => {
                if let Some(toss) = self.toss(operation) {
                    if go {
                        toss.relay.unhold();
                    } else {
                        toss.relay.shut();
                    }
                }
            }
            Body::Poll(operation) => {
                let epoch = self.epoch;
                if let Some(toss) = self.toss(operation) {
                    toss.owe_all();
                    let fold = toss.fold();
                    out.send(To::Parent, epoch, Body::SectorFold(Arc::new(fold)));
                }
            }
            _ => out.refuse(Refusal::Unexpected),
        }
        self.open_all(now, opened, out);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each message")]
    fn hear_lead(&mut self, now: Moment, slot: u16, arrival: Arrival, out: &mut Outputs) {
        let record = &mut self.leads[usize::from(slot)];
        let (sent, received) = (arrival.sent, arrival.received);
        if !record.link.admit(arrival.epoch) {
            return out.refuse(Refusal::StaleEpoch);
        }
        let priority = priority(&arrival.body);
        if !self.lookout.admit(slot, priority, now, &mut self.steps) {
            return out.refuse(Refusal::Flooded);
        }
        match arrival.body {
            Body::ClusterReport(report) => {
                let beat = &report.beat;
                let ours = self.office.is_obeyed(beat.epoch, beat.obeys);
                let exchange = beat.exchange.filter(|_| ours);
                if record
                    .hear(arrival.epoch, beat.boot, exchange, sent, received)
                    .is_none()
                {
                    return out.refuse(Refusal::OldBoot);
                }
                record.link.owe_echo(sent, received);
                if ours {
                    record.link.outbox(self.epoch).acknowledged(beat.delivered);
                }
                self.lamport.witness(report.beat.lamport);
                let (known, obeys) = (report.beat.epoch, report.beat.obeys);
                let levels = report.beat.levels;
                let cluster = Region::Cluster(self.sector.cluster(slot as u8));
                self.lookout
                    .probed(cluster, is_healthy(&report), now, &mut self.steps);
                record.report = Some(report);
                record.fresh = true;
                self.desired.beat(slot, levels, out);
                let turn = self.office.heard(now, known, obeys, out);
                self.turn(now, turn, out);
            }
            Body::Probe(probe) => {
                let ours = self.office.is_obeyed(probe.epoch, probe.obeys);
                let exchange = probe.exchange.filter(|_| ours);
                let Some(new) = record.hear(arrival.epoch, probe.boot, exchange, sent, received)
                else {
                    return out.refuse(Refusal::OldBoot);
                };
                let exchange = Exchange { sent, received };
                let levels = self.desired.digest_for(slot);
                let probed = record.link.probed(exchange, levels, now);
                out.send(To::Child(slot), self.epoch, Body::Probed(probed));
                if let (true, Some(report)) = (new, &record.report) {
                    out.send(
                        To::Child(slot),
                        self.epoch,
                        Body::Handover(Arc::clone(report)),
                    );
                }
            }
            Body::Missing(missing) => {
                Mailing::asked(now, self.epoch, slot, &mut record.link, missing, out);
            }
            Body::Received(received) => Mailing::received(self.epoch, &mut record.link, received),
            Body::Errand(passed) => self.errand_from(now, slot, &passed, out),
            Body::Returned(returned)
                if returned
                    .by
                    .is_none_or(|by| by.cluster == self.sector.cluster(slot as u8)) =>
            {
                self.return_to(now, &returned, out);
            }
            Body::Armed(Armed { operation, seal }) => {
                let epoch = self.epoch;
                if let Some(go) = self
                    .toss(operation)
                    .and_then(|toss| toss.relay.armed(slot, seal))
                {
                    out.send(
                        To::Child(slot),
                        epoch,
                        Body::Proceed(Proceed { operation, go }),
                    );
                }
            }
            Body::Changes(changes) if u16::from(changes.cluster) == slot => {
                out.send(To::Parent, self.epoch, Body::Changes(changes));
            }
            Body::TaskNews(news)
                if news.agent.sector() == self.sector
                    && u16::from(news.agent.cluster.slot()) == slot =>
            {
                out.send(To::Parent, self.epoch, Body::TaskNews(news));
            }
            Body::Fold(fold) => {
                let cluster = self.sector.cluster(slot as u8);
                if let Some(toss) = self.toss(fold.operation)
                    && toss.take(now, slot, Arc::clone(&fold))
                {
                    self.lookout.sealed(cluster, &fold, now, &mut self.steps);
                }
            }
            Body::Notice(notice) => {
                let agents = self.leads[usize::from(slot)]
                    .report
                    .as_ref()
                    .map_or(0, |report| report.rows.len());
                self.lookout.notice(&notice, agents, now, &mut self.steps);
                if notice.reaches() > TIER {
                    out.send(To::Parent, self.epoch, Body::Notice(notice));
                }
            }
            Body::Escalated(escalation) => {
                let lamport = self.lamport.tick();
                let epoch = self.epoch;
                let mut mail = Mail { out, epoch };
                self.disputes
                    .escalated(now, lamport, &escalation, &mut self.steps, &mut mail);
            }
            Body::Settled(settlement) => {
                if self.disputes.settled(now, &settlement) {
                    out.send(To::Parent, self.epoch, Body::Settled(settlement));
                }
            }
            body @ (Body::Levels(_) | Body::LevelsHave(_) | Body::LevelsWanted(_)) => {
                self.take_levels(now, From::Child(slot), body, out);
            }
            // Counts and proofs go up as they are, from where they belong.
            Body::StopCount(count) if count.cluster == self.sector.cluster(slot as u8) => {
                out.send(To::Parent, self.epoch, Body::StopCount(count));
            }
            Body::StopBundle(bundle) if bundle.cluster == self.sector.cluster(slot as u8) => {
                out.send(To::Parent, self.epoch, Body::StopBundle(bundle));
            }
            _ => out.refuse(Refusal::Unexpected),
        }
    }

    /// A throw from above: translate T, pass it on at once behind the gate, say that we are armed.
    fn arm(&mut self, now: Moment, hop: Arc<Hop>, letter: &Opened, out: &mut Outputs) {
        let (sent, received) = (letter.sent, letter.received);
        let Targets::Sector(targets) = &hop.targets else {
            return out.refuse(Refusal::WrongPlace);
        };
        let operation = hop.header.id;
        if let Some(toss) = self.toss(operation) {
            let armed = toss.armed();
            out.refuse(Refusal::Duplicate);
            return out.send(To::Parent, self.epoch, Body::Armed(armed));
        }
        if self.open() >= CASTS_MAX {
            return out.refuse(Refusal::Unexpected);
        }
        let Some(translated) = self.uplink.translate(hop.target, sent, received) else {
            return out.refuse(Refusal::Unexpected);
        };
        let target = translated.target;
        if !self.may_pass(now, &hop, targets, out) {
            return out.refuse(Refusal::Sealed);
        }
        let bound = hop.bound + translated.bound;
        let open = |part: &&ClusterTargets| self.gate(part.slot) != Gate::Open;
        let children = targets
            .iter()
            .filter(open)
            .map(|part| (u16::from(part.slot), self.round(part.slot)));
        let threshold = hop.gated.then_some(Thresholds::CLUSTER_GATE.ready);
        let relay = Relay::new(now, target, children, threshold, hop.gated, self.lossy);
        let copies = if self.lossy { COPIES } else { 1 };
        let parts = targets
            .iter()
            .map(|part| {
                let barred = !open(&part);
                let fold = barred.then(|| {
                    let report = self.leads.get(usize::from(part.slot));
                    let report = report.and_then(|record| record.report.as_deref());
                    let class_of = class_in(report);
                    Arc::new(barred_off(
                        operation,
                        part.agents,
                        SkipReason::Breaker,
                        class_of,
                    ))
                });
                Part {
                    targets: part.clone(),
                    fold,
                    owed: u8::from(barred) * copies,
                }
            })
            .collect();
        let drop_at = target + hop.header.window + KEEP;
        let toss = Toss {
            target,
            bound,
            expires: letter.expires(),
            relay,
            parts,
            fold_at: Moment::NEVER,
            drop_at,
            told: false,
            said: 0,
            copies,
            hop,
        };
        out.send(To::Parent, self.epoch, Body::Armed(toss.armed()));
        for part in toss.parts.iter().filter(|part| part.fold.is_none()) {
            let to = To::Child(u16::from(part.targets.slot));
            let (epoch, leads) = (self.epoch, &mut self.leads);
            let letter = toss.letter_for(&part.targets);
            self.mailing.post(now, epoch, leads, to, letter, out);
        }
        if self.tosses.len() >= KEPT_MAX
            && let Some(oldest) = self.tosses.iter().position(|toss| toss.told)
        {
            self.tosses.remove(oldest);
        }
        self.tosses.push(toss);
    }

    fn round(&self, slot: u8) -> Micros {
        self.leads
            .get(usize::from(slot))
            .map_or_else(|| Trip::default().round(), |record| record.trip.round())
    }

    fn advance_tosses(&mut self, now: Moment, out: &mut Outputs) {
        for toss in &mut self.tosses {
            while let Some(due) = toss.relay.due(now) {
                match due {
                    RelayDue::Resend(child) => {
                        if let Some(part) = toss.part(child) {
                            let letter = toss.letter_for(&part.targets);
                            let (epoch, leads) = (self.epoch, &mut self.leads);
                            let to = To::Child(child);
                            self.mailing.post(now, epoch, leads, to, letter, out);
                        }
                    }
                    RelayDue::Poll(child) => {
                        out.send(To::Child(child), self.epoch, Body::Poll(toss.hop.header.id));
                    }
                    RelayDue::Gate(go) => {
                        let operation = toss.hop.header.id;
                        out.send(
                            To::Everyone,
                            self.epoch,
                            Body::Proceed(Proceed { operation, go }),
                        );
                    }
                    RelayDue::Nudge => {
                        out.send(To::Parent, self.epoch, Body::Armed(toss.armed()));
                    }
                    RelayDue::Lost(child, armed) => {
                        let report = self
                            .leads
                            .get(usize::from(child))
                            .and_then(|record| record.report.as_ref());
                        toss.lose(now, child, armed, report.map(AsRef::as_ref));
                    }
                }
            }
            if toss.relay.complete() && !toss.told {
                toss.told = true;
                let sector = self.sector;
                let answer = |part: &Part| {
                    let fold = part.fold.as_ref()?;
                    Some((sector.cluster(part.targets.slot), fold.result, fold.ready))
                };
                let answers: Vec<_> = toss.parts.iter().filter_map(answer).collect();
                if !toss.hop.header.is_vote() {
                    self.lookout.compare(&answers, now, &mut self.steps);
                }
                toss.fold_at = now;
            }
            if now >= toss.fold_at {
                toss.said += u8::from(toss.told && toss.said < toss.copies);
                if toss.told {
                    toss.owe_all();
                }
                let fold = toss.fold();
                // Where messages get lost all is said again: the whole mesh waits for it.
                let owes = toss.parts.iter().any(|part| part.owed > 0);
                let again = if toss.told {
                    toss.said < toss.copies
                } else {
                    owes
                };
                toss.fold_at = if again { now + BUCKET } else { Moment::NEVER };
                out.send(To::Parent, self.epoch, Body::SectorFold(Arc::new(fold)));
            }
        }
        self.tosses.retain(|toss| now < toss.drop_at);
    }

    fn echo(&mut self, now: Moment, out: &mut Outputs) {
        let entries: Vec<_> = self
            .leads
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

    fn report(&mut self, now: Moment) -> SectorReport {
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
        let mut clusters = Vec::new();
        for (slot, record) in self.leads.iter_mut().enumerate() {
            if let (true, Some(report)) = (core::mem::take(&mut record.fresh), &record.report) {
                let heard = record.link.heard().unwrap_or(now);
                clusters.push(Forwarded {
                    slot: slot as u8,
                    age: now.since(heard).into(),
                    report: Arc::clone(report),
                });
            }
        }
        let longest = |of: fn(&Trip) -> Micros| {
            self.leads
                .iter()
                .map(|record| of(&record.trip))
                .max()
                .unwrap_or_default()
        };
        SectorReport {
            beat,
            clusters,
            trunk: Need {
                down: longest(Trip::down),
                round: longest(Trip::round),
            },
        }
    }

    /// A message about desired state.
    fn take_levels(&mut self, now: Moment, from: From, body: Body, out: &mut Outputs) {
        let applied = self.desired.take(now, from, body, out);
        if from == From::Parent && !applied.is_empty() {
            self.lookout.entries(&applied, now, &mut self.steps);
        }
    }

    fn wake_levels(&mut self, now: Moment, out: &mut Outputs) {
        if now >= self.desired.next_wake() {
            self.desired.wake(now, out);
        }
    }

    fn toss(&mut self, operation: MessageId) -> Option<&mut Toss> {
        self.tosses
            .iter_mut()
            .find(|toss| toss.hop.header.id == operation)
    }
}

/// The class of each slot, as a report has it.
fn class_in(report: Option<&ClusterReport>) -> impl Fn(u8) -> Class {
    move |slot| {
        let rows = report.map_or(&[][..], |report| &report.rows);
        rows.iter()
            .find(|row| row.slot == slot)
            .map_or(Class::Edge, |row| row.class)
    }
}

/// The account of a cluster that nothing is sent to.
pub(super) fn barred_off(
    operation: MessageId,
    agents: Slots,
    reason: SkipReason,
    class_of: impl Fn(u8) -> Class,
) -> Fold {
    let mut fold = unheard(operation, agents, false, class_of);
    fold.unreachable = Slots::EMPTY;
    fold.skipped = agents;
    fold.skips = vec![(reason, agents)];
    fold.tallies.iter_mut().for_each(|tally| tally.eligible = 0);
    fold
}
