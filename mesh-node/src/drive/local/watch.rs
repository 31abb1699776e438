//! What a local mesh came to, for benchmarks and tests.

use mesh_core::guard::freeze::FreezeReport;
use mesh_core::message::MessageId;
use mesh_core::throw::Sheet;
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::Seat;

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Messages from role to role.
    pub messages: u64,
    /// Inputs given to roles.
    pub handled: u64,
    /// Messages lost for want of room between shards.
    pub dropped: u64,
}

/// Something that happened, with when in true time.
#[derive(Debug, Clone)]
pub enum Seen {
    /// An operation was thrown, with its T in true time.
    Thrown(MessageId, Moment, Moment),
    /// An operation ended.
    Sealed(Moment, Box<Sheet>),
    /// A freeze came further.
    Freezing(Moment, Box<FreezeReport>),
    /// A freeze ended.
    Frozen(Moment, Box<FreezeReport>),
    /// A seat was taken.
    Serving(Moment, Seat),
}

/// Distances of releases from T, in bins of 50 µs up to a second.
#[derive(Debug, Clone)]
pub struct Spread(Vec<u32>);

const BIN: i64 = 50;
const BINS: usize = 20_001;

impl Default for Spread {
    fn default() -> Self {
        Self(vec![0; BINS])
    }
}

impl Spread {
    /// One more.
    pub fn add(&mut self, distance: Micros) {
        let bin = (distance.abs().0 / BIN).min(BINS as i64 - 1) as usize;
        self.0[bin] += 1;
    }

    /// All of another.
    pub fn add_all(&mut self, other: &Self) {
        let sums = self.0.iter_mut().zip(&other.0);
        sums.for_each(|(sum, more)| *sum += more);
    }

    /// The bins that are not empty, each with its count.
    pub fn bins(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let all = (0..).zip(self.0.iter().copied());
        all.filter(|(_, count)| *count > 0)
    }

    /// Counts of bins, as [`Spread::bins`] gives them; what is no bin of these counts as the last.
    pub fn add_bins(&mut self, bins: impl IntoIterator<Item = (u32, u32)>) {
        for (bin, count) in bins {
            self.0[(bin as usize).min(BINS - 1)] += count;
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|&count| u64::from(count)).sum()
    }

    /// The upper edge of the bin in which this share ends; none of nothing.
    pub fn quantile(&self, share: f64) -> Option<Micros> {
        let total = self.count();
        let rank = libm::ceil(total as f64 * share) as u64;
        let mut below = 0;
        let bin = self.0.iter().position(|&count| {
            below += u64::from(count);
            total > 0 && below >= rank
        })?;
        Some(Micros((bin as i64 + 1) * BIN))
    }
}
