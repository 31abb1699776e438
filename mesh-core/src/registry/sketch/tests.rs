use super::*;
use proptest::prelude::*;

/// Times of every size from a microsecond to past the ceiling.
fn any_times() -> impl Strategy<Value = Vec<i64>> {
    let time = (0u32..37, any::<u64>()).prop_map(|(bits, rest)| {
        let low = 1u64 << bits;
        (low + rest % low) as i64
    });
    prop::collection::vec(time, 1..200)
}

fn sketch(times: &[i64]) -> Sketch {
    times.iter().copied().map(Micros).collect()
}

#[test]
fn every_bucket_holds_its_own_middle_and_they_rise() {
    for bucket in 0..BUCKETS {
        assert_eq!(index(middle(bucket)), bucket);
        assert!(bucket == 0 || middle(bucket) > middle(bucket - 1));
    }
}

#[test]
fn a_sketch_of_a_cluster_is_small_in_memory_and_smaller_on_the_way() {
    let mut chance = crate::chance::Chance::new(1);
    let thirty: Sketch = (0..30)
        .map(|_| chance.span(Micros::millis(20), Micros::millis(500)))
        .collect();
    assert!(thirty.buckets.len() * 8 + size_of::<Sketch>() <= 300);
    let bytes = rmp_serde::to_vec(&thirty).expect("bytes").len();
    assert!(bytes <= 120, "{bytes}");
}

#[test]
fn a_sketch_of_nothing_says_so() {
    let none = Sketch::new();
    assert_eq!(
        (none.count(), none.mean(), none.quantile(0.5)),
        (0, None, None)
    );
    let mut some = sketch(&[5_000]);
    some.merge(&none);
    assert_eq!(some, sketch(&[5_000]));
    assert_eq!(some.quantile(0.5), Some(Micros(5_000)));
}

#[test]
fn a_malformed_sketch_is_refused() {
    for bad in [
        "[1,1,1,[2]]",
        "[1,1,1,[0,1]]",
        "[1,1,1,[1,0]]",
        "[1,1,1,[5000,1]]",
        "[1,1,900,[1,1]]",
        "[1,0,0,[]]",
        "[1,1,1,[4294967295,1,4294967295,1]]",
    ] {
        assert!(serde_json::from_str::<Sketch>(bad).is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<Sketch>("[1,1,1,[1,1]]").is_ok());
}

proptest! {
    #[test]
    fn a_quantile_is_within_two_per_cent(mut times in any_times(), share in 0.0..=1.0f64) {
        let estimate = sketch(&times).quantile(share).expect("not empty").0 as f64;
        times.sort_unstable();
        let exact = times[(share * (times.len() - 1) as f64) as usize] as f64;
        let slack = if exact < 100.0 { 64.0 } else { Sketch::ERROR * exact };
        prop_assert!(exact > Sketch::CEILING as f64 || (estimate - exact).abs() <= slack, "{} {}", estimate, exact);
    }

    #[test]
    fn merging_commutes_and_associates_and_equals_adding(a in any_times(), b in any_times(), c in any_times()) {
        let merged = |parts: &[&Sketch]| parts.iter().fold(Sketch::new(), |mut sum, part| { sum.merge(part); sum });
        let (sa, sb, sc) = (sketch(&a), sketch(&b), sketch(&c));
        let whole = sketch(&[a, b, c].concat());
        prop_assert_eq!(&merged(&[&sa, &sb, &sc]), &whole);
        prop_assert_eq!(&merged(&[&sc, &sa, &sb]), &whole);
        prop_assert_eq!(&merged(&[&sa, &merged(&[&sb, &sc])]), &whole);
    }

    #[test]
    fn a_sketch_survives_its_journey(times in any_times()) {
        let there = sketch(&times);
        let bytes = rmp_serde::to_vec(&there).expect("bytes");
        prop_assert_eq!(rmp_serde::from_slice::<Sketch>(&bytes).expect("a sketch"), there);
    }

    #[test]
    fn no_bytes_make_a_sketch_fail(bytes in prop::collection::vec(any::<u8>(), 0..64), share in 0.0..=1.0f64) {
        if let Ok(sketch) = rmp_serde::from_slice::<Sketch>(&bytes) {
            let _ = (sketch.quantile(share), sketch.mean());
        }
    }
}
