//! Work that cannot succeed where it is: its agents lack the hardware, the class or the capability that it needs (§7.2).
//!
//! Tasks of the same requirement that are with agents of the same class, lacking the same, are one finding with one
//! cause. The remedy follows from the mesh: to whom the tasks can go, and whether the rule is wrong for the whole class
//! or only for these agents.

use super::finding::{Cause, Evidence, Figure, Finding, FindingKind, Lack, Subject};
use super::survey::Survey;
use crate::operation::resource::Resource;
use crate::operation::task::Task;
use crate::operation::view::AgentRow;
use crate::operation::word::{Grant, Severity};
use crate::operation::{Operation, Scopes};
use crate::place::{AgentId, Class};
use crate::time::Micros;
use std::collections::{BTreeMap, BTreeSet};

/// Tasks that a remedy moves singly at most; more go to the class as a whole and the router picks.
pub const MOVED_SINGLY_MAX: usize = 16;
/// A wait for hardware shorter than this may just be the worker's start (seconds).
const PATIENCE: Micros = Micros::seconds(10);

type Group<'a> = Vec<(&'a Task, AgentRow)>;

/// All of them.
pub fn mismatches(survey: &Survey<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(String, Class, u8), (Lack, Group<'_>)> = BTreeMap::new();
    for task in &survey.tasks {
        let Some(row) = task.at().and_then(|at| survey.agents.get(&at)) else {
            continue;
        };
        let Some((capability, lack)) = lack(survey, task, row) else {
            continue;
        };
        let key = (capability, row.class, order(lack));
        groups
            .entry(key)
            .or_insert_with(|| (lack, Vec::new()))
            .1
            .push((task, *row));
    }
    groups
        .into_iter()
        .map(|((capability, class, _), (lack, group))| {
            finding(survey, &capability, class, lack, &group)
        })
        .collect()
}

const fn order(lack: Lack) -> u8 {
    match lack {
        Lack::Hardware(resource) => resource as u8,
        Lack::Class => 254,
        Lack::Capability => 255,
    }
}

/// What the agent lacks for the task, if anything, and for which capability.
fn lack(survey: &Survey<'_>, task: &Task, row: &AgentRow) -> Option<(String, Lack)> {
    let capability = task.requires.clone()?;
    let waits_in_vain = task
        .waits_for()
        .filter(|wait| !row.hardware.has(wait.resource) && survey.now.since(wait.since) >= PATIENCE)
        .map(|wait| Lack::Hardware(wait.resource));
    let needs = || {
        let need = survey.view.need(&capability)?;
        match need.hardware {
            Some(resource) if !row.hardware.has(resource) => Some(Lack::Hardware(resource)),
            _ if !need.classes.has(row.class) => Some(Lack::Class),
            _ => None,
        }
    };
    let never_said = || (!survey.view.may_do(row.id, &capability)).then_some(Lack::Capability);
    let lack = waits_in_vain.or_else(needs).or_else(never_said)?;
    Some((capability, lack))
}

fn finding(
    survey: &Survey<'_>,
    capability: &str,
    class: Class,
    lack: Lack,
    group: &Group<'_>,
) -> Finding {
    let agents: BTreeSet<AgentId> = group.iter().map(|(_, row)| row.id).collect();
    let able = able(survey, capability, lack);
    let whole_class = lacks_everywhere(survey, class, lack);
    let subjects = agents.iter().map(|id| Subject::Agent(*id));
    let mut finding = Finding::about(FindingKind::CapabilityMismatch, Severity::Warning, subjects);
    for (task, row) in group.iter().take(super::SUBJECTS_MAX) {
        let of = |evidence: Evidence| evidence.of(Subject::Agent(row.id));
        finding = finding.with(of(Evidence::new("task", Figure::Text(task.name.clone()))));
        if let Some(z) = row.impedance {
            let usual = survey.usual(row.class).median;
            let evidence = Evidence::new("impedance", Figure::Impedance(z));
            finding = finding.with(of(
                evidence.against(Figure::Impedance(crate::unit::Impedance(usual)))
            ));
        }
        if let Some(wait) = task.waits_for() {
            let span = Figure::Span(survey.now.since(wait.since));
            finding = finding
                .with(of(Evidence::new(
                    "waits for",
                    Figure::Text(wait.detail.clone()),
                )
                .since(wait.since)))
                .with(of(Evidence::new("waiting", span).since(wait.since)));
        }
    }
    finding = finding.with(Evidence::new("class", Figure::Class(class)));
    if let Lack::Hardware(resource) = lack {
        finding = finding.with(Evidence::new("lacks", Figure::Resource(resource)));
    }
    finding = finding.with(Evidence::new(
        "agents able and free",
        Figure::Count(able.len() as u64),
    ));
    if let Some(best) = able.first() {
        finding = finding.with(Evidence::new("best of them", Figure::Agent(best.id)));
    }
    finding
        .because(Cause::WrongAgents {
            capability: capability.to_owned(),
            class,
            lacks: lack,
            whole_class,
        })
        .helped_by(remedy(
            survey,
            capability,
            class,
            lack,
            whole_class,
            group,
            &able,
        ))
}

/// Who can do it and takes work, quickest first.
fn able(survey: &Survey<'_>, capability: &str, lack: Lack) -> Vec<AgentRow> {
    let mut able: Vec<AgentRow> = capable(survey, capability, lack)
        .filter(AgentRow::takes_work)
        .filter(|row| {
            !survey
                .view
                .breakers()
                .any(|breaker| breaker.open && breaker.at.guards(row.id))
        })
        .collect();
    able.sort_by_key(|row| (row.impedance, row.id));
    able
}

/// Who can do it at all, however it is now.
fn capable<'a>(
    survey: &'a Survey<'_>,
    capability: &'a str,
    lack: Lack,
) -> impl Iterator<Item = AgentRow> + 'a {
    let need = survey.view.need(capability);
    survey
        .view
        .agents(&Scopes::all(), None)
        .filter(move |row| !matches!(lack, Lack::Hardware(resource) if !row.hardware.has(resource)))
        .filter(move |row| {
            need.is_none_or(|need| {
                need.classes.has(row.class) && need.hardware.is_none_or(|r| row.hardware.has(r))
            })
        })
        .filter(|row| survey.view.may_do(row.id, capability))
}

