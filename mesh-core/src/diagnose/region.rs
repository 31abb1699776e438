//! Findings about clusters, sectors and the mesh: breakers, seats, queues, conflicts, drift.

use super::finding::{Cause, Evidence, Figure, Finding, FindingKind, Subject};
use super::survey::Survey;
use crate::operation::view::{BreakerAt, ClusterRow};
use crate::operation::word::Severity;
use crate::operation::{Operation, Scopes};
use crate::time::Micros;
use crate::trust::seat::Seat;
use crate::unit::Share;

/// Conflicts among answers at most (§11).
pub const CONFLICTS_MAX: f64 = 0.01;
/// Answers from which a rate means something: a hundred times one in a hundred.
const ANSWERS_MIN: u32 = 200;
/// A queue that grew by this factor in ten minutes, from at least [`QUEUE_MIN`].
const QUEUE_GROWTH: f32 = 2.0;
const QUEUE_MIN: u32 = 60;
/// A cluster whose mean is this many times what it was a day ago drifts.
const DRIFT: f32 = 1.5;
/// A mean below this drifts as it likes: the noise of the quickest classes is larger.
const DRIFT_FLOOR: Micros = Micros::millis(20);

/// All rules.
pub fn rules(survey: &Survey<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = breakers(survey);
    findings.extend(seats(survey));
    findings.extend(survey.clusters.iter().filter_map(queue));
    findings.extend(survey.clusters.iter().filter_map(conflict_rate));
    findings.extend(survey.clusters.iter().filter_map(drift));
    findings.extend(overdue(survey));
    findings
}

fn breakers(survey: &Survey<'_>) -> Vec<Finding> {
    let finding = |row: &crate::operation::view::BreakerRow| {
        let severity = match (row.open, row.at) {
            (true, BreakerAt::Mesh | BreakerAt::Sector(_)) => Severity::Critical,
            (true, BreakerAt::Cluster(_)) => Severity::Warning,
            (false, _) => Severity::Notice,
        };
        let limit = match row.at {
            // The thresholds of §6.2: agents in a cluster, agents in a sector, sectors in the mesh.
            BreakerAt::Cluster(_) => 5,
            BreakerAt::Sector(_) => 50,
            BreakerAt::Mesh => 10,
        };
        let failures = Evidence::new("failures", Figure::Count(u64::from(row.failures)));
        let open = Evidence::new(
            if row.open {
                "open for"
            } else {
                "half-open for"
            },
            Figure::Span(survey.now.since(row.since)),
        );
        let heal = row.open.then(|| Operation::Heal {
            scope: row.at.scope(),
            except: None,
        });
        Finding::about(
            FindingKind::BreakerOpen,
            severity,
            [Subject::Breaker(row.at)],
        )
        .with(failures.against(Figure::Count(limit)))
        .with(open.since(row.since))
        .helped_by(heal)
    };
    survey.breakers.iter().map(finding).collect()
}

fn seats(survey: &Survey<'_>) -> Vec<Finding> {
    let finding = |row: &crate::operation::view::SeatRow| {
        let vacant = row.holder.is_none();
        let (kind, severity) = match (vacant, row.seat) {
            (true, Seat::Orchestrator | Seat::Coordinator(_)) => {
                (FindingKind::SeatVacant, Severity::Critical)
            }
            (true, Seat::Lead(_)) => (FindingKind::SeatVacant, Severity::Warning),
            (false, _) => (FindingKind::SeatTakenOver, Severity::Info),
        };
        if !vacant && row.takeovers == 0 {
            return None;
        }
        let since =
            Evidence::new("so for", Figure::Span(survey.now.since(row.since))).since(row.since);
        let takeovers = Evidence::new(
            "takeovers in an hour",
            Figure::Count(u64::from(row.takeovers)),
        );
        let finding = Finding::about(kind, severity, [Subject::Seat(row.seat)])
            .with(since)
            .with(takeovers);
        Some(if vacant {
            finding.helped_by(promote(survey, row.seat))
        } else {
            finding
        })
    };
    survey.seats.iter().filter_map(finding).collect()
}

/// The most reliable active agent under a vacant seat takes it.
fn promote(survey: &Survey<'_>, seat: Seat) -> Option<Operation> {
    use crate::operation::word::SeatKind;
    let (scope, to) = match seat {
        Seat::Lead(id) => (Scopes::cluster(id), SeatKind::Lead),
        Seat::Coordinator(id) => (Scopes::sector(id), SeatKind::Coordinator),
        // A new orchestrator is not made from the console that it would serve.
        Seat::Orchestrator => return None,
    };
    let better = |row: &crate::operation::view::AgentRow| {
        (
            (row.reliability.value() * 1e6) as u64,
            core::cmp::Reverse((row.impedance, row.id)),
        )
    };
    let best = survey
        .view
        .agents(&scope, None)
        .filter(|row| row.takes_work() && row.host_up && !row.class.is_human())
        .max_by_key(better)?;
    Some(Operation::Promote {
        scope: Scopes::agent(best.id),
        except: None,
        to: Some(to),
    })
}

