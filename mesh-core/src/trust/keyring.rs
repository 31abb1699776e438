//! Who is admitted, where it sits and what it may do, as its certificates say.
//!
//! A keyring holds no secrets. It learns from certificates alone, in any order in which each one's issuer and subject
//! are known; the same certificates give the same answers at every node.

mod apply;
mod refusal;

use super::certificate::{Cause, OVERLAP, WALL_SKEW_MAX, rotation_due};
use super::key::{KeyId, PublicKey, Scheme};
use super::rights::{Holder, Right};
use super::sealed::{Genuine, Sealed};
use super::seat::{Reach, Seat};
use crate::message::Epoch;
use crate::place::{AgentId, Class};
use crate::text::excerpt;
use crate::time::WallTime;
pub use refusal::Refusal;
use std::collections::BTreeMap;

/// What somebody wants to do, and needs to be allowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    /// Be heard at all.
    Speak,
    /// Be the agent at this place.
    Sit(AgentId),
    /// Be the node that hosts the agent at this place.
    SpeakFor(AgentId),
    /// Be an agent of this class, with this capability where one is named.
    Offer(Class, Option<&'a str>),
    /// Hold this seat with this epoch.
    Hold(Seat, Epoch),
    /// Write what protects (freeze, avoid, quarantine, breaker) for a part of the mesh, from a seat above it.
    Protect(Reach, Epoch),
    /// Command: what only the orchestrator may ask, thaw among it.
    Command(Epoch),
    /// Lift a freeze that was written for a suspected orchestrator: the root's alone.
    Lift,
    /// Ask for something at the door.
    Ask(Right),
    /// Admit, place, seat, rotate, revoke.
    Admit,
}

/// Keys admitted to one mesh.
#[derive(Debug, Clone)]
pub struct Keyring {
    scheme: Scheme,
    root: PublicKey,
    root_id: KeyId,
    most: usize,
    entries: BTreeMap<KeyId, Entry>,
    /// By place: who sits there.
    places: BTreeMap<AgentId, KeyId>,
    revoked: BTreeMap<KeyId, Revoked>,
}

#[derive(Debug, Clone)]
struct Entry {
    key: PublicKey,
    holder: Holder,
    life: Life,
    place: Option<(AgentId, KeyId, Life)>,
    seats: Vec<(Seat, Epoch, Life)>,
    delegate: Option<Life>,
    /// The key that took over.
    next: Option<KeyId>,
}

/// From when to when something holds, and on whose word.
#[derive(Debug, Clone, Copy)]
struct Life {
    issuer: KeyId,
    issued: WallTime,
    from: WallTime,
    until: WallTime,
}

#[derive(Debug, Clone, Copy)]
struct Revoked {
    cause: Cause,
    at: WallTime,
}

/// A key that should rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub key: KeyId,
    /// When it ends.
    pub until: WallTime,
}

impl Keyring {
    /// Keys held at most: a million agents, 34,000 nodes, and as many again during a rotation of all of them.
    pub const KEYS_MAX: usize = 2_100_000;
    /// Seats of one node at most: on a device its own cluster's and sector's, on a server those of a whole mesh.
    pub const SEATS_MAX: usize = 2_048;
    /// Revocations held at most; each goes when the last certificate of its key has run out.
    pub const REVOKED_MAX: usize = 65_536;

    /// A mesh of which only the root key is known. At most `most` keys are held, and never more than
    /// [`Keyring::KEYS_MAX`].
    pub fn new(scheme: Scheme, root: PublicKey, most: usize) -> Result<Self, Refusal> {
        let root_id = root.id();
        if scheme.is_weak(&root) {
            return Err(Refusal::Weak { key: root_id });
        }
        Ok(Self {
            scheme,
            root,
            root_id,
            most: most.min(Self::KEYS_MAX),
            entries: BTreeMap::new(),
            places: BTreeMap::new(),
            revoked: BTreeMap::new(),
        })
    }

    /// How signatures are checked here.
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The name of the root key, which is the name of the mesh.
    pub const fn root(&self) -> KeyId {
        self.root_id
    }

