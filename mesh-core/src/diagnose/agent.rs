//! Findings about single agents, gathered where one cause explains many.

use super::finding::{Cause, Evidence, Figure, Finding, FindingKind, Subject};
use super::survey::Survey;
use crate::operation::view::{AgentRow, HostId, QuarantineReason};
use crate::operation::word::Severity;
use crate::operation::{Operation, Scopes};
use crate::place::{AgentId, ClusterId, SectorId};
use crate::registry::State;
use crate::time::Micros;
use crate::unit::{Impedance, Share};
use std::collections::BTreeMap;

/// Z from which an agent is slow whatever its class (§4.2 counts those over 500 ms as anomalies).
pub const SLOW: Impedance = Impedance(Micros::millis(500));
/// Z from which it should have no new work (§4.1).
pub const VERY_SLOW: Impedance = Impedance(Micros::millis(800));
/// A spike: so many times its own average (§6.1).
pub const SPIKE: f32 = 2.0;
/// Slow for its class: so many times the class's median, with at least [`PEERS_MIN`] to compare with.
pub const OVER_CLASS: f32 = 4.0;
/// Peers needed before a class's median means anything.
pub const PEERS_MIN: usize = 8;
/// Below this an agent fails too often; a tenth of the traffic lost is what people notice.
pub const UNRELIABLE: f64 = 0.9;
/// The share of a host's, cluster's or sector's agents from which it is the common cause.
const COMMON: f64 = 0.8;

/// All rules; agents whom `explained` names are not called slow again.
pub fn rules(survey: &Survey<'_>, explained: &[Subject]) -> Vec<Finding> {
    let mut findings = slow(survey, explained);
    findings.extend(offline(survey));
    findings.extend(quarantined(survey));
    findings.extend(diverged(survey));
    findings.extend(unreliable(survey));
    findings.extend(clocks(survey));
    findings.extend(locked(survey));
    findings
}

/// Why an agent counts as slow: its worst measure, with what that is held against.
pub fn slowness(survey: &Survey<'_>, row: &AgentRow) -> Option<Evidence> {
    let z = row
        .impedance
        .filter(|_| !row.class.is_human() && row.state != State::Offline)?;
    let times =
        |of: Micros| (of > Micros::ZERO).then(|| (z.0.as_millis_f64() / of.as_millis_f64()) as f32);
    let figure = || Evidence::new("impedance", Figure::Impedance(z));
    if z >= SLOW {
        return Some(figure().against(Figure::Impedance(SLOW)));
    }
    if let Some(spike) = row
        .usual
        .and_then(|usual| times(usual.0))
        .filter(|times| *times > SPIKE)
    {
        return Some(figure().against(Figure::Times(spike)));
    }
    let typical = survey.usual(row.class);
    let over =
        times(typical.median).filter(|times| *times > OVER_CLASS && typical.count >= PEERS_MIN)?;
    Some(figure().against(Figure::Times(over)))
}

/// Slow agents, one finding for each cluster.
fn slow(survey: &Survey<'_>, explained: &[Subject]) -> Vec<Finding> {
    let mut clusters: BTreeMap<ClusterId, Vec<(AgentRow, Evidence)>> = BTreeMap::new();
    for row in survey
        .agents
        .values()
        .filter(|row| !explained.contains(&Subject::Agent(row.id)))
    {
        if let Some(evidence) = slowness(survey, row) {
            clusters
                .entry(row.id.cluster)
                .or_default()
                .push((*row, evidence.of(Subject::Agent(row.id))));
        }
    }
    clusters
        .into_values()
        .map(|mut rows| {
            rows.sort_by_key(|(row, _)| (core::cmp::Reverse(row.impedance), row.id));
            let worst = rows
                .first()
                .and_then(|(row, _)| row.impedance)
                .unwrap_or_default();
            let severity = if worst >= VERY_SLOW {
                Severity::Warning
            } else {
                Severity::Notice
            };
            let subjects = rows.iter().map(|(row, _)| Subject::Agent(row.id));
            let mut finding = Finding::about(FindingKind::SlowAgent, severity, subjects);
            let led_around = rows
                .iter()
                .filter(|(row, _)| !row.avoided)
                .map(|(row, _)| row.id);
            let avoid = Scopes::agents(led_around.take(super::SUBJECTS_MAX).collect::<Vec<_>>())
                .map(|scope| Operation::Avoid {
                    scope,
                    except: None,
                    for_s: None,
                });
            for (row, evidence) in rows.iter().take(super::SUBJECTS_MAX) {
                let queue = Evidence::new("queue", Figure::Count(u64::from(row.queue)))
                    .of(Subject::Agent(row.id));
                finding = finding.with(evidence.clone()).with(queue);
            }
            finding.helped_by(avoid)
        })
        .collect()
}

