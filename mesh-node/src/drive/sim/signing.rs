//! Signatures of what travels in the simulated mesh, and the desk at which every parcel is checked (PROTOCOL §10).
//!
//! By default a parcel carries a mark: a stand-in that only the holder of the sender's key can make, over who sends, in which
//! boot, the how-manieth message it is, when, from which seat, and what it says. With `signatures = "ed25519"` it is what
//! travels in life instead: an envelope in bytes, sealed with the node's Ed25519 key, read by the same reception that
//! drivers use, under a keyring of certificates. Either way a parcel that is forged, played again, from nobody, or from a
//! key without that seat is dropped before any role sees it, and counted by reason.

use super::super::address::{hears, meant, seen};
use super::node::NodeId;
use super::world::World;
use mesh_core::message::delivery::Numbered;
use mesh_core::message::envelope::{
    self, Address, Encoding, Head, Reason, Reception, Refusals, Window,
};
use mesh_core::message::{Ack, Answer, Beat, Body, Epoch, Exchange};
use mesh_core::role::{From, To};
use mesh_core::time::{Boot, Micros, Moment, WallTime};
use mesh_core::trust::certificate::{Grant, Statement};
use mesh_core::trust::seat::Seat;
use mesh_core::trust::{
    Holder, KeyId, Keyring, Limits, Mark, Scheme, SecretKey, Signer, World as SignWorld,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a message may live on its way; delays are far below.
const TTL: Micros = Micros::seconds(60);

/// How messages are signed in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signatures {
    /// Cheap marks that still refuse forgeries.
    #[default]
    StandIn,
    /// Envelopes in bytes with real signatures; for small meshes.
    Ed25519,
}

/// What a parcel carries of its sender's signature.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    pub(super) boot: Boot,
    pub(super) sequence: u64,
    mark: Mark,
    bytes: Option<Arc<[u8]>>,
}

/// The keys of a run, and what was refused.
#[derive(Debug)]
pub(super) struct Signing {
    world: SignWorld,
    /// What seats have received from whom.
    seats: BTreeMap<(u32, KeyId), Window>,
    /// What each agent has received from the one that it hears.
    agents: Vec<(KeyId, Window)>,
    revoked: BTreeSet<KeyId>,
    refusals: Refusals,
    real: Option<Box<Real>>,
}

/// Real keys, by the names that the simulator gives to nodes.
#[derive(Debug)]
struct Real {
    ring: Keyring,
    keys: BTreeMap<KeyId, SecretKey>,
    names: BTreeMap<KeyId, KeyId>,
    desks: BTreeMap<NodeId, Reception>,
}

/// Who sends what from where.
pub(super) struct Letter<'a> {
    pub(super) node: NodeId,
    pub(super) signer: KeyId,
    pub(super) epoch: Epoch,
    pub(super) sent: Moment,
    pub(super) to: To,
    pub(super) body: &'a Body,
}

impl Signing {
    pub(super) fn new(world: SignWorld) -> Self {
        Self {
            world,
            seats: BTreeMap::new(),
            agents: Vec::new(),
            revoked: BTreeSet::new(),
            refusals: Refusals::default(),
            real: None,
        }
    }

    /// What was dropped at the door of a node, by reason.
    pub(super) fn refusals(&self) -> Refusals {
        let mut all = self.refusals;
        let desks = self.real.iter().flat_map(|real| real.desks.values());
        desks.for_each(|desk| all.merge(desk.refusals()));
        all
    }

    /// Nothing that this key signs counts any more.
    #[cfg(test)]
    pub(super) fn revoke(&mut self, key: KeyId) {
        self.revoked.insert(key);
    }
}

impl World {
    /// Signs a message with the sender's key.
    pub(super) fn stamped(&mut self, letter: &Letter<'_>) -> Stamp {
        let host = self.host_mut(letter.node);
        host.sequence += 1;
        let (boot, sequence) = (host.boot, u64::from(host.sequence));
        if self.signing.real.is_some() {
            let bytes = self.sealed(letter, boot, sequence);
            return Stamp {
                boot,
                sequence,
                mark: Mark::default(),
                bytes,
            };
        }
        let words = words_of(letter.epoch, letter.sent, boot, sequence, letter.body);
        Stamp {
            boot,
            sequence,
            mark: self.signing.world.pen(letter.signer).mark(&words),
            bytes: None,
        }
    }

