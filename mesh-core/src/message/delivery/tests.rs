//! The two sides of a link over a bad network.

use super::*;
use crate::message::MessageId;
use crate::time::Moment;
use proptest::prelude::*;

const STREAM: Stream = Stream(1);

fn at(ms: i64) -> Moment {
    Moment(ms * 1_000)
}

fn arrival(number: u32) -> Arrival {
    Arrival {
        stream: STREAM,
        number,
        id: MessageId(u128::from(number)),
        expires: at(60_000),
        urgent: false,
    }
}

/// What comes out when these numbers come in, each message being its number.
fn accept(inbox: &mut Inbox<u32>, number: u32) -> (Verdict, Vec<u32>) {
    let mut out = Vec::new();
    let verdict = inbox.accept(at(0), arrival(number), number, &mut out);
    (verdict, out)
}

#[test]
fn what_comes_after_a_gap_waits_for_it() {
    let mut inbox = Inbox::new();
    assert_eq!(accept(&mut inbox, 1), (Verdict::Delivered, vec![1]));
    assert_eq!(accept(&mut inbox, 3), (Verdict::Held, vec![]));
    assert_eq!(accept(&mut inbox, 5), (Verdict::Held, vec![]));
    assert_eq!(inbox.delivered(), 1);
    assert_eq!(
        inbox.missing().unwrap().numbers().collect::<Vec<_>>(),
        [2, 4]
    );
    assert_eq!(accept(&mut inbox, 2), (Verdict::Delivered, vec![2, 3]));
    assert_eq!(accept(&mut inbox, 4), (Verdict::Delivered, vec![4, 5]));
    assert_eq!(accept(&mut inbox, 4), (Verdict::Duplicate, vec![]));
    assert_eq!(accept(&mut inbox, 0), (Verdict::Duplicate, vec![]));
}

#[test]
fn what_is_urgent_never_waits_behind_a_gap_and_comes_once() {
    let mut inbox = Inbox::new();
    let mut out = Vec::new();
    for number in [3, 1_000] {
        let freeze = Arrival {
            urgent: true,
            ..arrival(number)
        };
        assert_eq!(
            inbox.accept(at(0), freeze, number, &mut out),
            Verdict::Delivered
        );
        assert_eq!(
            inbox.accept(at(0), freeze, number, &mut out),
            Verdict::Duplicate
        );
    }
    assert_eq!(accept(&mut inbox, 1).1, [1]);
    assert_eq!(accept(&mut inbox, 2).1, [2]);
    assert_eq!(inbox.delivered(), 3);
    assert_eq!(out, [3, 1_000]);
}

#[test]
fn a_copy_under_another_number_or_from_a_new_parent_is_known_by_its_id() {
    let (mut inbox, mut out) = (Inbox::new(), Vec::new());
    inbox.accept(at(0), arrival(1), 1, &mut out);
    let again = Arrival {
        id: MessageId(1),
        ..arrival(2)
    };
    assert_eq!(inbox.accept(at(0), again, 1, &mut out), Verdict::Duplicate);
    assert_eq!(inbox.delivered(), 2);
    let elsewhere = Arrival {
        stream: Stream(2),
        ..arrival(1)
    };
    assert_eq!(
        inbox.accept(at(0), elsewhere, 1, &mut out),
        Verdict::Duplicate
    );
    assert_eq!(inbox.accept(at(0), arrival(3), 3, &mut out), Verdict::Stale);
    assert_eq!(out, [1]);
}

#[test]
fn a_new_parent_frees_what_waited_for_the_old_one() {
    let (mut inbox, mut out) = (Inbox::new(), Vec::new());
    for number in [2, 4] {
        assert_eq!(
            inbox.accept(at(0), arrival(number), number, &mut out),
            Verdict::Held
        );
    }
    let tail = Tail {
        stream: Stream(2),
        last: 0,
        floor: 1,
    };
    inbox.heard(at(1), tail, &mut out);
    assert_eq!((out, inbox.delivered()), (vec![2, 4], 0));
}

