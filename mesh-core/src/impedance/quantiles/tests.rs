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

#[test]
fn the_sooner_of_two_copies_is_late_when_both_are() {
    use crate::chance::Chance;
    let levels = [20e3, 24e3, 30e3, 36e3, 44e3, 70e3, 110e3, 300e3];
    let one = Quantiles::new(levels);
    let mut chance = Chance::new(5);
    // Draws that have these quantiles, straight between them on the scale of tails.
    let mut draw = || {
        let depth = -libm::log2(1.0 - chance.unit()) as f32;
        let upper = TAIL
            .partition_point(|&tail| tail < depth)
            .clamp(1, LEVEL_COUNT - 1);
        let part = (depth - TAIL[upper - 1]) / (TAIL[upper] - TAIL[upper - 1]);
        levels[upper - 1] + part.max(0.0) * (levels[upper] - levels[upper - 1])
    };
    for gap in [0.0f32, 10e3, 50e3] {
        let mut both: Vec<f32> = (0..40_000).map(|_| draw().min(draw() + gap)).collect();
        both.sort_unstable_by(f32::total_cmp);
        let sooner = one.sooner(Micros(gap as i64));
        for (level, share) in LEVELS.into_iter().enumerate().skip(1).take(6) {
            let true_one = both[(share * 40_000.0) as usize];
            let got = sooner.levels[level];
            assert!(
                (got / true_one - 1.0).abs() < 0.06,
                "gap {gap}, p{share}: {got} and not {true_one}"
            );
        }
    }
}

#[test]
fn a_second_copy_never_makes_anything_later_and_of_certain_delays_nothing_sooner() {
    let one = Quantiles::around(Micros::millis(40));
    for gap in [0, 1, 10, 1_000] {
        let two = one.sooner(Micros::millis(gap));
        assert!(
            two.levels
                .iter()
                .zip(&one.levels)
                .all(|(two, one)| two <= one)
        );
        assert!(two.levels.windows(2).all(|pair| pair[0] <= pair[1]));
    }
    let sure = Quantiles::exactly(Micros::millis(7));
    assert_eq!(sure.sooner(BUCKET_GAP), sure);
    let far = one.sooner(Micros::seconds(100));
    assert!((far.levels[TAILS + 1] / one.levels[TAILS + 1] - 1.0).abs() < 0.01);
}

const BUCKET_GAP: Micros = Micros::millis(10);
