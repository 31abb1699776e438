//! One throw at one lead: when each agent is sent to, what became of it, when the account is sealed (§3.2).
//!
//! The five sets are disjoint and together are whom the throw was for, from the first moment to the last: an agent is in
//! transit until something moves it, and nothing moves it twice.

use super::{Slotting, Timing, slotting};
use crate::message::{Ack, Answer, ClassTally, ErrorHistogram, Fold, Header, Micros32, SkipReason};
use crate::place::{Class, Slots};
use crate::role::{BUCKET, COPIES, is_due};
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// How long after a change the parent is told of it, so that thirty changes make one message.
const FOLD_GAP: Micros = Micros::millis(200);
/// How long an armed cast waits for the word from above before it nudges; the wait doubles each time.
const NUDGE_GAP: Micros = Micros::millis(60);
/// The same after T, when the whole mesh waits for what is still open.
const FOLD_GAP_AFTER: Micros = Micros::millis(10);
/// An agent is given up when it is past the 0.999 quantile of its own delay; the answer to a poll may take so much longer.
const POLL_GRACE: Micros = Micros::millis(10);
/// An account stays open at least so long after T where somebody is out: faster clusters wait for slower ones anyway.
const SEAL_FLOOR: Micros = Micros::millis(60);
/// How long a sealed cast is kept for answers that come after all.
const KEEP: Micros = Micros::seconds(5);
/// READY within this of the median predicted counts as well predicted (§11.1).
const NEAR: Micros = Micros::millis(50);

/// One throw at one lead.
#[derive(Debug)]
pub struct Cast {
    header: Arc<Header>,
    target: Moment,
    bound: Micros,
    expires: Moment,
    parts: Vec<Part>,
    /// Sends to come, latest first, so that the next one is at the end.
    buckets: Vec<(Moment, Slots)>,
    /// Second copies to come, for links that lose messages.
    repeats: Vec<(Moment, Slots)>,
    lossy: bool,
    gated: bool,
    nudge_at: Moment,
    nudge_gap: Micros,
    check_at: Moment,
    fold_at: Moment,
    drop_at: Moment,
    version: u32,
    targeted: Slots,
    ready: Slots,
    conflict: Slots,
    transit: Slots,
    skipped: Slots,
    unreachable: Slots,
    late: Slots,
    after_seal: Slots,
    skips: Vec<(SkipReason, Slots)>,
    /// What those would have needed who cannot make T.
    short: Vec<(u8, Micros32)>,
    tallies: Vec<ClassTally>,
    errors: ErrorHistogram,
    releases: ErrorHistogram,
    bound_max: Micros,
    sealed: bool,
    /// What most agents answered, as far as it was said; 0 is nothing.
    answer: u64,
    /// How often the final account has been sent.
    said: u8,
}

/// One agent's part of it.
#[derive(Debug, Clone, Copy)]
struct Part {
    slot: u8,
    class: Class,
    polled: bool,
    sent: Moment,
    timing: Timing,
    /// When its answer is overdue; after the poll, when it is given up.
    expect: Moment,
}

/// What a cast wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CastDue {
    /// Send the throw to these.
    Send(Slots),
    /// Ask these again.
    Poll(Slots),
    /// The same copy again, on a link that loses messages.
    Repeat(Slots),
    /// Say again that we are armed: the word from above is missing.
    Nudge,
    /// Tell the parent.
    Fold,
    /// Forget this cast.
    Drop,
}

