//! The beginning of a context hash, as people say it.

use crate::unit::Digest;
use core::fmt;

/// The first hex digits of a hash, at most the sixteen that a registry row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexPrefix {
    bits: u64,
    digits: u8,
}

impl HexPrefix {
    /// Hex digits in any case, 1 to 64 of them; those past the sixteenth are checked to be digits and then dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_hexdigit());
        let kept = fits.then(|| &text[..text.len().min(16)])?;
        let digits = kept.len() as u8;
        let bits = u64::from_str_radix(kept, 16).ok()?;
        Some(Self {
            bits: bits << (64 - 4 * u32::from(digits)),
            digits,
        })
    }

    /// Whether a hash whose first eight bytes are `short` ([`Digest::short`]) begins so.
    pub const fn begins(self, short: u64) -> bool {
        (short ^ self.bits) >> (64 - 4 * self.digits as u32) == 0
    }
}

impl From<Digest> for HexPrefix {
    fn from(digest: Digest) -> Self {
        Self {
            bits: digest.short(),
            digits: 16,
        }
    }
}

impl fmt::Display for HexPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = usize::from(self.digits);
        write!(f, "{:0width$x}", self.bits >> (64 - 4 * width))
    }
}
