//! What a replica keeps of a predictor or a profile: enough to schedule from, and for a new lead to start warm.

use super::delay::Delay;
use super::processing::ClassSlopes;
use super::profile::Lead;
use super::quantiles::{LEVEL_COUNT, Quantiles};
use crate::time::Micros;
use crate::unit::{Share, Weight};
use serde::{Deserialize, Serialize};

/// A predictor's present distribution and how much it has seen, in 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictorDigest {
    levels: [Delay; LEVEL_COUNT],
    point: Delay,
    samples: u16,
}

impl PredictorDigest {
    pub(super) fn new(quantiles: &Quantiles, samples: u32) -> Self {
        Self {
            levels: quantiles.levels.map(Delay::from_value),
            point: Delay::from_value(quantiles.point),
            samples: samples.min(u32::from(u16::MAX)) as u16,
        }
    }

    /// The distribution of the next delay, as of the digest. One that came damaged over the wire is straightened.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles::new(self.levels.map(Delay::value)).with_point(self.point.value())
    }

    /// The point prediction.
    pub fn median(&self) -> Micros {
        self.quantiles().median()
    }

    /// The delay that the next one exceeds with probability `1 - share`.
    pub fn quantile(&self, share: Share) -> Micros {
        self.quantiles().at(share)
    }

    /// The probability that the next delay is at most `span`.
    pub fn probability_within(&self, span: Micros) -> Share {
        self.quantiles().within(span)
    }

    /// Delays that the predictor had seen, at most 65,535.
    pub const fn samples(&self) -> u16 {
        self.samples
    }
}

/// A whole profile: network, processing and how the throws turned out. The registry's row of an agent holds it, and the
/// orchestrator schedules from it as a lead does from the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileDigest {
    pub(super) network: PredictorDigest,
    /// Processing at weight 0 on an empty queue.
    pub(super) processing: PredictorDigest,
    pub(super) queue: u16,
    /// Success of the last hour in parts of 255.
    pub(super) reliability: u8,
    /// The corrections that throws have taught, see `profile::Correction`.
    pub(super) correction: [i8; 4],
}

impl ProfileDigest {
    /// The delay from sending until READY for this weight and queue, as [`super::Profile::total`].
    pub fn total(
        &self,
        slopes: &ClassSlopes,
        weight: Weight,
        queue: u16,
        copy: Option<Micros>,
    ) -> Quantiles {
        let work = self
            .processing
            .quantiles()
            .times(slopes.factor(weight, queue));
        let way = self.network.quantiles();
        let way = copy.map_or(way, |gap| way.sooner(gap));
        super::profile::Correction::unpack(self.correction).apply(&way.plus(&work))
    }

    /// When to send, as [`super::Profile::lead_time`].
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

    /// The network's part.
    pub const fn network(&self) -> PredictorDigest {
        self.network
    }

    /// The processing's part, for weight 0 on an empty queue.
    pub const fn processing(&self) -> PredictorDigest {
        self.processing
    }

    /// Operations that waited at the agent.
    pub const fn queue(&self) -> u16 {
        self.queue
    }

    /// Success of the last hour.
    pub fn reliability(&self) -> Share {
        Share::new(f64::from(self.reliability) / 255.0)
    }
}

const _: () = assert!(size_of::<PredictorDigest>() <= 48 && size_of::<ProfileDigest>() <= 48);
