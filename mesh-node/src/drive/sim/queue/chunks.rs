//! Lists of events in chunks that are used again: a burst leaves no slot with memory of its own.
//!
//! One growing vector a slot would keep the capacity of the largest burst that each slot ever saw. Here all slots share
//! one store, so that its size follows the most that was ever pending at once. A push touches the list and the item,
//! nothing else: with a million pending events, every further place would be another miss of the cache.

/// Items in one chunk: sequential enough to be read fast, small enough that a half-filled last chunk costs little.
const CHUNK_LEN: u32 = 16;
/// Items in one segment, the unit in which memory is taken: what is there is never copied to grow.
const SEGMENT_LEN: u32 = 4_096;
/// No chunk.
const NONE: u32 = u32::MAX;

/// A list, first in first out, whose items live in a [`Chunks`].
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    /// Its first chunk; `NONE` when it is empty.
    first: u32,
    /// Where its next item goes; at the end of a chunk a new one is taken first.
    tail: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self {
        first: NONE,
        tail: 0,
    };
}

/// The items of many lists.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    segments: Vec<Box<[Option<T>]>>,
    /// The chunk after each, in its list or among the unused.
    next: Vec<u32>,
    /// First of the unused chunks; the one that was emptied last comes first, since it is still in the cache.
    free: u32,
}

impl<T> Chunks<T> {
    pub(super) const fn new() -> Self {
        Self {
            segments: Vec::new(),
            next: Vec::new(),
            free: NONE,
        }
    }

    /// Adds `item` at the end of `list`.
    pub(super) fn push(&mut self, list: &mut List, item: T) {
        if list.tail.is_multiple_of(CHUNK_LEN) {
            let chunk = self.take_free();
            if list.first == NONE {
                list.first = chunk;
            } else {
                self.next[(list.tail / CHUNK_LEN - 1) as usize] = chunk;
            }
            list.tail = chunk * CHUNK_LEN;
        }
        let at = list.tail;
        self.segments[(at / SEGMENT_LEN) as usize][(at % SEGMENT_LEN) as usize] = Some(item);
        // The place after a chunk's last item is told from the next chunk's first by taking a new chunk there.
        list.tail = at + 1;
    }

    /// Empties `list`, giving its items in order.
    pub(super) fn drain(&mut self, list: &mut List, mut give: impl FnMut(T)) {
        let mut chunk = list.first;
        while chunk != NONE {
            let start = chunk * CHUNK_LEN;
            let segment = &mut self.segments[(start / SEGMENT_LEN) as usize];
            let from = (start % SEGMENT_LEN) as usize;
            segment[from..from + CHUNK_LEN as usize]
                .iter_mut()
                .map_while(Option::take)
                .for_each(&mut give);
            let next = self.next[chunk as usize];
            self.next[chunk as usize] = self.free;
            self.free = chunk;
            chunk = next;
        }
        *list = List::EMPTY;
    }

    fn take_free(&mut self) -> u32 {
        if self.free == NONE {
            let chunks = SEGMENT_LEN / CHUNK_LEN;
            let first = self.next.len() as u32;
            let segment = core::iter::repeat_with(|| None).take(SEGMENT_LEN as usize);
            self.segments.push(segment.collect());
            self.next.extend((first + 1..first + chunks).chain([NONE]));
            self.free = first;
        }
        let chunk = self.free;
        self.free = core::mem::replace(&mut self.next[chunk as usize], NONE);
        chunk
    }
}

#[cfg(test)]
impl<T> Chunks<T> {
    /// Segments ever taken.
    pub(super) fn segment_count(&self) -> usize {
        self.segments.len()
    }
}
