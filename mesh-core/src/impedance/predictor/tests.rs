use super::*;
use crate::chance::Chance;
use proptest::prelude::*;

fn fresh() -> Predictor {
    Predictor::new(&Quantiles::around(Micros::millis(100)))
}

/// The share of delays after the first 200 that came after the lead for `share`.
fn late(share: f64, delays: impl Iterator<Item = f64>) -> f64 {
    let mut predictor = fresh();
    let (mut late, mut all) = (0u32, 0u32);
    for (turn, ms) in delays.enumerate() {
        let delay = Micros::from_millis_f64(ms);
        if turn >= 200 {
            all += 1;
            late += u32::from(delay > predictor.quantile(Share::new(share)));
        }
        predictor.observe(delay);
    }
    f64::from(late) / f64::from(all)
}

/// Links of every kind, by name.
fn links(seed: u64) -> Vec<(&'static str, Vec<f64>)> {
    let mut chance = Chance::new(seed);
    let count = 2_200;
    let (mut level, mut left) = (0.0f64, 0);
    vec![
        (
            "lognormal",
            (0..count)
                .map(|_| 50.0 * libm::exp(0.4 * chance.normal()))
                .collect(),
        ),
        (
            "bursty",
            (0..count)
                .map(|_| {
                    left = if chance.happens(0.01) {
                        20
                    } else {
                        (left - 1).max(0)
                    };
                    let times = if left > 0 { 3.0 } else { 1.0 };
                    (30.0 + 5.0 * chance.normal().abs()) * times
                })
                .collect(),
        ),
        (
            "changing regime",
            (0..count)
                .map(|i| [40.0, 120.0, 60.0][i / 300 % 3] * libm::exp(0.15 * chance.normal()))
                .collect(),
        ),
        (
            "drifting",
            (0..count)
                .map(|i| 50.0 + i as f64 / 10.0 + 8.0 * chance.normal().abs())
                .collect(),
        ),
        (
            "autocorrelated",
            (0..count)
                .map(|_| {
                    level = 0.95 * level + chance.normal();
                    100.0 + 8.0 * level + 4.0 * chance.normal()
                })
                .collect(),
        ),
        (
            "whole milliseconds",
            (0..count)
                .map(|_| libm::round(4.0 + 2.0 * libm::exp(0.5 * chance.normal())))
                .collect(),
        ),
        (
            "bimodal",
            (0..count)
                .map(|_| if chance.happens(0.8) { 40.0 } else { 90.0 } + 2.0 * chance.normal())
                .collect(),
        ),
    ]
}

#[test]
fn the_share_of_late_delays_is_the_one_asked_for_on_every_kind_of_link() {
    for (name, delays) in links(5) {
        for (share, low, high) in [
            (0.95, 0.04, 0.06),
            (0.99, 0.005, 0.016),
            (0.999, 0.0, 0.006),
        ] {
            let late = late(share, delays.iter().copied());
            assert!(
                (low..=high).contains(&late),
                "{name} at {share}: {late} late"
            );
        }
    }
}

#[test]
fn probabilities_come_true() {
    let mut bins = [(0.0, 0.0, 0.0); 10];
    for (_, delays) in links(6) {
        let mut predictor = fresh();
        for (turn, &ms) in delays.iter().enumerate() {
            let delay = Micros::from_millis_f64(ms);
            if turn >= 200 {
                let deadline = predictor.median().scale(0.6 + 0.1 * (turn % 15) as f64);
                let said = predictor.probability_within(deadline).value();
                let bin = &mut bins[(said * 9.999) as usize];
                *bin = (
                    bin.0 + 1.0,
                    bin.1 + said,
                    bin.2 + if delay <= deadline { 1.0 } else { 0.0 },
                );
            }
            predictor.observe(delay);
        }
    }
    for (count, said, came) in bins {
        assert!(
            count < 100.0 || (said / count - came / count).abs() < 0.07,
            "said {:.3}, came {:.3} ({count} times)",
            said / count,
            came / count
        );
    }
}

