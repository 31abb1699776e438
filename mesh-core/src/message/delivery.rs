//! At least once, in order, never after its time: what a parent and a child keep of each other (PROTOCOL §5).
//!
//! A parent has an [`Outbox`] for each child and numbers what it sends; a child has one [`Inbox`]. What is lost is seen
//! in three ways: a later number arrives, the beat names the last number, or no acknowledgement comes. The child asks
//! for the gap with exponential backoff and jitter; the parent answers with what it still has, and with its [`Tail`],
//! which says what it no longer has. What changes desired state is urgent: it is delivered on arrival and never waits
//! for others.
//!
//! ```text
//! parent                                     child
//! send -> 1, 2, 3      --1-->  --3-->        accept 1: delivered; accept 3: held; asks after 50 ms
//! asked(after 1: 2)    <--missing 2--
//! resend 2             --2-->                accept 2: delivers 2 and 3
//! acknowledged(3)      <--beat: 3--
//! ```
//!
//! While nothing is outstanding an inbox is 24 bytes and an outbox 48, without heap; a million agents have one each.

mod inbox;
mod numbered;
mod outbox;
mod shelf;

pub use inbox::{Arrival, Inbox, Verdict};
pub use numbered::{Numbered, Received};
pub use outbox::{Again, Outbox, SendError};

use super::Epoch;
use crate::chance::Chance;
use crate::time::Micros;
use serde::{Deserialize, Serialize};

/// Messages in flight to one child, and held by one child behind a gap, at most: one second's worth of the 10 messages
/// a second of a cluster (§8.2), times three round trips of the slowest class.
pub const WINDOW_MAX: u32 = 32;
/// Room beyond that for what is urgent: one entry of each kind of desired state (PROTOCOL §6), and two more.
pub const URGENT_MAX: u32 = 8;
/// Ids remembered by one child at most, each until its message's time is over: 30 s of 2 operations a second.
pub const RECENT_MAX: usize = 64;
/// A gap is given this long to close by itself, since messages overtake each other.
pub const ASK_FIRST: Micros = Micros::millis(50);
/// The longest wait between two questions for the same gap: a beat.
pub const ASK_MOST: Micros = Micros::seconds(5);
/// Without an acknowledgement a message is sent again after a beat and a second, since beats carry acknowledgements.
pub const RESEND_FIRST: Micros = Micros::seconds(6);
/// A child that has taken in so many since it last said so says so at once: a quarter of the window.
pub const TELL_EVERY: u32 = WINDOW_MAX / 4;
/// The longest wait between two such copies.
pub const RESEND_MOST: Micros = Micros::seconds(60);

/// A run of numbers on one link, which begins at 1 with each new holder of the parent's seat. Whoever holds it after a
/// start holds it with a new epoch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Stream(pub u64);

/// What a parent says of its numbers to a child, in each beat and in answer to each question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// Whose numbers.
    pub stream: Stream,
    /// The last number sent; 0 before the first.
    pub last: u32,
    /// The lowest number that can still be had; what is missing below it was acknowledged or has run out.
    pub floor: u32,
}

/// What a child misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Whose numbers.
    pub stream: Stream,
    /// All up to here is settled.
    pub after: u32,
    /// Bit n stands for number `after + 1 + n`.
    pub gaps: u32,
}

impl Stream {
    /// The numbers of the holder of a seat, whose epoch stands in the envelope.
    pub const fn of(epoch: Epoch) -> Self {
        Self(epoch.0 as u64)
    }
}

impl Missing {
    /// The numbers, rising.
    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (0..WINDOW_MAX)
            .filter(move |n| self.gaps >> n & 1 == 1)
            .map(move |n| self.after.saturating_add(1 + n))
    }
}

/// The wait before try number `tries` (from 0): doubled each time, and spread by a quarter to both sides, so that
/// those who lost the same message do not ask in one instant. Narrower than [`Backoff`](crate::guard::failure::Backoff),
/// whose full jitter may ask at once: here an answer needs its round trip first, and time to live ends the tries.
fn backoff(first: Micros, most: Micros, tries: u8, chance: &mut Chance) -> Micros {
    let wait = first.doubled(u32::from(tries), most).0;
    chance.span(Micros(wait - wait / 4), Micros(wait + wait / 4))
}

#[cfg(test)]
mod tests;
