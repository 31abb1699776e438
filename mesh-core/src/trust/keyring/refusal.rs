//! Why somebody was not let do something, in one line that says what would help.

use crate::message::Epoch;
use crate::place::{AgentId, Class};
use crate::time::Micros;
use crate::trust::certificate::Cause;
use crate::trust::key::KeyId;
use crate::trust::rights::Right;
use crate::trust::sealed::SealError;
use crate::trust::seat::Seat;

/// What was refused; nothing has changed by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody admitted it.
    #[error("key {key} is not known here; admit it with a token or an operator's yes")]
    Unknown {
        /// Who.
        key: KeyId,
    },
    /// Its time is over.
    #[error("key {key} expired {ago} ago; admit a new one, and let keys rotate before 30 days")]
    Expired {
        /// Who.
        key: KeyId,
        /// Since when.
        ago: Micros,
    },
    /// Its time has not come.
    #[error(
        "key {key} holds only in {wait}; check the wall clock here and that of who admitted it"
    )]
    NotYet {
        /// Who.
        key: KeyId,
        /// Until when.
        wait: Micros,
    },
    /// It, or who admitted it, was revoked.
    #[error(
        "key {key} was revoked ({cause}); make a new key and have it admitted by one that holds"
    )]
    Revoked {
        /// Who.
        key: KeyId,
        /// Why.
        cause: Cause,
    },
    /// It sits elsewhere, or nowhere.
    #[error("key {key} speaks as {at} but sits {}; place it there first", Nowhere(*.sits))]
    WrongPlace {
        /// Who.
        key: KeyId,
        /// Where it says to sit.
        at: AgentId,
        /// Where it sits.
        sits: Option<AgentId>,
    },
    /// Another node hosts that agent.
    #[error(
        "key {key} speaks for {at}, which node {host} hosts; place the agent anew when it has moved"
    )]
    WrongHost {
        /// Who.
        key: KeyId,
        /// For whom it speaks.
        at: AgentId,
        /// Who may.
        host: KeyId,
    },
    /// It has no such seat, or none above what it wants to touch.
    #[error(
        "key {key} has no certificate that reaches as far as {seat}; give it that seat, or ask who holds it"
    )]
    WrongSeat {
        /// Who.
        key: KeyId,
        /// The seat that is needed.
        seat: Seat,
    },
    /// Somebody took the seat since.
    #[error("key {key} speaks with epoch {}, but epoch {} is known; it no longer holds the seat and must claim it anew", epoch.0, known.0)]
    StaleEpoch {
        /// Who.
        key: KeyId,
        /// Its epoch.
        epoch: Epoch,
        /// The lowest that would do.
        known: Epoch,
    },
    /// Not this operator, or no operator.
    #[error("key {key} has no right to {right}; have the root admit it with that right")]
    NoRight {
        /// Who.
        key: KeyId,
        /// Which right is needed.
        right: Right,
    },
    /// The agent was not admitted for that.
    #[error("key {key} is not admitted as {class}{}; admit it with wider limits", With(.capability.as_deref()))]
    OverLimit {
        /// Who.
        key: KeyId,
        /// As what.
        class: Class,
        /// With what.
        capability: Option<String>,
    },
    /// It may not admit, or not this.
    #[error(
        "key {key} may not issue that certificate; ask the holder of the delegation, or of the root key"
    )]
    NotDelegate {
        /// Who.
        key: KeyId,
    },
    /// Nobody but the root may.
    #[error("key {key} may not do that: only the mesh's root key may")]
    RootOnly {
        /// Who.
        key: KeyId,
    },
    /// Signatures for it can be made without a secret.
    #[error(
        "key {key} is weak: signatures for it prove nothing; make another from 32 random bytes"
    )]
    Weak {
        /// Who.
        key: KeyId,
    },
    /// The bytes are not what that key signed.
    #[error("the signature is not that of key {key}; the bytes were changed, or somebody forges")]
    BadSignature {
        /// Whose it says to be.
        key: KeyId,
    },
    /// Something later about that key is known already.
    #[error(
        "a later certificate of this kind about key {key} is known; issue a new one instead of repeating an old one"
    )]
    Superseded {
        /// About whom.
        key: KeyId,
    },
    /// The certificate says something impossible.
    #[error("the certificate about key {key} says {what}; {wanted}")]
    Wrong {
        /// About whom.
        key: KeyId,
        /// What it says.
        what: &'static str,
        /// What would be right.
        wanted: &'static str,
    },
    /// No room.
    #[error("{what}: {most} are held and none can be added; prune, or revoke what is not needed")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many.
        most: usize,
    },
    /// No sealed bytes at all.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Genuine, but not to be read.
    #[error("what key {key} signed cannot be read: {why}")]
    Unreadable {
        /// Whose it is.
        key: KeyId,
        /// What the reader says.
        why: String,
    },
}

struct Nowhere(Option<AgentId>);

impl core::fmt::Display for Nowhere {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(place) => write!(f, "at {place}"),
            None => f.write_str("nowhere"),
        }
    }
}

struct With<'a>(Option<&'a str>);

impl core::fmt::Display for With<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(capability) => write!(f, " with {capability:?}"),
            None => Ok(()),
        }
    }
}
