//! The entries that count, merged under the rules of PROTOCOL §6.

use super::entry::{Author, Entry, Kind, Rank, Stamp, Value};
use super::refusal::{Merged, Refusal, check};
use super::region::{CLASSES_FIRST, Node};
use crate::place::scope::Region;
use crate::time::{Micros, Moment};
use crate::trust::key::Signature;
use std::collections::BTreeMap;

/// Entries that one node keeps at most: two levels for each of 30,000 agents and some for sectors and classes. At some
/// 200 bytes each that is 13 MB, reached only when every agent has been quarantined and avoided one by one.
pub const ENTRIES_MAX: usize = 65_536;

/// Room beyond [`ENTRIES_MAX`] for entries that are wider than one agent, so that a mesh full of quarantined agents can
/// still be frozen: 1,000 clusters and 100 sectors with several levels each.
pub const WIDE_MAX: usize = 8_192;

/// Desired state: all of it at the orchestrator, what concerns a sector or cluster below.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    /// By kind, then by node of the region in tree order, then by rank (which with the region names the author).
    pub(super) kinds: BTreeMap<Kind, BTreeMap<(u32, Rank), Held>>,
    /// Sum of the prints of the entries at home in a node (see `home`), for digests.
    pub(super) sums: BTreeMap<u32, u64>,
    pub(super) total: u64,
    count: usize,
    term: u64,
    latest: Stamp,
    /// When this author's own passing entries end, by the author's clock.
    endings: BTreeMap<(Kind, u32), Ending>,
}

/// When a passing hold ends.
#[derive(Debug, Clone, Copy)]
struct Ending {
    until: Moment,
    region: Region,
    /// Of the hold; a renewed hold has another, and gets its whole time.
    stamp: Stamp,
}

/// An entry that counts, with its print.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) entry: Entry,
    pub(super) print: u64,
}

impl Levels {
    /// No desired state at all: nothing is frozen, everything is routable.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns that the orchestrator's seat has reached `term`; a smaller one changes nothing.
    pub fn raise_term(&mut self, term: u64) {
        self.term = self.term.max(term);
    }

    /// Takes in an entry. `verify` is asked whether the signature over the bytes is that of the author's seat; it is
    /// asked only for entries that would change something.
    pub fn merge(
        &mut self,
        entry: Entry,
        verify: impl FnOnce(Author, &[u8], &Signature) -> bool,
    ) -> Merged {
        if let Err(refusal) = check(&entry, self.term) {
            return Merged::Refused(refusal);
        }
        let bytes = entry.signed_bytes();
        let held = Held {
            print: crate::unit::Digest::of(&bytes).short(),
            entry,
        };
        if self.is_redundant(&held) {
            return Merged::Stale;
        }
        if !verify(held.entry.author, &bytes, &held.entry.signature) {
            return Merged::Refused(Refusal::Signature(held.entry.author));
        }
        let covered = self.made_redundant_by(&held);
        let room = match held.entry.region {
            Region::Agent(_) => ENTRIES_MAX,
            Region::All | Region::Sector(_) | Region::Cluster(_) | Region::Class(_) => {
                ENTRIES_MAX + WIDE_MAX
            }
        };
        if self.count >= room && covered.is_empty() {
            return Merged::Refused(Refusal::Full);
        }
        for key in covered {
            self.remove(&held.entry.kind, key);
        }
        if held.entry.author.commands() {
            self.raise_term(held.entry.stamp.term);
        }
        self.latest = self.latest.max(held.entry.stamp);
        self.insert(held);
        Merged::Applied
    }