#[test]
fn a_beat_shows_a_gap_at_the_tail_and_what_can_no_longer_be_had() {
    let (mut inbox, mut out, mut chance) = (Inbox::<u32>::new(), Vec::new(), Chance::new(1));
    let tail = |last, floor| Tail {
        stream: STREAM,
        last,
        floor,
    };
    inbox.heard(at(0), tail(2, 1), &mut out);
    assert_eq!(inbox.next_deadline(), at(50));
    assert_eq!(inbox.wake(at(49), &mut chance, &mut out), None);
    let missing = inbox.wake(at(50), &mut chance, &mut out).unwrap();
    assert_eq!((missing.after, missing.gaps), (0, 0b11));
    let (low, high) = (at(50 + 75), at(50 + 125));
    assert!(
        (low..=high).contains(&inbox.next_deadline()),
        "{}",
        inbox.next_deadline()
    );
    inbox.heard(at(60), tail(2, 3), &mut out);
    assert_eq!(
        (inbox.delivered(), inbox.next_deadline()),
        (2, Moment::NEVER)
    );
    assert!(out.is_empty());
}

#[test]
fn questions_become_rarer_up_to_one_a_beat() {
    let (mut inbox, mut out, mut chance) = (Inbox::new(), Vec::new(), Chance::new(1));
    inbox.accept(
        at(0),
        Arrival {
            expires: Moment::NEVER,
            ..arrival(2)
        },
        2,
        &mut out,
    );
    let mut asked = Vec::new();
    for _ in 0..12 {
        let now = inbox.next_deadline();
        assert!(inbox.wake(now, &mut chance, &mut out).is_some());
        asked.push(now);
    }
    let waits: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits[0] < Micros::millis(126) && waits[3] > Micros::millis(500));
    assert!(waits[10] >= Micros::millis(3_750) && waits[10] <= Micros::millis(6_250));
}

#[test]
fn what_waits_too_long_is_dropped_and_holds_nobody_up() {
    let (mut inbox, mut out, mut chance) = (Inbox::new(), Vec::new(), Chance::new(1));
    let short = Arrival {
        expires: at(20),
        ..arrival(2)
    };
    assert_eq!(inbox.accept(at(0), short, 2, &mut out), Verdict::Held);
    assert_eq!(inbox.accept(at(0), arrival(3), 3, &mut out), Verdict::Held);
    assert_eq!(inbox.next_deadline(), at(20));
    inbox.wake(at(20), &mut chance, &mut out);
    assert_eq!(
        inbox.accept(at(21), arrival(1), 1, &mut out),
        Verdict::Delivered
    );
    assert_eq!(out, [1, 3]);
    let late = Arrival {
        expires: at(22),
        ..arrival(4)
    };
    assert_eq!(inbox.accept(at(22), late, 4, &mut out), Verdict::Expired);
    assert_eq!(inbox.delivered(), 4);
}

#[test]
fn what_was_held_is_not_put_out_after_its_time_even_when_the_wake_is_late() {
    let (mut inbox, mut out) = (Inbox::new(), Vec::new());
    let short = Arrival {
        expires: at(20),
        ..arrival(2)
    };
    inbox.accept(at(0), short, 2, &mut out);
    inbox.accept(at(20), arrival(1), 1, &mut out);
    assert_eq!((out, inbox.delivered()), (vec![1], 2));
}

#[test]
fn a_question_acknowledges_what_is_before_it_and_is_answered_with_what_is_left() {
    let (mut outbox, mut again) = (Outbox::new(STREAM), Vec::new());
    for (message, ttl) in [('a', 60_000), ('b', 60_000), ('c', 10), ('d', 60_000)] {
        outbox.send(at(0), message, at(ttl), false).unwrap();
    }
    let missing = Missing {
        stream: STREAM,
        after: 2,
        gaps: 0b11,
    };
    let tail = outbox.asked(at(20), missing, &mut again);
    assert_eq!((tail.floor, tail.last), (4, 4));
    let numbers: Vec<_> = again
        .iter()
        .map(|again| (again.number, again.message))
        .collect();
    assert_eq!(numbers, [(4, 'd')]);
    let elsewhere = Missing {
        stream: Stream(9),
        ..missing
    };
    assert_eq!(outbox.asked(at(20), elsewhere, &mut again), tail);
    assert_eq!(again.len(), 1);
}