impl Cast {
    /// A throw with T at `target` here, nobody in it yet.
    pub fn new(
        header: Arc<Header>,
        target: Moment,
        bound: Micros,
        expires: Moment,
        gated: bool,
        lossy: bool,
    ) -> Self {
        let drop_at = target + header.window + KEEP;
        Self {
            header,
            target,
            bound,
            expires,
            parts: Vec::new(),
            buckets: Vec::new(),
            repeats: Vec::new(),
            lossy,
            gated,
            nudge_at: Moment::NEVER,
            nudge_gap: NUDGE_GAP,
            check_at: Moment::NEVER,
            fold_at: Moment::NEVER,
            drop_at,
            version: 0,
            targeted: Slots::EMPTY,
            ready: Slots::EMPTY,
            conflict: Slots::EMPTY,
            transit: Slots::EMPTY,
            skipped: Slots::EMPTY,
            unreachable: Slots::EMPTY,
            late: Slots::EMPTY,
            after_seal: Slots::EMPTY,
            skips: Vec::new(),
            short: Vec::new(),
            tallies: Vec::new(),
            errors: ErrorHistogram::default(),
            releases: ErrorHistogram::default(),
            bound_max: Micros::ZERO,
            sealed: false,
            answer: 0,
            said: 0,
        }
    }

    /// Room for `agents` of them, at once.
    pub fn reserve(&mut self, agents: usize) {
        self.parts.reserve_exact(agents);
    }

    /// An agent that can take part.
    pub fn include(&mut self, slot: u8, class: Class, timing: Timing) {
        self.enter(slot, class);
        self.transit.insert(slot);
        self.parts.push(Part {
            slot,
            class,
            polled: false,
            sent: Moment::NEVER,
            timing,
            expect: Moment::NEVER,
        });
    }

    /// An agent that is not sent to.
    pub fn exclude(&mut self, slot: u8, class: Class, reason: SkipReason) {
        self.enter(slot, class);
        self.skipped.insert(slot);
        self.note_skip(slot, class, reason);
    }

    /// An agent that is known to be gone.
    pub fn missing(&mut self, slot: u8, class: Class) {
        self.enter(slot, class);
        self.unreachable.insert(slot);
    }

    /// Everybody is in: make the buckets. Whoever cannot make T is skipped.
    pub fn plan(&mut self, now: Moment) {
        if self.gated {
            self.nudge_at = now + self.nudge_gap;
            return;
        }
        let parts = core::mem::take(&mut self.parts);
        for part in parts {
            let slack = part.timing.lead - part.timing.median;
            // Where messages get lost the second copy, a bucket later, should be in time as well.
            let early = if self.lossy && part.timing.holds && slack < BUCKET + BUCKET {
                BUCKET
            } else {
                Micros::ZERO
            };
            match slotting(now, self.target - early, part.timing.lead) {
                Slotting::Send(at) => {
                    match self.buckets.iter_mut().find(|(time, _)| *time == at) {
                        Some((_, slots)) => slots.insert(part.slot),
                        None => self.buckets.push((at, Slots::one(part.slot))),
                    }
                    self.parts.push(part);
                }
                Slotting::Skip { need, .. } => {
                    self.short.push((part.slot, need.into()));
                    self.skip(part.slot, part.class, SkipReason::Lead);
                }
            }
        }
        self.buckets
            .sort_unstable_by_key(|&(at, _)| core::cmp::Reverse(at));
        self.settle(now);
    }

    /// The gate above opened or closed for good.
    pub fn proceed(&mut self, now: Moment, go: bool) {
        if !self.gated || self.sealed {
            return;
        }
        self.gated = false;
        if go {
            self.plan(now);
        } else {
            for part in core::mem::take(&mut self.parts) {
                self.skip(part.slot, part.class, SkipReason::Gate);
            }
            self.settle(now);
        }
    }

    /// Desired state has changed: whoever has not been sent to and must not be any more, for the reason that `barred`
    /// gives, is skipped.
    pub fn withhold(&mut self, now: Moment, barred: impl Fn(u8, Class) -> Option<SkipReason>) {
        if self.sealed {
            return;
        }
        let open = |part: &Part| part.sent == Moment::NEVER && self.transit.has(part.slot);
        let skips: Vec<_> = self
            .parts
            .iter()
            .filter(|part| open(part))
            .filter_map(|part| Some((part.slot, part.class, barred(part.slot, part.class)?)))
            .collect();
        if skips.is_empty() {
            return;
        }
        for (slot, class, reason) in skips {
            self.skip(slot, class, reason);
        }
        // A gated cast plans later, with those who are left.
        let transit = self.transit;
        if self.gated {
            self.parts.retain(|part| transit.has(part.slot));
        }
        for (_, slots) in &mut self.buckets {
            *slots = slots.and(transit);
        }
        self.buckets.retain(|(_, slots)| !slots.is_empty());
        self.settle(now);
    }

