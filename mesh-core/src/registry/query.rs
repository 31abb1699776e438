//! Selecting agents: whom a scope means, counted, grouped, sorted or read window by window.

use super::row::{NO_IMPEDANCE, Row};
use super::scan::{Plan, words_of};
use super::table::{Sector, silence};
use super::{Counts, Table, TaskId};
use crate::place::scope::{Name, ScopeSet};
use crate::place::{AgentId, Class, ClusterId, SectorId, Slots};
use crate::time::Moment;
use std::collections::BTreeMap;

/// The agents of a table that a scope means at one moment.
#[derive(Debug, Clone)]
pub struct Selection<'t> {
    table: &'t Table,
    now: Moment,
    /// A bit a row, each sector beginning at a word of its own.
    words: Vec<u64>,
}

/// What agents are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SortKey {
    /// Sector, cluster, agent.
    Place,
    /// Z; who has none comes last in either order.
    Impedance,
    /// Pending operations.
    Queue,
    /// Success rate.
    Reliability,
    /// Drift coefficient.
    Drift,
    /// Round trip.
    Latency,
    /// Processing.
    Processing,
    /// Time since the last heartbeat; who was never heard comes last in either order.
    Silence,
    /// Active, degraded, offline, quarantined.
    State,
    /// A to F.
    Class,
}

/// What to sort by, and which way. Equals come in order of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order {
    /// What to sort by.
    pub key: SortKey,
    /// The greatest first.
    pub descending: bool,
}

/// What agents are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupBy {
    /// One group a sector.
    Sector,
    /// One group a cluster.
    Cluster,
    /// One group a class.
    Class,
    /// One group a task, idle agents in one of their own.
    Task,
    /// One group a context.
    Context,
}

/// One group's common value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// A sector.
    Sector(SectorId),
    /// A cluster.
    Cluster(ClusterId),
    /// A class.
    Class(Class),
    /// A task; `None` for idle agents and for tasks whose names found no room.
    Task(Option<Name>),
    /// The first eight bytes of a context's hash.
    Context(u64),
}

impl Table {
    /// The agents that `scope` means, one scan of the columns that it asks about.
    pub fn select(&self, scope: &ScopeSet, now: Moment) -> Selection<'_> {
        let meant = Plan::list(self, &scope.scopes);
        let excepted = scope.except.as_ref().map(|out| Plan::list(self, out));
        let mut words = Vec::with_capacity(self.len() / 64 + self.sectors().len());
        let mut scratch = Vec::new();
        for sector in self.sectors() {
            let from = words.len();
            words.resize(from + words_of(sector), 0);
            let found = &mut words[from..];
            for plan in &meant {
                plan.scan(sector, now, &mut scratch);
                each(found, &scratch, |word, bits| *word |= bits);
            }
            for plan in excepted.iter().flatten() {
                plan.scan(sector, now, &mut scratch);
                each(found, &scratch, |word, bits| *word &= !bits);
            }
        }
        Selection {
            table: self,
            now,
            words,
        }
    }
}

impl<'t> Selection<'t> {
    /// How many.
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether it is nobody.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Their places, in order.
    pub fn places(&self) -> impl Iterator<Item = AgentId> {
        self.hits()
            .map(|(sector, at)| sector.rows.place[at].place())
    }

