//! An answer as something to be read: sentences, a table, sentences. Screens, conversation, command line and CSV show the
//! same report, each in its way.

use crate::state::talk::Line;
use crate::theme::Role;
use mesh_core::diagnose::{Finding, runbook};
use mesh_core::operation::answer::{
    AgentLine, Asked, BreakerLine, ConflictLine, Frozen, Inspection, OperationLine, Plan,
    RegionLine, RowKind, Rows, SheetRef, Status, Thrown,
};
use mesh_core::operation::preview::Preview;
use mesh_core::operation::review::{Item, Standing};
use mesh_core::operation::task::Task;
use mesh_core::operation::{Answer, Operation};
use mesh_core::text::Foreign;
use mesh_core::time::{Micros, WallTime};
use mesh_core::unit::{Impedance, Share};
use serde::Serialize;

/// A column: its head, and whether its numbers stand at the right.
pub(crate) type Column = (&'static str, bool);

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// In which role it is shown.
    pub(crate) role: Role,
    /// One text for each column.
    pub(crate) cells: Vec<String>,
    /// What else is known, a line each.
    pub(crate) detail: Vec<String>,
    /// What it offers to do.
    pub(crate) offers: Vec<Operation>,
}

/// An answer to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Report {
    /// Before the table.
    pub(crate) lines: Vec<Line>,
    /// The table's columns.
    pub(crate) columns: Vec<Column>,
    /// Its rows.
    pub(crate) rows: Vec<Row>,
}

impl Row {
    fn new(role: Role, cells: Vec<String>) -> Self {
        Self {
            role,
            cells,
            detail: Vec::new(),
            offers: Vec::new(),
        }
    }

    fn detail(mut self, lines: Vec<String>) -> Self {
        self.detail = lines;
        self
    }

    fn offers(mut self, offers: Vec<Operation>) -> Self {
        self.offers = offers;
        self
    }
}

/// A value's own word, as its JSON says it: `coordination_success_rate` becomes `coordination success rate`.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    let text = match &json {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(object) => {
            object
                .iter()
                .next()
                .map_or_else(String::new, |(key, inner)| {
                    let inner = match inner {
                        serde_json::Value::String(text) => text.clone(),
                        serde_json::Value::Number(number) => number.to_string(),
                        _ => String::new(),
                    };
                    format!("{key} {inner}").trim_end().to_owned()
                })
        }
        other => other.to_string(),
    };
    Foreign::from(text.replace('_', " ")).to_string()
}

fn ms(z: Option<Impedance>) -> String {
    z.map_or_else(|| "-".into(), |z| ((z.0.0 + 500) / 1_000).to_string())
}

fn seconds(wall: WallTime) -> String {
    jiff::Timestamp::from_microsecond(wall.0).map_or_else(
        |_| wall.0.to_string(),
        |stamp| stamp.strftime("%F %TZ").to_string(),
    )
}

impl Report {
    fn say(role: Role, text: impl Into<String>) -> Self {
        Self {
            lines: vec![(role, text.into())],
            ..Self::default()
        }
    }

    fn table(columns: &[Column], rows: Vec<Row>) -> Self {
        Self {
            lines: Vec::new(),
            columns: columns.to_vec(),
            rows,
        }
    }

    fn also(mut self, role: Role, text: impl Into<String>) -> Self {
        self.lines.push((role, text.into()));
        self
    }

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

