use super::*;
use proptest::prelude::*;

#[test]
fn asking_for_a_level_gives_its_quantile_and_back() {
    let delays = Quantiles::around(Micros::millis(100));
    for (level, wanted) in LEVELS.iter().zip(delays.levels) {
        let share = Share::new(f64::from(*level));
        assert!((delays.at(share).0 as f32 - wanted).abs() <= 1.0, "{level}");
        assert!(
            (delays.within(delays.at(share)).value() - share.value()).abs() < 0.002,
            "{level}"
        );
    }
    assert_eq!(delays.within(Micros::ZERO), Share::new(0.005));
    assert_eq!(delays.within(Micros::seconds(1_000)), Share::new(0.9999));
}

#[test]
fn drift_is_the_robust_spread_over_the_median() {
    // PROTOCOL §3: (p84 - p16) / 2 over the median, without dimension.
    let delays = Quantiles::new([60.0, 80.0, 100.0, 110.0, 120.0, 140.0, 160.0, 180.0]);
    assert!((delays.drift() - 0.2).abs() < 1e-6);
    assert!((delays.times(1_000.0).drift() - 0.2).abs() < 1e-6);
}

#[test]
fn the_sum_of_a_delay_and_a_fixed_one_is_the_delay_later() {
    let delay = Quantiles::around(Micros::millis(40));
    let sum = delay.plus(&Quantiles::exactly(Micros::millis(10)));
    for (a, b) in sum
        .levels
        .iter()
        .zip(delay.later(Micros::millis(10)).levels)
    {
        assert!((a - b).abs() < 1.0);
    }
}

#[test]
fn the_prior_of_the_network_is_what_a_classs_typical_delay_leaves_beside_its_work() {
    // §2.2 and §3.1: edge 5-20 ms with 10 ms of work, and so on; at least a quarter.
    for (class, wanted_ms) in [
        (Class::Edge, 3.125),
        (Class::Serverless, 50.0),
        (Class::Persistent, 50.0),
        (Class::Gpu, 250.0),
        (Class::Local, 80.0),
        (Class::Human, 100.0),
    ] {
        let median = Quantiles::network_prior(class).median().as_millis_f64();
        assert!((median - wanted_ms).abs() < 0.1, "{class}: {median}");
    }
}

proptest! {
    #[test]
    fn more_time_is_never_less_probable(values in prop::array::uniform8(-1e3..1e9f32), a in 0i64..2_000_000_000, b in 0i64..2_000_000_000) {
        let delays = Quantiles::new(values);
        prop_assert!(delays.within(Micros(a.min(b))) <= delays.within(Micros(a.max(b))));
        let (low, high) = (a.min(b) as f64 / 2e9, a.max(b) as f64 / 2e9);
        prop_assert!(delays.at(Share::new(low)) <= delays.at(Share::new(high)));
    }
}
