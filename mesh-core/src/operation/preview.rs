//! Who an operation would touch and what it would do to them, without doing it (`what_if`, and every proposal).
//!
//! Whoever carries an operation out takes its targets from [`targets`] and its steps from [`super::heal`] and
//! [`super::scale`]; the preview counts what comes out of the same calls, so the two cannot differ.

use super::heal;
use super::kind::Operation;
use super::scale::{self, Leaving, ScaleError, Scaling};
use super::scope::Scopes;
use super::view::{AgentRow, BreakerAt, View};
use super::word::{ContextAct, Grant, SeatKind};
use crate::place::{AgentId, Class, ClusterId, SectorId, Shape};
use crate::registry::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Agents named in a preview at most: one screen.
pub const NAMES_MAX: usize = 30;

/// What would happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The agents that it is meant for.
    pub agents: usize,
    /// Of those, the ones that are so already and would not change.
    pub already: usize,
    /// Of each class, A to F.
    pub by_class: [u32; 6],
    /// Those that are active now.
    pub active: usize,
    /// The sectors that they sit in.
    pub sectors: Vec<SectorId>,
    /// How many clusters they sit in.
    pub clusters: usize,
    /// The first of them by name, at most [`NAMES_MAX`].
    pub names: Vec<AgentId>,
    /// Open tasks that they have.
    pub tasks: usize,
    /// What would be done.
    pub effects: Vec<Effect>,
    /// Classes of which less would be left to work, where capacity is taken away.
    pub capacity: Vec<Capacity>,
    /// Its inverse as a command line, where it has one.
    pub undo: Option<String>,
}

/// How much of a class would be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Which.
    pub class: Class,
    /// Agents that take work now.
    pub now: u32,
    /// Agents that would.
    pub after: u32,
}

/// One thing that would be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing changes: it looks, or it concerns the console.
    Looks,
    /// Traffic is led around so many.
    RoutedAround(usize),
    /// Traffic is led to so many again.
    RoutedAgain(usize),
    /// So many stop, and so many tasks wait with them.
    Stopped {
        /// Agents.
        agents: usize,
        /// Tasks.
        tasks: usize,
    },
    /// So many go on.
    Continued(usize),
    /// So many are isolated.
    Isolated(usize),
    /// So many are let out.
    LetOut(usize),
    /// These breakers open.
    BreakersOpened(Vec<BreakerAt>),
    /// These breakers are probed and close if that goes well.
    BreakersProbed(Vec<BreakerAt>),
    /// So many receive something.
    Sent(usize),
    /// So many of those could be asked.
    Asked {
        /// How many.
        sample: usize,
        /// Of how many.
        of: usize,
    },
    /// A task goes to one of so many.
    Delegated {
        /// How many could take it.
        candidates: usize,
    },
    /// So many tasks go to one of so many agents.
    TasksMoved {
        /// Tasks.
        tasks: usize,
        /// Agents that could take them.
        candidates: usize,
    },
    /// So many tasks end.
    TasksEnded(usize),
    /// So many agents gain or lose a capability.
    Rule {
        /// Whether they gain it.
        granted: bool,
        /// How many.
        agents: usize,
    },
    /// An agent's node gets a seat.
    Seated {
        /// Which agent.
        agent: AgentId,
        /// Which kind of seat.
        seat: SeatKind,
    },
    /// These recovery steps.
    Heals(Vec<heal::Step>),
    /// These placements.
    Places(Scaling),
    /// These leave.
    Leaves(Vec<Leaving>),
    /// So many move to other clusters.
    Moves(usize),
    /// So many are measured afresh.
    Calibrated(usize),
    /// So many learn again.
    Unlocked(usize),
    /// So many fetch their context again.
    ContextReloaded(usize),
    /// Something of the mesh as a whole: keys, backups, reviews, schedules, conflicts, context heads.
    Kept,
    /// This, later.
    Later(Box<Preview>),
    /// It cannot be done.
    Impossible(String),
}