    fn status(status: &Status) -> Self {
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

    fn inspection(inspection: &Inspection) -> Self {
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

    fn rows(rows: &Rows) -> Self {
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

    fn findings(findings: &[Finding]) -> Self {
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

    fn kpis(kpis: &[mesh_core::guard::kpi::Figure]) -> Self {
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

    fn runbook(steps: &[runbook::Step]) -> Self {
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

    fn plan(plan: &Plan) -> Self {
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

    fn proof(sheet: &SheetRef) -> Self {
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

    fn thrown(thrown: &Thrown) -> Self {
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

    fn asked(asked: &Asked) -> Self {
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

    fn frozen(frozen: &Frozen) -> Self {
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

    /// As lines of text, the table set out in columns of at most `width` cells.
    pub(crate) fn text(&self, width: u16) -> Vec<Line> {
        let mut lines = self.lines.clone();
        if self.rows.is_empty() {
            return lines;
        }
        let widths = self.widths(width);
        if self.columns.iter().any(|(head, _)| !head.is_empty()) {
            let heads: Vec<_> = self
                .columns
                .iter()
                .map(|(head, _)| (*head).to_owned())
                .collect();
            lines.push((Role::Dim, self.set(&heads, &widths)));
        }
        lines.extend(
            self.rows
                .iter()
                .map(|row| (row.role, self.set(&row.cells, &widths))),
        );
        lines
    }

    /// What each column gets of `width` cells: what it needs, the last one what is left.
    pub(crate) fn widths(&self, width: u16) -> Vec<u16> {
        let need = |at: usize| {
            let cells = self
                .rows
                .iter()
                .filter_map(|row| row.cells.get(at))
                .map(|cell| crate::view::width(cell));
            cells
                .max()
                .unwrap_or(0)
                .max(crate::view::width(self.columns[at].0))
        };
        let mut left = width;
        (0..self.columns.len())
            .map(|at| {
                let mine = need(at).min(left);
                left = left.saturating_sub(mine + 2);
                mine
            })
            .collect()
    }

    /// One row in columns.
    pub(crate) fn set(&self, cells: &[String], widths: &[u16]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, right)) in cells.iter().zip(widths).zip(&self.columns) {
            let cell = crate::view::fit(cell, *width, false);
            let pad = " ".repeat(usize::from(width.saturating_sub(crate::view::width(&cell))));
            let (before, after) = if *right {
                (pad.as_str(), "")
            } else {
                ("", pad.as_str())
            };
            line.push_str(before);
            line.push_str(&cell);
            line.push_str(after);
            line.push_str("  ");
        }
        line.truncate(line.trim_end().len());
        line
    }
}

const AGENT_COLUMNS: &[Column] = &[
    ("agent", false),
    ("class", false),
    ("state", false),
    ("z ms", true),
    ("queue", true),
    ("rel", true),
    ("drift", true),
    ("beat", true),
    ("task", false),
    ("context", false),
    ("marks", false),
];

fn agent_row(line: &AgentLine) -> Row {
    let mut marks = Vec::new();
    marks.extend(line.avoided.then_some("avoided"));
    marks.extend(line.frozen.then_some("frozen"));
    let role = match line.state {
        mesh_core::registry::State::Active => Role::Text,
        mesh_core::registry::State::Degraded => Role::Degraded,
        mesh_core::registry::State::Offline => Role::Offline,
        mesh_core::registry::State::Quarantined => Role::Conflict,
    };
    Row::new(
        role,
        vec![
            line.id.to_string(),
            line.class.to_string(),
            line.state.to_string(),
            ms(line.impedance),
            line.queue.to_string(),
            line.reliability.to_string(),
            format!("{:.2}", line.drift),
            line.beat.to_string(),
            line.task
                .as_ref()
                .map_or_else(|| "-".into(), ToString::to_string),
            format!("{:016x}", line.context),
            marks.join(" "),
        ],
    )
}

const REGION_COLUMNS: &[Column] = &[
    ("place", false),
    ("agents", true),
    ("active", true),
    ("z ms", true),
    ("p95 ms", true),
    ("queue", true),
    ("conflicts/h", true),
    ("breaker", false),
];

fn region_row<Id: ToString>(line: &RegionLine<Id>) -> Row {
    let role = if !line.closed {
        Role::Open
    } else if line.active * 20 <= line.agents * 19 {
        Role::Degraded
    } else {
        Role::Text
    };
    Row::new(
        role,
        vec![
            line.id.to_string(),
            line.agents.to_string(),
            line.active.to_string(),
            ms(line.impedance),
            ms(line.impedance_p95),
            line.queue.to_string(),
            line.conflicts.to_string(),
            if line.closed { "closed" } else { "not closed" }.into(),
        ],
    )
}

const CONFLICT_COLUMNS: &[Column] = &[
    ("p", true),
    ("conflict", false),
    ("type", false),
    ("agent", false),
    ("age", true),
    ("settled", false),
];

fn conflict_row(line: &ConflictLine) -> Row {
    let role = match (line.settled.is_some(), line.priority) {
        (true, _) => Role::Dim,
        (false, 4..) => Role::Open,
        (false, 3) => Role::Degraded,
        (false, _) => Role::Text,
    };
    let id = Foreign::from(line.id.as_str()).to_string();
    let settle = Operation::from_line(&format!("resolve {}", line.id)).ok();
    Row::new(
        role,
        vec![
            line.priority.to_string(),
            id,
            Foreign::from(line.kind.as_str()).to_string(),
            line.agent.to_string(),
            line.age.to_string(),
            line.settled
                .as_deref()
                .map_or_else(|| "open".into(), |how| Foreign::from(how).to_string()),
        ],
    )
    .detail(vec![
        format!("expected  {}", line.expected),
        format!("received  {}", line.received),
    ])
    .offers(
        settle
            .into_iter()
            .filter(|_| line.settled.is_none())
            .collect(),
    )
}

const BREAKER_COLUMNS: &[Column] = &[
    ("breaker", false),
    ("state", false),
    ("for", true),
    ("failures", true),
];

fn breaker_row(line: &BreakerLine) -> Row {
    let (role, state) = if line.open {
        (Role::Open, "OPEN")
    } else {
        (Role::HalfOpen, "HALF_OPEN")
    };
    let reset = Operation::Reset {
        scope: line.at.scope(),
        except: None,
    };
    Row::new(
        role,
        vec![
            line.at.to_string(),
            state.into(),
            line.age.to_string(),
            line.failures.to_string(),
        ],
    )
    .offers(vec![reset])
}

const TASK_COLUMNS: &[Column] = &[
    ("task", false),
    ("state", false),
    ("at", false),
    ("p", true),
    ("what", false),
    ("waits for", false),
];

fn task_row(task: &Task) -> Row {
    use mesh_core::operation::task::TaskState;
    let role = match task.state() {
        TaskState::Done => Role::Ok,
        TaskState::Failed | TaskState::Expired => Role::Slow,
        TaskState::Accepted | TaskState::Queued | TaskState::Started => Role::Text,
    };
    let waits = task
        .waits_for()
        .map_or_else(|| "-".into(), |wait| word(&wait.resource));
    let mut detail = vec![
        format!("task      {}", task.id),
        format!("deadline  {}", seconds(task.deadline)),
        format!("runs      {}", task.runs()),
    ];
    detail.extend(
        task.outcome()
            .map(|outcome| format!("outcome   {}", word(outcome))),
    );
    let cancel = Operation::from_line(&format!("cancel task {}", task.id.as_str()))
        .ok()
        .filter(|_| !task.state().is_final());
    Row::new(
        role,
        vec![
            task.id.to_string(),
            task.state().to_string(),
            task.at().map_or_else(|| "-".into(), |at| at.to_string()),
            task.priority.to_string(),
            task.name.to_string(),
            waits,
        ],
    )
    .detail(detail)
    .offers(cancel.into_iter().collect())
}

const REVIEW_COLUMNS: &[Column] = &[
    ("review", true),
    ("p", true),
    ("question", false),
    ("from", false),
    ("until", false),
    ("state", false),
];

fn review_row(item: &Item) -> Row {
    let (role, state) = match &item.state {
        Standing::Open => (Role::Proposal, "open".to_owned()),
        Standing::Approved(by) => (
            Role::Ok,
            format!("approved by {}", Foreign::from(by.as_str())),
        ),
        Standing::Rejected(by) => (
            Role::Dim,
            format!("rejected by {}", Foreign::from(by.as_str())),
        ),
        Standing::Expired => (Role::Dim, "expired".into()),
    };
    let mut detail = vec![item.question.to_string()];
    detail.extend(
        item.operation
            .iter()
            .map(|operation| format!("would do  :{}", operation.line())),
    );
    detail.extend(
        item.comments
            .iter()
            .map(|comment| format!("{}: {}", Foreign::from(comment.by.as_str()), comment.text)),
    );
    let approve = Operation::from_line(&format!("review approve {}", item.id.0)).ok();
    Row::new(
        role,
        vec![
            item.id.0.to_string(),
            item.priority.to_string(),
            item.question.to_string(),
            word(&item.from),
            item.deadline.map_or_else(|| "-".into(), seconds),
            state,
        ],
    )
    .detail(detail)
    .offers(
        approve
            .into_iter()
            .filter(|_| item.state == Standing::Open)
            .collect(),
    )
}

const OPERATION_COLUMNS: &[Column] = &[
    ("at", false),
    ("by", false),
    ("from", false),
    ("operation", false),
    ("result", false),
];

fn operation_row(line: &OperationLine) -> Row {
    Row::new(
        Role::Text,
        vec![
            seconds(line.at),
            line.by.to_string(),
            line.from.to_string(),
            line.operation.line(),
            line.result.to_string(),
        ],
    )
}

/// A finding in lines: what and whom, on what it rests, why, what would help.
pub(crate) fn finding_lines(finding: &Finding) -> Vec<String> {
    let names: Vec<_> = finding
        .subjects
        .iter()
        .take(6)
        .map(ToString::to_string)
        .collect();
    let more = if finding.count > names.len() {
        format!(" and {} more", finding.count - names.len())
    } else {
        String::new()
    };
    let mut lines = vec![format!(
        "{}: {}{more}",
        word(&finding.kind),
        names.join(", ")
    )];
    if !finding.evidence.is_empty() {
        let evidence: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
        lines.push(format!("  evidence: {}", evidence.join(", ")));
    }
    lines.extend(
        finding
            .cause
            .as_ref()
            .map(|cause| format!("  cause: {}", word(cause))),
    );
    if let Some(remedy) = &finding.remedy {
        let steps: Vec<_> = remedy
            .iter()
            .map(|step| format!(":{}", step.line()))
            .collect();
        lines.push(format!("  would help: {}", steps.join("  ")));
    }
    lines
}

/// Whom an operation would touch, and what it would do.
pub(crate) fn preview_lines(preview: &Preview) -> Vec<String> {
    let mut lines = vec![format!(
        "scope    {} agents in {} sectors, {} clusters; {} active{}",
        crate::view::grouped(preview.agents as u64),
        preview.sectors.len(),
        preview.clusters,
        crate::view::grouped(preview.active as u64),
        if preview.already > 0 {
            format!("; {} are so already", preview.already)
        } else {
            String::new()
        }
    )];
    let effects: Vec<_> = preview.effects.iter().map(word).collect();
    if !effects.is_empty() {
        lines.push(format!("effect   {}", effects.join(", ")));
    }
    if preview.tasks > 0 {
        lines.push(format!("tasks    {} open there", preview.tasks));
    }
    for capacity in &preview.capacity {
        lines.push(format!(
            "capacity {}: {} take work now, {} would",
            capacity.class, capacity.now, capacity.after
        ));
    }
    lines
}
