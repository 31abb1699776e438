//! The queue of events in virtual time: a timing wheel that keeps exact order.
//!
//! A binary heap over a million pending events touches twenty cache lines for each; most events of a mesh lie within
//! one beat (5 s) of now, so a ring of slots of one millisecond finds their place at once (Varghese and Lauck, "Hashed
//! and hierarchical timing wheels", SOSP 1987). Only the slot that is being worked off is ever sorted. What lies beyond
//! the ring waits in a heap and enters the ring before anything can be pushed beside it, so that events of one instant
//! always come out in the order in which they were pushed.

mod chunks;
#[cfg(test)]
mod tests;

use chunks::{Chunks, List};
use core::cmp::{Ordering, Reverse};
use mesh_core::time::Moment;
use std::collections::BinaryHeap;

/// Events by (time, order of pushing): total, so that a run repeats.
///
/// `push` and `pop` are O(1) amortised for events within [`EventQueue::HORIZON_SLOTS`] slots of the last popped one. An
/// event in the past is no error: it is the next to come out.
#[derive(Debug)]
pub(in crate::drive) struct EventQueue<E> {
    /// The slot that is being worked off, counted from time 0 in slot widths.
    slot: i64,
    /// Events of that slot and before, taken out one by one; their index is their order of pushing.
    cells: Vec<Option<E>>,
    /// Those of `cells` that were there when the slot began, in order: offset in the slot (high), index (low).
    sorted: Vec<u64>,
    /// How many of `sorted` are done.
    done: usize,
    /// Those of `cells` that were pushed since.
    late: BinaryHeap<Reverse<(Moment, u32)>>,
    /// One list of events a slot, for the slots after the present one.
    ring: Vec<List>,
    /// One bit a slot of the ring: whether anything is in it.
    filled: Vec<u64>,
    /// The events of the ring.
    chunks: Chunks<(Moment, E)>,
    /// Events past the ring.
    far: BinaryHeap<Far<E>>,
    /// Counts pushes into `far`, for their order.
    far_count: u64,
    len: usize,
}

impl<E> EventQueue<E> {
    /// Slots in the ring: with slots of 1.024 ms they cover 8.4 s, more than a beat and the longest usual deadline.
    pub(in crate::drive) const HORIZON_SLOTS: usize = 1 << 13;
    /// A slot is 2^10 microseconds wide.
    const SHIFT: u32 = 10;

    /// Empty, at time 0.
    pub(in crate::drive) fn new() -> Self {
        Self {
            slot: 0,
            cells: Vec::new(),
            sorted: Vec::new(),
            done: 0,
            late: BinaryHeap::new(),
            ring: vec![List::EMPTY; Self::HORIZON_SLOTS],
            filled: vec![0; Self::HORIZON_SLOTS / 64],
            chunks: Chunks::new(),
            far: BinaryHeap::new(),
            far_count: 0,
            len: 0,
        }
    }

    /// Adds `event` at `at`, after everything that was pushed for the same instant before.
    pub(in crate::drive) fn push(&mut self, at: Moment, event: E) {
        self.len += 1;
        let slot = at.0 >> Self::SHIFT;
        // Wrapping: slots are times over 1,024, so their difference cannot overflow.
        let ahead = slot - self.slot;
        if ahead <= 0 {
            self.push_now(at, event);
        } else if ahead < Self::HORIZON_SLOTS as i64 {
            self.push_ring(slot, at, event);
        } else {
            self.far_count += 1;
            self.far.push(Far {
                at,
                order: self.far_count,
                event,
            });
        }
    }

    /// Takes out the earliest event.
    pub(in crate::drive) fn pop(&mut self) -> Option<(Moment, E)> {
        loop {
            let from_late = match (self.sorted.get(self.done), self.late.peek()) {
                (None, None) => {
                    if !self.advance() {
                        return None;
                    }
                    continue;
                }
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (Some(&key), Some(&Reverse(late))) => late < self.unpack(key),
            };
            let (at, index) = if from_late {
                self.late.pop()?.0
            } else {
                self.done += 1;
                self.unpack(self.sorted[self.done - 1])
            };
            if let Some(event) = self.cells[index as usize].take() {
                self.len -= 1;
                return Some((at, event));
            }
        }
    }

