//! The orchestrator's own word for a command, which travels inside the hops' signatures (PROTOCOL §10).
//!
//! A command is a throw's [`Header`] or a [`TaskOrder`]. Whoever passes it on can withhold it and cannot make one: the
//! signature covers all that the command says, and a number that each receiver takes once. So a lead or coordinator that
//! was taken over can neither change a command, nor play an old one again, nor give one of its own.

use super::envelope::{Replay, Window};
use super::{Epoch, Header, TaskOrder};
use crate::time::Boot;
use crate::trust::key::Signature;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who gave a command, and which of theirs it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Warrant {
    /// The epoch of the orchestrator's seat that it was given with.
    pub epoch: Epoch,
    /// Counts the commands of that epoch, from 1.
    pub sequence: u64,
    /// Over the command's bytes, by the seat's holder.
    pub signature: Signature,
}

/// Something that only the orchestrator may ask.
pub trait Command {
    /// Its warrant.
    fn warrant(&self) -> &Warrant;

    /// What the signature covers: everything but the signature itself and what the command holds the hash of.
    fn signed_bytes(&self) -> Vec<u8>;
}

/// Why a genuine command is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwarranted {
    /// It was here before, or so many others that this cannot be told.
    Replayed,
    /// Somebody else has the seat since.
    StaleEpoch,
}

/// The commands that a receiver has taken: the last 128 of the highest epoch. Only genuine ones are shown to it, so no
/// forger moves its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken(Window);

impl Taken {
    /// Takes a command, once.
    pub fn take(&mut self, warrant: &Warrant) -> Result<(), Unwarranted> {
        let taken = self.0.accept(Boot(warrant.epoch.0), warrant.sequence);
        taken.map_err(|why| match why {
            Replay::OldBoot => Unwarranted::StaleEpoch,
            Replay::Seen | Replay::TooOld => Unwarranted::Replayed,
        })
    }
}

impl Header {
    /// With the signature that `sign` makes over its bytes.
    #[must_use]
    pub fn signed(mut self, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        self.warrant.signature = sign(&self.signed_bytes());
        self
    }
}

impl TaskOrder {
    /// With the signature that `sign` makes over its bytes.
    #[must_use]
    pub fn signed(mut self, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        self.warrant.signature = sign(&self.signed_bytes());
        self
    }
}

impl Command for Header {
    fn warrant(&self) -> &Warrant {
        &self.warrant
    }

    fn signed_bytes(&self) -> Vec<u8> {
        // The payload is covered by its hash, which the receiver compares.
        let bare = Self {
            payload: Arc::from(&[][..]),
            warrant: self.warrant.unsigned(),
            ..self.clone()
        };
        written(b"mesh-30k throw 1", &bare)
    }
}

impl Command for TaskOrder {
    fn warrant(&self) -> &Warrant {
        &self.warrant
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let bare = Self {
            warrant: self.warrant.unsigned(),
            ..self.clone()
        };
        written(b"mesh-30k task 1\0", &bare)
    }
}

impl Warrant {
    const fn unsigned(self) -> Self {
        Self {
            signature: Signature([0; 64]),
            ..self
        }
    }
}

/// A mark of what it is, and the fields with their names: the one form in which commands are written on every hop.
fn written<T: Serialize>(mark: &[u8; 16], command: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1_024);
    bytes.extend_from_slice(mark);
    // Writing these types to memory cannot fail: no map with odd keys, no serialiser that refuses. Were it to, the bytes
    // would be those of no command, and no signature over them would be accepted for one.
    let _ = rmp_serde::encode::write_named(&mut bytes, command);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_taken_once_and_never_from_a_deposed_orchestrator() {
        let mut taken = Taken::default();
        let mut take = |epoch, sequence| {
            taken.take(&Warrant {
                epoch: Epoch(epoch),
                sequence,
                ..Warrant::default()
            })
        };
        assert_eq!(take(3, 1), Ok(()));
        assert_eq!(take(3, 1), Err(Unwarranted::Replayed));
        assert_eq!(take(3, 5), Ok(()));
        assert_eq!(take(3, 2), Ok(()));
        assert_eq!(take(3, 200), Ok(()));
        assert_eq!(take(3, 3), Err(Unwarranted::Replayed));
        assert_eq!(take(2, 9), Err(Unwarranted::StaleEpoch));
        assert_eq!(take(4, 1), Ok(()));
    }
}
