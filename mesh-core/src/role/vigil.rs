//! What a lead notices about its agents: silence, slowness, corruption, contradiction, lies, floods (§6.1, §9.2).
//!
//! One [`Vigil`] for each lead, 200 bytes an agent. It sees what passes anyway (beats, answers, the end of a throw) and
//! the time about once a second; nothing here costs more than a few additions while nothing is wrong.

use super::notice::Steps;
use super::{BEAT, HostAct, is_due};
use crate::guard::failure::{Backoff, FailureClass, Health, Signal, Watch, is_cluster_spike};
use crate::guard::flood::{FloodLimits, Limiter, Passage};
use crate::guard::level::{Kind, Value};
use crate::guard::tamper::{Anomaly, AnomalyScore, ClaimWatch, Finding, TimingWatch};
use crate::message::Priority;
use crate::message::{Beat, Body, Fold, MessageId};
use crate::place::scope::Region;
use crate::place::{Class, ClusterId, Slots};
use crate::throw::quorum::{Ballot, Trinary};
use crate::time::{Micros, Moment};
use crate::unit::Impedance;

mod answers;

use answers::Answers;
pub(super) use answers::Odd;

/// Between two looks at the time; silence is measured in beats, so a fifth of one is fine enough.
const LOOK: Micros = Micros::seconds(1);
/// A slow agent is routed around for this long, then tried again: without being asked it could never show that it is well.
const AVOID: Micros = Micros::seconds(60);
/// Heads of the context of before that are known: an agent that holds an older one is brought in line by delivery anyway.
const HEADS_MAX: usize = 8;
/// Beats with the right context after which an agent that had a corrupt one is believed again.
const MENDED: u8 = 3;
/// Beats before a claim is compared with what was measured: both are averages over eight.
const SETTLED: u8 = 8;

/// A lead's guard.
#[derive(Debug)]
pub struct Vigil {
    cluster: ClusterId,
    tracks: Vec<Track>,
    timing: TimingWatch,
    answers: Answers,
    /// Throws that have ended, so that a second account of one changes nothing.
    closed: Vec<MessageId>,
    /// Slots at which nobody sits: their silence means nothing.
    vacant: Slots,
    /// Whom to ask for a beat, and when again.
    hails: Vec<(u8, Backoff, Moment)>,
    /// Who is dead and is to be started again or replaced, and when the next try is due.
    revivals: Vec<(u8, Backoff, Moment)>,
    /// Who is routed around for being slow, and until when.
    avoids: Vec<(u8, Moment)>,
    spiking: Slots,
    spikes_told: bool,
    /// Agents with a standing finding of false claims.
    false_claims: Slots,
    /// Heads of the context that are right; the first is the present one.
    heads: Vec<u64>,
    /// The head that most agents hold, while no other is known.
    usual_head: Option<u64>,
    look_at: Moment,
    vote_at: Moment,
}

/// What is remembered of one agent.
#[derive(Debug, Clone)]
struct Track {
    watch: Watch,
    limiter: Limiter,
    score: AnomalyScore,
    /// Smoothed one-way delay, milliseconds.
    down: f32,
    context: u64,
    claims: ClaimWatch,
    measured: u8,
    /// 0 is well; from 1 on its context was corrupt, and this many less one beats were right since.
    corrupt: u8,
    heard: bool,
    /// The lead before this one heard it: it is taken for active until it has been silent for too long.
    expected: bool,
}

const _: () = assert!(size_of::<Track>() <= 192);

impl Track {
    /// Of somebody who was never heard.
    fn new(now: Moment) -> Self {
        Self {
            watch: Watch::new(now),
            limiter: Limiter::new(FloodLimits::AGENT, now),
            score: AnomalyScore::new(),
            down: 0.0,
            context: 0,
            claims: ClaimWatch::default(),
            measured: 0,
            corrupt: 0,
            heard: false,
            expected: false,
        }
    }
}

/// What a beat brought, as its lead has measured it.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// One way down.
    pub down: Option<Micros>,
    /// Whether the impedance weights are locked: then nothing is compared, as nothing is learnt.
    pub locked: bool,
}

