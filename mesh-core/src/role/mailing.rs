//! The parent's side of numbered delivery: what must arrive is numbered for each child, kept until the child has it, and
//! sent again (PROTOCOL §5).

use super::downlink::Downlink;
use super::{Outputs, Refusal, Start, To};
use crate::chance::Chance;
use crate::message::delivery::{Again, Missing, Numbered, RESEND_FIRST, Received, Stream};
use crate::message::{Body, Epoch, IdMint, MessageId};
use crate::time::{Micros, Moment, WallTime};
use std::sync::Arc;

/// How long a settlement or the word to load a context is worth delivering: a minute, after which beats and desks have
/// said it in other ways.
pub(super) const NEWS_TTL: Micros = Micros::seconds(60);

/// A parent's post office.
#[derive(Debug)]
pub(super) struct Mailing {
    mint: IdMint,
    wall: WallTime,
    started: Moment,
    chance: Chance,
    /// When the outboxes are looked at for what nobody has acknowledged.
    resend_at: Moment,
}

/// What a parent keeps of a child.
pub(super) trait Linked {
    /// Its link.
    fn link(&mut self) -> &mut Downlink;
}

/// A message that must arrive.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// The same in every copy.
    pub id: MessageId,
    /// When its time is over, by the clock here.
    pub expires: Moment,
    /// What it says.
    pub body: Body,
}

impl Mailing {
    /// Before the first start.
    pub(super) fn new() -> Self {
        Self {
            mint: IdMint::new(Chance::new(0)),
            wall: WallTime(0),
            started: Moment(0),
            chance: Chance::new(0),
            resend_at: Moment::NEVER,
        }
    }

    /// The node has started.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "randomness is handed over, never shared"
    )]
    pub(super) fn start(&mut self, now: Moment, start: &Start, chance: Chance) {
        *self = Self {
            mint: IdMint::new(chance.split(1)),
            wall: start.wall,
            started: now,
            chance: chance.split(2),
            resend_at: Moment::NEVER,
        };
    }

    /// A letter of this node's own, worth delivering for `lasting`.
    pub(super) fn letter(&mut self, now: Moment, lasting: Micros, body: Body) -> Letter {
        Letter {
            id: self.mint.next(self.wall + now.since(self.started)),
            expires: now + lasting,
            body,
        }
    }

    /// Sends a letter to these children as one message. A child that has not acknowledged it yet gets it under its old
    /// number; a child that acknowledges nothing at all gets no more.
    pub(super) fn post<R: Linked>(
        &mut self,
        now: Moment,
        epoch: Epoch,
        children: &mut [R],
        to: To,
        letter: Letter,
        out: &mut Outputs,
    ) {
        let kept = Arc::new(Numbered {
            id: letter.id,
            ttl: (letter.expires - now).max(Micros::ZERO),
            numbers: Vec::new(),
            body: letter.body,
        });
        let mut numbers = Vec::new();
        let mut number = |slot: u16, out: &mut Outputs| {
            let Some(child) = children.get_mut(usize::from(slot)) else {
                return;
            };
            let outbox = child.link().outbox(epoch);
            let number = match outbox.number_of(|old| old.id == kept.id) {
                Some(number) => Ok(number),
                None => outbox.send(now, Arc::clone(&kept), letter.expires, false),
            };
            match number {
                Ok(number) => numbers.push((slot, number)),
                Err(_) => out.refuse(Refusal::Unanswered),
            }
            tell_lost(outbox.take_lost(), out);
        };
        match to {
            To::Child(slot) => number(slot, out),
            To::Children(slots) => slots.iter().for_each(|slot| number(u16::from(slot), out)),
            // What goes to everyone is said again by everyone's beat.
            To::Everyone | To::Parent | To::Peer(_) => {}
        }
        if numbers.is_empty() {
            return;
        }
        self.resend_at = self.resend_at.min(now + RESEND_FIRST);
        let numbered = Numbered {
            numbers,
            ..Numbered::clone(&kept)
        };
        out.send(to, epoch, Body::Numbered(Arc::new(numbered)));
    }

    /// The same letter once more, to those of these children that have not acknowledged it.
    pub(super) fn repeat<R: Linked>(
        now: Moment,
        epoch: Epoch,
        children: &mut [R],
        to: To,
        letter: Letter,
        out: &mut Outputs,
    ) {
        let To::Children(slots) = to else { return };
        let number = |slot: u8| {
            let outbox = children.get_mut(usize::from(slot))?.link().outbox(epoch);
            let number = outbox.number_of(|old| old.id == letter.id)?;
            Some((u16::from(slot), number))
        };
        let numbers: Vec<_> = slots.iter().filter_map(number).collect();
        if numbers.is_empty() {
            return;
        }
        let to = To::Children(numbers.iter().map(|(slot, _)| *slot as u8).collect());
        let numbered = Numbered {
            id: letter.id,
            ttl: (letter.expires - now).max(Micros::ZERO),
            numbers,
            body: letter.body,
        };
        out.send(to, epoch, Body::Numbered(Arc::new(numbered)));
    }

    /// A child asks for what it misses.
    pub(super) fn asked(
        now: Moment,
        epoch: Epoch,
        slot: u16,
        link: &mut Downlink,
        missing: Missing,
        out: &mut Outputs,
    ) {
        let mut again = Vec::new();
        let outbox = link.outbox(epoch);
        let tail = outbox.asked(now, missing, &mut again);
        tell_lost(outbox.take_lost(), out);
        for copy in again {
            send_again(now, epoch, slot, copy, out);
        }
        out.send(To::Child(slot), epoch, Body::Tail(tail));
    }

    /// A child says what it has.
    pub(super) fn received(epoch: Epoch, link: &mut Downlink, received: Received) {
        if received.stream == Stream::of(epoch) {
            link.outbox(epoch).acknowledged(received.upto);
        }
    }

    /// Sends again what nobody has acknowledged for long.
    pub(super) fn wake<R: Linked>(
        &mut self,
        now: Moment,
        epoch: Epoch,
        children: &mut [R],
        out: &mut Outputs,
    ) {
        if now < self.resend_at {
            return;
        }
        self.resend_at = Moment::NEVER;
        let mut again = Vec::new();
        for (slot, child) in children.iter_mut().enumerate() {
            let link = child.link();
            if link.outstanding() == 0 {
                continue;
            }
            let outbox = link.outbox(epoch);
            outbox.wake(now, &mut self.chance, &mut again);
            self.resend_at = self.resend_at.min(outbox.next_deadline());
            tell_lost(outbox.take_lost(), out);
            for copy in again.drain(..) {
                send_again(now, epoch, slot as u16, copy, out);
            }
        }
    }

    /// When to wake it.
    pub(super) const fn next_wake(&self) -> Moment {
        self.resend_at
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what is sent again is used up"
)]
fn send_again(now: Moment, epoch: Epoch, slot: u16, copy: Again<Arc<Numbered>>, out: &mut Outputs) {
    let numbered = Numbered {
        ttl: (copy.expires - now).max(Micros::ZERO),
        numbers: vec![(slot, copy.number)],
        ..Numbered::clone(&copy.message)
    };
    out.send(To::Child(slot), epoch, Body::Numbered(Arc::new(numbered)));
}

/// What ran out before its child acknowledged it is counted.
fn tell_lost(count: u32, out: &mut Outputs) {
    (0..count).for_each(|_| out.refuse(Refusal::Unacknowledged));
}
