//! The history as a graph: ancestors, merge base, divergence, convergence.
//!
//! Every walk visits each held commit once at most, so it costs no more than the store is large. Where history was
//! pruned, a commit whose parents are not held counts as a beginning.

use super::{Commit, CommitId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How far two heads have come apart (§5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// The last commit they share; none when their held histories share nothing.
    pub base: Option<CommitId>,
    /// Commits on our side since then.
    pub ours: u32,
    /// Commits on their side since then.
    pub theirs: u32,
}

impl Divergence {
    /// `divergence_depth` of §5.1: commits since the base on the side that went further.
    pub fn depth(self) -> u32 {
        self.ours.max(self.theirs)
    }
}

/// `head` and all its held ancestors.
pub(super) fn ancestry(commits: &BTreeMap<CommitId, Commit>, head: CommitId) -> BTreeSet<CommitId> {
    let mut seen = BTreeSet::new();
    let mut next = vec![head];
    while let Some(id) = next.pop() {
        if let Some(commit) = commits.get(&id)
            && seen.insert(id)
        {
            next.extend(&commit.parents);
        }
    }
    seen
}

/// The divergence of two held heads. Of several possible bases (after crossing merges) it is the one with the highest
/// Lamport time, then the smallest hash, so that everyone finds the same.
pub(super) fn divergence(
    commits: &BTreeMap<CommitId, Commit>,
    ours: CommitId,
    theirs: CommitId,
) -> Divergence {
    let (our_side, their_side) = (ancestry(commits, ours), ancestry(commits, theirs));
    let shared: BTreeSet<CommitId> = our_side.intersection(&their_side).copied().collect();
    // A shared commit that another shared one has as its parent is not the last of its line.
    let inner: BTreeSet<CommitId> = shared
        .iter()
        .filter_map(|id| commits.get(id))
        .flat_map(|commit| commit.parents.iter().copied())
        .collect();
    let base = shared
        .iter()
        .filter(|id| !inner.contains(id))
        .max_by_key(|id| {
            let lamport = commits.get(id).map_or(0, |commit| commit.lamport);
            (lamport, core::cmp::Reverse(**id))
        })
        .copied();
    Divergence {
        base,
        ours: (our_side.len() - shared.len()) as u32,
        theirs: (their_side.len() - shared.len()) as u32,
    }
}

/// The latest pair of commits, one of each side since the base, that hold the same document although they were made
/// apart: the branches met there by themselves.
pub(super) fn convergence(
    commits: &BTreeMap<CommitId, Commit>,
    ours: CommitId,
    theirs: CommitId,
) -> Option<(CommitId, CommitId)> {
    let (our_side, their_side) = (ancestry(commits, ours), ancestry(commits, theirs));
    let mut by_content = BTreeMap::new();
    for id in our_side.difference(&their_side) {
        if let Some(commit) = commits.get(id) {
            let latest = by_content
                .entry(commit.content)
                .or_insert((commit.lamport, *id));
            *latest = (*latest).max((commit.lamport, *id));
        }
    }
    their_side
        .difference(&our_side)
        .filter_map(|id| {
            let commit = commits.get(id)?;
            let (lamport, ours) = by_content.get(&commit.content)?;
            Some((commit.lamport.min(*lamport), *ours, *id))
        })
        .max()
        .map(|(_, ours, theirs)| (ours, theirs))
}
