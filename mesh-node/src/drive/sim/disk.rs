//! Disks of the simulated nodes, as far as desired state is concerned: what is kept is there at the next start, but for
//! what was not yet synced when the power went.

use super::node::NodeId;
use mesh_core::guard::level::Entry;
use mesh_core::time::{Micros, Moment};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is kept is on the disk after this long: one group commit.
const SYNC: Micros = Micros::millis(20);

/// All disks. A calm mesh has nothing on them.
#[derive(Debug, Default)]
pub(in crate::drive) struct Disks(BTreeMap<NodeId, Vec<Written>>);

/// When something was written, and what.
type Written = (Moment, Arc<[Entry]>);

impl Disks {
    /// A node keeps these: an agent all that it holds, a seat what is new.
    pub(in crate::drive) fn keep(&mut self, now: Moment, node: NodeId, entries: Arc<[Entry]>) {
        let kept = self.0.entry(node).or_default();
        if matches!(node, NodeId::Agent(_)) {
            // The one before is there until this one is synced.
            let last = kept.len().saturating_sub(1);
            kept.drain(..last);
        }
        kept.push((now, entries));
    }

    /// The power goes: what was not synced is lost.
    pub(in crate::drive) fn lose_unsynced(&mut self, now: Moment, node: NodeId) {
        if let Some(kept) = self.0.get_mut(&node) {
            kept.retain(|(at, _)| now.since(*at) >= SYNC);
        }
    }

    /// What is there.
    pub(in crate::drive) fn read(&self, node: NodeId) -> Arc<[Entry]> {
        let Some(kept) = self.0.get(&node) else {
            return Arc::from([]);
        };
        match (node, kept.as_slice()) {
            (NodeId::Agent(_), [.., (_, last)]) => Arc::clone(last),
            _ => kept
                .iter()
                .flat_map(|(_, batch)| batch.iter().cloned())
                .collect(),
        }
    }
}
