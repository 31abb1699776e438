//! Why an operation was not carried out, and what would be allowed (PROTOCOL §8). Nothing was changed.

use crate::text::Foreign;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// On what ground.
    pub ground: Ground,
    /// Why, in one line.
    pub why: Foreign,
    /// Names of operations that would be carried out instead, in the order of use.
    pub allowed: Vec<String>,
}

/// The grounds of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The operational mode, by its name in §6.3.
    Mode(String),
    /// Its scope is frozen.
    Frozen,
    /// It was not confirmed; this is what has to be said.
    NeedsYes(super::Confirm),
    /// A person has to approve it: the number of the review item that waits for that.
    NeedsApproval(u64),
    /// What it names is not there.
    NotFound,
    /// The caller has no right to it.
    NotAllowed,
    /// It is not known who the caller is.
    NotKnown,
    /// Too much at once.
    TooMuch,
    /// It makes no sense as it stands.
    Wrong,
    /// The part of the mesh that would do it is not there now.
    Unavailable,
}

/// The operations that a frozen mesh still carries out, by name.
pub fn allowed_when_frozen() -> Vec<String> {
    super::table::rows()
        .filter(|row| row.when_frozen)
        .map(|row| row.name.to_owned())
        .collect()
}

impl Refusal {
    /// On this ground, for this reason.
    pub fn new(ground: Ground, why: impl Into<Foreign>) -> Self {
        Self {
            ground,
            why: why.into(),
            allowed: Vec::new(),
        }
    }

    /// With what would be allowed.
    pub fn allowing<S: Into<String>>(mut self, allowed: impl IntoIterator<Item = S>) -> Self {
        self.allowed = allowed.into_iter().map(Into::into).collect();
        self
    }

    /// Because its scope is frozen.
    pub fn frozen(scope: &super::Scopes) -> Self {
        Self::new(
            Ground::Frozen,
            format!("{scope} is frozen; thaw it first").as_str(),
        )
        .allowing(allowed_when_frozen())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ground {
            Ground::Mode(mode) => write!(f, "refused in mode {mode}: {}", self.why)?,
            Ground::Frozen => write!(f, "refused while frozen: {}", self.why)?,
            Ground::NeedsYes(_) => write!(f, "needs a yes: {}", self.why)?,
            Ground::NeedsApproval(id) => {
                write!(f, "waits for approval as review {id}: {}", self.why)?;
            }
            Ground::NotFound => write!(f, "not found: {}", self.why)?,
            Ground::NotAllowed => write!(f, "not allowed: {}", self.why)?,
            Ground::NotKnown => write!(f, "caller not known: {}", self.why)?,
            Ground::TooMuch => write!(f, "too much at once: {}", self.why)?,
            Ground::Wrong => write!(f, "cannot be: {}", self.why)?,
            Ground::Unavailable => write!(f, "not available: {}", self.why)?,
        }
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Scopes;

    #[test]
    fn a_refusal_says_why_and_what_would_be_allowed() {
        let said = Refusal::frozen(&Scopes::all()).to_string();
        assert!(
            said.starts_with("refused while frozen: all is frozen"),
            "{said}"
        );
        for allowed in ["status", "ask", "thaw"] {
            assert!(said.contains(allowed), "{allowed}: {said}");
        }
        assert!(!said.contains("cascade") && !said.contains("delegate"));
    }
}