/// Whether no agent of the class has what these lack.
fn lacks_everywhere(survey: &Survey<'_>, class: Class, lack: Lack) -> bool {
    match lack {
        Lack::Class => true,
        Lack::Capability => false,
        Lack::Hardware(resource) => !survey
            .view
            .agents(&Scopes::class(class), None)
            .any(|row| row.hardware.has(resource)),
    }
}

fn remedy(
    survey: &Survey<'_>,
    capability: &str,
    class: Class,
    lack: Lack,
    whole_class: bool,
    group: &Group<'_>,
    able: &[AgentRow],
) -> Vec<Operation> {
    let agents: BTreeSet<AgentId> = group.iter().map(|(_, row)| row.id).collect();
    let mut steps = if able.is_empty() {
        make_able(survey, capability, lack)
    } else {
        moves(group, able)
    };
    // Where the agents never said that they can do it there is no rule to take back: the routing was wrong once.
    if lack != Lack::Capability {
        let scope = if whole_class {
            Some(Scopes::class(class))
        } else {
            Scopes::agents(agents.iter().copied())
        };
        steps.extend(scope.map(|scope| Operation::Capability {
            action: Grant::Revoke,
            scope,
            except: None,
            capability: capability.to_owned(),
        }));
    }
    // Those that were led around because of it are well again once the work is gone.
    let avoided = group
        .iter()
        .filter(|(_, row)| row.avoided)
        .map(|(_, row)| row.id)
        .collect::<BTreeSet<_>>();
    if !able.is_empty() {
        steps.extend(Scopes::agents(avoided).map(|scope| Operation::Restore {
            scope,
            except: None,
        }));
    }
    steps
}

/// The tasks to those who can do them: singly to the quickest while they are few.
fn moves(group: &Group<'_>, able: &[AgentRow]) -> Vec<Operation> {
    let to = |index: usize| {
        if group.len() <= MOVED_SINGLY_MAX {
            // In turn, so that the quickest does not get everything. There is at least one.
            Scopes::agent(able[index % able.len()].id)
        } else {
            Scopes::class(able[0].class)
        }
    };
    let reassign = |(index, (task, _)): (usize, &(&Task, AgentRow))| Operation::Reassign {
        scope: None,
        task_id: Some(task.id.as_str().to_owned()),
        except: None,
        to: Some(to(index)),
    };
    group.iter().enumerate().map(reassign).collect()
}

/// Nobody can do it now: heal those who could, or else add one that can.
fn make_able(survey: &Survey<'_>, capability: &str, lack: Lack) -> Vec<Operation> {
    let out: Vec<AgentId> = capable(survey, capability, lack)
        .map(|row| row.id)
        .take(super::SUBJECTS_MAX)
        .collect();
    if let Some(scope) = Scopes::agents(out) {
        return vec![Operation::Heal {
            scope,
            except: None,
        }];
    }
    let classes = survey.view.need(capability).map(|need| need.classes);
    let fits = |class: &Class| match (classes, lack) {
        (Some(classes), _) => classes.has(*class),
        (None, Lack::Hardware(Resource::GpuMemory)) => *class == Class::Gpu,
        (None, _) => false,
    };
    let class = Class::ALL.into_iter().find(fits);
    class
        .map(|class| Operation::Scale {
            add: Some(1),
            remove: None,
            class: Some(class),
            scope: None,
            except: None,
        })
        .into_iter()
        .collect()
}