impl Vigil {
    /// A lead that has just taken its seat and knows nobody yet.
    pub fn new(cluster: ClusterId, agents: usize, now: Moment) -> Self {
        Self {
            cluster,
            tracks: vec![Track::new(now); agents],
            vacant: Slots::EMPTY,
            timing: TimingWatch::new(Region::Cluster(cluster)),
            answers: Answers::default(),
            closed: Vec::new(),
            hails: Vec::new(),
            revivals: Vec::new(),
            avoids: Vec::new(),
            spiking: Slots::EMPTY,
            spikes_told: false,
            false_claims: Slots::EMPTY,
            heads: Vec::new(),
            usual_head: None,
            look_at: now + LOOK,
            vote_at: now + BEAT + BEAT,
        }
    }

    /// Somebody else sits at the slots of `fresh`, nobody at those that are vacant, and nobody beyond `agents`.
    pub fn reseat(&mut self, agents: usize, fresh: Slots, vacant: Slots, now: Moment) {
        self.vacant = vacant;
        self.tracks.resize(agents, Track::new(now));
        for slot in fresh.or(vacant).iter() {
            if let Some(track) = self.tracks.get_mut(usize::from(slot)) {
                *track = Track::new(now);
            }
            self.spiking.remove(slot);
            self.false_claims.remove(slot);
            self.hails.retain(|(own, ..)| *own != slot);
            self.avoids.retain(|(own, _)| *own != slot);
        }
    }

    /// See [`crate::warm`].
    pub(crate) fn warm(&self, slot: u8) -> u64 {
        let track = self.tracks.get(usize::from(slot));
        track.map_or(0, |track| {
            let (ends, middle) = (track.context ^ u64::from(track.measured), track.down);
            let limited = u64::from(track.limiter.dropped()[0]);
            ends ^ limited ^ u64::from(middle.to_bits()) ^ track.watch.last_heard().0 as u64
        })
    }

    /// Anything from an agent, before it is looked at. False: it is too much and is dropped, the unimportant first.
    pub fn admit(&mut self, slot: u8, body: &Body, now: Moment, steps: &mut Steps) -> bool {
        let track = &mut self.tracks[usize::from(slot)];
        let Passage::Drop { flood_begins } = track.limiter.offer(priority(body), now) else {
            return true;
        };
        if flood_begins {
            let evidence = track.limiter.evidence();
            let subject = Region::Agent(self.cluster.agent(slot));
            steps.threat(Some(Finding::flood(subject, evidence, now)));
        }
        false
    }

    /// The lead before this one says that it is active: its silence counts from now on.
    pub fn expect(&mut self, slot: u8, now: Moment) {
        if let Some(track) = self.tracks.get_mut(usize::from(slot))
            && !track.heard
        {
            track.expected = true;
            track.watch = Watch::new(now);
        }
    }

    /// Anything believable from an agent has arrived.
    pub fn heard(&mut self, slot: u8, now: Moment, steps: &mut Steps) {
        let track = &mut self.tracks[usize::from(slot)];
        track.heard = true;
        let suspected = track.watch.health() == Health::Suspected;
        if let Some(signal) = track.watch.heard(now) {
            self.signalled(slot, signal, now, steps);
        }
        if suspected {
            self.hails.retain(|(own, ..)| *own != slot);
        }
    }

    /// A beat: what it claims is held against what was measured, its context against what it should hold.
    pub fn beat(
        &mut self,
        slot: u8,
        beat: &Beat,
        measured: Measured,
        now: Moment,
        steps: &mut Steps,
    ) {
        self.heard(slot, now, steps);
        let track = &mut self.tracks[usize::from(slot)];
        track.context = beat.context;
        if let Some(down) = measured.down {
            let down = down.as_millis_f64() as f32;
            let known = track.measured;
            track.measured = known.saturating_add(1).min(SETTLED);
            track.down += (down - track.down) / f32::from(track.measured);
        }
        if !measured.locked && track.measured == SETTLED && beat.claims.latency.0 > 0 {
            self.compare_claim(slot, beat.claims.latency.into(), now, steps);
        }
        self.check_context(slot, now, steps);
    }

