//! The daily check of §10.1: its ten questions, each answered from the mesh with evidence.

use super::agent::slowness;
use super::finding::{Evidence, Figure, Finding, FindingKind, Subject};
use super::region::{drift, overdue};
use super::survey::Survey;
use crate::operation::word::{BackupAct, Severity};
use crate::operation::{Operation, Scopes, View};
use crate::time::Micros;
use crate::unit::Share;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A backup older than this is old: a day, and an hour to make it in.
pub const BACKUP_MAX: Micros = Micros::seconds(25 * 3_600);
/// More of the mesh coming or going in a day than this is churn worth a look.
pub const CHURN_MAX: f64 = 0.05;
/// Conflicts of one type among the open ones from which they are a pattern, and from how many on.
const PATTERN: (f64, usize) = (0.5, 10);
/// Conflicts that grew by this much from one day to the next are a trend.
const TREND: f64 = 1.5;

/// The questions, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Any breakers tripped?
    BreakersTripped,
    /// Do conflicts become more?
    ConflictTrend,
    /// Who came, who was lost?
    Churn,
    /// Any clusters drifting high?
    ClustersDrifting,
    /// Any agents slow?
    AgentsSlow,
    /// Any patterns in the conflicts?
    ConflictPatterns,
    /// Any critical ones unresolved?
    CriticalConflicts,
    /// Is the registry backed up?
    RegistryBackup,
    /// Is the conflict log?
    ConflictLogBackup,
    /// Are the snapshots of agents current?
    Snapshots,
}

/// A question's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Which.
    pub question: Question,
    /// Whether it is as it should be.
    pub good: bool,
    /// The figures that say so.
    pub evidence: Vec<Evidence>,
    /// What to do about it, where something is wrong.
    pub findings: Vec<Finding>,
}

/// All ten.
pub fn check(view: &dyn View) -> Vec<Answered> {
    let survey = Survey::of(&Scopes::all(), None, view);
    vec![
        breakers(&survey),
        trend(&survey),
        churn(&survey),
        drifting(&survey),
        slow(&survey),
        patterns(&survey),
        critical(&survey),
        backup(
            Question::RegistryBackup,
            survey.view.upkeep().registry_backup,
        ),
        backup(
            Question::ConflictLogBackup,
            survey.view.upkeep().conflict_log_backup,
        ),
        backup(Question::Snapshots, survey.view.upkeep().snapshots),
    ]
}

fn answered(question: Question, evidence: Vec<Evidence>, findings: Vec<Finding>) -> Answered {
    Answered {
        question,
        good: findings.is_empty(),
        evidence,
        findings,
    }
}

fn count(what: &str, count: usize) -> Evidence {
    Evidence::new(what, Figure::Count(count as u64))
}

fn breakers(survey: &Survey<'_>) -> Answered {
    let opened = survey.view.upkeep().breakers_opened as usize;
    let findings: Vec<_> = super::region::rules(survey)
        .into_iter()
        .filter(|finding| finding.kind == FindingKind::BreakerOpen)
        .collect();
    let evidence = vec![
        count("opened in a day", opened),
        count("not closed now", survey.breakers.len()),
    ];
    Answered {
        good: opened == 0 && findings.is_empty(),
        ..answered(Question::BreakersTripped, evidence, findings)
    }
}

fn trend(survey: &Survey<'_>) -> Answered {
    let upkeep = survey.view.upkeep();
    let (now, before) = (upkeep.conflicts, upkeep.conflicts_before);
    let evidence =
        vec![count("conflicts in a day", now as usize).against(Figure::Count(u64::from(before)))];
    let rises = f64::from(now) > f64::from(before.max(10)) * TREND;
    let finding = Finding::about(FindingKind::ConflictRate, Severity::Notice, [Subject::Mesh])
        .with(evidence[0].clone());
    answered(
        Question::ConflictTrend,
        evidence,
        rises.then_some(finding).into_iter().collect(),
    )
}

fn churn(survey: &Survey<'_>) -> Answered {
    let upkeep = survey.view.upkeep();
    let moved = (upkeep.joined + upkeep.lost) as usize;
    let share = Share::of(moved, survey.agents.len()).unwrap_or(Share::NONE);
    let evidence = vec![
        count("joined in a day", upkeep.joined as usize),
        count("lost in a day", upkeep.lost as usize),
    ];
    let much = Finding::about(FindingKind::Churn, Severity::Notice, [Subject::Mesh]).with(
        Evidence::new("of all agents", Figure::Share(share))
            .against(Figure::Share(Share::new(CHURN_MAX))),
    );
    answered(
        Question::Churn,
        evidence,
        (share.value() > CHURN_MAX)
            .then_some(much)
            .into_iter()
            .collect(),
    )
}

fn drifting(survey: &Survey<'_>) -> Answered {
    let findings: Vec<_> = survey
        .clusters
        .iter()
        .filter_map(drift)
        .take(super::FINDINGS_MAX)
        .collect();
    answered(
        Question::ClustersDrifting,
        vec![count("clusters drifting high", findings.len())],
        findings,
    )
}

fn slow(survey: &Survey<'_>) -> Answered {
    let slow = survey
        .agents
        .values()
        .filter(|row| slowness(survey, row).is_some())
        .count();
    let findings: Vec<_> = super::agent::rules(survey, &[])
        .into_iter()
        .filter(|finding| finding.kind == FindingKind::SlowAgent)
        .take(super::FINDINGS_MAX)
        .collect();
    answered(
        Question::AgentsSlow,
        vec![count("slow agents", slow)],
        findings,
    )
}

fn patterns(survey: &Survey<'_>) -> Answered {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &survey.conflicts {
        *kinds.entry(row.kind).or_insert(0) += 1;
    }
    let most = kinds.iter().max_by_key(|(_, count)| **count);
    let total = survey.conflicts.len();
    let pattern =
        most.filter(|(_, count)| total >= PATTERN.1 && **count as f64 >= PATTERN.0 * total as f64);
    let findings = pattern.map(|(kind, of)| {
        let agents = survey
            .conflicts
            .iter()
            .filter(|row| row.kind == *kind)
            .map(|row| Subject::Agent(row.agent));
        Finding::about(FindingKind::ConflictRate, Severity::Notice, agents)
            .with(Evidence::new("type", Figure::Text((*kind).into())))
            .with(count("of them", *of).against(Figure::Count(total as u64)))
    });
    answered(
        Question::ConflictPatterns,
        vec![count("open conflicts", total)],
        findings.into_iter().collect(),
    )
}

fn critical(survey: &Survey<'_>) -> Answered {
    let open = survey
        .conflicts
        .iter()
        .filter(|row| row.priority >= 4)
        .count();
    let findings: Vec<_> = overdue(survey)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Critical)
        .collect();
    Answered {
        good: open == 0,
        ..answered(
            Question::CriticalConflicts,
            vec![count("critical and open", open)],
            findings,
        )
    }
}

fn backup(question: Question, age: Option<Micros>) -> Answered {
    let evidence: Vec<_> = age
        .map(|age| Evidence::new("made ago", Figure::Span(age)).against(Figure::Span(BACKUP_MAX)))
        .into_iter()
        .collect();
    let old = age.is_none_or(|age| age > BACKUP_MAX);
    let finding = || {
        let finding = Finding::about(FindingKind::BackupOld, Severity::Warning, [Subject::Mesh]);
        let finding = evidence.iter().cloned().fold(finding, Finding::with);
        finding.helped_by([Operation::Backup {
            action: BackupAct::Make,
        }])
    };
    let findings = old.then(finding).into_iter().collect();
    answered(question, evidence, findings)
}
