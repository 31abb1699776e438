//! A parent's side of the relation with one child: its clock, its boot, the numbers on its link.

use crate::message::delivery::{Numbered, Outbox, Stream};
use crate::message::{EchoEntry, Epoch, Exchange, Probed};
use crate::time::clock::ClockEstimate;
use crate::time::{Boot, Micros, Moment};
use std::sync::Arc;

/// What a parent keeps of one child.
#[derive(Debug, Clone)]
pub struct Downlink {
    clock: ClockEstimate,
    epoch: Epoch,
    boot: Boot,
    /// The last beat, not echoed yet.
    beat: Option<Exchange>,
    /// [`Moment::NEVER`] is never: eight bytes less than an option.
    heard: Moment,
    outbox: Outbox<Arc<Numbered>>,
}

/// How numbered delivery to a child stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Of the seat whose numbers they are.
    pub epoch: Epoch,
    /// Which of the child's starts is known.
    pub boot: Boot,
    /// The last number given.
    pub last: u32,
    /// The lowest that is still kept, or the next one to give.
    pub oldest: u32,
    /// How many are not acknowledged.
    pub outstanding: usize,
}

/// What an exchange with a child showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// One way down, by the estimate of its clock.
    pub down: Option<Micros>,
    /// There and back, measured by the clock here alone but for the child's own pause.
    pub round: Option<Micros>,
    /// Another node, or another start of it, than was known: it knows nothing.
    pub fresh: bool,
}

impl Downlink {
    /// A child never heard of.
    pub fn new() -> Self {
        Self {
            clock: ClockEstimate::default(),
            epoch: Epoch::default(),
            boot: Boot::default(),
            beat: None,
            heard: Moment::NEVER,
            outbox: Outbox::default(),
        }
    }

    /// A message came from the holder of the child's seat with `epoch`. False: somebody else has it since, and the message
    /// is to be dropped. Whoever is new knows nothing of what the one before was told.
    pub fn admit(&mut self, epoch: Epoch) -> bool {
        if epoch > self.epoch {
            *self = Self {
                epoch,
                outbox: core::mem::take(&mut self.outbox),
                ..Self::new()
            };
        }
        epoch == self.epoch
    }

    /// A beat or probe came from `boot` of the holder of the child's seat with `epoch` (0 for agents). `None`: it is from
    /// before what is known, and to be dropped.
    pub fn exchange(
        &mut self,
        epoch: Epoch,
        boot: Boot,
        exchange: Option<Exchange>,
        sent: Moment,
        received: Moment,
    ) -> Option<Measured> {
        if (epoch, boot) < (self.epoch, self.boot) {
            return None;
        }
        let fresh = (epoch, boot) > (self.epoch, self.boot);
        if fresh {
            // What an agent had begun ended with it; what a seat's holder had not acknowledged is for whoever has the seat
            // now.
            if epoch == Epoch::default() && self.boot != Boot::default() {
                self.outbox.give_up();
            }
            *self = Self {
                epoch,
                boot,
                outbox: core::mem::take(&mut self.outbox),
                ..Self::new()
            };
        }
        self.heard = received;
        let Some(ours) = exchange else {
            return Some(Measured {
                down: None,
                round: None,
                fresh,
            });
        };
        self.clock
            .exchange(ours.sent, ours.received, sent, received);
        let round = received.since(ours.sent) - sent.since(ours.received);
        let arrived = self
            .clock
            .to_mine(ours.received)
            .filter(|_| self.clock.ready());
        let down = arrived.map(|(arrived, _)| arrived.since(ours.sent));
        Some(Measured {
            down,
            round: Some(round),
            fresh,
        })
    }

    /// See [`crate::warm`].
    pub(crate) fn warm(&self) -> u64 {
        self.clock.warm() ^ u64::from(self.epoch.0 ^ self.boot.0)
    }

    /// Remembers a beat for the next echo.
    pub const fn owe_echo(&mut self, sent: Moment, received: Moment) {
        self.beat = Some(Exchange { sent, received });
    }

    /// Its part of the echo that is due, if it has beaten.
    pub fn take_echo(&mut self, slot: u16, now: Moment) -> Option<EchoEntry> {
        let exchange = self.beat.take()?;
        let tail = self.outbox.tail(now);
        Some(EchoEntry {
            slot,
            exchange,
            last: tail.last,
            floor: tail.floor,
        })
    }

    /// The answer to its probe.
    pub fn probed(&mut self, exchange: Exchange, levels: Option<u64>, now: Moment) -> Probed {
        let tail = self.outbox.tail(now);
        Probed {
            exchange,
            levels,
            last: tail.last,
            floor: tail.floor,
        }
    }

    /// What it was sent and has not acknowledged, in the numbers of the seat here with `epoch`.
    pub fn outbox(&mut self, epoch: Epoch) -> &mut Outbox<Arc<Numbered>> {
        self.outbox.follow(Stream::of(epoch));
        &mut self.outbox
    }

    /// How many messages it has not acknowledged.
    pub fn outstanding(&self) -> usize {
        self.outbox.outstanding()
    }

    /// How delivery to it stands, in the numbers of the seat here with `epoch`.
    pub fn delivery(&self, epoch: Epoch) -> Delivery {
        Delivery {
            epoch,
            boot: self.boot,
            last: self.outbox.last(),
            oldest: self.outbox.oldest(),
            outstanding: self.outbox.outstanding(),
        }
    }

    /// When it was last heard, by the clock here.
    pub fn heard(&self) -> Option<Moment> {
        (self.heard != Moment::NEVER).then_some(self.heard)
    }

    /// The highest epoch of its seat known.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Which of its starts is known.
    pub const fn boot(&self) -> Boot {
        self.boot
    }

    /// Its clock.
    pub const fn clock(&self) -> &ClockEstimate {
        &self.clock
    }
}

impl Default for Downlink {
    fn default() -> Self {
        Self::new()
    }
}