    /// The latest moment after T by which the account is sealed if everything goes as badly as it may.
    pub fn seal_by(&self) -> Micros {
        let slowest = self.parts.iter().map(|part| {
            part.timing.limit - part.timing.lead + part.timing.back + part.timing.round
        });
        slowest
            .max()
            .unwrap_or(Micros::ZERO)
            .min(self.header.window)
            .max(Micros::ZERO)
    }

    /// What is due now, one at a time until `None`.
    pub fn due(&mut self, now: Moment) -> Option<CastDue> {
        // One that ends later than any can is from before the clock here went back: those above have closed it.
        let longest = self.header.ttl + self.header.window + KEEP;
        if is_due(now, self.drop_at, longest) {
            return Some(CastDue::Drop);
        }
        if self.gated && now >= self.target {
            self.proceed(now, false);
        }
        if self.gated && now >= self.nudge_at {
            self.nudge_gap = self.nudge_gap + self.nudge_gap;
            self.nudge_at = (now + self.nudge_gap).min(self.target);
            return Some(CastDue::Nudge);
        }
        if let Some(&(at, slots)) = self.repeats.first()
            && now >= at
        {
            self.repeats.remove(0);
            let slots = slots.and(self.transit);
            if !slots.is_empty() {
                return Some(CastDue::Repeat(slots));
            }
        }
        if let Some(&(at, slots)) = self.buckets.last()
            && now >= at
        {
            self.buckets.pop();
            let slots = slots.and(self.transit);
            if now > self.expires {
                slots
                    .iter()
                    .for_each(|slot| self.decline(slot, SkipReason::Expired));
                self.settle(now);
                return self.due(now);
            }
            self.sent(now, slots);
            return Some(CastDue::Send(slots));
        }
        if now >= self.check_at {
            let polled = self.check(now);
            if !polled.is_empty() {
                return Some(CastDue::Poll(polled));
            }
        }
        if now >= self.fold_at {
            // The last word is said again where messages get lost: the whole mesh waits for it.
            self.said += u8::from(self.sealed && self.said < COPIES);
            let again = self.lossy && self.sealed && self.said < COPIES;
            self.fold_at = if again { now + BUCKET } else { Moment::NEVER };
            return Some(CastDue::Fold);
        }
        None
    }

    /// The next moment at which [`Cast::due`] has something.
    pub fn next_deadline(&self) -> Moment {
        let bucket = self.buckets.last().map_or(Moment::NEVER, |&(at, _)| at);
        let repeat = self.repeats.first().map_or(Moment::NEVER, |&(at, _)| at);
        let gate = if self.gated {
            self.nudge_at.min(self.target)
        } else {
            Moment::NEVER
        };
        bucket
            .min(repeat)
            .min(gate)
            .min(self.check_at)
            .min(self.fold_at)
            .min(self.drop_at)
    }

