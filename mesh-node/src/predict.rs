//! The predictor over recorded round trips, beside its baselines.
//!
//! Each sample is taken as the next throw: it is predicted from those before it alone, then shown. The first twenty are
//! shown and not scored. The late share and the pinball loss are of the 95 % lead as predicted, without any floor.

use anyhow::{Context, bail};
use mesh_core::impedance::{Predictor, Quantiles};
use mesh_core::time::Micros;
use mesh_core::unit::Share;
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

/// Samples that are shown and not scored.
pub const UNSCORED: usize = 20;

/// The longest trace that is read: a day of a hundred samples a second is 8.6 million.
pub const SAMPLES_MAX: usize = 10_000_000;

/// The longest round trip that is believed, in milliseconds: a day.
pub const SAMPLE_MAX_MS: f64 = 86_400_000.0;

/// The share of delays that the measured lead is to cover.
const ON_TIME: f64 = 0.95;

/// A prediction within this of what came counts as a hit (§11), in milliseconds.
const HIT_MS: f64 = 50.0;

/// Samples of a timed pass: two milliseconds, in which the machine is seldom interrupted.
const TIMED_MAX: usize = 2_000;

/// What baselines look back on.
const WINDOW: usize = 100;

/// Deadlines for which the probability is asked, as multiples of the median of the last hundred: for the Brier score.
const DEADLINES: [f64; 4] = [0.9, 1.0, 1.1, 1.5];

/// How the predictor did on one trace. Milliseconds unless said otherwise; `None` where there was nothing to score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The trace's name.
    pub file: String,
    /// Samples in it, scored or not.
    pub n: usize,
    /// Median of the absolute error of the point prediction.
    pub error_p50_ms: Option<f64>,
    /// Its 90th percentile.
    pub error_p90_ms: Option<f64>,
    /// Share of errors of at most 50 ms.
    pub within_50ms: Option<f64>,
    /// Share of samples later than the 95 % lead.
    pub late_share: Option<f64>,
    /// Mean pinball loss of the 95 % lead.
    pub pinball_95: Option<f64>,
    /// Mean Brier score of the probability to be in time, over deadlines of 0.9, 1, 1.1 and 1.5 times the last hundred's median.
    pub brier: Option<f64>,
    /// Nanoseconds to predict median and lead and then learn, per sample.
    pub ns_per_sample: Option<f64>,
    /// The same of simpler rules.
    pub baselines: Baselines,
}

/// The simpler rules. Each has the figures that mean something for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Baselines {
    /// Rolling median of the last 100.
    pub median_100: Scores,
    /// Exponential average, 1/8.
    pub ewma: Scores,
    /// Jacobson's mean + 4 deviations (SIGCOMM 1988).
    pub jacobson: Scores,
    /// Rolling 95th percentile of the last 100.
    pub rolling_p95: Scores,
    /// Median and 95th percentile of the 50 samples on either side: sees the future, so it is no rule but a measure.
    pub oracle: Scores,
}

/// A baseline's figures, as in [`Report`].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[expect(missing_docs, reason = "the names and meanings are those of Report")]
pub struct Scores {
    pub error_p50_ms: Option<f64>,
    pub error_p90_ms: Option<f64>,
    pub within_50ms: Option<f64>,
    pub late_share: Option<f64>,
    pub pinball_95: Option<f64>,
    pub brier: Option<f64>,
}

/// What one rule says before a sample comes.
#[derive(Clone, Copy, Default)]
struct Forecast {
    point: Option<f64>,
    lead: Option<f64>,
    /// The probabilities to be in time for [`DEADLINES`].
    within: Option<[f64; DEADLINES.len()]>,
}

/// Reads a trace: one number of milliseconds a line; `name` is for the errors. Empty lines are passed over.
///
/// # Errors
/// The first line that is no number of milliseconds from 0 to a day, or the first line too many, named with its place and value.
pub fn parse(name: &str, text: &str) -> anyhow::Result<Vec<f64>> {
    let mut trace = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (line, number) = (line.trim(), index + 1);
        if line.is_empty() {
            continue;
        }
        let shown: String = line.chars().take(40).collect();
        let sample: f64 = line.parse().ok().with_context(|| {
            format!("{name}:{number}: '{shown}' is no number; a line is one round trip in milliseconds, such as 41.5")
        })?;
        if !(0.0..=SAMPLE_MAX_MS).contains(&sample) {
            bail!(
                "{name}:{number}: {shown} is no round trip; it must be from 0 to {SAMPLE_MAX_MS} milliseconds"
            );
        }
        if trace.len() == SAMPLES_MAX {
            bail!("{name}:{number}: more than {SAMPLES_MAX} samples; split the trace");
        }
        trace.push(sample);
    }
    Ok(trace)
}