/// Agents that do not answer: those of a dead host, a whole cluster or sector together, then the rest by cluster.
fn offline(survey: &Survey<'_>) -> Vec<Finding> {
    let mut out: Vec<AgentRow> = survey
        .agents
        .values()
        .filter(|row| row.state == State::Offline)
        .copied()
        .collect();
    let mut findings = Vec::new();
    let sectors = totals(survey, |row| row.id.sector());
    let hosts = totals(survey, |row| row.host);
    let clusters = totals(survey, |row| row.id.cluster);
    take_common(
        &mut out,
        &sectors,
        |row| row.id.sector(),
        |id: SectorId| Subject::Sector(id),
        &mut findings,
    );
    take_common(
        &mut out,
        &hosts,
        |row| row.host,
        |id: HostId| Subject::Host(id),
        &mut findings,
    );
    take_common(
        &mut out,
        &clusters,
        |row| row.id.cluster,
        |id: ClusterId| Subject::Cluster(id),
        &mut findings,
    );
    let mut rest: BTreeMap<ClusterId, Vec<AgentRow>> = BTreeMap::new();
    for row in out {
        rest.entry(row.id.cluster).or_default().push(row);
    }
    findings.extend(rest.into_values().map(|rows| offline_finding(&rows, None)));
    findings
}

fn totals<K: Ord>(survey: &Survey<'_>, key: impl Fn(&AgentRow) -> K) -> BTreeMap<K, usize> {
    let mut totals = BTreeMap::new();
    for row in survey.view.agents(&Scopes::all(), None) {
        *totals.entry(key(&row)).or_insert(0) += 1;
    }
    totals
}

/// Takes those out of `out` whose host, cluster or sector is gone as a whole, as one finding each.
fn take_common<K: Ord + Copy>(
    out: &mut Vec<AgentRow>,
    totals: &BTreeMap<K, usize>,
    key: impl Fn(&AgentRow) -> K,
    subject: impl Fn(K) -> Subject,
    findings: &mut Vec<Finding>,
) {
    let mut groups: BTreeMap<K, Vec<AgentRow>> = BTreeMap::new();
    for row in out.iter() {
        groups.entry(key(row)).or_default().push(*row);
    }
    groups.retain(|key, rows| rows.len() > 1 && rows.len() as f64 >= COMMON * totals[key] as f64);
    out.retain(|row| !groups.contains_key(&key(row)));
    findings.extend(
        groups
            .into_iter()
            .map(|(key, rows)| offline_finding(&rows, Some(subject(key)))),
    );
}

fn offline_finding(rows: &[AgentRow], common: Option<Subject>) -> Finding {
    let severity = match (&common, rows.len()) {
        (Some(Subject::Sector(_)), _) => Severity::Critical,
        (Some(_), _) | (None, 6..) => Severity::Warning,
        (None, _) => Severity::Notice,
    };
    let first = rows.iter().map(|row| row.state_since).min();
    let subjects = common
        .clone()
        .into_iter()
        .chain(rows.iter().map(|row| Subject::Agent(row.id)));
    let mut finding = Finding::about(FindingKind::Offline, severity, subjects);
    finding.count = rows.len();
    let mut evidence = Evidence::new("agents offline", Figure::Count(rows.len() as u64));
    evidence.since = first;
    finding = finding.with(evidence);
    let hosts_down = rows.iter().filter(|row| !row.host_up).count();
    if hosts_down > 0 {
        finding = finding.with(Evidence::new(
            "of them on hosts that are gone",
            Figure::Count(hosts_down as u64),
        ));
    }
    let scope = match &common {
        Some(Subject::Sector(id)) => Some(Scopes::sector(*id)),
        Some(Subject::Cluster(id)) => Some(Scopes::cluster(*id)),
        _ => Scopes::agents(rows.iter().map(|row| row.id)),
    };
    let heal = scope.map(|scope| Operation::Heal {
        scope,
        except: None,
    });
    finding = finding.helped_by(heal);
    match common {
        Some(common) => finding.because(Cause::Common(common)),
        None => finding,
    }
}

