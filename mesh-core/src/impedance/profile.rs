//! A lead's record of how one agent behaves: what Z it has, when to send to it, and how sure that is.
//!
//! Three things are measured. Heartbeats give round trips, whose half is a one-way delay; translated clocks give one-way
//! delays themselves, which are never halved. Acknowledgements give the agent's own work. And every throw tells how its
//! total, from sending until READY, compared with what was predicted, which corrects what adding up two parts got wrong.

use super::confidence::Confidence;
use super::digest::{PredictorDigest, ProfileDigest};
use super::predictor::Predictor;
use super::processing::{ClassSlopes, Processing};
use super::quantiles::{LEVELS, MEDIAN, P84, Quantiles, TAILS};
use super::reliability::Reliability;
use crate::place::Class;
use crate::time::{Micros, Moment};
use crate::unit::{Impedance, Share, Weight};

/// Above this score an agent is degraded (§4.2).
pub const DEGRADED_SCORE: u16 = 800;
/// Above this drift coefficient an agent is unstable (§4.2).
pub const UNSTABLE_DRIFT: f64 = 0.5;
/// Z above this many times its own long-run average is a spike (§6.1).
pub const SPIKE_FACTOR: f64 = 2.0;
/// The long-run average looks back an hour of heartbeats.
const USUAL_SAMPLES: f32 = 720.0;
/// A spike needs an average to stand out from.
const SPIKE_SAMPLES_MIN: u32 = 20;

/// What a lead knows of one agent's delays.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    class: Class,
    queue: u16,
    /// The long-run average of Z, in microseconds.
    usual: f32,
    /// [`Moment::NEVER`] is never: eight bytes less than an option.
    heard: Moment,
    network: Predictor,
    processing: Processing,
    correction: Correction,
    reliability: Reliability,
}

/// What a profile expects, each part worked out once for all that is asked of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    network: Quantiles,
    /// Work of weight 0 on an empty queue.
    base: Quantiles,
    correction: Correction,
}

/// What an acknowledgement says of times (all measured on the agent's clock but for `arrival`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// From sending (translated to the agent's clock) to receiving: a one-way delay; `None` without a clock estimate.
    pub arrival: Option<Micros>,
    /// From receiving to READY.
    pub processing: Micros,
    /// The payload's weight.
    pub weight: Weight,
    /// What waited at the agent when it was received.
    pub queue: u16,
}

/// What the thresholds of §4.2 and §6.1 say of an agent; never anything of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Score above [`DEGRADED_SCORE`].
    pub degraded: bool,
    /// Drift above [`UNSTABLE_DRIFT`].
    pub unstable: bool,
    /// Z above [`SPIKE_FACTOR`] times its own average.
    pub spike: bool,
}

/// How long before T to send to an agent, frozen at that moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lead {
    /// The predicted delay from sending until READY, which the actual one is compared with.
    pub median: Micros,
    /// The delay that is kept with the wanted on-time rate, and the clocks' bound.
    pub lead: Micros,
    /// How far off the translation of T may be.
    pub bound: Micros,
    /// The distribution behind both.
    pub total: Quantiles,
}

impl Lead {
    /// From the distribution of the total delay.
    pub fn new(total: Quantiles, on_time: Share, bound: Micros) -> Self {
        Self {
            median: total.median(),
            lead: total.at(on_time) + bound,
            bound,
            total,
        }
    }

    /// The probability of READY within `available` of sending, of an agent that answers.
    pub fn probability(&self, available: Micros) -> Share {
        if available < self.bound {
            return Share::NONE;
        }
        self.total.within(available - self.bound)
    }
}

impl Profile {
    /// An agent of which only the class is known.
    pub fn new(class: Class) -> Self {
        let mut profile = Self {
            class,
            queue: 0,
            usual: 0.0,
            heard: Moment::NEVER,
            network: Predictor::new(&Quantiles::network_prior(class)),
            processing: Processing::new(class),
            correction: Correction::default(),
            reliability: Reliability::default(),
        };
        profile.usual = profile.typical();
        profile
    }

    /// An agent that another lead knew.
    pub fn from_digest(class: Class, digest: &ProfileDigest) -> Self {
        let mut profile = Self {
            queue: digest.queue,
            network: Predictor::from_digest(&digest.network),
            processing: Processing::around(
                &digest.processing.quantiles(),
                digest.processing.samples(),
            ),
            correction: Correction::unpack(digest.correction),
            ..Self::new(class)
        };
        profile.usual = profile.typical();
        profile
    }

