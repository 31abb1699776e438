//! Acknowledgements on their way up, folded: one summary a cluster, never thirty messages (PROTOCOL §4).

use super::{MessageId, Micros32, SkipReason};
use crate::place::{Class, Slots};
use crate::time::Micros;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One cluster's account of an operation. The five sets are disjoint and together are `targeted`, at every instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fold {
    /// The operation.
    pub operation: MessageId,
    /// Rises with every fold of this operation from this cluster; an older one is ignored.
    pub version: u32,
    /// Whom the operation was for.
    pub targeted: Slots,
    /// READY.
    pub ready: Slots,
    /// CONFLICT.
    pub conflict: Slots,
    /// Sent, or about to be, and not answered.
    pub transit: Slots,
    /// Not sent to, or declined.
    pub skipped: Slots,
    /// Known to be gone.
    pub unreachable: Slots,
    /// Of the ready: after T.
    pub late: Slots,
    /// Answered after the account was sealed; they stay in transit.
    pub after_seal: Slots,
    /// Why the skipped were skipped.
    pub skips: Vec<(SkipReason, Slots)>,
    /// The lead that those would have needed who cannot make T (§3.1 `would_need_ms`).
    pub short: Vec<(u8, Micros32)>,
    /// Figures by class.
    pub tallies: Vec<ClassTally>,
    /// READY minus the median predicted when it was sent.
    pub errors: ErrorHistogram,
    /// Release minus T by the agents' clocks.
    pub releases: ErrorHistogram,
    /// The largest bound of a translated T among the released.
    pub bound: Micros,
    /// No more changes.
    pub sealed: bool,
    /// Short hash of the answer that most of the READY gave; 0 when there is none.
    pub result: u64,
}

/// One class's part of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassTally {
    /// Which class.
    pub class: Class,
    /// Whom it was for.
    pub targeted: u16,
    /// Targeted without people and without the skipped: what rates divide by.
    pub eligible: u16,
    /// READY.
    pub ready: u16,
    /// CONFLICT.
    pub conflict: u16,
    /// READY by T.
    pub in_window: u16,
    /// READY within 50 ms of the median predicted.
    pub within_50: u16,
    /// READY minus T.
    pub arrivals: ErrorHistogram,
}

/// Upper edges of the bins of an [`ErrorHistogram`], in milliseconds; the last bin has none.
pub const ERROR_EDGES: [i64; 17] = [
    -500, -200, -100, -50, -30, -20, -10, -5, 0, 2, 5, 10, 20, 50, 100, 200, 500,
];

/// Counts by error, finest around zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorHistogram(pub [u16; 18]);

impl ErrorHistogram {
    /// Counts one error.
    pub fn add(&mut self, error: Micros) {
        let bin = ERROR_EDGES
            .iter()
            .position(|edge| error.0 <= edge * 1_000)
            .unwrap_or(ERROR_EDGES.len());
        self.0[bin] = self.0[bin].saturating_add(1);
    }

    /// How many were counted.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|&n| u32::from(n)).sum()
    }
}

/// A sector's folds: those of its clusters that changed since the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectorFold {
    /// The operation.
    pub operation: MessageId,
    /// By cluster slot.
    pub clusters: Vec<(u8, Arc<Fold>)>,
    /// No more changes.
    pub sealed: bool,
}