fn queue(row: &ClusterRow) -> Option<Finding> {
    let times = row.queue as f32 / row.queue_before.max(1) as f32;
    (row.queue >= QUEUE_MIN && times >= QUEUE_GROWTH).then(|| {
        let evidence = Evidence::new("queue", Figure::Count(u64::from(row.queue)));
        Finding::about(
            FindingKind::QueueGrowth,
            Severity::Notice,
            [Subject::Cluster(row.id)],
        )
        .with(evidence.against(Figure::Count(u64::from(row.queue_before))))
        .with(Evidence::new("in ten minutes", Figure::Times(times)))
        .because(Cause::Overload)
        .helped_by([Operation::Avoid {
            scope: Scopes::cluster(row.id),
            except: None,
            for_s: None,
        }])
    })
}

fn conflict_rate(row: &ClusterRow) -> Option<Finding> {
    let share = Share::of(row.conflicts as usize, row.answers as usize)?;
    (row.answers >= ANSWERS_MIN && share.value() > CONFLICTS_MAX).then(|| {
        let evidence = Evidence::new("conflicts", Figure::Share(share))
            .against(Figure::Share(Share::new(CONFLICTS_MAX)));
        Finding::about(
            FindingKind::ConflictRate,
            Severity::Warning,
            [Subject::Cluster(row.id)],
        )
        .with(evidence)
        .with(Evidence::new(
            "answers",
            Figure::Count(u64::from(row.answers)),
        ))
    })
}

/// A cluster that is much slower than it was a day ago.
pub fn drift(row: &ClusterRow) -> Option<Finding> {
    let times =
        (row.impedance.0.as_millis_f64() / row.impedance_before.0.as_millis_f64().max(1.0)) as f32;
    (row.impedance.0 >= DRIFT_FLOOR && row.impedance_before.0 > Micros::ZERO && times >= DRIFT)
        .then(|| {
            let evidence = Evidence::new("mean impedance", Figure::Impedance(row.impedance));
            Finding::about(
                FindingKind::ClusterDrift,
                Severity::Notice,
                [Subject::Cluster(row.id)],
            )
            .with(evidence.against(Figure::Impedance(row.impedance_before)))
            .with(Evidence::new("since yesterday", Figure::Times(times)))
        })
}

/// How long a conflict of each priority may stay open (§5.1): critical at once, high a minute, medium ten, low an hour.
const fn deadline(priority: u8) -> Option<Micros> {
    match priority {
        0 => None,
        1 => Some(Micros::seconds(3_600)),
        2 => Some(Micros::seconds(600)),
        3 => Some(Micros::seconds(60)),
        _ => Some(Micros::ZERO),
    }
}

/// Open conflicts past their deadline, those of one priority together.
pub fn overdue(survey: &Survey<'_>) -> Vec<Finding> {
    (1..=4u8)
        .rev()
        .filter_map(|priority| {
            let late = |at| deadline(priority).is_some_and(|limit| survey.now.since(at) > limit);
            let rows: Vec<_> = survey
                .conflicts
                .iter()
                .filter(|row| row.priority.min(4) == priority && late(row.at))
                .collect();
            let oldest = rows.iter().min_by_key(|row| row.at)?;
            let severity = if priority >= 3 {
                Severity::Critical
            } else {
                Severity::Notice
            };
            let open = Evidence::new("oldest open for", Figure::Span(survey.now.since(oldest.at)))
                .since(oldest.at);
            let resolve = Operation::Resolve {
                conflict_id: oldest.id.clone(),
                how: None,
            };
            let mut finding = Finding::about(
                FindingKind::ConflictOverdue,
                severity,
                rows.iter().map(|row| Subject::Agent(row.agent)),
            )
            .with(Evidence::new(
                "priority",
                Figure::Count(u64::from(priority)),
            ))
            .with(Evidence::new("type", Figure::Text(oldest.kind.into())));
            finding = match deadline(priority) {
                Some(limit) => finding.with(open.against(Figure::Span(limit))),
                None => finding.with(open),
            };
            Some(finding.helped_by([resolve]))
        })
        .collect()
}