#[test]
fn an_idle_link_holds_no_heap() {
    let (mut inbox, mut out) = (Inbox::new(), Vec::new());
    let mut outbox = Outbox::new(STREAM);
    outbox.send(at(0), 1, at(60_000), false).unwrap();
    inbox.accept(at(0), arrival(1), 1, &mut out);
    assert_eq!(outbox.outstanding(), 1);
    outbox.acknowledged(inbox.delivered());
    // The id is remembered until no copy of it can be alive.
    inbox.heard(at(59_999), outbox.tail(at(59_999)), &mut out);
    assert!(inbox.has_heap());
    inbox.heard(at(60_000), outbox.tail(at(60_000)), &mut out);
    assert!(!inbox.has_heap());
    assert_eq!(
        (inbox.next_deadline(), outbox.next_deadline()),
        (Moment::NEVER, Moment::NEVER)
    );
}

#[test]
fn a_child_that_acknowledges_nothing_fills_its_outbox_and_a_freeze_still_goes_out() {
    let mut outbox = Outbox::new(STREAM);
    for _ in 0..WINDOW_MAX {
        outbox.send(at(0), 'a', at(60_000), false).unwrap();
    }
    let full = Err(SendError::Full { oldest: 1 });
    assert_eq!(outbox.send(at(0), 'a', at(60_000), false), full);
    for number in 33..=42 {
        assert_eq!(outbox.send(at(0), 'f', at(60_000), true), Ok(number));
    }
    let most = WINDOW_MAX + URGENT_MAX;
    assert_eq!(
        (outbox.tail(at(0)).floor, outbox.outstanding()),
        (1, most as usize)
    );
    assert_eq!(outbox.send(at(0), 'a', at(60_000), false), full);
    assert_eq!(outbox.send(at(60_000), 'a', at(70_000), false), Ok(43));
    assert_eq!(outbox.outstanding(), 1);
}

#[test]
fn an_unacknowledged_message_is_sent_again_until_its_time_is_over() {
    let (mut outbox, mut again, mut chance) = (Outbox::new(STREAM), Vec::new(), Chance::new(1));
    outbox.send(at(0), 'a', at(60_000), false).unwrap();
    let mut copies = 0;
    while outbox.next_deadline() != Moment::NEVER {
        let now = outbox.next_deadline();
        outbox.wake(now, &mut chance, &mut again);
        copies += again.drain(..).count();
        assert!(copies < 10);
    }
    // After 6 s, then some 12, 24 and 48 s later; the last would come after the end.
    assert_eq!(copies, 3);
}

/// One message of the property below.
#[derive(Debug, Clone)]
struct Plan {
    gap_ms: i64,
    ttl_ms: i64,
    urgent: bool,
}

fn plan() -> impl Strategy<Value = Vec<Plan>> {
    let one = (
        0i64..400,
        prop_oneof![20i64..2_000, Just(1_000_000)],
        prop::bool::weighted(0.15),
    );
    let one = one.prop_map(|(gap_ms, ttl_ms, urgent)| Plan {
        gap_ms,
        ttl_ms,
        urgent,
    });
    proptest::collection::vec(one, 1..60)
}

