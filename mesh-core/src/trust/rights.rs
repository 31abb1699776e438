//! What kinds of key there are, and what each may at most be or do.

use crate::place::{Class, ClassSet};
use serde::{Deserialize, Serialize};

/// What an operator may ask, by what it risks; each right stands for itself, none includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Reads: status, lists, findings, history. Changes nothing.
    Look,
    /// What is undone with one word: broadcast, ask, delegate, avoid, restore, resolve.
    Steer,
    /// What stops work and protects: freeze, quarantine, trip, cancel.
    Stop,
    /// What sets much in motion: thaw, cascade to all, heal, promote, scale, capability rules.
    Change,
    /// Who belongs to the mesh: admission, tokens, revocation.
    Keys,
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(u8);

/// What an admitted key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// A process that hosts agents and may hold seats.
    Node,
    /// An agent, wherever it sits.
    Agent(Limits),
    /// A person.
    Operator(Rights),
}

/// What an agent may at most claim to be (§9.1, capability-based security).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Classes that it may report.
    pub classes: ClassSet,
    /// Capabilities that it may offer; `None` leaves them to the capability rules alone.
    pub capabilities: Option<Vec<String>>,
}

impl Rights {
    /// Every right.
    pub const ALL: Self = Self(0b1_1111);

    /// These and `right`.
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << right as u8)
    }

    /// Whether `right` is among them.
    pub const fn has(self, right: Right) -> bool {
        self.0 >> right as u8 & 1 == 1
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        rights.into_iter().fold(Self::default(), Self::with)
    }
}

impl Right {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Steer => "steer",
            Self::Stop => "stop",
            Self::Change => "change",
            Self::Keys => "keys",
        }
    }
}

impl core::fmt::Display for Right {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.word())
    }
}

impl Limits {
    /// Capabilities of one key at most.
    pub const CAPABILITIES_MAX: usize = 32;
    /// Bytes of a capability's name at most: 32 of 48 make 1.5 KiB, which leaves a certificate under 4 KiB.
    pub const NAME_MAX: usize = 48;

    /// Nothing but what the mesh's own rules say.
    pub const ANY: Self = Self {
        classes: ClassSet::ALL,
        capabilities: None,
    };

    /// Whether it may be of this class and offer this capability.
    pub fn allow(&self, class: Class, capability: Option<&str>) -> bool {
        let may_offer = match (&self.capabilities, capability) {
            (None, _) | (_, None) => true,
            (Some(allowed), Some(wanted)) => allowed.iter().any(|name| name == wanted),
        };
        self.classes.has(class) && may_offer
    }

    /// Whether it fits a certificate.
    pub fn fits(&self) -> bool {
        self.capabilities.as_ref().is_none_or(|names| {
            names.len() <= Self::CAPABILITIES_MAX
                && names.iter().all(|name| name.len() <= Self::NAME_MAX)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_right_includes_another() {
        let rights = Rights::default().with(Right::Change);
        assert!(rights.has(Right::Change));
        assert!(
            ![Right::Look, Right::Steer, Right::Stop, Right::Keys]
                .into_iter()
                .any(|right| rights.has(right))
        );
    }

    #[test]
    fn an_agent_may_offer_what_it_was_admitted_for() {
        let limits = Limits {
            classes: ClassSet::default().with(Class::Gpu),
            capabilities: Some(vec!["llm_inference".into()]),
        };
        assert!(limits.allow(Class::Gpu, Some("llm_inference")));
        assert!(limits.allow(Class::Gpu, None));
        assert!(!limits.allow(Class::Gpu, Some("payments")));
        assert!(!limits.allow(Class::Edge, None));
        assert!(Limits::ANY.allow(Class::Edge, Some("payments")));
    }
}
