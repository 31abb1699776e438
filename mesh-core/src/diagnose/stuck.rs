//! Tasks that run or wait longer than they should, and what they wait for.

use super::finding::{Cause, Evidence, Figure, Finding, FindingKind, Subject};
use super::survey::Survey;
use crate::operation::Operation;
use crate::operation::task::{Task, TaskState};
use crate::operation::word::Severity;
use crate::place::Class;
use crate::time::Micros;
use std::collections::BTreeSet;

/// Shorter than this nothing is stuck, however quick its peers are.
const STUCK_AFTER: Micros = Micros::seconds(60);
/// How many times longer than its peers a task is when it is stuck.
const TIMES_USUAL: f64 = 4.0;

/// Stuck tasks in the scope, without those whose agents `explained` names with a cause.
pub fn tasks(survey: &Survey<'_>, explained: &[Finding]) -> Vec<Finding> {
    let known: BTreeSet<&Subject> = explained
        .iter()
        .filter(|finding| finding.cause.is_some())
        .flat_map(|finding| &finding.subjects)
        .collect();
    survey
        .tasks
        .iter()
        .filter(|task| {
            task.at()
                .is_some_and(|at| !known.contains(&Subject::Agent(at)))
        })
        .filter_map(|task| stuck(survey, task))
        .collect()
}

fn stuck(survey: &Survey<'_>, task: &Task) -> Option<Finding> {
    let at = task.at()?;
    let class = survey.agents.get(&at)?.class;
    let here = task.in_state_for(survey.now);
    let waiting = task.waits_for().map(|wait| survey.now.since(wait.since));
    let limit = limit(survey, task, class);
    if !matches!(task.state(), TaskState::Queued | TaskState::Started)
        || here.max(waiting.unwrap_or(here)) < limit
    {
        return None;
    }
    let mut finding = Finding::about(
        FindingKind::StuckTask,
        Severity::Notice,
        [Subject::Task(task.id.clone()), Subject::Agent(at)],
    )
    .with(Evidence::new("task", Figure::Text(task.name.clone())))
    .with(Evidence::new("in this state", Figure::Span(here)).against(Figure::Span(limit)));
    if let Some(wait) = task.waits_for() {
        finding = finding
            .with(Evidence::new("waits for", Figure::Text(wait.detail.clone())).since(wait.since))
            .with(
                Evidence::new("waiting", Figure::Span(survey.now.since(wait.since)))
                    .since(wait.since),
            )
            .because(Cause::WaitsFor(wait.resource));
    }
    let reassign = Operation::Reassign {
        scope: None,
        task_id: Some(task.id.as_str().to_owned()),
        except: None,
        to: None,
    };
    Some(finding.helped_by([reassign]))
}

/// How long is too long: the class's longest work, or several times what its peers take, but never under a minute.
fn limit(survey: &Survey<'_>, task: &Task, class: Class) -> Micros {
    let longest = class.prior().work_max;
    let peers = survey
        .usual_wait
        .get(&task.requires)
        .map_or(longest, |usual| usual.scale(TIMES_USUAL));
    longest.min(peers.max(STUCK_AFTER)).max(STUCK_AFTER)
}
