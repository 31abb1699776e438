//! Lengths of time and readings of a clock, both in whole microseconds.

use core::fmt;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use serde::{Deserialize, Serialize};

/// A length of time in microseconds; may be negative.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than anything that is waited for.
    pub const MAX: Self = Self(i64::MAX);

    /// `ms` milliseconds.
    pub const fn millis(ms: i64) -> Self {
        Self(ms * 1_000)
    }

    /// `s` seconds.
    pub const fn seconds(s: i64) -> Self {
        Self(s * 1_000_000)
    }

    /// Rounded from milliseconds; not-a-number and what does not fit saturate.
    pub fn from_millis_f64(ms: f64) -> Self {
        Self(libm::round(ms * 1_000.0) as i64)
    }

    /// As milliseconds.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// As seconds.
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1_000_000.0
    }

    /// Without its sign.
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// Doubled so many times, up to `most`: waits that grow from try to try.
    pub const fn doubled(self, times: u32, most: Self) -> Self {
        let times = if times < 40 { times } else { 40 };
        let wait = self.0.saturating_mul(1 << times);
        if wait < most.0 { Self(wait) } else { most }
    }

    /// Times a factor, rounded to the nearest microsecond, saturating.
    pub fn scale(self, factor: f64) -> Self {
        Self(libm::round(self.0 as f64 * factor) as i64)
    }

    /// The half of it.
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl fmt::Display for Micros {
    /// In the unit that people would use: `840us`, `12.4ms`, `3.20s`, `4m23s`, `3h27m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, us) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        match us {
            0..1_000 => write!(f, "{sign}{us}us"),
            1_000..1_000_000 => write!(f, "{sign}{:.1}ms", us as f64 / 1e3),
            1_000_000..60_000_000 => write!(f, "{sign}{:.2}s", us as f64 / 1e6),
            60_000_000..3_600_000_000 => {
                write!(f, "{sign}{}m{:02}s", us / 60_000_000, us / 1_000_000 % 60)
            }
            _ => write!(
                f,
                "{sign}{}h{:02}m",
                us / 3_600_000_000,
                us / 60_000_000 % 60
            ),
        }
    }
}

impl Add for Micros {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Micros {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Micros {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Micros {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Micros {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl core::iter::Sum for Micros {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

/// A reading of one node's own monotonic clock, in microseconds since some start of its own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// Later than every deadline.
    pub const NEVER: Self = Self(i64::MAX);

    /// How long after `earlier` this is; negative when it is before.
    pub const fn since(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}s", self.0 as f64 / 1e6)
    }
}

impl Add<Micros> for Moment {
    type Output = Self;
    fn add(self, span: Micros) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Micros> for Moment {
    type Output = Self;
    fn sub(self, span: Micros) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Moment {
    type Output = Micros;
    fn sub(self, earlier: Self) -> Micros {
        self.since(earlier)
    }
}

/// How often a node has started; kept on disk and only grows. A new boot voids what was known of its clock.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Boot(pub u32);

/// Microseconds since 1970 by a node's wall clock: for people, and for deadlines that outlive a process. Never compared
/// between nodes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct WallTime(pub i64);

impl Add<Micros> for WallTime {
    type Output = Self;
    fn add(self, span: Micros) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for WallTime {
    type Output = Micros;
    fn sub(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}