    /// An answer: `took` is how long its READY took from sending at weight 0 and with an empty queue, as measured here.
    pub fn answered(
        &mut self,
        slot: u8,
        class: Class,
        took: Option<Micros>,
        now: Moment,
        steps: &mut Steps,
    ) {
        self.heard(slot, now, steps);
        let Some(took) = took else { return };
        let watch = &mut self.tracks[usize::from(slot)].watch;
        if let Some(signal) = watch.measured(Impedance(took), class) {
            return self.signalled(slot, signal, now, steps);
        }
        // Tried again after a while, and still as slow: around it again.
        let slow = watch
            .average()
            .is_some_and(|usual| took > usual.0 + usual.0);
        if slow && self.spiking.has(slot) && !self.avoids.iter().any(|(own, _)| *own == slot) {
            self.avoid(slot, now, steps);
        }
    }

    /// What an agent answered to a question, as a short hash; 0 is no answer.
    pub fn result(&mut self, question: MessageId, slot: u8, result: u64) {
        self.answers.note(question, slot, result);
    }

    /// The answer that most agents have given so far; 0 when there is none.
    pub fn majority(&self, question: MessageId) -> u64 {
        self.answers.majority(question)
    }

    /// The ballots of a vote so far: an answer is an option, counted from 1.
    pub fn ballots(&self, question: MessageId) -> Vec<Ballot> {
        let ballot = |(slot, answer): (u8, u64)| Ballot {
            slot,
            state: Trinary::Ready,
            option: u8::try_from(answer - 1).unwrap_or(u8::MAX),
        };
        self.answers.each(question).map(ballot).collect()
    }

    /// A throw has ended: who did not answer has timed out, and the answers are compared. Gives the odd ones, for the
    /// record.
    ///
    /// Where `compares` is false answers are votes, and only silence counts.
    pub fn closed(
        &mut self,
        fold: &Fold,
        compares: bool,
        now: Moment,
        steps: &mut Steps,
    ) -> Vec<Odd> {
        if self.closed.contains(&fold.operation) {
            return Vec::new();
        }
        if self.closed.len() >= super::KEPT_MAX {
            self.closed.remove(0);
        }
        self.closed.push(fold.operation);
        for slot in fold.transit.iter() {
            if let Some(track) = self.tracks.get_mut(usize::from(slot))
                && let Some(signal) = track.watch.timed_out()
            {
                self.signalled(slot, signal, now, steps);
            }
        }
        if !compares {
            return Vec::new();
        }
        let (odd, compared) = self.answers.close(fold.operation);
        for (slot, with, against) in compared {
            let Some(track) = self.tracks.get_mut(usize::from(slot)) else {
                continue;
            };
            if let Some(signal) = track.watch.compared(with, against) {
                self.signalled(slot, signal, now, steps);
            }
            if against > with && against >= 2 {
                self.odd(slot, Anomaly::Contradiction, now, steps);
            }
        }
        odd
    }

    /// An agent did something odd (§9.2 rogue agent).
    pub fn odd(&mut self, slot: u8, anomaly: Anomaly, now: Moment, steps: &mut Steps) {
        let agent = self.cluster.agent(slot);
        let Some(track) = self.tracks.get_mut(usize::from(slot)) else {
            return;
        };
        if let Some(finding) = track.score.observe(agent, anomaly, now) {
            steps.threat(Some(finding));
            steps.protect(Kind::Quarantine, Region::Agent(agent), Value::Hold);
        }
    }

