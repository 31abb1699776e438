//! What kinds of conflict there are (§5.1).

use crate::text::excerpt;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// The five types of §5.1; read in small letters too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConflictKind {
    /// Two agents have incompatible world models.
    #[serde(alias = "context_divergence")]
    ContextDivergence,
    /// The same fact has different values.
    #[serde(alias = "data_contradiction")]
    DataContradiction,
    /// An effect came before its cause.
    #[serde(alias = "temporal_paradox")]
    TemporalParadox,
    /// An agent was asked for what it cannot do.
    #[serde(alias = "capability_mismatch")]
    CapabilityMismatch,
    /// Bytes do not hash to their name: corruption or attack.
    #[serde(alias = "hash_mismatch")]
    HashMismatch,
}

impl ConflictKind {
    /// All five, in the specification's order.
    pub const ALL: [Self; 5] = [
        Self::ContextDivergence,
        Self::DataContradiction,
        Self::TemporalParadox,
        Self::CapabilityMismatch,
        Self::HashMismatch,
    ];

    /// The specification's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ContextDivergence => "CONTEXT_DIVERGENCE",
            Self::DataContradiction => "DATA_CONTRADICTION",
            Self::TemporalParadox => "TEMPORAL_PARADOX",
            Self::CapabilityMismatch => "CAPABILITY_MISMATCH",
            Self::HashMismatch => "HASH_MISMATCH",
        }
    }
}

impl fmt::Display for ConflictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no conflict type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read {0:?} as a conflict type; they are context_divergence, data_contradiction, temporal_paradox, capability_mismatch and hash_mismatch"
)]
pub struct KindError(pub String);

impl FromStr for ConflictKind {
    type Err = KindError;
    /// In any case, with `_`, `-` or spaces.
    fn from_str(text: &str) -> Result<Self, KindError> {
        let plain = |c: char| if "- ".contains(c) { '_' } else { c };
        let word: String = excerpt(text).chars().map(plain).collect();
        Self::ALL
            .into_iter()
            .find(|kind| kind.word().eq_ignore_ascii_case(&word))
            .ok_or(KindError(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_as_people_write_it() {
        for kind in ConflictKind::ALL {
            assert_eq!(kind.word().to_lowercase().parse(), Ok(kind));
            assert_eq!(kind.word().replace('_', "-").parse(), Ok(kind));
            let small = format!("\"{}\"", kind.word().to_lowercase());
            assert_eq!(
                serde_json::from_str::<ConflictKind>(&small).expect("reads"),
                kind
            );
            let written = serde_json::to_string(&kind).expect("writes");
            assert_eq!(written, format!("\"{kind}\""));
        }
        let error = "paradox".parse::<ConflictKind>().expect_err("no type");
        assert!(error.to_string().contains("temporal_paradox"), "{error}");
    }
}
