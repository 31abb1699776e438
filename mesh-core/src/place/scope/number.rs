//! Numbers in filters, exact, and how they are compared.

use core::fmt;

/// A number with at most six decimals, held as millionths: exact, so that 0.9 is 0.9 on both sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(u64);

impl Number {
    /// Digits before the point at most: 999,999,999 s are thirty years, and times a million still fit a word.
    pub const WHOLE_DIGITS_MAX: usize = 9;
    const DECIMALS_MAX: usize = 6;

    /// A number of so many millionths; `None` past nine digits before the point.
    pub fn of_millionths(millionths: u64) -> Option<Self> {
        (millionths < 1_000_000_000_000_000).then_some(Self(millionths))
    }

    /// Digits, and perhaps a point and one to six more; no sign, no exponent.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, max: usize| {
            (1..=max).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_digit())
        };
        if !digits(whole, Self::WHOLE_DIGITS_MAX) || !digits(decimals, Self::DECIMALS_MAX) {
            return None;
        }
        let scale = 10u64.pow((Self::DECIMALS_MAX - decimals.len()) as u32);
        let whole: u64 = whole.parse().ok()?;
        let decimals: u64 = decimals.parse().ok()?;
        Some(Self(whole * 1_000_000 + decimals * scale))
    }

    /// The number itself.
    pub fn value(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In millionths.
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// Whether it has no decimals.
    pub const fn is_whole(self) -> bool {
        self.0.is_multiple_of(1_000_000)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{rest:06}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// How a value is held against a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compare {
    /// `=`
    Equal,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

impl Compare {
    /// The sign used in filters.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }

    /// The values, counted in units of `unit` millionths, that stand so to `number`.
    pub const fn range(self, number: Number, unit: u64) -> Range {
        let (floor, ceiling) = (number.0 / unit, number.0.div_ceil(unit));
        match self {
            // A number between two units is equal to none of them.
            Self::Equal if floor != ceiling => Range::EMPTY,
            Self::Equal => Range::new(floor, floor),
            Self::Above => Range::new(floor + 1, u64::MAX),
            Self::AtLeast => Range::new(ceiling, u64::MAX),
            Self::Below if ceiling == 0 => Range::EMPTY,
            Self::Below => Range::new(0, ceiling - 1),
            Self::AtMost => Range::new(0, floor),
        }
    }
}

/// From `low` to `high`, both in it; empty when `low` is above `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The smallest value.
    pub low: u64,
    /// The greatest value.
    pub high: u64,
}

impl Range {
    /// No value.
    pub const EMPTY: Self = Self::new(1, 0);

    const fn new(low: u64, high: u64) -> Self {
        Self { low, high }
    }

    /// Whether the value is in it.
    pub const fn has(self, value: u64) -> bool {
        value >= self.low && value <= self.high
    }

    /// The values whose whole thousands are in it.
    pub const fn of_thousands(self) -> Self {
        if self.low > self.high {
            return Self::EMPTY;
        }
        Self::new(
            self.low.saturating_mul(1_000),
            self.high.saturating_mul(1_000).saturating_add(999),
        )
    }
}