    /// Keys admitted, whether they hold now or not.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody but the root is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The key of this name, if it holds now: what a message is verified with.
    pub fn key(&self, id: KeyId, now: WallTime) -> Result<PublicKey, Refusal> {
        if id == self.root_id {
            return Ok(self.root);
        }
        self.live(id, now).map(|entry| entry.key)
    }

    /// What an admitted key is; the root is none of these.
    pub fn holder(&self, id: KeyId) -> Option<&Holder> {
        self.entries.get(&id).map(|entry| &entry.holder)
    }

    /// The key that sits at a place.
    pub fn at(&self, place: AgentId) -> Option<KeyId> {
        self.places.get(&place).copied()
    }

    /// Where an agent's key sits.
    pub fn place_of(&self, id: KeyId) -> Option<AgentId> {
        self.entries.get(&id)?.place.map(|(at, ..)| at)
    }

    /// The seats that a node's key may hold, if its certificates hold now.
    pub fn seats_of(&self, id: KeyId) -> impl Iterator<Item = Seat> + '_ {
        let entry = self.entries.get(&id);
        entry
            .into_iter()
            .flat_map(|entry| entry.seats.iter().map(|(seat, ..)| *seat))
    }

    /// Whether a key was revoked, and why.
    pub fn revoked(&self, id: KeyId) -> Option<Cause> {
        self.revoked.get(&id).map(|revoked| revoked.cause)
    }

    /// Verifies sealed bytes with the key they name.
    pub fn verify<B: AsRef<[u8]>>(
        &self,
        sealed: Sealed<B>,
        now: WallTime,
    ) -> Result<Genuine<B>, Refusal> {
        let key = self.key(sealed.by(), now)?;
        sealed
            .verify(&self.scheme, key)
            .map_err(|_| Refusal::BadSignature { key: key.id() })
    }

    /// Whether the key of this name may do this now. That it was this key who asked is what [`Genuine`] proves.
    pub fn may(&self, by: KeyId, act: Act<'_>, now: WallTime) -> Result<(), Refusal> {
        if by == self.root_id {
            return Self::root_may(by, act);
        }
        let entry = self.live(by, now)?;
        match act {
            Act::Speak => Ok(()),
            Act::Sit(at) => {
                self.sits(by, entry, at, now)?;
                Ok(())
            }
            Act::SpeakFor(at) => {
                let agent = self.at(at).ok_or(Refusal::WrongPlace {
                    key: by,
                    at,
                    sits: None,
                })?;
                let host = self.sits(agent, self.live(agent, now)?, at, now)?;
                // A node that has just rotated still speaks with its old key.
                if host == by || entry.next == Some(host) {
                    Ok(())
                } else {
                    Err(Refusal::WrongHost { key: by, at, host })
                }
            }
            Act::Offer(class, capability) => match &entry.holder {
                Holder::Agent(limits) if limits.allow(class, capability) => Ok(()),
                Holder::Agent(_) | Holder::Node | Holder::Operator(_) => Err(Refusal::OverLimit {
                    key: by,
                    class,
                    capability: capability.map(excerpt),
                }),
            },
            Act::Hold(seat, epoch) => self.holds(by, entry, epoch, now, seat, |held| held == seat),
            Act::Command(epoch) => self.may(by, Act::Hold(Seat::Orchestrator, epoch), now),
            Act::Protect(reach, epoch) => {
                let wanted = reach.seat();
                self.holds(by, entry, epoch, now, wanted, |held| held.covers(reach))
            }
            Act::Lift => Err(Refusal::RootOnly { key: by }),
            Act::Ask(right) => match &entry.holder {
                Holder::Operator(rights) if rights.has(right) => Ok(()),
                Holder::Operator(_) | Holder::Node | Holder::Agent(_) => {
                    Err(Refusal::NoRight { key: by, right })
                }
            },
            Act::Admit => match entry.delegate {
                Some(life) if self.stands(&life, now) => Ok(()),
                Some(_) | None => Err(Refusal::NotDelegate { key: by }),
            },
        }
    }

    /// Keys that should rotate by now, and have not.
    pub fn due(&self, now: WallTime) -> impl Iterator<Item = Due> {
        self.entries
            .iter()
            .filter(move |(_, entry)| {
                let Life { from, until, .. } = entry.life;
                entry.next.is_none() && now < until && now >= rotation_due(from, until)
            })
            .map(|(&key, entry)| Due {
                key,
                until: entry.life.until,
            })
    }

    /// Forgets keys whose life is over and revocations of keys that have run out by themselves.
    pub fn prune(&mut self, now: WallTime) {
        let places = &mut self.places;
        self.entries.retain(|id, entry| {
            let kept = now < entry.life.until;
            if let (false, Some((at, ..))) = (kept, entry.place)
                && places.get(&at) == Some(id)
            {
                places.remove(&at);
            }
            kept
        });
        self.revoked
            .retain(|_, revoked| now < revoked.at + apply::REVOCATION_KEPT);
    }

    /// The root signs certificates, lifts, and may take the orchestrator's place; it sits nowhere and hosts nobody.
    fn root_may(by: KeyId, act: Act<'_>) -> Result<(), Refusal> {
        match act {
            Act::Speak
            | Act::Protect(..)
            | Act::Command(_)
            | Act::Lift
            | Act::Ask(_)
            | Act::Admit
            | Act::Hold(Seat::Orchestrator, _) => Ok(()),
            Act::Hold(seat @ (Seat::Lead(_) | Seat::Coordinator(_)), _) => {
                Err(Refusal::WrongSeat { key: by, seat })
            }
            Act::Sit(at) | Act::SpeakFor(at) => Err(Refusal::WrongPlace {
                key: by,
                at,
                sits: None,
            }),
            Act::Offer(class, capability) => Err(Refusal::OverLimit {
                key: by,
                class,
                capability: capability.map(excerpt),
            }),
        }
    }

    /// The entry of this name, if it holds now.
    fn live(&self, id: KeyId, now: WallTime) -> Result<&Entry, Refusal> {
        if let Some(revoked) = self.revoked.get(&id) {
            return Err(Refusal::Revoked {
                key: id,
                cause: revoked.cause,
            });
        }
        let entry = self.entries.get(&id).ok_or(Refusal::Unknown { key: id })?;
        if let Some(revoked) = self.revoked.get(&entry.life.issuer) {
            return Err(Refusal::Revoked {
                key: entry.life.issuer,
                cause: revoked.cause,
            });
        }
        if now + WALL_SKEW_MAX < entry.life.from {
            let wait = entry.life.from - now;
            return Err(Refusal::NotYet { key: id, wait });
        }
        if now >= entry.life.until {
            let ago = now - entry.life.until;
            return Err(Refusal::Expired { key: id, ago });
        }
        Ok(entry)
    }

    /// Whether what was said still holds, and by whom it was said still counts.
    fn stands(&self, life: &Life, now: WallTime) -> bool {
        !self.revoked.contains_key(&life.issuer)
            && life.from <= now + WALL_SKEW_MAX
            && now < life.until
    }

    /// The node that hosts the agent, if the agent sits there now.
    fn sits(&self, id: KeyId, entry: &Entry, at: AgentId, now: WallTime) -> Result<KeyId, Refusal> {
        match entry.place {
            Some((sits, host, life)) if sits == at && self.stands(&life, now) => Ok(host),
            Some(_) | None => Err(Refusal::WrongPlace {
                key: id,
                at,
                sits: entry.place.map(|(sits, ..)| sits),
            }),
        }
    }

    fn holds(
        &self,
        id: KeyId,
        entry: &Entry,
        epoch: Epoch,
        now: WallTime,
        wanted: Seat,
        fits: impl Fn(Seat) -> bool,
    ) -> Result<(), Refusal> {
        let mut refusal = Refusal::WrongSeat {
            key: id,
            seat: wanted,
        };
        for (seat, lowest, life) in &entry.seats {
            if fits(*seat) && self.stands(life, now) {
                if epoch >= *lowest {
                    return Ok(());
                }
                refusal = Refusal::StaleEpoch {
                    key: id,
                    epoch,
                    known: *lowest,
                };
            }
        }
        Err(refusal)
    }

    /// After a rotation the old key holds for another hour, but no longer than it would have.
    fn retire(entry: &mut Entry, next: KeyId, now: WallTime) {
        entry.next = Some(next);
        entry.life.until = entry.life.until.min(now + OVERLAP);
    }
}

#[cfg(test)]
mod tests;