/// Runs the predictor and its baselines over a trace of milliseconds.
pub fn evaluate(name: &str, trace: &[f64]) -> Report {
    let mut window = Rolling::default();
    let mut baselines: [Tally; 5] = Default::default();
    let mut own = Tally::default();
    let mut predictor = fresh();
    let (mut mean, mut deviation) = (0.0f64, 0.0f64);
    for (index, &sample) in trace.iter().enumerate() {
        if index >= UNSCORED {
            let deadlines = DEADLINES.map(|multiple| multiple * window.sorted.at(0.5));
            let quantiles = predictor.quantiles();
            own.score(
                &Forecast {
                    point: Some(quantiles.median().as_millis_f64()),
                    lead: Some(quantiles.at(Share::new(ON_TIME)).as_millis_f64()),
                    within: Some(deadlines.map(|deadline| {
                        quantiles.within(Micros::from_millis_f64(deadline)).value()
                    })),
                },
                sample,
                &deadlines,
            );
            let around = Sorted::around(trace, index);
            let forecasts = [
                Forecast {
                    point: Some(window.sorted.at(0.5)),
                    ..Forecast::default()
                },
                Forecast {
                    point: Some(mean),
                    ..Forecast::default()
                },
                Forecast {
                    lead: Some(mean + 4.0 * deviation),
                    ..Forecast::default()
                },
                Forecast {
                    lead: Some(window.sorted.at(ON_TIME)),
                    within: Some(deadlines.map(|deadline| window.sorted.within(deadline))),
                    ..Forecast::default()
                },
                Forecast {
                    point: Some(around.at(0.5)),
                    lead: Some(around.at(ON_TIME)),
                    within: Some(deadlines.map(|deadline| around.within(deadline))),
                },
            ];
            for (tally, forecast) in baselines.iter_mut().zip(&forecasts) {
                tally.score(forecast, sample, &deadlines);
            }
        }
        predictor.observe(Micros::from_millis_f64(sample));
        window.push(sample);
        if index == 0 {
            (mean, deviation) = (sample, sample / 2.0);
        } else {
            // RFC 6298: the deviation first, from the old mean.
            deviation += ((sample - mean).abs() - deviation) / 4.0;
            mean += (sample - mean) / 8.0;
        }
    }
    let [median_100, ewma, jacobson, rolling_p95, oracle] =
        baselines.map(|mut tally| tally.scores());
    let own = own.scores();
    Report {
        file: name.to_owned(),
        n: trace.len(),
        error_p50_ms: own.error_p50_ms,
        error_p90_ms: own.error_p90_ms,
        within_50ms: own.within_50ms,
        late_share: own.late_share,
        pinball_95: own.pinball_95,
        brier: own.brier,
        ns_per_sample: time(trace),
        baselines: Baselines {
            median_100,
            ewma,
            jacobson,
            rolling_p95,
            oracle,
        },
    }
}

/// The reports as a table for people.
pub fn table(reports: &[Report]) -> String {
    let mut text = format!(
        "{:<28}{:>9}{:>9}{:>9}{:>9}{:>8}{:>10}{:>8}{:>8}\n",
        "trace / rule", "n", "p50 ms", "p90 ms", "<=50ms", "late", "pinball", "brier", "ns"
    );
    for report in reports {
        let own = Scores {
            error_p50_ms: report.error_p50_ms,
            error_p90_ms: report.error_p90_ms,
            within_50ms: report.within_50ms,
            late_share: report.late_share,
            pinball_95: report.pinball_95,
            brier: report.brier,
        };
        row(
            &mut text,
            &report.file,
            Some(report.n),
            &own,
            report.ns_per_sample,
        );
        let rules = &report.baselines;
        for (name, scores) in [
            ("  median of 100", &rules.median_100),
            ("  ewma 1/8", &rules.ewma),
            ("  jacobson", &rules.jacobson),
            ("  rolling p95", &rules.rolling_p95),
            ("  oracle (sees the future)", &rules.oracle),
        ] {
            row(&mut text, name, None, scores, None);
        }
    }
    text
}

fn row(text: &mut String, name: &str, n: Option<usize>, scores: &Scores, ns: Option<f64>) {
    let short: String = name.chars().take(27).collect();
    let cell = |value: Option<f64>, places: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{short:<28}{:>9}{:>9}{:>9}{:>9}{:>8}{:>10}{:>8}{:>8}",
        n.map_or_else(String::new, |n| n.to_string()),
        cell(scores.error_p50_ms, 2),
        cell(scores.error_p90_ms, 2),
        cell(scores.within_50ms, 3),
        cell(scores.late_share, 4),
        cell(scores.pinball_95, 3),
        cell(scores.brier, 4),
        cell(ns, 0),
    );
}

