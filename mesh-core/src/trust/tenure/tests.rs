//! Takeovers against the table, in time and under trouble.

use super::*;
use crate::place::{ClusterId, SectorId};
use crate::trust::seat::{Fence, SeatTable};
use proptest::prelude::*;

const LEAD: Seat = Seat::Lead(ClusterId {
    sector: SectorId(7),
    cluster: 4,
});
const COORDINATOR: Seat = Seat::Coordinator(SectorId(7));

fn claimed(steps: Steps) -> Option<Epoch> {
    steps.into_iter().flatten().find_map(|step| match step {
        Step::Claim(claim) => Some(claim.epoch),
        Step::Serve(_) | Step::Stop(_) | Step::Release(_) => None,
    })
}

/// A tenure that has the seat with epoch 1.
fn serving() -> (Tenure, Chance) {
    let mut chance = Chance::new(1);
    let mut tenure = Tenure::new(COORDINATOR, KeyId(1), Epoch(0));
    assert_eq!(
        claimed(tenure.handle(Moment(0), Event::Stand, &mut chance)),
        Some(Epoch(1))
    );
    let granted = Event::Answer(Epoch(1), SeatAnswer::Granted { epoch: Epoch(1) });
    let steps = tenure.handle(Moment(0), granted, &mut chance);
    assert_eq!(steps, [Some(Step::Serve(Epoch(1))), None]);
    (tenure, chance)
}

#[test]
fn a_holder_renews_after_a_third_of_its_lease() {
    let (mut tenure, mut chance) = serving();
    assert_eq!(tenure.next_deadline(), Moment(1_000_000));
    let steps = tenure.handle(Moment(1_000_000), Event::Wake, &mut chance);
    assert_eq!(claimed(steps), Some(Epoch(1)));
}

#[test]
fn a_holder_whose_clock_goes_back_renews_at_once() {
    let (mut tenure, mut chance) = serving();
    let now = Moment(-60_000_000);
    tenure.check_clock(now);
    let steps = tenure.handle(now, Event::Wake, &mut chance);
    assert_eq!(claimed(steps), Some(Epoch(1)));
    assert_eq!(tenure.next_deadline(), Moment(-59_000_000));
}

#[test]
fn a_holder_that_is_told_unknown_serves_on() {
    let (mut tenure, mut chance) = serving();
    for n in 1..100 {
        tenure.handle(Moment(n * 1_000_000), Event::Wake, &mut chance);
        tenure.handle(
            Moment(n * 1_000_000),
            Event::Answer(Epoch(1), SeatAnswer::Unknown),
            &mut chance,
        );
    }
    assert_eq!(tenure.serving(), Some(Epoch(1)));
}

#[test]
fn a_higher_epoch_from_anybody_ends_a_tenure_and_the_next_claim_goes_above_it() {
    let refused = SeatAnswer::Refused {
        holder: KeyId(2),
        epoch: Epoch(5),
    };
    for event in [Event::Heard(Epoch(5)), Event::Answer(Epoch(1), refused)] {
        let (mut tenure, mut chance) = serving();
        let steps = tenure.handle(Moment(5), event, &mut chance);
        assert_eq!(steps, [Some(Step::Stop(Epoch(1))), None]);
        let now = tenure.next_deadline();
        assert_eq!(
            claimed(tenure.handle(now, Event::Wake, &mut chance)),
            Some(Epoch(6))
        );
    }
}

#[test]
fn a_holder_that_a_child_does_not_obey_with_its_own_epoch_claims_the_next() {
    let (mut tenure, mut chance) = serving();
    let steps = tenure.handle(Moment(5), Event::Fenced(Epoch(1)), &mut chance);
    assert_eq!(steps, [Some(Step::Stop(Epoch(1))), None]);
    let now = tenure.next_deadline();
    let steps = tenure.handle(now, Event::Wake, &mut chance);
    assert_eq!(claimed(steps), Some(Epoch(2)));
}