    /// Whether a parcel may be shown to a role; with real signatures it is read here, and what it says is taken from its
    /// bytes alone.
    pub(super) fn admits(
        &mut self,
        node: NodeId,
        stamp: &Stamp,
        parcel: &mut (From, KeyId, Epoch, Moment, Body),
    ) -> bool {
        let result = match &stamp.bytes {
            Some(bytes) => self.read(node, Arc::clone(bytes), parcel),
            None => self.checks(node, stamp, parcel),
        };
        if let Err(Some(reason)) = result {
            self.signing.refusals.note(reason);
        }
        result.is_ok()
    }

    /// The stand-in for all that a reception does, in its order: the key, the signature, the seat, whether it is new.
    fn checks(
        &mut self,
        node: NodeId,
        stamp: &Stamp,
        parcel: &(From, KeyId, Epoch, Moment, Body),
    ) -> Result<(), Option<Reason>> {
        let &(from, signer, epoch, sent, ref body) = parcel;
        let seat = (signer.0 as usize)
            .checked_sub(1)
            .and_then(|at| self.seats.get(at));
        let seat = seat.map(|seat| seat.seat);
        if seat.is_none() && signer.0 >> 40 & 1 == 0 {
            return Err(Some(Reason::UnknownKey));
        }
        if !self.signing.revoked.is_empty() && self.signing.revoked.contains(&signer) {
            return Err(Some(Reason::Revoked));
        }
        let words = words_of(epoch, sent, stamp.boot, stamp.sequence, body);
        if !self.signing.world.is_mark(signer, &words, stamp.mark) {
            return Err(Some(Reason::BadSignature));
        }
        if self
            .seat_of(node, from)
            .is_some_and(|wanted| seat != Some(wanted))
        {
            return Err(Some(Reason::WrongPlace));
        }
        let window = match node {
            NodeId::Seat(index) => self.signing.seats.entry((index, signer)).or_default(),
            NodeId::Agent(index) => {
                let index = index as usize;
                if self.signing.agents.len() <= index {
                    let fresh = (KeyId(0), Window::default());
                    self.signing.agents.resize(self.agents.len(), fresh);
                }
                let own = &mut self.signing.agents[index];
                // What a holder before this one said is refused by its epoch.
                if own.0 != signer {
                    *own = (signer, Window::default());
                }
                &mut own.1
            }
        };
        let new = window.accept(stamp.boot, stamp.sequence);
        new.map_err(|why| Some(Reason::from(&why)))
    }

    /// The seat whose holder alone may speak so; none for agents, whose place their lead knows.
    fn seat_of(&self, node: NodeId, from: From) -> Option<Seat> {
        match (node, from) {
            (NodeId::Agent(index), _) => {
                let cluster = self.agents[index as usize].cluster;
                Some(Seat::Lead(self.clusters[cluster as usize].id))
            }
            (NodeId::Seat(index), from) => match (self.seats[index as usize].seat, from) {
                (Seat::Lead(cluster), From::Parent) => Some(Seat::Coordinator(cluster.sector)),
                (Seat::Coordinator(_), From::Parent) => Some(Seat::Orchestrator),
                (Seat::Coordinator(sector), From::Child(slot)) => {
                    Some(Seat::Lead(sector.cluster(slot as u8)))
                }
                (Seat::Orchestrator, From::Child(slot))
                | (Seat::Coordinator(_), From::Peer(slot)) => {
                    Some(Seat::Coordinator(super::world::sector_at(u32::from(slot))))
                }
                // Nobody stands there, and an agent's place its lead knows.
                (Seat::Orchestrator, From::Parent | From::Peer(_))
                | (Seat::Lead(_), From::Child(_) | From::Peer(_)) => None,
            },
        }
    }

