//! Scopes and the filter language, parsed once here for command line, console and conversation.
//!
//! A [`Scope`] is a [`Region`] (`all`, `sector:7`, `cluster:7-4`, `agent:7-4-12`, `class:gpu`), a [`Filter`]
//! (`where:class=gpu state=offline`) or `auto` (what needs healing). [`Scopes`] are one or several of them, a
//! [`ScopeSet`] is scopes without exceptions. Whatever is accepted, one text comes out: parsing what is displayed gives
//! the same value.

mod error;
mod filter;
mod hex;
mod mark;
mod name;
mod number;
mod places;
mod region;
mod set;
mod term;
#[cfg(test)]
pub(crate) mod tests;

pub use error::{ScopeError, ScopeFault};
pub use filter::Filter;
pub use hex::HexPrefix;
pub use mark::{Mark, Marks};
pub use name::{Name, NameError};
pub use number::{Compare, Number, Range};
pub use places::{NoSuchPlace, Places};
pub use region::Region;
pub use set::{ScopeSet, Scopes};
pub use term::{Subject, Term, Test};

use crate::place::{AgentId, Class};
use core::fmt;
use core::str::FromStr;
use error::{fault, nearest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of one scope's text at most: [`Filter::TERMS_MAX`] (16) terms of the longest kind (a negated capability,
/// 12 + [`Name::LEN_MAX`] (64) bytes) and the spaces between make 1,231; the rest is room for careless spacing.
pub const TEXT_MAX: usize = 2_048;

/// What an operation is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Whatever needs healing: agents that are degraded, offline or quarantined.
    Auto,
    /// A place, a class, or everything.
    Region(Region),
    /// Every agent of which all terms are true.
    Filter(Filter),
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self::Region(Region::All);
    /// What `auto` means.
    pub const SICK: Marks = Marks::of(Mark::Degraded)
        .with(Mark::Offline)
        .with(Mark::Quarantined);

    /// Reads the canonical form, and beside it: any case, a place without its kind (`7-4-12`, `7`), and the
    /// specification's long names (`SECTOR7-CLUSTER4-AGENT-12`, `class:CLASS_D_GPU`).
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > TEXT_MAX {
            return Err(fault(
                1,
                ScopeFault::TooLong {
                    len: text.len(),
                    max: TEXT_MAX,
                },
            ));
        }
        let trimmed = text.trim();
        let start = 1 + text.chars().take_while(|c| c.is_whitespace()).count();
        match trimmed.split_once(':') {
            _ if trimmed.eq_ignore_ascii_case("auto") => Ok(Self::Auto),
            Some((kind, terms)) if kind.eq_ignore_ascii_case("where") => {
                Filter::parse_at(terms, start + kind.len() + 1).map(Self::from)
            }
            _ => Region::parse_at(trimmed, start).map(Self::Region),
        }
    }

    /// Whether the agent is in it by what is known of the agent.
    pub fn matches(&self, agent: &impl Subject) -> bool {
        match self {
            Self::Auto => agent.marks().meets(Self::SICK),
            Self::Region(region) => region.covers(agent.place(), agent.class()),
            Self::Filter(filter) => filter.matches(agent),
        }
    }

    /// Whether an agent of `class` at `place` is in it, as far as that can be said without a registry; `None` when it
    /// depends on what is measured.
    pub fn matches_place(&self, place: AgentId, class: Class) -> Option<bool> {
        match self {
            Self::Auto => None,
            Self::Region(region) => Some(region.covers(place, class)),
            Self::Filter(filter) => filter.matches_place(place, class),
        }
    }

    /// Refuses a place that the mesh does not have, and says what it has.
    pub fn check(&self, mesh: &impl Places) -> Result<(), NoSuchPlace> {
        match self {
            Self::Auto => Ok(()),
            Self::Region(region) => region.check(mesh),
            Self::Filter(filter) => filter.check(mesh),
        }
    }

    /// The region, when it is one.
    pub const fn region(&self) -> Option<Region> {
        match self {
            Self::Region(region) => Some(*region),
            Self::Auto | Self::Filter(_) => None,
        }
    }

    /// Whether it is a single agent or a single cluster; everything else is "wide" and may need a yes.
    pub const fn is_narrow(&self) -> bool {
        matches!(self, Self::Region(Region::Agent(_) | Region::Cluster(_)))
    }
}

impl From<Region> for Scope {
    fn from(region: Region) -> Self {
        Self::Region(region)
    }
}

impl From<Filter> for Scope {
    /// A filter that says no more than a region becomes that region.
    fn from(filter: Filter) -> Self {
        filter
            .as_region()
            .map_or(Self::Filter(filter), Self::Region)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Region(region) => region.fmt(f),
            Self::Filter(filter) => filter.fmt(f),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
