//! Impedance that jumps in a coordinated way (§9.2 timing attack).
//!
//! Every child has a fast and a slow average of its impedance, and a measure of its own jitter. A jump is a fast average
//! that leaves the slow one by half and by far more than the jitter. Children jump alone all the time; that a third of a
//! cluster jumps in the same direction within half a minute, with no cause of their own, is either somebody's doing or a
//! fault of something they share. Either way their weights are worth nothing for now.

use super::{Evidence, Finding, Threat};
use crate::place::scope::Region;
use crate::time::{Micros, Moment};
use crate::unit::Impedance;

/// Follows the children of one cluster (agents) or sector (clusters), 24 bytes each.
#[derive(Debug, Clone)]
pub struct TimingWatch {
    subject: Region,
    /// By slot; at most 128.
    tracks: Vec<Track>,
    told: bool,
}

#[derive(Debug, Clone, Copy)]
struct Track {
    /// Averages of the logarithm of Z in milliseconds.
    fast: f32,
    slow: f32,
    /// Mean distance from the slow average.
    jitter: f32,
    samples: u16,
    /// -1, 0 or 1.
    direction: i8,
    jumped: Moment,
}

impl TimingWatch {
    /// Jumps within this time are one event: six beats.
    pub const WINDOW: Micros = Micros::seconds(30);
    /// The share of the watched children that has to jump together, and how many at least.
    pub const SHARE: f64 = 0.3;
    /// See `SHARE`; fewer are a coincidence.
    pub const LEAST: usize = 3;
    /// ln 1.5: less is no jump.
    const JUMP: f32 = 0.405;
    /// Nor is less than this many times the child's own jitter.
    const JITTERS: f32 = 2.5;
    /// Measurements before a child has an average.
    const SAMPLES: u16 = 20;
    const FAST: f32 = 1.0 / 3.0;
    const SLOW: f32 = 1.0 / 64.0;

    /// Nobody is known yet.
    pub const fn new(subject: Region) -> Self {
        Self {
            subject,
            tracks: Vec::new(),
            told: false,
        }
    }

    /// The impedance of the child in `slot`, measured or claimed, once a beat. `own_cause` says that its lead knows why
    /// it may have changed: a longer queue, a heavier payload, a new host. Gives the finding once per event.
    pub fn observe(
        &mut self,
        slot: u8,
        z: Impedance,
        own_cause: bool,
        now: Moment,
    ) -> Option<Finding> {
        if slot >= crate::place::Shape::CHILDREN_MAX || z.0 <= Micros::ZERO {
            return None;
        }
        let index = usize::from(slot);
        if self.tracks.len() <= index {
            self.tracks.resize(index + 1, Track::UNKNOWN);
        }
        let newly = self.tracks[index].observe(z, own_cause, now);
        // Nearly always: nobody has just jumped, and no jump is to be told as over.
        if !newly && !self.told {
            return None;
        }
        let recent = |track: &&Track| track.direction != 0 && now - track.jumped < Self::WINDOW;
        let towards = |direction| {
            let same = |track: &&Track| track.direction == direction;
            self.tracks.iter().filter(recent).filter(same).count()
        };
        let (up, down) = (towards(1), towards(-1));
        let known = |track: &&Track| track.samples >= Self::SAMPLES;
        let of = self.tracks.iter().filter(known).count();
        let least = Self::LEAST.max(libm::ceil(Self::SHARE * of as f64) as usize);
        let together = up.max(down) >= least && up.min(down) * 4 <= up.max(down);
        if !together {
            self.told = self.told && up.max(down) > 0;
            return None;
        }
        if !newly || core::mem::replace(&mut self.told, true) {
            return None;
        }
        let evidence = Evidence::Jump {
            up,
            down,
            of,
            within: Self::WINDOW,
        };
        Some(Finding::new(
            Threat::TimingAttack,
            self.subject,
            evidence,
            now,
        ))
    }

    /// Calibrated by hand: what is measured now is the new normal.
    pub fn calibrated(&mut self) {
        self.tracks.clear();
        self.told = false;
    }
}

impl Track {
    const UNKNOWN: Self = Self {
        fast: 0.0,
        slow: 0.0,
        jitter: 0.0,
        samples: 0,
        direction: 0,
        jumped: Moment(i64::MIN),
    };

    /// Whether it jumps with this measurement.
    fn observe(&mut self, z: Impedance, own_cause: bool, now: Moment) -> bool {
        let value = libm::logf(z.0.as_millis_f64() as f32);
        self.samples = self.samples.saturating_add(1);
        if self.samples <= TimingWatch::SAMPLES {
            let part = 1.0 / f32::from(self.samples);
            self.jitter +=
                ((value - self.slow).abs() * f32::from(self.samples > 1) - self.jitter) * part;
            self.slow += (value - self.slow) * part;
            self.fast = self.slow;
            return false;
        }
        self.fast += (value - self.fast) * TimingWatch::FAST;
        let limit = TimingWatch::JUMP.max(TimingWatch::JITTERS * self.jitter);
        let away = self.fast - self.slow;
        // The slow average follows at most the limit, so that a jump ends by itself after some minutes.
        let lesson = (value - self.slow).clamp(-limit, limit);
        self.slow += lesson * TimingWatch::SLOW;
        self.jitter += (lesson.abs() - self.jitter) * TimingWatch::SLOW;
        let direction = if away > limit {
            1
        } else if away < -limit {
            -1
        } else {
            0
        };
        let before = core::mem::replace(&mut self.direction, if own_cause { 0 } else { direction });
        let newly = self.direction != 0 && before != self.direction;
        if newly {
            self.jumped = now;
        }
        newly
    }
}
