use super::*;
use crate::chance::Chance;
use crate::place::Class;
use crate::time::{Micros, Moment};
use crate::unit::{Digest, Impedance};

const BEAT: Micros = Micros::seconds(5);

fn at(seconds: f64) -> Moment {
    Moment(0) + Micros::seconds(1).scale(seconds)
}
fn z(ms: f64) -> Impedance {
    Impedance(Micros::from_millis_f64(ms))
}

/// Follows the watch's own deadlines until `until` and notes what it says when.
fn follow(watch: &mut Watch, until: Moment) -> Vec<(f64, Signal)> {
    let mut said = Vec::new();
    for _ in 0..100 {
        let next = watch.next_deadline(BEAT);
        if next > until {
            return said;
        }
        said.extend(
            watch
                .tick(next, BEAT)
                .map(|signal| (next.0 as f64 / 1e6, signal)),
        );
    }
    panic!("the deadlines do not move on: {said:?}");
}

#[test]
fn each_class_has_the_recovery_and_escalation_of_section_6_1() {
    let rows = [
        (FailureClass::TransientNetwork, Recovery::Retry, false),
        (FailureClass::AgentCrash, Recovery::Replace, false),
        (FailureClass::ImpedanceSpike, Recovery::RouteAround, false),
        (
            FailureClass::ContextCorruption,
            Recovery::QuarantineAndReload,
            true,
        ),
        (
            FailureClass::ByzantineBehavior,
            Recovery::QuarantineForForensics,
            true,
        ),
        (
            FailureClass::CascadeFailure,
            Recovery::BreakAndIsolate,
            true,
        ),
    ];
    for (class, recovery, at_once) in rows {
        assert_eq!(
            (class.recovery(), class.escalates_at_once()),
            (recovery, at_once)
        );
    }
    assert_eq!(rows.map(|row| row.0), FailureClass::ALL);
}

#[test]
fn silence_is_suspicion_then_transient_then_escalated_then_a_crash() {
    let mut watch = Watch::new(at(0.0));
    let failed = |class, escalated| Signal::Failed { class, escalated };
    assert_eq!(
        follow(&mut watch, at(100.0)),
        [
            (7.5, Signal::Suspected),
            (12.5, failed(FailureClass::TransientNetwork, false)),
            (17.5, failed(FailureClass::TransientNetwork, true)),
            (30.0, failed(FailureClass::AgentCrash, false)),
        ]
    );
    let class = FailureClass::AgentCrash;
    assert_eq!(watch.heard(at(101.0)), Some(Signal::Recovered { class }));
    assert_eq!(watch.health(), Health::Alive);
}

#[test]
fn an_hour_of_one_percent_loss_and_jitter_makes_nobody_fail() {
    let mut chance = Chance::new(11);
    for _ in 0..300 {
        let mut watch = Watch::new(at(0.0));
        for beat in 1..720 {
            let arrival = at(f64::from(beat) * 5.0 + chance.between(0.0, 1.0));
            let said = follow(&mut watch, arrival);
            let mild = |signal: &Signal| {
                !matches!(
                    signal,
                    Signal::Failed {
                        escalated: true,
                        ..
                    }
                ) && !matches!(
                    signal,
                    Signal::Failed {
                        class: FailureClass::AgentCrash,
                        ..
                    }
                )
            };
            assert!(said.iter().all(|(_, signal)| mild(signal)), "{said:?}");
            if !chance.happens(0.01) {
                watch.heard(arrival);
            }
        }
    }
}

#[test]
fn a_disconnect_notice_is_faster_than_silence_and_a_reconnect_takes_it_back() {
    let mut watch = Watch::new(at(0.0));
    assert_eq!(watch.unlinked(at(1.0)), Some(Signal::Suspected));
    let said = follow(&mut watch, at(20.0));
    let crash = |(when, signal): &(f64, Signal)| {
        (5.9..6.1).contains(when)
            && matches!(
                signal,
                Signal::Failed {
                    class: FailureClass::AgentCrash,
                    ..
                }
            )
    };
    assert!(said.iter().any(crash), "{said:?}");
    let mut watch = Watch::new(at(0.0));
    watch.unlinked(at(1.0));
    assert_eq!(watch.heard(at(2.0)), None);
    assert!(
        follow(&mut watch, at(9.0))
            .iter()
            .all(|(_, signal)| *signal == Signal::Suspected)
    );
}