    /// Their rows, in order of place.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        self.hits().map(|(sector, at)| sector.rows.get(at))
    }

    /// As they travel: the agents of each cluster that has one, in order.
    pub fn targets(&self) -> Vec<(ClusterId, Slots)> {
        let mut targets: Vec<(ClusterId, Slots)> = Vec::new();
        for place in self.places() {
            match targets.last_mut() {
                Some((cluster, slots)) if *cluster == place.cluster => slots.insert(place.slot()),
                _ => targets.push((place.cluster, Slots::one(place.slot()))),
            }
        }
        targets
    }

    /// Their counts by state.
    pub fn counts(&self) -> Counts {
        self.hits().map(|(sector, at)| count(sector, at)).sum()
    }

    /// The `len` agents from `offset` on, sorted. The work is that of one pass over the selection and of sorting what
    /// comes out, wherever the window is.
    pub fn window(&self, order: Order, offset: usize, len: usize) -> Vec<AgentId> {
        let mut keyed = Vec::with_capacity(self.len());
        keyed.extend(
            self.hits()
                .map(|(sector, at)| (self.key(order, sector, at), sector.rows.place[at])),
        );
        let len = len.min(keyed.len().saturating_sub(offset));
        if len == 0 {
            return Vec::new();
        }
        if offset > 0 {
            keyed.select_nth_unstable(offset);
            keyed.drain(..offset);
        }
        if len < keyed.len() {
            keyed.select_nth_unstable(len);
            keyed.truncate(len);
        }
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, place)| place.place()).collect()
    }

    /// Counts by group, in order of the groups; sectors, clusters and classes with nobody are left out.
    pub fn groups(&self, by: GroupBy) -> Vec<(Group, Counts)> {
        let mut groups: BTreeMap<u64, Counts> = BTreeMap::new();
        for (sector, at) in self.hits() {
            let rows = &sector.rows;
            let key = match by {
                GroupBy::Sector => sector.id.0.into(),
                GroupBy::Cluster => (rows.place[at].0 >> 8).into(),
                GroupBy::Class => rows.class[at] as u64,
                GroupBy::Task => rows.task[at].number().into(),
                GroupBy::Context => rows.context[at],
            };
            *groups.entry(key).or_default() += count(sector, at);
        }
        groups
            .into_iter()
            .map(|(key, counts)| (self.group(by, key), counts))
            .collect()
    }

    /// The table that it is of.
    pub const fn table(&self) -> &'t Table {
        self.table
    }

    fn group(&self, by: GroupBy, key: u64) -> Group {
        match by {
            GroupBy::Sector => Group::Sector(SectorId(key as u16)),
            GroupBy::Cluster => Group::Cluster(ClusterId {
                sector: SectorId((key >> 8) as u16),
                cluster: key as u8,
            }),
            GroupBy::Class => Group::Class(Class::ALL[key as usize]),
            GroupBy::Task => {
                let id = TaskId::of_number(key as u16);
                Group::Task(self.table.tasks().name(id).cloned())
            }
            GroupBy::Context => Group::Context(key),
        }
    }

    /// Sector and row of each, in order.
    pub(super) fn hits(&self) -> impl Iterator<Item = (&'t Sector, usize)> {
        let mut rest = &self.words[..];
        self.table.sectors().iter().flat_map(move |sector| {
            let (own, later) = rest.split_at(words_of(sector));
            rest = later;
            own.iter().enumerate().flat_map(move |(position, word)| {
                let mut word = *word;
                core::iter::from_fn(move || {
                    let bit = word.trailing_zeros() as usize;
                    word &= word.wrapping_sub(1);
                    (bit < 64).then_some((sector, position * 64 + bit))
                })
            })
        })
    }

    /// A number that sorts as asked; the greatest of all for who has no value.
    fn key(&self, order: Order, sector: &Sector, at: usize) -> u64 {
        let rows = &sector.rows;
        let value: Option<u64> = match order.key {
            SortKey::Place => Some(rows.place[at].0.into()),
            SortKey::Impedance => {
                Some(rows.impedance[at]).and_then(|z| (z != NO_IMPEDANCE).then_some(z.into()))
            }
            SortKey::Queue => Some(rows.queue[at].into()),
            SortKey::Reliability => Some(rows.reliability[at].into()),
            SortKey::Drift => Some(rows.drift[at].into()),
            SortKey::Latency => Some(rows.latency[at].into()),
            SortKey::Processing => Some(rows.processing[at].into()),
            SortKey::Silence => {
                Some(silence(rows.heard[at], self.now)).filter(|us| *us < i64::MAX as u64)
            }
            SortKey::State => Some(super::State::of(rows.marks[at]) as u64),
            SortKey::Class => Some(rows.class[at] as u64),
        };
        match value {
            Some(value) if order.descending => u64::MAX - 1 - value,
            Some(value) => value,
            None => u64::MAX,
        }
    }
}

fn each(words: &mut [u64], others: &[u64], change: impl Fn(&mut u64, u64)) {
    for (word, other) in words.iter_mut().zip(others) {
        change(word, *other);
    }
}

fn count(sector: &Sector, at: usize) -> Counts {
    let rows = &sector.rows;
    Counts::one(rows.class[at], rows.marks[at], rows.stale[at])
}

#[cfg(test)]
mod tests;
