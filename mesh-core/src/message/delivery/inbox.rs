//! The child's side of a link: what was delivered, what is missing, what waits behind it.

use super::{ASK_FIRST, ASK_MOST, Missing, RECENT_MAX, Stream, Tail, WINDOW_MAX, backoff};
use crate::chance::Chance;
use crate::message::MessageId;
use crate::time::Moment;
use std::collections::VecDeque;

/// Puts in order what a parent sends.
#[derive(Debug, Clone)]
pub struct Inbox<M> {
    stream: Stream,
    /// The lowest number that is not settled.
    next: u32,
    /// The highest number known to have been sent.
    heard: u32,
    /// Only while something is missing, held or remembered.
    open: Option<Box<Open<M>>>,
}

#[derive(Debug, Clone)]
struct Open<M> {
    /// What became of `next` and the numbers after it, as far as known; never longer than the window.
    slots: VecDeque<Slot<M>>,
    /// When to ask for what is missing.
    ask: Moment,
    asks: u8,
    /// Held, and dropped since its time was over, since this was last asked.
    expired: u32,
    /// Delivered ids, each until its message could no longer come again.
    recent: Vec<(MessageId, Moment)>,
}

#[derive(Debug, Clone)]
enum Slot<M> {
    Missing,
    Settled,
    Held(M, MessageId, Moment),
}

/// What must be known of a message before it can be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Whose numbers.
    pub stream: Stream,
    /// Its number.
    pub number: u32,
    /// Its id, the same in every copy.
    pub id: MessageId,
    /// When its time is over, by the clock here.
    pub expires: Moment,
    /// It changes desired state and waits for nobody.
    pub urgent: bool,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was put out, and with it perhaps others that waited for it.
    Delivered,
    /// It waits for those before it.
    Held,
    /// Its number or its id was here before.
    Duplicate,
    /// Its time was over.
    Expired,
    /// More than a window ahead; it will be asked for when its turn comes.
    Ahead,
    /// From a parent, or a boot of it, that another one has followed.
    Stale,
}

impl<M> Inbox<M> {
    /// Nothing received, from anybody.
    pub const fn new() -> Self {
        Self {
            stream: Stream(0),
            next: 1,
            heard: 0,
            open: None,
        }
    }

    /// Takes a message in; what can be delivered by now is put into `out`, in order.
    pub fn accept(
        &mut self,
        now: Moment,
        arrival: Arrival,
        message: M,
        out: &mut Vec<M>,
    ) -> Verdict {
        let Arrival {
            stream,
            number,
            id,
            expires,
            urgent,
        } = arrival;
        if stream < self.stream {
            return Verdict::Stale;
        }
        self.follow(now, stream, out);
        self.heard = self.heard.max(number);
        let Some(ahead) = number.checked_sub(self.next) else {
            return Verdict::Duplicate;
        };
        let seen = self.has_id(now, id);
        if ahead >= WINDOW_MAX {
            let verdict = match (urgent, seen, now < expires) {
                (true, false, true) => {
                    self.deliver(id, expires, message, out);
                    Verdict::Delivered
                }
                (true, true, _) => Verdict::Duplicate,
                (true, false, false) => Verdict::Expired,
                (false, ..) => Verdict::Ahead,
            };
            self.settle(now, false);
            return verdict;
        }
        if !self.is_missing(ahead as usize) {
            return Verdict::Duplicate;
        }
        let verdict = if seen {
            self.put(ahead, Slot::Settled);
            Verdict::Duplicate
        } else if now >= expires {
            self.put(ahead, Slot::Settled);
            Verdict::Expired
        } else if urgent || ahead == 0 {
            self.put(ahead, Slot::Settled);
            self.deliver(id, expires, message, out);
            Verdict::Delivered
        } else {
            self.put(ahead, Slot::Held(message, id, expires));
            Verdict::Held
        };
        let moved = self.advance(now, 0, out);
        self.settle(now, moved);
        verdict
    }

    /// The parent's beat, or its answer to a question.
    pub fn heard(&mut self, now: Moment, tail: Tail, out: &mut Vec<M>) {
        let quiet = self.open.is_none() && tail.last < self.next;
        if tail.stream < self.stream || tail.stream == self.stream && quiet {
            return;
        }
        self.follow(now, tail.stream, out);
        self.heard = self.heard.max(tail.last);
        let floor = tail.floor.min(tail.last.saturating_add(1));
        let moved = self.advance(now, floor, out);
        self.settle(now, moved);
    }

    /// The deadline has come: what has waited too long is dropped, and what is to be asked for is returned.
    pub fn wake(&mut self, now: Moment, chance: &mut Chance, out: &mut Vec<M>) -> Option<Missing> {
        if let Some(open) = &mut self.open {
            for slot in &mut open.slots {
                if matches!(slot, Slot::Held(.., expires) if now >= *expires) {
                    *slot = Slot::Settled;
                    open.expired += 1;
                }
            }
        }
        let moved = self.advance(now, 0, out);
        self.settle(now, moved);
        let missing = self.missing();
        let open = self.open.as_mut().filter(|open| now >= open.ask)?;
        open.asks = open.asks.saturating_add(1);
        open.ask = now + backoff(ASK_FIRST, ASK_MOST, open.asks, chance);
        missing
    }

