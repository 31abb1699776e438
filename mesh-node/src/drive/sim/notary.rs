//! Signatures of the simulated mesh for what outlives a message: desired state and proofs of stop.
//!
//! Every node has a notary of its own that signs with that node's key alone, so a seat in the wrong hands can write in
//! nobody else's name; whom to believe is the same for all.

use super::super::vouched::Vouched;
use super::node::NodeId;
use super::world::World;
use mesh_core::guard::level::Author;
use mesh_core::message::Header;
use mesh_core::place::AgentId;
use mesh_core::role::{Notary, Signatory};
use mesh_core::trust::key::Signature;
use mesh_core::trust::key::{Scheme, SecretKey, Signer};
use mesh_core::trust::seat::Seat;
use std::sync::Arc;

/// Nodes that stand for each seat: the holder and its standby.
const HOLDERS: u8 = 2;

/// Who signs with which key in this run.
#[derive(Debug)]
pub(in crate::drive) struct Notaries {
    scheme: Arc<Scheme>,
    agents: Arc<dyn Notary>,
}

/// The notary of one node that stands for a seat, or of the root key's owner.
#[derive(Debug)]
struct OfSeat {
    scheme: Arc<Scheme>,
    key: SecretKey,
}

/// The notary of the processes that host agents; it signs with the key of the agent that asks.
#[derive(Debug)]
struct OfAgents {
    scheme: Arc<Scheme>,
    vouched: Vouched,
}

impl Notaries {
    pub(in crate::drive) fn new(scheme: Scheme) -> Self {
        let scheme = Arc::new(scheme);
        let agents = Arc::new(OfAgents {
            scheme: Arc::clone(&scheme),
            vouched: Vouched::default(),
        });
        Self { scheme, agents }
    }

    /// For all agents.
    pub(in crate::drive) fn of_agents(&self) -> Arc<dyn Notary> {
        Arc::clone(&self.agents)
    }

    /// For the first (0) or second (1) node that stands for a seat, and for the root key (0).
    pub(in crate::drive) fn of_seat(&self, author: Author, holder: u8) -> Arc<dyn Notary> {
        let key = self.scheme.key(&seed_of(Signatory::Seat(author), holder));
        Arc::new(OfSeat {
            scheme: Arc::clone(&self.scheme),
            key,
        })
    }
}

impl World {
    /// The notary of a node.
    pub(super) fn notary_of(&self, node: NodeId) -> Arc<dyn Notary> {
        let NodeId::Seat(index) = node else {
            return self.notaries.of_agents();
        };
        let (author, pair) = match self.seats[index as usize].seat {
            Seat::Orchestrator => (Author::Orchestrator, self.orchestrators),
            Seat::Coordinator(sector) => (
                Author::Coordinator(sector),
                self.sectors[sector.index()].coordinators,
            ),
            Seat::Lead(cluster) => (
                Author::Lead(cluster),
                self.clusters[self.cluster_index(cluster)].leads,
            ),
        };
        self.notaries.of_seat(author, u8::from(pair[1] == index))
    }
}

impl Notary for OfSeat {
    fn sign(&self, _: Signatory, bytes: &[u8]) -> Signature {
        self.key.sign(bytes)
    }

    fn vouch(&self, who: Signatory, bytes: &[u8], signature: &Signature) -> bool {
        vouch(&self.scheme, who, bytes, signature)
    }
}

impl Notary for OfAgents {
    fn sign(&self, who: Signatory, bytes: &[u8]) -> Signature {
        match who {
            Signatory::Agent(_) => self.scheme.key(&seed_of(who, 0)).sign(bytes),
            Signatory::Seat(_) => Signature::default(),
        }
    }

    fn vouch_throw(&self, header: &Arc<Header>) -> bool {
        self.vouched
            .remembers(header, || self.vouch_command(&**header))
    }

    fn vouch(&self, who: Signatory, bytes: &[u8], signature: &Signature) -> bool {
        vouch(&self.scheme, who, bytes, signature)
    }
}

/// Whether one of the keys that may sign for them did.
fn vouch(scheme: &Scheme, who: Signatory, bytes: &[u8], signature: &Signature) -> bool {
    let holders = match who {
        Signatory::Seat(_) => HOLDERS,
        Signatory::Agent(_) => 1,
    };
    (0..holders).any(|holder| {
        let key = scheme.key(&seed_of(who, holder)).public();
        scheme.verify(&key, bytes, signature)
    })
}

/// What a simulated key is made from: whose it is, written out.
fn seed_of(who: Signatory, holder: u8) -> [u8; 32] {
    let (mark, place) = match who {
        Signatory::Agent(agent) => (1, pack(agent)),
        Signatory::Seat(Author::Lead(cluster)) => (2, pack(cluster.agent(0))),
        Signatory::Seat(Author::Coordinator(sector)) => (3, u32::from(sector.0)),
        Signatory::Seat(Author::Orchestrator) => (4, 0),
        Signatory::Seat(Author::Root) => (5, 0),
    };
    let mut seed = [0; 32];
    seed[0] = mark;
    seed[1] = holder;
    seed[2..6].copy_from_slice(&place.to_be_bytes());
    seed
}

const fn pack(agent: AgentId) -> u32 {
    agent.pack()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_core::trust::World as SignWorld;

    #[test]
    fn nobody_signs_for_another() {
        let notaries = Notaries::new(Scheme::StandIn(SignWorld::new(7)));
        let cluster = "7-4".parse().expect("a cluster");
        let lead = notaries.of_seat(Author::Lead(cluster), 1);
        let top = Signatory::Seat(Author::Orchestrator);
        let own = lead.sign(Signatory::Seat(Author::Lead(cluster)), b"freeze");
        assert!(lead.vouch(Signatory::Seat(Author::Lead(cluster)), b"freeze", &own));
        assert!(!lead.vouch(top, b"freeze", &lead.sign(top, b"freeze")));
        let agent = cluster.agent(3);
        let agents = notaries.of_agents();
        let word = agents.sign(Signatory::Agent(agent), b"stopped");
        assert!(lead.vouch(Signatory::Agent(agent), b"stopped", &word));
        assert!(!lead.vouch(Signatory::Agent(cluster.agent(4)), b"stopped", &word));
        let forged = lead.sign(Signatory::Agent(agent), b"stopped");
        assert!(!lead.vouch(Signatory::Agent(agent), b"stopped", &forged));
    }
}