#[test]
fn a_holder_that_starts_anew_goes_above_the_epoch_it_had_at_once() {
    let mut table = SeatTable::default();
    let mut chance = Chance::new(1);
    let mut take = |tenure: &mut Tenure, event| -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut event = Some(event);
        while let Some(next) = event.take() {
            for step in tenure
                .handle(Moment(5), next, &mut chance)
                .into_iter()
                .flatten()
            {
                if let Step::Claim(claim) = step {
                    let answer = table.claim(Moment(5), claim);
                    event = Some(Event::Answer(claim.epoch, answer));
                }
                steps.push(step);
            }
        }
        steps
    };
    let mut first = Tenure::new(COORDINATOR, KeyId(1), Epoch(0));
    take(&mut first, Event::Stand);
    assert_eq!(first.serving(), Some(Epoch(1)));
    // It dies and comes back, and knows nothing of epochs: its children must see that it is another start.
    let mut second = Tenure::new(COORDINATOR, KeyId(1), Epoch(0));
    let steps = take(&mut second, Event::Stand);
    assert_eq!(second.serving(), Some(Epoch(2)), "{steps:?}");
}

#[test]
fn a_lower_epoch_ends_nothing() {
    let (mut tenure, mut chance) = serving();
    let lower = SeatAnswer::Refused {
        holder: KeyId(2),
        epoch: Epoch(0),
    };
    assert_eq!(
        tenure.handle(Moment(5), Event::Heard(Epoch(1)), &mut chance),
        [None; 2]
    );
    assert_eq!(
        tenure.handle(Moment(5), Event::Answer(Epoch(1), lower), &mut chance),
        [None; 2]
    );
    assert_eq!(tenure.serving(), Some(Epoch(1)));
}

#[test]
fn a_grant_that_came_too_late_is_not_served() {
    let mut chance = Chance::new(1);
    let mut tenure = Tenure::new(COORDINATOR, KeyId(1), Epoch(0));
    tenure.handle(Moment(0), Event::Stand, &mut chance);
    tenure.handle(Moment(1), Event::Heard(Epoch(9)), &mut chance);
    let granted = Event::Answer(Epoch(1), SeatAnswer::Granted { epoch: Epoch(1) });
    assert_eq!(tenure.handle(Moment(2), granted, &mut chance), [None; 2]);
    assert_eq!(tenure.serving(), None);
}

#[test]
fn who_resigns_stops_and_gives_the_seat_back() {
    let (mut tenure, mut chance) = serving();
    let steps = tenure.handle(Moment(5), Event::Resign, &mut chance);
    assert_eq!(
        steps,
        [Some(Step::Stop(Epoch(1))), Some(Step::Release(Epoch(1)))]
    );
    assert_eq!(tenure.next_deadline(), Moment::NEVER);
}