#[test]
fn the_point_follows_an_average_where_delays_drift_and_the_median_where_they_are_spiky() {
    let mut chance = Chance::new(9);
    let mut spiky = fresh();
    for _ in 0..500 {
        let spike = if chance.happens(0.2) { 900 } else { 0 };
        spiky.observe(Micros::millis(40 + spike) + chance.span(Micros::ZERO, Micros::millis(3)));
    }
    assert!(
        (40.0..44.0).contains(&spiky.median().as_millis_f64()),
        "{}",
        spiky.median()
    );
    let mut drifting = fresh();
    for turn in 0..500 {
        drifting.observe(Micros::millis(50 + 2 * turn));
    }
    assert!(
        drifting.median() > Micros::millis(1_000),
        "{}",
        drifting.median()
    );
}

#[test]
fn a_constant_delay_is_predicted_exactly_and_a_change_is_noticed() {
    let mut predictor = fresh();
    for _ in 0..500 {
        predictor.observe(Micros(33_004));
    }
    let off = |predictor: &Predictor, to: i64| (predictor.median().0 - to).abs();
    assert!(off(&predictor, 33_004) <= 16, "{}", predictor.median());
    assert!(predictor.quantile(Share::new(0.99)) >= Micros(33_004));
    for _ in 0..100 {
        predictor.observe(Micros(70_000));
    }
    assert!(off(&predictor, 70_000) <= 40, "{}", predictor.median());
}

#[test]
fn before_anything_is_seen_the_prior_speaks() {
    let prior = Quantiles::around(Micros::millis(80));
    let predictor = Predictor::new(&prior);
    assert!((predictor.median().as_millis_f64() / 80.0 - 1.0).abs() < 0.15);
    let p95 = predictor.quantile(Share::new(0.95)).as_millis_f64();
    assert!((120.0..260.0).contains(&p95), "{p95}");
    let mut few = predictor;
    for _ in 0..10 {
        few.observe(Micros::millis(1_000));
    }
    assert!(few.median() > Micros::millis(900), "{}", few.median());
}

#[test]
fn a_new_lead_starts_warm_from_a_digest() {
    let mut chance = Chance::new(4);
    let mut predictor = fresh();
    for _ in 0..400 {
        predictor.observe(Micros::from_millis_f64(
            300.0 * libm::exp(0.2 * chance.normal()),
        ));
    }
    let warm = Predictor::from_digest(&predictor.digest());
    for share in [0.5, 0.84, 0.95, 0.99] {
        let (old, new) = (
            predictor.quantile(Share::new(share)),
            warm.quantile(Share::new(share)),
        );
        let digest = predictor.digest().quantile(Share::new(share));
        assert!(
            (digest.0 as f64 / old.0 as f64 - 1.0).abs() < 0.002,
            "{share}: {old} {digest}"
        );
        assert!(
            (new.0 as f64 / old.0 as f64 - 1.0).abs() < 0.08,
            "{share}: {old} {new}"
        );
    }
    assert_eq!(warm.samples(), 400);
}

proptest! {
    #[test]
    fn whatever_comes_quantiles_never_fall_and_stay_finite(delays in prop::collection::vec(-10i64..100_000_000_000, 0..300), repeat in 1usize..20) {
        let mut predictor = fresh();
        for &delay in &delays {
            for _ in 0..repeat {
                predictor.observe(Micros(delay));
            }
        }
        let quantiles = predictor.quantiles();
        prop_assert!(quantiles.levels.iter().all(|value| value.is_finite() && *value >= 0.0));
        prop_assert!(quantiles.levels.windows(2).all(|pair| pair[0] <= pair[1]));
        let mut last = Share::NONE;
        for step in 0..40 {
            let share = quantiles.within(Micros(step * 1_000_000));
            prop_assert!(share >= last);
            last = share;
        }
    }
}