    /// When the earliest event is due. Begins the next slot where it must, hence `&mut`.
    pub(in crate::drive) fn next_at(&mut self) -> Option<Moment> {
        loop {
            let sorted = self.sorted.get(self.done).map(|&key| self.unpack(key).0);
            let late = self.late.peek().map(|late| late.0.0);
            match (sorted, late) {
                (None, None) => {
                    if !self.advance() {
                        return None;
                    }
                }
                (Some(at), None) | (None, Some(at)) => return Some(at),
                (Some(a), Some(b)) => return Some(a.min(b)),
            }
        }
    }

    /// The next `count` events of those that were there when the present slot began, or as many as are left of them.
    pub(super) fn upcoming(&self, count: usize) -> impl Iterator<Item = &E> {
        let keys = self.sorted[self.done..].iter().take(count);
        keys.filter_map(|&key| self.cells[self.unpack(key).1 as usize].as_ref())
    }

    /// Pending events.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is pending.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn push_now(&mut self, at: Moment, event: E) {
        if self.done == self.sorted.len() && self.late.is_empty() {
            // Nothing refers to the cells any more: a slot that keeps feeding itself does not grow.
            self.cells.clear();
            self.sorted.clear();
            self.done = 0;
        }
        self.late.push(Reverse((at, self.cells.len() as u32)));
        self.cells.push(Some(event));
    }

    fn push_ring(&mut self, slot: i64, at: Moment, event: E) {
        let place = Self::place(slot);
        self.chunks.push(&mut self.ring[place], (at, event));
        self.filled[place / 64] |= 1 << (place % 64);
    }

    /// Begins the next slot that holds anything; false when none does.
    fn advance(&mut self) -> bool {
        let Some(next) = self.next_filled().or_else(|| {
            // The ring is empty: jump to where the far events are.
            self.far.peek().map(|far| far.at.0 >> Self::SHIFT)
        }) else {
            return false;
        };
        self.slot = next;
        self.cells.clear();
        self.sorted.clear();
        self.done = 0;
        let place = Self::place(next);
        self.filled[place / 64] &= !(1 << (place % 64));
        let (cells, sorted) = (&mut self.cells, &mut self.sorted);
        self.chunks.drain(&mut self.ring[place], |(at, event)| {
            let offset = (at.0 & ((1 << Self::SHIFT) - 1)) as u64;
            sorted.push(offset << 32 | cells.len() as u64);
            cells.push(Some(event));
        });
        // What the ring now reaches comes in before anything else can be pushed there. Far events of this very slot
        // are only there after a jump, when the list above was empty, so their order of pushing is kept.
        while let Some(far) = self.far.peek() {
            let slot = far.at.0 >> Self::SHIFT;
            if slot - next >= Self::HORIZON_SLOTS as i64 {
                break;
            }
            let Some(Far { at, event, .. }) = self.far.pop() else {
                break;
            };
            if slot == next {
                let offset = (at.0 & ((1 << Self::SHIFT) - 1)) as u64;
                self.sorted.push(offset << 32 | self.cells.len() as u64);
                self.cells.push(Some(event));
            } else {
                self.push_ring(slot, at, event);
            }
        }
        self.sorted.sort_unstable();
        true
    }

    /// The first slot after the present one that holds anything.
    fn next_filled(&self) -> Option<i64> {
        let start = Self::place(self.slot + 1);
        let words = self.filled.len();
        for step in 0..=words {
            let index = (start / 64 + step) % words;
            let mut word = self.filled[index];
            if step == 0 {
                word &= u64::MAX << (start % 64);
            } else if step == words {
                word &= !(u64::MAX << (start % 64));
            }
            if word != 0 {
                let place = index * 64 + word.trailing_zeros() as usize;
                let ahead = (place + Self::HORIZON_SLOTS - start) % Self::HORIZON_SLOTS;
                return Some(self.slot + 1 + ahead as i64);
            }
        }
        None
    }

    /// Time and index of a key of `sorted`.
    fn unpack(&self, key: u64) -> (Moment, u32) {
        let at = (self.slot << Self::SHIFT) + (key >> 32) as i64;
        (Moment(at), key as u32)
    }

    /// Where a slot sits in the ring.
    const fn place(slot: i64) -> usize {
        slot as usize & (Self::HORIZON_SLOTS - 1)
    }
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

/// An event past the ring; the heap's greatest is the earliest.
#[derive(Debug)]
struct Far<E> {
    at: Moment,
    order: u64,
    event: E,
}

impl<E> PartialEq for Far<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Far<E> {}

impl<E> PartialOrd for Far<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Far<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}
