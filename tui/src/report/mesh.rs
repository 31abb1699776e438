//! Reports of how the mesh stands: its status, a place looked at, lists, findings, indicators and runbooks.

use super::row::{
    AGENT_COLUMNS, BREAKER_COLUMNS, CONFLICT_COLUMNS, OPERATION_COLUMNS, REGION_COLUMNS,
    REVIEW_COLUMNS, TASK_COLUMNS, agent_row, breaker_row, conflict_row, operation_row, region_row,
    review_row, task_row,
};
use super::{Report, Row, finding_lines, ms, seconds, word};
use crate::theme::Role;
use mesh_core::diagnose::{Finding, runbook};
use mesh_core::operation::answer::{Inspection, RowKind, Rows, Status};
use mesh_core::text::Foreign;
use mesh_core::time::Micros;
use mesh_core::unit::Share;

impl Report {
    pub(super) fn status(status: &Status) -> Self {
        let share =
            Share::of(status.active as usize, status.agents as usize).unwrap_or(Share::NONE);
        let last = status
            .last_cascade
            .map_or_else(|| "none yet".into(), |ago| format!("{ago} ago"));
        let lines = [
            format!(
                "Agents: {} / {} active ({share})",
                crate::view::grouped(u64::from(status.active)),
                crate::view::grouped(u64::from(status.agents))
            ),
            format!(
                "Sectors: {}/{} healthy",
                status.sectors_healthy, status.sectors
            ),
            format!(
                "Mean Impedance: {}",
                status
                    .impedance
                    .map_or_else(|| "-".into(), |z| format!("{}ms", (z.0.0 + 500) / 1_000))
            ),
            format!("Conflicts (last hour): {}", status.conflicts),
            format!("Mode: {}", Foreign::from(status.mode.as_str())),
            format!("Last cascade: {last}"),
        ];
        let mut report = Self {
            lines: lines.into_iter().map(|line| (Role::Text, line)).collect(),
            ..Self::default()
        };
        if status.frozen > 0 {
            report = report.also(
                Role::Frozen,
                format!("Frozen: {}", crate::view::grouped(u64::from(status.frozen))),
            );
        }
        if status.breakers != (0, 0) {
            report = report.also(
                Role::Open,
                format!(
                    "Breakers: {} open, {} half-open",
                    status.breakers.0, status.breakers.1
                ),
            );
        }
        if status.reviews > 0 {
            report = report.also(
                Role::Proposal,
                format!("Waiting for a person: {}", status.reviews),
            );
        }
        report
    }

    pub(super) fn inspection(inspection: &Inspection) -> Self {
        let [active, degraded, offline, quarantined] = inspection.states;
        let mut report = Self::say(
            Role::Title,
            format!(
                "{}: {active}/{} active",
                inspection.scope, inspection.agents
            ),
        );
        for (count, what) in [
            (degraded, "degraded"),
            (offline, "offline"),
            (quarantined, "in quarantine"),
            (inspection.avoided, "avoided"),
            (inspection.frozen, "frozen"),
        ] {
            if count > 0 {
                report = report.also(Role::Degraded, format!("- {count} {what}"));
            }
        }
        if let Some((now, usual)) = inspection.impedance {
            let usually = (usual.0.0 > 0).then(|| now.0.0 as f64 / usual.0.0 as f64);
            let said = match usually {
                Some(times) if times >= 2.0 => " (far above what is usual)",
                Some(times) if times >= 1.1 => " (slightly elevated)",
                _ => "",
            };
            report = report.also(
                Role::Text,
                format!("- mean impedance {} ms{said}", ms(Some(now))),
            );
        }
        for (reason, count) in &inspection.quarantine {
            report = report.also(
                Role::Conflict,
                format!("- {count} in quarantine: {}", reason.word()),
            );
        }
        for breaker in &inspection.breakers {
            report = report.also(Role::Open, format!("- breaker of {breaker} is not closed"));
        }
        if let Some(ago) = inspection.last_cascade {
            report = report.also(Role::Text, format!("- last successful cascade {ago} ago"));
        }
        for line in inspection.notable.iter().flat_map(finding_lines) {
            report = report.also(Role::Text, format!("! {line}"));
        }
        if !inspection.rows.is_empty() {
            report.columns = AGENT_COLUMNS.to_vec();
            report.rows = inspection.rows.iter().map(agent_row).collect();
        }
        report
    }

