//! The child's side of numbered delivery: what the parent sends is opened in order, each message once, none after its
//! time (PROTOCOL §5).

use super::{Arrival, Outputs, Refusal, To};
use crate::chance::Chance;
use crate::message::delivery::{
    self, Inbox, Numbered, Received, Stream, TELL_EVERY, Tail, Verdict,
};
use crate::message::{Body, Epoch};
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// A child's mailbox.
#[derive(Debug, Default)]
pub struct Mailbox {
    inbox: Inbox<Opened>,
    /// The last number that the parent was told of.
    told: u32,
}

/// A message whose turn has come.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// What came.
    pub content: Arc<Numbered>,
    /// Its number on this link.
    pub number: u32,
    /// Of the seat that sent it.
    pub epoch: Epoch,
    /// When it was signed, by the sender's clock.
    pub sent: Moment,
    /// When it was read from the socket, by the clock here.
    pub received: Moment,
}

impl Opened {
    /// When its time is over, by the clock here, if it came in no time.
    pub(super) fn expires(&self) -> Moment {
        self.received + self.content.ttl
    }

    /// Whether its time is over, when it was on its way for `trip` before it came in.
    pub(super) fn is_over(&self, now: Moment, trip: Micros) -> bool {
        trip + now.since(self.received) > self.content.ttl
    }
}

impl Mailbox {
    /// A numbered message came in; what can be opened by now is given back in order. `slot` is the receiver's, `own` the
    /// epoch of its own seat. A
    /// message that is not opened for good comes back as what became of it, since some of those are answered too.
    #[expect(
        clippy::too_many_arguments,
        reason = "a message with where it came from, and what it brings about"
    )]
    pub(super) fn take(
        &mut self,
        now: Moment,
        slot: u16,
        arrival: &Arrival,
        content: &Arc<Numbered>,
        own: Epoch,
        opened: &mut Vec<Opened>,
        out: &mut Outputs,
    ) -> Verdict {
        let Some(number) = content.number(slot) else {
            out.refuse(Refusal::WrongPlace);
            return Verdict::Stale;
        };
        let letter = Opened {
            content: Arc::clone(content),
            number,
            epoch: arrival.epoch,
            sent: arrival.sent,
            received: arrival.received,
        };
        let what = delivery::Arrival {
            stream: Stream::of(arrival.epoch),
            number,
            id: content.id,
            expires: letter.expires(),
            urgent: false,
        };
        let verdict = self.inbox.accept(now, what, letter, opened);
        match verdict {
            Verdict::Delivered | Verdict::Held => {}
            Verdict::Duplicate => out.refuse(Refusal::Duplicate),
            Verdict::Expired => out.refuse(Refusal::Expired),
            Verdict::Ahead => out.refuse(Refusal::Ahead),
            Verdict::Stale => out.refuse(Refusal::StaleEpoch),
        }
        self.tell(own, out);
        verdict
    }

    /// The parent says how far its numbers go.
    pub(super) fn heard(
        &mut self,
        now: Moment,
        epoch: Epoch,
        last: u32,
        floor: u32,
        opened: &mut Vec<Opened>,
    ) {
        let stream = Stream::of(epoch);
        self.inbox.heard(
            now,
            Tail {
                stream,
                last,
                floor,
            },
            opened,
        );
    }

    /// The deadline may have come: what is missing is asked for.
    pub(super) fn wake(
        &mut self,
        now: Moment,
        chance: &mut Chance,
        epoch: Epoch,
        opened: &mut Vec<Opened>,
        out: &mut Outputs,
    ) {
        if let Some(missing) = self.inbox.wake(now, chance, opened) {
            self.told = missing.after;
            out.send(To::Parent, epoch, Body::Missing(missing));
        }
        (0..self.inbox.take_expired()).for_each(|_| out.refuse(Refusal::Expired));
    }

    /// When to wake it.
    pub(super) fn next_wake(&self) -> Moment {
        self.inbox.next_deadline()
    }

    /// See [`crate::warm`].
    pub(super) const fn warm(&self) -> u32 {
        self.told
    }

    /// For the beat: all up to here has arrived.
    pub(super) const fn delivered(&mut self) -> u32 {
        self.told = self.inbox.delivered();
        self.told
    }

    /// An answer that goes up tells of this number.
    pub(super) fn answered(&mut self, epoch: Epoch, number: u32) {
        if Stream::of(epoch) == self.inbox.stream() {
            self.told = self.told.max(number);
        }
    }

    /// A new start knows nothing.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Up to which number all of this seat's messages are settled here; 0 while it follows another.
    pub fn settled(&self, epoch: Epoch) -> u32 {
        if self.inbox.stream() == Stream::of(epoch) {
            self.inbox.delivered()
        } else {
            0
        }
    }

    /// Messages that wait for one before them.
    pub fn held(&self) -> usize {
        self.inbox.held()
    }

    /// The window moves on before the next beat.
    fn tell(&mut self, own: Epoch, out: &mut Outputs) {
        let upto = self.inbox.delivered();
        // A new parent has begun again.
        self.told = self.told.min(upto);
        if upto - self.told >= TELL_EVERY {
            self.told = upto;
            let stream = self.inbox.stream();
            let received = Received { stream, upto };
            out.send(To::Parent, own, Body::Received(received));
        }
    }
}
