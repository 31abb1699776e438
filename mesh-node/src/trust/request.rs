//! What a node asks of whoever has the root's secret, and what it is answered.

use super::Identity;
use mesh_core::message::Epoch;
use mesh_core::place::{AgentId, Class, ClassSet};
use mesh_core::text::{hex, unhex};
use mesh_core::time::WallTime;
use mesh_core::trust::certificate::{Cause, Grant, Statement};
use mesh_core::trust::key::Signature;
use mesh_core::trust::seat::Seat;
use mesh_core::trust::{
    Holder, Keyring, Limits, PublicKey, Refusal, Scheme, SecretKey, Signer as _,
};
use serde::{Deserialize, Serialize};

/// What a request's signature is over, before the request itself: it passes for nothing else.
const MARK: &[u8] = b"mesh-30k request to join 1\n";

/// Who wants to be what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The mesh's name, for people.
    pub mesh: String,
    /// The node's key.
    pub node: PublicKey,
    /// Seats that it is to stand for.
    pub seats: Vec<Seat>,
    /// Agents that it hosts.
    pub agents: Vec<AskedAgent>,
}

/// One agent of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedAgent {
    /// Where it is to sit.
    pub place: AgentId,
    /// What it is.
    pub class: Class,
    /// Its key.
    pub key: PublicKey,
}

/// A request with the node's signature: whoever made it has the node's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What is asked.
    pub request: Request,
    /// Over it.
    pub signature: Signature,
}

/// The root's answer: certificates, in an order in which each can be taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The root's key, which a node believes from then on.
    pub root: PublicKey,
    /// Certificates, as hexadecimal digits.
    pub certificates: Vec<String>,
}

/// A request or a bundle that is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Nobody with that key made it.
    #[error(
        "the request is not signed by the node's key that it names; make it anew with `mesh-node keys request`"
    )]
    Unsigned,
    /// A certificate that does not hold.
    #[error("certificate {number} of the bundle: {refusal}")]
    Refused {
        /// Which, from 1.
        number: usize,
        /// Why not.
        refusal: Refusal,
    },
    /// Something else than a certificate.
    #[error("certificate {0} of the bundle is not written in hexadecimal digits")]
    Digits(usize),
    /// The root's key is none.
    #[error("the bundle's root: {0}")]
    Root(Refusal),
    /// It is about others.
    #[error("the bundle says nothing of this node's key {node}; it answers another's request")]
    NotOurs {
        /// Whose key is missing.
        node: mesh_core::trust::KeyId,
    },
}

impl Request {
    /// Signed by the node.
    pub fn sign(self, identity: &Identity) -> Signed {
        let signature = identity.node.sign(&self.bytes());
        Signed {
            request: self,
            signature,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        // Plain values: writing them to memory cannot fail.
        bytes.extend(serde_json::to_vec(self).unwrap_or_default());
        bytes
    }
}

impl Signed {
    /// Whether the node that it names made it.
    pub fn check(&self) -> Result<(), RequestError> {
        let node = self.request.node;
        let genuine = Scheme::Ed25519.verify(&node, &self.request.bytes(), &self.signature);
        genuine.then_some(()).ok_or(RequestError::Unsigned)
    }

    /// What the root says to all of it.
    pub fn grant(&self, root: &SecretKey, now: WallTime) -> Result<Bundle, RequestError> {
        self.check()?;
        let Request {
            node,
            seats,
            agents,
            ..
        } = &self.request;
        let mut certificates = Vec::new();
        let mut say = |subject: PublicKey, grant: Grant| {
            let statement = Statement::new(root.id(), subject, now, grant);
            certificates.push(hex(&statement.sign(root)));
        };
        say(*node, Grant::Admit(Holder::Node));
        for &seat in seats {
            let epoch = Epoch(0);
            say(*node, Grant::Seat { seat, epoch });
        }
        for agent in agents {
            let limits = Limits {
                classes: ClassSet::default().with(agent.class),
                capabilities: None,
            };
            say(agent.key, Grant::Admit(Holder::Agent(limits)));
            let (at, host) = (agent.place, node.id());
            say(agent.key, Grant::Place { at, host });
        }
        Ok(Bundle {
            root: root.public(),
            certificates,
        })
    }
}

impl Request {
    /// The root's word that the node of this request and its agents belong to the mesh no longer.
    pub fn revoke(&self, root: &SecretKey, cause: Cause, now: WallTime) -> Bundle {
        let keys = core::iter::once(self.node).chain(self.agents.iter().map(|agent| agent.key));
        let revoke = |subject| {
            let statement = Statement::new(root.id(), subject, now, Grant::Revoke(cause));
            hex(&statement.sign(root))
        };
        Bundle {
            root: root.public(),
            certificates: keys.map(revoke).collect(),
        }
    }
}

impl Bundle {
    /// The certificates as bytes.
    pub fn bytes(&self) -> impl Iterator<Item = Result<Vec<u8>, RequestError>> + '_ {
        let all = self.certificates.iter().zip(1..);
        all.map(|(text, number)| unhex_all(text).ok_or(RequestError::Digits(number)))
    }

    /// Whether all of it holds, and is about this node.
    pub fn check(&self, identity: &Identity, now: WallTime) -> Result<(), RequestError> {
        let most = self.certificates.len() + 1;
        let mut keyring =
            Keyring::new(Scheme::Ed25519, self.root, most).map_err(RequestError::Root)?;
        for (certificate, number) in self.bytes().zip(1..) {
            keyring
                .admit(&certificate?, now)
                .map_err(|refusal| RequestError::Refused { number, refusal })?;
        }
        let node = identity.node.id();
        let known = keyring.key(node, now).is_ok();
        known.then_some(()).ok_or(RequestError::NotOurs { node })
    }
}

fn unhex_all(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| unhex::<1>(core::str::from_utf8(pair).ok()?).map(|[byte]| byte))
        .collect()
}