/// The agents that an operation is meant for: what it is carried out on.
pub fn targets(operation: &Operation, view: &dyn View) -> Vec<AgentRow> {
    let scope = match operation.scope() {
        Some(scope) => scope.clone(),
        // Where a scope may be left out the whole mesh is meant, unless a task says where.
        None if operation.row().arg("scope").is_some() && task_of(operation).is_none() => {
            Scopes::all()
        }
        None => match task_of(operation)
            .and_then(|id| view.tasks().find(|task| task.id.as_str() == id)?.at())
        {
            Some(at) => Scopes::agent(at),
            None => return Vec::new(),
        },
    };
    view.agents(&scope, operation.except()).collect()
}

const fn task_of(operation: &Operation) -> Option<&String> {
    match operation {
        Operation::Reassign { task_id, .. } | Operation::Cancel { task_id, .. } => task_id.as_ref(),
        _ => None,
    }
}

/// What `operation` would do to the mesh of `view`.
pub fn preview(operation: &Operation, shape: Shape, view: &dyn View) -> Preview {
    let rows = targets(operation, view);
    let named: BTreeSet<AgentId> = rows.iter().map(|row| row.id).collect();
    let tasks = match task_of(operation) {
        Some(id) => view.tasks().filter(|task| task.id.as_str() == id).count(),
        None => view
            .tasks()
            .filter(|task| task.at().is_some_and(|at| named.contains(&at)))
            .count(),
    };
    let clusters: BTreeSet<ClusterId> = named.iter().map(|id| id.cluster).collect();
    let sectors: BTreeSet<SectorId> = clusters.iter().map(|id| id.sector).collect();
    let mut by_class = [0; 6];
    for row in &rows {
        by_class[row.class as usize] += 1;
    }
    Preview {
        agents: rows.len(),
        already: rows.iter().filter(|row| is_so(operation, row)).count(),
        by_class,
        active: rows.iter().filter(|row| row.state == State::Active).count(),
        sectors: sectors.into_iter().collect(),
        clusters: clusters.len(),
        names: named.iter().copied().take(NAMES_MAX).collect(),
        tasks,
        effects: effects(operation, shape, view, &rows, tasks),
        capacity: capacity(operation, view, &rows),
        undo: operation.inverse().map(|inverse| inverse.line()),
    }
}

