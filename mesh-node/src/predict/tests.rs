use super::*;
use mesh_core::chance::Chance;

fn noisy(count: usize) -> Vec<f64> {
    let mut chance = Chance::new(1);
    (0..count)
        .map(|_| 50.0 * libm::exp(0.4 * chance.normal()))
        .collect()
}

#[test]
fn a_trace_is_one_number_a_line_and_empty_lines_are_passed_over() {
    assert_eq!(
        parse("a.csv", "12\n\n 41.5 \r\n0\n").expect("numbers"),
        [12.0, 41.5, 0.0]
    );
    assert_eq!(parse("a.csv", "").expect("nothing"), [] as [f64; 0]);
}

#[test]
fn what_is_no_round_trip_is_refused_with_its_place_its_value_and_what_would_be_right() {
    for (text, wanted) in [
        ("1\n2\nabc\n", "a.csv:3: 'abc' is no number"),
        ("1\n-4\n", "a.csv:2: -4 is no round trip"),
        ("NaN", "a.csv:1: NaN is no round trip"),
        ("\n\ninf", "a.csv:3: inf is no round trip"),
        ("1e300", "a.csv:1: 1e300 is no round trip"),
        ("1,2", "a.csv:1: '1,2' is no number"),
    ] {
        let error = parse("a.csv", text).expect_err("no round trip").to_string();
        assert!(error.starts_with(wanted), "{error}");
        assert!(error.contains("millisecond"), "{error}");
    }
}

#[test]
fn every_figure_is_there_and_the_late_share_is_as_asked() {
    let report = evaluate("noisy", &noisy(2_000));
    assert_eq!((report.file.as_str(), report.n), ("noisy", 2_000));
    let late = report.late_share.expect("scored");
    assert!((0.04..0.06).contains(&late), "{late}");
    let best = report.baselines.median_100.error_p90_ms.expect("scored");
    assert!(report.error_p90_ms.expect("scored") < 1.05 * best);
    let json = serde_json::to_value(&report).expect("plain data");
    for key in [
        "file",
        "n",
        "error_p50_ms",
        "error_p90_ms",
        "within_50ms",
        "late_share",
        "pinball_95",
        "brier",
        "ns_per_sample",
        "baselines",
    ] {
        assert!(!json[key].is_null(), "{key}");
    }
    for rule in ["median_100", "ewma", "jacobson", "rolling_p95", "oracle"] {
        assert!(json["baselines"][rule].is_object(), "{rule}");
    }
    assert!(table(&[report]).contains("rolling p95"));
}

#[test]
fn a_trace_too_short_to_score_has_no_figures() {
    let report = evaluate("short", &noisy(UNSCORED));
    assert_eq!(
        (report.error_p50_ms, report.late_share, report.brier),
        (None, None, None)
    );
    let report = evaluate("empty", &[]);
    assert_eq!((report.n, report.ns_per_sample), (0, None));
    assert!(table(&[report]).contains('-'));
}
