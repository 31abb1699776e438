//! Failures that spread: their number grows exponentially from beat to beat (§6.1).

use super::{FailureClass, Signal};

/// Counts the failures of a cluster or sector beat by beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CascadeWatch {
    /// The last four beats, the oldest first; the last is the running one.
    beats: [u32; 4],
    /// Failures in a usual beat.
    usual: f32,
    calm: u8,
    cascading: bool,
}

const _: () = assert!(size_of::<CascadeWatch>() <= 32);

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
            beats: [0; 4],
            usual: 0.0,
            calm: 0,
            cascading: false,
        }
    }

    /// So many agents have failed (each counted once).
    pub const fn failed(&mut self, agents: u32) {
        self.beats[3] = self.beats[3].saturating_add(agents);
    }

    /// The beat is over. A cascade is three beats that each grew by half and more, the last one far above the usual; a
    /// single blow that fells many at once is an outage and not a cascade.
    pub fn close_beat(&mut self) -> Option<Signal> {
        let [first, .., last] = self.beats;
        let grows = |pair: &[u32]| f64::from(pair[1]) >= Self::GROWTH * f64::from(pair[0]);
        let spreading = first > 0
            && self.beats.windows(2).all(grows)
            && last >= Self::FLOOR
            && last as f32 >= 4.0 * self.usual;
        self.usual += (last as f32 - self.usual) / Self::MEMORY;
        self.beats.rotate_left(1);
        self.beats[3] = 0;
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
}

impl Default for CascadeWatch {
    fn default() -> Self {
        Self::new()
    }
}