/// Whether an agent is already as the operation would make it.
fn is_so(operation: &Operation, row: &AgentRow) -> bool {
    match operation {
        Operation::Avoid { .. } => row.avoided,
        Operation::Restore { .. } => !row.avoided,
        Operation::Freeze { .. } => row.frozen,
        Operation::Thaw { .. } => !row.frozen,
        Operation::Quarantine { .. } => row.state == State::Quarantined,
        Operation::Release { .. } => row.state != State::Quarantined,
        Operation::Unlock { .. } => !row.weights_locked,
        // The rest sets no level that an agent could be at already.
        _ => false,
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "an arm for each operation; taken apart it would no longer read as a table"
)]
fn effects(
    operation: &Operation,
    shape: Shape,
    view: &dyn View,
    rows: &[AgentRow],
    tasks: usize,
) -> Vec<Effect> {
    let changed = rows.iter().filter(|row| !is_so(operation, row)).count();
    let reachable = rows
        .iter()
        .filter(|row| row.state != State::Offline && !row.frozen)
        .count();
    let candidates = |to: &Option<Scopes>, requires: Option<&str>| {
        let scope = to.clone().unwrap_or_else(Scopes::all);
        view.agents(&scope, None)
            .filter(AgentRow::takes_work)
            .filter(|row| requires.is_none_or(|capability| view.may_do(row.id, capability)))
            .count()
    };
    let scaled = |plan: Result<Effect, ScaleError>| {
        plan.unwrap_or_else(|error| Effect::Impossible(error.to_string()))
    };
    let everywhere = Scopes::all();
    vec![match operation {
        Operation::Avoid { .. } => Effect::RoutedAround(changed),
        Operation::Restore { .. } => Effect::RoutedAgain(changed),
        Operation::Freeze { .. } => Effect::Stopped {
            agents: changed,
            tasks,
        },
        Operation::Thaw { .. } => Effect::Continued(changed),
        Operation::Quarantine { .. } => Effect::Isolated(changed),
        Operation::Release { .. } => Effect::LetOut(changed),
        Operation::Trip { scope, .. } => Effect::BreakersOpened(breakers(scope, rows)),
        Operation::Reset { scope, .. } => {
            let asked = breakers(scope, rows);
            Effect::BreakersProbed(
                view.breakers()
                    .map(|row| row.at)
                    .filter(|at| asked.contains(at) || scope.is_all())
                    .collect(),
            )
        }
        Operation::Broadcast { .. } | Operation::Cascade { .. } => Effect::Sent(reachable),
        Operation::Ask { sample, .. } => {
            let wanted = sample.map_or(ASKED_BY_DEFAULT, |sample| sample as usize);
            Effect::Asked {
                sample: wanted.min(reachable),
                of: reachable,
            }
        }
        Operation::Delegate { to, requires, .. } => Effect::Delegated {
            candidates: candidates(to, requires.as_deref()),
        },
        Operation::Pipeline { to, .. } => Effect::Delegated {
            candidates: candidates(to, None),
        },
        Operation::Reassign { to, .. } => Effect::TasksMoved {
            tasks,
            candidates: candidates(to, None),
        },
        Operation::Cancel { .. } => Effect::TasksEnded(tasks),
        Operation::Capability {
            action, capability, ..
        } => {
            let granted = *action == Grant::Grant;
            let agents = rows
                .iter()
                .filter(|row| view.may_do(row.id, capability) != granted)
                .count();
            Effect::Rule { granted, agents }
        }
        Operation::Promote { scope, to, .. } => {
            match scope.single_agent().filter(|id| view.agent(*id).is_some()) {
                Some(agent) => Effect::Seated {
                    agent,
                    seat: to.unwrap_or(SeatKind::Lead),
                },
                None => Effect::Impossible("a seat goes to exactly one agent that is there".into()),
            }
        }
        Operation::Heal { scope, except } => {
            Effect::Heals(heal::plan(scope, except.as_ref(), view).into_steps())
        }
        Operation::Scale {
            add: Some(count),
            class,
            scope,
            ..
        } => {
            let scope = scope.as_ref().unwrap_or(&everywhere);
            scaled(
                scale::add(
                    view,
                    shape,
                    scope,
                    class.unwrap_or(commonest(view)),
                    *count as usize,
                )
                .map(Effect::Places),
            )
        }
        Operation::Scale {
            remove,
            class,
            scope,
            ..
        } => {
            let scope = scope.as_ref().unwrap_or(&everywhere);
            scaled(
                scale::remove(view, scope, *class, remove.unwrap_or(0) as usize)
                    .map(Effect::Leaves),
            )
        }
        Operation::Move { .. } => Effect::Moves(rows.len()),
        Operation::Calibrate { .. } => Effect::Calibrated(reachable),
        Operation::Unlock { .. } => Effect::Unlocked(changed),
        Operation::Context {
            action: ContextAct::Reload,
            ..
        } => Effect::ContextReloaded(reachable),
        Operation::Schedule { operation, .. } => {
            Effect::Later(Box::new(preview(operation, shape, view)))
        }
        other if other.changes() => Effect::Kept,
        // What is left looks, or concerns the console: its row says so, and is what decides.
        _ => Effect::Looks,
    }]
}

/// Agents that a question goes to when nobody says how many (§7.1).
pub const ASKED_BY_DEFAULT: usize = 100;

/// The class that most agents are of: what a new agent is when nobody says.
pub fn commonest(view: &dyn View) -> Class {
    let mut counts = [0u32; 6];
    for row in view.agents(&Scopes::all(), None) {
        counts[row.class as usize] += 1;
    }
    // The first of the commonest; there are six.
    Class::ALL
        .into_iter()
        .rev()
        .max_by_key(|class| counts[*class as usize])
        .unwrap_or(Class::Edge)
}

