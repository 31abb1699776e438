//! A delay in sixteen bits: eleven of mantissa, five of exponent, in units of 1/64 ms.
//!
//! Right to 16 µs below 64 ms, to a part in two thousand above, up to days; whole milliseconds are exact up to four seconds.
//! Rounded up, so that a bound made of stored delays is never too small for the delays that made it. Codes order as the
//! delays do.

use crate::time::Micros;
use serde::{Deserialize, Serialize};

/// Units in 125 µs: a unit is 15.625 µs.
const UNITS: u64 = 8;
const UNIT: f32 = 15.625;
/// What does not fit a code: 24 days and more.
const SPAN_MAX: u64 = 1 << 41;
const MANTISSA: u32 = 11;
const ONE: u64 = 1 << MANTISSA;

/// A delay of zero or more.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub(super) struct Delay(u16);

impl Delay {
    /// The least delay that is not below `span`; negative counts as none.
    pub(super) fn from_micros(span: Micros) -> Self {
        let units = (span.0.max(0) as u64)
            .min(SPAN_MAX)
            .saturating_mul(UNITS)
            .div_ceil(125);
        if units < ONE {
            return Self(units as u16);
        }
        let mut exponent = units.ilog2() - MANTISSA;
        let mut mantissa = units.div_ceil(1 << exponent);
        if mantissa == 2 * ONE {
            mantissa = ONE;
            exponent += 1;
        }
        if exponent + 1 > 31 {
            return Self(u16::MAX);
        }
        Self(((exponent + 1) << MANTISSA) as u16 | (mantissa - ONE) as u16)
    }

    /// From microseconds as the predictor calculates.
    pub(super) fn from_value(value: f32) -> Self {
        Self::from_micros(Micros(value as i64))
    }

    /// Exactly, for tests to compare with.
    #[cfg(test)]
    pub(super) fn micros(self) -> Micros {
        let (exponent, mantissa) = (u32::from(self.0) >> MANTISSA, u64::from(self.0) % ONE);
        let units = if exponent == 0 {
            mantissa
        } else {
            (mantissa + ONE) << (exponent - 1)
        };
        Micros((units * 125).div_ceil(UNITS) as i64)
    }

    /// See [`crate::warm`].
    pub(super) fn warm(self) -> u64 {
        self.0.into()
    }

    /// No delay.
    pub(super) const fn none() -> Self {
        Self(0)
    }

    /// In microseconds, as the predictor calculates.
    #[inline]
    pub(super) fn value(self) -> f32 {
        let (exponent, mantissa) = (
            u32::from(self.0) >> MANTISSA,
            u32::from(self.0) % ONE as u32,
        );
        // (ONE + mantissa) << (exponent - 1), and mantissa alone where the exponent is 0; without a branch, which would be
        // guessed wrong as often as not where delays lie around 32 ms.
        let whole = mantissa | u32::from(exponent != 0) << MANTISSA;
        let scale = f32::from_bits((126 + exponent.max(1)) << 23);
        whole as f32 * scale * UNIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_stored_delay_is_never_smaller_and_at_most_a_two_thousandth_larger(us in 0i64..40_000_000_000) {
            let stored = Delay::from_micros(Micros(us)).micros().0;
            prop_assert!(stored >= us && stored <= us + us / 2_000 + 16, "{us} -> {stored}");
        }

        #[test]
        fn both_ways_of_reading_agree(code: u16) {
            let delay = Delay(code);
            let micros = delay.micros().0 as f32;
            prop_assert!((delay.value() - micros).abs() <= 1.0 + micros * 1e-6);
        }

        #[test]
        fn order_is_kept(a in 0i64..1_000_000_000, b in 0i64..1_000_000_000) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(Delay::from_micros(Micros(low)) <= Delay::from_micros(Micros(high)));
        }
    }

    #[test]
    fn what_does_not_fit_saturates() {
        assert_eq!(Delay::from_micros(Micros(-5)).micros(), Micros::ZERO);
        let longest = Delay::from_micros(Micros::MAX);
        assert_eq!(longest, Delay::from_micros(Micros(SPAN_MAX as i64)));
        assert!(longest.micros() > Micros::seconds(24 * 86_400));
    }
}