#[test]
fn three_timeouts_in_a_row_escalate_and_an_answer_starts_the_count_anew() {
    let mut watch = Watch::new(at(0.0));
    let escalated = |signal| {
        matches!(
            signal,
            Some(Signal::Failed {
                escalated: true,
                ..
            })
        )
    };
    assert!(!escalated(watch.timed_out()) && !escalated(watch.timed_out()));
    watch.heard(at(1.0));
    assert!(!escalated(watch.timed_out()) && !escalated(watch.timed_out()));
    assert!(escalated(watch.timed_out()));
    assert_eq!(watch.timed_out(), None, "told once");
    let class = FailureClass::TransientNetwork;
    assert_eq!(watch.heard(at(2.0)), Some(Signal::Recovered { class }));
}

#[test]
fn a_crash_escalates_when_the_replacement_crashes_too() {
    let mut watch = Watch::new(at(0.0));
    let class = FailureClass::AgentCrash;
    let told = |escalated| Some(Signal::Failed { class, escalated });
    assert_eq!(watch.died(at(1.0)), told(false));
    watch.replaced(at(2.0));
    assert_eq!(watch.died(at(60.0)), told(true));
    watch.replaced(at(61.0));
    watch.heard(at(400.0));
    assert_eq!(watch.died(at(401.0)), told(false), "it had settled");
}

#[test]
fn twice_the_own_average_is_a_spike_and_people_have_none() {
    let mut watch = Watch::new(at(0.0));
    let mut person = watch;
    for _ in 0..100 {
        assert_eq!(watch.measured(z(100.0), Class::Edge), None);
        assert_eq!(watch.measured(z(199.0), Class::Edge), None);
        person.measured(z(100.0), Class::Human);
    }
    let class = FailureClass::ImpedanceSpike;
    let signals: Vec<_> = (0..5)
        .filter_map(|_| watch.measured(z(400.0), Class::Edge))
        .collect();
    assert_eq!(
        signals,
        [Signal::Failed {
            class,
            escalated: false
        }]
    );
    assert!(watch.is_spiking());
    let signals: Vec<_> = (0..5)
        .filter_map(|_| watch.measured(z(150.0), Class::Edge))
        .collect();
    assert_eq!(signals, [Signal::Recovered { class }]);
    assert!((0..9).all(|_| person.measured(z(9e6), Class::Human).is_none()));
}

#[test]
fn one_outlier_is_no_spike() {
    let mut watch = Watch::new(at(0.0));
    for round in 0..500 {
        let ms = if round % 10 == 0 { 900.0 } else { 100.0 };
        assert_eq!(watch.measured(z(ms), Class::Edge), None);
    }
}

#[test]
fn spikes_of_several_agents_concern_the_cluster() {
    for (spiking, watched, concerns) in [(1, 3, false), (2, 3, true), (2, 30, false), (3, 30, true)]
    {
        assert_eq!(
            is_cluster_spike(spiking, watched),
            concerns,
            "{spiking} of {watched}"
        );
    }
}

#[test]
fn contradicting_several_peers_again_and_again_is_byzantine() {
    let mut watch = Watch::new(at(0.0));
    for _ in 0..20 {
        assert_eq!(
            watch.compared(0, 1),
            None,
            "one peer may be the one that is wrong"
        );
        assert_eq!(watch.compared(5, 4), None, "the majority agrees");
        assert_eq!(watch.compared(1, 5), None);
        assert_eq!(watch.compared(5, 0), None);
    }
    let found: Vec<_> = (0..5).filter_map(|_| watch.compared(1, 5)).collect();
    let class = FailureClass::ByzantineBehavior;
    assert_eq!(
        found,
        [Signal::Failed {
            class,
            escalated: true
        }]
    );
}

#[test]
fn a_late_context_is_not_a_corrupt_one() {
    let [old, new, strange] = [b"old", b"new", b"odd"].map(|text| Digest::of(text));
    let check = |hash| check_context(hash, Some(new), [old]);
    assert_eq!(
        [new, old, strange].map(check),
        [
            ContextCheck::Same,
            ContextCheck::Behind,
            ContextCheck::Corrupt
        ]
    );
    assert_eq!(check_context(strange, None, []), ContextCheck::Same);
}

