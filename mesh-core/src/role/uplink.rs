//! A child's side of the relation with its parent: beats, probes, the parent's clock, and the fence.

use super::{BEAT, PROBE_GAP, PROBES, is_due};
use crate::message::{EchoEntry, Epoch, Exchange};
use crate::time::clock::{ClockEstimate, Heard};
use crate::time::{Boot, Micros, Moment};
use crate::trust::KeyId;
use crate::trust::seat::{Fence, Fenced};

/// What a child keeps of its parent.
#[derive(Debug, Clone)]
pub struct Uplink {
    clock: ClockEstimate,
    boot: Boot,
    /// The parent's last word: when it was sent, and received here. [`Moment::NEVER`] is never: eight bytes less than an
    /// option, of which every agent has one.
    exchange: Exchange,
    fence: Fence,
    beat_at: Moment,
    probe_at: Moment,
    probes_left: u8,
    /// When the last probe went out.
    probed_at: Moment,
}

/// Nothing has come from the parent yet.
const NO_EXCHANGE: Exchange = Exchange {
    sent: Moment::NEVER,
    received: Moment::NEVER,
};

/// A parent's T by the clock here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translated {
    /// T.
    pub target: Moment,
    /// How far off it may be.
    pub bound: Micros,
    /// How long the message was on its way, as far as the clocks tell.
    pub trip: Micros,
}

/// What is due towards the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// A beat.
    Beat,
    /// A probe.
    Probe,
}

impl Uplink {
    /// Nothing known, nothing due: [`Uplink::start`] comes first.
    pub fn new() -> Self {
        Self {
            clock: ClockEstimate::default(),
            boot: Boot::default(),
            exchange: NO_EXCHANGE,
            fence: Fence::default(),
            beat_at: Moment::NEVER,
            probe_at: Moment::NEVER,
            probes_left: 0,
            probed_at: Moment(i64::MIN),
        }
    }

    /// A new boot: the first probe at once, the first beat `phase` later, so that beats are spread over their period.
    pub fn start(&mut self, now: Moment, boot: Boot, phase: Micros) {
        self.boot = boot;
        self.exchange = NO_EXCHANGE;
        self.beat_at = now + phase;
        self.restart_clock(now);
    }

    /// Nothing is due any more, until it starts again.
    pub const fn stop(&mut self) {
        self.beat_at = Moment::NEVER;
        self.probe_at = Moment::NEVER;
    }

    /// Takes note of a message from whoever says that it holds the seat above. An error: somebody else has it, and the
    /// message is to be dropped. A higher epoch is a new parent with another clock.
    pub fn accept(
        &mut self,
        signer: KeyId,
        epoch: Epoch,
        sent: Moment,
        received: Moment,
    ) -> Result<(), Fenced> {
        let before = self.fence.epoch();
        self.fence.admit(signer, epoch)?;
        if epoch > before {
            self.restart_clock(received);
        }
        self.exchange = Exchange { sent, received };
        Ok(())
    }

    /// The parent has answered our beat or probe: all four timestamps are here.
    pub fn answered(&mut self, ours: Exchange, sent: Moment, received: Moment) {
        // Ours is seen from the parent: when we sent (our clock) and when it arrived there (its clock).
        let heard = self
            .clock
            .exchange(ours.sent, ours.received, sent, received);
        if heard == Heard::Restarted {
            // One of the two clocks stepped: a new estimate at once, not with the next three beats.
            self.probe_again(received);
        }
    }

    /// T of the parent's as it is here, with its bound; `None` while the estimate is not good enough. `sent` and `received`
    /// are of the message that T came with: one that arrived before it was sent tells that a clock has stepped since the
    /// last exchange.
    pub fn translate(
        &mut self,
        target: Moment,
        sent: Moment,
        received: Moment,
    ) -> Option<Translated> {
        if !self.clock.ready() {
            return None;
        }
        let (left, bound) = self.clock.to_mine(sent)?;
        let trip = received.since(left);
        if trip + bound < Micros::ZERO {
            self.restart_clock(received);
            return None;
        }
        let (target, bound) = self.clock.to_mine(target)?;
        Some(Translated {
            target,
            bound,
            trip,
        })
    }

    /// As [`Uplink::answered`], from a part of an echo.
    pub fn echoed(&mut self, entry: EchoEntry, sent: Moment, received: Moment) {
        self.answered(entry.exchange, sent, received);
    }

    /// What is due now, one at a time until `None`.
    pub fn due(&mut self, now: Moment) -> Option<Due> {
        if is_due(now, self.probe_at, PROBE_GAP) {
            self.probes_left -= 1;
            self.probed_at = now;
            self.probe_at = if self.probes_left == 0 {
                Moment::NEVER
            } else {
                now + PROBE_GAP
            };
            return Some(Due::Probe);
        }
        if now < self.beat_at && is_due(now, self.beat_at, BEAT + BEAT) {
            // The clock went back: the next beat is not as far away as it says.
            self.beat_at = now + BEAT;
        }
        (now >= self.beat_at).then(|| {
            // A clock that jumped ahead makes one beat, not one for every period it jumped over.
            let late = now.since(self.beat_at);
            self.beat_at = self.beat_at + Micros(BEAT.0 * (late.0 / BEAT.0 + 1));
            Due::Beat
        })
    }

    /// The next moment at which [`Uplink::due`] has something.
    pub fn next_wake(&self) -> Moment {
        self.beat_at.min(self.probe_at)
    }

    /// See [`crate::warm`].
    pub(crate) fn warm(&self) -> u64 {
        self.clock.warm() ^ self.next_wake().0 as u64
    }

    /// What a beat or probe carries of the parent's last message.
    pub fn exchange(&self) -> Option<Exchange> {
        (self.exchange != NO_EXCHANGE).then_some(self.exchange)
    }

    /// Which start of this node it is.
    pub const fn boot(&self) -> Boot {
        self.boot
    }

    /// The highest epoch of the parent's seat seen.
    pub const fn epoch(&self) -> Epoch {
        self.fence.epoch()
    }

    /// Whom it obeys with that epoch.
    pub const fn obeys(&self) -> Option<KeyId> {
        self.fence.holder()
    }

    /// The parent's clock.
    pub const fn clock(&self) -> &ClockEstimate {
        &self.clock
    }

    /// Eight exchanges at once, for whoever wants to measure us afresh; what is known of the parent's clock stays.
    pub fn calibrate(&mut self, now: Moment) {
        self.probe_again(now);
    }

    fn restart_clock(&mut self, now: Moment) {
        self.clock.void();
        self.probe_again(now);
    }

    /// A new probing, unless one runs that will do as well: with a clock that stands still, every answer would begin
    /// another.
    fn probe_again(&mut self, now: Moment) {
        let runs = self.probes_left > 0 && self.probe_at.since(now) <= PROBE_GAP;
        self.probes_left = PROBES;
        if !runs {
            // One that has just ended is not followed at once by the next.
            let last = now.since(self.probed_at);
            let soon = (Micros::ZERO..PROBE_GAP).contains(&last);
            self.probe_at = if soon {
                self.probed_at + PROBE_GAP
            } else {
                now
            };
        }
    }
}

impl Default for Uplink {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