    /// Looks at the time, about once a second; costs a comparison when it is not.
    pub fn look(&mut self, now: Moment, steps: &mut Steps) {
        if !is_due(now, self.look_at, LOOK) {
            return;
        }
        self.look_at = now + LOOK;
        for slot in 0..self.tracks.len() as u8 {
            if self.vacant.has(slot) {
                continue;
            }
            if let Some(signal) = self.tracks[usize::from(slot)].watch.tick(now, BEAT) {
                self.signalled(slot, signal, now, steps);
            }
        }
        let mut unanswered = Slots::EMPTY;
        self.hails.retain_mut(|(slot, backoff, at)| {
            if now < *at {
                return true;
            }
            if backoff.tries() > 0 {
                unanswered.insert(*slot);
            }
            steps.0.push(super::notice::Step::Hail(u16::from(*slot)));
            let bound = backoff.bound();
            // No chance is at hand here; the agents of one lead are asked at its own pace, which spreads them over the mesh.
            let mut fixed = crate::chance::Chance::new(u64::from(*slot) ^ now.0 as u64);
            *at = now + backoff.next_wait(&mut fixed).unwrap_or(bound);
            backoff.tries() < HAILS_MAX
        });
        // A question that nobody has answered before the next is asked has timed out (§6.1): a look later at least.
        for slot in unanswered.iter() {
            if let Some(signal) = self.tracks[usize::from(slot)].watch.timed_out() {
                self.signalled(slot, signal, now, steps);
            }
        }
        self.revive(now, steps);
        // The level lifts itself when its time is over.
        self.avoids.retain(|(_, until)| now < *until);
        if now >= self.vote_at {
            self.vote_at = now + BEAT;
            self.vote();
        }
    }

    /// Who is heard, as of now, and when the first of them will have been silent for too long.
    pub fn active(&mut self, now: Moment, steps: &mut Steps) -> (Slots, Moment) {
        self.look_at = now;
        self.look(now, steps);
        let mut active = Slots::EMPTY;
        let mut next = Moment::NEVER;
        for (slot, track) in self.tracks.iter().enumerate() {
            if (track.heard || track.expected) && track.watch.health() != Health::Crashed {
                active.insert(slot as u8);
                next = next.min(track.watch.last_heard() + Watch::CRASH);
            }
        }
        (active, next.max(now + LOOK))
    }

    /// The head of the context that the agents here should hold, from desired state.
    pub fn set_head(&mut self, head: u64) {
        if self.heads.first() == Some(&head) {
            return;
        }
        self.heads.retain(|known| *known != head);
        self.heads.insert(0, head);
        self.heads.truncate(HEADS_MAX);
    }

    /// An agent was let out of quarantine, or replaced: its sheet is clean.
    pub fn forgive(&mut self, slot: u8) {
        if let Some(track) = self.tracks.get_mut(usize::from(slot)) {
            track.watch.forgiven();
            track.score.forgiven();
            track.corrupt = 0;
        }
    }

    /// The weights were calibrated by hand and unlocked.
    pub fn calibrated(&mut self) {
        self.timing.calibrated();
        self.false_claims = Slots::EMPTY;
        for track in &mut self.tracks {
            track.claims = ClaimWatch::default();
            track.measured = 0;
        }
    }

    /// The right head of the context, as far as it is known; 0 is none.
    pub fn head(&self) -> u64 {
        self.heads.first().copied().or(self.usual_head).unwrap_or(0)
    }

    /// Whether the agent is taken for dead. Suspected ones are not: they are still sent to.
    pub fn is_crashed(&self, slot: u8) -> bool {
        self.tracks
            .get(usize::from(slot))
            .is_none_or(|track| track.watch.health() == Health::Crashed)
    }

    /// Whether it was ever heard since this lead took its seat.
    pub fn is_known(&self, slot: u8) -> bool {
        self.tracks
            .get(usize::from(slot))
            .is_some_and(|track| track.heard)
    }

    /// Whether it counts as active: it was heard, or is expected to be, and is not taken for dead.
    pub fn is_active(&self, slot: u8) -> bool {
        let track = self.tracks.get(usize::from(slot));
        track.is_some_and(|track| track.heard || track.expected) && !self.is_crashed(slot)
    }

    /// Whether it is heard: known, and not taken for dead.
    pub fn is_heard(&self, slot: u8) -> bool {
        self.is_known(slot) && !self.is_crashed(slot)
    }

