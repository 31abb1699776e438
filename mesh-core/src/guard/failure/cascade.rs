//! Failures that spread: their number grows exponentially from beat to beat (§6.1).

use super::{FailureClass, Signal};
use crate::time::Moment;

/// Counts the failures of a cluster or sector by the half second in which each began, and looks at them beat by beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CascadeWatch {
    /// The last half seconds, the running one at the end: in whole ones a blow that falls between two runs into the next.
    halves: [u16; HALVES],
    /// Which half second of the keeper's clock the last one is.
    running: i64,
    /// Failures in a usual beat.
    usual: f32,
    calm: u8,
    cascading: bool,
}

const _: () = assert!(size_of::<CascadeWatch>() <= 192);

/// A beat, in half seconds.
const BEAT: usize = 10;
/// Beats that are looked at.
const BEATS: usize = 4;
/// What began so long ago has been noticed by now: silence is asked after for a beat and a half, and some seconds more
/// until it escalates.
const NOTICED: usize = 40;
const HALVES: usize = BEAT * BEATS + NOTICED;

impl CascadeWatch {
    /// Each of the last beats has at least this many times the failures of the one before.
    pub const GROWTH: f64 = 1.5;
    /// The last beat has at least this many failures: below, growth is chance.
    pub const FLOOR: u32 = 6;
    /// Beats without growth that end a cascade.
    const CALM: u8 = 3;
    /// The usual number forgets over 64 beats, 5 minutes.
    const MEMORY: f32 = 64.0;

    /// Nothing has failed yet.
    pub const fn new() -> Self {
        Self {
            halves: [0; HALVES],
            running: i64::MIN,
            usual: 0.0,
            calm: 0,
            cascading: false,
        }
    }

    /// So many agents have failed (each counted once), by what is known since `since`.
    pub fn failed(&mut self, agents: u16, since: Moment) {
        let half = half_of(since);
        self.turn_to(half);
        // What began before all that is looked at counts into the oldest.
        let ago = self
            .running
            .saturating_sub(half)
            .clamp(0, HALVES as i64 - 1);
        let count = &mut self.halves[HALVES - 1 - ago as usize];
        *count = count.saturating_add(agents);
    }

    /// A beat is over. A cascade is three beats that each grew by half and more, the last one far above the usual; a
    /// single blow that fells many at once is an outage and not a cascade. Failures are counted when they began, not when
    /// they were noticed, which throws and lost messages shift; and since the last sign of life of those who fail together
    /// is spread over a beat, beats are tried in every phase.
    pub fn close_beat(&mut self, now: Moment) -> Option<Signal> {
        self.turn_to(half_of(now));
        let spreading = (0..=NOTICED).any(|ago| self.spreads(ago));
        let settled = self.beats(NOTICED)[BEATS - 1];
        self.usual += (settled as f32 - self.usual) / Self::MEMORY;
        let class = FailureClass::CascadeFailure;
        if spreading {
            self.calm = 0;
            return (!core::mem::replace(&mut self.cascading, true)).then_some(Signal::Failed {
                class,
                escalated: true,
            });
        }
        self.calm = self.calm.saturating_add(1);
        if self.cascading && self.calm >= Self::CALM {
            self.cascading = false;
            return Some(Signal::Recovered { class });
        }
        None
    }

    /// Whether failures are spreading.
    pub const fn is_cascading(&self) -> bool {
        self.cascading
    }

    /// Whether the beats that ended so many half seconds ago show it.
    fn spreads(&self, ago: usize) -> bool {
        let beats = self.beats(ago);
        let [first, .., last] = beats;
        let grows = |pair: &[u32]| f64::from(pair[1]) >= Self::GROWTH * f64::from(pair[0]);
        first > 0
            && last >= Self::FLOOR
            && beats.windows(2).all(grows)
            && last as f32 >= 4.0 * self.usual
    }

    /// The failures of the last four beats, the oldest first, that ended so many half seconds ago.
    fn beats(&self, ago: usize) -> [u32; BEATS] {
        let first = NOTICED - ago;
        core::array::from_fn(|beat| {
            let from = first + beat * BEAT;
            let counts = &self.halves[from..from + BEAT];
            counts.iter().map(|&count| u32::from(count)).sum()
        })
    }

    /// This is the running half second, unless a later one is: a clock that goes back changes nothing.
    fn turn_to(&mut self, half: i64) {
        let ahead = half.saturating_sub(self.running).max(0);
        self.running = self.running.max(half);
        if ahead >= HALVES as i64 {
            self.halves = [0; HALVES];
        } else {
            let ahead = ahead as usize;
            self.halves.rotate_left(ahead);
            self.halves[HALVES - ahead..].fill(0);
        }
    }
}

const fn half_of(at: Moment) -> i64 {
    at.0.div_euclid(500_000)
}

impl Default for CascadeWatch {
    fn default() -> Self {
        Self::new()
    }
}
