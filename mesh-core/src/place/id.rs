//! Names of places: `7`, `7-4`, `7-4-12`, each number from 1 (PROTOCOL §1).

use crate::text::excerpt;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// A sector, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SectorId(pub u16);

/// A cluster within its sector, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClusterId {
    /// The sector it belongs to.
    pub sector: SectorId,
    /// Its number there, from 1.
    pub cluster: u8,
}

/// The place of an agent: where it sits now, not who it is (that is its key).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AgentId {
    /// The cluster it sits in.
    pub cluster: ClusterId,
    /// Its number there, from 1.
    pub agent: u8,
}

/// A place that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {text:?} as {wanted}; write it like {example}")]
pub struct PlaceError {
    /// What was given.
    pub text: String,
    /// What it should have been.
    pub wanted: &'static str,
    /// A right one.
    pub example: &'static str,
}

impl SectorId {
    /// From 0, as tables count.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// The sector at `index`, counted from 0.
    pub const fn at(index: usize) -> Self {
        Self(index as u16 + 1)
    }

    /// Its cluster at `slot`, counted from 0.
    pub const fn cluster(self, slot: u8) -> ClusterId {
        ClusterId {
            sector: self,
            cluster: slot + 1,
        }
    }
}

impl ClusterId {
    /// Its slot under its coordinator, from 0.
    pub const fn slot(self) -> u8 {
        self.cluster - 1
    }

    /// Its agent at `slot`, counted from 0.
    pub const fn agent(self, slot: u8) -> AgentId {
        AgentId {
            cluster: self,
            agent: slot + 1,
        }
    }
}

impl AgentId {
    /// Its slot under its lead, from 0.
    pub const fn slot(self) -> u8 {
        self.agent - 1
    }

    /// The sector it sits in.
    pub const fn sector(self) -> SectorId {
        self.cluster.sector
    }

    /// All three numbers in one word, ordered as the place is.
    pub const fn pack(self) -> u32 {
        (self.cluster.sector.0 as u32) << 16
            | (self.cluster.cluster as u32) << 8
            | self.agent as u32
    }

    /// From [`AgentId::pack`].
    pub const fn unpack(packed: u32) -> Self {
        Self {
            cluster: ClusterId {
                sector: SectorId((packed >> 16) as u16),
                cluster: (packed >> 8) as u8,
            },
            agent: packed as u8,
        }
    }
}

impl fmt::Display for SectorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.sector, self.cluster)
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.cluster, self.agent)
    }
}

impl FromStr for SectorId {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match numbers(text).as_deref() {
            Some(&[sector]) => Ok(Self(sector)),
            _ => Err(PlaceError {
                text: excerpt(text),
                wanted: "a sector",
                example: "7",
            }),
        }
    }
}

impl FromStr for ClusterId {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match numbers(text).as_deref() {
            Some(&[sector, cluster]) if cluster <= 255 => Ok(Self {
                sector: SectorId(sector),
                cluster: cluster as u8,
            }),
            _ => Err(PlaceError {
                text: excerpt(text),
                wanted: "a cluster",
                example: "7-4",
            }),
        }
    }
}

impl FromStr for AgentId {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match numbers(text).as_deref() {
            Some(&[sector, cluster, agent]) if cluster <= 255 && agent <= 255 => Ok(Self {
                cluster: ClusterId {
                    sector: SectorId(sector),
                    cluster: cluster as u8,
                },
                agent: agent as u8,
            }),
            _ => Err(PlaceError {
                text: excerpt(text),
                wanted: "an agent",
                example: "7-4-12",
            }),
        }
    }
}

/// The numbers of a place in its short form (`7-4-12`) or the specification's long one (`SECTOR7-CLUSTER4-AGENT-12`).
fn numbers(text: &str) -> Option<Vec<u16>> {
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let short = ["sector", "cluster", "agent"]
        .iter()
        .fold(lower, |text, word| {
            text.replace(&format!("{word}-"), "").replace(word, "")
        });
    short.split('-').map(number).collect()
}

/// One number of a place: digits only, no leading zero, at least 1.
fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_in_both_forms_and_shown_in_the_short_one() {
        for text in [
            "7-4-12",
            "SECTOR7-CLUSTER4-AGENT-12",
            "sector-7-cluster-4-agent-12",
        ] {
            assert_eq!(
                text.parse::<AgentId>().map(|id| id.to_string()),
                Ok("7-4-12".into())
            );
        }
        assert_eq!(
            "SECTOR7-CLUSTER4"
                .parse::<ClusterId>()
                .map(|id| id.to_string()),
            Ok("7-4".into())
        );
        assert_eq!("SECTOR-12".parse::<SectorId>(), Ok(SectorId(12)));
    }

    #[test]
    fn what_is_no_place_is_refused_with_an_example() {
        for text in [
            "", "0-1-1", "7-4", "7-4-0", "7-4-256", "7--4", "-7-4-1", "7-4-12-1", "７-4-1",
            "07-4-1", "7-4-+1",
        ] {
            let error = text.parse::<AgentId>().expect_err(text).to_string();
            assert!(error.contains("7-4-12"), "{error}");
        }
    }
}
