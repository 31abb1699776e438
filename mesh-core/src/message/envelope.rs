//! Envelopes: the bytes of a message from process to process, signed and checked.
//!
//! The content of sealed bytes ([`crate::trust::sealed`]) with purpose `Envelope`, numbers big-endian:
//!
//! ```text
//! offset  size  what
//!      0     4  boot of the sender
//!      4     8  sequence, from 1 in each boot
//!     12     8  sent, by the sender's monotonic clock
//!     20     8  time to live that is left, in microseconds
//!     28     4  epoch of the seat that the sender holds, or 0
//!     32     7  from: who in the sender's process speaks
//!     39     7  to: whom it is for
//!     46     n  body: MessagePack with named fields, or JSON
//! ```
//!
//! With its seal an envelope is 122 bytes more than its body. The order of looking is fixed: form, key, signature,
//! header, body; nothing behind a check is read before it has passed. [`Reception`] walks all of it and counts what it
//! refuses.

mod address;
mod encoding;
mod reception;
mod refusals;
mod replay;
#[cfg(test)]
pub(crate) mod sample;

pub use address::Address;
pub use encoding::{BODY_MAX, BodyError, DEPTH_MAX, Encoding, decode, encode};
pub use reception::{Dropped, Reception};
pub use refusals::{Reason, Refusals};
pub use replay::{Replay, Replays, Window};

use super::Epoch;
use crate::time::{Boot, Micros, Moment};
use crate::trust::sealed::seal as seal_bytes;
use crate::trust::{Genuine, KeyId, Purpose, Signer};
use serde::Serialize;
use serde::de::DeserializeOwned;

const HEAD_SIZE: usize = 46;
/// Bytes of an envelope at most; with a full body just what a broker takes by default (NATS `max_payload`, 1 MiB).
pub const ENVELOPE_MAX: usize = 1024 * 1024;
/// What an envelope adds to its body: header, name of the key, signature.
pub const OVERHEAD: usize = HEAD_SIZE + 76;

/// What stands before the body; all of it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which start of the sender this is.
    pub boot: Boot,
    /// Counts what the sender's key signs in the name of `from` in this boot, from 1.
    pub sequence: u64,
    /// When it was signed, by the sender's clock.
    pub sent: Moment,
    /// How much longer it may live.
    pub ttl: Micros,
    /// The epoch of the seat it is sent from, or 0.
    pub epoch: Epoch,
    /// Who speaks.
    pub from: Address,
    /// Whom it is for.
    pub to: Address,
}

/// A verified message whose body has not been read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<B> {
    /// What stands before the body.
    pub head: Head,
    genuine: Genuine<B>,
}

/// An envelope that cannot be read, though its signature holds: its sender has another version, or lies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No room for a header.
    #[error("envelope from key {by}: {size} bytes of content; at least 46 are needed")]
    Short {
        /// Who sent it.
        by: KeyId,
        /// How many there are.
        size: usize,
    },
    /// An address that no place has.
    #[error(
        "envelope from key {by}: {field} is {bytes:02x?}; an address is a kind from 0 to 7 and what that kind names"
    )]
    Address {
        /// Who sent it.
        by: KeyId,
        /// Which one.
        field: &'static str,
        /// What stands there.
        bytes: [u8; 7],
    },
}

/// Signs a message; the bytes are ready to be sent.
pub fn seal<T: Serialize>(
    head: &Head,
    body: &T,
    encoding: Encoding,
    signer: &impl Signer,
) -> Result<Vec<u8>, BodyError> {
    let body = encode(body, encoding)?;
    Ok(seal_bytes(Purpose::Envelope, signer, |out| {
        out.extend_from_slice(&head.boot.0.to_be_bytes());
        out.extend_from_slice(&head.sequence.to_be_bytes());
        out.extend_from_slice(&head.sent.0.to_be_bytes());
        out.extend_from_slice(&head.ttl.0.to_be_bytes());
        out.extend_from_slice(&head.epoch.0.to_be_bytes());
        out.extend_from_slice(&head.from.to_bytes());
        out.extend_from_slice(&head.to.to_bytes());
        out.extend_from_slice(&body);
    }))
}

/// Reads the header of a verified envelope.
pub fn open<B: AsRef<[u8]>>(genuine: Genuine<B>) -> Result<Envelope<B>, OpenError> {
    let by = genuine.by();
    let content = genuine.content();
    let size = content.len();
    let head = content
        .first_chunk::<HEAD_SIZE>()
        .ok_or(OpenError::Short { by, size })?;
    let address = |field, at: usize| {
        let bytes: [u8; Address::SIZE] = part(head, at);
        Address::from_bytes(bytes).ok_or(OpenError::Address { by, field, bytes })
    };
    let head = Head {
        boot: Boot(u32::from_be_bytes(part(head, 0))),
        sequence: u64::from_be_bytes(part(head, 4)),
        sent: Moment(i64::from_be_bytes(part(head, 12))),
        ttl: Micros(i64::from_be_bytes(part(head, 20))),
        epoch: Epoch(u32::from_be_bytes(part(head, 28))),
        from: address("from", 32)?,
        to: address("to", 39)?,
    };
    Ok(Envelope { head, genuine })
}

impl<B: AsRef<[u8]>> Envelope<B> {
    /// The name of the key that signed.
    pub fn by(&self) -> KeyId {
        self.genuine.by()
    }

    /// Reads the body, in whichever encoding it is.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        decode(&self.genuine.content()[HEAD_SIZE..])
    }
}

/// `N` bytes at a fixed offset of the header; all offsets above are within its 46 bytes.
fn part<const N: usize>(head: &[u8; HEAD_SIZE], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&head[at..at + N]);
    bytes
}

#[cfg(test)]
mod tests;
