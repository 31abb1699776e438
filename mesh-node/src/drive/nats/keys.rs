//! The keys of one process, and whom it believes.

use super::super::vouched::Vouched;
use bytes::BytesMut;
use mesh_core::guard::level::Author;
use mesh_core::message::envelope::Address;
use mesh_core::message::{Epoch, Header};
use mesh_core::place::{AgentId, Class, ClusterId};
use mesh_core::role::{Notary, Signatory, Sitter};
use mesh_core::time::WallTime;
use mesh_core::trust::certificate::{Grant, Statement};
use mesh_core::trust::key::Signature;
use mesh_core::trust::seat::Seat;
use mesh_core::trust::{
    Holder, KeyId, Keyring, Limits, PublicKey, Refusal, Scheme, SecretKey, Signer,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The secrets of a process, and the certificates of those that it hears.
pub struct Keys {
    node: SecretKey,
    agents: BTreeMap<AgentId, SecretKey>,
    ring: RwLock<Ring>,
    /// Wall time in microseconds, as the driver last told it: certificates end.
    now: AtomicI64,
    vouched: Vouched,
}

/// The keyring, and who may hold which seat.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) keyring: Keyring,
    seated: BTreeMap<Seat, Vec<KeyId>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("node", &self.node)
            .field("agents", &self.agents.len())
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Those of a node with these agents, in the mesh of this root. Whom it believes it learns with [`Keys::admit`].
    pub fn new(
        scheme: Scheme,
        root: PublicKey,
        node: SecretKey,
        agents: BTreeMap<AgentId, SecretKey>,
        now: WallTime,
    ) -> Result<Self, Refusal> {
        let keyring = Keyring::new(scheme, root, Keyring::KEYS_MAX)?;
        let ring = Ring {
            keyring,
            seated: BTreeMap::new(),
        };
        Ok(Self {
            node,
            agents,
            ring: RwLock::new(ring),
            now: AtomicI64::new(now.0),
            vouched: Vouched::default(),
        })
    }

    /// Takes a certificate in, whoever brings it.
    pub fn admit(&self, certificate: &[u8], now: WallTime) -> Result<(), Refusal> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let subject = ring.keyring.admit(certificate, now)?;
        let Ring { keyring, seated } = &mut *ring;
        for seat in keyring.seats_of(subject) {
            let holders = seated.entry(seat).or_default();
            if !holders.contains(&subject) {
                holders.push(subject);
            }
        }
        Ok(())
    }

    /// Takes certificates in, and says by whom each is kept on the broker.
    pub(super) fn named(&self, certificates: &[Vec<u8>]) -> BTreeMap<String, BytesMut> {
        let now = WallTime(self.now.load(Ordering::Relaxed));
        let about = certificates.iter().filter_map(|certificate| {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            let key = ring.keyring.admit(certificate, now).ok()?;
            Some((key, ring.keyring.place_of(key), certificate.clone()))
        });
        super::certificates::group(about)
    }

    /// Who sits where in a cluster, as far as certificates tell.
    pub(super) fn sitters(&self, cluster: ClusterId, places: u8) -> Arc<[Option<Sitter>]> {
        let ring = self.ring();
        let sitter = |slot| {
            let key = ring.keyring.at(cluster.agent(slot))?;
            let Some(Holder::Agent(limits)) = ring.keyring.holder(key) else {
                return None;
            };
            let class = Class::ALL
                .into_iter()
                .find(|class| limits.classes.has(*class))?;
            Some(Sitter { class, key })
        };
        (0..places).map(sitter).collect()
    }

    /// Certificates end and begin by wall time.
    pub(super) fn set_wall(&self, now: WallTime) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    /// The name of this node's key.
    pub(super) fn node(&self) -> KeyId {
        self.node.id()
    }

    /// The key of whoever speaks from here as `from`.
    pub(super) fn signer(&self, from: Address) -> Option<&SecretKey> {
        match from {
            Address::Agent(place) => self.agents.get(&place),
            Address::Seat(_) | Address::Key(_) => Some(&self.node),
            Address::Agents(_) | Address::Leads(_) | Address::Coordinators => None,
        }
    }

    /// Whether a key is believed no longer.
    pub(super) fn is_revoked(&self, key: KeyId) -> bool {
        self.ring().keyring.revoked(key).is_some()
    }

    pub(super) fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notary for Keys {
    fn sign(&self, who: Signatory, bytes: &[u8]) -> Signature {
        match who {
            Signatory::Seat(Author::Root) => Signature::default(),
            Signatory::Seat(_) => self.node.sign(bytes),
            Signatory::Agent(place) => {
                let key = self.agents.get(&place);
                key.map_or_else(Signature::default, |key| key.sign(bytes))
            }
        }
    }

    fn vouch(&self, who: Signatory, bytes: &[u8], signature: &Signature) -> bool {
        let ring = self.ring();
        let now = WallTime(self.now.load(Ordering::Relaxed));
        let genuine = |id: KeyId| {
            let key = ring.keyring.key(id, now);
            key.is_ok_and(|key| ring.keyring.scheme().verify(&key, bytes, signature))
        };
        let seat = match who {
            Signatory::Agent(place) => return ring.keyring.at(place).is_some_and(genuine),
            Signatory::Seat(Author::Root) => return genuine(ring.keyring.root()),
            Signatory::Seat(Author::Orchestrator) => Seat::Orchestrator,
            Signatory::Seat(Author::Coordinator(sector)) => Seat::Coordinator(sector),
            Signatory::Seat(Author::Lead(cluster)) => Seat::Lead(cluster),
        };
        let holders = ring.seated.get(&seat).into_iter().flatten();
        holders.copied().any(genuine)
    }

    fn vouch_throw(&self, header: &Arc<Header>) -> bool {
        self.vouched
            .remembers(header, || self.vouch_command(&**header))
    }
}