/// The breakers that a scope stands for: sectors and clusters by name, the cluster of a single agent, all as the mesh's.
pub fn breakers(scope: &Scopes, rows: &[AgentRow]) -> Vec<BreakerAt> {
    if scope.is_all() {
        return vec![BreakerAt::Mesh];
    }
    let sectors: BTreeSet<SectorId> = scope.sectors().collect();
    let clusters: BTreeSet<ClusterId> = rows
        .iter()
        .map(|row| row.id.cluster)
        .filter(|id| !sectors.contains(&id.sector))
        .collect();
    sectors
        .into_iter()
        .map(BreakerAt::Sector)
        .chain(clusters.into_iter().map(BreakerAt::Cluster))
        .collect()
}

fn capacity(operation: &Operation, view: &dyn View, rows: &[AgentRow]) -> Vec<Capacity> {
    let takes = matches!(
        operation,
        Operation::Avoid { .. }
            | Operation::Freeze { .. }
            | Operation::Quarantine { .. }
            | Operation::Trip { .. }
    );
    if !takes {
        return Vec::new();
    }
    let (mut now, mut gone) = ([0u32; 6], [0u32; 6]);
    for row in view
        .agents(&Scopes::all(), None)
        .filter(AgentRow::takes_work)
    {
        now[row.class as usize] += 1;
    }
    for row in rows.iter().filter(|row| row.takes_work()) {
        gone[row.class as usize] += 1;
    }
    Class::ALL
        .into_iter()
        .map(|class| (class, now[class as usize], gone[class as usize]))
        .filter(|(_, _, gone)| *gone > 0)
        .map(|(class, now, gone)| Capacity {
            class,
            now,
            after: now - gone,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::view::sample::Sample;

    fn of(line: &str, view: &Sample) -> Preview {
        preview(
            &Operation::from_line(line).expect(line),
            Shape::DEFAULT,
            view,
        )
    }

    #[test]
    fn a_preview_counts_who_would_change_and_who_is_so_already() {
        let mut view = Sample::new(3, 5, 10);
        view.row("2-1-4").frozen = true;
        let preview = of("freeze sector:2 but cluster:2-5", &view);
        assert_eq!(
            (preview.agents, preview.already, preview.clusters),
            (40, 1, 4)
        );
        assert_eq!(preview.by_class, [10, 10, 10, 10, 0, 0]);
        assert_eq!(
            preview.effects,
            [Effect::Stopped {
                agents: 39,
                tasks: 0
            }]
        );
        assert_eq!(
            preview.undo.as_deref(),
            Some("thaw sector:2 but cluster:2-5")
        );
        assert_eq!(
            preview.capacity[0],
            Capacity {
                class: Class::Edge,
                now: 29,
                after: 20
            }
        );
        assert_eq!(preview.names.len(), NAMES_MAX);
    }

    #[test]
    fn what_only_looks_touches_nobody() {
        let view = Sample::new(1, 1, 3);
        assert_eq!(of("status", &view).effects, [Effect::Looks]);
        assert_eq!(of("what_if freeze all", &view).effects, [Effect::Looks]);
        assert!(
            matches!(&of("schedule in 5m freeze all", &view).effects[..], [Effect::Later(later)] if later.agents == 3)
        );
    }

    #[test]
    fn a_scope_stands_for_its_breakers() {
        let view = Sample::new(3, 5, 10);
        for (line, count) in [
            ("trip all", 1),
            ("trip sector:2", 1),
            ("trip cluster:2-1,sector:3", 2),
            ("trip class:gpu", 3),
        ] {
            let [Effect::BreakersOpened(opened)] = &of(line, &view).effects[..] else {
                panic!("{line}")
            };
            assert_eq!(opened.len(), count, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_said_before() {
        let view = Sample::new(1, 1, 3);
        assert!(matches!(
            &of("scale remove 9", &view).effects[..],
            [Effect::Impossible(_)]
        ));
        assert!(matches!(
            &of("promote sector:1", &view).effects[..],
            [Effect::Impossible(_)]
        ));
    }
}
