//! Signatures that roles make and check without seeing a key (PROTOCOL §6, §10).
//!
//! Entries of desired state and proofs of stop outlive the message that brings them: they are handed on by others, for
//! years if need be, and each receiver decides whether one counts before it merges it. So their signatures cannot be left
//! to the envelope, and a role asks a notary in the middle of its work instead of sending bytes out and waiting for them to
//! come back signed. The driver owns the notary with its keys and certificates; the role sees neither.

use crate::guard::level::Author;
use crate::place::AgentId;
use crate::trust::key::Signature;
use core::fmt;

/// In whose name something is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatory {
    /// Whoever holds or held this seat.
    Seat(Author),
    /// The agent that sits here.
    Agent(AgentId),
}

/// Signs for one node, and knows whom to believe.
pub trait Notary: fmt::Debug + Send + Sync {
    /// The signature of this node (for a seat) or of the agent that it hosts. In the name of somebody else it makes one
    /// that nobody vouches for.
    fn sign(&self, who: Signatory, bytes: &[u8]) -> Signature;

    /// Whether the signature over the bytes was made by a key that has a certificate for the seat or place.
    fn vouch(&self, who: Signatory, bytes: &[u8], signature: &Signature) -> bool;
}
