//! A filter: terms of which all must be true.

use super::error::{ScopeError, ScopeFault, fault};
use super::{NoSuchPlace, Places, Region, Subject, Term, Test};
use crate::place::{AgentId, Class};
use core::fmt;

/// One to sixteen terms, in canonical order, none twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter(Vec<Term>);

impl Filter {
    /// Terms at most: one for each of the twelve keys, and four more to make a range of a number.
    pub const TERMS_MAX: usize = 16;

    /// Sorted and freed of what is said twice; a cluster says its sector, so that term goes.
    pub fn new(terms: impl IntoIterator<Item = Term>) -> Result<Self, ScopeError> {
        let mut terms: Vec<Term> = terms.into_iter().take(Self::TERMS_MAX + 1).collect();
        if terms.is_empty() {
            return Err(fault(1, ScopeFault::Empty));
        }
        if terms.len() > Self::TERMS_MAX {
            return Err(fault(1, ScopeFault::TooManyTerms));
        }
        terms.sort();
        terms.dedup();
        let said = terms.iter().find_map(|term| match term.test {
            Test::Cluster(cluster) if !term.negated => Some(cluster.sector),
            _ => None,
        });
        terms.retain(|term| {
            said.is_none_or(|sector| term.negated || term.test != Test::Sector(sector))
        });
        Ok(Self(terms))
    }

    /// Its terms, in order.
    pub fn terms(&self) -> &[Term] {
        &self.0
    }

    /// Whether all its terms are true of the agent.
    pub fn matches(&self, agent: &impl Subject) -> bool {
        self.0.iter().all(|term| term.matches(agent))
    }

    /// Whether it is true of an agent of `class` at `place`: false as soon as one term is, `None` when none is and one
    /// asks for what is measured.
    pub fn matches_place(&self, place: AgentId, class: Class) -> Option<bool> {
        let mut known = Some(true);
        for term in &self.0 {
            match term.matches_place(place, class) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => known = None,
            }
        }
        known
    }

    /// Refuses places that the mesh does not have, in any of its terms.
    pub fn check(&self, mesh: &impl Places) -> Result<(), NoSuchPlace> {
        self.0.iter().try_for_each(|term| match term.test {
            Test::Sector(sector) => NoSuchPlace::sector(sector, mesh),
            Test::Cluster(cluster) => NoSuchPlace::cluster(cluster, mesh),
            _ => Ok(()),
        })
    }

    /// The region that says the same, when there is one.
    pub(super) fn as_region(&self) -> Option<Region> {
        let [
            Term {
                test,
                negated: false,
            },
        ] = self.0.as_slice()
        else {
            return None;
        };
        match *test {
            Test::Sector(sector) => Some(Region::Sector(sector)),
            Test::Cluster(cluster) => Some(Region::Cluster(cluster)),
            Test::Class(class) => Some(Region::Class(class)),
            _ => None,
        }
    }

    /// Reads terms whose text begins at the character `at`.
    pub(super) fn parse_at(text: &str, at: usize) -> Result<Self, ScopeError> {
        let mut terms = Vec::new();
        let mut word_at = at;
        for word in text.split(' ') {
            if !word.is_empty() {
                if terms.len() == Self::TERMS_MAX {
                    return Err(fault(word_at, ScopeFault::TooManyTerms));
                }
                terms.push(Term::parse_at(word, word_at)?);
            }
            word_at += word.chars().count() + 1;
        }
        Self::new(terms).map_err(|error| fault(at, error.fault))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("where:")?;
        self.0.iter().enumerate().try_for_each(|(position, term)| {
            f.write_str(if position == 0 { "" } else { " " })?;
            term.fmt(f)
        })
    }
}