/// Agents in quarantine, by cluster and reason.
fn quarantined(survey: &Survey<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(ClusterId, Option<QuarantineReason>), Vec<AgentRow>> =
        BTreeMap::new();
    for row in survey
        .agents
        .values()
        .filter(|row| row.state == State::Quarantined)
    {
        groups
            .entry((row.id.cluster, row.quarantine))
            .or_default()
            .push(*row);
    }
    groups
        .into_iter()
        .map(|((_, reason), rows)| {
            let severity = match reason {
                Some(
                    QuarantineReason::HashMismatch
                    | QuarantineReason::Identity
                    | QuarantineReason::Contradiction,
                ) => Severity::Warning,
                Some(QuarantineReason::ContextDivergence | QuarantineReason::Operator) | None => {
                    Severity::Notice
                }
            };
            let mut finding = Finding::about(
                FindingKind::Quarantined,
                severity,
                rows.iter().map(|row| Subject::Agent(row.id)),
            );
            finding = finding.with(Evidence::new(
                "because of",
                Figure::Text(
                    reason
                        .map_or("nothing recorded", QuarantineReason::word)
                        .into(),
                ),
            ));
            for row in rows
                .iter()
                .take(super::SUBJECTS_MAX)
                .filter(|row| row.context != row.context_wanted)
            {
                let evidence = Evidence::new("context", Figure::Context(row.context))
                    .against(Figure::Context(row.context_wanted));
                finding = finding.with(evidence.of(Subject::Agent(row.id)).since(row.state_since));
            }
            // Whom an operator or a contradiction put there, only a person lets out.
            let may_heal = matches!(
                reason,
                Some(QuarantineReason::ContextDivergence | QuarantineReason::HashMismatch)
            );
            let scope = Scopes::agents(rows.iter().map(|row| row.id)).filter(|_| may_heal);
            finding.helped_by(scope.map(|scope| Operation::Heal {
                scope,
                except: None,
            }))
        })
        .collect()
}

/// Agents that are not in quarantine yet and hold another context than they should.
fn diverged(survey: &Survey<'_>) -> Option<Finding> {
    let told = |row: &AgentRow| {
        row.context != row.context_wanted && matches!(row.state, State::Active | State::Degraded)
    };
    each(
        survey,
        FindingKind::ContextDivergence,
        Severity::Warning,
        told,
        |row| {
            Evidence::new("context", Figure::Context(row.context))
                .against(Figure::Context(row.context_wanted))
        },
        |scope| Operation::Heal {
            scope,
            except: None,
        },
    )
}

fn unreliable(survey: &Survey<'_>) -> Option<Finding> {
    let told = |row: &AgentRow| row.reliability.value() < UNRELIABLE && row.state != State::Offline;
    each(
        survey,
        FindingKind::Unreliable,
        Severity::Notice,
        told,
        |row| {
            Evidence::new("success", Figure::Share(row.reliability))
                .against(Figure::Share(Share::new(UNRELIABLE)))
        },
        |scope| Operation::Avoid {
            scope,
            except: None,
            for_s: None,
        },
    )
}

fn clocks(survey: &Survey<'_>) -> Option<Finding> {
    let told =
        |row: &AgentRow| !row.clock_usable && row.state != State::Offline && !row.class.is_human();
    each(
        survey,
        FindingKind::ClockUnusable,
        Severity::Notice,
        told,
        |row| Evidence::new("last beat", Figure::Span(survey.now.since(row.last_beat))),
        |scope| Operation::Ping {
            scope,
            except: None,
        },
    )
}

fn locked(survey: &Survey<'_>) -> Option<Finding> {
    let mut finding = each(
        survey,
        FindingKind::WeightsLocked,
        Severity::Warning,
        |row| row.weights_locked,
        |row| {
            Evidence::new(
                "impedance",
                Figure::Impedance(row.impedance.unwrap_or_default()),
            )
        },
        |scope| Operation::Calibrate {
            scope,
            except: None,
        },
    )?;
    // Measured by hand first, so that what is learnt from then on starts from what is true.
    if let Some(steps) = &mut finding.remedy {
        let unlock = steps
            .iter()
            .find_map(|step| step.scope().cloned())
            .map(|scope| Operation::Unlock {
                scope,
                except: None,
            });
        steps.extend(unlock);
    }
    Some(finding)
}

/// One finding for all agents of the scope that `told` picks.
fn each(
    survey: &Survey<'_>,
    kind: FindingKind,
    severity: Severity,
    told: impl Fn(&AgentRow) -> bool,
    evidence: impl Fn(&AgentRow) -> Evidence,
    remedy: impl Fn(Scopes) -> Operation,
) -> Option<Finding> {
    let rows: Vec<&AgentRow> = survey.agents.values().filter(|row| told(row)).collect();
    let ids: Vec<AgentId> = rows.iter().map(|row| row.id).collect();
    let scope = Scopes::agents(ids.iter().copied())?;
    let mut finding = Finding::about(kind, severity, ids.into_iter().map(Subject::Agent));
    for row in rows.into_iter().take(super::SUBJECTS_MAX) {
        finding = finding.with(evidence(row).of(Subject::Agent(row.id)));
    }
    Some(finding.helped_by([remedy(scope)]))
}