#[test]
fn failures_that_double_each_beat_are_a_cascade_and_one_blow_is_not() {
    let run = |beats: &[u16]| {
        let mut watch = CascadeWatch::new();
        let mut said = Vec::new();
        for (beat, &failures) in beats.iter().enumerate() {
            let now = Moment(beat as i64 * 5_000_000);
            watch.failed(failures, now);
            said.extend(watch.close_beat(now + Micros::seconds(4)));
        }
        said
    };
    let class = FailureClass::CascadeFailure;
    let failed = Signal::Failed {
        class,
        escalated: true,
    };
    assert_eq!(run(&[0, 1, 2, 4, 8]), [failed]);
    assert_eq!(
        run(&[1, 2, 4, 8, 16, 0, 0, 0, 0, 0, 0, 0]),
        [failed, Signal::Recovered { class }]
    );
    assert!(run(&[0, 0, 300, 0, 0]).is_empty());
    assert!(run(&[5, 5, 5, 5, 5, 5]).is_empty());
    assert!(run(&[0, 1, 2, 3]).is_empty());
}

#[test]
fn blows_a_beat_apart_are_a_cascade_at_whatever_moment_of_the_beat_they_are_missed() {
    for seed in 0..200 {
        let mut chance = Chance::new(seed);
        let mut watch = CascadeWatch::new();
        let start = chance.span(Micros::ZERO, Micros::seconds(5));
        // Who fails at one moment is missed over the beat that follows, evenly.
        let mut missed: Vec<Moment> = [1, 3, 9, 27]
            .into_iter()
            .enumerate()
            .flat_map(|(blow, count)| std::iter::repeat_n(blow as i64, count))
            .map(|blow| Moment(blow * 5_000_000) + start)
            .map(|at| at + chance.span(Micros::ZERO, Micros::seconds(5)))
            .collect();
        missed.sort_unstable();
        let mut found = false;
        for beat in 1..12 {
            let end = Moment(beat * 5_000_000);
            // Noticed up to a dozen seconds later, and in lumps: a throw that they do not answer shows many at once.
            let noticed = Moment((end.0 - 12_000_000) / 5_000_000 * 5_000_000);
            while missed.first().is_some_and(|at| *at < noticed) {
                watch.failed(1, missed.remove(0));
            }
            found |= watch.close_beat(end).is_some();
        }
        assert!(found, "seed {seed}");
        // The same number at one moment is an outage.
        let mut watch = CascadeWatch::new();
        let mut missed: Vec<Moment> = (0..40)
            .map(|_| Moment(10_000_000) + start + chance.span(Micros::ZERO, Micros::seconds(5)))
            .collect();
        missed.sort_unstable();
        for beat in 1..8 {
            let end = Moment(beat * 5_000_000);
            while missed.first().is_some_and(|at| *at < end) {
                watch.failed(1, missed.remove(0));
            }
            assert_eq!(watch.close_beat(end), None, "seed {seed}");
        }
    }
}

#[test]
fn an_hour_of_ordinary_churn_is_no_cascade() {
    for (seed, per_beat) in [(1, 0.02), (2, 0.2), (3, 2.5), (4, 25.0)] {
        let mut chance = Chance::new(seed);
        let mut watch = CascadeWatch::new();
        for second in 0..3_600 {
            let failures = (0..1_000)
                .filter(|_| chance.happens(per_beat / 5_000.0))
                .count();
            let now = Moment(second * 1_000_000);
            watch.failed(failures as u16, now);
            if second % 5 == 4 {
                assert_eq!(watch.close_beat(now), None, "{per_beat} a beat");
            }
        }
    }
}

#[test]
fn backoff_doubles_up_to_its_cap_and_ends() {
    let mut chance = Chance::new(5);
    let mut backoff = Backoff::new(Micros::millis(100), Micros::millis(500), 5);
    let mut bounds = Vec::new();
    loop {
        let bound = backoff.bound();
        let Some(wait) = backoff.next_wait(&mut chance) else {
            break;
        };
        assert!(wait > Micros::ZERO && wait <= bound);
        bounds.push(bound.0 / 1_000);
    }
    assert_eq!(bounds, [100, 200, 400, 500, 500]);
    backoff.reset();
    assert!(backoff.next_wait(&mut chance).is_some());
}
