//! One term of a filter: what it asks of an agent, how it is read and written.

use super::error::{self, ScopeError, ScopeFault, fault};
use super::number::{Compare, Number};
use super::{HexPrefix, Mark, Marks, Name, nearest, region};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::text::excerpt;
use crate::time::Micros;
use crate::unit::Impedance;
use core::fmt;
use core::str::FromStr;

/// One condition, perhaps negated. Terms are ordered as they are written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// What is asked.
    pub test: Test,
    /// Whether the answer is turned round.
    pub negated: bool,
}

/// What a term asks of an agent, in the order in which terms stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// It sits in this sector.
    Sector(SectorId),
    /// It sits in this cluster.
    Cluster(ClusterId),
    /// It is of this class.
    Class(Class),
    /// It is in one of these states.
    State(Marks),
    /// Its Z in whole milliseconds stands so to the number. False for whoever has no Z: people, and who was never
    /// measured.
    Impedance(Compare, Number),
    /// Its pending operations stand so to the number.
    Queue(Compare, Number),
    /// Its success rate, 0 to 1 in ten-thousandths, stands so to the number.
    Reliability(Compare, Number),
    /// Its drift coefficient in thousandths stands so to the number.
    Drift(Compare, Number),
    /// It can do this.
    Capability(Name),
    /// The hash of its context begins so.
    Context(HexPrefix),
    /// The seconds since its last heartbeat stand so to the number; who was never heard was heard for ever ago.
    Beat(Compare, Number),
    /// It is doing this.
    Task(Name),
}

/// What filters may ask about an agent, however it is stored.
pub trait Subject {
    /// Where it sits.
    fn place(&self) -> AgentId;
    /// Its class.
    fn class(&self) -> Class;
    /// Its states.
    fn marks(&self) -> Marks;
    /// Its Z; people and agents never measured have none.
    fn impedance(&self) -> Option<Impedance>;
    /// Pending operations.
    fn queue(&self) -> u32;
    /// Success rate in ten-thousandths.
    fn reliability(&self) -> u16;
    /// Drift coefficient in thousandths.
    fn drift(&self) -> u16;
    /// Whether it can do this.
    fn can(&self, capability: &str) -> bool;
    /// The first eight bytes of its context's hash.
    fn context(&self) -> u64;
    /// Time since its last heartbeat; `None` when it was never heard.
    fn silent_for(&self) -> Option<Micros>;
    /// What it is doing.
    fn task(&self) -> Option<&str>;
}

/// The keys, in the order in which terms stand.
const KEYS: [&str; 12] = [
    "sector",
    "cluster",
    "class",
    "state",
    "impedance",
    "queue",
    "reliability",
    "drift",
    "capability",
    "context",
    "beat",
    "task",
];

impl Test {
    /// Millionths in a whole unit: milliseconds of Z, pending operations.
    pub(crate) const UNIT_WHOLE: u64 = 1_000_000;
    /// Millionths in a ten-thousandth: reliability.
    pub(crate) const UNIT_RELIABILITY: u64 = 100;
    /// Millionths in a thousandth: drift.
    pub(crate) const UNIT_DRIFT: u64 = 1_000;
    /// A microsecond is a millionth of a second: silence.
    pub(crate) const UNIT_BEAT: u64 = 1;

    fn holds(&self, agent: &impl Subject) -> bool {
        match self {
            Self::Sector(sector) => agent.place().sector() == *sector,
            Self::Cluster(cluster) => agent.place().cluster == *cluster,
            Self::Class(class) => agent.class() == *class,
            Self::State(marks) => agent.marks().meets(*marks),
            Self::Impedance(compare, number) => agent.impedance().is_some_and(|z| {
                let millis = z.0.0.max(0) as u64 / 1_000;
                compare.range(*number, Self::UNIT_WHOLE).has(millis)
            }),
            Self::Queue(compare, number) => compare
                .range(*number, Self::UNIT_WHOLE)
                .has(agent.queue().into()),
            Self::Reliability(compare, number) => compare
                .range(*number, Self::UNIT_RELIABILITY)
                .has(agent.reliability().into()),
            Self::Drift(compare, number) => compare
                .range(*number, Self::UNIT_DRIFT)
                .has(agent.drift().into()),
            Self::Capability(name) => agent.can(name.as_str()),
            Self::Context(prefix) => prefix.begins(agent.context()),
            Self::Beat(compare, number) => {
                let silence = agent.silent_for().unwrap_or(Micros::MAX).0.max(0) as u64;
                compare.range(*number, Self::UNIT_BEAT).has(silence)
            }
            Self::Task(name) => agent.task() == Some(name.as_str()),
        }
    }

    const fn key(&self) -> &'static str {
        match self {
            Self::Sector(_) => KEYS[0],
            Self::Cluster(_) => KEYS[1],
            Self::Class(_) => KEYS[2],
            Self::State(_) => KEYS[3],
            Self::Impedance(..) => KEYS[4],
            Self::Queue(..) => KEYS[5],
            Self::Reliability(..) => KEYS[6],
            Self::Drift(..) => KEYS[7],
            Self::Capability(_) => KEYS[8],
            Self::Context(_) => KEYS[9],
            Self::Beat(..) => KEYS[10],
            Self::Task(_) => KEYS[11],
        }
    }
}

