//! A run's report for people: the figures of §11 against their targets, and what was expected.

use mesh_core::guard::kpi::Kpi as Figure;
use mesh_node::drive::sim::{Kpi, Report};
use std::fmt::Write;

/// A row: what it is, its target, its value where there is one, whether more is better, how it is shown.
struct Row {
    name: &'static str,
    target: f64,
    value: Option<f64>,
    more: bool,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Share,
    Millis,
    Seconds,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.2} %", value * 100.0),
            Self::Millis => format!("{value:.1} ms"),
            Self::Seconds => format!("{value:.1} s"),
        }
    }
}

/// The report as text.
pub(super) fn of(report: &Report) -> String {
    let mut text = format!(
        "{} agents, {} s, seed {}: {} events in {:.1} s, {:.0} MB, state {}\n\n",
        thousands(report.agents as u64),
        report.seconds,
        report.seed,
        thousands(report.events),
        report.wall_s,
        report.peak_rss_mb,
        report.state_hash
    );
    line(&mut text, "figure", "target", "value", "met");
    for row in rows(&report.kpi) {
        let sign = if row.more { ">=" } else { "<=" };
        let target = format!("{sign} {}", row.unit.show(row.target));
        let value = row
            .value
            .map_or("-".to_owned(), |value| row.unit.show(value));
        let met = row.value.map(|value| {
            if row.more {
                value >= row.target
            } else {
                value <= row.target
            }
        });
        line(&mut text, row.name, &target, &value, word(met));
    }
    let _ = writeln!(
        text,
        "\n{} operations, {} broken invariants",
        thousands(report.kpi.operations as u64),
        report.violations
    );
    if report.verdicts.len() > 1 {
        text.push('\n');
        line(&mut text, "expected", "wanted", "found", "met");
        for verdict in &report.verdicts {
            line(
                &mut text,
                &verdict.what,
                &verdict.wanted,
                &verdict.found,
                word(Some(verdict.met)),
            );
        }
    }
    text
}

/// The figures of §11, then those that the specification's targets do not name.
fn rows(kpi: &Kpi) -> Vec<Row> {
    let operations = kpi.operations > 0;
    let of_operations = |value: f64| operations.then_some(value);
    let happened = |value: f64| (value > 0.0).then_some(value);
    let mut rows: Vec<Row> = Figure::ALL
        .into_iter()
        .map(|figure| {
            let (name, value, unit) = match figure {
                Figure::CoordinationSuccessRate => (
                    "operations reaching quorum",
                    of_operations(kpi.quorum_share),
                    Unit::Share,
                ),
                Figure::ArrivalWindowHitRate => (
                    "agents ready by T",
                    of_operations(kpi.in_window_share),
                    Unit::Share,
                ),
                Figure::ImpedancePredictionAccuracy => (
                    "within 50 ms of the prediction",
                    of_operations(kpi.within_50ms_share),
                    Unit::Share,
                ),
                Figure::ConflictRate => (
                    "answers that are conflicts",
                    of_operations(kpi.conflict_share),
                    Unit::Share,
                ),
                Figure::MeshAvailability => {
                    ("time with 95 % active", Some(kpi.availability), Unit::Share)
                }
                Figure::CascadeLatencyP95 => (
                    "cascade, 95th percentile",
                    of_operations(kpi.gather_p95_ms),
                    Unit::Millis,
                ),
                Figure::RecoveryCluster => (
                    "longest recovery of a cluster",
                    happened(kpi.recovery_cluster_s),
                    Unit::Seconds,
                ),
                Figure::RecoverySector => (
                    "longest recovery of a sector",
                    happened(kpi.recovery_sector_s),
                    Unit::Seconds,
                ),
            };
            let target = match unit {
                Unit::Millis => figure.target() * 1_000.0,
                Unit::Share | Unit::Seconds => figure.target(),
            };
            Row {
                name,
                target,
                value,
                more: figure.more_is_better(),
                unit,
            }
        })
        .collect();
    rows.push(Row {
        name: "agents skipped",
        target: 0.01,
        value: of_operations(kpi.skipped_share),
        more: false,
        unit: Unit::Share,
    });
    rows.push(Row {
        name: "release spread, 99th percentile",
        target: 10.0,
        value: happened(kpi.release_spread_p99_ms),
        more: false,
        unit: Unit::Millis,
    });
    rows
}

fn line(text: &mut String, first: &str, second: &str, third: &str, last: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{first:<34}{second:>16}  {third:>16}  {last}");
}

const fn word(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "-",
    }
}

/// 1234567 as 1,234,567.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_threes() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn what_did_not_happen_is_neither_met_nor_missed() {
        let rows = rows(&Kpi::default());
        assert!(
            rows.iter()
                .filter(|row| row.name != "time with 95 % active")
                .all(|row| row.value.is_none())
        );
        assert_eq!(rows.len(), 10);
    }
}
