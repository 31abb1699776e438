//! Numbers with a meaning: shares, impedance, weights, hashes.

use crate::time::Micros;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A part of a whole, 0.0 to 1.0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(f64);

impl Share {
    /// None of it.
    pub const NONE: Self = Self(0.0);
    /// All of it.
    pub const ALL: Self = Self(1.0);

    /// `value` clamped to 0..=1; not-a-number counts as 0.
    pub const fn new(value: f64) -> Self {
        if value >= 1.0 {
            Self(1.0)
        } else if value > 0.0 {
            Self(value)
        } else {
            Self(0.0)
        }
    }

    /// `part` of `whole`; `None` when there is no whole to divide by.
    pub fn of(part: usize, whole: usize) -> Option<Self> {
        (whole > 0).then(|| Self::new(part as f64 / whole as f64))
    }

    /// The number itself, 0.0 to 1.0.
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}%", self.0 * 100.0)
    }
}

/// Z: the time from sending to an agent until it is READY, for weight 0 at its present queue (§1.3, PROTOCOL §3).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Impedance(pub Micros);

impl Impedance {
    /// The score of §2.3: milliseconds, at most 1000. People have none (ask their class before you ask this).
    pub fn score(self) -> u16 {
        (self.0.0.max(0) / 1_000).min(1_000) as u16
    }
}

impl fmt::Display for Impedance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How heavy a payload is (§2.4 `payload_weight`), in hundredths: 100 is weight 1.0, which adds half to the processing.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Weight(pub u16);

impl Weight {
    /// Weight as the specification's number.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// BLAKE3 of some bytes, 32 bytes long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The first eight bytes as a number: enough to notice a difference, not to prove equality to an enemy.
    pub fn short(self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Digest {
    /// The first eight hex digits, as people say them; [`Digest::hex`] gives all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::hex(&self.0[..4]))
    }
}

impl Digest {
    /// All 64 hex digits.
    pub fn hex(self) -> String {
        crate::text::hex(&self.0)
    }
}
