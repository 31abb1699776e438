//! Selecting agents: a scope compiled into scans of columns, then counted, grouped, sorted or read window by window.

use super::row::{NO_IMPEDANCE, Row};
use super::table::{Sector, packed_cluster, silence};
use super::{CapabilitySet, Counts, Table, TaskId};
use crate::place::scope::{Name, Range, Region, Scope, ScopeSet, Scopes, Term, Test};
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
        let mut keyed: Vec<_> = self
            .hits()
            .map(|(sector, at)| (self.key(order, sector, at), sector.rows.place[at]))
            .collect();
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

/// A scope made ready for one table: names are numbers, comparisons are ranges.
#[derive(Debug)]
enum Plan {
    Region(Region),
    Sick,
    Terms(Vec<Check>),
}

/// A term made ready.
#[derive(Debug)]
struct Check {
    ask: Ask,
    negated: bool,
}

#[derive(Debug)]
enum Ask {
    /// What needs no preparation: places, class, states, context.
    Plain(Test),
    /// `None` is a capability that nobody here has.
    Capability(Option<CapabilitySet>),
    /// `None` is a task that nobody here is at.
    Task(Option<TaskId>),
    /// Microseconds.
    Impedance(Range),
    Queue(Range),
    Reliability(Range),
    Drift(Range),
    Silence(Range),
}

impl Plan {
    fn list(table: &Table, scopes: &Scopes) -> Vec<Self> {
        scopes
            .as_slice()
            .iter()
            .map(|scope| match scope {
                Scope::Auto => Self::Sick,
                Scope::Region(region) => Self::Region(*region),
                Scope::Filter(filter) => {
                    let checks = filter.terms().iter().map(|term| Check::new(table, term));
                    Self::Terms(checks.collect())
                }
            })
            .collect()
    }

    /// Leaves in `words` a bit for every row of the sector that is meant; no words at all stand for nobody.
    fn scan(&self, sector: &Sector, now: Moment, words: &mut Vec<u64>) {
        words.clear();
        if self.is_elsewhere(sector.id) {
            return;
        }
        let len = sector.rows.place.len();
        words.resize(words_of(sector), u64::MAX);
        if let Some(last) = words.last_mut()
            && !len.is_multiple_of(64)
        {
            *last = (1 << (len % 64)) - 1;
        }
        let rows = &sector.rows;
        match self {
            Self::Sick => keep(words, &rows.marks, false, |marks| marks.meets(Scope::SICK)),
            Self::Region(Region::All | Region::Sector(_)) => {}
            Self::Region(Region::Cluster(cluster)) => {
                let wanted = packed_cluster(*cluster);
                keep(words, &rows.place, false, |place| place.0 >> 8 == wanted);
            }
            Self::Region(Region::Agent(agent)) => {
                let wanted = agent.pack();
                keep(words, &rows.place, false, |place| place.0 == wanted);
            }
            Self::Region(Region::Class(wanted)) => {
                keep(words, &rows.class, false, |class| class == *wanted);
            }
            Self::Terms(checks) => checks
                .iter()
                .for_each(|check| check.scan(sector, now, words)),
        }
    }

    /// Whether nobody of this sector can be meant.
    fn is_elsewhere(&self, here: SectorId) -> bool {
        match self {
            Self::Sick => false,
            Self::Region(region) => region.sector().is_some_and(|sector| sector != here),
            Self::Terms(checks) => checks
                .iter()
                .any(|check| match (&check.ask, check.negated) {
                    (Ask::Plain(Test::Sector(sector)), negated) => (*sector == here) == negated,
                    (Ask::Plain(Test::Cluster(cluster)), false) => cluster.sector != here,
                    _ => false,
                }),
        }
    }
}

