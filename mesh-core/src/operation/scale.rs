//! Adding and removing agents as concrete steps: placed by class and load, drained first, admitted gradually (§10.2).

use super::scope::Scopes;
use super::view::{AgentRow, ClusterRow, View};
use crate::place::{AgentId, Class, ClusterId, SectorId, Shape};
use crate::registry::State;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Agents that one request adds at most: ten default meshes' sectors in one go is a new mesh, not an addition.
pub const ADDED_MAX: usize = 30_000;

/// A plan for new agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaling {
    /// Who goes where; those into clusters that are there come first.
    pub placements: Vec<Placement>,
    /// How many found no place.
    pub unplaced: usize,
}

/// Some agents into one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Which cluster.
    pub cluster: ClusterId,
    /// Whether it has to be made first.
    pub new: bool,
    /// How many.
    pub agents: u8,
    /// Of which class.
    pub class: Class,
}

/// Somebody who leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Who.
    pub agent: AgentId,
    /// How many tasks it has to finish or hand over first.
    pub drains: u16,
}

/// A request that cannot be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    /// Too many at once.
    #[error("{asked} agents are more than {ADDED_MAX} at once; add them in parts")]
    TooMany {
        /// How many were asked for.
        asked: usize,
    },
    /// Fewer are there.
    #[error("only {there} agents of that scope and class can be removed, not {asked}")]
    TooFew {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        there: usize,
    },
}

/// Where `count` agents of `class` go: free places in clusters of that class, the emptiest first, then new clusters of
/// `shape.agents`, each in the least loaded sector of the scope.
pub fn add(
    view: &dyn View,
    shape: Shape,
    scope: &Scopes,
    class: Class,
    count: usize,
) -> Result<Scaling, ScaleError> {
    if count > ADDED_MAX {
        return Err(ScaleError::TooMany { asked: count });
    }
    let (sectors, clusters) = reach(view, scope);
    let mut left = count;
    let mut placements = Vec::new();
    let mut free: Vec<ClusterRow> = view
        .clusters()
        .filter(|row| {
            clusters.contains(&row.id) && row.class == Some(class) && row.agents < row.places
        })
        .collect();
    free.sort_by_key(|row| (core::cmp::Reverse(row.places - row.agents), row.id));
    for row in free {
        let agents = (row.places - row.agents).min(u8::try_from(left).unwrap_or(u8::MAX));
        if agents == 0 {
            break;
        }
        left -= usize::from(agents);
        placements.push(Placement {
            cluster: row.id,
            new: false,
            agents,
            class,
        });
    }
    let mut loads = loads(view, &sectors);
    while left > 0 {
        let Some((sector, load)) = least_loaded(&loads) else {
            break;
        };
        let agents = shape.agents.min(u8::try_from(left).unwrap_or(u8::MAX));
        let cluster = ClusterId {
            sector,
            cluster: load.next,
        };
        left -= usize::from(agents);
        placements.push(Placement {
            cluster,
            new: true,
            agents,
            class,
        });
        loads.insert(
            sector,
            Load {
                agents: load.agents + u32::from(agents),
                clusters: load.clusters + 1,
                next: load.next + 1,
                ..load
            },
        );
    }
    Ok(Scaling {
        placements,
        unplaced: left,
    })
}

/// Who leaves when `count` are removed: first those who do nothing anyway, then the slow and unreliable, the idle before
/// the busy; never below one agent a cluster while others can go.
pub fn remove(
    view: &dyn View,
    scope: &Scopes,
    class: Option<Class>,
    count: usize,
) -> Result<Vec<Leaving>, ScaleError> {
    let tasks = view.tasks().filter_map(super::task::Task::at).fold(
        BTreeMap::<AgentId, u16>::new(),
        |mut tasks, at| {
            let held = tasks.entry(at).or_insert(0);
            *held = held.saturating_add(1);
            tasks
        },
    );
    let mut rows: Vec<AgentRow> = view
        .agents(scope, None)
        .filter(|row| class.is_none_or(|class| row.class == class))
        .collect();
    if rows.len() < count {
        return Err(ScaleError::TooFew {
            asked: count,
            there: rows.len(),
        });
    }
    let held = |row: &AgentRow| tasks.get(&row.id).copied().unwrap_or(0);
    rows.sort_by_key(|row| {
        (
            value(row),
            held(row),
            core::cmp::Reverse(row.impedance),
            row.id,
        )
    });
    let mut left_in: BTreeMap<ClusterId, usize> = view
        .clusters()
        .map(|row| (row.id, usize::from(row.agents)))
        .collect();
    let (mut go, mut stay) = (Vec::new(), Vec::new());
    for row in rows {
        let left = left_in.entry(row.id.cluster).or_insert(1);
        if go.len() < count && *left > 1 {
            *left -= 1;
            go.push(row);
        } else {
            stay.push(row);
        }
    }
    go.extend(stay.into_iter().take(count - go.len()));
    Ok(go
        .iter()
        .map(|row| Leaving {
            agent: row.id,
            drains: held(row),
        })
        .collect())
}

/// Places in the clusters of a scope that nobody sits in.
pub fn free_places(view: &dyn View, scope: &Scopes) -> usize {
    let (_, clusters) = reach(view, scope);
    view.clusters()
        .filter(|row| clusters.contains(&row.id))
        .map(|row| usize::from(row.places.saturating_sub(row.agents)))
        .sum()
}