    /// Real keys for everybody, with the certificates that they need.
    pub(super) fn issue_keys(&mut self, now: WallTime) {
        let scheme = Scheme::Ed25519;
        let key = |mark: u8, index: u32| {
            let mut seed = [0; 32];
            seed[0] = mark;
            seed[1..5].copy_from_slice(&index.to_be_bytes());
            seed[5..13].copy_from_slice(&self.scenario.seed.to_be_bytes());
            scheme.key(&seed)
        };
        let root = key(9, 0);
        let most = self.seats.len() + self.agents.len();
        let Ok(mut ring) = Keyring::new(scheme.clone(), root.public(), most) else {
            return;
        };
        let (mut keys, mut names) = (BTreeMap::new(), BTreeMap::new());
        let mut say = |subject: &SecretKey, grant| {
            let statement = Statement::new(root.id(), subject.public(), now, grant);
            let admitted = ring.admit(&statement.sign(&root), now);
            debug_assert!(admitted.is_ok(), "{admitted:?}");
        };
        for (index, node) in self.seats.iter().enumerate() {
            let own = key(10, index as u32);
            say(&own, Grant::Admit(Holder::Node));
            let (seat, epoch) = (node.seat, Epoch(0));
            say(&own, Grant::Seat { seat, epoch });
            names.insert(own.id(), node.host.key);
            keys.insert(node.host.key, own);
        }
        for (index, node) in self.agents.iter().enumerate() {
            let own = key(11, index as u32);
            say(&own, Grant::Admit(Holder::Agent(Limits::ANY)));
            // Its process speaks with its own key: one node, one agent.
            let (at, host) = (node.role.place(), own.id());
            say(&own, Grant::Place { at, host });
            names.insert(own.id(), node.host.key);
            keys.insert(node.host.key, own);
        }
        let desks = BTreeMap::new();
        self.signing.real = Some(Box::new(Real {
            ring,
            keys,
            names,
            desks,
        }));
    }

    fn sealed(&self, letter: &Letter<'_>, boot: Boot, sequence: u64) -> Option<Arc<[u8]>> {
        let real = self.signing.real.as_ref()?;
        let key = real.keys.get(&letter.signer)?;
        let (from, to) = self.addresses(letter.node, letter.to)?;
        let head = Head {
            boot,
            sequence,
            sent: letter.sent,
            ttl: TTL,
            epoch: letter.epoch,
            from,
            to,
        };
        let sealed = envelope::seal(&head, letter.body, Encoding::MessagePack, key);
        sealed.ok().map(Arc::from)
    }

    fn addresses(&self, node: NodeId, to: To) -> Option<(Address, Address)> {
        let own = self.where_is(node);
        let (to, _) = meant(own, to)?;
        Some((own, to))
    }

    fn read(
        &mut self,
        node: NodeId,
        bytes: Arc<[u8]>,
        parcel: &mut (From, KeyId, Epoch, Moment, Body),
    ) -> Result<(), Option<Reason>> {
        let wall = self.wall();
        let here = self.where_is(node);
        let Some(real) = self.signing.real.as_mut() else {
            return Err(Some(Reason::UnknownKey));
        };
        let desk = real.desks.entry(node).or_default();
        // What the desk refuses it has counted itself.
        let read = desk.take::<_, Body>(bytes, &real.ring, wall, |to| hears(here, to));
        let (envelope, body) = read.map_err(|_| None)?;
        let signer = real.names.get(&envelope.by()).copied();
        let head = envelope.head;
        let from = seen(here, head.from);
        let (Some(signer), Some(from)) = (signer, from) else {
            return Err(Some(Reason::WrongPlace));
        };
        *parcel = (from, signer, head.epoch, head.sent, body);
        Ok(())
    }

    fn where_is(&self, node: NodeId) -> Address {
        match node {
            NodeId::Agent(index) => Address::Agent(self.agents[index as usize].role.place()),
            NodeId::Seat(index) => Address::Seat(self.seats[index as usize].seat),
        }
    }
}

