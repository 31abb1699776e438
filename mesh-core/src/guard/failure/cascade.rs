//! Failures that spread: their number grows exponentially from beat to beat (§6.1).

use super::{FailureClass, Signal};
use crate::time::Moment;

/// Counts the failures of a cluster or sector by the second in which each began, and looks at them beat by beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CascadeWatch {
    /// The last seconds, the running one at the end.
    seconds: [u16; SECONDS],
    /// Which second of the keeper's clock the last one is.
    running: i64,
    /// Failures in a usual beat.
    usual: f32,
    calm: u8,
    cascading: bool,
}

const _: () = assert!(size_of::<CascadeWatch>() <= 112);

/// A beat, in seconds.
const BEAT: usize = 5;
/// Beats that are looked at.
const BEATS: usize = 4;
/// What began so long ago has been noticed by now: silence is asked after for a beat and a half, and some seconds more
/// until it escalates.
const NOTICED: usize = 20;
const SECONDS: usize = BEAT * BEATS + NOTICED;

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
            seconds: [0; SECONDS],
            running: i64::MIN,
            usual: 0.0,
            calm: 0,
            cascading: false,
        }
    }

    /// So many agents have failed (each counted once), by what is known since `since`.
    pub fn failed(&mut self, agents: u16, since: Moment) {
        let second = second_of(since);
        self.turn_to(second);
        // What began before all that is looked at counts into the oldest second.
        let ago = self
            .running
            .saturating_sub(second)
            .clamp(0, SECONDS as i64 - 1);
        let count = &mut self.seconds[SECONDS - 1 - ago as usize];
        *count = count.saturating_add(agents);
    }

    /// A beat is over. A cascade is three beats that each grew by half and more, the last one far above the usual; a
    /// single blow that fells many at once is an outage and not a cascade. Failures are counted when they began, not when
    /// they were noticed, which throws and lost messages shift; and since the last sign of life of those who fail together
    /// is spread over a beat, beats are tried in every phase.
    pub fn close_beat(&mut self, now: Moment) -> Option<Signal> {
        self.turn_to(second_of(now));
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

    /// Whether the beats that ended so many seconds ago show it.
    fn spreads(&self, ago: usize) -> bool {
        let beats = self.beats(ago);
        let [first, .., last] = beats;
        let grows = |pair: &[u32]| f64::from(pair[1]) >= Self::GROWTH * f64::from(pair[0]);
        first > 0
            && last >= Self::FLOOR
            && beats.windows(2).all(grows)
            && last as f32 >= 4.0 * self.usual
    }

    /// The failures of the last four beats, the oldest first, that ended so many seconds ago.
    fn beats(&self, ago: usize) -> [u32; BEATS] {
        let first = NOTICED - ago;
        core::array::from_fn(|beat| {
            let from = first + beat * BEAT;
            let counts = &self.seconds[from..from + BEAT];
            counts.iter().map(|&count| u32::from(count)).sum()
        })
    }

    /// This is the running second, unless a later one is: a clock that goes back changes nothing.
    fn turn_to(&mut self, second: i64) {
        let ahead = second.saturating_sub(self.running).max(0);
        self.running = self.running.max(second);
        if ahead >= SECONDS as i64 {
            self.seconds = [0; SECONDS];
        } else {
            let ahead = ahead as usize;
            self.seconds.rotate_left(ahead);
            self.seconds[SECONDS - ahead..].fill(0);
        }
    }
}

const fn second_of(at: Moment) -> i64 {
    at.0.div_euclid(1_000_000)
}

impl Default for CascadeWatch {
    fn default() -> Self {
        Self::new()
    }
}
