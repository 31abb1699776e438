//! Distributions of the round trip, as tables.
//!
//! A [`Curve`] is the inverse of a distribution function: a rank (a part of 2^32) gives the jitter above the least
//! round trip. The constants are measured from "Roundtrip Times in Networked Telerobots for Sensory Data Transmissions"
//! (Fernández-Madrigal et al., Zenodo, doi 10.5281/zenodo.14967644): quantiles of each trace above its smallest value,
//! each whole millisecond of the record spread over the millisecond around it.
//!
//! A draw takes one multiplication: the first 63/64 of the ranks have a table of their own, the next 63/64 of the rest
//! another, and so on to one in 262,144, where the rarest spikes are. A rank is held over from one round trip to the next
//! with the curve's `hold` (and drawn anew within its 64th): the distribution stays exact and the autocorrelation at lag
//! k is about hold^k.

/// A distribution of round trips above the least one, in microseconds.
#[derive(Debug)]
pub(crate) struct Curve {
    /// The least round trip, microseconds.
    pub least: u32,
    /// Median of the jitter above it, microseconds.
    pub middle: u32,
    /// Share of round trips that keep the rank of the one before, in 1/65,536.
    hold: u16,
    /// All ranks; the upper 63/64 of its last step are never used.
    body: [u32; 65],
    /// The last 64th.
    tail: [u32; 65],
    /// The last 64th of that.
    far: [u32; 65],
}

/// (share of the round trips in 1/100,000, microseconds above the least).
type Knot = (u32, u32);

impl Curve {
    const fn new(least: u32, hold: u16, knots: &[Knot]) -> Self {
        let mut curve = Self {
            least,
            middle: interpolate(knots, 50_000 * SCALE),
            hold,
            body: [0; 65],
            tail: [0; 65],
            far: [0; 65],
        };
        let whole = 100_000 * SCALE;
        let mut i = 0;
        while i <= 64 {
            let left = 64 - i as u64;
            curve.body[i] = interpolate(knots, whole - whole / 64 * left);
            curve.tail[i] = interpolate(knots, whole - whole / 4_096 * left);
            curve.far[i] = interpolate(knots, whole - whole / 262_144 * left);
            i += 1;
        }
        curve
    }

    /// Jitter at `rank`.
    pub(super) fn at(&self, rank: u32) -> u32 {
        let mut rest = rank;
        let mut table = &self.body;
        if rest >> 26 == 63 {
            rest <<= 6;
            table = &self.tail;
            if rest >> 26 == 63 {
                rest <<= 6;
                table = &self.far;
            }
        }
        let step = (rest >> 26) as usize;
        let (low, high) = (table[step], table[step + 1]);
        low + ((u64::from(high - low) * u64::from(rest & 0x03FF_FFFF)) >> 26) as u32
    }

    /// The next rank after `rank`, from 64 random bits (of which the top eight stay unused).
    pub(super) const fn next_rank(&self, rank: u32, bits: u64) -> u32 {
        let fresh = bits as u32;
        if (bits >> 32) as u16 >= self.hold {
            return fresh;
        }
        rank & 0xFC00_0000 | fresh & 0x03FF_FFFF
    }
}

/// Knots count in 1/100,000; the tables divide by 64 three times.
const SCALE: u64 = 262_144;

/// Jitter at `share` (in 1/100,000/SCALE), on the straight lines between knots.
const fn interpolate(knots: &[Knot], share: u64) -> u32 {
    let mut i = 1;
    while i + 1 < knots.len() && knots[i].0 as u64 * SCALE < share {
        i += 1;
    }
    let (low, high) = (knots[i - 1], knots[i]);
    let start = low.0 as u64 * SCALE;
    let width = high.0 as u64 * SCALE - start;
    low.1 + ((high.1 - low.1) as u64 * (share - start) / width) as u32
}

/// Measured from `gigabit` (999 round trips, lag-1 autocorrelation 0.04).
pub(super) static GIGABIT: Curve = Curve::new(5_000, 4_000, &GIGABIT_KNOTS);

/// No trace: the shape of gigabit's jitter on a link between data centres.
pub(super) static DATACENTRE: Curve = Curve::new(5_000, 4_000, &GIGABIT_KNOTS);

const GIGABIT_KNOTS: [Knot; 18] = [
    (0, 0),
    (1_000, 0),
    (5_000, 525),
    (10_000, 575),
    (20_000, 725),
    (30_000, 875),
    (40_000, 1_025),
    (50_000, 1_175),
    (60_000, 1_325),
    (70_000, 1_475),
    (80_000, 1_925),
    (90_000, 2_425),
    (95_000, 3_125),
    (98_000, 3_825),
    (99_000, 4_375),
    (99_500, 4_925),
    (99_900, 6_925),
    (100_000, 75_000),
];

/// Measured from `4g-phone` (the first 20,000 round trips, lag-1 autocorrelation 0.01).
pub(super) static PHONE: Curve = Curve::new(
    86_000,
    700,
    &[
        (0, 0),
        (1_000, 10_825),
        (5_000, 15_175),
        (10_000, 21_125),
        (20_000, 28_325),
        (30_000, 30_775),
        (40_000, 31_975),
        (50_000, 32_775),
        (60_000, 33_325),
        (70_000, 34_025),
        (80_000, 34_975),
        (90_000, 37_025),
        (95_000, 39_025),
        (97_000, 40_625),
        (98_000, 43_075),
        (99_000, 71_476),
        (99_500, 93_425),
        (99_900, 112_725),
        (99_990, 724_483),
        (100_000, 1_080_000),
    ],
);

/// Measured from `wifi-home-isp` (1,000 round trips, lag-1 autocorrelation 0.06, at lag 2 0.30).
pub(super) static HOME_WIFI: Curve = Curve::new(
    101_000,
    6_000,
    &[
        (0, 0),
        (1_000, 0),
        (5_000, 775),
        (10_000, 1_275),
        (20_000, 2_075),
        (30_000, 3_275),
        (40_000, 7_875),
        (50_000, 15_775),
        (60_000, 21_425),
        (70_000, 26_625),
        (80_000, 35_225),
        (90_000, 43_825),
        (95_000, 55_227),
        (97_000, 88_506),
        (98_000, 103_496),
        (99_000, 124_505),
        (99_500, 151_540),
        (99_900, 280_638),
        (100_000, 444_000),
    ],
);

/// Measured from `intercontinental-wifi` (1,000 round trips, lag-1 autocorrelation 0.555, then 0.33 and 0.23).
pub(super) static INTERCONTINENTAL: Curve = Curve::new(
    271_000,
    38_500,
    &[
        (0, 0),
        (1_000, 26_175),
        (5_000, 30_525),
        (10_000, 33_025),
        (20_000, 41_175),
        (30_000, 77_510),
        (40_000, 95_825),
        (50_000, 102_250),
        (60_000, 107_175),
        (70_000, 117_090),
        (80_000, 140_825),
        (90_000, 206_825),
        (95_000, 324_627),
        (97_000, 410_536),
        (98_000, 483_196),
        (99_000, 710_735),
        (99_500, 860_275),
        (99_900, 1_269_242),
        (100_000, 2_036_000),
    ],
);