impl Term {
    /// Reads a term such as `impedance>500` or `!class=gpu`; `key!=value` is another way to negate.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        Self::parse_at(text, 1)
    }

    /// Whether it is true of the agent.
    pub fn matches(&self, agent: &impl Subject) -> bool {
        self.test.holds(agent) != self.negated
    }

    /// Whether it is true of an agent of `class` at `place`; `None` when that is not for place and class to say.
    pub fn matches_place(&self, place: AgentId, class: Class) -> Option<bool> {
        let holds = match self.test {
            Test::Sector(sector) => place.sector() == sector,
            Test::Cluster(cluster) => place.cluster == cluster,
            Test::Class(own) => class == own,
            Test::State(_)
            | Test::Impedance(..)
            | Test::Queue(..)
            | Test::Reliability(..)
            | Test::Drift(..)
            | Test::Capability(_)
            | Test::Context(_)
            | Test::Beat(..)
            | Test::Task(_) => return None,
        };
        Some(holds != self.negated)
    }

    /// Reads the term whose text begins at the character `at`.
    pub(super) fn parse_at(text: &str, at: usize) -> Result<Self, ScopeError> {
        let bare = text.strip_prefix('!').unwrap_or(text);
        let mut negated = bare.len() < text.len();
        let at = at + usize::from(negated);
        let Some(end) = bare.find(['=', '<', '>', '!']) else {
            let text = excerpt(bare);
            let hint = nearest(bare, &KEYS);
            return Err(fault(at, ScopeFault::NoOperator { text, hint }));
        };
        let (key, rest) = bare.split_at(end);
        let key = KEYS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(key))
            .ok_or_else(|| {
                let (text, hint) = (excerpt(key), nearest(key, &KEYS));
                fault(at, ScopeFault::Key { text, hint })
            })?;
        let signs = [
            (">=", Compare::AtLeast),
            ("<=", Compare::AtMost),
            ("!=", Compare::Equal),
            ("=", Compare::Equal),
            (">", Compare::Above),
            ("<", Compare::Below),
        ];
        let Some((sign, compare)) = signs.into_iter().find(|(sign, _)| rest.starts_with(sign))
        else {
            let text = excerpt(bare);
            let hint = String::new();
            return Err(fault(at, ScopeFault::NoOperator { text, hint }));
        };
        negated ^= sign == "!=";
        let value = &rest[sign.len()..];
        let value_at = at + key.len() + sign.len();
        let test = Self::test(key, compare, value, at + key.len(), value_at)?;
        Ok(Self { test, negated })
    }

    fn test(
        key: &'static str,
        compare: Compare,
        value: &str,
        sign_at: usize,
        at: usize,
    ) -> Result<Test, ScopeError> {
        let orders = matches!(
            key,
            "impedance" | "queue" | "reliability" | "drift" | "beat"
        );
        if !orders && compare != Compare::Equal {
            let operator = compare.sign();
            return Err(fault(sign_at, ScopeFault::Operator { key, operator }));
        }
        let number = |wanted, fits: fn(Number) -> bool| {
            Number::parse(value).filter(|n| fits(*n)).ok_or_else(|| {
                let text = excerpt(value);
                fault(at, ScopeFault::Number { key, text, wanted })
            })
        };
        let any = |_: Number| true;
        Ok(match key {
            "sector" => Test::Sector(region::place(value, at, "sector", "sector=7")?),
            "cluster" => Test::Cluster(region::place(value, at, "cluster", "cluster=7-4")?),
            "class" => Test::Class(region::class(value, at)?),
            "state" => Test::State(states(value, at)?),
            "impedance" => Test::Impedance(compare, number("milliseconds such as 500", any)?),
            "queue" => Test::Queue(
                compare,
                number("a whole number such as 10", Number::is_whole)?,
            ),
            "reliability" => {
                let share = |n: Number| n.millionths() <= 1_000_000;
                Test::Reliability(compare, number("a fraction of 1 such as 0.9", share)?)
            }
            "drift" => Test::Drift(compare, number("a number such as 0.5", any)?),
            "capability" => Test::Capability(error::name(key, value, at)?),
            "context" => Test::Context(HexPrefix::parse(value).ok_or_else(|| {
                let text = excerpt(value);
                fault(at, ScopeFault::Hex { text })
            })?),
            "beat" => Test::Beat(compare, number("seconds such as 10", any)?),
            // The key is one of the twelve, so this is the last.
            _ => Test::Task(error::name(key, value, at)?),
        })
    }
}

/// `degraded|offline`, in any order, each as often as one likes.
fn states(text: &str, at: usize) -> Result<Marks, ScopeError> {
    let mut marks = Marks::NONE;
    let mut at = at;
    for word in text.split('|') {
        let mark = Mark::parse(word).ok_or_else(|| {
            let hint = nearest(word, &Mark::ALL.map(Mark::word));
            let text = excerpt(word);
            fault(at, ScopeFault::State { text, hint })
        })?;
        marks = marks.with(mark);
        at += word.len() + 1;
    }
    Ok(marks)
}

impl FromStr for Term {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negated { "!" } else { "" })?;
        f.write_str(self.test.key())?;
        match &self.test {
            Test::Sector(sector) => write!(f, "={sector}"),
            Test::Cluster(cluster) => write!(f, "={cluster}"),
            Test::Class(class) => write!(f, "={class}"),
            Test::State(marks) => write!(f, "={marks}"),
            Test::Capability(name) | Test::Task(name) => write!(f, "={name}"),
            Test::Context(prefix) => write!(f, "={prefix}"),
            Test::Impedance(compare, number)
            | Test::Queue(compare, number)
            | Test::Reliability(compare, number)
            | Test::Drift(compare, number)
            | Test::Beat(compare, number) => write!(f, "{}{number}", compare.sign()),
        }
    }
}
