//! Every formula and threshold of parts 3 and 4 of the specification as rows of one table: section, what, given, wanted.
//! Where PROTOCOL decides otherwise the row says so.

use mesh_core::impedance::profile::{DEGRADED_SCORE, UNSTABLE_DRIFT};
use mesh_core::impedance::{ClassSlopes, Confidence, Lead, Processing, Quantiles};
use mesh_core::place::Class;
use mesh_core::role::{BEAT, BUCKET, Order, PROBE_GAP, PROBES};
use mesh_core::throw::quorum::{Counts, Decision, Thresholds, decide};
use mesh_core::throw::{Slotting, slotting};
use mesh_core::time::{Micros, Moment};
use mesh_core::unit::{Impedance, Share, Weight};

/// Section, what it is, what came out, what is wanted.
type Row = (&'static str, &'static str, f64, f64);

fn held(rows: &[Row]) {
    for &(section, what, got, wanted) in rows {
        let near = (got - wanted).abs() <= 0.002 * wanted.abs().max(1.0);
        assert!(near, "{section} {what}: {got} and not {wanted}");
    }
}

fn work(class: Class, weight: f64, queue: u16) -> f64 {
    let weight = Weight((weight * 100.0) as u16);
    let work = Processing::new(class).estimate(&ClassSlopes::default(), weight, queue);
    work.median().as_millis_f64()
}

fn formula(reliability: f64, drift: f64, silent_s: i64) -> f64 {
    let known = Confidence {
        samples: 0,
        drift,
        reliability: Share::new(reliability),
        silence: Micros::seconds(silent_s),
    };
    known.formula().value()
}

#[test]
fn processing_is_base_times_weight_times_queue() {
    held(&[
        ("§3.1", "base of A", work(Class::Edge, 0.0, 0), 10.0),
        ("§3.1", "base of B", work(Class::Serverless, 0.0, 0), 50.0),
        ("§3.1", "base of C", work(Class::Persistent, 0.0, 0), 200.0),
        ("§3.1", "base of D", work(Class::Gpu, 0.0, 0), 100.0),
        ("§3.1", "base of E", work(Class::Local, 0.0, 0), 150.0),
        ("§3.1", "base of F", work(Class::Human, 0.0, 0), 60_000.0),
        (
            "§3.1",
            "weight 1 is half as much again",
            work(Class::Edge, 1.0, 0),
            15.0,
        ),
        (
            "§3.1",
            "weight 2 is twice as much",
            work(Class::Edge, 2.0, 0),
            20.0,
        ),
        (
            "§3.1",
            "one in the queue is a tenth more",
            work(Class::Serverless, 0.0, 1),
            55.0,
        ),
        (
            "§3.1",
            "ten in the queue are twice as much",
            work(Class::Serverless, 0.0, 10),
            100.0,
        ),
        (
            "§3.1",
            "both multiply",
            work(Class::Persistent, 1.0, 5),
            450.0,
        ),
    ]);
}

#[test]
fn confidence_is_half_the_reliability_less_the_drift_and_a_fifth_for_news() {
    held(&[
        ("§3.1", "at its best", formula(1.0, 0.0, 0), 0.7),
        ("§3.1", "drift 1 takes 0.3", formula(1.0, 1.0, 0), 0.4),
        ("§3.1", "half as reliable", formula(0.5, 0.0, 0), 0.45),
        ("§3.1", "just heard of", formula(0.0, 0.0, 9), 0.2),
        ("§3.1", "not for ten seconds", formula(0.0, 0.0, 10), 0.0),
        ("§3.1", "never below none", formula(0.0, 5.0, 60), 0.0),
        ("§3.1", "never above one", formula(1.0, -5.0, 0), 1.0),
    ]);
}

#[test]
fn a_send_time_is_t_less_the_lead_and_never_in_the_past() {
    let (now, t) = (Moment(1_000_000), Moment(1_500_000));
    let at = |lead_ms: i64| slotting(now, t, Micros::millis(lead_ms));
    let sends = [
        ("§3.1 send_time = T - lead", 100, Moment(1_400_000)),
        (
            "§3.2 bucket_size_ms = 10: the bucket before",
            101,
            Moment(1_390_000),
        ),
        ("§3.1 all that is left", 500, Moment(1_000_000)),
    ];
    for (section, lead, wanted) in sends {
        assert_eq!(at(lead), Slotting::Send(wanted), "{section}: {lead} ms");
    }
    // §3.1: SKIP with would_need_ms and available_ms.
    let skip = Slotting::Skip {
        need: Micros::millis(501),
        left: Micros::millis(500),
    };
    assert_eq!(at(501), skip);
    // §3.1: total_lead_time = network + processing + buffer; PROTOCOL §3: the buffer is the wanted quantile's and the
    // clock's bound.
    let total =
        Quantiles::exactly(Micros::millis(20)).plus(&Quantiles::exactly(Micros::millis(50)));
    let lead = Lead::new(total, Share::new(0.99), Micros::millis(3));
    assert_eq!(
        (lead.median, lead.lead),
        (Micros::millis(70), Micros::millis(73))
    );
}