    /// An answer has come in. Gives the agent's timing, and when it was sent to, for its profile to learn from; `None`
    /// when it was not being waited for.
    pub fn ack(&mut self, now: Moment, slot: u8, ack: &Ack) -> Option<(Timing, Moment)> {
        let part = *self.parts.iter().find(|part| part.slot == slot)?;
        if part.sent == Moment::NEVER {
            return None;
        }
        if self.sealed {
            if self.transit.has(slot) && !self.after_seal.has(slot) {
                self.after_seal.insert(slot);
                self.fold_at = self.fold_at.min(now + FOLD_GAP);
                return Some((part.timing, part.sent));
            }
            return None;
        }
        if !self.transit.has(slot) {
            return None;
        }
        self.transit.remove(slot);
        match ack.answer {
            Answer::Ready => {
                self.ready.insert(slot);
                self.count_ready(&part, ack);
            }
            Answer::Conflict(_) => {
                self.conflict.insert(slot);
                self.tally(part.class).conflict += 1;
            }
            Answer::Declined(reason) => {
                self.transit.insert(slot);
                self.decline(slot, reason);
            }
        }
        self.settle(now);
        Some((part.timing, part.sent))
    }

    /// The account as it stands.
    pub fn fold(&mut self) -> Fold {
        self.version += 1;
        Fold {
            operation: self.header.id,
            version: self.version,
            targeted: self.targeted,
            ready: self.ready,
            conflict: self.conflict,
            transit: self.transit,
            skipped: self.skipped,
            unreachable: self.unreachable,
            late: self.late,
            after_seal: self.after_seal,
            skips: self.skips.clone(),
            short: self.short.clone(),
            tallies: self.tallies.clone(),
            errors: self.errors,
            releases: self.releases,
            bound: self.bound_max,
            sealed: self.sealed,
            result: self.answer,
        }
    }

    /// Whether its account is final.
    pub const fn is_over(&self) -> bool {
        self.sealed
    }

    /// What most agents have answered so far; 0 changes nothing. The account says it as often as it is sent.
    pub const fn answered(&mut self, answer: u64) {
        if answer != 0 {
            self.answer = answer;
        }
    }

    /// What is asked.
    pub const fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// T here.
    pub const fn target(&self) -> Moment {
        self.target
    }

    /// How far off T may be here.
    pub const fn bound(&self) -> Micros {
        self.bound
    }

    /// When its time to live is over here.
    pub const fn expires(&self) -> Moment {
        self.expires
    }

    /// Whether the account is final.
    pub const fn sealed(&self) -> bool {
        self.sealed
    }

    /// What is expected of one agent.
    pub fn timing(&self, slot: u8) -> Option<Timing> {
        self.parts
            .iter()
            .find(|part| part.slot == slot)
            .map(|part| part.timing)
    }

    /// Whether the five sets are disjoint and together are whom it was for.
    pub fn balanced(&self) -> bool {
        balanced(
            self.targeted,
            [
                self.ready,
                self.conflict,
                self.transit,
                self.skipped,
                self.unreachable,
            ],
        )
    }

    fn enter(&mut self, slot: u8, class: Class) {
        self.targeted.insert(slot);
        let tally = self.tally(class);
        tally.targeted += 1;
        if !class.is_human() {
            tally.eligible += 1;
        }
    }

    fn tally(&mut self, class: Class) -> &mut ClassTally {
        let index = self
            .tallies
            .iter()
            .position(|tally| tally.class == class)
            .unwrap_or_else(|| {
                self.tallies.push(ClassTally {
                    class,
                    targeted: 0,
                    eligible: 0,
                    ready: 0,
                    conflict: 0,
                    in_window: 0,
                    within_50: 0,
                    arrivals: ErrorHistogram::default(),
                });
                self.tallies.len() - 1
            });
        &mut self.tallies[index]
    }