/// Keys of a mesh for benchmarks and tests: all of them follow from one number, so every process can make the certificates
/// that it needs. There is nothing secret about them.
#[derive(Debug, Clone)]
pub struct Derived {
    scheme: Scheme,
    seed: u64,
    now: WallTime,
}

impl Derived {
    /// Those of this number, valid from `now`.
    pub const fn new(scheme: Scheme, seed: u64, now: WallTime) -> Self {
        Self { scheme, seed, now }
    }

    fn key(&self, mark: u8, number: u32) -> SecretKey {
        let mut seed = [0; 32];
        seed[0] = mark;
        seed[1..5].copy_from_slice(&number.to_be_bytes());
        seed[5..13].copy_from_slice(&self.seed.to_be_bytes());
        self.scheme.key(&seed)
    }

    fn agent(&self, place: AgentId) -> SecretKey {
        self.key(11, place.pack())
    }

    /// The keys of node `node` that hosts these agents.
    pub fn keys(
        &self,
        node: u32,
        agents: impl IntoIterator<Item = AgentId>,
    ) -> Result<Keys, Refusal> {
        let agents = agents.into_iter().map(|place| (place, self.agent(place)));
        let root = self.key(9, 0).public();
        let own = self.key(10, node);
        Keys::new(self.scheme.clone(), root, own, agents.collect(), self.now)
    }

    /// Node `node` may hold these seats.
    pub fn seat(
        &self,
        keys: &Keys,
        node: u32,
        seats: impl IntoIterator<Item = Seat>,
    ) -> Result<(), Refusal> {
        let own = self.key(10, node);
        self.say(keys, &own, Grant::Admit(Holder::Node))?;
        for seat in seats {
            let epoch = Epoch(0);
            self.say(keys, &own, Grant::Seat { seat, epoch })?;
        }
        Ok(())
    }

    /// This agent sits where it sits, hosted by node `node`.
    pub fn place(&self, keys: &Keys, node: u32, at: AgentId) -> Result<(), Refusal> {
        let own = self.agent(at);
        self.say(keys, &own, Grant::Admit(Holder::Agent(Limits::ANY)))?;
        let host = self.key(10, node).id();
        self.say(keys, &own, Grant::Place { at, host })
    }

    fn say(&self, keys: &Keys, subject: &SecretKey, grant: Grant) -> Result<(), Refusal> {
        let root = self.key(9, 0);
        let statement = Statement::new(root.id(), subject.public(), self.now, grant);
        keys.admit(&statement.sign(&root), self.now)
    }
}
