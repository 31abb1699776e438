//! Who speaks and who is meant, in seven bytes.

use crate::place::{AgentId, ClusterId, SectorId};
use crate::trust::Seat;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One end of a message. It is signed with the rest, so that a message cannot be passed on to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Address {
    /// Whoever holds a seat.
    Seat(Seat),
    /// An agent.
    Agent(AgentId),
    /// All agents of a cluster.
    Agents(ClusterId),
    /// All leads of a sector.
    Leads(SectorId),
    /// All coordinators.
    Coordinators,
    /// The holder of a key as such, whatever its place: a node that joins, an operator at the door. The last 48 bits
    /// of the key's name; together with the signature's own key they name one.
    Key(u64),
}

impl Address {
    /// Bytes of an address.
    pub(super) const SIZE: usize = 7;

    /// The address of a key.
    pub const fn key(id: crate::trust::KeyId) -> Self {
        Self::Key(id.0 & KEY_BITS)
    }

    /// A kind, then sector (2), cluster (1), agent (1) and zeros, or a key's 6 bytes.
    pub(super) fn to_bytes(self) -> [u8; Self::SIZE] {
        let at = |kind: u8, sector: SectorId, cluster: u8, agent: u8| {
            let [high, low] = sector.0.to_be_bytes();
            [kind, high, low, cluster, agent, 0, 0]
        };
        match self {
            Self::Seat(Seat::Orchestrator) => [0; Self::SIZE],
            Self::Seat(Seat::Coordinator(id)) => at(1, id, 0, 0),
            Self::Seat(Seat::Lead(id)) => at(2, id.sector, id.cluster, 0),
            Self::Agent(id) => at(3, id.cluster.sector, id.cluster.cluster, id.agent),
            Self::Agents(id) => at(4, id.sector, id.cluster, 0),
            Self::Leads(id) => at(5, id, 0, 0),
            Self::Coordinators => at(6, SectorId(0), 0, 0),
            Self::Key(bits) => {
                let mut bytes = [7; Self::SIZE];
                bytes[1..].copy_from_slice(&bits.to_be_bytes()[2..]);
                bytes
            }
        }
    }

    /// `None` for what no address is written as.
    pub(super) fn from_bytes(bytes: [u8; Self::SIZE]) -> Option<Self> {
        let [kind, high, low, cluster, agent, ..] = bytes;
        let sector = SectorId(u16::from_be_bytes([high, low]));
        let cluster = ClusterId { sector, cluster };
        let address = match kind {
            0 => Self::Seat(Seat::Orchestrator),
            1 => Self::Seat(Seat::Coordinator(sector)),
            2 => Self::Seat(Seat::Lead(cluster)),
            3 => Self::Agent(AgentId { cluster, agent }),
            4 => Self::Agents(cluster),
            5 => Self::Leads(sector),
            6 => Self::Coordinators,
            7 => {
                let mut bits = [0; 8];
                bits[2..].copy_from_slice(&bytes[1..]);
                return Some(Self::Key(u64::from_be_bytes(bits)));
            }
            _ => return None,
        };
        // Numbers count from 1, and what a kind does not use is zero: each address has one form.
        let numbers = match address {
            Self::Seat(Seat::Orchestrator) | Self::Coordinators | Self::Key(_) => 0,
            Self::Seat(Seat::Coordinator(_)) | Self::Leads(_) => 1,
            Self::Seat(Seat::Lead(_)) | Self::Agents(_) => 2,
            Self::Agent(_) => 3,
        };
        let given = [sector.0, cluster.cluster.into(), agent.into()];
        let counted = given.iter().take_while(|number| **number > 0).count();
        (counted == numbers && address.to_bytes() == bytes).then_some(address)
    }
}

const KEY_BITS: u64 = (1 << 48) - 1;

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seat(seat) => seat.fmt(f),
            Self::Agent(agent) => write!(f, "agent {agent}"),
            Self::Agents(cluster) => write!(f, "agents of {cluster}"),
            Self::Leads(sector) => write!(f, "leads of {sector}"),
            Self::Coordinators => f.write_str("coordinators"),
            Self::Key(bits) => write!(f, "key ..{bits:012x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_address_is_read_back() {
        let agent: AgentId = "7-4-12".parse().unwrap();
        for address in [
            Address::Seat(Seat::Orchestrator),
            Address::Seat(Seat::Coordinator(SectorId(1_000))),
            Address::Seat(Seat::Lead(agent.cluster)),
            Address::Agent(agent),
            Address::Agents(agent.cluster),
            Address::Leads(SectorId(7)),
            Address::Coordinators,
            Address::key(crate::trust::KeyId(u64::MAX)),
        ] {
            assert_eq!(Address::from_bytes(address.to_bytes()), Some(address));
        }
    }

    proptest! {
        #[test]
        fn bytes_that_are_read_are_the_only_form_of_that_address(bytes in any::<[u8; 7]>(), kind in 0u8..9) {
            let mut bytes = bytes;
            bytes[0] = kind;
            if let Some(address) = Address::from_bytes(bytes) {
                prop_assert_eq!(address.to_bytes(), bytes);
            }
        }
    }
}
