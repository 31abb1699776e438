//! Digests that every heartbeat echo carries, and the fetch of the difference when two do not agree (PROTOCOL §6).

use super::entry::Entry;
use super::region::Node;
use super::store::{ENTRIES_MAX, Levels, home};
use crate::place::scope::Region;
use serde::{Deserialize, Serialize};

/// Prints that one summary carries at most: 2,048 × 8 bytes are 16 KiB, one message. More go in further summaries.
pub const SUMMARY_MAX: usize = 2_048;

/// Entries that one answer carries at most: 256 × some 200 bytes are 50 KiB. What is left follows at the next beat,
/// because the digests still differ then.
pub const DIFFERENCE_MAX: usize = 256;

/// Which entries somebody has, as sorted prints from `from` to `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Nothing is said of prints below.
    pub from: u64,
    /// Nor of prints above.
    pub to: u64,
    /// The prints in between, rising; at most [`SUMMARY_MAX`].
    pub prints: Vec<u64>,
}

/// What two sides lack of each other, within a summary's range.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Difference {
    /// What the other side does not have; at most [`DIFFERENCE_MAX`].
    pub lacking: Vec<Entry>,
    /// Prints that this side does not have, to ask for with [`Levels::pick`].
    pub wanted: Vec<u64>,
}

impl Levels {
    /// A number that is equal on both sides when all that concerns `region` is (but for chance in 2^64). Sums that are
    /// kept up to date answer for the mesh, a sector or a cluster; for an agent it is its cluster's.
    pub fn digest(&self, region: Region) -> u64 {
        let at = |node: u32| self.sums.get(&node).copied().unwrap_or(0);
        match region {
            Region::All | Region::Class(_) => self.total,
            Region::Sector(_) => self
                .sums
                .range(region.node_span())
                .fold(at(0), |sum, (_, own)| sum.wrapping_add(*own)),
            Region::Cluster(cluster) => at(0)
                .wrapping_add(at(Region::Sector(cluster.sector).node()))
                .wrapping_add(at(home(region))),
            Region::Agent(agent) => self.digest(Region::Cluster(agent.cluster)),
        }
    }

    /// A number that is equal on both sides when all is that concerns `region` as a whole: what each part of it has in
    /// common, without what concerns only some of its parts.
    pub fn digest_above(&self, region: Region) -> u64 {
        region.line().fold(0u64, |sum, wider| {
            let at_home = self.sums.get(&wider.node()).copied().unwrap_or(0);
            sum.wrapping_add(at_home)
        })
    }

    /// What this side has of `region`, from print `from` on (0 at first, then the last summary's `to` + 1).
    pub fn summary(&self, region: Region, from: u64) -> Summary {
        let mut prints: Vec<u64> = self
            .held_concerning(whole_cluster(region))
            .map(|held| held.print)
            .filter(|print| *print >= from)
            .collect();
        prints.sort_unstable();
        prints.truncate(SUMMARY_MAX);
        let to = match prints.last() {
            Some(&last) if prints.len() == SUMMARY_MAX => last,
            Some(_) | None => u64::MAX,
        };
        Summary { from, to, prints }
    }

    /// What the other side lacks and what this one does, within the range of `theirs`. A summary that is not sorted
    /// only makes the answer longer than need be.
    pub fn difference(&self, region: Region, theirs: &Summary) -> Difference {
        let mut own: Vec<_> = self
            .held_concerning(whole_cluster(region))
            .filter(|held| (theirs.from..=theirs.to).contains(&held.print))
            .collect();
        own.sort_unstable_by_key(|held| held.print);
        let lacking = own
            .iter()
            .filter(|held| theirs.prints.binary_search(&held.print).is_err())
            .take(DIFFERENCE_MAX)
            .map(|held| held.entry.clone())
            .collect();
        let wanted = theirs
            .prints
            .iter()
            .take(SUMMARY_MAX)
            .filter(|print| own.binary_search_by_key(print, |held| &held.print).is_err())
            .take(DIFFERENCE_MAX)
            .copied()
            .collect();
        Difference { lacking, wanted }
    }

    /// The entries with these prints, as far as there are any; at most [`DIFFERENCE_MAX`].
    pub fn pick(&self, prints: &[u64]) -> Vec<Entry> {
        let mut prints: Vec<u64> = prints.iter().take(DIFFERENCE_MAX).copied().collect();
        prints.sort_unstable();
        self.held_concerning(Region::All)
            .filter(|held| prints.binary_search(&held.print).is_ok())
            .map(|held| held.entry.clone())
            .collect()
    }
}

/// Agents are compared as their whole cluster, so that digest and summary speak of the same entries.
const fn whole_cluster(region: Region) -> Region {
    match region {
        Region::Agent(agent) => Region::Cluster(agent.cluster),
        Region::All | Region::Class(_) | Region::Sector(_) | Region::Cluster(_) => region,
    }
}

const _: () = assert!(ENTRIES_MAX.is_multiple_of(SUMMARY_MAX));