    /// See [`crate::warm`].
    pub(crate) fn warm(&self) -> u64 {
        self.network.warm() ^ u64::from(self.usual.to_bits()) ^ u64::from(self.processing.samples())
    }

    /// The parts of what is to be expected now.
    pub fn outlook(&self, slopes: &ClassSlopes) -> Outlook {
        Outlook {
            network: self.network.quantiles(),
            base: self.processing.base(slopes),
            correction: self.correction,
        }
    }

    /// What a replica keeps of this.
    pub fn digest(&self, slopes: &ClassSlopes, now: Moment) -> ProfileDigest {
        self.digest_of(&self.outlook(slopes), now)
    }

    /// [`Profile::digest`], from this profile's outlook.
    pub fn digest_of(&self, outlook: &Outlook, now: Moment) -> ProfileDigest {
        let samples = u32::from(self.processing.samples());
        ProfileDigest {
            network: PredictorDigest::new(&outlook.network, self.network.samples()),
            processing: PredictorDigest::new(&outlook.base, samples),
            queue: self.queue,
            reliability: libm::round(self.reliability.share(now).value() * 255.0) as u8,
            correction: self.correction.pack(),
        }
    }

    /// A heartbeat was echoed: the whole trip took `trip` (less the time at the other end), and so much waits at the agent.
    pub fn beat(&mut self, trip: Option<Micros>, queue: u16, now: Moment) {
        self.heard = now;
        self.queue = queue;
        if let Some(trip) = trip {
            self.delay(trip.half());
        }
    }

    /// A one-way delay was measured between translated clocks.
    pub fn one_way(&mut self, delay: Micros, now: Moment) {
        self.heard = now;
        self.delay(delay);
    }

    /// An acknowledgement came: learns network and processing from it.
    pub fn acknowledged(&mut self, ack: &Acknowledged, slopes: &mut ClassSlopes, now: Moment) {
        self.heard = now;
        self.processing
            .observe(ack.processing, ack.weight, ack.queue, slopes);
        if let Some(arrival) = ack.arrival {
            self.delay(arrival);
        }
        self.reliability.record(true, now);
    }

    /// A throw to which the agent was READY after `total` from sending; `frozen` is what was predicted of it then.
    pub fn outcome(&mut self, frozen: &Lead, total: Micros) {
        self.correction.learn(&frozen.total, total);
    }

    /// The agent did not answer, or refused.
    pub fn failed(&mut self, now: Moment) {
        self.reliability.record(false, now);
    }

    /// When to send so that the agent is READY by T with probability `on_time`; `bound` is what T's translation may be off.
    pub fn lead_time(
        &self,
        slopes: &ClassSlopes,
        weight: Weight,
        queue: u16,
        on_time: Share,
        bound: Micros,
    ) -> Lead {
        Lead::new(self.total(slopes, weight, queue, None), on_time, bound)
    }

    /// The distribution of the delay from sending until READY. `copy`: how long after the first a second copy follows, if
    /// one does; the earlier arrival counts.
    pub fn total(
        &self,
        slopes: &ClassSlopes,
        weight: Weight,
        queue: u16,
        copy: Option<Micros>,
    ) -> Quantiles {
        self.outlook(slopes).total(slopes, weight, queue, copy)
    }

    /// The probability that the agent is READY `available` after a message sent now.
    pub fn confidence(&self, lead: &Lead, available: Micros, now: Moment) -> Share {
        Confidence {
            samples: self
                .network
                .samples()
                .min(u32::from(self.processing.samples()) * 4),
            drift: lead.total.drift(),
            reliability: self.reliability.share(now),
            silence: self.heard().map_or(Micros::MAX, |heard| now.since(heard)),
        }
        .of(&lead.total, available - lead.bound)
    }

    /// Z (§1.3): weight 0, present queue.
    pub fn impedance(&self, slopes: &ClassSlopes) -> Impedance {
        Impedance(self.total(slopes, Weight(0), self.queue, None).median())
    }

    /// `impedance_score` (§2.3): milliseconds, at most 1000; people have none.
    pub fn score(&self, slopes: &ClassSlopes) -> Option<u16> {
        (!self.class.is_human()).then(|| self.impedance(slopes).score())
    }

    /// `drift_coefficient` (§2.3): how much Z varies, without dimension.
    pub fn drift(&self, slopes: &ClassSlopes) -> f64 {
        self.total(slopes, Weight(0), self.queue, None).drift()
    }

    /// `reliability_score` (§2.3): success of the last hour.
    pub fn reliability(&self, now: Moment) -> Share {
        self.reliability.share(now)
    }

