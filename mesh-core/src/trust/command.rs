//! The signature of whoever asks, inside the envelope of whoever passes it on (PROTOCOL §10).
//!
//! A command is sealed once by the seat that gives it and travels unchanged inside every hop's envelope, so a lead or
//! coordinator that was taken over can withhold it but not make one: no command, no thaw, and no freeze beyond what is
//! below its own seat. Desired state (PROTOCOL §6) and operations travel in this form alike.

use super::key::{KeyId, Signer};
use super::keyring::{Act, Keyring, Refusal};
use super::sealed::{Purpose, Sealed, seal};
use crate::message::Epoch;
use crate::message::envelope::{BODY_MAX, BodyError, Encoding, decode, encode};
use crate::time::WallTime;
use serde::Serialize;
use serde::de::DeserializeOwned;

const EPOCH_SIZE: usize = 4;
/// Bytes of a sealed command at most: a body, its epoch, and 76 bytes of seal.
pub const COMMAND_MAX: usize = BODY_MAX + EPOCH_SIZE + 76;

/// A command that was proven: who gave it, with which epoch, and what.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven<T> {
    /// The name of the key that signed.
    pub by: KeyId,
    /// The epoch of the seat that it was given from.
    pub epoch: Epoch,
    /// What is asked.
    pub body: T,
}

/// Seals a command given from a seat held with `epoch`.
pub fn sign<T: Serialize>(
    epoch: Epoch,
    body: &T,
    signer: &impl Signer,
) -> Result<Vec<u8>, BodyError> {
    let body = encode(body, Encoding::MessagePack)?;
    Ok(seal(Purpose::Command, signer, |out| {
        out.extend_from_slice(&epoch.0.to_be_bytes());
        out.extend_from_slice(&body);
    }))
}

/// Proves a command: the key holds, the signature is its own, and it may do what the body asks with that epoch.
///
/// `asks` says what right the body needs; it is called after the signature was verified. `known` is the highest epoch
/// known of the seat that gives such commands; what is below it comes from a holder who was replaced. The root key has
/// no epochs.
pub fn prove<T: DeserializeOwned>(
    bytes: &[u8],
    keyring: &Keyring,
    known: Epoch,
    now: WallTime,
    asks: impl FnOnce(&T, Epoch) -> Act<'static>,
) -> Result<Proven<T>, Refusal> {
    let genuine = keyring.verify(Sealed::read(bytes, Purpose::Command, COMMAND_MAX)?, now)?;
    let by = genuine.by();
    let unreadable = |why| Refusal::Unreadable { key: by, why };
    let (epoch, body) = genuine
        .content()
        .split_first_chunk::<EPOCH_SIZE>()
        .ok_or_else(|| unreadable("it has no epoch; 4 bytes are needed before the body".into()))?;
    let epoch = Epoch(u32::from_be_bytes(*epoch));
    let body: T = decode(body).map_err(|error| unreadable(error.to_string()))?;
    keyring.may(by, asks(&body, epoch), now)?;
    if epoch < known && by != keyring.root() {
        return Err(Refusal::StaleEpoch {
            key: by,
            epoch,
            known,
        });
    }
    Ok(Proven { by, epoch, body })
}

#[cfg(test)]
mod tests;
