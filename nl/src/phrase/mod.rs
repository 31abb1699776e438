//! Noun phrases: who or what is meant. "The five slowest GPUs in sector 7 with a queue over 10, except 7-4-12".

mod adjective;
mod behind;
mod compare;
mod core;
mod place;
mod rank;

use mesh_core::operation::word::{Openness, Order, SortBy};
use mesh_core::place::Class;
use mesh_core::place::scope::{Marks, Region, Scope, Term};

pub(crate) use behind::predicate;
pub(crate) use compare::{metric, term};
pub(crate) use core::{alone, exception, phrase};

/// What rows a phrase is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noun {
    /// Agents, nodes, workers.
    Agent,
    /// Clusters.
    Cluster,
    /// Sectors.
    Sector,
    /// Conflicts.
    Conflict,
    /// Breakers.
    Breaker,
    /// Tasks, jobs, work.
    Task,
    /// Reviews, approvals.
    Review,
    /// Events.
    Event,
    /// Operations, commands.
    Operation,
}

/// A place as it was said: whole, or a number whose sector or cluster the dialogue has to fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A place.
    Region(Region),
    /// "Cluster 4".
    ClusterNumber(u32),
    /// "Agent 12".
    AgentNumber(u32),
    /// A bare number: a sector, unless the dialogue fixes another level.
    Number(u32),
}

/// What a phrase refers to, instead of naming it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refer {
    /// It, that, this.
    It,
    /// Them, they, those, these, their.
    Them,
    /// There, here.
    There,
    /// "That sector", "the cluster".
    That(Noun),
    /// Both; "all three".
    Several(u32),
    /// "The other one".
    Other,
    /// "The slow ones": those that were meant for being slow.
    Slow,
}

/// Positions among what was said before: "the first two", "the second", "the last one".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The first so many.
    First(u32),
    /// The last so many.
    Last(u32),
    /// This one, from 1.
    Nth(u32),
}

/// A noun phrase.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word that was said or not, and any of them may come together"
)]
pub(crate) struct Phrase {
    /// Everything, all of, every.
    pub(crate) all: bool,
    /// The whole mesh by name.
    pub(crate) mesh: bool,
    /// Any.
    pub(crate) any: bool,
    /// `auto`, "whatever needs it".
    pub(crate) auto: bool,
    /// So many of them.
    pub(crate) count: Option<f64>,
    /// Some, several: a number that was not said.
    pub(crate) vague: bool,
    /// The first two.
    pub(crate) pick: Option<Pick>,
    /// What kind of rows.
    pub(crate) noun: Option<Noun>,
    /// Whether the noun stood in the singular.
    pub(crate) singular: bool,
    /// An article that fixes it: the, that.
    pub(crate) definite: bool,
    /// Places.
    pub(crate) spots: Vec<Spot>,
    /// Scopes in their canonical form.
    pub(crate) scopes: Vec<Scope>,
    /// Classes; `false` for "not a GPU".
    pub(crate) classes: Vec<(Class, bool)>,
    /// States.
    pub(crate) marks: Option<Marks>,
    /// States that it is not in.
    pub(crate) not_marks: Option<Marks>,
    /// Further terms.
    pub(crate) terms: Vec<Term>,
    /// Open or closed.
    pub(crate) open: Option<Openness>,
    /// Sorted by.
    pub(crate) sort: Option<SortBy>,
    /// Which end first.
    pub(crate) order: Option<Order>,
    /// Whether a superlative asked for that end: "the slowest".
    pub(crate) superlative: bool,
    /// What it refers to.
    pub(crate) refer: Option<Refer>,
    /// More of the same kind: "and the Pis".
    pub(crate) more: Vec<Phrase>,
    /// What is left out.
    pub(crate) except: Option<Box<Phrase>>,
    /// A place that the mesh does not have.
    pub(crate) missing: Option<String>,
    /// How far back rows go, when the phrase says so.
    pub(crate) span: Option<f64>,
    /// The preposition before it, one of ours.
    pub(crate) preposition: &'static str,
    /// The tokens it was read from.
    pub(crate) start: usize,
    /// Behind its last token.
    pub(crate) end: usize,
}

impl Phrase {
    /// Whether it names a place, a class, a state or a measure, or refers to one.
    pub(crate) fn is_scope(&self) -> bool {
        self.names()
            || self.all
            || self.mesh
            || self.auto
            || self.refer.is_some()
            || self.pick.is_some()
    }

    /// Whether it names a place, a class, a state or a measure.
    pub(crate) fn names(&self) -> bool {
        self.places() || self.filters()
    }

    /// Whether it names a place.
    pub(crate) fn places(&self) -> bool {
        !self.spots.is_empty() || !self.scopes.is_empty() || self.missing.is_some()
    }

    /// Whether it says what its agents are like.
    pub(crate) fn filters(&self) -> bool {
        !self.classes.is_empty()
            || self.marks.is_some()
            || self.not_marks.is_some()
            || !self.terms.is_empty()
    }

    /// Whether it is nothing but a bare number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.spots.as_slice(), [Spot::Number(_)])
            && !self.filters()
            && self.noun.is_none()
            && self.refer.is_none()
    }
}
