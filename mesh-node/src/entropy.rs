//! The one place where randomness of the system enters: seeds, from which everything else is drawn.

/// 64 bits that nobody can foresee.
///
/// # Panics
///
/// Where the system gives no randomness: nothing that is secret or unique could be made there.
pub(crate) fn seed() -> u64 {
    getrandom::u64().expect("the system gives random bytes")
}

/// Bytes that nobody can foresee.
///
/// # Panics
///
/// As [`seed`].
pub(crate) fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system gives random bytes");
}