impl Check {
    fn new(table: &Table, term: &Term) -> Self {
        let ask = match &term.test {
            Test::Capability(name) => Ask::Capability(table.capabilities().find(name.as_str())),
            Test::Task(name) => Ask::Task(table.tasks().find(name.as_str())),
            Test::Impedance(compare, number) => {
                Ask::Impedance(compare.range(*number, Test::UNIT_WHOLE).of_thousands())
            }
            Test::Queue(compare, number) => Ask::Queue(compare.range(*number, Test::UNIT_WHOLE)),
            Test::Reliability(compare, number) => {
                Ask::Reliability(compare.range(*number, Test::UNIT_RELIABILITY))
            }
            Test::Drift(compare, number) => Ask::Drift(compare.range(*number, Test::UNIT_DRIFT)),
            Test::Beat(compare, number) => Ask::Silence(compare.range(*number, Test::UNIT_BEAT)),
            plain @ (Test::Sector(_)
            | Test::Cluster(_)
            | Test::Class(_)
            | Test::State(_)
            | Test::Context(_)) => Ask::Plain(plain.clone()),
        };
        Self {
            ask,
            negated: term.negated,
        }
    }

    fn scan(&self, sector: &Sector, now: Moment, words: &mut [u64]) {
        let (rows, not) = (&sector.rows, self.negated);
        match &self.ask {
            Ask::Capability(Some(one)) => {
                keep(words, &rows.capabilities, not, |held| held.has(*one));
            }
            Ask::Task(Some(id)) => keep(words, &rows.task, not, |task| task == *id),
            Ask::Capability(None) | Ask::Task(None) => keep(words, &rows.place, not, |_| false),
            Ask::Impedance(range) => keep(words, &rows.impedance, not, |z| {
                z != NO_IMPEDANCE && range.has(z.into())
            }),
            Ask::Queue(range) => keep(words, &rows.queue, not, |v| range.has(v.into())),
            Ask::Reliability(range) => {
                keep(words, &rows.reliability, not, |v| range.has(v.into()));
            }
            Ask::Drift(range) => keep(words, &rows.drift, not, |v| range.has(v.into())),
            Ask::Silence(range) => keep(words, &rows.heard, not, |heard| {
                range.has(silence(heard, now))
            }),
            Ask::Plain(test) => match test {
                Test::Sector(wanted) => {
                    let here = sector.id == *wanted;
                    keep(words, &rows.place, not, |_| here);
                }
                Test::Cluster(wanted) => {
                    let wanted = packed_cluster(*wanted);
                    keep(words, &rows.place, not, |place| place.0 >> 8 == wanted);
                }
                Test::Class(wanted) => keep(words, &rows.class, not, |class| class == *wanted),
                Test::State(wanted) => keep(words, &rows.marks, not, |own| own.meets(*wanted)),
                Test::Context(prefix) => {
                    keep(words, &rows.context, not, |own| prefix.begins(own));
                }
                // The rest was made ready above.
                Test::Impedance(..)
                | Test::Queue(..)
                | Test::Reliability(..)
                | Test::Drift(..)
                | Test::Capability(_)
                | Test::Beat(..)
                | Test::Task(_) => {}
            },
        }
    }
}

/// Keeps the bits of those rows whose value `holds`, or does not.
fn keep<T: Copy>(words: &mut [u64], column: &[T], negated: bool, holds: impl Fn(T) -> bool) {
    for (word, values) in words.iter_mut().zip(column.chunks(64)) {
        if *word == 0 {
            continue;
        }
        let mut bits = 0;
        for (position, value) in values.iter().enumerate() {
            bits |= u64::from(holds(*value) != negated) << position;
        }
        *word &= bits;
    }
}

fn each(words: &mut [u64], others: &[u64], change: impl Fn(&mut u64, u64)) {
    for (word, other) in words.iter_mut().zip(others) {
        change(word, *other);
    }
}

fn words_of(sector: &Sector) -> usize {
    sector.rows.place.len().div_ceil(64)
}

fn count(sector: &Sector, at: usize) -> Counts {
    let rows = &sector.rows;
    Counts::one(rows.class[at], rows.marks[at], rows.stale[at])
}

#[cfg(test)]
mod tests;
