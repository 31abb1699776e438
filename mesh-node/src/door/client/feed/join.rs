//! Two sights that become one, for a follower that has not looked in between.

use mesh_core::operation::follow::{Sight, View};

/// What `older` and then `newer` come to.
pub(super) fn then(older: Option<Sight>, newer: Sight) -> Sight {
    match (older, newer) {
        (Some(Sight::Snapshot(before)), Sight::Changes(after)) => {
            let mut view = views(*before, *after);
            // In a snapshot nobody is gone: what is not in it is not there.
            view.gone = Vec::new();
            Sight::Snapshot(Box::new(view))
        }
        (Some(Sight::Changes(before)), Sight::Changes(after)) => {
            Sight::Changes(Box::new(views(*before, *after)))
        }
        (None | Some(Sight::Nobody | _), newer) => newer,
    }
}

fn views(before: View, after: View) -> View {
    let mut agents = before.agents;
    if !after.gone.is_empty() {
        agents.retain(|agent| !after.gone.contains(&agent.id));
    }
    let mut gone = before.gone;
    gone.extend(after.gone);
    gone.sort_unstable();
    gone.dedup();
    View {
        agents: latest(agents, after.agents, |agent| agent.id),
        gone,
        tasks: latest(before.tasks, after.tasks, |(number, _)| *number),
        capabilities: if after.capabilities.is_empty() {
            before.capabilities
        } else {
            after.capabilities
        },
        clusters: latest(before.clusters, after.clusters, |line| line.id),
        sectors: latest(before.sectors, after.sectors, |line| line.id),
        throws: latest(before.throws, after.throws, |throw| throw.id.clone()),
        at: after.at,
        status: after.status,
        breakers: after.breakers,
        vacant: after.vacant,
    }
}

/// Both lists in order of their keys, each key once, as the newer list has it.
fn latest<T, K: Ord>(older: Vec<T>, newer: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut all = newer;
    all.extend(older);
    // Stable, so that of two with one key the newer stays first, and is the one that is kept.
    all.sort_by_key(&key);
    all.dedup_by(|later, kept| key(later) == key(kept));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_with_one_key_the_newer_is_kept() {
        let joined = latest(vec![(1, 'a'), (3, 'b')], vec![(3, 'c'), (2, 'd')], |pair| {
            pair.0
        });
        assert_eq!(joined, [(1, 'a'), (2, 'd'), (3, 'c')]);
    }

    #[test]
    fn nobody_and_a_snapshot_replace_what_was_seen_before() {
        assert_eq!(then(None, Sight::Nobody), Sight::Nobody);
        assert_eq!(then(Some(Sight::Nobody), Sight::Nobody), Sight::Nobody);
    }
}