    /// An entry that `author` may sign, with the next stamp; merge it once it is signed. For `lasting`, see
    /// [`Levels::expire`].
    pub fn draft(
        &self,
        author: Author,
        kind: Kind,
        region: Region,
        value: Value,
        lasting: Option<Micros>,
    ) -> Result<Entry, Refusal> {
        let counter = if self.latest.term == self.term {
            self.latest.counter + 1
        } else {
            1
        };
        let entry = Entry {
            kind,
            region,
            value,
            stamp: Stamp {
                term: self.term,
                counter,
            },
            author,
            lasting,
            signature: Signature::default(),
        };
        check(&entry, self.term)?;
        Ok(entry)
    }

    /// Starts the time of every passing hold of `author`: called when it has written one, and when a successor takes its
    /// seat (which knows how long was meant but not since when, and so counts from its own start).
    pub fn watch_endings(&mut self, author: Author, now: Moment) {
        for (kind, held) in &self.kinds {
            for (&(node, _), held) in held {
                let entry = &held.entry;
                if let (true, Value::Hold, Some(span)) =
                    (entry.author == author, entry.value, entry.lasting)
                {
                    let fresh = Ending {
                        until: now + span,
                        region: entry.region,
                        stamp: entry.stamp,
                    };
                    let known = self.endings.entry((kind.clone(), node)).or_insert(fresh);
                    if known.stamp != entry.stamp {
                        *known = fresh;
                    }
                }
            }
        }
    }

    /// Drafts of the lifts that are due; each is to be signed and merged. Holds that something else ended are forgotten.
    pub fn expire(&mut self, author: Author, now: Moment) -> Vec<Entry> {
        let due: Vec<_> = self
            .endings
            .iter()
            .filter(|(_, ending)| ending.until <= now)
            .map(|(key, ending)| (key.clone(), *ending))
            .collect();
        let mut drafts = Vec::new();
        for (key, ending) in due {
            self.endings.remove(&key);
            let standing = self
                .kinds
                .get(&key.0)
                .and_then(|nodes| nodes.get(&(key.1, author.rank())));
            if standing.is_some_and(|held| held.entry.stamp == ending.stamp) {
                let offset = drafts.len() as u64;
                let lift = self.draft(author, key.0, ending.region, Value::Lift, None);
                drafts.extend(lift.map(|mut draft| {
                    draft.stamp.counter += offset;
                    draft
                }));
            }
        }
        drafts
    }

    /// When [`Levels::expire`] has something to do.
    pub fn next_deadline(&self) -> Moment {
        let first = self.endings.values().map(|ending| ending.until).min();
        first.unwrap_or(Moment::NEVER)
    }

    /// How many entries count.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The largest stamp merged.
    pub fn latest(&self) -> Stamp {
        self.latest
    }

    /// The largest term of the orchestrator's seat that is known here.
    pub fn term(&self) -> u64 {
        self.term
    }

