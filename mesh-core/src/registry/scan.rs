//! A scope compiled for one table: names resolved to numbers, comparisons to ranges, then one pass over a column for each
//! term (PROTOCOL §7: any filter is one scan under 1 ms).

use super::row::NO_IMPEDANCE;
use super::table::{Sector, packed_cluster, silence};
use super::{CapabilitySet, Table, TaskId};
use crate::place::SectorId;
use crate::place::scope::{Range, Region, Scope, Scopes, Term, Test};
use crate::time::Moment;

/// A scope made ready for one table: names are numbers, comparisons are ranges.
#[derive(Debug)]
pub(super) enum Plan {
    Region(Region),
    Sick,
    Terms(Vec<Check>),
}

/// A term made ready.
#[derive(Debug)]
pub(super) struct Check {
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
    pub(super) fn list(table: &Table, scopes: &Scopes) -> Vec<Self> {
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
    pub(super) fn scan(&self, sector: &Sector, now: Moment, words: &mut Vec<u64>) {
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

/// Words of bits for a sector's rows.
pub(super) fn words_of(sector: &Sector) -> usize {
    sector.rows.place.len().div_ceil(64)
}
