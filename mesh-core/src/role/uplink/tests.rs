use super::*;

/// An uplink whose clock stands still, or runs, and a parent that answers each probe at once; gives the probes sent.
fn probes_of(answer_gap: Micros, steps: bool, until: Moment) -> usize {
    let mut uplink = Uplink::new();
    uplink.start(Moment(0), Boot(1), BEAT);
    let (mut now, mut sent) = (Moment(0), 0);
    let mut theirs = Moment(5_000_000);
    for _ in 0..10_000 {
        while let Some(Due::Probe) = uplink.due(now) {
            sent += 1;
            theirs = if steps {
                theirs + answer_gap
            } else {
                Moment(now.0 + 5_000_000)
            };
            // With a clock that stands still every answer comes in no time, and says something else of the offset.
            let back = if steps { now } else { now + answer_gap };
            let ours = Exchange {
                sent: now,
                received: theirs,
            };
            uplink.answered(ours, theirs, back);
        }
        let next = uplink.next_wake();
        if next > until || steps && next > now {
            break;
        }
        now = next;
    }
    sent
}

#[test]
fn a_probing_makes_eight_exchanges() {
    let sent = probes_of(Micros::millis(1), false, Moment(2_000_000));
    assert_eq!(sent, usize::from(PROBES));
}

#[test]
fn a_clock_that_stands_still_does_not_turn_answers_into_a_storm_of_probes() {
    let sent = probes_of(Micros::millis(500), true, Moment(2_000_000));
    assert!(sent <= usize::from(PROBES), "{sent} probes at one moment");
}

#[test]
fn answers_that_never_agree_make_a_probe_every_50_ms_and_not_more() {
    let mut uplink = Uplink::new();
    uplink.start(Moment(0), Boot(1), BEAT);
    let mut sent = Vec::new();
    let (mut now, mut theirs) = (Moment(0), Moment(0));
    while now < Moment(1_000_000) {
        while let Some(due) = uplink.due(now) {
            if due == Due::Probe {
                sent.push(now);
                // Their clock jumps a minute with every exchange.
                theirs = theirs + Micros::seconds(60);
                let ours = Exchange {
                    sent: now,
                    received: theirs,
                };
                uplink.answered(ours, theirs, now + Micros::millis(2));
            }
        }
        now = now + Micros::millis(1);
    }
    assert!(sent.len() <= 21, "{} probes in a second", sent.len());
    assert!(
        sent.windows(2)
            .all(|pair| pair[1].since(pair[0]) >= PROBE_GAP)
    );
}

#[test]
fn a_clock_that_steps_back_an_hour_is_probed_again_at_once() {
    let mut uplink = Uplink::new();
    let start = Moment(3_600_000_000);
    uplink.start(start, Boot(1), BEAT);
    let mut now = start;
    for _ in 0..PROBES {
        assert_eq!(uplink.due(now), Some(Due::Probe));
        let ours = Exchange {
            sent: now,
            received: Moment(now.0 + 1_000),
        };
        uplink.answered(ours, Moment(now.0 + 1_000), now + Micros::millis(2));
        now = now + PROBE_GAP;
    }
    // It shows an hour less from here on, and an exchange tells that something is wrong.
    let back = now - Micros::seconds(3_600);
    let ours = Exchange {
        sent: back,
        received: now,
    };
    uplink.answered(ours, now, back + Micros::millis(2));
    let due: Vec<_> = core::iter::from_fn(|| uplink.due(back + Micros::millis(2))).collect();
    assert!(due.contains(&Due::Probe), "{due:?}");
    // And its beat is not an hour away.
    assert!(uplink.next_wake() <= back + BEAT + BEAT);
}