    /// All entries, in one fixed order; merged into empty levels (after [`Levels::raise_term`]) they give these again.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.kinds
            .values()
            .flat_map(|nodes| nodes.values().map(|held| &held.entry))
    }

    /// What may concern some agent in `region`: the projected subset that a coordinator or lead keeps.
    pub fn concerning(&self, region: Region) -> impl Iterator<Item = &Entry> {
        self.held_concerning(region).map(|held| &held.entry)
    }

    /// The subset of [`Levels::concerning`] as levels of their own, with the same digest for that region.
    pub fn subset(&self, region: Region) -> Self {
        let mut subset = Self {
            term: self.term,
            ..Self::default()
        };
        for held in self.held_concerning(region) {
            subset.latest = subset.latest.max(held.entry.stamp);
            subset.insert(held.clone());
        }
        subset
    }

    /// [`Levels::subset`] for the lead of `cluster`.
    pub fn for_cluster(&self, cluster: crate::place::ClusterId) -> Self {
        self.subset(Region::Cluster(cluster))
    }

    pub(super) fn held_concerning(&self, region: Region) -> impl Iterator<Item = &Held> {
        self.kinds.values().flat_map(move |nodes| {
            let wider = region
                .line()
                .filter(move |own| *own != region)
                .filter(move |_| !matches!(region, Region::Class(_)))
                .flat_map(|own| nodes.range(span(own.node(), own.node())));
            let (first, last) = match region {
                // A class may have agents anywhere.
                Region::All | Region::Class(_) => (0, u32::MAX),
                Region::Sector(_) | Region::Cluster(_) | Region::Agent(_) => {
                    region.node_span().into_inner()
                }
            };
            let classes =
                (last < CLASSES_FIRST).then(|| nodes.range(span(CLASSES_FIRST, u32::MAX)));
            wider
                .chain(nodes.range(span(first, last)))
                .chain(classes.into_iter().flatten())
                .map(|(_, held)| held)
        })
    }

    /// Whether something here already says all that `new` says.
    fn is_redundant(&self, new: &Held) -> bool {
        let Some(nodes) = self.kinds.get(&new.entry.kind) else {
            return false;
        };
        new.entry
            .region
            .line()
            .flat_map(|region| nodes.range(span(region.node(), region.node())))
            .any(|(_, held)| held.print == new.print || replaces(held, new))
    }

    /// The keys of what `new` makes redundant.
    fn made_redundant_by(&self, new: &Held) -> Vec<(u32, Rank)> {
        let (first, last) = new.entry.region.node_span().into_inner();
        self.kinds
            .get(&new.entry.kind)
            .into_iter()
            .flat_map(|nodes| nodes.range(span(first, last)))
            .filter(|(_, held)| replaces(new, held))
            .map(|(key, _)| *key)
            .collect()
    }

    fn insert(&mut self, held: Held) {
        let (home, print) = (home(held.entry.region), held.print);
        let key = (held.entry.region.node(), held.entry.author.rank());
        let nodes = self.kinds.entry(held.entry.kind.clone()).or_default();
        let before = nodes.insert(key, held);
        debug_assert!(before.is_none(), "what is replaced was taken out before");
        self.count += 1;
        self.total = self.total.wrapping_add(print);
        let sum = self.sums.entry(home).or_default();
        *sum = sum.wrapping_add(print);
    }

    fn remove(&mut self, kind: &Kind, key: (u32, Rank)) {
        let Some(nodes) = self.kinds.get_mut(kind) else {
            return;
        };
        let Some(held) = nodes.remove(&key) else {
            return;
        };
        if nodes.is_empty() {
            self.kinds.remove(kind);
        }
        self.count -= 1;
        self.total = self.total.wrapping_sub(held.print);
        let home = home(held.entry.region);
        if let Some(sum) = self.sums.get_mut(&home) {
            *sum = sum.wrapping_sub(held.print);
            if *sum == 0 {
                self.sums.remove(&home);
            }
        }
    }
}

/// Whether `later` leaves nothing to say for `earlier`: the same kind, at least as wide, of no lower rank, and later. In
/// one and the same place of the map, ties go to the more protective value, then to the larger print.
fn replaces(later: &Held, earlier: &Held) -> bool {
    let (new, old) = (&later.entry, &earlier.entry);
    if new.kind != old.kind
        || new.author.rank() < old.author.rank()
        || !old.region.within(new.region)
    {
        return false;
    }
    if new.region == old.region && new.author == old.author {
        return (new.stamp, new.value, later.print) > (old.stamp, old.value, earlier.print);
    }
    new.stamp > old.stamp
}

/// Where an entry counts for digests: agents with their cluster, classes with the whole mesh.
pub(super) fn home(region: Region) -> u32 {
    match region {
        Region::Agent(agent) => Region::Cluster(agent.cluster).node(),
        Region::All | Region::Class(_) => 0,
        Region::Sector(_) | Region::Cluster(_) => region.node(),
    }
}

/// Every rank at the nodes `first..=last`.
pub(super) const fn span(first: u32, last: u32) -> core::ops::RangeInclusive<(u32, Rank)> {
    (first, Rank::Lead)..=(last, Rank::Root)
}
