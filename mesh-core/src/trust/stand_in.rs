//! The simulator's signatures: cheap, and still refused when forged.
//!
//! A [`World`] draws each key's secret from the key itself under a secret of its own, so that checking needs no table
//! of a million secrets. Whoever plays an agent is handed that agent's [`Secret`] and no more; without it no accepted
//! signature can be made but by guessing 128 bits. The mixing is `SipHash` with 128 bits of output (Aumasson and
//! Bernstein, "`SipHash`: a fast short-input PRF", INDOCRYPT 2012), with one round a word and three at the end.

use super::key::{KeyId, PublicKey, Signature};

/// What checks the signatures of a simulated mesh; its seed is known to the simulator alone.
#[derive(Clone, PartialEq, Eq)]
pub struct World([u64; 2]);

/// One simulated key's secret. It guards nothing outside a simulation and is not wiped.
#[derive(Clone)]
pub(super) struct Secret {
    public: PublicKey,
    key: [u64; 2],
}

/// What the holder of one simulated key signs messages with that travel as values, without bytes.
#[derive(Debug, Clone, Copy)]
pub struct Pen([u64; 2]);

/// A stand-in signature over words; without the pen it is made only by guessing 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark(u64);

impl Pen {
    /// Its holder's mark over these words.
    pub fn mark(&self, words: &[u64]) -> Mark {
        let mut v = begun(self.0);
        for &word in words {
            take::<1>(&mut v, word);
        }
        take::<1>(&mut v, words.len() as u64);
        v[2] ^= 0xff;
        rounds::<3>(&mut v);
        Mark(v[0] ^ v[1] ^ v[2] ^ v[3])
    }
}

impl World {
    /// The pen of a key's holder. A simulator hands it to whoever plays that node, and to nobody else.
    pub fn pen(&self, holder: KeyId) -> Pen {
        let mut v = begun(self.0);
        take::<1>(&mut v, holder.0);
        rounds::<3>(&mut v);
        let low = v[0] ^ v[1];
        rounds::<1>(&mut v);
        Pen([low, v[2] ^ v[3]])
    }

    /// Whether the holder of this key made this mark over these words.
    pub fn is_mark(&self, holder: KeyId, words: &[u64], mark: Mark) -> bool {
        self.pen(holder).mark(words) == mark
    }

    /// The world of a run's seed.
    pub fn new(seed: u64) -> Self {
        Self(sip::<2, 4>([seed, !seed], b"the world of a simulated mesh"))
    }

    pub(super) fn secret(&self, seed: &[u8; 32]) -> Secret {
        let public = PublicKey(crate::unit::Digest::of(seed).0);
        Secret {
            public,
            key: self.key_of(&public),
        }
    }

    pub(super) fn verify(&self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        signature_of(self.key_of(key), bytes) == *signature
    }

    fn key_of(&self, public: &PublicKey) -> [u64; 2] {
        sip::<1, 3>(self.0, &public.0)
    }
}

impl Secret {
    pub(super) const fn public(&self) -> PublicKey {
        self.public
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Signature {
        signature_of(self.key, bytes)
    }
}

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("World")
    }
}

/// The mixed bits, and zeros up to the size of a real signature; the zeros are compared as well.
fn signature_of(key: [u64; 2], bytes: &[u8]) -> Signature {
    let [low, high] = sip::<1, 3>(key, bytes);
    let mut signature = [0; 64];
    signature[..8].copy_from_slice(&low.to_le_bytes());
    signature[8..16].copy_from_slice(&high.to_le_bytes());
    Signature(signature)
}

/// `SipHash` with `WORD` rounds a word, `LAST` rounds at each end, and 128 bits of output.
fn sip<const WORD: usize, const LAST: usize>(key: [u64; 2], bytes: &[u8]) -> [u64; 2] {
    let mut v = begun(key);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        take::<WORD>(&mut v, u64::from_le_bytes(eight));
    }
    let rest = words.remainder();
    let mut eight = [0; 8];
    eight[..rest.len()].copy_from_slice(rest);
    eight[7] = bytes.len() as u8;
    take::<WORD>(&mut v, u64::from_le_bytes(eight));

    v[2] ^= 0xee;
    rounds::<LAST>(&mut v);
    let low = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    rounds::<LAST>(&mut v);
    [low, v[0] ^ v[1] ^ v[2] ^ v[3]]
}

const fn begun(key: [u64; 2]) -> [u64; 4] {
    [
        key[0] ^ 0x736f_6d65_7073_6575,
        key[1] ^ 0x646f_7261_6e64_6f6d ^ 0xee,
        key[0] ^ 0x6c79_6765_6e65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ]
}

fn take<const WORD: usize>(v: &mut [u64; 4], word: u64) {
    v[3] ^= word;
    rounds::<WORD>(v);
    v[0] ^= word;
}

fn rounds<const COUNT: usize>(v: &mut [u64; 4]) {
    for _ in 0..COUNT {
        v[0] = v[0].wrapping_add(v[1]);
        v[2] = v[2].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[1]);
        v[0] = v[0].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_is_siphash_as_its_authors_publish_it() {
        // Vectors of SipHash-2-4 with 128 bits from the reference implementation: key 00 to 0f, messages of 0 and 1
        // bytes.
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let bytes = |[low, high]: [u64; 2]| [low.to_le_bytes(), high.to_le_bytes()].concat();
        assert_eq!(
            bytes(sip::<2, 4>(key, &[])),
            [
                0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55,
                0x02, 0x93
            ]
        );
        assert_eq!(
            bytes(sip::<2, 4>(key, &[0])),
            [
                0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22,
                0xfc, 0x45
            ]
        );
    }

    #[test]
    fn a_mark_is_its_holders_and_of_these_words() {
        let world = World::new(1);
        let mark = world.pen(KeyId(7)).mark(&[1, 2]);
        assert!(world.is_mark(KeyId(7), &[1, 2], mark));
        assert!(!world.is_mark(KeyId(8), &[1, 2], mark));
        assert!(!world.is_mark(KeyId(7), &[1, 3], mark));
        assert!(!world.is_mark(KeyId(7), &[1, 2, 0], mark));
        assert!(!World::new(2).is_mark(KeyId(7), &[1, 2], mark));
        assert!(!world.is_mark(KeyId(7), &[1, 2], Mark::default()));
    }

    #[test]
    fn worlds_do_not_accept_each_others_signatures() {
        let secret = World::new(1).secret(&[7; 32]);
        let signature = secret.sign(b"release");
        assert!(World::new(1).verify(&secret.public(), b"release", &signature));
        assert!(!World::new(2).verify(&secret.public(), b"release", &signature));
    }
}