    /// The thresholds of §4.2 and §6.1.
    pub fn flags(&self, slopes: &ClassSlopes) -> Flags {
        if self.class.is_human() {
            return Flags::default();
        }
        let total = self.total(slopes, Weight(0), self.queue, None);
        let z = Impedance(total.median());
        Flags {
            degraded: z.score() > DEGRADED_SCORE,
            unstable: total.drift() > UNSTABLE_DRIFT,
            spike: self.network.samples() >= SPIKE_SAMPLES_MIN
                && z.0.0 as f64 > SPIKE_FACTOR * f64::from(self.usual),
        }
    }

    /// The long-run average of Z (§6.1).
    pub fn usual(&self) -> Impedance {
        Impedance(Micros(self.usual as i64))
    }

    /// The agent's class.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// What waited at the agent at its last beat.
    pub const fn queue(&self) -> u16 {
        self.queue
    }

    /// When the agent was last heard.
    pub fn heard(&self) -> Option<Moment> {
        (self.heard != Moment::NEVER).then_some(self.heard)
    }

    /// The network's part.
    pub const fn network(&self) -> &Predictor {
        &self.network
    }

    /// The agent's own work.
    pub const fn processing(&self) -> &Processing {
        &self.processing
    }

    fn delay(&mut self, one_way: Micros) {
        self.network.observe(one_way);
        let weight = 1.0 / (self.network.samples() as f32).min(USUAL_SAMPLES);
        self.usual += weight * (self.typical() - self.usual);
    }

    /// Z by the specification's slopes: the average must not jump when the class's are learnt.
    fn typical(&self) -> f32 {
        let work = self
            .processing
            .median(&ClassSlopes::default(), Weight(0), self.queue);
        self.network.point() + work
    }
}

impl Outlook {
    /// The network's part.
    pub const fn network(&self) -> &Quantiles {
        &self.network
    }

    /// The delay from sending until READY for this weight and queue. `copy`: how long after the first a second copy follows,
    /// if one does; the earlier arrival counts.
    pub fn total(
        &self,
        slopes: &ClassSlopes,
        weight: Weight,
        queue: u16,
        copy: Option<Micros>,
    ) -> Quantiles {
        let work = self.base.times(slopes.factor(weight, queue));
        let way = copy.map_or(self.network, |gap| self.network.sooner(gap));
        self.correction.apply(&way.plus(&work))
    }
}

/// What throws have taught about the total: a shift of everything in parts of its spread, and a stretch of each of the three upper tails.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Correction {
    shift: f32,
    /// Logarithms (base 2) for the levels from 0.95 up.
    stretch: [f32; 3],
}

impl Correction {
    /// The corrected distribution.
    pub(super) fn apply(&self, total: &Quantiles) -> Quantiles {
        let shift = self.shift * (total.levels[P84] - total.levels[MEDIAN]);
        let median = total.levels[MEDIAN] + shift;
        let mut levels = total.levels.map(|value| value + shift);
        for (value, stretch) in levels[TAILS..].iter_mut().zip(self.stretch) {
            *value = median + (*value - median) * libm::exp2f(stretch);
        }
        Quantiles::new(levels).with_point(total.point + shift)
    }

    /// Learns where the actual total fell. `frozen` had the correction of its time applied, so each step is from there.
    fn learn(&mut self, frozen: &Quantiles, total: Micros) {
        let total = total.0 as f32;
        let above = if total > frozen.levels[MEDIAN] {
            0.5
        } else {
            -0.5
        };
        self.shift = (self.shift + SHIFT_STEP * above).clamp(-2.0, 2.0);
        for (tail, stretch) in self.stretch.iter_mut().enumerate() {
            let level = TAILS + tail;
            let late = if total > frozen.levels[level] {
                LEVELS[level]
            } else {
                LEVELS[level] - 1.0
            };
            *stretch = (*stretch + STRETCH_STEP * late).clamp(-1.0, 3.0);
        }
    }

    pub(super) fn pack(&self) -> [i8; 4] {
        let [a, b, c] = self.stretch;
        [self.shift, a, b, c].map(|value| libm::roundf(value * 32.0) as i8)
    }

    pub(super) fn unpack(packed: [i8; 4]) -> Self {
        let [shift, a, b, c] = packed.map(|value| f32::from(value) / 32.0);
        Self {
            shift: shift.clamp(-2.0, 2.0),
            stretch: [a, b, c].map(|value| value.clamp(-1.0, 3.0)),
        }
    }
}

const SHIFT_STEP: f32 = 0.05;
const STRETCH_STEP: f32 = 0.25;

const _: () = assert!(size_of::<Profile>() <= 840);

#[cfg(test)]
mod tests;