    pub(super) fn rows(rows: &Rows) -> Self {
        let total = rows.total;
        let report = match &rows.rows {
            RowKind::Agents(list) => {
                Self::table(AGENT_COLUMNS, list.iter().map(agent_row).collect())
            }
            RowKind::Clusters(list) => {
                Self::table(REGION_COLUMNS, list.iter().map(region_row).collect())
            }
            RowKind::Sectors(list) => {
                Self::table(REGION_COLUMNS, list.iter().map(region_row).collect())
            }
            RowKind::Conflicts(list) => {
                Self::table(CONFLICT_COLUMNS, list.iter().map(conflict_row).collect())
            }
            RowKind::Breakers(list) => {
                Self::table(BREAKER_COLUMNS, list.iter().map(breaker_row).collect())
            }
            RowKind::Tasks(list) => Self::table(TASK_COLUMNS, list.iter().map(task_row).collect()),
            RowKind::Reviews(list) => {
                Self::table(REVIEW_COLUMNS, list.iter().map(review_row).collect())
            }
            RowKind::Events(list) => {
                let rows = list.iter().map(|stamped| {
                    Row::new(
                        Role::Text,
                        vec![
                            seconds(stamped.at),
                            stamped.event.severity().word().to_owned(),
                            stamped.event.to_string(),
                        ],
                    )
                });
                Self::table(
                    &[("at", false), ("severity", false), ("event", false)],
                    rows.collect(),
                )
            }
            RowKind::Operations(list) => {
                Self::table(OPERATION_COLUMNS, list.iter().map(operation_row).collect())
            }
        };
        let shown = report.rows.len() as u64;
        match (total, shown) {
            (0, _) => report.also(Role::Dim, "none"),
            (total, shown) if shown < total => {
                report.also(Role::Dim, format!("{shown} of {total}"))
            }
            _ => report,
        }
    }

    pub(super) fn findings(findings: &[Finding]) -> Self {
        if findings.is_empty() {
            return Self::say(Role::Ok, "nothing is wrong there");
        }
        let mut report = Self::default();
        for finding in findings {
            for (at, line) in finding_lines(finding).into_iter().enumerate() {
                let role = match (at, finding.severity) {
                    (0, mesh_core::operation::word::Severity::Critical) => Role::Open,
                    (0, mesh_core::operation::word::Severity::Warning) => Role::Degraded,
                    _ => Role::Text,
                };
                report = report.also(role, line);
            }
        }
        report
    }

    pub(super) fn kpis(kpis: &[mesh_core::guard::kpi::Figure]) -> Self {
        let rows = kpis.iter().map(|figure| {
            let show = |value: f64| {
                if figure.kpi.is_time() {
                    Micros::from_millis_f64(value * 1_000.0).to_string()
                } else {
                    format!("{:.2}%", value * 100.0)
                }
            };
            let (role, met) = match figure.met {
                Some(true) => (Role::Ok, "met"),
                Some(false) => (Role::Open, "MISSED"),
                None => (Role::Dim, "nothing yet"),
            };
            let sign = if figure.kpi.more_is_better() {
                ">="
            } else {
                "<="
            };
            Row::new(
                role,
                vec![
                    word(&figure.kpi),
                    figure.value.map_or_else(|| "-".into(), show),
                    format!("{sign} {}", show(figure.target)),
                    met.into(),
                    crate::view::grouped(figure.of),
                ],
            )
        });
        Self::table(
            &[
                ("indicator", false),
                ("now", true),
                ("target", true),
                ("", false),
                ("over", true),
            ],
            rows.collect(),
        )
    }

    pub(super) fn runbook(steps: &[runbook::Step]) -> Self {
        let rows = steps.iter().enumerate().map(|(at, step)| {
            let (role, mark) = match step.checked {
                runbook::Checked::Good => (Role::Ok, "good"),
                runbook::Checked::Bad => (Role::Degraded, "LOOK"),
                runbook::Checked::Person => (Role::Accent, "you"),
            };
            let evidence: Vec<_> = step.evidence.iter().map(ToString::to_string).collect();
            let offer = step
                .offers
                .first()
                .map_or_else(String::new, |offer| format!(":{}", offer.line()));
            Row::new(
                role,
                vec![
                    (at + 1).to_string(),
                    word(&step.kind),
                    mark.into(),
                    evidence.join(", "),
                    offer,
                ],
            )
            .detail(evidence)
            .offers(step.offers.clone())
        });
        Self::table(
            &[
                ("", true),
                ("step", false),
                ("", false),
                ("evidence", false),
                ("would do", false),
            ],
            rows.collect(),
        )
    }
}
