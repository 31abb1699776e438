//! The parent's side of a link: what was sent and not yet acknowledged.

use super::shelf::Shelf;
use super::{Missing, RESEND_FIRST, RESEND_MOST, Stream, Tail, URGENT_MAX, WINDOW_MAX, backoff};
use crate::chance::Chance;
use crate::time::Moment;

/// Numbers what is sent to one child and keeps it until it is acknowledged or its time is over.
#[derive(Debug, Clone)]
pub struct Outbox<M> {
    stream: Stream,
    last: u32,
    /// Given up unacknowledged since this was last asked.
    lost: u32,
    kept: Shelf<Kept<M>>,
}

#[derive(Debug, Clone)]
struct Kept<M> {
    number: u32,
    tries: u8,
    urgent: bool,
    expires: Moment,
    next: Moment,
    message: M,
}

/// A message to be sent once more, with its old number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again<M> {
    /// Its number.
    pub number: u32,
    /// When its time is over, by the clock here.
    pub expires: Moment,
    /// What to send.
    pub message: M,
}

/// A message that cannot be numbered; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The child acknowledges nothing.
    #[error(
        "32 messages to this child are unacknowledged, the oldest number {oldest}; wait for it, or treat it as unreachable"
    )]
    Full {
        /// The oldest that it did not acknowledge.
        oldest: u32,
    },
    /// Four billion messages.
    #[error("the numbers of this link are used up; begin a new stream by claiming a new epoch")]
    UsedUp,
}

impl<M: Clone> Outbox<M> {
    /// A link on which nothing was sent.
    pub const fn new(stream: Stream) -> Self {
        Self {
            stream,
            last: 0,
            lost: 0,
            kept: Shelf::EMPTY,
        }
    }

    /// Begins anew with the numbers of another seat or epoch; with the same stream it goes on.
    pub fn follow(&mut self, stream: Stream) {
        if stream != self.stream {
            *self = Self::new(stream);
        }
    }

    /// The number under which a message is kept.
    pub fn number_of(&self, is_same: impl Fn(&M) -> bool) -> Option<u32> {
        let same = self.kept.iter().find(|old| is_same(&old.message));
        same.map(|old| old.number)
    }

    /// Whoever had what is outstanding has started again and knows nothing of what came before it: none of that is for
    /// the new one. The numbers go on.
    pub fn give_up(&mut self) {
        self.lost = self.lost.saturating_add(self.kept.len() as u32);
        self.kept = Shelf::EMPTY;
    }

    /// How many were given up unacknowledged since the last time.
    pub const fn take_lost(&mut self) -> u32 {
        core::mem::replace(&mut self.lost, 0)
    }

    /// Numbers a message that is sent now and worth nothing after `expires`.
    ///
    /// An urgent one always goes out: when their room is full too, the oldest urgent one gives way, which later desired
    /// state has replaced or a digest brings back (PROTOCOL §6). No other message is ever given up before its time.
    pub fn send(
        &mut self,
        now: Moment,
        message: M,
        expires: Moment,
        urgent: bool,
    ) -> Result<u32, SendError> {
        self.forget(now);
        let number = self.last.checked_add(1).ok_or(SendError::UsedUp)?;
        let kept = &mut self.kept;
        let most = WINDOW_MAX + if urgent { URGENT_MAX } else { 0 };
        if kept.len() >= most as usize {
            // Ordinary messages never fill the room of urgent ones, so there is an urgent one to give way.
            let yields = kept.iter().position(|old| urgent && old.urgent);
            match yields {
                Some(place) => {
                    kept.remove(place);
                }
                None => {
                    return Err(SendError::Full {
                        oldest: kept.front().map_or(number, |old| old.number),
                    });
                }
            }
        }
        kept.push_back(Kept {
            number,
            tries: 0,
            urgent,
            expires,
            next: now + RESEND_FIRST,
            message,
        });
        self.last = number;
        Ok(number)
    }

    /// The child has everything up to this number.
    pub fn acknowledged(&mut self, upto: u32) {
        if self.kept.is_empty() {
            return;
        }
        self.kept.retain(|old| old.number > upto);
    }

    /// Answers a child's question: what is to be sent again, and what can no longer be had. A question about another
    /// stream gets the tail alone.
    pub fn asked(&mut self, now: Moment, missing: Missing, again: &mut Vec<Again<M>>) -> Tail {
        if missing.stream == self.stream {
            self.acknowledged(missing.after);
            self.forget(now);
            again.extend(
                self.kept
                    .iter()
                    .filter(|old| missing.numbers().any(|number| number == old.number))
                    .map(Kept::again),
            );
        }
        self.tail(now)
    }

    /// What the next beat says to this child.
    pub fn tail(&mut self, now: Moment) -> Tail {
        self.forget(now);
        let oldest = self.kept.front();
        Tail {
            stream: self.stream,
            last: self.last,
            floor: oldest.map_or(self.last.saturating_add(1), |old| old.number),
        }
    }

    /// The deadline has come: what nobody acknowledged is sent again, what has run out is forgotten.
    pub fn wake(&mut self, now: Moment, chance: &mut Chance, again: &mut Vec<Again<M>>) {
        self.forget(now);
        for old in self.kept.iter_mut() {
            if now >= old.next {
                old.tries = old.tries.saturating_add(1);
                old.next = now + backoff(RESEND_FIRST, RESEND_MOST, old.tries, chance);
                again.push(old.again());
            }
        }
    }

    /// When to wake it.
    pub fn next_deadline(&self) -> Moment {
        self.kept
            .iter()
            .map(|old| old.next.min(old.expires))
            .min()
            .unwrap_or(Moment::NEVER)
    }

    /// The last number given.
    pub const fn last(&self) -> u32 {
        self.last
    }

    /// The lowest number that is still kept, or the next one to give.
    pub fn oldest(&self) -> u32 {
        let next = self.last.saturating_add(1);
        self.kept.front().map_or(next, |old| old.number)
    }

    /// How many are unacknowledged.
    pub fn outstanding(&self) -> usize {
        self.kept.len()
    }

    fn forget(&mut self, now: Moment) {
        let before = self.kept.len();
        self.kept.retain(|old| now < old.expires);
        self.lost = self.lost.saturating_add((before - self.kept.len()) as u32);
    }
}

impl<M: Clone> Default for Outbox<M> {
    fn default() -> Self {
        Self::new(Stream::default())
    }
}

impl<M: Clone> Kept<M> {
    fn again(&self) -> Again<M> {
        Again {
            number: self.number,
            expires: self.expires,
            message: self.message.clone(),
        }
    }
}

const _: () = assert!(size_of::<Outbox<[u8; 128]>>() <= 64);