#[test]
fn thresholds_are_those_of_the_cascades() {
    let ready = |thresholds: Thresholds| thresholds.ready.value();
    let of = |class| Thresholds::of_class(class).map_or(-1.0, ready);
    let order = Order::default();
    held(&[
        (
            "§3.2",
            "minimum_response_rate",
            ready(Thresholds::DEFAULT),
            0.95,
        ),
        (
            "§3.2",
            "arrival_window_ms",
            order.window.as_millis_f64(),
            500.0,
        ),
        ("§3.2", "bucket_size_ms", BUCKET.as_millis_f64(), 10.0),
        (
            "§3.3",
            "wave, sectors",
            ready(Thresholds::SECTOR_GATE),
            0.98,
        ),
        (
            "PROTOCOL §4",
            "wave, clusters",
            ready(Thresholds::CLUSTER_GATE),
            0.95,
        ),
        (
            "PROTOCOL §4",
            "wave, agents",
            ready(Thresholds::AGENT_GATE),
            0.95,
        ),
        ("§3.3", "parallel", ready(Thresholds::PARALLEL), 0.90),
        ("§3.3", "priority_first, D", of(Class::Gpu), 0.99),
        ("§3.3", "priority_first, C", of(Class::Persistent), 0.98),
        ("§3.3", "priority_first, B", of(Class::Serverless), 0.95),
        ("§3.3", "priority_first, A", of(Class::Edge), 0.90),
        ("§3.3", "priority_first, E", of(Class::Local), 0.85),
        (
            "§3.3",
            "priority_first, F: no phase",
            of(Class::Human),
            -1.0,
        ),
        ("PROTOCOL §3", "on-time rate", order.on_time.value(), 0.99),
    ]);
}

#[test]
fn a_response_rate_that_equals_the_threshold_is_a_success() {
    let counts = |ready, conflict, transit, unreachable| Counts {
        ready,
        conflict,
        transit,
        unreachable,
    };
    let rows = [
        ("§3.2 at 95 of 100", counts(95, 0, 5, 0), Decision::Proceed),
        (
            "§3.2 below it, few out",
            counts(94, 0, 6, 0),
            Decision::Retry,
        ),
        (
            "§3.2 below it, many out: a larger window",
            counts(80, 0, 20, 0),
            Decision::Wait,
        ),
        ("§3.2 nobody sent to", counts(0, 0, 0, 0), Decision::Retry),
        (
            "§3.2 a conflict is no failure",
            counts(95, 5, 0, 0),
            Decision::Proceed,
        ),
        (
            "§5.2 more than 5 % of them are settled first",
            counts(94, 6, 0, 0),
            Decision::ResolveConflicts,
        ),
    ];
    for (section, counts, wanted) in rows {
        assert_eq!(
            decide(counts, Thresholds::DEFAULT).decision,
            wanted,
            "{section}"
        );
    }
}

#[test]
fn what_is_measured_and_when_it_is_too_much() {
    let score = |ms| f64::from(Impedance(Micros::millis(ms)).score());
    held(&[
        ("§4.1", "heartbeat every 5 s", BEAT.as_seconds_f64(), 5.0),
        (
            "§4.2",
            "degraded above a score of",
            f64::from(DEGRADED_SCORE),
            800.0,
        ),
        ("§4.2", "unstable above a drift of", UNSTABLE_DRIFT, 0.5),
        ("§2.3", "a score is milliseconds", score(847), 847.0),
        ("§2.3", "and at most 1000", score(1_200), 1_000.0),
        (
            "PROTOCOL §2",
            "exchanges of a new estimate",
            f64::from(PROBES),
            8.0,
        ),
        (
            "PROTOCOL §2",
            "and between them, ms",
            PROBE_GAP.as_millis_f64(),
            50.0,
        ),
    ]);
}