/// What an agent is worth to the mesh, least first: whether it works at all, then how reliably, in twentieths.
fn value(row: &AgentRow) -> (u8, u8) {
    let state = match row.state {
        State::Offline => 0,
        State::Quarantined => 1,
        State::Degraded => 2,
        State::Active => 3,
    };
    (state, (row.reliability.value() * 20.0) as u8)
}

/// How full a sector is.
#[derive(Debug, Clone, Copy, Default)]
struct Load {
    agents: u32,
    queue: u32,
    clusters: u8,
    next: u8,
}

/// The sectors and clusters that a scope allows; a scope that names clusters or agents allows no new clusters.
fn reach(view: &dyn View, scope: &Scopes) -> (BTreeSet<SectorId>, BTreeSet<ClusterId>) {
    let mut clusters: BTreeSet<ClusterId> =
        view.agents(scope, None).map(|row| row.id.cluster).collect();
    if scope.is_all() {
        clusters.extend(view.clusters().map(|row| row.id));
        return (clusters.iter().map(|id| id.sector).collect(), clusters);
    }
    let sectors: BTreeSet<SectorId> = scope.sectors().collect();
    clusters.extend(
        view.clusters()
            .map(|row| row.id)
            .filter(|id| sectors.contains(&id.sector)),
    );
    clusters.extend(scope.clusters());
    (sectors, clusters)
}

fn loads(view: &dyn View, sectors: &BTreeSet<SectorId>) -> BTreeMap<SectorId, Load> {
    let mut loads: BTreeMap<SectorId, Load> = sectors
        .iter()
        .map(|id| {
            (
                *id,
                Load {
                    next: 1,
                    ..Load::default()
                },
            )
        })
        .collect();
    for row in view.clusters() {
        if let Some(load) = loads.get_mut(&row.id.sector) {
            load.agents += u32::from(row.agents);
            load.queue = load.queue.saturating_add(row.queue);
            load.clusters += 1;
            load.next = load.next.max(row.id.cluster.saturating_add(1));
        }
    }
    loads
}

/// The sector with the fewest agents, of those the one with the shortest queue, that still has room for a cluster.
fn least_loaded(loads: &BTreeMap<SectorId, Load>) -> Option<(SectorId, Load)> {
    let room =
        |load: &Load| load.clusters < Shape::CHILDREN_MAX && load.next <= Shape::CHILDREN_MAX;
    loads
        .iter()
        .filter(|(_, load)| room(load))
        .min_by_key(|(id, load)| (load.agents, load.queue, **id))
        .map(|(id, load)| (*id, *load))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::view::sample::{Sample, place};

    #[test]
    fn a_thousand_agents_are_thirty_four_new_clusters_in_the_least_loaded_sectors() {
        let mut view = Sample::new(40, 1, 30);
        for row in &mut view.clusters {
            row.queue = 0;
        }
        let plan = add(&view, Shape::DEFAULT, &Scopes::all(), Class::Edge, 1_000).expect("a plan");
        assert_eq!(plan.placements.len(), 34);
        assert!(plan.placements.iter().all(|placement| placement.new));
        let sectors: BTreeSet<_> = plan
            .placements
            .iter()
            .map(|placement| placement.cluster.sector)
            .collect();
        assert_eq!(sectors.len(), 34, "one each, since all are equally loaded");
        assert_eq!(
            plan.placements
                .iter()
                .map(|p| usize::from(p.agents))
                .sum::<usize>(),
            1_000
        );
    }

    #[test]
    fn free_places_of_the_class_are_filled_first() {
        let mut view = Sample::new(2, 5, 10);
        view.clusters[3].agents = 4;
        view.clusters[0].agents = 1;
        let plan = add(&view, Shape::DEFAULT, &Scopes::all(), Class::Gpu, 8).expect("a plan");
        assert_eq!(
            (plan.placements[0].cluster, plan.placements[0].agents),
            (view.clusters[3].id, 6)
        );
        assert!(plan.placements[1].new && plan.placements[1].agents == 2);
        let only = Scopes::cluster(view.clusters[3].id);
        assert_eq!(
            add(&view, Shape::DEFAULT, &only, Class::Gpu, 8)
                .expect("a plan")
                .unplaced,
            2
        );
    }

    #[test]
    fn the_least_valuable_leave_first_and_no_cluster_is_emptied() {
        let mut view = Sample::new(1, 2, 3);
        view.row("1-1-2").state = State::Offline;
        view.row("1-2-1").state = State::Degraded;
        let gone = remove(&view, &Scopes::all(), None, 4).expect("a plan");
        let names: Vec<_> = gone.iter().map(|leaving| leaving.agent).collect();
        assert_eq!(&names[..2], [place("1-1-2"), place("1-2-1")]);
        let clusters: BTreeMap<_, usize> = names.iter().fold(BTreeMap::new(), |mut map, id| {
            *map.entry(id.cluster).or_default() += 1;
            map
        });
        assert!(clusters.values().all(|&n| n == 2), "{clusters:?}");
        assert_eq!(
            remove(&view, &Scopes::all(), None, 9),
            Err(ScaleError::TooFew { asked: 9, there: 6 })
        );
    }
}