    /// When to wake it.
    pub fn next_deadline(&self) -> Moment {
        self.open.as_ref().map_or(Moment::NEVER, |open| {
            let held = open.slots.iter().filter_map(|slot| match slot {
                Slot::Held(.., expires) => Some(*expires),
                Slot::Missing | Slot::Settled => None,
            });
            held.fold(open.ask, Moment::min)
        })
    }

    /// What it would ask for now.
    pub fn missing(&self) -> Option<Missing> {
        let behind = self.heard.checked_sub(self.next)?.min(WINDOW_MAX - 1);
        let gaps = (0..=behind)
            .filter(|&ahead| self.is_missing(ahead as usize))
            .fold(0, |gaps, ahead| gaps | 1 << ahead);
        (gaps != 0).then_some(Missing {
            stream: self.stream,
            after: self.next - 1,
            gaps,
        })
    }

    /// All up to this number is settled: what the child's beat acknowledges.
    pub const fn delivered(&self) -> u32 {
        self.next - 1
    }

    /// Whose numbers are followed.
    pub const fn stream(&self) -> Stream {
        self.stream
    }

    /// How many wait behind a gap.
    pub fn held(&self) -> usize {
        self.open.as_ref().map_or(0, |open| {
            let slots = open.slots.iter();
            slots.filter(|slot| matches!(slot, Slot::Held(..))).count()
        })
    }

    /// How many were held and dropped, since their time was over, since the last time.
    pub fn take_expired(&mut self) -> u32 {
        let open = self.open.as_mut();
        open.map_or(0, |open| core::mem::replace(&mut open.expired, 0))
    }

    /// Whether it holds any heap, which it does only while something is missing, held or remembered.
    pub const fn has_heap(&self) -> bool {
        self.open.is_some()
    }

    /// Turns to a new parent. What waits behind a gap is put out: who could fill the gap is gone, and what the new one
    /// sends again is known by its id.
    fn follow(&mut self, now: Moment, stream: Stream, out: &mut Vec<M>) {
        if stream > self.stream {
            self.advance(now, self.next.saturating_add(WINDOW_MAX), out);
            self.stream = stream;
            self.next = 1;
            self.heard = 0;
            self.settle(now, true);
        }
    }

    /// Moves past what is settled, and past everything below `floor`; true when it moved.
    fn advance(&mut self, now: Moment, floor: u32, out: &mut Vec<M>) -> bool {
        let before = self.next;
        while let Some(open) = &mut self.open {
            match open.slots.front() {
                Some(Slot::Missing) if self.next >= floor => break,
                Some(_) => {}
                None => break,
            }
            self.next = self.next.saturating_add(1);
            if let Some(Slot::Held(message, id, expires)) = open.slots.pop_front() {
                if now < expires {
                    self.deliver(id, expires, message, out);
                } else {
                    open.expired += 1;
                }
            }
        }
        self.next = self.next.max(floor);
        self.next != before
    }

    fn deliver(&mut self, id: MessageId, expires: Moment, message: M, out: &mut Vec<M>) {
        out.push(message);
        let recent = &mut self.open().recent;
        if recent.len() >= RECENT_MAX {
            // The one that could come again for the shortest time.
            let soonest = (0..recent.len()).min_by_key(|&place| recent[place].1);
            soonest.map(|place| recent.swap_remove(place));
        }
        recent.push((id, expires));
    }

    /// Whether a message with this id was delivered or is held.
    fn has_id(&mut self, now: Moment, id: MessageId) -> bool {
        self.open.as_mut().is_some_and(|open| {
            open.recent.retain(|(_, until)| now < *until);
            let held = |slot: &Slot<M>| matches!(slot, Slot::Held(_, other, _) if *other == id);
            open.recent.iter().any(|(other, _)| *other == id) || open.slots.iter().any(held)
        })
    }

    fn is_missing(&self, ahead: usize) -> bool {
        let slot = self.open.as_ref().and_then(|open| open.slots.get(ahead));
        matches!(slot, None | Some(Slot::Missing))
    }

    /// `ahead` is below the window.
    fn put(&mut self, ahead: u32, slot: Slot<M>) {
        let ahead = ahead as usize;
        let slots = &mut self.open().slots;
        while slots.len() <= ahead {
            slots.push_back(Slot::Missing);
        }
        slots[ahead] = slot;
    }

    /// Sets the time of the next question, and gives the heap back when nothing is left to remember.
    fn settle(&mut self, now: Moment, moved: bool) {
        let gap = self.next <= self.heard;
        if gap {
            let open = self.open();
            if moved || open.ask == Moment::NEVER {
                open.asks = 0;
                open.ask = now + ASK_FIRST;
            }
        } else if let Some(open) = &mut self.open {
            open.ask = Moment::NEVER;
            open.recent.retain(|(_, until)| now < *until);
            if open.slots.is_empty() && open.recent.is_empty() && open.expired == 0 {
                self.open = None;
            }
        }
    }

    fn open(&mut self) -> &mut Open<M> {
        self.open.get_or_insert_with(|| {
            Box::new(Open {
                slots: VecDeque::new(),
                ask: Moment::NEVER,
                asks: 0,
                expired: 0,
                // Nearly always there is one at a time.
                recent: Vec::with_capacity(1),
            })
        })
    }
}

impl<M> Default for Inbox<M> {
    fn default() -> Self {
        Self::new()
    }
}

const _: () = assert!(size_of::<Inbox<[u8; 128]>>() <= 64);
