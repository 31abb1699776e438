//! What a node knows of another node's clock (PROTOCOL §2).
//!
//! Four timestamps of one exchange (RFC 5905 §8) say two things for certain, however uneven the path is: when I sent at
//! `t1` their clock had not yet reached `t2`, and when I heard at `t4` it had passed `t3`. So their clock minus mine is
//! at most `t2 - t1` as of `t1` and at least `t3 - t4` as of `t4`. The estimate keeps the exchanges that bind: the lower
//! hull of the ceilings and the upper hull of the floors. Two of them far apart also bound the skew between the clocks.
//! The classic offset `((t2-t1)+(t3-t4))/2` is the middle of floor and ceiling, half the delay `(t4-t1)-(t3-t2)` the
//! distance to either; with the skew removed, floor and ceiling may come from different exchanges, and `t2` and `t3` may
//! lie seconds apart.

use super::{Micros, Moment};

mod hull;
#[cfg(test)]
mod tests;

use hull::{Hull, Side, greater, lesser};

/// No two clocks run further apart than this: each within 100 parts per million of true time, which is twice what cheap
/// quartz is specified for, and rounded up for the product of the two.
const SKEW_MAX: f64 = 201e-6;

/// How far the skew may wander within [`AGE_MAX`] from what it was: quartz moves about a tenth of this per kelvin.
const WANDER: f64 = 0.5e-6;

/// Exchanges older than this are forgotten: ten minutes of wander are 0.3 ms.
const AGE_MAX: Micros = Micros::seconds(600);

/// An exchange that took longer than this says nothing useful, and would not fit the 32 bits of a point.
const TRIP_MAX: Micros = Micros::seconds(300);

/// A step after which another would be none: 200 ppm of it are a fiftieth of a microsecond.
const STEP_MIN: Micros = Micros(100);

/// Exchanges before an estimate may be used (PROTOCOL §2).
pub const READY_EXCHANGES: u8 = 4;

/// A floor and a ceiling that are closer than this part of the quickest exchange of late do not belong together: a clock
/// has stepped by less than a round trip, or runs faster or slower than any clock may.
const NARROW: f64 = 0.6;

/// So many exchanges show how quick the quickest is.
const SETTLED_EXCHANGES: u8 = 8;

/// Timestamps are whole microseconds of two clocks: each may be off by one.
const TICK: f64 = 2.0;

/// An estimate of another node's clock, valid from one boot of it to the next.
///
/// Its bound holds whatever the two one-way delays are, as long as neither clock steps and each runs within 100 ppm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClockEstimate {
    /// Mine, from which the times of points are counted.
    base: Moment,
    /// Theirs minus mine, from which the offsets of points are counted.
    offset: Micros,
    ceilings: Hull,
    floors: Hull,
    skew: Skew,
    /// The quickest exchange of late, microseconds: a little is added with every other one.
    quickest: u32,
    exchanges: u8,
}

/// The skews that fit between every floor and every ceiling, as parts of one: worked out when a point is added, since
/// every translation asks for them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Skew {
    slowest: f32,
    fastest: f32,
}

/// What became of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It agrees with the estimate, and may have made it better.
    Taken,
    /// It contradicts the estimate: a clock stepped. The estimate starts again from this exchange alone.
    Restarted,
    /// It cannot be: an answer before its question, or a trip of minutes. The estimate is as it was.
    Refused,
}

impl ClockEstimate {
    /// Learns from one exchange: sent at `t1` (mine), received at `t2` and answered at `t3` (theirs), back at `t4` (mine).
    pub fn exchange(&mut self, t1: Moment, t2: Moment, t3: Moment, t4: Moment) -> Heard {
        let (mine, theirs) = (t4.since(t1), t3.since(t2));
        let drifted = Micros((mine.0 as f64 * SKEW_MAX) as i64 + 2);
        if mine < Micros::ZERO
            || theirs < Micros::ZERO
            || mine > TRIP_MAX
            || theirs > mine + drifted
        {
            return Heard::Refused;
        }
        let (ceiling, floor) = (t2.since(t1), t3.since(t4));
        let took = (mine - theirs).0.clamp(0, TRIP_MAX.0) as u32;
        if self.exchanges > 0
            && let Some(apart) = self.place(t1, ceiling, t4, floor)
        {
            self.exchanges = self.exchanges.saturating_add(1);
            self.quickest = (self.quickest + self.quickest / 32).min(took);
            if self.exchanges > SETTLED_EXCHANGES && apart < NARROW * f64::from(self.quickest) {
                // What was known before contradicts this exchange nearly: it alone is certain. It was enough to be used.
                let known = self.exchanges;
                self.begin(t1, ceiling, t4, floor, took);
                self.exchanges = known;
            }
            return Heard::Taken;
        }
        let first = self.exchanges == 0;
        self.begin(t1, ceiling, t4, floor, took);
        if first {
            Heard::Taken
        } else {
            Heard::Restarted
        }
    }

