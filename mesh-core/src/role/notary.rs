//! Signatures that roles make and check without seeing a key (PROTOCOL §6, §10).
//!
//! Entries of desired state and proofs of stop outlive the message that brings them: they are handed on by others, for
//! years if need be, and each receiver decides whether one counts before it merges it. So their signatures cannot be left
//! to the envelope, and a role asks a notary in the middle of its work instead of sending bytes out and waiting for them to
//! come back signed. The driver owns the notary with its keys and certificates; the role sees neither.

use super::{Outputs, Refusal};
use crate::guard::level::Author;
use crate::message::delivery::Numbered;
use crate::message::{Body, Command, Header, Taken, Unwarranted};
use crate::place::AgentId;
use crate::trust::key::Signature;
use core::fmt;
use std::sync::Arc;

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

    /// Whether a throw is the orchestrator's. A process that hosts many asks once for all of them; it may remember.
    fn vouch_throw(&self, header: &Arc<Header>) -> bool {
        self.vouch_command(&**header)
    }

    /// Whether a command is the orchestrator's.
    fn vouch_command(&self, command: &dyn Command) -> bool {
        let who = Signatory::Seat(Author::Orchestrator);
        let signature = &command.warrant().signature;
        self.vouch(who, &command.signed_bytes(), signature)
    }
}

/// Whether a numbered message may be let in at all: a command bears the orchestrator's own signature, and comes under its
/// own id, so that no copy of it passes for another.
pub(super) fn is_genuine(notary: Option<&Arc<dyn Notary>>, content: &Numbered) -> bool {
    match &content.body {
        Body::Throw(hop) => {
            let known = notary.is_some_and(|notary| notary.vouch_throw(&hop.header));
            known && content.id == hop.header.id
        }
        Body::Task(order) => notary.is_some_and(|notary| notary.vouch_command(&**order)),
        Body::Errand(passed) => notary.is_some_and(|notary| {
            let errand = &passed.errand;
            let who = Signatory::Agent(errand.from);
            notary.vouch(who, &errand.signed_bytes(), &errand.signature)
        }),
        // Whoever found nobody has nothing to sign; that costs the asker an answer, as silence would.
        Body::Returned(returned) => returned.by.is_none_or(|by| {
            let bytes = returned.signed_bytes();
            let who = Signatory::Agent(by);
            notary.is_some_and(|notary| notary.vouch(who, &bytes, &returned.signature))
        }),
        _ => true,
    }
}

/// Whether a command that was let in is new; an old one, under whatever number it comes, is refused and counted.
pub(super) fn is_new(taken: &mut Taken, command: &Body, out: &mut Outputs) -> bool {
    let warrant = match command {
        Body::Throw(hop) => &hop.header.warrant,
        Body::Task(order) => &order.warrant,
        _ => return true,
    };
    match taken.take(warrant) {
        Ok(()) => return true,
        Err(Unwarranted::Replayed) => out.refuse(Refusal::Replayed),
        Err(Unwarranted::StaleEpoch) => out.refuse(Refusal::StaleEpoch),
    }
    false
}
