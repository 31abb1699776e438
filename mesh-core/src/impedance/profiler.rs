//! What an agent measures of itself (§4.1), small enough for a million of them: a delay is one byte.

use super::reliability::Reliability;
use super::ring::SAMPLES_MAX;
use crate::time::{Micros, Moment};
use crate::unit::Share;
use serde::{Deserialize, Serialize};

/// The agent's own figures for its heartbeat. A claim: its lead measures round trips itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profiler {
    latency: Scores,
    processing: Scores,
    reliability: Reliability,
}

/// What a heartbeat carries of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Median one-way delay of messages.
    pub latency: Micros,
    /// Median time of its own work.
    pub processing: Micros,
    /// Robust spread of the delay over its median.
    pub drift: f32,
    /// Success of the last hour.
    pub reliability: Share,
}

impl Profiler {
    /// A message came, so long after its copy was sent (in translated time); never since it was created.
    pub fn received(&mut self, one_way: Micros) {
        self.latency.add(one_way);
    }

    /// Work ended after `took`.
    pub fn processed(&mut self, took: Micros, success: bool, now: Moment) {
        self.processing.add(took);
        self.reliability.record(success, now);
    }

    /// The figures of now.
    pub fn report(&self, now: Moment) -> Report {
        let latency = self.latency.sorted();
        let spread = (latency.at(0.84).0 - latency.at(0.16).0) as f32 / 2.0;
        let median = latency.at(0.5);
        Report {
            latency: median,
            processing: self.processing.sorted().at(0.5),
            drift: spread / median.0.max(1) as f32,
            reliability: self.reliability.share(now),
        }
    }
}

/// The last hundred delays, each as a ninth of an octave above 64 µs: right to 4 %, up to six hours.
#[derive(Debug, Clone, PartialEq)]
struct Scores {
    codes: [u8; SAMPLES_MAX],
    len: u8,
    head: u8,
}

const SMALLEST: f64 = 64.0;
const PER_OCTAVE: f64 = 9.0;

impl Default for Scores {
    fn default() -> Self {
        Self {
            codes: [0; SAMPLES_MAX],
            len: 0,
            head: 0,
        }
    }
}

impl Scores {
    fn add(&mut self, span: Micros) {
        let octaves = libm::log2((span.0 as f64).max(SMALLEST) / SMALLEST);
        self.codes[usize::from(self.head)] = libm::round(octaves * PER_OCTAVE).min(255.0) as u8;
        self.head = (self.head + 1) % SAMPLES_MAX as u8;
        self.len = (self.len + 1).min(SAMPLES_MAX as u8);
    }

    /// A copy in order of size, of which `head` has no meaning.
    fn sorted(&self) -> Self {
        let mut copy = self.clone();
        copy.codes[..usize::from(self.len)].sort_unstable();
        copy
    }

    /// Of a sorted copy: the delay at this part of the way; nothing when there is none.
    fn at(&self, part: f64) -> Micros {
        if self.len == 0 {
            return Micros::ZERO;
        }
        let rank = libm::round(part * f64::from(self.len - 1)) as usize;
        let octaves = f64::from(self.codes[rank]) / PER_OCTAVE;
        Micros(libm::round(SMALLEST * libm::exp2(octaves)) as i64)
    }
}

const _: () = assert!(size_of::<Profiler>() <= 256);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_reports_its_medians_within_four_percent() {
        let mut profiler = Profiler::default();
        assert_eq!(profiler.report(Moment(0)).latency, Micros::ZERO);
        for i in 0..300 {
            profiler.received(Micros::millis(40 + i % 21));
            profiler.processed(Micros::millis(200), i % 4 != 0, Moment(0));
        }
        let report = profiler.report(Moment(0));
        assert!(
            (report.latency.as_millis_f64() / 50.0 - 1.0).abs() < 0.045,
            "{report:?}"
        );
        assert!(
            (report.processing.as_millis_f64() / 200.0 - 1.0).abs() < 0.04,
            "{report:?}"
        );
        assert!((report.reliability.value() - 0.75).abs() < 0.01);
        assert!((0.10..0.18).contains(&report.drift), "{report:?}");
    }
}
