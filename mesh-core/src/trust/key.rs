//! Public keys, signatures, signers, and the two ways of making them.
//!
//! In life keys are Ed25519 (RFC 8032). A simulator of a million agents uses [`Scheme::StandIn`], which costs tens of
//! nanoseconds and still refuses what was not signed by the key's holder. Everything above asks a [`Scheme`] and does
//! not know which it is.

use super::stand_in::{self, World};
use crate::text::{hex, unhex};
use core::fmt;
use ed25519_dalek as dalek;
use ed25519_dalek::Signer as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Who somebody is: 32 bytes that never change while the key lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// What a signer adds to bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

impl Default for Signature {
    /// No signature: what stands where one is still to be made. It is never genuine.
    fn default() -> Self {
        Self([0; 64])
    }
}

/// The first eight bytes of a key's BLAKE3: its name on the wire and in tables.
///
/// Keys with the same name can be made by trying some 2^49 of them against a full mesh; so a second key with a name
/// that is taken is refused where keys are admitted, and a name never proves anything without the key behind it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

/// Whoever can sign: a key in memory, or a token of hardware that never shows its secret (§9.1).
pub trait Signer {
    /// The key that checks its signatures.
    fn public(&self) -> PublicKey;
    /// The name of that key.
    fn id(&self) -> KeyId {
        self.public().id()
    }
    /// Its signature over `bytes`.
    fn sign(&self, bytes: &[u8]) -> Signature;
}

/// How keys are made and signatures checked in this mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 8032, strict: no weak keys, no second form of a signature.
    Ed25519,
    /// Cheap and for simulated worlds only.
    StandIn(World),
}

/// A secret in memory. It is wiped when dropped (Ed25519), never printed and never serialised.
pub struct SecretKey {
    /// Kept, since every message begins with it.
    id: KeyId,
    secret: Secret,
}

enum Secret {
    /// Boxed, since it carries its public point.
    Ed25519(Box<dalek::SigningKey>),
    StandIn(stand_in::Secret),
}

impl Scheme {
    /// The key that belongs to `seed`: 32 bytes from the system's randomness, which the driver draws and wipes.
    pub fn key(&self, seed: &[u8; 32]) -> SecretKey {
        let secret = match self {
            Self::Ed25519 => Secret::Ed25519(Box::new(dalek::SigningKey::from_bytes(seed))),
            Self::StandIn(world) => Secret::StandIn(world.secret(seed)),
        };
        SecretKey {
            id: secret.public().id(),
            secret,
        }
    }

    /// Whether `signature` over `bytes` was made by the holder of `key`.
    pub fn verify(&self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        match self {
            Self::Ed25519 => dalek::VerifyingKey::from_bytes(&key.0).is_ok_and(|key| {
                key.verify_strict(bytes, &dalek::Signature::from_bytes(&signature.0))
                    .is_ok()
            }),
            Self::StandIn(world) => world.verify(key, bytes, signature),
        }
    }

    /// Whether all of them are right; one wrong one makes the answer no, without saying which.
    ///
    /// The factors that batch verification needs are derived from what is verified, so that the answer repeats. Weak
    /// keys are not seen here; [`Scheme::is_weak`] keeps them out where keys are admitted.
    pub fn verify_all(&self, items: &[(PublicKey, &[u8], Signature)]) -> bool {
        match self {
            Self::Ed25519 => {
                let keys: Result<Vec<_>, _> = items
                    .iter()
                    .map(|(key, ..)| dalek::VerifyingKey::from_bytes(&key.0))
                    .collect();
                let bytes: Vec<&[u8]> = items.iter().map(|(_, bytes, _)| *bytes).collect();
                let signatures: Vec<_> = items
                    .iter()
                    .map(|(.., signature)| dalek::Signature::from_bytes(&signature.0))
                    .collect();
                keys.is_ok_and(|keys| dalek::verify_batch(&bytes, &signatures, &keys).is_ok())
            }
            Self::StandIn(world) => items
                .iter()
                .all(|(key, bytes, signature)| world.verify(key, bytes, signature)),
        }
    }

    /// Whether a key is no key at all, or one for which signatures can be made without a secret.
    pub fn is_weak(&self, key: &PublicKey) -> bool {
        match self {
            Self::Ed25519 => {
                dalek::VerifyingKey::from_bytes(&key.0).map_or(true, |key| key.is_weak())
            }
            Self::StandIn(_) => key.0 == [0; 32],
        }
    }
}

impl Secret {
    fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey(key.verifying_key().to_bytes()),
            Self::StandIn(secret) => secret.public(),
        }
    }
}

impl Signer for SecretKey {
    fn public(&self) -> PublicKey {
        self.secret.public()
    }

    fn id(&self) -> KeyId {
        self.id
    }

    fn sign(&self, bytes: &[u8]) -> Signature {
        match &self.secret {
            Secret::Ed25519(key) => Signature(key.sign(bytes).to_bytes()),
            Secret::StandIn(secret) => secret.sign(bytes),
        }
    }
}

impl PublicKey {
    /// Its name.
    pub fn id(&self) -> KeyId {
        KeyId(crate::unit::Digest::of(&self.0).short())
    }
}

impl fmt::Debug for SecretKey {
    /// Says whose it is, never what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey of {}", self.id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Fixed bytes travel as a byte string in `MessagePack` and as hex digits in JSON, which has no bytes and whose
/// readers lose whole numbers above 2^53.
macro_rules! as_bytes {
    ($name:ident, $size:literal, $wanted:literal, |$value:ident| $out:expr, |$array:ident| $in:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                let bytes: [u8; $size] = $out;
                if serializer.is_human_readable() {
                    serializer.serialize_str(&hex(&bytes))
                } else {
                    serializer.serialize_bytes(&bytes)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let $array: [u8; $size] = if deserializer.is_human_readable() {
                    deserializer.deserialize_str(Fixed($wanted))?
                } else {
                    deserializer.deserialize_bytes(Fixed($wanted))?
                };
                Ok($in)
            }
        }
    };
}

as_bytes!(PublicKey, 32, "a key of 32 bytes", |key| key.0, |bytes| {
    Self(bytes)
});
as_bytes!(
    Signature,
    64,
    "a signature of 64 bytes",
    |signature| signature.0,
    |bytes| Self(bytes)
);
as_bytes!(
    KeyId,
    8,
    "the name of a key, 8 bytes",
    |id| id.0.to_be_bytes(),
    |bytes| Self(u64::from_be_bytes(bytes))
);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0[..4]))
    }
}

/// A key could not be read from text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {text:?} as {wanted}; write it as hex digits, two for a byte")]
pub struct KeyText {
    text: String,
    wanted: &'static str,
}

impl core::str::FromStr for PublicKey {
    type Err = KeyText;
    fn from_str(text: &str) -> Result<Self, KeyText> {
        unhex(text).map(Self).ok_or_else(|| KeyText {
            text: crate::text::excerpt(text),
            wanted: "a key of 32 bytes",
        })
    }
}

impl core::str::FromStr for KeyId {
    type Err = KeyText;
    fn from_str(text: &str) -> Result<Self, KeyText> {
        unhex(text)
            .map(|bytes| Self(u64::from_be_bytes(bytes)))
            .ok_or_else(|| KeyText {
                text: crate::text::excerpt(text),
                wanted: "the name of a key, 8 bytes",
            })
    }
}

struct Fixed<const N: usize>(&'static str);

impl<const N: usize> de::Visitor<'_> for Fixed<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<[u8; N], E> {
        <[u8; N]>::try_from(bytes).map_err(|_| E::invalid_length(bytes.len(), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<[u8; N], E> {
        unhex(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests;
