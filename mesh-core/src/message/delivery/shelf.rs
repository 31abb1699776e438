//! A list that is empty most of the time, and then takes one word and no heap.

use std::collections::VecDeque;

/// What is kept until it is acknowledged, oldest first.
#[derive(Debug, Clone)]
#[expect(
    clippy::box_collection,
    reason = "a lead has one of these for each agent, nearly all of them empty: a word instead of four"
)]
pub(super) struct Shelf<T>(Option<Box<VecDeque<T>>>);

impl<T> Shelf<T> {
    pub(super) const EMPTY: Self = Self(None);

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|list| list.iter())
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flat_map(|list| list.iter_mut())
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.0.as_ref()?.front()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |list| list.len())
    }

    pub(super) fn push_back(&mut self, item: T) {
        self.0.get_or_insert_default().push_back(item);
    }

    pub(super) fn remove(&mut self, place: usize) {
        if let Some(list) = &mut self.0 {
            list.remove(place);
        }
        self.tidy();
    }

    /// Only what passes stays.
    pub(super) fn retain(&mut self, passes: impl FnMut(&T) -> bool) {
        if let Some(list) = &mut self.0 {
            list.retain(passes);
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        if self.0.as_ref().is_some_and(|list| list.is_empty()) {
            self.0 = None;
        }
    }
}
