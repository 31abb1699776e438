use super::*;
use crate::impedance::Quantiles;
use crate::message::{MessageId, header_of_nothing};
use crate::unit::Share;

/// T, by the lead's clock.
const T: Moment = Moment(1_000_000);

fn timing(lead: Micros) -> Timing {
    Timing {
        median: lead.half(),
        lead,
        limit: lead + lead,
        total: Quantiles::exactly(lead),
        processing: lead.half(),
        back: Micros::millis(5),
        round: Micros::millis(10),
        confidence: Share::new(0.99),
        holds: true,
    }
}

/// A cast for the agents in slots 0, 1, … with these lead times, planned at 0.
fn cast(gated: bool, lossy: bool, leads: &[i64]) -> Cast {
    let expires = T + Micros::seconds(5);
    let mut cast = Cast::new(header_of_nothing(), T, Micros::ZERO, expires, gated, lossy);
    for (slot, &lead) in leads.iter().enumerate() {
        cast.include(slot as u8, Class::Edge, timing(Micros::millis(lead)));
    }
    cast.plan(Moment(0));
    cast
}

fn ready() -> Ack {
    Ack {
        operation: MessageId(7),
        epoch: crate::message::Epoch(1),
        answer: Answer::Ready,
        ready: -Micros::millis(1),
        released: Micros::ZERO,
        processing: Micros::millis(10),
        trip: Micros::millis(5),
        bound: Micros::ZERO,
        queue: 0,
        sequence: 1,
        result: 0,
    }
}

/// Everything that is due until `end`, when its own deadlines say so and never otherwise.
fn lived(cast: &mut Cast, end: Moment) -> Vec<(Moment, CastDue)> {
    let mut done = Vec::new();
    loop {
        let now = cast.next_deadline();
        if now > end {
            return done;
        }
        let mut any = false;
        while let Some(due) = cast.due(now) {
            any = true;
            done.push((now, due));
            if due == CastDue::Drop {
                return done;
            }
        }
        assert!(
            any || cast.next_deadline() > now,
            "woken at {now:?} for nothing, for ever"
        );
    }
}

#[test]
fn a_second_copy_goes_out_a_bucket_after_the_first_by_its_own_deadline() {
    let mut cast = cast(false, true, &[100]);
    let both = Slots::one(0);
    let sends: Vec<_> = lived(&mut cast, T)
        .into_iter()
        .filter(|(_, due)| matches!(due, CastDue::Send(_) | CastDue::Repeat(_)))
        .collect();
    let first = T - Micros::millis(100);
    assert_eq!(
        sends,
        [
            (first, CastDue::Send(both)),
            (first + BUCKET, CastDue::Repeat(both))
        ]
    );
}

#[test]
fn a_gated_cast_nudges_by_its_own_deadline_and_is_skipped_at_t() {
    let mut cast = cast(true, true, &[100]);
    let nudges = lived(&mut cast, T)
        .into_iter()
        .filter(|(_, due)| *due == CastDue::Nudge)
        .map(|(at, _)| at.since(Moment(0)).0 / 1_000)
        .collect::<Vec<_>>();
    // 60 ms, and each wait twice the last, until T.
    assert_eq!(nudges, [60, 180, 420, 900]);
    let fold = cast.fold();
    assert_eq!(fold.skips, [(SkipReason::Gate, Slots::one(0))]);
    assert!(fold.sealed && fold.balanced());
}

#[test]
fn after_t_the_parent_hears_of_answers_at_once_whatever_was_planned_before() {
    let mut cast = cast(false, false, &[100, 100]);
    lived(&mut cast, T - Micros::millis(50));
    // An agent that declines before T makes an account due 200 ms later.
    let mut no = ready();
    no.answer = Answer::Declined(SkipReason::Busy);
    cast.ack(T - Micros::millis(50), 0, &no);
    cast.ack(T + Micros::millis(2), 1, &ready());
    // All have answered: nothing is left to wait for.
    assert_eq!(cast.next_deadline(), T + Micros::millis(2));
    let mut slow = super::tests::cast(false, false, &[100, 100, 100]);
    lived(&mut slow, T - Micros::millis(50));
    slow.ack(T - Micros::millis(50), 0, &no);
    slow.ack(T + Micros::millis(2), 1, &ready());
    assert!(slow.next_deadline() <= T + Micros::millis(2) + FOLD_GAP_AFTER);
}

#[test]
fn the_last_word_is_said_three_times_where_messages_get_lost() {
    for (lossy, wanted) in [(false, 1), (true, usize::from(COPIES))] {
        let mut cast = cast(false, lossy, &[100]);
        lived(&mut cast, T);
        cast.ack(T + Micros::millis(3), 0, &ready());
        let folds = lived(&mut cast, T + Micros::seconds(1))
            .into_iter()
            .filter(|(_, due)| *due == CastDue::Fold)
            .count();
        assert_eq!(folds, wanted, "lossy: {lossy}");
    }
}
