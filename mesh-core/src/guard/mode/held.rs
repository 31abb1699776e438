//! Operations that wait for a better mode (§6.3 "queue non-urgent operations").

use super::{Admission, Mode, OperationTraits, admit};
use crate::message::Priority;
use crate::time::Moment;
use std::collections::BTreeMap;

/// Operations that wait at most: some ten minutes of one every half second, at a few hundred bytes each.
pub const HELD_MAX: usize = 1_024;

/// What became of an operation that was to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer<T> {
    /// It waits.
    Held,
    /// It waits, and this less important one had to go; its caller is told.
    Displaced(T),
    /// The queue is full of what is at least as important; its caller is told.
    Full(T),
}

/// Operations that wait, by importance and then by age.
#[derive(Debug, Clone)]
pub struct HeldQueue<T> {
    /// By inverse importance and arrival.
    items: BTreeMap<(u8, u64), Held<T>>,
    arrivals: u64,
}

#[derive(Debug, Clone)]
struct Held<T> {
    item: T,
    operation: OperationTraits,
    until: Moment,
}

impl<T> HeldQueue<T> {
    /// Nothing waits.
    pub const fn new() -> Self {
        Self {
            items: BTreeMap::new(),
            arrivals: 0,
        }
    }

    /// Lets an operation wait, at most until its TTL ends.
    pub fn hold(&mut self, item: T, operation: OperationTraits, until: Moment) -> Offer<T> {
        let place = Priority::Critical.index() - operation.priority.index();
        let key = (place as u8, self.arrivals);
        let held = Held {
            item,
            operation,
            until,
        };
        let mut displaced = None;
        if self.items.len() >= HELD_MAX {
            match self.items.last_entry() {
                Some(last) if last.key().0 > key.0 => displaced = Some(last.remove().item),
                Some(_) | None => return Offer::Full(held.item),
            }
        }
        self.arrivals += 1;
        self.items.insert(key, held);
        displaced.map_or(Offer::Held, Offer::Displaced)
    }

    /// Takes out what may run in `mode`, the most important first and then the oldest. What the mode now refuses or wants
    /// approved goes on waiting: it was accepted to wait, and its TTL ends that.
    pub fn release(&mut self, mode: Mode, now: Moment) -> Vec<T> {
        self.take(|held| held.until > now && admit(mode, held.operation) == Admission::Accept)
    }

    /// Takes out what has waited too long; their callers are told that they expired.
    pub fn expire(&mut self, now: Moment) -> Vec<T> {
        self.take(|held| held.until <= now)
    }

    /// When [`HeldQueue::expire`] has something to do.
    pub fn next_deadline(&self) -> Moment {
        let first = self.items.values().map(|held| held.until).min();
        first.unwrap_or(Moment::NEVER)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What waits, in the order in which it would run.
    pub fn iter(&self) -> impl Iterator<Item = (&T, Moment)> {
        self.items.values().map(|held| (&held.item, held.until))
    }

    fn take(&mut self, wanted: impl Fn(&Held<T>) -> bool) -> Vec<T> {
        let taken = self.items.iter().filter(|(_, held)| wanted(held));
        let keys: Vec<_> = taken.map(|(key, _)| *key).collect();
        keys.iter()
            .filter_map(|key| self.items.remove(key))
            .map(|held| held.item)
            .collect()
    }
}

impl<T> Default for HeldQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}