    /// Starts from one exchange alone.
    fn begin(&mut self, t1: Moment, ceiling: Micros, t4: Moment, floor: Micros, took: u32) {
        *self = Self {
            base: t4,
            offset: floor,
            quickest: took,
            ..Self::default()
        };
        self.place(t1, ceiling, t4, floor);
        self.exchanges = 1;
    }

    /// Forgets everything: the other node has a new boot, or there is a new node at the other end.
    pub fn void(&mut self) {
        *self = Self::default();
    }

    /// See [`crate::warm`].
    pub(crate) fn warm(&self) -> u64 {
        self.base.0 as u64 ^ self.ceilings.warm() ^ self.floors.warm()
    }

    /// Whether there were enough exchanges to use the estimate; before that an agent is SKIPPED (clock).
    pub const fn ready(&self) -> bool {
        self.exchanges >= READY_EXCHANGES
    }

    /// How many exchanges the estimate has seen since it was last void (at most 255).
    pub const fn exchanges(&self) -> u8 {
        self.exchanges
    }

    /// Their reading when mine is `mine` (past or ahead), and how far off it may be; `None` before the first exchange.
    pub fn to_theirs(&self, mine: Moment) -> Option<(Moment, Micros)> {
        let (offset, bound) = self.offset_at(mine)?;
        Some((mine + offset, bound))
    }

    /// My reading when theirs is `theirs`, and how far off it may be; `None` before the first exchange.
    pub fn to_mine(&self, theirs: Moment) -> Option<(Moment, Micros)> {
        let mut mine = theirs - self.offset;
        let mut bound = Micros::ZERO;
        // The offset moves by 200 ppm of the last step: 0.2 s after ten minutes, then 40 us, then nothing.
        for _ in 0..3 {
            let (offset, within) = self.offset_at(mine)?;
            let nearer = theirs - offset;
            let step = nearer.since(mine).abs();
            (mine, bound) = (nearer, within);
            if step <= STEP_MIN {
                break;
            }
        }
        Some((mine, bound + Micros((bound.0 as f64 * SKEW_MAX) as i64 + 1)))
    }

    /// ε: how far a translation of the moment `now` may be off; [`Micros::MAX`] before the first exchange.
    pub fn bound(&self, now: Moment) -> Micros {
        self.offset_at(now).map_or(Micros::MAX, |(_, bound)| bound)
    }

    /// Their clock minus mine at `mine`, and its bound.
    pub fn offset_at(&self, mine: Moment) -> Option<(Micros, Micros)> {
        if self.exchanges == 0 {
            return None;
        }
        let at = mine.since(self.base).0 as f64;
        let (slowest, fastest) = self.skew_range();
        // Old exchanges count for less by as much as the skew is uncertain: a quarter of what is proven, which is likely.
        let (skew, doubt) = (
            self.likely_skew(slowest, fastest),
            (fastest - slowest) / 8.0,
        );
        let ranges = [(slowest, fastest), (skew - doubt, skew + doubt)];
        let [ceiling, likely_ceiling] = self.ceilings.tightest(Side::Ceiling, at, ranges);
        let [floor, likely_floor] = self.floors.tightest(Side::Floor, at, ranges);
        let middle = ((likely_ceiling + likely_floor) * 0.5)
            .clamp(lesser(floor, ceiling), greater(ceiling, floor));
        let bound = libm::ceil(greater(ceiling - middle, middle - floor)) + TICK;
        Some((
            self.offset + Micros(libm::round(middle) as i64),
            Micros(bound as i64),
        ))
    }

    /// How much faster their clock runs than mine: the least and the most that the exchanges allow, as parts of one.
    pub fn skew(&self) -> (f64, f64) {
        self.skew_range()
    }

    /// Adds both points. Gives how far floor and ceiling are apart then, in microseconds; `None` when they contradict what
    /// is known, and the estimate is to begin anew.
    fn place(&mut self, t1: Moment, ceiling: Micros, t4: Moment, floor: Micros) -> Option<f64> {
        let moved = t4.since(self.base);
        let shifted = ceiling - self.offset;
        // Beyond the 32 bits of a point it is a step of more than half an hour, or a node that was silent as long.
        if shifted.abs() > Micros::seconds(2_000)
            || moved < -AGE_MAX
            || moved > Micros::seconds(100_000)
        {
            return None;
        }
        if moved > AGE_MAX {
            self.rebase(t4);
        }
        let at = |moment: Moment| moment.since(self.base).0 as i32;
        let (sent, back) = (at(t1), at(t4));
        let (up, down) = (
            (ceiling - self.offset).0 as i32,
            (floor - self.offset).0 as i32,
        );
        self.ceilings.add(Side::Ceiling, sent, up);
        self.floors.add(Side::Floor, back, down);
        let oldest = back.saturating_sub(AGE_MAX.0 as i32);
        self.ceilings.forget_before(oldest);
        self.floors.forget_before(oldest);
        self.skew = Skew::between(&self.floors, &self.ceilings);
        self.apart(f64::from(back))
    }

