//! The queue against a plain heap, which is obviously right.

use super::*;
use mesh_core::chance::Chance;
use mesh_core::time::Micros;
use proptest::prelude::*;

/// (time, order of pushing), the earliest first.
#[derive(Default)]
struct Model {
    heap: BinaryHeap<Reverse<(Moment, u64)>>,
    count: u64,
}

impl Model {
    fn push(&mut self, at: Moment) -> u64 {
        self.count += 1;
        self.heap.push(Reverse((at, self.count)));
        self.count
    }

    fn pop(&mut self) -> Option<(Moment, u64)> {
        self.heap.pop().map(|entry| entry.0)
    }
}

/// Pushes relative to the last popped time: some in the past, most near, some past the ring.
fn ahead() -> impl Strategy<Value = i64> {
    prop_oneof![
        1 => -5_000i64..0,
        4 => 0i64..2_000,
        4 => 0i64..9_000_000,
        2 => prop::sample::select(vec![0i64, 1, 1_023, 1_024, 1_025, 8_388_608, 8_388_607, 8_389_632]),
        1 => 8_000_000i64..60_000_000,
        1 => Just(4_000_000_000i64),
    ]
}

proptest! {
    #[test]
    fn it_gives_what_a_heap_by_time_and_order_gives(
        start in prop_oneof![Just(0i64), Just(-7_000_000), Just(3_600_000_000)],
        steps in prop::collection::vec(prop_oneof![3 => ahead().prop_map(Some), 2 => Just(None)], 1..400),
    ) {
        let mut queue = EventQueue::new();
        let mut model = Model::default();
        let mut now = Moment(start);
        for step in steps {
            if let Some(ahead) = step {
                let at = now + Micros(ahead);
                let order = model.push(at);
                queue.push(at, order);
            } else {
                let wanted = model.pop();
                prop_assert_eq!(queue.next_at(), wanted.map(|entry| entry.0));
                prop_assert_eq!(queue.pop(), wanted);
                now = wanted.map_or(now, |entry| entry.0.max(now));
            }
            prop_assert_eq!(queue.len(), model.heap.len());
        }
        while let Some(wanted) = model.pop() {
            prop_assert_eq!(queue.pop(), Some(wanted));
        }
        prop_assert_eq!(queue.pop(), None);
        prop_assert!(queue.is_empty());
    }
}

#[test]
fn events_of_one_instant_come_in_the_order_of_pushing_though_some_waited_past_the_ring() {
    let mut queue = EventQueue::new();
    let at = Moment(20_000_000);
    queue.push(at, 1);
    queue.push(Moment(15_000_000), 0);
    assert_eq!(queue.pop(), Some((Moment(15_000_000), 0)));
    queue.push(at, 2);
    assert_eq!([queue.pop(), queue.pop()], [Some((at, 1)), Some((at, 2))]);
}

#[test]
fn memory_follows_the_most_that_was_pending_at_once_not_the_bursts_of_each_slot() {
    let mut queue = EventQueue::new();
    let mut chance = Chance::new(1);
    // Two hundred bursts of 1,000 events, each into a slot of its own: one pending at a time.
    for burst in 1..=200i64 {
        for _ in 0..1_000 {
            queue.push(
                Moment(burst * 10_240 + chance.below(1_024) as i64),
                [0u64; 8],
            );
        }
        while queue.pop().is_some() {}
    }
    assert_eq!(queue.chunks.segment_count(), 1);
}
