//! What a benchmark says, and how its figures are made of proof sheets.

use crate::drive::local::watch::Spread;
use mesh_core::message::ERROR_EDGES;
use mesh_core::throw::Sheet;
use serde::Serialize;

/// The middle, the upper end and the most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spans {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// The most.
    pub max: f64,
}

/// Prediction error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ErrorSpans {
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
}

/// Release spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpreadSpans {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// A freeze of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FreezeSpans {
    /// Until all were counted as stopped.
    pub stopped: f64,
    /// Until all had proven it.
    pub proven: f64,
}

/// The same tree over the same broker with nothing but publish and reply, and with signatures and nothing around them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Raw {
    /// Median of plain gathers.
    pub gather_ms_p50: f64,
    /// Median of gathers with as many signatures and verifications as the mesh's own.
    pub signed_gather_ms_p50: f64,
    /// 95th percentile of those.
    pub signed_gather_ms_p95: f64,
    /// The mesh's own median over that of the one that is signed as it is.
    pub ratio: f64,
}

/// The figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `local` or `nats`.
    pub driver: &'static str,
    /// Agents.
    pub agents: u32,
    /// Processes.
    pub hosts: u32,
    /// Throws.
    pub rounds: u32,
    /// Whether messages are signed; in one process none leaves it.
    pub signed: bool,
    /// From an operation's first send to the end of its gather, bare roles, T left out.
    pub gather_ms: Spans,
    /// READY, of the eligible.
    pub ready_share: f64,
    /// READY by T, of the eligible.
    pub in_window_share: f64,
    /// READY within 50 ms of what was predicted, of the eligible.
    pub within_50ms_share: f64,
    /// READY against the median predicted.
    pub prediction_error_ms: ErrorSpans,
    /// Releases of those that held, against T in true time, in the lab.
    pub release_spread_ms: SpreadSpans,
    /// The same with bare roles: all are due at one instant.
    pub bare_release_spread_ms: SpreadSpans,
    /// Beats.
    pub heartbeats_per_s: f64,
    /// Messages while idle.
    pub messages_per_s: f64,
    /// Of everything, a throw in the lab.
    pub cpu_s_per_round: f64,
    /// Of the process, in the lab.
    pub rss_mb_total: f64,
    /// Of the broker, where there is one and it is ours.
    pub broker_rss_mb: f64,
    /// Messages that the broker took in and gave out for one bare throw, by its own count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_messages: Option<f64>,
    /// Of one core, all processes and the broker, idle, in the lab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_cpu_share: Option<f64>,
    /// The bare yardstick, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
    /// Inputs given to roles for one bare throw.
    pub handled_per_round: f64,
    /// From nothing to all active, in the lab.
    pub start_ms: f64,
    /// Of one core, idle, in the lab.
    pub idle_cpu_share: f64,
    /// A freeze of all.
    pub freeze_ms: FreezeSpans,
    /// From an answer of `status` being asked for to its being there: a scan of all rows, and the way through the door.
    pub status_ms: f64,
    /// Messages lost for want of room.
    pub dropped: u64,
}

/// What some sheets came to.
pub(super) struct Tally {
    pub(super) ready: f64,
    pub(super) in_window: f64,
    pub(super) within_50: f64,
    pub(super) error: ErrorSpans,
}

impl Tally {
    pub(super) fn of(sheets: &[Sheet]) -> Self {
        let classes = || {
            let all = sheets.iter().flat_map(|sheet| &sheet.classes);
            all.filter(|class| !class.class.is_human())
        };
        let eligible: u32 = classes().map(|class| class.eligible).sum();
        let share = |count: u32| f64::from(count) / f64::from(eligible.max(1));
        let error = |quantile: f64| error_quantile(sheets, quantile);
        Self {
            ready: share(classes().map(|class| class.ready).sum()),
            in_window: share(classes().map(|class| class.in_window).sum()),
            within_50: share(classes().map(|class| class.within_50).sum()),
            error: ErrorSpans {
                p50: error(0.5),
                p90: error(0.9),
            },
        }
    }
}

/// The distance of READY from what was predicted, below which this share of the answers lies: the outer edge of the bin
/// of the sheets' histograms in which it ends, in milliseconds.
fn error_quantile(sheets: &[Sheet], quantile: f64) -> f64 {
    let edges = ERROR_EDGES.map(|edge| edge as f64);
    let outer = |bin: usize| {
        let below = bin
            .checked_sub(1)
            .map_or(f64::INFINITY, |bin| edges[bin].abs());
        let above = edges.get(bin).map_or(f64::INFINITY, |edge| edge.abs());
        below.max(above)
    };
    let mut counts: Vec<(f64, u64)> = Vec::new();
    for sheet in sheets {
        let bins = sheet.errors.iter().enumerate();
        counts.extend(bins.map(|(bin, &count)| (outer(bin), u64::from(count))));
    }
    counts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let rank = libm::ceil(total as f64 * quantile) as u64;
    let mut below = 0;
    let found = counts.iter().find(|(_, count)| {
        below += count;
        below >= rank
    });
    found.map_or(0.0, |(outer, _)| *outer)
}

pub(super) fn spans(spread: &Spread) -> SpreadSpans {
    let at = |share| spread.quantile(share).unwrap_or_default().as_millis_f64();
    SpreadSpans {
        p50: at(0.5),
        p99: at(0.99),
    }
}

pub(super) fn of(mut spans: Vec<f64>) -> Spans {
    spans.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = libm::ceil(spans.len() as f64 * share) as usize;
        spans.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    };
    Spans {
        p50: at(0.5),
        p95: at(0.95),
        max: at(1.0),
    }
}
