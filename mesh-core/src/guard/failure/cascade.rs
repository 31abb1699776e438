//! Failures that spread: their number grows exponentially from beat to beat (§6.1).

use super::{FailureClass, Signal};
use crate::time::Moment;

/// Counts the failures of a cluster or sector second by second, and looks at them beat by beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CascadeWatch {
    /// The last seconds, the running one at the end: four beats, in each of the phases that a beat can have.
    seconds: [u16; SECONDS],
    /// Which second of the keeper's clock the last one is.
    running: i64,
    /// Failures in a usual beat.
    usual: f32,
    calm: u8,
    cascading: bool,
}

const _: () = assert!(size_of::<CascadeWatch>() <= 72);

/// A beat, in seconds.
const BEAT: usize = 5;
/// Beats that are looked at.
const BEATS: usize = 4;
const SECONDS: usize = BEAT * BEATS + BEAT - 1;

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

    /// So many agents have failed (each counted once).
    pub fn failed(&mut self, agents: u16, now: Moment) {
        self.turn_to(now);
        let running = &mut self.seconds[SECONDS - 1];
        *running = running.saturating_add(agents);
    }

    /// A beat is over. A cascade is three beats that each grew by half and more, the last one far above the usual; a
    /// single blow that fells many at once is an outage and not a cascade. Who fails at one moment is missed over a whole
    /// beat, so that blows a beat apart run into one another unless the beats are counted as they fell: every phase is
    /// tried.
    pub fn close_beat(&mut self, now: Moment) -> Option<Signal> {
        self.turn_to(now);
        let spreading = (0..BEAT).any(|phase| self.spreads(phase));
        let last = self.beats(0)[BEATS - 1];
        self.usual += (last as f32 - self.usual) / Self::MEMORY;
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
    fn spreads(&self, phase: usize) -> bool {
        let beats = self.beats(phase);
        let [first, .., last] = beats;
        let grows = |pair: &[u32]| f64::from(pair[1]) >= Self::GROWTH * f64::from(pair[0]);
        first > 0
            && beats.windows(2).all(grows)
            && last >= Self::FLOOR
            && last as f32 >= 4.0 * self.usual
    }

    /// The failures of the last four beats, the oldest first, that ended so many seconds ago.
    fn beats(&self, phase: usize) -> [u32; BEATS] {
        let first = BEAT - 1 - phase;
        core::array::from_fn(|beat| {
            let from = first + beat * BEAT;
            self.seconds[from..from + BEAT]
                .iter()
                .map(|&count| u32::from(count))
                .sum()
        })
    }

    /// The running second is that of `now`; a clock that goes back counts into the one that runs.
    fn turn_to(&mut self, now: Moment) {
        let second = now.0.div_euclid(1_000_000);
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

impl Default for CascadeWatch {
    fn default() -> Self {
        Self::new()
    }
}