/// What crosses the network, in either direction.
#[derive(Debug, Clone)]
enum Packet {
    Message(Arrival, u32),
    Tail(Tail),
    Ask(Missing),
    Ack(u32),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn whatever_the_network_does_each_living_message_comes_once_and_in_order(
        plans in plan(), seed in any::<u64>(), loss in 0.0f64..0.6, copies in 0.0f64..0.3, spread_ms in 1i64..300
    ) {
        let mut chance = Chance::new(seed);
        let (mut outbox, mut inbox) = (Outbox::new(STREAM), Inbox::new());
        let mut network: Vec<(Moment, u64, Packet)> = Vec::new();
        let mut order = 0;
        let mut sent: Vec<Option<(Moment, bool)>> = vec![None];
        let mut delivered: Vec<u32> = Vec::new();
        let (mut plans, mut out, mut again) = (plans.into_iter(), Vec::new(), Vec::new());
        let (mut next_plan, mut next_beat, mut now) = (at(0), at(1), at(0));
        let mut upcoming = plans.next();
        let calm = at(40_000);
        while now < at(300_000) {
            let mut put = |now: Moment, packet: Packet, chance: &mut Chance| {
                let lossy = now < calm;
                let times = 1 + u32::from(lossy && chance.happens(copies));
                for _ in 0..times {
                    if !(lossy && chance.happens(loss)) {
                        order += 1;
                        network.push((now + chance.span(Micros::millis(1), Micros::millis(1 + spread_ms)), order, packet.clone()));
                    }
                }
            };
            let message = |number: u32, message: u32, sent: &[Option<(Moment, bool)>]| {
                let (expires, urgent) = sent[message as usize].unwrap();
                Packet::Message(Arrival { stream: STREAM, number, id: MessageId(u128::from(message)), expires, urgent }, message)
            };
            if upcoming.is_some() && now >= next_plan {
                let plan = upcoming.take().unwrap();
                let expires = now + Micros::millis(plan.ttl_ms);
                let name = sent.len() as u32;
                if let Ok(number) = outbox.send(now, name, expires, plan.urgent) {
                    sent.push(Some((expires, plan.urgent)));
                    put(now, message(number, name, &sent), &mut chance);
                    upcoming = plans.next();
                    next_plan = now + Micros::millis(plan.gap_ms);
                } else {
                    upcoming = Some(plan);
                    next_plan = now + Micros::millis(500);
                }
            }
            if now >= next_beat {
                put(now, Packet::Tail(outbox.tail(now)), &mut chance);
                put(now, Packet::Ack(inbox.delivered()), &mut chance);
                next_beat = now + Micros::seconds(5);
            }
            if now >= outbox.next_deadline() {
                outbox.wake(now, &mut chance, &mut again);
            }
            if now >= inbox.next_deadline()
                && let Some(missing) = inbox.wake(now, &mut chance, &mut out)
            {
                put(now, Packet::Ask(missing), &mut chance);
            }
            network.sort_by_key(|(at, order, _)| (*at, *order));
            let due = network.partition_point(|(at, ..)| *at <= now);
            for (.., packet) in network.drain(..due).collect::<Vec<_>>() {
                match packet {
                    Packet::Message(arrival, name) => {
                        let fresh = arrival.urgent && now < arrival.expires
                            && !delivered.contains(&name) && !out.contains(&name);
                        inbox.accept(now, arrival, name, &mut out);
                        prop_assert!(!fresh || out.contains(&name), "an urgent one waits");
                    }
                    Packet::Tail(tail) => inbox.heard(now, tail, &mut out),
                    Packet::Ack(upto) => outbox.acknowledged(upto),
                    Packet::Ask(missing) => {
                        let tail = outbox.asked(now, missing, &mut again);
                        network.push((now + Micros(1), 0, Packet::Tail(tail)));
                    }
                }
            }
            for again in again.drain(..) {
                let lossy = now < calm;
                if !(lossy && chance.happens(loss)) {
                    let at = now + chance.span(Micros::millis(1), Micros::millis(1 + spread_ms));
                    network.push((at, 0, message(again.number, again.message, &sent)));
                }
            }
            for name in out.drain(..) {
                let (expires, _) = sent[name as usize].unwrap();
                prop_assert!(now < expires, "{name} came after its time");
                prop_assert!(!delivered.contains(&name), "{name} came twice");
                delivered.push(name);
            }
            let events = [outbox.next_deadline(), inbox.next_deadline(), next_beat];
            let packets = network.iter().map(|(at, ..)| *at);
            let plan = upcoming.as_ref().map(|_| next_plan);
            now = events.into_iter().chain(packets).chain(plan).min().unwrap().max(now + Micros(1));
        }
        let ordered: Vec<_> = delivered.iter().filter(|&&name| !sent[name as usize].unwrap().1).collect();
        prop_assert!(ordered.is_sorted(), "{ordered:?}");
        let living = (1..sent.len() as u32).filter(|&name| sent[name as usize].unwrap().0 > at(300_000));
        for name in living {
            prop_assert!(delivered.contains(&name), "{name} never came");
        }
        prop_assert_eq!(inbox.held(), 0);
    }
}
