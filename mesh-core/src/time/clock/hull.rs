//! The exchanges that bind: points on the hull of the ceilings or floors of an offset.

/// Points kept on each side. The hull of n random points has about ln n corners; the least of them is dropped beyond
/// eight, which costs some tightness and no truth.
const POINTS_MAX: usize = 8;

/// As of `at` (µs since the estimate's base) the offset is at most (or at least) `offset` (µs from the estimate's).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Point {
    pub(super) at: i32,
    pub(super) offset: i32,
}

/// Whether points bound the offset from above or from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ceiling,
    Floor,
}

/// At most eight points in order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Hull {
    points: [Point; POINTS_MAX],
    len: u8,
}

impl Side {
    /// 1 for ceilings, of which the lowest bind, -1 for floors.
    const fn sign(self) -> f64 {
        match self {
            Self::Ceiling => 1.0,
            Self::Floor => -1.0,
        }
    }
}

impl Hull {
    /// See [`crate::warm`].
    pub(super) fn warm(&self) -> u64 {
        let [first, .., last] = &self.points;
        (first.at ^ last.at) as u64
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points[..usize::from(self.len)]
    }

    /// Adds a point and drops what it makes superfluous.
    pub(super) fn add(&mut self, side: Side, at: i32, offset: i32) {
        let mut all = [Point::default(); POINTS_MAX + 1];
        let mut len = usize::from(self.len);
        let place = self.points().partition_point(|point| point.at <= at);
        all[..place].copy_from_slice(&self.points[..place]);
        all[place] = Point { at, offset };
        all[place + 1..=len].copy_from_slice(&self.points[place..len]);
        len += 1;
        // A corner is a point that lies beyond the chord between its neighbours; removing one may unmake another.
        let mut middle = 1;
        while middle + 1 < len {
            if depth(side, all[middle - 1], all[middle], all[middle + 1]) <= 0.0 {
                all.copy_within(middle + 1..len, middle);
                len -= 1;
                middle = middle.saturating_sub(1).max(1);
            } else {
                middle += 1;
            }
        }
        if len > POINTS_MAX {
            let least = (1..len - 1)
                .min_by(|&a, &b| {
                    let depth_of = |i: usize| depth(side, all[i - 1], all[i], all[i + 1]);
                    depth_of(a).total_cmp(&depth_of(b))
                })
                .unwrap_or(1);
            all.copy_within(least + 1..len, least);
            len -= 1;
        }
        self.points.copy_from_slice(&all[..POINTS_MAX]);
        self.len = len as u8;
    }

    /// Drops points before `oldest`, but never the last one.
    pub(super) fn forget_before(&mut self, oldest: i32) {
        let old = self
            .points()
            .partition_point(|point| point.at < oldest)
            .min(usize::from(self.len).saturating_sub(1));
        self.points.copy_within(old.., 0);
        self.len -= old as u8;
    }

    /// Counts times from `shift` on; if no point is young enough for that, `bound` as of then takes their place.
    pub(super) fn shift(&mut self, side: Side, shift: i64, bound: f64) {
        let mut kept = Self::default();
        for point in self.points() {
            let at = i64::from(point.at) - shift;
            if at >= -super::AGE_MAX.0 {
                kept.points[usize::from(kept.len)] = Point {
                    at: at as i32,
                    offset: point.offset,
                };
                kept.len += 1;
            }
        }
        if kept.len == 0 {
            let rounded = side.sign() * libm::ceil(side.sign() * bound);
            kept.add(side, 0, rounded as i32);
        }
        *self = kept;
    }

    /// The bound that all points together give at `at`, for a skew anywhere in each of the ranges.
    pub(super) fn tightest<const N: usize>(
        &self,
        side: Side,
        at: f64,
        ranges: [(f64, f64); N],
    ) -> [f64; N] {
        let mut bounds = [side.sign() * f64::INFINITY; N];
        for point in self.points() {
            let age = at - f64::from(point.at);
            let (offset, wander) = (f64::from(point.offset), super::WANDER * libm::fabs(age));
            for (bound, (slowest, fastest)) in bounds.iter_mut().zip(ranges) {
                let (slow, fast) = (slowest * age, fastest * age);
                *bound = match side {
                    Side::Ceiling => lesser(*bound, offset + greater(slow, fast) + wander),
                    Side::Floor => greater(*bound, offset + lesser(slow, fast) - wander),
                };
            }
        }
        bounds
    }
}

/// The lesser of two numbers that are numbers: one instruction, where `f64::min` must ask for those that are not.
pub(super) const fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The greater of two, likewise.
pub(super) const fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// How far `b` lies beyond the chord from `a` to `c`, on the side that binds.
fn depth(side: Side, a: Point, b: Point, c: Point) -> f64 {
    let (whole, part) = (
        f64::from(c.at) - f64::from(a.at),
        f64::from(b.at) - f64::from(a.at),
    );
    let share = if whole > 0.0 { part / whole } else { 0.5 };
    let chord = f64::from(a.offset) + share * (f64::from(c.offset) - f64::from(a.offset));
    side.sign() * (chord - f64::from(b.offset))
}