/// All that a mark covers, the sender's key apart.
fn words_of(epoch: Epoch, sent: Moment, boot: Boot, sequence: u64, body: &Body) -> [u64; 5] {
    let [low, high] = says(body);
    let seat = u64::from(epoch.0) << 32 | u64::from(boot.0);
    [seat, sequence, sent.0 as u64, low, high]
}

/// What a body says, in two words. What is shared is known by where it is: it cannot be changed as long as a parcel holds
/// it, and whoever makes another has it elsewhere.
fn says(body: &Body) -> [u64; 2] {
    fn at<T: ?Sized>(kind: u64, shared: &Arc<T>) -> [u64; 2] {
        [kind, Arc::as_ptr(shared).cast::<()>() as usize as u64]
    }
    match body {
        Body::Beat(beat) => of_beat(beat),
        Body::Ack(ack) => of_ack(ack),
        Body::Probe(probe) => {
            let [low, high] = of_exchange(probe.exchange);
            let who = u64::from(probe.boot.0) << 32 | u64::from(probe.epoch.0);
            let obeys = of_key(probe.obeys);
            [low ^ who.rotate_left(7), high ^ obeys.rotate_left(11) ^ 3]
        }
        Body::Probed(probed) => {
            let [low, high] = of_exchange(Some(probed.exchange));
            let numbers = u64::from(probed.last) << 32 | u64::from(probed.floor);
            let levels = probed.levels.unwrap_or(1);
            [low ^ numbers.rotate_left(9), high ^ levels.rotate_left(5)]
        }
        Body::Echo(it) => at(1, it),
        Body::Throw(it) => at(2, it),
        Body::Fold(it) => at(3, it),
        Body::SectorFold(it) => at(4, it),
        Body::Handover(it) => at(5, it),
        Body::ClusterReport(it) => at(6, it),
        Body::SectorReport(it) => at(7, it),
        Body::Changes(it) => at(8, it),
        Body::Map(it) => at(9, it),
        Body::Numbered(it) => at::<Numbered>(10, it),
        // The rest is rare.
        other => {
            let text = format!("{other:?}");
            let digest = mesh_core::unit::Digest::of(text.as_bytes());
            [11, digest.short()]
        }
    }
}

fn of_exchange(exchange: Option<Exchange>) -> [u64; 2] {
    exchange.map_or([0, 1], |both| [both.sent.0 as u64, both.received.0 as u64])
}

fn of_key(key: Option<KeyId>) -> u64 {
    key.map_or(0, |key| key.0)
}

fn of_beat(beat: &Beat) -> [u64; 2] {
    let [sent, received] = of_exchange(beat.exchange);
    let claims = &beat.claims;
    let claimed = u64::from(claims.processing.0) << 32 | u64::from(claims.latency.0);
    let counted = u64::from(claims.queue) << 16 | u64::from(claims.reliability);
    let numbers = u64::from(beat.delivered) << 32 | u64::from(beat.epoch.0);
    mixed(&[
        sent,
        received,
        claimed,
        counted | u64::from(beat.boot.0) << 32,
        numbers,
        of_key(beat.obeys),
        beat.levels,
        beat.context,
        beat.lamport.0,
    ])
}

fn of_ack(ack: &Ack) -> [u64; 2] {
    let answer = match ack.answer {
        Answer::Ready => 0,
        Answer::Conflict(kind) => 0x100 | kind as u64,
        Answer::Declined(reason) => 0x200 | reason as u64,
    };
    mixed(&[
        ack.operation.0 as u64,
        (ack.operation.0 >> 64) as u64,
        answer << 32 | u64::from(ack.queue),
        ack.ready.0 as u64,
        ack.released.0 as u64,
        ack.processing.0 as u64,
        ack.trip.0 as u64,
        ack.bound.0 as u64,
        u64::from(ack.sequence) << 32 | u64::from(ack.epoch.0),
        ack.result,
    ])
}

/// Two words that differ where any of these does, but for chance.
fn mixed(words: &[u64]) -> [u64; 2] {
    words.iter().fold([1, 2], |[low, high], word| {
        let low = (low ^ word)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(31);
        let high = (high.rotate_left(23) ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        [low ^ high >> 32, high]
    })
}

#[cfg(test)]
mod tests;
