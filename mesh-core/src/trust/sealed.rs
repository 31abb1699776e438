//! Bytes with a signature behind them: the one form of everything that is signed.
//!
//! ```text
//! offset  size  what
//!      0     3  "M30"
//!      3     1  purpose, which is also the version: a signature for one never passes for another
//!      4     8  name of the signer's key, big-endian
//!     12     n  content
//!   12+n    64  signature over all before it
//! ```
//!
//! The signature covers the bytes as sent, so that no canonical form is needed (PROTOCOL §10). A [`Sealed`] shows
//! nothing but who says to have signed; its content can be read only from the [`Genuine`] that verification makes of
//! it.

use super::key::{KeyId, PublicKey, Scheme, Signature, Signer};

const NAME: &[u8; 3] = b"M30";
const CONTENT_AT: usize = 12;
const SIGNATURE_SIZE: usize = 64;

/// What sealed bytes are for. The letters are chosen so that none is read as another after a change of format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// A message from process to process.
    Envelope = b'e',
    /// What the root, or who it trusts to, says of a key.
    Certificate = b'c',
    /// What a seat asks, inside the hop's envelope.
    Command = b'x',
    /// What an agent says for itself: an acknowledgement, a conflict, "stopped at epoch e".
    Proof = b'p',
    /// What an operator asks at the door.
    Request = b'r',
    /// An old key names the new one.
    Consent = b'o',
}

/// Sealed bytes that nobody has verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed<B> {
    bytes: B,
}

/// Sealed bytes whose signature is that of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genuine<B> {
    bytes: B,
    key: PublicKey,
}

/// Bytes that are not sealed as they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Cut off, or never whole.
    #[error("sealed bytes: {size} of them; at least 76 are needed")]
    Short {
        /// How many there are.
        size: usize,
    },
    /// Too many.
    #[error("sealed bytes: {size} of them; at most {most} are taken")]
    Long {
        /// How many there are.
        size: usize,
        /// How many may be.
        most: usize,
    },
    /// Something else, or a format of another time.
    #[error("sealed bytes begin with {begin:02x?}; wanted is {purpose:?}, which begins with \"M30{}\"", char::from(*.purpose as u8))]
    Foreign {
        /// The first four.
        begin: [u8; 4],
        /// What was wanted.
        purpose: Purpose,
    },
}

/// Seals what `fill` writes.
pub fn seal(purpose: Purpose, signer: &impl Signer, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(NAME);
    bytes.push(purpose as u8);
    bytes.extend_from_slice(&signer.id().0.to_be_bytes());
    fill(&mut bytes);
    let signature = signer.sign(&bytes);
    bytes.extend_from_slice(&signature.0);
    bytes
}

impl<B: AsRef<[u8]>> Sealed<B> {
    /// Takes bytes in by their form alone, at most `most` of them.
    pub fn read(bytes: B, purpose: Purpose, most: usize) -> Result<Self, SealError> {
        let all = bytes.as_ref();
        let size = all.len();
        if size > most {
            return Err(SealError::Long { size, most });
        }
        if size < CONTENT_AT + SIGNATURE_SIZE {
            return Err(SealError::Short { size });
        }
        let begin = [all[0], all[1], all[2], all[3]];
        if begin[..3] != NAME[..] || begin[3] != purpose as u8 {
            return Err(SealError::Foreign { begin, purpose });
        }
        Ok(Self { bytes })
    }

    /// Whose signature it says to carry.
    pub fn by(&self) -> KeyId {
        name_in(self.bytes.as_ref())
    }

    /// What the signature covers.
    pub fn signed(&self) -> &[u8] {
        let all = self.bytes.as_ref();
        &all[..all.len() - SIGNATURE_SIZE]
    }

    /// The signature.
    pub fn signature(&self) -> Signature {
        let all = self.bytes.as_ref();
        let mut signature = [0; SIGNATURE_SIZE];
        signature.copy_from_slice(&all[all.len() - SIGNATURE_SIZE..]);
        Signature(signature)
    }

    /// Verified with the key of that name; the bytes come back when it is not theirs.
    pub fn verify(self, scheme: &Scheme, key: PublicKey) -> Result<Genuine<B>, Self> {
        if scheme.verify(&key, self.signed(), &self.signature()) {
            Ok(self.trusted(key))
        } else {
            Err(self)
        }
    }

    /// The caller has verified it, in a batch.
    pub(super) fn trusted(self, key: PublicKey) -> Genuine<B> {
        Genuine {
            bytes: self.bytes,
            key,
        }
    }
}

impl<B: AsRef<[u8]>> Genuine<B> {
    /// The name of the key that signed.
    pub fn by(&self) -> KeyId {
        name_in(self.bytes.as_ref())
    }

    /// The key that signed.
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// What was signed, without name and purpose.
    pub fn content(&self) -> &[u8] {
        let all = self.bytes.as_ref();
        &all[CONTENT_AT..all.len() - SIGNATURE_SIZE]
    }
}

/// `Sealed::read` has seen that there are 76 bytes and more.
fn name_in(bytes: &[u8]) -> KeyId {
    let mut name = [0; 8];
    name.copy_from_slice(&bytes[4..CONTENT_AT]);
    KeyId(u64::from_be_bytes(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::World;
    use proptest::prelude::*;

    const MOST: usize = 1_000;

    fn passes(bytes: &[u8], scheme: &Scheme, key: PublicKey) -> bool {
        Sealed::read(bytes, Purpose::Command, MOST).is_ok_and(|sealed| {
            sealed.by() == key.id()
                && sealed
                    .verify(scheme, key)
                    .is_ok_and(|genuine| genuine.content() == b"freeze 7")
        })
    }

    #[test]
    fn a_changed_or_missing_byte_is_refused_wherever_it_is() {
        for scheme in [Scheme::Ed25519, Scheme::StandIn(World::new(1))] {
            let key = scheme.key(&[1; 32]);
            let bytes = seal(Purpose::Command, &key, |out| {
                out.extend_from_slice(b"freeze 7");
            });
            assert!(passes(&bytes, &scheme, key.public()));
            for place in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[place] ^= 0x10;
                assert!(!passes(&flipped, &scheme, key.public()), "{place}");
                assert!(!passes(&bytes[..place], &scheme, key.public()), "{place}");
            }
        }
    }

    #[test]
    fn what_was_signed_for_one_purpose_is_refused_for_another() {
        let key = Scheme::Ed25519.key(&[1; 32]);
        let bytes = seal(Purpose::Proof, &key, |_| ());
        let refused = Sealed::read(bytes, Purpose::Command, MOST).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "sealed bytes begin with [4d, 33, 30, 70]; wanted is Command, which begins with \"M30x\""
        );
    }

    #[test]
    fn too_many_bytes_are_refused_before_they_are_hashed() {
        let refused = Sealed::read(vec![0; MOST + 1], Purpose::Command, MOST);
        assert_eq!(
            refused,
            Err(SealError::Long {
                size: MOST + 1,
                most: MOST
            })
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let scheme = Scheme::StandIn(World::new(1));
            if let Ok(sealed) = Sealed::read(bytes, Purpose::Envelope, MOST) {
                let key = scheme.key(&[1; 32]).public();
                prop_assert!(sealed.verify(&scheme, key).is_err());
            }
        }
    }
}
