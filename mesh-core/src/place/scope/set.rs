//! Several scopes, and scopes with exceptions, as operations carry them.

use super::error::{ScopeError, ScopeFault, fault};
use super::{NoSuchPlace, Places, Region, Scope, Subject};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use core::fmt;
use core::str::FromStr;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One or more scopes in the order in which they were said, none twice. In JSON one is a string and several are an
/// array; on the command line several are joined by commas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Scopes in one list at most: every sector of the largest mesh by name.
    pub const MAX: usize = 1_000;

    /// Checked; at least one, at most [`Scopes::MAX`].
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, ScopeError> {
        let mut list: Vec<Scope> = scopes.into_iter().take(Self::MAX + 1).collect();
        if list.is_empty() {
            return Err(fault(1, ScopeFault::NoScope));
        }
        if list.len() > Self::MAX {
            return Err(fault(1, ScopeFault::TooManyScopes { max: Self::MAX }));
        }
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|scope| seen.insert(scope.clone()));
        Ok(Self(list))
    }

    /// The whole mesh.
    pub fn all() -> Self {
        Self(vec![Scope::ALL])
    }

    /// Whatever needs it, as the mesh finds.
    pub fn auto() -> Self {
        Self(vec![Scope::Auto])
    }

    /// One region.
    pub fn region(region: Region) -> Self {
        Self(vec![Scope::Region(region)])
    }

    /// One sector.
    pub fn sector(id: SectorId) -> Self {
        Self::region(Region::Sector(id))
    }

    /// One cluster.
    pub fn cluster(id: ClusterId) -> Self {
        Self::region(Region::Cluster(id))
    }

    /// One agent.
    pub fn agent(id: AgentId) -> Self {
        Self::region(Region::Agent(id))
    }

    /// One class.
    pub fn class(class: Class) -> Self {
        Self::region(Region::Class(class))
    }

    /// The scopes themselves, at least one.
    pub fn as_slice(&self) -> &[Scope] {
        &self.0
    }

    /// Whether the whole mesh is among them.
    pub fn is_all(&self) -> bool {
        self.0.contains(&Scope::ALL)
    }

    /// Whether the mesh is to choose.
    pub fn is_auto(&self) -> bool {
        self.0.contains(&Scope::Auto)
    }

    /// Anything but single agents and single clusters.
    pub fn is_wide(&self) -> bool {
        !self.0.iter().all(Scope::is_narrow)
    }

    /// The agent, when it is exactly one.
    pub fn single_agent(&self) -> Option<AgentId> {
        match self.0.as_slice() {
            [Scope::Region(Region::Agent(agent))] => Some(*agent),
            _ => None,
        }
    }

    /// Whether the agent is in one of them.
    pub fn matches(&self, agent: &impl Subject) -> bool {
        self.0.iter().any(|scope| scope.matches(agent))
    }

    /// Whether an agent of `class` at `place` is in one of them; `None` when that depends on what is measured.
    pub fn matches_place(&self, place: AgentId, class: Class) -> Option<bool> {
        let mut known = Some(false);
        for scope in &self.0 {
            match scope.matches_place(place, class) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => known = None,
            }
        }
        known
    }

    /// Refuses places that the mesh does not have.
    pub fn check(&self, mesh: &impl Places) -> Result<(), NoSuchPlace> {
        self.0.iter().try_for_each(|scope| scope.check(mesh))
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        Self(vec![scope])
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;
    /// Scopes joined by commas, which no scope contains.
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut scopes = Vec::new();
        let mut at = 0;
        for part in text.split(',').take(Self::MAX + 1) {
            let scope = Scope::parse(part).map_err(|error| fault(at + error.at, error.fault))?;
            scopes.push(scope);
            at += part.chars().count() + 1;
        }
        Self::new(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(position, scope)| {
            f.write_str(if position == 0 { "" } else { "," })?;
            scope.fmt(f)
        })
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral)
    }
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Scopes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope such as \"sector:7\", or an array of several")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Scopes, E> {
        Scope::parse(text).map(Scopes::from).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scopes, A::Error> {
        let mut scopes = Vec::new();
        while let Some(scope) = items.next_element::<Scope>()? {
            scopes.push(scope);
            if scopes.len() > Scopes::MAX {
                break;
            }
        }
        if let [one] = scopes.as_slice() {
            let wrong = format!("one scope is a string, not an array: write \"{one}\"");
            return Err(A::Error::custom(wrong));
        }
        Scopes::new(scopes).map_err(A::Error::custom)
    }
}

/// Scopes without exceptions: "all of sector 7 but 7-4-12".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeSet {
    /// Who is meant.
    #[serde(rename = "scope")]
    pub scopes: Scopes,
    /// Who is not meant all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub except: Option<Scopes>,
}

impl ScopeSet {
    /// These scopes, nobody excepted.
    pub const fn new(scopes: Scopes) -> Self {
        Self {
            scopes,
            except: None,
        }
    }

    /// The whole mesh.
    pub fn all() -> Self {
        Self::new(Scopes::all())
    }

    /// But not `except`.
    pub fn but(self, except: Scopes) -> Self {
        Self {
            except: Some(except),
            ..self
        }
    }

    /// Whether the agent is meant.
    pub fn matches(&self, agent: &impl Subject) -> bool {
        let excepted = self.except.as_ref().is_some_and(|out| out.matches(agent));
        !excepted && self.scopes.matches(agent)
    }

    /// Whether an agent of `class` at `place` is meant; `None` when that depends on what is measured.
    pub fn matches_place(&self, place: AgentId, class: Class) -> Option<bool> {
        let meant = self.scopes.matches_place(place, class);
        let excepted = self
            .except
            .as_ref()
            .map_or(Some(false), |out| out.matches_place(place, class));
        match (meant, excepted) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (Some(true), Some(false)) => Some(true),
            (None, _) | (_, None) => None,
        }
    }

    /// Refuses places that the mesh does not have.
    pub fn check(&self, mesh: &impl Places) -> Result<(), NoSuchPlace> {
        self.scopes.check(mesh)?;
        self.except.as_ref().map_or(Ok(()), |out| out.check(mesh))
    }
}

impl From<Scopes> for ScopeSet {
    fn from(scopes: Scopes) -> Self {
        Self::new(scopes)
    }
}

impl From<Scope> for ScopeSet {
    fn from(scope: Scope) -> Self {
        Self::new(scope.into())
    }
}

impl From<Region> for ScopeSet {
    fn from(region: Region) -> Self {
        Self::new(Scopes::region(region))
    }
}

impl fmt::Display for ScopeSet {
    /// `sector:7 except agent:7-4-12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scopes.fmt(f)?;
        match &self.except {
            Some(except) => write!(f, " except {except}"),
            None => Ok(()),
        }
    }
}