/// A predictor that knows nothing of the link: a hundred milliseconds, give or take.
fn fresh() -> Predictor {
    Predictor::new(&Quantiles::around(Micros::millis(100)))
}

/// Nanoseconds per sample of predicting median and lead, then learning: the fastest of the passes over the trace's beginning
/// that fit into a tenth of a second, since what else the machine does can only add to it.
fn time(trace: &[f64]) -> Option<f64> {
    let samples: Vec<Micros> = trace
        .iter()
        .take(TIMED_MAX)
        .map(|&ms| Micros::from_millis_f64(ms))
        .collect();
    if samples.is_empty() {
        return None;
    }
    let start = Instant::now();
    let mut fastest = f64::INFINITY;
    while fastest.is_infinite() || start.elapsed().as_millis() < 100 {
        let mut predictor = fresh();
        let pass = Instant::now();
        for &sample in &samples {
            let quantiles = predictor.quantiles();
            black_box((quantiles.median(), quantiles.at(Share::new(ON_TIME))));
            predictor.observe(black_box(sample));
        }
        fastest = fastest.min(pass.elapsed().as_nanos() as f64);
    }
    Some(fastest / samples.len() as f64)
}

/// The scores of one rule as they gather.
#[derive(Default)]
struct Tally {
    errors: Vec<f64>,
    leads: usize,
    late: usize,
    pinball: f64,
    asked: usize,
    brier: f64,
}

impl Tally {
    fn score(&mut self, forecast: &Forecast, sample: f64, deadlines: &[f64; DEADLINES.len()]) {
        if let Some(point) = forecast.point {
            self.errors.push((sample - point).abs());
        }
        if let Some(lead) = forecast.lead {
            self.leads += 1;
            self.late += usize::from(sample > lead);
            let over = sample - lead;
            self.pinball += (ON_TIME * over).max((ON_TIME - 1.0) * over);
        }
        if let Some(within) = forecast.within {
            for (probability, &deadline) in within.iter().zip(deadlines) {
                let hit = if sample <= deadline { 1.0 } else { 0.0 };
                self.brier += (probability - hit) * (probability - hit);
            }
            self.asked += within.len();
        }
    }

    fn scores(&mut self) -> Scores {
        self.errors.sort_unstable_by(f64::total_cmp);
        let errors = Sorted(std::mem::take(&mut self.errors));
        let share = |part: f64, whole: usize| (whole > 0).then(|| part / whole as f64);
        let some = !errors.0.is_empty();
        Scores {
            error_p50_ms: some.then(|| errors.at(0.5)),
            error_p90_ms: some.then(|| errors.at(0.9)),
            within_50ms: some.then(|| errors.within(HIT_MS)),
            late_share: share(self.late as f64, self.leads),
            pinball_95: share(self.pinball, self.leads),
            brier: share(self.brier, self.asked),
        }
    }
}

/// Samples in order of size.
#[derive(Default)]
struct Sorted(Vec<f64>);

impl Sorted {
    /// The samples up to half a window before and after `index`, without the one there.
    fn around(trace: &[f64], index: usize) -> Self {
        let first = index.saturating_sub(WINDOW / 2);
        let last = (index + 1 + WINDOW / 2).min(trace.len());
        let mut near: Vec<f64> = trace[first..index].to_vec();
        near.extend_from_slice(&trace[index + 1..last]);
        near.sort_unstable_by(f64::total_cmp);
        Self(near)
    }

    /// The sample quantile, between two samples in proportion.
    fn at(&self, share: f64) -> f64 {
        let Some(last) = self.0.len().checked_sub(1) else {
            return 0.0;
        };
        let position = share * last as f64;
        let below = position as usize;
        let above = (below + 1).min(last);
        self.0[below] + (position - below as f64) * (self.0[above] - self.0[below])
    }

    fn within(&self, limit: f64) -> f64 {
        self.0.partition_point(|&sample| sample <= limit) as f64 / self.0.len().max(1) as f64
    }
}

/// The last hundred samples, by arrival and by size.
#[derive(Default)]
struct Rolling {
    arrived: VecDeque<f64>,
    sorted: Sorted,
}

impl Rolling {
    fn push(&mut self, sample: f64) {
        let sorted = &mut self.sorted.0;
        if self.arrived.len() == WINDOW
            && let Some(oldest) = self.arrived.pop_front()
        {
            sorted.remove(sorted.partition_point(|&other| other < oldest));
        }
        sorted.insert(sorted.partition_point(|&other| other <= sample), sample);
        self.arrived.push_back(sample);
    }
}

#[cfg(test)]
mod tests;
