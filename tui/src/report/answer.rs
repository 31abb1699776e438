//! The report of each answer: the short ones said here, the long ones by their subject.

use super::row::{REVIEW_COLUMNS, TASK_COLUMNS, review_row, task_row};
use super::{Report, Row, finding_lines, preview_lines, seconds, word};
use crate::theme::Role;
use mesh_core::operation::Answer;
use mesh_core::text::Foreign;
use mesh_core::time::Micros;

impl Report {
    /// The report of an answer.
    pub(crate) fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Status(status) => Self::status(status),
            Answer::Inspect(inspection) => Self::inspection(inspection),
            Answer::Rows(rows) => Self::rows(rows),
            Answer::Count { count } => Self::say(Role::Text, count.to_string()),
            Answer::Findings { findings } => Self::findings(findings),
            Answer::Trend(trend) => {
                let rows = trend.points.iter().enumerate().map(|(at, point)| {
                    let ago = Micros(trend.step.0 * (trend.points.len() - at) as i64);
                    Row::new(
                        Role::Text,
                        vec![
                            ago.to_string(),
                            point.map_or_else(|| "-".into(), |point| format!("{point:.1}")),
                        ],
                    )
                });
                Self::table(
                    &[("ago", true), (trend.metric.word(), true)],
                    rows.collect(),
                )
            }
            Answer::Health { checks } => {
                let rows = checks.iter().map(|check| {
                    let (role, mark) = if check.good {
                        (Role::Ok, "good")
                    } else {
                        (Role::Degraded, "LOOK")
                    };
                    let evidence: Vec<_> = check.evidence.iter().map(ToString::to_string).collect();
                    let mut detail = evidence.clone();
                    detail.extend(check.findings.iter().flat_map(finding_lines));
                    let offers = check
                        .findings
                        .iter()
                        .filter_map(|finding| finding.remedy.clone())
                        .flatten()
                        .collect();
                    Row::new(
                        role,
                        vec![word(&check.question), mark.into(), evidence.join(", ")],
                    )
                    .detail(detail)
                    .offers(offers)
                });
                Self::table(
                    &[("check", false), ("", false), ("evidence", false)],
                    rows.collect(),
                )
            }
            Answer::Kpis { kpis } => Self::kpis(kpis),
            Answer::Runbook { steps } => Self::runbook(steps),
            Answer::Task { task } => Self::table(TASK_COLUMNS, vec![task_row(task)])
                .also(Role::Dim, format!("task {}", task.id)),
            Answer::Plan(plan) => Self::plan(plan),
            Answer::WhatIf { preview, refusal } => {
                let mut report = Self::default();
                for line in preview_lines(preview) {
                    report = report.also(Role::Text, line);
                }
                match refusal {
                    Some(refusal) => report.also(Role::Degraded, refusal.to_string()),
                    None => report,
                }
            }
            Answer::Proof(sheet) => Self::proof(sheet),
            Answer::Pings { pings } => {
                let rows = pings.iter().map(|ping| {
                    let role = if ping.round_trip.is_some() {
                        Role::Text
                    } else {
                        Role::Offline
                    };
                    let or = |span: Option<Micros>, none: &str| {
                        span.map_or_else(|| none.to_owned(), |span| span.to_string())
                    };
                    Row::new(
                        role,
                        vec![
                            ping.agent.to_string(),
                            or(ping.round_trip, "no answer"),
                            or(ping.clock_bound, "-"),
                        ],
                    )
                });
                Self::table(
                    &[("agent", false), ("round trip", true), ("clock ±", true)],
                    rows.collect(),
                )
            }
            Answer::Verified { log, rows, altered } => match altered {
                None => Self::say(
                    Role::Ok,
                    format!(
                        "{} log: {rows} rows, each follows from the one before",
                        log.word()
                    ),
                ),
                Some(row) => Self::say(
                    Role::Open,
                    format!("{} log: row {row} of {rows} was ALTERED", log.word()),
                ),
            },
            Answer::Thrown(thrown) => Self::thrown(thrown),
            Answer::Asked(asked) => Self::asked(asked),
            Answer::Delegated {
                task,
                at,
                state,
                result,
                took,
            } => {
                let at = at.map_or_else(String::new, |at| format!(" at {at}"));
                let report =
                    Self::say(Role::Text, format!("task {task}{at}: {state} after {took}"));
                match result {
                    Some(result) => report.also(Role::Text, format!("result: {result}")),
                    None => report,
                }
            }
            Answer::Frozen(frozen) => Self::frozen(frozen),
            Answer::Healed { healed, healthy } => {
                let parts = [
                    (healed.seats, "seats filled"),
                    (healed.restarted, "agents restarted"),
                    (healed.replaced, "agents replaced"),
                    (healed.synced, "contexts synced"),
                    (healed.released, "agents let out of quarantine"),
                    (healed.reassigned, "tasks reassigned"),
                    (healed.breakers, "breakers reset"),
                    (healed.failed, "steps that did not work"),
                ];
                let report = if *healthy {
                    Self::say(Role::Ok, "well again")
                } else {
                    Self::say(Role::Degraded, "not well yet")
                };
                parts
                    .iter()
                    .filter(|(count, _)| *count > 0)
                    .fold(report, |report, (count, what)| {
                        report.also(Role::Text, format!("- {count} {what}"))
                    })
            }
            Answer::Review { item } => Self::table(REVIEW_COLUMNS, vec![review_row(item)]),
            Answer::Scheduled { id, at } => Self::say(
                Role::Ok,
                format!("scheduled as {} at {}", id.0, seconds(*at)),
            ),
            Answer::Unscheduled { kept } => Self::say(
                Role::Ok,
                format!("dropped {}: {}", kept.id.0, kept.operation.line()),
            ),
            Answer::Watching { id } => Self::say(
                Role::Ok,
                format!("watching as {id}; unwatch {id} forgets it"),
            ),
            Answer::Context(context) => {
                let mut report = Self::table(
                    &[("context", false), ("agents", true)],
                    context
                        .held
                        .iter()
                        .map(|(hash, agents)| {
                            Row::new(Role::Text, vec![format!("{hash:016x}"), agents.to_string()])
                        })
                        .collect(),
                );
                for (branch, head) in &context.branches {
                    report = report.also(
                        Role::Text,
                        format!("branch {} at {head}", Foreign::from(branch.as_str())),
                    );
                }
                let good = context
                    .known_good
                    .map_or_else(|| "none".into(), |good| good.to_string());
                report.also(Role::Dim, format!("known good: {good}"))
            }
            Answer::Keys(keys) => {
                let rows = keys.keys.iter().map(|key| {
                    let until = key.expires.map_or_else(|| "-".into(), seconds);
                    Row::new(
                        Role::Text,
                        vec![
                            Foreign::from(key.key.as_str()).to_string(),
                            key.holder.to_string(),
                            until,
                            Foreign::from(key.standing.as_str()).to_string(),
                        ],
                    )
                });
                let report = Self::table(
                    &[
                        ("key", false),
                        ("holder", false),
                        ("until", false),
                        ("standing", false),
                    ],
                    rows.collect(),
                );
                match &keys.token {
                    Some(token) => report.also(
                        Role::Accent,
                        format!("token, shown once: {}", Foreign::from(token.as_str())),
                    ),
                    None => report,
                }
            }
            Answer::Backup { ages, verified } => {
                let names = ["registry", "conflict log", "snapshots"];
                let rows = names.iter().zip(ages).map(|(name, age)| {
                    let (role, text) = age.map_or((Role::Degraded, "never".into()), |age| {
                        (Role::Text, format!("{age} ago"))
                    });
                    Row::new(role, vec![(*name).to_owned(), text])
                });
                let report = Self::table(&[("backup", false), ("last", false)], rows.collect());
                match verified {
                    Some(true) => report.also(Role::Ok, "read back, and right"),
                    Some(false) => report.also(Role::Open, "read back, and WRONG"),
                    None => report,
                }
            }
            Answer::Done {
                id,
                agents,
                tasks,
                undo,
            } => {
                let mut said = vec!["done".to_owned()];
                said.extend((*agents > 0).then(|| format!("{agents} agents")));
                said.extend((*tasks > 0).then(|| format!("{tasks} tasks")));
                let report = Self::say(Role::Ok, format!("{}   #{}", said.join(", "), id.0));
                if undo.is_empty() {
                    report
                } else {
                    report.also(
                        Role::Dim,
                        format!(
                            "undo: u, or :{}",
                            undo.iter()
                                .map(|line| Foreign::from(line.as_str()).to_string())
                                .collect::<Vec<_>>()
                                .join("; :")
                        ),
                    )
                }
            }
            Answer::Undone { line } => Self::say(
                Role::Ok,
                format!("taken back: {}", Foreign::from(line.as_str())),
            ),
            Answer::Ok => Self::say(Role::Ok, "ok"),
        }
    }
}