    /// Counts the times of points from `base` on; points that are too old for it become one bound each, aged by the
    /// skew that was proven.
    fn rebase(&mut self, base: Moment) {
        let shift = base.since(self.base).0;
        let (slowest, fastest) = self.skew_range();
        let at = shift as f64;
        let range = [(slowest, fastest)];
        let [ceiling] = self.ceilings.tightest(Side::Ceiling, at, range);
        let [floor] = self.floors.tightest(Side::Floor, at, range);
        self.ceilings.shift(Side::Ceiling, shift, ceiling);
        self.floors.shift(Side::Floor, shift, floor);
        self.base = base;
    }

    /// From floor to ceiling; `None` when no clock fits between them.
    fn apart(&self, at: f64) -> Option<f64> {
        let (slowest, fastest) = self.skew_range();
        let range = [(slowest, fastest)];
        let [ceiling] = self.ceilings.tightest(Side::Ceiling, at, range);
        let [floor] = self.floors.tightest(Side::Floor, at, range);
        (slowest <= fastest && floor <= ceiling + TICK).then_some(ceiling - floor)
    }

    /// The skew in the middle of what the exchanges allow, before the physical limit cuts one side of that off: there the
    /// least delays of both ends cancel. Where they allow nearly anything, it is nearly none.
    fn likely_skew(&self, slowest: f64, fastest: f64) -> f64 {
        let (low, high) = (f64::from(self.skew.slowest), f64::from(self.skew.fastest));
        if low == f64::NEG_INFINITY || high == f64::INFINITY {
            return f64::midpoint(slowest, fastest);
        }
        let trust = (20.0 * SKEW_MAX / (high - low).max(SKEW_MAX)).min(1.0);
        (f64::midpoint(low, high) * trust).clamp(slowest, fastest)
    }

    /// The skews that fit between every floor and every ceiling, and that clocks can have.
    fn skew_range(&self) -> (f64, f64) {
        (
            f64::from(self.skew.slowest).max(-SKEW_MAX),
            f64::from(self.skew.fastest).min(SKEW_MAX),
        )
    }
}

impl Skew {
    /// Nothing is known of it.
    const ANY: Self = Self {
        slowest: f32::NEG_INFINITY,
        fastest: f32::INFINITY,
    };

    fn between(floors: &Hull, ceilings: &Hull) -> Self {
        let (mut slowest, mut fastest) = (f64::NEG_INFINITY, f64::INFINITY);
        for ceiling in ceilings.points() {
            for floor in floors.points() {
                let span = f64::from(ceiling.at) - f64::from(floor.at);
                let rise = f64::from(ceiling.offset) - f64::from(floor.offset) + TICK;
                if span > 0.0 {
                    fastest = lesser(fastest, rise / span + WANDER);
                } else if span < 0.0 {
                    slowest = greater(slowest, rise / span - WANDER);
                }
            }
        }
        // A float of 32 bits is off by 2^-24 of 201 ppm: 0.01 us in ten minutes, of the two that TICK allows.
        Self {
            slowest: slowest as f32,
            fastest: fastest as f32,
        }
    }
}

impl Default for Skew {
    fn default() -> Self {
        Self::ANY
    }
}

/// The exchanges that make a new estimate: eight, 50 ms apart (PROTOCOL §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probing {
    next: Moment,
    left: u8,
}

impl Probing {
    /// How many exchanges a probing makes.
    pub const EXCHANGES: u8 = 8;
    /// The time from one to the next.
    pub const APART: Micros = Micros::millis(50);

    /// A probing that begins at once.
    pub const fn start(now: Moment) -> Self {
        Self {
            next: now,
            left: Self::EXCHANGES,
        }
    }

    /// When the next exchange is to be sent; `None` when all were.
    pub const fn next(&self) -> Option<Moment> {
        if self.left > 0 { Some(self.next) } else { None }
    }

    /// Whether one is to be sent now; if so it counts as sent.
    pub fn take(&mut self, now: Moment) -> bool {
        let due = self.left > 0 && now >= self.next;
        if due {
            self.left -= 1;
            self.next = now + Self::APART;
        }
        due
    }
}

const _: () = assert!(size_of::<ClockEstimate>() <= 168);
