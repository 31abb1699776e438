//! READY, TRANSIT, CONFLICT (§1.4).

use core::fmt;
use serde::{Deserialize, Serialize};

/// Where an agent stands with one operation (§1.4). On the wire it is the number: 1, 0 or -1 (appendix B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "i8", try_from = "i8")]
#[repr(i8)]
pub enum Trinary {
    /// -1: it arrived and cannot integrate. Information, not failure.
    Conflict = -1,
    /// 0: in flight or in work, the outcome unknown.
    Transit = 0,
    /// +1: arrived, integrated, ready to go on.
    Ready = 1,
}

/// A number that is no trinary state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {0} as a trinary state; it is 1 (READY), 0 (TRANSIT) or -1 (CONFLICT)")]
pub struct TrinaryError(pub i8);

impl From<Trinary> for i8 {
    fn from(state: Trinary) -> Self {
        state as Self
    }
}

impl TryFrom<i8> for Trinary {
    type Error = TrinaryError;
    fn try_from(number: i8) -> Result<Self, TrinaryError> {
        match number {
            1 => Ok(Self::Ready),
            0 => Ok(Self::Transit),
            -1 => Ok(Self::Conflict),
            other => Err(TrinaryError(other)),
        }
    }
}

impl fmt::Display for Trinary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "READY",
            Self::Transit => "TRANSIT",
            Self::Conflict => "CONFLICT",
        })
    }
}
