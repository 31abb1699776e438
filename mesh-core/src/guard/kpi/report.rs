//! The figures against their targets.

use super::meter::Meter;
use super::rollup::{Recovery, Rollup};
use crate::time::Micros;
use serde::{Deserialize, Serialize};

/// The figures of §11; recovery is two, for cluster and sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kpi {
    /// Scatter-gather operations that reach quorum.
    CoordinationSuccessRate,
    /// Agents that are READY by T, of the eligible.
    ArrivalWindowHitRate,
    /// Messages within 50 ms of the prediction.
    ImpedancePredictionAccuracy,
    /// Responses that are CONFLICT.
    ConflictRate,
    /// Time with at least 95 % of the agents active.
    MeshAvailability,
    /// 95th percentile of mesh-wide cascades, in seconds.
    CascadeLatencyP95,
    /// The longest recovery of a cluster, in seconds.
    RecoveryCluster,
    /// The longest recovery of a sector, in seconds.
    RecoverySector,
}

impl Kpi {
    /// In the specification's order.
    pub const ALL: [Self; 8] = [
        Self::CoordinationSuccessRate,
        Self::ArrivalWindowHitRate,
        Self::ImpedancePredictionAccuracy,
        Self::ConflictRate,
        Self::MeshAvailability,
        Self::CascadeLatencyP95,
        Self::RecoveryCluster,
        Self::RecoverySector,
    ];

    /// The target (§11): a share, or seconds.
    pub fn target(self) -> f64 {
        match self {
            Self::CoordinationSuccessRate => 0.99,
            Self::ArrivalWindowHitRate => 0.95,
            Self::ImpedancePredictionAccuracy => 0.90,
            Self::ConflictRate => 0.01,
            Self::MeshAvailability => 0.999,
            Self::CascadeLatencyP95 => 1.0,
            Self::RecoveryCluster => Meter::CLUSTER_TARGET.as_seconds_f64(),
            Self::RecoverySector => Meter::SECTOR_TARGET.as_seconds_f64(),
        }
    }

    /// Whether more is better: the target is a least and not a most.
    pub const fn more_is_better(self) -> bool {
        match self {
            Self::CoordinationSuccessRate
            | Self::ArrivalWindowHitRate
            | Self::ImpedancePredictionAccuracy
            | Self::MeshAvailability => true,
            Self::ConflictRate
            | Self::CascadeLatencyP95
            | Self::RecoveryCluster
            | Self::RecoverySector => false,
        }
    }

    /// Whether it is in seconds; otherwise it is a share.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            Self::CascadeLatencyP95 | Self::RecoveryCluster | Self::RecoverySector
        )
    }

    /// Its value and over how many it is taken; no value when there is nothing to divide by.
    fn value(self, sums: &Rollup) -> (Option<f64>, u64) {
        let share =
            |part: u64, whole: u64| ((whole > 0).then(|| part as f64 / whole as f64), whole);
        let worst = |recovery: &Recovery| {
            let seconds = recovery.worst.as_seconds_f64();
            (
                (recovery.count > 0).then_some(seconds),
                u64::from(recovery.count),
            )
        };
        match self {
            Self::CoordinationSuccessRate => share(sums.reached, sums.asked),
            Self::ArrivalWindowHitRate => share(sums.in_window, sums.eligible),
            Self::ImpedancePredictionAccuracy => share(sums.within_50ms, sums.measured),
            Self::ConflictRate => share(sums.conflicts, sums.responses),
            // Over whole seconds in the count, over microseconds in the share.
            Self::MeshAvailability => {
                let (value, of) = share(sums.available.0 as u64, sums.watched.0 as u64);
                (value, of / 1_000_000)
            }
            Self::CascadeLatencyP95 => {
                let p95 = sums.cascades.quantile(0.95);
                (p95.map(Micros::as_seconds_f64), sums.cascades.len() as u64)
            }
            Self::RecoveryCluster => worst(&sums.cluster),
            Self::RecoverySector => worst(&sums.sector),
        }
    }
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Which.
    pub kpi: Kpi,
    /// A share or seconds; none when nothing of the kind has happened.
    pub value: Option<f64>,
    /// What it should be at least or at most.
    pub target: f64,
    /// Whether it is; unknown without a value.
    pub met: Option<bool>,
    /// Over how many operations, agents, responses, seconds or incidents.
    pub of: u64,
}

/// All figures, in the order of [`Kpi::ALL`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// One each.
    pub figures: Vec<Figure>,
}

impl Report {
    /// The figures of some sums.
    pub fn of(sums: &Rollup) -> Self {
        let figure = |kpi: Kpi| {
            let (value, of) = kpi.value(sums);
            let target = kpi.target();
            let met = value.map(|value| {
                if kpi.more_is_better() {
                    value >= target
                } else {
                    value <= target
                }
            });
            Figure {
                kpi,
                value,
                target,
                met,
                of,
            }
        };
        Self {
            figures: Kpi::ALL.into_iter().map(figure).collect(),
        }
    }

    /// The value of one figure, if there is one.
    pub fn value(&self, kpi: Kpi) -> Option<f64> {
        let own = self.figures.iter().find(|figure| figure.kpi == kpi);
        own.and_then(|figure| figure.value)
    }

    /// Whether no figure misses its target; what has no value misses none.
    pub fn all_met(&self) -> bool {
        self.figures.iter().all(|figure| figure.met != Some(false))
    }
}