    /// Agents taken for dead.
    pub fn crashed(&self) -> usize {
        let dead = |track: &&Track| track.watch.health() == Health::Crashed;
        self.tracks.iter().filter(dead).count()
    }

    fn signalled(&mut self, slot: u8, signal: Signal, now: Moment, steps: &mut Steps) {
        let subject = Region::Agent(self.cluster.agent(slot));
        match signal {
            Signal::Suspected => {
                self.hails.push((slot, Backoff::for_messages(), now));
            }
            Signal::Failed { class, escalated } => {
                let silent = match class {
                    FailureClass::TransientNetwork | FailureClass::AgentCrash => self
                        .tracks
                        .get(usize::from(slot))
                        .map_or(Micros::ZERO, |track| now.since(track.watch.last_heard())),
                    FailureClass::ImpedanceSpike
                    | FailureClass::ContextCorruption
                    | FailureClass::ByzantineBehavior
                    | FailureClass::CascadeFailure => Micros::ZERO,
                };
                steps.silent(subject, class, escalated, silent);
                match class {
                    FailureClass::TransientNetwork | FailureClass::CascadeFailure => {}
                    FailureClass::AgentCrash => {
                        self.hails.retain(|(own, ..)| *own != slot);
                        self.revivals.push((slot, Backoff::for_restarts(), now));
                    }
                    FailureClass::ImpedanceSpike => {
                        self.spiking.insert(slot);
                        self.avoid(slot, now, steps);
                        let several = is_cluster_spike(self.spiking.len(), self.tracks.len());
                        if several && !core::mem::replace(&mut self.spikes_told, several) {
                            steps.failed(Region::Cluster(self.cluster), class, true);
                        }
                    }
                    FailureClass::ContextCorruption | FailureClass::ByzantineBehavior => {
                        steps.protect(Kind::Quarantine, subject, Value::Hold);
                    }
                }
            }
            Signal::Recovered { class } => {
                steps.recovered(subject, class);
                if class == FailureClass::AgentCrash {
                    self.revived(slot, now, steps);
                }
                if class == FailureClass::ImpedanceSpike {
                    self.spiking.remove(slot);
                    self.spikes_told &= !self.spiking.is_empty();
                    if self.avoids.iter().any(|(own, _)| *own == slot) {
                        self.avoids.retain(|(own, _)| *own != slot);
                        steps.protect(Kind::Avoid, subject, Value::Lift);
                    }
                }
            }
        }
    }

    /// The dead are started again by their hosts, and from the second try on replaced by a spare in the same place (§6.1);
    /// each has as long to be heard as silence takes to be a crash, and a replacement that fails too goes to the next tier.
    fn revive(&mut self, now: Moment, steps: &mut Steps) {
        let mut failed = Slots::EMPTY;
        self.revivals.retain_mut(|(slot, backoff, at)| {
            if now < *at {
                return true;
            }
            let agent = self.cluster.agent(*slot);
            let act = if backoff.tries() == 0 {
                HostAct::Restart(agent)
            } else {
                failed.insert(*slot);
                HostAct::Replace(agent)
            };
            steps.0.push(super::notice::Step::Host(act));
            let bound = backoff.bound();
            let mut fixed = crate::chance::Chance::new(u64::from(*slot) ^ now.0 as u64);
            let wait = backoff.next_wait(&mut fixed).unwrap_or(bound);
            *at = now + Watch::CRASH + wait;
            backoff.tries() < REVIVALS_MAX
        });
        for slot in failed.iter() {
            let subject = Region::Agent(self.cluster.agent(slot));
            steps.failed(subject, FailureClass::AgentCrash, true);
        }
    }

    /// Somebody is heard again in the place of an agent that was dead: what it lacks is brought to it.
    fn revived(&mut self, slot: u8, now: Moment, steps: &mut Steps) {
        self.revivals.retain(|(own, ..)| *own != slot);
        let track = &mut self.tracks[usize::from(slot)];
        track.watch.stands_in(now);
        let head = self.head();
        if head != 0 && self.tracks[usize::from(slot)].context != head {
            steps.0.push(super::notice::Step::Reload(slot, head));
        }
    }

