//! What the rules look at: the rows of a scope, and what is usual in the mesh, gathered once.

use crate::operation::task::{Task, TaskId};
use crate::operation::view::{AgentRow, BreakerRow, ClusterRow, ConflictRow, SeatRow};
use crate::operation::{Scopes, View};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::time::{Micros, Moment};
use crate::trust::seat::Seat;
use std::collections::{BTreeMap, BTreeSet};

/// What is usual for a class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Typical {
    /// Its median Z, of those active and measured.
    pub median: Micros,
    /// How many that is the median of.
    pub count: usize,
}

/// A scope's rows, with what they are compared with.
pub struct Survey<'a> {
    /// The mesh.
    pub view: &'a dyn View,
    /// Now.
    pub now: Moment,
    /// The agents of the scope, by place.
    pub agents: BTreeMap<AgentId, AgentRow>,
    /// The clusters that they are in.
    pub clusters: Vec<ClusterRow>,
    /// The seats above them.
    pub seats: Vec<SeatRow>,
    /// The breakers above or within them.
    pub breakers: Vec<BreakerRow>,
    /// The tasks that they have.
    pub tasks: Vec<&'a Task>,
    /// Their conflicts.
    pub conflicts: Vec<ConflictRow>,
    /// What is usual for each class, in the whole mesh.
    pub typical: [Typical; 6],
    /// How long tasks usually take until they are done, by what they require.
    pub usual_wait: BTreeMap<Option<String>, Micros>,
}

impl<'a> Survey<'a> {
    /// Of a scope.
    pub fn of(scope: &Scopes, except: Option<&Scopes>, view: &'a dyn View) -> Self {
        let agents: BTreeMap<_, _> = view
            .agents(scope, except)
            .map(|row| (row.id, row))
            .collect();
        let clusters: BTreeSet<ClusterId> = agents.keys().map(|id| id.cluster).collect();
        let sectors: BTreeSet<SectorId> = clusters.iter().map(|id| id.sector).collect();
        let holds = |seat: Seat| match seat {
            Seat::Lead(id) => clusters.contains(&id),
            Seat::Coordinator(id) => sectors.contains(&id),
            Seat::Orchestrator => scope.is_all(),
        };
        Self {
            view,
            now: view.now(),
            clusters: view
                .clusters()
                .filter(|row| clusters.contains(&row.id))
                .collect(),
            seats: view.seats().filter(|row| holds(row.seat)).collect(),
            breakers: view
                .breakers()
                .filter(|row| agents.keys().any(|id| row.at.guards(*id)))
                .collect(),
            tasks: view
                .tasks()
                .filter(|task| task.at().is_some_and(|at| agents.contains_key(&at)))
                .collect(),
            conflicts: view
                .conflicts()
                .filter(|row| agents.contains_key(&row.agent))
                .collect(),
            typical: typical(view),
            usual_wait: usual_wait(view),
            agents,
        }
    }

    /// What is usual for a class.
    pub const fn usual(&self, class: Class) -> Typical {
        self.typical[class as usize]
    }

    /// The open tasks of the scope that are with `agent`.
    pub fn tasks_of(&self, agent: AgentId) -> impl Iterator<Item = &&'a Task> {
        self.tasks
            .iter()
            .filter(move |task| task.at() == Some(agent))
    }

    /// A task of the scope.
    pub fn task(&self, id: &TaskId) -> Option<&'a Task> {
        self.tasks.iter().find(|task| task.id == *id).copied()
    }
}

fn typical(view: &dyn View) -> [Typical; 6] {
    let mut measured: [Vec<Micros>; 6] = Default::default();
    for row in view
        .agents(&Scopes::all(), None)
        .filter(AgentRow::takes_work)
    {
        if let Some(z) = row.impedance {
            measured[row.class as usize].push(z.0);
        }
    }
    measured.map(|mut each| {
        let count = each.len();
        let median = match each.len() {
            0 => Micros::ZERO,
            n => *each.select_nth_unstable(n / 2).1,
        };
        Typical { median, count }
    })
}

/// The median time that open tasks of one requirement have been where they are: what a stuck one stands out from.
fn usual_wait(view: &dyn View) -> BTreeMap<Option<String>, Micros> {
    let now = view.now();
    let mut spans: BTreeMap<Option<String>, Vec<Micros>> = BTreeMap::new();
    for task in view.tasks() {
        spans
            .entry(task.requires.clone())
            .or_default()
            .push(task.in_state_for(now));
    }
    spans
        .into_iter()
        .map(|(requires, mut spans)| {
            let middle = spans.len() / 2;
            // There is at least the one that made the entry.
            (requires, *spans.select_nth_unstable(middle).1)
        })
        .collect()
}
