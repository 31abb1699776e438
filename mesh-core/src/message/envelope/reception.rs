//! The desk at which every message from outside is checked, in one order, and refused with a reason that is counted.
//!
//! A driver asks [`Reception::receive`] for each message that comes in, verifies what that hands out (in a
//! [`Batch`](crate::trust::batch::Batch) or by itself), and asks [`Reception::admit`] for each that held. Whether the
//! epoch is the latest and whether the id is new, the roles know: they note what they refuse with
//! [`Reception::refuse`].

use super::{
    Address, BodyError, ENVELOPE_MAX, Envelope, OpenError, Reason, Refusals, Replay, Replays,
};
use crate::time::{Micros, WallTime};
use crate::trust::sealed::SealError;
use crate::trust::{Act, Genuine, KeyId, Keyring, PublicKey, Purpose, Refusal, Sealed};

/// What a process remembers of what it received.
#[derive(Debug, Clone, Default)]
pub struct Reception {
    replays: Replays,
    refusals: Refusals,
}

/// A message that was dropped, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    /// No sealed bytes.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The key may not.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// No header.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Not new.
    #[error("message from key {by}: {replay}")]
    Replay {
        /// Who sent it.
        by: KeyId,
        /// Why it is none.
        replay: Replay,
    },
    /// Sent in a name that is not the sender's.
    #[error(
        "message from key {by} says to come from {from}; a node speaks for its agents, its seats and its own key"
    )]
    NotThem {
        /// Who sent it.
        by: KeyId,
        /// As whom.
        from: Address,
    },
    /// Somebody else's.
    #[error("message from key {by} is for {to}, who is not here; send it where they are")]
    NotHere {
        /// Who sent it.
        by: KeyId,
        /// For whom it is.
        to: Address,
    },
    /// Nothing of its life is left.
    #[error("message from key {by} has {ttl} left to live; it came too late")]
    Late {
        /// Who sent it.
        by: KeyId,
        /// What it says to have left.
        ttl: Micros,
    },
}

impl Reception {
    /// Reads the form of a message and finds the key to verify it with; nothing else is looked at.
    pub fn receive<B: AsRef<[u8]>>(
        &mut self,
        bytes: B,
        keyring: &Keyring,
        now: WallTime,
    ) -> Result<(Sealed<B>, PublicKey), Dropped> {
        let sealed = Sealed::read(bytes, Purpose::Envelope, ENVELOPE_MAX).map_err(Dropped::Seal);
        let found = sealed.and_then(|sealed| {
            let key = keyring.key(sealed.by(), now)?;
            Ok((sealed, key))
        });
        self.counted(found)
    }

    /// Checks a verified message: who speaks, to whom, and that it is new and alive. `is_here` says whether an address
    /// is one of this process.
    pub fn admit<B: AsRef<[u8]>>(
        &mut self,
        genuine: Genuine<B>,
        keyring: &Keyring,
        now: WallTime,
        is_here: impl Fn(Address) -> bool,
    ) -> Result<Envelope<B>, Dropped> {
        let by = genuine.by();
        let checked = super::open(genuine)
            .map_err(Dropped::Open)
            .and_then(|envelope| {
                let head = envelope.head;
                let act = match head.from {
                    Address::Seat(seat) => Act::Hold(seat, head.epoch),
                    Address::Agent(agent) => Act::SpeakFor(agent),
                    Address::Key(_) if head.from == Address::key(by) => Act::Speak,
                    from @ (Address::Key(_)
                    | Address::Agents(_)
                    | Address::Leads(_)
                    | Address::Coordinators) => return Err(Dropped::NotThem { by, from }),
                };
                let allowed = keyring.may(by, act, now);
                // An agent's own key speaks for it as its host's does.
                let allowed = match head.from {
                    Address::Agent(agent) => allowed
                        .or_else(|why| keyring.may(by, Act::Sit(agent), now).map_err(|_| why)),
                    _ => allowed,
                };
                allowed?;
                let (to, ttl) = (head.to, head.ttl);
                if !is_here(to) {
                    return Err(Dropped::NotHere { by, to });
                }
                if ttl <= Micros::ZERO {
                    return Err(Dropped::Late { by, ttl });
                }
                self.replays
                    .accept(by, head.from, head.boot, head.sequence)
                    .map_err(|replay| Dropped::Replay { by, replay })?;
                Ok(envelope)
            });
        self.counted(checked)
    }

    /// Verifies, checks and reads one message from beginning to end.
    pub fn take<B: AsRef<[u8]>, T: serde::de::DeserializeOwned>(
        &mut self,
        bytes: B,
        keyring: &Keyring,
        now: WallTime,
        is_here: impl Fn(Address) -> bool,
    ) -> Result<(Envelope<B>, T), Dropped> {
        let (sealed, key) = self.receive(bytes, keyring, now)?;
        let genuine = sealed
            .verify(keyring.scheme(), key)
            .map_err(|_| Dropped::Refusal(Refusal::BadSignature { key: key.id() }));
        let genuine = self.counted(genuine)?;
        let envelope = self.admit(genuine, keyring, now, is_here)?;
        let body = envelope.body().map_err(Dropped::Body);
        let body = self.counted(body)?;
        Ok((envelope, body))
    }

    /// Counts what a batch or a role refused.
    pub fn refuse(&mut self, reason: Reason) {
        self.refusals.note(reason);
    }

    /// What was refused so far.
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// What is remembered of senders, to be kept over a restart.
    pub const fn replays(&mut self) -> &mut Replays {
        &mut self.replays
    }

    fn counted<T>(&mut self, result: Result<T, Dropped>) -> Result<T, Dropped> {
        result.inspect_err(|dropped| self.refusals.note(Reason::from(dropped)))
    }
}

impl From<&Dropped> for Reason {
    fn from(dropped: &Dropped) -> Self {
        match dropped {
            Dropped::Seal(error) => error.into(),
            Dropped::Refusal(refusal) => refusal.into(),
            Dropped::Open(error) => error.into(),
            Dropped::Body(error) => error.into(),
            Dropped::Replay { replay, .. } => replay.into(),
            Dropped::NotThem { .. } | Dropped::NotHere { .. } => Self::WrongPlace,
            Dropped::Late { .. } => Self::PassedTtl,
        }
    }
}
