//! What the mesh's root key, or the delegate it trusts to, says of another key (PROTOCOL §10).
//!
//! The root's secret stays off line. With it are signed: delegations, the admission of operators, and the lifting of a
//! freeze that was written for a suspected orchestrator. A delegation lets one node, the orchestrator's, admit nodes
//! and agents, give places and seats, rotate keys and revoke. So the mesh runs by itself for 30 days at a time, and
//! whoever takes the orchestrator over can neither make an operator nor pass the power on; revoking the delegation
//! voids all that was said under it.

use super::key::{KeyId, PublicKey, Signer};
use super::rights::Holder;
use super::sealed::{Purpose, seal};
use super::seat::Seat;
use crate::message::Epoch;
use crate::place::AgentId;
use crate::time::{Micros, WallTime};
use serde::{Deserialize, Serialize};

/// A key lives 30 days (§9.1).
pub const LIFETIME_MAX: Micros = Micros::seconds(30 * 24 * 3_600);
/// A key is due for rotation when 80 % of its life is over: six days remain to find what keeps it from rotating.
pub const ROTATE_AT_PERCENT: i64 = 80;
/// Wall clocks may differ by an hour (PROTOCOL §2), so by two between a fast issuer and a slow reader.
pub const WALL_SKEW_MAX: Micros = Micros::seconds(2 * 3_600);
/// After a rotation both keys hold for this long, so that what the old one signed still arrives.
pub const OVERLAP: Micros = Micros::seconds(3_600);
/// Bytes of a certificate at most: names of capabilities take 1.5 KiB, everything else under 512 bytes.
pub const CERTIFICATE_MAX: usize = 4 * 1024;

/// The content of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The name of the root of the mesh it holds in.
    pub mesh: KeyId,
    /// The key it is about.
    pub subject: PublicKey,
    /// When it was issued, by the issuer's wall clock. Of two statements of one kind about one key the later holds.
    pub issued: WallTime,
    /// It holds from here.
    pub from: WallTime,
    /// It holds no longer.
    pub until: WallTime,
    /// What it says.
    pub grant: Grant,
}

/// What a certificate says of its subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// It belongs to the mesh.
    Admit(Holder),
    /// A node may admit, place, seat, rotate and revoke in the root's name.
    Delegate,
    /// An agent sits here, in the process of the node `host`.
    Place {
        /// Where.
        at: AgentId,
        /// The node that speaks for it.
        host: KeyId,
    },
    /// A node may hold this seat, with epochs from `epoch` on: a higher one in a later certificate fences what came
    /// before.
    Seat {
        /// Which.
        seat: Seat,
        /// The lowest epoch with which it may be held.
        epoch: Epoch,
    },
    /// It belongs no longer, from now on.
    Revoke(Cause),
    /// It takes over from an older key with everything that one had.
    Rotate {
        /// The older key.
        old: KeyId,
        /// The older key's word for it, made by [`consent`].
        consent: Vec<u8>,
    },
}

/// Why a key was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Its secret is known to others, or may be.
    Compromised,
    /// Its holder has left.
    Left,
    /// Its holder lied, or did what it should not.
    Misbehaved,
}

impl Statement {
    /// One that holds from `now` for 30 days.
    pub fn new(mesh: KeyId, subject: PublicKey, now: WallTime, grant: Grant) -> Self {
        Self {
            mesh,
            subject,
            issued: now,
            from: now,
            until: now + LIFETIME_MAX,
            grant,
        }
    }

    /// Signed by the root or a delegate.
    pub fn sign(&self, issuer: &impl Signer) -> Vec<u8> {
        seal(Purpose::Certificate, issuer, |out| {
            // Writing this type to memory cannot fail: it has no maps with odd keys and no custom serialiser that
            // refuses.
            let _ = rmp_serde::encode::write_named(out, self);
        })
    }
}

impl core::fmt::Display for Cause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Compromised => "compromised",
            Self::Left => "its holder left",
            Self::Misbehaved => "its holder misbehaved",
        })
    }
}

/// The word of an old key for the new one. It is worth something only inside a [`Grant::Rotate`]: who steals a key
/// cannot make it live on by itself.
pub fn consent(old: &impl Signer, new: &PublicKey) -> Vec<u8> {
    seal(Purpose::Consent, old, |out| out.extend_from_slice(&new.0))
}

/// When a key with this life is due for rotation.
pub fn rotation_due(from: WallTime, until: WallTime) -> WallTime {
    from + Micros((until - from).0 / 100 * ROTATE_AT_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_thirty_days_rotates_after_twenty_four() {
        let days = |n: i64| WallTime(n * 24 * 3_600 * 1_000_000);
        assert_eq!(rotation_due(days(0), days(30)), days(24));
    }
}
