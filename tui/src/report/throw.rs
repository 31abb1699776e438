//! Reports of what was sent to many agents: the plan of a cascade, how it went and its proof, what was asked, a freeze.

use super::{Report, Row, word};
use crate::theme::Role;
use mesh_core::operation::answer::{Asked, Frozen, Plan, SheetRef, Thrown};
use mesh_core::text::Foreign;
use mesh_core::unit::Share;

impl Report {
    pub(super) fn plan(plan: &Plan) -> Self {
        let counts = &plan.counts;
        let mut report = Self::say(
            Role::Title,
            format!(
                "{} targeted, {} READY by T, T in {}",
                counts.targeted, plan.ready, plan.until_t
            ),
        )
        .also(
            Role::Text,
            format!("can be fired for that T within {}", plan.fire_within),
        )
        .also(
            Role::Text,
            format!(
                "left out: {} skipped, {} unreachable",
                counts.skipped, counts.unreachable
            ),
        );
        if let Some(refusal) = &plan.refusal {
            report = report.also(Role::Degraded, refusal.to_string());
        }
        report.columns = vec![("agent", false), ("READY by T", true), ("why", false)];
        report.rows = plan
            .stragglers
            .iter()
            .map(|(agent, share)| {
                Row::new(
                    Role::Degraded,
                    vec![agent.to_string(), share.to_string(), "slow".into()],
                )
            })
            .chain(plan.skipped.iter().map(|skipped| {
                let lead = skipped
                    .lead
                    .map_or_else(String::new, |lead| format!(", needs {lead}"));
                Row::new(
                    Role::Dim,
                    vec![
                        skipped.agent.to_string(),
                        "-".into(),
                        format!("{}{lead}", word(&skipped.why)),
                    ],
                )
            }))
            .collect();
        report
    }

    pub(super) fn proof(sheet: &SheetRef) -> Self {
        let mut report = Self::say(
            Role::Title,
            format!(
                "throw {}: {}",
                Foreign::from(sheet.throw_id.as_str()),
                sheet.counts
            ),
        );
        if let Some(p90) = sheet.error_p90 {
            report = report.also(Role::Text, format!("prediction error p90 {p90}"));
        }
        if let Some((p99, bound)) = sheet.spread_p99 {
            report = report.also(
                Role::Text,
                format!("release spread p99 {p99} ± {bound}, as the agents' clocks tell it"),
            );
        }
        report = report.also(Role::Dim, format!("sheet {}", sheet.sheet.hex()));
        if let Some(written) = &sheet.written {
            report.lines.extend(
                written
                    .lines()
                    .map(|line| (Role::Text, Foreign::from(line).to_string())),
            );
        }
        report
    }

    pub(super) fn thrown(thrown: &Thrown) -> Self {
        let counts = &thrown.counts;
        let eligible = counts.targeted.saturating_sub(counts.skipped);
        let rate = Share::of(counts.ready as usize, eligible as usize).map_or_else(
            || "nobody could answer".into(),
            |share| format!("{share} of {eligible} eligible"),
        );
        let mut report = Self::say(
            Role::Title,
            format!(
                "{}: {} ready, {rate}, after {}",
                Foreign::from(thrown.decision.as_str()),
                counts.ready,
                thrown.took
            ),
        )
        .also(Role::Text, counts.to_string());
        if let Some(acknowledged) = thrown.acknowledged {
            report = report.also(Role::Text, format!("{acknowledged} acknowledged"));
        }
        if !thrown.stragglers.is_empty() {
            let names: Vec<_> = thrown
                .stragglers
                .iter()
                .take(12)
                .map(ToString::to_string)
                .collect();
            report = report.also(
                Role::Dim,
                format!(
                    "not in time: {}{}",
                    names.join(", "),
                    if thrown.stragglers.len() > 12 {
                        ", …"
                    } else {
                        ""
                    }
                ),
            );
        }
        report.also(
            Role::Dim,
            format!("proof {}", Foreign::from(thrown.throw_id.as_str())),
        )
    }

    pub(super) fn asked(asked: &Asked) -> Self {
        let mut report = Self::say(
            Role::Title,
            format!("{} of {} answered", asked.answered, asked.asked),
        );
        report.columns = vec![("agents", true), ("answer", false)];
        report.rows = asked
            .answers
            .iter()
            .map(|(text, count)| Row::new(Role::Text, vec![count.to_string(), text.to_string()]))
            .collect();
        if !asked.conflicts.is_empty() {
            report.rows.push(Row::new(
                Role::Conflict,
                vec![asked.conflicts.len().to_string(), "CONFLICT".into()],
            ));
        }
        report
    }

    pub(super) fn frozen(frozen: &Frozen) -> Self {
        let all = frozen.proven == frozen.agents;
        let role = if all { Role::Frozen } else { Role::Open };
        let mut report = Self::say(
            role,
            format!(
                "FROZEN, epoch {}: {} of {} proved that they have stopped",
                frozen.epoch, frozen.proven, frozen.agents
            ),
        );
        report = report.also(
            Role::Text,
            format!(
                "{} tasks wait; state saved to {}",
                frozen.tasks, frozen.saved
            ),
        );
        if !frozen.unproven.is_empty() {
            let names: Vec<_> = frozen
                .unproven
                .iter()
                .take(12)
                .map(ToString::to_string)
                .collect();
            report = report.also(
                Role::Open,
                format!(
                    "not proven stopped: {}{}",
                    names.join(", "),
                    if frozen.unproven.len() > 12 {
                        ", …"
                    } else {
                        ""
                    }
                ),
            );
        }
        report.also(Role::Dim, "to go on: thaw")
    }
}
