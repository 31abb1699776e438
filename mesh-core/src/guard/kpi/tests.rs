use super::*;
use crate::place::SectorId;
use crate::place::scope::Region;
use crate::time::{Micros, Moment};
use crate::unit::Share;
use proptest::prelude::*;

fn at(seconds: i64) -> Moment {
    Moment(0) + Micros::seconds(seconds)
}
fn throw(quorum: bool, cascade_ms: i64) -> ThrowRecord {
    ThrowRecord {
        quorum: Some(quorum),
        eligible: 1_000,
        in_window: 960,
        measured: 990,
        within_50ms: 900,
        responses: 990,
        conflicts: 5,
        cascade: Some(Micros::millis(cascade_ms)),
    }
}

#[test]
fn the_seven_figures_and_targets_of_section_11() {
    let mut meter = Meter::new();
    meter.active(Share::ALL, at(0));
    for nth in 0..100 {
        meter.throw(&throw(nth != 0, 500 + nth), at(nth * 10));
    }
    meter.active(Share::new(0.94), at(1_000));
    meter.active(Share::new(0.95), at(1_001));
    let cluster = Region::Cluster(SectorId(7).cluster(3));
    let sector = Region::Sector(SectorId(7));
    meter.failed(cluster, at(10));
    meter.failed(cluster, at(200));
    meter.failed(sector, at(10));
    assert_eq!(meter.restored(cluster, at(310)), Some(Micros::seconds(300)));
    assert_eq!(meter.restored(cluster, at(311)), None);
    meter.restored(sector, at(911));
    let report = meter.report(1, at(2_000));
    let rows = [
        (Kpi::CoordinationSuccessRate, 0.99, 0.99, true),
        (Kpi::ArrivalWindowHitRate, 0.96, 0.95, true),
        (Kpi::ImpedancePredictionAccuracy, 900.0 / 990.0, 0.90, true),
        (Kpi::ConflictRate, 5.0 / 990.0, 0.01, true),
        (Kpi::MeshAvailability, 0.9995, 0.999, true),
        (Kpi::CascadeLatencyP95, 0.594, 1.0, true),
        (Kpi::RecoveryCluster, 300.0, 300.0, true),
        (Kpi::RecoverySector, 901.0, 900.0, false),
    ];
    for ((kpi, value, target, met), figure) in rows.into_iter().zip(&report.figures) {
        assert_eq!(
            (figure.kpi, figure.target, figure.met),
            (kpi, target, Some(met))
        );
        assert_eq!(figure.value, Some(value), "{kpi:?}");
    }
    assert!(!report.all_met());
    let json = serde_json::to_value(&report).expect("encodes");
    assert_eq!(json["figures"][0]["kpi"], "coordination_success_rate");
}

#[test]
fn without_anything_there_are_no_figures_and_no_division_by_zero() {
    let report = Meter::new().report(24, at(5));
    assert!(
        report
            .figures
            .iter()
            .all(|figure| figure.value.is_none() && figure.met.is_none())
    );
    assert!(report.all_met());
}

#[test]
fn an_incident_that_is_never_mended_misses_its_target() {
    let mut meter = Meter::new();
    meter.failed(Region::Sector(SectorId(1)), at(0));
    assert!(meter.report(1, at(900)).all_met());
    assert!(!meter.report(1, at(901)).all_met());
}

#[test]
fn availability_is_weighted_by_time_and_split_by_hours() {
    let mut meter = Meter::new();
    meter.active(Share::ALL, at(0));
    meter.active(Share::NONE, at(3_000));
    meter.active(Share::ALL, at(4_200));
    let whole = meter.total(3, at(7_200));
    assert_eq!(
        (whole.watched, whole.available),
        (Micros::seconds(7_200), Micros::seconds(6_000))
    );
    let each: Vec<i64> = meter
        .hours()
        .map(|(_, hour)| hour.available.0 / 1_000_000)
        .collect();
    assert_eq!(each, [3_000, 3_000]);
}

#[test]
fn memory_is_bounded_in_hours_and_in_latencies() {
    let mut meter = Meter::new();
    meter.active(Share::ALL, at(0));
    for hour in 0..1_000 {
        meter.throw(&throw(true, 1), at(hour * 3_600));
    }
    meter.active(Share::ALL, at(100_000 * 3_600));
    assert_eq!(meter.hours().count(), HOURS_MAX);
    let mut latencies = Latencies::new();
    (0..10_000).for_each(|ms| latencies.push(Micros::millis(ms)));
    assert_eq!(latencies.len(), LATENCIES_MAX);
    assert_eq!(
        latencies.quantile(0.0),
        Some(Micros::millis(10_000 - 4_096))
    );
    assert_eq!(latencies.quantile(1.0), Some(Micros::millis(9_999)));
    let mut copy = Latencies::new();
    copy.merge(&latencies);
    copy.push(Micros::millis(10_000));
    assert_eq!(
        copy.quantile(0.0),
        Some(Micros::millis(10_000 - 4_095)),
        "the oldest goes first"
    );
}

#[test]
fn hours_saved_before_a_restart_count_again() {
    let mut before = Meter::new();
    before.throw(&throw(false, 1), at(10));
    let saved: Vec<Rollup> = before.hours().map(|(_, hour)| hour.clone()).collect();
    let mut after = Meter::new();
    after.recover(-1, &saved[0]);
    after.throw(&throw(true, 1), at(10));
    assert_eq!(
        after.report(2, at(20)).value(Kpi::CoordinationSuccessRate),
        Some(0.5)
    );
    assert_eq!(
        after.report(1, at(20)).value(Kpi::CoordinationSuccessRate),
        Some(1.0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn figures_do_not_depend_on_how_throws_are_rolled_up(
        spans in prop::collection::vec((0i64..5_000, any::<bool>()), 0..200),
        cut in 0usize..200,
    ) {
        let sum = |part: &[(i64, bool)]| {
            let mut rollup = Rollup::default();
            for (ms, quorum) in part {
                rollup.throw(&throw(*quorum, *ms));
            }
            rollup
        };
        let (left, right) = spans.split_at(cut.min(spans.len()));
        let mut merged = sum(right);
        merged.merge(&sum(left));
        prop_assert_eq!(Report::of(&merged), Report::of(&sum(&spans)));
    }
}
