//! How fast a machine is at what a node does most: hashing, and checking signatures.

use crate::drive::local::clock::RealClock;
use ed25519_dalek::{Signer, SigningKey, Verifier};
use mesh_core::time::Micros;
use mesh_core::unit::Digest;
use serde::Serialize;
use std::fmt;
use std::hint::black_box;

/// How long each of the two is measured.
const LASTING: Micros = Micros::millis(150);
/// Bytes hashed at once: more than the caches of a small board hold.
const BLOCK: usize = 1024 * 1024;

/// On one core.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speed {
    /// MiB hashed (BLAKE3) a second.
    pub hash_mib_s: f64,
    /// Ed25519 signatures verified a second, one by one.
    pub verify_s: f64,
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hash, verify) = (self.hash_mib_s, self.verify_s);
        write!(
            f,
            "{hash:.0} MiB/s hashed, {verify:.0} signatures/s verified, on one core"
        )
    }
}

/// Takes a third of a second.
pub(super) fn measure() -> Speed {
    let block = vec![0x5a; BLOCK];
    let hash_mib_s = per_second(|| {
        black_box(Digest::of(black_box(&block)));
    });
    // A key for nothing but this: what is signed with it is known to everybody.
    let key = SigningKey::from_bytes(&[7; 32]);
    let (public, message) = (key.verifying_key(), b"speed");
    let signature = key.sign(message);
    let verify_s = per_second(|| {
        let _ = black_box(public.verify(black_box(message), &signature));
    });
    Speed {
        hash_mib_s,
        verify_s,
    }
}

fn per_second(mut work: impl FnMut()) -> f64 {
    work();
    let clock = RealClock::start();
    let begun = clock.now();
    let mut count = 0_u64;
    loop {
        work();
        count += 1;
        let took = clock.now().since(begun);
        if took >= LASTING {
            return count as f64 / took.as_seconds_f64();
        }
    }
}