#[test]
fn a_dead_holders_seat_is_taken_within_its_bound() {
    for (seat, seed) in (0..200).flat_map(|seed| [(LEAD, seed), (COORDINATOR, seed)]) {
        let (mut table, mut chance) = (SeatTable::default(), Chance::new(seed));
        let mut holder = Tenure::new(seat, KeyId(1), Epoch(0));
        let mut other = Tenure::new(seat, KeyId(2), Epoch(0));
        let mut now = Moment(0);
        let dies = now + chance.span(Micros::seconds(10), Micros::seconds(30));
        let mut events = vec![(1, Event::Stand), (2, Event::Stand)];
        while other.serving().is_none() {
            while let Some((who, event)) = events.pop() {
                let tenure = if who == 1 { &mut holder } else { &mut other };
                for step in tenure.handle(now, event, &mut chance).into_iter().flatten() {
                    if let Step::Claim(claim) = step {
                        events.push((who, Event::Answer(claim.epoch, table.claim(now, claim))));
                    }
                }
            }
            let alive = if now < dies {
                holder.next_deadline()
            } else {
                Moment::NEVER
            };
            now = alive.min(other.next_deadline());
            events.push(if now == alive {
                (1, Event::Wake)
            } else {
                (2, Event::Wake)
            });
            assert!(now - dies < Micros::seconds(20));
        }
        assert!(now - dies <= seat.takeover_max(), "{seat}: {}", now - dies);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Answers are lost, late or "unknown", the table forgets writes, nodes restart without memory: children never obey
    /// two holders of one epoch, never go back, and obey somebody in the end.
    #[test]
    fn children_never_obey_two_holders(seed in any::<u64>(), lost in 0.0f64..0.5) {
        let mut chance = Chance::new(seed);
        let mut table = SeatTable::default();
        let mut nodes: Vec<Tenure> = (1..4).map(|n| Tenure::new(COORDINATOR, KeyId(n), Epoch(0))).collect();
        let mut fences = [Fence::default(); 4];
        let mut obeyed = std::collections::BTreeMap::new();
        let mut mail: Vec<(Moment, usize, Event)> = (0..3).map(|n| (Moment(0), n, Event::Stand)).collect();
        let mut now = Moment(0);
        let calm = Moment(60_000_000);
        while now < Moment(90_000_000) {
            let trouble = now < calm;
            if trouble && chance.happens(0.02) {
                table = SeatTable::default();
            }
            if trouble && chance.happens(0.005) {
                let n = chance.below(3) as usize;
                let me = nodes[n].me;
                nodes[n] = Tenure::new(COORDINATOR, me, Epoch(0));
                mail.push((now, n, Event::Stand));
            }
            let (due, later): (Vec<_>, Vec<_>) = mail.into_iter().partition(|(at, ..)| *at <= now);
            mail = later;
            let wakes = (0..3).map(|n| (now, n, Event::Wake));
            for (_, n, event) in due.into_iter().chain(wakes).collect::<Vec<_>>() {
                for step in nodes[n].handle(now, event, &mut chance).into_iter().flatten() {
                    if let Step::Claim(claim) = step {
                        let arrives = !(trouble && chance.happens(lost));
                        let answer = if arrives { table.claim(now, claim) } else { SeatAnswer::Unknown };
                        if !(trouble && chance.happens(lost)) {
                            let at = now + chance.span(Micros::millis(1), Micros::millis(400));
                            mail.push((at, n, Event::Answer(claim.epoch, answer)));
                        }
                    }
                }
            }
            // Whoever serves speaks to its children; each reports what it knows.
            for (n, node) in nodes.iter().enumerate() {
                let Some(epoch) = node.serving() else { continue };
                for (child, fence) in fences.iter_mut().enumerate() {
                    if trouble && chance.happens(lost) {
                        continue;
                    }
                    let before = fence.epoch();
                    if fence.admit(node.me, epoch).is_ok() {
                        prop_assert!(epoch >= before);
                        let holder = *obeyed.entry((epoch, child)).or_insert(node.me);
                        prop_assert_eq!(holder, node.me);
                    } else {
                        mail.push((now + Micros::millis(20), n, Event::Fenced(fence.epoch())));
                    }
                }
                let reported = fences[chance.below(4) as usize].epoch();
                mail.push((now + Micros::millis(20), n, Event::Heard(reported)));
            }
            for n in 0..3 {
                let reported = fences[chance.below(4) as usize].epoch();
                mail.push((now + Micros::millis(20), n, Event::Heard(reported)));
            }
            now = now + Micros::millis(50);
        }
        let serving: Vec<_> = nodes.iter().filter_map(|node| node.serving().map(|epoch| (node.me, epoch))).collect();
        prop_assert_eq!(serving.len(), 1, "{:?}", serving);
        for fence in fences {
            prop_assert_eq!((fence.holder(), fence.epoch()), (Some(serving[0].0), serving[0].1));
        }
    }
}
