//! The 48 bytes of a predictor that a replica keeps.

use core::fmt;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A digest of a predictor, from which a new lead starts warm (PROTOCOL §8). Opaque here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DigestBytes(pub [u8; 48]);

impl Default for DigestBytes {
    fn default() -> Self {
        Self([0; 48])
    }
}

impl fmt::Debug for DigestBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for DigestBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for DigestBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(FortyEight)
    }
}

/// Reads bytes, or numbers where an encoding has no bytes.
struct FortyEight;

impl<'de> Visitor<'de> for FortyEight {
    type Value = DigestBytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the 48 bytes of a predictor's digest")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<DigestBytes, E> {
        let bytes = bytes
            .try_into()
            .map_err(|_| E::invalid_length(bytes.len(), &self))?;
        Ok(DigestBytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<DigestBytes, A::Error> {
        let mut bytes = [0; 48];
        for (position, byte) in bytes.iter_mut().enumerate() {
            *byte = items
                .next_element()?
                .ok_or_else(|| A::Error::invalid_length(position, &self))?;
        }
        Ok(DigestBytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_its_journey_and_no_other_length_is_one() {
        let there = DigestBytes(core::array::from_fn(|position| position as u8));
        let bytes = rmp_serde::to_vec(&there).expect("bytes");
        assert_eq!(bytes.len(), 50);
        assert_eq!(
            rmp_serde::from_slice::<DigestBytes>(&bytes).expect("a digest"),
            there
        );
        let text = serde_json::to_string(&there).expect("json");
        assert_eq!(
            serde_json::from_str::<DigestBytes>(&text).expect("a digest"),
            there
        );
        assert!(rmp_serde::from_slice::<DigestBytes>(&bytes[..49]).is_err());
        assert!(serde_json::from_str::<DigestBytes>("[1,2,3]").is_err());
    }
}