    fn avoid(&mut self, slot: u8, now: Moment, steps: &mut Steps) {
        let region = Region::Agent(self.cluster.agent(slot));
        self.avoids.push((slot, now + AVOID));
        steps.protect_for(Kind::Avoid, region, Value::Hold, Some(AVOID));
    }

    /// A claim of the one-way delay, against what beats have measured; and all claims together, which nobody changes at
    /// once but an attacker (§9.2 timing attack).
    fn compare_claim(&mut self, slot: u8, claimed: Micros, now: Moment, steps: &mut Steps) {
        let agent = self.cluster.agent(slot);
        let track = &mut self.tracks[usize::from(slot)];
        let measured = Micros::from_millis_f64(f64::from(track.down.max(0.0)));
        let finding = track
            .claims
            .observe(agent, claimed, measured, Micros::ZERO, now);
        if finding.is_some() {
            steps.protect(Kind::Weights, Region::Agent(agent), Value::Hold);
            steps.threat(finding);
            self.false_claims.insert(slot);
            self.odd(slot, Anomaly::FalseClaim, now, steps);
        }
        let together = self.timing.observe(slot, Impedance(claimed), false, now);
        if together.is_some() {
            steps.protect(Kind::Weights, Region::Cluster(self.cluster), Value::Hold);
            steps.threat(together);
        }
    }

    /// The context that an agent reports, against the head and those of before.
    fn check_context(&mut self, slot: u8, now: Moment, steps: &mut Steps) {
        let Some(head) = self.heads.first().copied().or(self.usual_head) else {
            return;
        };
        let track = &mut self.tracks[usize::from(slot)];
        let subject = Region::Agent(self.cluster.agent(slot));
        if track.context == head {
            if track.corrupt == 0 {
                return;
            }
            track.corrupt += 1;
            if track.corrupt > MENDED {
                track.corrupt = 0;
                steps.recovered(subject, FailureClass::ContextCorruption);
                steps.protect(Kind::Quarantine, subject, Value::Lift);
            }
            return;
        }
        // Nothing loaded yet, or a head of before: delivery brings it in line.
        if track.context == 0 || self.heads.contains(&track.context) {
            return;
        }
        let newly = track.corrupt == 0;
        track.corrupt = 1;
        steps.0.push(super::notice::Step::Reload(slot, head));
        if newly {
            let class = FailureClass::ContextCorruption;
            let escalated = class.escalates_at_once();
            self.signalled(slot, Signal::Failed { class, escalated }, now, steps);
            self.odd(slot, Anomaly::Context, now, steps);
        }
    }

    /// While no head was set, that of most agents is taken for the right one (Boyer and Moore 1981, "MJRTY").
    fn vote(&mut self) {
        if !self.heads.is_empty() {
            return;
        }
        let (mut candidate, mut lead) = (0, 0_usize);
        for track in self.tracks.iter().filter(|track| track.heard) {
            if lead == 0 {
                candidate = track.context;
            }
            lead = if track.context == candidate {
                lead + 1
            } else {
                lead - 1
            };
        }
        let known = self.tracks.iter().filter(|track| track.heard).count();
        let holders = self
            .tracks
            .iter()
            .filter(|track| track.heard && track.context == candidate)
            .count();
        self.usual_head = (holders >= 3 && holders * 2 > known).then_some(candidate);
    }
}

/// Tries to bring one dead agent back: a quarter of an hour of them, after which people are asked (the finding stands).
const REVIVALS_MAX: u8 = 10;
/// Beats asked for of one silent agent at most; 30 s of silence decide before they are used up.
const HAILS_MAX: u8 = 8;

/// What matters when an agent sends too much: that it lives and what it answers come first.
const fn priority(body: &Body) -> Priority {
    match body {
        Body::Beat(_) => Priority::Critical,
        Body::Ack(_) => Priority::High,
        _ => Priority::Normal,
    }
}
