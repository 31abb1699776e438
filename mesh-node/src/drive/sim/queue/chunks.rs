//! Lists of events in chunks that are used again: a burst leaves no slot with memory of its own.
//!
//! One growing vector a slot would keep the capacity of the largest burst that each slot ever saw. Here all slots share
//! one store, so that its size follows the most that was ever pending at once.

/// Events in one chunk: sequential enough to be read fast, small enough that a half-filled last chunk costs little.
const CHUNK_LEN: usize = 16;

/// No chunk.
const NONE: u32 = u32::MAX;

/// A list, first in first out, whose items live in a [`Chunks`].
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
    };
}

/// The items of many lists.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    chunks: Vec<Chunk<T>>,
    /// First of the unused chunks, chained by `next`; the one that was emptied last comes first, since it is still in
    /// the processor's cache.
    free: u32,
}

#[derive(Debug)]
struct Chunk<T> {
    items: Vec<T>,
    next: u32,
}

impl<T> Chunks<T> {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            free: NONE,
        }
    }

    /// Adds `item` at the end of `list`.
    pub(super) fn push(&mut self, list: &mut List, item: T) {
        if list.last == NONE {
            list.first = self.take_free();
            list.last = list.first;
        } else if self.chunks[list.last as usize].items.len() == CHUNK_LEN {
            let next = self.take_free();
            self.chunks[list.last as usize].next = next;
            list.last = next;
        }
        self.chunks[list.last as usize].items.push(item);
    }

    /// Empties `list`, giving its items in order.
    pub(super) fn drain(&mut self, list: &mut List, mut give: impl FnMut(T)) {
        let mut index = list.first;
        while index != NONE {
            let chunk = &mut self.chunks[index as usize];
            chunk.items.drain(..).for_each(&mut give);
            let next = chunk.next;
            chunk.next = self.free;
            self.free = index;
            index = next;
        }
        *list = List::EMPTY;
    }

    fn take_free(&mut self) -> u32 {
        let index = self.free;
        if index == NONE {
            self.chunks.push(Chunk {
                items: Vec::with_capacity(CHUNK_LEN),
                next: NONE,
            });
            return self.chunks.len() as u32 - 1;
        }
        let chunk = &mut self.chunks[index as usize];
        self.free = chunk.next;
        chunk.next = NONE;
        index
    }
}

#[cfg(test)]
impl<T> Chunks<T> {
    /// Chunks ever made.
    pub(super) fn count(&self) -> usize {
        self.chunks.len()
    }
}