    fn note_skip(&mut self, slot: u8, class: Class, reason: SkipReason) {
        if !class.is_human() {
            self.tally(class).eligible -= 1;
        }
        match self.skips.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, slots)) => slots.insert(slot),
            None => self.skips.push((reason, Slots::one(slot))),
        }
    }

    /// From transit to skipped.
    fn skip(&mut self, slot: u8, class: Class, reason: SkipReason) {
        self.transit.remove(slot);
        self.skipped.insert(slot);
        self.note_skip(slot, class, reason);
    }

    fn decline(&mut self, slot: u8, reason: SkipReason) {
        if let Some(part) = self.parts.iter().find(|part| part.slot == slot) {
            self.skip(slot, part.class, reason);
        }
    }

    fn sent(&mut self, now: Moment, slots: Slots) {
        let target = self.target;
        for part in self.parts.iter_mut().filter(|part| slots.has(part.slot)) {
            part.sent = now;
            part.expect = target.max(now + part.timing.lead) + part.timing.back;
        }
        if self.lossy && !slots.is_empty() {
            self.repeats.push((now + BUCKET, slots));
        }
        self.schedule_check(now);
    }

    /// Looks at who is overdue: polls those who were not, gives up those who were.
    fn check(&mut self, now: Moment) -> Slots {
        let close = self.target + self.header.window;
        let mut polled = Slots::EMPTY;
        let (transit, target) = (self.transit, self.target);
        for part in self
            .parts
            .iter_mut()
            .filter(|part| transit.has(part.slot) && now >= part.expect)
        {
            if !part.polled {
                part.polled = true;
                let limit = (target + part.timing.back)
                    .max(part.sent + part.timing.limit + part.timing.round.half());
                let answer = (now + part.timing.round).min(limit + POLL_GRACE);
                part.expect = limit.max(answer).max(target + SEAL_FLOOR).min(close);
                polled.insert(part.slot);
            }
        }
        self.schedule_check(now);
        if polled.is_empty() {
            self.settle(now);
        }
        polled
    }

    /// The next time that somebody is overdue or to be given up; who was given up no longer wakes anybody.
    fn schedule_check(&mut self, now: Moment) {
        let transit = self.transit;
        let next = self
            .parts
            .iter()
            .filter(|part| transit.has(part.slot) && !(part.polled && now >= part.expect));
        self.check_at = next.map(|part| part.expect).min().unwrap_or(Moment::NEVER);
    }

    /// After a change: tell the parent soon, and seal when nobody is waited for.
    fn settle(&mut self, now: Moment) {
        if self.sealed || self.gated {
            return;
        }
        // Before T nobody hurries.
        let gap = if now < self.target {
            FOLD_GAP
        } else {
            FOLD_GAP_AFTER
        };
        self.fold_at = self.fold_at.min(now + gap);
        let waited = self.buckets.is_empty()
            && self
                .parts
                .iter()
                .all(|part| !self.transit.has(part.slot) || part.polled && now >= part.expect);
        if waited {
            self.sealed = true;
            self.check_at = Moment::NEVER;
            self.fold_at = now;
        }
    }

    fn count_ready(&mut self, part: &Part, ack: &Ack) {
        let predicted = (part.sent + part.timing.median).since(self.target);
        let error = ack.ready - predicted;
        self.errors.add(error);
        // Who cannot hold has no release to be off: its error says all.
        if part.timing.holds {
            self.releases.add(ack.released);
        }
        self.bound_max = self.bound_max.max(ack.bound);
        let on_time = ack.ready <= Micros::ZERO;
        if !on_time {
            self.late.insert(part.slot);
        }
        let tally = self.tally(part.class);
        tally.ready += 1;
        tally.in_window += u16::from(on_time);
        tally.within_50 += u16::from(error.abs() <= NEAR);
        tally.arrivals.add(ack.ready);
    }
}

/// Whether `sets` are disjoint and together are `targeted`.
fn balanced(targeted: Slots, sets: [Slots; 5]) -> bool {
    let union = sets.iter().fold(Slots::EMPTY, |all, set| all.or(*set));
    union == targeted && sets.iter().map(|set| set.len()).sum::<usize>() == targeted.len()
}

impl Fold {
    /// Whether the five sets are disjoint and together are whom it was for (PROTOCOL §4).
    pub fn balanced(&self) -> bool {
        balanced(
            self.targeted,
            [
                self.ready,
                self.conflict,
                self.transit,
                self.skipped,
                self.unreachable,
            ],
        )
    }
}

#[cfg(test)]
mod tests;
